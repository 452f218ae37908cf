/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "streams/gproc-read-core-private.h"
#include "streams/gproc-reader.h"

G_BEGIN_DECLS

/* An asynchronous read, from its start to the callback that gets it as its result.
 *
 * It stands where a GTask would: for a small read the life of a GTask costs more than
 * everything else in user space. One that nobody kept after its callback is used again. */

#define GPROC_TYPE_READ_RESULT (_gproc_read_result_get_type ())
G_DECLARE_FINAL_TYPE (GProcReadResult, _gproc_read_result, GPROC, READ_RESULT, GObject)

struct _GProcReadResult
{
  GObject parent_instance;

  GProcReader *reader;       /* Owned. */
  GCancellable *cancellable; /* Owned. */
  GAsyncReadyCallback callback;
  gpointer user_data;
  gpointer source_tag;

  GProcReadRequest request; /* With the result, once there is one. */
  GError *error;
  gboolean own_pending; /* GIO's pending mark is set by the operation, not by its caller. */
};

/* Takes what is in @request. */
GProcReadResult *_gproc_read_result_new (GProcReader         *reader,
                                         GProcReadRequest    *request,
                                         GCancellable        *cancellable,
                                         GAsyncReadyCallback  callback,
                                         gpointer             user_data,
                                         gpointer             source_tag);

/* Calls the callback. Takes @error (nullable). To be followed by a release. */
void _gproc_read_result_return (GProcReadResult *self,
                                GError          *error);

/* The same from the thread-default context of the caller, for what fails before it has
 * begun. Releases. */
void _gproc_read_result_return_later (GProcReadResult *self,
                                      int              priority,
                                      GError          *error);

/* Instead of an unref. */
void _gproc_read_result_release (GProcReadResult *self);

/* Whether @result is of an operation that @source_tag began on @reader. */
gboolean _gproc_read_result_is_valid (gpointer     result,
                                      GProcReader *reader,
                                      gpointer     source_tag);

/* FALSE with @error if the operation failed. */
gboolean _gproc_read_result_propagate (GProcReadResult  *self,
                                       GError          **error);

G_END_DECLS
