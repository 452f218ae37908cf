/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a build, or anything that takes its time, and shows each line of both its outputs with
 * its number and when it came. Ctrl+C stops it, and so does the timeout: politely first, and
 * with all that it started. A window would show the lines in the same way, and stop the build
 * when it is closed.
 *
 * usage: build-log SECONDS COMMAND [ARGUMENT…]
 *
 * Build it with:
 *   cc build-log.c -o build-log $(pkg-config --cflags --libs gprocstream-1) */

#include <glib-unix.h>
#include <gprocstream/gprocstream.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>

typedef struct
{
  GMainLoop *loop;
  GTimer *timer;
  GProcStream *stream;
  GCancellable *reading;
  guint n_lines;
  gboolean stopped;
  int status;
} Build;

static void read_more (Build *build);

/* The process is over, and its output too. */
static void
ended_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Build *build = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *how = NULL;
  int returncode = gproc_stream_wait_finish (build->stream, result, &error);

  if (build->stopped)
    how = g_strdup ("was stopped");
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    how = g_strdup ("took too long and was stopped");
  else if (error != NULL)
    how = g_strdup (error->message);
  else if (returncode < 0)
    how = g_strdup_printf ("was ended by signal %d", -returncode);
  else
    how = g_strdup_printf ("exited with %d", returncode);

  g_print ("%s %s: %u lines, %.1f s\n", gproc_stream_get_command (build->stream), how,
           build->n_lines, g_timer_elapsed (build->timer, NULL));
  build->status = gproc_stream_get_shell_status (build->stream);
  g_main_loop_quit (build->loop);
}

static void
lines_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Build *build = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) lines = NULL;

  lines = gproc_reader_read_lines_finish (GPROC_READER (source), result, &error);
  if (lines != NULL)
    {
      gsize size;
      const char *data = g_bytes_get_data (lines, &size);
      const char *end = data + size;

      while (data < end)
        {
          const char *newline = memchr (data, '\n', end - data);
          g_autofree char *line = g_utf8_make_valid (data, (newline ? newline : end) - data);

          g_print ("%4u %6.1f s  %s\n", ++build->n_lines, g_timer_elapsed (build->timer, NULL),
                   line);
          data = newline != NULL ? newline + 1 : end;
        }
      read_more (build);
      return;
    }

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_print ("            something that it started still runs\n");
  else if (error != NULL)
    g_printerr ("build-log: %s\n", error->message);

  gproc_stream_wait_async (build->stream, G_PRIORITY_DEFAULT, NULL, ended_cb, build);
}

/* As many lines as there are, at a priority below that of everything that is drawn. */
static void
read_more (Build *build)
{
  gproc_reader_read_lines_async (gproc_stream_get_stdout (build->stream), 1000, G_PRIORITY_LOW,
                                 build->reading, lines_cb, build);
}

static gboolean
interrupted_cb (gpointer user_data)
{
  Build *build = user_data;

  build->stopped = TRUE;
  gproc_stream_stop_async (build->stream, 3000, G_PRIORITY_DEFAULT, NULL, NULL, NULL);

  return G_SOURCE_REMOVE;
}

static GProcStream *
start (int                  seconds,
       const char * const  *argv,
       GError             **error)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();

  /* Both outputs in the order in which they are written. */
  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_NULL);
  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_STDOUT);
  gproc_launcher_set_timeout (launcher, seconds * 1000);
  gproc_launcher_set_stop_grace (launcher, 3000);

  return gproc_launcher_spawn (launcher, argv, error);
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GTimer) timer = g_timer_new ();
  g_autoptr (GCancellable) reading = g_cancellable_new ();
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  Build build = { .loop = loop, .timer = timer, .reading = reading };

  setlocale (LC_ALL, "");
  if (argc < 3)
    {
      g_printerr ("usage: build-log SECONDS COMMAND [ARGUMENT…]\n");
      return EXIT_FAILURE;
    }

  build.stream = stream = start (atoi (argv[1]), (const char * const *) argv + 2, &error);
  if (stream == NULL)
    {
      g_printerr ("build-log: %s\n", error->message);
      return EXIT_FAILURE;
    }

  /* A daemon that the build left behind may keep its output open for ever. */
  g_signal_connect_swapped (stream, "pipes-held", G_CALLBACK (g_cancellable_cancel), reading);
  g_unix_signal_add (SIGINT, interrupted_cb, &build);
  read_more (&build);
  g_main_loop_run (loop);

  return build.status;
}
