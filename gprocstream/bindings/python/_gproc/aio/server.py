# SPDX-License-Identifier: LGPL-2.1-or-later
"""aio.start_server, aio.start_unix_server and the Server they give."""

import asyncio
import collections.abc
import errno
import itertools
import os
import socket
import stat
import sys

from asyncio.trsock import TransportSocket

from . import tls
from .connections import check_socket, make_transport, resolve
from .reader import DEFAULT_LIMIT, StreamReader, check_limit
from .writer import StreamReaderProtocol

RETRY_DELAY = 1
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Server(asyncio.AbstractServer):
    def __init__(self, loop, sockets, callback, limit, context, backlog, timeouts):
        self._loop = loop
        self._sockets = sockets
        self._callback = callback
        self._limit = limit
        self._context = context
        self._backlog = backlog
        self._timeouts = timeouts
        self._clients = set()
        self._waiters = []
        self._serving = False
        self._serving_forever_fut = None
        self._handshakes = set()

    def __repr__(self):
        return f'<{self.__class__.__name__} sockets={self.sockets!r}>'

    def get_loop(self):
        return self._loop

    def is_serving(self):
        return self._serving

    @property
    def sockets(self):
        if self._sockets is None:
            return ()
        return tuple(TransportSocket(sock) for sock in self._sockets)

    async def start_serving(self):
        self._start()
        # What has come already is accepted first.
        await asyncio.sleep(0)

    def _start(self):
        if self._serving:
            return
        self._serving = True
        for sock in self._sockets:
            sock.listen(self._backlog)
            self._loop.add_reader(sock.fileno(), self._accept, sock)

    async def serve_forever(self):
        if self._serving_forever_fut is not None:
            raise RuntimeError(f'server {self!r} is already being awaited on serve_forever()')
        if self._sockets is None:
            raise RuntimeError(f'server {self!r} is closed')
        self._start()
        self._serving_forever_fut = self._loop.create_future()
        try:
            await self._serving_forever_fut
        except asyncio.CancelledError:
            try:
                self.close()
                await self.wait_closed()
            finally:
                raise
        finally:
            self._serving_forever_fut = None

    def close(self):
        sockets = self._release()
        if sockets is None:
            return
        for sock in sockets:
            sock.close()
        if self._serving_forever_fut is not None and not self._serving_forever_fut.done():
            self._serving_forever_fut.cancel()
            self._serving_forever_fut = None
        if not self._clients:
            self._wakeup()

    def _release(self):
        """Accepts nobody any more. Gives its sockets, which are still open."""
        sockets, self._sockets = self._sockets, None
        for sock in sockets or ():
            # One that was given closed has none.
            if sock.fileno() >= 0:
                self._loop.remove_reader(sock.fileno())
        self._serving = False
        return sockets

    def close_clients(self):
        """Closes all connections, once what is queued for them is written."""
        for transport in list(self._clients):
            transport.close()

    def abort_clients(self):
        """Closes all connections at once."""
        for transport in list(self._clients):
            transport.abort()

    async def wait_closed(self):
        # Up to Python 3.11 nothing is waited for once the server is closed.
        if self._waiters is None or self._sockets is None and sys.version_info < (3, 12):
            return
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        await waiter

    def _attach(self, transport):
        self._clients.add(transport)

    def _detach(self, transport):
        self._clients.discard(transport)
        if not self._clients and self._sockets is None:
            self._wakeup()

    def _wakeup(self):
        waiters, self._waiters = self._waiters, None
        for waiter in waiters or ():
            if not waiter.done():
                waiter.set_result(None)

    # Clients

    def _accept(self, listener):
        for _ in range(max(self._backlog, 1)):
            try:
                sock, _ = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in EXHAUSTED:
                    raise
                self._loop.call_exception_handler({
                    'message': 'socket.accept() out of system resource', 'exception': error,
                    'socket': TransportSocket(listener)})
                self._loop.remove_reader(listener.fileno())
                self._loop.call_later(RETRY_DELAY, self._accept_again, listener)
                return
            reader = StreamReader(limit=self._limit, loop=self._loop)
            protocol = StreamReaderProtocol(reader, self._callback, loop=self._loop)
            transport = make_transport(self._loop, sock, protocol, self)
            if self._context is None:
                self._loop.call_soon(self._made, protocol, transport)
            else:
                task = self._loop.create_task(self._shake_hands(protocol, transport))
                self._handshakes.add(task)
                task.add_done_callback(self._handshakes.discard)

    def _accept_again(self, listener):
        if self._serving:
            self._loop.add_reader(listener.fileno(), self._accept, listener)

    def _made(self, protocol, transport):
        try:
            protocol.connection_made(transport)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            transport.fail(error, 'Error on transport creation for incoming connection')
            return
        if transport.is_closing():
            return
        transport.start()

    async def _shake_hands(self, protocol, transport):
        try:
            plain = await tls.start(self._loop, transport, protocol, self._context,
                                    server_side=True, **self._timeouts)
        except asyncio.CancelledError:
            transport.abort()
            raise
        except Exception as error:
            # asyncio's protocol has told of it, except of what clients do every day.
            transport.close()
            if self._loop.get_debug():
                self._loop.call_exception_handler({
                    'message': 'Error on transport creation for incoming connection',
                    'exception': error, 'transport': transport, 'protocol': protocol})
            return
        try:
            protocol.connection_made(plain)
        except Exception as error:
            transport.fail(error, 'Error on transport creation for incoming connection')


async def _serve(loop, sockets, callback, limit, context, backlog, start_serving, timeouts,
                 are_given):
    server = Server(loop, sockets, callback, limit, context, backlog, timeouts)
    try:
        for sock in sockets:
            sock.setblocking(False)
        if start_serving:
            server._start()
            await asyncio.sleep(0)
    except BaseException:
        # Nobody gets the server. Only those who gave a socket can do something with it.
        if are_given:
            server._release()
        else:
            server.close()
        raise
    return server


async def start_server(client_connected_cb, host=None, port=None, *, limit=DEFAULT_LIMIT,
                       family=socket.AF_UNSPEC, flags=socket.AI_PASSIVE, sock=None, backlog=100,
                       ssl=None, reuse_address=None, reuse_port=None, keep_alive=None,
                       ssl_handshake_timeout=None, ssl_shutdown_timeout=None,
                       start_serving=True):
    """Calls CLIENT_CONNECTED_CB (reader, writer) for each client. The keywords are asyncio's."""
    loop = asyncio.get_running_loop()
    timeouts = {'ssl_handshake_timeout': ssl_handshake_timeout,
                'ssl_shutdown_timeout': ssl_shutdown_timeout}
    tls.check(ssl, True, **timeouts)
    check_limit(limit)
    if host is not None or port is not None:
        if sock is not None:
            raise ValueError('host/port and sock can not be specified at the same time')
        sockets = await _bind(loop, host, port, family, flags, reuse_address, reuse_port,
                              keep_alive)
    elif sock is None:
        raise ValueError('Neither host/port nor sock were specified')
    else:
        check_socket(sock)
        sockets = [sock]
    return await _serve(loop, sockets, client_connected_cb, limit, ssl, backlog, start_serving,
                        timeouts, are_given=sock is not None)


async def _bind(loop, host, port, family, flags, reuse_address, reuse_port, keep_alive):
    if host == '':
        hosts = [None]
    elif isinstance(host, str) or not isinstance(host, collections.abc.Iterable):
        hosts = [host]
    else:
        hosts = host
    found = await asyncio.gather(*(resolve(loop, host, port, family, 0, flags)
                                   for host in hosts))
    sockets = []
    try:
        for info in dict.fromkeys(itertools.chain.from_iterable(found)):
            sock = _bind_to(info, reuse_address is None or reuse_address, reuse_port, keep_alive)
            if sock is not None:
                sockets.append(sock)
        if not sockets:
            addresses = [info[4] for infos in found for info in infos]
            raise OSError(f'could not bind on any address out of {addresses}')
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    return sockets


def _bind_to(info, reuse_address, reuse_port, keep_alive):
    family, kind, proto, _, address = info
    try:
        sock = socket.socket(family, kind, proto)
    except OSError:
        return None  # A family that this kernel does not know.
    try:
        if reuse_address:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, True)
        if reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, True)
        if keep_alive:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, True)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, True)
        sock.bind(address)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRNOTAVAIL and family == socket.AF_INET6:
            return None  # The name has this address, but the machine does not.
        raise OSError(error.errno, f'error while attempting to bind on address {address!r}: '
                      f'{error.strerror.lower()}') from None
    except BaseException:
        sock.close()
        raise
    return sock


async def start_unix_server(client_connected_cb, path=None, *, limit=DEFAULT_LIMIT, sock=None,
                            backlog=100, ssl=None, ssl_handshake_timeout=None,
                            ssl_shutdown_timeout=None, start_serving=True, cleanup_socket=False):
    """Like start_server (), on a Unix socket."""
    loop = asyncio.get_running_loop()
    timeouts = {'ssl_handshake_timeout': ssl_handshake_timeout,
                'ssl_shutdown_timeout': ssl_shutdown_timeout}
    tls.check(ssl, True, **timeouts)
    check_limit(limit)
    if cleanup_socket:
        raise NotImplementedError('cleanup_socket is not supported: remove the socket yourself')
    is_given = path is None
    if not is_given:
        if sock is not None:
            raise ValueError('path and sock can not be specified at the same time')
        sock = _bind_unix(os.fspath(path))
    elif sock is None:
        raise ValueError('path was not specified, and no sock specified')
    elif sock.family != socket.AF_UNIX or sock.type != socket.SOCK_STREAM:
        raise ValueError(f'A UNIX Domain Stream Socket was expected, got {sock!r}')
    return await _serve(loop, [sock], client_connected_cb, limit, ssl, backlog, start_serving,
                        timeouts, are_given=is_given)


def _bind_unix(path):
    # What an earlier server left is in the way. An abstract name leaves nothing.
    if path[0] not in (0, '\x00'):
        try:
            if stat.S_ISSOCK(os.stat(path).st_mode):
                os.remove(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            print(f'Unable to check or remove stale UNIX socket {path!r}: {error!r}',
                  file=sys.stderr)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(path)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise OSError(errno.EADDRINUSE, f'Address {path!r} is already in use') from None
        raise
    except BaseException:
        sock.close()
        raise
    return sock
