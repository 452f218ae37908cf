/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "bench-ends.h"

#include "bench-common.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static void
tcp_pair (int fds[2])
{
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t length = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  fds[0] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind (listener, (struct sockaddr *) &address, length) < 0 || listen (listener, 1) < 0 ||
      getsockname (listener, (struct sockaddr *) &address, &length) < 0 ||
      connect (fds[0], (struct sockaddr *) &address, length) < 0)
    g_error ("tcp: %s", g_strerror (errno));
  fds[1] = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  close (listener);
}

/* A terminal in raw mode. The child has its slave. */
static void
pty_pair (int fds[2])
{
  struct termios mode;

  fds[0] = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (fds[0] < 0 || grantpt (fds[0]) < 0 || unlockpt (fds[0]) < 0)
    g_error ("pty: %s", g_strerror (errno));
  fds[1] = open (ptsname (fds[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (fds[1] < 0 || tcgetattr (fds[1], &mode) < 0)
    g_error ("pty slave: %s", g_strerror (errno));
  cfmakeraw (&mode);
  tcsetattr (fds[1], TCSANOW, &mode);
}

/* fds[0] is ours. */
static void
channel (const char *kind,
         gboolean    we_read,
         int         fds[2])
{
  if (g_str_equal (kind, "pipe"))
    {
      int pipe_fds[2];

      bench_pipe (pipe_fds, (int) bench_number ("pipe", 0));
      fds[0] = pipe_fds[we_read ? 0 : 1];
      fds[1] = pipe_fds[we_read ? 1 : 0];
    }
  else if (g_str_equal (kind, "unix"))
    {
      if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        g_error ("socketpair: %s", g_strerror (errno));
    }
  else if (g_str_equal (kind, "tcp"))
    tcp_pair (fds);
  else
    pty_pair (fds);
}

static int
open_file (const char *parameter,
           int         flags)
{
  const char *path = bench_text (parameter, "");
  int fd = open (path, flags | O_CLOEXEC, 0600);

  if (fd < 0)
    g_error ("%s: %s", path, g_strerror (errno));

  return fd;
}

void
bench_open_source (BenchEnd *end)
{
  g_auto (GStrv) argv = bench_child_argv ("flood", bench_text ("bytes", "0"), NULL);
  int fds[2];

  end->kind = (char *) bench_text ("source", "pipe");
  if (g_str_equal (end->kind, "file"))
    {
      end->fd = open_file ("source-file", O_RDONLY);
      return;
    }
  channel (end->kind, TRUE, fds);
  end->fd = fds[0];
  end->pid = bench_spawn (argv, -1, fds[1]);
}

/* The process at a terminal counts: when the master is closed what it has not read is lost. */
void
bench_open_target (BenchEnd *end)
{
  const char *kind = bench_text ("target", "pipe");
  g_auto (GStrv) argv = bench_child_argv (g_str_equal (kind, "pty") ? "take" : "sink",
                                          bench_text ("bytes", "0"), NULL);
  int fds[2];

  end->kind = (char *) kind;
  if (g_str_equal (kind, "file"))
    {
      end->fd = open_file ("target-file", O_WRONLY | O_CREAT | O_TRUNC);
      return;
    }
  channel (kind, FALSE, fds);
  end->fd = fds[0];
  end->pid = bench_spawn (argv, fds[1], -1);
}

static void
check_file (void)
{
  struct stat info;

  if (stat (bench_text ("target-file", ""), &info) < 0 || info.st_size != bench_number ("bytes", 0))
    g_error ("not all arrived in the file");
}

void
bench_close_ends (BenchEnd *source,
                  BenchEnd *target)
{
  if (!g_str_equal (target->kind, "pty"))
    {
      close (target->fd);
      target->fd = -1;
    }
  if (target->pid != 0)
    bench_reap (target->pid);
  else
    check_file ();
  if (source->pid != 0)
    bench_reap (source->pid);
  close (source->fd);
  if (target->fd >= 0)
    close (target->fd);
}
