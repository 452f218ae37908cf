/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-pipeline-private.h"

#include <glib/gi18n-lib.h>

#include "process/gproc-launcher-private.h"
#include "process/gproc-stream-internal-private.h"

/* A process that was killed is waited for so long at the most. What the kernel holds back
 * longer is reaped by the library later. */
#define REAP_LIMIT_US G_USEC_PER_SEC

static gboolean
check_state (GProcPipeline  *self,
             GError        **error)
{
  if (_gproc_pipeline_is_spawned (self))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _ ("The pipeline was spawned before"));
      return FALSE;
    }

  if (g_io_stream_is_closed (G_IO_STREAM (self)))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The pipeline is closed"));
      return FALSE;
    }

  if (self->stages->len == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _ ("The pipeline has no stages"));
      return FALSE;
    }

  return TRUE;
}

/* All that can be said without starting anything is said before anything is started. */
static GPtrArray *
make_launches (GProcPipeline  *self,
               GError        **error)
{
  g_autoptr (GPtrArray) launches = NULL;
  g_autoptr (GProcLauncher) fallback = gproc_launcher_new ();
  guint n_stages = self->stages->len;

  launches = g_ptr_array_new_with_free_func ((GDestroyNotify) _gproc_launch_free);

  for (guint i = 0; i < n_stages; i++)
    {
      GProcPipelineStage *stage = _gproc_pipeline_stage (self, i);
      GProcLaunch *launch = _gproc_launch_new (stage->launcher != NULL ? stage->launcher : fallback,
                                               (const char * const *) stage->argv,
                                               GPROC_LAUNCH_STREAM);

      g_ptr_array_add (launches, launch);
      if (!_gproc_launch_check (launch, i > 0, i < n_stages - 1, error))
        {
          _gproc_pipeline_prefix_error (self, i, error);
          return NULL;
        }
    }

  return g_steal_pointer (&launches);
}

/* Ends those that run: all at once, and then they are waited for. */
static void
undo_launches (GPtrArray *launches,
               guint      n_running)
{
  gint64 deadline = g_get_monotonic_time () + REAP_LIMIT_US;

  for (guint i = 0; i < n_running; i++)
    _gproc_child_stop (_gproc_launch_get_child (g_ptr_array_index (launches, i)), 0);
  for (guint i = 0; i < n_running; i++)
    _gproc_child_wait (_gproc_launch_get_child (g_ptr_array_index (launches, i)), NULL, deadline,
                       NULL, NULL);
}

/* A stage is joined to the next just before it runs, so that never more than two pipes
 * are open here. */
static gboolean
run_launches (GProcPipeline  *self,
              GPtrArray      *launches,
              GError        **error)
{
  for (guint i = 0; i < launches->len; i++)
    {
      GProcLaunch *launch = g_ptr_array_index (launches, i);
      gboolean is_last = i == launches->len - 1;

      if ((!is_last && !_gproc_launch_join (launch, g_ptr_array_index (launches, i + 1), error)) ||
          !_gproc_launch_run (launch, error))
        {
          _gproc_pipeline_prefix_error (self, i, error);
          undo_launches (launches, i);
          return FALSE;
        }
    }

  return TRUE;
}

/**
 * gproc_pipeline_spawn:
 * @self: a pipeline with at least one stage
 * @error: where to put an error
 *
 * Starts the processes of all stages, the first one first. The call returns when the
 * last runs its program.
 *
 * Pipeline and stages belong to the thread-default context of the caller.
 *
 * If a stage cannot be started, those before it are killed, with their groups where they
 * lead one, and nothing remains of them. The message says which stage it is. The
 * pipeline can then be spawned again.
 *
 * Errors: those of [method@GProc.Launcher.spawn]; %G_IO_ERROR_INVALID_ARGUMENT if there
 * is no stage, if one has no command, if its launcher sets standard input or output that
 * leads to another stage, or if the pipeline was spawned before; %G_IO_ERROR_CLOSED if it
 * is closed.
 *
 * Returns: %TRUE if all stages run, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
gproc_pipeline_spawn (GProcPipeline  *self,
                      GError        **error)
{
  g_autoptr (GPtrArray) launches = NULL;
  g_autoptr (GPtrArray) streams = NULL;

  g_return_val_if_fail (GPROC_IS_PIPELINE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_state (self, error))
    return FALSE;

  launches = make_launches (self, error);
  if (launches == NULL || !run_launches (self, launches, error))
    return FALSE;

  streams = g_ptr_array_new ();
  for (guint i = 0; i < launches->len; i++)
    {
      GProcPipelineStage *stage = _gproc_pipeline_stage (self, i);

      stage->stream = _gproc_launch_finish (g_ptr_array_index (launches, i));
      g_ptr_array_add (streams, stage->stream);
    }
  self->joined = _gproc_stream_new_joined (streams);

  _gproc_pipeline_set_spawned (self);

  return TRUE;
}
