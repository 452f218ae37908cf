/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* wakeup by=ours|gio|epoll streams=N active=N count=N: each of so many streams waits with an
 * asynchronous read and a cancellable of its own, the active ones get a byte in turn. */

#include "config.h"

#include "bench-common.h"

#include <gio/gunixinputstream.h>
#include <gprocstream/gprocstream.h>
#include <sys/epoll.h>
#include <unistd.h>

typedef struct
{
  GInputStream *stream;
  GCancellable *cancellable;
  int write_fd;
  char buffer[64];
} Member;

static guint n_read;

static void member_read (Member *member);

static void
member_done (GObject      *source,
             GAsyncResult *result,
             gpointer      data)
{
  if (GPROC_IS_READER (source))
    {
      g_autoptr (GBytes)
        bytes = gproc_reader_read_some_finish (GPROC_READER (source), result, NULL);

      if (bytes == NULL)
        return;
    }
  else if (g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL) <= 0)
    return;
  n_read++;
  member_read (data);
}

static void
member_read (Member *member)
{
  if (GPROC_IS_READER (member->stream))
    gproc_reader_read_some_async (GPROC_READER (member->stream), sizeof member->buffer,
                                  G_PRIORITY_DEFAULT, member->cancellable, member_done, member);
  else
    g_input_stream_read_async (member->stream, member->buffer, sizeof member->buffer,
                               G_PRIORITY_DEFAULT, member->cancellable, member_done, member);
}

static Member *
gather (guint n)
{
  Member *members = g_new0 (Member, n);
  int fds[2];

  for (guint i = 0; i < n; i++)
    {
      bench_pipe (fds, 0);
      members[i].write_fd = fds[1];
      members[i].cancellable = g_cancellable_new ();
      members[i].stream = bench_is ("by", "ours")
                            ? G_INPUT_STREAM (gproc_reader_new_for_fd (fds[0], TRUE))
                            : g_unix_input_stream_new (fds[0], TRUE);
      member_read (&members[i]);
    }
  while (g_main_context_iteration (NULL, FALSE))
    continue;

  return members;
}

static double
wake_members (Member *members,
              guint   active,
              guint   count)
{
  double start = bench_now ();

  for (guint i = 0; i < count; i++)
    {
      guint before = n_read;

      if (write (members[(i * 7) % active].write_fd, "x", 1) != 1)
        g_error ("write");
      while (n_read == before)
        g_main_context_iteration (NULL, TRUE);
    }

  return (bench_now () - start) / count;
}

static void
scatter (Member *members,
         guint   n)
{
  for (guint i = 0; i < n; i++)
    close (members[i].write_fd);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  for (guint i = 0; i < n; i++)
    {
      g_object_unref (members[i].stream);
      g_object_unref (members[i].cancellable);
    }
  g_free (members);
}

static double
wake_epoll (int (*fds)[2], int epoll_fd, guint active, guint count)
{
  double start = bench_now ();
  char buffer[64];

  for (guint i = 0; i < count; i++)
    {
      struct epoll_event event;

      if (write (fds[(i * 7) % active][1], "x", 1) != 1 ||
          epoll_wait (epoll_fd, &event, 1, -1) != 1 ||
          read (event.data.fd, buffer, sizeof buffer) != 1)
        g_error ("epoll");
    }

  return (bench_now () - start) / count;
}

static double
wakeups_epoll (guint n,
               guint active,
               guint count)
{
  g_autofree int (*fds)[2] = g_malloc (n * sizeof *fds);
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC);

  for (guint i = 0; i < n; i++)
    {
      struct epoll_event event = { .events = EPOLLIN };

      bench_pipe (fds[i], 0);
      event.data.fd = fds[i][0];
      epoll_ctl (epoll_fd, EPOLL_CTL_ADD, fds[i][0], &event);
    }
  wake_epoll (fds, epoll_fd, active, active);

  return wake_epoll (fds, epoll_fd, active, count);
}

void
bench_wakeups (void)
{
  guint n = (guint) bench_number ("streams", 1), count = (guint) bench_number ("count", 1000);
  guint active = MIN (n, (guint) bench_number ("active", 16));
  double seconds;

  if (bench_is ("by", "epoll"))
    seconds = wakeups_epoll (n, active, count);
  else
    {
      Member *members = gather (n);

      wake_members (members, active, active);
      seconds = wake_members (members, active, count);
      scatter (members, n);
    }
  bench_figure ("seconds", seconds);
}
