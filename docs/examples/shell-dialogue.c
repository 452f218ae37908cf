/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Holds a dialogue with a shell on a terminal, as a person would: waits until it is ready, types a
 * command, answers “yes” where something asks (y/n), presses Ctrl+C where it takes too long, and
 * looks how it ended.
 *
 * usage: shell-dialogue SECONDS COMMAND…
 *
 * Build it with:
 *   cc shell-dialogue.c -o shell-dialogue $(pkg-config --cflags --libs gprocstream-1) */

#include <gprocstream/gprocstream.h>
#include <locale.h>
#include <stdlib.h>

enum
{
  READY,
  QUESTION,
  N_PATTERNS
};

static GProcStream *
start_shell (GError **error)
{
  const char * const argv[] = { "bash", "--norc", "--noprofile", "--noediting", "-i", NULL };
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();

  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_PTY);
  /* What is typed need not come back. */
  gproc_launcher_set_pty_echo (launcher, FALSE);
  gproc_launcher_setenv (launcher, "PS1", "[ready $?] ", TRUE);
  gproc_launcher_unsetenv (launcher, "PROMPT_COMMAND");

  return gproc_launcher_spawn (launcher, argv, error);
}

static char *
text_of (GBytes *bytes)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  return g_utf8_make_valid (data, (gssize) size);
}

static void
show (GBytes *output)
{
  g_autofree char *text = text_of (output);
  g_auto (GStrv) lines = g_strsplit (g_strchomp (text), "\n", -1);

  for (guint i = 0; lines[i] != NULL && *text != '\0'; i++)
    g_print ("  %s\n", g_strchomp (lines[i]));
}

/* Waits until the shell is ready, and gives the status of the command before; −1 on error. */
static int
wait_until_ready (GProcStream  *shell,
                  GRegex      **patterns,
                  int           timeout_ms,
                  GError      **error)
{
  GProcReader *output = gproc_stream_get_stdout (shell);
  GProcWriter *input = gproc_stream_get_stdin (shell);
  gboolean interrupted = FALSE;

  while (TRUE)
    {
      g_autoptr (GError) local_error = NULL;
      g_autoptr (GProcMatch) match = NULL;
      g_autofree char *status = NULL;

      match = gproc_reader_expect (output, patterns, N_PATTERNS, timeout_ms, NULL, &local_error);
      if (match == NULL)
        {
          /* What has come so far is still there, and is a part of the next match. */
          if (!interrupted && g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
            {
              interrupted = TRUE;
              if (gproc_writer_queue (input, "\003", -1, error))
                continue;
              return -1;
            }
          g_propagate_error (error, g_steal_pointer (&local_error));
          return -1;
        }

      show (gproc_match_get_before (match));
      if (gproc_match_get_index (match) == QUESTION)
        {
          g_print ("  (y/n) yes\n");
          if (!gproc_writer_queue (input, "y\n", -1, error))
            return -1;
          continue;
        }

      status = text_of (gproc_match_get_group (match, 1));
      return atoi (status);
    }
}

static gboolean
talk (GProcStream         *shell,
      int                  timeout_ms,
      const char * const  *commands,
      GError             **error)
{
  g_autoptr (GRegex) ready = g_regex_new ("\\[ready (\\d+)\\] ", 0, 0, NULL);
  g_autoptr (GRegex) question = g_regex_new ("\\(y/n\\) ", G_REGEX_CASELESS, 0, NULL);
  GRegex *patterns[] = { ready, question };
  int status = wait_until_ready (shell, patterns, timeout_ms, error);

  for (guint i = 0; status >= 0 && commands[i] != NULL; i++)
    {
      GProcWriter *input = gproc_stream_get_stdin (shell);

      g_print ("$ %s\n", commands[i]);
      if (!gproc_writer_queue (input, commands[i], -1, error) ||
          !gproc_writer_queue (input, "\n", -1, error))
        return FALSE;

      status = wait_until_ready (shell, patterns, timeout_ms, error);
      if (status >= 0)
        g_print ("  status %d\n", status);
    }

  return status >= 0 && gproc_writer_queue (gproc_stream_get_stdin (shell), "exit 0\n", -1, error);
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr (GProcStream) shell = NULL;
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  if (argc < 3)
    {
      g_printerr ("usage: shell-dialogue SECONDS COMMAND…\n");
      return EXIT_FAILURE;
    }

  shell = start_shell (&error);
  if (shell != NULL && talk (shell, atoi (argv[1]) * 1000, (const char * const *) argv + 2, &error))
    g_print ("bash exited with %d\n", gproc_stream_wait (shell, NULL, &error));

  /* With the last reference the terminal goes away, and the shell is told. */
  if (error == NULL)
    return EXIT_SUCCESS;

  g_printerr ("shell-dialogue: %s\n", error->message);
  return EXIT_FAILURE;
}
