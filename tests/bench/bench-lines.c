/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* lines by=ours|gio [style=blocks|each] count=N length=N: the lines a child writes. */

#include "config.h"

#include "bench-common.h"

#include <gprocstream/gprocstream.h>
#include <string.h>

typedef struct
{
  GMainLoop *loop;
  gint64 n_lines;
} Lines;

static gboolean
is_end (Lines    *lines,
        gpointer  line,
        GError   *error)
{
  if (error != NULL)
    g_error ("a line: %s", error->message);
  if (line == NULL)
    g_main_loop_quit (lines->loop);

  return line == NULL;
}

static void
got_block (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  Lines *lines = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) block = gproc_reader_read_lines_finish (GPROC_READER (source), result, &error);
  const char *text, *end;
  gsize size;

  if (is_end (lines, block, error))
    return;
  /* Each line is looked for, as who uses them has to. */
  text = g_bytes_get_data (block, &size);
  for (end = text + size; text < end; lines->n_lines++)
    text = (const char *) memchr (text, '\n', (gsize) (end - text)) + 1;
  gproc_reader_read_lines_async (GPROC_READER (source), 0, G_PRIORITY_DEFAULT, NULL, got_block,
                                 lines);
}

static void
got_line (GObject      *source,
          GAsyncResult *result,
          gpointer      data)
{
  Lines *lines = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = gproc_reader_read_line_finish (GPROC_READER (source), result, &error);

  if (is_end (lines, line, error))
    return;
  lines->n_lines++;
  gproc_reader_read_line_async (GPROC_READER (source), G_PRIORITY_DEFAULT, NULL, got_line, lines);
}

static void
got_gio_line (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  Lines *lines = data;
  GDataInputStream *stream = G_DATA_INPUT_STREAM (source);
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_data_input_stream_read_line_finish (stream, result, NULL, &error);

  if (is_end (lines, line, error))
    return;
  lines->n_lines++;
  g_data_input_stream_read_line_async (stream, G_PRIORITY_DEFAULT, NULL, got_gio_line, lines);
}

static void
lines_ours (Lines  *lines,
            char  **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcStream)
    stream = gproc_stream_newv ((const char * const *) argv, GPROC_STREAM_FLAGS_STDIN_NULL, &error);

  if (stream == NULL)
    g_error ("%s", error->message);
  if (bench_is ("style", "each"))
    gproc_reader_read_line_async (gproc_stream_get_stdout (stream), G_PRIORITY_DEFAULT, NULL,
                                  got_line, lines);
  else
    gproc_reader_read_lines_async (gproc_stream_get_stdout (stream), 0, G_PRIORITY_DEFAULT, NULL,
                                   got_block, lines);
  g_main_loop_run (lines->loop);
  gproc_stream_wait (stream, NULL, NULL);
}

static void
lines_gio (Lines  *lines,
           char  **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDataInputStream) stream = NULL;
  g_autoptr (GSubprocess) process = g_subprocess_newv ((const char * const *) argv,
                                                       G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);

  if (process == NULL)
    g_error ("%s", error->message);
  stream = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  g_buffered_input_stream_set_buffer_size (G_BUFFERED_INPUT_STREAM (stream),
                                           (gsize) bench_number ("buffer", 64 * 1024));
  g_data_input_stream_read_line_async (stream, G_PRIORITY_DEFAULT, NULL, got_gio_line, lines);
  g_main_loop_run (lines->loop);
  g_subprocess_wait (process, NULL, NULL);
}

void
bench_lines (void)
{
  g_auto (GStrv) argv = bench_child_argv ("lines", bench_text ("count", "1000"),
                                          bench_text ("length", "60"), NULL);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Lines lines = { loop, 0 };
  BenchClock clock;

  bench_start (&clock);
  if (bench_is ("by", "ours"))
    lines_ours (&lines, argv);
  else
    lines_gio (&lines, argv);
  bench_stop (&clock);
  g_assert_cmpint (lines.n_lines, ==, bench_number ("count", 1000));
}
