/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "loop/gproc-poller-private.h"

G_BEGIN_DECLS

/* What the poller and its watches share. */

/* The watches of one descriptor. */
struct _GProcPollerEntry
{
  int fd;
  guint generation;      /* Tells this use of the number from an earlier one. */
  GIOCondition armed;    /* What the kernel was asked for. */
  gboolean always_ready; /* A file: the kernel has no notion of waiting for it. */
  gpointer tag;          /* The context polls it itself, as epoll is missing or refused. */
  GProcWatch *watches;
};

struct _GProcWatchList
{
  GProcWatch *head;
  GProcWatch *tail;
  guint length;
};

struct _GProcPoller
{
  GSource source;

  GMainContext *context; /* Owned while there are users. */
  int priority;
  int users;

  int epoll_fd; /* −1 as long as nothing was waited for. */
  gpointer epoll_tag;
  gboolean without_epoll; /* The context polls every descriptor itself. */
  guint fork_generation;
  guint next_generation;
  GHashTable *entries; /* From descriptor to Entry. */
  GPtrArray *tagged;   /* Those of them that the context polls. */

  GProcWatchList ready; /* To be called in this iteration… */
  GProcWatchList later; /* …and in the next one. */

  guint iteration;
  gboolean polling; /* Between prepare and check: a post has to wake the context. */
};

/* One lock for all pollers: what it guards is short, and a watch moves between pollers.
 * A fork waits for it, so that a child finds it free and all consistent. The functions
 * below are called with it. */
void _gproc_loop_lock (void);
void _gproc_loop_unlock (void);

/* Asks the kernel, or the context, for what the watches of @entry are interested in. */
void _gproc_poller_update_entry (GProcPoller      *poller,
                                 GProcPollerEntry *entry);
void _gproc_poller_drop_entry_if_unused (GProcPoller      *poller,
                                         GProcPollerEntry *entry);
void _gproc_poller_unlink_watch (GProcPollerEntry *entry,
                                 GProcWatch       *watch);

/* Harmless where @watch is in a list already, or in none. */
void _gproc_watch_list_push (GProcWatchList *list,
                             GProcWatch     *watch);
void _gproc_watch_list_remove (GProcWatch *watch);

/* Lets the context know of something ready that it would not see by itself. */
void _gproc_poller_wake (GProcPoller *poller);

G_END_DECLS
