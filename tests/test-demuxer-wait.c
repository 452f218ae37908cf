/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-frames.h"

#include <poll.h>

/* Frames in the order in which they come, and all ways to wait for what comes. */

typedef struct
{
  GProcDemuxer *demuxer;
  GProcReader *out;
  GProcReader *err;
  int fd; /* Where the frames go in. */
} Setup;

static void
setup_init (Setup *setup)
{
  g_autoptr (GInputStream) base = NULL;
  int fds[2];

  gproc_test_pipe (fds);
  base = gproc_test_track (G_INPUT_STREAM (gproc_reader_new_for_fd (fds[0], TRUE)));
  setup->demuxer = gproc_test_track (gproc_demuxer_new (base));
  setup->out = gproc_demuxer_get_stdout (setup->demuxer);
  setup->err = gproc_demuxer_get_stderr (setup->demuxer);
  setup->fd = fds[1];
}

static void
setup_clear (Setup *setup)
{
  g_object_unref (setup->demuxer);
  gproc_test_close (&setup->fd);
}

static void
push (Setup      *setup,
      guint8      id,
      const char *data)
{
  g_autoptr (GByteArray) frame = g_byte_array_new ();

  frames_add (frame, id, data, -1);
  gproc_test_write (setup->fd, frame->data, frame->len);
}

static void
assert_no_frame_yet (GProcDemuxer *demuxer)
{
  g_autoptr (GError) error = NULL;
  GBytes *bytes = NULL;

  g_assert_cmpint (gproc_demuxer_try_read_frame (demuxer, &bytes, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_null (bytes);
}

/* In order, whole, empty ones too. */
static void
test_frames (void)
{
  Setup setup;

  setup_init (&setup);
  push (&setup, 2, "one");
  push (&setup, 1, "two");
  push (&setup, 1, "");
  push (&setup, 2, "four");
  push (&setup, 0, "five");
  gproc_test_write (setup.fd, "\1\0\0\0\0\0\0\6si", 10);
  frames_assert_frame (setup.demuxer, 2, "one");
  frames_assert_frame (setup.demuxer, 1, "two");
  frames_assert_frame (setup.demuxer, 1, "");
  frames_assert_frame (setup.demuxer, 2, "four");
  frames_assert_frame (setup.demuxer, 1, "five");
  assert_no_frame_yet (setup.demuxer);
  gproc_test_write (setup.fd, "xsix", 4);
  frames_assert_frame (setup.demuxer, 1, "sixsix");
  gproc_test_close (&setup.fd);
  frames_assert_frame (setup.demuxer, -1, NULL);
  frames_assert_frame (setup.demuxer, -1, NULL);
  setup_clear (&setup);
}

/* A long one comes in pieces, what is cut off as far as it came. */
static void
test_frame_pieces (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  Setup setup;

  setup_init (&setup);
  gproc_demuxer_set_buffer_size (setup.demuxer, 4);
  push (&setup, 1, "0123456789");
  push (&setup, 2, "abcd");
  gproc_test_write (setup.fd, "\1\0\0\0\0\0\0\6si", 10);
  frames_assert_frame (setup.demuxer, 1, "0123");
  frames_assert_frame (setup.demuxer, 1, "4567");
  frames_assert_frame (setup.demuxer, 1, "89");
  frames_assert_frame (setup.demuxer, 2, "abcd");
  assert_no_frame_yet (setup.demuxer);
  gproc_test_close (&setup.fd);
  frames_assert_frame (setup.demuxer, 1, "si");
  g_assert_cmpint (gproc_demuxer_read_frame (setup.demuxer, &bytes, NULL, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);
  setup_clear (&setup);
}

/* What was begun as a frame is there for the reader of its side, and the other way round. */
static void
test_frames_and_readers (void)
{
  Setup setup;

  setup_init (&setup);
  gproc_test_write (setup.fd, "\2\0\0\0\0\0\0\6abc", 11);
  assert_no_frame_yet (setup.demuxer);
  frames_assert_nothing_yet (setup.out);
  frames_assert_takes (setup.err, "abc");
  gproc_test_write (setup.fd, "def", 3);
  frames_assert_frame (setup.demuxer, 2, "def");

  push (&setup, 2, "err");
  push (&setup, 1, "out");
  push (&setup, 2, "more");
  frames_assert_takes (setup.out, "out");
  frames_assert_nothing_yet (setup.out);
  frames_assert_frame (setup.demuxer, 2, "errmore");

  /* One that is closed is left out. */
  g_assert_true (g_input_stream_close (G_INPUT_STREAM (setup.out), NULL, NULL));
  push (&setup, 1, "out");
  push (&setup, 1, "");
  push (&setup, 2, "err");
  frames_assert_frame (setup.demuxer, 2, "err");
  setup_clear (&setup);
}

static void
test_frame_closed (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  Setup setup;

  setup_init (&setup);
  gproc_demuxer_read_frame_async (setup.demuxer, 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  g_assert_true (gproc_demuxer_close (setup.demuxer, NULL, &error));
  g_assert_cmpint (gproc_demuxer_read_frame_finish (setup.demuxer, gproc_test_call_wait (&call),
                                                    &bytes, &error),
                   ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpint (gproc_demuxer_try_read_frame (setup.demuxer, NULL, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpint (gproc_demuxer_get_fd (setup.demuxer), ==, -1);
  setup_clear (&setup);
}

/* While half of a frame is there nothing spins; cancelled, nothing of it is lost. */
static void
test_frame_cancel (void)
{
  g_auto (GProcTestCall) cancelled = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) early = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  Setup setup;

  setup_init (&setup);
  gproc_test_write (setup.fd, "\2\0\0\0\0\0\0\6abc", 11);
  gproc_demuxer_read_frame_async (setup.demuxer, 0, cancellable, gproc_test_call_done, &cancelled);
  gproc_test_settle ();
  gproc_test_wakeups_reset ();
  gproc_test_run_for (50);
  g_assert_cmpuint (gproc_test_polls (), <, 20);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (gproc_demuxer_read_frame_finish (setup.demuxer,
                                                    gproc_test_call_wait (&cancelled), &bytes,
                                                    &error),
                   ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  gproc_test_write (setup.fd, "def", 3);
  gproc_demuxer_read_frame_async (setup.demuxer, 0, cancellable, gproc_test_call_done, &early);
  g_assert_cmpint (gproc_demuxer_read_frame_finish (setup.demuxer, gproc_test_call_wait (&early),
                                                    &bytes, &error),
                   ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (gproc_demuxer_read_frame (setup.demuxer, &bytes, cancellable, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  gproc_demuxer_read_frame_async (setup.demuxer, 0, NULL, gproc_test_call_done, &call);
  g_assert_cmpint (gproc_demuxer_read_frame_finish (setup.demuxer, gproc_test_call_wait (&call),
                                                    &bytes, &error),
                   ==, 2);
  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, "abcdef");
  setup_clear (&setup);
}

static guint
ready_for (Setup *setup,
           int    timeout_ms)
{
  GProcReader *readers[] = { setup->out, setup->err };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) ready = gproc_select (readers, 2, NULL, 0, timeout_ms, NULL, &error);
  guint result = 0;

  g_assert_no_error (error);
  for (guint i = 0; i < ready->len; i++)
    result |= g_ptr_array_index (ready, i) == setup->out ? 1 : 2;

  return result;
}

/* Only the one that something has come for is ready. */
static void
test_select (void)
{
  GProcReader *out_alone[1];
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) none = NULL;
  Setup setup;

  setup_init (&setup);
  g_assert_cmpuint (ready_for (&setup, 0), ==, 0);
  push (&setup, 2, "err");
  g_assert_cmpuint (ready_for (&setup, -1), ==, 2);
  frames_assert_takes (setup.err, "err");
  push (&setup, 1, "");
  g_assert_cmpuint (ready_for (&setup, 0), ==, 0);
  push (&setup, 1, "out");
  g_assert_cmpuint (ready_for (&setup, -1), ==, 1);
  push (&setup, 2, "err");
  frames_assert_takes (setup.out, "out");
  g_assert_cmpuint (ready_for (&setup, -1), ==, 2);

  /* The other one alone is not, up to the end. */
  out_alone[0] = setup.out;
  none = gproc_select (out_alone, 1, NULL, 0, 20, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);
  gproc_test_close (&setup.fd);
  g_assert_cmpuint (ready_for (&setup, -1), ==, 3);
  setup_clear (&setup);
}

/* While what comes first is for the other, which is full, select () waits without a loop. */
static void
test_select_stalled (void)
{
  GProcReader *out_alone[1];
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) none = NULL;
  gint64 start;
  Setup setup;

  setup_init (&setup);
  gproc_demuxer_set_buffer_size (setup.demuxer, 2);
  push (&setup, 2, "full");
  push (&setup, 1, "out");
  gproc_test_close (&setup.fd);
  out_alone[0] = setup.out;
  start = g_get_monotonic_time ();
  none = gproc_select (out_alone, 1, NULL, 0, 50, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 50 * 1000);
  g_assert_cmpuint (ready_for (&setup, -1), ==, 2);
  frames_assert_takes (setup.err, "fu");
  g_assert_cmpuint (ready_for (&setup, -1) & 1, ==, 1);
  frames_assert_takes (setup.out, "out");
  setup_clear (&setup);
}

static gboolean
is_ready (int fd)
{
  struct pollfd polled = { .fd = fd, .events = POLLIN };

  return poll (&polled, 1, 0) > 0;
}

/* What another loop waits on: readable exactly when looking might come to something. */
static void
test_descriptors (void)
{
  int out_fd, err_fd, frame_fd;
  Setup setup;

  setup_init (&setup);
  gproc_demuxer_set_buffer_size (setup.demuxer, 2);
  out_fd = gproc_reader_get_fd (setup.out);
  err_fd = gproc_reader_get_fd (setup.err);
  frame_fd = gproc_demuxer_get_fd (setup.demuxer);
  g_assert_cmpint (out_fd, >=, 0);
  g_assert_cmpint (err_fd, >=, 0);
  g_assert_cmpint (frame_fd, >=, 0);
  g_assert_true (out_fd != err_fd && out_fd != frame_fd && err_fd != frame_fd);
  g_assert_cmpint (gproc_reader_get_fd (setup.out), ==, out_fd);
  g_assert_false (is_ready (out_fd) || is_ready (err_fd) || is_ready (frame_fd));

  push (&setup, 2, "fuller");
  push (&setup, 1, "out");
  g_assert_true (is_ready (out_fd) && is_ready (err_fd) && is_ready (frame_fd));

  /* It is the other one's turn. */
  frames_assert_nothing_yet (setup.out);
  g_assert_false (is_ready (out_fd));
  g_assert_true (is_ready (err_fd) && is_ready (frame_fd));
  frames_assert_takes (setup.err, "fu");
  g_assert_true (is_ready (out_fd));
  frames_assert_nothing_yet (setup.out);
  frames_assert_takes (setup.err, "ll");
  g_assert_true (is_ready (out_fd));
  frames_assert_takes (setup.out, "out");
  frames_assert_nothing_yet (setup.out);
  frames_assert_takes (setup.err, "er");
  frames_assert_nothing_yet (setup.err);
  assert_no_frame_yet (setup.demuxer);
  g_assert_false (is_ready (out_fd) || is_ready (err_fd) || is_ready (frame_fd));

  /* Half of a frame is none, but something for its reader. */
  gproc_test_write (setup.fd, "\2\0\0\0\0\0\0\2a", 9);
  assert_no_frame_yet (setup.demuxer);
  g_assert_false (is_ready (out_fd) || is_ready (frame_fd));
  g_assert_true (is_ready (err_fd));
  gproc_test_close (&setup.fd);
  g_assert_true (is_ready (out_fd) && is_ready (err_fd) && is_ready (frame_fd));

  g_assert_true (g_input_stream_close (G_INPUT_STREAM (setup.out), NULL, NULL));
  g_assert_cmpint (gproc_reader_get_fd (setup.out), ==, -1);
  g_assert_false (gproc_test_fd_is_open (out_fd));
  setup_clear (&setup);
  g_assert_false (gproc_test_fd_is_open (err_fd));
  g_assert_false (gproc_test_fd_is_open (frame_fd));
}

/* A stream without a descriptor has none to give. */
static void
test_no_descriptor (void)
{
  g_autoptr (GInputStream)
    base = gproc_test_track (gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE));
  g_autoptr (GProcDemuxer) demuxer = gproc_test_track (gproc_demuxer_new (base));

  g_assert_cmpint (gproc_reader_get_fd (gproc_demuxer_get_stdout (demuxer)), ==, -1);
  g_assert_cmpint (gproc_demuxer_get_fd (demuxer), ==, -1);
}

static gboolean
count_ready (GObject  *stream,
             gpointer  user_data)
{
  GProcReader *reader = GPROC_READER (stream);
  guint *taken = user_data;
  GBytes *bytes;

  while ((bytes = gproc_reader_try_read_some (reader, 100, NULL)) != NULL)
    {
      *taken += (guint) g_bytes_get_size (bytes);
      g_bytes_unref (bytes);
    }

  return G_SOURCE_CONTINUE;
}

/* A source that stays is told of all that comes, also while the other one is read, and is
 * silent while that one is full. */
static void
test_source (void)
{
  GSource *source;
  guint taken = 0;
  Setup setup;

  setup_init (&setup);
  gproc_demuxer_set_buffer_size (setup.demuxer, 2);
  source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (setup.out), NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (count_ready), &taken, NULL);
  g_source_attach (source, gproc_test_context ());
  gproc_test_settle ();
  g_assert_cmpuint (taken, ==, 0);

  push (&setup, 1, "12");
  gproc_test_wait_for (taken == 2);
  /* Read by the other, in this very thread. */
  push (&setup, 1, "3");
  push (&setup, 2, "e");
  frames_assert_takes (setup.err, "e");
  gproc_test_wait_for (taken == 3);

  push (&setup, 2, "full");
  push (&setup, 1, "45");
  gproc_test_settle ();
  gproc_test_wakeups_reset ();
  gproc_test_run_for (50);
  g_assert_cmpuint (gproc_test_polls (), <, 20);
  g_assert_cmpuint (taken, ==, 3);
  frames_assert_takes (setup.err, "fu");
  gproc_test_settle ();
  frames_assert_takes (setup.err, "ll");
  gproc_test_wait_for (taken == 5);

  g_source_destroy (source);
  g_source_unref (source);
  setup_clear (&setup);
}

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/demuxer-wait/frames", test_frames);
  gproc_test_add ("/gproc/demuxer-wait/frame-pieces", test_frame_pieces);
  gproc_test_add ("/gproc/demuxer-wait/frames-and-readers", test_frames_and_readers);
  gproc_test_add ("/gproc/demuxer-wait/frame-closed", test_frame_closed);
  gproc_test_add ("/gproc/demuxer-wait/frame-cancel", test_frame_cancel);
  gproc_test_add ("/gproc/demuxer-wait/select", test_select);
  gproc_test_add ("/gproc/demuxer-wait/select-stalled", test_select_stalled);
  gproc_test_add ("/gproc/demuxer-wait/descriptors", test_descriptors);
  gproc_test_add ("/gproc/demuxer-wait/no-descriptor", test_no_descriptor);
  gproc_test_add ("/gproc/demuxer-wait/source", test_source);
  return gproc_test_run ();
}
