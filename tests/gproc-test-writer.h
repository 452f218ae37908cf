/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gproc-test.h"
#include "gproc-test-streams.h"

#include <gprocstream/gprocstream.h>

/* What is put into a writer, and what it says of it. */

/* No byte is forgotten, and none counts twice. */
static inline void
writer_check_counters (GProcWriter *writer)
{
  g_assert_cmpuint (gproc_writer_get_bytes_accepted (writer), ==,
                    gproc_writer_get_bytes_written (writer) +
                      gproc_writer_get_bytes_queued (writer) +
                      gproc_writer_get_bytes_discarded (writer));
}

static inline void
writer_queue (GProcWriter *writer,
              const char  *data,
              gssize       size)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gproc_writer_queue (writer, data, size, &error));
  g_assert_no_error (error);
  writer_check_counters (writer);
}

static inline void
writer_queue_zeros (GProcWriter *writer,
                    gsize        size)
{
  g_autofree char *zeros = g_malloc0 (size);

  writer_queue (writer, zeros, (gssize) size);
}
