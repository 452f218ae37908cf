/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* What the files of the helper program share. */

/* A command, and its row in the table. */
#define COMMAND(name) \
  int command_##name (__attribute__ ((unused)) int argc, __attribute__ ((unused)) char **argv)

__attribute__ ((noreturn)) void fail (const char *what);
long long number (int         argc,
                  char      **argv,
                  int         index,
                  long long   otherwise);
void say (const char *line);

/* gproc-testprog-given.c */
COMMAND (print_fds);
COMMAND (print_fd_flags);
COMMAND (print_fd_kind);
COMMAND (print_sigs);
COMMAND (print_env);
COMMAND (print_cwd);
COMMAND (print_umask);
COMMAND (print_rlimit);
COMMAND (print_pgid);
COMMAND (print_ids);
COMMAND (print_pdeathsig);
COMMAND (dial);
