/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test.h"
#include "gproc-test-streams.h"

#include <gprocstream/gprocstream.h>

#include <gio/gunixoutputstream.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* Readers and writers over what GIO offers, and over what is worse. */

static void
test_memory (void)
{
  g_autoptr (GInputStream) input = g_memory_input_stream_new_from_data ("one\ntwo\nrest", -1, NULL);
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
  g_autoptr (GProcReader) reader = gproc_test_track (gproc_reader_new (input));
  g_autoptr (GProcWriter) writer = gproc_test_track (gproc_writer_new (output));
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) result = NULL;
  GBytes *line;

  while ((line = gproc_reader_read_line (reader, NULL, &error)) != NULL)
    {
      g_assert_true (gproc_writer_queue_bytes (writer, line, &error));
      g_bytes_unref (line);
    }
  g_assert_no_error (error);
  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_output_stream_is_closed (output));
  result = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (output));
  gproc_test_assert_bytes (result, "one\ntwo\nrest");
}

static void
test_converter (void)
{
  g_autoptr (GBytes) data = gproc_test_random_bytes (200000);
  g_autoptr (GConverter)
    compressor = G_CONVERTER (g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, 1));
  g_autoptr (GConverter)
    decompressor = G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) compressing = g_converter_output_stream_new (memory, compressor);
  g_autoptr (GProcWriter) writer = gproc_test_track (gproc_writer_new (compressing));
  g_autoptr (GInputStream) compressed_stream = NULL;
  g_autoptr (GInputStream) decompressing = NULL;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GBytes) compressed = NULL;
  g_autoptr (GBytes) result = NULL;
  g_autoptr (GError) error = NULL;
  gsize i;

  for (i = 0; i < 200000; i += 1000)
    g_assert_true (
      gproc_writer_queue (writer, (const char *) g_bytes_get_data (data, NULL) + i, 1000, &error));
  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  g_assert_no_error (error);
  compressed = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));

  compressed_stream = g_memory_input_stream_new_from_bytes (compressed);
  decompressing = g_converter_input_stream_new (compressed_stream, decompressor);
  reader = gproc_test_track (gproc_reader_new (decompressing));
  result = gproc_reader_read_to_end (reader, -1, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_equal (result, data);
}

static void
test_buffered_streams (void)
{
  g_autoptr (GInputStream) raw = g_memory_input_stream_new_from_data ("a\nb\nc\n", -1, NULL);
  g_autoptr (GInputStream) input = g_buffered_input_stream_new_sized (raw, 2);
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) output = g_buffered_output_stream_new (memory);
  g_autoptr (GProcReader) reader = gproc_test_track (gproc_reader_new (input));
  g_autoptr (GProcWriter) writer = gproc_test_track (gproc_writer_new (output));
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) lines = NULL;
  g_autoptr (GBytes) rest = NULL;
  g_autoptr (GBytes) result = NULL;

  lines = gproc_reader_read_lines (reader, 1, NULL, &error);
  gproc_test_assert_bytes (lines, "a\n");
  rest = gproc_reader_read_to_end (reader, -1, NULL, &error);
  gproc_test_assert_bytes (rest, "b\nc\n");

  /* A flush goes through to what is beneath. */
  g_assert_true (gproc_writer_queue (writer, "hello", 5, &error));
  g_assert_true (g_output_stream_flush (G_OUTPUT_STREAM (writer), NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (memory)), ==, 5);
  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  result = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
  gproc_test_assert_bytes (result, "hello");
}

static void
test_socket_connection (void)
{
  g_auto (GProcTestCall) reading = GPROC_TEST_CALL_INIT;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = NULL;
  g_autoptr (GBytes) sent = NULL;
  int fds[2];

  gproc_test_socketpair (fds);
  socket = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  connection = g_socket_connection_factory_create_connection (socket);
  reader = gproc_test_track (
    gproc_reader_new (g_io_stream_get_input_stream (G_IO_STREAM (connection))));
  writer = gproc_test_track (
    gproc_writer_new (g_io_stream_get_output_stream (G_IO_STREAM (connection))));
  g_assert_true (g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (reader)));
  gproc_reader_read_line_async (reader, 0, NULL, gproc_test_call_done, &reading);
  g_assert_true (gproc_writer_queue (writer, "ques", 4, &error));
  g_assert_true (gproc_writer_queue (writer, "tion\n", 5, &error));
  gproc_test_settle ();
  sent = gproc_test_read (fds[1], 9);
  gproc_test_assert_bytes (sent, "question\n");
  gproc_test_write (fds[1], "answer\n", 7);
  line = gproc_reader_read_line_finish (reader, gproc_test_call_wait (&reading), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (line, "answer\n");
  g_clear_object (&reader);
  g_clear_object (&writer);
  g_assert_true (g_io_stream_close (G_IO_STREAM (connection), NULL, &error));
  gproc_test_close (&fds[1]);
}

/* Of a pollable base nothing is used but its non-blocking half. */
static void
test_pollable_only (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GBytes) data = g_bytes_new_static ("one\ntwo\nthree\n", 14);
  g_autoptr (GInputStream)
    input = gproc_test_input_new (data, GPROC_TEST_HOSTILE_POLLABLE | GPROC_TEST_HOSTILE_SLOW);
  g_autoptr (GOutputStream)
    output = gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE | GPROC_TEST_HOSTILE_SLOW);
  g_autoptr (GProcReader) reader = gproc_test_track (gproc_reader_new (input));
  g_autoptr (GProcWriter) writer = gproc_test_track (gproc_writer_new (output));
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) second = NULL;
  g_autoptr (GBytes) result = NULL;
  GProcTestCounts counts;

  gproc_test_output_set_chunk (output, 3);
  first = gproc_reader_read_line (reader, NULL, &error);
  gproc_test_assert_bytes (first, "one\n");
  gproc_reader_read_line_async (reader, 0, NULL, gproc_test_call_done, &call);
  second = gproc_reader_read_line_finish (reader, gproc_test_call_wait (&call), &error);
  gproc_test_assert_bytes (second, "two\n");
  g_assert_true (gproc_writer_queue (writer, "hello world", -1, &error));
  g_assert_true (g_output_stream_flush (G_OUTPUT_STREAM (writer), NULL, &error));
  gproc_test_call_clear (&call);
  g_output_stream_write_async (G_OUTPUT_STREAM (writer), "!", 1, 0, NULL, gproc_test_call_done,
                               &call);
  g_assert_cmpint (g_output_stream_write_finish (G_OUTPUT_STREAM (writer),
                                                 gproc_test_call_wait (&call), &error),
                   ==, 1);
  g_assert_no_error (error);
  result = gproc_test_output_get_bytes (output);
  gproc_test_assert_bytes (result, "hello world!");
  counts = gproc_test_input_get_counts (input);
  g_assert_cmpuint (counts.n_blocking + counts.n_async, ==, 0);
  g_assert_cmpuint (counts.n_nonblocking, >, 0);
  counts = gproc_test_output_get_counts (output);
  g_assert_cmpuint (counts.n_blocking + counts.n_async, ==, 0);
  g_assert_cmpuint (counts.n_nonblocking, >, 0);
}

/* A read of any other base is never cancelled: what it brings is for the next one. */
static void
test_plain_cancelled (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GInputStream) base = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_NONE);
  g_autoptr (GProcReader) reader = gproc_test_track (gproc_reader_new (base));
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = NULL;
  GProcTestCounts counts;

  gproc_test_input_hold (base);
  gproc_reader_read_line_async (reader, 0, cancellable, gproc_test_call_done, &call);
  gproc_test_wait_for (gproc_test_input_is_reading (base));
  g_cancellable_cancel (cancellable);
  g_assert_null (gproc_reader_read_line_finish (reader, gproc_test_call_wait (&call), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (gproc_test_input_is_reading (base));
  g_assert_false (g_input_stream_has_pending (G_INPUT_STREAM (reader)));

  /* A blocking call meanwhile would have to read past it. */
  g_assert_null (gproc_reader_read_line (reader, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_null (gproc_reader_try_read_line (reader, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);

  gproc_test_input_push (base, "kept\nnext\n", -1);
  gproc_test_call_clear (&call);
  gproc_reader_read_line_async (reader, 0, NULL, gproc_test_call_done, &call);
  line = gproc_reader_read_line_finish (reader, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (line, "kept\n");
  g_clear_pointer (&line, g_bytes_unref);
  line = gproc_reader_read_line (reader, NULL, &error);
  gproc_test_assert_bytes (line, "next\n");
  counts = gproc_test_input_get_counts (base);
  g_assert_cmpuint (counts.n_cancelled, ==, 0);
}

/* The reader goes while its base is being read. */
static void
test_plain_abandoned (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GInputStream)
    base = gproc_test_track (gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_NONE));
  GProcReader *reader = gproc_test_track (gproc_reader_new (base));
  g_autoptr (GError) error = NULL;

  gproc_test_input_hold (base);
  gproc_reader_read_line_async (reader, 0, cancellable, gproc_test_call_done, &call);
  gproc_test_wait_for (gproc_test_input_is_reading (base));
  g_cancellable_cancel (cancellable);
  g_assert_null (gproc_reader_read_line_finish (reader, gproc_test_call_wait (&call), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  gproc_test_call_clear (&call);
  g_object_unref (reader);
  gproc_test_input_push (base, "too late", -1);
  gproc_test_wait_for (!gproc_test_input_is_reading (base));
}

/* Closed while its base is being read: the base is closed when that is over. */
static void
test_plain_closed (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GInputStream)
    base = gproc_test_track (gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_NONE));
  g_autoptr (GProcReader) reader = gproc_test_track (gproc_reader_new (base));
  g_autoptr (GError) error = NULL;

  gproc_test_input_hold (base);
  gproc_reader_read_line_async (reader, 0, cancellable, gproc_test_call_done, &call);
  gproc_test_wait_for (gproc_test_input_is_reading (base));
  g_cancellable_cancel (cancellable);
  gproc_test_call_wait (&call);
  g_assert_true (g_input_stream_close (G_INPUT_STREAM (reader), NULL, &error));
  g_assert_no_error (error);
  gproc_test_input_end (base);
  gproc_test_wait_for (g_input_stream_is_closed (base));
}

/* A write to any other base, under way when it is cancelled, is done or not done, and
 * the counters know. */
static void
test_plain_writer (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GOutputStream) base = gproc_test_output_new (GPROC_TEST_HOSTILE_SLOW);
  g_autoptr (GProcWriter) writer = gproc_test_track (gproc_writer_new (base));
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) result = NULL;
  GProcTestCounts counts;
  int i;

  gproc_test_output_set_chunk (base, 5);
  for (i = 0; i < 20; i++)
    g_assert_true (gproc_writer_queue (writer, "0123456789", 10, &error));
  g_output_stream_flush_async (G_OUTPUT_STREAM (writer), 0, NULL, gproc_test_call_done, &call);
  for (i = 0; i < 5; i++)
    g_assert_true (gproc_writer_queue (writer, "later", 5, &error));
  g_assert_true (
    g_output_stream_flush_finish (G_OUTPUT_STREAM (writer), gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);
  g_assert_cmpuint (gproc_writer_get_bytes_written (writer), >=, 200);
  gproc_test_call_clear (&call);
  g_output_stream_close_async (G_OUTPUT_STREAM (writer), 0, NULL, gproc_test_call_done, &call);
  g_assert_true (
    g_output_stream_close_finish (G_OUTPUT_STREAM (writer), gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);
  result = gproc_test_output_get_bytes (base);
  g_assert_cmpuint (g_bytes_get_size (result), ==, 225);
  g_assert_cmpuint (gproc_writer_get_bytes_written (writer), ==, 225);
  counts = gproc_test_output_get_counts (base);
  g_assert_cmpuint (counts.n_cancelled, ==, 0);
  g_assert_cmpuint (counts.n_closes, ==, 1);
}

static void
test_plain_writer_blocking (void)
{
  g_autoptr (GOutputStream) base = gproc_test_output_new (GPROC_TEST_HOSTILE_NONE);
  g_autoptr (GProcWriter) writer = gproc_test_track (gproc_writer_new (base));
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) result = NULL;

  gproc_test_output_set_chunk (base, 3);
  g_assert_true (gproc_writer_queue (writer, "queued ", 7, &error));
  g_assert_true (
    g_output_stream_write_all (G_OUTPUT_STREAM (writer), "written ", 8, NULL, NULL, &error));
  g_assert_true (gproc_writer_queue (writer, "drained", 7, &error));
  gproc_writer_set_watermarks (writer, 0, 0);
  g_assert_true (gproc_writer_drain (writer, NULL, &error));
  g_assert_no_error (error);
  result = gproc_test_output_get_bytes (base);
  gproc_test_assert_bytes (result, "queued written drained");
}

/* The error of a base, in the middle of a queue, counts what it did not take. */
static void
test_base_errors (void)
{
  const GProcTestHostility hostilities[] = { GPROC_TEST_HOSTILE_NONE, GPROC_TEST_HOSTILE_POLLABLE,
                                             GPROC_TEST_HOSTILE_SLOW,
                                             GPROC_TEST_HOSTILE_POLLABLE |
                                               GPROC_TEST_HOSTILE_SLOW };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (hostilities); i++)
    {
      g_autoptr (GOutputStream) base = gproc_test_output_new (hostilities[i]);
      g_autoptr (GProcWriter) writer = gproc_test_track (gproc_writer_new (base));
      g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
      g_autoptr (GError) error = NULL;

      gproc_test_output_set_chunk (base, 7);
      gproc_test_output_set_error (base, 30, G_IO_ERROR_NO_SPACE);
      g_assert_true (
        gproc_writer_queue (writer, "0123456789012345678901234567890123456789", 40, &error));
      g_output_stream_flush_async (G_OUTPUT_STREAM (writer), 0, NULL, gproc_test_call_done, &call);
      g_assert_false (g_output_stream_flush_finish (G_OUTPUT_STREAM (writer),
                                                    gproc_test_call_wait (&call), &error));
      g_assert_nonnull (strstr (error->message, "10"));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
      g_assert_cmpuint (gproc_writer_get_bytes_written (writer), ==, 30);
      g_assert_cmpuint (gproc_writer_get_bytes_discarded (writer), ==, 10);
      g_assert_false (gproc_writer_queue (writer, "x", 1, &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
    }
}

/* A writer whose queue outlives it, over a base that takes its time. */
static void
test_linger_base (void)
{
  const GProcTestHostility hostilities[] = { GPROC_TEST_HOSTILE_SLOW, GPROC_TEST_HOSTILE_POLLABLE |
                                                                        GPROC_TEST_HOSTILE_SLOW };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (hostilities); i++)
    {
      g_autoptr (GOutputStream) base = gproc_test_track (gproc_test_output_new (hostilities[i]));
      GProcWriter *writer = gproc_test_track (gproc_writer_new (base));
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) result = NULL;

      gproc_test_output_set_chunk (base, 2);
      g_assert_true (gproc_writer_queue (writer, "hello ", 6, &error));
      g_assert_true (gproc_writer_queue (writer, "world", 5, &error));
      g_object_unref (writer);
      gproc_test_wait_for (g_output_stream_is_closed (base));
      result = gproc_test_output_get_bytes (base);
      gproc_test_assert_bytes (result, "hello world");
    }
}

/* GIO looks whether a descriptor that blocks is ready, and then writes all there is: into a
 * pipe that takes less, or a terminal, that lasts until somebody has read the rest. */
static void
test_blocking_descriptor (gconstpointer data)
{
  gboolean is_terminal = GPOINTER_TO_INT (data);
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  /* More than either takes by itself; a terminal is given a byte at a time. */
  const gsize size = is_terminal ? 30000 : 300000;
  g_autoptr (GBytes) sent = gproc_test_random_bytes (size);
  g_autoptr (GByteArray) received = g_byte_array_new ();
  gint64 deadline = gproc_test_deadline ();
  g_autoptr (GOutputStream) base = NULL;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  if (is_terminal)
    gproc_test_pty (&fds[0], &fds[1]);
  else
    gproc_test_pipe (fds);
  base = gproc_test_track (g_unix_output_stream_new (fds[1], TRUE));
  writer = gproc_test_track (gproc_writer_new (base));

  /* Written through, then by the main loop, by a blocking call that does not wait, and by an
   * operation of GIO's behind all of it. The watchdog tells if one of them blocks. */
  g_assert_true (gproc_writer_queue_bytes (writer, sent, &error));
  g_assert_no_error (error);
  gproc_test_settle ();
  g_assert_false (gproc_writer_try_flush (writer, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_cmpuint (gproc_writer_get_bytes_written (writer), >, 0);
  g_output_stream_write_all_async (G_OUTPUT_STREAM (writer), g_bytes_get_data (sent, NULL), size, 0,
                                   NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);

  while (received->len < 2 * size)
    {
      g_autoptr (GBytes) some = gproc_test_read_available (fds[0], 50000);
      gsize count = g_bytes_get_size (some);

      g_byte_array_append (received, g_bytes_get_data (some, NULL), (guint) count);
      gproc_test_iterate (deadline, G_STRLOC, "all of it");
    }
  g_assert_true (g_output_stream_write_all_finish (G_OUTPUT_STREAM (writer),
                                                   gproc_test_call_wait (&call), NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (received->data, size, g_bytes_get_data (sent, NULL), size);
  g_assert_cmpmem (received->data + size, size, g_bytes_get_data (sent, NULL), size);
  g_assert_false (gproc_test_fd_is_nonblocking (fds[1]));

  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  g_assert_no_error (error);
  gproc_test_close (&fds[0]);
}

/* A file takes all that it is given: a large piece kept the main loop from everything else. */
static void
test_large_to_file (void)
{
  enum
  {
    SIZE = 24 * 1024 * 1024,
    TURN = 2 * 1024 * 1024
  };
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "gproc-test-XXXXXX", NULL);
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (SIZE), SIZE);
  gint64 deadline = gproc_test_deadline ();
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_mkstemp (path);
  guint64 written = 0;
  guint n_turns = 0;

  g_assert_no_errno (fd);
  g_assert_no_errno (unlink (path));
  writer = gproc_test_track (gproc_writer_new_for_fd (fd, TRUE));
  g_assert_true (gproc_writer_queue_bytes (writer, bytes, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (gproc_writer_get_bytes_written (writer), <=, TURN);
  written = gproc_writer_get_bytes_written (writer);
  gproc_writer_drain_async (writer, 0, NULL, gproc_test_call_done, &call);
  g_assert_cmpuint (gproc_writer_get_bytes_written (writer), <=, written + TURN);

  for (; !call.done; n_turns++)
    {
      written = gproc_writer_get_bytes_written (writer);
      gproc_test_iterate (deadline, G_STRLOC, "the drain");
      g_assert_cmpuint (gproc_writer_get_bytes_written (writer), <=, written + TURN);
    }
  g_assert_true (gproc_writer_drain_finish (writer, call.result, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n_turns, >=, SIZE / TURN - 2);
  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (gproc_writer_get_bytes_written (writer), ==, SIZE);
}

#define TERMINAL GINT_TO_POINTER (TRUE)

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/io-bases/memory", test_memory);
  gproc_test_add ("/gproc/io-bases/converter", test_converter);
  gproc_test_add ("/gproc/io-bases/buffered-streams", test_buffered_streams);
  gproc_test_add ("/gproc/io-bases/socket-connection", test_socket_connection);
  gproc_test_add ("/gproc/io-bases/pollable-only", test_pollable_only);
  gproc_test_add ("/gproc/io-bases/plain-cancelled", test_plain_cancelled);
  gproc_test_add ("/gproc/io-bases/plain-abandoned", test_plain_abandoned);
  gproc_test_add ("/gproc/io-bases/plain-closed", test_plain_closed);
  gproc_test_add ("/gproc/io-bases/plain-writer", test_plain_writer);
  gproc_test_add ("/gproc/io-bases/plain-writer-blocking", test_plain_writer_blocking);
  gproc_test_add ("/gproc/io-bases/base-errors", test_base_errors);
  gproc_test_add ("/gproc/io-bases/linger-base", test_linger_base);
  gproc_test_add ("/gproc/io-bases/large-to-file", test_large_to_file);
  gproc_test_add_data ("/gproc/io-bases/blocking-pipe", NULL, test_blocking_descriptor);
  gproc_test_add_data ("/gproc/io-bases/blocking-terminal", TERMINAL, test_blocking_descriptor);
  return gproc_test_run ();
}
