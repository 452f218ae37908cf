/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-stream-internal-private.h"

#include <glib/gi18n-lib.h>

/**
 * GProcStream:
 *
 * `GProcStream` is a process as a [class@Gio.IOStream]: what is written to it goes
 * to the standard input of the process, what is read from it is its standard output.
 *
 * [method@GProc.Stream.get_stdin] is a [class@GProc.Writer] with a write queue,
 * [method@GProc.Stream.get_stdout] and [method@GProc.Stream.get_stderr] are
 * [class@GProc.Reader]s for lines, blocks and exact lengths.
 *
 * ```c
 * g_autoptr (GProcStream) git = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, &error,
 *                                                 "git", "cat-file", "--batch", NULL);
 *
 * gproc_writer_queue (gproc_stream_get_stdin (git), "HEAD\n", -1, &error);
 * g_autofree char *header =
 *   gproc_reader_read_line_utf8 (gproc_stream_get_stdout (git), NULL, &error);
 * ```
 *
 * A stream can also stand for a process that something else started, or for
 * descriptors, a socket, or anything that is a [class@Gio.IOStream] without a
 * process. What depends on the process gives %G_IO_ERROR_NOT_SUPPORTED there.
 *
 * ## Threads and contexts
 *
 * A stream belongs to the thread-default main context at its construction: that one
 * drives the write queue and emits the signals. An asynchronous call completes in the
 * thread-default context of its caller. Each half may be used in one thread at a time;
 * [method@GProc.Stream.try_wait], [method@GProc.Stream.wait], the signals to the
 * process and what is known of its end can be used in any.
 *
 * ## Closing
 *
 * [method@Gio.IOStream.close] writes what is queued, closes the pipes and leaves the
 * process alone, unless [property@GProc.Stream:stop-on-close] is set. Operations that
 * are pending on the halves complete with %G_IO_ERROR_CLOSED. Output that was not read
 * is dropped. Closing the other side of a terminal has the kernel send `SIGHUP` to the process
 * that leads its session, and to the group in the foreground: that ends most programs.
 * [method@GProc.Stream.abort] ends everything at once. The library reaps
 * the process, whatever becomes of the stream.
 *
 * Since: 1.0
 */

enum
{
  SIGNAL_EXITED,
  SIGNAL_OUTPUT_ENDED,
  SIGNAL_PIPES_HELD,
  N_SIGNALS
};

enum
{
  PROP_STDIN = 1,
  PROP_STDOUT,
  PROP_STDERR,
  PROP_BACKEND,
  PROP_PID,
  PROP_IDENTIFIER,
  PROP_COMMAND,
  PROP_RUNNING,
  PROP_RETURNCODE,
  PROP_SHELL_STATUS,
  PROP_TIMED_OUT,
  PROP_IS_PTY,
  PROP_STOP_ON_CLOSE,
  PROP_POST_EXIT_GRACE,
  PROP_OUTPUT_LIMIT,
  N_PROPS
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (GProcStream, gproc_stream, G_TYPE_IO_STREAM)

static void
free_halves (GProcStreamHalf *halves,
             guint            n_halves)
{
  for (guint i = 0; i < n_halves; i++)
    {
      g_clear_object (&halves[i].reader);
      g_clear_object (&halves[i].writer);
    }
  g_free (halves);
}

static void
gproc_stream_dispose (GObject *object)
{
  GProcStream *self = GPROC_STREAM (object);
  GProcStreamHalf *halves;
  guint n_halves;

  /* GIO closes a stream that is disposed. Nothing is left to be closed by then: the
   * halves go on by themselves, those that someone has as well as the write queues. */
  _gproc_stream_let_go (self);
  _gproc_stream_events_stop (self);
  halves = g_steal_pointer (&self->halves);
  n_halves = self->n_halves;
  self->n_halves = 0;
  free_halves (halves, n_halves);
  g_clear_pointer (&self->queue, _gproc_write_queue_unref);
  g_clear_object (&self->base);
  g_clear_pointer (&self->terminal, _gproc_descriptor_unref);

  G_OBJECT_CLASS (gproc_stream_parent_class)->dispose (object);

  g_clear_object (&self->no_stdout);
  g_clear_object (&self->no_stdin);
  self->child = NULL;
  g_clear_object (&self->backend);
}

static void
gproc_stream_finalize (GObject *object)
{
  GProcStream *self = GPROC_STREAM (object);

  _gproc_stream_set_resize_tap (self, NULL, NULL, NULL);
  g_free (self->command);

  G_OBJECT_CLASS (gproc_stream_parent_class)->finalize (object);
}

/* Two threads that ask at once both get the one that was made first. @made is taken. */
static gpointer
store_once (gpointer *stored,
            gpointer  made)
{
  if (!g_atomic_pointer_compare_and_exchange (stored, NULL, made))
    g_object_unref (made);

  return g_atomic_pointer_get (stored);
}

static GInputStream *
gproc_stream_get_input_stream (GIOStream *stream)
{
  GProcStream *self = GPROC_STREAM (stream);
  GProcReader *reader = gproc_stream_get_stdout (self);

  if (reader == NULL)
    reader = g_atomic_pointer_get (&self->no_stdout);
  if (reader == NULL)
    reader = store_once ((gpointer *) &self->no_stdout, _gproc_reader_new_closed ());

  return G_INPUT_STREAM (reader);
}

static GOutputStream *
gproc_stream_get_output_stream (GIOStream *stream)
{
  GProcStream *self = GPROC_STREAM (stream);
  GProcWriter *writer = gproc_stream_get_stdin (self);

  if (writer == NULL)
    writer = g_atomic_pointer_get (&self->no_stdin);
  if (writer == NULL)
    writer = store_once ((gpointer *) &self->no_stdin, _gproc_writer_new_closed ());

  return G_OUTPUT_STREAM (writer);
}

static void
gproc_stream_get_property (GObject    *object,
                           guint       prop_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  GProcStream *self = GPROC_STREAM (object);

  switch (prop_id)
    {
    case PROP_STDIN:
      g_value_set_object (value, gproc_stream_get_stdin (self));
      break;
    case PROP_STDOUT:
      g_value_set_object (value, gproc_stream_get_stdout (self));
      break;
    case PROP_STDERR:
      g_value_set_object (value, gproc_stream_get_stderr (self));
      break;
    case PROP_BACKEND:
      g_value_set_object (value, self->backend);
      break;
    case PROP_PID:
      g_value_set_int (value, gproc_stream_get_pid (self));
      break;
    case PROP_IDENTIFIER:
      g_value_set_string (value, gproc_stream_get_identifier (self));
      break;
    case PROP_COMMAND:
      g_value_set_string (value, self->command);
      break;
    case PROP_RUNNING:
      g_value_set_boolean (value, gproc_stream_get_running (self));
      break;
    case PROP_RETURNCODE:
      g_value_set_int (value, gproc_stream_get_returncode (self));
      break;
    case PROP_SHELL_STATUS:
      g_value_set_int (value, gproc_stream_get_shell_status (self));
      break;
    case PROP_TIMED_OUT:
      g_value_set_boolean (value, gproc_stream_get_timed_out (self));
      break;
    case PROP_IS_PTY:
      g_value_set_boolean (value, gproc_stream_get_is_pty (self));
      break;
    case PROP_STOP_ON_CLOSE:
      g_value_set_boolean (value, gproc_stream_get_stop_on_close (self));
      break;
    case PROP_POST_EXIT_GRACE:
      g_value_set_int (value, gproc_stream_get_post_exit_grace (self));
      break;
    case PROP_OUTPUT_LIMIT:
      g_value_set_uint64 (value, gproc_stream_get_output_limit (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
    }
}

static void
gproc_stream_set_property (GObject      *object,
                           guint         prop_id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  GProcStream *self = GPROC_STREAM (object);

  switch (prop_id)
    {
    case PROP_STOP_ON_CLOSE:
      gproc_stream_set_stop_on_close (self, g_value_get_boolean (value));
      break;
    case PROP_POST_EXIT_GRACE:
      gproc_stream_set_post_exit_grace (self, g_value_get_int (value));
      break;
    case PROP_OUTPUT_LIMIT:
      gproc_stream_set_output_limit (self, g_value_get_uint64 (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
    }
}

static void
install_half_properties (void)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * GProcStream:stdin: (getter get_stdin)
   *
   * The standard input of the process, %NULL if it is not a pipe of this stream.
   *
   * Since: 1.0
   */
  props[PROP_STDIN] = g_param_spec_object ("stdin", NULL, NULL, GPROC_TYPE_WRITER, flags);

  /**
   * GProcStream:stdout: (getter get_stdout)
   *
   * The standard output of the process, %NULL if it is not a pipe of this stream.
   *
   * Since: 1.0
   */
  props[PROP_STDOUT] = g_param_spec_object ("stdout", NULL, NULL, GPROC_TYPE_READER, flags);

  /**
   * GProcStream:stderr: (getter get_stderr)
   *
   * The standard error of the process, %NULL if it is not a pipe of this stream.
   *
   * Since: 1.0
   */
  props[PROP_STDERR] = g_param_spec_object ("stderr", NULL, NULL, GPROC_TYPE_READER, flags);
}

static void
install_process_properties (void)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * GProcStream:backend: (getter get_backend)
   *
   * What the process is of, %NULL if there is no process.
   *
   * Since: 1.0
   */
  props[PROP_BACKEND] = g_param_spec_object ("backend", NULL, NULL, GPROC_TYPE_BACKEND, flags);

  /**
   * GProcStream:pid: (getter get_pid)
   *
   * The process id, 0 if there is none on this system.
   *
   * Since: 1.0
   */
  props[PROP_PID] = g_param_spec_int ("pid", NULL, NULL, 0, G_MAXINT, 0, flags);

  /**
   * GProcStream:identifier: (getter get_identifier)
   *
   * The name of the process: its process id, or what its backend calls it.
   *
   * Since: 1.0
   */
  props[PROP_IDENTIFIER] = g_param_spec_string ("identifier", NULL, NULL, NULL, flags);

  /**
   * GProcStream:command: (getter get_command)
   *
   * The name of the program as it was given, %NULL if it is not known.
   *
   * Since: 1.0
   */
  props[PROP_COMMAND] = g_param_spec_string ("command", NULL, NULL, NULL, flags);

  /**
   * GProcStream:running: (getter get_running)
   *
   * Whether there is a process that is not over. The value is right at any time; the
   * notification comes with [signal@GProc.Stream::exited].
   *
   * Since: 1.0
   */
  props[PROP_RUNNING] = g_param_spec_boolean ("running", NULL, NULL, FALSE, flags);

  /**
   * GProcStream:returncode: (getter get_returncode)
   *
   * The exit status, or −N where signal N ended the process;
   * [const@GProc.RETURNCODE_NONE] while it runs, where nobody can know how it ended,
   * and without a process. The value is right at any time; the notification comes with
   * [signal@GProc.Stream::exited].
   *
   * Since: 1.0
   */
  props[PROP_RETURNCODE] = g_param_spec_int ("returncode", NULL, NULL, G_MININT, G_MAXINT,
                                             GPROC_RETURNCODE_NONE, flags);

  /**
   * GProcStream:shell-status: (getter get_shell_status)
   *
   * The exit status, or 128 + N where signal N ended the process;
   * [const@GProc.RETURNCODE_NONE] where there is no returncode.
   *
   * Since: 1.0
   */
  props[PROP_SHELL_STATUS] = g_param_spec_int ("shell-status", NULL, NULL, G_MININT, G_MAXINT,
                                               GPROC_RETURNCODE_NONE, flags);

  /**
   * GProcStream:timed-out: (getter get_timed_out)
   *
   * Whether the process was stopped because [property@GProc.Launcher:timeout] was over.
   *
   * Since: 1.0
   */
  props[PROP_TIMED_OUT] = g_param_spec_boolean ("timed-out", NULL, NULL, FALSE, flags);

  /**
   * GProcStream:is-pty: (getter get_is_pty)
   *
   * Whether the stream is the other side of a terminal.
   *
   * Since: 1.0
   */
  props[PROP_IS_PTY] = g_param_spec_boolean ("is-pty", NULL, NULL, FALSE, flags);
}

static void
install_setting_properties (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * GProcStream:stop-on-close: (getter get_stop_on_close) (setter set_stop_on_close)
   *
   * Whether closing the stream, or letting go of it, stops the process: by `SIGTERM`,
   * and `SIGKILL` once [property@GProc.Launcher:stop-grace] is over.
   *
   * Since: 1.0
   */
  props[PROP_STOP_ON_CLOSE] = g_param_spec_boolean ("stop-on-close", NULL, NULL, FALSE, flags);

  /**
   * GProcStream:post-exit-grace: (getter get_post_exit_grace) (setter set_post_exit_grace)
   *
   * How long, in milliseconds, the outputs are waited for after the process is over,
   * where another process holds their pipes. −1 waits for ever.
   *
   * Since: 1.0
   */
  props[PROP_POST_EXIT_GRACE] = g_param_spec_int ("post-exit-grace", NULL, NULL, -1, G_MAXINT,
                                                  GPROC_DEFAULT_POST_EXIT_GRACE, flags);

  /**
   * GProcStream:output-limit: (getter get_output_limit) (setter set_output_limit)
   *
   * How many bytes of each output [method@GProc.Stream.communicate] collects at the
   * most.
   *
   * Since: 1.0
   */
  props[PROP_OUTPUT_LIMIT] = g_param_spec_uint64 ("output-limit", NULL, NULL, 0, G_MAXSIZE,
                                                  GPROC_DEFAULT_OUTPUT_LIMIT, flags);
}

static void
install_signals (GType type)
{
  /**
   * GProcStream::exited:
   * @self: the stream
   * @returncode: the exit status, or −N where signal N ended the process, or
   *   [const@GProc.RETURNCODE_NONE] where nobody can know
   *
   * The process is over. What it wrote can still be read to the end.
   *
   * Emitted once, in the context that the stream was made in.
   *
   * Since: 1.0
   */
  signals[SIGNAL_EXITED] = g_signal_new ("exited", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, G_TYPE_INT);

  /**
   * GProcStream::output-ended:
   * @self: the stream
   *
   * All outputs of the process that are pipes of this stream were read to their ends,
   * or closed.
   *
   * Emitted once, in the context that the stream was made in; never if there is no such
   * output.
   *
   * Since: 1.0
   */
  signals[SIGNAL_OUTPUT_ENDED] = g_signal_new ("output-ended", type, G_SIGNAL_RUN_LAST, 0, NULL,
                                               NULL, NULL, G_TYPE_NONE, 0);

  /**
   * GProcStream::pipes-held:
   * @self: the stream
   *
   * The process has been over for [property@GProc.Stream:post-exit-grace], and another
   * process still holds one of its outputs open.
   *
   * Emitted at most once, in the context that the stream was made in.
   *
   * Since: 1.0
   */
  signals[SIGNAL_PIPES_HELD] = g_signal_new ("pipes-held", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                             NULL, G_TYPE_NONE, 0);
}

static void
gproc_stream_class_init (GProcStreamClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  object_class->dispose = gproc_stream_dispose;
  object_class->finalize = gproc_stream_finalize;
  object_class->get_property = gproc_stream_get_property;
  object_class->set_property = gproc_stream_set_property;

  stream_class->get_input_stream = gproc_stream_get_input_stream;
  stream_class->get_output_stream = gproc_stream_get_output_stream;
  stream_class->close_fn = _gproc_stream_close;
  stream_class->close_async = _gproc_stream_close_async;
  stream_class->close_finish = _gproc_stream_close_finish;

  install_half_properties ();
  install_process_properties ();
  install_setting_properties ();
  g_object_class_install_properties (object_class, N_PROPS, props);
  install_signals (G_OBJECT_CLASS_TYPE (klass));
}

static void
gproc_stream_init (GProcStream *self)
{
  self->returncode = GPROC_RETURNCODE_NONE;
  self->post_exit_grace = GPROC_DEFAULT_POST_EXIT_GRACE;
  self->stop_grace = GPROC_DEFAULT_STOP_GRACE;
  self->output_limit = GPROC_DEFAULT_OUTPUT_LIMIT;
}

void
_gproc_stream_notify_ended (GProcStream *self)
{
  GObject *object = G_OBJECT (self);

  g_object_freeze_notify (object);
  g_object_notify_by_pspec (object, props[PROP_RUNNING]);
  g_object_notify_by_pspec (object, props[PROP_RETURNCODE]);
  g_object_notify_by_pspec (object, props[PROP_SHELL_STATUS]);
  if (gproc_stream_get_timed_out (self))
    g_object_notify_by_pspec (object, props[PROP_TIMED_OUT]);
  g_object_thaw_notify (object);

  g_signal_emit (self, signals[SIGNAL_EXITED], 0, gproc_stream_get_returncode (self));
}

void
_gproc_stream_notify_output_ended (GProcStream *self)
{
  g_signal_emit (self, signals[SIGNAL_OUTPUT_ENDED], 0);
}

void
_gproc_stream_notify_pipes_held (GProcStream *self)
{
  g_signal_emit (self, signals[SIGNAL_PIPES_HELD], 0);
}

/**
 * gproc_stream_get_backend:
 * @self: a stream
 *
 * Gets what the process is of.
 *
 * Returns: (transfer none) (nullable): the backend, or %NULL if there is no process
 *
 * Since: 1.0
 */
GProcBackend *
gproc_stream_get_backend (GProcStream *self)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), NULL);

  return self->backend;
}

/**
 * gproc_stream_get_stop_on_close:
 * @self: a stream
 *
 * Gets whether closing the stream stops the process.
 *
 * Returns: whether it does
 *
 * Since: 1.0
 */
gboolean
gproc_stream_get_stop_on_close (GProcStream *self)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), FALSE);

  return g_atomic_int_get (&self->stop_on_close);
}

/**
 * gproc_stream_set_stop_on_close:
 * @self: a stream
 * @stop_on_close: whether closing the stream stops the process
 *
 * Sets whether closing the stream, or letting go of it, stops the process. The stop
 * begins with the close: what is queued is written as long as the process lives.
 *
 * Since: 1.0
 */
void
gproc_stream_set_stop_on_close (GProcStream *self,
                                gboolean     stop_on_close)
{
  g_return_if_fail (GPROC_IS_STREAM (self));

  stop_on_close = !!stop_on_close;
  if (self->stop_on_close == stop_on_close)
    return;

  g_atomic_int_set (&self->stop_on_close, stop_on_close);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STOP_ON_CLOSE]);
}

/**
 * gproc_stream_get_post_exit_grace:
 * @self: a stream
 *
 * Gets how long the outputs are waited for after the process is over.
 *
 * Returns: the time in milliseconds, −1 if they are waited for for ever
 *
 * Since: 1.0
 */
int
gproc_stream_get_post_exit_grace (GProcStream *self)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), -1);

  return g_atomic_int_get (&self->post_exit_grace);
}

/**
 * gproc_stream_set_post_exit_grace:
 * @self: a stream
 * @grace_ms: the time in milliseconds, or −1 to wait for ever
 *
 * Sets how long the outputs are waited for after the process is over, where another
 * process holds their pipes. It counts for what begins afterwards.
 *
 * Since: 1.0
 */
void
gproc_stream_set_post_exit_grace (GProcStream *self,
                                  int          grace_ms)
{
  g_return_if_fail (GPROC_IS_STREAM (self));
  g_return_if_fail (grace_ms >= -1);

  if (self->post_exit_grace == grace_ms)
    return;

  g_atomic_int_set (&self->post_exit_grace, grace_ms);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_POST_EXIT_GRACE]);
}

/**
 * gproc_stream_get_output_limit:
 * @self: a stream
 *
 * Gets how many bytes of each output [method@GProc.Stream.communicate] collects at the
 * most.
 *
 * Returns: the limit in bytes
 *
 * Since: 1.0
 */
gsize
gproc_stream_get_output_limit (GProcStream *self)
{
  g_return_val_if_fail (GPROC_IS_STREAM (self), 0);

  return self->output_limit;
}

/**
 * gproc_stream_set_output_limit:
 * @self: a stream
 * @limit: the limit in bytes
 *
 * Sets how many bytes of each output [method@GProc.Stream.communicate] collects at the
 * most.
 *
 * Since: 1.0
 */
void
gproc_stream_set_output_limit (GProcStream *self,
                               gsize        limit)
{
  g_return_if_fail (GPROC_IS_STREAM (self));

  if (self->output_limit == limit)
    return;

  self->output_limit = limit;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_OUTPUT_LIMIT]);
}
