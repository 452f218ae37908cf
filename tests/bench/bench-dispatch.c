/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* dispatch by=ours|gio what=read|lines|each-line|pump bytes=N: how long one turn of the main
 * loop keeps its thread busy while a child floods, in seconds of that thread. The callbacks
 * do nothing but ask again, so all of it is the library's. */

#include "config.h"

#include "bench-common.h"

#include <gprocstream/gprocstream.h>
#include <string.h>

static GPollFunc real_poll;
static GArray *turns;
static double turn_start;
static char gio_buffer[BENCH_BLOCK];
static enum { SOME, BLOCKS, LINES } what;

static void got_ours (GObject      *source,
                      GAsyncResult *result,
                      gpointer      data);

/* From where one call of poll ends to where the next begins. */
static int
timing_poll (GPollFD *fds,
             guint    n_fds,
             int      timeout)
{
  double taken = bench_thread_cpu () - turn_start;
  int n_ready;

  if (turn_start > 0)
    g_array_append_val (turns, taken);
  n_ready = real_poll (fds, n_fds, timeout);
  turn_start = bench_thread_cpu ();

  return n_ready;
}

static void
next_ours (GProcReader *reader,
           GMainLoop   *loop)
{
  switch (what)
    {
    case BLOCKS:
      gproc_reader_read_lines_async (reader, 0, 0, NULL, got_ours, loop);
      break;
    case LINES:
      gproc_reader_read_line_async (reader, 0, NULL, got_ours, loop);
      break;
    case SOME:
    default:
      gproc_reader_read_some_async (reader, BENCH_BLOCK, 0, NULL, got_ours, loop);
    }
}

static GBytes *
finish_ours (GProcReader  *reader,
             GAsyncResult *result)
{
  switch (what)
    {
    case BLOCKS:
      return gproc_reader_read_lines_finish (reader, result, NULL);
    case LINES:
      return gproc_reader_read_line_finish (reader, result, NULL);
    case SOME:
    default:
      return gproc_reader_read_some_finish (reader, result, NULL);
    }
}

static void
got_ours (GObject      *source,
          GAsyncResult *result,
          gpointer      data)
{
  g_autoptr (GBytes) bytes = finish_ours (GPROC_READER (source), result);

  if (bytes != NULL)
    next_ours (GPROC_READER (source), data);
  else
    g_main_loop_quit (data);
}

static void
flood_ours (GMainLoop  *loop,
            char      **argv)
{
  g_autoptr (GProcStream) stream = NULL;

  stream = gproc_stream_newv ((const char * const *) argv, GPROC_STREAM_FLAGS_STDIN_NULL, NULL);
  g_assert_nonnull (stream);
  what = bench_is ("what", "lines") ? BLOCKS : bench_is ("what", "each-line") ? LINES : SOME;
  next_ours (gproc_stream_get_stdout (stream), loop);
  g_main_loop_run (loop);
  gproc_stream_wait (stream, NULL, NULL);
}

static void
flood_through_pump (char **argv)
{
  g_auto (GStrv) sink_argv = bench_child_argv ("sink", bench_text ("bytes", "0"), NULL);
  g_autoptr (GProcStream) flood = NULL, sink = NULL;
  g_autoptr (GProcPump) pump = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  flood = gproc_stream_newv ((const char * const *) argv, GPROC_STREAM_FLAGS_STDIN_NULL, NULL);
  sink = gproc_stream_newv ((const char * const *) sink_argv, GPROC_STREAM_FLAGS_STDOUT_NULL, NULL);
  pump = gproc_pump_new (G_INPUT_STREAM (gproc_stream_get_stdout (flood)),
                         G_OUTPUT_STREAM (gproc_stream_get_stdin (sink)));
  gproc_pump_run_async (pump, 0, NULL, bench_done, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  if (!gproc_pump_run_finish (pump, result, &error) ||
      !gproc_stream_wait_check (sink, NULL, &error))
    g_error ("pump: %s", error->message);
  gproc_stream_wait (flood, NULL, NULL);
}

static void
got_gio (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  if (g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL) > 0)
    g_input_stream_read_async (G_INPUT_STREAM (source), gio_buffer, sizeof gio_buffer, 0, NULL,
                               got_gio, data);
  else
    g_main_loop_quit (data);
}

static void
flood_gio (GMainLoop  *loop,
           char      **argv)
{
  g_autoptr (GSubprocess) process = NULL;

  process = g_subprocess_newv ((const char * const *) argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL);
  g_assert_nonnull (process);
  g_input_stream_read_async (g_subprocess_get_stdout_pipe (process), gio_buffer, sizeof gio_buffer,
                             0, NULL, got_gio, loop);
  g_main_loop_run (loop);
  g_subprocess_wait (process, NULL, NULL);
}

void
bench_dispatch (void)
{
  gboolean has_lines = strstr (bench_text ("what", "read"), "line") != NULL;
  g_autofree char *n_lines = g_strdup_printf ("%" G_GINT64_FORMAT, bench_number ("bytes", 0) / 60);
  g_auto (GStrv) argv = has_lines ? bench_child_argv ("lines", n_lines, "60", NULL)
                                  : bench_child_argv ("flood", bench_text ("bytes", "0"), NULL);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  memset (gio_buffer, 1, sizeof gio_buffer);
  turns = g_array_new (FALSE, FALSE, sizeof (double));
  real_poll = g_main_context_get_poll_func (NULL);
  g_main_context_set_poll_func (NULL, timing_poll);
  if (bench_is ("by", "gio"))
    flood_gio (loop, argv);
  else if (bench_is ("what", "pump"))
    flood_through_pump (argv);
  else
    flood_ours (loop, argv);
  bench_figure ("turns", turns->len);
  bench_percentiles ("", turns, 1);
  g_array_unref (turns);
}
