/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-result-private.h"

#include "process/gproc-returncode-private.h"

/**
 * GProcResult:
 *
 * `GProcResult` is what a process that ran to its end leaves: what it wrote, how
 * it ended and what it used.
 *
 * It is the result of [method@GProc.Stream.communicate] and of
 * [method@GProc.Launcher.run], and never changes.
 *
 * Since: 1.0
 */
struct _GProcResult
{
  GObject parent_instance;

  GBytes *stdout_bytes; /* NULL: standard output was not collected. */
  GBytes *stderr_bytes;
  char *stdout_text; /* Made when it is first asked for. */
  char *stderr_text;
  char *command;
  int returncode;
  gboolean timed_out;
  gboolean truncated;
  gint64 duration;
  gint64 user_time;
  gint64 system_time;
  gint64 max_resident;
};

enum
{
  PROP_STDOUT = 1,
  PROP_STDERR,
  PROP_STDOUT_UTF8,
  PROP_STDERR_UTF8,
  PROP_COMMAND,
  PROP_RETURNCODE,
  PROP_TERM_SIG,
  PROP_SUCCESSFUL,
  PROP_TIMED_OUT,
  PROP_TRUNCATED,
  PROP_DURATION,
  PROP_USER_TIME,
  PROP_SYSTEM_TIME,
  PROP_MAX_RESIDENT,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (GProcResult, gproc_result, G_TYPE_OBJECT)

static void
gproc_result_finalize (GObject *object)
{
  GProcResult *self = GPROC_RESULT (object);

  g_clear_pointer (&self->stdout_bytes, g_bytes_unref);
  g_clear_pointer (&self->stderr_bytes, g_bytes_unref);
  g_free (self->stdout_text);
  g_free (self->stderr_text);
  g_free (self->command);

  G_OBJECT_CLASS (gproc_result_parent_class)->finalize (object);
}

static void
gproc_result_get_property (GObject    *object,
                           guint       prop_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  GProcResult *self = GPROC_RESULT (object);

  switch (prop_id)
    {
    case PROP_STDOUT:
      g_value_set_boxed (value, self->stdout_bytes);
      break;
    case PROP_STDERR:
      g_value_set_boxed (value, self->stderr_bytes);
      break;
    case PROP_STDOUT_UTF8:
      g_value_set_string (value, gproc_result_get_stdout_utf8 (self));
      break;
    case PROP_STDERR_UTF8:
      g_value_set_string (value, gproc_result_get_stderr_utf8 (self));
      break;
    case PROP_COMMAND:
      g_value_set_string (value, self->command);
      break;
    case PROP_RETURNCODE:
      g_value_set_int (value, self->returncode);
      break;
    case PROP_TERM_SIG:
      g_value_set_int (value, gproc_result_get_term_sig (self));
      break;
    case PROP_SUCCESSFUL:
      g_value_set_boolean (value, gproc_result_get_successful (self));
      break;
    case PROP_TIMED_OUT:
      g_value_set_boolean (value, self->timed_out);
      break;
    case PROP_TRUNCATED:
      g_value_set_boolean (value, self->truncated);
      break;
    case PROP_DURATION:
      g_value_set_int64 (value, self->duration);
      break;
    case PROP_USER_TIME:
      g_value_set_int64 (value, self->user_time);
      break;
    case PROP_SYSTEM_TIME:
      g_value_set_int64 (value, self->system_time);
      break;
    case PROP_MAX_RESIDENT:
      g_value_set_int64 (value, self->max_resident);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
    }
}

static void
install_output_properties (void)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * GProcResult:stdout: (getter get_stdout)
   *
   * What the process wrote to standard output, or %NULL if that was not a pipe.
   *
   * Since: 1.0
   */
  props[PROP_STDOUT] = g_param_spec_boxed ("stdout", NULL, NULL, G_TYPE_BYTES, flags);

  /**
   * GProcResult:stderr: (getter get_stderr)
   *
   * What the process wrote to standard error, or %NULL if that was not a pipe.
   *
   * Since: 1.0
   */
  props[PROP_STDERR] = g_param_spec_boxed ("stderr", NULL, NULL, G_TYPE_BYTES, flags);

  /**
   * GProcResult:stdout-utf8: (getter get_stdout_utf8)
   *
   * What the process wrote to standard output as text, or %NULL if that was not a
   * pipe or is not UTF-8.
   *
   * Since: 1.0
   */
  props[PROP_STDOUT_UTF8] = g_param_spec_string ("stdout-utf8", NULL, NULL, NULL, flags);

  /**
   * GProcResult:stderr-utf8: (getter get_stderr_utf8)
   *
   * What the process wrote to standard error as text, or %NULL if that was not a
   * pipe or is not UTF-8.
   *
   * Since: 1.0
   */
  props[PROP_STDERR_UTF8] = g_param_spec_string ("stderr-utf8", NULL, NULL, NULL, flags);

  /**
   * GProcResult:truncated: (getter get_truncated)
   *
   * Whether the output may be cut short: the process had ended, but another one
   * held a pipe open for longer than [property@GProc.Stream:post-exit-grace].
   *
   * Since: 1.0
   */
  props[PROP_TRUNCATED] = g_param_spec_boolean ("truncated", NULL, NULL, FALSE, flags);
}

static void
install_ending_properties (void)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * GProcResult:command: (getter get_command)
   *
   * The name of the program as it was given, or %NULL if it is not known.
   *
   * Since: 1.0
   */
  props[PROP_COMMAND] = g_param_spec_string ("command", NULL, NULL, NULL, flags);

  /**
   * GProcResult:returncode: (getter get_returncode)
   *
   * The exit status, −N where signal N ended the process, or
   * [const@GProc.RETURNCODE_NONE] where that is unknown or there was no process.
   *
   * Since: 1.0
   */
  props[PROP_RETURNCODE] = g_param_spec_int ("returncode", NULL, NULL, G_MININT, G_MAXINT,
                                             GPROC_RETURNCODE_NONE, flags);

  /**
   * GProcResult:term-sig: (getter get_term_sig)
   *
   * The number of the signal that ended the process, 0 if none did.
   *
   * Since: 1.0
   */
  props[PROP_TERM_SIG] = g_param_spec_int ("term-sig", NULL, NULL, 0, G_MAXINT, 0, flags);

  /**
   * GProcResult:successful: (getter get_successful)
   *
   * Whether the process ended by itself with a status of 0.
   *
   * Since: 1.0
   */
  props[PROP_SUCCESSFUL] = g_param_spec_boolean ("successful", NULL, NULL, FALSE, flags);

  /**
   * GProcResult:timed-out: (getter get_timed_out)
   *
   * Whether the process was stopped because its time was over.
   *
   * Since: 1.0
   */
  props[PROP_TIMED_OUT] = g_param_spec_boolean ("timed-out", NULL, NULL, FALSE, flags);
}

static void
install_usage_properties (void)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * GProcResult:duration: (getter get_duration)
   *
   * The time between start and end of the process in microseconds. Where the
   * start is not known it counts from the call.
   *
   * Since: 1.0
   */
  props[PROP_DURATION] = g_param_spec_int64 ("duration", NULL, NULL, -1, G_MAXINT64, -1, flags);

  /**
   * GProcResult:user-time: (getter get_user_time)
   *
   * The time that the process spent in its own code, in microseconds, −1 if that
   * is unknown.
   *
   * Since: 1.0
   */
  props[PROP_USER_TIME] = g_param_spec_int64 ("user-time", NULL, NULL, -1, G_MAXINT64, -1, flags);

  /**
   * GProcResult:system-time: (getter get_system_time)
   *
   * The time that the kernel spent for the process, in microseconds, −1 if that
   * is unknown.
   *
   * Since: 1.0
   */
  props[PROP_SYSTEM_TIME] = g_param_spec_int64 ("system-time", NULL, NULL, -1, G_MAXINT64, -1,
                                                flags);

  /**
   * GProcResult:max-resident: (getter get_max_resident)
   *
   * The most memory that the process had resident, in bytes, −1 if that is
   * unknown.
   *
   * Since: 1.0
   */
  props[PROP_MAX_RESIDENT] = g_param_spec_int64 ("max-resident", NULL, NULL, -1, G_MAXINT64, -1,
                                                 flags);
}

static void
gproc_result_class_init (GProcResultClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = gproc_result_finalize;
  object_class->get_property = gproc_result_get_property;

  install_output_properties ();
  install_ending_properties ();
  install_usage_properties ();
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
gproc_result_init (GProcResult *self)
{
  self->returncode = GPROC_RETURNCODE_NONE;
  self->duration = -1;
  self->user_time = -1;
  self->system_time = -1;
  self->max_resident = -1;
}

static gint64
microseconds (const struct timeval *time)
{
  return (gint64) time->tv_sec * G_USEC_PER_SEC + time->tv_usec;
}

GProcResult *
_gproc_result_new (GBytes              *stdout_bytes,
                   GBytes              *stderr_bytes,
                   const char          *command,
                   int                  returncode,
                   gint64               duration,
                   const struct rusage *usage)
{
  GProcResult *self = g_object_new (GPROC_TYPE_RESULT, NULL);

  self->stdout_bytes = stdout_bytes != NULL ? g_bytes_ref (stdout_bytes) : NULL;
  self->stderr_bytes = stderr_bytes != NULL ? g_bytes_ref (stderr_bytes) : NULL;
  self->command = g_strdup (command);
  self->returncode = returncode;
  self->duration = duration;
  if (usage != NULL)
    {
      self->user_time = microseconds (&usage->ru_utime);
      self->system_time = microseconds (&usage->ru_stime);
      self->max_resident = (gint64) usage->ru_maxrss * 1024;
    }

  return self;
}

void
_gproc_result_set_truncated (GProcResult *self)
{
  self->truncated = TRUE;
}

void
_gproc_result_set_timed_out (GProcResult *self)
{
  self->timed_out = TRUE;
}

/**
 * gproc_result_get_stdout:
 * @self: a result
 *
 * Gets what the process wrote to standard output.
 *
 * Returns: (transfer none) (nullable): the bytes, empty if it wrote nothing, or
 *   %NULL if standard output was not a pipe
 *
 * Since: 1.0
 */
GBytes *
gproc_result_get_stdout (GProcResult *self)
{
  g_return_val_if_fail (GPROC_IS_RESULT (self), NULL);

  return self->stdout_bytes;
}

/**
 * gproc_result_get_stderr:
 * @self: a result
 *
 * Gets what the process wrote to standard error.
 *
 * Returns: (transfer none) (nullable): the bytes, empty if it wrote nothing, or
 *   %NULL if standard error was not a pipe
 *
 * Since: 1.0
 */
GBytes *
gproc_result_get_stderr (GProcResult *self)
{
  g_return_val_if_fail (GPROC_IS_RESULT (self), NULL);

  return self->stderr_bytes;
}

/* Makes the text when it is first asked for; two threads that ask at once both get
 * the one that was first. */
static const char *
text_of (GBytes  *bytes,
         char   **stored)
{
  const char *data;
  char *text;
  gsize size;

  text = g_atomic_pointer_get (stored);
  if (text != NULL || bytes == NULL)
    return text;

  data = g_bytes_get_data (bytes, &size);
  if (size > 0 && !g_utf8_validate_len (data, size, NULL))
    return NULL;

  text = g_strndup (size > 0 ? data : "", size);
  if (!g_atomic_pointer_compare_and_exchange (stored, NULL, text))
    {
      g_free (text);
      text = g_atomic_pointer_get (stored);
    }

  return text;
}

/**
 * gproc_result_get_stdout_utf8:
 * @self: a result
 *
 * Gets what the process wrote to standard output as text.
 *
 * Returns: (transfer none) (nullable): the text, or %NULL if standard output was
 *   not a pipe, or what was written is not UTF-8 or contains a NUL
 *
 * Since: 1.0
 */
const char *
gproc_result_get_stdout_utf8 (GProcResult *self)
{
  g_return_val_if_fail (GPROC_IS_RESULT (self), NULL);

  return text_of (self->stdout_bytes, &self->stdout_text);
}

/**
 * gproc_result_get_stderr_utf8:
 * @self: a result
 *
 * Gets what the process wrote to standard error as text.
 *
 * Returns: (transfer none) (nullable): the text, or %NULL if standard error was
 *   not a pipe, or what was written is not UTF-8 or contains a NUL
 *
 * Since: 1.0
 */
const char *
gproc_result_get_stderr_utf8 (GProcResult *self)
{
  g_return_val_if_fail (GPROC_IS_RESULT (self), NULL);

  return text_of (self->stderr_bytes, &self->stderr_text);
}

/**
 * gproc_result_get_command:
 * @self: a result
 *
 * Gets the name of the program as it was given.
 *
 * Returns: (transfer none) (nullable) (type filename): the name, or %NULL if it is
 *   not known
 *
 * Since: 1.0
 */
const char *
gproc_result_get_command (GProcResult *self)
{
  g_return_val_if_fail (GPROC_IS_RESULT (self), NULL);

  return self->command;
}

/**
 * gproc_result_get_returncode:
 * @self: a result
 *
 * Gets how the process ended.
 *
 * Returns: the exit status, or −N where signal N ended the process, or
 *   [const@GProc.RETURNCODE_NONE] where that is unknown or there was no process
 *
 * Since: 1.0
 */
int
gproc_result_get_returncode (GProcResult *self)
{
  g_return_val_if_fail (GPROC_IS_RESULT (self), GPROC_RETURNCODE_NONE);

  return self->returncode;
}

/**
 * gproc_result_get_term_sig:
 * @self: a result
 *
 * Gets the signal that ended the process.
 *
 * Returns: the number of the signal, 0 if none did
 *
 * Since: 1.0
 */
int
gproc_result_get_term_sig (GProcResult *self)
{
  g_return_val_if_fail (GPROC_IS_RESULT (self), 0);

  return self->returncode < 0 && self->returncode != GPROC_RETURNCODE_NONE ? -self->returncode : 0;
}

/**
 * gproc_result_get_successful:
 * @self: a result
 *
 * Gets whether the process ended by itself with a status of 0.
 *
 * Returns: whether the process succeeded
 *
 * Since: 1.0
 */
gboolean
gproc_result_get_successful (GProcResult *self)
{
  g_return_val_if_fail (GPROC_IS_RESULT (self), FALSE);

  return self->returncode == 0;
}

/**
 * gproc_result_get_timed_out:
 * @self: a result
 *
 * Gets whether the process was stopped because its time was over.
 *
 * Returns: whether the time was over
 *
 * Since: 1.0
 */
gboolean
gproc_result_get_timed_out (GProcResult *self)
{
  g_return_val_if_fail (GPROC_IS_RESULT (self), FALSE);

  return self->timed_out;
}

/**
 * gproc_result_get_truncated:
 * @self: a result
 *
 * Gets whether the output may be cut short, because another process held a pipe
 * open for longer than [property@GProc.Stream:post-exit-grace].
 *
 * Returns: whether there may have been more to read
 *
 * Since: 1.0
 */
gboolean
gproc_result_get_truncated (GProcResult *self)
{
  g_return_val_if_fail (GPROC_IS_RESULT (self), FALSE);

  return self->truncated;
}

/**
 * gproc_result_get_duration:
 * @self: a result
 *
 * Gets how long the process ran.
 *
 * Returns: the time between its start and its end in microseconds
 *
 * Since: 1.0
 */
gint64
gproc_result_get_duration (GProcResult *self)
{
  g_return_val_if_fail (GPROC_IS_RESULT (self), -1);

  return self->duration;
}

/**
 * gproc_result_get_user_time:
 * @self: a result
 *
 * Gets the time that the process spent in its own code.
 *
 * Returns: the time in microseconds, −1 if it is unknown
 *
 * Since: 1.0
 */
gint64
gproc_result_get_user_time (GProcResult *self)
{
  g_return_val_if_fail (GPROC_IS_RESULT (self), -1);

  return self->user_time;
}

/**
 * gproc_result_get_system_time:
 * @self: a result
 *
 * Gets the time that the kernel spent for the process.
 *
 * Returns: the time in microseconds, −1 if it is unknown
 *
 * Since: 1.0
 */
gint64
gproc_result_get_system_time (GProcResult *self)
{
  g_return_val_if_fail (GPROC_IS_RESULT (self), -1);

  return self->system_time;
}

/**
 * gproc_result_get_max_resident:
 * @self: a result
 *
 * Gets the most memory that the process had resident.
 *
 * Returns: the size in bytes, −1 if it is unknown
 *
 * Since: 1.0
 */
gint64
gproc_result_get_max_resident (GProcResult *self)
{
  g_return_val_if_fail (GPROC_IS_RESULT (self), -1);

  return self->max_resident;
}

/**
 * gproc_result_check:
 * @self: a result
 * @error: where to put an error
 *
 * Checks that the process succeeded. The message of the error has the name of the
 * program, how it ended, and the last 4 KiB of what it wrote to standard error
 * where that was collected.
 *
 * Returns: %TRUE if the process ended by itself with a status of 0; %FALSE with
 *   @error set: to %GPROC_STREAM_ERROR_EXIT_STATUS for another status, to
 *   %GPROC_STREAM_ERROR_SIGNALED if a signal ended it, to %G_IO_ERROR_FAILED if
 *   that is unknown
 *
 * Since: 1.0
 */
gboolean
gproc_result_check (GProcResult  *self,
                    GError      **error)
{
  g_return_val_if_fail (GPROC_IS_RESULT (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return _gproc_check_returncode (self->returncode, self->command, self->stderr_bytes, error);
}
