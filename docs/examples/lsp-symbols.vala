/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asks clangd which symbols a source file defines. A process is an IOStream, so the client of
 * jsonrpc-glib speaks with it directly.
 *
 * usage: lsp-symbols FILE [ARGUMENT-OF-CLANGD…]
 *
 * Build it with:
 *   valac --pkg posix --pkg gprocstream-1 --pkg jsonrpc-glib-1.0 lsp-symbols.vala */

/* As the protocol numbers them, as far as they occur in C. */
string name_of_kind (int64 kind) {
    switch (kind) {
    case 5: return "class";
    case 10: return "enum";
    case 12: return "function";
    case 13: return "variable";
    case 22: return "enumerator";
    case 23: return "struct";
    default: return "symbol";
    }
}

async void open_session (Jsonrpc.Client client) throws Error {
    var parameters = new Variant.parsed (
        "{'processId': <%i>, 'rootUri': <@ms nothing>, 'capabilities': <{'textDocument': " +
        "<{'documentSymbol': <{'hierarchicalDocumentSymbolSupport': <true>}>}>}>}",
        Posix.getpid ());

    yield client.call_async ("initialize", parameters, null, null);
    yield client.send_notification_async ("initialized", null, null);
}

async void list_symbols (Jsonrpc.Client client, File file) throws Error {
    uint8[] text;
    Variant? symbols;

    yield file.load_contents_async (null, out text, null);
    yield client.send_notification_async ("textDocument/didOpen", new Variant.parsed (
        "{'textDocument': <{'uri': <%s>, 'languageId': <'c'>, 'version': <1>, 'text': <%s>}>}",
        file.get_uri (), (string) text), null);
    yield client.call_async ("textDocument/documentSymbol", new Variant.parsed (
        "{'textDocument': <{'uri': <%s>}>}", file.get_uri ()), null, out symbols);

    foreach (var child in symbols) {
        var symbol = child.get_variant ();
        var range = symbol.lookup_value ("selectionRange", VariantType.VARDICT);
        var start = range.lookup_value ("start", VariantType.VARDICT);
        var kind = symbol.lookup_value ("kind", VariantType.INT64).get_int64 ();
        print ("%5lld  %-10s  %s\n", start.lookup_value ("line", VariantType.INT64).get_int64 () + 1,
               name_of_kind (kind), symbol.lookup_value ("name", VariantType.STRING).get_string ());
    }
    print ("%zu symbols\n", symbols.n_children ());
}

async void run (File file, string[] arguments) throws Error {
    string[] argv = { "clangd" };
    foreach (unowned var argument in arguments)
        argv += argument;

    // clangd tells all that it does on standard error. Where nobody reads that, it must not be a
    // pipe: clangd would stop when it is full. GProc.Launcher could lead it into a file.
    var clangd = new GProc.Stream (argv, GProc.StreamFlags.STDERR_NULL | GProc.StreamFlags.STOP_ON_CLOSE);
    var client = new Jsonrpc.Client (clangd);

    yield open_session (client);
    yield list_symbols (client, file);

    // The protocol's way to end: a server that was asked to shut down exits with 0.
    yield client.call_async ("shutdown", null, null, null);
    yield client.send_notification_async ("exit", null, null);
    print ("clangd exited with %d\n", yield clangd.wait_async ());
}

int main (string[] args) {
    var loop = new MainLoop ();
    var status = 0;

    if (args.length < 2) {
        printerr ("usage: lsp-symbols FILE [ARGUMENT-OF-CLANGD…]\n");
        return 1;
    }

    run.begin (File.new_for_commandline_arg (args[1]), args[2:args.length], (object, result) => {
        try {
            run.end (result);
        } catch (Error error) {
            printerr ("lsp-symbols: %s\n", error.message);
            status = 1;
        }
        loop.quit ();
    });
    loop.run ();
    return status;
}
