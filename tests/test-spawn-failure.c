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
fail_to_change_ids (gconstpointer data)
{
  if (geteuid () == 0)
    {
      g_assert_cmpint (setgid (NOBODY), ==, 0);
      g_assert_cmpint (setuid (NOBODY), ==, 0);
    }

  {
    g_auto (Spawn) spawn = { 0 };

    spawn_init (&spawn, "exit-code 0");
    spawn.request.user_id = 0;
    spawn_fails (&spawn, G_IO_ERROR_PERMISSION_DENIED, "setuid");
  }
  {
    g_auto (Spawn) spawn = { 0 };

    spawn_init (&spawn, "exit-code 0");
    spawn.request.group_id = 0;
    spawn_fails (&spawn, G_IO_ERROR_PERMISSION_DENIED, "setgid");
  }
  {
    g_auto (Spawn) spawn = { 0 };
    GProcSpawnLimit limit = { .resource = RLIMIT_CORE, .pair = { 0, 0 } };
    struct rlimit none = { 0, 0 };

    g_assert_cmpint (setrlimit (RLIMIT_CORE, &none), ==, 0);
    limit.pair[1] = G_MAXUINT64;
    spawn_init (&spawn, "exit-code 0");
    spawn.request.limits = &limit;
    spawn.request.n_limits = 1;
    spawn_fails (&spawn, G_IO_ERROR_PERMISSION_DENIED, "rlimit");
  }
}

static void
test_no_right (void)
{
  if (gproc_test_cannot_fork ())
    return;

  gproc_test_fork (fail_to_change_ids, NULL);
}

static void
test_fail_chdir (void)
{
  g_auto (Spawn) spawn = { 0 };

  spawn_init (&spawn, "exit-code 0");
  spawn.request.cwd = "/nowhere/at all";
  spawn_fails (&spawn, G_IO_ERROR_NOT_FOUND, "chdir “/nowhere/at all”");
}

static void
test_fail_exec (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *file = make_file (folder, "no-program", "#!/bin/sh\n", 0644);
  g_autofree char *interpreter = make_file (folder, "bad", "#!/nowhere/sh\n", 0755);
  g_autofree char *below = g_build_filename (file, "below", NULL);
  const struct
  {
    const char *command;
    int code;
    const char *part;
  } cases[] = {
    { "/nowhere/program", G_IO_ERROR_NOT_FOUND, "exec: No such file" },
    { "gproc-no-such-program", G_IO_ERROR_NOT_FOUND, "exec: No such file" },
    { file, G_IO_ERROR_PERMISSION_DENIED, "exec: Permission denied" },
    { interpreter, G_IO_ERROR_NOT_FOUND, "exec: No such file" },
    { below, G_IO_ERROR_NOT_DIRECTORY, "exec: Not a directory" },
    { "/", G_IO_ERROR_PERMISSION_DENIED, "exec: Permission denied" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Spawn) spawn = { 0 };

      if (cases[i].command == interpreter && under_valgrind ())
        continue;

      spawn_init (&spawn, "");
      g_free (spawn.argv[0]);
      spawn.argv[0] = g_strdup (cases[i].command);
      /* The folders of the environment's own may be closed to this user. */
      spawn.envp = g_environ_setenv (spawn.envp, "PATH", "/usr/bin:/bin", TRUE);
      spawn_fails (&spawn, cases[i].code, cases[i].part);
    }

  remove_file (file);
  remove_file (interpreter);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* A message is UTF-8: bindings make text of it. */
static void
test_fail_not_utf8 (void)
{
  g_auto (Spawn) spawn = { 0 };
  g_autoptr (GError) error = NULL;

  spawn_init (&spawn, "exit-code 0");
  spawn.request.executable = "/nowhere/\xff";
  g_assert_false (spawn_start (&spawn, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_nonnull (strstr (error->message, "/nowhere/\xef\xbf\xbd"));
}

static void
test_fail_other (void)
{
  {
    const GProcSpawnLimit limit = { .resource = 999, .pair = { 0, 0 } };
    g_auto (Spawn) spawn = { 0 };

    spawn_init (&spawn, "exit-code 0");
    spawn.request.limits = &limit;
    spawn.request.n_limits = 1;
    spawn_fails (&spawn, G_IO_ERROR_INVALID_ARGUMENT, "rlimit");
  }
  {
    g_auto (Spawn) spawn = { 0 };

    spawn_init (&spawn, "exit-code 0");
    spawn_map (&spawn, 999, 5);
    spawn_fails (&spawn, g_io_error_from_errno (EBADF), "dup");
  }
  {
    g_auto (Spawn) spawn = { 0 };

    /* There cannot be a descriptor of that number. */
    spawn_init (&spawn, "exit-code 0");
    spawn_map (&spawn, spawn.null, 0x7ffffff0);
    spawn_fails (&spawn, G_IO_ERROR_INVALID_ARGUMENT, "dup");
  }
  if (!under_valgrind ())
    {
      g_auto (Spawn) spawn = { 0 };

      spawn_init (&spawn, "echo X");
      g_free (spawn.argv[2]);
      spawn.argv[2] = g_strnfill (4 * 1024 * 1024, 'x');
      spawn_fails (&spawn, g_io_error_from_errno (E2BIG), "exec: Argument list too long");
    }
}

static void
test_no_command (void)
{
  const char *nothing[] = { NULL };
  const char *empty[] = { "", "x", NULL };
  const char * const *cases[] = { NULL, nothing, empty };
  const char *command[] = { "true", NULL };
  g_autoptr (GError) error = NULL;
  GProcSpawnRequest request = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      request.argv = cases[i];
      g_assert_false (_gproc_spawn_check (&request, &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    }

  request.argv = command;
  request.executable = "";
  g_assert_false (_gproc_spawn_check (&request, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);

  request.executable = NULL;
  g_assert_true (_gproc_spawn_check (&request, &error));
  g_assert_no_error (error);
}

/* A script without "#!". */
static void
test_shell_script (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *script = make_file (folder, "script", "echo \"$0 $1 $2 $#\"\n", 0755);
  g_autofree char *expected = g_strdup_printf ("%s one two 2\n", script);
  g_autofree char *output = NULL;
  g_autofree char *searched = NULL;
  g_auto (Spawn) spawn = { 0 };
  g_auto (Spawn) in_path = { 0 };

  spawn_init (&spawn, "one two");
  g_free (spawn.argv[0]);
  spawn.argv[0] = g_strdup (script);
  output = spawn_output (&spawn);
  g_assert_cmpstr (output, ==, expected);

  spawn_init (&in_path, "one two");
  g_free (in_path.argv[0]);
  in_path.argv[0] = g_strdup ("script");
  in_path.envp = g_environ_setenv (in_path.envp, "PATH", folder, TRUE);
  searched = spawn_output (&in_path);
  g_assert_cmpstr (searched, ==, expected);

  remove_file (script);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static char *
run_in_path (const char  *name,
             const char  *path,
             const char  *cwd,
             GError     **error)
{
  g_auto (Spawn) spawn = { 0 };

  spawn_init (&spawn, "");
  g_free (spawn.argv[0]);
  spawn.argv[0] = g_strdup (name);
  spawn.request.cwd = cwd;
  spawn.envp = path != NULL ? g_environ_setenv (spawn.envp, "PATH", path, TRUE)
                            : g_environ_unsetenv (spawn.envp, "PATH");

  return spawn_start (&spawn, error) ? spawn_finish (&spawn) : NULL;
}

/* The PATH is that of the environment that the process gets. */
static void
test_path (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *denied_folder = make_folder ();
  g_autofree char *program = make_file (folder, "gproc-one", "#!/bin/sh\necho one\n", 0755);
  g_autofree char *denied = make_file (denied_folder, "gproc-one", "#!/bin/sh\n", 0644);
  g_autofree char *both = g_strconcat ("/nowhere:", denied_folder, ":", folder, NULL);
  g_autofree char *only_denied = g_strconcat (denied_folder, ":/nowhere:", program, NULL);
  g_autofree char *relative = g_path_get_basename (folder);
  g_autofree char *below = g_strconcat ("./", relative, "/gproc-one", NULL);
  const struct
  {
    const char *name, *path, *cwd;
    int code; /* −1: it is found. */
  } cases[] = {
    { "gproc-one", folder, NULL, -1 },
    { "gproc-one", "/nowhere", NULL, G_IO_ERROR_NOT_FOUND },
    { "gproc-one", NULL, NULL, G_IO_ERROR_NOT_FOUND },
    /* A program that may not be run does not end the search, but counts for more than
     * none. */
    { "gproc-one", both, NULL, -1 },
    { "gproc-one", only_denied, NULL, G_IO_ERROR_PERMISSION_DENIED },
    /* An empty element is the folder the process starts in. */
    { "gproc-one", "/nowhere:", folder, -1 },
    { "gproc-one", "", folder, -1 },
    { "gproc-one", "/nowhere", folder, G_IO_ERROR_NOT_FOUND },
    /* A path with a slash is not searched; it starts in that folder too. */
    { "./gproc-one", "/nowhere", folder, -1 },
    { below, "/nowhere", g_get_tmp_dir (), -1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *output = run_in_path (cases[i].name, cases[i].path, cases[i].cwd, &error);

      if (cases[i].code < 0)
        {
          g_assert_no_error (error);
          g_assert_cmpstr (output, ==, "one\n");
        }
      else
        {
          g_assert_error (error, G_IO_ERROR, cases[i].code);
          g_assert_null (output);
        }
    }

  {
    /* Without a PATH the usual folders are searched. */
    g_autoptr (GError) error = NULL;
    g_autofree char *output = run_in_path ("true", NULL, NULL, &error);

    g_assert_no_error (error);
    g_assert_nonnull (output);
  }

  remove_file (program);
  remove_file (denied);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_assert_cmpint (g_rmdir (denied_folder), ==, 0);
}

static void
test_executable (void)
{
  g_auto (Spawn) spawn = { 0 };
  g_auto (Spawn) missing = { 0 };
  g_autofree char *output = NULL;

  spawn_init (&spawn, "args");
  g_free (spawn.argv[0]);
  spawn.argv[0] = g_strdup ("-another name");
  spawn.request.executable = testprog;
  output = spawn_output (&spawn);
  g_assert_cmpstr (output, ==, "-another name\nargs\n");

  spawn_init (&missing, "args");
  missing.request.executable = "/nowhere/program";
  spawn_fails (&missing, G_IO_ERROR_NOT_FOUND, "exec “/nowhere/program”");
}

/* Each number of free descriptors, until there are enough. */
static void
test_too_many_files (void)
{
  struct rlimit before, limit;
  int highest;
  guint n_failures = 0;
  gboolean done = FALSE;

  if (under_valgrind ())
    {
      g_test_skip ("valgrind does not survive a clone that fails");
      return;
    }

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  g_assert_cmpint (_gproc_worker_start (), ==, 0);
  highest = gproc_test_open ("/dev/null", O_RDONLY);
  close (highest);

  for (int more = 0; !done; more++)
    {
      g_auto (Spawn) spawn = { 0 };
      g_autoptr (GError) error = NULL;
      int fds[2], pid, pidfd;

      spawn_init (&spawn, "exit-code 0");
      gproc_test_pipe (fds);
      spawn.mappings[1] = (GProcSpawnMapping){ .source = fds[1], .target = 1 };
      spawn.request.argv = (const char * const *) spawn.argv;
      spawn.request.envp = (const char * const *) spawn.envp;

      limit = before;
      limit.rlim_cur = (rlim_t) fds[1] + 1 + (rlim_t) more;
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
      done = _gproc_spawn (&spawn.request, &pid, &pidfd, &error);
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);

      if (done)
        {
          spawn.child = _gproc_child_new (pid, pidfd, TRUE);
          g_assert_true (_gproc_child_wait (spawn.child, NULL, -1, NULL, NULL));
          g_assert_cmpint (_gproc_child_get_returncode (spawn.child), ==, 0);
        }
      else
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
          g_assert_nonnull (strstr (error->message, spawn.argv[0]));
          n_failures++;
        }
      gproc_test_close (&fds[0]);
      gproc_test_close (&fds[1]);
    }
  g_assert_cmpuint (n_failures, >=, 2);
}

static void
spawn_beyond_the_quota (gconstpointer data)
{
  gboolean with_worker = GPOINTER_TO_INT (data);
  struct rlimit limit = { 0, 0 };
  g_auto (Spawn) spawn = { 0 };

  if (with_worker)
    g_assert_cmpint (_gproc_worker_start (), ==, 0);
  if (geteuid () == 0)
    {
      g_assert_cmpint (setgid (NOBODY), ==, 0);
      g_assert_cmpint (setuid (NOBODY), ==, 0);
    }
  g_assert_cmpint (setrlimit (RLIMIT_NPROC, &limit), ==, 0);

  spawn_init (&spawn, "exit-code 0");
  spawn_fails (&spawn, G_IO_ERROR_WOULD_BLOCK, "fork: Resource temporarily unavailable");
}

static void
test_too_many_processes (void)
{
  if (gproc_test_cannot_fork ())
    return;

  gproc_test_fork (spawn_beyond_the_quota, GINT_TO_POINTER (FALSE));
  gproc_test_fork (spawn_beyond_the_quota, GINT_TO_POINTER (TRUE));
}

/* The failed child is reaped before the call returns. */
static void
test_nothing_remains (void)
{
  guint n_descriptors, n_threads;
  gsize n_rounds = gproc_test_scale (200);
  siginfo_t info;

  g_assert_cmpint (_gproc_worker_start (), ==, 0);
  n_descriptors = gproc_test_count_descriptors ();
  n_threads = gproc_test_count_threads ();

  for (gsize i = 0; i < n_rounds; i++)
    {
      g_auto (Spawn) spawn = { 0 };

      spawn_init (&spawn, "x");
      g_free (spawn.argv[0]);
      spawn.argv[0] = g_strdup ("/nowhere/program");
      spawn_fails (&spawn, G_IO_ERROR_NOT_FOUND, "exec");
      g_assert_cmpint (waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), ==, -1);
      g_assert_cmpint (errno, ==, ECHILD);
    }

  g_assert_cmpuint (gproc_test_count_descriptors (), ==, n_descriptors);
  g_assert_cmpuint (gproc_test_count_threads (), ==, n_threads);
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *path = NULL;

  gproc_test_init (&argc, &argv);
  testprog = path = gproc_test_program ("gproc-testprog");

  gproc_test_add ("/gproc/spawn-failure/no-right", test_no_right);
  gproc_test_add ("/gproc/spawn-failure/fail-chdir", test_fail_chdir);
  gproc_test_add ("/gproc/spawn-failure/fail-exec", test_fail_exec);
  gproc_test_add ("/gproc/spawn-failure/fail-not-utf8", test_fail_not_utf8);
  gproc_test_add ("/gproc/spawn-failure/fail-other", test_fail_other);
  gproc_test_add ("/gproc/spawn-failure/no-command", test_no_command);
  gproc_test_add ("/gproc/spawn-failure/shell-script", test_shell_script);
  gproc_test_add ("/gproc/spawn-failure/path", test_path);
  gproc_test_add ("/gproc/spawn-failure/executable", test_executable);
  gproc_test_add ("/gproc/spawn-failure/too-many-files", test_too_many_files);
  gproc_test_add ("/gproc/spawn-failure/too-many-processes", test_too_many_processes);
  gproc_test_add ("/gproc/spawn-failure/nothing-remains", test_nothing_remains);

  return gproc_test_run ();
}
