/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "bench-common.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char **parameters;
static GString *figures;

const char *
bench_text (const char *name,
            const char *fallback)
{
  gsize length = strlen (name);

  for (guint i = 0; parameters[i] != NULL; i++)
    if (strncmp (parameters[i], name, length) == 0 && parameters[i][length] == '=')
      return parameters[i] + length + 1;

  return fallback;
}

gint64
bench_number (const char *name,
              gint64      fallback)
{
  const char *text = bench_text (name, NULL);

  return text != NULL ? g_ascii_strtoll (text, NULL, 10) : fallback;
}

gboolean
bench_is (const char *name,
          const char *value)
{
  return g_strcmp0 (bench_text (name, NULL), value) == 0;
}

void
bench_figure (const char *name,
              double      value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (figures, "%s\"%s\": %s", figures->len > 0 ? ", " : "", name,
                          g_ascii_dtostr (text, sizeof text, value));
}

static int
compare_doubles (gconstpointer a,
                 gconstpointer b)
{
  double first = *(const double *) a, second = *(const double *) b;

  return first < second ? -1 : first > second;
}

static double
percentile (GArray *values,
            double  share)
{
  return g_array_index (values, double, (guint) (share * (values->len - 1)));
}

/* Sorts @values, of which there must be some. */
void
bench_percentiles (const char *prefix,
                   GArray     *values,
                   double      scale)
{
  static const struct
  {
    const char *name;
    double share;
  } wanted[] = { { "p50", 0.5 }, { "p99", 0.99 }, { "p999", 0.999 } };

  g_array_sort (values, compare_doubles);
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
    {
      g_autofree char *name = g_strconcat (prefix, wanted[i].name, NULL);

      bench_figure (name, percentile (values, wanted[i].share) * scale);
    }
}

static double
read_clock (clockid_t id)
{
  struct timespec time;

  clock_gettime (id, &time);

  return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

double
bench_now (void)
{
  return read_clock (CLOCK_MONOTONIC);
}

double
bench_thread_cpu (void)
{
  return read_clock (CLOCK_THREAD_CPUTIME_ID);
}

void
bench_start (BenchClock *clock)
{
  getrusage (RUSAGE_SELF, &clock->own);
  getrusage (RUSAGE_CHILDREN, &clock->children);
  clock->start = bench_now ();
}

static double
seconds_of (const struct rusage *usage)
{
  return (double) (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
         (double) (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

/* Children count from when they were reaped. */
void
bench_stop (BenchClock *clock)
{
  double now = bench_now ();
  struct rusage own, children;

  getrusage (RUSAGE_SELF, &own);
  getrusage (RUSAGE_CHILDREN, &children);
  bench_figure ("seconds", now - clock->start);
  bench_figure ("cpu", seconds_of (&own) - seconds_of (&clock->own));
  bench_figure ("child_cpu", seconds_of (&children) - seconds_of (&clock->children));
}

const char *
bench_child (void)
{
  const char *path = g_getenv ("GPROC_BENCH_CHILD");

  if (path == NULL)
    g_error ("GPROC_BENCH_CHILD is not set");

  return path;
}

/* The program at the other end, and its arguments: a vector to be freed. */
char **
bench_child_argv (const char *command,
                  ...)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  const char *argument = command;
  va_list arguments;

  g_strv_builder_add (builder, bench_child ());
  va_start (arguments, command);
  for (; argument != NULL; argument = va_arg (arguments, const char *))
    g_strv_builder_add (builder, argument);
  va_end (arguments);

  return g_strv_builder_end (builder);
}

/* A @size of 0 leaves what the kernel gives. */
void
bench_pipe (int fds[2],
            int size)
{
  if (pipe2 (fds, O_CLOEXEC) < 0)
    g_error ("pipe: %s", g_strerror (errno));
  if (size > 0 && fcntl (fds[0], F_SETPIPE_SZ, size) < 0)
    g_error ("F_SETPIPE_SZ %d: %s", size, g_strerror (errno));
}

/* What a program without a library would do. Closes the descriptors in the parent; −1
 * leaves one as it is. */
pid_t
bench_spawn (char * const *argv,
             int           stdin_fd,
             int           stdout_fd)
{
  posix_spawn_file_actions_t actions;
  pid_t pid;
  int error;

  posix_spawn_file_actions_init (&actions);
  if (stdin_fd >= 0)
    posix_spawn_file_actions_adddup2 (&actions, stdin_fd, 0);
  if (stdout_fd >= 0)
    posix_spawn_file_actions_adddup2 (&actions, stdout_fd, 1);
  error = posix_spawnp (&pid, argv[0], &actions, NULL, argv, environ);
  if (error != 0)
    g_error ("%s: %s", argv[0], g_strerror (error));
  posix_spawn_file_actions_destroy (&actions);
  if (stdin_fd >= 0)
    close (stdin_fd);
  if (stdout_fd >= 0)
    close (stdout_fd);

  return pid;
}

void
bench_reap (pid_t pid)
{
  int status;

  if (waitpid (pid, &status, 0) != pid || status != 0)
    g_error ("a child ended with status %x", (guint) status);
}

/* Makes the program as large as the parameter resident says, in MiB, of 4 KiB pages. */
void
bench_become_resident (void)
{
  gsize size = (gsize) bench_number ("resident", 0) * 1024 * 1024;
  char *block;

  if (size == 0)
    return;
  block = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED)
    g_error ("mmap: %s", g_strerror (errno));
  madvise (block, size, MADV_NOHUGEPAGE);
  memset (block, 1, size);
}

/* A callback: hands the result to whoever waits for it in the GAsyncResult * at @data. */
void
bench_done (GObject      *source,
            GAsyncResult *result,
            gpointer      data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

static void
raise_limits (void)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = MIN (limit.rlim_max, 20000);
  setrlimit (RLIMIT_NOFILE, &limit);
}

int
main (int   argc,
      char *argv[])
{
  static const struct
  {
    const char *name;
    void (*run) (void);
  } workloads[] = {
    { "frames", bench_frames },   { "dispatch", bench_dispatch }, { "idle", bench_idle },
    { "latency", bench_latency }, { "lines", bench_lines },       { "memory", bench_memory },
    { "pair", bench_pair },       { "queue", bench_queue },       { "read", bench_read },
    { "spawn", bench_spawns },    { "splice", bench_splice },     { "trip", bench_trips },
    { "wakeup", bench_wakeups },
  };

  if (argc < 2)
    {
      g_printerr ("usage: gproc-bench WORKLOAD [NAME=VALUE…]\n");
      return 2;
    }
  if (g_str_equal (argv[1], "--version"))
    {
      printf ("GLib %u.%u.%u\n", glib_major_version, glib_minor_version, glib_micro_version);
      return 0;
    }
  parameters = argv + 2;
  figures = g_string_new (NULL);
  raise_limits ();
  for (guint i = 0; i < G_N_ELEMENTS (workloads); i++)
    if (g_str_equal (argv[1], workloads[i].name))
      {
        workloads[i].run ();
        printf ("{%s}\n", figures->str);
        return 0;
      }
  g_printerr ("There is no workload %s\n", argv[1]);

  return 2;
}
