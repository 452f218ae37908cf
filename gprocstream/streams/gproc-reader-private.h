/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "loop/gproc-descriptor-private.h"
#include "streams/gproc-read-core-private.h"
#include "streams/gproc-reader.h"
#include "streams/gproc-write-queue-private.h"

G_BEGIN_DECLS

typedef void (*GProcReaderFunc) (GProcReader *reader,
                                 gpointer     user_data);

/* Takes a reference to @descriptor, whose read side the reader closes. */
GProcReader *_gproc_reader_new_for_descriptor (GProcDescriptor *descriptor,
                                               int              stream_number);

/* A reader that is closed from the start. */
GProcReader *_gproc_reader_new_closed (void);

void _gproc_reader_set_stream_number (GProcReader *self,
                                      int          stream_number);

/* Has @tap told of everything that is read, in whatever thread reads, beginning with what is in
 * the buffer. For the life of the reader, which has one at most. FALSE with @error while an
 * operation is under way, and if there is one already; then nothing is taken. */
gboolean _gproc_reader_set_tap (GProcReader     *self,
                                GProcReadTap     tap,
                                gpointer         user_data,
                                GDestroyNotify   destroy,
                                GError         **error);

/* Takes it back, unless an operation is under way again. */
void _gproc_reader_clear_tap (GProcReader *self);

/* The queue that is pushed while a blocking call of the reader waits. */
void _gproc_reader_set_queue (GProcReader     *self,
                              GProcWriteQueue *queue);

/* @func is called once, in whatever thread reads, when the reader has met the end
 * of its stream or an error that ends it, or was closed: at once, if it has. NULL: no longer. */
void _gproc_reader_set_ended_func (GProcReader     *self,
                                   GProcReaderFunc  func,
                                   gpointer         user_data);
gboolean _gproc_reader_has_ended (GProcReader *self);

/* Releases the descriptor now. An operation that is pending completes with CLOSED
 * in its own context. @func (nullable) is called, in the calling thread or in that
 * of the operation, when no operation of ours is pending any more. The stream is
 * not closed in GIO's sense yet: that is for g_input_stream_close (), which cannot
 * block or fail after this. */
void _gproc_reader_shutdown (GProcReader     *self,
                             GProcReaderFunc  func,
                             gpointer         user_data);

/* What closing what is read failed with in that. Borrowed; NULL if nothing did. */
const GError *_gproc_reader_get_close_error (GProcReader *self);

/* The same as the public close, whatever is pending: shuts down, clears GIO's
 * pending mark, closes. */
void _gproc_reader_force_close (GProcReader *self);

/* As GIO's function for this, where a transfer in another thread may end just now: GIO keeps the
 * mark of an operation beside that of the close. */
gboolean _gproc_reader_is_closed (GProcReader *self);

G_END_DECLS
