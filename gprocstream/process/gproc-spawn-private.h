/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Starting a process. gproc-spawn.c is the side of the parent, which prepares all;
 * gproc-spawn-child.c is what happens between clone and exec, possibly in the memory
 * of the parent: it makes system calls and nothing else. */

typedef struct
{
  int source;
  int target;
} GProcSpawnMapping;

typedef struct
{
  int resource;
  guint64 pair[2]; /* Soft and hard, as the kernel wants them. */
} GProcSpawnLimit;

/* Everything is borrowed. */
typedef struct
{
  const char * const *argv;
  const char *executable; /* NULL: argv[0]. */
  const char * const *envp;
  const char *cwd; /* NULL: that of the application. */

  /* No two have one target. What is not among the targets is closed. */
  const GProcSpawnMapping *mappings;
  guint n_mappings;
  const GProcSpawnLimit *limits;
  guint n_limits;

  gint64 user_id;  /* −1: unchanged. */
  gint64 group_id; /* −1: unchanged. */
  int umask;       /* −1: unchanged. */
  int terminal;    /* Becomes the controlling terminal of the session, which is new; 0: none. */
  gboolean process_group;
  gboolean new_session;
  gboolean die_with_parent;
} GProcSpawnRequest;

/* Whether there is anything to start. */
gboolean _gproc_spawn_check (const GProcSpawnRequest  *request,
                             GError                  **error);

/* Starts a process. Returns when it runs its program, or has failed to and left
 * nothing behind. @pidfd is set to −1 where there are none. */
gboolean _gproc_spawn (const GProcSpawnRequest  *request,
                       int                      *pid,
                       int                      *pidfd,
                       GError                  **error);

/* Sets @error for a process that could not be started. @stage is what failed, not
 * translated; @detail (nullable) the name of the file it failed on. */
void _gproc_spawn_set_error (GError     **error,
                             const char  *command,
                             const char  *stage,
                             const char  *detail,
                             int          errsv);

/* Makes sure that @fd is none of the standard descriptors, which it gets where the
 * application has closed its own. Takes @fd; returns −1 with errno set. */
int _gproc_spawn_move_fd (int fd);

/* The side of the child. */

typedef enum
{
  GPROC_SPAWN_STAGE_NONE,
  GPROC_SPAWN_STAGE_SIGNALS,
  GPROC_SPAWN_STAGE_SESSION,
  GPROC_SPAWN_STAGE_TERMINAL,
  GPROC_SPAWN_STAGE_GROUP,
  GPROC_SPAWN_STAGE_DESCRIPTORS,
  GPROC_SPAWN_STAGE_CHDIR,
  GPROC_SPAWN_STAGE_RLIMIT,
  GPROC_SPAWN_STAGE_SETGROUPS,
  GPROC_SPAWN_STAGE_SETGID,
  GPROC_SPAWN_STAGE_SETUID,
  GPROC_SPAWN_STAGE_DEATH_SIGNAL,
  GPROC_SPAWN_STAGE_EXEC
} GProcSpawnStage;

/* What travels through the pipe when the child fails. */
typedef struct
{
  int stage;
  int errsv;
} GProcSpawnFailure;

typedef struct
{
  const GProcSpawnRequest *request;

  char **candidates;      /* The paths to try, NULL-terminated. */
  gboolean searches_path; /* They come from PATH. */
  char **shell_argv;      /* For a script without "#!": [1] is set by the child. */
  int *scratch;           /* Room for a descriptor per mapping. */
  int *targets;           /* The targets in ascending order. */
  int failure_fd;         /* Where a failure is reported; closes on exec. */
  int parent_pid;
  gboolean keep_hangup;   /* SIGHUP was ignored, and stays that way. */
  gboolean is_privileged; /* Then the supplementary groups have to go. */
  GProcSpawnLimit nofile; /* Restored, unless its resource is −1. */

  /* Set by the child at its start. The parent sees that only if the child runs in
   * its memory, and then it was suspended until the child was done. */
  volatile int shares_memory;
} GProcSpawnPlan;

/* Never returns. */
int _gproc_spawn_child (void *plan);

G_END_DECLS
