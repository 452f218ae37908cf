/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The sequence of keys that ends an attachment, found in what is typed. What turns out not to be
 * it is replayed. */

#define GPROC_DETACH_KEYS_MAX 16

typedef struct
{
  guint8 keys[GPROC_DETACH_KEYS_MAX];
  guint8 borders[GPROC_DETACH_KEYS_MAX]; /* How much of the start each start ends with. */
  guint n_keys;                          /* 0: none. */
  guint n_matched;                       /* How many of them were typed, and are held back. */
} GProcDetachKeys;

/* @text (nullable) is like "ctrl-p,ctrl-q". FALSE if it is nothing like that: then @self is as it
 * was. */
gboolean _gproc_detach_keys_parse (GProcDetachKeys *self,
                                   const char      *text);

/* Appends to @passed what of @data is for the process. TRUE if it ends with the keys: @used says
 * how much of it does. */
gboolean _gproc_detach_keys_filter (GProcDetachKeys *self,
                                    const guint8    *data,
                                    gsize            size,
                                    GByteArray      *passed,
                                    gsize           *used);

/* Appends what is held back. */
void _gproc_detach_keys_replay (GProcDetachKeys *self,
                                GByteArray      *passed);

G_END_DECLS
