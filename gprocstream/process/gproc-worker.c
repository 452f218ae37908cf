/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-worker-private.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* There is one for each process, so a new one after a fork: what the old one held
 * is left alone there, as the thread it belonged to does not exist. */
typedef struct
{
  guint generation;
  GMainContext *context;
  GProcPoller *poller;
  int started; /* Whether the thread exists. Atomic. */
} GProcWorker;

typedef struct
{
  void (*func) (gpointer user_data);
  gpointer user_data;
  GMutex lock;
  GCond cond;
  gboolean returned; /* Guarded by the lock. */
} GProcWorkerCall;

/* Set without a lock: a lock that another thread held at a fork stays held in the
 * child. */
static GProcWorker *current_worker;

static gpointer
worker_run (gpointer user_data)
{
  GProcWorker *worker = user_data;

  g_main_context_push_thread_default (worker->context);

  for (;;)
    g_main_context_iteration (worker->context, TRUE);

  return NULL;
}

static void
worker_free (GProcWorker *worker)
{
  _gproc_poller_release (worker->poller);
  g_main_context_unref (worker->context);
  g_free (worker);
}

int
_gproc_find_descriptors (guint n_descriptors)
{
  int fd = eventfd (0, EFD_CLOEXEC);
  int result = 0;

  if (fd < 0)
    return errno;

  if (n_descriptors > 1)
    result = _gproc_find_descriptors (n_descriptors - 1);
  close (fd);

  return result;
}

static int
worker_get (GProcWorker **worker)
{
  GProcWorker *found = g_atomic_pointer_get (&current_worker);
  GProcWorker *made;
  int result;

  while (found == NULL || found->generation != _gproc_fork_generation ())
    {
      result = _gproc_find_descriptors (GPROC_CONTEXT_DESCRIPTORS);
      if (result != 0)
        return result;

      made = g_new0 (GProcWorker, 1);
      made->generation = _gproc_fork_generation ();
      made->context = g_main_context_new ();
      made->poller = _gproc_poller_acquire (made->context, G_PRIORITY_DEFAULT);

      if (!g_atomic_pointer_compare_and_exchange (&current_worker, found, made))
        worker_free (made);

      found = g_atomic_pointer_get (&current_worker);
    }

  *worker = found;

  return 0;
}

static int
worker_start_thread (GProcWorker *worker)
{
  g_autoptr (GError) error = NULL;
  sigset_t all, before;
  GThread *thread;

  if (!g_atomic_int_compare_and_exchange (&worker->started, FALSE, TRUE))
    return 0;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  thread = g_thread_try_new ("gproc-worker", worker_run, worker, &error);
  pthread_sigmask (SIG_SETMASK, &before, NULL);

  if (thread == NULL)
    {
      g_atomic_int_set (&worker->started, FALSE);
      return EAGAIN;
    }
  g_thread_unref (thread);

  return 0;
}

int
_gproc_worker_start (void)
{
  GProcWorker *worker;
  int result = worker_get (&worker);

  return result != 0 ? result : worker_start_thread (worker);
}

static GProcWorker *
worker_require (void)
{
  GProcWorker *worker;
  int result = worker_get (&worker);

  if (result != 0)
    g_error ("The worker of the library cannot be started: %s", g_strerror (result));

  /* What is asked of a worker without a thread is done once it has one. */
  (void) worker_start_thread (worker);

  return worker;
}

GMainContext *
_gproc_worker_get_context (void)
{
  return worker_require ()->context;
}

GProcPoller *
_gproc_worker_get_poller (void)
{
  return worker_require ()->poller;
}

GSource *
_gproc_worker_add_timer (guint          delay_ms,
                         GSourceFunc    func,
                         gpointer       user_data,
                         GDestroyNotify destroy)
{
  GSource *source = delay_ms > 0 ? g_timeout_source_new (delay_ms) : g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "gproc-worker-call");
  g_source_set_callback (source, func, user_data, destroy);
  g_source_attach (source, _gproc_worker_get_context ());

  return source;
}

void
_gproc_worker_call (guint          delay_ms,
                    GSourceFunc    func,
                    gpointer       user_data,
                    GDestroyNotify destroy)
{
  g_source_unref (_gproc_worker_add_timer (delay_ms, func, user_data, destroy));
}

static gboolean
call_and_signal (gpointer user_data)
{
  GProcWorkerCall *call = user_data;

  call->func (call->user_data);

  g_mutex_lock (&call->lock);
  call->returned = TRUE;
  g_cond_signal (&call->cond);
  g_mutex_unlock (&call->lock);

  return G_SOURCE_REMOVE;
}

void
_gproc_worker_call_and_wait (void (*func) (gpointer user_data), gpointer user_data)
{
  GProcWorkerCall call = { .func = func, .user_data = user_data };

  if (g_main_context_is_owner (_gproc_worker_get_context ()))
    {
      func (user_data);
      return;
    }

  g_mutex_init (&call.lock);
  g_cond_init (&call.cond);

  _gproc_worker_call (0, call_and_signal, &call, NULL);

  g_mutex_lock (&call.lock);
  while (!call.returned)
    g_cond_wait (&call.cond, &call.lock);
  g_mutex_unlock (&call.lock);

  g_mutex_clear (&call.lock);
  g_cond_clear (&call.cond);
}
