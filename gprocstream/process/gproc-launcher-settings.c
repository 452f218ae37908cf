/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-launcher-private.h"

#include <unistd.h>

static void
set_boolean (GProcLauncher     *self,
             gboolean          *field,
             gboolean           value,
             GProcLauncherProp  prop)
{
  if (*field == !!value)
    return;

  *field = !!value;
  _gproc_launcher_notify (self, prop);
}

static void
set_int (GProcLauncher     *self,
         int               *field,
         int                value,
         GProcLauncherProp  prop)
{
  if (*field == value)
    return;

  *field = value;
  _gproc_launcher_notify (self, prop);
}

static void
set_uint (GProcLauncher     *self,
          guint             *field,
          guint              value,
          GProcLauncherProp  prop)
{
  if (*field == value)
    return;

  *field = value;
  _gproc_launcher_notify (self, prop);
}

static void
set_size (GProcLauncher     *self,
          gsize             *field,
          gsize              value,
          GProcLauncherProp  prop)
{
  if (*field == value)
    return;

  *field = value;
  _gproc_launcher_notify (self, prop);
}

static void
set_signed_size (GProcLauncher     *self,
                 gssize            *field,
                 gssize             value,
                 GProcLauncherProp  prop)
{
  if (*field == value)
    return;

  *field = value;
  _gproc_launcher_notify (self, prop);
}

static void
set_string (GProcLauncher      *self,
            char              **field,
            const char         *value,
            GProcLauncherProp   prop)
{
  if (g_strcmp0 (*field, value) == 0)
    return;

  g_free (*field);
  *field = g_strdup (value);
  _gproc_launcher_notify (self, prop);
}

/**
 * gproc_launcher_get_process_group: (get-property process-group)
 * @self: the launcher
 *
 * Whether the process leads a group of its own: what was set, and otherwise
 * %TRUE unless it inherits its standard input.
 *
 * Returns: %TRUE for a group of its own
 *
 * Since: 1.0
 */
gboolean
gproc_launcher_get_process_group (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), FALSE);

  if (self->process_group >= 0)
    return self->process_group;

  return g_array_index (self->routes, GProcRoute, STDIN_FILENO).kind != GPROC_ROUTE_INHERIT;
}

/**
 * gproc_launcher_set_process_group: (set-property process-group)
 * @self: the launcher
 * @process_group: whether the process leads a group of its own
 *
 * Sets whether the process leads a group of its own. Then stopping it stops its
 * descendants too, and the keys of a terminal (Ctrl-C) do not reach it.
 *
 * A process that reads the terminal of the application has to be in its group,
 * which is why it is by default when it inherits its standard input.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_process_group (GProcLauncher *self,
                                  gboolean       process_group)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  set_int (self, &self->process_group, !!process_group, GPROC_LAUNCHER_PROP_PROCESS_GROUP);
}

/**
 * gproc_launcher_set_umask: (set-property umask)
 * @self: the launcher
 * @mask: the bits that files the process makes do not get, or −1
 *
 * Sets the file mode mask of the process, or leaves it that of the application.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_umask (GProcLauncher *self,
                          int            mask)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (mask >= -1 && mask <= 0777);

  set_int (self, &self->umask, mask, GPROC_LAUNCHER_PROP_UMASK);
}

/**
 * gproc_launcher_get_user:
 * @self: the launcher
 *
 * Gets the user that the process runs as.
 *
 * Returns: the id, −1 for that of the application
 *
 * Since: 1.0
 */
gint64
gproc_launcher_get_user (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), -1);

  return self->user_id;
}

/**
 * gproc_launcher_set_user:
 * @self: the launcher
 * @user_id: a user id, or −1 for that of the application
 *
 * Sets the real, effective and saved user of the process, which takes privileges
 * unless it is the application's own. The group is set apart
 * ([method@GProc.Launcher.set_group]); supplementary groups are dropped.
 *
 * Spawning with another user or group copies the application, as its memory must
 * not be shared with another's process even for a moment.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_user (GProcLauncher *self,
                         gint64         user_id)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (user_id >= -1 && user_id < G_MAXUINT32);

  self->user_id = user_id;
}

/**
 * gproc_launcher_get_group:
 * @self: the launcher
 *
 * Gets the group that the process runs as.
 *
 * Returns: the id, −1 for that of the application
 *
 * Since: 1.0
 */
gint64
gproc_launcher_get_group (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), -1);

  return self->group_id;
}

/**
 * gproc_launcher_set_group:
 * @self: the launcher
 * @group_id: a group id, or −1 for that of the application
 *
 * Sets the real, effective and saved group of the process. Where the application
 * is privileged it becomes the only supplementary group too.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_group (GProcLauncher *self,
                          gint64         group_id)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (group_id >= -1 && group_id < G_MAXUINT32);

  self->group_id = group_id;
}

/**
 * gproc_launcher_set_rlimit:
 * @self: the launcher
 * @resource: one of the `RLIMIT_` constants of `<sys/resource.h>`
 * @soft: the soft limit; %G_MAXUINT64 for none
 * @hard: the hard limit; %G_MAXUINT64 for none
 *
 * Sets a limit of the process. Raising the hard limit takes privileges.
 *
 * Where it is not set, the soft limit of `RLIMIT_NOFILE` becomes what it was when
 * the library was loaded.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_rlimit (GProcLauncher *self,
                           int            resource,
                           guint64        soft,
                           guint64        hard)
{
  GProcSpawnLimit limit = { .resource = resource, .pair = { soft, hard } };

  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (resource >= 0);

  for (guint i = 0; i < self->limits->len; i++)
    {
      if (g_array_index (self->limits, GProcSpawnLimit, i).resource == resource)
        {
          g_array_index (self->limits, GProcSpawnLimit, i) = limit;
          return;
        }
    }
  g_array_append_val (self->limits, limit);
}

/**
 * gproc_launcher_set_high_watermark: (set-property high-watermark)
 * @self: the launcher
 * @high: a number of bytes, or −1 for that of a new writer
 *
 * Sets the high watermark of the writers of new streams; see
 * [method@GProc.Writer.set_watermarks].
 *
 * Since: 1.0
 */
void
gproc_launcher_set_high_watermark (GProcLauncher *self,
                                   gssize         high)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (high >= -1);

  set_signed_size (self, &self->high_watermark, high, GPROC_LAUNCHER_PROP_HIGH_WATERMARK);
}

/**
 * gproc_launcher_set_low_watermark: (set-property low-watermark)
 * @self: the launcher
 * @low: a number of bytes, or −1 for that of a new writer
 *
 * Sets the low watermark of the writers of new streams; see
 * [method@GProc.Writer.set_watermarks].
 *
 * Since: 1.0
 */
void
gproc_launcher_set_low_watermark (GProcLauncher *self,
                                  gssize         low)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (low >= -1);

  set_signed_size (self, &self->low_watermark, low, GPROC_LAUNCHER_PROP_LOW_WATERMARK);
}

/**
 * gproc_launcher_get_cwd: (get-property cwd)
 * @self: the launcher
 *
 * Gets the folder that the process starts in.
 *
 * Returns: (nullable) (type filename): the folder, %NULL for that of the application
 *
 * Since: 1.0
 */
const char *
gproc_launcher_get_cwd (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), NULL);

  return self->cwd;
}

/**
 * gproc_launcher_set_cwd: (set-property cwd)
 * @self: the launcher
 * @cwd: (nullable) (type filename): a folder, or %NULL for that of the application
 *
 * Sets the folder that the process starts in.
 *
 * It is entered before the program is looked for, so a command that is a
 * relative path with a slash in it is relative to this folder. Paths of files
 * that stand for a standard descriptor are relative to the folder of the
 * application.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_cwd (GProcLauncher *self,
                        const char    *cwd)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  set_string (self, &self->cwd, cwd, GPROC_LAUNCHER_PROP_CWD);
}

/**
 * gproc_launcher_get_executable: (get-property executable)
 * @self: the launcher
 *
 * Gets the program that is run in place of `argv[0]`.
 *
 * Returns: (nullable) (type filename): the program, %NULL for `argv[0]`
 *
 * Since: 1.0
 */
const char *
gproc_launcher_get_executable (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), NULL);

  return self->executable;
}

/**
 * gproc_launcher_set_executable: (set-property executable)
 * @self: the launcher
 * @executable: (nullable) (type filename): a program, or %NULL for `argv[0]`
 *
 * Sets the program that is run, which is `argv[0]` otherwise. The process sees
 * `argv[0]` all the same. A name without a slash is searched in the `PATH` of the
 * environment that the process gets.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_executable (GProcLauncher *self,
                               const char    *executable)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  set_string (self, &self->executable, executable, GPROC_LAUNCHER_PROP_EXECUTABLE);
}

/**
 * gproc_launcher_get_new_session: (get-property new-session)
 * @self: the launcher
 *
 * Whether the process leads a session of its own.
 *
 * Returns: %TRUE for a session of its own
 *
 * Since: 1.0
 */
gboolean
gproc_launcher_get_new_session (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), FALSE);

  return self->new_session;
}

/**
 * gproc_launcher_set_new_session: (set-property new-session)
 * @self: the launcher
 * @new_session: whether the process leads a session of its own
 *
 * Sets whether the process leads a session of its own, and with it a group. It
 * has no controlling terminal then.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_new_session (GProcLauncher *self,
                                gboolean       new_session)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  set_boolean (self, &self->new_session, new_session, GPROC_LAUNCHER_PROP_NEW_SESSION);
}

/**
 * gproc_launcher_get_die_with_parent: (get-property die-with-parent)
 * @self: the launcher
 *
 * Whether the process is killed when the application ends.
 *
 * Returns: %TRUE if it is killed
 *
 * Since: 1.0
 */
gboolean
gproc_launcher_get_die_with_parent (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), FALSE);

  return self->die_with_parent;
}

/**
 * gproc_launcher_set_die_with_parent: (set-property die-with-parent)
 * @self: the launcher
 * @die_with_parent: whether the process is killed when the application ends
 *
 * Sets whether the kernel kills the process (`SIGKILL`) when the application
 * ends, however that happens. It is no matter which thread spawned it, or whether
 * that thread lives.
 *
 * The kernel forgets this when the process runs a program that is set-user-ID,
 * set-group-ID or has capabilities, or changes its user or group; and it does not
 * hold for what the process starts itself.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_die_with_parent (GProcLauncher *self,
                                    gboolean       die_with_parent)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  set_boolean (self, &self->die_with_parent, die_with_parent, GPROC_LAUNCHER_PROP_DIE_WITH_PARENT);
}

/**
 * gproc_launcher_get_umask: (get-property umask)
 * @self: the launcher
 *
 * Gets the file mode mask of the process.
 *
 * Returns: the mask, −1 for that of the application
 *
 * Since: 1.0
 */
int
gproc_launcher_get_umask (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), -1);

  return self->umask;
}

/**
 * gproc_launcher_get_timeout: (get-property timeout)
 * @self: the launcher
 *
 * Gets the time the process may take.
 *
 * Returns: milliseconds, 0 for any
 *
 * Since: 1.0
 */
guint
gproc_launcher_get_timeout (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), 0);

  return self->timeout_ms;
}

/**
 * gproc_launcher_set_timeout: (set-property timeout)
 * @self: the launcher
 * @timeout_ms: milliseconds, 0 for any
 *
 * Sets after which time the process is stopped: `SIGTERM`, and `SIGKILL` after
 * [property@GProc.Launcher:stop-grace], to its group if it leads one. The time
 * runs from the start of the process and whether or not a main loop does.
 * What waits for the process reports %G_IO_ERROR_TIMED_OUT then.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_timeout (GProcLauncher *self,
                            guint          timeout_ms)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  set_uint (self, &self->timeout_ms, timeout_ms, GPROC_LAUNCHER_PROP_TIMEOUT);
}

/**
 * gproc_launcher_get_stop_grace: (get-property stop-grace)
 * @self: the launcher
 *
 * Gets the time between the polite signal and the other.
 *
 * Returns: milliseconds
 *
 * Since: 1.0
 */
guint
gproc_launcher_get_stop_grace (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), 0);

  return self->stop_grace_ms;
}

/**
 * gproc_launcher_set_stop_grace: (set-property stop-grace)
 * @self: the launcher
 * @grace_ms: milliseconds
 *
 * Sets how much time a process has after `SIGTERM` before `SIGKILL` follows, where
 * the library stops it: after the timeout, on close, when a run is cancelled.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_stop_grace (GProcLauncher *self,
                               guint          grace_ms)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  set_uint (self, &self->stop_grace_ms, grace_ms, GPROC_LAUNCHER_PROP_STOP_GRACE);
}

/**
 * gproc_launcher_get_post_exit_grace: (get-property post-exit-grace)
 * @self: the launcher
 *
 * Gets the time for which pipes may stay open after the end of the process.
 *
 * Returns: milliseconds, −1 for ever
 *
 * Since: 1.0
 */
int
gproc_launcher_get_post_exit_grace (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), -1);

  return self->post_exit_grace_ms;
}

/**
 * gproc_launcher_set_post_exit_grace: (set-property post-exit-grace)
 * @self: the launcher
 * @grace_ms: milliseconds, −1 for ever
 *
 * Sets how long after the end of the process its pipes may stay open, because a
 * descendant holds them, before the stream says so with
 * [signal@GProc.Stream::pipes-held] and its output counts as complete.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_post_exit_grace (GProcLauncher *self,
                                    int            grace_ms)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));
  g_return_if_fail (grace_ms >= -1);

  set_int (self, &self->post_exit_grace_ms, grace_ms, GPROC_LAUNCHER_PROP_POST_EXIT_GRACE);
}

/**
 * gproc_launcher_get_stop_on_close: (get-property stop-on-close)
 * @self: the launcher
 *
 * Whether closing the stream stops the process.
 *
 * Returns: %TRUE if it does
 *
 * Since: 1.0
 */
gboolean
gproc_launcher_get_stop_on_close (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), FALSE);

  return self->stop_on_close;
}

/**
 * gproc_launcher_set_stop_on_close: (set-property stop-on-close)
 * @self: the launcher
 * @stop_on_close: whether closing the stream stops the process
 *
 * Sets whether closing the stream stops the process. Otherwise it goes on, and
 * learns of it by the end of its input or by `SIGPIPE`.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_stop_on_close (GProcLauncher *self,
                                  gboolean       stop_on_close)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  set_boolean (self, &self->stop_on_close, stop_on_close, GPROC_LAUNCHER_PROP_STOP_ON_CLOSE);
}

/**
 * gproc_launcher_get_output_limit: (get-property output-limit)
 * @self: the launcher
 *
 * Gets how much of each output is collected.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
gsize
gproc_launcher_get_output_limit (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), 0);

  return self->output_limit;
}

/**
 * gproc_launcher_set_output_limit: (set-property output-limit)
 * @self: the launcher
 * @limit: a number of bytes
 *
 * Sets how much of each output [method@GProc.Stream.communicate] and
 * [method@GProc.Launcher.run] collect at most.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_output_limit (GProcLauncher *self,
                                 gsize          limit)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  set_size (self, &self->output_limit, limit, GPROC_LAUNCHER_PROP_OUTPUT_LIMIT);
}

/**
 * gproc_launcher_get_reader_limit: (get-property reader-limit)
 * @self: the launcher
 *
 * Gets the limit that the readers of new streams have.
 *
 * Returns: a number of bytes, 0 for that of a new reader
 *
 * Since: 1.0
 */
gsize
gproc_launcher_get_reader_limit (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), 0);

  return self->reader_limit;
}

/**
 * gproc_launcher_set_reader_limit: (set-property reader-limit)
 * @self: the launcher
 * @limit: a number of bytes, or 0 for that of a new reader
 *
 * Sets [property@GProc.Reader:limit] of the readers of new streams.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_reader_limit (GProcLauncher *self,
                                 gsize          limit)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  set_size (self, &self->reader_limit, limit, GPROC_LAUNCHER_PROP_READER_LIMIT);
}

/**
 * gproc_launcher_get_high_watermark: (get-property high-watermark)
 * @self: the launcher
 *
 * Gets the high watermark of the writers of new streams.
 *
 * Returns: a number of bytes, −1 for that of a new writer
 *
 * Since: 1.0
 */
gssize
gproc_launcher_get_high_watermark (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), -1);

  return self->high_watermark;
}

/**
 * gproc_launcher_get_low_watermark: (get-property low-watermark)
 * @self: the launcher
 *
 * Gets the low watermark of the writers of new streams.
 *
 * Returns: a number of bytes, −1 for that of a new writer
 *
 * Since: 1.0
 */
gssize
gproc_launcher_get_low_watermark (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), -1);

  return self->low_watermark;
}

/**
 * gproc_launcher_get_pipe_size: (get-property pipe-size)
 * @self: the launcher
 *
 * Gets the size of the pipes of new streams.
 *
 * Returns: a number of bytes, 0 for that of the kernel
 *
 * Since: 1.0
 */
guint
gproc_launcher_get_pipe_size (GProcLauncher *self)
{
  g_return_val_if_fail (GPROC_IS_LAUNCHER (self), 0);

  return self->pipe_size;
}

/**
 * gproc_launcher_set_pipe_size: (set-property pipe-size)
 * @self: the launcher
 * @size: a number of bytes, or 0 for that of the kernel
 *
 * Sets how much the pipes of new streams hold. The kernel rounds it up, and may
 * refuse, in which case the pipes keep their size.
 *
 * The library makes the pipes of busy streams larger by itself, within what a
 * user may have; this is for those who know better.
 *
 * Since: 1.0
 */
void
gproc_launcher_set_pipe_size (GProcLauncher *self,
                              guint          size)
{
  g_return_if_fail (GPROC_IS_LAUNCHER (self));

  set_uint (self, &self->pipe_size, size, GPROC_LAUNCHER_PROP_PIPE_SIZE);
}
