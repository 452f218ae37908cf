/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "frames/gproc-demuxer-private.h"

#include "frames/gproc-demux-output-private.h"
#include "streams/gproc-reader-private.h"

/**
 * GProcDemuxer:
 *
 * Takes apart a stream of frames that carries a standard output and a standard error, as a
 * container engine sends them for a process without a terminal.
 *
 * Any input stream goes in: a socket, a TLS connection, the output of a process, a file.
 * Two [class@GProc.Reader] come out, [property@GProc.Demuxer:stdout] and
 * [property@GProc.Demuxer:stderr], to be read as any other: by lines, up to separators,
 * exactly, blocking or asynchronously. A read never gives more than was asked for.
 * [method@GProc.Demuxer.read_frame] gives both in the order in which they came.
 *
 * ## The format
 *
 * A frame has a header of eight bytes: the stream (1 standard output, 2 standard error; 0 counts
 * as standard output), three zero bytes, and the length of what follows, as a big-endian
 * number. Any other header is %GPROC_STREAM_ERROR_INVALID_FRAME. A frame of
 * stream 3 is what the engine has to say before it gives up: after all that came before it both
 * readers fail with %GPROC_STREAM_ERROR_ENGINE and its text. An empty frame is not the end.
 * Where the stream ends inside a frame it is %G_IO_ERROR_PARTIAL_INPUT, behind all that came,
 * unless the demuxer is [property@GProc.Demuxer:lenient].
 *
 * The length of a frame is what its sender says. No memory is taken for it: what comes of a
 * frame is passed on as it comes.
 *
 * ## What waits
 *
 * The base stream is read only when somebody wants something. What comes meanwhile for the
 * other reader waits in a buffer for it. What happens when that is full
 * ([property@GProc.Demuxer:buffer-size]) says [property@GProc.Demuxer:policy]. With
 * %GPROC_DEMUXER_POLICY_BLOCK, as by default, the read waits until the other reader is read:
 * one who reads standard output to its end before he looks at standard error may wait for ever.
 * Read both, close the one that nobody wants, or set another policy.
 *
 * Closing a reader drops what still comes for it. When both are closed, so is the base
 * stream, if [property@GProc.Demuxer:close-base] is set.
 *
 * ## Threads
 *
 * The two readers may be used in different threads, each in one at a time. A base stream that is
 * pollable ([iface@Gio.PollableInputStream]) is read without blocking. Any other is read at its own
 * pace, never cancelled: what an asynchronous read of one reader has begun to read
 * goes to whom it belongs. A blocking call meanwhile fails with %G_IO_ERROR_PENDING in
 * the thread in which that read was begun, and waits for it in any other.
 *
 * A base stream that somebody else wrote may use the demuxer from within its own functions, and
 * even close it: it is closed itself once it has returned. What has come before can be read
 * there; nothing else should be waited for, as that can only come when it has returned.
 *
 * In the child of a fork the descriptors of [method@GProc.Demuxer.get_fd] and
 * [method@GProc.Reader.get_fd] are still those of the parent: ask again for new ones.
 *
 * Since: 1.0
 */

struct _GProcDemuxer
{
  GObject parent_instance;

  GProcDemuxCore *core;
  GProcReader *readers[GPROC_DEMUX_N_SIDES];
};

enum
{
  PROP_0,
  PROP_BASE_STREAM,
  PROP_STDOUT,
  PROP_STDERR,
  PROP_POLICY,
  PROP_BUFFER_SIZE,
  PROP_LENIENT,
  PROP_CLOSE_BASE,
  PROP_BYTES_DISCARDED,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (GProcDemuxer, gproc_demuxer, G_TYPE_OBJECT)

GProcDemuxCore *
_gproc_demuxer_get_core (GProcDemuxer *self)
{
  return self->core;
}

static void
gproc_demuxer_set_base (GProcDemuxer *self,
                        GInputStream *base)
{
  g_autoptr (GInputStream) nothing = base == NULL ? g_memory_input_stream_new () : NULL;

  self->core = _gproc_demux_core_new (base != NULL ? base : nothing);
  for (guint i = 0; i < GPROC_DEMUX_N_SIDES; i++)
    {
      g_autoptr (GInputStream) output = _gproc_demux_output_new (self->core, i);

      self->readers[i] = gproc_reader_new (output);
      _gproc_reader_set_stream_number (self->readers[i], (int) i + 1);
    }
}

static void
gproc_demuxer_get_property (GObject    *object,
                            guint       property_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  GProcDemuxer *self = GPROC_DEMUXER (object);

  switch (property_id)
    {
    case PROP_BASE_STREAM:
      g_value_set_object (value, gproc_demuxer_get_base_stream (self));
      break;
    case PROP_STDOUT:
      g_value_set_object (value, self->readers[GPROC_DEMUX_STDOUT]);
      break;
    case PROP_STDERR:
      g_value_set_object (value, self->readers[GPROC_DEMUX_STDERR]);
      break;
    case PROP_POLICY:
      g_value_set_enum (value, gproc_demuxer_get_policy (self));
      break;
    case PROP_BUFFER_SIZE:
      g_value_set_uint64 (value, gproc_demuxer_get_buffer_size (self));
      break;
    case PROP_LENIENT:
      g_value_set_boolean (value, gproc_demuxer_get_lenient (self));
      break;
    case PROP_CLOSE_BASE:
      g_value_set_boolean (value, gproc_demuxer_get_close_base (self));
      break;
    case PROP_BYTES_DISCARDED:
      g_value_set_uint64 (value, gproc_demuxer_get_bytes_discarded (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
gproc_demuxer_set_property (GObject      *object,
                            guint         property_id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  GProcDemuxer *self = GPROC_DEMUXER (object);

  switch (property_id)
    {
    case PROP_BASE_STREAM:
      gproc_demuxer_set_base (self, g_value_get_object (value));
      break;
    case PROP_POLICY:
      gproc_demuxer_set_policy (self, g_value_get_enum (value));
      break;
    case PROP_BUFFER_SIZE:
      gproc_demuxer_set_buffer_size (self, (gsize) g_value_get_uint64 (value));
      break;
    case PROP_LENIENT:
      gproc_demuxer_set_lenient (self, g_value_get_boolean (value));
      break;
    case PROP_CLOSE_BASE:
      gproc_demuxer_set_close_base (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
gproc_demuxer_finalize (GObject *object)
{
  GProcDemuxer *self = GPROC_DEMUXER (object);

  for (guint i = 0; i < GPROC_DEMUX_N_SIDES; i++)
    g_clear_object (&self->readers[i]);
  g_clear_pointer (&self->core, _gproc_demux_core_unref);

  G_OBJECT_CLASS (gproc_demuxer_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags read_write = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                 G_PARAM_EXPLICIT_NOTIFY;

  /**
   * GProcDemuxer:base-stream: (getter get_base_stream)
   *
   * The stream of frames; %NULL once both readers are closed.
   *
   * Since: 1.0
   */
  properties[PROP_BASE_STREAM] = g_param_spec_object ("base-stream", NULL, NULL,
                                                      G_TYPE_INPUT_STREAM,
                                                      G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY |
                                                        G_PARAM_STATIC_STRINGS);

  /**
   * GProcDemuxer:stdout: (getter get_stdout)
   *
   * The reader of what came as standard output.
   *
   * Since: 1.0
   */
  properties[PROP_STDOUT] = g_param_spec_object ("stdout", NULL, NULL, GPROC_TYPE_READER,
                                                 read_only);

  /**
   * GProcDemuxer:stderr: (getter get_stderr)
   *
   * The reader of what came as standard error.
   *
   * Since: 1.0
   */
  properties[PROP_STDERR] = g_param_spec_object ("stderr", NULL, NULL, GPROC_TYPE_READER,
                                                 read_only);

  /**
   * GProcDemuxer:policy: (getter get_policy) (setter set_policy)
   *
   * What becomes of bytes for a reader whose buffer is full while the other one is read.
   *
   * Since: 1.0
   */
  properties[PROP_POLICY] = g_param_spec_enum ("policy", NULL, NULL, GPROC_TYPE_DEMUXER_POLICY,
                                               GPROC_DEMUXER_POLICY_BLOCK, read_write);

  /**
   * GProcDemuxer:buffer-size: (getter get_buffer_size) (setter set_buffer_size)
   *
   * How many bytes may wait for each reader, unless the policy is %GPROC_DEMUXER_POLICY_GROW; and
   * the size of the pieces in which [method@GProc.Demuxer.read_frame] gives longer
   * frames. 256 KiB by default.
   *
   * Since: 1.0
   */
  properties[PROP_BUFFER_SIZE] = g_param_spec_uint64 ("buffer-size", NULL, NULL, 1, G_MAXINT32,
                                                      256 * 1024, read_write);

  /**
   * GProcDemuxer:lenient: (getter get_lenient) (setter set_lenient)
   *
   * Whether the stream may end inside a frame.
   *
   * Since: 1.0
   */
  properties[PROP_LENIENT] = g_param_spec_boolean ("lenient", NULL, NULL, FALSE, read_write);

  /**
   * GProcDemuxer:close-base: (getter get_close_base) (setter set_close_base)
   *
   * Whether the base stream is closed when both readers are. It is by default.
   *
   * Since: 1.0
   */
  properties[PROP_CLOSE_BASE] = g_param_spec_boolean ("close-base", NULL, NULL, TRUE, read_write);

  /**
   * GProcDemuxer:bytes-discarded: (getter get_bytes_discarded)
   *
   * How many bytes were dropped with %GPROC_DEMUXER_POLICY_DISCARD, for both readers. What came for
   * a reader that is closed does not count. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_DISCARDED] = g_param_spec_uint64 ("bytes-discarded", NULL, NULL, 0,
                                                          G_MAXUINT64, 0, read_only);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
gproc_demuxer_class_init (GProcDemuxerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = gproc_demuxer_get_property;
  object_class->set_property = gproc_demuxer_set_property;
  object_class->finalize = gproc_demuxer_finalize;

  install_properties (object_class);
}

static void
gproc_demuxer_init (GProcDemuxer *self)
{
}

/**
 * gproc_demuxer_new:
 * @base_stream: the stream of frames
 *
 * Makes a demuxer. It keeps a reference to @base_stream, which nothing else should read
 * from meanwhile.
 *
 * Returns: (transfer full): a new demuxer
 *
 * Since: 1.0
 */
GProcDemuxer *
gproc_demuxer_new (GInputStream *base_stream)
{
  g_return_val_if_fail (G_IS_INPUT_STREAM (base_stream), NULL);

  return g_object_new (GPROC_TYPE_DEMUXER, "base-stream", base_stream, NULL);
}

/**
 * gproc_demuxer_get_base_stream:
 * @self: a demuxer
 *
 * Gets the stream of frames.
 *
 * Returns: (transfer none) (nullable): the stream, or %NULL once both readers are closed
 *
 * Since: 1.0
 */
GInputStream *
gproc_demuxer_get_base_stream (GProcDemuxer *self)
{
  GInputStream *base;

  g_return_val_if_fail (GPROC_IS_DEMUXER (self), NULL);

  g_mutex_lock (&self->core->lock);
  base = self->core->base;
  g_mutex_unlock (&self->core->lock);

  return base;
}

/**
 * gproc_demuxer_get_stdout:
 * @self: a demuxer
 *
 * Gets the reader of what came as standard output. It may outlive the demuxer.
 *
 * Returns: (transfer none): a reader
 *
 * Since: 1.0
 */
GProcReader *
gproc_demuxer_get_stdout (GProcDemuxer *self)
{
  g_return_val_if_fail (GPROC_IS_DEMUXER (self), NULL);

  return self->readers[GPROC_DEMUX_STDOUT];
}

/**
 * gproc_demuxer_get_stderr:
 * @self: a demuxer
 *
 * Gets the reader of what came as standard error. It may outlive the demuxer.
 *
 * Returns: (transfer none): a reader
 *
 * Since: 1.0
 */
GProcReader *
gproc_demuxer_get_stderr (GProcDemuxer *self)
{
  g_return_val_if_fail (GPROC_IS_DEMUXER (self), NULL);

  return self->readers[GPROC_DEMUX_STDERR];
}

/**
 * gproc_demuxer_get_policy:
 * @self: a demuxer
 *
 * Gets what becomes of bytes for a reader whose buffer is full.
 *
 * Returns: the policy
 *
 * Since: 1.0
 */
GProcDemuxerPolicy
gproc_demuxer_get_policy (GProcDemuxer *self)
{
  GProcDemuxerPolicy policy;

  g_return_val_if_fail (GPROC_IS_DEMUXER (self), GPROC_DEMUXER_POLICY_BLOCK);

  g_mutex_lock (&self->core->lock);
  policy = self->core->policy;
  g_mutex_unlock (&self->core->lock);

  return policy;
}

/* With the lock: room may have come for what stalled. */
static void
core_let_go_on (GProcDemuxCore *core)
{
  for (guint i = 0; i < GPROC_DEMUX_N_SIDES; i++)
    core->sides[i].stalled = FALSE;
  _gproc_demux_core_wake (core);
  _gproc_demux_core_update_fds (core);
}

/**
 * gproc_demuxer_set_policy:
 * @self: a demuxer
 * @policy: a policy
 *
 * Sets what becomes of bytes for a reader whose buffer is full.
 *
 * Since: 1.0
 */
void
gproc_demuxer_set_policy (GProcDemuxer       *self,
                          GProcDemuxerPolicy  policy)
{
  gboolean changed;

  g_return_if_fail (GPROC_IS_DEMUXER (self));

  g_mutex_lock (&self->core->lock);
  changed = self->core->policy != policy;
  self->core->policy = policy;
  core_let_go_on (self->core);
  g_mutex_unlock (&self->core->lock);

  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_POLICY]);
}

/**
 * gproc_demuxer_get_buffer_size:
 * @self: a demuxer
 *
 * Gets how many bytes may wait for each reader.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
gsize
gproc_demuxer_get_buffer_size (GProcDemuxer *self)
{
  gsize size;

  g_return_val_if_fail (GPROC_IS_DEMUXER (self), 0);

  g_mutex_lock (&self->core->lock);
  size = self->core->bound;
  g_mutex_unlock (&self->core->lock);

  return size;
}

/**
 * gproc_demuxer_set_buffer_size:
 * @self: a demuxer
 * @buffer_size: a number of bytes, from 1 to %G_MAXINT32
 *
 * Sets how many bytes may wait for each reader. More that waits already is kept.
 *
 * Since: 1.0
 */
void
gproc_demuxer_set_buffer_size (GProcDemuxer *self,
                               gsize         buffer_size)
{
  gboolean changed;

  g_return_if_fail (GPROC_IS_DEMUXER (self));
  g_return_if_fail (buffer_size > 0 && buffer_size <= G_MAXINT32);

  g_mutex_lock (&self->core->lock);
  changed = self->core->bound != buffer_size;
  self->core->bound = buffer_size;
  core_let_go_on (self->core);
  g_mutex_unlock (&self->core->lock);

  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUFFER_SIZE]);
}

static gboolean
get_flag (GProcDemuxer *self,
          gboolean     *flag)
{
  gboolean value;

  g_mutex_lock (&self->core->lock);
  value = *flag;
  g_mutex_unlock (&self->core->lock);

  return value;
}

static void
set_flag (GProcDemuxer *self,
          gboolean     *flag,
          gboolean      value,
          guint         property)
{
  gboolean changed;

  value = !!value;
  g_mutex_lock (&self->core->lock);
  changed = *flag != value;
  *flag = value;
  g_mutex_unlock (&self->core->lock);

  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

/**
 * gproc_demuxer_get_lenient:
 * @self: a demuxer
 *
 * Gets whether the stream may end inside a frame.
 *
 * Returns: %TRUE if that is no error
 *
 * Since: 1.0
 */
gboolean
gproc_demuxer_get_lenient (GProcDemuxer *self)
{
  g_return_val_if_fail (GPROC_IS_DEMUXER (self), FALSE);

  return get_flag (self, &self->core->lenient);
}

/**
 * gproc_demuxer_set_lenient:
 * @self: a demuxer
 * @lenient: whether the stream may end inside a frame
 *
 * Sets whether the end of the stream inside a frame is taken for its end, and not for
 * an error.
 *
 * Since: 1.0
 */
void
gproc_demuxer_set_lenient (GProcDemuxer *self,
                           gboolean      lenient)
{
  g_return_if_fail (GPROC_IS_DEMUXER (self));

  set_flag (self, &self->core->lenient, lenient, PROP_LENIENT);
}

/**
 * gproc_demuxer_get_close_base:
 * @self: a demuxer
 *
 * Gets whether the base stream is closed when both readers are.
 *
 * Returns: %TRUE if it is
 *
 * Since: 1.0
 */
gboolean
gproc_demuxer_get_close_base (GProcDemuxer *self)
{
  g_return_val_if_fail (GPROC_IS_DEMUXER (self), FALSE);

  return get_flag (self, &self->core->close_base);
}

/**
 * gproc_demuxer_set_close_base:
 * @self: a demuxer
 * @close_base: whether to close the base stream
 *
 * Sets whether the base stream is closed when both readers are.
 *
 * Since: 1.0
 */
void
gproc_demuxer_set_close_base (GProcDemuxer *self,
                              gboolean      close_base)
{
  g_return_if_fail (GPROC_IS_DEMUXER (self));

  set_flag (self, &self->core->close_base, close_base, PROP_CLOSE_BASE);
}

/**
 * gproc_demuxer_get_bytes_discarded:
 * @self: a demuxer
 *
 * Gets how many bytes were dropped with %GPROC_DEMUXER_POLICY_DISCARD.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
gproc_demuxer_get_bytes_discarded (GProcDemuxer *self)
{
  guint64 discarded;

  g_return_val_if_fail (GPROC_IS_DEMUXER (self), 0);

  g_mutex_lock (&self->core->lock);
  discarded = self->core->discarded;
  g_mutex_unlock (&self->core->lock);

  return discarded;
}

/**
 * gproc_demuxer_close:
 * @self: a demuxer
 * @cancellable: (nullable): a cancellable, for the close of the base stream
 * @error: return location for an error
 *
 * Closes both sides, and with them the base stream ([property@GProc.Demuxer:close-base]). Both
 * readers, whatever they are doing, and in whatever thread, fail with %G_IO_ERROR_CLOSED, behind
 * what they hold in their own buffers. Never blocks, unless closing the base stream does.
 *
 * A base stream that is not pollable, and is being read, is closed once that read has ended:
 * who waits there is told no sooner, and what closing it fails with is told to nobody. Where
 * another thread is in a pollable one this waits until it is out, which takes no longer than a
 * read that does not block.
 *
 * Errors: what closing the base stream fails with.
 *
 * Returns: %TRUE if all went well
 *
 * Since: 1.0
 */
gboolean
gproc_demuxer_close (GProcDemuxer  *self,
                     GCancellable  *cancellable,
                     GError       **error)
{
  gboolean success;

  g_return_val_if_fail (GPROC_IS_DEMUXER (self), FALSE);

  success = _gproc_demux_core_close_side (self->core, GPROC_DEMUX_STDOUT, cancellable, error);
  /* The base stream goes with the last one, and there is one error at most. */
  success &= _gproc_demux_core_close_side (self->core, GPROC_DEMUX_STDERR, cancellable,
                                           success ? error : NULL);

  return success;
}
