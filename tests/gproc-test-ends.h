/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The two ends of a transfer: descriptors of every kind, with somebody at the far side who
 * feeds them, or listens, in chunks of random sizes. */

typedef enum
{
  GPROC_TEST_PIPE,
  GPROC_TEST_SOCKET, /* One of a pair of Unix sockets. */
  GPROC_TEST_TCP,
  GPROC_TEST_FILE,
  GPROC_TEST_PTY,  /* Raw; the side whose far side is told of the end behind all bytes. */
  GPROC_TEST_PTMX, /* The master as a target: what was not read when it is closed is lost. */
  GPROC_TEST_N_KINDS
} GProcTestKind;

typedef struct
{
  GProcTestKind kind;
  gboolean is_source;
  int fd;  /* The near side: whoever is given it owns it, and sets this to −1. */
  int far; /* −1: a file, or the thread has closed it. */
  char *path;
  GObject *owner; /* Owned: what the stream on the near side belongs to; or NULL. */
  GThread *thread;
  GMutex lock;
  GCond changed;
  GRand *random;
  GBytes *feed;       /* What the source is fed with. */
  GByteArray *heard;  /* What the target was told so far. */
  gsize expected;     /* The listener stops there; G_MAXSIZE: at the end. */
  gboolean held;      /* Whoever is at the far side does nothing. */
  gboolean keep_open; /* The feeder does not end the source. */
  gboolean closes;    /* The listener closes the far side when it stops. */
  int done;           /* The thread is. */
} GProcTestEnd;

void gproc_test_tcp_pair (int fds[2]);

const char *gproc_test_kind_name (GProcTestKind kind);

/* The near side is blocking. */
GProcTestEnd *gproc_test_source_new (GProcTestKind kind);
GProcTestEnd *gproc_test_target_new (GProcTestKind kind);

/* The far side alone, of whatever there is. Takes @far. */
GProcTestEnd *gproc_test_far_end_new (int      far,
                                      gboolean is_source);

/* Closes what is still open, and joins the thread. */
void gproc_test_end_free (GProcTestEnd *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GProcTestEnd, gproc_test_end_free)

/* The near side, which is the caller's from now on. */
int gproc_test_end_take (GProcTestEnd *self);

/* Writes @bytes, then the end; in a thread unless the source is a file. */
void gproc_test_end_feed (GProcTestEnd *self,
                          GBytes       *bytes);

/* Reads in a thread, to the end or until there were @expected bytes. */
void gproc_test_end_listen (GProcTestEnd *self,
                            gsize         expected);
void gproc_test_end_hold (GProcTestEnd *self,
                          gboolean      hold);

/* How much was heard so far. */
gsize gproc_test_end_count (GProcTestEnd *self);

/* Waits until the thread is done, and gives all that was heard. */
GBytes *gproc_test_end_join (GProcTestEnd *self);

G_END_DECLS
