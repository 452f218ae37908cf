/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-frames.h"

/* The two readers in two threads, and who writes in a third. */

#define N_FRAMES 4000

typedef struct
{
  GProcReader *reader;
  guint8 first;
  gboolean async;
  gsize total;
} Consumer;

/* The payload of both streams counts on, modulo 251, beginning with 0 and 100. */
static GByteArray *
make_stream (gsize totals[2],
             gsize n_frames)
{
  GByteArray *frames = g_byte_array_new ();
  guint8 next[2] = { 0, 100 };

  for (gsize i = 0; i < n_frames; i++)
    {
      guint side = g_random_boolean () ? 1 : 0;
      guint8 payload[600];
      gsize size = (gsize) g_random_int_range (0, sizeof payload);

      for (gsize j = 0; j < size; j++)
        {
          payload[j] = next[side];
          next[side] = (next[side] + 1) % 251;
        }
      totals[side] += size;
      frames_add (frames, (guint8) side + 1, (const char *) payload, (gssize) size);
    }

  return frames;
}

static GBytes *
consume_some (Consumer     *consumer,
              GMainContext *context,
              gsize         size)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  GBytes *bytes;

  if (consumer->async)
    {
      gproc_reader_read_some_async (consumer->reader, size, 0, NULL, gproc_test_call_done, &call);
      while (!call.done)
        g_main_context_iteration (context, TRUE);
      bytes = gproc_reader_read_some_finish (consumer->reader, call.result, &error);
    }
  else
    {
      bytes = gproc_reader_read_some (consumer->reader, size, NULL, &error);
    }
  g_assert_no_error (error);

  return bytes;
}

static gpointer
consume (gpointer user_data)
{
  Consumer *consumer = user_data;
  GMainContext *context = g_main_context_new ();
  guint8 next = consumer->first;
  gsize size = 1;
  GBytes *bytes;

  g_main_context_push_thread_default (context);
  while ((bytes = consume_some (consumer, context, size)) != NULL)
    {
      const guint8 *data = g_bytes_get_data (bytes, &size);

      for (gsize i = 0; i < size; i++)
        {
          g_assert_cmpuint (data[i], ==, next);
          next = (next + 1) % 251;
        }
      consumer->total += size;
      size = 1 + consumer->total % 5000;
      g_bytes_unref (bytes);
    }
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);

  return NULL;
}

typedef struct
{
  GByteArray *frames;
  GInputStream *base; /* What somebody else wrote; or NULL. */
  int fd;
} Producer;

static gpointer
produce (gpointer user_data)
{
  Producer *producer = user_data;
  const char *data = (const char *) producer->frames->data;

  for (gsize place = 0; producer->base != NULL && place < producer->frames->len; place += 997)
    {
      gproc_test_input_push (producer->base, data + place,
                             MIN (997, (gssize) (producer->frames->len - place)));
      g_thread_yield ();
    }
  if (producer->base != NULL)
    {
      gproc_test_input_end (producer->base);
      return NULL;
    }

  gproc_test_write (producer->fd, producer->frames->data, producer->frames->len);
  gproc_test_close (&producer->fd);

  return NULL;
}

typedef enum
{
  ASYNC_OUT = 1 << 0,
  ASYNC_ERR = 1 << 1,
  PLAIN_BASE = 1 << 2,
  GROWS = 1 << 3,
  FOREIGN_BASE = 1 << 4
} Form;

static GInputStream *
make_base (int  fd,
           Form form)
{
  g_autoptr (GInputStream) pipe = G_INPUT_STREAM (gproc_reader_new_for_fd (fd, TRUE));

  /* GIO's buffered stream is not pollable. */
  if ((form & PLAIN_BASE) != 0)
    return g_buffered_input_stream_new (pipe);

  return g_steal_pointer (&pipe);
}

static void
run_threads (Form  form,
             gsize n_frames)
{
  gsize totals[2] = { 0, 0 };
  g_autoptr (GByteArray) frames = make_stream (totals, n_frames);
  g_autoptr (GInputStream) base = NULL;
  g_autoptr (GProcDemuxer) demuxer = NULL;
  Producer producer = { .frames = frames };
  Consumer consumers[2];
  GThread *threads[3];
  int fds[2];

  if ((form & FOREIGN_BASE) != 0)
    {
      base = gproc_test_track (gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE |
                                                             GPROC_TEST_HOSTILE_SLOW |
                                                             GPROC_TEST_HOSTILE_SPURIOUS));
      gproc_test_input_hold (base);
      producer.base = base;
    }
  else
    {
      gproc_test_pipe (fds);
      producer.fd = fds[1];
      base = gproc_test_track (make_base (fds[0], form));
    }
  demuxer = gproc_test_track (gproc_demuxer_new (base));
  gproc_demuxer_set_buffer_size (demuxer, 3000);
  if ((form & GROWS) != 0)
    gproc_demuxer_set_policy (demuxer, GPROC_DEMUXER_POLICY_GROW);
  consumers[0] = (Consumer){ gproc_demuxer_get_stdout (demuxer), 0, (form & ASYNC_OUT) != 0, 0 };
  consumers[1] = (Consumer){ gproc_demuxer_get_stderr (demuxer), 100, (form & ASYNC_ERR) != 0, 0 };

  threads[0] = g_thread_new ("out", consume, &consumers[0]);
  threads[1] = g_thread_new ("err", consume, &consumers[1]);
  threads[2] = g_thread_new ("producer", produce, &producer);
  for (guint i = 0; i < 3; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (consumers[0].total, ==, totals[0]);
  g_assert_cmpuint (consumers[1].total, ==, totals[1]);
}

static void
test_threads (gconstpointer data)
{
  run_threads (GPOINTER_TO_INT (data), gproc_test_scale (N_FRAMES));
}

/* One side is read while the other one finds out that it has no place, and the stream ends. */
static void
test_ends (gconstpointer data)
{
  gsize n_rounds = gproc_test_scale (3000);

  for (gsize i = 0; i < n_rounds; i++)
    run_threads (GPOINTER_TO_INT (data), 40);
}

static gpointer
count_bytes (gpointer user_data)
{
  Consumer *consumer = user_data;
  GBytes *bytes;

  while ((bytes = consume_some (consumer, NULL, 700)) != NULL)
    {
      consumer->total += g_bytes_get_size (bytes);
      g_bytes_unref (bytes);
    }

  return NULL;
}

typedef struct
{
  GProcDemuxer *demuxer;
  gsize total;
} Framer;

static gpointer
count_frames (gpointer user_data)
{
  Framer *framer = user_data;
  g_autoptr (GError) error = NULL;
  GBytes *bytes;

  while (gproc_demuxer_read_frame (framer->demuxer, &bytes, NULL, &error) > 0)
    {
      framer->total += g_bytes_get_size (bytes);
      g_bytes_unref (bytes);
    }
  g_assert_no_error (error);

  return NULL;
}

/* Three take what comes, each some of it: no byte is lost, none comes twice, and each is
 * told of the end. */
static void
test_three (gconstpointer data)
{
  Form form = GPOINTER_TO_INT (data);
  gsize totals[2] = { 0, 0 };
  g_autoptr (GByteArray) frames = make_stream (totals, gproc_test_scale (N_FRAMES));
  g_autoptr (GInputStream) base = NULL;
  g_autoptr (GProcDemuxer) demuxer = NULL;
  Producer producer = { .frames = frames };
  Consumer consumers[2] = { 0 };
  Framer framer = { 0 };
  GThread *threads[4];
  int fds[2];

  if ((form & FOREIGN_BASE) != 0)
    {
      base = gproc_test_track (
        gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE | GPROC_TEST_HOSTILE_SLOW));
      gproc_test_input_hold (base);
      producer.base = base;
    }
  else
    {
      gproc_test_pipe (fds);
      producer.fd = fds[1];
      base = gproc_test_track (make_base (fds[0], form));
    }
  demuxer = gproc_test_track (gproc_demuxer_new (base));
  gproc_demuxer_set_buffer_size (demuxer, 1000);
  framer.demuxer = demuxer;
  consumers[0].reader = gproc_demuxer_get_stdout (demuxer);
  consumers[1].reader = gproc_demuxer_get_stderr (demuxer);
  threads[0] = g_thread_new ("out", count_bytes, &consumers[0]);
  threads[1] = g_thread_new ("err", count_bytes, &consumers[1]);
  threads[2] = g_thread_new ("frames", count_frames, &framer);
  threads[3] = g_thread_new ("producer", produce, &producer);
  for (guint i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (consumers[0].total + consumers[1].total + framer.total, ==,
                    totals[0] + totals[1]);
}

/* A reader that waits in one thread is told of a close in another, in every form. */
static gpointer
read_until_closed (gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gproc_reader_read_some (user_data, 10, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);

  return NULL;
}

static void
test_close (void)
{
  gsize n_rounds = gproc_test_scale (200);

  for (gsize i = 0; i < n_rounds; i++)
    {
      g_autoptr (GInputStream) base = NULL;
      g_autoptr (GProcDemuxer) demuxer = NULL;
      GThread *thread;
      int fds[2];

      gproc_test_pipe (fds);
      base = gproc_test_track (make_base (fds[0], 0));
      demuxer = gproc_test_track (gproc_demuxer_new (base));
      thread = g_thread_new ("reader", read_until_closed, gproc_demuxer_get_stdout (demuxer));
      g_assert_true (gproc_demuxer_close (demuxer, NULL, NULL));
      g_thread_join (thread);
      gproc_test_close (&fds[1]);
    }
}

typedef struct
{
  GProcReader *reader;
  GCancellable *cancellable;
  GBytes *bytes;
  GError *error;
} Blocked;

static gpointer
read_blocked (gpointer user_data)
{
  Blocked *blocked = user_data;

  blocked->bytes = gproc_reader_read_some (blocked->reader, 10, blocked->cancellable,
                                           &blocked->error);

  return NULL;
}

/* Who waits for another thread to read the base stream can be cancelled, and that one goes on. */
static void
test_cancel_plain (void)
{
  g_autoptr (GInputStream)
    base = gproc_test_track (gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_NONE));
  g_autoptr (GProcDemuxer) demuxer = gproc_test_track (gproc_demuxer_new (base));
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Blocked out = { gproc_demuxer_get_stdout (demuxer), NULL, NULL, NULL };
  Blocked err = { gproc_demuxer_get_stderr (demuxer), cancellable, NULL, NULL };
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) rest = NULL;
  GThread *threads[2];

  gproc_test_input_hold (base);
  threads[0] = g_thread_new ("out", read_blocked, &out);
  gproc_test_wait_for (gproc_test_input_get_counts (base).n_blocking > 0);
  threads[1] = g_thread_new ("err", read_blocked, &err);
  g_cancellable_cancel (cancellable);
  g_thread_join (threads[1]);
  g_assert_null (err.bytes);
  gproc_test_assert_error (err.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  frames_add (frames, 2, "err", -1);
  frames_add (frames, 1, "out", -1);
  gproc_test_input_push (base, (const char *) frames->data, frames->len);
  g_thread_join (threads[0]);
  g_assert_no_error (out.error);
  gproc_test_assert_bytes (out.bytes, "out");
  g_bytes_unref (out.bytes);
  rest = gproc_reader_read_some (err.reader, 10, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (rest, "err");
}

/* The one that reads the base stream for both is cancelled: the other one goes on with that. */
static void
test_cancel_driver (gconstpointer data)
{
  GProcTestHostility hostility = GPOINTER_TO_INT (data);
  g_autoptr (GInputStream) base = gproc_test_track (gproc_test_input_new (NULL, hostility));
  g_autoptr (GProcDemuxer) demuxer = gproc_test_track (gproc_demuxer_new (base));
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Blocked out = { gproc_demuxer_get_stdout (demuxer), cancellable, NULL, NULL };
  Blocked err = { gproc_demuxer_get_stderr (demuxer), NULL, NULL, NULL };
  gboolean plain = hostility == GPROC_TEST_HOSTILE_NONE;
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) rest = NULL;
  GThread *threads[2];

  gproc_test_input_hold (base);
  threads[0] = g_thread_new ("out", read_blocked, &out);
  gproc_test_wait_for (gproc_test_input_get_counts (base).n_blocking > 0 ||
                       gproc_test_input_get_counts (base).n_nonblocking > 0);
  threads[1] = g_thread_new ("err", read_blocked, &err);
  gproc_test_run_for (20);
  g_cancellable_cancel (cancellable);
  g_thread_join (threads[0]);
  g_assert_null (out.bytes);
  gproc_test_assert_error (out.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  if (plain)
    gproc_test_wait_for (gproc_test_input_get_counts (base).n_blocking > 1);
  frames_add (frames, 1, "out", -1);
  frames_add (frames, 2, "err", -1);
  gproc_test_input_push (base, (const char *) frames->data, frames->len);
  g_thread_join (threads[1]);
  g_assert_no_error (err.error);
  gproc_test_assert_bytes (err.bytes, "err");
  g_bytes_unref (err.bytes);
  rest = gproc_reader_read_some (out.reader, 10, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (rest, "out");
}

/* One that blocks because the other side is full goes on when that is read, or closed. */
static void
test_blocked_by_other (gconstpointer data)
{
  GProcTestHostility hostility = GPOINTER_TO_INT (data);

  for (int closes = 0; closes < 2; closes++)
    {
      g_autoptr (GInputStream) base = gproc_test_track (gproc_test_input_new (NULL, hostility));
      g_autoptr (GProcDemuxer) demuxer = gproc_test_track (gproc_demuxer_new (base));
      Blocked out = { gproc_demuxer_get_stdout (demuxer), NULL, NULL, NULL };
      GProcReader *err = gproc_demuxer_get_stderr (demuxer);
      g_autoptr (GByteArray) frames = g_byte_array_new ();
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (GError) error = NULL;
      GThread *thread;

      gproc_test_input_hold (base);
      gproc_demuxer_set_buffer_size (demuxer, 3);
      frames_add (frames, 2, "full", -1);
      frames_add (frames, 1, "out", -1);
      gproc_test_input_push (base, (const char *) frames->data, frames->len);
      thread = g_thread_new ("out", read_blocked, &out);
      gproc_test_wait_for (gproc_test_input_get_position (base) == frames->len);
      gproc_test_run_for (20);
      if (closes)
        g_assert_true (g_input_stream_close (G_INPUT_STREAM (err), NULL, &error));
      else
        bytes = gproc_reader_read_exactly (err, 4, NULL, &error);
      g_assert_no_error (error);
      if (!closes)
        gproc_test_assert_bytes (bytes, "full");
      g_thread_join (thread);
      g_assert_no_error (out.error);
      gproc_test_assert_bytes (out.bytes, "out");
      g_bytes_unref (out.bytes);
    }
}

static gpointer
read_frame_blocked (gpointer user_data)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (gproc_demuxer_read_frame (user_data, &bytes, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);

  return NULL;
}

/* A base stream that is read by a blocking call when both sides are closed is closed after that. */
static void
test_close_plain (void)
{
  g_autoptr (GInputStream)
    base = gproc_test_track (gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_NONE));
  g_autoptr (GProcDemuxer) demuxer = gproc_test_track (gproc_demuxer_new (base));
  g_autoptr (GError) error = NULL;
  GThread *thread;

  gproc_test_input_hold (base);
  thread = g_thread_new ("frames", read_frame_blocked, demuxer);
  gproc_test_wait_for (gproc_test_input_get_counts (base).n_blocking > 0);
  g_assert_true (gproc_demuxer_close (demuxer, NULL, &error));
  g_assert_no_error (error);
  gproc_test_input_push (base, "late", -1);
  g_thread_join (thread);
  g_assert_true (g_input_stream_is_closed (base));
}

typedef struct
{
  gboolean done;
  GError *error;
} LateCancel;

static void
cancel_and_finish (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  LateCancel *late = user_data;

  g_cancellable_cancel (g_task_get_cancellable (G_TASK (result)));
  g_input_stream_read_finish (G_INPUT_STREAM (source), result, &late->error);
  late->done = TRUE;
}

/* Bytes that were taken are given, even if the cancellable was cancelled since. */
static void
test_cancel_late (void)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  g_autoptr (GInputStream) base = NULL;
  g_autoptr (GProcDemuxer) demuxer = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GInputStream *out;
  LateCancel late = { FALSE, NULL };
  char buffer[4];
  int fds[2];

  frames_add (frames, 1, "1234", -1);
  gproc_test_pipe (fds);
  base = gproc_test_track (make_base (fds[0], 0));
  demuxer = gproc_test_track (gproc_demuxer_new (base));
  g_assert_cmpint (write (fds[1], frames->data, frames->len), ==, (gssize) frames->len);
  out = gproc_reader_get_base_stream (gproc_demuxer_get_stdout (demuxer));
  g_input_stream_read_async (out, buffer, sizeof buffer, 0, cancellable, cancel_and_finish, &late);
  gproc_test_wait_for (late.done);
  g_assert_no_error (late.error);
  g_assert_cmpmem (buffer, sizeof buffer, "1234", 4);
  g_assert_true (gproc_demuxer_close (demuxer, NULL, NULL));
  gproc_test_close (&fds[1]);
}

/* What "another thread" does while a context polls, and whether the poll was woken. */
static struct
{
  int form;
  int fd;
  GProcDemuxer *demuxer;
  int woken;
} meanwhile;

static int
poll_meanwhile (GPollFD *fds,
                guint    n_fds,
                int      timeout)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  GInputStream *out = gproc_reader_get_base_stream (gproc_demuxer_get_stdout (meanwhile.demuxer));
  GPollableInputStream *pollable = G_POLLABLE_INPUT_STREAM (out);
  char buffer[2];

  if (timeout == 0 || meanwhile.woken >= 0)
    return g_poll (fds, n_fds, 0);

  frames_add (frames, 1, "1234", -1);
  frames_add (frames, 2, "e", -1);
  if (meanwhile.form == 1)
    g_byte_array_set_size (frames, 10);
  else if (meanwhile.form == 2)
    g_byte_array_set_size (frames, 12);
  g_assert_cmpint (write (meanwhile.fd, frames->data, frames->len), ==, (gssize) frames->len);

  if (meanwhile.form == 0)
    g_assert_cmpint (g_pollable_input_stream_read_nonblocking (pollable, buffer, sizeof buffer,
                                                               NULL, NULL),
                     ==, 2);
  else if (meanwhile.form == 1)
    g_assert_cmpint (gproc_demuxer_try_read_frame (meanwhile.demuxer, NULL, NULL), ==, -1);
  else
    g_assert_true (g_pollable_input_stream_is_readable (pollable));

  return meanwhile.woken = g_poll (fds, n_fds, 0);
}

/* Who polls is woken when another consumer has taken from the base stream what is for it:
 * standard error behind a part of standard output, a reader by half a frame, a frame by a probe. */
static void
test_wakes (gconstpointer form)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GInputStream) base = NULL;
  g_autoptr (GSource) source = NULL;
  GProcReader *reader;
  GProcTestCall call = GPROC_TEST_CALL_INIT;
  int fds[2];

  gproc_test_pipe (fds);
  base = gproc_test_track (make_base (fds[0], 0));
  meanwhile.form = GPOINTER_TO_INT (form);
  meanwhile.fd = fds[1];
  meanwhile.demuxer = gproc_test_track (gproc_demuxer_new (base));
  meanwhile.woken = -1;
  g_main_context_set_poll_func (context, poll_meanwhile);
  g_main_context_push_thread_default (context);
  reader = meanwhile.form == 0 ? gproc_demuxer_get_stderr (meanwhile.demuxer)
                               : gproc_demuxer_get_stdout (meanwhile.demuxer);
  if (meanwhile.form == 2)
    {
      gproc_demuxer_read_frame_async (meanwhile.demuxer, 0, NULL, gproc_test_call_done, &call);
    }
  else
    {
      GInputStream *stream = gproc_reader_get_base_stream (reader);

      source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (stream), NULL);
      g_source_set_dummy_callback (source);
      g_source_attach (source, context);
    }

  /* No wake-up is left from setting up. */
  while (g_main_context_iteration (context, FALSE))
    continue;
  while (meanwhile.woken < 0)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpint (meanwhile.woken, >, 0);

  while (meanwhile.form == 2 && !call.done)
    g_main_context_iteration (context, TRUE);
  gproc_test_call_clear (&call);
  if (source != NULL)
    g_source_destroy (source);
  g_main_context_pop_thread_default (context);
  g_assert_true (gproc_demuxer_close (meanwhile.demuxer, NULL, NULL));
  g_clear_object (&meanwhile.demuxer);
  gproc_test_close (&fds[1]);
}

int
main (int   argc,
      char *argv[])
{
  static const struct
  {
    const char *path;
    int form;
  } forms[] = {
    { "/gproc/demuxer-threads/blocking", 0 },
    { "/gproc/demuxer-threads/blocking-async", ASYNC_ERR },
    { "/gproc/demuxer-threads/async", ASYNC_OUT | ASYNC_ERR },
    { "/gproc/demuxer-threads/grow", ASYNC_OUT | GROWS },
    { "/gproc/demuxer-threads/foreign-blocking", FOREIGN_BASE },
    { "/gproc/demuxer-threads/foreign-blocking-async", FOREIGN_BASE | ASYNC_OUT },
    { "/gproc/demuxer-threads/foreign-async", FOREIGN_BASE | ASYNC_OUT | ASYNC_ERR },
    { "/gproc/demuxer-threads/foreign-grow", FOREIGN_BASE | ASYNC_OUT | ASYNC_ERR | GROWS },
    { "/gproc/demuxer-threads/plain-blocking", PLAIN_BASE },
    { "/gproc/demuxer-threads/plain-blocking-async", PLAIN_BASE | ASYNC_OUT },
    { "/gproc/demuxer-threads/plain-async", PLAIN_BASE | ASYNC_OUT | ASYNC_ERR },
  };

  gconstpointer pollable = GINT_TO_POINTER (GPROC_TEST_HOSTILE_POLLABLE);
  gconstpointer plain = GINT_TO_POINTER (GPROC_TEST_HOSTILE_NONE);

  gproc_test_init (&argc, &argv);
  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++)
    gproc_test_add_data (forms[i].path, GINT_TO_POINTER (forms[i].form), test_threads);
  gproc_test_add_data ("/gproc/demuxer-threads/ends", GINT_TO_POINTER (ASYNC_OUT | ASYNC_ERR),
                       test_ends);
  gproc_test_add_data ("/gproc/demuxer-threads/ends-plain",
                       GINT_TO_POINTER (ASYNC_OUT | ASYNC_ERR | PLAIN_BASE), test_ends);
  gproc_test_add_data ("/gproc/demuxer-threads/three", GINT_TO_POINTER (0), test_three);
  gproc_test_add_data ("/gproc/demuxer-threads/three-foreign", GINT_TO_POINTER (FOREIGN_BASE),
                       test_three);
  gproc_test_add_data ("/gproc/demuxer-threads/three-plain", GINT_TO_POINTER (PLAIN_BASE),
                       test_three);
  gproc_test_add ("/gproc/demuxer-threads/close", test_close);
  gproc_test_add ("/gproc/demuxer-threads/cancel-plain", test_cancel_plain);
  gproc_test_add_data ("/gproc/demuxer-threads/cancel-driver", pollable, test_cancel_driver);
  gproc_test_add_data ("/gproc/demuxer-threads/cancel-driver-plain", plain, test_cancel_driver);
  gproc_test_add_data ("/gproc/demuxer-threads/blocked", pollable, test_blocked_by_other);
  gproc_test_add_data ("/gproc/demuxer-threads/blocked-plain", plain, test_blocked_by_other);
  gproc_test_add ("/gproc/demuxer-threads/cancel-late", test_cancel_late);
  gproc_test_add ("/gproc/demuxer-threads/close-plain", test_close_plain);
  gproc_test_add_data ("/gproc/demuxer-threads/wakes-side", GINT_TO_POINTER (0), test_wakes);
  gproc_test_add_data ("/gproc/demuxer-threads/wakes-piece", GINT_TO_POINTER (1), test_wakes);
  gproc_test_add_data ("/gproc/demuxer-threads/wakes-frame", GINT_TO_POINTER (2), test_wakes);
  return gproc_test_run ();
}
