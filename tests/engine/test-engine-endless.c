/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/engine/gproc-test-engine.h"

/* An engine that never comes to the point, in calls that block: there the context of the stream is
 * iterated by nobody. What is under way ends all the same, with an error that says why, and what
 * may go on for a reason can be cancelled. */

#define EXEC_UNSAID "{\"ID\": \"e1\", \"Running\": false, \"ExitCode\": null}"

#define CONTAINER(state) "{\"Id\": \"c1\", \"State\": {" state "}}"
#define CONTAINER_RUNNING CONTAINER ("\"Status\": \"running\", \"Running\": true")

static const char * const argv[] = { "command", NULL };

static GProcStream *
start (GProcEngine *engine)
{
  g_autoptr (GError) error = NULL;
  GProcStream *stream = gproc_engine_exec (engine, "web", argv, NULL, NULL, &error);

  g_assert_no_error (error);

  return stream;
}

/* Reads both outputs to their ends, in blocking calls. */
static void
read_all (GProcStream *stream)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes)
    out = gproc_reader_read_to_end (gproc_stream_get_stdout (stream), -1, NULL, &error);
  g_autoptr (GBytes)
    err = gproc_reader_read_to_end (gproc_stream_get_stderr (stream), -1, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (out) + g_bytes_get_size (err), ==, 0);
}

/* Both blocking forms fail, with the streams at their ends. */
static void
assert_exec_fails (const GProcScriptStep *told,
                   guint                  timeout_ms,
                   int                    code,
                   const char            *word)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1 },
    *told,
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  GProcStream *communicating = start (engine);
  GProcStream *waiting = start (engine);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;

  gproc_engine_set_timeout (engine, timeout_ms);
  result = gproc_stream_communicate (communicating, NULL, NULL, &error);
  g_assert_null (result);
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, word));
  g_clear_error (&error);
  drop (&communicating);

  read_all (waiting);
  g_assert_cmpint (gproc_stream_wait (waiting, NULL, &error), ==, GPROC_RETURNCODE_NONE);
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, word));
  drop (&waiting);
}

static void
test_unsaid (void)
{
  const GProcScriptStep told = { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_UNSAID), -1 };

  assert_exec_fails (&told, 30000, G_IO_ERROR_INVALID_DATA, "ended");
}

static void
test_no_exit_code (void)
{
  const GProcScriptStep told = { "GET /exec/e1/json", GPROC_OK_JSON ("{\"Running\": false}"), -1 };

  assert_exec_fails (&told, 30000, G_IO_ERROR_INVALID_DATA, "ended");
}

static void
test_no_answer (void)
{
  const GProcScriptStep silent = { "GET /exec/e1/json", "", -1, GPROC_SCRIPT_HOLD };
  const GProcScriptStep half = { "GET /exec/e1/json",
                                 "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"Runn", -1,
                                 GPROC_SCRIPT_HOLD };

  assert_exec_fails (&silent, 200, G_IO_ERROR_TIMED_OUT, "200");
  assert_exec_fails (&half, 200, G_IO_ERROR_TIMED_OUT, "200");
}

/* The streams stay open: that the command does not run is not believed for ever. */
static void
test_unsaid_and_open (void)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1, GPROC_SCRIPT_HOLD },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_UNSAID), -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  GProcStream *stream = start (engine);
  g_autoptr (GError) error = NULL;

  gproc_engine_set_timeout (engine, 3000);
  g_assert_cmpint (gproc_stream_wait (stream, NULL, &error), ==, GPROC_RETURNCODE_NONE);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, "ended"));
  drop (&stream);
}

/* A command may close its outputs and go on, so one of which the engine says that it runs is waited
 * for, as a local one is. */
static void
test_runs_on (void)
{
  const GProcScriptStep running = { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_RUNNING), -1 };
  const GProcScriptStep steps[] = {
    { "POST /containers/", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1 },
    running,
    running,
    running,
    running,
    running,
    running,
    running,
    running,
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_OVER), -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  GProcStream *stream = start (engine);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;

  result = gproc_stream_communicate (stream, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gproc_result_get_returncode (result), ==, 7);
  drop (&stream);
}

/* If it is a lie, the engine is not asked without a pause, and whoever waits can have enough of
 * it. */
static void
test_runs_for_ever (void)
{
  const GProcScriptStep steps[] = {
    { "POST /containers/", GPROC_OK_JSON (EXEC_ID), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1 },
    { "GET /exec/e1/json", GPROC_OK_JSON (EXEC_RUNNING), -1 },
  };

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
      g_autoptr (GProcEngine) engine = make_engine (script);
      GProcStream *stream = start (engine);
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      gint64 start_time = g_get_monotonic_time ();
      g_autoptr (GError) error = NULL;

      gproc_script_cancel_at (script, "GET /exec/e1/json", 10, cancellable);
      if (i == 0)
        g_assert_null (gproc_stream_communicate (stream, NULL, cancellable, &error));
      else
        g_assert_cmpint (gproc_stream_wait (stream, cancellable, &error), ==,
                         GPROC_RETURNCODE_NONE);
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_cmpint (g_get_monotonic_time () - start_time, >, 500 * 1000);
      drop (&stream);
    }
}

static void
assert_container_fails (const char *told,
                        const char *waited,
                        const char *word)
{
  const GProcScriptStep steps[] = {
    { "GET /containers/", GPROC_OK_JSON (CONTAINER_RUNNING), -1 },
    { "GET /containers/", told, -1 },
    { "POST /containers/c1/wait", waited, -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcContainer) container = gproc_engine_get_container (engine, "web", NULL, &error);

  g_assert_no_error (error);
  gproc_engine_set_timeout (engine, 3000);
  g_assert_cmpint (gproc_container_wait (container, NULL, &error), ==, GPROC_RETURNCODE_NONE);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, word));
}

static void
test_container_states (void)
{
  assert_container_fails (GPROC_OK_JSON (CONTAINER ("\"Status\": \"dozing\", \"Running\": false")),
                          "", "whether");
  assert_container_fails (GPROC_OK_JSON (CONTAINER ("\"Status\": \"running\", \"Running\": false")),
                          "", "whether");
  assert_container_fails (GPROC_OK_JSON (CONTAINER ("\"Running\": false")), "", "whether");
  assert_container_fails (GPROC_OK_JSON (CONTAINER ("\"Status\": 3, \"Running\": false")), "",
                          "whether");
  assert_container_fails (GPROC_OK_JSON ("{\"Id\": \"c1\"}"), "", "whether");
  assert_container_fails (GPROC_OK_JSON (CONTAINER ("\"Status\": \"exited\"")), "", "ended");
}

static void
test_container_missed (void)
{
  assert_container_fails (GPROC_OK_JSON (CONTAINER_RUNNING), GPROC_OK_JSON ("{\"StatusCode\": -1}"),
                          "ended");
}

/* What is only left out is made up for by what is there. */
static void
test_container_half_said (void)
{
  const GProcScriptStep steps[] = {
    { "GET /containers/", GPROC_OK_JSON (CONTAINER ("\"Status\": \"running\"")), -1 },
    { "POST /containers/c1/wait", GPROC_OK_JSON ("{\"StatusCode\": -1}"), -1 },
    { "POST /containers/c1/wait", GPROC_OK_JSON ("{\"StatusCode\": 4}"), -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcContainer) container = gproc_engine_get_container (engine, "web", NULL, &error);

  g_assert_cmpint (gproc_container_wait (container, NULL, &error), ==, 4);
  g_assert_no_error (error);
}

/* Names that an engine makes up are not kept for ever, as interned ones are. */
static void
test_state_names (void)
{
  GProcScriptStep steps[] = {
    { "GET /containers/", GPROC_OK_JSON (CONTAINER ("\"Status\": \"dozing\"")), -1 },
    { "GET /containers/", GPROC_OK_JSON (CONTAINER ("\"Status\": \"paused\"")), -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autoptr (GProcEngine) engine = make_engine (script);
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcContainer) container = gproc_engine_get_container (engine, "web", NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (gproc_container_get_state (container), ==, "unknown");
  g_assert_cmpuint (g_quark_try_string ("dozing"), ==, 0);
  g_assert_true (gproc_container_refresh (container, NULL, &error));
  g_assert_cmpstr (gproc_container_get_state (container), ==, "paused");
}

/* A length that is none, that no number can hold, and two of them: whichever is meant, the answer
 * is not what it says. */
static void
test_lengths (void)
{
  const char *lengths[] = { "-2",
                            "18446744073709551616",
                            "9223372036854775808",
                            "2\r\nContent-Length: 2",
                            "2\r\nContent-Length: 40",
                            "2, 2",
                            "0x2",
                            "2 2",
                            "+2",
                            "two",
                            "" };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autofree char *answer = g_strconcat ("HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n"
                                             "Content-Length: ",
                                             lengths[i], "\r\n\r\nOK", NULL);
      const GProcScriptStep steps[] = { { "", answer, -1 } };
      g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
      g_autoptr (GProcEngine) engine = make_engine (script);
      g_autoptr (GError) error = NULL;

      g_assert_false (gproc_engine_ping (engine, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
      if (strstr (error->message, "Content-Length") == NULL)
        g_error ("%s: %s", lengths[i], error->message);
    }
}

/* An ssh that leaves a master in the background, as ControlPersist has it: that keeps standard
 * error, and the reason of the failure is told without it. Nor is an ssh waited for that has
 * nothing more to say, and stays. */
static void
test_ssh_stays (void)
{
  g_autofree char *folder = g_dir_make_tmp ("gproc-XXXXXX", NULL);
  g_autofree char *fifo = g_build_filename (folder, "fifo", NULL);
  const char *scripts[] = {
    "exec 3<\"$0\"; cat <&3 >/dev/null 3<&- & exec 3<&-; echo nobody is at home >&2; exit 255",
    "echo nobody is at home >&2; exec cat <\"$0\" >/dev/null",
  };

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      const char * const command[] = { "sh", "-c", scripts[i], fifo, NULL };
      g_autoptr (GProcEngine) engine = gproc_engine_new ("ssh://host", NULL);
      int fd = gproc_test_open (fifo, O_RDWR);
      g_autoptr (GError) error = NULL;
      g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

      gproc_engine_set_ssh_command (engine, command);
      gproc_engine_set_timeout (engine, 0);
      gproc_engine_ping_async (engine, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
      g_assert_false (gproc_engine_ping_finish (engine, gproc_test_call_wait (&call), &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
      g_assert_nonnull (strstr (error->message, "nobody is at home"));
      gproc_test_close (&fd);
    }
  g_assert_cmpint (unlink (fifo), ==, 0);
  g_assert_cmpint (rmdir (folder), ==, 0);
}

int
main (int    argc,
      char **argv_)
{
  gproc_test_init (&argc, &argv_);

  gproc_test_add ("/gproc/engine-endless/unsaid", test_unsaid);
  gproc_test_add ("/gproc/engine-endless/no-exit-code", test_no_exit_code);
  gproc_test_add ("/gproc/engine-endless/no-answer", test_no_answer);
  gproc_test_add ("/gproc/engine-endless/unsaid-and-open", test_unsaid_and_open);
  gproc_test_add ("/gproc/engine-endless/runs-on", test_runs_on);
  gproc_test_add ("/gproc/engine-endless/runs-for-ever", test_runs_for_ever);
  gproc_test_add ("/gproc/engine-endless/container-states", test_container_states);
  gproc_test_add ("/gproc/engine-endless/container-missed", test_container_missed);
  gproc_test_add ("/gproc/engine-endless/container-half-said", test_container_half_said);
  gproc_test_add ("/gproc/engine-endless/state-names", test_state_names);
  gproc_test_add ("/gproc/engine-endless/lengths", test_lengths);
  gproc_test_add ("/gproc/engine-endless/ssh-stays", test_ssh_stays);

  return gproc_test_run ();
}
