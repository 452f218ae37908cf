/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-terminal.h"

#include <signal.h>
#include <stdlib.h>

/* What becomes of the terminal when signals reach who has attached a process to it: a program of
 * its own, on a terminal that the test has the other side of. */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED TRUE
#else
#define SANITIZED FALSE
#endif

/* Set by main (). */
static char *attachprog;

/* A shell at a terminal that runs the program, says how it ended, and has the terminal open still
 * while that is looked at. */
typedef struct
{
  GProcStream *stream;
  Screen screen;
  int fd;
  struct termios modes; /* As they were before. */
  int pid;              /* Of the program. */
} Shell;

static void
shell_init (Shell      *shell,
            const char *command)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autofree char *script = NULL;

  script = g_strdup_printf ("ulimit -c 0; echo go; read x; '%s' %s; echo status $?; read y",
                            attachprog, command);
  shell->stream = launch (launcher, "sh", "-c", script, NULL);
  screen_init (&shell->screen, shell->stream);
  expect (&shell->screen, "go");
  shell->fd = gproc_stream_get_pty_fd (shell->stream);
  shell->modes = get_modes (shell->fd);
  type (&shell->screen, "\r");
  expect (&shell->screen, "attached ");
  while (strchr (shell->screen.seen->str, '\n') == NULL)
    g_assert_true (look (&shell->screen));
  shell->pid = atoi (shell->screen.seen->str);
}

static void
shell_assert_restored (Shell *shell)
{
  struct termios now = get_modes (shell->fd);

  assert_same_modes (&shell->modes, &now);
}

static void
shell_end (Shell      *shell,
           const char *status)
{
  expect (&shell->screen, status);
  shell_assert_restored (shell);
  type (&shell->screen, "\r");
  g_assert_cmpint (wait_for (shell->stream), ==, 0);
  screen_clear (&shell->screen);
  g_clear_object (&shell->stream);
}

static void
test_fatal (gconstpointer data)
{
  const int signum = GPOINTER_TO_INT (data);
  g_autofree char *status = g_strdup_printf ("status %d\r\n", 128 + signum);
  Shell shell = { 0 };

  if (SANITIZED && signum == SIGSEGV)
    {
      g_test_skip ("the sanitizer has a handler for that");
      return;
    }

  shell_init (&shell, "--signals cat");
  gproc_test_wait_for (is_raw (shell.fd));
  g_assert_no_errno (kill (shell.pid, signum));
  shell_end (&shell, status);
}

/* An application that exits while a process is attached. */
static void
test_exit (void)
{
  Shell shell = { 0 };

  shell_init (&shell, "cat");
  gproc_test_wait_for (is_raw (shell.fd));
  g_assert_no_errno (kill (shell.pid, SIGUSR1));
  shell_end (&shell, "status 5\r\n");
}

static void
test_normal_end (void)
{
  Shell shell = { 0 };

  shell_init (&shell, "sh -c 'read line; exit 3'");
  gproc_test_wait_for (is_raw (shell.fd));
  type (&shell.screen, "line\r");
  expect (&shell.screen, "[returncode 3]\r\n");
  shell_end (&shell, "status 0\r\n");
}

static void
test_child_fails (void)
{
  Shell shell = { 0 };

  shell_init (&shell, "--signals sh -c 'kill -SEGV $$'");
  expect (&shell.screen, "[returncode -11]\r\n");
  shell_end (&shell, "status 0\r\n");
}

static void
test_detach (void)
{
  Shell shell = { 0 };

  shell_init (&shell, "--keys ctrl-p,ctrl-q cat");
  gproc_test_wait_for (is_raw (shell.fd));
  type (&shell.screen, "word\r");
  expect (&shell.screen, "word\r\nword\r\n");
  type (&shell.screen, "\x10\x11");
  expect (&shell.screen, "[detached]\r\n");
  shell_end (&shell, "status 0\r\n");
}

/* The size of the one terminal becomes that of the other. */
static void
test_resize (void)
{
  g_autoptr (GError) error = NULL;
  Shell shell = { 0 };

  shell_init (&shell, "--signals sh -c 'trap \"stty size; exit 3\" WINCH; stty size; echo ready;"
                      " while :; do sleep 0.01; done'");
  expect (&shell.screen, "24 80\r\nready\r\n");
  g_assert_true (gproc_stream_resize (shell.stream, 50, 132, &error));
  g_assert_no_error (error);
  expect (&shell.screen, "50 132\r\n");
  expect (&shell.screen, "[returncode 3]\r\n");
  shell_end (&shell, "status 0\r\n");
}

/* A shell with job control, and one that leaves the modes of the terminal to its jobs. */
static void
test_suspend (gconstpointer data)
{
  const int signum = GPOINTER_TO_INT (data);
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = launch (launcher, "sh", "-i", NULL);
  g_autofree char *command = g_strdup_printf ("'%s' --signals cat\r", attachprog);
  int fd = gproc_stream_get_pty_fd (stream);
  struct termios before, now;
  g_auto (Screen) screen = { 0 };
  int pid;

  screen_init (&screen, stream);
  expect (&screen, "prompt> ");
  before = get_modes (fd);
  type (&screen, command);
  expect (&screen, "attached ");
  while (strchr (screen.seen->str, '\n') == NULL)
    g_assert_true (look (&screen));
  pid = atoi (screen.seen->str);

  for (guint i = 0; i < 3; i++)
    {
      gproc_test_wait_for (is_raw (fd));
      type (&screen, "word\r");
      expect (&screen, "word\r\nword\r\n");

      /* Ctrl-Z at a terminal in raw mode is for the process: this one comes from elsewhere. */
      g_assert_no_errno (kill (pid, signum));
      expect (&screen, "Stopped");
      expect (&screen, "prompt> ");
      now = get_modes (fd);
      assert_same_modes (&before, &now);
      type (&screen, "fg\r");
      expect (&screen, "cat\r\n");
    }

  gproc_test_wait_for (is_raw (fd));
  type (&screen, "\x04");
  expect (&screen, "[returncode 0]\r\n");
  expect (&screen, "prompt> ");
  now = get_modes (fd);
  assert_same_modes (&before, &now);
  type (&screen, "exit\r");
  g_assert_cmpint (wait_for (stream), ==, 0);
}

/* One that is started in the background leaves the terminal to who has it, waits there for its
 * turn, and has it once it is in the foreground. */
static void
test_background (gconstpointer data)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = launch (launcher, "sh", "-i", NULL);
  g_autofree char *command = g_strdup_printf ("'%s' --signals cat &\r", attachprog);
  int fd = gproc_stream_get_pty_fd (stream);
  struct termios before, now;
  g_auto (Screen) screen = { 0 };

  screen_init (&screen, stream);
  expect (&screen, "prompt> ");
  if (data != NULL)
    {
      /* It may not even write there. */
      type (&screen, "stty tostop; echo set\r");
      expect (&screen, "set\r\n");
      expect (&screen, "set\r\n");
      expect (&screen, "prompt> ");
    }
  before = get_modes (fd);
  type (&screen, command);
  expect (&screen, "prompt> ");
  /* The shell tells of it before its next prompt. */
  while (strstr (screen.seen->str, "Stopped") == NULL)
    {
      type (&screen, "jobs\r");
      expect (&screen, "jobs\r\n");
      while (strstr (screen.seen->str, "prompt> ") == NULL)
        g_assert_true (look (&screen));
    }
  now = get_modes (fd);
  assert_same_modes (&before, &now);

  type (&screen, "fg\r");
  gproc_test_wait_for (is_raw (fd));
  type (&screen, "word\r");
  expect (&screen, "word\r\nword\r\n");
  type (&screen, "\x04");
  expect (&screen, "[returncode 0]\r\n");
  expect (&screen, "prompt> ");
  now = get_modes (fd);
  assert_same_modes (&before, &now);
  type (&screen, "exit\r");
  g_assert_cmpint (wait_for (stream), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  static const struct
  {
    const char *path;
    int signum;
  } fatal[] = {
    { "/gproc/terminal-signals/fatal/term", SIGTERM },
    { "/gproc/terminal-signals/fatal/int", SIGINT },
    { "/gproc/terminal-signals/fatal/hup", SIGHUP },
    { "/gproc/terminal-signals/fatal/quit", SIGQUIT },
    { "/gproc/terminal-signals/fatal/segv", SIGSEGV },
    { "/gproc/terminal-signals/fatal/abrt", SIGABRT },
    { "/gproc/terminal-signals/fatal/xcpu", SIGXCPU },
    { "/gproc/terminal-signals/fatal/xfsz", SIGXFSZ },
    { "/gproc/terminal-signals/fatal/sys", SIGSYS },
    { "/gproc/terminal-signals/fatal/trap", SIGTRAP },
    { "/gproc/terminal-signals/fatal/pipe", SIGPIPE },
    { "/gproc/terminal-signals/fatal/vtalrm", SIGVTALRM },
    { "/gproc/terminal-signals/fatal/prof", SIGPROF },
    { "/gproc/terminal-signals/fatal/io", SIGIO },
    { "/gproc/terminal-signals/fatal/pwr", SIGPWR },
  };
  int status;

  gproc_test_init (&argc, &argv);
  attachprog = gproc_test_program ("gproc-attachprog");

  for (guint i = 0; i < G_N_ELEMENTS (fatal); i++)
    gproc_test_add_data (fatal[i].path, GINT_TO_POINTER (fatal[i].signum), test_fatal);
  gproc_test_add ("/gproc/terminal-signals/exit", test_exit);
  gproc_test_add ("/gproc/terminal-signals/normal-end", test_normal_end);
  gproc_test_add ("/gproc/terminal-signals/child-fails", test_child_fails);
  gproc_test_add ("/gproc/terminal-signals/detach", test_detach);
  gproc_test_add ("/gproc/terminal-signals/resize", test_resize);
  gproc_test_add_data ("/gproc/terminal-signals/suspend", GINT_TO_POINTER (SIGTSTP), test_suspend);
  gproc_test_add_data ("/gproc/terminal-signals/background/reads", NULL, test_background);
  gproc_test_add_data ("/gproc/terminal-signals/background/writes", "tostop", test_background);

  status = gproc_test_run ();
  g_free (attachprog);

  return status;
}
