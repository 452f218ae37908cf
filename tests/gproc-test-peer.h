/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gproc-test-transfer.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* What a stream is spliced with. */

#define BOTH G_IO_STREAM_SPLICE_WAIT_FOR_BOTH
#define CLOSE_1 G_IO_STREAM_SPLICE_CLOSE_STREAM1
#define CLOSE_2 G_IO_STREAM_SPLICE_CLOSE_STREAM2

typedef enum
{
  PEER_SOCKET,        /* A stream of ours on a socket. */
  PEER_PIPES,         /* On two pipes. */
  PEER_CONNECTION,    /* GIO's own stream on a socket. */
  PEER_TCP,           /* The same for TCP. */
  PEER_STACKED,       /* A stream of ours on that. */
  PEER_FOREIGN_PIPES, /* GIO's own streams on two pipes that block. */
  N_PEERS
} PeerKind;

static const char * const peer_names[] = { "socket", "pipes",   "connection",
                                           "tcp",    "stacked", "foreign-pipes" };

/* What a stream is spliced with, and the client at its other end. */
typedef struct
{
  PeerKind kind;
  GIOStream *stream;
  int fd;              /* Where the stream reads. */
  GProcTestEnd *says;  /* What the client sends. */
  GProcTestEnd *hears; /* What it gets. */
} Peer;

static inline GIOStream *
stream_on_socket (PeerKind kind,
                  int      fd)
{
  g_autoptr (GIOStream) connection = NULL;

  if (kind == PEER_SOCKET)
    return G_IO_STREAM (gproc_stream_new_for_fds (fd, fd, -1, GPROC_STREAM_FLAGS_TAKE_FDS));

  /* GIO closes it in a thread, which the end of the test waits for. */
  connection = gproc_test_track (connection_new (fd));
  if (kind == PEER_STACKED)
    return G_IO_STREAM (gproc_stream_new_for_io_stream (connection));

  return g_steal_pointer (&connection);
}

static inline GIOStream *
stream_on_pipes (PeerKind kind,
                 int      read_fd,
                 int      write_fd)
{
  g_autoptr (GInputStream) in = NULL;
  g_autoptr (GOutputStream) out = NULL;

  if (kind == PEER_PIPES)
    return G_IO_STREAM (
      gproc_stream_new_for_fds (write_fd, read_fd, -1, GPROC_STREAM_FLAGS_TAKE_FDS));

  in = g_unix_input_stream_new (read_fd, TRUE);
  out = g_unix_output_stream_new (write_fd, TRUE);

  return g_simple_io_stream_new (in, out);
}

static inline void
peer_init (Peer     *peer,
           PeerKind  kind)
{
  int fds[2], back[2];

  peer->kind = kind;
  if (kind == PEER_PIPES || kind == PEER_FOREIGN_PIPES)
    {
      gproc_test_pipe (fds);
      gproc_test_pipe (back);
      peer->fd = fds[0];
      peer->stream = stream_on_pipes (kind, fds[0], back[1]);
      peer->says = gproc_test_far_end_new (fds[1], TRUE);
      peer->hears = gproc_test_far_end_new (back[0], FALSE);
    }
  else
    {
      if (kind == PEER_TCP)
        gproc_test_tcp_pair (fds);
      else
        gproc_test_socketpair (fds);
      peer->fd = fds[0];
      peer->stream = stream_on_socket (kind, fds[0]);
      peer->says = gproc_test_far_end_new (fds[1], TRUE);
      peer->hears = gproc_test_far_end_new (fcntl (fds[1], F_DUPFD_CLOEXEC, 0), FALSE);
    }
  gproc_test_track (peer->stream);
}

/* Closed here, for a base stream may be closed by a thread that comes too late. */
static inline void
peer_clear (Peer *peer)
{
  if (peer->stream != NULL)
    g_io_stream_close (peer->stream, NULL, NULL);
  g_clear_object (&peer->stream);
  g_clear_pointer (&peer->says, gproc_test_end_free);
  g_clear_pointer (&peer->hears, gproc_test_end_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Peer, peer_clear)

/* Waits until the client has sent that much, at least. */
static inline void
peer_wait_for (Peer *peer,
               int   size)
{
  int count = 0;

  gproc_test_wait_for (ioctl (peer->fd, FIONREAD, &count) == 0 && count >= size);
}

static inline GProcStream *
spawn_program (const char *program,
               const char *argument)
{
  g_autoptr (GError) error = NULL;
  GProcStream *stream;

  stream = gproc_stream_newv ((const char *[]){ program, argument, NULL }, GPROC_STREAM_FLAGS_NONE,
                              &error);
  g_assert_no_error (error);

  return gproc_test_track (stream);
}

static inline gboolean
splice_finish (GProcTestCall  *call,
               GProcStream    *stream,
               GError        **error)
{
  gproc_test_call_wait (call);
  g_assert_true (call->source == (GObject *) stream);

  return gproc_stream_splice_finish (stream, call->result, error);
}

static inline gboolean
run_splice (GProcStream           *stream,
            GIOStream             *peer,
            GIOStreamSpliceFlags   flags,
            GCancellable          *cancellable,
            GError               **error)
{
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;

  gproc_stream_splice_async (stream, peer, flags, G_PRIORITY_DEFAULT, cancellable,
                             gproc_test_call_done, &call);
  g_assert_cmpint (call.done, ==, 0);

  return splice_finish (&call, stream, error);
}
