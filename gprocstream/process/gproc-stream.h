/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <gprocstream/base/gproc-enums.h>
#include <gprocstream/base/gproc-error.h>
#include <gprocstream/process/gproc-backend.h>
#include <gprocstream/process/gproc-result.h>
#include <gprocstream/streams/gproc-reader.h>
#include <gprocstream/streams/gproc-writer.h>

G_BEGIN_DECLS

#define GPROC_TYPE_STREAM (gproc_stream_get_type ())

GPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GProcStream, gproc_stream, GPROC, STREAM, GIOStream)

GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_stream_new (GProcStreamFlags   flags,
                               GError           **error,
                               const char        *argv0,
                               ...) G_GNUC_NULL_TERMINATED;
GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_stream_newv (const char * const  *argv,
                                GProcStreamFlags     flags,
                                GError             **error);
GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_stream_new_for_subprocess (GSubprocess *subprocess);
GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_stream_new_for_fds (int              write_fd,
                                       int              read_fd,
                                       int              error_fd,
                                       GProcStreamFlags flags);
GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_stream_new_for_io_stream (GIOStream *io_stream);
GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_stream_new_for_backend (GProcBackend  *backend,
                                           GOutputStream *stdin_stream,
                                           GInputStream  *stdout_stream,
                                           GInputStream  *stderr_stream);

GPROC_AVAILABLE_IN_1_0
GProcWriter *gproc_stream_get_stdin (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
GProcReader *gproc_stream_get_stdout (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
GProcReader *gproc_stream_get_stderr (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
GProcReader *gproc_stream_get_reader (GProcStream *self,
                                      int          target_fd);
GPROC_AVAILABLE_IN_1_0
GProcWriter *gproc_stream_get_writer (GProcStream *self,
                                      int          target_fd);
GPROC_AVAILABLE_IN_1_0
GProcBackend *gproc_stream_get_backend (GProcStream *self);

GPROC_AVAILABLE_IN_1_0
int gproc_stream_get_pid (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
int gproc_stream_get_pidfd (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
const char *gproc_stream_get_identifier (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
const char *gproc_stream_get_command (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_stream_get_running (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_stream_get_timed_out (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_stream_get_stop_on_close (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
void gproc_stream_set_stop_on_close (GProcStream *self,
                                     gboolean     stop_on_close);
GPROC_AVAILABLE_IN_1_0
int gproc_stream_get_post_exit_grace (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
void gproc_stream_set_post_exit_grace (GProcStream *self,
                                       int          grace_ms);
GPROC_AVAILABLE_IN_1_0
gsize gproc_stream_get_output_limit (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
void gproc_stream_set_output_limit (GProcStream *self,
                                    gsize        limit);

GPROC_AVAILABLE_IN_1_0
int gproc_stream_get_returncode (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
int gproc_stream_get_shell_status (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
int gproc_stream_get_status (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_stream_get_if_exited (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
int gproc_stream_get_exit_status (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_stream_get_if_signaled (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
int gproc_stream_get_term_sig (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_stream_get_successful (GProcStream *self);

GPROC_AVAILABLE_IN_1_0
int gproc_stream_try_wait (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
int gproc_stream_wait (GProcStream   *self,
                       GCancellable  *cancellable,
                       GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_stream_wait_async (GProcStream         *self,
                              int                  io_priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
int gproc_stream_wait_finish (GProcStream   *self,
                              GAsyncResult  *result,
                              GError       **error);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_stream_wait_check (GProcStream   *self,
                                  GCancellable  *cancellable,
                                  GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_stream_wait_check_async (GProcStream         *self,
                                    int                  io_priority,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_stream_wait_check_finish (GProcStream   *self,
                                         GAsyncResult  *result,
                                         GError       **error);
GPROC_AVAILABLE_IN_1_0
int gproc_stream_wait_buffered (GProcStream   *self,
                                gsize          limit,
                                GCancellable  *cancellable,
                                GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_stream_wait_buffered_async (GProcStream         *self,
                                       gsize                limit,
                                       int                  io_priority,
                                       GCancellable        *cancellable,
                                       GAsyncReadyCallback  callback,
                                       gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
int gproc_stream_wait_buffered_finish (GProcStream   *self,
                                       GAsyncResult  *result,
                                       GError       **error);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_stream_send_signal (GProcStream  *self,
                                   int           signum,
                                   GError      **error);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_stream_send_signal_group (GProcStream  *self,
                                         int           signum,
                                         GError      **error);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_stream_terminate (GProcStream  *self,
                                 GError      **error);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_stream_kill (GProcStream  *self,
                            GError      **error);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_stream_get_is_pty (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
int gproc_stream_get_pty_fd (GProcStream *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_stream_resize (GProcStream  *self,
                              guint         rows,
                              guint         columns,
                              GError      **error);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_stream_stop (GProcStream   *self,
                            guint          grace_ms,
                            GCancellable  *cancellable,
                            GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_stream_stop_async (GProcStream         *self,
                              guint                grace_ms,
                              int                  io_priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_stream_stop_finish (GProcStream   *self,
                                   GAsyncResult  *result,
                                   GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_stream_abort (GProcStream *self);

GPROC_AVAILABLE_IN_1_0
void gproc_stream_splice_async (GProcStream          *self,
                                GIOStream            *peer,
                                GIOStreamSpliceFlags  flags,
                                int                   io_priority,
                                GCancellable         *cancellable,
                                GAsyncReadyCallback   callback,
                                gpointer              user_data);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_stream_splice_finish (GProcStream   *self,
                                     GAsyncResult  *result,
                                     GError       **error);

GPROC_AVAILABLE_IN_1_0
GProcResult *gproc_stream_communicate (GProcStream   *self,
                                       GBytes        *input,
                                       GCancellable  *cancellable,
                                       GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_stream_communicate_async (GProcStream         *self,
                                     GBytes              *input,
                                     int                  io_priority,
                                     GCancellable        *cancellable,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
GProcResult *gproc_stream_communicate_finish (GProcStream   *self,
                                              GAsyncResult  *result,
                                              GError       **error);
GPROC_AVAILABLE_IN_1_0
GProcResult *gproc_stream_communicate_utf8 (GProcStream   *self,
                                            const char    *input,
                                            GCancellable  *cancellable,
                                            GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_stream_communicate_utf8_async (GProcStream         *self,
                                          const char          *input,
                                          int                  io_priority,
                                          GCancellable        *cancellable,
                                          GAsyncReadyCallback  callback,
                                          gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
GProcResult *gproc_stream_communicate_utf8_finish (GProcStream   *self,
                                                   GAsyncResult  *result,
                                                   GError       **error);

G_END_DECLS
