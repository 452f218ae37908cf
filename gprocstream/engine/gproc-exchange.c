/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine/gproc-engine-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* libsoup has no way to hand over a connection after an upgrade, nor to use one that a process
 * carries. So requests are written here, and libsoup reads what the head of an answer says. */

/* A head is some hundred bytes, an answer some thousand for each container. */
#define HEAD_LIMIT (32 * 1024)
#define BODY_LIMIT (64 * 1024 * 1024)
#define INTERIM_LIMIT 8
/* How long an ssh that has closed its output may take to end. */
#define FAREWELL_MS 2000

#define HEAD_END "\r\n\r\n"
#define HTTP_PREFIX "HTTP/1."

typedef struct
{
  GProcRequest request;
  GBytes *wire;

  GCancellable *cancellable; /* Of the steps: that of the caller, or the timer, cancels it. */
  gulong cancelled_id;
  GSource *timer; /* NULL: the engine may take its time. */
  gboolean timed_out;
  guint timeout_ms;

  GProcConnection *connection;
  GProcReader *body_reader;
  GProcAnswer *answer;
  GError *failure; /* Kept while ssh is asked for its reasons. */
  gsize wanted;    /* How much of the head is to be in the buffer. */
  guint n_interim;
} Exchange;

void
_gproc_answer_free (GProcAnswer *self)
{
  g_clear_pointer (&self->headers, soup_message_headers_unref);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_object (&self->body);
  g_clear_pointer (&self->connection, _gproc_connection_unref);
  g_free (self);
}

static gboolean
time_over (gpointer user_data)
{
  Exchange *exchange = user_data;

  exchange->timed_out = TRUE;
  g_cancellable_cancel (exchange->cancellable);

  return G_SOURCE_REMOVE;
}

static void
start_timer (GTask *task,
             guint  timeout_ms)
{
  Exchange *exchange = g_task_get_task_data (task);

  exchange->timer = g_timeout_source_new (timeout_ms);
  g_source_set_static_name (exchange->timer, "[gproc] engine timeout");
  g_source_set_callback (exchange->timer, time_over, exchange, NULL);
  g_source_attach (exchange->timer, g_task_get_context (task));
}

static void
stop_timer (Exchange *exchange)
{
  if (exchange->timer == NULL)
    return;

  g_source_destroy (exchange->timer);
  g_clear_pointer (&exchange->timer, g_source_unref);
}

static void
exchange_free (gpointer data)
{
  Exchange *exchange = data;

  stop_timer (exchange);
  g_free (exchange->request.path);
  g_clear_pointer (&exchange->request.json, json_node_unref);
  g_clear_pointer (&exchange->wire, g_bytes_unref);
  g_clear_object (&exchange->cancellable);
  g_clear_pointer (&exchange->connection, _gproc_connection_unref);
  g_clear_object (&exchange->body_reader);
  g_clear_pointer (&exchange->answer, _gproc_answer_free);
  g_clear_error (&exchange->failure);
  g_free (exchange);
}

static const char *
get_address (GTask *task)
{
  return GPROC_ENGINE (g_task_get_source_object (task))->address->text;
}

static void
let_go (GTask *task)
{
  Exchange *exchange = g_task_get_task_data (task);

  stop_timer (exchange);
  if (exchange->cancelled_id != 0)
    g_cancellable_disconnect (g_task_get_cancellable (task), exchange->cancelled_id);
  exchange->cancelled_id = 0;
}

static void
succeed (GTask *task)
{
  Exchange *exchange = g_task_get_task_data (task);

  let_go (task);
  g_task_return_pointer (task, g_steal_pointer (&exchange->answer),
                         (GDestroyNotify) _gproc_answer_free);
}

/* Takes @error. Which of the two has cancelled the step decides what it is. */
static void
fail (GTask  *task,
      GError *error)
{
  Exchange *exchange = g_task_get_task_data (task);

  let_go (task);
  if (exchange->timed_out && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_clear_error (&error);
      g_set_error (&error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                   _ ("The container engine at %s did not answer within %u milliseconds"),
                   get_address (task), exchange->timeout_ms);
    }

  g_task_return_error (task, error);
}

static void
complained (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  Exchange *exchange = g_task_get_task_data (task);
  g_autofree char *complaint = NULL;

  complaint = _gproc_connection_read_complaint_finish (exchange->connection, result);
  if (complaint != NULL)
    {
      g_autofree char *message = g_strconcat (exchange->failure->message, ": ", complaint, NULL);

      g_free (exchange->failure->message);
      exchange->failure->message = g_steal_pointer (&message);
    }

  fail (task, g_steal_pointer (&exchange->failure));
}

/* Takes @error, which says that the connection has ended too early. With ssh the reason comes
 * another way. */
static void
fail_ended (GTask  *task,
            GError *error)
{
  Exchange *exchange = g_task_get_task_data (task);

  exchange->failure = error;
  stop_timer (exchange);
  start_timer (task,
               exchange->timeout_ms > 0 ? MIN (exchange->timeout_ms, FAREWELL_MS) : FAREWELL_MS);
  _gproc_connection_read_complaint_async (exchange->connection, exchange->cancellable, complained,
                                          g_object_ref (task));
}

static void
fail_foreign (GTask      *task,
              const char *reason)
{
  fail (task, g_error_new (G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           _ ("What answers at %s is no container engine: %s"), get_address (task),
                           reason));
}

/* Takes @error, which reading or writing has failed with. */
static void
fail_broken (GTask  *task,
             GError *error)
{
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT) &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA))
    g_prefix_error (&error, _ ("The connection to the container engine at %s broke: "),
                    get_address (task));

  fail (task, error);
}

/* The words of the engine, whose answer is {"message": "…"}; otherwise those of HTTP. */
static char *
get_engine_message (Exchange *exchange)
{
  g_autoptr (JsonNode) root = _gproc_json_parse (exchange->answer->bytes, NULL);
  JsonNode *member = NULL;

  if (root != NULL && JSON_NODE_HOLDS_OBJECT (root))
    member = json_object_get_member (json_node_get_object (root), "message");
  if (member != NULL && json_node_get_value_type (member) == G_TYPE_STRING)
    return g_strdup (json_node_get_string (member));

  return g_strdup_printf ("%u %s", exchange->answer->status,
                          soup_status_get_phrase (exchange->answer->status));
}

static void
fail_refused (GTask *task)
{
  Exchange *exchange = g_task_get_task_data (task);
  g_autofree char *message = get_engine_message (exchange);
  GError *error;

  if (exchange->answer->status == SOUP_STATUS_NOT_FOUND)
    error = g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("The container engine says: %s"),
                         message);
  else
    error = g_error_new (GPROC_STREAM_ERROR, GPROC_STREAM_ERROR_ENGINE,
                         _ ("The container engine says: %s"), message);

  fail (task, error);
}

static void
body_read (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  Exchange *exchange = g_task_get_task_data (task);
  GError *error = NULL;

  exchange->answer->bytes = gproc_reader_read_to_end_finish (GPROC_READER (source), result, &error);
  if (error != NULL)
    {
      fail_broken (task, error);
      return;
    }
  if (exchange->answer->bytes == NULL)
    exchange->answer->bytes = g_bytes_new (NULL, 0);

  if (exchange->answer->status >= 400)
    fail_refused (task);
  else
    succeed (task);
}

static void
read_body (GTask *task)
{
  Exchange *exchange = g_task_get_task_data (task);
  g_autoptr (GInputStream) body = NULL;
  GError *error = NULL;

  body = _gproc_body_new (exchange->connection, exchange->answer->status, exchange->answer->headers,
                          &error);
  if (body == NULL)
    {
      fail (task, error);
      return;
    }

  if (exchange->request.kind == GPROC_EXCHANGE_STREAM && exchange->answer->status < 400)
    {
      exchange->answer->body = g_steal_pointer (&body);
      succeed (task);
      return;
    }

  exchange->body_reader = gproc_reader_new (body);
  gproc_reader_read_to_end_async (exchange->body_reader, BODY_LIMIT, g_task_get_priority (task),
                                  exchange->cancellable, body_read, g_object_ref (task));
}

/* Docker and Podman answer 101; older ones, and some between, go over with a 200 of that type. */
static gboolean
is_upgraded (GProcAnswer *answer)
{
  const char *type = soup_message_headers_get_content_type (answer->headers, NULL);

  if (answer->status == SOUP_STATUS_SWITCHING_PROTOCOLS)
    return soup_message_headers_header_contains (answer->headers, "Upgrade", "tcp");

  return answer->status == SOUP_STATUS_OK && type != NULL &&
         g_str_has_prefix (type, "application/vnd.docker.") &&
         soup_message_headers_get_encoding (answer->headers) != SOUP_ENCODING_CHUNKED;
}

static void
take_answer (GTask *task)
{
  Exchange *exchange = g_task_get_task_data (task);
  GProcAnswer *answer = exchange->answer;

  if (answer->status >= 400)
    {
      read_body (task);
    }
  else if (exchange->request.kind == GPROC_EXCHANGE_UPGRADE)
    {
      if (!is_upgraded (answer))
        {
          fail_foreign (task, _ ("it does not hand over the connection"));
          return;
        }
      answer->connection = g_steal_pointer (&exchange->connection);
      succeed (task);
    }
  else if ((answer->status >= 200 && answer->status < 300) ||
           answer->status == SOUP_STATUS_NOT_MODIFIED)
    {
      read_body (task);
    }
  else
    {
      fail_foreign (task, _ ("it sends elsewhere"));
    }
}

static void read_head (GTask *task);

/* Takes the head from the reader, and leaves what is behind it. */
static void
take_head (GTask *task,
           gsize  length)
{
  Exchange *exchange = g_task_get_task_data (task);
  g_autoptr (GProcAnswer) answer = g_new0 (GProcAnswer, 1);
  g_autoptr (GBytes) head = NULL;
  g_autofree char *text = NULL;
  GError *error = NULL;
  SoupHTTPVersion version;

  /* It is in the buffer: this waits for nothing. */
  head = gproc_reader_read_exactly (_gproc_connection_get_reader (exchange->connection), length,
                                    NULL, &error);
  if (head == NULL)
    {
      fail_broken (task, error);
      return;
    }

  answer->headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
  /* The parser has the C library look for numbers, which wants the end of a string. */
  text = g_strndup (g_bytes_get_data (head, NULL), length);
  if (!soup_headers_parse_response (text, (int) length - 2, answer->headers, &version,
                                    &answer->status, NULL))
    {
      fail_foreign (task, _ ("it speaks no HTTP"));
      return;
    }

  if (answer->status < 200 && answer->status != SOUP_STATUS_SWITCHING_PROTOCOLS)
    {
      if (++exchange->n_interim > INTERIM_LIMIT)
        fail_foreign (task, _ ("it puts off its answer for ever"));
      else
        read_head (task);
      return;
    }

  exchange->answer = g_steal_pointer (&answer);
  take_answer (task);
}

/* The head ends at an empty line. What cannot become one is refused at once, not waited for. */
static gboolean
look_for_head (GTask *task)
{
  Exchange *exchange = g_task_get_task_data (task);
  g_autoptr (GBytes) bytes = NULL;
  const char *data;
  const char *end;
  gsize size;

  bytes = gproc_reader_peek (_gproc_connection_get_reader (exchange->connection), HEAD_LIMIT);
  data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;
  if (data == NULL)
    size = 0;

  if (memcmp (size > 0 ? data : "", HTTP_PREFIX, MIN (size, strlen (HTTP_PREFIX))) != 0)
    {
      fail_foreign (task, _ ("it speaks no HTTP"));
      return FALSE;
    }
  end = size > 0 ? g_strstr_len (data, (gssize) size, HEAD_END) : NULL;
  if (end != NULL)
    {
      take_head (task, (gsize) (end - data) + strlen (HEAD_END));
      return FALSE;
    }
  /* The search ends at a NUL, which no head has: its end would never be found. */
  if (size > 0 && memchr (data, '\0', size) != NULL)
    {
      fail_foreign (task, _ ("it speaks no HTTP"));
      return FALSE;
    }
  if (size >= HEAD_LIMIT)
    {
      fail_foreign (task, _ ("the head of its answer has no end"));
      return FALSE;
    }

  exchange->wanted = size + 1;

  return TRUE;
}

static void
head_filled (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  Exchange *exchange = g_task_get_task_data (task);
  GError *error = NULL;
  gssize filled = gproc_reader_fill_finish (GPROC_READER (source), result, &error);

  if (filled < 0)
    {
      fail_broken (task, error);
      return;
    }
  if ((gsize) filled >= exchange->wanted)
    {
      read_head (task);
      return;
    }

  /* Half of what is no answer at all says more than that the rest is missing. */
  if (filled > 0 && !look_for_head (task))
    return;
  if (filled == 0)
    error = g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                         _ ("The container engine at %s closed the connection without an answer"),
                         get_address (task));
  else
    error = g_error_new (G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                         _ ("The container engine at %s closed the connection in the middle of "
                            "its answer"),
                         get_address (task));
  fail_ended (task, error);
}

static void
read_head (GTask *task)
{
  Exchange *exchange = g_task_get_task_data (task);

  if (look_for_head (task))
    gproc_reader_fill_async (_gproc_connection_get_reader (exchange->connection), exchange->wanted,
                             g_task_get_priority (task), exchange->cancellable, head_filled,
                             g_object_ref (task));
}

static void
request_written (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  /* Whoever does not listen to the end may have answered all the same. */
  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error) &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
    {
      fail_broken (task, error);
      return;
    }

  g_clear_error (&error);
  read_head (task);
}

static void
connection_opened (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  Exchange *exchange = g_task_get_task_data (task);
  GError *error = NULL;

  exchange->connection = _gproc_connection_open_finish (result, &error);
  if (exchange->connection == NULL)
    {
      fail (task, error);
      return;
    }

  g_output_stream_write_all_async (_gproc_connection_get_output (exchange->connection),
                                   g_bytes_get_data (exchange->wire, NULL),
                                   g_bytes_get_size (exchange->wire), g_task_get_priority (task),
                                   exchange->cancellable, request_written, g_object_ref (task));
}

/* JSON is text: an engine would put something else in place of what is none. And the generator
 * forgets to escape one of the control characters, which engines refuse as it is. */
static gboolean
make_json (JsonNode  *node,
           char     **json,
           GError   **error)
{
  g_autofree char *text = json_to_string (node, FALSE);
  g_auto (GStrv) parts = NULL;

  if (!g_utf8_validate (text, -1, NULL))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _ ("A container engine takes no names, arguments and variables but in "
                              "UTF-8"));
      return FALSE;
    }

  parts = g_strsplit (text, "\x1f", -1);
  *json = g_strjoinv ("\\u001f", parts);

  return TRUE;
}

static GBytes *
make_wire (const GProcAddress  *address,
           const GProcRequest  *request,
           GError             **error)
{
  g_autofree char *json = NULL;
  GString *wire;

  if (request->json != NULL && !make_json (request->json, &json, error))
    return NULL;

  wire = g_string_new (NULL);
  g_string_append_printf (wire, "%s %s HTTP/1.1\r\n", request->method, request->path);
  if (address->kind == GPROC_ADDRESS_TCP)
    g_string_append_printf (wire,
                            strchr (address->host, ':') != NULL ? "Host: [%s]:%u\r\n"
                                                                : "Host: %s:%u\r\n",
                            address->host, address->port);
  else
    g_string_append (wire, "Host: localhost\r\n");
  g_string_append_printf (wire, "User-Agent: gprocstream/%s\r\n", PACKAGE_VERSION);
  if (request->kind == GPROC_EXCHANGE_UPGRADE)
    g_string_append (wire, "Connection: Upgrade\r\nUpgrade: tcp\r\n");
  else
    g_string_append (wire, "Connection: close\r\n");
  if (json != NULL)
    g_string_append (wire, "Content-Type: application/json\r\n");
  if (!g_str_equal (request->method, "GET"))
    g_string_append_printf (wire, "Content-Length: %" G_GSIZE_FORMAT "\r\n",
                            json != NULL ? strlen (json) : 0);
  g_string_append (wire, "\r\n");
  if (json != NULL)
    g_string_append (wire, json);

  return g_string_free_to_bytes (wire);
}

static void
caller_cancelled (GCancellable *cancellable,
                  gpointer      inner)
{
  g_cancellable_cancel (inner);
}

void
_gproc_exchange_async (GProcEngine         *engine,
                       GProcRequest         request,
                       int                  io_priority,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  g_autoptr (GTask)
    task = _gproc_engine_task (engine, _gproc_exchange_async, "[gproc] engine exchange",
                               io_priority, cancellable, callback, user_data);
  g_auto (GStrv) ssh_command = gproc_engine_dup_ssh_command (engine);
  Exchange *exchange = g_new0 (Exchange, 1);
  GError *error = NULL;

  exchange->request = request;
  exchange->timeout_ms = gproc_engine_get_timeout (engine);
  exchange->cancellable = g_cancellable_new ();
  g_task_set_task_data (task, exchange, exchange_free);

  if (engine->address == NULL)
    {
      g_task_return_error (task, g_error_copy (engine->address_error));
      return;
    }

  exchange->wire = make_wire (engine->address, &exchange->request, &error);
  if (exchange->wire == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  if (!request.patient && exchange->timeout_ms > 0)
    start_timer (task, exchange->timeout_ms);
  if (cancellable != NULL)
    exchange->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (caller_cancelled),
                                                    g_object_ref (exchange->cancellable),
                                                    g_object_unref);

  _gproc_connection_open_async (engine->address, (const char * const *) ssh_command, io_priority,
                                exchange->cancellable, connection_opened, g_object_ref (task));
}

GProcAnswer *
_gproc_exchange_finish (GProcEngine   *engine,
                        GAsyncResult  *result,
                        GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, engine), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, _gproc_exchange_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

JsonNode *
_gproc_answer_parse (GProcAnswer   *self,
                     JsonNodeType   type,
                     GError       **error)
{
  g_autoptr (GError) local_error = NULL;
  JsonNode *root = _gproc_json_parse (self->bytes, &local_error);

  if (root != NULL && json_node_get_node_type (root) == type)
    return root;

  g_clear_pointer (&root, json_node_unref);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               _ ("The answer of the container engine is not the JSON it should be: %s"),
               local_error != NULL ? local_error->message : _ ("something is missing"));
  return NULL;
}
