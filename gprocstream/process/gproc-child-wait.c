/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-child-internal-private.h"
#include "streams/gproc-block-private.h"

#include <errno.h>
#include <poll.h>
#include <sys/wait.h>

/* How often a process is asked about that tells nobody of its end: soon at first, as
 * most are short-lived. */
#define FIRST_INTERVAL_US 500
#define LAST_INTERVAL_US 20000

/* A task that waits. It is completed once, by whichever comes first, the end of the
 * child or the cancellation: always from a source in the context of the task, and
 * never with a lock held that a callback could want. */
typedef struct
{
  gatomicrefcount ref_count;
  GProcChild *child;
  GTask *task;

  /* Guarded by the lock of the child. */
  gboolean completing;
  gboolean disconnected;
  gulong handler;
  GError *error;
} GProcChildWaiter;

static void
waiter_unref (gpointer user_data)
{
  GProcChildWaiter *waiter = user_data;

  if (!g_atomic_ref_count_dec (&waiter->ref_count))
    return;

  g_clear_object (&waiter->task);
  g_clear_error (&waiter->error);
  _gproc_child_unref (waiter->child);
  g_free (waiter);
}

static GProcChildWaiter *
waiter_ref (GProcChildWaiter *waiter)
{
  g_atomic_ref_count_inc (&waiter->ref_count);

  return waiter;
}

/* Unlike g_cancellable_disconnect () this does not wait for a handler that runs in
 * another thread: it holds a reference of its own. */
static void
waiter_disconnect (GProcChildWaiter *waiter,
                   gulong            handler)
{
  if (handler != 0)
    g_signal_handler_disconnect (g_task_get_cancellable (waiter->task), handler);
}

static gboolean
waiter_return (gpointer user_data)
{
  GProcChildWaiter *waiter = user_data;
  g_autoptr (GTask) task = NULL;
  gulong handler;

  g_mutex_lock (&waiter->child->lock);
  handler = waiter->handler;
  waiter->handler = 0;
  waiter->disconnected = TRUE;
  _gproc_child_unlock (waiter->child);

  waiter_disconnect (waiter, handler);

  task = g_steal_pointer (&waiter->task);
  if (waiter->error != NULL)
    g_task_return_error (task, g_steal_pointer (&waiter->error));
  else
    g_task_return_boolean (task, TRUE);

  return G_SOURCE_REMOVE;
}

/* Takes a reference. Once the source is attached it may run, and be the last to hold
 * the waiter, the task and with it the context; a source looks at its context when it
 * is let go of. */
static void
waiter_complete (GProcChildWaiter *waiter)
{
  g_autoptr (GMainContext) context = g_main_context_ref (g_task_get_context (waiter->task));
  GSource *source = g_idle_source_new ();

  g_source_set_priority (source, g_task_get_priority (waiter->task));
  g_source_set_static_name (source, "gproc-child-wait");
  g_source_set_callback (source, waiter_return, waiter, waiter_unref);
  g_source_attach (source, context);
  g_source_unref (source);
}

void
_gproc_child_complete_waiters (GQueue *waiters)
{
  GProcChildWaiter *waiter;

  while ((waiter = g_queue_pop_head (waiters)) != NULL)
    waiter_complete (waiter);
}

static void
waiter_cancelled (GCancellable *cancellable,
                  gpointer      user_data)
{
  GProcChildWaiter *waiter = user_data;
  GProcChild *child = waiter->child;
  gboolean won = FALSE;

  g_mutex_lock (&child->lock);
  if (!waiter->completing && g_queue_remove (&child->waiters, waiter))
    {
      waiter->completing = won = TRUE;
      g_cancellable_set_error_if_cancelled (cancellable, &waiter->error);
    }
  _gproc_child_unlock (child);

  if (won)
    waiter_complete (waiter);
}

void
_gproc_child_wait_task (GProcChild *self,
                        GTask      *task)
{
  g_autoptr (GCancellable) cancellable = NULL;
  GProcChildWaiter *waiter = g_new0 (GProcChildWaiter, 1);
  gulong handler;

  g_atomic_ref_count_init (&waiter->ref_count);
  waiter->child = _gproc_child_ref (self);
  waiter->task = task;
  g_set_object (&cancellable, g_task_get_cancellable (task));

  if (_gproc_child_is_foreign (self))
    {
      waiter_complete (waiter);
      return;
    }

  /* Whoever removes it from the queue completes it, and owns the reference. */
  waiter_ref (waiter);
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->waiters, waiter);
  (void) _gproc_child_poll_locked (self);
  _gproc_child_unlock (self);

  if (cancellable != NULL)
    {
      handler = g_cancellable_connect (cancellable, G_CALLBACK (waiter_cancelled),
                                       waiter_ref (waiter), waiter_unref);

      g_mutex_lock (&self->lock);
      if (!waiter->disconnected)
        {
          waiter->handler = handler;
          handler = 0;
        }
      _gproc_child_unlock (self);

      if (handler != 0)
        g_signal_handler_disconnect (cancellable, handler);
    }
  waiter_unref (waiter);
}

/* Blocks in the kernel, which is possible where nothing else has to happen meanwhile.
 * The zombie stays until every thread that does this has returned. */
static void
block_in_kernel (GProcChild *self)
{
  siginfo_t info;

  _gproc_child_block_begin (self);
  if (!_gproc_child_poll (self))
    {
      while (waitid (P_PID, (id_t) self->pid, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR)
        ;
    }
  _gproc_child_block_end (self);
}

/* Waits for a moment that grows from call to call. */
static void
block_for_interval (gint64           *interval,
                    GProcWriteQueue  *queue,
                    gint64            deadline,
                    GCancellable     *cancellable,
                    GError          **error)
{
  gint64 until = g_get_monotonic_time () + *interval;

  *interval = MIN (*interval * 2, LAST_INTERVAL_US);
  if (deadline >= 0)
    until = MIN (until, deadline);

  (void) _gproc_block (-1, 0, queue, until, cancellable, error);
}

static gboolean
pidfd_is_ready (GProcChild *self)
{
  struct pollfd poll_fd = { .fd = self->pidfd, .events = POLLIN };

  return poll (&poll_fd, 1, 0) > 0;
}

gboolean
_gproc_child_wait (GProcChild       *self,
                   GProcWriteQueue  *queue,
                   gint64            deadline,
                   GCancellable     *cancellable,
                   GError          **error)
{
  gint64 interval = FIRST_INTERVAL_US;

  while (!_gproc_child_poll (self))
    {
      g_autoptr (GError) local_error = NULL;
      gboolean idle = _gproc_write_queue_push_all_or_wait (queue);

      if (deadline >= 0 && g_get_monotonic_time () >= deadline)
        return FALSE;

      if (self->pidfd < 0 && idle && deadline < 0 && cancellable == NULL)
        block_in_kernel (self);
      /* While a debugger holds the process, its pidfd is ready before its status is. */
      else if (self->pidfd < 0 || pidfd_is_ready (self))
        block_for_interval (&interval, idle ? NULL : queue, deadline, cancellable, &local_error);
      else
        (void) _gproc_block (self->pidfd, G_IO_IN, idle ? NULL : queue, deadline, cancellable,
                             &local_error);

      if (local_error != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
    }

  return TRUE;
}
