/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/gproc-tool-private.h"

#include <glib/gi18n-lib.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* How long a process has to end after SIGTERM when its time is over. */
#define STOP_GRACE_MS 5000
/* Of a terminal that nobody looks at. */
#define DEFAULT_ROWS 24
#define DEFAULT_COLUMNS 80

typedef struct
{
  GMainLoop *loop;
  GProcStream *process;
  GProcTerminal *terminal; /* The user's, where the program has one of its own. */
  GProcToolRecord *record; /* NULL: none is wanted. */
  gboolean leads_group;
  int returncode;
  GError *error;
} Run;

static gboolean
has_terminal (void)
{
  int fd = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

  if (fd < 0)
    return FALSE;

  close (fd);
  return TRUE;
}

/* What a terminal sends goes to all of its foreground group, so the process has it already. */
static void
pass_on (int      signum,
         gboolean to_group,
         gpointer user_data)
{
  Run *run = user_data;

  if (run->leads_group)
    gproc_stream_send_signal_group (run->process, signum, NULL);
  else if (!to_group)
    gproc_stream_send_signal (run->process, signum, NULL);
}

static void
ended (GObject      *source,
       GAsyncResult *result,
       gpointer      user_data)
{
  Run *run = user_data;

  run->returncode = gproc_stream_wait_finish (run->process, result, &run->error);
  g_main_loop_quit (run->loop);
}

static void
attachment_over (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  Run *run = user_data;

  run->returncode = gproc_terminal_attach_finish (run->terminal, result, &run->error);
  g_main_loop_quit (run->loop);
}

/* The program is in a session of its own, and at the other side of its terminal stands the
 * user's. FALSE if what is shown cannot be recorded at @record (nullable), which was said. */
static gboolean
give_terminal (Run           *run,
               GProcLauncher *launcher,
               const char    *record)
{
  guint rows, columns;

  run->terminal = gproc_terminal_new ();
  run->leads_group = TRUE;
  gproc_terminal_set_handle_signals (run->terminal, TRUE);
  if (!gproc_terminal_get_size (run->terminal, &rows, &columns))
    {
      rows = DEFAULT_ROWS;
      columns = DEFAULT_COLUMNS;
    }
  gproc_launcher_set_pty_size (launcher, rows, columns);
  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_PTY);

  if (record != NULL)
    run->record = gproc_tool_record_new (record, rows, columns);

  return record == NULL || run->record != NULL;
}

/* A program that is to read the terminal, and to be stopped with it, has to be in the group that
 * a shell has made. Without a terminal it is better to end all that it has started. */
static void
share_streams (Run           *run,
               GProcLauncher *launcher)
{
  run->leads_group = gproc_launcher_get_timeout (launcher) > 0 && !has_terminal ();
  gproc_launcher_set_process_group (launcher, run->leads_group);
  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_INHERIT);
  gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_INHERIT);
}

static void
wait_for_end (Run *run)
{
  guint watch = gproc_tool_signals_watch (pass_on, run);

  if (run->terminal != NULL)
    gproc_terminal_attach_async (run->terminal, run->process, G_PRIORITY_DEFAULT, NULL,
                                 attachment_over, run);
  else
    gproc_stream_wait_async (run->process, G_PRIORITY_DEFAULT, NULL, ended, run);
  g_main_loop_run (run->loop);

  if (watch != 0)
    g_source_remove (watch);
}

/* FALSE if there is to be a recording, and it is not whole. */
static gboolean
end_record (Run *run)
{
  if (run->record == NULL)
    return TRUE;

  /* The program is over, and so is what signals could be passed on to. */
  gproc_tool_signals_unblock ();

  return gproc_tool_record_finish (g_steal_pointer (&run->record),
                                   gproc_stream_get_returncode (run->process));
}

static int
run_process (Run                *run,
             GProcLauncher      *launcher,
             const char * const *argv)
{
  g_autoptr (GError) error = NULL;
  gboolean recorded;
  int status;

  gproc_tool_signals_block ();
  run->process = gproc_launcher_spawn (launcher, argv, &error);
  if (run->process == NULL)
    {
      gproc_tool_complain ("%s", error->message);
      return gproc_tool_spawn_status (error);
    }
  if (run->record != NULL && !gproc_tool_record_attach (run->record, run->process))
    return TOOL_STATUS_FAILED;

  wait_for_end (run);
  recorded = end_record (run);

  if (run->error != NULL)
    {
      gproc_tool_complain ("%s", run->error->message);
      return g_error_matches (run->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ? TOOL_STATUS_TIMED_OUT
                                                                            : TOOL_STATUS_FAILED;
    }

  status = gproc_tool_end_status (argv[0], run->returncode, run->terminal != NULL);

  return status == EXIT_SUCCESS && !recorded ? TOOL_STATUS_FAILED : status;
}

static void
run_clear (Run *run)
{
  if (run->record != NULL)
    gproc_tool_record_finish (g_steal_pointer (&run->record), GPROC_RETURNCODE_NONE);
  g_clear_object (&run->terminal);
  g_clear_object (&run->process);
  g_clear_pointer (&run->loop, g_main_loop_unref);
  g_clear_error (&run->error);
}

int
gproc_tool_run (GStrv *arguments)
{
  g_auto (GStrv) argv = NULL;
  gboolean pty = FALSE;
  double timeout = 0;
  guint timeout_ms;
  g_autofree char *record = NULL;
  const GOptionEntry entries[] = {
    { "pty", 'p', G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &pty,
      N_ ("Give the program a terminal of its own"), NULL },
    { "timeout", 't', G_OPTION_FLAG_NONE, G_OPTION_ARG_DOUBLE, &timeout,
      N_ ("End the program after so long"), N_ ("SECONDS") },
    { "record", 'r', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &record,
      N_ ("With --pty, record what is shown"), N_ ("FILE") },
    { G_OPTION_REMAINING, 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME_ARRAY, &argv, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  Run run = { 0 };
  int status;

  if (!gproc_tool_parse (arguments, _ ("[--] COMMAND [ARGUMENT…]"),
                         _ ("Runs a program, and ends as it ends."), entries) ||
      !gproc_tool_seconds_to_ms (timeout, "--timeout", &timeout_ms))
    return TOOL_STATUS_FAILED;
  if (argv == NULL)
    {
      gproc_tool_complain (_ ("There is no program to run"));
      return TOOL_STATUS_FAILED;
    }
  if (record != NULL && !pty)
    {
      gproc_tool_complain (_ ("Only a terminal is recorded: --record needs --pty"));
      return TOOL_STATUS_FAILED;
    }

  gproc_launcher_set_timeout (launcher, timeout_ms);
  gproc_launcher_set_stop_grace (launcher, STOP_GRACE_MS);
  if (!pty)
    share_streams (&run, launcher);
  if (pty && !give_terminal (&run, launcher, record))
    {
      status = TOOL_STATUS_FAILED;
    }
  else
    {
      run.loop = g_main_loop_new (NULL, FALSE);
      status = run_process (&run, launcher, (const char * const *) argv);
    }
  run_clear (&run);

  return status;
}
