/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "terminal/gproc-asciicast-private.h"
#include "terminal/gproc-recording.h"

G_BEGIN_DECLS

/* The events, of GProcAsciicastEvent, in the order of their times. */
GArray *_gproc_recording_get_events (GProcRecording *self);

/* A stream without a process that says what was recorded. @speed as in
 * gproc_recording_replay (). @checks: input has to be what was recorded, and output waits for
 * what was recorded before it. */
GProcStream *_gproc_replay_new (GProcRecording *recording,
                                double          speed,
                                gboolean        checks);

G_END_DECLS
