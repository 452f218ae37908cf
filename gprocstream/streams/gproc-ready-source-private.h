/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The pollable sources of one stream. They fire when user space or the descriptor is
 * ready, and at once when the stream is closed: none is left with a descriptor that is
 * no longer the stream's. */

typedef struct
{
  GList *sources;
  gboolean closed;
} GProcReadySources;

/* Whether the stream is ready; @polled: the descriptor was found to be. */
typedef gboolean (*GProcReadyFunc) (GObject  *stream,
                                    gboolean  polled);

/* With @fd −1, @base (nullable, taken) is the source of the base stream. The stream may have been
 * closed since they were asked for. */
GSource *_gproc_ready_source_new (GProcReadySources *list,
                                  GObject           *stream,
                                  GProcReadyFunc     func,
                                  int                fd,
                                  GIOCondition       condition,
                                  GSource           *base,
                                  GCancellable      *cancellable);

/* Before the descriptor is closed. */
void _gproc_ready_sources_close (GProcReadySources *list);

G_END_DECLS
