/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine/gproc-engine.h"

#include "engine/gproc-address-private.h"
#include "engine/gproc-exchange-private.h"

G_BEGIN_DECLS

struct _GProcEngine
{
  GObject parent_instance;

  char *text;            /* As it was given; NULL: that of the environment. */
  GProcAddress *address; /* NULL: there is an error. */
  GError *address_error;

  GMutex lock;
  guint timeout_ms;   /* Guarded by the lock, as is what follows. 0: none. */
  char **ssh_command; /* What ssh is called by. */
};

/* A task for an operation of @source. */
GTask *_gproc_engine_task (gpointer             source,
                           gpointer             tag,
                           const char          *name,
                           int                  io_priority,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data);

/* FALSE: @task has been told that an argument is wrong, by a translated @format. */
gboolean _gproc_engine_check (GTask      *task,
                              gboolean    is_right,
                              const char *format,
                              ...) G_GNUC_PRINTF (3, 4);
/* A name that cannot be one ends @task with an error. FALSE: it did. */
gboolean _gproc_engine_check_name (GTask      *task,
                                   const char *name);

/* A blocking call that is made of an asynchronous one, in a context of its own:
 *
 *   if (!_gproc_blocking_begin (&call, error))
 *     return FALSE;
 *   gproc_engine_ping_async (self, 0, cancellable, _gproc_blocking_done, &call);
 *   result = _gproc_blocking_end (&call); */
typedef struct
{
  GMainContext *context;
  GAsyncResult *result;
} GProcBlockingCall;

gboolean _gproc_blocking_begin (GProcBlockingCall  *self,
                                GError            **error);
void _gproc_blocking_done (GObject      *source,
                           GAsyncResult *result,
                           gpointer      user_data);
/* The caller has the result. */
GAsyncResult *_gproc_blocking_end (GProcBlockingCall *self);

G_END_DECLS
