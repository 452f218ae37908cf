/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <gprocstream/gprocstream.h>

#include <string.h>

#include "gproc-test.h"

/* A backend that learns of the end of its process by the end of the outputs alone. Whoever waits
 * for it in a blocking call has nobody iterate the context of the stream. */

#define OUTPUT_TYPE_BACKEND (output_backend_get_type ())
G_DECLARE_FINAL_TYPE (OutputBackend, output_backend, OUTPUT, BACKEND, GObject)

struct _OutputBackend
{
  GObject parent_instance;

  GMutex lock;
  GCond cond;
  guint n_ended; /* Guarded by the lock. */
};

static void output_backend_iface_init (GProcBackendInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (OutputBackend,
                               output_backend,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (GPROC_TYPE_BACKEND,
                                                      output_backend_iface_init))

static void
output_backend_finalize (GObject *object)
{
  OutputBackend *self = OUTPUT_BACKEND (object);

  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  G_OBJECT_CLASS (output_backend_parent_class)->finalize (object);
}

static void
output_backend_class_init (OutputBackendClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = output_backend_finalize;
}

static void
output_backend_init (OutputBackend *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
}

static guint
output_backend_count (OutputBackend *self)
{
  guint n_ended;

  g_mutex_lock (&self->lock);
  n_ended = self->n_ended;
  g_mutex_unlock (&self->lock);

  return n_ended;
}

static gboolean
output_backend_try_wait (GProcBackend *backend,
                         int          *returncode)
{
  *returncode = 3;

  return output_backend_count (OUTPUT_BACKEND (backend)) > 0;
}

static void
wait_cancelled (GCancellable *cancellable,
                gpointer      user_data)
{
  OutputBackend *self = user_data;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static gboolean
output_backend_wait (GProcBackend  *backend,
                     int           *returncode,
                     GCancellable  *cancellable,
                     GError       **error)
{
  OutputBackend *self = OUTPUT_BACKEND (backend);
  gulong id = 0;
  gboolean over;

  if (cancellable != NULL)
    id = g_cancellable_connect (cancellable, G_CALLBACK (wait_cancelled), self, NULL);
  g_mutex_lock (&self->lock);
  while (self->n_ended == 0 && !g_cancellable_is_cancelled (cancellable))
    g_cond_wait (&self->cond, &self->lock);
  over = self->n_ended > 0;
  g_mutex_unlock (&self->lock);
  g_cancellable_disconnect (cancellable, id);

  *returncode = 3;

  return over || !g_cancellable_set_error_if_cancelled (cancellable, error);
}

static void
output_backend_output_ended (GProcBackend *backend)
{
  OutputBackend *self = OUTPUT_BACKEND (backend);

  g_mutex_lock (&self->lock);
  self->n_ended++;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static void
output_backend_iface_init (GProcBackendInterface *iface)
{
  iface->try_wait = output_backend_try_wait;
  iface->wait = output_backend_wait;
  iface->output_ended = output_backend_output_ended;
}

static OutputBackend *
make_backend (void)
{
  return gproc_test_track (g_object_new (OUTPUT_TYPE_BACKEND, NULL));
}

/* Its end, too, if @is_over. */
static GProcReader *
make_output (int      *write_fd,
             gboolean  is_over)
{
  int fds[2];

  gproc_test_pipe (fds);
  gproc_test_write (fds[1], "word", 4);
  *write_fd = fds[1];
  if (is_over)
    gproc_test_close (write_fd);

  return gproc_reader_new_for_fd (fds[0], TRUE);
}

static GProcStream *
make_stream (OutputBackend *backend,
             GProcReader   *out,
             GProcReader   *err)
{
  return gproc_stream_new_for_backend (GPROC_BACKEND (backend), NULL, (GInputStream *) out,
                                       (GInputStream *) err);
}

static void
drop (GProcStream *stream)
{
  gproc_test_track (stream);
  g_object_unref (stream);
  gproc_test_settle ();
}

static void
test_communicate (void)
{
  g_autoptr (OutputBackend) backend = make_backend ();
  int fds[2];
  g_autoptr (GProcReader) out = make_output (&fds[0], TRUE);
  g_autoptr (GProcReader) err = make_output (&fds[1], TRUE);
  GProcStream *stream = make_stream (backend, out, err);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;

  result = gproc_stream_communicate (stream, NULL, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "word");
  gproc_test_assert_bytes (gproc_result_get_stderr (result), "word");
  g_assert_cmpint (gproc_result_get_returncode (result), ==, 3);
  g_assert_cmpuint (output_backend_count (backend), ==, 1);
  drop (stream);
  g_assert_cmpuint (output_backend_count (backend), ==, 1);
}

static void
test_wait (void)
{
  g_autoptr (OutputBackend) backend = make_backend ();
  int fds[2];
  g_autoptr (GProcReader) out = make_output (&fds[0], TRUE);
  g_autoptr (GProcReader) err = make_output (&fds[1], FALSE);
  GProcStream *stream = make_stream (backend, out, err);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = gproc_reader_read_to_end (out, -1, NULL, &error);

  gproc_test_assert_bytes (bytes, "word");
  g_assert_cmpuint (output_backend_count (backend), ==, 0);
  g_assert_true (g_input_stream_close (G_INPUT_STREAM (err), NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (output_backend_count (backend), ==, 1);
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 3);
  g_assert_no_error (error);
  gproc_test_close (&fds[1]);
  drop (stream);
  g_assert_cmpuint (output_backend_count (backend), ==, 1);
}

static void
test_async (void)
{
  g_autoptr (OutputBackend) backend = make_backend ();
  int fd;
  g_autoptr (GProcReader) out = make_output (&fd, TRUE);
  GProcStream *stream = make_stream (backend, out, NULL);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  gproc_stream_communicate_async (stream, NULL, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done,
                                  &call);
  result = gproc_stream_communicate_finish (stream, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "word");
  g_assert_cmpuint (output_backend_count (backend), ==, 1);
  drop (stream);
}

/* Where all of it was read before there was a stream. */
static void
test_before (void)
{
  g_autoptr (OutputBackend) backend = make_backend ();
  int fd;
  g_autoptr (GProcReader) out = make_output (&fd, TRUE);
  g_autoptr (GBytes) bytes = gproc_reader_read_to_end (out, -1, NULL, NULL);
  GProcStream *stream = make_stream (backend, out, NULL);

  gproc_test_assert_bytes (bytes, "word");
  g_assert_cmpuint (output_backend_count (backend), ==, 1);
  drop (stream);
}

/* A reader that outlives its stream keeps nothing of it, and tells nobody. */
static void
test_afterwards (void)
{
  OutputBackend *backend = make_backend ();
  int fd;
  g_autoptr (GProcReader) out = make_output (&fd, TRUE);
  GProcStream *stream = make_stream (backend, out, NULL);

  g_object_add_weak_pointer (G_OBJECT (backend), (gpointer *) &backend);
  g_object_unref (backend);
  drop (stream);
  gproc_test_wait_for (g_atomic_pointer_get (&backend) == NULL);
}

static gpointer
read_to_end (gpointer data)
{
  g_autoptr (GBytes) bytes = gproc_reader_read_to_end (data, -1, NULL, NULL);

  return NULL;
}

/* The last output ends in one thread while the stream goes in another: it is told once or never,
 * and nothing is used that is gone. */
static void
test_threads (void)
{
  for (gsize i = gproc_test_scale (500); i > 0; i--)
    {
      OutputBackend *backend = make_backend ();
      int fd;
      GProcReader *out = gproc_test_track (make_output (&fd, TRUE));
      GProcStream *stream = make_stream (backend, out, NULL);
      GThread *thread = g_thread_new ("read", read_to_end, out);

      gproc_test_track (stream);
      g_object_unref (stream);
      g_thread_join (thread);
      g_assert_cmpuint (output_backend_count (backend), <=, 1);
      g_object_unref (backend);
      g_object_unref (out);
      gproc_test_settle ();
    }
}

/* What never was cannot end. */
static void
test_none (void)
{
  g_autoptr (OutputBackend) backend = make_backend ();
  GProcStream *stream = make_stream (backend, NULL, NULL);

  gproc_test_settle ();
  g_assert_cmpuint (output_backend_count (backend), ==, 0);
  drop (stream);
  g_assert_cmpuint (output_backend_count (backend), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  gproc_test_init (&argc, &argv);

  gproc_test_add ("/gproc/backend-output/communicate", test_communicate);
  gproc_test_add ("/gproc/backend-output/wait", test_wait);
  gproc_test_add ("/gproc/backend-output/async", test_async);
  gproc_test_add ("/gproc/backend-output/before", test_before);
  gproc_test_add ("/gproc/backend-output/afterwards", test_afterwards);
  gproc_test_add ("/gproc/backend-output/threads", test_threads);
  gproc_test_add ("/gproc/backend-output/none", test_none);

  return gproc_test_run ();
}
