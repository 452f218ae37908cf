/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "process/gproc-pty-private.h"
#include "process/gproc-stream-internal-private.h"

/* What a stream has of a terminal. */

void
_gproc_stream_set_terminal (GProcStream     *self,
                            GProcDescriptor *terminal)
{
  g_assert (self->terminal == NULL);

  self->terminal = terminal != NULL ? _gproc_descriptor_ref (terminal) : NULL;
}

void
_gproc_stream_set_resize_tap (GProcStream    *self,
                              GProcResizeTap  func,
                              gpointer        user_data,
                              GDestroyNotify  destroy)
{
  GDestroyNotify old_destroy = self->resize_destroy;
  gpointer old_data = self->resize_data;

  self->resize_tap = func;
  self->resize_data = user_data;
  self->resize_destroy = destroy;

  if (old_destroy != NULL)
    old_destroy (old_data);
}

/**
 * gproc_stream_get_is_pty:
 * @self: a stream
 *
 * Asks whether the stream is the other side of a terminal: that of a process that was given one
 * with %GPROC_DISPOSITION_PTY, one that its backend tells of, or one that
 * [ctor@GProc.Stream.new_for_fds] was given the master side of.
 *
 * Returns: whether it is
 *
 * Since: 1.0
 */
gboolean
gproc_stream_get_is_pty (GProcStream *self)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), FALSE);

  return self->terminal != NULL ||
         (self->backend != NULL && gproc_backend_get_is_pty (self->backend));
}

/**
 * gproc_stream_get_pty_fd:
 * @self: a stream
 *
 * Gets the master side of the terminal, for what the stream has no call for: to set its modes
 * with `tcsetattr()`, or to give it to a terminal widget.
 *
 * The descriptor belongs to the stream, does not block, and is closed with the last of the halves
 * that use it. What owns its descriptor, as `vte_pty_new_foreign_sync()` does, is to be given
 * a duplicate, and then reads what the process writes: nothing else should read from
 * the stream.
 *
 * Returns: the descriptor, or −1 if the stream is on no terminal of this system, or closed
 *
 * Since: 1.0
 */
int
gproc_stream_get_pty_fd (GProcStream *self)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), -1);

  return self->terminal != NULL ? _gproc_descriptor_get_fd (self->terminal) : -1;
}

static gboolean
resize (GProcStream  *self,
        guint         rows,
        guint         columns,
        GError      **error)
{
  int fd, errsv;

  if (self->backend != NULL)
    {
      /* That of a child knows better: others may have its terminal still. */
      if (self->child == NULL && gproc_backend_get_is_pty (self->backend) &&
          _gproc_stream_is_over (self))
        return TRUE;

      return gproc_backend_resize (self->backend, rows, columns, error);
    }

  if (self->terminal == NULL)
    return _gproc_stream_has_process (self, error);

  fd = _gproc_descriptor_get_fd (self->terminal);
  if (fd < 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                           _ ("The stream is already closed"));
      return FALSE;
    }

  errsv = _gproc_pty_resize (fd, rows, columns);
  if (errsv != 0)
    _gproc_set_errno_error (error, errsv, _ ("The terminal cannot be resized"));

  return errsv == 0;
}

/**
 * gproc_stream_resize:
 * @self: a stream
 * @rows: the number of rows, at most 65535
 * @columns: the number of columns, at most 65535
 * @error: where to put an error
 *
 * Sets the size of the terminal that the process has. If that changes it, the processes in the
 * foreground get `SIGWINCH`. Where the process is over this has no effect, and is no error.
 *
 * Returns: %TRUE if the terminal has that size, %FALSE with @error set: to
 *   %G_IO_ERROR_NOT_SUPPORTED if there is no terminal, to %G_IO_ERROR_INVALID_ARGUMENT if it
 *   cannot be that large, to %G_IO_ERROR_CLOSED if the stream is closed and the process is not
 *   over
 *
 * Since: 1.0
 */
gboolean
gproc_stream_resize (GProcStream  *self,
                     guint         rows,
                     guint         columns,
                     GError      **error)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (rows > G_MAXUINT16 || columns > G_MAXUINT16)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _ ("No terminal has %u rows and %u columns"), rows, columns);
      return FALSE;
    }

  if (!resize (self, rows, columns, error))
    return FALSE;

  if (self->resize_tap != NULL)
    self->resize_tap (rows, columns, self->resize_data);

  return TRUE;
}
