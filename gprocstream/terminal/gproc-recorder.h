/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <gprocstream/process/gproc-stream.h>
#include <gprocstream/streams/gproc-writer.h>

G_BEGIN_DECLS

#define GPROC_TYPE_RECORDER (gproc_recorder_get_type ())

GPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GProcRecorder, gproc_recorder, GPROC, RECORDER, GObject)

GPROC_AVAILABLE_IN_1_0
GProcRecorder *gproc_recorder_new (GProcWriter *writer,
                                   guint        rows,
                                   guint        columns);

GPROC_AVAILABLE_IN_1_0
GProcWriter *gproc_recorder_get_writer (GProcRecorder *self);

GPROC_AVAILABLE_IN_1_0
gboolean gproc_recorder_record (GProcRecorder  *self,
                                GProcStream    *stream,
                                GError        **error);
GPROC_AVAILABLE_IN_1_0
void gproc_recorder_add_output (GProcRecorder *self,
                                const char    *data,
                                gssize         length);
GPROC_AVAILABLE_IN_1_0
void gproc_recorder_add_input (GProcRecorder *self,
                               const char    *data,
                               gssize         length);
GPROC_AVAILABLE_IN_1_0
void gproc_recorder_add_resize (GProcRecorder *self,
                                guint          rows,
                                guint          columns);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_recorder_finish (GProcRecorder  *self,
                                int             returncode,
                                GError        **error);

G_END_DECLS
