/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine/gproc-engine-backend-internal-private.h"

#include <glib/gi18n-lib.h>

/* An engine tells the end of a command to whoever asks, and of a container to whoever waits. So
 * a wait asks again and again, with pauses that grow until there are signs of the end. */
#define FIRST_PAUSE_MS 5
#define LAST_PAUSE_MS 1000

/* Each question through ssh is a process, and a connection to another host. */
#define FIRST_SSH_PAUSE_MS 200
#define LAST_SSH_PAUSE_MS 5000

typedef struct
{
  guint pause_ms;
  guint last_pause_ms;
  GSource *timer; /* NULL: the engine is asked. Guarded by the lock of the backend. */
  gulong cancelled_id;
} Wait;

static void ask (GTask *task);

static void
wait_free (gpointer data)
{
  g_free (data);
}

static void
leave (GTask *task)
{
  GProcEngineBackend *self = g_task_get_source_object (task);
  Wait *wait = g_task_get_task_data (task);

  if (wait->cancelled_id != 0)
    g_cancellable_disconnect (g_task_get_cancellable (task), wait->cancelled_id);
  wait->cancelled_id = 0;

  g_mutex_lock (&self->lock);
  g_ptr_array_remove_fast (self->waits, wait);
  if (wait->timer != NULL)
    g_source_destroy (wait->timer);
  g_clear_pointer (&wait->timer, g_source_unref);
  g_mutex_unlock (&self->lock);
}

static void
return_over (GTask *task)
{
  GProcEngineBackend *self = g_task_get_source_object (task);
  int returncode = GPROC_RETURNCODE_NONE;

  _gproc_engine_backend_is_over (self, &returncode);
  leave (task);
  g_task_return_int (task, returncode);
}

static void
return_failed (GTask  *task,
               GError *error)
{
  leave (task);
  g_task_return_error (task, error);
}

static gboolean
pause_over (gpointer user_data)
{
  GTask *task = user_data;
  GProcEngineBackend *self = g_task_get_source_object (task);
  Wait *wait = g_task_get_task_data (task);

  g_mutex_lock (&self->lock);
  g_clear_pointer (&wait->timer, g_source_unref);
  g_mutex_unlock (&self->lock);
  ask (task);

  return G_SOURCE_REMOVE;
}

static void
make_pause (GTask *task)
{
  GProcEngineBackend *self = g_task_get_source_object (task);
  Wait *wait = g_task_get_task_data (task);
  GSource *timer = g_timeout_source_new (wait->pause_ms);

  g_source_set_static_name (timer, "[gproc] pause before engine is asked");
  g_source_set_priority (timer, g_task_get_priority (task));
  g_source_set_callback (timer, pause_over, g_object_ref (task), g_object_unref);

  g_mutex_lock (&self->lock);
  wait->pause_ms = MIN (wait->pause_ms * 2, wait->last_pause_ms);
  wait->timer = timer;
  g_source_attach (timer, g_task_get_context (task));
  g_mutex_unlock (&self->lock);

  /* A cancellation before the timer was there has found nothing to wake. */
  if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    g_source_set_ready_time (timer, 0);
}

/* Asks again later, if that promises anything. */
static void
go_on (GTask            *task,
       const GProcState *state)
{
  GProcEngineBackend *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (!_gproc_engine_backend_gives_up (self, state))
    {
      make_pause (task);
      return;
    }

  _gproc_state_set_unsaid (state, self->target, &error);
  return_failed (task, error);
}

/* Reads {"StatusCode": N, "Error": {"Message": "…"}}. Podman says −1 where it has missed the end,
 * which leaves @state without one. */
static gboolean
parse_wait (GProcState  *state,
            JsonObject  *object,
            GError     **error)
{
  JsonObject *reason = _gproc_json_get_object (object, "Error");
  const char *message = _gproc_json_get_string (reason, "Message");

  state->over = _gproc_json_get_exit_code (object, "StatusCode", &state->returncode);
  state->unsaid = state->missed = !state->over;
  if (!state->over && _gproc_json_get_int (object, "StatusCode", 0) >= 0)
    {
      _gproc_json_set_no_exit_code (error);
      return FALSE;
    }
  if (state->over && message != NULL && message[0] != '\0')
    {
      g_set_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE,
                   _ ("The container engine says: %s"), message);
      return FALSE;
    }

  return TRUE;
}

/* What {"StatusCode": N} says, which is known even if the container is removed at once. */
static void
container_over (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GProcEngineBackend *self = g_task_get_source_object (task);
  g_autoptr (GProcAnswer) answer = NULL;
  g_autoptr (JsonNode) node = NULL;
  GError *error = NULL;
  GProcState state = { 0 };

  answer = _gproc_exchange_finish (GPROC_ENGINE (source), result, &error);
  if (answer != NULL)
    node = _gproc_answer_parse (answer, JSON_NODE_OBJECT, &error);
  if (node == NULL || !parse_wait (&state, json_node_get_object (node), &error))
    {
      return_failed (task, error);
      return;
    }
  if (!state.over)
    {
      go_on (task, &state);
      return;
    }

  _gproc_engine_backend_take_state (self, &state);
  return_over (task);
}

static void
wait_for_container (GTask *task)
{
  GProcEngineBackend *self = g_task_get_source_object (task);
  GProcRequest request = { .method = "POST", .patient = TRUE };

  request.path = _gproc_engine_backend_get_path (self, "wait");
  _gproc_exchange_async (self->engine, request, g_task_get_priority (task),
                         g_task_get_cancellable (task), container_over, g_object_ref (task));
}

static void
state_told (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GProcEngineBackend *self = g_task_get_source_object (task);
  g_autoptr (GProcAnswer) answer = NULL;
  GError *error = NULL;
  GProcState state;

  answer = _gproc_exchange_finish (GPROC_ENGINE (source), result, &error);
  if (answer == NULL || !_gproc_state_parse (&state, self->target, answer, &error))
    return_failed (task, error);
  else if (_gproc_engine_backend_take_state (self, &state))
    return_over (task);
  else if (self->target == GPROC_TARGET_CONTAINER && state.running)
    wait_for_container (task);
  else
    go_on (task, &state);
}

static void
ask (GTask *task)
{
  GProcEngineBackend *self = g_task_get_source_object (task);
  GProcRequest request = { .method = "GET" };

  if (_gproc_engine_backend_is_over (self, NULL))
    {
      return_over (task);
      return;
    }

  request.path = _gproc_engine_backend_get_path (self, "json");
  _gproc_exchange_async (self->engine, request, g_task_get_priority (task),
                         g_task_get_cancellable (task), state_told, g_object_ref (task));
}

/* The timer finds the token cancelled when it asks. */
static void
wait_cancelled (GCancellable *cancellable,
                gpointer      user_data)
{
  GTask *task = user_data;
  GProcEngineBackend *self = g_task_get_source_object (task);
  Wait *wait = g_task_get_task_data (task);

  g_mutex_lock (&self->lock);
  if (wait->timer != NULL)
    g_source_set_ready_time (wait->timer, 0);
  g_mutex_unlock (&self->lock);
}

void
_gproc_engine_backend_wait_async (GProcBackend        *backend,
                                  int                  io_priority,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  GProcEngineBackend *self = GPROC_ENGINE_BACKEND (backend);
  g_autoptr (GTask) task = _gproc_engine_task (self, _gproc_engine_backend_wait_async,
                                               "[gproc] wait for process in container", io_priority,
                                               cancellable, callback, user_data);
  gboolean is_ssh = self->engine->address->kind == GPROC_ADDRESS_SSH;
  Wait *wait;

  if (self->target == GPROC_TARGET_LOGS)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                               _ ("What a container wrote is no process that ends"));
      return;
    }

  wait = g_new0 (Wait, 1);
  wait->pause_ms = is_ssh ? FIRST_SSH_PAUSE_MS : FIRST_PAUSE_MS;
  wait->last_pause_ms = is_ssh ? LAST_SSH_PAUSE_MS : LAST_PAUSE_MS;
  g_task_set_task_data (task, wait, wait_free);
  g_task_set_check_cancellable (task, FALSE);

  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->waits, wait);
  g_mutex_unlock (&self->lock);

  /* Not a reference: the handler is gone before the task is. */
  if (cancellable != NULL)
    wait->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (wait_cancelled), task,
                                                NULL);
  if (is_ssh)
    make_pause (task);
  else
    ask (task);
}

gboolean
_gproc_engine_backend_wait_finish (GProcBackend  *backend,
                                   GAsyncResult  *result,
                                   int           *returncode,
                                   GError       **error)
{
  GError *local_error = NULL;
  gssize value;

  g_return_val_if_fail (g_task_is_valid (result, backend), FALSE);

  value = g_task_propagate_int (G_TASK (result), &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  *returncode = (int) value;

  return TRUE;
}

void
_gproc_engine_backend_output_ended (GProcBackend *backend)
{
  GProcEngineBackend *self = GPROC_ENGINE_BACKEND (backend);

  g_mutex_lock (&self->lock);
  if (!self->output_ended)
    self->output_ended_at = g_get_monotonic_time ();
  self->output_ended = TRUE;
  for (guint i = 0; i < self->waits->len; i++)
    {
      Wait *wait = g_ptr_array_index (self->waits, i);

      wait->pause_ms = FIRST_PAUSE_MS;
      if (wait->timer != NULL)
        g_source_set_ready_time (wait->timer, 0);
    }
  g_mutex_unlock (&self->lock);
}

static void
look_told (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GProcEngineBackend *self = user_data;
  g_autoptr (GProcAnswer) answer = NULL;
  GProcState state;

  g_clear_object (&self->look_cancellable);
  answer = _gproc_exchange_finish (GPROC_ENGINE (source), result, NULL);
  if (answer != NULL && _gproc_state_parse (&state, self->target, answer, NULL))
    _gproc_engine_backend_take_state (self, &state);
}

static void
look (GProcEngineBackend *self)
{
  GProcBlockingCall call;

  /* Only the first one makes a context, and all go on with it. */
  if (self->look_context == NULL)
    {
      if (!_gproc_blocking_begin (&call, NULL))
        return;
      self->look_context = call.context;
    }
  else
    {
      g_main_context_push_thread_default (self->look_context);
    }

  if (self->look_cancellable == NULL)
    {
      GProcRequest request = { .method = "GET" };

      request.path = _gproc_engine_backend_get_path (self, "json");
      self->look_cancellable = g_cancellable_new ();
      _gproc_exchange_async (self->engine, request, G_PRIORITY_DEFAULT, self->look_cancellable,
                             look_told, self);
    }
  while (self->look_cancellable != NULL && g_main_context_iteration (self->look_context, FALSE))
    ;

  g_main_context_pop_thread_default (self->look_context);
}

/* Asks without waiting for the answer, which a later call finds. */
gboolean
_gproc_engine_backend_try_wait (GProcBackend *backend,
                                int          *returncode)
{
  GProcEngineBackend *self = GPROC_ENGINE_BACKEND (backend);

  if (self->target != GPROC_TARGET_LOGS && !_gproc_engine_backend_is_over (self, NULL) &&
      g_mutex_trylock (&self->look_lock))
    {
      look (self);
      g_mutex_unlock (&self->look_lock);
    }

  return _gproc_engine_backend_is_over (self, returncode);
}

void
_gproc_engine_backend_stop_looking (GProcEngineBackend *self)
{
  if (self->look_context == NULL)
    return;

  if (self->look_cancellable != NULL)
    g_cancellable_cancel (self->look_cancellable);
  while (self->look_cancellable != NULL)
    g_main_context_iteration (self->look_context, TRUE);
  g_clear_pointer (&self->look_context, g_main_context_unref);
}

gboolean
_gproc_engine_backend_post (GProcEngineBackend  *self,
                            const char          *rest,
                            GError             **error)
{
  GProcRequest request = { .method = "POST" };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GProcAnswer) answer = NULL;
  GProcBlockingCall call;

  if (!_gproc_blocking_begin (&call, error))
    return FALSE;

  request.path = _gproc_engine_backend_get_path (self, rest);
  _gproc_exchange_async (self->engine, request, G_PRIORITY_DEFAULT, NULL, _gproc_blocking_done,
                         &call);
  result = _gproc_blocking_end (&call);
  answer = _gproc_exchange_finish (self->engine, result, error);

  return answer != NULL;
}
