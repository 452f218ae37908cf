/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-transfer.h"

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "gproc-test-process.h"

/* Transfers that are longer than any memory there is: what they use in the middle is what they use
 * in the end. */

/* Room for the buffer of 256 KiB where bytes are copied, which stays as a spare one, for what a
 * main loop, the messages of a test and the pages of a heap come to. */
#define HEAP_SLACK (512 * 1024)
#define RESIDENT_SLACK (2 * 1024 * 1024)

#define TOTAL ((gsize) 4 * 1024 * 1024 * 1024)

typedef struct
{
  gsize heap;
  gsize resident;
} Memory;

static Memory
measure (void)
{
  Memory memory = { 0 };
  gulong size = 0, resident = 0;
  FILE *file = fopen ("/proc/self/statm", "re");

  g_assert_nonnull (file);
  g_assert_cmpint (fscanf (file, "%lu %lu", &size, &resident), ==, 2);
  fclose (file);
  memory.resident = resident * (gsize) sysconf (_SC_PAGESIZE);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
  memory.heap = mallinfo2 ().uordblks + mallinfo2 ().hblkhd;
#endif

  return memory;
}

static void
assert_no_growth (Memory middle,
                  Memory end)
{
  g_test_message ("in the middle %" G_GSIZE_FORMAT " bytes of heap, %" G_GSIZE_FORMAT
                  " resident; in the end %" G_GSIZE_FORMAT " and %" G_GSIZE_FORMAT,
                  middle.heap, middle.resident, end.heap, end.resident);
  g_assert_cmpuint (end.heap, <=, middle.heap + HEAP_SLACK);
  /* The runtime of a sanitizer keeps what was freed for a while. */
  if (!gproc_test_is_slow ())
    g_assert_cmpuint (end.resident, <=, middle.resident + RESIDENT_SLACK);
}

/* A process that says a lot, and one that takes it and says in the end how much it was. */
typedef struct
{
  gsize size;
  GProcStream *producer;
  GProcStream *consumer;
} Long;

static void
long_init (Long *self)
{
  g_autofree char *size = NULL;

  self->size = gproc_test_scale (TOTAL) / (gproc_test_is_slow () ? 8 : 1);
  size = g_strdup_printf ("%" G_GSIZE_FORMAT, self->size);
  self->producer = spawn (GPROC_STREAM_FLAGS_NONE, "flood-stdout", size);
  self->consumer = gproc_stream_newv ((const char *[]){ "wc", "-c", NULL }, GPROC_STREAM_FLAGS_NONE,
                                      NULL);
  g_assert_nonnull (self->consumer);
  gproc_test_track (self->consumer);
}

static void
long_clear (Long *self)
{
  g_clear_object (&self->producer);
  g_clear_object (&self->consumer);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Long, long_clear)

static void
long_assert_count (Long       *self,
                   const char *line)
{
  g_autofree char *expected = g_strdup_printf ("%" G_GSIZE_FORMAT, self->size);

  g_assert_cmpstr (line, ==, expected);
  g_assert_cmpuint (gproc_writer_get_bytes_written (gproc_stream_get_stdin (self->consumer)), ==,
                    self->size);
}

/* Waits until that much has come through, and says what memory is used by then. */
static Memory
measure_at (Long  *self,
            gsize  size)
{
  GProcWriter *writer = gproc_stream_get_stdin (self->consumer);

  gproc_test_wait_for (gproc_writer_get_bytes_written (writer) >= size);

  return measure ();
}

static void
test_pump (void)
{
  g_auto (Long) processes = { 0 };
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcPump) pump = NULL;
  g_autofree char *line = NULL;
  g_autoptr (GError) error = NULL;
  Memory middle;

  long_init (&processes);
  pump = pump_new (G_INPUT_STREAM (gproc_stream_get_stdout (processes.producer)),
                   G_OUTPUT_STREAM (gproc_stream_get_stdin (processes.consumer)));
  gproc_pump_run_async (pump, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
  middle = measure_at (&processes, processes.size / 2);
  g_assert_true (gproc_pump_run_finish (pump, gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);
  assert_no_growth (middle, measure ());
  g_assert_cmpuint (gproc_pump_get_bytes_transferred (pump), ==, processes.size);
  line = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (processes.consumer), NULL, &error);
  g_assert_no_error (error);
  long_assert_count (&processes, line);
}

/* There, and what the consumer says back to the producer, which does not read it: its pipe holds
 * that. */
static void
test_splice (void)
{
  g_auto (Long) processes = { 0 };
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  Memory middle;

  long_init (&processes);
  gproc_stream_splice_async (processes.consumer, G_IO_STREAM (processes.producer),
                             G_IO_STREAM_SPLICE_WAIT_FOR_BOTH, G_PRIORITY_DEFAULT, NULL,
                             gproc_test_call_done, &call);
  middle = measure_at (&processes, processes.size / 2);
  /* The producer may be gone before the consumer has said how much it was. */
  if (!gproc_stream_splice_finish (processes.consumer, gproc_test_call_wait (&call), &error))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  assert_no_growth (middle, measure ());
  g_assert_cmpuint (gproc_writer_get_bytes_written (gproc_stream_get_stdin (processes.consumer)),
                    ==, processes.size);
  g_assert_cmpuint (gproc_reader_get_bytes_read (gproc_stream_get_stdout (processes.producer)), ==,
                    processes.size);
}

int
main (int    argc,
      char **argv)
{
  gproc_test_init (&argc, &argv);

  gproc_test_add ("/gproc/transfer-long/pump", test_pump);
  gproc_test_add ("/gproc/transfer-long/splice", test_splice);

  return gproc_test_run ();
}
