/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "process/gproc-child-private.h"
#include "process/gproc-launcher.h"
#include "process/gproc-pty-private.h"
#include "process/gproc-spawn-private.h"

G_BEGIN_DECLS

/* Where one descriptor of the process leads. */
typedef enum
{
  GPROC_ROUTE_INHERIT,
  GPROC_ROUTE_NULL,
  GPROC_ROUTE_STDOUT, /* Where standard output leads. */
  GPROC_ROUTE_FILE,
  GPROC_ROUTE_FD,
  GPROC_ROUTE_PIPE_READ, /* The application reads. */
  GPROC_ROUTE_PIPE_WRITE,
  GPROC_ROUTE_PTY /* The one terminal of the process. */
} GProcRouteKind;

typedef struct
{
  int target;
  GProcRouteKind kind;
  gboolean is_explicit; /* It was set, and is not the default. */
  char *path;           /* Of a file. */
  GProcFileFlags flags;
  int fd;     /* −1 unless the kind is FD. */
  int *owner; /* A counted box with @fd, which closes it; NULL if it is borrowed. */
} GProcRoute;

void _gproc_route_clear (GProcRoute *route);
GProcRoute _gproc_route_copy (const GProcRoute *route);

struct _GProcLauncher
{
  GObject parent_instance;

  GArray *routes; /* Of GProcRoute: 0, 1 and 2 first, in order. */
  GArray *limits; /* Of GProcSpawnLimit. */

  char *cwd;
  char *executable;
  char **envp;       /* NULL: that of the application when it spawns. */
  char **changes;    /* What of it was set here; NULL: nothing. */
  int process_group; /* −1: unless standard input is inherited. */
  gboolean new_session;
  gboolean die_with_parent;
  int umask; /* −1: that of the application. */
  gint64 user_id;
  gint64 group_id;
  GProcPtySettings pty;

  guint timeout_ms; /* 0: none. */
  guint stop_grace_ms;
  int post_exit_grace_ms;
  gboolean stop_on_close;
  gsize output_limit;
  gsize reader_limit;    /* 0: that of a new reader. */
  gssize high_watermark; /* −1: that of a new writer. */
  gssize low_watermark;
  guint pipe_size; /* 0: that of the kernel. */
};

typedef enum
{
  GPROC_LAUNCHER_PROP_STDIN = 1,
  GPROC_LAUNCHER_PROP_STDOUT,
  GPROC_LAUNCHER_PROP_STDERR,
  GPROC_LAUNCHER_PROP_CWD,
  GPROC_LAUNCHER_PROP_EXECUTABLE,
  GPROC_LAUNCHER_PROP_PROCESS_GROUP,
  GPROC_LAUNCHER_PROP_NEW_SESSION,
  GPROC_LAUNCHER_PROP_DIE_WITH_PARENT,
  GPROC_LAUNCHER_PROP_UMASK,
  GPROC_LAUNCHER_PROP_TIMEOUT,
  GPROC_LAUNCHER_PROP_STOP_GRACE,
  GPROC_LAUNCHER_PROP_POST_EXIT_GRACE,
  GPROC_LAUNCHER_PROP_STOP_ON_CLOSE,
  GPROC_LAUNCHER_PROP_OUTPUT_LIMIT,
  GPROC_LAUNCHER_PROP_READER_LIMIT,
  GPROC_LAUNCHER_PROP_HIGH_WATERMARK,
  GPROC_LAUNCHER_PROP_LOW_WATERMARK,
  GPROC_LAUNCHER_PROP_PIPE_SIZE,
  GPROC_LAUNCHER_PROP_PTY_ECHO,
  GPROC_LAUNCHER_PROP_PTY_RAW,
  GPROC_LAUNCHER_N_PROPS
} GProcLauncherProp;

/* gproc-launcher.c */
void _gproc_launcher_notify (GProcLauncher     *self,
                             GProcLauncherProp  prop);

/* gproc-launch.c: one start of a process. It is prepared in the thread of the caller,
 * who may then change the launcher; run in any thread; finished in the one that the
 * stream is for. */
typedef struct _GProcLaunch GProcLaunch;

typedef enum
{
  GPROC_LAUNCH_STREAM,  /* For a stream. */
  GPROC_LAUNCH_INPUT,   /* To run with input. */
  GPROC_LAUNCH_NO_INPUT /* To run without. */
} GProcLaunchPurpose;

GProcLaunch *_gproc_launch_new (GProcLauncher      *launcher,
                                const char * const *argv,
                                GProcLaunchPurpose  purpose);
void _gproc_launch_free (GProcLaunch *self);

/* Duplicates the descriptors that are borrowed, for a launch that runs later. */
gboolean _gproc_launch_keep_fds (GProcLaunch  *self,
                                 GError      **error);

/* Whether to open what is to be opened may block until another process comes. */
gboolean _gproc_launch_may_block (GProcLaunch *self);

/* Whether there is something to start, of which nothing was set that is to be joined. */
gboolean _gproc_launch_check (GProcLaunch  *self,
                              gboolean      joins_stdin,
                              gboolean      joins_stdout,
                              GError      **error);

/* Has a pipe lead from standard output of the one to standard input of the other, of which
 * none of our ends is left once both run. */
gboolean _gproc_launch_join (GProcLaunch  *self,
                             GProcLaunch  *next,
                             GError      **error);

gboolean _gproc_launch_run (GProcLaunch  *self,
                            GError      **error);
/* Borrowed; NULL before it ran. */
GProcChild *_gproc_launch_get_child (GProcLaunch *self);
GProcStream *_gproc_launch_finish (GProcLaunch *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GProcLaunch, _gproc_launch_free)

G_END_DECLS
