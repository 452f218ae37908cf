/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-write-op-private.h"

#include <glib/gi18n-lib.h>

#include "streams/gproc-output-private.h"
#include "streams/gproc-wait-private.h"

typedef struct
{
  GProcWait wait; /* First, so that the watch is the operation. */
  GProcWriteOps *ops;
  GProcWriteQueue *queue;
  GProcPoller *poller;
  GProcQueuePlace *place; /* NULL where the queue is written in this context anyway. */
  GProcWriteOpKind kind;
  GTask *task;
  guint64 position; /* What had been accepted when the operation began. */
  GOutputVector *vectors;
  gsize n_vectors;
  gboolean on_base;  /* A base stream has the operation; it ends when that ends it. */
  gboolean for_base; /* It waits for the base stream to be free. */
  gboolean waiting_for_queue;
  gboolean aborted; /* A close that was cancelled, and waits for the others alone. */
  void (*done) (GObject *source);
} GProcWriteOp;

/* What each kind waits for, by GProcWriteOpKind. */
static const GProcWaitFor waits_for[] = { GPROC_WAIT_DRAINED, GPROC_WAIT_WRITTEN,
                                          GPROC_WAIT_WRITTEN, GPROC_WAIT_CLOSED };

static void
write_op_free (GProcWriteOp *op)
{
  g_clear_pointer (&op->place, _gproc_write_queue_leave);
  _gproc_write_queue_unref (op->queue);
  _gproc_poller_release (op->poller);
  g_free (op->vectors);
  g_free (op);
}

/* A close completes behind all that it cut short. Called with the lock. */
static void
write_ops_wake_close (GProcWriteOps *ops)
{
  for (guint i = 0; ops->pending != NULL && i < ops->pending->len; i++)
    {
      GProcWriteOp *op = g_ptr_array_index (ops->pending, i);

      if (op->kind == GPROC_WRITE_OP_CLOSE)
        _gproc_watch_wake (&op->wait.watch);
    }
}

static gboolean
write_op_must_wait_for_others (GProcWriteOp *op)
{
  if (op->kind != GPROC_WRITE_OP_CLOSE)
    return FALSE;
  if (op->ops->guest != NULL)
    return TRUE;

  for (guint i = 0; i < op->ops->pending->len; i++)
    if (((GProcWriteOp *) g_ptr_array_index (op->ops->pending, i))->kind != GPROC_WRITE_OP_CLOSE)
      return TRUE;

  return FALSE;
}

static void
write_ops_remove (GProcWriteOps *ops,
                  GProcWriteOp  *op)
{
  g_mutex_lock (&ops->lock);
  g_ptr_array_remove_fast (ops->pending, op);
  if (ops->pending->len == 0)
    g_clear_pointer (&ops->pending, g_ptr_array_unref);
  g_mutex_unlock (&ops->lock);
}

/* Takes @error. The callback may do anything, so nothing of the operation is left. Without
 * the lock. */
static void
write_op_complete (GProcWriteOp *op,
                   gssize        count,
                   GError       *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&op->task);
  GProcWriteOps *ops = op->ops;
  gboolean is_write = op->kind == GPROC_WRITE_OP_WRITE;

  write_ops_remove (ops, op);
  if (op->waiting_for_queue)
    _gproc_write_queue_remove_waiter (op->queue, &op->wait.watch);
  _gproc_wait_finish (&op->wait);
  _gproc_wait_clear (&op->wait);
  if (op->done != NULL)
    op->done (g_task_get_source_object (task));
  write_op_free (op);

  if (error != NULL)
    g_task_return_error (task, error);
  else if (is_write)
    g_task_return_int (task, count);
  else
    g_task_return_boolean (task, TRUE);

  g_mutex_lock (&ops->lock);
  write_ops_wake_close (ops);
  g_mutex_unlock (&ops->lock);
}

/* Waits for the queue, or only until somebody wakes the operation. */
static void
write_op_wait (GProcWriteOp *op,
               gboolean      for_queue)
{
  if (op->waiting_for_queue)
    _gproc_write_queue_remove_waiter (op->queue, &op->wait.watch);
  op->waiting_for_queue = for_queue;
  _gproc_watch_hold (&op->wait.watch, op->poller);
  if (for_queue)
    _gproc_write_queue_add_waiter (op->queue, &op->wait.watch,
                                   op->for_base ? GPROC_WAIT_BASE : waits_for[op->kind],
                                   op->position);

  /* What came between the look and the wait woke nobody. */
  if ((op->ops->shut && op->kind != GPROC_WRITE_OP_CLOSE) ||
      (!op->aborted && g_cancellable_is_cancelled (g_task_get_cancellable (op->task))))
    _gproc_watch_wake (&op->wait.watch);
}

static void
write_op_base_flushed (GObject      *source,
                       GAsyncResult *result,
                       gpointer      user_data)
{
  GError *error = NULL;

  g_output_stream_flush_finish (G_OUTPUT_STREAM (source), result, &error);
  _gproc_write_queue_release_base (((GProcWriteOp *) user_data)->queue);
  write_op_complete (user_data, 0, error);
}

static void
write_op_base_written (GObject      *source,
                       GAsyncResult *result,
                       gpointer      user_data)
{
  GProcWriteOp *op = user_data;
  GError *error = NULL;
  gssize count = g_output_stream_write_finish (G_OUTPUT_STREAM (source), result, &error);

  if (count > 0)
    _gproc_write_queue_count_written (op->queue, (gsize) count);
  _gproc_write_queue_release_base (op->queue);
  write_op_complete (op, count, error);
}

static gpointer
task_ref (gpointer task)
{
  return g_object_ref (task);
}

/* FALSE: the base stream has something else to do; the operation waits for that. */
static gboolean
write_op_take_base (GProcWriteOp *op)
{
  op->on_base = _gproc_write_queue_acquire_base (op->queue);
  op->for_base = !op->on_base;
  if (op->for_base)
    write_op_wait (op, TRUE);

  return op->on_base;
}

/* Behind the queue: writes from the caller's memory, past the queue. TRUE if that is over. */
static gboolean
write_op_write (GProcWriteOp  *op,
                gssize        *count,
                GError       **error)
{
  GOutputStream *base = _gproc_write_queue_get_base (op->queue);
  gboolean pushed;

  if (_gproc_write_queue_is_plain (op->queue))
    {
      if (!write_op_take_base (op))
        return FALSE;
      pushed = _gproc_poller_push_default (op->poller);
      g_output_stream_write_async (base, op->vectors[0].buffer, op->vectors[0].size,
                                   g_task_get_priority (op->task),
                                   g_task_get_cancellable (op->task), write_op_base_written, op);
      _gproc_poller_pop_default (op->poller, pushed);
      return FALSE;
    }

  *count = _gproc_write_queue_write_through (op->queue, op->vectors, op->n_vectors, error);
  if (!g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return TRUE;

  g_clear_error (error);
  if (base != NULL)
    _gproc_wait_for_source (&op->wait, op->poller, _gproc_write_queue_create_source (op->queue),
                            op->task, task_ref, g_object_unref);
  else
    _gproc_wait_for_fd (&op->wait, op->poller, _gproc_write_queue_get_fd (op->queue), G_IO_OUT);

  return FALSE;
}

/* Behind the queue: has a base stream that buffers itself flush too. TRUE if there is none. */
static gboolean
write_op_flush (GProcWriteOp *op)
{
  GOutputStream *base = _gproc_write_queue_get_base (op->queue);
  gboolean pushed;

  if (base == NULL || G_OUTPUT_STREAM_GET_CLASS (base)->flush == NULL)
    return TRUE;

  if (write_op_take_base (op))
    {
      pushed = _gproc_poller_push_default (op->poller);
      g_output_stream_flush_async (base, g_task_get_priority (op->task),
                                   g_task_get_cancellable (op->task), write_op_base_flushed, op);
      _gproc_poller_pop_default (op->poller, pushed);
    }

  return FALSE;
}

/* TRUE if the operation is over because it was cut short. */
static gboolean
write_op_check_stopped (GProcWriteOp  *op,
                        GError       **error)
{
  if (g_cancellable_set_error_if_cancelled (g_task_get_cancellable (op->task), error))
    {
      op->aborted = TRUE;
      if (op->kind == GPROC_WRITE_OP_CLOSE)
        _gproc_write_queue_abort (op->queue);
      if (!write_op_must_wait_for_others (op))
        return TRUE;
      g_clear_error (error);
    }
  else if (op->ops->shut && op->kind != GPROC_WRITE_OP_CLOSE)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The stream was closed"));
      return TRUE;
    }

  return FALSE;
}

/* Goes on as far as it can. TRUE if the operation is over. Called with the lock. */
static gboolean
write_op_advance (GProcWriteOp  *op,
                  gssize        *count,
                  GError       **error)
{
  if (write_op_check_stopped (op, error))
    return TRUE;

  if (write_op_must_wait_for_others (op))
    {
      write_op_wait (op, FALSE);
      return FALSE;
    }

  if (!_gproc_write_queue_reached (op->queue, waits_for[op->kind], op->position, error))
    {
      write_op_wait (op, TRUE);
      return FALSE;
    }

  if (*error != NULL)
    return TRUE;
  if (op->kind == GPROC_WRITE_OP_WRITE)
    return write_op_write (op, count, error);

  return op->kind != GPROC_WRITE_OP_FLUSH || write_op_flush (op);
}

static void
write_op_ready (GProcWatch   *watch,
                GIOCondition  condition)
{
  GProcWriteOp *op = (GProcWriteOp *) watch;
  GError *error = NULL;
  gboolean over;
  gssize count = -1;

  g_mutex_lock (&op->ops->lock);
  over = !op->on_base && write_op_advance (op, &count, &error);
  g_mutex_unlock (&op->ops->lock);

  if (over)
    write_op_complete (op, count, error);
}

/* What is waited for in this context is written in it as well. */
static void
write_op_push (GProcWriteOp *op)
{
  gboolean closes = op->kind == GPROC_WRITE_OP_CLOSE;

  if (closes)
    _gproc_write_queue_begin_close (op->queue);
  else
    _gproc_write_queue_push_some (op->queue);
  op->place = _gproc_write_queue_enter (op->queue, op->poller, closes);
}

void
_gproc_write_op_start (GProcWriteOps        *ops,
                       GProcWriteQueue      *queue,
                       GProcWriteOpKind      kind,
                       const GOutputVector  *vectors,
                       gsize                 n_vectors,
                       GTask                *task,
                       void                (*done) (GObject *source))
{
  GProcWriteOp *op = g_new0 (GProcWriteOp, 1);

  _gproc_wait_init (&op->wait, write_op_ready);
  op->ops = ops;
  op->queue = _gproc_write_queue_ref (queue);
  op->poller = _gproc_poller_acquire (g_task_get_context (task), g_task_get_priority (task));
  op->kind = kind;
  op->task = task;
  op->position = _gproc_write_queue_get_position (queue);
  while (n_vectors > 1 && vectors[0].size == 0)
    {
      vectors++;
      n_vectors--;
    }
  op->vectors = g_memdup2 (vectors, n_vectors * sizeof *vectors);
  op->n_vectors = n_vectors;
  op->done = done;

  if (!g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    {
      write_op_push (op);
      _gproc_wait_set_cancellable (&op->wait, g_task_get_cancellable (task));
    }

  g_mutex_lock (&ops->lock);
  if (ops->pending == NULL)
    ops->pending = g_ptr_array_new ();
  g_ptr_array_add (ops->pending, op);
  write_op_wait (op, TRUE);
  g_mutex_unlock (&ops->lock);
}

void
_gproc_write_ops_enter (GProcWriteOps *ops,
                        GProcGuest    *guest)
{
  g_mutex_lock (&ops->lock);
  ops->guest = guest;
  if (ops->shut)
    guest->closing (guest);
  g_mutex_unlock (&ops->lock);
}

void
_gproc_write_ops_leave (GProcWriteOps *ops)
{
  g_mutex_lock (&ops->lock);
  ops->guest = NULL;
  write_ops_wake_close (ops);
  g_mutex_unlock (&ops->lock);
}

void
_gproc_write_ops_unmark (GProcWriteOps *ops)
{
  g_mutex_lock (&ops->lock);
  if (ops->guest != NULL)
    ops->guest->unmarked = TRUE;
  g_mutex_unlock (&ops->lock);
}

void
_gproc_write_ops_shut (GProcWriteOps *ops)
{
  g_mutex_lock (&ops->lock);
  ops->shut = TRUE;
  if (ops->guest != NULL)
    ops->guest->closing (ops->guest);

  for (guint i = 0; ops->pending != NULL && i < ops->pending->len; i++)
    {
      GProcWriteOp *op = g_ptr_array_index (ops->pending, i);

      /* The descriptor is about to be closed: no wait may be left on it. */
      if (op->on_base || op->kind == GPROC_WRITE_OP_CLOSE)
        continue;
      _gproc_wait_clear (&op->wait);
      _gproc_wait_post (&op->wait, op->poller);
    }
  g_mutex_unlock (&ops->lock);
}
