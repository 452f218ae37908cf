/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gprocstream/gprocstream.h>

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>

#include "gproc-test-ends.h"
#include "gproc-test-streams.h"
#include "gproc-test.h"

/* Streams on the ends of a transfer. */

typedef enum
{
  WRAP_OURS,    /* A reader or writer on the descriptor. */
  WRAP_FOREIGN, /* GIO's own stream for it. */
  WRAP_STACKED, /* A reader or writer on GIO's own stream. */
  N_WRAPS
} Wrap;

/* A pair of ends. */
typedef struct
{
  GProcTestKind from;
  GProcTestKind to;
  Wrap from_wrap;
  Wrap to_wrap;
} Pair;

/* A terminal that blocks and is somebody else's takes a byte at a time, see gproc-descriptor.c
 * and gproc-output.c. */
static inline gboolean
takes_single_bytes (const Pair *pair)
{
  return (pair->to == GPROC_TEST_PTMX && pair->to_wrap != WRAP_OURS) ||
         (pair->to == GPROC_TEST_PTY && pair->to_wrap == WRAP_STACKED);
}

static inline const char *
wrap_name (Wrap wrap)
{
  static const char * const names[] = { "ours", "foreign", "stacked" };

  return names[wrap];
}

static inline GSocketConnection *
connection_new (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);

  return g_socket_connection_factory_create_connection (socket);
}

static inline GInputStream *
foreign_input_new (GProcTestEnd *end)
{
  if (end->kind == GPROC_TEST_FILE)
    {
      g_autoptr (GFile) file = g_file_new_for_path (end->path);
      g_autoptr (GError) error = NULL;
      GFileInputStream *stream = g_file_read (file, NULL, &error);

      g_assert_no_error (error);
      gproc_test_close (&end->fd);
      return G_INPUT_STREAM (stream);
    }

  if (end->kind == GPROC_TEST_SOCKET || end->kind == GPROC_TEST_TCP)
    {
      end->owner = G_OBJECT (connection_new (gproc_test_end_take (end)));
      return g_object_ref (g_io_stream_get_input_stream (G_IO_STREAM (end->owner)));
    }

  return g_unix_input_stream_new (gproc_test_end_take (end), TRUE);
}

static inline GOutputStream *
foreign_output_new (GProcTestEnd *end)
{
  if (end->kind == GPROC_TEST_FILE)
    {
      g_autoptr (GFile) file = g_file_new_for_path (end->path);
      g_autoptr (GError) error = NULL;
      GFileOutputStream *stream = g_file_append_to (file, G_FILE_CREATE_NONE, NULL, &error);

      g_assert_no_error (error);
      gproc_test_close (&end->fd);
      return G_OUTPUT_STREAM (stream);
    }

  if (end->kind == GPROC_TEST_SOCKET || end->kind == GPROC_TEST_TCP)
    {
      end->owner = G_OBJECT (connection_new (gproc_test_end_take (end)));
      return g_object_ref (g_io_stream_get_output_stream (G_IO_STREAM (end->owner)));
    }

  return g_unix_output_stream_new (gproc_test_end_take (end), TRUE);
}

static inline GInputStream *
source_stream (GProcTestEnd *end,
               Wrap          wrap)
{
  g_autoptr (GInputStream) foreign = NULL;

  if (wrap == WRAP_OURS)
    return gproc_test_track (gproc_reader_new_for_fd (gproc_test_end_take (end), TRUE));

  foreign = foreign_input_new (end);
  if (wrap == WRAP_FOREIGN)
    return gproc_test_track (g_steal_pointer (&foreign));

  return gproc_test_track (gproc_reader_new (foreign));
}

static inline GOutputStream *
target_stream (GProcTestEnd *end,
               Wrap          wrap)
{
  g_autoptr (GOutputStream) foreign = NULL;

  if (wrap == WRAP_OURS)
    return gproc_test_track (gproc_writer_new_for_fd (gproc_test_end_take (end), TRUE));

  foreign = foreign_output_new (end);
  if (wrap == WRAP_FOREIGN)
    return gproc_test_track (g_steal_pointer (&foreign));

  return gproc_test_track (gproc_writer_new (foreign));
}

/* The number of bytes of each transfer that is tried. */
static inline gsize
transfer_size (guint index)
{
  const gsize sizes[] = { 0, 1, 4095, 64 * 1024 + 1, gproc_test_scale (3 * 1024 * 1024) };

  return index < G_N_ELEMENTS (sizes) ? sizes[index] : G_MAXSIZE;
}

static inline GBytes *
join_bytes (GBytes *first,
            GBytes *second)
{
  GByteArray *array = g_byte_array_new ();

  g_byte_array_append (array, g_bytes_get_data (first, NULL), (guint) g_bytes_get_size (first));
  g_byte_array_append (array, g_bytes_get_data (second, NULL), (guint) g_bytes_get_size (second));

  return g_byte_array_free_to_bytes (array);
}

static inline gboolean
run_pump (GProcPump     *pump,
          GCancellable  *cancellable,
          GError       **error)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  gproc_pump_run_async (pump, G_PRIORITY_DEFAULT, cancellable, gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);
  gproc_test_call_wait (&call);
  g_assert_true (call.source == (GObject *) pump);

  return gproc_pump_run_finish (pump, call.result, error);
}

static inline void
assert_pump_runs (GProcPump *pump)
{
  g_autoptr (GError) error = NULL;
  gboolean success = run_pump (pump, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (success);
}

static inline GProcPump *
pump_new (GInputStream  *source,
          GOutputStream *target)
{
  return gproc_test_track (gproc_pump_new (source, target));
}

static inline void
close_output (GOutputStream *stream)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_close (stream, NULL, &error);
  g_assert_no_error (error);
}
