/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gprocstream/gprocstream.h>

#include "gproc-test.h"

/* Streams of the helper program, and what they say of themselves. */

static inline GProcStream *
spawn_full (GProcLauncher    *launcher,
            GProcStreamFlags  flags,
            const char       *command,
            const char       *first,
            const char       *second)
{
  g_autofree char *program = gproc_test_program ("gproc-testprog");
  const char *argv[] = { program, command, first, second, NULL };
  g_autoptr (GError) error = NULL;
  GProcStream *stream;

  if (launcher != NULL)
    stream = gproc_launcher_spawn (launcher, argv, &error);
  else
    stream = gproc_stream_newv (argv, flags, &error);
  g_assert_no_error (error);

  return gproc_test_track (stream);
}

static inline GProcStream *
spawn (GProcStreamFlags  flags,
       const char       *command,
       const char       *first)
{
  return spawn_full (NULL, flags, command, first, NULL);
}

/* Reads the line that says that the process is where the test wants it. */
static inline void
wait_ready (GProcStream *stream)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL,
                                                       &error);

  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, "ready");
}

static inline void
end (GProcStream *stream)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gproc_stream_stop (stream, 0, NULL, &error));
  g_assert_no_error (error);
}

typedef struct
{
  GProcStream *stream;
  int returncode;
  guint n_exited;
  guint n_ended;
  guint n_held;
  guint n_running;
  guint n_returncode;
  guint n_timed_out;
} Emissions;

static inline void
on_exited (GProcStream *stream,
           int          returncode,
           Emissions   *emissions)
{
  emissions->n_exited++;
  emissions->returncode = returncode;
  g_assert_true (g_main_context_is_owner (gproc_test_context ()));
}

static inline void
on_ended (GProcStream *stream,
          Emissions   *emissions)
{
  emissions->n_ended++;
}

static inline void
on_held (GProcStream *stream,
         Emissions   *emissions)
{
  emissions->n_held++;
}

static inline void
on_notify (GProcStream *stream,
           GParamSpec  *pspec,
           Emissions   *emissions)
{
  emissions->n_running += g_str_equal (pspec->name, "running");
  emissions->n_returncode += g_str_equal (pspec->name, "returncode");
  emissions->n_timed_out += g_str_equal (pspec->name, "timed-out");
}

static inline void
listen_to (GProcStream *stream,
           Emissions   *emissions)
{
  *emissions = (Emissions){ .stream = stream };
  g_signal_connect (stream, "exited", G_CALLBACK (on_exited), emissions);
  g_signal_connect (stream, "output-ended", G_CALLBACK (on_ended), emissions);
  g_signal_connect (stream, "pipes-held", G_CALLBACK (on_held), emissions);
  g_signal_connect (stream, "notify", G_CALLBACK (on_notify), emissions);
}
