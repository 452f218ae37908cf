/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine/gproc-container.h"

#include "engine/gproc-engine-backend-private.h"

G_BEGIN_DECLS

/* Of the object that describes it, or of one of a list; NULL with @error set if that is no
 * container. */
GProcContainer *_gproc_container_new (GProcEngine  *engine,
                                      JsonObject   *object,
                                      GError      **error);

/* /containers/ID followed by @rest. */
char *_gproc_container_get_path (const char *id,
                                 const char *rest);

/* Takes over what the engine says of it now. */
gboolean _gproc_container_update (GProcContainer  *self,
                                  GProcAnswer     *answer,
                                  GError         **error);

/* Whether the container was made to read; as of the last update. */
gboolean _gproc_container_has_stdin (GProcContainer *self);

/* What a task for a stream is finished with. */
typedef struct
{
  GProcEngine *engine;
  GProcTarget target;
  char *id;
  char *command; /* As it was given; NULL if it is not known. */
  GProcConfig config;
  gboolean resize_failed; /* The engine has not set the size of the terminal. */
  GProcAnswer *answer;
} GProcCarried;

GProcCarried *_gproc_carried_new (GProcEngine       *engine,
                                  GProcTarget        target,
                                  const GProcConfig *config);
void _gproc_carried_free (GProcCarried *self);
/* Takes what the task returns, and makes the stream in the context of now. */
GProcStream *_gproc_carried_finish (GAsyncResult  *result,
                                    GError       **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GProcCarried, _gproc_carried_free)

G_END_DECLS
