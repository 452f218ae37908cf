/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "terminal/gproc-terminal-mode-private.h"

#include <errno.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

/* The handler of a signal walks the list at any time, without a lock: what is in it stays there,
 * and is used again. */
struct _GProcTerminalMode
{
  GProcTerminalMode *next; /* Constant. */
  int in_use;              /* Guarded by the lock. */
  int fd;                  /* Atomic: −1 while it is none. Set last and cleared first. */
  int is_raw;              /* Atomic. */
  int is_leaving;          /* Atomic: it is not to be raw again. */
  pid_t owner;             /* The child of a fork leaves the terminal alone. */
  struct termios found;
  struct termios raw;
};

static GMutex lock;
static GProcTerminalMode *modes; /* Atomic. */

/* The terminal belongs to the group in its foreground: who changes it from another one is
 * stopped. One that does not control this process has no such thing. */
static gboolean
is_ours (GProcTerminalMode *self,
         int                fd)
{
  pid_t group;

  if (self->owner != getpid ())
    return FALSE;
  group = tcgetpgrp (fd);

  return group < 0 || group == getpgrp ();
}

static gboolean
mode_apply (GProcTerminalMode *self)
{
  int fd = g_atomic_int_get (&self->fd);
  struct termios found;

  if (fd < 0 || g_atomic_int_get (&self->is_leaving) || !is_ours (self, fd))
    return TRUE;

  /* What is put back is how it was when it was ours, not while a shell was at it. */
  if (tcgetattr (fd, &found) != 0)
    return FALSE;
  if (!g_atomic_int_get (&self->is_raw))
    {
      self->found = self->raw = found;
      cfmakeraw (&self->raw);
      g_atomic_int_set (&self->is_raw, TRUE);
    }

  return tcsetattr (fd, TCSANOW, &self->raw) == 0;
}

static void
mode_restore (GProcTerminalMode *self)
{
  int fd = g_atomic_int_get (&self->fd);

  if (fd < 0 || !is_ours (self, fd))
    return;

  if (!g_atomic_int_get (&self->is_raw))
    return;

  /* The handler of a signal that comes before this is done does it again, and may be the last to
   * do something. */
  (void) tcsetattr (fd, TCSANOW, &self->found);
  g_atomic_int_set (&self->is_raw, FALSE);
}

void
_gproc_terminal_modes_restore (void)
{
  for (GProcTerminalMode *mode = g_atomic_pointer_get (&modes); mode != NULL; mode = mode->next)
    mode_restore (mode);
}

void
_gproc_terminal_modes_apply (void)
{
  for (GProcTerminalMode *mode = g_atomic_pointer_get (&modes); mode != NULL; mode = mode->next)
    mode_apply (mode);
}

static GProcTerminalMode *
find_unused (void)
{
  GProcTerminalMode *mode;

  for (mode = modes; mode != NULL; mode = mode->next)
    {
      if (!mode->in_use)
        return mode;
    }

  /* An application that exits in the middle of an attachment is no reason to leave the terminal
   * as it is. */
  if (modes == NULL)
    atexit (_gproc_terminal_modes_restore);

  mode = g_new0 (GProcTerminalMode, 1);
  mode->fd = -1;
  mode->next = modes;
  g_atomic_pointer_set (&modes, mode);

  return mode;
}

GProcTerminalMode *
_gproc_terminal_mode_enter (int fd)
{
  GProcTerminalMode *self;
  struct termios found;
  int errsv;

  if (tcgetattr (fd, &found) != 0)
    return NULL;

  g_mutex_lock (&lock);
  self = find_unused ();
  self->in_use = TRUE;
  g_mutex_unlock (&lock);

  self->found = self->raw = found;
  cfmakeraw (&self->raw);
  self->owner = getpid ();
  g_atomic_int_set (&self->is_raw, FALSE);
  g_atomic_int_set (&self->is_leaving, FALSE);
  g_atomic_int_set (&self->fd, fd);

  if (mode_apply (self))
    return self;

  errsv = errno;
  _gproc_terminal_mode_leave (self);
  errno = errsv;

  return NULL;
}

void
_gproc_terminal_mode_apply (GProcTerminalMode *self)
{
  if (!g_atomic_int_get (&self->is_raw))
    mode_apply (self);
}

void
_gproc_terminal_mode_leave (GProcTerminalMode *self)
{
  g_atomic_int_set (&self->is_leaving, TRUE);
  mode_restore (self);
  g_atomic_int_set (&self->fd, -1);

  g_mutex_lock (&lock);
  self->in_use = FALSE;
  g_mutex_unlock (&lock);
}
