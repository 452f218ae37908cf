/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <gprocstream/gprocstream-engine.h>
#include <string.h>
#include <unistd.h>

#include "engine/gproc-address-private.h"
#include "tests/engine/gproc-test-engine.h"
#include "tests/gproc-test.h"

/* Where an engine is, and how it is reached through ssh. */

static const char * const variables[] = { "DOCKER_HOST", "CONTAINER_HOST", "DOCKER_TLS",
                                          "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH" };

static void
clear_environment (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (variables); i++)
    g_unsetenv (variables[i]);
}

static GProcAddress *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GProcAddress *address = _gproc_address_parse (text, &error);

  g_assert_no_error (error);
  g_assert_nonnull (address);

  return address;
}

static void
test_unix (void)
{
  const char *texts[] = { "unix:///run/x.sock", "/run/x.sock", "unix:///run/%78.sock" };

  clear_environment ();
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GProcAddress) address = parse (texts[i]);

      g_assert_cmpint (address->kind, ==, GPROC_ADDRESS_UNIX);
      g_assert_cmpstr (address->path, ==, "/run/x.sock");
      g_assert_cmpstr (address->text, ==, texts[i]);
    }
}

static void
assert_tcp (const char *text,
            const char *host,
            guint16     port,
            gboolean    tls,
            gboolean    tls_verify)
{
  g_autoptr (GProcAddress) address = parse (text);

  g_assert_cmpint (address->kind, ==, GPROC_ADDRESS_TCP);
  g_assert_cmpstr (address->host, ==, host);
  g_assert_cmpuint (address->port, ==, port);
  g_assert_cmpint (address->tls, ==, tls);
  g_assert_cmpint (address->tls_verify, ==, tls_verify);
}

static void
test_tcp (void)
{
  clear_environment ();
  assert_tcp ("tcp://host", "host", 2375, FALSE, FALSE);
  assert_tcp ("tcp://host:99/", "host", 99, FALSE, FALSE);
  assert_tcp ("http://[::1]:99", "::1", 99, FALSE, FALSE);
  assert_tcp ("https://host", "host", 2376, TRUE, TRUE);
  g_setenv ("DOCKER_TLS", "1", TRUE);
  assert_tcp ("tcp://host", "host", 2376, TRUE, FALSE);
  g_setenv ("DOCKER_TLS_VERIFY", "1", TRUE);
  assert_tcp ("tcp://host:99", "host", 99, TRUE, TRUE);
  clear_environment ();
  g_setenv ("DOCKER_TLS_VERIFY", "", TRUE);
  assert_tcp ("tcp://host", "host", 2375, FALSE, FALSE);
  clear_environment ();
}

static void
assert_ssh (const char *text,
            const char *joined)
{
  const char * const command[] = { "ssh", "-q", NULL };
  g_autoptr (GProcAddress) address = parse (text);
  g_auto (GStrv) argv = _gproc_address_get_ssh_argv (address, command);
  g_autofree char *found = g_strjoinv ("|", argv);
  char *remote = strstr (found, "|sh -c ");

  g_assert_nonnull (remote);
  remote[0] = '\0';
  g_assert_cmpstr (found, ==, joined);
}

static void
test_ssh (void)
{
  const char * const command[] = { "ssh", NULL };
  g_autoptr (GProcAddress) address = parse ("ssh://host/it's/here");
  g_auto (GStrv) argv = _gproc_address_get_ssh_argv (address, command);
  const char *remote = argv[g_strv_length (argv) - 1];
  g_auto (GStrv) words = NULL;

  assert_ssh ("ssh://host", "ssh|-q|-T|--|host");
  assert_ssh ("ssh://me@host:2222/", "ssh|-q|-T|-l|me|-p|2222|--|host");

  /* What a shell makes of it is one script, in which the path is one word. */
  g_assert_true (g_shell_parse_argv (remote, NULL, &words, NULL));
  g_assert_cmpuint (g_strv_length (words), ==, 3);
  g_assert_nonnull (
    strstr (words[2], "exec docker --host 'unix:///it'\\''s/here' system dial-stdio"));
  g_assert_nonnull (
    strstr (words[2], "exec podman --url 'unix:///it'\\''s/here' system dial-stdio"));
}

static void
test_refused (void)
{
  const char *texts[] = { "",
                          "nonsense",
                          "unix://x",
                          "ftp://host",
                          "tcp://",
                          "tcp://me@host",
                          "tcp://host/path",
                          "tcp://host:x",
                          "ssh://",
                          "ssh://me:pw@host",
                          "ssh://-oProxy=x",
                          "ssh://-l@host",
                          "ssh://h?q",
                          "tcp://host#fragment",
                          "tcp://[::1",
                          "https://[::1" };

  clear_environment ();
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (gproc_engine_new (texts[i], &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, texts[i]));
      /* What it begins with is right where a scheme is that is known. */
      g_assert_true ((strstr (error->message, "begins with none") == NULL) ==
                     (strstr (texts[i], "://") != NULL && !g_str_has_prefix (texts[i], "ftp")));
    }
}

static void
test_environment (void)
{
  g_autoptr (GProcEngine) docker = NULL;
  g_autoptr (GProcEngine) container = NULL;
  g_autoptr (GProcEngine) given = NULL;

  clear_environment ();
  g_setenv ("CONTAINER_HOST", "unix:///run/container", TRUE);
  container = gproc_engine_new (NULL, NULL);
  g_assert_cmpstr (gproc_engine_get_address (container), ==, "unix:///run/container");
  g_setenv ("DOCKER_HOST", "unix:///run/docker", TRUE);
  docker = gproc_engine_new (NULL, NULL);
  g_assert_cmpstr (gproc_engine_get_address (docker), ==, "unix:///run/docker");
  given = gproc_engine_new ("unix:///run/given", NULL);
  g_assert_cmpstr (gproc_engine_get_address (given), ==, "unix:///run/given");
  clear_environment ();
}

/* One of the user's own goes before those of the system. */
static void
test_default_sockets (void)
{
  const GProcScriptStep steps[] = { { "GET /_ping", GPROC_OK_JSON ("OK"), -1 } };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  const char *folder = g_get_user_runtime_dir ();
  g_autofree char *link = g_build_filename (folder, "docker.sock", NULL);
  g_autofree char *wanted = g_strconcat ("unix://", link, NULL);
  g_autofree char *podman = g_build_filename (folder, "podman", "podman.sock", NULL);
  g_autoptr (GProcEngine) engine = NULL;
  g_autoptr (GError) error = NULL;

  clear_environment ();
  if (g_file_test (podman, G_FILE_TEST_EXISTS) || g_file_test (link, G_FILE_TEST_EXISTS) ||
      g_mkdir_with_parents (folder, 0700) != 0 ||
      symlink (gproc_script_get_address (script) + strlen ("unix://"), link) != 0)
    {
      g_test_skip ("the runtime folder has an engine, or none can be put there");
      return;
    }

  engine = gproc_engine_new_connected (NULL, NULL, &error);
  unlink (link);
  g_assert_no_error (error);
  g_assert_cmpstr (gproc_engine_get_address (engine), ==, wanted);
}

static GProcEngine *
make_ssh_engine (const char * const *command)
{
  GProcEngine *engine = gproc_engine_new ("ssh://host", NULL);

  gproc_engine_set_ssh_command (engine, command);

  return engine;
}

static void
test_through_ssh (void)
{
  const GProcScriptStep steps[] = {
    { "GET /_ping", GPROC_OK_JSON ("OK"), -1 },
    { "POST /containers/web/exec", GPROC_OK_JSON ("{\"Id\": \"e1\"}"), -1 },
    { "POST /exec/e1/start", GPROC_UPGRADED, -1, GPROC_SCRIPT_ECHO },
    { "GET /exec/e1/json", GPROC_OK_JSON ("{\"Running\": false, \"ExitCode\": 7}"), -1 },
  };
  g_autoptr (GProcScript) script = GPROC_SCRIPT_NEW (steps);
  g_autofree char *program = gproc_test_program ("gproc-testprog");
  const char * const command[] = { program, "dial",
                                   gproc_script_get_address (script) + strlen ("unix://"), NULL };
  const char * const argv[] = { "cat", NULL };
  g_autoptr (GProcEngine) engine = make_ssh_engine (command);
  g_autoptr (GBytes) input = g_bytes_new_static ("in\n", 3);
  g_autoptr (GProcResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GProcStream *stream;

  g_assert_true (gproc_engine_ping (engine, NULL, &error));
  g_assert_no_error (error);
  stream = gproc_engine_exec (engine, "web", argv, NULL, NULL, &error);
  g_assert_no_error (error);
  result = gproc_stream_communicate (stream, input, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_result_get_stdout (result), "in\n");
  g_assert_cmpint (gproc_result_get_returncode (result), ==, 7);
  gproc_test_track (stream);
  g_clear_object (&stream);
  gproc_test_settle ();
}

/* The reason is what ssh says. */
static void
test_ssh_fails (void)
{
  const char * const silent[] = { "true", NULL };
  const char * const complains[] = { "sh", "-c", "echo nobody is at home >&2; exit 255", NULL };
  const char * const missing[] = { "/nowhere/ssh", NULL };
  const char * const hangs[] = { "sh", "-c", "exec sleep 1000", NULL };
  g_autoptr (GProcEngine) engine = make_ssh_engine (silent);
  g_autoptr (GError) error = NULL;

  g_assert_false (gproc_engine_ping (engine, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);

  gproc_engine_set_ssh_command (engine, complains);
  g_assert_false (gproc_engine_ping (engine, NULL, &error));
  g_assert_nonnull (strstr (error->message, "nobody is at home"));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);

  gproc_engine_set_ssh_command (engine, missing);
  g_assert_false (gproc_engine_ping (engine, NULL, &error));
  g_assert_nonnull (strstr (error->message, "/nowhere/ssh"));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);

  gproc_engine_set_ssh_command (engine, hangs);
  gproc_engine_set_timeout (engine, 50);
  g_assert_false (gproc_engine_ping (engine, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

int
main (int    argc,
      char **argv)
{
  gproc_test_init (&argc, &argv);

  gproc_test_add ("/gproc/engine-address/unix", test_unix);
  gproc_test_add ("/gproc/engine-address/tcp", test_tcp);
  gproc_test_add ("/gproc/engine-address/ssh", test_ssh);
  gproc_test_add ("/gproc/engine-address/refused", test_refused);
  gproc_test_add ("/gproc/engine-address/environment", test_environment);
  gproc_test_add ("/gproc/engine-address/default-sockets", test_default_sockets);
  gproc_test_add ("/gproc/engine-address/through-ssh", test_through_ssh);
  gproc_test_add ("/gproc/engine-address/ssh-fails", test_ssh_fails);

  return gproc_test_run ();
}
