/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-frames.h"

/* Every stream, cut at every boundary, in reads of every size from 1 to 16, from every kind of
 * base, in both forms: what a slow and plain reference finds in the whole. */

typedef struct
{
  GByteArray *frames;
  FramesReference expected;
  FramesBase base;
  gboolean async;
  gsize cut;
  gsize size;
} Round;

static GBytes *
read_some (const Round  *round,
           GProcReader  *reader,
           GError      **error)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  if (!round->async)
    return gproc_reader_read_some (reader, round->size, NULL, error);

  gproc_reader_read_some_async (reader, round->size, 0, NULL, gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);
  return gproc_reader_read_some_finish (reader, gproc_test_call_wait (&call), error);
}

static int
read_frame (const Round   *round,
            GProcDemuxer  *demuxer,
            GBytes       **bytes,
            GError       **error)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  if (!round->async)
    return gproc_demuxer_read_frame (demuxer, bytes, NULL, error);

  gproc_demuxer_read_frame_async (demuxer, 0, NULL, gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);
  return gproc_demuxer_read_frame_finish (demuxer, gproc_test_call_wait (&call), bytes, error);
}

static void
check_end (const Round  *round,
           const GError *error)
{
  if (round->expected.domain == 0)
    g_assert_no_error (error);
  else
    g_assert_error (error, round->expected.domain, round->expected.code);
}

/* @first is read to its end, while what is for the other waits. */
static void
run_readers (const Round *round,
             guint        first)
{
  g_autoptr (GProcDemuxer)
    demuxer = frames_demuxer_new (round->base, round->frames->data, round->frames->len, round->cut,
                                  round->size);

  for (guint i = 0; i < 2; i++)
    {
      guint side = (first + i) % 2;
      GByteArray *expected = round->expected.sides[side];
      GProcReader *reader = side == 0 ? gproc_demuxer_get_stdout (demuxer)
                                      : gproc_demuxer_get_stderr (demuxer);
      g_autoptr (GError) error = NULL;
      gsize place = 0;
      GBytes *bytes;

      while ((bytes = read_some (round, reader, &error)) != NULL)
        {
          gsize count = g_bytes_get_size (bytes);

          g_assert_cmpuint (count, >=, 1);
          g_assert_cmpuint (count, <=, round->size);
          g_assert_cmpuint (place + count, <=, expected->len);
          g_assert_cmpmem (g_bytes_get_data (bytes, NULL), count, expected->data + place, count);
          place += count;
          g_bytes_unref (bytes);
        }
      g_assert_cmpuint (place, ==, expected->len);
      check_end (round, error);
    }
}

/* Whole frames, in order; what is cut off at the end counts as one. */
static void
run_frames (const Round *round)
{
  g_autoptr (GProcDemuxer)
    demuxer = frames_demuxer_new (round->base, round->frames->data, round->frames->len, round->cut,
                                  round->size);
  const guint8 *data = round->frames->data;
  g_autoptr (GError) error = NULL;
  gsize places[2] = { 0, 0 };
  gsize place = 0;
  GBytes *bytes;
  int id;

  while ((id = read_frame (round, demuxer, &bytes, &error)) >= 0)
    {
      GByteArray *expected = round->expected.sides[id - 1];
      gsize count = g_bytes_get_size (bytes);

      g_assert_cmpint (id, ==, data[place] == 2 ? 2 : 1);
      g_assert_cmpuint (places[id - 1] + count, <=, expected->len);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), count, expected->data + places[id - 1],
                       count);
      places[id - 1] += count;
      place += 8 + count;
      g_bytes_unref (bytes);
    }
  g_assert_null (bytes);
  g_assert_cmpuint (places[0], ==, round->expected.sides[0]->len);
  g_assert_cmpuint (places[1], ==, round->expected.sides[1]->len);
  check_end (round, error);
}

static void
run_all (GByteArray *frames)
{
  static const gsize few_sizes[] = { 1, 3, 16 };
  Round round = { .frames = frames };
  gboolean slow = gproc_test_is_slow ();

  round.expected = frames_reference (frames->data, frames->len);
  for (round.base = 0; round.base < FRAMES_N_BASES; round.base++)
    for (round.async = FALSE; round.async <= TRUE; round.async++)
      for (round.cut = 0; round.cut <= frames->len; round.cut += slow ? 5 : 1)
        for (gsize size = 0; size < (slow ? G_N_ELEMENTS (few_sizes) : 16); size++)
          {
            round.size = slow ? few_sizes[size] : size + 1;
            run_readers (&round, size % 2);
            run_frames (&round);
          }
  frames_reference_clear (&round.expected);
}

static void
test_good (void)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();

  frames_add (frames, 1, "one\n", -1);
  frames_add (frames, 2, "", -1);
  frames_add (frames, 2, "two, longer\n", -1);
  frames_add (frames, 1, "", -1);
  frames_add (frames, 0, "0\n", -1);
  run_all (frames);
}

static void
test_truncated_payload (void)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();

  frames_add (frames, 2, "whole", -1);
  frames_add (frames, 1, "cut off", -1);
  g_byte_array_set_size (frames, frames->len - 3);
  run_all (frames);
}

static void
test_truncated_header (void)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();

  frames_add (frames, 1, "whole", -1);
  frames_add (frames, 2, "", -1);
  g_byte_array_set_size (frames, frames->len - 1);
  run_all (frames);
}

static void
test_corrupted (void)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();

  frames_add (frames, 1, "good", -1);
  frames_add (frames, 4, "bad", -1);
  frames_add (frames, 1, "never seen", -1);
  run_all (frames);
}

static void
test_engine_error (void)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();

  frames_add (frames, 1, "out", -1);
  frames_add (frames, 2, "err", -1);
  frames_add (frames, 3, "no room", -1);
  run_all (frames);
}

static void
test_hostile_length (void)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  const guint8 header[] = { 2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff };

  frames_add (frames, 1, "out", -1);
  g_byte_array_append (frames, header, sizeof header);
  g_byte_array_append (frames, (const guint8 *) "a little", 8);
  run_all (frames);
}

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/demuxer-splits/good", test_good);
  gproc_test_add ("/gproc/demuxer-splits/truncated-payload", test_truncated_payload);
  gproc_test_add ("/gproc/demuxer-splits/truncated-header", test_truncated_header);
  gproc_test_add ("/gproc/demuxer-splits/corrupted", test_corrupted);
  gproc_test_add ("/gproc/demuxer-splits/engine-error", test_engine_error);
  gproc_test_add ("/gproc/demuxer-splits/hostile-length", test_hostile_length);
  return gproc_test_run ();
}
