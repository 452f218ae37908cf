/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/gproc-enums.h"
#include "process/gproc-child-internal-private.h"

#include <glib/gi18n-lib.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

/* P_PIDFD, which older C libraries do not have in their enumeration. */
#define ID_IS_PIDFD 3

GProcChild *
_gproc_child_new (int      pid,
                  int      pidfd,
                  gboolean leads_group)
{
  GProcChild *self = g_new0 (GProcChild, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->fork_generation = _gproc_fork_generation ();
  self->pid = pid;
  self->pidfd = pidfd;
  self->leads_group = leads_group;
  self->start_time = g_get_monotonic_time ();
  self->status = -1;
  self->returncode = GPROC_RETURNCODE_NONE;
  g_mutex_init (&self->lock);
  g_queue_init (&self->waiters);

  _gproc_reaper_watch (self);

  return self;
}

GProcChild *
_gproc_child_ref (GProcChild *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
_gproc_child_unref (GProcChild *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_assert (self->waiters.length == 0);

  if (!_gproc_child_is_foreign (self))
    {
      if (self->pidfd >= 0)
        close (self->pidfd);
      g_mutex_clear (&self->lock);
    }
  g_free (self);
}

gboolean
_gproc_child_is_foreign (GProcChild *self)
{
  return self->fork_generation != _gproc_fork_generation ();
}

int
_gproc_child_get_pid (GProcChild *self)
{
  return self->pid;
}

int
_gproc_child_get_pidfd (GProcChild *self)
{
  return self->pidfd;
}

gboolean
_gproc_child_leads_group (GProcChild *self)
{
  return self->leads_group;
}

static int
status_of (const siginfo_t *info)
{
  if (info->si_code == CLD_EXITED)
    return (info->si_status & 0xff) << 8;

  return (info->si_status & 0x7f) | (info->si_code == CLD_DUMPED ? 0x80 : 0);
}

/* waitid (), which never blocks and says what the process has used. Returns 0 or an
 * errno. */
static int
wait_for_child (GProcChild    *self,
                siginfo_t     *info,
                int            options,
                struct rusage *usage)
{
  /* What the kernel writes has long integers, whatever the C library uses for time. */
  struct
  {
    long user[2], system[2], max_resident, rest[13];
  } used = { 0 };
  gboolean by_pidfd = self->pidfd >= 0;
  int result;

  memset (info, 0, sizeof *info);
  options |= WEXITED | WNOHANG;

  result = (int) syscall (SYS_waitid, by_pidfd ? ID_IS_PIDFD : P_PID,
                          by_pidfd ? self->pidfd : self->pid, info, options, &used);
  /* There are kernels that have pidfds and cannot wait for them. */
  if (result != 0 && errno == EINVAL)
    result = (int) syscall (SYS_waitid, P_PID, self->pid, info, options, &used);

  usage->ru_utime.tv_sec = used.user[0];
  usage->ru_utime.tv_usec = used.user[1];
  usage->ru_stime.tv_sec = used.system[0];
  usage->ru_stime.tv_usec = used.system[1];
  usage->ru_maxrss = used.max_resident;

  return result == 0 ? 0 : errno;
}

/* The zombie is what keeps the process id, and with it the id of the group. */
static void
reap_locked (GProcChild *self)
{
  siginfo_t info;
  struct rusage usage;

  if (self->reaped || self->n_blocked > 0)
    return;

  if (self->ending && self->leads_group)
    (void) kill (-self->pid, SIGKILL);
  (void) wait_for_child (self, &info, 0, &usage);
  self->reaped = TRUE;
}

static void
set_over_locked (GProcChild *self)
{
  self->end_time = g_get_monotonic_time ();
  g_atomic_int_set (&self->over, TRUE);
}

gboolean
_gproc_child_poll_locked (GProcChild *self)
{
  siginfo_t info;
  gboolean keep;
  int result;

  if (g_atomic_int_get (&self->over))
    {
      reap_locked (self);
      return TRUE;
    }

  /* The group of a child that we end has to be killed before the child is reaped,
   * and a thread that waits for the id relies on it. */
  keep = (self->ending && self->leads_group) || self->n_blocked > 0;
  result = wait_for_child (self, &info, keep ? WNOWAIT : 0, &self->usage);

  if (result == 0 && info.si_pid == 0)
    return FALSE;

  if (result == 0)
    {
      self->status = status_of (&info);
      self->returncode = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
      self->has_usage = TRUE;
      self->reaped = !keep;
      reap_locked (self);
    }
  else
    {
      /* Somebody else took the status, or the application ignores SIGCHLD and the
       * kernel threw it away. */
      self->reaped = TRUE;
    }
  set_over_locked (self);

  return TRUE;
}

void
_gproc_child_unlock (GProcChild *self)
{
  GQueue waiters = G_QUEUE_INIT;
  GSource *timers[2] = { NULL, NULL };
  gboolean over = g_atomic_int_get (&self->over);

  if (over)
    {
      waiters = self->waiters;
      g_queue_init (&self->waiters);
      timers[0] = g_steal_pointer (&self->kill_timer);
      timers[1] = g_steal_pointer (&self->timeout_timer);
      if (self->listener != NULL)
        _gproc_watch_post (g_steal_pointer (&self->listener), self->listener_poller);
    }
  g_mutex_unlock (&self->lock);

  if (!over)
    return;

  for (guint i = 0; i < G_N_ELEMENTS (timers); i++)
    {
      if (timers[i] != NULL)
        {
          g_source_destroy (timers[i]);
          g_source_unref (timers[i]);
        }
    }

  _gproc_reaper_unwatch (self);
  _gproc_child_complete_waiters (&waiters);
}

gboolean
_gproc_child_poll (GProcChild *self)
{
  gboolean result;

  if (g_atomic_int_get (&self->over) || _gproc_child_is_foreign (self))
    return TRUE;

  g_mutex_lock (&self->lock);
  result = _gproc_child_poll_locked (self);
  _gproc_child_unlock (self);

  return result;
}

gboolean
_gproc_child_set_listener (GProcChild  *self,
                           GProcWatch  *watch,
                           GProcPoller *poller)
{
  gboolean had_listener;

  /* In another process, after a fork, nobody says anything of the child: no lock is
   * needed, and it may be held for ever there. What was posted before the fork is the
   * caller's to clear. */
  if (_gproc_child_is_foreign (self))
    {
      had_listener = self->listener != NULL;
      self->listener = NULL;
      return had_listener;
    }

  g_mutex_lock (&self->lock);
  had_listener = self->listener != NULL;
  self->listener = watch;
  self->listener_poller = poller;
  if (watch != NULL)
    (void) _gproc_child_poll_locked (self);
  _gproc_child_unlock (self);

  return had_listener;
}

void
_gproc_child_block_begin (GProcChild *self)
{
  g_mutex_lock (&self->lock);
  self->n_blocked++;
  _gproc_child_unlock (self);
}

void
_gproc_child_block_end (GProcChild *self)
{
  g_mutex_lock (&self->lock);
  self->n_blocked--;
  (void) _gproc_child_poll_locked (self);
  _gproc_child_unlock (self);
}

int
_gproc_child_get_returncode (GProcChild *self)
{
  return g_atomic_int_get (&self->over) ? self->returncode : GPROC_RETURNCODE_NONE;
}

int
_gproc_child_get_status (GProcChild *self)
{
  return g_atomic_int_get (&self->over) ? self->status : -1;
}

gboolean
_gproc_child_get_rusage (GProcChild    *self,
                         struct rusage *usage)
{
  if (!g_atomic_int_get (&self->over) || !self->has_usage)
    return FALSE;

  *usage = self->usage;

  return TRUE;
}

gint64
_gproc_child_get_start_time (GProcChild *self)
{
  return self->start_time;
}

gint64
_gproc_child_get_end_time (GProcChild *self)
{
  return g_atomic_int_get (&self->over) ? self->end_time : -1;
}

int
_gproc_child_kill_locked (GProcChild *self,
                          int         signum,
                          gboolean    to_group)
{
  static int is_missing; /* Atomic: there are pidfds and no signals by them. */

  if (to_group)
    return kill (-self->pid, signum) == 0 ? 0 : errno;

  if (self->pidfd >= 0 && !g_atomic_int_get (&is_missing))
    {
      if (syscall (SYS_pidfd_send_signal, self->pidfd, signum, NULL, 0) == 0)
        return 0;
      if (errno != ENOSYS)
        return errno;
      g_atomic_int_set (&is_missing, TRUE);
    }

  return kill (self->pid, signum) == 0 ? 0 : errno;
}

gboolean
_gproc_child_send_signal (GProcChild  *self,
                          int          signum,
                          gboolean     to_group,
                          GError     **error)
{
  int errsv = ESRCH;

  if (to_group && !self->leads_group)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   _ ("Signal %d was not sent: process %d does not lead a group"), signum,
                   self->pid);
      return FALSE;
    }

  if (!_gproc_child_is_foreign (self))
    {
      g_mutex_lock (&self->lock);
      if (!_gproc_child_poll_locked (self))
        errsv = _gproc_child_kill_locked (self, signum, to_group);
      _gproc_child_unlock (self);
    }

  if (errsv == 0)
    return TRUE;

  if (errsv == ESRCH)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 _ ("Signal %d was not sent: process %d has ended"), signum, self->pid);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv),
                 _ ("Signal %d was not sent to process %d: %s"), signum, self->pid,
                 g_strerror (errsv));

  return FALSE;
}
