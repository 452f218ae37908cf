/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream.h> can be included directly."
#endif

#include <glib-object.h>

#include <gprocstream/base/gproc-version.h>

G_BEGIN_DECLS

/**
 * GPROC_RETURNCODE_NONE:
 *
 * The value in place of a returncode where there is none: the process still
 * runs, nobody can know how it ended, or there is no process.
 *
 * Since: 1.0
 */
#define GPROC_RETURNCODE_NONE (-2147483647 - 1)

/**
 * GProcStreamFlags:
 * @GPROC_STREAM_FLAGS_NONE: standard input and output are pipes, standard
 *   error is that of the application
 * @GPROC_STREAM_FLAGS_STDIN_INHERIT: the process reads what the application
 *   would read
 * @GPROC_STREAM_FLAGS_STDIN_NULL: the process reads from `/dev/null`
 * @GPROC_STREAM_FLAGS_STDOUT_INHERIT: the process writes to the standard output
 *   of the application
 * @GPROC_STREAM_FLAGS_STDOUT_NULL: what the process writes is dropped
 * @GPROC_STREAM_FLAGS_STDERR_PIPE: standard error is a pipe of its own
 * @GPROC_STREAM_FLAGS_STDERR_NULL: what the process writes to standard error is
 *   dropped
 * @GPROC_STREAM_FLAGS_STDERR_STDOUT: standard error goes where standard output
 *   goes
 * @GPROC_STREAM_FLAGS_STOP_ON_CLOSE: closing the stream stops the process
 * @GPROC_STREAM_FLAGS_TAKE_FDS: the descriptors that are given belong to the
 *   stream, which closes them
 *
 * How a [class@GProc.Stream] is made.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  GPROC_STREAM_FLAGS_NONE = 0,
  GPROC_STREAM_FLAGS_STDIN_INHERIT = 1 << 0,
  GPROC_STREAM_FLAGS_STDIN_NULL = 1 << 1,
  GPROC_STREAM_FLAGS_STDOUT_INHERIT = 1 << 2,
  GPROC_STREAM_FLAGS_STDOUT_NULL = 1 << 3,
  GPROC_STREAM_FLAGS_STDERR_PIPE = 1 << 4,
  GPROC_STREAM_FLAGS_STDERR_NULL = 1 << 5,
  GPROC_STREAM_FLAGS_STDERR_STDOUT = 1 << 6,
  GPROC_STREAM_FLAGS_STOP_ON_CLOSE = 1 << 7,
  GPROC_STREAM_FLAGS_TAKE_FDS = 1 << 8
} GProcStreamFlags;

/**
 * GProcDisposition:
 * @GPROC_DISPOSITION_PIPE: a pipe whose other end the stream holds
 * @GPROC_DISPOSITION_INHERIT: the same as the application has
 * @GPROC_DISPOSITION_NULL: `/dev/null`
 * @GPROC_DISPOSITION_STDOUT: for standard error only: where standard output goes
 * @GPROC_DISPOSITION_PTY: a terminal whose other side the stream holds. A process has one:
 *   all of its descriptors that ask for a terminal lead to the same
 *
 * Where one of the three standard descriptors of a new process leads.
 *
 * Since: 1.0
 */
typedef enum
{
  GPROC_DISPOSITION_PIPE,
  GPROC_DISPOSITION_INHERIT,
  GPROC_DISPOSITION_NULL,
  GPROC_DISPOSITION_STDOUT,
  GPROC_DISPOSITION_PTY
} GProcDisposition;

/**
 * GProcFileFlags:
 * @GPROC_FILE_FLAGS_NONE: a file that is written is created if it is missing,
 *   and emptied if it is not
 * @GPROC_FILE_FLAGS_APPEND: what is written goes to the end of the file
 * @GPROC_FILE_FLAGS_CREATE_NEW: a file that is written must not exist before
 *
 * How a file that stands for a standard descriptor is opened. A file that is
 * read is opened for reading only, whatever the flags.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  GPROC_FILE_FLAGS_NONE = 0,
  GPROC_FILE_FLAGS_APPEND = 1 << 0,
  GPROC_FILE_FLAGS_CREATE_NEW = 1 << 1
} GProcFileFlags;

/**
 * GProcPipeDirection:
 * @GPROC_PIPE_READ: the application reads what the process writes
 * @GPROC_PIPE_WRITE: the application writes what the process reads
 *
 * The direction of an additional pipe, seen from the application.
 *
 * Since: 1.0
 */
typedef enum
{
  GPROC_PIPE_READ,
  GPROC_PIPE_WRITE
} GProcPipeDirection;

/**
 * GProcLimitPolicy:
 * @GPROC_LIMIT_POLICY_ERROR: the read fails with
 *   %GPROC_STREAM_ERROR_LIMIT_OVERRUN and the data stays
 * @GPROC_LIMIT_POLICY_SPLIT: the data is given in pieces of the limit's size
 * @GPROC_LIMIT_POLICY_TRUNCATE: the first bytes are given, up to the limit, and
 *   the rest up to and with the separator is dropped
 * @GPROC_LIMIT_POLICY_SKIP: the data up to and with the separator is dropped, and
 *   the read goes on behind it
 *
 * What a [class@GProc.Reader] does with a line, or data up to a separator, that
 * is longer than its limit.
 *
 * Since: 1.0
 */
typedef enum
{
  GPROC_LIMIT_POLICY_ERROR,
  GPROC_LIMIT_POLICY_SPLIT,
  GPROC_LIMIT_POLICY_TRUNCATE,
  GPROC_LIMIT_POLICY_SKIP
} GProcLimitPolicy;

/**
 * GProcDemuxerPolicy:
 * @GPROC_DEMUXER_POLICY_BLOCK: the read waits until the other stream is read
 * @GPROC_DEMUXER_POLICY_GROW: the buffer grows as far as it takes
 * @GPROC_DEMUXER_POLICY_DISCARD: what has no place is dropped, and counted in
 *   [property@GProc.Demuxer:bytes-discarded]
 *
 * What a [class@GProc.Demuxer] does with what comes for one of its two streams while the
 * other is read, when the buffer for it is full.
 *
 * Since: 1.0
 */
typedef enum
{
  GPROC_DEMUXER_POLICY_BLOCK,
  GPROC_DEMUXER_POLICY_GROW,
  GPROC_DEMUXER_POLICY_DISCARD
} GProcDemuxerPolicy;

#define GPROC_TYPE_STREAM_FLAGS (gproc_stream_flags_get_type ())
#define GPROC_TYPE_DISPOSITION (gproc_disposition_get_type ())
#define GPROC_TYPE_FILE_FLAGS (gproc_file_flags_get_type ())
#define GPROC_TYPE_PIPE_DIRECTION (gproc_pipe_direction_get_type ())
#define GPROC_TYPE_LIMIT_POLICY (gproc_limit_policy_get_type ())
#define GPROC_TYPE_DEMUXER_POLICY (gproc_demuxer_policy_get_type ())

GPROC_AVAILABLE_IN_1_0
GType gproc_stream_flags_get_type (void) G_GNUC_CONST;
GPROC_AVAILABLE_IN_1_0
GType gproc_disposition_get_type (void) G_GNUC_CONST;
GPROC_AVAILABLE_IN_1_0
GType gproc_file_flags_get_type (void) G_GNUC_CONST;
GPROC_AVAILABLE_IN_1_0
GType gproc_pipe_direction_get_type (void) G_GNUC_CONST;
GPROC_AVAILABLE_IN_1_0
GType gproc_limit_policy_get_type (void) G_GNUC_CONST;
GPROC_AVAILABLE_IN_1_0
GType gproc_demuxer_policy_get_type (void) G_GNUC_CONST;

G_END_DECLS
