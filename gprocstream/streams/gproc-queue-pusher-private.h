/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "streams/gproc-write-queue-private.h"

G_BEGIN_DECLS

/* A queue is written in the context that it belongs to, which may not be running. Who waits for
 * it in another one pushes it from there meanwhile. */

typedef struct _GProcQueuePusher GProcQueuePusher;

/* Pushes @queue in @context until there is nothing left to write. NULL if there is nothing, or
 * if it cannot be waited for what the queue writes to. */
GProcQueuePusher *_gproc_queue_pusher_new (GProcWriteQueue *queue,
                                           GMainContext    *context,
                                           int              priority);

/* In the thread of the context. */
void _gproc_queue_pusher_free (GProcQueuePusher *self);

/* The same for @queue (nullable) and all behind it, of those whose own context is not @context:
 * owned pushers, or NULL if there are none. */
GPtrArray *_gproc_queue_pushers_new (GProcWriteQueue *queue,
                                     GMainContext    *context,
                                     int              priority);

G_END_DECLS
