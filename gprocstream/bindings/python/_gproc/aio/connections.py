# SPDX-License-Identifier: LGPL-2.1-or-later
"""aio.open_connection and aio.open_unix_connection."""

import asyncio
import os
import socket

from asyncio.trsock import TransportSocket
from gi.module import get_introspection_module

from . import tls
from .reader import DEFAULT_LIMIT, StreamReader, check_limit
from .transport import Transport
from .writer import StreamReaderProtocol, StreamWriter

GProc = get_introspection_module('GProc')


def make_transport(loop, sock, protocol, server=None):
    """A transport on a connected socket, which it closes in the end."""
    sock.setblocking(False)
    if sock.family in (socket.AF_INET, socket.AF_INET6) and sock.type == socket.SOCK_STREAM:
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        except OSError:
            pass  # MPTCP and the like may not know it.
    extra = {'socket': TransportSocket(sock)}
    for name, ask in ('sockname', sock.getsockname), ('peername', sock.getpeername):
        try:
            extra[name] = ask()
        except OSError:
            extra[name] = None
    fd = sock.fileno()
    return Transport(loop, protocol, reader=GProc.Reader.new_for_fd(fd, False),
                     writer=GProc.Writer.new_for_fd(fd, False), extra=extra, sock=sock,
                     server=server)


async def make_streams(loop, sock, limit, context, server_hostname, timeouts):
    reader = StreamReader(limit=limit, loop=loop)
    protocol = StreamReaderProtocol(reader, loop=loop)
    transport = make_transport(loop, sock, protocol)
    if context:
        # asyncio starts to read for the handshake itself.
        try:
            transport = await tls.start(loop, transport, protocol, context,
                                        server_hostname=server_hostname, **timeouts)
        except BaseException:
            transport.close()
            raise
        protocol.connection_made(transport)
    else:
        protocol.connection_made(transport)
        transport.start()
    return reader, StreamWriter(transport, protocol, reader, loop)


def check_socket(sock):
    if sock.type != socket.SOCK_STREAM:
        raise ValueError(f'A Stream Socket was expected, got {sock!r}')


def _check_hostname(context, server_hostname):
    if server_hostname is not None and not context:
        raise ValueError('server_hostname is only meaningful with ssl')


async def open_connection(host=None, port=None, *, limit=DEFAULT_LIMIT, ssl=None, family=0,
                          proto=0, flags=0, sock=None, local_addr=None, server_hostname=None,
                          ssl_handshake_timeout=None, ssl_shutdown_timeout=None,
                          happy_eyeballs_delay=None, interleave=None, all_errors=False):
    """Connects and gives (reader, writer). The keywords are those of asyncio."""
    loop = asyncio.get_running_loop()
    timeouts = {'ssl_handshake_timeout': ssl_handshake_timeout,
                'ssl_shutdown_timeout': ssl_shutdown_timeout}
    _check_hostname(ssl, server_hostname)
    tls.check(ssl, False, **timeouts)
    check_limit(limit)
    if server_hostname is None and ssl:
        if not host:
            raise ValueError('You must set server_hostname when using ssl without a host')
        server_hostname = host
    if sock is not None and (host is not None or port is not None):
        raise ValueError('host/port and sock can not be specified at the same time')
    if host is not None or port is not None:
        sock = await _connect(loop, host, port, family, proto, flags, local_addr,
                              happy_eyeballs_delay, interleave, all_errors)
    elif sock is None:
        raise ValueError('host and port was not specified and no sock specified')
    else:
        check_socket(sock)
    return await make_streams(loop, sock, limit, ssl, server_hostname, timeouts)


async def open_unix_connection(path=None, *, limit=DEFAULT_LIMIT, ssl=None, sock=None,
                               server_hostname=None, ssl_handshake_timeout=None,
                               ssl_shutdown_timeout=None):
    """Like open_connection (), to a Unix socket."""
    loop = asyncio.get_running_loop()
    timeouts = {'ssl_handshake_timeout': ssl_handshake_timeout,
                'ssl_shutdown_timeout': ssl_shutdown_timeout}
    if ssl:
        if server_hostname is None:
            raise ValueError('you have to pass server_hostname when using ssl')
    else:
        _check_hostname(ssl, server_hostname)
    tls.check(ssl, False, **timeouts)
    check_limit(limit)
    if path is not None:
        if sock is not None:
            raise ValueError('path and sock can not be specified at the same time')
        address = os.fspath(path)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        await _connect_socket(loop, sock, address)
    elif sock is None:
        raise ValueError('no path and sock were specified')
    elif sock.family != socket.AF_UNIX or sock.type != socket.SOCK_STREAM:
        raise ValueError(f'A UNIX Domain Stream Socket was expected, got {sock!r}')
    return await make_streams(loop, sock, limit, ssl, server_hostname, timeouts)


async def _connect_socket(loop, sock, address):
    try:
        sock.setblocking(False)
        await loop.sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise


def _numeric(host, port, family, proto):
    """What getaddrinfo () would give for an address in figures, None if HOST is none.

    It takes no other thread then, and a port that there cannot be is not taken modulo 65536.
    """
    if not isinstance(host, str) or '%' in host or not isinstance(port, int):
        return None
    if proto not in (0, socket.IPPROTO_TCP):
        return None
    for kind in (socket.AF_INET, socket.AF_INET6) if family == socket.AF_UNSPEC else (family,):
        if kind not in (socket.AF_INET, socket.AF_INET6):
            return None
        try:
            socket.inet_pton(kind, host)
        except (OSError, ValueError):
            continue
        address = (host, port) if kind == socket.AF_INET else (host, port, 0, 0)
        return [(kind, socket.SOCK_STREAM, socket.IPPROTO_TCP, '', address)]
    return None


async def resolve(loop, host, port, family, proto, flags):
    infos = _numeric(host, port, family, proto)
    if infos is not None:
        return infos
    if isinstance(port, int) and not 0 <= port <= 65535:
        raise OverflowError('port must be 0-65535.')
    infos = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM,
                                   proto=proto, flags=flags)
    if not infos:
        raise OSError(f'getaddrinfo({host!r}) returned empty list')
    return infos


def _interleave(infos, first_count):
    """Families in turns, FIRST_COUNT of the first family first."""
    groups = {}
    for info in infos:
        groups.setdefault(info[0], []).append(info)
    groups = list(groups.values())
    result = groups[0][:first_count - 1]
    groups[0] = groups[0][first_count - 1:]
    while any(groups):
        for group in groups:
            if group:
                result.append(group.pop(0))
    return result


async def _connect(loop, host, port, family, proto, flags, local_addr, delay, interleave,
                   all_errors):
    infos = await resolve(loop, host, port, family, proto, flags)
    local_infos = None
    if local_addr is not None:
        local_infos = await resolve(loop, *local_addr, family, proto, flags)
    if interleave is None:
        interleave = 0 if delay is None else 1
    if interleave:
        infos = _interleave(infos, interleave)

    errors = []
    if delay is None or len(infos) == 1:
        for info in infos:
            try:
                return await _connect_to(loop, info, local_infos)
            except OSError as error:
                errors.append(error)
    else:
        sock = await _connect_staggered(loop, infos, local_infos, delay, errors)
        if sock is not None:
            return sock
    try:
        if all_errors:
            raise ExceptionGroup('create_connection failed', errors)  # noqa: F821
        if len(errors) == 1 or all(str(error) == str(errors[0]) for error in errors):
            raise errors[0]
        raise OSError('Multiple exceptions: ' + ', '.join(map(str, errors)))
    finally:
        errors.clear()


async def _connect_to(loop, info, local_infos):
    family, kind, proto, _, address = info
    sock = socket.socket(family=family, type=kind, proto=proto)
    try:
        if local_infos is not None:
            _bind_locally(sock, family, local_infos)
        sock.setblocking(False)
        await loop.sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


def _bind_locally(sock, family, local_infos):
    problem = None
    for local_family, _, _, _, address in local_infos:
        if local_family != family:
            continue
        try:
            sock.bind(address)
            return
        except OSError as error:
            problem = OSError(error.errno, 'error while attempting to bind on address '
                              f'{address!r}: {error.strerror.lower()}')
    raise problem or OSError(f'no matching local address with {family=} found')


async def _connect_staggered(loop, infos, local_infos, delay, errors):
    """Begins with the next address while the earlier ones are still being tried."""
    waiting = list(infos)
    running = set()
    try:
        while waiting or running:
            if waiting:
                running.add(loop.create_task(_connect_to(loop, waiting.pop(0), local_infos)))
            done, running = await asyncio.wait(running, timeout=delay if waiting else None,
                                               return_when=asyncio.FIRST_COMPLETED)
            winners = []
            for task in done:
                if task.exception() is None:
                    winners.append(task.result())
                elif isinstance(task.exception(), OSError):
                    errors.append(task.exception())
                else:
                    raise task.exception()
            if winners:
                for sock in winners[1:]:
                    sock.close()
                return winners[0]
        return None
    finally:
        for task in running:
            task.cancel()
        for result in await asyncio.gather(*running, return_exceptions=True):
            if isinstance(result, socket.socket):
                result.close()
