/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a process finds that has a terminal of the library's. */

/* Set by main (). */
static char *testprog;

static char *
output_of (GProcLauncher *launcher,
           const char    *argv0,
           const char    *argv1,
           const char    *argv2)
{
  g_autoptr (GProcStream) stream = launch (launcher, argv0, argv1, argv2, NULL);
  g_auto (Screen) screen = { 0 };
  char *output;

  screen_init (&screen, stream);
  output = expect_end (&screen);
  g_assert_cmpint (wait_for (stream), ==, 0);

  return output;
}

/* Each of the three on a terminal or a pipe: the process finds what was asked for, and what it
 * writes arrives where it was said to. */
static void
test_dispositions (gconstpointer data)
{
  const guint which = GPOINTER_TO_UINT (data);
  const GProcDisposition kinds[] = {
    (which & 1) != 0 ? GPROC_DISPOSITION_PTY : GPROC_DISPOSITION_PIPE,
    (which & 2) != 0 ? GPROC_DISPOSITION_PTY : GPROC_DISPOSITION_PIPE,
    (which & 4) != 0 ? GPROC_DISPOSITION_PTY : GPROC_DISPOSITION_PIPE,
  };
  static const char script[] = "test -t 0 && echo 0; test -t 1 && echo 1; test -t 2 && echo 2;"
                               "read line; echo \"got $line\"; echo error >&2; echo tty >/dev/tty";
  g_autoptr (GProcLauncher) launcher = gproc_test_track (gproc_launcher_new ());
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;
  g_autofree char *shown = NULL;
  GProcReader *reader;

  gproc_launcher_set_stdin (launcher, kinds[0]);
  gproc_launcher_set_stdout (launcher, kinds[1]);
  gproc_launcher_set_stderr (launcher, kinds[2]);
  gproc_launcher_set_pty_echo (launcher, FALSE);
  stream = launch (launcher, "sh", "-c", script, NULL);

  g_assert_true (gproc_stream_get_is_pty (stream));
  g_assert_cmpint (gproc_stream_get_pty_fd (stream), >, 2);
  g_assert_nonnull (gproc_stream_get_stdin (stream));
  g_assert_cmpint (gproc_writer_can_write_eof (gproc_stream_get_stdin (stream)), ==,
                   (which & 1) == 0);
  gproc_writer_queue (gproc_stream_get_stdin (stream), "line\n", -1, &error);
  g_assert_no_error (error);

  /* One reader has all that is shown on the terminal: that of the first output on it. */
  if ((which & 2) != 0)
    reader = gproc_stream_get_stdout (stream);
  else if ((which & 4) != 0)
    reader = gproc_stream_get_stderr (stream);
  else
    reader = gproc_stream_get_reader (stream, 0);
  g_assert_nonnull (reader);
  g_assert_cmpint ((which & 6) == 6, ==, gproc_stream_get_stderr (stream) == NULL);

  for (guint i = 0; i < 3; i++)
    {
      if ((which & (1u << i)) != 0)
        g_string_append_printf (expected, "%u%s", i, (which & 2) != 0 ? "\r\n" : "\n");
    }
  g_string_append (expected, (which & 2) != 0 ? "got line\r\n" : "got line\n");

  if ((which & 2) == 0)
    {
      out = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
      g_assert_no_error (error);
      gproc_test_assert_bytes (out, expected->str);
      g_string_truncate (expected, 0);
    }
  if ((which & 4) != 0)
    {
      g_string_append (expected, "error\r\n");
    }
  else
    {
      g_autoptr (GBytes) text = NULL;

      text = gproc_reader_read_to_end (gproc_stream_get_stderr (stream), -1, NULL, &error);
      g_assert_no_error (error);
      gproc_test_assert_bytes (text, "error\n");
    }
  g_string_append (expected, "tty\r\n");

  err = gproc_reader_read_to_end (reader, -1, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (err, expected->str);
  g_assert_cmpint (wait_for (stream), ==, 0);
}

/* A program that gathers kilobytes where its output is a pipe answers each line on a terminal,
 * while its input is a pipe with an end, and its errors are apart. */
static void
test_no_block_buffering (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_test_track (gproc_launcher_new ());
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) rest = NULL;
  GProcWriter *writer;
  GProcReader *reader;

  gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_PIPE);
  stream = launch (launcher, "sh", "-c", "sed 's/^/got /'; echo errors >&2", NULL);
  writer = gproc_stream_get_stdin (stream);
  reader = gproc_stream_get_stdout (stream);

  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (GBytes) line = NULL;

      g_assert_true (gproc_writer_queue (writer, "line\n", -1, &error));
      line = gproc_reader_read_line (reader, NULL, &error);
      g_assert_no_error (error);
      gproc_test_assert_bytes (line, "got line\r\n");
    }

  g_assert_true (gproc_writer_can_write_eof (writer));
  g_assert_true (gproc_writer_write_eof (writer, &error));
  g_assert_null (gproc_reader_read_line (reader, NULL, &error));
  g_assert_no_error (error);
  rest = gproc_reader_read_to_end (gproc_stream_get_stderr (stream), -1, NULL, &error);
  gproc_test_assert_bytes (rest, "errors\n");
  g_assert_cmpint (wait_for (stream), ==, 0);
}

/* The process leads its session and its group, which is in the foreground of its terminal. */
static void
test_session (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = launch (launcher, testprog, "print-pgid", NULL);
  g_auto (Screen) screen = { 0 };
  g_autofree char *output = NULL;
  g_autofree char *expected = NULL;
  int pid = gproc_stream_get_pid (stream);

  screen_init (&screen, stream);
  output = expect_end (&screen);
  expected = g_strdup_printf ("%d %d %d %d\r\n", pid, pid, pid, (int) getpid ());
  g_assert_cmpstr (output, ==, expected);
  g_assert_cmpint (wait_for (stream), ==, 0);
}

/* Nothing of ours but the terminal: the master side must not be there, or it would never end. */
static void
test_descriptors (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autofree char *output = output_of (launcher, testprog, "print-fds", NULL);

  g_assert_cmpstr (output, ==, "0\r\n1\r\n2\r\n");
}

static void
test_size (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autofree char *by_default = output_of (launcher, "stty", "size", NULL);
  g_autofree char *set = NULL;
  guint rows, columns;

  g_assert_cmpstr (by_default, ==, "24 80\r\n");
  gproc_launcher_set_pty_size (launcher, 33, 101);
  gproc_launcher_get_pty_size (launcher, &rows, &columns);
  g_assert_cmpuint (rows, ==, 33);
  g_assert_cmpuint (columns, ==, 101);
  gproc_launcher_get_pty_size (launcher, NULL, NULL);
  set = output_of (launcher, "stty", "size", NULL);
  g_assert_cmpstr (set, ==, "33 101\r\n");
}

/* Whether "stty -a" names @mode. */
static void
assert_mode (const char *modes,
             const char *mode)
{
  g_auto (GStrv) words = g_strsplit_set (modes, " ;\r\n", -1);

  if (!g_strv_contains ((const char * const *) words, mode))
    g_error ("“%s” is not in “%s”", mode, modes);
}

static void
test_modes (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autofree char *cooked = output_of (launcher, "stty", "-a", NULL);
  g_autofree char *quiet = NULL;
  g_autofree char *raw = NULL;
  gboolean echo;

  assert_mode (cooked, "icanon");
  assert_mode (cooked, "isig");
  assert_mode (cooked, "echo");
  assert_mode (cooked, "opost");
  assert_mode (cooked, "iutf8");

  g_assert_true (gproc_launcher_get_pty_echo (launcher));
  gproc_launcher_set_pty_echo (launcher, FALSE);
  g_object_get (launcher, "pty-echo", &echo, NULL);
  g_assert_false (echo);
  quiet = output_of (launcher, "stty", "-a", NULL);
  assert_mode (quiet, "icanon");
  assert_mode (quiet, "-echo");

  g_assert_false (gproc_launcher_get_pty_raw (launcher));
  g_object_set (launcher, "pty-raw", TRUE, "pty-echo", TRUE, NULL);
  g_assert_true (gproc_launcher_get_pty_raw (launcher));
  raw = output_of (launcher, "stty", "-a", NULL);
  assert_mode (raw, "-icanon");
  assert_mode (raw, "-isig");
  assert_mode (raw, "-echo");
  assert_mode (raw, "-opost");
}

/* In raw mode bytes pass as they are, all of them. */
static void
test_raw_bytes (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  const gsize size = gproc_test_scale (1024 * 1024);
  g_autoptr (GBytes) sent = gproc_test_random_bytes (size);
  g_autofree char *length = g_strdup_printf ("%zu", size);
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GBytes) received = NULL;
  g_autoptr (GError) error = NULL;

  gproc_launcher_set_pty_raw (launcher, TRUE);
  stream = launch (launcher, "head", "-c", length, NULL);
  gproc_writer_queue_bytes (gproc_stream_get_stdin (stream), sent, &error);
  g_assert_no_error (error);
  received = gproc_reader_read_exactly (gproc_stream_get_stdout (stream), size, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_equal (sent, received);
  g_assert_cmpint (wait_for (stream), ==, 0);
}

static void
test_long_line_raw (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autofree char *line = g_strnfill (10000, 'x');
  g_autoptr (GProcStream) stream = NULL;
  g_autofree char *received = NULL;
  g_autoptr (GError) error = NULL;

  gproc_launcher_set_pty_raw (launcher, TRUE);
  stream = launch (launcher, "head", "-n", "1", NULL);
  line[9999] = '\n';
  gproc_writer_queue (gproc_stream_get_stdin (stream), line, -1, &error);
  g_assert_no_error (error);
  received = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_no_error (error);
  line[9999] = '\0';
  g_assert_cmpstr (received, ==, line);
  g_assert_cmpint (wait_for (stream), ==, 0);
}

/* The kernel would drop the rest of the line, and say nothing. */
static void
test_long_line (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autofree char *line = g_strnfill (10000, 'x');
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GError) error = NULL;
  GProcWriter *writer;
  g_auto (Screen) screen = { 0 };

  gproc_launcher_set_pty_echo (launcher, FALSE);
  stream = launch (launcher, "sh", "-c", "read a; echo ${#a}; read b; echo ${#b}", NULL);
  screen_init (&screen, stream);
  writer = gproc_stream_get_stdin (stream);

  g_assert_false (gproc_writer_queue (writer, line, -1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_false (
    g_output_stream_write_all (G_OUTPUT_STREAM (writer), line, 10000, NULL, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_ptr_array_add (pieces, g_bytes_new_static ("short\n", 6));
  g_ptr_array_add (pieces, g_bytes_new_static (line, 4096));
  g_assert_false (gproc_writer_queuev (writer, pieces, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_cmpuint (gproc_writer_get_bytes_accepted (writer), ==, 0);

  /* The longest one, in two pieces: both are one line. */
  gproc_writer_queue (writer, line, 4000, &error);
  g_assert_no_error (error);
  g_assert_false (gproc_writer_queue (writer, line, 96, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  gproc_writer_queue (writer, line, 95, &error);
  g_assert_no_error (error);
  gproc_writer_queue (writer, "\n", 1, &error);
  g_assert_no_error (error);
  expect (&screen, "4095\r\n");

  /* What is erased is not counted, and neither is a line that was given up (Ctrl-U). */
  gproc_writer_queue (writer, line, 4000, &error);
  gproc_writer_queue (writer, "\x15", 1, &error);
  gproc_writer_queue (writer, line, 4000, &error);
  gproc_writer_queue (writer, "\x7f", 1, &error);
  gproc_writer_queue (writer, "\n", 1, &error);
  g_assert_no_error (error);
  expect (&screen, "3999\r\n");
  g_assert_cmpint (wait_for (stream), ==, 0);
}

/* Many lines are not one long one. */
static void
test_many_lines (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GString) lines = g_string_new (NULL);
  g_autoptr (GProcStream) stream = NULL;
  g_autofree char *expected = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (Screen) screen = { 0 };

  for (guint i = 0; i < 3000; i++)
    g_string_append (lines, "a line of text\n");
  g_string_append_c (lines, '\x04');

  gproc_launcher_set_pty_echo (launcher, FALSE);
  stream = launch (launcher, "wc", "-l", NULL);
  screen_init (&screen, stream);
  gproc_writer_queue (gproc_stream_get_stdin (stream), lines->str, (gssize) lines->len, &error);
  g_assert_no_error (error);
  expect (&screen, "3000\r\n");
  g_assert_cmpint (wait_for (stream), ==, 0);
}

static void
test_resize (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (Screen) screen = { 0 };

  stream = launch (launcher, "sh", "-c",
                   "trap 'stty size; exit 3' WINCH; echo ready; while :; do sleep 0.01; done",
                   NULL);
  screen_init (&screen, stream);
  expect (&screen, "ready");

  g_assert_true (gproc_stream_resize (stream, 50, 132, &error));
  g_assert_no_error (error);
  expect (&screen, "50 132\r\n");
  g_assert_cmpint (wait_for (stream), ==, 3);

  /* Nobody is there any more, which is no error; neither is a closed stream then. */
  g_assert_true (gproc_stream_resize (stream, 20, 60, &error));
  g_assert_no_error (error);
  g_assert_true (gproc_backend_resize (gproc_stream_get_backend (stream), 20, 61, &error));
  g_assert_no_error (error);
  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_get_pty_fd (stream), ==, -1);
  g_assert_true (gproc_stream_get_is_pty (stream));
  g_assert_true (gproc_stream_resize (stream, 20, 62, &error));
  g_assert_no_error (error);
}

static void
test_resize_errors (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = launch (launcher, testprog, "hold", NULL);
  g_autoptr (GProcStream) piped = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (gproc_stream_resize (stream, 65536, 80, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gproc_stream_resize (stream, 24, 65536, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_true (gproc_stream_stop (stream, 0, NULL, &error));
  g_assert_no_error (error);

  piped = gproc_test_track (
    gproc_stream_new (GPROC_STREAM_FLAGS_NONE, &error, testprog, "exit-code", "0", NULL));
  g_assert_no_error (error);
  g_assert_false (gproc_stream_get_is_pty (piped));
  g_assert_cmpint (gproc_stream_get_pty_fd (piped), ==, -1);
  g_assert_false (gproc_stream_resize (piped, 24, 80, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_cmpint (wait_for (piped), ==, 0);
}

/* However fast they come, the last one counts. */
static void
test_resize_storm (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (Screen) screen = { 0 };

  stream = launch (launcher, "sh", "-c",
                   "trap : WINCH; echo ready; until test \"$(stty size)\" = '1000 77'; do :; done;"
                   " echo last",
                   NULL);
  screen_init (&screen, stream);
  expect (&screen, "ready");
  for (guint i = 1; i <= 1000; i++)
    g_assert_true (gproc_stream_resize (stream, i, i == 1000 ? 77 : i, &error));
  g_assert_no_error (error);
  expect (&screen, "last");
  g_assert_cmpint (wait_for (stream), ==, 0);
}

/* A terminal that the application has opened itself. */
static void
test_own_master (void)
{
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  struct winsize size;
  int master, slave;

  gproc_test_pty (&master, &slave);
  stream = gproc_test_track (
    gproc_stream_new_for_fds (master, master, -1, GPROC_STREAM_FLAGS_TAKE_FDS));
  g_assert_true (gproc_stream_get_is_pty (stream));
  g_assert_cmpint (gproc_stream_get_pty_fd (stream), ==, master);
  g_assert_true (gproc_stream_resize (stream, 12, 34, &error));
  g_assert_no_error (error);
  g_assert_no_errno (ioctl (slave, TIOCGWINSZ, &size));
  g_assert_cmpuint (size.ws_row, ==, 12);
  g_assert_cmpuint (size.ws_col, ==, 34);

  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
  g_assert_false (gproc_stream_resize (stream, 24, 80, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  gproc_test_close (&slave);
}

/* The kernel drops what a terminal shows once both sides are gone, and says so with an error that
 * may come before the last bytes. */
static void
test_last_bytes (void)
{
  const gsize n_runs = gproc_test_scale (1000);
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();

  for (gsize i = 0; i < n_runs; i++)
    {
      g_autofree char *output = output_of (launcher, testprog, "lines", "3");

      g_assert_cmpstr (output, ==, "line 1\r\nline 2\r\nline 3\r\n");
    }
}

static void
count_done (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes)
    bytes = gproc_reader_read_to_end_finish (GPROC_READER (source), result, &error);

  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, "line 1\r\nline 2\r\nline 3\r\n");
  ++*(guint *) user_data;
}

/* The same with a main loop, and several at once. */
static void
test_last_bytes_async (void)
{
  const guint n_runs = (guint) gproc_test_scale (1000);
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  guint n_done = 0;

  for (guint i = 0; i < n_runs; i += 8)
    {
      g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);

      for (guint j = 0; j < 8; j++)
        {
          GProcStream *stream = launch (launcher, testprog, "lines", "3", NULL);

          g_ptr_array_add (streams, stream);
          gproc_reader_read_to_end_async (gproc_stream_get_stdout (stream), -1, G_PRIORITY_DEFAULT,
                                          NULL, count_done, &n_done);
        }
      gproc_test_wait_for (n_done == i + 8);
      for (guint j = 0; j < 8; j++)
        g_assert_cmpint (wait_for (g_ptr_array_index (streams, j)), ==, 0);
    }
}

/* All that it wrote waits until somebody reads, also when the process is long over. */
static void
test_read_after_exit (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = launch (launcher, testprog, "lines", "3", NULL);
  g_auto (Screen) screen = { 0 };
  g_autofree char *output = NULL;

  screen_init (&screen, stream);
  g_assert_cmpint (wait_for (stream), ==, 0);
  output = expect_end (&screen);
  g_assert_cmpstr (output, ==, "line 1\r\nline 2\r\nline 3\r\n");
  g_assert_true (gproc_reader_at_eof (gproc_stream_get_stdout (stream)));
}

static void
test_write_eof (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = launch (launcher, "cat", NULL);
  GProcWriter *writer = gproc_stream_get_stdin (stream);
  g_autoptr (GError) error = NULL;
  g_auto (Screen) screen = { 0 };

  g_assert_false (gproc_writer_can_write_eof (writer));
  g_assert_false (gproc_writer_write_eof (writer, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);

  /* A terminal has a key for that. */
  screen_init (&screen, stream);
  type (&screen, "word\n");
  expect (&screen, "word\r\nword\r\n");
  type (&screen, "\x04");
  g_assert_cmpint (wait_for (stream), ==, 0);
}

static void
test_communicate (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GBytes) input = g_bytes_new_static ("input", 5);
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GProcResult) run = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) shown = NULL;

  stream = launch (launcher, testprog, "out-err", "5", NULL);
  g_assert_null (gproc_stream_communicate (stream, input, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);

  result = gproc_stream_communicate (stream, NULL, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "out\r\nerr\r\n");
  g_assert_cmpint (gproc_result_get_returncode (result), ==, 5);

  g_assert_null (
    gproc_launcher_run (launcher, (const char *[]){ "cat", NULL }, input, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);

  run = gproc_launcher_run (launcher, (const char *[]){ "tty", NULL }, NULL, NULL, &error);
  g_assert_no_error (error);
  shown = g_bytes_new_from_bytes (gproc_result_get_stdout (run), 0, 9);
  gproc_test_assert_bytes (shown, "/dev/pts/");
}

/* Output on a terminal and input from a pipe: that has an end. */
static void
test_communicate_output (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GBytes) input = g_bytes_new_static ("b\na\n", 4);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;

  gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_PTY);
  result = gproc_launcher_run (launcher, (const char *[]){ "sort", NULL }, input, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "a\r\nb\r\n");
}

/* Who closes our side hangs up. */
static void
test_hangup (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = launch (launcher, testprog, "hold", NULL);
  g_autoptr (GError) error = NULL;
  g_auto (Screen) screen = { 0 };

  screen_init (&screen, stream);
  expect (&screen, "ready");
  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (wait_for (stream), ==, -SIGHUP);
}

static void
test_not_found (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GError) error = NULL;

  g_assert_null (
    gproc_launcher_spawn (launcher, (const char *[]){ "no-such-program", NULL }, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* The user of a terminal may open it by its name. */
static void
test_other_user (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autofree char *output = NULL;

  if (geteuid () != 0)
    {
      g_test_skip ("only root can be somebody else");
      return;
    }

  gproc_launcher_set_user (launcher, 65534);
  gproc_launcher_set_group (launcher, 65534);
  output = output_of (launcher, "sh", "-c", "id -u; echo named >$(tty); echo tty >/dev/tty");
  g_assert_cmpstr (output, ==, "65534\r\nnamed\r\ntty\r\n");
}

static void
test_async_spawn (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (Screen) screen = { 0 };

  gproc_launcher_spawn_async (launcher, (const char *[]){ "stty", "size", NULL }, 0, NULL,
                              gproc_test_call_done, &call);
  stream = gproc_launcher_spawn_finish (launcher, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  screen_init (&screen, gproc_test_track (stream));
  expect (&screen, "24 80\r\n");
  g_assert_cmpint (wait_for (stream), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  static const char * const names[] = { NULL,     "stdin",        "stdout",        "stdin-stdout",
                                        "stderr", "stdin-stderr", "stdout-stderr", "all" };
  int status;

  gproc_test_init (&argc, &argv);
  testprog = gproc_test_program ("gproc-testprog");

  for (guint i = 1; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_strconcat ("/gproc/pty/dispositions/", names[i], NULL);

      gproc_test_add_data (path, GUINT_TO_POINTER (i), test_dispositions);
    }
  gproc_test_add ("/gproc/pty/no-block-buffering", test_no_block_buffering);
  gproc_test_add ("/gproc/pty/session", test_session);
  gproc_test_add ("/gproc/pty/descriptors", test_descriptors);
  gproc_test_add ("/gproc/pty/size", test_size);
  gproc_test_add ("/gproc/pty/modes", test_modes);
  gproc_test_add ("/gproc/pty/raw-bytes", test_raw_bytes);
  gproc_test_add ("/gproc/pty/long-line/raw", test_long_line_raw);
  gproc_test_add ("/gproc/pty/long-line/canonical", test_long_line);
  gproc_test_add ("/gproc/pty/many-lines", test_many_lines);
  gproc_test_add ("/gproc/pty/resize", test_resize);
  gproc_test_add ("/gproc/pty/resize-errors", test_resize_errors);
  gproc_test_add ("/gproc/pty/resize-storm", test_resize_storm);
  gproc_test_add ("/gproc/pty/own-master", test_own_master);
  gproc_test_add ("/gproc/pty/last-bytes/blocking", test_last_bytes);
  gproc_test_add ("/gproc/pty/last-bytes/async", test_last_bytes_async);
  gproc_test_add ("/gproc/pty/read-after-exit", test_read_after_exit);
  gproc_test_add ("/gproc/pty/write-eof", test_write_eof);
  gproc_test_add ("/gproc/pty/communicate/all", test_communicate);
  gproc_test_add ("/gproc/pty/communicate/output", test_communicate_output);
  gproc_test_add ("/gproc/pty/hangup", test_hangup);
  gproc_test_add ("/gproc/pty/not-found", test_not_found);
  gproc_test_add ("/gproc/pty/other-user", test_other_user);
  gproc_test_add ("/gproc/pty/async-spawn", test_async_spawn);

  status = gproc_test_run ();
  g_free (testprog);

  return status;
}
