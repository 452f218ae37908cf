/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "frames/gproc-demux-core-private.h"
#include "frames/gproc-demuxer.h"

G_BEGIN_DECLS

/* Borrowed. */
GProcDemuxCore *_gproc_demuxer_get_core (GProcDemuxer *self);

G_END_DECLS
