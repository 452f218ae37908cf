/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pushes a file through gzip and what comes out of that through gzip -d, both at once, and
 * compares the checksums of what went in and what came out. The file may be of any size: at
 * no time is more than a few hundred kilobytes of it in memory.
 *
 * usage: gzip-roundtrip FILE
 *
 * Build it with:
 *   cc gzip-roundtrip.c -o gzip-roundtrip $(pkg-config --cflags --libs gprocstream-1) */

#include <gprocstream/gprocstream.h>
#include <stdlib.h>

#define PIECE (256 * 1024)

typedef struct
{
  GMainLoop *loop;
  GInputStream *file;
  GProcStream *compress;
  GProcStream *expand;
  GChecksum *sent;
  GChecksum *received;
  guint64 n_sent;
  gint64 n_compressed;
  guint64 n_received;
  guint n_running;
  int status;
} RoundTrip;

static void feed (RoundTrip *trip);
static void collect (RoundTrip *trip);

static void
finish_part (RoundTrip *trip,
             GError    *error)
{
  if (error != NULL)
    {
      g_printerr ("gzip-roundtrip: %s\n", error->message);
      trip->status = EXIT_FAILURE;
      trip->n_running = 0;
    }
  else
    {
      trip->n_running--;
    }

  if (trip->n_running == 0)
    g_main_loop_quit (trip->loop);
}

static void
drained_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  RoundTrip *trip = user_data;
  g_autoptr (GError) error = NULL;

  if (gproc_writer_drain_finish (GPROC_WRITER (source), result, &error))
    feed (trip);
  else
    finish_part (trip, error);
}

/* Queues a piece of the file and goes on when the queue has room again. */
static void
feed (RoundTrip *trip)
{
  GProcWriter *in = gproc_stream_get_stdin (trip->compress);
  g_autoptr (GBytes) piece = NULL;
  g_autoptr (GError) error = NULL;

  piece = g_input_stream_read_bytes (trip->file, PIECE, NULL, &error);
  if (piece == NULL)
    {
      finish_part (trip, error);
    }
  else if (g_bytes_get_size (piece) == 0)
    {
      gproc_writer_write_eof (in, &error);
      finish_part (trip, error);
    }
  else
    {
      g_checksum_update (trip->sent, g_bytes_get_data (piece, NULL), g_bytes_get_size (piece));
      trip->n_sent += g_bytes_get_size (piece);
      if (gproc_writer_queue_bytes (in, piece, &error))
        gproc_writer_drain_async (in, G_PRIORITY_DEFAULT, NULL, drained_cb, trip);
      else
        finish_part (trip, error);
    }
}

/* What gzip writes goes to gzip -d by GIO's own means: a process is a GIOStream. */
static void
spliced_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  RoundTrip *trip = user_data;
  g_autoptr (GError) error = NULL;

  trip->n_compressed = g_output_stream_splice_finish (G_OUTPUT_STREAM (source), result, &error);
  finish_part (trip, error);
}

static void
received_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  RoundTrip *trip = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) piece = NULL;

  piece = gproc_reader_read_some_finish (GPROC_READER (source), result, &error);
  if (piece == NULL)
    {
      finish_part (trip, error);
      return;
    }

  g_checksum_update (trip->received, g_bytes_get_data (piece, NULL), g_bytes_get_size (piece));
  trip->n_received += g_bytes_get_size (piece);
  collect (trip);
}

static void
collect (RoundTrip *trip)
{
  gproc_reader_read_some_async (gproc_stream_get_stdout (trip->expand), PIECE, G_PRIORITY_DEFAULT,
                                NULL, received_cb, trip);
}

static void
exited_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  gproc_stream_wait_check_finish (GPROC_STREAM (source), result, &error);
  finish_part (user_data, error);
}

static void
start (RoundTrip *trip)
{
  GProcWriter *expand_in = gproc_stream_get_stdin (trip->expand);
  GProcReader *compress_out = gproc_stream_get_stdout (trip->compress);

  trip->n_running = 5;
  feed (trip);
  g_output_stream_splice_async (G_OUTPUT_STREAM (expand_in), G_INPUT_STREAM (compress_out),
                                G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE |
                                  G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                                G_PRIORITY_DEFAULT, NULL, spliced_cb, trip);
  collect (trip);
  gproc_stream_wait_check_async (trip->compress, G_PRIORITY_DEFAULT, NULL, exited_cb, trip);
  gproc_stream_wait_check_async (trip->expand, G_PRIORITY_DEFAULT, NULL, exited_cb, trip);
}

static void
report (RoundTrip *trip)
{
  const char *sent = g_checksum_get_string (trip->sent);
  const char *received = g_checksum_get_string (trip->received);

  g_print ("into gzip:       %" G_GUINT64_FORMAT " bytes, sha256 %s\n", trip->n_sent, sent);
  g_print ("between the two: %" G_GINT64_FORMAT " bytes\n", trip->n_compressed);
  g_print ("out of gzip -d:  %" G_GUINT64_FORMAT " bytes, sha256 %s\n", trip->n_received, received);

  if (trip->n_sent == trip->n_received && g_str_equal (sent, received))
    {
      g_print ("the checksums are equal\n");
    }
  else
    {
      g_print ("THE CHECKSUMS DIFFER\n");
      trip->status = EXIT_FAILURE;
    }
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr (GFile) file = NULL;
  g_autoptr (GError) error = NULL;
  RoundTrip trip = { 0 };

  if (argc != 2)
    {
      g_printerr ("usage: gzip-roundtrip FILE\n");
      return EXIT_FAILURE;
    }

  file = g_file_new_for_commandline_arg (argv[1]);
  trip.file = G_INPUT_STREAM (g_file_read (file, NULL, &error));
  if (error == NULL)
    trip.compress = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, &error, "gzip", "-c", NULL);
  if (error == NULL)
    trip.expand = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, &error, "gzip", "-dc", NULL);

  if (error != NULL)
    {
      g_printerr ("gzip-roundtrip: %s\n", error->message);
      trip.status = EXIT_FAILURE;
    }
  else
    {
      trip.loop = g_main_loop_new (NULL, FALSE);
      trip.sent = g_checksum_new (G_CHECKSUM_SHA256);
      trip.received = g_checksum_new (G_CHECKSUM_SHA256);
      start (&trip);
      g_main_loop_run (trip.loop);
      if (trip.status == EXIT_SUCCESS)
        report (&trip);
      g_checksum_free (trip.sent);
      g_checksum_free (trip.received);
      g_main_loop_unref (trip.loop);
    }

  g_clear_object (&trip.compress);
  g_clear_object (&trip.expand);
  g_clear_object (&trip.file);

  return trip.status;
}
