/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine/gproc-engine-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/**
 * GProcEngine:
 *
 * `GProcEngine` is a container engine that serves the API of Docker: Docker itself, or Podman.
 *
 * With it a process in a container is the same [class@GProc.Stream] that a child of the
 * application is: [method@GProcEngine.Engine.exec] runs a command in a container that runs,
 * [method@GProcEngine.Container.attach] is the process of a container itself.
 *
 * ```c
 * g_autoptr (GProcEngine) engine = gproc_engine_new (NULL, &error);
 * g_autoptr (GProcStream) psql = gproc_engine_exec (engine, "web", argv, NULL, NULL, &error);
 * ```
 *
 * ## Addresses
 *
 * - `unix:///run/podman/podman.sock`, or the path alone: a socket of this system
 * - `tcp://host:2375`: a host. With TLS if the address is one of `https://`, or the
 *   environment has `DOCKER_TLS_VERIFY` or, without a check of the certificate, `DOCKER_TLS`;
 *   `DOCKER_CERT_PATH`, by default `~/.docker`, is the folder of `ca.pem`, `cert.pem` and
 *   `key.pem`
 * - `ssh://user@host:22/path/of/the.sock`: an engine that is reached through ssh, which has to
 *   do without a terminal to ask for a password; user, port and path can be left out
 *
 * Without an address it is that of `DOCKER_HOST`, or of `CONTAINER_HOST`, or else the first
 * of these sockets that is there: `podman/podman.sock` and `docker.sock` in the runtime folder
 * of the user, `/run/podman/podman.sock`, `/var/run/docker.sock`.
 *
 * ## Requests
 *
 * An engine holds no connection: each request has its own, so requests can be under way side by
 * side, from any thread. The blocking forms do not iterate the main context of the caller, the
 * others call back in it.
 *
 * ## Errors
 *
 * What the engine refuses is %GPROC_STREAM_ERROR_ENGINE with the engine's own words, or
 * %G_IO_ERROR_NOT_FOUND if it knows of no such container or image. %G_IO_ERROR_TIMED_OUT is an
 * engine that does not answer within [property@GProcEngine.Engine:timeout],
 * %G_IO_ERROR_CONNECTION_CLOSED and %G_IO_ERROR_PARTIAL_INPUT one that hangs up before its
 * answer and in the middle of it, %G_IO_ERROR_INVALID_DATA something else that answers in its
 * place. Whatever keeps it from being reached is reported as GIO does.
 *
 * Since: 1.0
 */

#define DEFAULT_TIMEOUT_MS 30000

G_DEFINE_FINAL_TYPE (GProcEngine, gproc_engine, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_ADDRESS,
  PROP_SSH_COMMAND,
  PROP_TIMEOUT,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static void
gproc_engine_constructed (GObject *object)
{
  GProcEngine *self = GPROC_ENGINE (object);

  G_OBJECT_CLASS (gproc_engine_parent_class)->constructed (object);

  self->address = _gproc_address_parse (self->text, &self->address_error);
}

static void
gproc_engine_finalize (GObject *object)
{
  GProcEngine *self = GPROC_ENGINE (object);

  g_free (self->text);
  g_clear_pointer (&self->address, _gproc_address_free);
  g_clear_error (&self->address_error);
  g_strfreev (self->ssh_command);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (gproc_engine_parent_class)->finalize (object);
}

static void
gproc_engine_get_property (GObject    *object,
                           guint       prop_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  GProcEngine *self = GPROC_ENGINE (object);

  switch (prop_id)
    {
    case PROP_ADDRESS:
      g_value_set_string (value, gproc_engine_get_address (self));
      break;
    case PROP_SSH_COMMAND:
      g_value_take_boxed (value, gproc_engine_dup_ssh_command (self));
      break;
    case PROP_TIMEOUT:
      g_value_set_uint (value, gproc_engine_get_timeout (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
gproc_engine_set_property (GObject      *object,
                           guint         prop_id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  GProcEngine *self = GPROC_ENGINE (object);

  switch (prop_id)
    {
    case PROP_ADDRESS:
      self->text = g_value_dup_string (value);
      break;
    case PROP_SSH_COMMAND:
      gproc_engine_set_ssh_command (self, g_value_get_boxed (value));
      break;
    case PROP_TIMEOUT:
      gproc_engine_set_timeout (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
gproc_engine_class_init (GProcEngineClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = gproc_engine_constructed;
  object_class->finalize = gproc_engine_finalize;
  object_class->get_property = gproc_engine_get_property;
  object_class->set_property = gproc_engine_set_property;

  /**
   * GProcEngine:address: (getter get_address)
   *
   * The address of the engine, as it was given or found; %NULL if none was found.
   *
   * Since: 1.0
   */
  props[PROP_ADDRESS] = g_param_spec_string ("address", NULL, NULL, NULL,
                                             G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY |
                                               G_PARAM_STATIC_STRINGS);

  /**
   * GProcEngine:ssh-command: (getter dup_ssh_command) (setter set_ssh_command)
   *
   * What ssh is called by, with options of one's own, for an address of ssh. By default that
   * of the environment variable `GPROC_ENGINE_SSH`, quoted as for a shell, or else `ssh`.
   *
   * Since: 1.0
   */
  props[PROP_SSH_COMMAND] = g_param_spec_boxed ("ssh-command", NULL, NULL, G_TYPE_STRV,
                                                G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY |
                                                  G_PARAM_STATIC_STRINGS);

  /**
   * GProcEngine:timeout: (getter get_timeout) (setter set_timeout)
   *
   * How many milliseconds the engine has to answer a request, 0 for as long as it takes.
   * [method@GProcEngine.Container.wait] and [method@GProcEngine.Container.stop], which take as
   * long as the container does, and streams have no such limit once they have begun.
   *
   * A wait for a process asks as often as it takes. It ends with %G_IO_ERROR_INVALID_DATA where the
   * engine says for this long, or for 3 seconds if that is longer, neither that the process runs
   * nor how it ended; with 0 that may go on for ever while the streams of the process are open.
   * What the engine says is running is waited for as long as it says so.
   *
   * Since: 1.0
   */
  props[PROP_TIMEOUT] = g_param_spec_uint ("timeout", NULL, NULL, 0, G_MAXUINT, DEFAULT_TIMEOUT_MS,
                                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY |
                                             G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static char **
find_ssh_command (void)
{
  static const char * const plain[] = { "ssh", NULL };
  const char *variable = g_getenv ("GPROC_ENGINE_SSH");
  char **argv;

  if (variable != NULL && g_shell_parse_argv (variable, NULL, &argv, NULL))
    return argv;

  return g_strdupv ((char **) plain);
}

static void
gproc_engine_init (GProcEngine *self)
{
  g_mutex_init (&self->lock);
  self->timeout_ms = DEFAULT_TIMEOUT_MS;
  self->ssh_command = find_ssh_command ();
}

/**
 * gproc_engine_new:
 * @address: (nullable): the address of the engine, or %NULL for that of the environment
 * @error: where to put an error
 *
 * Makes an engine, without asking whether it is there.
 *
 * Returns: (transfer full): the engine, or %NULL with @error set: to
 *   %G_IO_ERROR_INVALID_ARGUMENT if that is no address, to %G_IO_ERROR_NOT_FOUND if there is
 *   no address and none was found
 *
 * Since: 1.0
 */
GProcEngine *
gproc_engine_new (const char  *address,
                  GError     **error)
{
  g_autoptr (GProcEngine) self = g_object_new (GPROC_TYPE_ENGINE, "address", address, NULL);

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (self->address != NULL)
    return g_steal_pointer (&self);

  g_propagate_error (error, g_error_copy (self->address_error));
  return NULL;
}

/**
 * gproc_engine_get_address: (get-property address)
 * @self: an engine
 *
 * Gets the address of the engine, as it was given or found.
 *
 * Returns: (transfer none) (nullable): the address, %NULL if none was found
 *
 * Since: 1.0
 */
const char *
gproc_engine_get_address (GProcEngine *self)
{
  g_return_val_if_fail (GPROC_IS_ENGINE (self), NULL);

  return self->address != NULL ? self->address->text : self->text;
}

/**
 * gproc_engine_get_timeout: (get-property timeout)
 * @self: an engine
 *
 * Gets how long the engine has to answer.
 *
 * Returns: a number of milliseconds, 0 for as long as it takes
 *
 * Since: 1.0
 */
guint
gproc_engine_get_timeout (GProcEngine *self)
{
  guint timeout_ms;

  g_return_val_if_fail (GPROC_IS_ENGINE (self), 0);

  g_mutex_lock (&self->lock);
  timeout_ms = self->timeout_ms;
  g_mutex_unlock (&self->lock);

  return timeout_ms;
}

/**
 * gproc_engine_set_timeout: (set-property timeout)
 * @self: an engine
 * @timeout_ms: a number of milliseconds, 0 for as long as it takes
 *
 * Sets how long the engine has to answer requests that begin from now on.
 *
 * Since: 1.0
 */
void
gproc_engine_set_timeout (GProcEngine *self,
                          guint        timeout_ms)
{
  gboolean changed;

  g_return_if_fail (GPROC_IS_ENGINE (self));

  g_mutex_lock (&self->lock);
  changed = self->timeout_ms != timeout_ms;
  self->timeout_ms = timeout_ms;
  g_mutex_unlock (&self->lock);

  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TIMEOUT]);
}

/**
 * gproc_engine_dup_ssh_command: (get-property ssh-command)
 * @self: an engine
 *
 * Gets what ssh is called by.
 *
 * Returns: (transfer full) (array zero-terminated=1) (element-type filename): the command, and
 *   options
 *
 * Since: 1.0
 */
char **
gproc_engine_dup_ssh_command (GProcEngine *self)
{
  char **ssh_command;

  g_return_val_if_fail (GPROC_IS_ENGINE (self), NULL);

  g_mutex_lock (&self->lock);
  ssh_command = g_strdupv (self->ssh_command);
  g_mutex_unlock (&self->lock);

  return ssh_command;
}

/**
 * gproc_engine_set_ssh_command: (set-property ssh-command)
 * @self: an engine
 * @ssh_command: (nullable) (array zero-terminated=1) (element-type filename): the command, and
 *   options; %NULL for that of the environment
 *
 * Sets what ssh is called by for an address of ssh.
 *
 * Since: 1.0
 */
void
gproc_engine_set_ssh_command (GProcEngine        *self,
                              const char * const *ssh_command)
{
  char **copy;

  g_return_if_fail (GPROC_IS_ENGINE (self));
  g_return_if_fail (ssh_command == NULL || ssh_command[0] != NULL);

  copy = ssh_command != NULL ? g_strdupv ((char **) ssh_command) : find_ssh_command ();
  g_mutex_lock (&self->lock);
  g_strfreev (self->ssh_command);
  self->ssh_command = copy;
  g_mutex_unlock (&self->lock);

  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SSH_COMMAND]);
}

GTask *
_gproc_engine_task (gpointer             source,
                    gpointer             tag,
                    const char          *name,
                    int                  io_priority,
                    GCancellable        *cancellable,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  GTask *task = g_task_new (source, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  g_task_set_name (task, name);
  g_task_set_priority (task, io_priority);

  return task;
}

gboolean
_gproc_engine_check (GTask      *task,
                     gboolean    is_right,
                     const char *format,
                     ...)
{
  va_list values;

  if (is_right)
    return TRUE;

  va_start (values, format);
  g_task_return_error (task, g_error_new_valist (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, format,
                                                 values));
  va_end (values);

  return FALSE;
}

gboolean
_gproc_engine_check_name (GTask      *task,
                          const char *name)
{
  return _gproc_engine_check (task, name[0] != '\0',
                              _ ("The name of a container or an image must not be empty"));
}
