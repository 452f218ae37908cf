/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-returncode-private.h"

#include <glib/gi18n-lib.h>
#include <signal.h>
#include <string.h>

#include "base/gproc-enums.h"
#include "base/gproc-error.h"

/* How much of what a failed process wrote to standard error goes into a message. */
#define STDERR_TAIL 4096

char *
_gproc_command_name (const char *command)
{
  return command != NULL ? g_filename_display_name (command)
                         : g_strdup (C_ ("in place of the name of a program", "the process"));
}

static char *
signal_name (int signum)
{
  static const struct
  {
    int signum;
    const char *name;
  } names[] = {
    { SIGHUP, "SIGHUP" },       { SIGINT, "SIGINT" },       { SIGQUIT, "SIGQUIT" },
    { SIGILL, "SIGILL" },       { SIGTRAP, "SIGTRAP" },     { SIGABRT, "SIGABRT" },
    { SIGBUS, "SIGBUS" },       { SIGFPE, "SIGFPE" },       { SIGKILL, "SIGKILL" },
    { SIGUSR1, "SIGUSR1" },     { SIGSEGV, "SIGSEGV" },     { SIGUSR2, "SIGUSR2" },
    { SIGPIPE, "SIGPIPE" },     { SIGALRM, "SIGALRM" },     { SIGTERM, "SIGTERM" },
    { SIGCHLD, "SIGCHLD" },     { SIGCONT, "SIGCONT" },     { SIGSTOP, "SIGSTOP" },
    { SIGTSTP, "SIGTSTP" },     { SIGTTIN, "SIGTTIN" },     { SIGTTOU, "SIGTTOU" },
    { SIGURG, "SIGURG" },       { SIGXCPU, "SIGXCPU" },     { SIGXFSZ, "SIGXFSZ" },
    { SIGPROF, "SIGPROF" },     { SIGVTALRM, "SIGVTALRM" }, { SIGWINCH, "SIGWINCH" },
    { SIGPOLL, "SIGPOLL" },     { SIGPWR, "SIGPWR" },       { SIGSYS, "SIGSYS" },
#ifdef SIGSTKFLT
    { SIGSTKFLT, "SIGSTKFLT" },
#endif
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (names[i].signum == signum)
        return g_strdup (names[i].name);
    }

  if (signum >= SIGRTMIN && signum <= SIGRTMAX)
    return g_strdup_printf ("SIGRTMIN+%d", signum - SIGRTMIN);

  return g_strdup_printf ("%d", signum);
}

/* The last lines of @bytes as text that can stand in a message; NULL if there are
 * none. */
static char *
tail_of (GBytes *bytes)
{
  const char *data;
  g_autofree char *text = NULL;
  gsize size;

  if (bytes == NULL || g_bytes_get_size (bytes) == 0)
    return NULL;

  data = g_bytes_get_data (bytes, &size);
  if (size > STDERR_TAIL)
    {
      data += size - STDERR_TAIL;
      size = STDERR_TAIL;
    }

  text = g_utf8_make_valid (data, (gssize) size);
  g_strchomp (text);

  return *text != '\0' ? g_steal_pointer (&text) : NULL;
}

gboolean
_gproc_check_returncode (int          returncode,
                         const char  *command,
                         GBytes      *stderr_bytes,
                         GError     **error)
{
  g_autofree char *tail = NULL;
  g_autofree char *name = NULL;
  g_autofree char *command_name = NULL;

  if (returncode == 0)
    return TRUE;

  command_name = _gproc_command_name (command);

  if (returncode == GPROC_RETURNCODE_NONE)
    {
      /* Translators: %s is the name of a program. */
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("How “%s” ended is unknown"),
                   command_name);
      return FALSE;
    }

  if (returncode > 0)
    {
      g_set_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_EXIT_STATUS,
                   _ ("“%s” ended with exit status %d"), command_name, returncode);
    }
  else
    {
      name = signal_name (-returncode);
      g_set_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_SIGNALED,
                   _ ("Signal %s ended “%s”"), name, command_name);
    }

  tail = tail_of (stderr_bytes);
  if (tail != NULL && error != NULL && *error != NULL)
    {
      g_autofree char *message = g_strdup_printf ("%s: %s", (*error)->message, tail);

      g_free ((*error)->message);
      (*error)->message = g_steal_pointer (&message);
    }

  return FALSE;
}
