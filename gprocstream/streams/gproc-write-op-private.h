/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "streams/gproc-guest-private.h"
#include "streams/gproc-write-queue-private.h"

G_BEGIN_DECLS

/* The asynchronous operations of one writer. Each completes in the context that its
 * caller had, and all can be told that the writer was closed under them. */

typedef struct
{
  GMutex lock;        /* A stream may be closed in another thread than that which uses it. */
  GPtrArray *pending; /* Of GProcWriteOp, NULL when there is none. */
  GProcGuest *guest;  /* What writes past the operations; or NULL. */
  gboolean shut;      /* Operations complete with CLOSED. */
} GProcWriteOps;

typedef enum
{
  GPROC_WRITE_OP_DRAIN,
  GPROC_WRITE_OP_FLUSH,
  GPROC_WRITE_OP_WRITE,
  GPROC_WRITE_OP_CLOSE
} GProcWriteOpKind;

/* Takes @task, which returns a boolean, or for GPROC_WRITE_OP_WRITE the count. Its
 * cancellable is that of the operation. @vectors (copied; what they point to is not)
 * are for GPROC_WRITE_OP_WRITE. @done (nullable) is called just before @task returns. */
void _gproc_write_op_start (GProcWriteOps        *ops,
                            GProcWriteQueue      *queue,
                            GProcWriteOpKind      kind,
                            const GOutputVector  *vectors,
                            gsize                 n_vectors,
                            GTask                *task,
                            void                (*done) (GObject *source));

/* A close waits for the guest. The caller has the pending mark. */
void _gproc_write_ops_enter (GProcWriteOps *ops,
                             GProcGuest    *guest);
void _gproc_write_ops_leave (GProcWriteOps *ops);
void _gproc_write_ops_unmark (GProcWriteOps *ops);

/* Has all operations that are pending complete with CLOSED, and new ones too. */
void _gproc_write_ops_shut (GProcWriteOps *ops);

G_END_DECLS
