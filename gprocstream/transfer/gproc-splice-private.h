/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Moves bytes both ways between two streams, with the meaning of g_io_stream_splice_async ().
 * @command and @peer_command (nullable) are what messages call the two by. @task (taken) returns a
 * boolean; its cancellable, priority and context are those of the operation. */
void _gproc_splice_async (GIOStream            *stream,
                          const char           *command,
                          GIOStream            *peer,
                          const char           *peer_command,
                          GIOStreamSpliceFlags  flags,
                          GTask                *task);

G_END_DECLS
