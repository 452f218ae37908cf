/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "loop/gproc-descriptor-private.h"
#include "streams/gproc-write-queue-private.h"

G_BEGIN_DECLS

/* What every blocking call of the library waits in: no main context is iterated,
 * and the write queue of the stream is pushed meanwhile.
 *
 * Waits until @fd meets @condition, @queue made progress if @fd is −1, or
 * @deadline (monotonic time in µs, −1: none) has passed. @queue may be NULL.
 *
 * Returns: TRUE if @fd is ready or @queue progressed; FALSE with @error set when
 *   @cancellable was cancelled, FALSE without an error when the deadline passed */
gboolean _gproc_block (int               fd,
                       GIOCondition      condition,
                       GProcWriteQueue  *queue,
                       gint64            deadline,
                       GCancellable     *cancellable,
                       GError          **error);

/* The same for what has no descriptor. Takes @source (nullable: @queue alone), a
 * pollable source. */
gboolean _gproc_block_on_source (GSource          *source,
                                 GProcWriteQueue  *queue,
                                 gint64            deadline,
                                 GCancellable     *cancellable,
                                 GError          **error);

/* For who moves what comes from @fd, or if that is −1 from @source (taken; a pollable source,
 * or NULL), to @target: until there is something to read, or nobody reads at the other end of
 * @target any more (nullable: that is not looked at). @target_event says that something has
 * become of it. */
gboolean _gproc_block_on_move (int               fd,
                               GSource          *source,
                               GProcDescriptor  *target,
                               gboolean         *target_event,
                               GProcWriteQueue  *queue,
                               GCancellable     *cancellable,
                               GError          **error);

G_END_DECLS
