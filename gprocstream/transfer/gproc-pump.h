/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <gprocstream/base/gproc-version.h>

G_BEGIN_DECLS

#define GPROC_TYPE_PUMP (gproc_pump_get_type ())

GPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GProcPump, gproc_pump, GPROC, PUMP, GObject)

GPROC_AVAILABLE_IN_1_0
GProcPump *gproc_pump_new (GInputStream  *source,
                           GOutputStream *target);

GPROC_AVAILABLE_IN_1_0
GInputStream *gproc_pump_get_source (GProcPump *self);
GPROC_AVAILABLE_IN_1_0
GOutputStream *gproc_pump_get_target (GProcPump *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_pump_get_wait_for_output (GProcPump *self);
GPROC_AVAILABLE_IN_1_0
void gproc_pump_set_wait_for_output (GProcPump *self,
                                     gboolean   wait_for_output);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_pump_get_propagate_close (GProcPump *self);
GPROC_AVAILABLE_IN_1_0
void gproc_pump_set_propagate_close (GProcPump *self,
                                     gboolean   propagate_close);
GPROC_AVAILABLE_IN_1_0
guint64 gproc_pump_get_bytes_transferred (GProcPump *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_pump_is_done (GProcPump *self);

GPROC_AVAILABLE_IN_1_0
gssize gproc_pump_flush (GProcPump  *self,
                         gsize       count,
                         GError    **error);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_pump_run (GProcPump     *self,
                         GCancellable  *cancellable,
                         GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_pump_run_async (GProcPump           *self,
                           int                  io_priority,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_pump_run_finish (GProcPump     *self,
                                GAsyncResult  *result,
                                GError       **error);

GPROC_AVAILABLE_IN_1_0
void gproc_pump_run_all_async (GProcPump           **pumps,
                               gsize                 n_pumps,
                               int                   io_priority,
                               GCancellable         *cancellable,
                               GAsyncReadyCallback   callback,
                               gpointer              user_data);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_pump_run_all_finish (GAsyncResult  *result,
                                    GError       **error);

G_END_DECLS
