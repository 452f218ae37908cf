/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-child-internal-private.h"
#include "process/gproc-worker-private.h"

/* How the worker notices the end of children: by their pidfds, through one epoll for
 * all of them. Without pidfds it asks, which costs a system call for each child each
 * time: often while children end, then ever more seldom. */
#define FIRST_INTERVAL_MS 1
#define LAST_INTERVAL_MS 50

/* A pidfd is ready before there is a status while a debugger holds the process. */
#define RETRY_MS 10

/* Belongs to the worker's thread. After a fork there is another worker, which starts
 * anew. */
static struct
{
  guint fork_generation;
  GPtrArray *children;
  guint interval_ms;
  gboolean is_scheduled;
} asked;

static void schedule_asking (void);

static gboolean
ask (gpointer user_data)
{
  guint n_over = 0;

  asked.is_scheduled = FALSE;

  for (guint i = 0; i < asked.children->len;)
    {
      if (_gproc_child_poll (g_ptr_array_index (asked.children, i)))
        {
          g_ptr_array_remove_index_fast (asked.children, i);
          n_over++;
        }
      else
        {
          i++;
        }
    }

  asked.interval_ms = n_over > 0 ? FIRST_INTERVAL_MS
                                 : MIN (asked.interval_ms * 2, LAST_INTERVAL_MS);
  schedule_asking ();

  return G_SOURCE_REMOVE;
}

static void
schedule_asking (void)
{
  if (asked.is_scheduled || asked.children->len == 0)
    return;

  asked.is_scheduled = TRUE;
  _gproc_worker_call (asked.interval_ms, ask, NULL, NULL);
}

/* Takes the reference. */
static gboolean
add_asked (gpointer user_data)
{
  if (asked.children == NULL || asked.fork_generation != _gproc_fork_generation ())
    {
      asked.fork_generation = _gproc_fork_generation ();
      asked.children = g_ptr_array_new_with_free_func ((GDestroyNotify) _gproc_child_unref);
      asked.is_scheduled = FALSE;
    }

  g_ptr_array_add (asked.children, user_data);
  asked.interval_ms = FIRST_INTERVAL_MS;
  schedule_asking ();

  return G_SOURCE_REMOVE;
}

static void
arm (GProcChild *self)
{
  _gproc_watch_arm (&self->watch, _gproc_worker_get_poller (), self->pidfd, G_IO_IN);
}

static gboolean
retry (gpointer user_data)
{
  arm (user_data);

  return G_SOURCE_REMOVE;
}

static void
pidfd_ready (GProcWatch   *watch,
             GIOCondition  condition)
{
  GProcChild *self = (GProcChild *) (gpointer) ((char *) watch -
                                                G_STRUCT_OFFSET (GProcChild, watch));

  if (!_gproc_child_poll (self))
    {
      _gproc_worker_call (RETRY_MS, retry, self, NULL);
      return;
    }

  /* Whoever noticed the end has done this, but perhaps before the wait began. */
  (void) _gproc_watch_clear (watch);
  _gproc_child_unref (self);
}

void
_gproc_reaper_watch (GProcChild *self)
{
  _gproc_watch_init (&self->watch, pidfd_ready);

  if (self->pidfd >= 0)
    {
      _gproc_child_ref (self);
      arm (self);
    }
  else
    {
      _gproc_worker_call (0, add_asked, _gproc_child_ref (self), NULL);
    }
}

void
_gproc_reaper_unwatch (GProcChild *self)
{
  /* The one who takes back the call has its reference. */
  if (self->pidfd >= 0 && _gproc_watch_clear (&self->watch))
    _gproc_child_unref (self);
}
