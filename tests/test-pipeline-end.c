/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <unistd.h>

#include "gproc-test-pipeline.h"

/* How several processes in a row end, are waited for, and let go of. */

static gboolean
wait_check (GProcPipeline  *pipeline,
            gboolean        async,
            GError        **error)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  if (!async)
    return gproc_pipeline_wait_check (pipeline, NULL, error);

  gproc_pipeline_wait_check_async (pipeline, 0, NULL, gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);

  return gproc_pipeline_wait_check_finish (pipeline, gproc_test_call_wait (&call), error);
}

/* Each stage in turn fails, in each way. */
static void
test_failure (gconstpointer data)
{
  const guint n_stages = GPOINTER_TO_UINT (data);

  for (guint i = 0; i < 2 * n_stages; i++)
    {
      const guint failing = i / 2;
      const gboolean by_signal = i % 2 == 1;
      g_autoptr (GProcPipeline) pipeline = pipeline_new ();
      g_autofree int *expected = g_new0 (int, n_stages);
      g_autofree char *prefix = g_strdup_printf ("Stage %u (“%s”): ", failing + 1, testprog);
      g_autoptr (GError) error = NULL;

      for (guint j = 0; j < n_stages; j++)
        append (pipeline, NULL, j != failing ? "cat" : by_signal ? "kill-self 9" : "eof-exit 7");
      expected[failing] = by_signal ? -SIGKILL : 7;

      start (pipeline);
      end_input (pipeline);
      assert_wait (pipeline, expected[failing]);
      assert_returncodes (pipeline, expected, n_stages);

      for (gsize j = 0; j < 2; j++)
        {
          g_assert_false (wait_check (pipeline, j != 0, &error));
          if (by_signal)
            g_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_SIGNALED);
          else
            g_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_EXIT_STATUS);
          g_assert_true (g_str_has_prefix (error->message, prefix));
          g_assert_nonnull (strstr (error->message, by_signal ? "SIGKILL" : "7"));
          g_clear_error (&error);
        }

      gproc_pipeline_set_pipefail (pipeline, FALSE);
      assert_wait (pipeline, expected[n_stages - 1]);
      g_assert_true (gproc_pipeline_wait_check (pipeline, NULL, NULL) == (failing < n_stages - 1));
    }
}

/* Of several that fail it is the last, as bash has it. */
static void
test_pipefail (void)
{
  g_autofree char *bash = gproc_test_find_program ("bash");

  if (bash == NULL)
    return;

  for (guint i = 0; i < 27; i++)
    {
      const guint codes[] = { i / 9, i / 3 % 3, i % 3 };
      g_autoptr (GProcPipeline) pipeline = pipeline_new ();
      g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
      g_autofree char *line = g_strdup_printf ("(exit %u) | (exit %u) | (exit %u)", codes[0],
                                               codes[1], codes[2]);

      for (gboolean with = FALSE; with <= TRUE; with++)
        {
          const char *argv[] = { "bash", with ? "-o" : "+o", "pipefail", "-c", line, NULL };
          g_autoptr (GProcResult) result = gproc_launcher_run (launcher, argv, NULL, NULL, NULL);

          if (!with)
            {
              for (guint j = 0; j < 3; j++)
                {
                  g_autofree char *command = g_strdup_printf ("exit-code %u", codes[j]);

                  append (pipeline, NULL, command);
                }
              start (pipeline);
            }
          gproc_pipeline_set_pipefail (pipeline, with);
          g_assert_true (gproc_pipeline_get_pipefail (pipeline) == with);
          assert_wait (pipeline, gproc_result_get_returncode (result));
        }
    }
}

static void
test_check_message (void)
{
  g_autoptr (GProcPipeline) pipeline = pipeline_new ();
  g_autoptr (GProcLauncher) launcher = launcher_with_stderr ();
  g_autoptr (GBytes) left = NULL;
  g_autoptr (GError) error = NULL;

  append_shell (pipeline, launcher, "cat; echo from the first >&2");
  append_shell (pipeline, launcher, "cat; echo from the second >&2; exit 3");
  append_shell (pipeline, launcher, "cat; echo from the third >&2");
  start (pipeline);
  end_input (pipeline);

  for (gsize i = 0; i < 2; i++)
    {
      g_assert_false (wait_check (pipeline, i != 0, &error));
      g_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_EXIT_STATUS);
      g_assert_cmpstr (error->message, ==,
                       "Stage 2 (“sh”): “sh” ended with exit status 3: from the second");
      g_clear_error (&error);
    }

  left = read_all (gproc_stream_get_stderr (gproc_pipeline_get_stage (pipeline, 1)));
  gproc_test_assert_bytes (left, "from the second\n");
  g_assert_false (gproc_pipeline_wait_check (pipeline, NULL, NULL));
}

/* Each of these ignores SIGTERM, and has said so. */
static GProcPipeline *
stubborn_pipeline (guint n_stages)
{
  GProcPipeline *pipeline = pipeline_new ();
  g_autoptr (GProcLauncher) launcher = launcher_with_stderr ();

  for (guint i = 0; i < n_stages; i++)
    append_shell (pipeline, launcher, "trap '' TERM; echo ready >&2; exec sleep 60");
  start (pipeline);
  for (guint i = 0; i < n_stages; i++)
    {
      GProcStream *stage = gproc_pipeline_get_stage (pipeline, i);
      g_autofree char *line = gproc_reader_read_line_utf8 (gproc_stream_get_stderr (stage), NULL,
                                                           NULL);

      g_assert_cmpstr (line, ==, "ready");
    }

  return pipeline;
}

static gboolean
stop (GProcPipeline  *pipeline,
      guint           grace_ms,
      gboolean        async,
      GCancellable   *cancellable,
      GError        **error)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  if (!async)
    return gproc_pipeline_stop (pipeline, grace_ms, cancellable, error);

  gproc_pipeline_stop_async (pipeline, grace_ms, 0, cancellable, gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);

  return gproc_pipeline_stop_finish (pipeline, gproc_test_call_wait (&call), error);
}

/* One grace is for all of them. */
static void
test_stop (gconstpointer data)
{
  const gboolean async = data != NULL;
  const guint grace_ms = 500;
  g_autoptr (GProcPipeline) stubborn = stubborn_pipeline (6);
  g_autoptr (GProcPipeline) polite = pipeline_of (3, "cat");
  g_autoptr (GError) error = NULL;
  gint64 begin;

  begin = g_get_monotonic_time ();
  g_assert_true (stop (stubborn, grace_ms, async, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, grace_ms * 1000);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 6 * grace_ms * 1000);
  for (guint i = 0; i < 6; i++)
    g_assert_cmpint (gproc_stream_get_returncode (gproc_pipeline_get_stage (stubborn, i)), ==,
                     -SIGKILL);

  start (polite);
  g_assert_true (stop (polite, 60 * 1000, async, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (gproc_pipeline_get_running (polite));
  /* The first that ends may be noticed by the next before it gets its own signal. */
  g_assert_cmpint (gproc_stream_get_returncode (gproc_pipeline_get_stage (polite, 0)), ==,
                   -SIGTERM);
  g_assert_true (stop (polite, 0, async, NULL, &error));
  g_assert_no_error (error);
}

/* Cancelling ends the waiting, not the stopping. */
static void
test_stop_cancelled (gconstpointer data)
{
  g_autoptr (GProcPipeline) pipeline = stubborn_pipeline (2);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (stop (pipeline, 10, data != NULL, cancellable, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_wait (pipeline, -SIGKILL);
}

static void
test_abort (void)
{
  const guint n_pipes = count_descriptors_to ("pipe:");
  g_autoptr (GProcPipeline) pipeline = stubborn_pipeline (3);
  g_autoptr (GBytes) input = gproc_test_random_bytes (gproc_test_scale (5 * 1000 * 1000));
  g_auto (GProcTestCall) read = GPROC_TEST_CALL_INIT;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  GProcWriter *writer = gproc_pipeline_get_stdin (pipeline);
  GProcReader *reader = gproc_stream_get_stderr (gproc_pipeline_get_stage (pipeline, 1));

  gproc_reader_read_line_async (reader, 0, NULL, gproc_test_call_done, &read);
  queue_bytes (pipeline, input);
  gproc_pipeline_abort (pipeline);

  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (pipeline)));
  for (guint i = 0; i < 3; i++)
    g_assert_true (g_io_stream_is_closed (G_IO_STREAM (gproc_pipeline_get_stage (pipeline, i))));
  g_assert_cmpuint (count_descriptors_to ("pipe:"), ==, n_pipes);
  g_assert_cmpuint (gproc_writer_get_bytes_discarded (writer), >, 0);
  bytes = gproc_reader_read_line_finish (reader, gproc_test_call_wait (&read), &error);
  g_assert_null (bytes);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);

  assert_wait (pipeline, -SIGKILL);
  gproc_pipeline_abort (pipeline);
}

/* One that is closing gives up, and says so. */
static void
test_abort_close (void)
{
  g_autoptr (GProcPipeline) pipeline = pipeline_new ();
  g_autoptr (GBytes) input = gproc_test_random_bytes (1000 * 1000);
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  append (pipeline, NULL, "hold");
  append (pipeline, NULL, "cat");
  start (pipeline);
  queue_bytes (pipeline, input);
  g_io_stream_close_async (G_IO_STREAM (pipeline), 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);

  gproc_pipeline_abort (pipeline);
  g_assert_false (
    g_io_stream_close_finish (G_IO_STREAM (pipeline), gproc_test_call_wait (&call), &error));
  g_assert_nonnull (error);
  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (pipeline)));
  g_clear_error (&error);
  gproc_pipeline_wait (pipeline, NULL, NULL);
}

static void
test_timeout (gconstpointer data)
{
  g_autoptr (GProcPipeline) pipeline = pipeline_new ();
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  int returncode;

  gproc_launcher_set_timeout (launcher, 30);
  append (pipeline, NULL, "cat");
  append (pipeline, launcher, "hold");
  append (pipeline, NULL, "cat");
  start (pipeline);
  end_input (pipeline);

  if (data != NULL)
    {
      gproc_pipeline_wait_async (pipeline, 0, NULL, gproc_test_call_done, &call);
      returncode = gproc_pipeline_wait_finish (pipeline, gproc_test_call_wait (&call), &error);
    }
  else
    {
      returncode = gproc_pipeline_wait (pipeline, NULL, &error);
    }
  g_assert_cmpint (returncode, ==, GPROC_RETURNCODE_NONE);
  g_assert_nonnull (strstr (error->message, "Stage 2 (“"));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  g_assert_true (gproc_stream_get_timed_out (gproc_pipeline_get_stage (pipeline, 1)));
  g_assert_cmpint (gproc_pipeline_get_returncode (pipeline), ==, -SIGTERM);
  assert_returncodes (pipeline, (const int[]){ 0, -SIGTERM, 0 }, 3);
  g_assert_false (wait_check (pipeline, data != NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static void
test_waiters (void)
{
  g_autoptr (GProcPipeline) pipeline = pipeline_of (3, "cat");
  g_auto (GProcTestCall) first = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) second = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) third = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  start (pipeline);
  gproc_pipeline_wait_async (pipeline, 0, NULL, gproc_test_call_done, &first);
  gproc_pipeline_wait_async (pipeline, 0, cancellable, gproc_test_call_done, &second);
  gproc_pipeline_wait_check_async (pipeline, G_PRIORITY_LOW, NULL, gproc_test_call_done, &third);

  g_cancellable_cancel (cancellable);
  g_assert_cmpint (second.done, ==, 0);
  g_assert_cmpint (gproc_pipeline_wait_finish (pipeline, gproc_test_call_wait (&second), &error),
                   ==, GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (gproc_pipeline_wait (pipeline, cancellable, &error), ==, GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  gproc_test_settle ();
  g_assert_cmpint (first.done + third.done, ==, 0);
  end_input (pipeline);
  g_assert_cmpint (gproc_pipeline_wait_finish (pipeline, gproc_test_call_wait (&first), &error), ==,
                   0);
  g_assert_no_error (error);
  g_assert_true (
    gproc_pipeline_wait_check_finish (pipeline, gproc_test_call_wait (&third), &error));
  g_assert_no_error (error);
}

static void
on_notify (GObject    *object,
           GParamSpec *pspec,
           GString    *names)
{
  g_string_append_printf (names, "%s ", pspec->name);
}

static void
test_notify (void)
{
  g_autoptr (GProcPipeline) pipeline = pipeline_new ();
  g_autoptr (GString) names = g_string_new (NULL);
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GProcWriter) writer = NULL;
  gboolean running, pipefail;
  int returncode;
  guint n_stages;

  g_signal_connect (pipeline, "notify", G_CALLBACK (on_notify), names);
  append (pipeline, NULL, "cat");
  append (pipeline, NULL, "eof-exit 4");
  g_assert_cmpstr (names->str, ==, "n-stages n-stages ");
  g_string_truncate (names, 0);

  start (pipeline);
  g_assert_nonnull (strstr (names->str, "running "));
  g_string_truncate (names, 0);
  end_input (pipeline);
  gproc_test_wait_for (strstr (names->str, "returncode ") != NULL);
  g_assert_cmpuint (strlen (names->str), ==, strlen ("running returncode "));

  g_object_get (pipeline, "running", &running, "pipefail", &pipefail, "returncode", &returncode,
                "n-stages", &n_stages, "stdin", &writer, "stdout", &reader, NULL);
  g_assert_false (running);
  g_assert_true (pipefail);
  g_assert_cmpint (returncode, ==, 4);
  g_assert_cmpuint (n_stages, ==, 2);
  g_assert_true (writer == gproc_pipeline_get_stdin (pipeline));
  g_assert_true (reader == gproc_pipeline_get_stdout (pipeline));

  g_string_truncate (names, 0);
  g_object_set (pipeline, "pipefail", FALSE, NULL);
  g_object_set (pipeline, "pipefail", FALSE, NULL);
  g_assert_cmpstr (names->str, ==, "pipefail ");
}

static gboolean
close_pipeline (GProcPipeline  *pipeline,
                gboolean        async,
                GCancellable   *cancellable,
                GError        **error)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  if (!async)
    return g_io_stream_close (G_IO_STREAM (pipeline), cancellable, error);

  g_io_stream_close_async (G_IO_STREAM (pipeline), 0, cancellable, gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);

  return g_io_stream_close_finish (G_IO_STREAM (pipeline), gproc_test_call_wait (&call), error);
}

static void
assert_closed (GProcPipeline *pipeline,
               guint          n_pipes)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (pipeline)));
  for (guint i = 0; i < gproc_pipeline_get_n_stages (pipeline); i++)
    g_assert_true (g_io_stream_is_closed (G_IO_STREAM (gproc_pipeline_get_stage (pipeline, i))));
  g_assert_cmpint (gproc_writer_get_fd (gproc_pipeline_get_stdin (pipeline)), ==, -1);
  g_assert_cmpint (gproc_reader_get_fd (gproc_pipeline_get_stdout (pipeline)), ==, -1);
  g_assert_cmpuint (count_descriptors_to ("pipe:"), ==, n_pipes);

  g_assert_true (g_io_stream_close (G_IO_STREAM (pipeline), NULL, &error));
  g_assert_no_error (error);
  g_assert_false (gproc_writer_queue (gproc_pipeline_get_stdin (pipeline), "x", 1, &error));
  g_clear_error (&error);
}

/* What is queued is written, though nobody reads what comes of it. */
static void
test_close (gconstpointer data)
{
  const guint n_pipes = count_descriptors_to ("pipe:");
  const gsize size = gproc_test_scale (2 * 1000 * 1000);
  g_autoptr (GProcPipeline) pipeline = pipeline_of (3, "cat");
  g_autoptr (GBytes) input = gproc_test_random_bytes (size);
  g_autoptr (GError) error = NULL;

  start (pipeline);
  queue_bytes (pipeline, input);
  g_assert_true (close_pipeline (pipeline, data != NULL, NULL, &error));
  g_assert_no_error (error);
  assert_closed (pipeline, n_pipes);
  g_assert_cmpuint (gproc_writer_get_bytes_written (gproc_pipeline_get_stdin (pipeline)), ==, size);

  /* They end for want of input, or of somebody to write to. */
  gproc_pipeline_wait (pipeline, NULL, &error);
  g_assert_no_error (error);
}

/* The processes are left alone, but for the one that is to be stopped; what is pending
 * completes. */
static void
test_close_keeps (gconstpointer data)
{
  const guint n_pipes = count_descriptors_to ("pipe:");
  g_autoptr (GProcPipeline) pipeline = pipeline_new ();
  g_autoptr (GProcLauncher) stopping = gproc_launcher_new ();
  g_autoptr (GProcLauncher) capturing = launcher_with_stderr ();
  g_auto (GProcTestCall) read = GPROC_TEST_CALL_INIT;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  GProcReader *reader;

  gproc_launcher_set_stop_on_close (stopping, TRUE);
  append (pipeline, NULL, "sleep 60000");
  append (pipeline, stopping, "sleep 60000");
  append (pipeline, capturing, "sleep 60000");
  start (pipeline);
  reader = gproc_stream_get_stderr (gproc_pipeline_get_stage (pipeline, 2));
  gproc_reader_read_line_async (reader, 0, NULL, gproc_test_call_done, &read);
  g_assert_true (close_pipeline (pipeline, data != NULL, NULL, &error));
  g_assert_no_error (error);
  assert_closed (pipeline, n_pipes);
  bytes = gproc_reader_read_line_finish (reader, gproc_test_call_wait (&read), &error);
  g_assert_null (bytes);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);

  g_assert_cmpint (gproc_stream_wait (gproc_pipeline_get_stage (pipeline, 1), NULL, &error), ==,
                   -SIGTERM);
  g_assert_true (gproc_stream_get_running (gproc_pipeline_get_stage (pipeline, 0)));
  g_assert_true (gproc_stream_get_running (gproc_pipeline_get_stage (pipeline, 2)));
  g_assert_true (gproc_pipeline_get_running (pipeline));
  g_assert_true (gproc_pipeline_stop (pipeline, 0, NULL, &error));
  g_assert_no_error (error);
  assert_returncodes (pipeline, (const int[]){ -SIGKILL, -SIGTERM, -SIGKILL }, 3);
}

static void
test_close_cancelled (gconstpointer data)
{
  const guint n_pipes = count_descriptors_to ("pipe:");
  g_autoptr (GProcPipeline) pipeline = pipeline_of (2, "hold");
  g_autoptr (GBytes) input = gproc_test_random_bytes (1000 * 1000);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  start (pipeline);
  queue_bytes (pipeline, input);
  g_cancellable_cancel (cancellable);
  g_assert_false (close_pipeline (pipeline, data != NULL, cancellable, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_closed (pipeline, n_pipes);
  g_assert_true (gproc_pipeline_stop (pipeline, 0, NULL, &error));
}

/* Stages that were closed, or given up, one by one are no obstacle. */
static void
test_close_stages (gconstpointer data)
{
  const guint n_pipes = count_descriptors_to ("pipe:");
  g_autoptr (GProcPipeline) pipeline = pipeline_of (3, "cat");
  g_autoptr (GError) error = NULL;

  start (pipeline);
  gproc_stream_abort (gproc_pipeline_get_stage (pipeline, 2));
  g_assert_true (
    g_io_stream_close (G_IO_STREAM (gproc_pipeline_get_stage (pipeline, 0)), NULL, &error));
  g_assert_true (close_pipeline (pipeline, data != NULL, NULL, &error));
  g_assert_no_error (error);
  assert_closed (pipeline, n_pipes);
  assert_wait (pipeline, -SIGKILL);
}

/* Nothing that was queued is lost when it is let go of. */
static void
test_unref (void)
{
  const gsize size = 300 * 1000;
  g_autofree char *folder = g_dir_make_tmp ("gproc-pipeline-XXXXXX", NULL);
  g_autofree char *target = g_build_filename (folder, "target", NULL);
  g_autoptr (GProcLauncher) last = gproc_launcher_new ();
  GProcPipeline *pipeline = pipeline_new ();
  g_autoptr (GBytes) input = gproc_test_random_bytes (size);
  g_autofree char *contents = NULL;
  GStatBuf info;
  gsize length;

  gproc_launcher_set_stdout_file (last, target, 0);
  append (pipeline, NULL, "cat");
  append (pipeline, NULL, "cat");
  append (pipeline, last, "cat");
  start (pipeline);
  queue_bytes (pipeline, input);
  end_input (pipeline);
  g_object_unref (pipeline);

  gproc_test_wait_for (g_stat (target, &info) == 0 && info.st_size == (goffset) size);
  g_assert_true (g_file_get_contents (target, &contents, &length, NULL));
  g_assert_cmpmem (contents, length, g_bytes_get_data (input, NULL), size);
  g_assert_cmpint (unlink (target), ==, 0);
  g_assert_cmpint (rmdir (folder), ==, 0);
}

/* A stage that somebody has is still there when the pipeline is not. */
static void
test_unref_keeps_stage (void)
{
  GProcPipeline *pipeline = pipeline_of (3, "cat");
  g_autoptr (GProcStream) stage = NULL;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;

  start (pipeline);
  stage = g_object_ref (gproc_pipeline_get_stage (pipeline, 1));
  reader = g_object_ref (gproc_pipeline_get_stdout (pipeline));
  queue_string (pipeline, "text");
  g_object_unref (pipeline);

  bytes = read_all (reader);
  gproc_test_assert_bytes (bytes, "text");
  g_assert_cmpint (gproc_stream_wait (stage, NULL, &error), ==, 0);
  g_assert_no_error (error);
}

static gpointer
wait_in_thread (gpointer user_data)
{
  return GINT_TO_POINTER (gproc_pipeline_wait (user_data, NULL, NULL));
}

static void
test_threads (void)
{
  g_autoptr (GProcPipeline) pipeline = pipeline_new ();
  GThread *threads[4];

  append (pipeline, NULL, "cat");
  append (pipeline, NULL, "eof-exit 6");
  start (pipeline);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("wait", wait_in_thread, pipeline);
  end_input (pipeline);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (threads[i])), ==, 6);
}

int
main (int   argc,
      char *argv[])
{
  int status;

  gproc_test_init (&argc, &argv);
  testprog = gproc_test_program ("gproc-testprog");

  gproc_test_add ("/gproc/pipeline-end/check-message", test_check_message);
  gproc_test_add ("/gproc/pipeline-end/pipefail", test_pipefail);
  add_for_sizes ("/gproc/pipeline-end/failure", test_failure);
  add_both ("/gproc/pipeline-end/stop", test_stop);
  add_both ("/gproc/pipeline-end/stop-cancelled", test_stop_cancelled);
  gproc_test_add ("/gproc/pipeline-end/abort", test_abort);
  gproc_test_add ("/gproc/pipeline-end/abort-close", test_abort_close);
  add_both ("/gproc/pipeline-end/timeout", test_timeout);
  gproc_test_add ("/gproc/pipeline-end/waiters", test_waiters);
  gproc_test_add ("/gproc/pipeline-end/notify", test_notify);
  add_both ("/gproc/pipeline-end/close", test_close);
  add_both ("/gproc/pipeline-end/close-keeps", test_close_keeps);
  add_both ("/gproc/pipeline-end/close-cancelled", test_close_cancelled);
  add_both ("/gproc/pipeline-end/close-stages", test_close_stages);
  gproc_test_add ("/gproc/pipeline-end/unref", test_unref);
  gproc_test_add ("/gproc/pipeline-end/unref-keeps-stage", test_unref_keeps_stage);
  gproc_test_add ("/gproc/pipeline-end/threads", test_threads);
  status = gproc_test_run ();
  g_free (testprog);

  return status;
}
