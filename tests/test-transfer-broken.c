/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-transfer.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

/* Transfers that break in the middle: each byte was written, or can be read again. */

typedef enum
{
  BY_PUMP_ASYNC,
  BY_PUMP_BLOCKING,
  BY_PUMP_FLUSH,
  BY_SPLICE_ASYNC,
  BY_SPLICE_BLOCKING,
  N_METHODS
} Method;

static gboolean
flush_to_end (GProcPump  *pump,
              GError    **error)
{
  gint64 deadline = gproc_test_deadline ();
  GError *local_error = NULL;

  while (gproc_pump_flush (pump, (gsize) g_test_rand_int_range (1, 100000), &local_error) >= 0)
    {
      g_main_context_iteration (gproc_test_context (), FALSE);
      g_thread_yield ();
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, local_error);

  return FALSE;
}

static gboolean
splice_to_end (GInputStream   *source,
               GOutputStream  *target,
               gboolean        async,
               GError        **error)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  if (!async)
    return g_output_stream_splice (target, source, G_OUTPUT_STREAM_SPLICE_NONE, NULL, error) >= 0;

  g_output_stream_splice_async (target, source, G_OUTPUT_STREAM_SPLICE_NONE, G_PRIORITY_DEFAULT,
                                NULL, gproc_test_call_done, &call);

  return g_output_stream_splice_finish (target, gproc_test_call_wait (&call), error) >= 0;
}

static gboolean
move (GProcPump  *pump,
      Method      method,
      GError    **error)
{
  GInputStream *source = gproc_pump_get_source (pump);
  GOutputStream *target = gproc_pump_get_target (pump);

  switch (method)
    {
    case BY_PUMP_ASYNC:
      return run_pump (pump, NULL, error);
    case BY_PUMP_BLOCKING:
      return gproc_pump_run (pump, NULL, error);
    case BY_PUMP_FLUSH:
      return flush_to_end (pump, error);
    case BY_SPLICE_ASYNC:
    case BY_SPLICE_BLOCKING:
    case N_METHODS:
    default:
      return splice_to_end (source, target, method == BY_SPLICE_ASYNC, error);
    }
}

static GBytes *
read_rest (GInputStream *source,
           GProcTestEnd *from)
{
  g_autoptr (GByteArray) rest = g_byte_array_new ();
  g_autofree guint8 *buffer = g_malloc (10000);
  gboolean is_pty = from->kind == GPROC_TEST_PTY;
  GInputStream *base = GPROC_IS_READER (source)
                         ? gproc_reader_get_base_stream (GPROC_READER (source))
                         : source;
  g_autoptr (GError) error = NULL;
  gssize count;

  if (base == NULL)
    base = source;
  /* A stream that is not pollable has a read that goes on. */
  gproc_test_wait_for (!g_input_stream_has_pending (base));
  /* The end of a terminal is an error for GIO's own stream, and the second one is behind all. */
  for (guint n_tries = is_pty ? 2 : 1; n_tries > 0; n_tries--)
    {
      g_clear_error (&error);
      while ((count = g_input_stream_read (source, buffer, 10000, NULL, &error)) > 0)
        g_byte_array_append (rest, buffer, (guint) count);
    }
  if (!is_pty)
    g_assert_no_error (error);

  return g_byte_array_free_to_bytes (g_steal_pointer (&rest));
}

/* How much the target has taken into its queue and not written, where it tells. */
static guint64
get_undelivered (GOutputStream *target)
{
  GProcWriter *writer;

  if (!GPROC_IS_WRITER (target))
    return 0;
  writer = GPROC_WRITER (target);

  return gproc_writer_get_bytes_discarded (writer) + gproc_writer_get_bytes_queued (writer);
}

/* What the kernel moves out of a socket fills the slots of a pipe with more than a page. */
static gboolean
is_deep (const Pair *pair)
{
  return pair->to == GPROC_TEST_PIPE &&
         (pair->from == GPROC_TEST_SOCKET || pair->from == GPROC_TEST_TCP);
}

static void
make_shallow (int from,
              int to)
{
  const int small = 65536;

  g_assert_no_errno (setsockopt (from, SOL_SOCKET, SO_SNDBUF, &small, sizeof small));
  g_assert_no_errno (setsockopt (to, SOL_SOCKET, SO_RCVBUF, &small, sizeof small));
}

/* The same for all, as there are many of them. */
static GBytes *
make_bytes (gsize size)
{
  static GBytes *bytes;

  if (bytes == NULL)
    bytes = gproc_test_random_bytes (12 * 1024 * 1024);

  return g_bytes_new_from_bytes (bytes, 0, size);
}

/* The target goes after a number of bytes at random, with more to come. */
static void
check_target_goes (const Pair *pair,
                   Method      method)
{
  const gsize size = is_deep (pair) ? 12 * 1024 * 1024 : 2 * 1024 * 1024 + 800000;
  g_autoptr (GBytes) bytes = make_bytes (size);
  g_autoptr (GProcTestEnd) from = gproc_test_source_new (pair->from);
  g_autoptr (GProcTestEnd) to = gproc_test_target_new (pair->to);
  g_autoptr (GInputStream) source = NULL;
  g_autoptr (GOutputStream) target = NULL;
  g_autoptr (GProcPump) pump = NULL;
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GBytes) rest = NULL;
  g_autoptr (GError) error = NULL;
  const char *data = g_bytes_get_data (bytes, NULL);
  gboolean by_pump = method < BY_SPLICE_ASYNC;
  gsize n_heard, n_rest, transferred;
  gboolean success;

  /* Left to itself TCP takes more than there is before anybody has to be told. */
  if (pair->from == GPROC_TEST_TCP)
    make_shallow (from->far, from->fd);
  if (pair->to == GPROC_TEST_TCP)
    make_shallow (to->fd, to->far);
  to->closes = TRUE;
  gproc_test_end_feed (from, bytes);
  /* Less than a terminal holds, where it may take a byte at a time. */
  gproc_test_end_listen (to,
                         (gsize) g_test_rand_int_range (1, pair->to == GPROC_TEST_PTMX ? 3000
                                                                                       : 60000));
  source = source_stream (from, pair->from_wrap);
  target = target_stream (to, pair->to_wrap);
  pump = pump_new (source, target);

  success = move (pump, method, &error);
  g_assert_false (success);
  g_test_message ("method %u: %s", method, error->message);
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE) &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    g_assert_cmpint (pair->to, ==, GPROC_TEST_PTY);
  g_assert_false (g_output_stream_has_pending (target));

  /* In order: what was heard, what is lost with the target, and what can still be read. */
  heard = gproc_test_end_join (to);
  rest = read_rest (source, from);
  n_heard = g_bytes_get_size (heard);
  n_rest = g_bytes_get_size (rest);
  g_assert_cmpuint (n_heard + n_rest, <=, size);
  g_assert_cmpmem (g_bytes_get_data (heard, NULL), n_heard, data, n_heard);
  g_assert_cmpmem (g_bytes_get_data (rest, NULL), n_rest, data + size - n_rest, n_rest);

  transferred = by_pump ? (gsize) gproc_pump_get_bytes_transferred (pump)
                : pair->to_wrap != WRAP_FOREIGN
                  ? (gsize) (gproc_writer_get_bytes_written (GPROC_WRITER (target)) +
                             get_undelivered (target))
                  : n_heard;
  g_assert_cmpuint (n_heard, <=, transferred);
  /* What was read ahead of a stream that cannot take it back is kept by the pump. */
  if (pair->from_wrap == WRAP_FOREIGN)
    g_assert_cmpuint (transferred + n_rest, <=, size);
  else
    g_assert_cmpuint (transferred + n_rest, ==, size);

  /* Here, for a base stream may be closed by a thread that comes too late. */
  g_output_stream_close (target, NULL, NULL);
}

static void
test_target_goes (gconstpointer data)
{
  const Pair *pair = data;

  for (Method method = 0; method < N_METHODS; method++)
    /* A splice that is not onto a writer is GIO's affair; and what takes many bytes takes long. */
    if ((method < BY_SPLICE_ASYNC || pair->to_wrap != WRAP_FOREIGN) &&
        (method == 0 || !is_deep (pair) || !gproc_test_is_slow ()))
      check_target_goes (pair, method);
}

/* A target that is full to begin with, and stays so: a file system without room. */
static void
test_no_space (gconstpointer data)
{
  const Pair *pair = data;

  for (Method method = 0; method < N_METHODS; method++)
    {
      g_autoptr (GBytes) bytes = gproc_test_random_bytes (100000);
      g_autoptr (GProcTestEnd) from = gproc_test_source_new (pair->from);
      g_autoptr (GInputStream) source = NULL;
      g_autoptr (GOutputStream) target = NULL;
      g_autoptr (GProcPump) pump = NULL;
      g_autoptr (GBytes) rest = NULL;
      g_autoptr (GError) error = NULL;

      gproc_test_end_feed (from, bytes);
      source = source_stream (from, pair->from_wrap);
      target = gproc_test_track (
        gproc_writer_new_for_fd (gproc_test_open ("/dev/full", O_WRONLY), TRUE));
      pump = pump_new (source, target);
      g_assert_false (move (pump, method, &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
      g_assert_cmpuint (gproc_pump_get_bytes_transferred (pump), ==, 0);
      if (pair->from_wrap == WRAP_FOREIGN)
        continue;
      rest = read_rest (source, from);
      gproc_test_assert_equal (rest, bytes);
    }
}

/* The source breaks behind its bytes: all of them are written before that is said. */
static void
test_source_breaks (gconstpointer data)
{
  const Pair *pair = data;
  const gsize size = takes_single_bytes (pair) ? 3000 : 50000;

  for (guint i = 0; i < 16 * N_METHODS; i++)
    {
      Method method = i % N_METHODS;
      g_autoptr (GBytes) bytes = gproc_test_random_bytes (size);
      g_autoptr (GInputStream) base = gproc_test_input_new (bytes, i / N_METHODS);
      g_autoptr (GProcTestEnd) to = gproc_test_target_new (pair->to);
      g_autoptr (GInputStream) source = NULL;
      g_autoptr (GOutputStream) target = NULL;
      g_autoptr (GProcPump) pump = NULL;
      g_autoptr (GBytes) heard = NULL;
      g_autoptr (GError) error = NULL;

      if (method >= BY_SPLICE_ASYNC && pair->to_wrap == WRAP_FOREIGN)
        continue;
      gproc_test_input_set_chunk (base, (gsize) g_test_rand_int_range (100, (int) size + 10000));
      gproc_test_input_set_error (base, G_IO_ERROR_NO_SPACE);
      gproc_test_end_listen (to, size);
      source = gproc_test_track (pair->from_wrap == WRAP_FOREIGN
                                   ? g_object_ref (base)
                                   : G_INPUT_STREAM (gproc_reader_new (base)));
      target = target_stream (to, pair->to_wrap);
      pump = pump_new (source, target);
      g_assert_false (move (pump, method, &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
      /* What was queued is written as the loop turns. */
      if (GPROC_IS_WRITER (target))
        gproc_test_wait_for (gproc_writer_get_bytes_queued (GPROC_WRITER (target)) == 0);
      if (to->thread != NULL)
        gproc_test_wait (&to->done);
      g_assert_false (g_output_stream_is_closed (target));
      heard = gproc_test_end_join (to);
      gproc_test_assert_equal (heard, bytes);
      close_output (target);
    }
}

static void
add (const char        *name,
     const Pair        *pair,
     GProcTestDataFunc  func)
{
  g_autofree char *path = g_strdup_printf ("/gproc/transfer-broken/%s/%s-to-%s/%s-to-%s", name,
                                           gproc_test_kind_name (pair->from),
                                           gproc_test_kind_name (pair->to),
                                           wrap_name (pair->from_wrap), wrap_name (pair->to_wrap));

  gproc_test_add_data (path, pair, func);
}

int
main (int    argc,
      char **argv)
{
  static Pair pairs[GPROC_TEST_PTMX * GPROC_TEST_N_KINDS * N_WRAPS * N_WRAPS];
  Pair *pair = pairs;

  gproc_test_init (&argc, &argv);

  for (GProcTestKind from = 0; from < GPROC_TEST_PTMX; from++)
    for (GProcTestKind to = 0; to < GPROC_TEST_N_KINDS; to++)
      for (guint wraps = 0; wraps < N_WRAPS * N_WRAPS; wraps++)
        {
          *pair = (Pair){ from, to, wraps / N_WRAPS, wraps % N_WRAPS };
          /* The end of a terminal is an error for GIO's own stream. */
          if (from == GPROC_TEST_PTY && pair->from_wrap == WRAP_STACKED)
            continue;
          /* A file has nobody at its other end who could go. */
          if (to != GPROC_TEST_FILE)
            add ("target-goes", pair, test_target_goes);
          else if (pair->to_wrap == WRAP_OURS)
            add ("no-space", pair, test_no_space);
          if (from == GPROC_TEST_PIPE && pair->from_wrap != WRAP_OURS)
            add ("source-breaks", pair, test_source_breaks);
          pair++;
        }

  return gproc_test_run ();
}
