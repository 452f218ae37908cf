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

GProcWriteQueue *
_gproc_stream_get_queue (GProcStream *self)
{
  return self->queue;
}

static void
set_queue (GProcStream     *self,
           GProcWriteQueue *queue)
{
  g_clear_pointer (&self->queue, _gproc_write_queue_unref);
  if (queue != NULL)
    self->queue = _gproc_write_queue_ref (queue);
}

void
_gproc_stream_link_queues (GProcStream *self)
{
  GProcWriteQueue *previous = NULL;

  for (guint i = 0; i < self->n_halves; i++)
    {
      GProcWriteQueue *queue;

      if (self->halves[i].writer == NULL)
        continue;

      queue = _gproc_writer_get_queue (self->halves[i].writer);
      if (previous != NULL)
        _gproc_write_queue_set_next (previous, queue);
      else
        set_queue (self, queue);
      previous = queue;
    }

  for (guint i = 0; i < self->n_halves; i++)
    {
      if (self->halves[i].reader != NULL)
        _gproc_reader_set_queue (self->halves[i].reader, self->queue);
      if (self->halves[i].writer != NULL)
        _gproc_writer_set_row (self->halves[i].writer, self->queue);
    }
}

GProcStream *
_gproc_stream_new_joined (GPtrArray *streams)
{
  GProcStream *self = g_object_new (GPROC_TYPE_STREAM, NULL);
  g_autoptr (GArray) halves = g_array_new (FALSE, FALSE, sizeof (GProcStreamHalf));

  for (guint i = 0; i < streams->len; i++)
    {
      GProcStream *stream = g_ptr_array_index (streams, i);

      for (guint j = 0; j < stream->n_halves; j++)
        {
          GProcStreamHalf half = stream->halves[j];

          if (half.reader != NULL)
            g_object_ref (half.reader);
          if (half.writer != NULL)
            g_object_ref (half.writer);
          g_array_append_val (halves, half);
        }
    }

  self->n_halves = halves->len;
  self->halves = (GProcStreamHalf *) (gpointer) g_array_free (g_steal_pointer (&halves), FALSE);

  _gproc_stream_link_queues (self);
  for (guint i = 0; i < streams->len; i++)
    set_queue (g_ptr_array_index (streams, i), self->queue);

  return self;
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
