/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "loop/gproc-descriptor-private.h"
#include "process/gproc-backend.h"
#include "process/gproc-child-private.h"

G_BEGIN_DECLS

/* The backend of a child of this process. */

#define GPROC_TYPE_LOCAL_BACKEND (_gproc_local_backend_get_type ())

G_DECLARE_FINAL_TYPE (GProcLocalBackend, _gproc_local_backend, GPROC, LOCAL_BACKEND, GObject)

/* Takes @child. @terminal (nullable) is our side of its terminal. */
GProcBackend *_gproc_local_backend_new (GProcChild      *child,
                                        GProcDescriptor *terminal);
GProcChild *_gproc_local_backend_get_child (GProcLocalBackend *self);

G_END_DECLS
