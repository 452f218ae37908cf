/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-frames.h"

#include <malloc.h>
#include <poll.h>

/* What a demuxer promises, beyond what every split of a stream shows. */

typedef struct
{
  GInputStream *base;
  GProcDemuxer *demuxer;
  GProcReader *out;
  GProcReader *err;
} Setup;

/* Nothing is there yet, and the stream has not ended. */
static void
setup_init (Setup              *setup,
            GProcTestHostility  hostility)
{
  setup->base = gproc_test_track (gproc_test_input_new (NULL, hostility));
  gproc_test_input_hold (setup->base);
  setup->demuxer = gproc_test_track (gproc_demuxer_new (setup->base));
  setup->out = gproc_test_track (gproc_demuxer_get_stdout (setup->demuxer));
  setup->err = gproc_test_track (gproc_demuxer_get_stderr (setup->demuxer));
}

static void
setup_clear (Setup *setup)
{
  g_object_unref (setup->demuxer);
  g_object_unref (setup->base);
}

static void
push_raw (Setup      *setup,
          const char *data,
          gsize       size)
{
  gproc_test_input_push (setup->base, data, (gssize) size);
}

static void
assert_fails (GProcReader *reader,
              GQuark       domain,
              int          code,
              const char  *message)
{
  /* For good. */
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = gproc_reader_read_some (reader, 100, NULL, &error);

      g_assert_null (bytes);
      g_assert_error (error, domain, code);
      if (message != NULL)
        g_assert_nonnull (strstr (error->message, message));
    }
}

static void
test_properties (void)
{
  g_autoptr (GProcDemuxer) nothing = g_object_new (GPROC_TYPE_DEMUXER, NULL);
  g_autoptr (GProcReader) out = NULL;
  g_autoptr (GProcReader) err = NULL;
  g_autoptr (GInputStream) base = NULL;
  GProcDemuxerPolicy policy;
  gboolean lenient, close_base;
  guint64 size, discarded;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  g_object_get (setup.demuxer, "stdout", &out, "stderr", &err, "base-stream", &base, "policy",
                &policy, "lenient", &lenient, "close-base", &close_base, "buffer-size", &size,
                "bytes-discarded", &discarded, NULL);
  g_assert_true (out == setup.out && err == setup.err && base == setup.base);
  g_assert_true (gproc_demuxer_get_base_stream (setup.demuxer) == base);
  g_assert_cmpint (policy, ==, GPROC_DEMUXER_POLICY_BLOCK);
  g_assert_false (lenient);
  g_assert_true (close_base);
  g_assert_cmpuint (size, ==, 256 * 1024);
  g_assert_cmpuint (discarded, ==, 0);
  g_assert_cmpint (gproc_reader_get_stream_number (out), ==, 1);
  g_assert_cmpint (gproc_reader_get_stream_number (err), ==, 2);

  g_object_set (setup.demuxer, "policy", GPROC_DEMUXER_POLICY_GROW, "lenient", TRUE, "close-base",
                FALSE, "buffer-size", (guint64) 7, NULL);
  g_assert_cmpint (gproc_demuxer_get_policy (setup.demuxer), ==, GPROC_DEMUXER_POLICY_GROW);
  g_assert_true (gproc_demuxer_get_lenient (setup.demuxer));
  g_assert_false (gproc_demuxer_get_close_base (setup.demuxer));
  g_assert_cmpuint (gproc_demuxer_get_buffer_size (setup.demuxer), ==, 7);

  /* One that was made of nothing has ended. */
  frames_assert_ended (gproc_demuxer_get_stdout (nothing));
  setup_clear (&setup);
}

/* An empty frame is nothing, and not the end. */
static void
test_empty_frames (void)
{
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  frames_push (setup.base, 1, "");
  frames_assert_nothing_yet (setup.out);
  frames_push (setup.base, 2, "");
  frames_push (setup.base, 1, "");
  frames_assert_nothing_yet (setup.err);
  g_assert_false (gproc_reader_at_eof (setup.out));
  frames_push (setup.base, 1, "x");
  frames_assert_reads (setup.out, "x");
  gproc_test_input_end (setup.base);
  g_assert_true (gproc_reader_at_eof (setup.out));
  g_assert_true (gproc_reader_at_eof (setup.err));
  frames_assert_ended (setup.out);
  frames_assert_ended (setup.err);
  setup_clear (&setup);
}

/* What a reader can do, a half of a demuxer can. */
static void
test_forms (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) peeked = NULL;
  g_autoptr (GBytes) rest = NULL;
  g_autofree char *line = NULL;
  char plain[3] = "";
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  frames_push (setup.base, 1, "a li");
  frames_push (setup.base, 2, "between");
  frames_push (setup.base, 1, "ne\nab");
  frames_push (setup.base, 1, "cdefg");
  line = gproc_reader_read_line_utf8 (setup.out, NULL, &error);
  g_assert_cmpstr (line, ==, "a line");
  g_assert_cmpint (g_input_stream_read (G_INPUT_STREAM (setup.out), plain, 2, NULL, &error), ==, 2);
  g_assert_cmpstr (plain, ==, "ab");
  peeked = gproc_reader_peek (setup.err, 100);
  g_assert_cmpuint (g_bytes_get_size (peeked), ==, 0);
  frames_assert_reads (setup.err, "between");
  g_assert_cmpint (g_input_stream_skip (G_INPUT_STREAM (setup.out), 1, NULL, &error), ==, 1);
  gproc_test_input_end (setup.base);
  rest = gproc_reader_read_to_end (setup.out, 100, NULL, &error);
  gproc_test_assert_bytes (rest, "defg");
  g_assert_no_error (error);
  setup_clear (&setup);
}

/* Nobody asks, nothing is read. */
static void
test_demand (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GBytes) bytes = NULL;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  frames_push (setup.base, 1, "x");
  gproc_test_settle ();
  g_assert_cmpuint (gproc_test_input_get_counts (setup.base).n_nonblocking, ==, 0);
  g_assert_cmpuint (gproc_test_input_get_position (setup.base), ==, 0);

  gproc_reader_read_some_async (setup.out, 10, 0, NULL, gproc_test_call_done, &call);
  bytes = gproc_reader_read_some_finish (setup.out, gproc_test_call_wait (&call), NULL);
  gproc_test_assert_bytes (bytes, "x");
  frames_push (setup.base, 1, "y");
  gproc_test_settle ();
  g_assert_cmpuint (gproc_test_input_get_position (setup.base), ==, 9);
  setup_clear (&setup);
}

/* With BLOCK the one waits for the other: nothing is lost, and nothing spins. */
static void
test_block (gconstpointer data)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  Setup setup;

  setup_init (&setup, GPOINTER_TO_INT (data));
  gproc_demuxer_set_buffer_size (setup.demuxer, 4);
  frames_push (setup.base, 2, "123456");
  frames_push (setup.base, 1, "out");
  gproc_reader_read_some_async (setup.out, 10, 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  gproc_test_wakeups_reset ();
  gproc_test_run_for (50);
  g_assert_cmpuint (gproc_test_polls (), <, 20);
  g_assert_cmpint (call.done, ==, 0);

  /* Not even that the base stream has ended changes this. */
  gproc_test_input_end (setup.base);
  gproc_test_settle ();
  gproc_test_wakeups_reset ();
  gproc_test_run_for (50);
  g_assert_cmpuint (gproc_test_polls (), <, 20);
  g_assert_cmpint (call.done, ==, 0);

  if (GPOINTER_TO_INT (data) == GPROC_TEST_HOSTILE_POLLABLE)
    {
      frames_assert_reads (setup.err, "1234");
      bytes = gproc_reader_read_some_finish (setup.out, gproc_test_call_wait (&call), &error);
      g_assert_no_error (error);
      gproc_test_assert_bytes (bytes, "out");
      frames_assert_reads (setup.err, "56");
    }
  else
    {
      g_auto (GProcTestCall) other = GPROC_TEST_CALL_INIT;
      g_autoptr (GBytes) others = NULL;

      gproc_reader_read_exactly_async (setup.err, 6, 0, NULL, gproc_test_call_done, &other);
      bytes = gproc_reader_read_some_finish (setup.out, gproc_test_call_wait (&call), &error);
      g_assert_no_error (error);
      gproc_test_assert_bytes (bytes, "out");
      others = gproc_reader_read_exactly_finish (setup.err, gproc_test_call_wait (&other), &error);
      g_assert_no_error (error);
      gproc_test_assert_bytes (others, "123456");
    }
  frames_assert_ended (setup.out);
  frames_assert_ended (setup.err);
  setup_clear (&setup);
}

static GByteArray *
make_flood (guint8 id,
            gsize  size)
{
  g_autofree char *payload = g_malloc (size);
  GByteArray *frames = g_byte_array_new ();

  for (gsize i = 0; i < size; i++)
    payload[i] = (char) (i * 7);
  frames_add (frames, id, payload, (gssize) size);

  return frames;
}

/* However much comes for the one, as little as was said is kept for it. */
static void
test_block_bound (void)
{
  g_autoptr (GByteArray) flood = make_flood (2, 4 * 1024 * 1024);
  g_autoptr (GBytes) all = NULL;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  gproc_demuxer_set_buffer_size (setup.demuxer, 1000);
  push_raw (&setup, (const char *) flood->data, flood->len);
  frames_push (setup.base, 1, "at last");
  for (int i = 0; i < 100; i++)
    frames_assert_nothing_yet (setup.out);
  /* And one read of the base stream. */
  g_assert_cmpuint (gproc_test_input_get_position (setup.base), <=, 1008 + 256 * 1024);

  all = gproc_reader_read_exactly (setup.err, flood->len - 8, NULL, NULL);
  g_assert_cmpmem (g_bytes_get_data (all, NULL), g_bytes_get_size (all), flood->data + 8,
                   flood->len - 8);
  frames_assert_reads (setup.out, "at last");
  setup_clear (&setup);
}

static void
test_grow (void)
{
  g_autoptr (GByteArray) flood = make_flood (2, 4 * 1024 * 1024);
  g_autoptr (GBytes) all = NULL;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  gproc_demuxer_set_buffer_size (setup.demuxer, 1);
  gproc_demuxer_set_policy (setup.demuxer, GPROC_DEMUXER_POLICY_GROW);
  push_raw (&setup, (const char *) flood->data, flood->len);
  frames_push (setup.base, 1, "at last");
  gproc_test_input_end (setup.base);
  frames_assert_reads (setup.out, "at last");
  frames_assert_ended (setup.out);
  all = gproc_reader_read_exactly (setup.err, flood->len - 8, NULL, NULL);
  g_assert_cmpmem (g_bytes_get_data (all, NULL), g_bytes_get_size (all), flood->data + 8,
                   flood->len - 8);
  frames_assert_ended (setup.err);
  setup_clear (&setup);
}

/* What was kept is the beginning, and what was dropped is counted. */
static void
test_discard (void)
{
  g_autoptr (GByteArray) flood = make_flood (2, 4 * 1024 * 1024);
  g_autoptr (GBytes) kept = NULL;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  gproc_demuxer_set_buffer_size (setup.demuxer, 1000);
  gproc_demuxer_set_policy (setup.demuxer, GPROC_DEMUXER_POLICY_DISCARD);
  push_raw (&setup, (const char *) flood->data, flood->len);
  frames_push (setup.base, 1, "at last");
  frames_assert_reads (setup.out, "at last");
  g_assert_cmpuint (gproc_demuxer_get_bytes_discarded (setup.demuxer), ==, flood->len - 8 - 1000);

  kept = gproc_reader_read_exactly (setup.err, 1000, NULL, NULL);
  g_assert_cmpmem (g_bytes_get_data (kept, NULL), 1000, flood->data + 8, 1000);
  frames_assert_nothing_yet (setup.err);

  /* What a reader takes as it comes is never dropped, however small its reads. */
  push_raw (&setup, (const char *) flood->data, flood->len);
  for (gsize place = 8; place < flood->len; place += 4096)
    {
      g_autoptr (GBytes) bytes = gproc_reader_read_exactly (setup.err, 4096, NULL, NULL);

      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), 4096, flood->data + place, 4096);
    }
  g_assert_cmpuint (gproc_demuxer_get_bytes_discarded (setup.demuxer), ==, flood->len - 8 - 1000);
  setup_clear (&setup);
}

/* A policy that lets more come wakes who waits. */
static void
test_change_policy (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GBytes) bytes = NULL;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  gproc_demuxer_set_buffer_size (setup.demuxer, 1);
  frames_push (setup.base, 2, "123");
  frames_push (setup.base, 1, "out");
  gproc_reader_read_some_async (setup.out, 10, 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  gproc_demuxer_set_policy (setup.demuxer, GPROC_DEMUXER_POLICY_GROW);
  bytes = gproc_reader_read_some_finish (setup.out, gproc_test_call_wait (&call), NULL);
  gproc_test_assert_bytes (bytes, "out");
  frames_assert_reads (setup.err, "123");
  setup_clear (&setup);
}

static void
test_close_one (void)
{
  g_autoptr (GByteArray) flood = make_flood (2, 1024 * 1024);
  g_autoptr (GError) error = NULL;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  gproc_demuxer_set_buffer_size (setup.demuxer, 10);
  frames_push (setup.base, 2, "what waits is dropped, too");
  frames_push (setup.base, 1, "out");
  frames_assert_nothing_yet (setup.out);
  g_assert_true (g_input_stream_close (G_INPUT_STREAM (setup.err), NULL, &error));
  push_raw (&setup, (const char *) flood->data, flood->len);
  frames_push (setup.base, 1, "more");
  frames_assert_reads (setup.out, "outmore");
  g_assert_cmpuint (gproc_demuxer_get_bytes_discarded (setup.demuxer), ==, 0);
  g_assert_cmpuint (gproc_test_input_get_counts (setup.base).n_closes, ==, 0);
  assert_fails (setup.err, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);

  g_assert_true (g_input_stream_close (G_INPUT_STREAM (setup.out), NULL, &error));
  g_assert_cmpuint (gproc_test_input_get_counts (setup.base).n_closes, ==, 1);
  g_assert_null (gproc_demuxer_get_base_stream (setup.demuxer));
  setup_clear (&setup);
}

/* Who waits for a side that is full goes on when that is closed. */
static void
test_close_wakes (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GBytes) bytes = NULL;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  gproc_demuxer_set_buffer_size (setup.demuxer, 2);
  frames_push (setup.base, 2, "1234");
  frames_push (setup.base, 1, "out");
  gproc_reader_read_some_async (setup.out, 10, 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  g_assert_true (g_input_stream_close (G_INPUT_STREAM (setup.err), NULL, NULL));
  bytes = gproc_reader_read_some_finish (setup.out, gproc_test_call_wait (&call), NULL);
  gproc_test_assert_bytes (bytes, "out");
  setup_clear (&setup);
}

static void
test_close_base (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  gproc_demuxer_set_close_base (setup.demuxer, FALSE);
  g_assert_true (gproc_demuxer_close (setup.demuxer, NULL, &error));
  g_assert_true (gproc_demuxer_close (setup.demuxer, NULL, &error));
  g_assert_cmpuint (gproc_test_input_get_counts (setup.base).n_closes, ==, 0);
  setup_clear (&setup);

  /* What is under way is told. */
  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  gproc_reader_read_some_async (setup.out, 10, 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  g_assert_true (gproc_demuxer_close (setup.demuxer, NULL, &error));
  g_assert_cmpuint (gproc_test_input_get_counts (setup.base).n_closes, ==, 1);
  bytes = gproc_reader_read_some_finish (setup.out, gproc_test_call_wait (&call), &error);
  g_assert_null (bytes);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  assert_fails (setup.err, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  setup_clear (&setup);

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  gproc_test_input_set_close_error (setup.base, G_IO_ERROR_BUSY);
  g_assert_false (gproc_demuxer_close (setup.demuxer, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  setup_clear (&setup);
}

/* The readers live on without the demuxer, and the base stream with them. */
static void
test_outlived (void)
{
  g_autoptr (GProcReader) out = NULL;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  frames_push (setup.base, 2, "nobody");
  frames_push (setup.base, 1, "out");
  out = g_object_ref (setup.out);
  g_clear_object (&setup.demuxer);
  frames_assert_reads (out, "out");
  g_assert_cmpuint (gproc_test_input_get_counts (setup.base).n_closes, ==, 0);
  g_clear_object (&out);
  g_assert_cmpuint (gproc_test_input_get_counts (setup.base).n_closes, ==, 1);
  g_object_unref (setup.base);
}

/* What ends the stream comes behind the data, for each. */
static void
test_engine_error (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  frames_push (setup.base, 2, "err");
  frames_push (setup.base, 1, "out");
  frames_push (setup.base, 3, "no such container\n");
  frames_push (setup.base, 1, "never seen");
  frames_assert_reads (setup.out, "out");
  assert_fails (setup.out, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE, "no such container");
  frames_assert_reads (setup.err, "err");
  assert_fails (setup.err, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE, "no such container");
  g_assert_cmpint (gproc_demuxer_read_frame (setup.demuxer, &bytes, NULL, &error), ==, -1);
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE);
  setup_clear (&setup);
}

/* Without a text, with one that is cut off, one that is no text, and one without end. */
static void
test_engine_texts (void)
{
  g_autoptr (GByteArray) flood = make_flood (3, 1024 * 1024);
  g_autoptr (GError) error = NULL;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  frames_push (setup.base, 3, "");
  assert_fails (setup.err, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE, NULL);
  setup_clear (&setup);

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  push_raw (&setup, "\3\0\0\0\0\0\1\0half of i", 17);
  gproc_test_input_end (setup.base);
  assert_fails (setup.out, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE, "half of i");
  setup_clear (&setup);

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  push_raw (&setup, (const char *) flood->data, flood->len);
  g_assert_null (gproc_reader_read_some (setup.out, 1, NULL, &error));
  g_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_cmpuint (strlen (error->message), <, 16 * 1024);
  setup_clear (&setup);
}

static void
test_invalid (void)
{
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  frames_push (setup.base, 2, "err");
  push_raw (&setup, "GET / HTTP/1.1\r\n", 16);
  assert_fails (setup.out, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_INVALID_FRAME,
                "47 45 54 20 2f 20 48 54");
  frames_assert_reads (setup.err, "err");
  assert_fails (setup.err, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_INVALID_FRAME, "47 45 54 20");
  setup_clear (&setup);

  /* The three bytes that have no meaning are zero. */
  for (int i = 1; i <= 3; i++)
    {
      char header[] = { 1, 0, 0, 0, 0, 0, 0, 1, 'x' };

      header[i] = 1;
      setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
      push_raw (&setup, header, sizeof header);
      assert_fails (setup.out, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_INVALID_FRAME, NULL);
      setup_clear (&setup);
    }
}

static void
test_partial (void)
{
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  push_raw (&setup, "\1\0\0\0\0\0\0\11four", 12);
  gproc_test_input_end (setup.base);
  frames_assert_reads (setup.out, "four");
  assert_fails (setup.out, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, " 5 ");
  assert_fails (setup.err, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, " 5 ");
  setup_clear (&setup);

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  frames_push (setup.base, 1, "out");
  push_raw (&setup, "\1\0\0\0\0", 5);
  gproc_test_input_end (setup.base);
  assert_fails (setup.err, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, " 3 ");
  frames_assert_reads (setup.out, "out");
  setup_clear (&setup);
}

static void
test_lenient (void)
{
  static const struct
  {
    const char *data;
    gsize size;
    const char *out;
  } cases[] = {
    { "\1\0\0\0\0\0\0\11four", 12, "four" },
    { "\1\0\0\0\0\0\0\1", 8, "" },
    { "\1\0\0", 3, "" },
  };
  Setup setup;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
      gproc_demuxer_set_lenient (setup.demuxer, TRUE);
      push_raw (&setup, cases[i].data, cases[i].size);
      gproc_test_input_end (setup.base);
      frames_assert_reads (setup.out, cases[i].out);
      frames_assert_ended (setup.out);
      frames_assert_ended (setup.err);
      setup_clear (&setup);
    }

  /* That forgives no header that is none. */
  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  gproc_demuxer_set_lenient (setup.demuxer, TRUE);
  frames_push (setup.base, 9, "");
  assert_fails (setup.out, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_INVALID_FRAME, NULL);
  setup_clear (&setup);
}

/* What is claimed costs nothing. */
static void
test_huge_claim (void)
{
  struct mallinfo2 before, after;
  g_autoptr (GError) error = NULL;
  GBytes *bytes = NULL;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  push_raw (&setup, "\2\0\0\0\377\377\377\377a little", 16);
  before = mallinfo2 ();
  frames_assert_nothing_yet (setup.out);
  frames_assert_reads (setup.err, "a li");
  g_assert_cmpint (gproc_demuxer_try_read_frame (setup.demuxer, &bytes, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_null (bytes);
  after = mallinfo2 ();
  g_assert_cmpuint (after.uordblks + after.hblkhd, <,
                    before.uordblks + before.hblkhd + 1024 * 1024);
  setup_clear (&setup);
}

/* The base stream's error comes behind the data too. */
static void
test_base_error (gconstpointer data)
{
  Setup setup;

  setup_init (&setup, GPOINTER_TO_INT (data));
  frames_push (setup.base, 2, "err");
  frames_push (setup.base, 1, "out");
  gproc_test_input_set_error (setup.base, G_IO_ERROR_CONNECTION_CLOSED);
  gproc_test_input_end (setup.base);
  frames_assert_reads (setup.out, "out");
  assert_fails (setup.out, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, NULL);
  frames_assert_reads (setup.err, "err");
  assert_fails (setup.err, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, NULL);
  setup_clear (&setup);
}

/* A read that is cancelled leaves every byte. */
static void
test_cancel (gconstpointer data)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  Setup setup;

  frames_add (frames, 2, "err", -1);
  frames_add (frames, 1, "0123456789", -1);
  setup_init (&setup, GPOINTER_TO_INT (data));
  for (gsize i = 0; i < frames->len; i++)
    {
      g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();

      gproc_reader_read_exactly_async (setup.out, 10, 0, cancellable, gproc_test_call_done, &call);
      push_raw (&setup, (const char *) frames->data + i, 1);
      if (i + 1 < frames->len)
        gproc_test_settle ();
      g_cancellable_cancel (cancellable);
      bytes = gproc_reader_read_exactly_finish (setup.out, gproc_test_call_wait (&call), &error);
      g_assert_null (bytes);
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  gproc_test_input_end (setup.base);
  gproc_test_settle ();
  frames_assert_reads (setup.out, "0123456789");
  frames_assert_reads (setup.err, "err");
  frames_assert_ended (setup.err);
  setup_clear (&setup);
}

/* A blocking read of the one while an asynchronous one of the other waits. */
static void
test_blocking_beside_async (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  gproc_reader_read_line_async (setup.out, 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  frames_push (setup.base, 1, "a ");
  frames_push (setup.base, 2, "err");
  frames_push (setup.base, 1, "line\n");
  frames_assert_reads (setup.err, "err");
  /* It was read for who waits, who is told. */
  bytes = gproc_reader_read_line_finish (setup.out, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, "a line\n");
  setup_clear (&setup);
}

/* A base stream that is not pollable is being read, in this thread: that cannot end meanwhile. */
static void
test_pending (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_NONE);
  gproc_reader_read_some_async (setup.out, 10, 0, NULL, gproc_test_call_done, &call);
  gproc_test_wait_for (gproc_test_input_is_reading (setup.base));
  g_assert_null (gproc_reader_read_some (setup.err, 10, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_cmpint (gproc_demuxer_read_frame (setup.demuxer, NULL, NULL, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);

  frames_push (setup.base, 2, "err");
  frames_push (setup.base, 1, "out");
  bytes = gproc_reader_read_some_finish (setup.out, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, "out");
  frames_assert_reads (setup.err, "err");
  setup_clear (&setup);
}

static void
test_both_async (gconstpointer data)
{
  g_auto (GProcTestCall) out_call = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) err_call = GPROC_TEST_CALL_INIT;
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;
  g_autoptr (GError) error = NULL;
  Setup setup;

  setup_init (&setup, GPOINTER_TO_INT (data));
  gproc_reader_read_line_async (setup.out, 0, NULL, gproc_test_call_done, &out_call);
  gproc_reader_read_line_async (setup.err, 0, NULL, gproc_test_call_done, &err_call);
  gproc_test_settle ();
  frames_push (setup.base, 2, "err");
  frames_push (setup.base, 1, "out");
  gproc_test_settle ();
  frames_push (setup.base, 1, "\n");
  frames_push (setup.base, 2, "\n");
  out = gproc_reader_read_line_finish (setup.out, gproc_test_call_wait (&out_call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (out, "out\n");
  err = gproc_reader_read_line_finish (setup.err, gproc_test_call_wait (&err_call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (err, "err\n");
  setup_clear (&setup);
}

int
main (int   argc,
      char *argv[])
{
  gconstpointer pollable = GINT_TO_POINTER (GPROC_TEST_HOSTILE_POLLABLE);
  gconstpointer plain = GINT_TO_POINTER (GPROC_TEST_HOSTILE_NONE);

  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/demuxer/properties", test_properties);
  gproc_test_add ("/gproc/demuxer/empty-frames", test_empty_frames);
  gproc_test_add ("/gproc/demuxer/forms", test_forms);
  gproc_test_add ("/gproc/demuxer/demand", test_demand);
  gproc_test_add_data ("/gproc/demuxer/block", pollable, test_block);
  gproc_test_add_data ("/gproc/demuxer/block-plain", plain, test_block);
  gproc_test_add ("/gproc/demuxer/block-bound", test_block_bound);
  gproc_test_add ("/gproc/demuxer/grow", test_grow);
  gproc_test_add ("/gproc/demuxer/discard", test_discard);
  gproc_test_add ("/gproc/demuxer/change-policy", test_change_policy);
  gproc_test_add ("/gproc/demuxer/close-one", test_close_one);
  gproc_test_add ("/gproc/demuxer/close-wakes", test_close_wakes);
  gproc_test_add ("/gproc/demuxer/close-base", test_close_base);
  gproc_test_add ("/gproc/demuxer/outlived", test_outlived);
  gproc_test_add ("/gproc/demuxer/engine-error", test_engine_error);
  gproc_test_add ("/gproc/demuxer/engine-texts", test_engine_texts);
  gproc_test_add ("/gproc/demuxer/invalid", test_invalid);
  gproc_test_add ("/gproc/demuxer/partial", test_partial);
  gproc_test_add ("/gproc/demuxer/lenient", test_lenient);
  gproc_test_add ("/gproc/demuxer/huge-claim", test_huge_claim);
  gproc_test_add_data ("/gproc/demuxer/base-error", pollable, test_base_error);
  gproc_test_add_data ("/gproc/demuxer/base-error-plain", plain, test_base_error);
  gproc_test_add_data ("/gproc/demuxer/cancel", pollable, test_cancel);
  gproc_test_add_data ("/gproc/demuxer/cancel-plain", plain, test_cancel);
  gproc_test_add ("/gproc/demuxer/blocking-beside-async", test_blocking_beside_async);
  gproc_test_add ("/gproc/demuxer/pending", test_pending);
  gproc_test_add_data ("/gproc/demuxer/both-async", pollable, test_both_async);
  gproc_test_add_data ("/gproc/demuxer/both-async-plain", plain, test_both_async);
  return gproc_test_run ();
}
