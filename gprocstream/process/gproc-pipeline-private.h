/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "process/gproc-pipeline.h"

G_BEGIN_DECLS

/* What the files that make up GProcPipeline share. */

typedef struct
{
  GProcLauncher *launcher; /* NULL: all is as a new launcher has it. */
  char **argv;
  GProcStream *stream; /* NULL until all stages run. */
} GProcPipelineStage;

struct _GProcPipeline
{
  GIOStream parent_instance;

  /* Not changed any more once @spawned is set, so that it can be read in any thread. */
  GPtrArray *stages; /* Of GProcPipelineStage. */

  /* The pipes of all stages as one stream that has no process: closing it, and giving it
   * up, is done in the right order for all of them. */
  GProcStream *joined;

  /* In place of an absent half, for those who use the pipeline as a GIOStream. */
  GProcReader *no_stdout;
  GProcWriter *no_stdin;

  guint n_exited;    /* How many stages said so, in the context they were spawned in. */
  gboolean spawned;  /* Atomic, set after all that it stands for, until it is disposed. */
  gboolean pipefail; /* Atomic. */
  gboolean closing;  /* A close has begun, and sees to the rest. */
};

static inline GProcPipelineStage *
_gproc_pipeline_stage (GProcPipeline *self,
                       guint          index)
{
  return g_ptr_array_index (self->stages, index);
}

gboolean _gproc_pipeline_is_spawned (GProcPipeline *self);

/* Has an error say which stage it is about. */
void _gproc_pipeline_prefix_error (GProcPipeline  *self,
                                   guint           index,
                                   GError        **error);

/* The stage whose end is that of the pipeline, once all are over. */
guint _gproc_pipeline_find_decisive (GProcPipeline *self);

/* Listens to the stages, which all run. */
void _gproc_pipeline_set_spawned (GProcPipeline *self);

/* gproc-pipeline-close.c */
gboolean _gproc_pipeline_close (GIOStream     *stream,
                                GCancellable  *cancellable,
                                GError       **error);
void _gproc_pipeline_close_async (GIOStream           *stream,
                                  int                  io_priority,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data);
gboolean _gproc_pipeline_close_finish (GIOStream     *stream,
                                       GAsyncResult  *result,
                                       GError       **error);

G_END_DECLS
