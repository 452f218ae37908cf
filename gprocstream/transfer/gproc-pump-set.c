/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "transfer/gproc-pump.h"

/* Several pumps that run together. */

typedef struct
{
  GTask *task;
  GCancellable *cancellable; /* Owned: ends the pumps that nobody waits for. */
  gulong cancelled_id;
  guint n_running;
  guint n_waited_for;
  gboolean waits; /* At least one of the pumps is waited for. */
  GError *error;  /* The first of a pump that is waited for. */
} PumpSet;

typedef struct
{
  PumpSet *set;
  gboolean waited_for;
} PumpRun;

static void
set_complete (PumpSet *self)
{
  g_autoptr (GTask) task = self->task;
  GError *error = self->error;

  /* Not g_cancellable_disconnect (), which waits for ever below another of its handlers. */
  if (self->cancelled_id != 0)
    g_signal_handler_disconnect (g_task_get_cancellable (task), self->cancelled_id);
  g_object_unref (self->cancellable);
  g_free (self);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
set_pump_is_over (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autofree PumpRun *run = user_data;
  PumpSet *self = run->set;
  g_autoptr (GError) error = NULL;

  gproc_pump_run_finish (GPROC_PUMP (source), result, &error);
  if (error != NULL && self->error == NULL && (run->waited_for || !self->waits))
    self->error = g_steal_pointer (&error);

  self->n_running--;
  if (run->waited_for && --self->n_waited_for == 0)
    g_cancellable_cancel (self->cancellable);
  if (self->n_running == 0)
    set_complete (self);
}

static void
set_cancelled (GCancellable *cancellable,
               gpointer      own_cancellable)
{
  g_cancellable_cancel (own_cancellable);
}

/**
 * gproc_pump_run_all_async:
 * @pumps: (array length=n_pumps): the pumps
 * @n_pumps: how many there are
 * @io_priority: the priority of the operation, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): what to call when the operation is done
 * @user_data: data for @callback
 *
 * Runs several pumps, until every one whose [property@GProc.Pump:wait-for-output] is %TRUE is
 * done. Those that nobody waits for are then ended too; nothing is lost by that. If none is
 * waited for, all go on to the end of their sources.
 *
 * A pump that fails does not end the others. The result is the first error of a pump that is
 * waited for; what becomes of the others does not matter to it. All pumps have stopped
 * when the callback is called, in the thread-default main context of the caller.
 *
 * Errors: as for [method@GProc.Pump.run_async].
 *
 * Since: 1.0
 */
void
gproc_pump_run_all_async (GProcPump           **pumps,
                          gsize                 n_pumps,
                          int                   io_priority,
                          GCancellable         *cancellable,
                          GAsyncReadyCallback   callback,
                          gpointer              user_data)
{
  PumpSet *self;
  GTask *task;

  g_return_if_fail (pumps != NULL || n_pumps == 0);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  for (gsize i = 0; i < n_pumps; i++)
    g_return_if_fail (GPROC_IS_PUMP (pumps[i]));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, gproc_pump_run_all_async);
  g_task_set_name (task, "GProcPump run all");
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);

  if (n_pumps == 0)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }

  self = g_new0 (PumpSet, 1);
  self->task = task;
  self->cancellable = g_cancellable_new ();
  if (cancellable != NULL)
    self->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (set_cancelled),
                                                g_object_ref (self->cancellable), g_object_unref);

  self->n_running = (guint) n_pumps;
  for (gsize i = 0; i < n_pumps; i++)
    self->n_waited_for += gproc_pump_get_wait_for_output (pumps[i]) ? 1 : 0;
  self->waits = self->n_waited_for > 0;

  for (gsize i = 0; i < n_pumps; i++)
    {
      PumpRun *run = g_new (PumpRun, 1);

      run->set = self;
      run->waited_for = gproc_pump_get_wait_for_output (pumps[i]);
      gproc_pump_run_async (pumps[i], io_priority, self->cancellable, set_pump_is_over, run);
    }
}

/**
 * gproc_pump_run_all_finish:
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Ends an operation that was started with [func@GProc.Pump.run_all_async].
 *
 * Returns: %TRUE if every pump that was waited for has moved all its source had
 *
 * Since: 1.0
 */
gboolean
gproc_pump_run_all_finish (GAsyncResult  *result,
                           GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
