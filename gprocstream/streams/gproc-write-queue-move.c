/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-write-queue-internal-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <poll.h>

/* What gets past the queue without being written by it. */

/* What the queue has to say to somebody who would write past it. TRUE if that can go on. */
static gboolean
queue_lets_past (GProcWriteQueue  *self,
                 GProcMove        *state,
                 GError          **error)
{
  _gproc_queue_push (self, GPROC_PUSH_BUDGET);
  if (!_gproc_queue_check (self, 0, error))
    {
      *state = GPROC_MOVE_TARGET_FAILED;
      return FALSE;
    }

  if (self->output.descriptor == NULL)
    {
      *state = GPROC_MOVE_REFUSED;
      return FALSE;
    }

  if (self->pieces.length > 0)
    {
      _gproc_queue_schedule (self);
      *state = GPROC_MOVE_WAIT_TARGET;
      return FALSE;
    }

  return TRUE;
}

GProcMoveMethod
_gproc_write_queue_choose_move (GProcWriteQueue *self,
                                GProcJoint      *joint,
                                GProcDescriptor *source)
{
  GProcMoveMethod method = GPROC_MOVE_BY_COPYING;

  g_mutex_lock (&self->lock);
  if (self->output.descriptor != NULL)
    method = _gproc_joint_choose (joint, source, self->output.descriptor);
  g_mutex_unlock (&self->lock);

  return method;
}

void
_gproc_write_queue_grow (GProcWriteQueue *self)
{
  g_mutex_lock (&self->lock);
  if (self->output.descriptor != NULL)
    _gproc_descriptor_grow (self->output.descriptor);
  g_mutex_unlock (&self->lock);
}

GProcMove
_gproc_write_queue_move (GProcWriteQueue  *self,
                         GProcJoint       *joint,
                         GProcDescriptor  *source,
                         gsize             size,
                         GProcMoved       *moved,
                         GError          **error)
{
  GProcMove state;

  *moved = (GProcMoved){ 0, 0, 0 };

  g_mutex_lock (&self->lock);
  if (queue_lets_past (self, &state, error))
    {
      state = _gproc_joint_move (joint, source, self->output.descriptor, size, moved);
      self->accepted += moved->written;
      self->written += moved->written;

      if (state == GPROC_MOVE_TARGET_FAILED)
        {
          GError *local_error = NULL;

          _gproc_set_errno_error (&local_error, moved->errsv, _ ("Writing failed"));
          _gproc_queue_fail (self, local_error, 0);
          g_propagate_error (error, g_error_copy (self->error));
          _gproc_queue_wake_waiters (self);
        }
      else if (state == GPROC_MOVE_SOURCE_FAILED)
        {
          _gproc_set_errno_error (error, moved->errsv, _ ("Reading failed"));
        }
    }
  g_mutex_unlock (&self->lock);

  return state;
}

/* A terminal that hung up may be taken up again, and a file has nobody at its other end. */
static gboolean
has_peer (GProcDescriptor *descriptor)
{
  GProcDescriptorKind kind = _gproc_descriptor_get_kind (descriptor);

  return kind == GPROC_DESCRIPTOR_PIPE || kind == GPROC_DESCRIPTOR_SOCKET;
}

GProcDescriptor *
_gproc_write_queue_ref_peer (GProcWriteQueue *self)
{
  GProcDescriptor *peer = NULL;

  g_mutex_lock (&self->lock);
  if (self->output.descriptor != NULL && has_peer (self->output.descriptor))
    peer = _gproc_descriptor_ref (self->output.descriptor);
  g_mutex_unlock (&self->lock);

  return peer;
}

static gboolean
peer_is_gone (GProcDescriptor *descriptor)
{
  struct pollfd poll_fd = { .fd = _gproc_descriptor_get_fd (descriptor), .events = 0 };

  return has_peer (descriptor) && poll (&poll_fd, 1, 0) > 0 &&
         (poll_fd.revents & (POLLERR | POLLHUP)) != 0;
}

gboolean
_gproc_write_queue_check_peer (GProcWriteQueue  *self,
                               GError          **error)
{
  GError *local_error = NULL;

  g_mutex_lock (&self->lock);
  if (_gproc_queue_check (self, 0, &local_error) && self->output.descriptor != NULL &&
      peer_is_gone (self->output.descriptor))
    g_set_error_literal (&local_error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE,
                         _ ("Nobody reads at the other end any more"));
  g_mutex_unlock (&self->lock);

  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, local_error);

  return FALSE;
}

void
_gproc_write_queue_append_rest (GProcWriteQueue *self,
                                const void      *data,
                                gsize            size)
{
  if (self->fork_generation != _gproc_fork_generation ())
    return;

  g_mutex_lock (&self->lock);
  self->accepted += size;
  if (_gproc_queue_check (self, 0, NULL))
    {
      _gproc_pieces_append (&self->pieces, data, size, NULL);
      _gproc_queue_push (self, GPROC_PUSH_BUDGET);
      if (!self->closed && self->pieces.length > 0)
        _gproc_queue_schedule (self);
    }
  else
    {
      self->discarded += size;
    }
  g_mutex_unlock (&self->lock);
}

void
_gproc_write_queue_leave_base_open (GProcWriteQueue *self)
{
  self->output.close_base = FALSE;
}
