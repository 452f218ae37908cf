# SPDX-License-Identifier: LGPL-2.1-or-later
"""GObjects for streams whose bytes do not come straight from a descriptor: the plain text of TLS,
and what runs over a transport of asyncio's own.

A pair of sockets stands between them. It is made when a GObject is asked for, not before, and the
flow is held up through it: what nobody takes from one end stops the other.
"""

import asyncio
import socket

from gi.module import get_introspection_module

from .reader import gobject_limit
from .transport import Transport
from .writer import FlowControlMixin

GProc = get_introspection_module('GProc')


class _FromReader(FlowControlMixin):
    """Writes to the pair what the transport of a stream reader gives."""

    def __init__(self, loop, upstream):
        super().__init__(loop)
        self._upstream = upstream

    def pause_writing(self):
        super().pause_writing()
        self._upstream.pause_reading()

    def resume_writing(self):
        super().resume_writing()
        self._upstream.resume_reading()


class _ToWriter(asyncio.Protocol):
    """Gives the transport of a stream writer what comes out of the pair."""

    def __init__(self, writer):
        self._writer = writer
        self.transport = None

    def data_received(self, data):
        transport = self._writer.transport
        transport.write(data)
        protocol = self._writer._protocol
        if protocol._paused:
            self.transport.pause_reading()
            task = self._writer._loop.create_task(protocol._drain_helper())
            task.add_done_callback(self._drained)

    def _drained(self, task):
        if not task.cancelled() and task.exception() is not None:
            self.transport.abort()
        else:
            self.transport.resume_reading()

    def eof_received(self):
        transport = self._writer.transport
        if transport.can_write_eof():
            transport.write_eof()


def _pair():
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    return ours, theirs.detach()


def connect_reader(reader):
    """Gives READER, which is fed, a GProc.Reader that gets what it is fed."""
    if reader._transport is None or reader._waiter is not None:
        return
    ours, theirs = _pair()
    loop, upstream = reader._loop, reader._transport
    down = Transport(loop, _FromReader(loop, upstream), sock=ours,
                     writer=GProc.Writer.new_for_fd(ours.fileno(), False))
    down.write(bytes(reader._buffer))
    reader._data.clear()
    reader._bridge = down
    reader._source = GProc.Reader.new_for_fd(theirs, True)
    reader._source.set_limit(gobject_limit(reader._limit))
    reader._is_shared = True
    if reader._eof:
        down.close()
        reader._eof = False
    elif reader._paused:
        reader._paused = False
        upstream.resume_reading()


class _Through:
    """The GProc.Writer of a stream writer, and the transport that reads what is written to it."""

    def __init__(self, writer):
        ours, theirs = _pair()
        protocol = _ToWriter(writer)
        self.target = GProc.Writer.new_for_fd(theirs, True)
        self._transport = protocol.transport = Transport(
            writer._loop, protocol, sock=ours, reader=GProc.Reader.new_for_fd(ours.fileno(), False))
        self._transport.start()
        writer._protocol._get_close_waiter(writer).add_done_callback(self._close)

    def _close(self, _future):
        self._transport.abort()


def connect_writer(writer):
    return _Through(writer)
