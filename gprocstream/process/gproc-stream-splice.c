/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-stream-internal-private.h"

#include "transfer/gproc-splice-private.h"

/* GIO's finish function wants a result without a source object; callbacks, and the
 * bindings that are built on them, want the stream. So the result has none, and the callback
 * is given one. */
typedef struct
{
  GProcStream *stream; /* Owned. */
  GAsyncReadyCallback callback;
  gpointer user_data;
} SpliceCall;

static void
splice_done (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  SpliceCall *call = user_data;

  if (call->callback != NULL)
    call->callback (G_OBJECT (call->stream), result, call->user_data);
  g_object_unref (call->stream);
  g_free (call);
}

/**
 * gproc_stream_splice_async:
 * @self: a stream
 * @peer: another stream
 * @flags: what to wait for and what to close; @self is the first stream, @peer the second one
 * @io_priority: the priority of the operation, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): what to call when the operation is done
 * @user_data: data for @callback
 *
 * Moves everything that @peer has to the standard input of @self, and the standard output of
 * @self to @peer, at the same time.
 *
 * The flags have the meaning that [method@Gio.IOStream.splice_async] gives them. With
 * %G_IO_STREAM_SPLICE_WAIT_FOR_BOTH the end of one way half-closes its target (the end of file
 * reaches the process, or the other end of a socket), and the other way goes on: a process
 * like `sort`, which answers only when it has seen the end, answers. Where a target cannot be
 * half-closed its output stream is closed. When nobody reads at the end of one way any more,
 * the other way still goes on, and the error is reported in the end. Without the flag the end of
 * one way stops the other.
 *
 * What was read already comes first. Then the kernel moves the bytes by itself where that is
 * faster for the two descriptors; otherwise they are copied. One wake-up moves a bounded
 * amount. [property@GProc.Reader:bytes-read] of standard output and
 * [property@GProc.Writer:bytes-written] of standard input tell how far it is.
 *
 * Nothing is lost when it is cancelled: each byte taken from standard output was written to
 * @peer or can still be read; each byte taken from @peer was written to standard input or is in
 * its queue. A @cancellable that is cancelled already starts nothing, and closes nothing.
 *
 * The callback is called in the thread-default main context of the caller, and never before
 * this function returns. The operation can be finished with
 * [method@GProc.Stream.splice_finish] or [func@Gio.IOStream.splice_finish].
 *
 * Errors, of which the first is reported: %G_IO_ERROR_CANCELLED; %G_IO_ERROR_PENDING if one of
 * the four streams has another operation under way; %G_IO_ERROR_CLOSED if one of them is closed,
 * or was closed meanwhile; %G_IO_ERROR_BROKEN_PIPE; those of reading and writing. The message
 * says whether it was while reading, writing or closing, and of which of the two streams.
 *
 * Since: 1.0
 */
void
gproc_stream_splice_async (GProcStream          *self,
                           GIOStream            *peer,
                           GIOStreamSpliceFlags  flags,
                           int                   io_priority,
                           GCancellable         *cancellable,
                           GAsyncReadyCallback   callback,
                           gpointer              user_data)
{
  SpliceCall *call;
  GTask *task;

  g_return_if_fail (GPROC_IS_STREAM (self));
  g_return_if_fail (G_IS_IO_STREAM (peer));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  call = g_new (SpliceCall, 1);
  call->stream = g_object_ref (self);
  call->callback = callback;
  call->user_data = user_data;

  task = g_task_new (NULL, cancellable, splice_done, call);
  g_task_set_source_tag (task, gproc_stream_splice_async);
  g_task_set_name (task, "GProcStream splice");
  g_task_set_priority (task, io_priority);
  _gproc_splice_async (G_IO_STREAM (self), self->command, peer,
                       GPROC_IS_STREAM (peer) ? GPROC_STREAM (peer)->command : NULL, flags, task);
}

/**
 * gproc_stream_splice_finish:
 * @self: a stream
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Ends an operation that was started with [method@GProc.Stream.splice_async].
 *
 * Returns: %TRUE if everything was moved
 *
 * Since: 1.0
 */
gboolean
gproc_stream_splice_finish (GProcStream   *self,
                            GAsyncResult  *result,
                            GError       **error)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_stream_splice_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
