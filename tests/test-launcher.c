/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test.h"

#include <glib/gstdio.h>
#include <gprocstream/gprocstream.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *testprog;

static GProcStream *
spawn (GProcLauncher *launcher,
       const char    *arguments)
{
  g_autofree char *command = g_strconcat (testprog, " ", arguments, NULL);
  g_auto (GStrv) argv = g_strsplit (command, " ", -1);
  g_autoptr (GError) error = NULL;
  GProcStream *stream;

  stream = gproc_launcher_spawn (launcher, (const char * const *) argv, &error);
  g_assert_no_error (error);
  g_assert_nonnull (stream);

  return gproc_test_track (stream);
}

static void
assert_wait (GProcStream *stream,
             int          returncode)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, returncode);
  g_assert_no_error (error);
}

/* What the process writes to its standard output, until its end. */
static char *
output_of (GProcLauncher *launcher,
           const char    *arguments)
{
  g_autoptr (GProcStream) stream = spawn (launcher, arguments);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes)
    bytes = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);

  g_assert_no_error (error);
  assert_wait (stream, 0);

  return bytes != NULL && g_bytes_get_size (bytes) > 0
           ? g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes))
           : g_strdup ("");
}

static void
assert_output (GProcLauncher *launcher,
               const char    *arguments,
               const char    *expected)
{
  g_autofree char *output = output_of (launcher, arguments);

  g_assert_cmpstr (output, ==, expected);
}

static void
test_defaults (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_test_track (gproc_launcher_new ());
  g_autoptr (GProcStream) stream = NULL;

  g_assert_null (gproc_launcher_get_cwd (launcher));
  g_assert_null (gproc_launcher_get_executable (launcher));
  g_assert_true (gproc_launcher_get_process_group (launcher));
  g_assert_false (gproc_launcher_get_new_session (launcher));
  g_assert_false (gproc_launcher_get_die_with_parent (launcher));
  g_assert_cmpint (gproc_launcher_get_umask (launcher), ==, -1);
  g_assert_cmpuint (gproc_launcher_get_timeout (launcher), ==, 0);
  g_assert_cmpuint (gproc_launcher_get_stop_grace (launcher), ==, 5000);
  g_assert_cmpint (gproc_launcher_get_post_exit_grace (launcher), ==, 2000);
  g_assert_false (gproc_launcher_get_stop_on_close (launcher));
  g_assert_cmpuint (gproc_launcher_get_output_limit (launcher), >, 0);
  g_assert_cmpuint (gproc_launcher_get_reader_limit (launcher), ==, 0);
  g_assert_cmpint (gproc_launcher_get_high_watermark (launcher), ==, -1);
  g_assert_cmpint (gproc_launcher_get_low_watermark (launcher), ==, -1);
  g_assert_cmpuint (gproc_launcher_get_pipe_size (launcher), ==, 0);

  stream = spawn (launcher, "eof-exit 0");
  g_assert_nonnull (gproc_stream_get_stdin (stream));
  g_assert_nonnull (gproc_stream_get_stdout (stream));
  g_assert_null (gproc_stream_get_stderr (stream));
  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, NULL));
  assert_wait (stream, 0);
}

/* Each property by its name, with a notify that comes once. */
static void
count_notify (GObject    *object,
              GParamSpec *pspec,
              gpointer    user_data)
{
  (*(guint *) user_data)++;
}

static void
check_property (const char *name,
                const char *value)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (launcher), name);
  g_auto (GValue) text = G_VALUE_INIT;
  g_auto (GValue) in = G_VALUE_INIT;
  g_auto (GValue) out = G_VALUE_INIT;
  g_autofree char *detailed = g_strconcat ("notify::", name, NULL);
  guint n_notified = 0;

  g_assert_nonnull (pspec);
  g_signal_connect (launcher, detailed, G_CALLBACK (count_notify), &n_notified);
  g_value_init (&in, pspec->value_type);
  if (pspec->value_type == G_TYPE_STRING)
    {
      g_value_set_string (&in, value);
    }
  else
    {
      g_value_init (&text, G_TYPE_INT64);
      g_value_set_int64 (&text, g_ascii_strtoll (value, NULL, 0));
      if (pspec->value_type == G_TYPE_BOOLEAN)
        g_value_set_boolean (&in, g_value_get_int64 (&text) != 0);
      else
        g_assert_true (g_value_transform (&text, &in));
    }

  g_object_set_property (G_OBJECT (launcher), name, &in);
  g_assert_cmpuint (n_notified, ==, 1);
  g_object_set_property (G_OBJECT (launcher), name, &in);
  g_assert_cmpuint (n_notified, ==, 1);

  g_value_init (&out, pspec->value_type);
  g_object_get_property (G_OBJECT (launcher), name, &out);
  g_assert_cmpint (g_param_values_cmp (pspec, &in, &out), ==, 0);
}

static void
test_properties (void)
{
  check_property ("cwd", "/usr");
  check_property ("executable", "/bin/true");
  check_property ("new-session", "1");
  check_property ("die-with-parent", "1");
  check_property ("umask", "63");
  check_property ("timeout", "1000");
  check_property ("stop-grace", "10");
  check_property ("post-exit-grace", "-1");
  check_property ("stop-on-close", "1");
  check_property ("output-limit", "1000");
  check_property ("reader-limit", "1000");
  check_property ("high-watermark", "1000");
  check_property ("low-watermark", "1000");
  check_property ("pipe-size", "8192");
}

/* The default depends on standard input, and is told of. */
static void
test_process_group (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  guint n_notified = 0;
  int pid, group;

  g_signal_connect (launcher, "notify::process-group", G_CALLBACK (count_notify), &n_notified);
  g_object_set (launcher, "stdin", GPROC_DISPOSITION_INHERIT, NULL);
  g_assert_false (gproc_launcher_get_process_group (launcher));
  g_assert_cmpuint (n_notified, ==, 1);
  {
    g_autofree char *output = output_of (launcher, "print-pgid");

    g_assert_cmpint (sscanf (output, "%d %d", &pid, &group), ==, 2);
    g_assert_cmpint (group, ==, getpgrp ());
  }

  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_NULL);
  g_assert_true (gproc_launcher_get_process_group (launcher));
  g_assert_cmpuint (n_notified, ==, 2);
  {
    g_autofree char *output = output_of (launcher, "print-pgid");

    g_assert_cmpint (sscanf (output, "%d %d", &pid, &group), ==, 2);
    g_assert_cmpint (group, ==, pid);
  }

  /* What was set holds. */
  gproc_launcher_set_process_group (launcher, TRUE);
  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_INHERIT);
  g_assert_true (gproc_launcher_get_process_group (launcher));
  gproc_launcher_set_process_group (launcher, FALSE);
  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_PIPE);
  g_assert_false (gproc_launcher_get_process_group (launcher));
}

static void
test_session (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autofree char *output = NULL;
  int pid, group, session;

  gproc_launcher_set_new_session (launcher, TRUE);
  output = output_of (launcher, "print-pgid");
  g_assert_cmpint (sscanf (output, "%d %d %d", &pid, &group, &session), ==, 3);
  g_assert_cmpint (pid, ==, group);
  g_assert_cmpint (pid, ==, session);
}

static void
test_dispositions (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GError) error = NULL;

  assert_output (launcher, "print-fds", "0\n1\n2\n");
  assert_output (launcher, "print-fd-flags 0 1", "0 blocking\n1 blocking\n");

  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_NULL);
  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_NULL);
  assert_output (launcher, "print-fd-kind 0 1 2", "0 null\n1 pipe\n2 null\n");

  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_PIPE);
  {
    g_autoptr (GProcStream) stream = spawn (launcher, "out-err 3");
    g_autoptr (GBytes) err = NULL;
    g_autoptr (GBytes) out = NULL;

    g_assert_null (gproc_stream_get_stdin (stream));
    err = gproc_reader_read_to_end (gproc_stream_get_stderr (stream), -1, NULL, &error);
    g_assert_no_error (error);
    out = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
    g_assert_no_error (error);
    gproc_test_assert_bytes (err, "err\n");
    gproc_test_assert_bytes (out, "out\n");
    assert_wait (stream, 3);
  }

  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_STDOUT);
  assert_output (launcher, "out-err", "out\nerr\n");

  gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_NULL);
  {
    g_autoptr (GProcStream) stream = spawn (launcher, "out-err 4");

    g_assert_null (gproc_stream_get_stdout (stream));
    assert_wait (stream, 4);
  }
}

static char *
make_folder (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("gproc-XXXXXX", &error);

  g_assert_no_error (error);

  return folder;
}

static void
assert_file (const char *path,
             const char *expected)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expected);
}

static void
run (GProcLauncher *launcher,
     const char    *arguments)
{
  g_autoptr (GProcStream) stream = spawn (launcher, arguments);

  assert_wait (stream, 0);
}

static void
test_files (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autofree char *folder = make_folder ();
  g_autofree char *in = g_build_filename (folder, "in", NULL);
  g_autofree char *out = g_build_filename (folder, "out", NULL);
  g_autofree char *err = g_build_filename (folder, "err", NULL);
  const char *argv[] = { testprog, "out-err", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (in, "from a file\n", -1, NULL));
  gproc_launcher_set_stdin_file (launcher, in, GPROC_FILE_FLAGS_NONE);
  assert_output (launcher, "cat", "from a file\n");

  gproc_launcher_set_stdout_file (launcher, out, GPROC_FILE_FLAGS_CREATE_NEW);
  gproc_launcher_set_stderr_file (launcher, err, GPROC_FILE_FLAGS_APPEND);
  run (launcher, "out-err");
  assert_file (out, "out\n");
  assert_file (err, "err\n");

  /* It exists now. */
  g_assert_null (gproc_launcher_spawn (launcher, argv, &error));
  g_assert_nonnull (strstr (error->message, "open stdout file"));
  g_assert_nonnull (strstr (error->message, out));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);

  gproc_launcher_set_stdout_file (launcher, out, GPROC_FILE_FLAGS_NONE);
  run (launcher, "out-err");
  assert_file (out, "out\n");
  assert_file (err, "err\nerr\n");

  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_STDOUT);
  run (launcher, "out-err");
  assert_file (out, "out\nerr\n");

  gproc_launcher_set_stdin_file (launcher, "/nowhere/file", GPROC_FILE_FLAGS_NONE);
  g_assert_null (gproc_launcher_spawn (launcher, argv, &error));
  g_assert_nonnull (strstr (error->message, "open stdin file “/nowhere/file”"));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);

  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_NULL);
  gproc_launcher_set_stderr_file (launcher, folder, GPROC_FILE_FLAGS_NONE);
  g_assert_null (gproc_launcher_spawn (launcher, argv, &error));
  g_assert_nonnull (strstr (error->message, "open stderr file"));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);

  g_assert_cmpint (g_remove (in), ==, 0);
  g_assert_cmpint (g_remove (out), ==, 0);
  g_assert_cmpint (g_remove (err), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_borrowed_fds (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  int in[2], out[2];
  g_autoptr (GBytes) bytes = NULL;

  gproc_test_pipe (in);
  gproc_test_pipe (out);
  gproc_test_write (in[1], "words", -1);
  gproc_test_close (&in[1]);
  gproc_launcher_set_stdin_fd (launcher, in[0]);
  gproc_launcher_set_stdout_fd (launcher, out[1]);
  gproc_launcher_set_stderr_fd (launcher, out[1]);
  run (launcher, "cat");
  run (launcher, "out-err");
  gproc_test_close (&out[1]);
  bytes = gproc_test_read_to_end (out[0]);
  gproc_test_assert_bytes (bytes, "wordsout\nerr\n");

  /* They are the caller's still. */
  g_clear_object (&launcher);
  gproc_test_close (&in[0]);
  gproc_test_close (&out[0]);
}

static void
test_taken_fds (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  int in[2], out[2], more[2], first;
  g_autoptr (GBytes) bytes = NULL;

  gproc_test_pipe (in);
  gproc_test_pipe (out);
  gproc_test_pipe (more);
  gproc_test_close (&in[1]);
  gproc_launcher_take_stdin_fd (launcher, in[0]);
  gproc_launcher_take_stdout_fd (launcher, out[1]);
  gproc_launcher_take_stderr_fd (launcher, fcntl (out[1], F_DUPFD_CLOEXEC, 3));
  gproc_launcher_take_fd (launcher, more[1], 7);
  /* The same once more changes nothing. */
  gproc_launcher_take_fd (launcher, more[1], 7);

  /* As often as one likes. */
  run (launcher, "out-err");
  run (launcher, "out-err");
  run (launcher, "write-fd 7 more");

  first = more[1];
  gproc_launcher_map_fd (launcher, out[0], 7);
  g_assert_false (gproc_test_fd_is_open (first));
  g_clear_object (&launcher);
  g_assert_false (gproc_test_fd_is_open (in[0]));

  bytes = gproc_test_read_to_end (out[0]);
  gproc_test_assert_bytes (bytes, "out\nerr\nout\nerr\n");
  g_clear_pointer (&bytes, g_bytes_unref);
  bytes = gproc_test_read_to_end (more[0]);
  gproc_test_assert_bytes (bytes, "more");
  gproc_test_close (&out[0]);
  gproc_test_close (&more[0]);
}

static void
test_map_fd (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  const char *argv[] = { testprog, "print-fds", NULL };
  g_autoptr (GError) error = NULL;
  int null = gproc_test_open ("/dev/null", O_RDWR), closed;

  gproc_launcher_map_fd (launcher, null, 9);
  gproc_launcher_map_fd (launcher, null, 4);
  gproc_launcher_map_fd (launcher, null, 2);
  assert_output (launcher, "print-fds", "0\n1\n2\n4\n9\n");
  assert_output (launcher, "print-fd-kind 2 4 9", "2 null\n4 null\n9 null\n");

  closed = null;
  gproc_test_close (&null);
  gproc_launcher_map_fd (launcher, closed, 9);
  g_assert_null (gproc_launcher_spawn (launcher, argv, &error));
  g_assert_nonnull (strstr (error->message, "dup"));
  g_clear_error (&error);
}

static void
test_pipes (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GError) error = NULL;

  gproc_launcher_add_pipe (launcher, 5, GPROC_PIPE_READ);
  gproc_launcher_add_pipe (launcher, 3, GPROC_PIPE_WRITE);
  assert_output (launcher, "print-fds", "0\n1\n2\n3\n5\n");
  assert_output (launcher, "print-fd-flags 3 5", "3 blocking\n5 blocking\n");
  {
    g_autoptr (GProcStream) stream = spawn (launcher, "write-fd 5 status");
    g_autoptr (GBytes) bytes = NULL;

    g_assert_null (gproc_stream_get_reader (stream, 3));
    g_assert_null (gproc_stream_get_writer (stream, 5));
    bytes = gproc_reader_read_to_end (gproc_stream_get_reader (stream, 5), -1, NULL, &error);
    g_assert_no_error (error);
    gproc_test_assert_bytes (bytes, "status");
    assert_wait (stream, 0);
  }
  {
    g_autoptr (GProcStream) stream = spawn (launcher, "read-fd 3");
    GProcWriter *writer = gproc_stream_get_writer (stream, 3);
    g_autoptr (GBytes) bytes = NULL;

    g_assert_true (gproc_writer_queue (writer, "question", -1, &error));
    g_assert_true (gproc_writer_write_eof (writer, &error));
    bytes = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
    g_assert_no_error (error);
    gproc_test_assert_bytes (bytes, "question");
    assert_wait (stream, 0);
  }
}

static void
test_environment (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  const char *own[] = { "ONE=1", "TWO=2=2", NULL };

  g_setenv ("GPROC_TEST_VARIABLE", "outer", TRUE);
  g_assert_cmpstr (gproc_launcher_getenv (launcher, "GPROC_TEST_VARIABLE"), ==, "outer");
  assert_output (launcher, "print-env GPROC_TEST_VARIABLE", "GPROC_TEST_VARIABLE=outer\n");

  gproc_launcher_setenv (launcher, "GPROC_TEST_VARIABLE", "inner", FALSE);
  g_assert_cmpstr (gproc_launcher_getenv (launcher, "GPROC_TEST_VARIABLE"), ==, "outer");
  gproc_launcher_setenv (launcher, "GPROC_TEST_VARIABLE", "inner", TRUE);
  assert_output (launcher, "print-env GPROC_TEST_VARIABLE", "GPROC_TEST_VARIABLE=inner\n");
  g_assert_cmpstr (g_getenv ("GPROC_TEST_VARIABLE"), ==, "outer");

  gproc_launcher_unsetenv (launcher, "GPROC_TEST_VARIABLE");
  g_assert_null (gproc_launcher_getenv (launcher, "GPROC_TEST_VARIABLE"));
  assert_output (launcher, "print-env GPROC_TEST_VARIABLE", "GPROC_TEST_VARIABLE unset\n");

  gproc_launcher_set_environ (launcher, own);
  assert_output (launcher, "print-env", "ONE=1\nTWO=2=2\n");
  gproc_launcher_setenv (launcher, "THREE", "", TRUE);
  assert_output (launcher, "print-env", "ONE=1\nTWO=2=2\nTHREE=\n");

  gproc_launcher_clear_env (launcher);
  assert_output (launcher, "print-env", "");
  g_assert_null (gproc_launcher_getenv (launcher, "PATH"));

  gproc_launcher_set_environ (launcher, NULL);
  assert_output (launcher, "print-env GPROC_TEST_VARIABLE", "GPROC_TEST_VARIABLE=outer\n");
  g_unsetenv ("GPROC_TEST_VARIABLE");
}

static void
test_process (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autofree char *folder = g_path_get_dirname (testprog);
  g_autofree char *output = NULL;
  const char *argv[] = { "another-name", "args", NULL };
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;

  gproc_launcher_set_cwd (launcher, "/usr");
  gproc_launcher_set_umask (launcher, 027);
  gproc_launcher_set_rlimit (launcher, RLIMIT_CORE, 5, 5);
  gproc_launcher_set_rlimit (launcher, RLIMIT_CORE, 0, 0);
  assert_output (launcher, "print-cwd", "/usr\n");
  assert_output (launcher, "print-umask", "0027\n");
  assert_output (launcher, "print-rlimit 4", "0 0\n");

  gproc_launcher_set_die_with_parent (launcher, TRUE);
  assert_output (launcher, "print-pdeathsig", "9\n");

  gproc_launcher_set_user (launcher, getuid ());
  gproc_launcher_set_group (launcher, getgid ());
  output = output_of (launcher, "print-ids");
  g_assert_true (g_ascii_isdigit (output[0]));

  /* Relative to the folder that the process starts in. */
  gproc_launcher_set_cwd (launcher, folder);
  gproc_launcher_set_executable (launcher, "./gproc-testprog");
  stream = gproc_launcher_spawn (launcher, argv, &error);
  g_assert_no_error (error);
  g_free (output);
  output = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
  g_assert_cmpstr (output, ==, "another-name");
  assert_wait (stream, 0);
}

/* The halves of a stream have what was asked for. */
static void
test_stream_settings (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GProcStream) stream = NULL;
  g_autofree char *ready = NULL;
  GProcWriter *writer;

  gproc_launcher_set_reader_limit (launcher, 1234);
  gproc_launcher_set_high_watermark (launcher, 4000);
  gproc_launcher_set_low_watermark (launcher, 500);
  gproc_launcher_set_pipe_size (launcher, 8192);
  gproc_launcher_set_post_exit_grace (launcher, 77);
  gproc_launcher_set_output_limit (launcher, 99);
  gproc_launcher_set_stop_on_close (launcher, TRUE);
  stream = spawn (launcher, "hold");

  writer = gproc_stream_get_stdin (stream);
  g_assert_cmpuint (gproc_reader_get_limit (gproc_stream_get_stdout (stream)), ==, 1234);
  g_assert_cmpuint (gproc_writer_get_high_watermark (writer), ==, 4000);
  g_assert_cmpuint (gproc_writer_get_low_watermark (writer), ==, 500);
  g_assert_cmpint (fcntl (gproc_writer_get_fd (writer), F_GETPIPE_SZ), ==, 8192);
  g_assert_cmpint (gproc_stream_get_post_exit_grace (stream), ==, 77);
  g_assert_cmpuint (gproc_stream_get_output_limit (stream), ==, 99);
  g_assert_true (gproc_stream_get_stop_on_close (stream));

  /* A process that still writes when the pipe is closed would die of SIGPIPE. */
  ready = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, NULL);
  g_assert_cmpstr (ready, ==, "ready");
  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, NULL));
  assert_wait (stream, -SIGTERM);
}

static void
spawn_without_standard (gconstpointer data)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  int which = GPOINTER_TO_INT (data);

  for (int fd = 0; fd < 3; fd++)
    {
      if (which & (1 << fd))
        close (fd);
    }

  assert_output (launcher, "print-fds", "0\n1\n2\n");
  if (which & 4)
    assert_output (launcher, "print-fd-kind 2", "2 null\n");
  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_INHERIT);
  if (which & 1)
    assert_output (launcher, "print-fd-kind 0 1", "0 null\n1 pipe\n");
  gproc_launcher_add_pipe (launcher, 3, GPROC_PIPE_READ);
  assert_output (launcher, "print-fds", "0\n1\n2\n3\n");
}

/* An application that has closed some of its own standard descriptors. */
static void
test_closed_standard (void)
{
#ifdef __SANITIZE_THREAD__
  g_test_skip ("ThreadSanitizer does not follow a fork");
  return;
#endif

  for (int which = 1; which < 8; which++)
    gproc_test_fork (spawn_without_standard, GINT_TO_POINTER (which));
}

static void
test_errors (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  const char *nothing[] = { NULL };
  const char *empty[] = { "", NULL };
  const char *missing[] = { "/nowhere/program", "x", NULL };
  const char *command[] = { testprog, "exit-code", "0", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (gproc_launcher_spawn (launcher, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_null (gproc_launcher_spawn (launcher, nothing, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_null (gproc_launcher_spawn (launcher, empty, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);

  g_assert_null (gproc_launcher_spawn (launcher, missing, &error));
  g_assert_nonnull (strstr (error->message, "“/nowhere/program”"));
  g_assert_nonnull (strstr (error->message, "exec: "));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);

  gproc_launcher_set_cwd (launcher, "/nowhere");
  g_assert_null (gproc_launcher_spawn (launcher, command, &error));
  g_assert_nonnull (strstr (error->message, "chdir “/nowhere”"));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);

  gproc_launcher_set_cwd (launcher, NULL);
  gproc_launcher_set_rlimit (launcher, 999, 0, 0);
  g_assert_null (gproc_launcher_spawn (launcher, command, &error));
  g_assert_nonnull (strstr (error->message, "rlimit: "));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

/* At each point where there is none left. */
static void
test_too_many_files (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  const char *command[] = { testprog, "exit-code", "0", NULL };
  const char *preload = g_getenv ("LD_PRELOAD");
  struct rlimit before, limit;
  guint n_failures = 0;
  gboolean done = FALSE;
  int highest;

  if (preload != NULL && strstr (preload, "vgpreload") != NULL)
    {
      g_test_skip ("valgrind does not survive a clone that fails");
      return;
    }

  run (launcher, "exit-code 0");
  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_PIPE);
  gproc_launcher_add_pipe (launcher, 3, GPROC_PIPE_READ);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  highest = gproc_test_open ("/dev/null", O_RDONLY);

  for (rlim_t more = 0; !done; more++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GProcStream) stream = NULL;

      limit = before;
      limit.rlim_cur = (rlim_t) highest + 1 + more;
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
      stream = gproc_launcher_spawn (launcher, command, &error);
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);

      done = stream != NULL;
      if (done)
        {
          assert_wait (stream, 0);
          break;
        }
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
      g_assert_nonnull (strstr (error->message, testprog));
      n_failures++;
    }
  g_assert_cmpuint (n_failures, >=, 8);
  gproc_test_close (&highest);
}

static gpointer
spawn_in_thread (gpointer user_data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  gsize n_rounds = gproc_test_scale (30);

  g_main_context_push_thread_default (context);
  for (gsize i = 0; i < n_rounds; i++)
    {
      g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();

      gproc_launcher_add_pipe (launcher, 3 + (int) i, GPROC_PIPE_READ);
      assert_output (launcher, "echo hello", "hello\n");
    }
  while (g_main_context_iteration (context, FALSE))
    continue;
  g_main_context_pop_thread_default (context);

  return NULL;
}

static void
test_threads (void)
{
  GThread *threads[6];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("spawner", spawn_in_thread, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int    argc,
      char **argv)
{
  int status;

  gproc_test_init (&argc, &argv);
  testprog = gproc_test_program ("gproc-testprog");

  gproc_test_add ("/gproc/launcher/defaults", test_defaults);
  gproc_test_add ("/gproc/launcher/properties", test_properties);
  gproc_test_add ("/gproc/launcher/process-group", test_process_group);
  gproc_test_add ("/gproc/launcher/session", test_session);
  gproc_test_add ("/gproc/launcher/dispositions", test_dispositions);
  gproc_test_add ("/gproc/launcher/files", test_files);
  gproc_test_add ("/gproc/launcher/borrowed-fds", test_borrowed_fds);
  gproc_test_add ("/gproc/launcher/taken-fds", test_taken_fds);
  gproc_test_add ("/gproc/launcher/map-fd", test_map_fd);
  gproc_test_add ("/gproc/launcher/pipes", test_pipes);
  gproc_test_add ("/gproc/launcher/environment", test_environment);
  gproc_test_add ("/gproc/launcher/process", test_process);
  gproc_test_add ("/gproc/launcher/stream-settings", test_stream_settings);
  gproc_test_add ("/gproc/launcher/closed-standard", test_closed_standard);
  gproc_test_add ("/gproc/launcher/errors", test_errors);
  gproc_test_add ("/gproc/launcher/too-many-files", test_too_many_files);
  gproc_test_add ("/gproc/launcher/threads", test_threads);

  status = gproc_test_run ();
  g_free (testprog);

  return status;
}
