/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "streams/gproc-read-core-private.h"
#include "streams/gproc-reader.h"

G_BEGIN_DECLS

/* How the public reads become requests. All take what is in @request; @source_tag is the
 * public function that started an operation. */

GBytes *_gproc_reader_run_for_bytes (GProcReader       *self,
                                     GProcReadRequest  *request,
                                     GCancellable      *cancellable,
                                     GError           **error);

GBytes *_gproc_reader_try_for_bytes (GProcReader       *self,
                                     GProcReadRequest  *request,
                                     GError           **error);

void _gproc_reader_start (GProcReader         *self,
                          GProcReadRequest    *request,
                          int                  io_priority,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data,
                          gpointer             source_tag);

gpointer _gproc_reader_finish (GProcReader   *self,
                               GAsyncResult  *result,
                               gpointer       source_tag,
                               GError       **error);

char *_gproc_reader_run_for_text (GProcReader       *self,
                                  GProcReadRequest  *request,
                                  GCancellable      *cancellable,
                                  GError           **error);

G_END_DECLS
