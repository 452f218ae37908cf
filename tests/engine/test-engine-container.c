/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <string.h>

#include "tests/engine/gproc-test-engine.h"

/* Containers of an engine that is a script. */

#define CONTAINER(status, running, tty)                                                    \
  "{\"Id\": \"c1\", \"Name\": \"/web\", \"Image\": \"sha256:1\", \"State\": {\"Status\": " \
  "\"" status "\", \"Running\": " running ", \"ExitCode\": 5}, \"Config\": {\"Image\": "   \
  "\"busybox\", \"Tty\": " tty ", \"OpenStdin\": true}}"
#define CREATED GPROC_OK_JSON (CONTAINER ("created", "false", "false"))
#define RUNNING GPROC_OK_JSON (CONTAINER ("running", "true", "false"))
#define EXITED GPROC_OK_JSON (CONTAINER ("exited", "false", "false"))
#define TERMINAL GPROC_OK_JSON (CONTAINER ("running", "true", "true"))
#define DONE "HTTP/1.1 204 No Content\r\n\r\n"
#define FRAMES "\1\0\0\0\0\0\0\3ou\n\2\0\0\0\0\0\0\4err\n"
#define FRAMES_LENGTH 23

static const char * const argv[] = { "command", "argument", NULL };

static GProcContainer *
get_container (GProcScript *script)
{
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;
  GProcContainer *container = gproc_engine_get_container (engine, "web", NULL, &error);

  g_assert_no_error (error);

  return container;
}

static void
test_get (void)
{
  const GProcScriptStep steps[] = {
    { "GET /containers/web/json", RUNNING, -1 },
    { "GET /containers/c1/json", EXITED, -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GProcContainer) container = NULL;
  g_autoptr (GProcContainer) same = get_container (script);
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) refreshed = GPROC_TEST_CALL_INIT;

  gproc_engine_get_container_async (engine, "web", G_PRIORITY_DEFAULT, NULL, gproc_test_call_done,
                                    &call);
  container = gproc_engine_get_container_finish (engine, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  g_assert_true (gproc_container_get_engine (container) == engine);
  g_assert_cmpstr (gproc_container_get_id (container), ==, "c1");
  g_assert_cmpstr (gproc_container_get_name (container), ==, "web");
  g_assert_cmpstr (gproc_container_get_image (container), ==, "busybox");
  g_assert_cmpstr (gproc_container_get_state (container), ==, "running");
  g_assert_true (gproc_container_get_running (container));
  g_assert_false (gproc_container_get_is_pty (container));
  g_assert_cmpint (gproc_container_get_returncode (container), ==, GPROC_RETURNCODE_NONE);

  g_assert_true (gproc_container_refresh (container, NULL, &error));
  g_assert_cmpstr (gproc_container_get_state (container), ==, "exited");
  g_assert_false (gproc_container_get_running (container));
  g_assert_cmpint (gproc_container_get_returncode (container), ==, 5);
  gproc_container_refresh_async (same, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &refreshed);
  g_assert_true (gproc_container_refresh_finish (same, gproc_test_call_wait (&refreshed), &error));
  g_assert_cmpint (gproc_container_get_returncode (same), ==, 5);
}

static void
test_list (void)
{
  const GProcScriptStep steps[] = {
    { "GET /containers/json?all=true",
      GPROC_OK_JSON ("[{\"Id\": \"c1\", \"Names\": [\"/web\"], \"Image\": \"busybox\", "
                     "\"State\": \"running\"}, {\"Id\": \"c2\"}]"),
      -1 },
    { "GET /containers/json?all=false", GPROC_OK_JSON ("[]"), -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GPtrArray) all = NULL;
  g_autoptr (GPtrArray) few = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  all = gproc_engine_list (engine, TRUE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (all->len, ==, 2);
  g_assert_cmpstr (gproc_container_get_name (all->pdata[0]), ==, "web");
  g_assert_cmpstr (gproc_container_get_image (all->pdata[0]), ==, "busybox");
  g_assert_true (gproc_container_get_running (all->pdata[0]));
  g_assert_cmpstr (gproc_container_get_id (all->pdata[1]), ==, "c2");
  g_assert_null (gproc_container_get_name (all->pdata[1]));
  g_assert_cmpstr (gproc_container_get_state (all->pdata[1]), ==, "");

  gproc_engine_list_async (engine, FALSE, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
  few = gproc_engine_list_finish (engine, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (few->len, ==, 0);
}

static void
test_create (void)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/create?name=my%20web", GPROC_OK_JSON ("{\"Id\": \"c1\"}"), -1 },
    { "POST /containers/create HTTP", GPROC_OK_JSON ("{\"Id\": \"c1\"}"), -1 },
    { "GET /containers/c1/json", CREATED, -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GProcContainer) container = NULL;
  g_autoptr (GProcContainer) other = NULL;
  g_autofree char *request = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  container = gproc_engine_create (engine, "busybox", "my web", argv, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (gproc_container_get_state (container), ==, "created");
  request = gproc_script_find (script, "POST /containers/create?name=");
  g_assert_nonnull (strstr (request, "{\"Image\":\"busybox\",\"Cmd\":[\"command\",\"argument\"],"));
  g_assert_nonnull (strstr (request, "\"OpenStdin\":true,\"StdinOnce\":true}"));

  gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_pty_size (launcher, 30, 90);
  gproc_engine_create_async (engine, "busybox", NULL, NULL, launcher, G_PRIORITY_DEFAULT, NULL,
                             gproc_test_call_done, &call);
  other = gproc_engine_create_finish (engine, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  g_free (request);
  request = gproc_script_find (script, "POST /containers/create HTTP");
  g_assert_null (strstr (request, "Cmd"));
  g_assert_nonnull (strstr (request, "\"Tty\":true"));
  g_assert_nonnull (strstr (request, "\"HostConfig\":{\"ConsoleSize\":[30,90]}"));
}

typedef gboolean (*Call) (GProcContainer  *container,
                          GCancellable    *cancellable,
                          GError         **error);

static gboolean
call_kill (GProcContainer  *container,
           GCancellable    *cancellable,
           GError         **error)
{
  return gproc_container_kill (container, SIGUSR1, cancellable, error);
}

static gboolean
call_stop (GProcContainer  *container,
           GCancellable    *cancellable,
           GError         **error)
{
  return gproc_container_stop (container, 1001, cancellable, error);
}

static gboolean
call_resize (GProcContainer  *container,
             GCancellable    *cancellable,
             GError         **error)
{
  return gproc_container_resize (container, 30, 90, cancellable, error);
}

static gboolean
call_remove (GProcContainer  *container,
             GCancellable    *cancellable,
             GError         **error)
{
  return gproc_container_remove (container, TRUE, cancellable, error);
}

/* Those of which no more is known than that they were done: done, done before, refused. */
static void
test_simple_calls (void)
{
  const struct
  {
    Call call;
    const char *request;
  } calls[] = {
    { gproc_container_start, "POST /containers/c1/start HTTP" },
    { call_kill, "POST /containers/c1/kill?signal=10 HTTP" },
    { call_stop, "POST /containers/c1/stop?t=2 HTTP" },
    { call_resize, "POST /containers/c1/resize?h=30&w=90 HTTP" },
    { call_remove, "DELETE /containers/c1?v=true&force=true HTTP" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      const GProcScriptStep steps[] = {
        { "GET /containers/web/json", RUNNING, -1 },
        { calls[i].request, DONE, -1 },
        { calls[i].request, "HTTP/1.1 304 Not Modified\r\n\r\n", -1 },
        { calls[i].request, GPROC_STATUS_JSON ("409 Conflict", "{\"message\": \"not so\"}"), -1 },
      };
      g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
      g_autoptr (GProcContainer) container = get_container (script);
      g_autoptr (GError) error = NULL;

      g_assert_true (calls[i].call (container, NULL, &error));
      g_assert_no_error (error);
      g_assert_true (calls[i].call (container, NULL, &error));
      g_assert_no_error (error);
      g_assert_false (calls[i].call (container, NULL, &error));
      g_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE);
      g_assert_nonnull (strstr (error->message, "not so"));
    }
}

static void
assert_invalid (gpointer   answer,
                GError   **error)
{
  g_assert_null (answer);
  gproc_test_assert_error (*error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

/* What cannot be asked for is an error of the call, in both forms, and the engine is not asked. */
static void
test_bad_arguments (void)
{
  const GProcScriptStep steps[] = { { "GET /containers/web/json", RUNNING, -1 } };
  const char * const nothing[] = { NULL };
  const char * const unnamed[] = { "", NULL };
  const guint sizes[][2] = { { 0, 90 }, { 30, 0 }, { 65536, 90 }, { 30, 65536 } };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcContainer) container = get_container (script);
  GProcEngine *engine = gproc_container_get_engine (container);
  g_autoptr (GError) error = NULL;

  for (int signum = -1; signum <= 0; signum++)
    {
      g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

      g_assert_false (gproc_container_kill (container, signum, NULL, &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      gproc_container_kill_async (container, signum, 0, NULL, gproc_test_call_done, &call);
      g_assert_false (
        gproc_container_kill_finish (container, gproc_test_call_wait (&call), &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    }

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_assert_false (gproc_container_resize (container, sizes[i][0], sizes[i][1], NULL, &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    }

  assert_invalid (gproc_container_logs (container, 0, -2, NULL, &error), &error);
  assert_invalid (gproc_container_exec (container, nothing, NULL, NULL, &error), &error);
  assert_invalid (gproc_engine_exec (engine, "web", nothing, NULL, NULL, &error), &error);
  assert_invalid (gproc_engine_exec (engine, "web", unnamed, NULL, NULL, &error), &error);
  assert_invalid (gproc_engine_exec (engine, "", argv, NULL, NULL, &error), &error);
  g_assert_cmpuint (gproc_script_count (script, ""), ==, 1);
}

static void
test_simple_calls_async (void)
{
  const GProcScriptStep steps[] = {
    { "GET /containers/web/json", RUNNING, -1 },
    { "POST /containers/c1/", DONE, -1 },
    { "DELETE /containers/c1", DONE, -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcContainer) container = get_container (script);
  g_auto (GProcTestCall) started = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) killed = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) stopped = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) resized = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) removed = GPROC_TEST_CALL_INIT;

  gproc_container_start_async (container, 0, NULL, gproc_test_call_done, &started);
  gproc_container_kill_async (container, 9, 0, NULL, gproc_test_call_done, &killed);
  gproc_container_stop_async (container, 0, 0, NULL, gproc_test_call_done, &stopped);
  gproc_container_resize_async (container, 1, 2, 0, NULL, gproc_test_call_done, &resized);
  gproc_container_remove_async (container, FALSE, 0, NULL, gproc_test_call_done, &removed);
  g_assert_true (gproc_container_start_finish (container, gproc_test_call_wait (&started), NULL));
  g_assert_true (gproc_container_kill_finish (container, gproc_test_call_wait (&killed), NULL));
  g_assert_true (gproc_container_stop_finish (container, gproc_test_call_wait (&stopped), NULL));
  g_assert_true (gproc_container_resize_finish (container, gproc_test_call_wait (&resized), NULL));
  g_assert_true (gproc_container_remove_finish (container, gproc_test_call_wait (&removed), NULL));
  g_assert_cmpuint (gproc_script_count (script, "POST /containers/c1/stop?t=0 "), ==, 1);
  g_assert_cmpuint (gproc_script_count (script, "DELETE /containers/c1?v=true&force=false "), ==,
                    1);
}

/* Attached before it was started: created, running, over. */
static void
test_attach (void)
{
  const GProcScriptStep steps[] = {
    { "GET /containers/web/json", CREATED, -1 },
    { "GET /containers/c1/json", CREATED, -1 },
    { "GET /containers/c1/json", CREATED, -1 },
    { "GET /containers/c1/json", RUNNING, -1 },
    { "POST /containers/c1/attach?stream=true&stdin=true&stdout=true&stderr=true", GPROC_UPGRADED,
      -1, GPROC_SCRIPT_ECHO, FALSE, FRAMES, FRAMES_LENGTH },
    { "POST /containers/c1/wait", GPROC_OK_JSON ("{\"StatusCode\": 3}"), -1 },
    { "POST /containers/c1/kill?signal=10", DONE, -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcContainer) container = get_container (script);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GBytes) input = g_bytes_new_static ("in\n", 3);
  g_autoptr (GError) error = NULL;
  GProcStream *stream = gproc_container_attach (container, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (gproc_stream_get_identifier (stream), ==, "c1");
  g_assert_true (gproc_stream_send_signal (stream, SIGUSR1, &error));
  gproc_test_wait_for (gproc_script_count (script, "POST /containers/c1/kill?signal=10") == 1);
  g_assert_false (gproc_stream_send_signal_group (stream, SIGUSR1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);

  result = gproc_stream_communicate (stream, input, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "ou\nin\n");
  gproc_test_assert_bytes (gproc_result_get_stderr (result), "err\n");
  g_assert_cmpint (gproc_result_get_returncode (result), ==, 3);
  g_assert_false (gproc_stream_send_signal (stream, SIGUSR1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  drop_late (&stream);
}

static void
test_attach_terminal (void)
{
  const GProcScriptStep steps[] = {
    { "GET /containers/", TERMINAL, -1 },
    { "POST /containers/c1/attach", GPROC_UPGRADED, -1, GPROC_SCRIPT_RAW, FALSE, "$ ", 2 },
    { "POST /containers/c1/wait", "", -1, GPROC_SCRIPT_HOLD },
    { "POST /containers/c1/resize?h=30&w=90", DONE, -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcContainer) container = get_container (script);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  GProcStream *stream;

  gproc_container_attach_async (container, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
  stream = gproc_container_attach_finish (container, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  g_assert_true (gproc_stream_get_is_pty (stream));
  g_assert_null (gproc_stream_get_stderr (stream));
  g_assert_true (gproc_stream_resize (stream, 30, 90, &error));
  gproc_test_wait_for (gproc_script_count (script, "POST /containers/c1/resize?h=30&w=90") == 1);
  bytes = gproc_reader_read_exactly (gproc_stream_get_stdout (stream), 2, NULL, &error);
  gproc_test_assert_bytes (bytes, "$ ");
  drop_late (&stream);
}

/* TERM, then KILL when the grace is over; and the end that the engine reports. */
static void
test_attach_stop (void)
{
  const GProcScriptStep steps[] = {
    { "GET /containers/", RUNNING, -1 },
    { "POST /containers/c1/attach", GPROC_UPGRADED, -1, GPROC_SCRIPT_HOLD },
    { "POST /containers/c1/wait", GPROC_OK_JSON ("{\"StatusCode\": -1}"), -1 },
    { "POST /containers/c1/wait", GPROC_OK_JSON ("{\"StatusCode\": 137}"), -1 },
    { "POST /containers/c1/kill", DONE, -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcContainer) container = get_container (script);
  g_autoptr (GError) error = NULL;
  GProcStream *stream = gproc_container_attach (container, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (gproc_stream_stop (stream, 0, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_get_returncode (stream), ==, 137);
  gproc_test_wait_for (gproc_script_count (script, "POST /containers/c1/kill?signal=15") == 1);
  gproc_test_wait_for (gproc_script_count (script, "POST /containers/c1/kill?signal=9") == 1);
  drop_late (&stream);
}

static void
test_wait (void)
{
  const GProcScriptStep steps[] = {
    { "GET /containers/web/json", CREATED, -1 },
    { "GET /containers/c1/json", CREATED, -1 },
    { "GET /containers/c1/json", EXITED, -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcContainer) container = get_container (script);
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  g_assert_cmpint (gproc_container_wait (container, NULL, &error), ==, 5);
  g_assert_no_error (error);
  gproc_container_wait_async (container, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
  g_assert_cmpint (gproc_container_wait_finish (container, gproc_test_call_wait (&call), &error),
                   ==, 5);
  g_assert_no_error (error);

  g_clear_pointer (&script, gproc_script_free);
  g_assert_cmpint (gproc_container_wait (container, NULL, &error), ==, GPROC_RETURNCODE_NONE);
  g_assert_nonnull (error);
}

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static void
test_logs (void)
{
  /* A frame that is spread over chunks, extensions, and a trailer. */
  const char body[] = "5;x=y\r\n\1\0\0\0\0\r\n6\r\n\0\0\3ou\n\r\n0C\r\n\2\0\0\0\0\0\0\4err\n\r\n"
                      "0\r\nTrailer: x\r\n\r\n";
  const GProcScriptStep steps[] = {
    { "GET /containers/web/json", RUNNING, -1 },
    { "GET /containers/c1/json", RUNNING, -1 },
    { "GET /containers/c1/logs?stdout=true&stderr=true&follow=true&timestamps=false&tail=5 ",
      CHUNKED, -1, GPROC_SCRIPT_HOLD, FALSE, body, sizeof body - 1 },
    { "GET /containers/c1/logs?stdout=true&stderr=true&follow=false&timestamps=true&tail=all ",
      CHUNKED, -1, GPROC_SCRIPT_CLOSE, TRUE, body, sizeof body - 10 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcContainer) container = get_container (script);
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;
  g_autoptr (GBytes) cut = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  GProcStream *stream;

  stream = gproc_container_logs (container, GPROC_LOG_FLAGS_FOLLOW, 5, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (gproc_stream_get_stdin (stream));
  out = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (out, "ou\n");
  err = gproc_reader_read_to_end (gproc_stream_get_stderr (stream), -1, NULL, &error);
  gproc_test_assert_bytes (err, "err\n");
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_false (gproc_stream_send_signal (stream, SIGTERM, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  drop (&stream);

  /* Half of what was written is not taken for all. */
  gproc_container_logs_async (container, GPROC_LOG_FLAGS_TIMESTAMPS, -1, G_PRIORITY_DEFAULT, NULL,
                              gproc_test_call_done, &call);
  stream = gproc_container_logs_finish (container, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  cut = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
  g_assert_null (cut);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);
  drop (&stream);
}

static void
test_exec (void)
{
  const GProcScriptStep steps[] = {
    { "GET /containers/web/json", RUNNING, -1 },
    { "POST /containers/c1/exec", GPROC_OK_JSON ("{\"Id\": \"e1\"}"), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1, GPROC_SCRIPT_CLOSE },
    { "GET /exec/e1/json", GPROC_OK_JSON ("{\"Running\": false, \"ExitCode\": 4}"), -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcContainer) container = get_container (script);
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  GProcStream *stream = gproc_container_exec (container, argv, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, 4);
  drop (&stream);
  gproc_container_exec_async (container, argv, NULL, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done,
                              &call);
  stream = gproc_container_exec_finish (container, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  drop (&stream);
}

int
main (int    argc,
      char **argv_)
{
  gproc_test_init (&argc, &argv_);

  gproc_test_add ("/gproc/engine-container/get", test_get);
  gproc_test_add ("/gproc/engine-container/list", test_list);
  gproc_test_add ("/gproc/engine-container/create", test_create);
  gproc_test_add ("/gproc/engine-container/simple-calls", test_simple_calls);
  gproc_test_add ("/gproc/engine-container/bad-arguments", test_bad_arguments);
  gproc_test_add ("/gproc/engine-container/simple-calls-async", test_simple_calls_async);
  gproc_test_add ("/gproc/engine-container/attach", test_attach);
  gproc_test_add ("/gproc/engine-container/attach-terminal", test_attach_terminal);
  gproc_test_add ("/gproc/engine-container/attach-stop", test_attach_stop);
  gproc_test_add ("/gproc/engine-container/wait", test_wait);
  gproc_test_add ("/gproc/engine-container/logs", test_logs);
  gproc_test_add ("/gproc/engine-container/exec", test_exec);

  return gproc_test_run ();
}
