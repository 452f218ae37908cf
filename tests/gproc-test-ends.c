/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-ends.h"

#include "gproc-test.h"

#include <glib/gstdio.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

const char *
gproc_test_kind_name (GProcTestKind kind)
{
  static const char * const names[] = { "pipe", "socket", "tcp", "file", "pty", "ptmx" };

  return names[kind];
}

void
gproc_test_tcp_pair (int fds[2])
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
  socklen_t length = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_no_errno (listener);
  g_assert_no_errno (bind (listener, (struct sockaddr *) &address, length));
  g_assert_no_errno (listen (listener, 1));
  g_assert_no_errno (getsockname (listener, (struct sockaddr *) &address, &length));
  fds[0] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_no_errno (fds[0]);
  g_assert_no_errno (connect (fds[0], (struct sockaddr *) &address, length));
  fds[1] = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  g_assert_no_errno (fds[1]);
  gproc_test_close (&listener);
}

static GProcTestEnd *
end_new (GProcTestKind kind,
         gboolean      is_source)
{
  GProcTestEnd *self = g_new0 (GProcTestEnd, 1);

  self->kind = kind;
  self->is_source = is_source;
  self->fd = self->far = -1;
  self->expected = G_MAXSIZE;
  self->random = g_rand_new_with_seed (g_test_rand_int ());
  self->heard = g_byte_array_new ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);

  return self;
}

static void
end_open_file (GProcTestEnd *self)
{
  g_autoptr (GError) error = NULL;

  self->fd = g_file_open_tmp ("gproc-test-XXXXXX", &self->path, &error);
  g_assert_no_error (error);
  g_assert_no_errno (fcntl (self->fd, F_SETFD, FD_CLOEXEC));
}

static void
end_open_pair (GProcTestEnd *self)
{
  int fds[2];

  switch (self->kind)
    {
    case GPROC_TEST_PIPE:
      gproc_test_pipe (fds);
      self->fd = fds[self->is_source ? 0 : 1];
      self->far = fds[self->is_source ? 1 : 0];
      break;
    case GPROC_TEST_SOCKET:
      gproc_test_socketpair (fds);
      self->fd = fds[0];
      self->far = fds[1];
      break;
    case GPROC_TEST_TCP:
      gproc_test_tcp_pair (fds);
      self->fd = fds[0];
      self->far = fds[1];
      break;
    case GPROC_TEST_PTY:
      if (self->is_source)
        gproc_test_pty (&self->fd, &self->far);
      else
        gproc_test_pty (&self->far, &self->fd);
      break;
    case GPROC_TEST_PTMX:
      g_assert_false (self->is_source);
      gproc_test_pty (&self->fd, &self->far);
      break;
    case GPROC_TEST_FILE:
    case GPROC_TEST_N_KINDS:
    default:
      g_assert_not_reached ();
    }
}

GProcTestEnd *
gproc_test_source_new (GProcTestKind kind)
{
  GProcTestEnd *self = end_new (kind, TRUE);

  if (kind == GPROC_TEST_FILE)
    end_open_file (self);
  else
    end_open_pair (self);

  return self;
}

GProcTestEnd *
gproc_test_target_new (GProcTestKind kind)
{
  GProcTestEnd *self = end_new (kind, FALSE);

  if (kind == GPROC_TEST_FILE)
    end_open_file (self);
  else
    end_open_pair (self);

  return self;
}

GProcTestEnd *
gproc_test_far_end_new (int      far,
                        gboolean is_source)
{
  GProcTestEnd *self = end_new (GPROC_TEST_PIPE, is_source);

  self->far = far;

  return self;
}

void
gproc_test_end_free (GProcTestEnd *self)
{
  g_clear_object (&self->owner);
  gproc_test_close (&self->fd);
  gproc_test_end_hold (self, FALSE);
  g_clear_pointer (&self->thread, g_thread_join);
  gproc_test_close (&self->far);
  if (self->path != NULL)
    g_assert_no_errno (g_unlink (self->path));
  g_free (self->path);
  g_clear_pointer (&self->feed, g_bytes_unref);
  g_byte_array_unref (self->heard);
  g_rand_free (self->random);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

int
gproc_test_end_take (GProcTestEnd *self)
{
  int fd = self->fd;

  self->fd = -1;

  return fd;
}

/* Mostly small ones, some that are larger than any pipe. */
static gsize
draw_chunk (GProcTestEnd *self)
{
  switch (g_rand_int_range (self->random, 0, 8))
    {
    case 0:
      return (gsize) g_rand_int_range (self->random, 1, 16);
    case 1:
      return (gsize) g_rand_int_range (self->random, 65536, 300000);
    case 2:
      g_thread_yield ();
      return 4096;
    default:
      return (gsize) g_rand_int_range (self->random, 1000, 32768);
    }
}

static gsize
next_chunk (GProcTestEnd *self,
            gsize         left)
{
  gsize chunk = draw_chunk (self);

  return MIN (chunk, left);
}

static void
wait_while_held (GProcTestEnd *self)
{
  g_mutex_lock (&self->lock);
  while (self->held)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
}

/* A transfer that gives up breaks the pipe: that is not the end of the program. */
static void
block_sigpipe (void)
{
  sigset_t sigpipe;

  sigemptyset (&sigpipe);
  sigaddset (&sigpipe, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &sigpipe, NULL);
}

static gpointer
feed_in_thread (gpointer user_data)
{
  GProcTestEnd *self = user_data;
  gsize size, done = 0;
  const char *data = g_bytes_get_data (self->feed, &size);

  block_sigpipe ();
  while (done < size)
    {
      gssize count;

      wait_while_held (self);
      count = write (self->far, data + done, next_chunk (self, size - done));
      if (count < 0 && errno != EINTR)
        break;
      if (count > 0)
        done += (gsize) count;
    }

  wait_while_held (self);
  if (!self->keep_open)
    {
      shutdown (self->far, SHUT_WR);
      gproc_test_close (&self->far);
    }
  g_atomic_int_set (&self->done, TRUE);

  return NULL;
}

static gboolean
is_complete (GProcTestEnd *self)
{
  return gproc_test_end_count (self) >= self->expected;
}

/* The master of a terminal may say that its slave is gone when the last bytes of that have not
 * arrived yet: they have when it says so again. */
static gssize
hear (GProcTestEnd *self,
      gpointer      buffer,
      gsize         size)
{
  gssize count = read (self->far, buffer, size);

  return count < 0 && errno == EIO ? read (self->far, buffer, size) : count;
}

static gpointer
listen_in_thread (gpointer user_data)
{
  GProcTestEnd *self = user_data;
  g_autofree guint8 *buffer = g_malloc (300000);

  while (!is_complete (self))
    {
      gssize count;

      wait_while_held (self);
      count = hear (self, buffer, next_chunk (self, self->expected - self->heard->len));
      if (count == 0 || (count < 0 && errno != EINTR))
        break;

      g_mutex_lock (&self->lock);
      if (count > 0)
        g_byte_array_append (self->heard, buffer, (guint) count);
      g_mutex_unlock (&self->lock);
    }

  if (self->closes)
    gproc_test_close (&self->far);
  g_atomic_int_set (&self->done, TRUE);

  return NULL;
}

void
gproc_test_end_feed (GProcTestEnd *self,
                     GBytes       *bytes)
{
  g_assert_true (self->is_source);
  self->feed = g_bytes_ref (bytes);
  if (self->kind == GPROC_TEST_FILE)
    {
      gproc_test_write (self->fd, g_bytes_get_data (bytes, NULL),
                        (gssize) g_bytes_get_size (bytes));
      g_assert_no_errno (lseek (self->fd, 0, SEEK_SET));
    }
  else
    {
      self->thread = g_thread_new ("feeder", feed_in_thread, self);
    }
}

void
gproc_test_end_listen (GProcTestEnd *self,
                       gsize         expected)
{
  g_assert_false (self->is_source);
  self->expected = expected;
  if (self->kind != GPROC_TEST_FILE)
    self->thread = g_thread_new ("listener", listen_in_thread, self);
}

void
gproc_test_end_hold (GProcTestEnd *self,
                     gboolean      hold)
{
  g_mutex_lock (&self->lock);
  self->held = hold;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

gsize
gproc_test_end_count (GProcTestEnd *self)
{
  gsize count;

  g_mutex_lock (&self->lock);
  count = self->heard->len;
  g_mutex_unlock (&self->lock);

  return count;
}

GBytes *
gproc_test_end_join (GProcTestEnd *self)
{
  g_autoptr (GError) error = NULL;
  char *contents;
  gsize length;

  if (self->kind == GPROC_TEST_FILE)
    {
      g_assert_true (g_file_get_contents (self->path, &contents, &length, &error));
      g_assert_no_error (error);
      return g_bytes_new_take (contents, length);
    }

  g_clear_pointer (&self->thread, g_thread_join);

  return g_bytes_new (self->heard->data, self->heard->len);
}
