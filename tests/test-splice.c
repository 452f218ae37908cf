/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-peer.h"

#include <string.h>
#include <unistd.h>

#include "gproc-test-process.h"

/* gproc_stream_splice_async: a process and whatever is at the other end of a stream. */

static int
compare_lines (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

/* Lines of letters, and the same in order. */
static void
make_lines (guint    n_lines,
            GBytes **lines,
            GBytes **sorted)
{
  g_autoptr (GPtrArray) array = g_ptr_array_new_with_free_func (g_free);
  GByteArray *one = g_byte_array_new ();
  GByteArray *two = g_byte_array_new ();

  for (guint i = 0; i < n_lines; i++)
    {
      char *line = g_strdup_printf ("%08x%.*s\n", g_test_rand_int (), g_test_rand_int_range (0, 60),
                                    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh");

      g_byte_array_append (one, (const guint8 *) line, (guint) strlen (line));
      g_ptr_array_add (array, line);
    }
  g_ptr_array_sort (array, compare_lines);
  for (guint i = 0; i < n_lines; i++)
    g_byte_array_append (two, array->pdata[i], (guint) strlen (array->pdata[i]));

  *lines = g_byte_array_free_to_bytes (one);
  *sorted = g_byte_array_free_to_bytes (two);
}

static void
assert_returncode (GProcStream *stream,
                   int          returncode)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, returncode);
  g_assert_no_error (error);
}

/* Answers only when it has seen the end: the client is heard to it, and told all. */
static void
test_sort (gconstpointer data)
{
  g_auto (Peer) peer = { 0 };
  g_autoptr (GProcStream) sort = NULL;
  g_autoptr (GBytes) lines = NULL;
  g_autoptr (GBytes) sorted = NULL;
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  make_lines ((guint) gproc_test_scale (20000), &lines, &sorted);
  size = g_bytes_get_size (lines);
  sort = spawn_program ("sort", NULL);
  peer_init (&peer, GPOINTER_TO_UINT (data));
  gproc_test_end_feed (peer.says, lines);
  gproc_test_end_listen (peer.hears, G_MAXSIZE);

  g_assert_true (run_splice (sort, peer.stream, BOTH | CLOSE_1 | CLOSE_2, NULL, &error));
  g_assert_no_error (error);
  heard = gproc_test_end_join (peer.hears);
  gproc_test_assert_equal (heard, sorted);
  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (sort)));
  g_assert_true (g_io_stream_is_closed (peer.stream));
  g_assert_cmpuint (gproc_reader_get_bytes_read (gproc_stream_get_stdout (sort)), ==, size);
  g_assert_cmpuint (gproc_writer_get_bytes_written (gproc_stream_get_stdin (sort)), ==, size);
  assert_returncode (sort, 0);
}

/* Two processes: what one says the other one sorts, and gives back. */
static void
test_two_processes (void)
{
  g_autoptr (GProcTestEnd) file = gproc_test_source_new (GPROC_TEST_FILE);
  g_autoptr (GProcStream) sort = spawn_program ("sort", NULL);
  g_autoptr (GProcStream) producer = NULL;
  g_autofree char *script = NULL;
  g_autofree char *contents = NULL;
  g_autoptr (GBytes) lines = NULL;
  g_autoptr (GBytes) sorted = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  make_lines ((guint) gproc_test_scale (20000), &lines, &sorted);
  gproc_test_end_feed (file, lines);
  script = g_strdup_printf ("cat '%s'; exec 1>&-; cat >'%s.sorted'", file->path, file->path);
  producer = gproc_stream_newv ((const char *[]){ "sh", "-c", script, NULL },
                                GPROC_STREAM_FLAGS_NONE, &error);
  g_assert_no_error (error);
  gproc_test_track (producer);

  g_assert_true (run_splice (sort, G_IO_STREAM (producer), BOTH, NULL, &error));
  g_assert_no_error (error);
  assert_returncode (producer, 0);
  assert_returncode (sort, 0);
  g_free (script);
  script = g_strconcat (file->path, ".sorted", NULL);
  g_assert_true (g_file_get_contents (script, &contents, &size, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (contents, size, g_bytes_get_data (sorted, NULL), g_bytes_get_size (sorted));
  g_assert_no_errno (unlink (script));
  g_assert_false (g_io_stream_is_closed (G_IO_STREAM (sort)));
  g_assert_false (g_io_stream_is_closed (G_IO_STREAM (producer)));
}

/* More than all buffers hold, there and back at once. */
static void
test_duplex (gconstpointer data)
{
  g_autoptr (GBytes) bytes = gproc_test_random_bytes (gproc_test_scale (4 * 1024 * 1024));
  g_autoptr (GProcStream) cat = spawn (GPROC_STREAM_FLAGS_NONE, "cat", NULL);
  g_auto (Peer) peer = { 0 };
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;

  peer_init (&peer, GPOINTER_TO_UINT (data));
  gproc_test_end_feed (peer.says, bytes);
  gproc_test_end_listen (peer.hears, G_MAXSIZE);
  g_assert_true (run_splice (cat, peer.stream, BOTH, NULL, &error));
  g_assert_no_error (error);
  heard = gproc_test_end_join (peer.hears);
  gproc_test_assert_equal (heard, bytes);
  /* The end was said on each way, and nothing was closed besides. */
  g_assert_false (g_io_stream_is_closed (G_IO_STREAM (cat)));
  g_assert_false (g_io_stream_is_closed (peer.stream));
  assert_returncode (cat, 0);
}

/* The end of the client's way is the end of all; what is to be closed is. */
static void
test_one_way (gconstpointer data)
{
  GIOStreamSpliceFlags flags = GPOINTER_TO_UINT (data);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("hello\n", 6);
  g_autoptr (GProcStream) cat = spawn (GPROC_STREAM_FLAGS_NONE, "cat", NULL);
  g_auto (Peer) peer = { 0 };
  g_autoptr (GBytes) line = NULL;
  g_autoptr (GError) error = NULL;

  peer_init (&peer, PEER_SOCKET);
  gproc_test_end_feed (peer.says, bytes);
  g_assert_true (run_splice (cat, peer.stream, flags, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_io_stream_is_closed (G_IO_STREAM (cat)), ==, (flags & CLOSE_1) != 0);
  g_assert_cmpint (g_io_stream_is_closed (peer.stream), ==, (flags & CLOSE_2) != 0);
  if ((flags & CLOSE_1) != 0)
    return;

  /* Nothing was half-closed: it goes on as before. */
  g_assert_cmpuint (gproc_writer_get_bytes_written (gproc_stream_get_stdin (cat)), ==, 6);
  if (gproc_reader_get_bytes_read (gproc_stream_get_stdout (cat)) == 0)
    {
      line = gproc_reader_read_line (gproc_stream_get_stdout (cat), NULL, &error);
      gproc_test_assert_bytes (line, "hello\n");
      g_clear_pointer (&line, g_bytes_unref);
    }
  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (cat), "again\n", -1, &error));
  line = gproc_reader_read_line (gproc_stream_get_stdout (cat), NULL, &error);
  gproc_test_assert_bytes (line, "again\n");
  g_assert_no_error (error);
}

/* The end of the process ends it too, though the client never does. */
static void
test_process_ends (gconstpointer data)
{
  g_autoptr (GProcStream) echo = spawn (GPROC_STREAM_FLAGS_NONE, "echo", "hello");
  g_auto (Peer) peer = { 0 };
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;

  peer_init (&peer, GPOINTER_TO_UINT (data));
  gproc_test_end_listen (peer.hears, 6);
  g_assert_true (run_splice (echo, peer.stream, CLOSE_1 | CLOSE_2, NULL, &error));
  g_assert_no_error (error);
  heard = gproc_test_end_join (peer.hears);
  gproc_test_assert_bytes (heard, "hello\n");
}

/* It has said a lot before it ended, and nobody writes to it. */
static void
test_output_is_long (gconstpointer data)
{
  const gsize size = gproc_test_scale (4 * 1024 * 1024);
  g_autofree char *count = g_strdup_printf ("%" G_GSIZE_FORMAT, size);
  g_autoptr (GProcStream) flood = spawn (GPROC_STREAM_FLAGS_NONE, "flood-stdout", count);
  g_auto (Peer) peer = { 0 };
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;
  gboolean success;

  peer_init (&peer, GPOINTER_TO_UINT (data));
  gproc_test_end_listen (peer.hears, size);
  success = run_splice (flood, peer.stream, CLOSE_1 | CLOSE_2, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (success);
  heard = gproc_test_end_join (peer.hears);
  g_assert_cmpuint (g_bytes_get_size (heard), ==, size);
}

/* What was read ahead, and what waits in the queue, comes first. */
static void
test_buffered (void)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("client", 6);
  g_autoptr (GProcStream) cat = spawn (GPROC_STREAM_FLAGS_NONE, "cat", NULL);
  g_auto (Peer) peer = { 0 };
  g_autoptr (GBytes) line = NULL;
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (cat), "one\ntwo ", -1, &error));
  line = gproc_reader_read_line (gproc_stream_get_stdout (cat), NULL, &error);
  gproc_test_assert_bytes (line, "one\n");
  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (cat), "three ", -1, &error));
  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (cat), "four ", -1, &error));
  g_assert_no_error (error);

  peer_init (&peer, PEER_CONNECTION);
  gproc_test_end_feed (peer.says, bytes);
  gproc_test_end_listen (peer.hears, G_MAXSIZE);
  g_assert_true (run_splice (cat, peer.stream, BOTH, NULL, &error));
  g_assert_no_error (error);
  heard = gproc_test_end_join (peer.hears);
  gproc_test_assert_bytes (heard, "two three four client");
}

static void
test_cancelled_before (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) bytes = g_bytes_new_static ("hello", 5);
  g_autoptr (GProcStream) cat = spawn (GPROC_STREAM_FLAGS_NONE, "cat", NULL);
  g_auto (Peer) peer = { 0 };
  g_autoptr (GError) error = NULL;

  peer_init (&peer, PEER_SOCKET);
  gproc_test_end_feed (peer.says, bytes);
  g_cancellable_cancel (cancellable);
  g_assert_false (run_splice (cat, peer.stream, BOTH | CLOSE_1 | CLOSE_2, cancellable, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (g_io_stream_is_closed (G_IO_STREAM (cat)));
  g_assert_false (g_io_stream_is_closed (peer.stream));
  g_assert_cmpuint (gproc_writer_get_bytes_accepted (gproc_stream_get_stdin (cat)), ==, 0);
  g_assert_cmpuint (gproc_reader_get_bytes_read (
                      gproc_stream_get_stdout (GPROC_STREAM (peer.stream))),
                    ==, 0);
  g_assert_true (gproc_stream_get_running (cat));
}

/* At any moment, again and again: what comes back to the client is what it said. */
static void
test_cancelled_during (gconstpointer data)
{
  g_autoptr (GBytes) bytes = gproc_test_random_bytes (gproc_test_scale (4 * 1024 * 1024));
  g_autoptr (GProcStream) cat = spawn (GPROC_STREAM_FLAGS_NONE, "cat", NULL);
  g_auto (Peer) peer = { 0 };
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;
  gsize n_rounds = gproc_test_scale (200);
  gboolean done = FALSE;

  peer_init (&peer, GPOINTER_TO_UINT (data));
  gproc_test_end_feed (peer.says, bytes);
  gproc_test_end_listen (peer.hears, G_MAXSIZE);
  while (!done && n_rounds-- > 0)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

      gproc_stream_splice_async (cat, peer.stream, BOTH, G_PRIORITY_DEFAULT, cancellable,
                                 gproc_test_call_done, &call);
      for (int i = g_test_rand_int_range (0, 10); i > 0; i--)
        g_main_context_iteration (gproc_test_context (), FALSE);
      g_cancellable_cancel (cancellable);
      done = splice_finish (&call, cat, &error);
      if (done)
        break;

      /* A stream of GIO's that has no half-close was closed behind all bytes. */
      done = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
      if (done)
        g_assert_cmpuint (GPOINTER_TO_UINT (data), ==, PEER_FOREIGN_PIPES);
      else
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&error);
    }

  /* Also by the last of these rounds. */
  if (!done && !run_splice (cat, peer.stream, BOTH, NULL, &error))
    {
      g_assert_cmpuint (GPOINTER_TO_UINT (data), ==, PEER_FOREIGN_PIPES);
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
    }
  heard = gproc_test_end_join (peer.hears);
  gproc_test_assert_equal (heard, bytes);
}

int
main (int    argc,
      char **argv)
{
  gproc_test_init (&argc, &argv);

  for (guint i = 0; i < N_PEERS; i++)
    {
      const struct
      {
        const char *name;
        GProcTestDataFunc func;
      } tests[] = {
        { "sort", test_sort },
        { "duplex", test_duplex },
        { "process-ends", test_process_ends },
        { "output-is-long", test_output_is_long },
        { "cancelled-during", test_cancelled_during },
      };

      for (guint j = 0; j < G_N_ELEMENTS (tests); j++)
        {
          g_autofree char *path = g_strdup_printf ("/gproc/splice/%s/%s", tests[j].name,
                                                   peer_names[i]);

          gproc_test_add_data (path, GUINT_TO_POINTER (i), tests[j].func);
        }
    }
  gproc_test_add ("/gproc/splice/two-processes", test_two_processes);
  gproc_test_add_data ("/gproc/splice/one-way/none", GUINT_TO_POINTER (0), test_one_way);
  gproc_test_add_data ("/gproc/splice/one-way/close-1", GUINT_TO_POINTER (CLOSE_1), test_one_way);
  gproc_test_add_data ("/gproc/splice/one-way/close-2", GUINT_TO_POINTER (CLOSE_2), test_one_way);
  gproc_test_add_data ("/gproc/splice/one-way/close-both", GUINT_TO_POINTER (CLOSE_1 | CLOSE_2),
                       test_one_way);
  gproc_test_add ("/gproc/splice/buffered", test_buffered);
  gproc_test_add ("/gproc/splice/cancelled-before", test_cancelled_before);

  return gproc_test_run ();
}
