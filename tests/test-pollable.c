/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test.h"
#include "gproc-test-streams.h"

#include <gprocstream/gprocstream.h>

#include <string.h>
#include <unistd.h>

static GProcReader *
make_reader (int *peer)
{
  int fds[2];

  gproc_test_socketpair (fds);
  *peer = fds[1];
  return gproc_test_track (gproc_reader_new_for_fd (fds[0], TRUE));
}

static GProcWriter *
make_writer (int *peer)
{
  int fds[2];

  gproc_test_pipe (fds);
  *peer = fds[0];
  return gproc_test_track (gproc_writer_new_for_fd (fds[1], TRUE));
}

/* A source of a pollable stream, and how often it fired. */
typedef struct
{
  GSource *source;
  GObject *stream;
  int n_fired;
} Watch;

static gboolean
on_ready (GObject  *stream,
          gpointer  user_data)
{
  Watch *watch = user_data;

  g_assert_true (stream == watch->stream);
  watch->n_fired++;
  return G_SOURCE_CONTINUE;
}

static void
watch_start (Watch        *watch,
             gpointer      stream,
             GCancellable *cancellable)
{
  watch->n_fired = 0;
  watch->stream = stream;
  watch->source = G_IS_POLLABLE_INPUT_STREAM (stream)
                    ? g_pollable_input_stream_create_source (stream, cancellable)
                    : g_pollable_output_stream_create_source (stream, cancellable);
  g_source_set_callback (watch->source, (GSourceFunc) (void (*) (void)) on_ready, watch, NULL);
  g_source_attach (watch->source, gproc_test_context ());
}

static void
watch_stop (Watch *watch)
{
  g_source_destroy (watch->source);
  g_clear_pointer (&watch->source, g_source_unref);
}

static void
watch_wait (Watch *watch)
{
  watch->n_fired = 0;
  gproc_test_wait_for (watch->n_fired > 0);
}

static void
watch_assert_silent (Watch *watch)
{
  gproc_test_settle ();
  watch->n_fired = 0;
  gproc_test_run_for (10);
  g_assert_cmpint (watch->n_fired, ==, 0);
}

static gssize
read_nonblocking (GProcReader  *reader,
                  char         *buffer,
                  gsize         size,
                  GError      **error)
{
  return g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (reader), buffer, size,
                                                   NULL, error);
}

static gssize
write_nonblocking (GProcWriter  *writer,
                   const char   *data,
                   gssize        size,
                   GError      **error)
{
  return g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (writer), data,
                                                     size < 0 ? strlen (data) : (gsize) size, NULL,
                                                     error);
}

static void
test_can_poll (void)
{
  g_autoptr (GInputStream) pollable = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE);
  g_autoptr (GInputStream) refusing = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_CANNOT_POLL);
  g_autoptr (GInputStream) plain = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_NONE);
  g_autoptr (GOutputStream) pollable_out = gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE);
  g_autoptr (GOutputStream) plain_out = gproc_test_output_new (GPROC_TEST_HOSTILE_NONE);
  const struct
  {
    gpointer stream;
    gboolean can_poll;
  } cases[] = {
    { gproc_reader_new (pollable), TRUE },   { gproc_reader_new (refusing), FALSE },
    { gproc_reader_new (plain), FALSE },     { gproc_writer_new (pollable_out), TRUE },
    { gproc_writer_new (plain_out), FALSE },
  };
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  int peers[2];
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gboolean can_poll = G_IS_POLLABLE_INPUT_STREAM (cases[i].stream)
                            ? g_pollable_input_stream_can_poll (cases[i].stream)
                            : g_pollable_output_stream_can_poll (cases[i].stream);

      g_assert_cmpint (can_poll, ==, cases[i].can_poll);
      g_object_unref (gproc_test_track (cases[i].stream));
    }

  /* Constant: a closed one says the same. */
  reader = make_reader (&peers[0]);
  writer = make_writer (&peers[1]);
  g_assert_true (g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (reader)));
  g_assert_true (g_pollable_output_stream_can_poll (G_POLLABLE_OUTPUT_STREAM (writer)));
  g_input_stream_close (G_INPUT_STREAM (reader), NULL, &error);
  g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (reader)));
  g_assert_true (g_pollable_output_stream_can_poll (G_POLLABLE_OUTPUT_STREAM (writer)));
  gproc_test_close (&peers[0]);
  gproc_test_close (&peers[1]);
}

/* 0 is the end, and nothing else. */
static void
test_read_nonblocking (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  char buffer[16];
  int peer;

  reader = make_reader (&peer);
  g_assert_false (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (reader)));
  g_assert_cmpint (read_nonblocking (reader, buffer, sizeof buffer, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  gproc_test_write (peer, "hello", 5);
  g_assert_true (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (reader)));
  g_assert_cmpint (read_nonblocking (reader, buffer, 2, &error), ==, 2);
  g_assert_cmpmem (buffer, 2, "he", 2);
  g_assert_cmpint (read_nonblocking (reader, buffer, sizeof buffer, &error), ==, 3);
  g_assert_cmpmem (buffer, 3, "llo", 3);
  g_assert_cmpint (read_nonblocking (reader, buffer, sizeof buffer, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  gproc_test_close (&peer);
  g_assert_true (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (reader)));
  g_assert_cmpint (read_nonblocking (reader, buffer, sizeof buffer, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_true (g_input_stream_close (G_INPUT_STREAM (reader), NULL, &error));
  g_assert_cmpint (read_nonblocking (reader, buffer, sizeof buffer, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* A base that is not ready when it says so, and one that gives an error at its end. */
static void
test_read_nonblocking_base (void)
{
  g_autoptr (GInputStream)
    base = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE | GPROC_TEST_HOSTILE_SLOW |
                                         GPROC_TEST_HOSTILE_SPURIOUS);
  g_autoptr (GProcReader) reader = gproc_test_track (gproc_reader_new (base));
  g_autoptr (GError) error = NULL;
  char buffer[16];
  gssize count;

  gproc_test_input_hold (base);
  g_assert_cmpint (read_nonblocking (reader, buffer, sizeof buffer, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  gproc_test_input_push (base, "hello", 5);
  gproc_test_input_set_error (base, G_IO_ERROR_BUSY);
  gproc_test_input_end (base);
  while ((count = read_nonblocking (reader, buffer, sizeof buffer, &error)) < 0)
    gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_cmpint (count, ==, 5);
  while (read_nonblocking (reader, buffer, sizeof buffer, &error) < 0 &&
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_clear_error (&error);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
}

static void
test_write_nonblocking (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  gsize filled;
  int peer;

  writer = make_writer (&peer);
  g_assert_true (g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (writer)));
  g_assert_cmpint (write_nonblocking (writer, "hello", -1, &error), ==, 5);
  filled = gproc_test_fill (gproc_writer_get_fd (writer));
  g_assert_false (g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (writer)));
  g_assert_cmpint (write_nonblocking (writer, "x", 1, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_cmpint (write_nonblocking (writer, "", 0, &error), ==, 0);

  /* Never past what is queued, never in the middle of it. */
  g_assert_true (gproc_writer_queue (writer, "queued", -1, &error));
  g_assert_cmpint (write_nonblocking (writer, "x", 1, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_bytes_unref (gproc_test_read (peer, filled + 5));
  g_assert_cmpint (write_nonblocking (writer, " then", -1, &error), ==, 5);
  {
    g_autoptr (GBytes) bytes = gproc_test_read_available (peer, 100);

    gproc_test_assert_bytes (bytes, "queued then");
  }
  gproc_test_close (&peer);
  g_assert_true (g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (writer)));
  g_assert_cmpint (write_nonblocking (writer, "x", 1, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

/* Would-block is a return value here, and no error. */
static void
test_writev_nonblocking (void)
{
  GOutputVector vectors[] = { { "hello ", 6 }, { "", 0 }, { "world", 5 } };
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  GPollableOutputStream *stream;
  gsize filled;
  gsize written = 77;
  int peer;

  writer = make_writer (&peer);
  stream = G_POLLABLE_OUTPUT_STREAM (writer);
  g_assert_cmpint (g_pollable_output_stream_writev_nonblocking (stream, vectors, 3, &written, NULL,
                                                                &error),
                   ==, G_POLLABLE_RETURN_OK);
  g_assert_no_error (error);
  g_assert_cmpuint (written, ==, 11);
  filled = gproc_test_fill (gproc_writer_get_fd (writer));
  g_assert_cmpint (g_pollable_output_stream_writev_nonblocking (stream, vectors, 3, &written, NULL,
                                                                &error),
                   ==, G_POLLABLE_RETURN_WOULD_BLOCK);
  g_assert_no_error (error);
  g_assert_cmpuint (written, ==, 0);
  {
    g_autoptr (GBytes) bytes = gproc_test_read (peer, 11);

    gproc_test_assert_bytes (bytes, "hello world");
  }
  g_bytes_unref (gproc_test_read (peer, filled));
  gproc_test_close (&peer);
  g_assert_cmpint (g_pollable_output_stream_writev_nonblocking (stream, vectors, 3, &written, NULL,
                                                                &error),
                   ==, G_POLLABLE_RETURN_FAILED);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, NULL);
  g_assert_cmpint (g_pollable_output_stream_writev_nonblocking (stream, vectors, 3, &written, NULL,
                                                                &error),
                   ==, G_POLLABLE_RETURN_FAILED);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
test_source_data (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  char buffer[16];
  Watch watch;
  int peer;

  reader = make_reader (&peer);
  watch_start (&watch, reader, NULL);
  watch_assert_silent (&watch);
  gproc_test_write (peer, "hello", 5);
  watch_wait (&watch);
  g_assert_cmpint (read_nonblocking (reader, buffer, 5, &error), ==, 5);
  watch_assert_silent (&watch);

  /* What is in user space counts as much as what is in the kernel. */
  gproc_test_write (peer, "ab\nrest", 7);
  {
    g_autoptr (GBytes) line = gproc_reader_read_line (reader, NULL, &error);

    gproc_test_assert_bytes (line, "ab\n");
  }
  g_assert_false (gproc_test_fd_is_ready (gproc_reader_get_fd (reader), G_IO_IN));
  watch_wait (&watch);
  watch_wait (&watch);
  g_assert_cmpint (read_nonblocking (reader, buffer, 16, &error), ==, 4);
  watch_assert_silent (&watch);
  watch_stop (&watch);
  gproc_test_close (&peer);
}

/* A source that exists before the buffer is filled learns of it. */
static void
test_source_unread (void)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("again", 5);
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  Watch watch;
  int peer;

  reader = make_reader (&peer);
  watch_start (&watch, reader, NULL);
  watch_assert_silent (&watch);
  g_assert_true (gproc_reader_unread (reader, bytes, &error));
  watch_wait (&watch);
  watch_stop (&watch);
  gproc_test_close (&peer);
}

static void
test_source_eof (void)
{
  g_autoptr (GProcReader) reader = NULL;
  Watch early;
  Watch late;
  int peer;

  reader = make_reader (&peer);
  watch_start (&early, reader, NULL);
  watch_assert_silent (&early);
  gproc_test_close (&peer);
  watch_wait (&early);
  g_assert_true (gproc_reader_at_eof (reader));
  watch_start (&late, reader, NULL);
  watch_wait (&late);
  watch_stop (&early);
  watch_stop (&late);
}

/* An error that is latched is something to read. */
static void
test_source_error (void)
{
  g_autoptr (GBytes) data = g_bytes_new_static ("x", 1);
  g_autoptr (GInputStream) base = gproc_test_input_new (data, GPROC_TEST_HOSTILE_POLLABLE);
  g_autoptr (GProcReader) reader = gproc_test_track (gproc_reader_new (base));
  g_autoptr (GError) error = NULL;
  Watch watch;

  gproc_test_input_set_error (base, G_IO_ERROR_BUSY);
  g_assert_null (gproc_reader_read_exactly (reader, 5, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  watch_start (&watch, reader, NULL);
  watch_wait (&watch);
  watch_stop (&watch);
}

/* A close wakes the sources, and they do not touch the number of the descriptor any
 * more, whoever has it now. */
static void
test_source_close (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  Watch watches[3];
  int peers[2];
  int reader_fd;
  int again[2];
  char byte;

  reader = make_reader (&peers[0]);
  writer = make_writer (&peers[1]);
  gproc_test_fill (gproc_writer_get_fd (writer));
  reader_fd = gproc_reader_get_fd (reader);
  watch_start (&watches[0], reader, NULL);
  watch_start (&watches[1], writer, NULL);
  watch_assert_silent (&watches[0]);
  watch_assert_silent (&watches[1]);
  g_assert_true (g_input_stream_close (G_INPUT_STREAM (reader), NULL, &error));
  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
  g_assert_no_error (error);
  gproc_test_pipe (again);
  g_assert_true (again[0] == reader_fd || again[1] == reader_fd);
  watch_wait (&watches[0]);
  watch_wait (&watches[1]);
  watch_start (&watches[2], reader, NULL);
  watch_wait (&watches[2]);
  g_assert_cmpint (read_nonblocking (reader, &byte, 1, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpint (write_nonblocking (writer, "x", 1, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  watch_stop (&watches[0]);
  watch_stop (&watches[1]);
  watch_stop (&watches[2]);
  g_assert_false (gproc_test_fd_is_ready (again[0], G_IO_IN));
  gproc_test_close (&again[0]);
  gproc_test_close (&again[1]);
  gproc_test_close (&peers[0]);
  gproc_test_close (&peers[1]);
}

static gboolean poll_first;

static gpointer
close_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;

  /* Every other time the other thread is in its poll already. */
  while (poll_first && gproc_test_polls () == 0)
    g_thread_yield ();
  g_assert_true (g_input_stream_close (data, NULL, &error));
  g_assert_no_error (error);
  return NULL;
}

/* Closed in one thread while the context of another one polls its source. */
static void
test_source_close_thread (void)
{
  int i;

  for (i = 0; i < 20; i++)
    {
      g_autoptr (GProcReader) reader = NULL;
      GThread *thread;
      Watch watch;
      int peer;

      reader = make_reader (&peer);
      watch_start (&watch, reader, NULL);
      gproc_test_settle ();
      gproc_test_wakeups_reset ();
      poll_first = i % 2 == 1;
      thread = g_thread_new ("close", close_thread, reader);
      /* No tick helps here: the close has to wake the poll. */
      while (watch.n_fired == 0)
        g_main_context_iteration (gproc_test_context (), TRUE);
      g_thread_join (thread);
      watch_stop (&watch);
      gproc_test_close (&peer);
    }
}

/* The source keeps the stream, so that it cannot outlive it. */
static void
test_source_last_unref (void)
{
  GProcReader *reader;
  Watch watch;
  int peer;
  int fd;

  reader = make_reader (&peer);
  fd = gproc_reader_get_fd (reader);
  watch_start (&watch, reader, NULL);
  g_object_unref (reader);
  g_assert_true (gproc_test_fd_is_open (fd));
  gproc_test_write (peer, "x", 1);
  watch_wait (&watch);
  watch_stop (&watch);
  g_assert_false (gproc_test_fd_is_open (fd));
  gproc_test_close (&peer);
}

static void
test_source_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GProcReader) reader = NULL;
  Watch watch;
  int peer;

  reader = make_reader (&peer);
  watch_start (&watch, reader, cancellable);
  watch_assert_silent (&watch);
  g_cancellable_cancel (cancellable);
  watch_wait (&watch);
  watch_stop (&watch);
  gproc_test_close (&peer);
}

static void
test_source_writer (void)
{
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  gsize filled;
  Watch watch;
  int peer;

  writer = make_writer (&peer);
  watch_start (&watch, writer, NULL);
  watch_wait (&watch);
  filled = gproc_test_fill (gproc_writer_get_fd (writer));
  watch_assert_silent (&watch);
  g_assert_true (gproc_writer_queue (writer, "queued", -1, &error));
  watch_assert_silent (&watch);
  g_bytes_unref (gproc_test_read (peer, filled));
  watch_wait (&watch);
  g_assert_cmpint (write_nonblocking (writer, "x", 1, &error), ==, 1);

  /* A broken one is ready: for its error. */
  gproc_test_fill (gproc_writer_get_fd (writer));
  watch_assert_silent (&watch);
  gproc_test_close (&peer);
  watch_wait (&watch);
  g_assert_cmpint (write_nonblocking (writer, "x", 1, &error), ==, -1);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  watch_wait (&watch);
  watch_stop (&watch);
}

static void
test_source_base (void)
{
  g_autoptr (GInputStream)
    base = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE | GPROC_TEST_HOSTILE_SPURIOUS);
  g_autoptr (GOutputStream) base_out = gproc_test_output_new (GPROC_TEST_HOSTILE_POLLABLE);
  g_autoptr (GProcReader) reader = gproc_test_track (gproc_reader_new (base));
  g_autoptr (GProcWriter) writer = gproc_test_track (gproc_writer_new (base_out));
  Watch input;
  Watch output;

  gproc_test_input_hold (base);
  gproc_test_output_hold (base_out, TRUE);
  watch_start (&input, reader, NULL);
  watch_start (&output, writer, NULL);
  watch_assert_silent (&input);
  watch_assert_silent (&output);
  gproc_test_input_push (base, "x", 1);
  gproc_test_output_hold (base_out, FALSE);
  watch_wait (&input);
  watch_wait (&output);
  watch_stop (&input);
  watch_stop (&output);
}

/* Sources of the same stream in two contexts, one of them another thread's. */
static gpointer
context_thread (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GSource) source = g_pollable_input_stream_create_source (data, NULL);
  Watch watch = { source, data, 0 };

  g_source_set_callback (source, (GSourceFunc) (void (*) (void)) on_ready, &watch, NULL);
  g_source_attach (source, context);
  while (watch.n_fired == 0)
    g_main_context_iteration (context, TRUE);
  g_source_destroy (source);
  return NULL;
}

static void
test_source_two_contexts (void)
{
  g_autoptr (GProcReader) reader = NULL;
  GThread *thread;
  Watch watch;
  int peer;

  reader = make_reader (&peer);
  watch_start (&watch, reader, NULL);
  thread = g_thread_new ("context", context_thread, reader);
  watch_assert_silent (&watch);
  gproc_test_write (peer, "x", 1);
  watch_wait (&watch);
  g_thread_join (thread);
  watch_stop (&watch);
  gproc_test_close (&peer);
}

typedef struct
{
  GProcReader *reader;
  int n_dropped; /* Atomic. */
  int closed;    /* Atomic. */
} Dropper;

static gboolean
base_ready (GObject  *stream,
            gpointer  user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Drops sources until the reader is closed, and some more of those that are ready at once. */
static gpointer
drop_thread (gpointer data)
{
  Dropper *dropper = data;
  GPollableInputStream *stream = G_POLLABLE_INPUT_STREAM (dropper->reader);
  GMainContext *context = g_main_context_new ();
  gboolean closed = FALSE;

  while (!closed)
    {
      GSource *loose, *attached;

      closed = g_atomic_int_get (&dropper->closed);
      loose = g_pollable_input_stream_create_source (stream, NULL);
      attached = g_pollable_input_stream_create_source (stream, NULL);
      g_source_set_callback (attached, G_SOURCE_FUNC (base_ready), NULL, NULL);
      g_source_attach (attached, context);
      g_main_context_iteration (context, FALSE);
      g_source_unref (loose);
      g_source_destroy (attached);
      g_source_unref (attached);
      g_atomic_int_inc (&dropper->n_dropped);
    }
  g_main_context_unref (context);

  return NULL;
}

/* Closed in one thread while another one drops the last reference to its source. */
static void
test_source_dropped_in_thread (void)
{
  for (int i = 0; i < 200; i++)
    {
      g_autoptr (GProcReader) reader = NULL;
      g_autoptr (GError) error = NULL;
      Dropper dropper = { NULL, 0, 0 };
      GThread *thread;
      int peer;

      dropper.reader = reader = make_reader (&peer);
      thread = g_thread_new ("dropper", drop_thread, &dropper);
      while (g_atomic_int_get (&dropper.n_dropped) <= i % 10)
        g_thread_yield ();
      g_assert_true (g_input_stream_close (G_INPUT_STREAM (reader), NULL, &error));
      g_assert_no_error (error);
      g_atomic_int_set (&dropper.closed, TRUE);
      g_thread_join (thread);
      gproc_test_close (&peer);
    }
}

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/pollable/can-poll", test_can_poll);
  gproc_test_add ("/gproc/pollable/read-nonblocking", test_read_nonblocking);
  gproc_test_add ("/gproc/pollable/read-nonblocking-base", test_read_nonblocking_base);
  gproc_test_add ("/gproc/pollable/write-nonblocking", test_write_nonblocking);
  gproc_test_add ("/gproc/pollable/writev-nonblocking", test_writev_nonblocking);
  gproc_test_add ("/gproc/pollable/source-data", test_source_data);
  gproc_test_add ("/gproc/pollable/source-unread", test_source_unread);
  gproc_test_add ("/gproc/pollable/source-eof", test_source_eof);
  gproc_test_add ("/gproc/pollable/source-error", test_source_error);
  gproc_test_add ("/gproc/pollable/source-close", test_source_close);
  gproc_test_add ("/gproc/pollable/source-close-thread", test_source_close_thread);
  gproc_test_add ("/gproc/pollable/source-dropped-in-thread", test_source_dropped_in_thread);
  gproc_test_add ("/gproc/pollable/source-last-unref", test_source_last_unref);
  gproc_test_add ("/gproc/pollable/source-cancelled", test_source_cancelled);
  gproc_test_add ("/gproc/pollable/source-writer", test_source_writer);
  gproc_test_add ("/gproc/pollable/source-base", test_source_base);
  gproc_test_add ("/gproc/pollable/source-two-contexts", test_source_two_contexts);
  return gproc_test_run ();
}
