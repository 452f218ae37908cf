/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-stream-internal-private.h"

#include <glib/gi18n-lib.h>

#include "process/gproc-returncode-private.h"

/* How much is looked at besides what is buffered: more than a pipe holds, and a bound for
 * a grandchild that goes on writing. */
#define PEEK_LIMIT (1024 * 1024)

gboolean
_gproc_stream_has_process (GProcStream  *self,
                           GError      **error)
{
  if (self->backend != NULL)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       _ ("This stream has no process"));
  return FALSE;
}

void
_gproc_stream_set_over (GProcStream *self,
                        int          returncode)
{
  g_atomic_int_set (&self->returncode, returncode);
  g_atomic_int_set (&self->over, TRUE);
}

gboolean
_gproc_stream_is_over (GProcStream *self)
{
  int returncode;

  if (self->backend == NULL)
    return FALSE;
  if (self->child != NULL)
    return _gproc_child_poll (self->child);
  if (g_atomic_int_get (&self->over))
    return TRUE;
  if (!gproc_backend_try_wait (self->backend, &returncode))
    return FALSE;

  _gproc_stream_set_over (self, returncode);

  return TRUE;
}

gboolean
_gproc_stream_check_timeout (GProcStream  *self,
                             GError      **error)
{
  g_autofree char *name = NULL;

  if (!gproc_stream_get_timed_out (self))
    return TRUE;

  name = _gproc_command_name (self->command);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
               _ ("The time of “%s” was over, and it was stopped"), name);
  return FALSE;
}

static void
backend_over (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GProcStream *self = g_task_get_source_object (task);
  GError *error = NULL;
  int returncode;

  if (gproc_backend_wait_finish (GPROC_BACKEND (source), result, &returncode, &error))
    {
      _gproc_stream_set_over (self, returncode);
      g_task_return_boolean (task, TRUE);
    }
  else
    {
      g_task_return_error (task, error);
    }
}

void
_gproc_stream_wait_task (GProcStream *self,
                         GTask       *task)
{
  GError *error = NULL;

  if (!_gproc_stream_has_process (self, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
    }
  else if (self->child != NULL)
    {
      _gproc_child_wait_task (self->child, task);
    }
  else
    {
      gproc_backend_wait_async (self->backend, g_task_get_priority (task),
                                g_task_get_cancellable (task), backend_over, task);
    }
}

/* Blocks on a backend that knows nothing of the write queue. */
static gboolean
block_on_backend (GProcStream   *self,
                  GCancellable  *cancellable,
                  GError       **error)
{
  GProcWriteQueue *queue = _gproc_stream_get_queue (self);
  g_autoptr (GAsyncResult) result = NULL;
  GProcPrivateLoop loop;
  int returncode;

  if (_gproc_write_queue_push_all_or_wait (queue))
    {
      if (!gproc_backend_wait (self->backend, &returncode, cancellable, error))
        return FALSE;
    }
  else
    {
      if (!_gproc_private_loop_begin (&loop, error))
        return FALSE;

      gproc_backend_wait_async (self->backend, G_PRIORITY_DEFAULT, cancellable,
                                _gproc_private_loop_done, &loop);
      result = _gproc_private_loop_end (&loop, queue);
      if (!gproc_backend_wait_finish (self->backend, result, &returncode, error))
        return FALSE;
    }

  _gproc_stream_set_over (self, returncode);

  return TRUE;
}

gboolean
_gproc_stream_block (GProcStream   *self,
                     GCancellable  *cancellable,
                     GError       **error)
{
  if (!_gproc_stream_has_process (self, error))
    return FALSE;
  if (self->child != NULL)
    return _gproc_child_wait (self->child, _gproc_stream_get_queue (self), -1, cancellable, error);

  return block_on_backend (self, cancellable, error);
}

/**
 * gproc_stream_try_wait:
 * @self: a stream
 *
 * Asks how the process ended, without blocking. It needs no main loop, works in
 * any thread, and knows the answer as soon as the kernel does.
 *
 * Returns: the exit status, or −N where signal N ended the process;
 *   [const@GProc.RETURNCODE_NONE] while it runs, where nobody can know how it
 *   ended, and without a process. [method@GProc.Stream.get_running] tells these
 *   apart
 *
 * Since: 1.0
 */
int
gproc_stream_try_wait (GProcStream *self)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), GPROC_RETURNCODE_NONE);

  return gproc_stream_get_returncode (self);
}

/**
 * gproc_stream_wait:
 * @self: a stream
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Blocks until the process is over, whatever becomes of its pipes. What is queued
 * for its standard input is written meanwhile; no main context is iterated.
 *
 * A process that writes more than a pipe holds never ends while nobody reads:
 * read first, or use [method@GProc.Stream.wait_buffered] or
 * [method@GProc.Stream.communicate].
 *
 * Returns: the exit status, or −N where signal N ended the process, or
 *   [const@GProc.RETURNCODE_NONE]: with @error set to %G_IO_ERROR_CANCELLED if
 *   @cancellable was cancelled, to %G_IO_ERROR_TIMED_OUT if the process was
 *   stopped because its time was over, to %G_IO_ERROR_NOT_SUPPORTED if there is no
 *   process; and without @error if it is over and nobody can know how
 *
 * Since: 1.0
 */
int
gproc_stream_wait (GProcStream   *self,
                   GCancellable  *cancellable,
                   GError       **error)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable),
                        GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (error == NULL || *error == NULL, GPROC_RETURNCODE_NONE);

  if (!_gproc_stream_block (self, cancellable, error) || !_gproc_stream_check_timeout (self, error))
    return GPROC_RETURNCODE_NONE;

  return gproc_stream_get_returncode (self);
}

static GTask *
new_task (GProcStream         *self,
          int                  io_priority,
          GCancellable        *cancellable,
          GAsyncReadyCallback  callback,
          gpointer             user_data,
          gpointer             source_tag,
          const char          *name)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, source_tag);
  (g_task_set_name) (task, name);
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);

  return task;
}

/**
 * gproc_stream_wait_async:
 * @self: a stream
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the process is over, in the
 *   thread-default main context of the caller
 * @user_data: data for @callback
 *
 * Waits for the end of the process, whatever becomes of its pipes. There may be
 * any number of waits at once; cancelling one does not disturb the others, nor
 * the process. See [method@GProc.Stream.wait].
 *
 * Since: 1.0
 */
void
gproc_stream_wait_async (GProcStream         *self,
                         int                  io_priority,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_return_if_fail (GPROC_IS_STREAM (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  _gproc_stream_wait_task (self, new_task (self, io_priority, cancellable, callback, user_data,
                                           gproc_stream_wait_async, "[gproc] wait"));
}

/**
 * gproc_stream_wait_finish:
 * @self: a stream
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProc.Stream.wait_async].
 *
 * Returns: what [method@GProc.Stream.wait] returns, with the same errors
 *
 * Since: 1.0
 */
int
gproc_stream_wait_finish (GProcStream   *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (g_task_is_valid (result, self), GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_stream_wait_async),
                        GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (error == NULL || *error == NULL, GPROC_RETURNCODE_NONE);

  if (!g_task_propagate_boolean (G_TASK (result), error) ||
      !_gproc_stream_check_timeout (self, error))
    return GPROC_RETURNCODE_NONE;

  return gproc_stream_get_returncode (self);
}

/* Moves what the process left in the pipe into the buffer, without waiting. A reader
 * that someone reads from is left to them. */
GBytes *
_gproc_stream_peek_stderr (GProcStream *self)
{
  GProcReader *reader = gproc_stream_get_stderr (self);
  g_autoptr (GByteArray) gathered = NULL;
  g_autoptr (GBytes) all = NULL;
  gsize most;

  if (reader == NULL || _gproc_reader_is_closed (reader) ||
      g_input_stream_has_pending (G_INPUT_STREAM (reader)))
    return NULL;

  /* The message has the end of it, so all that is buffered has to go by. */
  most = gproc_reader_get_buffered (reader) + PEEK_LIMIT;
  gathered = g_byte_array_new ();
  while (gathered->len < most)
    {
      g_autoptr (GBytes) piece = gproc_reader_try_read_some (reader, most - gathered->len, NULL);

      if (piece == NULL)
        break;
      g_byte_array_append (gathered, g_bytes_get_data (piece, NULL), g_bytes_get_size (piece));
    }

  all = g_byte_array_free_to_bytes (g_steal_pointer (&gathered));
  gproc_reader_unread (reader, all, NULL);

  return g_steal_pointer (&all);
}

static gboolean
check_ended (GProcStream  *self,
             GError      **error)
{
  int returncode = gproc_stream_get_returncode (self);
  g_autoptr (GBytes) stderr_bytes = NULL;

  if (!_gproc_stream_check_timeout (self, error))
    return FALSE;

  if (returncode != 0 && error != NULL)
    stderr_bytes = _gproc_stream_peek_stderr (self);

  return _gproc_check_returncode (returncode, self->command, stderr_bytes, error);
}

/**
 * gproc_stream_wait_check:
 * @self: a stream
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Blocks until the process is over, as [method@GProc.Stream.wait] does, and checks
 * that it succeeded. The message of the error has the name of the program, how it
 * ended, and the last 4 KiB of what it wrote to standard error, where that is a
 * pipe of its own that nobody has read yet. It stays there to be read.
 *
 * Returns: %TRUE if the process ended by itself with a status of 0; %FALSE with
 *   @error set: to %GPROC_STREAM_ERROR_EXIT_STATUS for another status, to
 *   %GPROC_STREAM_ERROR_SIGNALED if a signal ended it, to %G_IO_ERROR_FAILED if
 *   that is unknown, to %G_IO_ERROR_CANCELLED, %G_IO_ERROR_TIMED_OUT or
 *   %G_IO_ERROR_NOT_SUPPORTED as for [method@GProc.Stream.wait]
 *
 * Since: 1.0
 */
gboolean
gproc_stream_wait_check (GProcStream   *self,
                         GCancellable  *cancellable,
                         GError       **error)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return _gproc_stream_block (self, cancellable, error) && check_ended (self, error);
}

/**
 * gproc_stream_wait_check_async:
 * @self: a stream
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the process is over, in the
 *   thread-default main context of the caller
 * @user_data: data for @callback
 *
 * Waits for the end of the process, and checks that it succeeded. See
 * [method@GProc.Stream.wait_check].
 *
 * Since: 1.0
 */
void
gproc_stream_wait_check_async (GProcStream         *self,
                               int                  io_priority,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_return_if_fail (GPROC_IS_STREAM (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  _gproc_stream_wait_task (self,
                           new_task (self, io_priority, cancellable, callback, user_data,
                                     gproc_stream_wait_check_async, "[gproc] wait and check"));
}

/**
 * gproc_stream_wait_check_finish:
 * @self: a stream
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProc.Stream.wait_check_async].
 *
 * Returns: what [method@GProc.Stream.wait_check] returns, with the same errors
 *
 * Since: 1.0
 */
gboolean
gproc_stream_wait_check_finish (GProcStream   *self,
                                GAsyncResult  *result,
                                GError       **error)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_stream_wait_check_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error) && check_ended (self, error);
}

static void
wait_buffered (GProcStream       *self,
               gsize              limit,
               GProcCollectFlags  flags,
               GTask             *task)
{
  GError *error = NULL;

  if (_gproc_stream_has_process (self, &error))
    {
      _gproc_collect (task, NULL, limit, GPROC_COLLECT_KEEP | flags);
    }
  else
    {
      g_task_return_error (task, error);
      g_object_unref (task);
    }
}

static int
propagate_returncode (GTask   *task,
                      GError **error)
{
  GError *local_error = NULL;
  gssize returncode = g_task_propagate_int (task, &local_error);

  if (local_error == NULL)
    return (int) returncode;

  g_propagate_error (error, local_error);

  return GPROC_RETURNCODE_NONE;
}

/**
 * gproc_stream_wait_buffered:
 * @self: a stream
 * @limit: how many bytes each output may have in its buffer
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Blocks until the process is over and its outputs have met their ends, and takes
 * in what it writes meanwhile, so that it can be read afterwards: for those who
 * wait before they read. What is queued for its standard input is written; no main
 * context is iterated.
 *
 * Where another process holds a pipe, the wait ends
 * [property@GProc.Stream:post-exit-grace] after the exit.
 *
 * Returns: what [method@GProc.Stream.wait] returns, with the same errors, and with
 *   %GPROC_STREAM_ERROR_LIMIT_OVERRUN if an output has more than @limit bytes; all
 *   of them stay to be read, and the process goes on
 *
 * Since: 1.0
 */
int
gproc_stream_wait_buffered (GProcStream   *self,
                            gsize          limit,
                            GCancellable  *cancellable,
                            GError       **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GProcPrivateLoop loop;

  g_return_val_if_fail (GPROC_IS_STREAM (self), GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable),
                        GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (error == NULL || *error == NULL, GPROC_RETURNCODE_NONE);

  if (!_gproc_private_loop_begin (&loop, error))
    return GPROC_RETURNCODE_NONE;

  wait_buffered (self, limit, 0,
                 new_task (self, G_PRIORITY_DEFAULT, cancellable, _gproc_private_loop_done, &loop,
                           gproc_stream_wait_buffered, "[gproc] wait buffered"));
  result = _gproc_private_loop_end (&loop, _gproc_stream_get_queue (self));

  return propagate_returncode (G_TASK (result), error);
}

/**
 * gproc_stream_wait_buffered_async:
 * @self: a stream
 * @limit: how many bytes each output may have in its buffer
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the process is over and its outputs have met
 *   their ends, in the thread-default main context of the caller
 * @user_data: data for @callback
 *
 * Waits for the end of the process and of its outputs, and takes in what it writes
 * meanwhile. See [method@GProc.Stream.wait_buffered].
 *
 * Since: 1.0
 */
void
gproc_stream_wait_buffered_async (GProcStream         *self,
                                  gsize                limit,
                                  int                  io_priority,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  g_return_if_fail (GPROC_IS_STREAM (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  wait_buffered (self, limit, GPROC_COLLECT_PUSH,
                 new_task (self, io_priority, cancellable, callback, user_data,
                           gproc_stream_wait_buffered_async, "[gproc] wait buffered"));
}

/**
 * gproc_stream_wait_buffered_finish:
 * @self: a stream
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProc.Stream.wait_buffered_async].
 *
 * Returns: what [method@GProc.Stream.wait_buffered] returns, with the same errors
 *
 * Since: 1.0
 */
int
gproc_stream_wait_buffered_finish (GProcStream   *self,
                                   GAsyncResult  *result,
                                   GError       **error)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (g_task_is_valid (result, self), GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_stream_wait_buffered_async),
                        GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (error == NULL || *error == NULL, GPROC_RETURNCODE_NONE);

  return propagate_returncode (G_TASK (result), error);
}
