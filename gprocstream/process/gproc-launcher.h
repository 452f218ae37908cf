/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <gprocstream/base/gproc-enums.h>
#include <gprocstream/base/gproc-error.h>
#include <gprocstream/process/gproc-result.h>
#include <gprocstream/process/gproc-stream.h>

G_BEGIN_DECLS

#define GPROC_TYPE_LAUNCHER (gproc_launcher_get_type ())

GPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GProcLauncher, gproc_launcher, GPROC, LAUNCHER, GObject)

GPROC_AVAILABLE_IN_1_0
GProcLauncher *gproc_launcher_new (void);

GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_launcher_spawn (GProcLauncher       *self,
                                   const char * const  *argv,
                                   GError             **error);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_spawn_async (GProcLauncher       *self,
                                 const char * const  *argv,
                                 int                  io_priority,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_launcher_spawn_finish (GProcLauncher  *self,
                                          GAsyncResult   *result,
                                          GError        **error);
GPROC_AVAILABLE_IN_1_0
GProcResult *gproc_launcher_run (GProcLauncher       *self,
                                 const char * const  *argv,
                                 GBytes              *input,
                                 GCancellable        *cancellable,
                                 GError             **error);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_run_async (GProcLauncher       *self,
                               const char * const  *argv,
                               GBytes              *input,
                               int                  io_priority,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
GProcResult *gproc_launcher_run_finish (GProcLauncher  *self,
                                        GAsyncResult   *result,
                                        GError        **error);

GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_stdin (GProcLauncher    *self,
                               GProcDisposition  disposition);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_stdout (GProcLauncher    *self,
                                GProcDisposition  disposition);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_stderr (GProcLauncher    *self,
                                GProcDisposition  disposition);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_stdin_file (GProcLauncher  *self,
                                    const char     *path,
                                    GProcFileFlags  flags);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_stdout_file (GProcLauncher  *self,
                                     const char     *path,
                                     GProcFileFlags  flags);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_stderr_file (GProcLauncher  *self,
                                     const char     *path,
                                     GProcFileFlags  flags);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_stdin_fd (GProcLauncher *self,
                                  int            fd);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_stdout_fd (GProcLauncher *self,
                                   int            fd);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_stderr_fd (GProcLauncher *self,
                                   int            fd);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_take_stdin_fd (GProcLauncher *self,
                                   int            fd);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_take_stdout_fd (GProcLauncher *self,
                                    int            fd);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_take_stderr_fd (GProcLauncher *self,
                                    int            fd);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_map_fd (GProcLauncher *self,
                            int            source_fd,
                            int            target_fd);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_take_fd (GProcLauncher *self,
                             int            source_fd,
                             int            target_fd);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_add_pipe (GProcLauncher      *self,
                              int                 target_fd,
                              GProcPipeDirection  direction);

GPROC_AVAILABLE_IN_1_0
GProcDisposition gproc_launcher_get_disposition (GProcLauncher *self,
                                                 int            target_fd);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_launcher_check_portable (GProcLauncher  *self,
                                        GError        **error);

GPROC_AVAILABLE_IN_1_0
void gproc_launcher_get_pty_size (GProcLauncher *self,
                                  guint         *rows,
                                  guint         *columns);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_pty_size (GProcLauncher *self,
                                  guint          rows,
                                  guint          columns);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_launcher_get_pty_echo (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_pty_echo (GProcLauncher *self,
                                  gboolean       pty_echo);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_launcher_get_pty_raw (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_pty_raw (GProcLauncher *self,
                                 gboolean       pty_raw);

GPROC_AVAILABLE_IN_1_0
const char *gproc_launcher_get_cwd (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_cwd (GProcLauncher *self,
                             const char    *cwd);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_environ (GProcLauncher      *self,
                                 const char * const *envp);
GPROC_AVAILABLE_IN_1_0
const char *gproc_launcher_getenv (GProcLauncher *self,
                                   const char    *variable);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_setenv (GProcLauncher *self,
                            const char    *variable,
                            const char    *value,
                            gboolean       overwrite);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_unsetenv (GProcLauncher *self,
                              const char    *variable);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_clear_env (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
char **gproc_launcher_get_environ_changes (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
const char *gproc_launcher_get_executable (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_executable (GProcLauncher *self,
                                    const char    *executable);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_launcher_get_process_group (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_process_group (GProcLauncher *self,
                                       gboolean       process_group);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_launcher_get_new_session (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_new_session (GProcLauncher *self,
                                     gboolean       new_session);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_launcher_get_die_with_parent (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_die_with_parent (GProcLauncher *self,
                                         gboolean       die_with_parent);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_rlimit (GProcLauncher *self,
                                int            resource,
                                guint64        soft,
                                guint64        hard);
GPROC_AVAILABLE_IN_1_0
int gproc_launcher_get_umask (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_umask (GProcLauncher *self,
                               int            mask);
GPROC_AVAILABLE_IN_1_0
gint64 gproc_launcher_get_user (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_user (GProcLauncher *self,
                              gint64         user_id);
GPROC_AVAILABLE_IN_1_0
gint64 gproc_launcher_get_group (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_group (GProcLauncher *self,
                               gint64         group_id);

GPROC_AVAILABLE_IN_1_0
guint gproc_launcher_get_timeout (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_timeout (GProcLauncher *self,
                                 guint          timeout_ms);
GPROC_AVAILABLE_IN_1_0
guint gproc_launcher_get_stop_grace (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_stop_grace (GProcLauncher *self,
                                    guint          grace_ms);
GPROC_AVAILABLE_IN_1_0
int gproc_launcher_get_post_exit_grace (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_post_exit_grace (GProcLauncher *self,
                                         int            grace_ms);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_launcher_get_stop_on_close (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_stop_on_close (GProcLauncher *self,
                                       gboolean       stop_on_close);
GPROC_AVAILABLE_IN_1_0
gsize gproc_launcher_get_output_limit (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_output_limit (GProcLauncher *self,
                                      gsize          limit);
GPROC_AVAILABLE_IN_1_0
gsize gproc_launcher_get_reader_limit (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_reader_limit (GProcLauncher *self,
                                      gsize          limit);
GPROC_AVAILABLE_IN_1_0
gssize gproc_launcher_get_high_watermark (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_high_watermark (GProcLauncher *self,
                                        gssize         high);
GPROC_AVAILABLE_IN_1_0
gssize gproc_launcher_get_low_watermark (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_low_watermark (GProcLauncher *self,
                                       gssize         low);
GPROC_AVAILABLE_IN_1_0
guint gproc_launcher_get_pipe_size (GProcLauncher *self);
GPROC_AVAILABLE_IN_1_0
void gproc_launcher_set_pipe_size (GProcLauncher *self,
                                   guint          size);

G_END_DECLS
