/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-frames.h"

/* What a muxer writes, and a stream over a connection of frames. */

static void
assert_written (GOutputStream *output,
                GByteArray    *expected)
{
  g_autoptr (GBytes) bytes = gproc_test_output_get_bytes (output);

  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected->data,
                   expected->len);
}

static void
test_queue (void)
{
  g_autoptr (GOutputStream)
    output = gproc_test_track (gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE));
  g_autoptr (GProcMuxer) muxer = gproc_test_track (gproc_muxer_new (output));
  g_autoptr (GProcMuxer) nothing = g_object_new (GPROC_TYPE_MUXER, NULL);
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  g_autoptr (GBytes) large = gproc_test_random_bytes (100000);
  g_autoptr (GBytes) small = g_bytes_new_static ("small", 5);
  g_autoptr (GError) error = NULL;

  g_assert_true (gproc_muxer_queue (muxer, 1, "a string", -1, &error));
  g_assert_true (gproc_muxer_queue (muxer, 2, "a\0b", 3, &error));
  g_assert_true (gproc_muxer_queue (muxer, 1, NULL, 0, &error));
  g_assert_true (gproc_muxer_queue_bytes (muxer, 0, small, &error));
  g_assert_true (gproc_muxer_queue_bytes (muxer, 2, large, &error));
  g_assert_true (gproc_muxer_queue (muxer, 1, g_bytes_get_data (large, NULL), 100000, &error));
  g_assert_true (gproc_muxer_queue (muxer, 3, "an error", -1, &error));
  g_assert_true (
    g_output_stream_flush (G_OUTPUT_STREAM (gproc_muxer_get_writer (muxer)), NULL, &error));
  g_assert_no_error (error);

  frames_add (expected, 1, "a string", -1);
  frames_add (expected, 2, "a\0b", 3);
  frames_add (expected, 1, "", -1);
  frames_add (expected, 0, "small", -1);
  frames_add (expected, 2, g_bytes_get_data (large, NULL), 100000);
  frames_add (expected, 1, g_bytes_get_data (large, NULL), 100000);
  frames_add (expected, 3, "an error", -1);
  assert_written (output, expected);

  for (int number = -1; number <= 4; number += 5)
    {
      g_assert_false (gproc_muxer_queue (muxer, number, "x", 1, &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_false (gproc_muxer_queue_bytes (muxer, number, small, &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    }
  assert_written (output, expected);
}

/* A frame for which there is no room is not begun. */
static void
test_limit (void)
{
  g_autoptr (GOutputStream)
    output = gproc_test_track (gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE));
  g_autoptr (GProcWriter) writer = gproc_test_track (gproc_writer_new (output));
  g_autoptr (GProcMuxer) muxer = gproc_test_track (gproc_muxer_new (G_OUTPUT_STREAM (writer)));
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  g_autoptr (GBytes) large = gproc_test_random_bytes (10000);
  g_autoptr (GError) error = NULL;

  g_assert_true (gproc_muxer_get_writer (muxer) == writer);
  gproc_test_output_hold (output, TRUE);
  gproc_writer_set_queue_limit (writer, 10007);
  g_assert_false (gproc_muxer_queue_bytes (muxer, 1, large, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), ==, 0);
  g_assert_true (gproc_muxer_queue (muxer, 1, "x", 1, &error));
  gproc_test_output_hold (output, FALSE);
  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  frames_add (expected, 1, "x", 1);
  assert_written (output, expected);
}

static void
test_write_frame (void)
{
  g_autoptr (GOutputStream) output = gproc_test_track (
    gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE | GPROC_TEST_HOSTILE_SLOW));
  g_autoptr (GProcMuxer) muxer = gproc_test_track (gproc_muxer_new (output));
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  g_autoptr (GBytes) bytes = gproc_test_random_bytes (50000);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) cancelled = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) refused = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  gproc_test_output_set_chunk (output, 777);
  g_assert_true (gproc_muxer_write_frame (muxer, 1, bytes, NULL, &error));
  frames_add (expected, 1, g_bytes_get_data (bytes, NULL), 50000);
  assert_written (output, expected);

  gproc_muxer_write_frame_async (muxer, 2, bytes, 0, NULL, gproc_test_call_done, &call);
  g_assert_true (gproc_muxer_write_frame_finish (muxer, gproc_test_call_wait (&call), &error));
  frames_add (expected, 2, g_bytes_get_data (bytes, NULL), 50000);
  assert_written (output, expected);

  gproc_muxer_write_frame_async (muxer, 7, bytes, 0, NULL, gproc_test_call_done, &refused);
  g_assert_false (gproc_muxer_write_frame_finish (muxer, gproc_test_call_wait (&refused), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);

  /* Cancelled, it stays queued whole. */
  gproc_test_output_hold (output, TRUE);
  gproc_muxer_write_frame_async (muxer, 1, bytes, 0, cancellable, gproc_test_call_done, &cancelled);
  gproc_test_settle ();
  g_cancellable_cancel (cancellable);
  g_assert_false (
    gproc_muxer_write_frame_finish (muxer, gproc_test_call_wait (&cancelled), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  gproc_test_output_hold (output, FALSE);
  g_assert_true (
    g_output_stream_flush (G_OUTPUT_STREAM (gproc_muxer_get_writer (muxer)), NULL, &error));
  frames_add (expected, 1, g_bytes_get_data (bytes, NULL), 50000);
  assert_written (output, expected);
}

/* A frame for which nobody could wait is not queued either: who tries again sends it once. */
static void
test_write_pending (void)
{
  g_autoptr (GOutputStream)
    output = gproc_test_track (gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE));
  g_autoptr (GProcMuxer) muxer = gproc_test_track (gproc_muxer_new (output));
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  g_autoptr (GBytes) bytes = g_bytes_new_static ("once", 4);
  g_auto (GProcTestCall) first = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) second = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  gproc_test_output_hold (output, TRUE);
  gproc_muxer_write_frame_async (muxer, 1, bytes, 0, NULL, gproc_test_call_done, &first);
  gproc_muxer_write_frame_async (muxer, 2, bytes, 0, NULL, gproc_test_call_done, &second);
  g_assert_false (gproc_muxer_write_frame_finish (muxer, gproc_test_call_wait (&second), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_false (gproc_muxer_write_frame (muxer, 2, bytes, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  gproc_test_output_hold (output, FALSE);
  g_assert_true (gproc_muxer_write_frame_finish (muxer, gproc_test_call_wait (&first), &error));
  g_assert_no_error (error);
  g_assert_true (gproc_muxer_write_frame (muxer, 2, bytes, NULL, &error));
  g_assert_no_error (error);
  frames_add (expected, 1, "once", -1);
  frames_add (expected, 2, "once", -1);
  assert_written (output, expected);
}

typedef struct
{
  GProcMuxer *muxer;
  GByteArray *sides[2];
  gsize n_frames;
} Talker;

static gpointer
talk (gpointer user_data)
{
  Talker *talker = user_data;
  GProcWriter *writer = gproc_muxer_get_writer (talker->muxer);
  g_autoptr (GBytes) noise = gproc_test_random_bytes (300000);
  const char *data = g_bytes_get_data (noise, NULL);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < talker->n_frames; i++)
    {
      guint side = g_random_boolean () ? 1 : 0;
      gsize limit = i % 50 == 0 ? 200000 : 2000;
      gsize size = (gsize) g_random_int_range (0, (int) limit);

      g_assert_true (
        gproc_muxer_queue (talker->muxer, (int) side + 1, data + i, (gssize) size, &error));
      g_byte_array_append (talker->sides[side], (const guint8 *) data + i, (guint) size);
      g_assert_true (gproc_writer_drain (writer, NULL, &error));
    }
  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  g_assert_no_error (error);

  return NULL;
}

/* What goes into the one comes out of the other: both outputs at once, in one context. */
static void
test_round_trip (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GProcDemuxer) demuxer = NULL;
  Talker talker = { .n_frames = gproc_test_scale (3000) };
  g_auto (GProcTestCall) out = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) err = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) out_bytes = NULL;
  g_autoptr (GBytes) err_bytes = NULL;
  GThread *thread;
  int fds[2];

  gproc_test_pipe (fds);
  writer = gproc_test_track (gproc_writer_new_for_fd (fds[1], TRUE));
  reader = gproc_test_track (gproc_reader_new_for_fd (fds[0], TRUE));
  talker.muxer = gproc_test_track (gproc_muxer_new (G_OUTPUT_STREAM (writer)));
  talker.sides[0] = g_byte_array_new ();
  talker.sides[1] = g_byte_array_new ();
  demuxer = gproc_test_track (gproc_demuxer_new (G_INPUT_STREAM (reader)));

  thread = g_thread_new ("talker", talk, &talker);
  gproc_reader_read_to_end_async (gproc_demuxer_get_stdout (demuxer), G_MAXSIZE, 0, NULL,
                                  gproc_test_call_done, &out);
  gproc_reader_read_to_end_async (gproc_demuxer_get_stderr (demuxer), G_MAXSIZE, 0, NULL,
                                  gproc_test_call_done, &err);
  out_bytes = gproc_reader_read_to_end_finish (gproc_demuxer_get_stdout (demuxer),
                                               gproc_test_call_wait (&out), &error);
  g_assert_no_error (error);
  err_bytes = gproc_reader_read_to_end_finish (gproc_demuxer_get_stderr (demuxer),
                                               gproc_test_call_wait (&err), &error);
  g_assert_no_error (error);
  g_thread_join (thread);
  g_assert_cmpmem (g_bytes_get_data (out_bytes, NULL), g_bytes_get_size (out_bytes),
                   talker.sides[0]->data, talker.sides[0]->len);
  g_assert_cmpmem (g_bytes_get_data (err_bytes, NULL), g_bytes_get_size (err_bytes),
                   talker.sides[1]->data, talker.sides[1]->len);
  g_byte_array_unref (talker.sides[0]);
  g_byte_array_unref (talker.sides[1]);
  g_clear_object (&talker.muxer);
}

/* A connection on which both outputs come in frames, and the input goes as it is. */
static void
test_multiplexed (void)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GIOStream) connection = NULL;
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) heard = NULL;
  g_autofree char *line = NULL;
  g_autofree char *err = NULL;
  int fds[2];

  gproc_test_socketpair (fds);
  socket = g_socket_new_from_fd (fds[0], &error);
  connection = gproc_test_track (
    G_IO_STREAM (g_socket_connection_factory_create_connection (socket)));
  stream = gproc_test_track (
    gproc_stream_new_for_multiplexed (connection, GPROC_DEMUXER_POLICY_GROW));
  g_assert_no_error (error);
  g_assert_cmpint (gproc_reader_get_stream_number (gproc_stream_get_stdout (stream)), ==, 1);
  g_assert_cmpint (gproc_reader_get_stream_number (gproc_stream_get_stderr (stream)), ==, 2);
  g_assert_true (gproc_stream_get_reader (stream, 2) == gproc_stream_get_stderr (stream));

  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), "select 1;\n", -1, &error));
  frames_add (frames, 2, "a warning\n", -1);
  frames_add (frames, 1, "1\n", -1);
  gproc_test_write (fds[1], frames->data, frames->len);
  line = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_cmpstr (line, ==, "1");
  err = gproc_reader_read_line_utf8 (gproc_stream_get_stderr (stream), NULL, &error);
  g_assert_cmpstr (err, ==, "a warning");
  heard = gproc_test_read (fds[1], 10);
  gproc_test_assert_bytes (heard, "select 1;\n");

  g_assert_true (gproc_writer_write_eof (gproc_stream_get_stdin (stream), &error));
  g_assert_no_error (error);
  g_assert_true (gproc_writer_drain (gproc_stream_get_stdin (stream), NULL, &error));
  g_clear_pointer (&heard, g_bytes_unref);
  heard = gproc_test_read_to_end (fds[1]);
  g_assert_cmpuint (g_bytes_get_size (heard), ==, 0);
  gproc_test_write (fds[1], "\1\0\0\0\0\0\0\2ok", 10);
  gproc_test_close (&fds[1]);
  g_free (g_steal_pointer (&line));
  line = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_cmpstr (line, ==, "ok");
  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_io_stream_is_closed (connection));
}

/* The connection lives as long as one of its outputs does. */
static void
test_multiplexed_stderr (void)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GIOStream) connection = NULL;
  g_autoptr (GProcReader) err = NULL;
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  int fds[2];

  gproc_test_socketpair (fds);
  socket = g_socket_new_from_fd (fds[0], &error);
  connection = gproc_test_track (
    G_IO_STREAM (g_socket_connection_factory_create_connection (socket)));
  stream = gproc_test_track (
    gproc_stream_new_for_multiplexed (connection, GPROC_DEMUXER_POLICY_BLOCK));
  err = g_object_ref (gproc_stream_get_stderr (stream));
  g_clear_object (&stream);
  g_clear_object (&socket);
  g_clear_object (&connection);
  gproc_test_write (fds[1], "\2\0\0\0\0\0\0\2ok", 10);
  bytes = gproc_reader_read_exactly (err, 2, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, "ok");
  gproc_test_close (&fds[1]);
}

/* A close completes what is under way, and lets go of all. */
static void
test_multiplexed_close (void)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GIOStream) connection = NULL;
  g_autoptr (GProcStream) stream = NULL;
  g_auto (GProcTestCall) out = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) err = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) close = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  int fds[2];

  gproc_test_socketpair (fds);
  socket = g_socket_new_from_fd (fds[0], &error);
  connection = gproc_test_track (
    G_IO_STREAM (g_socket_connection_factory_create_connection (socket)));
  stream = gproc_test_track (
    gproc_stream_new_for_multiplexed (connection, GPROC_DEMUXER_POLICY_BLOCK));
  gproc_reader_read_line_async (gproc_stream_get_stdout (stream), 0, NULL, gproc_test_call_done,
                                &out);
  gproc_reader_read_line_async (gproc_stream_get_stderr (stream), 0, NULL, gproc_test_call_done,
                                &err);
  gproc_test_settle ();
  g_io_stream_close_async (G_IO_STREAM (stream), 0, NULL, gproc_test_call_done, &close);
  g_assert_true (
    g_io_stream_close_finish (G_IO_STREAM (stream), gproc_test_call_wait (&close), &error));
  g_assert_no_error (error);
  g_assert_null (gproc_reader_read_line_finish (gproc_stream_get_stdout (stream),
                                                gproc_test_call_wait (&out), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_null (gproc_reader_read_line_finish (gproc_stream_get_stderr (stream),
                                                gproc_test_call_wait (&err), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_true (g_io_stream_is_closed (connection));
  g_assert_false (gproc_test_fd_is_open (fds[0]));
  gproc_test_close (&fds[1]);
}

/* What was queued goes out after everybody has let go, and then the connection is closed. */
static void
test_multiplexed_unref (void)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GIOStream) connection = NULL;
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GBytes) noise = gproc_test_random_bytes (1000000);
  g_autoptr (GByteArray) heard = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  gpointer weak;
  int fds[2];

  gproc_test_socketpair (fds);
  socket = g_socket_new_from_fd (fds[0], &error);
  connection = gproc_test_track (
    G_IO_STREAM (g_socket_connection_factory_create_connection (socket)));
  stream = gproc_test_track (
    gproc_stream_new_for_multiplexed (connection, GPROC_DEMUXER_POLICY_BLOCK));
  g_assert_true (gproc_writer_queue_bytes (gproc_stream_get_stdin (stream), noise, &error));
  g_assert_cmpuint (gproc_writer_get_bytes_queued (gproc_stream_get_stdin (stream)), >, 0);
  weak = connection;
  g_object_add_weak_pointer (G_OBJECT (connection), &weak);
  g_clear_object (&stream);
  g_clear_object (&socket);
  g_clear_object (&connection);
  while (heard->len < 1000000)
    {
      g_autoptr (GBytes) some = gproc_test_read_available (fds[1], 100000);

      g_byte_array_append (heard, g_bytes_get_data (some, NULL), (guint) g_bytes_get_size (some));
      gproc_test_settle ();
    }
  g_assert_cmpmem (heard->data, heard->len, g_bytes_get_data (noise, NULL), 1000000);
  gproc_test_wait_for (weak == NULL);
  g_assert_false (gproc_test_fd_is_open (fds[0]));
  gproc_test_close (&fds[1]);
}

/* A close that was cancelled before drops the queue, and closes all the same. */
static void
test_multiplexed_cancelled (gconstpointer data)
{
  gboolean async = GPOINTER_TO_INT (data);
  g_autoptr (GInputStream)
    input = gproc_test_track (gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE));
  g_autoptr (GOutputStream)
    output = gproc_test_track (gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE));
  g_autoptr (GIOStream) connection = gproc_test_track (g_simple_io_stream_new (input, output));
  g_autoptr (GProcStream) stream = gproc_test_track (
    gproc_stream_new_for_multiplexed (connection, GPROC_DEMUXER_POLICY_BLOCK));
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  gproc_test_input_hold (input);
  gproc_test_output_hold (output, TRUE);
  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), "queued", -1, &error));
  g_cancellable_cancel (cancellable);
  if (!async)
    {
      g_assert_false (g_io_stream_close (G_IO_STREAM (stream), cancellable, &error));
    }
  else
    {
      g_io_stream_close_async (G_IO_STREAM (stream), 0, cancellable, gproc_test_call_done, &call);
      g_assert_false (
        g_io_stream_close_finish (G_IO_STREAM (stream), gproc_test_call_wait (&call), &error));
    }
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (gproc_writer_get_bytes_discarded (gproc_stream_get_stdin (stream)), ==, 6);
  g_assert_true (g_io_stream_is_closed (connection));
  g_assert_cmpuint (gproc_test_input_get_counts (input).n_closes, ==, 1);
  g_assert_cmpuint (gproc_test_output_get_counts (output).n_closes, ==, 1);
}

typedef enum
{
  FAILS_WRITE,
  FAILS_CLOSE_OUTPUT,
  FAILS_CLOSE_INPUT,
  FAILS_ALL,
  FAILS_ASYNC = 1 << 4,
  FAILS_PLAIN = 1 << 5,
  FAILS_RAW = 1 << 6 /* Without frames, which makes no difference. */
} Failure;

/* What a close meets with is told, whatever it is: what is queued and cannot be written any more,
 * and what closing either half of the connection fails with. The first one is, and all is closed.
 */
static void
test_multiplexed_close_error (gconstpointer data)
{
  Failure failure = GPOINTER_TO_INT (data);
  Failure what = failure & ~(FAILS_ASYNC | FAILS_PLAIN | FAILS_RAW);
  g_autoptr (GInputStream) input = gproc_test_track (
    gproc_test_input_new (NULL, (failure & FAILS_PLAIN) != 0 ? GPROC_TEST_HOSTILE_NONE
                                                             : GPROC_TEST_HOSTILE_POLLABLE));
  g_autoptr (GOutputStream) output = gproc_test_track (
    gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE | GPROC_TEST_HOSTILE_SLOW));
  g_autoptr (GIOStream) connection = gproc_test_track (g_simple_io_stream_new (input, output));
  g_autoptr (GProcStream) stream = gproc_test_track (
    (failure & FAILS_RAW) != 0
      ? gproc_stream_new_for_io_stream (connection)
      : gproc_stream_new_for_multiplexed (connection, GPROC_DEMUXER_POLICY_BLOCK));
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  gproc_test_input_hold (input);
  if (what == FAILS_WRITE || what == FAILS_ALL)
    gproc_test_output_set_error (output, 3, G_IO_ERROR_BUSY);
  if (what == FAILS_CLOSE_OUTPUT)
    gproc_test_output_set_close_error (output, G_IO_ERROR_BUSY);
  else if (what == FAILS_ALL)
    gproc_test_output_set_close_error (output, G_IO_ERROR_NOT_EMPTY);
  if (what == FAILS_CLOSE_INPUT)
    gproc_test_input_set_close_error (input, G_IO_ERROR_BUSY);
  else if (what == FAILS_ALL)
    gproc_test_input_set_close_error (input, G_IO_ERROR_NOT_EMPTY);

  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), "queued", -1, &error));
  if ((failure & FAILS_ASYNC) == 0)
    {
      g_assert_false (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
    }
  else
    {
      g_io_stream_close_async (G_IO_STREAM (stream), 0, NULL, gproc_test_call_done, &call);
      g_assert_false (
        g_io_stream_close_finish (G_IO_STREAM (stream), gproc_test_call_wait (&call), &error));
    }
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (stream)));
  g_assert_true (g_io_stream_is_closed (connection));
  g_assert_cmpuint (gproc_test_input_get_counts (input).n_closes, ==, 1);
  g_assert_cmpuint (gproc_test_output_get_counts (output).n_closes, ==, 1);
}

/* Both outputs are pumped to where they belong. */
static void
test_pumps (void)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  g_autoptr (GBytes) noise = gproc_test_random_bytes (700000);
  const char *data = g_bytes_get_data (noise, NULL);
  g_autoptr (GInputStream) base = NULL;
  g_autoptr (GProcDemuxer) demuxer = NULL;
  GOutputStream *targets[2];
  GProcPump *pumps[2];
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  for (gsize place = 0; place < 700000; place += 70000)
    {
      frames_add (frames, 1, data + place, 50000);
      frames_add (frames, 2, data + place + 50000, 20000);
    }
  base = gproc_test_track (g_memory_input_stream_new_from_data (frames->data, frames->len, NULL));
  demuxer = gproc_test_track (gproc_demuxer_new (base));
  for (guint i = 0; i < 2; i++)
    {
      targets[i] = gproc_test_track (gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE));
      pumps[i] = gproc_test_track (
        gproc_pump_new (G_INPUT_STREAM (i == 0 ? gproc_demuxer_get_stdout (demuxer)
                                               : gproc_demuxer_get_stderr (demuxer)),
                        targets[i]));
    }
  gproc_pump_run_all_async (pumps, 2, 0, NULL, gproc_test_call_done, &call);
  g_assert_true (gproc_pump_run_all_finish (gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GBytes) written = gproc_test_output_get_bytes (targets[i]);
      gsize size = i == 0 ? 50000 : 20000;

      g_assert_cmpuint (g_bytes_get_size (written), ==, 10 * size);
      for (gsize j = 0; j < 10; j++)
        g_assert_cmpmem ((const char *) g_bytes_get_data (written, NULL) + j * size, size,
                         data + j * 70000 + i * 50000, size);
      g_object_unref (pumps[i]);
      g_object_unref (targets[i]);
    }
}

int
main (int   argc,
      char *argv[])
{
  static const struct
  {
    const char *path;
    int failure;
  } failures[] = {
    { "/gproc/muxer/multiplexed-fails/write", FAILS_WRITE },
    { "/gproc/muxer/multiplexed-fails/close-output", FAILS_CLOSE_OUTPUT },
    { "/gproc/muxer/multiplexed-fails/close-input", FAILS_CLOSE_INPUT },
    { "/gproc/muxer/multiplexed-fails/close-input-plain", FAILS_CLOSE_INPUT | FAILS_PLAIN },
    { "/gproc/muxer/multiplexed-fails/raw", FAILS_CLOSE_INPUT | FAILS_RAW },
    { "/gproc/muxer/multiplexed-fails/raw-async", FAILS_CLOSE_INPUT | FAILS_RAW | FAILS_ASYNC },
    { "/gproc/muxer/multiplexed-fails/all", FAILS_ALL },
    { "/gproc/muxer/multiplexed-fails/write-async", FAILS_WRITE | FAILS_ASYNC },
    { "/gproc/muxer/multiplexed-fails/close-output-async", FAILS_CLOSE_OUTPUT | FAILS_ASYNC },
    { "/gproc/muxer/multiplexed-fails/close-input-async", FAILS_CLOSE_INPUT | FAILS_ASYNC },
    { "/gproc/muxer/multiplexed-fails/all-async", FAILS_ALL | FAILS_ASYNC },
  };

  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/muxer/queue", test_queue);
  gproc_test_add ("/gproc/muxer/limit", test_limit);
  gproc_test_add ("/gproc/muxer/write-frame", test_write_frame);
  gproc_test_add ("/gproc/muxer/write-pending", test_write_pending);
  gproc_test_add ("/gproc/muxer/round-trip", test_round_trip);
  gproc_test_add ("/gproc/muxer/multiplexed", test_multiplexed);
  gproc_test_add ("/gproc/muxer/multiplexed-stderr", test_multiplexed_stderr);
  gproc_test_add ("/gproc/muxer/multiplexed-close", test_multiplexed_close);
  gproc_test_add ("/gproc/muxer/multiplexed-unref", test_multiplexed_unref);
  gproc_test_add_data ("/gproc/muxer/multiplexed-cancelled/sync", GINT_TO_POINTER (FALSE),
                       test_multiplexed_cancelled);
  gproc_test_add_data ("/gproc/muxer/multiplexed-cancelled/async", GINT_TO_POINTER (TRUE),
                       test_multiplexed_cancelled);
  for (gsize i = 0; i < G_N_ELEMENTS (failures); i++)
    gproc_test_add_data (failures[i].path, GINT_TO_POINTER (failures[i].failure),
                         test_multiplexed_close_error);
  gproc_test_add ("/gproc/muxer/pumps", test_pumps);
  return gproc_test_run ();
}
