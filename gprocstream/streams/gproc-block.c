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

/* In whatever thread cancels. Not a source of the cancellable: that would still be looking for
 * the context while this goes. The handler is over once it is disconnected. */
static void
wake_context (GCancellable *cancellable,
              gpointer      context)
{
  g_main_context_wakeup (context);
}

/* Takes @source. */
static void
attach (GMainContext *context,
        GPtrArray    *sources,
        GSource      *source,
        GSourceFunc   func,
        gboolean     *flag)
{
  g_source_set_callback (source, func, flag, NULL);
  g_source_attach (source, context);
  g_ptr_array_add (sources, source);
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

/* The queues of the row that have something to write, or NULL. A base stream that is not
 * pollable blocks, with nothing else pushed meanwhile: what is queued for it is written
 * here and now. FALSE with @error. */
static gboolean
collect_queues (GProcWriteQueue  *queue,
                GPtrArray       **pending,
                GCancellable     *cancellable,
                GError          **error)
{
  *pending = NULL;

  for (; queue != NULL; queue = _gproc_write_queue_get_next (queue))
    {
      if (_gproc_write_queue_is_plain (queue))
        {
          if (!_gproc_write_queue_write_all (queue, cancellable, error))
            return FALSE;
          continue;
        }

      if (_gproc_write_queue_push_or_wait (queue))
        continue;
      if (*pending == NULL)
        *pending = g_ptr_array_new ();
      g_ptr_array_add (*pending, queue);
    }

  return TRUE;
}

static void
push_all (GPtrArray *pending)
{
  for (guint i = 0; i < pending->len; i++)
    _gproc_write_queue_push (g_ptr_array_index (pending, i));
}

/* Takes @source (nullable), which calls @func. Errors of @target_fd, if that is not −1, end it
 * as well, and set @target_event. */
static gboolean
block_on (GSource       *source,
          GSourceFunc    func,
          int            target_fd,
          gboolean      *target_event,
          GPtrArray     *pending,
          gint64         deadline,
          GCancellable  *cancellable,
          GError       **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GPtrArray) sources = g_ptr_array_new_with_free_func ((GDestroyNotify) clear_source);
  gboolean ready = FALSE, writable = FALSE, late = FALSE, broken = FALSE, is_fd;
  gulong cancelled_id = 0;

  if (source != NULL)
    attach (context, sources, source, func, &ready);
  if (target_fd >= 0)
    attach (context, sources, g_unix_fd_source_new (target_fd, G_IO_ERR),
            G_SOURCE_FUNC (mark_fd_ready), &broken);
  if (cancellable != NULL)
    cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (wake_context), context, NULL);
  if (deadline >= 0)
    {
      source = g_timeout_source_new (0);
      g_source_set_ready_time (source, deadline);
      attach (context, sources, source, mark_ready, &late);
    }
  for (guint i = 0; pending != NULL && i < pending->len; i++)
    {
      source = queue_source (g_ptr_array_index (pending, i), &is_fd);
      if (source != NULL)
        attach (context, sources, source,
                is_fd ? G_SOURCE_FUNC (mark_fd_ready) : G_SOURCE_FUNC (mark_stream_ready),
                &writable);
    }

  while (!ready && !late && !writable && !broken && !g_cancellable_is_cancelled (cancellable))
    g_main_context_iteration (context, TRUE);
  g_ptr_array_set_size (sources, 0);
  g_cancellable_disconnect (cancellable, cancelled_id);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (writable)
    push_all (pending);
  if (target_event != NULL)
    *target_event = broken;

  return ready || writable || broken;
}

gboolean
_gproc_block_on_source (GSource          *source,
                        GProcWriteQueue  *queue,
                        gint64            deadline,
                        GCancellable     *cancellable,
                        GError          **error)
{
  g_autoptr (GPtrArray) pending = NULL;

  if (!collect_queues (queue, &pending, cancellable, error))
    {
      g_clear_pointer (&source, g_source_unref);
      return FALSE;
    }

  if (source == NULL && pending == NULL)
    return TRUE;

  return block_on (source, G_SOURCE_FUNC (mark_stream_ready), -1, NULL, pending, deadline,
                   cancellable, error);
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

/* Waits for descriptors alone, without a main context. @target_fd is as for block_on (). */
static gboolean
block_on_fds (int            fd,
              GIOCondition   condition,
              int            target_fd,
              gboolean      *target_event,
              GPtrArray     *pending,
              gint64         deadline,
              GCancellable  *cancellable,
              GError       **error)
{
  guint n_pending = pending != NULL ? pending->len : 0;
  g_autofree struct pollfd *many = NULL;
  struct pollfd few[4];
  struct pollfd *polled = few;
  gboolean has_cancel_fd, writable = FALSE;
  GPollFD cancel_fd;
  int result;

  if (n_pending + 3 > G_N_ELEMENTS (few))
    polled = many = g_new (struct pollfd, n_pending + 3);

  has_cancel_fd = cancellable != NULL && g_cancellable_make_pollfd (cancellable, &cancel_fd);
  polled[0] = (struct pollfd){ .fd = fd, .events = (short) condition };
  polled[1] = (struct pollfd){ .fd = has_cancel_fd ? cancel_fd.fd : -1, .events = POLLIN };
  polled[2] = (struct pollfd){ .fd = target_fd, .events = 0 };
  for (guint i = 0; i < n_pending; i++)
    polled[i + 3] = (struct pollfd){
      .fd = _gproc_write_queue_get_fd (g_ptr_array_index (pending, i)), .events = POLLOUT
    };

  do
    result = poll (polled, n_pending + 3, remaining_ms (deadline));
  while (result < 0 && errno == EINTR);

  if (has_cancel_fd)
    g_cancellable_release_fd (cancellable);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  for (guint i = 0; i < n_pending; i++)
    writable |= polled[i + 3].revents != 0;
  if (writable)
    push_all (pending);
  if (target_event != NULL)
    *target_event = result > 0 && polled[2].revents != 0;

  return result > 0;
}

static gboolean
all_have_descriptors (GPtrArray *pending)
{
  for (guint i = 0; pending != NULL && i < pending->len; i++)
    if (_gproc_write_queue_get_fd (g_ptr_array_index (pending, i)) < 0)
      return FALSE;

  return TRUE;
}

/* What the row of @queue has to write is pushed meanwhile. @target_fd is as for block_on (). */
static gboolean
block_on_fd_and_queues (int               fd,
                        GIOCondition      condition,
                        int               target_fd,
                        gboolean         *target_event,
                        GProcWriteQueue  *queue,
                        gint64            deadline,
                        GCancellable     *cancellable,
                        GError          **error)
{
  g_autoptr (GPtrArray) pending = NULL;

  if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !collect_queues (queue, &pending, cancellable, error))
    return FALSE;
  if (pending == NULL && fd < 0)
    return TRUE;

  if (!all_have_descriptors (pending))
    return block_on (fd < 0 ? NULL : g_unix_fd_source_new (fd, condition),
                     G_SOURCE_FUNC (mark_fd_ready), target_fd, target_event, pending, deadline,
                     cancellable, error);

  return block_on_fds (fd, condition, target_fd, target_event, pending, deadline, cancellable,
                       error);
}

gboolean
_gproc_block (int               fd,
              GIOCondition      condition,
              GProcWriteQueue  *queue,
              gint64            deadline,
              GCancellable     *cancellable,
              GError          **error)
{
  return block_on_fd_and_queues (fd, condition, -1, NULL, queue, deadline, cancellable, error);
}

gboolean
_gproc_block_on_move (int               fd,
                      GSource          *source,
                      GProcDescriptor  *target,
                      gboolean         *target_event,
                      GProcWriteQueue  *queue,
                      GCancellable     *cancellable,
                      GError          **error)
{
  int target_fd = target != NULL ? _gproc_descriptor_get_fd (target) : -1;
  g_autoptr (GPtrArray) pending = NULL;

  *target_event = FALSE;
  if (source == NULL)
    return block_on_fd_and_queues (fd, G_IO_IN, target_fd, target_event, queue, -1, cancellable,
                                   error);

  if (!collect_queues (queue, &pending, cancellable, error))
    {
      g_source_unref (source);
      return FALSE;
    }

  return block_on (source, G_SOURCE_FUNC (mark_stream_ready), target_fd, target_event, pending, -1,
                   cancellable, error);
}
