/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* queue by=ours|gio|raw count=N [batch=N] [high=N]: many records of 32 bytes to a child. */

#include "config.h"

#include "bench-common.h"

#include <gprocstream/gprocstream.h>
#include <string.h>
#include <unistd.h>

#define RECORD "thirty-two bytes make one record"
#define RECORD_SIZE 32

typedef struct
{
  GMainLoop *loop;
  GProcWriter *writer;
  gint64 left;
  gint64 batch;
} Queueing;

/* A program that writes records as long as the queue takes them without pressure. */
static void
queue_some (GObject      *source,
            GAsyncResult *result,
            gpointer      data)
{
  Queueing *queueing = data;
  g_autoptr (GError) error = NULL;

  if (result != NULL && !gproc_writer_drain_finish (queueing->writer, result, &error))
    g_error ("drain: %s", error->message);
  if (queueing->left == 0)
    {
      g_main_loop_quit (queueing->loop);
      return;
    }
  for (gint64 i = MIN (queueing->batch, queueing->left); i > 0; i--, queueing->left--)
    if (!gproc_writer_queue (queueing->writer, RECORD, RECORD_SIZE, &error))
      g_error ("queue: %s", error->message);
  gproc_writer_drain_async (queueing->writer, G_PRIORITY_DEFAULT, NULL, queue_some, queueing);
}

static void
queue_ours (gint64   count,
            char   **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  Queueing queueing = { loop, NULL, count, bench_number ("batch", 2000) };

  stream = gproc_stream_newv ((const char * const *) argv, GPROC_STREAM_FLAGS_STDOUT_NULL, &error);
  if (stream == NULL)
    g_error ("%s", error->message);
  queueing.writer = gproc_stream_get_stdin (stream);
  if (bench_number ("high", 0) > 0)
    gproc_writer_set_watermarks (queueing.writer, (gssize) bench_number ("high", 0), -1);
  queue_some (NULL, NULL, &queueing);
  g_main_loop_run (loop);
  if (!g_output_stream_close (G_OUTPUT_STREAM (queueing.writer), NULL, &error) ||
      !gproc_stream_wait_check (stream, NULL, &error))
    g_error ("%s", error->message);
}

static void
queue_gio (gint64   count,
           char   **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = g_subprocess_newv ((const char * const *) argv,
                                                       G_SUBPROCESS_FLAGS_STDIN_PIPE, &error);
  GOutputStream *stream;

  if (process == NULL)
    g_error ("%s", error->message);
  stream = g_subprocess_get_stdin_pipe (process);
  for (; count > 0; count--)
    if (!g_output_stream_write_all (stream, RECORD, RECORD_SIZE, NULL, NULL, &error))
      g_error ("write_all: %s", error->message);
  g_output_stream_close (stream, NULL, NULL);
  if (!g_subprocess_wait_check (process, NULL, &error))
    g_error ("%s", error->message);
}

/* What a program would do by hand: gather 64 KiB, write them. */
static void
queue_raw (gint64   count,
           char   **argv)
{
  g_autofree char *buffer = g_malloc (64 * 1024);
  gsize used = 0;
  int fds[2];
  pid_t pid;

  bench_pipe (fds, 0);
  pid = bench_spawn (argv, fds[0], -1);
  for (; count > 0; count--)
    {
      memcpy (buffer + used, RECORD, RECORD_SIZE);
      used += RECORD_SIZE;
      if (used == 64 * 1024 || count == 1)
        {
          if (write (fds[1], buffer, used) != (ssize_t) used)
            g_error ("write");
          used = 0;
        }
    }
  close (fds[1]);
  bench_reap (pid);
}

void
bench_queue (void)
{
  gint64 count = bench_number ("count", 1000);
  g_autofree char *bytes = g_strdup_printf ("%" G_GINT64_FORMAT, count * RECORD_SIZE);
  g_auto (GStrv) argv = bench_child_argv ("sink", bytes, NULL);
  BenchClock clock;

  bench_start (&clock);
  if (bench_is ("by", "ours"))
    queue_ours (count, argv);
  else if (bench_is ("by", "gio"))
    queue_gio (count, argv);
  else
    queue_raw (count, argv);
  bench_stop (&clock);
}
