/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <gprocstream/gprocstream.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "gproc-test-streams.h"
#include "gproc-test.h"

/* Closing a stream, in whatever state it is. */

typedef struct
{
  int in[2];  /* What the stream writes to is [1]. */
  int out[2]; /* What it reads from is [0]. */
  GProcStream *stream;
  GProcWriter *writer;
  GProcReader *reader;
} Fixture;

static void
fixture_init (Fixture *fixture)
{
  gproc_test_pipe (fixture->in);
  gproc_test_pipe (fixture->out);
  fixture->stream = gproc_stream_new_for_fds (fixture->in[1], fixture->out[0], -1,
                                              GPROC_STREAM_FLAGS_TAKE_FDS);
  gproc_test_track (fixture->stream);
  fixture->writer = gproc_stream_get_stdin (fixture->stream);
  fixture->reader = gproc_stream_get_stdout (fixture->stream);
}

static void
fixture_clear (Fixture *fixture)
{
  g_clear_object (&fixture->stream);
  gproc_test_close (&fixture->in[0]);
  gproc_test_close (&fixture->out[1]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

static void
queue_zeros (Fixture *fixture,
             gsize    size)
{
  g_autofree char *zeros = g_malloc0 (size);
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_steal_pointer (&zeros), size);
  g_autoptr (GError) error = NULL;

  g_assert_true (gproc_writer_queue_bytes (fixture->writer, bytes, &error));
  g_assert_no_error (error);
}

static void
assert_closed (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;

  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (fixture->stream)));
  g_assert_true (g_input_stream_is_closed (G_INPUT_STREAM (fixture->reader)));
  g_assert_true (g_output_stream_is_closed (G_OUTPUT_STREAM (fixture->writer)));
  g_assert_cmpint (gproc_reader_get_fd (fixture->reader), ==, -1);
  g_assert_cmpint (gproc_writer_get_fd (fixture->writer), ==, -1);
  g_assert_false (gproc_test_fd_is_open (fixture->in[1]));
  g_assert_false (gproc_test_fd_is_open (fixture->out[0]));

  bytes = gproc_reader_read_some (fixture->reader, 1, NULL, &error);
  g_assert_null (bytes);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  /* Where a pipe broke, it goes on to say so. */
  g_assert_false (gproc_writer_queue (fixture->writer, "x", 1, &error));
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_cmpint (g_output_stream_write (G_OUTPUT_STREAM (fixture->writer), "x", 1, NULL, &error),
                   ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);

  g_assert_true (g_io_stream_close (G_IO_STREAM (fixture->stream), NULL, &error));
  g_assert_no_error (error);
}

static gboolean
close_async (Fixture       *fixture,
             GCancellable  *cancellable,
             GError       **error)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  g_io_stream_close_async (G_IO_STREAM (fixture->stream), G_PRIORITY_DEFAULT, cancellable,
                           gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);

  return g_io_stream_close_finish (G_IO_STREAM (fixture->stream), gproc_test_call_wait (&call),
                                   error);
}

static gboolean
close_sync (Fixture       *fixture,
            GCancellable  *cancellable,
            GError       **error)
{
  return g_io_stream_close (G_IO_STREAM (fixture->stream), cancellable, error);
}

typedef gboolean (*CloseFunc) (Fixture       *fixture,
                               GCancellable  *cancellable,
                               GError       **error);

static CloseFunc
close_func (gconstpointer data)
{
  return GPOINTER_TO_UINT (data) != 0 ? close_async : close_sync;
}

static void
test_idle (gconstpointer data)
{
  g_auto (Fixture) fixture = { { 0 } };
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture);
  g_assert_true (close_func (data) (&fixture, NULL, &error));
  g_assert_no_error (error);
  assert_closed (&fixture);
}

/* Each operation that is pending gets its own callback with CLOSED, and the callback
 * of the close comes last. */
static void
test_pending (void)
{
  g_auto (Fixture) fixture = { { 0 } };
  g_auto (GProcTestCall) read = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) drain = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GBytes) line = NULL;
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture);
  queue_zeros (&fixture, 256 * 1024);
  gproc_reader_read_line_async (fixture.reader, G_PRIORITY_LOW, NULL, gproc_test_call_done, &read);
  gproc_writer_drain_async (fixture.writer, G_PRIORITY_LOW, NULL, gproc_test_call_done, &drain);
  gproc_test_settle ();
  g_assert_cmpint (read.done + drain.done, ==, 0);

  g_io_stream_close_async (G_IO_STREAM (fixture.stream), G_PRIORITY_DEFAULT, NULL,
                           gproc_test_call_done, &call);
  gproc_test_wait_for (drain.done);
  g_assert_cmpint (call.done, ==, 0);
  while (!call.done)
    {
      g_autoptr (GBytes) taken = gproc_test_read_available (fixture.in[0], 64 * 1024);

      gproc_test_iterate (gproc_test_deadline (), G_STRLOC, "close");
      g_assert_cmpint (read.done, >=, call.done);
    }

  g_assert_true (read.source == (GObject *) fixture.reader);
  g_assert_true (drain.source == (GObject *) fixture.writer);
  line = gproc_reader_read_line_finish (fixture.reader, read.result, &error);
  g_assert_null (line);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_false (gproc_writer_drain_finish (fixture.writer, drain.result, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_true (g_io_stream_close_finish (G_IO_STREAM (fixture.stream), call.result, &error));
  g_assert_no_error (error);
  assert_closed (&fixture);
}

/* The same through GIO's own operations, which have a pending mark of GIO's. */
static void
test_pending_gio (gconstpointer data)
{
  g_auto (Fixture) fixture = { { 0 } };
  g_auto (GProcTestCall) read = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) write = GPROC_TEST_CALL_INIT;
  g_autofree char *zeros = g_malloc0 (1024 * 1024);
  g_autoptr (GError) error = NULL;
  char buffer[16];

  fixture_init (&fixture);
  gproc_test_fill (fixture.in[1]);
  g_input_stream_read_async (G_INPUT_STREAM (fixture.reader), buffer, sizeof buffer, 0, NULL,
                             gproc_test_call_done, &read);
  g_output_stream_write_async (G_OUTPUT_STREAM (fixture.writer), zeros, 1024 * 1024, 0, NULL,
                               gproc_test_call_done, &write);
  gproc_test_settle ();
  g_assert_cmpint (read.done + write.done, ==, 0);

  g_assert_true (close_func (data) (&fixture, NULL, &error));
  g_assert_no_error (error);
  gproc_test_wait_for (read.done && write.done);

  g_assert_cmpint (g_input_stream_read_finish (G_INPUT_STREAM (fixture.reader), read.result,
                                               &error),
                   ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpint (g_output_stream_write_finish (G_OUTPUT_STREAM (fixture.writer), write.result,
                                                 &error),
                   ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  assert_closed (&fixture);
}

/* A process that ends with its input does so while it is being closed: what waits for its
 * output is told the same, however fast it is. */
static void
test_pending_at_end (void)
{
  g_auto (Fixture) fixture = { { 0 } };
  g_auto (GProcTestCall) read = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GBytes) line = NULL;
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture);
  gproc_reader_read_line_async (fixture.reader, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done,
                                &read);
  gproc_test_settle ();
  g_assert_cmpint (read.done, ==, 0);

  g_io_stream_close_async (G_IO_STREAM (fixture.stream), G_PRIORITY_DEFAULT, NULL,
                           gproc_test_call_done, &call);
  gproc_test_close (&fixture.out[1]);

  g_assert_true (
    g_io_stream_close_finish (G_IO_STREAM (fixture.stream), gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);
  g_assert_cmpint (read.done, ==, 1);
  line = gproc_reader_read_line_finish (fixture.reader, read.result, &error);
  g_assert_null (line);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  assert_closed (&fixture);
}

typedef struct
{
  Fixture *fixture;
  GMainContext *context;
  GProcTestCall call;
  int begun;
} OtherThread;

static gpointer
read_in_thread (gpointer user_data)
{
  OtherThread *other = user_data;

  g_main_context_push_thread_default (other->context);
  gproc_reader_read_line_async (other->fixture->reader, 0, NULL, gproc_test_call_done,
                                &other->call);
  g_atomic_int_set (&other->begun, 1);
  while (!g_atomic_int_get (&other->call.done))
    g_main_context_iteration (other->context, TRUE);
  g_main_context_pop_thread_default (other->context);

  return NULL;
}

/* An operation completes in its own context, which is not that of the close. */
static void
test_pending_in_thread (void)
{
  g_auto (Fixture) fixture = { { 0 } };
  g_autoptr (GMainContext) context = g_main_context_new ();
  OtherThread other = { &fixture, context, GPROC_TEST_CALL_INIT, 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = NULL;
  GThread *thread;

  fixture_init (&fixture);
  thread = g_thread_new ("reader", read_in_thread, &other);
  gproc_test_wait (&other.begun);
  g_assert_true (close_async (&fixture, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_atomic_int_get (&other.call.done), ==, 1);
  g_assert_true (other.call.thread == thread);
  g_thread_join (thread);

  line = gproc_reader_read_line_finish (fixture.reader, other.call.result, &error);
  g_assert_null (line);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  gproc_test_call_clear (&other.call);
  assert_closed (&fixture);
}

static gpointer
read_all_in_thread (gpointer user_data)
{
  return gproc_test_read_to_end (GPOINTER_TO_INT (user_data));
}

static void
test_writes_queue (gconstpointer data)
{
  const gsize size = 1024 * 1024;
  g_auto (Fixture) fixture = { { 0 } };
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  fixture_init (&fixture);
  queue_zeros (&fixture, size);
  thread = g_thread_new ("peer", read_all_in_thread, GINT_TO_POINTER (fixture.in[0]));
  g_assert_true (close_func (data) (&fixture, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (gproc_writer_get_bytes_written (fixture.writer), ==, size);
  heard = g_thread_join (thread);
  g_assert_cmpuint (g_bytes_get_size (heard), ==, size);
  assert_closed (&fixture);
}

/* The context of the caller is not iterated by the blocking form. */
static void
test_sync_iterates_nothing (void)
{
  g_auto (Fixture) fixture = { { 0 } };
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  fixture_init (&fixture);
  queue_zeros (&fixture, 1024 * 1024);
  thread = g_thread_new ("peer", read_all_in_thread, GINT_TO_POINTER (fixture.in[0]));
  gproc_test_wakeups_reset ();
  g_assert_true (close_sync (&fixture, NULL, &error));
  g_assert_cmpuint (gproc_test_polls (), ==, 0);
  heard = g_thread_join (thread);
}

/* Answers for as long as anyone listens. */
static gpointer
echo_in_thread (gpointer user_data)
{
  Fixture *fixture = user_data;
  gsize total = 0;
  sigset_t sigpipe;

  sigemptyset (&sigpipe);
  sigaddset (&sigpipe, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &sigpipe, NULL);

  for (;;)
    {
      g_autoptr (GBytes) bytes = gproc_test_read (fixture->in[0], 4096);
      gsize size = g_bytes_get_size (bytes);

      if (size == 0)
        break;
      total += size;
      if (write (fixture->out[1], g_bytes_get_data (bytes, NULL), size) < 0)
        g_assert_cmpint (errno, ==, EPIPE);
    }

  return GSIZE_TO_POINTER (total);
}

/* A peer that writes as it reads would block on output that nobody takes. */
static void
test_drops_output (gconstpointer data)
{
  const gsize size = 1024 * 1024;
  g_auto (Fixture) fixture = { { 0 } };
  g_autoptr (GError) error = NULL;
  GThread *thread;

  fixture_init (&fixture);
  queue_zeros (&fixture, size);
  thread = g_thread_new ("peer", echo_in_thread, &fixture);
  g_assert_true (close_func (data) (&fixture, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (thread)), ==, size);
  assert_closed (&fixture);
}

static void
test_cancelled_before (gconstpointer data)
{
  const gsize size = 1024 * 1024;
  g_auto (Fixture) fixture = { { 0 } };
  g_auto (GProcTestCall) read = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture);
  queue_zeros (&fixture, size);
  gproc_reader_read_some_async (fixture.reader, 1, 0, NULL, gproc_test_call_done, &read);
  g_cancellable_cancel (cancellable);
  g_assert_false (close_func (data) (&fixture, cancellable, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_closed (&fixture);

  bytes = gproc_reader_read_some_finish (fixture.reader, gproc_test_call_wait (&read), &error);
  g_assert_null (bytes);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (fixture.writer), ==, 0);
  g_assert_cmpuint (gproc_writer_get_bytes_discarded (fixture.writer) +
                      gproc_writer_get_bytes_written (fixture.writer),
                    ==, size);
}

static gpointer
cancel_in_thread (gpointer user_data)
{
  g_cancellable_cancel (user_data);

  return NULL;
}

static void
test_cancelled_during (gconstpointer data)
{
  const gsize size = 1024 * 1024;
  g_auto (Fixture) fixture = { { 0 } };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread;

  fixture_init (&fixture);
  queue_zeros (&fixture, size);
  thread = g_thread_new ("cancel", cancel_in_thread, cancellable);
  g_assert_false (close_func (data) (&fixture, cancellable, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  assert_closed (&fixture);
  g_assert_cmpuint (gproc_writer_get_bytes_discarded (fixture.writer), >, 0);
}

static void
test_broken_pipe (gconstpointer data)
{
  g_auto (Fixture) fixture = { { 0 } };
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture);
  queue_zeros (&fixture, 1024 * 1024);
  gproc_test_close (&fixture.in[0]);
  g_assert_false (close_func (data) (&fixture, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  assert_closed (&fixture);
}

/* The first of several errors is the one that is reported. */
static void
test_first_error (gconstpointer data)
{
  const gboolean async = GPOINTER_TO_UINT (data) != 0;
  g_autoptr (GInputStream) in = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE);
  g_autoptr (GOutputStream) out = gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE);
  g_autoptr (GIOStream) base = g_simple_io_stream_new (in, out);
  g_autoptr (GProcStream) stream = gproc_stream_new_for_io_stream (base);
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  gproc_test_input_set_close_error (in, G_IO_ERROR_BUSY);
  gproc_test_output_set_close_error (out, G_IO_ERROR_NO_SPACE);
  if (async)
    {
      g_io_stream_close_async (G_IO_STREAM (stream), 0, NULL, gproc_test_call_done, &call);
      g_assert_false (
        g_io_stream_close_finish (G_IO_STREAM (stream), gproc_test_call_wait (&call), &error));
    }
  else
    {
      g_assert_false (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
    }
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (stream)));
  g_assert_true (g_input_stream_is_closed (in));
  g_assert_true (g_output_stream_is_closed (out));
}

/* One half was closed before by itself. */
static void
test_half_closed (gconstpointer data)
{
  g_auto (Fixture) fixture = { { 0 } };
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture);
  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (fixture.writer), NULL, &error));
  g_assert_no_error (error);
  g_assert_false (gproc_test_fd_is_open (fixture.in[1]));
  g_assert_true (close_func (data) (&fixture, NULL, &error));
  g_assert_no_error (error);
  assert_closed (&fixture);
}

/* The number of a closed descriptor is given to something else at once: nothing of the
 * stream may touch it. */
static void
test_number_reused (void)
{
  g_auto (Fixture) fixture = { { 0 } };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) heard = NULL;
  int fds[2];

  fixture_init (&fixture);
  g_assert_true (close_sync (&fixture, NULL, &error));
  gproc_test_socketpair (fds);
  g_assert_true (fds[0] == fixture.in[1] || fds[1] == fixture.in[1] || fds[0] == fixture.out[0] ||
                 fds[1] == fixture.out[0]);
  g_assert_false (gproc_writer_queue (fixture.writer, "x", 1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpint (g_pollable_output_stream_write_nonblocking (
                     G_POLLABLE_OUTPUT_STREAM (fixture.writer), "x", 1, NULL, &error),
                   ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_object (&fixture.stream);
  gproc_test_settle ();
  g_assert_false (gproc_test_fd_is_ready (fds[0], G_IO_IN));
  g_assert_false (gproc_test_fd_is_ready (fds[1], G_IO_IN));
  g_assert_true (gproc_test_fd_is_open (fds[0]));
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

/* The last reference is let go of with a queue: nothing blocks, nothing is lost. */
static void
test_unref_with_queue (void)
{
  const gsize size = 1024 * 1024;
  g_auto (Fixture) fixture = { { 0 } };
  g_autoptr (GBytes) heard = NULL;
  GThread *thread;
  gint64 before;

  fixture_init (&fixture);
  queue_zeros (&fixture, size);
  before = g_get_monotonic_time ();
  g_clear_object (&fixture.stream);
  g_assert_cmpint (g_get_monotonic_time () - before, <, G_USEC_PER_SEC);

  thread = g_thread_new ("peer", read_all_in_thread, GINT_TO_POINTER (fixture.in[0]));
  gproc_test_wait_for (!gproc_test_fd_is_open (fixture.in[1]));
  heard = g_thread_join (thread);
  g_assert_cmpuint (g_bytes_get_size (heard), ==, size);
}

static void
test_abort (void)
{
  const gsize size = 1024 * 1024;
  g_auto (Fixture) fixture = { { 0 } };
  g_auto (GProcTestCall) read = GPROC_TEST_CALL_INIT;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture);
  queue_zeros (&fixture, size);
  gproc_reader_read_some_async (fixture.reader, 1, 0, NULL, gproc_test_call_done, &read);
  gproc_stream_abort (fixture.stream);
  assert_closed (&fixture);
  g_assert_cmpuint (gproc_writer_get_bytes_discarded (fixture.writer), >, 0);
  gproc_stream_abort (fixture.stream);

  bytes = gproc_reader_read_some_finish (fixture.reader, gproc_test_call_wait (&read), &error);
  g_assert_null (bytes);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* A close that waits for a peer that never reads is ended by an abort. */
static void
test_abort_during_close (void)
{
  g_auto (Fixture) fixture = { { 0 } };
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture);
  queue_zeros (&fixture, 1024 * 1024);
  g_io_stream_close_async (G_IO_STREAM (fixture.stream), 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  gproc_stream_abort (fixture.stream);
  g_assert_false (gproc_test_fd_is_open (fixture.in[1]));
  gproc_test_call_wait (&call);
  g_assert_false (g_io_stream_close_finish (G_IO_STREAM (fixture.stream), call.result, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_closed (&fixture);
}

static void
test_in_callback_done (GObject      *source,
                       GAsyncResult *result,
                       gpointer      user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;

  bytes = gproc_reader_read_some_finish (fixture->reader, result, &error);
  g_assert_no_error (error);
  g_assert_true (close_sync (fixture, NULL, &error));
  g_assert_no_error (error);
  assert_closed (fixture);
  g_clear_object (&fixture->stream);
}

/* From the callback of an operation the stream is closed and let go of. */
static void
test_in_callback (void)
{
  g_auto (Fixture) fixture = { { 0 } };

  fixture_init (&fixture);
  gproc_reader_read_some_async (fixture.reader, 1, 0, NULL, test_in_callback_done, &fixture);
  gproc_test_write (fixture.out[1], "x", 1);
  gproc_test_wait_for (fixture.stream == NULL);
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

  add_both ("/gproc/stream-close/idle", test_idle);
  gproc_test_add ("/gproc/stream-close/pending", test_pending);
  add_both ("/gproc/stream-close/pending-gio", test_pending_gio);
  gproc_test_add ("/gproc/stream-close/pending-at-end", test_pending_at_end);
  gproc_test_add ("/gproc/stream-close/pending-in-thread", test_pending_in_thread);
  add_both ("/gproc/stream-close/writes-queue", test_writes_queue);
  gproc_test_add ("/gproc/stream-close/sync-iterates-nothing", test_sync_iterates_nothing);
  add_both ("/gproc/stream-close/drops-output", test_drops_output);
  add_both ("/gproc/stream-close/cancelled-before", test_cancelled_before);
  add_both ("/gproc/stream-close/cancelled-during", test_cancelled_during);
  add_both ("/gproc/stream-close/broken-pipe", test_broken_pipe);
  add_both ("/gproc/stream-close/first-error", test_first_error);
  add_both ("/gproc/stream-close/half-closed", test_half_closed);
  gproc_test_add ("/gproc/stream-close/number-reused", test_number_reused);
  gproc_test_add ("/gproc/stream-close/unref-with-queue", test_unref_with_queue);
  gproc_test_add ("/gproc/stream-close/abort", test_abort);
  gproc_test_add ("/gproc/stream-close/abort-during-close", test_abort_during_close);
  gproc_test_add ("/gproc/stream-close/in-callback", test_in_callback);

  return gproc_test_run ();
}
