/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <signal.h>
#include <sys/uio.h>

G_BEGIN_DECLS

/* Writes that never raise SIGPIPE, and never touch the disposition that the
 * application has chosen for it. */

typedef struct
{
  sigset_t previous_mask;
  gboolean was_pending;
} GProcSigpipeGuard;

/* Holds SIGPIPE back in this thread. Between the two no callback may be called. */
void _gproc_sigpipe_block (GProcSigpipeGuard *guard);

/* @raised: whether a call in between failed with EPIPE, or took less than it was given, so
 * that a signal that was not pending before is to be consumed. Keeps errno. */
void _gproc_sigpipe_restore (GProcSigpipeGuard *guard,
                             gboolean           raised);

/* As writev (), with at most IOV_MAX pieces. */
gssize _gproc_writev_quietly (int                 fd,
                              const struct iovec *pieces,
                              int                 n_pieces);

G_END_DECLS
