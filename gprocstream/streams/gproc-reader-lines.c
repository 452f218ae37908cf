/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-reader.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "streams/gproc-read-op-private.h"
#include "streams/gproc-reader-calls-private.h"

/* The reads that look for a newline or for a separator. */

/**
 * gproc_reader_read_line:
 * @self: a reader
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads a line, up to and with its newline.
 *
 * The only line terminator is `\n`; NUL bytes are data. At the end of the stream what is
 * left without a newline is the last line.
 *
 * Errors: %GPROC_STREAM_ERROR_LIMIT_OVERRUN if the data is longer than the limit and the
 * policy says so; it stays in the buffer and [property@GProc.Reader:last-consumed] is set.
 * %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED, %G_IO_ERROR_PENDING if another operation of this
 * reader is under way, and what reading itself fails with.
 *
 * Returns: (transfer full) (nullable): the line, or %NULL at the end of the stream
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_read_line (GProcReader   *self,
                        GCancellable  *cancellable,
                        GError       **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_LINE };

  g_return_val_if_fail (GPROC_IS_READER (self), NULL);

  return _gproc_reader_run_for_bytes (self, &request, cancellable, error);
}

/**
 * gproc_reader_read_line_async:
 * @self: a reader
 * @io_priority: the priority of the operation, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): what to call when the operation is done
 * @user_data: data for @callback
 *
 * Asynchronous form of [method@GProc.Reader.read_line].
 *
 * The callback is called in the thread-default main context of the caller, and never
 * before this function returns. Only one operation of a reader can be under way.
 *
 * Since: 1.0
 */
void
gproc_reader_read_line_async (GProcReader         *self,
                              int                  io_priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  GProcReadRequest request = { .kind = GPROC_READ_LINE };

  g_return_if_fail (GPROC_IS_READER (self));

  _gproc_reader_start (self, &request, io_priority, cancellable, callback, user_data,
                       gproc_reader_read_line_async);
}

/**
 * gproc_reader_read_line_finish:
 * @self: a reader
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Finishes [method@GProc.Reader.read_line_async].
 *
 * Returns: (transfer full) (nullable): the line, or %NULL at the end of the stream
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_read_line_finish (GProcReader   *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  return _gproc_reader_finish (self, result, gproc_reader_read_line_async, error);
}

/**
 * gproc_reader_try_read_line:
 * @self: a reader
 * @error: return location for an error
 *
 * Like [method@GProc.Reader.read_line], but never waits: for event loops other than GLib's,
 * which wait for [method@GProc.Reader.get_fd].
 *
 * Fails with %G_IO_ERROR_WOULD_BLOCK where [method@GProc.Reader.read_line] would wait; what
 * came so far stays in the buffer.
 *
 * Returns: (transfer full) (nullable): the line, or %NULL at the end of the stream
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_try_read_line (GProcReader  *self,
                            GError      **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_LINE };

  g_return_val_if_fail (GPROC_IS_READER (self), NULL);

  return _gproc_reader_try_for_bytes (self, &request, error);
}

/**
 * gproc_reader_read_line_utf8:
 * @self: a reader
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads a line as text, without its newline.
 *
 * A line that is not valid UTF-8, or holds a NUL byte, is %G_IO_ERROR_INVALID_DATA; it stays in the
 * buffer, for [method@GProc.Reader.read_line].
 *
 * Errors: %GPROC_STREAM_ERROR_LIMIT_OVERRUN if the data is longer than the limit and the
 * policy says so; it stays in the buffer and [property@GProc.Reader:last-consumed] is set.
 * %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED, %G_IO_ERROR_PENDING if another operation of this
 * reader is under way, and what reading itself fails with.
 *
 * Returns: (transfer full) (nullable): the line, or %NULL at the end of the stream
 *
 * Since: 1.0
 */
char *
gproc_reader_read_line_utf8 (GProcReader   *self,
                             GCancellable  *cancellable,
                             GError       **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_LINE_UTF8 };

  g_return_val_if_fail (GPROC_IS_READER (self), NULL);

  return _gproc_reader_run_for_text (self, &request, cancellable, error);
}

/**
 * gproc_reader_read_line_utf8_async:
 * @self: a reader
 * @io_priority: the priority of the operation, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): what to call when the operation is done
 * @user_data: data for @callback
 *
 * Asynchronous form of [method@GProc.Reader.read_line_utf8].
 *
 * The callback is called in the thread-default main context of the caller, and never
 * before this function returns. Only one operation of a reader can be under way.
 *
 * Since: 1.0
 */
void
gproc_reader_read_line_utf8_async (GProcReader         *self,
                                   int                  io_priority,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  GProcReadRequest request = { .kind = GPROC_READ_LINE_UTF8 };

  g_return_if_fail (GPROC_IS_READER (self));

  _gproc_reader_start (self, &request, io_priority, cancellable, callback, user_data,
                       gproc_reader_read_line_utf8_async);
}

/**
 * gproc_reader_read_line_utf8_finish:
 * @self: a reader
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Finishes [method@GProc.Reader.read_line_utf8_async].
 *
 * Returns: (transfer full) (nullable): the line, or %NULL at the end of the stream
 *
 * Since: 1.0
 */
char *
gproc_reader_read_line_utf8_finish (GProcReader   *self,
                                    GAsyncResult  *result,
                                    GError       **error)
{
  return _gproc_reader_finish (self, result, gproc_reader_read_line_utf8_async, error);
}

/**
 * gproc_reader_read_lines:
 * @self: a reader
 * @max_lines: how many lines to read at most; 0 for as many as there are
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads whole lines, with their newlines, as one block: at least one, and as many more as
 * have come already.
 *
 * This is the fastest way to read lines from a language other than C: the block is split
 * there, with one call for many lines. At the end of the stream what is left without a
 * newline is a block of its own.
 *
 * Errors: %GPROC_STREAM_ERROR_LIMIT_OVERRUN if the data is longer than the limit and the
 * policy says so; it stays in the buffer and [property@GProc.Reader:last-consumed] is set.
 * %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED, %G_IO_ERROR_PENDING if another operation of this
 * reader is under way, and what reading itself fails with.
 *
 * Returns: (transfer full) (nullable): the lines, or %NULL at the end of the stream
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_read_lines (GProcReader   *self,
                         guint          max_lines,
                         GCancellable  *cancellable,
                         GError       **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_LINES,
                               .count = max_lines > 0 ? max_lines : G_MAXSIZE };

  g_return_val_if_fail (GPROC_IS_READER (self), NULL);

  return _gproc_reader_run_for_bytes (self, &request, cancellable, error);
}

/**
 * gproc_reader_read_lines_async:
 * @self: a reader
 * @max_lines: how many lines to read at most; 0 for as many as there are
 * @io_priority: the priority of the operation, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): what to call when the operation is done
 * @user_data: data for @callback
 *
 * Asynchronous form of [method@GProc.Reader.read_lines].
 *
 * The callback is called in the thread-default main context of the caller, and never
 * before this function returns. Only one operation of a reader can be under way.
 *
 * Since: 1.0
 */
void
gproc_reader_read_lines_async (GProcReader         *self,
                               guint                max_lines,
                               int                  io_priority,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  GProcReadRequest request = { .kind = GPROC_READ_LINES,
                               .count = max_lines > 0 ? max_lines : G_MAXSIZE };

  g_return_if_fail (GPROC_IS_READER (self));

  _gproc_reader_start (self, &request, io_priority, cancellable, callback, user_data,
                       gproc_reader_read_lines_async);
}

/**
 * gproc_reader_read_lines_finish:
 * @self: a reader
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Finishes [method@GProc.Reader.read_lines_async].
 *
 * Returns: (transfer full) (nullable): the lines, or %NULL at the end of the stream
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_read_lines_finish (GProcReader   *self,
                                GAsyncResult  *result,
                                GError       **error)
{
  return _gproc_reader_finish (self, result, gproc_reader_read_lines_async, error);
}

/**
 * gproc_reader_try_read_lines:
 * @self: a reader
 * @max_lines: how many lines to read at most; 0 for as many as there are
 * @error: return location for an error
 *
 * Like [method@GProc.Reader.read_lines], but never waits: for event loops other than GLib's,
 * which wait for [method@GProc.Reader.get_fd].
 *
 * Fails with %G_IO_ERROR_WOULD_BLOCK where [method@GProc.Reader.read_lines] would wait; what
 * came so far stays in the buffer.
 *
 * Returns: (transfer full) (nullable): the lines, or %NULL at the end of the stream
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_try_read_lines (GProcReader  *self,
                             guint         max_lines,
                             GError      **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_LINES,
                               .count = max_lines > 0 ? max_lines : G_MAXSIZE };

  g_return_val_if_fail (GPROC_IS_READER (self), NULL);

  return _gproc_reader_try_for_bytes (self, &request, error);
}

/* Copies @separator, so that nothing of the caller is kept. */
static GPtrArray *
separators_from_one (const char *separator,
                     gssize      separator_len)
{
  GPtrArray *separators = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  gsize size = separator_len < 0 ? strlen (separator) : (gsize) separator_len;

  g_ptr_array_add (separators, g_bytes_new (separator, size));

  return separators;
}

static GPtrArray *
separators_from_array (GBytes **separators,
                       gsize    n_separators)
{
  GPtrArray *copy = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  for (gsize i = 0; i < n_separators; i++)
    g_ptr_array_add (copy, g_bytes_ref (separators[i]));

  return copy;
}

static GPtrArray *
separators_copy (GPtrArray *separators)
{
  if (separators == NULL)
    return separators_from_array (NULL, 0);

  return separators_from_array ((GBytes **) separators->pdata, separators->len);
}

/* A separator that is empty would be found everywhere. Clears @request if it is bad. */
static gboolean
check_separators (GProcReadRequest  *request,
                  GError           **error)
{
  gboolean valid = request->separators->len > 0;

  for (guint i = 0; valid && i < request->separators->len; i++)
    valid = g_bytes_get_size (g_ptr_array_index (request->separators, i)) > 0;

  if (!valid)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           request->separators->len == 0 ? _ ("At least one separator is needed")
                                                         : _ ("A separator must not be empty"));
      _gproc_read_request_clear (request);
    }

  return valid;
}

static void
start_until (GProcReader         *self,
             GProcReadRequest    *request,
             int                  io_priority,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             user_data,
             gpointer             source_tag)
{
  GError *error = NULL;

  if (check_separators (request, &error))
    _gproc_reader_start (self, request, io_priority, cancellable, callback, user_data, source_tag);
  else
    _gproc_read_result_return_later (_gproc_read_result_new (self, request, cancellable, callback,
                                                             user_data, source_tag),
                                     io_priority, error);
}

/**
 * gproc_reader_read_until:
 * @self: a reader
 * @separator: (array length=separator_len) (element-type guint8): what to read up to
 * @separator_len: the length of @separator, or −1 if it is a string
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads up to and with a separator, which may hold any bytes.
 *
 * Errors: %GPROC_STREAM_ERROR_INCOMPLETE_READ if the stream ends before; what came is taken from
 * the buffer and is in [property@GProc.Reader:last-partial]. %G_IO_ERROR_INVALID_ARGUMENT if a
 * separator is empty or there is none. %GPROC_STREAM_ERROR_LIMIT_OVERRUN if the data is longer than
 * the limit and the policy says so; it stays in the buffer and
 * [property@GProc.Reader:last-consumed] is set. %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED,
 * %G_IO_ERROR_PENDING if another operation of this reader is under way, and what reading itself
 * fails with.
 *
 * Returns: (transfer full): the data and the separator, or %NULL with @error set
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_read_until (GProcReader   *self,
                         const char    *separator,
                         gssize         separator_len,
                         GCancellable  *cancellable,
                         GError       **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_UNTIL };

  g_return_val_if_fail (GPROC_IS_READER (self), NULL);
  g_return_val_if_fail (separator != NULL, NULL);

  request.separators = separators_from_one (separator, separator_len);
  if (!check_separators (&request, error))
    return NULL;

  return _gproc_reader_run_for_bytes (self, &request, cancellable, error);
}

/**
 * gproc_reader_read_until_async:
 * @self: a reader
 * @separator: (array length=separator_len) (element-type guint8): what to read up to
 * @separator_len: the length of @separator, or −1 if it is a string
 * @io_priority: the priority of the operation, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): what to call when the operation is done
 * @user_data: data for @callback
 *
 * Asynchronous form of [method@GProc.Reader.read_until].
 *
 * The callback is called in the thread-default main context of the caller, and never
 * before this function returns. Only one operation of a reader can be under way.
 *
 * Since: 1.0
 */
void
gproc_reader_read_until_async (GProcReader         *self,
                               const char          *separator,
                               gssize               separator_len,
                               int                  io_priority,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  GProcReadRequest request = { .kind = GPROC_READ_UNTIL };

  g_return_if_fail (GPROC_IS_READER (self));
  g_return_if_fail (separator != NULL);

  request.separators = separators_from_one (separator, separator_len);
  start_until (self, &request, io_priority, cancellable, callback, user_data,
               gproc_reader_read_until_async);
}

/**
 * gproc_reader_read_until_finish:
 * @self: a reader
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Finishes [method@GProc.Reader.read_until_async].
 *
 * Returns: (transfer full): the data and the separator, or %NULL with @error set
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_read_until_finish (GProcReader   *self,
                                GAsyncResult  *result,
                                GError       **error)
{
  return _gproc_reader_finish (self, result, gproc_reader_read_until_async, error);
}

/**
 * gproc_reader_read_until_any:
 * @self: a reader
 * @separators: (element-type GBytes): what to read up to: at least one, none empty
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads up to and with whichever of several separators ends first.
 *
 * In `ABCDEFG`, the separators `DEF` and `BCDE` give `ABCDE`.
 *
 * Errors: %GPROC_STREAM_ERROR_INCOMPLETE_READ if the stream ends before; what came is taken from
 * the buffer and is in [property@GProc.Reader:last-partial]. %G_IO_ERROR_INVALID_ARGUMENT if a
 * separator is empty or there is none. %GPROC_STREAM_ERROR_LIMIT_OVERRUN if the data is longer than
 * the limit and the policy says so; it stays in the buffer and
 * [property@GProc.Reader:last-consumed] is set. %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED,
 * %G_IO_ERROR_PENDING if another operation of this reader is under way, and what reading itself
 * fails with.
 *
 * Returns: (transfer full): the data and the separator, or %NULL with @error set
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_read_until_any (GProcReader   *self,
                             GPtrArray     *separators,
                             GCancellable  *cancellable,
                             GError       **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_UNTIL };

  g_return_val_if_fail (GPROC_IS_READER (self), NULL);

  request.separators = separators_copy (separators);
  if (!check_separators (&request, error))
    return NULL;

  return _gproc_reader_run_for_bytes (self, &request, cancellable, error);
}

/**
 * gproc_reader_read_until_anyv: (rename-to gproc_reader_read_until_any)
 * @self: a reader
 * @separators: (array length=n_separators): what to read up to: at least
 *   one, none empty
 * @n_separators: how many there are
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads up to and with whichever of several separators ends first.
 *
 * This is [method@GProc.Reader.read_until_any] for languages other than C: an array of what is
 * no object reaches JavaScript only in this form.
 *
 * In `ABCDEFG`, the separators `DEF` and `BCDE` give `ABCDE`.
 *
 * Errors: %GPROC_STREAM_ERROR_INCOMPLETE_READ if the stream ends before; what came is taken from
 * the buffer and is in [property@GProc.Reader:last-partial]. %G_IO_ERROR_INVALID_ARGUMENT if a
 * separator is empty or there is none. %GPROC_STREAM_ERROR_LIMIT_OVERRUN if the data is longer than
 * the limit and the policy says so; it stays in the buffer and
 * [property@GProc.Reader:last-consumed] is set. %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED,
 * %G_IO_ERROR_PENDING if another operation of this reader is under way, and what reading itself
 * fails with.
 *
 * Returns: (transfer full): the data and the separator, or %NULL with @error set
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_read_until_anyv (GProcReader   *self,
                              GBytes       **separators,
                              gsize          n_separators,
                              GCancellable  *cancellable,
                              GError       **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_UNTIL };

  g_return_val_if_fail (GPROC_IS_READER (self), NULL);
  g_return_val_if_fail (separators != NULL || n_separators == 0, NULL);

  request.separators = separators_from_array (separators, n_separators);
  if (!check_separators (&request, error))
    return NULL;

  return _gproc_reader_run_for_bytes (self, &request, cancellable, error);
}

/**
 * gproc_reader_read_until_any_async:
 * @self: a reader
 * @separators: (element-type GBytes): what to read up to: at least one, none empty
 * @io_priority: the priority of the operation, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): what to call when the operation is done
 * @user_data: data for @callback
 *
 * Asynchronous form of [method@GProc.Reader.read_until_any].
 *
 * The callback is called in the thread-default main context of the caller, and never
 * before this function returns. Only one operation of a reader can be under way.
 *
 * Since: 1.0
 */
void
gproc_reader_read_until_any_async (GProcReader         *self,
                                   GPtrArray           *separators,
                                   int                  io_priority,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  GProcReadRequest request = { .kind = GPROC_READ_UNTIL };

  g_return_if_fail (GPROC_IS_READER (self));

  request.separators = separators_copy (separators);
  start_until (self, &request, io_priority, cancellable, callback, user_data,
               gproc_reader_read_until_any_async);
}

/**
 * gproc_reader_read_until_anyv_async: (rename-to gproc_reader_read_until_any_async)
 * @self: a reader
 * @separators: (array length=n_separators): what to read up to: at least
 *   one, none empty
 * @n_separators: how many there are
 * @io_priority: the priority of the operation, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): what to call when the operation is done
 * @user_data: data for @callback
 *
 * Asynchronous form of [method@GProc.Reader.read_until_anyv].
 *
 * The callback is called in the thread-default main context of the caller, and never
 * before this function returns. Only one operation of a reader can be under way.
 *
 * Since: 1.0
 */
void
gproc_reader_read_until_anyv_async (GProcReader          *self,
                                    GBytes              **separators,
                                    gsize                 n_separators,
                                    int                   io_priority,
                                    GCancellable         *cancellable,
                                    GAsyncReadyCallback   callback,
                                    gpointer              user_data)
{
  GProcReadRequest request = { .kind = GPROC_READ_UNTIL };

  g_return_if_fail (GPROC_IS_READER (self));
  g_return_if_fail (separators != NULL || n_separators == 0);

  request.separators = separators_from_array (separators, n_separators);
  start_until (self, &request, io_priority, cancellable, callback, user_data,
               gproc_reader_read_until_anyv_async);
}

/**
 * gproc_reader_read_until_any_finish:
 * @self: a reader
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Finishes [method@GProc.Reader.read_until_any_async].
 *
 * Returns: (transfer full): the data and the separator, or %NULL with @error set
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_read_until_any_finish (GProcReader   *self,
                                    GAsyncResult  *result,
                                    GError       **error)
{
  return _gproc_reader_finish (self, result, gproc_reader_read_until_any_async, error);
}

/**
 * gproc_reader_read_until_anyv_finish: (rename-to gproc_reader_read_until_any_finish)
 * @self: a reader
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Finishes [method@GProc.Reader.read_until_anyv_async].
 *
 * Returns: (transfer full): the data and the separator, or %NULL with @error set
 *
 * Since: 1.0
 */
GBytes *
gproc_reader_read_until_anyv_finish (GProcReader   *self,
                                     GAsyncResult  *result,
                                     GError       **error)
{
  return _gproc_reader_finish (self, result, gproc_reader_read_until_anyv_async, error);
}
