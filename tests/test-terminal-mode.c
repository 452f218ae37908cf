/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test.h"

#include "terminal/gproc-terminal-mode-private.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* The modes of a terminal, and signals that come in the middle of a change: what their handlers
 * call is called where they would. */

/* Called once, right before and right after the modes are set. */
static void (*before) (void);
static void (*after) (void);

/* The library calls this one in place of that of the C library. */
int
tcsetattr (int                   fd,
           int                   actions,
           const struct termios *modes)
{
  static int (*next) (int, int, const struct termios *);
  void (*now) (void) = before;
  int result;

  if (next == NULL)
    *(void **) &next = dlsym (RTLD_NEXT, "tcsetattr");

  before = NULL;
  if (now != NULL)
    now ();
  result = next (fd, actions, modes);
  now = after;
  after = NULL;
  if (now != NULL)
    now ();

  return result;
}

static int slave;
static struct termios found;

static struct termios
get_modes (void)
{
  struct termios modes;

  g_assert_no_errno (tcgetattr (slave, &modes));

  return modes;
}

static gboolean
is_as_found (void)
{
  struct termios now = get_modes ();

  return now.c_iflag == found.c_iflag && now.c_oflag == found.c_oflag &&
         now.c_cflag == found.c_cflag && now.c_lflag == found.c_lflag;
}

static gboolean
is_raw (void)
{
  return (get_modes ().c_lflag & (ICANON | ECHO | ISIG)) == 0;
}

static void
make_terminal (int *master)
{
  gproc_test_pty (master, &slave);
  found = get_modes ();
  found.c_lflag |= ICANON | ECHO | ISIG;
  found.c_oflag |= OPOST;
  g_assert_no_errno (tcsetattr (slave, TCSANOW, &found));
  g_assert_false (is_raw ());
}

/* What the handler of a signal that ends the process does, and then the kernel. */
static void
fatal_signal (void)
{
  _gproc_terminal_modes_restore ();
  _exit (is_as_found () ? 0 : 1);
}

static void
stopped_and_let_go_on (void)
{
  _gproc_terminal_modes_restore ();
  g_assert_true (is_as_found ());
  _gproc_terminal_modes_apply ();
}

/* When it comes. */
typedef enum
{
  BEFORE_RAW,
  AFTER_RAW,
  BEFORE_BACK,
  AFTER_BACK,
  N_MOMENTS
} Moment;

static void
enter_and_leave (Moment moment, void (*signal_comes) (void))
{
  GProcTerminalMode *mode;

  before = moment == BEFORE_RAW ? signal_comes : NULL;
  after = moment == AFTER_RAW ? signal_comes : NULL;
  mode = _gproc_terminal_mode_enter (slave);
  g_assert_nonnull (mode);
  g_assert_true (is_raw ());
  g_assert_true (before == NULL && after == NULL);

  before = moment == BEFORE_BACK ? signal_comes : NULL;
  after = moment == AFTER_BACK ? signal_comes : NULL;
  _gproc_terminal_mode_leave (mode);
  g_assert_true (is_as_found ());
  g_assert_true (before == NULL && after == NULL);
}

/* The one that stops the process does not leave the terminal raw for good. */
static void
test_stop (void)
{
  int master;

  make_terminal (&master);
  for (guint i = 0; i < N_MOMENTS; i++)
    enter_and_leave ((Moment) i, stopped_and_let_go_on);
  gproc_test_close (&slave);
  gproc_test_close (&master);
}

/* The one that ends it leaves the terminal as it was, whenever it comes. */
static void
test_fatal (void)
{
  int master, status;

  make_terminal (&master);
  for (guint i = 0; i < N_MOMENTS; i++)
    {
      pid_t pid = fork ();

      g_assert_no_errno (pid);
      if (pid == 0)
        {
          enter_and_leave ((Moment) i, fatal_signal);
          _exit (2);
        }
      g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
      g_assert_cmpint (status, ==, 0);
      g_assert_true (is_as_found ());
    }
  gproc_test_close (&slave);
  gproc_test_close (&master);
}

/* The child of a fork has the list, and not the terminal: neither its exit nor a signal touches it.
 */
static void
test_fork (void)
{
  GProcTerminalMode *mode;
  int master, status;
  pid_t pid;

  make_terminal (&master);
  mode = _gproc_terminal_mode_enter (slave);
  g_assert_true (is_raw ());

  pid = fork ();
  g_assert_no_errno (pid);
  if (pid == 0)
    {
      _gproc_terminal_modes_restore ();
      _gproc_terminal_modes_apply ();
      _gproc_terminal_modes_restore ();
      _exit (is_raw () ? 0 : 1);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  g_assert_true (is_raw ());

  /* Nor does one that puts it back touch what it was never given. */
  g_assert_no_errno (tcsetattr (slave, TCSANOW, &found));
  pid = fork ();
  g_assert_no_errno (pid);
  if (pid == 0)
    {
      _gproc_terminal_modes_apply ();
      _exit (is_as_found () ? 0 : 1);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  g_assert_true (is_as_found ());

  _gproc_terminal_mode_leave (mode);
  g_assert_true (is_as_found ());
  gproc_test_close (&slave);
  gproc_test_close (&master);
}

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/terminal-mode/stop", test_stop);
  gproc_test_add ("/gproc/terminal-mode/fatal", test_fatal);
  gproc_test_add ("/gproc/terminal-mode/fork", test_fork);

  return gproc_test_run ();
}
