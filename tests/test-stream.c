/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <gprocstream/gprocstream.h>

#include <errno.h>
#include <gio/gnetworking.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "gproc-test-streams.h"
#include "gproc-test.h"

/* Streams over descriptors and other streams, without a process. */

static void
count_emission (gpointer  stream,
                guint    *count)
{
  *count += 1;
}

static void
count_notification (gpointer    stream,
                    GParamSpec *pspec,
                    guint      *count)
{
  *count += 1;
}

static void
test_empty (void)
{
  g_autoptr (GProcStream) stream = g_object_new (GPROC_TYPE_STREAM, NULL);
  g_autoptr (GError) error = NULL;
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (stream));
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (stream));
  char byte;

  gproc_test_track (stream);
  g_assert_null (gproc_stream_get_stdin (stream));
  g_assert_null (gproc_stream_get_stdout (stream));
  g_assert_null (gproc_stream_get_stderr (stream));
  g_assert_null (gproc_stream_get_backend (stream));
  g_assert_true (GPROC_IS_READER (in));
  g_assert_true (GPROC_IS_WRITER (out));
  g_assert_true (in == g_io_stream_get_input_stream (G_IO_STREAM (stream)));

  g_assert_cmpint (g_input_stream_read (in, &byte, 1, NULL, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpint (g_output_stream_write (out, "x", 1, NULL, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);

  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_false (gproc_stream_wait_check (stream, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_cmpint (gproc_stream_wait_buffered (stream, 10, NULL, &error), ==,
                   GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_false (gproc_stream_kill (stream, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_false (gproc_stream_stop (stream, 0, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_false (gproc_stream_resize (stream, 24, 80, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);

  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
}

/* Nothing is known of a process that there is not. */
static void
test_empty_status (void)
{
  g_autoptr (GProcStream) stream = g_object_new (GPROC_TYPE_STREAM, NULL);

  g_assert_cmpint (gproc_stream_get_pid (stream), ==, 0);
  g_assert_cmpint (gproc_stream_get_pidfd (stream), ==, -1);
  g_assert_null (gproc_stream_get_identifier (stream));
  g_assert_null (gproc_stream_get_command (stream));
  g_assert_false (gproc_stream_get_running (stream));
  g_assert_false (gproc_stream_get_timed_out (stream));
  g_assert_cmpint (gproc_stream_try_wait (stream), ==, GPROC_RETURNCODE_NONE);
  g_assert_cmpint (gproc_stream_get_returncode (stream), ==, GPROC_RETURNCODE_NONE);
  g_assert_cmpint (gproc_stream_get_shell_status (stream), ==, GPROC_RETURNCODE_NONE);
  g_assert_cmpint (gproc_stream_get_status (stream), ==, -1);
  g_assert_false (gproc_stream_get_if_exited (stream));
  g_assert_cmpint (gproc_stream_get_exit_status (stream), ==, -1);
  g_assert_false (gproc_stream_get_if_signaled (stream));
  g_assert_cmpint (gproc_stream_get_term_sig (stream), ==, 0);
  g_assert_false (gproc_stream_get_successful (stream));
  gproc_stream_abort (stream);
  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (stream)));
}

static void
test_properties (void)
{
  g_autoptr (GProcStream) stream = g_object_new (GPROC_TYPE_STREAM, NULL);
  guint n_notified = 0;
  gboolean stop_on_close;
  guint64 limit;
  int grace;

  g_assert_cmpint (gproc_stream_get_post_exit_grace (stream), ==, 2000);
  g_assert_cmpuint (gproc_stream_get_output_limit (stream), ==, 1024 * 1024 * 1024);
  g_assert_false (gproc_stream_get_stop_on_close (stream));

  g_signal_connect (stream, "notify", G_CALLBACK (count_notification), &n_notified);
  g_object_set (stream, "post-exit-grace", -1, "output-limit", (guint64) 12, "stop-on-close", TRUE,
                NULL);
  g_object_get (stream, "post-exit-grace", &grace, "output-limit", &limit, "stop-on-close",
                &stop_on_close, NULL);
  g_assert_cmpint (grace, ==, -1);
  g_assert_cmpuint (limit, ==, 12);
  g_assert_true (stop_on_close);
  g_assert_cmpuint (n_notified, ==, 3);

  /* What stays as it is is no change. */
  gproc_stream_set_post_exit_grace (stream, -1);
  gproc_stream_set_output_limit (stream, 12);
  gproc_stream_set_stop_on_close (stream, TRUE);
  g_assert_cmpuint (n_notified, ==, 3);
}

static void
test_borrowed (void)
{
  int in[2], out[2];
  g_autoptr (GError) error = NULL;

  gproc_test_pipe (in);
  gproc_test_pipe (out);
  {
    g_autoptr (GProcStream)
      stream = gproc_stream_new_for_fds (in[1], out[0], -1, GPROC_STREAM_FLAGS_NONE);

    gproc_test_track (stream);
    g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), "hello", -1, &error));
    g_assert_no_error (error);
    g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
    g_assert_no_error (error);
  }

  g_assert_true (gproc_test_fd_is_open (in[1]));
  g_assert_true (gproc_test_fd_is_open (out[0]));
  g_assert_false (gproc_test_fd_is_nonblocking (in[1]));
  g_assert_false (gproc_test_fd_is_nonblocking (out[0]));
  gproc_test_close (&in[1]);
  {
    g_autoptr (GBytes) bytes = gproc_test_read_to_end (in[0]);

    gproc_test_assert_bytes (bytes, "hello");
  }
  gproc_test_close (&in[0]);
  gproc_test_close (&out[0]);
  gproc_test_close (&out[1]);
}

static void
test_taken (void)
{
  int in[2], out[2], err[2];
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcStream) stream = NULL;
  g_autofree char *line = NULL;

  gproc_test_pipe (in);
  gproc_test_pipe (out);
  gproc_test_pipe (err);
  stream = gproc_stream_new_for_fds (in[1], out[0], err[0], GPROC_STREAM_FLAGS_TAKE_FDS);
  g_assert_true (gproc_test_fd_is_nonblocking (in[1]));
  g_assert_cmpint (gproc_reader_get_fd (gproc_stream_get_stdout (stream)), ==, out[0]);
  g_assert_cmpint (gproc_reader_get_stream_number (gproc_stream_get_stdout (stream)), ==, 1);
  g_assert_cmpint (gproc_reader_get_stream_number (gproc_stream_get_stderr (stream)), ==, 2);
  g_assert_true (gproc_stream_get_reader (stream, 2) == gproc_stream_get_stderr (stream));
  g_assert_true (gproc_stream_get_writer (stream, 0) == gproc_stream_get_stdin (stream));
  g_assert_null (gproc_stream_get_reader (stream, 3));
  g_assert_null (gproc_stream_get_writer (stream, 1));

  gproc_test_write (err[1], "trouble\n", -1);
  line = gproc_reader_read_line_utf8 (gproc_stream_get_stderr (stream), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, "trouble");

  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
  g_assert_false (gproc_test_fd_is_open (in[1]));
  g_assert_false (gproc_test_fd_is_open (out[0]));
  g_assert_false (gproc_test_fd_is_open (err[0]));

  gproc_test_close (&in[0]);
  gproc_test_close (&out[1]);
  gproc_test_close (&err[1]);
}

/* The same number is one descriptor: it is closed once, when both halves are. */
static void
test_same_descriptor (void)
{
  int fds[2];
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GBytes) heard = NULL;
  g_autofree char *line = NULL;

  gproc_test_socketpair (fds);
  stream = gproc_stream_new_for_fds (fds[0], fds[0], -1, GPROC_STREAM_FLAGS_TAKE_FDS);

  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), "question", -1, &error));
  g_assert_true (gproc_writer_can_write_eof (gproc_stream_get_stdin (stream)));
  g_assert_true (gproc_writer_write_eof (gproc_stream_get_stdin (stream), &error));
  g_assert_true (gproc_writer_drain (gproc_stream_get_stdin (stream), NULL, &error));
  g_assert_no_error (error);
  heard = gproc_test_read_to_end (fds[1]);
  gproc_test_assert_bytes (heard, "question");

  g_assert_true (
    g_output_stream_close (g_io_stream_get_output_stream (G_IO_STREAM (stream)), NULL, &error));
  g_assert_true (gproc_test_fd_is_open (fds[0]));
  gproc_test_write (fds[1], "answer\n", -1);
  line = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, "answer");

  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
  g_assert_false (gproc_test_fd_is_open (fds[0]));
  gproc_test_close (&fds[1]);
}

static void
test_no_descriptors (void)
{
  g_autoptr (GProcStream) stream = gproc_stream_new_for_fds (-1, -1, -1, GPROC_STREAM_FLAGS_NONE);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;

  result = gproc_stream_communicate (stream, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (gproc_result_get_stdout (result));
  g_assert_cmpint (gproc_result_get_returncode (result), ==, GPROC_RETURNCODE_NONE);
}

static GSocketConnection *
connection_for (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);

  return g_socket_connection_factory_create_connection (socket);
}

static void
test_socket_connection (void)
{
  int fds[2];
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  gproc_test_socketpair (fds);
  connection = connection_for (fds[0]);
  stream = gproc_stream_new_for_io_stream (G_IO_STREAM (connection));
  gproc_test_track (stream);

  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), "question\n", -1, &error));
  heard = gproc_test_read (fds[1], 9);
  gproc_test_assert_bytes (heard, "question\n");
  gproc_test_write (fds[1], "answer\n", -1);
  line = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, "answer");

  g_io_stream_close_async (G_IO_STREAM (stream), 0, NULL, gproc_test_call_done, &call);
  g_io_stream_close_finish (G_IO_STREAM (stream), gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (connection)));
  g_assert_false (gproc_test_fd_is_open (fds[0]));
  gproc_test_close (&fds[1]);
}

/* What is queued when the last reference goes is written, though the connection would
 * close its socket as soon as nobody has it. */
static void
test_socket_connection_unref (void)
{
  const gsize size = 1024 * 1024;
  g_autofree char *data = g_malloc0 (size);
  int fds[2];
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) array = g_byte_array_new ();

  gproc_test_socketpair (fds);
  {
    g_autoptr (GSocketConnection) connection = connection_for (fds[0]);
    g_autoptr (GProcStream) stream = gproc_stream_new_for_io_stream (G_IO_STREAM (connection));

    gproc_test_track (connection);
    g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), data, size, &error));
    g_assert_no_error (error);
  }

  while (array->len < size)
    {
      g_autoptr (GBytes) piece = gproc_test_read_available (fds[1], size);

      g_byte_array_append (array, g_bytes_get_data (piece, NULL), g_bytes_get_size (piece));
      if (g_bytes_get_size (piece) == 0)
        g_main_context_iteration (gproc_test_context (), TRUE);
    }
  gproc_test_wait_for (gproc_test_fd_is_ready (fds[1], G_IO_IN));
  heard = gproc_test_read_to_end (fds[1]);
  g_assert_cmpuint (g_bytes_get_size (heard), ==, 0);
  gproc_test_close (&fds[1]);
}

/* The stream below lives until the last of the queue is written, and no longer. */
static void
test_base_lives (void)
{
  g_autoptr (GOutputStream) out = gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE);
  g_autoptr (GBytes) written = NULL;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) rest = NULL;
  g_autoptr (GError) error = NULL;
  gpointer base = NULL;

  gproc_test_output_hold (out, TRUE);
  {
    g_autoptr (GBytes) content = g_bytes_new_static ("content", 7);
    g_autoptr (GInputStream) in = gproc_test_input_new (content, GPROC_TEST_HOSTILE_POLLABLE);
    g_autoptr (GProcStream) stream = NULL;

    base = g_simple_io_stream_new (in, out);
    g_object_add_weak_pointer (base, &base);
    stream = gproc_stream_new_for_io_stream (base);
    g_object_unref (base);
    gproc_test_track (stream);
    g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), "text", -1, &error));
    g_assert_no_error (error);
    reader = g_object_ref (gproc_stream_get_stdout (stream));
  }

  g_assert_nonnull (base);
  first = gproc_reader_read_some (reader, 3, NULL, &error);
  gproc_test_assert_bytes (first, "con");
  gproc_test_output_hold (out, FALSE);
  gproc_test_wait_for (g_output_stream_is_closed (out));
  written = gproc_test_output_get_bytes (out);
  gproc_test_assert_bytes (written, "text");
  gproc_test_settle ();

  g_assert_nonnull (base);
  rest = gproc_reader_read_to_end (reader, -1, NULL, &error);
  gproc_test_assert_bytes (rest, "tent");
  g_clear_object (&reader);
  g_assert_null (base);
}

static void
test_generic (gconstpointer data)
{
  const GProcTestHostility hostility = GPOINTER_TO_UINT (data);
  g_autoptr (GBytes) content = g_bytes_new_static ("one\ntwo\n", 8);
  g_autoptr (GInputStream) in = gproc_test_input_new (content, hostility);
  g_autoptr (GOutputStream) out = gproc_test_output_new (hostility);
  g_autoptr (GIOStream) base = g_simple_io_stream_new (in, out);
  g_autoptr (GProcStream) stream = gproc_stream_new_for_io_stream (base);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) written = NULL;
  g_autofree char *one = NULL;
  g_autofree char *two = NULL;

  one = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (one, ==, "one");
  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), "three", -1, &error));
  two = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (two, ==, "two");

  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
  written = gproc_test_output_get_bytes (out);
  gproc_test_assert_bytes (written, "three");
  g_assert_true (g_io_stream_is_closed (base));
  g_assert_true (g_input_stream_is_closed (in));
  g_assert_true (g_output_stream_is_closed (out));
}

static void
test_generic_async (gconstpointer data)
{
  const GProcTestHostility hostility = GPOINTER_TO_UINT (data);
  g_autoptr (GInputStream) in = gproc_test_input_new (NULL, hostility);
  g_autoptr (GOutputStream) out = gproc_test_output_new (hostility);
  g_autoptr (GIOStream) base = g_simple_io_stream_new (in, out);
  g_autoptr (GProcStream) stream = gproc_stream_new_for_io_stream (base);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) written = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), "three", -1, &error));
  g_assert_no_error (error);
  g_io_stream_close_async (G_IO_STREAM (stream), 0, NULL, gproc_test_call_done, &call);
  g_io_stream_close_finish (G_IO_STREAM (stream), gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  written = gproc_test_output_get_bytes (out);
  gproc_test_assert_bytes (written, "three");
  g_assert_true (g_io_stream_is_closed (base));
}

static void
test_output_ended (void)
{
  int out[2], err[2];
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  guint n_ended = 0;

  gproc_test_pipe (out);
  gproc_test_pipe (err);
  stream = gproc_stream_new_for_fds (-1, out[0], err[0], GPROC_STREAM_FLAGS_TAKE_FDS);
  gproc_test_track (stream);
  g_signal_connect (stream, "output-ended", G_CALLBACK (count_emission), &n_ended);

  gproc_test_close (&out[1]);
  gproc_test_close (&err[1]);
  /* The ends are there, but nobody has met them. */
  gproc_test_settle ();
  g_assert_cmpuint (n_ended, ==, 0);

  bytes = gproc_reader_read_some (gproc_stream_get_stdout (stream), 10, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (bytes);
  gproc_test_settle ();
  g_assert_cmpuint (n_ended, ==, 0);

  bytes = gproc_reader_read_some (gproc_stream_get_stderr (stream), 10, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (bytes);
  g_assert_cmpuint (n_ended, ==, 0);
  gproc_test_settle ();
  g_assert_cmpuint (n_ended, ==, 1);

  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  gproc_test_settle ();
  g_assert_cmpuint (n_ended, ==, 1);
}

/* What was to be said of a stream that is gone is not said. */
static void
test_output_ended_disposed (void)
{
  int out[2];
  GProcStream *stream;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  guint n_ended = 0;

  gproc_test_pipe (out);
  stream = gproc_stream_new_for_fds (-1, out[0], -1, GPROC_STREAM_FLAGS_TAKE_FDS);
  g_signal_connect (stream, "output-ended", G_CALLBACK (count_emission), &n_ended);
  reader = g_object_ref (gproc_stream_get_stdout (stream));
  gproc_test_track (stream);
  gproc_test_close (&out[1]);
  bytes = gproc_reader_read_some (reader, 10, NULL, &error);
  g_assert_null (bytes);
  g_object_unref (stream);
  gproc_test_settle ();
  g_assert_cmpuint (n_ended, ==, 0);
}

/* Those who have a half go on using it. */
static void
test_halves_outlive (void)
{
  int in[2], out[2];
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;

  gproc_test_pipe (in);
  gproc_test_pipe (out);
  {
    g_autoptr (GProcStream)
      stream = gproc_stream_new_for_fds (in[1], out[0], -1, GPROC_STREAM_FLAGS_TAKE_FDS);

    gproc_test_track (stream);
    reader = g_object_ref (gproc_stream_get_stdout (stream));
    writer = g_object_ref (gproc_stream_get_stdin (stream));
  }

  gproc_test_write (out[1], "still\n", -1);
  line = gproc_reader_read_line_utf8 (reader, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, "still");
  g_assert_true (gproc_writer_queue (writer, "there", -1, &error));
  g_assert_no_error (error);
  heard = gproc_test_read (in[0], 5);
  gproc_test_assert_bytes (heard, "there");

  gproc_test_close (&in[0]);
  gproc_test_close (&out[1]);
}

static void
test_run_dispose (void)
{
  int in[2], out[2];
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;

  gproc_test_pipe (in);
  gproc_test_pipe (out);
  stream = gproc_stream_new_for_fds (in[1], out[0], -1, GPROC_STREAM_FLAGS_TAKE_FDS);
  g_object_run_dispose (G_OBJECT (stream));

  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (stream)));
  g_assert_null (gproc_stream_get_stdout (stream));
  g_assert_nonnull (g_io_stream_get_input_stream (G_IO_STREAM (stream)));
  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
  gproc_test_close (&in[0]);
  gproc_test_close (&out[1]);
}

/* GIO's own splice, with a stream of ours in either position. */
static void
test_gio_splice (gconstpointer data)
{
  const gboolean first = GPOINTER_TO_UINT (data) == 1;
  const gsize size = gproc_test_scale (4 * 1024 * 1024);
  g_autoptr (GBytes) there = gproc_test_random_bytes (size);
  g_autoptr (GBytes) back = gproc_test_random_bytes (size);
  g_autoptr (GInputStream) in = g_memory_input_stream_new_from_bytes (there);
  g_autoptr (GOutputStream) out = g_memory_output_stream_new_resizable ();
  g_autoptr (GIOStream) memory = g_simple_io_stream_new (in, out);
  g_autoptr (GProcStream) ours = NULL;
  g_autoptr (GProcStream) peer = NULL;
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GBytes) arrived = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) read = GPROC_TEST_CALL_INIT;
  int fds[2];

  gproc_test_socketpair (fds);
  ours = gproc_stream_new_for_fds (fds[0], fds[0], -1, GPROC_STREAM_FLAGS_TAKE_FDS);
  peer = gproc_stream_new_for_fds (fds[1], fds[1], -1, GPROC_STREAM_FLAGS_TAKE_FDS);
  g_assert_true (gproc_writer_queue_bytes (gproc_stream_get_stdin (peer), back, &error));
  g_assert_true (gproc_writer_write_eof (gproc_stream_get_stdin (peer), &error));
  g_assert_no_error (error);
  gproc_reader_read_exactly_async (gproc_stream_get_stdout (peer), size, 0, NULL,
                                   gproc_test_call_done, &read);

  g_io_stream_splice_async (first ? G_IO_STREAM (ours) : memory,
                            first ? memory : G_IO_STREAM (ours), G_IO_STREAM_SPLICE_WAIT_FOR_BOTH,
                            0, NULL, gproc_test_call_done, &call);
  g_assert_true (g_io_stream_splice_finish (gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);

  heard = gproc_reader_read_exactly_finish (gproc_stream_get_stdout (peer),
                                            gproc_test_call_wait (&read), &error);
  g_assert_no_error (error);
  gproc_test_assert_equal (heard, there);
  g_assert_true (g_output_stream_close (out, NULL, &error));
  arrived = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (out));
  gproc_test_assert_equal (arrived, back);
}

int
main (int    argc,
      char **argv)
{
  gproc_test_init (&argc, &argv);

  gproc_test_add ("/gproc/stream/empty", test_empty);
  gproc_test_add ("/gproc/stream/empty-status", test_empty_status);
  gproc_test_add ("/gproc/stream/properties", test_properties);
  gproc_test_add ("/gproc/stream/borrowed", test_borrowed);
  gproc_test_add ("/gproc/stream/taken", test_taken);
  gproc_test_add ("/gproc/stream/same-descriptor", test_same_descriptor);
  gproc_test_add ("/gproc/stream/no-descriptors", test_no_descriptors);
  gproc_test_add ("/gproc/stream/socket-connection", test_socket_connection);
  gproc_test_add ("/gproc/stream/socket-connection-unref", test_socket_connection_unref);
  gproc_test_add ("/gproc/stream/base-lives", test_base_lives);
  gproc_test_add_data ("/gproc/stream/generic/plain", GUINT_TO_POINTER (GPROC_TEST_HOSTILE_NONE),
                       test_generic);
  gproc_test_add_data ("/gproc/stream/generic/pollable",
                       GUINT_TO_POINTER (GPROC_TEST_HOSTILE_POLLABLE | GPROC_TEST_HOSTILE_SLOW),
                       test_generic);
  gproc_test_add_data ("/gproc/stream/generic/plain-async",
                       GUINT_TO_POINTER (GPROC_TEST_HOSTILE_SLOW), test_generic_async);
  gproc_test_add_data ("/gproc/stream/generic/pollable-async",
                       GUINT_TO_POINTER (GPROC_TEST_HOSTILE_POLLABLE | GPROC_TEST_HOSTILE_SLOW |
                                         GPROC_TEST_HOSTILE_SPURIOUS),
                       test_generic_async);
  gproc_test_add ("/gproc/stream/output-ended", test_output_ended);
  gproc_test_add ("/gproc/stream/output-ended/disposed", test_output_ended_disposed);
  gproc_test_add ("/gproc/stream/halves-outlive", test_halves_outlive);
  gproc_test_add ("/gproc/stream/run-dispose", test_run_dispose);
  gproc_test_add_data ("/gproc/stream/gio-splice/first", GUINT_TO_POINTER (1), test_gio_splice);
  gproc_test_add_data ("/gproc/stream/gio-splice/second", GUINT_TO_POINTER (2), test_gio_splice);

  return gproc_test_run ();
}
