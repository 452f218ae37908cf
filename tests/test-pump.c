/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-transfer.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a pump says of itself, and how it ends; test-pump-flush has loops of one's own. */

/* A pump between two pipes whose far ends are the test's. */
typedef struct
{
  int input;
  int output;
  GProcReader *source;
  GProcWriter *target;
  GProcPump *pump;
} Rig;

static void
rig_init (Rig *rig)
{
  int in[2], out[2];

  gproc_test_pipe (in);
  gproc_test_pipe (out);
  rig->input = in[1];
  rig->output = out[0];
  rig->source = gproc_test_track (gproc_reader_new_for_fd (in[0], TRUE));
  rig->target = gproc_test_track (gproc_writer_new_for_fd (out[1], TRUE));
  rig->pump = pump_new (G_INPUT_STREAM (rig->source), G_OUTPUT_STREAM (rig->target));
}

static void
rig_clear (Rig *rig)
{
  g_clear_object (&rig->pump);
  g_clear_object (&rig->source);
  g_clear_object (&rig->target);
  gproc_test_close (&rig->input);
  gproc_test_close (&rig->output);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Rig, rig_clear)

static void
count_notify (GObject    *object,
              GParamSpec *pspec,
              guint      *count)
{
  ++*count;
}

static void
test_properties (void)
{
  g_auto (Rig) rig = { 0 };
  g_autoptr (GInputStream) source = NULL;
  g_autoptr (GOutputStream) target = NULL;
  gboolean wait_for_output = FALSE, propagate_close = FALSE;
  guint64 transferred = 1;
  guint n_wait = 0, n_propagate = 0;

  rig_init (&rig);
  g_object_get (rig.pump, "source", &source, "target", &target, "wait-for-output", &wait_for_output,
                "propagate-close", &propagate_close, "bytes-transferred", &transferred, NULL);
  g_assert_true (source == G_INPUT_STREAM (rig.source));
  g_assert_true (target == G_OUTPUT_STREAM (rig.target));
  g_assert_true (gproc_pump_get_source (rig.pump) == source);
  g_assert_true (gproc_pump_get_target (rig.pump) == target);
  g_assert_true (wait_for_output);
  g_assert_true (propagate_close);
  g_assert_cmpuint (transferred, ==, 0);

  g_signal_connect (rig.pump, "notify::wait-for-output", G_CALLBACK (count_notify), &n_wait);
  g_signal_connect (rig.pump, "notify::propagate-close", G_CALLBACK (count_notify), &n_propagate);
  gproc_pump_set_wait_for_output (rig.pump, TRUE);
  gproc_pump_set_propagate_close (rig.pump, 7);
  g_assert_cmpuint (n_wait + n_propagate, ==, 0);
  gproc_pump_set_wait_for_output (rig.pump, FALSE);
  g_object_set (rig.pump, "propagate-close", FALSE, NULL);
  g_assert_cmpuint (n_wait, ==, 1);
  g_assert_cmpuint (n_propagate, ==, 1);
  g_assert_false (gproc_pump_get_wait_for_output (rig.pump));
  g_assert_false (gproc_pump_get_propagate_close (rig.pump));
}

/* As a binding can make one. */
static void
test_without_arguments (gconstpointer data)
{
  guint which = GPOINTER_TO_UINT (data);
  g_auto (Rig) rig = { 0 };
  g_autoptr (GProcPump) pump = NULL;
  g_autoptr (GError) error = NULL;

  rig_init (&rig);
  pump = g_object_new (GPROC_TYPE_PUMP, NULL);
  if (which > 0)
    {
      g_object_unref (pump);
      pump = which == 1 ? g_object_new (GPROC_TYPE_PUMP, "source", rig.source, NULL)
                        : g_object_new (GPROC_TYPE_PUMP, "target", rig.target, NULL);
    }
  gproc_test_track (pump);

  g_assert_true ((gproc_pump_get_source (pump) != NULL) == (which == 1));
  g_assert_true ((gproc_pump_get_target (pump) != NULL) == (which == 2));
  g_assert_true (gproc_pump_get_wait_for_output (pump));
  g_assert_cmpuint (gproc_pump_get_bytes_transferred (pump), ==, 0);
  g_assert_true (gproc_pump_is_done (pump));
  g_assert_cmpint (gproc_pump_flush (pump, 1, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  g_assert_false (gproc_pump_run (pump, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  g_assert_false (run_pump (pump, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
}

typedef struct
{
  guint count;
  guint64 last;
  GThread *thread;
} Notices;

static void
on_transferred (GProcPump  *pump,
                GParamSpec *pspec,
                Notices    *notices)
{
  guint64 now = gproc_pump_get_bytes_transferred (pump);

  g_assert_cmpuint (now, >, notices->last);
  g_assert_true (notices->thread == g_thread_self ());
  g_assert_true (g_main_context_is_owner (gproc_test_context ()));
  notices->last = now;
  notices->count++;
}

/* With each wake-up that moved something, and with no other. */
static void
test_notify (void)
{
  g_auto (Rig) rig = { 0 };
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  Notices notices = { .thread = g_thread_self () };
  g_autoptr (GError) error = NULL;

  rig_init (&rig);
  g_signal_connect (rig.pump, "notify::bytes-transferred", G_CALLBACK (on_transferred), &notices);
  gproc_pump_run_async (rig.pump, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  g_assert_cmpuint (notices.count, ==, 0);

  for (guint i = 1; i <= 5; i++)
    {
      g_autoptr (GBytes) heard = NULL;

      gproc_test_write (rig.input, "hello", 5);
      gproc_test_wait_for (notices.last == 5 * i);
      gproc_test_settle ();
      g_assert_cmpuint (notices.count, ==, i);
      heard = gproc_test_read (rig.output, 5);
      gproc_test_assert_bytes (heard, "hello");
    }

  gproc_test_close (&rig.input);
  g_assert_true (gproc_pump_run_finish (rig.pump, gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);
  g_assert_cmpuint (notices.count, ==, 5);
  g_assert_true (gproc_pump_is_done (rig.pump));
}

/* One of the streams is in use, or the pump itself is. */
static void
test_pending (gconstpointer data)
{
  gboolean is_target = GPOINTER_TO_UINT (data) != 0;
  g_auto (Rig) rig = { 0 };
  g_autoptr (GError) error = NULL;

  rig_init (&rig);
  gproc_test_write (rig.input, "hello", 5);
  if (is_target)
    g_assert_true (g_output_stream_set_pending (G_OUTPUT_STREAM (rig.target), &error));
  else
    g_assert_true (g_input_stream_set_pending (G_INPUT_STREAM (rig.source), &error));

  g_assert_cmpint (gproc_pump_flush (rig.pump, 1, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_false (gproc_pump_run (rig.pump, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_false (run_pump (rig.pump, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);

  /* The mark of the other one was let go of, and that one is still somebody else's. */
  g_assert_cmpint (g_output_stream_has_pending (G_OUTPUT_STREAM (rig.target)), ==, is_target);
  g_assert_cmpint (g_input_stream_has_pending (G_INPUT_STREAM (rig.source)), ==, !is_target);
  if (is_target)
    g_output_stream_clear_pending (G_OUTPUT_STREAM (rig.target));
  else
    g_input_stream_clear_pending (G_INPUT_STREAM (rig.source));

  gproc_test_close (&rig.input);
  assert_pump_runs (rig.pump);
  g_assert_cmpuint (gproc_pump_get_bytes_transferred (rig.pump), ==, 5);
}

static void
test_pending_itself (void)
{
  g_auto (Rig) rig = { 0 };
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  rig_init (&rig);
  gproc_pump_run_async (rig.pump, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
  g_assert_true (g_input_stream_has_pending (G_INPUT_STREAM (rig.source)));
  g_assert_true (g_output_stream_has_pending (G_OUTPUT_STREAM (rig.target)));
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (gproc_pump_flush (rig.pump, 1, &error), ==, -1);
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
      g_assert_false (gproc_pump_run (rig.pump, NULL, &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
      g_assert_false (run_pump (rig.pump, NULL, &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
    }

  gproc_test_close (&rig.input);
  g_assert_true (gproc_pump_run_finish (rig.pump, gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);
  g_assert_false (g_input_stream_has_pending (G_INPUT_STREAM (rig.source)));
}

static void
test_closed (gconstpointer data)
{
  gboolean is_target = GPOINTER_TO_UINT (data) != 0;
  g_auto (Rig) rig = { 0 };
  g_autoptr (GError) error = NULL;

  rig_init (&rig);
  gproc_test_write (rig.input, "hello", 5);
  if (is_target)
    close_output (G_OUTPUT_STREAM (rig.target));
  else
    g_assert_true (g_input_stream_close (G_INPUT_STREAM (rig.source), NULL, &error));

  g_assert_cmpint (gproc_pump_flush (rig.pump, 1, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_false (gproc_pump_run (rig.pump, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_false (run_pump (rig.pump, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpuint (gproc_pump_get_bytes_transferred (rig.pump), ==, 0);
}

/* Both runs of a pump whose source has ended already are over at once. */
static void
test_again (void)
{
  g_auto (Rig) rig = { 0 };
  g_autoptr (GError) error = NULL;

  rig_init (&rig);
  gproc_test_write (rig.input, "hello", 5);
  gproc_test_close (&rig.input);
  for (guint i = 0; i < 2; i++)
    {
      assert_pump_runs (rig.pump);
      g_assert_true (gproc_pump_run (rig.pump, NULL, &error));
      g_assert_no_error (error);
      g_assert_cmpint (gproc_pump_flush (rig.pump, 1, &error), ==, -1);
      g_assert_no_error (error);
    }
  g_assert_cmpuint (gproc_pump_get_bytes_transferred (rig.pump), ==, 5);
}

typedef struct
{
  GProcTestKind kind;
  Wrap wrap;
  gboolean async;
  gboolean propagate;
} Target;

static void
move_to (const Target  *setup,
         GOutputStream *target,
         const char    *string)
{
  g_autoptr (GInputStream) source = g_memory_input_stream_new_from_data (string, -1, NULL);
  g_autoptr (GProcPump) pump = pump_new (source, target);
  g_autoptr (GError) error = NULL;

  gproc_pump_set_propagate_close (pump, setup->propagate);
  if (setup->async)
    assert_pump_runs (pump);
  else
    g_assert_true (gproc_pump_run (pump, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (gproc_pump_is_done (pump));
  g_assert_cmpint (g_output_stream_is_closed (target), ==, setup->propagate);
}

/* The end of the source is heard at the other end of the target, whatever that is; or it is
 * not, and the target can be written as before. */
static void
test_propagate_close (gconstpointer data)
{
  const Target *setup = data;
  g_autoptr (GProcTestEnd) to = gproc_test_target_new (setup->kind);
  g_autoptr (GOutputStream) target = NULL;
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;
  /* Who listens at a master that is closed may miss what was said. */
  gboolean is_master = setup->kind == GPROC_TEST_PTMX;
  int far = to->far;

  gproc_test_end_listen (to, setup->propagate && !is_master ? G_MAXSIZE : is_master ? 5 : 10);
  target = target_stream (to, setup->wrap);
  move_to (setup, target, "hello");
  if (!setup->propagate && !is_master)
    {
      g_assert_true (g_output_stream_write_all (target, "again", 5, NULL, NULL, &error));
      g_assert_no_error (error);
      g_assert_true (g_output_stream_flush (target, NULL, &error));
    }
  if (to->owner != NULL && setup->propagate)
    {
      /* What comes back on a connection still comes. */
      GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (to->owner));
      char buffer[8];

      g_assert_false (g_io_stream_is_closed (G_IO_STREAM (to->owner)));
      gproc_test_wait (&to->done);
      gproc_test_write (far, "back", 4);
      g_assert_cmpint (g_input_stream_read (in, buffer, sizeof buffer, NULL, &error), ==, 4);
      g_assert_no_error (error);
    }
  if (!is_master)
    {
      heard = gproc_test_end_join (to);
      gproc_test_assert_bytes (heard, setup->propagate ? "hello" : "helloagain");
    }
  close_output (target);
}

static void
test_propagate_foreign (gconstpointer data)
{
  const Target *setup = data;

  for (GProcTestHostility hostility = 0; hostility < 16; hostility++)
    {
      g_autoptr (GOutputStream) base = gproc_test_track (gproc_test_output_new (hostility));
      g_autoptr (GOutputStream) target = NULL;
      g_autoptr (GBytes) heard = NULL;

      target = setup->wrap == WRAP_FOREIGN ? g_object_ref (base)
                                           : G_OUTPUT_STREAM (gproc_writer_new (base));
      move_to (setup, target, "hello");
      heard = gproc_test_output_get_bytes (base);
      gproc_test_assert_bytes (heard, "hello");
      g_assert_cmpuint (gproc_test_output_get_counts (base).n_closes, ==, setup->propagate ? 1 : 0);
      close_output (target);
    }
}

/* A close that fails is the failure of the run. */
static void
test_close_error (gconstpointer data)
{
  gboolean async = GPOINTER_TO_UINT (data) != 0;
  g_autoptr (GInputStream) source = g_memory_input_stream_new_from_data ("hello", 5, NULL);
  g_autoptr (GOutputStream) target = gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE);
  g_autoptr (GProcPump) pump = pump_new (source, target);
  g_autoptr (GError) error = NULL;

  gproc_test_output_set_close_error (target, G_IO_ERROR_NO_SPACE);
  g_assert_false (async ? run_pump (pump, NULL, &error) : gproc_pump_run (pump, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_true (g_output_stream_is_closed (target));
}

typedef struct
{
  GProcTestKind kind;
  gboolean async;
  gboolean from_stream; /* The source has no descriptor. */
} Broken;

/* Nobody reads the target any more, and the source says nothing that could tell. Whoever blocks
 * is told as well. */
static void
test_target_gone (gconstpointer data)
{
  const Broken *broken = data;
  g_autoptr (GProcTestEnd) to = gproc_test_target_new (broken->kind);
  g_autoptr (GProcTestEnd) from = gproc_test_source_new (GPROC_TEST_PIPE);
  g_autoptr (GInputStream) source = NULL;
  g_autoptr (GOutputStream) target = NULL;
  g_autoptr (GProcPump) pump = NULL;
  g_autoptr (GBytes) heard = NULL;
  const struct linger reset = { 1, 0 };
  g_autoptr (GError) error = NULL;
  gboolean success;

  /* The end of what comes back over TCP does not say that nobody reads: a reset does. */
  if (broken->kind == GPROC_TEST_TCP)
    g_assert_no_errno (setsockopt (to->far, SOL_SOCKET, SO_LINGER, &reset, sizeof reset));
  to->closes = TRUE;
  gproc_test_end_listen (to, 5);
  if (broken->from_stream)
    {
      source = gproc_test_track (gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE));
      gproc_test_input_hold (source);
      gproc_test_input_push (source, "hello", 5);
    }
  else
    {
      source = source_stream (from, WRAP_OURS);
      gproc_test_write (from->far, "hello", 5);
    }
  target = target_stream (to, WRAP_OURS);
  pump = pump_new (source, target);
  success = broken->async ? run_pump (pump, NULL, &error) : gproc_pump_run (pump, NULL, &error);
  g_assert_false (success);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  heard = gproc_test_end_join (to);
  gproc_test_assert_bytes (heard, "hello");
  g_assert_cmpuint (gproc_pump_get_bytes_transferred (pump), ==, 5);
  g_assert_false (g_input_stream_has_pending (source));
  g_assert_false (g_output_stream_has_pending (target));
}

/* A terminal that nobody has open is no such end, nor a reason to spin. */
static void
test_terminal_gone (void)
{
  g_autoptr (GProcTestEnd) to = gproc_test_target_new (GPROC_TEST_PTY);
  g_autoptr (GProcTestEnd) from = gproc_test_source_new (GPROC_TEST_PIPE);
  g_autoptr (GInputStream) source = source_stream (from, WRAP_OURS);
  g_autoptr (GOutputStream) target = target_stream (to, WRAP_OURS);
  g_autoptr (GProcPump) pump = pump_new (source, target);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  gproc_pump_run_async (pump, G_PRIORITY_DEFAULT, cancellable, gproc_test_call_done, &call);
  gproc_test_settle ();
  gproc_test_close (&to->far);
  gproc_test_settle ();
  gproc_test_wakeups_reset ();
  gproc_test_run_for (20);
  g_assert_cmpuint (gproc_test_wakeups (), <=, 2);
  g_cancellable_cancel (cancellable);
  g_assert_false (gproc_pump_run_finish (pump, gproc_test_call_wait (&call), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
add_targets (void)
{
  static Target targets[8 * GPROC_TEST_N_KINDS * N_WRAPS];
  Target *target = targets;

  for (guint kind = 0; kind <= GPROC_TEST_N_KINDS; kind++)
    for (Wrap wrap = 0; wrap < N_WRAPS; wrap++)
      for (guint flags = 0; flags < 4; flags++)
        {
          gboolean foreign = kind == GPROC_TEST_N_KINDS;
          g_autofree char *path = NULL;

          /* There is no descriptor for a stream of somebody's own. */
          if (foreign && wrap == WRAP_OURS)
            continue;
          *target = (Target){ kind, wrap, (flags & 1) != 0, (flags & 2) != 0 };
          path = g_strdup_printf ("/gproc/pump/%s/%s/%s/%s",
                                  target->propagate ? "propagate-close" : "keep-open",
                                  foreign ? "stream" : gproc_test_kind_name (kind),
                                  wrap_name (wrap), target->async ? "async" : "sync");
          gproc_test_add_data (path, target++,
                               foreign ? test_propagate_foreign : test_propagate_close);
        }
}

static void
add_broken (void)
{
  static const GProcTestKind kinds[] = { GPROC_TEST_PIPE, GPROC_TEST_SOCKET, GPROC_TEST_TCP };
  static Broken broken[4 * G_N_ELEMENTS (kinds)];

  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_autofree char *path = NULL;

      broken[i] = (Broken){ kinds[i / 4], i % 2 != 0, i % 4 / 2 != 0 };
      path = g_strdup_printf ("/gproc/pump/target-gone/%s/%s/%s",
                              gproc_test_kind_name (broken[i].kind),
                              broken[i].from_stream ? "stream" : "pipe",
                              broken[i].async ? "async" : "sync");
      gproc_test_add_data (path, &broken[i], test_target_gone);
    }
}

int
main (int    argc,
      char **argv)
{
  gproc_test_init (&argc, &argv);

  gproc_test_add ("/gproc/pump/properties", test_properties);
  gproc_test_add_data ("/gproc/pump/without-arguments", NULL, test_without_arguments);
  gproc_test_add_data ("/gproc/pump/without-target", GUINT_TO_POINTER (1), test_without_arguments);
  gproc_test_add_data ("/gproc/pump/without-source", GUINT_TO_POINTER (2), test_without_arguments);
  gproc_test_add ("/gproc/pump/notify", test_notify);
  gproc_test_add_data ("/gproc/pump/pending/source", NULL, test_pending);
  gproc_test_add_data ("/gproc/pump/pending/target", GUINT_TO_POINTER (1), test_pending);
  gproc_test_add ("/gproc/pump/pending/itself", test_pending_itself);
  gproc_test_add_data ("/gproc/pump/closed/source", NULL, test_closed);
  gproc_test_add_data ("/gproc/pump/closed/target", GUINT_TO_POINTER (1), test_closed);
  gproc_test_add ("/gproc/pump/again", test_again);
  gproc_test_add_data ("/gproc/pump/close-error/sync", NULL, test_close_error);
  gproc_test_add_data ("/gproc/pump/close-error/async", GUINT_TO_POINTER (1), test_close_error);
  gproc_test_add ("/gproc/pump/terminal-gone", test_terminal_gone);
  add_targets ();
  add_broken ();

  return gproc_test_run ();
}
