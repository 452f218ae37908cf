/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "streams/gproc-ready-source-private.h"
#include "streams/gproc-write-op-private.h"
#include "streams/gproc-writer-private.h"

G_BEGIN_DECLS

/* What the files of the writer share. */

struct _GProcWriter
{
  GOutputStream parent_instance;

  GProcWriteQueue *queue; /* NULL once it was released. */
  GProcWriteQueue *row;   /* The first of those of its stream; or NULL. */
  GProcWriteOps ops;
  GProcReadySources sources;
  gboolean can_poll; /* Stays what it was at construction. */
  gboolean flushing; /* The pending operation is a flush, which queueing goes beside. */
  gboolean forced;   /* The queue is closed already; GIO's close has nothing to do. */
};

/* What is pushed while a blocking call of the writer waits. */
GProcWriteQueue *_gproc_writer_get_row (GProcWriter *self);

/* The methods of GOutputStream and of GPollableOutputStream. */
void _gproc_writer_install_stream (GOutputStreamClass *klass);
void _gproc_writer_install_pollable (GPollableOutputStreamInterface *iface);

/* Writes what is queued and closes, blocking; drops the rest if that fails. */
gboolean _gproc_writer_close_queue (GProcWriter   *self,
                                    GCancellable  *cancellable,
                                    GError       **error);

/* Behind the queue, past it; blocks until something is written. */
gssize _gproc_writer_write (GProcWriter          *self,
                            const GOutputVector  *vectors,
                            gsize                 n_vectors,
                            GCancellable         *cancellable,
                            GError              **error);

/* gproc-writer-splice.c */
gssize _gproc_writer_splice (GOutputStream             *stream,
                             GInputStream              *source,
                             GOutputStreamSpliceFlags   flags,
                             GCancellable              *cancellable,
                             GError                   **error);
void _gproc_writer_splice_async (GOutputStream            *stream,
                                 GInputStream             *source,
                                 GOutputStreamSpliceFlags  flags,
                                 int                       io_priority,
                                 GCancellable             *cancellable,
                                 GAsyncReadyCallback       callback,
                                 gpointer                  user_data);
gssize _gproc_writer_splice_finish (GOutputStream  *stream,
                                    GAsyncResult   *result,
                                    GError        **error);

GTask *_gproc_writer_new_task (GProcWriter         *self,
                               int                  io_priority,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data,
                               gpointer             source_tag);

G_END_DECLS
