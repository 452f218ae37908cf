/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test.h"
#include "gproc-test-streams.h"

#include <gprocstream/gprocstream.h>

#include <dlfcn.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_PATTERNS 4

static GRegex *
make_regex (const char *pattern)
{
  g_autoptr (GError) error = NULL;
  GRegex *regex;

  /* For bytes, where it says so. */
  if (g_str_has_prefix (pattern, "raw:"))
    regex = g_regex_new (pattern + 4, G_REGEX_RAW, G_REGEX_MATCH_DEFAULT, &error);
  else
    regex = g_regex_new (pattern, G_REGEX_DEFAULT, G_REGEX_MATCH_DEFAULT, &error);
  g_assert_no_error (error);
  return regex;
}

static GPtrArray *
make_patterns (const char * const *patterns)
{
  GPtrArray *array = g_ptr_array_new_with_free_func ((GDestroyNotify) g_regex_unref);

  for (gsize i = 0; i < MAX_PATTERNS && patterns[i] != NULL; i++)
    g_ptr_array_add (array, make_regex (patterns[i]));
  return array;
}

typedef GProcMatch *(*Expect) (GProcReader  *reader,
                               GPtrArray    *patterns,
                               int           timeout_ms,
                               GError      **error);

static GProcMatch *
expect_blocking (GProcReader  *reader,
                 GPtrArray    *patterns,
                 int           timeout_ms,
                 GError      **error)
{
  return gproc_reader_expect (reader, (GRegex **) patterns->pdata, patterns->len, timeout_ms, NULL,
                              error);
}

static GProcMatch *
expect_async (GProcReader  *reader,
              GPtrArray    *patterns,
              int           timeout_ms,
              GError      **error)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  gproc_reader_expect_async (reader, (GRegex **) patterns->pdata, patterns->len, timeout_ms, 0,
                             NULL, gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);
  return gproc_reader_expect_finish (reader, gproc_test_call_wait (&call), error);
}

/* As a foreign loop does it. What has been pushed is there, or never comes. */
static GProcMatch *
expect_trying (GProcReader  *reader,
               GPtrArray    *patterns,
               int           timeout_ms,
               GError      **error)
{
  while (TRUE)
    {
      GProcMatch *match = gproc_reader_try_expect (reader, (GRegex **) patterns->pdata,
                                                   patterns->len, error);

      if (match != NULL || error == NULL ||
          !g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return match;
      g_clear_error (error);
    }
}

static const Expect forms[] = { expect_blocking, expect_async, expect_trying };

/* One pattern, by the blocking form. */
static GProcMatch *
expect_one (GProcReader  *reader,
            const char   *pattern,
            int           timeout_ms,
            GError      **error)
{
  g_autoptr (GRegex) regex = make_regex (pattern);

  return gproc_reader_expect (reader, &regex, 1, timeout_ms, NULL, error);
}

static void
assert_match (GProcMatch *match,
              guint       index,
              const char *before,
              const char *matched)
{
  g_assert_nonnull (match);
  g_assert_cmpuint (gproc_match_get_index (match), ==, index);
  gproc_test_assert_bytes (gproc_match_get_before (match), before);
  gproc_test_assert_bytes (gproc_match_get_matched (match), matched);
}

static GProcReader *
make_reader (int        *write_fd,
             const char *data,
             gssize      size)
{
  int fds[2];

  gproc_test_pipe (fds);
  if (data != NULL)
    gproc_test_write (fds[1], data, size);
  *write_fd = fds[1];
  return gproc_reader_new_for_fd (fds[0], TRUE);
}

/* --- Every split --- */

typedef struct
{
  const char *path;
  const char *data;
  gssize size; /* −1: a string. */
  const char *patterns[MAX_PATTERNS];
} Script;

typedef enum
{
  BASE_FD,
  BASE_POLLABLE,
  BASE_SLOW_POLLABLE,
  BASE_PLAIN,
  N_BASES
} Base;

static gsize
script_size (const Script *script)
{
  return script->size < 0 ? strlen (script->data) : (gsize) script->size;
}

static GProcReader *
make_split_reader (const Script *script,
                   Base          base,
                   gsize         cut,
                   gsize         chunk)
{
  static const GProcTestHostility hostilities[] = {
    [BASE_POLLABLE] = GPROC_TEST_HOSTILE_POLLABLE,
    [BASE_SLOW_POLLABLE] = GPROC_TEST_HOSTILE_POLLABLE | GPROC_TEST_HOSTILE_SLOW |
                           GPROC_TEST_HOSTILE_SPURIOUS,
    [BASE_PLAIN] = GPROC_TEST_HOSTILE_NONE
  };
  g_autoptr (GInputStream) stream = NULL;
  gsize size = script_size (script);
  int fds[2];

  if (base != BASE_FD)
    {
      stream = gproc_test_input_new (NULL, hostilities[base]);
      gproc_test_input_set_chunk (stream, chunk);
      if (cut > 0)
        gproc_test_input_push (stream, script->data, (gssize) cut);
      gproc_test_input_set_cut (stream);
      if (cut < size)
        gproc_test_input_push (stream, script->data + cut, (gssize) (size - cut));
      return gproc_reader_new (stream);
    }

  /* A packet is what one read gives. */
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
  for (gsize at = 0; at < size;)
    {
      gsize count = MIN (chunk, (at < cut ? cut : size) - at);

      gproc_test_write (fds[1], script->data + at, (gssize) count);
      at += count;
    }
  gproc_test_close (&fds[1]);
  return gproc_reader_new_for_fd (fds[0], TRUE);
}

/* A slow and plain search in all of it. */
static gboolean
find_reference (const Script *script,
                GPtrArray    *patterns,
                gsize         at,
                guint        *index,
                int          *start,
                int          *end)
{
  gboolean found = FALSE;

  for (guint i = 0; i < patterns->len; i++)
    {
      g_autoptr (GMatchInfo) info = NULL;
      int first, last;

      if (!g_regex_match_full (g_ptr_array_index (patterns, i), script->data + at,
                               (gssize) (script_size (script) - at), 0, G_REGEX_MATCH_DEFAULT,
                               &info, NULL))
        continue;
      g_assert_true (g_match_info_fetch_pos (info, 0, &first, &last));
      if (found && first >= *start)
        continue;
      found = TRUE;
      *index = i;
      *start = first;
      *end = last;
    }

  return found;
}

static void
run_split (const Script *script,
           GProcReader  *reader,
           Expect        expect)
{
  g_autoptr (GPtrArray) patterns = make_patterns (script->patterns);
  g_autoptr (GError) error = NULL;
  gsize at = 0;
  guint index;
  int start, end;

  while (at < script_size (script) && find_reference (script, patterns, at, &index, &start, &end))
    {
      g_autoptr (GProcMatch) match = expect (reader, patterns, -1, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (gproc_match_get_index (match), ==, index);
      g_assert_true (gproc_match_get_regex (match) == g_ptr_array_index (patterns, index));
      g_assert_cmpmem (g_bytes_get_data (gproc_match_get_before (match), NULL),
                       g_bytes_get_size (gproc_match_get_before (match)), script->data + at,
                       (gsize) start);
      g_assert_cmpmem (g_bytes_get_data (gproc_match_get_matched (match), NULL),
                       g_bytes_get_size (gproc_match_get_matched (match)),
                       script->data + at + start, (gsize) (end - start));
      at += (gsize) end;
      /* An empty one takes nothing: so does the next. */
      if (end == 0)
        return;
    }

  if (at < script_size (script))
    {
      g_autoptr (GProcMatch) match = expect (reader, patterns, -1, &error);

      g_assert_null (match);
      g_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_INCOMPLETE_READ);
      g_assert_cmpmem (g_bytes_get_data (gproc_reader_get_last_partial (reader), NULL),
                       g_bytes_get_size (gproc_reader_get_last_partial (reader)), script->data + at,
                       script_size (script) - at);
    }
}

static void
test_splits (gconstpointer data)
{
  static const gsize chunks[] = { 1, 2, 3, 5, 64 };
  const Script *script = data;

  for (Base base = 0; base < N_BASES; base++)
    for (gsize form = 0; form < G_N_ELEMENTS (forms); form++)
      for (gsize cut = 0; cut < script_size (script); cut++)
        for (gsize i = 0; i < G_N_ELEMENTS (chunks); i++)
          {
            g_autoptr (GProcReader) reader = NULL;

            /* A stream that is read at its own pace is read by those that wait for it only. */
            if (base == BASE_PLAIN && forms[form] == expect_trying)
              continue;
            reader = make_split_reader (script, base, cut, chunks[i]);
            run_split (script, reader, forms[form]);
          }
}

static const Script scripts[] = {
  { "/gproc/expect/splits/prompt", "one\r\n>>> two\r\n>>> ", -1, { ">>> " } },
  { "/gproc/expect/splits/greedy", "a12345b678c9", -1, { "[0-9]+" } },
  { "/gproc/expect/splits/optional", "dog dogsbody dogs", -1, { "dog(sbody)?" } },
  { "/gproc/expect/splits/lazy", "<a><<b>> <c", -1, { "<.+?>" } },
  { "/gproc/expect/splits/earliest", "xxABxxBAxx", -1, { "B", "A" } },
  { "/gproc/expect/splits/tie", "abcabdabc", -1, { "ab.", "abc", "a" } },
  { "/gproc/expect/splits/rival", "aaab aaac b", -1, { "b", "a+c" } },
  { "/gproc/expect/splits/alternatives", "abbx abbc", -1, { "ab*c|a", "b" } },
  { "/gproc/expect/splits/lookahead", "foobar foobaz foo", -1, { "foo(?!bar)", "foo(?=bar)" } },
  { "/gproc/expect/splits/lookbehind", "ab cb ab", -1, { "(?<=c)b", "(?<=a)b(?= )" } },
  { "/gproc/expect/splits/boundary", "foo food foo", -1, { "foo\\b" } },
  { "/gproc/expect/splits/lines", "one\ntwo\r\nthree\nfour", -1, { "(?m)^t.*$", "(?m)e$" } },
  { "/gproc/expect/splits/end", "ab\nab\n", -1, { "ab$" } },
  { "/gproc/expect/splits/begin", "abab", -1, { "^ab", "b" } },
  { "/gproc/expect/splits/dotall", "begin1 end begin2 e", -1, { "(?s)begin.*?end", "e" } },
  { "/gproc/expect/splits/empty", "aab", -1, { "x*" } },
  { "/gproc/expect/splits/absent", "nothing of the kin", -1, { "kind", "of the kins" } },
  { "/gproc/expect/splits/backreference", "abcabd ababx", -1, { "(ab)c?\\1x" } },
  { "/gproc/expect/splits/utf8", "zwölf Fälle: “größer”€", -1, { "ö.", "[“€]", "ä" } },
  { "/gproc/expect/splits/nul", "a\0b\0\0c\0x", 8, { "\\x00[bc]", "x" } },
  { "/gproc/expect/splits/raw", "\xff\xfe\0\xc3\xa4\xff\x80z", 8, { "raw:\\xa4\\xff", "raw:z" } }
};

/* --- What is given, what is kept --- */

static void
test_groups (void)
{
  int fd;
  g_autoptr (GProcReader) reader = make_reader (&fd, "HTTP/1.1 404 Not Found\nrest\n", -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcMatch) match = NULL;
  g_autoptr (GBytes) line = NULL;

  match = expect_one (reader, " (?P<status>[0-9]+)( OK)? (?=(N.. F))", -1, &error);
  g_assert_no_error (error);
  assert_match (match, 0, "HTTP/1.1", " 404 ");
  gproc_test_assert_bytes (gproc_match_get_group (match, 0), " 404 ");
  gproc_test_assert_bytes (gproc_match_get_group (match, 1), "404");
  gproc_test_assert_bytes (gproc_match_get_named_group (match, "status"), "404");
  g_assert_null (gproc_match_get_group (match, 2));
  gproc_test_assert_bytes (gproc_match_get_group (match, 3), "Not F");
  g_assert_null (gproc_match_get_group (match, 4));
  g_assert_null (gproc_match_get_named_group (match, "nobody"));

  line = gproc_reader_read_line (reader, NULL, &error);
  gproc_test_assert_bytes (line, "Not Found\n");
  gproc_test_close (&fd);
}

static void
test_interleaved (void)
{
  int fd;
  g_autoptr (GProcReader) reader = make_reader (&fd, "first\nab>12345second\nlast", -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcMatch) match = NULL;
  g_autoptr (GProcMatch) again = NULL;
  g_autoptr (GBytes) first = gproc_reader_read_line (reader, NULL, &error);
  g_autoptr (GBytes) three = NULL;
  g_autoptr (GBytes) more = g_bytes_new_static ("x>", 2);
  g_autoptr (GBytes) second = NULL;
  g_autoptr (GBytes) last = NULL;
  char plain[2];

  gproc_test_assert_bytes (first, "first\n");
  match = expect_one (reader, ">", -1, &error);
  assert_match (match, 0, "ab", ">");
  three = gproc_reader_read_exactly (reader, 3, NULL, &error);
  gproc_test_assert_bytes (three, "123");
  g_assert_cmpint (g_input_stream_read (G_INPUT_STREAM (reader), plain, 2, NULL, &error), ==, 2);
  g_assert_cmpmem (plain, 2, "45", 2);
  g_assert_true (gproc_reader_unread (reader, more, &error));
  again = expect_one (reader, ">", -1, &error);
  assert_match (again, 0, "x", ">");
  second = gproc_reader_read_line (reader, NULL, &error);
  gproc_test_assert_bytes (second, "second\n");
  gproc_test_close (&fd);
  last = gproc_reader_read_to_end (reader, -1, NULL, &error);
  gproc_test_assert_bytes (last, "last");
}

/* --- Time --- */

static void
test_timeout (gconstpointer data)
{
  const Expect expect = forms[GPOINTER_TO_SIZE (data)];
  const char *names[MAX_PATTERNS] = { "never", "nor this" };
  g_autoptr (GPtrArray) patterns = make_patterns (names);
  int fd;
  g_autoptr (GProcReader) reader = make_reader (&fd, "some nev", -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) line = NULL;
  gint64 begin = g_get_monotonic_time ();

  g_assert_null (expect (reader, patterns, 50, &error));
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 50000);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpuint (gproc_reader_get_buffered (reader), ==, 8);
  /* Without waiting, with what has come since. */
  gproc_test_write (fd, "er\n", -1);
  g_assert_null (expect_one (reader, "noth", 0, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  line = gproc_reader_read_line (reader, NULL, &error);
  gproc_test_assert_bytes (line, "some never\n");
  gproc_test_close (&fd);
}

/* What was held back is the match when nothing comes that could change it. */
static void
test_held_back (gconstpointer data)
{
  const Expect expect = forms[GPOINTER_TO_SIZE (data)];
  const char *names[MAX_PATTERNS] = { "[0-9]+", "\\$ $" };
  g_autoptr (GPtrArray) patterns = make_patterns (names);
  int fd;
  g_autoptr (GProcReader) reader = make_reader (&fd, "n = 12", -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcMatch) number = expect (reader, patterns, 20, &error);
  g_autoptr (GProcMatch) prompt = NULL;
  g_autoptr (GProcMatch) last = NULL;

  g_assert_no_error (error);
  assert_match (number, 0, "n = ", "12");
  gproc_test_write (fd, "\nuser$ ", -1);
  prompt = expect (reader, patterns, 0, &error);
  g_assert_no_error (error);
  assert_match (prompt, 1, "\nuser", "$ ");
  gproc_test_write (fd, "34", -1);
  gproc_test_close (&fd);
  last = expect (reader, patterns, -1, &error);
  g_assert_no_error (error);
  assert_match (last, 0, "", "34");
}

/* A stream without descriptor is waited for by the clock, too. */
static void
test_timeout_pollable (void)
{
  g_autoptr (GInputStream)
    base = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE | GPROC_TEST_HOSTILE_SPURIOUS);
  g_autoptr (GProcReader) reader = gproc_reader_new (base);
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();

  gproc_test_input_hold (base);
  gproc_test_input_push (base, "abc", -1);
  g_assert_null (expect_one (reader, "x", 30, &error));
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 30000);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpuint (gproc_reader_get_buffered (reader), ==, 3);
}

/* A process that never pauses does not outrun the clock. */
static void
test_timeout_flood (void)
{
  const char *names[MAX_PATTERNS] = { "never" };
  g_autoptr (GPtrArray) patterns = make_patterns (names);
  g_autoptr (GInputStream) base = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE);
  g_autoptr (GProcReader) reader = gproc_reader_new (base);
  g_autofree char *flood = g_strnfill (1 << 20, 'n');
  g_autoptr (GError) error = NULL;

  gproc_reader_set_limit (reader, 1 << 24);
  gproc_test_input_push (base, flood, 1 << 20);
  gproc_test_input_set_chunk (base, 1);
  gproc_test_input_hold (base);
  g_assert_null (expect_async (reader, patterns, 5, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpuint (gproc_reader_get_buffered (reader), >, 0);
}

/* --- Ends --- */

static void
test_incomplete (void)
{
  int fd;
  g_autoptr (GProcReader) reader = make_reader (&fd, "all that came", -1);
  g_autoptr (GError) error = NULL;

  gproc_test_close (&fd);
  g_assert_null (expect_one (reader, "prompt", -1, &error));
  g_assert_cmpstr (error->message, ==, "The stream ended after 13 bytes without a match");
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_INCOMPLETE_READ);
  gproc_test_assert_bytes (gproc_reader_get_last_partial (reader), "all that came");
  g_assert_cmpuint (gproc_reader_get_buffered (reader), ==, 0);
  g_assert_null (expect_one (reader, "prompt", -1, &error));
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_INCOMPLETE_READ);
  gproc_test_assert_bytes (gproc_reader_get_last_partial (reader), "");
}

static void
test_stream_error (void)
{
  g_autoptr (GInputStream) base = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE);
  g_autoptr (GProcReader) reader = gproc_reader_new (base);
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcMatch) match = NULL;

  gproc_test_input_push (base, "x12", -1);
  gproc_test_input_set_error (base, G_IO_ERROR_NO_SPACE);
  match = expect_one (reader, "[0-9]+", -1, &error);
  g_assert_no_error (error);
  assert_match (match, 0, "x", "12");
  g_assert_null (expect_one (reader, "[0-9]+", -1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
}

static void
test_limit (void)
{
  int fd;
  g_autoptr (GProcReader) reader = make_reader (&fd, "0123>456789>", -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcMatch) match = NULL;
  g_autoptr (GBytes) rest = NULL;

  gproc_reader_set_limit (reader, 5);
  match = expect_one (reader, ">", -1, &error);
  assert_match (match, 0, "0123", ">");
  g_assert_null (expect_one (reader, "8?9?>", -1, &error));
  g_assert_nonnull (strstr (error->message, "5 bytes"));
  gproc_test_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_LIMIT_OVERRUN);
  /* A match could begin at the 8. */
  g_assert_cmpuint (gproc_reader_get_last_consumed (reader), ==, 4);
  g_assert_cmpuint (gproc_reader_get_buffered (reader), ==, 7);
  gproc_test_close (&fd);
  rest = gproc_reader_read_to_end (reader, -1, NULL, &error);
  gproc_test_assert_bytes (rest, "456789>");
}

static void
test_cancel (void)
{
  int fd;
  g_autoptr (GProcReader) reader = make_reader (&fd, "abc", -1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GRegex) regex = make_regex ("d+");
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcMatch) match = NULL;

  gproc_reader_expect_async (reader, &regex, 1, 60000, 0, cancellable, gproc_test_call_done, &call);
  gproc_test_wait_for (gproc_reader_get_buffered (reader) == 3);
  g_assert_null (expect_one (reader, "c", -1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_cancellable_cancel (cancellable);
  g_assert_null (gproc_reader_expect_finish (reader, gproc_test_call_wait (&call), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (gproc_reader_expect (reader, &regex, 1, -1, cancellable, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  gproc_test_write (fd, "de", -1);
  match = gproc_reader_expect (reader, &regex, 1, -1, NULL, &error);
  g_assert_no_error (error);
  assert_match (match, 0, "abc", "d");
  gproc_test_close (&fd);
}

static void
test_close_pending (void)
{
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GRegex) regex = make_regex ("x");
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;
  int fds[2];

  gproc_test_socketpair (fds);
  stream = gproc_stream_new_for_fds (fds[0], fds[0], -1, GPROC_STREAM_FLAGS_TAKE_FDS);
  gproc_reader_expect_async (gproc_stream_get_stdout (stream), &regex, 1, 60000, 0, NULL,
                             gproc_test_call_done, &call);
  gproc_test_settle ();
  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  g_assert_no_error (error);
  g_assert_null (gproc_reader_expect_finish (gproc_stream_get_stdout (stream),
                                             gproc_test_call_wait (&call), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  gproc_test_close (&fds[1]);
}

static void
test_no_pattern (void)
{
  int fd;
  g_autoptr (GProcReader) reader = make_reader (&fd, "abc", -1);
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_null (gproc_reader_expect (reader, NULL, 0, -1, NULL, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_null (gproc_reader_try_expect (reader, NULL, 0, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  gproc_reader_expect_async (reader, NULL, 0, -1, 0, NULL, gproc_test_call_done, &call);
  g_assert_null (gproc_reader_expect_finish (reader, gproc_test_call_wait (&call), &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  gproc_test_close (&fd);
}

/* --- What is no text, what is too hard --- */

static void
test_invalid_utf8 (void)
{
  static const char data[] = "ok> ab\xff> \xe2\x82";
  int fd;
  g_autoptr (GProcReader) reader = make_reader (&fd, data, -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcMatch) match = NULL;
  g_autoptr (GProcMatch) raw = NULL;

  match = expect_one (reader, "> ", -1, &error);
  assert_match (match, 0, "ok", "> ");
  g_assert_null (expect_one (reader, "> ", -1, &error));
  g_assert_nonnull (strstr (error->message, "position 2"));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_cmpuint (gproc_reader_get_buffered (reader), ==, strlen (data) - 4);
  raw = expect_one (reader, "raw:> ", -1, &error);
  assert_match (raw, 0, "ab\xff", "> ");

  /* The rest of a character may still come; a NUL is no rest. */
  g_assert_null (expect_one (reader, "€", 0, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  gproc_test_write (fd, "\0", 1);
  g_assert_null (expect_one (reader, "€", -1, &error));
  g_assert_nonnull (strstr (error->message, "position 0"));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  gproc_test_close (&fd);
}

/* One pattern for bytes and one for text: the first match counts, and no error behind it. */
static void
test_mixed (void)
{
  const char *names[MAX_PATTERNS] = { "text", "raw:\\xff" };
  g_autoptr (GPtrArray) patterns = make_patterns (names);
  int fd;
  g_autoptr (GProcReader) reader = make_reader (&fd, "a text \xfe\xff", -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcMatch) match = expect_blocking (reader, patterns, -1, &error);

  g_assert_no_error (error);
  assert_match (match, 0, "a ", "text");
  g_assert_null (expect_blocking (reader, patterns, -1, &error));
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  gproc_test_close (&fd);
}

static void
test_too_hard (void)
{
  int fd;
  g_autofree char *data = g_strnfill (60000, 'a');
  g_autoptr (GProcReader) reader = make_reader (&fd, data, 60000);
  g_autoptr (GError) error = NULL;

  g_assert_null (expect_one (reader, "(a+a+)+[bc]", 0, &error));
  g_assert_true (error->domain == G_REGEX_ERROR);
  gproc_test_assert_error (error, G_REGEX_ERROR, G_REGEX_ERROR_MATCH);
  g_assert_cmpuint (gproc_reader_get_buffered (reader), >, 0);
  gproc_test_close (&fd);
}

/* --- Long output --- */

/* How many bytes the patterns were given to search, and in how many calls. */
static guint64 bytes_searched;
static guint n_searches;

/* The library calls this one in place of GLib's. */
gboolean
g_regex_match_full (const GRegex      *regex,
                    const char        *string,
                    gssize             string_len,
                    int                start_position,
                    GRegexMatchFlags   match_options,
                    GMatchInfo       **match_info,
                    GError           **error)
{
  static gboolean (*next) (const GRegex *, const char *, gssize, int, GRegexMatchFlags,
                           GMatchInfo **, GError **);

  if (next == NULL)
    *(void **) &next = dlsym (RTLD_NEXT, "g_regex_match_full");
  bytes_searched += (guint64) (string_len - start_position);
  n_searches++;

  return next (regex, string, string_len, start_position, match_options, match_info, error);
}

/* Every read of 4 KiB ends in what could be the beginning of a match. */
static void
search (gsize size)
{
  const char *names[MAX_PATTERNS] = { "\r\n>>> ", "Password: ?", "[0-9]+ errors" };
  g_autoptr (GPtrArray) patterns = make_patterns (names);
  g_autoptr (GInputStream) base = gproc_test_input_new (NULL, GPROC_TEST_HOSTILE_POLLABLE);
  g_autoptr (GProcReader) reader = gproc_reader_new (base);
  g_autofree char *data = g_strnfill (size + 6, 'x');
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcMatch) match = NULL;

  for (gsize at = 0; at + 4096 <= size; at += 4096)
    memcpy (data + at + 4090, "12\r\n>>", 6);
  memcpy (data + size, "\r\n>>> ", 6);
  gproc_test_input_set_chunk (base, 4096);
  gproc_test_input_push (base, data, (gssize) size + 6);
  gproc_reader_set_limit (reader, size + 6);
  bytes_searched = 0;
  n_searches = 0;
  match = expect_async (reader, patterns, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (gproc_match_get_before (match)), ==, size);
  g_test_message ("%zu bytes: %" G_GUINT64_FORMAT " bytes in %u searches", size, bytes_searched,
                  n_searches);
}

/* What is passed over is not searched again, however much comes: a byte is, for each of the three
 * patterns, in the search that finds no whole match, in those of the strides up to where a match
 * may begin, and in a few near that. */
static void
test_linear (void)
{
  const gsize small = gproc_test_scale (1 << 18);

  for (gsize factor = 1; factor <= 16; factor *= 4)
    {
      search (factor * small);
      g_assert_cmpuint (bytes_searched, >, 3 * factor * small);
      g_assert_cmpuint (bytes_searched, <, 3 * 2 * factor * small);
      g_assert_cmpuint (n_searches, <, factor * small / 4096 * 40);
    }
}

/* --- Terminals --- */

static void
test_python (void)
{
  g_autofree char *python = gproc_test_find_program ("python3");
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GProcStream) process = NULL;
  g_autoptr (GProcStream) terminal = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcMatch) first = NULL;
  g_autoptr (GProcMatch) second = NULL;
  g_autoptr (GProcMatch) third = NULL;
  int master, slave;

  if (python == NULL)
    return;

  gproc_test_pty (&master, &slave);
  gproc_launcher_set_stdin_fd (launcher, slave);
  gproc_launcher_set_stdout_fd (launcher, slave);
  gproc_launcher_set_stderr_fd (launcher, slave);
  gproc_launcher_setenv (launcher, "PYTHON_BASIC_REPL", "1", TRUE);
  gproc_launcher_setenv (launcher, "TERM", "dumb", TRUE);
  process = gproc_launcher_spawn (launcher,
                                  (const char *[]){ python, "-i", "-q", "-E", "-S", NULL }, &error);
  g_assert_no_error (error);
  gproc_test_close (&slave);
  terminal = gproc_stream_new_for_fds (master, master, -1, GPROC_STREAM_FLAGS_TAKE_FDS);

  first = expect_one (gproc_stream_get_stdout (terminal), ">>> ", 20000, &error);
  g_assert_no_error (error);
  g_assert_true (gproc_writer_queue (gproc_stream_get_stdin (terminal), "6 * 7\n", -1, &error));
  second = expect_one (gproc_stream_get_stdout (terminal), "([0-9]+)\r?\n>>> ", 20000, &error);
  g_assert_no_error (error);
  gproc_test_assert_bytes (gproc_match_get_group (second, 1), "42");
  g_assert_true (
    gproc_writer_queue (gproc_stream_get_stdin (terminal), "raise SystemExit (3)\n", -1, &error));
  g_assert_true (
    g_output_stream_flush (G_OUTPUT_STREAM (gproc_stream_get_stdin (terminal)), NULL, &error));
  g_assert_cmpint (gproc_stream_wait (process, NULL, &error), ==, 3);
  g_assert_no_error (error);
}

int
main (int   argc,
      char *argv[])
{
  static const char * const form_names[] = { "blocking", "async" };

  gproc_test_init (&argc, &argv);
  for (gsize i = 0; i < G_N_ELEMENTS (scripts); i++)
    gproc_test_add_data (scripts[i].path, &scripts[i], test_splits);
  gproc_test_add ("/gproc/expect/groups", test_groups);
  gproc_test_add ("/gproc/expect/interleaved", test_interleaved);
  for (gsize i = 0; i < G_N_ELEMENTS (form_names); i++)
    {
      g_autofree char *timeout = g_strconcat ("/gproc/expect/timeout/", form_names[i], NULL);
      g_autofree char *held = g_strconcat ("/gproc/expect/held-back/", form_names[i], NULL);

      gproc_test_add_data (timeout, GSIZE_TO_POINTER (i), test_timeout);
      gproc_test_add_data (held, GSIZE_TO_POINTER (i), test_held_back);
    }
  gproc_test_add ("/gproc/expect/timeout/pollable", test_timeout_pollable);
  gproc_test_add ("/gproc/expect/timeout/flood", test_timeout_flood);
  gproc_test_add ("/gproc/expect/incomplete", test_incomplete);
  gproc_test_add ("/gproc/expect/stream-error", test_stream_error);
  gproc_test_add ("/gproc/expect/limit", test_limit);
  gproc_test_add ("/gproc/expect/cancel", test_cancel);
  gproc_test_add ("/gproc/expect/close-pending", test_close_pending);
  gproc_test_add ("/gproc/expect/no-pattern", test_no_pattern);
  gproc_test_add ("/gproc/expect/invalid-utf8", test_invalid_utf8);
  gproc_test_add ("/gproc/expect/mixed", test_mixed);
  gproc_test_add ("/gproc/expect/too-hard", test_too_hard);
  gproc_test_add ("/gproc/expect/linear", test_linear);
  gproc_test_add ("/gproc/expect/python", test_python);
  return gproc_test_run ();
}
