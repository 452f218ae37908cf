/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the workloads of gproc-bench share. Each run of that program is one round of one
 * workload: `gproc-bench WORKLOAD NAME=VALUE…` prints its figures as one line of JSON.
 * bench.py runs the rounds of those it compares in turn, and makes the table. */

#pragma once

#include <gio/gio.h>
#include <sys/resource.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* By default the size of one read, and of one write of a child. */
#define BENCH_BLOCK (256 * 1024)

typedef struct
{
  double start;
  struct rusage own;
  struct rusage children;
} BenchClock;

const char *bench_text (const char *name,
                        const char *fallback);
gint64 bench_number (const char *name,
                     gint64      fallback);
gboolean bench_is (const char *name,
                   const char *value);
void bench_figure (const char *name,
                   double      value);
void bench_percentiles (const char *prefix,
                        GArray     *values,
                        double      scale);

double bench_now (void);
double bench_thread_cpu (void);
void bench_start (BenchClock *clock);
void bench_stop (BenchClock *clock);

const char *bench_child (void);
char **bench_child_argv (const char *command,
                         ...) G_GNUC_NULL_TERMINATED;
void bench_pipe (int fds[2],
                 int size);
pid_t bench_spawn (char * const *argv,
                   int           stdin_fd,
                   int           stdout_fd);
void bench_reap (pid_t pid);
void bench_become_resident (void);
void bench_done (GObject      *source,
                 GAsyncResult *result,
                 gpointer      data);

/* The workloads. */
void bench_dispatch (void);
void bench_frames (void);
void bench_idle (void);
void bench_latency (void);
void bench_lines (void);
void bench_memory (void);
void bench_pair (void);
void bench_queue (void);
void bench_read (void);
void bench_spawns (void);
void bench_splice (void);
void bench_trips (void);
void bench_wakeups (void);

G_END_DECLS
