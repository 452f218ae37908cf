/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* splice by=ours|pump|gio|gio-both|read-write|splice bytes=N [pipe=N] [buffer=N]: one child's
 * output into another's input. */

#include "config.h"

#include "bench-common.h"

#include <fcntl.h>
#include <gprocstream/gprocstream.h>
#include <unistd.h>

#define CLOSE_BOTH (G_IO_STREAM_SPLICE_CLOSE_STREAM1 | G_IO_STREAM_SPLICE_CLOSE_STREAM2)

static void
await (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static GProcStream *
start_ours (char             **argv,
            GProcStreamFlags   flags)
{
  g_autoptr (GError) error = NULL;
  GProcStream *stream = gproc_stream_newv ((const char * const *) argv, flags, &error);

  if (stream == NULL)
    g_error ("%s", error->message);

  return stream;
}

static void
splice_ours (char **flood_argv,
             char **sink_argv)
{
  g_autoptr (GProcStream) flood = start_ours (flood_argv, GPROC_STREAM_FLAGS_NONE);
  g_autoptr (GProcStream) sink = start_ours (sink_argv, GPROC_STREAM_FLAGS_NONE);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  gproc_stream_splice_async (flood, G_IO_STREAM (sink), CLOSE_BOTH, G_PRIORITY_DEFAULT, NULL,
                             bench_done, &result);
  await (&result);
  if (!gproc_stream_splice_finish (flood, result, &error) ||
      !gproc_stream_wait_check (sink, NULL, &error))
    g_error ("splice: %s", error->message);
  gproc_stream_wait (flood, NULL, NULL);
}

static void
splice_pump (char **flood_argv,
             char **sink_argv)
{
  g_autoptr (GProcStream) flood = start_ours (flood_argv, GPROC_STREAM_FLAGS_STDIN_NULL);
  g_autoptr (GProcStream) sink = start_ours (sink_argv, GPROC_STREAM_FLAGS_STDOUT_NULL);
  g_autoptr (GProcPump) pump = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  pump = gproc_pump_new (G_INPUT_STREAM (gproc_stream_get_stdout (flood)),
                         G_OUTPUT_STREAM (gproc_stream_get_stdin (sink)));
  gproc_pump_run_async (pump, G_PRIORITY_DEFAULT, NULL, bench_done, &result);
  await (&result);
  if (!gproc_pump_run_finish (pump, result, &error) ||
      !gproc_stream_wait_check (sink, NULL, &error))
    g_error ("pump: %s", error->message);
  gproc_stream_wait (flood, NULL, NULL);
}

static GSubprocess *
start_gio (char             **argv,
           GSubprocessFlags   flags)
{
  g_autoptr (GError) error = NULL;
  GSubprocess *process = g_subprocess_newv ((const char * const *) argv, flags, &error);

  if (process == NULL)
    g_error ("%s", error->message);

  return process;
}

static void
splice_gio (char **flood_argv,
            char **sink_argv)
{
  g_autoptr (GSubprocess) flood = start_gio (flood_argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GSubprocess) sink = start_gio (sink_argv, G_SUBPROCESS_FLAGS_STDIN_PIPE);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_output_stream_splice_async (g_subprocess_get_stdin_pipe (sink),
                                g_subprocess_get_stdout_pipe (flood),
                                G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE |
                                  G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                                G_PRIORITY_DEFAULT, NULL, bench_done, &result);
  await (&result);
  if (g_output_stream_splice_finish (g_subprocess_get_stdin_pipe (sink), result, &error) < 0 ||
      !g_subprocess_wait_check (sink, NULL, &error))
    g_error ("g_output_stream_splice: %s", error->message);
  g_subprocess_wait (flood, NULL, NULL);
}

static GIOStream *
both_pipes (GSubprocess *process)
{
  return g_simple_io_stream_new (g_subprocess_get_stdout_pipe (process),
                                 g_subprocess_get_stdin_pipe (process));
}

static void
splice_gio_both (char **flood_argv,
                 char **sink_argv)
{
  GSubprocessFlags flags = G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE;
  g_autoptr (GSubprocess) flood = start_gio (flood_argv, flags);
  g_autoptr (GSubprocess) sink = start_gio (sink_argv, flags);
  g_autoptr (GIOStream) flood_stream = both_pipes (flood);
  g_autoptr (GIOStream) sink_stream = both_pipes (sink);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_io_stream_splice_async (flood_stream, sink_stream, CLOSE_BOTH, G_PRIORITY_DEFAULT, NULL,
                            bench_done, &result);
  await (&result);
  if (!g_io_stream_splice_finish (result, &error) || !g_subprocess_wait_check (sink, NULL, &error))
    g_error ("g_io_stream_splice: %s", error->message);
  g_subprocess_wait (flood, NULL, NULL);
}

static void
move_by_splice (int in,
                int out)
{
  ssize_t count;

  while ((count = splice (in, NULL, out, NULL, 1024 * 1024, SPLICE_F_MOVE)) > 0)
    continue;
  g_assert_cmpint (count, ==, 0);
}

static void
move_by_copying (int in,
                 int out)
{
  gsize size = (gsize) bench_number ("buffer", BENCH_BLOCK);
  g_autofree char *buffer = g_malloc (size);
  ssize_t count;

  while ((count = read (in, buffer, size)) > 0)
    if (write (out, buffer, (gsize) count) != count)
      g_error ("write");
}

static void
splice_raw (char **flood_argv,
            char **sink_argv)
{
  int in[2], out[2], size = (int) bench_number ("pipe", 0);
  pid_t flood, sink;

  bench_pipe (in, size);
  bench_pipe (out, size);
  flood = bench_spawn (flood_argv, -1, in[1]);
  sink = bench_spawn (sink_argv, out[0], -1);
  if (bench_is ("by", "splice"))
    move_by_splice (in[0], out[1]);
  else
    move_by_copying (in[0], out[1]);
  close (in[0]);
  close (out[1]);
  bench_reap (flood);
  bench_reap (sink);
}

void
bench_splice (void)
{
  const char *bytes = bench_text ("bytes", "1048576");
  g_auto (GStrv) flood_argv = bench_child_argv ("flood", bytes, NULL);
  g_auto (GStrv) sink_argv = bench_child_argv ("sink", bytes, NULL);
  BenchClock clock;

  bench_start (&clock);
  if (bench_is ("by", "ours"))
    splice_ours (flood_argv, sink_argv);
  else if (bench_is ("by", "pump"))
    splice_pump (flood_argv, sink_argv);
  else if (bench_is ("by", "gio"))
    splice_gio (flood_argv, sink_argv);
  else if (bench_is ("by", "gio-both"))
    splice_gio_both (flood_argv, sink_argv);
  else
    splice_raw (flood_argv, sink_argv);
  bench_stop (&clock);
}
