/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "terminal/gproc-recording-private.h"

#include <glib/gi18n-lib.h>
#include <signal.h>
#include <string.h>

#include "process/gproc-backend.h"
#include "terminal/gproc-replay-private.h"

/* A replay stands for the process. There is no timer that feeds a pipe: what is due is looked up
 * when somebody reads, and who waits is told when something will be. So nothing has to run, and
 * blocking reads wait like others. */
struct _GProcReplay
{
  GObject parent_instance;

  GProcRecording *recording;
  GArray *events;    /* Those of the recording. */
  double speed;      /* 0: everything is due. */
  gboolean checks;   /* Input has to be what was recorded. */
  gint64 begin;      /* In monotonic time. */
  gsize total_input; /* How much was recorded. */

  GMutex lock;        /* What follows is used by several threads. */
  guint next;         /* The first event that has not been passed. */
  gsize offset;       /* How much of it was read. */
  gsize input_passed; /* How much input was recorded before it. */
  gsize input_at;     /* How much input came. */
  guint input_event;  /* In which event its next byte is… */
  gsize input_offset; /* …and where. */
  int signum;         /* What ended it early; or 0. */
  gint64 signal_time;
  GPtrArray *sources; /* Of GSource: who waits. */
};

static void gproc_replay_iface_init (GProcBackendInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GProcReplay,
                               _gproc_replay,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (GPROC_TYPE_BACKEND, gproc_replay_iface_init))

#define NEVER G_MAXINT64

static GProcAsciicastEvent *
replay_get_event (GProcReplay *self,
                  guint        i)
{
  return &g_array_index (self->events, GProcAsciicastEvent, i);
}

/* In monotonic time; 0: at once. */
static gint64
replay_get_due (GProcReplay *self,
                double       seconds)
{
  double microseconds;

  if (!(self->speed > 0))
    return 0;

  microseconds = seconds * G_USEC_PER_SEC / self->speed;

  return microseconds < (double) (G_MAXINT64 / 4) ? self->begin + (gint64) microseconds
                                                  : G_MAXINT64 / 2;
}

/* When there is output, or its end, as far as that can be said: a time that has passed if there
 * is. With the lock. */
static gint64
replay_find_output (GProcReplay *self)
{
  gint64 now = g_get_monotonic_time ();

  while (self->next < self->events->len)
    {
      GProcAsciicastEvent *event = replay_get_event (self, self->next);
      gint64 due = replay_get_due (self, event->time);

      if (self->signum != 0 && due > self->signal_time)
        return 0;
      if (due > now)
        return due;
      if (event->code == 'o' && self->offset < event->length)
        return 0;
      if (event->code == 'i' && self->checks && self->input_at < self->input_passed + event->length)
        return self->signum != 0 ? 0 : NEVER;

      if (event->code == 'i')
        self->input_passed += event->length;
      self->next++;
      self->offset = 0;
    }

  return 0;
}

/* When the process is over. With the lock. */
static gint64
replay_find_end (GProcReplay *self)
{
  double last = self->events->len > 0 ? replay_get_event (self, self->events->len - 1)->time : 0;

  if (self->signum != 0)
    return 0;
  if (self->checks && self->input_at < self->total_input)
    return NEVER;

  return replay_get_due (self, last);
}

/* Has who waits look again. With the lock. */
static void
replay_wake (GProcReplay *self)
{
  for (guint i = self->sources->len; i > 0; i--)
    {
      GSource *source = g_ptr_array_index (self->sources, i - 1);

      if (g_source_is_destroyed (source))
        g_ptr_array_remove_index_fast (self->sources, i - 1);
      else
        g_source_set_ready_time (source, 0);
    }
}

/* --- Waiting --- */

/* Ready when @find says so. What it is a part of keeps the replay. */
typedef struct
{
  GSource source;
  GProcReplay *replay;
  gint64 (*find) (GProcReplay *self);
} ReplaySource;

static void
replay_source_set_time (ReplaySource *self,
                        gint64        due)
{
  g_source_set_ready_time (&self->source, due == NEVER ? -1 : due);
}

static gboolean
replay_source_dispatch (GSource     *source,
                        GSourceFunc  func,
                        gpointer     user_data)
{
  ReplaySource *self = (ReplaySource *) source;

  g_mutex_lock (&self->replay->lock);
  replay_source_set_time (self, self->find (self->replay));
  g_mutex_unlock (&self->replay->lock);

  return func != NULL ? func (user_data) : G_SOURCE_CONTINUE;
}

static GSourceFuncs replay_source_funcs = { NULL, NULL, replay_source_dispatch, NULL, NULL, NULL };

static GSource *
replay_source_new (GProcReplay *self, gint64 (*find) (GProcReplay *self))
{
  GSource *source = g_source_new (&replay_source_funcs, sizeof (ReplaySource));
  ReplaySource *own = (ReplaySource *) source;

  own->replay = self;
  own->find = find;
  g_source_set_static_name (source, "GProcRecording replay");

  g_mutex_lock (&self->lock);
  for (guint i = self->sources->len; i > 0; i--)
    if (g_source_is_destroyed (g_ptr_array_index (self->sources, i - 1)))
      g_ptr_array_remove_index_fast (self->sources, i - 1);
  g_ptr_array_add (self->sources, g_source_ref (source));
  replay_source_set_time (own, find (self));
  g_mutex_unlock (&self->lock);

  return source;
}

GSource *
_gproc_replay_create_source (GProcReplay *self)
{
  return replay_source_new (self, replay_find_output);
}

/* --- What the streams do --- */

gboolean
_gproc_replay_is_readable (GProcReplay *self)
{
  gint64 due;

  g_mutex_lock (&self->lock);
  due = replay_find_output (self);
  g_mutex_unlock (&self->lock);

  return due <= g_get_monotonic_time ();
}

gssize
_gproc_replay_read (GProcReplay *self,
                    char        *buffer,
                    gsize        size)
{
  gssize count = 0;
  gint64 due;

  g_mutex_lock (&self->lock);
  due = replay_find_output (self);
  if (due > g_get_monotonic_time ())
    {
      count = -1;
    }
  else if (self->next < self->events->len)
    {
      GProcAsciicastEvent *event = replay_get_event (self, self->next);

      /* What a signal cut off is not read. */
      if (event->code == 'o' && self->offset < event->length &&
          (self->signum == 0 || replay_get_due (self, event->time) <= self->signal_time))
        {
          count = (gssize) MIN (size, event->length - self->offset);
          memcpy (buffer, event->text + self->offset, (gsize) count);
          self->offset += (gsize) count;
        }
    }
  g_mutex_unlock (&self->lock);

  return count;
}

/* How many of the first bytes are those that were recorded. With the lock. */
static gsize
replay_match_input (GProcReplay *self,
                    const char  *data,
                    gsize        size)
{
  gsize matched = 0;

  while (matched < size && self->input_event < self->events->len)
    {
      GProcAsciicastEvent *event = replay_get_event (self, self->input_event);

      if (event->code != 'i' || self->input_offset == event->length)
        {
          self->input_event++;
          self->input_offset = 0;
          continue;
        }
      if (event->text[self->input_offset] != data[matched])
        break;
      self->input_offset++;
      matched++;
    }

  return matched;
}

gssize
_gproc_replay_write (GProcReplay  *self,
                     const char   *data,
                     gsize         size,
                     GError      **error)
{
  gsize at;

  if (!self->checks || size == 0)
    return (gssize) size;

  g_mutex_lock (&self->lock);
  at = self->input_at;
  size = replay_match_input (self, data, size);
  self->input_at += size;
  if (size > 0)
    replay_wake (self);
  g_mutex_unlock (&self->lock);

  if (size > 0)
    return (gssize) size;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               _ ("The input differs from what was recorded at byte %zu"), at);

  return -1;
}

/* --- The process --- */

static gboolean
replay_is_over (GProcReplay *self,
                int         *returncode)
{
  gboolean over;

  g_mutex_lock (&self->lock);
  over = replay_find_end (self) <= g_get_monotonic_time ();
  *returncode = self->signum != 0 ? -self->signum
                                  : gproc_recording_get_returncode (self->recording);
  g_mutex_unlock (&self->lock);

  return over;
}

static gboolean
gproc_replay_try_wait (GProcBackend *backend,
                       int          *returncode)
{
  return replay_is_over (GPROC_REPLAY (backend), returncode);
}

static gboolean
replay_wait_ready (gpointer user_data)
{
  GTask *task = user_data;
  int returncode;

  if (g_task_return_error_if_cancelled (task))
    return G_SOURCE_REMOVE;
  if (!replay_is_over (g_task_get_source_object (task), &returncode))
    return G_SOURCE_CONTINUE;

  g_task_return_int (task, returncode);

  return G_SOURCE_REMOVE;
}

static gboolean
replay_wait_cancelled (GCancellable *cancellable,
                       gpointer      user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
gproc_replay_wait_async (GProcBackend        *backend,
                         int                  io_priority,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  GProcReplay *self = GPROC_REPLAY (backend);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GSource) source = replay_source_new (self, replay_find_end);

  g_task_set_source_tag (task, gproc_replay_wait_async);
  g_task_set_name (task, "GProcRecording wait");
  g_task_set_priority (task, io_priority);
  if (cancellable != NULL)
    {
      g_autoptr (GSource) cancelled = g_cancellable_source_new (cancellable);

      g_source_set_callback (cancelled, G_SOURCE_FUNC (replay_wait_cancelled), NULL, NULL);
      g_source_add_child_source (source, cancelled);
    }
  g_source_set_callback (source, replay_wait_ready, g_object_ref (task), g_object_unref);
  g_source_set_priority (source, io_priority);
  g_source_attach (source, g_main_context_get_thread_default ());
}

static gboolean
gproc_replay_wait_finish (GProcBackend  *backend,
                          GAsyncResult  *result,
                          int           *returncode,
                          GError       **error)
{
  GError *local_error = NULL;

  g_return_val_if_fail (g_task_is_valid (result, backend), FALSE);

  *returncode = (int) g_task_propagate_int (G_TASK (result), &local_error);
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, local_error);

  return FALSE;
}

static gboolean
gproc_replay_send_signal (GProcBackend  *backend,
                          int            signum,
                          gboolean       to_group,
                          GError       **error)
{
  GProcReplay *self = GPROC_REPLAY (backend);
  int returncode;

  if (replay_is_over (self, &returncode))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   _ ("Signal %d was not sent: the recording has ended"), signum);
      return FALSE;
    }

  if (signum == SIGTERM || signum == SIGKILL || signum == SIGINT || signum == SIGHUP)
    {
      g_mutex_lock (&self->lock);
      self->signum = signum;
      self->signal_time = g_get_monotonic_time ();
      replay_wake (self);
      g_mutex_unlock (&self->lock);
    }

  return TRUE;
}

static gboolean
gproc_replay_resize (GProcBackend  *backend,
                     guint          rows,
                     guint          columns,
                     GError       **error)
{
  return TRUE;
}

static void
gproc_replay_iface_init (GProcBackendInterface *iface)
{
  iface->try_wait = gproc_replay_try_wait;
  iface->wait_async = gproc_replay_wait_async;
  iface->wait_finish = gproc_replay_wait_finish;
  iface->send_signal = gproc_replay_send_signal;
  iface->resize = gproc_replay_resize;
}

static void
_gproc_replay_finalize (GObject *object)
{
  GProcReplay *self = GPROC_REPLAY (object);

  g_ptr_array_unref (self->sources);
  g_clear_object (&self->recording);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (_gproc_replay_parent_class)->finalize (object);
}

static void
_gproc_replay_class_init (GProcReplayClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = _gproc_replay_finalize;
}

static void
_gproc_replay_init (GProcReplay *self)
{
  g_mutex_init (&self->lock);
  self->sources = g_ptr_array_new_with_free_func ((GDestroyNotify) g_source_unref);
  self->begin = g_get_monotonic_time ();
}

GProcStream *
_gproc_replay_new (GProcRecording *recording,
                   double          speed,
                   gboolean        checks)
{
  g_autoptr (GProcReplay) self = g_object_new (GPROC_TYPE_REPLAY, NULL);
  g_autoptr (GInputStream) output = _gproc_replay_input_new (self);
  g_autoptr (GOutputStream) input = _gproc_replay_output_new (self);

  self->recording = g_object_ref (recording);
  self->events = _gproc_recording_get_events (recording);
  self->speed = speed;
  self->checks = checks;
  for (guint i = 0; i < self->events->len; i++)
    if (replay_get_event (self, i)->code == 'i')
      self->total_input += replay_get_event (self, i)->length;

  return gproc_stream_new_for_backend (GPROC_BACKEND (self), input, output, NULL);
}
