/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-launcher-private.h"
#include "process/gproc-worker-private.h"

#include <glib/gi18n-lib.h>

#include <unistd.h>

/* What a run holds besides its launch. */
typedef struct
{
  GProcLaunch *launch;
  GBytes *input;
  GProcChild *child; /* Once it was spawned. */
  guint stop_grace_ms;
} GProcRun;

static void
run_free (GProcRun *run)
{
  g_clear_pointer (&run->launch, _gproc_launch_free);
  g_clear_pointer (&run->input, g_bytes_unref);
  g_clear_pointer (&run->child, _gproc_child_unref);
  g_free (run);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GProcRun, run_free)

/**
 * gproc_launcher_spawn:
 * @self: the launcher
 * @argv: (array zero-terminated=1) (element-type filename): the command and its
 *   arguments
 * @error: where to put an error
 *
 * Starts a process. The call returns when it runs its program, which takes a
 * fraction of a millisecond unless the file system is slow.
 *
 * The stream belongs to the thread-default context of the caller.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT if there is no command; otherwise what the
 * system said, for example %G_IO_ERROR_NOT_FOUND, %G_IO_ERROR_PERMISSION_DENIED,
 * %G_IO_ERROR_TOO_MANY_OPEN_FILES, or %G_IO_ERROR_WOULD_BLOCK where the user has
 * too many processes.
 *
 * Returns: (transfer full): the stream
 *
 * Since: 1.0
 */
GProcStream *
gproc_launcher_spawn (GProcLauncher       *self,
                      const char * const  *argv,
                      GError             **error)
{
  g_autoptr (GProcLaunch) launch = NULL;

  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  launch = _gproc_launch_new (self, argv, GPROC_LAUNCH_STREAM);
  if (!_gproc_launch_run (launch, error))
    return NULL;

  return _gproc_launch_finish (launch);
}

/* In the context that the stream is for, which is not necessarily the thread-default
 * one of the thread that iterates it. */
static gboolean
finish_spawn (gpointer user_data)
{
  GTask *task = user_data;
  GMainContext *context = g_task_get_context (task);
  GProcStream *stream;

  g_main_context_push_thread_default (context);
  stream = _gproc_launch_finish (g_task_get_task_data (task));
  g_main_context_pop_thread_default (context);

  g_task_return_pointer (task, stream, g_object_unref);

  return G_SOURCE_REMOVE;
}

/* In any thread. */
static void
run_spawn (GTask *task)
{
  g_autoptr (GError) error = NULL;
  GSource *source;

  if (!_gproc_launch_run (g_task_get_task_data (task), &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  source = g_idle_source_new ();
  g_source_set_priority (source, g_task_get_priority (task));
  g_source_set_static_name (source, "gproc-launcher-spawn");
  g_source_set_callback (source, finish_spawn, g_object_ref (task), g_object_unref);
  g_source_attach (source, g_task_get_context (task));
  g_source_unref (source);
}

static void
spawn_in_pool (GTask        *task,
               gpointer      source_object,
               gpointer      task_data,
               GCancellable *cancellable)
{
  run_spawn (task_data);
  g_task_return_boolean (task, TRUE);
}

static gboolean
spawn_in_worker (gpointer user_data)
{
  GTask *task = user_data;

  if (g_task_return_error_if_cancelled (task))
    return G_SOURCE_REMOVE;

  if (_gproc_launch_may_block (g_task_get_task_data (task)))
    {
      /* A FIFO, probably. The worker must not wait for what comes or does not. */
      g_autoptr (GTask) in_pool = g_task_new (NULL, NULL, NULL, NULL);

      g_task_set_source_tag (in_pool, spawn_in_worker);
      g_task_set_name (in_pool, "gproc-launcher-spawn-in-pool");
      g_task_set_task_data (in_pool, g_object_ref (task), g_object_unref);
      g_task_run_in_thread (in_pool, spawn_in_pool);
    }
  else
    {
      run_spawn (task);
    }

  return G_SOURCE_REMOVE;
}

/* Takes @launch. */
static void
spawn_async (GProcLauncher       *self,
             GProcLaunch         *launch,
             int                  io_priority,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;
  int result;

  g_task_set_source_tag (task, gproc_launcher_spawn_async);
  g_task_set_name (task, "gproc-launcher-spawn");
  g_task_set_priority (task, io_priority);
  /* A process that was started is never lost. */
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, launch, (GDestroyNotify) _gproc_launch_free);

  if (!_gproc_launch_keep_fds (launch, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  result = _gproc_worker_start ();
  if (result != 0)
    {
      g_task_return_new_error (task, G_IO_ERROR, g_io_error_from_errno (result),
                               _ ("The thread that starts processes cannot be started: %s"),
                               g_strerror (result));
      return;
    }

  _gproc_worker_call (0, spawn_in_worker, g_object_ref (task), g_object_unref);
}

/**
 * gproc_launcher_spawn_async:
 * @self: the launcher
 * @argv: (array zero-terminated=1) (element-type filename): the command and its
 *   arguments
 * @io_priority: the priority of the callback
 * @cancellable: (nullable): to cancel it
 * @callback: (nullable) (scope async): called when the process runs, in the
 *   thread-default context of the caller
 * @user_data: for @callback
 *
 * Starts a process in another thread, so that the caller does not wait for a slow
 * file system or a FIFO. Descriptors that are borrowed may be closed when this call
 * has returned, and the launcher may be changed.
 *
 * The stream belongs to the thread-default context of the caller. Cancelling has
 * no effect once the process runs: the stream is given all the same.
 *
 * Since: 1.0
 */
void
gproc_launcher_spawn_async (GProcLauncher       *self,
                            const char * const  *argv,
                            int                  io_priority,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  spawn_async (self, _gproc_launch_new (self, argv, GPROC_LAUNCH_STREAM), io_priority, cancellable,
               callback, user_data);
}

/**
 * gproc_launcher_spawn_finish:
 * @self: the launcher
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProc.Launcher.spawn_async].
 *
 * Errors: those of [method@GProc.Launcher.spawn], and %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): the stream
 *
 * Since: 1.0
 */
GProcStream *
gproc_launcher_spawn_finish (GProcLauncher  *self,
                             GAsyncResult   *result,
                             GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_launcher_spawn_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Nobody will take what the process has to say: it is ended, and what it was to be
 * told is dropped. */
static void
give_up (GProcStream *stream,
         GProcChild  *child,
         guint        stop_grace_ms)
{
  GProcWriter *writer = gproc_stream_get_stdin (stream);

  _gproc_child_stop (child, stop_grace_ms);
  if (writer != NULL)
    gproc_writer_abort (writer);
}

static GProcRun *
run_new (GProcLauncher       *self,
         const char * const  *argv,
         GBytes              *input,
         GError             **error)
{
  const GProcRoute *route = &g_array_index (self->routes, GProcRoute, STDIN_FILENO);
  GProcRun *run;

  if (input != NULL && route->kind == GPROC_ROUTE_PTY)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _ ("There is input for a process whose standard input is a terminal,"
                              " which has no end that it could be told"));
      return NULL;
    }

  if (input != NULL && route->kind != GPROC_ROUTE_PIPE_WRITE)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _ ("There is input for a process whose standard input is no pipe"));
      return NULL;
    }

  run = g_new0 (GProcRun, 1);
  run->launch = _gproc_launch_new (self, argv,
                                   input != NULL ? GPROC_LAUNCH_INPUT : GPROC_LAUNCH_NO_INPUT);
  run->input = input != NULL ? g_bytes_ref (input) : NULL;
  run->stop_grace_ms = self->stop_grace_ms;

  return run;
}

/**
 * gproc_launcher_run:
 * @self: the launcher
 * @argv: (array zero-terminated=1) (element-type filename): the command and its
 *   arguments
 * @input: (nullable): what it reads from its standard input, or %NULL for none
 * @cancellable: (nullable): to cancel it
 * @error: where to put an error
 *
 * Runs a process from its start to its end and collects its output. Blocks; the
 * context of the caller is not iterated.
 *
 * Both outputs are collected unless they were set to lead elsewhere. Without input
 * the process reads from `/dev/null`, or from what was set. How the process ended
 * is in the result; it is no error.
 *
 * On an error after the start, cancellation among them, the process is stopped and
 * what was collected is lost: where that matters, spawn a stream and use
 * [method@GProc.Stream.communicate], which keeps it.
 *
 * Errors: those of [method@GProc.Launcher.spawn] and
 * [method@GProc.Stream.communicate]; %G_IO_ERROR_INVALID_ARGUMENT if there is input
 * and standard input was set to something other than a pipe, %G_IO_ERROR_NOT_SUPPORTED if
 * to a terminal.
 *
 * Returns: (transfer full): the output, and how the process ended
 *
 * Since: 1.0
 */
GProcResult *
gproc_launcher_run (GProcLauncher       *self,
                    const char * const  *argv,
                    GBytes              *input,
                    GCancellable        *cancellable,
                    GError             **error)
{
  g_autoptr (GProcRun) run = NULL;
  g_autoptr (GProcStream) stream = NULL;
  GProcResult *result;

  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;

  run = run_new (self, argv, input, error);
  if (run == NULL || !_gproc_launch_run (run->launch, error))
    return NULL;

  stream = _gproc_launch_finish (run->launch);
  result = gproc_stream_communicate (stream, input, cancellable, error);
  if (result == NULL)
    give_up (stream, _gproc_launch_get_child (run->launch), run->stop_grace_ms);

  return result;
}

static void
run_communicated (GObject      *source,
                  GAsyncResult *async_result,
                  gpointer      user_data)
{
  GProcStream *stream = GPROC_STREAM (source);
  g_autoptr (GTask) task = user_data;
  GProcRun *run = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  GProcResult *result;

  result = gproc_stream_communicate_finish (stream, async_result, &error);
  if (result != NULL)
    {
      g_task_return_pointer (task, result, g_object_unref);
      return;
    }

  give_up (stream, run->child, run->stop_grace_ms);
  g_task_return_error (task, g_steal_pointer (&error));
}

static void
run_spawned (GObject      *source,
             GAsyncResult *async_result,
             gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GProcRun *run = g_task_get_task_data (task);
  GProcLaunch *launch = g_task_get_task_data (G_TASK (async_result));
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;

  stream = gproc_launcher_spawn_finish (GPROC_LAUNCHER (source), async_result, &error);
  if (stream == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  run->child = _gproc_child_ref (_gproc_launch_get_child (launch));
  gproc_stream_communicate_async (stream, run->input, g_task_get_priority (task),
                                  g_task_get_cancellable (task), run_communicated,
                                  g_object_ref (task));
}

/**
 * gproc_launcher_run_async:
 * @self: the launcher
 * @argv: (array zero-terminated=1) (element-type filename): the command and its
 *   arguments
 * @input: (nullable): what it reads from its standard input, or %NULL for none
 * @io_priority: the priority of the callback
 * @cancellable: (nullable): to cancel it
 * @callback: (nullable) (scope async): called when the process has ended and its
 *   output is complete, in the thread-default context of the caller
 * @user_data: for @callback
 *
 * Runs a process from its start to its end and collects its output, as
 * [method@GProc.Launcher.run] does.
 *
 * Since: 1.0
 */
void
gproc_launcher_run_async (GProcLauncher       *self,
                          const char * const  *argv,
                          GBytes              *input,
                          int                  io_priority,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GError) error = NULL;
  GProcRun *run;

  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, gproc_launcher_run_async);
  g_task_set_name (task, "gproc-launcher-run");
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);

  run = run_new (self, argv, input, &error);
  if (run == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  g_task_set_task_data (task, run, (GDestroyNotify) run_free);
  spawn_async (self, g_steal_pointer (&run->launch), io_priority, cancellable, run_spawned,
               g_object_ref (task));
}

/**
 * gproc_launcher_run_finish:
 * @self: the launcher
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProc.Launcher.run_async].
 *
 * Returns: (transfer full): the output, and how the process ended
 *
 * Since: 1.0
 */
GProcResult *
gproc_launcher_run_finish (GProcLauncher  *self,
                           GAsyncResult   *result,
                           GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_launcher_run_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
