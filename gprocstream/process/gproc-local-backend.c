/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-local-backend-private.h"

#include <glib/gi18n-lib.h>

#include "process/gproc-pty-private.h"

struct _GProcLocalBackend
{
  GObject parent_instance;

  GProcChild *child;
  GProcDescriptor *terminal; /* Our side of that of the process; or NULL. */
  char identifier[16];       /* The process id, in digits. */
};

static void _gproc_local_backend_iface_init (GProcBackendInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GProcLocalBackend,
                               _gproc_local_backend,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (GPROC_TYPE_BACKEND,
                                                      _gproc_local_backend_iface_init))

static const char *
_gproc_local_backend_get_identifier (GProcBackend *backend)
{
  return GPROC_LOCAL_BACKEND (backend)->identifier;
}

static gboolean
_gproc_local_backend_try_wait (GProcBackend *backend,
                               int          *returncode)
{
  GProcLocalBackend *self = GPROC_LOCAL_BACKEND (backend);
  gboolean over = _gproc_child_poll (self->child);

  *returncode = _gproc_child_get_returncode (self->child);

  return over;
}

static gboolean
_gproc_local_backend_wait (GProcBackend  *backend,
                           int           *returncode,
                           GCancellable  *cancellable,
                           GError       **error)
{
  GProcLocalBackend *self = GPROC_LOCAL_BACKEND (backend);
  gboolean over = _gproc_child_wait (self->child, NULL, -1, cancellable, error);

  *returncode = _gproc_child_get_returncode (self->child);

  return over;
}

static void
_gproc_local_backend_wait_async (GProcBackend        *backend,
                                 int                  io_priority,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  GProcLocalBackend *self = GPROC_LOCAL_BACKEND (backend);
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, _gproc_local_backend_wait_async);
  g_task_set_name (task, "gproc-local-backend-wait");
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);

  _gproc_child_wait_task (self->child, task);
}

static gboolean
_gproc_local_backend_wait_finish (GProcBackend  *backend,
                                  GAsyncResult  *result,
                                  int           *returncode,
                                  GError       **error)
{
  GProcLocalBackend *self = GPROC_LOCAL_BACKEND (backend);

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, _gproc_local_backend_wait_async), FALSE);

  *returncode = _gproc_child_get_returncode (self->child);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
_gproc_local_backend_send_signal (GProcBackend  *backend,
                                  int            signum,
                                  gboolean       to_group,
                                  GError       **error)
{
  return _gproc_child_send_signal (GPROC_LOCAL_BACKEND (backend)->child, signum, to_group, error);
}

static gboolean
_gproc_local_backend_get_is_pty (GProcBackend *backend)
{
  return GPROC_LOCAL_BACKEND (backend)->terminal != NULL;
}

/* Who holds the terminal after the end of the process is told too; nobody, as a rule. */
static gboolean
_gproc_local_backend_resize (GProcBackend  *backend,
                             guint          rows,
                             guint          columns,
                             GError       **error)
{
  GProcLocalBackend *self = GPROC_LOCAL_BACKEND (backend);
  int fd, errsv;

  if (self->terminal == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _ ("This process has no terminal that could be resized"));
      return FALSE;
    }

  fd = _gproc_descriptor_get_fd (self->terminal);
  errsv = fd >= 0 ? _gproc_pty_resize (fd, rows, columns) : 0;
  if (errsv == 0 && (fd >= 0 || _gproc_child_poll (self->child)))
    return TRUE;

  if (fd < 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The stream is already closed"));
  else
    _gproc_set_errno_error (error, errsv, _ ("The terminal cannot be resized"));

  return FALSE;
}

static void
_gproc_local_backend_finalize (GObject *object)
{
  GProcLocalBackend *self = GPROC_LOCAL_BACKEND (object);

  g_clear_pointer (&self->child, _gproc_child_unref);
  g_clear_pointer (&self->terminal, _gproc_descriptor_unref);

  G_OBJECT_CLASS (_gproc_local_backend_parent_class)->finalize (object);
}

static void
_gproc_local_backend_iface_init (GProcBackendInterface *iface)
{
  iface->get_identifier = _gproc_local_backend_get_identifier;
  iface->try_wait = _gproc_local_backend_try_wait;
  iface->wait = _gproc_local_backend_wait;
  iface->wait_async = _gproc_local_backend_wait_async;
  iface->wait_finish = _gproc_local_backend_wait_finish;
  iface->send_signal = _gproc_local_backend_send_signal;
  iface->resize = _gproc_local_backend_resize;
  iface->get_is_pty = _gproc_local_backend_get_is_pty;
}

static void
_gproc_local_backend_class_init (GProcLocalBackendClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = _gproc_local_backend_finalize;
}

static void
_gproc_local_backend_init (GProcLocalBackend *self)
{
}

GProcBackend *
_gproc_local_backend_new (GProcChild      *child,
                          GProcDescriptor *terminal)
{
  GProcLocalBackend *self = g_object_new (GPROC_TYPE_LOCAL_BACKEND, NULL);

  self->child = child;
  self->terminal = terminal != NULL ? _gproc_descriptor_ref (terminal) : NULL;
  g_snprintf (self->identifier, sizeof self->identifier, "%d", _gproc_child_get_pid (child));

  return GPROC_BACKEND (self);
}

GProcChild *
_gproc_local_backend_get_child (GProcLocalBackend *self)
{
  return self->child;
}
