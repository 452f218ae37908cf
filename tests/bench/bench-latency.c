/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* latency by=ours|gio count=N: a small round trip through `cat` every millisecond, while in
 * the same loop the output of another child is read as fast as it comes. */

#include "config.h"

#include "bench-common.h"

#include <gprocstream/gprocstream.h>

#define PING "ping\n"
#define PING_SIZE 5

/* The round trips begin when the flood is in full swing. */
#define FLOOD_STARTS (64 * 1024 * 1024)

typedef struct
{
  GMainLoop *loop;
  GProcReader *reader;
  GProcWriter *writer;
  GDataInputStream *input;
  GOutputStream *output;
  double sent;
  GArray *times;
  guint left;
  gboolean pinging;
  double flood_start;
  guint64 flooded;
  char *buffer;
} Latency;

static const char * const cat_argv[] = { "cat", NULL };

static gboolean
is_last (Latency *latency)
{
  double taken = bench_now () - latency->sent;

  g_array_append_val (latency->times, taken);
  if (--latency->left == 0)
    g_main_loop_quit (latency->loop);

  return latency->left == 0;
}

/* Counts; says whether this was when the trips have to begin. */
static gboolean
count_flood (Latency *latency,
             gsize    size)
{
  latency->flooded += size;
  if (latency->pinging || latency->flooded < FLOOD_STARTS)
    return FALSE;
  latency->pinging = TRUE;
  latency->flooded = 0;
  latency->flood_start = bench_now ();

  return TRUE;
}

static void got_pong (GObject      *source,
                      GAsyncResult *result,
                      gpointer      data);

static gboolean
ping (gpointer data)
{
  Latency *latency = data;

  latency->sent = bench_now ();
  gproc_writer_queue (latency->writer, PING, PING_SIZE, NULL);
  gproc_reader_read_line_async (latency->reader, G_PRIORITY_DEFAULT, NULL, got_pong, latency);

  return G_SOURCE_REMOVE;
}

static void
got_pong (GObject      *source,
          GAsyncResult *result,
          gpointer      data)
{
  g_autoptr (GBytes) line = gproc_reader_read_line_finish (GPROC_READER (source), result, NULL);

  if (line == NULL)
    g_error ("cat went away");
  if (!is_last (data))
    g_timeout_add (1, ping, data);
}

static void
got_flood (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  Latency *latency = data;
  g_autoptr (GBytes) bytes = gproc_reader_read_some_finish (GPROC_READER (source), result, NULL);

  if (bytes == NULL)
    return;
  if (count_flood (latency, g_bytes_get_size (bytes)))
    ping (latency);
  gproc_reader_read_some_async (GPROC_READER (source), BENCH_BLOCK, G_PRIORITY_DEFAULT, NULL,
                                got_flood, data);
}

static void
latency_ours (Latency  *latency,
              char    **flood_argv)
{
  g_autoptr (GProcStream) flood = NULL, cat = NULL;

  cat = gproc_stream_newv (cat_argv, GPROC_STREAM_FLAGS_NONE, NULL);
  g_assert_nonnull (cat);
  latency->writer = gproc_stream_get_stdin (cat);
  latency->reader = gproc_stream_get_stdout (cat);
  flood = gproc_stream_newv ((const char * const *) flood_argv, GPROC_STREAM_FLAGS_NONE, NULL);
  g_assert_nonnull (flood);
  gproc_reader_read_some_async (gproc_stream_get_stdout (flood), BENCH_BLOCK, G_PRIORITY_DEFAULT,
                                NULL, got_flood, latency);
  g_main_loop_run (latency->loop);
  gproc_stream_abort (cat);
  gproc_stream_abort (flood);
}

static void got_gio_pong (GObject      *source,
                          GAsyncResult *result,
                          gpointer      data);

static gboolean
gio_ping (gpointer data)
{
  Latency *latency = data;

  latency->sent = bench_now ();
  g_output_stream_write_all (latency->output, PING, PING_SIZE, NULL, NULL, NULL);
  g_data_input_stream_read_line_async (latency->input, G_PRIORITY_DEFAULT, NULL, got_gio_pong,
                                       latency);

  return G_SOURCE_REMOVE;
}

static void
got_gio_pong (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  g_autofree char *line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source),
                                                                result, NULL, NULL);

  if (line == NULL)
    g_error ("cat went away");
  if (!is_last (data))
    g_timeout_add (1, gio_ping, data);
}

static void
got_gio_flood (GObject      *source,
               GAsyncResult *result,
               gpointer      data)
{
  Latency *latency = data;
  gssize count = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);

  if (count <= 0)
    return;
  if (count_flood (latency, (gsize) count))
    gio_ping (latency);
  g_input_stream_read_async (G_INPUT_STREAM (source), latency->buffer, BENCH_BLOCK,
                             G_PRIORITY_DEFAULT, NULL, got_gio_flood, data);
}

static void
latency_gio (Latency  *latency,
             char    **flood_argv)
{
  GSubprocessFlags flags = G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE;
  g_autoptr (GSubprocess) flood = NULL, cat = NULL;
  g_autoptr (GDataInputStream) input = NULL;

  cat = g_subprocess_newv (cat_argv, flags, NULL);
  g_assert_nonnull (cat);
  latency->output = g_subprocess_get_stdin_pipe (cat);
  input = g_data_input_stream_new (g_subprocess_get_stdout_pipe (cat));
  latency->input = input;
  flood = g_subprocess_newv ((const char * const *) flood_argv, flags, NULL);
  g_assert_nonnull (flood);
  g_input_stream_read_async (g_subprocess_get_stdout_pipe (flood), latency->buffer, BENCH_BLOCK,
                             G_PRIORITY_DEFAULT, NULL, got_gio_flood, latency);
  g_main_loop_run (latency->loop);
  g_subprocess_force_exit (cat);
  g_subprocess_force_exit (flood);
}

void
bench_latency (void)
{
  guint count = (guint) bench_number ("count", 1000), skipped = MIN (100, count / 10);
  g_auto (GStrv) flood_argv = bench_child_argv ("flood", "0", NULL);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (double));
  g_autofree char *buffer = g_malloc (BENCH_BLOCK);
  Latency latency = { .loop = loop, .times = times, .left = count + skipped, .buffer = buffer };

  if (bench_is ("by", "ours"))
    latency_ours (&latency, flood_argv);
  else
    latency_gio (&latency, flood_argv);
  bench_figure ("flood", (double) latency.flooded / (bench_now () - latency.flood_start));
  /* The first ones wait for the children to start. */
  g_array_remove_range (times, 0, skipped);
  bench_percentiles ("", times, 1);
}
