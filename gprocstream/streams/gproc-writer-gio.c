/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-writer-internal-private.h"

#include <glib/gi18n-lib.h>

#include "streams/gproc-block-private.h"

/* The writer as a GOutputStream and a GPollableOutputStream. */

/* Waits, blocking, until what had been accepted at the call is written. */
static gboolean
writer_flush_queue (GProcWriter   *self,
                    GCancellable  *cancellable,
                    GError       **error)
{
  guint64 position = _gproc_write_queue_get_position (self->queue);
  GError *local_error = NULL;

  while (!_gproc_write_queue_reached (self->queue, GPROC_WAIT_WRITTEN, position, &local_error))
    if (!_gproc_block (-1, 0, _gproc_writer_get_row (self), -1, cancellable, error))
      return FALSE;

  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, local_error);

  return FALSE;
}

gssize
_gproc_writer_write (GProcWriter          *self,
                     const GOutputVector  *vectors,
                     gsize                 n_vectors,
                     GCancellable         *cancellable,
                     GError              **error)
{
  GOutputStream *base = _gproc_write_queue_get_base (self->queue);
  gssize count;

  if (!writer_flush_queue (self, cancellable, error))
    return -1;

  while (n_vectors > 1 && vectors[0].size == 0)
    {
      vectors++;
      n_vectors--;
    }

  if (_gproc_write_queue_is_plain (self->queue))
    {
      count = g_output_stream_write (base, vectors[0].buffer, vectors[0].size, cancellable, error);
      if (count > 0)
        _gproc_write_queue_count_written (self->queue, (gsize) count);
      return count;
    }

  while (TRUE)
    {
      g_autoptr (GError) local_error = NULL;
      gboolean ready;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return -1;

      count = _gproc_write_queue_write_through (self->queue, vectors, n_vectors, &local_error);
      if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          if (local_error != NULL)
            g_propagate_error (error, g_steal_pointer (&local_error));
          return count;
        }

      if (base != NULL)
        ready = _gproc_block_on_source (_gproc_write_queue_create_source (self->queue), self->row,
                                        -1, cancellable, error);
      else
        ready = _gproc_block (_gproc_write_queue_get_fd (self->queue), G_IO_OUT, self->row, -1,
                              cancellable, error);
      if (!ready)
        return -1;
    }
}

static gssize
gproc_writer_write_fn (GOutputStream  *stream,
                       const void     *buffer,
                       gsize           count,
                       GCancellable   *cancellable,
                       GError        **error)
{
  GOutputVector vector = { buffer, count };

  return _gproc_writer_write (GPROC_WRITER (stream), &vector, 1, cancellable, error);
}

static gboolean
gproc_writer_writev_fn (GOutputStream        *stream,
                        const GOutputVector  *vectors,
                        gsize                 n_vectors,
                        gsize                *bytes_written,
                        GCancellable         *cancellable,
                        GError              **error)
{
  gssize count = _gproc_writer_write (GPROC_WRITER (stream), vectors, n_vectors, cancellable,
                                      error);

  if (bytes_written != NULL)
    *bytes_written = count > 0 ? (gsize) count : 0;

  return count >= 0;
}

/* Whether GIO's close finds nothing to do any more: after an abort, whose caller wanted
 * the rest dropped, and without anything to write to. */
static gboolean
writer_is_done_with (GProcWriter *self)
{
  GProcWriteQueueState state = _gproc_write_queue_get_state (self->queue);

  return self->forced ||
         (state.closed && !state.broken && g_output_stream_is_closing (G_OUTPUT_STREAM (self)));
}

static gboolean
gproc_writer_flush (GOutputStream  *stream,
                    GCancellable   *cancellable,
                    GError        **error)
{
  GProcWriter *self = GPROC_WRITER (stream);
  GOutputStream *base;
  gboolean is_flushed;

  if (writer_is_done_with (self))
    return TRUE;
  /* It may block a thread that was made for it, while another one queues. */
  self->flushing = TRUE;
  is_flushed = writer_flush_queue (self, cancellable, error);
  self->flushing = FALSE;
  if (!is_flushed)
    return FALSE;

  base = _gproc_write_queue_get_base (self->queue);
  if (base == NULL || G_OUTPUT_STREAM_GET_CLASS (base)->flush == NULL)
    return TRUE;

  return g_output_stream_flush (base, cancellable, error);
}

gboolean
_gproc_writer_close_queue (GProcWriter   *self,
                           GCancellable  *cancellable,
                           GError       **error)
{
  gboolean success;

  _gproc_ready_sources_close (&self->sources);
  success = !g_cancellable_set_error_if_cancelled (cancellable, error) &&
            writer_flush_queue (self, cancellable, error);

  return _gproc_write_queue_close_now (self->queue, cancellable, success ? error : NULL) && success;
}

static gboolean
gproc_writer_close_fn (GOutputStream  *stream,
                       GCancellable   *cancellable,
                       GError        **error)
{
  GProcWriter *self = GPROC_WRITER (stream);

  return writer_is_done_with (self) || _gproc_writer_close_queue (self, cancellable, error);
}

static void
gproc_writer_write_async_fn (GOutputStream       *stream,
                             const void          *buffer,
                             gsize                count,
                             int                  io_priority,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  GProcWriter *self = GPROC_WRITER (stream);
  GOutputVector vector = { buffer, count };
  GTask *task = _gproc_writer_new_task (self, io_priority, cancellable, callback, user_data,
                                        gproc_writer_write_async_fn);

  _gproc_write_op_start (&self->ops, self->queue, GPROC_WRITE_OP_WRITE, &vector, 1, task, NULL);
}

static gssize
gproc_writer_write_finish_fn (GOutputStream  *stream,
                              GAsyncResult   *result,
                              GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), -1);

  return g_task_propagate_int (G_TASK (result), error);
}

static void
writer_clear_pending (GObject *source)
{
  g_output_stream_clear_pending (G_OUTPUT_STREAM (source));
}

/* GIO leaves the pending mark of this one operation to the class. */
static void
gproc_writer_writev_async_fn (GOutputStream       *stream,
                              const GOutputVector *vectors,
                              gsize                n_vectors,
                              int                  io_priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  GProcWriter *self = GPROC_WRITER (stream);
  GError *error = NULL;
  GTask *task = _gproc_writer_new_task (self, io_priority, cancellable, callback, user_data,
                                        gproc_writer_writev_async_fn);

  if (g_output_stream_set_pending (stream, &error))
    {
      _gproc_write_op_start (&self->ops, self->queue, GPROC_WRITE_OP_WRITE, vectors, n_vectors,
                             task, writer_clear_pending);
      return;
    }

  g_task_return_error (task, error);
  g_object_unref (task);
}

static gboolean
gproc_writer_writev_finish_fn (GOutputStream  *stream,
                               GAsyncResult   *result,
                               gsize          *bytes_written,
                               GError        **error)
{
  gssize count;

  g_return_val_if_fail (g_task_is_valid (result, stream), FALSE);

  count = g_task_propagate_int (G_TASK (result), error);
  if (bytes_written != NULL)
    *bytes_written = count > 0 ? (gsize) count : 0;

  return count >= 0;
}

static void
writer_flushed (GObject *source)
{
  GPROC_WRITER (source)->flushing = FALSE;
}

static void
gproc_writer_flush_async_fn (GOutputStream       *stream,
                             int                  io_priority,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  GProcWriter *self = GPROC_WRITER (stream);
  GTask *task = _gproc_writer_new_task (self, io_priority, cancellable, callback, user_data,
                                        gproc_writer_flush_async_fn);

  if (writer_is_done_with (self))
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }

  self->flushing = TRUE;
  _gproc_write_op_start (&self->ops, self->queue, GPROC_WRITE_OP_FLUSH, NULL, 0, task,
                         writer_flushed);
}

static gboolean
gproc_writer_finish_boolean (GOutputStream  *stream,
                             GAsyncResult   *result,
                             GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
gproc_writer_close_async_fn (GOutputStream       *stream,
                             int                  io_priority,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  GProcWriter *self = GPROC_WRITER (stream);
  GTask *task = _gproc_writer_new_task (self, io_priority, cancellable, callback, user_data,
                                        gproc_writer_close_async_fn);

  if (writer_is_done_with (self))
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }

  _gproc_ready_sources_close (&self->sources);
  _gproc_write_op_start (&self->ops, self->queue, GPROC_WRITE_OP_CLOSE, NULL, 0, task, NULL);
}

static gboolean
gproc_writer_can_poll (GPollableOutputStream *stream)
{
  return GPROC_WRITER (stream)->can_poll;
}

/* Whether a write would not block; @polled: the descriptor was found ready. */
static gboolean
writer_is_ready (GObject  *stream,
                 gboolean  polled)
{
  GProcWriter *self = GPROC_WRITER (stream);
  GProcWriteQueueState state = _gproc_write_queue_get_state (self->queue);

  if (!state.open || state.broken)
    return TRUE;

  return polled && _gproc_write_queue_push (self->queue);
}

static gboolean
gproc_writer_is_writable (GPollableOutputStream *stream)
{
  GProcWriter *self = GPROC_WRITER (stream);
  GOutputStream *base = _gproc_write_queue_get_base (self->queue);
  GPollFD poll_fd = { .fd = -1, .events = G_IO_OUT };

  if (writer_is_ready (G_OBJECT (self), FALSE))
    return TRUE;
  if (base != NULL)
    return self->can_poll && _gproc_write_queue_push (self->queue) &&
           g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (base));

  poll_fd.fd = _gproc_write_queue_get_fd (self->queue);

  return g_poll (&poll_fd, 1, 0) > 0 && writer_is_ready (G_OBJECT (self), TRUE) &&
         g_poll (&poll_fd, 1, 0) > 0;
}

static GSource *
gproc_writer_create_source (GPollableOutputStream *stream,
                            GCancellable          *cancellable)
{
  GProcWriter *self = GPROC_WRITER (stream);
  GSource *base = _gproc_write_queue_create_source (self->queue);
  int fd = base == NULL ? _gproc_write_queue_get_fd (self->queue) : -1;

  return _gproc_ready_source_new (&self->sources, G_OBJECT (self), writer_is_ready, fd, G_IO_OUT,
                                  base, cancellable);
}

/* GIO's non-blocking functions know no pending mark, but what moves bytes to the writer is not to
 * find others among them. */
static gboolean
writer_check_guest (GProcWriter  *self,
                    GError      **error)
{
  if (self->ops.guest == NULL)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                       _ ("Another operation of the stream is under way"));

  return FALSE;
}

static gssize
gproc_writer_write_nonblocking (GPollableOutputStream  *stream,
                                const void             *buffer,
                                gsize                   count,
                                GError                **error)
{
  GProcWriter *self = GPROC_WRITER (stream);
  GOutputVector vector = { buffer, count };

  return writer_check_guest (self, error)
           ? _gproc_write_queue_write_through (self->queue, &vector, 1, error)
           : -1;
}

static GPollableReturn
gproc_writer_writev_nonblocking (GPollableOutputStream  *stream,
                                 const GOutputVector    *vectors,
                                 gsize                   n_vectors,
                                 gsize                  *bytes_written,
                                 GError                **error)
{
  GProcWriter *self = GPROC_WRITER (stream);
  GError *local_error = NULL;
  gssize count = -1;

  if (writer_check_guest (self, &local_error))
    count = _gproc_write_queue_write_through (self->queue, vectors, n_vectors, &local_error);

  if (bytes_written != NULL)
    *bytes_written = count > 0 ? (gsize) count : 0;
  if (count >= 0)
    return G_POLLABLE_RETURN_OK;

  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_error_free (local_error);
      return G_POLLABLE_RETURN_WOULD_BLOCK;
    }
  g_propagate_error (error, local_error);

  return G_POLLABLE_RETURN_FAILED;
}

void
_gproc_writer_install_stream (GOutputStreamClass *klass)
{
  klass->write_fn = gproc_writer_write_fn;
  klass->writev_fn = gproc_writer_writev_fn;
  klass->splice = _gproc_writer_splice;
  klass->splice_async = _gproc_writer_splice_async;
  klass->splice_finish = _gproc_writer_splice_finish;
  klass->flush = gproc_writer_flush;
  klass->close_fn = gproc_writer_close_fn;
  klass->write_async = gproc_writer_write_async_fn;
  klass->write_finish = gproc_writer_write_finish_fn;
  klass->writev_async = gproc_writer_writev_async_fn;
  klass->writev_finish = gproc_writer_writev_finish_fn;
  klass->flush_async = gproc_writer_flush_async_fn;
  klass->flush_finish = gproc_writer_finish_boolean;
  klass->close_async = gproc_writer_close_async_fn;
  klass->close_finish = gproc_writer_finish_boolean;
}

void
_gproc_writer_install_pollable (GPollableOutputStreamInterface *iface)
{
  iface->can_poll = gproc_writer_can_poll;
  iface->is_writable = gproc_writer_is_writable;
  iface->create_source = gproc_writer_create_source;
  iface->write_nonblocking = gproc_writer_write_nonblocking;
  iface->writev_nonblocking = gproc_writer_writev_nonblocking;
}
