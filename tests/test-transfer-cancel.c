/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-transfer.h"

#include <string.h>

/* Transfers that are cancelled at any moment: each byte has been written, or can be read
 * again, in order. */

typedef enum
{
  BY_PUMP_ASYNC,
  BY_PUMP_BLOCKING,
  BY_SPLICE_ASYNC,
  BY_SPLICE_BLOCKING,
  N_METHODS
} Method;

/* A kind behind those of descriptors: a stream of somebody's own, of every sort there is. */
#define HOSTILE GPROC_TEST_N_KINDS

typedef struct
{
  const Pair *pair;
  GBytes *bytes;
  GProcTestEnd *from; /* NULL: a hostile stream. */
  GProcTestEnd *to;
  GInputStream *hostile_input;
  GOutputStream *hostile_output;
  GInputStream *source;
  GOutputStream *target;
  GByteArray *read; /* What was read past the transfers. */
} Round;

static gboolean
toss (void)
{
  return g_test_rand_bit ();
}

static void
make_source (Round *round)
{
  if (round->pair->from != HOSTILE)
    {
      round->from = gproc_test_source_new (round->pair->from);
      gproc_test_end_feed (round->from, round->bytes);
      round->source = source_stream (round->from, round->pair->from_wrap);
      return;
    }

  round->hostile_input = gproc_test_input_new (round->bytes,
                                               (GProcTestHostility) g_test_rand_int_range (0, 16));
  gproc_test_input_set_chunk (round->hostile_input, (gsize) g_test_rand_int_range (200, 100000));
  round->source = round->pair->from_wrap == WRAP_STACKED
                    ? G_INPUT_STREAM (gproc_reader_new (round->hostile_input))
                    : g_object_ref (round->hostile_input);
  gproc_test_track (round->source);
}

static void
make_target (Round *round)
{
  if (round->pair->to != HOSTILE)
    {
      round->to = gproc_test_target_new (round->pair->to);
      gproc_test_end_listen (round->to, G_MAXSIZE);
      round->target = target_stream (round->to, round->pair->to_wrap);
      return;
    }

  round->hostile_output = gproc_test_output_new (
    (GProcTestHostility) g_test_rand_int_range (0, 16));
  gproc_test_output_set_chunk (round->hostile_output, (gsize) g_test_rand_int_range (200, 100000));
  round->target = round->pair->to_wrap == WRAP_STACKED
                    ? G_OUTPUT_STREAM (gproc_writer_new (round->hostile_output))
                    : g_object_ref (round->hostile_output);
  gproc_test_track (round->target);
}

static void
round_init (Round      *round,
            const Pair *pair)
{
  round->pair = pair;
  round->bytes = gproc_test_random_bytes (
    (gsize) g_test_rand_int_range (0, takes_single_bytes (pair) ? 10000 : 400000));
  round->read = g_byte_array_new ();
  make_source (round);
  make_target (round);
  g_test_message ("%" G_GSIZE_FORMAT " bytes", g_bytes_get_size (round->bytes));
}

/* All there is: heard by the target, then what was read past the transfer. */
static void
round_check (Round *round)
{
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GBytes) read = NULL;
  g_autoptr (GBytes) all = NULL;

  /* A blocking close does not wait for an asynchronous write of the base stream. */
  if (GPROC_IS_WRITER (round->target))
    gproc_test_wait_for (gproc_writer_get_bytes_queued (GPROC_WRITER (round->target)) == 0);
  /* The master of a terminal is closed only when all was heard. */
  if (round->pair->to == GPROC_TEST_PTMX)
    gproc_test_wait_for (gproc_test_end_count (round->to) + round->read->len ==
                         g_bytes_get_size (round->bytes));
  close_output (round->target);
  if (round->to != NULL)
    {
      if (round->to->owner != NULL)
        g_io_stream_close (G_IO_STREAM (round->to->owner), NULL, NULL);
      heard = gproc_test_end_join (round->to);
    }
  else
    {
      heard = gproc_test_output_get_bytes (round->hostile_output);
    }

  read = g_bytes_new (round->read->data, round->read->len);
  all = join_bytes (heard, read);
  gproc_test_assert_equal (all, round->bytes);
}

static void
round_clear (Round *round)
{
  g_clear_object (&round->source);
  g_clear_object (&round->target);
  g_clear_object (&round->hostile_input);
  g_clear_object (&round->hostile_output);
  g_clear_pointer (&round->from, gproc_test_end_free);
  g_clear_pointer (&round->to, gproc_test_end_free);
  g_clear_pointer (&round->bytes, g_bytes_unref);
  g_clear_pointer (&round->read, g_byte_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Round, round_clear)

/* A stream that is not pollable has a read that goes on when a transfer is cancelled. */
static gboolean
is_reading (Round *round)
{
  GInputStream *base = round->source;

  if (GPROC_IS_READER (base))
    base = gproc_reader_get_base_stream (GPROC_READER (base));

  return base != NULL && g_input_stream_has_pending (base);
}

typedef struct
{
  Round *round;
  GCancellable *cancellable;
  gsize after;
  int over;
} Canceller;

/* As soon as the target was told that much. */
static gpointer
cancel_in_thread (gpointer user_data)
{
  Canceller *canceller = user_data;
  Round *round = canceller->round;

  while (!g_atomic_int_get (&canceller->over))
    {
      g_autoptr (GBytes) heard = NULL;
      gsize count;

      if (round->to != NULL)
        count = gproc_test_end_count (round->to);
      else
        count = g_bytes_get_size (heard = gproc_test_output_get_bytes (round->hostile_output));
      if (count >= canceller->after)
        break;
      g_thread_yield ();
    }
  g_cancellable_cancel (canceller->cancellable);

  return NULL;
}

static gboolean
run_blocking (Round         *round,
              GProcPump     *pump,
              GCancellable  *cancellable,
              GError       **error)
{
  Canceller canceller = {
    round, cancellable,
    (gsize) g_test_rand_int_range (0, (int) g_bytes_get_size (round->bytes) * 5 / 4 + 1), FALSE
  };
  GThread *thread = g_thread_new ("canceller", cancel_in_thread, &canceller);
  gboolean success;

  if (pump != NULL)
    success = gproc_pump_run (pump, cancellable, error);
  else
    success = g_output_stream_splice (round->target, round->source, G_OUTPUT_STREAM_SPLICE_NONE,
                                      cancellable, error) >= 0;
  g_atomic_int_set (&canceller.over, TRUE);
  g_thread_join (thread);

  return success;
}

static gboolean
run_async (Round         *round,
           GProcPump     *pump,
           GCancellable  *cancellable,
           GError       **error)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  int n_iterations = toss () ? g_test_rand_int_range (0, 8) : g_test_rand_int_range (0, 200);

  if (pump != NULL)
    gproc_pump_run_async (pump, G_PRIORITY_DEFAULT, cancellable, gproc_test_call_done, &call);
  else
    g_output_stream_splice_async (round->target, round->source, G_OUTPUT_STREAM_SPLICE_NONE,
                                  G_PRIORITY_DEFAULT, cancellable, gproc_test_call_done, &call);
  for (int i = 0; i < n_iterations && !call.done; i++)
    g_main_context_iteration (gproc_test_context (), FALSE);
  g_cancellable_cancel (cancellable);
  gproc_test_call_wait (&call);

  if (pump != NULL)
    return gproc_pump_run_finish (pump, call.result, error);

  return g_output_stream_splice_finish (round->target, call.result, error) >= 0;
}

/* TRUE if all was moved. */
static gboolean
run_and_cancel (Round     *round,
                GProcPump *pump,
                Method     method)
{
  gboolean is_splice = method == BY_SPLICE_ASYNC || method == BY_SPLICE_BLOCKING;
  gboolean is_async = method == BY_PUMP_ASYNC || method == BY_SPLICE_ASYNC;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_test_message ("method %u", method);
  if ((is_async ? run_async : run_blocking) (round, is_splice ? NULL : pump, cancellable, &error))
    {
      g_assert_no_error (error);
      return TRUE;
    }

  /* A base stream whose asynchronous read has not ended cannot be read by blocking calls. */
  if (!is_async && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING))
    {
      gproc_test_wait_for (!is_reading (round));
      g_clear_error (&error);
    }
  else
    {
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  g_assert_false (g_input_stream_has_pending (round->source) && round->hostile_input == NULL);
  g_assert_false (g_output_stream_has_pending (round->target));

  return FALSE;
}

/* What is left can be read as ever. */
static void
read_rest (Round *round)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *buffer = g_malloc (10000);
  gboolean is_pty = round->from != NULL && round->from->kind == GPROC_TEST_PTY;
  gssize count;

  gproc_test_wait_for (!is_reading (round));
  /* The end of a terminal is an error, as GIO's own stream sees it; and only the second one is
   * behind all bytes. */
  for (guint n_tries = is_pty ? 2 : 1; n_tries > 0; n_tries--)
    {
      g_clear_error (&error);
      while ((count = g_input_stream_read (round->source, buffer, 10000, NULL, &error)) > 0)
        g_byte_array_append (round->read, buffer, (guint) count);
    }
  if (!is_pty)
    g_assert_no_error (error);
}

/* Where the target is not ours a splice is GIO's affair. */
static guint
count_methods (const Pair *pair)
{
  return pair->to_wrap == WRAP_FOREIGN ? BY_SPLICE_ASYNC : N_METHODS;
}

/* What a pump has read ahead of a foreign source goes to its next run, or when it goes, to the
 * queue of the target. */
static void
drop_pump (Round      *round,
           GProcPump **pump)
{
  g_clear_object (pump);
  gproc_test_wait_for (!is_reading (round));
}

/* Runs that are cancelled, the first of them by @method; then the rest is moved or read. */
static void
check_round (const Pair *pair,
             Method      method)
{
  gboolean from_ours = pair->from_wrap != WRAP_FOREIGN;
  gboolean to_ours = pair->to_wrap != WRAP_FOREIGN;
  g_auto (Round) round = { 0 };
  g_autoptr (GProcPump) pump = NULL;
  int n_runs = g_test_rand_int_range (1, 8);
  gboolean done = FALSE;

  round_init (&round, pair);
  while (n_runs-- > 0 && !done)
    {
      if (!from_ours && to_ours && (method >= BY_SPLICE_ASYNC || toss ()))
        drop_pump (&round, &pump);
      if (pump == NULL && method < BY_SPLICE_ASYNC)
        {
          pump = pump_new (round.source, round.target);
          gproc_pump_set_propagate_close (pump, FALSE);
        }
      done = run_and_cancel (&round, pump, method);
      if (!from_ours && to_ours && method >= BY_SPLICE_ASYNC)
        gproc_test_wait_for (!is_reading (&round));
      method = (Method) g_test_rand_int_range (0, (int) count_methods (pair));
    }

  if (!done && (pump == NULL || ((from_ours || to_ours) && toss ())))
    {
      drop_pump (&round, &pump);
      read_rest (&round);
    }
  else if (!done)
    {
      assert_pump_runs (pump);
    }
  /* It may have a descriptor of its own for the target. */
  g_clear_object (&pump);
  round_check (&round);
}

static void
test_pair (gconstpointer data)
{
  const Pair *pair = data;
  guint first = (guint) g_test_rand_int_range (0, N_METHODS);
  guint n_rounds = gproc_test_is_slow () ? 1 : N_METHODS;

  for (guint i = 0; i < n_rounds; i++)
    check_round (pair, (Method) ((first + i) % count_methods (pair)));
}

static const char *
kind_name (GProcTestKind kind)
{
  return kind == HOSTILE ? "hostile" : gproc_test_kind_name (kind);
}

/* Whether there is such a pair. The end of a terminal is an error for GIO's own stream; its
 * master as a source is the far end of one that is a source already. */
static gboolean
is_pair (const Pair *pair)
{
  if (pair->from == GPROC_TEST_PTMX || (pair->from == HOSTILE && pair->from_wrap == WRAP_OURS) ||
      (pair->to == HOSTILE && pair->to_wrap == WRAP_OURS))
    return FALSE;

  return pair->from != GPROC_TEST_PTY || pair->from_wrap != WRAP_STACKED;
}

int
main (int    argc,
      char **argv)
{
  static Pair pairs[(HOSTILE + 1) * (HOSTILE + 1) * N_WRAPS * N_WRAPS];
  Pair *pair = pairs;

  gproc_test_init (&argc, &argv);

  for (GProcTestKind from = 0; from <= HOSTILE; from++)
    for (GProcTestKind to = 0; to <= HOSTILE; to++)
      for (guint wraps = 0; wraps < N_WRAPS * N_WRAPS; wraps++)
        {
          g_autofree char *path = NULL;

          *pair = (Pair){ from, to, wraps / N_WRAPS, wraps % N_WRAPS };
          if (!is_pair (pair))
            continue;
          path = g_strdup_printf ("/gproc/transfer-cancel/%s-to-%s/%s-to-%s", kind_name (from),
                                  kind_name (to), wrap_name (pair->from_wrap),
                                  wrap_name (pair->to_wrap));
          gproc_test_add_data (path, pair++, test_pair);
        }

  return gproc_test_run ();
}
