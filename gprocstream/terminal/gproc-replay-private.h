/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What stands for the process of a recording, and its two streams, which never block. */

#define GPROC_TYPE_REPLAY (_gproc_replay_get_type ())
G_DECLARE_FINAL_TYPE (GProcReplay, _gproc_replay, GPROC, REPLAY, GObject)

/* −1: nothing is due yet. 0: the end. */
gssize _gproc_replay_read (GProcReplay *self,
                           char        *buffer,
                           gsize        size);
gboolean _gproc_replay_is_readable (GProcReplay *self);
gssize _gproc_replay_write (GProcReplay  *self,
                            const char   *data,
                            gsize         size,
                            GError      **error);

/* Ready when reading makes sense. Whoever has it keeps @self. */
GSource *_gproc_replay_create_source (GProcReplay *self);

GInputStream *_gproc_replay_input_new (GProcReplay *replay);
GOutputStream *_gproc_replay_output_new (GProcReplay *replay);

G_END_DECLS
