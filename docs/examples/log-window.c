/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A window that shows what a program writes, while it writes it. The program is told that it writes
 * to a terminal, so that no line waits in it until four kilobytes have gathered; there is no
 * emulator of one. When the window is closed the program is stopped.
 *
 * usage: log-window [--close] [--save=FILE] COMMAND [ARGUMENT…]
 *
 * Build it with:
 *   cc log-window.c -o log-window $(pkg-config --cflags --libs gprocstream-1 gtk4) */

#include <glib-unix.h>
#include <gprocstream/gprocstream.h>
#include <gtk/gtk.h>
#include <signal.h>
#include <stdlib.h>

/* So many lines stay, and so many are taken in before anything is drawn. */
#define MAX_LINES 10000
#define LINES_AT_ONCE 1000
#define GRACE_MS 3000

typedef struct
{
  char **argv;
  char *save;
  gboolean close_at_end;
  GtkWidget *window;
  GtkTextView *view;
  GtkTextBuffer *buffer;
  GtkTextMark *end;
  GProcStream *process;
  GCancellable *reading;
  guint n_lines;
  int status;
} LogWindow;

static void read_lines (LogWindow *self);

static void
append (LogWindow  *self,
        const char *text)
{
  GtkAdjustment *position = gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (self->view));
  gboolean follows = gtk_adjustment_get_value (position) +
                       gtk_adjustment_get_page_size (position) >=
                     gtk_adjustment_get_upper (position) - 1;
  GtkTextIter begin, end;
  int n_surplus;

  gtk_text_buffer_get_end_iter (self->buffer, &end);
  gtk_text_buffer_insert (self->buffer, &end, text, -1);

  n_surplus = gtk_text_buffer_get_line_count (self->buffer) - 1 - MAX_LINES;
  if (n_surplus > 0)
    {
      gtk_text_buffer_get_start_iter (self->buffer, &begin);
      gtk_text_buffer_get_iter_at_line (self->buffer, &end, n_surplus);
      gtk_text_buffer_delete (self->buffer, &begin, &end);
    }

  /* Who has scrolled up wants to read there. */
  if (follows)
    gtk_text_view_scroll_mark_onscreen (self->view, self->end);
}

static void
save (LogWindow *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  GtkTextIter begin, end;

  gtk_text_buffer_get_bounds (self->buffer, &begin, &end);
  text = gtk_text_buffer_get_text (self->buffer, &begin, &end, TRUE);
  if (!g_file_set_contents (self->save, text, -1, &error))
    g_printerr ("log-window: %s\n", error->message);
}

static void
ended_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  LogWindow *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *title = NULL;
  int returncode = gproc_stream_wait_finish (self->process, result, &error);
  const char *command = gproc_stream_get_command (self->process);

  if (error != NULL)
    title = g_strdup (error->message);
  else if (returncode < 0)
    title = g_strdup_printf ("%s was ended by signal %d", command, -returncode);
  else
    title = g_strdup_printf ("%s exited with %d", command, returncode);

  g_print ("%s: %u lines\n", title, self->n_lines);
  self->status = gproc_stream_get_shell_status (self->process);
  gtk_window_set_title (GTK_WINDOW (self->window), title);
  if (self->save != NULL)
    save (self);
  /* One that is not shown any more has only waited for this. */
  if (self->close_at_end || !gtk_widget_get_visible (self->window))
    gtk_window_destroy (GTK_WINDOW (self->window));
}

static void
lines_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  LogWindow *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) lines = NULL;

  lines = gproc_reader_read_lines_finish (GPROC_READER (source), result, &error);
  if (lines != NULL)
    {
      gsize size;
      const char *data = g_bytes_get_data (lines, &size);
      g_autofree char *valid = g_utf8_make_valid (data, (gssize) size);
      g_autoptr (GString) text = g_string_new (valid);

      /* A terminal ends lines in its own way. */
      g_string_replace (text, "\r\n", "\n", 0);
      if (!g_str_has_suffix (text->str, "\n"))
        g_string_append_c (text, '\n');
      for (const char *at = text->str; (at = strchr (at, '\n')) != NULL; at++)
        self->n_lines++;
      append (self, text->str);
      read_lines (self);
      return;
    }

  if (error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    append (self, error->message);
  gproc_stream_wait_async (self->process, G_PRIORITY_DEFAULT, NULL, ended_cb, self);
}

/* As many lines as there are, at a priority below that of everything that is drawn. */
static void
read_lines (LogWindow *self)
{
  gproc_reader_read_lines_async (gproc_stream_get_stdout (self->process), LINES_AT_ONCE,
                                 G_PRIORITY_LOW, self->reading, lines_cb, self);
}

static GProcStream *
start (LogWindow  *self,
       GError    **error)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();

  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_NULL);
  gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_STDOUT);
  /* Nobody could show colours, or move a cursor. */
  gproc_launcher_setenv (launcher, "TERM", "dumb", TRUE);

  return gproc_launcher_spawn (launcher, (const char * const *) self->argv, error);
}

static gboolean
close_requested_cb (GtkWindow *window,
                    LogWindow *self)
{
  if (!gproc_stream_get_running (self->process))
    return FALSE;

  gtk_widget_set_visible (self->window, FALSE);
  gproc_stream_stop_async (self->process, GRACE_MS, G_PRIORITY_DEFAULT, NULL, NULL, NULL);

  return TRUE;
}

static gboolean
interrupted_cb (gpointer user_data)
{
  LogWindow *self = user_data;

  gtk_window_close (GTK_WINDOW (self->window));

  return G_SOURCE_CONTINUE;
}

static void
activate_cb (GtkApplication *application,
             LogWindow      *self)
{
  GtkWidget *scrolled = gtk_scrolled_window_new ();
  GtkWidget *view = gtk_text_view_new ();
  g_autoptr (GError) error = NULL;
  GtkTextIter end;

  g_unix_signal_add (SIGINT, interrupted_cb, self);
  self->window = gtk_application_window_new (application);
  self->view = GTK_TEXT_VIEW (view);
  self->buffer = gtk_text_view_get_buffer (self->view);
  gtk_text_buffer_get_end_iter (self->buffer, &end);
  self->end = gtk_text_buffer_create_mark (self->buffer, NULL, &end, FALSE);
  gtk_text_view_set_editable (self->view, FALSE);
  gtk_text_view_set_monospace (self->view, TRUE);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), view);
  gtk_window_set_child (GTK_WINDOW (self->window), scrolled);
  gtk_window_set_default_size (GTK_WINDOW (self->window), 800, 500);
  gtk_window_set_title (GTK_WINDOW (self->window), self->argv[0]);

  self->process = start (self, &error);
  if (self->process == NULL)
    {
      g_printerr ("log-window: %s\n", error->message);
      gtk_window_destroy (GTK_WINDOW (self->window));
      return;
    }

  /* A daemon that was left behind may keep the output open for ever. */
  g_signal_connect_swapped (self->process, "pipes-held", G_CALLBACK (g_cancellable_cancel),
                            self->reading);
  g_signal_connect (self->window, "close-request", G_CALLBACK (close_requested_cb), self);
  read_lines (self);
  gtk_window_present (GTK_WINDOW (self->window));
}

int
main (int   argc,
      char *argv[])
{
  LogWindow self = { .status = EXIT_FAILURE };
  g_autoptr (GOptionContext) context = g_option_context_new ("COMMAND [ARGUMENT…]");
  g_autoptr (GtkApplication) application = NULL;
  g_autoptr (GError) error = NULL;
  const GOptionEntry entries[] = {
    { "close", 'c', 0, G_OPTION_ARG_NONE, &self.close_at_end, "Close at the end of COMMAND", NULL },
    { "save", 's', 0, G_OPTION_ARG_FILENAME, &self.save, "Save what was shown", "FILE" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self.argv, NULL, NULL },
    { NULL }
  };

  g_option_context_set_strict_posix (context, TRUE);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || self.argv == NULL)
    {
      g_printerr ("log-window: %s\n", error != NULL ? error->message : "COMMAND is missing");
      return EXIT_FAILURE;
    }

  self.reading = g_cancellable_new ();
  application = gtk_application_new (NULL, G_APPLICATION_NON_UNIQUE);
  g_signal_connect (application, "activate", G_CALLBACK (activate_cb), &self);
  if (g_application_run (G_APPLICATION (application), 1, argv) != 0)
    self.status = EXIT_FAILURE;

  g_clear_object (&self.process);
  g_clear_object (&self.reading);
  g_strfreev (self.argv);
  g_free (self.save);

  return self.status;
}
