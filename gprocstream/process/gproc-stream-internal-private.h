/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "process/gproc-child-private.h"
#include "process/gproc-stream-private.h"
#include "streams/gproc-reader-private.h"
#include "streams/gproc-writer-private.h"

G_BEGIN_DECLS

/* What the files that make up GProcStream share. */

#define GPROC_DEFAULT_STOP_GRACE 5000
#define GPROC_DEFAULT_POST_EXIT_GRACE 2000
#define GPROC_DEFAULT_OUTPUT_LIMIT ((gsize) 1024 * 1024 * 1024)

typedef struct _GProcStreamEvents GProcStreamEvents;

struct _GProcStream
{
  GIOStream parent_instance;

  /* Set at construction and left alone until the stream is disposed, so that they
   * can be read in any thread. */
  GProcBackend *backend;     /* NULL: there is no process. */
  GProcChild *child;         /* Borrowed: that of a local backend. */
  GProcDescriptor *terminal; /* The master side of a terminal, if the stream is on one. */
  GIOStream *base;           /* What the halves are those of, closed with the stream. */
  GProcStreamHalf *halves;
  guint n_halves;
  char *command;
  GProcStreamEvents *events;
  GProcWriteQueue *queue; /* The first of a row; NULL if there is none. */

  /* In place of an absent half, for those who use the stream as a GIOStream. */
  GProcReader *no_stdout;
  GProcWriter *no_stdin;

  /* Who is told of sizes; NULL if nobody is. */
  GProcResizeTap resize_tap;
  gpointer resize_data;
  GDestroyNotify resize_destroy;

  gsize output_limit;
  guint stop_grace;
  int post_exit_grace;    /* Atomic. */
  gboolean stop_on_close; /* Atomic. */

  /* The end of a process that is not a local child: atomic, @over set last. */
  int returncode;
  gboolean over;

  gboolean closing;           /* A close has begun, and sees to the rest. */
  gboolean aborted;           /* While it had: what was queued is dropped. */
  gboolean backend_closed;    /* Atomic: the backend was told. */
  gboolean stopped_for_close; /* Atomic: the process was. */
};

/* gproc-stream-halves.c: what blocking calls push; NULL if there is nothing. */
GProcWriteQueue *_gproc_stream_get_queue (GProcStream *self);

/* Puts the queues of all writers in a row, which every blocking call pushes. */
void _gproc_stream_link_queues (GProcStream *self);

/* A stream without a process that shares the halves of @streams: what is done with it is
 * done with all of them, and a blocking call on one of them pushes the queues of all. */
GProcStream *_gproc_stream_new_joined (GPtrArray *streams);

/* gproc-stream.c */
void _gproc_stream_notify_ended (GProcStream *self);
void _gproc_stream_notify_output_ended (GProcStream *self);
void _gproc_stream_notify_pipes_held (GProcStream *self);

/* gproc-stream-events.c: what the stream notices by itself and says in the context
 * it was made in. It never keeps the stream alive. */
void _gproc_stream_events_start (GProcStream *self);
void _gproc_stream_events_stop (GProcStream *self);
/* Sends SIGTERM to a process that is not a child, and SIGKILL after @grace_ms. */
gboolean _gproc_stream_events_stop_process (GProcStream  *self,
                                            guint         grace_ms,
                                            GError      **error);
/* Takes back what is left to be sent. */
void _gproc_stream_events_process_over (GProcStream *self);

/* gproc-stream-wait.c */
gboolean _gproc_stream_is_over (GProcStream *self);
void _gproc_stream_set_over (GProcStream *self,
                             int          returncode);
/* Takes @task and returns TRUE with it when the process is over. Times that are
 * over are not looked at. */
void _gproc_stream_wait_task (GProcStream *self,
                              GTask       *task);
/* The same, blocking. */
gboolean _gproc_stream_block (GProcStream   *self,
                              GCancellable  *cancellable,
                              GError       **error);
gboolean _gproc_stream_has_process (GProcStream  *self,
                                    GError      **error);
gboolean _gproc_stream_check_timeout (GProcStream  *self,
                                      GError      **error);
/* What there is of standard error, without taking it; NULL if it was not captured
 * or is being read. */
GBytes *_gproc_stream_peek_stderr (GProcStream *self);

/* gproc-private-loop.c: blocking calls over asynchronous ones. */
typedef struct
{
  GMainContext *context;
  GAsyncResult *result;
} GProcPrivateLoop;

/* Nothing is begun where descriptors have run out. */
gboolean _gproc_private_loop_begin (GProcPrivateLoop  *self,
                                    GError           **error);
/* Iterates until _gproc_private_loop_done () was called, and pushes @queue
 * (nullable) and those that follow it meanwhile. */
GAsyncResult *_gproc_private_loop_end (GProcPrivateLoop *self,
                                       GProcWriteQueue  *queue);
/* A GAsyncReadyCallback with the loop as its user data. */
void _gproc_private_loop_done (GObject      *source,
                               GAsyncResult *result,
                               gpointer      user_data);

/* gproc-stream-close.c */
gboolean _gproc_stream_close (GIOStream     *stream,
                              GCancellable  *cancellable,
                              GError       **error);
void _gproc_stream_close_async (GIOStream           *stream,
                                int                  io_priority,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data);
gboolean _gproc_stream_close_finish (GIOStream     *stream,
                                     GAsyncResult  *result,
                                     GError       **error);
/* Drops what is queued and closes everything at once. */
void _gproc_stream_force_close (GProcStream *self);
/* The first step of a close: stops the process where that was asked for. */
void _gproc_stream_stop_for_close (GProcStream *self);
/* What a close does besides closing: tells the backend, stops the process. */
void _gproc_stream_let_go (GProcStream *self);

/* gproc-base-stream.c: closes @io_stream where that is closed, and fails also with what closing
 * @readers, which are those of it, has failed with. Their own close has nobody to tell. */
GIOStream *_gproc_base_stream_new (GIOStream *io_stream,
                                   GPtrArray *readers);

/* gproc-base-keeper.c: what the halves are those of, which lives as long as they. */
void _gproc_stream_set_base (GProcStream *self,
                             GIOStream   *base);

/* gproc-stream-stop.c */
gboolean _gproc_stream_stop_process (GProcStream  *self,
                                     guint         grace_ms,
                                     GError      **error);

/* gproc-collect.c: takes in the output of a process until its end. */
typedef enum
{
  GPROC_COLLECT_KEEP = 1 << 0, /* All stays in the readers, and none goes in. */
  GPROC_COLLECT_UTF8 = 1 << 1,
  GPROC_COLLECT_PUSH = 1 << 2 /* Nobody else pushes what is queued in this context. */
} GProcCollectFlags;

/* Takes @task, whose source object is the stream. Returns a GProcResult with it, or
 * the returncode with GPROC_COLLECT_KEEP. */
void _gproc_collect (GTask             *task,
                     GBytes            *input,
                     gsize              limit,
                     GProcCollectFlags  flags);

G_END_DECLS
