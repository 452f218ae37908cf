/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-input-private.h"

#include <errno.h>
#include <gio/gfiledescriptorbased.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "streams/gproc-block-private.h"

/* A read of a base stream, which may outlive the wait that it was begun for and the
 * reader itself. Its result waits here for whoever reads next. */
struct _GProcInputRead
{
  int ref_count;
  GMutex lock;
  gboolean finished;
  gboolean close_base; /* The reader was closed meanwhile. */
  char *data;
  gsize size;
  gssize count; /* −1: @error. */
  gsize taken;
  GError *error;
  GObject *owner; /* Owned while a wait is to be woken. */
  GProcWait *wait;
  GProcWriteQueue *heir; /* Owned: gets what is read, as nobody waits for it any more. */
};

static void
input_read_unref (GProcInputRead *read)
{
  if (!g_atomic_int_dec_and_test (&read->ref_count))
    return;

  g_clear_pointer (&read->heir, _gproc_write_queue_unref);
  g_clear_error (&read->error);
  g_free (read->data);
  g_mutex_clear (&read->lock);
  g_free (read);
}

void
_gproc_input_init_for_stream (GProcInput   *self,
                              GInputStream *base)
{
  self->base = g_object_ref (base);
  self->close_base = TRUE;
  self->pollable = G_IS_POLLABLE_INPUT_STREAM (base) &&
                   g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (base));
}

int
_gproc_input_get_fd (GProcInput *self)
{
  if (self->descriptor != NULL)
    return _gproc_descriptor_get_fd (self->descriptor);
  if (self->base != NULL && self->pollable && G_IS_FILE_DESCRIPTOR_BASED (self->base))
    return g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (self->base));

  return -1;
}

gboolean
_gproc_input_is_open (GProcInput *self)
{
  return self->descriptor != NULL || self->base != NULL;
}

static void
set_would_block (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                       _ ("There is nothing to read yet"));
}

static gssize
input_read_descriptor (GProcInput  *self,
                       gpointer     buffer,
                       gsize        size,
                       GError     **error)
{
  gssize count = _gproc_descriptor_read (self->descriptor, buffer, size);

  if (count >= 0)
    return count;

  if (count == -EAGAIN)
    set_would_block (error);
  else
    _gproc_set_errno_error (error, (int) -count, _ ("Reading failed"));

  return -1;
}

/* Takes what a finished read of the base stream brought. */
static gssize
input_take_finished (GProcInput  *self,
                     gpointer     buffer,
                     gsize        size,
                     GError     **error)
{
  GProcInputRead *read = self->read;
  gssize count = -1;
  gboolean finished;

  g_mutex_lock (&read->lock);
  finished = read->finished;
  g_mutex_unlock (&read->lock);

  if (!finished)
    {
      set_would_block (error);
      return -1;
    }

  if (read->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&read->error));
    }
  else
    {
      count = (gssize) MIN (size, (gsize) read->count - read->taken);
      memcpy (buffer, read->data + read->taken, (gsize) count);
      read->taken += (gsize) count;
      if (read->taken < (gsize) read->count)
        return count;
    }

  g_clear_pointer (&self->read, input_read_unref);

  return count;
}

gssize
_gproc_input_read_nonblocking (GProcInput  *self,
                               gpointer     buffer,
                               gsize        size,
                               GError     **error)
{
  if (self->descriptor != NULL)
    return input_read_descriptor (self, buffer, size, error);

  if (self->pollable)
    return g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (self->base), buffer,
                                                     size, NULL, error);

  if (self->read != NULL)
    return input_take_finished (self, buffer, size, error);

  set_would_block (error);
  return -1;
}

static void
input_read_done (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  GProcInputRead *read = user_data;
  g_autoptr (GObject) owner = NULL;
  gboolean close_base;
  GProcWait *wait;

  g_mutex_lock (&read->lock);
  read->count = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &read->error);
  read->finished = TRUE;
  owner = g_steal_pointer (&read->owner);
  wait = g_steal_pointer (&read->wait);
  close_base = read->close_base;
  if (read->heir != NULL && read->count > 0)
    _gproc_write_queue_append_rest (read->heir, read->data, (gsize) read->count);
  g_mutex_unlock (&read->lock);

  if (wait != NULL)
    _gproc_watch_wake (&wait->watch);
  if (close_base)
    g_input_stream_close_async (G_INPUT_STREAM (source), G_PRIORITY_DEFAULT, NULL, NULL, NULL);

  input_read_unref (read);
}

static void
input_begin_read (GProcInput  *self,
                  GProcPoller *poller,
                  gsize        size)
{
  GProcInputRead *read = g_new0 (GProcInputRead, 1);
  gboolean pushed;

  g_mutex_init (&read->lock);
  read->ref_count = 2; /* The input's and the operation's. */
  read->data = g_malloc (size);
  read->size = size;
  self->read = read;

  pushed = _gproc_poller_push_default (poller);
  g_input_stream_read_async (self->base, read->data, size, _gproc_poller_get_priority (poller),
                             NULL, input_read_done, read);
  _gproc_poller_pop_default (poller, pushed);
}

/* Has the read that is under way wake @wait, or wakes it now. */
static void
input_wait_for_read (GProcInput *self,
                     GProcWait  *wait,
                     GObject    *owner)
{
  GProcInputRead *read = self->read;
  g_autoptr (GObject) previous = NULL;

  g_mutex_lock (&read->lock);
  if (!read->finished)
    {
      previous = g_steal_pointer (&read->owner);
      read->owner = g_object_ref (owner);
      read->wait = wait;
      wait = NULL;
    }
  g_mutex_unlock (&read->lock);

  if (wait != NULL)
    _gproc_watch_wake (&wait->watch);
}

static gpointer
owner_ref (gpointer owner)
{
  return g_object_ref (owner);
}

void
_gproc_input_wait (GProcInput  *self,
                   GProcWait   *wait,
                   GProcPoller *poller,
                   GObject     *owner,
                   gsize        size)
{
  GSource *source;

  if (self->descriptor != NULL)
    {
      _gproc_wait_for_fd (wait, poller, _gproc_descriptor_get_fd (self->descriptor), G_IO_IN);
    }
  else if (self->pollable)
    {
      source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (self->base), NULL);
      _gproc_wait_for_source (wait, poller, source, owner, owner_ref, g_object_unref);
    }
  else
    {
      _gproc_watch_hold (&wait->watch, poller);
      if (self->read == NULL)
        input_begin_read (self, poller, size);
      input_wait_for_read (self, wait, owner);
      if (wait->cancellable != NULL && g_cancellable_is_cancelled (wait->cancellable))
        _gproc_watch_wake (&wait->watch);
    }
}

static gssize
input_read_base (GProcInput       *self,
                 gpointer          buffer,
                 gsize             size,
                 GProcWriteQueue  *queue,
                 GCancellable     *cancellable,
                 GError          **error)
{
  if (self->read != NULL)
    {
      g_autoptr (GError) local_error = NULL;
      gssize count = input_take_finished (self, buffer, size, &local_error);

      if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                             _ ("An asynchronous read of the base stream has not finished yet"));
      else if (local_error != NULL)
        g_propagate_error (error, g_steal_pointer (&local_error));

      return count;
    }

  /* Nothing can be pushed while the base stream blocks, so the queue goes first. */
  while (queue != NULL && !_gproc_write_queue_push_or_wait (queue))
    if (!_gproc_block (-1, 0, queue, -1, cancellable, error))
      return -1;

  return g_input_stream_read (self->base, buffer, size, cancellable, error);
}

gssize
_gproc_input_read (GProcInput       *self,
                   gpointer          buffer,
                   gsize             size,
                   GProcWriteQueue  *queue,
                   GCancellable     *cancellable,
                   GError          **error)
{
  g_autoptr (GProcDescriptor) descriptor = NULL;
  gint64 deadline = self->deadline > 0 ? self->deadline : -1;

  if (self->descriptor == NULL && !self->pollable)
    return input_read_base (self, buffer, size, queue, cancellable, error);

  /* Another thread may close the stream meanwhile. */
  if (self->descriptor != NULL)
    descriptor = _gproc_descriptor_ref (self->descriptor);

  while (TRUE)
    {
      g_autoptr (GError) local_error = NULL;
      gssize count = _gproc_input_read_nonblocking (self, buffer, size, &local_error);
      gboolean ready;

      if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          if (local_error != NULL)
            g_propagate_error (error, g_steal_pointer (&local_error));
          return count;
        }

      if (!_gproc_input_is_open (self))
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The stream was closed"));
          return -1;
        }

      g_clear_error (&local_error);
      if (self->descriptor != NULL)
        ready = _gproc_block (_gproc_descriptor_get_fd (descriptor), G_IO_IN, queue, deadline,
                              cancellable, &local_error);
      else
        ready = _gproc_block_on_source (
          g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (self->base), NULL), queue,
          deadline, cancellable, &local_error);
      /* A source may say again and again that it is ready when nothing is there. */
      if (ready && (deadline < 0 || g_get_monotonic_time () < deadline))
        continue;

      if (local_error != NULL)
        g_propagate_error (error, g_steal_pointer (&local_error));
      else
        set_would_block (error);
      return -1;
    }
}

void
_gproc_input_read_ahead (GProcInput  *self,
                         GProcPoller *poller,
                         gsize        size)
{
  if (self->base != NULL && !self->pollable && self->read == NULL)
    input_begin_read (self, poller, size);
}

void
_gproc_input_bequeath (GProcInput      *self,
                       GProcWriteQueue *heir)
{
  GProcInputRead *read = g_steal_pointer (&self->read);
  g_autoptr (GObject) owner = NULL;

  if (read == NULL)
    return;

  g_mutex_lock (&read->lock);
  owner = g_steal_pointer (&read->owner);
  read->wait = NULL;
  if (!read->finished)
    read->heir = _gproc_write_queue_ref (heir);
  else if (read->count > (gssize) read->taken)
    _gproc_write_queue_append_rest (heir, read->data + read->taken,
                                    (gsize) read->count - read->taken);
  g_mutex_unlock (&read->lock);
  input_read_unref (read);
}

gboolean
_gproc_input_close (GProcInput  *self,
                    GError     **error)
{
  g_autoptr (GInputStream) base = g_steal_pointer (&self->base);
  GProcDescriptor *descriptor = g_steal_pointer (&self->descriptor);
  g_autoptr (GError) local_error = NULL;
  int result = 0;

  if (self->read != NULL)
    {
      g_autoptr (GObject) owner = NULL;

      g_mutex_lock (&self->read->lock);
      owner = g_steal_pointer (&self->read->owner);
      self->read->wait = NULL;
      self->read->close_base = self->close_base && !self->read->finished;
      g_mutex_unlock (&self->read->lock);
      g_clear_pointer (&self->read, input_read_unref);
    }

  if (descriptor != NULL)
    {
      result = _gproc_descriptor_close (descriptor, GPROC_DESCRIPTOR_READ);
      _gproc_descriptor_unref (descriptor);
      if (result < 0)
        _gproc_set_errno_error (error, -result, _ ("Closing failed"));
    }

  /* A read that is still under way keeps the base stream open until it is done. */
  if (base != NULL && self->close_base && !g_input_stream_has_pending (base) &&
      !g_input_stream_close (base, NULL, &local_error))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  return result == 0;
}
