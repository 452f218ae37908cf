/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test.h"

#include <glib/gstdio.h>
#include <gprocstream/gprocstream.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sys/stat.h>
#include <unistd.h>

static char *testprog;

static char **
make_argv (const char *arguments)
{
  g_autofree char *command = g_strconcat (testprog, " ", arguments, NULL);

  return g_strsplit (command, " ", -1);
}

static GProcResult *
run (GProcLauncher  *launcher,
     const char     *arguments,
     const char     *input,
     GCancellable   *cancellable,
     GError        **error)
{
  g_auto (GStrv) argv = make_argv (arguments);
  g_autoptr (GBytes) bytes = input != NULL ? g_bytes_new (input, strlen (input)) : NULL;

  return gproc_launcher_run (launcher, (const char * const *) argv, bytes, cancellable, error);
}

static GProcResult *
run_async (GProcLauncher  *launcher,
           const char     *arguments,
           const char     *input,
           GCancellable   *cancellable,
           GError        **error)
{
  g_auto (GStrv) argv = make_argv (arguments);
  g_autoptr (GBytes) bytes = input != NULL ? g_bytes_new (input, strlen (input)) : NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  gproc_launcher_run_async (launcher, (const char * const *) argv, bytes, 0, cancellable,
                            gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);

  return gproc_launcher_run_finish (launcher, gproc_test_call_wait (&call), error);
}

typedef GProcResult *(*RunFunc) (GProcLauncher  *launcher,
                                 const char     *arguments,
                                 const char     *input,
                                 GCancellable   *cancellable,
                                 GError        **error);

static const RunFunc run_funcs[] = { run, run_async };

static void
test_run (gconstpointer data)
{
  RunFunc func = *(const RunFunc *) data;
  g_autoptr (GProcLauncher) launcher = gproc_test_track (gproc_launcher_new ());
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcResult) result = NULL;

  /* Both outputs are collected, and there is no input. */
  result = gproc_test_track (func (launcher, "out-err 3", NULL, NULL, &error));
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "out\n");
  gproc_test_assert_bytes (gproc_result_get_stderr (result), "err\n");
  g_assert_cmpint (gproc_result_get_returncode (result), ==, 3);
  g_clear_object (&result);

  result = func (launcher, "print-fd-kind 0 1 2", NULL, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "0 null\n1 pipe\n2 pipe\n");
  g_clear_object (&result);

  result = func (launcher, "cat", "some input", NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "some input");
  g_clear_object (&result);

  result = func (launcher, "cat", "", NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "");
  g_assert_true (gproc_result_get_successful (result));
}

/* What was set stays that way. */
static void
test_run_explicit (gconstpointer data)
{
  RunFunc func = *(const RunFunc *) data;
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcResult) result = NULL;

  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_STDOUT);
  result = func (launcher, "out-err", NULL, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "out\nerr\n");
  g_clear_object (&result);

  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_NULL);
  gproc_launcher_set_stdin_file (launcher, "/proc/self/cmdline", GPROC_FILE_FLAGS_NONE);
  result = func (launcher, "print-fd-kind 0 2", NULL, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "0 file\n2 null\n");
  g_clear_object (&result);

  g_assert_null (func (launcher, "cat", "input", NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
test_run_errors (gconstpointer data)
{
  RunFunc func = *(const RunFunc *) data;
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  gproc_launcher_set_cwd (launcher, "/nowhere");
  g_assert_null (func (launcher, "exit-code 0", NULL, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  gproc_launcher_set_cwd (launcher, NULL);

  /* The process is stopped: the harness sees that nothing is left of it. */
  gproc_launcher_set_stop_grace (launcher, 10);
  gproc_launcher_set_timeout (launcher, 20);
  g_assert_null (func (launcher, "ignore-term", NULL, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  gproc_launcher_set_timeout (launcher, 0);

  gproc_launcher_set_output_limit (launcher, 1000);
  g_assert_null (func (launcher, "flood-stdout -1", NULL, NULL, &error));
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_LIMIT_OVERRUN);

  g_cancellable_cancel (cancellable);
  g_assert_null (func (launcher, "hold", NULL, cancellable, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* As soon as there is a process. */
static gpointer
cancel_soon (gpointer user_data)
{
  gint64 deadline = gproc_test_deadline ();
  siginfo_t info;

  while (waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_thread_yield ();
    }
  g_cancellable_cancel (user_data);

  return NULL;
}

static void
test_run_cancel (gconstpointer data)
{
  RunFunc func = *(const RunFunc *) data;
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *input = g_strnfill (1024 * 1024, 'x');
  g_autoptr (GError) error = NULL;
  GThread *thread;

  /* It reads nothing, so most of its input waits, and is dropped. */
  gproc_launcher_set_stop_grace (launcher, 10);
  thread = g_thread_new ("cancel", cancel_soon, cancellable);
  g_assert_null (func (launcher, "ignore-term", input, cancellable, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
}

static GProcStream *
spawn_async (GProcLauncher  *launcher,
             const char     *arguments,
             GCancellable   *cancellable,
             GError        **error)
{
  g_auto (GStrv) argv = make_argv (arguments);
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  gproc_launcher_spawn_async (launcher, (const char * const *) argv, 0, cancellable,
                              gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);

  return gproc_launcher_spawn_finish (launcher, gproc_test_call_wait (&call), error);
}

static void
test_spawn_async (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_test_track (gproc_launcher_new ());
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;

  stream = gproc_test_track (spawn_async (launcher, "echo hello", NULL, &error));
  g_assert_no_error (error);
  line = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_cmpstr (line, ==, "hello");
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 0);

  gproc_launcher_set_cwd (launcher, "/nowhere");
  g_assert_null (spawn_async (launcher, "echo hello", NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  gproc_launcher_set_cwd (launcher, NULL);

  g_cancellable_cancel (cancellable);
  g_assert_null (spawn_async (launcher, "hold", cancellable, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* What was given may go once the call has returned. */
static void
test_spawn_async_copies (void)
{
  GProcLauncher *launcher = gproc_launcher_new ();
  char **argv = make_argv ("write-fd 8 words");
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  gproc_test_pipe (fds);
  gproc_launcher_map_fd (launcher, fds[1], 8);
  gproc_launcher_spawn_async (launcher, (const char * const *) argv, 0, NULL, gproc_test_call_done,
                              &call);
  g_strfreev (argv);
  gproc_test_close (&fds[1]);
  gproc_launcher_set_cwd (launcher, "/nowhere");
  gproc_test_call_wait (&call);
  stream = gproc_launcher_spawn_finish (launcher, call.result, &error);
  g_assert_no_error (error);
  g_object_unref (launcher);

  bytes = gproc_test_read_to_end (fds[0]);
  gproc_test_assert_bytes (bytes, "words");
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 0);
  gproc_test_close (&fds[0]);
}

/* Nobody finishes the call: the process is reaped, its pipes are closed. */
static void
test_spawn_async_forgotten (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_auto (GStrv) argv = make_argv ("cat");
  int fds[2];

  /* Whose end comes when the process has gone. */
  gproc_test_pipe (fds);
  gproc_launcher_map_fd (launcher, fds[1], 3);
  gproc_launcher_spawn_async (launcher, (const char * const *) argv, 0, NULL, NULL, NULL);
  gproc_test_close (&fds[1]);
  gproc_test_wait_for (gproc_test_fd_is_ready (fds[0], G_IO_HUP));
  gproc_test_close (&fds[0]);
}

static gpointer
write_fifo (gpointer user_data)
{
  int fd = gproc_test_open (user_data, O_WRONLY);

  gproc_test_write (fd, "through a FIFO", -1);
  gproc_test_close (&fd);

  return NULL;
}

/* It waits for the other end, and nobody else does: not the caller, not the thread
 * that reaps. */
static void
test_fifo (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GProcLauncher) other = gproc_launcher_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("gproc-XXXXXX", &error);
  g_autofree char *fifo = g_build_filename (folder, "fifo", NULL);
  g_auto (GStrv) argv = make_argv ("cat");
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GProcStream) meanwhile = NULL;
  g_autoptr (GBytes) bytes = NULL;
  GThread *thread;

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  gproc_launcher_set_stdin_file (launcher, fifo, GPROC_FILE_FLAGS_NONE);
  gproc_launcher_spawn_async (launcher, (const char * const *) argv, 0, NULL, gproc_test_call_done,
                              &call);

  meanwhile = spawn_async (other, "exit-code 5", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_wait (meanwhile, NULL, &error), ==, 5);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);

  thread = g_thread_new ("fifo", write_fifo, fifo);
  stream = gproc_launcher_spawn_finish (launcher, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  bytes = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
  gproc_test_assert_bytes (bytes, "through a FIFO");
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 0);
  g_thread_join (thread);
  g_assert_cmpint (g_remove (fifo), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* In the context of the caller, though another thread spawned it. */
static gpointer
spawn_in_thread (gpointer user_data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_auto (GStrv) argv = make_argv ("exit-code 0");
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;

  g_main_context_push_thread_default (context);
  gproc_launcher_spawn_async (launcher, (const char * const *) argv, 0, NULL, gproc_test_call_done,
                              &call);
  while (call.done == 0)
    g_main_context_iteration (context, TRUE);
  g_assert_true (call.thread == g_thread_self ());
  stream = gproc_launcher_spawn_finish (launcher, call.result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 0);
  g_clear_object (&stream);
  while (g_main_context_iteration (context, FALSE))
    continue;
  g_main_context_pop_thread_default (context);

  return NULL;
}

static void
test_contexts (void)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("spawner", spawn_in_thread, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static void
count_call (GObject      *source,
            GAsyncResult *async_result,
            gpointer      user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcResult)
    result = gproc_launcher_run_finish (GPROC_LAUNCHER (source), async_result, &error);

  g_assert_no_error (error);
  g_assert_true (gproc_result_get_successful (result));
  (*(guint *) user_data)++;
}

static void
test_many (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_auto (GStrv) argv = make_argv ("echo word");
  guint n_runs = (guint) gproc_test_scale (200);
  guint n_done = 0;

  for (guint i = 0; i < n_runs; i++)
    gproc_launcher_run_async (launcher, (const char * const *) argv, NULL, 0, NULL, count_call,
                              &n_done);
  gproc_test_wait_for (n_done == n_runs);
}

static void
assert_portable (GProcLauncher *launcher,
                 gboolean       portable)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (gproc_launcher_check_portable (launcher, &error), ==, portable);
  if (!portable)
    gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_no_error (error);
}

/* What somebody who starts processes elsewhere asks of the settings. */
static void
test_portable (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_auto (GStrv) none = gproc_launcher_get_environ_changes (launcher);
  g_auto (GStrv) changes = NULL;
  g_auto (GStrv) whole = NULL;
  const char * const wanted[] = { "GPROC_A=2", "GPROC_C=4", NULL };
  const char * const environment[] = { "GPROC_D=5", NULL };

  g_assert_cmpuint (g_strv_length (none), ==, 0);
  gproc_launcher_setenv (launcher, "GPROC_A", "1", TRUE);
  gproc_launcher_setenv (launcher, "GPROC_A", "2", TRUE);
  gproc_launcher_setenv (launcher, "GPROC_A", "3", FALSE);
  gproc_launcher_setenv (launcher, "GPROC_B", "3", TRUE);
  gproc_launcher_setenv (launcher, "GPROC_C", "4", FALSE);
  gproc_launcher_setenv (launcher, "PATH", "nowhere", FALSE);
  gproc_launcher_unsetenv (launcher, "GPROC_B");
  changes = gproc_launcher_get_environ_changes (launcher);
  g_assert_cmpstrv (changes, wanted);
  gproc_launcher_set_environ (launcher, environment);
  whole = gproc_launcher_get_environ_changes (launcher);
  g_assert_cmpstrv (whole, environment);

  g_assert_cmpint (gproc_launcher_get_user (launcher), ==, -1);
  g_assert_cmpint (gproc_launcher_get_group (launcher), ==, -1);
  gproc_launcher_set_user (launcher, 5);
  gproc_launcher_set_group (launcher, 6);
  g_assert_cmpint (gproc_launcher_get_user (launcher), ==, 5);
  g_assert_cmpint (gproc_launcher_get_group (launcher), ==, 6);

  g_assert_cmpint (gproc_launcher_get_disposition (launcher, 0), ==, GPROC_DISPOSITION_PIPE);
  g_assert_cmpint (gproc_launcher_get_disposition (launcher, 2), ==, GPROC_DISPOSITION_INHERIT);
  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_NULL);
  gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_STDOUT);
  g_assert_cmpint (gproc_launcher_get_disposition (launcher, 0), ==, GPROC_DISPOSITION_NULL);
  g_assert_cmpint (gproc_launcher_get_disposition (launcher, 1), ==, GPROC_DISPOSITION_PTY);
  g_assert_cmpint (gproc_launcher_get_disposition (launcher, 2), ==, GPROC_DISPOSITION_STDOUT);

  assert_portable (launcher, TRUE);
  gproc_launcher_set_umask (launcher, 022);
  assert_portable (launcher, FALSE);
  gproc_launcher_set_umask (launcher, -1);
  gproc_launcher_set_executable (launcher, "/bin/sh");
  assert_portable (launcher, FALSE);
  gproc_launcher_set_executable (launcher, NULL);
  gproc_launcher_set_die_with_parent (launcher, TRUE);
  assert_portable (launcher, FALSE);
  gproc_launcher_set_die_with_parent (launcher, FALSE);
  gproc_launcher_set_stdin_file (launcher, "/dev/null", GPROC_FILE_FLAGS_NONE);
  assert_portable (launcher, FALSE);
  gproc_launcher_set_stdin_fd (launcher, 0);
  assert_portable (launcher, FALSE);
  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_PIPE);
  assert_portable (launcher, TRUE);
  gproc_launcher_add_pipe (launcher, 3, GPROC_PIPE_READ);
  assert_portable (launcher, FALSE);
}

int
main (int    argc,
      char **argv)
{
  static const char * const names[] = { "blocking", "async" };
  int status;

  gproc_test_init (&argc, &argv);
  testprog = gproc_test_program ("gproc-testprog");

  for (guint i = 0; i < G_N_ELEMENTS (run_funcs); i++)
    {
      const struct
      {
        const char *name;
        GProcTestDataFunc func;
      } cases[] = { { "collects", test_run },
                    { "explicit", test_run_explicit },
                    { "errors", test_run_errors },
                    { "cancel", test_run_cancel } };

      for (guint j = 0; j < G_N_ELEMENTS (cases); j++)
        {
          g_autofree char *path = g_strdup_printf ("/gproc/launcher-run/%s/%s", cases[j].name,
                                                   names[i]);

          gproc_test_add_data (path, &run_funcs[i], cases[j].func);
        }
    }
  gproc_test_add ("/gproc/launcher-run/spawn-async", test_spawn_async);
  gproc_test_add ("/gproc/launcher-run/spawn-async-copies", test_spawn_async_copies);
  gproc_test_add ("/gproc/launcher-run/spawn-async-forgotten", test_spawn_async_forgotten);
  gproc_test_add ("/gproc/launcher-run/fifo", test_fifo);
  gproc_test_add ("/gproc/launcher-run/contexts", test_contexts);
  gproc_test_add ("/gproc/launcher-run/many", test_many);
  gproc_test_add ("/gproc/launcher-run/portable", test_portable);

  status = gproc_test_run ();
  g_free (testprog);

  return status;
}
