/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

/* The name that libFuzzer looks for. */
int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);
