/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-child-internal-private.h"
#include "process/gproc-worker-private.h"

#include <signal.h>
#include <unistd.h>

/* Ending a child: a polite signal, and after a grace one that cannot be refused. The
 * worker keeps the time, so that a blocked application loop delays nothing. */

static void
child_unref_cb (gpointer user_data)
{
  _gproc_child_unref (user_data);
}

static void
drop_timer (GSource **timer)
{
  if (*timer != NULL)
    {
      g_source_destroy (*timer);
      g_clear_pointer (timer, g_source_unref);
    }
}

/* Sends a signal to all that has to end. A process may leave the group that it led, which
 * then is empty or goes on without it: so it is looked for there, and what cannot be
 * refused goes to the process in any case. As long as it is not reaped, its id and that
 * of the group belong to nobody else. */
static void
end_locked (GProcChild *self,
            int         signum)
{
  gboolean is_reached = self->leads_group && _gproc_child_kill_locked (self, signum, TRUE) == 0;

  if (!is_reached || signum == SIGKILL || getpgid (self->pid) != self->pid)
    (void) _gproc_child_kill_locked (self, signum, FALSE);
}

static gboolean
kill_due (gpointer user_data)
{
  GProcChild *self = user_data;

  g_mutex_lock (&self->lock);
  if (!_gproc_child_poll_locked (self))
    end_locked (self, SIGKILL);
  _gproc_child_unlock (self);

  return G_SOURCE_REMOVE;
}

/* A later stop may bring the end nearer, never put it off. Without a grace there is no
 * polite signal. */
static void
stop_locked (GProcChild *self,
             guint       grace_ms)
{
  gint64 kill_time = g_get_monotonic_time () + (gint64) grace_ms * 1000;

  if (!self->ending)
    {
      self->ending = TRUE;
      if (grace_ms > 0)
        end_locked (self, SIGTERM);
    }
  else if (kill_time >= self->kill_time)
    {
      return;
    }

  self->kill_time = kill_time;
  drop_timer (&self->kill_timer);

  if (grace_ms == 0)
    end_locked (self, SIGKILL);
  else
    self->kill_timer = _gproc_worker_add_timer (grace_ms, kill_due, _gproc_child_ref (self),
                                                child_unref_cb);
}

void
_gproc_child_stop (GProcChild *self,
                   guint       grace_ms)
{
  if (_gproc_child_is_foreign (self))
    return;

  g_mutex_lock (&self->lock);
  if (!_gproc_child_poll_locked (self))
    stop_locked (self, grace_ms);
  _gproc_child_unlock (self);
}

static gboolean
timeout_due (gpointer user_data)
{
  GProcChild *self = user_data;

  g_mutex_lock (&self->lock);
  if (!_gproc_child_poll_locked (self))
    {
      /* What was stopped before ends because of that, if perhaps sooner now. */
      if (!self->ending)
        g_atomic_int_set (&self->timed_out, TRUE);
      stop_locked (self, self->timeout_grace_ms);
    }
  _gproc_child_unlock (self);

  return G_SOURCE_REMOVE;
}

void
_gproc_child_set_timeout (GProcChild *self,
                          guint       timeout_ms,
                          guint       grace_ms)
{
  if (_gproc_child_is_foreign (self))
    return;

  g_mutex_lock (&self->lock);
  drop_timer (&self->timeout_timer);
  self->timeout_grace_ms = grace_ms;
  if (timeout_ms > 0 && !_gproc_child_poll_locked (self))
    self->timeout_timer = _gproc_worker_add_timer (timeout_ms, timeout_due, _gproc_child_ref (self),
                                                   child_unref_cb);
  _gproc_child_unlock (self);
}

gboolean
_gproc_child_get_timed_out (GProcChild *self)
{
  return g_atomic_int_get (&self->timed_out);
}
