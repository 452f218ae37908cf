/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <gprocstream/base/gproc-enums.h>

G_BEGIN_DECLS

#define GPROC_TYPE_BACKEND (gproc_backend_get_type ())

GPROC_AVAILABLE_IN_1_0
G_DECLARE_INTERFACE (GProcBackend, gproc_backend, GPROC, BACKEND, GObject)

/**
 * GProcBackendInterface:
 * @g_iface: the parent interface
 * @get_identifier: (nullable): gives the name of the process: a process id, a
 *   container's exec id. %NULL where there is none
 * @try_wait: reports the returncode if the process is over, without blocking.
 *   Must be safe in any thread
 * @wait: (nullable): blocks until the process is over, without the context of the
 *   caller. By default @wait_async runs in a private context
 * @wait_async: (nullable): reports the end of the process. There may be several at
 *   once. By default @wait runs in a thread, of which either is needed
 * @wait_finish: (nullable): finishes @wait_async
 * @send_signal: sends a signal to the process, or to the group it leads. Must not
 *   block, and must be safe in any thread
 * @resize: (nullable): sets the size of the terminal of the process. By default
 *   %G_IO_ERROR_NOT_SUPPORTED
 * @close: (nullable): the stream was closed: let go of what the backend holds for
 *   it. It does not end the process
 * @get_is_pty: (nullable): whether the process has a terminal, whose other side the
 *   streams are. Must be safe in any thread. By default it has none
 * @output_ended: (nullable): all outputs of the stream were read to their ends, or closed, which is
 *   a sign that the process is over, or soon will be. Called once, in whatever thread read the last
 *   of them, before or after the process is over, and never if there is no output. Must not block,
 *   must not call the stream, and must be safe in any thread
 * @get_command: (nullable): gives the name of the program, for [property@GProc.Stream:command] and
 *   for messages: what an application that started it would call it. Called once, when the stream
 *   is made. By default it is not known
 *
 * What differs between the processes that a [class@GProc.Stream] can stand for.
 *
 * Since: 1.0
 */
struct _GProcBackendInterface
{
  GTypeInterface g_iface;

  const char *(*get_identifier) (GProcBackend *self);
  gboolean (*try_wait) (GProcBackend *self,
                        int          *returncode);
  gboolean (*wait) (GProcBackend  *self,
                    int           *returncode,
                    GCancellable  *cancellable,
                    GError       **error);
  void (*wait_async) (GProcBackend        *self,
                      int                  io_priority,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data);
  gboolean (*wait_finish) (GProcBackend  *self,
                           GAsyncResult  *result,
                           int           *returncode,
                           GError       **error);
  gboolean (*send_signal) (GProcBackend  *self,
                           int            signum,
                           gboolean       to_group,
                           GError       **error);
  gboolean (*resize) (GProcBackend  *self,
                      guint          rows,
                      guint          columns,
                      GError       **error);
  void (*close) (GProcBackend *self);
  gboolean (*get_is_pty) (GProcBackend *self);
  void (*output_ended) (GProcBackend *self);
  const char *(*get_command) (GProcBackend *self);

  /*< private >*/
  gpointer padding[5];
};

GPROC_AVAILABLE_IN_1_0
const char *gproc_backend_get_identifier (GProcBackend *self);
GPROC_AVAILABLE_IN_1_0
const char *gproc_backend_get_command (GProcBackend *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_backend_try_wait (GProcBackend *self,
                                 int          *returncode);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_backend_wait (GProcBackend  *self,
                             int           *returncode,
                             GCancellable  *cancellable,
                             GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_backend_wait_async (GProcBackend        *self,
                               int                  io_priority,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_backend_wait_finish (GProcBackend  *self,
                                    GAsyncResult  *result,
                                    int           *returncode,
                                    GError       **error);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_backend_send_signal (GProcBackend  *self,
                                    int            signum,
                                    gboolean       to_group,
                                    GError       **error);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_backend_resize (GProcBackend  *self,
                               guint          rows,
                               guint          columns,
                               GError       **error);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_backend_get_is_pty (GProcBackend *self);
GPROC_AVAILABLE_IN_1_0
void gproc_backend_output_ended (GProcBackend *self);
GPROC_AVAILABLE_IN_1_0
void gproc_backend_close (GProcBackend *self);

G_END_DECLS
