/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "frames/gproc-frame-result-private.h"

#include "loop/gproc-poller-private.h"

struct _GProcFrameResult
{
  GObject parent_instance;

  GProcWatch watch;
  GProcPoller *poller;
  GObject *source; /* Owned. */
  gpointer source_tag;
  GAsyncReadyCallback callback;
  gpointer user_data;
  GProcDemuxRequest request;
  GError *error;
};

static void frame_result_iface_init (GAsyncResultIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GProcFrameResult,
                               _gproc_frame_result,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_RESULT, frame_result_iface_init))

static gpointer
frame_result_get_user_data (GAsyncResult *result)
{
  return GPROC_FRAME_RESULT (result)->user_data;
}

static GObject *
frame_result_get_source_object (GAsyncResult *result)
{
  return g_object_ref (GPROC_FRAME_RESULT (result)->source);
}

static gboolean
frame_result_is_tagged (GAsyncResult *result,
                        gpointer      source_tag)
{
  return GPROC_FRAME_RESULT (result)->source_tag == source_tag;
}

static void
frame_result_iface_init (GAsyncResultIface *iface)
{
  iface->get_user_data = frame_result_get_user_data;
  iface->get_source_object = frame_result_get_source_object;
  iface->is_tagged = frame_result_is_tagged;
}

static void
_gproc_frame_result_finalize (GObject *object)
{
  GProcFrameResult *self = GPROC_FRAME_RESULT (object);

  _gproc_watch_clear (&self->watch);
  g_clear_pointer (&self->poller, _gproc_poller_release);
  g_clear_pointer (&self->request.bytes, g_bytes_unref);
  g_clear_error (&self->error);
  g_clear_object (&self->source);

  G_OBJECT_CLASS (_gproc_frame_result_parent_class)->finalize (object);
}

static void
_gproc_frame_result_class_init (GProcFrameResultClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = _gproc_frame_result_finalize;
}

/* In the context of the caller. */
static void
frame_result_ready (GProcWatch   *watch,
                    GIOCondition  condition)
{
  GProcFrameResult *self = (GProcFrameResult *) ((char *) watch -
                                                 G_STRUCT_OFFSET (GProcFrameResult, watch));

  if (self->callback != NULL)
    self->callback (self->source, G_ASYNC_RESULT (self), self->user_data);
  g_object_unref (self);
}

static void
_gproc_frame_result_init (GProcFrameResult *self)
{
  _gproc_watch_init (&self->watch, frame_result_ready);
}

void
_gproc_frame_result_return (gpointer             source,
                            gpointer             source_tag,
                            int                  io_priority,
                            GProcDemuxRequest   *request,
                            GError              *error,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  GProcFrameResult *self = g_object_new (GPROC_TYPE_FRAME_RESULT, NULL);

  self->source = g_object_ref (source);
  self->source_tag = source_tag;
  self->callback = callback;
  self->user_data = user_data;
  self->request = *request;
  self->error = error;
  self->poller = _gproc_poller_acquire_default (io_priority);
  _gproc_watch_post_soon (&self->watch, self->poller);
}

GProcDemuxRequest *
_gproc_frame_result_propagate (GProcFrameResult  *self,
                               GError           **error)
{
  if (self->error == NULL)
    return &self->request;

  g_propagate_error (error, g_steal_pointer (&self->error));

  return NULL;
}
