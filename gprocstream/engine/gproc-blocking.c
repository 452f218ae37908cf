/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine/gproc-engine-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A context without a descriptor to be woken by ends the program. */
static int
find_descriptor (void)
{
  int fd = eventfd (0, EFD_CLOEXEC);

  if (fd < 0)
    return errno;
  close (fd);

  return 0;
}

gboolean
_gproc_blocking_begin (GProcBlockingCall  *self,
                       GError            **error)
{
  int errsv = find_descriptor ();

  if (errsv != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES,
                   _ ("There is nothing to wait with: %s"), g_strerror (errsv));
      return FALSE;
    }

  *self = (GProcBlockingCall){ .context = g_main_context_new () };
  g_main_context_push_thread_default (self->context);

  return TRUE;
}

void
_gproc_blocking_done (GObject      *source,
                      GAsyncResult *result,
                      gpointer      user_data)
{
  GProcBlockingCall *self = user_data;

  self->result = g_object_ref (result);
}

GAsyncResult *
_gproc_blocking_end (GProcBlockingCall *self)
{
  while (self->result == NULL)
    g_main_context_iteration (self->context, TRUE);

  /* What let go of something may want to be called for it. */
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  g_clear_pointer (&self->context, g_main_context_unref);

  return self->result;
}
