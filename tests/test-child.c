/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-spawn.h"
#include "process/gproc-child-private.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* A child of the helper program. With output it has said so when it is ready. */
static GProcChild *
start_child (Spawn      *spawn,
             const char *arguments)
{
  g_autoptr (GError) error = NULL;

  spawn_init (spawn, arguments);
  g_assert_true (spawn_start (spawn, &error));
  g_assert_no_error (error);

  return spawn->child;
}

static void
read_line (int    fd,
           char  *line,
           gsize  size)
{
  gsize length = 0;

  while (length + 1 < size && read (fd, &line[length], 1) == 1 && line[length] != '\n')
    length++;
  line[length] = '\0';
}

static void
wait_ready (Spawn *spawn)
{
  char line[32];

  read_line (spawn->output, line, sizeof line);
  g_assert_cmpstr (line, ==, "ready");
}

static void
wait_for (GProcChild *child,
          int         returncode)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (_gproc_child_wait (child, NULL, -1, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (_gproc_child_get_returncode (child), ==, returncode);
}

/* Until nothing of it is left, not even a zombie. */
static void
wait_reaped (int pid)
{
  gint64 deadline = gproc_test_deadline ();
  siginfo_t info;

  while (waitid (P_PID, (id_t) pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (500);
    }
  g_assert_cmpint (errno, ==, ECHILD);
}

static void
wait_async (GProcChild    *child,
            GCancellable  *cancellable,
            GProcTestCall *call)
{
  GTask *task = g_task_new (NULL, cancellable, gproc_test_call_done, call);

  g_task_set_check_cancellable (task, FALSE);
  _gproc_child_wait_task (child, task);
}

static gboolean
finish_wait (GProcTestCall  *call,
             GError        **error)
{
  return g_task_propagate_boolean (G_TASK (gproc_test_call_wait (call)), error);
}

static void
test_returncode (void)
{
  const struct
  {
    const char *command;
    int returncode;
    int status;
  } cases[] = {
    { "exit-code 0", 0, 0 },
    { "exit-code 7", 7, 7 << 8 },
    { "exit-code 255", 255, 255 << 8 },
    { "kill-self 15", -SIGTERM, SIGTERM },
    { "kill-self 9", -SIGKILL, SIGKILL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Spawn) spawn = { 0 };
      GProcChild *child = start_child (&spawn, cases[i].command);
      struct rusage usage;

      wait_for (child, cases[i].returncode);
      g_assert_cmpint (_gproc_child_get_status (child), ==, cases[i].status);
      g_assert_true (_gproc_child_poll (child));
      g_assert_true (_gproc_child_get_rusage (child, &usage));
      g_assert_cmpint (usage.ru_maxrss, >, 0);
      g_assert_cmpint (_gproc_child_get_end_time (child), >=, _gproc_child_get_start_time (child));
    }
}

static void
test_running (void)
{
  g_auto (Spawn) spawn = { 0 };
  GProcChild *child = start_child (&spawn, "hold");
  struct rusage usage;

  wait_ready (&spawn);
  g_assert_false (_gproc_child_poll (child));
  g_assert_cmpint (_gproc_child_get_returncode (child), ==, GPROC_RETURNCODE_NONE);
  g_assert_cmpint (_gproc_child_get_status (child), ==, -1);
  g_assert_false (_gproc_child_get_rusage (child, &usage));
  g_assert_cmpint (_gproc_child_get_end_time (child), ==, -1);

  g_assert_true (_gproc_child_send_signal (child, SIGTERM, FALSE, NULL));
  wait_for (child, -SIGTERM);
}

/* Right at once when the pidfd says so. */
static void
test_poll_is_right (void)
{
  gsize n_rounds = gproc_test_scale (100);

  for (gsize i = 0; i < n_rounds; i++)
    {
      g_auto (Spawn) spawn = { 0 };
      GProcChild *child = start_child (&spawn, "exit-code 5");
      int pidfd = _gproc_child_get_pidfd (child);

      if (pidfd < 0)
        {
          wait_for (child, 5);
          continue;
        }
      while (!gproc_test_fd_is_ready (pidfd, G_IO_IN))
        g_thread_yield ();
      g_assert_true (_gproc_child_poll (child));
      g_assert_cmpint (_gproc_child_get_returncode (child), ==, 5);
      /* It stays ready, for those who look at it late. */
      g_assert_true (gproc_test_fd_is_ready (pidfd, G_IO_IN));
    }
}

/* Nobody asks, and no loop runs. */
static void
test_reaped_by_the_worker (void)
{
  g_auto (Spawn) spawn = { 0 };
  GProcChild *child = start_child (&spawn, "exit-code 4");

  wait_reaped (_gproc_child_get_pid (child));
  /* The kernel has forgotten the process a moment before the worker lets go of the lock with
   * what it learned; by now there is nothing left to reap for who asks. */
  g_assert_true (_gproc_child_poll (child));
  g_assert_cmpint (_gproc_child_get_returncode (child), ==, 4);
}

static void
test_reaped_after_unref (void)
{
  g_auto (Spawn) spawn = { 0 };
  GProcChild *child = start_child (&spawn, "hold");
  int pid = _gproc_child_get_pid (child);

  wait_ready (&spawn);
  g_clear_pointer (&spawn.child, _gproc_child_unref);
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  wait_reaped (pid);
}

static void
test_waiters (void)
{
  g_auto (Spawn) spawn = { 0 };
  GProcChild *child = start_child (&spawn, "hold");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GCancellable) other = g_cancellable_new ();
  GProcTestCall calls[4] = { GPROC_TEST_CALL_INIT, GPROC_TEST_CALL_INIT, GPROC_TEST_CALL_INIT,
                             GPROC_TEST_CALL_INIT };
  g_autoptr (GError) error = NULL;

  wait_ready (&spawn);
  wait_async (child, NULL, &calls[0]);
  wait_async (child, cancellable, &calls[1]);
  wait_async (child, other, &calls[2]);

  /* Cancelling one leaves the others, and calls nothing inside the call. */
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (calls[1].done, ==, 0);
  g_assert_false (finish_wait (&calls[1], &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  gproc_test_settle ();
  g_assert_cmpint (calls[0].done, ==, 0);
  g_assert_cmpint (calls[2].done, ==, 0);

  g_assert_true (_gproc_child_send_signal (child, SIGKILL, FALSE, NULL));
  g_assert_true (finish_wait (&calls[0], &error));
  g_assert_no_error (error);
  g_assert_true (finish_wait (&calls[2], &error));
  g_assert_no_error (error);
  g_assert_cmpint (_gproc_child_get_returncode (child), ==, -SIGKILL);

  /* After the end. */
  wait_async (child, NULL, &calls[3]);
  g_assert_cmpint (calls[3].done, ==, 0);
  g_assert_true (finish_wait (&calls[3], &error));
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_assert_cmpint (calls[i].done, ==, 1);
      g_assert_true (calls[i].thread == g_thread_self ());
      gproc_test_call_clear (&calls[i]);
    }
}

static void
test_cancelled_before (void)
{
  g_auto (Spawn) spawn = { 0 };
  GProcChild *child = start_child (&spawn, "hold");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  wait_ready (&spawn);
  g_cancellable_cancel (cancellable);
  wait_async (child, cancellable, &call);
  g_assert_cmpint (call.done, ==, 0);
  g_assert_false (finish_wait (&call, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  g_assert_false (_gproc_child_wait (child, NULL, -1, cancellable, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (_gproc_child_send_signal (child, SIGKILL, FALSE, NULL));
  wait_for (child, -SIGKILL);
}

static gpointer
cancel_soon (gpointer user_data)
{
  g_usleep (1000);
  g_cancellable_cancel (user_data);

  return NULL;
}

/* The end and the cancellation meet in every order, from three threads. */
static void
test_cancel_race (void)
{
  gsize n_rounds = gproc_test_scale (200);

  for (gsize i = 0; i < n_rounds; i++)
    {
      g_auto (Spawn) spawn = { 0 };
      GProcChild *child = start_child (&spawn, "exit-code 0");
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
      g_autoptr (GError) error = NULL;
      GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);

      wait_async (child, cancellable, &call);
      if (!finish_wait (&call, &error))
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_thread_join (thread);
      wait_for (child, 0);
    }
}

static void
test_blocking_cancel (void)
{
  g_auto (Spawn) spawn = { 0 };
  GProcChild *child = start_child (&spawn, "hold");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread;

  wait_ready (&spawn);
  thread = g_thread_new ("cancel", cancel_soon, cancellable);
  g_assert_false (_gproc_child_wait (child, NULL, -1, cancellable, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);

  /* A time that passes is no error. */
  g_assert_false (_gproc_child_wait (child, NULL, g_get_monotonic_time () + 5000, NULL, &error));
  g_assert_no_error (error);

  g_assert_true (_gproc_child_send_signal (child, SIGKILL, FALSE, NULL));
  wait_for (child, -SIGKILL);
}

static gpointer
wait_in_thread (gpointer user_data)
{
  wait_for (user_data, 3);

  return NULL;
}

static gpointer
poll_in_thread (gpointer user_data)
{
  while (!_gproc_child_poll (user_data))
    g_thread_yield ();
  g_assert_cmpint (_gproc_child_get_returncode (user_data), ==, 3);

  return NULL;
}

static void
test_threads (void)
{
  gsize n_rounds = gproc_test_scale (30);

  for (gsize i = 0; i < n_rounds; i++)
    {
      g_auto (Spawn) spawn = { 0 };
      GProcChild *child = start_child (&spawn, "late-term 3");
      GThread *threads[5];

      wait_ready (&spawn);
      for (guint j = 0; j < G_N_ELEMENTS (threads); j++)
        threads[j] = g_thread_new ("waiter", j < 4 ? wait_in_thread : poll_in_thread, child);
      g_assert_true (_gproc_child_send_signal (child, SIGTERM, FALSE, NULL));
      for (guint j = 0; j < G_N_ELEMENTS (threads); j++)
        g_thread_join (threads[j]);
      wait_reaped (_gproc_child_get_pid (child));
    }
}

static void
test_signal_errors (void)
{
  g_auto (Spawn) spawn = { 0 };
  GProcChild *child;
  g_autoptr (GError) error = NULL;

  spawn_init (&spawn, "hold");
  spawn.request.process_group = FALSE;
  g_assert_true (spawn_start (&spawn, &error));
  child = spawn.child;
  wait_ready (&spawn);

  g_assert_false (_gproc_child_send_signal (child, SIGTERM, TRUE, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_false (_gproc_child_send_signal (child, 12345, FALSE, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_true (_gproc_child_send_signal (child, 0, FALSE, &error));

  g_assert_true (_gproc_child_send_signal (child, SIGKILL, FALSE, &error));
  wait_for (child, -SIGKILL);
  g_assert_false (_gproc_child_send_signal (child, SIGTERM, FALSE, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* A zombie takes signals without a word, and would be a success. */
static void
test_signal_after_exit (void)
{
  gsize n_rounds = gproc_test_scale (50);

  for (gsize i = 0; i < n_rounds; i++)
    {
      g_auto (Spawn) spawn = { 0 };
      GProcChild *child = start_child (&spawn, "exit-code 0");
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) output = gproc_test_read_to_end (spawn.output);

      /* The end of its output is not yet the end of the process. */
      while (_gproc_child_send_signal (child, 0, i % 2 == 0, &error))
        g_thread_yield ();
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      g_assert_true (_gproc_child_poll (child));
    }
}

static void
test_signal_group (void)
{
  g_auto (Spawn) spawn = { 0 };
  GProcChild *child = start_child (&spawn, "fork-and-wait");
  char line[32];

  read_line (spawn.output, line, sizeof line);
  g_assert_true (_gproc_child_send_signal (child, SIGTERM, TRUE, NULL));
  wait_for (child, -SIGTERM);
  wait_gone (atoi (line));
}

/* The status of a child is taken by a part of the application that waits for all. */
static void
test_stolen_status (void)
{
  gsize n_rounds = gproc_test_scale (20);
  guint n_stolen = 0;

  for (gsize i = 0; i < n_rounds; i++)
    {
      g_auto (Spawn) spawn = { 0 };
      GProcChild *child = start_child (&spawn, "late-term 9");
      g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
      g_autoptr (GError) error = NULL;
      int status, returncode;

      wait_ready (&spawn);
      wait_async (child, NULL, &call);
      g_assert_cmpint (kill (_gproc_child_get_pid (child), SIGTERM), ==, 0);
      if (waitpid (-1, &status, 0) > 0)
        n_stolen++;

      g_assert_true (finish_wait (&call, &error));
      returncode = _gproc_child_get_returncode (child);
      g_assert_true (returncode == GPROC_RETURNCODE_NONE || returncode == 9);
      g_assert_true (_gproc_child_poll (child));
      g_assert_false (_gproc_child_send_signal (child, SIGTERM, FALSE, &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
    }
  g_test_message ("%u of %u were stolen", n_stolen, (guint) n_rounds);
}

static void
test_ignored_sigchld (void)
{
  struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (sigaction (SIGCHLD, &ignore, &before), ==, 0);
  {
    g_auto (Spawn) spawn = { 0 };
    GProcChild *child = start_child (&spawn, "exit-code 3");

    wait_for (child, GPROC_RETURNCODE_NONE);
  }
  {
    g_auto (Spawn) spawn = { 0 };
    GProcChild *child = start_child (&spawn, "ignore-term");

    wait_ready (&spawn);
    wait_async (child, NULL, &call);
    g_assert_false (_gproc_child_poll (child));
    _gproc_child_stop (child, 20);
    g_assert_true (finish_wait (&call, &error));
    g_assert_cmpint (_gproc_child_get_returncode (child), ==, GPROC_RETURNCODE_NONE);
  }
  g_assert_cmpint (sigaction (SIGCHLD, &before, NULL), ==, 0);
}

static void
finish_in_fork (gconstpointer data)
{
  Spawn *spawn = (Spawn *) data;
  g_auto (Spawn) own = { 0 };
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  /* It is the child of another process now. */
  g_assert_true (_gproc_child_poll (spawn->child));
  g_assert_cmpint (_gproc_child_get_returncode (spawn->child), ==, GPROC_RETURNCODE_NONE);
  g_assert_true (_gproc_child_wait (spawn->child, NULL, -1, NULL, NULL));
  g_assert_false (_gproc_child_send_signal (spawn->child, SIGKILL, FALSE, &error));
  g_clear_error (&error);
  _gproc_child_stop (spawn->child, 0);
  _gproc_child_set_timeout (spawn->child, 1, 0);
  wait_async (spawn->child, NULL, &call);
  g_assert_true (finish_wait (&call, &error));
  _gproc_child_unref (spawn->child);

  /* New ones work, with a worker of this process. */
  start_child (&own, "exit-code 6");
  wait_reaped (_gproc_child_get_pid (own.child));
  g_assert_true (_gproc_child_poll (own.child));
  g_assert_cmpint (_gproc_child_get_returncode (own.child), ==, 6);
}

static void
test_fork (void)
{
  g_auto (Spawn) spawn = { 0 };

  if (gproc_test_cannot_fork ())
    return;

  start_child (&spawn, "late-term 8");
  wait_ready (&spawn);
  gproc_test_fork (finish_in_fork, &spawn);

  g_assert_false (_gproc_child_poll (spawn.child));
  g_assert_true (_gproc_child_send_signal (spawn.child, SIGTERM, FALSE, NULL));
  wait_for (spawn.child, 8);
}

/* All alive at once, then an end of all at once, with a main loop that is blocked. */
static void
test_many (void)
{
  gsize n_children = gproc_test_scale (2000);
  GProcChild **children = g_new0 (GProcChild *, n_children);
  g_autofree GProcTestCall *calls = g_new0 (GProcTestCall, n_children);
  g_auto (Spawn) spawn = { 0 };
  struct rlimit before, limit;
  int gate[2];

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  limit = before;
  limit.rlim_cur = MIN (before.rlim_max, MAX (before.rlim_cur, n_children + 200));
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  n_children = MIN (n_children, (gsize) limit.rlim_cur - 200);

  /* They end when this pipe does. */
  gproc_test_pipe (gate);
  spawn_init (&spawn, "eof-exit 2");
  spawn.mappings[0].source = gate[0];
  spawn.mappings[1] = (GProcSpawnMapping){ .source = spawn.null, .target = 1 };
  spawn.request.argv = (const char * const *) spawn.argv;
  spawn.request.envp = (const char * const *) spawn.envp;
  for (gsize i = 0; i < n_children; i++)
    {
      g_autoptr (GError) error = NULL;
      int pid, pidfd;

      _gproc_spawn (&spawn.request, &pid, &pidfd, &error);
      g_assert_no_error (error);
      children[i] = _gproc_child_new (pid, pidfd, TRUE);
      wait_async (children[i], NULL, &calls[i]);
      g_assert_false (_gproc_child_poll (children[i]));
    }
  gproc_test_close (&gate[0]);
  gproc_test_close (&gate[1]);

  /* Nothing iterates the context meanwhile. */
  for (gsize i = 0; i < n_children; i++)
    wait_reaped (_gproc_child_get_pid (children[i]));

  for (gsize i = 0; i < n_children; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (finish_wait (&calls[i], &error));
      g_assert_cmpint (_gproc_child_get_returncode (children[i]), ==, 2);
      gproc_test_call_clear (&calls[i]);
      _gproc_child_unref (children[i]);
    }
  g_free (children);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *path = NULL;

  gproc_test_init (&argc, &argv);
  testprog = path = gproc_test_program ("gproc-testprog");

  gproc_test_add ("/gproc/child/returncode", test_returncode);
  gproc_test_add ("/gproc/child/running", test_running);
  gproc_test_add ("/gproc/child/poll-is-right", test_poll_is_right);
  gproc_test_add ("/gproc/child/reaped-by-the-worker", test_reaped_by_the_worker);
  gproc_test_add ("/gproc/child/reaped-after-unref", test_reaped_after_unref);
  gproc_test_add ("/gproc/child/waiters", test_waiters);
  gproc_test_add ("/gproc/child/cancelled-before", test_cancelled_before);
  gproc_test_add ("/gproc/child/cancel-race", test_cancel_race);
  gproc_test_add ("/gproc/child/blocking-cancel", test_blocking_cancel);
  gproc_test_add ("/gproc/child/threads", test_threads);
  gproc_test_add ("/gproc/child/signal-errors", test_signal_errors);
  gproc_test_add ("/gproc/child/signal-after-exit", test_signal_after_exit);
  gproc_test_add ("/gproc/child/signal-group", test_signal_group);
  gproc_test_add ("/gproc/child/stolen-status", test_stolen_status);
  gproc_test_add ("/gproc/child/ignored-sigchld", test_ignored_sigchld);
  gproc_test_add ("/gproc/child/fork", test_fork);
  gproc_test_add ("/gproc/child/many", test_many);

  return gproc_test_run ();
}
