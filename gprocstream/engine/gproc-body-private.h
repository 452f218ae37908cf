/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "engine/gproc-connection-private.h"

G_BEGIN_DECLS

/* The body of an answer of HTTP/1.1, as a pollable stream. Where the connection ends before the
 * body does it fails with %G_IO_ERROR_PARTIAL_INPUT: half an answer is none. */
#define GPROC_TYPE_BODY (_gproc_body_get_type ())

G_DECLARE_FINAL_TYPE (GProcBody, _gproc_body, GPROC, BODY, GInputStream)

/* The body keeps the connection, until it is closed. NULL with @error set where nobody can tell
 * how long it is. */
GInputStream *_gproc_body_new (GProcConnection     *connection,
                               guint                status,
                               SoupMessageHeaders  *headers,
                               GError             **error);

G_END_DECLS
