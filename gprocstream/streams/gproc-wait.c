/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-wait-private.h"

typedef struct
{
  GProcWait *wait;
  GProcPoller *poller;
  gpointer owner;
  GDestroyNotify unref;
} SourceData;

void
_gproc_wait_init (GProcWait      *self,
                  GProcWatchFunc  func)
{
  _gproc_watch_init (&self->watch, func);
  self->source = NULL;
  self->cancellable = NULL;
  self->cancelled_id = 0;
  self->wake = NULL;
}

/* A handler of the cancellable may be running while the wait ends: in another thread, or
 * below on the same stack, where another handler runs a main loop. So it is not waited
 * for, as g_cancellable_disconnect () does; it finds that there is nobody to wake. */
struct _GProcWake
{
  int ref_count;
  GMutex lock;
  GProcWatch *watch; /* NULL once the wait has ended. */
};

static void
wake_unref (GProcWake *wake)
{
  if (!g_atomic_int_dec_and_test (&wake->ref_count))
    return;

  g_mutex_clear (&wake->lock);
  g_free (wake);
}

static void
wake_destroy (gpointer  user_data,
              GClosure *closure)
{
  wake_unref (user_data);
}

static void
wait_cancelled (GCancellable *cancellable,
                gpointer      user_data)
{
  GProcWake *wake = user_data;

  g_mutex_lock (&wake->lock);
  if (wake->watch != NULL)
    _gproc_watch_wake (wake->watch);
  g_mutex_unlock (&wake->lock);
}

void
_gproc_wait_set_cancellable (GProcWait    *self,
                             GCancellable *cancellable)
{
  if (cancellable == NULL || self->cancellable != NULL)
    return;

  self->cancellable = g_object_ref (cancellable);
  self->wake = g_new0 (GProcWake, 1);
  self->wake->ref_count = 2; /* The wait's and the handler's. */
  g_mutex_init (&self->wake->lock);
  self->wake->watch = &self->watch;
  self->cancelled_id = g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (wait_cancelled),
                                              self->wake, wake_destroy, (GConnectFlags) 0);
}

/* A cancellable that was cancelled before the wait began finds nothing to wake. */
static void
wait_check_cancelled (GProcWait *self)
{
  if (self->cancellable != NULL && g_cancellable_is_cancelled (self->cancellable))
    _gproc_watch_wake (&self->watch);
}

void
_gproc_wait_for_fd (GProcWait    *self,
                    GProcPoller  *poller,
                    int           fd,
                    GIOCondition  events)
{
  _gproc_watch_arm (&self->watch, poller, fd, events);
  wait_check_cancelled (self);
}

gboolean
_gproc_wait_again_for_fd (GProcWait    *self,
                          GProcPoller  *poller,
                          int           fd,
                          GIOCondition  events)
{
  if (!_gproc_watch_rearm (&self->watch, poller, fd, events))
    return FALSE;

  wait_check_cancelled (self);

  return TRUE;
}

static gboolean
wait_source_ready (GObject  *stream,
                   gpointer  user_data)
{
  SourceData *data = user_data;

  _gproc_watch_wake (&data->wait->watch);

  return G_SOURCE_REMOVE;
}

static void
source_data_free (gpointer user_data)
{
  SourceData *data = user_data;

  _gproc_poller_release (data->poller);
  data->unref (data->owner);
  g_free (data);
}

static void
wait_drop_source (GProcWait *self)
{
  GSource *source = g_steal_pointer (&self->source);

  if (source == NULL)
    return;

  g_source_destroy (source);
  g_source_unref (source);
}

void
_gproc_wait_for_source (GProcWait       *self,
                        GProcPoller     *poller,
                        GSource         *source,
                        gpointer         owner,
                        gpointer       (*ref) (gpointer owner),
                        GDestroyNotify   unref)
{
  SourceData *data = g_new0 (SourceData, 1);

  data->wait = self;
  data->poller = _gproc_poller_ref (poller);
  data->owner = ref (owner);
  data->unref = unref;

  wait_drop_source (self);
  _gproc_watch_hold (&self->watch, poller);
  self->source = source;
  g_source_set_callback (source, G_SOURCE_FUNC (wait_source_ready), data, source_data_free);
  g_source_set_priority (source, _gproc_poller_get_priority (poller));
  g_source_attach (source, _gproc_poller_get_context (poller));
  wait_check_cancelled (self);
}

void
_gproc_wait_post (GProcWait   *self,
                  GProcPoller *poller)
{
  _gproc_watch_post (&self->watch, poller);
}

void
_gproc_wait_post_soon (GProcWait   *self,
                       GProcPoller *poller)
{
  _gproc_watch_post_soon (&self->watch, poller);
}

static void
wait_disconnect (GProcWait *self)
{
  if (self->cancellable == NULL)
    return;

  g_mutex_lock (&self->wake->lock);
  self->wake->watch = NULL;
  g_mutex_unlock (&self->wake->lock);
  g_signal_handler_disconnect (self->cancellable, self->cancelled_id);
  g_clear_pointer (&self->wake, wake_unref);
  g_clear_object (&self->cancellable);
  self->cancelled_id = 0;
}

void
_gproc_wait_finish (GProcWait *self)
{
  wait_disconnect (self);
  wait_drop_source (self);
}

gboolean
_gproc_wait_clear (GProcWait *self)
{
  wait_drop_source (self);

  return _gproc_watch_clear (&self->watch);
}
