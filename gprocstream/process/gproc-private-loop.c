/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <glib-unix.h>

#include "process/gproc-stream-internal-private.h"

/* A blocking call that is made of asynchronous ones runs them in a context of its
 * own. The write queue of the stream belongs to another one, which may not be
 * running, so it is pushed from here meanwhile. */

void
_gproc_private_loop_begin (GProcPrivateLoop *self)
{
  *self = (GProcPrivateLoop){ .context = g_main_context_new () };
  g_main_context_push_thread_default (self->context);
}

static void watch_queue (GProcPrivateLoop *self);

static gboolean
queue_ready (GProcPrivateLoop *self)
{
  g_clear_pointer (&self->source, g_source_unref);
  watch_queue (self);

  return G_SOURCE_REMOVE;
}

static gboolean
queue_fd_ready (int          fd,
                GIOCondition condition,
                gpointer     user_data)
{
  return queue_ready (user_data);
}

static gboolean
queue_stream_ready (GObject  *stream,
                    gpointer  user_data)
{
  return queue_ready (user_data);
}

static void
watch_queue (GProcPrivateLoop *self)
{
  int fd;

  if (self->queue == NULL || _gproc_write_queue_push_or_wait (self->queue))
    return;

  /* What cannot be waited for has to be written now, however long that takes. Whatever
   * is wrong with it is known to the queue. */
  if (_gproc_write_queue_is_plain (self->queue))
    {
      _gproc_write_queue_write_all (self->queue, NULL, NULL);
      return;
    }

  fd = _gproc_write_queue_get_fd (self->queue);
  self->source = fd >= 0 ? g_unix_fd_source_new (fd, G_IO_OUT)
                         : _gproc_write_queue_create_source (self->queue);
  if (self->source == NULL)
    return;

  g_source_set_callback (self->source,
                         fd >= 0 ? G_SOURCE_FUNC (queue_fd_ready)
                                 : G_SOURCE_FUNC (queue_stream_ready),
                         self, NULL);
  g_source_attach (self->source, self->context);
}

GAsyncResult *
_gproc_private_loop_end (GProcPrivateLoop *self,
                         GProcWriteQueue  *queue)
{
  self->queue = queue;
  watch_queue (self);

  while (self->result == NULL)
    g_main_context_iteration (self->context, TRUE);

  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_main_context_pop_thread_default (self->context);
  g_clear_pointer (&self->context, g_main_context_unref);

  return g_steal_pointer (&self->result);
}

void
_gproc_private_loop_done (GObject      *source,
                          GAsyncResult *result,
                          gpointer      user_data)
{
  GProcPrivateLoop *self = user_data;

  self->result = g_object_ref (result);
}
