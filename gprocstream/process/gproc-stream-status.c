/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-local-backend-private.h"
#include "process/gproc-stream-internal-private.h"
#include "process/gproc-subprocess-backend-private.h"

/* What is known of the process. All of this gives the truth of the moment, in any
 * thread, whether or not a main loop runs. */

/**
 * gproc_stream_get_pid:
 * @self: a stream
 *
 * Gets the process id. It stays the same after the end of the process, when the
 * system may give the number to another one: send signals with
 * [method@GProc.Stream.send_signal], which knows.
 *
 * Returns: the process id, 0 if there is none on this system
 *
 * Since: 1.0
 */
int
gproc_stream_get_pid (GProcStream *self)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), 0);

  if (self->child != NULL)
    return _gproc_child_get_pid (self->child);
  if (self->backend != NULL && GPROC_IS_SUBPROCESS_BACKEND (self->backend))
    return _gproc_subprocess_backend_get_pid (GPROC_SUBPROCESS_BACKEND (self->backend));

  return 0;
}

/**
 * gproc_stream_get_pidfd:
 * @self: a stream
 *
 * Gets a descriptor that polls as readable once the process is over, for loops
 * other than a [struct@GLib.MainContext]. It belongs to the stream: it must not be
 * closed, nor read from, nor waited for with `waitid ()` other than by `WNOWAIT`.
 *
 * Returns: the descriptor, −1 if there is none
 *
 * Since: 1.0
 */
int
gproc_stream_get_pidfd (GProcStream *self)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), -1);

  if (self->child != NULL)
    return _gproc_child_get_pidfd (self->child);
  if (self->backend != NULL && GPROC_IS_SUBPROCESS_BACKEND (self->backend))
    return _gproc_subprocess_backend_get_pidfd (GPROC_SUBPROCESS_BACKEND (self->backend));

  return -1;
}

/**
 * gproc_stream_get_identifier:
 * @self: a stream
 *
 * Gets the name of the process: its process id, or what its
 * [iface@GProc.Backend] calls it.
 *
 * Returns: (transfer none) (nullable): the name, or %NULL if there is none
 *
 * Since: 1.0
 */
const char *
gproc_stream_get_identifier (GProcStream *self)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), NULL);

  return self->backend != NULL ? gproc_backend_get_identifier (self->backend) : NULL;
}

/**
 * gproc_stream_get_command:
 * @self: a stream
 *
 * Gets the name of the program as it was given, which messages use.
 *
 * Returns: (transfer none) (nullable) (type filename): the name, or %NULL if it is
 *   not known
 *
 * Since: 1.0
 */
const char *
gproc_stream_get_command (GProcStream *self)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), NULL);

  return self->command;
}

/**
 * gproc_stream_get_running:
 * @self: a stream
 *
 * Gets whether there is a process that is not over.
 *
 * Returns: whether the process runs
 *
 * Since: 1.0
 */
gboolean
gproc_stream_get_running (GProcStream *self)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), FALSE);

  return self->backend != NULL && !_gproc_stream_is_over (self);
}

/**
 * gproc_stream_get_timed_out:
 * @self: a stream
 *
 * Gets whether the process was stopped because
 * [property@GProc.Launcher:timeout] was over.
 *
 * Returns: whether the time was over
 *
 * Since: 1.0
 */
gboolean
gproc_stream_get_timed_out (GProcStream *self)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), FALSE);

  return self->child != NULL && _gproc_child_get_timed_out (self->child);
}

/**
 * gproc_stream_get_returncode:
 * @self: a stream
 *
 * Gets how the process ended.
 *
 * Returns: the exit status, or −N where signal N ended the process;
 *   [const@GProc.RETURNCODE_NONE] while it runs, where nobody can know how it
 *   ended, and without a process
 *
 * Since: 1.0
 */
int
gproc_stream_get_returncode (GProcStream *self)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), GPROC_RETURNCODE_NONE);

  if (!_gproc_stream_is_over (self))
    return GPROC_RETURNCODE_NONE;

  return self->child != NULL ? _gproc_child_get_returncode (self->child)
                             : g_atomic_int_get (&self->returncode);
}

/**
 * gproc_stream_get_shell_status:
 * @self: a stream
 *
 * Gets how the process ended, in the way of a shell's `$?`.
 *
 * Returns: the exit status, or 128 + N where signal N ended the process;
 *   [const@GProc.RETURNCODE_NONE] where there is no returncode
 *
 * Since: 1.0
 */
int
gproc_stream_get_shell_status (GProcStream *self)
{
  int returncode = gproc_stream_get_returncode (self);

  return returncode < 0 && returncode != GPROC_RETURNCODE_NONE ? 128 - returncode : returncode;
}

/**
 * gproc_stream_get_status:
 * @self: a stream
 *
 * Gets how the process ended, as `waitpid ()` gives it, for macros like
 * `WIFEXITED ()`.
 *
 * Returns: the status, −1 where there is no returncode
 *
 * Since: 1.0
 */
int
gproc_stream_get_status (GProcStream *self)
{
  int returncode = gproc_stream_get_returncode (self);

  if (returncode == GPROC_RETURNCODE_NONE)
    return -1;
  if (self->child != NULL)
    return _gproc_child_get_status (self->child);

  return returncode >= 0 ? (returncode & 0xff) << 8 : -returncode & 0x7f;
}

/**
 * gproc_stream_get_if_exited:
 * @self: a stream
 *
 * Gets whether the process ended by itself.
 *
 * Returns: whether there is an exit status
 *
 * Since: 1.0
 */
gboolean
gproc_stream_get_if_exited (GProcStream *self)
{
  return gproc_stream_get_returncode (self) >= 0;
}

/**
 * gproc_stream_get_exit_status:
 * @self: a stream
 *
 * Gets the status with which the process ended by itself.
 *
 * Returns: the exit status, −1 if [method@GProc.Stream.get_if_exited] is %FALSE
 *
 * Since: 1.0
 */
int
gproc_stream_get_exit_status (GProcStream *self)
{
  return MAX (gproc_stream_get_returncode (self), -1);
}

/**
 * gproc_stream_get_if_signaled:
 * @self: a stream
 *
 * Gets whether a signal ended the process.
 *
 * Returns: whether there is a signal that ended the process
 *
 * Since: 1.0
 */
gboolean
gproc_stream_get_if_signaled (GProcStream *self)
{
  return gproc_stream_get_term_sig (self) != 0;
}

/**
 * gproc_stream_get_term_sig:
 * @self: a stream
 *
 * Gets the signal that ended the process.
 *
 * Returns: the number of the signal, 0 if [method@GProc.Stream.get_if_signaled] is
 *   %FALSE
 *
 * Since: 1.0
 */
int
gproc_stream_get_term_sig (GProcStream *self)
{
  int returncode = gproc_stream_get_returncode (self);

  return returncode < 0 && returncode != GPROC_RETURNCODE_NONE ? -returncode : 0;
}

/**
 * gproc_stream_get_successful:
 * @self: a stream
 *
 * Gets whether the process ended by itself with a status of 0.
 *
 * Returns: whether the process succeeded
 *
 * Since: 1.0
 */
gboolean
gproc_stream_get_successful (GProcStream *self)
{
  return gproc_stream_get_returncode (self) == 0;
}
