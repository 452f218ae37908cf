/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/gproc-error.h"

/**
 * gproc_stream_error_quark:
 *
 * Gets the quark of the error domain.
 *
 * Returns: the quark
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (gproc-stream-error-quark, gproc_stream_error)

/* clang-format off */
G_DEFINE_ENUM_TYPE (GProcStreamError, gproc_stream_error,
  G_DEFINE_ENUM_VALUE (GPROC_STREAM_ERROR_INCOMPLETE_READ, "incomplete-read"),
  G_DEFINE_ENUM_VALUE (GPROC_STREAM_ERROR_LIMIT_OVERRUN, "limit-overrun"),
  G_DEFINE_ENUM_VALUE (GPROC_STREAM_ERROR_EXIT_STATUS, "exit-status"),
  G_DEFINE_ENUM_VALUE (GPROC_STREAM_ERROR_SIGNALED, "signaled"),
  G_DEFINE_ENUM_VALUE (GPROC_STREAM_ERROR_INVALID_FRAME, "invalid-frame"),
  G_DEFINE_ENUM_VALUE (GPROC_STREAM_ERROR_ENGINE, "engine"))
/* clang-format on */
