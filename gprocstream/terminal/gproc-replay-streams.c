/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "terminal/gproc-replay-private.h"

#include <glib/gi18n-lib.h>

/* The two streams of a replay. They are pollable, and a GProcReader and a GProcWriter, which use
 * nothing else of those, have them. */

static gboolean
source_goes_on (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Takes @child: ready when that is. */
static GSource *
pollable_source_new (gpointer      stream,
                     GSource      *child,
                     GCancellable *cancellable)
{
  GSource *source = g_pollable_source_new_full (stream, NULL, cancellable);

  g_source_set_callback (child, source_goes_on, NULL, NULL);
  g_source_add_child_source (source, child);
  g_source_unref (child);

  return source;
}

#define GPROC_TYPE_REPLAY_INPUT (_gproc_replay_input_get_type ())
G_DECLARE_FINAL_TYPE (GProcReplayInput, _gproc_replay_input, GPROC, REPLAY_INPUT, GInputStream)

struct _GProcReplayInput
{
  GInputStream parent_instance;

  GProcReplay *replay;
};

static void replay_input_iface_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GProcReplayInput,
                               _gproc_replay_input,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      replay_input_iface_init))

static gboolean
replay_input_is_readable (GPollableInputStream *stream)
{
  return _gproc_replay_is_readable (GPROC_REPLAY_INPUT (stream)->replay);
}

static gssize
replay_input_read_nonblocking (GPollableInputStream  *stream,
                               void                  *buffer,
                               gsize                  count,
                               GError               **error)
{
  gssize result = _gproc_replay_read (GPROC_REPLAY_INPUT (stream)->replay, buffer, count);

  if (result < 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                         _ ("There is nothing to read yet"));

  return result;
}

static GSource *
replay_input_create_source (GPollableInputStream *stream,
                            GCancellable         *cancellable)
{
  return pollable_source_new (stream,
                              _gproc_replay_create_source (GPROC_REPLAY_INPUT (stream)->replay),
                              cancellable);
}

static void
replay_input_iface_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = replay_input_is_readable;
  iface->read_nonblocking = replay_input_read_nonblocking;
  iface->create_source = replay_input_create_source;
}

static void
_gproc_replay_input_finalize (GObject *object)
{
  g_clear_object (&GPROC_REPLAY_INPUT (object)->replay);

  G_OBJECT_CLASS (_gproc_replay_input_parent_class)->finalize (object);
}

static void
_gproc_replay_input_class_init (GProcReplayInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = _gproc_replay_input_finalize;
}

static void
_gproc_replay_input_init (GProcReplayInput *self)
{
}

GInputStream *
_gproc_replay_input_new (GProcReplay *replay)
{
  GProcReplayInput *self = g_object_new (GPROC_TYPE_REPLAY_INPUT, NULL);

  self->replay = g_object_ref (replay);

  return G_INPUT_STREAM (self);
}

#define GPROC_TYPE_REPLAY_OUTPUT (_gproc_replay_output_get_type ())
G_DECLARE_FINAL_TYPE (GProcReplayOutput, _gproc_replay_output, GPROC, REPLAY_OUTPUT, GOutputStream)

struct _GProcReplayOutput
{
  GOutputStream parent_instance;

  GProcReplay *replay;
};

static void replay_output_iface_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GProcReplayOutput,
                               _gproc_replay_output,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      replay_output_iface_init))

/* GIO's own non-blocking function calls this, which never blocks. */
static gssize
replay_output_write (GOutputStream  *stream,
                     const void     *buffer,
                     gsize           count,
                     GCancellable   *cancellable,
                     GError        **error)
{
  return _gproc_replay_write (GPROC_REPLAY_OUTPUT (stream)->replay, buffer, count, error);
}

/* Nothing is flushed, and nothing blocks: no thread is needed for either, as GIO takes by itself.
 */
static void
replay_output_close_async (GOutputStream       *stream,
                           int                  io_priority,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, replay_output_close_async);
  g_task_set_name (task, "GProcRecording close");
  g_task_set_priority (task, io_priority);
  g_task_return_boolean (task, TRUE);
}

static gboolean
replay_output_close_finish (GOutputStream  *stream,
                            GAsyncResult   *result,
                            GError        **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
replay_output_is_writable (GPollableOutputStream *stream)
{
  return TRUE;
}

static GSource *
replay_output_create_source (GPollableOutputStream *stream,
                             GCancellable          *cancellable)
{
  return pollable_source_new (stream, g_timeout_source_new (0), cancellable);
}

static void
replay_output_iface_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = replay_output_is_writable;
  iface->create_source = replay_output_create_source;
}

static void
_gproc_replay_output_finalize (GObject *object)
{
  g_clear_object (&GPROC_REPLAY_OUTPUT (object)->replay);

  G_OBJECT_CLASS (_gproc_replay_output_parent_class)->finalize (object);
}

static void
_gproc_replay_output_class_init (GProcReplayOutputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = _gproc_replay_output_finalize;
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = replay_output_write;
  G_OUTPUT_STREAM_CLASS (klass)->close_async = replay_output_close_async;
  G_OUTPUT_STREAM_CLASS (klass)->close_finish = replay_output_close_finish;
}

static void
_gproc_replay_output_init (GProcReplayOutput *self)
{
}

GOutputStream *
_gproc_replay_output_new (GProcReplay *replay)
{
  GProcReplayOutput *self = g_object_new (GPROC_TYPE_REPLAY_OUTPUT, NULL);

  self->replay = g_object_ref (replay);

  return G_OUTPUT_STREAM (self);
}
