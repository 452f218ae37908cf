/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test.h"
#include "gproc-test-streams.h"

#include <gprocstream/gprocstream.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* GIO's own code on top of our streams, and our streams where an application does
 * what applications do: nested loops, threads, forks. */

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

typedef struct
{
  int fd;
  GBytes *data;   /* What a feeder feeds. */
  GBytes *result; /* What a sink took. */
} Peer;

static gpointer
sink_thread (gpointer data)
{
  Peer *peer = data;

  peer->result = gproc_test_read_to_end (peer->fd);
  return NULL;
}

static gpointer
feed_thread (gpointer data)
{
  Peer *peer = data;

  gproc_test_write (peer->fd, g_bytes_get_data (peer->data, NULL), g_bytes_get_size (peer->data));
  gproc_test_close (&peer->fd);
  return NULL;
}

/* From one of ours into the other, by GIO's splice, in both forms. */
static void
check_splice (gboolean async)
{
  g_autoptr (GBytes) data = gproc_test_random_bytes (1000000);
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  const GOutputStreamSpliceFlags flags = G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE |
                                         G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET;
  Peer feeder = { -1, data, NULL };
  Peer sink = { 0 };
  GThread *threads[2];
  gssize count;

  reader = make_reader (&feeder.fd);
  writer = make_writer (&sink.fd);
  threads[0] = g_thread_new ("feed", feed_thread, &feeder);
  threads[1] = g_thread_new ("sink", sink_thread, &sink);
  if (async)
    {
      g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

      g_output_stream_splice_async (G_OUTPUT_STREAM (writer), G_INPUT_STREAM (reader), flags, 0,
                                    NULL, gproc_test_call_done, &call);
      count = g_output_stream_splice_finish (G_OUTPUT_STREAM (writer), gproc_test_call_wait (&call),
                                             &error);
    }
  else
    {
      count = g_output_stream_splice (G_OUTPUT_STREAM (writer), G_INPUT_STREAM (reader), flags,
                                      NULL, &error);
    }
  g_assert_no_error (error);
  g_assert_cmpint (count, ==, 1000000);
  g_assert_true (g_input_stream_is_closed (G_INPUT_STREAM (reader)));
  g_assert_true (g_output_stream_is_closed (G_OUTPUT_STREAM (writer)));
  g_thread_join (threads[0]);
  g_thread_join (threads[1]);
  gproc_test_assert_equal (sink.result, data);
  g_bytes_unref (sink.result);
  gproc_test_close (&sink.fd);
}

static void
test_splice (void)
{
  check_splice (FALSE);
}

static void
test_splice_async (void)
{
  check_splice (TRUE);
}

/* Two pairs of halves, GIO's splice of whole streams in between. */
static void
test_io_stream_splice (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) forth = NULL;
  g_autoptr (GBytes) back = NULL;
  GIOStream *streams[2];
  int outside[2];
  int i;

  for (i = 0; i < 2; i++)
    {
      g_autoptr (GProcReader) reader = NULL;
      g_autoptr (GProcWriter) writer = NULL;
      int fds[2];

      gproc_test_socketpair (fds);
      outside[i] = fds[1];
      reader = gproc_test_track (gproc_reader_new_for_fd (dup (fds[0]), TRUE));
      writer = gproc_test_track (gproc_writer_new_for_fd (fds[0], TRUE));
      streams[i] = gproc_test_track (
        g_simple_io_stream_new (G_INPUT_STREAM (reader), G_OUTPUT_STREAM (writer)));
    }
  g_io_stream_splice_async (streams[0], streams[1],
                            G_IO_STREAM_SPLICE_CLOSE_STREAM1 | G_IO_STREAM_SPLICE_CLOSE_STREAM2 |
                              G_IO_STREAM_SPLICE_WAIT_FOR_BOTH,
                            0, NULL, gproc_test_call_done, &call);
  gproc_test_write (outside[0], "forth", 5);
  gproc_test_write (outside[1], "back", 4);
  gproc_test_wait_for (gproc_test_fd_is_ready (outside[0], G_IO_IN));
  gproc_test_wait_for (gproc_test_fd_is_ready (outside[1], G_IO_IN));
  forth = gproc_test_read (outside[1], 5);
  back = gproc_test_read (outside[0], 4);
  gproc_test_assert_bytes (forth, "forth");
  gproc_test_assert_bytes (back, "back");
  g_assert_no_errno (shutdown (outside[0], SHUT_WR));
  g_assert_no_errno (shutdown (outside[1], SHUT_WR));
  g_assert_true (g_io_stream_splice_finish (gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);
  for (i = 0; i < 2; i++)
    {
      g_assert_true (g_io_stream_is_closed (streams[i]));
      g_object_unref (streams[i]);
      gproc_test_close (&outside[i]);
    }
}

/* GIO's own line reader over ours. */
static void
test_data_input_stream (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GDataInputStream) lines = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *none = NULL;
  int peer;

  reader = make_reader (&peer);
  lines = g_data_input_stream_new (G_INPUT_STREAM (reader));
  g_data_input_stream_read_line_async (lines, 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  gproc_test_write (peer, "fir", 3);
  gproc_test_settle ();
  gproc_test_write (peer, "st\nsecond", 9);
  first = g_data_input_stream_read_line_finish (lines, gproc_test_call_wait (&call), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (first, ==, "first");
  gproc_test_close (&peer);
  second = g_data_input_stream_read_line (lines, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (second, ==, "second");
  none = g_data_input_stream_read_line (lines, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (none);
}

/* The inherited methods keep GIO's meaning: empty bytes at the end, no NULL. */
static void
test_read_bytes (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) end = NULL;
  gsize count = 0;
  char buffer[16];
  int peer;

  reader = make_reader (&peer);
  gproc_test_write (peer, "0123456789", 10);
  g_assert_cmpint (g_input_stream_skip (G_INPUT_STREAM (reader), 2, NULL, &error), ==, 2);
  bytes = g_input_stream_read_bytes (G_INPUT_STREAM (reader), 3, NULL, &error);
  gproc_test_assert_bytes (bytes, "234");
  gproc_test_close (&peer);
  g_assert_true (
    g_input_stream_read_all (G_INPUT_STREAM (reader), buffer, 16, &count, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, count, "56789", 5);
  g_input_stream_read_bytes_async (G_INPUT_STREAM (reader), 3, 0, NULL, gproc_test_call_done,
                                   &call);
  end = g_input_stream_read_bytes_finish (G_INPUT_STREAM (reader), gproc_test_call_wait (&call),
                                          &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (end), ==, 0);
  g_assert_cmpint (g_input_stream_read (G_INPUT_STREAM (reader), buffer, 16, NULL, &error), ==, 0);
  g_assert_cmpint (g_input_stream_skip (G_INPUT_STREAM (reader), 16, NULL, &error), ==, 0);
  g_assert_no_error (error);
}

/* A skip reads no more than is there, and behind it the stream goes on. */
static void
test_skip (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) rest = NULL;
  int peer;

  reader = make_reader (&peer);
  g_input_stream_skip_async (G_INPUT_STREAM (reader), 5, 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  gproc_test_write (peer, "0123456789", 10);
  g_assert_cmpint (g_input_stream_skip_finish (G_INPUT_STREAM (reader),
                                               gproc_test_call_wait (&call), &error),
                   ==, 5);
  g_assert_no_error (error);
  rest = gproc_reader_read_exactly (reader, 5, NULL, &error);
  gproc_test_assert_bytes (rest, "56789");
  gproc_test_close (&peer);
}

/* writev_async is the one operation that marks itself as pending (GIO's default
 * does): two at once are refused, a partial one says how much. */
static void
test_writev (void)
{
  g_autofree char *big = g_malloc0 (200000);
  GOutputVector vectors[] = { { "one ", 4 }, { "", 0 }, { "two ", 4 } };
  GOutputVector large[] = { { "head", 4 }, { NULL, 200000 } };
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) refused = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  GOutputStream *stream;
  gsize written = 0;
  Peer sink = { 0 };
  GThread *thread;

  large[1].buffer = big;
  writer = make_writer (&sink.fd);
  stream = G_OUTPUT_STREAM (writer);
  g_assert_true (gproc_writer_queue (writer, "queued ", -1, &error));
  g_assert_true (gproc_writer_queue (writer, "first ", -1, &error));
  g_assert_true (g_output_stream_writev (stream, vectors, 3, &written, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (written, ==, 8);

  g_output_stream_writev_async (stream, vectors, 3, 0, NULL, gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);
  g_assert_true (g_output_stream_has_pending (stream));
  g_output_stream_writev_async (stream, vectors, 3, 0, NULL, gproc_test_call_done, &refused);
  g_assert_false (
    g_output_stream_writev_finish (stream, gproc_test_call_wait (&refused), &written, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_true (
    g_output_stream_writev_finish (stream, gproc_test_call_wait (&call), &written, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (written, ==, 8);
  g_assert_false (g_output_stream_has_pending (stream));

  thread = g_thread_new ("sink", sink_thread, &sink);
  gproc_test_call_clear (&call);
  g_output_stream_writev_all_async (stream, large, 2, 0, NULL, gproc_test_call_done, &call);
  g_assert_true (
    g_output_stream_writev_all_finish (stream, gproc_test_call_wait (&call), &written, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (written, ==, 200004);
  g_assert_true (g_output_stream_close (stream, NULL, &error));
  g_thread_join (thread);
  g_assert_cmpuint (g_bytes_get_size (sink.result), ==, 13 + 8 + 8 + 200004);
  g_assert_cmpmem (g_bytes_get_data (sink.result, NULL), 29, "queued first one two one two ", 29);
  g_bytes_unref (sink.result);
  gproc_test_close (&sink.fd);
}

typedef struct
{
  GProcReader *readers[2];
  int peers[2];
  int n_done;
  gboolean nested;
} Nested;

static void
on_nested_line (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  Nested *nested = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = gproc_reader_read_line_finish (GPROC_READER (source), result, &error);

  g_assert_no_error (error);
  gproc_test_assert_bytes (line, "line\n");
  nested->n_done++;
  if (nested->nested)
    return;

  /* Here a dialog would run its own loop. The other stream has to go on in it, and so
   * has this one. */
  nested->nested = TRUE;
  gproc_test_write (nested->peers[0], "line\n", 5);
  gproc_reader_read_line_async (GPROC_READER (source), 0, NULL, on_nested_line, nested);
  gproc_test_write (nested->peers[1], "line\n", 5);
  gproc_test_wait_for (nested->n_done >= 3);
}

static void
test_nested_loop (void)
{
  Nested nested = { 0 };
  int i;

  for (i = 0; i < 2; i++)
    nested.readers[i] = make_reader (&nested.peers[i]);
  gproc_reader_read_line_async (nested.readers[0], 0, NULL, on_nested_line, &nested);
  gproc_reader_read_line_async (nested.readers[1], 0, NULL, on_nested_line, &nested);
  gproc_test_write (nested.peers[0], "line\n", 5);
  gproc_test_wait_for (nested.n_done == 3);
  for (i = 0; i < 2; i++)
    {
      g_object_unref (nested.readers[i]);
      gproc_test_close (&nested.peers[i]);
    }
}

/* The last reference to a stream goes in its own callback. */
static void
on_line_unref (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = gproc_reader_read_line_finish (GPROC_READER (source), result, &error);

  g_assert_no_error (error);
  g_object_unref (source);
  *(int *) user_data = TRUE;
}

static void
test_unref_in_callback (void)
{
  GProcReader *reader;
  gboolean done = FALSE;
  int peer;

  reader = make_reader (&peer);
  gproc_reader_read_line_async (reader, 0, NULL, on_line_unref, &done);
  gproc_test_write (peer, "line\n", 5);
  gproc_test_wait (&done);
  gproc_test_close (&peer);
}

/* A read under way keeps its stream: it is the callback that lets it go. */
static void
test_unref_while_reading (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = NULL;
  GProcReader *reader;
  int peer;

  reader = make_reader (&peer);
  gproc_reader_read_line_async (reader, 0, NULL, gproc_test_call_done, &call);
  g_object_unref (reader);
  gproc_test_write (peer, "line\n", 5);
  gproc_test_call_wait (&call);
  line = gproc_reader_read_line_finish (reader, call.result, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (line, "line\n");
  gproc_test_close (&peer);
}

typedef struct
{
  int fd;
  int n_bytes;
  int *n_taken;
} Taker;

static gpointer
taker_thread (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GProcReader) reader = NULL;
  Taker *taker = data;

  g_main_context_push_thread_default (context);
  reader = gproc_reader_new_for_fd (taker->fd, FALSE);
  while (TRUE)
    {
      g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = NULL;

      gproc_reader_read_some_async (reader, 1, 0, NULL, gproc_test_call_done, &call);
      while (!call.done)
        g_main_context_iteration (context, TRUE);
      bytes = gproc_reader_read_some_finish (reader, call.result, &error);
      g_assert_no_error (error);
      if (bytes == NULL)
        break;
      taker->n_bytes++;
      g_atomic_int_inc (taker->n_taken);
    }
  g_main_context_pop_thread_default (context);
  return NULL;
}

/* The same descriptor in two readers, in two threads: no wake-up is lost, nothing is
 * read twice, both learn of the end. */
static void
test_two_threads (void)
{
  const int n = gproc_test_scale (2000);
  Taker takers[2] = { { 0 } };
  GThread *threads[2];
  int n_taken = 0;
  int fds[2];
  int i;

  /* Packets of one byte, so that no reader takes what is for the other. */
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
  for (i = 0; i < 2; i++)
    {
      takers[i].fd = fds[0];
      takers[i].n_taken = &n_taken;
      threads[i] = g_thread_new ("taker", taker_thread, &takers[i]);
    }
  for (i = 0; i < n; i++)
    {
      gproc_test_write (fds[1], "x", 1);
      /* Every now and then all must have been taken before there is more. */
      if (i % 16 == 0)
        gproc_test_wait_for (g_atomic_int_get (&n_taken) == i + 1);
    }
  gproc_test_close (&fds[1]);
  for (i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (takers[0].n_bytes + takers[1].n_bytes, ==, n);
  gproc_test_close (&fds[0]);
}

static void
dispose_in_child (gconstpointer data)
{
  gpointer *streams = (gpointer *) data;

  g_object_run_dispose (streams[0]);
  g_object_run_dispose (streams[1]);
  g_input_stream_close (streams[0], NULL, NULL);
  gproc_writer_abort (streams[1]);
}

/* An application forks without exec, and its child lets go of everything. */
static void
test_fork (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = NULL;
  g_autoptr (GBytes) rest = NULL;
  gpointer streams[2];
  gsize filled;
  int peers[2];

  reader = make_reader (&peers[0]);
  writer = make_writer (&peers[1]);
  filled = gproc_test_fill (gproc_writer_get_fd (writer));
  g_assert_true (gproc_writer_queue (writer, "queued", -1, &error));
  gproc_reader_read_line_async (reader, 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  streams[0] = reader;
  streams[1] = writer;
  gproc_test_fork (dispose_in_child, streams);

  gproc_test_write (peers[0], "line\n", 5);
  line = gproc_reader_read_line_finish (reader, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (line, "line\n");
  g_bytes_unref (gproc_test_read (peers[1], filled));
  gproc_test_wait_for (gproc_writer_get_bytes_queued (writer) == 0);
  rest = gproc_test_read_available (peers[1], 100);
  gproc_test_assert_bytes (rest, "queued");
  gproc_test_close (&peers[0]);
  gproc_test_close (&peers[1]);
}

/* What is written and awaited over one socket, by blocking calls alone: the reading
 * one pushes the queue, or both sides would wait for ever. */
static gpointer
echo_thread (gpointer data)
{
  int fd = *(int *) data;
  g_autoptr (GBytes) all = gproc_test_read (fd, 500000);

  gproc_test_write (fd, g_bytes_get_data (all, NULL), g_bytes_get_size (all));
  return NULL;
}

static void
test_blocking_pushes (void)
{
  g_autoptr (GBytes) data = gproc_test_random_bytes (500000);
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) result = NULL;
  GThread *thread;
  int fds[2];

  gproc_test_socketpair (fds);
  stream = gproc_test_track (
    gproc_stream_new_for_fds (fds[0], fds[0], -1, GPROC_STREAM_FLAGS_TAKE_FDS));
  thread = g_thread_new ("echo", echo_thread, &fds[1]);
  g_assert_true (gproc_writer_queue_bytes (gproc_stream_get_stdin (stream), data, &error));
  result = gproc_reader_read_exactly (gproc_stream_get_stdout (stream), 500000, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_equal (result, data);
  g_thread_join (thread);
  gproc_test_close (&fds[1]);
}

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/gio-streams/splice", test_splice);
  gproc_test_add ("/gproc/gio-streams/splice-async", test_splice_async);
  gproc_test_add ("/gproc/gio-streams/io-stream-splice", test_io_stream_splice);
  gproc_test_add ("/gproc/gio-streams/data-input-stream", test_data_input_stream);
  gproc_test_add ("/gproc/gio-streams/read-bytes", test_read_bytes);
  gproc_test_add ("/gproc/gio-streams/skip", test_skip);
  gproc_test_add ("/gproc/gio-streams/writev", test_writev);
  gproc_test_add ("/gproc/gio-streams/nested-loop", test_nested_loop);
  gproc_test_add ("/gproc/gio-streams/unref-in-callback", test_unref_in_callback);
  gproc_test_add ("/gproc/gio-streams/unref-while-reading", test_unref_while_reading);
  gproc_test_add ("/gproc/gio-streams/two-threads", test_two_threads);
  gproc_test_add ("/gproc/gio-streams/fork", test_fork);
  gproc_test_add ("/gproc/gio-streams/blocking-pushes", test_blocking_pushes);
  return gproc_test_run ();
}
