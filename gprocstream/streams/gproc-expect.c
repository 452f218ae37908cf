/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-expect-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "streams/gproc-match-private.h"

typedef struct
{
  GRegex *regex;
  gboolean raw;      /* Matches bytes, not characters. */
  gboolean anchored; /* Matches at the very beginning only. */
  gsize from;        /* No match begins before. */
  gboolean found;    /* What follows is decided. */
  gsize start;
  gsize end;
  GPtrArray *groups; /* Owned. Of nullable GBytes. */
} Pattern;

struct _GProcExpect
{
  Pattern *patterns;
  gsize n_patterns;
  gboolean has_text; /* One of them matches characters. */
  gsize seen;        /* How much was searched. */
  gsize valid;       /* How much of that is whole characters… */
  gboolean invalid;  /* …and whether what follows will never be one. */
  Pattern *winner;
};

GProcExpect *
_gproc_expect_new (GRegex * const *patterns,
                   gsize           n_patterns)
{
  GProcExpect *self = g_new0 (GProcExpect, 1);

  self->patterns = g_new0 (Pattern, n_patterns);
  self->n_patterns = n_patterns;
  for (gsize i = 0; i < n_patterns; i++)
    {
      Pattern *pattern = &self->patterns[i];

      pattern->regex = g_regex_ref (patterns[i]);
      pattern->raw = (g_regex_get_compile_flags (patterns[i]) & G_REGEX_RAW) != 0;
      pattern->anchored = (g_regex_get_compile_flags (patterns[i]) & G_REGEX_ANCHORED) != 0 ||
                          (g_regex_get_match_flags (patterns[i]) & G_REGEX_MATCH_ANCHORED) != 0;
      self->has_text = self->has_text || !pattern->raw;
    }

  return self;
}

void
_gproc_expect_free (GProcExpect *self)
{
  for (gsize i = 0; i < self->n_patterns; i++)
    {
      g_regex_unref (self->patterns[i].regex);
      g_clear_pointer (&self->patterns[i].groups, g_ptr_array_unref);
    }
  g_free (self->patterns);
  g_free (self);
}

gboolean
_gproc_expect_equal (GProcExpect *self,
                     GProcExpect *other)
{
  if (self->n_patterns != other->n_patterns)
    return FALSE;

  for (gsize i = 0; i < self->n_patterns; i++)
    if (self->patterns[i].regex != other->patterns[i].regex)
      return FALSE;

  return TRUE;
}

/* Forgets what it knows, for when there is less than there was. */
static void
expect_reset (GProcExpect *self)
{
  self->seen = self->valid = 0;
  self->invalid = FALSE;
  self->winner = NULL;
  for (gsize i = 0; i < self->n_patterns; i++)
    {
      self->patterns[i].from = 0;
      self->patterns[i].found = FALSE;
      g_clear_pointer (&self->patterns[i].groups, g_ptr_array_unref);
    }
}

/* GRegex takes for granted that what it gets is characters. A NUL is one, here. */
static void
expect_validate (GProcExpect *self,
                 const char  *data,
                 gsize        length)
{
  while (!self->invalid && self->valid < length)
    {
      const char *begin = data + self->valid;
      gsize left = length - self->valid;
      const char *end;
      gunichar state;

      g_utf8_validate_len (begin, left, &end);
      self->valid = (gsize) (end - data);
      if (self->valid == length)
        return;
      if (*end == '\0')
        {
          self->valid++;
          continue;
        }

      /* The beginning of a character is whole when the rest has come; but a NUL is no rest. */
      left = length - self->valid;
      state = g_utf8_get_char_validated (end, (gssize) left);
      self->invalid = state != (gunichar) -2 || memchr (end, '\0', MIN (left, 4)) != NULL;
      if (!self->invalid)
        return;
    }
}

typedef enum
{
  NOTHING,
  PARTIAL, /* Bytes that have not come would have been looked at. */
  COMPLETE,
  BROKEN /* The match failed, with an error. */
} Outcome;

/* One call of GRegex; @info (nullable) is to be freed. */
static Outcome
pattern_match (Pattern           *pattern,
               const char        *data,
               gsize              length,
               gsize              from,
               GRegexMatchFlags   flags,
               GMatchInfo       **info,
               GError           **error)
{
  g_autoptr (GMatchInfo) local_info = NULL;
  g_autoptr (GError) local_error = NULL;
  Outcome outcome = NOTHING;

  if (g_regex_match_full (pattern->regex, data, (gssize) length, (int) from, flags, &local_info,
                          &local_error))
    outcome = COMPLETE;
  else if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return BROKEN;
    }
  else if (g_match_info_is_partial_match (local_info))
    outcome = PARTIAL;

  if (info != NULL)
    *info = g_steal_pointer (&local_info);

  return outcome;
}

static gsize
next_position (Pattern    *pattern,
               const char *data,
               gsize       length,
               gsize       at)
{
  at++;
  while (!pattern->raw && at < length && (data[at] & 0xc0) == 0x80)
    at++;

  return at;
}

/* GRegex does not tell where a partial match begins, before which nothing has to be searched
 * again. A search in less than there is that finds nothing, not even the beginning of anything,
 * found that for ever: so what precedes the partial match is passed in strides that grow, and
 * shrink near it. Each byte is passed once, however often more comes. */
static gboolean
pattern_pass (Pattern     *pattern,
              const char  *data,
              gsize        length,
              GError     **error)
{
  const GRegexMatchFlags flags = G_REGEX_MATCH_PARTIAL_HARD;
  gsize stride = 64;

  while (pattern->from < length)
    {
      Outcome outcome = pattern_match (pattern, data, length, pattern->from,
                                       flags | G_REGEX_MATCH_ANCHORED, NULL, error);

      if (outcome != NOTHING)
        return outcome != BROKEN;

      pattern->from = next_position (pattern, data, length, pattern->from);
      while (stride > 0 && pattern->from < length)
        {
          gsize cut = pattern->from + MIN (stride, length - pattern->from) - 1;

          cut = next_position (pattern, data, length, cut);
          outcome = cut < length
                      ? pattern_match (pattern, data, cut, pattern->from, flags, NULL, error)
                      : PARTIAL;
          if (outcome == BROKEN)
            return FALSE;
          if (outcome == NOTHING)
            pattern->from = cut;
          stride = outcome == NOTHING ? stride * 2 : stride / 2;
        }
      stride = 2;
    }

  return TRUE;
}

static void
pattern_set_found (Pattern    *pattern,
                   const char *data,
                   GMatchInfo *info,
                   gsize       start,
                   gsize       end)
{
  int count = g_match_info_get_match_count (info);

  pattern->found = TRUE;
  pattern->start = start;
  pattern->end = MAX (start, end);
  pattern->groups = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (int i = 1; i < count; i++)
    {
      int group_start, group_end;

      /* A group may lie in what was only looked at. */
      if (g_match_info_fetch_pos (info, i, &group_start, &group_end) && group_start >= 0)
        g_ptr_array_add (pattern->groups,
                         g_bytes_new (data + group_start, (gsize) (group_end - group_start)));
      else
        g_ptr_array_add (pattern->groups, NULL);
    }
}

/* Searches for one pattern as far as its place is not known. @last: nothing more will come that
 * it can look at. */
static gboolean
pattern_search (Pattern     *pattern,
                const char  *data,
                gsize        length,
                gboolean     last,
                GError     **error)
{
  g_autoptr (GMatchInfo) info = NULL;
  GRegexMatchFlags flags = last ? G_REGEX_MATCH_DEFAULT : G_REGEX_MATCH_PARTIAL_HARD;
  int start, end;

  switch (pattern_match (pattern, data, length, pattern->from, flags, &info, error))
    {
    case COMPLETE:
      /* An empty match at the end could be another one when the end is further away. */
      if (g_match_info_fetch_pos (info, 0, &start, &end) && (last || (gsize) start < length))
        pattern_set_found (pattern, data, info, (gsize) start, (gsize) end);
      else if (!pattern->anchored)
        pattern->from = length;
      return TRUE;

    case NOTHING:
      if (!pattern->anchored && !last)
        pattern->from = length;
      else if (!last && length > 0)
        pattern->from = G_MAXSIZE;
      return TRUE;

    case PARTIAL:
      return pattern->anchored || pattern_pass (pattern, data, length, error);

    case BROKEN:
    default:
      return FALSE;
    }
}

/* Which match begins first; of the same place, that of the first pattern. */
static Pattern *
expect_find_first (GProcExpect *self)
{
  Pattern *first = NULL;

  for (gsize i = 0; i < self->n_patterns; i++)
    {
      Pattern *pattern = &self->patterns[i];

      if (pattern->found && (first == NULL || pattern->start < first->start))
        first = pattern;
    }

  return first;
}

/* Of the patterns that may still match before @first (nullable), the one that may match first. */
static Pattern *
expect_find_rival (GProcExpect *self,
                   Pattern     *first)
{
  Pattern *rival = NULL;

  for (gsize i = 0; i < self->n_patterns; i++)
    {
      Pattern *pattern = &self->patterns[i];

      if (pattern->found || (rival != NULL && pattern->from >= rival->from))
        continue;
      if (first == NULL || pattern->from < first->start ||
          (pattern->from == first->start && pattern < first))
        rival = pattern;
    }

  return rival;
}

static GProcExpectState
expect_set_invalid (GProcExpect  *self,
                    GError      **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               _ ("The byte at position %zu is not valid UTF-8, which a pattern that is not"
                  " compiled for raw bytes needs"),
               self->valid);

  return GPROC_EXPECT_FAILED;
}

GProcExpectState
_gproc_expect_search (GProcExpect  *self,
                      const char   *data,
                      gsize         length,
                      gboolean      last,
                      GError      **error)
{
  Pattern *rival;

  if (length < self->seen)
    expect_reset (self);
  self->seen = length;

  /* Before the first byte an empty match could still be another one. */
  if (length == 0 && !last)
    return GPROC_EXPECT_MORE;
  if (length == 0)
    data = "";
  if (self->has_text)
    expect_validate (self, data, length);

  for (gsize i = 0; i < self->n_patterns; i++)
    {
      Pattern *pattern = &self->patterns[i];
      gsize end = pattern->raw ? length : self->valid;
      gboolean ends = last || (!pattern->raw && self->invalid);

      if (!pattern->found && pattern->from <= end &&
          !pattern_search (pattern, data, end, ends, error))
        return GPROC_EXPECT_FAILED;
      if (!pattern->found && ends && !last)
        pattern->from = MAX (pattern->from, end);
    }

  self->winner = expect_find_first (self);
  rival = last ? NULL : expect_find_rival (self, self->winner);
  if (self->winner != NULL && rival == NULL)
    return GPROC_EXPECT_FOUND;
  if (self->invalid && (last || !rival->raw))
    return expect_set_invalid (self, error);

  return GPROC_EXPECT_MORE;
}

gsize
_gproc_expect_get_end (GProcExpect *self)
{
  return self->winner->end;
}

GProcMatch *
_gproc_expect_make_match (GProcExpect *self,
                          GBytes      *taken)
{
  Pattern *winner = self->winner;

  return _gproc_match_new ((guint) (winner - self->patterns), winner->regex, taken, winner->start,
                           g_steal_pointer (&winner->groups));
}

gsize
_gproc_expect_get_passed (GProcExpect *self)
{
  gsize passed = self->seen;

  for (gsize i = 0; i < self->n_patterns; i++)
    passed = MIN (passed,
                  self->patterns[i].found ? self->patterns[i].start : self->patterns[i].from);

  return passed;
}
