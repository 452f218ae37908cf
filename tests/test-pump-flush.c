/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-transfer.h"

#include <string.h>
#include <unistd.h>

/* gproc_pump_flush: pumps in a loop of one's own. */

static void
assert_flush (GProcPump *pump,
              gsize      count,
              gssize     expected)
{
  g_autoptr (GError) error = NULL;
  gssize moved = gproc_pump_flush (pump, count, &error);

  g_assert_no_error (error);
  g_assert_cmpint (moved, ==, expected);
}

/* What there is, and no more than was asked for. */
static void
test_count (gconstpointer data)
{
  GProcTestKind kind = GPOINTER_TO_UINT (data);
  g_autoptr (GProcTestEnd) from = gproc_test_source_new (GPROC_TEST_PIPE);
  g_autoptr (GProcTestEnd) to = gproc_test_target_new (kind);
  g_autoptr (GInputStream) source = source_stream (from, WRAP_OURS);
  g_autoptr (GOutputStream) target = target_stream (to, WRAP_OURS);
  g_autoptr (GProcPump) pump = pump_new (source, target);
  g_autoptr (GBytes) heard = NULL;
  gboolean is_master = kind == GPROC_TEST_PTMX;

  gproc_test_end_listen (to, is_master ? 13 : G_MAXSIZE);
  assert_flush (pump, 100, 0);
  gproc_test_write (from->far, "0123456789", 10);
  assert_flush (pump, 0, 0);
  assert_flush (pump, 3, 3);
  assert_flush (pump, 1, 1);
  assert_flush (pump, G_MAXSSIZE, 6);
  assert_flush (pump, G_MAXSSIZE, 0);
  g_assert_cmpuint (gproc_pump_get_bytes_transferred (pump), ==, 10);
  g_assert_false (gproc_pump_is_done (pump));

  gproc_test_write (from->far, "end", 3);
  gproc_test_close (&from->far);
  assert_flush (pump, 3, 3);
  /* The terminal takes the last word before its master goes. */
  if (is_master)
    heard = gproc_test_end_join (to);
  g_assert_false (g_output_stream_is_closed (target));
  /* Who asks for nothing does not look for the end, but is told of one that was seen. */
  assert_flush (pump, 0, 0);
  for (guint i = 0; i < 3; i++)
    {
      assert_flush (pump, 2 - i, -1);
      g_assert_true (gproc_pump_is_done (pump));
      g_assert_true (g_output_stream_is_closed (target));
    }
  if (!is_master)
    heard = gproc_test_end_join (to);
  gproc_test_assert_bytes (heard, "0123456789end");
}

/* A pump between two pipes, the second of which takes nothing. */
typedef struct
{
  int input;
  int output;
  gsize filled;
  GProcReader *source;
  GProcWriter *target;
  GProcPump *pump;
} Full;

static void
full_init (Full *full)
{
  int in[2], out[2];

  gproc_test_pipe (in);
  gproc_test_pipe (out);
  full->input = in[1];
  full->output = out[0];
  full->filled = gproc_test_fill (out[1]);
  full->source = gproc_test_track (gproc_reader_new_for_fd (in[0], TRUE));
  full->target = gproc_test_track (gproc_writer_new_for_fd (out[1], TRUE));
  full->pump = pump_new (G_INPUT_STREAM (full->source), G_OUTPUT_STREAM (full->target));
}

static void
full_clear (Full *full)
{
  g_clear_object (&full->pump);
  g_clear_object (&full->source);
  g_clear_object (&full->target);
  gproc_test_close (&full->input);
  gproc_test_close (&full->output);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Full, full_clear)

/* What was written before the pump was there is read, and then what the pump wrote: the queue
 * goes on as there is room. */
static void
full_assert_heard (Full   *full,
                   GBytes *expected)
{
  g_autoptr (GByteArray) heard = g_byte_array_new ();
  gsize size = g_bytes_get_size (expected);

  gproc_test_set_nonblocking (full->output, TRUE);
  while (heard->len < full->filled + size)
    {
      g_autoptr (GBytes) bytes = gproc_test_read_available (full->output, 65536);

      g_byte_array_append (heard, g_bytes_get_data (bytes, NULL), (guint) g_bytes_get_size (bytes));
      gproc_writer_try_flush (full->target, NULL);
    }
  g_assert_cmpmem (heard->data + full->filled, heard->len - full->filled,
                   g_bytes_get_data (expected, NULL), size);
}

/* A target that takes nothing has up to its high mark queued; then nothing more is taken from the
 * source. */
static void
test_high_mark (void)
{
  const gsize step = 100, high = 1000;
  g_auto (Full) full = { 0 };
  g_autoptr (GBytes) bytes = gproc_test_random_bytes (5000);
  g_autoptr (GBytes) queued = NULL;
  g_autoptr (GBytes) rest = NULL;
  g_autoptr (GError) error = NULL;
  gsize total = 0;
  gssize count;

  full_init (&full);
  gproc_writer_set_watermarks (full.target, high, 250);
  gproc_test_write (full.input, g_bytes_get_data (bytes, NULL), 5000);
  while ((count = gproc_pump_flush (full.pump, step, &error)) > 0)
    {
      g_assert_cmpint (count, <=, step);
      total += (gsize) count;
    }
  g_assert_no_error (error);
  g_assert_cmpint (count, ==, 0);
  g_assert_cmpuint (total, >, high);
  g_assert_cmpuint (total, <=, high + step);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (full.target), ==, total);
  g_assert_cmpuint (gproc_pump_get_bytes_transferred (full.pump), ==, total);
  assert_flush (full.pump, G_MAXSSIZE, 0);

  /* In the queue, or still in the source. */
  queued = g_bytes_new_from_bytes (bytes, 0, total);
  full_assert_heard (&full, queued);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (full.target), ==, 0);
  rest = gproc_reader_read_exactly (full.source, 5000 - total, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (rest, NULL), g_bytes_get_size (rest),
                   (const char *) g_bytes_get_data (bytes, NULL) + total, 5000 - total);
}

/* The end is seen while the target takes nothing: it is told of it in a later call. */
static void
test_end_while_full (gconstpointer data)
{
  gboolean propagate = GPOINTER_TO_UINT (data) != 0;
  g_auto (Full) full = { 0 };
  g_autoptr (GBytes) hello = g_bytes_new_static ("hello", 5);
  g_autoptr (GBytes) end = NULL;

  full_init (&full);
  gproc_pump_set_propagate_close (full.pump, propagate);
  gproc_test_write (full.input, "hello", 5);
  gproc_test_close (&full.input);
  assert_flush (full.pump, 100, 5);
  for (guint i = 0; i < 3; i++)
    {
      assert_flush (full.pump, 100, -1);
      g_assert_false (gproc_pump_is_done (full.pump));
      g_assert_false (g_output_stream_is_closed (G_OUTPUT_STREAM (full.target)));
      g_assert_cmpuint (gproc_writer_get_bytes_queued (full.target), ==, 5);
    }

  full_assert_heard (&full, hello);
  assert_flush (full.pump, 100, -1);
  g_assert_true (gproc_pump_is_done (full.pump));
  g_assert_cmpint (g_output_stream_is_closed (G_OUTPUT_STREAM (full.target)), ==, propagate);
  g_assert_cmpint (gproc_test_fd_is_ready (full.output, G_IO_IN | G_IO_HUP), ==, propagate);
  if (!propagate)
    close_output (G_OUTPUT_STREAM (full.target));
  end = gproc_test_read_to_end (full.output);
  gproc_test_assert_bytes (end, "");
}

/* Nobody waits for a pump whose output nobody wants, but for what its target has yet to write. */
static void
test_is_done (void)
{
  g_auto (Full) full = { 0 };
  g_autoptr (GBytes) hello = g_bytes_new_static ("hello", 5);

  full_init (&full);
  g_assert_false (gproc_pump_is_done (full.pump));
  gproc_pump_set_wait_for_output (full.pump, FALSE);
  g_assert_true (gproc_pump_is_done (full.pump));
  gproc_test_write (full.input, "hello", 5);
  assert_flush (full.pump, 100, 5);
  g_assert_false (gproc_pump_is_done (full.pump));
  full_assert_heard (&full, hello);
  g_assert_true (gproc_pump_is_done (full.pump));
  gproc_pump_set_wait_for_output (full.pump, TRUE);
  g_assert_false (gproc_pump_is_done (full.pump));
  close_output (G_OUTPUT_STREAM (full.target));
}

/* The target is gone: what was not queued can still be read. */
static void
test_broken (void)
{
  g_auto (Full) full = { 0 };
  g_autoptr (GBytes) rest = NULL;
  g_autoptr (GError) error = NULL;

  full_init (&full);
  gproc_test_close (&full.output);
  gproc_test_write (full.input, "hello", 5);
  g_assert_cmpint (gproc_pump_flush (full.pump, 100, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_cmpuint (gproc_pump_get_bytes_transferred (full.pump), ==, 0);
  rest = gproc_reader_read_exactly (full.source, 5, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (rest, "hello");
}

/* The source breaks behind its bytes, which are moved before. */
static void
test_source_error (void)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("hello", 5);
  g_autoptr (GInputStream) base = gproc_test_input_new (bytes, GPROC_TEST_HOSTILE_POLLABLE);
  g_autoptr (GOutputStream) target = gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE);
  g_autoptr (GProcPump) pump = NULL;
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;

  gproc_test_input_set_error (base, G_IO_ERROR_NO_SPACE);
  pump = pump_new (base, target);
  assert_flush (pump, 3, 3);
  assert_flush (pump, 3, 2);
  g_assert_cmpint (gproc_pump_flush (pump, 3, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_false (gproc_pump_is_done (pump));
  heard = gproc_test_output_get_bytes (target);
  gproc_test_assert_bytes (heard, "hello");
}

static gsize
draw_count (void)
{
  return g_test_rand_bit () ? (gsize) g_test_rand_int_range (0, 3000)
                            : (gsize) g_test_rand_int_range (0, 300000);
}

/* Calls in a loop, with counts at random, until nothing is left to do. Whoever is slow is waited
 * for by turning the main loop, which a stream without a descriptor needs in any case. */
static void
flush_to_end (GProcPump *pump)
{
  gint64 deadline = gproc_test_deadline ();
  g_autoptr (GError) error = NULL;
  gboolean ended = FALSE;

  while (!ended || !gproc_pump_is_done (pump) ||
         !g_output_stream_is_closed (gproc_pump_get_target (pump)))
    {
      gsize count = draw_count ();
      guint64 before = gproc_pump_get_bytes_transferred (pump);
      gssize moved = gproc_pump_flush (pump, count, &error);

      g_assert_no_error (error);
      g_assert_cmpint (moved, <=, (gssize) count);
      g_assert_cmpuint (gproc_pump_get_bytes_transferred (pump) - before, ==,
                        moved > 0 ? (guint64) moved : 0);
      g_assert_false (ended && moved >= 0);
      ended = moved < 0;
      if (moved > 0)
        continue;
      g_main_context_iteration (gproc_test_context (), FALSE);
      g_thread_yield ();
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
}

/* What is on the way between two sockets, in the pipe that the kernel moves it through, comes
 * before what is read behind it. */
static void
test_held (void)
{
  g_autoptr (GBytes) bytes = gproc_test_random_bytes (1000);
  g_autoptr (GProcTestEnd) from = gproc_test_source_new (GPROC_TEST_SOCKET);
  g_autoptr (GProcTestEnd) to = gproc_test_target_new (GPROC_TEST_SOCKET);
  g_autoptr (GInputStream) source = NULL;
  g_autoptr (GOutputStream) target = NULL;
  g_autoptr (GProcPump) pump = NULL;
  g_autoptr (GBytes) before = NULL;
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;
  gsize filled = gproc_test_fill (to->fd);

  source = source_stream (from, WRAP_OURS);
  target = target_stream (to, WRAP_OURS);
  pump = pump_new (source, target);
  gproc_test_write (from->far, g_bytes_get_data (bytes, NULL), 1000);
  for (guint i = 0; i < 10; i++)
    assert_flush (pump, 100, 100);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (GPROC_WRITER (target)), ==, 1000);

  before = gproc_test_read (to->far, filled);
  gproc_test_wait_for (gproc_writer_try_flush (GPROC_WRITER (target), NULL));
  heard = gproc_test_read (to->far, 1000);
  gproc_test_assert_equal (heard, bytes);
}

static void
test_pair (gconstpointer data)
{
  const Pair *pair = data;

  for (guint i = 0; transfer_size (i) <= 64 * 1024 + 1; i++)
    {
      g_autoptr (GBytes) bytes = gproc_test_random_bytes (transfer_size (i) * 4);
      g_autoptr (GProcTestEnd) from = gproc_test_source_new (pair->from);
      g_autoptr (GProcTestEnd) to = gproc_test_target_new (pair->to);
      g_autoptr (GInputStream) source = NULL;
      g_autoptr (GOutputStream) target = NULL;
      g_autoptr (GProcPump) pump = NULL;
      g_autoptr (GBytes) heard = NULL;

      gproc_test_end_feed (from, bytes);
      gproc_test_end_listen (to, G_MAXSIZE);
      source = source_stream (from, pair->from_wrap);
      target = target_stream (to, pair->to_wrap);
      pump = pump_new (source, target);
      flush_to_end (pump);
      heard = gproc_test_end_join (to);
      gproc_test_assert_equal (heard, bytes);
    }
}

/* Streams of somebody's own, which do all they may; @data: through ours, or as they are. */
static void
test_hostile (gconstpointer data)
{
  for (guint i = 0; i < 256; i++)
    {
      g_autoptr (GBytes) bytes = gproc_test_random_bytes (20000);
      g_autoptr (GInputStream) base_in = gproc_test_input_new (bytes, i % 16);
      g_autoptr (GOutputStream) base_out = gproc_test_output_new (i / 16);
      g_autoptr (GInputStream) in = NULL;
      g_autoptr (GOutputStream) out = NULL;
      g_autoptr (GProcPump) pump = NULL;
      g_autoptr (GBytes) heard = NULL;

      g_test_message ("input %u, output %u", i % 16, i / 16);
      gproc_test_input_set_chunk (base_in, (gsize) g_test_rand_int_range (100, 20000));
      gproc_test_output_set_chunk (base_out, (gsize) g_test_rand_int_range (100, 20000));
      in = data != NULL ? G_INPUT_STREAM (gproc_reader_new (base_in)) : g_object_ref (base_in);
      out = data != NULL ? G_OUTPUT_STREAM (gproc_writer_new (base_out)) : g_object_ref (base_out);
      pump = pump_new (in, out);
      flush_to_end (pump);
      heard = gproc_test_output_get_bytes (base_out);
      gproc_test_assert_equal (heard, bytes);
      g_assert_cmpuint (gproc_test_output_get_counts (base_out).n_closes, ==, 1);
    }
}

/* The loop that the reference shows: no main context is turned. */
static void
test_select (void)
{
  g_autoptr (GBytes) bytes = gproc_test_random_bytes (gproc_test_scale (1024 * 1024));
  g_autoptr (GProcTestEnd) from = gproc_test_source_new (GPROC_TEST_PIPE);
  g_autoptr (GProcTestEnd) to = gproc_test_target_new (GPROC_TEST_SOCKET);
  g_autoptr (GInputStream) source = NULL;
  g_autoptr (GOutputStream) target = NULL;
  g_autoptr (GProcPump) pump = NULL;
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;

  gproc_test_end_feed (from, bytes);
  gproc_test_end_listen (to, G_MAXSIZE);
  source = source_stream (from, WRAP_OURS);
  target = target_stream (to, WRAP_OURS);
  pump = pump_new (source, target);
  while (!gproc_pump_is_done (pump))
    {
      GProcReader *reader = GPROC_READER (source);
      GProcWriter *writer = GPROC_WRITER (target);
      gboolean writes = gproc_writer_get_bytes_queued (writer) > 0;
      g_autoptr (GPtrArray)
        ready = gproc_select (&reader, writes ? 0 : 1, &writer, writes ? 1 : 0, -1, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (ready->len, ==, 1);
      gproc_pump_flush (pump, draw_count (), &error);
      g_assert_no_error (error);
    }
  heard = gproc_test_end_join (to);
  gproc_test_assert_equal (heard, bytes);
}

static void
add_pairs (void)
{
  static Pair pairs[GPROC_TEST_PTMX * GPROC_TEST_PTMX * N_WRAPS];
  Pair *pair = pairs;

  for (GProcTestKind from = 0; from < GPROC_TEST_PTMX; from++)
    for (GProcTestKind to = 0; to < GPROC_TEST_PTMX; to++)
      for (Wrap wrap = 0; wrap < N_WRAPS; wrap++)
        {
          g_autofree char *path = NULL;

          /* The end of a terminal is an error for GIO's own stream. */
          if (from == GPROC_TEST_PTY && wrap == WRAP_STACKED)
            continue;
          *pair = (Pair){ from, to, wrap, wrap };
          path = g_strdup_printf ("/gproc/pump-flush/%s-to-%s/%s", gproc_test_kind_name (from),
                                  gproc_test_kind_name (to), wrap_name (wrap));
          gproc_test_add_data (path, pair++, test_pair);
        }
}

/* The target fails to close behind bytes that were moved: the count comes first, and the error is
 * not forgotten. As many bytes as one read asks for do not hide the end that follows. */
static void
test_close_error (void)
{
  const gsize size = 256 * 1024;
  g_autoptr (GBytes) data = gproc_test_random_bytes (size);
  g_autoptr (GInputStream)
    source = gproc_test_track (gproc_test_input_new (data, GPROC_TEST_HOSTILE_POLLABLE));
  g_autoptr (GOutputStream)
    target = gproc_test_track (gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE));
  g_autoptr (GProcPump) pump = pump_new (source, target);
  g_autoptr (GError) error = NULL;
  gsize total = 0;
  gssize moved;

  gproc_test_output_set_close_error (target, G_IO_ERROR_NO_SPACE);
  while ((moved = gproc_pump_flush (pump, G_MAXSSIZE, &error)) >= 0)
    total += (gsize) moved;
  g_assert_cmpuint (total, ==, size);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_true (gproc_pump_is_done (pump));
  assert_flush (pump, G_MAXSSIZE, -1);
}

/* Nor by whoever goes on with a run. */
static void
test_close_error_in_run (gconstpointer data)
{
  const gsize size = 256 * 1024;
  gboolean async = GPOINTER_TO_INT (data);
  g_autoptr (GBytes) bytes = gproc_test_random_bytes (size);
  g_autoptr (GInputStream)
    source = gproc_test_track (gproc_test_input_new (bytes, GPROC_TEST_HOSTILE_POLLABLE));
  g_autoptr (GOutputStream)
    target = gproc_test_track (gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE));
  g_autoptr (GProcPump) pump = pump_new (source, target);
  g_autoptr (GError) error = NULL;

  gproc_test_output_set_close_error (target, G_IO_ERROR_NO_SPACE);
  while (gproc_pump_get_bytes_transferred (pump) < size)
    {
      g_assert_cmpint (gproc_pump_flush (pump, G_MAXSSIZE, &error), >=, 0);
      g_assert_no_error (error);
    }
  g_assert_false (gproc_pump_is_done (pump));
  g_assert_false (async ? run_pump (pump, NULL, &error) : gproc_pump_run (pump, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_true (gproc_pump_is_done (pump));
  assert_pump_runs (pump);
}

/* A loop that ends where the pump is done has closed the target. */
static void
test_done_is_closed (void)
{
  g_autoptr (GInputStream) source = g_memory_input_stream_new_from_data ("hello", 5, NULL);
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) target = g_buffered_output_stream_new (memory);
  g_autoptr (GProcPump) pump = pump_new (source, target);
  g_autoptr (GError) error = NULL;
  gint64 deadline = gproc_test_deadline ();

  while (!gproc_pump_is_done (pump))
    {
      gproc_pump_flush (pump, 1000, &error);
      g_assert_no_error (error);
      g_main_context_iteration (gproc_test_context (), FALSE);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
  g_assert_true (g_output_stream_is_closed (target));
  g_assert_cmpuint (g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (memory)), ==, 5);
}

int
main (int    argc,
      char **argv)
{
  gproc_test_init (&argc, &argv);

  for (GProcTestKind kind = 0; kind < GPROC_TEST_N_KINDS; kind++)
    {
      g_autofree char *path = g_strconcat ("/gproc/pump-flush/count/", gproc_test_kind_name (kind),
                                           NULL);

      gproc_test_add_data (path, GUINT_TO_POINTER (kind), test_count);
    }
  gproc_test_add ("/gproc/pump-flush/high-mark", test_high_mark);
  gproc_test_add_data ("/gproc/pump-flush/end-while-full/keep-open", NULL, test_end_while_full);
  gproc_test_add_data ("/gproc/pump-flush/end-while-full/close", GUINT_TO_POINTER (1),
                       test_end_while_full);
  gproc_test_add ("/gproc/pump-flush/held", test_held);
  gproc_test_add ("/gproc/pump-flush/is-done", test_is_done);
  gproc_test_add ("/gproc/pump-flush/broken", test_broken);
  gproc_test_add ("/gproc/pump-flush/source-error", test_source_error);
  gproc_test_add ("/gproc/pump-flush/select", test_select);
  gproc_test_add ("/gproc/pump-flush/close-error", test_close_error);
  gproc_test_add_data ("/gproc/pump-flush/close-error/run", GINT_TO_POINTER (FALSE),
                       test_close_error_in_run);
  gproc_test_add_data ("/gproc/pump-flush/close-error/run-async", GINT_TO_POINTER (TRUE),
                       test_close_error_in_run);
  gproc_test_add ("/gproc/pump-flush/done-is-closed", test_done_is_closed);
  gproc_test_add_data ("/gproc/pump-flush/hostile/foreign", NULL, test_hostile);
  gproc_test_add_data ("/gproc/pump-flush/hostile/stacked", GUINT_TO_POINTER (1), test_hostile);
  add_pairs ();

  return gproc_test_run ();
}
