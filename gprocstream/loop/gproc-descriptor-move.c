/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "loop/gproc-descriptor-move-private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/gproc-poller-private.h"
#include "loop/gproc-sigpipe-private.h"

/* What one system call moves: where a file takes everything, the time is looked at in
 * between. From pipe to pipe pages change hands, which takes next to none. */
#define CALL_SIZE (256 * 1024)

/* How long one call of _gproc_joint_move () goes on, in µs. */
#define MOVE_TIME 400

/* How often in a row a call may say that it would block while neither side has to be waited
 * for. Once or twice is nothing but another process in between. */
#define MAX_BAFFLED 16

static gboolean
is_local_socket (GProcDescriptor *descriptor)
{
  int domain = AF_UNSPEC;
  socklen_t length = sizeof domain;

  return _gproc_descriptor_get_kind (descriptor) == GPROC_DESCRIPTOR_SOCKET &&
         getsockopt (_gproc_descriptor_get_fd (descriptor), SOL_SOCKET, SO_DOMAIN, &domain,
                     &length) == 0 &&
         domain == AF_UNIX;
}

/* Which moves fastest was measured for each pair; where that makes no difference, which takes
 * less of the processor. docs/performance.md has the figures. */
static GProcMoveMethod
choose_method (GProcDescriptor *source,
               GProcDescriptor *target)
{
  GProcDescriptorKind to = _gproc_descriptor_get_kind (target);

  switch (_gproc_descriptor_get_kind (source))
    {
    case GPROC_DESCRIPTOR_PIPE:
      if (to == GPROC_DESCRIPTOR_PIPE || is_local_socket (target))
        return GPROC_MOVE_BY_SPLICE;
      return to == GPROC_DESCRIPTOR_FILE ? GPROC_MOVE_BY_CONDUIT : GPROC_MOVE_BY_COPYING;

    case GPROC_DESCRIPTOR_SOCKET:
      if (to == GPROC_DESCRIPTOR_PIPE)
        return GPROC_MOVE_BY_SPLICE;
      if (to == GPROC_DESCRIPTOR_FILE || is_local_socket (target))
        return GPROC_MOVE_BY_CONDUIT;
      return GPROC_MOVE_BY_COPYING;

    case GPROC_DESCRIPTOR_FILE:
      if (to == GPROC_DESCRIPTOR_FILE)
        return GPROC_MOVE_BY_COPY_RANGE;
      if (to == GPROC_DESCRIPTOR_TTY || to == GPROC_DESCRIPTOR_PTMX)
        return GPROC_MOVE_BY_COPYING;
      return GPROC_MOVE_BY_SENDFILE;

    case GPROC_DESCRIPTOR_TTY:
    case GPROC_DESCRIPTOR_PTMX:
    case GPROC_DESCRIPTOR_OTHER:
    default:
      return GPROC_MOVE_BY_COPYING;
    }
}

GProcMoveMethod
_gproc_joint_choose (GProcJoint      *self,
                     GProcDescriptor *source,
                     GProcDescriptor *target)
{
  if (self->chosen)
    return self->method;

  self->chosen = TRUE;
  self->method = _gproc_descriptor_is_nonblocking (source) &&
                     _gproc_descriptor_is_nonblocking (target)
                   ? choose_method (source, target)
                   : GPROC_MOVE_BY_COPYING;

  return self->method;
}

/* Without a pipe, as where there are too many descriptors, there is no way through one. */
static gboolean
open_conduit (GProcJoint *self)
{
  int fds[2];

  if (self->conduit_in != NULL)
    return TRUE;
  if (pipe2 (fds, O_CLOEXEC | O_NONBLOCK) < 0)
    return FALSE;

  self->conduit_in = _gproc_descriptor_new (fds[1], TRUE, GPROC_DESCRIPTOR_WRITE, NULL);
  self->conduit_out = _gproc_descriptor_new (fds[0], TRUE, GPROC_DESCRIPTOR_READ, NULL);
  _gproc_descriptor_grow (self->conduit_in);
  self->fork_generation = _gproc_fork_generation ();

  return TRUE;
}

static gssize
splice_once (GProcDescriptor *source,
             GProcDescriptor *target,
             gsize            size)
{
  return splice (_gproc_descriptor_get_fd (source), NULL, _gproc_descriptor_get_fd (target), NULL,
                 size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

/* One system call. 0 at the end of the source, −1 with errno. */
static gssize
move_once (GProcJoint      *self,
           GProcDescriptor *source,
           GProcDescriptor *target,
           gsize            size,
           GProcMoved      *moved)
{
  gssize count;

  switch (self->method)
    {
    case GPROC_MOVE_BY_CONDUIT:
      if (self->held == 0)
        {
          count = splice_once (source, self->conduit_in, size);
          self->held = count > 0 ? (gsize) count : 0;
          moved->taken += self->held;
          return count;
        }
      count = splice_once (self->conduit_out, target, self->held);
      self->held -= count > 0 ? (gsize) count : 0;
      moved->written += count > 0 ? (gsize) count : 0;
      return count;
    case GPROC_MOVE_BY_SENDFILE:
      count = sendfile (_gproc_descriptor_get_fd (target), _gproc_descriptor_get_fd (source), NULL,
                        size);
      break;
    case GPROC_MOVE_BY_COPY_RANGE:
      count = copy_file_range (_gproc_descriptor_get_fd (source), NULL,
                               _gproc_descriptor_get_fd (target), NULL, size, 0);
      break;
    case GPROC_MOVE_BY_COPYING:
    case GPROC_MOVE_BY_SPLICE:
    default:
      count = splice_once (source, target, size);
    }

  if (count > 0)
    {
      moved->taken += (gsize) count;
      moved->written += (gsize) count;
    }

  return count;
}

/* Which of the two a call that would have blocked has to wait for. */
static GProcMove
find_out_whom_to_wait_for (GProcJoint      *self,
                           GProcDescriptor *source,
                           GProcDescriptor *target)
{
  struct pollfd fds[] = { { .fd = _gproc_descriptor_get_fd (source), .events = POLLIN },
                          { .fd = _gproc_descriptor_get_fd (target), .events = POLLOUT } };

  if (self->method == GPROC_MOVE_BY_CONDUIT)
    return self->held > 0 ? GPROC_MOVE_WAIT_TARGET : GPROC_MOVE_WAIT_SOURCE;
  if (poll (fds, G_N_ELEMENTS (fds), 0) < 0)
    return GPROC_MOVE_REFUSED;
  if (fds[0].revents == 0)
    return GPROC_MOVE_WAIT_SOURCE;
  if (fds[1].revents == 0)
    return GPROC_MOVE_WAIT_TARGET;

  self->n_baffled++;

  return self->n_baffled < MAX_BAFFLED ? GPROC_MOVE_MORE : GPROC_MOVE_REFUSED;
}

/* What a failed call means. Copying tells the errors of either side better; but one of a
 * socket is told once only. */
static GProcMove
interpret_error (GProcJoint      *self,
                 GProcDescriptor *source,
                 GProcDescriptor *target,
                 GProcMoved      *moved)
{
  gboolean at_target = self->method == GPROC_MOVE_BY_CONDUIT
                         ? self->held > 0
                         : _gproc_descriptor_get_kind (target) == GPROC_DESCRIPTOR_SOCKET;

  switch (moved->errsv)
    {
    case EAGAIN:
    case EDEADLK:
      return find_out_whom_to_wait_for (self, source, target);
    case ECONNABORTED:
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETUNREACH:
    case ENOBUFS:
    case ETIMEDOUT:
      return at_target ? GPROC_MOVE_TARGET_FAILED : GPROC_MOVE_SOURCE_FAILED;
    default:
      return GPROC_MOVE_REFUSED;
    }
}

/* What the last call came to: its count, with the errno in @moved. */
static GProcMove
interpret (GProcJoint      *self,
           GProcDescriptor *source,
           GProcDescriptor *target,
           gssize           count,
           GProcMoved      *moved)
{
  if (count > 0)
    return GPROC_MOVE_MORE;
  if (count < 0)
    return interpret_error (self, source, target, moved);

  /* Some file systems (/proc for one) have nothing to copy for the kernel, yet can be read:
   * the end is what a read says it is. */
  return self->method == GPROC_MOVE_BY_COPY_RANGE || self->method == GPROC_MOVE_BY_SENDFILE ||
             self->held > 0
           ? GPROC_MOVE_REFUSED
           : GPROC_MOVE_END;
}

GProcMove
_gproc_joint_move (GProcJoint      *self,
                   GProcDescriptor *source,
                   GProcDescriptor *target,
                   gsize            size,
                   GProcMoved      *moved)
{
  gint64 deadline = g_get_monotonic_time () + MOVE_TIME;
  GProcDescriptorKind to = _gproc_descriptor_get_kind (target);
  gboolean is_file = to == GPROC_DESCRIPTOR_FILE;
  gboolean is_pipe = to == GPROC_DESCRIPTOR_PIPE;
  gboolean moves_pages = is_pipe && self->method == GPROC_MOVE_BY_SPLICE &&
                         _gproc_descriptor_get_kind (source) == GPROC_DESCRIPTOR_PIPE;
  GProcMove result = GPROC_MOVE_REFUSED;
  gboolean was_short = FALSE;
  GProcSigpipeGuard guard;
  gsize call_size;
  gssize count = 1;

  *moved = (GProcMoved){ 0, 0, 0 };
  if (_gproc_descriptor_get_fd (source) >= 0 && _gproc_descriptor_get_fd (target) >= 0 &&
      (self->method != GPROC_MOVE_BY_CONDUIT || open_conduit (self)))
    {
      if (!is_file)
        _gproc_sigpipe_block (&guard);
      /* At least once, however long it took to get here. */
      do
        {
          call_size = size - moved->written;
          if (!moves_pages)
            call_size = MIN (call_size, CALL_SIZE);
          do
            count = move_once (self, source, target, call_size, moved);
          while (count < 0 && errno == EINTR);
          moved->errsv = count < 0 ? errno : 0;
          was_short |= count >= 0 && (gsize) count < call_size;
        }
      while (moved->written < size && count > 0 && g_get_monotonic_time () < deadline);
      /* What breaks after it has taken some gives a count, and the signal all the same: a pipe
       * one that is short. */
      if (!is_file)
        _gproc_sigpipe_restore (&guard, moved->errsv == EPIPE ||
                                          (is_pipe ? was_short : moved->written > 0));
      if (moved->taken > 0)
        self->n_baffled = 0;
      result = interpret (self, source, target, count, moved);
    }

  if (result == GPROC_MOVE_REFUSED)
    self->method = GPROC_MOVE_BY_COPYING;

  return result;
}

gsize
_gproc_joint_get_held (GProcJoint *self)
{
  /* What another process reads out of the pipe is missing in this one. */
  if (self->held > 0 && self->fork_generation != _gproc_fork_generation ())
    self->held = 0;

  return self->held;
}

gsize
_gproc_joint_take_back (GProcJoint *self,
                        gpointer    buffer,
                        gsize       size)
{
  gssize count = _gproc_descriptor_read (self->conduit_out, buffer, MIN (size, self->held));

  g_assert (count > 0);
  self->held -= (gsize) count;

  return (gsize) count;
}

void
_gproc_joint_clear (GProcJoint *self)
{
  g_clear_pointer (&self->conduit_in, _gproc_descriptor_unref);
  g_clear_pointer (&self->conduit_out, _gproc_descriptor_unref);
}
