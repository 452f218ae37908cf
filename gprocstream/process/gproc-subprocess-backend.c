/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-subprocess-backend-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/gproc-enums.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

struct _GProcSubprocessBackend
{
  GObject parent_instance;

  GSubprocess *subprocess;
  char *identifier; /* NULL if the process was over already. */
  int pid;
  int pidfd; /* −1: there is none. */

  GMutex lock;
  gboolean over; /* Guarded by the lock, as is what follows. */
  int returncode;
};

static void gproc_subprocess_backend_iface_init (GProcBackendInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GProcSubprocessBackend,
                               _gproc_subprocess_backend,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (GPROC_TYPE_BACKEND,
                                                      gproc_subprocess_backend_iface_init))

static void
gproc_subprocess_backend_finalize (GObject *object)
{
  GProcSubprocessBackend *self = GPROC_SUBPROCESS_BACKEND (object);

  if (self->pidfd >= 0)
    close (self->pidfd);
  g_clear_object (&self->subprocess);
  g_free (self->identifier);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (_gproc_subprocess_backend_parent_class)->finalize (object);
}

static void
_gproc_subprocess_backend_class_init (GProcSubprocessBackendClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gproc_subprocess_backend_finalize;
}

static void
_gproc_subprocess_backend_init (GProcSubprocessBackend *self)
{
  g_mutex_init (&self->lock);
  self->pidfd = -1;
  self->returncode = GPROC_RETURNCODE_NONE;
}

static int
open_pidfd (int pid)
{
#ifdef SYS_pidfd_open
  if (g_getenv ("GPROC_NO_PIDFD") == NULL)
    return (int) syscall (SYS_pidfd_open, pid, 0);
#endif

  return -1;
}

GProcBackend *
_gproc_subprocess_backend_new (GSubprocess *subprocess)
{
  GProcSubprocessBackend *self = g_object_new (GPROC_TYPE_SUBPROCESS_BACKEND, NULL);

  self->subprocess = g_object_ref (subprocess);
  self->identifier = g_strdup (g_subprocess_get_identifier (subprocess));
  if (self->identifier == NULL)
    return GPROC_BACKEND (self);

  self->pid = (int) g_ascii_strtoll (self->identifier, NULL, 10);
  self->pidfd = open_pidfd (self->pid);

  /* A process that GLib has reaped meanwhile may have left its number to another. */
  if (self->pidfd >= 0 && g_subprocess_get_identifier (subprocess) == NULL)
    {
      close (self->pidfd);
      self->pidfd = -1;
    }

  return GPROC_BACKEND (self);
}

int
_gproc_subprocess_backend_get_pid (GProcSubprocessBackend *self)
{
  return self->pid;
}

int
_gproc_subprocess_backend_get_pidfd (GProcSubprocessBackend *self)
{
  return self->pidfd;
}

static const char *
gproc_subprocess_backend_get_identifier (GProcBackend *backend)
{
  return GPROC_SUBPROCESS_BACKEND (backend)->identifier;
}

/* What GLib knows, once it does. */
static int
take_status (GProcSubprocessBackend *self)
{
  int returncode = GPROC_RETURNCODE_NONE;

  if (g_subprocess_get_if_exited (self->subprocess))
    returncode = g_subprocess_get_exit_status (self->subprocess);
  else if (g_subprocess_get_if_signaled (self->subprocess))
    returncode = -g_subprocess_get_term_sig (self->subprocess);

  g_mutex_lock (&self->lock);
  self->over = TRUE;
  self->returncode = returncode;
  g_mutex_unlock (&self->lock);

  return returncode;
}

/* Looks at the end of the process without taking it from GLib, which may not have
 * come to it yet. */
static gboolean
peek_status (GProcSubprocessBackend *self)
{
  siginfo_t info = { 0 };
  int result;

  do
    result = waitid ((idtype_t) P_PIDFD, (id_t) self->pidfd, &info, WEXITED | WNOHANG | WNOWAIT);
  while (result < 0 && errno == EINTR);

  /* It is over and reaped: GLib's worker has the status, or is about to. */
  if (result < 0 && errno == ECHILD)
    {
      g_subprocess_wait (self->subprocess, NULL, NULL);
      take_status (self);
      return TRUE;
    }

  if (result < 0 || info.si_pid == 0)
    return FALSE;

  g_mutex_lock (&self->lock);
  self->over = TRUE;
  self->returncode = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
  g_mutex_unlock (&self->lock);

  return TRUE;
}

static gboolean
gproc_subprocess_backend_try_wait (GProcBackend *backend,
                                   int          *returncode)
{
  GProcSubprocessBackend *self = GPROC_SUBPROCESS_BACKEND (backend);
  gboolean over;

  g_mutex_lock (&self->lock);
  over = self->over;
  g_mutex_unlock (&self->lock);

  if (!over && self->pidfd >= 0)
    {
      over = peek_status (self);
    }
  else if (!over && g_subprocess_get_identifier (self->subprocess) == NULL)
    {
      take_status (self);
      over = TRUE;
    }

  g_mutex_lock (&self->lock);
  *returncode = self->returncode;
  g_mutex_unlock (&self->lock);

  return over;
}

static gboolean
gproc_subprocess_backend_wait (GProcBackend  *backend,
                               int           *returncode,
                               GCancellable  *cancellable,
                               GError       **error)
{
  GProcSubprocessBackend *self = GPROC_SUBPROCESS_BACKEND (backend);

  if (!g_subprocess_wait (self->subprocess, cancellable, error))
    return FALSE;

  *returncode = take_status (self);

  return TRUE;
}

static void
subprocess_over (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GProcSubprocessBackend *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (g_subprocess_wait_finish (G_SUBPROCESS (source), result, &error))
    g_task_return_int (task, take_status (self));
  else
    g_task_return_error (task, error);
}

static void
gproc_subprocess_backend_wait_async (GProcBackend        *backend,
                                     int                  io_priority,
                                     GCancellable        *cancellable,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data)
{
  GProcSubprocessBackend *self = GPROC_SUBPROCESS_BACKEND (backend);
  GTask *task;

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, gproc_subprocess_backend_wait_async);
  g_task_set_name (task, "[gproc] wait for subprocess");
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);

  g_subprocess_wait_async (self->subprocess, cancellable, subprocess_over, task);
}

static gboolean
gproc_subprocess_backend_wait_finish (GProcBackend  *backend,
                                      GAsyncResult  *result,
                                      int           *returncode,
                                      GError       **error)
{
  GError *local_error = NULL;
  gssize value = g_task_propagate_int (G_TASK (result), &local_error);

  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }

  *returncode = (int) value;

  return TRUE;
}

static gboolean
gproc_subprocess_backend_send_signal (GProcBackend  *backend,
                                      int            signum,
                                      gboolean       to_group,
                                      GError       **error)
{
  GProcSubprocessBackend *self = GPROC_SUBPROCESS_BACKEND (backend);
  int returncode;

  if (to_group)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   _ ("Process %s does not lead a group"), self->identifier);
      return FALSE;
    }

  if (gproc_subprocess_backend_try_wait (backend, &returncode))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   _ ("Signal %d cannot be sent: the process is over"), signum);
      return FALSE;
    }

#ifdef SYS_pidfd_send_signal
  if (self->pidfd >= 0)
    {
      int errsv;

      if (syscall (SYS_pidfd_send_signal, self->pidfd, signum, NULL, 0) == 0)
        return TRUE;

      errsv = errno;
      if (errsv != ENOSYS)
        {
          g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (errsv),
                       _ ("Signal %d cannot be sent to process %s: %s"), signum, self->identifier,
                       g_strerror (errsv));
          return FALSE;
        }
    }
#endif

  g_subprocess_send_signal (self->subprocess, signum);

  return TRUE;
}

static void
gproc_subprocess_backend_iface_init (GProcBackendInterface *iface)
{
  iface->get_identifier = gproc_subprocess_backend_get_identifier;
  iface->try_wait = gproc_subprocess_backend_try_wait;
  iface->wait = gproc_subprocess_backend_wait;
  iface->wait_async = gproc_subprocess_backend_wait_async;
  iface->wait_finish = gproc_subprocess_backend_wait_finish;
  iface->send_signal = gproc_subprocess_backend_send_signal;
}
