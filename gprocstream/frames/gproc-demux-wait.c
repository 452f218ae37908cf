/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "frames/gproc-demux-core-private.h"

#include <glib/gi18n-lib.h>

#include "streams/gproc-block-private.h"

/* What a base stream that is not pollable is asked for: it may give less. */
#define CHUNK_SIZE (64 * 1024)

void
_gproc_demux_request_free (GProcDemuxRequest *request)
{
  g_clear_pointer (&request->bytes, g_bytes_unref);
  g_free (request);
}

/* With the lock: an attempt, and word of what it changed to those who wait. */
static GProcDemuxStatus
core_attempt (GProcDemuxCore     *self,
              GProcDemuxRequest  *request,
              GError            **error)
{
  GProcDemuxStatus status = _gproc_demux_core_attempt (self, request, error);
  gboolean taken = request->count > 0 || request->consumer == GPROC_DEMUX_FRAME;

  /* What was taken may have been what the other side waits for. */
  for (guint i = 0; status == GPROC_DEMUX_DONE && taken && i < GPROC_DEMUX_N_SIDES; i++)
    {
      self->news |= self->sides[i].stalled;
      self->sides[i].stalled = FALSE;
    }

  if (self->news)
    {
      self->news = FALSE;
      _gproc_demux_core_wake (self);
    }
  _gproc_demux_core_update_fds (self);

  return status;
}

gboolean
_gproc_demux_core_try (GProcDemuxCore     *self,
                       GProcDemuxRequest  *request,
                       GError            **error)
{
  GProcDemuxStatus status;

  g_mutex_lock (&self->lock);
  status = core_attempt (self, request, error);
  g_mutex_unlock (&self->lock);

  if (status == GPROC_DEMUX_WAIT)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                         _ ("There is nothing to read yet"));

  return status == GPROC_DEMUX_DONE;
}

gboolean
_gproc_demux_core_probe (GProcDemuxCore     *self,
                         GProcDemuxConsumer  side)
{
  GProcDemuxRequest request = { .consumer = side };
  gboolean ready;

  g_mutex_lock (&self->lock);
  ready = self->sides[side].closed || self->eof || self->error != NULL ||
          _gproc_buffer_length (&self->sides[side].buffer) > 0;
  /* What is found stays where it is, in the order in which it came. */
  if (!ready && self->pollable)
    ready = core_attempt (self, &request, NULL) != GPROC_DEMUX_WAIT;
  g_mutex_unlock (&self->lock);

  return ready;
}

static void
core_begin_reading (GProcDemuxCore *self)
{
  self->reading = TRUE;
  self->reading_thread = g_thread_self ();
  if (self->chunk == NULL)
    self->chunk = g_malloc (CHUNK_SIZE);
}

/* With the lock. */
static void
core_end_reading (GProcDemuxCore *self)
{
  self->reading = FALSE;
  self->reading_thread = NULL;
  g_clear_pointer (&self->chunk, g_free);
  _gproc_demux_core_wake (self);
}

/* With the lock: what a read of the base stream brought. Takes @error. */
static void
core_take_read (GProcDemuxCore *self,
                gssize          count,
                GError         *error)
{
  if (self->base != NULL)
    _gproc_demux_core_deliver (self, self->chunk, count, error);
  else
    g_clear_error (&error);
  core_end_reading (self);
}

static void
core_base_read (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr (GProcDemuxCore) self = user_data;
  gboolean close_base;
  GError *error = NULL;
  gssize count = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  g_mutex_lock (&self->lock);
  core_take_read (self, count, error);
  close_base = self->base == NULL && self->close_base;
  g_mutex_unlock (&self->lock);

  /* Nobody was there any more to wait for this read. */
  if (close_base)
    g_input_stream_close_async (G_INPUT_STREAM (source), G_PRIORITY_DEFAULT, NULL, NULL, NULL);
}

/* Begins to read a base stream that is not pollable, unless that is under way, or of no use. What
 * had no place when it was looked at may have one by now: then it is looked at again first, or the
 * end of the stream would be found before it. The reads are never cancelled: what they bring is for
 * who asks next. */
static void
core_read_ahead (GProcDemuxCore     *self,
                 GProcDemuxConsumer  consumer,
                 int                 io_priority)
{
  g_autoptr (GInputStream) base = NULL;

  g_mutex_lock (&self->lock);
  if (!self->pollable && self->base != NULL && !self->reading &&
      _gproc_buffer_length (&self->raw) == 0 &&
      (consumer == GPROC_DEMUX_FRAME || !self->sides[consumer].stalled) && !self->eof &&
      self->error == NULL)
    {
      base = g_object_ref (self->base);
      core_begin_reading (self);
    }
  g_mutex_unlock (&self->lock);

  if (base != NULL)
    g_input_stream_read_async (base, self->chunk, CHUNK_SIZE, io_priority, NULL, core_base_read,
                               _gproc_demux_core_ref (self));
}

static void
wake_changed (GCancellable *cancellable,
              gpointer      user_data)
{
  GProcDemuxCore *self = user_data;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* With the lock: until another thread has changed something. */
static gboolean
core_wait_for_change (GProcDemuxCore  *self,
                      GCancellable    *cancellable,
                      GError         **error)
{
  if (self->reading && self->reading_thread == g_thread_self ())
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                           _ ("An asynchronous read of the base stream has not finished yet"));
      return FALSE;
    }
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  g_cond_wait (&self->changed, &self->lock);

  return TRUE;
}

/* With the lock, which is let go of meanwhile: reads a base stream that is not pollable, or
 * waits for who does. */
static gboolean
core_block_on_base (GProcDemuxCore      *self,
                    GProcDemuxConsumer   consumer,
                    GCancellable        *cancellable,
                    GError             **error)
{
  g_autoptr (GInputStream) base = NULL;
  GError *base_error = NULL;
  gboolean call_failed;
  gssize count;

  if (self->reading || (consumer != GPROC_DEMUX_FRAME && self->sides[consumer].stalled))
    return core_wait_for_change (self, cancellable, error);

  base = g_object_ref (self->base);
  core_begin_reading (self);
  g_mutex_unlock (&self->lock);
  count = g_input_stream_read (base, self->chunk, CHUNK_SIZE, cancellable, &base_error);
  g_mutex_lock (&self->lock);

  call_failed = base_error != NULL && _gproc_demux_is_error_of_call (base_error);
  if (call_failed)
    {
      core_end_reading (self);
      g_propagate_error (error, base_error);
    }
  else
    {
      core_take_read (self, count, base_error);
    }

  /* Whoever closed both sides meanwhile has left that to this read. */
  if (self->base == NULL && self->close_base)
    {
      g_mutex_unlock (&self->lock);
      g_input_stream_close (base, NULL, NULL);
      g_mutex_lock (&self->lock);
    }

  return !call_failed;
}

static gboolean
core_run_plain (GProcDemuxCore     *self,
                GProcDemuxRequest  *request,
                GCancellable       *cancellable,
                GError            **error)
{
  GProcDemuxStatus status;
  gulong cancelled_id = 0;

  if (cancellable != NULL)
    cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (wake_changed), self, NULL);

  g_mutex_lock (&self->lock);
  while ((status = core_attempt (self, request, error)) == GPROC_DEMUX_WAIT)
    if (!core_block_on_base (self, request->consumer, cancellable, error))
      break;
  g_mutex_unlock (&self->lock);

  g_cancellable_disconnect (cancellable, cancelled_id);

  return status == GPROC_DEMUX_DONE;
}

static gboolean
core_block_until_ready (GProcDemuxCore      *self,
                        GProcDemuxConsumer   consumer,
                        GCancellable        *cancellable,
                        GError             **error)
{
  g_autoptr (GInputStream) base = NULL;
  gboolean own_call;
  GSource *source, *parent;

  g_mutex_lock (&self->lock);
  own_call = _gproc_demux_core_is_busy (self) && self->busy_thread == g_thread_self ();
  if (self->base != NULL)
    base = g_object_ref (self->base);
  g_mutex_unlock (&self->lock);

  /* The base stream would wait for itself. */
  if (own_call)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                           _ ("Another operation of the stream is under way"));
      return FALSE;
    }
  if (base == NULL)
    return TRUE;

  source = _gproc_demux_core_create_source (self, consumer, NULL, NULL, NULL);
  parent = g_pollable_source_new_full (base, NULL, NULL);
  g_source_add_child_source (parent, source);
  g_source_unref (source);

  return _gproc_block_on_source (parent, NULL, -1, cancellable, error);
}

gboolean
_gproc_demux_core_run (GProcDemuxCore     *self,
                       GProcDemuxRequest  *request,
                       GCancellable       *cancellable,
                       GError            **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!self->pollable)
    return core_run_plain (self, request, cancellable, error);

  while (TRUE)
    {
      GError *local_error = NULL;

      if (_gproc_demux_core_try (self, request, &local_error))
        return TRUE;
      if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          g_propagate_error (error, local_error);
          return FALSE;
        }

      g_error_free (local_error);
      if (!core_block_until_ready (self, request->consumer, cancellable, error))
        return FALSE;
    }
}

/* What an asynchronous call waits with. */
typedef struct
{
  GProcDemuxCore *core;
  GTask *task;
} DemuxWait;

static void
demux_wait_free (gpointer user_data)
{
  DemuxWait *wait = user_data;

  g_object_unref (wait->task);
  _gproc_demux_core_unref (wait->core);
  g_free (wait);
}

static gboolean
demux_wait_ready (gpointer user_data)
{
  DemuxWait *wait = user_data;
  g_autoptr (GProcDemuxCore) core = _gproc_demux_core_ref (wait->core);
  g_autoptr (GTask) task = g_object_ref (wait->task);
  GProcDemuxRequest *request = g_task_get_task_data (task);
  GError *error = NULL;

  if (g_task_return_error_if_cancelled (task))
    return G_SOURCE_REMOVE;

  if (_gproc_demux_core_try (core, request, &error))
    {
      g_task_return_boolean (task, TRUE);
      return G_SOURCE_REMOVE;
    }
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_task_return_error (task, error);
      return G_SOURCE_REMOVE;
    }

  g_error_free (error);
  g_main_context_push_thread_default (g_task_get_context (task));
  core_read_ahead (core, request->consumer, g_task_get_priority (task));
  g_main_context_pop_thread_default (g_task_get_context (task));

  return G_SOURCE_CONTINUE;
}

void
_gproc_demux_core_start (GProcDemuxCore    *self,
                         GProcDemuxRequest *request,
                         GTask             *task)
{
  DemuxWait *wait;
  GSource *source;

  g_task_set_task_data (task, request, (GDestroyNotify) _gproc_demux_request_free);

  wait = g_new0 (DemuxWait, 1);
  source = _gproc_demux_core_create_source (self, request->consumer, demux_wait_ready, wait,
                                            demux_wait_free);

  wait->core = _gproc_demux_core_ref (self);
  wait->task = task;

  if (g_task_get_cancellable (task) != NULL)
    {
      GSource *cancelled = g_cancellable_source_new (g_task_get_cancellable (task));

      g_source_set_dummy_callback (cancelled);
      g_source_add_child_source (source, cancelled);
      g_source_unref (cancelled);
    }
  g_source_set_priority (source, g_task_get_priority (task));
  g_source_attach (source, g_task_get_context (task));
  g_source_unref (source);
}

gboolean
_gproc_demux_core_close_side (GProcDemuxCore      *self,
                              GProcDemuxConsumer   consumer,
                              GCancellable        *cancellable,
                              GError             **error)
{
  GProcDemuxSide *side = &self->sides[consumer];
  g_autoptr (GInputStream) base = NULL;
  gboolean close_base;

  g_mutex_lock (&self->lock);
  side->closed = TRUE;
  _gproc_buffer_clear (&side->buffer);
  _gproc_demux_core_drop_fd (self, consumer);
  if (self->piece_id == (int) consumer + GPROC_FRAME_STDOUT)
    g_byte_array_set_size (self->piece, 0);
  for (guint i = 0; i < GPROC_DEMUX_N_SIDES; i++)
    self->sides[i].stalled = FALSE;
  if (self->sides[GPROC_DEMUX_STDOUT].closed && self->sides[GPROC_DEMUX_STDERR].closed)
    {
      base = g_steal_pointer (&self->base);
      _gproc_buffer_clear (&self->raw);
      _gproc_demux_core_drop_fd (self, GPROC_DEMUX_FRAME);
    }
  _gproc_demux_core_wake (self);
  _gproc_demux_core_update_fds (self);

  /* Nobody closes it while a thread is in it: its descriptor might be another's by the time it
   * is read. Another thread will not be there for long. */
  while (base != NULL && _gproc_demux_core_is_busy (self) && self->busy_thread != g_thread_self ())
    {
      self->turned_away = TRUE;
      g_cond_wait (&self->changed, &self->lock);
    }

  /* A read that is still under way closes it when it is done, as this thread does if it is
   * in the base stream now. */
  close_base = base != NULL && self->close_base && !self->reading;
  if (base != NULL && _gproc_demux_core_is_busy (self))
    {
      self->close_left = self->close_base;
      close_base = FALSE;
    }
  g_mutex_unlock (&self->lock);

  return !close_base || g_input_stream_close (base, cancellable, error);
}
