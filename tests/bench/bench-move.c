/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a program can do by hand to move bytes between two descriptors: the parameter
 * method=read-write|splice|splice-via-pipe|sendfile|copy_file_range. All blocks, so that no
 * call is spent on waiting. */

#include "config.h"

#include "bench-ends.h"

#include "bench-common.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define CHUNK (1024 * 1024)

static void
read_and_write (int    in,
                int    out,
                gint64 left)
{
  gsize size = (gsize) bench_number ("buffer", BENCH_BLOCK);
  g_autofree char *buffer = g_malloc (size);

  while (left > 0)
    {
      ssize_t got = read (in, buffer, size);

      if (got <= 0)
        g_error ("read: %s", g_strerror (errno));
      for (ssize_t done = 0; done < got;)
        {
          ssize_t count = write (out, buffer + done, (gsize) (got - done));

          if (count < 0)
            g_error ("write: %s", g_strerror (errno));
          done += count;
        }
      left -= got;
    }
}

static ssize_t
kernel_moves (const char *method,
              int         in,
              int         out)
{
  if (g_str_equal (method, "splice"))
    return splice (in, NULL, out, NULL, CHUNK, SPLICE_F_MOVE);
  if (g_str_equal (method, "sendfile"))
    return sendfile (out, in, NULL, CHUNK);

  return copy_file_range (in, NULL, out, NULL, CHUNK, 0);
}

static void
let_the_kernel_move (const char *method,
                     int         in,
                     int         out,
                     gint64      left)
{
  while (left > 0)
    {
      ssize_t count = kernel_moves (method, in, out);

      if (count <= 0)
        g_error ("%s: %s", method, g_strerror (errno));
      left -= count;
    }
}

static void
splice_via_pipe (int    in,
                 int    out,
                 gint64 left)
{
  int size = (int) bench_number ("via", BENCH_BLOCK), fds[2];

  bench_pipe (fds, size);
  while (left > 0)
    {
      ssize_t got = splice (in, NULL, fds[1], NULL, (gsize) size, SPLICE_F_MOVE);

      if (got <= 0)
        g_error ("splice: %s", g_strerror (errno));
      for (ssize_t done = 0; done < got;)
        {
          ssize_t count = splice (fds[0], NULL, out, NULL, (gsize) (got - done), SPLICE_F_MOVE);

          if (count <= 0)
            g_error ("splice out: %s", g_strerror (errno));
          done += count;
        }
      left -= got;
    }
  close (fds[0]);
  close (fds[1]);
}

void
bench_move_raw (BenchEnd *source,
                BenchEnd *target)
{
  const char *method = bench_text ("method", "read-write");
  gint64 bytes = bench_number ("bytes", 0);

  if (g_str_equal (method, "read-write"))
    read_and_write (source->fd, target->fd, bytes);
  else if (g_str_equal (method, "splice-via-pipe"))
    splice_via_pipe (source->fd, target->fd, bytes);
  else
    let_the_kernel_move (method, source->fd, target->fd, bytes);
}
