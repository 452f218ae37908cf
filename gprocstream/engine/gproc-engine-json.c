/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine/gproc-engine-backend-private.h"

#include <glib/gi18n-lib.h>

/* Ten times what the answers of engines have. */
#define DEPTH_LIMIT 256

/* The parser calls itself for each level, so what is nested without end takes the stack with it.
 * Outside of strings JSON has none of the characters that begin a comment, in which the parser
 * would see other brackets than this. */
static gboolean
is_flat (const char *data,
         gsize       size)
{
  gboolean in_string = FALSE;
  guint depth = 0;

  for (gsize i = 0; i < size; i++)
    {
      char c = data[i];

      if (in_string && c == '\\')
        i++;
      else if (c == '"')
        in_string = !in_string;
      else if (!in_string && (c == '/' || c == '#' || c == '\''))
        return FALSE;
      else if (!in_string && (c == '[' || c == '{') && ++depth > DEPTH_LIMIT)
        return FALSE;
      else if (!in_string && (c == ']' || c == '}') && depth > 0)
        depth--;
    }

  return TRUE;
}

JsonNode *
_gproc_json_parse (GBytes  *bytes,
                   GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  if (size > 0 && is_flat (data, size) &&
      json_parser_load_from_data (parser, data, (gssize) size, error))
    return json_parser_steal_root (parser);

  return NULL;
}

static JsonNode *
get_value (JsonObject *object,
           const char *name,
           GType       type)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;

  return node != NULL && json_node_get_value_type (node) == type ? node : NULL;
}

const char *
_gproc_json_get_string (JsonObject *object,
                        const char *name)
{
  JsonNode *node = get_value (object, name, G_TYPE_STRING);

  return node != NULL ? json_node_get_string (node) : NULL;
}

gboolean
_gproc_id_is_path (const char *id)
{
  return id[0] == '\0' || g_str_equal (id, ".") || g_str_equal (id, "..");
}

const char *
_gproc_json_get_id (JsonObject *object)
{
  const char *id = _gproc_json_get_string (object, "Id");

  return id != NULL && !_gproc_id_is_path (id) ? id : NULL;
}

gint64
_gproc_json_get_int (JsonObject *object,
                     const char *name,
                     gint64      fallback)
{
  JsonNode *node = get_value (object, name, G_TYPE_INT64);

  return node != NULL ? json_node_get_int (node) : fallback;
}

gboolean
_gproc_json_get_boolean (JsonObject *object,
                         const char *name)
{
  JsonNode *node = get_value (object, name, G_TYPE_BOOLEAN);

  return node != NULL && json_node_get_boolean (node);
}

JsonObject *
_gproc_json_get_object (JsonObject *object,
                        const char *name)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

/* A number beyond those of an int would be another one in it, and maybe 0. */
gboolean
_gproc_json_get_exit_code (JsonObject *object,
                           const char *name,
                           int        *code)
{
  gint64 value = _gproc_json_get_int (object, name, -1);

  *code = value >= 0 && value <= G_MAXINT ? (int) value : GPROC_RETURNCODE_NONE;

  return *code != GPROC_RETURNCODE_NONE;
}

static gboolean
parse_exec (GProcState *self,
            JsonObject *object)
{
  if (get_value (object, "Running", G_TYPE_BOOLEAN) == NULL)
    return FALSE;

  self->running = _gproc_json_get_boolean (object, "Running");
  /* Docker has a null there until the command has begun. */
  self->over = !self->running && json_object_has_member (object, "ExitCode") &&
               !json_object_get_null_member (object, "ExitCode");
  self->unsaid = !self->running && !self->over;
  _gproc_json_get_exit_code (object, "ExitCode", &self->returncode);
  self->doubtful = self->returncode == 0 && !_gproc_json_get_boolean (object, "CanRemove");

  return TRUE;
}

/* Docker has created, running, paused, restarting, removing, exited and dead, Podman the others. */
const char *
_gproc_phase_parse (const char *name,
                    GProcPhase *phase)
{
  static const struct
  {
    const char *name;
    GProcPhase phase;
  } phases[] = {
    { "created", GPROC_PHASE_BEFORE },     { "configured", GPROC_PHASE_BEFORE },
    { "initialized", GPROC_PHASE_BEFORE }, { "paused", GPROC_PHASE_BEFORE },
    { "restarting", GPROC_PHASE_BEFORE },  { "stopping", GPROC_PHASE_BEFORE },
    { "removing", GPROC_PHASE_BEFORE },    { "running", GPROC_PHASE_RUNNING },
    { "exited", GPROC_PHASE_OVER },        { "dead", GPROC_PHASE_OVER },
    { "stopped", GPROC_PHASE_OVER },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (phases); i++)
    if (g_str_equal (name, phases[i].name))
      {
        *phase = phases[i].phase;
        return phases[i].name;
      }

  *phase = GPROC_PHASE_UNKNOWN;

  return "unknown";
}

static gboolean
parse_container (GProcState *self,
                 JsonObject *object)
{
  JsonObject *state = _gproc_json_get_object (object, "State");
  const char *status = _gproc_json_get_string (state, "Status");
  GProcPhase phase;

  if (status == NULL)
    return FALSE;

  _gproc_phase_parse (status, &phase);
  self->running = get_value (state, "Running", G_TYPE_BOOLEAN) != NULL
                    ? _gproc_json_get_boolean (state, "Running")
                    : phase == GPROC_PHASE_RUNNING;
  self->over = !self->running && phase == GPROC_PHASE_OVER;
  self->unsaid = !self->running && !self->over && phase != GPROC_PHASE_BEFORE;
  _gproc_json_get_exit_code (state, "ExitCode", &self->returncode);

  return TRUE;
}

void
_gproc_json_set_no_exit_code (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       _ ("The container engine does not say how the process ended"));
}

static void
set_no_end (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       _ ("The container engine does not say whether the process is over"));
}

void
_gproc_state_set_unsaid (const GProcState  *self,
                         GProcTarget        target,
                         GError           **error)
{
  if (target == GPROC_TARGET_CONTAINER && !self->missed)
    set_no_end (error);
  else
    _gproc_json_set_no_exit_code (error);
}

gboolean
_gproc_state_parse (GProcState   *self,
                    GProcTarget   target,
                    GProcAnswer  *answer,
                    GError      **error)
{
  g_autoptr (JsonNode) node = _gproc_answer_parse (answer, JSON_NODE_OBJECT, error);
  const char *server = soup_message_headers_get_one (answer->headers, "Server");
  JsonObject *object;

  *self = (GProcState){ .returncode = GPROC_RETURNCODE_NONE };
  if (node == NULL)
    return FALSE;

  object = json_node_get_object (node);
  if (target == GPROC_TARGET_EXEC ? parse_exec (self, object) : parse_container (self, object))
    {
      if (self->over && self->returncode == GPROC_RETURNCODE_NONE)
        {
          _gproc_json_set_no_exit_code (error);
          return FALSE;
        }
      self->doubtful = self->doubtful && server != NULL && g_str_has_prefix (server, "Libpod");
      return TRUE;
    }

  set_no_end (error);

  return FALSE;
}
