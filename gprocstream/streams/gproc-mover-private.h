/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "streams/gproc-reader.h"
#include "streams/gproc-writer.h"

G_BEGIN_DECLS

/* Moves bytes from one stream to another: what is buffered first, then within the kernel
 * where that is faster, else by copying. A byte leaves the buffer of its source when the
 * target has taken it, so that nothing is lost wherever a transfer stops.
 *
 * Streams that are not of this library get a reader or a writer of their own, which lives
 * as long as the mover. What such a reader holds when the mover goes is queued by the
 * target, if that is a GProcWriter. */

#define GPROC_TYPE_MOVER (_gproc_mover_get_type ())

G_DECLARE_FINAL_TYPE (GProcMover, _gproc_mover, GPROC, MOVER, GObject)

typedef enum
{
  GPROC_MOVER_AGAIN, /* As much was moved as may be at a time; there may be more. */
  GPROC_MOVER_WAIT_SOURCE,
  GPROC_MOVER_WAIT_TARGET,
  GPROC_MOVER_END,           /* All that the source had was written. */
  GPROC_MOVER_SOURCE_FAILED, /* Also when the call was cancelled. */
  GPROC_MOVER_TARGET_FAILED
} GProcMoverState;

/* @error (borrowed, nullable) is set where @state is one of failure. */
typedef void (*GProcMoverFunc) (GProcMover      *mover,
                                GProcMoverState  state,
                                const GError    *error,
                                gpointer         user_data);

/* How much was moved since the last call, at most once for each wake-up. */
typedef void (*GProcMoverProgress) (GProcMover *mover,
                                    gpointer    user_data);

GProcMover *_gproc_mover_new (GInputStream  *source,
                              GOutputStream *target);

/* The reader and the writer that are used: the streams that were given, or their own. */
GProcReader *_gproc_mover_get_reader (GProcMover *self);
GProcWriter *_gproc_mover_get_writer (GProcMover *self);

/* With @ignore a run goes on as long as its source has not ended, though nobody reads what the
 * target would write, if only there is nothing to write. Also while a run is under way. */
void _gproc_mover_ignore_peer (GProcMover *self,
                               gboolean    ignore);

/* After a run that ended with GPROC_MOVER_TARGET_FAILED: whether nobody reads what the target
 * writes any more, but there was nothing to write either. */
gboolean _gproc_mover_lost_nothing (GProcMover *self);

/* After a begin that failed: whether it was the target's fault. */
gboolean _gproc_mover_blames_target (GProcMover *self);

/* How many bytes the target has taken. */
guint64 _gproc_mover_get_moved (GProcMover *self);

/* Sets the pending marks, as every transfer needs them: PENDING or CLOSED. With
 * @target_is_pending that of the target is somebody else's. */
gboolean _gproc_mover_begin (GProcMover  *self,
                             gboolean     target_is_pending,
                             GError     **error);
void _gproc_mover_end (GProcMover *self);

/* What a reader of the mover's own has taken from its stream, and the target has not taken,
 * is queued by the target if that is a writer: for who does not go on with this mover. Done
 * at the latest when the mover goes. */
void _gproc_mover_hand_over_rest (GProcMover *self);

/* Between begin and end: goes on as far as it can without waiting, for up to @size bytes and
 * about half a millisecond. */
GProcMoverState _gproc_mover_step (GProcMover  *self,
                                   gsize        size,
                                   GError     **error);

/* The same, for up to @size bytes that the target may also queue. */
GProcMoverState _gproc_mover_step_to_queue (GProcMover  *self,
                                            gsize        size,
                                            GError     **error);

/* Between begin and end: blocks until the source has ended. */
GProcMoverState _gproc_mover_run (GProcMover    *self,
                                  GCancellable  *cancellable,
                                  GError       **error);

/* The same, asynchronously: @func is called once, in the thread-default context of the caller
 * and never inside the call. The caller begins; the mover has ended when @func is called. */
void _gproc_mover_run_async (GProcMover         *self,
                             int                 io_priority,
                             GCancellable       *cancellable,
                             GProcMoverProgress  progress,
                             GProcMoverFunc      func,
                             gpointer            user_data);

/* In the context of the run: has it end with CANCELLED. Harmless when none is under way. */
void _gproc_mover_cancel (GProcMover *self);

G_END_DECLS
