/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-read-core-private.h"

#include <glib/gi18n-lib.h>

#include "base/gproc-error.h"

/* The read that looks for patterns. */

static void
set_overrun (GProcReadCore     *self,
             GProcReadRequest  *request,
             GError           **error)
{
  self->last_consumed = _gproc_expect_get_passed (request->expect);
  g_set_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_LIMIT_OVERRUN,
               g_dngettext (GETTEXT_PACKAGE, "No match was found within the limit of %zu byte",
                            "No match was found within the limit of %zu bytes", self->limit),
               self->limit);
}

static void
set_incomplete (GProcReadCore  *self,
                GError        **error)
{
  gsize length = _gproc_buffer_length (&self->buffer);

  self->last_partial = _gproc_buffer_take (&self->buffer, length);
  self->scanned = 0;
  g_set_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_INCOMPLETE_READ,
               g_dngettext (GETTEXT_PACKAGE, "The stream ended after %zu byte without a match",
                            "The stream ended after %zu bytes without a match", length),
               length);
}

/* Nothing was found, and nothing more can be waited for. */
static void
set_missing (GProcReadCore  *self,
             GError        **error)
{
  if (self->eof)
    set_incomplete (self, error);
  else if (self->error != NULL)
    g_propagate_error (error, g_error_copy (self->error));
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _ ("No match was found in time"));
}

gboolean
_gproc_read_step_expect (GProcReadCore     *self,
                         GProcReadRequest  *request,
                         gboolean           last,
                         GError           **error)
{
  gsize length = _gproc_buffer_length (&self->buffer);
  gsize limit = MIN (self->limit, G_MAXINT); /* GRegex counts in int. */
  gboolean ends = length <= limit && (last || self->eof || self->error != NULL);
  g_autoptr (GBytes) taken = NULL;

  /* GRegex looks at the byte behind an empty match at the end. */
  if (length > 0)
    _gproc_buffer_terminate (&self->buffer);

  switch (_gproc_expect_search (request->expect, _gproc_buffer_data (&self->buffer),
                                MIN (length, limit), ends, error))
    {
    case GPROC_EXPECT_FOUND:
      self->scanned = 0;
      taken = _gproc_buffer_take (&self->buffer, _gproc_expect_get_end (request->expect));
      request->match = _gproc_expect_make_match (request->expect, taken);
      return TRUE;

    case GPROC_EXPECT_FAILED:
      return TRUE;

    case GPROC_EXPECT_MORE:
    default:
      break;
    }

  /* What could still become a match is no match within the limit. */
  if (length > limit)
    set_overrun (self, request, error);
  else if (ends)
    set_missing (self, error);
  else
    return FALSE;

  return TRUE;
}

gboolean
_gproc_read_request_is_late (const GProcReadRequest *request)
{
  return request->deadline > 0 && g_get_monotonic_time () >= request->deadline;
}

void
_gproc_read_step_last (GProcReadCore     *self,
                       GProcReadRequest  *request,
                       GError           **error)
{
  g_assert (request->kind == GPROC_READ_EXPECT);
  _gproc_read_step_expect (self, request, TRUE, error);
}

/* How much was taken before the first byte of the buffer. */
static guint64
core_get_place (GProcReadCore *self)
{
  return self->total - _gproc_buffer_length (&self->buffer);
}

void
_gproc_read_core_keep_expect (GProcReadCore    *self,
                              GProcReadRequest *request)
{
  g_clear_pointer (&self->expect, _gproc_expect_free);
  self->expect = g_steal_pointer (&request->expect);
  self->expect_place = core_get_place (self);
}

void
_gproc_read_core_resume_expect (GProcReadCore    *self,
                                GProcReadRequest *request)
{
  GProcExpect *kept = g_steal_pointer (&self->expect);

  if (kept == NULL)
    return;

  if (self->expect_place == core_get_place (self) && _gproc_expect_equal (kept, request->expect))
    {
      GProcExpect *fresh = request->expect;

      request->expect = kept;
      kept = fresh;
    }
  _gproc_expect_free (kept);
}
