# SPDX-License-Identifier: LGPL-2.1-or-later
"""aio.StreamWriter, and the protocols that join readers and writers with their transports."""

import asyncio
import collections
import inspect
import warnings

from .reader import StreamReader


class FlowControlMixin(asyncio.Protocol):
    """What drain () waits with."""

    def __init__(self, loop=None):
        self._loop = asyncio.get_event_loop() if loop is None else loop
        self._paused = False
        self._drain_waiters = collections.deque()
        self._connection_lost = False

    def pause_writing(self):
        assert not self._paused
        self._paused = True

    def resume_writing(self):
        assert self._paused
        self._paused = False
        for waiter in self._drain_waiters:
            if not waiter.done():
                waiter.set_result(None)

    def connection_lost(self, exc):
        self._connection_lost = True
        if not self._paused:
            return
        for waiter in self._drain_waiters:
            if not waiter.done():
                if exc is None:
                    waiter.set_result(None)
                else:
                    waiter.set_exception(exc)

    async def _drain_helper(self):
        if self._connection_lost:
            raise ConnectionResetError('Connection lost')
        if not self._paused:
            return
        waiter = self._loop.create_future()
        self._drain_waiters.append(waiter)
        try:
            await waiter
        finally:
            self._drain_waiters.remove(waiter)

    def _get_close_waiter(self, stream):
        raise NotImplementedError


class StreamReaderProtocol(FlowControlMixin):
    """Feeds a reader, and tells a plain function or a coroutine function of clients."""

    def __init__(self, stream_reader, client_connected_cb=None, loop=None):
        super().__init__(loop=loop)
        self._stream_reader = stream_reader
        self._client_connected_cb = client_connected_cb
        self._task = None
        self._transport = None
        self._over_ssl = False
        self._closed = self._loop.create_future()
        if stream_reader is not None:
            # What transports of ours call in place of data_received ().
            self._sink = stream_reader._feed

    def _replace_transport(self, transport):
        self._transport = transport
        self._over_ssl = transport.get_extra_info('sslcontext') is not None
        reader = self._stream_reader
        if reader is not None and self._over_ssl:
            reader._transport = transport
            reader._source = None
            reader._is_shared = False

    def connection_made(self, transport):
        self._transport = transport
        reader = self._stream_reader
        if reader is not None:
            reader.set_transport(transport)
        self._over_ssl = transport.get_extra_info('sslcontext') is not None
        if self._client_connected_cb is not None:
            # Nothing here keeps the writer: it belongs to who serves the client.
            try:
                result = self._client_connected_cb(
                    reader, StreamWriter(transport, self, reader, self._loop))
            except Exception as error:
                self._serving_failed(error)
                transport.close()
                return
            if inspect.iscoroutine(result) or asyncio.iscoroutine(result):
                self._task = self._loop.create_task(result)
                self._task.add_done_callback(self._client_done)

    def _client_done(self, task):
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._serving_failed(error)
        # A client that nobody serves any more is not left waiting.
        if self._transport is not None and (error is not None or task.cancelled()):
            self._transport.close()

    def _serving_failed(self, error):
        self._loop.call_exception_handler({
            'message': 'Unhandled exception in client_connected_cb',
            'exception': error,
            'transport': self._transport,
        })

    def connection_lost(self, exc):
        reader = self._stream_reader
        if reader is not None:
            reader._unshare()
            if exc is None:
                reader.feed_eof()
            else:
                reader.set_exception(exc)
        if not self._closed.done():
            if exc is None:
                self._closed.set_result(None)
            else:
                self._closed.set_exception(exc)
        super().connection_lost(exc)
        self._stream_reader = self._sink = None
        self._task = None
        self._transport = None

    def data_received(self, data):
        if self._stream_reader is not None:
            self._stream_reader.feed_data(data)

    def eof_received(self):
        if self._stream_reader is not None:
            self._stream_reader.feed_eof()
        # TLS has no half-closed state to stay in.
        return not self._over_ssl

    def _get_close_waiter(self, stream):
        return self._closed

    def __del__(self):
        # An exception that nobody asked for is no news: the reader has it too.
        closed = getattr(self, '_closed', None)
        if closed is not None and closed.done() and not closed.cancelled():
            closed.exception()


class StreamWriter:
    def __init__(self, transport, protocol, reader, loop):
        self._transport = transport
        self._protocol = protocol
        # drain () asks it whether the connection is broken.
        assert reader is None or isinstance(reader, StreamReader)
        self._reader = reader
        self._loop = loop
        self._bridge = None
        # Whether others write to the same, who close it.
        self._is_lent = False

    if hasattr(asyncio.StreamWriter, '__del__'):
        # That of Python 3.13 and later, which closes what nobody can write to any more.
        def __del__(self, _warn=warnings.warn):
            transport = getattr(self, '_transport', None)
            if transport is None or self._is_lent or transport.is_closing():
                return
            if self._loop.is_closed():
                _warn('loop is closed', ResourceWarning)
                return
            transport.close()
            _warn(f'unclosed {self!r}', ResourceWarning)

    def __repr__(self):
        info = [self.__class__.__name__, f'transport={self._transport!r}']
        if self._reader is not None:
            info.append(f'reader={self._reader!r}')
        return f'<{" ".join(info)}>'

    @property
    def transport(self):
        return self._transport

    @property
    def gobject(self):
        """The GProc.Writer that this writes to, for whatever takes a Gio.OutputStream.

        It may be used for longer than this object, so who has it has to close it.
        """
        self._is_lent = True
        target = getattr(self._transport, 'target', None)
        if target is not None:
            return target
        if self._bridge is None:
            from . import bridge
            self._bridge = bridge.connect_writer(self)
        return self._bridge.target

    def write(self, data):
        self._transport.write(data)

    def writelines(self, data):
        self._transport.writelines(data)

    def write_eof(self):
        return self._transport.write_eof()

    def can_write_eof(self):
        return self._transport.can_write_eof()

    def close(self):
        return self._transport.close()

    def is_closing(self):
        return self._transport.is_closing()

    async def wait_closed(self):
        await self._protocol._get_close_waiter(self)

    def get_extra_info(self, name, default=None):
        return self._transport.get_extra_info(name, default)

    async def drain(self):
        """Waits until the transport has taken enough for more to be written."""
        reader = self._reader
        if reader is not None and reader._exception is not None:
            raise reader._exception
        if self._transport.is_closing():
            # What is lost is told in the next turn of the loop: a caller that does nothing but
            # write and drain would never see it.
            await asyncio.sleep(0)
        protocol = self._protocol
        if protocol._paused or protocol._connection_lost:
            await protocol._drain_helper()

    async def start_tls(self, sslcontext, *, server_hostname=None, ssl_handshake_timeout=None,
                        ssl_shutdown_timeout=None):
        """Goes on with TLS on this connection."""
        from . import tls
        protocol = self._protocol
        server_side = getattr(protocol, '_client_connected_cb', None) is not None
        await self.drain()
        transport = await tls.start(
            self._loop, self._transport, protocol, sslcontext, server_side=server_side,
            server_hostname=server_hostname, ssl_handshake_timeout=ssl_handshake_timeout,
            ssl_shutdown_timeout=ssl_shutdown_timeout)
        self._transport = transport
        self._bridge = None
        protocol._replace_transport(transport)
