/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine/gproc-connection-private.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>

/* How much of what ssh complains of is kept. */
#define COMPLAINT_SIZE 4096

struct _GProcConnection
{
  gatomicrefcount refs;

  GIOStream *stream; /* A socket connection, TLS on one, or a GProcStream of ssh. */
  GProcReader *reader;
  gboolean taken; /* The writer was: what the connection carries is somebody else's. */
};

GProcConnection *
_gproc_connection_ref (GProcConnection *self)
{
  g_atomic_ref_count_inc (&self->refs);

  return self;
}

void
_gproc_connection_unref (GProcConnection *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;

  /* An ssh that has no more to do is not waited for. */
  if (self->stream != NULL && GPROC_IS_STREAM (self->stream) && !self->taken)
    gproc_stream_abort (GPROC_STREAM (self->stream));
  g_clear_object (&self->reader);
  g_clear_object (&self->stream);
  g_free (self);
}

GProcReader *
_gproc_connection_get_reader (GProcConnection *self)
{
  return self->reader;
}

GOutputStream *
_gproc_connection_get_output (GProcConnection *self)
{
  return g_io_stream_get_output_stream (self->stream);
}

static int
duplicate (int      fd,
           GError **error)
{
  int copy = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  int errsv = errno;

  if (copy < 0)
    g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (errsv),
                 _ ("The connection to the container engine cannot be kept: %s"),
                 g_strerror (errsv));

  return copy;
}

static int
get_write_fd (GProcConnection *self)
{
  if (GPROC_IS_STREAM (self->stream))
    return gproc_writer_get_fd (gproc_stream_get_stdin (GPROC_STREAM (self->stream)));
  if (G_IS_SOCKET_CONNECTION (self->stream))
    return g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->stream)));

  return -1;
}

/* Both halves of one descriptor: closing the writer then ends what the engine reads, as that of a
 * pipe does for a child, though the reader is still open. What was read already moves along. */
static GProcWriter *
share_descriptor (GProcConnection  *self,
                  int               fd,
                  GError          **error)
{
  g_autoptr (GProcStream) halves = NULL;
  g_autoptr (GBytes) bytes = NULL;
  GProcReader *reader;

  halves = gproc_stream_new_for_fds (fd, fd, -1, GPROC_STREAM_FLAGS_TAKE_FDS);
  reader = gproc_stream_get_stdout (halves);
  bytes = gproc_reader_peek (self->reader, gproc_reader_get_buffered (self->reader));
  if (g_bytes_get_size (bytes) > 0 && !gproc_reader_unread (reader, bytes, error))
    return NULL;

  g_set_object (&self->reader, reader);
  g_clear_object (&self->stream);

  return g_object_ref (gproc_stream_get_stdin (halves));
}

/* A descriptor of one's own can be half closed, and outlives the connection. */
GProcWriter *
_gproc_connection_take_writer (GProcConnection  *self,
                               GError          **error)
{
  GProcWriter *writer;
  int fd = get_write_fd (self);

  self->taken = TRUE;
  if (fd < 0)
    {
      writer = gproc_writer_new (g_io_stream_get_output_stream (self->stream));
      g_object_set_data_full (G_OBJECT (writer), "gproc-connection", g_object_ref (self->stream),
                              g_object_unref);
      return writer;
    }

  fd = duplicate (fd, error);
  if (fd < 0)
    return NULL;

  if (!GPROC_IS_STREAM (self->stream))
    return share_descriptor (self, fd, error);

  writer = gproc_writer_new_for_fd (fd, TRUE);
  gproc_writer_abort (gproc_stream_get_stdin (GPROC_STREAM (self->stream)));

  return writer;
}

/* Takes @stream. */
static GProcConnection *
connection_new (GIOStream  *stream,
                GError    **error)
{
  g_autoptr (GIOStream) owned = stream;
  GProcConnection *self;
  GProcReader *reader;

  if (GPROC_IS_STREAM (stream))
    {
      reader = g_object_ref (gproc_stream_get_stdout (GPROC_STREAM (stream)));
    }
  else if (G_IS_SOCKET_CONNECTION (stream))
    {
      GSocket *socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));
      int fd = duplicate (g_socket_get_fd (socket), error);

      if (fd < 0)
        return NULL;
      reader = gproc_reader_new_for_fd (fd, TRUE);
    }
  else
    {
      reader = gproc_reader_new (g_io_stream_get_input_stream (stream));
      g_object_set_data_full (G_OBJECT (reader), "gproc-connection", g_object_ref (stream),
                              g_object_unref);
    }

  self = g_new0 (GProcConnection, 1);
  g_atomic_ref_count_init (&self->refs);
  self->stream = g_steal_pointer (&owned);
  self->reader = reader;

  return self;
}

static void
return_stream (GTask     *task,
               GIOStream *stream)
{
  GError *error = NULL;
  GProcConnection *self = connection_new (stream, &error);

  if (self != NULL)
    g_task_return_pointer (task, self, (GDestroyNotify) _gproc_connection_unref);
  else
    g_task_return_error (task, error);
}

/* Whatever is wrong with the connection, it is the engine that cannot be reached. */
static void
return_unreachable (GTask  *task,
                    GError *error)
{
  const GProcAddress *address = g_task_get_task_data (task);

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_prefix_error (&error, _ ("The container engine at %s cannot be reached: "), address->text);
  g_task_return_error (task, error);
}

static void
shaken_hands (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, &error))
    return_stream (task, G_IO_STREAM (g_object_ref (source)));
  else
    return_unreachable (task, error);
}

static gboolean
accept_certificate (GTlsConnection *connection)
{
  return TRUE;
}

/* Those of the folder that are there; the engine says what it misses. */
static gboolean
set_certificates (GTlsConnection      *connection,
                  const GProcAddress  *address,
                  GError             **error)
{
  g_autofree char *ca = g_build_filename (address->cert_path, "ca.pem", NULL);
  g_autofree char *cert = g_build_filename (address->cert_path, "cert.pem", NULL);
  g_autofree char *key = g_build_filename (address->cert_path, "key.pem", NULL);

  if (g_file_test (ca, G_FILE_TEST_EXISTS))
    {
      g_autoptr (GTlsDatabase) database = g_tls_file_database_new (ca, error);

      if (database == NULL)
        return FALSE;
      g_tls_connection_set_database (connection, database);
    }
  if (g_file_test (cert, G_FILE_TEST_EXISTS))
    {
      g_autoptr (GTlsCertificate) certificate = g_tls_certificate_new_from_files (cert, key, error);

      if (certificate == NULL)
        return FALSE;
      g_tls_connection_set_certificate (connection, certificate);
    }
  if (!address->tls_verify)
    g_signal_connect (connection, "accept-certificate", G_CALLBACK (accept_certificate), NULL);

  return TRUE;
}

static void
start_tls (GTask     *task,
           GIOStream *socket)
{
  const GProcAddress *address = g_task_get_task_data (task);
  g_autoptr (GIOStream) owned = socket;
  g_autoptr (GSocketConnectable) identity = g_network_address_new (address->host, address->port);
  g_autoptr (GIOStream) stream = NULL;
  GError *error = NULL;

  stream = g_tls_client_connection_new (socket, identity, &error);
  if (stream == NULL || !set_certificates (G_TLS_CONNECTION (stream), address, &error))
    {
      return_unreachable (task, error);
      return;
    }

  g_tls_connection_handshake_async (G_TLS_CONNECTION (stream), g_task_get_priority (task),
                                    g_task_get_cancellable (task), shaken_hands,
                                    g_object_ref (task));
}

static void
socket_connected (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  const GProcAddress *address = g_task_get_task_data (task);
  GSocketConnection *connection;
  GError *error = NULL;

  connection = g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);
  if (connection == NULL)
    return_unreachable (task, error);
  else if (address->tls)
    start_tls (task, G_IO_STREAM (connection));
  else
    return_stream (task, G_IO_STREAM (connection));
}

static void
open_socket (GTask *task)
{
  const GProcAddress *address = g_task_get_task_data (task);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) connectable = NULL;

  /* An engine is not reached through the proxies of the web. */
  g_socket_client_set_enable_proxy (client, FALSE);
  if (address->kind == GPROC_ADDRESS_UNIX)
    connectable = G_SOCKET_CONNECTABLE (g_unix_socket_address_new (address->path));
  else
    connectable = g_network_address_new (address->host, address->port);

  g_socket_client_connect_async (client, connectable, g_task_get_cancellable (task),
                                 socket_connected, g_object_ref (task));
}

static void
open_ssh (GTask              *task,
          const char * const *ssh_command)
{
  const GProcAddress *address = g_task_get_task_data (task);
  g_auto (GStrv) argv = _gproc_address_get_ssh_argv (address, ssh_command);
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  GProcStream *stream;
  GError *error = NULL;

  /* With the terminal of the application it would stop there to ask for a password, unseen. */
  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_PIPE);
  gproc_launcher_set_new_session (launcher, TRUE);
  stream = gproc_launcher_spawn (launcher, (const char * const *) argv, &error);
  if (stream != NULL)
    return_stream (task, G_IO_STREAM (stream));
  else
    return_unreachable (task, error);
}

static gpointer
copy_address (const GProcAddress *address)
{
  GProcAddress *copy = g_new0 (GProcAddress, 1);

  *copy = *address;
  copy->text = g_strdup (address->text);
  copy->path = g_strdup (address->path);
  copy->host = g_strdup (address->host);
  copy->user = g_strdup (address->user);
  copy->cert_path = g_strdup (address->cert_path);

  return copy;
}

void
_gproc_connection_open_async (const GProcAddress  *address,
                              const char * const  *ssh_command,
                              int                  io_priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, _gproc_connection_open_async);
  g_task_set_name (task, "[gproc] connect to engine");
  g_task_set_priority (task, io_priority);
  g_task_set_task_data (task, copy_address (address), (GDestroyNotify) _gproc_address_free);

  if (address->kind == GPROC_ADDRESS_SSH)
    open_ssh (task, ssh_command);
  else
    open_socket (task);
}

GProcConnection *
_gproc_connection_open_finish (GAsyncResult  *result,
                               GError       **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, _gproc_connection_open_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Of what has ended all that it has said is there. The end of that is not waited for: an ssh that
 * was left in the background for later calls may keep standard error open for ever. */
static void
ssh_over (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GProcStream *ssh = GPROC_STREAM (source);
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *text = NULL;

  gproc_stream_wait_finish (ssh, result, NULL);
  bytes = gproc_reader_try_read_some (gproc_stream_get_stderr (ssh), COMPLAINT_SIZE, NULL);
  if (bytes != NULL)
    text = g_utf8_make_valid (g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes));

  g_task_return_pointer (task, text != NULL ? g_strdup (g_strstrip (text)) : NULL, g_free);
}

void
_gproc_connection_read_complaint_async (GProcConnection     *self,
                                        GCancellable        *cancellable,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (self->stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, _gproc_connection_read_complaint_async);
  g_task_set_name (task, "[gproc] read complaint of ssh");

  if (self->stream == NULL || !GPROC_IS_STREAM (self->stream))
    {
      g_task_return_pointer (task, NULL, NULL);
      return;
    }

  g_task_set_check_cancellable (task, FALSE);
  gproc_stream_wait_async (GPROC_STREAM (self->stream), G_PRIORITY_DEFAULT, cancellable, ssh_over,
                           g_object_ref (task));
}

char *
_gproc_connection_read_complaint_finish (GProcConnection *self,
                                         GAsyncResult    *result)
{
  g_return_val_if_fail (g_task_is_valid (result, self->stream), NULL);

  return g_task_propagate_pointer (G_TASK (result), NULL);
}
