/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine/gproc-engine-backend-internal-private.h"

typedef struct
{
  GProcWriter *in;
  GProcReader *out;
  GProcReader *err;
} Halves;

static void
halves_clear (Halves *halves)
{
  g_clear_object (&halves->in);
  g_clear_object (&halves->out);
  g_clear_object (&halves->err);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Halves, halves_clear)

/* A terminal is one stream; without it the two outputs come in frames. */
static void
divide (Halves            *halves,
        const GProcConfig *config,
        GInputStream      *carrier)
{
  g_autoptr (GProcDemuxer) demuxer = NULL;

  if (config->tty)
    {
      halves->out = GPROC_IS_READER (carrier) ? g_object_ref (GPROC_READER (carrier))
                                              : gproc_reader_new (carrier);
      return;
    }

  demuxer = gproc_demuxer_new (carrier);
  if (config->has_stdout)
    halves->out = g_object_ref (gproc_demuxer_get_stdout (demuxer));
  if (config->has_stderr)
    halves->err = g_object_ref (gproc_demuxer_get_stderr (demuxer));
}

GProcBackend *
_gproc_engine_backend_new (GProcEngine *engine,
                           GProcTarget  target,
                           const char  *id,
                           gboolean     tty)
{
  GProcEngineBackend *self = g_object_new (GPROC_TYPE_ENGINE_BACKEND, NULL);

  self->engine = g_object_ref (engine);
  self->target = target;
  self->id = g_strdup (id);
  self->tty = tty;

  return GPROC_BACKEND (self);
}

GProcStream *
_gproc_engine_stream_new (GProcEngine        *engine,
                          GProcTarget         target,
                          const char         *id,
                          const char         *command,
                          const GProcConfig  *config,
                          gboolean            resize_failed,
                          GProcAnswer        *answer,
                          GError            **error)
{
  g_autoptr (GProcEngineBackend) backend = NULL;
  g_auto (Halves) halves = { NULL };
  GProcStream *stream;

  backend = GPROC_ENGINE_BACKEND (_gproc_engine_backend_new (engine, target, id, config->tty));
  backend->command = g_strdup (command);
  backend->resize_failed = resize_failed;

  if (answer->connection == NULL)
    {
      divide (&halves, config, answer->body);
    }
  else
    {
      backend->connection = g_steal_pointer (&answer->connection);
      /* The reader becomes another one with it. */
      if (config->has_stdin)
        halves.in = _gproc_connection_take_writer (backend->connection, error);
      if (config->has_stdin && halves.in == NULL)
        return NULL;
      divide (&halves, config, G_INPUT_STREAM (_gproc_connection_get_reader (backend->connection)));
    }

  stream = gproc_stream_new_for_backend (GPROC_BACKEND (backend), (GOutputStream *) halves.in,
                                         (GInputStream *) halves.out, (GInputStream *) halves.err);
  _gproc_config_apply (config, stream);

  return stream;
}
