/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-queue-pusher-private.h"

#include <glib-unix.h>

struct _GProcQueuePusher
{
  GProcWriteQueue *queue;
  GMainContext *context; /* Borrowed. */
  int priority;
  GSource *source; /* NULL: there is nothing to push. */
};

static void pusher_push (GProcQueuePusher *self);

static gboolean
pusher_ready (GProcQueuePusher *self)
{
  g_clear_pointer (&self->source, g_source_unref);
  pusher_push (self);

  return G_SOURCE_REMOVE;
}

static gboolean
pusher_fd_ready (int          fd,
                 GIOCondition condition,
                 gpointer     user_data)
{
  return pusher_ready (user_data);
}

static gboolean
pusher_stream_ready (GObject  *stream,
                     gpointer  user_data)
{
  return pusher_ready (user_data);
}

static void
pusher_push (GProcQueuePusher *self)
{
  int fd;

  if (_gproc_write_queue_push_or_wait (self->queue) || _gproc_write_queue_is_plain (self->queue))
    return;

  fd = _gproc_write_queue_get_fd (self->queue);
  self->source = fd >= 0 ? g_unix_fd_source_new (fd, G_IO_OUT)
                         : _gproc_write_queue_create_source (self->queue);
  if (self->source == NULL)
    return;

  g_source_set_static_name (self->source, "GProcWriter queue, in another context");
  g_source_set_priority (self->source, self->priority);
  g_source_set_callback (self->source,
                         fd >= 0 ? G_SOURCE_FUNC (pusher_fd_ready)
                                 : G_SOURCE_FUNC (pusher_stream_ready),
                         self, NULL);
  g_source_attach (self->source, self->context);
}

GProcQueuePusher *
_gproc_queue_pusher_new (GProcWriteQueue *queue,
                         GMainContext    *context,
                         int              priority)
{
  GProcQueuePusher *self = g_new0 (GProcQueuePusher, 1);

  self->queue = _gproc_write_queue_ref (queue);
  self->context = context;
  self->priority = priority;
  pusher_push (self);
  if (self->source == NULL)
    g_clear_pointer (&self, _gproc_queue_pusher_free);

  return self;
}

void
_gproc_queue_pusher_free (GProcQueuePusher *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  _gproc_write_queue_unref (self->queue);
  g_free (self);
}

static void
pusher_destroy (gpointer self)
{
  _gproc_queue_pusher_free (self);
}

GPtrArray *
_gproc_queue_pushers_new (GProcWriteQueue *queue,
                          GMainContext    *context,
                          int              priority)
{
  GPtrArray *pushers = NULL;

  for (; queue != NULL; queue = _gproc_write_queue_get_next (queue))
    {
      GProcQueuePusher *pusher = _gproc_write_queue_is_home (queue, context)
                                   ? NULL
                                   : _gproc_queue_pusher_new (queue, context, priority);

      if (pusher != NULL && pushers == NULL)
        pushers = g_ptr_array_new_with_free_func (pusher_destroy);
      if (pusher != NULL)
        g_ptr_array_add (pushers, pusher);
    }

  return pushers;
}
