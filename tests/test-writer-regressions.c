/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-writer.h"

#include <gio/gunixoutputstream.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* What was once wrong with writers. */

static GProcWriter *
make_writer (int *peer)
{
  int fds[2];

  gproc_test_pipe (fds);
  *peer = fds[0];
  return gproc_test_track (gproc_writer_new_for_fd (fds[1], TRUE));
}

/* Over GIO's stream of a pipe, which it can poll. */
static GProcWriter *
make_unix_writer (int *peer,
                  int *fd)
{
  g_autoptr (GOutputStream) base = NULL;
  int fds[2];

  gproc_test_pipe (fds);
  gproc_test_set_nonblocking (fds[1], TRUE);
  base = gproc_test_track (g_unix_output_stream_new (fds[1], TRUE));
  *peer = fds[0];
  *fd = fds[1];
  return gproc_test_track (gproc_writer_new (base));
}

static void
assert_written (GOutputStream *base,
                const char    *expected)
{
  g_autoptr (GBytes) bytes = gproc_test_output_get_bytes (base);

  gproc_test_assert_bytes (bytes, expected);
}

/* GIO's stream writes with the disposition that the process has, in which a broken pipe
 * kills: not even behind a stream of GIO's may it. */
static void
test_sigpipe_of_base (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  int peer;
  int fd;

  writer = make_unix_writer (&peer, &fd);
  gproc_test_close (&peer);
  if (gproc_writer_queue (writer, "a", 1, &error))
    g_assert_false (g_output_stream_flush (G_OUTPUT_STREAM (writer), NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_false (gproc_writer_queue (writer, "a", 1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_false (g_output_stream_flush (G_OUTPUT_STREAM (writer), NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_false (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  writer_check_counters (writer);
}

/* The same where the main loop writes, in a blocking call, and in GIO's own write. */
static void
test_sigpipe_of_base_later (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  int peer;
  int fd;

  writer = make_unix_writer (&peer, &fd);
  gproc_test_fill (fd);
  writer_queue_zeros (writer, 100000);
  gproc_writer_drain_async (writer, 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  gproc_test_close (&peer);
  g_assert_false (gproc_writer_drain_finish (writer, gproc_test_call_wait (&call), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);

  g_clear_object (&writer);
  gproc_test_call_clear (&call);
  writer = make_unix_writer (&peer, &fd);
  gproc_test_fill (fd);
  writer_queue_zeros (writer, 100000);
  gproc_test_close (&peer);
  g_assert_false (g_output_stream_flush (G_OUTPUT_STREAM (writer), NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);

  g_clear_object (&writer);
  writer = make_unix_writer (&peer, &fd);
  gproc_test_close (&peer);
  g_assert_cmpint (g_output_stream_write (G_OUTPUT_STREAM (writer), "a", 1, NULL, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

/* A writer over a stream that writes at its own pace, in the middle of a write. */
static GProcWriter *
make_held_writer (GOutputStream **base)
{
  GProcWriter *writer;

  *base = gproc_test_track (gproc_test_output_new (GPROC_TEST_HOSTILE_NONE));
  gproc_test_output_hold (*base, TRUE);
  writer = gproc_test_track (gproc_writer_new (*base));
  writer_queue (writer, "one ", -1);
  writer_queue (writer, "two ", -1);
  gproc_test_settle ();
  g_assert_cmpuint (gproc_test_output_get_counts (*base).n_async, ==, 1);
  return writer;
}

/* The base stream cannot be closed while it writes, and later nobody remembered to. */
static void
finish_held (GProcWriter   *writer,
             GOutputStream *base)
{
  gproc_test_output_hold (base, FALSE);
  gproc_test_wait_for (g_output_stream_is_closed (base));
  gproc_test_settle ();
  g_assert_cmpuint (gproc_test_output_get_counts (base).n_async, ==, 1);
  g_assert_cmpuint (gproc_test_output_get_counts (base).n_closes, ==, 1);
  if (writer == NULL)
    return;

  writer_check_counters (writer);
  g_assert_cmpuint (gproc_writer_get_bytes_accepted (writer), ==, 8);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), ==, 0);
}

static void
test_plain_abort (void)
{
  g_autoptr (GOutputStream) base = NULL;
  g_autoptr (GProcWriter) writer = NULL;

  writer = make_held_writer (&base);
  gproc_writer_abort (writer);
  writer_check_counters (writer);
  gproc_test_settle ();
  g_assert_false (g_output_stream_is_closed (base));
  finish_held (writer, base);
}

/* The writer is gone before the write is. */
static void
test_plain_abort_unref (void)
{
  g_autoptr (GOutputStream) base = NULL;
  g_autoptr (GProcWriter) writer = NULL;

  writer = make_held_writer (&base);
  gproc_writer_abort (writer);
  g_clear_object (&writer);
  gproc_test_settle ();
  finish_held (NULL, base);
}

static void
test_plain_close_cancelled (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GOutputStream) base = NULL;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;

  writer = make_held_writer (&base);
  g_output_stream_close_async (G_OUTPUT_STREAM (writer), 0, cancellable, gproc_test_call_done,
                               &call);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  g_cancellable_cancel (cancellable);
  /* It does not wait for the base stream, which may take for ever. */
  g_assert_false (
    g_output_stream_close_finish (G_OUTPUT_STREAM (writer), gproc_test_call_wait (&call), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (g_output_stream_is_closed (G_OUTPUT_STREAM (writer)));
  finish_held (writer, base);
}

typedef struct
{
  GProcWriter *writer;
  GOutputStream *base;
  guint64 n_bytes;
  gboolean holds;
} Feeder;

static void
feed (Feeder *feeder)
{
  writer_queue (feeder->writer, "0123456789012345678901234567890123456789", -1);
  feeder->n_bytes += 40;
}

static gboolean
on_feed (gpointer user_data)
{
  feed (user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_feed_up (gpointer user_data)
{
  Feeder *feeder = user_data;

  while (gproc_writer_get_bytes_queued (feeder->writer) < 20000)
    feed (feeder);
  feeder->holds = !feeder->holds;
  gproc_test_output_hold (feeder->base, feeder->holds);
  return G_SOURCE_CONTINUE;
}

/* A flush is over what was accepted at the call; it waited for a moment in which the base
 * stream had nothing to write, and with a steady feeder there is none. Either each iteration
 * feeds it; or there is always more than can be written until it is fed again, and the flush
 * comes only when there is nothing else to be done, in the middle of a write. */
static void
test_flush_under_feeder (gconstpointer data)
{
  gboolean low = GPOINTER_TO_INT (data);
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GOutputStream) base = NULL;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GSource) source = NULL;
  g_autoptr (GError) error = NULL;
  Feeder feeder = { 0 };
  guint64 accepted;

  base = gproc_test_track (gproc_test_output_new (GPROC_TEST_HOSTILE_SLOW));
  gproc_test_output_set_chunk (base, low ? 10 : 100);
  writer = gproc_test_track (gproc_writer_new (base));
  feeder.writer = writer;
  feeder.base = base;
  source = low ? g_timeout_source_new (1) : g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, low ? on_feed_up : on_feed, &feeder, NULL);
  g_source_attach (source, gproc_test_context ());
  gproc_test_wait_for (feeder.n_bytes >= 2000);

  accepted = gproc_writer_get_bytes_accepted (writer);
  g_output_stream_flush_async (G_OUTPUT_STREAM (writer), low ? G_PRIORITY_LOW : G_PRIORITY_DEFAULT,
                               NULL, gproc_test_call_done, &call);
  /* Many times what was accepted. */
  gproc_test_wait_for (call.done || feeder.n_bytes >= 400000);
  g_assert_cmpint (call.done, ==, 1);
  g_assert_true (g_output_stream_flush_finish (G_OUTPUT_STREAM (writer), call.result, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (gproc_writer_get_bytes_written (writer), >=, accepted);
  g_assert_cmpuint (gproc_test_output_get_counts (base).n_flushes, >=, 1);
  g_source_destroy (source);
  gproc_test_output_hold (base, FALSE);

  /* What it was fed meanwhile is not lost. */
  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (gproc_writer_get_bytes_written (writer), ==, feeder.n_bytes);
}

typedef struct
{
  int fd;
  pid_t thread;
  clockid_t clock;
  gint64 limit;
} Waker;

static gint64
get_cpu_time (clockid_t clock)
{
  struct timespec time;

  g_assert_no_errno (clock_gettime (clock, &time));
  return time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

static gboolean
thread_is_asleep (pid_t thread)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/stat", (int) thread);
  g_autofree char *text = NULL;
  const char *state;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  state = strrchr (text, ')');
  g_assert_nonnull (state);
  return strncmp (state, ") S", 3) == 0;
}

/* Writes as soon as the other thread has been found asleep many times in a row, or has
 * used far more of a processor than that takes. */
static gpointer
waker_thread (gpointer data)
{
  Waker *waker = data;
  int n_asleep = 0;

  while (n_asleep < 50 && get_cpu_time (waker->clock) < waker->limit)
    {
      n_asleep = thread_is_asleep (waker->thread) ? n_asleep + 1 : 0;
      poll (NULL, 0, 1);
    }
  gproc_test_write (waker->fd, "hi\n", 3);
  return NULL;
}

static GProcStream *
make_socket_stream (int *peer)
{
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  gproc_test_socketpair (fds);
  *peer = fds[1];
  socket = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  connection = g_socket_connection_factory_create_connection (socket);
  return gproc_test_track (gproc_stream_new_for_io_stream (G_IO_STREAM (connection)));
}

/* A blocking read pushes the queue of its stream, and saw in one that was being closed a
 * reason to look again at once, for ever. The close has got further with each iteration of
 * the loop that it was granted. */
static void
test_close_and_block (void)
{
  gint64 limit = (gproc_test_is_slow () ? 4 : 1) * G_USEC_PER_SEC;
  int n_iterations;

  for (n_iterations = 0; n_iterations < 4; n_iterations++)
    {
      g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
      g_autoptr (GProcStream) stream = NULL;
      g_autoptr (GBytes) line = NULL;
      g_autoptr (GError) error = NULL;
      GOutputStream *writer;
      GThread *thread;
      Waker waker;
      int i;

      stream = make_socket_stream (&waker.fd);
      writer = G_OUTPUT_STREAM (gproc_stream_get_stdin (stream));
      g_output_stream_close_async (writer, 0, NULL, gproc_test_call_done, &call);
      for (i = 0; i < n_iterations; i++)
        g_main_context_iteration (gproc_test_context (), FALSE);

      /* The first thread has the number of the process. */
      waker.thread = getpid ();
      g_assert_cmpint (pthread_getcpuclockid (pthread_self (), &waker.clock), ==, 0);
      waker.limit = get_cpu_time (waker.clock) + limit;
      thread = g_thread_new ("waker", waker_thread, &waker);
      line = gproc_reader_read_line (gproc_stream_get_stdout (stream), NULL, &error);
      g_assert_no_error (error);
      gproc_test_assert_bytes (line, "hi\n");
      g_assert_cmpint (get_cpu_time (CLOCK_THREAD_CPUTIME_ID), <, waker.limit);
      g_thread_join (thread);

      g_assert_true (g_output_stream_close_finish (writer, gproc_test_call_wait (&call), &error));
      g_assert_no_error (error);
      gproc_test_close (&waker.fd);
    }
}

/* What lingers for its context goes with that context, and so does the base stream. The
 * pipe hangs up when nobody can write it any more. */
static void
test_linger_of_base_without_context (void)
{
  GMainContext *context = g_main_context_new ();
  GProcWriter *writer;
  int peer;
  int fd;

  g_main_context_push_thread_default (context);
  writer = make_unix_writer (&peer, &fd);
  gproc_test_fill (fd);
  writer_queue_zeros (writer, 300000);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), ==, 300000);
  g_main_context_pop_thread_default (context);
  g_object_unref (writer);
  g_main_context_unref (context);
  gproc_test_wait_for (gproc_test_fd_is_ready (peer, G_IO_HUP));
  g_bytes_unref (gproc_test_read_to_end (peer));
  gproc_test_close (&peer);
}

/* The one that was iterated, with what waits for the pipe in it. */
static void
test_linger_of_base_with_source (void)
{
  GMainContext *context = g_main_context_new ();
  GProcWriter *writer;
  int peer;
  int fd;

  g_main_context_push_thread_default (context);
  writer = make_unix_writer (&peer, &fd);
  gproc_test_fill (fd);
  writer_queue_zeros (writer, 300000);
  while (g_main_context_iteration (context, FALSE))
    continue;
  g_object_unref (writer);
  while (g_main_context_iteration (context, FALSE))
    continue;
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  gproc_test_wait_for (gproc_test_fd_is_ready (peer, G_IO_HUP));
  g_bytes_unref (gproc_test_read_to_end (peer));
  gproc_test_close (&peer);
}

/* A stream that can be polled, and takes nothing without saying that it would block. */
typedef struct
{
  GOutputStream parent_instance;
  guint n_refusals; /* How often it goes on so. */
  guint n_calls;
  guint64 n_bytes;
} ZeroOutput;

typedef struct
{
  GOutputStreamClass parent_class;
} ZeroOutputClass;

static void zero_output_iface_init (GPollableOutputStreamInterface *iface);
static GType zero_output_get_type (void);

G_DEFINE_TYPE_WITH_CODE (ZeroOutput,
                         zero_output,
                         G_TYPE_OUTPUT_STREAM,
                         G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                zero_output_iface_init))

static gssize
zero_output_write_nonblocking (GPollableOutputStream  *stream,
                               const void             *buffer,
                               gsize                   count,
                               GError                **error)
{
  ZeroOutput *self = (ZeroOutput *) stream;

  self->n_calls++;
  if (self->n_calls > 100000)
    g_error ("A write of nothing is tried for ever");
  if (self->n_refusals > 0)
    {
      self->n_refusals--;
      return 0;
    }
  self->n_bytes += count;
  return count;
}

static gboolean
zero_output_is_writable (GPollableOutputStream *stream)
{
  return TRUE;
}

static GSource *
zero_output_create_source (GPollableOutputStream *stream,
                           GCancellable          *cancellable)
{
  g_autoptr (GSource) timer = g_timeout_source_new (1);

  return g_pollable_source_new_full (stream, timer, cancellable);
}

static void
zero_output_iface_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = zero_output_is_writable;
  iface->create_source = zero_output_create_source;
  iface->write_nonblocking = zero_output_write_nonblocking;
}

static void
zero_output_class_init (ZeroOutputClass *klass)
{
}

static void
zero_output_init (ZeroOutput *self)
{
}

/* No progress without an error is would-block; the call that must not block did not end. */
static void
test_zero_written (gconstpointer data)
{
  gboolean blocking = GPOINTER_TO_INT (data);
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  ZeroOutput *base = gproc_test_track (g_object_new (zero_output_get_type (), NULL));

  writer = gproc_test_track (gproc_writer_new (G_OUTPUT_STREAM (base)));
  base->n_refusals = G_MAXUINT;
  writer_queue (writer, "hello", -1);
  writer_queue (writer, "world", -1);
  g_assert_cmpuint (base->n_calls, <, 10);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), ==, 10);
  g_assert_false (gproc_writer_try_flush (writer, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  base->n_refusals = 3;
  if (blocking)
    {
      g_assert_true (g_output_stream_flush (G_OUTPUT_STREAM (writer), NULL, &error));
      g_assert_no_error (error);
    }
  gproc_test_wait_for (gproc_writer_get_bytes_queued (writer) == 0);
  g_assert_cmpuint (base->n_bytes, ==, 10);
  writer_check_counters (writer);
  g_object_unref (base);
}

/* An empty vector before the others must not make a non-empty write give 0. */
static void
test_writev_empty_first (gconstpointer data)
{
  GOutputVector vectors[] = { { "", 0 }, { "abc", 3 } };
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GOutputStream) base = NULL;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  gsize written = 99;

  base = gproc_test_track (gproc_test_output_new (GPOINTER_TO_INT (data)));
  writer = gproc_test_track (gproc_writer_new (base));
  g_assert_true (
    g_output_stream_writev (G_OUTPUT_STREAM (writer), vectors, 2, &written, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (written, ==, 3);

  written = 99;
  g_output_stream_writev_async (G_OUTPUT_STREAM (writer), vectors, 2, 0, NULL, gproc_test_call_done,
                                &call);
  g_assert_true (g_output_stream_writev_finish (G_OUTPUT_STREAM (writer),
                                                gproc_test_call_wait (&call), &written, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (written, ==, 3);
  assert_written (base, "abcabc");
  writer_check_counters (writer);
}

static void
assert_no_eof (GProcWriter *writer)
{
  g_autoptr (GError) error = NULL;
  int i;

  for (i = 0; i < 2; i++)
    {
      g_assert_false (gproc_writer_write_eof (writer, &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
    }
  g_assert_false (gproc_writer_drain (writer, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_false (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  writer_check_counters (writer);
}

/* The end of the output was said to be out when what goes before it was lost. */
static void
test_eof_after_break (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  int peer;

  writer = make_writer (&peer);
  gproc_test_close (&peer);
  if (gproc_writer_queue (writer, "hello", 5, &error))
    g_assert_false (g_output_stream_flush (G_OUTPUT_STREAM (writer), NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  assert_no_eof (writer);

  g_clear_object (&writer);
  writer = make_writer (&peer);
  gproc_test_fill (gproc_writer_get_fd (writer));
  writer_queue_zeros (writer, 100000);
  gproc_test_settle ();
  gproc_test_close (&peer);
  gproc_test_wait_for (gproc_writer_get_bytes_discarded (writer) == 100000);
  assert_no_eof (writer);
}

/* All is written, and a close follows at once: a drain that comes to speak only after it
 * said CLOSED. */
static void
test_drain_and_close (void)
{
  g_auto (GProcTestCall) draining = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) closing = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) late = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  gint64 deadline = gproc_test_deadline ();
  int peer;

  writer = make_writer (&peer);
  writer_queue_zeros (writer, 300000);
  gproc_writer_drain_async (writer, 100, NULL, gproc_test_call_done, &draining);
  g_output_stream_close_async (G_OUTPUT_STREAM (writer), 0, NULL, gproc_test_call_done, &closing);
  gproc_test_settle ();
  g_assert_cmpint (draining.done, ==, 0);
  while (!closing.done)
    {
      g_bytes_unref (gproc_test_read_available (peer, 100000));
      gproc_test_iterate (deadline, G_STRLOC, "the close");
    }
  g_assert_true (g_output_stream_close_finish (G_OUTPUT_STREAM (writer), closing.result, &error));
  g_assert_no_error (error);
  g_assert_true (gproc_writer_drain_finish (writer, gproc_test_call_wait (&draining), &error));
  g_assert_no_error (error);
  g_assert_cmpuint (gproc_writer_get_bytes_written (writer), ==, 300000);

  g_assert_false (gproc_writer_drain (writer, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  gproc_writer_drain_async (writer, 0, NULL, gproc_test_call_done, &late);
  g_assert_false (gproc_writer_drain_finish (writer, gproc_test_call_wait (&late), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  gproc_test_close (&peer);
}

/* It takes eight bytes at once or none: what is borrowed and blocks was written in pieces
 * so small that it refused each. */
static void
test_eventfd (void)
{
  const guint64 one = 1;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  guint64 value = 0;
  int fd = eventfd (0, EFD_CLOEXEC);

  g_assert_no_errno (fd);
  writer = gproc_test_track (gproc_writer_new_for_fd (fd, FALSE));
  g_assert_true (gproc_writer_queue (writer, (const char *) &one, sizeof one, &error));
  g_assert_no_error (error);
  g_assert_true (g_output_stream_flush (G_OUTPUT_STREAM (writer), NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (gproc_writer_get_bytes_written (writer), ==, sizeof one);
  g_assert_cmpint (read (fd, &value, sizeof value), ==, sizeof value);
  g_assert_cmpuint (value, ==, 1);
  g_assert_false (gproc_test_fd_is_nonblocking (fd));
  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  g_assert_no_error (error);
  gproc_test_close (&fd);
}

#define BLOCKING GINT_TO_POINTER (TRUE)
#define LOW GINT_TO_POINTER (TRUE)
#define PLAIN GINT_TO_POINTER (GPROC_TEST_HOSTILE_NONE)
#define POLLABLE GINT_TO_POINTER (GPROC_TEST_HOSTILE_POLLABLE)

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/writer-regressions/sigpipe-of-base", test_sigpipe_of_base);
  gproc_test_add ("/gproc/writer-regressions/sigpipe-of-base-later", test_sigpipe_of_base_later);
  gproc_test_add ("/gproc/writer-regressions/plain-abort", test_plain_abort);
  gproc_test_add ("/gproc/writer-regressions/plain-abort-unref", test_plain_abort_unref);
  gproc_test_add ("/gproc/writer-regressions/plain-close-cancelled", test_plain_close_cancelled);
  gproc_test_add_data ("/gproc/writer-regressions/flush-under-feeder/default", NULL,
                       test_flush_under_feeder);
  gproc_test_add_data ("/gproc/writer-regressions/flush-under-feeder/low", LOW,
                       test_flush_under_feeder);
  gproc_test_add ("/gproc/writer-regressions/close-and-block", test_close_and_block);
  gproc_test_add ("/gproc/writer-regressions/linger-of-base/without-context",
                  test_linger_of_base_without_context);
  gproc_test_add ("/gproc/writer-regressions/linger-of-base/with-source",
                  test_linger_of_base_with_source);
  gproc_test_add_data ("/gproc/writer-regressions/zero-written/loop", NULL, test_zero_written);
  gproc_test_add_data ("/gproc/writer-regressions/zero-written/blocking", BLOCKING,
                       test_zero_written);
  gproc_test_add_data ("/gproc/writer-regressions/writev-empty-first/plain", PLAIN,
                       test_writev_empty_first);
  gproc_test_add_data ("/gproc/writer-regressions/writev-empty-first/pollable", POLLABLE,
                       test_writev_empty_first);
  gproc_test_add ("/gproc/writer-regressions/eof-after-break", test_eof_after_break);
  gproc_test_add ("/gproc/writer-regressions/drain-and-close", test_drain_and_close);
  gproc_test_add ("/gproc/writer-regressions/eventfd", test_eventfd);
  return gproc_test_run ();
}
