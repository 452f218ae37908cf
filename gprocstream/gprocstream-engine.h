/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gprocstream/gprocstream.h>

#define GPROC_ENGINE_INSIDE

/* clang-format off */
#include <gprocstream/engine/gproc-engine.h>
#include <gprocstream/engine/gproc-container.h>
/* clang-format on */

#undef GPROC_ENGINE_INSIDE
