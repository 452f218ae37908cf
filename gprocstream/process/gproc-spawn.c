/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-spawn-private.h"
#include "process/gproc-worker-private.h"

#include <glib/gi18n-lib.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* A sanitizer keeps its own account of memory and threads, which a second process in
 * the same memory confuses. */
#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
  __has_feature(memory_sanitizer)
#define SPAWN_FORKS 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SPAWN_FORKS 1
#endif
#ifndef SPAWN_FORKS
#define SPAWN_FORKS 0
#endif

/* The child makes system calls only, so this is plenty. */
#define STACK_SIZE 32768
#define GUARD_SIZE 65536

/* The size of the kernel's signal set, which the C library's is larger than. */
#define KERNEL_SIGSET_SIZE (_NSIG / 8)

/* Where PATH is not set: what the C library searches then. */
#define DEFAULT_PATH "/bin:/usr/bin"

typedef struct
{
  GProcSpawnPlan *plan;
  int failure_fd; /* The end of the pipe that is read. */
  int pid;
  int pidfd;
  GProcSpawnStage stage; /* The result: NONE for a process that runs. */
  int errsv;
} GProcSpawnAttempt;

/* What the application was started with, before anyone could raise it. */
static struct rlimit first_nofile = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };
static gboolean has_first_nofile;

static void record_nofile (void) __attribute__ ((constructor));

static void
record_nofile (void)
{
  has_first_nofile = getrlimit (RLIMIT_NOFILE, &first_nofile) == 0;
}

static const char *
stage_to_string (GProcSpawnStage stage)
{
  switch (stage)
    {
    case GPROC_SPAWN_STAGE_SIGNALS:
      return "sigaction";
    case GPROC_SPAWN_STAGE_SESSION:
      return "setsid";
    case GPROC_SPAWN_STAGE_TERMINAL:
      return "TIOCSCTTY";
    case GPROC_SPAWN_STAGE_GROUP:
      return "setpgid";
    case GPROC_SPAWN_STAGE_DESCRIPTORS:
      return "dup";
    case GPROC_SPAWN_STAGE_CHDIR:
      return "chdir";
    case GPROC_SPAWN_STAGE_RLIMIT:
      return "rlimit";
    case GPROC_SPAWN_STAGE_SETGROUPS:
      return "setgroups";
    case GPROC_SPAWN_STAGE_SETGID:
      return "setgid";
    case GPROC_SPAWN_STAGE_SETUID:
      return "setuid";
    case GPROC_SPAWN_STAGE_DEATH_SIGNAL:
      return "prctl";
    case GPROC_SPAWN_STAGE_EXEC:
      return "exec";
    case GPROC_SPAWN_STAGE_NONE:
    default:
      return "fork";
    }
}

void
_gproc_spawn_set_error (GError     **error,
                        const char  *command,
                        const char  *stage,
                        const char  *detail,
                        int          errsv)
{
  GIOErrorEnum code = g_io_error_from_errno (errsv);
  /* A message is UTF-8, and what was to be run need not be. */
  g_autofree char *name = g_filename_display_name (command);
  g_autofree char *shown = detail != NULL ? g_filename_display_name (detail) : NULL;

  if (shown != NULL)
    /* Translators: a command, what failed (a technical word), a file, the reason. */
    g_set_error (error, G_IO_ERROR, code, _ ("Failed to run “%s”: %s “%s”: %s"), name, stage, shown,
                 g_strerror (errsv));
  else
    /* Translators: a command, what failed (a technical word), the reason. */
    g_set_error (error, G_IO_ERROR, code, _ ("Failed to run “%s”: %s: %s"), name, stage,
                 g_strerror (errsv));
}

int
_gproc_spawn_move_fd (int fd)
{
  int moved, errsv;

  if (fd < 0 || fd > STDERR_FILENO)
    return fd;

  moved = fcntl (fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  errsv = errno;
  close (fd);
  errno = errsv;

  return moved;
}

static const char *
get_program (const GProcSpawnRequest *request)
{
  return request->executable != NULL ? request->executable : request->argv[0];
}

/* Every path that is tried, in order. A name without a slash is searched in the PATH
 * that the process will have, whose empty elements are the current folder. */
static char **
find_candidates (const GProcSpawnRequest *request)
{
  const char *program = get_program (request);
  g_autoptr (GPtrArray) candidates = g_ptr_array_new ();
  g_auto (GStrv) folders = NULL;
  const char *path;

  if (strchr (program, '/') != NULL)
    {
      g_ptr_array_add (candidates, g_strdup (program));
    }
  else
    {
      path = g_environ_getenv ((char **) request->envp, "PATH");
      folders = g_strsplit (path != NULL ? path : DEFAULT_PATH, ":", -1);

      /* Nothing at all is split into no element, not into an empty one. */
      if (folders[0] == NULL)
        g_ptr_array_add (candidates, g_strconcat ("./", program, NULL));
      for (guint i = 0; folders[i] != NULL; i++)
        g_ptr_array_add (candidates, g_strconcat (folders[i][0] != '\0' ? folders[i] : ".", "/",
                                                  program, NULL));
    }
  g_ptr_array_add (candidates, NULL);

  return (char **) g_ptr_array_free (g_steal_pointer (&candidates), FALSE);
}

static char **
make_shell_argv (const char * const *argv)
{
  guint n_arguments = g_strv_length ((char **) argv);
  char **shell_argv = g_new0 (char *, n_arguments + 2);

  shell_argv[0] = (char *) "/bin/sh";
  for (guint i = 1; i < n_arguments; i++)
    shell_argv[i + 1] = (char *) argv[i];

  return shell_argv;
}

static int
compare_ints (const void *a,
              const void *b)
{
  return *(const int *) a - *(const int *) b;
}

/* The soft limit goes back to what it was, unless the user says otherwise; the hard
 * one stays as it is now. */
static void
plan_nofile (GProcSpawnPlan *plan)
{
  const GProcSpawnRequest *request = plan->request;
  struct rlimit now;

  plan->nofile.resource = -1;
  for (guint i = 0; i < request->n_limits; i++)
    {
      if (request->limits[i].resource == RLIMIT_NOFILE)
        return;
    }

  if (!has_first_nofile || getrlimit (RLIMIT_NOFILE, &now) != 0 ||
      now.rlim_cur == first_nofile.rlim_cur)
    return;

  plan->nofile.resource = RLIMIT_NOFILE;
  plan->nofile.pair[0] = MIN (first_nofile.rlim_cur, now.rlim_max);
  plan->nofile.pair[1] = now.rlim_max;
}

static void
plan_init (GProcSpawnPlan          *plan,
           const GProcSpawnRequest *request)
{
  struct sigaction hangup;

  memset (plan, 0, sizeof *plan);
  plan->request = request;
  plan->candidates = find_candidates (request);
  plan->searches_path = strchr (get_program (request), '/') == NULL;
  plan->shell_argv = make_shell_argv (request->argv);
  plan->scratch = g_new (int, request->n_mappings + 1);
  plan->targets = g_new (int, request->n_mappings + 1);
  for (guint i = 0; i < request->n_mappings; i++)
    plan->targets[i] = request->mappings[i].target;
  qsort (plan->targets, request->n_mappings, sizeof (int), compare_ints);

  plan->parent_pid = getpid ();
  plan->keep_hangup = sigaction (SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler == SIG_IGN;
  plan->is_privileged = geteuid () == 0;
  plan_nofile (plan);
}

static void
plan_clear (GProcSpawnPlan *plan)
{
  g_strfreev (plan->candidates);
  g_free (plan->shell_argv);
  g_free (plan->scratch);
  g_free (plan->targets);
}

static int
fork_raw (GProcSpawnPlan *plan,
          int             flags,
          int            *pidfd)
{
  long pid;

#if defined(__s390__) || defined(__CRIS__)
  pid = syscall (SYS_clone, 0, flags | SIGCHLD, pidfd, NULL, 0);
#else
  pid = syscall (SYS_clone, flags | SIGCHLD, 0, pidfd, NULL, 0);
#endif
  if (pid == 0)
    _gproc_spawn_child (plan);

  return (int) pid;
}

/* The child runs in our memory, so nothing is copied however large we are, and on a
 * stack of its own. The thread is suspended until the child has run its program or
 * ended. */
static int
fork_shared (GProcSpawnPlan *plan,
             int             flags,
             int            *pidfd)
{
  char *stack = mmap (NULL, GUARD_SIZE + STACK_SIZE, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  int pid = -1, errsv;

  if (stack == MAP_FAILED)
    return -1;

  if (mprotect (stack + GUARD_SIZE, STACK_SIZE, PROT_READ | PROT_WRITE) == 0)
    pid = clone (_gproc_spawn_child, stack + GUARD_SIZE + STACK_SIZE,
                 CLONE_VM | CLONE_VFORK | SIGCHLD | flags, plan, pidfd, NULL, NULL);
  errsv = errno;
  munmap (stack, GUARD_SIZE + STACK_SIZE);
  errno = errsv;

  return pid;
}

static gboolean
has_pidfds (void)
{
  return g_strcmp0 (g_getenv ("GPROC_NO_PIDFD"), "1") != 0;
}

/* Tries what this kernel may refuse, or a filter around us, then does without. */
static int
fork_child (GProcSpawnPlan *plan,
            int            *pidfd)
{
  /* Another user's process in our memory would change who may look into it. */
  gboolean may_share = !SPAWN_FORKS && plan->request->user_id < 0 && plan->request->group_id < 0;
  int pid = -1;

  for (int with_pidfd = has_pidfds (); with_pidfd >= 0 && pid < 0; with_pidfd--)
    {
      for (int share = may_share; share >= 0 && pid < 0; share--)
        {
          int flags = with_pidfd ? CLONE_PIDFD : 0;

          *pidfd = -1;
          pid = share ? fork_shared (plan, flags, pidfd) : fork_raw (plan, flags, pidfd);
          if (pid < 0 && errno != EINVAL && errno != ENOSYS && errno != EPERM)
            return -1;
        }
    }

  return pid;
}

/* The child holds the only other end of the pipe, which closes when it runs its
 * program. Where it shared our memory it is done by now, and what keeps the pipe open
 * is a copy of it in a process that another thread has just forked. */
static void
attempt_read_failure (GProcSpawnAttempt *attempt)
{
  struct pollfd poll_fd = { .fd = attempt->failure_fd, .events = POLLIN };
  GProcSpawnFailure failure;
  gssize n;

  do
    {
      if (!attempt->plan->shares_memory)
        (void) poll (&poll_fd, 1, -1);
      n = read (attempt->failure_fd, &failure, sizeof failure);
    }
  while (n < 0 && (errno == EINTR || (errno == EAGAIN && !attempt->plan->shares_memory)));

  if (n == (gssize) sizeof failure)
    {
      attempt->stage = (GProcSpawnStage) failure.stage;
      attempt->errsv = failure.errsv;
    }
}

static void
attempt_run (gpointer user_data)
{
  GProcSpawnAttempt *attempt = user_data;
  unsigned long all[16], before[16];

  /* All of them, those that the C library keeps for itself too: a handler must not
   * run in the child. */
  memset (all, 0xff, sizeof all);
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, all, before, KERNEL_SIGSET_SIZE);
  attempt->pid = fork_child (attempt->plan, &attempt->pidfd);
  attempt->errsv = attempt->pid < 0 ? errno : 0;
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, before, NULL, KERNEL_SIGSET_SIZE);
}

static void
attempt_reap (GProcSpawnAttempt *attempt)
{
  siginfo_t info;

  while (waitid (P_PID, (id_t) attempt->pid, &info, WEXITED) != 0 && errno == EINTR)
    ;

  if (attempt->pidfd >= 0)
    close (attempt->pidfd);
}

static gboolean
attempt_finish (GProcSpawnAttempt *attempt)
{
  attempt_read_failure (attempt);
  if (attempt->stage != GPROC_SPAWN_STAGE_NONE)
    {
      attempt_reap (attempt);
      return FALSE;
    }

  /* A kernel that does not know the flag ignores it. */
  if (attempt->pidfd < 0 && has_pidfds ())
    attempt->pidfd = (int) syscall (SYS_pidfd_open, attempt->pid, 0);
  if (attempt->pidfd >= 0)
    attempt->pidfd = _gproc_spawn_move_fd (attempt->pidfd);

  return TRUE;
}

static gboolean
spawn_plan (GProcSpawnPlan    *plan,
            GProcSpawnAttempt *attempt)
{
  gboolean result = FALSE;
  int pipe_fds[2];

  attempt->errsv = _gproc_worker_start ();
  if (attempt->errsv != 0)
    return FALSE;

  if (pipe2 (pipe_fds, O_CLOEXEC | O_NONBLOCK) != 0)
    {
      attempt->errsv = errno;
      return FALSE;
    }

  attempt->failure_fd = pipe_fds[0];
  plan->failure_fd = pipe_fds[1];

  /* The death signal is sent when the thread that forked ends. */
  if (plan->request->die_with_parent)
    _gproc_worker_call_and_wait (attempt_run, attempt);
  else
    attempt_run (attempt);

  /* The child may have changed the plan. */
  close (pipe_fds[1]);
  if (attempt->pid >= 0)
    result = attempt_finish (attempt);
  close (pipe_fds[0]);

  return result;
}

gboolean
_gproc_spawn_check (const GProcSpawnRequest  *request,
                    GError                  **error)
{
  if (request->argv == NULL || request->argv[0] == NULL || request->argv[0][0] == '\0')
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _ ("There is no command to run: the arguments are empty"));
      return FALSE;
    }

  if (request->executable != NULL && request->executable[0] == '\0')
    {
      g_autofree char *name = g_filename_display_name (request->argv[0]);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _ ("Failed to run “%s”: the name of its executable is empty"), name);
      return FALSE;
    }

  return TRUE;
}

gboolean
_gproc_spawn (const GProcSpawnRequest  *request,
              int                      *pid,
              int                      *pidfd,
              GError                  **error)
{
  GProcSpawnPlan plan;
  GProcSpawnAttempt attempt = { .plan = &plan, .pid = -1, .pidfd = -1 };
  const char *detail = NULL;
  gboolean result;

  plan_init (&plan, request);
  result = spawn_plan (&plan, &attempt);
  plan_clear (&plan);

  if (!result)
    {
      if (attempt.stage == GPROC_SPAWN_STAGE_CHDIR)
        detail = request->cwd;
      else if (attempt.stage == GPROC_SPAWN_STAGE_EXEC)
        detail = request->executable;

      _gproc_spawn_set_error (error, request->argv[0], stage_to_string (attempt.stage), detail,
                              attempt.errsv);
      return FALSE;
    }

  *pid = attempt.pid;
  *pidfd = attempt.pidfd;

  return TRUE;
}
