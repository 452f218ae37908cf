/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-buffer-private.h"

#include <string.h>

/* So much of a buffer may be wasted by what is taken without a copy, at any size. */
#define SMALL_WASTE 64

/* And so much where it comes back as a spare one. */
#define LARGE_WASTE (32 * 1024)

/* The size of the largest reads. */
#define SPARE_SIZE (256 * 1024)

/* One block of that size that nobody needs now, or NULL. A new one for each read would be given
 * back to the system in between, again and again, wherever the allocator has it at its top:
 * that takes half as long again as what it is for. */
static char *spare;

static char *
block_new (gsize size)
{
  char *block = size == SPARE_SIZE ? g_atomic_pointer_get (&spare) : NULL;

  if (block != NULL && g_atomic_pointer_compare_and_exchange (&spare, block, NULL))
    return block;

  return g_malloc (size);
}

static void
block_free (char  *block,
            gsize  size)
{
  if (size != SPARE_SIZE || !g_atomic_pointer_compare_and_exchange (&spare, NULL, block))
    g_free (block);
}

/* One of that size, out of a GBytes. */
static void
block_free_spare (gpointer block)
{
  block_free (block, SPARE_SIZE);
}

void
_gproc_buffer_clear (GProcBuffer *self)
{
  block_free (self->data, self->capacity);
  memset (self, 0, sizeof *self);
}

void
_gproc_buffer_trim (GProcBuffer *self)
{
  if (self->start == self->end)
    _gproc_buffer_clear (self);
}

char *
_gproc_buffer_reserve (GProcBuffer *self,
                       gsize        size)
{
  gsize length = _gproc_buffer_length (self);

  if (self->capacity - self->end >= size)
    return self->data + self->end;

  /* Move down rather than grow, if at least half of the memory is dead. */
  if (self->start >= self->capacity / 2 && self->capacity - length >= size)
    {
      memmove (self->data, self->data + self->start, length);
    }
  else if (self->start == 0 && self->data != NULL)
    {
      self->capacity = MAX (length + size, 2 * self->capacity);
      self->data = g_realloc (self->data, self->capacity);
    }
  else
    {
      char *data;

      self->capacity = length + size;
      data = block_new (self->capacity);
      if (length > 0)
        memcpy (data, self->data + self->start, length);
      g_free (self->data);
      self->data = data;
    }
  self->start = 0;
  self->end = length;

  return self->data + self->end;
}

void
_gproc_buffer_commit (GProcBuffer *self,
                      gsize        size)
{
  g_assert (size <= self->capacity - self->end);
  self->end += size;
}

void
_gproc_buffer_terminate (GProcBuffer *self)
{
  if (self->end == self->capacity)
    self->data = g_realloc (self->data, ++self->capacity);

  self->data[self->end] = '\0';
}

void
_gproc_buffer_append (GProcBuffer *self,
                      const void  *data,
                      gsize        size)
{
  if (size == 0)
    return;

  memcpy (_gproc_buffer_reserve (self, size), data, size);
  self->end += size;
}

void
_gproc_buffer_prepend (GProcBuffer *self,
                       const void  *data,
                       gsize        size)
{
  gsize length = _gproc_buffer_length (self);

  if (size == 0)
    return;

  if (self->start < size)
    {
      char *grown = g_malloc (size + length);

      if (length > 0)
        memcpy (grown + size, self->data + self->start, length);
      g_free (self->data);
      self->data = grown;
      self->capacity = size + length;
      self->start = size;
      self->end = size + length;
    }

  self->start -= size;
  memcpy (self->data + self->start, data, size);
}

void
_gproc_buffer_drop (GProcBuffer *self,
                    gsize        size)
{
  g_assert (size <= _gproc_buffer_length (self));

  self->start += size;
  _gproc_buffer_trim (self);
}

GBytes *
_gproc_buffer_take (GProcBuffer *self,
                    gsize        size)
{
  gsize left = _gproc_buffer_length (self) - size;
  GProcBuffer rest = { 0 };
  GBytes *bytes;

  g_assert (size <= _gproc_buffer_length (self));

  if (size == 0 || size < left || self->capacity - size > MAX (SMALL_WASTE, size))
    {
      bytes = g_bytes_new (_gproc_buffer_data (self), size);
      _gproc_buffer_drop (self, size);

      return bytes;
    }

  _gproc_buffer_append (&rest, self->data + self->start + size, left);
  if (self->capacity == SPARE_SIZE && size >= SPARE_SIZE - LARGE_WASTE)
    bytes = g_bytes_new_with_free_func (self->data + self->start, size, block_free_spare,
                                        self->data);
  else if (self->start == 0)
    bytes = g_bytes_new_take (self->capacity - size > SMALL_WASTE ? g_realloc (self->data, size)
                                                                  : self->data,
                              size);
  else
    bytes = g_bytes_new_with_free_func (self->data + self->start, size, g_free, self->data);
  *self = rest;

  return bytes;
}
