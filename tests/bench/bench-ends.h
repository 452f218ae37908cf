/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* One end of a transfer: a descriptor of ours, and the process at the other side of it. */
typedef struct
{
  char *kind; /* pipe, unix, tcp, file, pty */
  int fd;
  pid_t pid; /* 0 for a file. */
} BenchEnd;

void bench_open_source (BenchEnd *end);
void bench_open_target (BenchEnd *end);
void bench_close_ends (BenchEnd *source,
                       BenchEnd *target);
void bench_move_raw (BenchEnd *source,
                     BenchEnd *target);

G_END_DECLS
