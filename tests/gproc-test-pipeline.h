/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gprocstream/gprocstream.h>

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "gproc-test.h"

/* Pipelines of the helper program, and what is asked of them. */

static char *testprog;

/* The command of the helper program, its words separated by blanks. */
static inline void
append (GProcPipeline *pipeline,
        GProcLauncher *launcher,
        const char    *command)
{
  g_autofree char *line = g_strconcat (testprog, " ", command, NULL);
  g_auto (GStrv) argv = g_strsplit (line, " ", -1);

  gproc_pipeline_append (pipeline, launcher, (const char * const *) argv);
}

static inline void
append_program (GProcPipeline *pipeline,
                GProcLauncher *launcher,
                const char    *command)
{
  g_auto (GStrv) argv = g_strsplit (command, " ", -1);

  gproc_pipeline_append (pipeline, launcher, (const char * const *) argv);
}

static inline void
append_shell (GProcPipeline *pipeline,
              GProcLauncher *launcher,
              const char    *script)
{
  gproc_pipeline_append (pipeline, launcher, (const char *[]){ "sh", "-c", script, NULL });
}

static inline GProcPipeline *
pipeline_new (void)
{
  return gproc_test_track (gproc_pipeline_new ());
}

/* As many times the same stage. */
static inline GProcPipeline *
pipeline_of (guint       n_stages,
             const char *command)
{
  GProcPipeline *pipeline = pipeline_new ();

  for (guint i = 0; i < n_stages; i++)
    append (pipeline, NULL, command);

  return pipeline;
}

static inline GProcLauncher *
launcher_with_stderr (void)
{
  GProcLauncher *launcher = gproc_launcher_new ();

  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_PIPE);

  return launcher;
}

static inline void
start (GProcPipeline *pipeline)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gproc_pipeline_spawn (pipeline, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < gproc_pipeline_get_n_stages (pipeline); i++)
    gproc_test_track (gproc_pipeline_get_stage (pipeline, i));
}

static inline void
queue_string (GProcPipeline *pipeline,
              const char    *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gproc_writer_queue (gproc_pipeline_get_stdin (pipeline), text, -1, &error));
  g_assert_no_error (error);
}

static inline void
queue_bytes (GProcPipeline *pipeline,
             GBytes        *bytes)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gproc_writer_queue_bytes (gproc_pipeline_get_stdin (pipeline), bytes, &error));
  g_assert_no_error (error);
}

static inline void
end_input (GProcPipeline *pipeline)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gproc_writer_write_eof (gproc_pipeline_get_stdin (pipeline), &error));
  g_assert_no_error (error);
}

static inline GBytes *
read_all (GProcReader *reader)
{
  g_autoptr (GError) error = NULL;
  GBytes *bytes = gproc_reader_read_to_end (reader, -1, NULL, &error);

  g_assert_no_error (error);

  return bytes != NULL ? bytes : g_bytes_new (NULL, 0);
}

static inline void
assert_output (GProcPipeline *pipeline,
               const char    *text)
{
  g_autoptr (GBytes) bytes = read_all (gproc_pipeline_get_stdout (pipeline));

  gproc_test_assert_bytes (bytes, text);
}

static inline void
assert_wait (GProcPipeline *pipeline,
             int            returncode)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (gproc_pipeline_wait (pipeline, NULL, &error), ==, returncode);
  g_assert_no_error (error);
  g_assert_false (gproc_pipeline_get_running (pipeline));
  g_assert_cmpint (gproc_pipeline_get_returncode (pipeline), ==, returncode);
}

static inline void
assert_returncodes (GProcPipeline *pipeline,
                    const int     *expected,
                    gsize          n_expected)
{
  gsize n;
  g_autofree int *returncodes = gproc_pipeline_get_returncodes (pipeline, &n);

  g_assert_cmpmem (returncodes, n * sizeof (int), expected, n_expected * sizeof (int));
}

/* How many descriptors of ours lead to what has that name, or begins with it. */
static inline guint
count_descriptors_to (const char *prefix)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint count = 0;
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      count += target != NULL && g_str_has_prefix (target, prefix);
    }

  return count;
}

static inline void
assert_no_children (void)
{
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
  g_assert_cmpint (errno, ==, ECHILD);
}

static inline void
add_for_sizes (const char        *path,
               GProcTestDataFunc  func)
{
  static const guint sizes[] = { 1, 2, 10 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *full = g_strdup_printf ("%s/%u", path, sizes[i]);

      gproc_test_add_data (full, GUINT_TO_POINTER (sizes[i]), func);
    }
}

static inline void
add_both (const char        *path,
          GProcTestDataFunc  func)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *full = g_strdup_printf ("%s/%s", path, i ? "async" : "sync");

      gproc_test_add_data (full, GUINT_TO_POINTER (i), func);
    }
}
