/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "loop/gproc-descriptor-private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loop/gproc-poller-private.h"
#include "loop/gproc-sigpipe-private.h"

/* How a transfer is kept from blocking. */
typedef enum
{
  MODE_NONBLOCKING, /* The descriptor does not block, or is a file. */
  MODE_DONTWAIT,    /* A borrowed socket that blocks: each call says not to. */
  MODE_POLL_FIRST   /* A borrowed something that blocks and cannot be opened again. */
} Mode;

/* Less than that is not worth a system call. */
#define SMALLEST_GROWN_PIPE (128 * 1024)

struct _GProcDescriptor
{
  int ref_count;
  int fd; /* What is used; the same as @given unless it was opened again. */
  int given;
  int open; /* The sides that are not closed yet. */
  Mode mode;
  GProcDescriptorKind kind;
  gboolean owned;
  gboolean duplicate;    /* The number is to be closed, but what it stands for is borrowed. */
  guint fork_generation; /* The child of a fork must not end what the parent goes on with. */
  GObject *owner;        /* Owned: closes @given. */
  int grown;             /* Bytes that this pipe has of the library's budget. */
  gboolean no_more;      /* It was asked for once. */
};

/* How much larger than it found them this library has made pipes. */
static int grown_total;

gboolean
_gproc_is_master (int fd)
{
  int number;

  return ioctl (fd, TIOCGPTN, &number) == 0;
}

static GProcDescriptorKind
kind_of (int fd)
{
  struct stat info;

  if (fstat (fd, &info) < 0)
    return GPROC_DESCRIPTOR_OTHER;
  if (S_ISFIFO (info.st_mode))
    return GPROC_DESCRIPTOR_PIPE;
  if (S_ISSOCK (info.st_mode))
    return GPROC_DESCRIPTOR_SOCKET;
  if (S_ISREG (info.st_mode) || S_ISBLK (info.st_mode))
    return GPROC_DESCRIPTOR_FILE;
  if (S_ISCHR (info.st_mode) && isatty (fd))
    return _gproc_is_master (fd) ? GPROC_DESCRIPTOR_PTMX : GPROC_DESCRIPTOR_TTY;

  return GPROC_DESCRIPTOR_OTHER;
}

/* A borrowed descriptor that blocks shares its flags with whoever else has it open.
 * A pipe or a terminal can be opened a second time, with flags of our own; opening
 * the master of a pseudo-terminal would make another terminal. */
static void
adapt_borrowed (GProcDescriptor *self,
                int              flags)
{
  char path[32];

  if (self->kind == GPROC_DESCRIPTOR_SOCKET)
    {
      self->mode = MODE_DONTWAIT;
      return;
    }

  self->mode = MODE_POLL_FIRST;
  if (self->kind != GPROC_DESCRIPTOR_PIPE && self->kind != GPROC_DESCRIPTOR_TTY)
    return;

  snprintf (path, sizeof path, "/proc/self/fd/%d", self->given);
  self->fd = open (path, (flags & O_ACCMODE) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (self->fd >= 0)
    self->mode = MODE_NONBLOCKING;
  else
    self->fd = self->given;
}

GProcDescriptor *
_gproc_descriptor_new (int                  fd,
                       gboolean             owned,
                       GProcDescriptorSide  sides,
                       GObject             *owner)
{
  GProcDescriptor *self = g_new0 (GProcDescriptor, 1);
  int flags = fcntl (fd, F_GETFL);

  self->ref_count = 1;
  self->fd = self->given = fd;
  self->open = (int) sides;
  self->kind = kind_of (fd);
  self->owned = owned;
  self->fork_generation = _gproc_fork_generation ();
  self->owner = owner != NULL ? g_object_ref (owner) : NULL;

  if (flags < 0 || (flags & O_NONBLOCK) != 0 || self->kind == GPROC_DESCRIPTOR_FILE)
    self->mode = MODE_NONBLOCKING;
  else if (owned)
    fcntl (fd, F_SETFL, flags | O_NONBLOCK);
  else
    adapt_borrowed (self, flags);

  return self;
}

GProcDescriptor *
_gproc_descriptor_new_duplicate (int                 fd,
                                 GProcDescriptorSide sides)
{
  int number = fcntl (fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  GProcDescriptor *self;

  if (number < 0)
    return NULL;

  self = _gproc_descriptor_new (number, FALSE, sides, NULL);
  self->duplicate = TRUE;

  return self;
}

GProcDescriptor *
_gproc_descriptor_ref (GProcDescriptor *self)
{
  g_atomic_int_inc (&self->ref_count);

  return self;
}

void
_gproc_descriptor_unref (GProcDescriptor *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  _gproc_descriptor_close (self, GPROC_DESCRIPTOR_READ);
  _gproc_descriptor_close (self, GPROC_DESCRIPTOR_WRITE);
  g_free (self);
}

int
_gproc_descriptor_get_fd (GProcDescriptor *self)
{
  return g_atomic_int_get (&self->open) != 0 ? self->fd : -1;
}

GProcDescriptorKind
_gproc_descriptor_get_kind (GProcDescriptor *self)
{
  return self->kind;
}

gboolean
_gproc_descriptor_is_nonblocking (GProcDescriptor *self)
{
  return self->mode == MODE_NONBLOCKING;
}

/* Whether a descriptor that blocks would not do so now. */
static gboolean
is_ready (int   fd,
          short events)
{
  struct pollfd poll_fd = { .fd = fd, .events = events };

  return poll (&poll_fd, 1, 0) != 0;
}

static gssize
read_once (GProcDescriptor *self,
           gpointer         buffer,
           gsize            size)
{
  gssize count;

  do
    {
      if (self->mode == MODE_DONTWAIT)
        count = recv (self->fd, buffer, size, MSG_DONTWAIT);
      else if (self->mode == MODE_POLL_FIRST && !is_ready (self->fd, POLLIN))
        return -EAGAIN;
      else
        count = read (self->fd, buffer, size);
    }
  while (count < 0 && errno == EINTR);

  if (count >= 0)
    return count;

  /* EDEADLK is what a file on a lease or a FUSE pipe may answer under contention. */
  return errno == EWOULDBLOCK || errno == EDEADLK ? -EAGAIN : -errno;
}

gssize
_gproc_descriptor_read (GProcDescriptor *self,
                        gpointer         buffer,
                        gsize            size)
{
  gssize count;

  /* Closed by another thread: the number may be somebody else's by now. */
  if ((g_atomic_int_get (&self->open) & GPROC_DESCRIPTOR_READ) == 0)
    return -EBADF;

  count = read_once (self, buffer, size);
  if (count != -EIO || self->kind != GPROC_DESCRIPTOR_PTMX)
    return count;

  /* What the slave side of a terminal wrote is read to its end, and then the kernel says EIO
   * where there is no slave any more. But it looks for bytes first and for the slave second: of
   * one that writes and goes in between the bytes are there only at the next look. */
  count = read_once (self, buffer, size);

  return count == -EIO ? 0 : count;
}

/* A terminal promises no more than one byte: one that blocks does so until it has all. */
static gsize
write_step_of (GProcDescriptorKind kind)
{
  return kind == GPROC_DESCRIPTOR_TTY || kind == GPROC_DESCRIPTOR_PTMX ? 1
                                                                       : GPROC_ATOMIC_WRITE_SIZE;
}

gsize
_gproc_get_write_step (int fd)
{
  int flags = fcntl (fd, F_GETFL);

  return flags < 0 || (flags & O_NONBLOCK) != 0 ? G_MAXSIZE : write_step_of (kind_of (fd));
}

int
_gproc_check_master (int fd)
{
  struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

  if (poll (&poll_fd, 1, 0) <= 0)
    return -EAGAIN;

  /* What else is wrong the write says itself. */
  return poll_fd.revents == POLLHUP ? -EPIPE : 0;
}

/* As write (), where a descriptor that blocks would do so: errno says why it does not. */
static gboolean
can_write (GProcDescriptor *self)
{
  int result;

  if (self->kind == GPROC_DESCRIPTOR_PTMX)
    result = _gproc_check_master (self->fd);
  else
    result = is_ready (self->fd, POLLOUT) ? 0 : -EAGAIN;
  errno = -result;

  return result == 0;
}

/* To a descriptor that blocks: no more at a time than it has promised to take, as long
 * as it promises something. */
static gssize
write_carefully (GProcDescriptor *self,
                 char            *data,
                 gsize            size)
{
  gsize step = write_step_of (self->kind);
  gsize done = 0;

  size = MIN (size, GPROC_ATOMIC_WRITE_SIZE);
  while (done < size)
    {
      struct iovec piece = { data + done, MIN (step, size - done) };
      gssize count = can_write (self) ? _gproc_writev_quietly (self->fd, &piece, 1) : -1;

      if (count <= 0)
        return done > 0 ? (gssize) done : count;
      done += (gsize) count;
    }

  return (gssize) done;
}

static gssize
write_once (GProcDescriptor    *self,
            const struct iovec *pieces,
            int                 n_pieces)
{
  struct msghdr message = { .msg_iov = (struct iovec *) pieces, .msg_iovlen = (gsize) n_pieces };

  if (self->kind == GPROC_DESCRIPTOR_SOCKET)
    return sendmsg (self->fd, &message,
                    MSG_NOSIGNAL | (self->mode == MODE_DONTWAIT ? MSG_DONTWAIT : 0));

  while (n_pieces > 1 && pieces[0].iov_len == 0)
    {
      pieces++;
      n_pieces--;
    }

  if (self->mode == MODE_POLL_FIRST)
    return write_carefully (self, pieces[0].iov_base, pieces[0].iov_len);

  if (self->kind == GPROC_DESCRIPTOR_FILE)
    return writev (self->fd, pieces, n_pieces);

  return _gproc_writev_quietly (self->fd, pieces, n_pieces);
}

/* What a write that failed says: −errno, and −EAGAIN where it is worth waiting. */
static int
interpret_write_error (GProcDescriptor *self,
                       int              errsv)
{
  if (errsv == EDEADLK || errsv == EWOULDBLOCK)
    errsv = EAGAIN;
  if (errsv == EAGAIN && self->kind == GPROC_DESCRIPTOR_PTMX &&
      _gproc_check_master (self->fd) == -EPIPE)
    errsv = EPIPE;

  return -errsv;
}

gssize
_gproc_descriptor_writev (GProcDescriptor    *self,
                          const struct iovec *pieces,
                          gsize               n_pieces)
{
  gssize count;

  do
    count = write_once (self, pieces, (int) MIN (n_pieces, IOV_MAX));
  while (count < 0 && errno == EINTR);

  return count >= 0 ? count : interpret_write_error (self, errno);
}

gboolean
_gproc_descriptor_can_end (GProcDescriptor *self)
{
  switch (self->kind)
    {
    case GPROC_DESCRIPTOR_SOCKET:
      return TRUE;
    case GPROC_DESCRIPTOR_TTY:
    case GPROC_DESCRIPTOR_PTMX:
      return FALSE;
    case GPROC_DESCRIPTOR_PIPE:
    case GPROC_DESCRIPTOR_FILE:
    case GPROC_DESCRIPTOR_OTHER:
    default:
      return (self->owned || self->owner != NULL) &&
             (g_atomic_int_get (&self->open) & GPROC_DESCRIPTOR_READ) == 0;
    }
}

int
_gproc_descriptor_end (GProcDescriptor *self)
{
  if (self->kind != GPROC_DESCRIPTOR_SOCKET)
    return _gproc_descriptor_close (self, GPROC_DESCRIPTOR_WRITE);

  if (self->fork_generation != _gproc_fork_generation ())
    return 0;

  return shutdown (self->fd, SHUT_WR) < 0 ? -errno : 0;
}

static int
close_owner (GProcDescriptor *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GObject) owner = g_steal_pointer (&self->owner);

  if (G_IS_OUTPUT_STREAM (owner))
    g_output_stream_close (G_OUTPUT_STREAM (owner), NULL, &error);
  else if (G_IS_INPUT_STREAM (owner))
    g_input_stream_close (G_INPUT_STREAM (owner), NULL, &error);

  return error != NULL ? -EIO : 0;
}

/* What is borrowed is left as it was found, as far as what is in it lets that be; where both ends
 * were borrowed and grew, by who lets go last in the order of a stack. */
static void
give_back_growth (GProcDescriptor *self)
{
  if (self->grown > 0 && !self->owned && self->owner == NULL &&
      self->fork_generation == _gproc_fork_generation ())
    fcntl (self->fd, F_SETPIPE_SZ, fcntl (self->fd, F_GETPIPE_SZ) - self->grown);
  g_atomic_int_add (&grown_total, -self->grown);
}

static int
close_completely (GProcDescriptor *self)
{
  int result = 0;

  give_back_growth (self);
  if (self->fd != self->given)
    close (self->fd);
  if (self->owner != NULL)
    return close_owner (self);

  /* Linux closes the descriptor also where close () fails: EINTR is no error then. */
  if ((self->owned || self->duplicate) && close (self->given) < 0 && errno != EINTR)
    result = -errno;

  return result;
}

int
_gproc_descriptor_close (GProcDescriptor     *self,
                         GProcDescriptorSide  side)
{
  guint previous = g_atomic_int_and ((guint *) &self->open, ~(guint) side);

  if ((previous & side) == 0)
    return 0;
  if (previous == (guint) side)
    return close_completely (self);

  /* The peer may have gone already, which is no failure of a close. */
  if (side == GPROC_DESCRIPTOR_WRITE && self->kind == GPROC_DESCRIPTOR_SOCKET && self->owned &&
      self->fork_generation == _gproc_fork_generation ())
    shutdown (self->fd, SHUT_WR);

  return 0;
}

/* A quarter of what the kernel allows an ordinary user before it makes every new
 * pipe of that user small. */
static int
pipe_budget (void)
{
  static int budget = -1;
  g_autofree char *text = NULL;
  gint64 pages = 16384;

  if (g_atomic_int_get (&budget) < 0)
    {
      if (g_file_get_contents ("/proc/sys/fs/pipe-user-pages-soft", &text, NULL, NULL))
        pages = g_ascii_strtoll (text, NULL, 10);
      if (pages == 0)
        pages = G_MAXINT; /* No limit. */
      g_atomic_int_set (&budget, (int) MIN (pages / 4 * sysconf (_SC_PAGESIZE), G_MAXINT / 2));
    }

  return g_atomic_int_get (&budget);
}

/* Who comes first gets what it asks for, which is the best for it; the more is taken the
 * smaller the shares become, so that there is something for many. */
static int
share_of_budget (int size)
{
  int left = pipe_budget () - g_atomic_int_get (&grown_total);

  while (size > SMALLEST_GROWN_PIPE && size > left / 8)
    size /= 2;

  return size;
}

void
_gproc_descriptor_grow (GProcDescriptor *self)
{
  int size, found, more;

  if (self->kind != GPROC_DESCRIPTOR_PIPE || self->no_more)
    return;

  self->no_more = TRUE;
  size = share_of_budget (GPROC_PIPE_SIZE);
  found = fcntl (self->fd, F_GETPIPE_SZ);
  if (found < 0 || found >= size)
    return;

  more = size - found;
  if (g_atomic_int_add (&grown_total, more) + more > pipe_budget () ||
      fcntl (self->fd, F_SETPIPE_SZ, size) < 0)
    g_atomic_int_add (&grown_total, -more);
  else
    self->grown = more;
}

int
_gproc_descriptor_get_unread (GProcDescriptor *self)
{
  int count;

  if (self->kind != GPROC_DESCRIPTOR_PIPE || ioctl (self->fd, FIONREAD, &count) < 0)
    return -1;

  return count;
}

void
_gproc_set_errno_error (GError     **error,
                        int          errsv,
                        const char  *action)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv), "%s: %s", action,
               g_strerror (errsv));
}
