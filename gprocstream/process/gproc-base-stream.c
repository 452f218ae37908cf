/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-stream-internal-private.h"
#include "streams/gproc-reader-private.h"

/* What a stream that was made of another one closes at last. The readers have closed the
 * input half by then, and GIO finds nothing wrong with a half that is closed: what that failed
 * with would be lost. */

#define GPROC_TYPE_BASE_STREAM (_gproc_base_stream_get_type ())
G_DECLARE_FINAL_TYPE (GProcBaseStream, _gproc_base_stream, GPROC, BASE_STREAM, GIOStream)

struct _GProcBaseStream
{
  GIOStream parent_instance;

  GIOStream *io_stream; /* NULL once this is disposed. */
  GPtrArray *readers;
};

G_DEFINE_FINAL_TYPE (GProcBaseStream, _gproc_base_stream, G_TYPE_IO_STREAM)

static GInputStream *
_gproc_base_stream_get_input_stream (GIOStream *stream)
{
  return g_io_stream_get_input_stream (GPROC_BASE_STREAM (stream)->io_stream);
}

static GOutputStream *
_gproc_base_stream_get_output_stream (GIOStream *stream)
{
  return g_io_stream_get_output_stream (GPROC_BASE_STREAM (stream)->io_stream);
}

static const GError *
base_stream_get_close_error (GProcBaseStream *self)
{
  const GError *error = NULL;

  for (guint i = 0; i < self->readers->len && error == NULL; i++)
    error = _gproc_reader_get_close_error (g_ptr_array_index (self->readers, i));

  return error;
}

static gboolean
_gproc_base_stream_close (GIOStream     *stream,
                          GCancellable  *cancellable,
                          GError       **error)
{
  GProcBaseStream *self = GPROC_BASE_STREAM (stream);
  const GError *close_error = base_stream_get_close_error (self);
  gboolean success;

  if (self->io_stream == NULL)
    return TRUE;

  /* That of the reader came first. */
  success = g_io_stream_close (self->io_stream, cancellable, close_error == NULL ? error : NULL);
  if (close_error != NULL)
    g_propagate_error (error, g_error_copy (close_error));

  return success && close_error == NULL;
}

static void
base_stream_closed (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  const GError *close_error = base_stream_get_close_error (g_task_get_source_object (task));
  GError *error = NULL;

  g_io_stream_close_finish (G_IO_STREAM (source), result, &error);
  if (close_error != NULL)
    {
      g_clear_error (&error);
      error = g_error_copy (close_error);
    }

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
_gproc_base_stream_close_async (GIOStream           *stream,
                                int                  io_priority,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  GTask *task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, _gproc_base_stream_close_async);
  g_task_set_name (task, "[gproc] close of base stream");
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);
  g_io_stream_close_async (GPROC_BASE_STREAM (stream)->io_stream, io_priority, cancellable,
                           base_stream_closed, task);
}

static gboolean
_gproc_base_stream_close_finish (GIOStream     *stream,
                                 GAsyncResult  *result,
                                 GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
_gproc_base_stream_dispose (GObject *object)
{
  GProcBaseStream *self = GPROC_BASE_STREAM (object);

  /* GIO closes a stream that is disposed: not what this is of, which is somebody else's. */
  g_clear_object (&self->io_stream);

  G_OBJECT_CLASS (_gproc_base_stream_parent_class)->dispose (object);
}

static void
_gproc_base_stream_finalize (GObject *object)
{
  g_clear_pointer (&GPROC_BASE_STREAM (object)->readers, g_ptr_array_unref);

  G_OBJECT_CLASS (_gproc_base_stream_parent_class)->finalize (object);
}

static void
_gproc_base_stream_class_init (GProcBaseStreamClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  object_class->dispose = _gproc_base_stream_dispose;
  object_class->finalize = _gproc_base_stream_finalize;
  stream_class->get_input_stream = _gproc_base_stream_get_input_stream;
  stream_class->get_output_stream = _gproc_base_stream_get_output_stream;
  stream_class->close_fn = _gproc_base_stream_close;
  stream_class->close_async = _gproc_base_stream_close_async;
  stream_class->close_finish = _gproc_base_stream_close_finish;
}

static void
_gproc_base_stream_init (GProcBaseStream *self)
{
}

GIOStream *
_gproc_base_stream_new (GIOStream *io_stream,
                        GPtrArray *readers)
{
  GProcBaseStream *self = g_object_new (GPROC_TYPE_BASE_STREAM, NULL);

  self->io_stream = g_object_ref (io_stream);
  self->readers = g_ptr_array_ref (readers);

  return G_IO_STREAM (self);
}
