/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-transfer.h"

#include <string.h>

/* Every kind of descriptor to every other, by everything that moves bytes. */

typedef enum
{
  BY_PUMP_ASYNC,
  BY_PUMP_BLOCKING,
  BY_SPLICE_ASYNC,
  BY_SPLICE_BLOCKING,
  N_METHODS
} Method;

static void
move_by_pump (GInputStream  *source,
              GOutputStream *target,
              gboolean       async,
              gboolean       close,
              gsize          size)
{
  g_autoptr (GProcPump) pump = pump_new (source, target);
  g_autoptr (GError) error = NULL;

  gproc_pump_set_propagate_close (pump, close);
  if (async)
    assert_pump_runs (pump);
  else
    g_assert_true (gproc_pump_run (pump, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (gproc_pump_get_bytes_transferred (pump), ==, size);
  g_assert_true (gproc_pump_is_done (pump));
}

static gssize
splice (GInputStream              *source,
        GOutputStream             *target,
        gboolean                   async,
        GOutputStreamSpliceFlags   flags,
        GCancellable              *cancellable,
        GError                   **error)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  if (!async)
    return g_output_stream_splice (target, source, flags, cancellable, error);

  g_output_stream_splice_async (target, source, flags, G_PRIORITY_DEFAULT, cancellable,
                                gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);
  gproc_test_call_wait (&call);
  g_assert_true (call.source == (GObject *) target);

  return g_output_stream_splice_finish (target, call.result, error);
}

static void
move_by_splice (GInputStream  *source,
                GOutputStream *target,
                gboolean       async,
                gboolean       close,
                gsize          size)
{
  GOutputStreamSpliceFlags flags = G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE;
  g_autoptr (GError) error = NULL;
  gssize count;

  if (close)
    flags |= G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET;
  count = splice (source, target, async, flags, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (count, ==, size);
  g_assert_true (g_input_stream_is_closed (source));
  g_assert_cmpint (g_output_stream_is_closed (target), ==, close);
}

static void
move (GInputStream  *source,
      GOutputStream *target,
      Method         method,
      gboolean       close,
      gsize          size)
{
  if (method == BY_PUMP_ASYNC || method == BY_PUMP_BLOCKING)
    move_by_pump (source, target, method == BY_PUMP_ASYNC, close, size);
  else
    move_by_splice (source, target, method == BY_SPLICE_ASYNC, close, size);
}

/* The master of a terminal is closed only when all was heard. */
static gboolean
may_close (const Pair *pair,
           Method      method)
{
  gboolean is_splice = method == BY_SPLICE_ASYNC || method == BY_SPLICE_BLOCKING;

  if (pair->to == GPROC_TEST_PTMX)
    return FALSE;

  /* A close of one half of a connection of GIO's does nothing to its socket. */
  return pair->to_wrap == WRAP_OURS || !is_splice ||
         (pair->to != GPROC_TEST_SOCKET && pair->to != GPROC_TEST_TCP);
}

/* Where neither is ours a splice is GIO's affair alone. */
static gboolean
is_ours (const Pair *pair,
         Method      method)
{
  gboolean is_splice = method == BY_SPLICE_ASYNC || method == BY_SPLICE_BLOCKING;

  return !is_splice || pair->from_wrap != WRAP_FOREIGN || pair->to_wrap != WRAP_FOREIGN;
}

static void
check_pair (const Pair *pair,
            Method      method,
            gsize       size)
{
  g_autoptr (GBytes) bytes = gproc_test_random_bytes (size);
  g_autoptr (GProcTestEnd) from = gproc_test_source_new (pair->from);
  g_autoptr (GProcTestEnd) to = gproc_test_target_new (pair->to);
  g_autoptr (GInputStream) source = NULL;
  g_autoptr (GOutputStream) target = NULL;
  g_autoptr (GBytes) heard = NULL;
  gboolean close = may_close (pair, method);

  gproc_test_end_feed (from, bytes);
  gproc_test_end_listen (to, close ? G_MAXSIZE : size);
  source = source_stream (from, pair->from_wrap);
  target = target_stream (to, pair->to_wrap);
  move (source, target, method, close, size);
  heard = gproc_test_end_join (to);
  gproc_test_assert_equal (heard, bytes);
  close_output (target);
}

static void
test_pair (gconstpointer data)
{
  const Pair *pair = data;

  for (guint i = 0; transfer_size (i) <= (takes_single_bytes (pair) ? 4095 : G_MAXSIZE - 1); i++)
    for (Method method = 0; method < N_METHODS; method++)
      if (is_ours (pair, method))
        check_pair (pair, method, transfer_size (i));
}

/* Bytes of a reader that come before what its descriptor has: the rest of a block of lines,
 * and what was put back; and what the writer has queued before. */
static void
check_buffered (GProcTestKind from_kind,
                GProcTestKind to_kind,
                Method        method)
{
  const gsize size = 70000;
  g_autoptr (GBytes) bytes = gproc_test_random_bytes (size);
  g_autoptr (GBytes) head = g_bytes_new_static ("line\n", 5);
  g_autoptr (GBytes) feed = join_bytes (head, bytes);
  g_autoptr (GBytes) again = g_bytes_new_static ("again", 5);
  g_autoptr (GBytes) before = g_bytes_new_static ("before ", 7);
  g_autoptr (GBytes) rest = join_bytes (again, bytes);
  g_autoptr (GBytes) expected = join_bytes (before, rest);
  g_autoptr (GProcTestEnd) from = gproc_test_source_new (from_kind);
  g_autoptr (GProcTestEnd) to = gproc_test_target_new (to_kind);
  g_autoptr (GInputStream) source = NULL;
  g_autoptr (GOutputStream) target = NULL;
  g_autoptr (GBytes) line = NULL;
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;

  gproc_test_end_feed (from, feed);
  gproc_test_end_listen (to, g_bytes_get_size (expected));
  source = source_stream (from, WRAP_OURS);
  target = target_stream (to, WRAP_OURS);
  line = gproc_reader_read_line (GPROC_READER (source), NULL, &error);
  gproc_test_assert_bytes (line, "line\n");
  g_assert_true (gproc_reader_unread (GPROC_READER (source), again, &error));
  g_assert_true (gproc_writer_queue (GPROC_WRITER (target), "bef", 3, &error));
  g_assert_true (gproc_writer_queue (GPROC_WRITER (target), "ore ", 4, &error));
  g_assert_no_error (error);

  move (source, target, method, FALSE, size + 5);
  heard = gproc_test_end_join (to);
  gproc_test_assert_equal (heard, expected);
  g_assert_cmpuint (gproc_writer_get_bytes_written (GPROC_WRITER (target)), ==, size + 12);
  g_assert_cmpuint (gproc_writer_get_bytes_accepted (GPROC_WRITER (target)), ==, size + 12);
}

static void
test_buffered (gconstpointer data)
{
  GProcTestKind from = GPOINTER_TO_UINT (data);

  for (GProcTestKind to = 0; to < GPROC_TEST_N_KINDS; to++)
    for (Method method = 0; method < N_METHODS; method++)
      check_buffered (from, to, method);
}

static void
add_pairs (void)
{
  static Pair pairs[GPROC_TEST_PTMX * GPROC_TEST_N_KINDS * N_WRAPS * N_WRAPS];
  Pair *pair = pairs;

  for (GProcTestKind from = 0; from < GPROC_TEST_PTMX; from++)
    for (GProcTestKind to = 0; to < GPROC_TEST_N_KINDS; to++)
      for (guint wraps = 0; wraps < N_WRAPS * N_WRAPS; wraps++)
        {
          g_autofree char *path = NULL;

          *pair = (Pair){ from, to, wraps / N_WRAPS, wraps % N_WRAPS };
          /* The end of a terminal is an error for GIO's own stream. */
          if (from == GPROC_TEST_PTY && pair->from_wrap == WRAP_STACKED)
            continue;
          path = g_strdup_printf ("/gproc/transfer/%s-to-%s/%s-to-%s", gproc_test_kind_name (from),
                                  gproc_test_kind_name (to), wrap_name (pair->from_wrap),
                                  wrap_name (pair->to_wrap));
          gproc_test_add_data (path, pair++, test_pair);
        }
}

int
main (int    argc,
      char **argv)
{
  gproc_test_init (&argc, &argv);

  add_pairs ();
  for (GProcTestKind from = 0; from < GPROC_TEST_PTMX; from++)
    {
      g_autofree char *path = g_strdup_printf ("/gproc/transfer/buffered/%s",
                                               gproc_test_kind_name (from));

      gproc_test_add_data (path, GUINT_TO_POINTER (from), test_buffered);
    }

  return gproc_test_run ();
}
