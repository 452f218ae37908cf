/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include <string.h>

G_BEGIN_DECLS

/* Bytes in a row, in pieces: small ones are gathered in a chunk at the tail, large
 * ones are referenced. */

typedef struct
{
  GBytes *bytes; /* What @data belongs to; NULL: the piece's own memory. */
  char *data;
  gsize start;
  gsize end;
  gsize capacity;
} GProcPiece;

typedef struct
{
  GQueue pieces;
  gsize length;
} GProcPieces;

void _gproc_pieces_clear (GProcPieces *self);

/* @bytes (nullable) is what @data is a part of. */
void _gproc_pieces_append (GProcPieces *self,
                           const void  *data,
                           gsize        size,
                           GBytes      *bytes);

/* The same for data that has room in what is gathered already; otherwise nothing is done. */
static inline gboolean
_gproc_pieces_extend (GProcPieces *self,
                      const void  *data,
                      gsize        size)
{
  GProcPiece *piece = self->pieces.tail != NULL ? self->pieces.tail->data : NULL;

  if (piece == NULL || piece->bytes != NULL || size > piece->capacity - piece->end)
    return FALSE;

  memcpy (piece->data + piece->end, data, size);
  piece->end += size;
  self->length += size;

  return TRUE;
}

/* Fills in at most @n_vectors, with no more than @size bytes: a file takes whatever it is given,
 * however long that lasts. */
gsize _gproc_pieces_peek (GProcPieces   *self,
                          GOutputVector *vectors,
                          gsize          n_vectors,
                          gsize          size);
void _gproc_pieces_drop (GProcPieces *self,
                         gsize        size);

/* Takes the first piece out, so that nothing is appended to it, or puts it back. */
GProcPiece *_gproc_pieces_steal (GProcPieces *self);
void _gproc_pieces_put_back (GProcPieces *self,
                             GProcPiece  *piece);
void _gproc_piece_free (GProcPiece *piece);

G_END_DECLS
