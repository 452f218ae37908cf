/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The frames in which a container engine sends several streams over one connection: a header
 * of 8 bytes, and as many bytes as that says. No objects and no input or output: what comes
 * is handed in, in pieces of any size. */

#define GPROC_FRAME_HEADER_SIZE 8

typedef enum
{
  GPROC_FRAME_STDIN = 0, /* Engines send standard output as this too. */
  GPROC_FRAME_STDOUT = 1,
  GPROC_FRAME_STDERR = 2,
  GPROC_FRAME_ERROR = 3 /* What the engine itself has to say, before it gives up. */
} GProcFrameId;

typedef enum
{
  GPROC_FRAME_IN_HEADER, /* Bytes of a header are wanted; at the start, none came yet. */
  GPROC_FRAME_IN_PAYLOAD,
  GPROC_FRAME_INVALID /* The header is none. For good. */
} GProcFrameState;

typedef struct
{
  GProcFrameState state;
  guint8 header[GPROC_FRAME_HEADER_SIZE];
  guint filled; /* How much of the header is there. */
  guint id;
  guint32 left; /* How much of the payload has not come yet. */
} GProcFrameParser;

/* Takes bytes of a header, and returns how many. The frame has begun once the header is
 * complete: one that is empty ends there and then, with @began set all the same. */
gsize _gproc_frame_parser_take_header (GProcFrameParser *self,
                                       const guint8     *data,
                                       gsize             size,
                                       gboolean         *began);

/* Says that @size bytes of the payload, no more than are left of it, were taken. */
void _gproc_frame_parser_take_payload (GProcFrameParser *self,
                                       gsize             size);

/* Whether the stream may end here. */
gboolean _gproc_frame_parser_is_between (const GProcFrameParser *self);

void _gproc_frame_write_header (guint8       header[GPROC_FRAME_HEADER_SIZE],
                                GProcFrameId id,
                                guint32      length);

G_END_DECLS
