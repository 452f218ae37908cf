/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "tests/engine/gproc-test-engine.h"

/* What is no engine, or none that works as it should: an error that says so, never a wait without
 * end, never a success. */

static const char * const argv[] = { "command", NULL };

static void
assert_ping_fails (const GProcScriptStep *step,
                   GQuark                 domain,
                   int                    code,
                   const char            *word)
{
  g_autoptr (GProcScript) script = gproc_script_new (step, 1);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  g_assert_false (gproc_engine_ping (engine, NULL, &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, word));
  g_clear_error (&error);

  gproc_engine_ping_async (engine, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
  g_assert_false (gproc_engine_ping_finish (engine, gproc_test_call_wait (&call), &error));
  gproc_test_assert_error (error, domain, code);
}

static void
test_no_answer (void)
{
  const GProcScriptStep steps[] = { { "", "", -1 } };

  assert_ping_fails (steps, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "without an answer");
}

/* Others that greet, and wait to be spoken to: nobody waits with them. */
static void
test_another_server (void)
{
  const GProcScriptStep smtp[] = { { "", "220 mail.example ESMTP", -1, GPROC_SCRIPT_HOLD } };
  const GProcScriptStep nul[] = { { "", "\0\0\0\0", 4, GPROC_SCRIPT_HOLD } };
  const GProcScriptStep ssh[] = { { "", "H", -1, GPROC_SCRIPT_CLOSE } };
  const GProcScriptStep web[] = { { "", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
                                    -1 } };
  const GProcScriptStep elsewhere[] = {
    { "", "HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", -1 }
  };

  assert_ping_fails (smtp, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "no container engine");
  assert_ping_fails (nul, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "no container engine");
  assert_ping_fails (ssh, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, "in the middle");
  assert_ping_fails (web, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "no container engine");
  assert_ping_fails (elsewhere, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "elsewhere");
}

static void
test_bad_heads (void)
{
  g_autoptr (GString) endless = g_string_new ("HTTP/1.1 200 OK\r\n");
  g_autoptr (GString) interim = g_string_new (NULL);
  GProcScriptStep step = { "", NULL, -1, GPROC_SCRIPT_HOLD };

  while (endless->len < 100000)
    g_string_append (endless, "X-Header: and so on\r\n");
  step.answer = endless->str;
  assert_ping_fails (&step, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "no end");

  for (guint i = 0; i < 20; i++)
    g_string_append (interim, "HTTP/1.1 100 Continue\r\n\r\n");
  step.answer = interim->str;
  assert_ping_fails (&step, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "for ever");

  step.answer = "HTTP/1.x what\r\n\r\n";
  assert_ping_fails (&step, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "no HTTP");
  step.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
  assert_ping_fails (&step, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "size");
  step.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOKX\r\n";
  assert_ping_fails (&step, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "size");
}

static void
assert_times_out (const char *answer)
{
  const GProcScriptStep steps[] = { { "", answer, -1, GPROC_SCRIPT_HOLD } };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;

  gproc_engine_set_timeout (engine, 50);
  g_assert_false (gproc_engine_ping (engine, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  stream = gproc_engine_exec (engine, "web", argv, NULL, NULL, &error);
  g_assert_null (stream);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* What stays silent, at any point of its answer. */
static void
test_silence (void)
{
  assert_times_out ("");
  assert_times_out ("HTTP/1.1 200");
  assert_times_out ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n");
  assert_times_out ("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"Id\": ");
  assert_times_out ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"Id");
}

static void
test_cancelled (void)
{
  const GProcScriptStep steps[] = { { "", "HTTP/1.1 2", -1, GPROC_SCRIPT_HOLD } };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  gproc_engine_set_timeout (engine, 0);
  gproc_engine_ping_async (engine, G_PRIORITY_DEFAULT, cancellable, gproc_test_call_done, &call);
  gproc_test_wait_for (gproc_script_count (script, "GET /_ping") == 1);
  g_cancellable_cancel (cancellable);
  g_assert_false (gproc_engine_ping_finish (engine, gproc_test_call_wait (&call), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  g_assert_false (gproc_engine_ping (engine, cancellable, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Every answer is cut at every byte: none of them is a success but the whole. */
static void
test_cut_everywhere (void)
{
  const char *answers[] = {
    "HTTP/1.1 201 Created\r\nContent-Length: 12\r\n\r\n" EXEC_ID,
    "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"Id\": \r\n5\r\n\"e1\"}\r\n0"
    "\r\n\r\n",
    "HTTP/1.1 201 Created\r\n\r\n" EXEC_ID,
  };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    for (gsize cut = 0; cut < strlen (answers[i]); cut++)
      {
        const GProcScriptStep steps[] = { { "", answers[i], (gssize) cut } };
        g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
        g_autoptr (GProcEngine) engine = make_engine (script);
        g_autoptr (GProcStream) stream = NULL;
        g_autoptr (GError) error = NULL;

        stream = gproc_engine_exec (engine, "web", argv, NULL, NULL, &error);
        g_assert_null (stream);
        g_assert_nonnull (error);
        g_assert_cmpuint (gproc_script_count (script, "POST /exec/"), ==, 0);
      }
}

static void
test_cut_upgrade (void)
{
  const char *answer = GPROC_UPGRADED;

  for (gsize cut = 0; cut < strlen (answer); cut++)
    {
      const GProcScriptStep steps[] = {
        { "POST /containers/", GPROC_OK_JSON (EXEC_ID), -1 },
        { "POST /exec/e1/start", answer, (gssize) cut },
      };
      g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
      g_autoptr (GProcEngine) engine = make_engine (script);
      g_autoptr (GError) error = NULL;
      g_autoptr (GProcStream) stream = gproc_engine_exec (engine, "web", argv, NULL, NULL, &error);

      g_assert_null (stream);
      gproc_test_assert_error (error, G_IO_ERROR,
                               cut == 0 ? G_IO_ERROR_CONNECTION_CLOSED : G_IO_ERROR_PARTIAL_INPUT);
    }
}

static void
assert_upgrade_fails (const char *answer,
                      GQuark      domain,
                      int         code,
                      const char *word)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", answer, -1, GPROC_SCRIPT_HOLD },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcStream) stream = gproc_engine_exec (engine, "web", argv, NULL, NULL, &error);

  g_assert_null (stream);
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, word));
}

static void
test_wrong_upgrades (void)
{
  assert_upgrade_fails ("HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n", G_IO_ERROR,
                        G_IO_ERROR_INVALID_DATA, "hand over");
  assert_upgrade_fails ("HTTP/1.1 101 Switching\r\n\r\n", G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                        "hand over");
  assert_upgrade_fails ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", G_IO_ERROR,
                        G_IO_ERROR_INVALID_DATA, "hand over");
  assert_upgrade_fails ("HTTP/1.1 204 No Content\r\n\r\n", G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                        "hand over");
  assert_upgrade_fails ("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", G_IO_ERROR,
                        G_IO_ERROR_INVALID_DATA, "hand over");
  assert_upgrade_fails ("HTTP/1.1 409 Conflict\r\nContent-Length: 27\r\n\r\n"
                        "{\"message\": \"it is paused\"} ",
                        GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE, "it is paused");
  assert_upgrade_fails ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", G_IO_ERROR,
                        G_IO_ERROR_NOT_FOUND, "404");
}

static void
assert_words (const char *answer,
              GQuark      domain,
              int         code,
              const char *word)
{
  const GProcScriptStep steps[] = { { "", answer, -1 } };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;

  g_assert_null (gproc_engine_get_container (engine, "web", NULL, &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, word));
}

static void
test_words_of_the_engine (void)
{
  assert_words (GPROC_STATUS_JSON ("404 Not Found", "{\"message\": \"No such container: web\"}"),
                G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "No such container: web");
  assert_words (GPROC_STATUS_JSON ("500 Oh", "{\"cause\": \"x\", \"message\": \"disk full\"}"),
                GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE, "disk full");
  assert_words (GPROC_STATUS_JSON ("500 Oh", "{\"message\": 3}"), GPROC_STREAM_ERROR,
                GPROC_STREAM_ERROR_ENGINE, "500");
  assert_words (GPROC_STATUS_JSON ("502 Bad Gateway", "<html>"), GPROC_STREAM_ERROR,
                GPROC_STREAM_ERROR_ENGINE, "502");
  assert_words (GPROC_OK_JSON ("[]"), G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "JSON");
  assert_words (GPROC_OK_JSON ("{\"Id\": "), G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "JSON");
  assert_words (GPROC_OK_JSON (""), G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "JSON");
  assert_words (GPROC_OK_JSON ("{\"Id\": 3}"), G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "id");
}

static void
test_nobody_there (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcEngine) engine = gproc_engine_new ("unix:///nowhere/there.sock", &error);
  g_autoptr (GProcEngine) connected = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  g_assert_no_error (error);
  g_assert_false (gproc_engine_ping (engine, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "/nowhere/there.sock"));
  g_clear_error (&error);

  connected = gproc_engine_new_connected ("unix:///nowhere/there.sock", NULL, &error);
  g_assert_null (connected);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);

  gproc_engine_connect_async ("unix:///nowhere/there.sock", G_PRIORITY_DEFAULT, NULL,
                              gproc_test_call_done, &call);
  connected = gproc_engine_connect_finish (gproc_test_call_wait (&call), &error);
  g_assert_null (connected);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* Ends a frame, or the connection of a command that runs, in the middle. */
static void
assert_read_fails (const char *frames,
                   gsize       length,
                   GQuark      domain,
                   int         code,
                   const char *word)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1, GPROC_SCRIPT_CLOSE, FALSE, frames, length },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_OVER), -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcStream) stream = gproc_engine_exec (engine, "web", argv, NULL, NULL, &error);
  g_autoptr (GBytes) bytes = NULL;

  g_assert_no_error (error);
  bytes = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
  g_assert_null (bytes);
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, word));
  g_clear_error (&error);

  g_clear_object (&stream);
  gproc_test_settle ();
}

static void
test_bad_frames (void)
{
  assert_read_fails ("\3\0\0\0\0\0\0\4oops", 12, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE,
                     "oops");
  assert_read_fails ("\7\0\0\0\0\0\0\4oops", 12, GPROC_STREAM_ERROR,
                     GPROC_STREAM_ERROR_INVALID_FRAME, "");
  assert_read_fails ("\1\0\0\0\0\0\0\5oops", 12, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, "");
  assert_read_fails ("\1\0\0\0\0", 5, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, "");
}

/* An engine that ends takes the connection with it, and no one says how the command ended. */
static void
test_engine_dies (void)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1, GPROC_SCRIPT_ECHO },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_RUNNING), -1 },
  };
  GProcScript *script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcStream) stream = gproc_engine_exec (engine, "web", argv, NULL, NULL, &error);
  g_autoptr (GProcResult) result = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  g_assert_no_error (error);
  gproc_stream_wait_async (stream, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
  gproc_test_wait_for (gproc_script_count (script, "GET /exec/e1/json") > 1);
  gproc_script_free (script);

  g_assert_cmpint (gproc_stream_wait_finish (stream, gproc_test_call_wait (&call), &error), ==,
                   GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpint (gproc_stream_try_wait (stream), ==, GPROC_RETURNCODE_NONE);

  result = gproc_stream_communicate (stream, NULL, NULL, &error);
  g_assert_null (result);
  g_assert_nonnull (error);

  g_clear_object (&stream);
  gproc_test_settle ();
}

/* What is nested without end would take the stack with it. */
static void
test_deep_json (void)
{
  const char *heads[] = { "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 500 Oh\r\n\r\n" };

  for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
    {
      g_autoptr (GString) answer = g_string_new (heads[i]);
      gsize end = answer->len + 4000000;

      while (answer->len < end)
        g_string_append (answer, "[[[[{\"a\":");
      if (i == 0)
        assert_words (answer->str, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "JSON");
      else
        assert_words (answer->str, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE, "500");
    }
}

/* What cannot be the head of an answer is not waited for. */
static void
test_nul_in_head (void)
{
  static const char nul[] = "HTTP/1.1 200 OK\r\nX: \0\r\n\r\n";
  const GProcScriptStep step = { "", nul, sizeof nul - 1, GPROC_SCRIPT_HOLD };

  assert_ping_fails (&step, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "no HTTP");
}

/* They would keep whoever reads them in one loop, where no timeout comes. */
static void
test_endless_trailers (void)
{
  g_autoptr (GString) trailers = g_string_new (
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n");
  GProcScriptStep step = { "", NULL, -1 };
  gsize end = trailers->len + 1000000;

  while (trailers->len < end)
    g_string_append (trailers, "X-Trailer: and so on\r\n");
  step.answer = trailers->str;
  assert_ping_fails (&step, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "no end");
}

static void
assert_wait_fails (const char *state,
                   const char *word)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1 },
    { "GET /exec/e1/json", state, -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcStream) stream = gproc_engine_exec (engine, "web", argv, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, GPROC_RETURNCODE_NONE);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, word));

  g_clear_object (&stream);
  gproc_test_settle ();
}

/* A number that is none of an exit is not made one: cut to its lower half this would be a 0. */
static void
test_exit_codes (void)
{
  assert_wait_fails (GPROC_OK_JSON ("{\"Running\": false, \"ExitCode\": 4294967296}"), "ended");
  assert_wait_fails (GPROC_OK_JSON ("{\"Running\": false, \"ExitCode\": -2147483648}"), "ended");
  assert_wait_fails (GPROC_OK_JSON ("{\"Running\": false, \"ExitCode\": \"0\"}"), "ended");
}

static void
assert_container_wait_fails (const char *inspected,
                             const char *waited,
                             GQuark      domain,
                             int         code,
                             const char *word)
{
  const GProcScriptStep steps[] = {
    { "GET /containers/", GPROC_OK_JSON ("{\"Id\": \"c1\", \"State\": {\"Status\": \"running\"}}"),
      -1 },
    { "GET /containers/", inspected, -1 },
    { "POST /containers/c1/wait", waited, -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcContainer) container = gproc_engine_get_container (engine, "web", NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (gproc_container_wait (container, NULL, &error), ==, GPROC_RETURNCODE_NONE);
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, word));
}

static void
test_container_exit_codes (void)
{
  const char *running = GPROC_OK_JSON (
    "{\"Id\": \"c1\", \"State\": {\"Status\": \"running\", \"Running\": true}}");

  assert_container_wait_fails (GPROC_OK_JSON ("{\"State\": {\"Status\": \"exited\"}}"), "",
                               G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "ended");
  assert_container_wait_fails (running, GPROC_OK_JSON ("{\"StatusCode\": 4294967296}"), G_IO_ERROR,
                               G_IO_ERROR_INVALID_DATA, "ended");
  assert_container_wait_fails (running,
                               GPROC_OK_JSON (
                                 "{\"StatusCode\": 0, \"Error\": {\"Message\": \"it was lost\"}}"),
                               GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE, "it was lost");
}

/* An id of which no path can be made that means it alone. */
static void
test_bad_ids (void)
{
  const char *ids[] = { GPROC_OK_JSON ("{\"Id\": \"\"}"), GPROC_OK_JSON ("{\"Id\": \"..\"}"),
                        GPROC_OK_JSON ("{\"Id\": \".\"}") };

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      const GProcScriptStep steps[] = { { "", ids[i], -1 } };
      g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
      g_autoptr (GProcEngine) engine = make_engine (script);
      g_autoptr (GError) error = NULL;

      g_assert_null (gproc_engine_exec (engine, "web", argv, NULL, NULL, &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
      g_assert_cmpuint (gproc_script_count (script, "POST /exec/"), ==, 0);
      g_assert_null (gproc_engine_create (engine, "image", NULL, argv, NULL, NULL, &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
      g_assert_cmpuint (gproc_script_count (script, "GET /containers/"), ==, 0);

      /* An engine takes these steps out of a path, and then another one is meant. */
      g_assert_null (gproc_engine_get_container (engine, "..", NULL, &error));
      g_clear_error (&error);
      g_assert_cmpuint (gproc_script_count (script, "GET /containers/../"), ==, 0);
    }
}

/* JSON has no other bytes than those of UTF-8, and engines replace what else comes. */
static void
test_arguments (void)
{
  const char * const bytes[] = { "cat", "/caf\xe9", NULL };
  const char * const separator[] = { "cut", "-d\x1f", NULL };
  const GProcScriptStep steps[] = { { "", GPROC_OK_JSON ("{}"), -1 } };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;
  g_autofree char *request = NULL;

  g_assert_null (gproc_engine_exec (engine, "web", bytes, NULL, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_null (gproc_engine_create (engine, "image", NULL, bytes, NULL, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_cmpuint (gproc_script_count (script, "POST"), ==, 0);

  g_assert_null (gproc_engine_exec (engine, "web", separator, NULL, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  request = gproc_script_find (script, "POST /containers/web/exec");
  g_assert_nonnull (strstr (request, "-d\\u001f"));
}

/* An engine that has closed the streams of a command, and never says how it ended. */
static void
test_never_says (void)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1 },
    { "GET /exec/e1/json", GPROC_OK_JSON ("{\"Running\": false, \"ExitCode\": null}"), -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcStream) stream = gproc_engine_exec (engine, "web", argv, NULL, NULL, &error);
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcResult) result = NULL;

  g_assert_no_error (error);
  gproc_stream_communicate_async (stream, NULL, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done,
                                  &call);
  result = gproc_stream_communicate_finish (stream, gproc_test_call_wait (&call), &error);
  g_assert_null (result);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, "ended"));

  g_clear_object (&stream);
  gproc_test_settle ();
}

/* Frames of an output that was not asked for do not keep back those of the other. */
static void
test_unwanted_frames (void)
{
  g_autoptr (GString) frames = g_string_new_len ("\2\0\0\0\0\x10\0\0", 8);
  GProcScriptStep steps[] = {
    { "POST /containers/", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1 },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_OVER), -1 },
  };
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GBytes) bytes = NULL;

  for (guint i = 0; i < 0x100000; i++)
    g_string_append_c (frames, 'e');
  g_string_append_len (frames, "\1\0\0\0\0\0\0\2hi", 10);
  steps[1].frames = frames->str;
  steps[1].frames_length = frames->len;

  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_NULL);
  stream = gproc_engine_exec (engine, "web", argv, launcher, NULL, &error);
  g_assert_no_error (error);
  bytes = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "hi", 2);

  g_clear_object (&stream);
  gproc_test_settle ();
}

int
main (int    argc,
      char **argv_)
{
  gproc_test_init (&argc, &argv_);

  gproc_test_add ("/gproc/engine-hostile/no-answer", test_no_answer);
  gproc_test_add ("/gproc/engine-hostile/another-server", test_another_server);
  gproc_test_add ("/gproc/engine-hostile/bad-heads", test_bad_heads);
  gproc_test_add ("/gproc/engine-hostile/silence", test_silence);
  gproc_test_add ("/gproc/engine-hostile/cancelled", test_cancelled);
  gproc_test_add ("/gproc/engine-hostile/cut-everywhere", test_cut_everywhere);
  gproc_test_add ("/gproc/engine-hostile/cut-upgrade", test_cut_upgrade);
  gproc_test_add ("/gproc/engine-hostile/wrong-upgrades", test_wrong_upgrades);
  gproc_test_add ("/gproc/engine-hostile/words-of-the-engine", test_words_of_the_engine);
  gproc_test_add ("/gproc/engine-hostile/nobody-there", test_nobody_there);
  gproc_test_add ("/gproc/engine-hostile/bad-frames", test_bad_frames);
  gproc_test_add ("/gproc/engine-hostile/engine-dies", test_engine_dies);
  gproc_test_add ("/gproc/engine-hostile/deep-json", test_deep_json);
  gproc_test_add ("/gproc/engine-hostile/nul-in-head", test_nul_in_head);
  gproc_test_add ("/gproc/engine-hostile/endless-trailers", test_endless_trailers);
  gproc_test_add ("/gproc/engine-hostile/exit-codes", test_exit_codes);
  gproc_test_add ("/gproc/engine-hostile/container-exit-codes", test_container_exit_codes);
  gproc_test_add ("/gproc/engine-hostile/bad-ids", test_bad_ids);
  gproc_test_add ("/gproc/engine-hostile/arguments", test_arguments);
  gproc_test_add ("/gproc/engine-hostile/never-says", test_never_says);
  gproc_test_add ("/gproc/engine-hostile/unwanted-frames", test_unwanted_frames);

  return gproc_test_run ();
}
