/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-frames.h"

#include <glib/gstdio.h>

/* Base streams that an application wrote: they call back, fail, and never stop to send. */

typedef struct
{
  GInputStream *base;
  GProcDemuxer *demuxer;
  GProcReader *out;
  GProcReader *err;
  gboolean plain;
  int hooked; /* Atomic: how often the hook ran. */
  int go_on;  /* Atomic: what a hook waits for. */
} Setup;

static void
setup_init (Setup              *setup,
            GProcTestHostility  hostility)
{
  memset (setup, 0, sizeof *setup);
  setup->base = gproc_test_track (gproc_test_input_new (NULL, hostility));
  gproc_test_input_hold (setup->base);
  setup->demuxer = gproc_test_track (gproc_demuxer_new (setup->base));
  setup->out = gproc_demuxer_get_stdout (setup->demuxer);
  setup->err = gproc_demuxer_get_stderr (setup->demuxer);
  setup->plain = hostility != GPROC_TEST_HOSTILE_POLLABLE;
}

static void
setup_clear (Setup *setup)
{
  g_object_unref (setup->demuxer);
  g_object_unref (setup->base);
}

/* How one side is read. */
typedef enum
{
  READ_BLOCKING,
  READ_ASYNC,
  READ_TRY
} Form;

static GBytes *
read_out (Setup   *setup,
          Form     form,
          GError **error)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  if (form == READ_TRY)
    return gproc_reader_try_read_some (setup->out, 100, error);
  if (form == READ_BLOCKING)
    return gproc_reader_read_some (setup->out, 100, NULL, error);

  gproc_reader_read_some_async (setup->out, 100, 0, NULL, gproc_test_call_done, &call);

  return gproc_reader_read_some_finish (setup->out, gproc_test_call_wait (&call), error);
}

static void
look_around (gpointer stream,
             gpointer user_data)
{
  Setup *setup = user_data;
  GInputStream *output = gproc_reader_get_base_stream (setup->err);
  g_autoptr (GSource) source = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (gproc_demuxer_get_base_stream (setup->demuxer) == stream);
  g_assert_cmpuint (gproc_demuxer_get_bytes_discarded (setup->demuxer), ==, 0);
  gproc_demuxer_set_policy (setup->demuxer, GPROC_DEMUXER_POLICY_GROW);
  gproc_demuxer_set_buffer_size (setup->demuxer, 5);
  gproc_demuxer_set_lenient (setup->demuxer, TRUE);
  g_assert_cmpint (gproc_demuxer_get_fd (setup->demuxer), ==, -1);
  g_assert_cmpint (gproc_reader_get_fd (setup->err), ==, -1);

  frames_assert_nothing_yet (setup->err);
  g_assert_cmpint (gproc_demuxer_try_read_frame (setup->demuxer, NULL, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  if (!setup->plain)
    {
      g_assert_false (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (output)));
      source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (output), NULL);
    }

  /* What would have to wait for the very function that this is in says so, unless it is a reader
   * that can be polled: that polls. */
  if (setup->plain)
    {
      g_assert_null (gproc_reader_read_some (setup->err, 10, NULL, &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
    }
  g_assert_cmpint (gproc_demuxer_read_frame (setup->demuxer, NULL, NULL, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_atomic_int_inc (&setup->hooked);
}

/* A base stream may ask the demuxer anything while it is read. */
static void
test_calls_back (gconstpointer data)
{
  GProcTestHostility hostility = GPOINTER_TO_INT (data);

  for (Form form = READ_BLOCKING; form <= READ_TRY; form++)
    {
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (GError) error = NULL;
      Setup setup;

      if (hostility == GPROC_TEST_HOSTILE_NONE && form == READ_TRY)
        continue;
      setup_init (&setup, hostility);
      frames_push (setup.base, 2, "error");
      frames_push (setup.base, 1, "out");
      gproc_test_input_set_hook (setup.base, look_around, &setup);
      bytes = read_out (&setup, form, &error);
      g_assert_no_error (error);
      gproc_test_assert_bytes (bytes, "out");
      g_assert_cmpint (setup.hooked, ==, 1);
      frames_assert_reads (setup.err, "error");
      setup_clear (&setup);
    }
}

/* So it may when it is to make a source. */
static void
test_calls_back_source (void)
{
  GInputStream *output;
  g_autoptr (GSource) source = NULL;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  output = gproc_reader_get_base_stream (setup.out);
  gproc_test_input_set_hook (setup.base, look_around, &setup);
  source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (output), NULL);
  g_assert_cmpint (setup.hooked, ==, 1);
  frames_push (setup.base, 1, "out");
  frames_assert_reads (setup.out, "out");
  setup_clear (&setup);
}

static void
close_all (gpointer stream,
           gpointer user_data)
{
  Setup *setup = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_true (gproc_demuxer_close (setup->demuxer, NULL, &error));
  g_assert_no_error (error);
  /* Not under its own feet. */
  g_assert_cmpuint (gproc_test_input_get_counts (stream).n_closes, ==, 0);
  g_atomic_int_inc (&setup->hooked);
}

/* It may even have the demuxer closed, as one that asks the user about a certificate may. */
static void
test_closes (gconstpointer data)
{
  GProcTestHostility hostility = GPOINTER_TO_INT (data);

  for (Form form = READ_BLOCKING; form <= READ_TRY; form++)
    {
      g_autoptr (GError) error = NULL;
      Setup setup;

      if (hostility == GPROC_TEST_HOSTILE_NONE && form == READ_TRY)
        continue;
      setup_init (&setup, hostility);
      frames_push (setup.base, 1, "out");
      gproc_test_input_set_hook (setup.base, close_all, &setup);
      g_assert_null (read_out (&setup, form, &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
      g_assert_cmpint (setup.hooked, ==, 1);
      gproc_test_wait_for (g_input_stream_is_closed (setup.base));
      g_assert_cmpuint (gproc_test_input_get_counts (setup.base).n_closes, ==, 1);
      setup_clear (&setup);
    }
}

static void
wait_in_base (gpointer stream,
              gpointer user_data)
{
  Setup *setup = user_data;

  g_atomic_int_inc (&setup->hooked);
  while (!g_atomic_int_get (&setup->go_on))
    g_thread_yield ();
}

static gpointer
read_out_in_thread (gpointer user_data)
{
  return read_out (user_data, READ_BLOCKING, NULL);
}

/* One thread in the base stream, which may wait there for a lock of the application: another one,
 * which may hold that lock, does not wait for it, but for what comes. */
static void
test_holds_up_nobody (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) frame = GPROC_TEST_CALL_INIT;
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  frames_push (setup.base, 2, "err");
  frames_push (setup.base, 1, "out");
  gproc_test_input_set_hook (setup.base, wait_in_base, &setup);
  thread = g_thread_new ("out", read_out_in_thread, &setup);
  gproc_test_wait (&setup.hooked);

  g_assert_cmpint (gproc_demuxer_get_policy (setup.demuxer), ==, GPROC_DEMUXER_POLICY_BLOCK);
  frames_assert_nothing_yet (setup.err);
  gproc_reader_read_some_async (setup.err, 100, 0, NULL, gproc_test_call_done, &call);
  gproc_test_wakeups_reset ();
  gproc_test_run_for (50);
  g_assert_cmpuint (gproc_test_polls (), <, 20);
  g_assert_cmpint (call.done, ==, 0);

  g_atomic_int_set (&setup.go_on, TRUE);
  err = gproc_reader_read_some_finish (setup.err, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (err, "err");
  out = g_thread_join (thread);
  gproc_test_assert_bytes (out, "out");
  setup_clear (&setup);
}

static gpointer
close_in_thread (gpointer user_data)
{
  Setup *setup = user_data;

  g_assert_true (gproc_demuxer_close (setup->demuxer, NULL, NULL));
  /* Closed means closed. */
  g_assert_cmpuint (gproc_test_input_get_counts (setup->base).n_closes, ==, 1);

  return NULL;
}

/* A base stream is not closed while another thread is in it. */
static void
test_close_waits (void)
{
  GThread *threads[2];
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  frames_push (setup.base, 1, "out");
  gproc_test_input_set_hook (setup.base, wait_in_base, &setup);
  threads[0] = g_thread_new ("out", read_out_in_thread, &setup);
  gproc_test_wait (&setup.hooked);
  threads[1] = g_thread_new ("close", close_in_thread, &setup);
  gproc_test_wait_for (gproc_demuxer_get_base_stream (setup.demuxer) == NULL);
  gproc_test_run_for (20);
  g_assert_cmpuint (gproc_test_input_get_counts (setup.base).n_closes, ==, 0);
  g_atomic_int_set (&setup.go_on, TRUE);
  g_assert_null (g_thread_join (threads[0]));
  g_thread_join (threads[1]);
  setup_clear (&setup);
}

/* Frames come in the order in which they came, also when a reader was asked whether it is
 * readable, which read ahead. */
static void
test_order (void)
{
  GInputStream *output;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  output = gproc_reader_get_base_stream (setup.out);
  frames_push (setup.base, 2, "first");
  frames_push (setup.base, 1, "second");
  frames_push (setup.base, 2, "third");
  frames_push (setup.base, 1, "fourth");
  for (int i = 0; i < 2; i++)
    g_assert_true (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (output)));
  frames_assert_frame (setup.demuxer, 2, "first");
  frames_assert_frame (setup.demuxer, 1, "second");
  frames_assert_frame (setup.demuxer, 2, "third");
  frames_assert_frame (setup.demuxer, 1, "fourth");
  g_assert_false (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (output)));

  /* Nor does the question make the one full, and the other wait. */
  gproc_demuxer_set_buffer_size (setup.demuxer, 3);
  frames_push (setup.base, 1, "123456");
  frames_push (setup.base, 2, "err");
  g_assert_true (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (output)));
  frames_assert_reads (setup.out, "123456");
  frames_assert_reads (setup.err, "err");
  setup_clear (&setup);
}

/* Much that nobody wants does not stop the loop, nor is it all read at once. */
static void
test_flood (gconstpointer data)
{
  GProcDemuxerPolicy policy = GPOINTER_TO_INT (data);
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autofree char *payload = g_malloc0 (16 * 1024 * 1024);
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  gsize position = 0, bound = 2 * 1024 * 1024;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  frames_add (frames, 2, payload, 16 * 1024 * 1024);
  frames_add (frames, 1, "out", -1);
  gproc_test_input_push (setup.base, (const char *) frames->data, frames->len);
  if (policy == GPROC_DEMUXER_POLICY_BLOCK)
    g_assert_true (g_input_stream_close (G_INPUT_STREAM (setup.err), NULL, NULL));
  else
    gproc_demuxer_set_policy (setup.demuxer, policy);

  gproc_reader_read_some_async (setup.out, 100, 0, NULL, gproc_test_call_done, &call);
  while (!call.done)
    {
      gsize now = gproc_test_input_get_position (setup.base);

      g_assert_cmpuint (now - position, <=, bound);
      position = now;
      g_main_context_iteration (gproc_test_context (), TRUE);
    }
  bytes = gproc_reader_read_some_finish (setup.out, call.result, NULL);
  gproc_test_assert_bytes (bytes, "out");
  setup_clear (&setup);
}

/* What fails a call, and not the stream, is over with that call. */
static void
test_passing_error (gconstpointer data)
{
  GProcTestHostility hostility = GPOINTER_TO_INT (data);

  for (Form form = READ_BLOCKING; form <= READ_ASYNC; form++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = NULL;
      Setup setup;

      setup_init (&setup, hostility);
      gproc_test_input_set_error (setup.base, G_IO_ERROR_TIMED_OUT);
      gproc_test_input_end (setup.base);
      g_assert_null (read_out (&setup, form, &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

      gproc_test_input_hold (setup.base);
      gproc_test_input_set_error (setup.base, -1);
      frames_push (setup.base, 2, "err");
      frames_push (setup.base, 1, "out");
      bytes = read_out (&setup, form, &error);
      g_assert_no_error (error);
      gproc_test_assert_bytes (bytes, "out");
      frames_assert_reads (setup.err, "err");
      setup_clear (&setup);
    }
}

/* One that says would-block where it should not is asked again. */
static void
test_would_block (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_NONE);
  gproc_test_input_set_error (setup.base, G_IO_ERROR_WOULD_BLOCK);
  gproc_test_input_end (setup.base);
  gproc_reader_read_some_async (setup.out, 100, 0, NULL, gproc_test_call_done, &call);
  for (int i = 0; i < 20; i++)
    g_main_context_iteration (gproc_test_context (), FALSE);
  g_assert_cmpint (call.done, ==, 0);
  gproc_test_input_hold (setup.base);
  gproc_test_input_set_error (setup.base, -1);
  frames_push (setup.base, 1, "out");
  bytes = gproc_reader_read_some_finish (setup.out, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, "out");
  setup_clear (&setup);
}

/* What "another thread" does while a context polls, and whether the poll sleeps after that. */
static struct
{
  GProcReader *err;
  guint n_slept;
} resumed;

static int
poll_resumed (GPollFD *fds,
              guint    n_fds,
              int      timeout)
{
  GProcReader *err = g_steal_pointer (&resumed.err);

  if (timeout != 0 && err != NULL)
    frames_assert_reads (err, "full");
  else if (timeout != 0 && err == NULL)
    resumed.n_slept++;
  else
    resumed.err = err;

  return g_poll (fds, n_fds, 0);
}

/* Who waited for the other side, and not for the base stream any more, finds what is there in
 * that when the other side has room again, also where no descriptor tells. */
static void
test_resumes (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GBytes) bytes = NULL;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  gproc_demuxer_set_buffer_size (setup.demuxer, 2);
  frames_push (setup.base, 2, "full");
  gproc_test_input_set_cut (setup.base);
  g_main_context_set_poll_func (context, poll_resumed);
  g_main_context_push_thread_default (context);
  gproc_reader_read_some_async (setup.out, 10, 0, NULL, gproc_test_call_done, &call);
  while (g_main_context_iteration (context, FALSE))
    continue;
  frames_push (setup.base, 1, "out");
  while (g_main_context_iteration (context, FALSE))
    continue;
  g_assert_cmpint (call.done, ==, 0);
  resumed.err = setup.err;
  resumed.n_slept = 0;
  while (!call.done)
    g_main_context_iteration (context, TRUE);
  g_assert_null (resumed.err);
  g_assert_cmpuint (resumed.n_slept, ==, 0);
  bytes = gproc_reader_read_some_finish (setup.out, call.result, NULL);
  gproc_test_assert_bytes (bytes, "out");
  gproc_test_call_clear (&call);
  g_main_context_pop_thread_default (context);
  setup_clear (&setup);
}

/* What the engine says does not end at a byte that is no text. */
static void
test_engine_text (void)
{
  g_autoptr (GByteArray) frame = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  frames_add (frame, 3, "\0the \xff reason\0\n", 15);
  gproc_test_input_push (setup.base, (const char *) frame->data, frame->len);
  g_assert_null (read_out (&setup, READ_BLOCKING, &error));
  g_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE);
  g_assert_nonnull (strstr (error->message, "the "));
  g_assert_nonnull (strstr (error->message, " reason"));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  setup_clear (&setup);
}

/* What has ended is not read again. */
static void
test_ended (void)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  guint n_reads;
  Setup setup;

  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  gproc_test_input_end (setup.base);
  g_assert_null (read_out (&setup, READ_ASYNC, &error));
  g_assert_no_error (error);
  n_reads = gproc_test_input_get_counts (setup.base).n_nonblocking;
  frames_push (setup.base, 1, "out");
  frames_push (setup.base, 2, "err");
  for (Form form = READ_BLOCKING; form <= READ_TRY; form++)
    {
      g_assert_null (read_out (&setup, form, &error));
      g_assert_no_error (error);
    }
  g_assert_null (gproc_reader_read_some (setup.err, 10, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (gproc_demuxer_read_frame (setup.demuxer, &bytes, NULL, &error), ==, -1);
  g_assert_no_error (error);
  g_assert_cmpuint (gproc_test_input_get_counts (setup.base).n_nonblocking, ==, n_reads);
  setup_clear (&setup);
}

/* A file cannot be waited for, and is always ready: so is what another loop waits on. */
static void
test_file (void)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "gproc-frames-XXXXXX", NULL);
  g_autoptr (GProcReader) base = NULL;
  g_autoptr (GProcDemuxer) demuxer = NULL;
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  GProcReader *out, *err;
  int fd = g_mkstemp (path), out_fd, err_fd, frame_fd;

  g_assert_cmpint (fd, >=, 0);
  unlink (path);
  frames_add (frames, 1, "out", -1);
  frames_add (frames, 2, "err", -1);
  gproc_test_write (fd, frames->data, frames->len);
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  base = gproc_test_track (gproc_reader_new_for_fd (fd, TRUE));
  demuxer = gproc_test_track (gproc_demuxer_new (G_INPUT_STREAM (base)));
  out = gproc_demuxer_get_stdout (demuxer);
  err = gproc_demuxer_get_stderr (demuxer);
  out_fd = gproc_reader_get_fd (out);
  err_fd = gproc_reader_get_fd (err);
  frame_fd = gproc_demuxer_get_fd (demuxer);
  g_assert_true (gproc_test_fd_is_ready (out_fd, G_IO_IN));
  g_assert_true (gproc_test_fd_is_ready (err_fd, G_IO_IN));
  g_assert_true (gproc_test_fd_is_ready (frame_fd, G_IO_IN));
  frames_assert_reads (out, "out");
  g_assert_true (gproc_test_fd_is_ready (out_fd, G_IO_IN));
  g_assert_null (gproc_reader_try_read_some (out, 10, &error));
  g_assert_no_error (error);
  g_assert_true (gproc_test_fd_is_ready (err_fd, G_IO_IN));
  frames_assert_reads (err, "err");
}

static gsize
count_written (GOutputStream *target)
{
  g_autoptr (GBytes) written = gproc_test_output_get_bytes (target);

  return g_bytes_get_size (written);
}

/* What a transfer had taken of one side when it was cancelled is written, or can be read. */
static void
test_splice_cancel (void)
{
  g_autoptr (GOutputStream)
    target = gproc_test_track (gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE));
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) noise = gproc_test_random_bytes (400000);
  g_autoptr (GBytes) written = NULL;
  g_autoptr (GBytes) rest = NULL;
  g_autoptr (GBytes) err = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcWriter) writer = gproc_test_track (gproc_writer_new (target));
  const char *data = g_bytes_get_data (noise, NULL);
  gsize n_written;
  Setup setup;

  for (gsize place = 0; place < 400000; place += 40000)
    {
      frames_add (frames, 1, data + place, 30000);
      frames_add (frames, 2, data + place + 30000, 10000);
    }
  setup_init (&setup, GPROC_TEST_HOSTILE_POLLABLE);
  gproc_test_input_push (setup.base, (const char *) frames->data, frames->len);
  gproc_test_input_end (setup.base);
  gproc_test_output_set_chunk (target, 7777);
  g_output_stream_splice_async (G_OUTPUT_STREAM (writer), G_INPUT_STREAM (setup.out),
                                G_OUTPUT_STREAM_SPLICE_NONE, 0, cancellable, gproc_test_call_done,
                                &call);
  gproc_test_wait_for (count_written (target) > 50000);
  gproc_test_output_hold (target, TRUE);
  g_cancellable_cancel (cancellable);
  gproc_test_output_hold (target, FALSE);
  g_output_stream_splice_finish (G_OUTPUT_STREAM (writer), gproc_test_call_wait (&call), &error);
  g_clear_error (&error);
  g_assert_true (g_output_stream_flush (G_OUTPUT_STREAM (writer), NULL, &error));
  g_assert_no_error (error);
  written = gproc_test_output_get_bytes (target);
  n_written = g_bytes_get_size (written);
  rest = gproc_reader_read_to_end (setup.out, G_MAXSIZE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_written + g_bytes_get_size (rest), ==, 300000);
  for (gsize i = 0; i < 300000; i++)
    {
      const char *from = i < n_written
                           ? (const char *) g_bytes_get_data (written, NULL) + i
                           : (const char *) g_bytes_get_data (rest, NULL) + i - n_written;

      g_assert_cmpint (*from, ==, data[i / 30000 * 40000 + i % 30000]);
    }
  err = gproc_reader_read_to_end (setup.err, G_MAXSIZE, NULL, &error);
  g_assert_cmpuint (g_bytes_get_size (err), ==, 100000);
  setup_clear (&setup);
}

static void
use_in_child (gconstpointer data)
{
  GProcDemuxer *demuxer = (GProcDemuxer *) data;
  GProcReader *err = gproc_demuxer_get_stderr (demuxer);
  g_autoptr (GBytes) bytes = gproc_reader_try_read_some (err, 2, NULL);

  gproc_test_assert_bytes (bytes, "fu");
  gproc_demuxer_set_buffer_size (demuxer, 100);
  if (gproc_demuxer_get_fd (demuxer) < 0 || !gproc_demuxer_close (demuxer, NULL, NULL))
    _exit (1);
  g_object_run_dispose (G_OBJECT (demuxer));
}

/* The descriptors that other loops wait on are the parent's after a fork: its child changes
 * nothing about them. */
static void
test_fork (void)
{
  g_autoptr (GProcReader) base = NULL;
  g_autoptr (GProcDemuxer) demuxer = NULL;
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  GProcReader *out, *err;
  int out_fd, err_fd, fds[2];

  if (gproc_test_cannot_fork ())
    return;

  gproc_test_pipe (fds);
  base = gproc_test_track (gproc_reader_new_for_fd (fds[0], TRUE));
  demuxer = gproc_test_track (gproc_demuxer_new (G_INPUT_STREAM (base)));
  gproc_demuxer_set_buffer_size (demuxer, 2);
  out = gproc_demuxer_get_stdout (demuxer);
  err = gproc_demuxer_get_stderr (demuxer);
  out_fd = gproc_reader_get_fd (out);
  err_fd = gproc_reader_get_fd (err);
  frames_add (frames, 2, "full", -1);
  gproc_test_write (fds[1], frames->data, frames->len);
  frames_assert_nothing_yet (out);
  gproc_test_write (fds[1], frames->data, frames->len);
  g_assert_false (gproc_test_fd_is_ready (out_fd, G_IO_IN));
  g_assert_true (gproc_test_fd_is_ready (err_fd, G_IO_IN));

  gproc_test_fork (use_in_child, demuxer);
  g_assert_false (gproc_test_fd_is_ready (out_fd, G_IO_IN));
  g_assert_true (gproc_test_fd_is_ready (err_fd, G_IO_IN));
  frames_assert_reads (err, "fullfull");
  frames_assert_nothing_yet (err);
  g_assert_false (gproc_test_fd_is_ready (err_fd, G_IO_IN));
  gproc_test_close (&fds[1]);
  g_assert_true (gproc_test_fd_is_ready (out_fd, G_IO_IN));
}

int
main (int   argc,
      char *argv[])
{
  gconstpointer pollable = GINT_TO_POINTER (GPROC_TEST_HOSTILE_POLLABLE);
  gconstpointer plain = GINT_TO_POINTER (GPROC_TEST_HOSTILE_NONE);
  gconstpointer closed = GINT_TO_POINTER (GPROC_DEMUXER_POLICY_BLOCK);
  gconstpointer grow = GINT_TO_POINTER (GPROC_DEMUXER_POLICY_GROW);
  gconstpointer discard = GINT_TO_POINTER (GPROC_DEMUXER_POLICY_DISCARD);

  gproc_test_init (&argc, &argv);
  gproc_test_add_data ("/gproc/demuxer-foreign/calls-back", pollable, test_calls_back);
  gproc_test_add_data ("/gproc/demuxer-foreign/calls-back-plain", plain, test_calls_back);
  gproc_test_add ("/gproc/demuxer-foreign/calls-back-source", test_calls_back_source);
  gproc_test_add_data ("/gproc/demuxer-foreign/closes", pollable, test_closes);
  gproc_test_add_data ("/gproc/demuxer-foreign/closes-plain", plain, test_closes);
  gproc_test_add ("/gproc/demuxer-foreign/holds-up-nobody", test_holds_up_nobody);
  gproc_test_add ("/gproc/demuxer-foreign/close-waits", test_close_waits);
  gproc_test_add ("/gproc/demuxer-foreign/order", test_order);
  gproc_test_add_data ("/gproc/demuxer-foreign/flood-closed", closed, test_flood);
  gproc_test_add_data ("/gproc/demuxer-foreign/flood-grow", grow, test_flood);
  gproc_test_add_data ("/gproc/demuxer-foreign/flood-discard", discard, test_flood);
  gproc_test_add_data ("/gproc/demuxer-foreign/passing-error", pollable, test_passing_error);
  gproc_test_add_data ("/gproc/demuxer-foreign/passing-error-plain", plain, test_passing_error);
  gproc_test_add ("/gproc/demuxer-foreign/would-block", test_would_block);
  gproc_test_add ("/gproc/demuxer-foreign/resumes", test_resumes);
  gproc_test_add ("/gproc/demuxer-foreign/engine-text", test_engine_text);
  gproc_test_add ("/gproc/demuxer-foreign/ended", test_ended);
  gproc_test_add ("/gproc/demuxer-foreign/file", test_file);
  gproc_test_add ("/gproc/demuxer-foreign/splice-cancel", test_splice_cancel);
  gproc_test_add ("/gproc/demuxer-foreign/fork", test_fork);
  return gproc_test_run ();
}
