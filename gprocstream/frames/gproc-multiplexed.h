/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <gprocstream/base/gproc-enums.h>
#include <gprocstream/base/gproc-version.h>
#include <gprocstream/process/gproc-stream.h>

G_BEGIN_DECLS

GPROC_AVAILABLE_IN_1_0
GProcStream *gproc_stream_new_for_multiplexed (GIOStream          *io_stream,
                                               GProcDemuxerPolicy  policy);

G_END_DECLS
