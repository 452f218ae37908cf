/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gprocstream/gprocstream.h>

#include "engine/gproc-address-private.h"

G_BEGIN_DECLS

/* One connection to an engine: a socket, TLS on one, or ssh. It is read through one reader from
 * the first byte to the last, so nothing can be lost between an answer and what follows it. */
typedef struct _GProcConnection GProcConnection;

void _gproc_connection_open_async (const GProcAddress  *address,
                                   const char * const  *ssh_command,
                                   int                  io_priority,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data);
GProcConnection *_gproc_connection_open_finish (GAsyncResult  *result,
                                                GError       **error);
GProcConnection *_gproc_connection_ref (GProcConnection *self);
void _gproc_connection_unref (GProcConnection *self);

/* Borrowed. The output is for requests, until the writer is taken. */
GProcReader *_gproc_connection_get_reader (GProcConnection *self);
GOutputStream *_gproc_connection_get_output (GProcConnection *self);

/* The writer for what follows the request, and with it another reader, which takes the place of the
 * one so far. They belong to the thread-default context of now, and both work on when the
 * connection is gone. NULL with @error set if there are no descriptors left. */
GProcWriter *_gproc_connection_take_writer (GProcConnection  *self,
                                            GError          **error);

/* What ssh has said on its standard error, for an error; NULL if it said nothing. Waits until it is
 * over, or @cancellable cancelled, which is no error. */
void _gproc_connection_read_complaint_async (GProcConnection     *self,
                                             GCancellable        *cancellable,
                                             GAsyncReadyCallback  callback,
                                             gpointer             user_data);
char *_gproc_connection_read_complaint_finish (GProcConnection *self,
                                               GAsyncResult    *result);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GProcConnection, _gproc_connection_unref)

G_END_DECLS
