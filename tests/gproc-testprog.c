/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The process at the other end in the tests: gproc-testprog COMMAND [ARGUMENT…].
 *
 * Numbers are decimal. Lines end with "\n" and are written at once. Whatever waits
 * for ever ends by SIGALRM after two minutes, so that a failed test leaves nothing
 * behind. Unless it says otherwise, a command exits with 0.
 *
 * Output
 *   echo WORD…                  the words, with blanks between, and a newline
 *   args                        every argument, from argv[0] on, one on a line
 *   partial-line [TEXT]         TEXT ("partial") without a newline
 *   lines N                     "line 1" … "line N"
 *   slow-lines N MS             the same, each MS milliseconds after the one before
 *   out-err [CODE]              "out" on stdout, "err" on stderr; exits with CODE
 *   flood-stdout N [CODE]       N bytes of "0123456789abcdef" repeated; N −1: for ever
 *   flood-stderr N [CODE]       the same on stderr
 *   flood-both N                N bytes on each, in turns of 4096
 *   flood-fd FD N               N bytes on descriptor FD
 *   binary N                    the bytes 0 to 255, N times
 *   write-fd FD TEXT            TEXT on descriptor FD, without a newline
 *   chatter MS                  a line every MS milliseconds, for ever
 *
 * Input
 *   cat [MS]                    copies stdin to stdout, after MS milliseconds
 *   cat-until N                 copies N bytes, then exits
 *   cat-slowly SIZE MS          copies SIZE bytes at a time with MS between
 *   count                       reads all, then "BYTES CHECKSUM" (sum of the bytes,
 *                               modulo 2^32, decimal)
 *   drain-stdin-late MS         sleeps MS first, then as count
 *   read-fd FD                  copies descriptor FD to stdout
 *   close-stdin                 closes stdin, writes "closed", waits for ever
 *   head-close N                reads N bytes, closes stdin, writes "closed", waits
 *                               for ever
 *   close-stdout                closes stdout and stderr, then reads stdin to its end
 *   eof-exit CODE               reads stdin to its end, exits with CODE
 *
 * Ending
 *   exit-code N                 exits with N
 *   kill-self SIG               sends itself SIG
 *   sleep MS                    exits after MS milliseconds
 *   hold                        "ready", then waits for ever
 *   ignore-term                 ignores SIGTERM; "ready", then waits for ever
 *   late-term CODE              on SIGTERM writes "term" and exits with CODE; "ready"
 *   stop-self                   "ready", then SIGSTOP; on SIGCONT "continued", exits
 *   report-signals              "ready", then the number of each signal it gets out of
 *                               HUP, INT, QUIT, USR1, USR2, TERM, CONT, WINCH on a
 *                               line; exits when stdin ends
 *
 * Descendants (the first line of output is the pid of the grandchild)
 *   fork-and-hold [CODE]        the grandchild holds the pipes for ever, the child exits
 *   fork-and-write MS TEXT      the child exits, the grandchild writes TEXT after MS
 *   fork-and-wait               both wait for ever; SIGTERM ends each
 *   fork-ignore-term            both wait for ever; the grandchild ignores SIGTERM
 *   fork-setsid                 as fork-and-hold, the grandchild in a session of its own
 *
 * What it was given
 *   print-fds                   the open descriptors, one on a line, in order
 *   print-fd-flags FD…          "FD blocking", "FD nonblocking" or "FD closed"
 *   print-fd-kind FD…           "FD KIND" with KIND pipe, socket, null, file, tty,
 *                               other, closed
 *   print-sigs                  "blocked HEX" and "ignored HEX" as the kernel has them
 *   print-env [NAME…]           the environment, or "NAME=VALUE" or "NAME unset"
 *   print-cwd                   the current folder
 *   print-umask                 as four octal digits
 *   print-rlimit RESOURCE       "SOFT HARD" of resource number RESOURCE, "-1": infinity
 *   print-pgid                  "PID PGID SID PPID"
 *   print-ids                   "UID EUID GID EGID:GROUP,GROUP…"
 *   print-pdeathsig             the signal it gets when its parent dies
 */

#include "config.h"

#include "gproc-testprog.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef O_CLOEXEC
#error "This program is for Linux."
#endif

typedef struct
{
  const char *name;
  int (*run) (int    argc,
              char **argv);
} Command;

void
fail (const char *what)
{
  fprintf (stderr, "gproc-testprog: %s: %s\n", what, strerror (errno));
  _exit (99);
}

long long
number (int         argc,
        char      **argv,
        int         index,
        long long   otherwise)
{
  return argc > index ? strtoll (argv[index], NULL, 10) : otherwise;
}

static const char *
text (int          argc,
      char       **argv,
      int          index,
      const char  *otherwise)
{
  return argc > index ? argv[index] : otherwise;
}

static void
write_fully (int         fd,
             const void *data,
             size_t      size)
{
  const char *bytes = data;

  while (size > 0)
    {
      ssize_t n = write (fd, bytes, size);

      if (n < 0 && errno == EAGAIN)
        {
          struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

          poll (&poll_fd, 1, -1);
          continue;
        }
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        fail ("write");

      bytes += n;
      size -= (size_t) n;
    }
}

void
say (const char *line)
{
  write_fully (STDOUT_FILENO, line, strlen (line));
}

static ssize_t
read_some (int     fd,
           void   *buffer,
           size_t  size)
{
  ssize_t n;

  do
    n = read (fd, buffer, size);
  while (n < 0 && errno == EINTR);

  if (n < 0)
    fail ("read");

  return n;
}

static void
sleep_ms (long long ms)
{
  struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000 };

  while (nanosleep (&left, &left) != 0 && errno == EINTR)
    ;
}

static int
wait_for_ever (void)
{
  alarm (120);
  for (;;)
    pause ();

  return 0;
}

static COMMAND (echo)
{
  for (int i = 2; i < argc; i++)
    {
      say (argv[i]);
      if (i + 1 < argc)
        say (" ");
    }
  say ("\n");

  return 0;
}

static COMMAND (args)
{
  for (int i = 0; i < argc; i++)
    {
      say (argv[i]);
      say ("\n");
    }

  return 0;
}

static COMMAND (partial_line)
{
  say (text (argc, argv, 2, "partial"));

  return 0;
}

static COMMAND (lines)
{
  long long n = number (argc, argv, 2, 10);
  long long pause_ms = number (argc, argv, 3, 0);

  for (long long i = 1; i <= n; i++)
    {
      if (pause_ms > 0 && i > 1)
        sleep_ms (pause_ms);
      dprintf (STDOUT_FILENO, "line %lld\n", i);
    }

  return 0;
}

static COMMAND (out_err)
{
  say ("out\n");
  write_fully (STDERR_FILENO, "err\n", 4);

  return (int) number (argc, argv, 2, 0);
}

static void
flood (int       fd,
       long long count)
{
  static char pattern[65536];

  for (size_t i = 0; i < sizeof pattern; i++)
    pattern[i] = "0123456789abcdef"[i % 16];

  if (count < 0)
    alarm (120);

  while (count != 0)
    {
      size_t n = sizeof pattern;

      if (count > 0 && count < (long long) n)
        n = (size_t) count;
      write_fully (fd, pattern, n);
      if (count > 0)
        count -= (long long) n;
    }
}

static COMMAND (flood_stdout)
{
  flood (STDOUT_FILENO, number (argc, argv, 2, -1));

  return (int) number (argc, argv, 3, 0);
}

static COMMAND (flood_stderr)
{
  flood (STDERR_FILENO, number (argc, argv, 2, -1));

  return (int) number (argc, argv, 3, 0);
}

static COMMAND (flood_both)
{
  long long left = number (argc, argv, 2, 0);

  while (left > 0)
    {
      long long n = left < 4096 ? left : 4096;

      flood (STDOUT_FILENO, n);
      flood (STDERR_FILENO, n);
      left -= n;
    }

  return 0;
}

static COMMAND (flood_fd)
{
  flood ((int) number (argc, argv, 2, 1), number (argc, argv, 3, 0));

  return 0;
}

static COMMAND (binary)
{
  unsigned char bytes[256];

  for (int i = 0; i < 256; i++)
    bytes[i] = (unsigned char) i;
  for (long long i = number (argc, argv, 2, 1); i > 0; i--)
    write_fully (STDOUT_FILENO, bytes, sizeof bytes);

  return 0;
}

static COMMAND (write_fd)
{
  const char *what = text (argc, argv, 3, "");

  write_fully ((int) number (argc, argv, 2, 1), what, strlen (what));

  return 0;
}

static COMMAND (chatter)
{
  long long pause_ms = number (argc, argv, 2, 10);

  alarm (120);
  for (;;)
    {
      say ("chatter\n");
      sleep_ms (pause_ms);
    }

  return 0;
}

static void
copy (int       from,
      long long size,
      long long pause_ms,
      long long count)
{
  static char buffer[65536];

  while (count != 0)
    {
      size_t wanted = (size_t) size < sizeof buffer ? (size_t) size : sizeof buffer;
      ssize_t n;

      if (count > 0 && count < (long long) wanted)
        wanted = (size_t) count;
      n = read_some (from, buffer, wanted);
      if (n == 0)
        return;
      write_fully (STDOUT_FILENO, buffer, (size_t) n);
      if (count > 0)
        count -= n;
      if (pause_ms > 0)
        sleep_ms (pause_ms);
    }
}

static COMMAND (cat)
{
  sleep_ms (number (argc, argv, 2, 0));
  copy (STDIN_FILENO, 65536, 0, -1);

  return 0;
}

static COMMAND (cat_until)
{
  copy (STDIN_FILENO, 65536, 0, number (argc, argv, 2, 0));

  return 0;
}

static COMMAND (cat_slowly)
{
  copy (STDIN_FILENO, number (argc, argv, 2, 1), number (argc, argv, 3, 1), -1);

  return 0;
}

static COMMAND (read_fd)
{
  copy ((int) number (argc, argv, 2, 0), 65536, 0, -1);

  return 0;
}

static COMMAND (count)
{
  static unsigned char buffer[65536];
  unsigned long long bytes = 0;
  uint32_t sum = 0;
  ssize_t n;

  while ((n = read_some (STDIN_FILENO, buffer, sizeof buffer)) > 0)
    {
      bytes += (unsigned long long) n;
      for (ssize_t i = 0; i < n; i++)
        sum += buffer[i];
    }

  dprintf (STDOUT_FILENO, "%llu %u\n", bytes, (unsigned int) sum);

  return 0;
}

static COMMAND (drain_stdin_late)
{
  sleep_ms (number (argc, argv, 2, 100));

  return command_count (argc, argv);
}

static COMMAND (close_stdin)
{
  close (STDIN_FILENO);
  say ("closed\n");

  return wait_for_ever ();
}

static COMMAND (head_close)
{
  long long left = number (argc, argv, 2, 0);
  char byte;

  while (left-- > 0 && read_some (STDIN_FILENO, &byte, 1) > 0)
    ;

  return command_close_stdin (argc, argv);
}

static void
swallow (void)
{
  char buffer[4096];

  while (read_some (STDIN_FILENO, buffer, sizeof buffer) > 0)
    ;
}

static COMMAND (close_stdout)
{
  close (STDOUT_FILENO);
  close (STDERR_FILENO);
  swallow ();

  return 0;
}

static COMMAND (eof_exit)
{
  swallow ();

  return (int) number (argc, argv, 2, 0);
}

static COMMAND (exit_code)
{
  return (int) number (argc, argv, 2, 0);
}

static COMMAND (kill_self)
{
  kill (getpid (), (int) number (argc, argv, 2, SIGKILL));

  return wait_for_ever ();
}

static COMMAND (sleep)
{
  sleep_ms (number (argc, argv, 2, 0));

  return 0;
}

static COMMAND (hold)
{
  say ("ready\n");

  return wait_for_ever ();
}

static COMMAND (ignore_term)
{
  signal (SIGTERM, SIG_IGN);

  return command_hold (argc, argv);
}

static int late_code;

static void
late_term (int signum)
{
  ssize_t n;

  (void) signum;

  n = write (STDOUT_FILENO, "term\n", 5);
  (void) n;
  _exit (late_code);
}

static COMMAND (late_term)
{
  late_code = (int) number (argc, argv, 2, 0);
  signal (SIGTERM, late_term);

  return command_hold (argc, argv);
}

static COMMAND (stop_self)
{
  say ("ready\n");
  kill (getpid (), SIGSTOP);
  say ("continued\n");

  return 0;
}

static void
report_signal (int signum)
{
  char line[4] = { (char) ('0' + signum / 10), (char) ('0' + signum % 10), '\n', 0 };
  int from = signum < 10 ? 1 : 0;
  ssize_t n;

  n = write (STDOUT_FILENO, line + from, (size_t) (3 - from));
  (void) n;
}

static COMMAND (report_signals)
{
  const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, SIGCONT, SIGWINCH };

  for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
    {
      struct sigaction action = { .sa_handler = report_signal, .sa_flags = SA_RESTART };

      sigfillset (&action.sa_mask);
      sigaction (signals[i], &action, NULL);
    }
  alarm (120);
  say ("ready\n");
  swallow ();

  return 0;
}

/* Announces the grandchild from the child, so that it is the first line. Returns 0
 * in the grandchild, which goes on once it was announced, and has ignored a signal
 * (0: none) from its start. */
static pid_t
fork_announced (int ignored_signal)
{
  void (*before) (int) = SIG_DFL;
  int gate[2];
  pid_t pid;

  if (pipe (gate) != 0)
    fail ("pipe");
  if (ignored_signal != 0)
    before = signal (ignored_signal, SIG_IGN);
  pid = fork ();
  if (pid < 0)
    fail ("fork");

  if (pid == 0)
    {
      char byte;

      close (gate[1]);
      (void) read_some (gate[0], &byte, 1);
      close (gate[0]);

      return 0;
    }

  if (ignored_signal != 0)
    signal (ignored_signal, before);
  dprintf (STDOUT_FILENO, "%d\n", (int) pid);
  close (gate[0]);
  close (gate[1]);

  return pid;
}

static COMMAND (fork_and_hold)
{
  if (fork_announced (0) == 0)
    return wait_for_ever ();

  return (int) number (argc, argv, 2, 0);
}

static COMMAND (fork_and_write)
{
  if (fork_announced (0) == 0)
    {
      sleep_ms (number (argc, argv, 2, 0));
      say (text (argc, argv, 3, "late\n"));
    }

  return 0;
}

static COMMAND (fork_and_wait)
{
  fork_announced (0);

  return wait_for_ever ();
}

static COMMAND (fork_ignore_term)
{
  fork_announced (SIGTERM);

  return wait_for_ever ();
}

static COMMAND (fork_setsid)
{
  if (fork_announced (0) == 0)
    {
      setsid ();
      return wait_for_ever ();
    }

  return (int) number (argc, argv, 2, 0);
}

/* Out of the group that it leads, into that of its parent. */
static COMMAND (leave_group)
{
  if (setpgid (0, getpgid (getppid ())) != 0)
    fail ("setpgid");

  return command_hold (argc, argv);
}

static const Command commands[] = {
  { "echo", command_echo },
  { "args", command_args },
  { "partial-line", command_partial_line },
  { "lines", command_lines },
  { "slow-lines", command_lines },
  { "out-err", command_out_err },
  { "flood-stdout", command_flood_stdout },
  { "flood-stderr", command_flood_stderr },
  { "flood-both", command_flood_both },
  { "flood-fd", command_flood_fd },
  { "binary", command_binary },
  { "write-fd", command_write_fd },
  { "chatter", command_chatter },
  { "cat", command_cat },
  { "cat-until", command_cat_until },
  { "cat-slowly", command_cat_slowly },
  { "count", command_count },
  { "drain-stdin-late", command_drain_stdin_late },
  { "read-fd", command_read_fd },
  { "close-stdin", command_close_stdin },
  { "head-close", command_head_close },
  { "close-stdout", command_close_stdout },
  { "eof-exit", command_eof_exit },
  { "exit-code", command_exit_code },
  { "kill-self", command_kill_self },
  { "sleep", command_sleep },
  { "hold", command_hold },
  { "ignore-term", command_ignore_term },
  { "leave-group", command_leave_group },
  { "late-term", command_late_term },
  { "stop-self", command_stop_self },
  { "report-signals", command_report_signals },
  { "fork-and-hold", command_fork_and_hold },
  { "fork-and-write", command_fork_and_write },
  { "fork-and-wait", command_fork_and_wait },
  { "fork-ignore-term", command_fork_ignore_term },
  { "fork-setsid", command_fork_setsid },
  { "print-fds", command_print_fds },
  { "print-fd-flags", command_print_fd_flags },
  { "print-fd-kind", command_print_fd_kind },
  { "print-sigs", command_print_sigs },
  { "print-env", command_print_env },
  { "print-cwd", command_print_cwd },
  { "print-umask", command_print_umask },
  { "print-rlimit", command_print_rlimit },
  { "print-pgid", command_print_pgid },
  { "print-ids", command_print_ids },
  { "print-pdeathsig", command_print_pdeathsig },
  { "dial", command_dial },
};

int
main (int    argc,
      char **argv)
{
  for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++)
    {
      if (strcmp (argv[1], commands[i].name) == 0)
        return commands[i].run (argc, argv);
    }

  fprintf (stderr, "gproc-testprog: no command %s\n", argc > 1 ? argv[1] : "was given");

  return 98;
}
