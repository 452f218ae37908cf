/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include <sys/uio.h>

G_BEGIN_DECLS

/* One descriptor, shared by the halves that use it: non-blocking transfer that
 * never raises SIGPIPE, and a close that happens once, with the last side.
 *
 * A descriptor that is owned is made non-blocking. One that is borrowed keeps the
 * flags it has: where it blocks, the transfer goes around that. */

typedef struct _GProcDescriptor GProcDescriptor;

typedef enum
{
  GPROC_DESCRIPTOR_PIPE,
  GPROC_DESCRIPTOR_SOCKET,
  GPROC_DESCRIPTOR_TTY,  /* The slave side, or a real terminal. */
  GPROC_DESCRIPTOR_PTMX, /* The master side of a pseudo-terminal. */
  GPROC_DESCRIPTOR_FILE, /* A regular file or a block device. */
  GPROC_DESCRIPTOR_OTHER
} GProcDescriptorKind;

typedef enum
{
  GPROC_DESCRIPTOR_READ = 1 << 0,
  GPROC_DESCRIPTOR_WRITE = 1 << 1
} GProcDescriptorSide;

/* @sides are those that will be closed, each once, by _gproc_descriptor_close ().
 * With @owner, that object closes the descriptor: it is let go of in its place. */
GProcDescriptor *_gproc_descriptor_new (int                  fd,
                                        gboolean             owned,
                                        GProcDescriptorSide  sides,
                                        GObject             *owner);

/* Another number for what @fd is, to be used and closed here, so that the number of @fd may go to
 * something else meanwhile. Otherwise as one that is borrowed: its flags stay as they are, and the
 * end of its use ends nothing. NULL with errno. */
GProcDescriptor *_gproc_descriptor_new_duplicate (int                 fd,
                                                  GProcDescriptorSide sides);
GProcDescriptor *_gproc_descriptor_ref (GProcDescriptor *self);
void _gproc_descriptor_unref (GProcDescriptor *self);

/* The descriptor to wait on, −1 once both sides are closed. */
int _gproc_descriptor_get_fd (GProcDescriptor *self);
GProcDescriptorKind _gproc_descriptor_get_kind (GProcDescriptor *self);

/* Whether no call on it ever blocks, or it is a file. */
gboolean _gproc_descriptor_is_nonblocking (GProcDescriptor *self);

/* Both return the count, 0 at the end of the file (read), or −errno. They retry
 * EINTR. −EAGAIN: wait. _gproc_descriptor_writev() may take any number of pieces. */
gssize _gproc_descriptor_read (GProcDescriptor *self,
                               gpointer         buffer,
                               gsize            size);
gssize _gproc_descriptor_writev (GProcDescriptor    *self,
                                 const struct iovec *pieces,
                                 gsize               n_pieces);

/* What a pipe always takes without blocking once it is ready for writing. */
#define GPROC_ATOMIC_WRITE_SIZE 4096

/* How much somebody else can write to @fd at a time without blocking, once it is ready for
 * that: no more than G_MAXSIZE, which is where it does not block at all. */
gsize _gproc_get_write_step (int fd);

/* Whether @fd is the master side of a pseudo-terminal. */
gboolean _gproc_is_master (int fd);

/* 0 if such a side takes more now, or says what is wrong with it; −EAGAIN; −EPIPE if there is
 * nobody with the slave side open and no room for more: it may be opened again, but a wait for that
 * ends at once, each time. */
int _gproc_check_master (int fd);

/* Whether the reader at the other end can be told that no more comes, with the rest
 * of this descriptor left as it is. */
gboolean _gproc_descriptor_can_end (GProcDescriptor *self);

/* Tells it. Returns 0 or −errno. */
int _gproc_descriptor_end (GProcDescriptor *self);

/* Closes one side, and the descriptor with the last one. Where an owned socket goes
 * on being read, the end of its write side is told to the peer. 0 or −errno. */
int _gproc_descriptor_close (GProcDescriptor     *self,
                             GProcDescriptorSide  side);

/* What a busy pipe grows to: room for one piece in the making beside the one that is taken,
 * which the caches of most processors hold. Measured for what is read, written and moved. */
#define GPROC_PIPE_SIZE (512 * 1024)

/* Makes a pipe larger, up to that and within what this library allows itself of what the
 * kernel allows a user; once. Harmless on anything else. */
void _gproc_descriptor_grow (GProcDescriptor *self);

/* How many bytes written to a pipe nobody read, −1 if that cannot be told. */
int _gproc_descriptor_get_unread (GProcDescriptor *self);

/* Makes an error of an errno value. */
void _gproc_set_errno_error (GError     **error,
                             int          errsv,
                             const char  *action);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GProcDescriptor, _gproc_descriptor_unref)

G_END_DECLS
