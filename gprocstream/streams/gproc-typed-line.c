/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-typed-line-private.h"

#include <glib/gi18n-lib.h>
#include <termios.h>
#include <unistd.h>

/* What a byte does to the line. */
typedef enum
{
  BYTE_IS_DATA,
  BYTE_ERASES,
  BYTE_ENDS_LINE /* Or drops it. */
} ByteEffect;

typedef struct
{
  guint8 effects[256];
} LineModes;

static void
set_effect (LineModes            *self,
            const struct termios *settings,
            int                   index,
            ByteEffect            effect)
{
  cc_t character = settings->c_cc[index];

  if (character != _POSIX_VDISABLE)
    self->effects[character] = (guint8) effect;
}

/* Linux tells the modes of the slave side. FALSE where no lines are gathered. */
static gboolean
line_modes_get (LineModes *self,
                int        master)
{
  struct termios settings;

  if (tcgetattr (master, &settings) != 0 || (settings.c_lflag & ICANON) == 0)
    return FALSE;

  *self = (LineModes){ { BYTE_IS_DATA } };
  self->effects['\n'] = BYTE_ENDS_LINE;
  if ((settings.c_iflag & ICRNL) != 0)
    self->effects['\r'] = BYTE_ENDS_LINE;
  set_effect (self, &settings, VEOF, BYTE_ENDS_LINE);
  set_effect (self, &settings, VEOL, BYTE_ENDS_LINE);
  set_effect (self, &settings, VKILL, BYTE_ENDS_LINE);
  set_effect (self, &settings, VERASE, BYTE_ERASES);
  if ((settings.c_lflag & IEXTEN) != 0)
    set_effect (self, &settings, VEOL2, BYTE_ENDS_LINE);
  if ((settings.c_lflag & ISIG) != 0 && (settings.c_lflag & NOFLSH) == 0)
    {
      set_effect (self, &settings, VINTR, BYTE_ENDS_LINE);
      set_effect (self, &settings, VQUIT, BYTE_ENDS_LINE);
      set_effect (self, &settings, VSUSP, BYTE_ENDS_LINE);
    }

  return TRUE;
}

/* Stops where the line is longer than @longest, and gives that length. */
static gsize
measure (const LineModes     *modes,
         gsize                length,
         const GOutputVector *vectors,
         gsize                n_vectors,
         gsize                size,
         gsize                longest)
{
  for (gsize i = 0; i < n_vectors && size > 0; i++)
    {
      const guint8 *data = vectors[i].buffer;
      gsize count = MIN (vectors[i].size, size);

      for (gsize j = 0; j < count; j++)
        {
          ByteEffect effect = (ByteEffect) modes->effects[data[j]];

          if (effect == BYTE_ENDS_LINE)
            length = 0;
          else if (effect == BYTE_IS_DATA)
            length++;
          else if (length > 0)
            length--;

          if (length > longest)
            return length;
        }
      size -= count;
    }

  return length;
}

gboolean
_gproc_typed_line_check (int                   master,
                         gsize                 length,
                         const GOutputVector  *vectors,
                         gsize                 n_vectors,
                         GError              **error)
{
  LineModes modes;

  if (!line_modes_get (&modes, master) || measure (&modes, length, vectors, n_vectors, G_MAXSIZE,
                                                   GPROC_LONGEST_LINE) <= GPROC_LONGEST_LINE)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
               _ ("The terminal takes lines of up to %d bytes in canonical mode, and would drop the"
                  " rest of a longer one"),
               GPROC_LONGEST_LINE);

  return FALSE;
}

gsize
_gproc_typed_line_advance (int                  master,
                           gsize                length,
                           const GOutputVector *vectors,
                           gsize                n_vectors,
                           gsize                size)
{
  LineModes modes;

  if (!line_modes_get (&modes, master))
    return 0;

  return measure (&modes, length, vectors, n_vectors, size, G_MAXSIZE);
}
