/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "loop/gproc-descriptor-private.h"
#include "streams/gproc-wait-private.h"

G_BEGIN_DECLS

/* Where the bytes of a writer go: a descriptor, a pollable stream, or a stream that
 * can only be written at its own pace. At most one is set; none once it is closed. */

typedef struct
{
  GProcDescriptor *descriptor;
  GOutputStream *base;
  gboolean pollable;
  gboolean close_base;
  gboolean is_master; /* The base stream is on the master of a pseudo-terminal. */
  GSocket *socket;    /* Owned: that behind the base stream, if it has one. */
} GProcOutput;

void _gproc_output_init_for_stream (GProcOutput   *self,
                                    GOutputStream *base);

gboolean _gproc_output_is_open (GProcOutput *self);

/* Neither a descriptor nor pollable. */
gboolean _gproc_output_is_plain (GProcOutput *self);

int _gproc_output_get_fd (GProcOutput *self);

/* How much was taken, at least 1; WOULD_BLOCK: wait. */
gssize _gproc_output_writev_nonblocking (GProcOutput          *self,
                                         const GOutputVector  *vectors,
                                         gsize                 n_vectors,
                                         GError              **error);

/* Makes a source that is ready when the base stream can be written. */
GSource *_gproc_output_create_source (GProcOutput *self);

gboolean _gproc_output_can_end (GProcOutput *self);
gboolean _gproc_output_end (GProcOutput  *self,
                            GError      **error);
gboolean _gproc_output_close (GProcOutput  *self,
                              GError      **error);

G_END_DECLS
