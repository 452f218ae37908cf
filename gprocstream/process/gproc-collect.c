/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "process/gproc-result-private.h"
#include "process/gproc-returncode-private.h"
#include "process/gproc-stream-internal-private.h"

/* What a grandchild may have left in a pipe at the end of the grace: more than a pipe
 * of the default size, and a bound for one that never stops writing. */
#define LAST_LOOK (1024 * 1024)

typedef struct
{
  GProcReader *reader; /* NULL: there is nothing to collect. */
  GBytes *bytes;       /* All of it, once it is at its end. */
  const char *name;    /* Translated, for messages. */
  gboolean cut;        /* The grace was over before the end came. */
} GProcOutput;

/* The parts of one call: feeding, two reads to the end and the wait for the process.
 * All run in the context of the caller, and the call returns when all have. */
typedef struct
{
  GTask *task; /* Owns this, and is owned by the call until it returns. */
  GBytes *input;
  gsize limit;
  GProcCollectFlags flags;
  gint64 start_time;

  GCancellable *reading; /* Cancels the parts. */
  GCancellable *feeding; /* Cancels the feeding, which does not outlast the others. */
  gulong cancelled_id;
  GProcOutput outputs[2];
  guint n_pending; /* The parts that have not come to their end, feeding apart. */
  gboolean is_feeding;
  gboolean grace_over;
  gboolean over; /* The process is. */
  GSource *grace;
  GPtrArray *guests; /* NULL where the queues are written anyway. */
  GError *error;     /* The first one. */
} GProcCollect;

static void
collect_free (gpointer data)
{
  GProcCollect *collect = data;

  for (guint i = 0; i < G_N_ELEMENTS (collect->outputs); i++)
    {
      g_clear_object (&collect->outputs[i].reader);
      g_clear_pointer (&collect->outputs[i].bytes, g_bytes_unref);
    }
  g_clear_pointer (&collect->input, g_bytes_unref);
  g_clear_object (&collect->reading);
  g_clear_object (&collect->feeding);
  g_clear_error (&collect->error);
  g_free (collect);
}

static GProcStream *
collect_get_stream (GProcCollect *collect)
{
  return g_task_get_source_object (collect->task);
}

/* Takes @error, and ends what is under way. */
static void
collect_fail (GProcCollect *collect,
              GError       *error)
{
  if (collect->error == NULL)
    collect->error = error;
  else
    g_clear_error (&error);

  g_cancellable_cancel (collect->reading);
}

/* What was taken goes back to where it can be read. */
static void
collect_unread (GProcCollect *collect)
{
  for (guint i = 0; i < G_N_ELEMENTS (collect->outputs); i++)
    {
      GProcOutput *output = &collect->outputs[i];

      if (output->bytes != NULL)
        gproc_reader_unread (output->reader, output->bytes, NULL);
    }
}

/* Takes what is there at the end of the grace, without waiting for more. */
static void
output_take_rest (GProcOutput *output,
                  gsize        limit)
{
  g_autoptr (GByteArray) gathered = g_byte_array_new ();
  gsize buffered = gproc_reader_get_buffered (output->reader);
  gsize most = MIN (limit, buffered + LAST_LOOK);

  while (gathered->len < most)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes)
        piece = gproc_reader_try_read_some (output->reader, most - gathered->len, &error);

      if (piece == NULL)
        {
          output->cut = error != NULL;
          break;
        }
      g_byte_array_append (gathered, g_bytes_get_data (piece, NULL), g_bytes_get_size (piece));
    }

  output->bytes = g_byte_array_free_to_bytes (g_steal_pointer (&gathered));
}

static gboolean
output_is_text (GProcOutput  *output,
                GError      **error)
{
  const char *data, *end;
  gsize size;

  if (output->bytes == NULL)
    return TRUE;

  data = g_bytes_get_data (output->bytes, &size);
  if (size == 0 || g_utf8_validate_len (data, size, &end))
    return TRUE;

  /* Translators: %s is "standard output" or "standard error". */
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               _ ("%s is not UTF-8 text from byte %zu on"), output->name, (gsize) (end - data));
  return FALSE;
}

static GProcResult *
collect_make_result (GProcCollect *collect)
{
  GProcStream *self = collect_get_stream (collect);
  gint64 now = g_get_monotonic_time ();
  struct rusage usage;
  gboolean has_usage = FALSE;
  gint64 duration = now - collect->start_time;
  GProcResult *result;

  if (self->child != NULL)
    {
      has_usage = _gproc_child_get_rusage (self->child, &usage);
      duration = _gproc_child_get_end_time (self->child) -
                 _gproc_child_get_start_time (self->child);
    }

  result = _gproc_result_new (collect->outputs[0].bytes, collect->outputs[1].bytes, self->command,
                              gproc_stream_get_returncode (self), duration,
                              has_usage ? &usage : NULL);
  if (collect->outputs[0].cut || collect->outputs[1].cut)
    _gproc_result_set_truncated (result);
  if (gproc_stream_get_timed_out (self))
    _gproc_result_set_timed_out (result);

  return result;
}

static gboolean
collect_check (GProcCollect *collect)
{
  if (collect->error != NULL)
    return FALSE;
  if ((collect->flags & GPROC_COLLECT_UTF8) == 0)
    return TRUE;

  return output_is_text (&collect->outputs[0], &collect->error) &&
         output_is_text (&collect->outputs[1], &collect->error);
}

static void
collect_return (GProcCollect *collect)
{
  g_autoptr (GTask) task = collect->task;
  GProcStream *self = collect_get_stream (collect);

  g_cancellable_disconnect (g_task_get_cancellable (task), collect->cancelled_id);
  if (collect->grace != NULL)
    g_source_destroy (collect->grace);
  g_clear_pointer (&collect->grace, g_source_unref);
  g_clear_pointer (&collect->guests, g_ptr_array_unref);

  for (guint i = 0; i < G_N_ELEMENTS (collect->outputs); i++)
    {
      GProcOutput *output = &collect->outputs[i];

      if (collect->error == NULL && output->cut && (collect->flags & GPROC_COLLECT_KEEP) == 0)
        output_take_rest (output, collect->limit);
    }

  if (!collect_check (collect))
    {
      collect_unread (collect);
      g_task_return_error (task, g_steal_pointer (&collect->error));
    }
  else if ((collect->flags & GPROC_COLLECT_KEEP) != 0)
    {
      collect_unread (collect);
      g_task_return_int (task, gproc_stream_get_returncode (self));
    }
  else
    {
      g_task_return_pointer (task, collect_make_result (collect), g_object_unref);
    }
}

static gboolean
grace_is_over (gpointer user_data)
{
  GProcCollect *collect = user_data;

  collect->grace_over = TRUE;
  g_cancellable_cancel (collect->reading);

  return G_SOURCE_REMOVE;
}

static void
collect_start_grace (GProcCollect *collect)
{
  int grace = gproc_stream_get_post_exit_grace (collect_get_stream (collect));

  if (grace < 0)
    return;

  collect->grace = g_timeout_source_new ((guint) grace);
  g_source_set_static_name (collect->grace, "[gproc] post-exit grace");
  g_source_set_priority (collect->grace, g_task_get_priority (collect->task));
  g_source_set_callback (collect->grace, grace_is_over, collect, NULL);
  g_source_attach (collect->grace, g_task_get_context (collect->task));
}

/* Whenever a part has come to its end. */
static void
collect_continue (GProcCollect *collect)
{
  if (collect->n_pending > 0)
    {
      if (collect->over && collect->grace == NULL && collect->error == NULL)
        collect_start_grace (collect);
      return;
    }

  /* What a process does not read any more is dropped. Where there is none, nothing
   * says that the peer will not read the rest. */
  if (!collect->is_feeding)
    collect_return (collect);
  else if (collect->over || collect->error != NULL)
    g_cancellable_cancel (collect->feeding);
}

static void
output_read (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  GProcCollect *collect = user_data;
  GProcReader *reader = GPROC_READER (source);
  GProcOutput *output = &collect->outputs[reader == collect->outputs[0].reader ? 0 : 1];
  GError *error = NULL;

  output->bytes = gproc_reader_read_to_end_finish (reader, result, &error);
  if (output->bytes == NULL && error == NULL)
    output->bytes = g_bytes_new (NULL, 0);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) && collect->grace_over)
    output->cut = TRUE;

  if (output->cut)
    g_clear_error (&error);
  else if (error != NULL)
    collect_fail (collect, error);

  collect->n_pending--;
  collect_continue (collect);
}

static void
process_over (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  GProcCollect *collect = user_data;
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    {
      collect->over = TRUE;
      /* Then the result is an error, and there is nothing to go on for. */
      if (!_gproc_stream_check_timeout (GPROC_STREAM (source), &error))
        collect_fail (collect, error);
    }
  else
    {
      collect_fail (collect, error);
    }

  collect->n_pending--;
  collect_continue (collect);
}

/* Takes @error. A process need not read its input: whether it was content is for its
 * status. And what a process does not read any more is given up by this call itself. */
static void
collect_fed (GProcCollect *collect,
             GError       *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE) ||
      (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) && collect->over))
    g_clear_error (&error);
  if (error != NULL)
    collect_fail (collect, error);

  collect->is_feeding = FALSE;
  collect_continue (collect);
}

static void
stdin_closed (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  GError *error = NULL;

  g_output_stream_close_finish (G_OUTPUT_STREAM (source), result, &error);
  collect_fed (user_data, error);
}

static void
stdin_drained (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  GError *error = NULL;

  gproc_writer_drain_finish (GPROC_WRITER (source), result, &error);
  collect_fed (user_data, error);
}

/* Ends the input, behind what is queued. It is only waited for where that is all there
 * is to wait for. */
static void
collect_end_input (GProcCollect *collect,
                   GProcWriter  *writer)
{
  GError *error = NULL;

  collect->is_feeding = TRUE;
  if (!gproc_writer_can_write_eof (writer))
    g_output_stream_close_async (G_OUTPUT_STREAM (writer), g_task_get_priority (collect->task),
                                 collect->feeding, stdin_closed, collect);
  else if (!gproc_writer_write_eof (writer, &error))
    collect_fed (collect, error);
  else if (collect->n_pending > 1)
    collect_fed (collect, NULL);
  else
    gproc_writer_drain_async (writer, g_task_get_priority (collect->task), collect->feeding,
                              stdin_drained, collect);
}

static void
stdin_written (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  GProcCollect *collect = user_data;
  GError *error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error))
    collect_end_input (collect, GPROC_WRITER (source));
  else
    collect_fed (collect, error);
}

static void
collect_feed (GProcCollect *collect)
{
  GProcWriter *writer = gproc_stream_get_stdin (collect_get_stream (collect));
  gsize size = 0;
  const void *data = collect->input != NULL ? g_bytes_get_data (collect->input, &size) : NULL;
  GError *error = NULL;

  if (writer == NULL || g_output_stream_is_closed (G_OUTPUT_STREAM (writer)))
    {
      g_autofree char *name = _gproc_command_name (collect_get_stream (collect)->command);

      if (size > 0)
        collect_fail (collect, g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                                            _ ("“%s” cannot be given input: its standard input is "
                                               "no pipe of this stream, or was closed"),
                                            name));
      return;
    }

  /* A terminal has no end that the process could be told. Without input it stays open: closing
   * our side would hang up on the process. */
  if (gproc_stream_get_is_pty (collect_get_stream (collect)) &&
      !gproc_writer_can_write_eof (writer))
    {
      if (size > 0)
        collect_fail (
          collect, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                                        _ ("There is input for a process whose standard input is "
                                           "a terminal, which has no end that it could be told")));
      return;
    }

  if (size == 0 || gproc_writer_queue_bytes (writer, collect->input, &error))
    {
      collect_end_input (collect, writer);
    }
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
    {
      /* More than may be queued: it goes in as the process takes it. */
      g_clear_error (&error);
      collect->is_feeding = TRUE;
      g_output_stream_write_all_async (G_OUTPUT_STREAM (writer), data, size,
                                       g_task_get_priority (collect->task), collect->feeding,
                                       stdin_written, collect);
    }
  else
    {
      collect_fed (collect, error);
    }
}

static void
collect_read (GProcCollect *collect,
              guint         i,
              GProcReader  *reader,
              const char   *name)
{
  gssize limit = collect->limit > G_MAXSSIZE ? -1 : (gssize) collect->limit;

  if (reader == NULL || g_input_stream_is_closed (G_INPUT_STREAM (reader)))
    return;

  collect->outputs[i].reader = g_object_ref (reader);
  collect->outputs[i].name = name;
  collect->n_pending++;
  gproc_reader_read_to_end_async (reader, limit, g_task_get_priority (collect->task),
                                  collect->reading, output_read, collect);
}

static void
collect_wait (GProcCollect *collect)
{
  GProcStream *self = collect_get_stream (collect);
  GTask *task;

  if (self->backend == NULL)
    return;

  task = g_task_new (self, collect->reading, process_over, collect);
  g_task_set_source_tag (task, collect_wait);
  g_task_set_name (task, "[gproc] wait while collecting");
  g_task_set_priority (task, g_task_get_priority (collect->task));
  g_task_set_check_cancellable (task, FALSE);
  collect->n_pending++;
  _gproc_stream_wait_task (self, task);
}

static void
cancel_parts (GCancellable *cancellable,
              gpointer      user_data)
{
  GProcCollect *collect = user_data;

  g_cancellable_cancel (collect->reading);
  g_cancellable_cancel (collect->feeding);
}

void
_gproc_collect (GTask             *task,
                GBytes            *input,
                gsize              limit,
                GProcCollectFlags  flags)
{
  GProcStream *self = g_task_get_source_object (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GProcCollect *collect = g_new0 (GProcCollect, 1);

  g_task_set_task_data (task, collect, collect_free);
  collect->task = task;
  collect->input = input != NULL ? g_bytes_ref (input) : NULL;
  collect->limit = limit;
  collect->flags = flags;
  collect->start_time = g_get_monotonic_time ();
  collect->reading = g_cancellable_new ();
  collect->feeding = g_cancellable_new ();
  collect->n_pending = 1;

  if (!g_cancellable_set_error_if_cancelled (cancellable, &collect->error))
    {
      if (cancellable != NULL)
        collect->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (cancel_parts),
                                                       collect, NULL);

      collect_read (collect, 0, gproc_stream_get_stdout (self), _ ("Standard output"));
      collect_read (collect, 1, gproc_stream_get_stderr (self), _ ("Standard error"));
      collect_wait (collect);
      if ((flags & GPROC_COLLECT_KEEP) == 0)
        collect_feed (collect);
      if ((flags & GPROC_COLLECT_PUSH) != 0)
        collect->guests = _gproc_write_queue_enter_all (_gproc_stream_get_queue (self),
                                                        g_task_get_context (task),
                                                        g_task_get_priority (task));
    }

  collect->n_pending--;
  collect_continue (collect);
}
