/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine/gproc-container-private.h"

#include <unistd.h>

#include <glib/gi18n-lib.h>

static GProcConfig
get_config (GProcContainer *self,
            gboolean        has_stdin)
{
  GProcConfig config = { .high_watermark = -1, .low_watermark = -1, .post_exit_grace_ms = -1 };

  config.tty = gproc_container_get_is_pty (self);
  config.has_stdin = has_stdin;
  config.has_stdout = TRUE;
  config.has_stderr = !config.tty;

  return config;
}

static void
carry (GTask       *task,
       GProcTarget  target,
       gboolean     has_stdin)
{
  GProcContainer *self = g_task_get_source_object (task);
  GProcConfig config = get_config (self, has_stdin);
  GProcCarried *carried = _gproc_carried_new (gproc_container_get_engine (self), target, &config);

  carried->id = g_strdup (gproc_container_get_id (self));
  g_task_set_task_data (task, carried, (GDestroyNotify) _gproc_carried_free);
}

static void
carried_over (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GProcCarried *carried = g_task_get_task_data (task);
  GProcCarried *given;
  GError *error = NULL;

  carried->answer = _gproc_exchange_finish (GPROC_ENGINE (source), result, &error);
  if (carried->answer == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  given = _gproc_carried_new (carried->engine, carried->target, &carried->config);
  given->id = g_steal_pointer (&carried->id);
  given->answer = g_steal_pointer (&carried->answer);
  g_task_return_pointer (task, given, (GDestroyNotify) _gproc_carried_free);
}

/* Whether there is a terminal, and something to read, is known now. */
static void
attach_refreshed (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GProcContainer *self = GPROC_CONTAINER (source);
  GProcRequest request = { .kind = GPROC_EXCHANGE_UPGRADE, .method = "POST" };
  gboolean has_stdin;
  GError *error = NULL;

  if (!gproc_container_refresh_finish (self, result, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  has_stdin = _gproc_container_has_stdin (self);
  carry (task, GPROC_TARGET_CONTAINER, has_stdin);
  request.path = _gproc_container_get_path (
    gproc_container_get_id (self), has_stdin
                                     ? "attach?stream=true&stdin=true&stdout=true&stderr=true"
                                     : "attach?stream=true&stdin=false&stdout=true&stderr=true");
  _gproc_exchange_async (gproc_container_get_engine (self), request, g_task_get_priority (task),
                         g_task_get_cancellable (task), carried_over, g_object_ref (task));
}

/**
 * gproc_container_attach_async:
 * @self: a container
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the engine has answered, in the thread-default main
 *   context of the caller
 * @user_data: data for @callback
 *
 * Makes a stream of the process of the container. See [method@GProcEngine.Container.attach].
 *
 * Since: 1.0
 */
void
gproc_container_attach_async (GProcContainer      *self,
                              int                  io_priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (GPROC_IS_CONTAINER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = _gproc_engine_task (self, gproc_container_attach_async, "[gproc] attach to container",
                             io_priority, cancellable, callback, user_data);
  gproc_container_refresh_async (self, io_priority, cancellable, attach_refreshed,
                                 g_object_ref (task));
}

/**
 * gproc_container_attach_finish:
 * @self: a container
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProcEngine.Container.attach_async].
 *
 * Returns: (transfer full): the stream, or %NULL with @error set
 *
 * Since: 1.0
 */
GProcStream *
gproc_container_attach_finish (GProcContainer  *self,
                               GAsyncResult    *result,
                               GError         **error)
{
  g_return_val_if_fail (GPROC_IS_CONTAINER (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_container_attach_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return _gproc_carried_finish (result, error);
}

/**
 * gproc_container_attach:
 * @self: a container
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Makes a stream of the process of the container, whether it runs already or is still to be
 * started: then nothing of what it writes is lost.
 *
 * Its standard input is there if the container was made with one, and standard error unless it has
 * a terminal. Signals go to the process by way of the engine, and whether they arrive is not
 * waited for; the same is true of [method@GProc.Stream.resize], which reports what was wrong with
 * the one before. Use [method@GProcEngine.Container.kill] and
 * [method@GProcEngine.Container.resize] to know. A returncode is what the engine reports, which
 * for a process that was ended by a signal is 128 and the number of the signal.
 *
 * Returns: (transfer full): the stream, or %NULL with @error set
 *
 * Since: 1.0
 */
GProcStream *
gproc_container_attach (GProcContainer  *self,
                        GCancellable    *cancellable,
                        GError         **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GProcBlockingCall call;

  g_return_val_if_fail (GPROC_IS_CONTAINER (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!_gproc_blocking_begin (&call, error))
    return NULL;
  gproc_container_attach_async (self, G_PRIORITY_DEFAULT, cancellable, _gproc_blocking_done, &call);
  result = _gproc_blocking_end (&call);

  return gproc_container_attach_finish (self, result, error);
}

static void
logs_refreshed (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GProcContainer *self = GPROC_CONTAINER (source);
  GProcRequest request = { .kind = GPROC_EXCHANGE_STREAM, .method = "GET" };
  GError *error = NULL;
  char *path;

  if (!gproc_container_refresh_finish (self, result, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  path = g_task_get_task_data (task);
  request.path = g_strdup (path);
  carry (task, GPROC_TARGET_LOGS, FALSE);
  _gproc_exchange_async (gproc_container_get_engine (self), request, g_task_get_priority (task),
                         g_task_get_cancellable (task), carried_over, g_object_ref (task));
}

static char *
make_logs_path (GProcContainer *self,
                GProcLogFlags   flags,
                int             tail)
{
  g_autofree char *lines = tail >= 0 ? g_strdup_printf ("%d", tail) : g_strdup ("all");
  g_autofree char *rest = NULL;

  rest = g_strdup_printf ("logs?stdout=true&stderr=true&follow=%s&timestamps=%s&tail=%s",
                          (flags & GPROC_LOG_FLAGS_FOLLOW) != 0 ? "true" : "false",
                          (flags & GPROC_LOG_FLAGS_TIMESTAMPS) != 0 ? "true" : "false", lines);

  return _gproc_container_get_path (gproc_container_get_id (self), rest);
}

/**
 * gproc_container_logs_async:
 * @self: a container
 * @flags: what is read
 * @tail: how many lines before now, −1 for all
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the engine has answered, in the thread-default main
 *   context of the caller
 * @user_data: data for @callback
 *
 * Reads what the process of the container has written. See [method@GProcEngine.Container.logs].
 *
 * Since: 1.0
 */
void
gproc_container_logs_async (GProcContainer      *self,
                            GProcLogFlags        flags,
                            int                  tail,
                            int                  io_priority,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (GPROC_IS_CONTAINER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = _gproc_engine_task (self, gproc_container_logs_async, "[gproc] read logs", io_priority,
                             cancellable, callback, user_data);
  if (!_gproc_engine_check (task, tail >= -1, _ ("%d is not a number of lines, nor −1 for all"),
                            tail))
    return;

  g_task_set_task_data (task, make_logs_path (self, flags, tail), g_free);
  gproc_container_refresh_async (self, io_priority, cancellable, logs_refreshed,
                                 g_object_ref (task));
}

/**
 * gproc_container_logs_finish:
 * @self: a container
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProcEngine.Container.logs_async].
 *
 * Returns: (transfer full): the stream, or %NULL with @error set
 *
 * Since: 1.0
 */
GProcStream *
gproc_container_logs_finish (GProcContainer  *self,
                             GAsyncResult    *result,
                             GError         **error)
{
  g_return_val_if_fail (GPROC_IS_CONTAINER (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_container_logs_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return _gproc_carried_finish (result, error);
}

/**
 * gproc_container_logs:
 * @self: a container
 * @flags: what is read
 * @tail: how many lines before now, −1 for all
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Reads what the process of the container has written. The stream has standard output and, unless
 * the container has a terminal, standard error. It stands for no process: to wait for it gives
 * %G_IO_ERROR_NOT_SUPPORTED. With %GPROC_LOG_FLAGS_FOLLOW it ends when the process does.
 *
 * Returns: (transfer full): the stream, or %NULL with @error set: to %G_IO_ERROR_INVALID_ARGUMENT
 *   if @tail is less than −1
 *
 * Since: 1.0
 */
GProcStream *
gproc_container_logs (GProcContainer  *self,
                      GProcLogFlags    flags,
                      int              tail,
                      GCancellable    *cancellable,
                      GError         **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GProcBlockingCall call;

  g_return_val_if_fail (GPROC_IS_CONTAINER (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!_gproc_blocking_begin (&call, error))
    return NULL;
  gproc_container_logs_async (self, flags, tail, G_PRIORITY_DEFAULT, cancellable,
                              _gproc_blocking_done, &call);
  result = _gproc_blocking_end (&call);

  return gproc_container_logs_finish (self, result, error);
}

static void
executed (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;

  g_task_return_pointer (task, g_object_ref (result), g_object_unref);
}

/**
 * gproc_container_exec_async:
 * @self: a container
 * @argv: (array zero-terminated=1) (element-type filename): the command and its arguments
 * @launcher: (nullable): how it is to run, or %NULL for three pipes
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the engine has answered, in the thread-default main
 *   context of the caller
 * @user_data: data for @callback
 *
 * Runs a command in the container. See [method@GProcEngine.Container.exec].
 *
 * Since: 1.0
 */
void
gproc_container_exec_async (GProcContainer      *self,
                            const char * const  *argv,
                            GProcLauncher       *launcher,
                            int                  io_priority,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (GPROC_IS_CONTAINER (self));
  g_return_if_fail (argv != NULL);
  g_return_if_fail (launcher == NULL || GPROC_IS_LAUNCHER (launcher));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = _gproc_engine_task (self, gproc_container_exec_async, "[gproc] exec in container",
                             io_priority, cancellable, callback, user_data);
  gproc_engine_exec_async (gproc_container_get_engine (self), gproc_container_get_id (self), argv,
                           launcher, io_priority, cancellable, executed, g_object_ref (task));
}

/**
 * gproc_container_exec_finish:
 * @self: a container
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProcEngine.Container.exec_async].
 *
 * Returns: (transfer full): the stream, or %NULL with @error set
 *
 * Since: 1.0
 */
GProcStream *
gproc_container_exec_finish (GProcContainer  *self,
                             GAsyncResult    *result,
                             GError         **error)
{
  g_autoptr (GAsyncResult) inner = NULL;

  g_return_val_if_fail (GPROC_IS_CONTAINER (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_container_exec_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  inner = g_task_propagate_pointer (G_TASK (result), error);

  return inner != NULL ? gproc_engine_exec_finish (gproc_container_get_engine (self), inner, error)
                       : NULL;
}

/**
 * gproc_container_exec:
 * @self: a container
 * @argv: (array zero-terminated=1) (element-type filename): the command and its arguments
 * @launcher: (nullable): how it is to run, or %NULL for three pipes
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Runs a command in the container. See [method@GProcEngine.Engine.exec].
 *
 * Returns: (transfer full): the stream, or %NULL with @error set
 *
 * Since: 1.0
 */
GProcStream *
gproc_container_exec (GProcContainer      *self,
                      const char * const  *argv,
                      GProcLauncher       *launcher,
                      GCancellable        *cancellable,
                      GError             **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GProcBlockingCall call;

  g_return_val_if_fail (GPROC_IS_CONTAINER (self), NULL);
  g_return_val_if_fail (argv != NULL, NULL);
  g_return_val_if_fail (launcher == NULL || GPROC_IS_LAUNCHER (launcher), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!_gproc_blocking_begin (&call, error))
    return NULL;
  gproc_container_exec_async (self, argv, launcher, G_PRIORITY_DEFAULT, cancellable,
                              _gproc_blocking_done, &call);
  result = _gproc_blocking_end (&call);

  return gproc_container_exec_finish (self, result, error);
}

static void
waited (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  int returncode;

  if (gproc_backend_wait_finish (GPROC_BACKEND (source), result, &returncode, &error))
    g_task_return_int (task, returncode);
  else
    g_task_return_error (task, error);
}

/**
 * gproc_container_wait_async:
 * @self: a container
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the process is over, in the thread-default main
 *   context of the caller
 * @user_data: data for @callback
 *
 * Waits until the process of the container is over. See [method@GProcEngine.Container.wait].
 *
 * Since: 1.0
 */
void
gproc_container_wait_async (GProcContainer      *self,
                            int                  io_priority,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr (GProcBackend) backend = NULL;
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (GPROC_IS_CONTAINER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = _gproc_engine_task (self, gproc_container_wait_async, "[gproc] wait for container",
                             io_priority, cancellable, callback, user_data);
  backend = _gproc_engine_backend_new (gproc_container_get_engine (self), GPROC_TARGET_CONTAINER,
                                       gproc_container_get_id (self), FALSE);
  gproc_backend_wait_async (backend, io_priority, cancellable, waited, g_object_ref (task));
}

/**
 * gproc_container_wait_finish:
 * @self: a container
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProcEngine.Container.wait_async].
 *
 * Returns: the returncode, or [const@GProc.RETURNCODE_NONE] with @error set
 *
 * Since: 1.0
 */
int
gproc_container_wait_finish (GProcContainer  *self,
                             GAsyncResult    *result,
                             GError         **error)
{
  GError *local_error = NULL;
  gssize value;

  g_return_val_if_fail (GPROC_IS_CONTAINER (self), GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (g_task_is_valid (result, self), GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_container_wait_async),
                        GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (error == NULL || *error == NULL, GPROC_RETURNCODE_NONE);

  value = g_task_propagate_int (G_TASK (result), &local_error);
  if (local_error == NULL)
    return (int) value;
  g_propagate_error (error, local_error);

  return GPROC_RETURNCODE_NONE;
}

/**
 * gproc_container_wait:
 * @self: a container
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Waits until the process of the container is over. One that was not started yet is waited for,
 * too.
 *
 * Returns: the returncode, or [const@GProc.RETURNCODE_NONE] with @error set: to
 *   %G_IO_ERROR_INVALID_DATA if the engine goes on not to say whether the process is over or how it
 *   ended
 *
 * Since: 1.0
 */
int
gproc_container_wait (GProcContainer  *self,
                      GCancellable    *cancellable,
                      GError         **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GProcBlockingCall call;

  g_return_val_if_fail (GPROC_IS_CONTAINER (self), GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable),
                        GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (error == NULL || *error == NULL, GPROC_RETURNCODE_NONE);

  if (!_gproc_blocking_begin (&call, error))
    return GPROC_RETURNCODE_NONE;
  gproc_container_wait_async (self, G_PRIORITY_DEFAULT, cancellable, _gproc_blocking_done, &call);
  result = _gproc_blocking_end (&call);

  return gproc_container_wait_finish (self, result, error);
}
