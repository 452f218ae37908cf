/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "process/gproc-stream-internal-private.h"
#include "process/gproc-worker-private.h"

/* A blocking call that is made of asynchronous ones runs them in a context of its
 * own. The write queues of the stream belong to another one, which may not be
 * running, so they are pushed from here meanwhile. */

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

/* What cannot be waited for has to be written now, however long that takes. Whatever is wrong with
 * it is known to the queue. */
static void
write_plain (GProcWriteQueue *queue)
{
  if (_gproc_write_queue_is_plain (queue) && !_gproc_write_queue_push_or_wait (queue))
    _gproc_write_queue_write_all (queue, NULL, NULL);
}

GAsyncResult *
_gproc_private_loop_end (GProcPrivateLoop *self,
                         GProcWriteQueue  *queue)
{
  GPtrArray *guests;

  _gproc_write_queue_push_all_or_wait (queue);
  for (GProcWriteQueue *plain = queue; plain != NULL; plain = _gproc_write_queue_get_next (plain))
    write_plain (plain);
  guests = _gproc_write_queue_enter_all (queue, self->context, G_PRIORITY_DEFAULT);

  while (self->result == NULL)
    {
      /* The context that would close a base stream may not be running either. */
      for (GProcWriteQueue *next = queue; next != NULL; next = _gproc_write_queue_get_next (next))
        _gproc_write_queue_finish_close (next);
      g_main_context_iteration (self->context, TRUE);
    }

  g_ptr_array_unref (guests);
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
