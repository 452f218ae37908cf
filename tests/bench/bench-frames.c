/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* frames by=ours|frames|gio form=blocking|async payload=N bytes=N: a stream of frames of
 * standard output, taken apart by the reader of a demuxer, by its read_frame, or by a loop
 * that reads a header and then what that says. by=mux: a thread writes with a muxer what a
 * demuxer takes apart in this one. */

#include "config.h"

#include "bench-common.h"

#include <errno.h>
#include <gio/gunixinputstream.h>
#include <gprocstream/gprocstream.h>
#include <string.h>
#include <unistd.h>

#define HEADER_SIZE 8

typedef struct
{
  GMainLoop *loop;
  GProcDemuxer *demuxer;
  GInputStream *stream;
  gsize size;
  char *buffer;
  guint8 header[HEADER_SIZE];
  gint64 received;
} Frames;

typedef struct
{
  int fd;
  gsize payload;
  gint64 bytes;
} Feeder;

/* A block of whole frames, again and again. */
static gpointer
feed (gpointer data)
{
  Feeder *feeder = data;
  gsize frame = HEADER_SIZE + feeder->payload, count = MAX (BENCH_BLOCK / frame, 1);
  g_autofree char *block = g_malloc0 (count * frame);
  gint64 left = feeder->bytes;

  for (gsize i = 0; i < count; i++)
    {
      guint32 length = GUINT32_TO_BE ((guint32) feeder->payload);

      block[i * frame] = 1;
      memcpy (block + i * frame + 4, &length, sizeof length);
    }

  while (left > 0)
    {
      gsize size = MIN (count, (gsize) left / feeder->payload) * frame;

      for (gsize done = 0; done < size;)
        {
          ssize_t written = write (feeder->fd, block + done, size - done);

          if (written < 0)
            g_error ("write: %s", g_strerror (errno));
          done += (gsize) written;
        }
      left -= (gint64) (size / frame * feeder->payload);
    }
  close (feeder->fd);

  return NULL;
}

static gpointer
feed_by_muxer (gpointer data)
{
  Feeder *feeder = data;
  g_autoptr (GProcWriter) writer = gproc_writer_new_for_fd (feeder->fd, TRUE);
  g_autoptr (GProcMuxer) muxer = gproc_muxer_new (G_OUTPUT_STREAM (writer));
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (feeder->payload), feeder->payload);
  g_autoptr (GError) error = NULL;

  for (gint64 left = feeder->bytes; left > 0; left -= (gint64) feeder->payload)
    if (!gproc_muxer_queue_bytes (muxer, 1, bytes, &error) ||
        !gproc_writer_drain (writer, NULL, &error))
      g_error ("%s", error->message);
  if (!g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error))
    g_error ("%s", error->message);

  return NULL;
}

static void
check (GError *error)
{
  if (error != NULL)
    g_error ("%s", error->message);
}

static void
read_ours (Frames *frames)
{
  GInputStream *reader = G_INPUT_STREAM (gproc_demuxer_get_stdout (frames->demuxer));
  GError *error = NULL;
  gssize count;

  while ((count = g_input_stream_read (reader, frames->buffer, frames->size, NULL, &error)) > 0)
    frames->received += count;
  check (error);
}

static void
got_ours (GObject      *source,
          GAsyncResult *result,
          gpointer      data)
{
  Frames *frames = data;
  GError *error = NULL;
  gssize count = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  check (error);
  if (count == 0)
    {
      g_main_loop_quit (frames->loop);
      return;
    }
  frames->received += count;
  g_input_stream_read_async (G_INPUT_STREAM (source), frames->buffer, frames->size, 0, NULL,
                             got_ours, frames);
}

static void
read_frames (Frames *frames)
{
  GError *error = NULL;
  GBytes *bytes;

  while (gproc_demuxer_read_frame (frames->demuxer, &bytes, NULL, &error) > 0)
    {
      frames->received += (gint64) g_bytes_get_size (bytes);
      g_bytes_unref (bytes);
    }
  check (error);
}

static void
got_frame (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  Frames *frames = data;
  GError *error = NULL;
  GBytes *bytes;

  if (gproc_demuxer_read_frame_finish (frames->demuxer, result, &bytes, &error) < 0)
    {
      check (error);
      g_main_loop_quit (frames->loop);
      return;
    }
  frames->received += (gint64) g_bytes_get_size (bytes);
  g_bytes_unref (bytes);
  gproc_demuxer_read_frame_async (frames->demuxer, 0, NULL, got_frame, frames);
}

static gsize
payload_of (Frames *frames)
{
  guint32 length;

  memcpy (&length, frames->header + 4, sizeof length);

  return GUINT32_FROM_BE (length);
}

static void
read_gio (Frames *frames)
{
  GError *error = NULL;
  gsize count;

  while (
    g_input_stream_read_all (frames->stream, frames->header, HEADER_SIZE, &count, NULL, &error) &&
    count == HEADER_SIZE &&
    g_input_stream_read_all (frames->stream, frames->buffer, payload_of (frames), &count, NULL,
                             &error))
    frames->received += (gint64) count;
  check (error);
}

static void got_header (GObject      *source,
                        GAsyncResult *result,
                        gpointer      data);

static void
got_payload (GObject      *source,
             GAsyncResult *result,
             gpointer      data)
{
  Frames *frames = data;
  GError *error = NULL;
  gsize count;

  g_input_stream_read_all_finish (frames->stream, result, &count, &error);
  check (error);
  frames->received += (gint64) count;
  g_input_stream_read_all_async (frames->stream, frames->header, HEADER_SIZE, 0, NULL, got_header,
                                 frames);
}

static void
got_header (GObject      *source,
            GAsyncResult *result,
            gpointer      data)
{
  Frames *frames = data;
  GError *error = NULL;
  gsize count;

  g_input_stream_read_all_finish (frames->stream, result, &count, &error);
  check (error);
  if (count < HEADER_SIZE)
    {
      g_main_loop_quit (frames->loop);
      return;
    }
  g_input_stream_read_all_async (frames->stream, frames->buffer, payload_of (frames), 0, NULL,
                                 got_payload, frames);
}

static void
run_async (Frames *frames)
{
  if (bench_is ("by", "gio"))
    g_input_stream_read_all_async (frames->stream, frames->header, HEADER_SIZE, 0, NULL, got_header,
                                   frames);
  else if (bench_is ("by", "frames"))
    gproc_demuxer_read_frame_async (frames->demuxer, 0, NULL, got_frame, frames);
  else
    g_input_stream_read_async (G_INPUT_STREAM (gproc_demuxer_get_stdout (frames->demuxer)),
                               frames->buffer, frames->size, 0, NULL, got_ours, frames);
  g_main_loop_run (frames->loop);
}

static void
run_blocking (Frames *frames)
{
  if (bench_is ("by", "gio"))
    read_gio (frames);
  else if (bench_is ("by", "frames"))
    read_frames (frames);
  else
    read_ours (frames);
}

void
bench_frames (void)
{
  gsize payload = (gsize) bench_number ("payload", 64);
  gsize size = MAX (payload, (gsize) bench_number ("buffer", BENCH_BLOCK));
  g_autofree char *buffer = g_malloc0 (size);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Frames frames = { .loop = loop, .size = size, .buffer = buffer };
  gboolean by_muxer = bench_is ("by", "mux"), by_gio = bench_is ("by", "gio");
  Feeder feeder = { .payload = payload, .bytes = bench_number ("bytes", 1048576) };
  g_autoptr (GProcDemuxer) demuxer = NULL;
  GThread *thread;
  BenchClock clock;
  int fds[2];

  bench_pipe (fds, (int) bench_number ("pipe", 0));
  feeder.fd = fds[1];
  frames.stream = by_gio ? g_unix_input_stream_new (fds[0], TRUE)
                         : G_INPUT_STREAM (gproc_reader_new_for_fd (fds[0], TRUE));
  if (!by_gio)
    frames.demuxer = demuxer = gproc_demuxer_new (frames.stream);

  bench_start (&clock);
  thread = g_thread_new ("feeder", by_muxer ? feed_by_muxer : feed, &feeder);
  if (bench_is ("form", "async"))
    run_async (&frames);
  else
    run_blocking (&frames);
  bench_stop (&clock);
  g_thread_join (thread);
  bench_figure ("bytes", (double) frames.received);
  g_assert_cmpint (frames.received, ==, feeder.bytes);
  g_object_unref (frames.stream);
}
