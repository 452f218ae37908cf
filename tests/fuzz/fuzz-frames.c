/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The parser, the demuxer and the muxer against a slow and plain reference. Four bytes say how
 * it is done, the rest is a stream of frames, or of anything. libFuzzer calls this, and
 * replay.c does with the seeds. */

#include "config.h"

#include "gproc-test-frames.h"

#include "fuzz/fuzz-frames.h"

/* How a run goes. */
typedef struct
{
  gsize chunk;  /* What one read of the base stream gives. */
  gsize size;   /* What one read of a reader asks for. */
  gsize buffer; /* What the demuxer keeps for each. */
  GProcDemuxerPolicy policy;
  gboolean lenient;
} Way;

static Way
way_of (const guint8 *data)
{
  return (Way){
    .chunk = 1 + data[0],
    .size = 1 + data[1],
    .buffer = 1 + (gsize) data[2] * data[2],
    .policy = (GProcDemuxerPolicy) (data[3] % 3),
    .lenient = (data[3] & 4) != 0,
  };
}

static GProcDemuxer *
make_demuxer (const Way    *way,
              const guint8 *data,
              gsize         size)
{
  g_autoptr (GInputStream) base = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE);
  GProcDemuxer *demuxer;

  gproc_test_input_set_chunk (base, way->chunk);
  if (size > 0)
    gproc_test_input_push (base, (const char *) data, (gssize) size);
  demuxer = gproc_demuxer_new (base);
  gproc_demuxer_set_buffer_size (demuxer, way->buffer);
  gproc_demuxer_set_policy (demuxer, way->policy);
  gproc_demuxer_set_lenient (demuxer, way->lenient);

  return demuxer;
}

static void
check_end (const Way             *way,
           const FramesReference *expected,
           const GError          *error)
{
  gboolean is_partial = expected->domain == G_IO_ERROR &&
                        expected->code == G_IO_ERROR_PARTIAL_INPUT;

  if (expected->domain == 0 || (is_partial && way->lenient))
    g_assert_no_error (error);
  else
    g_assert_error (error, expected->domain, expected->code);
}

/* Both readers in turn, as far as each goes: so they never wait for each other. */
static void
run_readers (const Way             *way,
             const FramesReference *expected,
             const guint8          *data,
             gsize                  size)
{
  g_autoptr (GProcDemuxer) demuxer = make_demuxer (way, data, size);
  GProcReader *readers[] = { gproc_demuxer_get_stdout (demuxer),
                             gproc_demuxer_get_stderr (demuxer) };
  gsize places[2] = { 0, 0 };
  gboolean over[2] = { FALSE, FALSE };

  for (guint turn = 0; !over[0] || !over[1]; turn++)
    {
      guint i = turn % 2;
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = NULL;
      const char *found;
      gsize count;

      if (over[i])
        continue;

      bytes = gproc_reader_try_read_some (readers[i], way->size, &error);
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        continue;
      if (bytes == NULL)
        {
          check_end (way, expected, error);
          over[i] = TRUE;
          continue;
        }

      found = g_bytes_get_data (bytes, &count);
      g_assert_true (count >= 1 && count <= way->size);
      g_assert_cmpuint (places[i] + count, <=, expected->sides[i]->len);
      if (way->policy != GPROC_DEMUXER_POLICY_DISCARD)
        g_assert_cmpmem (found, count, expected->sides[i]->data + places[i], count);
      places[i] += count;
    }

  g_assert_cmpuint (places[0] + places[1] + gproc_demuxer_get_bytes_discarded (demuxer), ==,
                    expected->sides[0]->len + expected->sides[1]->len);
  if (way->policy != GPROC_DEMUXER_POLICY_DISCARD)
    g_assert_cmpuint (gproc_demuxer_get_bytes_discarded (demuxer), ==, 0);
}

/* Frame by frame into a muxer: what that writes says the same. */
static void
run_frames (const Way             *way,
            const FramesReference *expected,
            const guint8          *data,
            gsize                  size)
{
  g_autoptr (GProcDemuxer) demuxer = make_demuxer (way, data, size);
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
  g_autoptr (GProcMuxer) muxer = gproc_muxer_new (output);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) written = NULL;
  FramesReference again;
  GBytes *bytes;
  int id;

  while ((id = gproc_demuxer_read_frame (demuxer, &bytes, NULL, &error)) >= 0)
    {
      g_assert_true (id == 1 || id == 2);
      g_assert_cmpuint (g_bytes_get_size (bytes), <=, way->buffer);
      g_assert_true (gproc_muxer_queue_bytes (muxer, id, bytes, NULL));
      g_bytes_unref (bytes);
    }
  g_assert_null (bytes);
  check_end (way, expected, error);
  g_assert_true (
    g_output_stream_close (G_OUTPUT_STREAM (gproc_muxer_get_writer (muxer)), NULL, NULL));

  written = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (output));
  again = frames_reference (g_bytes_get_data (written, NULL), g_bytes_get_size (written));
  for (guint i = 0; i < 2; i++)
    g_assert_cmpmem (again.sides[i]->data, again.sides[i]->len, expected->sides[i]->data,
                     expected->sides[i]->len);
  g_assert_cmpuint (again.domain, ==, 0);
  frames_reference_clear (&again);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  FramesReference expected;
  Way way;

  if (size < 4)
    return 0;

  way = way_of (data);
  expected = frames_reference (data + 4, size - 4);
  run_readers (&way, &expected, data + 4, size - 4);
  run_frames (&way, &expected, data + 4, size - 4);
  frames_reference_clear (&expected);

  return 0;
}
