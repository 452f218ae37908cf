/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "base/gproc-enums.h"
#include "streams/gproc-buffer-private.h"
#include "streams/gproc-expect-private.h"
#include "streams/gproc-input-private.h"

G_BEGIN_DECLS

/* What is told of everything that comes, before anybody has it. Must not call the reader. */
typedef void (*GProcReadTap) (const char *data,
                              gsize       size,
                              gpointer    user_data);

/* What a reader knows, and how a read is served from it: the same code for blocking,
 * asynchronous and non-blocking calls. */

typedef struct
{
  GProcInput input;
  GProcBuffer buffer;
  gsize limit;
  GProcLimitPolicy policy;

  guint64 total; /* How many bytes came. */
  gboolean eof;
  GError *error;            /* What ended the stream; served behind what is buffered. */
  gsize scanned;            /* How much of the buffer is known to hold no separator… */
  gboolean newline_scanned; /* …and that the separator was a newline. */
  GBytes *held;             /* The start of an over-long line, whose rest is being dropped. */
  gboolean discarding;
  GPtrArray *discard_separators; /* Owned: up to which; NULL for a newline. */
  GProcExpect *expect;           /* Owned: a search that ended because nothing came… */
  guint64 expect_place;          /* …and how much had been taken before its first byte. */
  GProcReadTap tap;              /* NULL: nobody listens. */
  gpointer tap_data;
  GDestroyNotify tap_destroy;

  gsize read_size; /* What the next read asks for. */
  gsize bulk;      /* How much came in large reads in a row. */

  GBytes *last_partial;
  gsize last_expected;
  gsize last_consumed;
} GProcReadCore;

typedef enum
{
  GPROC_READ_SOME,
  GPROC_READ_LINE,
  GPROC_READ_LINE_UTF8,
  GPROC_READ_LINES,
  GPROC_READ_UNTIL,
  GPROC_READ_EXACTLY,
  GPROC_READ_TO_END,
  GPROC_READ_FILL,
  GPROC_READ_EXPECT,
  GPROC_READ_PLAIN, /* GInputStream's read: into @target. */
  GPROC_READ_SKIP
} GProcReadKind;

typedef struct
{
  GProcReadKind kind;
  gsize count;           /* Bytes, or lines; for GPROC_READ_TO_END the limit. */
  GPtrArray *separators; /* Of GBytes. Owned. */
  GProcExpect *expect;   /* Owned. */
  gint64 deadline;       /* In monotonic time; 0: none. Of GPROC_READ_EXPECT only. */
  void *target;

  gboolean truncated; /* The result lacks its separator. */
  GBytes *bytes;      /* The results; NULL at the end of the stream. */
  char *text;
  GProcMatch *match;
  gssize n;
} GProcReadRequest;

void _gproc_read_core_init (GProcReadCore *self);
void _gproc_read_core_clear (GProcReadCore *self);
void _gproc_read_request_clear (GProcReadRequest *request);

/* To be called when a request begins. */
void _gproc_read_core_begin (GProcReadCore    *self,
                             GProcReadRequest *request);

/* Serves @request from what is there. TRUE if it is done with: served, or @error. */
gboolean _gproc_read_step (GProcReadCore     *self,
                           GProcReadRequest  *request,
                           GError           **error);

/* Whether the time of @request is over. Then what is there decides, in a last step: an error, if
 * nothing else. */
gboolean _gproc_read_request_is_late (const GProcReadRequest *request);
void _gproc_read_step_last (GProcReadCore     *self,
                            GProcReadRequest  *request,
                            GError           **error);

/* A step of GPROC_READ_EXPECT. */
gboolean _gproc_read_step_expect (GProcReadCore     *self,
                                  GProcReadRequest  *request,
                                  gboolean           last,
                                  GError           **error);

/* Keeps what @request, which found nothing, knows about the buffer, for the next one that looks
 * for the same; and takes what was kept, where it is still true. */
void _gproc_read_core_keep_expect (GProcReadCore    *self,
                                   GProcReadRequest *request);
void _gproc_read_core_resume_expect (GProcReadCore    *self,
                                     GProcReadRequest *request);

/* What a fill came to. */
typedef enum
{
  GPROC_FILL_PROGRESS, /* Something changed: try a step. */
  GPROC_FILL_DRAINED,  /* The same, and more would most likely have to be waited for. */
  GPROC_FILL_WAIT,
  GPROC_FILL_FAILED /* The call failed, not the stream: @error is set. */
} GProcFill;

/* How many bytes to read ahead of what is there, for @request. */
gsize _gproc_read_core_wanted (GProcReadCore    *self,
                               GProcReadRequest *request);

/* One read, which blocks if @blocking. */
GProcFill _gproc_read_core_fill (GProcReadCore     *self,
                                 GProcReadRequest  *request,
                                 gboolean           blocking,
                                 GProcWriteQueue   *queue,
                                 GCancellable      *cancellable,
                                 GError           **error);

/* Gives up on an over-long line: what was kept of it is data again. */
void _gproc_read_core_end_discarding (GProcReadCore *self);

/* Puts bytes back in front of what is buffered. */
void _gproc_read_core_unread (GProcReadCore *self,
                              const void    *data,
                              gsize          size);

G_END_DECLS
