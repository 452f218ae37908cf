/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <gprocstream/process/gproc-stream.h>

G_BEGIN_DECLS

#define GPROC_TYPE_RECORDING (gproc_recording_get_type ())

GPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GProcRecording, gproc_recording, GPROC, RECORDING, GObject)

GPROC_AVAILABLE_IN_1_0
GProcRecording *gproc_recording_new_for_bytes (GBytes  *bytes,
                                               GError **error);
GPROC_AVAILABLE_IN_1_0
GProcRecording *gproc_recording_new_for_path (const char  *path,
                                              GError     **error);

GPROC_AVAILABLE_IN_1_0
guint gproc_recording_get_rows (GProcRecording *self);
GPROC_AVAILABLE_IN_1_0
guint gproc_recording_get_columns (GProcRecording *self);
GPROC_AVAILABLE_IN_1_0
gint64 gproc_recording_get_duration (GProcRecording *self);
GPROC_AVAILABLE_IN_1_0
int gproc_recording_get_returncode (GProcRecording *self);

GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_recording_replay (GProcRecording *self,
                                     double          speed);
GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_recording_replay_checked (GProcRecording *self,
                                             double          speed);

G_END_DECLS
