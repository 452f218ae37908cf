/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/gproc-tool-private.h"

#include <glib/gi18n-lib.h>

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct
{
  const char *name;
  int (*function) (GStrv *arguments);
} Command;

static const Command commands[] = {
  { "run", gproc_tool_run },
  { "pipe", gproc_tool_pipe },
  { "serve", gproc_tool_serve },
#ifdef TOOL_HAS_ENGINE
  { "exec", gproc_tool_exec },
#endif
};

/* Says what went wrong, on standard error. */
void
gproc_tool_complain (const char *format,
                     ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  g_printerr ("gproc: %s\n", message);
}

/* Takes what @entries describe out of @arguments. FALSE if that went wrong, which was said. */
gboolean
gproc_tool_parse (GStrv              *arguments,
                  const char         *usage,
                  const char         *summary,
                  const GOptionEntry *entries)
{
  g_autoptr (GOptionContext) context = g_option_context_new (usage);
  g_autoptr (GError) error = NULL;

  /* The options of the programs that are named are theirs. */
  g_option_context_set_strict_posix (context, TRUE);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_set_summary (context, summary);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);

  if (g_option_context_parse_strv (context, arguments, &error))
    return TRUE;

  gproc_tool_complain ("%s", error->message);
  return FALSE;
}

/* What an option says in seconds. FALSE if it is no time, which was said. */
gboolean
gproc_tool_seconds_to_ms (double      seconds,
                          const char *option,
                          guint      *milliseconds)
{
  if (!(seconds >= 0 && seconds <= G_MAXINT / 1000))
    {
      /* Translators: %s is an option such as --timeout. */
      gproc_tool_complain (_ ("What %s says is no number of seconds"), option);
      return FALSE;
    }

  /* Something that is above nothing stays so. */
  *milliseconds = (guint) (seconds * 1000);
  if (*milliseconds == 0 && seconds > 0)
    *milliseconds = 1;

  return TRUE;
}

/* What a shell ends with where a program could not be started. */
int
gproc_tool_spawn_status (const GError *error)
{
  /* An empty name is one that no program has. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT))
    return TOOL_STATUS_NOT_FOUND;

  /* Here it is not the program that is to blame. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return TOOL_STATUS_FAILED;

  return TOOL_STATUS_CANNOT_RUN;
}

/* What a shell ends with after a program that ended so. Where a shell would die of a signal
 * this does not return: that is one that was sent to both and that the program died of. With
 * @owns_keyboard what the keys send reaches only the program. */
int
gproc_tool_end_status (const char *command,
                       int         returncode,
                       gboolean    owns_keyboard)
{
  g_autofree char *name = g_filename_display_name (command);
  int signum = -returncode;

  if (returncode == GPROC_RETURNCODE_NONE)
    {
      gproc_tool_complain (_ ("Nobody can know how “%s” ended"), name);
      return TOOL_STATUS_FAILED;
    }
  if (returncode >= 0)
    return returncode;

  if (gproc_tool_signals_had (signum) || (owns_keyboard && (signum == SIGINT || signum == SIGQUIT)))
    gproc_tool_signals_die (signum);

  /* Nobody else says it, for this process will not be killed. */
  if (signum != SIGINT && signum != SIGPIPE)
    /* Translators: a program, and what the system calls the signal that killed it. */
    gproc_tool_complain (_ ("“%s”: %s"), name, g_strsignal (signum));

  return 128 + signum;
}

static void
print_help (void)
{
  g_print (_ ("Usage:\n"
              "  gproc run [OPTION…] [--] COMMAND [ARGUMENT…]\n"
              "  gproc pipe [OPTION…] [--] COMMAND [ARGUMENT…] :: COMMAND [ARGUMENT…]…\n"
              "  gproc serve --listen=ADDRESS [OPTION…] [--] COMMAND [ARGUMENT…]\n"
              "  gproc exec [OPTION…] CONTAINER [--] COMMAND [ARGUMENT…]\n"
              "\n"
              "Commands:\n"
              "  run    run a program, and end as it ends\n"
              "  pipe   join programs by pipes, and show how much passes\n"
              "  serve  give each connection a process of its own\n"
              "  exec   run a program in a container, if gproc was built for it\n"
              "\n"
              "See “gproc COMMAND --help”, and gproc(1).\n"));
}

int
main (int   argc,
      char *argv[])
{
  g_auto (GStrv) arguments = NULL;
  const char *name = argc > 1 ? argv[1] : "";

  setlocale (LC_ALL, "");
  /* Who has started this may ignore it, and then nobody could know how a program ended. */
  signal (SIGCHLD, SIG_DFL);

  if (g_str_equal (name, "--help") || g_str_equal (name, "-h") || g_str_equal (name, "help"))
    {
      print_help ();
      return EXIT_SUCCESS;
    }
  if (g_str_equal (name, "--version"))
    {
      g_print ("gproc %s\n", PACKAGE_VERSION);
      return EXIT_SUCCESS;
    }

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (g_str_equal (name, commands[i].name))
        {
          g_autofree char *program = g_strdup_printf ("gproc %s", name);

          /* So that the usage is right. */
          g_set_prgname (program);
          arguments = g_strdupv (argv + 1);
          return commands[i].function (&arguments);
        }
    }

  if (*name == '\0')
    gproc_tool_complain (_ ("No command was given: see “gproc --help”"));
  else
    gproc_tool_complain (_ ("There is no command “%s”: see “gproc --help”"), name);

  return TOOL_STATUS_FAILED;
}
