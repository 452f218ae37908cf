/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-reader.h"

#include "streams/gproc-read-op-private.h"
#include "streams/gproc-reader-calls-private.h"

/* The reads of a reader. Each is one request, carried out blocking, asynchronously, or
 * as far as it goes without waiting. */

GBytes *
_gproc_reader_run_for_bytes (GProcReader       *self,
                             GProcReadRequest  *request,
                             GCancellable      *cancellable,
                             GError           **error)
{
  GInputStream *stream = G_INPUT_STREAM (self);
  GBytes *bytes = NULL;

  if (g_input_stream_set_pending (stream, error))
    {
      if (_gproc_read_op_run (self, request, cancellable, error))
        bytes = g_steal_pointer (&request->bytes);
      g_input_stream_clear_pending (stream);
    }
  _gproc_read_request_clear (request);

  return bytes;
}

char *
_gproc_reader_run_for_text (GProcReader       *self,
                            GProcReadRequest  *request,
                            GCancellable      *cancellable,
                            GError           **error)
{
  GInputStream *stream = G_INPUT_STREAM (self);
  char *text = NULL;

  if (g_input_stream_set_pending (stream, error))
    {
      if (_gproc_read_op_run (self, request, cancellable, error))
        text = g_steal_pointer (&request->text);
      g_input_stream_clear_pending (stream);
    }
  _gproc_read_request_clear (request);

  return text;
}

GBytes *
_gproc_reader_try_for_bytes (GProcReader       *self,
                             GProcReadRequest  *request,
                             GError           **error)
{
  if (!_gproc_read_op_try (self, request, TRUE, error))
    return NULL;

  return g_steal_pointer (&request->bytes);
}

void
_gproc_reader_start (GProcReader         *self,
                     GProcReadRequest    *request,
                     int                  io_priority,
                     GCancellable        *cancellable,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data,
                     gpointer             source_tag)
{
  _gproc_read_op_start (_gproc_read_result_new (self, request, cancellable, callback, user_data,
                                                source_tag),
                        io_priority, TRUE);
}

gpointer
_gproc_reader_finish (GProcReader   *self,
                      GAsyncResult  *result,
                      gpointer       source_tag,
                      GError       **error)
{
  GProcReadResult *read;

  g_return_val_if_fail (_gproc_read_result_is_valid (result, self, source_tag), NULL);

  read = GPROC_READ_RESULT (result);
  if (!_gproc_read_result_propagate (read, error))
    return NULL;

  switch (read->request.kind)
    {
    case GPROC_READ_LINE_UTF8:
      return g_steal_pointer (&read->request.text);
    case GPROC_READ_EXPECT:
      return g_steal_pointer (&read->request.match);
    default:
      return g_steal_pointer (&read->request.bytes);
    }
}

/**
 * gproc_reader_read_some:
 * @self: a reader
 * @max_bytes: how many bytes to read at most
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads what there is, waiting only while there is nothing.
 *
 * Not bound by [property@GProc.Reader:limit]. With @max_bytes 0 the result is empty.
 *
 * Errors: %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED, %G_IO_ERROR_PENDING if another operation
 * of this reader is under way, and what reading itself fails with.
 *
 * Returns: (transfer full) (nullable): 1 to @max_bytes bytes, or %NULL at the end of the stream
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_read_some (GProcReader   *self,
                        gsize          max_bytes,
                        GCancellable  *cancellable,
                        GError       **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_SOME, .count = max_bytes };

  g_return_val_if_fail (GPROC_IS_READER (self), NULL);

  return _gproc_reader_run_for_bytes (self, &request, cancellable, error);
}

/**
 * gproc_reader_read_some_async:
 * @self: a reader
 * @max_bytes: how many bytes to read at most
 * @io_priority: the priority of the operation, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): what to call when the operation is done
 * @user_data: data for @callback
 *
 * Asynchronous form of [method@GProc.Reader.read_some].
 *
 * The callback is called in the thread-default main context of the caller, and never
 * before this function returns. Only one operation of a reader can be under way.
 *
 * Since: 1.0
 */
void
gproc_reader_read_some_async (GProcReader         *self,
                              gsize                max_bytes,
                              int                  io_priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  GProcReadRequest request = { .kind = GPROC_READ_SOME, .count = max_bytes };

  g_return_if_fail (GPROC_IS_READER (self));

  _gproc_reader_start (self, &request, io_priority, cancellable, callback, user_data,
                       gproc_reader_read_some_async);
}

/**
 * gproc_reader_read_some_finish:
 * @self: a reader
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Finishes [method@GProc.Reader.read_some_async].
 *
 * Returns: (transfer full) (nullable): 1 to @max_bytes bytes, or %NULL at the end of the stream
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_read_some_finish (GProcReader   *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  return _gproc_reader_finish (self, result, gproc_reader_read_some_async, error);
}

/**
 * gproc_reader_try_read_some:
 * @self: a reader
 * @max_bytes: how many bytes to read at most
 * @error: return location for an error
 *
 * Like [method@GProc.Reader.read_some], but never waits: for event loops other than GLib's,
 * which wait for [method@GProc.Reader.get_fd].
 *
 * Fails with %G_IO_ERROR_WOULD_BLOCK where [method@GProc.Reader.read_some] would wait; what
 * came so far stays in the buffer.
 *
 * Returns: (transfer full) (nullable): 1 to @max_bytes bytes, or %NULL at the end of the stream
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_try_read_some (GProcReader  *self,
                            gsize         max_bytes,
                            GError      **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_SOME, .count = max_bytes };

  g_return_val_if_fail (GPROC_IS_READER (self), NULL);

  return _gproc_reader_try_for_bytes (self, &request, error);
}

/**
 * gproc_reader_read_exactly:
 * @self: a reader
 * @count: how many bytes to read
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads a number of bytes, which may exceed [property@GProc.Reader:limit]. With @count 0
 * the result is empty.
 *
 * Errors: %GPROC_STREAM_ERROR_INCOMPLETE_READ if the stream ends before; what came is taken from
 * the buffer and is in [property@GProc.Reader:last-partial]. %G_IO_ERROR_CANCELLED,
 * %G_IO_ERROR_CLOSED, %G_IO_ERROR_PENDING if another operation of this reader is under way, and
 * what reading itself fails with.
 *
 * Returns: (transfer full): the bytes, or %NULL with @error set
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_read_exactly (GProcReader   *self,
                           gsize          count,
                           GCancellable  *cancellable,
                           GError       **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_EXACTLY, .count = count };

  g_return_val_if_fail (GPROC_IS_READER (self), NULL);

  return _gproc_reader_run_for_bytes (self, &request, cancellable, error);
}

/**
 * gproc_reader_read_exactly_async:
 * @self: a reader
 * @count: how many bytes to read
 * @io_priority: the priority of the operation, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): what to call when the operation is done
 * @user_data: data for @callback
 *
 * Asynchronous form of [method@GProc.Reader.read_exactly].
 *
 * The callback is called in the thread-default main context of the caller, and never
 * before this function returns. Only one operation of a reader can be under way.
 *
 * Since: 1.0
 */
void
gproc_reader_read_exactly_async (GProcReader         *self,
                                 gsize                count,
                                 int                  io_priority,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  GProcReadRequest request = { .kind = GPROC_READ_EXACTLY, .count = count };

  g_return_if_fail (GPROC_IS_READER (self));

  _gproc_reader_start (self, &request, io_priority, cancellable, callback, user_data,
                       gproc_reader_read_exactly_async);
}

/**
 * gproc_reader_read_exactly_finish:
 * @self: a reader
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Finishes [method@GProc.Reader.read_exactly_async].
 *
 * Returns: (transfer full): the bytes, or %NULL with @error set
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_read_exactly_finish (GProcReader   *self,
                                  GAsyncResult  *result,
                                  GError       **error)
{
  return _gproc_reader_finish (self, result, gproc_reader_read_exactly_async, error);
}

/**
 * gproc_reader_read_to_end:
 * @self: a reader
 * @limit: how many bytes there may be at most; −1 for any number
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads all up to the end of the stream.
 *
 * Where nothing is left the result is empty, not %NULL.
 *
 * Errors: %GPROC_STREAM_ERROR_LIMIT_OVERRUN if there is more than @limit; it stays in the buffer.
 * %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED, %G_IO_ERROR_PENDING if another operation of this
 * reader is under way, and what reading itself fails with.
 *
 * Returns: (transfer full): the bytes
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_read_to_end (GProcReader   *self,
                          gssize         limit,
                          GCancellable  *cancellable,
                          GError       **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_TO_END,
                               .count = limit < 0 ? G_MAXSIZE : (gsize) limit };

  g_return_val_if_fail (GPROC_IS_READER (self), NULL);

  return _gproc_reader_run_for_bytes (self, &request, cancellable, error);
}

/**
 * gproc_reader_read_to_end_async:
 * @self: a reader
 * @limit: how many bytes there may be at most; −1 for any number
 * @io_priority: the priority of the operation, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): what to call when the operation is done
 * @user_data: data for @callback
 *
 * Asynchronous form of [method@GProc.Reader.read_to_end].
 *
 * The callback is called in the thread-default main context of the caller, and never
 * before this function returns. Only one operation of a reader can be under way.
 *
 * Since: 1.0
 */
void
gproc_reader_read_to_end_async (GProcReader         *self,
                                gssize               limit,
                                int                  io_priority,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  GProcReadRequest request = { .kind = GPROC_READ_TO_END,
                               .count = limit < 0 ? G_MAXSIZE : (gsize) limit };

  g_return_if_fail (GPROC_IS_READER (self));

  _gproc_reader_start (self, &request, io_priority, cancellable, callback, user_data,
                       gproc_reader_read_to_end_async);
}

/**
 * gproc_reader_read_to_end_finish:
 * @self: a reader
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Finishes [method@GProc.Reader.read_to_end_async].
 *
 * Returns: (transfer full): the bytes
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_read_to_end_finish (GProcReader   *self,
                                 GAsyncResult  *result,
                                 GError       **error)
{
  return _gproc_reader_finish (self, result, gproc_reader_read_to_end_async, error);
}

/**
 * gproc_reader_fill:
 * @self: a reader
 * @count: how many bytes to have in the buffer
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads ahead until at least @count bytes are in the buffer, or the stream ends.
 *
 * Errors: %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED, %G_IO_ERROR_PENDING if another operation
 * of this reader is under way, and what reading itself fails with.
 *
 * Returns: how many bytes are in the buffer, fewer than @count at the end of the stream;
 *   −1 with @error set
 *
 * Since: 1.0
 */
gssize
gproc_reader_fill (GProcReader   *self,
                   gsize          count,
                   GCancellable  *cancellable,
                   GError       **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_FILL, .count = count };
  GInputStream *stream = G_INPUT_STREAM (self);
  gssize filled = -1;

  g_return_val_if_fail (GPROC_IS_READER (self), -1);

  if (!g_input_stream_set_pending (stream, error))
    return -1;
  if (_gproc_read_op_run (self, &request, cancellable, error))
    filled = request.n;
  g_input_stream_clear_pending (stream);

  return filled;
}

/**
 * gproc_reader_fill_async:
 * @self: a reader
 * @count: how many bytes to have in the buffer
 * @io_priority: the priority of the operation, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): what to call when the operation is done
 * @user_data: data for @callback
 *
 * Asynchronous form of [method@GProc.Reader.fill].
 *
 * The callback is called in the thread-default main context of the caller, and never
 * before this function returns. Only one operation of a reader can be under way.
 *
 * Since: 1.0
 */
void
gproc_reader_fill_async (GProcReader         *self,
                         gsize                count,
                         int                  io_priority,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  GProcReadRequest request = { .kind = GPROC_READ_FILL, .count = count };

  g_return_if_fail (GPROC_IS_READER (self));

  _gproc_reader_start (self, &request, io_priority, cancellable, callback, user_data,
                       gproc_reader_fill_async);
}

/**
 * gproc_reader_fill_finish:
 * @self: a reader
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Finishes [method@GProc.Reader.fill_async].
 *
 * Returns: how many bytes are in the buffer; −1 with @error set
 *
 * Since: 1.0
 */
gssize
gproc_reader_fill_finish (GProcReader   *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  GProcReadResult *read;

  g_return_val_if_fail (_gproc_read_result_is_valid (result, self, gproc_reader_fill_async), -1);

  read = GPROC_READ_RESULT (result);

  return _gproc_read_result_propagate (read, error) ? read->request.n : -1;
}

/**
 * gproc_reader_at_eof:
 * @self: a reader
 *
 * Whether nothing is left to read: the buffer is empty and the stream is at its end.
 *
 * With an empty buffer this looks, without waiting, whether something has come: it is
 * right also before the first read. An end that has not come yet is no end.
 *
 * Returns: %TRUE at the end of the stream
 *
 * Since: 1.0
 */
gboolean
gproc_reader_at_eof (GProcReader *self)
{
  GProcReadRequest request = { .kind = GPROC_READ_FILL, .count = 1 };
  GProcReadCore *core;

  g_return_val_if_fail (GPROC_IS_READER (self), FALSE);

  core = _gproc_reader_get_core (self);
  if (_gproc_buffer_length (&core->buffer) == 0 && !core->eof)
    _gproc_read_op_try (self, &request, TRUE, NULL);

  return _gproc_buffer_length (&core->buffer) == 0 && core->eof;
}

/**
 * gproc_reader_peek:
 * @self: a reader
 * @max_bytes: how many bytes to look at most
 *
 * Copies what is in the buffer, without taking it or reading more.
 *
 * Returns: (transfer full): the bytes, possibly none
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_peek (GProcReader *self,
                   gsize        max_bytes)
{
  GProcBuffer *buffer;

  g_return_val_if_fail (GPROC_IS_READER (self), NULL);

  buffer = &_gproc_reader_get_core (self)->buffer;

  return g_bytes_new (_gproc_buffer_data (buffer), MIN (max_bytes, _gproc_buffer_length (buffer)));
}

/**
 * gproc_reader_unread:
 * @self: a reader
 * @bytes: bytes to be read next
 * @error: return location for an error
 *
 * Puts bytes back in front of what is in the buffer.
 *
 * Errors: %G_IO_ERROR_CLOSED, and %G_IO_ERROR_PENDING if an operation of this reader is
 * under way.
 *
 * Returns: %TRUE if the bytes will be read next
 *
 * Since: 1.0
 */
gboolean
gproc_reader_unread (GProcReader  *self,
                     GBytes       *bytes,
                     GError      **error)
{
  GInputStream *stream = G_INPUT_STREAM (self);
  gconstpointer data;
  gsize size;

  g_return_val_if_fail (GPROC_IS_READER (self), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);

  if (!g_input_stream_set_pending (stream, error))
    return FALSE;

  data = g_bytes_get_data (bytes, &size);
  _gproc_read_core_end_discarding (_gproc_reader_get_core (self));
  _gproc_read_core_unread (_gproc_reader_get_core (self), data, size);
  g_input_stream_clear_pending (stream);

  return TRUE;
}

/**
 * gproc_reader_get_limit:
 * @self: a reader
 *
 * Gets how long a line may be, or data up to a separator.
 *
 * Returns: the limit in bytes
 *
 * Since: 1.0
 */
gsize
gproc_reader_get_limit (GProcReader *self)
{
  g_return_val_if_fail (GPROC_IS_READER (self), 0);

  return _gproc_reader_get_core (self)->limit;
}

/**
 * gproc_reader_get_buffered:
 * @self: a reader
 *
 * Gets how many bytes were read from the stream and not taken yet.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
gsize
gproc_reader_get_buffered (GProcReader *self)
{
  g_return_val_if_fail (GPROC_IS_READER (self), 0);

  return _gproc_buffer_length (&_gproc_reader_get_core (self)->buffer);
}

/**
 * gproc_reader_get_bytes_read:
 * @self: a reader
 *
 * Gets how many bytes were read from the stream and taken from the reader, by whatever
 * means: reads, skips and transfers to another stream. What was put back with
 * [method@GProc.Reader.unread] counts as not taken. For the progress of a transfer.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
gproc_reader_get_bytes_read (GProcReader *self)
{
  GProcReadCore *core;
  gsize length;

  g_return_val_if_fail (GPROC_IS_READER (self), 0);

  core = _gproc_reader_get_core (self);
  length = _gproc_buffer_length (&core->buffer);

  return core->total > length ? core->total - length : 0;
}

/**
 * gproc_reader_get_last_partial:
 * @self: a reader
 *
 * Gets what came before the end of the stream, after a read that failed with
 * %GPROC_STREAM_ERROR_INCOMPLETE_READ.
 *
 * Returns: (transfer none) (nullable): the bytes, possibly none; %NULL if the last read
 *   did not fail so
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_get_last_partial (GProcReader *self)
{
  g_return_val_if_fail (GPROC_IS_READER (self), NULL);

  return _gproc_reader_get_core (self)->last_partial;
}

/**
 * gproc_reader_get_last_expected:
 * @self: a reader
 *
 * Gets how many bytes a read wanted that failed with %GPROC_STREAM_ERROR_INCOMPLETE_READ.
 *
 * Returns: a number of bytes; 0 if a separator was wanted, or the last read did not fail
 *   so
 *
 * Since: 1.0
 */
gsize
gproc_reader_get_last_expected (GProcReader *self)
{
  g_return_val_if_fail (GPROC_IS_READER (self), 0);

  return _gproc_reader_get_core (self)->last_expected;
}

/**
 * gproc_reader_get_last_consumed:
 * @self: a reader
 *
 * Gets how many of the buffered bytes can be dropped after a read that failed with
 * %GPROC_STREAM_ERROR_LIMIT_OVERRUN, without losing the start of a separator.
 *
 * Returns: a number of bytes; 0 if the last read did not fail so
 *
 * Since: 1.0
 */
gsize
gproc_reader_get_last_consumed (GProcReader *self)
{
  g_return_val_if_fail (GPROC_IS_READER (self), 0);

  return _gproc_reader_get_core (self)->last_consumed;
}
