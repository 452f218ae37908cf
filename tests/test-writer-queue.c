/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-writer.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static GProcWriter *
make_writer (int *peer)
{
  int fds[2];

  gproc_test_pipe (fds);
  *peer = fds[0];
  return gproc_test_track (gproc_writer_new_for_fd (fds[1], TRUE));
}

static void
assert_available (int         peer,
                  const char *expected)
{
  g_autoptr (GBytes) bytes = gproc_test_read_available (peer, 1000);

  gproc_test_assert_bytes (bytes, expected);
}

static void
finish (GProcWriter *writer)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  g_assert_no_error (error);
  writer_check_counters (writer);
}

/* The first of an iteration is written at once, the others gather for its end. */
static void
test_write_through (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  int peer;
  int i;

  writer = make_writer (&peer);
  for (i = 0; i < 3; i++)
    {
      writer_queue (writer, "first ", -1);
      assert_available (peer, "first ");
      writer_queue (writer, "second ", -1);
      writer_queue (writer, "third", -1);
      assert_available (peer, "");
      g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), ==, 12);
      gproc_test_wait_for (gproc_writer_get_bytes_queued (writer) == 0);
      assert_available (peer, "second third");
      writer_check_counters (writer);
      gproc_test_settle ();
    }
  finish (writer);
  gproc_test_close (&peer);
}

/* Without a loop: at 64 KiB, and in every call that pushes. */
static void
test_gather_without_loop (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  int peer;
  int i;

  writer = make_writer (&peer);
  fcntl (peer, F_SETPIPE_SZ, 256 * 1024);
  writer_queue (writer, "first ", -1);
  writer_queue (writer, "second", -1);
  assert_available (peer, "first ");
  g_assert_true (gproc_writer_try_flush (writer, &error));
  g_assert_no_error (error);
  assert_available (peer, "second");

  for (i = 0; i < 70; i++)
    writer_queue_zeros (writer, 1024);
  bytes = gproc_test_read_available (peer, 100000);
  g_assert_cmpuint (g_bytes_get_size (bytes), >=, 32768);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), <, 65536);
  g_assert_true (g_output_stream_flush (G_OUTPUT_STREAM (writer), NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), ==, 0);
  writer_check_counters (writer);
  finish (writer);
  gproc_test_close (&peer);
}

/* Also once it was blocked: from then on at each further 64 KiB. */
static void
test_blocked_without_loop (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  guint64 written;
  int peer;

  writer = make_writer (&peer);
  while (gproc_writer_get_bytes_queued (writer) == 0)
    writer_queue_zeros (writer, 65536);
  writer_queue_zeros (writer, 1024);
  written = gproc_writer_get_bytes_written (writer);
  g_bytes_unref (gproc_test_read_available (peer, 1024 * 1024));
  writer_queue_zeros (writer, 1024);
  g_assert_cmpuint (gproc_writer_get_bytes_written (writer), ==, written);
  writer_queue_zeros (writer, 65536);
  g_assert_cmpuint (gproc_writer_get_bytes_written (writer), >, written);
  writer_check_counters (writer);
  gproc_writer_abort (writer);
  gproc_test_close (&peer);
}

static void
test_forms (void)
{
  g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  char text[] = "copied ";
  GBytes *bytes = g_bytes_new ("kept ", 5);
  int peer;

  writer = make_writer (&peer);
  writer_queue (writer, "", 0);
  writer_queue (writer, "", -1);
  writer_queue (writer, NULL, 0);
  g_assert_cmpuint (gproc_writer_get_bytes_accepted (writer), ==, 0);
  writer_queue (writer, "begin ", -1);
  writer_queue (writer, text, -1);
  memset (text, 'X', sizeof text - 1);
  writer_queue (writer, "N\0L ", 4);
  g_assert_true (gproc_writer_queue_bytes (writer, bytes, &error));
  g_bytes_unref (bytes);
  g_ptr_array_add (pieces, g_bytes_new ("a", 1));
  g_ptr_array_add (pieces, g_bytes_new (NULL, 0));
  g_ptr_array_add (pieces, g_bytes_new ("bc", 2));
  g_assert_true (gproc_writer_queuev (writer, pieces, &error));
  g_ptr_array_set_size (pieces, 0);
  g_assert_true (gproc_writer_queuev (writer, pieces, &error));
  g_assert_no_error (error);
  finish (writer);
  {
    g_autoptr (GBytes) result = gproc_test_read_to_end (peer);
    static const char expected[] = "begin copied N\0L kept abc";

    g_assert_cmpmem (g_bytes_get_data (result, NULL), g_bytes_get_size (result), expected,
                     sizeof expected - 1);
  }
  gproc_test_close (&peer);
}

static void
assert_watermarks (GProcWriter *writer,
                   gsize        high,
                   gsize        low)
{
  g_assert_cmpuint (gproc_writer_get_high_watermark (writer), ==, high);
  g_assert_cmpuint (gproc_writer_get_low_watermark (writer), ==, low);
}

static void
test_watermarks (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  int peer;

  writer = make_writer (&peer);
  assert_watermarks (writer, 65536, 16384);
  gproc_writer_set_watermarks (writer, 1000, -1);
  assert_watermarks (writer, 1000, 250);
  gproc_writer_set_watermarks (writer, -1, 1000);
  assert_watermarks (writer, 4000, 1000);
  gproc_writer_set_watermarks (writer, 5, 5);
  assert_watermarks (writer, 5, 5);
  gproc_writer_set_watermarks (writer, 0, -1);
  assert_watermarks (writer, 0, 0);
  gproc_writer_set_watermarks (writer, -1, -1);
  assert_watermarks (writer, 65536, 16384);
  g_test_expect_message ("GProc", G_LOG_LEVEL_CRITICAL, "*");
  gproc_writer_set_watermarks (writer, 5, 6);
  g_test_assert_expected_messages ();
  assert_watermarks (writer, 65536, 16384);
  gproc_test_close (&peer);
}

static void
drain_start (GProcWriter   *writer,
             GProcTestCall *call)
{
  gproc_writer_drain_async (writer, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, call);
  g_assert_cmpint (call->done, ==, 0);
}

static void
drain_finish (GProcWriter   *writer,
              GProcTestCall *call)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gproc_writer_drain_finish (writer, gproc_test_call_wait (call), &error));
  g_assert_no_error (error);
  gproc_test_call_clear (call);
}

static void
take (int   peer,
      gsize size)
{
  g_autoptr (GBytes) bytes = gproc_test_read (peer, size);

  g_assert_cmpuint (g_bytes_get_size (bytes), ==, size);
}

/* Paused above high, until at or below low: in between, a drain waits on the way
 * down and does not wait on the way up. */
static void
test_hysteresis (void)
{
  GProcTestCall calls[3] = { GPROC_TEST_CALL_INIT };
  g_autoptr (GProcWriter) writer = NULL;
  gsize filled;
  int peer;
  int i;

  writer = make_writer (&peer);
  gproc_writer_set_watermarks (writer, 20000, 8192);
  drain_start (writer, &calls[0]);
  drain_finish (writer, &calls[0]);

  filled = gproc_test_fill (gproc_writer_get_fd (writer));
  writer_queue_zeros (writer, 20000);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), ==, 20000);
  drain_start (writer, &calls[0]);
  drain_finish (writer, &calls[0]);

  writer_queue_zeros (writer, 4000);
  for (i = 0; i < 3; i++)
    drain_start (writer, &calls[i]);
  gproc_test_settle ();
  for (i = 0; i < 3; i++)
    g_assert_cmpint (calls[i].done, ==, 0);

  /* Below high, above low: still paused. */
  take (peer, 12288);
  gproc_test_wait_for (gproc_writer_get_bytes_queued (writer) <= 20000);
  gproc_test_settle ();
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), >, 8192);
  for (i = 0; i < 3; i++)
    g_assert_cmpint (calls[i].done, ==, 0);

  take (peer, filled - 12288);
  for (i = 0; i < 3; i++)
    drain_finish (writer, &calls[i]);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), <=, 8192);
  writer_check_counters (writer);
  gproc_writer_abort (writer);
  gproc_test_close (&peer);
}

/* With a high mark of 0 a drain waits for everything. */
static void
test_high_zero (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcWriter) writer = NULL;
  gsize filled;
  int peer;

  writer = make_writer (&peer);
  gproc_writer_set_watermarks (writer, 0, -1);
  filled = gproc_test_fill (gproc_writer_get_fd (writer));
  writer_queue (writer, "x", 1);
  drain_start (writer, &call);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  take (peer, filled);
  drain_finish (writer, &call);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), ==, 0);
  finish (writer);
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

/* Without a loop that runs. */
static void
test_drain_blocking (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  Sink sink = { 0 };
  GThread *thread;
  int i;

  writer = make_writer (&sink.fd);
  thread = g_thread_new ("sink", sink_thread, &sink);
  for (i = 0; i < 20; i++)
    {
      writer_queue_zeros (writer, 100000);
      g_assert_true (gproc_writer_drain (writer, NULL, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), <=, 65536);
    }
  finish (writer);
  g_thread_join (thread);
  g_assert_cmpuint (g_bytes_get_size (sink.result), ==, 2000000);
  g_bytes_unref (sink.result);
  gproc_test_close (&sink.fd);
}

static void
test_drain_cancelled (void)
{
  g_auto (GProcTestCall) first = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) second = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  int peer;
  gsize filled;

  writer = make_writer (&peer);
  filled = gproc_test_fill (gproc_writer_get_fd (writer));
  writer_queue_zeros (writer, 100000);
  gproc_writer_drain_async (writer, 0, cancellable, gproc_test_call_done, &first);
  drain_start (writer, &second);
  gproc_test_settle ();
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (first.done, ==, 0);
  g_assert_false (gproc_writer_drain_finish (writer, gproc_test_call_wait (&first), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (gproc_writer_drain (writer, cancellable, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  /* Neither the other waiter nor the data is disturbed. */
  g_assert_cmpint (second.done, ==, 0);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), ==, 100000);
  take (peer, filled);
  gproc_test_wait_for (gproc_writer_get_bytes_queued (writer) < 100000);
  take (peer, 40000);
  drain_finish (writer, &second);
  gproc_writer_abort (writer);
  gproc_test_close (&peer);
}

/* Refused as a whole, before anything is taken. */
static void
test_queue_limit (void)
{
  g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("0123456789", 10);
  guint64 accepted;
  int peer;

  writer = make_writer (&peer);
  gproc_test_fill (gproc_writer_get_fd (writer));
  gproc_writer_set_queue_limit (writer, 15);
  g_assert_cmpuint (gproc_writer_get_queue_limit (writer), ==, 15);
  g_assert_true (gproc_writer_queue_bytes (writer, bytes, &error));
  accepted = gproc_writer_get_bytes_accepted (writer);
  g_assert_false (gproc_writer_queue_bytes (writer, bytes, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_false (gproc_writer_queue (writer, "123456", -1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_ptr_array_add (pieces, g_bytes_new ("123", 3));
  g_ptr_array_add (pieces, g_bytes_new ("456", 3));
  g_assert_false (gproc_writer_queuev (writer, pieces, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_cmpuint (gproc_writer_get_bytes_accepted (writer), ==, accepted);
  writer_queue (writer, "12345", 5);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), ==, 15);
  g_assert_false (gproc_writer_queue (writer, "6", -1, &error));
  g_assert_cmpstr (error->message, ==,
                   "There is no room in the queue for 1 more: it holds 15, and its limit is 15");
  g_clear_error (&error);
  gproc_writer_abort (writer);
  gproc_test_close (&peer);
}

/* Random pieces, reads and pauses: everything arrives, in order, and the counters
 * are right at every step. */
static void
test_random_traffic (void)
{
  const gsize total = gproc_test_scale (3000000);
  g_autoptr (GBytes) data = gproc_test_random_bytes (total);
  g_autoptr (GByteArray) result = g_byte_array_new ();
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  gsize sent = 0;
  int peer;

  writer = make_writer (&peer);
  while (result->len < total)
    {
      gsize most = g_test_rand_int_range (0, g_test_rand_bit () ? 200 : 70000);
      gsize size = MIN (most, total - sent);
      g_autoptr (GBytes) piece = g_bytes_new_from_bytes (data, sent, size);
      g_autoptr (GBytes) got = NULL;

      switch (g_test_rand_int_range (0, 6))
        {
        case 0:
          g_assert_true (gproc_writer_queue_bytes (writer, piece, &error));
          sent += size;
          break;
        case 1:
        case 2:
          writer_queue (writer, g_bytes_get_data (piece, NULL), size);
          sent += size;
          break;
        case 3:
          if (!gproc_writer_try_flush (writer, &error))
            gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
          break;
        case 4:
          g_main_context_iteration (gproc_test_context (), FALSE);
          break;
        default:
          got = gproc_test_read_available (peer, g_test_rand_int_range (1, 100000));
          g_byte_array_append (result, g_bytes_get_data (got, NULL), g_bytes_get_size (got));
          break;
        }
      g_assert_no_error (error);
      writer_check_counters (writer);
      g_assert_cmpuint (gproc_writer_get_bytes_accepted (writer), ==, sent);
      g_assert_cmpuint (gproc_writer_get_bytes_written (writer), >=, result->len);
    }
  g_assert_cmpmem (result->data, result->len, g_bytes_get_data (data, NULL), total);
  finish (writer);
  gproc_test_close (&peer);
}

/* More pieces than one system call takes, behind a full pipe. */
static void
test_many_pieces (void)
{
  enum
  {
    N = 5000
  };
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  Sink sink = { 0 };
  GThread *thread;
  gsize filled;
  int i;

  writer = make_writer (&sink.fd);
  filled = gproc_test_fill (gproc_writer_get_fd (writer));
  for (i = 0; i < N; i++)
    {
      g_autoptr (GBytes) bytes = NULL;
      char *text = g_strdup_printf ("%d,", i);

      g_string_append (expected, text);
      bytes = g_bytes_new_take (text, strlen (text));
      g_assert_true (gproc_writer_queue_bytes (writer, bytes, &error));
      if (i % 7 == 0)
        {
          g_string_append (expected, ";");
          writer_queue (writer, ";", 1);
        }
    }
  thread = g_thread_new ("sink", sink_thread, &sink);
  finish (writer);
  g_thread_join (thread);
  g_assert_cmpmem ((const char *) g_bytes_get_data (sink.result, NULL) + filled,
                   g_bytes_get_size (sink.result) - filled, expected->str, expected->len);
  g_bytes_unref (sink.result);
  gproc_test_close (&sink.fd);
}

static gpointer
count_thread (gpointer data)
{
  int fd = *(int *) data;
  static char buffer[65536];
  gsize total = 0;
  gssize count;

  while ((count = read (fd, buffer, sizeof buffer)) > 0)
    total += count;
  return GSIZE_TO_POINTER (total);
}

/* A million small ones cost no million system calls. */
static void
test_million (void)
{
  const gsize n = gproc_test_is_slow () ? 50000 : 1000000;
  static const char text[] = "0123456789abcdef0123456789abcde\n";
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;
  int peer;
  gsize i;

  writer = make_writer (&peer);
  thread = g_thread_new ("count", count_thread, &peer);
  for (i = 0; i < n; i++)
    {
      if (!gproc_writer_queue (writer, text, 32, &error))
        g_assert_no_error (error);
      if (gproc_writer_get_bytes_queued (writer) > 65536)
        g_assert_true (gproc_writer_drain (writer, NULL, &error));
    }
  finish (writer);
  g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (thread)), ==, n * 32);
  g_assert_cmpuint (gproc_writer_get_bytes_written (writer), ==, n * 32);
  gproc_test_close (&peer);
}

typedef struct
{
  GProcWriter *writer;
  gsize fed;
} Feeder;

static gboolean
on_feed (gpointer data)
{
  Feeder *feeder = data;

  writer_queue_zeros (feeder->writer, 100000);
  feeder->fed += 100000;
  return G_SOURCE_CONTINUE;
}

/* A flush waits for what there was when it was called, and so ends, however much
 * comes behind it. */
static void
test_flush_steady_feeder (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GSource) source = g_timeout_source_new (0);
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  Feeder feeder = { 0 };
  int peer;

  writer = make_writer (&peer);
  gproc_test_fill (gproc_writer_get_fd (writer));
  writer_queue_zeros (writer, 50000);
  g_output_stream_flush_async (G_OUTPUT_STREAM (writer), 0, NULL, gproc_test_call_done, &call);
  feeder.writer = writer;
  g_source_set_callback (source, on_feed, &feeder, NULL);
  g_source_attach (source, gproc_test_context ());
  while (!call.done)
    {
      g_autoptr (GBytes) bytes = NULL;

      /* Always slower than the feeder. */
      g_main_context_iteration (gproc_test_context (), FALSE);
      bytes = gproc_test_read_available (peer, 2000);
      g_assert_cmpuint (feeder.fed, <, 100000000);
    }
  g_assert_true (g_output_stream_flush_finish (G_OUTPUT_STREAM (writer), call.result, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (gproc_writer_get_bytes_written (writer), >=, 50000);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), >, 0);
  writer_check_counters (writer);
  g_source_destroy (source);
  gproc_writer_abort (writer);
  gproc_test_close (&peer);
}

/* What is queued while a flush is under way stays behind what was there. */
static void
test_queue_during_flush (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  gsize filled;
  int peer;

  writer = make_writer (&peer);
  filled = gproc_test_fill (gproc_writer_get_fd (writer));
  writer_queue (writer, "before ", -1);
  g_output_stream_flush_async (G_OUTPUT_STREAM (writer), 0, NULL, gproc_test_call_done, &call);
  writer_queue (writer, "during ", -1);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  writer_queue (writer, "later", -1);
  take (peer, filled);
  g_assert_true (
    g_output_stream_flush_finish (G_OUTPUT_STREAM (writer), gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);
  finish (writer);
  assert_available (peer, "before during later");
  gproc_test_close (&peer);
}

/* A splice of GIO onto the writer owns it: a queue in between would end up
 * somewhere in the middle of its data. */
static void
test_queue_during_splice (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GInputStream) source = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE);
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  int peer;

  writer = make_writer (&peer);
  gproc_test_input_hold (source);
  gproc_test_input_push (source, "spliced", -1);
  g_output_stream_splice_async (G_OUTPUT_STREAM (writer), source, G_OUTPUT_STREAM_SPLICE_NONE, 0,
                                NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  g_assert_false (gproc_writer_queue (writer, "x", 1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  gproc_test_input_end (source);
  g_assert_cmpint (g_output_stream_splice_finish (G_OUTPUT_STREAM (writer),
                                                  gproc_test_call_wait (&call), &error),
                   ==, 7);
  g_assert_no_error (error);
  writer_queue (writer, " after", -1);
  finish (writer);
  assert_available (peer, "spliced after");
  gproc_test_close (&peer);
}

static void
test_try_flush (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  gsize filled;
  int peer;

  writer = make_writer (&peer);
  g_assert_true (gproc_writer_try_flush (writer, &error));
  filled = gproc_test_fill (gproc_writer_get_fd (writer));
  writer_queue (writer, "h", 1);
  g_assert_false (gproc_writer_try_flush (writer, &error));
  g_assert_cmpstr (error->message, ==, "1 byte is still waiting to be written");
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  writer_queue (writer, "ello", 4);
  g_assert_false (gproc_writer_try_flush (writer, &error));
  g_assert_cmpstr (error->message, ==, "5 bytes are still waiting to be written");
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  take (peer, filled);
  g_assert_true (gproc_writer_try_flush (writer, &error));
  g_assert_no_error (error);
  assert_available (peer, "hello");
  finish (writer);
  g_assert_false (gproc_writer_try_flush (writer, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  gproc_test_close (&peer);
}

typedef struct
{
  GProcWriter *writer;
  int n_callbacks;
} NoCallback;

static void
on_notify (GObject    *object,
           GParamSpec *pspec,
           gpointer    data)
{
  ((NoCallback *) data)->n_callbacks++;
}

/* A queue never calls back: neither a notification nor a callback runs inside. */
static void
test_queue_calls_nobody (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcWriter) writer = NULL;
  NoCallback state = { 0 };
  gsize filled;
  int peer;

  writer = make_writer (&peer);
  gproc_writer_set_watermarks (writer, 10, 5);
  g_signal_connect (writer, "notify", G_CALLBACK (on_notify), &state);
  filled = gproc_test_fill (gproc_writer_get_fd (writer));
  writer_queue_zeros (writer, 20);
  drain_start (writer, &call);
  take (peer, filled);
  /* This one pushes, which ends the pause, which completes the drain: later. */
  writer_queue_zeros (writer, 70000);
  g_assert_cmpint (call.done, ==, 0);
  g_assert_cmpint (state.n_callbacks, ==, 0);
  gproc_test_wait_for (gproc_test_fd_is_ready (peer, G_IO_IN));
  gproc_writer_abort (writer);
  gproc_test_call_wait (&call);
  g_clear_object (&call.source);
  gproc_test_close (&peer);
}

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/writer-queue/write-through", test_write_through);
  gproc_test_add ("/gproc/writer-queue/gather-without-loop", test_gather_without_loop);
  gproc_test_add ("/gproc/writer-queue/blocked-without-loop", test_blocked_without_loop);
  gproc_test_add ("/gproc/writer-queue/forms", test_forms);
  gproc_test_add ("/gproc/writer-queue/watermarks", test_watermarks);
  gproc_test_add ("/gproc/writer-queue/hysteresis", test_hysteresis);
  gproc_test_add ("/gproc/writer-queue/high-zero", test_high_zero);
  gproc_test_add ("/gproc/writer-queue/drain-blocking", test_drain_blocking);
  gproc_test_add ("/gproc/writer-queue/drain-cancelled", test_drain_cancelled);
  gproc_test_add ("/gproc/writer-queue/queue-limit", test_queue_limit);
  gproc_test_add ("/gproc/writer-queue/random-traffic", test_random_traffic);
  gproc_test_add ("/gproc/writer-queue/many-pieces", test_many_pieces);
  gproc_test_add ("/gproc/writer-queue/million", test_million);
  gproc_test_add ("/gproc/writer-queue/flush-steady-feeder", test_flush_steady_feeder);
  gproc_test_add ("/gproc/writer-queue/queue-during-flush", test_queue_during_flush);
  gproc_test_add ("/gproc/writer-queue/queue-during-splice", test_queue_during_splice);
  gproc_test_add ("/gproc/writer-queue/try-flush", test_try_flush);
  gproc_test_add ("/gproc/writer-queue/queue-calls-nobody", test_queue_calls_nobody);
  return gproc_test_run ();
}
