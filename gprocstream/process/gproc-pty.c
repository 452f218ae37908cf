/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-pty-private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "process/gproc-spawn-private.h"

/* By the master, so that it is the right one also where /dev/pts is another one here; by its name
 * on kernels before 4.13. */
static int
open_slave (int master)
{
  const int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
  char path[PATH_MAX];
  int fd = -1, result;

#ifdef TIOCGPTPEER
  fd = ioctl (master, TIOCGPTPEER, flags);
  if (fd >= 0)
    return fd;
#endif

  result = ptsname_r (master, path, sizeof path);
  if (result != 0)
    errno = result;
  else
    fd = open (path, flags);

  return fd;
}

static int
set_modes (int                     slave,
           const GProcPtySettings *settings)
{
  struct termios modes;

  if (tcgetattr (slave, &modes) != 0)
    return -1;

#ifdef IUTF8
  /* So that erasing a character erases all of its bytes, as in any terminal of today. */
  modes.c_iflag |= IUTF8;
#endif
  if (settings->raw)
    cfmakeraw (&modes);
  else if (!settings->echo)
    modes.c_lflag &= ~(tcflag_t) (ECHO | ECHOE | ECHOK | ECHONL);

  return tcsetattr (slave, TCSANOW, &modes);
}

int
_gproc_pty_open (const GProcPtySettings  *settings,
                 int                     *master,
                 int                     *slave,
                 const char             **stage)
{
  int errsv;

  *slave = -1;
  *stage = "posix_openpt";
  *master = _gproc_spawn_move_fd (posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (*master < 0)
    return errno;

  *stage = "open terminal";
  if (grantpt (*master) == 0 && unlockpt (*master) == 0)
    *slave = _gproc_spawn_move_fd (open_slave (*master));
  if (*slave >= 0)
    {
      *stage = "tcsetattr";
      errsv = set_modes (*slave, settings) != 0 ? errno : 0;
      if (errsv == 0)
        {
          *stage = "TIOCSWINSZ";
          errsv = _gproc_pty_resize (*master, settings->rows, settings->columns);
        }
      if (errsv == 0)
        return 0;
      close (*slave);
    }
  else
    {
      errsv = errno;
    }

  close (*master);
  *master = *slave = -1;

  return errsv;
}

int
_gproc_pty_resize (int   fd,
                   guint rows,
                   guint columns)
{
  struct winsize size = { .ws_row = (unsigned short) rows, .ws_col = (unsigned short) columns };

  if (rows > G_MAXUINT16 || columns > G_MAXUINT16)
    return EINVAL;

  return ioctl (fd, TIOCSWINSZ, &size) == 0 ? 0 : errno;
}
