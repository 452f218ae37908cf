/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "frames/gproc-multiplexed.h"

#include <unistd.h>

#include "frames/gproc-demuxer.h"
#include "process/gproc-stream-internal-private.h"

/**
 * gproc_stream_new_for_multiplexed:
 * @io_stream: a connection to what runs the process
 * @policy: what becomes of bytes for an output whose buffer is full while the other is read
 *
 * Makes a stream of a connection on which both outputs of a process come in frames, while what
 * goes to its standard input is sent as it is: what a container engine makes of the connection
 * of an exec or an attach without a terminal. There is no process.
 *
 * [method@GProc.Stream.get_stdout] and [method@GProc.Stream.get_stderr] are the readers of a
 * [class@GProc.Demuxer]. Closing the stream closes @io_stream, and tells what that fails
 * with.
 *
 * Returns: (transfer full): a new stream
 *
 * Since: 1.0
 */
GProcStream *
gproc_stream_new_for_multiplexed (GIOStream          *io_stream,
                                  GProcDemuxerPolicy  policy)
{
  GProcStreamHalf halves[3] = { { 0 } };
  g_autoptr (GProcDemuxer) demuxer = NULL;
  GProcStream *self;

  g_return_val_if_fail (G_IS_IO_STREAM (io_stream), NULL);

  demuxer = gproc_demuxer_new (g_io_stream_get_input_stream (io_stream));
  gproc_demuxer_set_policy (demuxer, policy);

  halves[0].target = STDIN_FILENO;
  halves[0].writer = gproc_writer_new (g_io_stream_get_output_stream (io_stream));
  halves[1].target = STDOUT_FILENO;
  halves[1].reader = g_object_ref (gproc_demuxer_get_stdout (demuxer));
  halves[2].target = STDERR_FILENO;
  halves[2].reader = g_object_ref (gproc_demuxer_get_stderr (demuxer));

  self = _gproc_stream_new_of_halves (halves, G_N_ELEMENTS (halves));
  _gproc_stream_set_base (self, io_stream);
  g_object_set_data_full (G_OBJECT (halves[2].reader), "gproc-stream-base",
                          g_object_ref (io_stream), g_object_unref);

  return self;
}
