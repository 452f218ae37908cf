/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "transfer/gproc-pump.h"

#include <glib/gi18n-lib.h>

#include "streams/gproc-mover-private.h"
#include "streams/gproc-writer-private.h"
#include "transfer/gproc-half-close-private.h"

/**
 * GProcPump:
 *
 * Moves bytes from an input stream to an output stream.
 *
 * A pump goes on until its source ends ([method@GProc.Pump.run_async],
 * [method@GProc.Pump.run]), or moves what there is now ([method@GProc.Pump.flush]), for a loop
 * of one's own. Several pumps can be run as a set
 * ([func@GProc.Pump.run_all_async]), as for a terminal that is attached to a process: the one for
 * the input does not keep the set alive ([property@GProc.Pump:wait-for-output]).
 *
 * Source and target can be any streams. Where both are on descriptors, the kernel moves
 * the bytes by itself wherever that is faster; otherwise they are copied. One wake-up
 * moves a bounded amount, so that several pumps in one context share it fairly.
 *
 * Nothing is lost: where a transfer is cancelled or its target breaks, each byte was
 * written or can still be read from the source. A source that is not a [class@GProc.Reader] cannot
 * take back what was read ahead; the pump keeps that for its next run, and hands it to the
 * queue of a target that is a [class@GProc.Writer] when it is freed.
 *
 * While a pump runs both streams have their pending operation: reading from the source or
 * writing to the target gives %G_IO_ERROR_PENDING.
 *
 * Since: 1.0
 */

struct _GProcPump
{
  GObject parent_instance;

  GInputStream *source;
  GOutputStream *target;
  gboolean wait_for_output;
  gboolean propagate_close;

  GProcMover *mover;
  GTask *task;       /* Owned: the run that is under way. */
  gboolean ended;    /* The source has ended, and all it had was written or is queued. */
  gboolean finished; /* Also the target was told. */
  GError *error;     /* What came of that, while nobody could be told. Owned. */
};

enum
{
  PROP_0,
  PROP_SOURCE,
  PROP_TARGET,
  PROP_WAIT_FOR_OUTPUT,
  PROP_PROPAGATE_CLOSE,
  PROP_BYTES_TRANSFERRED,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (GProcPump, gproc_pump, G_TYPE_OBJECT)

static void
gproc_pump_constructed (GObject *object)
{
  GProcPump *self = GPROC_PUMP (object);

  if (self->source != NULL && self->target != NULL)
    self->mover = _gproc_mover_new (self->source, self->target);

  G_OBJECT_CLASS (gproc_pump_parent_class)->constructed (object);
}

static void
gproc_pump_dispose (GObject *object)
{
  GProcPump *self = GPROC_PUMP (object);

  g_clear_object (&self->mover);
  g_clear_object (&self->source);
  g_clear_object (&self->target);
  g_clear_error (&self->error);

  G_OBJECT_CLASS (gproc_pump_parent_class)->dispose (object);
}

static void
gproc_pump_get_property (GObject    *object,
                         guint       property_id,
                         GValue     *value,
                         GParamSpec *pspec)
{
  GProcPump *self = GPROC_PUMP (object);

  switch (property_id)
    {
    case PROP_SOURCE:
      g_value_set_object (value, self->source);
      break;
    case PROP_TARGET:
      g_value_set_object (value, self->target);
      break;
    case PROP_WAIT_FOR_OUTPUT:
      g_value_set_boolean (value, self->wait_for_output);
      break;
    case PROP_PROPAGATE_CLOSE:
      g_value_set_boolean (value, self->propagate_close);
      break;
    case PROP_BYTES_TRANSFERRED:
      g_value_set_uint64 (value, gproc_pump_get_bytes_transferred (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
gproc_pump_set_property (GObject      *object,
                         guint         property_id,
                         const GValue *value,
                         GParamSpec   *pspec)
{
  GProcPump *self = GPROC_PUMP (object);

  switch (property_id)
    {
    case PROP_SOURCE:
      self->source = g_value_dup_object (value);
      break;
    case PROP_TARGET:
      self->target = g_value_dup_object (value);
      break;
    case PROP_WAIT_FOR_OUTPUT:
      gproc_pump_set_wait_for_output (self, g_value_get_boolean (value));
      break;
    case PROP_PROPAGATE_CLOSE:
      gproc_pump_set_propagate_close (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags construct_only = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY |
                                     G_PARAM_STATIC_STRINGS;
  const GParamFlags read_write = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY |
                                 G_PARAM_STATIC_STRINGS;

  /**
   * GProcPump:source: (getter get_source)
   *
   * The stream that bytes come from.
   *
   * Since: 1.0
   */
  properties[PROP_SOURCE] = g_param_spec_object ("source", NULL, NULL, G_TYPE_INPUT_STREAM,
                                                 construct_only);

  /**
   * GProcPump:target: (getter get_target)
   *
   * The stream that bytes go to.
   *
   * Since: 1.0
   */
  properties[PROP_TARGET] = g_param_spec_object ("target", NULL, NULL, G_TYPE_OUTPUT_STREAM,
                                                 construct_only);

  /**
   * GProcPump:wait-for-output: (getter get_wait_for_output) (setter set_wait_for_output)
   *
   * Whether a set of pumps goes on as long as this one has not seen the end of its source.
   *
   * Since: 1.0
   */
  properties[PROP_WAIT_FOR_OUTPUT] = g_param_spec_boolean ("wait-for-output", NULL, NULL, TRUE,
                                                           read_write);

  /**
   * GProcPump:propagate-close: (getter get_propagate_close) (setter set_propagate_close)
   *
   * Whether the end of the source closes the target.
   *
   * Since: 1.0
   */
  properties[PROP_PROPAGATE_CLOSE] = g_param_spec_boolean ("propagate-close", NULL, NULL, TRUE,
                                                           read_write);

  /**
   * GProcPump:bytes-transferred: (getter get_bytes_transferred)
   *
   * How many bytes the target has taken. Notified in the context of the run, at most once for
   * each of its wake-ups.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_TRANSFERRED] = g_param_spec_uint64 ("bytes-transferred", NULL, NULL, 0,
                                                            G_MAXUINT64, 0,
                                                            G_PARAM_READABLE |
                                                              G_PARAM_EXPLICIT_NOTIFY |
                                                              G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
gproc_pump_class_init (GProcPumpClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = gproc_pump_constructed;
  object_class->dispose = gproc_pump_dispose;
  object_class->get_property = gproc_pump_get_property;
  object_class->set_property = gproc_pump_set_property;

  install_properties (object_class);
}

static void
gproc_pump_init (GProcPump *self)
{
  self->wait_for_output = TRUE;
  self->propagate_close = TRUE;
}

/**
 * gproc_pump_new:
 * @source: the stream that bytes come from
 * @target: the stream that bytes go to
 *
 * Makes a pump, which keeps a reference to both streams and moves nothing yet.
 *
 * Returns: (transfer full): a new pump
 *
 * Since: 1.0
 */
GProcPump *
gproc_pump_new (GInputStream  *source,
                GOutputStream *target)
{
  g_return_val_if_fail (G_IS_INPUT_STREAM (source), NULL);
  g_return_val_if_fail (G_IS_OUTPUT_STREAM (target), NULL);

  return g_object_new (GPROC_TYPE_PUMP, "source", source, "target", target, NULL);
}

/**
 * gproc_pump_get_source:
 * @self: a pump
 *
 * Gets the stream that bytes come from.
 *
 * Returns: (transfer none): the stream
 *
 * Since: 1.0
 */
GInputStream *
gproc_pump_get_source (GProcPump *self)
{
  g_return_val_if_fail (GPROC_IS_PUMP (self), NULL);

  return self->source;
}

/**
 * gproc_pump_get_target:
 * @self: a pump
 *
 * Gets the stream that bytes go to.
 *
 * Returns: (transfer none): the stream
 *
 * Since: 1.0
 */
GOutputStream *
gproc_pump_get_target (GProcPump *self)
{
  g_return_val_if_fail (GPROC_IS_PUMP (self), NULL);

  return self->target;
}

/**
 * gproc_pump_get_wait_for_output:
 * @self: a pump
 *
 * Gets whether a set of pumps waits for this one.
 *
 * Returns: %TRUE by default
 *
 * Since: 1.0
 */
gboolean
gproc_pump_get_wait_for_output (GProcPump *self)
{
  g_return_val_if_fail (GPROC_IS_PUMP (self), FALSE);

  return self->wait_for_output;
}

/**
 * gproc_pump_set_wait_for_output:
 * @self: a pump
 * @wait_for_output: whether to wait for its end
 *
 * Sets whether a set of pumps ([func@GProc.Pump.run_all_async]) goes on as long as the source
 * of this one has not ended. A pump that runs alone goes on to the end in any case.
 *
 * Since: 1.0
 */
void
gproc_pump_set_wait_for_output (GProcPump *self,
                                gboolean   wait_for_output)
{
  g_return_if_fail (GPROC_IS_PUMP (self));

  wait_for_output = !!wait_for_output;
  if (self->wait_for_output == wait_for_output)
    return;

  self->wait_for_output = wait_for_output;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_WAIT_FOR_OUTPUT]);
}

/**
 * gproc_pump_get_propagate_close:
 * @self: a pump
 *
 * Gets whether the end of the source closes the target.
 *
 * Returns: %TRUE by default
 *
 * Since: 1.0
 */
gboolean
gproc_pump_get_propagate_close (GProcPump *self)
{
  g_return_val_if_fail (GPROC_IS_PUMP (self), FALSE);

  return self->propagate_close;
}

/**
 * gproc_pump_set_propagate_close:
 * @self: a pump
 * @propagate_close: whether to close the target
 *
 * Sets whether the target is closed when the source has ended and all was written. Where the
 * target is one side of a connection, whoever reads at its other end sees the end.
 *
 * Since: 1.0
 */
void
gproc_pump_set_propagate_close (GProcPump *self,
                                gboolean   propagate_close)
{
  g_return_if_fail (GPROC_IS_PUMP (self));

  propagate_close = !!propagate_close;
  if (self->propagate_close == propagate_close)
    return;

  self->propagate_close = propagate_close;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PROPAGATE_CLOSE]);
}

/**
 * gproc_pump_get_bytes_transferred:
 * @self: a pump
 *
 * Gets how many bytes the target has taken since the pump was made. Those that
 * [method@GProc.Pump.flush] left in the queue of the target are among them.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
gproc_pump_get_bytes_transferred (GProcPump *self)
{
  g_return_val_if_fail (GPROC_IS_PUMP (self), 0);

  return self->mover != NULL ? _gproc_mover_get_moved (self->mover) : 0;
}

static gsize
pump_get_queued (GProcPump *self)
{
  return _gproc_write_queue_get_state (
           _gproc_writer_get_queue (_gproc_mover_get_writer (self->mover)))
    .queued;
}

/* Whether the source has ended, and so has what comes of that. */
static gboolean
pump_is_over (GProcPump *self)
{
  GProcWriteQueue *queue = _gproc_writer_get_queue (_gproc_mover_get_writer (self->mover));

  return self->ended && self->error == NULL &&
         (self->finished || !self->propagate_close || _gproc_write_queue_get_state (queue).broken);
}

/**
 * gproc_pump_is_done:
 * @self: a pump
 *
 * Says whether nothing is left to do for a pump that is driven by
 * [method@GProc.Pump.flush]: its source has ended, or [property@GProc.Pump:wait-for-output] is
 * %FALSE, and nothing is left in the queue of its target. Where the source has ended a call may
 * still be needed to close the target, or to tell how it failed: then it is not done.
 *
 * Returns: whether a loop around this pump can end
 *
 * Since: 1.0
 */
gboolean
gproc_pump_is_done (GProcPump *self)
{
  g_return_val_if_fail (GPROC_IS_PUMP (self), FALSE);

  if (self->mover == NULL)
    return TRUE;

  return (pump_is_over (self) || !self->wait_for_output) && pump_get_queued (self) == 0;
}

static gboolean
pump_check_idle (GProcPump  *self,
                 GError    **error)
{
  if (self->task == NULL && self->mover != NULL)
    return TRUE;

  if (self->mover == NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
                         _ ("The pump was made without a source or without a target"));
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING, _ ("The pump is running already"));

  return FALSE;
}

/* Tells what nobody could be told before. */
static gboolean
pump_check_error (GProcPump  *self,
                  GError    **error)
{
  if (self->error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&self->error));

  return FALSE;
}

/* Tells the target that no more comes, as soon as that does not block. */
static gboolean
pump_try_finish (GProcPump  *self,
                 GError    **error)
{
  GProcWriter *writer = _gproc_mover_get_writer (self->mover);
  GError *local_error = NULL;

  if (!pump_check_error (self, error))
    return FALSE;
  if (self->finished)
    return TRUE;

  if (self->propagate_close && gproc_writer_can_write_eof (writer) &&
      !gproc_writer_write_eof (writer, error))
    return FALSE;

  /* What cannot be written yet is no error: a later call goes on with it. */
  if (!gproc_writer_try_flush (writer, &local_error))
    {
      if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          g_error_free (local_error);
          return TRUE;
        }
      g_propagate_error (error, local_error);
      return FALSE;
    }

  self->finished = TRUE;

  return !self->propagate_close ||
         _gproc_half_close (self->target, G_OUTPUT_STREAM (writer), TRUE, NULL, error);
}

/**
 * gproc_pump_flush:
 * @self: a pump
 * @count: how many bytes to move at most; no more than %G_MAXSSIZE
 * @error: return location for an error
 *
 * Moves what can be moved now, without waiting: for a loop of one's own around
 * [func@GProc.select] or a foreign event loop.
 *
 * A source that is neither on a descriptor nor pollable is read in the thread-default main context,
 * which has to be iterated for that.
 *
 * What the target does not take at once is queued by it, up to its high watermark; then
 * nothing is moved until it can write again. Nothing was moved is not an error: the result is
 * 0. Once the source has ended the result is −1, with no error, and the target is
 * closed if [property@GProc.Pump:propagate-close] says so: at once, or, where that would block, in
 * a later call, which is then to be made when the target can write. An error that comes behind
 * bytes that were moved is told by the next call.
 *
 * Errors: %G_IO_ERROR_PENDING if one of the streams has another operation under way;
 * %G_IO_ERROR_BROKEN_PIPE and others of the target; those of the source.
 *
 * Returns: how many bytes were moved, 0 if there was nothing; −1 at the end of the source
 *   (@error is not set), and on errors (@error is set)
 *
 * Since: 1.0
 */
gssize
gproc_pump_flush (GProcPump  *self,
                  gsize       count,
                  GError    **error)
{
  g_autoptr (GError) local_error = NULL;
  GProcMoverState state;
  guint64 moved;

  g_return_val_if_fail (GPROC_IS_PUMP (self), -1);
  g_return_val_if_fail (count <= G_MAXSSIZE, -1);

  if (!pump_check_idle (self, error))
    return -1;

  if (self->ended)
    {
      pump_try_finish (self, error);
      return -1;
    }

  if (!_gproc_mover_begin (self->mover, FALSE, error))
    return -1;
  moved = _gproc_mover_get_moved (self->mover);
  state = _gproc_mover_step_to_queue (self->mover, count, &local_error);
  moved = _gproc_mover_get_moved (self->mover) - moved;
  _gproc_mover_end (self->mover);

  if (moved > 0)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BYTES_TRANSFERRED]);
  /* What broke stays broken, and says so again where nothing is moved any more. */
  if (local_error != NULL && moved == 0)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return -1;
    }
  if (state == GPROC_MOVER_END)
    {
      self->ended = TRUE;
      if (!pump_try_finish (self, &local_error) && moved > 0)
        self->error = g_steal_pointer (&local_error);
      if (moved == 0)
        {
          if (local_error != NULL)
            g_propagate_error (error, g_steal_pointer (&local_error));
          return -1;
        }
    }

  return (gssize) moved;
}

/**
 * gproc_pump_run:
 * @self: a pump
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Moves everything until the source ends, and blocks as long as that takes.
 *
 * No main context is iterated. If [property@GProc.Pump:propagate-close] is %TRUE the target is
 * closed in the end.
 *
 * Errors: as for [method@GProc.Pump.run_async].
 *
 * Returns: %TRUE if the source has ended and everything was written
 *
 * Since: 1.0
 */
gboolean
gproc_pump_run (GProcPump     *self,
                GCancellable  *cancellable,
                GError       **error)
{
  GProcMoverState state;

  g_return_val_if_fail (GPROC_IS_PUMP (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  if (!pump_check_idle (self, error))
    return FALSE;

  if (!self->ended)
    {
      if (!_gproc_mover_begin (self->mover, FALSE, error))
        return FALSE;
      state = _gproc_mover_run (self->mover, cancellable, error);
      _gproc_mover_end (self->mover);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BYTES_TRANSFERRED]);
      if (state != GPROC_MOVER_END)
        return FALSE;
      self->ended = TRUE;
    }

  if (!pump_check_error (self, error))
    return FALSE;
  if (!self->finished && self->propagate_close &&
      !_gproc_half_close (self->target, G_OUTPUT_STREAM (_gproc_mover_get_writer (self->mover)),
                          TRUE, cancellable, error))
    {
      self->finished = !g_cancellable_is_cancelled (cancellable);
      return FALSE;
    }
  self->finished = TRUE;

  return TRUE;
}

/* Takes nothing. The callback may do anything. */
static void
pump_complete (GProcPump    *self,
               const GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_boolean (task, TRUE);
}

static void
pump_target_closed (const GError *error,
                    gpointer      user_data)
{
  GProcPump *self = user_data;

  /* A later run can still close what a cancelled one has not. */
  self->finished = !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  pump_complete (self, error);
}

/* The source has ended. */
static void
pump_finish_async (GProcPump *self)
{
  g_autoptr (GError) error = NULL;

  if (!pump_check_error (self, &error))
    {
      pump_complete (self, error);
      return;
    }

  /* A close that was cancelled has closed all the same, most often. */
  if (self->finished || !self->propagate_close || g_output_stream_is_closed (self->target))
    {
      self->finished = TRUE;
      pump_complete (self, NULL);
      return;
    }

  _gproc_half_close_async (self->target, G_OUTPUT_STREAM (_gproc_mover_get_writer (self->mover)),
                           TRUE, g_task_get_priority (self->task),
                           g_task_get_cancellable (self->task), pump_target_closed, self);
}

static void
pump_moved_some (GProcMover *mover,
                 gpointer    user_data)
{
  g_object_notify_by_pspec (user_data, properties[PROP_BYTES_TRANSFERRED]);
}

static void
pump_moved_all (GProcMover      *mover,
                GProcMoverState  state,
                const GError    *error,
                gpointer         user_data)
{
  GProcPump *self = user_data;

  if (state != GPROC_MOVER_END)
    {
      pump_complete (self, error);
      return;
    }

  self->ended = TRUE;
  pump_finish_async (self);
}

/**
 * gproc_pump_run_async:
 * @self: a pump
 * @io_priority: the priority of the operation, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): what to call when the operation is done
 * @user_data: data for @callback
 *
 * Moves everything until the source ends. If [property@GProc.Pump:propagate-close] is %TRUE
 * the target is closed then.
 *
 * The callback is called in the thread-default main context of the caller, and never before
 * this function returns. [property@GProc.Pump:bytes-transferred] is notified as it goes on. Where
 * the operation fails or is cancelled a later run goes on from there.
 *
 * Errors: %G_IO_ERROR_CANCELLED; %G_IO_ERROR_PENDING if the pump runs already or one of the
 * streams has another operation under way; %G_IO_ERROR_CLOSED if one of them was closed;
 * %G_IO_ERROR_BROKEN_PIPE and others of the target; those of the source.
 *
 * Since: 1.0
 */
void
gproc_pump_run_async (GProcPump           *self,
                      int                  io_priority,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (GPROC_IS_PUMP (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, gproc_pump_run_async);
  g_task_set_name (task, "GProcPump run");
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);

  if (!pump_check_idle (self, &error) ||
      (!self->ended && !_gproc_mover_begin (self->mover, FALSE, &error)))
    {
      g_task_return_error (task, error);
      return;
    }

  self->task = g_steal_pointer (&task);
  if (self->ended)
    pump_finish_async (self);
  else
    _gproc_mover_run_async (self->mover, io_priority, cancellable, pump_moved_some, pump_moved_all,
                            self);
}

/**
 * gproc_pump_run_finish:
 * @self: a pump
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Ends an operation that was started with [method@GProc.Pump.run_async].
 *
 * Returns: %TRUE if the source has ended and everything was written
 *
 * Since: 1.0
 */
gboolean
gproc_pump_run_finish (GProcPump     *self,
                       GAsyncResult  *result,
                       GError       **error)
{
  g_return_val_if_fail (GPROC_IS_PUMP (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
