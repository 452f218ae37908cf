/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "process/gproc-stream-internal-private.h"

static GTask *
new_task (GProcStream         *self,
          int                  io_priority,
          GCancellable        *cancellable,
          GAsyncReadyCallback  callback,
          gpointer             user_data,
          gpointer             source_tag)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, source_tag);
  g_task_set_name (task, "[gproc] communicate");
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);

  return task;
}

static GProcResult *
communicate (GProcStream        *self,
             GBytes             *input,
             GProcCollectFlags   flags,
             GCancellable       *cancellable,
             GError            **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GProcPrivateLoop loop;

  if (!_gproc_private_loop_begin (&loop, error))
    return NULL;

  _gproc_collect (new_task (self, G_PRIORITY_DEFAULT, cancellable, _gproc_private_loop_done, &loop,
                            communicate),
                  input, gproc_stream_get_output_limit (self), flags);
  result = _gproc_private_loop_end (&loop, _gproc_stream_get_queue (self));

  return g_task_propagate_pointer (G_TASK (result), error);
}

static GBytes *
text_to_bytes (const char *text)
{
  return text != NULL ? g_bytes_new (text, strlen (text)) : NULL;
}

/**
 * gproc_stream_communicate:
 * @self: a stream
 * @input: (nullable): what the process reads from its standard input
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Gives the process its input, closes its standard input, collects standard output
 * and standard error at the same time, and waits for the end. With an @input of
 * %NULL standard input is closed at once. No main context is iterated.
 *
 * It ends when the process is over and its outputs have met their ends. Where
 * another process holds a pipe open it ends [property@GProc.Stream:post-exit-grace]
 * after the exit, and [property@GProc.Result:truncated] is set. On a stream without a
 * process it ends with the outputs. A process that does not read all of its input is
 * no error.
 *
 * A terminal has no end of input: with @input for one it fails, and without the process is left
 * to wait for a person, if that is what it does.
 *
 * Where it fails, what was collected is in the readers again. A process that still
 * runs goes on; [method@GProc.Stream.stop] ends it.
 *
 * Returns: (transfer full): how the process ended and what it wrote, or %NULL with
 *   @error set: to %GPROC_STREAM_ERROR_LIMIT_OVERRUN if an output is longer than
 *   [property@GProc.Stream:output-limit], to %G_IO_ERROR_TIMED_OUT if the process was
 *   stopped because its time was over, to %G_IO_ERROR_CANCELLED if @cancellable was
 *   cancelled, to %G_IO_ERROR_PENDING if an output is being read, to
 *   %G_IO_ERROR_NOT_SUPPORTED if there is @input and no pipe for it
 *
 * Since: 1.0
 */
GProcResult *
gproc_stream_communicate (GProcStream   *self,
                          GBytes        *input,
                          GCancellable  *cancellable,
                          GError       **error)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return communicate (self, input, 0, cancellable, error);
}

/**
 * gproc_stream_communicate_async:
 * @self: a stream
 * @input: (nullable): what the process reads from its standard input
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called at the end, in the thread-default main context of
 *   the caller
 * @user_data: data for @callback
 *
 * Gives the process its input, collects its output and waits for its end. See
 * [method@GProc.Stream.communicate].
 *
 * Since: 1.0
 */
void
gproc_stream_communicate_async (GProcStream         *self,
                                GBytes              *input,
                                int                  io_priority,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  g_return_if_fail (GPROC_IS_STREAM (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  _gproc_collect (new_task (self, io_priority, cancellable, callback, user_data,
                            gproc_stream_communicate_async),
                  input, gproc_stream_get_output_limit (self), GPROC_COLLECT_PUSH);
}

/**
 * gproc_stream_communicate_finish:
 * @self: a stream
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProc.Stream.communicate_async].
 *
 * Returns: (transfer full): what [method@GProc.Stream.communicate] returns, with the
 *   same errors
 *
 * Since: 1.0
 */
GProcResult *
gproc_stream_communicate_finish (GProcStream   *self,
                                 GAsyncResult  *result,
                                 GError       **error)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_stream_communicate_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * gproc_stream_communicate_utf8:
 * @self: a stream
 * @input: (nullable): what the process reads from its standard input
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * As [method@GProc.Stream.communicate], for text: what the process writes has to be
 * UTF-8 without NUL, and is had from [method@GProc.Result.get_stdout_utf8] and
 * [method@GProc.Result.get_stderr_utf8].
 *
 * Returns: (transfer full): how the process ended and what it wrote, or %NULL with
 *   @error set: to %G_IO_ERROR_INVALID_DATA if an output is no such text, then both are
 *   in the readers again; and as for [method@GProc.Stream.communicate]
 *
 * Since: 1.0
 */
GProcResult *
gproc_stream_communicate_utf8 (GProcStream   *self,
                               const char    *input,
                               GCancellable  *cancellable,
                               GError       **error)
{
  g_autoptr (GBytes) bytes = text_to_bytes (input);

  g_return_val_if_fail (GPROC_IS_STREAM (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return communicate (self, bytes, GPROC_COLLECT_UTF8, cancellable, error);
}

/**
 * gproc_stream_communicate_utf8_async:
 * @self: a stream
 * @input: (nullable): what the process reads from its standard input
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called at the end, in the thread-default main context of
 *   the caller
 * @user_data: data for @callback
 *
 * Gives the process its input, collects its output, which has to be text, and waits
 * for its end. See [method@GProc.Stream.communicate_utf8].
 *
 * Since: 1.0
 */
void
gproc_stream_communicate_utf8_async (GProcStream         *self,
                                     const char          *input,
                                     int                  io_priority,
                                     GCancellable        *cancellable,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data)
{
  g_autoptr (GBytes) bytes = text_to_bytes (input);

  g_return_if_fail (GPROC_IS_STREAM (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  _gproc_collect (new_task (self, io_priority, cancellable, callback, user_data,
                            gproc_stream_communicate_utf8_async),
                  bytes, gproc_stream_get_output_limit (self),
                  GPROC_COLLECT_UTF8 | GPROC_COLLECT_PUSH);
}

/**
 * gproc_stream_communicate_utf8_finish:
 * @self: a stream
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProc.Stream.communicate_utf8_async].
 *
 * Returns: (transfer full): what [method@GProc.Stream.communicate_utf8] returns, with
 *   the same errors
 *
 * Since: 1.0
 */
GProcResult *
gproc_stream_communicate_utf8_finish (GProcStream   *self,
                                      GAsyncResult  *result,
                                      GError       **error)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_stream_communicate_utf8_async),
                        NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
