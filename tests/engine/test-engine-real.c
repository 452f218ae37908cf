/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <gio/gunixsocketaddress.h>
#include <gprocstream/gprocstream-engine.h>
#include <string.h>

#include "tests/gproc-test.h"

/* The client from C against a real engine. To be run by run.sh, which makes one. */

/* Waits until its terminal has each of the sizes, and says so. An engine starts a command before it
 * gives the terminal its size. */
#define RESIZED                                                                     \
  "for size; do until [ \"$(stty size 2>&1)\" = \"$size\" ]; do sleep 0.01; done; " \
  "echo $size; done; read word; exit 5"

#define N_AT_ONCE 50

/* NULL, with the test skipped, where there is none. */
static GProcEngine *
find_engine (void)
{
  const char *address = g_getenv ("GPROC_ENGINE");
  g_autoptr (GError) error = NULL;
  GProcEngine *engine;

  if (address == NULL)
    {
      g_test_skip ("there is no engine but with tests/engine/run.sh");
      return NULL;
    }

  engine = gproc_engine_new_connected (address, NULL, &error);
  g_assert_no_error (error);

  return engine;
}

static GProcStream *
execute_in (GProcEngine   *engine,
            const char    *container,
            GProcLauncher *launcher,
            const char    *script,
            const char    *argument,
            const char    *other)
{
  const char * const argv[] = { "sh", "-c", script, "sh", argument, other, NULL };
  g_autoptr (GError) error = NULL;
  GProcStream *stream = gproc_engine_exec (engine, container, argv, launcher, NULL, &error);

  g_assert_no_error (error);

  return stream;
}

static GProcStream *
execute (GProcEngine *engine,
         const char  *script)
{
  return execute_in (engine, g_getenv ("GPROC_ENGINE_CONTAINER"), NULL, script, NULL, NULL);
}

static void
drop (GProcStream **stream)
{
  gproc_test_track (*stream);
  g_clear_object (stream);
  gproc_test_settle ();
}

static void
assert_status (GProcStream *stream,
               int          status)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, status);
  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_get_returncode (stream), ==, status);
}

static char *
read_line (GProcReader *reader)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = gproc_reader_read_line_utf8 (reader, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (line);

  return g_strdup (g_strstrip (line));
}

static void
assert_line (GProcReader *reader,
             const char  *wanted)
{
  g_autofree char *line = read_line (reader);

  g_assert_cmpstr (line, ==, wanted);
}

typedef struct
{
  GProcWriter *writer;
  GBytes *bytes;
} Feeding;

static gpointer
feed (gpointer data)
{
  Feeding *feeding = data;
  g_autoptr (GError) error = NULL;
  gsize size;
  const char *bytes = g_bytes_get_data (feeding->bytes, &size);

  g_output_stream_write_all (G_OUTPUT_STREAM (feeding->writer), bytes, size, NULL, NULL, &error);
  g_assert_no_error (error);
  gproc_writer_write_eof (feeding->writer, &error);
  g_assert_no_error (error);

  return NULL;
}

/* Written in one thread and read in another at the same time, with checksums of both. */
static void
test_duplex (void)
{
  g_autoptr (GProcEngine) engine = find_engine ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *given = NULL;
  g_autoptr (GError) error = NULL;
  GProcStream *stream;
  Feeding feeding;
  GThread *thread;
  gsize came = 0;

  if (engine == NULL)
    return;

  bytes = gproc_test_random_bytes (gproc_test_scale (32 * 1024 * 1024) + 1);
  given = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
  stream = execute (engine, "exec cat");
  feeding = (Feeding){ gproc_stream_get_stdin (stream), bytes };
  thread = g_thread_new ("feed", feed, &feeding);
  for (;;)
    {
      g_autoptr (GBytes)
        piece = gproc_reader_read_some (gproc_stream_get_stdout (stream), 1 << 20, NULL, &error);

      g_assert_no_error (error);
      if (piece == NULL)
        break;
      g_checksum_update (checksum, g_bytes_get_data (piece, NULL),
                         (gssize) g_bytes_get_size (piece));
      came += g_bytes_get_size (piece);
    }
  g_thread_join (thread);

  g_assert_cmpuint (came, ==, g_bytes_get_size (bytes));
  g_assert_cmpstr (g_checksum_get_string (checksum), ==, given);
  assert_status (stream, 0);
  drop (&stream);
}

/* What comes only behind the end of the input; once by half closing, once by closing. */
static void
test_half_close (void)
{
  g_autoptr (GProcEngine) engine = find_engine ();

  for (guint i = 0; engine != NULL && i < 2; i++)
    {
      GProcStream *stream = execute (engine, "exec sort");
      GProcWriter *writer = gproc_stream_get_stdin (stream);
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = NULL;

      g_assert_true (gproc_writer_queue (writer, "c\na\nb\n", -1, &error));
      if (i == 0)
        g_assert_true (gproc_writer_write_eof (writer, &error));
      else
        g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error));
      g_assert_no_error (error);
      bytes = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
      g_assert_no_error (error);
      gproc_test_assert_bytes (bytes, "a\nb\nc\n");
      assert_status (stream, 0);
      drop (&stream);
    }
}

static void
test_stderr (void)
{
  g_autoptr (GProcEngine) engine = find_engine ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;
  GProcStream *stream;

  if (engine == NULL)
    return;

  stream = execute (engine, "echo one; echo two >&2; echo three; echo four >&2");
  err = gproc_reader_read_to_end (gproc_stream_get_stderr (stream), -1, NULL, &error);
  g_assert_no_error (error);
  out = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (out, "one\nthree\n");
  gproc_test_assert_bytes (err, "two\nfour\n");
  assert_status (stream, 0);
  drop (&stream);
}

static void
test_statuses (void)
{
  static const struct
  {
    const char *script;
    int status;
  } cases[] = { { "exit 0", 0 }, { "exit 3", 3 }, { "kill -KILL $$", 137 } };
  g_autoptr (GProcEngine) engine = find_engine ();

  for (guint i = 0; engine != NULL && i < G_N_ELEMENTS (cases); i++)
    {
      GProcStream *stream = execute (engine, cases[i].script);
      g_autoptr (GError) error = NULL;
      g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

      gproc_stream_wait_async (stream, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
      g_assert_cmpint (gproc_stream_wait_finish (stream, gproc_test_call_wait (&call), &error), ==,
                       cases[i].status);
      g_assert_no_error (error);
      assert_status (stream, cases[i].status);
      drop (&stream);
    }
}

static void
test_terminal (void)
{
  g_autoptr (GProcEngine) engine = find_engine ();
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) rest = NULL;
  GProcBackend *backend;
  GProcReader *reader;
  GProcStream *stream;

  if (engine == NULL)
    return;

  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_pty_size (launcher, 33, 101);
  stream = execute_in (engine, g_getenv ("GPROC_ENGINE_CONTAINER"), launcher, RESIZED, "33 101",
                       "40 120");
  g_assert_true (gproc_stream_get_is_pty (stream));
  g_assert_null (gproc_stream_get_stderr (stream));
  reader = gproc_stream_get_stdout (stream);
  assert_line (reader, "33 101");
  g_assert_true (gproc_stream_resize (stream, 40, 120, &error));
  g_assert_no_error (error);
  assert_line (reader, "40 120");
  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), "go\n", -1, &error));
  assert_line (reader, "go");
  rest = gproc_reader_read_to_end (reader, -1, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (rest, "");
  assert_status (stream, 5);

  /* The thread that asked for the size may not have let go yet. */
  backend = gproc_stream_get_backend (stream);
  g_object_add_weak_pointer (G_OBJECT (backend), (gpointer *) &backend);
  drop (&stream);
  gproc_test_wait_for (g_atomic_pointer_get (&backend) == NULL);
}

/* All are begun before any of them has ended, and each has its own. */
static void
test_fifty (void)
{
  g_autoptr (GProcEngine) engine = find_engine ();
  g_autoptr (GBytes) input = g_bytes_new_static ("word\n", 5);
  GProcTestCall calls[N_AT_ONCE] = { GPROC_TEST_CALL_INIT };
  GProcStream *streams[N_AT_ONCE];
  g_autoptr (GError) error = NULL;

  if (engine == NULL)
    return;

  for (int i = 0; i < N_AT_ONCE; i++)
    {
      g_autofree char *script = g_strdup_printf ("read word; echo $word %d; exit %d", i, i);
      const char * const argv[] = { "sh", "-c", script, NULL };

      gproc_engine_exec_async (engine, g_getenv ("GPROC_ENGINE_CONTAINER"), argv, NULL,
                               G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &calls[i]);
    }
  for (int i = 0; i < N_AT_ONCE; i++)
    {
      streams[i] = gproc_engine_exec_finish (engine, gproc_test_call_wait (&calls[i]), &error);
      g_assert_no_error (error);
      gproc_test_call_clear (&calls[i]);
    }

  for (int i = 0; i < N_AT_ONCE; i++)
    {
      calls[i] = (GProcTestCall) GPROC_TEST_CALL_INIT;
      gproc_stream_communicate_async (streams[i], input, G_PRIORITY_DEFAULT, NULL,
                                      gproc_test_call_done, &calls[i]);
    }
  for (int i = 0; i < N_AT_ONCE; i++)
    {
      g_autofree char *wanted = g_strdup_printf ("word %d\n", i);
      g_autoptr (GProcResult) result = NULL;

      result = gproc_stream_communicate_finish (streams[i], gproc_test_call_wait (&calls[i]),
                                                &error);
      g_assert_no_error (error);
      gproc_test_assert_bytes (gproc_result_get_stdout (result), wanted);
      g_assert_cmpint (gproc_result_get_returncode (result), ==, i);
      gproc_test_call_clear (&calls[i]);
      drop (&streams[i]);
    }
}

static void
assert_communicated (GProcResult  *result,
                     const GError *error)
{
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "a word\n");
  gproc_test_assert_bytes (gproc_result_get_stderr (result), "heard\n");
  g_assert_cmpint (gproc_result_get_returncode (result), ==, 3);
  g_assert_false (gproc_result_get_truncated (result));
}

static void
test_communicate (void)
{
  g_autoptr (GProcEngine) engine = find_engine ();
  g_autoptr (GBytes) input = g_bytes_new_static ("a word\n", 7);
  g_autoptr (GProcResult) blocking = NULL;
  g_autoptr (GProcResult) later = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  const char *script = "cat; echo heard >&2; exit 3";
  GProcStream *stream;

  if (engine == NULL)
    return;

  stream = execute (engine, script);
  blocking = gproc_stream_communicate (stream, input, NULL, &error);
  assert_communicated (blocking, error);
  drop (&stream);

  stream = execute (engine, script);
  gproc_stream_communicate_async (stream, input, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done,
                                  &call);
  later = gproc_stream_communicate_finish (stream, gproc_test_call_wait (&call), &error);
  assert_communicated (later, error);
  drop (&stream);
}

/* A command that has closed its outputs is not over, and is waited for. */
static void
test_closed_outputs (void)
{
  g_autoptr (GProcEngine) engine = find_engine ();
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GProcStream *stream;

  if (engine == NULL)
    return;

  stream = execute (engine, "exec >&- 2>&-; sleep 4; exit 3");
  result = gproc_stream_communicate (stream, NULL, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "");
  g_assert_cmpint (gproc_result_get_returncode (result), ==, 3);
  drop (&stream);
}

/* Each one's output is the other's input, and each is in a container of its own: the first gives
 * numbers, the second sorts them when it has all, and the first says what came back. */
static void
test_two_containers (void)
{
  g_autoptr (GProcEngine) engine = find_engine ();
  const char * const idle[] = { "tail", "-f", "/dev/null", NULL };
  g_autoptr (GProcContainer) container = NULL;
  g_autoptr (GProcReader) here = NULL;
  g_autofree char *one = NULL;
  g_autofree char *other = NULL;
  g_autofree char *checksum = NULL;
  g_autoptr (GString) sorted = g_string_new (NULL);
  g_autofree char *wanted = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  GProcStream *left;
  GProcStream *right;

  if (engine == NULL)
    return;

  container = gproc_engine_create (engine, g_getenv ("GPROC_ENGINE_IMAGE"), NULL, idle, NULL, NULL,
                                   &error);
  g_assert_no_error (error);
  g_assert_true (gproc_container_start (container, NULL, &error));
  g_assert_no_error (error);

  left = execute (engine, "hostname >&2; seq 100000 199999; exec md5sum >&2");
  right = execute_in (engine, gproc_container_get_id (container), NULL,
                      "hostname >&2; head -n 100000 | sort -rn; exit 6", NULL, NULL);
  gproc_stream_splice_async (left, G_IO_STREAM (right), G_IO_STREAM_SPLICE_WAIT_FOR_BOTH,
                             G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
  g_assert_true (gproc_stream_splice_finish (left, gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);

  /* The two have different names, so there are two. */
  one = read_line (gproc_stream_get_stderr (left));
  other = read_line (gproc_stream_get_stderr (right));
  g_assert_cmpstr (one, !=, other);

  for (int i = 199999; i >= 100000; i--)
    g_string_append_printf (sorted, "%d\n", i);
  wanted = g_compute_checksum_for_string (G_CHECKSUM_MD5, sorted->str, (gssize) sorted->len);
  checksum = read_line (gproc_stream_get_stderr (left));
  g_assert_true (g_str_has_prefix (checksum, wanted));
  assert_status (left, 0);
  assert_status (right, 6);
  drop (&left);
  drop (&right);

  g_assert_true (gproc_container_remove (container, TRUE, NULL, &error));
  g_assert_no_error (error);
}

/* Has run.sh do something with its engine. Blocks until that is done. */
static void
control (const char *order)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress)
    address = g_unix_socket_address_new (g_getenv ("GPROC_ENGINE_CONTROL"));
  g_autoptr (GSocketConnection) connection = NULL;
  g_autofree char *line = g_strconcat (order, "\n", NULL);
  g_autoptr (GError) error = NULL;
  char answer[6] = "";
  GIOStream *stream;

  connection = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, &error);
  g_assert_no_error (error);
  stream = G_IO_STREAM (connection);
  g_output_stream_write_all (g_io_stream_get_output_stream (stream), line, strlen (line), NULL,
                             NULL, &error);
  g_assert_no_error (error);
  g_input_stream_read_all (g_io_stream_get_input_stream (stream), answer, 5, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (answer, ==, "done\n");
  g_io_stream_close (stream, NULL, NULL);
}

static gpointer
kill_engine (gpointer data)
{
  control ("kill");

  return NULL;
}

/* The end of the engine comes while a call is under way, blocking or not: an error, no wait without
 * end, and no success. */
static void
test_engine_ends (void)
{
  g_autoptr (GProcEngine) engine = find_engine ();

  for (guint i = 0; engine != NULL && i < 2; i++)
    {
      GProcStream *stream = execute (engine, "echo up; exec tail -f /dev/null");
      g_autoptr (GProcResult) result = NULL;
      g_autoptr (GProcEngine) gone = NULL;
      g_autoptr (GError) error = NULL;
      g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
      GThread *thread;

      assert_line (gproc_stream_get_stdout (stream), "up");
      thread = g_thread_new ("kill", kill_engine, NULL);
      if (i == 0)
        {
          result = gproc_stream_communicate (stream, NULL, NULL, &error);
        }
      else
        {
          gproc_stream_communicate_async (stream, NULL, G_PRIORITY_DEFAULT, NULL,
                                          gproc_test_call_done, &call);
          result = gproc_stream_communicate_finish (stream, gproc_test_call_wait (&call), &error);
        }
      g_thread_join (thread);
      g_assert_null (result);
      g_assert_nonnull (error);
      g_clear_error (&error);

      g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, GPROC_RETURNCODE_NONE);
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
      gone = gproc_engine_new_connected (g_getenv ("GPROC_ENGINE"), NULL, &error);
      g_assert_null (gone);
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
      drop (&stream);

      control ("start");
      stream = execute (engine, "exit 4");
      assert_status (stream, 4);
      drop (&stream);
    }
}

int
main (int    argc,
      char **argv)
{
  gproc_test_init (&argc, &argv);

  gproc_test_add ("/gproc/engine-real/duplex", test_duplex);
  gproc_test_add ("/gproc/engine-real/half-close", test_half_close);
  gproc_test_add ("/gproc/engine-real/stderr", test_stderr);
  gproc_test_add ("/gproc/engine-real/statuses", test_statuses);
  gproc_test_add ("/gproc/engine-real/terminal", test_terminal);
  gproc_test_add ("/gproc/engine-real/fifty", test_fifty);
  gproc_test_add ("/gproc/engine-real/communicate", test_communicate);
  gproc_test_add ("/gproc/engine-real/closed-outputs", test_closed_outputs);
  gproc_test_add ("/gproc/engine-real/two-containers", test_two_containers);
  gproc_test_add ("/gproc/engine-real/engine-ends", test_engine_ends);

  return gproc_test_run ();
}
