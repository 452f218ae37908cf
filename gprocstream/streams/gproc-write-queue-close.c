/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-write-queue-internal-private.h"

#include <glib/gi18n-lib.h>

/* Closing, and what only base streams need: those that are not pollable write at their
 * own pace, and any of them may take its time to close. */

/* How long a queue goes on after its writer is gone. */
#define LINGER_MS 5000

static void
queue_finish_close (GProcWriteQueue *self)
{
  self->closed = TRUE;
  self->base_busy = FALSE;
  self->base_closing = FALSE;
  if (self->linger != NULL)
    {
      g_source_destroy (self->linger);
      g_clear_pointer (&self->linger, g_source_unref);
    }
}

static void
queue_base_closed (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  GProcWriteQueue *self = user_data;
  g_autoptr (GError) error = NULL;

  g_output_stream_close_finish (G_OUTPUT_STREAM (source), result, &error);

  g_mutex_lock (&self->lock);
  if (self->error == NULL && error != NULL)
    self->error = g_steal_pointer (&error);
  _gproc_output_close (&self->output, NULL);
  queue_finish_close (self);
  _gproc_queue_wake_waiters (self);
  g_mutex_unlock (&self->lock);

  _gproc_write_queue_unref (self);
}

/* Closes an empty queue. A base stream may take its time: that is done at home, or where somebody
 * waits for it. */
void
_gproc_queue_close (GProcWriteQueue *self)
{
  GError *error = NULL;

  if (self->closed || self->base_busy)
    return;

  _gproc_queue_cancel_wait (self);
  if (self->output.base != NULL && self->output.close_base && self->home != NULL)
    {
      self->base_busy = TRUE;
      self->base_closing = TRUE;
      _gproc_queue_schedule (self);
      return;
    }

  if (!_gproc_output_close (&self->output, &error))
    {
      if (self->error == NULL)
        self->error = g_steal_pointer (&error);
      g_clear_error (&error);
    }
  queue_finish_close (self);
}

void
_gproc_queue_close_deferred (GProcWriteQueue *self)
{
  g_autoptr (GOutputStream) base = g_steal_pointer (&self->deferred_base);

  if (base == NULL)
    return;

  g_mutex_unlock (&self->lock);
  g_output_stream_close_async (base, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  g_mutex_lock (&self->lock);
}

static void
queue_base_written (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  GProcWriteQueue *self = user_data;
  GProcPiece *piece;
  GError *error = NULL;
  gssize count = g_output_stream_write_finish (G_OUTPUT_STREAM (source), result, &error);

  g_mutex_lock (&self->lock);
  piece = g_steal_pointer (&self->in_flight);
  self->in_flight_size = 0;
  self->base_busy = FALSE;
  if (count > 0)
    {
      self->written += (guint64) count;
      piece->start += (gsize) count;
    }
  if (piece->start < piece->end)
    _gproc_pieces_put_back (&self->pieces, piece);
  else
    _gproc_piece_free (piece);

  /* An abort that came meanwhile wants nothing kept, and could not close. */
  if (error != NULL && self->error == NULL)
    _gproc_queue_fail (self, g_steal_pointer (&error), 0);
  g_clear_error (&error);
  if (self->closed)
    _gproc_queue_discard (self);
  _gproc_queue_close_deferred (self);
  _gproc_queue_push (self, GPROC_PUSH_BUDGET);
  if (!self->closed && (self->pieces.length > 0 || self->base_busy))
    _gproc_queue_schedule (self);
  g_mutex_unlock (&self->lock);

  _gproc_write_queue_unref (self);
}

/* In the context of @poller: begins what only a base stream can do. Unlocks meanwhile, as a
 * stream that somebody else wrote may call back anything. */
void
_gproc_queue_work_on_base (GProcWriteQueue *self,
                           GProcPoller     *poller)
{
  int priority = _gproc_poller_get_priority (poller);
  g_autoptr (GOutputStream) base = g_object_ref (self->output.base);
  GProcPiece *piece = NULL;
  gboolean pushed;

  if (self->base_closing)
    {
      self->base_begun = TRUE;
    }
  else
    {
      piece = self->in_flight = _gproc_pieces_steal (&self->pieces);
      self->in_flight_size = piece->end - piece->start;
      self->base_busy = TRUE;
    }
  _gproc_write_queue_ref (self);

  g_mutex_unlock (&self->lock);
  pushed = _gproc_poller_push_default (poller);
  if (piece != NULL)
    g_output_stream_write_async (base, piece->data + piece->start, piece->end - piece->start,
                                 priority, NULL, queue_base_written, self);
  else
    g_output_stream_close_async (base, priority, NULL, queue_base_closed, self);
  _gproc_poller_pop_default (poller, pushed);
  g_mutex_lock (&self->lock);
}

/* Writes one piece to a plain base stream, blocking, without the lock. */
static gboolean
queue_write_piece (GProcWriteQueue  *self,
                   GCancellable     *cancellable,
                   GError          **error)
{
  g_autoptr (GOutputStream) base = g_object_ref (self->output.base);
  g_autoptr (GError) local_error = NULL;
  GProcPiece *piece = self->in_flight = _gproc_pieces_steal (&self->pieces);
  gsize written = 0;

  self->in_flight_size = piece->end - piece->start;
  self->base_busy = TRUE;
  g_mutex_unlock (&self->lock);
  g_output_stream_write_all (base, piece->data + piece->start, piece->end - piece->start, &written,
                             cancellable, &local_error);
  g_mutex_lock (&self->lock);
  self->base_busy = FALSE;
  self->in_flight = NULL;
  self->in_flight_size = 0;
  self->written += written;
  piece->start += written;
  if (piece->start < piece->end)
    _gproc_pieces_put_back (&self->pieces, piece);
  else
    _gproc_piece_free (piece);

  if (local_error == NULL)
    return TRUE;

  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
    }
  else
    {
      _gproc_queue_fail (self, g_steal_pointer (&local_error), 0);
      g_propagate_error (error, g_error_copy (self->error));
    }

  return FALSE;
}

gboolean
_gproc_write_queue_write_all (GProcWriteQueue  *self,
                              GCancellable     *cancellable,
                              GError          **error)
{
  gboolean success = TRUE;

  g_mutex_lock (&self->lock);
  if (self->base_busy)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                           _ ("An asynchronous write of the base stream has not finished yet"));
      success = FALSE;
    }
  while (success && self->pieces.length > 0)
    success = queue_write_piece (self, cancellable, error);
  _gproc_queue_push (self, G_MAXSIZE);
  if (!self->closed && self->pieces.length > 0)
    _gproc_queue_schedule (self);
  g_mutex_unlock (&self->lock);

  return success;
}

gboolean
_gproc_write_queue_acquire_base (GProcWriteQueue *self)
{
  gboolean acquired;

  g_mutex_lock (&self->lock);
  acquired = !self->base_busy;
  self->base_busy = TRUE;
  g_mutex_unlock (&self->lock);

  return acquired;
}

gboolean
_gproc_write_queue_is_on_base (GProcWriteQueue *self)
{
  gboolean is_on_base;

  g_mutex_lock (&self->lock);
  is_on_base = self->base_busy;
  g_mutex_unlock (&self->lock);

  return is_on_base;
}

void
_gproc_write_queue_release_base (GProcWriteQueue *self)
{
  g_mutex_lock (&self->lock);
  self->base_busy = FALSE;
  _gproc_queue_close_deferred (self);
  _gproc_queue_wake_waiters (self);
  _gproc_queue_push (self, GPROC_PUSH_BUDGET);
  if (!self->closed && self->pieces.length > 0)
    _gproc_queue_schedule (self);
  g_mutex_unlock (&self->lock);
}

void
_gproc_write_queue_begin_close (GProcWriteQueue *self)
{
  g_mutex_lock (&self->lock);
  self->closing = TRUE;
  _gproc_queue_push (self, GPROC_PUSH_BUDGET);
  if (self->pieces.length > 0)
    _gproc_queue_schedule (self);
  g_mutex_unlock (&self->lock);
}

void
_gproc_write_queue_finish_close (GProcWriteQueue *self)
{
  gboolean due;

  g_mutex_lock (&self->lock);
  due = self->base_closing && !self->base_begun && !self->closed;
  g_mutex_unlock (&self->lock);

  if (due)
    _gproc_write_queue_close_now (self, NULL, NULL);
}

gboolean
_gproc_write_queue_close_now (GProcWriteQueue  *self,
                              GCancellable     *cancellable,
                              GError          **error)
{
  g_autoptr (GOutputStream) base = NULL;
  gboolean success = TRUE, close_base;

  g_mutex_lock (&self->lock);
  _gproc_queue_cancel_wait (self);
  close_base = !self->closed && self->output.close_base;
  base = close_base && self->output.base != NULL ? g_object_ref (self->output.base) : NULL;
  if (base != NULL && self->base_busy && !self->base_closing)
    self->deferred_base = g_steal_pointer (&base);
  self->closing = TRUE;
  self->output.close_base = FALSE;
  self->base_busy = FALSE;
  _gproc_queue_discard (self);
  _gproc_queue_close (self);
  if (self->error != NULL)
    {
      g_propagate_error (error, g_error_copy (self->error));
      success = FALSE;
    }
  _gproc_queue_wake_waiters (self);
  g_mutex_unlock (&self->lock);

  if (base == NULL)
    return success;

  return g_output_stream_close (base, cancellable, success ? error : NULL) && success;
}

void
_gproc_write_queue_abort (GProcWriteQueue *self)
{
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();

  /* A cancelled close of a base stream does not wait for anything. */
  g_cancellable_cancel (cancelled);
  _gproc_write_queue_close_now (self, cancelled, NULL);
}

static gboolean
queue_linger_is_over (gpointer user_data)
{
  _gproc_write_queue_abort (user_data);

  return G_SOURCE_REMOVE;
}

static void
queue_destroy_notify (gpointer user_data)
{
  _gproc_write_queue_unref (user_data);
}

/* What a queue on a descriptor lingers in. Unlike its poller this does not keep the
 * context: where that goes first, the queue ends with it. */
typedef struct
{
  GSource source;
  GProcWriteQueue *queue; /* Owned. */
} LingerSource;

static gboolean
linger_source_dispatch (GSource     *source,
                        GSourceFunc  callback,
                        gpointer     user_data)
{
  GProcWriteQueue *queue = ((LingerSource *) source)->queue;

  if (g_source_get_time (source) >= g_source_get_ready_time (source))
    _gproc_write_queue_abort (queue);
  else
    _gproc_write_queue_push (queue);

  return _gproc_write_queue_get_state (queue).closed ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void
linger_source_finalize (GSource *source)
{
  GProcWriteQueue *queue = ((LingerSource *) source)->queue;

  _gproc_write_queue_abort (queue);
  _gproc_write_queue_unref (queue);
}

static GSourceFuncs linger_source_funcs = {
  NULL, NULL, linger_source_dispatch, linger_source_finalize, NULL, NULL,
};

static gboolean
linger_base_is_ready (GObject  *stream,
                      gpointer  user_data)
{
  return G_SOURCE_CONTINUE;
}

/* What a descriptor or a pollable base stream has to be ready for. */
static void
linger_source_add (GSource         *source,
                   GProcWriteQueue *queue)
{
  GSource *base;

  if (queue->output.descriptor != NULL)
    {
      g_source_add_unix_fd (source, _gproc_descriptor_get_fd (queue->output.descriptor), G_IO_OUT);
      return;
    }

  base = _gproc_output_create_source (&queue->output);
  g_source_set_callback (base, G_SOURCE_FUNC (linger_base_is_ready), NULL, NULL);
  g_source_add_child_source (source, base);
  g_source_unref (base);
}

/* Goes on by itself, with a source of its own. A base stream that is not pollable needs the
 * poller, and keeps its context. */
static void
queue_linger (GProcWriteQueue *self)
{
  GMainContext *context = _gproc_poller_get_context (self->home->poller);
  gboolean plain = _gproc_output_is_plain (&self->output) || self->base_busy;
  GSource *source;

  if (plain)
    {
      source = g_timeout_source_new (LINGER_MS);
      g_source_set_callback (source, queue_linger_is_over, _gproc_write_queue_ref (self),
                             queue_destroy_notify);
      self->linger = g_source_ref (source);
    }
  else
    {
      source = g_source_new (&linger_source_funcs, sizeof (LingerSource));
      ((LingerSource *) source)->queue = _gproc_write_queue_ref (self);
      linger_source_add (source, self);
      g_source_set_ready_time (source,
                               g_get_monotonic_time () + LINGER_MS * G_TIME_SPAN_MILLISECOND);
      _gproc_queue_cancel_wait (self);
    }

  g_source_set_static_name (source, "GProcWriter linger");
  g_source_attach (source, context);
  g_source_unref (source);
  if (!plain)
    g_clear_pointer (&self->home, _gproc_queue_place_unref);
}

void
_gproc_write_queue_release (GProcWriteQueue *self)
{
  if (self->fork_generation == _gproc_fork_generation ())
    _gproc_write_queue_begin_close (self);
  else
    _gproc_write_queue_abort (self);

  g_mutex_lock (&self->lock);
  if (!self->closed && self->linger == NULL && self->home != NULL)
    queue_linger (self);
  g_mutex_unlock (&self->lock);

  _gproc_write_queue_unref (self);
}
