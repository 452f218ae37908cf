/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Somebody who uses a half of a stream for as long as it likes, past its operations: what
 * moves bytes from one stream to another. */

typedef struct _GProcGuest GProcGuest;

struct _GProcGuest
{
  /* The half is about to be closed, in whatever thread: no wait may be left on its
   * descriptor, and the guest is to leave. Called with the lock of the operations. */
  void (*closing) (GProcGuest *guest);

  /* Whoever closes the half by force, maybe in another thread, has taken the pending mark that the
   * guest had set. Guarded by that lock. */
  gboolean unmarked;
};

G_END_DECLS
