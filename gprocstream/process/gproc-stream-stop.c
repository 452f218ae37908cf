/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <signal.h>

#include "process/gproc-stream-internal-private.h"

/**
 * gproc_stream_send_signal:
 * @self: a stream
 * @signum: the number of the signal
 * @error: where to put an error
 *
 * Sends a signal to the process. Works in any thread, and never reaches another
 * process that has the same id after this one ended.
 *
 * Returns: %TRUE if the signal was sent, %FALSE with @error set: to
 *   %G_IO_ERROR_NOT_SUPPORTED if there is no process or it takes no signals, to
 *   another code if it is over or the system refused
 *
 * Since: 1.0
 */
gboolean
gproc_stream_send_signal (GProcStream  *self,
                          int           signum,
                          GError      **error)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return _gproc_stream_has_process (self, error) &&
         gproc_backend_send_signal (self->backend, signum, FALSE, error);
}

/**
 * gproc_stream_send_signal_group:
 * @self: a stream
 * @signum: the number of the signal
 * @error: where to put an error
 *
 * Sends a signal to the process group that the process leads: the process and its
 * descendants, other than those that left the group. A process leads one if it was
 * started with [property@GProc.Launcher:process-group] or
 * [property@GProc.Launcher:new-session].
 *
 * Returns: %TRUE if the signal was sent, %FALSE with @error set: to
 *   %G_IO_ERROR_NOT_SUPPORTED if there is no process or it leads no group, to
 *   another code if it is over or the system refused
 *
 * Since: 1.0
 */
gboolean
gproc_stream_send_signal_group (GProcStream  *self,
                                int           signum,
                                GError      **error)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return _gproc_stream_has_process (self, error) &&
         gproc_backend_send_signal (self->backend, signum, TRUE, error);
}

/**
 * gproc_stream_terminate:
 * @self: a stream
 * @error: where to put an error
 *
 * Asks the process to end: sends it `SIGTERM`. See
 * [method@GProc.Stream.send_signal].
 *
 * Returns: %TRUE if the signal was sent, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
gproc_stream_terminate (GProcStream  *self,
                        GError      **error)
{
  return gproc_stream_send_signal (self, SIGTERM, error);
}

/**
 * gproc_stream_kill:
 * @self: a stream
 * @error: where to put an error
 *
 * Ends the process: sends it `SIGKILL`. See [method@GProc.Stream.send_signal].
 *
 * Returns: %TRUE if the signal was sent, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
gproc_stream_kill (GProcStream  *self,
                   GError      **error)
{
  return gproc_stream_send_signal (self, SIGKILL, error);
}

/* The rest happens in the worker: nobody has to wait, or to iterate a context. */
gboolean
_gproc_stream_stop_process (GProcStream  *self,
                            guint         grace_ms,
                            GError      **error)
{
  if (self->backend == NULL || _gproc_stream_is_over (self))
    return TRUE;

  if (self->child != NULL)
    _gproc_child_stop (self->child, grace_ms);
  else if (self->events != NULL)
    return _gproc_stream_events_stop_process (self, grace_ms, error);

  return TRUE;
}

/**
 * gproc_stream_stop:
 * @self: a stream
 * @grace_ms: how long the process has to end by itself, in milliseconds
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Ends the process: sends `SIGTERM`, and `SIGKILL` once the grace is over, to the
 * group if the process leads one; then waits until it is over. The library sees to
 * the second signal, whether or not a main loop runs. With a grace of 0 it follows at
 * once. The stream stays open: its output can be read to the end.
 *
 * A process that is over already is a success. Cancelling ends the waiting and not
 * the stopping.
 *
 * Returns: %TRUE if the process is over, %FALSE with @error set: to
 *   %G_IO_ERROR_CANCELLED if @cancellable was cancelled, to
 *   %G_IO_ERROR_NOT_SUPPORTED if there is no process or it takes no signals
 *
 * Since: 1.0
 */
gboolean
gproc_stream_stop (GProcStream   *self,
                   guint          grace_ms,
                   GCancellable  *cancellable,
                   GError       **error)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!_gproc_stream_has_process (self, error))
    return FALSE;

  if (!_gproc_stream_stop_process (self, grace_ms, error))
    return FALSE;
  if (!_gproc_stream_is_over (self) && !_gproc_stream_block (self, cancellable, error))
    return FALSE;

  _gproc_stream_events_process_over (self);

  return TRUE;
}

/**
 * gproc_stream_stop_async:
 * @self: a stream
 * @grace_ms: how long the process has to end by itself, in milliseconds
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the process is over, in the
 *   thread-default main context of the caller
 * @user_data: data for @callback
 *
 * Ends the process, first by `SIGTERM`, once the grace is over by `SIGKILL`. See
 * [method@GProc.Stream.stop].
 *
 * Since: 1.0
 */
void
gproc_stream_stop_async (GProcStream         *self,
                         guint                grace_ms,
                         int                  io_priority,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  GError *error = NULL;
  GTask *task;

  g_return_if_fail (GPROC_IS_STREAM (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, gproc_stream_stop_async);
  g_task_set_name (task, "[gproc] stop");
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);

  if (_gproc_stream_stop_process (self, grace_ms, &error))
    {
      _gproc_stream_wait_task (self, task);
      return;
    }

  g_task_return_error (task, error);
  g_object_unref (task);
}

/**
 * gproc_stream_stop_finish:
 * @self: a stream
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProc.Stream.stop_async].
 *
 * Returns: what [method@GProc.Stream.stop] returns, with the same errors
 *
 * Since: 1.0
 */
gboolean
gproc_stream_stop_finish (GProcStream   *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_stream_stop_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * gproc_stream_abort:
 * @self: a stream
 *
 * Gives up: drops what is queued, closes the stream and everything that belongs to
 * it, and kills the process, and the group if it leads one. Operations that are
 * pending complete with %G_IO_ERROR_CLOSED. It never blocks, and the library sees to
 * the rest: there is nothing to wait for.
 *
 * Since: 1.0
 */
void
gproc_stream_abort (GProcStream *self)
{
  g_autoptr (GCancellable) cancelled = NULL;

  g_return_if_fail (GPROC_IS_STREAM (self));

  _gproc_stream_stop_process (self, 0, NULL);
  _gproc_stream_force_close (self);

  /* A close that is under way finds everything closed, and completes by itself. */
  if (self->closing)
    {
      self->aborted = TRUE;
      return;
    }

  /* GIO is told with a token that leaves nothing to wait for. */
  cancelled = g_cancellable_new ();
  g_cancellable_cancel (cancelled);
  g_io_stream_clear_pending (G_IO_STREAM (self));
  g_io_stream_close (G_IO_STREAM (self), cancelled, NULL);
}
