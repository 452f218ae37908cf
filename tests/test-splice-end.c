/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-peer.h"

#include <string.h>
#include <unistd.h>

#include "gproc-test-process.h"

/* How a splice ends that does not end by itself; and GIO's own, which knows nothing of ours. */

/* More than all buffers of the kernel hold. */
static GBytes *
many_bytes (void)
{
  const gsize size = 16 * 1024 * 1024;

  return g_bytes_new_take (g_strnfill (size, 'x'), size);
}

/* The process takes three bytes of many, and goes: what it said is heard to its end. */
static void
test_target_ends (gconstpointer data)
{
  g_autoptr (GBytes) bytes = many_bytes ();
  g_autoptr (GProcStream) head = NULL;
  g_auto (Peer) peer = { 0 };
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;

  head = spawn_program ("head", "-c3");
  peer_init (&peer, GPOINTER_TO_UINT (data));
  gproc_test_end_feed (peer.says, bytes);
  peer_wait_for (&peer, 32768);
  gproc_test_end_listen (peer.hears, G_MAXSIZE);
  g_assert_false (run_splice (head, peer.stream, BOTH | CLOSE_1 | CLOSE_2, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  heard = gproc_test_end_join (peer.hears);
  gproc_test_assert_bytes (heard, "xxx");
  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (head)));
  g_assert_true (g_io_stream_is_closed (peer.stream));
}

/* It closes its input and lives on: the other way is open as long as it does. */
static void
test_target_closes_input (gconstpointer data)
{
  g_autoptr (GBytes) bytes = many_bytes ();
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "head-close", "3");
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (Peer) peer = { 0 };
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;

  peer_init (&peer, GPOINTER_TO_UINT (data));
  gproc_test_end_feed (peer.says, bytes);
  peer_wait_for (&peer, 32768);
  gproc_test_end_listen (peer.hears, G_MAXSIZE);
  gproc_stream_splice_async (stream, peer.stream, BOTH | CLOSE_2, G_PRIORITY_DEFAULT, NULL,
                             gproc_test_call_done, &call);
  gproc_test_wait_for (gproc_test_end_count (peer.hears) == strlen ("closed\n"));
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);

  g_assert_true (gproc_stream_kill (stream, &error));
  g_assert_false (splice_finish (&call, stream, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  heard = gproc_test_end_join (peer.hears);
  gproc_test_assert_bytes (heard, "closed\n");
}

/* It is killed while it has more input than it took. */
static void
test_target_killed (gconstpointer data)
{
  GIOStreamSpliceFlags flags = GPOINTER_TO_UINT (data);
  g_autoptr (GBytes) bytes = many_bytes ();
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "hold", NULL);
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (Peer) peer = { 0 };
  g_autoptr (GBytes) rest = NULL;
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;
  GProcWriter *writer = gproc_stream_get_stdin (stream);
  GProcReader *reader;

  peer_init (&peer, PEER_SOCKET);
  reader = gproc_stream_get_stdout (GPROC_STREAM (peer.stream));
  gproc_test_end_feed (peer.says, bytes);
  gproc_test_end_listen (peer.hears, strlen ("ready\n"));
  gproc_stream_splice_async (stream, peer.stream, flags, G_PRIORITY_DEFAULT, NULL,
                             gproc_test_call_done, &call);
  gproc_test_wait_for (gproc_test_end_count (peer.hears) == strlen ("ready\n"));
  gproc_test_wait_for (gproc_writer_get_bytes_written (writer) > 0 &&
                       !gproc_test_fd_is_ready (gproc_writer_get_fd (writer), G_IO_OUT));
  g_assert_true (gproc_stream_kill (stream, &error));
  /* The end of its output comes as soon, and is the end of all unless both are waited for. */
  if (!splice_finish (&call, stream, &error) || flags != G_IO_STREAM_SPLICE_NONE)
    gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);

  /* What the process did not take is still there. */
  g_assert_false (g_io_stream_is_closed (peer.stream));
  rest = gproc_reader_read_to_end (reader, -1, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (rest) + gproc_writer_get_bytes_written (writer), ==,
                    g_bytes_get_size (bytes));
  g_assert_cmpuint (gproc_writer_get_bytes_queued (writer), ==, 0);
}

/* The client goes while the process floods it. */
static void
test_client_goes (gconstpointer data)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "flood-stdout", "-1");
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  g_auto (Peer) peer = { 0 };
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;

  peer_init (&peer, GPOINTER_TO_UINT (data));
  peer.hears->closes = TRUE;
  gproc_test_end_feed (peer.says, nothing);
  gproc_test_end_listen (peer.hears, 100000);
  g_assert_false (run_splice (stream, peer.stream, BOTH | CLOSE_1 | CLOSE_2, NULL, &error));
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (stream)));
}

/* One half has an operation under way: the others are let go of again. */
static void
test_busy (gconstpointer data)
{
  guint which = GPOINTER_TO_UINT (data);
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "cat", NULL);
  g_auto (Peer) peer = { 0 };
  GObject *halves[4];
  g_autoptr (GError) error = NULL;

  peer_init (&peer, PEER_CONNECTION);
  halves[0] = G_OBJECT (gproc_stream_get_stdin (stream));
  halves[1] = G_OBJECT (gproc_stream_get_stdout (stream));
  halves[2] = G_OBJECT (g_io_stream_get_output_stream (peer.stream));
  halves[3] = G_OBJECT (g_io_stream_get_input_stream (peer.stream));

  if (which % 2 == 0)
    g_assert_true (g_output_stream_set_pending (G_OUTPUT_STREAM (halves[which]), &error));
  else
    g_assert_true (g_input_stream_set_pending (G_INPUT_STREAM (halves[which]), &error));
  g_assert_false (run_splice (stream, peer.stream, BOTH | CLOSE_1 | CLOSE_2, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_false (g_io_stream_is_closed (G_IO_STREAM (stream)));
  g_assert_false (g_io_stream_is_closed (peer.stream));

  for (guint i = 0; i < G_N_ELEMENTS (halves); i++)
    {
      if (i % 2 == 0)
        g_assert_cmpint (g_output_stream_has_pending (G_OUTPUT_STREAM (halves[i])), ==, i == which);
      else
        g_assert_cmpint (g_input_stream_has_pending (G_INPUT_STREAM (halves[i])), ==, i == which);
    }

  if (which % 2 == 0)
    g_output_stream_clear_pending (G_OUTPUT_STREAM (halves[which]));
  else
    g_input_stream_clear_pending (G_INPUT_STREAM (halves[which]));
}

typedef struct
{
  GProcStream *stream;
  Peer peer;
  GCancellable *cancellable;
  GProcTestCall call;
} Running;

/* A splice of `cat` that goes on until somebody ends it. */
static void
running_init (Running              *running,
              PeerKind              kind,
              GIOStreamSpliceFlags  flags)
{
  running->stream = spawn (GPROC_STREAM_FLAGS_NONE, "cat", NULL);
  running->cancellable = g_cancellable_new ();
  peer_init (&running->peer, kind);
  gproc_test_write (running->peer.says->far, "hello\n", -1);
  gproc_test_end_listen (running->peer.hears, G_MAXSIZE);
  gproc_stream_splice_async (running->stream, running->peer.stream, flags, G_PRIORITY_DEFAULT,
                             running->cancellable, gproc_test_call_done, &running->call);
  gproc_test_wait_for (gproc_test_end_count (running->peer.hears) == 6);
  g_assert_cmpint (running->call.done, ==, 0);
}

static void
running_finish (Running  *running,
                GError  **error)
{
  g_assert_false (splice_finish (&running->call, running->stream, error));
}

static void
running_clear (Running *running)
{
  gproc_test_close (&running->peer.says->far);
  g_clear_object (&running->stream);
  g_clear_object (&running->cancellable);
  gproc_test_call_clear (&running->call);
  peer_clear (&running->peer);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Running, running_clear)

static void
test_meanwhile (void)
{
  g_auto (Running) running = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  GProcReader *reader;
  GProcWriter *writer;

  running_init (&running, PEER_SOCKET, BOTH);
  reader = gproc_stream_get_stdout (running.stream);
  writer = gproc_stream_get_stdin (running.stream);

  bytes = gproc_reader_read_some (reader, 1, NULL, &error);
  g_assert_null (bytes);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  bytes = gproc_reader_try_read_some (reader, 1, &error);
  g_assert_null (bytes);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_false (gproc_writer_queue (writer, "x", 1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_cmpint (g_output_stream_write (G_OUTPUT_STREAM (writer), "x", 1, NULL, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_false (run_splice (running.stream, running.peer.stream, BOTH, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_false (run_splice (GPROC_STREAM (running.peer.stream), G_IO_STREAM (running.stream),
                              BOTH, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);

  g_cancellable_cancel (running.cancellable);
  running_finish (&running, &error);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (gproc_writer_queue (writer, "after\n", -1, &error));
  bytes = gproc_reader_read_line (reader, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, "after\n");
}

typedef enum
{
  END_CLOSE_ASYNC,
  END_CLOSE_SYNC,
  END_ABORT,
  END_CLOSE_PEER_ASYNC,
  END_CLOSE_PEER_SYNC,
  END_ABORT_PEER,
  N_ENDS
} End;

static const char * const end_names[] = { "close-async",      "close-sync",      "abort",
                                          "close-peer-async", "close-peer-sync", "abort-peer" };

static void
close_stream (GProcStream *stream,
              End          end,
              Running     *running)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  switch (end)
    {
    case END_ABORT:
    case END_ABORT_PEER:
      gproc_stream_abort (stream);
      break;
    case END_CLOSE_SYNC:
    case END_CLOSE_PEER_SYNC:
      g_io_stream_close (G_IO_STREAM (stream), NULL, &error);
      break;
    case END_CLOSE_ASYNC:
    case END_CLOSE_PEER_ASYNC:
    case N_ENDS:
    default:
      g_io_stream_close_async (G_IO_STREAM (stream), G_PRIORITY_DEFAULT, NULL, gproc_test_call_done,
                               &call);
      g_io_stream_close_finish (G_IO_STREAM (stream), gproc_test_call_wait (&call), &error);
      /* Behind the operation that it cut short. */
      g_assert_cmpint (running->call.done, ==, 1);
    }
  g_assert_no_error (error);
}

/* The stream, or its peer, is closed while it goes on. */
static void
test_closed (gconstpointer data)
{
  End end = GPOINTER_TO_UINT (data);
  gboolean is_peer = end >= END_CLOSE_PEER_ASYNC;
  g_auto (Running) running = { 0 };
  g_autoptr (GError) error = NULL;
  GProcStream *stream;
  int in_fd, out_fd;

  running_init (&running, PEER_PIPES, BOTH);
  stream = is_peer ? GPROC_STREAM (running.peer.stream) : running.stream;
  in_fd = gproc_writer_get_fd (gproc_stream_get_stdin (stream));
  out_fd = gproc_reader_get_fd (gproc_stream_get_stdout (stream));
  g_assert_true (gproc_test_fd_is_open (in_fd) && gproc_test_fd_is_open (out_fd));

  close_stream (stream, end, &running);
  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (stream)));
  g_assert_false (gproc_test_fd_is_open (in_fd));
  g_assert_false (gproc_test_fd_is_open (out_fd));

  /* Where the end of the process ends its side first, the other one still was closed. */
  gproc_test_close (&running.peer.says->far);
  running_finish (&running, &error);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* What was being done, and to which side of it. */
static void
assert_blames (GError     *error,
               const char *what)
{
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, what));
  g_assert_cmpstr (error->message + strlen (what), !=, "");
}

/* The process goes, and the message names it; the same the other way around. */
static void
test_blames_process (gconstpointer data)
{
  gboolean is_peer = GPOINTER_TO_UINT (data) != 0;
  g_autoptr (GBytes) bytes = many_bytes ();
  g_autoptr (GProcStream) head = spawn_program ("head", "-c3");
  g_auto (Peer) peer = { 0 };
  g_autoptr (GError) error = NULL;

  peer_init (&peer, PEER_SOCKET);
  gproc_test_end_feed (peer.says, bytes);
  peer_wait_for (&peer, 32768);
  if (is_peer)
    g_assert_false (
      run_splice (GPROC_STREAM (peer.stream), G_IO_STREAM (head), BOTH, NULL, &error));
  else
    g_assert_false (run_splice (head, peer.stream, BOTH, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  assert_blames (error,
                 is_peer ? "While writing to the peer “head”: " : "While writing to “head”: ");
}

/* Without a process there is no name: each of the four halves has an error of its own. */
static void
test_blames_half (gconstpointer data)
{
  static const char * const messages[] = {
    "While reading from the stream: ", "While writing to the stream: ",
    "While reading from the peer: ", "While writing to the peer: "
  };
  guint which = GPOINTER_TO_UINT (data);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("hello", 5);
  GIOStream *streams[2];
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GIOStream) peer = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GInputStream) in = gproc_test_input_new (bytes, GPROC_TEST_HOSTILE_POLLABLE);
      g_autoptr (GOutputStream) out = gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE);

      if (which == 2 * i)
        gproc_test_input_set_error (in, G_IO_ERROR_NO_SPACE);
      if (which == 2 * i + 1)
        gproc_test_output_set_error (out, 3, G_IO_ERROR_NO_SPACE);
      streams[i] = gproc_test_track (g_simple_io_stream_new (in, out));
    }
  peer = streams[1];
  stream = gproc_test_track (gproc_stream_new_for_io_stream (streams[0]));
  g_object_unref (streams[0]);

  g_assert_false (run_splice (stream, peer, BOTH, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  assert_blames (error, messages[which]);
}

/* Also where nothing was begun, and where all was moved but a close failed. */
static void
test_blames_others (void)
{
  g_autoptr (GProcStream) cat = spawn_program ("cat", NULL);
  g_autoptr (GInputStream) in = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE);
  g_autoptr (GOutputStream) out = gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE);
  g_autoptr (GIOStream) peer = gproc_test_track (g_simple_io_stream_new (in, out));
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (g_output_stream_set_pending (out, &error));
  g_assert_false (run_splice (cat, peer, BOTH, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  assert_blames (error, "While writing to the peer: ");
  g_clear_error (&error);
  g_output_stream_clear_pending (out);

  g_cancellable_cancel (cancellable);
  g_assert_false (run_splice (cat, peer, BOTH, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (strstr (error->message, "While"));
  g_clear_error (&error);

  gproc_test_input_set_close_error (in, G_IO_ERROR_NO_SPACE);
  g_assert_false (run_splice (cat, peer, CLOSE_1 | CLOSE_2, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  assert_blames (error, "While closing the peer: ");
}

/* Nobody but the splice has the streams. */
static void
test_unref (gconstpointer data)
{
  g_autoptr (GBytes) bytes = gproc_test_random_bytes (gproc_test_scale (1024 * 1024));
  g_autoptr (GProcStream) cat = spawn (GPROC_STREAM_FLAGS_NONE, "cat", NULL);
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (Peer) peer = { 0 };
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;
  gboolean quiet = GPOINTER_TO_UINT (data) != 0;

  peer_init (&peer, PEER_CONNECTION);
  gproc_test_end_feed (peer.says, bytes);
  gproc_test_end_listen (peer.hears, G_MAXSIZE);
  if (quiet)
    gproc_stream_splice_async (cat, peer.stream, BOTH | CLOSE_1 | CLOSE_2, G_PRIORITY_DEFAULT, NULL,
                               NULL, NULL);
  else
    gproc_stream_splice_async (cat, peer.stream, BOTH | CLOSE_1 | CLOSE_2, G_PRIORITY_DEFAULT, NULL,
                               gproc_test_call_done, &call);
  g_clear_object (&cat);
  g_clear_object (&peer.stream);

  if (!quiet)
    {
      gproc_test_call_wait (&call);
      g_assert_true (GPROC_IS_STREAM (call.source));
      g_assert_true (g_io_stream_splice_finish (call.result, &error));
      g_assert_no_error (error);
    }
  gproc_test_wait (&peer.hears->done);
  heard = gproc_test_end_join (peer.hears);
  gproc_test_assert_equal (heard, bytes);
}

/* One of the two is both. */
static void
test_itself (void)
{
  g_autoptr (GProcStream) cat = spawn (GPROC_STREAM_FLAGS_NONE, "cat", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (run_splice (cat, G_IO_STREAM (cat), BOTH, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_false (g_input_stream_has_pending (G_INPUT_STREAM (gproc_stream_get_stdout (cat))));
  g_assert_false (g_output_stream_has_pending (G_OUTPUT_STREAM (gproc_stream_get_stdin (cat))));
}

/* A half that is absent is a closed one. */
static void
test_absent (void)
{
  g_autoptr (GProcStream) echo = spawn (GPROC_STREAM_FLAGS_STDIN_NULL, "echo", "hello");
  g_auto (Peer) peer = { 0 };
  g_autoptr (GError) error = NULL;

  peer_init (&peer, PEER_CONNECTION);
  g_assert_false (run_splice (echo, peer.stream, BOTH, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_false (g_output_stream_has_pending (g_io_stream_get_output_stream (peer.stream)));
  g_assert_false (g_input_stream_has_pending (g_io_stream_get_input_stream (peer.stream)));
}

/* Base streams that do all they may: in every combination, there and back. */
static void
test_hostile (void)
{
  for (guint i = 0; i < 256; i++)
    {
      g_autoptr (GBytes) bytes = gproc_test_random_bytes (20000);
      g_autoptr (GProcStream) cat = spawn (GPROC_STREAM_FLAGS_NONE, "cat", NULL);
      g_autoptr (GInputStream) in = gproc_test_input_new (bytes, i % 16);
      g_autoptr (GOutputStream) out = gproc_test_output_new (i / 16);
      g_autoptr (GIOStream) peer = gproc_test_track (g_simple_io_stream_new (in, out));
      g_autoptr (GBytes) heard = NULL;
      g_autoptr (GError) error = NULL;
      gboolean success;

      gproc_test_input_set_chunk (in, (gsize) g_test_rand_int_range (100, 20000));
      gproc_test_output_set_chunk (out, (gsize) g_test_rand_int_range (100, 20000));
      g_test_message ("input %u, output %u", i % 16, i / 16);
      success = run_splice (cat, peer, BOTH | CLOSE_1 | CLOSE_2, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (success);
      heard = gproc_test_output_get_bytes (out);
      gproc_test_assert_equal (heard, bytes);
      g_assert_true (g_output_stream_is_closed (out));
      g_assert_cmpuint (gproc_test_output_get_counts (out).n_closes, ==, 1);
    }
}

typedef struct
{
  GProcStream *stream;
  GIOStream *peer;
  gboolean success;
} Elsewhere;

static gpointer
splice_in_thread (gpointer user_data)
{
  Elsewhere *elsewhere = user_data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  g_main_context_push_thread_default (context);
  gproc_stream_splice_async (elsewhere->stream, elsewhere->peer, BOTH, G_PRIORITY_DEFAULT, NULL,
                             gproc_test_call_done, &call);
  while (!call.done)
    g_main_context_iteration (context, TRUE);
  g_assert_true (call.thread == g_thread_self ());
  elsewhere->success = gproc_stream_splice_finish (elsewhere->stream, call.result, NULL);
  gproc_test_call_clear (&call);
  g_main_context_pop_thread_default (context);

  return NULL;
}

/* In another thread than that of the stream, and in its context. */
static void
test_thread (gconstpointer data)
{
  g_autoptr (GBytes) bytes = gproc_test_random_bytes (gproc_test_scale (1024 * 1024));
  g_autoptr (GProcStream) cat = spawn (GPROC_STREAM_FLAGS_NONE, "cat", NULL);
  g_auto (Peer) peer = { 0 };
  g_autoptr (GBytes) heard = NULL;
  Elsewhere elsewhere = { 0 };

  peer_init (&peer, GPOINTER_TO_UINT (data));
  gproc_test_end_feed (peer.says, bytes);
  gproc_test_end_listen (peer.hears, G_MAXSIZE);
  elsewhere.stream = cat;
  elsewhere.peer = peer.stream;
  g_thread_join (g_thread_new ("elsewhere", splice_in_thread, &elsewhere));
  g_assert_true (elsewhere.success);
  heard = gproc_test_end_join (peer.hears);
  gproc_test_assert_equal (heard, bytes);
}

/* GIO's own, with our stream on either side, or on both. */
static void
check_gio (GIOStream            *first,
           GIOStream            *second,
           GIOStreamSpliceFlags  flags)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  gboolean success;

  g_io_stream_splice_async (first, second, flags, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done,
                            &call);
  success = g_io_stream_splice_finish (gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  g_assert_true (success);
  g_assert_cmpint (g_io_stream_is_closed (first), ==, (flags & CLOSE_1) != 0);
  g_assert_cmpint (g_io_stream_is_closed (second), ==, (flags & CLOSE_2) != 0);
}

static void
test_gio (gconstpointer data)
{
  const GIOStreamSpliceFlags flags[] = { G_IO_STREAM_SPLICE_NONE, BOTH, BOTH | CLOSE_1 | CLOSE_2,
                                         CLOSE_2 };
  const gsize size = gproc_test_scale (512 * 1024);
  g_autofree char *count = g_strdup_printf ("%" G_GSIZE_FORMAT, size);

  for (guint i = 0; i < 2 * G_N_ELEMENTS (flags); i++)
    {
      g_autoptr (GBytes) bytes = gproc_test_random_bytes (size);
      g_autoptr (GProcStream) cat = spawn (GPROC_STREAM_FLAGS_NONE, "cat-until", count);
      g_auto (Peer) peer = { 0 };
      g_autoptr (GBytes) heard = NULL;
      gboolean both = (flags[i / 2] & BOTH) != 0;

      peer_init (&peer, GPOINTER_TO_UINT (data));
      /* As long as the client does not end, the process does alone. */
      peer.says->keep_open = !both;
      g_test_message ("%s, flags %u", i % 2 == 0 ? "first" : "second", flags[i / 2]);
      gproc_test_end_feed (peer.says, bytes);
      gproc_test_end_listen (peer.hears, size);
      if (i % 2 == 0)
        check_gio (G_IO_STREAM (cat), peer.stream, flags[i / 2]);
      else
        check_gio (peer.stream, G_IO_STREAM (cat), flags[i / 2]);
      heard = gproc_test_end_join (peer.hears);
      gproc_test_assert_equal (heard, bytes);
    }
}

static void
add_for_peers (const char        *name,
               GProcTestDataFunc  func)
{
  for (guint i = 0; i < N_PEERS; i++)
    {
      g_autofree char *path = g_strdup_printf ("/gproc/splice-end/%s/%s", name, peer_names[i]);

      gproc_test_add_data (path, GUINT_TO_POINTER (i), func);
    }
}

int
main (int    argc,
      char **argv)
{
  const char * const halves[] = { "stdin", "stdout", "peer-output", "peer-input" };
  const char * const blamed[] = { "reading", "writing", "reading-peer", "writing-peer" };

  gproc_test_init (&argc, &argv);

  add_for_peers ("target-ends", test_target_ends);
  add_for_peers ("target-closes-input", test_target_closes_input);
  gproc_test_add_data ("/gproc/splice-end/target-killed/both", GUINT_TO_POINTER (BOTH),
                       test_target_killed);
  gproc_test_add_data ("/gproc/splice-end/target-killed/one", NULL, test_target_killed);
  add_for_peers ("client-goes", test_client_goes);
  for (guint i = 0; i < G_N_ELEMENTS (halves); i++)
    {
      g_autofree char *path = g_strconcat ("/gproc/splice-end/busy/", halves[i], NULL);

      gproc_test_add_data (path, GUINT_TO_POINTER (i), test_busy);
    }
  gproc_test_add ("/gproc/splice-end/meanwhile", test_meanwhile);
  for (guint i = 0; i < N_ENDS; i++)
    {
      g_autofree char *path = g_strconcat ("/gproc/splice-end/closed/", end_names[i], NULL);

      gproc_test_add_data (path, GUINT_TO_POINTER (i), test_closed);
    }
  gproc_test_add_data ("/gproc/splice-end/unref/callback", GUINT_TO_POINTER (0), test_unref);
  gproc_test_add_data ("/gproc/splice-end/unref/no-callback", GUINT_TO_POINTER (1), test_unref);
  gproc_test_add_data ("/gproc/splice-end/blames/process", NULL, test_blames_process);
  gproc_test_add_data ("/gproc/splice-end/blames/peer-process", GUINT_TO_POINTER (1),
                       test_blames_process);
  for (guint i = 0; i < G_N_ELEMENTS (blamed); i++)
    {
      g_autofree char *path = g_strconcat ("/gproc/splice-end/blames/", blamed[i], NULL);

      gproc_test_add_data (path, GUINT_TO_POINTER (i), test_blames_half);
    }
  gproc_test_add ("/gproc/splice-end/blames/others", test_blames_others);
  gproc_test_add ("/gproc/splice-end/itself", test_itself);
  gproc_test_add ("/gproc/splice-end/absent", test_absent);
  gproc_test_add ("/gproc/splice-end/hostile", test_hostile);
  add_for_peers ("thread", test_thread);
  add_for_peers ("gio", test_gio);

  return gproc_test_run ();
}
