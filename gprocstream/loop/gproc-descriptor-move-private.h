/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "loop/gproc-descriptor-private.h"

G_BEGIN_DECLS

/* Moving bytes from one descriptor to another within the kernel. */

typedef enum
{
  GPROC_MOVE_BY_COPYING, /* The kernel does not do it by itself, or is no faster at it. */
  GPROC_MOVE_BY_SPLICE,
  GPROC_MOVE_BY_CONDUIT, /* Two splices, with a pipe in between. */
  GPROC_MOVE_BY_SENDFILE,
  GPROC_MOVE_BY_COPY_RANGE
} GProcMoveMethod;

typedef enum
{
  GPROC_MOVE_MORE, /* As much was moved as was to be, or as long as it may take. */
  GPROC_MOVE_END,  /* The source has ended. */
  GPROC_MOVE_WAIT_SOURCE,
  GPROC_MOVE_WAIT_TARGET,
  GPROC_MOVE_REFUSED, /* Copying will do it, or find out what is wrong. */
  GPROC_MOVE_SOURCE_FAILED,
  GPROC_MOVE_TARGET_FAILED
} GProcMove;

/* How two descriptors are joined. Zero-initialized, it is still to be chosen. */
typedef struct
{
  gboolean chosen;
  GProcMoveMethod method;
  GProcDescriptor *conduit_in; /* Owned: the pipe in between, while there is one. */
  GProcDescriptor *conduit_out;
  gsize held;            /* How many bytes are in it. */
  guint fork_generation; /* They are the parent's, in the child of a fork. */
  guint n_baffled;       /* How often in a row both were ready, and nothing was moved. */
} GProcJoint;

/* What one call has moved. */
typedef struct
{
  gsize taken;   /* From the source. */
  gsize written; /* To the target. */
  int errsv;     /* The errno of a failure. */
} GProcMoved;

/* Chooses the method for these two, if that has not been done. */
GProcMoveMethod _gproc_joint_choose (GProcJoint      *self,
                                     GProcDescriptor *source,
                                     GProcDescriptor *target);

/* Moves up to @size bytes without blocking, and for no longer than about half a millisecond.
 * Where it is refused the joint copies from then on. */
GProcMove _gproc_joint_move (GProcJoint      *self,
                             GProcDescriptor *source,
                             GProcDescriptor *target,
                             gsize            size,
                             GProcMoved      *moved);

/* How many bytes can be taken back. */
gsize _gproc_joint_get_held (GProcJoint *self);

/* Takes back up to @size bytes that are held in between. */
gsize _gproc_joint_take_back (GProcJoint *self,
                              gpointer    buffer,
                              gsize       size);

/* To be called when nothing is held any more. */
void _gproc_joint_clear (GProcJoint *self);

G_END_DECLS
