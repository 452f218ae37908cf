/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine/gproc-engine-backend-private.h"

G_BEGIN_DECLS

struct _GProcEngineBackend
{
  GObject parent_instance;

  GProcEngine *engine;
  GProcTarget target;
  char *id;
  char *command; /* As it was given; NULL if it is not known. */
  gboolean tty;
  GProcConnection *connection; /* What carries the streams; NULL for a body. */
  gint64 created_at;

  GMutex lock;
  gboolean over; /* Guarded by the lock, as is what follows. */
  int returncode;
  gboolean seen_running;
  gboolean output_ended;
  gint64 output_ended_at;
  gint64 unsaid_at; /* Since when the engine has not said what there is to say; 0: it has. */
  GPtrArray *waits; /* Those that are under way: borrowed. */

  guint rows; /* Of the size that is asked for. */
  guint columns;
  gboolean resize_wanted; /* Set by a request, cleared by the thread that carries it out. */
  gboolean resizing;      /* There is such a thread. */
  gboolean resize_failed;
  gint64 doubted_at;    /* When it was first over with 0 while that was in doubt; 0 before. */
  GError *resize_error; /* Of an earlier one, for the next request. */

  GMutex look_lock;               /* Whoever looks has it. */
  GMainContext *look_context;     /* That of a question that is not waited for; NULL before it. */
  GCancellable *look_cancellable; /* NULL: there is no question under way. */
};

/* gproc-engine-backend.c */
char *_gproc_engine_backend_get_path (GProcEngineBackend *self,
                                      const char         *rest);
gboolean _gproc_engine_backend_take_state (GProcEngineBackend *self,
                                           const GProcState   *state);
/* Whether an end that @state does not tell is not to be expected any more. To be asked of each
 * state that is not the end. */
gboolean _gproc_engine_backend_gives_up (GProcEngineBackend *self,
                                         const GProcState   *state);
gboolean _gproc_engine_backend_is_over (GProcEngineBackend *self,
                                        int                *returncode);

/* gproc-engine-wait.c */
gboolean _gproc_engine_backend_try_wait (GProcBackend *backend,
                                         int          *returncode);
void _gproc_engine_backend_wait_async (GProcBackend        *backend,
                                       int                  io_priority,
                                       GCancellable        *cancellable,
                                       GAsyncReadyCallback  callback,
                                       gpointer             user_data);
gboolean _gproc_engine_backend_wait_finish (GProcBackend  *backend,
                                            GAsyncResult  *result,
                                            int           *returncode,
                                            GError       **error);
void _gproc_engine_backend_stop_looking (GProcEngineBackend *self);
/* Every wait asks at once: there are signs that the process is over. */
void _gproc_engine_backend_output_ended (GProcBackend *backend);
/* Blocks. */
gboolean _gproc_engine_backend_post (GProcEngineBackend  *self,
                                     const char          *rest,
                                     GError             **error);

G_END_DECLS
