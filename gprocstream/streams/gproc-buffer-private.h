/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes that were read and not taken: one contiguous piece, which exists only while
 * it holds something or something is being read into it. */

typedef struct
{
  char *data;
  gsize start;
  gsize end;
  gsize capacity;
} GProcBuffer;

void _gproc_buffer_clear (GProcBuffer *self);

static inline gsize
_gproc_buffer_length (const GProcBuffer *self)
{
  return self->end - self->start;
}

static inline const char *
_gproc_buffer_data (const GProcBuffer *self)
{
  return self->data != NULL ? self->data + self->start : NULL;
}

/* Makes room for @size bytes behind what is there; they are part of the buffer once
 * they are committed. */
char *_gproc_buffer_reserve (GProcBuffer *self,
                             gsize        size);
void _gproc_buffer_commit (GProcBuffer *self,
                           gsize        size);

/* Puts a NUL behind what is there, which is no part of it, for those who look one byte too far. */
void _gproc_buffer_terminate (GProcBuffer *self);

void _gproc_buffer_append (GProcBuffer *self,
                           const void  *data,
                           gsize        size);
void _gproc_buffer_prepend (GProcBuffer *self,
                            const void  *data,
                            gsize        size);

/* Frees the memory if the buffer is empty. */
void _gproc_buffer_trim (GProcBuffer *self);

void _gproc_buffer_drop (GProcBuffer *self,
                         gsize        size);

/* Takes the first @size bytes. Where that wastes little memory they are not copied, but what
 * is left, if that is less. */
GBytes *_gproc_buffer_take (GProcBuffer *self,
                            gsize        size);

G_END_DECLS
