/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test.h"

#include <gprocstream/gprocstream.h>

#include <string.h>
#include <unistd.h>

/* What was once wrong with readers, and with what all streams of a descriptor share. */

static GProcReader *
make_reader (int *peer)
{
  int fds[2];

  gproc_test_pipe (fds);
  *peer = fds[1];
  return gproc_test_track (gproc_reader_new_for_fd (fds[0], TRUE));
}

/* Made in the middle of a line that is longer than the limit of 4, with nothing more to
 * be read for now. */
static GProcReader *
make_dropping_reader (GProcLimitPolicy  policy,
                      int              *peer)
{
  GProcReader *reader = make_reader (peer);
  g_autoptr (GError) error = NULL;

  gproc_reader_set_limit (reader, 4);
  gproc_reader_set_limit_policy (reader, policy);
  gproc_test_write (*peer, "aaaaaaaaaa", 10);
  g_assert_null (gproc_reader_try_read_line (reader, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  return reader;
}

static void
assert_line (GProcReader *reader,
             const char  *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = gproc_reader_read_line (reader, NULL, &error);

  g_assert_no_error (error);
  if (expected != NULL)
    gproc_test_assert_bytes (bytes, expected);
  else
    g_assert_null (bytes);
}

static void
end_input (int        *peer,
           const char *data)
{
  gproc_test_write (*peer, data, strlen (data));
  gproc_test_close (peer);
}

/* What is refused as text is still to be had as bytes, as a line of its own: the line that
 * was cut short ran together with the next one, its newline being gone. */
static void
test_truncated_text (gconstpointer data)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  int peer;

  reader = make_reader (&peer);
  gproc_reader_set_limit (reader, 4);
  gproc_reader_set_limit_policy (reader, GPROC_LIMIT_POLICY_TRUNCATE);
  end_input (&peer, "ab\xff"
                    "defgh\nok\n");
  if (GPOINTER_TO_INT (data))
    {
      gproc_reader_read_line_utf8_async (reader, 0, NULL, gproc_test_call_done, &call);
      text = gproc_reader_read_line_utf8_finish (reader, gproc_test_call_wait (&call), &error);
    }
  else
    text = gproc_reader_read_line_utf8 (reader, NULL, &error);
  g_assert_null (text);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  assert_line (reader, "ab\xff"
                       "d\n");
  assert_line (reader, "ok\n");
  assert_line (reader, NULL);
}

/* What the application puts back in the middle of a line that is being skipped is not of
 * that line: it was dropped with it. */
static void
test_skip_unread (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("foo\n", 4);
  g_autoptr (GError) error = NULL;
  int peer;

  reader = make_dropping_reader (GPROC_LIMIT_POLICY_SKIP, &peer);
  g_assert_true (gproc_reader_unread (reader, bytes, &error));
  g_assert_no_error (error);
  end_input (&peer, "bbb\nccc\n");
  assert_line (reader, "foo\n");
  /* Nobody skips any longer. */
  assert_line (reader, "bbb\n");
  assert_line (reader, "ccc\n");
  assert_line (reader, NULL);
}

/* Asking for the end is no reading: it ended the skipping, and the tail of the line that
 * was too long was given as a line. */
static void
test_skip_at_eof (gconstpointer data)
{
  g_autoptr (GProcReader) reader = NULL;
  int peer;

  reader = make_dropping_reader (GPROC_LIMIT_POLICY_SKIP, &peer);
  g_assert_false (gproc_reader_at_eof (reader));
  if (GPOINTER_TO_INT (data))
    {
      gproc_test_write (peer, "b", 1); /* With the rest no longer than the limit. */
      gproc_reader_at_eof (reader);
    }
  end_input (&peer, "bbb\nccc\n");
  g_assert_false (gproc_reader_at_eof (reader));
  assert_line (reader, "ccc\n");
  assert_line (reader, NULL);
  g_assert_true (gproc_reader_at_eof (reader));
}

/* The same, where the start of the line is kept. */
static void
test_truncate_at_eof (void)
{
  g_autoptr (GProcReader) reader = NULL;
  int peer;

  reader = make_dropping_reader (GPROC_LIMIT_POLICY_TRUNCATE, &peer);
  g_assert_false (gproc_reader_at_eof (reader));
  end_input (&peer, "bbb\nccc\n");
  assert_line (reader, "aaaa");
  assert_line (reader, "ccc\n");
  assert_line (reader, NULL);
}

/* A fill takes nothing either, and ended the skipping. */
static void
test_skip_fill (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  int peer;

  reader = make_dropping_reader (GPROC_LIMIT_POLICY_SKIP, &peer);
  gproc_reader_fill_async (reader, 1, 0, cancellable, gproc_test_call_done, &call);
  gproc_test_settle ();
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (gproc_reader_fill_finish (reader, gproc_test_call_wait (&call), &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  end_input (&peer, "bbb\nccc\n");
  g_assert_cmpint (gproc_reader_fill (reader, 1, NULL, &error), >, 0);
  g_assert_no_error (error);
  assert_line (reader, "ccc\n");
  assert_line (reader, NULL);
}

static void
assert_until_nul (GProcReader *reader,
                  const char  *expected,
                  gsize        size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = gproc_reader_read_until (reader, "\0", 1, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (bytes);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected, size);
}

/* A line that is being skipped was skipped up to whatever the next read looked for. */
static void
test_skip_other_separator (void)
{
  g_autoptr (GProcReader) reader = NULL;
  int peer;

  reader = make_dropping_reader (GPROC_LIMIT_POLICY_SKIP, &peer);
  gproc_test_write (peer, "b\nc\0no\0", 7);
  gproc_test_close (&peer);
  assert_until_nul (reader, "b\nc", 4);
  assert_until_nul (reader, "no", 3);
}

/* Data without its separator was given as if it had come to one. */
static void
test_truncate_until_eof (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  int peer;

  reader = make_reader (&peer);
  gproc_reader_set_limit (reader, 4);
  gproc_reader_set_limit_policy (reader, GPROC_LIMIT_POLICY_TRUNCATE);
  end_input (&peer, "aaaaaaaaaa");
  g_assert_null (gproc_reader_read_until (reader, ";", 1, NULL, &error));
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_INCOMPLETE_READ);
  gproc_test_assert_bytes (gproc_reader_get_last_partial (reader), "aaaa");
  g_assert_cmpuint (gproc_reader_get_buffered (reader), ==, 0);
  g_assert_true (gproc_reader_at_eof (reader));
}

static void
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  int *n_calls = user_data;

  (*n_calls)++;
  gproc_test_settle ();
}

/* The read that ends within a handler of its cancellable must not wait for the end of that
 * handler. Both orders: the handler of the application comes before or after the reader's. */
static void
test_cancelled_nested (gconstpointer data)
{
  gboolean before = GPOINTER_TO_INT (data);
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  int n_calls = 0;
  int peer;

  reader = make_reader (&peer);
  if (before)
    g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_cancelled), &n_calls);
  gproc_reader_read_line_async (reader, 0, cancellable, gproc_test_call_done, &call);
  gproc_test_settle ();
  if (!before)
    g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_cancelled), &n_calls);
  g_cancellable_cancel (cancellable);
  g_assert_null (gproc_reader_read_line_finish (reader, gproc_test_call_wait (&call), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (n_calls, ==, 1);
  end_input (&peer, "line\n");
  assert_line (reader, "line\n");
}

/* The same of GIO's own read. */
static void
test_cancelled_nested_plain (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  char buffer[10];
  int n_calls = 0;
  int peer;

  reader = make_reader (&peer);
  g_input_stream_read_async (G_INPUT_STREAM (reader), buffer, sizeof buffer, 0, cancellable,
                             gproc_test_call_done, &call);
  gproc_test_settle ();
  g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_cancelled), &n_calls);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (g_input_stream_read_finish (G_INPUT_STREAM (reader),
                                               gproc_test_call_wait (&call), &error),
                   ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (n_calls, ==, 1);
  gproc_test_close (&peer);
}

static void
unref_in_child (gconstpointer data)
{
  g_object_unref ((gpointer) data);
}

/* A shutdown reaches everybody who has the socket: the child of a fork that lets go of what
 * it inherited must not half-close the parent's. */
static void
test_fork_socket (void)
{
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) sent = NULL;
  int fds[2];

  if (gproc_test_cannot_fork ())
    return;

  gproc_test_socketpair (fds);
  stream = gproc_test_track (
    gproc_stream_new_for_fds (fds[0], fds[0], -1, GPROC_STREAM_FLAGS_TAKE_FDS));
  gproc_test_fork (unref_in_child, stream);

  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), "hello", 5, &error));
  g_assert_no_error (error);
  g_assert_true (
    g_output_stream_flush (G_OUTPUT_STREAM (gproc_stream_get_stdin (stream)), NULL, &error));
  g_assert_no_error (error);
  sent = gproc_test_read (fds[1], 5);
  gproc_test_assert_bytes (sent, "hello");
  gproc_test_write (fds[1], "answer\n", 7);
  assert_line (gproc_stream_get_stdout (stream), "answer\n");
  gproc_test_close (&fds[1]);
}

typedef struct
{
  GProcReader *idle;
  GProcReader *waiting;
  GProcTestCall *call;
  int peer;
} Forked;

static void
wait_in_child (gconstpointer data)
{
  const Forked *forked = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = NULL;

  g_object_unref (forked->idle);
  gproc_test_write (forked->peer, "child\n", 6);
  line = gproc_reader_read_line_finish (forked->waiting, gproc_test_call_wait (forked->call),
                                        &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (line, "child\n");
}

/* A fork gives the poller of the child a new start, with the watches that it had: one that
 * was registered, but not armed, was freed without being forgotten. */
static void
test_fork_idle (void)
{
  g_auto (GProcTestCall) idle = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) waiting = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GProcReader) other = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = NULL;
  g_autoptr (GBytes) result = NULL;
  Forked forked;
  int peers[2];

  if (gproc_test_cannot_fork ())
    return;

  reader = make_reader (&peers[0]);
  other = make_reader (&peers[1]);
  gproc_reader_read_line_async (reader, 0, NULL, gproc_test_call_done, &idle);
  gproc_reader_read_line_async (other, 0, NULL, gproc_test_call_done, &waiting);
  gproc_test_settle ();
  gproc_test_write (peers[0], "hi\n", 3);
  line = gproc_reader_read_line_finish (reader, gproc_test_call_wait (&idle), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (line, "hi\n");
  gproc_test_call_clear (&idle); /* It has a reference. */

  forked = (Forked){ reader, other, &waiting, peers[1] };
  gproc_test_fork (wait_in_child, &forked);

  g_assert_cmpint (waiting.done, ==, 0);
  gproc_test_write (peers[1], "parent\n", 7);
  result = gproc_reader_read_line_finish (other, gproc_test_call_wait (&waiting), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (result, "parent\n");
  gproc_test_write (peers[0], "more\n", 5);
  assert_line (reader, "more\n");
  gproc_test_close (&peers[0]);
  gproc_test_close (&peers[1]);
}

/* Every blocking call says that there is nothing to read from any more. */
static void
assert_closed (GProcReader *reader)
{
  GInputStream *stream = G_INPUT_STREAM (reader);
  g_autoptr (GError) error = NULL;
  char buffer[4];

  g_assert_null (gproc_reader_read_line (reader, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_null (gproc_reader_read_line_utf8 (reader, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_null (gproc_reader_read_lines (reader, 2, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_null (gproc_reader_read_some (reader, 2, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_null (gproc_reader_read_exactly (reader, 2, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_null (gproc_reader_read_until (reader, ";", 1, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_null (gproc_reader_read_to_end (reader, -1, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpint (gproc_reader_fill (reader, 2, NULL, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpint (g_input_stream_read (stream, buffer, sizeof buffer, NULL, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpint (g_input_stream_skip (stream, 2, NULL, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static GProcStream *
make_stream (int peers[2])
{
  int in[2];
  int out[2];

  gproc_test_pipe (in);
  gproc_test_pipe (out);
  peers[0] = in[0];
  peers[1] = out[1];
  return gproc_test_track (
    gproc_stream_new_for_fds (in[1], out[0], -1, GPROC_STREAM_FLAGS_TAKE_FDS));
}

/* The reader of a stream that was closed had no input to wait for, and waited. */
static void
test_closed_before (void)
{
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  int peers[2];

  stream = make_stream (peers);
  reader = g_object_ref (gproc_stream_get_stdout (stream));
  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
  assert_closed (reader);
  g_clear_object (&stream);
  assert_closed (reader);
  gproc_test_close (&peers[0]);
  gproc_test_close (&peers[1]);
}

static void
on_stream_closed (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr (GError) error = NULL;
  int *n_calls = user_data;

  g_assert_true (g_io_stream_close_finish (G_IO_STREAM (source), result, &error));
  g_assert_no_error (error);
  assert_closed (gproc_stream_get_stdout (GPROC_STREAM (source)));
  (*n_calls)++;
}

static void
on_line (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr (GError) error = NULL;
  int *n_calls = user_data;

  g_assert_null (gproc_reader_read_line_finish (GPROC_READER (source), result, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  assert_closed (GPROC_READER (source));
  (*n_calls)++;
}

/* The same, asked from the callbacks that hear of the close: that of the read which it
 * ended comes while the close is still under way. */
static void
test_closed_in_callback (void)
{
  g_autoptr (GProcStream) stream = NULL;
  int n_calls = 0;
  int peers[2];

  stream = make_stream (peers);
  gproc_reader_read_line_async (gproc_stream_get_stdout (stream), 0, NULL, on_line, &n_calls);
  gproc_test_settle ();
  g_io_stream_close_async (G_IO_STREAM (stream), 0, NULL, on_stream_closed, &n_calls);
  gproc_test_wait_for (n_calls == 2);
  gproc_test_close (&peers[0]);
  gproc_test_close (&peers[1]);
}

/* A stream that can be polled, with nothing to be read, whose read closes what reads it. */
typedef struct
{
  GInputStream parent_instance;
  GIOStream *outer; /* Not owned. */
  guint n_calls;
} ClosingInput;

typedef struct
{
  GInputStreamClass parent_class;
} ClosingInputClass;

static void closing_input_iface_init (GPollableInputStreamInterface *iface);
static GType closing_input_get_type (void);

G_DEFINE_TYPE_WITH_CODE (ClosingInput,
                         closing_input,
                         G_TYPE_INPUT_STREAM,
                         G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                closing_input_iface_init))

static gssize
closing_input_read_nonblocking (GPollableInputStream  *stream,
                                void                  *buffer,
                                gsize                  count,
                                GError               **error)
{
  ClosingInput *self = (ClosingInput *) stream;
  g_autoptr (GError) local_error = NULL;

  g_assert_cmpuint (self->n_calls++, ==, 0);
  g_assert_true (g_io_stream_close (self->outer, NULL, &local_error));
  g_assert_no_error (local_error);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Nothing to be read");
  return -1;
}

static gboolean
closing_input_is_readable (GPollableInputStream *stream)
{
  return FALSE;
}

static GSource *
closing_input_create_source (GPollableInputStream *stream,
                             GCancellable         *cancellable)
{
  return g_pollable_source_new_full (stream, NULL, cancellable);
}

static void
closing_input_iface_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = closing_input_is_readable;
  iface->create_source = closing_input_create_source;
  iface->read_nonblocking = closing_input_read_nonblocking;
}

static void
closing_input_class_init (ClosingInputClass *klass)
{
}

static void
closing_input_init (ClosingInput *self)
{
}

/* The input of a blocking read that goes away within: there is nothing to wait with, and
 * the read waited for it all the same. */
static void
test_closed_in_read (void)
{
  ClosingInput *input = gproc_test_track (g_object_new (closing_input_get_type (), NULL));
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
  g_autoptr (GIOStream) base = g_simple_io_stream_new (G_INPUT_STREAM (input), output);
  g_autoptr (GProcStream) stream = gproc_test_track (gproc_stream_new_for_io_stream (base));
  g_autoptr (GError) error = NULL;

  input->outer = G_IO_STREAM (stream);
  g_assert_null (gproc_reader_read_line (gproc_stream_get_stdout (stream), NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpuint (input->n_calls, ==, 1);
  assert_closed (gproc_stream_get_stdout (stream));
  g_object_unref (input);
}

#define ASYNC GINT_TO_POINTER (TRUE)
#define BEFORE GINT_TO_POINTER (TRUE)
#define MORE GINT_TO_POINTER (TRUE)

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add_data ("/gproc/reader-regressions/truncated-text/sync", NULL, test_truncated_text);
  gproc_test_add_data ("/gproc/reader-regressions/truncated-text/async", ASYNC,
                       test_truncated_text);
  gproc_test_add ("/gproc/reader-regressions/skip-unread", test_skip_unread);
  gproc_test_add_data ("/gproc/reader-regressions/skip-at-eof/empty", NULL, test_skip_at_eof);
  gproc_test_add_data ("/gproc/reader-regressions/skip-at-eof/more", MORE, test_skip_at_eof);
  gproc_test_add ("/gproc/reader-regressions/truncate-at-eof", test_truncate_at_eof);
  gproc_test_add ("/gproc/reader-regressions/skip-fill", test_skip_fill);
  gproc_test_add ("/gproc/reader-regressions/skip-other-separator", test_skip_other_separator);
  gproc_test_add ("/gproc/reader-regressions/truncate-until-eof", test_truncate_until_eof);
  gproc_test_add_data ("/gproc/reader-regressions/cancelled-nested/before", BEFORE,
                       test_cancelled_nested);
  gproc_test_add_data ("/gproc/reader-regressions/cancelled-nested/after", NULL,
                       test_cancelled_nested);
  gproc_test_add ("/gproc/reader-regressions/cancelled-nested/plain", test_cancelled_nested_plain);
  gproc_test_add ("/gproc/reader-regressions/fork-socket", test_fork_socket);
  gproc_test_add ("/gproc/reader-regressions/fork-idle", test_fork_idle);
  gproc_test_add ("/gproc/reader-regressions/closed-before", test_closed_before);
  gproc_test_add ("/gproc/reader-regressions/closed-in-callback", test_closed_in_callback);
  gproc_test_add ("/gproc/reader-regressions/closed-in-read", test_closed_in_read);
  return gproc_test_run ();
}
