/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-read-result-private.h"

/* One result that waits for its next use, of whatever reader. Taken and left by exchange. */
static GProcReadResult *spare;

static GObject *
read_result_get_source_object (GAsyncResult *result)
{
  return g_object_ref (G_OBJECT (GPROC_READ_RESULT (result)->reader));
}

static gpointer
read_result_get_user_data (GAsyncResult *result)
{
  return GPROC_READ_RESULT (result)->user_data;
}

static gboolean
read_result_is_tagged (GAsyncResult *result,
                       gpointer      source_tag)
{
  return GPROC_READ_RESULT (result)->source_tag == source_tag;
}

static void
read_result_async_init (GAsyncResultIface *iface)
{
  iface->get_source_object = read_result_get_source_object;
  iface->get_user_data = read_result_get_user_data;
  iface->is_tagged = read_result_is_tagged;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (GProcReadResult,
                               _gproc_read_result,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_RESULT, read_result_async_init))

static void
read_result_clear (GProcReadResult *self)
{
  _gproc_read_request_clear (&self->request);
  g_clear_error (&self->error);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->reader);
}

static void
_gproc_read_result_finalize (GObject *object)
{
  read_result_clear (GPROC_READ_RESULT (object));

  G_OBJECT_CLASS (_gproc_read_result_parent_class)->finalize (object);
}

static void
_gproc_read_result_class_init (GProcReadResultClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = _gproc_read_result_finalize;
}

static void
_gproc_read_result_init (GProcReadResult *self)
{
}

GProcReadResult *
_gproc_read_result_new (GProcReader         *reader,
                        GProcReadRequest    *request,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data,
                        gpointer             source_tag)
{
  GProcReadResult *self = g_atomic_pointer_exchange (&spare, NULL);

  if (self == NULL)
    self = g_object_new (GPROC_TYPE_READ_RESULT, NULL);

  self->reader = g_object_ref (reader);
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->callback = callback;
  self->user_data = user_data;
  self->source_tag = source_tag;
  self->request = *request;

  return self;
}

void
_gproc_read_result_return (GProcReadResult *self,
                           GError          *error)
{
  self->error = error;
  if (self->callback != NULL)
    self->callback (G_OBJECT (self->reader), G_ASYNC_RESULT (self), self->user_data);
}

static gboolean
read_result_return_now (gpointer user_data)
{
  GProcReadResult *self = user_data;
  GMainContext *context = g_source_get_context (g_main_current_source ());

  g_main_context_push_thread_default (context);
  _gproc_read_result_return (self, g_steal_pointer (&self->error));
  g_main_context_pop_thread_default (context);

  return G_SOURCE_REMOVE;
}

static void
read_result_release_pointer (gpointer user_data)
{
  _gproc_read_result_release (user_data);
}

void
_gproc_read_result_return_later (GProcReadResult *self,
                                 int              priority,
                                 GError          *error)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  self->error = error;
  g_source_set_static_name (source, "GProcReadResult");
  g_source_set_priority (source, priority);
  g_source_set_callback (source, read_result_return_now, self, read_result_release_pointer);
  g_source_attach (source, g_main_context_get_thread_default ());
}

void
_gproc_read_result_release (GProcReadResult *self)
{
  GProcReadResult *previous;

  /* Whoever holds one, also weakly, goes on to see what it was; and what was attached to it is
   * not for the next one. The lowest bits are flags of GLib's. */
  if (g_atomic_int_get (&self->parent_instance.ref_count) > 1 ||
      ((gsize) g_atomic_pointer_get (&self->parent_instance.qdata) & ~(gsize) 7) != 0)
    {
      g_object_unref (self);
      return;
    }

  read_result_clear (self);
  previous = g_atomic_pointer_exchange (&spare, self);
  if (previous != NULL)
    g_object_unref (previous);
}

gboolean
_gproc_read_result_is_valid (gpointer     result,
                             GProcReader *reader,
                             gpointer     source_tag)
{
  return GPROC_IS_READ_RESULT (result) && GPROC_READ_RESULT (result)->reader == reader &&
         GPROC_READ_RESULT (result)->source_tag == source_tag;
}

gboolean
_gproc_read_result_propagate (GProcReadResult  *self,
                              GError          **error)
{
  if (self->error == NULL)
    return TRUE;

  /* Who asks again does not take it for the end of the stream. */
  self->request.n = -1;
  g_propagate_error (error, g_steal_pointer (&self->error));

  return FALSE;
}
