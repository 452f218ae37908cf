/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-read-core-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/gproc-error.h"

/* A match: the data ends at @start, the separator behind it at @end. */
typedef struct
{
  gsize start;
  gsize end;
} Match;

static GBytes *
core_take (GProcReadCore *self,
           gsize          size)
{
  self->scanned = 0;

  return _gproc_buffer_take (&self->buffer, size);
}

static void
core_drop (GProcReadCore *self,
           gsize          size)
{
  self->scanned = 0;
  _gproc_buffer_drop (&self->buffer, size);
}

static gboolean
is_newline (GProcReadRequest *request)
{
  return request->separators == NULL;
}

static gsize
longest_separator (GProcReadRequest *request)
{
  gsize longest = 1;

  for (guint i = 0; !is_newline (request) && i < request->separators->len; i++)
    longest = MAX (longest, g_bytes_get_size (g_ptr_array_index (request->separators, i)));

  return longest;
}

/* The match that ends first; of those that end together the longest separator, so that
 * the least is left to the data. */
static gboolean
find_any (GProcReadRequest *request,
          const char       *data,
          gsize             from,
          gsize             length,
          Match            *match)
{
  gboolean found = FALSE;
  gsize end = length;

  for (guint i = 0; i < request->separators->len; i++)
    {
      gsize size;
      const char *separator = g_bytes_get_data (g_ptr_array_index (request->separators, i), &size);
      gsize begin = from >= size - 1 ? from - (size - 1) : 0;
      const char *at = end > begin ? memmem (data + begin, end - begin, separator, size) : NULL;
      gsize start;

      if (at == NULL)
        continue;

      start = (gsize) (at - data);
      if (found && start + size == match->end && start >= match->start)
        continue;
      match->start = start;
      match->end = end = start + size;
      found = TRUE;
    }

  return found;
}

/* Searches what was not searched before. */
static gboolean
core_find (GProcReadCore    *self,
           GProcReadRequest *request,
           Match            *match)
{
  gsize length = _gproc_buffer_length (&self->buffer);
  const char *data, *at;

  if (length == 0 || self->scanned >= length)
    return FALSE;

  data = _gproc_buffer_data (&self->buffer);
  if (!is_newline (request))
    {
      if (find_any (request, data, self->scanned, length, match))
        return TRUE;
    }
  else if ((at = memchr (data + self->scanned, '\n', length - self->scanned)) != NULL)
    {
      match->start = (gsize) (at - data);
      match->end = match->start + 1;
      return TRUE;
    }
  self->scanned = length;

  return FALSE;
}

/* Serves what no further reading can change. */
static gboolean
core_check_error (GProcReadCore  *self,
                  GError        **error)
{
  if (self->error == NULL)
    return FALSE;

  g_propagate_error (error, g_error_copy (self->error));

  return TRUE;
}

static gboolean
set_overrun (GProcReadCore  *self,
             gsize           consumed,
             gboolean        found,
             GError        **error)
{
  self->last_consumed = consumed;
  if (found)
    g_set_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_LIMIT_OVERRUN,
                 g_dngettext (GETTEXT_PACKAGE,
                              "A separator was found, but the data before it is longer than the"
                              " limit of %zu byte",
                              "A separator was found, but the data before it is longer than the"
                              " limit of %zu bytes",
                              self->limit),
                 self->limit);
  else
    g_set_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_LIMIT_OVERRUN,
                 g_dngettext (GETTEXT_PACKAGE,
                              "No separator was found within the limit of %zu byte",
                              "No separator was found within the limit of %zu bytes", self->limit),
                 self->limit);

  return TRUE;
}

static gboolean
set_incomplete (GProcReadCore  *self,
                gsize           expected,
                GError        **error)
{
  gsize length = _gproc_buffer_length (&self->buffer);

  self->last_expected = expected;
  self->last_partial = core_take (self, length);
  /* Of two numbers only one has a plural, but fewer than one byte are none. */
  if (expected == 1)
    g_set_error_literal (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_INCOMPLETE_READ,
                         _ ("0 bytes read on a total of 1 expected byte"));
  else if (expected > 0)
    g_set_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_INCOMPLETE_READ,
                 g_dngettext (GETTEXT_PACKAGE, "%zu byte read on a total of %zu expected bytes",
                              "%zu bytes read on a total of %zu expected bytes", length),
                 length, expected);
  else
    g_set_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_INCOMPLETE_READ,
                 g_dngettext (GETTEXT_PACKAGE,
                              "The stream ended after %zu byte without a separator",
                              "The stream ended after %zu bytes without a separator", length),
                 length);

  return TRUE;
}

/* Goes on with an over-long line, the rest of which is dropped. FALSE: more is needed. */
static gboolean
step_discard (GProcReadCore    *self,
              GProcReadRequest *request,
              gboolean         *done)
{
  gsize length = _gproc_buffer_length (&self->buffer);
  gsize kept = longest_separator (request) - 1;
  Match match;

  *done = FALSE;
  if (core_find (self, request, &match))
    {
      core_drop (self, match.end);
    }
  else if (self->eof && request->kind == GPROC_READ_UNTIL)
    {
      /* There was no separator: what was kept is what came. */
      core_drop (self, length);
      _gproc_read_core_end_discarding (self);
      return TRUE;
    }
  else if (self->eof)
    {
      core_drop (self, length);
    }
  else
    {
      /* The start of a separator may be at the end. */
      if (length > kept)
        core_drop (self, length - kept);
      return FALSE;
    }

  self->discarding = FALSE;
  g_clear_pointer (&self->discard_separators, g_ptr_array_unref);
  if (self->held != NULL)
    {
      request->bytes = g_steal_pointer (&self->held);
      request->truncated = TRUE;
      *done = TRUE;
    }

  return TRUE;
}

/* How much of over-long data is given: no more than the limit, and no half character
 * where text was asked for. */
static gsize
core_find_cut (GProcReadCore    *self,
               GProcReadRequest *request)
{
  const char *data = _gproc_buffer_data (&self->buffer);
  gsize cut = self->limit;

  if (request->kind == GPROC_READ_LINE_UTF8)
    while (cut > 1 && self->limit - cut < 3 && (data[cut] & 0xc0) == 0x80)
      cut--;

  return cut;
}

static void
core_begin_discarding (GProcReadCore    *self,
                       GProcReadRequest *request)
{
  self->discarding = TRUE;
  g_clear_pointer (&self->discard_separators, g_ptr_array_unref);
  if (request->separators != NULL)
    self->discard_separators = g_ptr_array_ref (request->separators);
}

/* The data is longer than the limit. TRUE if the request is done with. */
static gboolean
handle_overrun (GProcReadCore     *self,
                GProcReadRequest  *request,
                const Match       *match,
                GError           **error)
{
  gsize length = _gproc_buffer_length (&self->buffer);

  switch (self->policy)
    {
    case GPROC_LIMIT_POLICY_SPLIT:
      request->bytes = core_take (self, core_find_cut (self, request));
      return TRUE;

    case GPROC_LIMIT_POLICY_TRUNCATE:
      self->held = core_take (self, core_find_cut (self, request));
      core_begin_discarding (self, request);
      return FALSE;

    case GPROC_LIMIT_POLICY_SKIP:
      core_begin_discarding (self, request);
      return FALSE;

    case GPROC_LIMIT_POLICY_ERROR:
    default:
      return set_overrun (self,
                          match != NULL ? match->start : length + 1 - longest_separator (request),
                          match != NULL, error);
    }
}

/* Whether what is in the buffer, without a separator, is too long for one. */
static gboolean
is_overlong (GProcReadCore    *self,
             GProcReadRequest *request)
{
  gsize length = _gproc_buffer_length (&self->buffer);

  return length >= longest_separator (request) &&
         length + 1 - longest_separator (request) > self->limit;
}

/* A line, or data up to a separator. */
static gboolean
step_until (GProcReadCore     *self,
            GProcReadRequest  *request,
            GError           **error)
{
  while (TRUE)
    {
      gboolean done;
      Match match;

      if (self->discarding)
        {
          if (!step_discard (self, request, &done))
            return core_check_error (self, error);
          if (done)
            return TRUE;
          continue;
        }

      if (core_find (self, request, &match))
        {
          if (match.start <= self->limit)
            {
              request->bytes = core_take (self, match.end);
              return TRUE;
            }
          if (handle_overrun (self, request, &match, error))
            return TRUE;
          continue;
        }

      if (is_overlong (self, request))
        {
          if (handle_overrun (self, request, NULL, error))
            return TRUE;
          continue;
        }

      if (!self->eof)
        return core_check_error (self, error);
      if (request->kind == GPROC_READ_UNTIL)
        return set_incomplete (self, 0, error);
      if (_gproc_buffer_length (&self->buffer) > 0)
        request->bytes = core_take (self, _gproc_buffer_length (&self->buffer));
      return TRUE;
    }
}

/* How far whole lines go, up to @max_lines of them, each within the limit. */
static gsize
core_find_lines (GProcReadCore *self,
                 gsize          max_lines)
{
  gsize length = _gproc_buffer_length (&self->buffer);
  const char *data = _gproc_buffer_data (&self->buffer);
  const char *at;
  gsize end = 0;

  if (length == 0)
    return 0;

  /* Where even the whole buffer is no longer than the limit, no line in it is. */
  if (length <= self->limit && max_lines >= length)
    {
      at = memrchr (data, '\n', length);
      return at != NULL ? (gsize) (at - data) + 1 : 0;
    }

  for (gsize n = 0; n < max_lines; n++)
    {
      gsize start = end;

      at = memchr (data + start, '\n', length - start);
      if (at == NULL || (gsize) (at - data) - start > self->limit)
        break;
      end = (gsize) (at - data) + 1;
      if (end == length)
        break;
    }

  return end;
}

static gboolean
step_lines (GProcReadCore     *self,
            GProcReadRequest  *request,
            GError           **error)
{
  Match first;
  gsize end;

  if (self->discarding || !core_find (self, request, &first))
    return step_until (self, request, error);

  end = core_find_lines (self, request->count);
  if (end == 0)
    return step_until (self, request, error);
  request->bytes = core_take (self, end);

  return TRUE;
}

static gboolean
step_line_utf8 (GProcReadCore     *self,
                GProcReadRequest  *request,
                GError           **error)
{
  g_autoptr (GBytes) line = NULL;
  const char *data;
  gsize size;

  if (!step_until (self, request, error))
    return FALSE;
  line = g_steal_pointer (&request->bytes);
  if (line == NULL)
    return TRUE;

  data = g_bytes_get_data (line, &size);
  if (size > 0 && data[size - 1] == '\n')
    size--;

  if (g_utf8_validate_len (data, size, NULL))
    {
      request->text = g_strndup (data, size);
      return TRUE;
    }

  /* Nothing is lost: the line can still be read as bytes. One that was cut short is still
   * a line of its own. */
  if (request->truncated)
    _gproc_read_core_unread (self, "\n", 1);
  _gproc_read_core_unread (self, data, g_bytes_get_size (line));
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               g_dngettext (GETTEXT_PACKAGE,
                            "A line of %zu byte is not valid UTF-8 without NUL bytes",
                            "A line of %zu bytes is not valid UTF-8 without NUL bytes", size),
               size);

  return TRUE;
}

static gboolean
step_exactly (GProcReadCore     *self,
              GProcReadRequest  *request,
              GError           **error)
{
  if (_gproc_buffer_length (&self->buffer) >= request->count)
    request->bytes = core_take (self, request->count);
  else if (self->eof)
    set_incomplete (self, request->count, error);
  else
    return core_check_error (self, error);

  return TRUE;
}

static gboolean
step_to_end (GProcReadCore     *self,
             GProcReadRequest  *request,
             GError           **error)
{
  gsize length = _gproc_buffer_length (&self->buffer);

  if (length > request->count)
    {
      self->last_consumed = length;
      g_set_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_LIMIT_OVERRUN,
                   g_dngettext (GETTEXT_PACKAGE, "The stream holds more than the limit of %zu byte",
                                "The stream holds more than the limit of %zu bytes",
                                request->count),
                   request->count);
      return TRUE;
    }
  if (!self->eof)
    return core_check_error (self, error);

  request->bytes = length > 0 ? core_take (self, length) : g_bytes_new (NULL, 0);

  return TRUE;
}

static gboolean
step_some (GProcReadCore     *self,
           GProcReadRequest  *request,
           GError           **error)
{
  gsize length = _gproc_buffer_length (&self->buffer);

  if (request->count == 0)
    request->bytes = g_bytes_new (NULL, 0);
  else if (length > 0)
    request->bytes = core_take (self, MIN (length, request->count));
  else if (!self->eof)
    return core_check_error (self, error);

  return TRUE;
}

static gboolean
step_fill (GProcReadCore     *self,
           GProcReadRequest  *request,
           GError           **error)
{
  gsize length = _gproc_buffer_length (&self->buffer);

  if (length < request->count && !self->eof)
    return core_check_error (self, error);
  request->n = (gssize) MIN (length, G_MAXSSIZE);

  return TRUE;
}

/* GInputStream's read and skip. */
static gboolean
step_plain (GProcReadCore     *self,
            GProcReadRequest  *request,
            GError           **error)
{
  gsize length = _gproc_buffer_length (&self->buffer);

  /* Read straight into the target. */
  if (request->n > 0 || request->count == 0)
    return TRUE;

  if (length > 0)
    {
      length = MIN (length, request->count);
      if (request->target != NULL)
        memcpy (request->target, _gproc_buffer_data (&self->buffer), length);
      core_drop (self, length);
      request->n = (gssize) length;
      return TRUE;
    }

  return self->eof || core_check_error (self, error);
}

gboolean
_gproc_read_step (GProcReadCore     *self,
                  GProcReadRequest  *request,
                  GError           **error)
{
  switch (request->kind)
    {
    case GPROC_READ_SOME:
      return step_some (self, request, error);
    case GPROC_READ_LINE:
    case GPROC_READ_UNTIL:
      return step_until (self, request, error);
    case GPROC_READ_LINE_UTF8:
      return step_line_utf8 (self, request, error);
    case GPROC_READ_LINES:
      return step_lines (self, request, error);
    case GPROC_READ_EXACTLY:
      return step_exactly (self, request, error);
    case GPROC_READ_TO_END:
      return step_to_end (self, request, error);
    case GPROC_READ_FILL:
      return step_fill (self, request, error);
    case GPROC_READ_EXPECT:
      return _gproc_read_step_expect (self, request, FALSE, error);
    case GPROC_READ_PLAIN:
    case GPROC_READ_SKIP:
    default:
      return step_plain (self, request, error);
    }
}
