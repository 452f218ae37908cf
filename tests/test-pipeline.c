/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gproc-test-pipeline.h"

/* Several processes in a row: how they are joined, started and read. */

static void
test_stages (gconstpointer data)
{
  const guint n_stages = GPOINTER_TO_UINT (data);
  const guint n_pipes = count_descriptors_to ("pipe:");
  g_autoptr (GProcPipeline) pipeline = pipeline_of (n_stages, "cat");
  g_autofree int *zeros = g_new0 (int, n_stages);

  start (pipeline);
  g_assert_cmpuint (gproc_pipeline_get_n_stages (pipeline), ==, n_stages);
  g_assert_true (gproc_pipeline_get_running (pipeline));
  g_assert_cmpint (gproc_pipeline_try_wait (pipeline), ==, GPROC_RETURNCODE_NONE);
  /* Nobody but the processes has the pipes between them. */
  g_assert_cmpuint (count_descriptors_to ("pipe:"), ==, n_pipes + 2);

  for (guint i = 0; i < n_stages; i++)
    {
      GProcStream *stage = gproc_pipeline_get_stage (pipeline, i);

      g_assert_cmpint (gproc_stream_get_pid (stage), >, 0);
      g_assert_true (gproc_stream_get_running (stage));
      g_assert_true (gproc_stream_get_stdin (stage) ==
                     (i == 0 ? gproc_pipeline_get_stdin (pipeline) : NULL));
      g_assert_true (gproc_stream_get_stdout (stage) ==
                     (i == n_stages - 1 ? gproc_pipeline_get_stdout (pipeline) : NULL));
      g_assert_null (gproc_stream_get_stderr (stage));
      g_assert_true (g_input_stream_is_closed (
                       g_io_stream_get_input_stream (G_IO_STREAM (stage))) == (i < n_stages - 1));
    }
  g_assert_true (g_io_stream_get_input_stream (G_IO_STREAM (pipeline)) ==
                 G_INPUT_STREAM (gproc_pipeline_get_stdout (pipeline)));
  g_assert_true (g_io_stream_get_output_stream (G_IO_STREAM (pipeline)) ==
                 G_OUTPUT_STREAM (gproc_pipeline_get_stdin (pipeline)));

  queue_string (pipeline, "hello\n");
  end_input (pipeline);
  assert_output (pipeline, "hello\n");
  assert_wait (pipeline, 0);
  g_assert_cmpint (gproc_pipeline_try_wait (pipeline), ==, 0);
  assert_returncodes (pipeline, zeros, n_stages);
}

/* What a stage in the middle was given. */
static void
test_descriptors (void)
{
  g_autoptr (GProcPipeline) fds = pipeline_new ();
  g_autoptr (GProcPipeline) flags = pipeline_new ();
  g_autoptr (GProcPipeline) group = pipeline_new ();
  g_autofree char *line = NULL;
  g_autoptr (GError) error = NULL;
  int pid, pgid;

  append (fds, NULL, "cat");
  append (fds, NULL, "print-fds");
  append (fds, NULL, "cat");
  start (fds);
  assert_output (fds, "0\n1\n2\n");

  append (flags, NULL, "cat");
  append (flags, NULL, "print-fd-flags 0 1");
  append (flags, NULL, "cat");
  start (flags);
  assert_output (flags, "0 blocking\n1 blocking\n");

  append (group, NULL, "cat");
  append (group, NULL, "print-pgid");
  append (group, NULL, "cat");
  start (group);
  line = gproc_reader_read_line_utf8 (gproc_pipeline_get_stdout (group), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (sscanf (line, "%d %d", &pid, &pgid), ==, 2);
  g_assert_cmpint (pid, ==, pgid);
  g_assert_cmpint (pid, ==, gproc_stream_get_pid (gproc_pipeline_get_stage (group, 1)));

  gproc_pipeline_abort (fds);
  gproc_pipeline_abort (flags);
  gproc_pipeline_abort (group);
}

static int
pipe_size_of (GProcPipeline *pipeline,
              guint          index,
              int            fd)
{
  int pid = gproc_stream_get_pid (gproc_pipeline_get_stage (pipeline, index));
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd/%d", pid, fd);
  int opened = gproc_test_open (path, fd == 0 ? O_RDONLY | O_NONBLOCK : O_WRONLY | O_NONBLOCK);
  int size = fcntl (opened, F_GETPIPE_SZ);

  gproc_test_close (&opened);

  return size;
}

/* The launcher of the stage that writes says how large a pipe is. */
static void
test_pipe_size (void)
{
  g_autoptr (GProcPipeline) pipeline = pipeline_new ();
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  int size;

  gproc_launcher_set_pipe_size (launcher, 16384);
  append (pipeline, NULL, "cat");
  append (pipeline, launcher, "cat");
  append (pipeline, NULL, "cat");
  start (pipeline);

  size = pipe_size_of (pipeline, 0, 1);
  g_assert_cmpint (size, !=, 16384);
  g_assert_cmpint (pipe_size_of (pipeline, 1, 0), ==, size);
  g_assert_cmpint (pipe_size_of (pipeline, 1, 1), ==, 16384);
  g_assert_cmpint (pipe_size_of (pipeline, 2, 0), ==, 16384);

  end_input (pipeline);
  assert_wait (pipeline, 0);
}

/* The end of one is noticed by those before it, as nobody else reads. */
static void
test_broken (void)
{
  g_autoptr (GProcPipeline) pipeline = pipeline_new ();
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autofree char *yes = gproc_test_find_program ("yes");

  if (yes == NULL)
    return;

  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_NULL);
  append_program (pipeline, launcher, "yes");
  append_program (pipeline, NULL, "head -n 1");
  start (pipeline);
  assert_output (pipeline, "y\n");
  assert_wait (pipeline, -SIGPIPE);
  assert_returncodes (pipeline, (const int[]){ -SIGPIPE, 0 }, 2);
  gproc_pipeline_set_pipefail (pipeline, FALSE);
  assert_wait (pipeline, 0);
}

/* Our descriptors, once the thread that reaps has let go of those that are over. */
static guint
count_settled (void)
{
  gproc_test_wait_for (count_descriptors_to ("anon_inode:[pidfd]") == 0);

  return gproc_test_count_descriptors ();
}

static void
assert_spawn_fails (GProcPipeline *pipeline,
                    int            code,
                    guint          stage,
                    const char    *text)
{
  const guint n_descriptors = count_settled ();
  g_autofree char *prefix = g_strdup_printf ("Stage %u", stage);
  g_autoptr (GError) error = NULL;

  g_assert_false (gproc_pipeline_spawn (pipeline, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_true (g_str_has_prefix (error->message, prefix));
  g_assert_nonnull (strstr (error->message, text));
  assert_no_children ();
  g_assert_cmpuint (count_settled (), ==, n_descriptors);

  g_assert_null (gproc_pipeline_get_stage (pipeline, 0));
  g_assert_null (gproc_pipeline_get_stdin (pipeline));
  g_assert_null (gproc_pipeline_get_stdout (pipeline));
  g_assert_false (gproc_pipeline_get_running (pipeline));
}

/* Each stage in turn cannot be started. */
static void
test_spawn_failure (gconstpointer data)
{
  const guint n_stages = GPOINTER_TO_UINT (data);

  /* The thread that reaps needs descriptors, which are not to be counted below. */
  {
    g_autoptr (GProcPipeline) first = pipeline_of (1, "exit-code 0");

    start (first);
    assert_wait (first, 0);
  }

  for (guint failing = 0; failing < n_stages; failing++)
    {
      g_autoptr (GProcPipeline) pipeline = pipeline_new ();
      g_autoptr (GProcLauncher) launcher = launcher_with_stderr ();

      for (guint i = 0; i < n_stages; i++)
        {
          if (i == failing)
            append_program (pipeline, launcher, "gproc-no-such-program now");
          else
            append (pipeline, launcher, "ignore-term");
        }

      assert_spawn_fails (pipeline, G_IO_ERROR_NOT_FOUND, failing + 1,
                          "(“gproc-no-such-program”): ");
      /* There may be another try, which is no better here. */
      assert_spawn_fails (pipeline, G_IO_ERROR_NOT_FOUND, failing + 1, "gproc-no-such-program");
    }
}

static void
test_spawn_failure_kinds (void)
{
  g_autoptr (GProcLauncher) elsewhere = gproc_launcher_new ();
  g_autoptr (GProcLauncher) to_file = gproc_launcher_new ();
  g_autoptr (GProcPipeline) no_folder = pipeline_new ();
  g_autoptr (GProcPipeline) no_file = pipeline_new ();
  g_autoptr (GProcPipeline) no_command = pipeline_new ();

  gproc_launcher_set_cwd (elsewhere, "/nonexistent/folder");
  append (no_folder, NULL, "cat");
  append (no_folder, elsewhere, "cat");
  append (no_folder, NULL, "cat");
  assert_spawn_fails (no_folder, G_IO_ERROR_NOT_FOUND, 2, "chdir");
  /* The launcher is used as it is when it is needed. */
  gproc_launcher_set_cwd (elsewhere, NULL);
  start (no_folder);
  end_input (no_folder);
  assert_wait (no_folder, 0);
  g_clear_object (&no_folder);

  gproc_launcher_set_stdout_file (to_file, "/nonexistent/file", 0);
  append (no_file, NULL, "cat");
  append (no_file, to_file, "cat");
  assert_spawn_fails (no_file, G_IO_ERROR_NOT_FOUND, 2, "open stdout file");

  append (no_command, NULL, "cat");
  gproc_pipeline_append (no_command, NULL, (const char *[]){ NULL });
  assert_spawn_fails (no_command, G_IO_ERROR_INVALID_ARGUMENT, 2, "Stage 2: ");
}

/* At each point where there is no descriptor left. */
static void
test_too_many_files (void)
{
  g_autoptr (GProcLauncher) launcher = launcher_with_stderr ();
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

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  {
    g_autoptr (GProcPipeline) first = pipeline_of (1, "exit-code 0");

    start (first);
    assert_wait (first, 0);
  }
  highest = gproc_test_open ("/dev/null", O_RDONLY);

  for (rlim_t more = 0; !done; more++)
    {
      g_autoptr (GProcPipeline) pipeline = pipeline_new ();
      const guint n_descriptors = count_settled ();
      g_autoptr (GError) error = NULL;

      for (guint i = 0; i < 3; i++)
        append (pipeline, launcher, "cat");
      limit = before;
      limit.rlim_cur = (rlim_t) highest + 1 + more;
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
      done = gproc_pipeline_spawn (pipeline, &error);
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);

      if (done)
        {
          end_input (pipeline);
          assert_wait (pipeline, 0);
          break;
        }
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
      g_assert_true (g_str_has_prefix (error->message, "Stage "));
      assert_no_children ();
      g_assert_cmpuint (count_settled (), ==, n_descriptors);
      n_failures++;
    }
  g_assert_cmpuint (n_failures, >=, 8);
  gproc_test_close (&highest);
}

/* What joins the stages cannot be set. */
static void
test_settings (void)
{
  for (guint i = 0; i < 6; i++)
    {
      const gboolean is_input = i % 2 == 0;
      g_autoptr (GProcPipeline) pipeline = pipeline_new ();
      g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();

      if (i < 2 && is_input)
        gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_PIPE);
      else if (i < 2)
        gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_NULL);
      else if (i < 4 && is_input)
        gproc_launcher_set_stdin_file (launcher, "/dev/null", 0);
      else if (i < 4)
        gproc_launcher_set_stdout_fd (launcher, 1);
      else
        gproc_launcher_map_fd (launcher, 2, is_input ? 0 : 1);

      append (pipeline, is_input ? NULL : launcher, "cat");
      append (pipeline, is_input ? launcher : NULL, "cat");
      assert_spawn_fails (pipeline, G_IO_ERROR_INVALID_ARGUMENT, is_input ? 2 : 1,
                          is_input ? "stdin" : "stdout");
    }
}

static void
test_states (void)
{
  g_autoptr (GProcPipeline) pipeline = pipeline_new ();
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autofree int *returncodes = NULL;
  g_autoptr (GError) error = NULL;
  gsize n;

  g_assert_false (gproc_pipeline_spawn (pipeline, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_null (gproc_pipeline_get_returncodes (pipeline, &n));
  g_assert_cmpuint (n, ==, 0);

  append (pipeline, NULL, "exit-code 0");
  g_assert_null (gproc_pipeline_get_stage (pipeline, 0));
  g_assert_null (gproc_pipeline_get_stdin (pipeline));
  g_assert_null (gproc_pipeline_get_stdout (pipeline));
  g_assert_true (g_input_stream_is_closed (g_io_stream_get_input_stream (G_IO_STREAM (pipeline))));
  g_assert_true (
    g_output_stream_is_closed (g_io_stream_get_output_stream (G_IO_STREAM (pipeline))));
  g_assert_false (gproc_pipeline_get_running (pipeline));
  g_assert_cmpint (gproc_pipeline_get_returncode (pipeline), ==, GPROC_RETURNCODE_NONE);
  returncodes = gproc_pipeline_get_returncodes (pipeline, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpint (returncodes[0], ==, GPROC_RETURNCODE_NONE);

  g_assert_cmpint (gproc_pipeline_wait (pipeline, NULL, &error), ==, GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  g_assert_false (gproc_pipeline_wait_check (pipeline, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  g_assert_false (gproc_pipeline_stop (pipeline, 0, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  gproc_pipeline_wait_async (pipeline, 0, NULL, gproc_test_call_done, &call);
  g_assert_cmpint (gproc_pipeline_wait_finish (pipeline, gproc_test_call_wait (&call), &error), ==,
                   GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);

  start (pipeline);
  g_assert_false (gproc_pipeline_spawn (pipeline, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_test_expect_message ("GProc", G_LOG_LEVEL_CRITICAL, "*gproc_pipeline_append*");
  append (pipeline, NULL, "cat");
  g_test_assert_expected_messages ();
  assert_wait (pipeline, 0);
}

/* One that never ran can be closed, and cannot be spawned after that. */
static void
test_never_spawned (gconstpointer data)
{
  g_autoptr (GProcPipeline) pipeline = pipeline_of (2, "cat");
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  switch (GPOINTER_TO_UINT (data))
    {
    case 0:
      g_assert_true (g_io_stream_close (G_IO_STREAM (pipeline), NULL, &error));
      break;
    case 1:
      g_io_stream_close_async (G_IO_STREAM (pipeline), 0, NULL, gproc_test_call_done, &call);
      g_assert_true (
        g_io_stream_close_finish (G_IO_STREAM (pipeline), gproc_test_call_wait (&call), &error));
      break;
    default:
      gproc_pipeline_abort (pipeline);
      break;
    }
  g_assert_no_error (error);
  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (pipeline)));
  g_assert_false (gproc_pipeline_spawn (pipeline, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
test_stderr (void)
{
  g_autoptr (GProcPipeline) pipeline = pipeline_new ();
  g_autoptr (GProcPipeline) merging = pipeline_new ();
  g_autoptr (GProcLauncher) apart = launcher_with_stderr ();
  g_autoptr (GProcLauncher) merged = gproc_launcher_new ();

  append_shell (pipeline, apart, "cat; echo 1 >&2");
  append_shell (pipeline, NULL, "cat");
  append_shell (pipeline, apart, "cat; echo 3 >&2");
  start (pipeline);
  queue_string (pipeline, "through\n");
  end_input (pipeline);
  assert_output (pipeline, "through\n");
  assert_wait (pipeline, 0);
  for (guint i = 0; i < 3; i += 2)
    {
      GProcReader *reader = gproc_stream_get_stderr (gproc_pipeline_get_stage (pipeline, i));
      g_autoptr (GBytes) bytes = read_all (reader);

      gproc_test_assert_bytes (bytes, i == 0 ? "1\n" : "3\n");
    }
  g_assert_null (gproc_stream_get_stderr (gproc_pipeline_get_stage (pipeline, 1)));

  gproc_launcher_set_stderr (merged, GPROC_DISPOSITION_STDOUT);
  append_shell (merging, merged, "echo out; echo err >&2");
  append (merging, NULL, "cat");
  start (merging);
  assert_output (merging, "out\nerr\n");
  assert_wait (merging, 0);
}

/* Other pipes of a stage are those of its stream. */
static void
test_more_pipes (void)
{
  g_autoptr (GBytes) input = gproc_test_random_bytes (gproc_test_scale (1000 * 1000));
  g_autoptr (GProcPipeline) fed = pipeline_new ();
  g_autoptr (GProcLauncher) feeding = gproc_launcher_new ();
  g_autoptr (GBytes) output = NULL;
  g_autoptr (GProcPipeline) pipeline = pipeline_new ();
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GBytes) bytes = NULL;
  GProcStream *stage;
  GProcWriter *writer;

  gproc_launcher_add_pipe (launcher, 3, GPROC_PIPE_READ);
  append (pipeline, NULL, "cat");
  append (pipeline, launcher, "write-fd 3 status");
  append (pipeline, NULL, "cat");
  start (pipeline);
  stage = gproc_pipeline_get_stage (pipeline, 1);
  bytes = read_all (gproc_stream_get_reader (stage, 3));
  gproc_test_assert_bytes (bytes, "status");
  end_input (pipeline);
  assert_wait (pipeline, 0);

  /* The queue of one in the middle is pushed by who reads from the last. */
  gproc_launcher_add_pipe (feeding, 3, GPROC_PIPE_WRITE);
  append (fed, NULL, "cat");
  append (fed, feeding, "read-fd 3");
  append (fed, NULL, "cat");
  start (fed);
  writer = gproc_stream_get_writer (gproc_pipeline_get_stage (fed, 1), 3);
  g_assert_true (gproc_writer_queue_bytes (writer, input, NULL));
  g_assert_true (gproc_writer_write_eof (writer, NULL));
  output = read_all (gproc_pipeline_get_stdout (fed));
  gproc_test_assert_equal (output, input);
  end_input (fed);
  assert_wait (fed, 0);
}

/* More than all pipes together hold goes in and comes out, with nothing but blocking
 * calls, or with none. */
static void
test_duplex (gconstpointer data)
{
  g_autoptr (GProcPipeline) pipeline = pipeline_of (3, "cat");
  g_autoptr (GBytes) input = gproc_test_random_bytes (gproc_test_scale (20 * 1000 * 1000));
  g_autoptr (GBytes) output = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  GProcReader *reader;

  start (pipeline);
  reader = gproc_pipeline_get_stdout (pipeline);
  queue_bytes (pipeline, input);
  end_input (pipeline);

  if (data != NULL)
    {
      gproc_reader_read_to_end_async (reader, -1, 0, NULL, gproc_test_call_done, &call);
      output = gproc_reader_read_to_end_finish (reader, gproc_test_call_wait (&call), &error);
      g_assert_no_error (error);
    }
  else
    {
      output = read_all (reader);
    }

  gproc_test_assert_equal (output, input);
  assert_wait (pipeline, 0);
}

typedef enum
{
  PUSH_BY_READ,  /* Of standard error of the last stage. */
  PUSH_BY_WAIT,  /* For all. */
  PUSH_BY_STAGE, /* The wait for the last one. */
  PUSH_BY_LATER, /* The wait for the last one, after it let go of its own pipes. */
  N_PUSH
} Push;

/* Whoever blocks on any part of it writes what is queued for another. */
static void
test_push (gconstpointer data)
{
  const Push push = GPOINTER_TO_UINT (data);
  g_autoptr (GProcPipeline) pipeline = pipeline_new ();
  g_autoptr (GProcLauncher) launcher = launcher_with_stderr ();
  g_autoptr (GBytes) input = gproc_test_random_bytes (gproc_test_scale (2 * 1000 * 1000));
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  GProcStream *last;

  append (pipeline, NULL, "cat");
  append (pipeline, NULL, "cat");
  append_shell (pipeline, launcher, "cat > /dev/null; echo done >&2");
  start (pipeline);
  queue_bytes (pipeline, input);
  end_input (pipeline);
  last = gproc_pipeline_get_stage (pipeline, 2);

  if (push == PUSH_BY_READ)
    {
      bytes = read_all (gproc_stream_get_stderr (last));
      gproc_test_assert_bytes (bytes, "done\n");
    }
  else if (push == PUSH_BY_WAIT)
    {
      assert_wait (pipeline, 0);
    }
  else
    {
      if (push == PUSH_BY_LATER)
        g_assert_true (
          g_input_stream_close (G_INPUT_STREAM (gproc_stream_get_stdout (last)), NULL, NULL));
      g_assert_cmpint (gproc_stream_wait (last, NULL, &error), ==, 0);
      g_assert_no_error (error);
    }
  assert_wait (pipeline, 0);
}

/* What our threads have read and written so far. What the kernel has for the process as a
 * whole includes its children. */
static guint64
count_traffic (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  guint64 sum = 0;
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", name, "io", NULL);
      g_autofree char *text = NULL;
      guint64 in, out;

      if (!g_file_get_contents (path, &text, NULL, NULL))
        continue;
      g_assert_cmpint (sscanf (text, "rchar: %" G_GUINT64_FORMAT " wchar: %" G_GUINT64_FORMAT, &in,
                               &out),
                       ==, 2);
      sum += in + out;
    }

  return sum;
}

/* From a file to a file nothing passes through the application. */
static void
test_files (void)
{
  const gsize size = gproc_test_scale (8 * 1000 * 1000);
  g_autoptr (GBytes) input = gproc_test_random_bytes (size);
  g_autoptr (GProcPipeline) pipeline = pipeline_new ();
  g_autoptr (GProcLauncher) first = gproc_launcher_new ();
  g_autoptr (GProcLauncher) last = gproc_launcher_new ();
  g_autofree char *folder = g_dir_make_tmp ("gproc-pipeline-XXXXXX", NULL);
  g_autofree char *source = g_build_filename (folder, "source", NULL);
  g_autofree char *target = g_build_filename (folder, "target", NULL);
  const guint n_pipes = count_descriptors_to ("pipe:");
  g_autofree char *contents = NULL;
  guint64 traffic;
  gsize length;

  g_assert_true (g_file_set_contents (source, g_bytes_get_data (input, NULL), (gssize) size, NULL));
  gproc_launcher_set_stdin_file (first, source, 0);
  gproc_launcher_set_stdout_file (last, target, GPROC_FILE_FLAGS_CREATE_NEW);
  append (pipeline, first, "cat");
  append (pipeline, NULL, "cat");
  append (pipeline, last, "cat");

  traffic = count_traffic ();
  start (pipeline);
  g_assert_null (gproc_pipeline_get_stdin (pipeline));
  g_assert_null (gproc_pipeline_get_stdout (pipeline));
  g_assert_cmpuint (count_descriptors_to (folder), ==, 0);
  g_assert_cmpuint (count_descriptors_to ("pipe:"), ==, n_pipes);
  assert_wait (pipeline, 0);
  g_assert_cmpuint (count_traffic () - traffic, <, 65536);

  g_assert_true (g_file_get_contents (target, &contents, &length, NULL));
  g_assert_cmpmem (contents, length, g_bytes_get_data (input, NULL), size);
  g_assert_true (g_input_stream_is_closed (g_io_stream_get_input_stream (G_IO_STREAM (pipeline))));
  g_assert_true (
    g_output_stream_is_closed (g_io_stream_get_output_stream (G_IO_STREAM (pipeline))));

  g_assert_cmpint (unlink (source), ==, 0);
  g_assert_cmpint (unlink (target), ==, 0);
  g_assert_cmpint (rmdir (folder), ==, 0);
}

/* Both ends lead where their launchers say. */
static void
test_ends (void)
{
  g_autoptr (GProcPipeline) pipeline = pipeline_new ();
  g_autoptr (GProcLauncher) first = gproc_launcher_new ();
  g_autoptr (GProcLauncher) last = gproc_launcher_new ();
  g_autoptr (GProcPipeline) null = pipeline_new ();
  g_autoptr (GProcLauncher) nothing = gproc_launcher_new ();
  g_autoptr (GBytes) output = NULL;
  int in[2], out[2];

  gproc_test_pipe (in);
  gproc_test_pipe (out);
  gproc_launcher_set_stdin_fd (first, in[0]);
  gproc_launcher_take_stdout_fd (last, out[1]);
  append (pipeline, first, "cat");
  append (pipeline, last, "cat");
  start (pipeline);
  g_clear_object (&last);
  gproc_test_close (&in[0]);
  gproc_test_write (in[1], "text", 4);
  gproc_test_close (&in[1]);
  assert_wait (pipeline, 0);
  output = gproc_test_read (out[0], 4);
  gproc_test_assert_bytes (output, "text");
  gproc_test_close (&out[0]);

  gproc_launcher_set_stdin (nothing, GPROC_DISPOSITION_NULL);
  gproc_launcher_set_stdout (nothing, GPROC_DISPOSITION_NULL);
  append (null, nothing, "cat");
  start (null);
  g_assert_null (gproc_pipeline_get_stdin (null));
  g_assert_null (gproc_pipeline_get_stdout (null));
  assert_wait (null, 0);
}

/* Programs as people join them. */
static void
test_programs (void)
{
  g_autoptr (GProcPipeline) pipeline = pipeline_new ();

  append_program (pipeline, NULL, "sort");
  append_program (pipeline, NULL, "uniq -c");
  append_program (pipeline, NULL, "sort -rn");
  append_program (pipeline, NULL, "sed -e s/^[^0-9]*//");
  append_program (pipeline, NULL, "head -n 2");
  start (pipeline);
  queue_string (pipeline, "b\na\nc\nb\nc\nb\n");
  end_input (pipeline);
  assert_output (pipeline, "3 b\n2 c\n");
  g_assert_true (gproc_pipeline_wait_check (pipeline, NULL, NULL));
}

int
main (int   argc,
      char *argv[])
{
  static const char * const push_names[] = { "read", "wait", "stage", "closed-stage" };
  static const char * const never_names[] = { "sync", "async", "abort" };
  int status;

  gproc_test_init (&argc, &argv);
  testprog = gproc_test_program ("gproc-testprog");

  add_for_sizes ("/gproc/pipeline/stages", test_stages);
  add_for_sizes ("/gproc/pipeline/spawn-failure", test_spawn_failure);
  gproc_test_add ("/gproc/pipeline/descriptors", test_descriptors);
  gproc_test_add ("/gproc/pipeline/pipe-size", test_pipe_size);
  gproc_test_add ("/gproc/pipeline/broken", test_broken);
  gproc_test_add ("/gproc/pipeline/spawn-failure/kinds", test_spawn_failure_kinds);
  gproc_test_add ("/gproc/pipeline/too-many-files", test_too_many_files);
  gproc_test_add ("/gproc/pipeline/settings", test_settings);
  gproc_test_add ("/gproc/pipeline/states", test_states);
  for (guint i = 0; i < G_N_ELEMENTS (never_names); i++)
    {
      g_autofree char *path = g_strconcat ("/gproc/pipeline/never-spawned/", never_names[i], NULL);

      gproc_test_add_data (path, GUINT_TO_POINTER (i), test_never_spawned);
    }
  gproc_test_add ("/gproc/pipeline/stderr", test_stderr);
  gproc_test_add ("/gproc/pipeline/more-pipes", test_more_pipes);
  add_both ("/gproc/pipeline/duplex", test_duplex);
  for (guint i = 0; i < N_PUSH; i++)
    {
      g_autofree char *path = g_strconcat ("/gproc/pipeline/push/", push_names[i], NULL);

      gproc_test_add_data (path, GUINT_TO_POINTER (i), test_push);
    }
  gproc_test_add ("/gproc/pipeline/files", test_files);
  gproc_test_add ("/gproc/pipeline/ends", test_ends);
  gproc_test_add ("/gproc/pipeline/programs", test_programs);

  status = gproc_test_run ();
  g_free (testprog);

  return status;
}
