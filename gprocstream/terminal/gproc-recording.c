/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "terminal/gproc-recording-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/**
 * GProcRecording:
 *
 * What a [class@GProc.Recorder] wrote, or asciinema: an
 * [asciicast of version 2](https://docs.asciinema.org/manual/asciicast/v2/).
 *
 * [method@GProc.Recording.replay] makes a [class@GProc.Stream] of it that says what was recorded,
 * with no process behind it: for the tests of an application that runs processes.
 *
 * A recording never changes, and may be replayed any number of times, also at once.
 *
 * Since: 1.0
 */
struct _GProcRecording
{
  GObject parent_instance;

  GArray *events;
  guint rows;
  guint columns;
  gint64 duration;
  int returncode;
};

enum
{
  PROP_ROWS = 1,
  PROP_COLUMNS,
  PROP_DURATION,
  PROP_RETURNCODE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (GProcRecording, gproc_recording, G_TYPE_OBJECT)

static void
gproc_recording_finalize (GObject *object)
{
  GProcRecording *self = GPROC_RECORDING (object);

  g_array_unref (self->events);

  G_OBJECT_CLASS (gproc_recording_parent_class)->finalize (object);
}

static void
gproc_recording_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  GProcRecording *self = GPROC_RECORDING (object);

  switch (prop_id)
    {
    case PROP_ROWS:
      g_value_set_uint (value, self->rows);
      break;
    case PROP_COLUMNS:
      g_value_set_uint (value, self->columns);
      break;
    case PROP_DURATION:
      g_value_set_int64 (value, self->duration);
      break;
    case PROP_RETURNCODE:
      g_value_set_int (value, self->returncode);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
    }
}

static void
gproc_recording_class_init (GProcRecordingClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = gproc_recording_finalize;
  object_class->get_property = gproc_recording_get_property;

  /**
   * GProcRecording:rows: (getter get_rows)
   *
   * The height of the terminal at the beginning.
   *
   * Since: 1.0
   */
  props[PROP_ROWS] = g_param_spec_uint ("rows", NULL, NULL, 0, G_MAXUINT16, 0, flags);

  /**
   * GProcRecording:columns: (getter get_columns)
   *
   * The width of the terminal at the beginning.
   *
   * Since: 1.0
   */
  props[PROP_COLUMNS] = g_param_spec_uint ("columns", NULL, NULL, 0, G_MAXUINT16, 0, flags);

  /**
   * GProcRecording:duration: (getter get_duration)
   *
   * How long it took, in microseconds.
   *
   * Since: 1.0
   */
  props[PROP_DURATION] = g_param_spec_int64 ("duration", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * GProcRecording:returncode: (getter get_returncode)
   *
   * How the process ended; 0 where that was not recorded.
   *
   * Since: 1.0
   */
  props[PROP_RETURNCODE] = g_param_spec_int ("returncode", NULL, NULL, G_MININT, G_MAXINT, 0,
                                             flags);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
clear_event (gpointer data)
{
  g_free (((GProcAsciicastEvent *) data)->text);
}

static void
gproc_recording_init (GProcRecording *self)
{
  self->events = g_array_new (FALSE, FALSE, sizeof (GProcAsciicastEvent));
  g_array_set_clear_func (self->events, clear_event);
}

GArray *
_gproc_recording_get_events (GProcRecording *self)
{
  return self->events;
}

/* How the process ended, of an exit status as shells say it. */
static gboolean
parse_status (const GProcAsciicastEvent  *event,
              int                        *returncode,
              GError                    **error)
{
  guint64 status;

  if (!g_ascii_string_to_unsigned (event->text, 10, 0, 255, &status, error))
    return FALSE;
  *returncode = (int) status;

  return TRUE;
}

static gboolean
recording_add_line (GProcRecording  *self,
                    const char      *line,
                    gsize            length,
                    GError         **error)
{
  GProcAsciicastEvent event = { 0 };
  double last = 0;

  if (!_gproc_asciicast_parse_event (line, length, &event, error))
    return FALSE;

  if (self->events->len > 0)
    last = g_array_index (self->events, GProcAsciicastEvent, self->events->len - 1).time;
  if (event.time * G_USEC_PER_SEC >= (double) (G_MAXINT64 / 4))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _ ("An event is too late"));
  else if (event.code != 'x' || parse_status (&event, &self->returncode, error))
    {
      /* Players take an event that is late for one that comes at once. */
      event.time = MAX (event.time, last);
      self->duration = (gint64) (event.time * G_USEC_PER_SEC);
      g_array_append_val (self->events, event);
      return TRUE;
    }

  clear_event (&event);

  return FALSE;
}

static gboolean
recording_add_header (GProcRecording  *self,
                      const char      *line,
                      gsize            length,
                      GError         **error)
{
  GProcAsciicastHeader header;

  if (!_gproc_asciicast_parse_header (line, length, &header, error))
    return FALSE;
  self->rows = header.rows;
  self->columns = header.columns;

  return TRUE;
}

/* The last line may lack its newline, but not its end. */
static gboolean
recording_parse (GProcRecording  *self,
                 const char      *data,
                 gsize            size,
                 GError         **error)
{
  const char *end = data + size;
  gsize number = 0;

  do
    {
      const char *newline = size > 0 ? memchr (data, '\n', (gsize) (end - data)) : NULL;
      gsize length = (gsize) ((newline != NULL ? newline : end) - data);
      gboolean success = TRUE;

      number++;
      if (length > 0 && memchr (data, '\0', length) == NULL &&
          !g_utf8_validate_len (data, length, NULL))
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                               _ ("This is not valid UTF-8"));
          success = FALSE;
        }
      else if (number == 1)
        success = recording_add_header (self, data, length, error);
      else if (length > 0)
        success = recording_add_line (self, data, length, error);

      if (!success)
        {
          /* Translators: in front of what is wrong with a line of a file. */
          g_prefix_error (error, _ ("Line %zu: "), number);
          return FALSE;
        }
      data = newline != NULL ? newline + 1 : end;
    }
  while (data < end);

  return TRUE;
}

/**
 * gproc_recording_new_for_bytes:
 * @bytes: the content of an asciicast file
 * @error: return location for an error
 *
 * Makes a recording of what is in memory.
 *
 * Errors name the line: %G_IO_ERROR_INVALID_DATA for what is no such file, or is cut off within a
 * line; %G_IO_ERROR_NOT_SUPPORTED for another version of the format. Events that the format may
 * have and this library does not know are passed over.
 *
 * Returns: (transfer full): a new recording, or %NULL with @error set
 *
 * Since: 1.0
 */
GProcRecording *
gproc_recording_new_for_bytes (GBytes  *bytes,
                               GError **error)
{
  g_autoptr (GProcRecording) self = NULL;
  const char *data;
  gsize size;

  g_return_val_if_fail (bytes != NULL, NULL);

  self = g_object_new (GPROC_TYPE_RECORDING, NULL);
  data = g_bytes_get_data (bytes, &size);
  if (!recording_parse (self, data != NULL ? data : "", size, error))
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * gproc_recording_new_for_path:
 * @path: (type filename): the name of an asciicast file
 * @error: return location for an error
 *
 * Reads a recording from a file, and blocks meanwhile.
 *
 * Errors: those of [ctor@GProc.Recording.new_for_bytes], with the name of the file, and what
 * reading the file fails with, such as %G_IO_ERROR_NOT_FOUND.
 *
 * Returns: (transfer full): a new recording, or %NULL with @error set
 *
 * Since: 1.0
 */
GProcRecording *
gproc_recording_new_for_path (const char  *path,
                              GError     **error)
{
  g_autoptr (GProcRecording) self = NULL;
  g_autofree char *name = NULL;
  g_autoptr (GFile) file = NULL;
  g_autoptr (GBytes) bytes = NULL;
  char *data;
  gsize size;

  g_return_val_if_fail (path != NULL, NULL);

  file = g_file_new_for_path (path);
  if (!g_file_load_contents (file, NULL, &data, &size, NULL, error))
    return NULL;

  bytes = g_bytes_new_take (data, size);
  self = gproc_recording_new_for_bytes (bytes, error);
  name = g_filename_display_name (path);
  if (self == NULL)
    g_prefix_error (error, "%s: ", name);

  return g_steal_pointer (&self);
}

/**
 * gproc_recording_get_rows:
 * @self: a recording
 *
 * Gets the height of the terminal at the beginning.
 *
 * Returns: a number of rows
 *
 * Since: 1.0
 */
guint
gproc_recording_get_rows (GProcRecording *self)
{
  g_return_val_if_fail (GPROC_IS_RECORDING (self), 0);

  return self->rows;
}

/**
 * gproc_recording_get_columns:
 * @self: a recording
 *
 * Gets the width of the terminal at the beginning.
 *
 * Returns: a number of columns
 *
 * Since: 1.0
 */
guint
gproc_recording_get_columns (GProcRecording *self)
{
  g_return_val_if_fail (GPROC_IS_RECORDING (self), 0);

  return self->columns;
}

/**
 * gproc_recording_get_duration:
 * @self: a recording
 *
 * Gets how long it took, from the beginning to the last event.
 *
 * Returns: a number of microseconds
 *
 * Since: 1.0
 */
gint64
gproc_recording_get_duration (GProcRecording *self)
{
  g_return_val_if_fail (GPROC_IS_RECORDING (self), 0);

  return self->duration;
}

/**
 * gproc_recording_get_returncode:
 * @self: a recording
 *
 * Gets how the process ended, as an event `x` says.
 *
 * Returns: the exit status, 128+N for signal N; 0 where that was not recorded
 *
 * Since: 1.0
 */
int
gproc_recording_get_returncode (GProcRecording *self)
{
  g_return_val_if_fail (GPROC_IS_RECORDING (self), 0);

  return self->returncode;
}

/**
 * gproc_recording_replay:
 * @self: a recording
 * @speed: how much faster than it was: 1 for the times that were recorded; 0 for as fast as it
 *   is read
 *
 * Makes a stream that says what was recorded, with no process behind it.
 *
 * Output comes at its times, counted from now. When all has come the process of the stream is
 * over, and waiting for it gives [property@GProc.Recording:returncode]. A signal that would end
 * a process, which is %SIGTERM, %SIGKILL, %SIGINT or %SIGHUP, ends it early; others and sizes are
 * accepted. Whatever is written to its standard input is accepted.
 *
 * Returns: (transfer full): a new stream
 *
 * Since: 1.0
 */
GProcStream *
gproc_recording_replay (GProcRecording *self,
                        double          speed)
{
  g_return_val_if_fail (GPROC_IS_RECORDING (self), NULL);
  g_return_val_if_fail (speed >= 0, NULL);

  return _gproc_replay_new (self, speed, FALSE);
}

/**
 * gproc_recording_replay_checked:
 * @self: a recording
 * @speed: how much faster than it was: 1 for the times that were recorded; 0 for as fast as it
 *   is read
 *
 * Like [method@GProc.Recording.replay], for dialogues: what is written to the standard input has to
 * be what was recorded, and output waits for the input that was recorded before it.
 *
 * Writing something else fails with %G_IO_ERROR_INVALID_DATA, which names the position.
 *
 * Returns: (transfer full): a new stream
 *
 * Since: 1.0
 */
GProcStream *
gproc_recording_replay_checked (GProcRecording *self,
                                double          speed)
{
  g_return_val_if_fail (GPROC_IS_RECORDING (self), NULL);
  g_return_val_if_fail (speed >= 0, NULL);

  return _gproc_replay_new (self, speed, TRUE);
}
