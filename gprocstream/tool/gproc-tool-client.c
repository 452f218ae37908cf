/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/gproc-tool-private.h"

/* A client that has got everything has so long to see it, and to close. */
#define LINGER_MS 2000

struct _GProcToolClient
{
  GProcStream *process;
  GSocketConnection *connection;
  GCancellable *splicing;
  GCancellable *lingering;
  GSource *gone; /* Says that the client has closed both ways. */
  guint timer;   /* Until the process is stopped. */
  guint linger;  /* Until no more is read of what nobody wants. */
  guint grace_ms;
  guint n_running; /* Process and connection. */
  GProcToolClientFunc over;
  gpointer user_data;
};

static void
client_part_over (GProcToolClient *self)
{
  if (--self->n_running > 0)
    return;

  g_clear_handle_id (&self->timer, g_source_remove);
  self->over (self, self->user_data);

  g_object_unref (self->process);
  g_object_unref (self->connection);
  g_object_unref (self->splicing);
  g_object_unref (self->lingering);
  g_free (self);
}

static void
exited (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  gproc_stream_wait_finish (GPROC_STREAM (source), result, NULL);
  client_part_over (user_data);
}

static gboolean
grace_is_over (gpointer user_data)
{
  GProcToolClient *self = user_data;

  self->timer = 0;
  gproc_tool_client_stop (self, self->grace_ms);

  return G_SOURCE_REMOVE;
}

/* Nobody is there any more whom the process could serve: it has a while to end by itself. */
static void
start_grace (GProcToolClient *self)
{
  if (self->timer == 0 && gproc_stream_get_running (self->process))
    self->timer = g_timeout_add (self->grace_ms, grace_is_over, self);
}

static gboolean
client_is_gone (GSocket      *socket,
                GIOCondition  condition,
                gpointer      user_data)
{
  start_grace (user_data);

  return G_SOURCE_REMOVE;
}

static void
connection_closed (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_io_stream_close_finish (G_IO_STREAM (source), result, NULL);
  client_part_over (user_data);
}

static void
lingered (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  GProcToolClient *self = user_data;

  g_input_stream_skip_finish (G_INPUT_STREAM (source), result, NULL);
  g_clear_handle_id (&self->linger, g_source_remove);
  /* The number of the descriptor is somebody else's soon. */
  g_source_destroy (self->gone);
  g_clear_pointer (&self->gone, g_source_unref);
  g_io_stream_close_async (G_IO_STREAM (self->connection), G_PRIORITY_DEFAULT, NULL,
                           connection_closed, self);
}

static gboolean
linger_is_over (gpointer user_data)
{
  GProcToolClient *self = user_data;

  self->linger = 0;
  g_cancellable_cancel (self->lingering);

  return G_SOURCE_REMOVE;
}

/* A connection that is closed while something in it was not read is reset, and then the client
 * may lose what it has not read yet. So what still comes is read, until the client closes. */
static void
spliced (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  GProcToolClient *self = user_data;

  /* That a client goes away is no error of the service. */
  gproc_stream_splice_finish (GPROC_STREAM (source), result, NULL);
  start_grace (self);
  self->linger = g_timeout_add (LINGER_MS, linger_is_over, self);
  g_input_stream_skip_async (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)),
                             G_MAXSSIZE, G_PRIORITY_DEFAULT, self->lingering, lingered, self);
}

/* Starts a process for a connection, and joins the two. @over is called when nothing is left of
 * either, and then frees the client. NULL with @error set if it could not be started. */
GProcToolClient *
gproc_tool_client_new (GProcLauncher        *launcher,
                       const char * const   *argv,
                       GSocketConnection    *connection,
                       guint                 grace_ms,
                       GProcToolClientFunc   over,
                       gpointer              user_data,
                       GError              **error)
{
  GProcToolClient *self;
  GProcStream *process = gproc_launcher_spawn (launcher, argv, error);

  if (process == NULL)
    return NULL;

  self = g_new0 (GProcToolClient, 1);
  self->process = process;
  self->connection = g_object_ref (connection);
  self->splicing = g_cancellable_new ();
  self->lingering = g_cancellable_new ();
  self->grace_ms = grace_ms;
  self->over = over;
  self->user_data = user_data;

  self->gone = g_socket_create_source (g_socket_connection_get_socket (connection),
                                       G_IO_HUP | G_IO_ERR, NULL);
  g_source_set_callback (self->gone, G_SOURCE_FUNC (client_is_gone), self, NULL);
  g_source_attach (self->gone, NULL);

  self->n_running = 2;
  gproc_stream_wait_async (process, G_PRIORITY_DEFAULT, NULL, exited, self);
  gproc_stream_splice_async (process, G_IO_STREAM (connection),
                             G_IO_STREAM_SPLICE_WAIT_FOR_BOTH | G_IO_STREAM_SPLICE_CLOSE_STREAM1,
                             G_PRIORITY_DEFAULT, self->splicing, spliced, self);

  return self;
}

/* Ends the connection, and the process: with SIGTERM, and SIGKILL after @grace_ms. */
void
gproc_tool_client_stop (GProcToolClient *self,
                        guint            grace_ms)
{
  gproc_stream_stop_async (self->process, grace_ms, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  g_cancellable_cancel (self->splicing);
  g_cancellable_cancel (self->lingering);
}
