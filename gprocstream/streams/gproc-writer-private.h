/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "loop/gproc-descriptor-private.h"
#include "streams/gproc-write-queue-private.h"
#include "streams/gproc-writer.h"

G_BEGIN_DECLS

typedef void (*GProcWriterFunc) (GProcWriter *writer,
                                 GError      *error,
                                 gpointer     user_data);

/* Takes a reference to @descriptor, whose write side the writer closes. */
GProcWriter *_gproc_writer_new_for_descriptor (GProcDescriptor *descriptor);

/* A writer that is closed from the start. */
GProcWriter *_gproc_writer_new_closed (void);

/* Borrowed. */
GProcWriteQueue *_gproc_writer_get_queue (GProcWriter *self);

/* The first of the queues that are pushed while a blocking call of the writer waits, that of
 * the writer among them. */
void _gproc_writer_set_row (GProcWriter     *self,
                            GProcWriteQueue *first);

/* Pending operations of the writer (writes, flushes, drains) complete with CLOSED
 * in their own contexts, the queue is written and its descriptor closed; then @func
 * is called once in the thread-default context of the caller, at the priority of
 * @poller, with NULL or the (borrowed) error. When
 * @cancellable is cancelled the rest of the queue is dropped and counted and the
 * descriptor closed at once. The stream is not closed in GIO's sense yet: that is
 * for _gproc_writer_force_close (). */
void _gproc_writer_shutdown_async (GProcWriter     *self,
                                   GProcPoller     *poller,
                                   GCancellable    *cancellable,
                                   GProcWriterFunc  func,
                                   gpointer         user_data);

/* The same, blocking. */
gboolean _gproc_writer_shutdown (GProcWriter   *self,
                                 GCancellable  *cancellable,
                                 GError       **error);

/* Drops what is queued, closes the descriptor, clears GIO's pending mark and closes
 * the stream. Never blocks. */
void _gproc_writer_force_close (GProcWriter *self);

/* As _gproc_reader_is_closed (). */
gboolean _gproc_writer_is_closed (GProcWriter *self);

G_END_DECLS
