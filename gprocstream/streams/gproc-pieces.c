/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-pieces-private.h"

#include <string.h>

/* What a chunk of small writes grows to: as much as a pipe takes at once. */
#define CHUNK_SIZE (64 * 1024)
#define FIRST_CHUNK_SIZE 1024

/* Below this a copy is cheaper than a piece of its own. */
#define REFERENCE_MINIMUM 4096

void
_gproc_piece_free (GProcPiece *piece)
{
  if (piece->bytes != NULL)
    g_bytes_unref (piece->bytes);
  else
    g_free (piece->data);
  g_free (piece);
}

void
_gproc_pieces_clear (GProcPieces *self)
{
  GProcPiece *piece;

  while ((piece = g_queue_pop_head (&self->pieces)) != NULL)
    _gproc_piece_free (piece);
  self->length = 0;
}

/* The tail, if it is a chunk with room for @size more bytes. */
static GProcPiece *
pieces_get_chunk (GProcPieces *self,
                  gsize        size)
{
  GProcPiece *piece = g_queue_peek_tail (&self->pieces);

  if (piece == NULL || piece->bytes != NULL ||
      piece->end + size > MAX (piece->capacity, CHUNK_SIZE))
    return NULL;

  if (piece->end + size > piece->capacity)
    {
      piece->capacity = MIN (CHUNK_SIZE, MAX (piece->end + size, piece->capacity * 2));
      piece->data = g_realloc (piece->data, piece->capacity);
    }

  return piece;
}

void
_gproc_pieces_append (GProcPieces *self,
                      const void  *data,
                      gsize        size,
                      GBytes      *bytes)
{
  GProcPiece *piece;

  if (size == 0)
    return;

  self->length += size;

  if (bytes != NULL && size >= REFERENCE_MINIMUM)
    {
      piece = g_new0 (GProcPiece, 1);
      piece->bytes = g_bytes_ref (bytes);
      piece->data = (char *) data;
      piece->end = size;
      g_queue_push_tail (&self->pieces, piece);
      return;
    }

  piece = pieces_get_chunk (self, size);
  if (piece == NULL)
    {
      piece = g_new0 (GProcPiece, 1);
      piece->capacity = MAX (size, self->pieces.length > 0 ? CHUNK_SIZE : FIRST_CHUNK_SIZE);
      piece->data = g_malloc (piece->capacity);
      g_queue_push_tail (&self->pieces, piece);
    }
  memcpy (piece->data + piece->end, data, size);
  piece->end += size;
}

gsize
_gproc_pieces_peek (GProcPieces   *self,
                    GOutputVector *vectors,
                    gsize          n_vectors,
                    gsize          size)
{
  gsize n = 0;

  for (GList *link = self->pieces.head; link != NULL && n < n_vectors && size > 0;
       link = link->next)
    {
      GProcPiece *piece = link->data;

      vectors[n].buffer = piece->data + piece->start;
      vectors[n].size = MIN (piece->end - piece->start, size);
      size -= vectors[n].size;
      n++;
    }

  return n;
}

void
_gproc_pieces_drop (GProcPieces *self,
                    gsize        size)
{
  g_assert (size <= self->length);

  self->length -= size;
  while (size > 0)
    {
      GProcPiece *piece = g_queue_peek_head (&self->pieces);
      gsize part = MIN (size, piece->end - piece->start);

      piece->start += part;
      size -= part;
      if (piece->start == piece->end)
        _gproc_piece_free (g_queue_pop_head (&self->pieces));
    }
}

GProcPiece *
_gproc_pieces_steal (GProcPieces *self)
{
  GProcPiece *piece = g_queue_pop_head (&self->pieces);

  if (piece != NULL)
    self->length -= piece->end - piece->start;

  return piece;
}

void
_gproc_pieces_put_back (GProcPieces *self,
                        GProcPiece  *piece)
{
  self->length += piece->end - piece->start;
  g_queue_push_head (&self->pieces, piece);
}
