/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-output-private.h"

#include <errno.h>
#include <gio/gfiledescriptorbased.h>
#include <glib/gi18n-lib.h>

#include "loop/gproc-sigpipe-private.h"

G_STATIC_ASSERT (sizeof (GOutputVector) == sizeof (struct iovec));
G_STATIC_ASSERT (G_STRUCT_OFFSET (GOutputVector, buffer) ==
                 G_STRUCT_OFFSET (struct iovec, iov_base));
G_STATIC_ASSERT (G_STRUCT_OFFSET (GOutputVector, size) == G_STRUCT_OFFSET (struct iovec, iov_len));

void
_gproc_output_init_for_stream (GProcOutput   *self,
                               GOutputStream *base)
{
  GParamSpec *property = g_object_class_find_property (G_OBJECT_GET_CLASS (base), "socket");

  self->base = g_object_ref (base);
  self->close_base = TRUE;
  self->pollable = G_IS_POLLABLE_OUTPUT_STREAM (base) &&
                   g_pollable_output_stream_can_poll (G_POLLABLE_OUTPUT_STREAM (base));

  /* The output stream of a socket connection tells its socket, which can be half
   * closed. Through TLS there is no such thing, and no such property. */
  if (property != NULL && g_type_is_a (property->value_type, G_TYPE_SOCKET) &&
      (property->flags & G_PARAM_READABLE) != 0)
    g_object_get (base, "socket", &self->socket, NULL);

  self->is_master = G_IS_FILE_DESCRIPTOR_BASED (base) &&
                    _gproc_is_master (
                      g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (base)));
}

gboolean
_gproc_output_is_open (GProcOutput *self)
{
  return self->descriptor != NULL || self->base != NULL;
}

gboolean
_gproc_output_is_plain (GProcOutput *self)
{
  return self->base != NULL && !self->pollable;
}

int
_gproc_output_get_fd (GProcOutput *self)
{
  if (self->descriptor != NULL)
    return _gproc_descriptor_get_fd (self->descriptor);
  if (self->socket != NULL)
    return g_socket_get_fd (self->socket);
  if (self->base != NULL && self->pollable && G_IS_FILE_DESCRIPTOR_BASED (self->base))
    return g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (self->base));

  return -1;
}

static void
set_would_block (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, _ ("Nothing can be written yet"));
}

/* How much at a time the base stream can be given: that of a descriptor that blocks only looks
 * whether it is ready, and then writes all there is. A socket of GIO's never blocks. */
static gsize
output_get_step (GProcOutput *self)
{
  if (self->socket != NULL || !G_IS_FILE_DESCRIPTOR_BASED (self->base))
    return G_MAXSIZE;

  return _gproc_get_write_step (
    g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (self->base)));
}

/* Whether the base stream can be told to write. GIO's own takes a terminal that has hung up for
 * one that is ready. */
static gboolean
output_may_write_base (GProcOutput  *self,
                       GError      **error)
{
  int result = 0;

  if (self->is_master)
    result = _gproc_check_master (
      g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (self->base)));
  if (result == -EAGAIN)
    set_would_block (error);
  else if (result < 0)
    _gproc_set_errno_error (error, -result, _ ("Writing failed"));

  return result == 0;
}

/* Writes to a pollable base stream. Returns how much it took; 0 with or without @error. */
static gsize
output_write_base (GProcOutput          *self,
                   const GOutputVector  *vector,
                   GError              **error)
{
  GPollableOutputStream *base = G_POLLABLE_OUTPUT_STREAM (self->base);
  gsize step = output_get_step (self);
  gsize size = step < G_MAXSIZE ? MIN (vector->size, GPROC_ATOMIC_WRITE_SIZE) : vector->size;
  gsize done = 0;
  gssize count;

  do
    {
      if (output_may_write_base (self, error))
        count = g_pollable_output_stream_write_nonblocking (base,
                                                            (const char *) vector->buffer + done,
                                                            MIN (step, size - done), NULL, error);
      else
        count = -1;
      done += count > 0 ? (gsize) count : 0;
    }
  while (count > 0 && step < G_MAXSIZE && done < size);

  /* What stopped it comes again where nothing more is taken. */
  if (done > 0)
    g_clear_error (error);

  return done;
}

/* Not every stream of GIO leaves SIGPIPE alone. That of a descriptor also counts wrong when
 * several pieces meet a broken pipe, so it gets them one by one. */
static gssize
output_writev_base (GProcOutput          *self,
                    const GOutputVector  *vectors,
                    gsize                 n_vectors,
                    GError              **error)
{
  GPollableOutputStream *base = G_POLLABLE_OUTPUT_STREAM (self->base);
  GProcSigpipeGuard guard;
  GError *local_error = NULL;
  gsize written = 0;

  while (n_vectors > 1 && vectors[0].size == 0)
    {
      vectors++;
      n_vectors--;
    }

  _gproc_sigpipe_block (&guard);
  if (n_vectors == 1 || G_IS_FILE_DESCRIPTOR_BASED (self->base))
    {
      written = output_write_base (self, &vectors[0], &local_error);
    }
  else
    {
      g_pollable_output_stream_writev_nonblocking (base, vectors, n_vectors, &written, NULL,
                                                   &local_error);
    }
  /* A descriptor that blocks may lose its reader in the middle of a write: that is a signal, and
   * yet a count. */
  _gproc_sigpipe_restore (&guard, written > 0 || g_error_matches (local_error, G_IO_ERROR,
                                                                  G_IO_ERROR_BROKEN_PIPE));

  if (local_error == NULL && written > 0)
    return (gssize) written;
  if (local_error == NULL)
    set_would_block (error);
  else
    g_propagate_error (error, local_error);

  return -1;
}

gssize
_gproc_output_writev_nonblocking (GProcOutput          *self,
                                  const GOutputVector  *vectors,
                                  gsize                 n_vectors,
                                  GError              **error)
{
  gssize count;

  if (self->descriptor == NULL)
    return output_writev_base (self, vectors, n_vectors, error);

  count = _gproc_descriptor_writev (self->descriptor, (const struct iovec *) vectors, n_vectors);
  if (count >= 0)
    return count;

  if (count == -EAGAIN)
    set_would_block (error);
  else
    _gproc_set_errno_error (error, (int) -count, _ ("Writing failed"));

  return -1;
}

GSource *
_gproc_output_create_source (GProcOutput *self)
{
  return g_pollable_output_stream_create_source (G_POLLABLE_OUTPUT_STREAM (self->base), NULL);
}

gboolean
_gproc_output_can_end (GProcOutput *self)
{
  if (self->descriptor != NULL)
    return _gproc_descriptor_can_end (self->descriptor);

  return self->socket != NULL;
}

gboolean
_gproc_output_end (GProcOutput  *self,
                   GError      **error)
{
  int result;

  if (self->descriptor == NULL)
    return g_socket_shutdown (self->socket, FALSE, TRUE, error);

  result = _gproc_descriptor_end (self->descriptor);
  if (result < 0)
    _gproc_set_errno_error (error, -result, _ ("Closing failed"));

  return result == 0;
}

gboolean
_gproc_output_close (GProcOutput  *self,
                     GError      **error)
{
  g_autoptr (GOutputStream) base = g_steal_pointer (&self->base);
  GProcDescriptor *descriptor = g_steal_pointer (&self->descriptor);
  int result = 0;

  g_clear_object (&self->socket);

  if (descriptor != NULL)
    {
      result = _gproc_descriptor_close (descriptor, GPROC_DESCRIPTOR_WRITE);
      _gproc_descriptor_unref (descriptor);
      if (result < 0)
        _gproc_set_errno_error (error, -result, _ ("Closing failed"));
    }

  if (base != NULL && self->close_base && !g_output_stream_has_pending (base))
    return g_output_stream_close (base, NULL, error);

  return result == 0;
}
