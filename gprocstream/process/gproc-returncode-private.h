/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Whether @returncode means success; otherwise sets @error to what it means, with
 * the end of what is in @stderr_bytes (nullable). */
gboolean _gproc_check_returncode (int          returncode,
                                  const char  *command,
                                  GBytes      *stderr_bytes,
                                  GError     **error);

/* How messages, which are UTF-8, call a process: its command, or a word for it. */
char *_gproc_command_name (const char *command);

G_END_DECLS
