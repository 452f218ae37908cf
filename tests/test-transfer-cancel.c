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

/* Which sides are streams of this library. */
typedef enum
{
  OURS_TO_OURS,
  OURS_TO_FOREIGN,
  FOREIGN_TO_OURS,
  FOREIGN_TO_FOREIGN
} Sides;

typedef struct
{
  Sides sides;
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
  gboolean ours = round->sides == OURS_TO_OURS || round->sides == OURS_TO_FOREIGN;
  GProcTestKind kind = (GProcTestKind) g_test_rand_int_range (0, GPROC_TEST_PTMX + 2);
  Wrap wrap = !ours ? WRAP_FOREIGN : toss () || kind == GPROC_TEST_PTY ? WRAP_OURS : WRAP_STACKED;

  if (kind < GPROC_TEST_PTMX)
    {
      round->from = gproc_test_source_new (kind);
      gproc_test_end_feed (round->from, round->bytes);
      round->source = source_stream (round->from, wrap);
      return;
    }

  round->hostile_input = gproc_test_input_new (round->bytes,
                                               (GProcTestHostility) g_test_rand_int_range (0, 16));
  gproc_test_input_set_chunk (round->hostile_input, (gsize) g_test_rand_int_range (200, 100000));
  round->source = ours ? G_INPUT_STREAM (gproc_reader_new (round->hostile_input))
                       : g_object_ref (round->hostile_input);
  gproc_test_track (round->source);
}

static void
make_target (Round *round)
{
  gboolean ours = round->sides == OURS_TO_OURS || round->sides == FOREIGN_TO_OURS;
  GProcTestKind kind = (GProcTestKind) g_test_rand_int_range (0, GPROC_TEST_PTMX + 2);
  Wrap wrap = !ours ? WRAP_FOREIGN : toss () ? WRAP_OURS : WRAP_STACKED;

  if (kind < GPROC_TEST_PTMX)
    {
      round->to = gproc_test_target_new (kind);
      gproc_test_end_listen (round->to, G_MAXSIZE);
      round->target = target_stream (round->to, wrap);
      return;
    }

  round->hostile_output = gproc_test_output_new (
    (GProcTestHostility) g_test_rand_int_range (0, 16));
  gproc_test_output_set_chunk (round->hostile_output, (gsize) g_test_rand_int_range (200, 100000));
  round->target = ours ? G_OUTPUT_STREAM (gproc_writer_new (round->hostile_output))
                       : g_object_ref (round->hostile_output);
  gproc_test_track (round->target);
}

static void
round_init (Round *round,
            Sides  sides)
{
  round->sides = sides;
  round->bytes = gproc_test_random_bytes ((gsize) g_test_rand_int_range (0, 400000));
  round->read = g_byte_array_new ();
  make_source (round);
  make_target (round);
  g_test_message ("%" G_GSIZE_FORMAT " bytes, %s %s to %s %s", g_bytes_get_size (round->bytes),
                  G_OBJECT_TYPE_NAME (round->source),
                  round->from != NULL ? gproc_test_kind_name (round->from->kind) : "hostile",
                  G_OBJECT_TYPE_NAME (round->target),
                  round->to != NULL ? gproc_test_kind_name (round->to->kind) : "hostile");
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

static Method
choose_method (Round *round)
{
  gboolean to_ours = round->sides == OURS_TO_OURS || round->sides == FOREIGN_TO_OURS;

  return (Method) g_test_rand_int_range (0, to_ours ? N_METHODS : BY_SPLICE_ASYNC);
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

static void
check_round (Sides sides)
{
  g_auto (Round) round = { 0 };
  g_autoptr (GProcPump) pump = NULL;
  int n_runs = g_test_rand_int_range (1, 8);
  gboolean done = FALSE;

  round_init (&round, sides);
  while (n_runs-- > 0 && !done)
    {
      Method method = choose_method (&round);

      if (sides == FOREIGN_TO_OURS && (method >= BY_SPLICE_ASYNC || toss ()))
        drop_pump (&round, &pump);
      if (pump == NULL && method < BY_SPLICE_ASYNC)
        {
          pump = pump_new (round.source, round.target);
          gproc_pump_set_propagate_close (pump, FALSE);
        }
      done = run_and_cancel (&round, pump, method);
      if (sides == FOREIGN_TO_OURS && method >= BY_SPLICE_ASYNC)
        gproc_test_wait_for (!is_reading (&round));
    }

  if (!done && (pump == NULL || (sides != FOREIGN_TO_FOREIGN && toss ())))
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
test_sides (gconstpointer data)
{
  for (gsize n = gproc_test_scale (300); n > 0; n--)
    check_round ((Sides) GPOINTER_TO_UINT (data));
}

int
main (int    argc,
      char **argv)
{
  gproc_test_init (&argc, &argv);

  gproc_test_add_data ("/gproc/transfer-cancel/ours-to-ours", GUINT_TO_POINTER (OURS_TO_OURS),
                       test_sides);
  gproc_test_add_data ("/gproc/transfer-cancel/ours-to-foreign", GUINT_TO_POINTER (OURS_TO_FOREIGN),
                       test_sides);
  gproc_test_add_data ("/gproc/transfer-cancel/foreign-to-ours", GUINT_TO_POINTER (FOREIGN_TO_OURS),
                       test_sides);
  gproc_test_add_data ("/gproc/transfer-cancel/foreign-to-foreign",
                       GUINT_TO_POINTER (FOREIGN_TO_FOREIGN), test_sides);

  return gproc_test_run ();
}
