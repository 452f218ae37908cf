/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-mover-internal-private.h"

#include <gio/gfiledescriptorbased.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib/gi18n-lib.h>
#include <sys/socket.h>

#include "loop/gproc-descriptor-move-private.h"
#include "streams/gproc-block-private.h"

/* A pipe of the usual size costs a wake-up for each 64 KiB: who moves more than this gets
 * larger ones. */
#define MOVED_BEFORE_GROWTH (128 * 1024)

/* What copying has in hand at a time. */
#define COPY_SIZE (256 * 1024)

/* How long one step goes on, in µs. */
#define STEP_TIME 400

G_DEFINE_FINAL_TYPE (GProcMover, _gproc_mover, G_TYPE_OBJECT)

/* The socket of a stream that has one. Owned. */
static GSocket *
get_socket (gpointer stream)
{
  GParamSpec *property = g_object_class_find_property (G_OBJECT_GET_CLASS (stream), "socket");
  GSocket *socket = NULL;

  if (property != NULL && g_type_is_a (property->value_type, G_TYPE_SOCKET) &&
      (property->flags & G_PARAM_READABLE) != 0)
    g_object_get (stream, "socket", &socket, NULL);

  return socket;
}

/* The descriptor behind a stream of GIO that keeps no bytes back, or NULL: a second number for
 * it, as the stream may be closed while it is used. The time limit of a socket is kept by
 * GIO's own functions alone. */
static GProcDescriptor *
duplicate_fd (gpointer             stream,
              gboolean             is_bare,
              GSocket             *socket,
              GProcDescriptorSide  side)
{
  int fd = -1;

  if (!G_IS_FILE_DESCRIPTOR_BASED (stream))
    return NULL;

  if (socket != NULL)
    fd = g_socket_get_timeout (socket) == 0 ? g_socket_get_fd (socket) : -1;
  else if (is_bare)
    fd = g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (stream));

  return fd >= 0 ? _gproc_descriptor_new_duplicate (fd, side) : NULL;
}

static GProcReader *
make_reader (GInputStream *source,
             GSocket      *socket)
{
  gboolean is_bare = G_OBJECT_TYPE (source) == G_TYPE_UNIX_INPUT_STREAM ||
                     G_IS_FILE_INPUT_STREAM (source);
  g_autoptr (GProcDescriptor) descriptor = NULL;
  GProcReader *reader;

  if (GPROC_IS_READER (source))
    return g_object_ref (GPROC_READER (source));

  descriptor = duplicate_fd (source, is_bare, socket, GPROC_DESCRIPTOR_READ);
  if (descriptor != NULL)
    return _gproc_reader_new_for_descriptor (descriptor, -1);

  reader = gproc_reader_new (source);
  _gproc_reader_get_core (reader)->input.close_base = FALSE;

  return reader;
}

static GProcWriter *
make_writer (GOutputStream *target,
             GSocket       *socket)
{
  gboolean is_bare = G_OBJECT_TYPE (target) == G_TYPE_UNIX_OUTPUT_STREAM ||
                     G_IS_FILE_OUTPUT_STREAM (target);
  g_autoptr (GProcDescriptor) descriptor = NULL;
  GProcWriter *writer;

  if (GPROC_IS_WRITER (target))
    return g_object_ref (GPROC_WRITER (target));

  descriptor = duplicate_fd (target, is_bare, socket, GPROC_DESCRIPTOR_WRITE);
  if (descriptor != NULL)
    return _gproc_writer_new_for_descriptor (descriptor);

  writer = gproc_writer_new (target);
  _gproc_write_queue_leave_base_open (_gproc_writer_get_queue (writer));

  return writer;
}

GProcMover *
_gproc_mover_new (GInputStream  *source,
                  GOutputStream *target)
{
  GProcMover *self = g_object_new (GPROC_TYPE_MOVER, NULL);

  self->source = g_object_ref (source);
  self->target = g_object_ref (target);
  if (!GPROC_IS_READER (source))
    self->source_socket = get_socket (source);
  if (!GPROC_IS_WRITER (target))
    self->target_socket = get_socket (target);
  self->reader = make_reader (source, self->source_socket);
  self->writer = make_writer (target, self->target_socket);

  return self;
}

void
_gproc_mover_hand_over_rest (GProcMover *self)
{
  GProcReadCore *core = _gproc_reader_get_core (self->reader);
  GProcWriteQueue *queue = _gproc_writer_get_queue (self->writer);
  gsize length = _gproc_buffer_length (&core->buffer);

  if (GPROC_IS_READER (self->source) || !GPROC_IS_WRITER (self->target) || queue == NULL)
    return;

  if (length > 0)
    {
      _gproc_write_queue_append_rest (queue, _gproc_buffer_data (&core->buffer), length);
      _gproc_buffer_drop (&core->buffer, length);
    }
  _gproc_input_bequeath (&core->input, queue);
}

static void
_gproc_mover_dispose (GObject *object)
{
  GProcMover *self = GPROC_MOVER (object);

  if (self->reader != NULL && self->writer != NULL)
    _gproc_mover_hand_over_rest (self);
  g_clear_object (&self->reader);
  g_clear_object (&self->writer);
  g_clear_object (&self->source);
  g_clear_object (&self->target);
  g_clear_object (&self->source_socket);
  g_clear_object (&self->target_socket);

  G_OBJECT_CLASS (_gproc_mover_parent_class)->dispose (object);
}

static void
_gproc_mover_class_init (GProcMoverClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = _gproc_mover_dispose;
}

static void
_gproc_mover_init (GProcMover *self)
{
  _gproc_mover_init_run (self);
}

GProcReader *
_gproc_mover_get_reader (GProcMover *self)
{
  return self->reader;
}

GProcWriter *
_gproc_mover_get_writer (GProcMover *self)
{
  return self->writer;
}

/* Whether somebody has read what was written, as far as the kernel tells: a socket is broken
 * if its other end was closed with something unread. */
static gboolean
was_all_read (GProcDescriptor *target)
{
  int error = 0;
  socklen_t length = sizeof error;

  if (_gproc_descriptor_get_kind (target) != GPROC_DESCRIPTOR_SOCKET)
    return _gproc_descriptor_get_unread (target) <= 0;

  return getsockopt (_gproc_descriptor_get_fd (target), SOL_SOCKET, SO_ERROR, &error, &length) <
           0 ||
         error == 0;
}

gboolean
_gproc_mover_lost_nothing (GProcMover *self)
{
  /* Another thread may close the target meanwhile. */
  g_autoptr (GProcDescriptor)
    target = _gproc_write_queue_ref_peer (_gproc_writer_get_queue (self->writer));

  return self->peer_gone && (target == NULL || was_all_read (target));
}

gboolean
_gproc_mover_blames_target (GProcMover *self)
{
  return self->blames_target;
}

guint64
_gproc_mover_get_moved (GProcMover *self)
{
  return self->moved;
}

/* Whether the pending mark of a stream can be kept for the whole of a transfer: a base stream
 * that is not pollable needs it for the operations on it. */
static gboolean
keeps_source_mark (GProcMover *self)
{
  return GPROC_IS_READER (self->source) ||
         _gproc_reader_get_core (self->reader)->input.base == NULL ||
         _gproc_reader_get_core (self->reader)->input.pollable;
}

static gboolean
keeps_target_mark (GProcMover *self)
{
  return GPROC_IS_WRITER (self->target) ||
         !_gproc_write_queue_is_plain (_gproc_writer_get_queue (self->writer));
}

gboolean
_gproc_mover_begin (GProcMover  *self,
                    gboolean     target_is_pending,
                    GError     **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_SOME, .count = 1 };
  /* A read that a cancelled run has left behind has the mark; this run gets what it brings. */
  gboolean reads = !keeps_source_mark (self) &&
                   _gproc_reader_get_core (self->reader)->input.read != NULL;
  /* And so has a write of what was queued before. */
  gboolean writes = target_is_pending ||
                    (!keeps_target_mark (self) &&
                     _gproc_write_queue_is_on_base (_gproc_writer_get_queue (self->writer)));

  self->blames_target = FALSE;
  if (!reads && !g_input_stream_set_pending (self->source, error))
    return FALSE;

  if (!writes && !g_output_stream_set_pending (self->target, error))
    {
      if (!reads)
        g_input_stream_clear_pending (self->source);
      self->blames_target = TRUE;
      return FALSE;
    }

  self->source_marked = keeps_source_mark (self);
  if (!self->source_marked && !reads)
    g_input_stream_clear_pending (self->source);
  self->target_marked = !target_is_pending && keeps_target_mark (self);
  if (!writes && !self->target_marked)
    g_output_stream_clear_pending (self->target);

  _gproc_read_core_begin (_gproc_reader_get_core (self->reader), &request);

  return TRUE;
}

void
_gproc_mover_take_back_held (GProcMover *self)
{
  GProcReadCore *core = _gproc_reader_get_core (self->reader);
  gsize held = _gproc_joint_get_held (&self->joint);
  g_autofree char *data = held > 0 ? g_malloc (held) : NULL;
  gsize count = 0;

  while (count < held)
    count += _gproc_joint_take_back (&self->joint, data + count, held - count);
  if (held > 0)
    _gproc_read_core_unread (core, data, held);
}

void
_gproc_mover_end (GProcMover *self)
{
  GProcReadOps *ops = _gproc_reader_get_ops (self->reader);

  g_mutex_lock (&ops->lock);
  _gproc_mover_take_back_held (self);
  _gproc_joint_clear (&self->joint);
  _gproc_buffer_trim (&_gproc_reader_get_core (self->reader)->buffer);
  if (self->source_marked && !self->from.guest.unmarked)
    g_input_stream_clear_pending (self->source);
  g_mutex_unlock (&ops->lock);
  g_mutex_lock (&self->writer->ops.lock);
  if (self->target_marked && !self->to.guest.unmarked)
    g_output_stream_clear_pending (self->target);
  g_mutex_unlock (&self->writer->ops.lock);
  self->source_marked = self->target_marked = FALSE;
  _gproc_reader_check_ended (self->reader);
}

static void
count_moved (GProcMover *self,
             gsize       count)
{
  GProcReadCore *core = _gproc_reader_get_core (self->reader);

  self->moved += count;
  if (self->grown || self->moved < MOVED_BEFORE_GROWTH)
    return;

  self->grown = TRUE;
  if (core->input.descriptor != NULL)
    _gproc_descriptor_grow (core->input.descriptor);
  _gproc_write_queue_grow (_gproc_writer_get_queue (self->writer));
}

/* Writes what is buffered. */
static GProcMoverState
write_buffered (GProcMover  *self,
                gsize        size,
                GError     **error)
{
  GProcReadCore *core = _gproc_reader_get_core (self->reader);
  GProcWriteQueue *queue = _gproc_writer_get_queue (self->writer);
  GOutputVector vector = { _gproc_buffer_data (&core->buffer),
                           MIN (_gproc_buffer_length (&core->buffer), size) };
  GError *local_error = NULL;
  gssize count;

  if (_gproc_write_queue_is_plain (queue))
    return GPROC_MOVER_WAIT_TARGET;

  count = _gproc_write_queue_write_through (queue, &vector, 1, &local_error);
  if (count > 0)
    {
      _gproc_buffer_drop (&core->buffer, (gsize) count);
      count_moved (self, (gsize) count);
      return (gsize) count < vector.size ? GPROC_MOVER_WAIT_TARGET : GPROC_MOVER_AGAIN;
    }

  if (count < 0 && !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_propagate_error (error, local_error);
      return GPROC_MOVER_TARGET_FAILED;
    }
  g_clear_error (&local_error);

  return GPROC_MOVER_WAIT_TARGET;
}

/* Has the kernel move. Where it refuses, the joint copies from then on. */
static GProcMoverState
move_in_kernel (GProcMover  *self,
                gsize        size,
                GError     **error)
{
  GProcReadCore *core = _gproc_reader_get_core (self->reader);
  GProcWriteQueue *queue = _gproc_writer_get_queue (self->writer);
  GError *local_error = NULL;
  GProcMoved moved;
  GProcMove state;

  state = _gproc_write_queue_move (queue, &self->joint, core->input.descriptor, size, &moved,
                                   &local_error);
  core->total += moved.taken;
  count_moved (self, moved.written);

  switch (state)
    {
    case GPROC_MOVE_END:
      core->eof = TRUE;
      return GPROC_MOVER_AGAIN;
    case GPROC_MOVE_WAIT_SOURCE:
      return GPROC_MOVER_WAIT_SOURCE;
    case GPROC_MOVE_WAIT_TARGET:
      return GPROC_MOVER_WAIT_TARGET;
    case GPROC_MOVE_REFUSED:
      _gproc_mover_take_back_held (self);
      return GPROC_MOVER_AGAIN;
    case GPROC_MOVE_SOURCE_FAILED:
      core->error = local_error;
      return GPROC_MOVER_AGAIN;
    case GPROC_MOVE_TARGET_FAILED:
      g_propagate_error (error, local_error);
      return GPROC_MOVER_TARGET_FAILED;
    case GPROC_MOVE_MORE:
    default:
      return GPROC_MOVER_AGAIN;
    }
}

static gboolean
kernel_can_move (GProcMover *self)
{
  GProcDescriptor *source = _gproc_reader_get_core (self->reader)->input.descriptor;

  /* Who listens sees no bytes that do not come here. */
  return source != NULL && _gproc_reader_get_core (self->reader)->tap == NULL &&
         _gproc_write_queue_choose_move (_gproc_writer_get_queue (self->writer), &self->joint,
                                         source) != GPROC_MOVE_BY_COPYING;
}

/* What came before is written before it is said how the source ended. */
static GProcMoverState
check_source (GProcMover  *self,
              GError     **error)
{
  GProcReadCore *core = _gproc_reader_get_core (self->reader);

  if (core->error != NULL)
    {
      g_propagate_error (error, g_error_copy (core->error));
      return GPROC_MOVER_SOURCE_FAILED;
    }
  if (core->eof)
    return GPROC_MOVER_END;
  if (!_gproc_input_is_open (&core->input))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The stream was closed"));
      return GPROC_MOVER_SOURCE_FAILED;
    }

  return GPROC_MOVER_AGAIN;
}

static GProcMoverState
fill_buffer (GProcMover  *self,
             gsize        size,
             GError     **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_SOME, .count = MIN (size, COPY_SIZE) };

  if (self->drained)
    return GPROC_MOVER_WAIT_SOURCE;

  switch (_gproc_read_core_fill (_gproc_reader_get_core (self->reader), &request, FALSE, NULL, NULL,
                                 error))
    {
    case GPROC_FILL_WAIT:
      return GPROC_MOVER_WAIT_SOURCE;
    case GPROC_FILL_FAILED:
      return GPROC_MOVER_SOURCE_FAILED;
    case GPROC_FILL_DRAINED:
      self->drained = TRUE;
      return GPROC_MOVER_AGAIN;
    case GPROC_FILL_PROGRESS:
    default:
      return GPROC_MOVER_AGAIN;
    }
}

/* A stream of GIO may have been closed meanwhile, with nobody told. */
static gboolean
streams_are_open (GProcMover       *self,
                  GProcMoverState  *state,
                  GError          **error)
{
  if ((self->source_socket != NULL && g_socket_is_closed (self->source_socket)) ||
      (!GPROC_IS_READER (self->source) && g_input_stream_is_closed (self->source)))
    *state = GPROC_MOVER_SOURCE_FAILED;
  else if ((self->target_socket != NULL && g_socket_is_closed (self->target_socket)) ||
           (!GPROC_IS_WRITER (self->target) && g_output_stream_is_closed (self->target)))
    *state = GPROC_MOVER_TARGET_FAILED;
  else
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The stream was closed"));

  return FALSE;
}

GProcMoverState
_gproc_mover_step_locked (GProcMover  *self,
                          gsize        size,
                          GError     **error)
{
  GProcReadCore *core = _gproc_reader_get_core (self->reader);
  gint64 deadline = g_get_monotonic_time () + STEP_TIME;
  GProcMoverState state = GPROC_MOVER_AGAIN;
  guint64 start = self->moved;

  if (!streams_are_open (self, &state, error))
    return state;

  self->drained = FALSE;
  while (state == GPROC_MOVER_AGAIN)
    {
      gsize left = size - (gsize) (self->moved - start);

      if (_gproc_buffer_length (&core->buffer) > 0)
        {
          state = left > 0 ? write_buffered (self, left, error) : GPROC_MOVER_AGAIN;
        }
      else
        {
          state = check_source (self, error);
          if (state == GPROC_MOVER_AGAIN && left > 0)
            state = kernel_can_move (self) ? move_in_kernel (self, left, error)
                                           : fill_buffer (self, left, error);
        }

      /* What was read is written, too, however long that took: a turn that has something to move
       * has moved some of it. */
      if (left == 0 || (self->moved > start && g_get_monotonic_time () >= deadline))
        break;
    }

  return state;
}

GProcMoverState
_gproc_mover_step (GProcMover  *self,
                   gsize        size,
                   GError     **error)
{
  GProcReadOps *ops = _gproc_reader_get_ops (self->reader);
  GProcMoverState state;

  g_mutex_lock (&ops->lock);
  state = _gproc_mover_step_locked (self, size, error);
  g_mutex_unlock (&ops->lock);

  return state;
}
