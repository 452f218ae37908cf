/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include <sys/resource.h>

#include "loop/gproc-poller-private.h"
#include "streams/gproc-write-queue-private.h"

G_BEGIN_DECLS

/* A child of ours and how it ended. Refcounted, safe in every thread. The worker
 * reaps it; anyone who asks earlier reaps it earlier. */

typedef struct _GProcChild GProcChild;

/* Takes @pidfd (−1: there is none, the fallback is used). Watched from now on. */
GProcChild *_gproc_child_new (int      pid,
                              int      pidfd,
                              gboolean leads_group);
GProcChild *_gproc_child_ref (GProcChild *self);
void _gproc_child_unref (GProcChild *self);

int _gproc_child_get_pid (GProcChild *self);
/* Borrowed, valid as long as the child object; −1 without pidfds. */
int _gproc_child_get_pidfd (GProcChild *self);
gboolean _gproc_child_leads_group (GProcChild *self);

/* Whether the process is over; reaps it if it is and nobody did. Never blocks. */
gboolean _gproc_child_poll (GProcChild *self);

/* After the end: exit status, −N for signal N, or GPROC_RETURNCODE_NONE if somebody
 * else took the status. */
int _gproc_child_get_returncode (GProcChild *self);
/* As waitpid () gives it; −1 while unknown. */
int _gproc_child_get_status (GProcChild *self);
/* FALSE while unknown. */
gboolean _gproc_child_get_rusage (GProcChild    *self,
                                  struct rusage *usage);
/* Monotonic time in µs of the spawn and of the moment when the end was noticed. */
gint64 _gproc_child_get_start_time (GProcChild *self);
gint64 _gproc_child_get_end_time (GProcChild *self);

gboolean _gproc_child_wait (GProcChild       *self,
                            GProcWriteQueue  *queue,
                            gint64            deadline,
                            GCancellable     *cancellable,
                            GError          **error);

/* Takes @task, and returns TRUE with it in its context when the child is over, or
 * the error of its cancellable. */
void _gproc_child_wait_task (GProcChild *self,
                             GTask      *task);

/* Posts @watch to @poller when the child is over, at once if it is. There is one
 * listener at a time; with NULL there is none any more, and TRUE means that @watch
 * was not posted, nor will be. A listener costs the context of its poller nothing. */
gboolean _gproc_child_set_listener (GProcChild  *self,
                                    GProcWatch  *watch,
                                    GProcPoller *poller);

gboolean _gproc_child_send_signal (GProcChild  *self,
                                   int          signum,
                                   gboolean     to_group,
                                   GError     **error);

/* TERM now, KILL after @grace_ms, by the worker: to the group if the child leads
 * one. The group is killed before its leader is reaped. */
void _gproc_child_stop (GProcChild *self,
                        guint       grace_ms);

/* Stops the child after @timeout_ms and remembers that. */
void _gproc_child_set_timeout (GProcChild *self,
                               guint       timeout_ms,
                               guint       grace_ms);
gboolean _gproc_child_get_timed_out (GProcChild *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GProcChild, _gproc_child_unref)

G_END_DECLS
