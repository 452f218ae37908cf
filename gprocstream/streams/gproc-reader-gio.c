/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-reader-internal-private.h"

/* The reader as a GInputStream and a GPollableInputStream. */

static gssize
gproc_reader_read_fn (GInputStream  *stream,
                      void          *buffer,
                      gsize          count,
                      GCancellable  *cancellable,
                      GError       **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_PLAIN, .count = count, .target = buffer };

  return _gproc_read_op_run (GPROC_READER (stream), &request, cancellable, error) ? request.n : -1;
}

static gssize
gproc_reader_skip (GInputStream  *stream,
                   gsize          count,
                   GCancellable  *cancellable,
                   GError       **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_SKIP, .count = count };

  return _gproc_read_op_run (GPROC_READER (stream), &request, cancellable, error) ? request.n : -1;
}

static gboolean
gproc_reader_close_fn (GInputStream  *stream,
                       GCancellable  *cancellable,
                       GError       **error)
{
  GProcReader *self = GPROC_READER (stream);
  gboolean success = _gproc_reader_close_input (self, error);

  /* What moves bytes in another thread may just look at them. */
  g_mutex_lock (&self->ops.lock);
  _gproc_buffer_clear (&self->core.buffer);
  g_mutex_unlock (&self->ops.lock);

  return success;
}

static void
reader_start_plain (GProcReader         *self,
                    GProcReadKind        kind,
                    void                *buffer,
                    gsize                count,
                    int                  io_priority,
                    GCancellable        *cancellable,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  GProcReadRequest request = { .kind = kind, .count = count, .target = buffer };

  _gproc_read_op_start (_gproc_read_result_new (self, &request, cancellable, callback, user_data,
                                                reader_start_plain),
                        io_priority, FALSE);
}

static void
gproc_reader_read_async_fn (GInputStream        *stream,
                            void                *buffer,
                            gsize                count,
                            int                  io_priority,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  reader_start_plain (GPROC_READER (stream), GPROC_READ_PLAIN, buffer, count, io_priority,
                      cancellable, callback, user_data);
}

static gssize
gproc_reader_read_finish_fn (GInputStream  *stream,
                             GAsyncResult  *result,
                             GError       **error)
{
  GProcReadResult *read;

  g_return_val_if_fail (_gproc_read_result_is_valid (result, GPROC_READER (stream),
                                                     reader_start_plain),
                        -1);

  read = GPROC_READ_RESULT (result);

  return _gproc_read_result_propagate (read, error) ? read->request.n : -1;
}

static void
gproc_reader_skip_async (GInputStream        *stream,
                         gsize                count,
                         int                  io_priority,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  reader_start_plain (GPROC_READER (stream), GPROC_READ_SKIP, NULL, count, io_priority, cancellable,
                      callback, user_data);
}

static void
gproc_reader_close_async (GInputStream        *stream,
                          int                  io_priority,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;

  g_task_set_source_tag (task, gproc_reader_close_async);
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);

  if (gproc_reader_close_fn (stream, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static gboolean
gproc_reader_close_finish (GInputStream  *stream,
                           GAsyncResult  *result,
                           GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
gproc_reader_can_poll (GPollableInputStream *stream)
{
  return GPROC_READER (stream)->can_poll;
}

/* Whether a read would not block; @polled: the descriptor was found ready. */
static gboolean
reader_is_ready (GObject  *stream,
                 gboolean  polled)
{
  GProcReader *self = GPROC_READER (stream);

  return polled || _gproc_buffer_length (&self->core.buffer) > 0 || _gproc_reader_has_ended (self);
}

static gboolean
gproc_reader_is_readable (GPollableInputStream *stream)
{
  GProcReader *self = GPROC_READER (stream);
  GPollFD poll_fd = { .fd = -1, .events = G_IO_IN };

  if (reader_is_ready (G_OBJECT (self), FALSE))
    return TRUE;
  if (self->core.input.base != NULL)
    return self->core.input.pollable &&
           g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (self->core.input.base));

  poll_fd.fd = _gproc_input_get_fd (&self->core.input);

  return g_poll (&poll_fd, 1, 0) > 0;
}

static GSource *
gproc_reader_create_source (GPollableInputStream *stream,
                            GCancellable         *cancellable)
{
  GProcReader *self = GPROC_READER (stream);
  g_autoptr (GInputStream) base = NULL;
  GSource *source = NULL;
  int fd = -1;

  /* Another thread may be closing the stream. */
  g_mutex_lock (&self->ops.lock);
  if (self->core.input.descriptor != NULL)
    fd = _gproc_input_get_fd (&self->core.input);
  else if (self->core.input.pollable)
    g_set_object (&base, self->core.input.base);
  g_mutex_unlock (&self->ops.lock);

  if (base != NULL)
    source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (base), NULL);

  return _gproc_ready_source_new (&self->sources, G_OBJECT (self), reader_is_ready, fd, G_IO_IN,
                                  source, cancellable);
}

static gssize
gproc_reader_read_nonblocking (GPollableInputStream  *stream,
                               void                  *buffer,
                               gsize                  count,
                               GError               **error)
{
  GProcReadRequest request = { .kind = GPROC_READ_PLAIN, .count = count, .target = buffer };

  return _gproc_read_op_try (GPROC_READER (stream), &request, FALSE, error) ? request.n : -1;
}

void
_gproc_reader_install_stream (GInputStreamClass *klass)
{
  klass->read_fn = gproc_reader_read_fn;
  klass->skip = gproc_reader_skip;
  klass->close_fn = gproc_reader_close_fn;
  klass->read_async = gproc_reader_read_async_fn;
  klass->read_finish = gproc_reader_read_finish_fn;
  klass->skip_async = gproc_reader_skip_async;
  klass->skip_finish = gproc_reader_read_finish_fn;
  klass->close_async = gproc_reader_close_async;
  klass->close_finish = gproc_reader_close_finish;
}

void
_gproc_reader_install_pollable (GPollableInputStreamInterface *iface)
{
  iface->can_poll = gproc_reader_can_poll;
  iface->is_readable = gproc_reader_is_readable;
  iface->create_source = gproc_reader_create_source;
  iface->read_nonblocking = gproc_reader_read_nonblocking;
}
