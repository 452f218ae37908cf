/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-spawn.h"
#include "process/gproc-spawn-private.h"

#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Kernels that are older, and filters that refuse: a filter of our own stands for
 * both. It cannot be taken off again, so each case has a process of its own. */

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

typedef struct
{
  guint number;
  guint32 flag; /* In the first argument; 0: always. */
  int errsv;
} Refusal;

typedef struct
{
  const char *path;
  Refusal refusals[3];
  gboolean has_pidfd;
} FallbackCase;

static const FallbackCase cases[] = {
  { "/gproc/spawn-fallback/close-range", { { SYS_close_range, 0, ENOSYS } }, TRUE },
  { "/gproc/spawn-fallback/close-range-flag", { { SYS_close_range, 0, EINVAL } }, TRUE },
  { "/gproc/spawn-fallback/no-list",
    { { SYS_close_range, 0, ENOSYS }, { SYS_getdents64, 0, ENOSYS } },
    TRUE },
  { "/gproc/spawn-fallback/clone-pidfd", { { SYS_clone, CLONE_PIDFD, EINVAL } }, TRUE },
  { "/gproc/spawn-fallback/no-pidfd",
    { { SYS_clone, CLONE_PIDFD, EINVAL }, { SYS_pidfd_open, 0, ENOSYS } },
    FALSE },
  { "/gproc/spawn-fallback/vfork", { { SYS_clone, CLONE_VFORK, EPERM } }, TRUE },
  { "/gproc/spawn-fallback/wait-by-pidfd", { { SYS_waitid, 3, EINVAL } }, TRUE },
  { "/gproc/spawn-fallback/signal-by-pidfd", { { SYS_pidfd_send_signal, 0, ENOSYS } }, TRUE },
};

#if G_BYTE_ORDER == G_LITTLE_ENDIAN
#define FIRST_ARGUMENT offsetof (struct seccomp_data, args[0])
#else
#define FIRST_ARGUMENT (offsetof (struct seccomp_data, args[0]) + 4)
#endif

static gboolean
refuse (const Refusal *refusals,
        guint          n_refusals)
{
  struct sock_filter filter[32];
  struct sock_fprog program = { .filter = filter };
  guint n = 0;

  for (guint i = 0; i < n_refusals && refusals[i].errsv != 0; i++)
    {
      guint8 n_skipped = refusals[i].flag != 0 ? 4 : 1;

      filter[n++] = (struct sock_filter) BPF_STMT (BPF_LD | BPF_W | BPF_ABS,
                                                   offsetof (struct seccomp_data, nr));
      filter[n++] = (struct sock_filter) BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, refusals[i].number, 0,
                                                   n_skipped);
      if (refusals[i].flag != 0)
        {
          filter[n++] = (struct sock_filter) BPF_STMT (BPF_LD | BPF_W | BPF_ABS, FIRST_ARGUMENT);
          filter[n++] = (struct sock_filter) BPF_STMT (BPF_ALU | BPF_AND | BPF_K, refusals[i].flag);
          filter[n++] = (struct sock_filter) BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, refusals[i].flag,
                                                       0, 1);
        }
      filter[n++] = (struct sock_filter) BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO |
                                                                      ((guint32) refusals[i].errsv &
                                                                       SECCOMP_RET_DATA));
    }
  filter[n++] = (struct sock_filter) BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  program.len = (unsigned short) n;

  return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void
spawn_refused (gconstpointer data)
{
  const FallbackCase *test = data;
  int leaked[2];

  for (guint i = 0; i < G_N_ELEMENTS (leaked); i++)
    {
      leaked[i] = gproc_test_open ("/dev/null", O_RDONLY);
      g_assert_cmpint (fcntl (leaked[i], F_SETFD, 0), ==, 0);
    }
  g_assert_true (refuse (test->refusals, G_N_ELEMENTS (test->refusals)));

  {
    g_auto (Spawn) spawn = { 0 };
    g_autofree char *output = NULL;
    g_autofree char *command = g_strdup_printf ("print-fd-kind 0 2 70 %d %d", leaked[0], leaked[1]);
    g_autofree char *expected = g_strdup_printf ("0 null\n2 null\n70 null\n%d closed\n%d closed\n",
                                                 leaked[0], leaked[1]);

    spawn_init (&spawn, command);
    spawn_map (&spawn, spawn.null, 70);
    output = spawn_output (&spawn);
    g_assert_cmpstr (output, ==, expected);
    if (g_strcmp0 (g_getenv ("GPROC_NO_PIDFD"), "1") != 0)
      g_assert_cmpint (_gproc_child_get_pidfd (spawn.child) >= 0, ==, test->has_pidfd);
  }
  {
    g_auto (Spawn) spawn = { 0 };

    spawn_init (&spawn, "exit-code 0");
    spawn.request.cwd = "/nowhere";
    spawn_fails (&spawn, G_IO_ERROR_NOT_FOUND, "chdir");
  }
  {
    g_auto (Spawn) spawn = { 0 };
    g_autoptr (GError) error = NULL;

    spawn_init (&spawn, "hold");
    g_assert_true (spawn_start (&spawn, &error));
    g_assert_true (_gproc_child_send_signal (spawn.child, SIGTERM, FALSE, &error));
    g_assert_true (_gproc_child_wait (spawn.child, NULL, -1, NULL, &error));
    g_assert_cmpint (_gproc_child_get_returncode (spawn.child), ==, -SIGTERM);
  }
}

static void
test_refused (gconstpointer data)
{
  if (gproc_test_cannot_fork ())
    return;
  if (under_valgrind ())
    {
      g_test_skip ("valgrind needs the calls that are refused");
      return;
    }
  if (prctl (PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
    {
      g_test_skip ("this kernel has no filters");
      return;
    }

  gproc_test_fork (spawn_refused, data);
}

static gboolean
hide_proc (void)
{
  return unshare (CLONE_NEWNS) == 0 && mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
         mount ("none", "/proc", "tmpfs", 0, NULL) == 0;
}

/* More than fits into what is read of a process's status. */
static gboolean
join_groups (void)
{
  gid_t groups[2000];

  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    groups[i] = 1000000 + i;

  return setgroups (G_N_ELEMENTS (groups), groups) == 0;
}

typedef struct
{
  const char *path;
  gboolean (*prepare) (void);
} SignalCase;

static const SignalCase signal_cases[] = {
  { "/gproc/spawn-fallback/no-proc", hide_proc },
  { "/gproc/spawn-fallback/long-status", join_groups },
};

static gboolean
can_prepare (const SignalCase *test)
{
  int status = 0;
  pid_t pid = fork ();

  g_assert_no_errno (pid);
  if (pid == 0)
    _exit (test->prepare () ? 0 : 1);
  while (waitpid (pid, &status, 0) < 0)
    g_assert_cmpint (errno, ==, EINTR);

  return WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

/* Each signal is reset where it is not known which ones need it. */
static void
spawn_with_signals (gconstpointer data)
{
  const SignalCase *test = data;
  const int signals[] = { SIGUSR1, SIGRTMAX };

  g_assert_true (test->prepare ());
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      g_autofree char *command = g_strdup_printf ("kill-self %d", signals[i]);
      g_auto (Spawn) spawn = { 0 };
      g_autoptr (GError) error = NULL;

      g_assert_true (signal (signals[i], SIG_IGN) != SIG_ERR);
      spawn_init (&spawn, command);
      g_assert_true (spawn_start (&spawn, &error));
      g_assert_true (_gproc_child_wait (spawn.child, NULL, -1, NULL, &error));
      g_assert_cmpint (_gproc_child_get_returncode (spawn.child), ==, -signals[i]);
    }
}

static void
test_signals (gconstpointer data)
{
  if (gproc_test_cannot_fork ())
    return;
  if (!can_prepare (data))
    {
      g_test_skip ("this user may not do that");
      return;
    }

  gproc_test_fork (spawn_with_signals, data);
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *path = NULL;

  gproc_test_init (&argc, &argv);
  testprog = path = gproc_test_program ("gproc-testprog");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    gproc_test_add_data (cases[i].path, &cases[i], test_refused);
  for (guint i = 0; i < G_N_ELEMENTS (signal_cases); i++)
    gproc_test_add_data (signal_cases[i].path, &signal_cases[i], test_signals);

  return gproc_test_run ();
}
