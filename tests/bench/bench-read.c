/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* read by=ours|gio|raw bytes=N [buffer=N] [pipe=N]: all output of a child in large reads. */

#include "config.h"

#include "bench-common.h"

#include <gprocstream/gprocstream.h>
#include <unistd.h>

typedef struct
{
  GMainLoop *loop;
  gsize buffer_size;
  char *buffer;
  gint64 received;
} Reading;

static void
got_some (GObject      *source,
          GAsyncResult *result,
          gpointer      data)
{
  Reading *reading = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = gproc_reader_read_some_finish (GPROC_READER (source), result, &error);

  if (error != NULL)
    g_error ("read_some: %s", error->message);
  if (bytes == NULL)
    {
      g_main_loop_quit (reading->loop);
      return;
    }
  reading->received += (gint64) g_bytes_get_size (bytes);
  gproc_reader_read_some_async (GPROC_READER (source), reading->buffer_size, G_PRIORITY_DEFAULT,
                                NULL, got_some, reading);
}

static void
read_ours (Reading  *reading,
           char    **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcStream)
    stream = gproc_stream_newv ((const char * const *) argv, GPROC_STREAM_FLAGS_STDIN_NULL, &error);

  if (stream == NULL)
    g_error ("%s", error->message);
  gproc_reader_read_some_async (gproc_stream_get_stdout (stream), reading->buffer_size,
                                G_PRIORITY_DEFAULT, NULL, got_some, reading);
  g_main_loop_run (reading->loop);
  gproc_stream_wait (stream, NULL, NULL);
}

static void
got_gio (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  Reading *reading = data;
  g_autoptr (GError) error = NULL;
  gssize count = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  if (count < 0)
    g_error ("read_async: %s", error->message);
  if (count == 0)
    {
      g_main_loop_quit (reading->loop);
      return;
    }
  reading->received += count;
  g_input_stream_read_async (G_INPUT_STREAM (source), reading->buffer, reading->buffer_size,
                             G_PRIORITY_DEFAULT, NULL, got_gio, reading);
}

static void
read_gio (Reading  *reading,
          char    **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = g_subprocess_newv ((const char * const *) argv,
                                                       G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);

  if (process == NULL)
    g_error ("%s", error->message);
  g_input_stream_read_async (g_subprocess_get_stdout_pipe (process), reading->buffer,
                             reading->buffer_size, G_PRIORITY_DEFAULT, NULL, got_gio, reading);
  g_main_loop_run (reading->loop);
  g_subprocess_wait (process, NULL, NULL);
}

static void
read_raw (Reading  *reading,
          char    **argv)
{
  int fds[2];
  pid_t pid;
  ssize_t count;

  bench_pipe (fds, (int) bench_number ("pipe", 0));
  pid = bench_spawn (argv, -1, fds[1]);
  while ((count = read (fds[0], reading->buffer, reading->buffer_size)) > 0)
    reading->received += count;
  close (fds[0]);
  bench_reap (pid);
}

void
bench_read (void)
{
  gsize size = (gsize) bench_number ("buffer", BENCH_BLOCK);
  g_autofree char *buffer = g_malloc0 (size);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_auto (GStrv) argv = bench_child_argv ("flood", bench_text ("bytes", "1048576"), NULL);
  Reading reading = { loop, size, buffer, 0 };
  BenchClock clock;

  bench_start (&clock);
  if (bench_is ("by", "ours"))
    read_ours (&reading, argv);
  else if (bench_is ("by", "gio"))
    read_gio (&reading, argv);
  else
    read_raw (&reading, argv);
  bench_stop (&clock);
  g_assert_cmpint (reading.received, ==, bench_number ("bytes", 1048576));
}
