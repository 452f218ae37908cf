/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <gprocstream/base/gproc-enums.h>
#include <gprocstream/base/gproc-error.h>
#include <gprocstream/process/gproc-stream.h>

G_BEGIN_DECLS

#define GPROC_TYPE_TERMINAL (gproc_terminal_get_type ())

GPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GProcTerminal, gproc_terminal, GPROC, TERMINAL, GObject)

GPROC_AVAILABLE_IN_1_0
GProcTerminal *gproc_terminal_new (void);
GPROC_AVAILABLE_IN_1_0
GProcTerminal *gproc_terminal_new_for_fds (int input_fd,
                                           int output_fd,
                                           int error_fd);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_terminal_get_is_terminal (GProcTerminal *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_terminal_get_size (GProcTerminal *self,
                                  guint         *rows,
                                  guint         *columns);
GPROC_AVAILABLE_IN_1_0
const char *gproc_terminal_get_detach_keys (GProcTerminal *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_terminal_set_detach_keys (GProcTerminal  *self,
                                         const char     *detach_keys,
                                         GError        **error);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_terminal_get_handle_signals (GProcTerminal *self);
GPROC_AVAILABLE_IN_1_0
void gproc_terminal_set_handle_signals (GProcTerminal *self,
                                        gboolean       handle_signals);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_terminal_get_attached (GProcTerminal *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_terminal_get_detached (GProcTerminal *self);

GPROC_AVAILABLE_IN_1_0
void gproc_terminal_attach_async (GProcTerminal       *self,
                                  GProcStream         *stream,
                                  int                  io_priority,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
int gproc_terminal_attach_finish (GProcTerminal  *self,
                                  GAsyncResult   *result,
                                  GError        **error);
GPROC_AVAILABLE_IN_1_0
void gproc_terminal_detach (GProcTerminal *self);
GPROC_AVAILABLE_IN_1_0
void gproc_terminal_sync_size (GProcTerminal *self);

G_END_DECLS
