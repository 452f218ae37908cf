/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "terminal/gproc-asciicast-private.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

/* How deep what is skipped may be nested. */
#define MAX_DEPTH 64

/* What is left of a line. */
typedef struct
{
  const char *at;
  const char *end;
} Cursor;

static gboolean
set_malformed (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _ ("This is not valid JSON"));

  return FALSE;
}

static void
skip_space (Cursor *cursor)
{
  while (cursor->at < cursor->end && strchr (" \t\r\n", *cursor->at) != NULL && *cursor->at != '\0')
    cursor->at++;
}

static gboolean
take (Cursor *cursor,
      char    wanted)
{
  skip_space (cursor);
  if (cursor->at == cursor->end || *cursor->at != wanted)
    return FALSE;
  cursor->at++;

  return TRUE;
}

static gboolean
take_word (Cursor     *cursor,
           const char *word)
{
  gsize length = strlen (word);

  if ((gsize) (cursor->end - cursor->at) < length || memcmp (cursor->at, word, length) != 0)
    return FALSE;
  cursor->at += length;

  return TRUE;
}

static gboolean
take_hex (Cursor  *cursor,
          guint32 *value)
{
  *value = 0;
  if (cursor->end - cursor->at < 4)
    return FALSE;

  for (int i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value (*cursor->at++);

      if (digit < 0)
        return FALSE;
      *value = *value * 16 + (guint32) digit;
    }

  return TRUE;
}

/* What follows \u: half of a pair stands for nothing alone, and is replaced. */
static gboolean
take_unicode (Cursor  *cursor,
              GString *text)
{
  guint32 value, low;
  Cursor ahead;

  if (!take_hex (cursor, &value))
    return FALSE;

  ahead = *cursor;
  if (value >= 0xd800 && value < 0xdc00 && take_word (&ahead, "\\u") && take_hex (&ahead, &low) &&
      low >= 0xdc00 && low < 0xe000)
    {
      value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00);
      *cursor = ahead;
    }
  if (value >= 0xd800 && value < 0xe000)
    value = 0xfffd;

  /* g_string_append_unichar () takes NUL for the end. */
  if (value == 0)
    g_string_append_c (text, '\0');
  else
    g_string_append_unichar (text, value);

  return TRUE;
}

static gboolean
take_escape (Cursor  *cursor,
             GString *text)
{
  static const char names[] = "\"\\/bfnrt";
  static const char values[] = "\"\\/\b\f\n\r\t";
  const char *name;
  char c;

  if (cursor->at == cursor->end)
    return FALSE;
  c = *cursor->at++;
  if (c == 'u')
    return take_unicode (cursor, text);

  name = c != '\0' ? strchr (names, c) : NULL;
  if (name == NULL)
    return FALSE;
  g_string_append_c (text, values[name - names]);

  return TRUE;
}

/* A new string, or NULL. */
static GString *
take_string (Cursor *cursor)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (!take (cursor, '"'))
    return NULL;

  while (cursor->at < cursor->end)
    {
      char c = *cursor->at++;

      if (c == '"')
        return g_steal_pointer (&text);
      if ((guchar) c < 0x20 || (c == '\\' && !take_escape (cursor, text)))
        return NULL;
      if (c != '\\')
        g_string_append_c (text, c);
    }

  return NULL;
}

static gboolean
take_number (Cursor *cursor,
             double *number)
{
  char copy[64];
  gsize length = 0;
  char *end;

  skip_space (cursor);
  while (cursor->at + length < cursor->end && length < sizeof copy - 1 &&
         (g_ascii_isdigit (cursor->at[length]) ||
          (cursor->at[length] != '\0' && strchr ("+-.eE", cursor->at[length]) != NULL)))
    length++;
  memcpy (copy, cursor->at, length);
  copy[length] = '\0';
  *number = g_ascii_strtod (copy, &end);
  if (length == 0 || *end != '\0' || !isfinite (*number))
    return FALSE;
  cursor->at += length;

  return TRUE;
}

static gboolean skip_value (Cursor *cursor,
                            int     depth);

/* The rest of an array or an object, behind what opens it. */
static gboolean
skip_members (Cursor *cursor,
              char    close,
              int     depth)
{
  if (take (cursor, close))
    return TRUE;

  do
    {
      if (close == '}')
        {
          g_autoptr (GString) name = take_string (cursor);

          if (name == NULL || !take (cursor, ':'))
            return FALSE;
        }
      if (!skip_value (cursor, depth))
        return FALSE;
    }
  while (take (cursor, ','));

  return take (cursor, close);
}

static gboolean
skip_value (Cursor *cursor,
            int     depth)
{
  double number;

  if (depth == 0)
    return FALSE;
  if (take (cursor, '{'))
    return skip_members (cursor, '}', depth - 1);
  if (take (cursor, '['))
    return skip_members (cursor, ']', depth - 1);

  if (cursor->at < cursor->end && *cursor->at == '"')
    {
      g_autoptr (GString) text = take_string (cursor);

      return text != NULL;
    }

  return take_word (cursor, "true") || take_word (cursor, "false") || take_word (cursor, "null") ||
         take_number (cursor, &number);
}

static gboolean
is_at_end (Cursor *cursor)
{
  skip_space (cursor);

  return cursor->at == cursor->end;
}

static gboolean
take_header_member (Cursor               *cursor,
                    GProcAsciicastHeader *header)
{
  g_autoptr (GString) name = take_string (cursor);
  guint *target = NULL;
  double number;

  if (name == NULL || !take (cursor, ':'))
    return FALSE;

  if (strcmp (name->str, "version") == 0)
    target = &header->version;
  else if (strcmp (name->str, "width") == 0)
    target = &header->columns;
  else if (strcmp (name->str, "height") == 0)
    target = &header->rows;

  if (target == NULL)
    return skip_value (cursor, MAX_DEPTH);
  if (!take_number (cursor, &number))
    return FALSE;
  *target = number >= 0 && number <= G_MAXUINT16 ? (guint) number : 0;

  return TRUE;
}

gboolean
_gproc_asciicast_parse_header (const char            *line,
                               gsize                  length,
                               GProcAsciicastHeader  *header,
                               GError               **error)
{
  Cursor cursor = { line, line + length };

  memset (header, 0, sizeof *header);
  if (!take (&cursor, '{'))
    return set_malformed (error);

  if (!take (&cursor, '}'))
    {
      do
        if (!take_header_member (&cursor, header))
          return set_malformed (error);
      while (take (&cursor, ','));
      if (!take (&cursor, '}'))
        return set_malformed (error);
    }
  if (!is_at_end (&cursor))
    return set_malformed (error);

  if (header->version != 2)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 _ ("This is no asciicast of version 2, but of version %u"), header->version);
  else if (header->columns == 0 || header->rows == 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                         _ ("The size of the terminal is missing"));
  else
    return TRUE;

  return FALSE;
}

gboolean
_gproc_asciicast_parse_event (const char           *line,
                              gsize                 length,
                              GProcAsciicastEvent  *event,
                              GError              **error)
{
  Cursor cursor = { line, line + length };
  g_autoptr (GString) code = NULL;
  g_autoptr (GString) text = NULL;

  if (!take (&cursor, '[') || !take_number (&cursor, &event->time) || !take (&cursor, ',') ||
      (code = take_string (&cursor)) == NULL || !take (&cursor, ',') ||
      (text = take_string (&cursor)) == NULL || !take (&cursor, ']') || !is_at_end (&cursor))
    return set_malformed (error);

  if (event->time < 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           _ ("An event is before the beginning"));
      return FALSE;
    }

  event->code = code->len == 1 && strchr ("oirx", code->str[0]) != NULL ? code->str[0] : '\0';
  event->length = text->len;
  event->text = g_string_free (g_steal_pointer (&text), FALSE);

  return TRUE;
}

void
_gproc_asciicast_append_string (GString    *json,
                                const char *text,
                                gsize       length)
{
  g_string_append_c (json, '"');
  for (gsize i = 0; i < length; i++)
    {
      guchar c = (guchar) text[i];

      if (c == '"' || c == '\\')
        g_string_append_printf (json, "\\%c", c);
      else if (c == '\n')
        g_string_append (json, "\\n");
      else if (c == '\r')
        g_string_append (json, "\\r");
      else if (c < 0x20 || c == 0x7f)
        g_string_append_printf (json, "\\u%04x", c);
      else
        g_string_append_c (json, (char) c);
    }
  g_string_append_c (json, '"');
}

void
_gproc_asciicast_append_event (GString    *json,
                               gint64      microseconds,
                               char        code,
                               const char *text,
                               gsize       length)
{
  g_string_append_printf (json, "[%" G_GINT64_FORMAT ".%06d, \"%c\", ",
                          microseconds / G_USEC_PER_SEC, (int) (microseconds % G_USEC_PER_SEC),
                          code);
  _gproc_asciicast_append_string (json, text, length);
  g_string_append (json, "]\n");
}
