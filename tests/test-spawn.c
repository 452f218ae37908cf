/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-spawn.h"
#include "process/gproc-worker-private.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void
test_output (void)
{
  g_auto (Spawn) spawn = { 0 };
  g_autofree char *output = NULL;

  spawn_init (&spawn, "echo hello world");
  output = spawn_output (&spawn);
  g_assert_cmpstr (output, ==, "hello world\n");
  g_assert_cmpint (_gproc_child_get_pidfd (spawn.child) >= 0, ==,
                   g_strcmp0 (g_getenv ("GPROC_NO_PIDFD"), "1") != 0);
}

/* What the application left open without close-on-exec must not get through. */
static void
test_only_mapped (void)
{
  g_auto (Spawn) spawn = { 0 };
  g_autofree char *output = NULL;
  int open_fds[8];

  for (guint i = 0; i < G_N_ELEMENTS (open_fds); i++)
    {
      open_fds[i] = gproc_test_open ("/dev/null", O_RDONLY);
      g_assert_cmpint (fcntl (open_fds[i], F_SETFD, 0), ==, 0);
    }

  spawn_init (&spawn, "print-fds");
  spawn_map (&spawn, open_fds[0], 17);
  spawn_map (&spawn, open_fds[0], 5);
  spawn_map (&spawn, open_fds[1], 300);
  output = spawn_output (&spawn);
  g_assert_cmpstr (output, ==, "0\n1\n2\n5\n17\n300\n");

  /* None of which is told to those in the application. */
  for (guint i = 0; i < G_N_ELEMENTS (open_fds); i++)
    {
      g_assert_cmpint (fcntl (open_fds[i], F_GETFD), ==, 0);
      gproc_test_close (&open_fds[i]);
    }
}

/* Sources and targets are drawn from the same few numbers. */
static void
test_mapping_collisions (void)
{
  enum
  {
    N_FILES = 8
  };
  g_autofree char *folder = make_folder ();
  int files[N_FILES];
  gsize n_rounds = gproc_test_scale (60);

  for (int i = 0; i < N_FILES; i++)
    {
      char text[2] = { (char) ('a' + i), 0 };
      g_autofree char *path = make_file (folder, "file", text, 0644);

      files[i] = gproc_test_open (path, O_RDONLY);
      remove_file (path);
    }
  g_assert_cmpint (g_rmdir (folder), ==, 0);

  for (gsize round = 0; round < n_rounds; round++)
    {
      g_auto (Spawn) spawn = { 0 };
      g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
      g_autoptr (GString) expected = g_string_new (NULL);
      g_autofree char *output = NULL;

      spawn_init (&spawn, "");
      g_ptr_array_add (argv, g_strdup ("cat"));
      for (int target = 3; target < 3 + N_FILES + 4; target++)
        {
          int which = g_test_rand_int_range (0, N_FILES + 2);

          if (which >= N_FILES)
            continue;
          spawn_map (&spawn, files[which], target);
          g_string_append_c (expected, (char) ('a' + which));
          g_ptr_array_add (argv, g_strdup_printf ("/proc/self/fd/%d", target));
        }
      /* Without an argument it would copy its input, which is empty. */
      g_ptr_array_add (argv, NULL);
      g_strfreev (spawn.argv);
      spawn.argv = (char **) g_ptr_array_free (g_steal_pointer (&argv), FALSE);

      output = spawn_output (&spawn);
      g_assert_cmpstr (output, ==, expected->str);
    }

  for (int i = 0; i < N_FILES; i++)
    gproc_test_close (&files[i]);
}

static void
test_swap_standard (void)
{
  g_auto (Spawn) spawn = { 0 };
  g_autofree char *output = NULL;
  int fds[2];

  /* Standard error gets to where the application has standard input, and the other
   * way round. */
  gproc_test_pipe (fds);
  spawn_init (&spawn, "print-fd-kind 0 1 2");
  spawn.mappings[0].source = 2;
  spawn.mappings[2].source = fds[1];
  output = spawn_output (&spawn);
  g_assert_true (g_str_has_suffix (output, "1 pipe\n2 pipe\n"));
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

static void
test_signals (void)
{
  struct sigaction ignore = { .sa_handler = SIG_IGN }, before[4];
  const int signals[] = { SIGUSR1, SIGQUIT, SIGPIPE, SIGRTMIN + 3 };
  g_auto (Spawn) spawn = { 0 };
  g_autofree char *output = NULL;
  sigset_t set, mask;

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_assert_cmpint (sigaction (signals[i], &ignore, &before[i]), ==, 0);
  sigfillset (&set);
  g_assert_cmpint (pthread_sigmask (SIG_SETMASK, &set, &mask), ==, 0);

  spawn_init (&spawn, "print-sigs");
  output = spawn_output (&spawn);
  g_assert_cmpstr (output, ==, "blocked 0\nignored 0\n");

  g_assert_cmpint (pthread_sigmask (SIG_SETMASK, &mask, NULL), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_assert_cmpint (sigaction (signals[i], &before[i], NULL), ==, 0);
}

/* nohup works by this. */
static void
test_ignored_hangup (void)
{
  struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
  g_auto (Spawn) spawn = { 0 };
  g_autofree char *output = NULL;

  g_assert_cmpint (sigaction (SIGHUP, &ignore, &before), ==, 0);
  spawn_init (&spawn, "print-sigs");
  output = spawn_output (&spawn);
  g_assert_cmpstr (output, ==, "blocked 0\nignored 1\n");
  g_assert_cmpint (sigaction (SIGHUP, &before, NULL), ==, 0);
}

static int handled_in_child;

static int handled;

static pid_t handling_process;

static void
note_process (int signum)
{
  if (syscall (SYS_getpid) != handling_process)
    handled_in_child++;
  handled++;
}

static gpointer
send_signals (gpointer user_data)
{
  int *stop = user_data;

  while (!g_atomic_int_get (stop))
    kill (0, SIGUSR1);

  return NULL;
}

static void
spawn_in_a_storm (gconstpointer data)
{
  struct sigaction action = { .sa_handler = note_process, .sa_flags = SA_RESTART };
  gsize n_rounds = gproc_test_scale (200);
  GThread *thread;
  int stop = FALSE;

  /* The signals are for the group. */
  g_assert_cmpint (setpgid (0, 0), ==, 0);
  handling_process = getpid ();
  g_assert_cmpint (sigaction (SIGUSR1, &action, NULL), ==, 0);
  thread = g_thread_new ("storm", send_signals, &stop);

  for (gsize i = 0; i < n_rounds; i++)
    {
      g_auto (Spawn) spawn = { 0 };
      g_autoptr (GError) error = NULL;
      int returncode;

      spawn_init (&spawn, "exit-code 3");
      spawn.request.process_group = FALSE;
      g_assert_true (spawn_start (&spawn, &error));
      g_assert_true (_gproc_child_wait (spawn.child, NULL, -1, NULL, NULL));
      returncode = _gproc_child_get_returncode (spawn.child);
      g_assert_true (returncode == 3 || returncode == -SIGUSR1);
    }

  g_atomic_int_set (&stop, TRUE);
  g_thread_join (thread);
  g_assert_cmpint (handled, >, 0);
  g_assert_cmpint (handled_in_child, ==, 0);
}

/* A handler that ran in the child would run in the memory of the application. */
static void
test_signal_storm (void)
{
  if (gproc_test_cannot_fork ())
    return;

  gproc_test_fork (spawn_in_a_storm, NULL);
}

static void
test_groups (void)
{
  int pid, group, session, parent;

  for (int kind = 0; kind < 3; kind++)
    {
      g_auto (Spawn) spawn = { 0 };
      g_autofree char *output = NULL;

      spawn_init (&spawn, "print-pgid");
      spawn.request.process_group = kind == 1;
      spawn.request.new_session = kind == 2;
      output = spawn_output (&spawn);
      g_assert_cmpint (sscanf (output, "%d %d %d %d", &pid, &group, &session, &parent), ==, 4);
      g_assert_cmpint (pid, ==, _gproc_child_get_pid (spawn.child));
      g_assert_cmpint (group, ==, kind == 0 ? getpgrp () : pid);
      g_assert_cmpint (session, ==, kind == 2 ? pid : getsid (0));
      g_assert_cmpint (parent, ==, getpid ());
    }
}

static void
test_umask (void)
{
  g_auto (Spawn) spawn = { 0 };
  g_autofree char *output = NULL;
  mode_t before = umask (022);

  spawn_init (&spawn, "print-umask");
  spawn.request.umask = 0157;
  output = spawn_output (&spawn);
  g_assert_cmpstr (output, ==, "0157\n");
  g_assert_cmpint (umask (before), ==, 022);
}

static void
test_chdir (void)
{
  g_auto (Spawn) spawn = { 0 };
  g_autofree char *output = NULL;
  g_autofree char *before = g_get_current_dir ();
  g_autofree char *after = NULL;

  spawn_init (&spawn, "print-cwd");
  spawn.request.cwd = "/usr";
  output = spawn_output (&spawn);
  g_assert_cmpstr (output, ==, "/usr\n");

  after = g_get_current_dir ();
  g_assert_cmpstr (before, ==, after);
}

static void
test_rlimit (void)
{
  const GProcSpawnLimit limits[] = { { .resource = RLIMIT_CORE, .pair = { 0, 0 } },
                                     { .resource = RLIMIT_NOFILE, .pair = { 77, 88 } } };
  const char *commands[] = { "print-rlimit 4", "print-rlimit 7" };
  const char *expected[] = { "0 0\n", "77 88\n" };

  G_STATIC_ASSERT (RLIMIT_CORE == 4 && RLIMIT_NOFILE == 7);

  if (under_valgrind ())
    {
      g_test_skip ("valgrind has limits of its own");
      return;
    }

  for (int i = 0; i < 2; i++)
    {
      g_auto (Spawn) spawn = { 0 };
      g_autofree char *output = NULL;

      spawn_init (&spawn, commands[i]);
      spawn.request.limits = limits;
      spawn.request.n_limits = 2;
      output = spawn_output (&spawn);
      g_assert_cmpstr (output, ==, expected[i]);
    }
}

/* A program that uses select () must not suffer from what the application does. */
static void
test_nofile_is_restored (void)
{
  g_auto (Spawn) spawn = { 0 };
  g_autofree char *output = NULL;
  g_autofree char *expected = NULL;
  struct rlimit first, changed;

  if (under_valgrind ())
    {
      g_test_skip ("valgrind has limits of its own");
      return;
    }

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &first), ==, 0);
  changed = first;
  changed.rlim_cur = first.rlim_cur < first.rlim_max ? first.rlim_max : first.rlim_cur - 1;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &changed), ==, 0);

  spawn_init (&spawn, "print-rlimit 7");
  output = spawn_output (&spawn);
  expected = g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n",
                              (guint64) first.rlim_cur, (guint64) first.rlim_max);
  g_assert_cmpstr (output, ==, expected);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &first), ==, 0);
}

static void
test_ids (void)
{
  g_autofree char *expected = NULL;
  gboolean is_root = geteuid () == 0;
  int uid = is_root ? NOBODY : (int) getuid ();
  int gid = is_root ? NOBODY - 1 : (int) getgid ();
  g_auto (Spawn) spawn = { 0 };
  g_autofree char *output = NULL;

  spawn_init (&spawn, "print-ids");
  spawn.request.user_id = uid;
  spawn.request.group_id = gid;
  output = spawn_output (&spawn);
  expected = g_strdup_printf ("%d %d %d %d:", uid, uid, gid, gid);
  g_assert_true (g_str_has_prefix (output, expected));
  if (is_root)
    {
      g_autofree char *groups = g_strdup_printf ("%s%d\n", expected, gid);

      g_assert_cmpstr (output, ==, groups);
    }
}

static void
spawn_and_end (gconstpointer data)
{
  const int *fds = data;
  g_auto (Spawn) spawn = { 0 };
  g_autoptr (GError) error = NULL;
  char ready[6];

  spawn_init (&spawn, "hold");
  spawn.request.die_with_parent = TRUE;
  spawn_map (&spawn, fds[1], 9);
  g_assert_true (spawn_start (&spawn, &error));
  /* It runs, and has the descriptor. */
  g_assert_cmpint (read (spawn.output, ready, sizeof ready), ==, 6);
}

static gpointer
spawn_in_thread (gpointer user_data)
{
  Spawn *spawn = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_true (spawn_start (spawn, &error));

  return NULL;
}

static void
test_die_with_parent (void)
{
  g_auto (Spawn) spawn = { 0 };
  g_autofree char *output = NULL;
  g_autofree char *expected = g_strdup_printf ("%d\n", SIGKILL);
  g_autoptr (GBytes) nothing = NULL;
  int fds[2];

  if (gproc_test_cannot_fork ())
    return;

  /* The thread that spawned it ends before the process. */
  spawn_init (&spawn, "print-pdeathsig");
  spawn.request.die_with_parent = TRUE;
  g_thread_join (g_thread_new ("spawner", spawn_in_thread, &spawn));
  output = spawn_finish (&spawn);
  g_assert_cmpstr (output, ==, expected);

  {
    g_auto (Spawn) held = { 0 };
    g_autoptr (GBytes) ready = NULL;

    spawn_init (&held, "hold");
    held.request.die_with_parent = TRUE;
    g_thread_join (g_thread_new ("spawner", spawn_in_thread, &held));
    ready = gproc_test_read (held.output, 6);
    g_assert_false (_gproc_child_poll (held.child));
    g_assert_true (_gproc_child_send_signal (held.child, SIGTERM, FALSE, NULL));
    g_assert_true (_gproc_child_wait (held.child, NULL, -1, NULL, NULL));
    g_assert_cmpint (_gproc_child_get_returncode (held.child), ==, -SIGTERM);
  }

  /* The end of the pipe comes when the last of the two has gone. */
  gproc_test_pipe (fds);
  gproc_test_fork (spawn_and_end, fds);
  gproc_test_close (&fds[1]);
  nothing = gproc_test_read_to_end (fds[0]);
  g_assert_cmpuint (g_bytes_get_size (nothing), ==, 0);
  gproc_test_close (&fds[0]);
}

static gpointer
spawn_many (gpointer user_data)
{
  gsize n_rounds = gproc_test_scale (40);

  for (gsize i = 0; i < n_rounds; i++)
    {
      g_auto (Spawn) spawn = { 0 };
      g_autofree char *output = NULL;

      if (i % 4 == 3)
        {
          spawn_init (&spawn, "exit-code 0");
          spawn.request.cwd = "/nowhere";
          spawn_fails (&spawn, G_IO_ERROR_NOT_FOUND, "chdir");
          continue;
        }

      spawn_init (&spawn, "print-fds");
      spawn.request.die_with_parent = i % 2;
      output = spawn_output (&spawn);
      g_assert_cmpstr (output, ==, "0\n1\n2\n");
    }

  return NULL;
}

static void
test_threads (void)
{
  GThread *threads[8];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("spawner", spawn_many, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static void
test_ignored_sigchld (void)
{
  struct sigaction ignore = { .sa_handler = SIG_IGN }, before;

  g_assert_cmpint (sigaction (SIGCHLD, &ignore, &before), ==, 0);
  {
    g_auto (Spawn) spawn = { 0 };

    spawn_init (&spawn, "exit-code 0");
    spawn.request.cwd = "/nowhere";
    spawn_fails (&spawn, G_IO_ERROR_NOT_FOUND, "chdir");
  }
  {
    g_auto (Spawn) spawn = { 0 };
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) output = NULL;

    /* The process must not inherit that, or it could not wait for its own. */
    spawn_init (&spawn, "print-sigs");
    g_assert_true (spawn_start (&spawn, &error));
    output = gproc_test_read_to_end (spawn.output);
    gproc_test_assert_bytes (output, "blocked 0\nignored 0\n");
    g_assert_true (_gproc_child_wait (spawn.child, NULL, -1, NULL, NULL));
    g_assert_cmpint (_gproc_child_get_returncode (spawn.child), ==, GPROC_RETURNCODE_NONE);
  }
  g_assert_cmpint (sigaction (SIGCHLD, &before, NULL), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *path = NULL;

  gproc_test_init (&argc, &argv);
  testprog = path = gproc_test_program ("gproc-testprog");

  gproc_test_add ("/gproc/spawn/output", test_output);
  gproc_test_add ("/gproc/spawn/only-mapped", test_only_mapped);
  gproc_test_add ("/gproc/spawn/mapping-collisions", test_mapping_collisions);
  gproc_test_add ("/gproc/spawn/swap-standard", test_swap_standard);
  gproc_test_add ("/gproc/spawn/signals", test_signals);
  gproc_test_add ("/gproc/spawn/ignored-hangup", test_ignored_hangup);
  gproc_test_add ("/gproc/spawn/signal-storm", test_signal_storm);
  gproc_test_add ("/gproc/spawn/groups", test_groups);
  gproc_test_add ("/gproc/spawn/umask", test_umask);
  gproc_test_add ("/gproc/spawn/chdir", test_chdir);
  gproc_test_add ("/gproc/spawn/rlimit", test_rlimit);
  gproc_test_add ("/gproc/spawn/nofile-is-restored", test_nofile_is_restored);
  gproc_test_add ("/gproc/spawn/ids", test_ids);
  gproc_test_add ("/gproc/spawn/die-with-parent", test_die_with_parent);
  gproc_test_add ("/gproc/spawn/threads", test_threads);
  gproc_test_add ("/gproc/spawn/ignored-sigchld", test_ignored_sigchld);

  return gproc_test_run ();
}
