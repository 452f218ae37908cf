/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-mover-internal-private.h"

#include <gio/gfiledescriptorbased.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib/gi18n-lib.h>

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

/* The descriptor behind a stream of GIO that keeps no bytes back; −1 if it is any other. */
static int
get_bare_fd (GObject  *stream,
             gboolean  is_bare)
{
  GParamSpec *property = g_object_class_find_property (G_OBJECT_GET_CLASS (stream), "socket");
  g_autoptr (GSocket) socket = NULL;

  if (!G_IS_FILE_DESCRIPTOR_BASED (stream))
    return -1;

  if (property != NULL && g_type_is_a (property->value_type, G_TYPE_SOCKET))
    {
      /* The time limit of a socket is kept by GIO's own functions alone. */
      g_object_get (stream, "socket", &socket, NULL);
      if (socket == NULL || g_socket_get_timeout (socket) != 0)
        return -1;
      return g_socket_get_fd (socket);
    }

  return is_bare ? g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (stream)) : -1;
}

static GProcReader *
make_reader (GInputStream *source)
{
  gboolean is_bare = G_OBJECT_TYPE (source) == G_TYPE_UNIX_INPUT_STREAM ||
                     G_IS_FILE_INPUT_STREAM (source);
  int fd = get_bare_fd (G_OBJECT (source), is_bare);
  GProcReader *reader;

  if (GPROC_IS_READER (source))
    return g_object_ref (GPROC_READER (source));
  if (fd >= 0)
    return gproc_reader_new_for_fd (fd, FALSE);

  reader = gproc_reader_new (source);
  _gproc_reader_get_core (reader)->input.close_base = FALSE;

  return reader;
}

static GProcWriter *
make_writer (GOutputStream *target)
{
  gboolean is_bare = G_OBJECT_TYPE (target) == G_TYPE_UNIX_OUTPUT_STREAM ||
                     G_IS_FILE_OUTPUT_STREAM (target);
  int fd = get_bare_fd (G_OBJECT (target), is_bare);
  GProcWriter *writer;

  if (GPROC_IS_WRITER (target))
    return g_object_ref (GPROC_WRITER (target));
  if (fd >= 0)
    return gproc_writer_new_for_fd (fd, FALSE);

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
  self->reader = make_reader (source);
  self->writer = make_writer (target);

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

  if (length > 0 &&
      _gproc_write_queue_append_rest (queue, _gproc_buffer_data (&core->buffer), length))
    _gproc_buffer_drop (&core->buffer, length);
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

  if (!g_input_stream_set_pending (self->source, error))
    return FALSE;

  if (!target_is_pending && !g_output_stream_set_pending (self->target, error))
    {
      g_input_stream_clear_pending (self->source);
      return FALSE;
    }

  self->source_marked = keeps_source_mark (self);
  if (!self->source_marked)
    g_input_stream_clear_pending (self->source);
  self->target_marked = !target_is_pending && keeps_target_mark (self);
  if (!target_is_pending && !self->target_marked)
    g_output_stream_clear_pending (self->target);

  _gproc_read_core_begin (_gproc_reader_get_core (self->reader), &request);

  return TRUE;
}

/* What is held on the way is the first that comes from the source. */
static void
take_back_held (GProcMover *self)
{
  GProcReadCore *core = _gproc_reader_get_core (self->reader);
  gsize held = self->joint.held;
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
  take_back_held (self);
  _gproc_joint_clear (&self->joint);
  _gproc_buffer_trim (&_gproc_reader_get_core (self->reader)->buffer);
  if (self->source_marked)
    g_input_stream_clear_pending (self->source);
  if (self->target_marked)
    g_output_stream_clear_pending (self->target);
  self->source_marked = self->target_marked = FALSE;
  _gproc_reader_check_ended (self->reader);
}

static void
count_moved (GProcMover *self,
             gsize       count)
{
  GProcDescriptor *target = _gproc_write_queue_get_descriptor (
    _gproc_writer_get_queue (self->writer));
  GProcReadCore *core = _gproc_reader_get_core (self->reader);

  self->moved += count;
  if (self->grown || self->moved < MOVED_BEFORE_GROWTH)
    return;

  self->grown = TRUE;
  if (core->input.descriptor != NULL)
    _gproc_descriptor_grow (core->input.descriptor);
  if (target != NULL)
    _gproc_descriptor_grow (target);
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
      take_back_held (self);
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
  GProcDescriptor *target = _gproc_write_queue_get_descriptor (
    _gproc_writer_get_queue (self->writer));

  return source != NULL && target != NULL &&
         _gproc_joint_choose (&self->joint, source, target) != GPROC_MOVE_BY_COPYING;
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

  switch (_gproc_read_core_fill (_gproc_reader_get_core (self->reader), &request, FALSE, NULL, NULL,
                                 error))
    {
    case GPROC_FILL_WAIT:
      return GPROC_MOVER_WAIT_SOURCE;
    case GPROC_FILL_FAILED:
      return GPROC_MOVER_SOURCE_FAILED;
    case GPROC_FILL_PROGRESS:
    case GPROC_FILL_DRAINED:
    default:
      return GPROC_MOVER_AGAIN;
    }
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

      if (left == 0 || g_get_monotonic_time () >= deadline)
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
