/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "loop/gproc-poller-private.h"
#include "process/gproc-child-private.h"

G_BEGIN_DECLS

/* What the files of GProcChild share.
 *
 * A process id means this child exactly as long as nobody has reaped it. It is
 * reaped under the lock, and signals are sent under the lock. */
struct _GProcChild
{
  gatomicrefcount ref_count;

  /* In another process, after a fork, the child is nobody's business: its lock may
   * be held for ever there, and its descriptor may be another's. */
  guint fork_generation;

  int pid;
  int pidfd; /* −1: the process is asked about by its id. */
  gboolean leads_group;
  gint64 start_time;

  GMutex lock;

  /* Atomic, set once, under the lock, after the fields that follow it. */
  int over;
  int status; /* −1: nobody knows. */
  int returncode;
  gboolean has_usage;
  struct rusage usage;
  gint64 end_time;

  int timed_out; /* Atomic, set before the signal is sent. */

  /* Guarded by the lock. */
  gboolean ending;  /* A signal to end it was sent by us: its group goes too. */
  gint64 kill_time; /* When KILL is due, while there is a kill timer. */
  GSource *kill_timer;
  GSource *timeout_timer;
  guint timeout_grace_ms;
  GQueue waiters;       /* Of GProcChildWaiter. */
  GProcWatch *listener; /* Borrowed, as is its poller. */
  GProcPoller *listener_poller;
  guint n_blocked; /* Threads in waitid (): the id must stay valid for them. */
  gboolean reaped; /* The zombie is gone. */

  GProcWatch watch; /* Holds a reference while the worker watches the child. */
};

gboolean _gproc_child_is_foreign (GProcChild *self);

/* Looks whether the child is over, with the lock held. TRUE if it is. */
gboolean _gproc_child_poll_locked (GProcChild *self);

/* Releases the lock. If the child is over by now, does what that entails. */
void _gproc_child_unlock (GProcChild *self);

/* Sends a signal with the lock held to a child that was just polled and is not over.
 * Returns 0 or an errno. */
int _gproc_child_kill_locked (GProcChild *self,
                              int         signum,
                              gboolean    to_group);

/* A thread is about to wait for the process by its id, or did. */
void _gproc_child_block_begin (GProcChild *self);
void _gproc_child_block_end (GProcChild *self);

/* Completes those who wait, with the lock not held, once the child is over. */
void _gproc_child_complete_waiters (GQueue *waiters);

/* Has the worker notice the end of the child. */
void _gproc_reaper_watch (GProcChild *self);

/* The end was noticed: the worker need not any more. */
void _gproc_reaper_unwatch (GProcChild *self);

G_END_DECLS
