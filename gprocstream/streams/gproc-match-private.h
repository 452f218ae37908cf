/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "streams/gproc-match.h"

G_BEGIN_DECLS

/* Takes @groups, of nullable GBytes: the match itself is not among them, the group with number 1
 * is the first. @taken is what precedes the match, up to @start, and the match. */
GProcMatch *_gproc_match_new (guint      index,
                              GRegex    *regex,
                              GBytes    *taken,
                              gsize      start,
                              GPtrArray *groups);

G_END_DECLS
