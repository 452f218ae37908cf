/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Tells whoever reads at the other end of a stream that no more comes. */

typedef void (*GProcHalfCloseFunc) (const GError *error,
                                    gpointer      user_data);

/* Writes the end where the stream can have one (a pipe, a socket), behind what is queued, and
 * leaves the rest of the connection as it is. Where there is no such thing the stream is
 * closed, as it is with @close. @writer is the one that writes @stream: itself, or one on it.
 *
 * @func is called once in the thread-default context of the caller, never inside the call,
 * with NULL or the (borrowed) error. */
void _gproc_half_close_async (GOutputStream      *stream,
                              GOutputStream      *writer,
                              gboolean            close,
                              int                 io_priority,
                              GCancellable       *cancellable,
                              GProcHalfCloseFunc  func,
                              gpointer            user_data);

/* The same, blocking. */
gboolean _gproc_half_close (GOutputStream  *stream,
                            GOutputStream  *writer,
                            gboolean        close,
                            GCancellable   *cancellable,
                            GError        **error);

G_END_DECLS
