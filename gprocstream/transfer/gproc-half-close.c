/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "transfer/gproc-half-close-private.h"

#include "streams/gproc-writer.h"

/* A writer of the transfer's own may have a second descriptor of what @stream writes to: only
 * when that is closed too does the other end see the end. All was written by then. */
static void
let_go (GOutputStream *stream,
        GOutputStream *writer)
{
  if (writer != stream)
    gproc_writer_abort (GPROC_WRITER (writer));
}

typedef struct
{
  GOutputStream *stream; /* Owned. */
  GOutputStream *writer; /* Owned. */
  gboolean close;
  int io_priority;
  GCancellable *cancellable; /* Owned. */
  GProcHalfCloseFunc func;
  gpointer user_data;
} HalfClose;

static void
half_close_finish (HalfClose    *self,
                   const GError *error)
{
  self->func (error, self->user_data);
  g_object_unref (self->stream);
  g_object_unref (self->writer);
  g_clear_object (&self->cancellable);
  g_free (self);
}

static void
half_close_closed (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_close_finish (G_OUTPUT_STREAM (source), result, &error);
  half_close_finish (user_data, error);
}

static void
half_close_close (HalfClose *self)
{
  let_go (self->stream, self->writer);
  g_output_stream_close_async (self->stream, self->io_priority, self->cancellable,
                               half_close_closed, self);
}

/* Both sides of a connection have said the end before: there is nobody left to tell. */
static gboolean
forgive_end (GError **error)
{
  if (g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED))
    g_clear_error (error);

  return *error == NULL;
}

static void
half_close_drained (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  HalfClose *self = user_data;
  g_autoptr (GError) error = NULL;

  gproc_writer_drain_finish (GPROC_WRITER (source), result, &error);
  if (forgive_end (&error) && self->close)
    half_close_close (self);
  else
    half_close_finish (self, error);
}

void
_gproc_half_close_async (GOutputStream      *stream,
                         GOutputStream      *writer,
                         gboolean            close,
                         int                 io_priority,
                         GCancellable       *cancellable,
                         GProcHalfCloseFunc  func,
                         gpointer            user_data)
{
  HalfClose *self = g_new0 (HalfClose, 1);

  self->stream = g_object_ref (stream);
  self->writer = g_object_ref (writer);
  self->close = close;
  self->io_priority = io_priority;
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->func = func;
  self->user_data = user_data;

  /* Where the end cannot be written there may be an error: a close will say the same. */
  if (gproc_writer_can_write_eof (GPROC_WRITER (writer)) &&
      gproc_writer_write_eof (GPROC_WRITER (writer), NULL))
    gproc_writer_drain_async (GPROC_WRITER (writer), io_priority, cancellable, half_close_drained,
                              self);
  else
    half_close_close (self);
}

gboolean
_gproc_half_close (GOutputStream  *stream,
                   GOutputStream  *writer,
                   gboolean        close,
                   GCancellable   *cancellable,
                   GError        **error)
{
  g_autoptr (GError) local_error = NULL;

  if (gproc_writer_can_write_eof (GPROC_WRITER (writer)) &&
      gproc_writer_write_eof (GPROC_WRITER (writer), NULL))
    {
      if (!gproc_writer_drain (GPROC_WRITER (writer), cancellable, &local_error) &&
          !forgive_end (&local_error))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      if (!close)
        return TRUE;
    }

  let_go (stream, writer);

  return g_output_stream_close (stream, cancellable, error);
}
