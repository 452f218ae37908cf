/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-pipeline-private.h"

#include <glib/gi18n-lib.h>

#include "process/gproc-returncode-private.h"
#include "process/gproc-stream-internal-private.h"

/* A wait for all stages. */
typedef struct
{
  guint n_pending;
  GError *error; /* The first one. */
} GProcPipelineWait;

static void
wait_free (gpointer data)
{
  GProcPipelineWait *wait = data;

  g_clear_error (&wait->error);
  g_free (wait);
}

static gboolean
check_spawned (GProcPipeline  *self,
               GError        **error)
{
  if (_gproc_pipeline_is_spawned (self))
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
                       _ ("The pipeline was not spawned"));
  return FALSE;
}

static gboolean
is_over (GProcPipeline *self)
{
  if (!_gproc_pipeline_is_spawned (self))
    return FALSE;

  for (guint i = 0; i < self->stages->len; i++)
    {
      if (!_gproc_stream_is_over (_gproc_pipeline_stage (self, i)->stream))
        return FALSE;
    }

  return TRUE;
}

/* One after the other: meanwhile the queues of all are pushed. */
static gboolean
block (GProcPipeline  *self,
       GCancellable   *cancellable,
       GError        **error)
{
  if (!check_spawned (self, error))
    return FALSE;

  for (guint i = 0; i < self->stages->len; i++)
    {
      if (!_gproc_stream_block (_gproc_pipeline_stage (self, i)->stream, cancellable, error))
        return FALSE;
    }

  return TRUE;
}

static void
stage_over (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GProcPipelineWait *wait = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  gproc_stream_wait_finish (GPROC_STREAM (source), result, &error);

  /* Times that were over are looked at when all is. */
  if (error != NULL && wait->error == NULL &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    wait->error = g_steal_pointer (&error);

  if (--wait->n_pending > 0)
    return;

  if (wait->error != NULL)
    g_task_return_error (task, g_steal_pointer (&wait->error));
  else
    g_task_return_boolean (task, TRUE);
}

static void
wait_async (GProcPipeline       *self,
            int                  io_priority,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data,
            gpointer             source_tag,
            const char          *name)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GProcPipelineWait *wait = g_new0 (GProcPipelineWait, 1);
  GError *error = NULL;

  g_task_set_source_tag (task, source_tag);
  (g_task_set_name) (task, name);
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, wait, wait_free);

  if (!check_spawned (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  wait->n_pending = self->stages->len;
  for (guint i = 0; i < self->stages->len; i++)
    gproc_stream_wait_async (_gproc_pipeline_stage (self, i)->stream, io_priority, cancellable,
                             stage_over, g_object_ref (task));
}

/* Whether no stage was stopped because its time was over. */
static gboolean
check_timeouts (GProcPipeline  *self,
                GError        **error)
{
  for (guint i = 0; i < self->stages->len; i++)
    {
      if (!_gproc_stream_check_timeout (_gproc_pipeline_stage (self, i)->stream, error))
        {
          _gproc_pipeline_prefix_error (self, i, error);
          return FALSE;
        }
    }

  return TRUE;
}

static int
take_returncode (GProcPipeline  *self,
                 GError        **error)
{
  return check_timeouts (self, error) ? gproc_pipeline_get_returncode (self)
                                      : GPROC_RETURNCODE_NONE;
}

static gboolean
check_ended (GProcPipeline  *self,
             GError        **error)
{
  guint decisive = _gproc_pipeline_find_decisive (self);
  GProcStream *stream = _gproc_pipeline_stage (self, decisive)->stream;
  int returncode = gproc_stream_get_returncode (stream);
  g_autoptr (GBytes) stderr_bytes = NULL;

  if (!check_timeouts (self, error))
    return FALSE;

  if (returncode != 0 && error != NULL)
    stderr_bytes = _gproc_stream_peek_stderr (stream);
  if (_gproc_check_returncode (returncode, gproc_stream_get_command (stream), stderr_bytes, error))
    return TRUE;

  _gproc_pipeline_prefix_error (self, decisive, error);

  return FALSE;
}

/**
 * gproc_pipeline_get_running:
 * @self: a pipeline
 *
 * Gets whether there is a stage that is not over.
 *
 * Returns: whether a process runs
 *
 * Since: 1.0
 */
gboolean
gproc_pipeline_get_running (GProcPipeline *self)
{
  g_return_val_if_fail (GPROC_IS_PIPELINE (self), FALSE);

  return _gproc_pipeline_is_spawned (self) && !is_over (self);
}

/**
 * gproc_pipeline_get_returncode:
 * @self: a pipeline
 *
 * Gets how the pipeline ended: with 0 if all stages succeeded, otherwise as the last
 * stage that failed. Without [property@GProc.Pipeline:pipefail] it is how the last stage
 * ended.
 *
 * Returns: the exit status, or −N where signal N ended the process;
 *   [const@GProc.RETURNCODE_NONE] while a stage runs, where nobody can know how it
 *   ended, and before the pipeline is spawned
 *
 * Since: 1.0
 */
int
gproc_pipeline_get_returncode (GProcPipeline *self)
{
  guint decisive;

  g_return_val_if_fail (GPROC_IS_PIPELINE (self), GPROC_RETURNCODE_NONE);

  if (!is_over (self))
    return GPROC_RETURNCODE_NONE;

  decisive = _gproc_pipeline_find_decisive (self);

  return gproc_stream_get_returncode (_gproc_pipeline_stage (self, decisive)->stream);
}

/**
 * gproc_pipeline_get_returncodes:
 * @self: a pipeline
 * @n_returncodes: (out): where to put the number of stages
 *
 * Gets how each stage ended, as bash has it in `PIPESTATUS`.
 *
 * Returns: (transfer full) (array length=n_returncodes) (nullable): for each stage its
 *   [method@GProc.Stream.get_returncode], [const@GProc.RETURNCODE_NONE] for one that was
 *   not spawned; to be freed with [func@GLib.free]; %NULL if there is no stage
 *
 * Since: 1.0
 */
int *
gproc_pipeline_get_returncodes (GProcPipeline *self,
                                gsize         *n_returncodes)
{
  int *returncodes;

  g_return_val_if_fail (GPROC_IS_PIPELINE (self), NULL);
  g_return_val_if_fail (n_returncodes != NULL, NULL);

  *n_returncodes = self->stages->len;
  returncodes = g_new (int, self->stages->len);
  for (guint i = 0; i < self->stages->len; i++)
    {
      GProcStream *stream = gproc_pipeline_get_stage (self, i);

      returncodes[i] = stream != NULL ? gproc_stream_get_returncode (stream)
                                      : GPROC_RETURNCODE_NONE;
    }

  return returncodes;
}

/**
 * gproc_pipeline_try_wait:
 * @self: a pipeline
 *
 * Asks how the pipeline ended, without blocking. It needs no main loop, works in any
 * thread, and knows the answer as soon as the kernel does.
 *
 * Returns: what [method@GProc.Pipeline.get_returncode] returns
 *
 * Since: 1.0
 */
int
gproc_pipeline_try_wait (GProcPipeline *self)
{
  return gproc_pipeline_get_returncode (self);
}

/**
 * gproc_pipeline_wait:
 * @self: a pipeline
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Blocks until all stages are over, whatever becomes of their pipes. What is queued for
 * any of them is written meanwhile; no main context is iterated.
 *
 * A process that writes more than a pipe holds never ends while nobody reads: read the
 * output of the pipeline first.
 *
 * Returns: what [method@GProc.Pipeline.get_returncode] returns, or
 *   [const@GProc.RETURNCODE_NONE]: with @error set to %G_IO_ERROR_CANCELLED if
 *   @cancellable was cancelled, to %G_IO_ERROR_TIMED_OUT if a stage was stopped because
 *   its time was over, to %G_IO_ERROR_NOT_INITIALIZED if the pipeline was not spawned;
 *   and without @error if all are over and nobody can know how
 *
 * Since: 1.0
 */
int
gproc_pipeline_wait (GProcPipeline  *self,
                     GCancellable   *cancellable,
                     GError        **error)
{
  g_return_val_if_fail (GPROC_IS_PIPELINE (self), GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable),
                        GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (error == NULL || *error == NULL, GPROC_RETURNCODE_NONE);

  return block (self, cancellable, error) ? take_returncode (self, error) : GPROC_RETURNCODE_NONE;
}

/**
 * gproc_pipeline_wait_async:
 * @self: a pipeline
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable) (scope async): called when all stages are over, in the
 *   thread-default main context of the caller
 * @user_data: data for @callback
 *
 * Waits until all stages are over, whatever becomes of their pipes. There may be any
 * number of waits at once; cancelling one disturbs neither the others nor the processes.
 * See [method@GProc.Pipeline.wait].
 *
 * Since: 1.0
 */
void
gproc_pipeline_wait_async (GProcPipeline       *self,
                           int                  io_priority,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  g_return_if_fail (GPROC_IS_PIPELINE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  wait_async (self, io_priority, cancellable, callback, user_data, gproc_pipeline_wait_async,
              "[gproc] wait for pipeline");
}

/**
 * gproc_pipeline_wait_finish:
 * @self: a pipeline
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProc.Pipeline.wait_async].
 *
 * Returns: what [method@GProc.Pipeline.wait] returns, with the same errors
 *
 * Since: 1.0
 */
int
gproc_pipeline_wait_finish (GProcPipeline  *self,
                            GAsyncResult   *result,
                            GError        **error)
{
  g_return_val_if_fail (GPROC_IS_PIPELINE (self), GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (g_task_is_valid (result, self), GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_pipeline_wait_async),
                        GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (error == NULL || *error == NULL, GPROC_RETURNCODE_NONE);

  return g_task_propagate_boolean (G_TASK (result), error) ? take_returncode (self, error)
                                                           : GPROC_RETURNCODE_NONE;
}

/**
 * gproc_pipeline_wait_check:
 * @self: a pipeline
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Blocks until all stages are over, as [method@GProc.Pipeline.wait] does, and checks that
 * the pipeline succeeded. The message of the error has the number of the stage that
 * failed, counted from 1, the name of its program, how it ended, and the last 4 KiB of
 * what it wrote to standard error, where that is a pipe of its own that nobody has read
 * yet. It stays there to be read.
 *
 * Returns: %TRUE if [method@GProc.Pipeline.get_returncode] is 0; %FALSE with @error set:
 *   to %GPROC_STREAM_ERROR_EXIT_STATUS for another status, to
 *   %GPROC_STREAM_ERROR_SIGNALED if a signal ended the process, to %G_IO_ERROR_FAILED if
 *   that is unknown, to %G_IO_ERROR_CANCELLED, %G_IO_ERROR_TIMED_OUT or
 *   %G_IO_ERROR_NOT_INITIALIZED as for [method@GProc.Pipeline.wait]
 *
 * Since: 1.0
 */
gboolean
gproc_pipeline_wait_check (GProcPipeline  *self,
                           GCancellable   *cancellable,
                           GError        **error)
{
  g_return_val_if_fail (GPROC_IS_PIPELINE (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return block (self, cancellable, error) && check_ended (self, error);
}

/**
 * gproc_pipeline_wait_check_async:
 * @self: a pipeline
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable) (scope async): called when all stages are over, in the
 *   thread-default main context of the caller
 * @user_data: data for @callback
 *
 * Waits until all stages are over, and checks that the pipeline succeeded. See
 * [method@GProc.Pipeline.wait_check].
 *
 * Since: 1.0
 */
void
gproc_pipeline_wait_check_async (GProcPipeline       *self,
                                 int                  io_priority,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  g_return_if_fail (GPROC_IS_PIPELINE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  wait_async (self, io_priority, cancellable, callback, user_data, gproc_pipeline_wait_check_async,
              "[gproc] wait for pipeline and check");
}

/**
 * gproc_pipeline_wait_check_finish:
 * @self: a pipeline
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProc.Pipeline.wait_check_async].
 *
 * Returns: what [method@GProc.Pipeline.wait_check] returns, with the same errors
 *
 * Since: 1.0
 */
gboolean
gproc_pipeline_wait_check_finish (GProcPipeline  *self,
                                  GAsyncResult   *result,
                                  GError        **error)
{
  g_return_val_if_fail (GPROC_IS_PIPELINE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_pipeline_wait_check_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error) && check_ended (self, error);
}

/* All at once: they have the same grace. */
static void
stop_processes (GProcPipeline *self,
                guint          grace_ms)
{
  for (guint i = 0; _gproc_pipeline_is_spawned (self) && i < self->stages->len; i++)
    _gproc_stream_stop_process (_gproc_pipeline_stage (self, i)->stream, grace_ms, NULL);
}

/**
 * gproc_pipeline_stop:
 * @self: a pipeline
 * @grace_ms: how long the processes have to end by themselves, in milliseconds
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Ends all processes at once, as [method@GProc.Stream.stop] does with one: sends
 * `SIGTERM`, and `SIGKILL` to those that are not over when the grace is; then waits until
 * all are over. The pipeline stays open: its output can be read to the end.
 *
 * Processes that are over already are a success. Cancelling ends the waiting and not the
 * stopping.
 *
 * Returns: %TRUE if all stages are over, %FALSE with @error set: to
 *   %G_IO_ERROR_CANCELLED if @cancellable was cancelled, to
 *   %G_IO_ERROR_NOT_INITIALIZED if the pipeline was not spawned
 *
 * Since: 1.0
 */
gboolean
gproc_pipeline_stop (GProcPipeline  *self,
                     guint           grace_ms,
                     GCancellable   *cancellable,
                     GError        **error)
{
  g_return_val_if_fail (GPROC_IS_PIPELINE (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  stop_processes (self, grace_ms);

  return is_over (self) || block (self, cancellable, error);
}

/**
 * gproc_pipeline_stop_async:
 * @self: a pipeline
 * @grace_ms: how long the processes have to end by themselves, in milliseconds
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable) (scope async): called when all stages are over, in the
 *   thread-default main context of the caller
 * @user_data: data for @callback
 *
 * Ends all processes at once, first by `SIGTERM`, once the grace is over by `SIGKILL`.
 * See [method@GProc.Pipeline.stop].
 *
 * Since: 1.0
 */
void
gproc_pipeline_stop_async (GProcPipeline       *self,
                           guint                grace_ms,
                           int                  io_priority,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  g_return_if_fail (GPROC_IS_PIPELINE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  stop_processes (self, grace_ms);
  wait_async (self, io_priority, cancellable, callback, user_data, gproc_pipeline_stop_async,
              "[gproc] stop pipeline");
}

/**
 * gproc_pipeline_stop_finish:
 * @self: a pipeline
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProc.Pipeline.stop_async].
 *
 * Returns: what [method@GProc.Pipeline.stop] returns, with the same errors
 *
 * Since: 1.0
 */
gboolean
gproc_pipeline_stop_finish (GProcPipeline  *self,
                            GAsyncResult   *result,
                            GError        **error)
{
  g_return_val_if_fail (GPROC_IS_PIPELINE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_pipeline_stop_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
