/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gprocstream/gprocstream-engine.h>

#include "tests/gproc-test.h"

G_BEGIN_DECLS

/* Something that listens on a socket and answers by a script. It has a thread for each connection,
 * and none is left when it is freed. */

typedef enum
{
  GPROC_SCRIPT_CLOSE, /* The connection ends behind the answer. */
  GPROC_SCRIPT_HOLD,  /* It stays until the other side closes it, or the script is over. */
  GPROC_SCRIPT_ECHO,  /* What comes goes back in frames of stream 1, then the connection ends. */
  GPROC_SCRIPT_RAW    /* What comes goes back as it is. */
} GProcScriptEnd;

typedef struct
{
  const char *request; /* What a request begins with; "" is any, even none. */
  const char *answer;
  gssize length; /* −1: the answer is a string. */
  GProcScriptEnd end;
  gboolean slowly;    /* A byte at a time. */
  const char *frames; /* Behind the answer, in one write with its last byte. */
  gsize frames_length;
} GProcScriptStep;

typedef struct _GProcScript GProcScript;

/* Of the steps that fit a request the first is used that was not used yet; the last one of them
 * again and again. */
GProcScript *gproc_script_new (const GProcScriptStep *steps,
                               guint                  n_steps);
void gproc_script_free (GProcScript *self);
/* unix://… */
const char *gproc_script_get_address (GProcScript *self);
/* How many requests began so. */
guint gproc_script_count (GProcScript *self,
                          const char  *request);
/* The last request that began so, with its body; NULL if there was none. */
char *gproc_script_find (GProcScript *self,
                         const char  *request);
/* Cancels @cancellable with the @count th request that begins so, for what waits in a blocking
 * call. */
void gproc_script_cancel_at (GProcScript  *self,
                             const char   *request,
                             guint         count,
                             GCancellable *cancellable);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GProcScript, gproc_script_free)

#define GPROC_SCRIPT_NEW(steps) gproc_script_new ((steps), G_N_ELEMENTS (steps))

/* Answers. */
#define GPROC_OK_JSON(json)                                                    \
  "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\n" \
  "Connection: close\r\n\r\n" json
#define GPROC_STATUS_JSON(status, json) \
  "HTTP/1.1 " status "\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" json
#define GPROC_UPGRADED                                                           \
  "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n" \
  "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"

/* What it says of a command. */
#define EXEC_ID "{\"Id\": \"e1\"}"
#define EXEC_RUNNING "{\"ID\": \"e1\", \"Running\": true, \"ExitCode\": null}"
#define EXEC_OVER "{\"ID\": \"e1\", \"Running\": false, \"ExitCode\": 7, \"CanRemove\": true}"

static inline GProcEngine *
make_engine (GProcScript *script)
{
  g_autoptr (GError) error = NULL;
  GProcEngine *engine = gproc_engine_new (gproc_script_get_address (script), &error);

  g_assert_no_error (error);

  return engine;
}

static inline void
drop (GProcStream **stream)
{
  gproc_test_track (*stream);
  g_clear_object (stream);
  gproc_test_settle ();
}

/* What is still on its way to the engine, such as a size, holds the backend until it is there. */
static inline void
drop_late (GProcStream **stream)
{
  GProcBackend *backend = gproc_stream_get_backend (*stream);

  g_object_add_weak_pointer (G_OBJECT (backend), (gpointer *) &backend);
  drop (stream);
  gproc_test_wait_for (g_atomic_pointer_get (&backend) == NULL);
}

G_END_DECLS
