/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <sys/resource.h>

#include "process/gproc-result.h"

G_BEGIN_DECLS

/* Borrows everything. The bytes, @command and @usage may be NULL. */
GProcResult *_gproc_result_new (GBytes              *stdout_bytes,
                                GBytes              *stderr_bytes,
                                const char          *command,
                                int                  returncode,
                                gint64               duration,
                                const struct rusage *usage);
void _gproc_result_set_truncated (GProcResult *self);
void _gproc_result_set_timed_out (GProcResult *self);

G_END_DECLS
