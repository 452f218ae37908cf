/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine/gproc-address-private.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define PORT_PLAIN 2375
#define PORT_TLS 2376

void
_gproc_address_free (GProcAddress *self)
{
  g_free (self->text);
  g_free (self->path);
  g_free (self->host);
  g_free (self->user);
  g_free (self->cert_path);
  g_free (self);
}

static const char *
get_variable (const char *name)
{
  const char *value = g_getenv (name);

  return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Those of the user come first: an engine without rights is the one that was set up on
 * purpose. One that is there and closed to the user is better than none: the error says so. */
static char *
find_socket (void)
{
  const char *runtime = g_get_user_runtime_dir ();
  g_autofree char *user_podman = g_build_filename (runtime, "podman", "podman.sock", NULL);
  g_autofree char *user_docker = g_build_filename (runtime, "docker.sock", NULL);
  const char *paths[] = { user_podman, user_docker, "/run/podman/podman.sock",
                          "/var/run/docker.sock" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    if (g_access (paths[i], R_OK | W_OK) == 0)
      return g_strdup (paths[i]);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    if (g_file_test (paths[i], G_FILE_TEST_EXISTS))
      return g_strdup (paths[i]);

  return NULL;
}

/* The address that nobody gave. */
static char *
find_address (GError **error)
{
  const char *variable = get_variable ("DOCKER_HOST");
  g_autofree char *path = NULL;

  if (variable == NULL)
    variable = get_variable ("CONTAINER_HOST");
  if (variable != NULL)
    return g_strdup (variable);

  path = find_socket ();
  if (path != NULL)
    return g_strconcat ("unix://", path, NULL);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                       _ ("No container engine was found: there is none of its usual sockets, and "
                          "neither DOCKER_HOST nor CONTAINER_HOST is set"));
  return NULL;
}

static gboolean
refuse (const GProcAddress  *self,
        const char          *reason,
        GError             **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("“%s” is no address of a container engine: %s"), self->text, reason);

  return FALSE;
}

static gboolean
parse_unix (GProcAddress  *self,
            const char    *path,
            GError       **error)
{
  self->kind = GPROC_ADDRESS_UNIX;
  self->path = g_uri_unescape_string (path, NULL);

  if (self->path == NULL || !g_path_is_absolute (self->path))
    return refuse (self, _ ("the path of a socket begins with a slash"), error);

  return TRUE;
}

static void
set_tls (GProcAddress *self,
         gboolean      required)
{
  const char *cert_path = get_variable ("DOCKER_CERT_PATH");

  self->tls_verify = required || get_variable ("DOCKER_TLS_VERIFY") != NULL;
  self->tls = self->tls_verify || get_variable ("DOCKER_TLS") != NULL;
  self->cert_path = cert_path != NULL ? g_strdup (cert_path)
                                      : g_build_filename (g_get_home_dir (), ".docker", NULL);
}

static gboolean
parse_host (GProcAddress  *self,
            GUri          *uri,
            GError       **error)
{
  const char *host = g_uri_get_host (uri);

  /* One that begins with a dash would be an option to ssh. */
  if (host == NULL || host[0] == '\0' || host[0] == '-')
    return refuse (self, _ ("there is no name of a host"), error);
  if (g_uri_get_password (uri) != NULL)
    return refuse (self, _ ("a password has no place in it"), error);
  if (g_uri_get_query (uri) != NULL || g_uri_get_fragment (uri) != NULL)
    return refuse (self, _ ("there is something behind it"), error);

  self->host = g_strdup (host);
  self->port = g_uri_get_port (uri) > 0 ? (guint16) g_uri_get_port (uri) : 0;

  return TRUE;
}

static gboolean
parse_tcp (GProcAddress  *self,
           GUri          *uri,
           gboolean       https,
           GError       **error)
{
  const char *path = g_uri_get_path (uri);

  self->kind = GPROC_ADDRESS_TCP;
  if (!parse_host (self, uri, error))
    return FALSE;
  if (g_uri_get_user (uri) != NULL)
    return refuse (self, _ ("only ssh has users"), error);
  if (path[0] != '\0' && !g_str_equal (path, "/"))
    return refuse (self, _ ("there is something behind it"), error);

  set_tls (self, https);
  if (self->port == 0)
    self->port = self->tls ? PORT_TLS : PORT_PLAIN;

  return TRUE;
}

static gboolean
parse_ssh (GProcAddress  *self,
           GUri          *uri,
           GError       **error)
{
  const char *path = g_uri_get_path (uri);
  const char *user = g_uri_get_user (uri);

  self->kind = GPROC_ADDRESS_SSH;
  if (!parse_host (self, uri, error))
    return FALSE;
  if (user != NULL && user[0] == '-')
    return refuse (self, _ ("no user has such a name"), error);

  self->user = user != NULL && user[0] != '\0' ? g_strdup (user) : NULL;
  self->path = path[0] != '\0' && !g_str_equal (path, "/") ? g_strdup (path) : NULL;

  return TRUE;
}

static const char * const schemes[] = { "tcp", "http", "https", "ssh", NULL };

static gboolean
parse (GProcAddress  *self,
       GError       **error)
{
  const char *scheme = g_uri_peek_scheme (self->text);
  g_autoptr (GError) unparsed = NULL;
  g_autoptr (GUri) uri = NULL;

  if (g_str_has_prefix (self->text, "unix://"))
    return parse_unix (self, self->text + strlen ("unix://"), error);
  if (self->text[0] == '/')
    return parse_unix (self, self->text, error);

  if (scheme == NULL || !g_strv_contains (schemes, scheme))
    return refuse (self, _ ("it begins with none of unix://, tcp://, http://, https:// and ssh://"),
                   error);
  uri = g_uri_parse (self->text, G_URI_FLAGS_HAS_PASSWORD, &unparsed);
  if (uri == NULL)
    return refuse (self, unparsed->message, error);

  return g_str_equal (scheme, "ssh") ? parse_ssh (self, uri, error)
                                     : parse_tcp (self, uri, g_str_equal (scheme, "https"), error);
}

GProcAddress *
_gproc_address_parse (const char  *text,
                      GError     **error)
{
  g_autoptr (GProcAddress) self = g_new0 (GProcAddress, 1);

  self->text = text != NULL ? g_strdup (text) : find_address (error);
  if (self->text == NULL || !parse (self, error))
    return NULL;

  return g_steal_pointer (&self);
}

/* What the shell of the other host runs: whichever of the two is there carries its standard
 * input and output to the engine. A login shell need not be that of POSIX. */
static char *
get_remote_command (const GProcAddress *self)
{
  g_autofree char *url = self->path != NULL ? g_strconcat ("unix://", self->path, NULL) : NULL;
  g_autofree char *quoted = url != NULL ? g_shell_quote (url) : NULL;
  g_autofree char *script = NULL;
  g_autofree char *argument = NULL;

  script = g_strdup_printf ("if command -v docker >/dev/null 2>&1; "
                            "then exec docker %s%s system dial-stdio; "
                            "else exec podman %s%s system dial-stdio; fi",
                            quoted != NULL ? "--host " : "", quoted != NULL ? quoted : "",
                            quoted != NULL ? "--url " : "", quoted != NULL ? quoted : "");
  argument = g_shell_quote (script);

  return g_strconcat ("sh -c ", argument, NULL);
}

char **
_gproc_address_get_ssh_argv (const GProcAddress *self,
                             const char * const *command)
{
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  g_autofree char *remote = get_remote_command (self);

  g_strv_builder_addv (argv, (const char **) command);
  g_strv_builder_add (argv, "-T");
  if (self->user != NULL)
    g_strv_builder_add_many (argv, "-l", self->user, NULL);
  if (self->port != 0)
    {
      g_autofree char *port = g_strdup_printf ("%u", self->port);

      g_strv_builder_add_many (argv, "-p", port, NULL);
    }
  g_strv_builder_add_many (argv, "--", self->host, remote, NULL);

  return g_strv_builder_end (argv);
}
