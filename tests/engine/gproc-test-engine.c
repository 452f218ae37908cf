/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tests/engine/gproc-test-engine.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct _GProcScript
{
  char *folder;
  char *path;
  char *address;
  int fd;
  GThread *thread;
  const GProcScriptStep *steps;
  guint n_steps;

  GMutex lock;
  gboolean over; /* Guarded by the lock, as is what follows. */
  gboolean *used;
  GPtrArray *threads;
  GArray *fds; /* Of connections that are open. */
  GPtrArray *requests;
  char *cancelling; /* What the request that cancels begins with; NULL: none does. */
  guint cancel_at;
  GCancellable *cancellable;
};

typedef struct
{
  GProcScript *script;
  int fd;
} Connection;

static gboolean
send_all (int         fd,
          const char *data,
          gsize       length)
{
  while (length > 0)
    {
      gssize n = send (fd, data, length, MSG_NOSIGNAL);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      data += n;
      length -= (gsize) n;
    }

  return TRUE;
}

static gssize
receive (int    fd,
         char  *data,
         gsize  length)
{
  gssize n;

  do
    n = recv (fd, data, length, 0);
  while (n < 0 && errno == EINTR);

  return n;
}

/* A head and as much of a body as it says. */
static void
read_request (int      fd,
              GString *request)
{
  gsize wanted = G_MAXSIZE;
  char byte;

  while (request->len < wanted && receive (fd, &byte, 1) == 1)
    {
      const char *length;

      g_string_append_c (request, byte);
      if (wanted != G_MAXSIZE || !g_str_has_suffix (request->str, "\r\n\r\n"))
        continue;
      length = strstr (request->str, "Content-Length: ");
      wanted = request->len +
               (length != NULL ? strtoul (length + strlen ("Content-Length: "), NULL, 10) : 0);
    }
}

/* How many requests began so. The lock is held. */
static guint
count_requests (GProcScript *self,
                const char  *request)
{
  guint count = 0;

  for (guint i = 0; i < self->requests->len; i++)
    count += g_str_has_prefix (g_ptr_array_index (self->requests, i), request);

  return count;
}

static const GProcScriptStep *
take_step (GProcScript *self,
           const char  *request)
{
  const GProcScriptStep *found = NULL;
  gboolean cancels;

  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->requests, g_strdup (request));
  for (guint i = 0; i < self->n_steps; i++)
    if (g_str_has_prefix (request, self->steps[i].request))
      {
        found = &self->steps[i];
        if (!self->used[i])
          {
            self->used[i] = TRUE;
            break;
          }
      }
  cancels = self->cancelling != NULL && g_str_has_prefix (request, self->cancelling) &&
            count_requests (self, self->cancelling) == self->cancel_at;
  g_mutex_unlock (&self->lock);
  if (cancels)
    g_cancellable_cancel (self->cancellable);

  return found;
}

/* Sends back what comes, until its end. */
static void
echo (int      fd,
      gboolean framed)
{
  char buffer[4096];
  gssize n;

  while ((n = receive (fd, buffer, sizeof buffer)) > 0)
    {
      char header[8] = { 1, 0, 0, 0, 0, 0, (char) (n >> 8), (char) n };

      if ((framed && !send_all (fd, header, sizeof header)) || !send_all (fd, buffer, (gsize) n))
        return;
    }
}

static void
play (int                    fd,
      const GProcScriptStep *step)
{
  g_autoptr (GByteArray) wire = g_byte_array_new ();
  gsize length = step->length >= 0 ? (gsize) step->length : strlen (step->answer);
  char byte;

  g_byte_array_append (wire, (const guint8 *) step->answer, (guint) length);
  if (step->frames != NULL)
    g_byte_array_append (wire, (const guint8 *) step->frames, (guint) step->frames_length);

  for (guint i = 0; step->slowly && i < wire->len; i++)
    {
      if (!send_all (fd, (const char *) wire->data + i, 1))
        return;
      g_usleep (200);
    }
  if (!step->slowly && !send_all (fd, (const char *) wire->data, wire->len))
    return;

  if (step->end == GPROC_SCRIPT_ECHO || step->end == GPROC_SCRIPT_RAW)
    echo (fd, step->end == GPROC_SCRIPT_ECHO);
  while (step->end == GPROC_SCRIPT_HOLD && receive (fd, &byte, 1) > 0)
    ;
}

static gpointer
serve_connection (gpointer data)
{
  Connection *connection = data;
  GProcScript *self = connection->script;
  g_autoptr (GString) request = g_string_new (NULL);
  const GProcScriptStep *step;

  read_request (connection->fd, request);
  step = take_step (self, request->str);
  if (step != NULL)
    play (connection->fd, step);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->fds->len; i++)
    if (g_array_index (self->fds, int, i) == connection->fd)
      {
        g_array_remove_index_fast (self->fds, i);
        break;
      }
  close (connection->fd);
  g_mutex_unlock (&self->lock);
  g_free (connection);

  return NULL;
}

static gpointer
serve (gpointer data)
{
  GProcScript *self = data;
  int fd;

  while ((fd = accept4 (self->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
    {
      Connection *connection = g_new0 (Connection, 1);

      connection->script = self;
      connection->fd = fd;
      g_mutex_lock (&self->lock);
      g_array_append_val (self->fds, fd);
      if (self->over)
        shutdown (fd, SHUT_RDWR);
      g_ptr_array_add (self->threads, g_thread_new ("connection", serve_connection, connection));
      g_mutex_unlock (&self->lock);
    }

  return NULL;
}

GProcScript *
gproc_script_new (const GProcScriptStep *steps,
                  guint                  n_steps)
{
  GProcScript *self = g_new0 (GProcScript, 1);
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  g_mutex_init (&self->lock);
  self->steps = steps;
  self->n_steps = n_steps;
  self->used = g_new0 (gboolean, n_steps);
  self->threads = g_ptr_array_new ();
  self->fds = g_array_new (FALSE, FALSE, sizeof (int));
  self->requests = g_ptr_array_new_with_free_func (g_free);

  self->folder = g_dir_make_tmp ("gproc-XXXXXX", NULL);
  g_assert_nonnull (self->folder);
  self->path = g_build_filename (self->folder, "socket", NULL);
  self->address = g_strconcat ("unix://", self->path, NULL);
  g_strlcpy (address.sun_path, self->path, sizeof address.sun_path);

  self->fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (self->fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (self->fd, 64), ==, 0);
  self->thread = g_thread_new ("script", serve, self);

  return self;
}

void
gproc_script_free (GProcScript *self)
{
  shutdown (self->fd, SHUT_RDWR);
  g_mutex_lock (&self->lock);
  self->over = TRUE;
  for (guint i = 0; i < self->fds->len; i++)
    shutdown (g_array_index (self->fds, int, i), SHUT_RDWR);
  g_mutex_unlock (&self->lock);
  g_thread_join (self->thread);
  for (guint i = 0; i < self->threads->len; i++)
    g_thread_join (g_ptr_array_index (self->threads, i));

  close (self->fd);
  g_unlink (self->path);
  g_rmdir (self->folder);
  g_free (self->folder);
  g_free (self->path);
  g_free (self->address);
  g_free (self->used);
  g_ptr_array_unref (self->threads);
  g_array_unref (self->fds);
  g_ptr_array_unref (self->requests);
  g_free (self->cancelling);
  g_clear_object (&self->cancellable);
  g_mutex_clear (&self->lock);
  g_free (self);
}

const char *
gproc_script_get_address (GProcScript *self)
{
  return self->address;
}

guint
gproc_script_count (GProcScript *self,
                    const char  *request)
{
  guint count;

  g_mutex_lock (&self->lock);
  count = count_requests (self, request);
  g_mutex_unlock (&self->lock);

  return count;
}

char *
gproc_script_find (GProcScript *self,
                   const char  *request)
{
  char *found = NULL;

  g_mutex_lock (&self->lock);
  for (guint i = self->requests->len; i > 0 && found == NULL; i--)
    if (g_str_has_prefix (g_ptr_array_index (self->requests, i - 1), request))
      found = g_strdup (g_ptr_array_index (self->requests, i - 1));
  g_mutex_unlock (&self->lock);

  return found;
}

void
gproc_script_cancel_at (GProcScript  *self,
                        const char   *request,
                        guint         count,
                        GCancellable *cancellable)
{
  g_mutex_lock (&self->lock);
  self->cancelling = g_strdup (request);
  self->cancel_at = count;
  self->cancellable = g_object_ref (cancellable);
  g_mutex_unlock (&self->lock);
}
