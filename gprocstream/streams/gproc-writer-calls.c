/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-writer-internal-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "streams/gproc-block-private.h"

/* Queueing, draining and ending. */

/* What is broken says so itself. */
static gboolean
writer_check_open (GProcWriter  *self,
                   GError      **error)
{
  GProcWriteQueueState state = _gproc_write_queue_get_state (self->queue);

  if (!state.closed || state.broken)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The stream is already closed"));

  return FALSE;
}

/* The pending mark is set also while GIO closes the stream. Afterwards the queue knows
 * that it is closed. */
static gboolean
writer_check_pending (GProcWriter  *self,
                      GError      **error)
{
  GOutputStream *stream = (GOutputStream *) self;

  if (G_LIKELY (!g_output_stream_has_pending (stream)))
    return TRUE;

  if (g_output_stream_is_closing (stream))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The stream is already closed"));
  else if (!self->flushing)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                         _ ("Another operation of the stream is under way"));
  else
    return TRUE;

  return FALSE;
}

/**
 * gproc_writer_queue:
 * @self: a writer
 * @data: (array length=length) (element-type guint8): what to write
 * @length: the length of @data in bytes, or −1 if it is a string
 * @error: return location for an error
 *
 * Queues data, which is copied where it is not written at once. Never blocks, and never
 * calls back. No data is no error.
 *
 * Errors: %G_IO_ERROR_CLOSED after [method@GProc.Writer.write_eof] or a close;
 * %G_IO_ERROR_NO_SPACE if the queue would grow beyond [property@GProc.Writer:queue-limit]: then
 * nothing was queued, or if a terminal would cut a line in it, see below; %G_IO_ERROR_PENDING while
 * an operation of [class@Gio.OutputStream] other than a flush is under way;
 * %G_IO_ERROR_BROKEN_PIPE, with the count of what was lost, once nobody reads any more; and what
 * writing itself fails with. Bytes that meet a broken pipe in this very call count as accepted and
 * as discarded.
 *
 * A terminal in canonical mode takes lines of up to 4095 bytes, and the kernel drops the rest of
 * a longer one. A writer on the master side of one refuses such data, and queues none of
 * it. That is a best effort: the mode may be another one when the terminal gets the
 * data, and what others write to it is not known.
 *
 * Returns: %TRUE if all was queued or written
 *
 * Since: 1.0
 */
gboolean
gproc_writer_queue (GProcWriter  *self,
                    const char   *data,
                    gssize        length,
                    GError      **error)
{
  gsize size;

  g_return_val_if_fail (GPROC_IS_WRITER (self), FALSE);
  g_return_val_if_fail (data != NULL || length == 0, FALSE);

  size = length < 0 ? strlen (data) : (gsize) length;

  return writer_check_pending (self, error) &&
         _gproc_write_queue_append (self->queue, data, size, NULL, error);
}

/**
 * gproc_writer_queue_bytes:
 * @self: a writer
 * @bytes: what to write
 * @error: return location for an error
 *
 * Like [method@GProc.Writer.queue], for bytes that need not be copied: a reference is kept
 * until they are written.
 *
 * Returns: %TRUE if all was queued or written
 *
 * Since: 1.0
 */
gboolean
gproc_writer_queue_bytes (GProcWriter  *self,
                          GBytes       *bytes,
                          GError      **error)
{
  gconstpointer data;
  gsize size;

  g_return_val_if_fail (GPROC_IS_WRITER (self), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);

  data = g_bytes_get_data (bytes, &size);

  return writer_check_pending (self, error) &&
         _gproc_write_queue_append (self->queue, data, size, bytes, error);
}

/* All of the pieces, before any of them is queued. */
static gboolean
check_lines (GProcWriter  *self,
             GPtrArray    *pieces,
             GError      **error)
{
  g_autofree GOutputVector *vectors = NULL;

  if (!_gproc_write_queue_types (self->queue))
    return TRUE;

  vectors = g_new (GOutputVector, pieces->len);
  for (guint i = 0; i < pieces->len; i++)
    vectors[i].buffer = g_bytes_get_data (g_ptr_array_index (pieces, i), &vectors[i].size);

  return _gproc_write_queue_check_line (self->queue, vectors, pieces->len, error);
}

/**
 * gproc_writer_queuev:
 * @self: a writer
 * @pieces: (element-type GBytes): what to write, in order
 * @error: return location for an error
 *
 * Like [method@GProc.Writer.queue_bytes], for several pieces: all or none are queued.
 *
 * Returns: %TRUE if all was queued or written
 *
 * Since: 1.0
 */
gboolean
gproc_writer_queuev (GProcWriter  *self,
                     GPtrArray    *pieces,
                     GError      **error)
{
  gsize total = 0;

  g_return_val_if_fail (GPROC_IS_WRITER (self), FALSE);
  g_return_val_if_fail (pieces != NULL, FALSE);

  for (guint i = 0; i < pieces->len; i++)
    total += g_bytes_get_size (g_ptr_array_index (pieces, i));

  if (!writer_check_pending (self, error) ||
      !_gproc_write_queue_check (self->queue, total, error) || !check_lines (self, pieces, error))
    return FALSE;

  for (guint i = 0; i < pieces->len; i++)
    if (!gproc_writer_queue_bytes (self, g_ptr_array_index (pieces, i), error))
      return FALSE;

  return TRUE;
}

/**
 * gproc_writer_drain:
 * @self: a writer
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Waits until the queue is short enough to go on queueing.
 *
 * Once the queue has been longer than [property@GProc.Writer:high-watermark] this waits until
 * it is no longer than [property@GProc.Writer:low-watermark]; otherwise it writes what can be
 * written at once. After [method@GProc.Writer.write_eof] it waits until the end is out.
 *
 * Errors: %G_IO_ERROR_CANCELLED; %G_IO_ERROR_CLOSED; %G_IO_ERROR_BROKEN_PIPE, with the count of
 * what was lost, once nobody reads any more; and what writing itself fails with.
 *
 * Returns: %TRUE if the queue is short
 *
 * Since: 1.0
 */
gboolean
gproc_writer_drain (GProcWriter   *self,
                    GCancellable  *cancellable,
                    GError       **error)
{
  GError *local_error = NULL;

  g_return_val_if_fail (GPROC_IS_WRITER (self), FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error) || !writer_check_open (self, error))
    return FALSE;

  _gproc_write_queue_push (self->queue);
  while (!_gproc_write_queue_reached (self->queue, GPROC_WAIT_DRAINED, 0, &local_error))
    if (!_gproc_block (-1, 0, _gproc_writer_get_row (self), -1, cancellable, error))
      return FALSE;

  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, local_error);

  return FALSE;
}

/**
 * gproc_writer_drain_async:
 * @self: a writer
 * @io_priority: the priority of the operation, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): what to call when the operation is done
 * @user_data: data for @callback
 *
 * Asynchronous form of [method@GProc.Writer.drain].
 *
 * The callback is called in the thread-default main context of the caller, and never
 * before this function returns. Several drains can wait at once, beside other operations.
 *
 * Since: 1.0
 */
void
gproc_writer_drain_async (GProcWriter         *self,
                          int                  io_priority,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  GError *error = NULL;
  GTask *task;

  g_return_if_fail (GPROC_IS_WRITER (self));

  task = _gproc_writer_new_task (self, io_priority, cancellable, callback, user_data,
                                 gproc_writer_drain_async);
  if (!writer_check_open (self, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  _gproc_write_op_start (&self->ops, self->queue, GPROC_WRITE_OP_DRAIN, NULL, 0, task, NULL);
}

/**
 * gproc_writer_drain_finish:
 * @self: a writer
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Finishes [method@GProc.Writer.drain_async].
 *
 * Returns: %TRUE if the queue is short
 *
 * Since: 1.0
 */
gboolean
gproc_writer_drain_finish (GProcWriter   *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_writer_drain_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * gproc_writer_try_flush:
 * @self: a writer
 * @error: return location for an error
 *
 * Writes what can be written without waiting: for event loops other than GLib's, which
 * wait for [method@GProc.Writer.get_fd].
 *
 * Errors: %G_IO_ERROR_WOULD_BLOCK while something is left; %G_IO_ERROR_CLOSED;
 * %G_IO_ERROR_BROKEN_PIPE, with the count of what was lost, once nobody reads any more; and what
 * writing itself fails with.
 *
 * Returns: %TRUE if nothing is left, and an end that was asked for is out
 *
 * Since: 1.0
 */
gboolean
gproc_writer_try_flush (GProcWriter  *self,
                        GError      **error)
{
  GError *local_error = NULL;
  gboolean idle;

  g_return_val_if_fail (GPROC_IS_WRITER (self), FALSE);

  if (!writer_check_open (self, error))
    return FALSE;

  idle = _gproc_write_queue_push (self->queue);
  _gproc_write_queue_reached (self->queue, GPROC_WAIT_WRITTEN, 0, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }

  if (!idle)
    {
      gsize queued = _gproc_write_queue_get_state (self->queue).queued;

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                   g_dngettext (GETTEXT_PACKAGE, "%zu byte is still waiting to be written",
                                "%zu bytes are still waiting to be written", queued),
                   queued);
    }

  return idle;
}

/**
 * gproc_writer_can_write_eof:
 * @self: a writer
 *
 * Whether the end of the stream can be told to whoever reads it without closing more than
 * this stream: so with a pipe that the writer owns, and with a socket. Not with a
 * terminal, TLS, or a base stream of unknown kind.
 *
 * Returns: %TRUE if [method@GProc.Writer.write_eof] can be used
 *
 * Since: 1.0
 */
gboolean
gproc_writer_can_write_eof (GProcWriter *self)
{
  g_return_val_if_fail (GPROC_IS_WRITER (self), FALSE);

  return _gproc_write_queue_can_end (self->queue);
}

/**
 * gproc_writer_write_eof:
 * @self: a writer
 * @error: return location for an error
 *
 * Ends the stream behind what is queued: a pipe is closed, a socket is shut down for
 * writing. Takes effect without a drain; doing it again changes nothing.
 *
 * Afterwards nothing more can be queued. A drain or a flush waits until the end is out.
 *
 * Errors: %G_IO_ERROR_NOT_SUPPORTED if [method@GProc.Writer.can_write_eof] says so;
 * %G_IO_ERROR_CLOSED; %G_IO_ERROR_PENDING while an operation of [class@Gio.OutputStream] other than
 * a flush is under way; %G_IO_ERROR_BROKEN_PIPE, with the count of what was lost, once nobody reads
 * any more.
 *
 * Returns: %TRUE if the end is out, or will be
 *
 * Since: 1.0
 */
gboolean
gproc_writer_write_eof (GProcWriter  *self,
                        GError      **error)
{
  GError *local_error = NULL;

  g_return_val_if_fail (GPROC_IS_WRITER (self), FALSE);

  if (!writer_check_pending (self, error))
    return FALSE;

  /* That the end is out already is no error, as long as the stream is not closed. */
  if (!_gproc_write_queue_check (self->queue, 0, &local_error) &&
      (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CLOSED) ||
       !gproc_writer_can_write_eof (self)))
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  g_clear_error (&local_error);

  if (!gproc_writer_can_write_eof (self))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _ ("The end of this stream cannot be written: it can only be closed"));
      return FALSE;
    }

  /* No pollable source may be left with the descriptor. */
  if (_gproc_write_queue_get_base (self->queue) == NULL)
    _gproc_ready_sources_close (&self->sources);
  _gproc_write_queue_end (self->queue);

  return TRUE;
}

/**
 * gproc_writer_abort:
 * @self: a writer
 *
 * Drops what is queued, counts it as discarded, and closes the descriptor at once. Never
 * blocks. Operations that are under way complete with %G_IO_ERROR_CLOSED.
 *
 * The stream still has to be closed in the sense of [class@Gio.OutputStream], if it is not simply
 * dropped: that has nothing more to do.
 *
 * Since: 1.0
 */
void
gproc_writer_abort (GProcWriter *self)
{
  g_return_if_fail (GPROC_IS_WRITER (self));

  _gproc_ready_sources_close (&self->sources);
  _gproc_write_ops_shut (&self->ops);
  _gproc_write_queue_abort (self->queue);
}
