/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <gprocstream/base/gproc-version.h>
#include <gprocstream/streams/gproc-writer.h>

G_BEGIN_DECLS

#define GPROC_TYPE_MUXER (gproc_muxer_get_type ())

GPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GProcMuxer, gproc_muxer, GPROC, MUXER, GObject)

GPROC_AVAILABLE_IN_1_0
GProcMuxer *gproc_muxer_new (GOutputStream *base_stream);

GPROC_AVAILABLE_IN_1_0
GProcWriter *gproc_muxer_get_writer (GProcMuxer *self);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_muxer_queue (GProcMuxer  *self,
                            int          stream_number,
                            const char  *data,
                            gssize       length,
                            GError     **error);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_muxer_queue_bytes (GProcMuxer  *self,
                                  int          stream_number,
                                  GBytes      *bytes,
                                  GError     **error);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_muxer_write_frame (GProcMuxer    *self,
                                  int            stream_number,
                                  GBytes        *bytes,
                                  GCancellable  *cancellable,
                                  GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_muxer_write_frame_async (GProcMuxer          *self,
                                    int                  stream_number,
                                    GBytes              *bytes,
                                    int                  io_priority,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_muxer_write_frame_finish (GProcMuxer    *self,
                                         GAsyncResult  *result,
                                         GError       **error);

G_END_DECLS
