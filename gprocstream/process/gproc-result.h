/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <gprocstream/base/gproc-enums.h>
#include <gprocstream/base/gproc-error.h>

G_BEGIN_DECLS

#define GPROC_TYPE_RESULT (gproc_result_get_type ())

GPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GProcResult, gproc_result, GPROC, RESULT, GObject)

GPROC_AVAILABLE_IN_1_0
GBytes *gproc_result_get_stdout (GProcResult *self);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_result_get_stderr (GProcResult *self);
GPROC_AVAILABLE_IN_1_0
const char *gproc_result_get_stdout_utf8 (GProcResult *self);
GPROC_AVAILABLE_IN_1_0
const char *gproc_result_get_stderr_utf8 (GProcResult *self);
GPROC_AVAILABLE_IN_1_0
const char *gproc_result_get_command (GProcResult *self);
GPROC_AVAILABLE_IN_1_0
int gproc_result_get_returncode (GProcResult *self);
GPROC_AVAILABLE_IN_1_0
int gproc_result_get_term_sig (GProcResult *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_result_get_successful (GProcResult *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_result_get_timed_out (GProcResult *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_result_get_truncated (GProcResult *self);
GPROC_AVAILABLE_IN_1_0
gint64 gproc_result_get_duration (GProcResult *self);
GPROC_AVAILABLE_IN_1_0
gint64 gproc_result_get_user_time (GProcResult *self);
GPROC_AVAILABLE_IN_1_0
gint64 gproc_result_get_system_time (GProcResult *self);
GPROC_AVAILABLE_IN_1_0
gint64 gproc_result_get_max_resident (GProcResult *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_result_check (GProcResult  *self,
                             GError      **error);

G_END_DECLS
