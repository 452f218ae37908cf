/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The line that a terminal is being given. In canonical mode the kernel gathers a line until it
 * ends, and drops what does not fit, without a word. What is told here is a best effort: the
 * process may change the mode at any time, and others may write to the terminal too. */

/* What the kernel takes of a line, apart from its end. */
#define GPROC_LONGEST_LINE 4095

/* Whether all of @vectors fits, behind a line that has @length bytes already. NO_SPACE. */
gboolean _gproc_typed_line_check (int                   master,
                                  gsize                 length,
                                  const GOutputVector  *vectors,
                                  gsize                 n_vectors,
                                  GError              **error);

/* How long the line is after the first @size bytes of @vectors. */
gsize _gproc_typed_line_advance (int                  master,
                                 gsize                length,
                                 const GOutputVector *vectors,
                                 gsize                n_vectors,
                                 gsize                size);

G_END_DECLS
