/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-pipeline-private.h"
#include "process/gproc-stream-internal-private.h"

/* The pipes are closed as those of one stream, which takes care that what is queued for
 * the first stage can still run through to the last. The stages find them closed. */

static void
begin_close (GProcPipeline *self)
{
  self->closing = TRUE;

  for (guint i = 0; i < self->stages->len; i++)
    {
      GProcStream *stream = _gproc_pipeline_stage (self, i)->stream;

      if (stream != NULL)
        _gproc_stream_stop_for_close (stream);
    }
}

static void
end_close (GProcPipeline *self)
{
  for (guint i = 0; i < self->stages->len; i++)
    {
      GProcStream *stream = _gproc_pipeline_stage (self, i)->stream;

      if (stream != NULL)
        g_io_stream_close (G_IO_STREAM (stream), NULL, NULL);
    }

  self->closing = FALSE;
}

gboolean
_gproc_pipeline_close (GIOStream     *stream,
                       GCancellable  *cancellable,
                       GError       **error)
{
  GProcPipeline *self = GPROC_PIPELINE (stream);
  gboolean success;

  if (self->joined == NULL)
    return TRUE;

  begin_close (self);
  success = g_io_stream_close (G_IO_STREAM (self->joined), cancellable, error);
  end_close (self);

  return success;
}

static void
joined_closed (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  g_io_stream_close_finish (G_IO_STREAM (source), result, &error);
  end_close (g_task_get_source_object (task));

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

void
_gproc_pipeline_close_async (GIOStream           *stream,
                             int                  io_priority,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  GProcPipeline *self = GPROC_PIPELINE (stream);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, _gproc_pipeline_close_async);
  g_task_set_name (task, "[gproc] close pipeline");
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);

  if (self->joined == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  begin_close (self);
  g_io_stream_close_async (G_IO_STREAM (self->joined), io_priority, cancellable, joined_closed,
                           g_steal_pointer (&task));
}

gboolean
_gproc_pipeline_close_finish (GIOStream     *stream,
                              GAsyncResult  *result,
                              GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * gproc_pipeline_abort:
 * @self: a pipeline
 *
 * Gives up: drops what is queued, closes the pipeline and its stages and everything that
 * belongs to them, and kills the processes, and the groups of those that lead one.
 * Operations that are pending complete with %G_IO_ERROR_CLOSED. It never blocks, and the
 * library sees to the rest: there is nothing to wait for.
 *
 * Since: 1.0
 */
void
gproc_pipeline_abort (GProcPipeline *self)
{
  g_autoptr (GCancellable) cancelled = NULL;

  g_return_if_fail (GPROC_IS_PIPELINE (self));

  /* None of them is to see another one end, and have something to say about it. */
  for (guint i = 0; _gproc_pipeline_is_spawned (self) && i < self->stages->len; i++)
    _gproc_stream_stop_process (_gproc_pipeline_stage (self, i)->stream, 0, NULL);

  if (self->joined != NULL)
    gproc_stream_abort (self->joined);
  for (guint i = 0; _gproc_pipeline_is_spawned (self) && i < self->stages->len; i++)
    gproc_stream_abort (_gproc_pipeline_stage (self, i)->stream);

  /* A close that is under way finds everything closed, and completes by itself. */
  if (self->closing)
    return;

  /* GIO is told with a token that leaves nothing to wait for. */
  cancelled = g_cancellable_new ();
  g_cancellable_cancel (cancelled);
  g_io_stream_clear_pending (G_IO_STREAM (self));
  g_io_stream_close (G_IO_STREAM (self), cancelled, NULL);
}
