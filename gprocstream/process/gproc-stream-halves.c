/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-stream-internal-private.h"

static GProcReader *
find_reader (GProcStream *self,
             int          target)
{
  for (guint i = 0; i < self->n_halves; i++)
    {
      if (self->halves[i].target == target && self->halves[i].reader != NULL)
        return self->halves[i].reader;
    }

  return NULL;
}

static GProcWriter *
find_writer (GProcStream *self,
             int          target)
{
  for (guint i = 0; i < self->n_halves; i++)
    {
      if (self->halves[i].target == target && self->halves[i].writer != NULL)
        return self->halves[i].writer;
    }

  return NULL;
}

/* The first of the queues of all writers, which are in a row. */
GProcWriteQueue *
_gproc_stream_get_queue (GProcStream *self)
{
  for (guint i = 0; i < self->n_halves; i++)
    {
      if (self->halves[i].writer != NULL)
        return _gproc_writer_get_queue (self->halves[i].writer);
    }

  return NULL;
}

void
_gproc_stream_link_queues (GProcStream *self)
{
  GProcWriteQueue *first = _gproc_stream_get_queue (self);
  GProcWriteQueue *previous = NULL;

  for (guint i = 0; i < self->n_halves; i++)
    {
      if (self->halves[i].writer != NULL)
        {
          GProcWriteQueue *queue = _gproc_writer_get_queue (self->halves[i].writer);

          if (previous != NULL)
            _gproc_write_queue_set_next (previous, queue);
          previous = queue;
        }
      else if (first != NULL)
        {
          _gproc_reader_set_queue (self->halves[i].reader, first);
        }
    }
}

/**
 * gproc_stream_get_stdin:
 * @self: a stream
 *
 * Gets the standard input of the process.
 *
 * Returns: (transfer none) (nullable): the writer, or %NULL if standard input is not
 *   a pipe of this stream
 *
 * Since: 1.0
 */
GProcWriter *
gproc_stream_get_stdin (GProcStream *self)
{
  return gproc_stream_get_writer (self, 0);
}

/**
 * gproc_stream_get_stdout:
 * @self: a stream
 *
 * Gets the standard output of the process.
 *
 * Returns: (transfer none) (nullable): the reader, or %NULL if standard output is not
 *   a pipe of this stream
 *
 * Since: 1.0
 */
GProcReader *
gproc_stream_get_stdout (GProcStream *self)
{
  return gproc_stream_get_reader (self, 1);
}

/**
 * gproc_stream_get_stderr:
 * @self: a stream
 *
 * Gets the standard error of the process.
 *
 * Returns: (transfer none) (nullable): the reader, or %NULL if standard error is not a
 *   pipe of this stream
 *
 * Since: 1.0
 */
GProcReader *
gproc_stream_get_stderr (GProcStream *self)
{
  return gproc_stream_get_reader (self, 2);
}

/**
 * gproc_stream_get_reader:
 * @self: a stream
 * @target_fd: a descriptor of the process
 *
 * Gets what reads from a pipe that the process writes to: 1 and 2 are its standard
 * output and standard error, others were added with
 * [method@GProc.Launcher.add_pipe].
 *
 * Returns: (transfer none) (nullable): the reader, or %NULL if there is none
 *
 * Since: 1.0
 */
GProcReader *
gproc_stream_get_reader (GProcStream *self,
                         int          target_fd)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), NULL);

  return find_reader (self, target_fd);
}

/**
 * gproc_stream_get_writer:
 * @self: a stream
 * @target_fd: a descriptor of the process
 *
 * Gets what writes to a pipe that the process reads from: 0 is its standard input,
 * others were added with [method@GProc.Launcher.add_pipe].
 *
 * Returns: (transfer none) (nullable): the writer, or %NULL if there is none
 *
 * Since: 1.0
 */
GProcWriter *
gproc_stream_get_writer (GProcStream *self,
                         int          target_fd)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), NULL);

  return find_writer (self, target_fd);
}
