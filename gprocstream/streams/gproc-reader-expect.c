/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-reader.h"

#include <glib/gi18n-lib.h>

#include "streams/gproc-read-op-private.h"
#include "streams/gproc-reader-calls-private.h"

/* The reads that look for patterns. */

/* FALSE: nothing could be found. */
static gboolean
request_init (GProcReadRequest  *request,
              GRegex           **patterns,
              gsize              n_patterns,
              GError           **error)
{
  request->kind = GPROC_READ_EXPECT;
  request->expect = _gproc_expect_new (patterns, n_patterns);
  if (n_patterns > 0)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       _ ("At least one pattern is needed"));

  return FALSE;
}

static gint64
deadline_of (int timeout_ms)
{
  return timeout_ms >= 0 ? g_get_monotonic_time () + timeout_ms * G_GINT64_CONSTANT (1000) : 0;
}

/**
 * gproc_reader_expect:
 * @self: a reader
 * @patterns: (array length=n_patterns): what to look for: at least one pattern
 * @n_patterns: how many there are
 * @timeout_ms: how long to wait at most, in milliseconds; 0 looks at what is there, −1 waits for
 *   ever
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads up to and with what matches one of several patterns: for dialogues with programs that
 * are written for persons.
 *
 * The result says which pattern matched, what came before, and what matched. What follows the
 * match stays in the buffer, for the next read of any kind.
 *
 * ## Which match
 *
 * The one that begins first, and of those that begin at the same byte that of the first pattern
 * in @patterns: as pexpect chooses (Tcl's expect takes the first pattern that matches anywhere).
 * The result is that of a search in all that the process writes, however it is cut into reads.
 * So a match that more output could change is held back until that has come, the stream ends or
 * the time is over, when what is there decides: `[0-9]+` waits for what follows the digits. So
 * does a pattern of which a beginning came before the match of another one.
 *
 * A pattern that asks what comes next, as with `$` or `\b` at its end, is therefore not answered
 * by a prompt after which nothing comes, before the time is over: leave that out, and look for
 * `\$ ` instead of `\$ $`. What looks for a prompt is best kept free of `.*` and the like: another
 * `#` may follow what `[^\n]*#` matches, and none what `[^\n#]*#` does.
 *
 * The text begins where the last read ended: there `^` matches. The
 * [limit][property@GProc.Reader:limit] is that of what comes before the match and the match,
 * together; [property@GProc.Reader:limit-policy] does not matter. The search resumes where it
 * stopped: it does not grow with the output before, but for that in which a match has begun.
 *
 * ## Text and bytes
 *
 * A pattern that was compiled with %G_REGEX_RAW matches any bytes. Others match characters, and
 * output that is not UTF-8 before their match is an error. NUL is a character.
 *
 * Errors: %G_IO_ERROR_TIMED_OUT, %G_IO_ERROR_INVALID_DATA for output that is not UTF-8, and
 * %GPROC_STREAM_ERROR_LIMIT_OVERRUN: everything stays in the buffer.
 * %GPROC_STREAM_ERROR_INCOMPLETE_READ if the stream ends before a match; what came is taken from
 * the buffer and is in [property@GProc.Reader:last-partial]. %G_IO_ERROR_INVALID_ARGUMENT if there
 * is no pattern; an error of the domain %G_REGEX_ERROR if a pattern is too hard to match.
 * %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED, %G_IO_ERROR_PENDING if another operation of this
 * reader is under way, and what reading itself fails with.
 *
 * A base stream that is not pollable cannot be read with a limit of time: here its reads block as
 * long as they do, and the time is looked at in between.
 *
 * Returns: (transfer full): the match, or %NULL with @error set
 *
 * Since: 1.0
 */
GProcMatch *
gproc_reader_expect (GProcReader   *self,
                     GRegex       **patterns,
                     gsize          n_patterns,
                     int            timeout_ms,
                     GCancellable  *cancellable,
                     GError       **error)
{
  GInputStream *stream = G_INPUT_STREAM (self);
  GProcReadRequest request = { .deadline = deadline_of (timeout_ms) };
  GProcMatch *match = NULL;

  g_return_val_if_fail (GPROC_IS_READER (self), NULL);
  g_return_val_if_fail (patterns != NULL || n_patterns == 0, NULL);

  if (request_init (&request, patterns, n_patterns, error) &&
      g_input_stream_set_pending (stream, error))
    {
      if (_gproc_read_op_run (self, &request, cancellable, error))
        match = g_steal_pointer (&request.match);
      g_input_stream_clear_pending (stream);
    }
  _gproc_read_request_clear (&request);

  return match;
}

/**
 * gproc_reader_expect_async:
 * @self: a reader
 * @patterns: (array length=n_patterns): what to look for: at least one pattern
 * @n_patterns: how many there are
 * @timeout_ms: how long to wait at most, in milliseconds; 0 looks at what is there, −1 waits for
 *   ever
 * @io_priority: the priority of the operation, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): what to call when the operation is done
 * @user_data: data for @callback
 *
 * Asynchronous form of [method@GProc.Reader.expect].
 *
 * The callback is called in the thread-default main context of the caller, and never
 * before this function returns. Only one operation of a reader can be under way.
 *
 * Since: 1.0
 */
void
gproc_reader_expect_async (GProcReader          *self,
                           GRegex              **patterns,
                           gsize                 n_patterns,
                           int                   timeout_ms,
                           int                   io_priority,
                           GCancellable         *cancellable,
                           GAsyncReadyCallback   callback,
                           gpointer              user_data)
{
  GProcReadRequest request = { .deadline = deadline_of (timeout_ms) };
  GError *error = NULL;

  g_return_if_fail (GPROC_IS_READER (self));
  g_return_if_fail (patterns != NULL || n_patterns == 0);

  if (request_init (&request, patterns, n_patterns, &error))
    _gproc_reader_start (self, &request, io_priority, cancellable, callback, user_data,
                         gproc_reader_expect_async);
  else
    _gproc_read_result_return_later (_gproc_read_result_new (self, &request, cancellable, callback,
                                                             user_data, gproc_reader_expect_async),
                                     io_priority, error);
}

/**
 * gproc_reader_expect_finish:
 * @self: a reader
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Finishes [method@GProc.Reader.expect_async].
 *
 * Returns: (transfer full): the match, or %NULL with @error set
 *
 * Since: 1.0
 */
GProcMatch *
gproc_reader_expect_finish (GProcReader   *self,
                            GAsyncResult  *result,
                            GError       **error)
{
  return _gproc_reader_finish (self, result, gproc_reader_expect_async, error);
}

/**
 * gproc_reader_try_expect:
 * @self: a reader
 * @patterns: (array length=n_patterns): what to look for: at least one pattern
 * @n_patterns: how many there are
 * @error: return location for an error
 *
 * Like [method@GProc.Reader.expect], but never waits: for event loops other than GLib's,
 * which wait for [method@GProc.Reader.get_fd].
 *
 * Fails with %G_IO_ERROR_WOULD_BLOCK where [method@GProc.Reader.expect] would wait; what
 * came so far stays in the buffer, and is not searched again by the next call with the same
 * patterns. When the time is over that such a loop measures, [method@GProc.Reader.expect] with a
 * timeout of 0 decides about what was held back.
 *
 * Returns: (transfer full): the match, or %NULL with @error set
 *
 * Since: 1.0
 */
GProcMatch *
gproc_reader_try_expect (GProcReader  *self,
                         GRegex      **patterns,
                         gsize         n_patterns,
                         GError      **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_EXPECT };
  GProcMatch *match = NULL;

  g_return_val_if_fail (GPROC_IS_READER (self), NULL);
  g_return_val_if_fail (patterns != NULL || n_patterns == 0, NULL);

  if (request_init (&request, patterns, n_patterns, error) &&
      _gproc_read_op_try (self, &request, TRUE, error))
    match = g_steal_pointer (&request.match);
  _gproc_read_request_clear (&request);

  return match;
}
