/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "frames/gproc-demux-core-private.h"

G_BEGIN_DECLS

/* A frame that was there when it was asked for. Its callback comes behind the call, but, unlike
 * that of a GTask, not always an iteration of the main loop later: as many come in one as
 * its poller allows. */

#define GPROC_TYPE_FRAME_RESULT (_gproc_frame_result_get_type ())
G_DECLARE_FINAL_TYPE (GProcFrameResult, _gproc_frame_result, GPROC, FRAME_RESULT, GObject)

/* Takes what is in @request, and @error. */
void _gproc_frame_result_return (gpointer             source,
                                 gpointer             source_tag,
                                 int                  io_priority,
                                 GProcDemuxRequest   *request,
                                 GError              *error,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);

/* NULL with @error; borrowed. */
GProcDemuxRequest *_gproc_frame_result_propagate (GProcFrameResult  *self,
                                                  GError           **error);

G_END_DECLS
