/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "frames/gproc-frame-private.h"

#include <string.h>

static gboolean
header_is_valid (const guint8 *header)
{
  return header[0] <= GPROC_FRAME_ERROR && header[1] == 0 && header[2] == 0 && header[3] == 0;
}

gsize
_gproc_frame_parser_take_header (GProcFrameParser *self,
                                 const guint8     *data,
                                 gsize             size,
                                 gboolean         *began)
{
  gsize count;

  *began = FALSE;
  if (self->state != GPROC_FRAME_IN_HEADER)
    return 0;

  count = MIN (size, GPROC_FRAME_HEADER_SIZE - self->filled);
  memcpy (self->header + self->filled, data, count);
  self->filled += (guint) count;
  if (self->filled < GPROC_FRAME_HEADER_SIZE)
    return count;

  if (!header_is_valid (self->header))
    {
      self->state = GPROC_FRAME_INVALID;
      return count;
    }

  self->id = self->header[0];
  self->left = (guint32) self->header[4] << 24 | (guint32) self->header[5] << 16 |
               (guint32) self->header[6] << 8 | self->header[7];
  self->filled = 0;
  if (self->left > 0)
    self->state = GPROC_FRAME_IN_PAYLOAD;
  *began = TRUE;

  return count;
}

void
_gproc_frame_parser_take_payload (GProcFrameParser *self,
                                  gsize             size)
{
  g_assert (self->state == GPROC_FRAME_IN_PAYLOAD && size <= self->left);

  self->left -= (guint32) size;
  if (self->left == 0)
    self->state = GPROC_FRAME_IN_HEADER;
}

gboolean
_gproc_frame_parser_is_between (const GProcFrameParser *self)
{
  return self->state == GPROC_FRAME_IN_HEADER && self->filled == 0;
}

void
_gproc_frame_write_header (guint8       header[GPROC_FRAME_HEADER_SIZE],
                           GProcFrameId id,
                           guint32      length)
{
  header[0] = (guint8) id;
  header[1] = header[2] = header[3] = 0;
  header[4] = (guint8) (length >> 24);
  header[5] = (guint8) (length >> 16);
  header[6] = (guint8) (length >> 8);
  header[7] = (guint8) length;
}
