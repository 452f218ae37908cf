/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "streams/gproc-read-op-private.h"
#include "streams/gproc-reader-private.h"
#include "streams/gproc-ready-source-private.h"

G_BEGIN_DECLS

/* What the files of the reader share. */

struct _GProcReader
{
  GInputStream parent_instance;

  GProcReadCore core;
  GProcReadOps ops;
  GProcReadySources sources;
  GProcWriteQueue *queue; /* Pushed while a blocking call waits; or NULL. */
  int stream_number;
  gboolean can_poll;   /* Stays what it was at construction. */
  GError *close_error; /* What a shutdown failed with, which cannot tell. */

  GProcReaderFunc ended_func; /* Called once. */
  gpointer ended_data;
};

/* The methods of GInputStream and of GPollableInputStream. */
void _gproc_reader_install_stream (GInputStreamClass *klass);
void _gproc_reader_install_pollable (GPollableInputStreamInterface *iface);

/* Lets go of the descriptor. What waits for it is woken first. */
gboolean _gproc_reader_close_input (GProcReader  *self,
                                    GError      **error);

G_END_DECLS
