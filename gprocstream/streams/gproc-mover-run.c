/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-mover-internal-private.h"

#include <glib/gi18n-lib.h>

#include "streams/gproc-block-private.h"

/* The transfers of a mover from beginning to end: asynchronous, blocking, and into the queue
 * of the target. */

/* What a plain base stream is given at a time. */
#define PLAIN_SIZE (64 * 1024)

static GMutex *
mover_lock (GProcMover *self)
{
  return &_gproc_reader_get_ops (self->reader)->lock;
}

static GProcMover *
mover_of_guest (GProcGuest *guest)
{
  gpointer side = (char *) guest - G_STRUCT_OFFSET (GProcMoverSide, guest);

  return ((GProcMoverSide *) side)->mover;
}

/* Has the run look at what there is to do, in its context. */
static void
mover_poke (GProcMover *self)
{
  _gproc_wait_post (&self->from.wait, self->poller);
}

/* A side is about to be closed: nothing may wait for it any more, also none of what goes on
 * before the run gets to know. A run that completes just now has no waits. With the lock. */
static void
mover_side_closing (GProcMoverSide *side)
{
  GProcMover *self = side->mover;

  side->closing = TRUE;
  if (self->func == NULL)
    return;

  _gproc_wait_clear (&side->wait);
  mover_poke (self);
}

static void
reader_closing (GProcGuest *guest)
{
  mover_side_closing (&mover_of_guest (guest)->from);
}

/* Called with the lock of the writer's operations, which comes before that of the reader's. */
static void
writer_closing (GProcGuest *guest)
{
  GProcMover *self = mover_of_guest (guest);

  g_mutex_lock (mover_lock (self));
  mover_side_closing (&self->to);
  g_mutex_unlock (mover_lock (self));
}

static void
mover_complete (GProcMover      *self,
                GProcMoverState  state,
                GError          *error)
{
  g_autoptr (GProcMover) keep = self; /* The run's own reference. */
  g_autoptr (GError) owned_error = error;
  GProcMoverFunc func;

  /* Whoever closes a half meanwhile, in another thread, finds no run from here on. */
  g_mutex_lock (mover_lock (self));
  func = g_steal_pointer (&self->func);
  _gproc_wait_clear (&self->from.wait);
  _gproc_wait_clear (&self->to.wait);
  g_mutex_unlock (mover_lock (self));

  _gproc_wait_finish (&self->from.wait);
  _gproc_wait_finish (&self->to.wait);
  g_clear_pointer (&self->poller, _gproc_poller_release);
  g_clear_object (&self->cancellable);

  _gproc_mover_end (self);
  _gproc_write_ops_leave (&self->writer->ops);
  _gproc_read_ops_leave (_gproc_reader_get_ops (self->reader));

  func (keep, state, owned_error, self->user_data);
}

static gboolean
mover_is_cancelled (GProcMover  *self,
                    GError     **error)
{
  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return TRUE;
  if (!self->cancelled)
    return FALSE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("Operation was cancelled"));

  return TRUE;
}

/* As far as it goes without waiting, unless the run was ended from outside. With the lock. */
static GProcMoverState
mover_step_or_stop (GProcMover  *self,
                    GError     **error)
{
  if (mover_is_cancelled (self, error))
    return GPROC_MOVER_SOURCE_FAILED;
  if (!self->from.closing && !self->to.closing)
    return _gproc_mover_step_locked (self, GPROC_MOVER_BUDGET, error);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The stream was closed"));

  return self->from.closing ? GPROC_MOVER_SOURCE_FAILED : GPROC_MOVER_TARGET_FAILED;
}

static void
mover_wait_for_target (GProcMover *self)
{
  GProcWriteQueue *queue = _gproc_writer_get_queue (self->writer);
  GSource *source = _gproc_write_queue_create_source (queue);
  int fd = _gproc_write_queue_get_fd (queue);

  _gproc_wait_set_cancellable (&self->to.wait, self->cancellable);
  if (source != NULL)
    _gproc_wait_for_source (&self->to.wait, self->poller, source, self, g_object_ref,
                            g_object_unref);
  else if (fd >= 0)
    _gproc_wait_for_fd (&self->to.wait, self->poller, fd, G_IO_OUT);
  else
    mover_poke (self); /* It was closed: the next step says so. */
}

/* If nobody reads at the other end of the target any more, a source that has nothing to say
 * would keep the run for ever. FALSE with @error if that is known to be so. */
static gboolean
mover_check_peer (GProcMover  *self,
                  GError     **error)
{
  if (self->looks_at_peer && !self->ignores_peer)
    self->peer_gone = !_gproc_write_queue_check_peer (_gproc_writer_get_queue (self->writer),
                                                      error);
  self->looks_at_peer = FALSE;

  return !self->peer_gone;
}

/* What to watch for that. Owned, or NULL. */
static GProcDescriptor *
mover_ref_peer (GProcMover *self)
{
  return self->ignores_peer ? NULL
                            : _gproc_write_queue_ref_peer (_gproc_writer_get_queue (self->writer));
}

/* And for the other end of the target to go. FALSE with @error if it is gone already. */
static gboolean
mover_wait_for_source (GProcMover  *self,
                       GError     **error)
{
  GProcReadCore *core = _gproc_reader_get_core (self->reader);
  g_autoptr (GProcDescriptor) peer = NULL;

  if (!mover_check_peer (self, error))
    return FALSE;

  peer = mover_ref_peer (self);
  _gproc_buffer_trim (&core->buffer);
  _gproc_wait_set_cancellable (&self->from.wait, self->cancellable);
  if (peer != NULL && _gproc_descriptor_get_fd (peer) >= 0)
    _gproc_wait_for_fd (&self->to.wait, self->poller, _gproc_descriptor_get_fd (peer), G_IO_ERR);
  _gproc_input_wait (&core->input, &self->from.wait, self->poller, G_OBJECT (self), PLAIN_SIZE);

  return TRUE;
}

/* Takes out of the buffer what a plain base stream is to write. */
static void
mover_take_in_hand (GProcMover *self)
{
  GProcReadCore *core = _gproc_reader_get_core (self->reader);

  self->in_hand = _gproc_buffer_take (&core->buffer,
                                      MIN (_gproc_buffer_length (&core->buffer), PLAIN_SIZE));
  self->writing = TRUE;
}

static void mover_write_in_hand (GProcMover *self);

/* Goes on as far as it can without waiting; then waits. */
static void
mover_go_on (GProcMover *self)
{
  guint64 moved = self->moved;
  gboolean begins_writing = FALSE;
  GProcMoverState state;
  GError *error = NULL;

  g_mutex_lock (mover_lock (self));
  if (self->func == NULL || self->writing || self->over)
    {
      g_mutex_unlock (mover_lock (self));
      return;
    }

  _gproc_watch_disarm (&self->from.wait.watch);
  _gproc_watch_disarm (&self->to.wait.watch);
  state = mover_step_or_stop (self, &error);

  if (state == GPROC_MOVER_AGAIN)
    {
      mover_poke (self);
    }
  else if (state == GPROC_MOVER_WAIT_SOURCE)
    {
      if (!mover_wait_for_source (self, &error))
        state = GPROC_MOVER_TARGET_FAILED;
    }
  else if (state == GPROC_MOVER_WAIT_TARGET &&
           _gproc_write_queue_is_plain (_gproc_writer_get_queue (self->writer)))
    {
      mover_take_in_hand (self);
      begins_writing = TRUE;
    }
  else if (state == GPROC_MOVER_WAIT_TARGET)
    {
      mover_wait_for_target (self);
    }
  self->over = state > GPROC_MOVER_WAIT_TARGET; /* Also for a main loop that @progress runs. */
  g_mutex_unlock (mover_lock (self));

  if (self->moved != moved && self->progress != NULL)
    self->progress (self, self->user_data);
  if (begins_writing)
    mover_write_in_hand (self);
  else if (state > GPROC_MOVER_WAIT_TARGET)
    mover_complete (self, state, error);
}

static void
mover_written (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr (GProcMover) self = user_data;
  g_autoptr (GBytes) in_hand = g_steal_pointer (&self->in_hand);
  GProcReadCore *core = _gproc_reader_get_core (self->reader);
  GError *error = NULL;
  gssize count = g_task_propagate_int (G_TASK (result), &error);
  gsize size, written = count > 0 ? (gsize) count : 0;
  const char *data = g_bytes_get_data (in_hand, &size);

  g_mutex_lock (mover_lock (self));
  self->writing = FALSE;
  self->over = error != NULL;
  self->moved += written;
  if (written < size)
    _gproc_read_core_unread (core, data + written, size - written);
  g_mutex_unlock (mover_lock (self));

  if (written > 0 && self->progress != NULL)
    self->progress (self, self->user_data);
  if (error != NULL)
    mover_complete (self, GPROC_MOVER_TARGET_FAILED, error);
  else
    mover_go_on (self);
}

/* What can only be written at its own pace is written by an operation, which waits for whatever
 * else the base stream has to do. It is not cancelled: GIO then says that nothing was written
 * also where it was. */
static void
mover_write_in_hand (GProcMover *self)
{
  GOutputVector vector = { g_bytes_get_data (self->in_hand, NULL),
                           g_bytes_get_size (self->in_hand) };
  gboolean pushed = _gproc_poller_push_default (self->poller);
  GTask *task = _gproc_writer_new_task (self->writer, _gproc_poller_get_priority (self->poller),
                                        NULL, mover_written, g_object_ref (self),
                                        mover_write_in_hand);

  _gproc_poller_pop_default (self->poller, pushed);
  _gproc_write_op_start (&self->writer->ops, _gproc_writer_get_queue (self->writer),
                         GPROC_WRITE_OP_WRITE, &vector, 1, task, NULL);
}

static void
side_ready (GProcWatch   *watch,
            GIOCondition  condition)
{
  GProcMoverSide *side = (GProcMoverSide *) watch;
  g_autoptr (GProcMover) self = g_object_ref (side->mover);

  self->looks_at_peer |= side == &self->to;
  mover_go_on (self);
}

void
_gproc_mover_init_run (GProcMover *self)
{
  self->from.mover = self->to.mover = self;
  self->from.guest.closing = reader_closing;
  self->to.guest.closing = writer_closing;
  _gproc_wait_init (&self->from.wait, side_ready);
  _gproc_wait_init (&self->to.wait, side_ready);
}

void
_gproc_mover_run_async (GProcMover         *self,
                        int                 io_priority,
                        GCancellable       *cancellable,
                        GProcMoverProgress  progress,
                        GProcMoverFunc      func,
                        gpointer            user_data)
{
  g_object_ref (self);
  self->poller = _gproc_poller_acquire_default (io_priority);
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->cancelled = self->over = FALSE;
  self->looks_at_peer = self->peer_gone = FALSE;
  self->from.closing = self->to.closing = FALSE;
  self->from.guest.unmarked = self->to.guest.unmarked = FALSE;
  self->progress = progress;
  self->func = func;
  self->user_data = user_data;

  _gproc_read_ops_enter (_gproc_reader_get_ops (self->reader), &self->from.guest);
  _gproc_write_ops_enter (&self->writer->ops, &self->to.guest);
  g_mutex_lock (mover_lock (self));
  mover_poke (self);
  g_mutex_unlock (mover_lock (self));
}

void
_gproc_mover_ignore_peer (GProcMover *self,
                          gboolean    ignore)
{
  g_mutex_lock (mover_lock (self));
  self->ignores_peer = ignore;
  if (self->func != NULL && !ignore)
    {
      self->looks_at_peer = TRUE;
      mover_poke (self);
    }
  g_mutex_unlock (mover_lock (self));
}

void
_gproc_mover_cancel (GProcMover *self)
{
  g_mutex_lock (mover_lock (self));
  if (self->func != NULL)
    {
      self->cancelled = TRUE;
      mover_poke (self);
    }
  g_mutex_unlock (mover_lock (self));
}

/* Blocks until there is something to read, or nobody to write it to. A base stream that can
 * only be read at its own pace is read here, and nothing else looked at meanwhile; what has a
 * descriptor is not, so that the kernel can move what comes. */
static GProcMoverState
block_on_source (GProcMover    *self,
                 GCancellable  *cancellable,
                 GError       **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_SOME, .count = PLAIN_SIZE };
  GProcReadCore *core = _gproc_reader_get_core (self->reader);
  GProcWriteQueue *queue = _gproc_reader_get_queue (self->reader);
  g_autoptr (GProcDescriptor) descriptor = NULL;
  g_autoptr (GProcDescriptor) peer = NULL;
  GSource *source = NULL;
  gboolean success;

  if (!mover_check_peer (self, error))
    return GPROC_MOVER_TARGET_FAILED;

  /* Another thread may close the stream meanwhile. */
  g_mutex_lock (mover_lock (self));
  if (core->input.descriptor != NULL)
    descriptor = _gproc_descriptor_ref (core->input.descriptor);
  else if (core->input.base != NULL && core->input.pollable)
    source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (core->input.base),
                                                    NULL);
  g_mutex_unlock (mover_lock (self));

  peer = mover_ref_peer (self);
  if (descriptor != NULL || source != NULL)
    success = _gproc_block_on_move (descriptor != NULL ? _gproc_descriptor_get_fd (descriptor) : -1,
                                    source, peer, &self->looks_at_peer, queue, cancellable, error);
  else
    success = _gproc_read_core_fill (core, &request, TRUE, queue, cancellable, error) !=
              GPROC_FILL_FAILED;

  return success ? GPROC_MOVER_AGAIN : GPROC_MOVER_SOURCE_FAILED;
}

static GProcMoverState
block_on_target (GProcMover    *self,
                 GCancellable  *cancellable,
                 GError       **error)
{
  GProcReadCore *core = _gproc_reader_get_core (self->reader);
  GProcWriteQueue *queue = _gproc_writer_get_queue (self->writer);
  int fd = _gproc_write_queue_get_fd (queue);
  GOutputVector vector;
  gssize count;

  if (_gproc_write_queue_get_base (queue) == NULL && fd >= 0)
    return _gproc_block (fd, G_IO_OUT, self->writer->row, -1, cancellable, error)
             ? GPROC_MOVER_AGAIN
             : GPROC_MOVER_SOURCE_FAILED;

  vector.buffer = _gproc_buffer_data (&core->buffer);
  vector.size = MIN (_gproc_buffer_length (&core->buffer), PLAIN_SIZE);
  count = _gproc_writer_write (self->writer, &vector, 1, cancellable, error);
  if (count < 0)
    return g_cancellable_is_cancelled (cancellable) ? GPROC_MOVER_SOURCE_FAILED
                                                    : GPROC_MOVER_TARGET_FAILED;
  _gproc_buffer_drop (&core->buffer, (gsize) count);
  self->moved += (gsize) count;

  return GPROC_MOVER_AGAIN;
}

GProcMoverState
_gproc_mover_run (GProcMover    *self,
                  GCancellable  *cancellable,
                  GError       **error)
{
  GProcMoverState state = GPROC_MOVER_AGAIN;

  self->looks_at_peer = self->peer_gone = FALSE;
  while (state <= GPROC_MOVER_WAIT_TARGET)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return GPROC_MOVER_SOURCE_FAILED;

      state = _gproc_mover_step (self, GPROC_MOVER_BUDGET, error);
      if (state == GPROC_MOVER_WAIT_SOURCE)
        state = block_on_source (self, cancellable, error);
      else if (state == GPROC_MOVER_WAIT_TARGET)
        state = block_on_target (self, cancellable, error);
    }

  return state;
}

/* Hands the buffer to the queue of the target, up to @size bytes. */
static GProcMoverState
queue_buffered (GProcMover  *self,
                gsize        size,
                GError     **error)
{
  GProcReadCore *core = _gproc_reader_get_core (self->reader);
  GProcWriteQueue *queue = _gproc_writer_get_queue (self->writer);
  guint64 accepted = _gproc_write_queue_get_state (queue).accepted;
  gboolean success;

  size = MIN (_gproc_buffer_length (&core->buffer), size);
  success = _gproc_write_queue_append (queue, _gproc_buffer_data (&core->buffer), size, NULL,
                                       error);
  /* A queue that breaks with them has taken them all the same: some may be written. */
  if (success || _gproc_write_queue_get_state (queue).accepted != accepted)
    {
      _gproc_buffer_drop (&core->buffer, size);
      self->moved += size;
    }

  return success ? GPROC_MOVER_AGAIN : GPROC_MOVER_TARGET_FAILED;
}

static void
read_ahead (GProcMover *self)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);

  _gproc_input_read_ahead (&_gproc_reader_get_core (self->reader)->input, poller, PLAIN_SIZE);
  _gproc_poller_release (poller);
}

GProcMoverState
_gproc_mover_step_to_queue (GProcMover  *self,
                            gsize        size,
                            GError     **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_SOME, .count = size };
  GProcReadCore *core = _gproc_reader_get_core (self->reader);
  GProcWriteQueue *queue = _gproc_writer_get_queue (self->writer);
  guint64 end = self->moved + size;
  GProcMoverState state;

  _gproc_write_queue_push (queue);
  state = _gproc_mover_step (self, size, error);
  if (state == GPROC_MOVER_WAIT_SOURCE)
    read_ahead (self);
  if (state != GPROC_MOVER_WAIT_TARGET || self->moved == end)
    return state;

  /* A target that has enough to write already gets no more. */
  if (_gproc_write_queue_get_state (queue).queued > _gproc_write_queue_get_state (queue).high)
    return GPROC_MOVER_WAIT_TARGET;

  g_mutex_lock (mover_lock (self));
  _gproc_mover_take_back_held (self);
  g_mutex_unlock (mover_lock (self));
  if (_gproc_buffer_length (&core->buffer) == 0 &&
      _gproc_read_core_fill (core, &request, FALSE, NULL, NULL, error) == GPROC_FILL_FAILED)
    return GPROC_MOVER_SOURCE_FAILED;
  /* The target has to take nothing for the end to be seen. */
  if (_gproc_buffer_length (&core->buffer) == 0)
    return core->eof || core->error != NULL ? _gproc_mover_step (self, 0, error)
                                            : GPROC_MOVER_WAIT_SOURCE;

  return queue_buffered (self, (gsize) (end - self->moved), error);
}
