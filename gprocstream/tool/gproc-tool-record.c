/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/gproc-tool-private.h"

#include <glib/gi18n-lib.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

/* How much may wait for a recording that nobody takes, such as one that goes to a pipe. */
#define QUEUE_LIMIT (64 * 1024 * 1024)

struct _GProcToolRecord
{
  char *name; /* For messages. */
  GProcWriter *writer;
  GProcRecorder *recorder;
};

static void
record_free (GProcToolRecord *self)
{
  g_clear_object (&self->recorder);
  g_clear_object (&self->writer);
  g_free (self->name);
  g_free (self);
}

static void
complain (GProcToolRecord *self,
          const char      *reason)
{
  /* Translators: the name of a file, and why. */
  gproc_tool_complain (_ ("The recording “%s” cannot be written: %s"), self->name, reason);
}

/* Makes the file, in place of what was there, with the size of the terminal in it. NULL if it
 * cannot be written, which was said. */
GProcToolRecord *
gproc_tool_record_new (const char *path,
                       guint       rows,
                       guint       columns)
{
  GProcToolRecord *self = g_new0 (GProcToolRecord, 1);
  g_autoptr (GError) error = NULL;
  int fd;

  self->name = g_filename_display_name (path);
  fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
  if (fd < 0)
    {
      complain (self, g_strerror (errno));
      record_free (self);
      return NULL;
    }

  /* A file that becomes too large ends the recording, and nothing else. */
  signal (SIGXFSZ, SIG_IGN);

  self->writer = gproc_writer_new_for_fd (fd, TRUE);
  gproc_writer_set_queue_limit (self->writer, QUEUE_LIMIT);
  /* Nothing gathers: whatever ends this process, what was shown before is in the file. */
  gproc_writer_set_watermarks (self->writer, 0, 0);
  self->recorder = gproc_recorder_new (self->writer, rows, columns);

  if (!g_output_stream_flush (G_OUTPUT_STREAM (self->writer), NULL, &error))
    {
      complain (self, error->message);
      record_free (self);
      return NULL;
    }

  return self;
}

gboolean
gproc_tool_record_attach (GProcToolRecord *self,
                          GProcStream     *process)
{
  g_autoptr (GError) error = NULL;

  if (gproc_recorder_record (self->recorder, process, &error))
    return TRUE;

  complain (self, error->message);

  return FALSE;
}

/* Writes the end, and frees it. FALSE if it could not be written wholly, which was said. */
gboolean
gproc_tool_record_finish (GProcToolRecord *self,
                          int              returncode)
{
  g_autoptr (GError) error = NULL;
  gboolean recorded = gproc_recorder_finish (self->recorder, returncode, &error);
  gboolean written = g_output_stream_close (G_OUTPUT_STREAM (self->writer), NULL,
                                            error == NULL ? &error : NULL);

  if (error != NULL)
    complain (self, error->message);
  record_free (self);

  return recorded && written;
}
