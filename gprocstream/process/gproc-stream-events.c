/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-stream-internal-private.h"

#include <errno.h>
#include <gio/gfiledescriptorbased.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "loop/gproc-poller-private.h"
#include "process/gproc-worker-private.h"

/* What a stream that waits for its process needs while nobody asks: no source in its
 * context, and nothing that holds it. The readers hold this, so that a reader that is
 * at its end in one thread finds it while the stream is disposed in another. */
struct _GProcStreamEvents
{
  gatomicrefcount refs;
  GWeakRef stream;
  GProcPoller *poller; /* That of the context the stream was made in. */
  GProcWatch exited;   /* Posted when a child is over. */
  GProcWatch ended;    /* Posted when the last output has met its end. */
  int n_open;          /* Atomic: the outputs that have not. */

  GCancellable *cancellable; /* Of the wait for a process that is no child. */
  GSource *held_timer;       /* Looks whether the pipes are held. */

  GMutex lock;
  GSource *kill_timer; /* Guarded by the lock, as is what follows. */
  GProcBackend *told;  /* That which wants to know of the end of the outputs; NULL if none does. */
};

static GQuark
events_quark (void)
{
  return g_quark_from_static_string ("gproc-stream-events");
}

static GProcStreamEvents *
events_ref (GProcStreamEvents *events)
{
  g_atomic_ref_count_inc (&events->refs);

  return events;
}

static void
events_unref (gpointer data)
{
  GProcStreamEvents *events = data;

  if (!g_atomic_ref_count_dec (&events->refs))
    return;

  _gproc_watch_clear (&events->exited);
  _gproc_watch_clear (&events->ended);
  _gproc_poller_release (events->poller);
  g_weak_ref_clear (&events->stream);
  g_clear_object (&events->cancellable);
  g_clear_object (&events->told);
  g_mutex_clear (&events->lock);
  g_free (events);
}

static void
outputs_ended (GProcWatch   *watch,
               GIOCondition  condition)
{
  GProcStreamEvents *events = (GProcStreamEvents *) ((char *) watch -
                                                     G_STRUCT_OFFSET (GProcStreamEvents, ended));
  g_autoptr (GProcStream) stream = g_weak_ref_get (&events->stream);

  if (stream != NULL)
    _gproc_stream_notify_output_ended (stream);

  events_unref (events);
}

/* Not by the signal: a blocking call waits for the process while nobody iterates the context that
 * the signal comes in. */
static void
tell_backend (GProcStreamEvents *events)
{
  g_autoptr (GProcBackend) backend = NULL;

  g_mutex_lock (&events->lock);
  g_set_object (&backend, events->told);
  g_mutex_unlock (&events->lock);

  if (backend != NULL)
    gproc_backend_output_ended (backend);
}

static void
reader_ended (GProcReader *reader,
              gpointer     user_data)
{
  GProcStreamEvents *events = user_data;

  if (!g_atomic_int_dec_and_test (&events->n_open))
    return;

  tell_backend (events);
  events_ref (events);
  _gproc_watch_post (&events->ended, events->poller);
}

/* What a terminal shows of the input of a process is no output of it. */
static GProcReader *
get_output (GProcStreamHalf *half)
{
  return half->target != STDIN_FILENO ? half->reader : NULL;
}

/* That which hangs up when nobody writes any more. What two readers share says it, not what each
 * of them is waited for on. */
static int
get_held_fd (GProcReader *reader)
{
  GInputStream *base = gproc_reader_get_base_stream (reader);
  GInputStream *origin = base != NULL ? g_object_get_data (G_OBJECT (base), "gproc-origin") : NULL;

  if (origin == NULL)
    return gproc_reader_get_fd (reader);
  if (GPROC_IS_READER (origin))
    return get_held_fd (GPROC_READER (origin));
  if (G_IS_FILE_DESCRIPTOR_BASED (origin))
    return g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (origin));

  return -1;
}

/* A pipe that nobody has open for writing any more says so without being read. */
static gboolean
reader_is_held (GProcReader *reader)
{
  struct pollfd polled = { .fd = get_held_fd (reader), .events = POLLIN | POLLRDHUP };
  int result;

  if (polled.fd < 0 || _gproc_reader_has_ended (reader))
    return FALSE;

  do
    result = poll (&polled, 1, 0);
  while (result < 0 && errno == EINTR);

  return (polled.revents & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL)) == 0;
}

gboolean
_gproc_stream_is_held (GProcStream *self)
{
  for (guint i = 0; i < self->n_halves; i++)
    {
      GProcReader *reader = get_output (&self->halves[i]);

      if (reader != NULL && reader_is_held (reader))
        return TRUE;
    }

  return FALSE;
}

static gboolean
look_for_held_pipes (gpointer user_data)
{
  GProcStreamEvents *events = user_data;
  g_autoptr (GProcStream) stream = g_weak_ref_get (&events->stream);

  if (stream != NULL && _gproc_stream_is_held (stream))
    _gproc_stream_notify_pipes_held (stream);

  return G_SOURCE_REMOVE;
}

static void
events_start_held_timer (GProcStreamEvents *events,
                         int                grace)
{
  if (grace < 0 || g_atomic_int_get (&events->n_open) == 0)
    return;

  events->held_timer = g_timeout_source_new ((guint) grace);
  g_source_set_static_name (events->held_timer, "[gproc] post-exit grace");
  g_source_set_callback (events->held_timer, look_for_held_pipes, events_ref (events),
                         events_unref);
  g_source_attach (events->held_timer, _gproc_poller_get_context (events->poller));
}

static void
events_process_over (GProcStreamEvents *events,
                     GProcStream       *stream)
{
  _gproc_stream_events_process_over (stream);
  events_start_held_timer (events, gproc_stream_get_post_exit_grace (stream));
  _gproc_stream_notify_ended (stream);
}

static void
child_over (GProcWatch   *watch,
            GIOCondition  condition)
{
  GProcStreamEvents *events = (GProcStreamEvents *) ((char *) watch -
                                                     G_STRUCT_OFFSET (GProcStreamEvents, exited));
  g_autoptr (GProcStream) stream = g_weak_ref_get (&events->stream);

  if (stream != NULL)
    events_process_over (events, stream);

  events_unref (events);
}

static void
backend_over (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  GProcStreamEvents *events = user_data;
  g_autoptr (GProcStream) stream = g_weak_ref_get (&events->stream);
  int returncode;

  /* A backend that cannot say whether the process is over leaves it at that. */
  if (gproc_backend_wait_finish (GPROC_BACKEND (source), result, &returncode, NULL) &&
      stream != NULL)
    {
      _gproc_stream_set_over (stream, returncode);
      events_process_over (events, stream);
    }

  events_unref (events);
}

static void
events_watch_readers (GProcStreamEvents *events,
                      GProcStream       *stream)
{
  /* A reader may be at its end already, and says so at once: the count must not reach
   * zero before all are counted. */
  for (guint i = 0; i < stream->n_halves; i++)
    events->n_open += get_output (&stream->halves[i]) != NULL;

  for (guint i = 0; i < stream->n_halves; i++)
    {
      GProcReader *reader = get_output (&stream->halves[i]);

      if (reader == NULL)
        continue;

      g_object_set_qdata_full (G_OBJECT (reader), events_quark (), events_ref (events),
                               events_unref);
      _gproc_reader_set_ended_func (reader, reader_ended, events);
    }
}

void
_gproc_stream_events_start (GProcStream *self)
{
  GProcStreamEvents *events = g_new0 (GProcStreamEvents, 1);

  g_atomic_ref_count_init (&events->refs);
  g_weak_ref_init (&events->stream, self);
  events->poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  _gproc_watch_init (&events->exited, child_over);
  _gproc_watch_init (&events->ended, outputs_ended);
  g_mutex_init (&events->lock);
  if (self->backend != NULL && GPROC_BACKEND_GET_IFACE (self->backend)->output_ended != NULL)
    events->told = g_object_ref (self->backend);
  self->events = events;

  events_watch_readers (events, self);

  if (self->backend == NULL)
    return;

  if (self->child != NULL)
    {
      events_ref (events);
      _gproc_child_set_listener (self->child, &events->exited, events->poller);
      return;
    }

  events->cancellable = g_cancellable_new ();
  gproc_backend_wait_async (self->backend, G_PRIORITY_DEFAULT, events->cancellable, backend_over,
                            events_ref (events));
}

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

void
_gproc_stream_events_stop (GProcStream *self)
{
  GProcStreamEvents *events = g_steal_pointer (&self->events);
  GProcBackend *told;
  GSource *timer;

  if (events == NULL)
    return;

  for (guint i = 0; i < self->n_halves; i++)
    {
      if (self->halves[i].reader != NULL)
        _gproc_reader_set_ended_func (self->halves[i].reader, NULL, NULL);
    }

  g_weak_ref_set (&events->stream, NULL);
  if (_gproc_watch_clear (&events->ended))
    events_unref (events);
  if (self->child != NULL &&
      (_gproc_child_set_listener (self->child, NULL, NULL) || _gproc_watch_clear (&events->exited)))
    events_unref (events);
  if (events->cancellable != NULL)
    g_cancellable_cancel (events->cancellable);
  clear_source (&events->held_timer);

  /* A process that is not over is still to be killed when its time is. */
  g_mutex_lock (&events->lock);
  timer = g_steal_pointer (&events->kill_timer);
  told = g_steal_pointer (&events->told);
  g_mutex_unlock (&events->lock);
  g_clear_object (&told);
  if (timer != NULL && _gproc_stream_is_over (self))
    clear_source (&timer);
  g_clear_pointer (&timer, g_source_unref);

  events_unref (events);
}

static gboolean
kill_process (gpointer user_data)
{
  GProcBackend *backend = user_data;

  if (!gproc_backend_try_wait (backend, NULL))
    gproc_backend_send_signal (backend, SIGKILL, FALSE, NULL);

  return G_SOURCE_REMOVE;
}

/* A process that takes no signals would be waited for in vain. Any other failure may be that it
 * is over by now. */
gboolean
_gproc_stream_events_stop_process (GProcStream  *self,
                                   guint         grace_ms,
                                   GError      **error)
{
  GProcStreamEvents *events = self->events;
  g_autoptr (GError) local_error = NULL;
  GSource *timer;

  if (!gproc_backend_send_signal (self->backend, SIGTERM, FALSE, &local_error) &&
      g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  /* Without a worker nobody would be there to send the second signal. */
  if (grace_ms == 0 || _gproc_worker_start () != 0)
    {
      gproc_backend_send_signal (self->backend, SIGKILL, FALSE, NULL);
      return TRUE;
    }

  timer = _gproc_worker_add_timer (grace_ms, kill_process, g_object_ref (self->backend),
                                   g_object_unref);

  /* The earlier of two stops is the one that counts, and it stays attached. */
  g_mutex_lock (&events->lock);
  if (events->kill_timer == NULL)
    events->kill_timer = g_steal_pointer (&timer);
  g_mutex_unlock (&events->lock);

  g_clear_pointer (&timer, g_source_unref);

  return TRUE;
}

void
_gproc_stream_events_process_over (GProcStream *self)
{
  GProcStreamEvents *events = self->events;
  GSource *timer;

  if (events == NULL)
    return;

  g_mutex_lock (&events->lock);
  timer = g_steal_pointer (&events->kill_timer);
  g_mutex_unlock (&events->lock);

  clear_source (&timer);
}
