/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* pair by=ours|gio|raw source=KIND target=KIND bytes=N …: from one descriptor to another, with
 * a process at the other side of each that is not a file. See bench-ends.c and bench-move.c
 * for the other parameters. */

#include "config.h"

#include "bench-common.h"

#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <gprocstream/gprocstream.h>
#include <unistd.h>

#include "bench-ends.h"

static void
await (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

/* The streams own their descriptors, as those of a process do: what is borrowed is left as it
 * is, blocking too. */
static void
move_ours (BenchEnd *source,
           BenchEnd *target)
{
  g_autoptr (GProcReader) reader = gproc_reader_new_for_fd (dup (source->fd), TRUE);
  g_autoptr (GProcWriter) writer = gproc_writer_new_for_fd (dup (target->fd), TRUE);
  g_autoptr (GProcPump) pump = gproc_pump_new (G_INPUT_STREAM (reader), G_OUTPUT_STREAM (writer));
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  gproc_pump_set_propagate_close (pump, FALSE);
  gproc_pump_run_async (pump, G_PRIORITY_DEFAULT, NULL, bench_done, &result);
  await (&result);
  if (!gproc_pump_run_finish (pump, result, &error))
    g_error ("pump: %s", error->message);
}

static gboolean
is_socket (BenchEnd *end)
{
  return g_str_equal (end->kind, "unix") || g_str_equal (end->kind, "tcp");
}

/* As GIO's own users have a socket: not as a descriptor. */
static GSocketConnection *
connection (BenchEnd *end)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (dup (end->fd), NULL);

  g_assert_nonnull (socket);

  return g_socket_connection_factory_create_connection (socket);
}

static void
move_gio (BenchEnd *source,
          BenchEnd *target)
{
  g_autoptr (GSocketConnection) from = is_socket (source) ? connection (source) : NULL;
  g_autoptr (GSocketConnection) to = is_socket (target) ? connection (target) : NULL;
  g_autoptr (GInputStream) input = NULL;
  g_autoptr (GOutputStream) output = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  input = from != NULL ? g_object_ref (g_io_stream_get_input_stream (G_IO_STREAM (from)))
                       : g_unix_input_stream_new (source->fd, FALSE);
  output = to != NULL ? g_object_ref (g_io_stream_get_output_stream (G_IO_STREAM (to)))
                      : g_unix_output_stream_new (target->fd, FALSE);
  g_output_stream_splice_async (output, input, G_OUTPUT_STREAM_SPLICE_NONE, G_PRIORITY_DEFAULT,
                                NULL, bench_done, &result);
  await (&result);
  /* A terminal ends with an error: nobody has its slave any more. That all went through is
   * seen by the process at the other side. */
  if (g_output_stream_splice_finish (output, result, &error) < 0 &&
      !g_str_equal (source->kind, "pty"))
    g_error ("g_output_stream_splice: %s", error->message);
}

void
bench_pair (void)
{
  BenchEnd source = { 0 }, target = { 0 };
  BenchClock clock;

  /* Emptying a file that is there takes its time. */
  bench_open_target (&target);
  bench_start (&clock);
  bench_open_source (&source);
  if (bench_is ("by", "ours"))
    move_ours (&source, &target);
  else if (bench_is ("by", "gio"))
    move_gio (&source, &target);
  else
    bench_move_raw (&source, &target);
  bench_close_ends (&source, &target);
  bench_stop (&clock);
}
