/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-ready-source-private.h"

/* A source belongs to the thread that makes it until it is attached, and to that of its context
 * from then on: who closes the stream in another thread marks it and wakes that context. */
typedef struct
{
  GSource source;
  GProcReadySources *list; /* In @stream. */
  GObject *stream;         /* Owned. */
  GProcReadyFunc func;
  gpointer tag;          /* Of the descriptor; NULL when there is none (any more). */
  gboolean closed;       /* The stream is: it is ready, and must not be looked at any more. */
  GMainContext *context; /* Borrowed: what has looked at it, as long as it is not destroyed. */
  gboolean destroyed;
} ReadySource;

/* Guards all this: a stream may be closed in one thread while its source is in the loop of
 * another. The close waits for a look that is under way. */
static GMutex sources_lock;

/* @after_poll: what the poll said is fresh. */
static gboolean
ready_source_look (ReadySource *self,
                   gboolean     after_poll)
{
  gpointer tag = NULL;
  gboolean polled, ready;

  g_mutex_lock (&sources_lock);
  if (!self->destroyed)
    self->context = g_source_get_context (&self->source);
  polled = after_poll && self->tag != NULL &&
           g_source_query_unix_fd (&self->source, self->tag) != 0;
  ready = self->closed || self->func (self->stream, polled);
  if (self->closed)
    tag = g_steal_pointer (&self->tag);
  g_mutex_unlock (&sources_lock);

  if (tag != NULL)
    g_source_remove_unix_fd (&self->source, tag);

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

/* Also where the context goes before the source. */
static void
ready_source_destroyed (gpointer data)
{
  ReadySource *self = data;

  g_mutex_lock (&sources_lock);
  self->context = NULL;
  self->destroyed = TRUE;
  g_mutex_unlock (&sources_lock);
}

static void
ready_source_finalize (GSource *source)
{
  ReadySource *self = (ReadySource *) source;

  g_mutex_lock (&sources_lock);
  self->list->sources = g_list_remove (self->list->sources, self);
  g_mutex_unlock (&sources_lock);

  g_object_unref (self->stream);
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
  g_source_set_callback (source, NULL, self, ready_source_destroyed);

  g_mutex_lock (&sources_lock);
  self->closed = list->closed;
  if (fd >= 0 && !self->closed)
    self->tag = g_source_add_unix_fd (source, fd, condition);
  list->sources = g_list_prepend (list->sources, self);
  g_mutex_unlock (&sources_lock);

  g_source_add_child_source (parent, source);
  g_source_unref (source);

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
  list->closed = TRUE;
  for (GList *link = list->sources; link != NULL; link = link->next)
    {
      ReadySource *self = link->data;

      self->closed = TRUE;
      if (self->context != NULL)
        g_main_context_wakeup (self->context);
    }
  g_mutex_unlock (&sources_lock);
}
