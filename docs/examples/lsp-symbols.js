#!/usr/bin/gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Asks clangd which symbols a source file defines. A process is a Gio.IOStream, so the client of
// jsonrpc-glib speaks with it directly.
//
// usage: gjs -m lsp-symbols.js FILE [ARGUMENT-OF-CLANGD…]

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';
import Jsonrpc from 'gi://Jsonrpc?version=1.0';
import System from 'system';

Gio._promisify(Gio.File.prototype, 'load_contents_async', 'load_contents_finish');
for (const name of ['call', 'send_notification'])
    Gio._promisify(Jsonrpc.Client.prototype, `${name}_async`, `${name}_finish`);

// As the protocol numbers them, as far as they occur in C.
const kinds = {5: 'class', 10: 'enum', 12: 'function', 13: 'variable', 22: 'enumerator', 23: 'struct'};

// JSON as jsonrpc-glib takes it.
function variant(value) {
    switch (typeof value) {
    case 'string':
        return GLib.Variant.new_string(value);
    case 'boolean':
        return GLib.Variant.new_boolean(value);
    case 'number':
        return GLib.Variant.new_int64(value);
    default:
        return new GLib.Variant('a{sv}', Object.fromEntries(
            Object.entries(value).map(([key, member]) => [key, variant(member)])));
    }
}

async function listSymbols(client, file) {
    const uri = file.get_uri();
    const [contents] = await file.load_contents_async(null);
    await client.send_notification_async('textDocument/didOpen', variant({
        textDocument: {uri, languageId: 'c', version: 1, text: new TextDecoder().decode(contents)},
    }), null);
    const [reply] = await client.call_async('textDocument/documentSymbol',
        variant({textDocument: {uri}}), null);

    const symbols = reply.recursiveUnpack();
    for (const {name, kind, selectionRange} of symbols) {
        const line = selectionRange.start.line + 1;
        print(`${String(line).padStart(5)}  ${(kinds[kind] ?? 'symbol').padEnd(10)}  ${name}`);
    }
    print(`${symbols.length} symbols`);
}

async function main([path, ...args]) {
    // clangd tells all that it does on standard error. Where nobody reads that, it must not be a
    // pipe: clangd would stop when it is full. GProc.Launcher could lead it into a file.
    const clangd = GProc.Stream.new(['clangd', ...args],
        GProc.StreamFlags.STDERR_NULL | GProc.StreamFlags.STOP_ON_CLOSE);
    const client = Jsonrpc.Client.new(clangd);

    await client.call_async('initialize', variant({
        processId: new Gio.Credentials().get_unix_pid(),
        capabilities: {textDocument: {documentSymbol: {hierarchicalDocumentSymbolSupport: true}}},
    }), null);
    await client.send_notification_async('initialized', null, null);
    await listSymbols(client, Gio.File.new_for_commandline_arg(path));

    // The protocol's way to end: a server that was asked to shut down exits with 0.
    await client.call_async('shutdown', null, null);
    await client.send_notification_async('exit', null, null);
    print(`clangd exited with ${await clangd.wait_async()}`);
}

if (ARGV.length < 1) {
    printerr('usage: gjs -m lsp-symbols.js FILE [ARGUMENT-OF-CLANGD…]');
    System.exit(1);
}

const loop = new GLib.MainLoop(null, false);
let status = 0;

main(ARGV).catch(error => {
    printerr(`lsp-symbols.js: ${error.message}`);
    status = 1;
}).finally(() => loop.quit());
loop.run();
System.exit(status);
