/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test.h"
#include "gproc-test-streams.h"

#include <gprocstream/gprocstream.h>

#include <unistd.h>

enum
{
  N = 3
};

typedef struct
{
  GProcReader *readers[N];
  GProcWriter *writers[N];
  int talkers[N];   /* What feeds the readers. */
  int listeners[N]; /* What takes from the writers. */
} Setup;

static void
setup_init (Setup *setup)
{
  int i;

  for (i = 0; i < N; i++)
    {
      int fds[2];

      gproc_test_pipe (fds);
      setup->readers[i] = gproc_test_track (gproc_reader_new_for_fd (fds[0], TRUE));
      setup->talkers[i] = fds[1];
      gproc_test_pipe (fds);
      setup->writers[i] = gproc_test_track (gproc_writer_new_for_fd (fds[1], TRUE));
      setup->listeners[i] = fds[0];
      gproc_test_fill (fds[1]);
    }
}

static void
setup_clear (Setup *setup)
{
  int i;

  for (i = 0; i < N; i++)
    {
      g_object_unref (setup->readers[i]);
      g_object_unref (setup->writers[i]);
      gproc_test_close (&setup->talkers[i]);
      gproc_test_close (&setup->listeners[i]);
    }
}

static GPtrArray *
run_select (Setup *setup,
            int    timeout_ms)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *ready = gproc_select (setup->readers, N, setup->writers, N, timeout_ms, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (ready);
  return ready;
}

static void
test_timeout (void)
{
  g_autoptr (GPtrArray) none = NULL;
  g_autoptr (GPtrArray) still_none = NULL;
  gint64 start = g_get_monotonic_time ();
  Setup setup;

  setup_init (&setup);
  none = run_select (&setup, 0);
  g_assert_cmpuint (none->len, ==, 0);
  still_none = run_select (&setup, 30);
  g_assert_cmpuint (still_none->len, ==, 0);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 30 * 1000);
  setup_clear (&setup);
}

/* Readers first, then writers, in the order in which they were given. */
static void
test_ready (void)
{
  g_autoptr (GPtrArray) one = NULL;
  g_autoptr (GPtrArray) three = NULL;
  Setup setup;

  setup_init (&setup);
  gproc_test_write (setup.talkers[1], "x", 1);
  one = run_select (&setup, -1);
  g_assert_cmpuint (one->len, ==, 1);
  g_assert_true (g_ptr_array_index (one, 0) == setup.readers[1]);

  g_bytes_unref (gproc_test_read (setup.listeners[2], 30000));
  gproc_test_write (setup.talkers[0], "x", 1);
  three = run_select (&setup, -1);
  g_assert_cmpuint (three->len, ==, 3);
  g_assert_true (g_ptr_array_index (three, 0) == setup.readers[0]);
  g_assert_true (g_ptr_array_index (three, 1) == setup.readers[1]);
  g_assert_true (g_ptr_array_index (three, 2) == setup.writers[2]);
  setup_clear (&setup);
}

/* What is in the buffer is as good as what is in the pipe. */
static void
test_buffered (void)
{
  g_autoptr (GPtrArray) ready = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = NULL;
  Setup setup;

  setup_init (&setup);
  gproc_test_write (setup.talkers[2], "line\nrest", -1);
  line = gproc_reader_read_line (setup.readers[2], NULL, &error);
  gproc_test_assert_bytes (line, "line\n");
  g_assert_false (gproc_test_fd_is_ready (gproc_reader_get_fd (setup.readers[2]), G_IO_IN));
  ready = run_select (&setup, -1);
  g_assert_cmpuint (ready->len, ==, 1);
  g_assert_true (g_ptr_array_index (ready, 0) == setup.readers[2]);
  setup_clear (&setup);
}

/* An end and a break are something to learn. */
static void
test_ended (void)
{
  g_autoptr (GPtrArray) ready = NULL;
  g_autoptr (GPtrArray) again = NULL;
  Setup setup;

  setup_init (&setup);
  gproc_test_close (&setup.talkers[0]);
  gproc_test_close (&setup.listeners[1]);
  ready = run_select (&setup, -1);
  g_assert_cmpuint (ready->len, ==, 2);
  g_assert_true (g_ptr_array_index (ready, 0) == setup.readers[0]);
  g_assert_true (g_ptr_array_index (ready, 1) == setup.writers[1]);
  g_assert_true (gproc_reader_at_eof (setup.readers[0]));
  again = run_select (&setup, -1);
  g_assert_cmpuint (again->len, ==, 2);
  setup_clear (&setup);
}

static gpointer
talk_thread (gpointer data)
{
  gproc_test_write (*(int *) data, "x", 1);
  return NULL;
}

static gpointer
cancel_thread (gpointer data)
{
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GPtrArray) ready = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;
  Setup setup;

  setup_init (&setup);
  thread = g_thread_new ("cancel", cancel_thread, cancellable);
  g_assert_null (gproc_select (setup.readers, N, setup.writers, N, -1, cancellable, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  g_assert_null (gproc_select (setup.readers, N, NULL, 0, 0, cancellable, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  thread = g_thread_new ("talk", talk_thread, &setup.talkers[0]);
  ready = run_select (&setup, -1);
  g_assert_cmpuint (ready->len, ==, 1);
  g_thread_join (thread);
  setup_clear (&setup);
}

static void
test_not_supported (void)
{
  g_autoptr (GInputStream) base = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_NONE);
  g_autoptr (GProcReader) reader = gproc_test_track (gproc_reader_new (base));
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  g_autoptr (GPtrArray) ready = NULL;
  g_autoptr (GError) error = NULL;

  gproc_test_input_hold (base);
  g_assert_null (gproc_select (&reader, 1, NULL, 0, 0, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_true (gproc_reader_unread (reader, bytes, &error));
  ready = gproc_select (&reader, 1, NULL, 0, -1, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ready->len, ==, 1);
}

/* Nothing to wait for, and closed ones, which have an answer at once. */
static void
test_edges (void)
{
  g_autoptr (GPtrArray) none = NULL;
  g_autoptr (GPtrArray) ready = NULL;
  g_autoptr (GError) error = NULL;
  Setup setup;

  none = gproc_select (NULL, 0, NULL, 0, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);

  setup_init (&setup);
  g_assert_true (g_input_stream_close (G_INPUT_STREAM (setup.readers[1]), NULL, &error));
  ready = run_select (&setup, -1);
  g_assert_cmpuint (ready->len, ==, 1);
  g_assert_true (g_ptr_array_index (ready, 0) == setup.readers[1]);
  setup_clear (&setup);
}

/* The loop that the documentation shows: everything by select and try, no GMainLoop. */
static void
test_foreign_loop (void)
{
  g_autoptr (GBytes) data = gproc_test_random_bytes (300000);
  g_autoptr (GByteArray) result = g_byte_array_new ();
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GProcWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  gboolean ended = FALSE;
  int fds[2];

  gproc_test_pipe (fds);
  reader = gproc_test_track (gproc_reader_new_for_fd (fds[0], TRUE));
  writer = gproc_test_track (gproc_writer_new_for_fd (fds[1], TRUE));
  g_assert_true (gproc_writer_queue_bytes (writer, data, &error));
  g_assert_true (gproc_writer_write_eof (writer, &error));
  while (!ended)
    {
      gboolean busy = gproc_writer_get_fd (writer) >= 0;
      g_autoptr (GPtrArray)
        ready = gproc_select (&reader, 1, &writer, busy ? 1 : 0, 10000, NULL, &error);
      g_autoptr (GBytes) bytes = NULL;

      g_assert_no_error (error);
      g_assert_cmpuint (ready->len, >, 0);
      if (busy && !gproc_writer_try_flush (writer, &error))
        gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      bytes = gproc_reader_try_read_some (reader, 100000, &error);
      if (bytes != NULL)
        g_byte_array_append (result, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      else if (error == NULL)
        ended = TRUE;
      else
        gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
    }
  g_assert_cmpmem (result->data, result->len, g_bytes_get_data (data, NULL), 300000);
}

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/select/timeout", test_timeout);
  gproc_test_add ("/gproc/select/ready", test_ready);
  gproc_test_add ("/gproc/select/buffered", test_buffered);
  gproc_test_add ("/gproc/select/ended", test_ended);
  gproc_test_add ("/gproc/select/threads", test_threads);
  gproc_test_add ("/gproc/select/not-supported", test_not_supported);
  gproc_test_add ("/gproc/select/edges", test_edges);
  gproc_test_add ("/gproc/select/foreign-loop", test_foreign_loop);
  return gproc_test_run ();
}
