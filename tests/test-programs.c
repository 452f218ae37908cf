/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <gprocstream/gprocstream.h>
#include <signal.h>
#include <string.h>

#include "gproc-test-process.h"
#include "gproc-test.h"

/* Programs that people run, spoken to as people would. */

static GProcStream *
run (GProcDisposition  stderr_to,
     const char       *first,
     ...)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  GProcStream *stream;
  va_list args;

  /* The libraries that the tests run with may be built for a sanitizer. */
  gproc_launcher_unsetenv (launcher, "LD_LIBRARY_PATH");
  gproc_launcher_set_stderr (launcher, stderr_to);
  va_start (args, first);
  for (const char *arg = first; arg != NULL; arg = va_arg (args, const char *))
    g_ptr_array_add (argv, (char *) arg);
  va_end (args);
  g_ptr_array_add (argv, NULL);

  stream = gproc_launcher_spawn (launcher, (const char * const *) argv->pdata, &error);
  g_assert_no_error (error);

  return gproc_test_track (stream);
}

static gboolean
is_missing (const char *program)
{
  g_autofree char *path = g_find_program_in_path (program);
  g_autofree char *reason = NULL;

  if (path != NULL)
    return FALSE;

  reason = g_strdup_printf ("%s is not installed", program);
  g_test_skip (reason);

  return TRUE;
}

static void
finish (GProcStream *stream,
        int          expected)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, expected);
  g_assert_no_error (error);
  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
}

static char *
checksum (GBytes *bytes)
{
  return g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
}

static GBytes *
make_data (gsize size)
{
  guint32 *data = g_malloc (size);
  guint32 state = 12345;

  /* Compresses to about a half, holds every byte and no valid text. */
  for (gsize i = 0; i < size / 4; i++)
    {
      state = state * 1664525 + 1013904223;
      data[i] = i % 3 == 0 ? 0 : state;
    }

  return g_bytes_new_take (data, size);
}

static void
run_git (const char *folder,
         ...)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;
  va_list args;

  g_ptr_array_add (argv, (char *) "git");
  va_start (args, folder);
  for (const char *arg = va_arg (args, const char *); arg != NULL;
       arg = va_arg (args, const char *))
    g_ptr_array_add (argv, (char *) arg);
  va_end (args);
  g_ptr_array_add (argv, NULL);

  gproc_launcher_set_cwd (launcher, folder);
  result = gproc_launcher_run (launcher, (const char * const *) argv->pdata, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (gproc_result_check (result, &error));
  g_assert_no_error (error);
}

/* A protocol of lines, exact lengths and binary contents, over one stream that stays. */
static void
test_git (void)
{
  static const char contents[] = "zero \0 and \xff\xfe invalid UTF-8\nand no newline at the end";
  g_autofree char *folder = g_dir_make_tmp ("gproc-git-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (folder, "file", NULL);
  g_autofree char *dotgit = g_build_filename (folder, ".git", NULL);
  g_autoptr (GProcStream) git = NULL;
  g_autoptr (GError) error = NULL;
  GProcWriter *in;
  GProcReader *out;

  if (is_missing ("git"))
    return;

  g_assert_true (g_file_set_contents (file, contents, sizeof contents, NULL));
  run_git (folder, "init", "-q", ".", NULL);
  run_git (folder, "add", "file", NULL);
  git = run (GPROC_DISPOSITION_INHERIT, "git", "-C", folder, "cat-file", "--batch", NULL);
  in = gproc_stream_get_stdin (git);
  out = gproc_stream_get_stdout (git);

  for (int i = 0; i < 100; i++)
    {
      g_autofree char *header = NULL, *missing = NULL;
      g_autoptr (GBytes) body = NULL, newline = NULL;
      gsize size;

      g_assert_true (gproc_writer_queue (in, ":file\n", -1, &error));
      header = gproc_reader_read_line_utf8 (out, NULL, &error);
      g_assert_no_error (error);
      g_assert_nonnull (strstr (header, " blob "));
      size = g_ascii_strtoull (strrchr (header, ' '), NULL, 10);
      g_assert_cmpuint (size, ==, sizeof contents);
      body = gproc_reader_read_exactly (out, size, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (g_bytes_get_data (body, NULL), size, contents, sizeof contents);
      newline = gproc_reader_read_exactly (out, 1, NULL, &error);
      g_assert_cmpint (((const char *) g_bytes_get_data (newline, NULL))[0], ==, '\n');

      g_assert_true (gproc_writer_queue (in, "no-such-object\n", -1, &error));
      missing = gproc_reader_read_line_utf8 (out, NULL, &error);
      g_assert_cmpstr (missing, ==, "no-such-object missing");
    }

  g_assert_true (gproc_writer_write_eof (in, &error));
  g_assert_true (gproc_reader_at_eof (out) || gproc_reader_fill (out, 1, NULL, &error) == 0);
  finish (git, 0);
  run_git ("/", "-C", folder, "rev-parse", "--git-dir", NULL);
  {
    g_autoptr (GProcStream) remove = run (GPROC_DISPOSITION_INHERIT, "rm", "-rf", folder, NULL);

    finish (remove, 0);
  }
}

/* Both directions at once, more than any pipe holds. */
static void
test_gzip (void)
{
  g_autoptr (GBytes) data = make_data (gproc_test_scale (100 * 1024 * 1024));
  g_autoptr (GProcStream) gzip = NULL, gunzip = NULL;
  g_autoptr (GProcResult) packed = NULL, unpacked = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *before = checksum (data);
  g_autofree char *after = NULL;

  if (is_missing ("gzip"))
    return;

  gzip = run (GPROC_DISPOSITION_INHERIT, "gzip", "-1", "-c", NULL);
  packed = gproc_stream_communicate (gzip, data, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gproc_result_get_returncode (packed), ==, 0);
  g_assert_cmpuint (g_bytes_get_size (gproc_result_get_stdout (packed)), <,
                    g_bytes_get_size (data));

  gunzip = run (GPROC_DISPOSITION_INHERIT, "gzip", "-d", "-c", NULL);
  unpacked = gproc_stream_communicate (gunzip, gproc_result_get_stdout (packed), NULL, &error);
  g_assert_no_error (error);
  after = checksum (gproc_result_get_stdout (unpacked));
  g_assert_cmpstr (before, ==, after);
}

/* The same by GIO's own means: our stream is both ends of two splices. */
static void
test_cat_splice (void)
{
  g_autoptr (GBytes) data = make_data (gproc_test_scale (20 * 1024 * 1024));
  g_autoptr (GProcStream) cat = run (GPROC_DISPOSITION_INHERIT, "cat", NULL);
  g_autoptr (GInputStream) source = g_memory_input_stream_new_from_bytes (data);
  g_autoptr (GOutputStream) target = g_memory_output_stream_new_resizable ();
  g_auto (GProcTestCall) in = GPROC_TEST_CALL_INIT, out = GPROC_TEST_CALL_INIT;
  g_autoptr (GBytes) result = NULL;
  g_autoptr (GError) error = NULL;

  g_output_stream_splice_async (g_io_stream_get_output_stream (G_IO_STREAM (cat)), source,
                                G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, 0, NULL, gproc_test_call_done,
                                &in);
  g_output_stream_splice_async (target, g_io_stream_get_input_stream (G_IO_STREAM (cat)),
                                G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, 0, NULL, gproc_test_call_done,
                                &out);
  g_output_stream_splice_finish (g_io_stream_get_output_stream (G_IO_STREAM (cat)),
                                 gproc_test_call_wait (&in), &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_output_stream_splice_finish (target, gproc_test_call_wait (&out), &error), ==,
                   g_bytes_get_size (data));
  g_assert_no_error (error);
  result = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (target));
  g_assert_true (g_bytes_equal (result, data));
  finish (cat, 0);
}

/* Output that comes only behind the end of the input. */
static void
test_sort (void)
{
  g_autoptr (GProcStream) sort = run (GPROC_DISPOSITION_INHERIT, "sort", "-n", NULL);
  GProcWriter *in = gproc_stream_get_stdin (sort);
  g_autoptr (GError) error = NULL;

  for (int i = 999; i >= 0; i--)
    {
      g_autofree char *line = g_strdup_printf ("%d\n", i);

      g_assert_true (gproc_writer_queue (in, line, -1, &error));
    }
  g_assert_true (gproc_writer_write_eof (in, &error));
  g_assert_no_error (error);

  for (int i = 0; i < 1000; i++)
    {
      g_autofree char *line = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (sort), NULL,
                                                           &error);

      g_assert_no_error (error);
      g_assert_cmpint (g_ascii_strtoll (line, NULL, 10), ==, i);
    }
  g_assert_true (gproc_reader_read_line_utf8 (gproc_stream_get_stdout (sort), NULL, &error) ==
                 NULL);
  g_assert_no_error (error);
  finish (sort, 0);
}

/* A program that ends before it has read all: its output stays, the rest of what was
 * queued is counted. */
static void
test_head (void)
{
  g_autoptr (GProcStream) head = run (GPROC_DISPOSITION_INHERIT, "head", "-c", "3", NULL);
  GProcWriter *in = gproc_stream_get_stdin (head);
  g_autoptr (GBytes) data = make_data (1024 * 1024);
  g_autoptr (GBytes) output = NULL;
  g_autoptr (GError) error = NULL;

  /* Where the program is fast the queue breaks already in the call that fills it. */
  if (!gproc_writer_queue_bytes (in, data, &error))
    gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_false (g_output_stream_flush (G_OUTPUT_STREAM (in), NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_cmpuint (gproc_writer_get_bytes_discarded (in), >, 0);
  g_assert_cmpuint (gproc_writer_get_bytes_accepted (in), ==,
                    gproc_writer_get_bytes_written (in) + gproc_writer_get_bytes_discarded (in));

  output = gproc_reader_read_to_end (gproc_stream_get_stdout (head), -1, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (output, NULL), g_bytes_get_size (output),
                   g_bytes_get_data (data, NULL), 3);
  g_assert_cmpint (gproc_stream_wait (head, NULL, &error), ==, 0);
  g_assert_false (g_io_stream_close (G_IO_STREAM (head), NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

static void
test_true (void)
{
  g_autoptr (GProcStream) stream = run (GPROC_DISPOSITION_INHERIT, "true", NULL);
  g_autoptr (GBytes) output = NULL;
  g_autoptr (GError) error = NULL;

  output = gproc_reader_read_line (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_null (output);
  g_assert_no_error (error);
  finish (stream, 0);
  g_assert_true (gproc_stream_get_successful (stream));
}

/* A grandchild that holds the pipe does not hold up the wait. */
static void
test_shell_background (void)
{
  g_autoptr (GProcStream)
    shell = run (GPROC_DISPOSITION_INHERIT, "sh", "-c", "sleep 30 & echo $!", NULL);
  g_autofree char *line = NULL;
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();

  line = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (shell), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_wait (shell, NULL, &error), ==, 0);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 25 * G_USEC_PER_SEC);
  kill ((pid_t) g_ascii_strtoll (line, NULL, 10), SIGKILL);
  g_assert_true (g_io_stream_close (G_IO_STREAM (shell), NULL, &error));
  g_assert_no_error (error);
}

/* Every byte there is, in both directions. */
static void
test_python (void)
{
  static const char program[] =
    "import sys; data = sys.stdin.buffer.read(); "
    "sys.stdout.buffer.write(data[::-1]); sys.stderr.write('done'); sys.exit(7)";
  g_autoptr (GProcStream) python = NULL;
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GBytes) data = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *reversed;
  guint8 bytes[256];

  if (is_missing ("python3"))
    return;

  for (int i = 0; i < 256; i++)
    bytes[i] = (guint8) i;
  data = g_bytes_new (bytes, sizeof bytes);
  python = run (GPROC_DISPOSITION_PIPE, "python3", "-c", program, NULL);
  result = gproc_stream_communicate (python, data, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gproc_result_get_returncode (result), ==, 7);
  reversed = g_bytes_get_data (gproc_result_get_stdout (result), NULL);
  g_assert_cmpuint (g_bytes_get_size (gproc_result_get_stdout (result)), ==, 256);
  for (int i = 0; i < 256; i++)
    g_assert_cmpint (reversed[i], ==, 255 - i);
  g_assert_cmpstr (gproc_result_get_stderr_utf8 (result), ==, "done");
  g_assert_false (gproc_result_check (result, &error));
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_EXIT_STATUS);
}

static char *
read_prompt (GProcReader *out)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) block = gproc_reader_read_until (out, "(gdb) ", -1, NULL, &error);

  g_assert_no_error (error);

  return g_strndup (g_bytes_get_data (block, NULL), g_bytes_get_size (block));
}

/* A prompt without a newline, and a signal to the group. */
static void
test_gdb (void)
{
  g_autoptr (GProcStream) gdb = NULL;
  g_autofree char *hello = NULL, *answer = NULL;
  g_autoptr (GError) error = NULL;
  GProcReader *out;

  if (is_missing ("gdb"))
    return;

  gdb = run (GPROC_DISPOSITION_STDOUT, "gdb", "--nx", "--interpreter=mi3", NULL);
  out = gproc_stream_get_stdout (gdb);
  hello = read_prompt (out);
  g_assert_nonnull (strstr (hello, "GNU gdb"));

  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (gdb),
                                     "1-data-evaluate-expression 6*7\n", -1, &error));
  answer = read_prompt (out);
  g_assert_nonnull (strstr (answer, "1^done,value=\"42\""));

  g_assert_true (gproc_stream_send_signal_group (gdb, SIGINT, &error));
  g_assert_no_error (error);
  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (gdb), "2-gdb-exit\n", -1, &error));
  g_assert_cmpint (gproc_stream_wait (gdb, NULL, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_true (g_io_stream_close (G_IO_STREAM (gdb), NULL, &error));
}

/* More on standard error than any pipe holds, while only standard output is read: with
 * wait_buffered, or with stderr collected, nothing waits for anything. */
static void
test_error_flood (void)
{
  g_autofree char *script = g_strdup_printf ("head -c %" G_GSIZE_FORMAT " /dev/zero >&2; echo end",
                                             gproc_test_scale (1024UL * 1024 * 1024));
  g_autoptr (GProcStream) shell = run (GPROC_DISPOSITION_PIPE, "sh", "-c", script, NULL);
  g_auto (GProcTestCall) line_call = GPROC_TEST_CALL_INIT;
  g_autofree char *line = NULL;
  g_autoptr (GError) error = NULL;
  gsize skipped = 0;

  gproc_reader_read_line_utf8_async (gproc_stream_get_stdout (shell), 0, NULL, gproc_test_call_done,
                                     &line_call);
  while (TRUE)
    {
      g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
      g_autoptr (GBytes) bytes = NULL;

      gproc_reader_read_some_async (gproc_stream_get_stderr (shell), 1024 * 1024, 0, NULL,
                                    gproc_test_call_done, &call);
      bytes = gproc_reader_read_some_finish (gproc_stream_get_stderr (shell),
                                             gproc_test_call_wait (&call), &error);
      g_assert_no_error (error);
      if (bytes == NULL)
        break;
      skipped += g_bytes_get_size (bytes);
    }
  g_assert_cmpuint (skipped, ==, gproc_test_scale (1024UL * 1024 * 1024));
  line = gproc_reader_read_line_utf8_finish (gproc_stream_get_stdout (shell),
                                             gproc_test_call_wait (&line_call), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, "end");
  finish (shell, 0);
}

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);

  gproc_test_add ("/gproc/programs/git", test_git);
  gproc_test_add ("/gproc/programs/gzip", test_gzip);
  gproc_test_add ("/gproc/programs/cat-splice", test_cat_splice);
  gproc_test_add ("/gproc/programs/sort", test_sort);
  gproc_test_add ("/gproc/programs/head", test_head);
  gproc_test_add ("/gproc/programs/true", test_true);
  gproc_test_add ("/gproc/programs/shell-background", test_shell_background);
  gproc_test_add ("/gproc/programs/python", test_python);
  gproc_test_add ("/gproc/programs/gdb", test_gdb);
  gproc_test_add ("/gproc/programs/error-flood", test_error_flood);

  return gproc_test_run ();
}
