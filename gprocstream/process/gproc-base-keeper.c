/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "loop/gproc-poller-private.h"
#include "process/gproc-stream-internal-private.h"

/* A GIOStream closes its halves when it is disposed, and the halves of a TLS connection
 * are nothing without it. So it has to live as long as a half of ours is used, and until
 * the last of what was queued is written, which may be long after the writer is gone. */
typedef struct
{
  GProcWatch closed; /* Woken when the queue is closed. */
  GProcPoller *poller;
  GProcWriteQueue *queue;
  GIOStream *base;
} GProcBaseKeeper;

static void
keeper_free (GProcBaseKeeper *keeper)
{
  _gproc_watch_clear (&keeper->closed);
  _gproc_write_queue_unref (keeper->queue);
  _gproc_poller_release (keeper->poller);
  g_object_unref (keeper->base);
  g_free (keeper);
}

static void
keeper_queue_closed (GProcWatch   *watch,
                     GIOCondition  condition)
{
  GProcBaseKeeper *keeper = (GProcBaseKeeper *) watch;

  if (!_gproc_write_queue_reached (keeper->queue, GPROC_WAIT_CLOSED, 0, NULL))
    {
      _gproc_watch_hold (watch, keeper->poller);
      return;
    }

  _gproc_write_queue_remove_waiter (keeper->queue, watch);
  keeper_free (keeper);
}

static void
keeper_writer_finalized (gpointer data)
{
  GProcBaseKeeper *keeper = data;

  if (_gproc_write_queue_reached (keeper->queue, GPROC_WAIT_CLOSED, 0, NULL))
    {
      keeper_free (keeper);
      return;
    }

  _gproc_watch_hold (&keeper->closed, keeper->poller);
  _gproc_write_queue_add_waiter (keeper->queue, &keeper->closed, GPROC_WAIT_CLOSED, 0);
}

void
_gproc_stream_set_base (GProcStream *self,
                        GIOStream   *base)
{
  GProcWriter *writer = gproc_stream_get_stdin (self);
  GProcReader *reader = gproc_stream_get_stdout (self);
  GProcBaseKeeper *keeper = g_new0 (GProcBaseKeeper, 1);
  g_autoptr (GPtrArray) readers = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < self->n_halves; i++)
    if (self->halves[i].reader != NULL)
      g_ptr_array_add (readers, g_object_ref (self->halves[i].reader));
  self->base = _gproc_base_stream_new (base, readers);

  _gproc_watch_init (&keeper->closed, keeper_queue_closed);
  keeper->poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  keeper->queue = _gproc_write_queue_ref (_gproc_writer_get_queue (writer));
  keeper->base = g_object_ref (base);
  g_object_set_data_full (G_OBJECT (writer), "gproc-stream-base", keeper, keeper_writer_finalized);
  g_object_set_data_full (G_OBJECT (reader), "gproc-stream-base", g_object_ref (base),
                          g_object_unref);
}
