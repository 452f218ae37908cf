/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine/gproc-container-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Whatever else answers to such a request does not answer this. */
static gboolean
is_engine (GProcAnswer *answer)
{
  gsize size;
  const char *data = g_bytes_get_data (answer->bytes, &size);

  return soup_message_headers_get_one (answer->headers, "Api-Version") != NULL ||
         (size == 2 && memcmp (data, "OK", 2) == 0);
}

static void
pinged (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GProcEngine *self = GPROC_ENGINE (source);
  g_autoptr (GProcAnswer) answer = NULL;
  GError *error = NULL;

  answer = _gproc_exchange_finish (self, result, &error);
  if (answer != NULL && !is_engine (answer))
    error = g_error_new (G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                         _ ("What answers at %s is no container engine: %s"), self->address->text,
                         _ ("it does not say which version of the API it has"));

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

/**
 * gproc_engine_ping_async:
 * @self: an engine
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the engine has answered, in the thread-default main
 *   context of the caller
 * @user_data: data for @callback
 *
 * Asks whether the engine is there. See [method@GProcEngine.Engine.ping].
 *
 * Since: 1.0
 */
void
gproc_engine_ping_async (GProcEngine         *self,
                         int                  io_priority,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  GProcRequest request = { .method = "GET" };

  g_return_if_fail (GPROC_IS_ENGINE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = _gproc_engine_task (self, gproc_engine_ping_async, "[gproc] ping engine", io_priority,
                             cancellable, callback, user_data);
  request.path = g_strdup ("/_ping");
  _gproc_exchange_async (self, request, io_priority, cancellable, pinged, g_object_ref (task));
}

/**
 * gproc_engine_ping_finish:
 * @self: an engine
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProcEngine.Engine.ping_async].
 *
 * Returns: %TRUE if an engine answers, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
gproc_engine_ping_finish (GProcEngine   *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (GPROC_IS_ENGINE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_engine_ping_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * gproc_engine_ping:
 * @self: an engine
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Asks whether the engine is there.
 *
 * Returns: %TRUE if an engine answers, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
gproc_engine_ping (GProcEngine   *self,
                   GCancellable  *cancellable,
                   GError       **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GProcBlockingCall call;

  g_return_val_if_fail (GPROC_IS_ENGINE (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!_gproc_blocking_begin (&call, error))
    return FALSE;
  gproc_engine_ping_async (self, G_PRIORITY_DEFAULT, cancellable, _gproc_blocking_done, &call);
  result = _gproc_blocking_end (&call);

  return gproc_engine_ping_finish (self, result, error);
}

static void
connect_pinged (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (gproc_engine_ping_finish (GPROC_ENGINE (source), result, &error))
    g_task_return_pointer (task, g_object_ref (source), g_object_unref);
  else
    g_task_return_error (task, error);
}

/**
 * gproc_engine_connect_async:
 * @address: (nullable): the address of the engine, or %NULL for that of the environment
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the engine has answered, in the thread-default main
 *   context of the caller
 * @user_data: data for @callback
 *
 * Makes an engine, and asks whether it is there. See
 * [ctor@GProcEngine.Engine.new_connected].
 *
 * Since: 1.0
 */
void
gproc_engine_connect_async (const char          *address,
                            int                  io_priority,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GProcEngine) self = NULL;
  GError *error = NULL;

  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = _gproc_engine_task (NULL, gproc_engine_connect_async, "[gproc] connect to engine",
                             io_priority, cancellable, callback, user_data);
  self = gproc_engine_new (address, &error);
  if (self != NULL)
    gproc_engine_ping_async (self, io_priority, cancellable, connect_pinged, g_object_ref (task));
  else
    g_task_return_error (task, error);
}

/**
 * gproc_engine_connect_finish:
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [func@GProcEngine.Engine.connect_async].
 *
 * Returns: (transfer full): the engine, or %NULL with @error set
 *
 * Since: 1.0
 */
GProcEngine *
gproc_engine_connect_finish (GAsyncResult  *result,
                             GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_engine_connect_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * gproc_engine_new_connected:
 * @address: (nullable): the address of the engine, or %NULL for that of the environment
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Makes an engine, and asks whether it is there.
 *
 * Returns: (transfer full): the engine, or %NULL with @error set
 *
 * Since: 1.0
 */
GProcEngine *
gproc_engine_new_connected (const char    *address,
                            GCancellable  *cancellable,
                            GError       **error)
{
  g_autoptr (GProcEngine) self = gproc_engine_new (address, error);

  if (self == NULL || !gproc_engine_ping (self, cancellable, error))
    return NULL;

  return g_steal_pointer (&self);
}

static void
container_told (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GProcEngine *self = GPROC_ENGINE (source);
  g_autoptr (GProcAnswer) answer = NULL;
  g_autoptr (JsonNode) node = NULL;
  GProcContainer *container = NULL;
  GError *error = NULL;

  answer = _gproc_exchange_finish (self, result, &error);
  if (answer != NULL)
    node = _gproc_answer_parse (answer, JSON_NODE_OBJECT, &error);
  if (node != NULL)
    container = _gproc_container_new (self, json_node_get_object (node), &error);

  if (container != NULL)
    g_task_return_pointer (task, container, g_object_unref);
  else
    g_task_return_error (task, error);
}

static void
ask_for_container (GTask      *task,
                   const char *id)
{
  GProcRequest request = { .method = "GET" };

  request.path = _gproc_container_get_path (id, "json");
  _gproc_exchange_async (g_task_get_source_object (task), request, g_task_get_priority (task),
                         g_task_get_cancellable (task), container_told, g_object_ref (task));
}

/**
 * gproc_engine_get_container_async:
 * @self: an engine
 * @id_or_name: the id of a container, its beginning, or its name
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the engine has answered, in the thread-default main
 *   context of the caller
 * @user_data: data for @callback
 *
 * Gets a container that is there. See [method@GProcEngine.Engine.get_container].
 *
 * Since: 1.0
 */
void
gproc_engine_get_container_async (GProcEngine         *self,
                                  const char          *id_or_name,
                                  int                  io_priority,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (GPROC_IS_ENGINE (self));
  g_return_if_fail (id_or_name != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = _gproc_engine_task (self, gproc_engine_get_container_async, "[gproc] get container",
                             io_priority, cancellable, callback, user_data);
  if (_gproc_engine_check_name (task, id_or_name))
    ask_for_container (task, id_or_name);
}

/**
 * gproc_engine_get_container_finish:
 * @self: an engine
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProcEngine.Engine.get_container_async].
 *
 * Returns: (transfer full): the container, or %NULL with @error set: to %G_IO_ERROR_NOT_FOUND if
 *   there is none
 *
 * Since: 1.0
 */
GProcContainer *
gproc_engine_get_container_finish (GProcEngine   *self,
                                   GAsyncResult  *result,
                                   GError       **error)
{
  g_return_val_if_fail (GPROC_IS_ENGINE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_engine_get_container_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * gproc_engine_get_container:
 * @self: an engine
 * @id_or_name: the id of a container, its beginning, or its name
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Gets a container that is there.
 *
 * Returns: (transfer full): the container, or %NULL with @error set: to %G_IO_ERROR_NOT_FOUND if
 *   there is none
 *
 * Since: 1.0
 */
GProcContainer *
gproc_engine_get_container (GProcEngine   *self,
                            const char    *id_or_name,
                            GCancellable  *cancellable,
                            GError       **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GProcBlockingCall call;

  g_return_val_if_fail (GPROC_IS_ENGINE (self), NULL);
  g_return_val_if_fail (id_or_name != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!_gproc_blocking_begin (&call, error))
    return NULL;
  gproc_engine_get_container_async (self, id_or_name, G_PRIORITY_DEFAULT, cancellable,
                                    _gproc_blocking_done, &call);
  result = _gproc_blocking_end (&call);

  return gproc_engine_get_container_finish (self, result, error);
}

static void
container_created (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GProcAnswer) answer = NULL;
  g_autoptr (JsonNode) node = NULL;
  const char *id = NULL;
  GError *error = NULL;

  answer = _gproc_exchange_finish (GPROC_ENGINE (source), result, &error);
  if (answer != NULL)
    node = _gproc_answer_parse (answer, JSON_NODE_OBJECT, &error);
  if (node != NULL)
    id = _gproc_json_get_id (json_node_get_object (node));
  if (node != NULL && id == NULL)
    error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                                 _ ("The container engine has made a container without an id"));

  if (id != NULL)
    ask_for_container (task, id);
  else
    g_task_return_error (task, error);
}

/**
 * gproc_engine_create_async:
 * @self: an engine
 * @image: an image that the engine has
 * @name: (nullable): a name for the container, or %NULL for one that the engine makes up
 * @argv: (nullable) (array zero-terminated=1) (element-type filename): the command and its
 *   arguments, or %NULL for that of the image
 * @launcher: (nullable): how it is to run, or %NULL for three pipes
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the engine has answered, in the thread-default main
 *   context of the caller
 * @user_data: data for @callback
 *
 * Makes a container, which does not run yet. See [method@GProcEngine.Engine.create].
 *
 * Since: 1.0
 */
void
gproc_engine_create_async (GProcEngine         *self,
                           const char          *image,
                           const char          *name,
                           const char * const  *argv,
                           GProcLauncher       *launcher,
                           int                  io_priority,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *escaped = NULL;
  GProcRequest request = { .method = "POST" };
  GError *error = NULL;
  GProcConfig config;

  g_return_if_fail (GPROC_IS_ENGINE (self));
  g_return_if_fail (image != NULL);
  g_return_if_fail (launcher == NULL || GPROC_IS_LAUNCHER (launcher));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = _gproc_engine_task (self, gproc_engine_create_async, "[gproc] create container",
                             io_priority, cancellable, callback, user_data);
  if (!_gproc_engine_check_name (task, image))
    return;
  if (!_gproc_config_init (&config, launcher, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  escaped = name != NULL ? g_uri_escape_string (name, NULL, FALSE) : NULL;
  request.path = g_strconcat ("/containers/create", escaped != NULL ? "?name=" : NULL, escaped,
                              NULL);
  request.json = _gproc_config_make_container (&config, image, argv, launcher);
  _gproc_exchange_async (self, request, io_priority, cancellable, container_created,
                         g_object_ref (task));
}

/**
 * gproc_engine_create_finish:
 * @self: an engine
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProcEngine.Engine.create_async].
 *
 * Returns: (transfer full): the container, or %NULL with @error set: to %G_IO_ERROR_NOT_FOUND if
 *   there is no such image
 *
 * Since: 1.0
 */
GProcContainer *
gproc_engine_create_finish (GProcEngine   *self,
                            GAsyncResult  *result,
                            GError       **error)
{
  g_return_val_if_fail (GPROC_IS_ENGINE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_engine_create_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * gproc_engine_create:
 * @self: an engine
 * @image: an image that the engine has
 * @name: (nullable): a name for the container, or %NULL for one that the engine makes up
 * @argv: (nullable) (array zero-terminated=1) (element-type filename): the command and its
 *   arguments, or %NULL for that of the image
 * @launcher: (nullable): how it is to run, or %NULL for three pipes
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Makes a container, which does not run yet. The image is not fetched.
 *
 * Of @launcher the settings count that [method@GProcEngine.Engine.exec] names, as far as they are
 * not those of a stream.
 *
 * The container stays until [method@GProcEngine.Container.remove].
 *
 * Returns: (transfer full): the container, or %NULL with @error set: to %G_IO_ERROR_NOT_FOUND if
 *   there is no such image
 *
 * Since: 1.0
 */
GProcContainer *
gproc_engine_create (GProcEngine         *self,
                     const char          *image,
                     const char          *name,
                     const char * const  *argv,
                     GProcLauncher       *launcher,
                     GCancellable        *cancellable,
                     GError             **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GProcBlockingCall call;

  g_return_val_if_fail (GPROC_IS_ENGINE (self), NULL);
  g_return_val_if_fail (image != NULL, NULL);
  g_return_val_if_fail (launcher == NULL || GPROC_IS_LAUNCHER (launcher), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!_gproc_blocking_begin (&call, error))
    return NULL;
  gproc_engine_create_async (self, image, name, argv, launcher, G_PRIORITY_DEFAULT, cancellable,
                             _gproc_blocking_done, &call);
  result = _gproc_blocking_end (&call);

  return gproc_engine_create_finish (self, result, error);
}

static void
listed (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GProcEngine *self = GPROC_ENGINE (source);
  g_autoptr (GPtrArray) containers = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GProcAnswer) answer = NULL;
  g_autoptr (JsonNode) node = NULL;
  JsonArray *array = NULL;
  GError *error = NULL;

  answer = _gproc_exchange_finish (self, result, &error);
  if (answer != NULL)
    node = _gproc_answer_parse (answer, JSON_NODE_ARRAY, &error);
  if (node != NULL)
    array = json_node_get_array (node);

  for (guint i = 0; array != NULL && i < json_array_get_length (array) && error == NULL; i++)
    {
      JsonNode *element = json_array_get_element (array, i);
      JsonObject *object = JSON_NODE_HOLDS_OBJECT (element) ? json_node_get_object (element) : NULL;
      GProcContainer *container = _gproc_container_new (self, object, &error);

      if (container != NULL)
        g_ptr_array_add (containers, container);
    }

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&containers), (GDestroyNotify) g_ptr_array_unref);
}

/**
 * gproc_engine_list_async:
 * @self: an engine
 * @all: whether those are meant, too, that do not run
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the engine has answered, in the thread-default main
 *   context of the caller
 * @user_data: data for @callback
 *
 * Lists the containers that the engine has. See [method@GProcEngine.Engine.list].
 *
 * Since: 1.0
 */
void
gproc_engine_list_async (GProcEngine         *self,
                         gboolean             all,
                         int                  io_priority,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  GProcRequest request = { .method = "GET" };

  g_return_if_fail (GPROC_IS_ENGINE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = _gproc_engine_task (self, gproc_engine_list_async, "[gproc] list containers", io_priority,
                             cancellable, callback, user_data);
  request.path = g_strdup_printf ("/containers/json?all=%s", all ? "true" : "false");
  _gproc_exchange_async (self, request, io_priority, cancellable, listed, g_object_ref (task));
}

/**
 * gproc_engine_list_finish:
 * @self: an engine
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProcEngine.Engine.list_async].
 *
 * Returns: (transfer container) (element-type GProcContainer): the containers, or %NULL with @error
 * set
 *
 * Since: 1.0
 */
GPtrArray *
gproc_engine_list_finish (GProcEngine   *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (GPROC_IS_ENGINE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_engine_list_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * gproc_engine_list:
 * @self: an engine
 * @all: whether those are meant, too, that do not run
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Lists the containers that the engine has.
 *
 * Returns: (transfer container) (element-type GProcContainer): the containers, or %NULL with @error
 * set
 *
 * Since: 1.0
 */
GPtrArray *
gproc_engine_list (GProcEngine   *self,
                   gboolean       all,
                   GCancellable  *cancellable,
                   GError       **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GProcBlockingCall call;

  g_return_val_if_fail (GPROC_IS_ENGINE (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!_gproc_blocking_begin (&call, error))
    return NULL;
  gproc_engine_list_async (self, all, G_PRIORITY_DEFAULT, cancellable, _gproc_blocking_done, &call);
  result = _gproc_blocking_end (&call);

  return gproc_engine_list_finish (self, result, error);
}
