/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine/gproc-engine-backend-internal-private.h"

#include <glib/gi18n-lib.h>

/* How long a command that an engine says is over, and may not have begun with, is not believed
 * to be over. */
#define DOUBT_MS 3000
/* And one that says 0, where a resize may be what made it say so. */
#define RESIZE_DOUBT_MS 500

static void gproc_engine_backend_iface_init (GProcBackendInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GProcEngineBackend,
                               _gproc_engine_backend,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (GPROC_TYPE_BACKEND,
                                                      gproc_engine_backend_iface_init))

static void
gproc_engine_backend_finalize (GObject *object)
{
  GProcEngineBackend *self = GPROC_ENGINE_BACKEND (object);

  _gproc_engine_backend_stop_looking (self);
  g_clear_object (&self->engine);
  g_free (self->id);
  g_free (self->command);
  g_clear_pointer (&self->connection, _gproc_connection_unref);
  g_clear_error (&self->resize_error);
  g_ptr_array_unref (self->waits);
  g_mutex_clear (&self->look_lock);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (_gproc_engine_backend_parent_class)->finalize (object);
}

static void
_gproc_engine_backend_class_init (GProcEngineBackendClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gproc_engine_backend_finalize;
}

static void
_gproc_engine_backend_init (GProcEngineBackend *self)
{
  g_mutex_init (&self->lock);
  g_mutex_init (&self->look_lock);
  self->waits = g_ptr_array_new ();
  self->returncode = GPROC_RETURNCODE_NONE;
  self->created_at = g_get_monotonic_time ();
}

static const char *
gproc_engine_backend_get_command (GProcBackend *backend)
{
  return GPROC_ENGINE_BACKEND (backend)->command;
}

static const char *
gproc_engine_backend_get_identifier (GProcBackend *backend)
{
  return GPROC_ENGINE_BACKEND (backend)->id;
}

static gboolean
gproc_engine_backend_get_is_pty (GProcBackend *backend)
{
  return GPROC_ENGINE_BACKEND (backend)->tty;
}

char *
_gproc_engine_backend_get_path (GProcEngineBackend *self,
                                const char         *rest)
{
  g_autofree char *id = g_uri_escape_string (self->id, NULL, FALSE);

  return g_strdup_printf ("/%s/%s/%s", self->target == GPROC_TARGET_EXEC ? "exec" : "containers",
                          id, rest);
}

/* Where a resize finds that the command has just ended Podman (4.3) says so from then on, with an
 * exit code of 0 until it knows the real one, and of the resize that it failed. So 0 is not
 * believed at once if that may be. The lock is held. */
static gboolean
is_cut_short_by_resize (GProcEngineBackend *self)
{
  gint64 now = g_get_monotonic_time ();

  if (!self->resizing && !self->resize_failed)
    return FALSE;
  if (self->doubted_at == 0)
    self->doubted_at = now;

  return now - self->doubted_at < RESIZE_DOUBT_MS * 1000;
}

/* Keeps what the engine has said, and says whether that is the end. */
gboolean
_gproc_engine_backend_take_state (GProcEngineBackend *self,
                                  const GProcState   *state)
{
  gboolean over;

  g_mutex_lock (&self->lock);
  self->seen_running |= state->running;
  over = state->over && (!state->doubtful || self->seen_running || self->output_ended ||
                         g_get_monotonic_time () - self->created_at > DOUBT_MS * 1000);
  if (over && state->returncode == 0 && is_cut_short_by_resize (self))
    over = FALSE;
  if (over && !self->over)
    {
      self->over = TRUE;
      self->returncode = state->returncode;
    }
  g_mutex_unlock (&self->lock);

  return over;
}

/* Before a command has begun Docker says no more than that it does not run, and that it begins may
 * take as long as an answer. One whose streams have ended does not begin any more. What runs, as
 * the engine says, is never given up: that its streams have ended is no sign, it may have closed
 * them. */
gboolean
_gproc_engine_backend_gives_up (GProcEngineBackend *self,
                                const GProcState   *state)
{
  guint limit_ms = gproc_engine_get_timeout (self->engine);
  gint64 now = g_get_monotonic_time ();
  gint64 since;

  g_mutex_lock (&self->lock);
  if (!state->unsaid)
    self->unsaid_at = 0;
  else if (self->unsaid_at == 0)
    self->unsaid_at = now;
  since = MAX (self->unsaid_at, self->output_ended ? self->output_ended_at : 0);
  if (self->output_ended || state->missed)
    limit_ms = DOUBT_MS;
  g_mutex_unlock (&self->lock);

  return state->unsaid && limit_ms > 0 && now - since > (gint64) MAX (limit_ms, DOUBT_MS) * 1000;
}

gboolean
_gproc_engine_backend_is_over (GProcEngineBackend *self,
                               int                *returncode)
{
  gboolean over;

  g_mutex_lock (&self->lock);
  over = self->over;
  if (over && returncode != NULL)
    *returncode = self->returncode;
  g_mutex_unlock (&self->lock);

  return over;
}

/* The engine is not asked by whoever sends the signal: it may be on another host. */
static void
kill_in_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  GProcEngineBackend *self = source;
  g_autofree char *rest = g_strdup_printf ("kill?signal=%d", GPOINTER_TO_INT (task_data));

  _gproc_engine_backend_post (self, rest, NULL);
  g_task_return_boolean (task, TRUE);
}

static gboolean
gproc_engine_backend_send_signal (GProcBackend  *backend,
                                  int            signum,
                                  gboolean       to_group,
                                  GError       **error)
{
  GProcEngineBackend *self = GPROC_ENGINE_BACKEND (backend);
  g_autoptr (GTask) task = NULL;
  const char *reason = NULL;

  if (self->target == GPROC_TARGET_EXEC)
    reason = _ ("A container engine sends signals to containers, not to commands in them");
  else if (self->target == GPROC_TARGET_LOGS)
    reason = _ ("What a container wrote cannot be sent signals");
  else if (to_group)
    reason = _ ("A container engine sends signals to the first process of a container alone");

  if (reason != NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, reason);
      return FALSE;
    }
  if (signum <= 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _ ("%d is not the number of a signal"), signum);
      return FALSE;
    }
  if (_gproc_engine_backend_is_over (self, NULL))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   _ ("Signal %d cannot be sent: the process is over"), signum);
      return FALSE;
    }

  task = g_task_new (self, NULL, NULL, NULL);
  g_task_set_source_tag (task, gproc_engine_backend_send_signal);
  g_task_set_name (task, "[gproc] kill container");
  g_task_set_task_data (task, GINT_TO_POINTER (signum), NULL);
  g_task_run_in_thread (task, kill_in_thread);

  return TRUE;
}

/* Sets the last of the sizes that were asked for, until there is no newer one. */
static void
resize_in_thread (GTask        *task,
                  gpointer      source,
                  gpointer      task_data,
                  GCancellable *cancellable)
{
  GProcEngineBackend *self = source;

  g_mutex_lock (&self->lock);
  while (self->resize_wanted)
    {
      g_autofree char *rest = g_strdup_printf ("resize?h=%u&w=%u", self->rows, self->columns);
      GError *error = NULL;

      self->resize_wanted = FALSE;
      g_mutex_unlock (&self->lock);
      _gproc_engine_backend_post (self, rest, &error);
      g_mutex_lock (&self->lock);
      self->resize_failed |= error != NULL;
      if (self->resize_error == NULL)
        self->resize_error = error;
      else
        g_clear_error (&error);
    }
  self->resizing = FALSE;
  g_mutex_unlock (&self->lock);

  g_task_return_boolean (task, TRUE);
}

static gboolean
gproc_engine_backend_resize (GProcBackend  *backend,
                             guint          rows,
                             guint          columns,
                             GError       **error)
{
  GProcEngineBackend *self = GPROC_ENGINE_BACKEND (backend);
  g_autoptr (GTask) task = NULL;
  GError *earlier;
  gboolean resizing;

  if (!self->tty)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _ ("This process has no terminal that could be resized"));
      return FALSE;
    }
  if (_gproc_engine_backend_is_over (self, NULL))
    return TRUE;

  g_mutex_lock (&self->lock);
  self->rows = rows;
  self->columns = columns;
  self->resize_wanted = TRUE;
  resizing = self->resizing;
  self->resizing = TRUE;
  earlier = g_steal_pointer (&self->resize_error);
  g_mutex_unlock (&self->lock);

  if (!resizing)
    {
      task = g_task_new (self, NULL, NULL, NULL);
      g_task_set_source_tag (task, gproc_engine_backend_resize);
      g_task_set_name (task, "[gproc] resize terminal in container");
      g_task_run_in_thread (task, resize_in_thread);
    }

  if (earlier == NULL)
    return TRUE;
  g_propagate_error (error, earlier);

  return FALSE;
}

static void
gproc_engine_backend_close (GProcBackend *backend)
{
  GProcEngineBackend *self = GPROC_ENGINE_BACKEND (backend);
  GProcConnection *connection;

  g_mutex_lock (&self->lock);
  connection = g_steal_pointer (&self->connection);
  g_mutex_unlock (&self->lock);

  g_clear_pointer (&connection, _gproc_connection_unref);
}

static void
gproc_engine_backend_iface_init (GProcBackendInterface *iface)
{
  iface->close = gproc_engine_backend_close;
  iface->get_command = gproc_engine_backend_get_command;
  iface->output_ended = _gproc_engine_backend_output_ended;
  iface->get_identifier = gproc_engine_backend_get_identifier;
  iface->get_is_pty = gproc_engine_backend_get_is_pty;
  iface->try_wait = _gproc_engine_backend_try_wait;
  iface->wait_async = _gproc_engine_backend_wait_async;
  iface->wait_finish = _gproc_engine_backend_wait_finish;
  iface->send_signal = gproc_engine_backend_send_signal;
  iface->resize = gproc_engine_backend_resize;
}
