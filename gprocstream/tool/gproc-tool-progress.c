/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/gproc-tool-private.h"

#include <glib/gi18n-lib.h>

#include <termios.h>
#include <unistd.h>

#define INTERVAL_MS 250

struct _GProcToolProgress
{
  GProcPump *pump;
  guint timer;
  gint64 started;
  gint64 last_time;
  guint64 last_bytes;
};

/* Whether there is somebody who would see it. */
gboolean
gproc_tool_progress_is_wanted (void)
{
  return isatty (STDERR_FILENO);
}

/* A program in full screen has the terminal to itself, and so has another job in the
 * foreground. */
static gboolean
may_draw (void)
{
  struct termios state;
  pid_t foreground = tcgetpgrp (STDERR_FILENO);

  return tcgetattr (STDERR_FILENO, &state) == 0 && (state.c_lflag & ICANON) != 0 &&
         (foreground < 0 || foreground == getpgrp ());
}

static void
draw (GProcToolProgress *self,
      guint64            bytes,
      gint64             time_us,
      const char        *end)
{
  g_autofree char *size = g_format_size (self->last_bytes);
  g_autofree char *rate = NULL;
  g_autofree char *line = NULL;
  gint64 seconds = (self->last_time - self->started) / G_USEC_PER_SEC;

  if (!may_draw ())
    return;

  rate = g_format_size ((guint64) ((double) bytes * G_USEC_PER_SEC / MAX (time_us, 1)));
  /* Translators: a size, a rate, and the time in hours, minutes and seconds. */
  line = g_strdup_printf (_ ("%s  %s/s  %d:%02d:%02d"), size, rate, (int) (seconds / 3600),
                          (int) (seconds / 60 % 60), (int) (seconds % 60));
  /* It is written over the one before, and what was longer in that is erased. */
  g_printerr ("\r%s\033[K%s", line, end);
}

static gboolean
tick (gpointer user_data)
{
  GProcToolProgress *self = user_data;
  gint64 now = g_get_monotonic_time ();
  guint64 bytes = gproc_pump_get_bytes_transferred (self->pump);
  guint64 new_bytes = bytes - self->last_bytes;
  gint64 new_time = now - self->last_time;

  self->last_bytes = bytes;
  self->last_time = now;
  draw (self, new_bytes, new_time, "");

  return G_SOURCE_CONTINUE;
}

GProcToolProgress *
gproc_tool_progress_new (GProcPump *pump)
{
  GProcToolProgress *self = g_new0 (GProcToolProgress, 1);

  self->pump = g_object_ref (pump);
  self->started = g_get_monotonic_time ();
  self->last_time = self->started;
  self->timer = g_timeout_add (INTERVAL_MS, tick, self);

  return self;
}

/* Leaves a last line with all that has passed and the rate over all the time. */
void
gproc_tool_progress_finish (GProcToolProgress *self)
{
  self->last_time = g_get_monotonic_time ();
  self->last_bytes = gproc_pump_get_bytes_transferred (self->pump);
  draw (self, self->last_bytes, self->last_time - self->started, "\n");

  g_source_remove (self->timer);
  g_object_unref (self->pump);
  g_free (self);
}
