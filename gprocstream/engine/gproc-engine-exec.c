/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine/gproc-container-private.h"

#include <glib/gi18n-lib.h>

/* A stream is made where its task is finished: in the context of the caller, even if the steps
 * before ran in one of a blocking call. */

GProcCarried *
_gproc_carried_new (GProcEngine       *engine,
                    GProcTarget        target,
                    const GProcConfig *config)
{
  GProcCarried *self = g_new0 (GProcCarried, 1);

  self->engine = g_object_ref (engine);
  self->target = target;
  self->config = *config;

  return self;
}

void
_gproc_carried_free (GProcCarried *self)
{
  g_object_unref (self->engine);
  g_free (self->id);
  g_free (self->command);
  g_clear_pointer (&self->answer, _gproc_answer_free);
  g_free (self);
}

GProcStream *
_gproc_carried_finish (GAsyncResult  *result,
                       GError       **error)
{
  g_autoptr (GProcCarried) carried = g_task_propagate_pointer (G_TASK (result), error);

  if (carried == NULL)
    return NULL;

  return _gproc_engine_stream_new (carried->engine, carried->target, carried->id, carried->command,
                                   &carried->config, carried->resize_failed, carried->answer,
                                   error);
}

static char *
get_exec_path (const char *id,
               const char *rest)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, FALSE);

  return g_strdup_printf ("/exec/%s/%s", escaped, rest);
}

/* What the task holds goes to whoever finishes it. */
static void
return_carried (GTask *task)
{
  GProcCarried *carried = g_task_get_task_data (task);
  GProcCarried *given = _gproc_carried_new (carried->engine, carried->target, &carried->config);

  given->id = g_steal_pointer (&carried->id);
  given->command = g_steal_pointer (&carried->command);
  given->resize_failed = carried->resize_failed;
  given->answer = g_steal_pointer (&carried->answer);
  g_task_return_pointer (task, given, (GDestroyNotify) _gproc_carried_free);
}

/* The size that a terminal begins with is no matter of whether there is a process: one that is
 * over already has none. */
static void
exec_resized (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GProcCarried *carried = g_task_get_task_data (task);
  g_autoptr (GProcAnswer) answer = NULL;

  answer = _gproc_exchange_finish (GPROC_ENGINE (source), result, NULL);
  carried->resize_failed = answer == NULL;
  return_carried (task);
}

static void
exec_started (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GProcCarried *carried = g_task_get_task_data (task);
  GProcRequest request = { .method = "POST" };
  g_autofree char *rest = NULL;
  GError *error = NULL;

  carried->answer = _gproc_exchange_finish (carried->engine, result, &error);
  if (carried->answer == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (!carried->config.tty || carried->config.rows == 0 || carried->config.columns == 0)
    {
      return_carried (task);
      return;
    }

  rest = g_strdup_printf ("resize?h=%u&w=%u", carried->config.rows, carried->config.columns);
  request.path = get_exec_path (carried->id, rest);
  _gproc_exchange_async (carried->engine, request, g_task_get_priority (task),
                         g_task_get_cancellable (task), exec_resized, g_object_ref (task));
}

static JsonNode *
make_start (const GProcConfig *config)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "Detach");
  json_builder_add_boolean_value (builder, FALSE);
  json_builder_set_member_name (builder, "Tty");
  json_builder_add_boolean_value (builder, config->tty);
  _gproc_config_add_size (config, builder);
  json_builder_end_object (builder);

  return json_builder_get_root (builder);
}

static void
exec_created (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GProcCarried *carried = g_task_get_task_data (task);
  GProcRequest request = { .kind = GPROC_EXCHANGE_UPGRADE, .method = "POST" };
  g_autoptr (GProcAnswer) answer = NULL;
  g_autoptr (JsonNode) node = NULL;
  const char *id = NULL;
  GError *error = NULL;

  answer = _gproc_exchange_finish (carried->engine, result, &error);
  if (answer != NULL)
    node = _gproc_answer_parse (answer, JSON_NODE_OBJECT, &error);
  if (node != NULL)
    id = _gproc_json_get_id (json_node_get_object (node));
  if (node != NULL && id == NULL)
    error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                                 _ ("The container engine has made a command without an id"));
  if (id == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  carried->id = g_strdup (id);
  request.path = get_exec_path (id, "start");
  request.json = make_start (&carried->config);
  _gproc_exchange_async (carried->engine, request, g_task_get_priority (task),
                         g_task_get_cancellable (task), exec_started, g_object_ref (task));
}

/**
 * gproc_engine_exec_async:
 * @self: an engine
 * @container: the id or the name of a container that runs
 * @argv: (array zero-terminated=1) (element-type filename): the command and its arguments
 * @launcher: (nullable): how it is to run, or %NULL for three pipes
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the command runs, in the thread-default main context
 *   of the caller
 * @user_data: data for @callback
 *
 * Runs a command in a container. See [method@GProcEngine.Engine.exec].
 *
 * Since: 1.0
 */
void
gproc_engine_exec_async (GProcEngine         *self,
                         const char          *container,
                         const char * const  *argv,
                         GProcLauncher       *launcher,
                         int                  io_priority,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  GProcRequest request = { .method = "POST" };
  GProcCarried *carried;
  GError *error = NULL;
  GProcConfig config;

  g_return_if_fail (GPROC_IS_ENGINE (self));
  g_return_if_fail (container != NULL);
  g_return_if_fail (argv != NULL);
  g_return_if_fail (launcher == NULL || GPROC_IS_LAUNCHER (launcher));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = _gproc_engine_task (self, gproc_engine_exec_async, "[gproc] exec in container",
                             io_priority, cancellable, callback, user_data);
  if (!_gproc_engine_check_name (task, container) ||
      !_gproc_engine_check (task, argv[0] != NULL && argv[0][0] != '\0',
                            _ ("There is no command to run: the arguments are empty")))
    return;
  if (!_gproc_config_init (&config, launcher, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  carried = _gproc_carried_new (self, GPROC_TARGET_EXEC, &config);
  carried->command = g_strdup (argv[0]);
  g_task_set_task_data (task, carried, (GDestroyNotify) _gproc_carried_free);
  request.path = _gproc_container_get_path (container, "exec");
  request.json = _gproc_config_make_exec (&config, argv, launcher);
  _gproc_exchange_async (self, request, io_priority, cancellable, exec_created,
                         g_object_ref (task));
}

/**
 * gproc_engine_exec_finish:
 * @self: an engine
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProcEngine.Engine.exec_async]. The stream belongs to the thread-default
 * main context in which this is called.
 *
 * Returns: (transfer full): the stream, or %NULL with @error set
 *
 * Since: 1.0
 */
GProcStream *
gproc_engine_exec_finish (GProcEngine   *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (GPROC_IS_ENGINE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_engine_exec_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return _gproc_carried_finish (result, error);
}

/**
 * gproc_engine_exec:
 * @self: an engine
 * @container: the id or the name of a container that runs
 * @argv: (array zero-terminated=1) (element-type filename): the command and its arguments
 * @launcher: (nullable): how it is to run, or %NULL for three pipes
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Runs a command in a container.
 *
 * Of @launcher these settings count: where the three descriptors lead, environment, folder,
 * user and group, the size of the terminal, limits and watermarks. A container inherits nothing
 * of the application: the environment is that of the container and what was set with
 * [method@GProc.Launcher.setenv] or [method@GProc.Launcher.set_environ], the folder and the
 * user are those of the container unless they were set, and standard error is a pipe of its own
 * unless it was set to something else. With %GPROC_DISPOSITION_PTY for any of the three the
 * command has a terminal, whose output is [method@GProc.Stream.get_stdout] alone. What a
 * command in a container cannot have is %G_IO_ERROR_NOT_SUPPORTED.
 *
 * The stream is one like that of a child of the application, with these differences: its
 * [property@GProc.Stream:identifier] is that of the engine for the command, there is no process
 * id, and the engine sends no signals to commands: [method@GProc.Stream.send_signal] and all
 * that needs it give %G_IO_ERROR_NOT_SUPPORTED. A returncode is what the engine reports, which for
 * a command that was ended by a signal is 128 and the number of the signal. The end of the command
 * is learnt by asking the engine: what that says is running is waited for, also where its outputs
 * have ended, and an engine that says nothing of the kind makes the wait fail with
 * %G_IO_ERROR_INVALID_DATA 3 seconds after the end of the outputs. Over TLS standard input cannot
 * be half closed by [method@GProc.Writer.write_eof]: closing it does that.
 *
 * A command that is not there is no error of this call with every engine: Podman says so on
 * standard error, and by the returncode 127.
 *
 * Returns: (transfer full): the stream, or %NULL with @error set: to %G_IO_ERROR_INVALID_ARGUMENT
 *   if @container or @argv is empty
 *
 * Since: 1.0
 */
GProcStream *
gproc_engine_exec (GProcEngine         *self,
                   const char          *container,
                   const char * const  *argv,
                   GProcLauncher       *launcher,
                   GCancellable        *cancellable,
                   GError             **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GProcBlockingCall call;

  g_return_val_if_fail (GPROC_IS_ENGINE (self), NULL);
  g_return_val_if_fail (container != NULL, NULL);
  g_return_val_if_fail (argv != NULL, NULL);
  g_return_val_if_fail (launcher == NULL || GPROC_IS_LAUNCHER (launcher), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!_gproc_blocking_begin (&call, error))
    return NULL;
  gproc_engine_exec_async (self, container, argv, launcher, G_PRIORITY_DEFAULT, cancellable,
                           _gproc_blocking_done, &call);
  result = _gproc_blocking_end (&call);

  return gproc_engine_exec_finish (self, result, error);
}
