/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-read-op-private.h"

#include <glib/gi18n-lib.h>

static void read_ops_ready (GProcWatch   *watch,
                            GIOCondition  condition);

void
_gproc_read_ops_init (GProcReadOps *self,
                      GProcReader  *reader)
{
  self->reader = reader;
  g_mutex_init (&self->lock);
  _gproc_wait_init (&self->wait, read_ops_ready);
}

void
_gproc_read_ops_clear (GProcReadOps *self)
{
  _gproc_wait_clear (&self->wait);
  g_clear_pointer (&self->poller, _gproc_poller_release);
  g_mutex_clear (&self->lock);
}

static void
set_closed (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The stream was closed"));
}

static gboolean
read_ops_timed_out (gpointer user_data)
{
  GProcReadOps *self = user_data;

  /* If it does not wait it goes on anyway, and looks at the time. */
  _gproc_watch_wake (&self->wait.watch);

  return G_SOURCE_REMOVE;
}

/* The source runs and ends in the thread of the operation, whose reader outlives it. */
static void
read_ops_add_timeout (GProcReadOps *self,
                      gint64        deadline)
{
  gint64 left = MAX (deadline - g_get_monotonic_time (), 0);

  self->timeout = g_timeout_source_new ((guint) MIN ((left + 999) / 1000, G_MAXUINT));
  g_source_set_static_name (self->timeout, "GProcReader timeout");
  g_source_set_priority (self->timeout, _gproc_poller_get_priority (self->poller));
  g_source_set_callback (self->timeout, read_ops_timed_out, self, NULL);
  g_source_attach (self->timeout, _gproc_poller_get_context (self->poller));
}

static void
read_ops_drop_timeout (GProcReadOps *self)
{
  if (self->timeout == NULL)
    return;

  g_source_destroy (self->timeout);
  g_clear_pointer (&self->timeout, g_source_unref);
}

/* Takes @error. The callback may begin the next operation, or drop the reader. Without
 * the lock. */
static void
read_op_complete (GProcReadOps *self,
                  GError       *error)
{
  GProcReadCore *core = _gproc_reader_get_core (self->reader);
  GProcReader *reader = self->reader;
  GProcReaderFunc shut_func;
  GProcReadResult *op;

  g_mutex_lock (&self->lock);
  op = g_steal_pointer (&self->op);
  shut_func = g_steal_pointer (&self->shut_func);
  g_mutex_unlock (&self->lock);

  _gproc_wait_finish (&self->wait);
  read_ops_drop_timeout (self);
  _gproc_buffer_trim (&core->buffer);
  if (op->own_pending)
    g_input_stream_clear_pending (G_INPUT_STREAM (reader));
  _gproc_reader_check_ended (reader);

  _gproc_read_result_return (op, error);
  if (shut_func != NULL)
    shut_func (reader, self->shut_data);
  _gproc_read_result_release (op);
}

/* Goes on as far as it can without waiting; then waits. TRUE if the operation is over.
 * Called with the lock. */
static gboolean
read_op_advance (GProcReadOps  *self,
                 GError       **error)
{
  GProcReadResult *op = self->op;
  GProcReadCore *core = _gproc_reader_get_core (self->reader);
  gboolean is_late = _gproc_read_request_is_late (&op->request);
  GProcFill fill;

  if (_gproc_read_step (core, &op->request, error))
    return TRUE;

  /* One read, and what it brought has been looked at before there is any wait. */
  fill = _gproc_read_core_fill (core, &op->request, FALSE, NULL, NULL, error);
  if (fill == GPROC_FILL_FAILED ||
      (fill != GPROC_FILL_WAIT && _gproc_read_step (core, &op->request, error)))
    return TRUE;

  /* What had come when the time was over decides. */
  if (is_late)
    {
      _gproc_read_step_last (core, &op->request, error);
      return TRUE;
    }

  if (fill == GPROC_FILL_PROGRESS)
    {
      _gproc_wait_post_soon (&self->wait, self->poller);
      return FALSE;
    }

  _gproc_wait_set_cancellable (&self->wait, op->cancellable);
  _gproc_input_wait (&core->input, &self->wait, self->poller, G_OBJECT (self->reader),
                     _gproc_read_core_wanted (core, &op->request));

  return FALSE;
}

static gboolean
read_op_continue (GProcReadOps  *self,
                  GError       **error)
{
  GProcReadCore *core = _gproc_reader_get_core (self->reader);
  GProcReadResult *op = self->op;

  if (op == NULL)
    return FALSE;

  /* What was read straight into the caller's memory has to be told. */
  if (op->request.n > 0)
    return TRUE;

  if (self->shut || !_gproc_input_is_open (&core->input))
    {
      set_closed (error);
      return TRUE;
    }

  return g_cancellable_set_error_if_cancelled (op->cancellable, error) ||
         read_op_advance (self, error);
}

static void
read_ops_ready (GProcWatch   *watch,
                GIOCondition  condition)
{
  GProcReadOps *self = (GProcReadOps *) watch;
  GError *error = NULL;
  gboolean over;

  g_mutex_lock (&self->lock);
  over = read_op_continue (self, &error);
  g_mutex_unlock (&self->lock);

  if (over)
    read_op_complete (self, error);
}

/* The poller for the caller's context: most often that of the operation before. */
static void
read_ops_set_poller (GProcReadOps *self,
                     int           priority)
{
  GMainContext *context = g_main_context_get_thread_default ();

  if (self->poller != NULL && _gproc_poller_matches (self->poller, context, priority))
    return;

  g_clear_pointer (&self->poller, _gproc_poller_release);
  self->poller = _gproc_poller_acquire (context, priority);
}

static gboolean
asks_for_nothing (GProcReadRequest *request)
{
  switch (request->kind)
    {
    case GPROC_READ_SOME:
    case GPROC_READ_EXACTLY:
    case GPROC_READ_FILL:
    case GPROC_READ_PLAIN:
    case GPROC_READ_SKIP:
      return request->count == 0;
    case GPROC_READ_LINE:
    case GPROC_READ_LINE_UTF8:
    case GPROC_READ_LINES:
    case GPROC_READ_UNTIL:
    case GPROC_READ_TO_END:
    case GPROC_READ_EXPECT:
    default:
      return FALSE;
    }
}

/* Begins to wait. Nothing completes inside the call that started the operation, and
 * nothing is taken before its completion: it can still be cancelled. */
static void
read_op_begin (GProcReadOps *self)
{
  GProcReadCore *core = _gproc_reader_get_core (self->reader);
  GProcReadResult *op = self->op;
  g_autoptr (GError) error = NULL;
  int fd;

  if (self->shut || !_gproc_input_is_open (&core->input) || core->eof || core->error != NULL ||
      _gproc_buffer_length (&core->buffer) > 0 || asks_for_nothing (&op->request) ||
      g_cancellable_is_cancelled (op->cancellable))
    {
      _gproc_wait_post_soon (&self->wait, self->poller);
      return;
    }

  _gproc_wait_set_cancellable (&self->wait, op->cancellable);

  /* Where the descriptor is watched already the look whether there is anything comes for free
   * with the next iteration. Of one that sends much there most likely is: it is read, without
   * that look, once the caller had time to let go of what it got before, whose memory is
   * still in the cache. */
  fd = core->input.descriptor != NULL ? _gproc_input_get_fd (&core->input) : -1;
  if (fd >= 0 && core->bulk == 0 &&
      _gproc_wait_again_for_fd (&self->wait, self->poller, fd, G_IO_IN))
    return;

  if (core->bulk > 0)
    _gproc_wait_post_soon (&self->wait, self->poller);
  else if (_gproc_read_core_fill (core, &op->request, FALSE, NULL, NULL, &error) == GPROC_FILL_WAIT)
    _gproc_input_wait (&core->input, &self->wait, self->poller, G_OBJECT (self->reader),
                       _gproc_read_core_wanted (core, &op->request));
  else
    _gproc_wait_post_soon (&self->wait, self->poller);
}

void
_gproc_read_op_start (GProcReadResult *op,
                      int              priority,
                      gboolean         own_pending)
{
  GProcReadOps *self = _gproc_reader_get_ops (op->reader);
  GError *error = NULL;

  if (own_pending && !g_input_stream_set_pending (G_INPUT_STREAM (op->reader), &error))
    {
      _gproc_read_result_return_later (op, priority, error);
      return;
    }

  op->own_pending = own_pending;

  g_mutex_lock (&self->lock);
  self->op = op;
  read_ops_set_poller (self, priority);
  _gproc_read_core_begin (_gproc_reader_get_core (op->reader), &op->request);
  if (op->request.deadline > 0)
    read_ops_add_timeout (self, op->request.deadline);
  read_op_begin (self);
  g_mutex_unlock (&self->lock);
}

gboolean
_gproc_read_ops_close_input (GProcReadOps  *self,
                             GError       **error)
{
  gboolean success;

  g_mutex_lock (&self->lock);
  if (_gproc_wait_clear (&self->wait))
    _gproc_wait_post (&self->wait, self->poller);
  if (self->guest != NULL)
    self->guest->closing (self->guest);
  success = _gproc_input_close (&_gproc_reader_get_core (self->reader)->input, error);
  g_mutex_unlock (&self->lock);

  return success;
}

void
_gproc_read_ops_enter (GProcReadOps *self,
                       GProcGuest   *guest)
{
  g_mutex_lock (&self->lock);
  self->guest = guest;
  if (self->shut)
    guest->closing (guest);
  g_mutex_unlock (&self->lock);
}

void
_gproc_read_ops_leave (GProcReadOps *self)
{
  GProcReaderFunc shut_func;

  g_mutex_lock (&self->lock);
  self->guest = NULL;
  shut_func = g_steal_pointer (&self->shut_func);
  g_mutex_unlock (&self->lock);

  if (shut_func != NULL)
    shut_func (self->reader, self->shut_data);
}

void
_gproc_read_ops_unmark (GProcReadOps *self)
{
  g_mutex_lock (&self->lock);
  if (self->guest != NULL)
    self->guest->unmarked = TRUE;
  g_mutex_unlock (&self->lock);
}

void
_gproc_read_ops_shut (GProcReadOps    *self,
                      GProcReaderFunc  func,
                      gpointer         user_data)
{
  gboolean idle;

  g_mutex_lock (&self->lock);
  self->shut = TRUE;
  idle = self->op == NULL && self->guest == NULL;
  if (!idle)
    {
      self->shut_func = func;
      self->shut_data = user_data;
    }
  if (self->op != NULL)
    _gproc_wait_post (&self->wait, self->poller);
  if (self->guest != NULL)
    self->guest->closing (self->guest);
  g_mutex_unlock (&self->lock);

  if (idle && func != NULL)
    func (self->reader, user_data);
}

/* Serves a request, waiting as @blocking says. */
static gboolean
read_op_serve (GProcReader       *reader,
               GProcReadRequest  *request,
               gboolean           blocking,
               GCancellable      *cancellable,
               GError           **error)
{
  GProcReadCore *core = _gproc_reader_get_core (reader);
  GError *local_error = NULL;
  GProcFill fill;

  _gproc_read_core_begin (core, request);
  if (!_gproc_input_is_open (&core->input))
    set_closed (&local_error);
  else if (blocking)
    g_cancellable_set_error_if_cancelled (cancellable, &local_error);

  while (local_error == NULL && !_gproc_read_step (core, request, &local_error))
    {
      gboolean is_late = _gproc_read_request_is_late (request);

      core->input.deadline = request->deadline;
      fill = _gproc_read_core_fill (core, request, blocking && !is_late,
                                    _gproc_reader_get_queue (reader), cancellable, &local_error);
      core->input.deadline = 0;

      if (is_late && fill != GPROC_FILL_FAILED)
        {
          _gproc_read_step_last (core, request, &local_error);
          break;
        }
      /* When a read that may block would do so its time is over. */
      if (fill == GPROC_FILL_WAIT && !blocking)
        g_set_error_literal (&local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                             _ ("There is nothing to read yet"));
    }

  if (request->kind == GPROC_READ_EXPECT && !blocking &&
      g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    _gproc_read_core_keep_expect (core, request);

  _gproc_buffer_trim (&core->buffer);
  _gproc_reader_check_ended (reader);

  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, local_error);

  return FALSE;
}

gboolean
_gproc_read_op_run (GProcReader       *reader,
                    GProcReadRequest  *request,
                    GCancellable      *cancellable,
                    GError           **error)
{
  return read_op_serve (reader, request, TRUE, cancellable, error);
}

gboolean
_gproc_read_op_try (GProcReader       *reader,
                    GProcReadRequest  *request,
                    gboolean           own_pending,
                    GError           **error)
{
  GInputStream *stream = G_INPUT_STREAM (reader);
  GProcReadOps *ops = _gproc_reader_get_ops (reader);
  gboolean success;

  if (own_pending && !g_input_stream_set_pending (stream, error))
    return FALSE;

  /* GIO's non-blocking functions know no pending mark, but a request under way has its place
   * in the buffer, and a guest has bytes in hand that come first. */
  if (!own_pending && (ops->op != NULL || ops->guest != NULL))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                           _ ("Stream has outstanding operation"));
      return FALSE;
    }

  success = read_op_serve (reader, request, FALSE, NULL, error);
  if (own_pending)
    g_input_stream_clear_pending (stream);

  return success;
}
