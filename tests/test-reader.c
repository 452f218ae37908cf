/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test.h"
#include "gproc-test-streams.h"

#include <gprocstream/gprocstream.h>

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* A reader and the descriptor that feeds it. */
static GProcReader *
make_reader (int *peer)
{
  int fds[2];

  gproc_test_socketpair (fds);
  *peer = fds[1];
  return gproc_test_track (gproc_reader_new_for_fd (fds[0], TRUE));
}

static void
assert_some (GProcReader *reader,
             gsize        max,
             const char  *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = gproc_reader_read_some (reader, max, NULL, &error);

  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, expected);
}

static void
assert_exactly (GProcReader *reader,
                gsize        count,
                const char  *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = gproc_reader_read_exactly (reader, count, NULL, &error);

  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, expected);
}

static void
assert_eof (GProcReader *reader)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = gproc_reader_read_some (reader, 10, NULL, &error);

  g_assert_no_error (error);
  g_assert_null (bytes);
  g_assert_true (gproc_reader_at_eof (reader));
}

static int
count_unread (int fd)
{
  int count = 0;

  g_assert_no_errno (ioctl (fd, FIONREAD, &count));
  return count;
}

static void
test_properties (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GInputStream) base = NULL;
  GProcLimitPolicy policy = GPROC_LIMIT_POLICY_SKIP;
  guint64 limit = 0;
  int peer;

  reader = make_reader (&peer);
  g_assert_cmpint (gproc_reader_get_fd (reader), >=, 0);
  g_assert_null (gproc_reader_get_base_stream (reader));
  g_assert_cmpuint (gproc_reader_get_limit (reader), ==, 65536);
  g_assert_cmpint (gproc_reader_get_limit_policy (reader), ==, GPROC_LIMIT_POLICY_ERROR);
  g_assert_cmpuint (gproc_reader_get_buffered (reader), ==, 0);
  g_assert_null (gproc_reader_get_last_partial (reader));

  gproc_reader_set_limit (reader, 1000);
  gproc_reader_set_limit_policy (reader, GPROC_LIMIT_POLICY_SPLIT);
  g_object_get (reader, "limit", &limit, "limit-policy", &policy, NULL);
  g_assert_cmpuint (limit, ==, 1000);
  g_assert_cmpint (policy, ==, GPROC_LIMIT_POLICY_SPLIT);
  gproc_test_close (&peer);

  base = g_memory_input_stream_new ();
  g_clear_object (&reader);
  reader = gproc_test_track (gproc_reader_new (base));
  g_assert_true (gproc_reader_get_base_stream (reader) == base);
  g_assert_cmpint (gproc_reader_get_fd (reader), ==, -1);
}

static void
test_limit_zero (void)
{
  g_autoptr (GProcReader) reader = NULL;
  int peer;

  reader = make_reader (&peer);
  g_test_expect_message ("GProc", G_LOG_LEVEL_CRITICAL, "*limit*");
  gproc_reader_set_limit (reader, 0);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (gproc_reader_get_limit (reader), ==, 65536);
  gproc_test_close (&peer);
}

/* A binding can always make one without arguments. */
static void
test_bare (void)
{
  GProcReader *reader = gproc_test_track (g_object_new (GPROC_TYPE_READER, NULL));
  g_autoptr (GError) error = NULL;

  g_assert_null (gproc_reader_read_some (reader, 1, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_object_unref (reader);
  g_object_unref (gproc_test_track (g_object_new (GPROC_TYPE_READER, NULL)));
}

static void
test_read_some (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GBytes) big = gproc_test_random_bytes (100000);
  gsize total = 0;
  int peer;

  reader = make_reader (&peer);
  assert_some (reader, 0, "");
  gproc_test_write (peer, "hello", 5);
  assert_some (reader, 2, "he");
  g_assert_cmpuint (gproc_reader_get_buffered (reader), ==, 3);
  assert_some (reader, 0, "");
  assert_some (reader, 100, "llo");

  /* Not bound by the limit. */
  gproc_reader_set_limit (reader, 10);
  gproc_test_write (peer, g_bytes_get_data (big, NULL), 100000);
  gproc_test_close (&peer);
  while (total < 100000)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = gproc_reader_read_some (reader, G_MAXSIZE, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (bytes), >, 10);
      total += g_bytes_get_size (bytes);
    }
  g_assert_cmpuint (total, ==, 100000);
  assert_eof (reader);
  assert_some (reader, 0, "");
}

static void
test_try_read_some (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  int peer;

  reader = make_reader (&peer);
  g_assert_null (gproc_reader_try_read_some (reader, 10, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  gproc_test_write (peer, "hello", 5);
  bytes = gproc_reader_try_read_some (reader, 3, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, "hel");
  g_bytes_unref (bytes);
  bytes = gproc_reader_try_read_some (reader, 10, &error);
  gproc_test_assert_bytes (bytes, "lo");
  gproc_test_close (&peer);
  g_assert_null (gproc_reader_try_read_some (reader, 10, &error));
  g_assert_no_error (error);
}

static void
test_read_some_async (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) empty = NULL;
  int peer;

  reader = make_reader (&peer);
  gproc_reader_read_some_async (reader, 10, 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  gproc_test_write (peer, "hello", 5);
  bytes = gproc_reader_read_some_finish (reader, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, "hello");
  g_assert_true (call.source == G_OBJECT (reader));

  gproc_test_call_clear (&call);
  gproc_reader_read_some_async (reader, 0, 0, NULL, gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);
  empty = gproc_reader_read_some_finish (reader, gproc_test_call_wait (&call), &error);
  gproc_test_assert_bytes (empty, "");

  gproc_test_call_clear (&call);
  gproc_reader_read_some_async (reader, 10, 0, NULL, gproc_test_call_done, &call);
  gproc_test_close (&peer);
  g_assert_null (gproc_reader_read_some_finish (reader, gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);
}

static void
test_read_exactly (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  int peer;

  reader = make_reader (&peer);
  gproc_reader_set_limit (reader, 4);
  assert_exactly (reader, 0, "");
  gproc_test_write (peer, "0123456789", 10);
  assert_exactly (reader, 8, "01234567");
  gproc_test_write (peer, "0123456789abcdef", 16);
  gproc_test_close (&peer);
  g_assert_null (gproc_reader_read_exactly (reader, 36, NULL, &error));
  g_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_INCOMPLETE_READ);
  g_assert_cmpstr (error->message, ==, "18 bytes read on a total of 36 expected bytes");
  gproc_test_assert_bytes (gproc_reader_get_last_partial (reader), "890123456789abcdef");
  g_assert_cmpuint (gproc_reader_get_last_expected (reader), ==, 36);
  g_assert_cmpuint (gproc_reader_get_buffered (reader), ==, 0);
  assert_eof (reader);
  assert_exactly (reader, 0, "");
}

static void
test_read_exactly_large (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GBytes) data = gproc_test_random_bytes (3000000);
  g_autoptr (GBytes) result = NULL;
  g_autoptr (GError) error = NULL;
  gsize sent = 0;
  int peer;

  reader = make_reader (&peer);
  gproc_test_set_nonblocking (peer, TRUE);
  gproc_reader_read_exactly_async (reader, 3000000, 0, NULL, gproc_test_call_done, &call);
  while (!call.done)
    {
      gssize count = write (peer, (const char *) g_bytes_get_data (data, NULL) + sent,
                            3000000 - sent);

      if (count > 0)
        sent += count;
      gproc_test_settle ();
    }
  result = gproc_reader_read_exactly_finish (reader, call.result, &error);
  g_assert_no_error (error);
  gproc_test_assert_equal (result, data);
  gproc_test_close (&peer);
}

static void
test_read_to_end (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  int peer;

  reader = make_reader (&peer);
  gproc_reader_set_limit (reader, 4);
  gproc_test_write (peer, "0123456789", 10);
  gproc_reader_read_to_end_async (reader, 100, 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  gproc_test_write (peer, "abcdef", 6);
  gproc_test_close (&peer);
  bytes = gproc_reader_read_to_end_finish (reader, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, "0123456789abcdef");
  assert_eof (reader);
}

/* What is too much is not lost: it can be read with a higher limit. */
static void
test_read_to_end_overrun (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  int peer;

  reader = make_reader (&peer);
  gproc_test_write (peer, "0123456789", 10);
  g_assert_null (gproc_reader_read_to_end (reader, 9, NULL, &error));
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_LIMIT_OVERRUN);
  gproc_test_close (&peer);
  bytes = gproc_reader_read_to_end (reader, 10, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, "0123456789");
}

static void
test_last_cleared (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  int peer;

  reader = make_reader (&peer);
  gproc_test_write (peer, "abc", 3);
  gproc_test_close (&peer);
  g_assert_null (gproc_reader_read_exactly (reader, 5, NULL, &error));
  g_clear_error (&error);
  g_assert_nonnull (gproc_reader_get_last_partial (reader));
  g_assert_cmpuint (gproc_reader_get_last_expected (reader), ==, 5);
  g_assert_null (gproc_reader_read_line (reader, NULL, &error));
  g_assert_no_error (error);
  g_assert_null (gproc_reader_get_last_partial (reader));
  g_assert_cmpuint (gproc_reader_get_last_expected (reader), ==, 0);
  g_assert_cmpuint (gproc_reader_get_last_consumed (reader), ==, 0);
}

static void
test_fill_and_peek (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) nothing = NULL;
  g_autoptr (GBytes) peeked = NULL;
  int peer;

  reader = make_reader (&peer);
  nothing = gproc_reader_peek (reader, 10);
  g_assert_cmpuint (nothing != NULL ? g_bytes_get_size (nothing) : 0, ==, 0);
  gproc_test_write (peer, "hello world", 11);
  g_assert_cmpint (gproc_reader_fill (reader, 5, NULL, &error), >=, 5);
  g_assert_no_error (error);
  g_assert_cmpuint (gproc_reader_get_buffered (reader), >=, 5);
  peeked = gproc_reader_peek (reader, 5);
  gproc_test_assert_bytes (peeked, "hello");
  assert_exactly (reader, 11, "hello world");

  gproc_reader_fill_async (reader, 4, 0, NULL, gproc_test_call_done, &call);
  gproc_test_write (peer, "more", 4);
  g_assert_cmpint (gproc_reader_fill_finish (reader, gproc_test_call_wait (&call), &error), ==, 4);
  g_assert_no_error (error);
  assert_some (reader, 10, "more");

  gproc_test_call_clear (&call);
  gproc_reader_fill_async (reader, 4, 0, NULL, gproc_test_call_done, &call);
  gproc_test_close (&peer);
  g_assert_cmpint (gproc_reader_fill_finish (reader, gproc_test_call_wait (&call), &error), ==, 0);
  g_assert_no_error (error);
  assert_eof (reader);
}

static void
test_unread (void)
{
  g_autoptr (GBytes) first = g_bytes_new_static ("first\n", 6);
  g_autoptr (GBytes) empty = g_bytes_new_static ("", 0);
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = NULL;
  int peer;

  reader = make_reader (&peer);
  gproc_test_write (peer, "second", 6);
  gproc_test_close (&peer);
  assert_some (reader, 3, "sec");
  g_assert_true (gproc_reader_unread (reader, empty, &error));
  g_assert_true (gproc_reader_unread (reader, first, &error));
  g_assert_no_error (error);
  line = gproc_reader_read_line (reader, NULL, &error);
  gproc_test_assert_bytes (line, "first\n");
  assert_some (reader, 3, "ond");
  assert_eof (reader);

  /* After the end there is something again. */
  g_assert_true (gproc_reader_unread (reader, first, &error));
  g_assert_false (gproc_reader_at_eof (reader));
  assert_some (reader, 100, "first\n");
  assert_eof (reader);

  g_assert_true (g_input_stream_close (G_INPUT_STREAM (reader), NULL, &error));
  g_assert_false (gproc_reader_unread (reader, first, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* It has to be right before anything was ever read. */
static void
test_at_eof (void)
{
  g_autoptr (GProcReader) reader = NULL;
  int peer;

  reader = make_reader (&peer);
  g_assert_false (gproc_reader_at_eof (reader));
  gproc_test_write (peer, "x", 1);
  g_assert_false (gproc_reader_at_eof (reader));
  gproc_test_close (&peer);
  g_assert_false (gproc_reader_at_eof (reader));
  assert_some (reader, 1, "x");
  g_assert_true (gproc_reader_at_eof (reader));

  g_clear_object (&reader);
  reader = make_reader (&peer);
  gproc_test_close (&peer);
  g_assert_true (gproc_reader_at_eof (reader));
}

/* One buffer, one order, whoever reads. */
static void
test_interleaved (void)
{
  g_autoptr (GBytes) again = g_bytes_new_static ("again;", 6);
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = NULL;
  g_autoptr (GBytes) until = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) rest = NULL;
  char buffer[16];
  int peer;

  reader = make_reader (&peer);
  gproc_test_write (peer, "line\nfourabc;skipplainbytesthe rest", -1);
  gproc_test_close (&peer);
  line = gproc_reader_read_line (reader, NULL, &error);
  gproc_test_assert_bytes (line, "line\n");
  assert_exactly (reader, 4, "four");
  g_assert_true (gproc_reader_unread (reader, again, &error));
  until = gproc_reader_read_until (reader, ";", 1, NULL, &error);
  gproc_test_assert_bytes (until, "again;");
  g_clear_pointer (&until, g_bytes_unref);
  until = gproc_reader_read_until (reader, ";", 1, NULL, &error);
  gproc_test_assert_bytes (until, "abc;");
  g_assert_cmpint (g_input_stream_skip (G_INPUT_STREAM (reader), 4, NULL, &error), ==, 4);
  g_assert_cmpint (g_input_stream_read (G_INPUT_STREAM (reader), buffer, 5, NULL, &error), ==, 5);
  g_assert_cmpmem (buffer, 5, "plain", 5);
  bytes = g_input_stream_read_bytes (G_INPUT_STREAM (reader), 5, NULL, &error);
  gproc_test_assert_bytes (bytes, "bytes");
  g_assert_cmpint (g_output_stream_splice (memory, G_INPUT_STREAM (reader),
                                           G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, &error),
                   ==, 8);
  g_assert_no_error (error);
  rest = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
  gproc_test_assert_bytes (rest, "the rest");
}

/* Nothing is read before somebody asks, and then not more than the bound. */
static void
test_demand (void)
{
  g_autoptr (GProcReader) reader = NULL;
  int fds[2];
  gsize filled;

  gproc_test_pipe (fds);
  fcntl (fds[1], F_SETPIPE_SZ, 1024 * 1024);
  filled = gproc_test_fill (fds[1]);
  reader = gproc_test_track (gproc_reader_new_for_fd (fds[0], TRUE));
  gproc_test_settle ();
  g_assert_cmpint (count_unread (fds[0]), ==, filled);
  gproc_reader_set_limit (reader, 16);
  {
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) bytes = gproc_reader_read_some (reader, 1, NULL, &error);

    g_assert_no_error (error);
    g_assert_cmpuint (g_bytes_get_size (bytes), ==, 1);
  }
  g_assert_cmpuint (gproc_reader_get_buffered (reader), <, 128 * 1024);
  g_assert_cmpuint (gproc_reader_get_buffered (reader) + 1 + count_unread (fds[0]), ==, filled);
  gproc_test_close (&fds[1]);
}

/* A child that talks to nobody costs its application nothing, neither before the
 * first read nor after one. */
static void
test_chatter (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  int peer;
  int i;

  reader = make_reader (&peer);
  gproc_test_wakeups_reset ();
  for (i = 0; i < 20; i++)
    {
      gproc_test_write (peer, "chatter", 7);
      gproc_test_run_for (1);
    }
  g_assert_cmpuint (gproc_test_wakeups (), ==, 0);

  /* Half a read drains the socket, the rest of the talk finds nobody: what was
   * registered finds that out once. */
  gproc_reader_read_exactly_async (reader, 200, 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  gproc_test_write (
    peer, "a long answer that fills what the read asked for, and then a little more of it", -1);
  bytes = gproc_reader_read_exactly_finish (reader, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  gproc_test_settle ();
  gproc_test_wakeups_reset ();
  for (i = 0; i < 20; i++)
    {
      gproc_test_write (peer, "chatter", 7);
      gproc_test_run_for (1);
    }
  g_assert_cmpuint (gproc_test_wakeups (), <=, 2);
  gproc_test_close (&peer);
}

/* An idle reader holds no buffer. */
static void
test_idle_memory (void)
{
  enum
  {
    N = 100
  };
  GProcReader *readers[N];
  int peers[N];
  struct mallinfo2 before;
  struct mallinfo2 after;
  int i;

  for (i = 0; i < N; i++)
    {
      readers[i] = make_reader (&peers[i]);
      gproc_test_write (peers[i], "x", 1);
      assert_some (readers[i], 1, "x");
    }
  before = mallinfo2 ();
  for (i = 0; i < N; i++)
    {
      gproc_test_write (peers[i], "some words", 10);
      assert_some (readers[i], 4, "some");
      assert_some (readers[i], 10, " words");
    }
  after = mallinfo2 ();
  g_assert_cmpint ((gssize) (after.uordblks - before.uordblks), <, N * 512);
  for (i = 0; i < N; i++)
    {
      g_object_unref (readers[i]);
      gproc_test_close (&peers[i]);
    }
}

/* What was read before the error is given before the error. */
static void
test_latched_error (void)
{
  g_autoptr (GBytes) data = g_bytes_new_static ("line\nrest", 9);
  g_autoptr (GInputStream) base = gproc_test_input_new (data, GPROC_TEST_HOSTILE_POLLABLE);
  g_autoptr (GProcReader) reader = gproc_test_track (gproc_reader_new (base));
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = NULL;

  gproc_test_input_set_error (base, G_IO_ERROR_BUSY);
  line = gproc_reader_read_line (reader, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (line, "line\n");
  g_assert_null (gproc_reader_read_line (reader, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  assert_some (reader, 100, "rest");
  g_assert_null (gproc_reader_read_some (reader, 100, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
}

static void
test_connection_reset (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  gproc_test_socketpair (fds);
  gproc_test_write (fds[0], "unread", 6);
  gproc_test_write (fds[1], "said", 4);
  gproc_test_close (&fds[1]);
  reader = gproc_test_track (gproc_reader_new_for_fd (fds[0], TRUE));
  /* The kernel gives the error before the data here, or behind it: either way the
   * reset is no end. */
  while (error == NULL)
    {
      g_autoptr (GBytes) bytes = gproc_reader_read_some (reader, 10, NULL, &error);

      g_assert_true (bytes != NULL || error != NULL);
    }
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
}

static void
test_master_eof (void)
{
  g_autoptr (GProcReader) reader = NULL;
  int master;
  int slave;

  gproc_test_pty (&master, &slave);
  reader = gproc_test_track (gproc_reader_new_for_fd (master, TRUE));
  gproc_test_write (slave, "last words", -1);
  assert_exactly (reader, 10, "last words");
  gproc_test_close (&slave);
  assert_eof (reader);
}

static gpointer
interrupt_thread (gpointer data)
{
  pthread_t *threads = data;
  int i;

  for (i = 0; i < 200; i++)
    {
      pthread_kill (*threads, SIGUSR1);
      g_thread_yield ();
    }
  return NULL;
}

static void
on_signal (int signum)
{
}

/* A signal handler without SA_RESTART: blocking reads go on. */
static void
test_interrupted (void)
{
  struct sigaction action = { .sa_handler = on_signal };
  struct sigaction previous;
  g_autoptr (GProcReader) reader = NULL;
  pthread_t self = pthread_self ();
  GThread *thread;
  int peer;
  int i;

  sigaction (SIGUSR1, &action, &previous);
  reader = make_reader (&peer);
  thread = g_thread_new ("interrupt", interrupt_thread, &self);
  for (i = 0; i < 100; i++)
    {
      gproc_test_write (peer, "ab", 2);
      assert_exactly (reader, 2, "ab");
    }
  g_thread_join (thread);
  gproc_test_close (&peer);
  assert_eof (reader);
  sigaction (SIGUSR1, &previous, NULL);
}

/* Two readers of one pipe: the one that finds nothing waits on, it neither fails nor
 * spins. */
static void
test_stolen_data (void)
{
  g_auto (GProcTestCall) first = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) second = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) one = NULL;
  g_autoptr (GProcReader) two = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  int fds[2];
  guint polls;

  gproc_test_pipe (fds);
  one = gproc_test_track (gproc_reader_new_for_fd (dup (fds[0]), TRUE));
  two = gproc_test_track (gproc_reader_new_for_fd (fds[0], TRUE));
  gproc_reader_read_some_async (one, 10, 0, NULL, gproc_test_call_done, &first);
  gproc_reader_read_some_async (two, 10, 0, NULL, gproc_test_call_done, &second);
  gproc_test_settle ();
  gproc_test_write (fds[1], "x", 1);
  gproc_test_wait_for (first.done + second.done > 0);
  gproc_test_settle ();
  g_assert_cmpint (first.done + second.done, ==, 1);
  gproc_test_wakeups_reset ();
  gproc_test_run_for (20);
  polls = gproc_test_polls ();
  g_assert_cmpuint (polls, <, 20);
  gproc_test_close (&fds[1]);
  gproc_test_call_wait (&first);
  gproc_test_call_wait (&second);
  bytes = gproc_reader_read_some_finish (one, first.result, &error);
  g_assert_no_error (error);
  g_clear_pointer (&bytes, g_bytes_unref);
  bytes = gproc_reader_read_some_finish (two, second.result, &error);
  g_assert_no_error (error);
}

/* Files are always ready, and end. */
static void
test_file (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GBytes) bytes = NULL;
  int fd = g_file_open_tmp (NULL, &path, &error);

  g_assert_no_error (error);
  gproc_test_write (fd, "in a file", 9);
  lseek (fd, 0, SEEK_SET);
  g_assert_no_errno (unlink (path));
  reader = gproc_test_track (gproc_reader_new_for_fd (fd, TRUE));
  gproc_reader_read_to_end_async (reader, -1, 0, NULL, gproc_test_call_done, &call);
  bytes = gproc_reader_read_to_end_finish (reader, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, "in a file");
  assert_eof (reader);
}

/* A borrowed descriptor is neither closed nor changed. */
static void
test_borrowed (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  gproc_test_pipe (fds);
  reader = gproc_test_track (gproc_reader_new_for_fd (fds[0], FALSE));
  g_assert_null (gproc_reader_try_read_some (reader, 1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_false (gproc_test_fd_is_nonblocking (fds[0]));
  gproc_test_write (fds[1], "hello", 5);
  assert_exactly (reader, 5, "hello");
  g_assert_true (g_input_stream_close (G_INPUT_STREAM (reader), NULL, &error));
  g_assert_cmpint (gproc_reader_get_fd (reader), ==, -1);
  g_assert_true (gproc_test_fd_is_open (fds[0]));
  g_assert_false (gproc_test_fd_is_nonblocking (fds[0]));
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/reader/properties", test_properties);
  gproc_test_add ("/gproc/reader/limit-zero", test_limit_zero);
  gproc_test_add ("/gproc/reader/bare", test_bare);
  gproc_test_add ("/gproc/reader/read-some", test_read_some);
  gproc_test_add ("/gproc/reader/try-read-some", test_try_read_some);
  gproc_test_add ("/gproc/reader/read-some-async", test_read_some_async);
  gproc_test_add ("/gproc/reader/read-exactly", test_read_exactly);
  gproc_test_add ("/gproc/reader/read-exactly-large", test_read_exactly_large);
  gproc_test_add ("/gproc/reader/read-to-end", test_read_to_end);
  gproc_test_add ("/gproc/reader/read-to-end-overrun", test_read_to_end_overrun);
  gproc_test_add ("/gproc/reader/last-cleared", test_last_cleared);
  gproc_test_add ("/gproc/reader/fill-and-peek", test_fill_and_peek);
  gproc_test_add ("/gproc/reader/unread", test_unread);
  gproc_test_add ("/gproc/reader/at-eof", test_at_eof);
  gproc_test_add ("/gproc/reader/interleaved", test_interleaved);
  gproc_test_add ("/gproc/reader/demand", test_demand);
  gproc_test_add ("/gproc/reader/chatter", test_chatter);
  gproc_test_add ("/gproc/reader/idle-memory", test_idle_memory);
  gproc_test_add ("/gproc/reader/latched-error", test_latched_error);
  gproc_test_add ("/gproc/reader/connection-reset", test_connection_reset);
  gproc_test_add ("/gproc/reader/master-eof", test_master_eof);
  gproc_test_add ("/gproc/reader/interrupted", test_interrupted);
  gproc_test_add ("/gproc/reader/stolen-data", test_stolen_data);
  gproc_test_add ("/gproc/reader/file", test_file);
  gproc_test_add ("/gproc/reader/borrowed", test_borrowed);
  return gproc_test_run ();
}
