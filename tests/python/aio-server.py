#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""aio.open_connection and aio.start_server, with the programs of asyncio's documentation first."""

import asyncio as standard
import errno
import gc
import os
import socket
import struct
import tempfile
import warnings

from aio_harness import GProc, asyncio, descriptors, fails, tap, tcp_pair, tests


async def _echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def the_documented_echo_server_and_client():
    async def handle_echo(reader, writer):
        data = await reader.read(100)
        message = data.decode()
        addr = writer.get_extra_info('peername')
        assert message == 'Hello World!' and addr[0] == '127.0.0.1'
        writer.write(data)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(handle_echo, '127.0.0.1', 0)
    assert ', '.join(str(sock.getsockname()) for sock in server.sockets).startswith("('127.0.0.1'")

    async def tcp_echo_client(message):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(message.encode())
        await writer.drain()
        data = await reader.read(100)
        assert data.decode() == message
        writer.close()
        await writer.wait_closed()

    async with server:
        serving = asyncio.create_task(server.serve_forever())
        await tcp_echo_client('Hello World!')
        await asyncio.sleep(0)
        error = await fails(RuntimeError, server.serve_forever())
        assert 'already being awaited' in str(error)
        serving.cancel()
        await fails(asyncio.CancelledError, serving)
        assert not server.is_serving() and server.sockets == ()
    await fails(RuntimeError, server.serve_forever())


async def connections_are_gobjects():
    server, reader, writer = await tcp_pair(_echo)
    assert isinstance(reader.gobject, GProc.Reader) and isinstance(writer.gobject, GProc.Writer)
    # Both ways to use it, in turns.
    for number in range(100):
        writer.write(b'%d\n' % (2 * number))
        assert writer.gobject.queue(b'%d\n' % (2 * number + 1))
        writer.gobject.try_flush()
        assert await reader.readline() == b'%d\n' % (2 * number)
        assert await reader.readline() == b'%d\n' % (2 * number + 1)
    writer.close()
    await writer.wait_closed()
    assert reader.gobject.is_closed() or await reader.read() == b''
    server.close()


async def half_of_a_connection_is_closed():
    async def sum_up(reader, writer):
        data = await reader.read()
        assert reader.at_eof()
        writer.write(b'%d' % len(data))
        writer.close()

    server, reader, writer = await tcp_pair(sum_up)
    assert writer.can_write_eof()
    writer.write(bytes(3_000_000))
    writer.write_eof()
    try:
        writer.write(b'more')
    except RuntimeError as error:
        assert 'write_eof' in str(error)
    else:
        raise AssertionError('written after the end')
    assert await reader.read() == b'3000000'
    writer.close()
    await writer.wait_closed()
    server.close()


async def plain_functions_serve_too():
    served = asyncio.get_running_loop().create_future()

    def client_connected(reader, writer):
        writer.write(b'welcome\n')
        writer.close()
        served.set_result((reader, writer))

    server, reader, writer = await tcp_pair(client_connected)
    assert await reader.readline() == b'welcome\n' and await reader.readline() == b''
    await served
    writer.close()
    server.close()
    await server.wait_closed()


async def servers_start_when_told():
    server = await asyncio.start_server(_echo, '127.0.0.1', 0, start_serving=False)
    assert not server.is_serving() and server.get_loop() is asyncio.get_running_loop()
    address = server.sockets[0].getsockname()
    await fails(ConnectionRefusedError, asyncio.open_connection(*address))
    await server.start_serving()
    await server.start_serving()
    assert server.is_serving()
    _, writer = await asyncio.open_connection(*address)
    writer.close()
    server.close()
    server.close()
    await server.wait_closed()
    await fails(ConnectionRefusedError, asyncio.open_connection(*address))


async def unix_sockets_serve():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'socket')
        for _ in range(2):  # The second finds what the first left.
            server = await asyncio.start_unix_server(_echo, path)
            reader, writer = await asyncio.open_unix_connection(path)
            assert writer.get_extra_info('peername') == path
            writer.write(b'by unix\n')
            assert await reader.readline() == b'by unix\n'
            writer.close()
            await writer.wait_closed()
            server.close()
        error = await fails(ConnectionRefusedError, asyncio.open_unix_connection(path))
        assert error.errno == errno.ECONNREFUSED
        await fails(FileNotFoundError, asyncio.open_unix_connection(path + '2'))
        with open(path + '3', 'w', encoding='ascii'):
            pass
        error = await fails(OSError, asyncio.start_unix_server(_echo, path + '3'))
        assert error.errno == errno.EADDRINUSE
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    other_reader, other_writer = await asyncio.open_connection(sock=theirs)
    writer.write(b'a pair\n')
    assert await other_reader.readline() == b'a pair\n'
    writer.close()
    assert await other_reader.read() == b''
    other_writer.close()
    await other_writer.wait_closed()


async def the_keywords_are_honoured():
    server = await asyncio.start_server(_echo, ['127.0.0.1', '127.0.0.2'], 0,
                                        family=socket.AF_INET, backlog=5, reuse_address=True,
                                        reuse_port=True, limit=10)
    assert len(server.sockets) == 2
    sock = server.sockets[0]
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
    host, port = sock.getsockname()
    reader, writer = await asyncio.open_connection(
        host, port, limit=4, family=socket.AF_INET, proto=socket.IPPROTO_TCP, flags=0,
        local_addr=('127.0.0.3', 0), happy_eyeballs_delay=0.25, interleave=1)
    assert writer.get_extra_info('sockname')[0] == '127.0.0.3'
    assert writer.get_extra_info('peername') == (host, port)
    connection = writer.get_extra_info('socket')
    assert connection.family == socket.AF_INET and connection.getpeername() == (host, port)
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert writer.get_extra_info('sslcontext') is None
    assert writer.get_extra_info('nothing', 5) == 5
    writer.write(b'0123456789\n')
    await fails(ValueError, reader.readline())
    writer.close()
    await writer.wait_closed()
    server.close()
    listener = socket.create_server(('127.0.0.1', 0))
    address = listener.getsockname()
    server = await asyncio.start_server(_echo, sock=listener)
    sock = socket.create_connection(address)
    reader, writer = await asyncio.open_connection(sock=sock)
    writer.write(b'own sockets\n')
    assert await reader.readline() == b'own sockets\n'
    writer.close()
    await writer.wait_closed()
    server.close()


async def what_contradicts_itself_is_refused():
    first, second = socket.socketpair()
    datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with first, second, datagram:
        for call in (asyncio.open_connection(), asyncio.open_connection('a', 1, sock=first),
                     asyncio.open_connection(sock=datagram),
                     asyncio.open_connection('a', 1, server_hostname='a'),
                     asyncio.open_connection('a', 1, ssl_handshake_timeout=1),
                     asyncio.open_connection(ssl=True, sock=first),
                     asyncio.open_unix_connection(), asyncio.open_unix_connection(sock=datagram),
                     asyncio.open_unix_connection('a', sock=first),
                     asyncio.start_server(_echo), asyncio.start_server(_echo, 'a', sock=first),
                     asyncio.start_server(_echo, sock=datagram),
                     asyncio.start_server(_echo, 'a', 1, ssl_shutdown_timeout=1),
                     asyncio.start_unix_server(_echo),
                     asyncio.start_server(_echo, '127.0.0.1', 0, limit=0)):
            await fails(ValueError, call)
        for call in (asyncio.start_server(_echo, 'a', 1, ssl=True),
                     asyncio.open_connection('a', 1, ssl='yes')):
            await fails(TypeError, call)
        await fails(OSError, asyncio.start_server(_echo, '192.0.2.1', 0))


async def what_was_made_is_closed_where_it_fails():
    """At once: the traceback keeps what a function forgot, and otherwise collecting it warns."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ('one', 'two')]
        server = await asyncio.start_unix_server(_echo, paths[0])
        gc.collect()  # What earlier tests left is not closed in the middle.
        before = descriptors()
        for wrong in 'many', None, 1.5, 1 << 40:
            for call in (asyncio.start_server(_echo, ['127.0.0.1', '127.0.0.2'], 0, backlog=wrong),
                         asyncio.start_unix_server(_echo, paths[1], backlog=wrong)):
                error = await fails((TypeError, OverflowError), call)
                assert descriptors() == before, (wrong, error)
        for call in (asyncio.open_unix_connection(5), asyncio.open_unix_connection('a' * 200),
                     asyncio.open_unix_connection(paths[0], limit='long'),
                     asyncio.start_unix_server(_echo, 5),
                     asyncio.open_connection('127.0.0.1', 1, local_addr=('127.0.0.1', 1.5)),
                     asyncio.open_connection('127.0.0.1', 1, family='any')):
            error = await fails((TypeError, OSError), call)
            assert descriptors() == before, error
        server.close()


async def a_server_that_nobody_gets_does_not_serve():
    before = descriptors()
    for turns in range(20):
        task = asyncio.ensure_future(asyncio.start_server(_echo, '127.0.0.1', 0))
        for _ in range(turns):
            await asyncio.sleep(0)
        if task.done():
            task.result().close()
            break
        task.cancel()
        error = await fails(asyncio.CancelledError, task)
        assert descriptors() == before, (turns, error)
    else:
        raise AssertionError('it never began')
    assert turns > 1


async def a_socket_that_was_given_stays_with_its_owner():
    sock = socket.socket()
    sock.bind(('127.0.0.1', 0))
    await fails(TypeError, asyncio.start_server(_echo, sock=sock, backlog='many'))
    server = await asyncio.start_server(_echo, sock=sock)
    reader, writer = await asyncio.open_connection(*sock.getsockname())
    writer.write(b'served\n')
    assert await reader.readline() == b'served\n'
    writer.close()
    server.close()


async def the_next_address_is_tried():
    server = await asyncio.start_server(_echo, '127.0.0.1', 0)
    port = server.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    refusing = socket.socket()
    refusing.bind(('127.0.0.9', 0))

    async def getaddrinfo(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, '', (address, port))
                for address in ('127.0.0.9', '127.0.0.1')]

    original, loop.getaddrinfo = loop.getaddrinfo, getaddrinfo
    try:
        for delay in None, 0.001, 10:
            reader, writer = await asyncio.open_connection('name', port,
                                                           happy_eyeballs_delay=delay)
            assert writer.get_extra_info('peername')[0] == '127.0.0.1'
            writer.close()
            await writer.wait_closed()
        server.close()
        error = await fails(OSError, asyncio.open_connection('name', port))
        assert '127.0.0.9' in str(error) and '127.0.0.1' in str(error)
    finally:
        loop.getaddrinfo = original
        refusing.close()


async def two_hundred_clients_at_once():
    server = await asyncio.start_server(_echo, '127.0.0.1', 0)
    address = server.sockets[0].getsockname()

    async def client(number):
        reader, writer = await asyncio.open_connection(*address)
        data = b'%d\n' % number * 1000
        writer.write(data)
        writer.write_eof()
        assert await reader.read() == data
        writer.close()
        await writer.wait_closed()
        return number

    assert await asyncio.gather(*map(client, range(200))) == list(range(200))
    server.close()


async def many_writes_and_bytes_are_kept_in_order():
    server, reader, writer = await tcp_pair(_echo)

    async def write():
        for number in range(20_000):
            writer.write(b'%d\n' % number)
            if number % 100 == 0:
                await writer.drain()
        writer.write_eof()

    _, data = await asyncio.gather(write(), reader.read())
    assert data == b''.join(b'%d\n' % number for number in range(20_000))
    writer.close()
    await writer.wait_closed()
    server.close()


async def clients_are_closed_by_their_server():
    server, reader, writer = await tcp_pair(_echo)
    writer.write(b'served\n')
    assert await reader.readline() == b'served\n'
    server.close_clients()
    assert await reader.read() == b''
    other_reader, other_writer = await asyncio.open_connection(
        *server.sockets[0].getsockname())
    other_writer.write(b'served\n')
    assert await other_reader.readline() == b'served\n'
    server.abort_clients()
    assert await other_reader.read() == b''
    for stream in writer, other_writer:
        stream.close()
        await stream.wait_closed()
    server.close()


# Hostile peers

def _reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    sock.close()


async def _accepted(**keywords):
    """A connection of ours, and the socket at its other end, which nobody serves."""
    with socket.create_server(('127.0.0.1', 0)) as listener:
        reader, writer = await asyncio.open_connection(*listener.getsockname(), **keywords)
        peer, _ = listener.accept()
    return reader, writer, peer


async def a_reset_is_told_to_reader_and_writer():
    reader, writer, peer = await _accepted()
    waiting = asyncio.create_task(reader.readline())
    await asyncio.sleep(0)
    _reset(peer)
    await fails(ConnectionResetError, waiting)
    await fails(ConnectionResetError, reader.read())
    await fails(ConnectionResetError, writer.drain())
    assert isinstance(reader.exception(), ConnectionResetError) and writer.is_closing()
    assert reader.exception().errno == errno.ECONNRESET
    writer.close()
    await fails(ConnectionResetError, writer.wait_closed())


async def a_reset_is_told_to_who_only_writes():
    reader, writer, peer = await _accepted()
    _reset(peer)
    with_error = None
    for _ in range(1000):
        writer.write(b'data')
        try:
            await writer.drain()
        except ConnectionError as error:
            with_error = error
            break
    assert with_error is not None
    writer.close()


async def a_peer_that_never_reads_stops_drain_alone():
    reader, writer, peer = await _accepted()
    writer.write(bytes(20_000_000))
    size = writer.transport.get_write_buffer_size()
    assert size > 65536
    await fails(asyncio.TimeoutError, asyncio.wait_for(writer.drain(), 0.02))
    # Its bytes are not lost, and reading goes on meanwhile.
    peer.sendall(b'still here\n')
    assert await reader.readline() == b'still here\n'
    draining = asyncio.create_task(writer.drain())
    loop = asyncio.get_running_loop()
    peer.setblocking(False)
    received = 0
    while received < 20_000_000:
        received += len(await loop.sock_recv(peer, 1 << 20))
    await draining
    assert writer.transport.get_write_buffer_size() == 0
    # Closed with something unwritten: it is written first.
    writer.write(bytes(20_000_000))
    writer.close()
    while data := await loop.sock_recv(peer, 1 << 20):
        received += len(data)
    assert received == 40_000_000
    await writer.wait_closed()
    peer.close()


async def an_abort_drops_what_is_queued():
    reader, writer, peer = await _accepted()
    writer.write(bytes(20_000_000))
    writer.transport.abort()
    await writer.wait_closed()
    assert writer.is_closing() and await reader.read() == b''
    writer.write(b'ignored')
    await fails(ConnectionResetError, writer.drain())
    peer.close()


async def watermarks_are_kept():
    reader, writer, peer = await _accepted()
    writer.transport.set_write_buffer_limits(high=0)
    assert writer.transport.get_write_buffer_limits() == (0, 0)
    while writer.transport.get_write_buffer_size() == 0:
        writer.write(bytes(100_000))
    await fails(asyncio.TimeoutError, asyncio.wait_for(writer.drain(), 0.01))
    writer.transport.set_write_buffer_limits(low=1000)
    assert writer.transport.get_write_buffer_limits() == (1000, 4000)
    try:
        writer.transport.set_write_buffer_limits(high=1, low=2)
    except ValueError:
        pass
    else:
        raise AssertionError('a low mark above the high one')
    writer.transport.abort()
    peer.close()
    await writer.wait_closed()


async def a_peer_that_sends_all_at_once_is_held_up():
    reader, writer, peer = await _accepted(limit=1000)
    peer.setblocking(False)
    sending = asyncio.create_task(asyncio.get_running_loop().sock_sendall(peer, bytes(20_000_000)))
    while writer.transport.is_reading():
        await asyncio.sleep(0)
    assert writer.transport.source.get_bytes_read() <= 2000 + 2 ** 16 and not sending.done()
    assert await reader.readexactly(20_000_000) == bytes(20_000_000)
    await sending
    peer.close()
    assert await reader.read() == b''
    writer.close()
    await writer.wait_closed()


async def a_handler_that_fails_is_reported():
    problems = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))

    async def handler(reader, writer):
        raise ZeroDivisionError

    server, reader, writer = await tcp_pair(handler)
    assert await reader.read() == b''
    assert isinstance(problems[0]['exception'], ZeroDivisionError)
    writer.close()
    await writer.wait_closed()
    server.close()


async def ports_that_there_cannot_be_are_refused():
    """getaddrinfo () takes them modulo 65536, which is another port."""
    def handler(reader, writer):
        writer.close()

    for host in '127.0.0.1', '::1', 'localhost':
        for port in -1, 65536 + 4464:
            await fails(OverflowError, asyncio.open_connection(host, port))
            await fails(OverflowError, asyncio.start_server(handler, host, port))
    await fails(OverflowError, asyncio.open_connection('127.0.0.1', 1,
                                                       local_addr=('127.0.0.1', 70000)))


async def addresses_in_figures_are_not_looked_up():
    loop = asyncio.get_running_loop()

    async def getaddrinfo(*_, **__):
        raise AssertionError('it was looked up')

    loop.getaddrinfo = getaddrinfo
    server, reader, writer = await tcp_pair(lambda _, writer: writer.close())
    assert await reader.read() == b''
    writer.close()
    await writer.wait_closed()
    server.close()


async def a_server_needs_an_address():
    await fails(OSError, asyncio.start_server(lambda *_: None, [], 0))


async def half_closing_is_known_after_the_end():
    server, reader, writer = await tcp_pair(lambda _, writer: writer.close())
    assert writer.can_write_eof()
    writer.close()
    await writer.wait_closed()
    assert writer.can_write_eof()
    writer.write_eof()
    server.close()


async def a_reset_is_called_what_the_system_calls_it():
    reader, writer, peer = await _accepted()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    peer.close()
    error = await fails(ConnectionResetError, reader.read())
    assert error.errno == errno.ECONNRESET and error.strerror == os.strerror(errno.ECONNRESET)
    writer.close()


async def a_client_that_cannot_be_served_is_told_of_and_closed():
    def plain(_reader, _writer):
        raise ZeroDivisionError('plain')

    async def coroutine(_reader, _writer):
        raise ZeroDivisionError('coroutine')

    async def cancelled(_reader, _writer):
        raise asyncio.CancelledError

    told = []
    loop = asyncio.get_running_loop()
    original = loop._exception_handler
    loop.set_exception_handler(lambda _loop, context: told.append(context))
    try:
        for handler in plain, coroutine, cancelled:
            server, reader, writer = await tcp_pair(handler)
            assert await asyncio.wait_for(reader.read(), 20) == b''
            writer.close()
            await writer.wait_closed()
            server.close()
    finally:
        loop.set_exception_handler(original)
    assert [(context['message'], str(context['exception'])) for context in told] == [
        ('Unhandled exception in client_connected_cb', 'plain'),
        ('Unhandled exception in client_connected_cb', 'coroutine')], told
    assert all(context['transport'].is_closing() for context in told)


async def a_writer_that_nobody_has_is_closed_as_in_asyncio():
    if not hasattr(standard.StreamWriter, '__del__'):
        raise tap.Skip('that of this Python is not closed either')
    served = []

    async def serve(reader, writer):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            del writer
            gc.collect()
        served.append([str(warning.message) for warning in caught])
        assert await reader.read() == b''

    server, reader, writer = await tcp_pair(serve)
    assert await asyncio.wait_for(reader.read(), 20) == b''
    # Whoever has the GObject uses it on.
    target = writer.gobject
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        transport = writer.transport
        del writer
        gc.collect()
    assert not caught and not transport.is_closing() and not target.is_closed(), caught
    transport.close()
    server.close()
    (message,), = served
    assert message.startswith('unclosed <StreamWriter'), message


tests('/gproc/aio-server', globals())
