/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test.h"
#include "gproc-test-streams.h"

#include <gprocstream/gprocstream.h>

#include <string.h>
#include <unistd.h>

/* What GIO asks of its subclasses, and what it gives who uses them. */

static GProcReader *
make_reader (int *peer)
{
  int fds[2];

  gproc_test_socketpair (fds);
  *peer = fds[1];
  return gproc_test_track (gproc_reader_new_for_fd (fds[0], TRUE));
}

static GProcWriter *
make_writer (int *peer)
{
  int fds[2];

  gproc_test_pipe (fds);
  *peer = fds[0];
  return gproc_test_track (gproc_writer_new_for_fd (fds[1], TRUE));
}

static void
fill_queue (GProcWriter *writer)
{
  g_autoptr (GError) error = NULL;

  gproc_test_fill (gproc_writer_get_fd (writer));
  g_assert_true (gproc_writer_queue (writer, "queued", -1, &error));
  g_assert_no_error (error);
}

static void
test_reader_closed (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  GInputStream *stream;
  char byte;
  int peer;
  int fd;

  reader = make_reader (&peer);
  stream = G_INPUT_STREAM (reader);
  gproc_test_write (peer, "unread", 6);
  g_assert_cmpint (gproc_reader_fill (reader, 3, NULL, &error), >=, 3);
  fd = gproc_reader_get_fd (reader);
  /* Closed is closed, also when it was cancelled. */
  g_cancellable_cancel (cancellable);
  g_input_stream_close (stream, cancellable, &error);
  g_clear_error (&error);
  g_assert_true (g_input_stream_is_closed (stream));
  g_assert_false (gproc_test_fd_is_open (fd));
  g_assert_cmpint (gproc_reader_get_fd (reader), ==, -1);
  g_assert_true (g_input_stream_close (stream, NULL, &error));
  g_assert_no_error (error);

  g_assert_cmpint (g_input_stream_read (stream, &byte, 1, NULL, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_null (gproc_reader_read_some (reader, 1, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_null (gproc_reader_try_read_some (reader, 1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_null (gproc_reader_read_line (reader, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_null (gproc_reader_read_to_end (reader, -1, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpint (gproc_reader_fill (reader, 1, NULL, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpuint (gproc_reader_get_buffered (reader), ==, 0);
  gproc_test_close (&peer);
}

static void
test_writer_closed (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  GOutputStream *stream;
  int peer;

  writer = make_writer (&peer);
  stream = G_OUTPUT_STREAM (writer);
  g_assert_true (g_output_stream_close (stream, NULL, &error));
  g_assert_true (g_output_stream_close (stream, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (gproc_writer_get_fd (writer), ==, -1);
  g_assert_cmpint (g_output_stream_write (stream, "x", 1, NULL, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_false (g_output_stream_flush (stream, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_false (gproc_writer_drain (writer, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_false (gproc_writer_queue (writer, "x", 1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  gproc_writer_drain_async (writer, 0, NULL, gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);
  g_assert_false (gproc_writer_drain_finish (writer, gproc_test_call_wait (&call), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  gproc_test_close (&peer);
}

/* The first of the errors of a close is the one that is told, and it is closed. */
static void
test_close_errors (void)
{
  g_autoptr (GInputStream) input = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_NONE);
  g_autoptr (GOutputStream) output = gproc_test_output_new (GPROC_TEST_HOSTILE_NONE);
  g_autoptr (GProcReader) reader = gproc_test_track (gproc_reader_new (input));
  g_autoptr (GProcWriter) writer = gproc_test_track (gproc_writer_new (output));
  g_autoptr (GError) error = NULL;

  gproc_test_input_set_close_error (input, G_IO_ERROR_BUSY);
  g_assert_false (g_input_stream_close (G_INPUT_STREAM (reader), NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_true (g_input_stream_is_closed (G_INPUT_STREAM (reader)));
  g_assert_true (g_input_stream_is_closed (input));

  gproc_test_output_set_error (output, 0, G_IO_ERROR_NO_SPACE);
  gproc_test_output_set_close_error (output, G_IO_ERROR_BUSY);
  gproc_writer_queue (writer, "lost", 4, NULL);
  g_assert_false (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_true (g_output_stream_is_closed (G_OUTPUT_STREAM (writer)));
  g_assert_true (g_output_stream_is_closed (output));
  g_assert_cmpuint (gproc_writer_get_bytes_discarded (writer), ==, 4);
}

/* Two operations on one half: the second one is refused, the first goes on. */
static void
test_pending (void)
{
  g_auto (GProcTestCall) reading = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) refused = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  char byte;
  int peer;

  reader = make_reader (&peer);
  gproc_reader_read_line_async (reader, 0, NULL, gproc_test_call_done, &reading);
  g_assert_true (g_input_stream_has_pending (G_INPUT_STREAM (reader)));
  gproc_reader_read_some_async (reader, 1, 0, NULL, gproc_test_call_done, &refused);
  g_assert_cmpint (refused.done, ==, 0);
  g_assert_null (gproc_reader_read_some_finish (reader, gproc_test_call_wait (&refused), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_null (gproc_reader_read_line (reader, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_null (gproc_reader_try_read_line (reader, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_cmpint (g_input_stream_read (G_INPUT_STREAM (reader), &byte, 1, NULL, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  gproc_test_write (peer, "line\n", 5);
  bytes = gproc_reader_read_line_finish (reader, gproc_test_call_wait (&reading), &error);
  gproc_test_assert_bytes (bytes, "line\n");
  g_assert_false (g_input_stream_has_pending (G_INPUT_STREAM (reader)));
  gproc_test_close (&peer);
}

static void
test_pending_writer (void)
{
  g_auto (GProcTestCall) writing = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) refused = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  GOutputStream *stream;
  gsize filled;
  int peer;

  writer = make_writer (&peer);
  stream = G_OUTPUT_STREAM (writer);
  filled = gproc_test_fill (gproc_writer_get_fd (writer));
  g_output_stream_write_async (stream, "first", 5, 0, NULL, gproc_test_call_done, &writing);
  g_output_stream_write_async (stream, "second", 6, 0, NULL, gproc_test_call_done, &refused);
  g_assert_cmpint (g_output_stream_write_finish (stream, gproc_test_call_wait (&refused), &error),
                   ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_false (g_output_stream_flush (stream, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_bytes_unref (gproc_test_read (peer, filled));
  g_assert_cmpint (g_output_stream_write_finish (stream, gproc_test_call_wait (&writing), &error),
                   ==, 5);
  g_assert_no_error (error);
  gproc_test_close (&peer);
}

/* The mark that the user sets is the user's. */
static void
test_pending_by_user (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  int peers[2];

  reader = make_reader (&peers[0]);
  writer = make_writer (&peers[1]);
  gproc_test_write (peers[0], "line\n", 5);
  g_assert_true (g_input_stream_set_pending (G_INPUT_STREAM (reader), &error));
  g_assert_null (gproc_reader_read_line (reader, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_true (g_input_stream_has_pending (G_INPUT_STREAM (reader)));
  g_input_stream_clear_pending (G_INPUT_STREAM (reader));
  {
    g_autoptr (GBytes) line = gproc_reader_read_line (reader, NULL, &error);

    gproc_test_assert_bytes (line, "line\n");
  }
  g_assert_true (g_output_stream_set_pending (G_OUTPUT_STREAM (writer), &error));
  g_assert_cmpint (g_output_stream_write (G_OUTPUT_STREAM (writer), "x", 1, NULL, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_false (gproc_writer_queue (writer, "x", 1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_true (g_output_stream_has_pending (G_OUTPUT_STREAM (writer)));
  g_output_stream_clear_pending (G_OUTPUT_STREAM (writer));
  gproc_test_close (&peers[0]);
  gproc_test_close (&peers[1]);
}

typedef struct
{
  GProcTestCall call;
  int number;
  GProcReader *reader;
} Numbered;

static void
on_numbered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Numbered *numbered = user_data;

  /* What it was given, not what somebody else was. */
  g_assert_cmpint (numbered->number, ==, 42);
  gproc_test_call_done (source, result, &numbered->call);
}

/* A close while a read is under way is refused, as GIO does, and neither callback
 * gets what belongs to the other. */
static void
test_close_pending (void)
{
  g_auto (GProcTestCall) closing = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  Numbered reading = { GPROC_TEST_CALL_INIT, 42, NULL };
  int peer;

  reader = make_reader (&peer);
  gproc_reader_read_line_async (reader, 0, NULL, on_numbered, &reading);
  g_assert_false (g_input_stream_close (G_INPUT_STREAM (reader), NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_input_stream_close_async (G_INPUT_STREAM (reader), 0, NULL, gproc_test_call_done, &closing);
  g_assert_false (
    g_input_stream_close_finish (G_INPUT_STREAM (reader), gproc_test_call_wait (&closing), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_false (g_input_stream_is_closed (G_INPUT_STREAM (reader)));
  gproc_test_write (peer, "x\n", 2);
  bytes = gproc_reader_read_line_finish (reader, gproc_test_call_wait (&reading.call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, "x\n");
  gproc_test_call_clear (&reading.call);
  gproc_test_close (&peer);
}

/* Neither close nor flush nor a read nor a write uses a thread of GLib's pool. */
static void
test_no_threads (void)
{
  guint n_threads = gproc_test_count_pool_threads ();
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GProcWriter) writer = NULL;
  GProcTestCall calls[6] = { GPROC_TEST_CALL_INIT };
  char buffer[16];
  int peers[2];
  gsize i;

  reader = make_reader (&peers[0]);
  writer = make_writer (&peers[1]);
  gproc_test_write (peers[0], "0123456789", 10);
  g_input_stream_read_async (G_INPUT_STREAM (reader), buffer, 4, 0, NULL, gproc_test_call_done,
                             &calls[0]);
  gproc_test_call_wait (&calls[0]);
  g_input_stream_skip_async (G_INPUT_STREAM (reader), 4, 0, NULL, gproc_test_call_done, &calls[1]);
  gproc_test_call_wait (&calls[1]);
  g_input_stream_close_async (G_INPUT_STREAM (reader), 0, NULL, gproc_test_call_done, &calls[2]);
  gproc_test_call_wait (&calls[2]);
  g_output_stream_write_async (G_OUTPUT_STREAM (writer), "hello", 5, 0, NULL, gproc_test_call_done,
                               &calls[3]);
  gproc_test_call_wait (&calls[3]);
  g_output_stream_flush_async (G_OUTPUT_STREAM (writer), 0, NULL, gproc_test_call_done, &calls[4]);
  gproc_test_call_wait (&calls[4]);
  g_output_stream_close_async (G_OUTPUT_STREAM (writer), 0, NULL, gproc_test_call_done, &calls[5]);
  gproc_test_call_wait (&calls[5]);
  g_assert_cmpuint (gproc_test_count_pool_threads (), <=, n_threads);
  for (i = 0; i < G_N_ELEMENTS (calls); i++)
    gproc_test_call_clear (&calls[i]);
  gproc_test_close (&peers[0]);
  gproc_test_close (&peers[1]);
}

typedef struct
{
  int order;
  int *counter;
  GThread *thread;
} Order;

static void
on_order (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Order *order = user_data;

  order->order = ++*order->counter;
  order->thread = g_thread_self ();
}

/* Not inside the call although the data is there, in the order of the priorities, in
 * the thread of the caller. */
static void
test_callbacks (void)
{
  g_autoptr (GProcReader) low = NULL;
  g_autoptr (GProcReader) high = NULL;
  int counter = 0;
  Order first = { 0, &counter, NULL };
  Order second = { 0, &counter, NULL };
  int peers[2];

  low = make_reader (&peers[0]);
  high = make_reader (&peers[1]);
  gproc_test_write (peers[0], "data\n", 5);
  gproc_test_write (peers[1], "data\n", 5);
  gproc_reader_read_line_async (low, G_PRIORITY_LOW, NULL, on_order, &second);
  gproc_reader_read_line_async (high, G_PRIORITY_HIGH, NULL, on_order, &first);
  g_assert_cmpint (counter, ==, 0);
  gproc_test_wait_for (counter == 2);
  g_assert_cmpint (first.order, ==, 1);
  g_assert_cmpint (second.order, ==, 2);
  g_assert_true (first.thread == g_thread_self ());
  gproc_test_close (&peers[0]);
  gproc_test_close (&peers[1]);
}

static gpointer
other_context_thread (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = NULL;
  GProcTestCall call = GPROC_TEST_CALL_INIT;

  g_main_context_push_thread_default (context);
  gproc_reader_read_line_async (data, 0, NULL, gproc_test_call_done, &call);
  while (!call.done)
    g_main_context_iteration (context, TRUE);
  g_assert_true (call.thread == g_thread_self ());
  line = gproc_reader_read_line_finish (data, call.result, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (line, "line\n");
  gproc_test_call_clear (&call);
  g_main_context_pop_thread_default (context);
  return NULL;
}

/* The context of the caller of the operation, not that of who made the stream. */
static void
test_other_context (void)
{
  g_autoptr (GProcReader) reader = NULL;
  GThread *thread;
  int peer;
  int i;

  reader = make_reader (&peer);
  for (i = 0; i < 3; i++)
    {
      thread = g_thread_new ("context", other_context_thread, reader);
      gproc_test_write (peer, "line\n", 5);
      g_thread_join (thread);
    }
  gproc_test_close (&peer);
}

/* Cancelled before it begins, while it waits, with half of what it wants, and after
 * it is done: every byte is left for the next one. */
static void
test_cancel_read (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GBytes) rest = NULL;
  g_autoptr (GError) error = NULL;
  int stage;
  int peer;

  reader = make_reader (&peer);
  for (stage = 0; stage < 4; stage++)
    {
      g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GBytes) bytes = NULL;

      if (stage == 0)
        g_cancellable_cancel (cancellable);
      gproc_reader_read_exactly_async (reader, 1000, 0, cancellable, gproc_test_call_done, &call);
      if (stage == 0)
        gproc_test_write (peer, "zero ", 5);
      if (stage == 2)
        gproc_test_write (peer, "half", 4);
      if (stage > 0)
        gproc_test_settle ();
      g_assert_cmpint (call.done, ==, 0);
      if (stage == 3)
        gproc_test_write (peer, "late", 4);
      g_cancellable_cancel (cancellable);
      g_assert_cmpint (call.done, ==, 0);
      bytes = gproc_reader_read_exactly_finish (reader, gproc_test_call_wait (&call), &error);
      g_assert_null (bytes);
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_false (g_input_stream_has_pending (G_INPUT_STREAM (reader)));
    }
  gproc_test_close (&peer);
  rest = gproc_reader_read_to_end (reader, -1, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (rest, "zero halflate");
}

static gpointer
cancel_thread (gpointer data)
{
  g_cancellable_cancel (data);
  return NULL;
}

/* Blocking calls, cancelled from another thread. */
static void
test_cancel_blocking (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GProcWriter) writer = NULL;
  int peers[2];
  int i;

  reader = make_reader (&peers[0]);
  writer = make_writer (&peers[1]);
  gproc_writer_set_watermarks (writer, 0, 0);
  fill_queue (writer);
  for (i = 0; i < 4; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GError) error = NULL;
      GThread *thread = g_thread_new ("cancel", cancel_thread, cancellable);

      if (i == 0)
        g_assert_null (gproc_reader_read_line (reader, cancellable, &error));
      else if (i == 1)
        g_assert_false (gproc_writer_drain (writer, cancellable, &error));
      else if (i == 2)
        g_assert_false (g_output_stream_flush (G_OUTPUT_STREAM (writer), cancellable, &error));
      else
        g_assert_cmpint (g_output_stream_write (G_OUTPUT_STREAM (writer), "x", 1, cancellable,
                                                &error),
                         ==, -1);
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_thread_join (thread);
    }
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), ==, 6);
  gproc_writer_abort (writer);
  gproc_test_close (&peers[0]);
  gproc_test_close (&peers[1]);
}

/* Cancelling what is partly done tells what was done: a write_all that was
 * cancelled has a count, and the count is what arrived. */
static void
test_cancel_write (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *data = g_malloc0 (300000);
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) arrived = NULL;
  gsize written = 0;
  int peer;

  writer = make_writer (&peer);
  g_output_stream_write_all_async (G_OUTPUT_STREAM (writer), data, 300000, 0, cancellable,
                                   gproc_test_call_done, &call);
  gproc_test_wait_for (gproc_test_fd_is_ready (peer, G_IO_IN));
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  g_cancellable_cancel (cancellable);
  g_assert_false (g_output_stream_write_all_finish (G_OUTPUT_STREAM (writer),
                                                    gproc_test_call_wait (&call), &written,
                                                    &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (written, >, 0);
  g_assert_cmpuint (gproc_writer_get_bytes_written (writer), ==, written);
  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  arrived = gproc_test_read_to_end (peer);
  g_assert_cmpuint (g_bytes_get_size (arrived), ==, written);
  gproc_test_close (&peer);
}

/* Reading and writing the same socket at once is normal. */
static void
test_both_directions (void)
{
  g_auto (GProcTestCall) reading = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) writing = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gsize filled;
  int fds[2];

  gproc_test_socketpair (fds);
  reader = gproc_test_track (gproc_reader_new_for_fd (fds[0], FALSE));
  writer = gproc_test_track (gproc_writer_new_for_fd (fds[0], FALSE));
  filled = gproc_test_fill (fds[0]);
  gproc_reader_read_exactly_async (reader, 5, 0, NULL, gproc_test_call_done, &reading);
  g_output_stream_write_async (G_OUTPUT_STREAM (writer), "hello", 5, 0, NULL, gproc_test_call_done,
                               &writing);
  gproc_test_settle ();
  g_assert_cmpint (reading.done + writing.done, ==, 0);
  gproc_test_write (fds[1], "12345", 5);
  bytes = gproc_reader_read_exactly_finish (reader, gproc_test_call_wait (&reading), &error);
  gproc_test_assert_bytes (bytes, "12345");
  g_assert_cmpint (writing.done, ==, 0);
  g_bytes_unref (gproc_test_read (fds[1], filled));
  g_assert_cmpint (g_output_stream_write_finish (G_OUTPUT_STREAM (writer),
                                                 gproc_test_call_wait (&writing), &error),
                   ==, 5);
  g_assert_no_error (error);
  g_clear_object (&reader);
  g_clear_object (&writer);
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

static gboolean
on_unexpected (gpointer data)
{
  g_error ("A blocking call iterated the context of its caller");
  return G_SOURCE_REMOVE;
}

static gpointer
feed_thread (gpointer data)
{
  int fd = *(int *) data;

  gproc_test_write (fd, "line\n", 5);
  return NULL;
}

/* A blocking call needs no loop, and runs none. */
static void
test_blocking (void)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = NULL;
  GThread *thread;
  int peer;

  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, on_unexpected, NULL, NULL);
  g_source_attach (source, gproc_test_context ());
  reader = make_reader (&peer);
  thread = g_thread_new ("feed", feed_thread, &peer);
  line = gproc_reader_read_line (reader, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (line, "line\n");
  g_thread_join (thread);
  g_source_destroy (source);
  gproc_test_close (&peer);
}

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/gio-contract/reader-closed", test_reader_closed);
  gproc_test_add ("/gproc/gio-contract/writer-closed", test_writer_closed);
  gproc_test_add ("/gproc/gio-contract/close-errors", test_close_errors);
  gproc_test_add ("/gproc/gio-contract/pending", test_pending);
  gproc_test_add ("/gproc/gio-contract/pending-writer", test_pending_writer);
  gproc_test_add ("/gproc/gio-contract/pending-by-user", test_pending_by_user);
  gproc_test_add ("/gproc/gio-contract/close-pending", test_close_pending);
  gproc_test_add ("/gproc/gio-contract/no-threads", test_no_threads);
  gproc_test_add ("/gproc/gio-contract/callbacks", test_callbacks);
  gproc_test_add ("/gproc/gio-contract/other-context", test_other_context);
  gproc_test_add ("/gproc/gio-contract/cancel-read", test_cancel_read);
  gproc_test_add ("/gproc/gio-contract/cancel-blocking", test_cancel_blocking);
  gproc_test_add ("/gproc/gio-contract/cancel-write", test_cancel_write);
  gproc_test_add ("/gproc/gio-contract/both-directions", test_both_directions);
  gproc_test_add ("/gproc/gio-contract/blocking", test_blocking);
  return gproc_test_run ();
}
