/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "frames/gproc-demux-core-private.h"

G_BEGIN_DECLS

/* One side of a demuxer as a stream, pollable if the base stream is. A GProcReader has it. */
GInputStream *_gproc_demux_output_new (GProcDemuxCore     *core,
                                       GProcDemuxConsumer  side);

G_END_DECLS
