/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-select.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <poll.h>

#include "streams/gproc-reader-private.h"
#include "streams/gproc-writer-private.h"

/* What one stream is polled for: its place among the descriptors, or that it is ready. */
typedef struct
{
  struct pollfd *polled;
  nfds_t n_polled;
  gboolean any_ready;
} Selection;

static gboolean
add_stream (Selection  *selection,
            int         fd,
            short       events,
            gboolean    ready,
            GError    **error)
{
  struct pollfd *polled = &selection->polled[selection->n_polled++];

  polled->fd = ready ? -1 : fd;
  polled->events = events;
  polled->revents = ready ? events : 0;
  selection->any_ready |= ready;

  if (ready || fd >= 0)
    return TRUE;

  g_set_error_literal (
    error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
    _ ("A stream without a file descriptor cannot be waited for without a main loop"));

  return FALSE;
}

/* A poll that keeps what was marked as ready beforehand. */
static gboolean
wait_for_any (Selection     *selection,
              gint64         deadline,
              GCancellable  *cancellable,
              GError       **error)
{
  GPollFD cancel_fd;
  gboolean has_cancel_fd = cancellable != NULL &&
                           g_cancellable_make_pollfd (cancellable, &cancel_fd);
  struct pollfd *last = &selection->polled[selection->n_polled];
  g_autofree short *marked = g_new (short, selection->n_polled + 1);
  int result;

  *last = (struct pollfd){ .fd = has_cancel_fd ? cancel_fd.fd : -1, .events = POLLIN };
  for (nfds_t i = 0; i < selection->n_polled; i++)
    marked[i] = selection->polled[i].revents;

  do
    {
      gint64 remaining = deadline < 0 ? -1
                                      : MAX (0, (deadline - g_get_monotonic_time () + 999) / 1000);

      result = poll (selection->polled, selection->n_polled + 1,
                     selection->any_ready ? 0 : (int) MIN (remaining, G_MAXINT));
    }
  while (result < 0 && errno == EINTR);

  for (nfds_t i = 0; i < selection->n_polled; i++)
    selection->polled[i].revents |= marked[i];
  if (has_cancel_fd)
    g_cancellable_release_fd (cancellable);

  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

/* What is behind a reader may keep bytes of its own. */
static gboolean
base_is_ready (GProcReader *reader)
{
  GInputStream *base = gproc_reader_get_base_stream (reader);

  return base != NULL && G_IS_POLLABLE_INPUT_STREAM (base) &&
         g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (base)) &&
         g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (base));
}

static gboolean
reader_is_ready (GProcReader *reader)
{
  return gproc_reader_get_buffered (reader) > 0 || _gproc_reader_has_ended (reader) ||
         base_is_ready (reader);
}

/* A descriptor that is ready may bring nothing for the one reader, where others share what it
 * is of. Whether anything is left that is ready. */
static gboolean
confirm (Selection    *selection,
         GProcReader **readers,
         gsize         n_readers)
{
  gboolean any = FALSE;

  for (gsize i = 0; i < n_readers; i++)
    if (selection->polled[i].revents != 0 && gproc_reader_get_base_stream (readers[i]) != NULL &&
        !reader_is_ready (readers[i]))
      selection->polled[i].revents = 0;

  for (nfds_t i = 0; i < selection->n_polled; i++)
    any |= selection->polled[i].revents != 0;

  return any;
}

static gboolean
writer_is_ready (GProcWriter *writer)
{
  GProcWriteQueueState state = _gproc_write_queue_get_state (_gproc_writer_get_queue (writer));

  return !state.open || state.broken;
}

static gboolean
collect (Selection    *selection,
         GProcReader **readers,
         gsize         n_readers,
         GProcWriter **writers,
         gsize         n_writers,
         GError      **error)
{
  for (gsize i = 0; i < n_readers; i++)
    if (!add_stream (selection, gproc_reader_get_fd (readers[i]), POLLIN,
                     reader_is_ready (readers[i]), error))
      return FALSE;

  for (gsize i = 0; i < n_writers; i++)
    if (!add_stream (selection, gproc_writer_get_fd (writers[i]), POLLOUT,
                     writer_is_ready (writers[i]), error))
      return FALSE;

  return TRUE;
}

/**
 * gproc_select:
 * @readers: (array length=n_readers) (nullable): readers to wait for
 * @n_readers: the length of @readers
 * @writers: (array length=n_writers) (nullable): writers to wait for
 * @n_writers: the length of @writers
 * @timeout_ms: how long to wait, in milliseconds; −1 for ever
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Waits, without a main loop, until at least one of several streams is ready: a reader
 * has something in its buffer or could read without blocking, or has come to its end; a
 * writer could write, or has failed.
 *
 * A reader of a [class@GProc.Demuxer] is ready when something has come for that one, not
 * for the other.
 *
 * What is queued in @writers is not written meanwhile: use
 * [method@GProc.Writer.try_flush] on those that are ready.
 *
 * Errors: %G_IO_ERROR_CANCELLED, and %G_IO_ERROR_NOT_SUPPORTED for a stream that has neither
 * a file descriptor nor anything in its buffer.
 *
 * Returns: (transfer container) (element-type GObject): the readers and then
 *   the writers that are ready, none if the time is over; %NULL with @error set
 *
 * Since: 1.0
 */
GPtrArray *
gproc_select (GProcReader  **readers,
              gsize          n_readers,
              GProcWriter  **writers,
              gsize          n_writers,
              int            timeout_ms,
              GCancellable  *cancellable,
              GError       **error)
{
  g_autofree struct pollfd *polled = g_new0 (struct pollfd, n_readers + n_writers + 1);
  Selection selection = { .polled = polled };
  gint64 deadline = timeout_ms < 0 ? -1 : g_get_monotonic_time () + (gint64) timeout_ms * 1000;
  GPtrArray *ready;

  g_return_val_if_fail (readers != NULL || n_readers == 0, NULL);
  g_return_val_if_fail (writers != NULL || n_writers == 0, NULL);
  for (gsize i = 0; i < n_readers; i++)
    g_return_val_if_fail (GPROC_IS_READER (readers[i]), NULL);
  for (gsize i = 0; i < n_writers; i++)
    g_return_val_if_fail (GPROC_IS_WRITER (writers[i]), NULL);

  if (!collect (&selection, readers, n_readers, writers, n_writers, error))
    return NULL;

  do
    if (!wait_for_any (&selection, deadline, cancellable, error))
      return NULL;
  while (!confirm (&selection, readers, n_readers) &&
         (deadline < 0 || g_get_monotonic_time () < deadline));

  ready = g_ptr_array_new ();
  for (gsize i = 0; i < n_readers; i++)
    if (polled[i].revents != 0)
      g_ptr_array_add (ready, readers[i]);
  for (gsize i = 0; i < n_writers; i++)
    if (polled[n_readers + i].revents != 0)
      g_ptr_array_add (ready, writers[i]);

  return ready;
}
