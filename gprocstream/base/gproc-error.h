/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream.h> can be included directly."
#endif

#include <glib-object.h>

#include <gprocstream/base/gproc-version.h>

G_BEGIN_DECLS

/**
 * GPROC_STREAM_ERROR:
 *
 * The error domain of what GIO has no code for. The codes are those of
 * [error@GProc.StreamError].
 *
 * Since: 1.0
 */
#define GPROC_STREAM_ERROR (gproc_stream_error_quark ())

/**
 * GProcStreamError:
 * @GPROC_STREAM_ERROR_INCOMPLETE_READ: the end of the stream came before all that
 *   was asked for; what came is in [property@GProc.Reader:last-partial]
 * @GPROC_STREAM_ERROR_LIMIT_OVERRUN: the data is longer than the limit; it stays
 *   where it is
 * @GPROC_STREAM_ERROR_EXIT_STATUS: the process ended with a status other than 0
 * @GPROC_STREAM_ERROR_SIGNALED: a signal ended the process
 * @GPROC_STREAM_ERROR_INVALID_FRAME: a multiplexed stream holds what is no frame
 * @GPROC_STREAM_ERROR_ENGINE: a container engine reported an error
 *
 * The errors that GIO has no code for. Wherever GIO has one, the library uses it
 * ([error@Gio.IOErrorEnum]).
 *
 * Since: 1.0
 */
typedef enum
{
  GPROC_STREAM_ERROR_INCOMPLETE_READ,
  GPROC_STREAM_ERROR_LIMIT_OVERRUN,
  GPROC_STREAM_ERROR_EXIT_STATUS,
  GPROC_STREAM_ERROR_SIGNALED,
  GPROC_STREAM_ERROR_INVALID_FRAME,
  GPROC_STREAM_ERROR_ENGINE
} GProcStreamError;

#define GPROC_TYPE_STREAM_ERROR (gproc_stream_error_get_type ())

GPROC_AVAILABLE_IN_1_0
GQuark gproc_stream_error_quark (void);
GPROC_AVAILABLE_IN_1_0
GType gproc_stream_error_get_type (void) G_GNUC_CONST;

G_END_DECLS
