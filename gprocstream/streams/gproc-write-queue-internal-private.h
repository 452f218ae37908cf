/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "streams/gproc-output-private.h"
#include "streams/gproc-pieces-private.h"
#include "streams/gproc-typed-line-private.h"
#include "streams/gproc-wait-private.h"
#include "streams/gproc-write-queue-private.h"

G_BEGIN_DECLS

/* What the files of the write queue share. These functions are called with the lock. */

/* What one wake-up writes: where a file takes everything, others get their turn. */
#define GPROC_PUSH_BUDGET (1024 * 1024)

typedef struct
{
  GProcWatch *watch;
  GProcWaitFor what;
  guint64 position;
} GProcQueueWaiter;

/* A context in which a queue is written. */
struct _GProcQueuePlace
{
  int ref_count;
  GProcWriteQueue *queue; /* Borrowed by the home of a queue, owned by a guest until it leaves. */
  GProcPoller *poller;    /* Owned. */

  /* Guarded by the lock of the queue. */
  GProcWait wait; /* Holds a reference to the place, and one to the queue, while scheduled. */
  gboolean scheduled;
  gboolean closes; /* Somebody waits here until the queue is closed. */
};

struct _GProcWriteQueue
{
  int ref_count;
  GMutex lock;
  GProcOutput output;

  GProcQueuePlace *home;   /* Owned; NULL once the queue lingers by itself. */
  GPtrArray *guests;       /* Of borrowed places; NULL: none. */
  guint through_iteration; /* That in which something was written through last. */

  GProcPieces pieces;
  GProcPiece *in_flight; /* What a plain base stream is writing; still queued. */
  gsize in_flight_size;
  gsize high;
  gsize low;
  gsize limit;
  guint64 accepted;
  guint64 written;
  guint64 discarded;
  guint n_blocked;
  gsize line_length; /* Of the line that a terminal is being given, as far as is known. */
  gsize retry_at;    /* Blocked, but so long that another write is worth trying. */

  guint fork_generation;    /* The child of a fork has no business with the bytes. */
  GError *error;            /* What broke it, with the count of what was lost. */
  unsigned int types : 1;   /* To the master side of a terminal. Constant. */
  unsigned int paused : 1;  /* Above high, until at or below low. */
  unsigned int blocked : 1; /* The last write would have blocked. */
  unsigned int end_wanted : 1;
  unsigned int ended : 1;   /* The other side has been told that no more comes. */
  unsigned int closing : 1; /* Close as soon as the queue is empty. */
  unsigned int closed : 1;
  unsigned int base_busy : 1;    /* An operation of a base stream is under way, or due. */
  unsigned int base_closing : 1; /* It is a close… */
  unsigned int base_begun : 1;   /* …which is under way. */

  GOutputStream *deferred_base; /* Owned: to be closed once what is under way on it is done. */

  GProcWriteQueue *next; /* Owned: that of another writer of the same stream. */

  GArray *waiters;
  GSource *linger;
};

/* How many bytes are queued, with those that a base stream is writing. */
static inline gsize
_gproc_queue_length (GProcWriteQueue *self)
{
  return self->pieces.length + self->in_flight_size;
}

/* To be called when that has changed, or what is too many. */
void _gproc_queue_update_paused (GProcWriteQueue *self);

/* Whether nothing is left to do before a close. */
gboolean _gproc_queue_is_idle (GProcWriteQueue *self);

/* Whether @size more bytes may come: CLOSED, NO_SPACE, or how the queue broke. */
gboolean _gproc_queue_check (GProcWriteQueue  *self,
                             gsize             size,
                             GError          **error);

/* Writes until the kernel takes no more, nothing is left, or @budget is used up; then
 * ends, closes and wakes whom that concerns. */
void _gproc_queue_push (GProcWriteQueue *self,
                        gsize            budget);

/* Takes the reference of @poller. */
GProcQueuePlace *_gproc_queue_place_new (GProcWriteQueue *queue,
                                         GProcPoller     *poller);
void _gproc_queue_place_unref (GProcQueuePlace *self);

/* Has the home context push, and those of guests: as soon as the kernel takes more, or at the end
 * of the iteration. */
void _gproc_queue_schedule (GProcWriteQueue *self);

/* Takes @error; says what is lost with the queue, and remembers it for all who ask. */
void _gproc_queue_fail (GProcWriteQueue *self,
                        GError          *error,
                        gsize            lost);
void _gproc_queue_discard (GProcWriteQueue *self);

/* No wait is needed any more, and none may be left when the descriptor is closed. */
void _gproc_queue_cancel_wait (GProcWriteQueue *self);
void _gproc_queue_wake_waiters (GProcWriteQueue *self);

/* Closes an empty queue; a base stream at home, or where somebody waits for that. */
void _gproc_queue_close (GProcWriteQueue *self);

/* After a close that could not close the base stream. Unlocks meanwhile. */
void _gproc_queue_close_deferred (GProcWriteQueue *self);

/* In the context of @poller: begins what only a base stream can do. */
void _gproc_queue_work_on_base (GProcWriteQueue *self,
                                GProcPoller     *poller);

G_END_DECLS
