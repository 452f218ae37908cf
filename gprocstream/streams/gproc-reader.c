/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-reader-internal-private.h"

#include <glib/gi18n-lib.h>

/**
 * GProcReader:
 *
 * An input stream that can be read by lines, up to separators, exactly and to its end.
 *
 * A reader is made on a descriptor or on any other [class@Gio.InputStream]; the standard
 * output of a [class@GProc.Stream] is one. It is a complete input stream, so whatever
 * takes a [class@Gio.InputStream] takes it, and it has what asyncio's `StreamReader` has:
 *
 * - [method@GProc.Reader.read_some]: what is there
 * - [method@GProc.Reader.read_line]: a line with its newline
 * - [method@GProc.Reader.read_lines]: many lines at once, to be split by the caller
 * - [method@GProc.Reader.read_exactly]: a number of bytes
 * - [method@GProc.Reader.read_until] and [method@GProc.Reader.read_until_any]: up to a separator
 * - [method@GProc.Reader.read_to_end]: all
 * - [method@GProc.Reader.expect]: up to and with what matches a pattern, for dialogues
 *
 * All of them, and the methods of [class@Gio.InputStream], take from one buffer in one
 * order. They give %NULL at the end of the stream, which is thereby never confused with
 * an empty line.
 *
 * ## Buffering
 *
 * A reader reads only when something asks it to: output that nobody wants waits in the
 * pipe, and holds up the process that writes it. A read may take more from the pipe than
 * was asked for: up to twice the [property@GProc.Reader:limit], and never less than
 * 128 KiB. A read that is cancelled leaves every byte for the next one.
 *
 * ## Limit
 *
 * A line, or data up to a separator, may be as long as [property@GProc.Reader:limit]. What
 * becomes of a longer one says [property@GProc.Reader:limit-policy].
 *
 * ## Threads
 *
 * A reader may be used from one thread at a time. An asynchronous call completes in the
 * [thread-default context](https://docs.gtk.org/glib/method.MainContext.push_thread_default.html)
 * of its caller; a blocking call needs no running main loop and iterates none.
 *
 * Since: 1.0
 */

enum
{
  PROP_0,
  PROP_BASE_STREAM,
  PROP_STREAM_NUMBER,
  PROP_LIMIT,
  PROP_LIMIT_POLICY,
  PROP_BUFFERED,
  PROP_BYTES_READ,
  PROP_LAST_PARTIAL,
  PROP_LAST_EXPECTED,
  PROP_LAST_CONSUMED,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE_WITH_CODE (GProcReader,
                               gproc_reader,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      _gproc_reader_install_pollable))

GProcReadCore *
_gproc_reader_get_core (GProcReader *self)
{
  return &self->core;
}

GProcReadOps *
_gproc_reader_get_ops (GProcReader *self)
{
  return &self->ops;
}

GProcWriteQueue *
_gproc_reader_get_queue (GProcReader *self)
{
  return self->queue;
}

gboolean
_gproc_reader_has_ended (GProcReader *self)
{
  return self->core.eof || self->core.error != NULL || !_gproc_input_is_open (&self->core.input);
}

void
_gproc_reader_check_ended (GProcReader *self)
{
  GProcReaderFunc func = NULL;
  gpointer user_data;

  /* Both under the lock: another thread may take them back at any time. */
  g_mutex_lock (&self->ops.lock);
  if (_gproc_reader_has_ended (self))
    func = g_steal_pointer (&self->ended_func);
  user_data = self->ended_data;
  g_mutex_unlock (&self->ops.lock);

  if (func != NULL)
    func (self, user_data);
}

void
_gproc_reader_set_ended_func (GProcReader     *self,
                              GProcReaderFunc  func,
                              gpointer         user_data)
{
  g_mutex_lock (&self->ops.lock);
  self->ended_func = func;
  self->ended_data = user_data;
  g_mutex_unlock (&self->ops.lock);

  if (func != NULL)
    _gproc_reader_check_ended (self);
}

void
_gproc_reader_set_queue (GProcReader     *self,
                         GProcWriteQueue *queue)
{
  g_clear_pointer (&self->queue, _gproc_write_queue_unref);
  if (queue != NULL)
    self->queue = _gproc_write_queue_ref (queue);
}

gboolean
_gproc_reader_set_tap (GProcReader     *self,
                       GProcReadTap     tap,
                       gpointer         user_data,
                       GDestroyNotify   destroy,
                       GError         **error)
{
  GProcReadCore *core = &self->core;

  if (!g_input_stream_set_pending (G_INPUT_STREAM (self), error))
    return FALSE;

  if (core->tap != NULL)
    {
      g_input_stream_clear_pending (G_INPUT_STREAM (self));
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                           _ ("What is read is being recorded already"));
      return FALSE;
    }

  core->tap = tap;
  core->tap_data = user_data;
  core->tap_destroy = destroy;
  if (_gproc_buffer_length (&core->buffer) > 0)
    tap (_gproc_buffer_data (&core->buffer), _gproc_buffer_length (&core->buffer), user_data);
  g_input_stream_clear_pending (G_INPUT_STREAM (self));

  return TRUE;
}

void
_gproc_reader_clear_tap (GProcReader *self)
{
  GProcReadCore *core = &self->core;
  GDestroyNotify destroy = core->tap_destroy;
  gpointer data = core->tap_data;

  if (!g_input_stream_set_pending (G_INPUT_STREAM (self), NULL))
    return;

  core->tap = NULL;
  core->tap_data = NULL;
  core->tap_destroy = NULL;
  g_input_stream_clear_pending (G_INPUT_STREAM (self));
  if (destroy != NULL)
    destroy (data);
}

void
_gproc_reader_set_stream_number (GProcReader *self,
                                 int          stream_number)
{
  self->stream_number = stream_number;
}

gboolean
_gproc_reader_close_input (GProcReader  *self,
                           GError      **error)
{
  gboolean success;

  _gproc_ready_sources_close (&self->sources);
  success = _gproc_read_ops_close_input (&self->ops, error);
  _gproc_reader_check_ended (self);

  return success;
}

void
_gproc_reader_shutdown (GProcReader     *self,
                        GProcReaderFunc  func,
                        gpointer         user_data)
{
  g_autoptr (GError) error = NULL;

  if (!_gproc_reader_close_input (self, &error) && self->close_error == NULL)
    self->close_error = g_steal_pointer (&error);
  _gproc_read_ops_shut (&self->ops, func, user_data);
}

const GError *
_gproc_reader_get_close_error (GProcReader *self)
{
  return self->close_error;
}

void
_gproc_reader_force_close (GProcReader *self)
{
  _gproc_reader_shutdown (self, NULL, NULL);
  _gproc_read_ops_unmark (&self->ops);
  g_input_stream_clear_pending (G_INPUT_STREAM (self));
  g_input_stream_close (G_INPUT_STREAM (self), NULL, NULL);
}

gboolean
_gproc_reader_is_closed (GProcReader *self)
{
  gboolean closed;

  g_mutex_lock (&self->ops.lock);
  closed = g_input_stream_is_closed (G_INPUT_STREAM (self));
  g_mutex_unlock (&self->ops.lock);

  return closed;
}

static void
gproc_reader_get_property (GObject    *object,
                           guint       property_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  GProcReader *self = GPROC_READER (object);

  switch (property_id)
    {
    case PROP_BASE_STREAM:
      g_value_set_object (value, self->core.input.base);
      break;
    case PROP_STREAM_NUMBER:
      g_value_set_int (value, self->stream_number);
      break;
    case PROP_LIMIT:
      g_value_set_uint64 (value, self->core.limit);
      break;
    case PROP_LIMIT_POLICY:
      g_value_set_enum (value, self->core.policy);
      break;
    case PROP_BUFFERED:
      g_value_set_uint64 (value, gproc_reader_get_buffered (self));
      break;
    case PROP_BYTES_READ:
      g_value_set_uint64 (value, gproc_reader_get_bytes_read (self));
      break;
    case PROP_LAST_PARTIAL:
      g_value_set_boxed (value, self->core.last_partial);
      break;
    case PROP_LAST_EXPECTED:
      g_value_set_uint64 (value, self->core.last_expected);
      break;
    case PROP_LAST_CONSUMED:
      g_value_set_uint64 (value, self->core.last_consumed);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
gproc_reader_set_property (GObject      *object,
                           guint         property_id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  GProcReader *self = GPROC_READER (object);
  GInputStream *base;

  switch (property_id)
    {
    case PROP_BASE_STREAM:
      base = g_value_get_object (value);
      if (base != NULL)
        _gproc_input_init_for_stream (&self->core.input, base);
      self->can_poll = self->core.input.pollable;
      break;
    case PROP_LIMIT:
      gproc_reader_set_limit (self, (gsize) g_value_get_uint64 (value));
      break;
    case PROP_LIMIT_POLICY:
      gproc_reader_set_limit_policy (self, g_value_get_enum (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
gproc_reader_finalize (GObject *object)
{
  GProcReader *self = GPROC_READER (object);

  _gproc_read_ops_clear (&self->ops);
  _gproc_input_close (&self->core.input, NULL);
  _gproc_read_core_clear (&self->core);
  g_clear_error (&self->close_error);
  g_clear_pointer (&self->queue, _gproc_write_queue_unref);

  G_OBJECT_CLASS (gproc_reader_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags read_write = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                 G_PARAM_EXPLICIT_NOTIFY;

  /**
   * GProcReader:base-stream: (getter get_base_stream)
   *
   * The stream that is read from; %NULL if the reader is on a descriptor, or closed.
   *
   * Since: 1.0
   */
  properties[PROP_BASE_STREAM] = g_param_spec_object ("base-stream", NULL, NULL,
                                                      G_TYPE_INPUT_STREAM,
                                                      G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY |
                                                        G_PARAM_STATIC_STRINGS);

  /**
   * GProcReader:stream-number: (getter get_stream_number)
   *
   * What the process calls this stream: 1 for its standard output, 2 for its standard
   * error, or the number of an additional pipe. −1 for other readers.
   *
   * Since: 1.0
   */
  properties[PROP_STREAM_NUMBER] = g_param_spec_int ("stream-number", NULL, NULL, -1, G_MAXINT, -1,
                                                     read_only);

  /**
   * GProcReader:limit: (getter get_limit) (setter set_limit)
   *
   * How long, in bytes, a line may be, or data up to a separator, without the newline or
   * the separator. At least 1; 64 KiB by default.
   *
   * Since: 1.0
   */
  properties[PROP_LIMIT] = g_param_spec_uint64 ("limit", NULL, NULL, 1, G_MAXSIZE, 64 * 1024,
                                                read_write);

  /**
   * GProcReader:limit-policy: (getter get_limit_policy) (setter set_limit_policy)
   *
   * What becomes of data that is longer than [property@GProc.Reader:limit].
   *
   * Since: 1.0
   */
  properties[PROP_LIMIT_POLICY] = g_param_spec_enum ("limit-policy", NULL, NULL,
                                                     GPROC_TYPE_LIMIT_POLICY,
                                                     GPROC_LIMIT_POLICY_ERROR, read_write);

  /**
   * GProcReader:buffered: (getter get_buffered)
   *
   * How many bytes were read from the stream and not taken yet. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_BUFFERED] = g_param_spec_uint64 ("buffered", NULL, NULL, 0, G_MAXUINT64, 0,
                                                   read_only);

  /**
   * GProcReader:bytes-read: (getter get_bytes_read)
   *
   * How many bytes were read from the stream and taken, in all. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_READ] = g_param_spec_uint64 ("bytes-read", NULL, NULL, 0, G_MAXUINT64, 0,
                                                     read_only);

  /**
   * GProcReader:last-partial: (getter get_last_partial)
   *
   * What came before the end of the stream, after a read that failed with
   * %GPROC_STREAM_ERROR_INCOMPLETE_READ; %NULL otherwise. Cleared when the next read
   * begins. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_LAST_PARTIAL] = g_param_spec_boxed ("last-partial", NULL, NULL, G_TYPE_BYTES,
                                                      read_only);

  /**
   * GProcReader:last-expected: (getter get_last_expected)
   *
   * How many bytes a read wanted that failed with %GPROC_STREAM_ERROR_INCOMPLETE_READ; 0
   * if it wanted a separator. Cleared when the next read begins. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_LAST_EXPECTED] = g_param_spec_uint64 ("last-expected", NULL, NULL, 0, G_MAXUINT64,
                                                        0, read_only);

  /**
   * GProcReader:last-consumed: (getter get_last_consumed)
   *
   * How many of the buffered bytes can be dropped, after a read that failed with
   * %GPROC_STREAM_ERROR_LIMIT_OVERRUN, without losing the start of a separator. Cleared
   * when the next read begins. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_LAST_CONSUMED] = g_param_spec_uint64 ("last-consumed", NULL, NULL, 0, G_MAXUINT64,
                                                        0, read_only);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
gproc_reader_class_init (GProcReaderClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS (klass);

  object_class->get_property = gproc_reader_get_property;
  object_class->set_property = gproc_reader_set_property;
  object_class->finalize = gproc_reader_finalize;

  _gproc_reader_install_stream (stream_class);

  install_properties (object_class);
}

static void
gproc_reader_init (GProcReader *self)
{
  _gproc_read_core_init (&self->core);
  _gproc_read_ops_init (&self->ops, self);
  self->stream_number = -1;
}

GProcReader *
_gproc_reader_new_for_descriptor (GProcDescriptor *descriptor,
                                  int              stream_number)
{
  GProcReader *self = g_object_new (GPROC_TYPE_READER, NULL);

  self->core.input.descriptor = _gproc_descriptor_ref (descriptor);
  self->stream_number = stream_number;
  self->can_poll = TRUE;

  return self;
}

GProcReader *
_gproc_reader_new_closed (void)
{
  GProcReader *self = g_object_new (GPROC_TYPE_READER, NULL);

  g_input_stream_close (G_INPUT_STREAM (self), NULL, NULL);

  return self;
}

/**
 * gproc_reader_new:
 * @base_stream: the stream to read from
 *
 * Makes a reader on any input stream.
 *
 * The reader keeps a reference to @base_stream and closes it when it is closed itself.
 * Nothing else should read from @base_stream meanwhile. Of a pollable stream
 * ([iface@Gio.PollableInputStream]) only the non-blocking functions are used. A read of
 * any other stream is never cancelled: its result stays in the reader, and while it is
 * under way a blocking call fails with %G_IO_ERROR_PENDING.
 *
 * Returns: (transfer full): a new reader
 *
 * Since: 1.0
 */
GProcReader *
gproc_reader_new (GInputStream *base_stream)
{
  g_return_val_if_fail (G_IS_INPUT_STREAM (base_stream), NULL);

  return g_object_new (GPROC_TYPE_READER, "base-stream", base_stream, NULL);
}

/**
 * gproc_reader_new_for_fd:
 * @fd: a file descriptor that is open for reading: a pipe, a socket, a terminal, a file
 * @close_fd: whether the descriptor is to belong to the reader
 *
 * Makes a reader on a file descriptor.
 *
 * With @close_fd the reader owns @fd: makes it non-blocking and closes it. Without, it
 * only borrows @fd, which must stay open as long as the reader is, and leaves its flags
 * as they are.
 *
 * Returns: (transfer full): a new reader
 *
 * Since: 1.0
 */
GProcReader *
gproc_reader_new_for_fd (int      fd,
                         gboolean close_fd)
{
  GProcDescriptor *descriptor;
  GProcReader *self;

  g_return_val_if_fail (fd >= 0, NULL);

  descriptor = _gproc_descriptor_new (fd, close_fd, GPROC_DESCRIPTOR_READ, NULL);
  self = _gproc_reader_new_for_descriptor (descriptor, -1);
  _gproc_descriptor_unref (descriptor);

  return self;
}

/**
 * gproc_reader_get_base_stream:
 * @self: a reader
 *
 * Gets the stream that is read from.
 *
 * Returns: (transfer none) (nullable): the stream, or %NULL if the reader is on a
 *   descriptor or closed
 *
 * Since: 1.0
 */
GInputStream *
gproc_reader_get_base_stream (GProcReader *self)
{
  g_return_val_if_fail (GPROC_IS_READER (self), NULL);

  return self->core.input.base;
}

/**
 * gproc_reader_get_fd:
 * @self: a reader
 *
 * Gets the descriptor on which another event loop than GLib's can wait for input, to take
 * it with [method@GProc.Reader.try_read_some] and its relatives.
 *
 * What is in the buffer does not show there: take until there is nothing left, then wait.
 * The descriptor belongs to the reader; do not read from it or close it.
 *
 * Returns: a file descriptor, or −1 if there is none or the reader is closed
 *
 * Since: 1.0
 */
int
gproc_reader_get_fd (GProcReader *self)
{
  g_return_val_if_fail (GPROC_IS_READER (self), -1);

  return _gproc_input_get_fd (&self->core.input);
}

/**
 * gproc_reader_get_stream_number:
 * @self: a reader
 *
 * Gets what the process calls this stream.
 *
 * Returns: 1 for standard output, 2 for standard error, the number of an additional
 *   pipe, or −1
 *
 * Since: 1.0
 */
int
gproc_reader_get_stream_number (GProcReader *self)
{
  g_return_val_if_fail (GPROC_IS_READER (self), -1);

  return self->stream_number;
}

/**
 * gproc_reader_set_limit:
 * @self: a reader
 * @limit: a number of bytes, at least 1
 *
 * Sets how long a line may be, or data up to a separator, the separator not counted.
 *
 * Since: 1.0
 */
void
gproc_reader_set_limit (GProcReader *self,
                        gsize        limit)
{
  g_return_if_fail (GPROC_IS_READER (self));
  g_return_if_fail (limit > 0);

  if (self->core.limit == limit)
    return;

  self->core.limit = limit;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LIMIT]);
}

/**
 * gproc_reader_get_limit_policy:
 * @self: a reader
 *
 * Gets what becomes of data that is longer than the limit.
 *
 * Returns: the policy
 *
 * Since: 1.0
 */
GProcLimitPolicy
gproc_reader_get_limit_policy (GProcReader *self)
{
  g_return_val_if_fail (GPROC_IS_READER (self), GPROC_LIMIT_POLICY_ERROR);

  return self->core.policy;
}

/**
 * gproc_reader_set_limit_policy:
 * @self: a reader
 * @policy: a policy
 *
 * Sets what becomes of data that is longer than the limit.
 *
 * Since: 1.0
 */
void
gproc_reader_set_limit_policy (GProcReader      *self,
                               GProcLimitPolicy  policy)
{
  g_return_if_fail (GPROC_IS_READER (self));

  if (self->core.policy == policy)
    return;

  self->core.policy = policy;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LIMIT_POLICY]);
}
