/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#define GPROC_INSIDE

/* clang-format off */
#include <gprocstream/base/gproc-version.h>
#include <gprocstream/base/gproc-enums.h>
#include <gprocstream/base/gproc-error.h>
#include <gprocstream/streams/gproc-match.h>
#include <gprocstream/streams/gproc-reader.h>
#include <gprocstream/streams/gproc-writer.h>
#include <gprocstream/streams/gproc-select.h>
#include <gprocstream/transfer/gproc-pump.h>
#include <gprocstream/process/gproc-backend.h>
#include <gprocstream/process/gproc-result.h>
#include <gprocstream/process/gproc-stream.h>
#include <gprocstream/process/gproc-launcher.h>
#include <gprocstream/process/gproc-pipeline.h>
#include <gprocstream/frames/gproc-demuxer.h>
#include <gprocstream/frames/gproc-multiplexed.h>
#include <gprocstream/frames/gproc-muxer.h>
#include <gprocstream/terminal/gproc-recorder.h>
#include <gprocstream/terminal/gproc-recording.h>
#include <gprocstream/terminal/gproc-terminal.h>
/* clang-format on */

#undef GPROC_INSIDE
