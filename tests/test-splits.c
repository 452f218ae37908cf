/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test.h"
#include "gproc-test-streams.h"

#include <gprocstream/gprocstream.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Every input, cut at every boundary, in reads of every size from 1 to 16, from every
 * kind of base, in both forms: the same records as from the whole, by a slow and
 * plain reference. */

typedef enum
{
  OP_LINE,
  OP_UNTIL, /* The first separator alone. */
  OP_UNTIL_ANY,
  OP_EXACTLY
} Op;

typedef struct
{
  const char *path;
  Op op;
  const char *data;
  const char *separators[4];
  gsize count; /* Of OP_EXACTLY. */
} Script;

typedef enum
{
  BASE_FD,
  BASE_POLLABLE,
  BASE_SLOW_POLLABLE,
  BASE_PLAIN,
  BASE_SLOW_PLAIN,
  N_BASES
} Base;

typedef struct
{
  const Script *script;
  Base base;
  gboolean async;
  gsize cut;
  gsize size;
} Round;

/* Where the record that begins at @start ends; 0 if the data ends before it does. */
static gsize
reference_end (const Script *script,
               gsize         start)
{
  const char *newline[] = { "\n", NULL };
  const char * const *separators = script->op == OP_LINE ? newline : script->separators;
  gsize length = strlen (script->data);
  gsize end;
  gsize i;

  if (script->op == OP_EXACTLY)
    return start + script->count <= length ? start + script->count : 0;

  for (end = start + 1; end <= length; end++)
    for (i = 0; separators[i] != NULL && (script->op != OP_UNTIL || i == 0); i++)
      {
        gsize size = strlen (separators[i]);

        if (size <= end - start && memcmp (script->data + end - size, separators[i], size) == 0)
          return end;
      }
  return 0;
}

static GPtrArray *
make_separators (const Script *script)
{
  GPtrArray *separators = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  gsize i;

  for (i = 0; script->separators[i] != NULL; i++)
    g_ptr_array_add (separators,
                     g_bytes_new_static (script->separators[i], strlen (script->separators[i])));
  return separators;
}

static GBytes *
run_blocking (const Script  *script,
              GProcReader   *reader,
              GError       **error)
{
  g_autoptr (GPtrArray) separators = make_separators (script);

  switch (script->op)
    {
    case OP_LINE:
      return gproc_reader_read_line (reader, NULL, error);
    case OP_UNTIL:
      return gproc_reader_read_until (reader, script->separators[0], -1, NULL, error);
    case OP_UNTIL_ANY:
      return gproc_reader_read_until_any (reader, separators, NULL, error);
    case OP_EXACTLY:
      return gproc_reader_read_exactly (reader, script->count, NULL, error);
    default:
      g_assert_not_reached ();
    }
}

static GBytes *
run_async (const Script  *script,
           GProcReader   *reader,
           GError       **error)
{
  g_autoptr (GPtrArray) separators = make_separators (script);
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  GAsyncResult *result;

  if (script->op == OP_LINE)
    gproc_reader_read_line_async (reader, 0, NULL, gproc_test_call_done, &call);
  else if (script->op == OP_UNTIL)
    gproc_reader_read_until_async (reader, script->separators[0], -1, 0, NULL, gproc_test_call_done,
                                   &call);
  else if (script->op == OP_UNTIL_ANY)
    gproc_reader_read_until_any_async (reader, separators, 0, NULL, gproc_test_call_done, &call);
  else
    gproc_reader_read_exactly_async (reader, script->count, 0, NULL, gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);
  /* The caller may let go of what it gave. */
  g_clear_pointer (&separators, g_ptr_array_unref);
  result = gproc_test_call_wait (&call);

  if (script->op == OP_LINE)
    return gproc_reader_read_line_finish (reader, result, error);
  if (script->op == OP_UNTIL)
    return gproc_reader_read_until_finish (reader, result, error);
  if (script->op == OP_UNTIL_ANY)
    return gproc_reader_read_until_any_finish (reader, result, error);
  return gproc_reader_read_exactly_finish (reader, result, error);
}

/* A packet is what one read gives, however much room there is: that cuts where the
 * test wants, without any timing. */
static GProcReader *
make_packets (const Round *round)
{
  gsize length = strlen (round->script->data);
  gsize position = 0;
  int fds[2];

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
  while (position < length)
    {
      gsize end = position < round->cut ? round->cut : length;
      gsize size = MIN (round->size, end - position);

      gproc_test_write (fds[1], round->script->data + position, size);
      position += size;
    }
  gproc_test_close (&fds[1]);
  return gproc_reader_new_for_fd (fds[0], TRUE);
}

static GProcReader *
make_reader (const Round *round)
{
  static const GProcTestHostility hostilities[] = {
    [BASE_POLLABLE] = GPROC_TEST_HOSTILE_POLLABLE,
    [BASE_SLOW_POLLABLE] = GPROC_TEST_HOSTILE_POLLABLE | GPROC_TEST_HOSTILE_SLOW |
                           GPROC_TEST_HOSTILE_SPURIOUS,
    [BASE_PLAIN] = GPROC_TEST_HOSTILE_NONE,
    [BASE_SLOW_PLAIN] = GPROC_TEST_HOSTILE_SLOW
  };
  g_autoptr (GInputStream) base = NULL;

  if (round->base == BASE_FD)
    return make_packets (round);
  base = gproc_test_input_new (NULL, hostilities[round->base]);
  gproc_test_input_set_chunk (base, round->size);
  gproc_test_input_push (base, round->script->data, round->cut);
  gproc_test_input_set_cut (base);
  gproc_test_input_push (base, round->script->data + round->cut, -1);
  return gproc_reader_new (base);
}

/* At the end: a line that lacks its terminator is a line, anything else that lacks
 * something is incomplete, and is given as what was there. */
static void
check_rest (const Round *round,
            GProcReader *reader,
            const char  *rest)
{
  GBytes *(*run) (const Script *, GProcReader *, GError **) = round->async ? run_async
                                                                           : run_blocking;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = run (round->script, reader, &error);
  g_autoptr (GBytes) none = NULL;

  if (round->script->op == OP_LINE)
    {
      g_assert_no_error (error);
      if (*rest != '\0')
        gproc_test_assert_bytes (bytes, rest);
      else
        g_assert_null (bytes);
    }
  else
    {
      g_assert_null (bytes);
      g_assert_error (error, GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_INCOMPLETE_READ);
      gproc_test_assert_bytes (gproc_reader_get_last_partial (reader), rest);
      if (round->script->op == OP_EXACTLY)
        g_assert_cmpuint (gproc_reader_get_last_expected (reader), ==, round->script->count);
    }
  g_assert_cmpuint (gproc_reader_get_buffered (reader), ==, 0);
  g_clear_error (&error);
  none = gproc_reader_read_line (reader, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (none);
}

static void
run_round (const Round *round)
{
  GBytes *(*run) (const Script *, GProcReader *, GError **) = round->async ? run_async
                                                                           : run_blocking;
  g_autoptr (GProcReader) reader = make_reader (round);
  gsize start = 0;
  gsize end;

  while ((end = reference_end (round->script, start)) > 0)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = run (round->script, reader, &error);

      g_assert_no_error (error);
      g_assert_nonnull (bytes);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                       round->script->data + start, end - start);
      start = end;
    }
  check_rest (round, reader, round->script->data + start);
}

static void
test_splits (gconstpointer data)
{
  static const gsize few_sizes[] = { 1, 2, 3, 5, 16, 0 };
  Round round = { .script = data };
  gsize length = strlen (round.script->data);
  gsize size;

  for (round.base = 0; round.base < N_BASES; round.base++)
    for (round.async = FALSE; round.async <= TRUE; round.async++)
      for (round.cut = 0; round.cut < MAX (length, 1); round.cut++)
        for (size = 0; size < (gproc_test_is_slow () ? 5 : 16); size++)
          {
            round.size = gproc_test_is_slow () ? few_sizes[size] : size + 1;
            run_round (&round);
          }
}

static const Script scripts[] = {
  { "/gproc/splits/line", OP_LINE, "one\ntwo\n\n\nfive\r\nx" },
  { "/gproc/splits/line-terminated", OP_LINE, "one\n\ntwo\n" },
  { "/gproc/splits/line-none", OP_LINE, "" },
  { "/gproc/splits/line-only-newlines", OP_LINE, "\n\n\n" },
  { "/gproc/splits/line-long", OP_LINE, "a line that is longer than all reads\nanother\n" },
  { "/gproc/splits/until", OP_UNTIL, "one--two-three--", { "--" } },
  { "/gproc/splits/until-self-overlapping", OP_UNTIL, "aabaaabaaaabaab", { "aab" } },
  { "/gproc/splits/until-periodic", OP_UNTIL, "ababcababababcab", { "ababc" } },
  { "/gproc/splits/until-single", OP_UNTIL, "a;;b;c", { ";" } },
  { "/gproc/splits/until-absent", OP_UNTIL, "nothing of the kind-", { "--" } },
  { "/gproc/splits/until-whole", OP_UNTIL, "0123456789abcdef", { "0123456789abcdef" } },
  { "/gproc/splits/until-any", OP_UNTIL_ANY, "ABCDEFG", { "DEF", "BCDE" } },
  { "/gproc/splits/until-any-order", OP_UNTIL_ANY, "ABCDEFG", { "BCDE", "DEF" } },
  { "/gproc/splits/until-any-suffix", OP_UNTIL_ANY, "xxabcdxxcdxxbcd", { "abcd", "cd", "bcd" } },
  { "/gproc/splits/until-any-inside", OP_UNTIL_ANY, "..abcdef..abcde", { "abcdef", "cd" } },
  { "/gproc/splits/until-any-lines",
    OP_UNTIL_ANY,
    "one\r\ntwo\nthree\rfour",
    { "\r\n", "\n", "\r" } },
  { "/gproc/splits/exactly-1", OP_EXACTLY, "0123456789", { NULL }, 1 },
  { "/gproc/splits/exactly-3", OP_EXACTLY, "0123456789", { NULL }, 3 },
  { "/gproc/splits/exactly-5", OP_EXACTLY, "0123456789", { NULL }, 5 },
  { "/gproc/splits/exactly-17", OP_EXACTLY, "0123456789abcdefghijklmnopqrstuvwxyz", { NULL }, 17 }
};

int
main (int   argc,
      char *argv[])
{
  gsize i;

  gproc_test_init (&argc, &argv);
  for (i = 0; i < G_N_ELEMENTS (scripts); i++)
    gproc_test_add_data (scripts[i].path, &scripts[i], test_splits);
  return gproc_test_run ();
}
