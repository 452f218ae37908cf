/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/gproc-tool-private.h"

#include <glib-unix.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* What somebody may want to tell a program, and would tell this one in its place. Those of
 * stopping and going on are left to the kernel. */
static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM };

static sigset_t blocked;
static sigset_t had;

typedef struct
{
  GProcToolSignalFunc func;
  gpointer user_data;
} Watch;

/* Whether this process was started with it ignored. */
gboolean
gproc_tool_signals_is_ignored (int signum)
{
  struct sigaction action;

  return sigaction (signum, NULL, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0 &&
         action.sa_handler == SIG_IGN;
}

/* Must be called before a second thread begins, for threads inherit it. Processes do not: they
 * begin with nothing blocked. */
void
gproc_tool_signals_block (void)
{
  sigemptyset (&blocked);
  sigemptyset (&had);
  for (guint i = 0; i < G_N_ELEMENTS (passed_on); i++)
    {
      /* As under nohup. */
      if (!gproc_tool_signals_is_ignored (passed_on[i]))
        sigaddset (&blocked, passed_on[i]);
    }

  sigprocmask (SIG_BLOCK, &blocked, NULL);
}

static gboolean
signals_came (int          fd,
              GIOCondition condition,
              gpointer     user_data)
{
  Watch *watch = user_data;
  struct signalfd_siginfo info;

  while (read (fd, &info, sizeof info) == (ssize_t) sizeof info)
    {
      sigaddset (&had, (int) info.ssi_signo);
      /* When a terminal goes away only the leader of its session is told. */
      watch->func ((int) info.ssi_signo, info.ssi_code == SI_KERNEL && info.ssi_signo != SIGHUP,
                   watch->user_data);
    }

  return G_SOURCE_CONTINUE;
}

/* Calls @func for each of them, in the default main context. Returns the id of a source, or 0
 * where the system refused: then they are not blocked any more and do what they ever do. */
guint
gproc_tool_signals_watch (GProcToolSignalFunc func,
                          gpointer            user_data)
{
  Watch *watch;
  int fd = signalfd (-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);

  if (fd < 0)
    {
      gproc_tool_signals_unblock ();
      return 0;
    }

  watch = g_new (Watch, 1);
  watch->func = func;
  watch->user_data = user_data;

  return g_unix_fd_add_full (G_PRIORITY_HIGH, fd, G_IO_IN, signals_came, watch, g_free);
}

/* When nobody watches any more, what is left to do may take long: they do what they ever do. */
void
gproc_tool_signals_unblock (void)
{
  sigprocmask (SIG_UNBLOCK, &blocked, NULL);
}

/* Whether the signal was sent to this process. */
gboolean
gproc_tool_signals_had (int signum)
{
  return sigismember (&had, signum) == 1;
}

/* Ends this process by @signum, without a second dump of memory. */
void
gproc_tool_signals_die (int signum)
{
  sigset_t set;

  fflush (NULL);
  prctl (PR_SET_DUMPABLE, 0);
  signal (signum, SIG_DFL);
  sigemptyset (&set);
  sigaddset (&set, signum);
  sigprocmask (SIG_UNBLOCK, &set, NULL);
  raise (signum);
}
