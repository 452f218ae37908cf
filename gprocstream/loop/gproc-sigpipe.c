/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "loop/gproc-sigpipe-private.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x00000100
#endif

/* Whether the kernel refused RWF_NOSIGNAL, which came with Linux 6.18. */
static int nosignal_refused;

void
_gproc_sigpipe_block (GProcSigpipeGuard *guard)
{
  sigset_t sigpipe, pending;

  sigemptyset (&sigpipe);
  sigaddset (&sigpipe, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &sigpipe, &guard->previous_mask);

  /* Only a signal that was blocked before can have been pending before. */
  guard->was_pending = FALSE;
  if (sigismember (&guard->previous_mask, SIGPIPE) == 1 && sigpending (&pending) == 0)
    guard->was_pending = sigismember (&pending, SIGPIPE) == 1;
}

void
_gproc_sigpipe_restore (GProcSigpipeGuard *guard,
                        gboolean           raised)
{
  const struct timespec no_time = { 0, 0 };
  int saved_errno = errno;
  sigset_t sigpipe;

  if (raised && !guard->was_pending)
    {
      sigemptyset (&sigpipe);
      sigaddset (&sigpipe, SIGPIPE);
      while (sigtimedwait (&sigpipe, NULL, &no_time) < 0 && errno == EINTR)
        continue;
    }

  if (sigismember (&guard->previous_mask, SIGPIPE) == 0)
    pthread_sigmask (SIG_SETMASK, &guard->previous_mask, NULL);
  errno = saved_errno;
}

/* Whether the signal may have been raised: also a write that blocked, and lost its reader
 * when a part had been taken, has only that part for its result. */
static gboolean
may_have_raised (const struct iovec *pieces,
                 int                 n_pieces,
                 gssize              written)
{
  gsize size = 0;

  if (written < 0)
    return errno == EPIPE;

  for (int i = 0; i < n_pieces; i++)
    size += pieces[i].iov_len;

  return (gsize) written < size;
}

gssize
_gproc_writev_quietly (int                 fd,
                       const struct iovec *pieces,
                       int                 n_pieces)
{
  GProcSigpipeGuard guard;
  gssize written;

  if (!g_atomic_int_get (&nosignal_refused))
    {
      written = pwritev2 (fd, pieces, n_pieces, -1, RWF_NOSIGNAL);
      if (written >= 0)
        return written;

      /* A sandbox that does not know the call may answer EPERM as well. */
      if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL && errno != EPERM)
        return written;
      g_atomic_int_set (&nosignal_refused, 1);
    }

  _gproc_sigpipe_block (&guard);
  written = writev (fd, pieces, n_pieces);
  _gproc_sigpipe_restore (&guard, may_have_raised (pieces, n_pieces, written));

  return written;
}
