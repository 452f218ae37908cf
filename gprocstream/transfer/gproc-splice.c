/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "transfer/gproc-splice-private.h"

#include <glib/gi18n-lib.h>

#include "streams/gproc-mover-private.h"
#include "streams/gproc-reader.h"
#include "transfer/gproc-half-close-private.h"

typedef struct _Splice Splice;

/* One of the two ways. */
typedef struct
{
  Splice *splice;
  GProcMover *mover;
  GIOStream *from;
  GIOStream *to;
  gboolean failed;
} Way;

struct _Splice
{
  GTask *task;
  char *commands[2]; /* What the streams are called by, each of them nullable. */
  GIOStreamSpliceFlags flags;
  Way ways[2];
  guint n_running;
  guint n_closing;
  gboolean stopping; /* The ways are being cancelled because the other one is over. */
  GError *error;     /* The first. */
};

static void
splice_free (Splice *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->ways); i++)
    {
      g_clear_object (&self->ways[i].mover);
      g_clear_object (&self->ways[i].from);
      g_clear_object (&self->ways[i].to);
      g_free (self->commands[i]);
    }
  g_clear_error (&self->error);
  g_free (self);
}

/* What was done when it came to an error. */
typedef enum
{
  DOING_READ,
  DOING_WRITE,
  DOING_CLOSE
} Doing;

/* The beginning of a message about the stream, or about its peer. @command is nullable. */
static char *
describe (Doing       doing,
          gboolean    is_peer,
          const char *command)
{
  if (command == NULL)
    {
      const char *stream[] = { _ ("While reading from the stream"),
                               _ ("While writing to the stream"), _ ("While closing the stream") };
      const char *peer[] = { _ ("While reading from the peer"), _ ("While writing to the peer"),
                             _ ("While closing the peer") };

      return g_strdup (is_peer ? peer[doing] : stream[doing]);
    }

  switch (doing)
    {
    case DOING_READ:
      return is_peer ? g_strdup_printf (_ ("While reading from the peer “%s”"), command)
                     : g_strdup_printf (_ ("While reading from “%s”"), command);
    case DOING_WRITE:
      return is_peer ? g_strdup_printf (_ ("While writing to the peer “%s”"), command)
                     : g_strdup_printf (_ ("While writing to “%s”"), command);
    case DOING_CLOSE:
    default:
      return is_peer ? g_strdup_printf (_ ("While closing the peer “%s”"), command)
                     : g_strdup_printf (_ ("While closing “%s”"), command);
    }
}

/* Which side it was the message says: domain and code are the same for both. */
static void
splice_keep_error (Splice       *self,
                   const GError *error,
                   Doing         doing,
                   GIOStream    *stream)
{
  guint side = stream == self->ways[0].from ? 0 : 1;
  g_autofree char *what = NULL;

  if (self->error != NULL || error == NULL)
    return;

  self->error = g_error_copy (error);
  /* Whoever cancels does that to neither of them. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  what = describe (doing, side == 1, self->commands[side]);
  g_prefix_error (&self->error, "%s: ", what);
}

static void
splice_complete (Splice *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);
  GError *error = g_steal_pointer (&self->error);

  splice_free (self);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
splice_closed (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  Splice *self = user_data;
  g_autoptr (GError) error = NULL;

  g_io_stream_close_finish (G_IO_STREAM (source), result, &error);
  /* GIO's says so where one half was closed before, as that of a target is at the end. */
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    splice_keep_error (self, error, DOING_CLOSE, G_IO_STREAM (source));
  if (--self->n_closing == 0)
    splice_complete (self);
}

static gboolean
splice_closes (Splice    *self,
               GIOStream *stream)
{
  GIOStreamSpliceFlags flag = stream == self->ways[0].from ? G_IO_STREAM_SPLICE_CLOSE_STREAM1
                                                           : G_IO_STREAM_SPLICE_CLOSE_STREAM2;

  return (self->flags & flag) != 0;
}

/* Both ways are over: closes what is to be closed. */
static void
splice_finish (Splice *self)
{
  GIOStream *streams[] = { self->ways[0].from, self->ways[0].to };

  for (guint i = 0; i < G_N_ELEMENTS (self->ways); i++)
    _gproc_mover_hand_over_rest (self->ways[i].mover);

  self->n_closing = 1;
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    {
      if (!splice_closes (self, streams[i]))
        continue;
      self->n_closing++;
      g_io_stream_close_async (streams[i], g_task_get_priority (self->task),
                               g_task_get_cancellable (self->task), splice_closed, self);
    }

  if (--self->n_closing == 0)
    splice_complete (self);
}

static void
splice_stop (Splice *self)
{
  self->stopping = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (self->ways); i++)
    _gproc_mover_cancel (self->ways[i].mover);
}

/* The way that is left ends now, or as soon as nobody reads at its other end: a process that
 * has ended says so by its output, and then no more of its input is waited for. As long as
 * both go on that would be too early, for more may come that is to fail. */
static void
splice_heed_peers (Splice *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->ways); i++)
    _gproc_mover_ignore_peer (self->ways[i].mover, FALSE);
}

static void
way_is_over (Way *way)
{
  Splice *self = way->splice;

  if (--self->n_running == 0)
    splice_finish (self);
  else if (way->failed || (self->flags & G_IO_STREAM_SPLICE_WAIT_FOR_BOTH) == 0)
    splice_stop (self);
  else
    splice_heed_peers (self);
}

static void
way_half_closed (const GError *error,
                 gpointer      user_data)
{
  Way *way = user_data;

  way->failed = error != NULL;
  splice_keep_error (way->splice, error, DOING_WRITE, way->to);
  way_is_over (way);
}

/* Nobody reads at the other end any more. That is no reason to lose what still comes back. */
static gboolean
leaves_other_way_alone (Splice          *self,
                        GProcMoverState  state,
                        const GError    *error)
{
  return (self->flags & G_IO_STREAM_SPLICE_WAIT_FOR_BOTH) != 0 &&
         state == GPROC_MOVER_TARGET_FAILED &&
         (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE) ||
          g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED));
}

static void
way_given_up (Way *way)
{
  Splice *self = way->splice;

  if (--self->n_running == 0)
    splice_finish (self);
  else
    splice_heed_peers (self);
}

static void
way_source_closed (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_input_stream_close_finish (G_INPUT_STREAM (source), result, NULL);
  way_given_up (user_data);
}

/* The source of a way whose target is gone: who writes there is to know. */
static void
way_give_up_source (Way *way)
{
  if (way->splice->n_running > 1 && splice_closes (way->splice, way->from))
    g_input_stream_close_async (g_io_stream_get_input_stream (way->from),
                                g_task_get_priority (way->splice->task), NULL, way_source_closed,
                                way);
  else
    way_given_up (way);
}

/* A cancelled splice had told the target of the end before. */
static gboolean
had_ended (GProcMover      *mover,
           GProcMoverState  state,
           const GError    *error)
{
  return state == GPROC_MOVER_TARGET_FAILED &&
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED) &&
         gproc_reader_at_eof (_gproc_mover_get_reader (mover));
}

static void
way_ended (GProcMover      *mover,
           GProcMoverState  state,
           const GError    *error,
           gpointer         user_data)
{
  Way *way = user_data;
  Splice *self = way->splice;
  GOutputStream *target = g_io_stream_get_output_stream (way->to);

  /* Nobody reads there any more, and nothing was to be read: a way that is over. */
  if (state == GPROC_MOVER_TARGET_FAILED && _gproc_mover_lost_nothing (mover))
    {
      way_give_up_source (way);
      return;
    }

  if (had_ended (mover, state, error))
    {
      way_is_over (way);
      return;
    }

  /* A cancelled one is the splice's own doing, unless its caller wanted it. */
  if (state != GPROC_MOVER_END)
    {
      way->failed = TRUE;
      if (!self->stopping || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        splice_keep_error (self, error,
                           state == GPROC_MOVER_TARGET_FAILED ? DOING_WRITE : DOING_READ,
                           state == GPROC_MOVER_TARGET_FAILED ? way->to : way->from);
      if (leaves_other_way_alone (self, state, error))
        way_give_up_source (way);
      else
        way_is_over (way);
      return;
    }

  if ((self->flags & G_IO_STREAM_SPLICE_WAIT_FOR_BOTH) == 0 || self->stopping)
    {
      way_is_over (way);
      return;
    }

  _gproc_half_close_async (target, G_OUTPUT_STREAM (_gproc_mover_get_writer (mover)), FALSE,
                           g_task_get_priority (self->task), g_task_get_cancellable (self->task),
                           way_half_closed, way);
}

static void
way_init (Way       *way,
          Splice    *splice,
          GIOStream *from,
          GIOStream *to)
{
  way->splice = splice;
  way->from = g_object_ref (from);
  way->to = g_object_ref (to);
  way->mover = _gproc_mover_new (g_io_stream_get_input_stream (from),
                                 g_io_stream_get_output_stream (to));
  _gproc_mover_ignore_peer (way->mover, TRUE);
}

static gboolean
way_begin (Way *way)
{
  g_autoptr (GError) error = NULL;

  if (_gproc_mover_begin (way->mover, FALSE, &error))
    return TRUE;

  if (_gproc_mover_blames_target (way->mover))
    splice_keep_error (way->splice, error, DOING_WRITE, way->to);
  else
    splice_keep_error (way->splice, error, DOING_READ, way->from);

  return FALSE;
}

static gboolean
splice_begin (Splice *self)
{
  if (!way_begin (&self->ways[0]))
    return FALSE;
  if (way_begin (&self->ways[1]))
    return TRUE;

  _gproc_mover_end (self->ways[0].mover);

  return FALSE;
}

void
_gproc_splice_async (GIOStream            *stream,
                     const char           *command,
                     GIOStream            *peer,
                     const char           *peer_command,
                     GIOStreamSpliceFlags  flags,
                     GTask                *task)
{
  Splice *self;
  GError *error = NULL;

  g_task_set_check_cancellable (task, FALSE);
  if (g_cancellable_set_error_if_cancelled (g_task_get_cancellable (task), &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  self = g_new0 (Splice, 1);
  self->task = task;
  self->flags = flags;
  self->commands[0] = command != NULL ? g_filename_display_name (command) : NULL;
  self->commands[1] = peer_command != NULL ? g_filename_display_name (peer_command) : NULL;
  way_init (&self->ways[0], self, stream, peer);
  way_init (&self->ways[1], self, peer, stream);

  if (!splice_begin (self))
    {
      /* What is closed already has ended; what somebody else uses is left alone. */
      if (g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_CLOSED))
        splice_finish (self);
      else
        splice_complete (self);
      return;
    }

  self->n_running = G_N_ELEMENTS (self->ways);
  for (guint i = 0; i < G_N_ELEMENTS (self->ways); i++)
    _gproc_mover_run_async (self->ways[i].mover, g_task_get_priority (task),
                            g_task_get_cancellable (task), NULL, way_ended, &self->ways[i]);
}
