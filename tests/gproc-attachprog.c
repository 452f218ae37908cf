/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Attaches a process to the terminal it was started on, for the tests of what signals do to that:
 *
 *   gproc-attachprog [--signals] [--keys KEYS] [--input] COMMAND [ARGUMENT…]
 *
 * says "attached PID" before, and at its end "[returncode N]", "[detached]" or "[error TEXT]". With
 * --input the input of the process is a pipe, and no terminal. On SIGUSR1 it exits with 5, in the
 * middle of what it does. */

#include "config.h"

#include <gprocstream/gprocstream.h>

#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
attached (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  GProcTerminal *terminal = GPROC_TERMINAL (source);
  g_autoptr (GError) error = NULL;
  int returncode = gproc_terminal_attach_finish (terminal, result, &error);

  if (error != NULL)
    g_print ("[error %s]\n", error->message);
  else if (gproc_terminal_get_detached (terminal))
    g_print ("[detached]\n");
  else
    g_print ("[returncode %d]\n", returncode);

  g_main_loop_quit (user_data);
}

static gboolean
leave (gpointer user_data)
{
  exit (5);

  return G_SOURCE_REMOVE;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GProcTerminal) terminal = gproc_terminal_new ();
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  guint rows, columns;
  int i;

  g_unix_signal_add (SIGUSR1, leave, NULL);
  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_PTY);

  for (i = 1; i < argc && argv[i][0] == '-'; i++)
    {
      if (g_str_equal (argv[i], "--signals"))
        gproc_terminal_set_handle_signals (terminal, TRUE);
      else if (g_str_equal (argv[i], "--input"))
        gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_PIPE);
      else if (g_str_equal (argv[i], "--keys") &&
               gproc_terminal_set_detach_keys (terminal, argv[++i], &error))
        continue;
      else
        g_error ("%s: %s", argv[i], error != NULL ? error->message : "unknown");
    }

  if (gproc_terminal_get_size (terminal, &rows, &columns))
    gproc_launcher_set_pty_size (launcher, rows, columns);
  stream = gproc_launcher_spawn (launcher, (const char * const *) argv + i, &error);
  if (stream == NULL)
    g_error ("%s", error->message);

  g_print ("attached %d\n", (int) getpid ());
  gproc_terminal_attach_async (terminal, stream, G_PRIORITY_DEFAULT, NULL, attached, loop);
  g_main_loop_run (loop);

  return 0;
}
