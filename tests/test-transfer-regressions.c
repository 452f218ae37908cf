/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-ends.h"
#include "gproc-test.h"

#include <gprocstream/gprocstream.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* What was once wrong with pumps, and with the results of reads. */

typedef struct
{
  GProcPump *pump;
  GProcStream *stream; /* The half of it that the pump is not given is none. */
  GInputStream *source;
  GOutputStream *target;
  int input;  /* What the pump reads comes from here. */
  int output; /* What it writes goes there. */
} Rig;

#define RIG_INIT                   \
  {                                \
    NULL, NULL, NULL, NULL, -1, -1 \
  }

/* @of_target: which half is that of a stream. */
static void
rig_init (Rig      *rig,
          gboolean  of_target)
{
  int in[2], out[2];

  gproc_test_pipe (in);
  gproc_test_pipe (out);
  rig->input = in[1];
  rig->output = out[0];
  if (of_target)
    {
      rig->stream = gproc_stream_new_for_fds (out[1], -1, -1, GPROC_STREAM_FLAGS_TAKE_FDS);
      rig->source = G_INPUT_STREAM (gproc_reader_new_for_fd (in[0], TRUE));
      rig->target = g_object_ref (g_io_stream_get_output_stream (G_IO_STREAM (rig->stream)));
    }
  else
    {
      rig->stream = gproc_stream_new_for_fds (-1, in[0], -1, GPROC_STREAM_FLAGS_TAKE_FDS);
      rig->source = g_object_ref (g_io_stream_get_input_stream (G_IO_STREAM (rig->stream)));
      rig->target = G_OUTPUT_STREAM (gproc_writer_new_for_fd (out[1], TRUE));
    }
  rig->pump = gproc_test_track (gproc_pump_new (rig->source, rig->target));
}

static void
rig_clear (Rig *rig)
{
  g_clear_object (&rig->pump);
  g_clear_object (&rig->source);
  g_clear_object (&rig->target);
  g_clear_object (&rig->stream);
  gproc_test_close (&rig->input);
  gproc_test_close (&rig->output);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Rig, rig_clear)

static void
finish_with (Rig           *rig,
             GProcTestCall *call,
             GIOErrorEnum   code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gproc_pump_run_finish (rig->pump, gproc_test_call_wait (call), &error));
  g_assert_error (error, G_IO_ERROR, (int) code);
}

static void
abort_and_iterate (GProcPump  *pump,
                   GParamSpec *pspec,
                   Rig        *rig)
{
  gproc_stream_abort (rig->stream);
  gproc_test_settle ();
}

/* FALSE if the time of the step was over between the bytes and the end: then the run was still
 * under way when its stream was closed, and says so. */
static gboolean
check_loop_in_last_notice (void)
{
  g_auto (Rig) rig = RIG_INIT;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  gboolean success;

  rig_init (&rig, FALSE);
  gproc_test_write (rig.input, "hello", 5);
  gproc_test_close (&rig.input);
  g_signal_connect (rig.pump, "notify::bytes-transferred", G_CALLBACK (abort_and_iterate), &rig);

  gproc_pump_run_async (rig.pump, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
  success = gproc_pump_run_finish (rig.pump, gproc_test_call_wait (&call), &error);
  if (success)
    g_assert_no_error (error);
  else
    gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 1);

  return success;
}

/* The bytes and the end come in one step. A main loop that runs between the two notices finds
 * nothing that it could complete. */
static void
test_loop_in_last_notice (void)
{
  guint n_tries = 1;

  while (!check_loop_in_last_notice ())
    g_assert_cmpuint (n_tries++, <, 1000);
}

typedef struct
{
  GProcStream *stream;
  gboolean aborts;
  int go;
} Closer;

static gpointer
close_elsewhere (gpointer user_data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  Closer *closer = user_data;

  while (!g_atomic_int_get (&closer->go))
    continue;
  for (volatile int i = g_random_int_range (0, 30000); i > 0; i--)
    continue;

  if (closer->aborts)
    {
      gproc_stream_abort (closer->stream);
      return NULL;
    }

  g_main_context_push_thread_default (context);
  g_io_stream_close_async (G_IO_STREAM (closer->stream), G_PRIORITY_DEFAULT, NULL,
                           gproc_test_call_done, &call);
  while (call.done == 0)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);

  return NULL;
}

/* One half is closed in another thread while the pump ends, or waits for a target that takes
 * nothing. The pump ends, and so does the close. */
static void
test_close_elsewhere (gconstpointer data)
{
  guint flags = GPOINTER_TO_UINT (data);
  gboolean of_target = (flags & 1) != 0, is_full = (flags & 2) != 0;

  for (gsize i = 0; i < gproc_test_scale (400); i++)
    {
      g_auto (Rig) rig = RIG_INIT;
      g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
      Closer closer = { .aborts = (flags & 4) != 0 };
      GThread *thread;

      rig_init (&rig, of_target);
      gproc_pump_set_propagate_close (rig.pump, FALSE);
      if (is_full)
        gproc_test_fill (gproc_writer_get_fd (GPROC_WRITER (rig.target)));
      closer.stream = rig.stream;
      gproc_test_write (rig.input, "hello", 5);
      if (!is_full)
        gproc_test_close (&rig.input);

      thread = g_thread_new ("closer", close_elsewhere, &closer);
      gproc_pump_run_async (rig.pump, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
      g_atomic_int_set (&closer.go, TRUE);
      gproc_pump_run_finish (rig.pump, gproc_test_call_wait (&call), NULL);
      g_thread_join (thread);
      gproc_test_settle ();
    }
}

/* What is buffered is no reason to go on once the source is closed. */
static void
test_close_with_buffer (void)
{
  g_auto (Rig) rig = RIG_INIT;
  g_auto (GProcTestCall) run = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) close = GPROC_TEST_CALL_INIT;
  g_autoptr (GBytes) line = NULL;
  g_autoptr (GError) error = NULL;

  rig_init (&rig, FALSE);
  gproc_test_fill (gproc_writer_get_fd (GPROC_WRITER (rig.target)));
  gproc_test_write (rig.input, "one\ntwo\n", 8);
  line = gproc_reader_read_line (GPROC_READER (rig.source), NULL, &error);
  g_assert_no_error (error);
  gproc_pump_run_async (rig.pump, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &run);
  gproc_test_settle ();

  g_io_stream_close_async (G_IO_STREAM (rig.stream), G_PRIORITY_DEFAULT, NULL, gproc_test_call_done,
                           &close);
  g_assert_true (
    g_io_stream_close_finish (G_IO_STREAM (rig.stream), gproc_test_call_wait (&close), &error));
  g_assert_no_error (error);
  finish_with (&rig, &run, G_IO_ERROR_CLOSED);
}

/* GIO's non-blocking functions do not take from the middle, nor put anything in between. */
static void
test_nonblocking_meanwhile (void)
{
  g_auto (Rig) rig = RIG_INIT;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  char buffer[16];

  rig_init (&rig, FALSE);
  gproc_pump_run_async (rig.pump, G_PRIORITY_DEFAULT, cancellable, gproc_test_call_done, &call);
  gproc_test_settle ();
  gproc_test_write (rig.input, "hello", 5);

  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (rig.source),
                                                             buffer, sizeof buffer, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&error);
  g_assert_cmpint (g_pollable_output_stream_write_nonblocking (
                     G_POLLABLE_OUTPUT_STREAM (rig.target), "no", 2, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);

  g_cancellable_cancel (cancellable);
  finish_with (&rig, &call, G_IO_ERROR_CANCELLED);
}

static void
iterate_until_done (GCancellable  *cancellable,
                    GProcTestCall *call)
{
  gproc_test_wait (&call->done);
}

/* A set of pumps ends below another handler of its token. */
static void
test_set_ends_in_handler (void)
{
  g_auto (Rig) rig = RIG_INIT;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  rig_init (&rig, FALSE);
  gproc_pump_run_all_async (&rig.pump, 1, G_PRIORITY_DEFAULT, cancellable, gproc_test_call_done,
                            &call);
  g_signal_connect (cancellable, "cancelled", G_CALLBACK (iterate_until_done), &call);
  gproc_test_settle ();
  g_cancellable_cancel (cancellable);

  g_assert_false (gproc_pump_run_all_finish (gproc_test_call_wait (&call), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
cancel_on_notice (GProcPump    *pump,
                  GParamSpec   *pspec,
                  GCancellable *cancellable)
{
  g_cancellable_cancel (cancellable);
}

/* Cancelled between the last byte and the close of the target: a later run closes it. */
static void
test_cancel_before_close (void)
{
  g_auto (Rig) rig = RIG_INIT;
  g_auto (GProcTestCall) first = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) second = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  rig_init (&rig, FALSE);
  gproc_test_write (rig.input, "hello", 5);
  gproc_test_close (&rig.input);
  g_signal_connect (rig.pump, "notify::bytes-transferred", G_CALLBACK (cancel_on_notice),
                    cancellable);
  gproc_pump_run_async (rig.pump, G_PRIORITY_DEFAULT, cancellable, gproc_test_call_done, &first);
  finish_with (&rig, &first, G_IO_ERROR_CANCELLED);

  gproc_pump_run_async (rig.pump, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &second);
  g_assert_true (gproc_pump_run_finish (rig.pump, gproc_test_call_wait (&second), &error));
  g_assert_no_error (error);
  g_assert_true (g_output_stream_is_closed (rig.target));
}

typedef struct
{
  gpointer seen; /* What was attached to the result. */
  gboolean attach;
  int done;
  int freed;
  int gone;
} Attached;

static void
attached_freed (gpointer user_data)
{
  ((Attached *) user_data)->freed++;
}

static void
attached_gone (gpointer  user_data,
               GObject  *where)
{
  ((Attached *) user_data)->gone++;
}

static void
attach_to_result (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  Attached *attached = user_data;
  g_autoptr (GBytes) bytes = gproc_reader_read_some_finish (GPROC_READER (source), result, NULL);

  attached->seen = g_object_get_data (G_OBJECT (result), "attached");
  if (attached->attach)
    {
      g_object_set_data_full (G_OBJECT (result), "attached", attached, attached_freed);
      g_object_weak_ref (G_OBJECT (result), attached_gone, attached);
    }
  attached->done++;
}

/* A result that is used again brings nothing along from before. */
static void
test_attached_to_result (void)
{
  g_autoptr (GProcReader) reader = NULL;
  Attached attached = { .attach = TRUE };
  int fds[2];

  gproc_test_pipe (fds);
  reader = gproc_reader_new_for_fd (fds[0], TRUE);
  gproc_test_write (fds[1], "ab", 2);

  gproc_reader_read_some_async (reader, 1, G_PRIORITY_DEFAULT, NULL, attach_to_result, &attached);
  gproc_test_wait (&attached.done);
  g_assert_cmpint (attached.freed, ==, 1);
  g_assert_cmpint (attached.gone, ==, 1);

  attached.attach = FALSE;
  attached.done = 0;
  gproc_reader_read_some_async (reader, 1, G_PRIORITY_DEFAULT, NULL, attach_to_result, &attached);
  gproc_test_wait (&attached.done);
  g_assert_null (attached.seen);
  gproc_test_close (&fds[1]);
}

/* A pump from a stream that cannot take anything back, cancelled when its target is full. */
typedef struct
{
  GInputStream *source;
  GProcWriter *target;
  GProcPump *pump;
  int peer;
} Leftover;

#define LEFTOVER_SIZE 300000

static void
leftover_init (Leftover *leftover)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) bytes = gproc_test_random_bytes (LEFTOVER_SIZE);
  g_autoptr (GError) error = NULL;
  int fds[2];

  gproc_test_pipe (fds);
  leftover->peer = fds[0];
  leftover->source = g_memory_input_stream_new_from_bytes (bytes);
  leftover->target = gproc_test_track (gproc_writer_new_for_fd (fds[1], TRUE));
  leftover->pump = gproc_test_track (
    gproc_pump_new (leftover->source, G_OUTPUT_STREAM (leftover->target)));
  gproc_pump_run_async (leftover->pump, 0, cancellable, gproc_test_call_done, &call);
  gproc_test_settle ();
  g_cancellable_cancel (cancellable);
  g_assert_false (gproc_pump_run_finish (leftover->pump, gproc_test_call_wait (&call), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (gproc_pump_get_bytes_transferred (leftover->pump), <, LEFTOVER_SIZE);
}

static void
leftover_clear (Leftover *leftover)
{
  g_clear_object (&leftover->pump);
  g_clear_object (&leftover->source);
  g_clear_object (&leftover->target);
  gproc_test_close (&leftover->peer);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Leftover, leftover_clear)

/* What a pump has read ahead goes to its target, also where that is closed: it is counted. */
static void
test_leftover_of_closed_target (void)
{
  g_auto (Leftover) leftover = { NULL, NULL, NULL, -1 };
  GProcWriter *target;
  guint64 taken;

  leftover_init (&leftover);
  target = leftover.target;
  gproc_writer_abort (target);
  g_clear_object (&leftover.pump);
  gproc_test_settle ();

  taken = (guint64) g_seekable_tell (G_SEEKABLE (leftover.source));
  g_assert_cmpuint (gproc_writer_get_bytes_accepted (target), ==, taken);
  g_assert_cmpuint (gproc_writer_get_bytes_discarded (target), >, 0);
  g_assert_cmpuint (gproc_writer_get_bytes_written (target) +
                      gproc_writer_get_bytes_discarded (target),
                    ==, taken);
}

/* What is refused behind a flush does not make that flush succeed. */
static void
test_leftover_behind_flush (void)
{
  g_auto (Leftover) leftover = { NULL, NULL, NULL, -1 };
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autofree char *data = g_malloc0 (600000);
  g_autoptr (GBytes) some = NULL;
  g_autoptr (GError) error = NULL;

  leftover_init (&leftover);
  g_assert_true (gproc_writer_queue (leftover.target, data, 600000, &error));
  g_output_stream_flush_async (G_OUTPUT_STREAM (leftover.target), 0, NULL, gproc_test_call_done,
                               &call);
  g_assert_true (gproc_writer_write_eof (leftover.target, &error));
  g_clear_object (&leftover.pump);
  some = gproc_test_read_available (leftover.peer, 8192);
  gproc_test_settle ();
  g_assert_cmpuint (gproc_writer_get_bytes_discarded (leftover.target), >, 0);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (leftover.target), >, 0);
  g_assert_cmpint (call.done, ==, 0);

  gproc_writer_abort (leftover.target);
  g_assert_false (g_output_stream_flush_finish (G_OUTPUT_STREAM (leftover.target),
                                                gproc_test_call_wait (&call), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static gsize
drain_peer (int fd)
{
  char buffer[65536];
  gsize total = 0;
  gssize count;

  g_assert_no_errno (fcntl (fd, F_SETFL, O_NONBLOCK));
  while ((count = read (fd, buffer, sizeof buffer)) > 0)
    total += (gsize) count;

  return total;
}

static void
drop_in_child (gconstpointer data)
{
  const Leftover *leftover = data;

  g_object_run_dispose (G_OBJECT (leftover->pump));
  gproc_test_settle ();
}

/* In the child of a fork they are not its bytes. */
static void
test_leftover_in_child (void)
{
  g_auto (Leftover) leftover = { NULL, NULL, NULL, -1 };
  gsize total;

  if (gproc_test_cannot_fork ())
    return;

  leftover_init (&leftover);
  total = drain_peer (leftover.peer);
  g_assert_cmpuint (total, ==, gproc_pump_get_bytes_transferred (leftover.pump));
  gproc_test_fork (drop_in_child, &leftover);
  g_assert_cmpuint (drain_peer (leftover.peer), ==, 0);

  g_clear_object (&leftover.pump);
  do
    {
      gproc_test_settle ();
      total += drain_peer (leftover.peer);
    }
  while (gproc_writer_get_bytes_queued (leftover.target) > 0);
  g_assert_cmpuint (total, ==, g_seekable_tell (G_SEEKABLE (leftover.source)));
}

typedef struct
{
  GCancellable *cancellable;
  GProcTestCall *call;
} Held;

static void
cancel_in_child (gconstpointer data)
{
  const Held *held = data;

  g_cancellable_cancel (held->cancellable);
  gproc_test_call_wait (held->call);
}

/* Between two sockets the kernel moves through a pipe, which a fork shares: a child that lets
 * go of the transfer takes nothing out of it. */
static void
test_held_in_child (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GProcTestEnd) from = gproc_test_source_new (GPROC_TEST_SOCKET);
  g_autoptr (GProcTestEnd) to = gproc_test_target_new (GPROC_TEST_SOCKET);
  g_autoptr (GBytes) bytes = gproc_test_random_bytes (100000);
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GBytes) tail = NULL;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GProcPump) pump = NULL;
  g_autoptr (GError) error = NULL;
  Held held = { cancellable, &call };
  gsize before;

  if (gproc_test_cannot_fork ())
    return;

  before = gproc_test_fill (to->fd);
  gproc_test_end_feed (from, bytes);
  gproc_test_wait (&from->done);
  reader = gproc_reader_new_for_fd (gproc_test_end_take (from), TRUE);
  writer = gproc_writer_new_for_fd (gproc_test_end_take (to), TRUE);
  pump = gproc_test_track (gproc_pump_new (G_INPUT_STREAM (reader), G_OUTPUT_STREAM (writer)));
  gproc_pump_run_async (pump, 0, cancellable, gproc_test_call_done, &call);
  gproc_test_settle ();
  g_assert_cmpuint (gproc_reader_get_bytes_read (reader), ==, 100000);
  g_assert_cmpuint (gproc_pump_get_bytes_transferred (pump), ==, 0);
  gproc_test_fork (cancel_in_child, &held);

  gproc_test_end_listen (to, G_MAXSIZE);
  g_assert_true (gproc_pump_run_finish (pump, gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);
  heard = gproc_test_end_join (to);
  g_assert_cmpuint (g_bytes_get_size (heard), ==, before + 100000);
  tail = g_bytes_new_from_bytes (heard, before, 100000);
  gproc_test_assert_equal (tail, bytes);
}

int
main (int    argc,
      char **argv)
{
  static const char * const paths[] = { "end/source-closes",  "end/target-closes",
                                        "full/source-closes", "full/target-closes",
                                        "end/source-aborts",  "end/target-aborts",
                                        "full/source-aborts", "full/target-aborts" };

  gproc_test_init (&argc, &argv);

  gproc_test_add ("/gproc/transfer-regressions/loop-in-last-notice", test_loop_in_last_notice);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *path = g_strconcat ("/gproc/transfer-regressions/elsewhere/", paths[i],
                                           NULL);

      gproc_test_add_data (path, GUINT_TO_POINTER (i), test_close_elsewhere);
    }
  gproc_test_add ("/gproc/transfer-regressions/close-with-buffer", test_close_with_buffer);
  gproc_test_add ("/gproc/transfer-regressions/nonblocking-meanwhile", test_nonblocking_meanwhile);
  gproc_test_add ("/gproc/transfer-regressions/set-ends-in-handler", test_set_ends_in_handler);
  gproc_test_add ("/gproc/transfer-regressions/cancel-before-close", test_cancel_before_close);
  gproc_test_add ("/gproc/transfer-regressions/attached-to-result", test_attached_to_result);
  gproc_test_add ("/gproc/transfer-regressions/leftover/closed-target",
                  test_leftover_of_closed_target);
  gproc_test_add ("/gproc/transfer-regressions/leftover/behind-flush", test_leftover_behind_flush);
  gproc_test_add ("/gproc/transfer-regressions/leftover/child", test_leftover_in_child);
  gproc_test_add ("/gproc/transfer-regressions/held-in-child", test_held_in_child);

  return gproc_test_run ();
}
