/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-streams.h"

#include <string.h>

/* What both directions share. Everything is guarded by the lock, because the tests
 * push and release from other threads. */
typedef struct
{
  GMutex lock;
  GCond changed;
  GProcTestHostility hostility;
  GProcTestCounts counts;
  GByteArray *bytes;
  gsize position; /* Of the reader in the bytes. */
  gsize chunk;
  gsize cut; /* No read goes across this position. */
  gsize error_after;
  int error_code; /* −1: none. */
  int flush_code;
  int close_code;
  gboolean held;    /* Input: no end yet. Output: nothing is taken. */
  gboolean refused; /* A slow stream has said no to this operation before. */
  GTask *task;      /* The asynchronous operation under way. */
  gboolean is_output;
  gpointer buffer;
  gsize count;
  GCancellable *cancellable; /* Of the task. */
  gulong cancelled_id;
  guint delay; /* Iterations that a slow operation still waits. */
  GFunc hook;  /* Runs once, when the stream is asked for something. */
  gpointer hook_data;
  GSList *sources; /* Of HostileSource: those that are alive. */
} Hostile;

typedef struct
{
  GSource source;
  GObject *stream; /* Owned. */
  Hostile *hostile;
  GMainContext *context; /* Owned: it may end in one thread while another wakes it. */
  guint n_spurious;
} HostileSource;

struct _GProcTestInput
{
  GInputStream parent_instance;
  Hostile hostile;
};

struct _GProcTestOutput
{
  GOutputStream parent_instance;
  Hostile hostile;
};

typedef GInputStreamClass GProcTestInputClass;
typedef GOutputStreamClass GProcTestOutputClass;
typedef GProcTestInput GProcTestPollableInput;
typedef GInputStreamClass GProcTestPollableInputClass;
typedef GProcTestOutput GProcTestPollableOutput;
typedef GOutputStreamClass GProcTestPollableOutputClass;

static void pollable_input_iface_init (GPollableInputStreamInterface *iface);
static void pollable_output_iface_init (GPollableOutputStreamInterface *iface);

GType gproc_test_input_get_type (void);
GType gproc_test_output_get_type (void);
GType gproc_test_pollable_input_get_type (void);
GType gproc_test_pollable_output_get_type (void);

G_DEFINE_TYPE (GProcTestInput, gproc_test_input, G_TYPE_INPUT_STREAM)
G_DEFINE_TYPE (GProcTestOutput, gproc_test_output, G_TYPE_OUTPUT_STREAM)
G_DEFINE_TYPE_WITH_CODE (GProcTestPollableInput,
                         gproc_test_pollable_input,
                         gproc_test_input_get_type (),
                         G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                pollable_input_iface_init))
G_DEFINE_TYPE_WITH_CODE (GProcTestPollableOutput,
                         gproc_test_pollable_output,
                         gproc_test_output_get_type (),
                         G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                pollable_output_iface_init))

static Hostile *
get_hostile (gpointer stream)
{
  return G_IS_INPUT_STREAM (stream) ? &((GProcTestInput *) stream)->hostile
                                    : &((GProcTestOutput *) stream)->hostile;
}

static void
hostile_init (Hostile *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->bytes = g_byte_array_new ();
  self->chunk = G_MAXSIZE;
  self->error_after = G_MAXSIZE;
  self->error_code = -1;
  self->flush_code = -1;
  self->close_code = -1;
}

static void
hostile_clear (Hostile *self)
{
  g_assert_null (self->task);
  g_assert_null (self->sources);
  g_byte_array_unref (self->bytes);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
}

/* Whether an operation would end now. */
static gboolean
is_ready (Hostile *self)
{
  if (self->is_output)
    return !self->held;
  return self->position < self->bytes->len || !self->held;
}

static gssize
fail (int      code,
      GError **error)
{
  g_set_error (error, G_IO_ERROR, code, "The test stream fails as it was told to");
  return -1;
}

/* Never blocks: the caller has seen that it is ready. */
static gssize
transfer (Hostile   *self,
          gpointer   buffer,
          gsize      count,
          GError   **error)
{
  gsize position = self->is_output ? self->bytes->len : self->position;
  gsize end = self->is_output ? self->error_after : self->bytes->len;

  if (position < self->cut)
    end = MIN (end, self->cut);
  count = MIN (MIN (count, self->chunk), end - position);
  if (count == 0 && position == end && self->error_code >= 0)
    return fail (self->error_code, error);
  if (self->is_output)
    g_byte_array_append (self->bytes, buffer, count);
  else if (count > 0)
    {
      memcpy (buffer, self->bytes->data + position, count);
      self->position += count;
    }
  return count;
}

/* Called with the lock. */
static void
wake_sources (Hostile *self)
{
  GSList *l;

  g_cond_broadcast (&self->changed);
  for (l = self->sources; l != NULL; l = l->next)
    {
      HostileSource *source = l->data;

      if (source->context != NULL)
        g_main_context_wakeup (source->context);
    }
}

static void
run_hook (gpointer stream)
{
  Hostile *self = get_hostile (stream);
  GFunc hook;

  g_mutex_lock (&self->lock);
  hook = g_steal_pointer (&self->hook);
  g_mutex_unlock (&self->lock);

  if (hook != NULL)
    hook (stream, self->hook_data);
}

/* The functions with a stream of type gpointer serve the classes of both directions. */
static gssize
transfer_blocking (gpointer       stream,
                   gpointer       buffer,
                   gsize          count,
                   GCancellable  *cancellable,
                   GError       **error)
{
  Hostile *self = get_hostile (stream);
  gssize result = -1;

  run_hook (stream);
  g_mutex_lock (&self->lock);
  self->counts.n_blocking++;
  self->counts.n_cancellables += cancellable != NULL;
  while (!is_ready (self) && !g_cancellable_is_cancelled (cancellable))
    g_cond_wait_until (&self->changed, &self->lock, g_get_monotonic_time () + 2000);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    self->counts.n_cancelled++;
  else
    result = transfer (self, buffer, count, error);
  g_mutex_unlock (&self->lock);
  return result;
}

static gssize
transfer_nonblocking (gpointer   stream,
                      gpointer   buffer,
                      gsize      count,
                      GError   **error)
{
  Hostile *self = get_hostile (stream);
  gssize result;

  run_hook (stream);
  g_mutex_lock (&self->lock);
  self->counts.n_nonblocking++;
  if (!is_ready (self) || ((self->hostility & GPROC_TEST_HOSTILE_SLOW) && !self->refused))
    {
      self->refused = is_ready (self);
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Not ready");
      result = -1;
    }
  else
    {
      self->refused = FALSE;
      result = transfer (self, buffer, count, error);
    }
  g_mutex_unlock (&self->lock);
  return result;
}

/* The source of a task polls its stream: it is woken by what changes it. */
static gboolean
hostile_source_check (GSource *source)
{
  HostileSource *self = (HostileSource *) source;
  Hostile *hostile = self->hostile;
  gboolean ready;

  g_mutex_lock (&hostile->lock);
  ready = is_ready (hostile);
  if (!ready && (hostile->hostility & GPROC_TEST_HOSTILE_SPURIOUS) && self->n_spurious > 0)
    {
      self->n_spurious--;
      ready = TRUE;
    }
  g_mutex_unlock (&hostile->lock);
  return ready;
}

static gboolean
hostile_source_prepare (GSource *source,
                        int     *timeout)
{
  HostileSource *self = (HostileSource *) source;

  *timeout = -1;
  if (self->context == NULL)
    {
      g_mutex_lock (&self->hostile->lock);
      self->context = g_main_context_ref (g_source_get_context (source));
      g_mutex_unlock (&self->hostile->lock);
    }
  return hostile_source_check (source);
}

static gboolean
hostile_source_dispatch (GSource     *source,
                         GSourceFunc  callback,
                         gpointer     user_data)
{
  return callback != NULL ? callback (user_data) : G_SOURCE_CONTINUE;
}

static void
hostile_source_finalize (GSource *source)
{
  HostileSource *self = (HostileSource *) source;

  g_mutex_lock (&self->hostile->lock);
  self->hostile->sources = g_slist_remove (self->hostile->sources, self);
  g_mutex_unlock (&self->hostile->lock);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_object_unref (self->stream);
}

/* A pollable source gives its child a closure that nobody is meant to call. */
static gboolean
hostile_source_closure (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs hostile_source_funcs = { hostile_source_prepare,  hostile_source_check,
                                             hostile_source_dispatch, hostile_source_finalize,
                                             hostile_source_closure,  NULL };

static GSource *
hostile_source_new (gpointer stream)
{
  GSource *source = g_source_new (&hostile_source_funcs, sizeof (HostileSource));
  HostileSource *self = (HostileSource *) source;

  g_source_set_name (source, "hostile");
  self->stream = g_object_ref (stream);
  self->hostile = get_hostile (stream);
  self->n_spurious = 3;
  g_mutex_lock (&self->hostile->lock);
  self->hostile->sources = g_slist_prepend (self->hostile->sources, self);
  g_mutex_unlock (&self->hostile->lock);
  return source;
}

static gboolean
on_task_ready (gpointer user_data)
{
  Hostile *self = user_data;
  g_autoptr (GTask) task = NULL;
  g_autoptr (GError) error = NULL;
  gssize result = -1;

  g_mutex_lock (&self->lock);
  if (!g_cancellable_is_cancelled (self->cancellable) && (!is_ready (self) || self->delay-- > 0))
    {
      g_mutex_unlock (&self->lock);
      return G_SOURCE_CONTINUE;
    }
  task = g_steal_pointer (&self->task);
  if (g_cancellable_set_error_if_cancelled (self->cancellable, &error))
    self->counts.n_cancelled++;
  else
    result = transfer (self, self->buffer, self->count, &error);
  g_clear_object (&self->cancellable);
  g_mutex_unlock (&self->lock);

  if (error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_int (task, result);
  return G_SOURCE_REMOVE;
}

/* Without threads, so that tests which count threads can use these streams. */
static void
transfer_async (gpointer             stream,
                gpointer             buffer,
                gsize                count,
                int                  io_priority,
                GCancellable        *cancellable,
                GAsyncReadyCallback  callback,
                gpointer             user_data)
{
  Hostile *self = get_hostile (stream);
  g_autoptr (GSource) source = hostile_source_new (stream);

  run_hook (stream);
  g_assert_null (self->task);
  g_mutex_lock (&self->lock);
  self->counts.n_async++;
  self->counts.n_cancellables += cancellable != NULL;
  self->task = g_task_new (stream, NULL, callback, user_data);
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->buffer = buffer;
  self->count = count;
  self->delay = (self->hostility & GPROC_TEST_HOSTILE_SLOW) ? 3 : 0;
  g_mutex_unlock (&self->lock);

  if (cancellable != NULL)
    {
      g_autoptr (GSource) child = g_cancellable_source_new (cancellable);

      g_source_set_dummy_callback (child);
      g_source_add_child_source (source, child);
    }
  g_source_set_callback (source, on_task_ready, self, NULL);
  g_source_set_priority (source, io_priority);
  g_source_attach (source, g_main_context_get_thread_default ());
}

static gssize
transfer_finish (gpointer       stream,
                 GAsyncResult  *result,
                 GError       **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static gboolean
end (gpointer   stream,
     guint     *counter,
     int        code,
     GError   **error)
{
  Hostile *self = get_hostile (stream);

  g_mutex_lock (&self->lock);
  (*counter)++;
  wake_sources (self);
  g_mutex_unlock (&self->lock);
  return code < 0 || fail (code, error) == 0;
}

static gboolean
hostile_close (gpointer       stream,
               GCancellable  *cancellable,
               GError       **error)
{
  Hostile *self = get_hostile (stream);

  return end (stream, &self->counts.n_closes, self->close_code, error);
}

static gboolean
hostile_flush (gpointer       stream,
               GCancellable  *cancellable,
               GError       **error)
{
  Hostile *self = get_hostile (stream);

  return end (stream, &self->counts.n_flushes, self->flush_code, error);
}

static void
return_end (GTask    *task,
            gboolean  success,
            GError   *error)
{
  if (success)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

static void
hostile_close_async (gpointer             stream,
                     int                  io_priority,
                     GCancellable        *cancellable,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  GError *error = NULL;
  gboolean success = hostile_close (stream, cancellable, &error);

  return_end (g_task_new (stream, NULL, callback, user_data), success, error);
}

static void
hostile_flush_async (gpointer             stream,
                     int                  io_priority,
                     GCancellable        *cancellable,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  GError *error = NULL;
  gboolean success = hostile_flush (stream, cancellable, &error);

  return_end (g_task_new (stream, NULL, callback, user_data), success, error);
}

static gboolean
end_finish (gpointer       stream,
            GAsyncResult  *result,
            GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
gproc_test_input_finalize (GObject *object)
{
  hostile_clear (get_hostile (object));
  G_OBJECT_CLASS (gproc_test_input_parent_class)->finalize (object);
}

static void
gproc_test_input_class_init (GProcTestInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gproc_test_input_finalize;
  klass->read_fn = (gpointer) transfer_blocking;
  klass->read_async = (gpointer) transfer_async;
  klass->read_finish = (gpointer) transfer_finish;
  klass->close_fn = (gpointer) hostile_close;
  klass->close_async = (gpointer) hostile_close_async;
  klass->close_finish = (gpointer) end_finish;
}

static void
gproc_test_input_init (GProcTestInput *self)
{
  hostile_init (&self->hostile);
}

static void
gproc_test_pollable_input_class_init (GProcTestPollableInputClass *klass)
{
}

static void
gproc_test_pollable_input_init (GProcTestPollableInput *self)
{
}

static gboolean
is_ready_now (gpointer stream)
{
  Hostile *self = get_hostile (stream);
  gboolean ready;

  g_mutex_lock (&self->lock);
  ready = is_ready (self);
  g_mutex_unlock (&self->lock);
  return ready;
}

static gboolean
can_poll (gpointer stream)
{
  return !(get_hostile (stream)->hostility & GPROC_TEST_HOSTILE_CANNOT_POLL);
}

static GSource *
create_source (gpointer      stream,
               GCancellable *cancellable)
{
  g_autoptr (GSource) child = hostile_source_new (stream);

  run_hook (stream);

  return g_pollable_source_new_full (stream, child, cancellable);
}

static void
pollable_input_iface_init (GPollableInputStreamInterface *iface)
{
  iface->can_poll = (gpointer) can_poll;
  iface->is_readable = (gpointer) is_ready_now;
  iface->create_source = (gpointer) create_source;
  iface->read_nonblocking = (gpointer) transfer_nonblocking;
}

static void
gproc_test_output_finalize (GObject *object)
{
  hostile_clear (get_hostile (object));
  G_OBJECT_CLASS (gproc_test_output_parent_class)->finalize (object);
}

static void
gproc_test_output_class_init (GProcTestOutputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gproc_test_output_finalize;
  klass->write_fn = (gpointer) transfer_blocking;
  klass->write_async = (gpointer) transfer_async;
  klass->write_finish = (gpointer) transfer_finish;
  klass->flush = (gpointer) hostile_flush;
  klass->flush_async = (gpointer) hostile_flush_async;
  klass->flush_finish = (gpointer) end_finish;
  klass->close_fn = (gpointer) hostile_close;
  klass->close_async = (gpointer) hostile_close_async;
  klass->close_finish = (gpointer) end_finish;
}

static void
gproc_test_output_init (GProcTestOutput *self)
{
  hostile_init (&self->hostile);
  self->hostile.is_output = TRUE;
}

static void
gproc_test_pollable_output_class_init (GProcTestPollableOutputClass *klass)
{
}

static void
gproc_test_pollable_output_init (GProcTestPollableOutput *self)
{
}

static void
pollable_output_iface_init (GPollableOutputStreamInterface *iface)
{
  iface->can_poll = (gpointer) can_poll;
  iface->is_writable = (gpointer) is_ready_now;
  iface->create_source = (gpointer) create_source;
  iface->write_nonblocking = (gpointer) transfer_nonblocking;
}

static gpointer
hostile_new (GType              plain,
             GType              pollable,
             GProcTestHostility hostility)
{
  gboolean polls = hostility & (GPROC_TEST_HOSTILE_POLLABLE | GPROC_TEST_HOSTILE_CANNOT_POLL);
  gpointer stream = g_object_new (polls ? pollable : plain, NULL);

  get_hostile (stream)->hostility = hostility;
  return stream;
}

GInputStream *
gproc_test_input_new (GBytes             *data,
                      GProcTestHostility  hostility)
{
  gpointer stream = hostile_new (gproc_test_input_get_type (),
                                 gproc_test_pollable_input_get_type (), hostility);

  if (data != NULL)
    gproc_test_input_push (stream, g_bytes_get_data (data, NULL), g_bytes_get_size (data));
  return stream;
}

GOutputStream *
gproc_test_output_new (GProcTestHostility hostility)
{
  return hostile_new (gproc_test_output_get_type (), gproc_test_pollable_output_get_type (),
                      hostility);
}

/* Sets one field of either kind of stream, and wakes what waits for it. */
#define HOSTILE_SET(stream, field, value)  \
  G_STMT_START                             \
  {                                        \
    Hostile *self_ = get_hostile (stream); \
    g_mutex_lock (&self_->lock);           \
    self_->field = (value);                \
    wake_sources (self_);                  \
    g_mutex_unlock (&self_->lock);         \
  }                                        \
  G_STMT_END

void
gproc_test_input_set_chunk (GInputStream *stream,
                            gsize         chunk)
{
  HOSTILE_SET (stream, chunk, chunk);
}

void
gproc_test_input_set_cut (GInputStream *stream)
{
  HOSTILE_SET (stream, cut, self_->bytes->len);
}

void
gproc_test_input_set_error (GInputStream *stream,
                            int           code)
{
  HOSTILE_SET (stream, error_code, code);
}

void
gproc_test_input_set_close_error (GInputStream *stream,
                                  int           code)
{
  HOSTILE_SET (stream, close_code, code);
}

void
gproc_test_input_hold (GInputStream *stream)
{
  HOSTILE_SET (stream, held, TRUE);
}

void
gproc_test_input_push (GInputStream *stream,
                       const char   *data,
                       gssize        size)
{
  Hostile *self = get_hostile (stream);

  g_mutex_lock (&self->lock);
  g_byte_array_append (self->bytes, (const guint8 *) data, size < 0 ? strlen (data) : (gsize) size);
  wake_sources (self);
  g_mutex_unlock (&self->lock);
}

void
gproc_test_input_end (GInputStream *stream)
{
  HOSTILE_SET (stream, held, FALSE);
}

void
gproc_test_input_set_hook (GInputStream *stream,
                           GFunc         func,
                           gpointer      user_data)
{
  Hostile *self = get_hostile (stream);

  g_mutex_lock (&self->lock);
  self->hook = func;
  self->hook_data = user_data;
  g_mutex_unlock (&self->lock);
}

gsize
gproc_test_input_get_position (GInputStream *stream)
{
  Hostile *self = get_hostile (stream);
  gsize position;

  g_mutex_lock (&self->lock);
  position = self->position;
  g_mutex_unlock (&self->lock);
  return position;
}

static GProcTestCounts
get_counts (gpointer stream)
{
  Hostile *self = get_hostile (stream);
  GProcTestCounts counts;

  g_mutex_lock (&self->lock);
  counts = self->counts;
  g_mutex_unlock (&self->lock);
  return counts;
}

GProcTestCounts
gproc_test_input_get_counts (GInputStream *stream)
{
  return get_counts (stream);
}

gboolean
gproc_test_input_is_reading (GInputStream *stream)
{
  Hostile *self = get_hostile (stream);
  gboolean reading;

  g_mutex_lock (&self->lock);
  reading = self->task != NULL;
  g_mutex_unlock (&self->lock);
  return reading;
}

void
gproc_test_output_set_chunk (GOutputStream *stream,
                             gsize          chunk)
{
  HOSTILE_SET (stream, chunk, chunk);
}

void
gproc_test_output_set_error (GOutputStream *stream,
                             gsize          after,
                             int            code)
{
  HOSTILE_SET (stream, error_after, after);
  HOSTILE_SET (stream, error_code, code);
}

void
gproc_test_output_set_flush_error (GOutputStream *stream,
                                   int            code)
{
  HOSTILE_SET (stream, flush_code, code);
}

void
gproc_test_output_set_close_error (GOutputStream *stream,
                                   int            code)
{
  HOSTILE_SET (stream, close_code, code);
}

void
gproc_test_output_hold (GOutputStream *stream,
                        gboolean       hold)
{
  HOSTILE_SET (stream, held, hold);
}

GBytes *
gproc_test_output_get_bytes (GOutputStream *stream)
{
  Hostile *self = get_hostile (stream);
  GBytes *bytes;

  g_mutex_lock (&self->lock);
  bytes = g_bytes_new (self->bytes->data, self->bytes->len);
  g_mutex_unlock (&self->lock);
  return bytes;
}

GProcTestCounts
gproc_test_output_get_counts (GOutputStream *stream)
{
  return get_counts (stream);
}
