/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <poll.h>

#include "loop/gproc-poller-private.h"
#include "process/gproc-stream-internal-private.h"
#include "process/gproc-worker-private.h"

/* How much of an output that nobody reads is dropped at a time while the input of the
 * process is written. */
#define DISCARD_SIZE (64 * 1024)

/* What a cancellable needs at most, and how often it is looked at without. */
#define CANCEL_DESCRIPTORS 2
#define CANCEL_INTERVAL_MS 20

/* Where something is queued the writers are closed first: it reaches the process before its
 * output loses its reader, which would be the end of many a program. A process that writes
 * as it reads would block on output that nobody takes, and so would the close, so that
 * output is dropped meanwhile, as the close does with all that is unread anyhow.
 *
 * Where nothing is queued the readers are closed with the writers, and before them: the end of
 * its input is the end of many a process, and what waits for its output would be told that this
 * has ended, or that the stream is closed, by who is faster. */
typedef struct
{
  GTask *task; /* Borrowed: it owns this. */
  GProcPoller *poller;
  GProcWatch halves_shut; /* Posted when the last of those that are being shut is. */
  int n_pending;          /* Atomic: the halves that are being shut. */
  gboolean readers_begun;
  GError *error; /* The first one. */
} GProcClose;

static void
close_free (gpointer data)
{
  GProcClose *close = data;

  _gproc_watch_clear (&close->halves_shut);
  _gproc_poller_release (close->poller);
  g_clear_error (&close->error);
  g_free (close);
}

/* Takes @error. */
static void
close_take_error (GProcClose *close,
                  GError     *error)
{
  if (close->error == NULL)
    close->error = error;
  else
    g_clear_error (&error);
}

/* Before anything is flushed: a process that does not read would put off its own end, and
 * that of the close, for ever. It has the grace to read what is queued. */
void
_gproc_stream_stop_for_close (GProcStream *self)
{
  if (self->backend != NULL && gproc_stream_get_stop_on_close (self) &&
      g_atomic_int_compare_and_exchange (&self->stopped_for_close, FALSE, TRUE))
    _gproc_stream_stop_process (self, self->stop_grace, NULL);
}

void
_gproc_stream_let_go (GProcStream *self)
{
  if (self->backend == NULL)
    return;

  _gproc_stream_stop_for_close (self);
  if (g_atomic_int_compare_and_exchange (&self->backend_closed, FALSE, TRUE))
    gproc_backend_close (self->backend);
}

void
_gproc_stream_force_close (GProcStream *self)
{
  for (guint i = 0; i < self->n_halves; i++)
    {
      if (self->halves[i].writer != NULL)
        _gproc_writer_force_close (self->halves[i].writer);
    }
  for (guint i = 0; i < self->n_halves; i++)
    {
      if (self->halves[i].reader != NULL)
        _gproc_reader_force_close (self->halves[i].reader);
    }
}

/* The last step, in the context of the caller. */
static void
close_complete (GTask *task)
{
  GProcStream *self = g_task_get_source_object (task);
  GProcClose *close = g_task_get_task_data (task);

  _gproc_stream_let_go (self);
  self->closing = FALSE;

  if (close->error != NULL)
    g_task_return_error (task, g_steal_pointer (&close->error));
  else if (self->aborted)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                             _ ("The stream was aborted while it was being closed"));
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
base_closed (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  GTask *task = user_data;
  GError *error = NULL;

  /* What a stream has no close of its own for is closing its halves, which GIO's
   * asynchronous form finds closed: that is how they should be. */
  g_io_stream_close_finish (G_IO_STREAM (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    g_clear_error (&error);
  if (error != NULL)
    close_take_error (g_task_get_task_data (task), error);

  close_complete (task);
}

static void
close_halves_and_base (GTask *task)
{
  GProcStream *self = g_task_get_source_object (task);

  _gproc_stream_force_close (self);

  if (self->base != NULL)
    g_io_stream_close_async (self->base, g_task_get_priority (task), g_task_get_cancellable (task),
                             base_closed, task);
  else
    close_complete (task);
}

/* Counts one half that is shut. The call comes from whatever thread used it. */
static void
close_count (GTask *task)
{
  GProcClose *close = g_task_get_task_data (task);

  if (g_atomic_int_dec_and_test (&close->n_pending))
    _gproc_watch_post (&close->halves_shut, close->poller);
}

static void
writer_shut (GProcWriter *writer,
             GError      *error,
             gpointer     user_data)
{
  GTask *task = user_data;

  if (error != NULL)
    close_take_error (g_task_get_task_data (task), g_error_copy (error));

  close_count (task);
}

static gboolean
writer_is_open (GProcWriter *writer)
{
  return writer != NULL && !_gproc_writer_is_closed (writer);
}

static gboolean
reader_is_open (GProcReader *reader)
{
  return reader != NULL && !_gproc_reader_is_closed (reader);
}

static void
reader_shut (GProcReader *reader,
             gpointer     user_data)
{
  close_count (user_data);
}

static void
shut_readers (GTask *task)
{
  GProcStream *self = g_task_get_source_object (task);
  GProcClose *close = g_task_get_task_data (task);

  close->readers_begun = TRUE;
  for (guint i = 0; i < self->n_halves; i++)
    {
      GProcReader *reader = self->halves[i].reader;

      if (!reader_is_open (reader))
        continue;

      g_atomic_int_inc (&close->n_pending);
      _gproc_reader_shutdown (reader, reader_shut, task);
    }
}

static void
shut_writers (GTask *task)
{
  GProcStream *self = g_task_get_source_object (task);
  GProcClose *close = g_task_get_task_data (task);

  for (guint i = 0; i < self->n_halves; i++)
    {
      if (!writer_is_open (self->halves[i].writer))
        continue;

      g_atomic_int_inc (&close->n_pending);
      _gproc_writer_shutdown_async (self->halves[i].writer, close->poller,
                                    g_task_get_cancellable (task), writer_shut, task);
    }
}

static void
close_next (GProcWatch   *watch,
            GIOCondition  condition)
{
  GProcClose *close = (GProcClose *) ((char *) watch - G_STRUCT_OFFSET (GProcClose, halves_shut));

  if (close->readers_begun)
    {
      close_halves_and_base (close->task);
      return;
    }

  /* One more than there are, so that the last is not counted before all are begun. */
  g_atomic_int_set (&close->n_pending, 1);
  shut_readers (close->task);
  close_count (close->task);
}

/* Whether there is more to write than the kernel takes at once. */
static gboolean
has_queue (GProcStream *self)
{
  for (guint i = 0; i < self->n_halves; i++)
    {
      GProcWriter *writer = self->halves[i].writer;

      if (writer_is_open (writer) && !_gproc_write_queue_push (_gproc_writer_get_queue (writer)))
        return TRUE;
    }

  return FALSE;
}

static void discard (GProcReader *reader,
                     GTask       *task);

static void
discarded (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GProcReader *reader = GPROC_READER (source);
  GProcClose *close = g_task_get_task_data (task);
  g_autoptr (GBytes) bytes = gproc_reader_read_some_finish (reader, result, NULL);

  if (bytes != NULL && !close->readers_begun)
    discard (reader, task);
}

static void
discard (GProcReader *reader,
         GTask       *task)
{
  gproc_reader_read_some_async (reader, DISCARD_SIZE, g_task_get_priority (task), NULL, discarded,
                                g_object_ref (task));
}

/* A reader that someone reads from is theirs: they take what comes. */
static void
discard_output (GTask *task)
{
  GProcStream *self = g_task_get_source_object (task);

  for (guint i = 0; i < self->n_halves; i++)
    {
      if (reader_is_open (self->halves[i].reader) &&
          !g_input_stream_has_pending (G_INPUT_STREAM (self->halves[i].reader)))
        discard (self->halves[i].reader, task);
    }
}

void
_gproc_stream_close_async (GIOStream           *stream,
                           int                  io_priority,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  GProcStream *self = GPROC_STREAM (stream);
  GProcClose *close = g_new0 (GProcClose, 1);
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, _gproc_stream_close_async);
  g_task_set_name (task, "[gproc] close");
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, close, close_free);

  close->task = task;
  close->poller = _gproc_poller_acquire_default (io_priority);
  _gproc_watch_init (&close->halves_shut, close_next);
  g_cancellable_set_error_if_cancelled (cancellable, &close->error);
  self->closing = TRUE;
  _gproc_stream_stop_for_close (self);

  g_atomic_int_set (&close->n_pending, 1);
  if (close->error == NULL && has_queue (self))
    discard_output (task);
  else
    shut_readers (task);
  shut_writers (task);
  close_count (task);
}

gboolean
_gproc_stream_close_finish (GIOStream     *stream,
                            GAsyncResult  *result,
                            GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Drops what an output has. FALSE: there will be no more, or it is being read. */
static gboolean
discard_now (GProcReader *reader)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = gproc_reader_try_read_some (reader, DISCARD_SIZE, &error);

  return bytes != NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

/* What to poll for a writer other than that of @queue: the process may want first what it
 * is given there. −1 if there is nothing to write. */
static int
other_queue_fd (GProcWriter     *writer,
                GProcWriteQueue *queue)
{
  GProcWriteQueue *other;

  if (!writer_is_open (writer))
    return -1;

  other = _gproc_writer_get_queue (writer);
  if (other == queue || _gproc_write_queue_push_or_wait (other))
    return -1;

  return _gproc_write_queue_get_fd (other);
}

/* Waits until @queue can go on or there is output to drop. FALSE: it cannot be told. */
static gboolean
wait_and_discard (GProcStream     *self,
                  GProcWriteQueue *queue,
                  gboolean        *drained,
                  GCancellable    *cancellable)
{
  g_autofree struct pollfd *polled = g_new0 (struct pollfd, self->n_halves + 2);
  GPollFD cancel_fd = { .fd = -1 };
  gboolean has_cancel_fd;
  int result;

  polled[0] = (struct pollfd){ .fd = _gproc_write_queue_get_fd (queue), .events = POLLOUT };
  if (polled[0].fd < 0)
    return FALSE;

  for (guint i = 0; i < self->n_halves; i++)
    {
      polled[i + 2].fd = drained[i] ? other_queue_fd (self->halves[i].writer, queue)
                                    : gproc_reader_get_fd (self->halves[i].reader);
      polled[i + 2].events = drained[i] ? POLLOUT : POLLIN;
    }

  /* GLib ends the program where a cancellable gets no descriptor. What is queued is not
   * given up for that: the cancellable is looked at every now and then. */
  has_cancel_fd = cancellable != NULL && _gproc_find_descriptors (CANCEL_DESCRIPTORS) == 0 &&
                  g_cancellable_make_pollfd (cancellable, &cancel_fd);
  polled[1] = (struct pollfd){ .fd = cancel_fd.fd, .events = POLLIN };
  do
    result = poll (polled, self->n_halves + 2,
                   cancellable == NULL || has_cancel_fd ? -1 : CANCEL_INTERVAL_MS);
  while (result < 0 && errno == EINTR);
  if (has_cancel_fd)
    g_cancellable_release_fd (cancellable);

  for (guint i = 0; i < self->n_halves; i++)
    {
      if (polled[i + 2].revents != 0 && !drained[i])
        drained[i] = !discard_now (self->halves[i].reader);
      else if (polled[i + 2].revents != 0)
        (void) _gproc_write_queue_push (_gproc_writer_get_queue (self->halves[i].writer));
    }

  return result >= 0 && !g_cancellable_is_cancelled (cancellable);
}

static void
flush_and_discard (GProcStream  *self,
                   GProcWriter  *writer,
                   GCancellable *cancellable)
{
  g_autofree gboolean *drained = g_new0 (gboolean, self->n_halves + 1);
  GProcWriteQueue *queue = _gproc_writer_get_queue (writer);

  for (guint i = 0; i < self->n_halves; i++)
    drained[i] = !reader_is_open (self->halves[i].reader) ||
                 g_input_stream_has_pending (G_INPUT_STREAM (self->halves[i].reader));

  while (!_gproc_write_queue_push_or_wait (queue))
    {
      if (!wait_and_discard (self, queue, drained, cancellable))
        break;
    }
}

/* Whoever waits in another thread is told. */
static void
shut_readers_now (GProcStream *self)
{
  for (guint i = 0; i < self->n_halves; i++)
    {
      if (reader_is_open (self->halves[i].reader))
        _gproc_reader_shutdown (self->halves[i].reader, NULL, NULL);
    }
}

gboolean
_gproc_stream_close (GIOStream     *stream,
                     GCancellable  *cancellable,
                     GError       **error)
{
  GProcStream *self = GPROC_STREAM (stream);
  g_autoptr (GError) first = NULL;

  g_cancellable_set_error_if_cancelled (cancellable, &first);
  self->closing = TRUE;
  _gproc_stream_stop_for_close (self);
  if (first != NULL || !has_queue (self))
    shut_readers_now (self);

  for (guint i = 0; i < self->n_halves; i++)
    {
      GProcWriter *writer = self->halves[i].writer;

      if (!writer_is_open (writer))
        continue;

      if (first == NULL)
        flush_and_discard (self, writer, cancellable);
      _gproc_writer_shutdown (writer, cancellable, first == NULL ? &first : NULL);
    }

  _gproc_stream_force_close (self);
  if (self->base != NULL)
    g_io_stream_close (self->base, cancellable, first == NULL ? &first : NULL);

  _gproc_stream_let_go (self);
  self->closing = FALSE;

  if (first == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&first));

  return FALSE;
}
