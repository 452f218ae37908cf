/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-terminal.h"

#include <glib/gstdio.h>
#include <signal.h>

/* Programs that are made for a person at a terminal. */

static gboolean
is_missing (const char *program)
{
  g_autofree char *path = gproc_test_find_program (program);

  return path == NULL;
}

/* An endless command is interrupted, a command is stopped and goes on: what the keys do is done to
 * the group in the foreground, and not to the shell. */
static void
test_bash (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = NULL;
  g_autofree char *testprog = gproc_test_program ("gproc-testprog");
  g_autofree char *command = g_strdup_printf ("'%s' hold\r", testprog);
  g_auto (Screen) screen = { 0 };
  int fd;

  if (is_missing ("bash"))
    return;

  stream = launch (launcher, "bash", "--norc", "--noprofile", "-i", NULL);
  screen_init (&screen, stream);
  fd = gproc_stream_get_pty_fd (stream);
  expect (&screen, "prompt> ");

  /* One that says when it is in the foreground: before that the key is for the shell. */
  type (&screen, command);
  expect (&screen, "ready\r\n");
  type (&screen, "\x03");
  expect (&screen, "prompt> ");
  type (&screen, "echo status $?\r");
  expect (&screen, "status 130\r\n");
  expect (&screen, "prompt> ");

  /* Bash edits lines, and what is typed while it does has no end of a line for others. */
  type (&screen, "cat\r");
  gproc_test_wait_for ((get_modes (fd).c_lflag & ICANON) != 0);
  type (&screen, "over\r");
  expect (&screen, "over\r\nover\r\n");
  type (&screen, "\x1a");
  expect (&screen, "Stopped");
  expect (&screen, "prompt> ");
  type (&screen, "jobs\r");
  expect (&screen, "Stopped");
  expect (&screen, "prompt> ");
  type (&screen, "fg\r");
  expect (&screen, "cat\r\n");
  gproc_test_wait_for ((get_modes (fd).c_lflag & ICANON) != 0);
  type (&screen, "again\r");
  expect (&screen, "again\r\nagain\r\n");
  type (&screen, "\x04");
  expect (&screen, "prompt> ");
  type (&screen, "echo input is $(tty <&0 | cut -c1-9)\r");
  expect (&screen, "input is /dev/pts/\r\n");
  expect (&screen, "prompt> ");

  type (&screen, "exit 9\r");
  g_assert_cmpint (wait_for (stream), ==, 9);
}

static void
test_yes (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = launch (launcher, "yes", NULL);
  g_auto (Screen) screen = { 0 };
  g_autofree char *rest = NULL;

  screen_init (&screen, stream);
  for (guint i = 0; i < 1000; i++)
    expect (&screen, "y\r\n");
  type (&screen, "\x03");
  rest = expect_end (&screen);
  g_assert_cmpint (wait_for (stream), ==, -SIGINT);
}

/* The process is interrupted though nobody reads what it writes. */
static void
test_yes_unread (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = launch (launcher, "yes", NULL);
  g_auto (Screen) screen = { 0 };

  screen_init (&screen, stream);
  expect (&screen, "y\r\n");
  type (&screen, "\x03");
  g_assert_cmpint (wait_for (stream), ==, -SIGINT);
}

/* What Python has for a handler takes a note, which is looked at between the steps of a program: of
 * a Ctrl-C that comes behind the last look, and before the call that sleeps, nobody knows until
 * that returns. Within the call it counts. */
static gboolean
is_asleep (GProcStream *stream)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", gproc_stream_get_pid (stream));
  g_autofree char *text = NULL;
  const char *end;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  end = strrchr (text, ')');

  return end != NULL && g_str_has_prefix (end, ") S ");
}

static void
test_python (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = NULL;
  g_auto (Screen) screen = { 0 };

  if (is_missing ("python3"))
    return;

  gproc_launcher_setenv (launcher, "PYTHON_BASIC_REPL", "1", TRUE);
  stream = launch (launcher, "python3", "-q", "-i", NULL);
  screen_init (&screen, stream);
  expect (&screen, ">>> ");
  type (&screen, "print('sum', 6 * 7)\r");
  expect (&screen, "sum 42\r\n");
  expect (&screen, ">>> ");
  type (&screen, "import sys; print('tty', sys.stdin.isatty(), sys.stdout.isatty())\r");
  expect (&screen, "tty True True\r\n");
  expect (&screen, ">>> ");
  /* Since 3.14 an interrupt that nobody caught is what the process dies of at its end, whatever it
   * is told to exit with. */
  type (&screen, "import time\r");
  expect (&screen, ">>> ");
  type (&screen, "exec(\"try: print('wait'.upper()); time.sleep(1000)\\n"
                 "except KeyboardInterrupt: print('caught'.upper())\")\r");
  expect (&screen, "WAIT\r\n");
  gproc_test_wait_for (is_asleep (stream));
  type (&screen, "\x03");
  expect (&screen, "CAUGHT\r\n");
  expect (&screen, ">>> ");
  type (&screen, "exit(4)\r");
  g_assert_cmpint (wait_for (stream), ==, 4);
}

static void
test_vi (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = NULL;
  g_autofree char *folder = NULL;
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  g_autofree char *rest = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (Screen) screen = { 0 };

  if (is_missing ("vi"))
    return;

  folder = g_dir_make_tmp ("gproc-XXXXXX", &error);
  g_assert_no_error (error);
  path = g_build_filename (folder, "text", NULL);
  g_file_set_contents (path, "first\nsecond\n", -1, &error);
  g_assert_no_error (error);

  gproc_launcher_setenv (launcher, "HOME", "/nonexistent", TRUE);
  gproc_launcher_setenv (launcher, "EXINIT", "", TRUE);
  stream = launch (launcher, "vi", "-n", path, NULL);
  screen_init (&screen, stream);
  expect (&screen, "second");
  type (&screen, "Gothird\x1b:w\r");
  expect (&screen, "written");
  type (&screen, ":q\r");
  rest = expect_end (&screen);
  g_assert_cmpint (wait_for (stream), ==, 0);

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, "first\nsecond\nthird\n");
  g_assert_no_errno (g_remove (path));
  g_assert_no_errno (g_rmdir (folder));
}

/* It reads keys from /dev/tty where its input is a pipe, as in "ls | less". */
static void
test_less (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = NULL;
  g_auto (Screen) screen = { 0 };
  g_autofree char *rest = NULL;

  if (is_missing ("less"))
    return;

  gproc_launcher_setenv (launcher, "LESSHISTFILE", "-", TRUE);
  gproc_launcher_set_pty_size (launcher, 10, 80);
  stream = launch (launcher, "sh", "-c", "seq 100 200 | less", NULL);
  screen_init (&screen, stream);
  expect (&screen, "108");
  g_assert_null (strstr (screen.seen->str, "150"));
  type (&screen, "/150\r");
  expect (&screen, "150");
  type (&screen, "G");
  expect (&screen, "200");
  type (&screen, "q");
  rest = expect_end (&screen);
  g_assert_cmpint (wait_for (stream), ==, 0);
}

static void
test_top (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (Screen) screen = { 0 };
  g_autofree char *rest = NULL;

  if (is_missing ("top"))
    return;

  gproc_launcher_setenv (launcher, "HOME", "/nonexistent", TRUE);
  stream = launch (launcher, "top", "-d", "600", NULL);
  screen_init (&screen, stream);
  /* A signal that comes while it writes is an error of that write, which it remembers until it
   * ends: so it has to wait for a key. With a signal it forgets the keys that it has not read:
   * the next one is typed when it has shown everything again. */
  expect (&screen, "PID");
  type (&screen, "h");
  expect (&screen, "Type 'q' or <Esc> to continue");
  g_assert_true (gproc_stream_resize (stream, 40, 132, &error));
  g_assert_no_error (error);
  expect (&screen, "Type 'q' or <Esc> to continue");
  /* The line is filled up to the width. */
  type (&screen, "q");
  expect (&screen, "COMMAND                    ");
  type (&screen, "q");
  rest = expect_end (&screen);
  /* Why it failed, if it did. */
  g_test_message ("%s", rest);
  g_assert_cmpint (wait_for (stream), ==, 0);
}

/* A program that asks for a password asks the terminal, whatever its input is, and does not show
 * it. */
static void
test_password (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = NULL;
  g_auto (Screen) screen = { 0 };
  g_autofree char *rest = NULL;

  if (is_missing ("python3"))
    return;

  stream = launch (launcher, "sh", "-c",
                   "echo nothing | python3 -c 'import getpass; print(len(getpass.getpass()))'",
                   NULL);
  screen_init (&screen, stream);
  expect (&screen, "Password: ");
  type (&screen, "secret\r");
  rest = expect_end (&screen);
  g_assert_cmpstr (rest, ==, "\r\n6\r\n");
  g_assert_cmpint (wait_for (stream), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  gproc_test_init (&argc, &argv);

  gproc_test_add ("/gproc/pty-programs/bash", test_bash);
  gproc_test_add ("/gproc/pty-programs/yes/read", test_yes);
  gproc_test_add ("/gproc/pty-programs/yes/unread", test_yes_unread);
  gproc_test_add ("/gproc/pty-programs/python", test_python);
  gproc_test_add ("/gproc/pty-programs/vi", test_vi);
  gproc_test_add ("/gproc/pty-programs/less", test_less);
  gproc_test_add ("/gproc/pty-programs/top", test_top);
  gproc_test_add ("/gproc/pty-programs/password", test_password);

  return gproc_test_run ();
}
