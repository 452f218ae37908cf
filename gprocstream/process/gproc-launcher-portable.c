/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-launcher-private.h"

#include <glib/gi18n-lib.h>
#include <unistd.h>

/* What whoever starts processes elsewhere, in a container or on another host, has to know of
 * the settings. */

static GProcRoute *
find_route (GProcLauncher *self,
            int            target)
{
  for (guint i = 0; i < self->routes->len; i++)
    if (g_array_index (self->routes, GProcRoute, i).target == target)
      return &g_array_index (self->routes, GProcRoute, i);

  return NULL;
}

/**
 * gproc_launcher_get_disposition:
 * @self: the launcher
 * @target_fd: 0, 1 or 2
 *
 * Gets where one of the three standard descriptors of the process leads. One that leads to a
 * file or to a descriptor has %GPROC_DISPOSITION_INHERIT here;
 * [method@GProc.Launcher.check_portable] tells them apart.
 *
 * Returns: where it leads
 *
 * Since: 1.0
 */
GProcDisposition
gproc_launcher_get_disposition (GProcLauncher *self,
                                int            target_fd)
{
  GProcRoute *route;

  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), GPROC_DISPOSITION_INHERIT);
  g_return_val_if_fail (target_fd >= STDIN_FILENO && target_fd <= STDERR_FILENO,
                        GPROC_DISPOSITION_INHERIT);

  route = find_route (self, target_fd);
  switch (route->kind)
    {
    case GPROC_ROUTE_NULL:
      return GPROC_DISPOSITION_NULL;
    case GPROC_ROUTE_STDOUT:
      return GPROC_DISPOSITION_STDOUT;
    case GPROC_ROUTE_PIPE_READ:
    case GPROC_ROUTE_PIPE_WRITE:
      return GPROC_DISPOSITION_PIPE;
    case GPROC_ROUTE_PTY:
      return GPROC_DISPOSITION_PTY;
    case GPROC_ROUTE_INHERIT:
    case GPROC_ROUTE_FILE:
    case GPROC_ROUTE_FD:
    default:
      return GPROC_DISPOSITION_INHERIT;
    }
}

/* The name of a setting that only a child of the application can have; NULL if there is none. */
static const char *
find_local_setting (GProcLauncher *self)
{
  for (guint i = 0; i < self->routes->len; i++)
    {
      const GProcRoute *route = &g_array_index (self->routes, GProcRoute, i);

      if (route->kind == GPROC_ROUTE_FILE)
        return _ ("a file of the application in place of a standard descriptor");
      if (route->kind == GPROC_ROUTE_FD)
        return _ ("a descriptor of the application");
      if (route->target > STDERR_FILENO)
        return _ ("a pipe besides the standard ones");
    }

  if (self->executable != NULL)
    return _ ("an executable apart from the first argument");
  if (self->limits->len > 0)
    return _ ("a resource limit");
  if (self->umask >= 0)
    return _ ("a umask");
  if (self->die_with_parent)
    return _ ("an end with that of the application");

  return NULL;
}

/**
 * gproc_launcher_check_portable:
 * @self: the launcher
 * @error: where to put an error
 *
 * Checks that nothing is set that only a child of the application can have: files and
 * descriptors of the application, additional pipes, an executable, limits, a umask, an end with
 * that of the application. For those who start a process elsewhere.
 *
 * Returns: %TRUE if nothing of that is set, %FALSE with @error set to
 *   %G_IO_ERROR_NOT_SUPPORTED, which names it
 *
 * Since: 1.0
 */
gboolean
gproc_launcher_check_portable (GProcLauncher  *self,
                               GError        **error)
{
  const char *setting;

  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  setting = find_local_setting (self);
  if (setting == NULL)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               _ ("A process that is no child of the application cannot have %s"), setting);
  return FALSE;
}
