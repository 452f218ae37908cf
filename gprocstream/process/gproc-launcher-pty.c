/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-launcher-private.h"

/* How the terminal of a process starts. */

/**
 * gproc_launcher_get_pty_size:
 * @self: the launcher
 * @rows: (out) (optional): where to put the number of rows
 * @columns: (out) (optional): where to put the number of columns
 *
 * Gets the size that a terminal starts with.
 *
 * Since: 1.0
 */
void
gproc_launcher_get_pty_size (GProcLauncher *self,
                             guint         *rows,
                             guint         *columns)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  if (rows != NULL)
    *rows = self->pty.rows;
  if (columns != NULL)
    *columns = self->pty.columns;
}

/**
 * gproc_launcher_set_pty_size:
 * @self: the launcher
 * @rows: the number of rows, at most 65535
 * @columns: the number of columns, at most 65535
 *
 * Sets the size that a terminal ([enum@GProc.Disposition]) starts with: 24 rows of 80 columns by
 * default. The process finds it when it starts; [method@GProc.Stream.resize] changes it later.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_pty_size (GProcLauncher *self,
                             guint          rows,
                             guint          columns)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (rows <= G_MAXUINT16 && columns <= G_MAXUINT16);

  self->pty.rows = rows;
  self->pty.columns = columns;
}

/**
 * gproc_launcher_get_pty_echo:
 * @self: the launcher
 *
 * Gets whether a terminal starts with showing what is typed.
 *
 * Returns: %TRUE by default
 *
 * Since: 1.0
 */
gboolean
gproc_launcher_get_pty_echo (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), FALSE);

  return self->pty.echo;
}

/**
 * gproc_launcher_set_pty_echo:
 * @self: the launcher
 * @pty_echo: whether to show it
 *
 * Sets whether a terminal starts with showing what is typed: what is written to the process is
 * read back from it then. Programs that edit lines themselves, as shells do, change it
 * as they need it.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_pty_echo (GProcLauncher *self,
                             gboolean       pty_echo)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  if (self->pty.echo == !!pty_echo)
    return;

  self->pty.echo = !!pty_echo;
  _gproc_launcher_notify (self, GPROC_LAUNCHER_PROP_PTY_ECHO);
}

/**
 * gproc_launcher_get_pty_raw:
 * @self: the launcher
 *
 * Gets whether a terminal starts in raw mode.
 *
 * Returns: %FALSE by default
 *
 * Since: 1.0
 */
gboolean
gproc_launcher_get_pty_raw (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), FALSE);

  return self->pty.raw;
}

/**
 * gproc_launcher_set_pty_raw:
 * @self: the launcher
 * @pty_raw: whether to pass bytes as they are
 *
 * Sets whether a terminal starts in raw mode: bytes pass both ways as they are, at once and not
 * by line, nothing is shown, and no key sends a signal.
 *
 * In the canonical mode that it starts in otherwise, lines end with `\r\n` where they are read
 * from the process, Ctrl-C interrupts it and Ctrl-D at the start of a line ends its input. A line
 * of more than 4095 bytes is cut by the kernel: the writer refuses it with
 * %G_IO_ERROR_NO_SPACE.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_pty_raw (GProcLauncher *self,
                            gboolean       pty_raw)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  if (self->pty.raw == !!pty_raw)
    return;

  self->pty.raw = !!pty_raw;
  _gproc_launcher_notify (self, GPROC_LAUNCHER_PROP_PTY_RAW);
}
