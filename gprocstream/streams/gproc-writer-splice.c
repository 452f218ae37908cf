/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-mover-private.h"
#include "streams/gproc-writer-internal-private.h"

/* The splice of GOutputStream. The caller in GIO has the pending mark of the writer. A mover
 * moves all there is; then GIO's own, which is given a source that has ended, closes the
 * target as the flags say. The real source is not read again: the end of a terminal is an
 * end only once. */

static GOutputStreamClass *
get_parent_class (void)
{
  static gpointer parent_class;

  if (g_once_init_enter (&parent_class))
    g_once_init_leave (&parent_class, g_type_class_peek_static (G_TYPE_OUTPUT_STREAM));

  return parent_class;
}

/* The count as GIO can give it. */
static gssize
clip_count (guint64 moved)
{
  return moved > G_MAXSSIZE ? G_MAXSSIZE : (gssize) moved;
}

gssize
_gproc_writer_splice (GOutputStream             *stream,
                      GInputStream              *source,
                      GOutputStreamSpliceFlags   flags,
                      GCancellable              *cancellable,
                      GError                   **error)
{
  g_autoptr (GProcMover) mover = _gproc_mover_new (source, stream);
  g_autoptr (GInputStream) tail = g_memory_input_stream_new ();
  GError *local_error = NULL;

  /* As below. */
  _gproc_mover_ignore_peer (mover, TRUE);
  if (_gproc_mover_begin (mover, TRUE, &local_error))
    {
      _gproc_mover_run (mover, cancellable, &local_error);
      _gproc_mover_end (mover);
      _gproc_mover_hand_over_rest (mover);
    }

  if ((flags & G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE) != 0)
    g_input_stream_close (source, cancellable, NULL);
  get_parent_class ()->splice (stream, tail, flags, local_error == NULL ? cancellable : NULL,
                               local_error == NULL ? &local_error : NULL);

  if (local_error == NULL)
    return clip_count (_gproc_mover_get_moved (mover));

  g_propagate_error (error, local_error);

  return -1;
}

typedef struct
{
  GProcMover *mover;
  GInputStream *source;
  GOutputStreamSpliceFlags flags;
  GError *error;
} SpliceData;

static void
splice_data_free (SpliceData *data)
{
  g_clear_object (&data->mover);
  g_clear_object (&data->source);
  g_clear_error (&data->error);
  g_free (data);
}

static void
splice_tail_done (GObject      *stream,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  SpliceData *data = g_task_get_task_data (task);

  get_parent_class ()->splice_finish (G_OUTPUT_STREAM (stream), result,
                                      data->error == NULL ? &data->error : NULL);

  if (data->error != NULL)
    g_task_return_error (task, g_steal_pointer (&data->error));
  else
    g_task_return_int (task, clip_count (_gproc_mover_get_moved (data->mover)));
}

static void
splice_close_target (GTask *task)
{
  SpliceData *data = g_task_get_task_data (task);
  g_autoptr (GInputStream) tail = g_memory_input_stream_new ();

  get_parent_class ()->splice_async (g_task_get_source_object (task), tail, data->flags,
                                     g_task_get_priority (task),
                                     data->error == NULL ? g_task_get_cancellable (task) : NULL,
                                     splice_tail_done, task);
}

static void
splice_source_closed (GObject      *source,
                      GAsyncResult *result,
                      gpointer      user_data)
{
  g_input_stream_close_finish (G_INPUT_STREAM (source), result, NULL);
  splice_close_target (user_data);
}

static void
splice_moved (GProcMover      *mover,
              GProcMoverState  state,
              const GError    *error,
              gpointer         user_data)
{
  GTask *task = user_data;
  SpliceData *data = g_task_get_task_data (task);

  _gproc_mover_hand_over_rest (mover);
  data->error = error != NULL ? g_error_copy (error) : NULL;
  if ((data->flags & G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE) != 0)
    g_input_stream_close_async (data->source, g_task_get_priority (task),
                                g_task_get_cancellable (task), splice_source_closed, task);
  else
    splice_close_target (task);
}

void
_gproc_writer_splice_async (GOutputStream            *stream,
                            GInputStream             *source,
                            GOutputStreamSpliceFlags  flags,
                            int                       io_priority,
                            GCancellable             *cancellable,
                            GAsyncReadyCallback       callback,
                            gpointer                  user_data)
{
  GTask *task = _gproc_writer_new_task (GPROC_WRITER (stream), io_priority, cancellable, callback,
                                        user_data, _gproc_writer_splice_async);
  SpliceData *data = g_new0 (SpliceData, 1);
  g_autoptr (GError) error = NULL;

  data->mover = _gproc_mover_new (source, stream);
  data->source = g_object_ref (source);
  data->flags = flags;
  g_task_set_task_data (task, data, (GDestroyNotify) splice_data_free);
  /* GIO's splice of two streams stops the other way when this one is over: but the process that
   * reads no more may have said a lot before. */
  _gproc_mover_ignore_peer (data->mover, TRUE);

  if (_gproc_mover_begin (data->mover, TRUE, &error))
    _gproc_mover_run_async (data->mover, io_priority, cancellable, NULL, splice_moved, task);
  else
    splice_moved (data->mover, GPROC_MOVER_SOURCE_FAILED, error, task);
}

gssize
_gproc_writer_splice_finish (GOutputStream  *stream,
                             GAsyncResult   *result,
                             GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), -1);

  return g_task_propagate_int (G_TASK (result), error);
}
