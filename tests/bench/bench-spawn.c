/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* spawn by=ours|gio|posix_spawn|vfork count=N [resident=MIB] [live=N] [thread=1]: starts `true`
 * with both pipes and waits for it, again and again. "p50" are the seconds of one start, in which
 * the caller's main loop stands still, "seconds" those until its end was noticed. */

#include "config.h"

#include "bench-common.h"

#include <fcntl.h>
#include <gprocstream/gprocstream.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "/bin/true"

static const char * const true_argv[] = { PROGRAM, NULL };

typedef struct
{
  GArray *times;    /* double: of the starts alone. */
  GPtrArray *live;  /* GObjects. */
  GArray *live_fds; /* What keeps the raw children: the writing ends of their pipes. */
} Spawns;

static void
close_pair (int fds[2])
{
  close (fds[0]);
  close (fds[1]);
}

static gpointer
start_ours (const char * const *argv)
{
  g_autoptr (GError) error = NULL;
  GProcStream *stream = gproc_stream_newv (argv, GPROC_STREAM_FLAGS_NONE, &error);

  if (stream == NULL)
    g_error ("%s", error->message);

  return stream;
}

static gpointer
start_gio (const char * const *argv)
{
  g_autoptr (GError) error = NULL;
  GSubprocess *process = g_subprocess_newv (
    argv, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);

  if (process == NULL)
    g_error ("%s", error->message);

  return process;
}

/* As an application that has a main loop waits. */
static void
wait_with_loop (gpointer object)
{
  g_autoptr (GAsyncResult) result = NULL;

  if (GPROC_IS_STREAM (object))
    gproc_stream_wait_async (object, G_PRIORITY_DEFAULT, NULL, bench_done, &result);
  else
    g_subprocess_wait_async (object, NULL, bench_done, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
spawn_object (Spawns *spawns, gpointer (*start) (const char * const *))
{
  double before = bench_now (), taken;
  g_autoptr (GObject) process = start (true_argv);

  taken = bench_now () - before;
  g_array_append_val (spawns->times, taken);
  wait_with_loop (process);
}

/* The child of vfork: calls of the kernel alone. */
static pid_t
vfork_true (int in,
            int out)
{
  sigset_t all, old;
  pid_t pid;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &old);
  pid = vfork ();
  if (pid == 0)
    {
      struct sigaction action = { .sa_handler = SIG_DFL };

      if (dup2 (in, 0) < 0 || dup2 (out, 1) < 0)
        _exit (126);
      sigaction (SIGPIPE, &action, NULL);
      sigemptyset (&all);
      sigprocmask (SIG_SETMASK, &all, NULL);
      execv (PROGRAM, (char **) true_argv);
      _exit (127);
    }
  pthread_sigmask (SIG_SETMASK, &old, NULL);
  close (in);
  close (out);

  return pid;
}

typedef struct
{
  pid_t pid;
  int pidfd;
} Started;

static void
reap (const Started *started)
{
  struct pollfd pidfd = { .fd = started->pidfd, .events = POLLIN };
  int status;

  if (pidfd.fd < 0 || poll (&pidfd, 1, -1) != 1 ||
      waitpid (started->pid, &status, 0) != started->pid || status != 0)
    g_error ("%s did not end well", PROGRAM);
  close (pidfd.fd);
}

static GAsyncQueue *to_reap, *reaped;

static gpointer
reap_all (gpointer unused)
{
  for (;;)
    {
      Started *started = g_async_queue_pop (to_reap);

      reap (started);
      g_async_queue_push (reaped, started);
    }

  return NULL;
}

/* With thread=1 as in a program that has a second thread: there each fork costs more. */
static void
wait_raw (Started *started)
{
  if (bench_number ("thread", 0) == 0)
    {
      reap (started);
      return;
    }
  if (to_reap == NULL)
    {
      to_reap = g_async_queue_new ();
      reaped = g_async_queue_new ();
      g_thread_unref (g_thread_new ("reap", reap_all, NULL));
    }
  g_async_queue_push (to_reap, started);
  g_async_queue_pop (reaped);
}

static void
spawn_raw (Spawns *spawns)
{
  double before = bench_now (), taken;
  int in[2], out[2];
  Started started;

  bench_pipe (in, 0);
  bench_pipe (out, 0);
  if (bench_is ("by", "vfork"))
    started.pid = vfork_true (in[0], out[1]);
  else
    started.pid = bench_spawn ((char * const *) true_argv, in[0], out[1]);
  started.pidfd = (int) syscall (SYS_pidfd_open, started.pid, 0);
  taken = bench_now () - before;
  g_array_append_val (spawns->times, taken);
  wait_raw (&started);
  close (in[1]);
  close (out[0]);
}

static void
spawn_one (Spawns *spawns)
{
  if (bench_is ("by", "ours"))
    spawn_object (spawns, start_ours);
  else if (bench_is ("by", "gio"))
    spawn_object (spawns, start_gio);
  else
    spawn_raw (spawns);
}

static void
keep_live (Spawns *spawns,
           gint64  n)
{
  g_auto (GStrv) argv = bench_child_argv ("hold", NULL);
  int in[2], out[2];

  for (; n > 0; n--)
    if (bench_is ("by", "ours"))
      g_ptr_array_add (spawns->live, start_ours ((const char * const *) argv));
    else if (bench_is ("by", "gio"))
      g_ptr_array_add (spawns->live, start_gio ((const char * const *) argv));
    else
      {
        bench_pipe (in, 0);
        bench_pipe (out, 0);
        bench_spawn (argv, in[0], out[1]);
        g_array_append_vals (spawns->live_fds, (int[]){ in[1], out[0] }, 2);
      }
}

static void
end_live (Spawns *spawns)
{
  for (guint i = 0; i < spawns->live->len; i++)
    {
      gpointer object = g_ptr_array_index (spawns->live, i);

      if (GPROC_IS_STREAM (object))
        g_io_stream_close (object, NULL, NULL);
      else
        g_output_stream_close (g_subprocess_get_stdin_pipe (object), NULL, NULL);
      wait_with_loop (object);
    }
  for (guint i = 0; i < spawns->live_fds->len; i += 2)
    {
      close_pair (&g_array_index (spawns->live_fds, int, i));
      wait (NULL);
    }
}

void
bench_spawns (void)
{
  g_autoptr (GPtrArray) live = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GArray) live_fds = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (double));
  Spawns spawns = { times, live, live_fds };
  gint64 count = bench_number ("count", 10);
  double start;

  bench_become_resident ();
  keep_live (&spawns, bench_number ("live", 0));
  /* What is made once is not counted. */
  spawn_one (&spawns);
  g_array_set_size (times, 0);
  start = bench_now ();
  for (gint64 i = 0; i < count; i++)
    spawn_one (&spawns);
  bench_figure ("seconds", (bench_now () - start) / (double) count);
  bench_percentiles ("", times, 1);
  end_live (&spawns);
}
