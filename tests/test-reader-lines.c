/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test.h"
#include "gproc-test-streams.h"

#include <gprocstream/gprocstream.h>

#include <string.h>
#include <time.h>

static GProcReader *
make_reader (int *peer)
{
  int fds[2];

  gproc_test_socketpair (fds);
  *peer = fds[1];
  return gproc_test_track (gproc_reader_new_for_fd (fds[0], TRUE));
}

/* Of data that is there as a whole, cut into reads of @chunk bytes. */
static GProcReader *
make_reader_of (const char *data,
                gssize      size,
                gsize       chunk)
{
  g_autoptr (GInputStream) base = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE);

  gproc_test_input_push (base, data, size);
  gproc_test_input_set_chunk (base, chunk);
  return gproc_test_track (gproc_reader_new (base));
}

static void
assert_line (GProcReader *reader,
             const char  *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = gproc_reader_read_line (reader, NULL, &error);

  g_assert_no_error (error);
  if (expected != NULL)
    gproc_test_assert_bytes (bytes, expected);
  else
    g_assert_null (bytes);
}

static void
assert_until (GProcReader *reader,
              const char  *separator,
              const char  *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = gproc_reader_read_until (reader, separator, -1, NULL, &error);

  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, expected);
}

static GPtrArray *
make_separators (const char *first,
                 ...)
{
  GPtrArray *separators = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  const char *separator;
  va_list list;

  va_start (list, first);
  for (separator = first; separator != NULL; separator = va_arg (list, const char *))
    g_ptr_array_add (separators, g_bytes_new (separator, strlen (separator)));
  va_end (list);
  return separators;
}

static void
test_line (void)
{
  g_autoptr (GProcReader) reader = NULL;
  int peer;

  reader = make_reader (&peer);
  gproc_test_write (peer, "one\n\ntwo\r\nrest", -1);
  gproc_test_close (&peer);
  assert_line (reader, "one\n");
  assert_line (reader, "\n");
  assert_line (reader, "two\r\n");
  assert_line (reader, "rest");
  assert_line (reader, NULL);
  assert_line (reader, NULL);
}

static void
test_line_nul (void)
{
  g_autoptr (GProcReader) reader = make_reader_of ("a\0b\n\0\n\0", 7, 2);
  static const struct
  {
    const char *data;
    gsize size;
  } lines[] = { { "a\0b\n", 4 }, { "\0\n", 2 }, { "\0", 1 } };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) line = gproc_reader_read_line (reader, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpmem (g_bytes_get_data (line, NULL), g_bytes_get_size (line), lines[i].data,
                       lines[i].size);
    }
  assert_line (reader, NULL);
}

static void
test_line_async (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = NULL;
  int peer;

  reader = make_reader (&peer);
  gproc_reader_read_line_async (reader, 0, NULL, gproc_test_call_done, &call);
  gproc_test_write (peer, "half", 4);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  gproc_test_write (peer, " a line\nand", 11);
  line = gproc_reader_read_line_finish (reader, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (line, "half a line\n");

  gproc_test_call_clear (&call);
  gproc_reader_read_line_async (reader, 0, NULL, gproc_test_call_done, &call);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  gproc_test_close (&peer);
  g_clear_pointer (&line, g_bytes_unref);
  line = gproc_reader_read_line_finish (reader, gproc_test_call_wait (&call), &error);
  gproc_test_assert_bytes (line, "and");
  assert_line (reader, NULL);
}

static void
test_line_utf8 (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = make_reader_of ("grün\n\nCR\r\nlast", -1, 3);
  g_autoptr (GError) error = NULL;
  const char * const lines[] = { "grün", "", NULL };
  g_autofree char *crlf = NULL;
  g_autofree char *last = NULL;
  gsize i;

  for (i = 0; lines[i] != NULL; i++)
    {
      g_autofree char *line = gproc_reader_read_line_utf8 (reader, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (line, ==, lines[i]);
    }
  crlf = gproc_reader_read_line_utf8 (reader, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (crlf, "CR"));
  gproc_reader_read_line_utf8_async (reader, 0, NULL, gproc_test_call_done, &call);
  last = gproc_reader_read_line_utf8_finish (reader, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (last, ==, "last");
  g_assert_null (gproc_reader_read_line_utf8 (reader, NULL, &error));
  g_assert_no_error (error);
}

/* A line that is no text is an error that says so, and the stream goes on. */
static void
test_line_invalid (void)
{
  g_autoptr (GProcReader) reader = make_reader_of ("good\nb\xff\xfe"
                                                   "ad\ngood again\n",
                                                   -1, 100);
  g_autoptr (GError) error = NULL;
  g_autofree char *first = gproc_reader_read_line_utf8 (reader, NULL, &error);
  g_autoptr (GBytes) bytes = NULL;

  g_assert_cmpstr (first, ==, "good");
  g_assert_null (gproc_reader_read_line_utf8 (reader, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  /* Nothing is lost: it can be read as bytes. */
  bytes = gproc_reader_read_line (reader, NULL, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (bytes, "b\xff\xfe"
                                  "ad\n");
  assert_line (reader, "good again\n");
}

static void
test_try_line (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = NULL;
  g_autoptr (GBytes) rest = NULL;
  int peer;

  reader = make_reader (&peer);
  g_assert_null (gproc_reader_try_read_line (reader, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  gproc_test_write (peer, "li", 2);
  g_assert_null (gproc_reader_try_read_line (reader, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  gproc_test_write (peer, "ne\nrest", 7);
  line = gproc_reader_try_read_line (reader, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (line, "line\n");
  g_assert_null (gproc_reader_try_read_line (reader, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  gproc_test_close (&peer);
  rest = gproc_reader_try_read_line (reader, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (rest, "rest");
  g_assert_null (gproc_reader_try_read_line (reader, &error));
  g_assert_no_error (error);
}

static void
assert_lines (GProcReader *reader,
              guint        max,
              const char  *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = gproc_reader_read_lines (reader, max, NULL, &error);

  g_assert_no_error (error);
  if (expected != NULL)
    gproc_test_assert_bytes (bytes, expected);
  else
    g_assert_null (bytes);
}

static void
test_lines (void)
{
  g_autoptr (GProcReader) reader = NULL;
  int peer;

  reader = make_reader (&peer);
  gproc_test_write (peer, "1\n2\n3\n\n5\ntail", -1);
  assert_lines (reader, 2, "1\n2\n");
  assert_lines (reader, 1, "3\n");
  assert_lines (reader, 100, "\n5\n");
  gproc_test_write (peer, "ed\nx", -1);
  assert_lines (reader, 100, "tailed\n");
  gproc_test_close (&peer);
  assert_lines (reader, 100, "x");
  assert_lines (reader, 100, NULL);
}

static void
test_lines_async (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) lines = NULL;
  int peer;

  reader = make_reader (&peer);
  gproc_reader_read_lines_async (reader, 10, 0, NULL, gproc_test_call_done, &call);
  gproc_test_write (peer, "no whole line", -1);
  gproc_test_settle ();
  g_assert_cmpint (call.done, ==, 0);
  gproc_test_write (peer, " yet\nnow\nhalf", -1);
  lines = gproc_reader_read_lines_finish (reader, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (lines, "no whole line yet\nnow\n");
  gproc_test_close (&peer);
  assert_lines (reader, 10, "half");
}

static void
test_try_lines (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) lines = NULL;
  g_autoptr (GBytes) tail = NULL;
  int peer;

  reader = make_reader (&peer);
  gproc_test_write (peer, "1\n2\nhalf", -1);
  lines = gproc_reader_try_read_lines (reader, 10, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (lines, "1\n2\n");
  g_assert_null (gproc_reader_try_read_lines (reader, 10, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  gproc_test_close (&peer);
  tail = gproc_reader_try_read_lines (reader, 10, &error);
  gproc_test_assert_bytes (tail, "half");
  g_assert_null (gproc_reader_try_read_lines (reader, 10, &error));
  g_assert_no_error (error);
}

/* Blocks of random lines, cut at random, are the same text in the same order. */
static void
test_lines_random (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) result = g_string_new (NULL);
  g_autoptr (GProcReader) reader = NULL;
  guint n_lines = gproc_test_scale (5000);
  guint i;

  for (i = 0; i < n_lines; i++)
    g_string_append_printf (text, "%0*u\n", g_test_rand_int_range (1, 200), i);
  g_string_append (text, "tail");
  reader = make_reader_of (text->str, text->len, g_test_rand_int_range (1, 3000));

  while (TRUE)
    {
      guint max = g_test_rand_int_range (1, 50);
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) lines = gproc_reader_read_lines (reader, max, NULL, &error);
      const char *data;
      guint count = 0;
      gsize size;
      gsize j;

      g_assert_no_error (error);
      if (lines == NULL)
        break;
      data = g_bytes_get_data (lines, &size);
      for (j = 0; j < size; j++)
        count += data[j] == '\n';
      g_assert_cmpuint (count, <=, max);
      g_string_append_len (result, data, size);
      if (result->len < text->len)
        g_assert_cmpint (data[size - 1], ==, '\n');
    }
  g_assert_cmpstr (result->str, ==, text->str);
}

/* The limit counts the data without its separator. */
static void
test_limit (void)
{
  g_autoptr (GProcReader) reader = make_reader_of ("01234567\n012345678\nnext\n", -1, 3);
  g_autoptr (GError) error = NULL;
  gsize consumed;

  gproc_reader_set_limit (reader, 8);
  assert_line (reader, "01234567\n");
  g_assert_null (gproc_reader_read_line (reader, NULL, &error));
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_LIMIT_OVERRUN);
  consumed = gproc_reader_get_last_consumed (reader);
  g_assert_cmpuint (consumed, >, 0);
  g_assert_cmpuint (consumed, <=, gproc_reader_get_buffered (reader));

  /* The data stays: the same again, and all of it with a higher limit. */
  g_assert_null (gproc_reader_read_line (reader, NULL, &error));
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_LIMIT_OVERRUN);
  gproc_reader_set_limit (reader, 9);
  assert_line (reader, "012345678\n");
  assert_line (reader, "next\n");
}

/* Not even a last line without its separator may be longer. */
static void
test_limit_at_eof (void)
{
  g_autoptr (GProcReader) reader = make_reader_of ("012345678", -1, 100);
  g_autoptr (GError) error = NULL;

  gproc_reader_set_limit (reader, 8);
  g_assert_null (gproc_reader_read_line (reader, NULL, &error));
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_LIMIT_OVERRUN);
  gproc_reader_set_limit (reader, 9);
  assert_line (reader, "012345678");
  assert_line (reader, NULL);
}

/* What can be dropped after an overrun leaves a separator that has begun. */
static void
test_limit_consumed (void)
{
  g_autoptr (GInputStream) base = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE);
  g_autoptr (GProcReader) reader = gproc_test_track (gproc_reader_new (base));
  g_autoptr (GError) error = NULL;
  gsize consumed;

  gproc_test_input_hold (base);
  gproc_reader_set_limit (reader, 4);
  gproc_test_input_push (base, "abcdefEN", -1);
  g_assert_null (gproc_reader_read_until (reader, "END", -1, NULL, &error));
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_LIMIT_OVERRUN);
  consumed = gproc_reader_get_last_consumed (reader);
  g_assert_cmpuint (consumed, >, 0);
  g_assert_cmpuint (consumed, <=, 6);
  g_assert_cmpint (g_input_stream_skip (G_INPUT_STREAM (reader), consumed, NULL, &error), ==,
                   consumed);
  gproc_test_input_push (base, "Dnext END", -1);
  gproc_test_input_end (base);
  gproc_reader_set_limit (reader, 100);
  assert_until (reader, "END", "abcdefEND" + consumed);
  assert_until (reader, "END", "next END");
}

static void
test_policy_split (void)
{
  gsize chunk;

  for (chunk = 1; chunk < 16; chunk++)
    {
      g_autoptr (GProcReader) reader = make_reader_of ("012345678901\n01234567\n\nx", -1, chunk);

      gproc_reader_set_limit (reader, 8);
      gproc_reader_set_limit_policy (reader, GPROC_LIMIT_POLICY_SPLIT);
      assert_line (reader, "01234567");
      assert_line (reader, "8901\n");
      assert_line (reader, "01234567\n");
      assert_line (reader, "\n");
      assert_line (reader, "x");
      assert_line (reader, NULL);
    }
}

static void
test_policy_truncate (void)
{
  gsize chunk;

  for (chunk = 1; chunk < 16; chunk++)
    {
      g_autoptr (GProcReader)
        reader = make_reader_of ("012345678901\n01234567\nnext\n0123456789", -1, chunk);
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) cut = NULL;

      gproc_reader_set_limit (reader, 8);
      gproc_reader_set_limit_policy (reader, GPROC_LIMIT_POLICY_TRUNCATE);
      assert_line (reader, "01234567");
      assert_line (reader, "01234567\n");
      assert_line (reader, "next\n");
      assert_line (reader, "01234567");
      assert_line (reader, NULL);
    }
}

static void
test_policy_skip (void)
{
  gsize chunk;

  for (chunk = 1; chunk < 16; chunk++)
    {
      g_autoptr (GProcReader)
        reader = make_reader_of ("012345678901\n01234567\n0123456789\nnext\n", -1, chunk);

      gproc_reader_set_limit (reader, 8);
      gproc_reader_set_limit_policy (reader, GPROC_LIMIT_POLICY_SKIP);
      assert_line (reader, "01234567\n");
      assert_line (reader, "next\n");
      assert_line (reader, NULL);
    }
}

/* A line of many times the buffer, under the policies that drop: memory is bounded
 * by the buffer, not by the line. */
static void
test_policy_endless (void)
{
  g_autofree char *line = g_strnfill (5000000, 'x');
  GProcLimitPolicy policy;

  for (policy = GPROC_LIMIT_POLICY_TRUNCATE; policy <= GPROC_LIMIT_POLICY_SKIP; policy++)
    {
      g_autoptr (GInputStream) base = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE);
      g_autoptr (GProcReader) reader = gproc_test_track (gproc_reader_new (base));

      gproc_test_input_push (base, line, 5000000);
      gproc_test_input_push (base, "\nnext\n", -1);
      gproc_reader_set_limit (reader, 100);
      gproc_reader_set_limit_policy (reader, policy);
      if (policy == GPROC_LIMIT_POLICY_TRUNCATE)
        {
          g_autoptr (GError) error = NULL;
          g_autoptr (GBytes) bytes = gproc_reader_read_line (reader, NULL, &error);

          g_assert_no_error (error);
          g_assert_cmpuint (g_bytes_get_size (bytes), ==, 100);
        }
      assert_line (reader, "next\n");
    }
}

static void
test_lines_limit (void)
{
  g_autoptr (GProcReader) reader = make_reader_of ("1\n2\n012345678901\n3\n", -1, 100);
  g_autoptr (GError) error = NULL;

  /* The limit is that of each line, and the whole lines before it are given. */
  gproc_reader_set_limit (reader, 8);
  assert_lines (reader, 10, "1\n2\n");
  g_assert_null (gproc_reader_read_lines (reader, 10, NULL, &error));
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_LIMIT_OVERRUN);
  gproc_reader_set_limit (reader, 20);
  assert_lines (reader, 10, "012345678901\n3\n");
}

static void
test_until_any (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GPtrArray) separators = make_separators ("DEF", "BCDE", NULL);
  g_autoptr (GProcReader) reader = make_reader_of ("ABCDEFGxDEF", -1, 100);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) first = gproc_reader_read_until_any (reader, separators, NULL, &error);
  g_autoptr (GBytes) second = NULL;

  g_assert_no_error (error);
  gproc_test_assert_bytes (first, "ABCDE");
  gproc_reader_read_until_any_async (reader, separators, 0, NULL, gproc_test_call_done, &call);
  g_clear_pointer (&separators, g_ptr_array_unref);
  second = gproc_reader_read_until_any_finish (reader, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (second, "FGxDEF");
}

/* The form for other languages takes an array, and is finished by the same function. */
static void
test_until_any_of_array (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GPtrArray) made = make_separators ("DEF", "BCDE", NULL);
  GBytes **separators = (GBytes **) made->pdata;
  g_autoptr (GProcReader) reader = make_reader_of ("ABCDEFGxDEF", -1, 100);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) first = gproc_reader_read_until_anyv (reader, separators, 2, NULL, &error);
  g_autoptr (GBytes) second = NULL;

  g_assert_no_error (error);
  gproc_test_assert_bytes (first, "ABCDE");
  g_assert_null (gproc_reader_read_until_anyv (reader, NULL, 0, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  gproc_reader_read_until_anyv_async (reader, separators, 2, 0, NULL, gproc_test_call_done, &call);
  g_clear_pointer (&made, g_ptr_array_unref);
  second = gproc_reader_read_until_anyv_finish (reader, gproc_test_call_wait (&call), &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (second, "FGxDEF");
}

static void
test_until_invalid (void)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GProcReader) reader = make_reader_of ("data;", -1, 100);
  g_autoptr (GPtrArray) none = make_separators (NULL, NULL);
  g_autoptr (GPtrArray) with_empty = make_separators (";", "", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (gproc_reader_read_until (reader, "", 0, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_null (gproc_reader_read_until_any (reader, none, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_null (gproc_reader_read_until_any (reader, with_empty, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  gproc_reader_read_until_any_async (reader, none, 0, NULL, gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);
  g_assert_null (gproc_reader_read_until_any_finish (reader, gproc_test_call_wait (&call), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  assert_until (reader, ";", "data;");
}

/* A separator may hold NUL: its length is given. */
static void
test_until_nul (void)
{
  g_autoptr (GProcReader) reader = make_reader_of ("one\0two\0", 8, 2);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = gproc_reader_read_until (reader, "", 1, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "one", 4);
}

static void
test_until_incomplete (void)
{
  g_autoptr (GProcReader) reader = make_reader_of ("one;rest", -1, 100);
  g_autoptr (GError) error = NULL;

  assert_until (reader, ";", "one;");
  g_assert_null (gproc_reader_read_until (reader, ";", 1, NULL, &error));
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_INCOMPLETE_READ);
  gproc_test_assert_bytes (gproc_reader_get_last_partial (reader), "rest");
  g_assert_cmpuint (gproc_reader_get_buffered (reader), ==, 0);
  g_assert_true (gproc_reader_at_eof (reader));
}

/* The processor's time, which a busy machine does not stretch. */
static gint64
now (void)
{
  struct timespec time;

  g_assert_no_errno (clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time));
  return time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

static gint64
time_until (gsize size)
{
  g_autofree char *text = g_strnfill (size, 'a');
  g_autoptr (GPtrArray) separators = make_separators ("aaaaaaaaaaaaaaaab", "aac", "ad", NULL);
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gint64 start;

  memcpy (text + size - 2, "ad", 2);
  reader = make_reader_of (text, size, 1);
  gproc_reader_set_limit (reader, size);
  start = now ();
  bytes = gproc_reader_read_until_any (reader, separators, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, size);
  return now () - start;
}

/* Byte by byte, with separators that nearly match everywhere: eight times the data is
 * about eight times the work, not sixty-four times. */
static void
test_until_linear (void)
{
  gsize size = gproc_test_is_slow () ? 10000 : 30000;
  gint64 small = (time_until (size) + time_until (size) + time_until (size)) / 3;
  gint64 large = time_until (8 * size);

  g_test_message ("%" G_GINT64_FORMAT " µs, %" G_GINT64_FORMAT " µs", small, large);
  g_assert_cmpint (large, <, 20 * small + 20000);
}

/* A line that is complete with the last read of a wake-up was left until one more byte
 * came: whatever the size, it is there at once. */
static void
test_sizes (void)
{
  g_autoptr (GProcReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  gproc_test_pipe (fds);
  reader = gproc_test_track (gproc_reader_new_for_fd (fds[0], TRUE));
  for (gsize size = 1000; size <= 65000; size += gproc_test_is_slow () ? 16000 : 1000)
    {
      g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
      g_autofree char *text = g_strnfill (size, 'x');
      g_autoptr (GBytes) line = NULL;

      text[size - 1] = '\n';
      gproc_reader_read_line_async (reader, 0, NULL, gproc_test_call_done, &call);
      gproc_test_settle ();
      gproc_test_write (fds[1], text, (gssize) size);
      line = gproc_reader_read_line_finish (reader, gproc_test_call_wait (&call), &error);
      g_assert_no_error (error);
      g_assert_cmpmem (text, size, g_bytes_get_data (line, NULL), g_bytes_get_size (line));
    }
  gproc_test_close (&fds[1]);
}

static void
assert_message (GError     **error,
                const char  *expected)
{
  g_assert_nonnull (*error);
  g_assert_cmpstr ((*error)->message, ==, expected);
  g_clear_error (error);
}

/* Messages said “1 bytes”, which no language does. */
static void
test_one_byte (void)
{
  g_autoptr (GProcReader) reader = make_reader_of ("\xff\nabc", -1, 100);
  g_autoptr (GProcReader) short_line = make_reader_of ("ab\n", -1, 100);
  g_autoptr (GProcReader) short_data = make_reader_of ("a", -1, 100);
  g_autoptr (GProcReader) other_data = make_reader_of ("a", -1, 100);
  g_autoptr (GError) error = NULL;

  gproc_reader_set_limit (reader, 2);
  g_assert_null (gproc_reader_read_line_utf8 (reader, NULL, &error));
  assert_message (&error, "A line of 1 byte is not valid UTF-8 without NUL bytes");
  assert_line (reader, "\xff\n");
  g_assert_null (gproc_reader_read_to_end (reader, 1, NULL, &error));
  assert_message (&error, "The stream holds more than the limit of 1 byte");
  g_assert_null (gproc_reader_read_line (reader, NULL, &error));
  assert_message (&error, "No separator was found within the limit of 2 bytes");
  gproc_reader_set_limit (reader, 1);
  g_assert_null (gproc_reader_read_line (reader, NULL, &error));
  assert_message (&error, "No separator was found within the limit of 1 byte");

  gproc_reader_set_limit (short_line, 1);
  g_assert_null (gproc_reader_read_line (short_line, NULL, &error));
  assert_message (&error, "A separator was found, but the data before it is longer than the limit"
                          " of 1 byte");

  g_assert_null (gproc_reader_read_until (short_data, ";", -1, NULL, &error));
  assert_message (&error, "The stream ended after 1 byte without a separator");
  g_assert_null (gproc_reader_read_exactly (short_data, 1, NULL, &error));
  assert_message (&error, "0 bytes read on a total of 1 expected byte");
  g_assert_null (gproc_reader_read_exactly (other_data, 2, NULL, &error));
  assert_message (&error, "1 byte read on a total of 2 expected bytes");
}

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/reader-lines/line", test_line);
  gproc_test_add ("/gproc/reader-lines/line-nul", test_line_nul);
  gproc_test_add ("/gproc/reader-lines/line-async", test_line_async);
  gproc_test_add ("/gproc/reader-lines/line-utf8", test_line_utf8);
  gproc_test_add ("/gproc/reader-lines/line-invalid", test_line_invalid);
  gproc_test_add ("/gproc/reader-lines/try-line", test_try_line);
  gproc_test_add ("/gproc/reader-lines/lines", test_lines);
  gproc_test_add ("/gproc/reader-lines/lines-async", test_lines_async);
  gproc_test_add ("/gproc/reader-lines/try-lines", test_try_lines);
  gproc_test_add ("/gproc/reader-lines/lines-random", test_lines_random);
  gproc_test_add ("/gproc/reader-lines/limit", test_limit);
  gproc_test_add ("/gproc/reader-lines/limit-at-eof", test_limit_at_eof);
  gproc_test_add ("/gproc/reader-lines/limit-consumed", test_limit_consumed);
  gproc_test_add ("/gproc/reader-lines/policy-split", test_policy_split);
  gproc_test_add ("/gproc/reader-lines/policy-truncate", test_policy_truncate);
  gproc_test_add ("/gproc/reader-lines/policy-skip", test_policy_skip);
  gproc_test_add ("/gproc/reader-lines/policy-endless", test_policy_endless);
  gproc_test_add ("/gproc/reader-lines/lines-limit", test_lines_limit);
  gproc_test_add ("/gproc/reader-lines/until-any", test_until_any);
  gproc_test_add ("/gproc/reader-lines/until-any-of-array", test_until_any_of_array);
  gproc_test_add ("/gproc/reader-lines/until-invalid", test_until_invalid);
  gproc_test_add ("/gproc/reader-lines/until-nul", test_until_nul);
  gproc_test_add ("/gproc/reader-lines/until-incomplete", test_until_incomplete);
  gproc_test_add ("/gproc/reader-lines/until-linear", test_until_linear);
  gproc_test_add ("/gproc/reader-lines/sizes", test_sizes);
  gproc_test_add ("/gproc/reader-lines/one-byte", test_one_byte);
  return gproc_test_run ();
}
