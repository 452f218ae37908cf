/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <json-glib/json-glib.h>

#include "engine/gproc-engine.h"

#include "engine/gproc-body-private.h"

G_BEGIN_DECLS

/* One request to an engine and its answer, on a connection of its own. */

typedef enum
{
  GPROC_EXCHANGE_PLAIN,  /* The answer is read to its end. */
  GPROC_EXCHANGE_STREAM, /* Its body is read by whoever asked. */
  GPROC_EXCHANGE_UPGRADE /* What follows the answer is no HTTP any more. */
} GProcExchangeKind;

typedef struct
{
  GProcExchangeKind kind;
  gboolean patient; /* The engine may take as long as it likes. */
  const char *method;
  char *path;     /* Taken. With the query. */
  JsonNode *json; /* Taken. NULL: there is no body. */
} GProcRequest;

typedef struct
{
  guint status;
  SoupMessageHeaders *headers;
  GBytes *bytes;               /* Of a plain exchange. */
  GInputStream *body;          /* Of a stream. */
  GProcConnection *connection; /* Of an upgrade. */
} GProcAnswer;

void _gproc_answer_free (GProcAnswer *self);

/* NULL, not always with @error set, for what is no JSON, or nested too deeply for any answer. */
JsonNode *_gproc_json_parse (GBytes  *bytes,
                             GError **error);

/* The answer as JSON; NULL with @error set if it is none, or no object (array). */
JsonNode *_gproc_answer_parse (GProcAnswer   *self,
                               JsonNodeType   type,
                               GError       **error);

/* Whatever the engine refuses is an error with its own words: %G_IO_ERROR_NOT_FOUND for what
 * is not there, %GPROC_STREAM_ERROR_ENGINE for the rest. */
void _gproc_exchange_async (GProcEngine         *engine,
                            GProcRequest         request,
                            int                  io_priority,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data);
GProcAnswer *_gproc_exchange_finish (GProcEngine   *engine,
                                     GAsyncResult  *result,
                                     GError       **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GProcAnswer, _gproc_answer_free)

G_END_DECLS
