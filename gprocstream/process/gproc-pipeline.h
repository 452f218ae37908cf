/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <gprocstream/base/gproc-enums.h>
#include <gprocstream/process/gproc-launcher.h>
#include <gprocstream/process/gproc-stream.h>
#include <gprocstream/streams/gproc-reader.h>
#include <gprocstream/streams/gproc-writer.h>

G_BEGIN_DECLS

#define GPROC_TYPE_PIPELINE (gproc_pipeline_get_type ())

GPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GProcPipeline, gproc_pipeline, GPROC, PIPELINE, GIOStream)

GPROC_AVAILABLE_IN_1_0
GProcPipeline *gproc_pipeline_new (void);
GPROC_AVAILABLE_IN_1_0
void gproc_pipeline_append (GProcPipeline      *self,
                            GProcLauncher      *launcher,
                            const char * const *argv);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_pipeline_spawn (GProcPipeline  *self,
                               GError        **error);

GPROC_AVAILABLE_IN_1_0
guint gproc_pipeline_get_n_stages (GProcPipeline *self);
GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_pipeline_get_stage (GProcPipeline *self,
                                       guint          index);
GPROC_AVAILABLE_IN_1_0
GProcWriter *gproc_pipeline_get_stdin (GProcPipeline *self);
GPROC_AVAILABLE_IN_1_0
GProcReader *gproc_pipeline_get_stdout (GProcPipeline *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_pipeline_get_pipefail (GProcPipeline *self);
GPROC_AVAILABLE_IN_1_0
void gproc_pipeline_set_pipefail (GProcPipeline *self,
                                  gboolean       pipefail);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_pipeline_get_running (GProcPipeline *self);
GPROC_AVAILABLE_IN_1_0
int gproc_pipeline_get_returncode (GProcPipeline *self);
GPROC_AVAILABLE_IN_1_0
int *gproc_pipeline_get_returncodes (GProcPipeline *self,
                                     gsize         *n_returncodes);

GPROC_AVAILABLE_IN_1_0
int gproc_pipeline_try_wait (GProcPipeline *self);
GPROC_AVAILABLE_IN_1_0
int gproc_pipeline_wait (GProcPipeline  *self,
                         GCancellable   *cancellable,
                         GError        **error);
GPROC_AVAILABLE_IN_1_0
void gproc_pipeline_wait_async (GProcPipeline       *self,
                                int                  io_priority,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
int gproc_pipeline_wait_finish (GProcPipeline  *self,
                                GAsyncResult   *result,
                                GError        **error);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_pipeline_wait_check (GProcPipeline  *self,
                                    GCancellable   *cancellable,
                                    GError        **error);
GPROC_AVAILABLE_IN_1_0
void gproc_pipeline_wait_check_async (GProcPipeline       *self,
                                      int                  io_priority,
                                      GCancellable        *cancellable,
                                      GAsyncReadyCallback  callback,
                                      gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_pipeline_wait_check_finish (GProcPipeline  *self,
                                           GAsyncResult   *result,
                                           GError        **error);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_pipeline_stop (GProcPipeline  *self,
                              guint           grace_ms,
                              GCancellable   *cancellable,
                              GError        **error);
GPROC_AVAILABLE_IN_1_0
void gproc_pipeline_stop_async (GProcPipeline       *self,
                                guint                grace_ms,
                                int                  io_priority,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_pipeline_stop_finish (GProcPipeline  *self,
                                     GAsyncResult   *result,
                                     GError        **error);
GPROC_AVAILABLE_IN_1_0
void gproc_pipeline_abort (GProcPipeline *self);

G_END_DECLS
