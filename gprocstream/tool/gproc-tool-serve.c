/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/gproc-tool-private.h"

#include <glib-unix.h>
#include <glib/gi18n-lib.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* How many connections the system is asked to hold until they are taken, as far as it will. */
#define BACKLOG 4096
/* What the service needs for itself, and what a client needs: its socket, two pipes, the
 * process, and while that is started both ends of the pipes. */
#define OWN_DESCRIPTORS 32
#define DESCRIPTORS_EACH 8

typedef struct
{
  GMainLoop *loop;
  GSocketService *service;
  GProcLauncher *launcher;
  GStrv argv;
  GHashTable *clients; /* Of GProcToolClient, not owned: they say when they are over. */
  guint max;
  guint grace_ms;
  guint timer;
  gboolean stopping;
} Serve;

static void
client_over (GProcToolClient *client,
             gpointer         user_data)
{
  Serve *self = user_data;

  g_hash_table_remove (self->clients, client);
  if (self->stopping && g_hash_table_size (self->clients) == 0)
    g_main_loop_quit (self->loop);
  else if (!self->stopping && g_hash_table_size (self->clients) == self->max - 1)
    g_socket_service_start (self->service);
}

static gboolean
incoming (GSocketService    *service,
          GSocketConnection *connection,
          GObject           *source,
          gpointer           user_data)
{
  Serve *self = user_data;
  g_autoptr (GError) error = NULL;
  GProcToolClient *client;

  client = gproc_tool_client_new (self->launcher, (const char * const *) self->argv, connection,
                                  self->grace_ms, client_over, self, &error);
  if (client == NULL)
    {
      gproc_tool_complain ("%s", error->message);
      return TRUE;
    }

  g_hash_table_add (self->clients, client);
  /* Others wait where the system keeps them. */
  if (g_hash_table_size (self->clients) == self->max)
    g_socket_service_stop (service);

  return TRUE;
}

static void
stop_clients (Serve *self,
              guint  grace_ms)
{
  GList *clients = g_hash_table_get_keys (self->clients);

  for (GList *l = clients; l != NULL; l = l->next)
    gproc_tool_client_stop (l->data, grace_ms);
  g_list_free (clients);
}

static gboolean
grace_is_over (gpointer user_data)
{
  Serve *self = user_data;

  self->timer = 0;
  stop_clients (self, self->grace_ms);

  return G_SOURCE_REMOVE;
}

/* The first time nobody new is served, and who is has a while. The second time that is over. */
static gboolean
asked_to_end (gpointer user_data)
{
  Serve *self = user_data;

  if (self->stopping)
    {
      g_clear_handle_id (&self->timer, g_source_remove);
      stop_clients (self, 0);
      return G_SOURCE_CONTINUE;
    }

  self->stopping = TRUE;
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  if (g_hash_table_size (self->clients) == 0)
    g_main_loop_quit (self->loop);
  else
    self->timer = g_timeout_add (self->grace_ms, grace_is_over, self);

  return G_SOURCE_CONTINUE;
}

/* More than there are descriptors for cannot be served, and would be taken for nothing. The
 * processes have the limit that this one was started with. */
static guint
limit_clients (int max)
{
  struct rlimit limit;
  guint possible;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return max > 0 ? (guint) max : G_MAXINT;

  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  getrlimit (RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < OWN_DESCRIPTORS + DESCRIPTORS_EACH)
    possible = 1;
  else
    possible = (guint) MIN ((limit.rlim_cur - OWN_DESCRIPTORS) / DESCRIPTORS_EACH, G_MAXINT);

  return max > 0 ? MIN ((guint) max, possible) : possible;
}

static int
serve (Serve      *self,
       const char *listen)
{
  static const int ending[] = { SIGTERM, SIGINT, SIGHUP };
  g_autoptr (GError) error = NULL;
  g_autofree char *shown = NULL;
  GProcToolAddress *address;

  self->service = g_socket_service_new ();
  g_socket_listener_set_backlog (G_SOCKET_LISTENER (self->service), BACKLOG);
  g_signal_connect (self->service, "incoming", G_CALLBACK (incoming), self);

  address = gproc_tool_address_listen (listen, G_SOCKET_LISTENER (self->service), &error);
  if (address == NULL)
    {
      gproc_tool_complain ("%s", error->message);
      return TOOL_STATUS_FAILED;
    }

  for (guint i = 0; i < G_N_ELEMENTS (ending); i++)
    {
      if (!gproc_tool_signals_is_ignored (ending[i]))
        g_unix_signal_add (ending[i], asked_to_end, self);
    }

  /* Who has started it may read this to know that it listens, and where. */
  shown = gproc_tool_address_to_string (address);
  g_print ("%s\n", shown);
  fflush (stdout);

  g_main_loop_run (self->loop);

  gproc_tool_address_free (address);

  return EXIT_SUCCESS;
}

static int
serve_checked (Serve      *self,
               const char *listen,
               int         max)
{
  g_autofree char *program = NULL;
  int status;

  /* Every client would be told in vain. */
  program = g_find_program_in_path (self->argv[0]);
  if (program == NULL)
    {
      g_autofree char *name = g_filename_display_name (self->argv[0]);

      if (strchr (self->argv[0], '/') != NULL && g_file_test (self->argv[0], G_FILE_TEST_EXISTS))
        {
          gproc_tool_complain (_ ("“%s” is no program"), name);
          return TOOL_STATUS_CANNOT_RUN;
        }
      gproc_tool_complain (_ ("There is no program “%s”"), name);
      return TOOL_STATUS_NOT_FOUND;
    }

  self->max = limit_clients (max);
  self->loop = g_main_loop_new (NULL, FALSE);
  self->launcher = gproc_launcher_new ();
  self->clients = g_hash_table_new (NULL, NULL);

  status = serve (self, listen);

  g_clear_object (&self->service);
  g_clear_object (&self->launcher);
  g_clear_pointer (&self->clients, g_hash_table_unref);
  g_clear_pointer (&self->loop, g_main_loop_unref);

  return status;
}

int
gproc_tool_serve (GStrv *arguments)
{
  g_auto (GStrv) argv = NULL;
  g_autofree char *listen = NULL;
  int max = 0;
  double grace = 5;
  const GOptionEntry entries[] = {
    { "listen", 'l', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &listen,
      N_ ("Where to listen: unix:PATH or tcp:ADDRESS:PORT"), N_ ("ADDRESS") },
    { "max", 'm', G_OPTION_FLAG_NONE, G_OPTION_ARG_INT, &max,
      N_ ("Serve so many at once; others wait"), N_ ("NUMBER") },
    { "grace", 'g', G_OPTION_FLAG_NONE, G_OPTION_ARG_DOUBLE, &grace,
      N_ ("How long a program has to end by itself, by default 5"), N_ ("SECONDS") },
    { G_OPTION_REMAINING, 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME_ARRAY, &argv, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  Serve self = { 0 };

  if (!gproc_tool_parse (arguments, _ ("--listen=ADDRESS [--] COMMAND [ARGUMENT…]"),
                         _ ("Gives each connection a process of its own."), entries) ||
      !gproc_tool_seconds_to_ms (grace, "--grace", &self.grace_ms))
    return TOOL_STATUS_FAILED;

  if (listen == NULL)
    gproc_tool_complain (_ ("Where to listen is not said: --listen"));
  else if (argv == NULL)
    gproc_tool_complain (_ ("There is no program to run"));
  else if (max < 0)
    gproc_tool_complain (_ ("No less than one client can be served"));
  else
    {
      self.argv = argv;
      return serve_checked (&self, listen, max);
    }

  return TOOL_STATUS_FAILED;
}
