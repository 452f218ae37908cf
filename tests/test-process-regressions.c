/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <gprocstream/gprocstream.h>

#include <glib/gstdio.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gproc-test-process.h"
#include "gproc-test.h"

/* What once went wrong with processes, each with the reason why it did. */

#define NOBODY 65534
#define MANY (1024 * 1024)
#define TIMEOUT 500

/* A group that its leader has left is empty: the signal that is sent to it reaches nobody,
 * and the process went on for ever. */
static void
test_left_group (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GProcStream) stream = NULL;
      int returncode;

      gproc_launcher_set_timeout (launcher, i == 2 ? TIMEOUT : 0);
      stream = spawn_full (launcher, 0, "leave-group", NULL, NULL);
      /* On a slow machine the time may be over before it gets there. */
      if (i != 2)
        wait_ready (stream);

      if (i == 0)
        g_assert_true (gproc_stream_stop (stream, 60 * 1000, NULL, &error));
      else if (i == 1)
        gproc_stream_abort (stream);
      g_assert_no_error (error);

      returncode = gproc_stream_wait (stream, NULL, &error);
      if (i == 2)
        {
          gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
          continue;
        }
      g_assert_no_error (error);
      g_assert_cmpint (returncode, ==, i == 0 ? -SIGTERM : -SIGKILL);
    }
}

G_GNUC_UNUSED static void
dispose_in_fork (gconstpointer data)
{
  g_object_unref ((gpointer) data);
}

/* In a forked process a stream took it that its listener was still set, and let go of what
 * that holds for a second time. */
static void
test_dispose_in_fork (void)
{
#if defined(__SANITIZE_THREAD__)
  g_test_skip ("ThreadSanitizer does not follow a fork");
#else
  g_autoptr (GProcStream) ended = spawn (GPROC_STREAM_FLAGS_NONE, "exit-code", "0");
  g_autoptr (GProcStream) running = spawn (GPROC_STREAM_FLAGS_NONE, "hold", NULL);
  Emissions emissions;

  wait_ready (running);
  listen_to (ended, &emissions);
  gproc_test_wait_for (emissions.n_exited);
  gproc_test_fork (dispose_in_fork, ended);
  gproc_test_fork (dispose_in_fork, running);
  end (running);
#endif
}

/* The stop stood behind the flush, which a process that does not read puts off for ever. */
static void
test_stop_before_flush (gconstpointer data)
{
  const gboolean async = GPOINTER_TO_UINT (data) != 0;
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GProcStream) stream = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autofree char *zeros = g_malloc0 (MANY);
  g_autoptr (GError) error = NULL;
  gboolean result;

  gproc_launcher_set_stop_on_close (launcher, TRUE);
  gproc_launcher_set_stop_grace (launcher, 20);
  stream = spawn_full (launcher, 0, "ignore-term", NULL, NULL);
  wait_ready (stream);
  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), zeros, MANY, &error));
  g_assert_no_error (error);

  if (async)
    {
      g_io_stream_close_async (G_IO_STREAM (stream), G_PRIORITY_DEFAULT, NULL, gproc_test_call_done,
                               &call);
      result = g_io_stream_close_finish (G_IO_STREAM (stream), gproc_test_call_wait (&call),
                                         &error);
    }
  else
    {
      result = g_io_stream_close (G_IO_STREAM (stream), NULL, &error);
    }

  g_assert_false (result);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, -SIGKILL);
  g_assert_no_error (error);
}

/* Calls that block pushed what was queued for standard input, and nothing that was queued
 * for a pipe that had been added: the process waited for that, and they for the process. */
static void
test_added_pipe_is_pushed (void)
{
  g_autofree char *program = gproc_test_program ("gproc-testprog");
  const char *argv[] = { "sh", "-c", "\"$0\" count <&7", program, NULL };
  g_autofree char *zeros = g_malloc0 (MANY);

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
      g_autoptr (GProcStream) stream = NULL;
      g_autoptr (GProcResult) result = NULL;
      g_autoptr (GError) error = NULL;
      g_autofree char *line = NULL;
      GProcWriter *writer;

      gproc_launcher_add_pipe (launcher, 7, GPROC_PIPE_WRITE);
      stream = gproc_launcher_spawn (launcher, argv, &error);
      g_assert_no_error (error);
      gproc_test_track (stream);
      writer = gproc_stream_get_writer (stream, 7);
      g_assert_true (gproc_writer_queue (writer, zeros, MANY, &error));
      g_assert_true (gproc_writer_write_eof (writer, &error));
      g_assert_no_error (error);

      if (i == 0)
        g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 0);
      else if (i == 1)
        result = gproc_stream_communicate (stream, NULL, NULL, &error);
      g_assert_no_error (error);

      if (i == 1)
        line = g_strstrip (g_strdup (gproc_result_get_stdout_utf8 (result)));
      else
        line = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (stream), NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (line, ==, "1048576 0");
      end (stream);
    }
}

/* A close wrote one queue after the other, and the process wanted the last one first. */
static void
test_close_pushes_all (void)
{
  g_autofree char *program = gproc_test_program ("gproc-testprog");
  const char *argv[] = { "sh", "-c", "\"$0\" count <&7 && \"$0\" count", program, NULL };
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autofree char *zeros = g_malloc0 (MANY);
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;

  gproc_launcher_add_pipe (launcher, 7, GPROC_PIPE_WRITE);
  stream = gproc_launcher_spawn (launcher, argv, &error);
  g_assert_no_error (error);
  gproc_test_track (stream);
  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), zeros, MANY, &error));
  g_assert_true (gproc_writer_queue (gproc_stream_get_writer (stream, 7), zeros, MANY, &error));
  g_assert_true (gproc_writer_write_eof (gproc_stream_get_writer (stream, 7), &error));
  g_assert_no_error (error);

  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
  gproc_stream_wait (stream, NULL, &error);
  g_assert_no_error (error);
}

/* A blocking flush pushed the queue of its own writer and those behind it, and not what came
 * before: here the process wants all of its standard input first. */
static void
test_flush_pushes_all (void)
{
  g_autofree char *program = gproc_test_program ("gproc-testprog");
  const char *argv[] = { "sh", "-c", "\"$0\" count && \"$0\" count <&7", program, NULL };
  g_autofree char *zeros = g_malloc0 (MANY);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
      g_autoptr (GProcStream) stream = NULL;
      g_autoptr (GError) error = NULL;
      GProcWriter *writer;

      gproc_launcher_add_pipe (launcher, 7, GPROC_PIPE_WRITE);
      stream = gproc_launcher_spawn (launcher, argv, &error);
      g_assert_no_error (error);
      gproc_test_track (stream);
      g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), zeros, MANY, &error));
      g_assert_true (gproc_writer_write_eof (gproc_stream_get_stdin (stream), &error));
      g_assert_no_error (error);

      writer = gproc_stream_get_writer (stream, 7);
      if (i == 0)
        {
          g_assert_true (gproc_writer_queue (writer, zeros, MANY, &error));
          g_assert_true (g_output_stream_flush (G_OUTPUT_STREAM (writer), NULL, &error));
        }
      else
        {
          g_assert_true (
            g_output_stream_write_all (G_OUTPUT_STREAM (writer), zeros, MANY, NULL, NULL, &error));
        }
      g_assert_no_error (error);
      g_assert_true (gproc_writer_write_eof (writer, &error));
      g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 0);
      g_assert_no_error (error);
      end (stream);
    }
}

typedef struct
{
  char *folder;
  char *plain;  /* A file that is no program. */
  char *loop;   /* A link to itself. */
  char *closed; /* A folder that ordinary users may not search. */
  char *longest;
} Places;

static void
places_init (Places *places)
{
  g_autoptr (GError) error = NULL;

  places->folder = g_dir_make_tmp ("gproc-XXXXXX", &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (places->folder, 0755), ==, 0);
  places->plain = g_build_filename (places->folder, "plain", NULL);
  g_assert_true (g_file_set_contents (places->plain, "", 0, NULL));
  g_assert_cmpint (g_chmod (places->plain, 0644), ==, 0);
  places->loop = g_build_filename (places->folder, "loop", NULL);
  g_assert_cmpint (symlink (places->loop, places->loop), ==, 0);
  places->closed = g_build_filename (places->folder, "closed", NULL);
  g_assert_cmpint (g_mkdir (places->closed, 0), ==, 0);
  places->longest = g_strnfill (300, 'x');
  places->longest[0] = '/';
}

static void
places_clear (Places *places)
{
  g_rmdir (places->closed);
  g_unlink (places->loop);
  g_unlink (places->plain);
  g_rmdir (places->folder);
  g_free (places->closed);
  g_free (places->loop);
  g_free (places->plain);
  g_free (places->folder);
  g_free (places->longest);
}

/* Runs @program, and returns the code of the error, or −1. */
static int
run_in_path (const char *path,
             const char *program)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  const char *argv[] = { program, "-c", "exit 0", NULL };
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;

  gproc_launcher_setenv (launcher, "PATH", path, TRUE);
  if (geteuid () == 0)
    gproc_launcher_set_user (launcher, NOBODY);
  result = gproc_launcher_run (launcher, argv, NULL, NULL, &error);
  if (result != NULL)
    return -1;

  g_assert_true (error->domain == G_IO_ERROR);

  return error->code;
}

/* An element of PATH that is no folder, or none that can be searched, ended the search or
 * decided about its error: the program behind it was not found, and a missing one had the
 * error of one that may not be run. */
static void
test_path_elements (void)
{
  Places places;
  const char *elements[4];

  places_init (&places);
  elements[0] = places.plain;
  elements[1] = places.loop;
  elements[2] = places.closed;
  elements[3] = places.longest;

  for (guint i = 0; i < G_N_ELEMENTS (elements); i++)
    {
      g_autofree char *before = g_strconcat (elements[i], ":/usr/bin:/bin", NULL);
      g_autofree char *after = g_strconcat ("/usr/bin:/bin:", elements[i], NULL);
      g_autofree char *denied = g_strconcat (elements[i], ":", places.folder, NULL);
      g_autofree char *path = g_strconcat (elements[i], "/missing", NULL);
      const int codes[] = { G_IO_ERROR_NOT_DIRECTORY, G_IO_ERROR_TOO_MANY_LINKS,
                            G_IO_ERROR_PERMISSION_DENIED, G_IO_ERROR_FILENAME_TOO_LONG };

      g_assert_cmpint (run_in_path (before, "sh"), ==, -1);
      g_assert_cmpint (run_in_path (before, "gproc-missing"), ==, G_IO_ERROR_NOT_FOUND);
      g_assert_cmpint (run_in_path (after, "gproc-missing"), ==, G_IO_ERROR_NOT_FOUND);

      /* A file that is there and may not be run is another matter. */
      g_assert_cmpint (run_in_path (denied, "plain"), ==, G_IO_ERROR_PERMISSION_DENIED);

      /* What is named with its folder is not searched. */
      if (codes[i] == G_IO_ERROR_TOO_MANY_LINKS)
        g_assert_cmpint (run_in_path ("/bin", path), !=, G_IO_ERROR_NOT_FOUND);
      else
        g_assert_cmpint (run_in_path ("/bin", path), ==, codes[i]);
    }

  places_clear (&places);
}

/* Only the first mebibyte of what was buffered was looked at for the end of it. */
static void
test_message_has_the_end (void)
{
  g_autofree char *program = gproc_test_program ("gproc-testprog");
  const char *argv[] = { "sh", "-c", "\"$0\" flood-stderr 1500000; echo the-end >&2; exit 3",
                         program, NULL };
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  stream = gproc_stream_newv (argv, GPROC_STREAM_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  gproc_test_track (stream);

  g_assert_cmpint (gproc_stream_wait_buffered (stream, 8 * MANY, NULL, &error), ==, 3);
  g_assert_no_error (error);
  g_assert_false (gproc_stream_wait_check (stream, NULL, &error));
  g_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_EXIT_STATUS);
  g_assert_nonnull (strstr (error->message, "the-end"));
  g_clear_error (&error);

  bytes = gproc_reader_read_to_end (gproc_stream_get_stderr (stream), -1, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 1500000 + strlen ("the-end\n"));
}

/* No arguments were an error of the programmer here, and one of the user with a launcher:
 * with other languages the command may well be what a user typed. */
static void
test_no_arguments (void)
{
  const char *none[] = { NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (gproc_stream_newv (none, 0, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_null (gproc_stream_newv (NULL, 0, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_null (gproc_stream_new (0, &error, NULL, NULL));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

/* One descriptor that was taken for two outputs was closed twice, the second time under
 * another's number. */
static void
test_taken_twice (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  int fd = gproc_test_open ("/dev/null", O_WRONLY);

  gproc_launcher_take_stdout_fd (launcher, fd);
  gproc_launcher_take_stderr_fd (launcher, fd);
  gproc_launcher_take_stderr_fd (launcher, fd);
  gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_NULL);
  g_assert_true (gproc_test_fd_is_open (fd));
  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_NULL);
  g_assert_false (gproc_test_fd_is_open (fd));

  g_assert_cmpint (gproc_test_open ("/dev/null", O_WRONLY), ==, fd);
  g_clear_object (&launcher);
  g_assert_true (gproc_test_fd_is_open (fd));
  gproc_test_close (&fd);
}

/* What was in the way was put above all targets, where the limit leaves no room. */
static void
test_targets_at_limit (void)
{
  g_autofree char *program = gproc_test_program ("gproc-testprog");
  const int high[2] = { 254, 255 };
  int first[2], second[2], given[2];
  int *ends[2] = { first, second };
  struct rlimit before, limit;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  gproc_test_pipe (first);
  gproc_test_pipe (second);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (dup3 (ends[i][1], high[i], O_CLOEXEC), ==, high[i]);
      gproc_test_close (&ends[i][1]);
      given[i] = high[i];
    }

  limit = before;
  limit.rlim_cur = 256;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
      g_autofree char *number = g_strdup_printf ("%d", high[i]);
      const char *argv[] = { program, "write-fd", number, number, NULL };
      g_autoptr (GProcResult) result = NULL;
      g_autoptr (GError) error = NULL;

      gproc_launcher_map_fd (launcher, high[0], high[1]);
      gproc_launcher_map_fd (launcher, high[1], high[0]);
      result = gproc_launcher_run (launcher, argv, NULL, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (gproc_result_get_successful (result));
    }
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);

  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *number = g_strdup_printf ("%d", high[1 - i]);
      g_autoptr (GBytes) bytes = NULL;

      gproc_test_close (&given[i]);
      bytes = gproc_test_read_to_end (ends[i][0]);
      gproc_test_assert_bytes (bytes, number);
      gproc_test_close (&ends[i][0]);
    }
}

/* A process that is being stopped while its time is over ends because of the stop. */
static void
test_stop_before_timeout (void)
{
  const gint64 start = g_get_monotonic_time ();
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GProcStream) stream = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  gboolean is_late;

  gproc_launcher_set_timeout (launcher, TIMEOUT);
  gproc_launcher_set_stop_grace (launcher, 20);
  stream = spawn_full (launcher, 0, "ignore-term", NULL, NULL);
  wait_ready (stream);
  gproc_stream_stop_async (stream, 60 * 1000, 0, NULL, gproc_test_call_done, &call);
  is_late = g_get_monotonic_time () - start >= TIMEOUT * 1000;

  /* It is the timeout that kills, as it is nearer than the end of the grace. */
  g_assert_true (gproc_stream_stop_finish (stream, gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);
  if (is_late)
    {
      g_test_skip ("The time was over before the process could be stopped");
      return;
    }
  g_assert_false (gproc_stream_get_timed_out (stream));
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, -SIGKILL);
  g_assert_no_error (error);
}

/* Takes all descriptors that there are below a limit. */
static void
take_all (GArray        *taken,
          struct rlimit *before)
{
  struct rlimit limit;
  int fd;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, before), ==, 0);
  limit = *before;
  limit.rlim_cur = 128;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  while ((fd = open ("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
    g_array_append_val (taken, fd);
  g_assert_cmpint (errno, ==, EMFILE);
}

static void
give_back (GArray        *taken,
           struct rlimit *before)
{
  for (guint i = 0; i < taken->len; i++)
    close (g_array_index (taken, int, i));
  g_array_set_size (taken, 0);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, before), ==, 0);
}

/* GLib ended the program where a call that blocks found no descriptor left. */
static void
test_no_descriptors (void)
{
  g_autoptr (GProcStream) stream = spawn (GPROC_STREAM_FLAGS_NONE, "cat", NULL);
  g_autoptr (GProcStream) flushed = spawn (GPROC_STREAM_FLAGS_STDOUT_NULL, "cat", NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GArray) taken = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GBytes) input = g_bytes_new_static ("input", 5);
  g_autofree char *zeros = g_malloc0 (MANY);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;
  struct rlimit before;

  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (flushed), zeros, MANY, &error));

  take_all (taken, &before);
  g_assert_null (gproc_stream_communicate (stream, input, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_assert_cmpint (gproc_stream_wait_buffered (stream, MANY, NULL, &error), ==,
                   GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_assert_true (g_io_stream_close (G_IO_STREAM (flushed), cancellable, &error));
  g_assert_no_error (error);
  give_back (taken, &before);

  /* Nothing was begun. */
  result = gproc_stream_communicate (stream, input, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "input");
  g_assert_cmpint (gproc_stream_wait (flushed, NULL, &error), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  gproc_test_init (&argc, &argv);

  gproc_test_add ("/gproc/process-regressions/left-group", test_left_group);
  gproc_test_add ("/gproc/process-regressions/dispose-in-fork", test_dispose_in_fork);
  gproc_test_add_data ("/gproc/process-regressions/stop-before-flush", NULL,
                       test_stop_before_flush);
  gproc_test_add_data ("/gproc/process-regressions/stop-before-flush-async", GUINT_TO_POINTER (1),
                       test_stop_before_flush);
  gproc_test_add ("/gproc/process-regressions/added-pipe-is-pushed", test_added_pipe_is_pushed);
  gproc_test_add ("/gproc/process-regressions/close-pushes-all", test_close_pushes_all);
  gproc_test_add ("/gproc/process-regressions/flush-pushes-all", test_flush_pushes_all);
  gproc_test_add ("/gproc/process-regressions/path-elements", test_path_elements);
  gproc_test_add ("/gproc/process-regressions/message-has-the-end", test_message_has_the_end);
  gproc_test_add ("/gproc/process-regressions/no-arguments", test_no_arguments);
  gproc_test_add ("/gproc/process-regressions/taken-twice", test_taken_twice);
  gproc_test_add ("/gproc/process-regressions/targets-at-limit", test_targets_at_limit);
  gproc_test_add ("/gproc/process-regressions/stop-before-timeout", test_stop_before_timeout);
  gproc_test_add ("/gproc/process-regressions/no-descriptors", test_no_descriptors);

  return gproc_test_run ();
}
