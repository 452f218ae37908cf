/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine/gproc-container-private.h"

#include <glib/gi18n-lib.h>

/**
 * GProcContainer:
 *
 * `GProcContainer` is a container of a [class@GProcEngine.Engine], which runs or does not.
 *
 * To run a process in a container of its own: [method@GProcEngine.Engine.create],
 * [method@GProcEngine.Container.attach], [method@GProcEngine.Container.start], and in the end
 * [method@GProcEngine.Container.remove].
 *
 * The properties are what the engine has said last: when the container was made, got or listed, and
 * at each [method@GProcEngine.Container.refresh]. The object is not the container: that stays when
 * the last reference goes.
 *
 * Since: 1.0
 */

struct _GProcContainer
{
  GObject parent_instance;

  GProcEngine *engine;
  char *id;
  char *name;
  char *image;

  GMutex lock;
  const char *state; /* Guarded by the lock, as is what follows. Static. */
  int returncode;
  gboolean is_pty;
  gboolean has_stdin;
};

G_DEFINE_FINAL_TYPE (GProcContainer, gproc_container, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_ENGINE,
  PROP_ID,
  PROP_NAME,
  PROP_IMAGE,
  PROP_STATE,
  PROP_RUNNING,
  PROP_RETURNCODE,
  PROP_IS_PTY,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

/* clang-format off */
G_DEFINE_FLAGS_TYPE (GProcLogFlags, gproc_log_flags,
  G_DEFINE_ENUM_VALUE (GPROC_LOG_FLAGS_NONE, "none"),
  G_DEFINE_ENUM_VALUE (GPROC_LOG_FLAGS_FOLLOW, "follow"),
  G_DEFINE_ENUM_VALUE (GPROC_LOG_FLAGS_TIMESTAMPS, "timestamps"))
/* clang-format on */

static void
gproc_container_finalize (GObject *object)
{
  GProcContainer *self = GPROC_CONTAINER (object);

  g_clear_object (&self->engine);
  g_free (self->id);
  g_free (self->name);
  g_free (self->image);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (gproc_container_parent_class)->finalize (object);
}

static void
gproc_container_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  GProcContainer *self = GPROC_CONTAINER (object);

  switch (prop_id)
    {
    case PROP_ENGINE:
      g_value_set_object (value, self->engine);
      break;
    case PROP_ID:
      g_value_set_string (value, self->id);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_IMAGE:
      g_value_set_string (value, self->image);
      break;
    case PROP_STATE:
      g_value_set_string (value, gproc_container_get_state (self));
      break;
    case PROP_RUNNING:
      g_value_set_boolean (value, gproc_container_get_running (self));
      break;
    case PROP_RETURNCODE:
      g_value_set_int (value, gproc_container_get_returncode (self));
      break;
    case PROP_IS_PTY:
      g_value_set_boolean (value, gproc_container_get_is_pty (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
gproc_container_class_init (GProcContainerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = gproc_container_finalize;
  object_class->get_property = gproc_container_get_property;

  /**
   * GProcContainer:engine: (getter get_engine)
   *
   * The engine that has the container.
   *
   * Since: 1.0
   */
  props[PROP_ENGINE] = g_param_spec_object ("engine", NULL, NULL, GPROC_TYPE_ENGINE, flags);

  /**
   * GProcContainer:id: (getter get_id)
   *
   * The id of the container.
   *
   * Since: 1.0
   */
  props[PROP_ID] = g_param_spec_string ("id", NULL, NULL, NULL, flags);

  /**
   * GProcContainer:name: (getter get_name)
   *
   * The name of the container, without the slash that engines put before it.
   *
   * Since: 1.0
   */
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);

  /**
   * GProcContainer:image: (getter get_image)
   *
   * The image that the container is made of.
   *
   * Since: 1.0
   */
  props[PROP_IMAGE] = g_param_spec_string ("image", NULL, NULL, NULL, flags);

  /**
   * GProcContainer:state: (getter get_state)
   *
   * The state of the container as the engine names it: `created`, `running`, `paused`, `exited`
   * and others that Docker and Podman have. It is `unknown` where the engine has another name,
   * and empty where it has none.
   *
   * Since: 1.0
   */
  props[PROP_STATE] = g_param_spec_string ("state", NULL, NULL, NULL, flags);

  /**
   * GProcContainer:running: (getter get_running)
   *
   * Whether the container runs.
   *
   * Since: 1.0
   */
  props[PROP_RUNNING] = g_param_spec_boolean ("running", NULL, NULL, FALSE, flags);

  /**
   * GProcContainer:returncode: (getter get_returncode)
   *
   * How the process of the container has ended; [const@GProc.RETURNCODE_NONE] unless it is over and
   * the container was got or refreshed since: a list does not say it.
   *
   * Since: 1.0
   */
  props[PROP_RETURNCODE] = g_param_spec_int ("returncode", NULL, NULL, G_MININT, G_MAXINT,
                                             GPROC_RETURNCODE_NONE, flags);

  /**
   * GProcContainer:is-pty: (getter get_is_pty)
   *
   * Whether the process of the container has a terminal. A list does not say it.
   *
   * Since: 1.0
   */
  props[PROP_IS_PTY] = g_param_spec_boolean ("is-pty", NULL, NULL, FALSE, flags);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
gproc_container_init (GProcContainer *self)
{
  g_mutex_init (&self->lock);
  self->state = "";
  self->returncode = GPROC_RETURNCODE_NONE;
}

char *
_gproc_container_get_path (const char *id,
                           const char *rest)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, FALSE);

  /* Dots are no names but steps, which must not lead to another place. */
  if (id[0] == '.' && _gproc_id_is_path (id))
    {
      g_free (escaped);
      escaped = g_strdup (id[1] == '.' ? "%2E%2E" : "%2E");
    }

  return g_strconcat ("/containers/", escaped, rest[0] != '?' ? "/" : "", rest, NULL);
}

/* The description of one container has an object where a list has a string. */
static const char *
find_state (JsonObject *object)
{
  const char *state = _gproc_json_get_string (object, "State");

  return state != NULL
           ? state
           : _gproc_json_get_string (_gproc_json_get_object (object, "State"), "Status");
}

static void
take_object (GProcContainer *self,
             JsonObject     *object)
{
  JsonObject *state = _gproc_json_get_object (object, "State");
  JsonObject *config = _gproc_json_get_object (object, "Config");
  const char *name = find_state (object);
  GProcPhase phase = GPROC_PHASE_UNKNOWN;

  g_mutex_lock (&self->lock);
  self->state = name != NULL ? _gproc_phase_parse (name, &phase) : "";
  self->returncode = GPROC_RETURNCODE_NONE;
  if (phase == GPROC_PHASE_OVER)
    _gproc_json_get_exit_code (state, "ExitCode", &self->returncode);
  self->is_pty = _gproc_json_get_boolean (config, "Tty");
  self->has_stdin = _gproc_json_get_boolean (config, "OpenStdin");
  g_mutex_unlock (&self->lock);
}

static char *
find_name (JsonObject *object)
{
  const char *name = _gproc_json_get_string (object, "Name");
  JsonNode *names = json_object_get_member (object, "Names");

  /* In its list Podman leaves the name empty. */
  if ((name == NULL || *name == '\0') && names != NULL && JSON_NODE_HOLDS_ARRAY (names) &&
      json_array_get_length (json_node_get_array (names)) > 0)
    {
      JsonNode *first = json_array_get_element (json_node_get_array (names), 0);

      name = json_node_get_value_type (first) == G_TYPE_STRING ? json_node_get_string (first)
                                                               : NULL;
    }

  return g_strdup (name != NULL && name[0] == '/' ? name + 1 : name);
}

GProcContainer *
_gproc_container_new (GProcEngine  *engine,
                      JsonObject   *object,
                      GError      **error)
{
  const char *id = _gproc_json_get_id (object);
  const char *image = _gproc_json_get_string (_gproc_json_get_object (object, "Config"), "Image");
  GProcContainer *self;

  if (id == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           _ ("The container engine tells of a container without an id"));
      return NULL;
    }

  self = g_object_new (GPROC_TYPE_CONTAINER, NULL);
  self->engine = g_object_ref (engine);
  self->id = g_strdup (id);
  self->name = find_name (object);
  self->image = g_strdup (image != NULL ? image : _gproc_json_get_string (object, "Image"));
  take_object (self, object);

  return self;
}

gboolean
_gproc_container_update (GProcContainer  *self,
                         GProcAnswer     *answer,
                         GError         **error)
{
  g_autoptr (JsonNode) node = _gproc_answer_parse (answer, JSON_NODE_OBJECT, error);

  if (node == NULL)
    return FALSE;

  take_object (self, json_node_get_object (node));
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_RUNNING]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_RETURNCODE]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_IS_PTY]);

  return TRUE;
}

gboolean
_gproc_container_has_stdin (GProcContainer *self)
{
  gboolean has_stdin;

  g_mutex_lock (&self->lock);
  has_stdin = self->has_stdin;
  g_mutex_unlock (&self->lock);

  return has_stdin;
}

/**
 * gproc_container_get_engine: (get-property engine)
 * @self: a container
 *
 * Gets the engine that has the container.
 *
 * Returns: (transfer none): the engine
 *
 * Since: 1.0
 */
GProcEngine *
gproc_container_get_engine (GProcContainer *self)
{
  g_return_val_if_fail (GPROC_IS_CONTAINER (self), NULL);

  return self->engine;
}

/**
 * gproc_container_get_id: (get-property id)
 * @self: a container
 *
 * Gets the id of the container.
 *
 * Returns: (transfer none): the id
 *
 * Since: 1.0
 */
const char *
gproc_container_get_id (GProcContainer *self)
{
  g_return_val_if_fail (GPROC_IS_CONTAINER (self), NULL);

  return self->id;
}

/**
 * gproc_container_get_name: (get-property name)
 * @self: a container
 *
 * Gets the name of the container.
 *
 * Returns: (transfer none) (nullable): the name, %NULL if it has none
 *
 * Since: 1.0
 */
const char *
gproc_container_get_name (GProcContainer *self)
{
  g_return_val_if_fail (GPROC_IS_CONTAINER (self), NULL);

  return self->name;
}

/**
 * gproc_container_get_image: (get-property image)
 * @self: a container
 *
 * Gets the image that the container is made of.
 *
 * Returns: (transfer none) (nullable): the image, %NULL if the engine does not say it
 *
 * Since: 1.0
 */
const char *
gproc_container_get_image (GProcContainer *self)
{
  g_return_val_if_fail (GPROC_IS_CONTAINER (self), NULL);

  return self->image;
}

/**
 * gproc_container_get_state: (get-property state)
 * @self: a container
 *
 * Gets the state of the container, as the engine has said it last.
 *
 * Returns: (transfer none): the state, empty if the engine does not say it
 *
 * Since: 1.0
 */
const char *
gproc_container_get_state (GProcContainer *self)
{
  const char *value;

  g_return_val_if_fail (GPROC_IS_CONTAINER (self), NULL);

  g_mutex_lock (&self->lock);
  value = self->state;
  g_mutex_unlock (&self->lock);

  return value;
}

/**
 * gproc_container_get_running: (get-property running)
 * @self: a container
 *
 * Asks whether the container runs, as the engine has said it last.
 *
 * Returns: whether it does
 *
 * Since: 1.0
 */
gboolean
gproc_container_get_running (GProcContainer *self)
{
  gboolean value;

  g_return_val_if_fail (GPROC_IS_CONTAINER (self), FALSE);

  g_mutex_lock (&self->lock);
  value = g_str_equal (self->state, "running");
  g_mutex_unlock (&self->lock);

  return value;
}

/**
 * gproc_container_get_returncode: (get-property returncode)
 * @self: a container
 *
 * Gets how the process of the container has ended.
 *
 * Returns: the returncode, or [const@GProc.RETURNCODE_NONE]
 *
 * Since: 1.0
 */
int
gproc_container_get_returncode (GProcContainer *self)
{
  int value;

  g_return_val_if_fail (GPROC_IS_CONTAINER (self), GPROC_RETURNCODE_NONE);

  g_mutex_lock (&self->lock);
  value = self->returncode;
  g_mutex_unlock (&self->lock);

  return value;
}

/**
 * gproc_container_get_is_pty: (get-property is-pty)
 * @self: a container
 *
 * Asks whether the process of the container has a terminal.
 *
 * Returns: whether it has
 *
 * Since: 1.0
 */
gboolean
gproc_container_get_is_pty (GProcContainer *self)
{
  gboolean value;

  g_return_val_if_fail (GPROC_IS_CONTAINER (self), FALSE);

  g_mutex_lock (&self->lock);
  value = self->is_pty;
  g_mutex_unlock (&self->lock);

  return value;
}
