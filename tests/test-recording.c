/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test.h"
#include "gproc-test-streams.h"
#include "gproc-test-terminal.h"

#include <gprocstream/gprocstream.h>

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#define HEADER "{\"version\": 2, \"width\": 80, \"height\": 24}\n"

/* A recorder whose recording the test reads. */
typedef struct
{
  GOutputStream *output;
  GProcWriter *writer;
  GProcRecorder *recorder;
} Tape;

static void
tape_init (Tape *tape)
{
  tape->output = g_memory_output_stream_new_resizable ();
  tape->writer = gproc_writer_new (tape->output);
  tape->recorder = gproc_recorder_new (tape->writer, 24, 80);
}

/* Ends it, and gives what was recorded. */
static GBytes *
tape_finish (Tape *tape,
             int   returncode)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gproc_recorder_finish (tape->recorder, returncode, &error));
  g_assert_no_error (error);
  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (tape->writer), NULL, &error));
  g_assert_no_error (error);
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (tape->output));
}

static void
tape_clear (Tape *tape)
{
  g_clear_object (&tape->recorder);
  g_clear_object (&tape->writer);
  g_clear_object (&tape->output);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Tape, tape_clear)

static GProcRecording *
recording_of (const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));
  g_autoptr (GError) error = NULL;
  GProcRecording *recording = gproc_recording_new_for_bytes (bytes, &error);

  g_assert_no_error (error);
  g_assert_nonnull (recording);
  return recording;
}

/* What the recording says, without its times: the code and the JSON string of each event. */
static char *
events_of (GBytes *bytes)
{
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  GString *events = g_string_new (NULL);

  for (gsize i = 1; lines[i] != NULL && *lines[i] != '\0'; i++)
    {
      const char *comma = strchr (lines[i], ',');

      g_assert_nonnull (comma);
      g_assert_cmpint (g_ascii_strtod (lines[i] + 1, NULL), >=, 0);
      g_string_append_printf (events, "%s\n", comma + 2);
    }
  return g_string_free (events, FALSE);
}

static void
assert_output (GProcStream *stream,
               const char  *output)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes)
    bytes = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);

  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, output);
}

/* --- Writing --- */

static void
test_header (void)
{
  g_auto (Tape) tape = { NULL };
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *text = NULL;
  g_autofree char *env = NULL;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  gint64 timestamp;

  g_setenv ("SHELL", "/bin/\"s\\h", TRUE);
  g_setenv ("TERM", "xterm", TRUE);
  tape_init (&tape);
  g_assert_true (gproc_recorder_get_writer (tape.recorder) == tape.writer);
  bytes = tape_finish (&tape, GPROC_RETURNCODE_NONE);
  text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_assert_true (
    g_str_has_prefix (text, "{\"version\": 2, \"width\": 80, \"height\": 24, \"timestamp\": "));
  timestamp = g_ascii_strtoll (strstr (text, "timestamp") + 11, NULL, 10);
  g_assert_cmpint (timestamp, >=, now);
  g_assert_cmpint (timestamp, <=, now + 60);
  g_assert_true (
    g_str_has_suffix (text, ", \"env\": {\"SHELL\": \"/bin/\\\"s\\\\h\", \"TERM\": \"xterm\"}}\n"));
}

static void
test_events (void)
{
  g_auto (Tape) tape = { NULL };
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *events = NULL;

  tape_init (&tape);
  gproc_recorder_add_output (tape.recorder, "a\"b\\c\r\n\t\033[1m\177/", -1);
  gproc_recorder_add_output (tape.recorder, "x\0y", 3);
  gproc_recorder_add_input (tape.recorder, "in\n", -1);
  gproc_recorder_add_resize (tape.recorder, 50, 132);
  gproc_recorder_add_output (tape.recorder, NULL, 0);
  bytes = tape_finish (&tape, -SIGTERM);
  gproc_recorder_add_output (tape.recorder, "too late", -1);
  events = events_of (bytes);
  g_assert_cmpstr (events, ==,
                   "\"o\", \"a\\\"b\\\\c\\r\\n\\u0009\\u001b[1m\\u007f/\"]\n"
                   "\"o\", \"x\\u0000y\"]\n"
                   "\"i\", \"in\\n\"]\n"
                   "\"r\", \"132x50\"]\n"
                   "\"x\", \"143\"]\n");
}

/* Whatever the reads are, the characters are those of the whole. */
static void
test_split_utf8 (void)
{
  static const char data[] = "aä€𝄞\xff\xe2\x82z\xc3\xf0\x9f\xf0\x9f\x98\x80\xe2\x82";
  const char *expected = "aä€𝄞\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd"
                         "\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd";
  gsize size = sizeof data - 1;

  for (gsize first = 0; first <= size; first++)
    for (gsize chunk = 1; chunk <= 4; chunk++)
      {
        g_auto (Tape) tape = { NULL };
        g_autoptr (GBytes) bytes = NULL;
        g_autoptr (GProcRecording) recording = NULL;
        g_autoptr (GProcStream) stream = NULL;
        g_autoptr (GError) error = NULL;

        tape_init (&tape);
        gproc_recorder_add_output (tape.recorder, data, (gssize) first);
        for (gsize at = first; at < size; at += chunk)
          gproc_recorder_add_output (tape.recorder, data + at, (gssize) MIN (chunk, size - at));
        bytes = tape_finish (&tape, 0);
        g_assert_true (
          g_utf8_validate_len (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL));
        recording = gproc_recording_new_for_bytes (bytes, &error);
        g_assert_no_error (error);
        stream = gproc_recording_replay (recording, 0);
        assert_output (stream, expected);
      }
}

/* The disk is full, or its queue: the recording ends, and what is recorded does not. */
static void
test_writer_fails (void)
{
  g_auto (Tape) tape = { NULL };
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;

  tape_init (&tape);
  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (tape.writer), NULL, &error));
  stream = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, &error, "printf", "kept", NULL);
  g_assert_no_error (error);
  g_assert_true (gproc_recorder_record (tape.recorder, stream, &error));
  assert_output (stream, "kept");
  g_assert_false (gproc_recorder_finish (tape.recorder, 0, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 0);
}

/* --- A real program --- */

typedef enum
{
  READ_BY_LINE,
  READ_PLAIN,
  READ_COMMUNICATE,
  READ_SPLICE,
  N_READS
} Way;

/* However it is read, what was read is what is recorded. */
static GBytes *
read_all (GProcStream *stream,
          Way          way)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  g_autoptr (GOutputStream) target = g_memory_output_stream_new_resizable ();
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GProcReader *reader = gproc_stream_get_stdout (stream);
  GBytes *line;
  char piece[333];
  gssize count;

  switch (way)
    {
    case READ_BY_LINE:
      while ((line = gproc_reader_read_line (reader, NULL, &error)) != NULL)
        {
          g_byte_array_append (all, g_bytes_get_data (line, NULL), (guint) g_bytes_get_size (line));
          g_bytes_unref (line);
        }
      break;
    case READ_PLAIN:
      while ((count = g_input_stream_read (G_INPUT_STREAM (reader), piece, sizeof piece, NULL,
                                           &error)) > 0)
        g_byte_array_append (all, (const guint8 *) piece, (guint) count);
      break;
    case READ_COMMUNICATE:
      result = gproc_stream_communicate (stream, NULL, NULL, &error);
      g_assert_no_error (error);
      return g_bytes_ref (gproc_result_get_stdout (result));
    case READ_SPLICE:
      count = g_output_stream_splice (target, G_INPUT_STREAM (reader),
                                      G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpint (count, >, 0);
      return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (target));
    case N_READS:
    default:
      g_assert_not_reached ();
    }

  g_assert_no_error (error);
  return g_byte_array_free_to_bytes (g_steal_pointer (&all));
}

static void
test_round_trip (gconstpointer data)
{
  g_auto (Tape) tape = { NULL };
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GProcStream) replay = NULL;
  g_autoptr (GProcRecording) recording = NULL;
  g_autoptr (GBytes) read = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) replayed = NULL;
  g_autoptr (GError) error = NULL;

  tape_init (&tape);
  stream = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, &error, "sh", "-c",
                             "i=0; while [ $i -lt 2000 ]; do echo \"$i — Zeile\"; i=$((i + 1)); "
                             "done; exit 7",
                             NULL);
  g_assert_no_error (error);
  g_assert_true (gproc_recorder_record (tape.recorder, stream, &error));
  g_assert_false (gproc_recorder_record (tape.recorder, stream, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  read = read_all (stream, GPOINTER_TO_SIZE (data));
  g_assert_cmpuint (g_bytes_get_size (read), >, 28000);
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 7);
  bytes = tape_finish (&tape, gproc_stream_get_returncode (stream));

  recording = gproc_recording_new_for_bytes (bytes, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gproc_recording_get_rows (recording), ==, 24);
  g_assert_cmpuint (gproc_recording_get_columns (recording), ==, 80);
  g_assert_cmpint (gproc_recording_get_returncode (recording), ==, 7);
  g_assert_cmpint (gproc_recording_get_duration (recording), >, 0);
  replay = gproc_recording_replay (recording, 0);
  replayed = gproc_reader_read_to_end (gproc_stream_get_stdout (replay), -1, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_equal (replayed, read);
  g_assert_cmpint (gproc_stream_wait (replay, NULL, &error), ==, 7);
  g_assert_no_error (error);
}

/* A session with a shell on a terminal, with all that such a thing sends. */
static void
test_pty_session (void)
{
  g_auto (Tape) tape = { NULL };
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GProcStream) replay = NULL;
  g_autoptr (GProcRecording) recording = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) replayed = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (Screen) screen = { 0 };
  g_autofree char *text = NULL;

  tape_init (&tape);
  stream = launch (launcher, "bash", "--norc", "--noprofile", "-i", NULL);
  g_assert_true (gproc_recorder_record (tape.recorder, stream, &error));
  g_assert_no_error (error);
  screen_init (&screen, stream);
  screen.all = g_string_new (NULL);

  expect (&screen, "prompt> ");
  type (&screen, "printf '\\033[31m%s\\033[m\\t\\a\\r\\n' größe\r");
  expect (&screen, "\033[31mgröße");
  expect (&screen, "prompt> ");
  g_assert_true (gproc_stream_resize (stream, 30, 100, &error));
  g_assert_true (gproc_stream_resize (stream, 30, 100, &error));
  type (&screen, "stty size\r");
  expect (&screen, "30 100\r\n");
  type (&screen, "exit 3\r");
  text = expect_end (&screen);
  g_assert_cmpint (wait_for (stream), ==, 3);
  bytes = tape_finish (&tape, gproc_stream_get_returncode (stream));

  recording = gproc_recording_new_for_bytes (bytes, &error);
  g_assert_no_error (error);
  replay = gproc_recording_replay (recording, 0);
  replayed = gproc_reader_read_to_end (gproc_stream_get_stdout (replay), -1, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (replayed, NULL), g_bytes_get_size (replayed), screen.all->str,
                   screen.all->len);
  g_assert_cmpint (wait_for (replay), ==, 3);

  /* The size is there, and once. */
  g_clear_pointer (&text, g_free);
  text = events_of (bytes);
  g_assert_nonnull (strstr (text, "\"r\", \"100x30\"]\n"));
  g_assert_null (strstr (strstr (text, "\"r\"") + 1, "\"r\""));
}

/* One whose outputs it cannot have both has neither. */
static void
test_half (void)
{
  g_auto (Tape) tape = { NULL };
  g_auto (Tape) other = { NULL };
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GBytes) line = NULL;
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) second = NULL;
  g_autofree char *events = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  tape_init (&tape);
  tape_init (&other);
  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_PIPE);
  stream = launch (launcher, "sh", "-c", "read x; echo error >&2; echo output", NULL);
  gproc_reader_read_line_async (gproc_stream_get_stderr (stream), 0, NULL, gproc_test_call_done,
                                &call);
  g_assert_false (gproc_recorder_record (tape.recorder, stream, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), "go\n", -1, &error));
  line = gproc_reader_read_line_finish (gproc_stream_get_stderr (stream),
                                        gproc_test_call_wait (&call), &error);
  gproc_test_assert_bytes (line, "error\n");

  /* So another one can have them. */
  g_assert_true (gproc_recorder_record (other.recorder, stream, &error));
  g_assert_no_error (error);
  assert_output (stream, "output\n");
  g_assert_cmpint (wait_for (stream), ==, 0);
  first = tape_finish (&tape, GPROC_RETURNCODE_NONE);
  second = tape_finish (&other, GPROC_RETURNCODE_NONE);
  events = events_of (first);
  g_assert_cmpstr (events, ==, "");
  g_clear_pointer (&events, g_free);
  events = events_of (second);
  g_assert_cmpstr (events, ==, "\"o\", \"output\\n\"]\n");
}

/* The kernel would move it past the library. */
static void
test_kernel_splice (void)
{
  g_auto (Tape) tape = { NULL };
  g_autoptr (GProcStream) source = NULL;
  g_autoptr (GProcStream) target = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *events = NULL;
  g_autoptr (GError) error = NULL;

  tape_init (&tape);
  source = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, &error, "printf", "one\\ntwo\\n", NULL);
  g_assert_no_error (error);
  target = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, &error, "cat", NULL);
  g_assert_no_error (error);
  g_assert_true (gproc_recorder_record (tape.recorder, source, &error));
  g_assert_cmpint (g_output_stream_splice (G_OUTPUT_STREAM (gproc_stream_get_stdin (target)),
                                           G_INPUT_STREAM (gproc_stream_get_stdout (source)),
                                           G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, &error),
                   ==, 8);
  g_assert_no_error (error);
  assert_output (target, "one\ntwo\n");
  bytes = tape_finish (&tape, 0);
  events = events_of (bytes);
  g_assert_cmpstr (events, ==, "\"o\", \"one\\ntwo\\n\"]\n\"x\", \"0\"]\n");
  g_assert_cmpint (gproc_stream_wait (source, NULL, &error), ==, 0);
  g_assert_cmpint (gproc_stream_wait (target, NULL, &error), ==, 0);
}

/* What was read ahead before is part of it, and while somebody reads nothing begins. */
static void
test_begin (void)
{
  g_auto (Tape) tape = { NULL };
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GBytes) line = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *events = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  tape_init (&tape);
  stream = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, &error, "printf", "one\\ntwo\\n", NULL);
  g_assert_no_error (error);
  gproc_reader_read_line_async (gproc_stream_get_stdout (stream), 0, NULL, gproc_test_call_done,
                                &call);
  g_assert_false (gproc_recorder_record (tape.recorder, stream, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  line = gproc_reader_read_line_finish (gproc_stream_get_stdout (stream),
                                        gproc_test_call_wait (&call), &error);
  gproc_test_assert_bytes (line, "one\n");
  g_assert_true (gproc_recorder_record (tape.recorder, stream, &error));
  assert_output (stream, "two\n");
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 0);
  bytes = tape_finish (&tape, GPROC_RETURNCODE_NONE);
  events = events_of (bytes);
  g_assert_cmpstr (events, ==, "\"o\", \"two\\n\"]\n");
}

/* --- Reading --- */

static void
test_path (void)
{
  g_autofree char *directory = g_dir_make_tmp ("gproc-recording-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "cast", NULL);
  g_autoptr (GProcRecording) recording = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (gproc_recording_new_for_path (path, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_true (g_file_set_contents (path, HEADER "[1.5, \"o\", \"x\"]", -1, &error));
  recording = gproc_recording_new_for_path (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gproc_recording_get_duration (recording), ==, 1500000);
  g_assert_cmpint (gproc_recording_get_returncode (recording), ==, 0);
  g_assert_true (g_file_set_contents (path, HEADER "[1.5, \"o\"", -1, &error));
  g_assert_null (gproc_recording_new_for_path (path, &error));
  g_assert_nonnull (strstr (error->message, "cast: Line 2: "));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

/* What the format allows, and what is passed over. */
static void
test_syntax (void)
{
  g_autoptr (GProcRecording) recording = recording_of (
    "{\"width\":100 , \"height\":30,\"theme\":{\"fg\":\"#fff\",\"palette\":[1,[2.5e3,null],{}]},"
    "\"idle\":true,\"title\":\"\\u00e4\\\"\",\"version\":2}\r\n"
    "\n"
    " [ 0 , \"o\" , \"\\u00e4\\ud834\\udd1e\\ud800\\u0041\\/\\b\\f\\n\\r\\t\\\\\\\"€\" ] \n"
    "[1e-1, \"m\", \"marker\"]\n"
    "[0.05, \"o\", \"late\"]\n"
    "[0.2, \"r\", \"100x50\"]\n"
    "[0.3, \"x\", \"3\"]");
  g_autoptr (GProcStream) stream = gproc_recording_replay (recording, 0);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (gproc_recording_get_columns (recording), ==, 100);
  g_assert_cmpuint (gproc_recording_get_rows (recording), ==, 30);
  g_assert_cmpint (gproc_recording_get_duration (recording), ==, 300000);
  assert_output (stream, "ä𝄞\xef\xbf\xbd"
                         "A/\b\f\n\r\t\\\"€late");
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 3);
}

typedef struct
{
  const char *text;
  gssize size;
  const char *line;
  int code;
} Broken;

static void
test_broken (void)
{
  static const Broken cases[] = {
    { "", 0, "Line 1: ", G_IO_ERROR_INVALID_DATA },
    { "\n", 1, "Line 1: ", G_IO_ERROR_INVALID_DATA },
    { "no cast", -1, "Line 1: ", G_IO_ERROR_INVALID_DATA },
    { "{}", -1, "version 0", G_IO_ERROR_NOT_SUPPORTED },
    { "{\"version\": 3, \"term\": {\"cols\": 80}}\n", -1, "version 3", G_IO_ERROR_NOT_SUPPORTED },
    { "{\"version\": 2, \"width\": 80}", -1, "size", G_IO_ERROR_INVALID_DATA },
    { "{\"version\": 2, \"width\": 80, \"height\": -1}", -1, "size", G_IO_ERROR_INVALID_DATA },
    { "{\"version\": 2, \"width\": 80, \"height\": 24", -1, "Line 1: ", G_IO_ERROR_INVALID_DATA },
    { "{\"version\": \"2\"}", -1, "Line 1: ", G_IO_ERROR_INVALID_DATA },
    { HEADER "[0, \"o\", \"a\"]\n[0.1, \"o\", \"b", -1, "Line 3: ", G_IO_ERROR_INVALID_DATA },
    { HEADER "\n\n[0, \"o\", 1]", -1, "Line 4: ", G_IO_ERROR_INVALID_DATA },
    { HEADER "[\"0\", \"o\", \"\"]", -1, "Line 2: ", G_IO_ERROR_INVALID_DATA },
    { HEADER "[-1, \"o\", \"\"]", -1, "Line 2: ", G_IO_ERROR_INVALID_DATA },
    { HEADER "[1e999, \"o\", \"\"]", -1, "Line 2: ", G_IO_ERROR_INVALID_DATA },
    { HEADER "[1e300, \"o\", \"\"]", -1, "Line 2: ", G_IO_ERROR_INVALID_DATA },
    { HEADER "[0, \"o\", \"\"] x", -1, "Line 2: ", G_IO_ERROR_INVALID_DATA },
    { HEADER "[0, \"o\", \"\\x\"]", -1, "Line 2: ", G_IO_ERROR_INVALID_DATA },
    { HEADER "[0, \"o\", \"\\u12g4\"]", -1, "Line 2: ", G_IO_ERROR_INVALID_DATA },
    { HEADER "[0, \"o\", \"\t\"]", -1, "Line 2: ", G_IO_ERROR_INVALID_DATA },
    { HEADER "[0, \"o\", \"\xff\"]", -1, "Line 2: ", G_IO_ERROR_INVALID_DATA },
    { HEADER "[0, \"o\", \"\0\"]", sizeof HEADER + 12, "Line 2: ", G_IO_ERROR_INVALID_DATA },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gsize size = cases[i].size < 0 ? strlen (cases[i].text) : (gsize) cases[i].size;
      g_autoptr (GBytes) bytes = g_bytes_new_static (cases[i].text, size);
      g_autoptr (GError) error = NULL;

      g_assert_null (gproc_recording_new_for_bytes (bytes, &error));
      g_assert_nonnull (strstr (error->message, cases[i].line));
      g_assert_true (g_str_has_prefix (error->message, "Line "));
      gproc_test_assert_error (error, G_IO_ERROR, cases[i].code);
    }
}

/* A file that was cut off anywhere within a line is noticed; so is what is nested too deep. */
static void
test_truncated (void)
{
  static const char whole[] = HEADER "[0.5, \"o\", \"a\\u00e4\"]\n[1, \"x\", \"1\"]";
  g_autoptr (GString) deep = g_string_new ("{\"a\": ");
  g_autoptr (GBytes) nested = NULL;
  g_autoptr (GError) error = NULL;

  for (gsize size = 0; size < sizeof whole - 1; size++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_static (whole, size);
      g_autoptr (GProcRecording) recording = gproc_recording_new_for_bytes (bytes, &error);
      gboolean is_whole = size > 0 && (whole[size - 1] == '\n' || whole[size] == '\n');

      g_assert_true ((recording != NULL) == is_whole);
      g_clear_error (&error);
    }

  for (int i = 0; i < 100000; i++)
    g_string_append_c (deep, '[');
  nested = g_bytes_new (deep->str, deep->len);
  g_assert_null (gproc_recording_new_for_bytes (nested, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
}

/* --- Replaying --- */

/* Blocking and with a loop, at the times that were recorded. */
static void
test_times (void)
{
  g_autoptr (GProcRecording) recording = recording_of (HEADER "[0.2, \"o\", \"a\\n\"]\n"
                                                              "[0.4, \"o\", \"b\\n\"]\n"
                                                              "[0.6, \"x\", \"5\"]\n");
  gint64 begin = g_get_monotonic_time ();
  g_autoptr (GProcStream) stream = gproc_recording_replay (recording, 2);
  GProcReader *reader = gproc_stream_get_stdout (stream);
  g_auto (GProcTestCall) reading = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) waiting = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) second = NULL;

  g_assert_null (gproc_reader_try_read_line (reader, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_true (gproc_stream_get_running (stream));
  gproc_stream_wait_async (stream, 0, NULL, gproc_test_call_done, &waiting);
  first = gproc_reader_read_line (reader, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (first, "a\n");
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 100000);
  gproc_reader_read_line_async (reader, 0, NULL, gproc_test_call_done, &reading);
  second = gproc_reader_read_line_finish (reader, gproc_test_call_wait (&reading), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (second, "b\n");
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 200000);
  g_assert_cmpint (gproc_stream_wait_finish (stream, gproc_test_call_wait (&waiting), &error), ==,
                   5);
  g_assert_no_error (error);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 300000);
  g_assert_false (gproc_stream_get_running (stream));
  g_assert_true (gproc_reader_at_eof (reader));
}

static void
test_dialogue (void)
{
  g_autoptr (GProcRecording) recording = recording_of (HEADER "[0, \"o\", \"name? \"]\n"
                                                              "[9, \"i\", \"Ann\\n\"]\n"
                                                              "[9, \"o\", \"hello Ann\\n> \"]\n"
                                                              "[9.5, \"r\", \"90x25\"]\n"
                                                              "[10, \"i\", \"bye\\n\"]\n"
                                                              "[11, \"x\", \"0\"]\n");
  g_autoptr (GProcStream) stream = gproc_recording_replay_checked (recording, 0);
  GProcWriter *writer = gproc_stream_get_stdin (stream);
  g_autoptr (GRegex) question = g_regex_new ("\\? ", G_REGEX_DEFAULT, G_REGEX_MATCH_DEFAULT, NULL);
  g_autoptr (GRegex) prompt = g_regex_new ("> ", G_REGEX_DEFAULT, G_REGEX_MATCH_DEFAULT, NULL);
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcMatch) first = NULL;
  g_autoptr (GProcMatch) second = NULL;
  g_autoptr (GError) error = NULL;

  first = gproc_reader_expect (gproc_stream_get_stdout (stream), &question, 1, -1, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (
    gproc_reader_expect (gproc_stream_get_stdout (stream), &prompt, 1, 0, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_true (gproc_stream_resize (stream, 25, 90, &error));
  gproc_reader_expect_async (gproc_stream_get_stdout (stream), &prompt, 1, -1, 0, NULL,
                             gproc_test_call_done, &call);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  g_assert_true (gproc_writer_queue (writer, "An", -1, &error));
  g_assert_true (gproc_writer_queue (writer, "n\n", -1, &error));
  second = gproc_reader_expect_finish (gproc_stream_get_stdout (stream),
                                       gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_match_get_before (second), "hello Ann\n");
  g_assert_true (gproc_stream_get_running (stream));
  g_assert_true (gproc_writer_queue (writer, "bye\n", -1, &error));
  g_assert_true (g_output_stream_flush (G_OUTPUT_STREAM (writer), NULL, &error));
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 0);
  assert_output (stream, "");
}

static void
test_wrong_input (void)
{
  g_autoptr (GProcRecording) recording = recording_of (HEADER "[0, \"i\", \"yes\\n\"]\n"
                                                              "[0, \"o\", \"ok\"]\n");
  g_autoptr (GProcStream) any = gproc_recording_replay (recording, 0);
  g_autoptr (GProcStream) checked = gproc_recording_replay_checked (recording, 0);
  GOutputStream *input = G_OUTPUT_STREAM (gproc_stream_get_stdin (checked));
  g_autoptr (GError) error = NULL;
  gsize written;

  g_assert_true (g_output_stream_write_all (G_OUTPUT_STREAM (gproc_stream_get_stdin (any)), "no\n",
                                            3, &written, NULL, &error));
  assert_output (any, "ok");
  g_assert_false (g_output_stream_write_all (input, "yeah", 4, &written, NULL, &error));
  g_assert_nonnull (strstr (error->message, "byte 2"));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
}

static void
test_signals (void)
{
  g_autoptr (GProcRecording) recording = recording_of (HEADER "[0, \"o\", \"first\"]\n"
                                                              "[3600, \"o\", \"never\"]\n");
  g_autoptr (GProcStream) stream = gproc_recording_replay (recording, 1);
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) cancelled = GPROC_TEST_CALL_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GError) error = NULL;

  first = gproc_reader_read_exactly (gproc_stream_get_stdout (stream), 5, NULL, &error);
  gproc_test_assert_bytes (first, "first");
  gproc_stream_wait_async (stream, 0, NULL, gproc_test_call_done, &call);
  gproc_stream_wait_async (stream, 0, cancellable, gproc_test_call_done, &cancelled);
  gproc_test_settle ();
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (gproc_stream_wait_finish (stream, gproc_test_call_wait (&cancelled), &error), ==,
                   GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (gproc_stream_send_signal (stream, SIGWINCH, &error));
  g_assert_true (gproc_stream_get_running (stream));
  g_assert_true (gproc_stream_send_signal (stream, SIGTERM, &error));
  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_wait_finish (stream, gproc_test_call_wait (&call), &error), ==,
                   -SIGTERM);
  assert_output (stream, "");
  g_assert_false (gproc_stream_send_signal (stream, SIGTERM, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* What an application does with a process, it does with a recording. */
static void
test_communicate (void)
{
  g_autoptr (GProcRecording) recording = recording_of (HEADER "[0.01, \"o\", \"all \"]\n"
                                                              "[0.02, \"o\", \"of it\"]\n"
                                                              "[0.03, \"x\", \"2\"]\n");
  g_autoptr (GProcStream) stream = gproc_recording_replay (recording, 1);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;

  result = gproc_stream_communicate (stream, NULL, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "all of it");
  g_assert_cmpint (gproc_result_get_returncode (result), ==, 2);
}

int
main (int   argc,
      char *argv[])
{
  static const char * const ways[N_READS] = { "line", "plain", "communicate", "splice" };

  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/recording/header", test_header);
  gproc_test_add ("/gproc/recording/events", test_events);
  gproc_test_add ("/gproc/recording/split-utf8", test_split_utf8);
  gproc_test_add ("/gproc/recording/writer-fails", test_writer_fails);
  for (gsize i = 0; i < N_READS; i++)
    {
      g_autofree char *path = g_strconcat ("/gproc/recording/round-trip/", ways[i], NULL);

      gproc_test_add_data (path, GSIZE_TO_POINTER (i), test_round_trip);
    }
  gproc_test_add ("/gproc/recording/pty-session", test_pty_session);
  gproc_test_add ("/gproc/recording/half", test_half);
  gproc_test_add ("/gproc/recording/kernel-splice", test_kernel_splice);
  gproc_test_add ("/gproc/recording/begin", test_begin);
  gproc_test_add ("/gproc/recording/path", test_path);
  gproc_test_add ("/gproc/recording/syntax", test_syntax);
  gproc_test_add ("/gproc/recording/broken", test_broken);
  gproc_test_add ("/gproc/recording/truncated", test_truncated);
  gproc_test_add ("/gproc/recording/times", test_times);
  gproc_test_add ("/gproc/recording/dialogue", test_dialogue);
  gproc_test_add ("/gproc/recording/wrong-input", test_wrong_input);
  gproc_test_add ("/gproc/recording/signals", test_signals);
  gproc_test_add ("/gproc/recording/communicate", test_communicate);
  return gproc_test_run ();
}
