/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "frames/gproc-demux-core-private.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "loop/gproc-poller-private.h"
#include "streams/gproc-reader.h"

/* Who waits for a demuxer waits for two things: for the base stream, and for what another
 * consumer finds there for this one, perhaps in another thread. */

/* What the core knows of a source, which may end in one thread while it is woken in another. */
struct _GProcDemuxWaker
{
  int ref_count; /* The source's, and that of its callback. */
  GProcDemuxCore *core;
  GProcDemuxConsumer consumer;

  /* Guarded by the lock of the core. */
  GMainContext *context; /* Borrowed, while the source is in it: it goes after that. */
  gboolean has_base;     /* The source of the base stream is a child of this one, or about to be. */

  GSourceFunc func;
  gpointer data;
  GDestroyNotify notify;
};

typedef struct
{
  GSource source;
  GProcDemuxWaker *waker; /* Owned. */
  GSource *base;          /* Owned: that of the base stream, while it is a child of this one. */
} DemuxSource;

static gboolean
core_has_something (GProcDemuxCore     *self,
                    GProcDemuxConsumer  consumer)
{
  if (consumer == GPROC_DEMUX_FRAME)
    return _gproc_demux_core_is_closed (self, consumer) ||
           _gproc_buffer_length (&self->sides[GPROC_DEMUX_STDOUT].buffer) > 0 ||
           _gproc_buffer_length (&self->sides[GPROC_DEMUX_STDERR].buffer) > 0;

  /* What was begun for who asks for frames is given to the reader that asks meanwhile. */
  return self->sides[consumer].closed || _gproc_buffer_length (&self->sides[consumer].buffer) > 0 ||
         (self->piece->len > 0 && self->piece_id == (int) consumer + GPROC_FRAME_STDOUT);
}

static gboolean
core_is_stalled (GProcDemuxCore     *self,
                 GProcDemuxConsumer  consumer)
{
  return consumer != GPROC_DEMUX_FRAME && self->sides[consumer].stalled;
}

gboolean
_gproc_demux_core_is_ready (GProcDemuxCore     *self,
                            GProcDemuxConsumer  consumer)
{
  if (self->eof || self->error != NULL || self->passing != NULL ||
      core_has_something (self, consumer))
    return TRUE;
  if (core_is_stalled (self, consumer) || _gproc_demux_core_is_busy (self))
    return FALSE;

  /* A reader may have been read from before. */
  if (self->base != NULL && GPROC_IS_READER (self->base) &&
      gproc_reader_get_buffered (GPROC_READER (self->base)) > 0)
    return TRUE;

  /* A base stream that is not pollable is read by whoever looks. */
  return _gproc_buffer_length (&self->raw) > 0 || (!self->pollable && !self->reading);
}

/* While what comes first is for the other side, which is full, the base stream is ready, and of
 * no use. So it is while another thread is in it. */
static gboolean
core_wants_base (GProcDemuxCore     *self,
                 GProcDemuxConsumer  consumer)
{
  if (!self->pollable || self->base == NULL || core_is_stalled (self, consumer))
    return FALSE;
  if (!_gproc_demux_core_is_busy (self))
    return TRUE;

  self->turned_away = TRUE;

  return FALSE;
}

/* Has another event loop see how it is. */
static void
core_update_fd (GProcDemuxCore     *self,
                GProcDemuxConsumer  consumer)
{
  GProcDemuxSign *sign = &self->signs[consumer];
  gboolean ready, wants_base;
  guint64 value = 1;

  if (sign->ready_fd < 0 || sign->fork_generation != _gproc_fork_generation ())
    return;

  wants_base = core_wants_base (self, consumer) && !self->eof && self->error == NULL;
  if (wants_base && sign->base_fd < 0)
    {
      struct epoll_event event = { .events = EPOLLIN };

      if (epoll_ctl (sign->ready_fd, EPOLL_CTL_ADD, self->base_fd, &event) == 0)
        sign->base_fd = self->base_fd;
      else
        sign->base_is_file = errno == EPERM;
    }
  else if (!wants_base && sign->base_fd >= 0)
    {
      epoll_ctl (sign->ready_fd, EPOLL_CTL_DEL, sign->base_fd, NULL);
      sign->base_fd = -1;
    }

  ready = _gproc_demux_core_is_ready (self, consumer) || (wants_base && sign->base_is_file);
  if (ready && !sign->event_set)
    sign->event_set = write (sign->event_fd, &value, sizeof value) == sizeof value;
  else if (!ready && sign->event_set)
    sign->event_set = read (sign->event_fd, &value, sizeof value) != sizeof value;
}

void
_gproc_demux_core_wake (GProcDemuxCore *self)
{
  for (GList *link = self->wakers; link != NULL; link = link->next)
    {
      GProcDemuxWaker *waker = link->data;

      if (waker->context != NULL && (_gproc_demux_core_is_ready (self, waker->consumer) ||
                                     waker->has_base != core_wants_base (self, waker->consumer)))
        g_main_context_wakeup (waker->context);
    }

  g_cond_broadcast (&self->changed);
}

void
_gproc_demux_core_update_fds (GProcDemuxCore *self)
{
  for (guint i = 0; i < GPROC_DEMUX_N_CONSUMERS; i++)
    core_update_fd (self, i);
}

static gboolean
base_is_ready (GObject  *stream,
               gpointer  user_data)
{
  return G_SOURCE_CONTINUE;
}

static gboolean
descriptor_is_ready (int          fd,
                     GIOCondition condition,
                     gpointer     user_data)
{
  return G_SOURCE_CONTINUE;
}

/* With the lock, which is let go of meanwhile. The source of a reader would look into it at
 * any time, also while it is read in another thread: its descriptor is enough, as what is in
 * its buffer is looked for above. */
static GSource *
core_create_base_source (GProcDemuxCore *self)
{
  GInputStream *base;
  GSource *source;

  if (GPROC_IS_READER (self->base) && self->base_fd >= 0)
    {
      source = g_unix_fd_source_new (self->base_fd, G_IO_IN);
      g_source_set_callback (source, G_SOURCE_FUNC (descriptor_is_ready), NULL, NULL);
      return source;
    }

  base = _gproc_demux_core_enter_base (self);
  source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (base), NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (base_is_ready), NULL, NULL);
  _gproc_demux_core_leave_base (self, base);

  return source;
}

/* When the source is destroyed, be it by the end of its context; and again when it is freed. */
static void
waker_end (gpointer user_data)
{
  GProcDemuxWaker *self = user_data;
  GDestroyNotify notify;

  g_mutex_lock (&self->core->lock);
  self->core->wakers = g_list_remove (self->core->wakers, self);
  self->context = NULL;
  notify = g_steal_pointer (&self->notify);
  g_mutex_unlock (&self->core->lock);

  if (notify != NULL)
    notify (self->data);

  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  _gproc_demux_core_unref (self->core);
  g_free (self);
}

/* Where the source is a child of another one, that calls back. */
static gboolean
waker_call (gpointer user_data)
{
  GProcDemuxWaker *self = user_data;

  return self->func != NULL ? self->func (self->data) : G_SOURCE_CONTINUE;
}

/* Has the source of the base stream as a child exactly while that is to be waited for. Returns
 * whether there is nothing to wait for. */
static gboolean
demux_source_update (DemuxSource *self)
{
  GProcDemuxWaker *waker = self->waker;
  GSource *base = NULL;
  gboolean ready, has_base;

  g_mutex_lock (&waker->core->lock);
  ready = _gproc_demux_core_is_ready (waker->core, waker->consumer);
  if (!ready)
    {
      waker->has_base = core_wants_base (waker->core, waker->consumer);
      if (waker->has_base && self->base == NULL)
        {
          base = core_create_base_source (waker->core);
          /* Much may have happened since. */
          ready = _gproc_demux_core_is_ready (waker->core, waker->consumer);
          waker->has_base = core_wants_base (waker->core, waker->consumer);
        }
    }
  has_base = waker->has_base;
  g_mutex_unlock (&waker->core->lock);

  if (base != NULL && has_base)
    {
      self->base = base;
      g_source_add_child_source (&self->source, base);
    }
  else if (base != NULL)
    {
      g_source_destroy (base);
      g_source_unref (base);
    }
  else if (!has_base && self->base != NULL)
    {
      g_source_remove_child_source (&self->source, self->base);
      g_clear_pointer (&self->base, g_source_unref);
    }

  return ready;
}

static gboolean
demux_source_prepare (GSource *source,
                      int     *timeout)
{
  DemuxSource *self = (DemuxSource *) source;
  gboolean had_base = self->base != NULL;
  gboolean ready;

  g_mutex_lock (&self->waker->core->lock);
  self->waker->context = g_source_get_context (source);
  g_mutex_unlock (&self->waker->core->lock);

  /* A child that is added here comes too late to be asked, before the poll, whether it is ready
   * already, which not every source has a descriptor to tell. */
  ready = demux_source_update (self);
  *timeout = !had_base && self->base != NULL ? 0 : -1;

  return ready;
}

static gboolean
demux_source_check (GSource *source)
{
  GProcDemuxWaker *waker = ((DemuxSource *) source)->waker;
  gboolean ready;

  g_mutex_lock (&waker->core->lock);
  ready = _gproc_demux_core_is_ready (waker->core, waker->consumer);
  g_mutex_unlock (&waker->core->lock);

  return ready;
}

static gboolean
demux_source_dispatch (GSource     *source,
                       GSourceFunc  callback,
                       gpointer     user_data)
{
  return callback != NULL ? callback (user_data) : G_SOURCE_CONTINUE;
}

static void
demux_source_finalize (GSource *source)
{
  DemuxSource *self = (DemuxSource *) source;

  g_clear_pointer (&self->base, g_source_unref);
  waker_end (self->waker);
}

static GSourceFuncs demux_source_funcs = {
  demux_source_prepare,
  demux_source_check,
  demux_source_dispatch,
  demux_source_finalize,
  NULL,
  NULL,
};

GSource *
_gproc_demux_core_create_source (GProcDemuxCore     *self,
                                 GProcDemuxConsumer  consumer,
                                 GSourceFunc         func,
                                 gpointer            data,
                                 GDestroyNotify      notify)
{
  GSource *source = g_source_new (&demux_source_funcs, sizeof (DemuxSource));
  GProcDemuxWaker *waker = g_new0 (GProcDemuxWaker, 1);

  waker->ref_count = 2;
  waker->core = _gproc_demux_core_ref (self);
  waker->consumer = consumer;
  waker->func = func;
  waker->data = data;
  waker->notify = notify;
  ((DemuxSource *) source)->waker = waker;
  g_source_set_static_name (source, "GProcDemuxSource");
  g_source_set_callback (source, waker_call, waker, waker_end);

  g_mutex_lock (&self->lock);
  self->wakers = g_list_prepend (self->wakers, waker);
  g_mutex_unlock (&self->lock);

  demux_source_update ((DemuxSource *) source);

  return source;
}

int
_gproc_demux_core_get_fd (GProcDemuxCore     *self,
                          GProcDemuxConsumer  consumer)
{
  GProcDemuxSign *sign = &self->signs[consumer];
  struct epoll_event event = { .events = EPOLLIN };
  int fd = -1;

  g_mutex_lock (&self->lock);
  if (sign->ready_fd >= 0 && sign->fork_generation != _gproc_fork_generation ())
    _gproc_demux_core_drop_fd (self, consumer);
  if (sign->ready_fd < 0 && self->base != NULL && self->base_fd >= 0 &&
      !_gproc_demux_core_is_closed (self, consumer))
    {
      sign->fork_generation = _gproc_fork_generation ();
      sign->ready_fd = epoll_create1 (EPOLL_CLOEXEC);
      sign->event_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
      sign->event_set = sign->base_is_file = FALSE;
      if (sign->ready_fd < 0 || sign->event_fd < 0 ||
          epoll_ctl (sign->ready_fd, EPOLL_CTL_ADD, sign->event_fd, &event) < 0)
        _gproc_demux_core_drop_fd (self, consumer);
      core_update_fd (self, consumer);
    }
  fd = sign->ready_fd;
  g_mutex_unlock (&self->lock);

  return fd;
}

void
_gproc_demux_core_drop_fd (GProcDemuxCore     *self,
                           GProcDemuxConsumer  consumer)
{
  GProcDemuxSign *sign = &self->signs[consumer];

  if (sign->ready_fd >= 0)
    close (sign->ready_fd);
  if (sign->event_fd >= 0)
    close (sign->event_fd);
  sign->ready_fd = sign->event_fd = sign->base_fd = -1;
}
