/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Streams that keep GIO's rules in the most unpleasant ways. */

typedef enum
{
  GPROC_TEST_HOSTILE_NONE = 0,
  /* Implements the pollable interface (and can_poll is TRUE). */
  GPROC_TEST_HOSTILE_POLLABLE = 1 << 0,
  /* Every operation that could go on at once says would-block first (pollable), or
   * completes only some iterations later. */
  GPROC_TEST_HOSTILE_SLOW = 1 << 1,
  /* Sources say ready when nothing is, a few times for each wait. */
  GPROC_TEST_HOSTILE_SPURIOUS = 1 << 2,
  /* Implements the pollable interface, but can_poll is FALSE. */
  GPROC_TEST_HOSTILE_CANNOT_POLL = 1 << 3
} GProcTestHostility;

typedef struct _GProcTestInput GProcTestInput;
typedef struct _GProcTestOutput GProcTestOutput;

/* What a test reads off: plain counts. */
typedef struct
{
  guint n_blocking;     /* Calls of read_fn or write_fn. */
  guint n_async;        /* Calls of read_async or write_async. */
  guint n_nonblocking;  /* Calls of the pollable interface. */
  guint n_cancelled;    /* Operations that were cancelled. */
  guint n_cancellables; /* Operations that were given a cancellable at all. */
  guint n_flushes;
  guint n_closes;
} GProcTestCounts;

/* @data (nullable) is followed by the end of the stream, unless the stream is to
 * be kept open by gproc_test_input_hold(). */
GInputStream *gproc_test_input_new (GBytes             *data,
                                    GProcTestHostility  hostility);
/* At most that much for each read. */
void gproc_test_input_set_chunk (GInputStream *stream,
                                 gsize         chunk);
/* No read goes across the end of what was pushed so far. */
void gproc_test_input_set_cut (GInputStream *stream);
/* After all data: the error instead of the end. */
void gproc_test_input_set_error (GInputStream *stream,
                                 int           code);
void gproc_test_input_set_close_error (GInputStream *stream,
                                       int           code);
/* Not ended after its data: more may be pushed, from any thread. */
void gproc_test_input_hold (GInputStream *stream);
void gproc_test_input_push (GInputStream *stream,
                            const char   *data,
                            gssize        size);
void gproc_test_input_end (GInputStream *stream);
/* Runs @func the next time the stream is asked for anything, once, in the middle of that. */
void gproc_test_input_set_hook (GInputStream *stream,
                                GFunc         func,
                                gpointer      user_data);
/* How much was taken. */
gsize gproc_test_input_get_position (GInputStream *stream);
GProcTestCounts gproc_test_input_get_counts (GInputStream *stream);
/* Whether an asynchronous read is under way. */
gboolean gproc_test_input_is_reading (GInputStream *stream);

GOutputStream *gproc_test_output_new (GProcTestHostility hostility);
void gproc_test_output_set_chunk (GOutputStream *stream,
                                  gsize          chunk);
/* The error instead of any byte behind the first @after. */
void gproc_test_output_set_error (GOutputStream *stream,
                                  gsize          after,
                                  int            code);
void gproc_test_output_set_flush_error (GOutputStream *stream,
                                        int            code);
void gproc_test_output_set_close_error (GOutputStream *stream,
                                        int            code);
/* While it holds, nothing is taken: may be changed in any thread. */
void gproc_test_output_hold (GOutputStream *stream,
                             gboolean       hold);
/* What was written, as it is now. */
GBytes *gproc_test_output_get_bytes (GOutputStream *stream);
GProcTestCounts gproc_test_output_get_counts (GOutputStream *stream);

G_END_DECLS
