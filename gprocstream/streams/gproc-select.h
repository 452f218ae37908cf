/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <gprocstream/base/gproc-version.h>
#include <gprocstream/streams/gproc-reader.h>
#include <gprocstream/streams/gproc-writer.h>

G_BEGIN_DECLS

GPROC_AVAILABLE_IN_1_0
GPtrArray *gproc_select (GProcReader  **readers,
                         gsize          n_readers,
                         GProcWriter  **writers,
                         gsize          n_writers,
                         int            timeout_ms,
                         GCancellable  *cancellable,
                         GError       **error);

G_END_DECLS
