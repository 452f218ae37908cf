/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "loop/gproc-descriptor-move-private.h"
#include "loop/gproc-descriptor-private.h"
#include "loop/gproc-poller-private.h"

G_BEGIN_DECLS

/* What a GProcWriter queues, in a core that lives on after the writer until it is
 * empty. Every function may be called in any thread.
 *
 * Bytes have three fates: accepted = written + queued + discarded, at every
 * instant. What is waited for is named by a position in the accepted bytes. */

typedef struct _GProcWriteQueue GProcWriteQueue;

/* Closed, as long as there is nothing to write to. */
GProcWriteQueue *_gproc_write_queue_new (void);

/* Opens a new queue to one of the two. Takes the reference of @descriptor, and one to @base. */
void _gproc_write_queue_open (GProcWriteQueue *self,
                              GProcDescriptor *descriptor,
                              GOutputStream   *base);
GProcWriteQueue *_gproc_write_queue_ref (GProcWriteQueue *self);
void _gproc_write_queue_unref (GProcWriteQueue *self);

/* Writes what can be written now, without blocking. TRUE if nothing is left to do:
 * the queue is empty (or broken) and an end that was asked for is out. */
gboolean _gproc_write_queue_push (GProcWriteQueue *self);
gboolean _gproc_write_queue_is_idle (GProcWriteQueue *self);

/* The same push, of no more than one turn of a context may write; the rest in those that follow. */
void _gproc_write_queue_push_some (GProcWriteQueue *self);

/* Has the queue written in the context of @poller as well, for as long as somebody waits for it
 * there: for @closes, until it is closed. To leave before the context goes, and in its thread. NULL
 * where there is no need. A base stream that is not pollable is written in the context of the queue
 * alone. */
typedef struct _GProcQueuePlace GProcQueuePlace;

GProcQueuePlace *_gproc_write_queue_enter (GProcWriteQueue *self,
                                           GProcPoller     *poller,
                                           gboolean         closes);
void _gproc_write_queue_leave (GProcQueuePlace *guest);

/* The same for @self (nullable) and all behind it, until the array is freed. */
GPtrArray *_gproc_write_queue_enter_all (GProcWriteQueue *self,
                                         GMainContext    *context,
                                         int              priority);

/* The same push, for those who wait: FALSE if a push would make progress once something can
 * be written, and not before. */
gboolean _gproc_write_queue_push_or_wait (GProcWriteQueue *self);

/* A stream with several writers has their queues in a row: who blocks on one pushes all.
 * Takes a reference to @next (nullable). To be set before the queues are used. */
void _gproc_write_queue_set_next (GProcWriteQueue *self,
                                  GProcWriteQueue *next);
GProcWriteQueue *_gproc_write_queue_get_next (GProcWriteQueue *self);

/* Both for @self (nullable) and all behind it. */
gboolean _gproc_write_queue_push_all_or_wait (GProcWriteQueue *self);

/* The descriptor to poll for writing while _gproc_write_queue_push () gives FALSE;
 * −1 if there is none. */
int _gproc_write_queue_get_fd (GProcWriteQueue *self);

/* Makes a source that is ready when a push would make progress, for queues that have
 * no descriptor but a pollable base stream. */
GSource *_gproc_write_queue_create_source (GProcWriteQueue *self);

/* Over a base stream that is not pollable a push writes only while its context runs;
 * this blocks until the queue is empty. PENDING if such a write is under way. */
gboolean _gproc_write_queue_is_plain (GProcWriteQueue *self);
gboolean _gproc_write_queue_write_all (GProcWriteQueue  *self,
                                       GCancellable     *cancellable,
                                       GError          **error);

/* Appends, or writes through. @bytes (nullable) is what @data is part of, to be
 * referenced in place of a copy. */
gboolean _gproc_write_queue_append (GProcWriteQueue  *self,
                                    const void       *data,
                                    gsize             size,
                                    GBytes           *bytes,
                                    GError          **error);

/* Whether @size more bytes may come: CLOSED, NO_SPACE, or how the queue broke. */
gboolean _gproc_write_queue_check (GProcWriteQueue  *self,
                                   gsize             size,
                                   GError          **error);

/* Whether it is to the master side of a terminal, where in canonical mode the kernel would cut long
 * lines; and whether none of @vectors would be: NO_SPACE. Appending and writing through see to
 * that by themselves. */
gboolean _gproc_write_queue_types (GProcWriteQueue *self);
gboolean _gproc_write_queue_check_line (GProcWriteQueue      *self,
                                        const GOutputVector  *vectors,
                                        gsize                 n_vectors,
                                        GError              **error);

/* Writes past the queue, which must be empty: accepted and written at once.
 * WOULD_BLOCK if it is not, or nothing can be written. */
gssize _gproc_write_queue_write_through (GProcWriteQueue      *self,
                                         const GOutputVector  *vectors,
                                         gsize                 n_vectors,
                                         GError              **error);

/* How the kernel moves bytes from @source to what the queue writes, if it does. */
GProcMoveMethod _gproc_write_queue_choose_move (GProcWriteQueue *self,
                                                GProcJoint      *joint,
                                                GProcDescriptor *source);

/* See _gproc_descriptor_grow (). */
void _gproc_write_queue_grow (GProcWriteQueue *self);

/* Has the kernel move up to @size bytes from @source, past the queue: WAIT_TARGET as long as
 * that is not empty. The bytes count as accepted and written; @error is that of a failure. */
GProcMove _gproc_write_queue_move (GProcWriteQueue  *self,
                                   GProcJoint       *joint,
                                   GProcDescriptor  *source,
                                   gsize             size,
                                   GProcMoved       *moved,
                                   GError          **error);

/* What to watch for the end of those who read there: the descriptor of a pipe or a socket, or
 * NULL. Owned, for another thread may close the queue meanwhile. */
GProcDescriptor *_gproc_write_queue_ref_peer (GProcWriteQueue *self);

/* Whether the other end of a pipe or a socket is still there, which a source that says nothing
 * would never bring to light. FALSE with @error; the queue stays as it is, as nothing is lost. */
gboolean _gproc_write_queue_check_peer (GProcWriteQueue  *self,
                                        GError          **error);

/* Appends whatever the limit is; a queue that is closed or broken counts it as discarded. In the
 * child of a fork nothing is done: the bytes are those of the parent, which still has them. */
void _gproc_write_queue_append_rest (GProcWriteQueue *self,
                                     const void      *data,
                                     gsize            size);

/* The base stream stays open when the queue closes. To be called before the queue is used. */
void _gproc_write_queue_leave_base_open (GProcWriteQueue *self);

/* An operation wants the base stream for itself, which knows only one at a time. FALSE:
 * wait for GPROC_WAIT_BASE. */
gboolean _gproc_write_queue_acquire_base (GProcWriteQueue *self);
/* Whether somebody has. */
gboolean _gproc_write_queue_is_on_base (GProcWriteQueue *self);
void _gproc_write_queue_release_base (GProcWriteQueue *self);

/* A plain base stream wrote so much past the queue. */
void _gproc_write_queue_count_written (GProcWriteQueue *self,
                                       gsize            size);

gboolean _gproc_write_queue_can_end (GProcWriteQueue *self);
void _gproc_write_queue_end (GProcWriteQueue *self);

/* Writes what is queued, then closes; a base stream is closed in the context of the queue, or
 * where somebody has entered for that. */
void _gproc_write_queue_begin_close (GProcWriteQueue *self);

/* Closes once the queue is empty, blocking where a base stream does. */
gboolean _gproc_write_queue_close_now (GProcWriteQueue  *self,
                                       GCancellable     *cancellable,
                                       GError          **error);

/* Carries out, blocking, the close of a base stream that the context of the queue has not
 * begun: for a blocking call that waits for it. */
void _gproc_write_queue_finish_close (GProcWriteQueue *self);

/* Drops what is queued and closes. Never blocks. */
void _gproc_write_queue_abort (GProcWriteQueue *self);

/* The writer is gone: the queue goes on by itself, for a while. */
void _gproc_write_queue_release (GProcWriteQueue *self);

/* What can be waited for. */
typedef enum
{
  GPROC_WAIT_DRAINED, /* The queue is at its low mark; an end asked for is out. */
  GPROC_WAIT_WRITTEN, /* All up to a position is written: a number of bytes. */
  GPROC_WAIT_BASE,    /* Nothing is under way on the base stream. */
  GPROC_WAIT_CLOSED   /* The descriptor is closed. */
} GProcWaitFor;

/* TRUE if it has come about, or never will: then @error is set. */
gboolean _gproc_write_queue_reached (GProcWriteQueue  *self,
                                     GProcWaitFor      what,
                                     guint64           position,
                                     GError          **error);

/* Wakes @watch, which its owner holds in some context, when @what is reached (for
 * GPROC_WAIT_WRITTEN at @position) or never will be: at once if that is so already. */
void _gproc_write_queue_add_waiter (GProcWriteQueue *self,
                                    GProcWatch      *watch,
                                    GProcWaitFor     what,
                                    guint64          position);
void _gproc_write_queue_remove_waiter (GProcWriteQueue *self,
                                       GProcWatch      *watch);

void _gproc_write_queue_set_watermarks (GProcWriteQueue *self,
                                        gsize            high,
                                        gsize            low);
void _gproc_write_queue_set_limit (GProcWriteQueue *self,
                                   gsize            limit);

typedef struct
{
  gsize queued;
  gsize high;
  gsize low;
  gsize limit;
  guint64 accepted;
  guint64 written;
  guint64 discarded;
  gboolean open; /* Neither ended, nor closed. */
  gboolean closed;
  gboolean broken; /* An error ended it. */
} GProcWriteQueueState;

GProcWriteQueueState _gproc_write_queue_get_state (GProcWriteQueue *self);

/* How much will have been written when all is that is queued now. */
guint64 _gproc_write_queue_get_position (GProcWriteQueue *self);

/* Borrowed, and NULL where the other one is used or the queue is closed. */
GProcDescriptor *_gproc_write_queue_get_descriptor (GProcWriteQueue *self);
GOutputStream *_gproc_write_queue_get_base (GProcWriteQueue *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GProcWriteQueue, _gproc_write_queue_unref)

G_END_DECLS
