/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine/gproc-container-private.h"

#include <glib/gi18n-lib.h>

/* Starts the request of a task, of which no more is wanted than that it was done. */

static void
done (GObject      *source,
      GAsyncResult *result,
      gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GProcAnswer) answer = NULL;
  GError *error = NULL;

  answer = _gproc_exchange_finish (GPROC_ENGINE (source), result, &error);
  if (answer != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* Takes @rest. */
static void
request (GTask               *task,
         const char          *method,
         char                *rest,
         gboolean             patient,
         GAsyncReadyCallback  callback)
{
  GProcContainer *self = g_task_get_source_object (task);
  g_autofree char *owned = rest;
  GProcRequest request_ = { .method = method, .patient = patient };

  request_.path = _gproc_container_get_path (gproc_container_get_id (self), rest);
  _gproc_exchange_async (gproc_container_get_engine (self), request_, g_task_get_priority (task),
                         g_task_get_cancellable (task), callback, g_object_ref (task));
}

static void
refreshed (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GProcContainer *self = g_task_get_source_object (task);
  g_autoptr (GProcAnswer) answer = NULL;
  GError *error = NULL;

  answer = _gproc_exchange_finish (GPROC_ENGINE (source), result, &error);
  if (answer != NULL && _gproc_container_update (self, answer, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * gproc_container_refresh_async:
 * @self: a container
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the engine has answered, in the thread-default main
 *   context of the caller
 * @user_data: data for @callback
 *
 * Asks the engine for the state of the container. See [method@GProcEngine.Container.refresh].
 *
 * Since: 1.0
 */
void
gproc_container_refresh_async (GProcContainer      *self,
                               int                  io_priority,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (GPROC_IS_CONTAINER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = _gproc_engine_task (self, gproc_container_refresh_async, "[gproc] ask for container",
                             io_priority, cancellable, callback, user_data);
  request (task, "GET", g_strdup ("json"), FALSE, refreshed);
}

/**
 * gproc_container_refresh_finish:
 * @self: a container
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProcEngine.Container.refresh_async].
 *
 * Returns: %TRUE if that was done, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
gproc_container_refresh_finish (GProcContainer  *self,
                                GAsyncResult    *result,
                                GError         **error)
{
  g_return_val_if_fail (GPROC_IS_CONTAINER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_container_refresh_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * gproc_container_refresh:
 * @self: a container
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Asks the engine for the state of the container, and sets the properties that say it.
 *
 * Returns: %TRUE if that was done, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
gproc_container_refresh (GProcContainer  *self,
                         GCancellable    *cancellable,
                         GError         **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GProcBlockingCall call;

  g_return_val_if_fail (GPROC_IS_CONTAINER (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!_gproc_blocking_begin (&call, error))
    return FALSE;
  gproc_container_refresh_async (self, G_PRIORITY_DEFAULT, cancellable, _gproc_blocking_done,
                                 &call);
  result = _gproc_blocking_end (&call);

  return gproc_container_refresh_finish (self, result, error);
}

/**
 * gproc_container_start_async:
 * @self: a container
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the engine has answered, in the thread-default main
 *   context of the caller
 * @user_data: data for @callback
 *
 * Starts the process of the container. See [method@GProcEngine.Container.start].
 *
 * Since: 1.0
 */
void
gproc_container_start_async (GProcContainer      *self,
                             int                  io_priority,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (GPROC_IS_CONTAINER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = _gproc_engine_task (self, gproc_container_start_async, "[gproc] start container",
                             io_priority, cancellable, callback, user_data);
  request (task, "POST", g_strdup ("start"), FALSE, done);
}

/**
 * gproc_container_start_finish:
 * @self: a container
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProcEngine.Container.start_async].
 *
 * Returns: %TRUE if that was done, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
gproc_container_start_finish (GProcContainer  *self,
                              GAsyncResult    *result,
                              GError         **error)
{
  g_return_val_if_fail (GPROC_IS_CONTAINER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_container_start_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * gproc_container_start:
 * @self: a container
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Starts the process of the container. One that runs already is a success.
 *
 * What it writes before [method@GProcEngine.Container.attach] is in the logs alone: whoever wants
 * all of it attaches first. The properties change with the next
 * [method@GProcEngine.Container.refresh].
 *
 * Returns: %TRUE if that was done, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
gproc_container_start (GProcContainer  *self,
                       GCancellable    *cancellable,
                       GError         **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GProcBlockingCall call;

  g_return_val_if_fail (GPROC_IS_CONTAINER (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!_gproc_blocking_begin (&call, error))
    return FALSE;
  gproc_container_start_async (self, G_PRIORITY_DEFAULT, cancellable, _gproc_blocking_done, &call);
  result = _gproc_blocking_end (&call);

  return gproc_container_start_finish (self, result, error);
}

/**
 * gproc_container_kill_async:
 * @self: a container
 * @signum: the number of the signal
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the engine has answered, in the thread-default main
 *   context of the caller
 * @user_data: data for @callback
 *
 * Sends a signal to the process of the container. See [method@GProcEngine.Container.kill].
 *
 * Since: 1.0
 */
void
gproc_container_kill_async (GProcContainer      *self,
                            int                  signum,
                            int                  io_priority,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (GPROC_IS_CONTAINER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = _gproc_engine_task (self, gproc_container_kill_async, "[gproc] kill container",
                             io_priority, cancellable, callback, user_data);
  if (_gproc_engine_check (task, signum > 0, _ ("%d is not the number of a signal"), signum))
    request (task, "POST", g_strdup_printf ("kill?signal=%d", signum), FALSE, done);
}

/**
 * gproc_container_kill_finish:
 * @self: a container
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProcEngine.Container.kill_async].
 *
 * Returns: %TRUE if that was done, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
gproc_container_kill_finish (GProcContainer  *self,
                             GAsyncResult    *result,
                             GError         **error)
{
  g_return_val_if_fail (GPROC_IS_CONTAINER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_container_kill_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * gproc_container_kill:
 * @self: a container
 * @signum: the number of the signal
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Sends a signal to the process of the container.
 *
 * Returns: %TRUE if that was done, %FALSE with @error set: to %G_IO_ERROR_INVALID_ARGUMENT if
 *   @signum is not positive
 *
 * Since: 1.0
 */
gboolean
gproc_container_kill (GProcContainer  *self,
                      int              signum,
                      GCancellable    *cancellable,
                      GError         **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GProcBlockingCall call;

  g_return_val_if_fail (GPROC_IS_CONTAINER (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!_gproc_blocking_begin (&call, error))
    return FALSE;
  gproc_container_kill_async (self, signum, G_PRIORITY_DEFAULT, cancellable, _gproc_blocking_done,
                              &call);
  result = _gproc_blocking_end (&call);

  return gproc_container_kill_finish (self, result, error);
}

/**
 * gproc_container_stop_async:
 * @self: a container
 * @grace_ms: how long the process has to end by itself, in milliseconds
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the engine has answered, in the thread-default main
 *   context of the caller
 * @user_data: data for @callback
 *
 * Ends the process of the container. See [method@GProcEngine.Container.stop].
 *
 * Since: 1.0
 */
void
gproc_container_stop_async (GProcContainer      *self,
                            guint                grace_ms,
                            int                  io_priority,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (GPROC_IS_CONTAINER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = _gproc_engine_task (self, gproc_container_stop_async, "[gproc] stop container",
                             io_priority, cancellable, callback, user_data);
  request (task, "POST", g_strdup_printf ("stop?t=%u", grace_ms / 1000 + (grace_ms % 1000 > 0)),
           TRUE, done);
}

/**
 * gproc_container_stop_finish:
 * @self: a container
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProcEngine.Container.stop_async].
 *
 * Returns: %TRUE if the process is over, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
gproc_container_stop_finish (GProcContainer  *self,
                             GAsyncResult    *result,
                             GError         **error)
{
  g_return_val_if_fail (GPROC_IS_CONTAINER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_container_stop_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * gproc_container_stop:
 * @self: a container
 * @grace_ms: how long the process has to end by itself, in milliseconds
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Ends the process of the container: the engine sends the signal that the image names, by default
 * `SIGTERM`, and `SIGKILL` once the grace is over. One that is over already is a success.
 *
 * Engines count in seconds: a grace that is none in full is rounded up.
 *
 * Returns: %TRUE if the process is over, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
gproc_container_stop (GProcContainer  *self,
                      guint            grace_ms,
                      GCancellable    *cancellable,
                      GError         **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GProcBlockingCall call;

  g_return_val_if_fail (GPROC_IS_CONTAINER (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!_gproc_blocking_begin (&call, error))
    return FALSE;
  gproc_container_stop_async (self, grace_ms, G_PRIORITY_DEFAULT, cancellable, _gproc_blocking_done,
                              &call);
  result = _gproc_blocking_end (&call);

  return gproc_container_stop_finish (self, result, error);
}

static gboolean
is_size (guint rows,
         guint columns)
{
  return rows > 0 && rows <= G_MAXUINT16 && columns > 0 && columns <= G_MAXUINT16;
}

/**
 * gproc_container_resize_async:
 * @self: a container
 * @rows: the number of rows, 1 to 65535
 * @columns: the number of columns, 1 to 65535
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the engine has answered, in the thread-default main
 *   context of the caller
 * @user_data: data for @callback
 *
 * Sets the size of the terminal of the container. See [method@GProcEngine.Container.resize].
 *
 * Since: 1.0
 */
void
gproc_container_resize_async (GProcContainer      *self,
                              guint                rows,
                              guint                columns,
                              int                  io_priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (GPROC_IS_CONTAINER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = _gproc_engine_task (self, gproc_container_resize_async, "[gproc] resize container",
                             io_priority, cancellable, callback, user_data);
  if (_gproc_engine_check (task, is_size (rows, columns),
                           _ ("No terminal has %u rows and %u columns"), rows, columns))
    request (task, "POST", g_strdup_printf ("resize?h=%u&w=%u", rows, columns), FALSE, done);
}

/**
 * gproc_container_resize_finish:
 * @self: a container
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProcEngine.Container.resize_async].
 *
 * Returns: %TRUE if that was done, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
gproc_container_resize_finish (GProcContainer  *self,
                               GAsyncResult    *result,
                               GError         **error)
{
  g_return_val_if_fail (GPROC_IS_CONTAINER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_container_resize_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * gproc_container_resize:
 * @self: a container
 * @rows: the number of rows, 1 to 65535
 * @columns: the number of columns, 1 to 65535
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Sets the size of the terminal of the container.
 *
 * Returns: %TRUE if that was done, %FALSE with @error set: to %G_IO_ERROR_INVALID_ARGUMENT if
 *   @rows or @columns is not in their range
 *
 * Since: 1.0
 */
gboolean
gproc_container_resize (GProcContainer  *self,
                        guint            rows,
                        guint            columns,
                        GCancellable    *cancellable,
                        GError         **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GProcBlockingCall call;

  g_return_val_if_fail (GPROC_IS_CONTAINER (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!_gproc_blocking_begin (&call, error))
    return FALSE;
  gproc_container_resize_async (self, rows, columns, G_PRIORITY_DEFAULT, cancellable,
                                _gproc_blocking_done, &call);
  result = _gproc_blocking_end (&call);

  return gproc_container_resize_finish (self, result, error);
}

/**
 * gproc_container_remove_async:
 * @self: a container
 * @force: whether a process that runs is killed; otherwise that is an error
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the engine has answered, in the thread-default main
 *   context of the caller
 * @user_data: data for @callback
 *
 * Removes the container. See [method@GProcEngine.Container.remove].
 *
 * Since: 1.0
 */
void
gproc_container_remove_async (GProcContainer      *self,
                              gboolean             force,
                              int                  io_priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (GPROC_IS_CONTAINER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = _gproc_engine_task (self, gproc_container_remove_async, "[gproc] remove container",
                             io_priority, cancellable, callback, user_data);
  request (task, "DELETE", g_strdup_printf ("?v=true&force=%s", force ? "true" : "false"), FALSE,
           done);
}

/**
 * gproc_container_remove_finish:
 * @self: a container
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProcEngine.Container.remove_async].
 *
 * Returns: %TRUE if that was done, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
gproc_container_remove_finish (GProcContainer  *self,
                               GAsyncResult    *result,
                               GError         **error)
{
  g_return_val_if_fail (GPROC_IS_CONTAINER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_container_remove_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * gproc_container_remove:
 * @self: a container
 * @force: whether a process that runs is killed; otherwise that is an error
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Removes the container, and the volumes without a name that belong to it.
 *
 * Returns: %TRUE if that was done, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
gproc_container_remove (GProcContainer  *self,
                        gboolean         force,
                        GCancellable    *cancellable,
                        GError         **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GProcBlockingCall call;

  g_return_val_if_fail (GPROC_IS_CONTAINER (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!_gproc_blocking_begin (&call, error))
    return FALSE;
  gproc_container_remove_async (self, force, G_PRIORITY_DEFAULT, cancellable, _gproc_blocking_done,
                                &call);
  result = _gproc_blocking_end (&call);

  return gproc_container_remove_finish (self, result, error);
}
