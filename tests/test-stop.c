/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <signal.h>
#include <string.h>

#include "gproc-test-process.h"

/* The end of a process: signals, stopping, timeouts, closing and giving up. */

static void
test_send_signal (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "report-signals", NULL);
  g_autofree char *number = NULL;
  g_autoptr (GError) error = NULL;

  wait_ready (stream);
  g_assert_true (gproc_stream_send_signal (stream, SIGUSR1, &error));
  g_assert_no_error (error);
  number = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_cmpint (atoi (number), ==, SIGUSR1);
  g_clear_pointer (&number, g_free);
  g_assert_true (gproc_stream_terminate (stream, &error));
  number = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_cmpint (atoi (number), ==, SIGTERM);
  g_clear_pointer (&number, g_free);
  g_assert_true (gproc_stream_send_signal_group (stream, SIGHUP, &error));
  g_assert_no_error (error);
  number = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_cmpint (atoi (number), ==, SIGHUP);

  g_assert_true (gproc_stream_kill (stream, &error));
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, -SIGKILL);
  g_assert_no_error (error);

  g_assert_false (gproc_stream_send_signal (stream, SIGUSR1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_false (gproc_stream_send_signal_group (stream, SIGUSR1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_stop (gconstpointer data)
{
  const gboolean async = GPOINTER_TO_UINT (data) != 0;
  g_autoptr (GProcStream) polite = spawn (GPROC_STREAM_FLAGS_NONE, "late-term", "8");
  g_autoptr (GProcStream) stubborn = spawn (GPROC_STREAM_FLAGS_NONE, "ignore-term", NULL);
  GProcStream *streams[] = { polite, stubborn };
  const guint graces[] = { 60 * 1000, 20 };
  g_autofree char *line = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

      wait_ready (streams[i]);
      if (async)
        {
          gproc_stream_stop_async (streams[i], graces[i], 0, NULL, gproc_test_call_done, &call);
          g_assert_true (
            gproc_stream_stop_finish (streams[i], gproc_test_call_wait (&call), &error));
        }
      else
        {
          g_assert_true (gproc_stream_stop (streams[i], graces[i], NULL, &error));
        }
      g_assert_no_error (error);
    }

  g_assert_cmpint (gproc_stream_get_returncode (polite), ==, 8);
  g_assert_cmpint (gproc_stream_get_returncode (stubborn), ==, -SIGKILL);

  /* Output can be read afterwards, and stopping twice is no error. */
  line = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (polite), NULL, &error);
  g_assert_cmpstr (line, ==, "term");
  g_assert_true (gproc_stream_stop (polite, 0, NULL, &error));
  g_assert_no_error (error);
}

/* Cancelling ends the waiting, not the stopping. */
static void
test_stop_cancelled (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "ignore-term", NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  wait_ready (stream);
  g_cancellable_cancel (cancellable);
  g_assert_false (gproc_stream_stop (stream, 10, cancellable, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, -SIGKILL);
  g_assert_no_error (error);
}

static void
test_stop_group (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "fork-ignore-term", NULL);
  g_autofree char *pid = NULL;
  g_autoptr (GBytes) rest = NULL;
  g_autoptr (GError) error = NULL;

  pid = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_true (gproc_stream_stop (stream, 20, NULL, &error));
  g_assert_no_error (error);
  /* The grandchild had the pipe: its end means that it is gone as well. */
  rest = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
  g_assert_no_error (error);
}

static void
test_timeout (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcResult) result = NULL;
  g_autofree char *line = NULL;
  Emissions emissions;

  gproc_launcher_set_timeout (launcher, 30);
  gproc_launcher_set_stop_grace (launcher, 20);
  stream = spawn_full (launcher, 0, "ignore-term", NULL, NULL);
  listen_to (stream, &emissions);

  /* The loop of the application does not run meanwhile. */
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_true (gproc_stream_get_timed_out (stream));
  g_assert_cmpint (gproc_stream_get_returncode (stream), ==, -SIGKILL);
  g_assert_false (gproc_stream_wait_check (stream, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  result = gproc_stream_communicate (stream, NULL, NULL, &error);
  g_assert_null (result);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  line = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, "ready");
  gproc_test_wait_for (emissions.n_exited);
  g_assert_cmpuint (emissions.n_timed_out, ==, 1);
}

/* Closing leaves the process alone. */
static void
test_close_keeps (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_STDOUT_NULL, "hold", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
  gproc_test_run_for (20);
  g_assert_true (gproc_stream_get_running (stream));
  end (stream);
}

static void
test_close_stops (gconstpointer data)
{
  const gboolean unref = GPOINTER_TO_UINT (data) != 0;
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_STOP_ON_CLOSE, "late-term", "0");
  g_autoptr (GError) error = NULL;

  wait_ready (stream);
  if (unref)
    {
      /* The teardown sees that the child is gone. */
      g_clear_object (&stream);
      return;
    }

  g_assert_true (gproc_stream_get_stop_on_close (stream));
  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
  gproc_stream_wait (stream, NULL, &error);
  g_assert_no_error (error);
}

static void
test_abort (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "fork-ignore-term", NULL);
  g_autofree char *pid = NULL;
  g_autofree char *zeros = g_malloc0 (1024 * 1024);
  g_autoptr (GError) error = NULL;

  pid = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), zeros, 1024 * 1024, &error));
  gproc_stream_abort (stream);
  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (stream)));
  /* Whichever of the two signals it saw first. */
  gproc_stream_wait (stream, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (gproc_stream_get_if_signaled (stream));
  while (kill (atoi (pid), 0) == 0)
    gproc_test_run_for (1);
}

static void
test_subprocess_stop (void)
{
  g_autofree char *program = gproc_test_program ("gproc-testprog");
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) subprocess = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                                                         program, "ignore-term", NULL);
  g_autoptr (GProcStream) stream = gproc_stream_new_for_subprocess (subprocess);

  /* GLib has yet to reap the process when the library knows of its end already. */
  gproc_test_track (gproc_stream_get_backend (stream));
  g_assert_null (gproc_stream_get_stdin (stream));
  wait_ready (stream);
  g_assert_true (gproc_stream_stop (stream, 20, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_get_returncode (stream), ==, -SIGKILL);
  g_assert_cmpint (gproc_stream_get_term_sig (stream), ==, SIGKILL);
}

int
main (int    argc,
      char **argv)
{
  gproc_test_init (&argc, &argv);

  gproc_test_add ("/gproc/stop/send-signal", test_send_signal);
  gproc_test_add_data ("/gproc/stop/sync", GUINT_TO_POINTER (0), test_stop);
  gproc_test_add_data ("/gproc/stop/async", GUINT_TO_POINTER (1), test_stop);
  gproc_test_add ("/gproc/stop/cancelled", test_stop_cancelled);
  gproc_test_add ("/gproc/stop/group", test_stop_group);
  gproc_test_add ("/gproc/stop/timeout", test_timeout);
  gproc_test_add ("/gproc/stop/close-keeps", test_close_keeps);
  gproc_test_add_data ("/gproc/stop/stop-on-close/close", GUINT_TO_POINTER (0), test_close_stops);
  gproc_test_add_data ("/gproc/stop/stop-on-close/unref", GUINT_TO_POINTER (1), test_close_stops);
  gproc_test_add ("/gproc/stop/abort", test_abort);
  gproc_test_add ("/gproc/stop/gio", test_subprocess_stop);

  return gproc_test_run ();
}
