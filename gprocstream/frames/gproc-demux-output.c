/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "frames/gproc-demux-output-private.h"

#include <gio/gfiledescriptorbased.h>

#define GPROC_TYPE_DEMUX_OUTPUT (_gproc_demux_output_get_type ())
G_DECLARE_FINAL_TYPE (GProcDemuxOutput, _gproc_demux_output, GPROC, DEMUX_OUTPUT, GInputStream)

struct _GProcDemuxOutput
{
  GInputStream parent_instance;

  GProcDemuxCore *core;
  GProcDemuxConsumer side;
};

static void demux_output_pollable_init (GPollableInputStreamInterface *iface);
static void demux_output_descriptor_init (GFileDescriptorBasedIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GProcDemuxOutput,
                               _gproc_demux_output,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      demux_output_pollable_init)
                                 G_IMPLEMENT_INTERFACE (G_TYPE_FILE_DESCRIPTOR_BASED,
                                                        demux_output_descriptor_init))

static GProcDemuxRequest
demux_output_request (GProcDemuxOutput *self,
                      void             *buffer,
                      gsize             count)
{
  return (GProcDemuxRequest){ .consumer = self->side, .target = buffer, .size = count };
}

static gssize
demux_output_read (GInputStream  *stream,
                   void          *buffer,
                   gsize          count,
                   GCancellable  *cancellable,
                   GError       **error)
{
  GProcDemuxOutput *self = GPROC_DEMUX_OUTPUT (stream);
  GProcDemuxRequest request = demux_output_request (self, buffer, count);

  return _gproc_demux_core_run (self->core, &request, cancellable, error) ? (gssize) request.count
                                                                          : -1;
}

static void
demux_output_read_async (GInputStream        *stream,
                         void                *buffer,
                         gsize                count,
                         int                  io_priority,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  GProcDemuxOutput *self = GPROC_DEMUX_OUTPUT (stream);
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  GProcDemuxRequest *request = g_new0 (GProcDemuxRequest, 1);

  *request = demux_output_request (self, buffer, count);
  g_task_set_source_tag (task, demux_output_read_async);
  g_task_set_name (task, "GProcDemuxer read");
  g_task_set_priority (task, io_priority);
  /* Bytes that were taken are given, even if the cancellable was cancelled since. */
  g_task_set_check_cancellable (task, FALSE);
  _gproc_demux_core_start (self->core, request, task);
}

static gssize
demux_output_read_finish (GInputStream  *stream,
                          GAsyncResult  *result,
                          GError       **error)
{
  GProcDemuxRequest *request;

  g_return_val_if_fail (g_task_is_valid (result, stream), -1);

  request = g_task_get_task_data (G_TASK (result));

  return g_task_propagate_boolean (G_TASK (result), error) ? (gssize) request->count : -1;
}

static gboolean
demux_output_close (GInputStream  *stream,
                    GCancellable  *cancellable,
                    GError       **error)
{
  GProcDemuxOutput *self = GPROC_DEMUX_OUTPUT (stream);

  return _gproc_demux_core_close_side (self->core, self->side, cancellable, error);
}

static gboolean
demux_output_can_poll (GPollableInputStream *stream)
{
  return GPROC_DEMUX_OUTPUT (stream)->core->pollable;
}

static gboolean
demux_output_is_readable (GPollableInputStream *stream)
{
  GProcDemuxOutput *self = GPROC_DEMUX_OUTPUT (stream);

  return _gproc_demux_core_probe (self->core, self->side);
}

static GSource *
demux_output_create_source (GPollableInputStream *stream,
                            GCancellable         *cancellable)
{
  GProcDemuxOutput *self = GPROC_DEMUX_OUTPUT (stream);
  GSource *source = _gproc_demux_core_create_source (self->core, self->side, NULL, NULL, NULL);
  GSource *parent = g_pollable_source_new_full (stream, NULL, cancellable);

  g_source_add_child_source (parent, source);
  g_source_unref (source);

  return parent;
}

static gssize
demux_output_read_nonblocking (GPollableInputStream  *stream,
                               void                  *buffer,
                               gsize                  count,
                               GError               **error)
{
  GProcDemuxOutput *self = GPROC_DEMUX_OUTPUT (stream);
  GProcDemuxRequest request = demux_output_request (self, buffer, count);

  return _gproc_demux_core_try (self->core, &request, error) ? (gssize) request.count : -1;
}

static void
demux_output_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->can_poll = demux_output_can_poll;
  iface->is_readable = demux_output_is_readable;
  iface->create_source = demux_output_create_source;
  iface->read_nonblocking = demux_output_read_nonblocking;
}

static int
demux_output_get_fd (GFileDescriptorBased *stream)
{
  GProcDemuxOutput *self = GPROC_DEMUX_OUTPUT (stream);

  return _gproc_demux_core_get_fd (self->core, self->side);
}

static void
demux_output_descriptor_init (GFileDescriptorBasedIface *iface)
{
  iface->get_fd = demux_output_get_fd;
}

static void
_gproc_demux_output_finalize (GObject *object)
{
  g_clear_pointer (&GPROC_DEMUX_OUTPUT (object)->core, _gproc_demux_core_unref);

  G_OBJECT_CLASS (_gproc_demux_output_parent_class)->finalize (object);
}

static void
_gproc_demux_output_class_init (GProcDemuxOutputClass *klass)
{
  GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = _gproc_demux_output_finalize;
  stream_class->read_fn = demux_output_read;
  stream_class->read_async = demux_output_read_async;
  stream_class->read_finish = demux_output_read_finish;
  stream_class->close_fn = demux_output_close;
}

static void
_gproc_demux_output_init (GProcDemuxOutput *self)
{
}

GInputStream *
_gproc_demux_output_new (GProcDemuxCore     *core,
                         GProcDemuxConsumer  side)
{
  GProcDemuxOutput *self = g_object_new (GPROC_TYPE_DEMUX_OUTPUT, NULL);

  self->core = _gproc_demux_core_ref (core);
  self->side = side;
  /* Whether somebody still writes can be asked there. */
  g_object_set_data_full (G_OBJECT (self), "gproc-origin", g_object_ref (core->base),
                          g_object_unref);

  return G_INPUT_STREAM (self);
}
