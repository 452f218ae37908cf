/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <gprocstream/base/gproc-enums.h>
#include <gprocstream/base/gproc-version.h>
#include <gprocstream/streams/gproc-reader.h>

G_BEGIN_DECLS

#define GPROC_TYPE_DEMUXER (gproc_demuxer_get_type ())

GPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GProcDemuxer, gproc_demuxer, GPROC, DEMUXER, GObject)

GPROC_AVAILABLE_IN_1_0
GProcDemuxer *gproc_demuxer_new (GInputStream *base_stream);

GPROC_AVAILABLE_IN_1_0
GInputStream *gproc_demuxer_get_base_stream (GProcDemuxer *self);
GPROC_AVAILABLE_IN_1_0
GProcReader *gproc_demuxer_get_stdout (GProcDemuxer *self);
GPROC_AVAILABLE_IN_1_0
GProcReader *gproc_demuxer_get_stderr (GProcDemuxer *self);

GPROC_AVAILABLE_IN_1_0
GProcDemuxerPolicy gproc_demuxer_get_policy (GProcDemuxer *self);
GPROC_AVAILABLE_IN_1_0
void gproc_demuxer_set_policy (GProcDemuxer       *self,
                               GProcDemuxerPolicy  policy);
GPROC_AVAILABLE_IN_1_0
gsize gproc_demuxer_get_buffer_size (GProcDemuxer *self);
GPROC_AVAILABLE_IN_1_0
void gproc_demuxer_set_buffer_size (GProcDemuxer *self,
                                    gsize         buffer_size);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_demuxer_get_lenient (GProcDemuxer *self);
GPROC_AVAILABLE_IN_1_0
void gproc_demuxer_set_lenient (GProcDemuxer *self,
                                gboolean      lenient);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_demuxer_get_close_base (GProcDemuxer *self);
GPROC_AVAILABLE_IN_1_0
void gproc_demuxer_set_close_base (GProcDemuxer *self,
                                   gboolean      close_base);
GPROC_AVAILABLE_IN_1_0
guint64 gproc_demuxer_get_bytes_discarded (GProcDemuxer *self);

GPROC_AVAILABLE_IN_1_0
int gproc_demuxer_get_fd (GProcDemuxer *self);

GPROC_AVAILABLE_IN_1_0
int gproc_demuxer_read_frame (GProcDemuxer  *self,
                              GBytes       **bytes,
                              GCancellable  *cancellable,
                              GError       **error);
GPROC_AVAILABLE_IN_1_0
int gproc_demuxer_try_read_frame (GProcDemuxer  *self,
                                  GBytes       **bytes,
                                  GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_demuxer_read_frame_async (GProcDemuxer        *self,
                                     int                  io_priority,
                                     GCancellable        *cancellable,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
int gproc_demuxer_read_frame_finish (GProcDemuxer  *self,
                                     GAsyncResult  *result,
                                     GBytes       **bytes,
                                     GError       **error);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_demuxer_close (GProcDemuxer  *self,
                              GCancellable  *cancellable,
                              GError       **error);

G_END_DECLS
