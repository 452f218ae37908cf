/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "loop/gproc-descriptor-private.h"
#include "streams/gproc-wait-private.h"
#include "streams/gproc-write-queue-private.h"

G_BEGIN_DECLS

/* Where the bytes of a reader come from: a descriptor, a pollable stream, or a stream
 * that can only be read at its own pace, whose reads are begun ahead and never
 * cancelled. At most one of the three is set; none once it is closed. */

typedef struct _GProcInputRead GProcInputRead;

typedef struct
{
  GProcDescriptor *descriptor;
  GInputStream *base;
  gboolean close_base;
  gboolean pollable;
  GProcInputRead *read; /* The read of a base stream that is not pollable. */
  gint64 deadline;      /* Up to when a blocking read waits, which then would block; 0: none. */
} GProcInput;

void _gproc_input_init_for_stream (GProcInput   *self,
                                   GInputStream *base);

/* The descriptor to wait for, or that a foreign loop can wait for; −1 if there is none. */
int _gproc_input_get_fd (GProcInput *self);

gboolean _gproc_input_is_open (GProcInput *self);

/* 0 only at the end. WOULD_BLOCK: wait. */
gssize _gproc_input_read_nonblocking (GProcInput  *self,
                                      gpointer     buffer,
                                      gsize        size,
                                      GError     **error);

/* Arms @wait for when reading makes sense again; for a base stream that is not
 * pollable this begins a read of @size bytes. @owner is the object that @wait is
 * embedded in. */
void _gproc_input_wait (GProcInput  *self,
                        GProcWait   *wait,
                        GProcPoller *poller,
                        GObject     *owner,
                        gsize        size);

/* Blocks until something was read, and pushes @queue meanwhile. */
gssize _gproc_input_read (GProcInput       *self,
                          gpointer          buffer,
                          gsize             size,
                          GProcWriteQueue  *queue,
                          GCancellable     *cancellable,
                          GError          **error);

/* Begins to read a base stream that can only be read at its own pace, for who will look
 * later. */
void _gproc_input_read_ahead (GProcInput  *self,
                              GProcPoller *poller,
                              gsize        size);

/* The read of a base stream that is still under way, if there is one, goes to @heir when it
 * is done. To be called when nobody reads any more. */
void _gproc_input_bequeath (GProcInput      *self,
                            GProcWriteQueue *heir);

gboolean _gproc_input_close (GProcInput  *self,
                             GError     **error);

G_END_DECLS
