/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-ready-source-private.h"

typedef struct
{
  GSource source;
  GProcReadySources *list; /* In @stream. */
  GObject *stream;         /* Owned. */
  GProcReadyFunc func;
  gpointer tag;    /* Of the descriptor; NULL when there is none (any more). */
  gboolean closed; /* The stream is: it is ready, and must not be looked at any more. */
} ReadySource;

/* Guards all this: a stream may be closed in one thread while its source is in the loop of
 * another. The close waits for a look that is under way. */
static GMutex sources_lock;

/* Each ReadySource, referenced, by the source that it is a child of. A close may come when the
 * last reference to that one is just gone: the child is kept until it was taken out of the
 * list, so that the close finds nothing there that cannot be used any more. */
static GHashTable *children;

/* @after_poll: what the poll said is fresh. */
static gboolean
ready_source_look (ReadySource *self,
                   gboolean     after_poll)
{
  gboolean polled, ready;

  g_mutex_lock (&sources_lock);
  polled = after_poll && self->tag != NULL &&
           g_source_query_unix_fd (&self->source, self->tag) != 0;
  ready = self->closed || self->func (self->stream, polled);
  g_mutex_unlock (&sources_lock);

  return ready;
}

static gboolean
ready_source_prepare (GSource *source,
                      int     *timeout)
{
  *timeout = -1;

  return ready_source_look ((ReadySource *) source, FALSE);
}

static gboolean
ready_source_check (GSource *source)
{
  return ready_source_look ((ReadySource *) source, TRUE);
}

static gboolean
ready_source_dispatch (GSource     *source,
                       GSourceFunc  callback,
                       gpointer     user_data)
{
  /* The source that this one is a child of calls back. */
  return G_SOURCE_CONTINUE;
}

static void
ready_source_finalize (GSource *source)
{
  g_object_unref (((ReadySource *) source)->stream);
}

static void
parent_dispose (GSource *parent)
{
  ReadySource *self;

  g_mutex_lock (&sources_lock);
  self = g_hash_table_lookup (children, parent);
  g_hash_table_remove (children, parent);
  self->list->sources = g_list_remove (self->list->sources, self);
  g_mutex_unlock (&sources_lock);

  g_source_unref (&self->source);
}

static GSourceFuncs ready_source_funcs = {
  ready_source_prepare,
  ready_source_check,
  ready_source_dispatch,
  ready_source_finalize,
  NULL,
  NULL,
};

/* Being ready is all that is wanted of a base source, which is a child as well. */
static gboolean
base_is_ready (GObject  *stream,
               gpointer  user_data)
{
  return G_SOURCE_CONTINUE;
}

GSource *
_gproc_ready_source_new (GProcReadySources *list,
                         GObject           *stream,
                         GProcReadyFunc     func,
                         int                fd,
                         GIOCondition       condition,
                         GSource           *base,
                         GCancellable      *cancellable)
{
  GSource *parent = g_pollable_source_new_full (stream, NULL, cancellable);
  GSource *source = g_source_new (&ready_source_funcs, sizeof (ReadySource));
  ReadySource *self = (ReadySource *) source;

  g_source_set_static_name (source, "GProcReadySource");
  self->list = list;
  self->stream = g_object_ref (stream);
  self->func = func;
  if (fd >= 0)
    self->tag = g_source_add_unix_fd (source, fd, condition);

  g_source_add_child_source (parent, source);

  g_mutex_lock (&sources_lock);
  list->sources = g_list_prepend (list->sources, self);
  if (children == NULL)
    children = g_hash_table_new (NULL, NULL);
  g_hash_table_insert (children, parent, source);
  g_mutex_unlock (&sources_lock);
  g_source_set_dispose_function (parent, parent_dispose);

  if (base != NULL)
    {
      g_source_set_callback (base, G_SOURCE_FUNC (base_is_ready), NULL, NULL);
      g_source_add_child_source (parent, base);
      g_source_unref (base);
    }

  return parent;
}

void
_gproc_ready_sources_close (GProcReadySources *list)
{
  g_mutex_lock (&sources_lock);
  for (GList *link = list->sources; link != NULL; link = link->next)
    {
      ReadySource *self = link->data;

      if (self->tag != NULL)
        g_source_remove_unix_fd (&self->source, g_steal_pointer (&self->tag));
      self->closed = TRUE;
      g_source_set_ready_time (&self->source, 0);
    }
  g_mutex_unlock (&sources_lock);
}
