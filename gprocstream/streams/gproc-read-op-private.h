/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "streams/gproc-guest-private.h"
#include "streams/gproc-read-core-private.h"
#include "streams/gproc-read-result-private.h"
#include "streams/gproc-reader-private.h"
#include "streams/gproc-wait-private.h"

G_BEGIN_DECLS

/* How a request is carried out: blocking, asynchronously, or not waiting at all. There
 * is at most one at a time. */

typedef struct
{
  GProcWait wait;      /* First: its registration outlives the operations. */
  GMutex lock;         /* A stream may be closed in another thread than that which uses it. */
  GProcReader *reader; /* What this is embedded in. */
  GProcPoller *poller; /* That of the last operation. */
  GProcReadResult *op;
  GSource *timeout;  /* Owned: wakes an operation whose time is over. */
  GProcGuest *guest; /* What reads past the operations; or NULL. */
  gboolean shut;     /* Operations complete with CLOSED. */
  GProcReaderFunc shut_func;
  gpointer shut_data;
} GProcReadOps;

void _gproc_read_ops_init (GProcReadOps *self,
                           GProcReader  *reader);
void _gproc_read_ops_clear (GProcReadOps *self);

/* Closes the input. An operation that waits for it goes on to find out. */
gboolean _gproc_read_ops_close_input (GProcReadOps  *self,
                                      GError       **error);

/* As long as there is a guest a shutdown waits for it. The caller has the pending mark. */
void _gproc_read_ops_enter (GProcReadOps *self,
                            GProcGuest   *guest);
void _gproc_read_ops_leave (GProcReadOps *self);
void _gproc_read_ops_unmark (GProcReadOps *self);

/* See _gproc_reader_shutdown (). */
void _gproc_read_ops_shut (GProcReadOps    *self,
                           GProcReaderFunc  func,
                           gpointer         user_data);

/* Carries out the request of @op, which completes in the thread-default context of the
 * caller. Takes @op. @own_pending: GIO's pending mark is set and cleared here, not by a
 * caller in GIO. */
void _gproc_read_op_start (GProcReadResult *op,
                           int              priority,
                           gboolean         own_pending);

/* Both fill in the result, and return FALSE with an error. */
gboolean _gproc_read_op_run (GProcReader       *reader,
                             GProcReadRequest  *request,
                             GCancellable      *cancellable,
                             GError           **error);
gboolean _gproc_read_op_try (GProcReader       *reader,
                             GProcReadRequest  *request,
                             gboolean           own_pending,
                             GError           **error);

/* What the operations need of a reader. */
GProcReadCore *_gproc_reader_get_core (GProcReader *self);
GProcReadOps *_gproc_reader_get_ops (GProcReader *self);
GProcWriteQueue *_gproc_reader_get_queue (GProcReader *self);
void _gproc_reader_check_ended (GProcReader *self);

G_END_DECLS
