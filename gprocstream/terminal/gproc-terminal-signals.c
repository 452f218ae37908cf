/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "terminal/gproc-terminal-mode-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Dispositions belong to the application, which may have handlers of its own. Those are called,
 * or left alone: of the signals that end a process, or stop it, only those are handled here that
 * would do so by their default. */

typedef enum
{
  KIND_FOLLOWED, /* Something is done, and then what was to be done before. */
  KIND_STOPS,
  KIND_ENDS
} SignalKind;

static const struct
{
  int signum;
  SignalKind kind;
} handled[] = {
  { SIGWINCH, KIND_FOLLOWED }, { SIGCONT, KIND_FOLLOWED }, { SIGTSTP, KIND_STOPS },
  { SIGHUP, KIND_ENDS },       { SIGINT, KIND_ENDS },      { SIGQUIT, KIND_ENDS },
  { SIGTERM, KIND_ENDS },      { SIGILL, KIND_ENDS },      { SIGABRT, KIND_ENDS },
  { SIGBUS, KIND_ENDS },       { SIGFPE, KIND_ENDS },      { SIGSEGV, KIND_ENDS },
  { SIGALRM, KIND_ENDS },      { SIGXCPU, KIND_ENDS },     { SIGUSR1, KIND_ENDS },
  { SIGUSR2, KIND_ENDS },      { SIGXFSZ, KIND_ENDS },     { SIGSYS, KIND_ENDS },
  { SIGTRAP, KIND_ENDS },      { SIGPIPE, KIND_ENDS },     { SIGVTALRM, KIND_ENDS },
  { SIGPROF, KIND_ENDS },      { SIGIO, KIND_ENDS },       { SIGPWR, KIND_ENDS },
};

/* Who is told of a new size. */
#define MAX_LISTENERS 16

static GMutex lock;
static guint n_users;                                     /* Guarded by the lock. */
static struct sigaction previous[G_N_ELEMENTS (handled)]; /* What a handler goes on with. */
static gboolean is_installed[G_N_ELEMENTS (handled)];     /* Guarded by the lock. */
static int listeners[MAX_LISTENERS];                      /* Atomic: descriptor + 1, 0 for none. */
static int n_in_handler;                                  /* Atomic. */

static void
tell_listeners (void)
{
  const guint64 one = 1;

  for (guint i = 0; i < MAX_LISTENERS; i++)
    {
      int fd = g_atomic_int_get (&listeners[i]) - 1;

      /* Where it is full it is ready already. */
      if (fd >= 0 && write (fd, &one, sizeof one) < 0)
        continue;
    }
}

static void
call_previous (const struct sigaction *action,
               int                     signum,
               siginfo_t              *info,
               void                   *context)
{
  if ((action->sa_flags & SA_SIGINFO) != 0)
    action->sa_sigaction (signum, info, context);
  else if (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN)
    action->sa_handler (signum);
}

/* Has the signal do what it does by default, now: what it does may be to stop, and to go on
 * later. */
static void
raise_unhandled (int signum)
{
  struct sigaction ours, action = { .sa_handler = SIG_DFL };
  sigset_t set, before;

  sigemptyset (&action.sa_mask);
  sigaction (signum, &action, &ours);
  sigemptyset (&set);
  sigaddset (&set, signum);
  raise (signum);
  pthread_sigmask (SIG_UNBLOCK, &set, &before);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  sigaction (signum, &ours, NULL);
}

static void
on_signal (int        signum,
           siginfo_t *info,
           void      *context)
{
  const int errsv = errno;
  guint i = 0;

  g_atomic_int_inc (&n_in_handler);
  while (handled[i].signum != signum)
    i++;

  if (handled[i].kind != KIND_FOLLOWED)
    {
      /* The fault that this may be happens again, with nobody to handle it. */
      _gproc_terminal_modes_restore ();
      raise_unhandled (signum);
    }
  if (signum != SIGWINCH)
    _gproc_terminal_modes_apply ();
  tell_listeners ();
  (void) g_atomic_int_dec_and_test (&n_in_handler);

  if (handled[i].kind == KIND_FOLLOWED)
    call_previous (&previous[i], signum, info, context);
  errno = errsv;
}

static gboolean
is_default (const struct sigaction *action)
{
  return (action->sa_flags & SA_SIGINFO) == 0 && action->sa_handler == SIG_DFL;
}

static gboolean
is_handled_here (const struct sigaction *action)
{
  return (action->sa_flags & SA_SIGINFO) != 0 && action->sa_sigaction == on_signal;
}

static void
install (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (handled); i++)
    {
      struct sigaction action = { .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK };
      struct sigaction found;

      sigemptyset (&action.sa_mask);
      action.sa_sigaction = on_signal;

      /* One that somebody saved and put back later is here already. */
      if (sigaction (handled[i].signum, NULL, &found) != 0 || is_handled_here (&found))
        continue;
      if (handled[i].kind != KIND_FOLLOWED && !is_default (&found))
        continue;

      previous[i] = found;
      is_installed[i] = sigaction (handled[i].signum, &action, NULL) == 0;
    }
}

static void
uninstall (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (handled); i++)
    {
      struct sigaction found;

      if (!is_installed[i])
        continue;

      /* What the application has set meanwhile stays. */
      if (sigaction (handled[i].signum, NULL, &found) == 0 && is_handled_here (&found))
        sigaction (handled[i].signum, &previous[i], NULL);
      is_installed[i] = FALSE;
    }
}

int
_gproc_terminal_signals_acquire (void)
{
  int fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);

  if (fd < 0)
    return -1;

  g_mutex_lock (&lock);
  for (guint i = 0; i < MAX_LISTENERS; i++)
    {
      if (g_atomic_int_compare_and_exchange (&listeners[i], 0, fd + 1))
        break;
    }
  if (n_users++ == 0)
    install ();
  g_mutex_unlock (&lock);

  return fd;
}

void
_gproc_terminal_signals_release (int fd)
{
  g_mutex_lock (&lock);
  if (--n_users == 0)
    uninstall ();
  for (guint i = 0; i < MAX_LISTENERS; i++)
    {
      if (g_atomic_int_compare_and_exchange (&listeners[i], fd + 1, 0))
        break;
    }
  g_mutex_unlock (&lock);

  /* A handler in another thread may just be about to write there. */
  while (g_atomic_int_get (&n_in_handler) > 0)
    sched_yield ();
  close (fd);
}
