/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* memory by=ours|raw count=N: what an idle process with both pipes costs.
 * idle child=0|1 seconds=N: how often a program wakes up while a child floods a pipe that
 * nobody reads. */

#include "config.h"

#include "bench-common.h"

#include <gprocstream/gprocstream.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the kernel holds for itself, in bytes. */
static double
kernel_memory (void)
{
  static const char * const counted[] = { "Slab:", "KernelStack:", "PageTables:", "Percpu:" };
  g_autofree char *text = NULL;
  double sum = 0;

  if (!g_file_get_contents ("/proc/meminfo", &text, NULL, NULL))
    g_error ("There is no /proc/meminfo");
  for (guint i = 0; i < G_N_ELEMENTS (counted); i++)
    {
      const char *found = strstr (text, counted[i]);

      if (found != NULL)
        sum += 1024 * strtod (found + strlen (counted[i]), NULL);
    }

  return sum;
}

static void
end_all_ours (GPtrArray *streams)
{
  for (guint i = 0; i < streams->len; i++)
    {
      g_io_stream_close (g_ptr_array_index (streams, i), NULL, NULL);
      gproc_stream_wait (g_ptr_array_index (streams, i), NULL, NULL);
    }
  g_ptr_array_set_size (streams, 0);
}

static void
memory_ours (guint   count,
             char  **argv)
{
  g_autoptr (GPtrArray) streams = g_ptr_array_new_full (count, g_object_unref);
  double kernel;
  gsize heap;

  /* What is made once is not counted. */
  for (guint i = 0; i < 3; i++)
    g_ptr_array_add (streams, gproc_stream_newv ((const char * const *) argv, 0, NULL));
  end_all_ours (streams);
  kernel = kernel_memory ();
  heap = mallinfo2 ().uordblks;
  for (guint i = 0; i < count; i++)
    {
      GProcStream *stream = gproc_stream_newv ((const char * const *) argv, 0, NULL);

      g_assert_nonnull (stream);
      g_ptr_array_add (streams, stream);
    }
  bench_figure ("heap", (double) (mallinfo2 ().uordblks - heap) / count);
  bench_figure ("kernel", (kernel_memory () - kernel) / count);
  end_all_ours (streams);
}

static void
memory_raw (guint   count,
            char  **argv)
{
  g_autofree int *fds = g_new (int, count * 3);
  double kernel = kernel_memory ();

  for (guint i = 0; i < count; i++)
    {
      int in[2], out[2];

      bench_pipe (in, 0);
      bench_pipe (out, 0);
      fds[3 * i] = (int) syscall (SYS_pidfd_open, bench_spawn (argv, in[0], out[1]), 0);
      fds[3 * i + 1] = in[1];
      fds[3 * i + 2] = out[0];
    }
  bench_figure ("kernel", (kernel_memory () - kernel) / count);
  for (guint i = 0; i < 3 * count; i++)
    close (fds[i]);
  for (guint i = 0; i < count; i++)
    wait (NULL);
}

void
bench_memory (void)
{
  g_auto (GStrv) argv = bench_child_argv ("hold", NULL);
  guint count = (guint) bench_number ("count", 100);

  if (bench_is ("by", "ours"))
    memory_ours (count, argv);
  else
    memory_raw (count, argv);
}

static gboolean
time_is_up (gpointer loop)
{
  g_main_loop_quit (loop);

  return G_SOURCE_REMOVE;
}

static GPollFunc real_poll;
static guint n_polls;

static int
counting_poll (GPollFD *fds,
               guint    n_fds,
               int      timeout)
{
  n_polls++;

  return real_poll (fds, n_fds, timeout);
}

/* Of all threads: a wake-up of any of them is a switch to it. */
void
bench_idle (void)
{
  g_auto (GStrv) argv = bench_child_argv ("flood", "0", NULL);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GProcStream) stream = NULL;
  struct rusage before, after;

  if (bench_number ("child", 1) != 0)
    {
      g_autoptr (GBytes) bytes = NULL;

      stream = gproc_stream_newv ((const char * const *) argv, GPROC_STREAM_FLAGS_NONE, NULL);
      g_assert_nonnull (stream);
      /* It was read once, then no more. */
      bytes = gproc_reader_read_some (gproc_stream_get_stdout (stream), 100, NULL, NULL);
      g_assert_nonnull (bytes);
      while (g_main_context_iteration (NULL, FALSE))
        continue;
    }
  g_timeout_add ((guint) bench_number ("ms", 500), time_is_up, loop);
  real_poll = g_main_context_get_poll_func (NULL);
  g_main_context_set_poll_func (NULL, counting_poll);
  getrusage (RUSAGE_SELF, &before);
  g_main_loop_run (loop);
  getrusage (RUSAGE_SELF, &after);
  bench_figure ("polls", n_polls);
  bench_figure ("switches", (double) (after.ru_nvcsw - before.ru_nvcsw));
  if (stream != NULL)
    gproc_stream_abort (stream);
}
