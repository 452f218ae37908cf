/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-launcher-private.h"

#include <unistd.h>

static void
close_owned (gpointer fd)
{
  close (*(int *) fd);
}

void
_gproc_route_clear (GProcRoute *route)
{
  if (route->owner != NULL)
    g_rc_box_release_full (route->owner, close_owned);
  g_clear_pointer (&route->path, g_free);
  route->fd = -1;
  route->owner = NULL;
}

/* The copy borrows the descriptor. */
GProcRoute
_gproc_route_copy (const GProcRoute *route)
{
  GProcRoute copy = *route;

  copy.path = g_strdup (route->path);
  copy.owner = NULL;

  return copy;
}

/* Takes what is in @route. */
static void
set_route (GProcLauncher *self,
           GProcRoute     route)
{
  gboolean before = gproc_launcher_get_process_group (self);

  route.is_explicit = TRUE;

  for (guint i = 0; i < self->routes->len; i++)
    {
      GProcRoute *found = &g_array_index (self->routes, GProcRoute, i);

      if (found->target == route.target)
        {
          _gproc_route_clear (found);
          *found = route;

          /* Whether the process leads a group may depend on its standard input. */
          if (gproc_launcher_get_process_group (self) != before)
            _gproc_launcher_notify (self, GPROC_LAUNCHER_PROP_PROCESS_GROUP);
          return;
        }
    }

  g_array_append_val (self->routes, route);
}

static void
set_disposition (GProcLauncher     *self,
                 int                target,
                 GProcDisposition   disposition,
                 GProcLauncherProp  prop)
{
  GProcRoute route = { .target = target, .fd = -1 };

  switch (disposition)
    {
    case GPROC_DISPOSITION_PIPE:
      route.kind = target == STDIN_FILENO ? GPROC_ROUTE_PIPE_WRITE : GPROC_ROUTE_PIPE_READ;
      break;
    case GPROC_DISPOSITION_INHERIT:
      route.kind = GPROC_ROUTE_INHERIT;
      break;
    case GPROC_DISPOSITION_PTY:
      route.kind = GPROC_ROUTE_PTY;
      break;
    case GPROC_DISPOSITION_STDOUT:
      g_return_if_fail (target == STDERR_FILENO);
      route.kind = GPROC_ROUTE_STDOUT;
      break;
    case GPROC_DISPOSITION_NULL:
    default:
      route.kind = GPROC_ROUTE_NULL;
      break;
    }

  set_route (self, route);
  _gproc_launcher_notify (self, prop);
}

static void
set_file (GProcLauncher  *self,
          int             target,
          const char     *path,
          GProcFileFlags  flags)
{
  GProcRoute route = { .target = target, .kind = GPROC_ROUTE_FILE, .fd = -1 };

  route.path = g_strdup (path);
  route.flags = flags;
  set_route (self, route);
}

static void
set_fd (GProcLauncher *self,
        int            target,
        int            fd,
        gboolean       owns_fd)
{
  GProcRoute route = { .target = target, .kind = GPROC_ROUTE_FD, .fd = fd };

  /* A descriptor that was taken for another target is closed when none has it any more,
   * and once. That goes for its uses as a borrowed one too. */
  for (guint i = 0; i < self->routes->len && route.owner == NULL; i++)
    {
      const GProcRoute *other = &g_array_index (self->routes, GProcRoute, i);

      if (other->owner != NULL && other->fd == fd)
        route.owner = g_rc_box_acquire (other->owner);
    }

  if (owns_fd && route.owner == NULL)
    {
      route.owner = g_rc_box_new (int);
      *route.owner = fd;
    }

  set_route (self, route);
}

/**
 * gproc_launcher_set_stdin: (set-property stdin)
 * @self: the launcher
 * @disposition: where it comes from, but not %GPROC_DISPOSITION_STDOUT
 *
 * Sets where standard input of the process comes from.
 *
 * Unless [method@GProc.Launcher.set_process_group] says otherwise, a process that
 * inherits its standard input is in the group of the application.
 *
 * With %GPROC_DISPOSITION_PTY for one or more of the three, the process leads a session of its
 * own, and a new terminal controls it, so that it can open `/dev/tty`. Those descriptors that
 * ask for the terminal share it: what is written to [method@GProc.Stream.get_stdin] comes from
 * it, and what the process writes to it is read from [method@GProc.Stream.get_stdout], or
 * from [method@GProc.Stream.get_stderr] where only standard error leads there. Where standard
 * input alone does, `gproc_stream_get_reader (stream, 0)` reads what the terminal shows.
 *
 * In place of an inherited descriptor that the application has closed, or that
 * closes on exec, the process has `/dev/null`.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_stdin (GProcLauncher    *self,
                          GProcDisposition  disposition)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  set_disposition (self, STDIN_FILENO, disposition, GPROC_LAUNCHER_PROP_STDIN);
}

/**
 * gproc_launcher_set_stdout: (set-property stdout)
 * @self: the launcher
 * @disposition: where it goes, but not %GPROC_DISPOSITION_STDOUT
 *
 * Sets where standard output of the process goes.
 *
 * In place of an inherited descriptor that the application has closed, or that
 * closes on exec, the process has `/dev/null`.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_stdout (GProcLauncher    *self,
                           GProcDisposition  disposition)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  set_disposition (self, STDOUT_FILENO, disposition, GPROC_LAUNCHER_PROP_STDOUT);
}

/**
 * gproc_launcher_set_stderr: (set-property stderr)
 * @self: the launcher
 * @disposition: where it goes
 *
 * Sets where standard error of the process goes.
 *
 * %GPROC_DISPOSITION_STDOUT makes one stream of both, in the order the process
 * wrote them.
 *
 * In place of an inherited descriptor that the application has closed, or that
 * closes on exec, the process has `/dev/null`.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_stderr (GProcLauncher    *self,
                           GProcDisposition  disposition)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  set_disposition (self, STDERR_FILENO, disposition, GPROC_LAUNCHER_PROP_STDERR);
}

/**
 * gproc_launcher_set_stdin_file:
 * @self: the launcher
 * @path: (type filename): a file
 * @flags: without effect for a file that is read
 *
 * Has standard input of the process come from a file.
 *
 * The file is opened by the application for each process, so a relative path is
 * relative to the folder of the application, and the rights are its own.
 * Opening a FIFO blocks until another process opens its other end:
 * [method@GProc.Launcher.spawn_async] does that in another thread.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_stdin_file (GProcLauncher  *self,
                               const char     *path,
                               GProcFileFlags  flags)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (path != NULL);

  set_file (self, STDIN_FILENO, path, flags);
}

/**
 * gproc_launcher_set_stdout_file:
 * @self: the launcher
 * @path: (type filename): a file
 * @flags: how it is opened
 *
 * Has standard output of the process go to a file.
 *
 * The file is opened by the application for each process, so a relative path is
 * relative to the folder of the application, and the rights are its own. It is created with
 * the file mode mask of the application if it is missing.
 * Opening a FIFO blocks until another process opens its other end:
 * [method@GProc.Launcher.spawn_async] does that in another thread.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_stdout_file (GProcLauncher  *self,
                                const char     *path,
                                GProcFileFlags  flags)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (path != NULL);

  set_file (self, STDOUT_FILENO, path, flags);
}

/**
 * gproc_launcher_set_stderr_file:
 * @self: the launcher
 * @path: (type filename): a file
 * @flags: how it is opened
 *
 * Has standard error of the process go to a file.
 *
 * The file is opened by the application for each process, so a relative path is
 * relative to the folder of the application, and the rights are its own. It is created with
 * the file mode mask of the application if it is missing.
 * Opening a FIFO blocks until another process opens its other end:
 * [method@GProc.Launcher.spawn_async] does that in another thread.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_stderr_file (GProcLauncher  *self,
                                const char     *path,
                                GProcFileFlags  flags)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (path != NULL);

  set_file (self, STDERR_FILENO, path, flags);
}

/**
 * gproc_launcher_set_stdin_fd:
 * @self: the launcher
 * @fd: a descriptor
 *
 * Has standard input of the process come from a descriptor.
 *
 * The descriptor is borrowed: it has to stay open until the last
 * [method@GProc.Launcher.spawn] has returned, or
 * [method@GProc.Launcher.spawn_async] was called. It is no matter whether it
 * closes on exec.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_stdin_fd (GProcLauncher *self,
                             int            fd)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (fd >= 0);

  set_fd (self, STDIN_FILENO, fd, FALSE);
}

/**
 * gproc_launcher_set_stdout_fd:
 * @self: the launcher
 * @fd: a descriptor
 *
 * Has standard output of the process go to a descriptor.
 *
 * The descriptor is borrowed: it has to stay open until the last
 * [method@GProc.Launcher.spawn] has returned, or
 * [method@GProc.Launcher.spawn_async] was called. It is no matter whether it
 * closes on exec.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_stdout_fd (GProcLauncher *self,
                              int            fd)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (fd >= 0);

  set_fd (self, STDOUT_FILENO, fd, FALSE);
}

/**
 * gproc_launcher_set_stderr_fd:
 * @self: the launcher
 * @fd: a descriptor
 *
 * Has standard error of the process go to a descriptor.
 *
 * The descriptor is borrowed: it has to stay open until the last
 * [method@GProc.Launcher.spawn] has returned, or
 * [method@GProc.Launcher.spawn_async] was called. It is no matter whether it
 * closes on exec.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_stderr_fd (GProcLauncher *self,
                              int            fd)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (fd >= 0);

  set_fd (self, STDERR_FILENO, fd, FALSE);
}

/**
 * gproc_launcher_take_stdin_fd:
 * @self: the launcher
 * @fd: a descriptor
 *
 * Has standard input of the process come from a descriptor.
 *
 * The descriptor belongs to the launcher from now on, which closes it when it is
 * freed or standard input is set again. Until then it serves for every process
 * that is spawned.
 *
 * Since: 1.0
 */
void
gproc_launcher_take_stdin_fd (GProcLauncher *self,
                              int            fd)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (fd >= 0);

  set_fd (self, STDIN_FILENO, fd, TRUE);
}

/**
 * gproc_launcher_take_stdout_fd:
 * @self: the launcher
 * @fd: a descriptor
 *
 * Has standard output of the process go to a descriptor.
 *
 * The descriptor belongs to the launcher from now on, which closes it when it is
 * freed or standard output is set again. Until then it serves for every process
 * that is spawned.
 *
 * Since: 1.0
 */
void
gproc_launcher_take_stdout_fd (GProcLauncher *self,
                               int            fd)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (fd >= 0);

  set_fd (self, STDOUT_FILENO, fd, TRUE);
}

/**
 * gproc_launcher_take_stderr_fd:
 * @self: the launcher
 * @fd: a descriptor
 *
 * Has standard error of the process go to a descriptor.
 *
 * The descriptor belongs to the launcher from now on, which closes it when it is
 * freed or standard error is set again. Until then it serves for every process
 * that is spawned.
 *
 * Since: 1.0
 */
void
gproc_launcher_take_stderr_fd (GProcLauncher *self,
                               int            fd)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (fd >= 0);

  set_fd (self, STDERR_FILENO, fd, TRUE);
}

/**
 * gproc_launcher_map_fd:
 * @self: the launcher
 * @source_fd: a descriptor of the application
 * @target_fd: its number in the process
 *
 * Gives the process a descriptor of the application, under a number of its own.
 * Sources and targets may overlap; setting a target again replaces what it was.
 *
 * The descriptor is borrowed: it has to stay open until the last
 * [method@GProc.Launcher.spawn] has returned, or
 * [method@GProc.Launcher.spawn_async] was called.
 *
 * Since: 1.0
 */
void
gproc_launcher_map_fd (GProcLauncher *self,
                       int            source_fd,
                       int            target_fd)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (source_fd >= 0);
  g_return_if_fail (target_fd >= 0);

  set_fd (self, target_fd, source_fd, FALSE);
}

/**
 * gproc_launcher_take_fd:
 * @self: the launcher
 * @source_fd: a descriptor of the application
 * @target_fd: its number in the process
 *
 * Gives the process a descriptor of the application, under a number of its own,
 * as [method@GProc.Launcher.map_fd] does.
 *
 * The descriptor belongs to the launcher from now on, which closes it when it is
 * freed or the target is set again. Until then it serves for every process that is
 * spawned.
 *
 * Since: 1.0
 */
void
gproc_launcher_take_fd (GProcLauncher *self,
                        int            source_fd,
                        int            target_fd)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (source_fd >= 0);
  g_return_if_fail (target_fd >= 0);

  set_fd (self, target_fd, source_fd, TRUE);
}

/**
 * gproc_launcher_add_pipe:
 * @self: the launcher
 * @target_fd: the number of the pipe in the process, above 2
 * @direction: its direction, seen from the application
 *
 * Gives each process a pipe besides the standard ones. The application's end of it
 * is [method@GProc.Stream.get_reader] or [method@GProc.Stream.get_writer] of the
 * stream, with the same number.
 *
 * Since: 1.0
 */
void
gproc_launcher_add_pipe (GProcLauncher      *self,
                         int                 target_fd,
                         GProcPipeDirection  direction)
{
  GProcRoute route = { .target = target_fd, .fd = -1 };

  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (target_fd > STDERR_FILENO);

  route.kind = direction == GPROC_PIPE_WRITE ? GPROC_ROUTE_PIPE_WRITE : GPROC_ROUTE_PIPE_READ;
  set_route (self, route);
}
