/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-write-queue-internal-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>

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

gboolean
_gproc_write_queue_append_rest (GProcWriteQueue *self,
                                const void      *data,
                                gsize            size)
{
  gboolean success;

  g_mutex_lock (&self->lock);
  success = _gproc_queue_check (self, 0, NULL);
  if (success)
    {
      self->accepted += size;
      _gproc_pieces_append (&self->pieces, data, size, NULL);
      _gproc_queue_push (self, GPROC_PUSH_BUDGET);
      if (!self->closed && self->pieces.length > 0)
        _gproc_queue_schedule (self);
    }
  g_mutex_unlock (&self->lock);

  return success;
}

void
_gproc_write_queue_leave_base_open (GProcWriteQueue *self)
{
  self->output.close_base = FALSE;
}
