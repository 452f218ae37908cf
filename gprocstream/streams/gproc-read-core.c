/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-read-core-private.h"

#include <string.h>

#define DEFAULT_LIMIT (64 * 1024)
#define MINIMUM_BOUND (128 * 1024)

/* Reads begin small, for the many streams that say little, and grow with what comes. */
#define FIRST_READ_SIZE (8 * 1024)
#define LARGEST_READ_SIZE (256 * 1024)

/* A pipe grows after so much that came in reads of at least that size: a fast reader never
 * finds it full, and still its writer waits for it. */
#define BULK_BEFORE_GROWTH (512 * 1024)
#define BULK_READ_SIZE 4096

void
_gproc_read_core_init (GProcReadCore *self)
{
  self->limit = DEFAULT_LIMIT;
  self->read_size = FIRST_READ_SIZE;
}

void
_gproc_read_core_clear (GProcReadCore *self)
{
  _gproc_buffer_clear (&self->buffer);
  g_clear_error (&self->error);
  g_clear_pointer (&self->held, g_bytes_unref);
  g_clear_pointer (&self->discard_separators, g_ptr_array_unref);
  g_clear_pointer (&self->last_partial, g_bytes_unref);
  g_clear_pointer (&self->expect, _gproc_expect_free);
  if (self->tap_destroy != NULL)
    self->tap_destroy (self->tap_data);
}

void
_gproc_read_request_clear (GProcReadRequest *request)
{
  g_clear_pointer (&request->separators, g_ptr_array_unref);
  g_clear_pointer (&request->bytes, g_bytes_unref);
  g_clear_pointer (&request->text, g_free);
  g_clear_pointer (&request->expect, _gproc_expect_free);
  g_clear_object (&request->match);
}

static gboolean
same_separators (GPtrArray *first,
                 GPtrArray *second)
{
  if (first == NULL || second == NULL)
    return first == second;
  if (first->len != second->len)
    return FALSE;

  for (guint i = 0; i < first->len; i++)
    if (!g_bytes_equal (g_ptr_array_index (first, i), g_ptr_array_index (second, i)))
      return FALSE;

  return TRUE;
}

/* Whether @request takes bytes for something else than what they are being dropped for. */
static gboolean
core_takes_other_bytes (GProcReadCore    *self,
                        GProcReadRequest *request)
{
  switch (request->kind)
    {
    case GPROC_READ_LINE:
    case GPROC_READ_LINE_UTF8:
    case GPROC_READ_LINES:
    case GPROC_READ_UNTIL:
      return !same_separators (self->discard_separators, request->separators);
    case GPROC_READ_FILL:
      return FALSE;
    case GPROC_READ_TO_END:
    case GPROC_READ_EXPECT:
      return TRUE;
    case GPROC_READ_SOME:
    case GPROC_READ_EXACTLY:
    case GPROC_READ_PLAIN:
    case GPROC_READ_SKIP:
    default:
      return request->count > 0;
    }
}

void
_gproc_read_core_end_discarding (GProcReadCore *self)
{
  g_autoptr (GBytes) held = g_steal_pointer (&self->held);

  self->discarding = FALSE;
  g_clear_pointer (&self->discard_separators, g_ptr_array_unref);
  if (held != NULL)
    _gproc_read_core_unread (self, g_bytes_get_data (held, NULL), g_bytes_get_size (held));
}

void
_gproc_read_core_begin (GProcReadCore    *self,
                        GProcReadRequest *request)
{
  gboolean for_newline = request->kind == GPROC_READ_LINE ||
                         request->kind == GPROC_READ_LINE_UTF8 || request->kind == GPROC_READ_LINES;

  g_clear_pointer (&self->last_partial, g_bytes_unref);
  self->last_expected = 0;
  self->last_consumed = 0;

  /* A program that looks for a line with every byte that comes (a foreign loop does)
   * does not search the same bytes again and again. */
  if (!for_newline || !self->newline_scanned)
    self->scanned = 0;
  self->newline_scanned = for_newline;

  if (self->discarding && core_takes_other_bytes (self, request))
    _gproc_read_core_end_discarding (self);
  if (request->kind == GPROC_READ_EXPECT)
    _gproc_read_core_resume_expect (self, request);
}

void
_gproc_read_core_unread (GProcReadCore *self,
                         const void    *data,
                         gsize          size)
{
  _gproc_buffer_prepend (&self->buffer, data, size);
  self->scanned = 0;
  g_clear_pointer (&self->expect, _gproc_expect_free);
}

/* How much the buffer may hold, short of a request for more. */
static gsize
core_bound (GProcReadCore *self)
{
  return MAX (self->limit > G_MAXSIZE / 2 ? G_MAXSIZE : 2 * self->limit, MINIMUM_BOUND);
}

gsize
_gproc_read_core_wanted (GProcReadCore    *self,
                         GProcReadRequest *request)
{
  gsize length = _gproc_buffer_length (&self->buffer);
  gsize bound = core_bound (self);
  gsize missing = 0, wanted = self->read_size;

  /* A count that was asked for is a reason to hold more than the bound, but not to
   * allocate it before the data is there. */
  if ((request->kind == GPROC_READ_EXACTLY || request->kind == GPROC_READ_FILL) &&
      request->count > length)
    missing = request->count - length;
  else if (request->kind == GPROC_READ_SOME)
    missing = request->count;
  else if (request->kind == GPROC_READ_TO_END)
    missing = request->count > length ? LARGEST_READ_SIZE : 1;

  if (missing > 0)
    wanted = MAX (wanted, MIN (missing, LARGEST_READ_SIZE));

  if (length + wanted > bound)
    wanted = MAX (bound > length ? bound - length : 1, MIN (missing, wanted));

  return wanted;
}

/* Learns from a read of @count out of @size bytes how much to ask for next. */
static void
core_adapt (GProcReadCore *self,
            gsize          count,
            gsize          size)
{
  if (count == size && self->read_size < LARGEST_READ_SIZE)
    self->read_size *= 2;
  else if (count < self->read_size / 4 && self->read_size > FIRST_READ_SIZE)
    self->read_size /= 2;

  if (self->input.descriptor == NULL)
    return;

  if (count < BULK_READ_SIZE)
    self->bulk = 0;
  else if ((self->bulk += count) >= BULK_BEFORE_GROWTH)
    _gproc_descriptor_grow (self->input.descriptor);
}

/* An error of the call leaves the stream as it is; one of the stream stays. */
static gboolean
is_error_of_call (GProcReadCore *self,
                  const GError  *error)
{
  return error->domain == G_IO_ERROR &&
         (error->code == G_IO_ERROR_CANCELLED || error->code == G_IO_ERROR_PENDING ||
          (error->code == G_IO_ERROR_TIMED_OUT && self->input.descriptor == NULL));
}

static GProcFill
core_take_error (GProcReadCore  *self,
                 GError         *local_error,
                 GError        **error)
{
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_error_free (local_error);
      return GPROC_FILL_WAIT;
    }

  if (is_error_of_call (self, local_error))
    {
      g_propagate_error (error, local_error);
      return GPROC_FILL_FAILED;
    }

  self->error = local_error;

  return GPROC_FILL_PROGRESS;
}

/* Where what is read goes first. */
typedef enum
{
  ROOM_TARGET, /* A large plain read: to the caller's memory, past the buffer. */
  ROOM_STACK,  /* Little is expected: no more memory is taken than what comes needs. */
  ROOM_BUFFER
} Room;

static Room
core_choose_room (GProcReadCore    *self,
                  GProcReadRequest *request,
                  gsize             size)
{
  if (_gproc_buffer_length (&self->buffer) == 0)
    {
      if (request->kind == GPROC_READ_PLAIN && request->count >= size)
        return ROOM_TARGET;
      if (size <= FIRST_READ_SIZE)
        return ROOM_STACK;
    }

  return ROOM_BUFFER;
}

GProcFill
_gproc_read_core_fill (GProcReadCore     *self,
                       GProcReadRequest  *request,
                       gboolean           blocking,
                       GProcWriteQueue   *queue,
                       GCancellable      *cancellable,
                       GError           **error)
{
  gsize size = _gproc_read_core_wanted (self, request);
  char stack[FIRST_READ_SIZE];
  GError *local_error = NULL;
  Room room = core_choose_room (self, request, size);
  gssize count;
  char *to;

  if (room == ROOM_TARGET)
    size = request->count;
  to = room == ROOM_TARGET  ? request->target
       : room == ROOM_STACK ? stack
                            : _gproc_buffer_reserve (&self->buffer, size);

  if (blocking)
    count = _gproc_input_read (&self->input, to, size, queue, cancellable, &local_error);
  else
    count = _gproc_input_read_nonblocking (&self->input, to, size, &local_error);

  if (count > 0)
    {
      self->total += (guint64) count;
      if (self->tap != NULL)
        self->tap (to, (gsize) count, self->tap_data);
      core_adapt (self, (gsize) count, size);
    }
  else if (count == 0)
    self->eof = TRUE;

  if (room == ROOM_TARGET && count > 0)
    request->n = count;
  else if (room == ROOM_STACK && count > 0)
    _gproc_buffer_append (&self->buffer, stack, (gsize) count);
  else if (room == ROOM_BUFFER && count > 0)
    _gproc_buffer_commit (&self->buffer, (gsize) count);
  else
    _gproc_buffer_trim (&self->buffer);

  if (count < 0)
    return core_take_error (self, local_error, error);

  return count > 0 && (gsize) count < size ? GPROC_FILL_DRAINED : GPROC_FILL_PROGRESS;
}
