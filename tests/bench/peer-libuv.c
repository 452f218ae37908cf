/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The workloads of gproc-bench as libuv does them: peer-libuv read|splice|trip|spawn|latency
 * NAME=VALUE…. With pipes=1 the children get real pipes instead of the sockets that libuv
 * makes by itself; alloc=N is the size of the buffers offered to it. */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#define PING "ping\n"
#define PING_SIZE 5

typedef struct Chunk Chunk;

struct Chunk
{
  uv_write_t request;
  Chunk *next;
  char data[];
};

typedef struct
{
  uv_process_t process;
  uv_pipe_t in;
  uv_pipe_t out;
} Child;

static char **parameters;
static uv_loop_t *loop;
static size_t alloc_size;
static Chunk *free_chunks;
static long long received, flooded, in_flight, left;
static uv_pipe_t *splice_target;
static Child children[2];
static uv_timer_t timer;
static double *times, sent, started, ended;
static size_t n_times;
static int spawned_ends, counting;
static void (*on_flood) (void);

static const char *
text (const char *name,
      const char *fallback)
{
  size_t length = strlen (name);

  for (char **at = parameters; *at != NULL; at++)
    if (strncmp (*at, name, length) == 0 && (*at)[length] == '=')
      return *at + length + 1;

  return fallback;
}

static long long
number (const char *name,
        long long   fallback)
{
  const char *value = text (name, NULL);

  return value != NULL ? atoll (value) : fallback;
}

static void
check (int         result,
       const char *what)
{
  if (result >= 0)
    return;
  fprintf (stderr, "%s: %s\n", what, uv_strerror (result));
  exit (1);
}

static double
now (void)
{
  return (double) uv_hrtime () / 1e9;
}

static double
cpu (int who)
{
  struct rusage usage;

  getrusage (who, &usage);

  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void
on_exit_of (uv_process_t *process,
            int64_t       status,
            int           signal)
{
  uv_close ((uv_handle_t *) process, NULL);
}

/* Gives one side of a pipe or socket to the child. */
static uv_stdio_container_t
connect_stdio (uv_pipe_t *ours,
               int        child_reads,
               int       *to_close)
{
  uv_stdio_container_t stdio = { .flags = UV_CREATE_PIPE };
  uv_file fds[2];

  uv_pipe_init (loop, ours, 0);
  *to_close = -1;
  if (number ("pipes", 0) == 0)
    {
      stdio.flags |= child_reads ? UV_READABLE_PIPE : UV_WRITABLE_PIPE;
      stdio.data.stream = (uv_stream_t *) ours;
      return stdio;
    }
  check (uv_pipe (fds, child_reads ? 0 : UV_NONBLOCK_PIPE, child_reads ? UV_NONBLOCK_PIPE : 0),
         "uv_pipe");
  check (uv_pipe_open (ours, fds[child_reads ? 1 : 0]), "uv_pipe_open");
  *to_close = fds[child_reads ? 0 : 1];
  stdio.flags = UV_INHERIT_FD;
  stdio.data.fd = *to_close;

  return stdio;
}

static void
start (Child      *child,
       const char *program,
       const char *argument,
       const char *value)
{
  char *argv[] = { (char *) program, (char *) argument, (char *) value, NULL };
  uv_stdio_container_t stdio[3];
  uv_process_options_t options = {
    .file = program, .args = argv, .exit_cb = on_exit_of, .stdio_count = 3, .stdio = stdio
  };
  int to_close[2];

  stdio[0] = connect_stdio (&child->in, 1, &to_close[0]);
  stdio[1] = connect_stdio (&child->out, 0, &to_close[1]);
  stdio[2] = (uv_stdio_container_t){ .flags = UV_INHERIT_FD, .data.fd = 2 };
  check (uv_spawn (loop, &child->process, &options), program);
  for (int i = 0; i < 2; i++)
    if (to_close[i] >= 0)
      close (to_close[i]);
}

static void
start_bench_child (Child      *child,
                   const char *argument,
                   const char *value)
{
  start (child, getenv ("GPROC_BENCH_CHILD"), argument, value);
}

static void
close_pipe (uv_pipe_t *stream)
{
  if (!uv_is_closing ((uv_handle_t *) stream))
    uv_close ((uv_handle_t *) stream, NULL);
}

/* --- read: buffers are used again ---------------------------------------------------- */

static void
give_chunk (uv_handle_t *handle,
            size_t       suggested,
            uv_buf_t    *buffer)
{
  Chunk *chunk = free_chunks;

  if (chunk != NULL)
    free_chunks = chunk->next;
  else
    chunk = malloc (sizeof *chunk + alloc_size);
  *buffer = uv_buf_init (chunk->data, (unsigned int) alloc_size);
}

static Chunk *
chunk_of (const uv_buf_t *buffer)
{
  return (Chunk *) (buffer->base - offsetof (Chunk, data));
}

static void
take_back (Chunk *chunk)
{
  chunk->next = free_chunks;
  free_chunks = chunk;
}

static void
on_read (uv_stream_t    *stream,
         ssize_t         count,
         const uv_buf_t *buffer)
{
  if (buffer->base != NULL)
    take_back (chunk_of (buffer));
  if (count < 0)
    close_pipe ((uv_pipe_t *) stream);
  else
    received += count;
  if (on_flood != NULL)
    on_flood ();
}

static void
run_read (void)
{
  start_bench_child (&children[0], "flood", text ("bytes", "1"));
  close_pipe (&children[0].in);
  uv_read_start ((uv_stream_t *) &children[0].out, give_chunk, on_read);
  uv_run (loop, UV_RUN_DEFAULT);
}

/* --- splice: stops reading while much is in flight ------------------------------------- */

static void on_splice_read (uv_stream_t    *stream,
                            ssize_t         count,
                            const uv_buf_t *buffer);

static void
on_written (uv_write_t *request,
            int         status)
{
  Chunk *chunk = (Chunk *) request;

  check (status, "uv_write");
  in_flight -= (long long) (size_t) request->data;
  take_back (chunk);
  if (in_flight < 1024 * 1024 && uv_is_active ((uv_handle_t *) &children[0].out) == 0 &&
      !uv_is_closing ((uv_handle_t *) &children[0].out))
    uv_read_start ((uv_stream_t *) &children[0].out, give_chunk, on_splice_read);
  if (in_flight == 0 && uv_is_closing ((uv_handle_t *) &children[0].out))
    close_pipe (splice_target);
}

static void
on_splice_read (uv_stream_t    *stream,
                ssize_t         count,
                const uv_buf_t *buffer)
{
  Chunk *chunk = buffer->base != NULL ? chunk_of (buffer) : NULL;
  uv_buf_t piece;

  if (count <= 0)
    {
      if (chunk != NULL)
        take_back (chunk);
      if (count < 0)
        close_pipe ((uv_pipe_t *) stream);
      if (count < 0 && in_flight == 0)
        close_pipe (splice_target);
      return;
    }
  received += count;
  in_flight += count;
  chunk->request.data = (void *) (size_t) count;
  piece = uv_buf_init (chunk->data, (unsigned int) count);
  check (uv_write (&chunk->request, (uv_stream_t *) splice_target, &piece, 1, on_written),
         "uv_write");
  if (in_flight >= 4 * 1024 * 1024)
    uv_read_stop (stream);
}

static void
run_splice (void)
{
  start_bench_child (&children[0], "flood", text ("bytes", "1"));
  start_bench_child (&children[1], "sink", text ("bytes", "1"));
  close_pipe (&children[0].in);
  close_pipe (&children[1].out);
  splice_target = &children[1].in;
  uv_read_start ((uv_stream_t *) &children[0].out, give_chunk, on_splice_read);
  uv_run (loop, UV_RUN_DEFAULT);
}

static int
compare_times (const void *a,
               const void *b)
{
  double first = *(const double *) a, second = *(const double *) b;

  return first < second ? -1 : first > second;
}

/* --- trip and latency ------------------------------------------------------------------ */

static void
ping (void)
{
  uv_buf_t piece = uv_buf_init ((char *) PING, PING_SIZE);

  sent = now ();
  check (uv_try_write ((uv_stream_t *) &children[0].in, &piece, 1), "uv_try_write");
}

static void
on_timer (uv_timer_t *unused)
{
  ping ();
}

static void
on_pong (uv_stream_t    *stream,
         ssize_t         count,
         const uv_buf_t *buffer)
{
  if (buffer->base != NULL)
    take_back (chunk_of (buffer));
  if (count <= 0)
    return;
  if (times != NULL)
    times[n_times++] = now () - sent;
  /* The first trip waits for the child to start; it is not counted. */
  if (!counting)
    started = now ();
  counting = 1;
  if (left-- > 0)
    {
      if (times != NULL)
        uv_timer_start (&timer, on_timer, 1, 0);
      else
        ping ();
      return;
    }
  ended = now ();
  flooded = received;
  close_pipe (&children[0].in);
  close_pipe (&children[0].out);
  if (children[1].process.pid != 0)
    {
      uv_process_kill (&children[1].process, 9);
      close_pipe (&children[1].in);
      close_pipe (&children[1].out);
    }
}

static void
run_trips (void)
{
  left = number ("count", 1000);
  start (&children[0], "cat", NULL, NULL);
  uv_read_start ((uv_stream_t *) &children[0].out, give_chunk, on_pong);
  ping ();
  uv_run (loop, UV_RUN_DEFAULT);
}

/* The round trips begin when the flood is in full swing. */
static void
begin_trips (void)
{
  if (received < 64 * 1024 * 1024)
    return;
  on_flood = NULL;
  received = 0;
  ping ();
}

static void
run_latency (void)
{
  size_t skipped = 100, count = (size_t) number ("count", 1000);

  uv_timer_init (loop, &timer);
  times = calloc (count + skipped, sizeof *times);
  left = (long long) (count + skipped - 1);
  start (&children[0], "cat", NULL, NULL);
  on_flood = begin_trips;
  start_bench_child (&children[1], "flood", "0");
  uv_read_start ((uv_stream_t *) &children[1].out, give_chunk, on_read);
  uv_read_start ((uv_stream_t *) &children[0].out, give_chunk, on_pong);
  uv_run (loop, UV_RUN_DEFAULT);
  qsort (times + skipped, count, sizeof *times, compare_times);
  printf ("{\"p50\": %.9f, \"p99\": %.9f, \"p999\": %.9f, \"flood\": %.0f}\n",
          times[skipped + (size_t) (0.5 * (double) (count - 1))],
          times[skipped + (size_t) (0.99 * (double) (count - 1))],
          times[skipped + (size_t) (0.999 * (double) (count - 1))],
          (double) flooded / (ended - started));
}

/* --- spawn ---------------------------------------------------------------------------- */

static void
on_true_exit (uv_process_t *process,
              int64_t       status,
              int           signal)
{
  spawned_ends = 1;
}

static double
spawn_true (void)
{
  char *argv[] = { (char *) "/bin/true", NULL };
  Child child;
  uv_stdio_container_t stdio[3];
  uv_process_options_t options = {
    .file = "/bin/true", .args = argv, .exit_cb = on_true_exit, .stdio_count = 3, .stdio = stdio
  };
  double start_time = now (), taken;
  int to_close[2];

  stdio[0] = connect_stdio (&child.in, 1, &to_close[0]);
  stdio[1] = connect_stdio (&child.out, 0, &to_close[1]);
  stdio[2] = (uv_stdio_container_t){ .flags = UV_INHERIT_FD, .data.fd = 2 };
  check (uv_spawn (loop, &child.process, &options), "uv_spawn");
  for (int i = 0; i < 2; i++)
    if (to_close[i] >= 0)
      close (to_close[i]);
  taken = now () - start_time;
  for (spawned_ends = 0; !spawned_ends;)
    uv_run (loop, UV_RUN_ONCE);
  uv_close ((uv_handle_t *) &child.process, NULL);
  close_pipe (&child.in);
  close_pipe (&child.out);
  uv_run (loop, UV_RUN_NOWAIT);

  return taken;
}

static void
run_spawns (void)
{
  size_t resident = (size_t) number ("resident", 0) * 1024 * 1024;
  long long count = number ("count", 10), n_live = number ("live", 0);
  Child *live = calloc ((size_t) n_live + 1, sizeof *live);
  double *spawning = calloc ((size_t) count, sizeof *spawning), start_time;

  if (resident > 0)
    {
      char *block = mmap (NULL, resident, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                          0);

      madvise (block, resident, MADV_NOHUGEPAGE);
      memset (block, 1, resident);
    }
  for (long long i = 0; i < n_live; i++)
    start_bench_child (&live[i], "hold", NULL);
  spawn_true ();
  start_time = now ();
  for (long long i = 0; i < count; i++)
    spawning[i] = spawn_true ();
  start_time = (now () - start_time) / (double) count;
  qsort (spawning, (size_t) count, sizeof *spawning, compare_times);
  printf ("{\"seconds\": %.9f, \"p50\": %.9f}\n", start_time, spawning[count / 2]);
  for (long long i = 0; i < n_live; i++)
    {
      close_pipe (&live[i].in);
      close_pipe (&live[i].out);
    }
  uv_run (loop, UV_RUN_DEFAULT);
}

int
main (int   argc,
      char *argv[])
{
  const char *workload = argc > 1 ? argv[1] : "--version";
  double own_cpu, child_cpu;

  parameters = argv + (argc > 1 ? 2 : 1);
  if (strcmp (workload, "--version") == 0)
    {
      printf ("%s\n", uv_version_string ());
      return 0;
    }
  loop = uv_default_loop ();
  alloc_size = (size_t) number ("alloc", 65536);
  started = now ();
  own_cpu = cpu (RUSAGE_SELF);
  child_cpu = cpu (RUSAGE_CHILDREN);
  if (strcmp (workload, "latency") == 0)
    run_latency ();
  else if (strcmp (workload, "spawn") == 0)
    run_spawns ();
  else
    {
      if (strcmp (workload, "read") == 0)
        run_read ();
      else if (strcmp (workload, "splice") == 0)
        run_splice ();
      else
        run_trips ();
      if (strcmp (workload, "trip") != 0 && received != number ("bytes", 1))
        return 1;
      printf ("{\"seconds\": %.9f, \"cpu\": %.6f, \"child_cpu\": %.6f}\n",
              (ended > 0 ? ended : now ()) - started, cpu (RUSAGE_SELF) - own_cpu,
              cpu (RUSAGE_CHILDREN) - child_cpu);
    }

  return 0;
}
