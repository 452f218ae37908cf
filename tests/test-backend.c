/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <gprocstream/gprocstream.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "gproc-test-streams.h"
#include "gproc-test.h"

/* A backend that was written outside of the library, in every operation of a stream:
 * an imaginary process, which a test ends when it likes. */

#define TEST_TYPE_BACKEND (test_backend_get_type ())
G_DECLARE_FINAL_TYPE (TestBackend, test_backend, TEST, BACKEND, GObject)

struct _TestBackend
{
  GObject parent_instance;

  GMutex lock;
  GCond cond;
  GPtrArray *waiters; /* Of GTask. */
  gboolean over;
  int returncode;
  guint n_closed;
  guint n_signals;
  int signals[8];
  gboolean to_group;
  gboolean ignores_term;
  guint rows;
  guint columns;
};

static void test_backend_iface_init (GProcBackendInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestBackend,
                               test_backend,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (GPROC_TYPE_BACKEND, test_backend_iface_init))

static void
test_backend_finalize (GObject *object)
{
  TestBackend *self = TEST_BACKEND (object);

  g_assert_cmpuint (self->waiters->len, ==, 0);
  g_ptr_array_unref (self->waiters);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  G_OBJECT_CLASS (test_backend_parent_class)->finalize (object);
}

static void
test_backend_class_init (TestBackendClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_backend_finalize;
}

static void
test_backend_init (TestBackend *self)
{
  self->waiters = g_ptr_array_new ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
}

/* Ends the imaginary process, in any thread. */
static void
test_backend_end (TestBackend *self,
                  int          returncode)
{
  g_autoptr (GPtrArray) waiters = g_ptr_array_new_with_free_func (g_object_unref);

  g_mutex_lock (&self->lock);
  if (!self->over)
    {
      self->over = TRUE;
      self->returncode = returncode;
    }
  g_ptr_array_extend_and_steal (waiters, g_steal_pointer (&self->waiters));
  self->waiters = g_ptr_array_new ();
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);

  for (guint i = 0; i < waiters->len; i++)
    g_task_return_boolean (g_ptr_array_index (waiters, i), TRUE);
}

static const char *
test_backend_get_identifier (GProcBackend *backend)
{
  return "imaginary";
}

static const char *
test_backend_get_command (GProcBackend *backend)
{
  return "/bin/dream";
}

static gboolean
test_backend_try_wait (GProcBackend *backend,
                       int          *returncode)
{
  TestBackend *self = TEST_BACKEND (backend);
  gboolean over;

  g_mutex_lock (&self->lock);
  over = self->over;
  *returncode = self->returncode;
  g_mutex_unlock (&self->lock);

  return over;
}

static void
wait_cancelled (GCancellable *cancellable,
                gpointer      user_data)
{
  GTask *task = user_data;
  TestBackend *self = g_task_get_source_object (task);
  gboolean found;

  g_mutex_lock (&self->lock);
  found = g_ptr_array_remove (self->waiters, task);
  g_mutex_unlock (&self->lock);

  if (found)
    {
      g_task_return_error_if_cancelled (task);
      g_object_unref (task);
    }
}

static void
test_backend_wait_async (GProcBackend        *backend,
                         int                  io_priority,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  TestBackend *self = TEST_BACKEND (backend);
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  gboolean over;

  g_task_set_priority (task, io_priority);
  g_mutex_lock (&self->lock);
  over = self->over;
  if (!over)
    g_ptr_array_add (self->waiters, g_object_ref (task));
  g_mutex_unlock (&self->lock);

  if (over)
    g_task_return_boolean (task, TRUE);
  else if (cancellable != NULL)
    g_signal_connect_object (cancellable, "cancelled", G_CALLBACK (wait_cancelled), task, 0);

  if (g_cancellable_is_cancelled (cancellable))
    wait_cancelled (cancellable, task);
  g_object_unref (task);
}

static gboolean
test_backend_wait_finish (GProcBackend  *backend,
                          GAsyncResult  *result,
                          int           *returncode,
                          GError       **error)
{
  *returncode = TEST_BACKEND (backend)->returncode;

  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
test_backend_send_signal (GProcBackend  *backend,
                          int            signum,
                          gboolean       to_group,
                          GError       **error)
{
  TestBackend *self = TEST_BACKEND (backend);
  gboolean ends;

  g_mutex_lock (&self->lock);
  self->signals[self->n_signals++ % G_N_ELEMENTS (self->signals)] = signum;
  self->to_group = to_group;
  ends = signum == SIGKILL || (signum == SIGTERM && !self->ignores_term);
  g_mutex_unlock (&self->lock);
  if (ends)
    test_backend_end (self, -signum);

  return TRUE;
}

static gboolean
test_backend_resize (GProcBackend  *backend,
                     guint          rows,
                     guint          columns,
                     GError       **error)
{
  TestBackend *self = TEST_BACKEND (backend);

  self->rows = rows;
  self->columns = columns;

  return TRUE;
}

static void
test_backend_close (GProcBackend *backend)
{
  TEST_BACKEND (backend)->n_closed++;
}

static void
test_backend_iface_init (GProcBackendInterface *iface)
{
  iface->get_identifier = test_backend_get_identifier;
  iface->get_command = test_backend_get_command;
  iface->try_wait = test_backend_try_wait;
  iface->wait_async = test_backend_wait_async;
  iface->wait_finish = test_backend_wait_finish;
  iface->send_signal = test_backend_send_signal;
  iface->resize = test_backend_resize;
  iface->close = test_backend_close;
}

/* One that has what is necessary and no more. */
#define BARE_TYPE_BACKEND (bare_backend_get_type ())
G_DECLARE_FINAL_TYPE (BareBackend, bare_backend, BARE, BACKEND, GObject)

struct _BareBackend
{
  GObject parent_instance;
};

static void bare_backend_iface_init (GProcBackendInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BareBackend,
                               bare_backend,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (GPROC_TYPE_BACKEND, bare_backend_iface_init))

static void
bare_backend_class_init (BareBackendClass *klass)
{
}

static void
bare_backend_init (BareBackend *self)
{
}

static gboolean
bare_backend_try_wait (GProcBackend *backend,
                       int          *returncode)
{
  *returncode = GPROC_RETURNCODE_NONE;

  return TRUE;
}

static void
bare_backend_wait_async (GProcBackend        *backend,
                         int                  io_priority,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (backend, NULL, callback, user_data);

  g_task_return_boolean (task, TRUE);
}

static gboolean
bare_backend_wait_finish (GProcBackend  *backend,
                          GAsyncResult  *result,
                          int           *returncode,
                          GError       **error)
{
  *returncode = GPROC_RETURNCODE_NONE;

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
bare_backend_iface_init (GProcBackendInterface *iface)
{
  iface->try_wait = bare_backend_try_wait;
  iface->wait_async = bare_backend_wait_async;
  iface->wait_finish = bare_backend_wait_finish;
}

/* It blocks, and has nothing asynchronous: how languages do it that keep no callback. */
#define BLOCKING_TYPE_BACKEND (blocking_backend_get_type ())
G_DECLARE_FINAL_TYPE (BlockingBackend, blocking_backend, BLOCKING, BACKEND, GObject)

struct _BlockingBackend
{
  GObject parent_instance;
  int ended; /* Atomic. */
};

static void blocking_backend_iface_init (GProcBackendInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BlockingBackend,
                               blocking_backend,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (GPROC_TYPE_BACKEND,
                                                      blocking_backend_iface_init))

static void
blocking_backend_class_init (BlockingBackendClass *klass)
{
}

static void
blocking_backend_init (BlockingBackend *self)
{
}

static gboolean
blocking_backend_try_wait (GProcBackend *backend,
                           int          *returncode)
{
  *returncode = 7;

  return g_atomic_int_get (&BLOCKING_BACKEND (backend)->ended) != 0;
}

static gboolean
blocking_backend_wait (GProcBackend  *backend,
                       int           *returncode,
                       GCancellable  *cancellable,
                       GError       **error)
{
  while (!blocking_backend_try_wait (backend, returncode))
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      g_thread_yield ();
    }

  return TRUE;
}

static gboolean
blocking_backend_send_signal (GProcBackend  *backend,
                              int            signum,
                              gboolean       to_group,
                              GError       **error)
{
  g_atomic_int_set (&BLOCKING_BACKEND (backend)->ended, 1);

  return TRUE;
}

static void
blocking_backend_iface_init (GProcBackendInterface *iface)
{
  iface->try_wait = blocking_backend_try_wait;
  iface->wait = blocking_backend_wait;
  iface->send_signal = blocking_backend_send_signal;
}

typedef struct
{
  TestBackend *backend;
  GProcStream *stream;
  int in[2];
  int out[2];
  int err[2];
} Fixture;

static void
fixture_init (Fixture *fixture)
{
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GProcReader) out = NULL;
  g_autoptr (GProcReader) err = NULL;

  gproc_test_pipe (fixture->in);
  gproc_test_pipe (fixture->out);
  gproc_test_pipe (fixture->err);
  writer = gproc_writer_new_for_fd (fixture->in[1], TRUE);
  out = gproc_reader_new_for_fd (fixture->out[0], TRUE);
  err = gproc_reader_new_for_fd (fixture->err[0], TRUE);
  fixture->backend = gproc_test_track (g_object_new (TEST_TYPE_BACKEND, NULL));
  fixture->stream = gproc_test_track (
    gproc_stream_new_for_backend (GPROC_BACKEND (fixture->backend), G_OUTPUT_STREAM (writer),
                                  G_INPUT_STREAM (out), G_INPUT_STREAM (err)));
  /* What is a half already is used as it is. */
  g_assert_true (gproc_stream_get_stdin (fixture->stream) == writer);
  g_assert_true (gproc_stream_get_stdout (fixture->stream) == out);
}

static void
fixture_clear (Fixture *fixture)
{
  g_clear_object (&fixture->stream);
  g_clear_object (&fixture->backend);
  gproc_test_close (&fixture->in[0]);
  gproc_test_close (&fixture->out[1]);
  gproc_test_close (&fixture->err[1]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

static gpointer
end_with_3 (gpointer user_data)
{
  test_backend_end (user_data, 3);

  return NULL;
}

static void
count_exit (GProcStream *stream,
            int          returncode,
            int         *seen)
{
  g_assert_cmpint (*seen, ==, GPROC_RETURNCODE_NONE);
  *seen = returncode;
}

static void
test_status (void)
{
  g_auto (Fixture) fixture = { 0 };
  int seen = GPROC_RETURNCODE_NONE;

  fixture_init (&fixture);
  g_signal_connect (fixture.stream, "exited", G_CALLBACK (count_exit), &seen);
  g_assert_cmpstr (gproc_stream_get_identifier (fixture.stream), ==, "imaginary");
  g_assert_cmpstr (gproc_stream_get_command (fixture.stream), ==, "/bin/dream");
  g_assert_cmpint (gproc_stream_get_pid (fixture.stream), ==, 0);
  g_assert_cmpint (gproc_stream_get_pidfd (fixture.stream), ==, -1);
  g_assert_true (gproc_stream_get_backend (fixture.stream) == GPROC_BACKEND (fixture.backend));
  g_assert_true (gproc_stream_get_running (fixture.stream));
  g_assert_cmpint (gproc_stream_try_wait (fixture.stream), ==, GPROC_RETURNCODE_NONE);

  /* What the backend knows is known at once, before any loop has run. */
  test_backend_end (fixture.backend, -SIGINT);
  g_assert_cmpint (gproc_stream_try_wait (fixture.stream), ==, -SIGINT);
  g_assert_cmpint (gproc_stream_get_shell_status (fixture.stream), ==, 128 + SIGINT);
  g_assert_cmpint (gproc_stream_get_term_sig (fixture.stream), ==, SIGINT);
  g_assert_true (WIFSIGNALED (gproc_stream_get_status (fixture.stream)));
  g_assert_cmpint (WTERMSIG (gproc_stream_get_status (fixture.stream)), ==, SIGINT);
  g_assert_cmpint (seen, ==, GPROC_RETURNCODE_NONE);
  gproc_test_wait_for (seen != GPROC_RETURNCODE_NONE);
  g_assert_cmpint (seen, ==, -SIGINT);
}

static void
test_wait (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) cancelled = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread;

  fixture_init (&fixture);
  gproc_stream_wait_async (fixture.stream, 0, NULL, gproc_test_call_done, &call);
  gproc_stream_wait_async (fixture.stream, 0, cancellable, gproc_test_call_done, &cancelled);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (gproc_stream_wait_finish (fixture.stream, gproc_test_call_wait (&cancelled),
                                             &error),
                   ==, GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (gproc_stream_wait (fixture.stream, cancellable, &error), ==,
                   GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  thread = g_thread_new ("end", end_with_3, fixture.backend);
  gproc_test_wakeups_reset ();
  g_assert_cmpint (gproc_stream_wait (fixture.stream, NULL, &error), ==, 3);
  g_assert_no_error (error);
  g_assert_cmpuint (gproc_test_polls (), ==, 0);
  g_thread_join (thread);
  g_assert_cmpint (gproc_stream_wait_finish (fixture.stream, gproc_test_call_wait (&call), &error),
                   ==, 3);
  g_assert_no_error (error);
  g_assert_false (gproc_stream_wait_check (fixture.stream, NULL, &error));
  g_assert_nonnull (strstr (error->message, "/bin/dream"));
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_EXIT_STATUS);
}

static gpointer
read_and_end (gpointer user_data)
{
  Fixture *fixture = user_data;
  GBytes *bytes = gproc_test_read (fixture->in[0], 1024 * 1024);

  test_backend_end (fixture->backend, 0);

  return bytes;
}

/* Also if another thread has the last reference. */
static gboolean
is_gone (GWeakRef *ref)
{
  g_autoptr (GObject) object = g_weak_ref_get (ref);

  return object == NULL;
}

/* Without wait_async, wait runs in a thread, and heeds the cancellable there. */
static void
test_blocking (void)
{
  g_autoptr (BlockingBackend) backend = g_object_new (BLOCKING_TYPE_BACKEND, NULL);
  g_autoptr (GProcStream) stream = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) cancelled = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GWeakRef remains;

  stream = gproc_stream_new_for_backend (GPROC_BACKEND (backend), NULL, NULL, NULL);
  gproc_stream_wait_async (stream, 0, NULL, gproc_test_call_done, &call);
  gproc_stream_wait_async (stream, 0, cancellable, gproc_test_call_done, &cancelled);
  g_cancellable_cancel (cancellable);
  gproc_stream_wait_finish (stream, gproc_test_call_wait (&cancelled), &error);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (call.result);
  g_assert_true (gproc_stream_get_running (stream));

  g_assert_true (gproc_stream_terminate (stream, &error));
  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_wait_finish (stream, gproc_test_call_wait (&call), &error), ==, 7);
  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 7);
  g_assert_no_error (error);

  /* The thread of the wait that was cancelled has noticed, and its result is let go of by the
   * loop. */
  gproc_test_call_clear (&call);
  gproc_test_call_clear (&cancelled);
  g_clear_object (&stream);
  g_weak_ref_init (&remains, backend);
  g_clear_object (&backend);
  gproc_test_wait_for (is_gone (&remains));
  g_weak_ref_clear (&remains);
}

/* The queue is pushed while a blocking wait is at the mercy of the backend. */
static void
test_wait_pushes_queue (void)
{
  const gsize size = 1024 * 1024;
  g_auto (Fixture) fixture = { 0 };
  g_autofree char *zeros = g_malloc0 (size);
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  fixture_init (&fixture);
  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (fixture.stream), zeros, size, &error));
  thread = g_thread_new ("peer", read_and_end, &fixture);
  g_assert_cmpint (gproc_stream_wait (fixture.stream, NULL, &error), ==, 0);
  g_assert_no_error (error);
  heard = g_thread_join (thread);
  g_assert_cmpuint (g_bytes_get_size (heard), ==, size);
}

static void
test_signals (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture);
  fixture.backend->ignores_term = TRUE;
  g_assert_true (gproc_stream_terminate (fixture.stream, &error));
  g_assert_cmpint (fixture.backend->signals[0], ==, SIGTERM);
  g_assert_false (fixture.backend->to_group);
  g_assert_true (gproc_stream_send_signal_group (fixture.stream, SIGHUP, &error));
  g_assert_cmpint (fixture.backend->signals[1], ==, SIGHUP);
  g_assert_true (fixture.backend->to_group);
  g_assert_true (gproc_stream_resize (fixture.stream, 50, 132, &error));
  g_assert_cmpuint (fixture.backend->rows, ==, 50);
  g_assert_cmpuint (fixture.backend->columns, ==, 132);
  g_assert_true (gproc_stream_kill (fixture.stream, &error));
  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_get_returncode (fixture.stream), ==, -SIGKILL);
}

static void
test_stop (gconstpointer data)
{
  const gboolean async = GPOINTER_TO_UINT (data) != 0;
  g_auto (Fixture) fixture = { 0 };
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture);
  fixture.backend->ignores_term = TRUE;
  if (async)
    {
      gproc_stream_stop_async (fixture.stream, 20, 0, NULL, gproc_test_call_done, &call);
      g_assert_true (
        gproc_stream_stop_finish (fixture.stream, gproc_test_call_wait (&call), &error));
    }
  else
    {
      g_assert_true (gproc_stream_stop (fixture.stream, 20, NULL, &error));
    }
  g_assert_no_error (error);
  g_assert_cmpuint (fixture.backend->n_signals, ==, 2);
  g_assert_cmpint (fixture.backend->signals[0], ==, SIGTERM);
  g_assert_cmpint (fixture.backend->signals[1], ==, SIGKILL);
  g_assert_true (gproc_stream_stop (fixture.stream, 20, NULL, &error));
  g_assert_cmpuint (fixture.backend->n_signals, ==, 2);
}

/* A process that ends in time is not killed, and nothing waits for the grace. */
static void
test_stop_in_time (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture);
  g_assert_true (gproc_stream_stop (fixture.stream, 3600 * 1000, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (fixture.backend->n_signals, ==, 1);
}

static void
test_close (gconstpointer data)
{
  const gboolean async = GPOINTER_TO_UINT (data) != 0;
  g_auto (Fixture) fixture = { 0 };
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture);
  gproc_stream_set_stop_on_close (fixture.stream, async);
  if (async)
    {
      g_io_stream_close_async (G_IO_STREAM (fixture.stream), 0, NULL, gproc_test_call_done, &call);
      g_assert_true (g_io_stream_close_finish (G_IO_STREAM (fixture.stream),
                                               gproc_test_call_wait (&call), &error));
    }
  else
    {
      g_assert_true (g_io_stream_close (G_IO_STREAM (fixture.stream), NULL, &error));
    }
  g_assert_no_error (error);
  g_assert_cmpuint (fixture.backend->n_closed, ==, 1);
  g_assert_cmpint (gproc_stream_get_running (fixture.stream), ==, !async);
  g_clear_object (&fixture.stream);
  g_assert_cmpuint (fixture.backend->n_closed, ==, 1);
  test_backend_end (fixture.backend, 0);
}

static void
test_abort (void)
{
  g_auto (Fixture) fixture = { 0 };

  fixture_init (&fixture);
  fixture.backend->ignores_term = TRUE;
  gproc_stream_abort (fixture.stream);
  g_assert_cmpint (gproc_stream_get_returncode (fixture.stream), ==, -SIGKILL);
  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (fixture.stream)));
  g_assert_cmpuint (fixture.backend->n_closed, ==, 1);
}

/* The stream goes, and with it its wait: the backend is not held by it. */
static void
test_unref (void)
{
  g_auto (Fixture) fixture = { 0 };

  fixture_init (&fixture);
  gproc_test_settle ();
  g_clear_object (&fixture.stream);
  g_assert_cmpuint (fixture.backend->n_closed, ==, 1);
  gproc_test_settle ();
}

static gpointer
play_process (gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GBytes) heard = gproc_test_read_to_end (fixture->in[0]);

  gproc_test_write (fixture->err[1], "heard it\n", -1);
  gproc_test_write (fixture->out[1], g_bytes_get_data (heard, NULL),
                    (gssize) g_bytes_get_size (heard));
  gproc_test_close (&fixture->out[1]);
  gproc_test_close (&fixture->err[1]);
  test_backend_end (fixture->backend, 5);

  return NULL;
}

static void
test_communicate (gconstpointer data)
{
  const gboolean async = GPOINTER_TO_UINT (data) != 0;
  g_auto (Fixture) fixture = { 0 };
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GBytes) input = gproc_test_random_bytes (1000 * 1000);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  fixture_init (&fixture);
  thread = g_thread_new ("process", play_process, &fixture);
  if (async)
    {
      gproc_stream_communicate_async (fixture.stream, input, 0, NULL, gproc_test_call_done, &call);
      result = gproc_stream_communicate_finish (fixture.stream, gproc_test_call_wait (&call),
                                                &error);
    }
  else
    {
      result = gproc_stream_communicate (fixture.stream, input, NULL, &error);
    }
  g_assert_no_error (error);
  g_thread_join (thread);
  gproc_test_assert_equal (gproc_result_get_stdout (result), input);
  gproc_test_assert_bytes (gproc_result_get_stderr (result), "heard it\n");
  g_assert_cmpint (gproc_result_get_returncode (result), ==, 5);
  g_assert_cmpint (gproc_result_get_max_resident (result), ==, -1);
  g_assert_cmpint (gproc_result_get_user_time (result), ==, -1);
  g_assert_cmpstr (gproc_result_get_command (result), ==, "/bin/dream");
  g_assert_false (gproc_result_check (result, &error));
  g_assert_nonnull (strstr (error->message, "heard it"));
}

static void
test_wait_buffered (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GError) error = NULL;
  GThread *thread;

  fixture_init (&fixture);
  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (fixture.stream), "text", -1, &error));
  g_assert_true (gproc_writer_write_eof (gproc_stream_get_stdin (fixture.stream), &error));
  thread = g_thread_new ("process", play_process, &fixture);
  g_assert_cmpint (gproc_stream_wait_buffered (fixture.stream, 1000, NULL, &error), ==, 5);
  g_assert_no_error (error);
  g_thread_join (thread);
  g_assert_cmpuint (gproc_reader_get_buffered (gproc_stream_get_stdout (fixture.stream)), ==, 4);
  g_assert_cmpuint (gproc_reader_get_buffered (gproc_stream_get_stderr (fixture.stream)), ==, 9);
}

/* Over streams that are no descriptors, pollable or not. */
static void
test_generic (gconstpointer data)
{
  const GProcTestHostility hostility = GPOINTER_TO_UINT (data);
  g_autoptr (TestBackend) backend = gproc_test_track (g_object_new (TEST_TYPE_BACKEND, NULL));
  g_autoptr (GBytes) content = g_bytes_new_static ("output", 6);
  g_autoptr (GBytes) input = g_bytes_new_static ("input", 5);
  g_autoptr (GOutputStream) in = gproc_test_output_new (hostility);
  g_autoptr (GInputStream) out = gproc_test_input_new (content, hostility);
  g_autoptr (GProcStream)
    stream = gproc_stream_new_for_backend (GPROC_BACKEND (backend), in, out, NULL);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GBytes) written = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  g_assert_null (gproc_stream_get_stderr (stream));
  gproc_stream_communicate_async (stream, input, 0, NULL, gproc_test_call_done, &call);
  gproc_test_wait_for (g_output_stream_is_closed (in));
  test_backend_end (backend, 0);
  result = gproc_stream_communicate_finish (stream, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "output");
  written = gproc_test_output_get_bytes (in);
  gproc_test_assert_bytes (written, "input");
}

/* The defaults of what a backend may leave out. */
static void
test_bare (void)
{
  g_autoptr (BareBackend) backend = gproc_test_track (g_object_new (BARE_TYPE_BACKEND, NULL));
  g_autoptr (GProcStream)
    stream = gproc_stream_new_for_backend (GPROC_BACKEND (backend), NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;
  int returncode = 12;

  g_assert_null (gproc_backend_get_identifier (GPROC_BACKEND (backend)));
  g_assert_null (gproc_backend_get_command (GPROC_BACKEND (backend)));
  g_assert_null (gproc_stream_get_command (stream));
  g_assert_true (gproc_backend_wait (GPROC_BACKEND (backend), &returncode, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (returncode, ==, GPROC_RETURNCODE_NONE);
  g_assert_false (gproc_stream_resize (stream, 24, 80, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_false (gproc_stream_kill (stream, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);

  /* It is over, and nobody can know how. */
  g_assert_false (gproc_stream_get_running (stream));
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, GPROC_RETURNCODE_NONE);
  g_assert_no_error (error);
  g_assert_false (gproc_stream_wait_check (stream, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_cmpint (gproc_stream_get_status (stream), ==, -1);
  g_assert_false (gproc_stream_get_if_exited (stream));
  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
}

int
main (int    argc,
      char **argv)
{
  gproc_test_init (&argc, &argv);

  gproc_test_add ("/gproc/backend/status", test_status);
  gproc_test_add ("/gproc/backend/wait", test_wait);
  gproc_test_add ("/gproc/backend/wait-pushes-queue", test_wait_pushes_queue);
  gproc_test_add ("/gproc/backend/signals", test_signals);
  gproc_test_add_data ("/gproc/backend/stop/sync", GUINT_TO_POINTER (0), test_stop);
  gproc_test_add_data ("/gproc/backend/stop/async", GUINT_TO_POINTER (1), test_stop);
  gproc_test_add ("/gproc/backend/stop/in-time", test_stop_in_time);
  gproc_test_add_data ("/gproc/backend/close/sync", GUINT_TO_POINTER (0), test_close);
  gproc_test_add_data ("/gproc/backend/close/async", GUINT_TO_POINTER (1), test_close);
  gproc_test_add ("/gproc/backend/abort", test_abort);
  gproc_test_add ("/gproc/backend/unref", test_unref);
  gproc_test_add_data ("/gproc/backend/communicate/sync", GUINT_TO_POINTER (0), test_communicate);
  gproc_test_add_data ("/gproc/backend/communicate/async", GUINT_TO_POINTER (1), test_communicate);
  gproc_test_add ("/gproc/backend/wait-buffered", test_wait_buffered);
  gproc_test_add_data ("/gproc/backend/generic/plain", GUINT_TO_POINTER (GPROC_TEST_HOSTILE_SLOW),
                       test_generic);
  gproc_test_add_data ("/gproc/backend/generic/pollable",
                       GUINT_TO_POINTER (GPROC_TEST_HOSTILE_POLLABLE | GPROC_TEST_HOSTILE_SLOW),
                       test_generic);
  gproc_test_add ("/gproc/backend/bare", test_bare);
  gproc_test_add ("/gproc/backend/blocking", test_blocking);

  return gproc_test_run ();
}
