/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "loop/gproc-descriptor-private.h"
#include "loop/gproc-sigpipe-private.h"

#include "gproc-test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

static gssize
write_string (GProcDescriptor *descriptor,
              const char      *string)
{
  gsize done = 0;

  /* What cannot be kept from blocking otherwise takes a byte at a time. */
  do
    {
      struct iovec piece = { (char *) string + done, strlen (string) - done };
      gssize count = _gproc_descriptor_writev (descriptor, &piece, 1);

      if (count < 0)
        return count;
      done += count;
    }
  while (done < strlen (string));
  return done;
}

/* A terminal may give what was written byte by byte in several pieces. */
static void
assert_read (GProcDescriptor *descriptor,
             const char      *expected)
{
  char buffer[64];
  gsize done = 0;
  gssize count;

  do
    {
      gproc_test_wait_for (gproc_test_fd_is_ready (_gproc_descriptor_get_fd (descriptor), G_IO_IN));
      count = _gproc_descriptor_read (descriptor, buffer + done, sizeof buffer - done);
      g_assert_cmpint (count, >=, 0);
      done += count;
    }
  while (count > 0 && done < strlen (expected));
  g_assert_cmpmem (buffer, done, expected, strlen (expected));
}

static void
assert_would_block (GProcDescriptor *descriptor)
{
  char buffer[64];

  g_assert_cmpint (_gproc_descriptor_read (descriptor, buffer, sizeof buffer), ==, -EAGAIN);
}

/* What is owned is made non-blocking, closed once, and with its last side. */
static void
test_owned (void)
{
  GProcDescriptor *descriptor;
  int fds[2];

  gproc_test_socketpair (fds);
  descriptor = _gproc_descriptor_new (fds[0], TRUE, GPROC_DESCRIPTOR_READ | GPROC_DESCRIPTOR_WRITE,
                                      NULL);
  g_assert_true (gproc_test_fd_is_nonblocking (fds[0]));
  g_assert_cmpint (_gproc_descriptor_get_kind (descriptor), ==, GPROC_DESCRIPTOR_SOCKET);
  g_assert_cmpint (_gproc_descriptor_get_fd (descriptor), ==, fds[0]);
  assert_would_block (descriptor);
  gproc_test_write (fds[1], "hello", 5);
  assert_read (descriptor, "hello");

  /* The write side ends, the read side goes on. */
  g_assert_true (_gproc_descriptor_can_end (descriptor));
  g_assert_cmpint (_gproc_descriptor_close (descriptor, GPROC_DESCRIPTOR_WRITE), ==, 0);
  g_assert_cmpint (_gproc_descriptor_close (descriptor, GPROC_DESCRIPTOR_WRITE), ==, 0);
  {
    g_autoptr (GBytes) rest = gproc_test_read_to_end (fds[1]);

    gproc_test_assert_bytes (rest, "");
  }
  gproc_test_write (fds[1], "more", 4);
  assert_read (descriptor, "more");
  g_assert_true (gproc_test_fd_is_open (fds[0]));
  g_assert_cmpint (_gproc_descriptor_close (descriptor, GPROC_DESCRIPTOR_READ), ==, 0);
  g_assert_false (gproc_test_fd_is_open (fds[0]));
  g_assert_cmpint (_gproc_descriptor_get_fd (descriptor), ==, -1);
  _gproc_descriptor_unref (descriptor);
  gproc_test_close (&fds[1]);
}

/* Closing twice must not close who has the number now. */
static void
test_close_once (void)
{
  GProcDescriptor *descriptor;
  int fds[2];
  int again;

  gproc_test_pipe (fds);
  descriptor = _gproc_descriptor_new (fds[0], TRUE, GPROC_DESCRIPTOR_READ, NULL);
  g_assert_cmpint (_gproc_descriptor_close (descriptor, GPROC_DESCRIPTOR_READ), ==, 0);
  again = gproc_test_open ("/dev/null", O_RDONLY);
  g_assert_cmpint (again, ==, fds[0]);
  g_assert_cmpint (_gproc_descriptor_close (descriptor, GPROC_DESCRIPTOR_READ), ==, 0);
  _gproc_descriptor_unref (descriptor);
  g_assert_true (gproc_test_fd_is_open (again));
  gproc_test_close (&again);
  gproc_test_close (&fds[1]);
}

static void
fill (GProcDescriptor *descriptor)
{
  static char zeros[65536];
  struct iovec piece = { zeros, sizeof zeros };
  gssize count;

  /* Nothing here may ever block: the watchdog would tell. */
  do
    count = _gproc_descriptor_writev (descriptor, &piece, 1);
  while (count > 0);
  g_assert_cmpint (count, ==, -EAGAIN);
}

/* What is borrowed keeps its flags: blocking before, meanwhile and after, also seen
 * from a duplicate that somebody else uses; and yet nothing blocks. */
static void
check_borrowed (int                 read_fd,
                int                 write_fd,
                GProcDescriptorKind read_kind,
                GProcDescriptorKind write_kind)
{
  GProcDescriptor *reader = _gproc_descriptor_new (read_fd, FALSE, GPROC_DESCRIPTOR_READ, NULL);
  GProcDescriptor *writer = _gproc_descriptor_new (write_fd, FALSE, GPROC_DESCRIPTOR_WRITE, NULL);
  char buffer[65536];

  g_assert_cmpint (_gproc_descriptor_get_kind (reader), ==, read_kind);
  g_assert_cmpint (_gproc_descriptor_get_kind (writer), ==, write_kind);
  g_assert_false (gproc_test_fd_is_nonblocking (read_fd));
  g_assert_false (gproc_test_fd_is_nonblocking (write_fd));

  assert_would_block (reader);
  g_assert_cmpint (write_string (writer, "hello"), ==, 5);
  gproc_test_wait_for (gproc_test_fd_is_ready (read_fd, G_IO_IN));
  assert_read (reader, "hello");

  fill (writer);
  g_assert_false (gproc_test_fd_is_nonblocking (write_fd));
  gproc_test_wait_for (gproc_test_fd_is_ready (read_fd, G_IO_IN));
  while (_gproc_descriptor_read (reader, buffer, sizeof buffer) > 0)
    continue;
  assert_would_block (reader);

  _gproc_descriptor_close (reader, GPROC_DESCRIPTOR_READ);
  _gproc_descriptor_close (writer, GPROC_DESCRIPTOR_WRITE);
  g_assert_cmpint (_gproc_descriptor_get_fd (reader), ==, -1);
  g_assert_true (gproc_test_fd_is_open (read_fd));
  g_assert_true (gproc_test_fd_is_open (write_fd));
  g_assert_false (gproc_test_fd_is_nonblocking (read_fd));
  g_assert_false (gproc_test_fd_is_nonblocking (write_fd));
  _gproc_descriptor_unref (reader);
  _gproc_descriptor_unref (writer);
}

static void
test_borrowed_pipe (void)
{
  int fds[2];

  gproc_test_pipe (fds);
  check_borrowed (fds[0], fds[1], GPROC_DESCRIPTOR_PIPE, GPROC_DESCRIPTOR_PIPE);
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

static void
test_borrowed_socket (void)
{
  int fds[2];

  gproc_test_socketpair (fds);
  check_borrowed (fds[0], fds[1], GPROC_DESCRIPTOR_SOCKET, GPROC_DESCRIPTOR_SOCKET);
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

static void
test_borrowed_terminal (void)
{
  int master;
  int slave;

  gproc_test_pty (&master, &slave);
  check_borrowed (master, slave, GPROC_DESCRIPTOR_PTMX, GPROC_DESCRIPTOR_TTY);
  gproc_test_close (&master);
  gproc_test_close (&slave);
}

/* The other direction: the master is what is written, until its slave is full. */
static void
test_borrowed_master (void)
{
  int master;
  int slave;

  gproc_test_pty (&master, &slave);
  check_borrowed (slave, master, GPROC_DESCRIPTOR_TTY, GPROC_DESCRIPTOR_PTMX);
  gproc_test_close (&master);
  gproc_test_close (&slave);
}

/* Where /proc is of no help (another user's pipe) the transfer is polled for. This
 * shows it with what cannot be opened again for another reason. */
static void
test_borrowed_other (void)
{
  GProcDescriptor *descriptor;
  int fd = gproc_test_open ("/dev/null", O_RDWR);

  descriptor = _gproc_descriptor_new (fd, FALSE, GPROC_DESCRIPTOR_READ | GPROC_DESCRIPTOR_WRITE,
                                      NULL);
  g_assert_cmpint (_gproc_descriptor_get_kind (descriptor), ==, GPROC_DESCRIPTOR_OTHER);
  g_assert_cmpint (write_string (descriptor, "hello"), ==, 5);
  assert_read (descriptor, "");
  g_assert_false (gproc_test_fd_is_nonblocking (fd));
  _gproc_descriptor_unref (descriptor);
  g_assert_true (gproc_test_fd_is_open (fd));
  gproc_test_close (&fd);
}

/* A borrowed one that did not block before does not block afterwards either. */
static void
test_borrowed_nonblocking (void)
{
  GProcDescriptor *descriptor;
  int fds[2];

  gproc_test_pipe (fds);
  gproc_test_set_nonblocking (fds[0], TRUE);
  descriptor = _gproc_descriptor_new (fds[0], FALSE, GPROC_DESCRIPTOR_READ, NULL);
  g_assert_cmpint (_gproc_descriptor_get_fd (descriptor), ==, fds[0]);
  assert_would_block (descriptor);
  _gproc_descriptor_unref (descriptor);
  g_assert_true (gproc_test_fd_is_nonblocking (fds[0]));
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

/* The end of a terminal is EIO for the kernel and an end for us. */
static void
test_master_eof (void)
{
  GProcDescriptor *descriptor;
  int master;
  int slave;

  gproc_test_pty (&master, &slave);
  descriptor = _gproc_descriptor_new (master, TRUE, GPROC_DESCRIPTOR_READ, NULL);
  gproc_test_write (slave, "last words", -1);
  gproc_test_wait_for (gproc_test_fd_is_ready (master, G_IO_IN));
  gproc_test_close (&slave);
  assert_read (descriptor, "last words");
  assert_read (descriptor, "");
  assert_read (descriptor, "");
  g_assert_false (_gproc_descriptor_can_end (descriptor));
  _gproc_descriptor_unref (descriptor);
}

static gpointer
write_and_close (gpointer user_data)
{
  int slave = GPOINTER_TO_INT (user_data);
  char data[5000] = { 0 };

  for (guint i = 0; i < 3; i++)
    gproc_test_write (slave, data, sizeof data);
  gproc_test_close (&slave);

  return NULL;
}

/* A slave that writes and goes while it is read: the kernel may say that it is gone before it
 * has handed on what it wrote last. */
static void
test_master_eof_at_once (void)
{
  for (gsize i = gproc_test_scale (5000); i > 0; i--)
    {
      GProcDescriptor *descriptor;
      gssize count = -EAGAIN, total = 0;
      char buffer[8192];
      GThread *thread;
      int master, slave;

      gproc_test_pty (&master, &slave);
      descriptor = _gproc_descriptor_new (master, TRUE, GPROC_DESCRIPTOR_READ, NULL);
      thread = g_thread_new ("slave", write_and_close, GINT_TO_POINTER (slave));
      while (count != 0)
        {
          count = _gproc_descriptor_read (descriptor, buffer, sizeof buffer);
          if (count != -EAGAIN)
            g_assert_cmpint (count, >=, 0);
          total += MAX (count, 0);
        }
      g_thread_join (thread);
      g_assert_cmpint (total, ==, 15000);
      _gproc_descriptor_unref (descriptor);
    }
}

static void
test_connection_reset (void)
{
  struct linger linger = { 1, 0 };
  GProcDescriptor *descriptor;
  char buffer[8];
  int fds[2];

  gproc_test_socketpair (fds);
  /* A peer that goes with data unread resets the connection. */
  gproc_test_write (fds[0], "unread", 6);
  setsockopt (fds[1], SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  gproc_test_close (&fds[1]);
  descriptor = _gproc_descriptor_new (fds[0], TRUE, GPROC_DESCRIPTOR_READ, NULL);
  g_assert_cmpint (_gproc_descriptor_read (descriptor, buffer, sizeof buffer), ==, -ECONNRESET);
  _gproc_descriptor_unref (descriptor);
}

static void
assert_no_sigpipe (void)
{
  sigset_t pending;

  sigpending (&pending);
  g_assert_false (sigismember (&pending, SIGPIPE));
}

static int n_sigpipes;

static void
on_sigpipe (int signum)
{
  g_atomic_int_inc (&n_sigpipes);
}

/* The default disposition would kill this program, a handler would be called, a
 * blocked signal would be pending: none of them is the case, on any kind. */
static void
check_sigpipe (int peer,
               int fd)
{
  GProcDescriptor *descriptor = _gproc_descriptor_new (fd, TRUE, GPROC_DESCRIPTOR_WRITE, NULL);
  struct sigaction previous;
  struct sigaction action = { .sa_handler = on_sigpipe };
  struct sigaction now;
  sigset_t blocked;
  sigset_t mask;

  close (peer);
  g_assert_cmpint (write_string (descriptor, "x"), ==, -EPIPE);
  assert_no_sigpipe ();

  n_sigpipes = 0;
  sigaction (SIGPIPE, &action, &previous);
  g_assert_cmpint (write_string (descriptor, "x"), ==, -EPIPE);
  sigaction (SIGPIPE, NULL, &now);
  g_assert_true (now.sa_handler == on_sigpipe);
  g_assert_cmpint (n_sigpipes, ==, 0);

  /* Blocked by the application, and pending before for another reason: stays both. */
  sigemptyset (&blocked);
  sigaddset (&blocked, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &blocked, &mask);
  g_assert_cmpint (write_string (descriptor, "x"), ==, -EPIPE);
  g_assert_no_errno (pthread_kill (pthread_self (), SIGPIPE));
  g_assert_cmpint (write_string (descriptor, "x"), ==, -EPIPE);
  sigpending (&blocked);
  g_assert_true (sigismember (&blocked, SIGPIPE));
  g_assert_cmpint (n_sigpipes, ==, 0);
  pthread_sigmask (SIG_SETMASK, &mask, NULL);
  g_assert_cmpint (n_sigpipes, ==, 1);
  sigaction (SIGPIPE, &previous, NULL);
  _gproc_descriptor_unref (descriptor);
}

static void
test_sigpipe_pipe (void)
{
  int fds[2];

  gproc_test_pipe (fds);
  check_sigpipe (fds[0], fds[1]);
}

static void
test_sigpipe_socket (void)
{
  int fds[2];

  gproc_test_socketpair (fds);
  check_sigpipe (fds[0], fds[1]);
}

/* The guard alone, as splice(2) needs it. */
static void
test_sigpipe_guard (void)
{
  GProcSigpipeGuard guard;
  int fds[2];
  sigset_t mask;
  gssize count;

  gproc_test_pipe (fds);
  gproc_test_close (&fds[0]);
  _gproc_sigpipe_block (&guard);
  count = write (fds[1], "x", 1);
  g_assert_cmpint (count, ==, -1);
  g_assert_cmpint (errno, ==, EPIPE);
  _gproc_sigpipe_restore (&guard, TRUE);
  g_assert_cmpint (errno, ==, EPIPE);
  assert_no_sigpipe ();
  pthread_sigmask (SIG_SETMASK, NULL, &mask);
  g_assert_false (sigismember (&mask, SIGPIPE));
  gproc_test_close (&fds[1]);
}

/* As a kernel that does not know the flag answers. It cannot be taken off again. */
static void
refuse_nosignal (void)
{
  struct sock_filter filter[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_pwritev2, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { G_N_ELEMENTS (filter), filter };

  g_assert_no_errno (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  g_assert_no_errno (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

/* Goes when the pipe is full, in the middle of a write. */
static gpointer
read_nothing_and_close (gpointer user_data)
{
  int fd = GPOINTER_TO_INT (user_data);
  int size = fcntl (fd, F_GETPIPE_SZ);
  int count = 0;

  while (count < size)
    {
      g_assert_no_errno (ioctl (fd, FIONREAD, &count));
      g_thread_yield ();
    }
  gproc_test_close (&fd);

  return NULL;
}

static void
write_more_than_fits (void)
{
  static char zeros[1024 * 1024];
  struct iovec piece = { zeros, sizeof zeros };
  GThread *thread;
  gssize count;
  int fds[2];
  int size;

  gproc_test_pipe (fds);
  size = fcntl (fds[0], F_GETPIPE_SZ);
  thread = g_thread_new ("reader", read_nothing_and_close, GINT_TO_POINTER (fds[0]));
  count = _gproc_writev_quietly (fds[1], &piece, 1);
  g_assert_cmpint (count, ==, size);
  assert_no_sigpipe ();
  g_thread_join (thread);
  gproc_test_close (&fds[1]);
}

static void
write_with_fallback (gconstpointer data)
{
  sigset_t mask;
  int fds[2];

  refuse_nosignal ();
  write_more_than_fits ();

  n_sigpipes = 0;
  signal (SIGPIPE, on_sigpipe);
  write_more_than_fits ();
  pthread_sigmask (SIG_SETMASK, NULL, &mask);
  g_assert_false (sigismember (&mask, SIGPIPE));
  sigaddset (&mask, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &mask, NULL);
  write_more_than_fits ();
  sigdelset (&mask, SIGPIPE);
  pthread_sigmask (SIG_SETMASK, &mask, NULL);
  g_assert_cmpint (n_sigpipes, ==, 0);

  signal (SIGPIPE, SIG_DFL);
  gproc_test_pipe (fds);
  check_sigpipe (fds[0], fds[1]);
  gproc_test_socketpair (fds);
  check_sigpipe (fds[0], fds[1]);
}

/* A descriptor that blocks loses its reader when it has taken a part: that is a count, and the
 * signal as well. A pipe that does not block may come to do so by another process that has it. */
static void
test_sigpipe_fallback (void)
{
  if (!gproc_test_cannot_fork ())
    gproc_test_fork (write_with_fallback, NULL);
}

/* With the flag of the kernel, where it knows it. */
static void
test_sigpipe_partial (void)
{
  write_more_than_fits ();
}

/* More pieces than the kernel takes at once resume exactly. */
static void
test_many_pieces (void)
{
  const gsize n_pieces = 3 * IOV_MAX + 7;
  g_autofree struct iovec *pieces = g_new (struct iovec, n_pieces);
  g_autofree char *text = g_malloc (n_pieces);
  g_autoptr (GBytes) result = NULL;
  GProcDescriptor *descriptor;
  gsize done = 0;
  int fds[2];
  gsize i;

  for (i = 0; i < n_pieces; i++)
    {
      text[i] = 'a' + i % 26;
      pieces[i].iov_base = text + i;
      pieces[i].iov_len = 1;
    }
  gproc_test_pipe (fds);
  descriptor = _gproc_descriptor_new (fds[1], TRUE, GPROC_DESCRIPTOR_WRITE, NULL);
  while (done < n_pieces)
    {
      gssize count = _gproc_descriptor_writev (descriptor, pieces + done, n_pieces - done);

      g_assert_cmpint (count, >, 0);
      done += count;
    }
  result = gproc_test_read_available (fds[0], n_pieces + 1);
  g_assert_cmpmem (g_bytes_get_data (result, NULL), g_bytes_get_size (result), text, n_pieces);
  _gproc_descriptor_unref (descriptor);
  gproc_test_close (&fds[0]);
}

static void
test_pipe_end (void)
{
  g_autoptr (GBytes) rest = NULL;
  GProcDescriptor *descriptor;
  int fds[2];

  gproc_test_pipe (fds);
  descriptor = _gproc_descriptor_new (fds[1], TRUE, GPROC_DESCRIPTOR_WRITE, NULL);
  g_assert_true (_gproc_descriptor_can_end (descriptor));
  g_assert_cmpint (_gproc_descriptor_get_unread (descriptor), ==, 0);
  g_assert_cmpint (write_string (descriptor, "hello"), ==, 5);
  g_assert_cmpint (_gproc_descriptor_get_unread (descriptor), ==, 5);
  g_assert_cmpint (_gproc_descriptor_end (descriptor), ==, 0);
  g_assert_false (gproc_test_fd_is_open (fds[1]));
  rest = gproc_test_read_to_end (fds[0]);
  gproc_test_assert_bytes (rest, "hello");
  _gproc_descriptor_unref (descriptor);
  gproc_test_close (&fds[0]);

  /* Not ours to close: it cannot be ended. */
  gproc_test_pipe (fds);
  descriptor = _gproc_descriptor_new (fds[1], FALSE, GPROC_DESCRIPTOR_WRITE, NULL);
  g_assert_false (_gproc_descriptor_can_end (descriptor));
  _gproc_descriptor_unref (descriptor);
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

/* Pipes grow within a budget that leaves other programs of the user theirs. */
static void
test_grow (void)
{
  enum
  {
    N = 200
  };
  GProcDescriptor *descriptors[N];
  int writers[N];
  g_autofree char *text = NULL;
  gint64 soft_pages = 0;
  gint64 total = 0;
  int n_grown = 0;
  int last = 0;
  int i;

  g_file_get_contents ("/proc/sys/fs/pipe-user-pages-soft", &text, NULL, NULL);
  soft_pages = text != NULL ? g_ascii_strtoll (text, NULL, 10) : 0;
  for (i = 0; i < N; i++)
    {
      int fds[2];
      int before;
      int after;

      gproc_test_pipe (fds);
      writers[i] = fds[1];
      before = fcntl (fds[0], F_GETPIPE_SZ);
      descriptors[i] = _gproc_descriptor_new (fds[0], TRUE, GPROC_DESCRIPTOR_READ, NULL);
      _gproc_descriptor_grow (descriptors[i]);
      after = fcntl (fds[0], F_GETPIPE_SZ);
      total += after - before;
      n_grown += after > before;
      /* The first gets all it wants, who comes later no more than those before. */
      g_assert_cmpint (after, <=, i == 0 ? GPROC_PIPE_SIZE : last);
      if (soft_pages == 16384 && i == 0)
        g_assert_cmpint (after, ==, GPROC_PIPE_SIZE);
      last = after;
    }
  if (soft_pages > 0)
    g_assert_cmpint (total, <=, soft_pages * sysconf (_SC_PAGESIZE) / 4);
  g_assert_cmpint (n_grown, >, 0);
  if (soft_pages == 16384)
    g_assert_cmpint (n_grown, >=, 32);

  for (i = 0; i < N; i++)
    {
      _gproc_descriptor_unref (descriptors[i]);
      gproc_test_close (&writers[i]);
    }

  /* The budget came back. */
  {
    int fds[2];
    GProcDescriptor *descriptor;
    int before;

    gproc_test_pipe (fds);
    before = fcntl (fds[0], F_GETPIPE_SZ);
    descriptor = _gproc_descriptor_new (fds[0], TRUE, GPROC_DESCRIPTOR_READ, NULL);
    _gproc_descriptor_grow (descriptor);
    g_assert_cmpint (fcntl (fds[0], F_GETPIPE_SZ), >, before);
    _gproc_descriptor_unref (descriptor);
    gproc_test_close (&fds[1]);
  }
}

/* A pipe that is borrowed is left as it was found. */
static void
test_grow_borrowed (void)
{
  GProcDescriptor *descriptor;
  int fds[2];
  int before;

  gproc_test_pipe (fds);
  before = fcntl (fds[0], F_GETPIPE_SZ);
  descriptor = _gproc_descriptor_new (fds[0], FALSE, GPROC_DESCRIPTOR_READ, NULL);
  _gproc_descriptor_grow (descriptor);
  g_assert_cmpint (fcntl (fds[0], F_GETPIPE_SZ), >, before);
  _gproc_descriptor_unref (descriptor);
  g_assert_cmpint (fcntl (fds[0], F_GETPIPE_SZ), ==, before);
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

static void
unref_descriptor (gconstpointer data)
{
  _gproc_descriptor_unref ((gpointer) data);
}

/* But not by the child of a fork, whose parent goes on with it. */
static void
test_grow_in_child (void)
{
  GProcDescriptor *descriptor;
  int fds[2];
  int grown;

  if (gproc_test_cannot_fork ())
    return;

  gproc_test_pipe (fds);
  descriptor = _gproc_descriptor_new (fds[0], FALSE, GPROC_DESCRIPTOR_READ, NULL);
  _gproc_descriptor_grow (descriptor);
  grown = fcntl (fds[0], F_GETPIPE_SZ);
  gproc_test_fork (unref_descriptor, descriptor);
  g_assert_cmpint (fcntl (fds[0], F_GETPIPE_SZ), ==, grown);
  _gproc_descriptor_unref (descriptor);
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

/* A number that is nothing any more is for the call on it to tell, not something to wait for. */
static void
test_master_closed (void)
{
  int master;
  int slave;
  int number;

  gproc_test_pty (&master, &slave);
  number = master;
  g_assert_cmpint (_gproc_check_master (number), ==, 0);
  gproc_test_close (&master);
  g_assert_cmpint (_gproc_check_master (number), ==, 0);
  gproc_test_close (&slave);
}

/* With an owner it is that object which closes. */
static void
test_owner (void)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GError) error = NULL;
  GProcDescriptor *descriptor;
  GInputStream *owner;
  int fds[2];

  gproc_test_socketpair (fds);
  socket = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  connection = g_object_new (G_TYPE_SOCKET_CONNECTION, "socket", socket, NULL);
  owner = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  descriptor = _gproc_descriptor_new (fds[0], FALSE, GPROC_DESCRIPTOR_READ, G_OBJECT (owner));
  gproc_test_write (fds[1], "hello", 5);
  assert_read (descriptor, "hello");
  g_assert_cmpint (_gproc_descriptor_close (descriptor, GPROC_DESCRIPTOR_READ), ==, 0);
  g_assert_true (g_input_stream_is_closed (owner));
  _gproc_descriptor_unref (descriptor);
  g_io_stream_close (G_IO_STREAM (connection), NULL, &error);
  g_assert_no_error (error);
  gproc_test_close (&fds[1]);
}

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/descriptor/owned", test_owned);
  gproc_test_add ("/gproc/descriptor/close-once", test_close_once);
  gproc_test_add ("/gproc/descriptor/borrowed-pipe", test_borrowed_pipe);
  gproc_test_add ("/gproc/descriptor/borrowed-socket", test_borrowed_socket);
  gproc_test_add ("/gproc/descriptor/borrowed-terminal", test_borrowed_terminal);
  gproc_test_add ("/gproc/descriptor/borrowed-master", test_borrowed_master);
  gproc_test_add ("/gproc/descriptor/borrowed-other", test_borrowed_other);
  gproc_test_add ("/gproc/descriptor/borrowed-nonblocking", test_borrowed_nonblocking);
  gproc_test_add ("/gproc/descriptor/master-eof", test_master_eof);
  gproc_test_add ("/gproc/descriptor/master-eof-at-once", test_master_eof_at_once);
  gproc_test_add ("/gproc/descriptor/connection-reset", test_connection_reset);
  gproc_test_add ("/gproc/descriptor/sigpipe-pipe", test_sigpipe_pipe);
  gproc_test_add ("/gproc/descriptor/sigpipe-socket", test_sigpipe_socket);
  gproc_test_add ("/gproc/descriptor/sigpipe-guard", test_sigpipe_guard);
  gproc_test_add ("/gproc/descriptor/sigpipe-fallback", test_sigpipe_fallback);
  gproc_test_add ("/gproc/descriptor/sigpipe-partial", test_sigpipe_partial);
  gproc_test_add ("/gproc/descriptor/many-pieces", test_many_pieces);
  gproc_test_add ("/gproc/descriptor/pipe-end", test_pipe_end);
  gproc_test_add ("/gproc/descriptor/grow", test_grow);
  gproc_test_add ("/gproc/descriptor/grow-borrowed", test_grow_borrowed);
  gproc_test_add ("/gproc/descriptor/grow-in-child", test_grow_in_child);
  gproc_test_add ("/gproc/descriptor/master-closed", test_master_closed);
  gproc_test_add ("/gproc/descriptor/owner", test_owner);
  return gproc_test_run ();
}
