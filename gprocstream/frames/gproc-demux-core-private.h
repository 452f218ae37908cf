/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "base/gproc-enums.h"
#include "frames/gproc-frame-private.h"
#include "streams/gproc-buffer-private.h"

G_BEGIN_DECLS

/* What a demuxer and its two readers share: the stream of frames, and what came for one of
 * them while another was asked. It is read only for who asks. All functions may be called in
 * any thread. */

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
  int ready_fd;       /* An epoll descriptor, of the two that follow. */
  int event_fd;       /* Readable while something is there. */
  int base_fd;        /* Borrowed: that of the base stream, while it is registered. */
  gboolean event_set; /* Whether the event descriptor is readable. */
} GProcDemuxSign;

struct _GProcDemuxCore
{
  int ref_count;
  GMutex lock;
  GCond changed; /* What a blocking call waits for, if the base stream is not pollable. */

  GInputStream *base; /* NULL once both sides are closed. */
  gboolean pollable;
  gboolean close_base;
  gboolean lenient;
  GProcDemuxerPolicy policy;
  gsize bound; /* How much may wait for each side. */
  guint64 discarded;

  GProcFrameParser parser;
  GProcBuffer raw; /* What was read and not looked at yet. */
  gsize read_size; /* What the next read asks for. */
  GString *text;   /* What the engine has to say. */
  gboolean eof;
  GError *error; /* What ended the stream; served behind what is buffered. */

  GByteArray *piece; /* The beginning of a frame, for who asks for frames… */
  int piece_id;      /* …and whose it is. */

  GProcDemuxSide sides[GPROC_DEMUX_N_SIDES];
  GProcDemuxSign signs[GPROC_DEMUX_N_CONSUMERS];
  GList *wakers; /* Of those who wait. */

  /* A read of a base stream that is not pollable. */
  gboolean reading;
  GThread *reading_thread; /* In whose context it completes; NULL if that thread blocks. */
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

/* As far as it goes without waiting. With the lock. */
GProcDemuxStatus _gproc_demux_core_attempt (GProcDemuxCore     *self,
                                            GProcDemuxRequest  *request,
                                            GError            **error);

/* With the lock. */
gboolean _gproc_demux_core_is_closed (GProcDemuxCore     *self,
                                      GProcDemuxConsumer  consumer);

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
