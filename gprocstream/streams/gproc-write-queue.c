/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-write-queue-internal-private.h"

#include <glib/gi18n-lib.h>

/* What is gathered before it is written within the iteration of a loop. */
#define GATHER_SIZE (64 * 1024)

#define VECTORS_PER_WRITE 64

/* How often a pipe must have been too small before it grows. */
#define BLOCKED_BEFORE_GROWTH 4

#define DEFAULT_HIGH_WATERMARK (64 * 1024)

GProcWriteQueue *
_gproc_write_queue_ref (GProcWriteQueue *self)
{
  g_atomic_int_inc (&self->ref_count);

  return self;
}

void
_gproc_write_queue_unref (GProcWriteQueue *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  _gproc_queue_cancel_wait (self);
  _gproc_output_close (&self->output, NULL);
  _gproc_pieces_clear (&self->pieces);
  g_clear_pointer (&self->next, _gproc_write_queue_unref);
  g_clear_pointer (&self->waiters, g_array_unref);
  g_clear_error (&self->error);
  g_clear_pointer (&self->home, _gproc_queue_place_unref);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* Whether nothing is left to do before a close. */
gboolean
_gproc_queue_is_idle (GProcWriteQueue *self)
{
  return _gproc_queue_length (self) == 0 && (!self->end_wanted || self->ended) && !self->base_busy;
}

static gboolean
queue_reached (GProcWriteQueue *self,
               GProcWaitFor     what,
               guint64          position)
{
  if (self->error != NULL || self->closed)
    return what != GPROC_WAIT_CLOSED || self->closed;

  switch (what)
    {
    case GPROC_WAIT_DRAINED:
      return !self->paused && (!self->end_wanted || self->ended);
    case GPROC_WAIT_WRITTEN:
      return self->written >= position;
    case GPROC_WAIT_BASE:
      return !self->base_busy;
    case GPROC_WAIT_CLOSED:
    default:
      return FALSE;
    }
}

void
_gproc_queue_wake_waiters (GProcWriteQueue *self)
{
  for (guint i = 0; self->waiters != NULL && i < self->waiters->len; i++)
    {
      GProcQueueWaiter *waiter = &g_array_index (self->waiters, GProcQueueWaiter, i);

      if (queue_reached (self, waiter->what, waiter->position))
        _gproc_watch_wake (waiter->watch);
    }
}

void
_gproc_queue_update_paused (GProcWriteQueue *self)
{
  gsize length = _gproc_queue_length (self);

  if (length > self->high)
    self->paused = TRUE;
  else if (length <= self->low)
    self->paused = FALSE;
}

void
_gproc_queue_discard (GProcWriteQueue *self)
{
  self->discarded += self->pieces.length;
  _gproc_pieces_clear (&self->pieces);
}

/* Says what is lost with the queue, and remembers it for everyone who asks. */
void
_gproc_queue_fail (GProcWriteQueue *self,
                   GError          *error,
                   gsize            lost)
{
  g_autofree char *loss = NULL;
  int unread = -1;

  lost += self->pieces.length;
  _gproc_queue_discard (self);
  if (self->output.descriptor != NULL && error->code == G_IO_ERROR_BROKEN_PIPE)
    unread = _gproc_descriptor_get_unread (self->output.descriptor);

  /* Where nothing is lost there is nothing to say about it. */
  if (lost == 0 && unread <= 0)
    {
      self->error = error;
      _gproc_queue_cancel_wait (self);
      self->blocked = FALSE;
      return;
    }

  loss = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%zu byte was not delivered",
                                       "%zu bytes were not delivered", lost),
                          lost);
  if (unread > 0)
    self->error = g_error_new (error->domain, error->code,
                               _ ("%s; %s, and of those delivered %d had not been read"),
                               error->message, loss, unread);
  else
    self->error = g_error_new (error->domain, error->code, "%s; %s", error->message, loss);
  g_error_free (error);

  _gproc_queue_cancel_wait (self);
  self->blocked = FALSE;
}

static void
queue_end (GProcWriteQueue *self)
{
  GError *error = NULL;

  /* For a pipe the end is a close of the descriptor. */
  _gproc_queue_cancel_wait (self);
  if (self->error == NULL && !_gproc_output_end (&self->output, &error))
    _gproc_queue_fail (self, error, 0);
  self->ended = TRUE;
}

/* The loop waits until the kernel takes more; where none runs whoever queues tries again from
 * time to time. */
static void
queue_set_blocked (GProcWriteQueue *self)
{
  self->blocked = TRUE;
  self->retry_at = self->pieces.length + GATHER_SIZE;
}

/* Whether what is queued is so much that a write is worth its call. */
static gboolean
queue_is_worth_a_push (GProcWriteQueue *self)
{
  gsize length = self->pieces.length;

  return length > 0 && length >= (self->blocked ? self->retry_at : MIN (self->high, GATHER_SIZE));
}

/* Writes until the kernel takes no more, nothing is left, or @budget is used up. */
static void
queue_write (GProcWriteQueue *self,
             gsize            budget)
{
  GOutputVector vectors[VECTORS_PER_WRITE];
  GError *error = NULL;
  gsize total = 0;

  self->blocked = FALSE;
  while (self->pieces.length > 0 && total < budget)
    {
      gsize n_vectors = _gproc_pieces_peek (&self->pieces, vectors, G_N_ELEMENTS (vectors),
                                            budget - total);
      gssize count = _gproc_output_writev_nonblocking (&self->output, vectors, n_vectors, &error);

      if (count < 0)
        break;

      _gproc_pieces_drop (&self->pieces, (gsize) count);
      self->written += (guint64) count;
      total += (gsize) count;
    }

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_error_free (error);
      queue_set_blocked (self);
      if (self->output.descriptor != NULL && self->pieces.length >= GATHER_SIZE &&
          ++self->n_blocked >= BLOCKED_BEFORE_GROWTH)
        _gproc_descriptor_grow (self->output.descriptor);
    }
  else if (error != NULL)
    {
      _gproc_queue_fail (self, error, 0);
    }
}

void
_gproc_queue_push (GProcWriteQueue *self,
                   gsize            budget)
{
  if (self->closed)
    return;

  if (self->pieces.length > 0 && !_gproc_output_is_plain (&self->output))
    queue_write (self, budget);
  _gproc_queue_update_paused (self);
  if (_gproc_queue_length (self) == 0 && self->end_wanted && !self->ended)
    queue_end (self);
  if (self->closing && _gproc_queue_is_idle (self))
    _gproc_queue_close (self);
  _gproc_queue_wake_waiters (self);
}

GProcWriteQueue *
_gproc_write_queue_new (void)
{
  GProcWriteQueue *self = g_new0 (GProcWriteQueue, 1);

  self->ref_count = 1;
  g_mutex_init (&self->lock);
  self->home = _gproc_queue_place_new (self, _gproc_poller_acquire_default (G_PRIORITY_DEFAULT));
  self->through_iteration = _gproc_poller_get_iteration (self->home->poller) - 1;
  self->high = DEFAULT_HIGH_WATERMARK;
  self->low = DEFAULT_HIGH_WATERMARK / 4;
  self->limit = G_MAXSIZE;
  self->closed = TRUE;
  self->fork_generation = _gproc_fork_generation ();

  return self;
}

void
_gproc_write_queue_open (GProcWriteQueue *self,
                         GProcDescriptor *descriptor,
                         GOutputStream   *base)
{
  self->output.descriptor = descriptor;
  if (base != NULL)
    _gproc_output_init_for_stream (&self->output, base);
  self->closed = FALSE;
  self->types = descriptor != NULL &&
                _gproc_descriptor_get_kind (descriptor) == GPROC_DESCRIPTOR_PTMX;
}

gboolean
_gproc_write_queue_push (GProcWriteQueue *self)
{
  gboolean idle;

  g_mutex_lock (&self->lock);
  _gproc_queue_push (self, G_MAXSIZE);
  if (self->pieces.length > 0)
    _gproc_queue_schedule (self);
  idle = _gproc_queue_is_idle (self);
  g_mutex_unlock (&self->lock);

  return idle;
}

void
_gproc_write_queue_push_some (GProcWriteQueue *self)
{
  g_mutex_lock (&self->lock);
  _gproc_queue_push (self, GPROC_PUSH_BUDGET);
  if (self->pieces.length > 0)
    _gproc_queue_schedule (self);
  g_mutex_unlock (&self->lock);
}

gboolean
_gproc_write_queue_push_or_wait (GProcWriteQueue *self)
{
  gboolean nothing_to_write;

  g_mutex_lock (&self->lock);
  _gproc_queue_push (self, G_MAXSIZE);
  nothing_to_write = self->pieces.length == 0;
  if (!nothing_to_write)
    _gproc_queue_schedule (self);
  g_mutex_unlock (&self->lock);

  return nothing_to_write;
}

void
_gproc_write_queue_set_next (GProcWriteQueue *self,
                             GProcWriteQueue *next)
{
  g_clear_pointer (&self->next, _gproc_write_queue_unref);
  if (next != NULL)
    self->next = _gproc_write_queue_ref (next);
}

GProcWriteQueue *
_gproc_write_queue_get_next (GProcWriteQueue *self)
{
  return self->next;
}

gboolean
_gproc_write_queue_push_all_or_wait (GProcWriteQueue *self)
{
  gboolean idle = TRUE;

  for (; self != NULL; self = self->next)
    if (!_gproc_write_queue_push_or_wait (self))
      idle = FALSE;

  return idle;
}

gboolean
_gproc_queue_check (GProcWriteQueue  *self,
                    gsize             size,
                    GError          **error)
{
  if (self->error != NULL && !self->closed)
    {
      g_propagate_error (error, g_error_copy (self->error));
      return FALSE;
    }

  if (self->closed || self->closing || self->end_wanted)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                           self->end_wanted ? _ ("The end of the stream has already been written")
                                            : _ ("The stream is already closed"));
      return FALSE;
    }

  if (size > 0 && (size > self->limit || _gproc_queue_length (self) > self->limit - size))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   _ ("There is no room in the queue for %zu more: it holds %zu, and its limit"
                      " is %zu"),
                   size, _gproc_queue_length (self), self->limit);
      return FALSE;
    }

  return TRUE;
}

gboolean
_gproc_write_queue_check (GProcWriteQueue  *self,
                          gsize             size,
                          GError          **error)
{
  gboolean success;

  g_mutex_lock (&self->lock);
  success = _gproc_queue_check (self, size, error);
  g_mutex_unlock (&self->lock);

  return success;
}

/* Writes what nothing waits before. Returns how much of it is done with. */
static gsize
queue_try_through (GProcWriteQueue *self,
                   const void      *data,
                   gsize            size)
{
  GOutputVector vector = { data, MIN (size, GPROC_PUSH_BUDGET) };
  GError *error = NULL;
  gssize count;

  count = _gproc_output_writev_nonblocking (&self->output, &vector, 1, &error);
  if (count >= 0)
    {
      self->written += (guint64) count;
      return (gsize) count;
    }

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_error_free (error);
      queue_set_blocked (self);
      return 0;
    }

  self->discarded += size;
  _gproc_queue_fail (self, error, size);

  return size;
}

/* The first write of an iteration goes out at once, if nothing waits before it. */
static gboolean
queue_writes_through (GProcWriteQueue *self)
{
  guint iteration = _gproc_poller_get_iteration (self->home->poller);

  if (_gproc_queue_length (self) > 0 || self->home->scheduled ||
      self->through_iteration == iteration || _gproc_output_is_plain (&self->output))
    return FALSE;

  self->through_iteration = iteration;

  return TRUE;
}

/* What is gathered goes on being gathered, if there is room for it and a push to come: most of
 * many small writes. Nothing but lengths changes then. */
static inline gboolean
queue_gathers (GProcWriteQueue *self,
               const void      *data,
               gsize            size)
{
  gsize length = self->pieces.length + size;

  return size > 0 && self->home != NULL && self->home->scheduled && self->error == NULL &&
         self->in_flight_size == 0 && !(self->closed || self->closing || self->end_wanted) &&
         length < MIN (MIN (self->high, self->limit), GATHER_SIZE) &&
         _gproc_pieces_extend (&self->pieces, data, size);
}

/* For queues to the master side of a terminal, which may gather lines. */
static gboolean
queue_check_line (GProcWriteQueue      *self,
                  const GOutputVector  *vectors,
                  gsize                 n_vectors,
                  GError              **error)
{
  return _gproc_typed_line_check (_gproc_output_get_fd (&self->output), self->line_length, vectors,
                                  n_vectors, error);
}

static void
queue_advance_line (GProcWriteQueue     *self,
                    const GOutputVector *vectors,
                    gsize                n_vectors,
                    gsize                size)
{
  if (self->types)
    self->line_length = _gproc_typed_line_advance (_gproc_output_get_fd (&self->output),
                                                   self->line_length, vectors, n_vectors, size);
}

gboolean
_gproc_write_queue_types (GProcWriteQueue *self)
{
  return self->types;
}

gboolean
_gproc_write_queue_check_line (GProcWriteQueue      *self,
                               const GOutputVector  *vectors,
                               gsize                 n_vectors,
                               GError              **error)
{
  gboolean success;

  g_mutex_lock (&self->lock);
  success = _gproc_queue_check (self, 0, error) &&
            (!self->types || queue_check_line (self, vectors, n_vectors, error));
  g_mutex_unlock (&self->lock);

  return success;
}

gboolean
_gproc_write_queue_append (GProcWriteQueue  *self,
                           const void       *data,
                           gsize             size,
                           GBytes           *bytes,
                           GError          **error)
{
  const GOutputVector vector = { data, size };
  gboolean success;
  gsize done = 0;

  g_mutex_lock (&self->lock);
  if (bytes == NULL && !self->types && queue_gathers (self, data, size))
    {
      self->accepted += size;
      g_mutex_unlock (&self->lock);
      return TRUE;
    }

  success = _gproc_queue_check (self, size, error) &&
            (!self->types || queue_check_line (self, &vector, 1, error));
  if (success && size > 0)
    {
      self->accepted += size;
      queue_advance_line (self, &vector, 1, size);
      if (queue_writes_through (self))
        done = queue_try_through (self, data, size);
      _gproc_pieces_append (&self->pieces, (const char *) data + done, size - done, bytes);

      if (queue_is_worth_a_push (self))
        _gproc_queue_push (self, GPROC_PUSH_BUDGET);
      else
        _gproc_queue_update_paused (self);
      if (self->pieces.length > 0)
        _gproc_queue_schedule (self);

      if (self->error != NULL)
        success = _gproc_queue_check (self, 0, error);
    }
  g_mutex_unlock (&self->lock);

  return success;
}

gssize
_gproc_write_queue_write_through (GProcWriteQueue      *self,
                                  const GOutputVector  *vectors,
                                  gsize                 n_vectors,
                                  GError              **error)
{
  gssize count = -1;
  gsize size = 0;

  for (gsize i = 0; i < n_vectors; i++)
    size += vectors[i].size;

  g_mutex_lock (&self->lock);
  _gproc_queue_push (self, G_MAXSIZE);
  if (self->error != NULL || self->closed || self->closing || self->end_wanted)
    {
      _gproc_queue_check (self, 0, error);
    }
  else if (size == 0)
    {
      count = 0;
    }
  else if (self->types && !queue_check_line (self, vectors, n_vectors, error))
    {
      count = -1;
    }
  else if (_gproc_queue_length (self) > 0)
    {
      _gproc_queue_schedule (self);
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                           _ ("What was queued before has not been written yet"));
    }
  else
    {
      GError *local_error = NULL;

      count = _gproc_output_writev_nonblocking (&self->output, vectors, n_vectors, &local_error);
      if (count > 0)
        {
          self->accepted += (guint64) count;
          self->written += (guint64) count;
          queue_advance_line (self, vectors, n_vectors, (gsize) count);
        }
      else if (local_error != NULL &&
               !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          _gproc_queue_fail (self, g_steal_pointer (&local_error), size);
          g_propagate_error (error, g_error_copy (self->error));
          _gproc_queue_wake_waiters (self);
        }
      else if (local_error != NULL)
        {
          g_propagate_error (error, local_error);
        }
    }
  g_mutex_unlock (&self->lock);

  return count;
}

void
_gproc_write_queue_count_written (GProcWriteQueue *self,
                                  gsize            size)
{
  g_mutex_lock (&self->lock);
  self->accepted += size;
  self->written += size;
  g_mutex_unlock (&self->lock);
}

gboolean
_gproc_write_queue_can_end (GProcWriteQueue *self)
{
  gboolean can_end;

  g_mutex_lock (&self->lock);
  can_end = !self->closed && (self->ended || _gproc_output_can_end (&self->output));
  g_mutex_unlock (&self->lock);

  return can_end;
}

void
_gproc_write_queue_end (GProcWriteQueue *self)
{
  g_mutex_lock (&self->lock);
  self->end_wanted = TRUE;
  _gproc_queue_push (self, GPROC_PUSH_BUDGET);
  if (self->pieces.length > 0)
    _gproc_queue_schedule (self);
  g_mutex_unlock (&self->lock);
}

gboolean
_gproc_write_queue_reached (GProcWriteQueue  *self,
                            GProcWaitFor      what,
                            guint64           position,
                            GError          **error)
{
  gboolean reached;

  g_mutex_lock (&self->lock);
  reached = queue_reached (self, what, position);
  if (reached && self->error != NULL)
    g_propagate_error (error, g_error_copy (self->error));
  else if (reached && self->closed && what != GPROC_WAIT_CLOSED && self->discarded > 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The stream is already closed"));
  g_mutex_unlock (&self->lock);

  return reached;
}

void
_gproc_write_queue_add_waiter (GProcWriteQueue *self,
                               GProcWatch      *watch,
                               GProcWaitFor     what,
                               guint64          position)
{
  GProcQueueWaiter waiter = { watch, what, position };

  g_mutex_lock (&self->lock);
  if (self->waiters == NULL)
    self->waiters = g_array_new (FALSE, FALSE, sizeof (GProcQueueWaiter));
  g_array_append_val (self->waiters, waiter);
  if (queue_reached (self, what, position))
    _gproc_watch_wake (watch);
  g_mutex_unlock (&self->lock);
}

void
_gproc_write_queue_remove_waiter (GProcWriteQueue *self,
                                  GProcWatch      *watch)
{
  g_mutex_lock (&self->lock);
  for (guint i = 0; self->waiters != NULL && i < self->waiters->len; i++)
    {
      if (g_array_index (self->waiters, GProcQueueWaiter, i).watch != watch)
        continue;
      g_array_remove_index (self->waiters, i);
      break;
    }
  if (self->waiters != NULL && self->waiters->len == 0)
    g_clear_pointer (&self->waiters, g_array_unref);
  /* What it held up goes on, unless the operation has the base stream now. */
  if (_gproc_output_is_plain (&self->output) && self->pieces.length > 0 && !self->base_busy)
    _gproc_queue_schedule (self);
  g_mutex_unlock (&self->lock);
}
