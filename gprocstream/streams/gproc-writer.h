/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <gprocstream/base/gproc-enums.h>
#include <gprocstream/base/gproc-error.h>

G_BEGIN_DECLS

#define GPROC_TYPE_WRITER (gproc_writer_get_type ())

GPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GProcWriter, gproc_writer, GPROC, WRITER, GOutputStream)

GPROC_AVAILABLE_IN_1_0
GProcWriter *gproc_writer_new (GOutputStream *base_stream);
GPROC_AVAILABLE_IN_1_0
GProcWriter *gproc_writer_new_for_fd (int      fd,
                                      gboolean close_fd);

GPROC_AVAILABLE_IN_1_0
GOutputStream *gproc_writer_get_base_stream (GProcWriter *self);
GPROC_AVAILABLE_IN_1_0
int gproc_writer_get_fd (GProcWriter *self);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_writer_queue (GProcWriter  *self,
                             const char   *data,
                             gssize        length,
                             GError      **error);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_writer_queue_bytes (GProcWriter  *self,
                                   GBytes       *bytes,
                                   GError      **error);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_writer_queuev (GProcWriter  *self,
                              GPtrArray    *pieces,
                              GError      **error);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_writer_drain (GProcWriter   *self,
                             GCancellable  *cancellable,
                             GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_writer_drain_async (GProcWriter         *self,
                               int                  io_priority,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_writer_drain_finish (GProcWriter   *self,
                                    GAsyncResult  *result,
                                    GError       **error);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_writer_try_flush (GProcWriter  *self,
                                 GError      **error);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_writer_can_write_eof (GProcWriter *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_writer_write_eof (GProcWriter  *self,
                                 GError      **error);
GPROC_AVAILABLE_IN_1_0
void gproc_writer_abort (GProcWriter *self);

GPROC_AVAILABLE_IN_1_0
void gproc_writer_set_watermarks (GProcWriter *self,
                                  gssize       high,
                                  gssize       low);
GPROC_AVAILABLE_IN_1_0
gsize gproc_writer_get_high_watermark (GProcWriter *self);
GPROC_AVAILABLE_IN_1_0
gsize gproc_writer_get_low_watermark (GProcWriter *self);
GPROC_AVAILABLE_IN_1_0
gsize gproc_writer_get_queue_limit (GProcWriter *self);
GPROC_AVAILABLE_IN_1_0
void gproc_writer_set_queue_limit (GProcWriter *self,
                                   gsize        limit);
GPROC_AVAILABLE_IN_1_0
gsize gproc_writer_get_bytes_queued (GProcWriter *self);
GPROC_AVAILABLE_IN_1_0
guint64 gproc_writer_get_bytes_accepted (GProcWriter *self);
GPROC_AVAILABLE_IN_1_0
guint64 gproc_writer_get_bytes_written (GProcWriter *self);
GPROC_AVAILABLE_IN_1_0
guint64 gproc_writer_get_bytes_discarded (GProcWriter *self);

G_END_DECLS
