/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "gproc-test-process.h"

/* The life of a process: waiting, its status, its output. */

static void
test_new (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcStream)
    stream = gproc_stream_new (GPROC_STREAM_FLAGS_STDERR_STDOUT, &error, "sh", "-c",
                               "read line; echo \"<$line>\"; echo done >&2", NULL);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (gproc_stream_get_command (stream), ==, "sh");
  g_assert_null (gproc_stream_get_stderr (stream));
  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), "text\n", -1, &error));
  first = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_cmpstr (first, ==, "<text>");
  second = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_cmpstr (second, ==, "done");
  g_assert_true (gproc_stream_wait_check (stream, NULL, &error));
  g_assert_no_error (error);
}

static void
test_new_missing (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcStream)
    stream = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, &error, "gproc-no-such-program", NULL);

  g_assert_null (stream);
  g_assert_nonnull (strstr (error->message, "gproc-no-such-program"));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_exit_code (gconstpointer data)
{
  const char *code = data;
  const int expected = atoi (code);
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_STDIN_NULL, "exit-code", code);
  g_autofree char *pid = g_strdup_printf ("%d", gproc_stream_get_pid (stream));
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (gproc_stream_get_pid (stream), >, 1);
  g_assert_cmpstr (gproc_stream_get_identifier (stream), ==, pid);
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, expected);
  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_try_wait (stream), ==, expected);
  g_assert_cmpint (gproc_stream_get_returncode (stream), ==, expected);
  g_assert_cmpint (gproc_stream_get_shell_status (stream), ==, expected);
  g_assert_true (gproc_stream_get_if_exited (stream));
  g_assert_cmpint (gproc_stream_get_exit_status (stream), ==, expected);
  g_assert_false (gproc_stream_get_if_signaled (stream));
  g_assert_cmpint (gproc_stream_get_term_sig (stream), ==, 0);
  g_assert_cmpint (gproc_stream_get_successful (stream), ==, expected == 0);
  g_assert_true (WIFEXITED (gproc_stream_get_status (stream)));
  g_assert_cmpint (WEXITSTATUS (gproc_stream_get_status (stream)), ==, expected);
  g_assert_false (gproc_stream_get_running (stream));
}

static void
test_signalled (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "kill-self", "9");
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, -SIGKILL);
  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_get_shell_status (stream), ==, 128 + SIGKILL);
  g_assert_false (gproc_stream_get_if_exited (stream));
  g_assert_cmpint (gproc_stream_get_exit_status (stream), ==, -1);
  g_assert_true (gproc_stream_get_if_signaled (stream));
  g_assert_cmpint (gproc_stream_get_term_sig (stream), ==, SIGKILL);
  g_assert_false (gproc_stream_get_successful (stream));
  g_assert_true (WIFSIGNALED (gproc_stream_get_status (stream)));
  g_assert_cmpint (WTERMSIG (gproc_stream_get_status (stream)), ==, SIGKILL);
}

/* While it runs, nothing is known, and asking does not block. */
static void
test_try_wait (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "eof-exit", "3");
  g_autoptr (GError) error = NULL;
  int pidfd = gproc_stream_get_pidfd (stream);

  g_assert_cmpint (gproc_stream_try_wait (stream), ==, GPROC_RETURNCODE_NONE);
  g_assert_true (gproc_stream_get_running (stream));
  g_assert_cmpint (gproc_stream_get_status (stream), ==, -1);
  g_assert_cmpint (gproc_stream_get_shell_status (stream), ==, GPROC_RETURNCODE_NONE);
  g_assert_true (gproc_writer_write_eof (gproc_stream_get_stdin (stream), &error));
  g_assert_no_error (error);

  /* With a pidfd the answer is there as soon as that says so. */
  if (pidfd >= 0)
    {
      while (!gproc_test_fd_is_ready (pidfd, G_IO_IN))
        continue;
      g_assert_cmpint (gproc_stream_try_wait (stream), ==, 3);
    }
  else
    {
      while (gproc_stream_try_wait (stream) == GPROC_RETURNCODE_NONE)
        continue;
      g_assert_cmpint (gproc_stream_try_wait (stream), ==, 3);
    }
  g_assert_false (gproc_stream_get_running (stream));
}

/* The wait is for the process alone: the pipes are held by a grandchild. */
static void
test_wait_not_pipes (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "fork-and-hold", "4");
  g_autoptr (GError) error = NULL;
  g_autofree char *pid = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  gproc_stream_wait_async (stream, 0, NULL, gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);
  g_assert_cmpint (gproc_stream_wait_finish (stream, gproc_test_call_wait (&call), &error), ==, 4);
  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 4);

  pid = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_no_error (error);
  g_assert_no_errno (kill (atoi (pid), SIGKILL));
}

static void
test_many_waiters (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "eof-exit", "5");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GProcTestCall calls[10] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    gproc_stream_wait_async (stream, 0, i % 2 == 0 ? cancellable : NULL, gproc_test_call_done,
                             &calls[i]);
  gproc_test_settle ();
  g_cancellable_cancel (cancellable);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i += 2)
    {
      g_assert_cmpint (gproc_stream_wait_finish (stream, gproc_test_call_wait (&calls[i]), &error),
                       ==, GPROC_RETURNCODE_NONE);
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  g_assert_true (gproc_stream_get_running (stream));

  g_assert_true (gproc_writer_write_eof (gproc_stream_get_stdin (stream), &error));
  for (guint i = 1; i < G_N_ELEMENTS (calls); i += 2)
    {
      g_assert_cmpint (gproc_stream_wait_finish (stream, gproc_test_call_wait (&calls[i]), &error),
                       ==, 5);
      g_assert_no_error (error);
    }
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    gproc_test_call_clear (&calls[i]);
}

static void
test_wait_cancelled (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "hold", NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_cmpint (gproc_stream_wait (stream, cancellable, &error), ==, GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  end (stream);
}

/* A blocking wait writes what is queued, and no context is iterated. */
static void
test_wait_pushes_queue (void)
{
  const gsize size = 1024 * 1024;
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_STDOUT_NULL, "count", NULL);
  g_autofree char *zeros = g_malloc0 (size);
  g_autoptr (GError) error = NULL;

  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), zeros, size, &error));
  g_assert_true (gproc_writer_write_eof (gproc_stream_get_stdin (stream), &error));
  g_assert_no_error (error);
  gproc_test_wakeups_reset ();
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_cmpuint (gproc_test_polls (), ==, 0);
  g_assert_cmpuint (gproc_writer_get_bytes_written (gproc_stream_get_stdin (stream)), ==, size);
}

static void
test_check (void)
{
  g_autoptr (GProcStream) fine = spawn (GPROC_STREAM_FLAGS_NONE, "exit-code", "0");
  g_autoptr (GProcStream) failed = spawn (GPROC_STREAM_FLAGS_STDERR_PIPE, "out-err", "7");
  g_autoptr (GProcStream) killed = spawn (GPROC_STREAM_FLAGS_STDERR_PIPE, "kill-self", "15");
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  g_assert_true (gproc_stream_wait_check (fine, NULL, &error));
  g_assert_no_error (error);

  g_assert_false (gproc_stream_wait_check (failed, NULL, &error));
  g_assert_nonnull (strstr (error->message, "gproc-testprog"));
  g_assert_nonnull (strstr (error->message, "7"));
  g_assert_nonnull (strstr (error->message, "err"));
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_EXIT_STATUS);
  bytes = gproc_reader_read_to_end (gproc_stream_get_stderr (failed), -1, NULL, &error);
  gproc_test_assert_bytes (bytes, "err\n");

  gproc_stream_wait_check_async (killed, 0, NULL, gproc_test_call_done, &call);
  g_assert_false (gproc_stream_wait_check_finish (killed, gproc_test_call_wait (&call), &error));
  g_assert_nonnull (strstr (error->message, "SIGTERM"));
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_SIGNALED);
}

/* Of a long standard error the message has the end, and the reader all of it. */
static void
test_check_tail (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcStream) stream = gproc_stream_new (
    GPROC_STREAM_FLAGS_STDERR_PIPE, &error, "sh", "-c",
    "i=0; while [ $i -lt 1000 ]; do echo \"number $i\" >&2; i=$((i+1)); done;"
    " exit 1",
    NULL);
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *line = NULL;

  g_assert_no_error (error);
  line = gproc_reader_read_line_utf8 (gproc_stream_get_stderr (stream), NULL, &error);
  g_assert_cmpstr (line, ==, "number 0");
  g_assert_false (gproc_stream_wait_check (stream, NULL, &error));
  g_assert_nonnull (strstr (error->message, "number 999"));
  g_assert_null (strstr (error->message, "number 500"));
  g_assert_cmpuint (strlen (error->message), <, 4096 + 200);
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_EXIT_STATUS);

  bytes = gproc_reader_read_to_end (gproc_stream_get_stderr (stream), -1, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (g_bytes_get_data (bytes, NULL), "number 1\n"));
}

/* Exit and the end of the output are two things. */
static void
test_signals (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_STDERR_PIPE, "out-err", "6");
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  Emissions emissions;

  listen_to (stream, &emissions);
  gproc_test_wait_for (emissions.n_exited);
  g_assert_cmpint (emissions.returncode, ==, 6);
  g_assert_cmpuint (emissions.n_running, ==, 1);
  g_assert_cmpuint (emissions.n_returncode, ==, 1);
  g_assert_cmpuint (emissions.n_timed_out, ==, 0);
  g_assert_cmpuint (emissions.n_ended, ==, 0);

  bytes = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
  gproc_test_assert_bytes (bytes, "out\n");
  g_clear_pointer (&bytes, g_bytes_unref);
  gproc_test_settle ();
  g_assert_cmpuint (emissions.n_ended, ==, 0);
  bytes = gproc_reader_read_to_end (gproc_stream_get_stderr (stream), -1, NULL, &error);
  gproc_test_assert_bytes (bytes, "err\n");
  gproc_test_settle ();
  g_assert_cmpuint (emissions.n_ended, ==, 1);
  g_assert_cmpuint (emissions.n_exited, ==, 1);
  g_assert_cmpuint (emissions.n_held, ==, 0);
}

static void
test_pipes_held (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "fork-and-hold", "0");
  g_autoptr (GError) error = NULL;
  g_autofree char *pid = NULL;
  Emissions emissions;

  gproc_stream_set_post_exit_grace (stream, 10);
  listen_to (stream, &emissions);
  gproc_test_wait_for (emissions.n_held);
  g_assert_cmpuint (emissions.n_exited, ==, 1);
  g_assert_cmpuint (emissions.n_ended, ==, 0);
  /* It was not found by reading. */
  g_assert_cmpuint (gproc_reader_get_buffered (gproc_stream_get_stdout (stream)), ==, 0);

  pid = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_no_error (error);
  g_assert_no_errno (kill (atoi (pid), SIGKILL));
}

/* Unread output is not a held pipe. */
static void
test_pipes_not_held (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "echo", "text");
  Emissions emissions;

  gproc_stream_set_post_exit_grace (stream, 0);
  listen_to (stream, &emissions);
  gproc_test_wait_for (emissions.n_exited);
  gproc_test_run_for (20);
  g_assert_cmpuint (emissions.n_held, ==, 0);
}

/* The stream does not live on for its own wait, and says nothing afterwards. */
static void
test_disposed_early (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "eof-exit", "0");
  Emissions emissions;

  listen_to (stream, &emissions);
  gproc_test_settle ();
  g_clear_object (&stream);
  gproc_test_run_for (20);
  g_assert_cmpuint (emissions.n_exited, ==, 0);
}

/* A stream that waits costs its context no source. */
static void
test_idle_sources (void)
{
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  guint i;

  for (i = 0; i < 20; i++)
    g_ptr_array_add (streams, spawn (GPROC_STREAM_FLAGS_NONE, "eof-exit", "0"));
  gproc_test_settle ();
  gproc_test_wakeups_reset ();
  gproc_test_run_for (20);
  g_assert_cmpuint (gproc_test_wakeups (), ==, 0);
  g_assert_cmpuint (gproc_test_polls (), <=, 3);
}

static void
test_wait_buffered (gconstpointer data)
{
  const gboolean async = GPOINTER_TO_UINT (data) != 0;
  const gsize size = 1024 * 1024;
  g_autofree char *count = g_strdup_printf ("%" G_GSIZE_FORMAT, size);
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_STDERR_PIPE, "flood-both", count);
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  if (async)
    {
      gproc_stream_wait_buffered_async (stream, 2 * size, 0, NULL, gproc_test_call_done, &call);
      g_assert_cmpint (gproc_stream_wait_buffered_finish (stream, gproc_test_call_wait (&call),
                                                          &error),
                       ==, 0);
    }
  else
    {
      gproc_test_wakeups_reset ();
      g_assert_cmpint (gproc_stream_wait_buffered (stream, 2 * size, NULL, &error), ==, 0);
      g_assert_cmpuint (gproc_test_polls (), ==, 0);
    }
  g_assert_no_error (error);

  g_assert_cmpuint (gproc_reader_get_buffered (gproc_stream_get_stdout (stream)), ==, size);
  out = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
  g_assert_cmpuint (g_bytes_get_size (out), ==, size);
  err = gproc_reader_read_to_end (gproc_stream_get_stderr (stream), -1, NULL, &error);
  g_assert_cmpuint (g_bytes_get_size (err), ==, size);
}

/* More than was allowed for: all of it can still be read. */
static void
test_wait_buffered_limit (void)
{
  const gsize size = 1024 * 1024;
  g_autofree char *count = g_strdup_printf ("%" G_GSIZE_FORMAT, size);
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_STDERR_PIPE, "flood-both", count);
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) read_out = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) read_err = GPROC_TEST_CALL_INIT;

  g_assert_cmpint (gproc_stream_wait_buffered (stream, size / 2, NULL, &error), ==,
                   GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_LIMIT_OVERRUN);

  gproc_reader_read_to_end_async (gproc_stream_get_stdout (stream), -1, 0, NULL,
                                  gproc_test_call_done, &read_out);
  gproc_reader_read_to_end_async (gproc_stream_get_stderr (stream), -1, 0, NULL,
                                  gproc_test_call_done, &read_err);
  out = gproc_reader_read_to_end_finish (gproc_stream_get_stdout (stream),
                                         gproc_test_call_wait (&read_out), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (out), ==, size);
  err = gproc_reader_read_to_end_finish (gproc_stream_get_stderr (stream),
                                         gproc_test_call_wait (&read_err), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (err), ==, size);
}

static void
test_subprocess (void)
{
  g_autofree char *program = gproc_test_program ("gproc-testprog");
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess)
    subprocess = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                     G_SUBPROCESS_FLAGS_STDERR_PIPE,
                                   &error, program, "eof-exit", "9", NULL);
  g_autofree char *pid = g_strdup (g_subprocess_get_identifier (subprocess));
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GBytes) bytes = NULL;
  Emissions emissions;

  g_assert_no_error (error);
  gproc_test_track (subprocess);
  stream = gproc_stream_new_for_subprocess (subprocess);
  gproc_test_track (stream);
  gproc_test_track (gproc_stream_get_backend (stream));
  listen_to (stream, &emissions);

  g_assert_cmpstr (gproc_stream_get_identifier (stream), ==, pid);
  g_assert_cmpint (gproc_stream_get_pid (stream), ==, atoi (pid));
  g_assert_true (
    gproc_test_fd_is_nonblocking (gproc_writer_get_fd (gproc_stream_get_stdin (stream))));
  g_assert_true (gproc_stream_get_running (stream));
  g_assert_false (gproc_stream_send_signal_group (stream, SIGUSR1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);

  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), "text", -1, &error));
  g_assert_true (gproc_writer_write_eof (gproc_stream_get_stdin (stream), &error));
  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 9);
  g_assert_no_error (error);
  g_assert_true (WIFEXITED (gproc_stream_get_status (stream)));
  g_assert_cmpint (WEXITSTATUS (gproc_stream_get_status (stream)), ==, 9);
  g_assert_false (gproc_stream_kill (stream, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  gproc_test_wait_for (emissions.n_exited);
  g_assert_cmpint (emissions.returncode, ==, 9);
  bytes = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
}

/* A gigabyte to a standard error that nobody reads: the process waits, and the
 * application neither wakes up nor takes anything in. */
static void
test_unread_flood (void)
{
  g_autoptr (GProcStream)
    stream = spawn (GPROC_STREAM_FLAGS_STDERR_PIPE, "flood-stderr", "1073741824");
  g_autoptr (GProcStream) dropped = NULL;
  g_autoptr (GError) error = NULL;

  while (!gproc_test_fd_is_ready (gproc_reader_get_fd (gproc_stream_get_stderr (stream)), G_IO_IN))
    continue;
  gproc_test_settle ();
  gproc_test_wakeups_reset ();
  gproc_test_run_for (50);
  g_assert_cmpuint (gproc_test_wakeups (), ==, 0);
  g_assert_cmpuint (gproc_reader_get_buffered (gproc_stream_get_stderr (stream)), ==, 0);
  g_assert_true (gproc_stream_get_running (stream));
  g_assert_true (gproc_stream_stop (stream, 1000, NULL, &error));
  g_assert_no_error (error);

  /* Dropped, it goes through. */
  dropped = spawn (GPROC_STREAM_FLAGS_STDERR_NULL, "flood-stderr", "1073741824");
  g_assert_true (gproc_stream_wait_check (dropped, NULL, &error));
  g_assert_no_error (error);
}

static void
dispose_in_fork (gconstpointer data)
{
  GProcStream *stream = (GProcStream *) data;

  g_object_unref (stream);
  g_object_unref (stream);
}

/* In the child of a fork the stream is let go of: that is not for the process, nor for
 * the stream of the parent. */
static void
test_fork_dispose (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_STOP_ON_CLOSE, "cat", NULL);
  g_autoptr (GBytes) input = g_bytes_new_static ("text", 4);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;
  Emissions emissions;

  listen_to (stream, &emissions);
  gproc_test_settle ();
  g_object_ref (stream);
  gproc_test_fork (dispose_in_fork, stream);
  g_object_unref (stream);
  gproc_test_settle ();
  g_assert_true (gproc_stream_get_running (stream));

  result = gproc_stream_communicate (stream, input, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "text");
  gproc_test_wait_for (emissions.n_exited);
}

int
main (int    argc,
      char **argv)
{
  gproc_test_init (&argc, &argv);

  gproc_test_add ("/gproc/process/new", test_new);
  gproc_test_add ("/gproc/process/new/missing", test_new_missing);
  gproc_test_add_data ("/gproc/process/exit-code/0", "0", test_exit_code);
  gproc_test_add_data ("/gproc/process/exit-code/42", "42", test_exit_code);
  gproc_test_add_data ("/gproc/process/exit-code/255", "255", test_exit_code);
  gproc_test_add ("/gproc/process/signalled", test_signalled);
  gproc_test_add ("/gproc/process/try-wait", test_try_wait);
  gproc_test_add ("/gproc/process/wait-not-pipes", test_wait_not_pipes);
  gproc_test_add ("/gproc/process/many-waiters", test_many_waiters);
  gproc_test_add ("/gproc/process/wait-cancelled", test_wait_cancelled);
  gproc_test_add ("/gproc/process/wait-pushes-queue", test_wait_pushes_queue);
  gproc_test_add ("/gproc/process/check", test_check);
  gproc_test_add ("/gproc/process/check/tail", test_check_tail);
  gproc_test_add ("/gproc/process/signals", test_signals);
  gproc_test_add ("/gproc/process/pipes-held", test_pipes_held);
  gproc_test_add ("/gproc/process/pipes-held/not", test_pipes_not_held);
  gproc_test_add ("/gproc/process/disposed-early", test_disposed_early);
  gproc_test_add ("/gproc/process/idle-sources", test_idle_sources);
  gproc_test_add_data ("/gproc/process/wait-buffered/sync", GUINT_TO_POINTER (0),
                       test_wait_buffered);
  gproc_test_add_data ("/gproc/process/wait-buffered/async", GUINT_TO_POINTER (1),
                       test_wait_buffered);
  gproc_test_add ("/gproc/process/wait-buffered/limit", test_wait_buffered_limit);
  gproc_test_add ("/gproc/process/gio-subprocess", test_subprocess);
  gproc_test_add ("/gproc/process/unread-flood", test_unread_flood);
  gproc_test_add ("/gproc/process/fork-dispose", test_fork_dispose);

  return gproc_test_run ();
}
