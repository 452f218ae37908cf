/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/gproc-tool-private.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct _GProcToolAddress
{
  char *path;   /* Of a unix socket, which is removed in the end. */
  dev_t device; /* With the next: that it is still the one that was made. */
  ino_t inode;
  GSocketAddress *address; /* Where it listens: with the port that was chosen. */
};

void
gproc_tool_address_free (GProcToolAddress *self)
{
  struct stat found;

  if (self->path != NULL && self->inode != 0 && lstat (self->path, &found) == 0 &&
      found.st_dev == self->device && found.st_ino == self->inode)
    g_unlink (self->path);

  g_clear_object (&self->address);
  g_free (self->path);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GProcToolAddress, gproc_tool_address_free)

static GSocketAddress *
parse_tcp (const char  *text,
           GError     **error)
{
  g_autoptr (GSocketConnectable) parsed = g_network_address_parse (text, 0, NULL);
  GSocketAddress *address = NULL;

  /* An address alone would be a port that the system chooses, which one should say. */
  if (parsed != NULL && strrchr (text, ':') != NULL && !g_str_has_suffix (text, "]"))
    address = g_inet_socket_address_new_from_string (
      g_network_address_get_hostname (G_NETWORK_ADDRESS (parsed)),
      g_network_address_get_port (G_NETWORK_ADDRESS (parsed)));
  if (address == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("“%s” is no numeric address with a port, such as 127.0.0.1:8000"), text);

  return address;
}

static GSocketAddress *
parse_unix (const char  *path,
            GError     **error)
{
  /* GIO would cut it without a word. */
  if (*path == '\0' || strlen (path) >= sizeof ((struct sockaddr_un *) NULL)->sun_path)
    {
      g_autofree char *name = g_filename_display_name (path);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
                   _ ("“%s” cannot be the path of a socket: it is empty or too long"), name);
      return NULL;
    }

  return g_unix_socket_address_new (path);
}

/* A socket that nobody listens at is what a service left that was killed. */
static gboolean
is_stale (const char     *path,
          GSocketAddress *address)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  struct stat found;

  if (lstat (path, &found) < 0 || !S_ISSOCK (found.st_mode))
    return FALSE;

  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT,
                         NULL);
  /* One that is busy would let us wait. */
  if (socket != NULL)
    g_socket_set_blocking (socket, FALSE);

  return socket != NULL && !g_socket_connect (socket, address, NULL, &error) &&
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
}

static gboolean
add_address (GProcToolAddress  *self,
             GSocketListener   *listener,
             GSocketAddress    *wanted,
             GError           **error)
{
  struct stat made;

  if (!g_socket_listener_add_address (listener, wanted, G_SOCKET_TYPE_STREAM,
                                      G_SOCKET_PROTOCOL_DEFAULT, NULL, &self->address, error))
    return FALSE;

  if (self->path != NULL && lstat (self->path, &made) == 0)
    {
      self->device = made.st_dev;
      self->inode = made.st_ino;
    }

  return TRUE;
}

/* Two services that find the same stale socket would remove each other's new one, and one that is
 * made is stale until it listens: they come one after the other. −1 where that cannot be, and then
 * they take their chance. */
static int
lock_folder (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    return -1;

  while (flock (fd, LOCK_EX) < 0)
    {
      if (errno == EINTR)
        continue;
      close (fd);
      return -1;
    }

  return fd;
}

static gboolean
listen_at (GProcToolAddress  *self,
           GSocketListener   *listener,
           GSocketAddress    *wanted,
           GError           **error)
{
  g_autoptr (GError) first = NULL;

  if (add_address (self, listener, wanted, &first))
    return TRUE;

  if (self->path == NULL || !g_error_matches (first, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE) ||
      !is_stale (self->path, wanted))
    {
      g_propagate_error (error, g_steal_pointer (&first));
      return FALSE;
    }

  g_unlink (self->path);

  return add_address (self, listener, wanted, error);
}

static gboolean
listen_alone (GProcToolAddress  *self,
              GSocketListener   *listener,
              GSocketAddress    *wanted,
              GError           **error)
{
  int lock = self->path != NULL ? lock_folder (self->path) : -1;
  gboolean listens = listen_at (self, listener, wanted, error);

  if (lock >= 0)
    close (lock);

  return listens;
}

/* Makes @listener listen at what @text says: unix:PATH or tcp:ADDRESS:PORT. */
GProcToolAddress *
gproc_tool_address_listen (const char       *text,
                           GSocketListener  *listener,
                           GError          **error)
{
  g_autoptr (GProcToolAddress) self = g_new0 (GProcToolAddress, 1);
  g_autoptr (GSocketAddress) wanted = NULL;

  if (g_str_has_prefix (text, "unix:"))
    {
      self->path = g_strdup (text + strlen ("unix:"));
      wanted = parse_unix (self->path, error);
    }
  else if (g_str_has_prefix (text, "tcp:"))
    {
      wanted = parse_tcp (text + strlen ("tcp:"), error);
    }
  else
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _ ("“%s” is neither unix:PATH nor tcp:ADDRESS:PORT"), text);
    }

  if (wanted == NULL || !listen_alone (self, listener, wanted, error))
    return NULL;

  return g_steal_pointer (&self);
}

/* In the form that it was given, with the port that was chosen. */
char *
gproc_tool_address_to_string (GProcToolAddress *self)
{
  g_autofree char *text = NULL;

  if (self->path != NULL)
    return g_strconcat ("unix:", self->path, NULL);

  text = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (self->address));

  return g_strconcat ("tcp:", text, NULL);
}
