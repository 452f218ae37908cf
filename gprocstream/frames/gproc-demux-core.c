/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "frames/gproc-demux-core-private.h"

#include <gio/gfiledescriptorbased.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/gproc-error.h"
#include "loop/gproc-poller-private.h"
#include "streams/gproc-reader.h"

#define DEFAULT_BOUND (256 * 1024)

/* Reads begin small and grow with what comes. */
#define FIRST_READ_SIZE (8 * 1024)
#define LARGEST_READ_SIZE (256 * 1024)

/* So much of one payload goes straight to who wants it. */
#define DIRECT_MINIMUM (32 * 1024)

/* One attempt reads no more than that, where all of it is for somebody else: what else is
 * to be done has its turn, and whoever closes or cancels is heard. */
#define ATTEMPT_BUDGET (1024 * 1024)

/* How much of what the engine says is kept. */
#define TEXT_BOUND 4096

static int
get_fd_of_base (GInputStream *base)
{
  if (GPROC_IS_READER (base))
    return gproc_reader_get_fd (GPROC_READER (base));
  if (G_IS_FILE_DESCRIPTOR_BASED (base))
    return g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (base));

  return -1;
}

GProcDemuxCore *
_gproc_demux_core_new (GInputStream *base)
{
  GProcDemuxCore *self = g_new0 (GProcDemuxCore, 1);

  self->ref_count = 1;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->base = g_object_ref (base);
  self->pollable = G_IS_POLLABLE_INPUT_STREAM (base) &&
                   g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (base));
  self->base_fd = self->pollable ? get_fd_of_base (base) : -1;
  self->close_base = TRUE;
  self->bound = DEFAULT_BOUND;
  self->read_size = FIRST_READ_SIZE;
  self->piece = g_byte_array_new ();
  for (guint i = 0; i < GPROC_DEMUX_N_CONSUMERS; i++)
    self->signs[i] = (GProcDemuxSign){ .ready_fd = -1, .event_fd = -1, .base_fd = -1 };

  return self;
}

GProcDemuxCore *
_gproc_demux_core_ref (GProcDemuxCore *self)
{
  g_atomic_int_inc (&self->ref_count);

  return self;
}

void
_gproc_demux_core_unref (GProcDemuxCore *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  for (guint i = 0; i < GPROC_DEMUX_N_CONSUMERS; i++)
    _gproc_demux_core_drop_fd (self, i);
  for (guint i = 0; i < GPROC_DEMUX_N_SIDES; i++)
    _gproc_buffer_clear (&self->sides[i].buffer);
  _gproc_buffer_clear (&self->raw);
  g_byte_array_unref (self->piece);
  if (self->text != NULL)
    g_string_free (self->text, TRUE);
  g_clear_error (&self->error);
  g_clear_error (&self->passing);
  g_clear_object (&self->base);
  g_free (self->chunk);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  g_free (self);
}

gboolean
_gproc_demux_core_is_busy (GProcDemuxCore *self)
{
  return self->busy && self->busy_generation == _gproc_fork_generation ();
}

GInputStream *
_gproc_demux_core_enter_base (GProcDemuxCore *self)
{
  GInputStream *base = g_object_ref (self->base);

  self->busy = TRUE;
  self->busy_thread = g_thread_self ();
  self->busy_generation = _gproc_fork_generation ();
  g_mutex_unlock (&self->lock);

  return base;
}

void
_gproc_demux_core_leave_base (GProcDemuxCore *self,
                              GInputStream   *base)
{
  gboolean close_base;

  g_mutex_lock (&self->lock);
  close_base = self->close_left;
  self->close_left = FALSE;
  self->busy = FALSE;
  self->busy_thread = NULL;
  if (self->base == NULL)
    {
      g_mutex_unlock (&self->lock);
      if (close_base)
        g_input_stream_close (base, NULL, NULL);
      g_object_unref (base);
      g_mutex_lock (&self->lock);
    }
  else
    {
      g_object_unref (base);
    }

  if (!self->turned_away)
    return;

  self->turned_away = FALSE;
  _gproc_demux_core_wake (self);
  _gproc_demux_core_update_fds (self);
}

/* Nothing that was read and not looked at yet counts any more. */
static void
core_fail (GProcDemuxCore *self,
           GError         *error)
{
  g_assert (self->error == NULL);
  self->error = error;
  self->news = TRUE;
  _gproc_buffer_clear (&self->raw);
}

static void
core_set_invalid (GProcDemuxCore *self)
{
  const guint8 *header = self->parser.header;

  core_fail (self, g_error_new (GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_INVALID_FRAME,
                                _ ("This is not the header of a frame: "
                                   "%02x %02x %02x %02x %02x %02x %02x %02x"),
                                header[0], header[1], header[2], header[3], header[4], header[5],
                                header[6], header[7]));
}

/* The engine has said what it has to say. */
static void
core_set_engine_error (GProcDemuxCore *self)
{
  g_autofree char *text = self->text != NULL
                            ? g_utf8_make_valid (self->text->str, (gssize) self->text->len)
                            : g_strdup ("");

  g_strstrip (text);
  core_fail (self, g_error_new (GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE,
                                _ ("The container engine reported an error: %s"),
                                *text != '\0' ? text : _ ("it does not say which")));
}

static void
core_set_cut_header (GProcDemuxCore *self,
                     guint           left)
{
  core_fail (
    self,
    g_error_new (G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                 g_dngettext (GETTEXT_PACKAGE,
                              "The stream ended %u byte before the end of the header of a frame",
                              "The stream ended %u bytes before the end of the header of a frame",
                              left),
                 left));
}

static void
core_set_end (GProcDemuxCore *self)
{
  GProcFrameParser *parser = &self->parser;

  self->eof = self->news = TRUE;
  if (parser->state == GPROC_FRAME_IN_PAYLOAD && parser->id == GPROC_FRAME_ERROR)
    core_set_engine_error (self);
  else if (self->lenient || _gproc_frame_parser_is_between (parser))
    return;
  else if (parser->state == GPROC_FRAME_IN_PAYLOAD)
    core_fail (self,
               g_error_new (G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                            g_dngettext (GETTEXT_PACKAGE,
                                         "The stream ended %u byte before the end of a frame",
                                         "The stream ended %u bytes before the end of a frame",
                                         parser->left),
                            (guint) parser->left));
  else
    core_set_cut_header (self, GPROC_FRAME_HEADER_SIZE - parser->filled);
}

static GProcDemuxSide *
core_get_side (GProcDemuxCore *self)
{
  return &self->sides[self->parser.id == GPROC_FRAME_STDERR ? GPROC_DEMUX_STDERR
                                                            : GPROC_DEMUX_STDOUT];
}

static void
core_keep_text (GProcDemuxCore *self,
                const char     *data,
                gsize           size)
{
  if (self->text == NULL)
    self->text = g_string_new (NULL);
  g_string_append_len (self->text, data,
                       (gssize) MIN (size, TEXT_BOUND - MIN (self->text->len, TEXT_BOUND)));
}

/* Puts away what is not for who asks, and returns how much of it; 0: it has no room. */
static gsize
core_put_aside (GProcDemuxCore *self,
                GProcDemuxSide *side,
                const char     *data,
                gsize           size)
{
  gsize length = _gproc_buffer_length (&side->buffer);
  gsize room = self->policy == GPROC_DEMUXER_POLICY_GROW ? size
               : length < self->bound                    ? MIN (size, self->bound - length)
                                                         : 0;

  if (side->closed)
    return size;

  _gproc_buffer_append (&side->buffer, data, room);
  self->news |= room > 0;
  if (self->policy != GPROC_DEMUXER_POLICY_DISCARD)
    return room;

  self->discarded += size - room;

  return size;
}

/* A part of the payload that the parser is in: returns how much of it was taken. */
static gsize
core_put (GProcDemuxCore    *self,
          GProcDemuxRequest *request,
          const char        *data,
          gsize              size)
{
  GProcDemuxSide *side = core_get_side (self);

  if (self->parser.id == GPROC_FRAME_ERROR)
    {
      core_keep_text (self, data, size);
      return size;
    }

  if (side != &self->sides[request->consumer])
    return core_put_aside (self, side, data, size);

  size = MIN (size, request->size - request->count);
  if (size == 0)
    return 0;

  memcpy ((char *) request->target + request->count, data, size);
  request->count += size;

  return size;
}

/* Looks at what was read, until that is all, or has no place. */
static void
core_parse (GProcDemuxCore    *self,
            GProcDemuxRequest *request)
{
  GProcFrameParser *parser = &self->parser;
  const char *start = _gproc_buffer_data (&self->raw);
  gsize length = _gproc_buffer_length (&self->raw), used = 0, count;
  gboolean began = FALSE;

  while (used < length && parser->state != GPROC_FRAME_INVALID)
    {
      if (parser->state == GPROC_FRAME_IN_PAYLOAD)
        {
          count = core_put (self, request, start + used, MIN (length - used, parser->left));
          if (count == 0)
            break;
          _gproc_frame_parser_take_payload (parser, count);
          used += count;
        }
      else
        {
          used += _gproc_frame_parser_take_header (parser, (const guint8 *) start + used,
                                                   length - used, &began);
        }

      if (parser->id == GPROC_FRAME_ERROR && _gproc_frame_parser_is_between (parser))
        {
          core_set_engine_error (self);
          return;
        }
    }

  self->raw.start += used;
  if (used > 0 && parser->state == GPROC_FRAME_INVALID)
    core_set_invalid (self);
}

/* The memory stays while much comes. */
static char *
core_reserve (GProcDemuxCore *self)
{
  if (self->raw.capacity > 0 && self->raw.capacity != self->read_size)
    _gproc_buffer_clear (&self->raw);
  self->raw.start = self->raw.end = 0;

  return _gproc_buffer_reserve (&self->raw, self->read_size);
}

static void
core_adapt (GProcDemuxCore *self,
            gsize           count)
{
  if (count >= self->read_size && self->read_size < LARGEST_READ_SIZE)
    self->read_size *= 2;
  else if (count < self->read_size / 4 && self->read_size > FIRST_READ_SIZE)
    self->read_size /= 2;
}

gboolean
_gproc_demux_is_error_of_call (const GError *error)
{
  return error->domain == G_IO_ERROR &&
         (error->code == G_IO_ERROR_CANCELLED || error->code == G_IO_ERROR_PENDING ||
          error->code == G_IO_ERROR_TIMED_OUT || error->code == G_IO_ERROR_WOULD_BLOCK);
}

/* Takes @error. */
static GProcDemuxStatus
core_take_error (GProcDemuxCore  *self,
                 GError          *base_error,
                 GError         **error)
{
  if (g_error_matches (base_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_error_free (base_error);
      return GPROC_DEMUX_WAIT;
    }
  if (_gproc_demux_is_error_of_call (base_error))
    {
      g_propagate_error (error, base_error);
      return GPROC_DEMUX_FAILED;
    }

  core_fail (self, base_error);

  return GPROC_DEMUX_DONE;
}

void
_gproc_demux_core_deliver (GProcDemuxCore *self,
                           gconstpointer   data,
                           gssize          count,
                           GError         *error)
{
  if (count > 0)
    {
      core_adapt (self, (gsize) count);
      _gproc_buffer_append (&self->raw, data, (gsize) count);
    }
  else if (count == 0)
    core_set_end (self);
  else if (!_gproc_demux_is_error_of_call (error))
    core_fail (self, error);
  else if (error->code == G_IO_ERROR_WOULD_BLOCK || self->passing != NULL)
    g_error_free (error);
  else
    self->passing = error;
}

/* A large part of one payload needs no place in between. */
static gsize
core_get_direct_size (GProcDemuxCore    *self,
                      GProcDemuxRequest *request)
{
  gsize size;

  if (request->consumer == GPROC_DEMUX_FRAME || self->parser.state != GPROC_FRAME_IN_PAYLOAD ||
      self->parser.id == GPROC_FRAME_ERROR ||
      core_get_side (self) != &self->sides[request->consumer])
    return 0;

  size = MIN (self->parser.left, request->size);

  return size >= DIRECT_MINIMUM ? size : 0;
}

/* Reads a pollable base stream. Only when all that was read before has been looked at. Nobody
 * else has to do with what is being read, or with the parser, until this is over. */
static GProcDemuxStatus
core_fill (GProcDemuxCore     *self,
           GProcDemuxRequest  *request,
           gsize              *n_read,
           GError            **error)
{
  gsize direct = core_get_direct_size (self, request);
  gsize size = direct > 0 ? direct : self->read_size;
  char *to = direct > 0 ? request->target : core_reserve (self);
  GProcBuffer raw = self->raw;
  GError *base_error = NULL;
  GInputStream *base;
  gssize count;

  self->raw = (GProcBuffer){ 0 };
  base = _gproc_demux_core_enter_base (self);
  count = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (base), to, size, NULL,
                                                    &base_error);
  _gproc_demux_core_leave_base (self, base);

  if (count <= 0 || self->base == NULL)
    _gproc_buffer_clear (&raw);
  self->raw = raw;
  if (self->base == NULL)
    {
      g_clear_error (&base_error);
      return GPROC_DEMUX_DONE;
    }
  if (count < 0)
    return core_take_error (self, base_error, error);

  *n_read += (gsize) count;
  if (count == 0)
    {
      core_set_end (self);
    }
  else if (direct > 0)
    {
      _gproc_frame_parser_take_payload (&self->parser, (gsize) count);
      request->count = (gsize) count;
    }
  else
    {
      _gproc_buffer_commit (&self->raw, (gsize) count);
      core_adapt (self, (gsize) count);
      self->news = TRUE;
    }

  return GPROC_DEMUX_DONE;
}

/* What was kept for who asks for frames is data of its side again. */
static void
core_put_piece_back (GProcDemuxCore *self)
{
  GProcDemuxSide *side = &self->sides[self->piece_id == GPROC_FRAME_STDERR];

  if (self->piece->len == 0)
    return;

  if (!side->closed)
    _gproc_buffer_append (&side->buffer, self->piece->data, self->piece->len);
  self->news = TRUE;
  g_byte_array_set_size (self->piece, 0);
}

static gsize
core_take (GProcDemuxCore *self,
           GProcDemuxSide *side,
           gpointer        target,
           gsize           size)
{
  size = MIN (size, _gproc_buffer_length (&side->buffer));
  memcpy (target, _gproc_buffer_data (&side->buffer), size);
  _gproc_buffer_drop (&side->buffer, size);

  return size;
}

/* What is there for one side. TRUE if that decides. */
static gboolean
core_serve_side (GProcDemuxCore    *self,
                 GProcDemuxRequest *request)
{
  GProcDemuxSide *side = &self->sides[request->consumer];

  core_put_piece_back (self);
  if (_gproc_buffer_length (&side->buffer) > 0)
    {
      if (request->size > 0)
        request->count = core_take (self, side, request->target, request->size);
      return TRUE;
    }

  core_parse (self, request);

  return request->count > 0 ||
         (request->size == 0 && _gproc_buffer_length (&self->raw) > 0 &&
          self->parser.state == GPROC_FRAME_IN_PAYLOAD && core_get_side (self) == side);
}

/* As much as is there of the payload that the parser is in. TRUE if a piece is complete. */
static gboolean
core_serve_payload (GProcDemuxCore    *self,
                    GProcDemuxRequest *request)
{
  GProcFrameParser *parser = &self->parser;
  const guint8 *data = (const guint8 *) _gproc_buffer_data (&self->raw);
  gsize size = MIN (_gproc_buffer_length (&self->raw), parser->left);
  gboolean complete = FALSE;

  if (parser->id == GPROC_FRAME_ERROR)
    {
      core_keep_text (self, (const char *) data, size);
    }
  else if (!core_get_side (self)->closed)
    {
      size = MIN (size, self->bound - MIN (self->piece->len, self->bound));
      complete = size == parser->left || self->piece->len + size >= self->bound;
      if (complete && self->piece->len == 0)
        {
          request->bytes = g_bytes_new (data, size);
        }
      else
        {
          g_byte_array_append (self->piece, data, (guint) size);
          self->news = TRUE;
          self->piece_id = (int) MAX (parser->id, GPROC_FRAME_STDOUT);
        }
    }

  _gproc_frame_parser_take_payload (parser, size);
  self->raw.start += size;

  return complete;
}

static void
core_take_piece (GProcDemuxCore    *self,
                 GProcDemuxRequest *request)
{
  request->id = self->piece_id;
  request->bytes = g_byte_array_free_to_bytes (self->piece);
  self->piece = g_byte_array_new ();
}

/* What waits for one of the readers came before all else. It waits for one at most: a reader
 * that is asked has what it gets from its own buffer, or nothing is in that. */
static gboolean
core_serve_frame_aside (GProcDemuxCore    *self,
                        GProcDemuxRequest *request)
{
  for (guint i = 0; i < GPROC_DEMUX_N_SIDES; i++)
    {
      gsize length = _gproc_buffer_length (&self->sides[i].buffer);

      if (length == 0)
        continue;

      request->id = (int) i + GPROC_FRAME_STDOUT;
      request->bytes = _gproc_buffer_take (&self->sides[i].buffer, MIN (length, self->bound));
      return TRUE;
    }

  return FALSE;
}

static gboolean
core_serve_frame (GProcDemuxCore    *self,
                  GProcDemuxRequest *request)
{
  GProcFrameParser *parser = &self->parser;
  gboolean began = FALSE, complete = FALSE;

  if (core_serve_frame_aside (self, request))
    return TRUE;

  while (!complete && _gproc_buffer_length (&self->raw) > 0)
    {
      if (parser->state == GPROC_FRAME_IN_PAYLOAD)
        {
          complete = core_serve_payload (self, request);
        }
      else
        {
          self->raw.start += _gproc_frame_parser_take_header (
            parser, (const guint8 *) _gproc_buffer_data (&self->raw),
            _gproc_buffer_length (&self->raw), &began);
          /* An empty frame is one. */
          complete = began && parser->left == 0 && parser->id != GPROC_FRAME_ERROR &&
                     !core_get_side (self)->closed;
          if (complete)
            request->bytes = g_bytes_new (NULL, 0);
        }

      if (parser->state == GPROC_FRAME_INVALID)
        core_set_invalid (self);
      else if (parser->id == GPROC_FRAME_ERROR && _gproc_frame_parser_is_between (parser))
        core_set_engine_error (self);
    }

  if (complete && request->bytes != NULL)
    request->id = (int) MAX (parser->id, GPROC_FRAME_STDOUT);
  else if (complete || (self->piece->len > 0 && (self->eof || self->error != NULL)))
    core_take_piece (self, request);

  return request->bytes != NULL;
}

gboolean
_gproc_demux_core_is_closed (GProcDemuxCore     *self,
                             GProcDemuxConsumer  consumer)
{
  if (consumer == GPROC_DEMUX_FRAME)
    return self->sides[GPROC_DEMUX_STDOUT].closed && self->sides[GPROC_DEMUX_STDERR].closed;

  return self->sides[consumer].closed;
}

GProcDemuxStatus
_gproc_demux_core_attempt (GProcDemuxCore     *self,
                           GProcDemuxRequest  *request,
                           GError            **error)
{
  GProcDemuxStatus status;
  gsize n_read = 0;

  request->count = 0;
  request->id = -1;

  while (TRUE)
    {
      if (_gproc_demux_core_is_closed (self, request->consumer))
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The stream was closed"));
          return GPROC_DEMUX_FAILED;
        }

      if (request->consumer == GPROC_DEMUX_FRAME ? core_serve_frame (self, request)
                                                 : core_serve_side (self, request))
        return GPROC_DEMUX_DONE;

      if (self->passing != NULL || self->error != NULL)
        {
          g_propagate_error (error, self->passing != NULL ? g_steal_pointer (&self->passing)
                                                          : g_error_copy (self->error));
          return GPROC_DEMUX_FAILED;
        }
      if (self->eof)
        return GPROC_DEMUX_DONE;

      if (_gproc_buffer_length (&self->raw) > 0)
        {
          g_assert (request->consumer != GPROC_DEMUX_FRAME);
          self->sides[request->consumer].stalled = TRUE;
          return GPROC_DEMUX_WAIT;
        }
      if (!self->pollable || n_read >= ATTEMPT_BUDGET)
        return GPROC_DEMUX_WAIT;
      if (_gproc_demux_core_is_busy (self))
        {
          self->turned_away = TRUE;
          return GPROC_DEMUX_WAIT;
        }

      status = core_fill (self, request, &n_read, error);
      if (status != GPROC_DEMUX_DONE || request->count > 0)
        return status;
    }
}
