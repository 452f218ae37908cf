/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "loop/gproc-poller-internal-private.h"

#include <string.h>

void
_gproc_watch_init (GProcWatch     *watch,
                   GProcWatchFunc  func)
{
  memset (watch, 0, sizeof *watch);
  watch->func = func;
  watch->fd = -1;
}

/* Takes @watch off its poller; returns that poller, to be released without the lock. */
static GProcPoller *
watch_detach (GProcWatch *watch)
{
  GProcPoller *poller = watch->poller;
  GProcPollerEntry *entry = watch->entry;

  if (poller == NULL)
    return NULL;

  _gproc_watch_list_remove (watch);
  if (entry != NULL)
    {
      _gproc_poller_unlink_watch (entry, watch);
      _gproc_poller_drop_entry_if_unused (poller, entry);
    }
  watch->waiting = FALSE;
  watch->fired = 0;
  watch->poller = NULL;

  return poller;
}

static GProcPollerEntry *
poller_ensure_entry (GProcPoller *poller,
                     int          fd)
{
  GProcPollerEntry *entry = g_hash_table_lookup (poller->entries, GINT_TO_POINTER (fd));

  if (entry == NULL)
    {
      entry = g_new0 (GProcPollerEntry, 1);
      entry->fd = fd;
      entry->generation = ++poller->next_generation;
      g_hash_table_insert (poller->entries, GINT_TO_POINTER (fd), entry);
    }

  return entry;
}

void
_gproc_watch_arm (GProcWatch   *watch,
                  GProcPoller  *poller,
                  int           fd,
                  GIOCondition  events)
{
  GProcPoller *previous = NULL;

  _gproc_loop_lock ();
  if (watch->poller != poller || watch->fd != fd || watch->events != events)
    {
      previous = watch_detach (watch);
      watch->poller = _gproc_poller_ref (poller);
      watch->fd = fd;
      watch->events = events;
      watch->entry = poller_ensure_entry (poller, fd);
      watch->next = watch->entry->watches;
      watch->entry->watches = watch;
      _gproc_poller_update_entry (poller, watch->entry);
    }

  watch->waiting = TRUE;
  if (watch->entry->always_ready)
    {
      watch->fired |= events;
      _gproc_watch_list_push (&poller->later, watch);
      _gproc_poller_wake (poller);
    }
  _gproc_loop_unlock ();

  if (previous != NULL)
    _gproc_poller_release (previous);
}

gboolean
_gproc_watch_rearm (GProcWatch   *watch,
                    GProcPoller  *poller,
                    int           fd,
                    GIOCondition  events)
{
  gboolean registered;

  _gproc_loop_lock ();
  registered = watch->poller == poller && watch->fd == fd && watch->events == events &&
               !watch->entry->always_ready;
  if (registered)
    watch->waiting = TRUE;
  _gproc_loop_unlock ();

  return registered;
}

/* Makes @watch wait with @poller, whatever descriptor it may be registered for there, or
 * puts it on @list of that poller. */
static void
watch_attach (GProcWatch     *watch,
              GProcPoller    *poller,
              GProcWatchList *list)
{
  GProcPoller *previous = NULL;

  _gproc_loop_lock ();
  if (watch->poller != poller)
    {
      previous = watch_detach (watch);
      watch->poller = _gproc_poller_ref (poller);
    }
  watch->waiting = TRUE;
  if (list != NULL)
    {
      _gproc_watch_list_push (list, watch);
      _gproc_poller_wake (poller);
    }
  _gproc_loop_unlock ();

  if (previous != NULL)
    _gproc_poller_release (previous);
}

void
_gproc_watch_post (GProcWatch  *watch,
                   GProcPoller *poller)
{
  watch_attach (watch, poller, &poller->later);
}

void
_gproc_watch_post_soon (GProcWatch  *watch,
                        GProcPoller *poller)
{
  watch_attach (watch, poller, &poller->ready);
}

void
_gproc_watch_hold (GProcWatch  *watch,
                   GProcPoller *poller)
{
  watch_attach (watch, poller, NULL);
}

void
_gproc_watch_wake (GProcWatch *watch)
{
  _gproc_loop_lock ();
  if (watch->waiting && watch->list == NULL)
    {
      _gproc_watch_list_push (&watch->poller->later, watch);
      _gproc_poller_wake (watch->poller);
    }
  _gproc_loop_unlock ();
}

gboolean
_gproc_watch_disarm (GProcWatch *watch)
{
  GProcPoller *previous = NULL;
  gboolean waiting;

  _gproc_loop_lock ();
  waiting = watch->waiting;
  if (waiting)
    {
      _gproc_watch_list_remove (watch);
      watch->waiting = FALSE;
      watch->fired = 0;
      if (watch->fd < 0)
        previous = g_steal_pointer (&watch->poller);
    }
  _gproc_loop_unlock ();

  if (previous != NULL)
    _gproc_poller_release (previous);

  return waiting;
}

gboolean
_gproc_watch_clear (GProcWatch *watch)
{
  GProcPoller *previous;
  gboolean waiting;

  _gproc_loop_lock ();
  waiting = watch->waiting;
  previous = watch_detach (watch);
  _gproc_loop_unlock ();

  if (previous != NULL)
    _gproc_poller_release (previous);

  return waiting;
}
