/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test.h"

#include <gprocstream/gprocstream.h>

#include <string.h>

/* What the callback of an asynchronous read gets: any GAsyncResult, not a GTask. */

static GProcReader *
make_reader (const char *data,
             int        *peer)
{
  int fds[2];

  gproc_test_pipe (fds);
  *peer = fds[1];
  gproc_test_write (fds[1], data, -1);

  return gproc_test_track (gproc_reader_new_for_fd (fds[0], TRUE));
}

static void
test_interface (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GObject) source = NULL;
  g_autoptr (GBytes) line = NULL;
  GAsyncResult *result;
  int peer;

  reader = make_reader ("one\n", &peer);
  gproc_reader_read_line_async (reader, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
  result = gproc_test_call_wait (&call);

  source = g_async_result_get_source_object (result);
  g_assert_true (source == G_OBJECT (reader));
  g_assert_true (call.source == G_OBJECT (reader));
  g_assert_true (g_async_result_get_user_data (result) == &call);
  g_assert_true (g_async_result_is_tagged (result, gproc_reader_read_line_async));
  g_assert_false (g_async_result_is_tagged (result, gproc_reader_read_some_async));
  g_assert_false (g_async_result_legacy_propagate_error (result, NULL));

  line = gproc_reader_read_line_finish (reader, result, NULL);
  gproc_test_assert_bytes (line, "one\n");
  gproc_test_close (&peer);
}

/* Whoever finishes late, as a blocking wrapper does, finds what was read for him, whatever
 * was read since. */
static void
test_kept (void)
{
  g_auto (GProcTestCall) first = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) second = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) third = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GBytes) first_line = NULL, second_line = NULL;
  int peer;

  reader = make_reader ("one\ntwo\nthree\n", &peer);
  gproc_reader_read_line_async (reader, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &first);
  gproc_test_call_wait (&first);
  gproc_reader_read_line_async (reader, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &second);
  gproc_test_call_wait (&second);
  gproc_reader_read_line_async (reader, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &third);
  gproc_test_call_wait (&third);
  g_assert_true (first.result != second.result && second.result != third.result);

  second_line = gproc_reader_read_line_finish (reader, second.result, NULL);
  gproc_test_assert_bytes (second_line, "two\n");
  first_line = gproc_reader_read_line_finish (reader, first.result, NULL);
  gproc_test_assert_bytes (first_line, "one\n");
  gproc_test_close (&peer);
}

static void
count_call (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  int *n_calls = user_data;

  (*n_calls)++;
}

/* A result that nobody kept or finished holds nothing: that the reader and the cancellable
 * are finalized is what the tracking proves. */
static void
test_dropped (void)
{
  int n_calls = 0, peer;

  for (int round = 1; round <= 3; round++)
    {
      g_autoptr (GCancellable) cancellable = gproc_test_track (g_cancellable_new ());
      g_autoptr (GProcReader) reader = make_reader ("one\n", &peer);

      gproc_reader_read_line_async (reader, G_PRIORITY_DEFAULT, cancellable, count_call, &n_calls);
      gproc_test_wait_for (n_calls == round);
      gproc_reader_read_line_async (reader, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
      gproc_test_close (&peer);
      gproc_test_wait_for (!g_input_stream_has_pending (G_INPUT_STREAM (reader)));
    }
}

static void
check_context (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  GMainContext **context = user_data;

  g_assert_true (g_main_context_get_thread_default () == *context);
  *context = NULL;
}

/* The context of the caller is the thread-default one in the callback, also where it is
 * iterated without being that; whether the read came about or not. */
static void
test_context (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  GMainContext *read_context = context, *refused_context = context;
  g_autoptr (GProcReader) reader = NULL;
  int peer;

  reader = make_reader ("", &peer);
  g_main_context_push_thread_default (context);
  gproc_reader_read_line_async (reader, G_PRIORITY_LOW, NULL, check_context, &read_context);
  gproc_reader_read_line_async (reader, G_PRIORITY_LOW, NULL, check_context, &refused_context);
  g_main_context_pop_thread_default (context);
  g_assert_nonnull (read_context);
  g_assert_nonnull (refused_context);

  while (refused_context != NULL)
    g_main_context_iteration (context, TRUE);
  g_assert_nonnull (read_context);
  gproc_test_write (peer, "one\n", -1);
  while (read_context != NULL)
    g_main_context_iteration (context, TRUE);
  gproc_test_close (&peer);
}

static void
test_refused (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) refused = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = NULL;
  int peer;

  reader = make_reader ("", &peer);
  gproc_reader_read_line_async (reader, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
  gproc_reader_read_until_async (reader, ";", 1, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done,
                                 &refused);
  g_assert_null (gproc_reader_read_until_finish (reader, gproc_test_call_wait (&refused), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);

  gproc_test_write (peer, "one\n", -1);
  line = gproc_reader_read_line_finish (reader, gproc_test_call_wait (&call), NULL);
  gproc_test_assert_bytes (line, "one\n");
  gproc_test_close (&peer);
}

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/read-result/interface", test_interface);
  gproc_test_add ("/gproc/read-result/kept", test_kept);
  gproc_test_add ("/gproc/read-result/dropped", test_dropped);
  gproc_test_add ("/gproc/read-result/context", test_context);
  gproc_test_add ("/gproc/read-result/refused", test_refused);
  return gproc_test_run ();
}
