/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "terminal/gproc-detach-keys-private.h"

#include <string.h>

/* −1 if it is no key. */
static int
parse_key (const char *name)
{
  char key;

  if (name[0] != '\0' && name[1] == '\0')
    return (guchar) name[0];

  if (g_ascii_strncasecmp (name, "ctrl-", 5) != 0 || name[5] == '\0' || name[6] != '\0')
    return -1;

  /* The keys from @ to _ are those that have a control character. */
  key = g_ascii_toupper (name[5]);

  return key >= '@' && key <= '_' ? key - '@' : -1;
}

static void
find_borders (GProcDetachKeys *self)
{
  guint length = 0;

  self->borders[0] = 0;
  for (guint i = 1; i < self->n_keys; i++)
    {
      while (length > 0 && self->keys[i] != self->keys[length])
        length = self->borders[length - 1];
      if (self->keys[i] == self->keys[length])
        length++;
      self->borders[i] = (guint8) length;
    }
}

gboolean
_gproc_detach_keys_parse (GProcDetachKeys *self,
                          const char      *text)
{
  GProcDetachKeys parsed = { .n_keys = 0 };
  g_auto (GStrv) names = NULL;

  if (text != NULL && text[0] != '\0')
    {
      names = g_strsplit (text, ",", -1);
      for (guint i = 0; names[i] != NULL; i++)
        {
          int key = parse_key (names[i]);

          if (key < 0 || parsed.n_keys == GPROC_DETACH_KEYS_MAX)
            return FALSE;
          parsed.keys[parsed.n_keys++] = (guint8) key;
        }
      find_borders (&parsed);
    }

  *self = parsed;

  return TRUE;
}

gboolean
_gproc_detach_keys_filter (GProcDetachKeys *self,
                           const guint8    *data,
                           gsize            size,
                           GByteArray      *passed,
                           gsize           *used)
{
  gsize i;

  if (self->n_keys == 0)
    {
      g_byte_array_append (passed, data, (guint) size);
      *used = size;
      return FALSE;
    }

  for (i = 0; i < size && self->n_matched < self->n_keys; i++)
    {
      /* What cannot be the start of the keys any more goes on, and no more than that. */
      while (self->n_matched > 0 && data[i] != self->keys[self->n_matched])
        {
          guint kept = self->borders[self->n_matched - 1];

          g_byte_array_append (passed, self->keys, self->n_matched - kept);
          self->n_matched = kept;
        }

      if (data[i] == self->keys[self->n_matched])
        self->n_matched++;
      else
        g_byte_array_append (passed, data + i, 1);
    }

  *used = i;
  if (self->n_matched < self->n_keys)
    return FALSE;

  self->n_matched = 0;

  return TRUE;
}

void
_gproc_detach_keys_replay (GProcDetachKeys *self,
                           GByteArray      *passed)
{
  g_byte_array_append (passed, self->keys, self->n_matched);
  self->n_matched = 0;
}
