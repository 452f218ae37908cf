/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-write-queue-internal-private.h"

/* A queue is written at home, in the context in which it was made, and by guests: in each context
 * in which somebody waits for it, for as long as that takes. So who waits depends on nobody else.
 */

static GProcQueuePlace *
place_ref (GProcQueuePlace *self)
{
  g_atomic_int_inc (&self->ref_count);

  return self;
}

void
_gproc_queue_place_unref (GProcQueuePlace *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  _gproc_wait_clear (&self->wait);
  _gproc_poller_release (self->poller);
  g_free (self);
}

static gpointer
place_ref_pointer (gpointer self)
{
  return place_ref (self);
}

static void
place_unref_pointer (gpointer self)
{
  _gproc_queue_place_unref (self);
}

/* Ends its wait, for good or until the next one. The caller has a reference to the queue, and the
 * place has one beside that of the wait. */
static void
place_cancel_wait (GProcQueuePlace *self)
{
  self->scheduled = FALSE;
  if (!_gproc_wait_clear (&self->wait))
    return;

  g_atomic_int_add (&self->queue->ref_count, -1);
  g_atomic_int_add (&self->ref_count, -1);
}

void
_gproc_queue_cancel_wait (GProcWriteQueue *self)
{
  if (self->home != NULL)
    place_cancel_wait (self->home);
  for (guint i = 0; self->guests != NULL && i < self->guests->len; i++)
    place_cancel_wait (g_ptr_array_index (self->guests, i));
}

/* Whether an operation waits to have the base stream for itself. It goes first, or a steady
 * feeder would keep it waiting. */
static gboolean
queue_has_base_waiter (GProcWriteQueue *self)
{
  for (guint i = 0; self->waiters != NULL && i < self->waiters->len; i++)
    if (g_array_index (self->waiters, GProcQueueWaiter, i).what == GPROC_WAIT_BASE)
      return TRUE;

  return FALSE;
}

/* A base stream completes what it is asked for in the context in which it was asked, and a guest
 * may leave before that, but one that waits for the close. */
static gboolean
place_is_of_use (GProcQueuePlace *self)
{
  if (self == self->queue->home)
    return TRUE;
  if (self->queue->base_closing)
    return self->closes;

  return !_gproc_output_is_plain (&self->queue->output);
}

/* After a push. */
static void
place_go_on (GProcQueuePlace *self)
{
  GProcWriteQueue *queue = self->queue;

  if (queue->pieces.length == 0)
    return;

  if (queue->base_busy || !_gproc_output_is_plain (&queue->output))
    _gproc_queue_schedule (queue);
  else if (self == queue->home && !queue_has_base_waiter (queue))
    _gproc_queue_work_on_base (queue, self->poller);
}

/* The function of the wait, which owned a reference to each of the two. */
static void
place_ready (GProcWatch   *watch,
             GIOCondition  condition)
{
  GProcQueuePlace *place = (GProcQueuePlace *) ((char *) watch -
                                                G_STRUCT_OFFSET (GProcQueuePlace, wait.watch));
  GProcWriteQueue *self = place->queue;

  g_mutex_lock (&self->lock);
  place->scheduled = FALSE;

  if (self->base_closing && !self->base_begun && !self->closed)
    {
      if (place_is_of_use (place))
        _gproc_queue_work_on_base (self, place->poller);
    }
  else if (!self->closed && !self->base_busy)
    {
      _gproc_queue_push (self, GPROC_PUSH_BUDGET);
      place_go_on (place);
    }
  g_mutex_unlock (&self->lock);

  _gproc_queue_place_unref (place);
  _gproc_write_queue_unref (self);
}

GProcQueuePlace *
_gproc_queue_place_new (GProcWriteQueue *queue,
                        GProcPoller     *poller)
{
  GProcQueuePlace *self = g_new0 (GProcQueuePlace, 1);

  self->ref_count = 1;
  self->queue = queue;
  self->poller = poller;
  _gproc_wait_init (&self->wait, place_ready);

  return self;
}

static void
place_schedule (GProcQueuePlace *self)
{
  GProcWriteQueue *queue = self->queue;

  if (self->scheduled)
    return;

  self->scheduled = TRUE;
  place_ref (self);
  _gproc_write_queue_ref (queue);
  if (!queue->blocked || queue->base_busy || _gproc_output_is_plain (&queue->output))
    _gproc_wait_post (&self->wait, self->poller);
  else if (queue->output.descriptor != NULL)
    _gproc_wait_for_fd (&self->wait, self->poller,
                        _gproc_descriptor_get_fd (queue->output.descriptor), G_IO_OUT);
  else
    _gproc_wait_for_source (&self->wait, self->poller, _gproc_output_create_source (&queue->output),
                            self, place_ref_pointer, place_unref_pointer);
}

void
_gproc_queue_schedule (GProcWriteQueue *self)
{
  if (self->home != NULL)
    place_schedule (self->home);
  for (guint i = 0; self->guests != NULL && i < self->guests->len; i++)
    if (place_is_of_use (g_ptr_array_index (self->guests, i)))
      place_schedule (g_ptr_array_index (self->guests, i));
}

GProcQueuePlace *
_gproc_write_queue_enter (GProcWriteQueue *self,
                          GProcPoller     *poller,
                          gboolean         closes)
{
  GProcQueuePlace *guest = NULL;

  g_mutex_lock (&self->lock);
  if (!self->closed && (self->home == NULL || _gproc_poller_get_context (self->home->poller) !=
                                                _gproc_poller_get_context (poller)))
    {
      guest = _gproc_queue_place_new (_gproc_write_queue_ref (self), _gproc_poller_ref (poller));
      guest->closes = closes;
      if (self->guests == NULL)
        self->guests = g_ptr_array_new ();
      g_ptr_array_add (self->guests, guest);
      if (self->pieces.length > 0 || (self->base_closing && !self->base_begun))
        _gproc_queue_schedule (self);
    }
  g_mutex_unlock (&self->lock);

  return guest;
}

void
_gproc_write_queue_leave (GProcQueuePlace *guest)
{
  GProcWriteQueue *self = guest->queue;

  g_mutex_lock (&self->lock);
  g_ptr_array_remove_fast (self->guests, guest);
  if (self->guests->len == 0)
    g_clear_pointer (&self->guests, g_ptr_array_unref);
  guest->closes = FALSE;
  place_cancel_wait (guest);
  g_mutex_unlock (&self->lock);

  _gproc_queue_place_unref (guest);
  _gproc_write_queue_unref (self);
}

static void
leave_pointer (gpointer guest)
{
  _gproc_write_queue_leave (guest);
}

GPtrArray *
_gproc_write_queue_enter_all (GProcWriteQueue *self,
                              GMainContext    *context,
                              int              priority)
{
  GPtrArray *guests = g_ptr_array_new_with_free_func (leave_pointer);
  GProcPoller *poller = _gproc_poller_acquire (context, priority);

  for (; self != NULL; self = self->next)
    {
      GProcQueuePlace *guest = _gproc_write_queue_enter (self, poller, FALSE);

      if (guest != NULL)
        g_ptr_array_add (guests, guest);
    }
  _gproc_poller_release (poller);

  return guests;
}
