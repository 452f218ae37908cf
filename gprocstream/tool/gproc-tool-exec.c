/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/gproc-tool-private.h"

#include <glib/gi18n-lib.h>
#include <gprocstream/gprocstream-engine.h>

typedef struct
{
  char *host;
  gboolean pty;
  char **variables;
  char *folder;
  char *user;
  char **words; /* The container, then the command. */
} Options;

static void
options_clear (Options *options)
{
  g_free (options->host);
  g_strfreev (options->variables);
  g_free (options->folder);
  g_free (options->user);
  g_strfreev (options->words);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
parse_id (const char *text,
          gint64     *id)
{
  guint64 value;

  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32 - 1, &value, NULL))
    return FALSE;
  *id = (gint64) value;

  return TRUE;
}

/* UID or UID:GID. */
static gboolean
set_user (GProcLauncher *launcher,
          const char    *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ":", 2);
  gint64 user;
  gint64 group = -1;

  if (parts[0] == NULL || !parse_id (parts[0], &user) ||
      (parts[1] != NULL && !parse_id (parts[1], &group)))
    {
      gproc_tool_complain (
        _ ("“%s” is neither the number of a user nor those of a user and a group"), text);
      return FALSE;
    }

  gproc_launcher_set_user (launcher, user);
  gproc_launcher_set_group (launcher, group);

  return TRUE;
}

/* Without a value it is the one of the environment. */
static gboolean
set_variable (GProcLauncher *launcher,
              const char    *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "=", 2);
  const char *value;

  if (parts[0] == NULL || *parts[0] == '\0')
    {
      gproc_tool_complain (_ ("“%s” is no variable of an environment"), text);
      return FALSE;
    }

  value = parts[1] != NULL ? parts[1] : g_getenv (parts[0]);
  if (value != NULL)
    gproc_launcher_setenv (launcher, parts[0], value, TRUE);

  return TRUE;
}

static gboolean
set_options (GProcLauncher *launcher,
             GProcTerminal *terminal,
             const Options *options)
{
  guint rows, columns;

  for (guint i = 0; options->variables != NULL && options->variables[i] != NULL; i++)
    if (!set_variable (launcher, options->variables[i]))
      return FALSE;
  if (options->user != NULL && !set_user (launcher, options->user))
    return FALSE;
  if (options->folder != NULL)
    gproc_launcher_set_cwd (launcher, options->folder);

  if (options->pty)
    {
      gproc_terminal_set_handle_signals (terminal, TRUE);
      gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_PTY);
      gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_PTY);
      gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_PTY);
      if (gproc_terminal_get_size (terminal, &rows, &columns))
        gproc_launcher_set_pty_size (launcher, rows, columns);
    }

  return TRUE;
}

static void
store_result (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  GAsyncResult **stored = user_data;

  *stored = g_object_ref (result);
}

/* Joins the command to the terminal, or to what stands in its place, until it is over. */
static int
attach (GProcTerminal  *terminal,
        GProcStream    *stream,
        GError        **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  gproc_terminal_attach_async (terminal, stream, G_PRIORITY_DEFAULT, NULL, store_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);

  return gproc_terminal_attach_finish (terminal, result, error);
}

static int
exec (const Options      *options,
      const char * const *argv)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GProcTerminal) terminal = gproc_terminal_new ();
  g_autoptr (GProcEngine) engine = NULL;
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  int returncode = GPROC_RETURNCODE_NONE;

  if (!set_options (launcher, terminal, options))
    return TOOL_STATUS_FAILED;

  engine = gproc_engine_new (options->host, &error);
  if (engine != NULL)
    stream = gproc_engine_exec (engine, options->words[0], argv, launcher, NULL, &error);
  if (stream != NULL)
    returncode = attach (terminal, stream, &error);

  if (error == NULL)
    return gproc_tool_end_status (argv[0], returncode, FALSE);
  gproc_tool_complain ("%s", error->message);

  return TOOL_STATUS_FAILED;
}

int
gproc_tool_exec (GStrv *arguments)
{
  g_auto (Options) options = { NULL };
  const GOptionEntry entries[] = {
    { "host", 'H', G_OPTION_FLAG_NONE, G_OPTION_ARG_STRING, &options.host,
      N_ ("The container engine, in place of DOCKER_HOST or CONTAINER_HOST"), N_ ("ADDRESS") },
    { "pty", 'p', G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &options.pty,
      N_ ("Give the program a terminal of its own"), NULL },
    { "env", 'e', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME_ARRAY, &options.variables,
      N_ ("Set a variable of its environment"), N_ ("NAME=VALUE") },
    { "workdir", 'w', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &options.folder,
      N_ ("Run it in this folder of the container"), N_ ("FOLDER") },
    { "user", 'u', G_OPTION_FLAG_NONE, G_OPTION_ARG_STRING, &options.user,
      N_ ("Run it as this user"), N_ ("UID[:GID]") },
    { G_OPTION_REMAINING, 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME_ARRAY, &options.words, NULL,
      NULL },
    G_OPTION_ENTRY_NULL
  };
  char **command;

  if (!gproc_tool_parse (arguments, _ ("CONTAINER [--] COMMAND [ARGUMENT…]"),
                         _ ("Runs a program in a container, and ends as it ends."), entries))
    return TOOL_STATUS_FAILED;
  if (options.words == NULL || *options.words[0] == '\0')
    {
      gproc_tool_complain (_ ("There is no container to run a program in"));
      return TOOL_STATUS_FAILED;
    }

  command = options.words + 1;
  if (g_strcmp0 (command[0], "--") == 0)
    command++;
  if (command[0] == NULL)
    {
      gproc_tool_complain (_ ("There is no program to run"));
      return TOOL_STATUS_FAILED;
    }

  return exec (&options, (const char * const *) command);
}
