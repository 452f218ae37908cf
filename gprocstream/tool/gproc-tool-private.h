/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gprocstream/gprocstream.h>

G_BEGIN_DECLS

/* What the command ends with where it is not the status of what it ran: those of timeout (1)
 * and of shells. */
#define TOOL_STATUS_TIMED_OUT 124
#define TOOL_STATUS_FAILED 125
#define TOOL_STATUS_CANNOT_RUN 126
#define TOOL_STATUS_NOT_FOUND 127

/* Each takes its arguments, the first of which is the name of the program, and gives the status
 * to end with. */
int gproc_tool_run (GStrv *arguments);
int gproc_tool_pipe (GStrv *arguments);
int gproc_tool_serve (GStrv *arguments);
/* Where there is the second library. */
int gproc_tool_exec (GStrv *arguments);

gboolean gproc_tool_parse (GStrv              *arguments,
                           const char         *usage,
                           const char         *summary,
                           const GOptionEntry *entries);
void gproc_tool_complain (const char *format,
                          ...) G_GNUC_PRINTF (1, 2);
gboolean gproc_tool_seconds_to_ms (double      seconds,
                                   const char *option,
                                   guint      *milliseconds);
int gproc_tool_spawn_status (const GError *error);
int gproc_tool_end_status (const char *command,
                           int         returncode,
                           gboolean    owns_keyboard);

/* Signals that were sent to the command. From their being blocked on, which is to be before
 * there is a second thread, they wait for @func. @to_group says that it was a key of the terminal,
 * so that the whole process group has it. */
typedef void (*GProcToolSignalFunc) (int      signum,
                                     gboolean to_group,
                                     gpointer user_data);

gboolean gproc_tool_signals_is_ignored (int signum);
void gproc_tool_signals_block (void);
guint gproc_tool_signals_watch (GProcToolSignalFunc func,
                                gpointer            user_data);
void gproc_tool_signals_unblock (void);
gboolean gproc_tool_signals_had (int signum);
void gproc_tool_signals_die (int signum);

/* How much has passed a pump, on a terminal. */
typedef struct _GProcToolProgress GProcToolProgress;

gboolean gproc_tool_progress_is_wanted (void);
GProcToolProgress *gproc_tool_progress_new (GProcPump *pump);
void gproc_tool_progress_finish (GProcToolProgress *self);

/* A session that is written down. */
typedef struct _GProcToolRecord GProcToolRecord;

GProcToolRecord *gproc_tool_record_new (const char *path,
                                        guint       rows,
                                        guint       columns);
gboolean gproc_tool_record_attach (GProcToolRecord *self,
                                   GProcStream     *process);
gboolean gproc_tool_record_finish (GProcToolRecord *self,
                                   int              returncode);

/* Where a service listens. */
typedef struct _GProcToolAddress GProcToolAddress;

GProcToolAddress *gproc_tool_address_listen (const char       *text,
                                             GSocketListener  *listener,
                                             GError          **error);
char *gproc_tool_address_to_string (GProcToolAddress *self);
void gproc_tool_address_free (GProcToolAddress *self);

/* A client and the process that it is joined to. */
typedef struct _GProcToolClient GProcToolClient;
typedef void (*GProcToolClientFunc) (GProcToolClient *client,
                                     gpointer         user_data);

GProcToolClient *gproc_tool_client_new (GProcLauncher        *launcher,
                                        const char * const   *argv,
                                        GSocketConnection    *connection,
                                        guint                 grace_ms,
                                        GProcToolClientFunc   over,
                                        gpointer              user_data,
                                        GError              **error);
void gproc_tool_client_stop (GProcToolClient *self,
                             guint            grace_ms);

G_END_DECLS
