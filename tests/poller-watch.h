/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "loop/gproc-poller-private.h"

#include "gproc-test.h"

/* A watch that counts its calls, for the tests of the poller. */

typedef struct _Watch Watch;

struct _Watch
{
  GProcWatch watch;
  GProcPoller *poller;
  int fd;
  GIOCondition events;
  int n_calls;
  GIOCondition condition; /* Of the last call. */
  GThread *thread;
  void (*action) (Watch *self);
  gpointer data;
};

static inline void
on_watch (GProcWatch   *watch,
          GIOCondition  condition)
{
  Watch *self = (Watch *) watch;

  self->condition = condition;
  self->thread = g_thread_self ();
  g_atomic_int_inc (&self->n_calls);
  if (self->action != NULL)
    self->action (self);
}

static inline void
watch_init (Watch        *self,
            GProcPoller  *poller,
            int           fd,
            GIOCondition  events)
{
  *self = (Watch){ 0 };
  self->poller = poller;
  self->fd = fd;
  self->events = events;
  _gproc_watch_init (&self->watch, on_watch);
}

static inline void
watch_arm (Watch *self)
{
  _gproc_watch_arm (&self->watch, self->poller, self->fd, self->events);
}

static inline void
watch_wait (Watch *self,
            int    n_calls)
{
  gproc_test_wait_for (g_atomic_int_get (&self->n_calls) >= n_calls);
}

static inline void
finish (Watch *self,
        int    fds[2])
{
  _gproc_watch_clear (&self->watch);
  _gproc_poller_release (self->poller);
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}
