/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/gproc-tool-private.h"

#include <glib/gi18n-lib.h>

#include <signal.h>
#include <stdlib.h>

/* Pipes of the kernel join the programs. Only where progress is shown, bytes have to be
 * counted: there the last program is joined to the others by a pump. It counts what went into
 * that program, whose output stays what it was: a terminal, a file. */
typedef struct
{
  GMainLoop *loop;
  GPtrArray *stages;   /* Of GStrv. */
  GProcPipeline *head; /* All that are joined by the kernel. */
  GProcStream *last;   /* The one that is not, if any. */
  GProcPump *pump;
  GProcToolProgress *progress;
  gboolean pipefail;
  guint n_running;
} Pipe;

static void
part_over (Pipe *self)
{
  if (--self->n_running == 0)
    g_main_loop_quit (self->loop);
}

static void
head_ended (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  gproc_pipeline_wait_finish (GPROC_PIPELINE (source), result, NULL);
  part_over (user_data);
}

static void
last_ended (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  gproc_stream_wait_finish (GPROC_STREAM (source), result, NULL);
  part_over (user_data);
}

static void
pump_ended (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Pipe *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!gproc_pump_run_finish (GPROC_PUMP (source), result, &error))
    {
      /* Who writes is to see what it would have seen in a pipe that nobody reads. */
      g_input_stream_close (gproc_pump_get_source (self->pump), NULL, NULL);
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
        gproc_tool_complain ("%s", error->message);
      g_output_stream_close (gproc_pump_get_target (self->pump), NULL, NULL);
    }

  part_over (self);
}

static void
pass_on (int      signum,
         gboolean to_group,
         gpointer user_data)
{
  Pipe *self = user_data;

  /* All are in one group. */
  if (to_group)
    return;

  for (guint i = 0; i < gproc_pipeline_get_n_stages (self->head); i++)
    gproc_stream_send_signal (gproc_pipeline_get_stage (self->head, i), signum, NULL);
  if (self->last != NULL)
    gproc_stream_send_signal (self->last, signum, NULL);
}

static GProcLauncher *
make_launcher (gboolean is_first,
               gboolean is_last)
{
  GProcLauncher *launcher = gproc_launcher_new ();

  /* As what a shell starts together: in the group that the keys of the terminal reach. */
  gproc_launcher_set_process_group (launcher, FALSE);
  if (is_first)
    gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_INHERIT);
  if (is_last)
    gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_INHERIT);

  return launcher;
}

static gboolean
spawn_last (Pipe    *self,
            GError **error)
{
  const char * const *argv = g_ptr_array_index (self->stages, self->stages->len - 1);
  g_autoptr (GProcLauncher) launcher = make_launcher (FALSE, TRUE);

  self->last = gproc_launcher_spawn (launcher, argv, error);
  if (self->last == NULL)
    {
      g_autofree char *name = g_filename_display_name (argv[0]);

      /* Translators: the number of a process in a row of them, and its program. */
      g_prefix_error (error, _ ("Stage %u (“%s”): "), self->stages->len, name);
      gproc_pipeline_stop (self->head, 0, NULL, NULL);
      return FALSE;
    }

  self->pump = gproc_pump_new (G_INPUT_STREAM (gproc_pipeline_get_stdout (self->head)),
                               G_OUTPUT_STREAM (gproc_stream_get_stdin (self->last)));

  return TRUE;
}

static gboolean
spawn (Pipe      *self,
       gboolean   counts,
       GError   **error)
{
  guint n_head = self->stages->len - (counts ? 1 : 0);

  self->head = gproc_pipeline_new ();
  for (guint i = 0; i < n_head; i++)
    {
      g_autoptr (GProcLauncher) launcher = make_launcher (i == 0, i == self->stages->len - 1);

      gproc_pipeline_append (self->head, launcher, g_ptr_array_index (self->stages, i));
    }

  return gproc_pipeline_spawn (self->head, error) && (!counts || spawn_last (self, error));
}

static void
wait_for_all (Pipe *self)
{
  guint watch = gproc_tool_signals_watch (pass_on, self);

  self->n_running = 1;
  gproc_pipeline_wait_async (self->head, G_PRIORITY_DEFAULT, NULL, head_ended, self);
  if (self->last != NULL)
    {
      self->n_running += 2;
      gproc_stream_wait_async (self->last, G_PRIORITY_DEFAULT, NULL, last_ended, self);
      gproc_pump_run_async (self->pump, G_PRIORITY_DEFAULT, NULL, pump_ended, self);
      self->progress = gproc_tool_progress_new (self->pump);
    }

  g_main_loop_run (self->loop);
  if (watch != 0)
    g_source_remove (watch);
  g_clear_pointer (&self->progress, gproc_tool_progress_finish);
}

/* The last program decides, or with pipefail the last one that failed. */
static int
end_status (Pipe *self)
{
  gsize n_codes;
  g_autofree int *codes = gproc_pipeline_get_returncodes (self->head, &n_codes);
  guint decisive = self->stages->len - 1;

  if (self->last != NULL)
    {
      codes = g_renew (int, codes, n_codes + 1);
      codes[n_codes] = gproc_stream_get_returncode (self->last);
    }

  if (self->pipefail)
    {
      while (decisive > 0 && codes[decisive] == 0)
        decisive--;
      if (codes[decisive] == 0)
        return EXIT_SUCCESS;
    }

  return gproc_tool_end_status (((GStrv) g_ptr_array_index (self->stages, decisive))[0],
                                codes[decisive], FALSE);
}

/* Divides what was written on the command line where a separator stands. NULL if there is an
 * empty part. */
static GPtrArray *
split (GStrv words)
{
  g_autoptr (GPtrArray) stages = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  guint n_words = 0;

  for (guint i = 0; words != NULL; i++)
    {
      if (words[i] != NULL && !g_str_equal (words[i], "::"))
        {
          g_strv_builder_add (builder, words[i]);
          n_words++;
          continue;
        }
      if (n_words == 0)
        return NULL;
      g_ptr_array_add (stages, g_strv_builder_end (builder));
      n_words = 0;
      if (words[i] == NULL)
        break;
    }

  return stages->len > 0 ? g_steal_pointer (&stages) : NULL;
}

static void
pipe_clear (Pipe *self)
{
  g_clear_object (&self->pump);
  g_clear_object (&self->last);
  g_clear_object (&self->head);
  g_clear_pointer (&self->stages, g_ptr_array_unref);
  g_clear_pointer (&self->loop, g_main_loop_unref);
}

static int
pipe_run (Pipe     *self,
          gboolean  counts)
{
  g_autoptr (GError) error = NULL;

  gproc_tool_signals_block ();
  if (!spawn (self, counts, &error))
    {
      gproc_tool_complain ("%s", error->message);
      return gproc_tool_spawn_status (error);
    }

  wait_for_all (self);

  return end_status (self);
}

int
gproc_tool_pipe (GStrv *arguments)
{
  g_auto (GStrv) words = NULL;
  gboolean no_progress = FALSE;
  Pipe self = { 0 };
  const GOptionEntry entries[] = {
    { "no-progress", 'q', G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &no_progress,
      N_ ("Do not show how much passes, on a terminal either"), NULL },
    { "pipefail", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &self.pipefail,
      N_ ("Fail where any program fails, not only the last one"), NULL },
    { G_OPTION_REMAINING, 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME_ARRAY, &words, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  int status;

  if (!gproc_tool_parse (arguments, _ ("[--] COMMAND [ARGUMENT…] :: COMMAND [ARGUMENT…]…"),
                         _ ("Runs programs, each of which reads what the one before it writes."),
                         entries))
    return TOOL_STATUS_FAILED;

  self.stages = split (words);
  if (self.stages == NULL)
    {
      gproc_tool_complain (_ ("A program is missing before, after or between “::”"));
      return TOOL_STATUS_FAILED;
    }

  self.loop = g_main_loop_new (NULL, FALSE);
  status = pipe_run (&self,
                     !no_progress && self.stages->len > 1 && gproc_tool_progress_is_wanted ());
  pipe_clear (&self);

  return status;
}
