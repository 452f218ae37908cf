/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "streams/gproc-match.h"

G_BEGIN_DECLS

/* A search for patterns in bytes that go on coming. It gives what a search in all of them would
 * give, however they come: the match that begins first, of those that begin at the same place
 * that of the first pattern, and of that what the pattern takes. Where bytes that are not there
 * yet could change that, it wants more. */

typedef struct _GProcExpect GProcExpect;

typedef enum
{
  GPROC_EXPECT_MORE,
  GPROC_EXPECT_FOUND,
  GPROC_EXPECT_FAILED /* With an error. */
} GProcExpectState;

/* References the @patterns. */
GProcExpect *_gproc_expect_new (GRegex * const *patterns,
                                gsize           n_patterns);
void _gproc_expect_free (GProcExpect *self);

/* Whether both look for the same. */
gboolean _gproc_expect_equal (GProcExpect *self,
                              GProcExpect *other);

/* Searches @data, which begins with what it was before. @last: what is there decides. */
GProcExpectState _gproc_expect_search (GProcExpect  *self,
                                       const char   *data,
                                       gsize         length,
                                       gboolean      last,
                                       GError      **error);

/* Of what was found: where it ends; and all of it, given the bytes up to there. */
gsize _gproc_expect_get_end (GProcExpect *self);
GProcMatch *_gproc_expect_make_match (GProcExpect *self,
                                      GBytes      *taken);

/* Before which byte no match can begin any more. */
gsize _gproc_expect_get_passed (GProcExpect *self);

G_END_DECLS
