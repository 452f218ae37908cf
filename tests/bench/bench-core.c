/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Measures what the design stands on, side by side with what a user would take instead:
 * each row is the median of interleaved rounds, and a ratio. `meson test --benchmark`
 * runs it. Ratios carry over between machines, absolute figures do not. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <gprocstream/gprocstream.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_ROUNDS 15

typedef double (*Measure) (gpointer data); /* Seconds, or another quantity. */

static guint n_missed;

static int
compare_doubles (gconstpointer a,
                 gconstpointer b)
{
  double first = *(const double *) a, second = *(const double *) b;

  return first < second ? -1 : first > second;
}

static double
median (double *values,
        guint   n)
{
  qsort (values, n, sizeof *values, compare_doubles);

  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static double
now (void)
{
  return (double) g_get_monotonic_time () / G_USEC_PER_SEC;
}

/* Runs both in turn and prints the medians. @at_least: the ratio peer/ours must reach
 * @target; otherwise ours/peer must not exceed it. */
static void
compare (const char *name,
         const char *peer_name,
         guint       n_rounds,
         Measure     ours,
         Measure     peer,
         gpointer    data,
         double      scale,
         const char *unit,
         gboolean    at_least,
         double      target)
{
  double our_times[MAX_ROUNDS], peer_times[MAX_ROUNDS], ratio;
  gboolean met;

  ours (data);
  peer (data);
  for (guint i = 0; i < n_rounds; i++)
    {
      our_times[i] = ours (data);
      peer_times[i] = peer (data);
    }
  ratio = median (peer_times, n_rounds) / median (our_times, n_rounds);
  if (!at_least)
    ratio = 1 / ratio;
  met = at_least ? ratio >= target : ratio <= target;
  n_missed += !met;
  printf ("%-44s %10.3f %10.3f %-8s %7.2f  %s %-5g %s  (%s)\n", name,
          median (our_times, n_rounds) * scale, median (peer_times, n_rounds) * scale, unit, ratio,
          at_least ? ">=" : "<=", target, met ? "met   " : "MISSED", peer_name);
  fflush (stdout);
}

static void
make_pipe (int fds[2])
{
  if (pipe2 (fds, O_CLOEXEC) < 0)
    g_error ("pipe: %s", g_strerror (errno));
}

/* --- A million small writes ----------------------------------------------------- */

#define N_SMALL 1000000
#define SMALL "thirty-two bytes make one record"

static gpointer
drain_pipe (gpointer data)
{
  int fd = GPOINTER_TO_INT (data);
  g_autofree char *buffer = g_malloc (1024 * 1024);

  while (read (fd, buffer, 1024 * 1024) > 0)
    continue;
  close (fd);

  return NULL;
}

static gboolean
queue_some (gpointer data)
{
  GProcWriter *writer = data;

  for (guint i = 0; i < 1000; i++)
    gproc_writer_queue (writer, SMALL, 32, NULL);

  return G_SOURCE_CONTINUE;
}

static double
small_queues (gpointer data)
{
  int fds[2];
  g_autoptr (GProcWriter) writer = NULL;
  GThread *thread;
  double start;

  make_pipe (fds);
  thread = g_thread_new ("drain", drain_pipe, GINT_TO_POINTER (fds[0]));
  writer = gproc_writer_new_for_fd (fds[1], TRUE);
  start = now ();
  for (guint i = 0; i < N_SMALL / 1000; i++)
    {
      queue_some (writer);
      gproc_writer_drain (writer, NULL, NULL);
    }
  g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, NULL);
  start = now () - start;
  g_thread_join (thread);

  return start;
}

static double
small_write_alls (gpointer data)
{
  int fds[2];
  g_autoptr (GOutputStream) stream = NULL;
  GThread *thread;
  double start;

  make_pipe (fds);
  thread = g_thread_new ("drain", drain_pipe, GINT_TO_POINTER (fds[0]));
  stream = g_unix_output_stream_new (fds[1], TRUE);
  start = now ();
  for (guint i = 0; i < N_SMALL; i++)
    g_output_stream_write_all (stream, SMALL, 32, NULL, NULL, NULL);
  g_output_stream_close (stream, NULL, NULL);
  start = now () - start;
  g_thread_join (thread);

  return start;
}

/* --- The cost of a wake-up with many streams --------------------------------------- */

typedef struct
{
  guint n;
  int (*fds)[2];
  GProcReader **readers;
  GCancellable **cancellables;
  guint n_read;
} Crowd;

static void
crowd_read (GObject      *source,
            GAsyncResult *result,
            gpointer      data)
{
  Crowd *crowd = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = gproc_reader_read_some_finish (GPROC_READER (source), result, &error);

  if (bytes == NULL)
    return;
  crowd->n_read++;
  gproc_reader_read_some_async (GPROC_READER (source), 100, G_PRIORITY_DEFAULT,
                                g_object_get_data (source, "cancellable"), crowd_read, crowd);
}

static void
crowd_init (Crowd *crowd,
            guint  n)
{
  crowd->n = n;
  crowd->fds = g_malloc (n * sizeof *crowd->fds);
  crowd->readers = g_new (GProcReader *, n);
  for (guint i = 0; i < n; i++)
    {
      make_pipe (crowd->fds[i]);
      crowd->readers[i] = gproc_reader_new_for_fd (crowd->fds[i][0], TRUE);
      g_object_set_data_full (G_OBJECT (crowd->readers[i]), "cancellable", g_cancellable_new (),
                              g_object_unref);
      gproc_reader_read_some_async (crowd->readers[i], 100, G_PRIORITY_DEFAULT,
                                    g_object_get_data (G_OBJECT (crowd->readers[i]), "cancellable"),
                                    crowd_read, crowd);
    }
}

static void
crowd_clear (Crowd *crowd)
{
  for (guint i = 0; i < crowd->n; i++)
    close (crowd->fds[i][1]);
  for (guint i = 0; i < crowd->n; i++)
    g_main_context_iteration (NULL, FALSE);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  for (guint i = 0; i < crowd->n; i++)
    g_object_unref (crowd->readers[i]);
  g_free (crowd->readers);
  g_free (crowd->fds);
}

#define N_WAKE_UPS 5000

/* Wakes @n_active of @n streams in turn. */
static double
wake_ups (guint n,
          guint n_active)
{
  Crowd crowd = { 0 };
  double start, taken;

  crowd_init (&crowd, n);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  start = now ();
  for (guint i = 0; i < N_WAKE_UPS; i++)
    {
      guint before = crowd.n_read;

      if (write (crowd.fds[(i * 7) % n_active][1], "x", 1) < 0)
        abort ();
      while (crowd.n_read == before)
        g_main_context_iteration (NULL, TRUE);
    }
  taken = (now () - start) / N_WAKE_UPS;
  crowd_clear (&crowd);

  return taken;
}

static double
wake_ups_one (gpointer data)
{
  return wake_ups (1, 1);
}

static double
wake_ups_many (gpointer data)
{
  return wake_ups (GPOINTER_TO_UINT (data), 16);
}

/* With every stream in turn the caches of the machine are part of the cost; so they are
 * for a loop on epoll alone, which is the peer of that row. */
static double
wake_ups_cold (gpointer data)
{
  return wake_ups (GPOINTER_TO_UINT (data), GPOINTER_TO_UINT (data)) / wake_ups (1, 1);
}

static double
raw_wake_ups (guint n)
{
  int (*fds)[2] = g_malloc (n * sizeof *fds);
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  double start, taken;
  char buffer[100];

  for (guint i = 0; i < n; i++)
    {
      struct epoll_event event = { .events = EPOLLIN };

      make_pipe (fds[i]);
      event.data.fd = fds[i][0];
      epoll_ctl (epoll_fd, EPOLL_CTL_ADD, fds[i][0], &event);
    }
  start = now ();
  for (guint i = 0; i < N_WAKE_UPS; i++)
    {
      struct epoll_event event;

      if (write (fds[(i * 7) % n][1], "x", 1) < 0 || epoll_wait (epoll_fd, &event, 1, -1) != 1 ||
          read (event.data.fd, buffer, sizeof buffer) != 1)
        abort ();
    }
  taken = (now () - start) / N_WAKE_UPS;
  for (guint i = 0; i < n; i++)
    {
      close (fds[i][0]);
      close (fds[i][1]);
    }
  close (epoll_fd);
  g_free (fds);

  return taken;
}

static double
raw_wake_ups_cold (gpointer data)
{
  return raw_wake_ups (GPOINTER_TO_UINT (data)) / raw_wake_ups (1);
}

/* --- Lines ------------------------------------------------------------------------ */

#define N_LINES 400000
#define LINE "a line of sixty bytes, as build logs and journals have it....\n"

typedef struct
{
  GMainLoop *loop;
  guint n_lines;
} Lines;

static int line_source (GThread **thread);

static gpointer
feed_lines (gpointer data)
{
  int fd = GPOINTER_TO_INT (data);
  g_autoptr (GString) block = g_string_new (NULL);

  for (guint i = 0; i < 1000; i++)
    g_string_append (block, LINE);
  for (guint i = 0; i < N_LINES / 1000; i++)
    {
      gsize done = 0;

      while (done < block->len)
        {
          gssize count = write (fd, block->str + done, block->len - done);

          if (count < 0)
            abort ();
          done += (gsize) count;
        }
    }
  close (fd);

  return NULL;
}

static int
line_source (GThread **thread)
{
  int fds[2];

  make_pipe (fds);
  *thread = g_thread_new ("lines", feed_lines, GINT_TO_POINTER (fds[1]));

  return fds[0];
}

static void
got_lines (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  Lines *lines = data;
  g_autoptr (GBytes) block = gproc_reader_read_lines_finish (GPROC_READER (source), result, NULL);
  const char *text, *end;
  gsize size;

  if (block == NULL)
    {
      g_main_loop_quit (lines->loop);
      return;
    }
  text = g_bytes_get_data (block, &size);
  end = text + size;
  while (text < end)
    {
      text = (const char *) memchr (text, '\n', (gsize) (end - text)) + 1;
      lines->n_lines++;
    }
  gproc_reader_read_lines_async (GPROC_READER (source), 0, G_PRIORITY_DEFAULT, NULL, got_lines,
                                 lines);
}

static void
got_line (GObject      *source,
          GAsyncResult *result,
          gpointer      data)
{
  Lines *lines = data;
  g_autoptr (GBytes) line = gproc_reader_read_line_finish (GPROC_READER (source), result, NULL);

  if (line == NULL)
    {
      g_main_loop_quit (lines->loop);
      return;
    }
  lines->n_lines++;
  gproc_reader_read_line_async (GPROC_READER (source), G_PRIORITY_DEFAULT, NULL, got_line, lines);
}

static void
got_gio_line (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  Lines *lines = data;
  g_autofree char *line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source),
                                                                result, NULL, NULL);

  if (line == NULL)
    {
      g_main_loop_quit (lines->loop);
      return;
    }
  lines->n_lines++;
  g_data_input_stream_read_line_async (G_DATA_INPUT_STREAM (source), G_PRIORITY_DEFAULT, NULL,
                                       got_gio_line, lines);
}

static double
read_lines (gboolean in_blocks)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GProcReader) reader = NULL;
  Lines lines = { loop, 0 };
  GThread *thread;
  double start = now ();

  reader = gproc_reader_new_for_fd (line_source (&thread), TRUE);
  if (in_blocks)
    gproc_reader_read_lines_async (reader, 0, G_PRIORITY_DEFAULT, NULL, got_lines, &lines);
  else
    gproc_reader_read_line_async (reader, G_PRIORITY_DEFAULT, NULL, got_line, &lines);
  g_main_loop_run (loop);
  g_thread_join (thread);
  g_assert_cmpuint (lines.n_lines, ==, N_LINES);

  return (now () - start) / N_LINES;
}

static double
lines_in_blocks (gpointer data)
{
  return read_lines (TRUE);
}

static double
lines_one_by_one (gpointer data)
{
  return read_lines (FALSE);
}

static double
lines_gio (gpointer data)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GInputStream) base = NULL;
  g_autoptr (GDataInputStream) stream = NULL;
  Lines lines = { loop, 0 };
  GThread *thread;
  double start = now ();

  base = g_unix_input_stream_new (line_source (&thread), TRUE);
  stream = g_data_input_stream_new (base);
  g_buffered_input_stream_set_buffer_size (G_BUFFERED_INPUT_STREAM (stream), 64 * 1024);
  g_data_input_stream_read_line_async (stream, G_PRIORITY_DEFAULT, NULL, got_gio_line, &lines);
  g_main_loop_run (loop);
  g_thread_join (thread);
  g_assert_cmpuint (lines.n_lines, ==, N_LINES);

  return (now () - start) / N_LINES;
}

/* --- A flood of output ------------------------------------------------------------- */

#define FLOOD_SIZE (1024 * 1024 * 1024L)

static pid_t
flood_child (int  pipe_size,
             int *fd)
{
  int fds[2];
  pid_t pid;

  make_pipe (fds);
  if (pipe_size > 0)
    fcntl (fds[0], F_SETPIPE_SZ, pipe_size);
  pid = fork ();
  if (pid == 0)
    {
      static char block[256 * 1024];
      long left = FLOOD_SIZE;

      while (left > 0)
        {
          gssize count = write (fds[1], block, sizeof block);

          if (count < 0)
            _exit (1);
          left -= count;
        }
      _exit (0);
    }
  close (fds[1]);
  *fd = fds[0];

  return pid;
}

static void
got_flood (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  g_autoptr (GBytes) bytes = gproc_reader_read_some_finish (GPROC_READER (source), result, NULL);

  if (bytes == NULL)
    g_main_loop_quit (data);
  else
    gproc_reader_read_some_async (GPROC_READER (source), 256 * 1024, G_PRIORITY_DEFAULT, NULL,
                                  got_flood, data);
}

static double
flood_async (gpointer data)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GProcReader) reader = NULL;
  double start = now ();
  int fd;
  pid_t pid = flood_child (0, &fd);

  reader = gproc_reader_new_for_fd (fd, TRUE);
  gproc_reader_read_some_async (reader, 256 * 1024, G_PRIORITY_DEFAULT, NULL, got_flood, loop);
  g_main_loop_run (loop);
  waitpid (pid, NULL, 0);

  return now () - start;
}

static double
flood_raw_with (int pipe_size)
{
  g_autofree char *buffer = g_malloc (256 * 1024);
  double start = now ();
  int fd;
  pid_t pid = flood_child (pipe_size, &fd);

  while (read (fd, buffer, 256 * 1024) > 0)
    continue;
  close (fd);
  waitpid (pid, NULL, 0);

  return now () - start;
}

static double
flood_raw (gpointer data)
{
  double best = flood_raw_with (64 * 1024);

  best = MIN (best, flood_raw_with (256 * 1024));

  return MIN (best, flood_raw_with (1024 * 1024));
}

/* --- A small round trip -------------------------------------------------------------- */

#define N_TRIPS 20000

typedef struct
{
  GMainLoop *loop;
  GProcStream *stream;
  guint left;
} Trips;

static void
trip_done (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  Trips *trips = data;
  g_autoptr (GBytes) line = gproc_reader_read_line_finish (GPROC_READER (source), result, NULL);

  if (line == NULL || --trips->left == 0)
    {
      g_main_loop_quit (trips->loop);
      return;
    }
  gproc_writer_queue (gproc_stream_get_stdin (trips->stream), "ping\n", 5, NULL);
  gproc_reader_read_line_async (GPROC_READER (source), G_PRIORITY_DEFAULT, NULL, trip_done, trips);
}

static double
trips_async (gpointer data)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GProcStream) cat = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, NULL, "cat", NULL);
  Trips trips = { loop, cat, N_TRIPS };
  double start = now ();

  gproc_writer_queue (gproc_stream_get_stdin (cat), "ping\n", 5, NULL);
  gproc_reader_read_line_async (gproc_stream_get_stdout (cat), G_PRIORITY_DEFAULT, NULL, trip_done,
                                &trips);
  g_main_loop_run (loop);
  start = (now () - start) / N_TRIPS;
  g_io_stream_close (G_IO_STREAM (cat), NULL, NULL);
  gproc_stream_wait (cat, NULL, NULL);

  return start;
}

static double
trips_raw (gpointer data)
{
  int in[2], out[2];
  double start;
  char buffer[64];
  pid_t pid;

  make_pipe (in);
  make_pipe (out);
  pid = fork ();
  if (pid == 0)
    {
      dup2 (in[0], 0);
      dup2 (out[1], 1);
      execlp ("cat", "cat", NULL);
      _exit (127);
    }
  close (in[0]);
  close (out[1]);
  start = now ();
  for (guint i = 0; i < N_TRIPS; i++)
    {
      struct pollfd poll_fd = { .fd = out[0], .events = POLLIN };

      if (write (in[1], "ping\n", 5) != 5 || poll (&poll_fd, 1, -1) != 1 ||
          read (out[0], buffer, 64) != 5)
        abort ();
    }
  start = (now () - start) / N_TRIPS;
  close (in[1]);
  close (out[0]);
  waitpid (pid, NULL, 0);

  return start;
}

/* --- Spawning ----------------------------------------------------------------------- */

#define N_SPAWNS 100

static double
spawns (gpointer data)
{
  double start = now ();

  for (guint i = 0; i < N_SPAWNS; i++)
    {
      g_autoptr (GProcStream)
        stream = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, NULL, "true", NULL);

      gproc_stream_wait (stream, NULL, NULL);
    }

  return (now () - start) / N_SPAWNS;
}

static double
spawns_raw (gpointer data)
{
  double start = now ();

  for (guint i = 0; i < N_SPAWNS; i++)
    {
      char *argv[] = { (char *) "true", NULL };
      posix_spawn_file_actions_t actions;
      struct pollfd poll_fd;
      siginfo_t info;
      int in[2], out[2];
      pid_t pid;

      make_pipe (in);
      make_pipe (out);
      posix_spawn_file_actions_init (&actions);
      posix_spawn_file_actions_adddup2 (&actions, in[0], 0);
      posix_spawn_file_actions_adddup2 (&actions, out[1], 1);
      if (posix_spawnp (&pid, "true", &actions, NULL, argv, environ) != 0)
        abort ();
      posix_spawn_file_actions_destroy (&actions);
      close (in[0]);
      close (out[1]);
      poll_fd = (struct pollfd){ .fd = (int) syscall (SYS_pidfd_open, pid, 0), .events = POLLIN };
      poll (&poll_fd, 1, -1);
      waitid (P_PID, (id_t) pid, &info, WEXITED);
      close (poll_fd.fd);
      close (in[1]);
      close (out[0]);
    }

  return (now () - start) / N_SPAWNS;
}

static double
spawns_gsubprocess (gpointer data)
{
  double start = now ();

  for (guint i = 0; i < N_SPAWNS; i++)
    {
      g_autoptr (GSubprocess)
        process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
                                    NULL, "true", NULL);

      g_subprocess_wait (process, NULL, NULL);
    }

  return (now () - start) / N_SPAWNS;
}

/* --- Memory -------------------------------------------------------------------------- */

static void
measure_memory (void)
{
  enum
  {
    N = 200
  };
  GProcStream *streams[N];
  gsize before, per_stream;

  /* What is made once is not counted. */
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GProcStream) warm = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, NULL, "true", NULL);

      gproc_stream_wait (warm, NULL, NULL);
    }
  before = mallinfo2 ().uordblks;
  for (guint i = 0; i < N; i++)
    {
      streams[i] = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, NULL, "cat", NULL);
      g_assert_nonnull (streams[i]);
    }
  per_stream = (mallinfo2 ().uordblks - before) / N;
  printf ("%-44s %10" G_GSIZE_FORMAT " %10s bytes    %7s  <= 4096  %s\n",
          "heap of an idle process stream", per_stream, "", "",
          per_stream <= 4096 ? "met" : "MISSED");
  n_missed += per_stream > 4096;
  for (guint i = 0; i < N; i++)
    {
      g_io_stream_close (G_IO_STREAM (streams[i]), NULL, NULL);
      gproc_stream_wait (streams[i], NULL, NULL);
      g_object_unref (streams[i]);
    }
}

static void
spawn_rows (gsize resident)
{
  char *block = NULL;
  g_autofree char *ours = g_strdup_printf ("spawn and wait, %" G_GSIZE_FORMAT " MiB resident",
                                           resident / (1024 * 1024));

  if (resident > 0)
    {
      block = mmap (NULL, resident, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      madvise (block, resident, MADV_NOHUGEPAGE);
      memset (block, 1, resident);
    }
  compare (ours, "posix_spawn, pidfd", 9, spawns, spawns_raw, NULL, 1e6, "us", FALSE, 1.3);
  compare (ours, "GSubprocess", 3, spawns, spawns_gsubprocess, NULL, 1e6, "us", TRUE, 1.0);
  if (block != NULL)
    munmap (block, resident);
}

int
main (int   argc,
      char *argv[])
{
  struct rlimit limit;
  gboolean all = argc < 2;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = MIN (limit.rlim_max, 20000);
  setrlimit (RLIMIT_NOFILE, &limit);
  printf ("%-44s %10s %10s %-8s %7s\n", "", "ours", "peer", "unit", "ratio");

#define WANTED(name) (all || g_str_equal (argv[1], name))
  if (WANTED ("memory"))
    measure_memory ();
  if (WANTED ("queue"))
    compare ("a million writes of 32 bytes", "g_output_stream_write_all", 5, small_queues,
             small_write_alls, NULL, 1, "s", TRUE, 40);
  if (WANTED ("wake"))
    {
      compare ("wake-up, 1,000 streams", "1 stream", 7, wake_ups_many, wake_ups_one,
               GUINT_TO_POINTER (1000), 1e6, "us", FALSE, 1.5);
      if (limit.rlim_cur >= 10100)
        {
          compare ("wake-up, 5,000 streams", "1 stream", 7, wake_ups_many, wake_ups_one,
                   GUINT_TO_POINTER (5000), 1e6, "us", FALSE, 1.5);
          compare ("growth, 5,000 streams each in turn", "raw epoll loop", 5, wake_ups_cold,
                   raw_wake_ups_cold, GUINT_TO_POINTER (5000), 1, "x", FALSE, 1.5);
        }
    }
  if (WANTED ("lines"))
    {
      compare ("lines in blocks", "GDataInputStream async", 5, lines_in_blocks, lines_gio, NULL,
               1e6, "us/line", TRUE, 8);
      compare ("lines one by one", "GDataInputStream async", 5, lines_one_by_one, lines_gio, NULL,
               1e6, "us/line", TRUE, 1);
    }
  if (WANTED ("flood"))
    compare ("1 GiB of output, async", "best raw read loop", 5, flood_async, flood_raw, NULL, 1,
             "s", TRUE, 0.9);
  if (WANTED ("trip"))
    compare ("round trip through cat", "raw poll/read/write", 7, trips_async, trips_raw, NULL, 1e6,
             "us", FALSE, 1.5);
  if (WANTED ("spawn"))
    {
      spawn_rows (0);
      spawn_rows (2048UL * 1024 * 1024);
    }

  printf ("%u missed\n", n_missed);

  return 0;
}
