/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "loop/gproc-poller-private.h"

G_BEGIN_DECLS

/* One wait at a time, for a descriptor, for the source of a pollable base stream or
 * for the next iteration, cut short by a cancellable. However it ends, @watch calls
 * its function, once, in the context of the poller. */

typedef struct _GProcWake GProcWake;

typedef struct
{
  GProcWatch watch;
  GSource *source; /* Owned: that of a base stream, while it is waited for. */
  GCancellable *cancellable;
  gulong cancelled_id;
  GProcWake *wake; /* What a handler of the cancellable knows of the wait. */
} GProcWait;

void _gproc_wait_init (GProcWait      *self,
                       GProcWatchFunc  func);

/* Connects to @cancellable (nullable), once for all waits of an operation. */
void _gproc_wait_set_cancellable (GProcWait    *self,
                                  GCancellable *cancellable);

void _gproc_wait_for_fd (GProcWait    *self,
                         GProcPoller  *poller,
                         int           fd,
                         GIOCondition  events);

/* The same, if @fd is registered for that already. */
gboolean _gproc_wait_again_for_fd (GProcWait    *self,
                                   GProcPoller  *poller,
                                   int           fd,
                                   GIOCondition  events);

/* Takes @source, a pollable source. Its callback holds @owner (that in which the wait
 * is embedded) by @ref and @unref. */
void _gproc_wait_for_source (GProcWait       *self,
                             GProcPoller     *poller,
                             GSource         *source,
                             gpointer         owner,
                             gpointer       (*ref) (gpointer owner),
                             GDestroyNotify   unref);

void _gproc_wait_post (GProcWait   *self,
                       GProcPoller *poller);

/* See _gproc_watch_post_soon (). */
void _gproc_wait_post_soon (GProcWait   *self,
                            GProcPoller *poller);

/* When an operation is done, with no wait under way: keeps what makes the next one
 * cheap. */
void _gproc_wait_finish (GProcWait *self);

/* Forgets the descriptor too. TRUE if the function will not be called any more for a
 * wait that was under way. */
gboolean _gproc_wait_clear (GProcWait *self);

G_END_DECLS
