/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_ENGINE_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream-engine.h> can be included directly."
#endif

#include <gprocstream/engine/gproc-engine.h>

G_BEGIN_DECLS

/**
 * GProcLogFlags:
 * @GPROC_LOG_FLAGS_NONE: what was written until now, without times
 * @GPROC_LOG_FLAGS_FOLLOW: and what is written from now on, until the container ends
 * @GPROC_LOG_FLAGS_TIMESTAMPS: each line begins with the time when it was written
 *
 * What is read of the output that an engine has kept of a container.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  GPROC_LOG_FLAGS_NONE = 0,
  GPROC_LOG_FLAGS_FOLLOW = 1 << 0,
  GPROC_LOG_FLAGS_TIMESTAMPS = 1 << 1
} GProcLogFlags;

#define GPROC_TYPE_LOG_FLAGS (gproc_log_flags_get_type ())

GPROC_AVAILABLE_IN_1_0
GType gproc_log_flags_get_type (void) G_GNUC_CONST;

#define GPROC_TYPE_CONTAINER (gproc_container_get_type ())

GPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GProcContainer, gproc_container, GPROC, CONTAINER, GObject)

GPROC_AVAILABLE_IN_1_0
GProcEngine *gproc_container_get_engine (GProcContainer *self);
GPROC_AVAILABLE_IN_1_0
const char *gproc_container_get_id (GProcContainer *self);
GPROC_AVAILABLE_IN_1_0
const char *gproc_container_get_name (GProcContainer *self);
GPROC_AVAILABLE_IN_1_0
const char *gproc_container_get_image (GProcContainer *self);
GPROC_AVAILABLE_IN_1_0
const char *gproc_container_get_state (GProcContainer *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_container_get_running (GProcContainer *self);
GPROC_AVAILABLE_IN_1_0
int gproc_container_get_returncode (GProcContainer *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_container_get_is_pty (GProcContainer *self);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_container_refresh (GProcContainer  *self,
                                  GCancellable    *cancellable,
                                  GError         **error);
GPROC_AVAILABLE_IN_1_0
void gproc_container_refresh_async (GProcContainer      *self,
                                    int                  io_priority,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_container_refresh_finish (GProcContainer  *self,
                                         GAsyncResult    *result,
                                         GError         **error);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_container_start (GProcContainer  *self,
                                GCancellable    *cancellable,
                                GError         **error);
GPROC_AVAILABLE_IN_1_0
void gproc_container_start_async (GProcContainer      *self,
                                  int                  io_priority,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_container_start_finish (GProcContainer  *self,
                                       GAsyncResult    *result,
                                       GError         **error);

GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_container_attach (GProcContainer  *self,
                                     GCancellable    *cancellable,
                                     GError         **error);
GPROC_AVAILABLE_IN_1_0
void gproc_container_attach_async (GProcContainer      *self,
                                   int                  io_priority,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_container_attach_finish (GProcContainer  *self,
                                            GAsyncResult    *result,
                                            GError         **error);

GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_container_exec (GProcContainer      *self,
                                   const char * const  *argv,
                                   GProcLauncher       *launcher,
                                   GCancellable        *cancellable,
                                   GError             **error);
GPROC_AVAILABLE_IN_1_0
void gproc_container_exec_async (GProcContainer      *self,
                                 const char * const  *argv,
                                 GProcLauncher       *launcher,
                                 int                  io_priority,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_container_exec_finish (GProcContainer  *self,
                                          GAsyncResult    *result,
                                          GError         **error);

GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_container_logs (GProcContainer  *self,
                                   GProcLogFlags    flags,
                                   int              tail,
                                   GCancellable    *cancellable,
                                   GError         **error);
GPROC_AVAILABLE_IN_1_0
void gproc_container_logs_async (GProcContainer      *self,
                                 GProcLogFlags        flags,
                                 int                  tail,
                                 int                  io_priority,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_container_logs_finish (GProcContainer  *self,
                                          GAsyncResult    *result,
                                          GError         **error);

GPROC_AVAILABLE_IN_1_0
int gproc_container_wait (GProcContainer  *self,
                          GCancellable    *cancellable,
                          GError         **error);
GPROC_AVAILABLE_IN_1_0
void gproc_container_wait_async (GProcContainer      *self,
                                 int                  io_priority,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
int gproc_container_wait_finish (GProcContainer  *self,
                                 GAsyncResult    *result,
                                 GError         **error);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_container_kill (GProcContainer  *self,
                               int              signum,
                               GCancellable    *cancellable,
                               GError         **error);
GPROC_AVAILABLE_IN_1_0
void gproc_container_kill_async (GProcContainer      *self,
                                 int                  signum,
                                 int                  io_priority,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_container_kill_finish (GProcContainer  *self,
                                      GAsyncResult    *result,
                                      GError         **error);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_container_stop (GProcContainer  *self,
                               guint            grace_ms,
                               GCancellable    *cancellable,
                               GError         **error);
GPROC_AVAILABLE_IN_1_0
void gproc_container_stop_async (GProcContainer      *self,
                                 guint                grace_ms,
                                 int                  io_priority,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_container_stop_finish (GProcContainer  *self,
                                      GAsyncResult    *result,
                                      GError         **error);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_container_resize (GProcContainer  *self,
                                 guint            rows,
                                 guint            columns,
                                 GCancellable    *cancellable,
                                 GError         **error);
GPROC_AVAILABLE_IN_1_0
void gproc_container_resize_async (GProcContainer      *self,
                                   guint                rows,
                                   guint                columns,
                                   int                  io_priority,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_container_resize_finish (GProcContainer  *self,
                                        GAsyncResult    *result,
                                        GError         **error);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_container_remove (GProcContainer  *self,
                                 gboolean         force,
                                 GCancellable    *cancellable,
                                 GError         **error);
GPROC_AVAILABLE_IN_1_0
void gproc_container_remove_async (GProcContainer      *self,
                                   gboolean             force,
                                   int                  io_priority,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_container_remove_finish (GProcContainer  *self,
                                        GAsyncResult    *result,
                                        GError         **error);

G_END_DECLS
