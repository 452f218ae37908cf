/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n-lib.h>

#include "process/gproc-stream-internal-private.h"
#include "process/gproc-worker-private.h"

/* A blocking call that is made of asynchronous ones runs them in a context of its
 * own. The write queues of the stream belong to another one, which may not be
 * running, so they are pushed from here meanwhile. */

/* One queue of the row. */
typedef struct
{
  GProcPrivateLoop *loop;
  GProcWriteQueue *queue;
  GSource *source; /* NULL: there is nothing to push. */
} PushedQueue;

gboolean
_gproc_private_loop_begin (GProcPrivateLoop  *self,
                           GError           **error)
{
  int result = _gproc_find_descriptors (GPROC_CONTEXT_DESCRIPTORS);

  if (result != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES,
                   _ ("There is nothing to wait with: %s"), g_strerror (result));
      return FALSE;
    }

  *self = (GProcPrivateLoop){ .context = g_main_context_new () };
  g_main_context_push_thread_default (self->context);

  return TRUE;
}

static void watch_queue (PushedQueue *pushed);

static gboolean
queue_ready (PushedQueue *pushed)
{
  g_clear_pointer (&pushed->source, g_source_unref);
  watch_queue (pushed);

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
watch_queue (PushedQueue *pushed)
{
  int fd;

  if (_gproc_write_queue_push_or_wait (pushed->queue))
    return;

  /* What cannot be waited for has to be written now, however long that takes. Whatever
   * is wrong with it is known to the queue. */
  if (_gproc_write_queue_is_plain (pushed->queue))
    {
      _gproc_write_queue_write_all (pushed->queue, NULL, NULL);
      return;
    }

  fd = _gproc_write_queue_get_fd (pushed->queue);
  pushed->source = fd >= 0 ? g_unix_fd_source_new (fd, G_IO_OUT)
                           : _gproc_write_queue_create_source (pushed->queue);
  if (pushed->source == NULL)
    return;

  g_source_set_callback (pushed->source,
                         fd >= 0 ? G_SOURCE_FUNC (queue_fd_ready)
                                 : G_SOURCE_FUNC (queue_stream_ready),
                         pushed, NULL);
  g_source_attach (pushed->source, pushed->loop->context);
}

static void
pushed_queue_free (gpointer data)
{
  PushedQueue *pushed = data;

  if (pushed->source != NULL)
    g_source_destroy (pushed->source);
  g_clear_pointer (&pushed->source, g_source_unref);
  g_free (pushed);
}

GAsyncResult *
_gproc_private_loop_end (GProcPrivateLoop *self,
                         GProcWriteQueue  *queue)
{
  g_autoptr (GPtrArray) queues = g_ptr_array_new_with_free_func (pushed_queue_free);

  for (; queue != NULL; queue = _gproc_write_queue_get_next (queue))
    {
      PushedQueue *pushed = g_new0 (PushedQueue, 1);

      pushed->loop = self;
      pushed->queue = queue;
      g_ptr_array_add (queues, pushed);
      watch_queue (pushed);
    }

  while (self->result == NULL)
    {
      /* The context that would close a base stream may not be running either. */
      for (guint i = 0; i < queues->len; i++)
        _gproc_write_queue_finish_close (((PushedQueue *) g_ptr_array_index (queues, i))->queue);
      g_main_context_iteration (self->context, TRUE);
    }

  g_ptr_array_set_size (queues, 0);
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
