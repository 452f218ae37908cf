/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <gprocstream/gprocstream.h>

#include <signal.h>
#include <string.h>

#include "gproc-test.h"

/* Feeding a process, collecting what it writes and waiting for it, in one call. */

static GProcStream *
spawn (GProcStreamFlags  flags,
       const char       *command,
       const char       *first,
       const char       *second)
{
  g_autofree char *program = gproc_test_program ("gproc-testprog");
  const char *argv[] = { program, command, first, second, NULL };
  g_autoptr (GError) error = NULL;
  GProcStream *stream = gproc_stream_newv (argv, flags, &error);

  g_assert_no_error (error);

  return gproc_test_track (stream);
}

static GProcResult *
communicate (GProcStream   *stream,
             gboolean       async,
             GBytes        *input,
             GCancellable  *cancellable,
             GError       **error)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  GProcResult *result;

  if (async)
    {
      gproc_stream_communicate_async (stream, input, 0, cancellable, gproc_test_call_done, &call);
      g_assert_cmpint (call.done, ==, 0);
      return gproc_stream_communicate_finish (stream, gproc_test_call_wait (&call), error);
    }

  gproc_test_wakeups_reset ();
  result = gproc_stream_communicate (stream, input, cancellable, error);
  g_assert_cmpuint (gproc_test_polls (), ==, 0);

  return result;
}

static void
test_plain (gconstpointer data)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_STDERR_PIPE, "out-err", "3", NULL);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;

  result = communicate (stream, GPOINTER_TO_UINT (data), NULL, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "out\n");
  gproc_test_assert_bytes (gproc_result_get_stderr (result), "err\n");
  g_assert_cmpstr (gproc_result_get_stdout_utf8 (result), ==, "out\n");
  g_assert_cmpint (gproc_result_get_returncode (result), ==, 3);
  g_assert_cmpint (gproc_result_get_term_sig (result), ==, 0);
  g_assert_false (gproc_result_get_successful (result));
  g_assert_false (gproc_result_get_timed_out (result));
  g_assert_false (gproc_result_get_truncated (result));
  g_assert_cmpint (gproc_result_get_duration (result), >, 0);
  g_assert_cmpint (gproc_result_get_user_time (result), >=, 0);
  g_assert_cmpint (gproc_result_get_system_time (result), >=, 0);
  g_assert_cmpint (gproc_result_get_max_resident (result), >, 64 * 1024);
  g_assert_true (g_str_has_suffix (gproc_result_get_command (result), "gproc-testprog"));

  g_assert_false (gproc_result_check (result, &error));
  g_assert_nonnull (strstr (error->message, "gproc-testprog"));
  g_assert_nonnull (strstr (error->message, "err"));
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_EXIT_STATUS);
}

static void
test_result_properties (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "kill-self", "6", NULL);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;
  g_autofree char *command = NULL;
  gboolean timed_out, truncated, successful;
  gint64 duration, user, system, resident;
  int returncode, term_sig;

  result = gproc_stream_communicate (stream, NULL, NULL, &error);
  g_assert_no_error (error);
  g_object_get (result, "stdout", &out, "stderr", &err, "returncode", &returncode, "term-sig",
                &term_sig, "timed-out", &timed_out, "truncated", &truncated, "duration", &duration,
                "command", &command, "user-time", &user, "system-time", &system, "max-resident",
                &resident, "successful", &successful, NULL);
  gproc_test_assert_bytes (out, "");
  g_assert_null (err);
  g_assert_cmpint (returncode, ==, -SIGABRT);
  g_assert_cmpint (term_sig, ==, SIGABRT);
  g_assert_false (timed_out || truncated || successful);
  g_assert_cmpint (duration, >, 0);
  g_assert_cmpint (resident, >, 0);
  g_assert_cmpint (user, >=, 0);
  g_assert_cmpint (system, >=, 0);
  g_assert_nonnull (command);
  g_assert_false (gproc_result_check (result, &error));
  g_assert_nonnull (strstr (error->message, "SIGABRT"));
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_SIGNALED);
}

/* Both directions at once, far beyond what the pipes hold. */
static void
test_duplex (gconstpointer data)
{
  const gsize size = gproc_test_scale (100 * 1000 * 1000);
  g_autofree char *cat = gproc_test_find_program ("cat");
  g_autoptr (GBytes) input = gproc_test_random_bytes (size);
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;

  if (cat == NULL)
    return;

  stream = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, &error, cat, NULL);
  g_assert_no_error (error);
  result = communicate (stream, GPOINTER_TO_UINT (data), input, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_equal (gproc_result_get_stdout (result), input);
  g_assert_true (gproc_result_check (result, &error));
  g_assert_no_error (error);
}

/* Output that comes only after the end of the input, binary with NULs. */
static void
test_sort (void)
{
  g_autofree char *sort = gproc_test_find_program ("sort");
  g_autoptr (GBytes) input = g_bytes_new_static ("c\nb\0\xff\na\n", 8);
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;

  if (sort == NULL)
    return;

  stream = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, &error, "env", "LC_ALL=C", sort, NULL);
  result = gproc_stream_communicate (stream, input, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (gproc_result_get_stdout (result), NULL),
                   g_bytes_get_size (gproc_result_get_stdout (result)), "a\nb\0\xff\nc\n", 8);
}

/* Who does not read all of its input has its reasons. */
static void
test_broken_pipe (gconstpointer data)
{
  const gsize size = 10 * 1000 * 1000;
  g_autofree char *head = gproc_test_find_program ("head");
  g_autofree char *zeros = g_malloc0 (size);
  g_autoptr (GBytes) input = g_bytes_new_take (g_steal_pointer (&zeros), size);
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;

  if (head == NULL)
    return;

  stream = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, &error, head, "-c", "3", NULL);
  result = communicate (stream, GPOINTER_TO_UINT (data), input, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (gproc_result_get_stdout (result)), ==, 3);
  g_assert_true (gproc_result_get_successful (result));
}

/* Without input the standard input is closed at once; what was queued before goes in. */
static void
test_no_input (gconstpointer data)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "cat", NULL, NULL);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), "before", -1, &error));
  result = communicate (stream, GPOINTER_TO_UINT (data), NULL, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "before");
}

static void
test_input_refused (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_STDIN_NULL, "echo", "text", NULL);
  g_autoptr (GBytes) input = g_bytes_new_static ("x", 1);
  g_autoptr (GBytes) empty = g_bytes_new_static ("", 0);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;

  result = gproc_stream_communicate (stream, input, NULL, &error);
  g_assert_null (result);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  result = gproc_stream_communicate (stream, empty, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "text\n");
}

/* More input than may be queued. */
static void
test_queue_limit (gconstpointer data)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "cat", NULL, NULL);
  g_autoptr (GBytes) input = gproc_test_random_bytes (1000 * 1000);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;

  gproc_writer_set_queue_limit (gproc_stream_get_stdin (stream), 1000);
  result = communicate (stream, GPOINTER_TO_UINT (data), input, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_equal (gproc_result_get_stdout (result), input);
}

/* What was read before is not in the result; what was buffered is. */
static void
test_after_reading (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "lines", "3", NULL);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *line = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL,
                                                       &error);

  g_assert_cmpstr (line, ==, "line 1");
  result = gproc_stream_communicate (stream, NULL, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "line 2\nline 3\n");
}

static void
test_limit (gconstpointer data)
{
  g_autoptr (GProcStream)
    stream = spawn (GPROC_STREAM_FLAGS_STDERR_PIPE, "flood-stdout", "1000000", "0");
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GBytes) all = NULL;
  g_autoptr (GError) error = NULL;

  gproc_stream_set_output_limit (stream, 300 * 1000);
  result = communicate (stream, GPOINTER_TO_UINT (data), NULL, NULL, &error);
  g_assert_null (result);
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_LIMIT_OVERRUN);
  all = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (all), ==, 1000 * 1000);
}

/* The other output was complete when this one failed. */
static void
test_limit_other (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcStream)
    stream = gproc_stream_new (GPROC_STREAM_FLAGS_STDERR_PIPE, &error, "sh", "-c",
                               "echo out; exec >&-; read line; echo a longer text >&2", NULL);
  g_autoptr (GBytes) input = g_bytes_new_static ("go\n", 3);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;

  gproc_stream_set_output_limit (stream, 5);
  result = gproc_stream_communicate (stream, input, NULL, &error);
  g_assert_null (result);
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_LIMIT_OVERRUN);
  out = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
  gproc_test_assert_bytes (out, "out\n");
  err = gproc_reader_read_to_end (gproc_stream_get_stderr (stream), -1, NULL, &error);
  gproc_test_assert_bytes (err, "a longer text\n");
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 0);
}

static void
test_cancelled (gconstpointer data)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "cat", NULL, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) input = g_bytes_new_static ("x", 1);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;

  /* Cancelled from the start it begins nothing: the input is not given. */
  g_cancellable_cancel (cancellable);
  result = communicate (stream, GPOINTER_TO_UINT (data), input, cancellable, &error);
  g_assert_null (result);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (gproc_writer_get_bytes_accepted (gproc_stream_get_stdin (stream)), ==, 0);
  result = communicate (stream, GPOINTER_TO_UINT (data), input, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "x");
}

static void
test_cancelled_later (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "hold", NULL, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  gproc_stream_communicate_async (stream, NULL, 0, cancellable, gproc_test_call_done, &call);
  gproc_test_wait_for (gproc_reader_get_buffered (gproc_stream_get_stdout (stream)) > 0);
  g_cancellable_cancel (cancellable);
  result = gproc_stream_communicate_finish (stream, gproc_test_call_wait (&call), &error);
  g_assert_null (result);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  line = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_cmpstr (line, ==, "ready");
  g_assert_true (gproc_stream_get_running (stream));
  g_assert_true (gproc_stream_stop (stream, 0, NULL, &error));
}

static gpointer
cancel_when_buffered (gpointer user_data)
{
  g_cancellable_cancel (user_data);

  return NULL;
}

static void
test_cancelled_in_thread (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "hold", NULL, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread = g_thread_new ("cancel", cancel_when_buffered, cancellable);

  result = gproc_stream_communicate (stream, NULL, cancellable, &error);
  g_assert_null (result);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  g_assert_true (gproc_stream_stop (stream, 0, NULL, &error));
}

static gpointer
communicate_in_context (gpointer user_data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GBytes) input = gproc_test_random_bytes (1000 * 1000);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GProcTestCall call = GPROC_TEST_CALL_INIT;

  g_main_context_push_thread_default (context);
  gproc_stream_communicate_async (user_data, input, 0, NULL, gproc_test_call_done, &call);
  while (!call.done)
    g_main_context_iteration (context, TRUE);
  result = gproc_stream_communicate_finish (user_data, call.result, &error);
  g_assert_no_error (error);
  gproc_test_assert_equal (gproc_result_get_stdout (result), input);
  gproc_test_call_clear (&call);
  g_main_context_pop_thread_default (context);

  return NULL;
}

/* In a context that is not the one of the stream, which nobody iterates. */
static void
test_other_context (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "cat", NULL, NULL);

  g_thread_join (g_thread_new ("communicate", communicate_in_context, stream));
  g_assert_cmpint (gproc_stream_get_returncode (stream), ==, 0);
}

/* A pipe that a grandchild holds ends the call after the grace. */
static void
test_held (gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcStream) stream = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, &error, "sh", "-c",
                                                     "sleep 30 & echo $!; echo text", NULL);
  g_autoptr (GProcResult) result = NULL;
  g_autofree char *copy = NULL;

  g_assert_no_error (error);
  gproc_stream_set_post_exit_grace (stream, 20);
  result = communicate (stream, GPOINTER_TO_UINT (data), NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (gproc_result_get_truncated (result));
  g_assert_cmpint (gproc_result_get_returncode (result), ==, 0);
  g_assert_true (g_str_has_suffix (gproc_result_get_stdout_utf8 (result), "\ntext\n"));
  g_assert_no_errno (kill (atoi (gproc_result_get_stdout_utf8 (result)), SIGKILL));
}

/* Without any grace, what is there already is still taken. */
static void
test_no_grace (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "flood-stdout", "60000", "0");
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 0);
  gproc_stream_set_post_exit_grace (stream, 0);
  result = gproc_stream_communicate (stream, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (gproc_result_get_truncated (result));
  g_assert_cmpuint (g_bytes_get_size (gproc_result_get_stdout (result)), ==, 60000);
}

/* A grace of −1 waits for the grandchild. */
static void
test_endless_grace (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "fork-and-write", "50", "late");
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;

  gproc_stream_set_post_exit_grace (stream, -1);
  result = gproc_stream_communicate (stream, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (gproc_result_get_truncated (result));
  g_assert_nonnull (strstr (gproc_result_get_stdout_utf8 (result), "late"));
}

static void
test_timeout (gconstpointer data)
{
  g_autofree char *program = gproc_test_program ("gproc-testprog");
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;
  const char *argv[] = { program, "hold", NULL };

  /* Enough for the program to have said what it says, also where much else runs. */
  gproc_launcher_set_timeout (launcher, 1500);
  stream = gproc_launcher_spawn (launcher, argv, &error);
  g_assert_no_error (error);
  result = communicate (stream, GPOINTER_TO_UINT (data), NULL, NULL, &error);
  g_assert_null (result);
  g_assert_nonnull (strstr (error->message, "gproc-testprog"));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_true (gproc_stream_get_timed_out (stream));
  line = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_cmpstr (line, ==, "ready");
}

static void
test_utf8 (gconstpointer data)
{
  const gboolean async = GPOINTER_TO_UINT (data) != 0;
  g_autoptr (GProcStream) text = spawn (GPROC_STREAM_FLAGS_NONE, "cat", NULL, NULL);
  g_autoptr (GProcStream) binary = spawn (GPROC_STREAM_FLAGS_NONE, "binary", "1", NULL);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GProcResult) none = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_auto (GProcTestCall) first = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) second = GPROC_TEST_CALL_INIT;

  if (async)
    {
      gproc_stream_communicate_utf8_async (text, "grüße", 0, NULL, gproc_test_call_done, &first);
      gproc_stream_communicate_utf8_async (binary, NULL, 0, NULL, gproc_test_call_done, &second);
      result = gproc_stream_communicate_utf8_finish (text, gproc_test_call_wait (&first), &error);
      g_assert_no_error (error);
      none = gproc_stream_communicate_utf8_finish (binary, gproc_test_call_wait (&second), &error);
    }
  else
    {
      result = gproc_stream_communicate_utf8 (text, "grüße", NULL, &error);
      g_assert_no_error (error);
      none = gproc_stream_communicate_utf8 (binary, NULL, NULL, &error);
    }

  g_assert_cmpstr (gproc_result_get_stdout_utf8 (result), ==, "grüße");
  g_assert_null (none);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  bytes = gproc_reader_read_to_end (gproc_stream_get_stdout (binary), -1, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 256);
}

/* Two at once on one stream: the second is refused, the first goes on. */
static void
test_pending (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "echo", "text", NULL);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GProcResult) none = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) first = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) second = GPROC_TEST_CALL_INIT;

  gproc_stream_communicate_async (stream, NULL, 0, NULL, gproc_test_call_done, &first);
  gproc_stream_communicate_async (stream, NULL, 0, NULL, gproc_test_call_done, &second);
  none = gproc_stream_communicate_finish (stream, gproc_test_call_wait (&second), &error);
  g_assert_null (none);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  result = gproc_stream_communicate_finish (stream, gproc_test_call_wait (&first), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "text\n");
}

typedef struct
{
  int fd;
  gsize size;
} Peer;

static gpointer
answer_in_thread (gpointer user_data)
{
  Peer *peer = user_data;
  g_autoptr (GBytes) heard = gproc_test_read_to_end (peer->fd);

  peer->size = g_bytes_get_size (heard);
  gproc_test_write (peer->fd, "answer", -1);
  gproc_test_close (&peer->fd);

  return NULL;
}

/* Without a process it ends with the output. */
static void
test_no_process (gconstpointer data)
{
  const gsize size = 1000 * 1000;
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GBytes) input = gproc_test_random_bytes (size);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;
  Peer peer;
  int fds[2];

  gproc_test_socketpair (fds);
  stream = gproc_stream_new_for_fds (fds[0], fds[0], -1, GPROC_STREAM_FLAGS_TAKE_FDS);
  peer.fd = fds[1];
  thread = g_thread_new ("peer", answer_in_thread, &peer);
  result = communicate (stream, GPOINTER_TO_UINT (data), input, NULL, &error);
  g_assert_no_error (error);
  g_thread_join (thread);
  g_assert_cmpuint (peer.size, ==, size);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "answer");
  g_assert_null (gproc_result_get_stderr (result));
  g_assert_cmpint (gproc_result_get_returncode (result), ==, GPROC_RETURNCODE_NONE);
}

static gpointer
read_all_in_thread (gpointer user_data)
{
  return gproc_test_read_to_end (GPOINTER_TO_INT (user_data));
}

/* With nothing to collect it ends when the input is out. */
static void
test_write_only (gconstpointer data)
{
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GBytes) input = gproc_test_random_bytes (1000 * 1000);
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;
  int fds[2];

  gproc_test_pipe (fds);
  stream = gproc_stream_new_for_fds (fds[1], -1, -1, GPROC_STREAM_FLAGS_TAKE_FDS);
  thread = g_thread_new ("peer", read_all_in_thread, GINT_TO_POINTER (fds[0]));
  result = communicate (stream, GPOINTER_TO_UINT (data), input, NULL, &error);
  g_assert_no_error (error);
  heard = g_thread_join (thread);
  gproc_test_assert_equal (heard, input);
  gproc_test_close (&fds[0]);
}

static void
add_both (const char        *path,
          GProcTestDataFunc  func)
{
  g_autofree char *async_path = g_strconcat (path, "/async", NULL);
  g_autofree char *sync_path = g_strconcat (path, "/sync", NULL);

  gproc_test_add_data (sync_path, GUINT_TO_POINTER (0), func);
  gproc_test_add_data (async_path, GUINT_TO_POINTER (1), func);
}

int
main (int    argc,
      char **argv)
{
  gproc_test_init (&argc, &argv);

  add_both ("/gproc/communicate/plain", test_plain);
  gproc_test_add ("/gproc/communicate/result-properties", test_result_properties);
  add_both ("/gproc/communicate/duplex", test_duplex);
  gproc_test_add ("/gproc/communicate/sort", test_sort);
  add_both ("/gproc/communicate/broken-pipe", test_broken_pipe);
  add_both ("/gproc/communicate/no-input", test_no_input);
  gproc_test_add ("/gproc/communicate/input-refused", test_input_refused);
  add_both ("/gproc/communicate/queue-limit", test_queue_limit);
  gproc_test_add ("/gproc/communicate/after-reading", test_after_reading);
  add_both ("/gproc/communicate/limit", test_limit);
  gproc_test_add ("/gproc/communicate/limit-other", test_limit_other);
  add_both ("/gproc/communicate/cancelled", test_cancelled);
  gproc_test_add ("/gproc/communicate/cancelled-later", test_cancelled_later);
  gproc_test_add ("/gproc/communicate/other-context", test_other_context);
  gproc_test_add ("/gproc/communicate/cancelled-in-thread", test_cancelled_in_thread);
  add_both ("/gproc/communicate/held", test_held);
  gproc_test_add ("/gproc/communicate/no-grace", test_no_grace);
  gproc_test_add ("/gproc/communicate/endless-grace", test_endless_grace);
  add_both ("/gproc/communicate/timeout", test_timeout);
  add_both ("/gproc/communicate/utf8", test_utf8);
  gproc_test_add ("/gproc/communicate/pending", test_pending);
  add_both ("/gproc/communicate/no-process", test_no_process);
  add_both ("/gproc/communicate/write-only", test_write_only);

  return gproc_test_run ();
}
