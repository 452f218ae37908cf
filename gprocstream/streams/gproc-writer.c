/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-writer-internal-private.h"

/**
 * GProcWriter:
 *
 * An output stream with a queue: writing never blocks, draining sends.
 *
 * A writer is made on a descriptor or on any other [class@Gio.OutputStream]; the standard
 * input of a [class@GProc.Stream] is one. It is a complete output stream, so whatever
 * takes a [class@Gio.OutputStream] takes it, and it has what asyncio's `StreamWriter` has:
 *
 * - [method@GProc.Writer.queue], [method@GProc.Writer.queue_bytes] and
 *   [method@GProc.Writer.queuev] take data and return at once;
 * - [method@GProc.Writer.drain] waits until the queue is short again;
 * - [method@GProc.Writer.write_eof] ends the stream behind what is queued;
 * - [method@Gio.OutputStream.flush] waits until all that was queued is written.
 *
 * The methods of [class@Gio.OutputStream] that write are ordered behind the queue, and report
 * what the kernel has taken.
 *
 * ## When it is written
 *
 * The first data that is queued in an iteration of the main loop is written at once, if
 * nothing waits before it. What is queued after it is gathered, and goes out together at
 * the end of the iteration, or as soon as 64 KiB or the high watermark are reached.
 * Without a running loop, every blocking call of the writer or of its [class@GProc.Stream]
 * writes what is queued; so does [method@GProc.Writer.try_flush].
 *
 * The queue is written in the [thread-default
 * context](https://docs.gtk.org/glib/method.MainContext.push_thread_default.html) in which the
 * writer was made.
 *
 * ## Nothing is lost in silence
 *
 * Every byte is accepted once, and then is queued, written or discarded:
 * [property@GProc.Writer:bytes-accepted] is the sum of the three others at every instant.
 * Written is what the kernel has taken. When a pipe breaks, what was queued is
 * discarded, and the next call says so, with the count.
 *
 * A writer that is dropped without being closed goes on writing its queue for up to five
 * seconds. [method@GProc.Writer.abort] drops it at once.
 *
 * Since: 1.0
 */

enum
{
  PROP_0,
  PROP_BASE_STREAM,
  PROP_HIGH_WATERMARK,
  PROP_LOW_WATERMARK,
  PROP_QUEUE_LIMIT,
  PROP_BYTES_QUEUED,
  PROP_BYTES_ACCEPTED,
  PROP_BYTES_WRITTEN,
  PROP_BYTES_DISCARDED,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE_WITH_CODE (GProcWriter,
                               gproc_writer,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      _gproc_writer_install_pollable))

GProcWriteQueue *
_gproc_writer_get_queue (GProcWriter *self)
{
  return self->queue;
}

GTask *
_gproc_writer_new_task (GProcWriter         *self,
                        int                  io_priority,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data,
                        gpointer             source_tag)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, source_tag);
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);

  return task;
}

typedef struct
{
  GProcWriterFunc func;
  gpointer user_data;
} ShutdownData;

static void
writer_is_shut_down (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  g_autofree ShutdownData *data = user_data;
  g_autoptr (GError) error = NULL;

  g_task_propagate_boolean (G_TASK (result), &error);
  data->func (GPROC_WRITER (source), error, data->user_data);
}

void
_gproc_writer_shutdown_async (GProcWriter     *self,
                              GProcPoller     *poller,
                              GCancellable    *cancellable,
                              GProcWriterFunc  func,
                              gpointer         user_data)
{
  ShutdownData *data = g_new0 (ShutdownData, 1);
  GTask *task;

  data->func = func;
  data->user_data = user_data;
  task = _gproc_writer_new_task (self, _gproc_poller_get_priority (poller), cancellable,
                                 writer_is_shut_down, data, _gproc_writer_shutdown_async);

  _gproc_ready_sources_close (&self->sources);
  _gproc_write_ops_shut (&self->ops);
  _gproc_write_op_start (&self->ops, self->queue, GPROC_WRITE_OP_CLOSE, NULL, 0, task, NULL);
}

gboolean
_gproc_writer_shutdown (GProcWriter   *self,
                        GCancellable  *cancellable,
                        GError       **error)
{
  _gproc_write_ops_shut (&self->ops);

  return _gproc_writer_close_queue (self, cancellable, error);
}

void
_gproc_writer_force_close (GProcWriter *self)
{
  gproc_writer_abort (self);
  self->forced = TRUE;
  _gproc_write_ops_unmark (&self->ops);
  g_output_stream_clear_pending (G_OUTPUT_STREAM (self));
  g_output_stream_close (G_OUTPUT_STREAM (self), NULL, NULL);
}

gboolean
_gproc_writer_is_closed (GProcWriter *self)
{
  gboolean closed;

  g_mutex_lock (&self->ops.lock);
  closed = g_output_stream_is_closed (G_OUTPUT_STREAM (self));
  g_mutex_unlock (&self->ops.lock);

  return closed;
}

static void
gproc_writer_get_property (GObject    *object,
                           guint       property_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  GProcWriter *self = GPROC_WRITER (object);
  GProcWriteQueueState state = _gproc_write_queue_get_state (self->queue);

  switch (property_id)
    {
    case PROP_BASE_STREAM:
      g_value_set_object (value, _gproc_write_queue_get_base (self->queue));
      break;
    case PROP_HIGH_WATERMARK:
      g_value_set_uint64 (value, state.high);
      break;
    case PROP_LOW_WATERMARK:
      g_value_set_uint64 (value, state.low);
      break;
    case PROP_QUEUE_LIMIT:
      g_value_set_uint64 (value, state.limit);
      break;
    case PROP_BYTES_QUEUED:
      g_value_set_uint64 (value, state.queued);
      break;
    case PROP_BYTES_ACCEPTED:
      g_value_set_uint64 (value, state.accepted);
      break;
    case PROP_BYTES_WRITTEN:
      g_value_set_uint64 (value, state.written);
      break;
    case PROP_BYTES_DISCARDED:
      g_value_set_uint64 (value, state.discarded);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
gproc_writer_set_property (GObject      *object,
                           guint         property_id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  GProcWriter *self = GPROC_WRITER (object);
  GOutputStream *base;

  switch (property_id)
    {
    case PROP_BASE_STREAM:
      base = g_value_get_object (value);
      if (base == NULL)
        break;
      _gproc_write_queue_open (self->queue, NULL, base);
      self->can_poll = !_gproc_write_queue_is_plain (self->queue);
      break;
    case PROP_QUEUE_LIMIT:
      gproc_writer_set_queue_limit (self, (gsize) g_value_get_uint64 (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

/* GOutputStream closes at its dispose, which would block: the queue goes on alone. */
static void
gproc_writer_dispose (GObject *object)
{
  GProcWriter *self = GPROC_WRITER (object);

  _gproc_ready_sources_close (&self->sources);
  if (!self->forced)
    {
      self->forced = TRUE;
      _gproc_write_queue_release (_gproc_write_queue_ref (self->queue));
    }

  G_OBJECT_CLASS (gproc_writer_parent_class)->dispose (object);
}

static void
gproc_writer_finalize (GObject *object)
{
  GProcWriter *self = GPROC_WRITER (object);

  g_clear_pointer (&self->row, _gproc_write_queue_unref);
  g_clear_pointer (&self->queue, _gproc_write_queue_unref);
  g_mutex_clear (&self->ops.lock);

  G_OBJECT_CLASS (gproc_writer_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * GProcWriter:base-stream: (getter get_base_stream)
   *
   * The stream that is written to; %NULL if the writer is on a descriptor, or closed.
   *
   * Since: 1.0
   */
  properties[PROP_BASE_STREAM] = g_param_spec_object ("base-stream", NULL, NULL,
                                                      G_TYPE_OUTPUT_STREAM,
                                                      G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY |
                                                        G_PARAM_STATIC_STRINGS);

  /**
   * GProcWriter:high-watermark: (getter get_high_watermark)
   *
   * The length of the queue, in bytes, above which [method@GProc.Writer.drain] waits.
   * Set by [method@GProc.Writer.set_watermarks].
   *
   * Since: 1.0
   */
  properties[PROP_HIGH_WATERMARK] = g_param_spec_uint64 ("high-watermark", NULL, NULL, 0,
                                                         G_MAXUINT64, 64 * 1024, read_only);

  /**
   * GProcWriter:low-watermark: (getter get_low_watermark)
   *
   * The length of the queue, in bytes, down to which [method@GProc.Writer.drain] waits.
   * Set by [method@GProc.Writer.set_watermarks].
   *
   * Since: 1.0
   */
  properties[PROP_LOW_WATERMARK] = g_param_spec_uint64 ("low-watermark", NULL, NULL, 0, G_MAXUINT64,
                                                        16 * 1024, read_only);

  /**
   * GProcWriter:queue-limit: (getter get_queue_limit) (setter set_queue_limit)
   *
   * How many bytes the queue may hold. Without a limit by default; with 0 nothing can be
   * queued.
   *
   * Since: 1.0
   */
  properties[PROP_QUEUE_LIMIT] = g_param_spec_uint64 ("queue-limit", NULL, NULL, 0, G_MAXSIZE,
                                                      G_MAXSIZE,
                                                      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                                        G_PARAM_EXPLICIT_NOTIFY);

  /**
   * GProcWriter:bytes-queued: (getter get_bytes_queued)
   *
   * How many bytes wait to be written. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_QUEUED] = g_param_spec_uint64 ("bytes-queued", NULL, NULL, 0, G_MAXUINT64,
                                                       0, read_only);

  /**
   * GProcWriter:bytes-accepted: (getter get_bytes_accepted)
   *
   * How many bytes were accepted in all. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_ACCEPTED] = g_param_spec_uint64 ("bytes-accepted", NULL, NULL, 0,
                                                         G_MAXUINT64, 0, read_only);

  /**
   * GProcWriter:bytes-written: (getter get_bytes_written)
   *
   * How many bytes the kernel, or the base stream, has taken. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_WRITTEN] = g_param_spec_uint64 ("bytes-written", NULL, NULL, 0, G_MAXUINT64,
                                                        0, read_only);

  /**
   * GProcWriter:bytes-discarded: (getter get_bytes_discarded)
   *
   * How many bytes were accepted, but could not be written or were dropped. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_DISCARDED] = g_param_spec_uint64 ("bytes-discarded", NULL, NULL, 0,
                                                          G_MAXUINT64, 0, read_only);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
gproc_writer_class_init (GProcWriterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (klass);

  object_class->get_property = gproc_writer_get_property;
  object_class->set_property = gproc_writer_set_property;
  object_class->dispose = gproc_writer_dispose;
  object_class->finalize = gproc_writer_finalize;

  _gproc_writer_install_stream (stream_class);
  install_properties (object_class);
}

static void
gproc_writer_init (GProcWriter *self)
{
  g_mutex_init (&self->ops.lock);
  self->queue = _gproc_write_queue_new ();
}

void
_gproc_writer_set_row (GProcWriter     *self,
                       GProcWriteQueue *first)
{
  g_clear_pointer (&self->row, _gproc_write_queue_unref);
  self->row = _gproc_write_queue_ref (first);
}

GProcWriteQueue *
_gproc_writer_get_row (GProcWriter *self)
{
  return self->row != NULL ? self->row : self->queue;
}

GProcWriter *
_gproc_writer_new_for_descriptor (GProcDescriptor *descriptor)
{
  GProcWriter *self = g_object_new (GPROC_TYPE_WRITER, NULL);

  _gproc_write_queue_open (self->queue, _gproc_descriptor_ref (descriptor), NULL);
  self->can_poll = TRUE;

  return self;
}

GProcWriter *
_gproc_writer_new_closed (void)
{
  GProcWriter *self = g_object_new (GPROC_TYPE_WRITER, NULL);

  _gproc_writer_force_close (self);

  return self;
}

/**
 * gproc_writer_new:
 * @base_stream: the stream to write to
 *
 * Makes a writer on any output stream.
 *
 * The writer keeps a reference to @base_stream and closes it when it is closed itself.
 * Nothing else should write to @base_stream meanwhile. Of a pollable stream
 * ([iface@Gio.PollableOutputStream]) only the non-blocking functions are used. Any other stream
 * is written asynchronously, one piece after the other, in the context in which the writer
 * was made; while that is under way a blocking call fails with %G_IO_ERROR_PENDING.
 *
 * Returns: (transfer full): a new writer
 *
 * Since: 1.0
 */
GProcWriter *
gproc_writer_new (GOutputStream *base_stream)
{
  g_return_val_if_fail (G_IS_OUTPUT_STREAM (base_stream), NULL);

  return g_object_new (GPROC_TYPE_WRITER, "base-stream", base_stream, NULL);
}

/**
 * gproc_writer_new_for_fd:
 * @fd: a file descriptor that is open for writing: a pipe, a socket, a terminal, a file
 * @close_fd: whether the descriptor is to belong to the writer
 *
 * Makes a writer on a file descriptor.
 *
 * With @close_fd the writer owns @fd: makes it non-blocking and closes it. Without, it
 * only borrows @fd, which must stay open as long as the writer is, and leaves its flags
 * as they are.
 *
 * Returns: (transfer full): a new writer
 *
 * Since: 1.0
 */
GProcWriter *
gproc_writer_new_for_fd (int      fd,
                         gboolean close_fd)
{
  GProcDescriptor *descriptor;
  GProcWriter *self;

  g_return_val_if_fail (fd >= 0, NULL);

  descriptor = _gproc_descriptor_new (fd, close_fd, GPROC_DESCRIPTOR_WRITE, NULL);
  self = _gproc_writer_new_for_descriptor (descriptor);
  _gproc_descriptor_unref (descriptor);

  return self;
}

/**
 * gproc_writer_get_base_stream:
 * @self: a writer
 *
 * Gets the stream that is written to.
 *
 * Returns: (transfer none) (nullable): the stream, or %NULL if the writer is on a
 *   descriptor or closed
 *
 * Since: 1.0
 */
GOutputStream *
gproc_writer_get_base_stream (GProcWriter *self)
{
  g_return_val_if_fail (GPROC_IS_WRITER (self), NULL);

  return _gproc_write_queue_get_base (self->queue);
}

/**
 * gproc_writer_get_fd:
 * @self: a writer
 *
 * Gets the descriptor on which another event loop than GLib's can wait until more can be
 * written, to do so with [method@GProc.Writer.try_flush].
 *
 * The descriptor belongs to the writer; do not write to it or close it.
 *
 * Returns: a file descriptor, or −1 if there is none or the writer is closed
 *
 * Since: 1.0
 */
int
gproc_writer_get_fd (GProcWriter *self)
{
  g_return_val_if_fail (GPROC_IS_WRITER (self), -1);

  return _gproc_write_queue_get_fd (self->queue);
}

/**
 * gproc_writer_set_watermarks:
 * @self: a writer
 * @high: the length of the queue above which a drain waits, in bytes; −1 for four times
 *   @low, or the default
 * @low: the length of the queue down to which a drain waits, in bytes; −1 for a quarter of
 *   @high
 *
 * Sets when [method@GProc.Writer.drain] waits. By default @high is 64 KiB. @low must not be
 * larger than @high; 0 is allowed for both.
 *
 * Since: 1.0
 */
void
gproc_writer_set_watermarks (GProcWriter *self,
                             gssize       high,
                             gssize       low)
{
  g_return_if_fail (GPROC_IS_WRITER (self));

  if (high < 0)
    high = low < 0 ? 64 * 1024 : low > G_MAXSSIZE / 4 ? G_MAXSSIZE : 4 * low;
  if (low < 0)
    low = high / 4;
  g_return_if_fail (high >= low);

  _gproc_write_queue_set_watermarks (self->queue, (gsize) high, (gsize) low);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HIGH_WATERMARK]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LOW_WATERMARK]);
}

/**
 * gproc_writer_set_queue_limit:
 * @self: a writer
 * @limit: a number of bytes
 *
 * Sets how many bytes the queue may hold. What is queued already stays.
 *
 * Since: 1.0
 */
void
gproc_writer_set_queue_limit (GProcWriter *self,
                              gsize        limit)
{
  g_return_if_fail (GPROC_IS_WRITER (self));

  if (_gproc_write_queue_get_state (self->queue).limit == limit)
    return;

  _gproc_write_queue_set_limit (self->queue, limit);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_QUEUE_LIMIT]);
}

/**
 * gproc_writer_get_high_watermark:
 * @self: a writer
 *
 * Gets the length of the queue above which a drain waits.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
gsize
gproc_writer_get_high_watermark (GProcWriter *self)
{
  g_return_val_if_fail (GPROC_IS_WRITER (self), 0);

  return _gproc_write_queue_get_state (self->queue).high;
}

/**
 * gproc_writer_get_low_watermark:
 * @self: a writer
 *
 * Gets the length of the queue down to which a drain waits.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
gsize
gproc_writer_get_low_watermark (GProcWriter *self)
{
  g_return_val_if_fail (GPROC_IS_WRITER (self), 0);

  return _gproc_write_queue_get_state (self->queue).low;
}

/**
 * gproc_writer_get_queue_limit:
 * @self: a writer
 *
 * Gets how many bytes the queue may hold.
 *
 * Returns: a number of bytes; `G_MAXSIZE` where there is no limit
 *
 * Since: 1.0
 */
gsize
gproc_writer_get_queue_limit (GProcWriter *self)
{
  g_return_val_if_fail (GPROC_IS_WRITER (self), 0);

  return _gproc_write_queue_get_state (self->queue).limit;
}

/**
 * gproc_writer_get_bytes_queued:
 * @self: a writer
 *
 * Gets how many bytes wait to be written.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
gsize
gproc_writer_get_bytes_queued (GProcWriter *self)
{
  g_return_val_if_fail (GPROC_IS_WRITER (self), 0);

  return _gproc_write_queue_get_state (self->queue).queued;
}

/**
 * gproc_writer_get_bytes_accepted:
 * @self: a writer
 *
 * Gets how many bytes were accepted in all.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
gproc_writer_get_bytes_accepted (GProcWriter *self)
{
  g_return_val_if_fail (GPROC_IS_WRITER (self), 0);

  return _gproc_write_queue_get_state (self->queue).accepted;
}

/**
 * gproc_writer_get_bytes_written:
 * @self: a writer
 *
 * Gets how many bytes the kernel, or the base stream, has taken.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
gproc_writer_get_bytes_written (GProcWriter *self)
{
  g_return_val_if_fail (GPROC_IS_WRITER (self), 0);

  return _gproc_write_queue_get_state (self->queue).written;
}

/**
 * gproc_writer_get_bytes_discarded:
 * @self: a writer
 *
 * Gets how many bytes were accepted, but could not be written or were dropped.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
gproc_writer_get_bytes_discarded (GProcWriter *self)
{
  g_return_val_if_fail (GPROC_IS_WRITER (self), 0);

  return _gproc_write_queue_get_state (self->queue).discarded;
}
