/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "loop/gproc-descriptor-private.h"
#include "process/gproc-stream.h"

G_BEGIN_DECLS

/* What the launcher hands to a new stream. */

typedef struct
{
  int target; /* The number in the child: 0, 1, 2 or that of an added pipe. */
  GProcReader *reader;
  GProcWriter *writer;
} GProcStreamHalf;

/* Takes the references in @halves; borrows the rest. @command is a copy of argv[0],
 * used in messages. */
GProcStream *_gproc_stream_new_spawned (GProcBackend          *backend,
                                        const GProcStreamHalf *halves,
                                        guint                  n_halves,
                                        const char            *command,
                                        guint                  stop_grace_ms,
                                        int                    post_exit_grace_ms,
                                        gsize                  output_limit,
                                        gboolean               stop_on_close);

/* A stream without a process. Takes the references in @halves. */
GProcStream *_gproc_stream_new_of_halves (const GProcStreamHalf *halves,
                                          guint                  n_halves);

/* @terminal (nullable) is the master side of the terminal that the stream is on. */
void _gproc_stream_set_terminal (GProcStream     *self,
                                 GProcDescriptor *terminal);

/* Has @func told of each size that the terminal gets by gproc_stream_resize(); the one before is
 * told no more. */
typedef void (*GProcResizeTap) (guint    rows,
                                guint    columns,
                                gpointer user_data);

void _gproc_stream_set_resize_tap (GProcStream    *self,
                                   GProcResizeTap  func,
                                   gpointer        user_data,
                                   GDestroyNotify  destroy);

/* Whether somebody has the other end of an output open, read or not. */
gboolean _gproc_stream_is_held (GProcStream *self);

G_END_DECLS
