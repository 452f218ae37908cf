/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The lines of an asciicast file, version 2: JSON, of which only that is needed here. */

typedef struct
{
  guint version; /* 0: it is not there. */
  guint columns;
  guint rows;
} GProcAsciicastHeader;

typedef struct
{
  double time; /* In seconds since the beginning. */
  char code;   /* 'o', 'i', 'r', 'x'; 0 for any other. */
  char *text;  /* With @length bytes, NUL among them. Owned. */
  gsize length;
} GProcAsciicastEvent;

/* Both parse a line without its newline. FALSE with @error: what is wrong with it. */
gboolean _gproc_asciicast_parse_header (const char            *line,
                                        gsize                  length,
                                        GProcAsciicastHeader  *header,
                                        GError               **error);
gboolean _gproc_asciicast_parse_event (const char           *line,
                                       gsize                 length,
                                       GProcAsciicastEvent  *event,
                                       GError              **error);

/* Appends @text, which is UTF-8 and may hold NUL, as a JSON string. */
void _gproc_asciicast_append_string (GString    *json,
                                     const char *text,
                                     gsize       length);

/* Appends an event with its newline. */
void _gproc_asciicast_append_event (GString    *json,
                                    gint64      microseconds,
                                    char        code,
                                    const char *text,
                                    gsize       length);

G_END_DECLS
