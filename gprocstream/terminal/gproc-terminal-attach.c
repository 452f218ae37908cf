/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "terminal/gproc-terminal-private.h"

#include <glib-unix.h>
#include <glib/gi18n-lib.h>

#include <errno.h>
#include <termios.h>
#include <unistd.h>

#include "process/gproc-stream-private.h"
#include "terminal/gproc-terminal-mode-private.h"
#include "transfer/gproc-pump.h"

/* What is typed is looked at before it goes on, so it is moved here; output is for pumps. */
#define INPUT_SIZE 16384

typedef enum
{
  END_NONE, /* It goes on. */
  END_OVER,
  END_DETACHED,
  END_FAILED
} AttachmentEnd;

struct _GProcAttachment
{
  GTask *task; /* Owned until it returns; it owns the terminal. */
  GProcStream *stream;
  GProcTerminalMode *mode; /* NULL: the terminal was left as it is. */
  int signal_fd;           /* −1: signals are not handled. */
  GSource *signal_source;
  GSource *grace; /* How long outputs are waited for after the end of the process. */

  GCancellable *reading; /* Cancels the input… */
  GCancellable *working; /* …and this everything. */
  gulong cancelled_id;

  guint n_pending;  /* Operations whose callback has not run. */
  guint n_outputs;  /* Outputs that have not come to their end. */
  gboolean shows;   /* There is an output at all. */
  gboolean waiting; /* For the process. */
  gboolean reads;   /* Input has not come to its end. */
  guint8 last_typed;

  AttachmentEnd end;
  GError *error; /* The first one. */
  int returncode;
};

static void read_input (GProcAttachment *attachment);

static GProcTerminal *
get_terminal (GProcAttachment *attachment)
{
  return g_task_get_source_object (attachment->task);
}

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
attachment_free (gpointer data)
{
  GProcAttachment *attachment = data;

  g_clear_object (&attachment->stream);
  g_clear_object (&attachment->reading);
  g_clear_object (&attachment->working);
  g_clear_error (&attachment->error);
  g_free (attachment);
}

/* What was held back was typed for the process after all, as far as anybody can know. */
void
_gproc_attachment_replay_keys (GProcAttachment *attachment)
{
  GProcWriter *writer = gproc_stream_get_stdin (attachment->stream);
  g_autoptr (GByteArray) held = g_byte_array_new ();

  _gproc_detach_keys_replay (&get_terminal (attachment)->keys, held);
  if (held->len > 0 && writer != NULL)
    gproc_writer_queue (writer, (const char *) held->data, held->len, NULL);
}

/* When everything has come to its end, and the terminal is the user's again. */
static void
attachment_return (GProcAttachment *attachment)
{
  g_autoptr (GTask) task = attachment->task;
  GProcTerminal *self = get_terminal (attachment);

  if (attachment->cancelled_id != 0)
    g_signal_handler_disconnect (g_task_get_cancellable (task), attachment->cancelled_id);
  clear_source (&attachment->grace);
  if (attachment->end == END_OVER)
    self->keys.n_matched = 0;
  else
    _gproc_attachment_replay_keys (attachment);

  g_clear_pointer (&attachment->mode, _gproc_terminal_mode_leave);
  clear_source (&attachment->signal_source);
  if (attachment->signal_fd >= 0)
    _gproc_terminal_signals_release (attachment->signal_fd);

  self->attachment = NULL;
  self->detached = attachment->end == END_DETACHED;
  _gproc_terminal_notify_attached (self);

  /* It may have ended in the same moment, with output that was not shown. */
  if (attachment->end == END_DETACHED)
    attachment->returncode = GPROC_RETURNCODE_NONE;

  if (attachment->error != NULL)
    g_task_return_error (task, g_steal_pointer (&attachment->error));
  else
    g_task_return_int (task, attachment->returncode);
}

/* Ends what is under way; the first reason counts. */
static void
attachment_end (GProcAttachment *attachment,
                AttachmentEnd    end)
{
  if (attachment->end != END_NONE)
    return;

  attachment->end = end;
  g_cancellable_cancel (attachment->working);
}

/* Takes @error. */
static void
attachment_fail (GProcAttachment *attachment,
                 GError          *error)
{
  /* What was cancelled for another reason has no reason of its own. */
  if (attachment->error == NULL && attachment->end == END_NONE)
    attachment->error = error;
  else
    g_error_free (error);

  attachment_end (attachment, END_FAILED);
}

static gboolean
grace_is_over (gpointer user_data)
{
  GProcAttachment *attachment = user_data;

  /* Where nobody can write any more there is an end, however slowly it is shown. */
  if (!_gproc_stream_is_held (attachment->stream))
    return G_SOURCE_CONTINUE;

  attachment_end (attachment, END_OVER);

  return G_SOURCE_REMOVE;
}

static void
start_grace (GProcAttachment *attachment)
{
  int grace = gproc_stream_get_post_exit_grace (attachment->stream);

  if (grace < 0)
    return;

  attachment->grace = g_timeout_source_new ((guint) grace);
  g_source_set_static_name (attachment->grace, "[gproc] post-exit grace");
  g_source_set_priority (attachment->grace, g_task_get_priority (attachment->task));
  g_source_set_callback (attachment->grace, grace_is_over, attachment, NULL);
  g_source_attach (attachment->grace, g_task_get_context (attachment->task));
}

/* An attachment lasts as long as the process and its outputs; without either, as the input. */
static gboolean
is_over (GProcAttachment *attachment)
{
  if (attachment->waiting || attachment->n_outputs > 0)
    return FALSE;

  return gproc_stream_get_backend (attachment->stream) != NULL || attachment->shows ||
         !attachment->reads;
}

/* Whenever an operation has come to its end. */
static void
attachment_continue (GProcAttachment *attachment)
{
  attachment->n_pending--;

  if (attachment->end == END_NONE && is_over (attachment))
    attachment_end (attachment, END_OVER);
  if (attachment->n_pending == 0)
    attachment_return (attachment);
}

static void
output_ended (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  GProcAttachment *attachment = user_data;
  GError *error = NULL;

  if (!gproc_pump_run_finish (GPROC_PUMP (source), result, &error))
    attachment_fail (attachment, error);

  attachment->n_outputs--;
  attachment_continue (attachment);
}

static void
show_output (GProcAttachment *attachment,
             GProcReader     *reader,
             GProcWriter     *writer)
{
  g_autoptr (GProcPump) pump = NULL;

  if (reader == NULL || writer == NULL || g_input_stream_is_closed (G_INPUT_STREAM (reader)))
    return;

  pump = gproc_pump_new (G_INPUT_STREAM (reader), G_OUTPUT_STREAM (writer));
  gproc_pump_set_propagate_close (pump, FALSE);
  attachment->n_pending++;
  attachment->n_outputs++;
  attachment->shows = TRUE;
  gproc_pump_run_async (pump, g_task_get_priority (attachment->task), attachment->working,
                        output_ended, attachment);
}

static void
process_over (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  GProcAttachment *attachment = user_data;
  GError *error = NULL;
  int returncode = gproc_stream_wait_finish (GPROC_STREAM (source), result, &error);

  attachment->waiting = FALSE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) && attachment->error == NULL)
    attachment->error = g_steal_pointer (&error);

  if (error != NULL)
    {
      attachment_fail (attachment, error);
    }
  else
    {
      /* What it wrote is shown to its end, or as long as the grace allows where others write. */
      attachment->returncode = returncode;
      g_cancellable_cancel (attachment->reading);
      if (attachment->n_outputs > 0 && attachment->end == END_NONE)
        start_grace (attachment);
    }

  attachment_continue (attachment);
}

static void
sync_size (GProcAttachment *attachment)
{
  guint rows, columns;

  if (gproc_stream_get_is_pty (attachment->stream) &&
      gproc_terminal_get_size (get_terminal (attachment), &rows, &columns))
    gproc_stream_resize (attachment->stream, rows, columns, NULL);
}

/* Input that has ended is told to a terminal as a person would tell it: by a key, twice where the
 * line has begun. */
static void
type_end (GProcAttachment *attachment,
          GProcWriter     *writer)
{
  int fd = gproc_stream_get_pty_fd (attachment->stream);
  struct termios modes;
  char keys[2] = { 'D' - '@', 'D' - '@' };
  gssize n_keys = 1;

  if (fd >= 0 && tcgetattr (fd, &modes) == 0 && (modes.c_lflag & ICANON) != 0)
    {
      keys[0] = keys[1] = (char) modes.c_cc[VEOF];
      n_keys = attachment->last_typed == '\n' || attachment->last_typed == '\r' ? 1 : 2;
    }

  gproc_writer_queue (writer, keys, n_keys, NULL);
}

/* The process need not read its input: what comes of that is for its status. */
static void
input_ended (GProcAttachment *attachment)
{
  GProcWriter *writer = gproc_stream_get_stdin (attachment->stream);

  attachment->reads = FALSE;
  _gproc_attachment_replay_keys (attachment);
  if (gproc_writer_can_write_eof (writer))
    gproc_writer_write_eof (writer, NULL);
  else if (gproc_stream_get_is_pty (attachment->stream))
    type_end (attachment, writer);
}

static void
input_drained (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  GProcAttachment *attachment = user_data;
  g_autoptr (GError) error = NULL;

  if (gproc_writer_drain_finish (GPROC_WRITER (source), result, &error))
    read_input (attachment);
  else
    attachment->reads = FALSE;

  attachment_continue (attachment);
}

/* As a terminal does it: of a line what does not fit is dropped, and what ends it is not. */
static gboolean
type_what_fits (GProcWriter  *writer,
                GByteArray   *typed,
                GError      **error)
{
  for (guint i = 0; i < typed->len; i++)
    {
      GError *local_error = NULL;

      if (gproc_writer_queue (writer, (const char *) &typed->data[i], 1, &local_error))
        continue;
      if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
        {
          g_propagate_error (error, local_error);
          return FALSE;
        }
      g_error_free (local_error);
    }

  return TRUE;
}

/* Takes nothing. FALSE if the process takes no more. */
static gboolean
type_input (GProcAttachment  *attachment,
            GByteArray       *typed,
            GError          **error)
{
  GProcWriter *writer = gproc_stream_get_stdin (attachment->stream);
  GError *local_error = NULL;

  if (typed->len == 0)
    return TRUE;

  attachment->last_typed = typed->data[typed->len - 1];
  if (gproc_writer_queue (writer, (const char *) typed->data, typed->len, &local_error))
    return TRUE;

  /* A line that is too long is cut by every terminal; of another source that would be a loss. */
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NO_SPACE) &&
      gproc_terminal_get_is_terminal (get_terminal (attachment)))
    {
      g_clear_error (&local_error);
      if (type_what_fits (writer, typed, &local_error))
        return TRUE;
    }

  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE) ||
      g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    g_error_free (local_error);
  else
    g_propagate_error (error, local_error);

  return FALSE;
}

/* Gives the process what is for it. */
static void
take_input (GProcAttachment *attachment,
            GBytes          *input)
{
  GProcTerminal *self = get_terminal (attachment);
  GProcWriter *writer = gproc_stream_get_stdin (attachment->stream);
  g_autoptr (GByteArray) typed = g_byte_array_new ();
  gsize size, used;
  const guint8 *data = g_bytes_get_data (input, &size);
  gboolean detaches = FALSE;
  GError *error = NULL;

  if (gproc_terminal_get_is_terminal (self))
    {
      detaches = _gproc_detach_keys_filter (&self->keys, data, size, typed, &used);
      if (attachment->mode != NULL)
        _gproc_terminal_mode_apply (attachment->mode);
      sync_size (attachment);
    }
  else
    {
      g_byte_array_append (typed, data, (guint) size);
      used = size;
    }

  if (!type_input (attachment, typed, &error))
    attachment->reads = FALSE;
  if (error != NULL)
    attachment_fail (attachment, error);

  if (detaches)
    {
      /* What was typed behind the keys is for the next attachment. */
      if (used < size)
        {
          g_autoptr (GBytes) rest = g_bytes_new_from_bytes (input, used, size - used);

          gproc_reader_unread (self->input, rest, NULL);
        }
      attachment_end (attachment, END_DETACHED);
    }

  if (attachment->end != END_NONE || !attachment->reads)
    return;

  if (gproc_writer_get_bytes_queued (writer) > gproc_writer_get_high_watermark (writer))
    {
      attachment->n_pending++;
      gproc_writer_drain_async (writer, g_task_get_priority (attachment->task), attachment->reading,
                                input_drained, attachment);
    }
  else
    {
      read_input (attachment);
    }
}

static void
input_read (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  GProcAttachment *attachment = user_data;
  GError *error = NULL;
  g_autoptr (GBytes) input = NULL;

  input = gproc_reader_read_some_finish (GPROC_READER (source), result, &error);
  if (input != NULL)
    {
      take_input (attachment, input);
    }
  else if (error == NULL)
    {
      input_ended (attachment);
    }
  else
    {
      /* That of an input that nobody waits for any more is no failure. */
      attachment->reads = FALSE;
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
          !g_cancellable_is_cancelled (attachment->working))
        g_error_free (error);
      else
        attachment_fail (attachment, error);
    }

  attachment_continue (attachment);
}

static void
read_input (GProcAttachment *attachment)
{
  attachment->n_pending++;
  gproc_reader_read_some_async (get_terminal (attachment)->input, INPUT_SIZE,
                                g_task_get_priority (attachment->task), attachment->reading,
                                input_read, attachment);
}

static gboolean
signal_came (int          fd,
             GIOCondition condition,
             gpointer     user_data)
{
  guint64 count;

  if (read (fd, &count, sizeof count) > 0)
    sync_size (user_data);

  return G_SOURCE_CONTINUE;
}

static gboolean
handle_signals (GProcAttachment  *attachment,
                GError          **error)
{
  attachment->signal_fd = _gproc_terminal_signals_acquire ();
  if (attachment->signal_fd < 0)
    {
      int errsv = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv),
                   _ ("Signals cannot be handled: %s"), g_strerror (errsv));
      return FALSE;
    }

  attachment->signal_source = g_unix_fd_source_new (attachment->signal_fd, G_IO_IN);
  g_source_set_static_name (attachment->signal_source, "[gproc] terminal size");
  g_source_set_priority (attachment->signal_source, g_task_get_priority (attachment->task));
  g_source_set_callback (attachment->signal_source, G_SOURCE_FUNC (signal_came), attachment, NULL);
  g_source_attach (attachment->signal_source, g_task_get_context (attachment->task));

  return TRUE;
}

/* The handlers are there before the terminal is changed. */
static gboolean
prepare_terminal (GProcAttachment  *attachment,
                  GError          **error)
{
  GProcTerminal *self = get_terminal (attachment);

  if (self->handle_signals && !handle_signals (attachment, error))
    return FALSE;

  if (gproc_terminal_get_is_terminal (self) && gproc_stream_get_is_pty (attachment->stream))
    {
      attachment->mode = _gproc_terminal_mode_enter (self->fds[0]);
      if (attachment->mode == NULL)
        {
          int errsv = errno;

          g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv),
                       _ ("The terminal cannot be put into raw mode: %s"), g_strerror (errsv));
          return FALSE;
        }
    }
  sync_size (attachment);

  return TRUE;
}

static void
make_streams (GProcTerminal *self)
{
  if (self->input == NULL && self->fds[0] >= 0)
    self->input = gproc_reader_new_for_fd (self->fds[0], FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      if (self->outputs[i] == NULL && self->fds[i + 1] >= 0)
        self->outputs[i] = gproc_writer_new_for_fd (self->fds[i + 1], FALSE);
    }
}

static void
start (GProcAttachment *attachment)
{
  GProcTerminal *self = get_terminal (attachment);
  GProcStream *stream = attachment->stream;
  GProcWriter *writer = gproc_stream_get_stdin (stream);

  make_streams (self);
  show_output (attachment, gproc_stream_get_stdout (stream), self->outputs[0]);
  show_output (attachment, gproc_stream_get_stderr (stream), self->outputs[1]);

  if (gproc_stream_get_backend (stream) != NULL)
    {
      attachment->n_pending++;
      attachment->waiting = TRUE;
      gproc_stream_wait_async (stream, g_task_get_priority (attachment->task), attachment->working,
                               process_over, attachment);
    }

  attachment->reads = writer != NULL && self->input != NULL &&
                      !g_output_stream_is_closed (G_OUTPUT_STREAM (writer));
  if (attachment->reads)
    read_input (attachment);
}

/* In any thread. */
static void
cancel_other (GCancellable *cancellable,
              gpointer      other)
{
  g_cancellable_cancel (other);
}

/* Takes nothing; the attachment belongs to @task. */
static GProcAttachment *
attachment_new (GTask       *task,
                GProcStream *stream)
{
  GProcAttachment *self = g_new0 (GProcAttachment, 1);

  g_task_set_task_data (task, self, attachment_free);
  self->task = g_object_ref (task);
  self->stream = g_object_ref (stream);
  self->reading = g_cancellable_new ();
  self->working = g_cancellable_new ();
  g_cancellable_connect (self->working, G_CALLBACK (cancel_other), g_object_ref (self->reading),
                         g_object_unref);
  self->signal_fd = -1;
  self->last_typed = '\n';
  self->returncode = GPROC_RETURNCODE_NONE;
  self->n_pending = 1;

  return self;
}

/**
 * gproc_terminal_attach_async:
 * @self: a terminal
 * @stream: the process
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable) (scope async): called at the end, in the thread-default main context
 *   of the caller
 * @user_data: data for @callback
 *
 * Attaches a process: it gets what is typed, and what it writes is shown, until it is over and
 * both of its outputs were shown to their ends. Where another process holds one open it ends
 * [property@GProc.Stream:post-exit-grace] after the exit. Without a process it ends with the
 * outputs of the stream.
 *
 * If input is a terminal and so is that of the process ([property@GProc.Stream:is-pty]), the
 * former is in raw mode meanwhile, and the latter gets its size. However the attachment
 * ends, the terminal is as it was when the callback is called.
 *
 * Where input ends, so does that of the process: a pipe is closed, a terminal gets the key for
 * that, Ctrl-D. The process goes on. In what is typed the keys of
 * [method@GProc.Terminal.set_detach_keys] end the attachment; [method@GProc.Terminal.detach] and a
 * cancellation do so too. Then the process goes on with the stream, from which no byte is
 * lost, and which can be attached again.
 *
 * A process that has its terminal gather lines, as it does at first, gets of a line that is typed
 * or pasted the 4095 bytes that the kernel has room for, and the end of the line.
 *
 * While it is attached nothing else may read from the stream. Output is shown as it comes:
 * where nobody takes it, the process has to wait.
 *
 * Since: 1.0
 */
void
gproc_terminal_attach_async (GProcTerminal       *self,
                             GProcStream         *stream,
                             int                  io_priority,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  GProcAttachment *attachment;

  g_return_if_fail (GPROC_IS_TERMINAL (self));
  g_return_if_fail (GPROC_IS_STREAM (stream));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, gproc_terminal_attach_async);
  g_task_set_name (task, "[gproc] attach");
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);

  if (g_cancellable_is_cancelled (cancellable))
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                               _ ("The attachment was cancelled before it began"));
      return;
    }
  if (self->attachment != NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_PENDING,
                               _ ("A process is attached to the terminal already"));
      return;
    }

  attachment = attachment_new (task, stream);
  self->attachment = attachment;
  self->detached = FALSE;
  _gproc_terminal_notify_attached (self);

  if (!prepare_terminal (attachment, &attachment->error))
    {
      attachment_end (attachment, END_FAILED);
    }
  else
    {
      start (attachment);
      if (cancellable != NULL)
        attachment->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (cancel_other),
                                                          g_object_ref (attachment->working),
                                                          g_object_unref);
    }

  attachment_continue (attachment);
}

/**
 * gproc_terminal_attach_finish:
 * @self: a terminal
 * @result: the result that the callback was given
 * @error: where to put an error
 *
 * Finishes [method@GProc.Terminal.attach_async].
 *
 * Errors: %G_IO_ERROR_PENDING if a process is attached to the terminal already, or the stream is
 * being read; %G_IO_ERROR_CANCELLED; %G_IO_ERROR_TIMED_OUT if the process was stopped because
 * its time was over; %G_IO_ERROR_BROKEN_PIPE if nobody takes the output any more;
 * %G_IO_ERROR_NO_SPACE if input is no terminal, that of the process is one, and a line does not
 * fit; and what reading and writing fail with. The process goes on unless it is over.
 *
 * Returns: the *returncode*: the exit status, or −N where signal N ended the process;
 *   [const@GProc.RETURNCODE_NONE] after a detachment ([property@GProc.Terminal:detached]), where
 *   there is no process or nobody can know how it ended, and on error
 *
 * Since: 1.0
 */
int
gproc_terminal_attach_finish (GProcTerminal  *self,
                              GAsyncResult   *result,
                              GError        **error)
{
  GError *local_error = NULL;
  gssize returncode;

  g_return_val_if_fail (g_task_is_valid (result, self), GPROC_RETURNCODE_NONE);
  g_return_val_if_fail (g_async_result_is_tagged (result, gproc_terminal_attach_async),
                        GPROC_RETURNCODE_NONE);

  returncode = g_task_propagate_int (G_TASK (result), &local_error);
  if (local_error == NULL)
    return (int) returncode;

  g_propagate_error (error, local_error);

  return GPROC_RETURNCODE_NONE;
}

/**
 * gproc_terminal_detach:
 * @self: a terminal
 *
 * Ends the attachment as the keys for that do: the process goes on, and
 * [method@GProc.Terminal.attach_async] completes. Without one this has no effect.
 *
 * Since: 1.0
 */
void
gproc_terminal_detach (GProcTerminal *self)
{
  g_return_if_fail (GPROC_IS_TERMINAL (self));

  if (self->attachment != NULL)
    attachment_end (self->attachment, END_DETACHED);
}

/**
 * gproc_terminal_sync_size:
 * @self: a terminal
 *
 * Gives the terminal of the attached process the size of the user's: for applications that have a
 * handler of `SIGWINCH`, and do without [property@GProc.Terminal:handle-signals]. Without
 * an attachment this has no effect.
 *
 * Since: 1.0
 */
void
gproc_terminal_sync_size (GProcTerminal *self)
{
  g_return_if_fail (GPROC_IS_TERMINAL (self));

  if (self->attachment != NULL)
    sync_size (self->attachment);
}
