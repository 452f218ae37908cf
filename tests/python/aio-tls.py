#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""TLS in GProc.aio, with a certificate made for the occasion."""

import atexit
import os
import shutil
import ssl
import subprocess
import tempfile

from aio_harness import GProc, asyncio, fails, tap, tcp_pair, tests

FOLDER = tempfile.mkdtemp()
atexit.register(shutil.rmtree, FOLDER)


def _contexts():
    certificate, key = os.path.join(FOLDER, 'certificate'), os.path.join(FOLDER, 'key')
    if not os.path.exists(certificate):
        if shutil.which('openssl') is None:
            raise tap.Skip('openssl is not installed')
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key,
                        '-out', certificate, '-days', '2', '-subj', '/CN=localhost', '-addext',
                        'subjectAltName=DNS:localhost,IP:127.0.0.1'], check=True,
                       stderr=subprocess.DEVNULL)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return server, ssl.create_default_context(cafile=certificate)


async def _echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def _connected(handler=_echo, **keywords):
    server_context, client_context = _contexts()
    server = await asyncio.start_server(handler, '127.0.0.1', 0, ssl=server_context)
    host, port = server.sockets[0].getsockname()
    reader, writer = await asyncio.open_connection(host, port, ssl=client_context, **keywords)
    return server, reader, writer


async def _close(server, writer):
    writer.close()
    await writer.wait_closed()
    server.close()


async def what_was_read_ahead_is_part_of_the_handshake():
    """The peer may have begun it before this side asks for it."""
    server_context, client_context = _contexts()

    async def serve(reader, writer):
        # As a server does that has looked at the first bytes, and wants TLS only then.
        await reader._wait_for_data('serve')
        assert len(reader._buffer) > 5 and reader._buffer[0] == 22
        await writer.start_tls(server_context)
        await _echo(reader, writer)

    server, reader, writer = await tcp_pair(serve)
    await asyncio.wait_for(writer.start_tls(client_context, server_hostname='localhost'), 20)
    writer.write(b'ping\n')
    assert await reader.readline() == b'ping\n'
    await _close(server, writer)


async def plain_text_is_not_taken_for_what_came_under_tls():
    """A man in the middle may send it with the answer that goes before the handshake."""
    _, client_context = _contexts()

    async def serve(_reader, writer):
        writer.write(b'220 go ahead\n250 injected\n')
        await writer.drain()
        await ended
        writer.close()

    ended = asyncio.get_running_loop().create_future()
    server, reader, writer = await tcp_pair(serve)
    assert await reader.readline() == b'220 go ahead\n'
    while not reader._buffer:
        await asyncio.sleep(0)
    await fails(ssl.SSLError, writer.start_tls(client_context, server_hostname='localhost'))
    assert b'injected' not in reader._buffer
    ended.set_result(None)
    writer.close()
    server.close()


async def lines_go_to_and_fro():
    server, reader, writer = await _connected(server_hostname='localhost')
    for number in range(200):
        writer.write(b'%d\n' % number)
        await writer.drain()
        assert await reader.readline() == b'%d\n' % number
    await _close(server, writer)


async def megabytes_go_both_ways():
    server, reader, writer = await _connected()
    data = bytes(range(256)) * 20_000

    async def write():
        for start in range(0, len(data), 100_000):
            writer.write(data[start:start + 100_000])
            await writer.drain()

    received, _ = await asyncio.gather(reader.readexactly(len(data)), write())
    assert received == data
    await _close(server, writer)


async def what_is_known_of_the_connection_is_told():
    server, reader, writer = await _connected()
    assert writer.get_extra_info('cipher')[0] in writer.get_extra_info('ssl_object').cipher()
    assert isinstance(writer.get_extra_info('sslcontext'), ssl.SSLContext)
    names = writer.get_extra_info('peercert')['subjectAltName']
    assert ('DNS', 'localhost') in names
    assert writer.get_extra_info('compression') is None
    assert writer.get_extra_info('socket').getpeername() == writer.get_extra_info('peername')
    # There is no half-closed state to go to.
    assert not writer.can_write_eof()
    try:
        writer.write_eof()
    except NotImplementedError:
        pass
    else:
        raise AssertionError('half of TLS was closed')
    await _close(server, writer)


async def the_end_is_a_close_notify():
    async def bye(reader, writer):
        writer.write(b'bye\n')
        writer.close()

    server, reader, writer = await _connected(bye)
    assert await reader.read() == b'bye\n' and reader.at_eof()
    await _close(server, writer)


async def plain_text_is_in_gobjects():
    server, reader, writer = await _connected()
    writer.write(b'one\ntwo\nthree\n')
    assert await reader.readline() == b'one\n'
    source, target = reader.gobject, writer.gobject
    assert isinstance(source, GProc.Reader) and isinstance(target, GProc.Writer)
    assert writer.gobject is target and reader.gobject is source
    assert await reader.readline() == b'two\n'
    target.queue(b'four\n' * 100_000)
    pushing = asyncio.create_task(asyncio.wrap(target).drain())
    assert await reader.readline() == b'three\n'
    for _ in range(100_000):
        assert await reader.readline() == b'four\n'
    await pushing
    writer.write(b'five\n')
    assert await reader.readline() == b'five\n'
    await _close(server, writer)
    target.close(None)
    assert await reader.read() == b''
    source.close(None)


async def a_connection_becomes_one_of_tls():
    server_context, client_context = _contexts()
    done = asyncio.get_running_loop().create_future()

    async def handler(reader, writer):
        assert await reader.readline() == b'STARTTLS\n'
        writer.write(b'go ahead\n')
        await writer.start_tls(server_context)
        assert writer.get_extra_info('sslcontext') is server_context
        writer.write((await reader.readline()).upper())
        await writer.drain()
        assert await reader.read() == b''
        writer.close()
        done.set_result(None)

    server, reader, writer = await tcp_pair(handler)
    assert writer.get_extra_info('cipher') is None
    writer.write(b'STARTTLS\n')
    assert await reader.readline() == b'go ahead\n'
    await writer.start_tls(client_context, server_hostname='localhost')
    assert writer.get_extra_info('cipher') is not None
    writer.write(b'secret\n')
    await writer.drain()
    assert await reader.readline() == b'SECRET\n'
    await _close(server, writer)
    await done


async def who_is_not_trusted_is_refused():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)  # The server hears of it as well.
    server_context, client_context = _contexts()
    server = await asyncio.start_server(_echo, '127.0.0.1', 0, ssl=server_context)
    host, port = server.sockets[0].getsockname()
    await fails(ssl.SSLCertVerificationError, asyncio.open_connection(host, port, ssl=True))
    await fails(ssl.SSLCertVerificationError,
                asyncio.open_connection(host, port, ssl=client_context,
                                        server_hostname='example.org'))
    # And it goes on serving the others.
    reader, writer = await asyncio.open_connection(host, port, ssl=client_context)
    writer.write(b'well\n')
    assert await reader.readline() == b'well\n'
    await _close(server, writer)


async def who_never_shakes_hands_is_left():
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    _, client_context = _contexts()
    release = asyncio.Event()

    async def silent(reader, writer):
        await release.wait()
        writer.close()

    server = await asyncio.start_server(silent, '127.0.0.1', 0)
    host, port = server.sockets[0].getsockname()
    error = await fails(ConnectionAbortedError, asyncio.open_connection(
        host, port, ssl=client_context, ssl_handshake_timeout=0.05))
    assert 'handshake' in str(error)
    release.set()
    server.close()


async def a_cancelled_read_loses_nothing():
    server, reader, writer = await _connected()
    for number in range(20):
        await fails(asyncio.TimeoutError, asyncio.wait_for(reader.readexactly(1000), 0.002))
        writer.write(b'%019d\n' % number)
    assert await reader.readexactly(400) == b''.join(b'%019d\n' % number for number in range(20))
    await _close(server, writer)


async def tls_runs_over_unix_sockets():
    server_context, client_context = _contexts()
    path = os.path.join(FOLDER, 'socket')
    server = await asyncio.start_unix_server(_echo, path, ssl=server_context)
    await fails(ValueError, asyncio.open_unix_connection(path, ssl=client_context))
    reader, writer = await asyncio.open_unix_connection(path, ssl=client_context,
                                                        server_hostname='localhost')
    writer.write(b'unix\n')
    assert await reader.readline() == b'unix\n'
    await _close(server, writer)


tests('/gproc/aio-tls', globals())
