/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "frames/gproc-demux-core-private.h"

#include <gio/gfiledescriptorbased.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Who waits for a demuxer waits for two things: for the base stream, and for what another
 * consumer finds there for this one, perhaps in another thread. */

typedef struct
{
  GSource source;
  GProcDemuxCore *core; /* Owned. */
  GProcDemuxConsumer consumer;
  gboolean has_base; /* Guarded by the lock of the core: @base is a child, or about to be. */
  GSource *base;     /* Owned: that of the base stream, while it is a child of this one. */
} DemuxSource;

static gboolean
core_has_something (GProcDemuxCore     *self,
                    GProcDemuxConsumer  consumer)
{
  if (consumer == GPROC_DEMUX_FRAME)
    return core_has_something (self, GPROC_DEMUX_STDOUT) ||
           core_has_something (self, GPROC_DEMUX_STDERR);

  return self->sides[consumer].closed || _gproc_buffer_length (&self->sides[consumer].buffer) > 0;
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
  if (self->eof || self->error != NULL || core_has_something (self, consumer))
    return TRUE;
  if (core_is_stalled (self, consumer))
    return FALSE;

  /* A base stream that is not pollable is read by whoever looks. */
  return _gproc_buffer_length (&self->raw) > 0 || self->piece->len > 0 ||
         (!self->pollable && !self->reading);
}

/* While what comes first is for the other side, which is full, the base stream is ready, and of
 * no use. */
static gboolean
core_wants_base (GProcDemuxCore     *self,
                 GProcDemuxConsumer  consumer)
{
  return self->pollable && self->base != NULL && !core_is_stalled (self, consumer);
}

/* Has another event loop see how it is. */
static void
core_update_fd (GProcDemuxCore     *self,
                GProcDemuxConsumer  consumer)
{
  GProcDemuxSide *side = &self->sides[consumer];
  gboolean ready, wants_base;
  guint64 value = 1;

  if (side->ready_fd < 0)
    return;

  ready = _gproc_demux_core_is_ready (self, consumer);
  if (ready && !side->event_set)
    side->event_set = write (side->event_fd, &value, sizeof value) == sizeof value;
  else if (!ready && side->event_set)
    side->event_set = read (side->event_fd, &value, sizeof value) != sizeof value;

  wants_base = core_wants_base (self, consumer) && !self->eof && self->error == NULL;
  if (wants_base && side->base_fd < 0)
    {
      struct epoll_event event = { .events = EPOLLIN };
      int fd = g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (self->base));

      if (fd >= 0 && epoll_ctl (side->ready_fd, EPOLL_CTL_ADD, fd, &event) == 0)
        side->base_fd = fd;
    }
  else if (!wants_base && side->base_fd >= 0)
    {
      epoll_ctl (side->ready_fd, EPOLL_CTL_DEL, side->base_fd, NULL);
      side->base_fd = -1;
    }
}

void
_gproc_demux_core_wake (GProcDemuxCore *self)
{
  for (GList *link = self->sources; link != NULL; link = link->next)
    {
      DemuxSource *source = link->data;
      GMainContext *context;

      /* One that is in this list is not finalized yet, so that its context, if it still has
       * one, is there. */
      if (g_source_is_destroyed (&source->source) ||
          !(_gproc_demux_core_is_ready (self, source->consumer) ||
            source->has_base != core_wants_base (self, source->consumer)))
        continue;

      context = g_source_get_context (&source->source);
      if (context != NULL)
        g_main_context_wakeup (context);
    }

  g_cond_broadcast (&self->changed);
}

void
_gproc_demux_core_update_fds (GProcDemuxCore *self)
{
  for (guint i = 0; i < GPROC_DEMUX_N_SIDES; i++)
    core_update_fd (self, i);
}

static gboolean
base_is_ready (GObject  *stream,
               gpointer  user_data)
{
  return G_SOURCE_CONTINUE;
}

/* With the lock: the base stream, if its source is to become a child. */
static GInputStream *
demux_source_decide (DemuxSource *self)
{
  self->has_base = core_wants_base (self->core, self->consumer);

  return self->has_base ? g_object_ref (self->core->base) : NULL;
}

static void
demux_source_set_base (DemuxSource  *self,
                       GInputStream *base)
{
  if (base != NULL && self->base == NULL)
    {
      self->base = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (base), NULL);
      g_source_set_callback (self->base, G_SOURCE_FUNC (base_is_ready), NULL, NULL);
      g_source_add_child_source (&self->source, self->base);
    }
  else if (base == NULL && self->base != NULL)
    {
      g_source_remove_child_source (&self->source, self->base);
      g_clear_pointer (&self->base, g_source_unref);
    }
}

static gboolean
demux_source_prepare (GSource *source,
                      int     *timeout)
{
  DemuxSource *self = (DemuxSource *) source;
  g_autoptr (GInputStream) base = NULL;
  gboolean ready;

  *timeout = -1;
  g_mutex_lock (&self->core->lock);
  ready = _gproc_demux_core_is_ready (self->core, self->consumer);
  if (!ready)
    base = demux_source_decide (self);
  g_mutex_unlock (&self->core->lock);

  if (!ready)
    demux_source_set_base (self, base);

  return ready;
}

static gboolean
demux_source_check (GSource *source)
{
  DemuxSource *self = (DemuxSource *) source;
  gboolean ready;

  g_mutex_lock (&self->core->lock);
  ready = _gproc_demux_core_is_ready (self->core, self->consumer);
  g_mutex_unlock (&self->core->lock);

  return ready;
}

/* As a child of another source there is no callback. */
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
  GProcDemuxCore *core = self->core;

  g_mutex_lock (&core->lock);
  core->sources = g_list_remove (core->sources, self);
  g_mutex_unlock (&core->lock);

  g_clear_pointer (&self->base, g_source_unref);
  _gproc_demux_core_unref (core);
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
                                 GProcDemuxConsumer  consumer)
{
  GSource *source = g_source_new (&demux_source_funcs, sizeof (DemuxSource));
  DemuxSource *demux_source = (DemuxSource *) source;
  g_autoptr (GInputStream) base = NULL;

  g_source_set_static_name (source, "GProcDemuxSource");
  demux_source->core = _gproc_demux_core_ref (self);
  demux_source->consumer = consumer;

  g_mutex_lock (&self->lock);
  self->sources = g_list_prepend (self->sources, demux_source);
  base = demux_source_decide (demux_source);
  g_mutex_unlock (&self->lock);

  demux_source_set_base (demux_source, base);

  return source;
}

int
_gproc_demux_core_get_fd (GProcDemuxCore     *self,
                          GProcDemuxConsumer  consumer)
{
  GProcDemuxSide *side = &self->sides[consumer];
  struct epoll_event event = { .events = EPOLLIN };
  int fd = -1;

  g_mutex_lock (&self->lock);
  if (side->ready_fd < 0 && !side->closed && self->pollable &&
      G_IS_FILE_DESCRIPTOR_BASED (self->base) &&
      g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (self->base)) >= 0)
    {
      side->ready_fd = epoll_create1 (EPOLL_CLOEXEC);
      side->event_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
      side->event_set = FALSE;
      if (side->ready_fd < 0 || side->event_fd < 0 ||
          epoll_ctl (side->ready_fd, EPOLL_CTL_ADD, side->event_fd, &event) < 0)
        _gproc_demux_core_drop_fd (self, consumer);
      core_update_fd (self, consumer);
    }
  fd = side->ready_fd;
  g_mutex_unlock (&self->lock);

  return fd;
}

void
_gproc_demux_core_drop_fd (GProcDemuxCore     *self,
                           GProcDemuxConsumer  consumer)
{
  GProcDemuxSide *side = &self->sides[consumer];

  if (side->ready_fd >= 0)
    close (side->ready_fd);
  if (side->event_fd >= 0)
    close (side->event_fd);
  side->ready_fd = side->event_fd = side->base_fd = -1;
}
