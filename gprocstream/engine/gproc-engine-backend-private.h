/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine/gproc-config-private.h"
#include "engine/gproc-engine-private.h"

G_BEGIN_DECLS

/* What a stream of a container stands for. */
typedef enum
{
  GPROC_TARGET_EXEC,      /* A command in a container. */
  GPROC_TARGET_CONTAINER, /* The process of a container itself. */
  GPROC_TARGET_LOGS       /* What it wrote before: there is no process. */
} GProcTarget;

#define GPROC_TYPE_ENGINE_BACKEND (_gproc_engine_backend_get_type ())

G_DECLARE_FINAL_TYPE (GProcEngineBackend, _gproc_engine_backend, GPROC, ENGINE_BACKEND, GObject)

GProcBackend *_gproc_engine_backend_new (GProcEngine *engine,
                                         GProcTarget  target,
                                         const char  *id,
                                         gboolean     tty);

/* The stream of what @answer has carried over: of an upgrade, or a body. It belongs to the
 * thread-default context of now. */
GProcStream *_gproc_engine_stream_new (GProcEngine        *engine,
                                       GProcTarget         target,
                                       const char         *id,
                                       const char         *command,
                                       const GProcConfig  *config,
                                       gboolean            resize_failed,
                                       GProcAnswer        *answer,
                                       GError            **error);

/* What /containers/ID/json or /exec/ID/json says of the end: whether it is over, and how; whether
 * it has begun. */
typedef struct
{
  gboolean over;
  gboolean running;
  gboolean unsaid;   /* It does not run, and nothing says whether it has begun or how it ended. */
  gboolean missed;   /* Unsaid, of a process that has ended: the engine should know it soon. */
  gboolean doubtful; /* Podman says the same of a command that it has not begun with. */
  int returncode;
} GProcState;

gboolean _gproc_state_parse (GProcState   *self,
                             GProcTarget   target,
                             GProcAnswer  *answer,
                             GError      **error);

/* That @self is unsaid, as an error. */
void _gproc_state_set_unsaid (const GProcState  *self,
                              GProcTarget        target,
                              GError           **error);

/* The names that engines give to the states of containers. */
typedef enum
{
  GPROC_PHASE_UNKNOWN,
  GPROC_PHASE_BEFORE, /* Also of those that run, but not now: they wait for somebody. */
  GPROC_PHASE_RUNNING,
  GPROC_PHASE_OVER
} GProcPhase;

/* A static name for @name, which engines are not trusted to have few of. */
const char *_gproc_phase_parse (const char *name,
                                GProcPhase *phase);

/* Members of objects that an engine may leave out, or give another type. */
const char *_gproc_json_get_string (JsonObject *object,
                                    const char *name);
/* Whether a path with it would be that of something else. */
gboolean _gproc_id_is_path (const char *id);
/* NULL for one that no path can be made of. */
const char *_gproc_json_get_id (JsonObject *object);
gint64 _gproc_json_get_int (JsonObject *object,
                            const char *name,
                            gint64      fallback);
/* FALSE, and GPROC_RETURNCODE_NONE, for what is none. */
gboolean _gproc_json_get_exit_code (JsonObject *object,
                                    const char *name,
                                    int        *code);
void _gproc_json_set_no_exit_code (GError **error);
gboolean _gproc_json_get_boolean (JsonObject *object,
                                  const char *name);
JsonObject *_gproc_json_get_object (JsonObject *object,
                                    const char *name);

G_END_DECLS
