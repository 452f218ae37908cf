/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "loop/gproc-descriptor-move-private.h"
#include "loop/gproc-poller-private.h"
#include "streams/gproc-mover-private.h"
#include "streams/gproc-read-op-private.h"
#include "streams/gproc-wait-private.h"
#include "streams/gproc-writer-internal-private.h"

G_BEGIN_DECLS

/* What the files of the mover share. Everything of a run is guarded by the lock of the
 * reader's operations, as a half may be closed in any thread. */

/* What one wake-up moves, before others get their turn. */
#define GPROC_MOVER_BUDGET (1024 * 1024)

typedef struct
{
  GProcWait wait; /* First, so that its watch is the side. */
  GProcGuest guest;
  GProcMover *mover; /* What this is embedded in. */
  gboolean closing;  /* Its half was closed during the run. */
} GProcMoverSide;

struct _GProcMover
{
  GObject parent_instance;

  GInputStream *source; /* As given. */
  GOutputStream *target;
  GSocket *source_socket; /* Owned: that of a stream of GIO, if it has one. */
  GSocket *target_socket;
  GProcReader *reader;
  GProcWriter *writer;
  GProcJoint joint; /* How the kernel moves between the two, if it does. */
  gboolean grown;   /* The pipes were made larger. */
  gboolean
    drained; /* The last read of this step brought less than it could: one more would wait. */
  guint64 moved;

  gboolean source_marked; /* Whose pending mark is ours to clear. */
  gboolean target_marked;
  gboolean blames_target; /* The last begin failed at the target, not at the source. */

  /* A run. */
  GProcMoverSide from;
  GProcMoverSide to;
  GProcPoller *poller;
  GCancellable *cancellable;
  GProcMoverProgress progress;
  GProcMoverFunc func; /* NULL: none is under way. */
  gpointer user_data;
  gboolean cancelled;
  gboolean ignores_peer;  /* For all runs. */
  gboolean looks_at_peer; /* Something may have become of the other end of the target. */
  gboolean peer_gone;     /* It has, with nothing left to write to it. */
  gboolean over;          /* Nothing is left to do but to say so. */
  gboolean writing;       /* A plain base stream has some of the bytes. */
  GBytes *in_hand;        /* Those. */
};

/* Called with the lock of the reader's operations. */
GProcMoverState _gproc_mover_step_locked (GProcMover  *self,
                                          gsize        size,
                                          GError     **error);

/* What is held on the way within the kernel is the first that comes from the source: it goes
 * back to the buffer. Called with the same lock. */
void _gproc_mover_take_back_held (GProcMover *self);

void _gproc_mover_init_run (GProcMover *self);

G_END_DECLS
