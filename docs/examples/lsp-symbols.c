/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asks clangd which symbols a source file defines. A process is a GIOStream, so the client of
 * jsonrpc-glib speaks with it directly.
 *
 * usage: lsp-symbols FILE [ARGUMENT-OF-CLANGD…]
 *
 * Build it with:
 *   cc lsp-symbols.c -o lsp-symbols $(pkg-config --cflags --libs gprocstream-1 jsonrpc-glib-1.0) */

#include <gprocstream/gprocstream.h>
#include <jsonrpc-glib.h>
#include <stdlib.h>
#include <unistd.h>

/* As the protocol numbers them, as far as they occur in C. */
static const char *
name_of_kind (gint64 kind)
{
  switch (kind)
    {
    case 5:
      return "class";
    case 10:
      return "enum";
    case 12:
      return "function";
    case 13:
      return "variable";
    case 22:
      return "enumerator";
    case 23:
      return "struct";
    default:
      return "symbol";
    }
}

static gboolean
open_session (JsonrpcClient  *client,
              GError        **error)
{
  GVariant *parameters = g_variant_new_parsed (
    "{'processId': <%i>, 'rootUri': <@ms nothing>, 'capabilities': <{'textDocument': "
    "<{'documentSymbol': <{'hierarchicalDocumentSymbolSupport': <true>}>}>}>}",
    (int) getpid ());

  return jsonrpc_client_call (client, "initialize", parameters, NULL, NULL, error) &&
         jsonrpc_client_send_notification (client, "initialized", NULL, NULL, error);
}

static void
print_symbols (GVariant *symbols)
{
  GVariantIter iter;
  GVariant *symbol;

  g_variant_iter_init (&iter, symbols);
  while (g_variant_iter_loop (&iter, "v", &symbol))
    {
      const char *name = "";
      gint64 kind = 0;
      gint64 line = 0;

      if (JSONRPC_MESSAGE_PARSE (symbol, "name", JSONRPC_MESSAGE_GET_STRING (&name), "kind",
                                 JSONRPC_MESSAGE_GET_INT64 (&kind), "selectionRange", "{", "start",
                                 "{", "line", JSONRPC_MESSAGE_GET_INT64 (&line), "}", "}"))
        g_print ("%5" G_GINT64_FORMAT "  %-10s  %s\n", line + 1, name_of_kind (kind), name);
    }
  g_print ("%" G_GSIZE_FORMAT " symbols\n", g_variant_n_children (symbols));
}

static gboolean
list_symbols (JsonrpcClient  *client,
              GFile          *file,
              GError        **error)
{
  g_autofree char *uri = g_file_get_uri (file);
  g_autofree char *text = NULL;
  g_autoptr (GVariant) symbols = NULL;

  if (!g_file_load_contents (file, NULL, &text, NULL, NULL, error))
    return FALSE;

  if (!jsonrpc_client_send_notification (
        client, "textDocument/didOpen",
        g_variant_new_parsed ("{'textDocument': <{'uri': <%s>, 'languageId': <'c'>, "
                              "'version': <1>, 'text': <%s>}>}",
                              uri, text),
        NULL, error) ||
      !jsonrpc_client_call (client, "textDocument/documentSymbol",
                            g_variant_new_parsed ("{'textDocument': <{'uri': <%s>}>}", uri), NULL,
                            &symbols, error))
    return FALSE;

  print_symbols (symbols);

  return TRUE;
}

/* The protocol's way to end: a server that was asked to shut down exits with 0. */
static gboolean
close_session (JsonrpcClient  *client,
               GProcStream    *clangd,
               GError        **error)
{
  if (!jsonrpc_client_call (client, "shutdown", NULL, NULL, NULL, error) ||
      !jsonrpc_client_send_notification (client, "exit", NULL, NULL, error) ||
      gproc_stream_wait (clangd, NULL, error) == GPROC_RETURNCODE_NONE)
    return FALSE;

  g_print ("clangd exited with %d\n", gproc_stream_get_returncode (clangd));

  return TRUE;
}

static gboolean
run (GFile   *file,
     char   **arguments,
     GError **error)
{
  g_autoptr (GProcStream) clangd = NULL;
  g_autoptr (JsonrpcClient) client = NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) argv = NULL;

  g_strv_builder_add (builder, "clangd");
  g_strv_builder_addv (builder, (const char **) arguments);
  argv = g_strv_builder_end (builder);

  /* clangd tells all that it does on standard error. Where nobody reads that, it must not be a
   * pipe: clangd would stop when it is full. GProcLauncher could lead it into a file. */
  clangd = gproc_stream_newv ((const char * const *) argv,
                              GPROC_STREAM_FLAGS_STDERR_NULL | GPROC_STREAM_FLAGS_STOP_ON_CLOSE,
                              error);
  if (clangd == NULL)
    return FALSE;

  client = jsonrpc_client_new (G_IO_STREAM (clangd));

  return open_session (client, error) && list_symbols (client, file, error) &&
         close_session (client, clangd, error);
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr (GFile) file = NULL;
  g_autoptr (GError) error = NULL;

  if (argc < 2)
    {
      g_printerr ("usage: lsp-symbols FILE [ARGUMENT-OF-CLANGD…]\n");
      return EXIT_FAILURE;
    }

  file = g_file_new_for_commandline_arg (argv[1]);
  if (!run (file, argv + 2, &error))
    {
      g_printerr ("lsp-symbols: %s\n", error->message);
      return EXIT_FAILURE;
    }

  return EXIT_SUCCESS;
}
