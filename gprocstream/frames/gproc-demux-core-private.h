/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "base/gproc-enums.h"
#include "frames/gproc-frame-private.h"
#include "streams/gproc-buffer-private.h"

G_BEGIN_DECLS

/* What a demuxer and its two readers share: the stream of frames, and what came for one of
 * them while another was asked. It is read only for who asks. All functions may be called in
 * any thread.
 *
 * A base stream is what somebody else wrote: it may call back anything, and wait for a lock whose
 * holder asks something here. So nothing of it is called with the lock. Where it is pollable, one
 * thread at a time is in a function of it, and whoever comes meanwhile finds nothing yet, and is
 * woken when that is over. */

typedef struct _GProcDemuxCore GProcDemuxCore;
typedef struct _GProcDemuxWaker GProcDemuxWaker;

/* Who asks. */
typedef enum
{
  GPROC_DEMUX_STDOUT,
  GPROC_DEMUX_STDERR,
  GPROC_DEMUX_FRAME, /* Whatever comes first. */
} GProcDemuxConsumer;

#define GPROC_DEMUX_N_SIDES 2
#define GPROC_DEMUX_N_CONSUMERS 3

/* A read of one side, into @target, or of the next frame or piece of one. */
typedef struct
{
  GProcDemuxConsumer consumer;
  void *target;
  gsize size;

  gsize count;   /* Of a side: 0 at the end. */
  int id;        /* Of a frame: −1 at the end. */
  GBytes *bytes; /* Of a frame. Owned. */
} GProcDemuxRequest;

typedef struct
{
  GProcBuffer buffer; /* What waits for its reader. */
  gboolean closed;    /* What comes is dropped. */
  gboolean stalled;   /* What comes next is for the other side, which is full. */
} GProcDemuxSide;

/* What another event loop waits on for one consumer, once it was asked for; −1 before. */
typedef struct
{
  int ready_fd;          /* An epoll descriptor, of the two that follow. */
  int event_fd;          /* Readable while something is there. */
  int base_fd;           /* Borrowed: that of the base stream, while it is registered. */
  gboolean event_set;    /* Whether the event descriptor is readable. */
  gboolean base_is_file; /* Which cannot be waited for: it is always ready. */
  guint fork_generation; /* The child of a fork shares both with its parent. */
} GProcDemuxSign;

struct _GProcDemuxCore
{
  int ref_count;
  GMutex lock;
  GCond changed; /* What a blocking call waits for, if the base stream is not pollable. */

  GInputStream *base; /* NULL once both sides are closed. */
  int base_fd;        /* Borrowed: what to poll for the base stream; −1 if there is nothing. */
  gboolean pollable;
  gboolean close_base;

  /* While a thread is in a function of a pollable base stream. */
  gboolean busy;
  GThread *busy_thread;
  guint busy_generation; /* Of forks: in a child nobody is there any more. */
  gboolean turned_away;  /* Somebody has to be told when that is over. */
  gboolean close_left;   /* That thread has closed both sides, out of that function. */

  gboolean lenient;
  GProcDemuxerPolicy policy;
  gsize bound; /* How much may wait for each side. */
  guint64 discarded;

  GProcFrameParser parser;
  GProcBuffer raw; /* What was read and not looked at yet. */
  gsize read_size; /* What the next read asks for. */
  GString *text;   /* What the engine has to say. */
  gboolean eof;
  GError *error;   /* What ended the stream; served behind what is buffered. */
  GError *passing; /* What a read failed with that the next one need not, for who asks first. */
  gboolean news;   /* There is something that those who wait have not been told of. */

  GByteArray *piece; /* The beginning of a frame, for who asks for frames… */
  int piece_id;      /* …and whose it is. */

  GProcDemuxSide sides[GPROC_DEMUX_N_SIDES];
  GProcDemuxSign signs[GPROC_DEMUX_N_CONSUMERS];
  GList *wakers; /* Of those who wait. */

  /* A read of a base stream that is not pollable. */
  gboolean reading;
  GThread *reading_thread; /* The one that blocks, or in whose context it completes. */
  char *chunk;
};

GProcDemuxCore *_gproc_demux_core_new (GInputStream *base);
GProcDemuxCore *_gproc_demux_core_ref (GProcDemuxCore *self);
void _gproc_demux_core_unref (GProcDemuxCore *self);

/* What an attempt came to. */
typedef enum
{
  GPROC_DEMUX_DONE,
  GPROC_DEMUX_WAIT, /* Nothing is there yet. */
  GPROC_DEMUX_FAILED
} GProcDemuxStatus;

/* With the lock, which is let go of while the base stream is read: as far as it goes without
 * waiting, and not without a bound. A request for 0 bytes finds out whether there are any. */
GProcDemuxStatus _gproc_demux_core_attempt (GProcDemuxCore     *self,
                                            GProcDemuxRequest  *request,
                                            GError            **error);

/* With the lock. */
gboolean _gproc_demux_core_is_closed (GProcDemuxCore     *self,
                                      GProcDemuxConsumer  consumer);

/* With the lock, which is let go of: returns the base stream, to be used and given back. */
GInputStream *_gproc_demux_core_enter_base (GProcDemuxCore *self);

/* Takes @base, and the lock. */
void _gproc_demux_core_leave_base (GProcDemuxCore *self,
                                   GInputStream   *base);

/* With the lock: whether a thread is in the base stream. */
gboolean _gproc_demux_core_is_busy (GProcDemuxCore *self);

/* Whether @error is one of the call and not of the stream. */
gboolean _gproc_demux_is_error_of_call (const GError *error);

/* What a read of a base stream that is not pollable brought: takes @error. With the lock. */
void _gproc_demux_core_deliver (GProcDemuxCore *self,
                                gconstpointer   data,
                                gssize          count,
                                GError         *error);

/* gproc-demux-wait.c: without the lock. */

/* −1 with WOULD_BLOCK, as GIO's non-blocking functions. */
gboolean _gproc_demux_core_try (GProcDemuxCore     *self,
                                GProcDemuxRequest  *request,
                                GError            **error);
/* Whether a read would not block, found out by reading ahead. */
gboolean _gproc_demux_core_probe (GProcDemuxCore     *self,
                                  GProcDemuxConsumer  side);
gboolean _gproc_demux_core_run (GProcDemuxCore     *self,
                                GProcDemuxRequest  *request,
                                GCancellable       *cancellable,
                                GError            **error);
/* Takes @task and @request: returns TRUE with it, and the request is its task data. */
void _gproc_demux_core_start (GProcDemuxCore    *self,
                              GProcDemuxRequest *request,
                              GTask             *task);
void _gproc_demux_request_free (GProcDemuxRequest *request);

/* Whoever is asked for this side is told that it is closed. The base stream is closed with
 * the second one. */
gboolean _gproc_demux_core_close_side (GProcDemuxCore      *self,
                                       GProcDemuxConsumer   side,
                                       GCancellable        *cancellable,
                                       GError             **error);

/* gproc-demux-ready.c: who waits. */

/* Whether an attempt might come to something. With the lock. */
gboolean _gproc_demux_core_is_ready (GProcDemuxCore     *self,
                                     GProcDemuxConsumer  consumer);

/* Something has changed for who waits. With the lock. */
void _gproc_demux_core_wake (GProcDemuxCore *self);

/* Has other event loops see how it is. With the lock. */
void _gproc_demux_core_update_fds (GProcDemuxCore *self);

/* A source that says that @func (nullable: it is to be the child of another source) is to look
 * again. Without the lock. */
GSource *_gproc_demux_core_create_source (GProcDemuxCore     *self,
                                          GProcDemuxConsumer  consumer,
                                          GSourceFunc         func,
                                          gpointer            data,
                                          GDestroyNotify      notify);

/* −1 if there is none. Without the lock. */
int _gproc_demux_core_get_fd (GProcDemuxCore     *self,
                              GProcDemuxConsumer  consumer);

/* With the lock. */
void _gproc_demux_core_drop_fd (GProcDemuxCore     *self,
                                GProcDemuxConsumer  consumer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GProcDemuxCore, _gproc_demux_core_unref)

G_END_DECLS
