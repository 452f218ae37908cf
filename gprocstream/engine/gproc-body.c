/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine/gproc-body-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* A line between chunks holds a number, and extensions that nobody uses. */
#define LINE_LIMIT 1024
/* Engines send no trailers. They are passed over without a pause, so they must have an end. */
#define TRAILER_LIMIT (32 * 1024)

typedef enum
{
  BODY_LENGTH,     /* So many bytes. */
  BODY_CHUNK_SIZE, /* The line before a chunk. */
  BODY_CHUNK_DATA,
  BODY_CHUNK_END, /* The empty line behind a chunk. */
  BODY_TRAILER,   /* The lines behind the last chunk, up to an empty one. */
  BODY_UNTIL_END, /* All that comes on the connection. */
  BODY_DONE
} BodyState;

struct _GProcBody
{
  GInputStream parent_instance;

  GProcConnection *connection; /* NULL once it is closed. */
  BodyState state;
  guint64 remaining; /* Of the body or the chunk. */
  GString *line;     /* What has come of a line between chunks. */
  gsize trailer;     /* How much has come behind the last chunk. */
};

static void gproc_body_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GProcBody,
                               _gproc_body,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      gproc_body_pollable_init))

static void
gproc_body_finalize (GObject *object)
{
  GProcBody *self = GPROC_BODY (object);

  g_clear_pointer (&self->connection, _gproc_connection_unref);
  g_string_free (self->line, TRUE);

  G_OBJECT_CLASS (_gproc_body_parent_class)->finalize (object);
}

static GInputStream *
get_base (GProcBody *self)
{
  return G_INPUT_STREAM (_gproc_connection_get_reader (self->connection));
}

/* Reads 1 to @count bytes; the end of the connection is an error. */
static gssize
read_base (GProcBody     *self,
           void          *buffer,
           gsize          count,
           gboolean       blocking,
           GCancellable  *cancellable,
           GError       **error)
{
  gssize n = g_pollable_stream_read (get_base (self), buffer, count, blocking, cancellable, error);

  if (n == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                           _ ("The container engine closed the connection in the middle of its "
                              "answer"));
      return -1;
    }

  return n;
}

static gboolean
take_line (GProcBody  *self,
           GError    **error)
{
  g_autofree char *line = g_strdup (self->line->str);
  guint64 size;

  g_string_truncate (self->line, 0);
  line[strcspn (line, "\r")] = '\0';

  if (self->state == BODY_TRAILER)
    {
      if (line[0] == '\0')
        self->state = BODY_DONE;
      return TRUE;
    }
  if (self->state == BODY_CHUNK_END && line[0] == '\0')
    {
      self->state = BODY_CHUNK_SIZE;
      return TRUE;
    }

  line[strcspn (line, "; \t")] = '\0';
  if (self->state != BODY_CHUNK_SIZE ||
      !g_ascii_string_to_unsigned (line, 16, 0, G_MAXINT64, &size, NULL))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           _ ("The answer of the container engine is not valid HTTP: a chunk does "
                              "not begin with its size"));
      return FALSE;
    }

  self->remaining = size;
  self->state = size > 0 ? BODY_CHUNK_DATA : BODY_TRAILER;

  return TRUE;
}

/* The base is a buffer, of which single bytes are cheap. What came of a line stays in @line. */
static gboolean
read_line (GProcBody     *self,
           gboolean       blocking,
           GCancellable  *cancellable,
           GError       **error)
{
  for (;;)
    {
      char byte;

      if (read_base (self, &byte, 1, blocking, cancellable, error) < 0)
        return FALSE;
      if (self->state == BODY_TRAILER)
        self->trailer++;
      if (byte == '\n' && self->trailer < TRAILER_LIMIT)
        return take_line (self, error);
      if (self->line->len >= LINE_LIMIT || self->trailer >= TRAILER_LIMIT)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                               _ ("The answer of the container engine is not valid HTTP: what "
                                  "stands between or behind chunks has no end"));
          return FALSE;
        }
      g_string_append_c (self->line, byte);
    }
}

static gssize
read_data (GProcBody     *self,
           void          *buffer,
           gsize          count,
           gboolean       blocking,
           GCancellable  *cancellable,
           GError       **error)
{
  gsize wanted = (gsize) MIN ((guint64) count, self->remaining);
  gssize n = read_base (self, buffer, wanted, blocking, cancellable, error);

  if (n < 0)
    return -1;

  self->remaining -= (guint64) n;
  if (self->remaining == 0)
    self->state = self->state == BODY_LENGTH ? BODY_DONE : BODY_CHUNK_END;

  return n;
}

static gssize
body_read (GProcBody     *self,
           void          *buffer,
           gsize          count,
           gboolean       blocking,
           GCancellable  *cancellable,
           GError       **error)
{
  gssize n;

  for (;;)
    {
      switch (self->state)
        {
        case BODY_LENGTH:
        case BODY_CHUNK_DATA:
          return read_data (self, buffer, count, blocking, cancellable, error);
        case BODY_UNTIL_END:
          n = g_pollable_stream_read (get_base (self), buffer, count, blocking, cancellable, error);
          if (n == 0)
            self->state = BODY_DONE;
          return n;
        case BODY_CHUNK_SIZE:
        case BODY_CHUNK_END:
        case BODY_TRAILER:
          if (!read_line (self, blocking, cancellable, error))
            return -1;
          break;
        case BODY_DONE:
        default:
          return 0;
        }
    }
}

static gssize
gproc_body_read_fn (GInputStream  *stream,
                    void          *buffer,
                    gsize          count,
                    GCancellable  *cancellable,
                    GError       **error)
{
  return body_read (GPROC_BODY (stream), buffer, count, TRUE, cancellable, error);
}

static gboolean
gproc_body_close_fn (GInputStream  *stream,
                     GCancellable  *cancellable,
                     GError       **error)
{
  GProcBody *self = GPROC_BODY (stream);

  self->state = BODY_DONE;
  g_clear_pointer (&self->connection, _gproc_connection_unref);

  return TRUE;
}

static void
gproc_body_close_async (GInputStream        *stream,
                        int                  io_priority,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, gproc_body_close_async);
  g_task_set_name (task, "[gproc] close body");
  g_task_set_priority (task, io_priority);
  g_task_return_boolean (task, gproc_body_close_fn (stream, cancellable, NULL));
}

static gboolean
gproc_body_close_finish (GInputStream  *stream,
                         GAsyncResult  *result,
                         GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
gproc_body_is_readable (GPollableInputStream *stream)
{
  GProcBody *self = GPROC_BODY (stream);

  return self->state == BODY_DONE ||
         g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (get_base (self)));
}

static GSource *
gproc_body_create_source (GPollableInputStream *stream,
                          GCancellable         *cancellable)
{
  GProcBody *self = GPROC_BODY (stream);
  g_autoptr (GSource) base = NULL;

  if (self->state == BODY_DONE)
    base = g_timeout_source_new (0);
  else
    base = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (get_base (self)), NULL);

  return g_pollable_source_new_full (stream, base, cancellable);
}

static gssize
gproc_body_read_nonblocking (GPollableInputStream  *stream,
                             void                  *buffer,
                             gsize                  count,
                             GError               **error)
{
  return body_read (GPROC_BODY (stream), buffer, count, FALSE, NULL, error);
}

static void
gproc_body_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = gproc_body_is_readable;
  iface->create_source = gproc_body_create_source;
  iface->read_nonblocking = gproc_body_read_nonblocking;
}

static void
_gproc_body_class_init (GProcBodyClass *klass)
{
  GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = gproc_body_finalize;
  stream_class->read_fn = gproc_body_read_fn;
  stream_class->close_fn = gproc_body_close_fn;
  stream_class->close_async = gproc_body_close_async;
  stream_class->close_finish = gproc_body_close_finish;
}

static void
_gproc_body_init (GProcBody *self)
{
  self->line = g_string_new (NULL);
}

/* Of a number that is none libsoup makes another one, and of several it takes one. */
static gboolean
is_length_valid (SoupMessageHeaders *headers)
{
  const char *text = soup_message_headers_get_list (headers, "Content-Length");

  return text == NULL || g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, NULL, NULL);
}

GInputStream *
_gproc_body_new (GProcConnection     *connection,
                 guint                status,
                 SoupMessageHeaders  *headers,
                 GError             **error)
{
  g_autoptr (GProcBody) self = g_object_new (GPROC_TYPE_BODY, NULL);

  if (!is_length_valid (headers))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           _ ("The answer of the container engine is not valid HTTP: its "
                              "Content-Length is no length"));
      return NULL;
    }

  switch (soup_message_headers_get_encoding (headers))
    {
    case SOUP_ENCODING_CHUNKED:
      self->state = BODY_CHUNK_SIZE;
      break;
    case SOUP_ENCODING_CONTENT_LENGTH:
      self->remaining = (guint64) soup_message_headers_get_content_length (headers);
      self->state = self->remaining > 0 ? BODY_LENGTH : BODY_DONE;
      break;
    case SOUP_ENCODING_EOF:
    case SOUP_ENCODING_NONE:
      self->state = BODY_UNTIL_END;
      break;
    case SOUP_ENCODING_UNRECOGNIZED:
    case SOUP_ENCODING_BYTERANGES:
    default:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           _ ("The answer of the container engine is not valid HTTP: it does not "
                              "say how long it is"));
      return NULL;
    }

  if (status == SOUP_STATUS_NO_CONTENT || status == SOUP_STATUS_NOT_MODIFIED)
    self->state = BODY_DONE;
  self->connection = _gproc_connection_ref (connection);

  return G_INPUT_STREAM (g_steal_pointer (&self));
}
