/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-spawn-private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Everything here runs between clone and exec. As a rule that is in the memory of
 * the parent, on a stack of its own, while the calling thread is suspended and others
 * are not: nothing but system calls, no lock, no allocation, no function of a
 * library. What the kernel keeps for each process (descriptors, dispositions, mask,
 * current folder, limits) is the child's own.
 *
 * The system calls are raw where the C library would do more than that: it hides two
 * signals, and tells all threads about a change of the user. */

/* The functions must not be instrumented: the runtime of a sanitizer does not know
 * about this process. */
#define CHILD_SIDE __attribute__ ((no_sanitize_address, no_sanitize_undefined, no_sanitize_thread))

#ifdef __clang__
#undef CHILD_SIDE
#define CHILD_SIDE __attribute__ ((no_sanitize ("address", "undefined", "thread")))
#endif

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

#ifdef SYS_setresuid32
#define GPROC_SYS_SETRESUID SYS_setresuid32
#define GPROC_SYS_SETRESGID SYS_setresgid32
#define GPROC_SYS_SETGROUPS SYS_setgroups32
#else
#define GPROC_SYS_SETRESUID SYS_setresuid
#define GPROC_SYS_SETRESGID SYS_setresgid
#define GPROC_SYS_SETGROUPS SYS_setgroups
#endif

#ifdef SYS_fcntl64
#define GPROC_SYS_FCNTL SYS_fcntl64
#else
#define GPROC_SYS_FCNTL SYS_fcntl
#endif

/* The size of the kernel's signal set, which the C library's is larger than. */
#define KERNEL_SIGSET_SIZE (_NSIG / 8)

typedef struct
{
  guint64 inode;
  gint64 offset;
  unsigned short length;
  unsigned char type;
  char name[];
} DirectoryEntry;

/* Writes less than a pipe takes at once, so it is never split. */
CHILD_SIDE static void
report (GProcSpawnPlan  *plan,
        GProcSpawnStage  stage,
        int              errsv)
{
  GProcSpawnFailure failure = { .stage = (int) stage, .errsv = errsv };
  long n;

  do
    n = syscall (SYS_write, plan->failure_fd, &failure, sizeof failure);
  while (n < 0 && errno == EINTR);

  for (;;)
    syscall (SYS_exit_group, 127);
}

/* All signals are blocked here. A handler of the application must not run in this
 * process, so dispositions are reset before the mask is emptied. */
CHILD_SIDE static void
reset_dispositions (GProcSpawnPlan *plan)
{
  /* As large as any architecture has it; zeros are SIG_DFL everywhere. */
  static const unsigned long action[16];

  for (int signum = 1; signum < _NSIG; signum++)
    {
      if (signum == SIGKILL || signum == SIGSTOP || (signum == SIGHUP && plan->keep_hangup))
        continue;
      if (syscall (SYS_rt_sigaction, signum, action, NULL, KERNEL_SIGSET_SIZE) != 0 &&
          errno != EINVAL)
        report (plan, GPROC_SPAWN_STAGE_SIGNALS, errno);
    }
}

CHILD_SIDE static void
become_leader (GProcSpawnPlan *plan)
{
  if (plan->request->new_session)
    {
      if (syscall (SYS_setsid) < 0)
        report (plan, GPROC_SPAWN_STAGE_SESSION, errno);

      /* Before descriptors are mapped, which may put something else under its number. */
      if (plan->request->terminal > 0 &&
          syscall (SYS_ioctl, plan->request->terminal, TIOCSCTTY, 0) != 0)
        report (plan, GPROC_SPAWN_STAGE_TERMINAL, errno);
    }
  else if (plan->request->process_group)
    {
      if (syscall (SYS_setpgid, 0, 0) != 0)
        report (plan, GPROC_SPAWN_STAGE_GROUP, errno);
    }
}

CHILD_SIDE static gboolean
is_target (const GProcSpawnPlan *plan,
           int                   fd)
{
  guint from = 0, to = plan->request->n_mappings;

  while (from < to)
    {
      guint middle = from + (to - from) / 2;

      if (plan->targets[middle] == fd)
        return TRUE;
      if (plan->targets[middle] < fd)
        from = middle + 1;
      else
        to = middle;
    }

  return FALSE;
}

CHILD_SIDE static int
parse_number (const char *text)
{
  int value = 0;

  if (*text < '0' || *text > '9')
    return -1;
  for (; *text >= '0' && *text <= '9'; text++)
    value = value * 10 + (*text - '0');

  return value;
}

/* For kernels without close_range (). */
CHILD_SIDE static gboolean
close_listed (const GProcSpawnPlan *plan)
{
  gint64 buffer[256];
  int folder = (int) syscall (SYS_openat, AT_FDCWD, "/proc/self/fd",
                              O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  long n;

  if (folder < 0)
    return FALSE;

  while ((n = syscall (SYS_getdents64, folder, buffer, sizeof buffer)) > 0)
    {
      for (long offset = 0; offset < n;)
        {
          const DirectoryEntry *entry = (const void *) ((const char *) buffer + offset);
          int fd = parse_number (entry->name);

          if (fd >= 0 && !is_target (plan, fd))
            syscall (GPROC_SYS_FCNTL, fd, F_SETFD, FD_CLOEXEC);
          offset += entry->length;
        }
    }
  syscall (SYS_close, folder);

  return n == 0;
}

CHILD_SIDE static void
close_counted (const GProcSpawnPlan *plan)
{
  guint64 limit[2] = { 65536, 65536 };

  syscall (SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, limit);
  for (int fd = 0; (guint64) fd < MIN (limit[1], 1048576); fd++)
    {
      if (!is_target (plan, fd))
        syscall (GPROC_SYS_FCNTL, fd, F_SETFD, FD_CLOEXEC);
    }
}

/* Marks what is not mapped, instead of closing it: the pipe for failures has to
 * stay, and descriptors of the parent close without being flushed or waited for. */
CHILD_SIDE static void
close_others (GProcSpawnPlan *plan)
{
  unsigned int from = 0;
  gboolean done = TRUE;

  for (guint i = 0; i < plan->request->n_mappings && done; i++)
    {
      unsigned int target = (unsigned int) plan->targets[i];

      if (target > from)
        done = syscall (SYS_close_range, from, target - 1, CLOSE_RANGE_CLOEXEC) == 0;
      from = target + 1;
    }
  if (done)
    done = syscall (SYS_close_range, from, ~0U, CLOSE_RANGE_CLOEXEC) == 0;

  if (!done && !close_listed (plan))
    close_counted (plan);
}

/* A copy of @fd under a number that no mapping wants. Such a number is found anywhere: above
 * all targets there may be none, as a limit may be just there. */
CHILD_SIDE static int
move_aside (const GProcSpawnPlan *plan,
            int                   fd)
{
  int from = STDERR_FILENO + 1;

  for (;;)
    {
      int moved = (int) syscall (GPROC_SYS_FCNTL, fd, F_DUPFD_CLOEXEC, from);

      if (moved < 0 || !is_target (plan, moved))
        return moved;
      syscall (SYS_close, moved);
      from = moved + 1;
    }
}

/* Sources and targets may overlap in any way: what is in the way of another mapping goes
 * aside first. */
CHILD_SIDE static void
map_descriptors (GProcSpawnPlan *plan)
{
  const GProcSpawnRequest *request = plan->request;

  if (is_target (plan, plan->failure_fd))
    {
      int moved = move_aside (plan, plan->failure_fd);

      if (moved < 0)
        report (plan, GPROC_SPAWN_STAGE_DESCRIPTORS, errno);
      plan->failure_fd = moved;
    }

  for (guint i = 0; i < request->n_mappings; i++)
    {
      const GProcSpawnMapping *mapping = &request->mappings[i];

      plan->scratch[i] = mapping->source;
      if (mapping->source != mapping->target && is_target (plan, mapping->source))
        plan->scratch[i] = move_aside (plan, mapping->source);
      if (plan->scratch[i] < 0)
        report (plan, GPROC_SPAWN_STAGE_DESCRIPTORS, errno);
    }

  for (guint i = 0; i < request->n_mappings; i++)
    {
      int target = request->mappings[i].target;
      long result = plan->scratch[i] == target ? syscall (GPROC_SYS_FCNTL, target, F_SETFD, 0)
                                               : syscall (SYS_dup3, plan->scratch[i], target, 0);
      int errsv = errno;

      if (result >= 0)
        continue;

      /* A number above the limit is none that could be a descriptor, says the kernel, just
       * as for a source that is not open. It is the argument that is wrong then. */
      if (errsv == EBADF && syscall (GPROC_SYS_FCNTL, plan->scratch[i], F_GETFD, 0) >= 0)
        errsv = EINVAL;
      report (plan, GPROC_SPAWN_STAGE_DESCRIPTORS, errsv);
    }

  close_others (plan);
}

CHILD_SIDE static void
set_limits (GProcSpawnPlan *plan)
{
  const GProcSpawnRequest *request = plan->request;

  /* Best effort: it is the library that wants this, not the user. */
  if (plan->nofile.resource >= 0)
    syscall (SYS_prlimit64, 0, plan->nofile.resource, plan->nofile.pair, NULL);

  for (guint i = 0; i < request->n_limits; i++)
    {
      if (syscall (SYS_prlimit64, 0, request->limits[i].resource, request->limits[i].pair, NULL) !=
          0)
        report (plan, GPROC_SPAWN_STAGE_RLIMIT, errno);
    }
}

/* The group first: afterwards there would be no right to change it. */
CHILD_SIDE static void
set_ids (GProcSpawnPlan *plan)
{
  const GProcSpawnRequest *request = plan->request;
  unsigned int uid = (unsigned int) request->user_id;
  unsigned int gid = (unsigned int) request->group_id;

  if (request->user_id < 0 && request->group_id < 0)
    return;

  if (plan->is_privileged &&
      syscall (GPROC_SYS_SETGROUPS, request->group_id >= 0 ? 1 : 0, &gid) != 0)
    report (plan, GPROC_SPAWN_STAGE_SETGROUPS, errno);

  if (request->group_id >= 0 && syscall (GPROC_SYS_SETRESGID, gid, gid, gid) != 0)
    report (plan, GPROC_SPAWN_STAGE_SETGID, errno);

  if (request->user_id >= 0 && syscall (GPROC_SYS_SETRESUID, uid, uid, uid) != 0)
    report (plan, GPROC_SPAWN_STAGE_SETUID, errno);
}

/* After the ids, whose change would clear the death signal. */
CHILD_SIDE static void
die_with_parent (GProcSpawnPlan *plan)
{
  if (!plan->request->die_with_parent)
    return;

  if (syscall (SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
    report (plan, GPROC_SPAWN_STAGE_DEATH_SIGNAL, errno);

  /* A parent that died before this sends no signal any more. */
  if (syscall (SYS_getppid) != plan->parent_pid)
    report (plan, GPROC_SPAWN_STAGE_DEATH_SIGNAL, ESRCH);
}

/* Runs one candidate. Returns the errno of the failure. */
CHILD_SIDE static int
execute_candidate (GProcSpawnPlan *plan,
                   char           *path)
{
  const GProcSpawnRequest *request = plan->request;

  syscall (SYS_execve, path, request->argv, request->envp);
  if (errno == ENOEXEC)
    {
      plan->shell_argv[1] = path;
      syscall (SYS_execve, plan->shell_argv[0], plan->shell_argv, request->envp);
    }

  return errno;
}

/* Whether an element of PATH that gave this errno has no such program. */
CHILD_SIDE static gboolean
is_elsewhere (const char *path,
              int         errsv)
{
  switch (errsv)
    {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ESTALE:
    case ENODEV:
    case ETIMEDOUT:
      return TRUE;
    case EACCES:
    case ELOOP:
      /* A folder that may not be searched says the same as a file that may not be run, and
       * links that lead nowhere the same as scripts that run each other. */
      return syscall (SYS_faccessat, AT_FDCWD, path, F_OK) != 0;
    default:
      return FALSE;
    }
}

/* A search goes on where there is no such program, or one that may not be run, which at
 * its end counts for more than the places where there was none. A path that was given
 * fails with its own errno. */
CHILD_SIDE static void
execute (GProcSpawnPlan *plan)
{
  gboolean denied = FALSE;

  for (guint i = 0; plan->candidates[i] != NULL; i++)
    {
      int errsv = execute_candidate (plan, plan->candidates[i]);

      if (!plan->searches_path)
        report (plan, GPROC_SPAWN_STAGE_EXEC, errsv);
      else if (is_elsewhere (plan->candidates[i], errsv))
        continue;
      else if (errsv == EACCES)
        denied = TRUE;
      else
        report (plan, GPROC_SPAWN_STAGE_EXEC, errsv);
    }

  report (plan, GPROC_SPAWN_STAGE_EXEC, denied ? EACCES : ENOENT);
}

CHILD_SIDE int
_gproc_spawn_child (void *user_data)
{
  GProcSpawnPlan *plan = user_data;
  const GProcSpawnRequest *request = plan->request;
  static const unsigned long empty[16];

  plan->shares_memory = TRUE;

  reset_dispositions (plan);
  become_leader (plan);
  map_descriptors (plan);

  if (request->cwd != NULL && syscall (SYS_chdir, request->cwd) != 0)
    report (plan, GPROC_SPAWN_STAGE_CHDIR, errno);
  if (request->umask >= 0)
    syscall (SYS_umask, request->umask);

  set_limits (plan);
  set_ids (plan);
  die_with_parent (plan);

  if (syscall (SYS_rt_sigprocmask, SIG_SETMASK, empty, NULL, KERNEL_SIGSET_SIZE) != 0)
    report (plan, GPROC_SPAWN_STAGE_SIGNALS, errno);
  execute (plan);

  return 127;
}
