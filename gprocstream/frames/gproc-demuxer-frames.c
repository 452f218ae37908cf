/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "frames/gproc-demuxer.h"

#include "frames/gproc-demuxer-private.h"
#include "frames/gproc-frame-result-private.h"

/* Both streams of a demuxer, in the order in which they come. */

/**
 * gproc_demuxer_get_fd:
 * @self: a demuxer
 *
 * Gets a descriptor on which another event loop than GLib's can wait for frames, to take them
 * with [method@GProc.Demuxer.try_read_frame] until that says %G_IO_ERROR_WOULD_BLOCK. It is
 * another one than those of the two readers ([method@GProc.Reader.get_fd]), and belongs to
 * the demuxer: only wait for it to become readable.
 *
 * Returns: a file descriptor, or −1 if the base stream has none, or both readers are closed
 *
 * Since: 1.0
 */
int
gproc_demuxer_get_fd (GProcDemuxer *self)
{
  g_return_val_if_fail (GPROC_IS_DEMUXER (self), -1);

  return _gproc_demux_core_get_fd (_gproc_demuxer_get_core (self), GPROC_DEMUX_FRAME);
}

static int
take_frame (GProcDemuxRequest  *request,
            GBytes            **bytes)
{
  if (bytes != NULL)
    *bytes = g_steal_pointer (&request->bytes);
  else
    g_clear_pointer (&request->bytes, g_bytes_unref);

  return request->id;
}

/**
 * gproc_demuxer_read_frame:
 * @self: a demuxer
 * @bytes: (out) (optional) (nullable) (transfer full): what came; %NULL at the end
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads the next frame of either stream, in the order in which they came.
 *
 * A frame that is longer than [property@GProc.Demuxer:buffer-size] comes in pieces
 * of that size; an empty one gives empty bytes. Frames for a reader that is closed are left out.
 *
 * What a reader has taken, or holds in its own buffer, does not come again. What waits for one
 * because the other was read comes first, in pieces of that size, whatever frames it came in.
 *
 * Errors: %G_IO_ERROR_CANCELLED, after which nothing is lost; %G_IO_ERROR_CLOSED once both readers
 * are closed; %GPROC_STREAM_ERROR_INVALID_FRAME, %GPROC_STREAM_ERROR_ENGINE,
 * %G_IO_ERROR_PARTIAL_INPUT and what reading the base stream fails with, behind all that came
 * before.
 *
 * Returns: 1 for standard output, 2 for standard error; −1 at the end, or with @error set
 *
 * Since: 1.0
 */
int
gproc_demuxer_read_frame (GProcDemuxer  *self,
                          GBytes       **bytes,
                          GCancellable  *cancellable,
                          GError       **error)
{
  GProcDemuxRequest request = { .consumer = GPROC_DEMUX_FRAME, .id = -1 };

  g_return_val_if_fail (GPROC_IS_DEMUXER (self), -1);

  if (!_gproc_demux_core_run (_gproc_demuxer_get_core (self), &request, cancellable, error))
    request.id = -1;

  return take_frame (&request, bytes);
}

/**
 * gproc_demuxer_try_read_frame:
 * @self: a demuxer
 * @bytes: (out) (optional) (nullable) (transfer full): what came; %NULL at the end
 * @error: return location for an error
 *
 * Like [method@GProc.Demuxer.read_frame], but never waits.
 *
 * Errors: those of [method@GProc.Demuxer.read_frame], and %G_IO_ERROR_WOULD_BLOCK if no frame,
 * nor a piece of one, is complete. A base stream that is not pollable is not read by this.
 *
 * Returns: 1 for standard output, 2 for standard error; −1 at the end, or with @error set
 *
 * Since: 1.0
 */
int
gproc_demuxer_try_read_frame (GProcDemuxer  *self,
                              GBytes       **bytes,
                              GError       **error)
{
  GProcDemuxRequest request = { .consumer = GPROC_DEMUX_FRAME, .id = -1 };

  g_return_val_if_fail (GPROC_IS_DEMUXER (self), -1);

  if (!_gproc_demux_core_try (_gproc_demuxer_get_core (self), &request, error))
    request.id = -1;

  return take_frame (&request, bytes);
}

/**
 * gproc_demuxer_read_frame_async:
 * @self: a demuxer
 * @io_priority: the priority of the operation, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): what to call when the operation is done
 * @user_data: what to give to @callback
 *
 * Like [method@GProc.Demuxer.read_frame], asynchronously. @callback runs in the thread-default
 * context of the caller. One call at a time: the order of several is not defined.
 *
 * Since: 1.0
 */
void
gproc_demuxer_read_frame_async (GProcDemuxer        *self,
                                int                  io_priority,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  GProcDemuxRequest now = { .consumer = GPROC_DEMUX_FRAME, .id = -1 };
  GProcDemuxCore *core;
  GProcDemuxRequest *request;
  GError *error = NULL;
  GTask *task;

  g_return_if_fail (GPROC_IS_DEMUXER (self));

  core = _gproc_demuxer_get_core (self);
  if (!g_cancellable_is_cancelled (cancellable) &&
      (_gproc_demux_core_try (core, &now, &error) ||
       !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)))
    {
      _gproc_frame_result_return (self, gproc_demuxer_read_frame_async, io_priority, &now, error,
                                  callback, user_data);
      return;
    }

  g_clear_error (&error);
  request = g_new0 (GProcDemuxRequest, 1);
  request->consumer = GPROC_DEMUX_FRAME;
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, gproc_demuxer_read_frame_async);
  g_task_set_name (task, "GProcDemuxer frame");
  g_task_set_priority (task, io_priority);
  /* A frame that was taken is given, even if the cancellable was cancelled since. */
  g_task_set_check_cancellable (task, FALSE);
  _gproc_demux_core_start (core, request, task);
}

/**
 * gproc_demuxer_read_frame_finish:
 * @self: a demuxer
 * @result: what the callback was given
 * @bytes: (out) (optional) (nullable) (transfer full): what came; %NULL at the end
 * @error: return location for an error
 *
 * Ends [method@GProc.Demuxer.read_frame_async].
 *
 * Returns: 1 for standard output, 2 for standard error; −1 at the end, or with @error set
 *
 * Since: 1.0
 */
int
gproc_demuxer_read_frame_finish (GProcDemuxer  *self,
                                 GAsyncResult  *result,
                                 GBytes       **bytes,
                                 GError       **error)
{
  GProcDemuxRequest *request;

  g_return_val_if_fail (GPROC_IS_DEMUXER (self), -1);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_demuxer_read_frame_async), -1);

  if (GPROC_IS_FRAME_RESULT (result))
    {
      request = _gproc_frame_result_propagate (GPROC_FRAME_RESULT (result), error);
    }
  else
    {
      g_return_val_if_fail (g_task_is_valid (result, self), -1);
      request = g_task_get_task_data (G_TASK (result));
      if (!g_task_propagate_boolean (G_TASK (result), error))
        request = NULL;
    }

  if (request != NULL)
    return take_frame (request, bytes);

  if (bytes != NULL)
    *bytes = NULL;

  return -1;
}
