/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-write-queue-internal-private.h"

/* What a queue is like, and what can be set of that. */

gboolean
_gproc_write_queue_is_idle (GProcWriteQueue *self)
{
  gboolean idle;

  g_mutex_lock (&self->lock);
  idle = _gproc_queue_is_idle (self);
  g_mutex_unlock (&self->lock);

  return idle;
}

gboolean
_gproc_write_queue_is_plain (GProcWriteQueue *self)
{
  gboolean plain;

  g_mutex_lock (&self->lock);
  plain = _gproc_output_is_plain (&self->output);
  g_mutex_unlock (&self->lock);

  return plain;
}

int
_gproc_write_queue_get_fd (GProcWriteQueue *self)
{
  int fd;

  g_mutex_lock (&self->lock);
  fd = _gproc_output_get_fd (&self->output);
  g_mutex_unlock (&self->lock);

  return fd;
}

GProcDescriptor *
_gproc_write_queue_get_descriptor (GProcWriteQueue *self)
{
  return self->output.descriptor;
}

GOutputStream *
_gproc_write_queue_get_base (GProcWriteQueue *self)
{
  return self->output.base;
}

GSource *
_gproc_write_queue_create_source (GProcWriteQueue *self)
{
  GSource *source = NULL;

  g_mutex_lock (&self->lock);
  if (self->output.base != NULL && self->output.pollable)
    source = _gproc_output_create_source (&self->output);
  g_mutex_unlock (&self->lock);

  return source;
}

void
_gproc_write_queue_set_watermarks (GProcWriteQueue *self,
                                   gsize            high,
                                   gsize            low)
{
  g_mutex_lock (&self->lock);
  self->high = high;
  self->low = low;
  _gproc_queue_update_paused (self);
  _gproc_queue_wake_waiters (self);
  g_mutex_unlock (&self->lock);
}

void
_gproc_write_queue_set_limit (GProcWriteQueue *self,
                              gsize            limit)
{
  g_mutex_lock (&self->lock);
  self->limit = limit;
  g_mutex_unlock (&self->lock);
}

guint64
_gproc_write_queue_get_position (GProcWriteQueue *self)
{
  guint64 position;

  g_mutex_lock (&self->lock);
  position = self->written + _gproc_queue_length (self);
  g_mutex_unlock (&self->lock);

  return position;
}

GProcWriteQueueState
_gproc_write_queue_get_state (GProcWriteQueue *self)
{
  GProcWriteQueueState state;

  g_mutex_lock (&self->lock);
  state.queued = _gproc_queue_length (self);
  state.high = self->high;
  state.low = self->low;
  state.limit = self->limit;
  state.accepted = self->accepted;
  state.written = self->written;
  state.discarded = self->discarded;
  state.open = !self->closed && !self->closing && !self->end_wanted;
  state.closed = self->closed;
  state.broken = self->error != NULL;
  g_mutex_unlock (&self->lock);

  return state;
}
