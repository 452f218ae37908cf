/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* trip by=ours|gio|raw count=N: a small round trip through `cat`, again and again. */

#include "config.h"

#include "bench-common.h"

#include <gprocstream/gprocstream.h>
#include <poll.h>
#include <unistd.h>

#define PING "ping\n"
#define PING_SIZE 5

static const char * const cat_argv[] = { "cat", NULL };

typedef struct
{
  GMainLoop *loop;
  GProcWriter *writer;
  GOutputStream *output;
  gint64 left;
  gboolean counting;
  BenchClock clock;
} Trips;

/* The first trip waits for the child to start; it is not counted. */
static gboolean
is_last (Trips *trips)
{
  if (!trips->counting)
    bench_start (&trips->clock);
  trips->counting = TRUE;
  if (trips->left-- > 0)
    return FALSE;
  bench_stop (&trips->clock);
  g_main_loop_quit (trips->loop);

  return TRUE;
}

static void
trip_done (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  Trips *trips = data;
  g_autoptr (GBytes) line = gproc_reader_read_line_finish (GPROC_READER (source), result, NULL);

  if (line == NULL)
    g_error ("cat went away");
  if (is_last (trips))
    return;
  gproc_writer_queue (trips->writer, PING, PING_SIZE, NULL);
  gproc_reader_read_line_async (GPROC_READER (source), G_PRIORITY_DEFAULT, NULL, trip_done, trips);
}

static void
trips_ours (Trips *trips)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcStream) cat = gproc_stream_newv (cat_argv, GPROC_STREAM_FLAGS_NONE, &error);

  if (cat == NULL)
    g_error ("%s", error->message);
  trips->writer = gproc_stream_get_stdin (cat);
  gproc_writer_queue (trips->writer, PING, PING_SIZE, NULL);
  gproc_reader_read_line_async (gproc_stream_get_stdout (cat), G_PRIORITY_DEFAULT, NULL, trip_done,
                                trips);
  g_main_loop_run (trips->loop);
  g_io_stream_close (G_IO_STREAM (cat), NULL, NULL);
  gproc_stream_wait (cat, NULL, NULL);
}

static void
gio_trip_done (GObject      *source,
               GAsyncResult *result,
               gpointer      data)
{
  Trips *trips = data;
  GDataInputStream *input = G_DATA_INPUT_STREAM (source);
  g_autofree char *line = g_data_input_stream_read_line_finish (input, result, NULL, NULL);

  if (line == NULL)
    g_error ("cat went away");
  if (is_last (trips))
    return;
  g_output_stream_write_all (trips->output, PING, PING_SIZE, NULL, NULL, NULL);
  g_data_input_stream_read_line_async (input, G_PRIORITY_DEFAULT, NULL, gio_trip_done, trips);
}

/* Its writes block, which a program that must not block could not afford. */
static void
trips_gio (Trips *trips)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDataInputStream) input = NULL;
  g_autoptr (GSubprocess) cat = NULL;

  cat = g_subprocess_newv (cat_argv, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
                           &error);
  if (cat == NULL)
    g_error ("%s", error->message);
  trips->output = g_subprocess_get_stdin_pipe (cat);
  input = g_data_input_stream_new (g_subprocess_get_stdout_pipe (cat));
  g_output_stream_write_all (trips->output, PING, PING_SIZE, NULL, NULL, NULL);
  g_data_input_stream_read_line_async (input, G_PRIORITY_DEFAULT, NULL, gio_trip_done, trips);
  g_main_loop_run (trips->loop);
  g_output_stream_close (trips->output, NULL, NULL);
  g_subprocess_wait (cat, NULL, NULL);
}

static void
trips_raw (Trips *trips)
{
  int in[2], out[2];
  char buffer[64];
  pid_t pid;

  bench_pipe (in, 0);
  bench_pipe (out, 0);
  pid = bench_spawn ((char * const *) cat_argv, in[0], out[1]);
  do
    {
      struct pollfd poll_fd = { .fd = out[0], .events = POLLIN };

      if (write (in[1], PING, PING_SIZE) != PING_SIZE || poll (&poll_fd, 1, -1) != 1 ||
          read (out[0], buffer, sizeof buffer) != PING_SIZE)
        g_error ("a trip failed");
    }
  while (!is_last (trips));
  close (in[1]);
  close (out[0]);
  bench_reap (pid);
}

void
bench_trips (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Trips trips = { .loop = loop, .left = bench_number ("count", 1000) };

  if (bench_is ("by", "ours"))
    trips_ours (&trips);
  else if (bench_is ("by", "gio"))
    trips_gio (&trips);
  else
    trips_raw (&trips);
}
