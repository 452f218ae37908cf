/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "loop/gproc-poller-private.h"

G_BEGIN_DECLS

/* The one thread of this library: it reaps, keeps the time of timeouts and stops,
 * and is the parent of children that are to die with theirs. Started on first need
 * with all signals blocked; after a fork the child starts its own on first need. */

/* Starts the worker unless it runs. Returns 0, or the errno of what was missing: a
 * descriptor or a thread. What needs the worker calls this while it can still fail;
 * then the functions below cannot. */
int _gproc_worker_start (void);

/* GLib ends the program where a context gets no descriptor, so this finds out first
 * whether there are any. Returns 0 or an errno. */
int _gproc_find_descriptors (guint n_descriptors);

/* What a context needs, and a poller that is made for it. */
#define GPROC_CONTEXT_DESCRIPTORS 2

/* A context that the worker iterates. Borrowed. */
GMainContext *_gproc_worker_get_context (void);

/* The readiness of what the worker watches. Borrowed. */
GProcPoller *_gproc_worker_get_poller (void);

/* Calls @func once in the worker, after @delay_ms. */
void _gproc_worker_call (guint          delay_ms,
                         GSourceFunc    func,
                         gpointer       user_data,
                         GDestroyNotify destroy);

/* The same, with a source that the caller may destroy, in any thread, and has to
 * unref. */
GSource *_gproc_worker_add_timer (guint          delay_ms,
                                  GSourceFunc    func,
                                  gpointer       user_data,
                                  GDestroyNotify destroy);

/* Calls @func in the worker and returns when it has returned. */
void _gproc_worker_call_and_wait (void (*func) (gpointer user_data), gpointer user_data);

G_END_DECLS
