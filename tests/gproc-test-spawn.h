/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "base/gproc-enums.h"
#include "gproc-test.h"
#include "process/gproc-child-private.h"
#include "process/gproc-spawn-private.h"

#include <glib/gstdio.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Starting processes below the public interface, for the tests of that. */

#define NOBODY 65534

/* What a test spawns: standard output is a pipe, whose end the test reads. */
typedef struct
{
  GProcSpawnRequest request;
  GProcSpawnMapping mappings[64];
  int output; /* −1 until it was spawned. */
  int null;
  char **argv;
  char **envp;
  GProcChild *child;
} Spawn;

/* Set by main (). */
static const char *testprog;

static inline void
spawn_init (Spawn      *spawn,
            const char *arguments)
{
  g_autofree char *command = NULL;

  memset (spawn, 0, sizeof *spawn);
  command = g_strconcat (testprog, " ", arguments, NULL);
  spawn->argv = g_strsplit (command, " ", -1);
  spawn->envp = g_get_environ ();
  spawn->null = gproc_test_open ("/dev/null", O_RDWR);
  spawn->output = -1;
  spawn->mappings[0] = (GProcSpawnMapping){ .source = spawn->null, .target = 0 };
  spawn->mappings[2] = (GProcSpawnMapping){ .source = spawn->null, .target = 2 };
  spawn->request.mappings = spawn->mappings;
  spawn->request.n_mappings = 3;
  spawn->request.user_id = -1;
  spawn->request.group_id = -1;
  spawn->request.umask = -1;
  spawn->request.process_group = TRUE;
}

static inline void
spawn_clear (Spawn *spawn)
{
  if (spawn->argv == NULL)
    return;

  if (spawn->output >= 0)
    gproc_test_close (&spawn->output);
  gproc_test_close (&spawn->null);
  g_clear_pointer (&spawn->child, _gproc_child_unref);
  g_strfreev (spawn->argv);
  g_strfreev (spawn->envp);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Spawn, spawn_clear)

static inline void
spawn_map (Spawn *spawn,
           int    source,
           int    target)
{
  spawn->mappings[spawn->request.n_mappings++] = (GProcSpawnMapping){ .source = source,
                                                                      .target = target };
}

static inline gboolean
spawn_start (Spawn   *spawn,
             GError **error)
{
  int fds[2], pid, pidfd;
  gboolean result;

  gproc_test_pipe (fds);
  spawn->mappings[1] = (GProcSpawnMapping){ .source = fds[1], .target = 1 };
  spawn->request.argv = (const char * const *) spawn->argv;
  spawn->request.envp = (const char * const *) spawn->envp;

  result = _gproc_spawn (&spawn->request, &pid, &pidfd, error);
  gproc_test_close (&fds[1]);
  spawn->output = fds[0];
  if (result)
    spawn->child = _gproc_child_new (pid, pidfd,
                                     spawn->request.process_group || spawn->request.new_session);

  return result;
}

/* Waits for the end of the process, which has to be a success. */
static inline char *
spawn_finish (Spawn *spawn)
{
  g_autoptr (GBytes) bytes = gproc_test_read_to_end (spawn->output);

  g_assert_true (_gproc_child_wait (spawn->child, NULL, -1, NULL, NULL));
  g_assert_cmpint (_gproc_child_get_returncode (spawn->child), ==, 0);

  /* No bytes at all are NULL. */
  if (g_bytes_get_size (bytes) == 0)
    return g_strdup ("");

  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static inline char *
spawn_output (Spawn *spawn)
{
  g_autoptr (GError) error = NULL;
  gboolean result = spawn_start (spawn, &error);

  g_assert_no_error (error);
  g_assert_true (result);

  return spawn_finish (spawn);
}

/* The process must not start, and the message has to say @part. */
static inline void
spawn_fails (Spawn      *spawn,
             int         code,
             const char *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (spawn_start (spawn, &error));
  g_assert_error (error, G_IO_ERROR, code);
  if (strstr (error->message, spawn->argv[0]) == NULL || strstr (error->message, part) == NULL)
    g_error ("“%s” should name “%s” and “%s”", error->message, spawn->argv[0], part);
}

/* It keeps some limits to itself, and dies of some failures of execve (). */
static inline gboolean
under_valgrind (void)
{
  const char *preload = g_getenv ("LD_PRELOAD");

  return preload != NULL && strstr (preload, "vgpreload") != NULL;
}

static inline char *
make_folder (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("gproc-XXXXXX", &error);

  g_assert_no_error (error);
  /* For the tests that go on as another user. */
  g_assert_cmpint (g_chmod (folder, 0755), ==, 0);

  return folder;
}

static inline char *
make_file (const char *folder,
           const char *name,
           const char *text,
           int         mode)
{
  char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (path, mode), ==, 0);

  return path;
}

static inline void
remove_file (const char *path)
{
  g_assert_cmpint (g_remove (path), ==, 0);
}

static inline gboolean
is_zombie_or_gone (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *stat = NULL;

  return !g_file_get_contents (path, &stat, NULL, NULL) || strstr (stat, ") Z ") != NULL;
}

/* Asks, rather than iterate a context: what ends processes must need no loop. */
static inline void
wait_gone (int pid)
{
  gint64 deadline = gproc_test_deadline ();

  while (!is_zombie_or_gone (pid))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (500);
    }
}
