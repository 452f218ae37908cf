/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <gprocstream/base/gproc-version.h>

G_BEGIN_DECLS

#define GPROC_TYPE_MATCH (gproc_match_get_type ())

GPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GProcMatch, gproc_match, GPROC, MATCH, GObject)

GPROC_AVAILABLE_IN_1_0
guint gproc_match_get_index (GProcMatch *self);
GPROC_AVAILABLE_IN_1_0
GRegex *gproc_match_get_regex (GProcMatch *self);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_match_get_before (GProcMatch *self);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_match_get_matched (GProcMatch *self);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_match_get_group (GProcMatch *self,
                               guint       group);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_match_get_named_group (GProcMatch *self,
                                     const char *name);

G_END_DECLS
