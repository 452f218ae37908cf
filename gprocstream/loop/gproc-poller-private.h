/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Readiness: one level-triggered epoll source for each GMainContext and priority.
 *
 * A watch is embedded in what waits. It is registered with a poller for a
 * descriptor and stays registered while waits follow each other; each wait is one
 * shot. With a descriptor of −1 a watch is a call that is posted to the context.
 *
 * All functions may be called in any thread. The function of a watch runs in the
 * thread that iterates the context of its poller, which is the thread-default one
 * meanwhile, with no lock held, and may arm the watch again. */

typedef struct _GProcPoller GProcPoller;
typedef struct _GProcPollerEntry GProcPollerEntry;
typedef struct _GProcWatchList GProcWatchList;
typedef struct _GProcWatch GProcWatch;

/* @condition is what the descriptor is ready for, or 0 when the watch was woken
 * by _gproc_watch_post () or _gproc_watch_wake (). It is a hint: what was asked for may
 * stand for any of it, and may be gone again. */
typedef void (*GProcWatchFunc) (GProcWatch   *watch,
                                GIOCondition  condition);

struct _GProcWatch
{
  GProcWatchFunc func;

  /* Private to the poller, guarded by its lock. */
  GProcPoller *poller;     /* Owned, while registered or waiting. */
  GProcPollerEntry *entry; /* Of the descriptor it is registered for. */
  GProcWatch *next;        /* Among the watches of the same descriptor. */
  GProcWatchList *list;    /* Of those whose function is to be called; or NULL. */
  GProcWatch *list_next;
  GProcWatch *list_prev;
  int fd; /* −1 while not registered for a descriptor. */
  GIOCondition events;
  GIOCondition fired;
  unsigned int waiting : 1;
};

GProcPoller *_gproc_poller_acquire (GMainContext *context,
                                    int           priority);
GProcPoller *_gproc_poller_acquire_default (int priority);
GProcPoller *_gproc_poller_ref (GProcPoller *poller);
void _gproc_poller_release (GProcPoller *poller);
GMainContext *_gproc_poller_get_context (GProcPoller *poller);
int _gproc_poller_get_priority (GProcPoller *poller);
gboolean _gproc_poller_matches (GProcPoller  *poller,
                                GMainContext *context,
                                int           priority);

/* Has what is begun between the two complete in the context of @poller. To be called by
 * the thread that iterates it, or by one for which it is the default already. */
gboolean _gproc_poller_push_default (GProcPoller *poller);
void _gproc_poller_pop_default (GProcPoller *poller,
                                gboolean     pushed);

/* A number that changes with every iteration of the context. */
guint _gproc_poller_get_iteration (GProcPoller *poller);

void _gproc_watch_init (GProcWatch     *watch,
                        GProcWatchFunc  func);

/* Like _gproc_watch_arm (), but only if that costs no system call, because the watch is
 * registered for just that already. */
gboolean _gproc_watch_rearm (GProcWatch   *watch,
                             GProcPoller  *poller,
                             int           fd,
                             GIOCondition  events);

/* Calls the function once when @fd meets @events (or hangs up, or fails). */
void _gproc_watch_arm (GProcWatch   *watch,
                       GProcPoller  *poller,
                       int           fd,
                       GIOCondition  events);

/* Calls the function once in the context of @poller, in its next iteration. */
void _gproc_watch_post (GProcWatch  *watch,
                        GProcPoller *poller);

/* The same, and if that context is just calling functions already in this one, within what
 * one iteration may take: for who goes on with what is there. */
void _gproc_watch_post_soon (GProcWatch  *watch,
                             GProcPoller *poller);

/* Waits for nothing but a _gproc_watch_wake (), which then calls the function. */
void _gproc_watch_hold (GProcWatch  *watch,
                        GProcPoller *poller);

/* If the watch is waiting, calls its function as soon as the context gets to it. */
void _gproc_watch_wake (GProcWatch *watch);

/* Ends a wait, not the registration. TRUE if the function will not be called for
 * a wait that was under way: who armed the watch has back what the call would own. */
gboolean _gproc_watch_disarm (GProcWatch *watch);

/* Ends wait and registration: necessary before the descriptor is closed and before
 * the watch is freed. TRUE as for _gproc_watch_disarm (). */
gboolean _gproc_watch_clear (GProcWatch *watch);

/* Changes in the child of a fork, where nothing inherited may be touched. */
guint _gproc_fork_generation (void);

G_END_DECLS
