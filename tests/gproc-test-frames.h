/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gproc-test.h"
#include "gproc-test-streams.h"

#include <gprocstream/gprocstream.h>

#include <gio/gunixinputstream.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Streams of frames, put together and taken apart in the plainest way. */

static inline void
frames_add (GByteArray *frames,
            guint8      id,
            const char *data,
            gssize      size)
{
  guint32 length = size < 0 ? (guint32) strlen (data) : (guint32) size;
  guint32 big_endian = GUINT32_TO_BE (length);
  const guint8 start[4] = { id, 0, 0, 0 };

  g_byte_array_append (frames, start, sizeof start);
  g_byte_array_append (frames, (const guint8 *) &big_endian, sizeof big_endian);
  if (length > 0)
    g_byte_array_append (frames, (const guint8 *) data, length);
}

static inline void
frames_push (GInputStream *base,
             guint8        id,
             const char   *data)
{
  g_autoptr (GByteArray) frame = g_byte_array_new ();

  frames_add (frame, id, data, -1);
  gproc_test_input_push (base, (const char *) frame->data, frame->len);
}

static inline void
frames_assert_reads (GProcReader *reader,
                     const char  *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = gproc_reader_read_exactly (reader, strlen (expected), NULL, &error);

  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, expected);
}

static inline void
frames_assert_takes (GProcReader *reader,
                     const char  *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = gproc_reader_try_read_some (reader, 100, &error);

  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, expected);
}

static inline void
frames_assert_nothing_yet (GProcReader *reader)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = gproc_reader_try_read_some (reader, 100, &error);

  g_assert_null (bytes);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

static inline void
frames_assert_ended (GProcReader *reader)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = gproc_reader_read_some (reader, 100, NULL, &error);

  g_assert_no_error (error);
  g_assert_null (bytes);
}

static inline void
frames_assert_frame (GProcDemuxer *demuxer,
                     int           id,
                     const char   *data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;

  g_assert_cmpint (gproc_demuxer_read_frame (demuxer, &bytes, NULL, &error), ==, id);
  g_assert_no_error (error);
  if (data == NULL)
    g_assert_null (bytes);
  else
    gproc_test_assert_bytes (bytes, data);
}

/* What a stream of frames says, to the letter. */
typedef struct
{
  GByteArray *sides[2];
  GQuark domain; /* 0: it ends well. */
  int code;
} FramesReference;

static inline void
frames_reference_clear (FramesReference *reference)
{
  g_byte_array_unref (reference->sides[0]);
  g_byte_array_unref (reference->sides[1]);
}

static inline void
frames_reference_fail (FramesReference *reference,
                       GQuark           domain,
                       int              code)
{
  reference->domain = domain;
  reference->code = code;
}

static inline FramesReference
frames_reference (const guint8 *data,
                  gsize         size)
{
  FramesReference reference = { { g_byte_array_new (), g_byte_array_new () }, 0, 0 };
  gsize place = 0;

  while (place < size)
    {
      const guint8 *header = data + place;
      guint64 length;
      gsize part;

      if (size - place < 8)
        {
          frames_reference_fail (&reference, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);
          break;
        }
      if (header[0] > 3 || header[1] != 0 || header[2] != 0 || header[3] != 0)
        {
          frames_reference_fail (&reference, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_INVALID_FRAME);
          break;
        }

      length = header[4] * 16777216ULL + header[5] * 65536ULL + header[6] * 256ULL + header[7];
      place += 8;
      part = (gsize) MIN (length, size - place);
      if (header[0] == 3)
        {
          frames_reference_fail (&reference, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE);
          break;
        }
      if (part > 0)
        g_byte_array_append (reference.sides[header[0] == 2], data + place, (guint) part);
      place += part;
      if (part < length)
        {
          frames_reference_fail (&reference, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);
          break;
        }
    }

  return reference;
}

/* What a demuxer reads from. */
typedef enum
{
  FRAMES_BASE_READER,        /* A reader of ours on a descriptor. */
  FRAMES_BASE_UNIX,          /* GIO's own stream on one. */
  FRAMES_BASE_POLLABLE,      /* A pollable stream without a descriptor… */
  FRAMES_BASE_SLOW_POLLABLE, /* …and one that likes to have nothing yet. */
  FRAMES_BASE_PLAIN,         /* One that is not pollable. */
  FRAMES_BASE_SLOW_PLAIN,
  FRAMES_N_BASES
} FramesBase;

static inline GInputStream *
frames_base_on_descriptor (FramesBase    kind,
                           const guint8 *data,
                           gsize         size,
                           gsize         cut,
                           gsize         chunk)
{
  gsize place = 0;
  int fds[2];

  /* A packet is what one read gives, however much room there is. */
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
  while (place < size)
    {
      gsize end = place < cut ? MIN (cut, size) : size;
      gsize part = MIN (chunk, end - place);

      gproc_test_write (fds[1], data + place, (gssize) part);
      place += part;
    }
  gproc_test_close (&fds[1]);

  if (kind == FRAMES_BASE_READER)
    return G_INPUT_STREAM (gproc_reader_new_for_fd (fds[0], TRUE));

  return g_unix_input_stream_new (fds[0], TRUE);
}

/* A read of it gives at most @chunk bytes, and goes not across @cut. */
static inline GInputStream *
frames_base_new (FramesBase    kind,
                 const guint8 *data,
                 gsize         size,
                 gsize         cut,
                 gsize         chunk)
{
  static const GProcTestHostility hostilities[FRAMES_N_BASES] = {
    [FRAMES_BASE_POLLABLE] = GPROC_TEST_HOSTILE_POLLABLE,
    [FRAMES_BASE_SLOW_POLLABLE] = GPROC_TEST_HOSTILE_POLLABLE | GPROC_TEST_HOSTILE_SLOW |
                                  GPROC_TEST_HOSTILE_SPURIOUS,
    [FRAMES_BASE_PLAIN] = GPROC_TEST_HOSTILE_NONE,
    [FRAMES_BASE_SLOW_PLAIN] = GPROC_TEST_HOSTILE_SLOW,
  };
  GInputStream *base;

  if (kind == FRAMES_BASE_READER || kind == FRAMES_BASE_UNIX)
    return frames_base_on_descriptor (kind, data, size, cut, chunk);

  cut = MIN (cut, size);
  base = gproc_test_input_new (NULL, hostilities[kind]);
  gproc_test_input_set_chunk (base, chunk);
  gproc_test_input_push (base, (const char *) data, (gssize) cut);
  gproc_test_input_set_cut (base);
  gproc_test_input_push (base, (const char *) data + cut, (gssize) (size - cut));

  return base;
}

static inline GProcDemuxer *
frames_demuxer_new (FramesBase    kind,
                    const guint8 *data,
                    gsize         size,
                    gsize         cut,
                    gsize         chunk)
{
  g_autoptr (GInputStream) base = gproc_test_track (frames_base_new (kind, data, size, cut, chunk));

  return gproc_test_track (gproc_demuxer_new (base));
}
