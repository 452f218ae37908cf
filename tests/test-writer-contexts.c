/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-writer.h"

#include <gio/gunixoutputstream.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/* What is waited for in a context that is not the one of the writer is written there: here nobody
 * iterates the other one. */

#define SIZE (1000 * 1000)

typedef enum
{
  WAIT_DRAIN,
  WAIT_FLUSH,
  WAIT_WRITE,
  WAIT_CLOSE
} WaitKind;

typedef enum
{
  BASE_NONE,
  BASE_UNIX,
  BASE_POLLABLE
} BaseKind;

typedef struct
{
  const char *path;
  WaitKind kind;
  BaseKind base;
} Case;

typedef struct
{
  GProcWriter *writer;
  GOutputStream *base; /* One whose bytes can be looked at; or NULL. */
  GMainContext *context;
  GThread *reader; /* NULL: what is written stays in @base. */
  int peer;
  gsize size; /* Of what is to be read. */
} Setup;

static gpointer
read_all (gpointer user_data)
{
  Setup *setup = user_data;

  return gproc_test_read (setup->peer, setup->size);
}

/* The context of the test is that of the writer; what follows is begun in another one. */
static void
setup_init (Setup    *setup,
            BaseKind  base,
            gsize     size)
{
  g_autoptr (GOutputStream) stream = NULL;
  int fds[2];

  *setup = (Setup){ .peer = -1, .size = size };
  if (base == BASE_POLLABLE)
    {
      stream = gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE | GPROC_TEST_HOSTILE_SLOW |
                                      GPROC_TEST_HOSTILE_SPURIOUS);
      gproc_test_output_set_chunk (stream, 10000);
      setup->base = g_object_ref (gproc_test_track (stream));
      setup->writer = gproc_test_track (gproc_writer_new (stream));
    }
  else
    {
      gproc_test_pipe (fds);
      setup->peer = fds[0];
      if (base == BASE_UNIX)
        stream = gproc_test_track (g_unix_output_stream_new (fds[1], TRUE));
      setup->writer = gproc_test_track (stream != NULL ? gproc_writer_new (stream)
                                                       : gproc_writer_new_for_fd (fds[1], TRUE));
      setup->reader = g_thread_new ("reader", read_all, setup);
    }

  setup->context = g_main_context_new ();
  g_main_context_push_thread_default (setup->context);
  gproc_writer_set_watermarks (setup->writer, 1000, 0);
}

static void
setup_wait (Setup         *setup,
            GProcTestCall *call)
{
  while (!call->done)
    g_main_context_iteration (setup->context, TRUE);
}

static void
setup_end (Setup *setup)
{
  g_autoptr (GBytes) bytes = setup->reader != NULL ? g_thread_join (setup->reader)
                                                   : gproc_test_output_get_bytes (setup->base);

  g_assert_cmpuint (g_bytes_get_size (bytes), ==, setup->size);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (setup->writer), ==, 0);
  g_assert_cmpuint (gproc_writer_get_bytes_written (setup->writer), ==, setup->size);
  writer_check_counters (setup->writer);
  g_main_context_pop_thread_default (setup->context);
  g_main_context_unref (setup->context);
  g_output_stream_close (G_OUTPUT_STREAM (setup->writer), NULL, NULL);
  g_object_unref (setup->writer);
  g_clear_object (&setup->base);
  if (setup->peer >= 0)
    gproc_test_close (&setup->peer);
}

static void
begin (Setup         *setup,
       WaitKind       kind,
       GProcTestCall *call)
{
  GOutputStream *stream = G_OUTPUT_STREAM (setup->writer);

  if (kind == WAIT_DRAIN)
    gproc_writer_drain_async (setup->writer, 0, NULL, gproc_test_call_done, call);
  else if (kind == WAIT_FLUSH)
    g_output_stream_flush_async (stream, 0, NULL, gproc_test_call_done, call);
  else if (kind == WAIT_WRITE)
    g_output_stream_write_async (stream, "x", 1, 0, NULL, gproc_test_call_done, call);
  else
    g_output_stream_close_async (stream, 0, NULL, gproc_test_call_done, call);
}

static void
finish (Setup         *setup,
        WaitKind       kind,
        GProcTestCall *call)
{
  GOutputStream *stream = G_OUTPUT_STREAM (setup->writer);
  g_autoptr (GError) error = NULL;

  setup_wait (setup, call);
  if (kind == WAIT_DRAIN)
    g_assert_true (gproc_writer_drain_finish (setup->writer, call->result, &error));
  else if (kind == WAIT_FLUSH)
    g_assert_true (g_output_stream_flush_finish (stream, call->result, &error));
  else if (kind == WAIT_WRITE)
    g_assert_cmpint (g_output_stream_write_finish (stream, call->result, &error), ==, 1);
  else
    g_assert_true (g_output_stream_close_finish (stream, call->result, &error));
  g_assert_no_error (error);
  gproc_test_call_clear (call);
}

static void
test_wait (gconstpointer data)
{
  const Case *this = data;
  GProcTestCall call = GPROC_TEST_CALL_INIT;
  Setup setup;

  setup_init (&setup, this->base, this->kind == WAIT_WRITE ? SIZE + 1 : SIZE);
  writer_queue_zeros (setup.writer, SIZE);
  begin (&setup, this->kind, &call);
  finish (&setup, this->kind, &call);
  if (this->kind == WAIT_CLOSE)
    g_assert_true (g_output_stream_is_closed (G_OUTPUT_STREAM (setup.writer)));
  setup_end (&setup);
}

/* Nothing is left to write, only the base stream to be closed. */
static void
test_close_empty (gconstpointer data)
{
  GProcTestCall call = GPROC_TEST_CALL_INIT;
  Setup setup;

  setup_init (&setup, GPOINTER_TO_INT (data), 0);
  begin (&setup, WAIT_CLOSE, &call);
  finish (&setup, WAIT_CLOSE, &call);
  if (setup.base != NULL)
    g_assert_true (g_output_stream_is_closed (setup.base));
  setup_end (&setup);
}

static void
queue_again (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Setup *setup = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_true (gproc_writer_drain_finish (GPROC_WRITER (source), result, &error));
  g_assert_no_error (error);
  writer_queue_zeros (setup->writer, SIZE);
}

/* The queue was short enough, and is too long again before the second drain has seen that. */
static void
test_drain_again (gconstpointer data)
{
  GProcTestCall call = GPROC_TEST_CALL_INIT;
  Setup setup;

  setup_init (&setup, GPOINTER_TO_INT (data), 2 * SIZE);
  writer_queue_zeros (setup.writer, SIZE);
  gproc_writer_drain_async (setup.writer, 0, NULL, queue_again, &setup);
  begin (&setup, WAIT_DRAIN, &call);
  finish (&setup, WAIT_DRAIN, &call);
  setup_end (&setup);
}

/* One is cancelled in the middle; the other one goes on by itself. */
static void
test_cancel (gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GProcTestCall cancelled = GPROC_TEST_CALL_INIT;
  GProcTestCall call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  Setup setup;

  setup_init (&setup, GPOINTER_TO_INT (data), SIZE);
  writer_queue_zeros (setup.writer, SIZE);
  gproc_writer_drain_async (setup.writer, 0, cancellable, gproc_test_call_done, &cancelled);
  begin (&setup, WAIT_FLUSH, &call);
  g_main_context_iteration (setup.context, FALSE);
  g_cancellable_cancel (cancellable);
  setup_wait (&setup, &cancelled);
  if (!gproc_writer_drain_finish (setup.writer, cancelled.result, &error))
    gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  gproc_test_call_clear (&cancelled);
  finish (&setup, WAIT_FLUSH, &call);
  setup_end (&setup);
}

/* A file takes everything: a call only begins with that, and others get their turn. */
static void
test_file (gconstpointer data)
{
  WaitKind kind = GPOINTER_TO_INT (data);
  gsize size = 5 * 1024 * 1024;
  g_autoptr (GMainContext) context = g_main_context_new ();
  GProcTestCall call = GPROC_TEST_CALL_INIT;
  Setup setup = { .context = context };
  int fd = memfd_create ("file", MFD_CLOEXEC);
  int writing = fcntl (fd, F_DUPFD_CLOEXEC, 0);

  setup.writer = gproc_test_track (gproc_writer_new_for_fd (writing, TRUE));
  g_main_context_push_thread_default (context);
  gproc_writer_set_watermarks (setup.writer, 100 * size, 0);
  for (int i = 0; i < 2; i++)
    {
      g_autofree char *zeros = g_malloc0 (size);
      g_autoptr (GBytes) bytes = g_bytes_new_take (g_steal_pointer (&zeros), size);

      g_assert_true (gproc_writer_queue_bytes (setup.writer, bytes, NULL));
    }
  begin (&setup, kind, &call);
  g_assert_cmpuint (gproc_writer_get_bytes_queued (setup.writer), >, 0);
  finish (&setup, kind, &call);
  g_main_context_pop_thread_default (context);
  g_assert_cmpint (lseek (fd, 0, SEEK_END), ==, 2 * size);
  g_output_stream_close (G_OUTPUT_STREAM (setup.writer), NULL, NULL);
  g_object_unref (setup.writer);
  gproc_test_close (&fd);
}

static const Case cases[] = {
  { "/gproc/writer-contexts/drain", WAIT_DRAIN, BASE_NONE },
  { "/gproc/writer-contexts/flush", WAIT_FLUSH, BASE_NONE },
  { "/gproc/writer-contexts/write", WAIT_WRITE, BASE_NONE },
  { "/gproc/writer-contexts/close", WAIT_CLOSE, BASE_NONE },
  { "/gproc/writer-contexts/unix/drain", WAIT_DRAIN, BASE_UNIX },
  { "/gproc/writer-contexts/unix/flush", WAIT_FLUSH, BASE_UNIX },
  { "/gproc/writer-contexts/unix/write", WAIT_WRITE, BASE_UNIX },
  { "/gproc/writer-contexts/unix/close", WAIT_CLOSE, BASE_UNIX },
  { "/gproc/writer-contexts/pollable/drain", WAIT_DRAIN, BASE_POLLABLE },
  { "/gproc/writer-contexts/pollable/flush", WAIT_FLUSH, BASE_POLLABLE },
  { "/gproc/writer-contexts/pollable/write", WAIT_WRITE, BASE_POLLABLE },
  { "/gproc/writer-contexts/pollable/close", WAIT_CLOSE, BASE_POLLABLE },
};

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    gproc_test_add_data (cases[i].path, &cases[i], test_wait);
  gproc_test_add_data ("/gproc/writer-contexts/unix/close-empty", GINT_TO_POINTER (BASE_UNIX),
                       test_close_empty);
  gproc_test_add_data ("/gproc/writer-contexts/pollable/close-empty",
                       GINT_TO_POINTER (BASE_POLLABLE), test_close_empty);
  gproc_test_add_data ("/gproc/writer-contexts/drain-again", GINT_TO_POINTER (BASE_NONE),
                       test_drain_again);
  gproc_test_add_data ("/gproc/writer-contexts/pollable/drain-again",
                       GINT_TO_POINTER (BASE_POLLABLE), test_drain_again);
  gproc_test_add_data ("/gproc/writer-contexts/cancel", GINT_TO_POINTER (BASE_NONE), test_cancel);
  gproc_test_add_data ("/gproc/writer-contexts/pollable/cancel", GINT_TO_POINTER (BASE_POLLABLE),
                       test_cancel);
  gproc_test_add_data ("/gproc/writer-contexts/file/flush", GINT_TO_POINTER (WAIT_FLUSH),
                       test_file);
  gproc_test_add_data ("/gproc/writer-contexts/file/close", GINT_TO_POINTER (WAIT_CLOSE),
                       test_file);
  return gproc_test_run ();
}
