/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-writer.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static GProcWriter *
make_writer (int *peer)
{
  int fds[2];

  gproc_test_pipe (fds);
  *peer = fds[0];
  return gproc_test_track (gproc_writer_new_for_fd (fds[1], TRUE));
}

static GProcWriter *
make_socket_writer (int *peer)
{
  int fds[2];

  gproc_test_socketpair (fds);
  *peer = fds[0];
  return gproc_test_track (gproc_writer_new_for_fd (fds[1], TRUE));
}

static void
assert_rest (int         peer,
             const char *expected)
{
  g_autoptr (GBytes) bytes = gproc_test_read_to_end (peer);

  gproc_test_assert_bytes (bytes, expected);
}

static void
close_writer (GProcWriter *writer)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  g_assert_no_error (error);
  writer_check_counters (writer);
}

static void
test_bare (void)
{
  GProcWriter *writer = gproc_test_track (g_object_new (GPROC_TYPE_WRITER, NULL));
  g_autoptr (GError) error = NULL;

  g_assert_false (gproc_writer_queue (writer, "x", 1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_object_unref (writer);
  g_object_unref (gproc_test_track (g_object_new (GPROC_TYPE_WRITER, NULL)));
}

static void
test_write (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *data = g_malloc0 (1000000);
  GOutputStream *stream;
  gssize count;
  int peer;

  writer = make_writer (&peer);
  stream = G_OUTPUT_STREAM (writer);
  g_assert_cmpint (g_output_stream_write (stream, "hello", 5, NULL, &error), ==, 5);
  g_assert_cmpint (g_output_stream_write (stream, "", 0, NULL, &error), ==, 0);
  g_assert_cmpuint (gproc_writer_get_bytes_written (writer), ==, 5);
  /* What the kernel took, no more. */
  count = g_output_stream_write (stream, data, 1000000, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (count, >, 0);
  g_assert_cmpint (count, <, 1000000);
  g_assert_cmpuint (gproc_writer_get_bytes_written (writer), ==, 5 + count);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), ==, 0);
  writer_check_counters (writer);
  close_writer (writer);
  gproc_test_close (&peer);
}

/* A write goes behind what was queued. */
static void
test_write_order (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  int peer;

  writer = make_writer (&peer);
  writer_queue (writer, "1", -1);
  writer_queue (writer, "2", -1);
  g_assert_cmpint (g_output_stream_write (G_OUTPUT_STREAM (writer), "3", 1, NULL, &error), ==, 1);
  writer_queue (writer, "4", -1);
  writer_queue (writer, "5", -1);
  g_output_stream_write_async (G_OUTPUT_STREAM (writer), "6", 1, 0, NULL, gproc_test_call_done,
                               &call);
  g_assert_cmpint (call.done, ==, 0);
  g_assert_cmpint (g_output_stream_write_finish (G_OUTPUT_STREAM (writer),
                                                 gproc_test_call_wait (&call), &error),
                   ==, 1);
  g_assert_no_error (error);
  writer_queue (writer, "7", -1);
  close_writer (writer);
  assert_rest (peer, "1234567");
  gproc_test_close (&peer);
}

typedef struct
{
  int fd;
  GBytes *result;
} Sink;

static gpointer
sink_thread (gpointer data)
{
  Sink *sink = data;

  sink->result = gproc_test_read_to_end (sink->fd);
  return NULL;
}

static void
test_write_all (void)
{
  g_autoptr (GBytes) data = gproc_test_random_bytes (1000000);
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  Sink sink = { 0 };
  GThread *thread;
  gsize written;

  writer = make_writer (&sink.fd);
  thread = g_thread_new ("sink", sink_thread, &sink);
  g_assert_true (g_output_stream_write_all (G_OUTPUT_STREAM (writer), g_bytes_get_data (data, NULL),
                                            500000, &written, NULL, &error));
  g_assert_cmpuint (written, ==, 500000);
  g_output_stream_write_all_async (G_OUTPUT_STREAM (writer),
                                   (const char *) g_bytes_get_data (data, NULL) + 500000, 500000, 0,
                                   NULL, gproc_test_call_done, &call);
  g_assert_true (g_output_stream_write_all_finish (G_OUTPUT_STREAM (writer),
                                                   gproc_test_call_wait (&call), &written, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (written, ==, 500000);
  close_writer (writer);
  g_thread_join (thread);
  gproc_test_assert_equal (sink.result, data);
  g_bytes_unref (sink.result);
  gproc_test_close (&sink.fd);
}

/* A queue limit of 0: a stream like any other of GIO's. */
static void
test_unbuffered (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  gsize filled;
  int peer;

  writer = make_writer (&peer);
  gproc_writer_set_queue_limit (writer, 0);
  filled = gproc_test_fill (gproc_writer_get_fd (writer));
  g_output_stream_write_async (G_OUTPUT_STREAM (writer), "hello", 5, 0, NULL, gproc_test_call_done,
                               &call);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), ==, 0);
  g_bytes_unref (gproc_test_read (peer, filled));
  g_assert_cmpint (g_output_stream_write_finish (G_OUTPUT_STREAM (writer),
                                                 gproc_test_call_wait (&call), &error),
                   ==, 5);
  g_assert_no_error (error);
  close_writer (writer);
  assert_rest (peer, "hello");
  gproc_test_close (&peer);
}

static void
test_close_writes_queue (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  gsize filled;
  int peer;

  writer = make_writer (&peer);
  filled = gproc_test_fill (gproc_writer_get_fd (writer));
  writer_queue (writer, "hello ", -1);
  writer_queue (writer, "world", -1);
  g_output_stream_close_async (G_OUTPUT_STREAM (writer), 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  g_bytes_unref (gproc_test_read (peer, filled));
  g_assert_true (
    g_output_stream_close_finish (G_OUTPUT_STREAM (writer), gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);
  g_assert_cmpint (gproc_writer_get_fd (writer), ==, -1);
  assert_rest (peer, "hello world");
  gproc_test_close (&peer);
}

/* With an already cancelled token the queue is dropped, and counted. */
static void
test_close_cancelled (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gboolean async;

  g_cancellable_cancel (cancellable);
  for (async = FALSE; async <= TRUE; async++)
    {
      g_autoptr (GProcWriter) writer = NULL;
      g_autoptr (GError) error = NULL;
      int peer;
      int fd;

      writer = make_writer (&peer);
      fd = gproc_writer_get_fd (writer);
      gproc_test_fill (fd);
      writer_queue (writer, "dropped", -1);
      if (async)
        {
          g_output_stream_close_async (G_OUTPUT_STREAM (writer), 0, cancellable,
                                       gproc_test_call_done, &call);
          g_output_stream_close_finish (G_OUTPUT_STREAM (writer), gproc_test_call_wait (&call),
                                        &error);
        }
      else
        g_output_stream_close (G_OUTPUT_STREAM (writer), cancellable, &error);
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_true (g_output_stream_is_closed (G_OUTPUT_STREAM (writer)));
      g_assert_false (gproc_test_fd_is_open (fd));
      g_assert_cmpuint (gproc_writer_get_bytes_discarded (writer), ==, 7);
      g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), ==, 0);
      writer_check_counters (writer);
      gproc_test_close (&peer);
    }
}

/* Cancelled while it waits: closed at once, the rest dropped and counted. */
static void
test_close_cancelled_later (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  int peer;
  int fd;

  writer = make_writer (&peer);
  fd = gproc_writer_get_fd (writer);
  gproc_test_fill (fd);
  writer_queue (writer, "dropped", -1);
  g_output_stream_close_async (G_OUTPUT_STREAM (writer), 0, cancellable, gproc_test_call_done,
                               &call);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  g_cancellable_cancel (cancellable);
  g_assert_false (
    g_output_stream_close_finish (G_OUTPUT_STREAM (writer), gproc_test_call_wait (&call), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (g_output_stream_is_closed (G_OUTPUT_STREAM (writer)));
  g_assert_false (gproc_test_fd_is_open (fd));
  g_assert_cmpuint (gproc_writer_get_bytes_discarded (writer), ==, 7);
  gproc_test_close (&peer);
}

static void
test_write_eof_pipe (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  gsize filled;
  int peer;
  int fd;

  writer = make_writer (&peer);
  g_assert_true (gproc_writer_can_write_eof (writer));
  fd = gproc_writer_get_fd (writer);
  filled = gproc_test_fill (fd);
  writer_queue (writer, "last", -1);
  g_assert_true (gproc_writer_write_eof (writer, &error));
  g_assert_true (gproc_writer_write_eof (writer, &error));
  g_assert_no_error (error);
  g_assert_false (gproc_writer_queue (writer, "x", 1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);

  /* Not the queue alone: a drain waits for the end to be out too. */
  gproc_writer_drain_async (writer, 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  g_bytes_unref (gproc_test_read (peer, filled));
  g_assert_true (gproc_writer_drain_finish (writer, gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);
  g_assert_false (gproc_test_fd_is_open (fd));
  assert_rest (peer, "last");
  g_assert_true (g_output_stream_flush (G_OUTPUT_STREAM (writer), NULL, &error));
  g_assert_true (gproc_writer_drain (writer, NULL, &error));
  g_assert_true (gproc_writer_write_eof (writer, &error));
  g_assert_no_error (error);
  g_assert_false (g_output_stream_is_closed (G_OUTPUT_STREAM (writer)));
  g_assert_cmpint (g_output_stream_write (G_OUTPUT_STREAM (writer), "x", 1, NULL, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  close_writer (writer);
  g_assert_false (gproc_writer_write_eof (writer, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  gproc_test_close (&peer);
}

/* It takes effect by itself, with the loop or with what is called next. */
static void
test_write_eof_alone (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  int peer;

  writer = make_writer (&peer);
  writer_queue (writer, "last ", -1);
  writer_queue (writer, "words", -1);
  g_assert_true (gproc_writer_write_eof (writer, &error));
  g_assert_no_error (error);
  gproc_test_wait_for (gproc_writer_get_fd (writer) == -1);
  assert_rest (peer, "last words");
  gproc_test_close (&peer);
}

/* Half of a socket ends; the other half goes on. */
static void
test_write_eof_socket (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) answer = NULL;
  int fds[2];

  gproc_test_socketpair (fds);
  writer = gproc_test_track (gproc_writer_new_for_fd (fds[1], FALSE));
  reader = gproc_test_track (gproc_reader_new_for_fd (fds[1], FALSE));
  g_assert_true (gproc_writer_can_write_eof (writer));
  writer_queue (writer, "question", -1);
  g_assert_true (gproc_writer_write_eof (writer, &error));
  g_assert_no_error (error);
  gproc_test_settle ();
  assert_rest (fds[0], "question");
  gproc_test_write (fds[0], "answer", 6);
  answer = gproc_reader_read_exactly (reader, 6, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (answer, "answer");
  close_writer (writer);
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

static void
assert_no_eof (GProcWriter *writer)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gproc_writer_can_write_eof (writer));
  g_assert_false (gproc_writer_write_eof (writer, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  /* It can still be written to. */
  writer_queue (writer, "x", -1);
}

static void
test_write_eof_unsupported (void)
{
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GProcWriter) generic = gproc_test_track (gproc_writer_new (memory));
  g_autoptr (GProcWriter) terminal = NULL;
  int master;
  int slave;

  assert_no_eof (generic);
  gproc_test_pty (&master, &slave);
  terminal = gproc_test_track (gproc_writer_new_for_fd (master, TRUE));
  assert_no_eof (terminal);
  close_writer (terminal);
  gproc_test_close (&slave);
}

static void
test_abort (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  int peer;
  int fd;

  writer = make_writer (&peer);
  fd = gproc_writer_get_fd (writer);
  gproc_test_fill (fd);
  writer_queue_zeros (writer, 100000);
  gproc_writer_drain_async (writer, 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  gproc_writer_abort (writer);
  g_assert_cmpint (call.done, ==, 0);
  g_assert_false (gproc_test_fd_is_open (fd));
  g_assert_cmpint (gproc_writer_get_fd (writer), ==, -1);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), ==, 0);
  g_assert_cmpuint (gproc_writer_get_bytes_discarded (writer), ==, 100000);
  writer_check_counters (writer);
  g_assert_false (gproc_writer_drain_finish (writer, gproc_test_call_wait (&call), &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_false (gproc_writer_queue (writer, "x", 1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  gproc_writer_abort (writer);
  gproc_test_close (&peer);
}

static void
assert_broken (GError     **error,
               const char  *count)
{
  g_assert_error (*error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  if (count != NULL && strstr ((*error)->message, count) == NULL)
    g_error ("The message does not say %s: %s", count, (*error)->message);
  g_clear_error (error);
}

/* After the break, every operation says so and says how much was lost. */
static void
check_broken (GProcWriter *writer,
              int          peer)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  gboolean queued;

  gproc_test_fill (gproc_writer_get_fd (writer));
  writer_queue_zeros (writer, 12345);
  writer_queue_zeros (writer, 100000);
  gproc_writer_drain_async (writer, 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  gproc_test_close (&peer);
  g_assert_false (gproc_writer_drain_finish (writer, gproc_test_call_wait (&call), &error));
  assert_broken (&error, "112345");
  g_assert_false (gproc_writer_drain (writer, NULL, &error));
  assert_broken (&error, "112345");
  g_assert_false (g_output_stream_flush (G_OUTPUT_STREAM (writer), NULL, &error));
  assert_broken (&error, "112345");
  gproc_test_call_clear (&call);
  g_output_stream_flush_async (G_OUTPUT_STREAM (writer), 0, NULL, gproc_test_call_done, &call);
  g_assert_false (
    g_output_stream_flush_finish (G_OUTPUT_STREAM (writer), gproc_test_call_wait (&call), &error));
  assert_broken (&error, "112345");
  g_assert_false (gproc_writer_try_flush (writer, &error));
  assert_broken (&error, "112345");
  queued = gproc_writer_queue (writer, "x", 1, &error);
  g_assert_false (queued);
  assert_broken (&error, NULL);
  g_assert_cmpint (g_output_stream_write (G_OUTPUT_STREAM (writer), "x", 1, NULL, &error), ==, -1);
  assert_broken (&error, NULL);
  writer_check_counters (writer);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), ==, 0);
  g_assert_cmpuint (gproc_writer_get_bytes_discarded (writer), ==, 112345);
  g_assert_false (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  assert_broken (&error, "112345");
  g_assert_true (g_output_stream_is_closed (G_OUTPUT_STREAM (writer)));
  g_assert_cmpint (gproc_writer_get_fd (writer), ==, -1);
}

static void
test_broken_pipe (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  int peer;

  writer = make_writer (&peer);
  check_broken (writer, peer);
}

static void
test_broken_socket (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  int peer;

  writer = make_socket_writer (&peer);
  check_broken (writer, peer);
}

/* Nothing was waiting when it broke, and nothing was lost yet: a close is no
 * failure, a write is. */
static void
test_broken_idle (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  int peer;

  writer = make_writer (&peer);
  gproc_test_close (&peer);
  gproc_test_settle ();
  close_writer (writer);

  g_clear_object (&writer);
  writer = make_writer (&peer);
  gproc_test_close (&peer);
  if (gproc_writer_queue (writer, "lost", 4, &error))
    g_assert_false (g_output_stream_flush (G_OUTPUT_STREAM (writer), NULL, &error));
  assert_broken (&error, NULL);
  g_assert_false (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  assert_broken (&error, NULL);
  writer_check_counters (writer);
}

/* What the kernel took and the dead reader did not is told, where it can be. */
static void
test_broken_unread (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  int peer;

  writer = make_writer (&peer);
  writer_queue_zeros (writer, 4321);
  g_assert_true (g_output_stream_flush (G_OUTPUT_STREAM (writer), NULL, &error));
  gproc_test_close (&peer);
  gproc_writer_queue (writer, "more", 4, NULL);
  g_assert_false (g_output_stream_flush (G_OUTPUT_STREAM (writer), NULL, &error));
  assert_broken (&error, "4321");
  g_assert_false (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

/* Nothing is lost at the last unref, which does not block. */
static void
test_linger (void)
{
  GProcWriter *writer;
  g_autoptr (GByteArray) result = g_byte_array_new ();
  gboolean ended = FALSE;
  int peer;
  int fd;

  writer = make_writer (&peer);
  fd = gproc_writer_get_fd (writer);
  writer_queue_zeros (writer, 300000);
  g_object_unref (writer);
  g_assert_true (gproc_test_fd_is_open (fd));
  while (!ended)
    {
      g_autoptr (GBytes) bytes = NULL;

      gproc_test_wait_for (gproc_test_fd_is_ready (peer, G_IO_IN));
      bytes = gproc_test_read_available (peer, 100000);
      ended = g_bytes_get_size (bytes) == 0;
      g_byte_array_append (result, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
    }
  g_assert_cmpuint (result->len, ==, 300000);
  gproc_test_close (&peer);
}

/* What was gathered and not yet written is not forgotten either. */
static void
test_linger_gathered (void)
{
  GProcWriter *writer;
  int peer;

  writer = make_writer (&peer);
  writer_queue (writer, "one ", -1);
  writer_queue (writer, "two", -1);
  g_object_unref (writer);
  gproc_test_settle ();
  gproc_test_wait_for (gproc_test_fd_is_ready (peer, G_IO_IN));
  assert_rest (peer, "one two");
  gproc_test_close (&peer);
}

/* A reader that never reads holds up nobody for ever. */
static void
test_linger_limit (void)
{
  gint64 start = g_get_monotonic_time ();
  GProcWriter *writer;
  int peer;
  int fd;

  writer = make_writer (&peer);
  fd = gproc_writer_get_fd (writer);
  writer_queue_zeros (writer, 300000);
  g_object_unref (writer);
  gproc_test_wait_for (!gproc_test_fd_is_open (fd));
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 4 * G_USEC_PER_SEC);
  gproc_test_close (&peer);
}

static void
test_linger_broken (void)
{
  GProcWriter *writer;
  int peer;
  int fd;

  writer = make_writer (&peer);
  fd = gproc_writer_get_fd (writer);
  writer_queue_zeros (writer, 300000);
  g_object_unref (writer);
  gproc_test_close (&peer);
  gproc_test_wait_for (!gproc_test_fd_is_open (fd));
}

/* Its context is gone before its queue is: it cannot be written, and must not leak. */
static void
test_linger_without_context (void)
{
  GMainContext *context = g_main_context_new ();
  GProcWriter *writer;
  int peer;

  g_main_context_push_thread_default (context);
  writer = make_writer (&peer);
  writer_queue_zeros (writer, 300000);
  g_object_unref (writer);
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  gproc_test_close (&peer);
}

static void
test_borrowed (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  gproc_test_pipe (fds);
  writer = gproc_test_track (gproc_writer_new_for_fd (fds[1], FALSE));
  g_assert_false (gproc_test_fd_is_nonblocking (fds[1]));
  writer_queue_zeros (writer, 100000);
  g_assert_false (gproc_writer_try_flush (writer, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_false (gproc_test_fd_is_nonblocking (fds[1]));
  g_bytes_unref (gproc_test_read (fds[0], 50000));
  close_writer (writer);
  g_assert_true (gproc_test_fd_is_open (fds[1]));
  g_assert_false (gproc_test_fd_is_nonblocking (fds[1]));
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/writer/bare", test_bare);
  gproc_test_add ("/gproc/writer/write", test_write);
  gproc_test_add ("/gproc/writer/write-order", test_write_order);
  gproc_test_add ("/gproc/writer/write-all", test_write_all);
  gproc_test_add ("/gproc/writer/unbuffered", test_unbuffered);
  gproc_test_add ("/gproc/writer/close-writes-queue", test_close_writes_queue);
  gproc_test_add ("/gproc/writer/close-cancelled", test_close_cancelled);
  gproc_test_add ("/gproc/writer/close-cancelled-later", test_close_cancelled_later);
  gproc_test_add ("/gproc/writer/write-eof-pipe", test_write_eof_pipe);
  gproc_test_add ("/gproc/writer/write-eof-alone", test_write_eof_alone);
  gproc_test_add ("/gproc/writer/write-eof-socket", test_write_eof_socket);
  gproc_test_add ("/gproc/writer/write-eof-unsupported", test_write_eof_unsupported);
  gproc_test_add ("/gproc/writer/abort", test_abort);
  gproc_test_add ("/gproc/writer/broken-pipe", test_broken_pipe);
  gproc_test_add ("/gproc/writer/broken-socket", test_broken_socket);
  gproc_test_add ("/gproc/writer/broken-idle", test_broken_idle);
  gproc_test_add ("/gproc/writer/broken-unread", test_broken_unread);
  gproc_test_add ("/gproc/writer/linger", test_linger);
  gproc_test_add ("/gproc/writer/linger-gathered", test_linger_gathered);
  gproc_test_add ("/gproc/writer/linger-limit", test_linger_limit);
  gproc_test_add ("/gproc/writer/linger-broken", test_linger_broken);
  gproc_test_add ("/gproc/writer/linger-without-context", test_linger_without_context);
  gproc_test_add ("/gproc/writer/borrowed", test_borrowed);
  return gproc_test_run ();
}
