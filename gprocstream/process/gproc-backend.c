/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-backend.h"

#include <glib/gi18n-lib.h>

#include "process/gproc-worker-private.h"

/**
 * GProcBackend:
 *
 * `GProcBackend` is what differs between the processes that a
 * [class@GProc.Stream] can stand for: a child of the application, a command in
 * a container, one on another host, a recording that is played back.
 *
 * It says how the process is named, how its end is learnt and how it is
 * signalled. The bytes are no matter of the backend: they come and go through
 * the streams that are given to [ctor@GProc.Stream.new_for_backend] with it.
 *
 * An implementation needs `try_wait`, `send_signal`, and either `wait_async` and
 * `wait_finish` or `wait`, which then runs in a thread of its own for each call
 * that waits, and has to heed its cancellable; the rest has a default. The latter
 * suits languages that cannot keep a callback. A *returncode* is the exit status, or
 * −N where signal N ended the process, or [const@GProc.RETURNCODE_NONE] where
 * the process is over and nobody can know how.
 *
 * Since: 1.0
 */

G_DEFINE_INTERFACE (GProcBackend, gproc_backend, G_TYPE_OBJECT)

static void
store_result (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  GAsyncResult **stored = user_data;

  *stored = g_object_ref (result);
}

/* The context of the caller must not be iterated, so the call gets one of its own. */
static gboolean
gproc_backend_real_wait (GProcBackend  *self,
                         int           *returncode,
                         GCancellable  *cancellable,
                         GError       **error)
{
  g_autoptr (GMainContext) context = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  int errsv = _gproc_find_descriptors (GPROC_CONTEXT_DESCRIPTORS);

  if (errsv != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES,
                   _ ("There is nothing to wait with: %s"), g_strerror (errsv));
      return FALSE;
    }

  context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  gproc_backend_wait_async (self, G_PRIORITY_DEFAULT, cancellable, store_result, &result);
  while (result == NULL)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);

  return gproc_backend_wait_finish (self, result, returncode, error);
}

static void
wait_in_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  GError *error = NULL;
  int returncode;

  if (gproc_backend_wait (source, &returncode, cancellable, &error))
    g_task_return_int (task, returncode);
  else
    g_task_return_error (task, error);
}

static void
gproc_backend_real_wait_async (GProcBackend        *self,
                               int                  io_priority,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, gproc_backend_real_wait_async);
  g_task_set_name (task, "[gproc] wait");
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);

  /* Each of the two defaults needs the other one to be no default. */
  if (GPROC_BACKEND_GET_IFACE (self)->wait == gproc_backend_real_wait)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                             _ ("This process cannot be waited for"));
  else
    g_task_run_in_thread (task, wait_in_thread);
}

static gboolean
gproc_backend_real_wait_finish (GProcBackend  *self,
                                GAsyncResult  *result,
                                int           *returncode,
                                GError       **error)
{
  GError *local_error = NULL;
  gssize value;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  value = g_task_propagate_int (G_TASK (result), &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  *returncode = (int) value;

  return TRUE;
}

static void
gproc_backend_default_init (GProcBackendInterface *iface)
{
  iface->wait = gproc_backend_real_wait;
  iface->wait_async = gproc_backend_real_wait_async;
  iface->wait_finish = gproc_backend_real_wait_finish;
}

/**
 * gproc_backend_get_identifier:
 * @self: a backend
 *
 * Gets the name of the process: a process id, the id of a command in a
 * container.
 *
 * Returns: (transfer none) (nullable): the name, or %NULL if there is none
 *
 * Since: 1.0
 */
const char *
gproc_backend_get_identifier (GProcBackend *self)
{
  GProcBackendInterface *iface;

  g_return_val_if_fail (GPROC_IS_BACKEND (self), NULL);

  iface = GPROC_BACKEND_GET_IFACE (self);

  return iface->get_identifier != NULL ? iface->get_identifier (self) : NULL;
}

/**
 * gproc_backend_get_command:
 * @self: a backend
 *
 * Gets the name of the program.
 *
 * Returns: (nullable) (transfer none): the name, %NULL if it is not known
 *
 * Since: 1.0
 */
const char *
gproc_backend_get_command (GProcBackend *self)
{
  GProcBackendInterface *iface;

  g_return_val_if_fail (GPROC_IS_BACKEND (self), NULL);

  iface = GPROC_BACKEND_GET_IFACE (self);

  return iface->get_command != NULL ? iface->get_command (self) : NULL;
}

/**
 * gproc_backend_try_wait:
 * @self: a backend
 * @returncode: (out): where to put the returncode of a process that is over, and
 *   [const@GProc.RETURNCODE_NONE] where it is not, or cannot be known
 *
 * Asks whether the process is over, without blocking. Safe in any thread.
 *
 * Returns: whether the process is over
 *
 * Since: 1.0
 */
gboolean
gproc_backend_try_wait (GProcBackend *self,
                        int          *returncode)
{
  GProcBackendInterface *iface;
  int value = GPROC_RETURNCODE_NONE;
  gboolean over;

  g_return_val_if_fail (GPROC_IS_BACKEND (self), FALSE);

  iface = GPROC_BACKEND_GET_IFACE (self);
  over = iface->try_wait != NULL && iface->try_wait (self, &value);
  if (returncode != NULL)
    *returncode = over ? value : GPROC_RETURNCODE_NONE;

  return over;
}

/**
 * gproc_backend_wait:
 * @self: a backend
 * @returncode: (out): where to put the returncode
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Blocks until the process is over. The main context of the caller is not
 * iterated.
 *
 * Returns: %TRUE if the process is over, %FALSE with @error set: to
 *   %G_IO_ERROR_CANCELLED if @cancellable was cancelled, or to what the backend
 *   has to report
 *
 * Since: 1.0
 */
gboolean
gproc_backend_wait (GProcBackend  *self,
                    int           *returncode,
                    GCancellable  *cancellable,
                    GError       **error)
{
  int value = GPROC_RETURNCODE_NONE;
  gboolean over;

  g_return_val_if_fail (GPROC_IS_BACKEND (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  over = GPROC_BACKEND_GET_IFACE (self)->wait (self, &value, cancellable, error);
  if (returncode != NULL)
    *returncode = over ? value : GPROC_RETURNCODE_NONE;

  return over;
}

/**
 * gproc_backend_wait_async:
 * @self: a backend
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the process is over, in the
 *   thread-default main context of the caller
 * @user_data: data for @callback
 *
 * Waits for the end of the process. There may be several waits at once.
 *
 * Since: 1.0
 */
void
gproc_backend_wait_async (GProcBackend        *self,
                          int                  io_priority,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  GProcBackendInterface *iface;

  g_return_if_fail (GPROC_IS_BACKEND (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  iface = GPROC_BACKEND_GET_IFACE (self);
  g_return_if_fail (iface->wait_async != NULL);

  iface->wait_async (self, io_priority, cancellable, callback, user_data);
}

/**
 * gproc_backend_wait_finish:
 * @self: a backend
 * @result: the result that the callback was given
 * @returncode: (out): where to put the returncode
 * @error: where to put an error
 *
 * Finishes [method@GProc.Backend.wait_async].
 *
 * Returns: %TRUE if the process is over, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
gproc_backend_wait_finish (GProcBackend  *self,
                           GAsyncResult  *result,
                           int           *returncode,
                           GError       **error)
{
  GProcBackendInterface *iface;
  int value = GPROC_RETURNCODE_NONE;
  gboolean over;

  g_return_val_if_fail (GPROC_IS_BACKEND (self), FALSE);
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  iface = GPROC_BACKEND_GET_IFACE (self);
  g_return_val_if_fail (iface->wait_finish != NULL, FALSE);

  over = iface->wait_finish (self, result, &value, error);
  if (returncode != NULL)
    *returncode = over ? value : GPROC_RETURNCODE_NONE;

  return over;
}

/**
 * gproc_backend_send_signal:
 * @self: a backend
 * @signum: the number of the signal
 * @to_group: whether the signal goes to the group that the process leads
 * @error: where to put an error
 *
 * Sends a signal to the process, or to the group that it leads. Never blocks,
 * and is safe in any thread.
 *
 * Returns: %TRUE if the signal was sent, %FALSE with @error set: to
 *   %G_IO_ERROR_NOT_SUPPORTED if this backend cannot send signals or the process
 *   leads no group, or to what the backend has to report
 *
 * Since: 1.0
 */
gboolean
gproc_backend_send_signal (GProcBackend  *self,
                           int            signum,
                           gboolean       to_group,
                           GError       **error)
{
  GProcBackendInterface *iface;

  g_return_val_if_fail (GPROC_IS_BACKEND (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  iface = GPROC_BACKEND_GET_IFACE (self);
  if (iface->send_signal != NULL)
    return iface->send_signal (self, signum, to_group, error);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       _ ("This process cannot be sent signals"));
  return FALSE;
}

/**
 * gproc_backend_resize:
 * @self: a backend
 * @rows: the number of rows
 * @columns: the number of columns
 * @error: where to put an error
 *
 * Sets the size of the terminal of the process.
 *
 * Returns: %TRUE if the terminal has that size, %FALSE with @error set: to
 *   %G_IO_ERROR_NOT_SUPPORTED if the process has no terminal
 *
 * Since: 1.0
 */
gboolean
gproc_backend_resize (GProcBackend  *self,
                      guint          rows,
                      guint          columns,
                      GError       **error)
{
  GProcBackendInterface *iface;

  g_return_val_if_fail (GPROC_IS_BACKEND (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  iface = GPROC_BACKEND_GET_IFACE (self);
  if (iface->resize != NULL)
    return iface->resize (self, rows, columns, error);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       _ ("This process has no terminal that could be resized"));
  return FALSE;
}

/**
 * gproc_backend_get_is_pty:
 * @self: a backend
 *
 * Asks whether the process has a terminal whose other side the streams are. Safe in any thread.
 *
 * Returns: whether it has
 *
 * Since: 1.0
 */
gboolean
gproc_backend_get_is_pty (GProcBackend *self)
{
  GProcBackendInterface *iface;

  g_return_val_if_fail (GPROC_IS_BACKEND (self), FALSE);

  iface = GPROC_BACKEND_GET_IFACE (self);

  return iface->get_is_pty != NULL && iface->get_is_pty (self);
}

/**
 * gproc_backend_output_ended:
 * @self: a backend
 *
 * Tells the backend that all outputs of the stream were read to their ends, or closed. That is a
 * sign that the process is over, or soon will be, for a backend that has to ask for it.
 *
 * The stream calls this once, in whatever thread has read the last of its outputs, also while
 * nobody iterates its main context, and never if it has no output. The end of the process may come
 * before or after it.
 *
 * Since: 1.0
 */
void
gproc_backend_output_ended (GProcBackend *self)
{
  GProcBackendInterface *iface;

  g_return_if_fail (GPROC_IS_BACKEND (self));

  iface = GPROC_BACKEND_GET_IFACE (self);
  if (iface->output_ended != NULL)
    iface->output_ended (self);
}

/**
 * gproc_backend_close:
 * @self: a backend
 *
 * Tells the backend that the stream was closed. It lets go of what it holds for
 * the stream; the process goes on.
 *
 * Since: 1.0
 */
void
gproc_backend_close (GProcBackend *self)
{
  GProcBackendInterface *iface;

  g_return_if_fail (GPROC_IS_BACKEND (self));

  iface = GPROC_BACKEND_GET_IFACE (self);
  if (iface->close != NULL)
    iface->close (self);
}
