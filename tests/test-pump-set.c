/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-transfer.h"

#include <string.h>
#include <unistd.h>

/* gproc_pump_run_all_async: pumps that run together. */

#define N_PUMPS 3

/* Pumps between pipes whose far ends are the test's. */
typedef struct
{
  int inputs[N_PUMPS];
  int outputs[N_PUMPS];
  GProcReader *sources[N_PUMPS];
  GProcWriter *targets[N_PUMPS];
  GProcPump *pumps[N_PUMPS];
  GCancellable *cancellable;
  GProcTestCall call;
} Set;

static void
set_init (Set *set)
{
  set->cancellable = g_cancellable_new ();
  for (guint i = 0; i < N_PUMPS; i++)
    {
      int in[2], out[2];

      gproc_test_pipe (in);
      gproc_test_pipe (out);
      set->inputs[i] = in[1];
      set->outputs[i] = out[0];
      set->sources[i] = gproc_test_track (gproc_reader_new_for_fd (in[0], TRUE));
      set->targets[i] = gproc_test_track (gproc_writer_new_for_fd (out[1], TRUE));
      set->pumps[i] = pump_new (G_INPUT_STREAM (set->sources[i]),
                                G_OUTPUT_STREAM (set->targets[i]));
    }
}

static void
set_clear (Set *set)
{
  for (guint i = 0; i < N_PUMPS; i++)
    {
      g_clear_object (&set->pumps[i]);
      g_clear_object (&set->sources[i]);
      g_clear_object (&set->targets[i]);
      gproc_test_close (&set->inputs[i]);
      gproc_test_close (&set->outputs[i]);
    }
  gproc_test_call_clear (&set->call);
  g_clear_object (&set->cancellable);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Set, set_clear)

static void
set_start (Set *set)
{
  gproc_pump_run_all_async (set->pumps, N_PUMPS, G_PRIORITY_DEFAULT, set->cancellable,
                            gproc_test_call_done, &set->call);
  g_assert_cmpint (set->call.done, ==, 0);
}

static gboolean
set_finish (Set     *set,
            GError **error)
{
  gproc_test_call_wait (&set->call);
  g_assert_null (set->call.source);
  for (guint i = 0; i < N_PUMPS; i++)
    {
      g_assert_false (g_input_stream_has_pending (G_INPUT_STREAM (set->sources[i])));
      g_assert_false (g_output_stream_has_pending (G_OUTPUT_STREAM (set->targets[i])));
    }

  return gproc_pump_run_all_finish (set->call.result, error);
}

static void
set_assert_goes_on (Set *set)
{
  gproc_test_settle ();
  g_assert_cmpint (set->call.done, ==, 0);
}

static void
set_assert_succeeds (Set *set)
{
  g_autoptr (GError) error = NULL;
  gboolean success = set_finish (set, &error);

  g_assert_no_error (error);
  g_assert_true (success);
}

/* Writes to one pump, and waits until it has come through. */
static void
set_pass (Set   *set,
          guint  which)
{
  guint64 before = gproc_pump_get_bytes_transferred (set->pumps[which]);
  g_autoptr (GBytes) heard = NULL;

  gproc_test_write (set->inputs[which], "hello", 5);
  gproc_test_wait_for (gproc_pump_get_bytes_transferred (set->pumps[which]) == before + 5);
  heard = gproc_test_read (set->outputs[which], 5);
  gproc_test_assert_bytes (heard, "hello");
}

static void
run_none (GProcPump    **pumps,
          GCancellable  *cancellable)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  gproc_pump_run_all_async (pumps, 0, G_PRIORITY_DEFAULT, cancellable, gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);
  g_assert_true (gproc_pump_run_all_finish (gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);
}

/* No pumps are all done. */
static void
test_empty (void)
{
  GProcPump *none[] = { NULL };

  run_none (NULL, NULL);
  run_none (none, NULL);
}

/* The set ends with the last pump that is waited for. */
static void
test_all (void)
{
  g_auto (Set) set = { 0 };

  set_init (&set);
  set_start (&set);
  for (guint i = 0; i < N_PUMPS; i++)
    {
      for (guint j = i; j < N_PUMPS; j++)
        set_pass (&set, j);
      set_assert_goes_on (&set);
      gproc_test_close (&set.inputs[i]);
    }
  set_assert_succeeds (&set);
  for (guint i = 0; i < N_PUMPS; i++)
    {
      g_assert_cmpuint (gproc_pump_get_bytes_transferred (set.pumps[i]), ==, 5 * (i + 1));
      g_assert_true (g_output_stream_is_closed (G_OUTPUT_STREAM (set.targets[i])));
    }
}

/* The pump for the input of a terminal does not keep it alive; what comes later can be read. */
static void
test_not_waited_for (void)
{
  g_auto (Set) set = { 0 };
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  set_init (&set);
  gproc_pump_set_wait_for_output (set.pumps[0], FALSE);
  set_start (&set);
  set_pass (&set, 0);
  gproc_test_close (&set.inputs[1]);
  set_pass (&set, 0);
  set_assert_goes_on (&set);
  gproc_test_close (&set.inputs[2]);
  set_assert_succeeds (&set);

  g_assert_false (g_output_stream_is_closed (G_OUTPUT_STREAM (set.targets[0])));
  gproc_test_write (set.inputs[0], "later", 5);
  bytes = gproc_reader_read_exactly (set.sources[0], 5, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, "later");
}

/* The one that is not waited for ends first: that is no reason to end. */
static void
test_not_waited_for_ends (void)
{
  g_auto (Set) set = { 0 };

  set_init (&set);
  gproc_pump_set_wait_for_output (set.pumps[0], FALSE);
  set_start (&set);
  gproc_test_close (&set.inputs[0]);
  gproc_test_wait_for (g_output_stream_is_closed (G_OUTPUT_STREAM (set.targets[0])));
  set_pass (&set, 1);
  set_assert_goes_on (&set);
  gproc_test_close (&set.inputs[1]);
  gproc_test_close (&set.inputs[2]);
  set_assert_succeeds (&set);
}

/* If nobody waits for any all go on to the end; and so does a pump alone. */
static void
test_none_waited_for (void)
{
  g_auto (Set) set = { 0 };

  set_init (&set);
  for (guint i = 0; i < N_PUMPS; i++)
    gproc_pump_set_wait_for_output (set.pumps[i], FALSE);
  set_start (&set);
  gproc_test_close (&set.inputs[0]);
  gproc_test_close (&set.inputs[1]);
  set_assert_goes_on (&set);
  set_pass (&set, 2);
  gproc_test_close (&set.inputs[2]);
  set_assert_succeeds (&set);
}

static void
test_alone (void)
{
  g_auto (Set) set = { 0 };
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  set_init (&set);
  gproc_pump_set_wait_for_output (set.pumps[0], FALSE);
  gproc_pump_run_async (set.pumps[0], G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
  set_pass (&set, 0);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  gproc_test_close (&set.inputs[0]);
  g_assert_true (gproc_pump_run_finish (set.pumps[0], gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);
}

/* A target breaks: the other pumps go on, and the reason is told in the end. */
static void
test_broken (gconstpointer data)
{
  gboolean waited_for = GPOINTER_TO_UINT (data) != 0;
  g_auto (Set) set = { 0 };
  g_autoptr (GError) error = NULL;

  set_init (&set);
  gproc_pump_set_wait_for_output (set.pumps[0], waited_for);
  set_start (&set);
  gproc_test_settle ();
  gproc_test_close (&set.outputs[0]);
  gproc_test_wait_for (!g_input_stream_has_pending (G_INPUT_STREAM (set.sources[0])));
  set_pass (&set, 1);
  set_pass (&set, 2);
  set_assert_goes_on (&set);
  gproc_test_close (&set.inputs[1]);
  gproc_test_close (&set.inputs[2]);
  if (!waited_for)
    {
      set_assert_succeeds (&set);
      return;
    }

  g_assert_false (set_finish (&set, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

/* One cannot even begin; the first error is the one that is told. */
static void
test_error_of_one (void)
{
  g_auto (Set) set = { 0 };
  g_autoptr (GError) error = NULL;

  set_init (&set);
  g_assert_true (g_input_stream_close (G_INPUT_STREAM (set.sources[1]), NULL, &error));
  set_start (&set);
  gproc_test_settle ();
  gproc_test_close (&set.outputs[0]);
  gproc_test_wait_for (!g_input_stream_has_pending (G_INPUT_STREAM (set.sources[0])));
  set_pass (&set, 2);
  gproc_test_close (&set.inputs[2]);
  g_assert_false (set_finish (&set, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* The same pump twice. */
static void
test_twice (void)
{
  g_auto (Set) set = { 0 };
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  GProcPump *pumps[2];

  set_init (&set);
  pumps[0] = pumps[1] = set.pumps[0];
  gproc_pump_run_all_async (pumps, 2, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
  gproc_test_close (&set.inputs[0]);
  g_assert_false (gproc_pump_run_all_finish (gproc_test_call_wait (&call), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
}

/* Before it begins, and while it runs: nothing is lost. */
static void
test_cancelled (gconstpointer data)
{
  gboolean before = GPOINTER_TO_UINT (data) != 0;
  g_auto (Set) set = { 0 };
  g_autoptr (GError) error = NULL;

  set_init (&set);
  if (before)
    g_cancellable_cancel (set.cancellable);
  set_start (&set);
  if (!before)
    for (guint i = 0; i < N_PUMPS; i++)
      set_pass (&set, i);
  g_cancellable_cancel (set.cancellable);
  g_assert_false (set_finish (&set, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  for (guint i = 0; i < N_PUMPS; i++)
    {
      g_autoptr (GBytes) bytes = NULL;

      g_assert_false (g_output_stream_is_closed (G_OUTPUT_STREAM (set.targets[i])));
      gproc_test_write (set.inputs[i], "later", 5);
      bytes = gproc_reader_read_exactly (set.sources[i], 5, NULL, &error);
      g_assert_no_error (error);
      gproc_test_assert_bytes (bytes, "later");
    }
}

/* An array of the caller's is the caller's, and so are the pumps: the set has its own. */
static void
test_unref (void)
{
  g_auto (Set) set = { 0 };

  set_init (&set);
  set_start (&set);
  for (guint i = 0; i < N_PUMPS; i++)
    g_clear_object (&set.pumps[i]);
  for (guint i = 0; i < N_PUMPS; i++)
    gproc_test_close (&set.inputs[i]);
  set_assert_succeeds (&set);
}

int
main (int    argc,
      char **argv)
{
  gproc_test_init (&argc, &argv);

  gproc_test_add ("/gproc/pump-set/empty", test_empty);
  gproc_test_add ("/gproc/pump-set/all", test_all);
  gproc_test_add ("/gproc/pump-set/not-waited-for", test_not_waited_for);
  gproc_test_add ("/gproc/pump-set/not-waited-for-ends", test_not_waited_for_ends);
  gproc_test_add ("/gproc/pump-set/none-waited-for", test_none_waited_for);
  gproc_test_add ("/gproc/pump-set/alone", test_alone);
  gproc_test_add_data ("/gproc/pump-set/broken/waited-for", GUINT_TO_POINTER (1), test_broken);
  gproc_test_add_data ("/gproc/pump-set/broken/not-waited-for", NULL, test_broken);
  gproc_test_add ("/gproc/pump-set/error-of-one", test_error_of_one);
  gproc_test_add ("/gproc/pump-set/twice", test_twice);
  gproc_test_add_data ("/gproc/pump-set/cancelled/during", NULL, test_cancelled);
  gproc_test_add_data ("/gproc/pump-set/cancelled/before", GUINT_TO_POINTER (1), test_cancelled);
  gproc_test_add ("/gproc/pump-set/unref", test_unref);

  return gproc_test_run ();
}
