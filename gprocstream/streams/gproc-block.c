/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-block-private.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>

static gboolean
mark_ready (gpointer user_data)
{
  gboolean *ready = user_data;

  *ready = TRUE;

  return G_SOURCE_CONTINUE;
}

static gboolean
mark_stream_ready (GObject  *stream,
                   gpointer  user_data)
{
  return mark_ready (user_data);
}

static gboolean
mark_fd_ready (int          fd,
               GIOCondition condition,
               gpointer     user_data)
{
  return mark_ready (user_data);
}

static gboolean
mark_cancelled (GCancellable *cancellable,
                gpointer      user_data)
{
  return mark_ready (user_data);
}

static void
attach (GMainContext *context,
        GSource      *source,
        GSourceFunc   func,
        gboolean     *flag)
{
  g_source_set_callback (source, func, flag, NULL);
  g_source_attach (source, context);
}

static void
clear_source (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

static GSource *
queue_source (GProcWriteQueue *queue,
              gboolean        *is_fd)
{
  int fd = _gproc_write_queue_get_fd (queue);

  *is_fd = fd >= 0;

  return fd >= 0 ? g_unix_fd_source_new (fd, G_IO_OUT) : _gproc_write_queue_create_source (queue);
}

/* Takes @source (nullable), which calls @func. */
static gboolean
block_on (GSource          *source,
          GSourceFunc       func,
          GProcWriteQueue  *queue,
          gint64            deadline,
          GCancellable     *cancellable,
          GError          **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  GSource *sources[4];
  gboolean ready = FALSE, writable = FALSE, cancelled = FALSE, late = FALSE, is_fd;
  guint n_sources = 0;

  if (source != NULL)
    attach (context, sources[n_sources++] = source, func, &ready);
  if (cancellable != NULL)
    attach (context, sources[n_sources++] = g_cancellable_source_new (cancellable),
            G_SOURCE_FUNC (mark_cancelled), &cancelled);
  if (deadline >= 0)
    {
      sources[n_sources] = g_timeout_source_new (0);
      g_source_set_ready_time (sources[n_sources], deadline);
      attach (context, sources[n_sources++], mark_ready, &late);
    }
  if (queue != NULL && (sources[n_sources] = queue_source (queue, &is_fd)) != NULL)
    attach (context, sources[n_sources++],
            is_fd ? G_SOURCE_FUNC (mark_fd_ready) : G_SOURCE_FUNC (mark_stream_ready), &writable);

  while (!ready && !cancelled && !late && !writable)
    g_main_context_iteration (context, TRUE);

  while (n_sources > 0)
    clear_source (sources[--n_sources]);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (writable)
    _gproc_write_queue_push (queue);

  return ready || writable;
}

gboolean
_gproc_block_on_source (GSource          *source,
                        GProcWriteQueue  *queue,
                        gint64            deadline,
                        GCancellable     *cancellable,
                        GError          **error)
{
  if (queue != NULL && !_gproc_write_queue_is_plain (queue))
    queue = _gproc_write_queue_push_or_wait (queue) ? NULL : queue;
  else if (queue != NULL &&
           !_gproc_write_queue_write_all (g_steal_pointer (&queue), cancellable, error))
    {
      g_clear_pointer (&source, g_source_unref);
      return FALSE;
    }

  if (source == NULL && queue == NULL)
    return TRUE;

  return block_on (source, G_SOURCE_FUNC (mark_stream_ready), queue, deadline, cancellable, error);
}

/* The time that is left, as poll () wants it. */
static int
remaining_ms (gint64 deadline)
{
  gint64 remaining;

  if (deadline < 0)
    return -1;

  remaining = deadline - g_get_monotonic_time ();

  return remaining <= 0 ? 0 : (int) MIN ((remaining + 999) / 1000, G_MAXINT);
}

/* Waits for descriptors alone, without a main context. */
static gboolean
block_on_fds (int               fd,
              GIOCondition      condition,
              GProcWriteQueue  *queue,
              int               queue_fd,
              gint64            deadline,
              GCancellable     *cancellable,
              GError          **error)
{
  struct pollfd polled[3];
  GPollFD cancel_fd;
  gboolean has_cancel_fd;
  int result;

  has_cancel_fd = cancellable != NULL && g_cancellable_make_pollfd (cancellable, &cancel_fd);
  polled[0] = (struct pollfd){ .fd = fd, .events = (short) condition };
  polled[1] = (struct pollfd){ .fd = queue_fd, .events = POLLOUT };
  polled[2] = (struct pollfd){ .fd = has_cancel_fd ? cancel_fd.fd : -1, .events = POLLIN };

  do
    result = poll (polled, G_N_ELEMENTS (polled), remaining_ms (deadline));
  while (result < 0 && errno == EINTR);

  if (has_cancel_fd)
    g_cancellable_release_fd (cancellable);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (polled[1].revents != 0)
    _gproc_write_queue_push (queue);

  return result > 0;
}

gboolean
_gproc_block (int               fd,
              GIOCondition      condition,
              GProcWriteQueue  *queue,
              gint64            deadline,
              GCancellable     *cancellable,
              GError          **error)
{
  int queue_fd = -1;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  /* Nothing can be pushed while a base stream that is not pollable blocks: then what is
   * queued is written first. */
  if (queue != NULL && _gproc_write_queue_is_plain (queue))
    {
      if (!_gproc_write_queue_write_all (queue, cancellable, error))
        return FALSE;
      queue = NULL;
    }
  if (queue != NULL && _gproc_write_queue_push_or_wait (queue))
    queue = NULL;
  if (queue == NULL && fd < 0)
    return TRUE;

  if (queue != NULL && (queue_fd = _gproc_write_queue_get_fd (queue)) < 0)
    return block_on (fd < 0 ? NULL : g_unix_fd_source_new (fd, condition),
                     G_SOURCE_FUNC (mark_fd_ready), queue, deadline, cancellable, error);

  return block_on_fds (fd, condition, queue, queue_fd, deadline, cancellable, error);
}
