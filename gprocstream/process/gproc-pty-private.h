/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Pseudo-terminals: a child has the slave side, the application the master. */

#define GPROC_PTY_DEFAULT_ROWS 24
#define GPROC_PTY_DEFAULT_COLUMNS 80

typedef struct
{
  guint rows;
  guint columns;
  gboolean echo;
  gboolean raw; /* Then nothing is echoed either. */
} GProcPtySettings;

/* Opens a terminal with these settings. Both descriptors are the caller's to close, close on
 * exec, block, and are none of the standard ones. 0 or an errno value; @stage is what failed then,
 * not translated. */
int _gproc_pty_open (const GProcPtySettings  *settings,
                     int                     *master,
                     int                     *slave,
                     const char             **stage);

/* Sets the size of the terminal whose master is @fd, which the kernel tells its foreground group
 * by SIGWINCH if it changes. 0 or an errno value. */
int _gproc_pty_resize (int   fd,
                       guint rows,
                       guint columns);

G_END_DECLS
