/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <string.h>

#include "tests/engine/gproc-test-engine.h"

/* The client against an engine that is a script. */

#define EXEC_OVER_0 "{\"ID\": \"e1\", \"Running\": false, \"ExitCode\": 0, \"CanRemove\": true}"

#define CONTAINER(status, running, tty)                                    \
  "{\"Id\": \"c1\", \"Name\": \"/web\", \"State\": {\"Status\": \"" status \
  "\", \"Running\": " running                                              \
  ", \"ExitCode\": 5}, \"Config\": {\"Image\": \"busybox\", \"Tty\": " tty \
  ", \"OpenStdin\": true}}"

static const char * const argv[] = { "command", "an \"argument\"", NULL };

static void
assert_found (GProcScript *script,
              const char  *request,
              const char  *part)
{
  g_autofree char *text = gproc_script_find (script, request);

  g_assert_nonnull (text);
  if (strstr (text, part) == NULL)
    g_error ("no %s in %s", part, text);
}

static void
test_ping (void)
{
  const GProcScriptStep steps[] = { { "GET /_ping", "HTTP/1.1 200 OK\r\n\r\nOK", -1 } };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  gproc_test_track (engine);
  g_assert_true (gproc_engine_ping (engine, NULL, &error));
  g_assert_no_error (error);
  gproc_engine_ping_async (engine, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);
  g_assert_true (gproc_engine_ping_finish (engine, gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);
  assert_found (script, "GET /_ping", "Host: localhost\r\n");
}

static void
test_connect (void)
{
  const GProcScriptStep steps[] = { { "GET /_ping", GPROC_OK_JSON ("OK"), -1 } };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) blocking = NULL;
  g_autoptr (GProcEngine) engine = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  blocking = gproc_engine_new_connected (gproc_script_get_address (script), NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (blocking);

  gproc_engine_connect_async (gproc_script_get_address (script), G_PRIORITY_DEFAULT, NULL,
                              gproc_test_call_done, &call);
  engine = gproc_engine_connect_finish (gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (gproc_engine_get_address (engine), ==, gproc_script_get_address (script));
}

static void
test_properties (void)
{
  g_autoptr (GProcEngine) engine = gproc_engine_new ("unix:///x", NULL);
  g_autoptr (GObject) plain = NULL;
  const char * const command[] = { "ssh", "-v", NULL };
  g_auto (GStrv) ssh_command = NULL;
  guint timeout_ms;

  g_assert_cmpuint (gproc_engine_get_timeout (engine), ==, 30000);
  g_object_set (engine, "timeout", 5, "ssh-command", command, NULL);
  g_object_get (engine, "timeout", &timeout_ms, "ssh-command", &ssh_command, NULL);
  g_assert_cmpuint (timeout_ms, ==, 5);
  g_assert_cmpstrv (ssh_command, command);

  /* No criticals where there is no address. */
  g_setenv ("DOCKER_HOST", "nonsense", TRUE);
  plain = g_object_new (GPROC_TYPE_ENGINE, NULL);
  g_assert_false (gproc_engine_ping (GPROC_ENGINE (plain), NULL, NULL));
  g_unsetenv ("DOCKER_HOST");
}

/* What comes with the head is not lost, and what goes comes back, at the pace of a byte. */
static void
exec_slowly (gboolean slowly)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/web/exec", GPROC_OK_JSON (EXEC_ID), -1, GPROC_SCRIPT_CLOSE, slowly },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1, GPROC_SCRIPT_ECHO, slowly,
      "\1\0\0\0\0\0\0\3ou\n\2\0\0\0\0\0\0\4err\n\1\0\0\0\0\0\0\0", 31 },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_RUNNING), -1 },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_OVER), -1, GPROC_SCRIPT_CLOSE, slowly },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;
  GProcStream *stream;

  stream = gproc_engine_exec (engine, "web", argv, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (gproc_stream_get_identifier (stream), ==, "e1");
  g_assert_cmpstr (gproc_stream_get_command (stream), ==, argv[0]);
  g_assert_false (gproc_stream_get_is_pty (stream));
  g_assert_cmpint (gproc_stream_get_post_exit_grace (stream), ==, -1);
  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), "back\n", -1, &error));
  g_assert_true (gproc_writer_write_eof (gproc_stream_get_stdin (stream), &error));
  out = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (out, "ou\nback\n");
  err = gproc_reader_read_to_end (gproc_stream_get_stderr (stream), -1, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (err, "err\n");
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 7);
  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_get_returncode (stream), ==, 7);
  assert_found (script, "POST /containers/web/exec",
                "\"Cmd\":[\"command\",\"an \\\"argument\\\"\"],\"AttachStdin\":true,"
                "\"AttachStdout\":true,\"AttachStderr\":true,\"Tty\":false}");
  assert_found (script, "POST /exec/e1/start", "Upgrade: tcp\r\n");
  drop (&stream);
}

static void
test_exec (void)
{
  exec_slowly (FALSE);
}

/* Nobody is asked. */
static void
test_empty_name (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcEngine) engine = gproc_engine_new ("unix:///nowhere", &error);

  g_assert_no_error (error);
  g_assert_null (gproc_engine_exec (engine, "", argv, NULL, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_null (gproc_engine_get_container (engine, "", NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_null (gproc_engine_create (engine, "", NULL, argv, NULL, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
test_exec_slowly (void)
{
  exec_slowly (TRUE);
}

static void
test_exec_async (void)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/a%2Fb%3F/exec", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1, GPROC_SCRIPT_ECHO },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_OVER), -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GBytes) input = g_bytes_new_static ("in\n", 3);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) communicated = GPROC_TEST_CALL_INIT;
  GProcStream *stream;

  gproc_engine_exec_async (engine, "a/b?", argv, NULL, G_PRIORITY_DEFAULT, NULL,
                           gproc_test_call_done, &call);
  stream = gproc_engine_exec_finish (engine, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  gproc_stream_communicate_async (stream, input, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done,
                                  &communicated);
  result = gproc_stream_communicate_finish (stream, gproc_test_call_wait (&communicated), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "in\n");
  g_assert_cmpint (gproc_result_get_returncode (result), ==, 7);
  drop (&stream);
}

/* Closing standard input is the end of it for the command, as with a pipe, while the output is
 * still to come; and closing the stream closes the connection. */
static void
test_exec_close (void)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/web/exec", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1, GPROC_SCRIPT_ECHO, FALSE, "\1\0\0\0\0\0\0\3ou\n",
      11 },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_OVER), -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GError) error = NULL;
  guint before = gproc_test_count_descriptors ();
  GProcStream *stream = gproc_engine_exec (engine, "web", argv, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (stream), "in\n", -1, &error));
  g_assert_true (
    g_output_stream_close (G_OUTPUT_STREAM (gproc_stream_get_stdin (stream)), NULL, &error));
  out = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (out, "ou\nin\n");
  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
  drop (&stream);
  gproc_test_wait_for (gproc_test_count_descriptors () <= before);
}

static void
test_exec_launcher (void)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/web/exec", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1, GPROC_SCRIPT_CLOSE },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_OVER), -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GError) error = NULL;
  GProcStream *stream;

  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_NULL);
  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_NULL);
  gproc_launcher_setenv (launcher, "NAME", "value", TRUE);
  gproc_launcher_setenv (launcher, "GONE", "value", TRUE);
  gproc_launcher_unsetenv (launcher, "GONE");
  gproc_launcher_set_cwd (launcher, "/srv");
  gproc_launcher_set_user (launcher, 5);
  gproc_launcher_set_group (launcher, 6);
  gproc_launcher_set_reader_limit (launcher, 1000);
  stream = gproc_engine_exec (engine, "web", argv, launcher, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (gproc_stream_get_stdin (stream));
  g_assert_null (gproc_stream_get_stderr (stream));
  g_assert_cmpuint (gproc_reader_get_limit (gproc_stream_get_stdout (stream)), ==, 1000);
  assert_found (script, "POST /containers/web/exec",
                "\"AttachStdin\":false,\"AttachStdout\":true,\"AttachStderr\":false,\"Tty\":false,"
                "\"Env\":[\"NAME=value\"],\"User\":\"5:6\",\"WorkingDir\":\"/srv\"}");
  drop (&stream);
}

static void
assert_refused (GProcLauncher *launcher)
{
  g_autoptr (GProcEngine) engine = gproc_engine_new ("unix:///nowhere", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (gproc_engine_exec (engine, "web", argv, launcher, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_null (gproc_engine_create (engine, "image", NULL, argv, launcher, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_object_unref (launcher);
}

/* What a process in a container cannot have is refused, and not left out. */
static void
test_not_supported (void)
{
  GProcLauncher *launcher = gproc_launcher_new ();

  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_INHERIT);
  assert_refused (launcher);
  launcher = gproc_launcher_new ();
  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_STDOUT);
  assert_refused (launcher);
  launcher = gproc_launcher_new ();
  gproc_launcher_set_stdout_file (launcher, "/tmp/x", GPROC_FILE_FLAGS_NONE);
  assert_refused (launcher);
  launcher = gproc_launcher_new ();
  gproc_launcher_add_pipe (launcher, 3, GPROC_PIPE_READ);
  assert_refused (launcher);
  launcher = gproc_launcher_new ();
  gproc_launcher_set_stdin_fd (launcher, 0);
  assert_refused (launcher);
  launcher = gproc_launcher_new ();
  gproc_launcher_set_timeout (launcher, 1);
  assert_refused (launcher);
  launcher = gproc_launcher_new ();
  gproc_launcher_set_umask (launcher, 0);
  assert_refused (launcher);
  launcher = gproc_launcher_new ();
  gproc_launcher_set_stop_on_close (launcher, TRUE);
  assert_refused (launcher);
}

static void
test_exec_terminal (void)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/web/exec", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1, GPROC_SCRIPT_RAW, FALSE, "$ ", 2 },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_RUNNING), -1 },
    { "POST /exec/e1/resize?h=40&w=100", GPROC_STATUS_JSON ("500 No", "{\"message\": \"tiny\"}"),
      -1 },
    { "POST /exec/e1/resize", "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  GProcStream *stream;

  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_pty_size (launcher, 30, 90);
  stream = gproc_engine_exec (engine, "web", argv, launcher, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (gproc_stream_get_is_pty (stream));
  g_assert_cmpuint (gproc_script_count (script, "POST /exec/e1/resize?h=30&w=90"), ==, 1);
  /* Podman sets the size that h and w say after its answer, and after what was asked for since. */
  assert_found (script, "POST /exec/e1/start", "\"ConsoleSize\":[30,90]}");
  gproc_writer_queue (gproc_stream_get_stdin (stream), "ls\n", -1, &error);
  bytes = gproc_reader_read_exactly (gproc_stream_get_stdout (stream), 5, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, "$ ls\n");

  /* What was wrong with a size is said with the next one. */
  g_assert_true (gproc_stream_resize (stream, 40, 100, &error));
  gproc_test_wait_for (gproc_script_count (script, "POST /exec/e1/resize?h=40&w=100") > 0);
  gproc_test_wait_for (!gproc_stream_resize (stream, 41, 101, &error));
  g_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE);
  g_clear_error (&error);
  gproc_test_wait_for (gproc_script_count (script, "POST /exec/e1/resize?h=41&w=101") > 0);
  drop_late (&stream);
}

/* Podman, which is asked for the size of a terminal whose command has just ended, says 0 of that
 * until it knows better. */
static void
test_exec_terminal_ended (void)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/web/exec", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1, GPROC_SCRIPT_CLOSE, FALSE, "over\r\n", 6 },
    { "POST /exec/e1/resize", GPROC_STATUS_JSON ("500 No", "{\"message\": \"it has stopped\"}"),
      -1 },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_OVER_0), -1 },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_OVER_0), -1 },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_OVER), -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  GProcStream *stream;

  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_PTY);
  stream = gproc_engine_exec (engine, "web", argv, launcher, NULL, &error);
  g_assert_no_error (error);
  bytes = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, "over\r\n");
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 7);
  g_assert_no_error (error);
  drop (&stream);
}

/* The engine has no signal for a command: that is said, and nobody waits for what never comes. */
static void
test_exec_signals (void)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/web/exec", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1, GPROC_SCRIPT_ECHO },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_RUNNING), -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  GProcStream *stream = gproc_engine_exec (engine, "web", argv, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_false (gproc_stream_send_signal (stream, SIGTERM, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_false (gproc_stream_kill (stream, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_false (gproc_stream_stop (stream, 10, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  gproc_stream_stop_async (stream, 10, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
  g_assert_false (gproc_stream_stop_finish (stream, gproc_test_call_wait (&call), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_false (gproc_stream_resize (stream, 24, 80, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  gproc_stream_abort (stream);
  drop (&stream);
}

/* Without any loop, and without waiting. */
static void
test_try_wait (void)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/web/exec", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1, GPROC_SCRIPT_ECHO },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_RUNNING), -1 },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_OVER), -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;
  GProcStream *stream = gproc_engine_exec (engine, "web", argv, NULL, NULL, &error);
  gint64 end = gproc_test_deadline ();

  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_try_wait (stream), ==, GPROC_RETURNCODE_NONE);
  while (gproc_stream_try_wait (stream) == GPROC_RETURNCODE_NONE)
    g_assert_cmpint (g_get_monotonic_time (), <, end);
  g_assert_cmpint (gproc_stream_try_wait (stream), ==, 7);
  g_assert_cmpuint (gproc_script_count (script, "GET /exec/e1/json"), ==, 2);
  drop (&stream);
}

/* Podman says of a command that it has not begun with what it says of one that went well. */
static void
test_doubtful_end (void)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/web/exec", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1, GPROC_SCRIPT_ECHO },
    { "GET /exec/e1/json",
      "HTTP/1.1 200 OK\r\nServer: Libpod/4.3.1 (linux)\r\n\r\n"
      "{\"Running\": false, \"ExitCode\": 0, \"CanRemove\": false}",
      -1 },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_RUNNING), -1 },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_OVER), -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;
  GProcStream *stream = gproc_engine_exec (engine, "web", argv, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 7);
  g_assert_no_error (error);
  drop (&stream);
}

static void
test_many_waits (void)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/web/exec", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1, GPROC_SCRIPT_HOLD },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_RUNNING), -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) cancelled = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) other = GPROC_TEST_CALL_INIT;
  GProcStream *stream = gproc_engine_exec (engine, "web", argv, NULL, NULL, &error);

  g_assert_no_error (error);
  gproc_stream_wait_async (stream, G_PRIORITY_DEFAULT, cancellable, gproc_test_call_done,
                           &cancelled);
  gproc_stream_wait_async (stream, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &other);
  gproc_test_wait_for (gproc_script_count (script, "GET /exec/e1/json") > 3);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (gproc_stream_wait_finish (stream, gproc_test_call_wait (&cancelled), &error), ==,
                   GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (other.done, ==, 0);

  g_clear_pointer (&script, gproc_script_free);
  g_assert_cmpint (gproc_stream_wait_finish (stream, gproc_test_call_wait (&other), &error), ==,
                   GPROC_RETURNCODE_NONE);
  g_assert_nonnull (error);
  drop (&stream);
}

int
main (int    argc,
      char **argv_)
{
  gproc_test_init (&argc, &argv_);

  gproc_test_add ("/gproc/engine/ping", test_ping);
  gproc_test_add ("/gproc/engine/connect", test_connect);
  gproc_test_add ("/gproc/engine/properties", test_properties);
  gproc_test_add ("/gproc/engine/exec", test_exec);
  gproc_test_add ("/gproc/engine/empty-name", test_empty_name);
  gproc_test_add ("/gproc/engine/exec-slowly", test_exec_slowly);
  gproc_test_add ("/gproc/engine/exec-async", test_exec_async);
  gproc_test_add ("/gproc/engine/exec-close", test_exec_close);
  gproc_test_add ("/gproc/engine/exec-launcher", test_exec_launcher);
  gproc_test_add ("/gproc/engine/not-supported", test_not_supported);
  gproc_test_add ("/gproc/engine/exec-terminal", test_exec_terminal);
  gproc_test_add ("/gproc/engine/exec-terminal-ended", test_exec_terminal_ended);
  gproc_test_add ("/gproc/engine/exec-signals", test_exec_signals);
  gproc_test_add ("/gproc/engine/try-wait", test_try_wait);
  gproc_test_add ("/gproc/engine/doubtful-end", test_doubtful_end);
  gproc_test_add ("/gproc/engine/many-waits", test_many_waits);

  return gproc_test_run ();
}
