/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_ENGINE_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream-engine.h> can be included directly."
#endif

#include <gprocstream/gprocstream.h>

G_BEGIN_DECLS

#define GPROC_TYPE_ENGINE (gproc_engine_get_type ())

GPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GProcEngine, gproc_engine, GPROC, ENGINE, GObject)

typedef struct _GProcContainer GProcContainer;

GPROC_AVAILABLE_IN_1_0
GProcEngine *gproc_engine_new (const char  *address,
                               GError     **error);
GPROC_AVAILABLE_IN_1_0
GProcEngine *gproc_engine_new_connected (const char    *address,
                                         GCancellable  *cancellable,
                                         GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_engine_connect_async (const char          *address,
                                 int                  io_priority,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
GProcEngine *gproc_engine_connect_finish (GAsyncResult  *result,
                                          GError       **error);

GPROC_AVAILABLE_IN_1_0
const char *gproc_engine_get_address (GProcEngine *self);
GPROC_AVAILABLE_IN_1_0
guint gproc_engine_get_timeout (GProcEngine *self);
GPROC_AVAILABLE_IN_1_0
void gproc_engine_set_timeout (GProcEngine *self,
                               guint        timeout_ms);
GPROC_AVAILABLE_IN_1_0
char **gproc_engine_dup_ssh_command (GProcEngine *self);
GPROC_AVAILABLE_IN_1_0
void gproc_engine_set_ssh_command (GProcEngine        *self,
                                   const char * const *ssh_command);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_engine_ping (GProcEngine   *self,
                            GCancellable  *cancellable,
                            GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_engine_ping_async (GProcEngine         *self,
                              int                  io_priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_engine_ping_finish (GProcEngine   *self,
                                   GAsyncResult  *result,
                                   GError       **error);

GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_engine_exec (GProcEngine         *self,
                                const char          *container,
                                const char * const  *argv,
                                GProcLauncher       *launcher,
                                GCancellable        *cancellable,
                                GError             **error);
GPROC_AVAILABLE_IN_1_0
void gproc_engine_exec_async (GProcEngine         *self,
                              const char          *container,
                              const char * const  *argv,
                              GProcLauncher       *launcher,
                              int                  io_priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_engine_exec_finish (GProcEngine   *self,
                                       GAsyncResult  *result,
                                       GError       **error);

GPROC_AVAILABLE_IN_1_0
GProcContainer *gproc_engine_create (GProcEngine         *self,
                                     const char          *image,
                                     const char          *name,
                                     const char * const  *argv,
                                     GProcLauncher       *launcher,
                                     GCancellable        *cancellable,
                                     GError             **error);
GPROC_AVAILABLE_IN_1_0
void gproc_engine_create_async (GProcEngine         *self,
                                const char          *image,
                                const char          *name,
                                const char * const  *argv,
                                GProcLauncher       *launcher,
                                int                  io_priority,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
GProcContainer *gproc_engine_create_finish (GProcEngine   *self,
                                            GAsyncResult  *result,
                                            GError       **error);

GPROC_AVAILABLE_IN_1_0
GProcContainer *gproc_engine_get_container (GProcEngine   *self,
                                            const char    *id_or_name,
                                            GCancellable  *cancellable,
                                            GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_engine_get_container_async (GProcEngine         *self,
                                       const char          *id_or_name,
                                       int                  io_priority,
                                       GCancellable        *cancellable,
                                       GAsyncReadyCallback  callback,
                                       gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
GProcContainer *gproc_engine_get_container_finish (GProcEngine   *self,
                                                   GAsyncResult  *result,
                                                   GError       **error);

GPROC_AVAILABLE_IN_1_0
GPtrArray *gproc_engine_list (GProcEngine   *self,
                              gboolean       all,
                              GCancellable  *cancellable,
                              GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_engine_list_async (GProcEngine         *self,
                              gboolean             all,
                              int                  io_priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
GPtrArray *gproc_engine_list_finish (GProcEngine   *self,
                                     GAsyncResult  *result,
                                     GError       **error);

G_END_DECLS
