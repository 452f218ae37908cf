/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "terminal/gproc-recorder.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "process/gproc-stream-private.h"
#include "streams/gproc-reader-private.h"
#include "terminal/gproc-asciicast-private.h"

/**
 * GProcRecorder:
 *
 * Writes down what a process says, and when, as an
 * [asciicast of version 2](https://docs.asciinema.org/manual/asciicast/v2/).
 *
 * [method@GProc.Recorder.record] has everything recorded that is read from the outputs of a
 * stream, by whoever reads it, in whatever way: the stream stays what it is. The players of
 * asciinema show what comes of it; [class@GProc.Recording] gives it back as a stream.
 *
 * What is recorded goes to the queue of a [class@GProc.Writer], which is written as that queue
 * always is, and closed by whoever made it, behind [method@GProc.Recorder.finish]. A
 * [property@GProc.Writer:queue-limit] bounds how much waits for a slow disk. When the writer
 * fails the recording ends, and what is recorded goes on.
 *
 * The format is text. Characters that come in parts are joined, and bytes that are no UTF-8 are
 * replaced by U+FFFD. Sizes that [method@GProc.Stream.resize] gives are recorded; input is where
 * the application says so.
 *
 * A recorder may be used from any thread, as long as nobody else uses its writer.
 *
 * Since: 1.0
 */

/* A character is at most so long. */
#define LONGEST_CHARACTER 4

/* What has come of a character. */
typedef struct
{
  char bytes[LONGEST_CHARACTER];
  gsize length;
} Rest;

enum
{
  REST_STDOUT,
  REST_STDERR,
  REST_ADDED,
  REST_INPUT,
  N_RESTS
};

struct _GProcRecorder
{
  GObject parent_instance;

  GMutex lock; /* The outputs may be read in different threads. */
  GProcWriter *writer;
  guint rows;
  guint columns;
  guint last_rows; /* The size that a player has so far. */
  guint last_columns;
  gint64 begin;
  Rest rests[N_RESTS];
  gboolean finished;
  GError *error; /* What ended the recording before. */
};

/* What a reader that is recorded knows. */
typedef struct
{
  GProcRecorder *recorder; /* Owned. */
  guint rest;
} Tap;

enum
{
  PROP_WRITER = 1,
  PROP_ROWS,
  PROP_COLUMNS,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (GProcRecorder, gproc_recorder, G_TYPE_OBJECT)

/* With the lock. */
static void
recorder_write (GProcRecorder *self,
                GString       *text)
{
  if (self->error == NULL && !self->finished && self->writer != NULL)
    gproc_writer_queue (self->writer, text->str, (gssize) text->len, &self->error);
}

static void
recorder_write_event (GProcRecorder *self,
                      char           code,
                      const char    *text,
                      gsize          length)
{
  g_autoptr (GString) line = g_string_new (NULL);

  _gproc_asciicast_append_event (line, g_get_monotonic_time () - self->begin, code, text, length);
  recorder_write (self, line);
}

static void
recorder_write_header (GProcRecorder *self)
{
  static const char * const names[] = { "SHELL", "TERM" };
  g_autoptr (GString) line = g_string_new (NULL);
  gboolean first = TRUE;

  g_string_append_printf (line,
                          "{\"version\": 2, \"width\": %u, \"height\": %u, \"timestamp\": "
                          "%" G_GINT64_FORMAT ", \"env\": {",
                          self->columns, self->rows, g_get_real_time () / G_USEC_PER_SEC);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *value = g_getenv (names[i]);

      if (value == NULL || !g_utf8_validate (value, -1, NULL))
        continue;
      g_string_append_printf (line, "%s\"%s\": ", first ? "" : ", ", names[i]);
      _gproc_asciicast_append_string (line, value, strlen (value));
      first = FALSE;
    }
  g_string_append (line, "}}\n");

  g_mutex_lock (&self->lock);
  recorder_write (self, line);
  g_mutex_unlock (&self->lock);
}

/* With the lock. */
static void
recorder_write_size (GProcRecorder *self,
                     guint          rows,
                     guint          columns)
{
  char size[32];

  self->last_rows = rows;
  self->last_columns = columns;
  g_snprintf (size, sizeof size, "%ux%u", columns, rows);
  recorder_write_event (self, 'r', size, strlen (size));
}

static void
append_replacement (GString *text)
{
  g_string_append (text, "\xef\xbf\xbd");
}

/* Takes @size bytes behind @rest as characters; the beginning of one stays in @rest. */
static GString *
decode (Rest       *rest,
        const char *data,
        gsize       size)
{
  g_autoptr (GString) text = g_string_sized_new (size + LONGEST_CHARACTER);
  g_autofree char *joined = NULL;
  const char *at = data;
  const char *end;

  if (rest->length > 0)
    {
      joined = g_malloc (rest->length + size);
      memcpy (joined, rest->bytes, rest->length);
      if (size > 0)
        memcpy (joined + rest->length, data, size);
      at = joined;
      size += rest->length;
      rest->length = 0;
    }

  while (size > 0)
    {
      gsize valid;

      g_utf8_validate_len (at, size, &end);
      valid = (gsize) (end - at);
      g_string_append_len (text, at, (gssize) valid);
      at += valid;
      size -= valid;
      if (size == 0)
        break;

      if (*at == '\0')
        {
          g_string_append_c (text, '\0');
        }
      else if (size < LONGEST_CHARACTER && memchr (at, '\0', size) == NULL &&
               g_utf8_get_char_validated (at, (gssize) size) == (gunichar) -2)
        {
          memcpy (rest->bytes, at, size);
          rest->length = size;
          break;
        }
      else
        {
          append_replacement (text);
        }
      at++;
      size--;
    }

  return g_steal_pointer (&text);
}

static void
recorder_add (GProcRecorder *self,
              guint          rest,
              char           code,
              const char    *data,
              gsize          size)
{
  g_autoptr (GString) text = NULL;

  g_mutex_lock (&self->lock);
  text = decode (&self->rests[rest], data, size);
  if (text->len > 0)
    recorder_write_event (self, code, text->str, text->len);
  g_mutex_unlock (&self->lock);
}

static void
tap_read (const char *data,
          gsize       size,
          gpointer    user_data)
{
  Tap *tap = user_data;

  recorder_add (tap->recorder, tap->rest, 'o', data, size);
}

static void
tap_free (gpointer user_data)
{
  Tap *tap = user_data;

  g_object_unref (tap->recorder);
  g_free (tap);
}

/* An attachment gives the same size again and again. */
static void
stream_resized (guint    rows,
                guint    columns,
                gpointer user_data)
{
  GProcRecorder *self = user_data;

  g_mutex_lock (&self->lock);
  if (rows > 0 && columns > 0 && (rows != self->last_rows || columns != self->last_columns))
    recorder_write_size (self, rows, columns);
  g_mutex_unlock (&self->lock);
}

static gboolean
recorder_tap (GProcRecorder  *self,
              GProcReader    *reader,
              guint           rest,
              GError        **error)
{
  Tap *tap = g_new0 (Tap, 1);

  tap->recorder = g_object_ref (self);
  tap->rest = rest;
  if (_gproc_reader_set_tap (reader, tap_read, tap, tap_free, error))
    return TRUE;

  tap_free (tap);

  return FALSE;
}

static void
gproc_recorder_constructed (GObject *object)
{
  GProcRecorder *self = GPROC_RECORDER (object);

  G_OBJECT_CLASS (gproc_recorder_parent_class)->constructed (object);

  self->last_rows = self->rows;
  self->last_columns = self->columns;
  recorder_write_header (self);
}

static void
gproc_recorder_finalize (GObject *object)
{
  GProcRecorder *self = GPROC_RECORDER (object);

  g_clear_object (&self->writer);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (gproc_recorder_parent_class)->finalize (object);
}

static void
gproc_recorder_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  GProcRecorder *self = GPROC_RECORDER (object);

  switch (prop_id)
    {
    case PROP_WRITER:
      g_value_set_object (value, self->writer);
      break;
    case PROP_ROWS:
      g_value_set_uint (value, self->rows);
      break;
    case PROP_COLUMNS:
      g_value_set_uint (value, self->columns);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
    }
}

static void
gproc_recorder_set_property (GObject      *object,
                             guint         prop_id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  GProcRecorder *self = GPROC_RECORDER (object);

  switch (prop_id)
    {
    case PROP_WRITER:
      self->writer = g_value_dup_object (value);
      break;
    case PROP_ROWS:
      self->rows = g_value_get_uint (value);
      break;
    case PROP_COLUMNS:
      self->columns = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
    }
}

static void
gproc_recorder_class_init (GProcRecorderClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->constructed = gproc_recorder_constructed;
  object_class->finalize = gproc_recorder_finalize;
  object_class->get_property = gproc_recorder_get_property;
  object_class->set_property = gproc_recorder_set_property;

  /**
   * GProcRecorder:writer: (getter get_writer)
   *
   * Where the recording goes; %NULL: nowhere.
   *
   * Since: 1.0
   */
  props[PROP_WRITER] = g_param_spec_object ("writer", NULL, NULL, GPROC_TYPE_WRITER, flags);

  /**
   * GProcRecorder:rows:
   *
   * The height of the terminal at the beginning.
   *
   * Since: 1.0
   */
  props[PROP_ROWS] = g_param_spec_uint ("rows", NULL, NULL, 1, G_MAXUINT16, 24, flags);

  /**
   * GProcRecorder:columns:
   *
   * The width of the terminal at the beginning.
   *
   * Since: 1.0
   */
  props[PROP_COLUMNS] = g_param_spec_uint ("columns", NULL, NULL, 1, G_MAXUINT16, 80, flags);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
gproc_recorder_init (GProcRecorder *self)
{
  g_mutex_init (&self->lock);
  self->begin = g_get_monotonic_time ();
}

/**
 * gproc_recorder_new:
 * @writer: where the recording goes
 * @rows: the height of the terminal, 1 to 65535
 * @columns: the width of the terminal, 1 to 65535
 *
 * Begins a recording: its header is queued, and its time counts from now.
 *
 * The recorder does not close @writer. Where there is no terminal 24 rows and 80 columns are
 * what programs take for granted.
 *
 * Returns: (transfer full): a new recorder
 *
 * Since: 1.0
 */
GProcRecorder *
gproc_recorder_new (GProcWriter *writer,
                    guint        rows,
                    guint        columns)
{
  g_return_val_if_fail (GPROC_IS_WRITER (writer), NULL);
  g_return_val_if_fail (rows > 0 && rows <= G_MAXUINT16, NULL);
  g_return_val_if_fail (columns > 0 && columns <= G_MAXUINT16, NULL);

  return g_object_new (GPROC_TYPE_RECORDER, "writer", writer, "rows", rows, "columns", columns,
                       NULL);
}

/**
 * gproc_recorder_get_writer:
 * @self: a recorder
 *
 * Gets where the recording goes.
 *
 * Returns: (transfer none) (nullable): the writer
 *
 * Since: 1.0
 */
GProcWriter *
gproc_recorder_get_writer (GProcRecorder *self)
{
  g_return_val_if_fail (GPROC_IS_RECORDER (self), NULL);

  return self->writer;
}

/**
 * gproc_recorder_record:
 * @self: a recorder
 * @stream: the stream whose outputs are recorded
 * @error: return location for an error
 *
 * Records what is read from the standard output and the standard error of @stream from now on,
 * and what was read ahead of its readers.
 *
 * Output is recorded when it is read, whoever reads it: what nobody reads is not recorded. It
 * may be read by line, be spliced, and be collected by [method@GProc.Stream.communicate]; the
 * kernel does not move it past the library then. Where there is a terminal, a size that
 * [method@GProc.Stream.resize] gives it, as an attachment does, is recorded too if it is another
 * than before. The stream and its readers hold a reference to the recorder.
 *
 * Errors: %G_IO_ERROR_EXISTS if a recorder records the stream already, %G_IO_ERROR_PENDING while
 * it is read, %G_IO_ERROR_CLOSED.
 *
 * Returns: %TRUE if the outputs are recorded
 *
 * Since: 1.0
 */
gboolean
gproc_recorder_record (GProcRecorder  *self,
                       GProcStream    *stream,
                       GError        **error)
{
  GProcReader *output, *errors;

  g_return_val_if_fail (GPROC_IS_RECORDER (self), FALSE);
  g_return_val_if_fail (GPROC_IS_STREAM (stream), FALSE);

  output = gproc_stream_get_stdout (stream);
  errors = gproc_stream_get_stderr (stream);

  if (output != NULL && !recorder_tap (self, output, REST_STDOUT, error))
    return FALSE;
  if (errors != NULL && !recorder_tap (self, errors, REST_STDERR, error))
    {
      if (output != NULL)
        _gproc_reader_clear_tap (output);
      return FALSE;
    }

  if (gproc_stream_get_is_pty (stream))
    _gproc_stream_set_resize_tap (stream, stream_resized, g_object_ref (self), g_object_unref);

  return TRUE;
}

static void
recorder_add_data (GProcRecorder *self,
                   guint          rest,
                   char           code,
                   const char    *data,
                   gssize         length)
{
  recorder_add (self, rest, code, data, length < 0 ? strlen (data) : (gsize) length);
}

/**
 * gproc_recorder_add_output:
 * @self: a recorder
 * @data: (array length=length) (element-type guint8): what came from the process
 * @length: the length of @data, or −1 if it is a string
 *
 * Records output that comes from elsewhere than from a stream that is recorded.
 *
 * Since: 1.0
 */
void
gproc_recorder_add_output (GProcRecorder *self,
                           const char    *data,
                           gssize         length)
{
  g_return_if_fail (GPROC_IS_RECORDER (self));
  g_return_if_fail (data != NULL || length == 0);

  recorder_add_data (self, REST_ADDED, 'o', data, length);
}

/**
 * gproc_recorder_add_input:
 * @self: a recorder
 * @data: (array length=length) (element-type guint8): what goes to the process
 * @length: the length of @data, or −1 if it is a string
 *
 * Records input, which no stream records by itself: it often holds what is secret.
 *
 * Since: 1.0
 */
void
gproc_recorder_add_input (GProcRecorder *self,
                          const char    *data,
                          gssize         length)
{
  g_return_if_fail (GPROC_IS_RECORDER (self));
  g_return_if_fail (data != NULL || length == 0);

  recorder_add_data (self, REST_INPUT, 'i', data, length);
}

/**
 * gproc_recorder_add_resize:
 * @self: a recorder
 * @rows: the new height of the terminal
 * @columns: the new width of the terminal
 *
 * Records that the terminal has got another size, where that was not done by
 * [method@GProc.Stream.resize] on a stream that is recorded.
 *
 * Since: 1.0
 */
void
gproc_recorder_add_resize (GProcRecorder *self,
                           guint          rows,
                           guint          columns)
{
  g_return_if_fail (GPROC_IS_RECORDER (self));
  g_return_if_fail (rows > 0 && columns > 0);

  g_mutex_lock (&self->lock);
  recorder_write_size (self, rows, columns);
  g_mutex_unlock (&self->lock);
}

/**
 * gproc_recorder_finish:
 * @self: a recorder
 * @returncode: how the process ended, or %GPROC_RETURNCODE_NONE if that is not known
 * @error: return location for an error
 *
 * Ends the recording: what comes later is not recorded.
 *
 * How the process ended is written as version 3 of the format does it, as an event `x` with the
 * exit status (128+N for signal N), which players of version 2 pass over. The end is queued;
 * flush and close the writer to have it written.
 *
 * Errors: what the writer failed with when something was queued, such as %G_IO_ERROR_NO_SPACE
 * beyond its limit; the recording ends there.
 *
 * Returns: %TRUE if everything was queued
 *
 * Since: 1.0
 */
gboolean
gproc_recorder_finish (GProcRecorder  *self,
                       int             returncode,
                       GError        **error)
{
  char status[16];

  g_return_val_if_fail (GPROC_IS_RECORDER (self), FALSE);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < N_RESTS; i++)
    if (self->rests[i].length > 0)
      {
        recorder_write_event (self, i == REST_INPUT ? 'i' : 'o', "\xef\xbf\xbd", 3);
        self->rests[i].length = 0;
      }
  if (returncode != GPROC_RETURNCODE_NONE)
    {
      g_snprintf (status, sizeof status, "%d", returncode < 0 ? 128 - returncode : returncode);
      recorder_write_event (self, 'x', status, strlen (status));
    }
  self->finished = TRUE;
  if (self->error != NULL && error != NULL)
    *error = g_error_copy (self->error);
  g_mutex_unlock (&self->lock);

  return self->error == NULL;
}
