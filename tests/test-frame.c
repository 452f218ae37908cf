/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-frames.h"

#include "frames/gproc-frame-private.h"
#include "process/gproc-stream-private.h"

/* The parser alone. */

/* What it makes of @data that comes in the parts before and behind @cut, @chunk bytes at a
 * time. */
static FramesReference
parse (const guint8 *data,
       gsize         size,
       gsize         cut,
       gsize         chunk)
{
  FramesReference found = { { g_byte_array_new (), g_byte_array_new () }, 0, 0 };
  GProcFrameParser parser = { 0 };
  gsize place = 0, count;
  gboolean began;

  while (place < size && parser.state != GPROC_FRAME_INVALID)
    {
      gsize part = MIN (chunk, (place < cut ? MIN (cut, size) : size) - place);

      if (parser.state == GPROC_FRAME_IN_PAYLOAD)
        {
          count = MIN (part, parser.left);
          if (parser.id == GPROC_FRAME_ERROR)
            break;
          g_byte_array_append (found.sides[parser.id == 2], data + place, (guint) count);
          _gproc_frame_parser_take_payload (&parser, count);
        }
      else
        {
          count = _gproc_frame_parser_take_header (&parser, data + place, part, &began);
          if (began && parser.id == GPROC_FRAME_ERROR)
            break;
        }
      g_assert_cmpuint (count, >, 0);
      g_assert_cmpuint (count, <=, part);
      place += count;
    }

  if (parser.state == GPROC_FRAME_INVALID)
    frames_reference_fail (&found, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_INVALID_FRAME);
  else if (parser.id == GPROC_FRAME_ERROR)
    frames_reference_fail (&found, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE);
  else if (!_gproc_frame_parser_is_between (&parser))
    frames_reference_fail (&found, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);

  return found;
}

static void
check (const guint8 *data,
       gsize         size,
       gsize         cut,
       gsize         chunk)
{
  FramesReference expected = frames_reference (data, size);
  FramesReference found = parse (data, size, cut, chunk);

  for (guint i = 0; i < 2; i++)
    g_assert_cmpmem (found.sides[i]->data, found.sides[i]->len, expected.sides[i]->data,
                     expected.sides[i]->len);
  g_assert_cmpuint (found.domain, ==, expected.domain);
  g_assert_cmpint (found.code, ==, expected.code);
  frames_reference_clear (&expected);
  frames_reference_clear (&found);
}

static GByteArray *
make_frames (void)
{
  GByteArray *frames = g_byte_array_new ();

  frames_add (frames, 1, "one", -1);
  frames_add (frames, 2, "", -1);
  frames_add (frames, 2, "a longer one, for standard error\n", -1);
  frames_add (frames, 0, "\1\0\0\0\0\0\0\5", 8);
  frames_add (frames, 1, "", -1);
  frames_add (frames, 1, "x", -1);

  return frames;
}

static void
test_splits (void)
{
  g_autoptr (GByteArray) frames = make_frames ();

  for (gsize cut = 0; cut <= frames->len; cut++)
    for (gsize chunk = 1; chunk <= 16; chunk++)
      check (frames->data, frames->len, cut, chunk);
}

static void
test_truncated (void)
{
  g_autoptr (GByteArray) frames = make_frames ();

  for (gsize size = 0; size <= frames->len; size++)
    for (gsize chunk = 1; chunk <= 16; chunk++)
      check (frames->data, size, size / 2, chunk);
}

/* Each byte in turn, to each of some values. */
static void
test_corrupted (void)
{
  static const guint8 values[] = { 0, 1, 2, 3, 4, 0x7f, 0x80, 0xff };
  g_autoptr (GByteArray) frames = make_frames ();

  for (gsize place = 0; place < frames->len; place++)
    {
      guint8 right = frames->data[place];

      for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
        {
          frames->data[place] = values[i];
          for (gsize chunk = 1; chunk <= 16; chunk++)
            check (frames->data, frames->len, place, chunk);
        }
      frames->data[place] = right;
    }
}

static void
test_random (void)
{
  gsize n_rounds = gproc_test_scale (20000);

  for (gsize round = 0; round < n_rounds; round++)
    {
      g_autoptr (GByteArray) frames = g_byte_array_new ();
      int n_frames = g_random_int_range (0, 6);

      for (int i = 0; i < n_frames; i++)
        frames_add (frames, (guint8) g_random_int_range (0, round % 4 == 0 ? 5 : 3),
                    "what there is to be said about this", g_random_int_range (0, 36));
      if (frames->len > 0 && round % 3 == 0)
        frames->data[g_random_int_range (0, (int) frames->len)] = (guint8) g_random_int ();
      if (frames->len > 0 && round % 5 == 0)
        g_byte_array_set_size (frames, (guint) g_random_int_range (0, (int) frames->len));
      check (frames->data, frames->len, (gsize) g_random_int_range (0, (int) frames->len + 1),
             (gsize) g_random_int_range (1, 40));
    }
}

/* What the parser says of each header that there can be in its first byte, and of lengths. */
static void
test_headers (void)
{
  static const guint32 lengths[] = { 0, 1, 255, 256, 65536, 0x01020304, 0x7fffffff, 0xffffffff };
  GProcFrameParser parser;
  gboolean began;

  for (guint id = 0; id < 256; id++)
    for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
      {
        guint8 header[GPROC_FRAME_HEADER_SIZE];

        memset (&parser, 0, sizeof parser);
        _gproc_frame_write_header (header, (GProcFrameId) id, lengths[i]);
        g_assert_cmpuint (_gproc_frame_parser_take_header (&parser, header, sizeof header, &began),
                          ==, 8);
        g_assert_cmpint (began, ==, id <= 3);
        if (!began)
          {
            g_assert_cmpint (parser.state, ==, GPROC_FRAME_INVALID);
            g_assert_cmpuint (_gproc_frame_parser_take_header (&parser, header, 8, &began), ==, 0);
            g_assert_false (began);
            continue;
          }
        g_assert_cmpuint (parser.id, ==, id);
        g_assert_cmpuint (parser.left, ==, lengths[i]);
        g_assert_cmpint (parser.state == GPROC_FRAME_IN_PAYLOAD, ==, lengths[i] > 0);
      }
}

/* Whether somebody has the other end open is asked of what both outputs come from. */
static void
test_held (void)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GIOStream) connection = NULL;
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;
  int fds[2];

  gproc_test_socketpair (fds);
  socket = g_socket_new_from_fd (fds[0], &error);
  connection = gproc_test_track (
    G_IO_STREAM (g_socket_connection_factory_create_connection (socket)));
  stream = gproc_test_track (
    gproc_stream_new_for_multiplexed (connection, GPROC_DEMUXER_POLICY_BLOCK));
  gproc_test_write (fds[1], "\2\0\0\0\0\0\0\4err\n", 12);
  g_assert_cmpint (gproc_reader_get_fd (gproc_stream_get_stdout (stream)), >=, 0);
  g_assert_true (_gproc_stream_is_held (stream));
  gproc_test_close (&fds[1]);
  g_assert_false (_gproc_stream_is_held (stream));
  line = gproc_reader_read_line_utf8 (gproc_stream_get_stderr (stream), NULL, &error);
  g_assert_cmpstr (line, ==, "err");
}

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/frame/splits", test_splits);
  gproc_test_add ("/gproc/frame/truncated", test_truncated);
  gproc_test_add ("/gproc/frame/corrupted", test_corrupted);
  gproc_test_add ("/gproc/frame/random", test_random);
  gproc_test_add ("/gproc/frame/headers", test_headers);
  gproc_test_add ("/gproc/frame/held", test_held);
  return gproc_test_run ();
}
