#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asks clangd which symbols a source file defines. A process is a Gio.IOStream, so the client of
jsonrpc-glib speaks with it directly.

usage: lsp-symbols.py FILE [ARGUMENT-OF-CLANGD…]
"""

import os
import sys

import gi

gi.require_version('GProc', '1')
gi.require_version('Jsonrpc', '1.0')

from gi.repository import Gio, GLib, GProc, Jsonrpc  # noqa: E402

# As the protocol numbers them, as far as they occur in C.
KINDS = {5: 'class', 10: 'enum', 12: 'function', 13: 'variable', 22: 'enumerator', 23: 'struct'}


def variant(value):
    """JSON as jsonrpc-glib takes it."""
    if isinstance(value, dict):
        return GLib.Variant('a{sv}', {name: variant(member) for name, member in value.items()})
    return GLib.Variant({str: 's', bool: 'b', int: 'x'}[type(value)], value)


def open_session(client):
    client.call('initialize', variant({
        'processId': os.getpid(),
        'capabilities': {
            'textDocument': {'documentSymbol': {'hierarchicalDocumentSymbolSupport': True}},
        },
    }), None)
    client.send_notification('initialized', None, None)


def list_symbols(client, file):
    uri = file.get_uri()
    _, contents, _ = file.load_contents(None)
    client.send_notification('textDocument/didOpen', variant({
        'textDocument': {'uri': uri, 'languageId': 'c', 'version': 1, 'text': contents.decode()},
    }), None)
    _, reply = client.call('textDocument/documentSymbol', variant({'textDocument': {'uri': uri}}),
                           None)

    symbols = reply.unpack()
    for symbol in symbols:
        line = symbol['selectionRange']['start']['line'] + 1
        print(f'{line:5}  {KINDS.get(symbol["kind"], "symbol"):10}  {symbol["name"]}')
    print(f'{len(symbols)} symbols')


def main(path, *arguments):
    # clangd tells all that it does on standard error. Where nobody reads that, it must not be a
    # pipe: clangd would stop when it is full. GProc.Launcher could lead it into a file.
    clangd = GProc.Stream.new(['clangd', *arguments],
                              GProc.StreamFlags.STDERR_NULL | GProc.StreamFlags.STOP_ON_CLOSE)
    client = Jsonrpc.Client.new(clangd)

    open_session(client)
    list_symbols(client, Gio.File.new_for_commandline_arg(path))

    # The protocol's way to end: a server that was asked to shut down exits with 0.
    client.call('shutdown', None, None)
    client.send_notification('exit', None, None)
    print(f'clangd exited with {clangd.wait(None)}')


if len(sys.argv) < 2:
    sys.exit('usage: lsp-symbols.py FILE [ARGUMENT-OF-CLANGD…]')
try:
    main(*sys.argv[1:])
except GLib.Error as error:
    sys.exit(f'lsp-symbols.py: {error.message}')
