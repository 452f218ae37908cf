/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-pipeline-private.h"

#include <glib/gi18n-lib.h>

#include "process/gproc-stream-internal-private.h"

/**
 * GProcPipeline:
 *
 * `GProcPipeline` is several processes in a row, as `tar | zstd` is in a shell: what
 * one writes to its standard output is the standard input of the next.
 *
 * The pipes between them lead from process to process: the application holds no end of
 * them, and nothing passes through it. What is left to it are the two ends of the
 * whole, which make it a [class@Gio.IOStream]: what is written goes to the first stage,
 * what is read comes from the last.
 *
 * ```c
 * g_autoptr (GProcPipeline) pipeline = gproc_pipeline_new ();
 *
 * gproc_pipeline_append (pipeline, NULL, (const char *[]) { "tar", "c", ".", NULL });
 * gproc_pipeline_append (pipeline, NULL, (const char *[]) { "zstd", NULL });
 * if (!gproc_pipeline_spawn (pipeline, &error))
 *   return FALSE;
 * ```
 *
 * Each stage has a [class@GProc.Launcher] of its own, or the default one, and is a
 * [class@GProc.Stream] while it runs: see [method@GProc.Pipeline.get_stage]. Standard
 * input of the first stage and standard output of the last lead where their launchers
 * say: a pipe to the application, which is the default, a file, a descriptor. Standard
 * error of each stage leads where its launcher says, by default to that of the
 * application.
 *
 * ## Threads and contexts
 *
 * Pipeline and stages belong to the thread-default main context of
 * [method@GProc.Pipeline.spawn]. Otherwise all is as it is for a
 * [class@GProc.Stream]: every blocking call on the pipeline, a stage or one of their
 * readers writes meanwhile what is queued for any stage.
 *
 * ## Closing
 *
 * [method@Gio.IOStream.close] writes what is queued and closes the pipes that the
 * application has to all stages. The processes are left alone, unless
 * [property@GProc.Stream:stop-on-close] is set for a stage.
 *
 * Since: 1.0
 */

enum
{
  PROP_STDIN = 1,
  PROP_STDOUT,
  PROP_N_STAGES,
  PROP_PIPEFAIL,
  PROP_RUNNING,
  PROP_RETURNCODE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (GProcPipeline, gproc_pipeline, G_TYPE_IO_STREAM)

static void
stage_free (gpointer data)
{
  GProcPipelineStage *stage = data;

  g_clear_object (&stage->launcher);
  g_clear_object (&stage->stream);
  g_strfreev (stage->argv);
  g_free (stage);
}

static void
gproc_pipeline_dispose (GObject *object)
{
  GProcPipeline *self = GPROC_PIPELINE (object);

  self->spawned = FALSE;

  /* GIO closes what is disposed. Nothing is left to be closed by then: stages and halves
   * that someone has go on by themselves, and so do the write queues. */
  for (guint i = 0; i < self->stages->len; i++)
    g_clear_object (&_gproc_pipeline_stage (self, i)->stream);
  g_clear_object (&self->joined);

  G_OBJECT_CLASS (gproc_pipeline_parent_class)->dispose (object);

  g_clear_object (&self->no_stdout);
  g_clear_object (&self->no_stdin);
}

static void
gproc_pipeline_finalize (GObject *object)
{
  GProcPipeline *self = GPROC_PIPELINE (object);

  g_ptr_array_unref (self->stages);

  G_OBJECT_CLASS (gproc_pipeline_parent_class)->finalize (object);
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
gproc_pipeline_get_input_stream (GIOStream *stream)
{
  GProcPipeline *self = GPROC_PIPELINE (stream);
  GProcReader *reader = gproc_pipeline_get_stdout (self);

  if (reader == NULL)
    reader = g_atomic_pointer_get (&self->no_stdout);
  if (reader == NULL)
    reader = store_once ((gpointer *) &self->no_stdout, _gproc_reader_new_closed ());

  return G_INPUT_STREAM (reader);
}

static GOutputStream *
gproc_pipeline_get_output_stream (GIOStream *stream)
{
  GProcPipeline *self = GPROC_PIPELINE (stream);
  GProcWriter *writer = gproc_pipeline_get_stdin (self);

  if (writer == NULL)
    writer = g_atomic_pointer_get (&self->no_stdin);
  if (writer == NULL)
    writer = store_once ((gpointer *) &self->no_stdin, _gproc_writer_new_closed ());

  return G_OUTPUT_STREAM (writer);
}

static void
gproc_pipeline_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  GProcPipeline *self = GPROC_PIPELINE (object);

  switch (prop_id)
    {
    case PROP_STDIN:
      g_value_set_object (value, gproc_pipeline_get_stdin (self));
      break;
    case PROP_STDOUT:
      g_value_set_object (value, gproc_pipeline_get_stdout (self));
      break;
    case PROP_N_STAGES:
      g_value_set_uint (value, gproc_pipeline_get_n_stages (self));
      break;
    case PROP_PIPEFAIL:
      g_value_set_boolean (value, gproc_pipeline_get_pipefail (self));
      break;
    case PROP_RUNNING:
      g_value_set_boolean (value, gproc_pipeline_get_running (self));
      break;
    case PROP_RETURNCODE:
      g_value_set_int (value, gproc_pipeline_get_returncode (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
    }
}

static void
gproc_pipeline_set_property (GObject      *object,
                             guint         prop_id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  GProcPipeline *self = GPROC_PIPELINE (object);

  switch (prop_id)
    {
    case PROP_PIPEFAIL:
      gproc_pipeline_set_pipefail (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
    }
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags settable = readable | G_PARAM_WRITABLE | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * GProcPipeline:stdin: (getter get_stdin)
   *
   * The standard input of the first stage, %NULL if it is not a pipe of this pipeline.
   *
   * Since: 1.0
   */
  props[PROP_STDIN] = g_param_spec_object ("stdin", NULL, NULL, GPROC_TYPE_WRITER, readable);

  /**
   * GProcPipeline:stdout: (getter get_stdout)
   *
   * The standard output of the last stage, %NULL if it is not a pipe of this pipeline.
   *
   * Since: 1.0
   */
  props[PROP_STDOUT] = g_param_spec_object ("stdout", NULL, NULL, GPROC_TYPE_READER, readable);

  /**
   * GProcPipeline:n-stages: (getter get_n_stages)
   *
   * How many stages there are.
   *
   * Since: 1.0
   */
  props[PROP_N_STAGES] = g_param_spec_uint ("n-stages", NULL, NULL, 0, G_MAXUINT, 0, readable);

  /**
   * GProcPipeline:pipefail: (getter get_pipefail) (setter set_pipefail)
   *
   * Whether the failure of any stage is one of the pipeline. Otherwise the last stage
   * alone counts.
   *
   * Since: 1.0
   */
  props[PROP_PIPEFAIL] = g_param_spec_boolean ("pipefail", NULL, NULL, TRUE, settable);

  /**
   * GProcPipeline:running: (getter get_running)
   *
   * Whether there is a stage that is not over. The value is right at any time; the
   * notification comes in the context that the stages were spawned in.
   *
   * Since: 1.0
   */
  props[PROP_RUNNING] = g_param_spec_boolean ("running", NULL, NULL, FALSE, readable);

  /**
   * GProcPipeline:returncode: (getter get_returncode)
   *
   * How the pipeline ended; [const@GProc.RETURNCODE_NONE] while a stage runs. The value
   * is right at any time; the notification comes in the context that the stages were
   * spawned in.
   *
   * Since: 1.0
   */
  props[PROP_RETURNCODE] = g_param_spec_int ("returncode", NULL, NULL, G_MININT, G_MAXINT,
                                             GPROC_RETURNCODE_NONE, readable);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
gproc_pipeline_class_init (GProcPipelineClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  object_class->dispose = gproc_pipeline_dispose;
  object_class->finalize = gproc_pipeline_finalize;
  object_class->get_property = gproc_pipeline_get_property;
  object_class->set_property = gproc_pipeline_set_property;

  stream_class->get_input_stream = gproc_pipeline_get_input_stream;
  stream_class->get_output_stream = gproc_pipeline_get_output_stream;
  stream_class->close_fn = _gproc_pipeline_close;
  stream_class->close_async = _gproc_pipeline_close_async;
  stream_class->close_finish = _gproc_pipeline_close_finish;

  install_properties (object_class);
}

static void
gproc_pipeline_init (GProcPipeline *self)
{
  self->stages = g_ptr_array_new_with_free_func (stage_free);
  self->pipefail = TRUE;
}

gboolean
_gproc_pipeline_is_spawned (GProcPipeline *self)
{
  return g_atomic_int_get (&self->spawned);
}

void
_gproc_pipeline_prefix_error (GProcPipeline  *self,
                              guint           index,
                              GError        **error)
{
  const char *command = _gproc_pipeline_stage (self, index)->argv[0];
  g_autofree char *name = command != NULL ? g_filename_display_name (command) : NULL;

  if (name != NULL)
    /* Translators: the number of a process in a row of them, and its program. */
    g_prefix_error (error, _ ("Stage %u (“%s”): "), index + 1, name);
  else
    /* Translators: the number of a process in a row of them. */
    g_prefix_error (error, _ ("Stage %u: "), index + 1);
}

guint
_gproc_pipeline_find_decisive (GProcPipeline *self)
{
  guint last = self->stages->len - 1;

  if (!gproc_pipeline_get_pipefail (self))
    return last;

  for (guint i = self->stages->len; i > 0; i--)
    {
      if (gproc_stream_get_returncode (_gproc_pipeline_stage (self, i - 1)->stream) != 0)
        return i - 1;
    }

  return last;
}

static void
stage_exited (GProcPipeline *self)
{
  if (++self->n_exited < self->stages->len)
    return;

  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_RUNNING]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_RETURNCODE]);
  g_object_thaw_notify (G_OBJECT (self));
}

void
_gproc_pipeline_set_spawned (GProcPipeline *self)
{
  for (guint i = 0; i < self->stages->len; i++)
    g_signal_connect_object (_gproc_pipeline_stage (self, i)->stream, "exited",
                             G_CALLBACK (stage_exited), self, G_CONNECT_SWAPPED);

  g_atomic_int_set (&self->spawned, TRUE);

  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STDIN]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STDOUT]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_RUNNING]);
  g_object_thaw_notify (G_OBJECT (self));
}

/**
 * gproc_pipeline_new:
 *
 * Makes a pipeline without stages.
 *
 * Returns: (transfer full): a new pipeline
 *
 * Since: 1.0
 */
GProcPipeline *
gproc_pipeline_new (void)
{
  return g_object_new (GPROC_TYPE_PIPELINE, NULL);
}

/**
 * gproc_pipeline_append:
 * @self: a pipeline that was not spawned
 * @launcher: (nullable): how the process is started, or %NULL for the defaults
 * @argv: (array zero-terminated=1) (element-type filename): the name of the program,
 *   which is searched for in `PATH`, and its arguments
 *
 * Adds a stage after those that there are.
 *
 * The launcher is used as it is when the pipeline is spawned, and may serve for several
 * stages. It must not set standard input other than for the first stage, nor standard
 * output other than for the last. Once the pipeline was spawned nothing can be added.
 *
 * Since: 1.0
 */
void
gproc_pipeline_append (GProcPipeline      *self,
                       GProcLauncher      *launcher,
                       const char * const *argv)
{
  GProcPipelineStage *stage;

  g_return_if_fail (GPROC_IS_PIPELINE (self));
  g_return_if_fail (launcher == NULL || GPROC_IS_LAUNCHER (launcher));
  g_return_if_fail (argv != NULL);
  g_return_if_fail (!_gproc_pipeline_is_spawned (self));

  stage = g_new0 (GProcPipelineStage, 1);
  g_set_object (&stage->launcher, launcher);
  stage->argv = g_strdupv ((char **) argv);
  g_ptr_array_add (self->stages, stage);

  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_N_STAGES]);
}

/**
 * gproc_pipeline_get_n_stages:
 * @self: a pipeline
 *
 * Gets how many stages there are.
 *
 * Returns: the number of stages
 *
 * Since: 1.0
 */
guint
gproc_pipeline_get_n_stages (GProcPipeline *self)
{
  g_return_val_if_fail (GPROC_IS_PIPELINE (self), 0);

  return self->stages->len;
}

/**
 * gproc_pipeline_get_stage:
 * @self: a pipeline
 * @index: which stage, counted from 0
 *
 * Gets the process of a stage: its id, its end, its standard error if that is a pipe.
 *
 * Where it is joined to another stage it has neither
 * [method@GProc.Stream.get_stdin] nor [method@GProc.Stream.get_stdout].
 *
 * Returns: (transfer none) (nullable): the stage, or %NULL if the pipeline was not
 *   spawned
 *
 * Since: 1.0
 */
GProcStream *
gproc_pipeline_get_stage (GProcPipeline *self,
                          guint          index)
{
  g_return_val_if_fail (GPROC_IS_PIPELINE (self), NULL);
  g_return_val_if_fail (index < self->stages->len, NULL);

  return _gproc_pipeline_is_spawned (self) ? _gproc_pipeline_stage (self, index)->stream : NULL;
}

/**
 * gproc_pipeline_get_stdin:
 * @self: a pipeline
 *
 * Gets the standard input of the first stage.
 *
 * Returns: (transfer none) (nullable): the writer, or %NULL if the pipeline was not
 *   spawned, or standard input is not a pipe of it
 *
 * Since: 1.0
 */
GProcWriter *
gproc_pipeline_get_stdin (GProcPipeline *self)
{
  g_return_val_if_fail (GPROC_IS_PIPELINE (self), NULL);

  if (!_gproc_pipeline_is_spawned (self))
    return NULL;

  return gproc_stream_get_stdin (_gproc_pipeline_stage (self, 0)->stream);
}

/**
 * gproc_pipeline_get_stdout:
 * @self: a pipeline
 *
 * Gets the standard output of the last stage.
 *
 * Returns: (transfer none) (nullable): the reader, or %NULL if the pipeline was not
 *   spawned, or standard output is not a pipe of it
 *
 * Since: 1.0
 */
GProcReader *
gproc_pipeline_get_stdout (GProcPipeline *self)
{
  g_return_val_if_fail (GPROC_IS_PIPELINE (self), NULL);

  if (!_gproc_pipeline_is_spawned (self))
    return NULL;

  return gproc_stream_get_stdout (_gproc_pipeline_stage (self, self->stages->len - 1)->stream);
}

/**
 * gproc_pipeline_get_pipefail:
 * @self: a pipeline
 *
 * Gets whether the failure of any stage is one of the pipeline.
 *
 * Returns: whether it is
 *
 * Since: 1.0
 */
gboolean
gproc_pipeline_get_pipefail (GProcPipeline *self)
{
  g_return_val_if_fail (GPROC_IS_PIPELINE (self), FALSE);

  return g_atomic_int_get (&self->pipefail);
}

/**
 * gproc_pipeline_set_pipefail:
 * @self: a pipeline
 * @pipefail: whether the failure of any stage is one of the pipeline
 *
 * Sets which stage decides how the pipeline ended. With @pipefail, which is the
 * default, it is the last that failed, as after `set -o pipefail` in bash. Without, it
 * is the last stage, as in a shell otherwise: right where an earlier stage may well be
 * ended by `SIGPIPE`, as `yes` is in `yes | head`.
 *
 * Since: 1.0
 */
void
gproc_pipeline_set_pipefail (GProcPipeline *self,
                             gboolean       pipefail)
{
  g_return_if_fail (GPROC_IS_PIPELINE (self));

  pipefail = !!pipefail;
  if (self->pipefail == pipefail)
    return;

  g_atomic_int_set (&self->pipefail, pipefail);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PIPEFAIL]);
}
