/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <glib.h>
#include <libintl.h>

/* No function of the library is the first that every program calls, so the catalogue is
 * bound when the library is loaded. */
static void __attribute__ ((constructor)) bind_messages (void)
{
  bindtextdomain (GETTEXT_PACKAGE, PACKAGE_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
}
