/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-launcher-private.h"

#include <string.h>

/* The first change makes a copy of the application's environment. */
static void
own_environ (GProcLauncher *self)
{
  if (self->envp == NULL)
    self->envp = g_get_environ ();
}

static gboolean
is_variable (const char *variable)
{
  return variable != NULL && variable[0] != '\0' && strchr (variable, '=') == NULL;
}

/**
 * gproc_launcher_set_environ:
 * @self: the launcher
 * @envp: (nullable) (array zero-terminated=1) (element-type filename): the
 *   environment, as `NAME=VALUE`, or %NULL for that which the application has when
 *   it spawns
 *
 * Sets the whole environment of the process.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_environ (GProcLauncher      *self,
                            const char * const *envp)
{
  char **copy = g_strdupv ((char **) envp);

  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  g_strfreev (self->envp);
  self->envp = copy;
  g_strfreev (self->changes);
  self->changes = g_strdupv (copy);
}

/**
 * gproc_launcher_getenv:
 * @self: the launcher
 * @variable: (type filename): the name of a variable
 *
 * Gets a variable of the environment that the process gets.
 *
 * Returns: (nullable) (type filename): the value, %NULL if it is not set. Valid until
 *   the environment is changed
 *
 * Since: 1.0
 */
const char *
gproc_launcher_getenv (GProcLauncher *self,
                       const char    *variable)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), NULL);
  g_return_val_if_fail (variable != NULL, NULL);

  return self->envp != NULL ? g_environ_getenv (self->envp, variable) : g_getenv (variable);
}

/**
 * gproc_launcher_setenv:
 * @self: the launcher
 * @variable: (type filename): the name of a variable, without `=`
 * @value: (type filename): its value
 * @overwrite: whether to replace a value that is there
 *
 * Sets a variable of the environment of the process. The rest of it is what the
 * application has at the first such change.
 *
 * Since: 1.0
 */
void
gproc_launcher_setenv (GProcLauncher *self,
                       const char    *variable,
                       const char    *value,
                       gboolean       overwrite)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (is_variable (variable));
  g_return_if_fail (value != NULL);

  own_environ (self);
  if (overwrite || g_environ_getenv (self->envp, variable) == NULL)
    self->changes = g_environ_setenv (self->changes, variable, value, TRUE);
  self->envp = g_environ_setenv (self->envp, variable, value, overwrite);
}

/**
 * gproc_launcher_unsetenv:
 * @self: the launcher
 * @variable: (type filename): the name of a variable, without `=`
 *
 * Removes a variable from the environment of the process. The rest of it is what
 * the application has at the first such change.
 *
 * Since: 1.0
 */
void
gproc_launcher_unsetenv (GProcLauncher *self,
                         const char    *variable)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (is_variable (variable));

  own_environ (self);
  self->envp = g_environ_unsetenv (self->envp, variable);
  if (self->changes != NULL)
    self->changes = g_environ_unsetenv (self->changes, variable);
}

/**
 * gproc_launcher_clear_env:
 * @self: the launcher
 *
 * Gives the process an empty environment, to which variables can be added.
 *
 * A command without a slash is searched in `/bin` and `/usr/bin` while there is no
 * `PATH` in it.
 *
 * Since: 1.0
 */
void
gproc_launcher_clear_env (GProcLauncher *self)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  g_strfreev (self->envp);
  self->envp = g_new0 (char *, 1);
  g_clear_pointer (&self->changes, g_strfreev);
}

/**
 * gproc_launcher_get_environ_changes:
 * @self: the launcher
 *
 * Gets the variables that were set with [method@GProc.Launcher.set_environ] and
 * [method@GProc.Launcher.setenv] and not removed again: what a process gets that does not
 * inherit the environment of the application, such as one in a container.
 *
 * Returns: (transfer full) (array zero-terminated=1) (element-type filename): the variables, as
 *   `NAME=VALUE`
 *
 * Since: 1.0
 */
char **
gproc_launcher_get_environ_changes (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), NULL);

  return self->changes != NULL ? g_strdupv (self->changes) : g_new0 (char *, 1);
}
