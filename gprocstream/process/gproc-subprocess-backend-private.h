/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "process/gproc-backend.h"

G_BEGIN_DECLS

/* The backend of a GSubprocess, which GLib reaps. */

#define GPROC_TYPE_SUBPROCESS_BACKEND (_gproc_subprocess_backend_get_type ())

G_DECLARE_FINAL_TYPE (GProcSubprocessBackend,
                      _gproc_subprocess_backend,
                      GPROC,
                      SUBPROCESS_BACKEND,
                      GObject)

GProcBackend *_gproc_subprocess_backend_new (GSubprocess *subprocess);
/* 0 if it was over from the start. */
int _gproc_subprocess_backend_get_pid (GProcSubprocessBackend *self);
/* Borrowed; −1 where there is none. */
int _gproc_subprocess_backend_get_pidfd (GProcSubprocessBackend *self);

G_END_DECLS
