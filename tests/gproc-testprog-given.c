/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-testprog.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

/* The commands that print what the process was given. */

static int
compare_ints (const void *a,
              const void *b)
{
  return *(const int *) a - *(const int *) b;
}

COMMAND (print_fds)
{
  DIR *folder = opendir ("/proc/self/fd");
  int fds[1024];
  size_t n_fds = 0;
  struct dirent *entry;

  if (folder == NULL)
    fail ("/proc/self/fd");
  while ((entry = readdir (folder)) != NULL && n_fds < 1024)
    {
      int fd = atoi (entry->d_name);

      if (entry->d_name[0] != '.' && fd != dirfd (folder))
        fds[n_fds++] = fd;
    }
  closedir (folder);

  qsort (fds, n_fds, sizeof fds[0], compare_ints);
  for (size_t i = 0; i < n_fds; i++)
    {
      dprintf (STDOUT_FILENO, "%d\n", fds[i]);
    }

  return 0;
}

COMMAND (print_fd_flags)
{
  for (int i = 2; i < argc; i++)
    {
      int flags = fcntl (atoi (argv[i]), F_GETFL);
      dprintf (STDOUT_FILENO, "%s %s\n", argv[i],
               flags < 0              ? "closed"
               : (flags & O_NONBLOCK) ? "nonblocking"
                                      : "blocking");
    }

  return 0;
}

static const char *
kind_of (int fd)
{
  struct stat info;

  if (fstat (fd, &info) != 0)
    return "closed";
  if (S_ISFIFO (info.st_mode))
    return "pipe";
  if (S_ISSOCK (info.st_mode))
    return "socket";
  if (S_ISREG (info.st_mode))
    return "file";
  if (S_ISCHR (info.st_mode) && info.st_rdev == makedev (1, 3))
    return "null";

  return isatty (fd) ? "tty" : "other";
}

COMMAND (print_fd_kind)
{
  for (int i = 2; i < argc; i++)
    {
      dprintf (STDOUT_FILENO, "%s %s\n", argv[i], kind_of (atoi (argv[i])));
    }

  return 0;
}

/* The C library hides two signals, so the kernel is asked. */
COMMAND (print_sigs)
{
  FILE *status = fopen ("/proc/self/status", "re");
  char line[256];
  unsigned long long set;

  if (status == NULL)
    fail ("/proc/self/status");
  while (fgets (line, sizeof line, status) != NULL)
    {
      char answer[64];

      if (sscanf (line, "SigBlk: %llx", &set) == 1)
        snprintf (answer, sizeof answer, "blocked %llx\n", set);
      else if (sscanf (line, "SigIgn: %llx", &set) == 1)
        snprintf (answer, sizeof answer, "ignored %llx\n", set);
      else
        continue;
      say (answer);
    }
  fclose (status);

  return 0;
}

COMMAND (print_env)
{
  for (char **variable = environ; argc < 3 && *variable != NULL; variable++)
    {
      say (*variable);
      say ("\n");
    }

  for (int i = 2; i < argc; i++)
    {
      const char *value = getenv (argv[i]);

      say (argv[i]);
      say (value != NULL ? "=" : " unset");
      say (value != NULL ? value : "");
      say ("\n");
    }

  return 0;
}

COMMAND (print_cwd)
{
  char path[4096];

  if (getcwd (path, sizeof path) == NULL)
    fail ("getcwd");
  say (path);
  say ("\n");

  return 0;
}

COMMAND (print_umask)
{

  dprintf (STDOUT_FILENO, "%04o\n", (unsigned int) umask (0));

  return 0;
}

COMMAND (print_rlimit)
{
  struct rlimit limit;

  if (getrlimit ((int) number (argc, argv, 2, RLIMIT_NOFILE), &limit) != 0)
    fail ("getrlimit");
  dprintf (STDOUT_FILENO, "%lld %lld\n", (long long) limit.rlim_cur, (long long) limit.rlim_max);

  return 0;
}

COMMAND (print_pgid)
{

  dprintf (STDOUT_FILENO, "%d %d %d %d\n", (int) getpid (), (int) getpgrp (), (int) getsid (0),
           (int) getppid ());

  return 0;
}

COMMAND (print_ids)
{
  gid_t groups[256];
  int n_groups = getgroups (256, groups);

  dprintf (STDOUT_FILENO, "%u %u %u %u:", getuid (), geteuid (), getgid (), getegid ());
  for (int i = 0; i < n_groups; i++)
    {
      dprintf (STDOUT_FILENO, "%s%u", i > 0 ? "," : "", groups[i]);
    }
  say ("\n");

  return 0;
}

COMMAND (print_pdeathsig)
{
  int signum = 0;

  if (prctl (PR_GET_PDEATHSIG, &signum) != 0)
    fail ("prctl");
  dprintf (STDOUT_FILENO, "%d\n", signum);

  return 0;
}

/* Copies what there is; 0 at the end. */
static ssize_t
copy_some (int from,
           int to)
{
  char buffer[4096];
  ssize_t n = read (from, buffer, sizeof buffer);

  for (ssize_t done = 0; done < n;)
    {
      ssize_t written = write (to, buffer + done, (size_t) (n - done));

      if (written < 0)
        fail ("write");
      done += written;
    }

  return n;
}

/* Carries standard input and output to the socket of that name, as dial-stdio of a container
 * engine does. */
COMMAND (dial)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  struct pollfd polled[2] = { { .fd = 0, .events = POLLIN }, { .events = POLLIN } };
  int fd = socket (AF_UNIX, SOCK_STREAM, 0);

  snprintf (address.sun_path, sizeof address.sun_path, "%s", argc > 2 ? argv[2] : "");
  if (connect (fd, (struct sockaddr *) &address, sizeof address) != 0)
    fail ("connect");

  polled[1].fd = fd;
  while (poll (polled, 2, -1) > 0)
    {
      if (polled[0].revents != 0 && copy_some (0, fd) <= 0)
        {
          shutdown (fd, SHUT_WR);
          polled[0].fd = -1;
        }
      if (polled[1].revents != 0 && copy_some (fd, 1) <= 0)
        break;
    }

  return 0;
}
