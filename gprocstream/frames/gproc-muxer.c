/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "frames/gproc-muxer.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "frames/gproc-frame-private.h"

/* Up to this size a frame is put together before it is queued. */
#define COPY_MAXIMUM 4096

/**
 * GProcMuxer:
 *
 * Puts several streams into one, in the frames that a [class@GProc.Demuxer] takes apart.
 *
 * A frame is queued whole, and so it goes out: what was begun is never left half written
 * by a cancellation or a full queue. Behind the muxer is a [class@GProc.Writer],
 * [property@GProc.Muxer:writer], to drain, to flush, to set watermarks and limits, and
 * to close. Nothing else should be queued or written there.
 *
 * Since: 1.0
 */

struct _GProcMuxer
{
  GObject parent_instance;

  GProcWriter *writer;
};

enum
{
  PROP_0,
  PROP_BASE_STREAM,
  PROP_WRITER,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (GProcMuxer, gproc_muxer, G_TYPE_OBJECT)

static void
gproc_muxer_set_base (GProcMuxer    *self,
                      GOutputStream *base)
{
  g_autoptr (GOutputStream) nothing = base == NULL ? g_memory_output_stream_new_resizable () : NULL;

  if (base != NULL && GPROC_IS_WRITER (base))
    self->writer = g_object_ref (GPROC_WRITER (base));
  else
    self->writer = gproc_writer_new (base != NULL ? base : nothing);
}

static void
gproc_muxer_get_property (GObject    *object,
                          guint       property_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  GProcMuxer *self = GPROC_MUXER (object);

  switch (property_id)
    {
    case PROP_WRITER:
      g_value_set_object (value, self->writer);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
gproc_muxer_set_property (GObject      *object,
                          guint         property_id,
                          const GValue *value,
                          GParamSpec   *pspec)
{
  switch (property_id)
    {
    case PROP_BASE_STREAM:
      gproc_muxer_set_base (GPROC_MUXER (object), g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
gproc_muxer_finalize (GObject *object)
{
  g_clear_object (&GPROC_MUXER (object)->writer);

  G_OBJECT_CLASS (gproc_muxer_parent_class)->finalize (object);
}

static void
gproc_muxer_class_init (GProcMuxerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = gproc_muxer_get_property;
  object_class->set_property = gproc_muxer_set_property;
  object_class->finalize = gproc_muxer_finalize;

  /**
   * GProcMuxer:base-stream:
   *
   * What the frames go to. A [class@GProc.Writer] is used as it is, any other stream gets one.
   *
   * Since: 1.0
   */
  properties[PROP_BASE_STREAM] = g_param_spec_object ("base-stream", NULL, NULL,
                                                      G_TYPE_OUTPUT_STREAM,
                                                      G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY |
                                                        G_PARAM_STATIC_STRINGS);

  /**
   * GProcMuxer:writer: (getter get_writer)
   *
   * The writer in whose queue the frames are put.
   *
   * Since: 1.0
   */
  properties[PROP_WRITER] = g_param_spec_object ("writer", NULL, NULL, GPROC_TYPE_WRITER,
                                                 G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
gproc_muxer_init (GProcMuxer *self)
{
}

/**
 * gproc_muxer_new:
 * @base_stream: what the frames go to
 *
 * Makes a muxer. A @base_stream that is a [class@GProc.Writer] is used as it is; another one gets
 * one, which closes it.
 *
 * Returns: (transfer full): a new muxer
 *
 * Since: 1.0
 */
GProcMuxer *
gproc_muxer_new (GOutputStream *base_stream)
{
  g_return_val_if_fail (G_IS_OUTPUT_STREAM (base_stream), NULL);

  return g_object_new (GPROC_TYPE_MUXER, "base-stream", base_stream, NULL);
}

/**
 * gproc_muxer_get_writer:
 * @self: a muxer
 *
 * Gets the writer in whose queue the frames are put.
 *
 * Returns: (transfer none): the writer
 *
 * Since: 1.0
 */
GProcWriter *
gproc_muxer_get_writer (GProcMuxer *self)
{
  g_return_val_if_fail (GPROC_IS_MUXER (self), NULL);

  return self->writer;
}

/* Before it is queued: a frame whose write fails with that was not. */
static gboolean
check_not_pending (GProcMuxer  *self,
                   GError     **error)
{
  if (!g_output_stream_has_pending (G_OUTPUT_STREAM (self->writer)))
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                       _ ("Another operation of the stream is under way"));

  return FALSE;
}

static gboolean
check_stream_number (int      stream_number,
                     GError **error)
{
  if (stream_number >= GPROC_FRAME_STDIN && stream_number <= GPROC_FRAME_ERROR)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("There is no stream %d in a stream of frames"), stream_number);

  return FALSE;
}

/* A small frame is one piece. */
static gboolean
queue_copy (GProcMuxer  *self,
            int          stream_number,
            const char  *data,
            gsize        size,
            GError     **error)
{
  char frame[GPROC_FRAME_HEADER_SIZE + COPY_MAXIMUM];

  _gproc_frame_write_header ((guint8 *) frame, (GProcFrameId) stream_number, (guint32) size);
  if (size > 0)
    memcpy (frame + GPROC_FRAME_HEADER_SIZE, data, size);

  return gproc_writer_queue (self->writer, frame, (gssize) (GPROC_FRAME_HEADER_SIZE + size), error);
}

/* All pieces or none. What is longer than a frame can be makes several. */
static gboolean
queue_pieces (GProcMuxer  *self,
              int          stream_number,
              GBytes      *bytes,
              GError     **error)
{
  g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  gsize size = g_bytes_get_size (bytes);

  for (gsize offset = 0; offset < size;)
    {
      guint8 header[GPROC_FRAME_HEADER_SIZE];
      gsize part = MIN (size - offset, G_MAXUINT32);

      _gproc_frame_write_header (header, (GProcFrameId) stream_number, (guint32) part);
      g_ptr_array_add (pieces, g_bytes_new (header, sizeof header));
      g_ptr_array_add (pieces, part == size ? g_bytes_ref (bytes)
                                            : g_bytes_new_from_bytes (bytes, offset, part));
      offset += part;
    }

  return gproc_writer_queuev (self->writer, pieces, error);
}

/**
 * gproc_muxer_queue:
 * @self: a muxer
 * @stream_number: 1 for standard output, 2 for standard error, 3 for what ends the stream with an
 *   error; 0 counts as standard output
 * @data: (array length=length) (element-type guint8): what to send
 * @length: the length of @data, −1 if it is a string
 * @error: return location for an error
 *
 * Queues a frame, as [method@GProc.Writer.queue] does: never blocks. @data is copied. Empty data
 * makes an empty frame.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for another @stream_number, and those of
 * [method@GProc.Writer.queue].
 *
 * Returns: %TRUE if all was queued or written
 *
 * Since: 1.0
 */
gboolean
gproc_muxer_queue (GProcMuxer  *self,
                   int          stream_number,
                   const char  *data,
                   gssize       length,
                   GError     **error)
{
  g_autoptr (GBytes) bytes = NULL;
  gsize size;

  g_return_val_if_fail (GPROC_IS_MUXER (self), FALSE);
  g_return_val_if_fail (data != NULL || length == 0, FALSE);

  if (!check_stream_number (stream_number, error))
    return FALSE;

  size = length < 0 ? strlen (data) : (gsize) length;
  if (size <= COPY_MAXIMUM)
    return queue_copy (self, stream_number, data, size, error);

  bytes = g_bytes_new (data, size);

  return queue_pieces (self, stream_number, bytes, error);
}

/**
 * gproc_muxer_queue_bytes:
 * @self: a muxer
 * @stream_number: 1 for standard output, 2 for standard error, 3 for what ends the stream with an
 *   error; 0 counts as standard output
 * @bytes: what to send
 * @error: return location for an error
 *
 * Like [method@GProc.Muxer.queue], for bytes that need not be copied.
 *
 * Returns: %TRUE if all was queued or written
 *
 * Since: 1.0
 */
gboolean
gproc_muxer_queue_bytes (GProcMuxer  *self,
                         int          stream_number,
                         GBytes      *bytes,
                         GError     **error)
{
  gconstpointer data;
  gsize size;

  g_return_val_if_fail (GPROC_IS_MUXER (self), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);

  if (!check_stream_number (stream_number, error))
    return FALSE;

  data = g_bytes_get_data (bytes, &size);

  return size <= COPY_MAXIMUM ? queue_copy (self, stream_number, data, size, error)
                              : queue_pieces (self, stream_number, bytes, error);
}

/**
 * gproc_muxer_write_frame:
 * @self: a muxer
 * @stream_number: 1 for standard output, 2 for standard error, 3 for what ends the stream with an
 *   error; 0 counts as standard output
 * @bytes: what to send
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Queues a frame, and waits until it and what was queued before it is written.
 *
 * A frame whose write was cancelled stays in the queue, and goes out whole.
 *
 * Errors: those of [method@GProc.Muxer.queue_bytes], and of [method@Gio.OutputStream.flush];
 * %G_IO_ERROR_PENDING, with nothing queued, while another operation of the writer is under way.
 *
 * Returns: %TRUE if it was written
 *
 * Since: 1.0
 */
gboolean
gproc_muxer_write_frame (GProcMuxer    *self,
                         int            stream_number,
                         GBytes        *bytes,
                         GCancellable  *cancellable,
                         GError       **error)
{
  g_return_val_if_fail (GPROC_IS_MUXER (self), FALSE);

  return check_not_pending (self, error) &&
         gproc_muxer_queue_bytes (self, stream_number, bytes, error) &&
         g_output_stream_flush (G_OUTPUT_STREAM (self->writer), cancellable, error);
}

static void
write_frame_flushed (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (g_output_stream_flush_finish (G_OUTPUT_STREAM (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * gproc_muxer_write_frame_async:
 * @self: a muxer
 * @stream_number: 1 for standard output, 2 for standard error, 3 for what ends the stream with an
 *   error; 0 counts as standard output
 * @bytes: what to send
 * @io_priority: the priority of the operation, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): what to call when the operation is done
 * @user_data: what to give to @callback
 *
 * Like [method@GProc.Muxer.write_frame], asynchronously. The frame is queued at once; one call can
 * wait at a time, while others queue ([method@GProc.Muxer.queue]). @callback runs in the
 * thread-default context of the caller.
 *
 * Since: 1.0
 */
void
gproc_muxer_write_frame_async (GProcMuxer          *self,
                               int                  stream_number,
                               GBytes              *bytes,
                               int                  io_priority,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (GPROC_IS_MUXER (self));
  g_return_if_fail (bytes != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, gproc_muxer_write_frame_async);
  g_task_set_name (task, "GProcMuxer write");
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);

  if (check_not_pending (self, &error) &&
      gproc_muxer_queue_bytes (self, stream_number, bytes, &error))
    g_output_stream_flush_async (G_OUTPUT_STREAM (self->writer), io_priority, cancellable,
                                 write_frame_flushed, g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

/**
 * gproc_muxer_write_frame_finish:
 * @self: a muxer
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@GProc.Muxer.write_frame_async].
 *
 * Returns: %TRUE if the frame was written
 *
 * Since: 1.0
 */
gboolean
gproc_muxer_write_frame_finish (GProcMuxer    *self,
                                GAsyncResult  *result,
                                GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_muxer_write_frame_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
