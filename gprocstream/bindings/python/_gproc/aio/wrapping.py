# SPDX-License-Identifier: LGPL-2.1-or-later
"""aio.wrap and aio.wrap_process: asyncio's classes for GObjects that exist already."""

import asyncio

from gi.module import get_introspection_module
from gi.repository import Gio

from .reader import DEFAULT_LIMIT, StreamReader, check_limit
from .subprocess import InputProtocol, Process, ProcessTransport
from .transport import Transport
from .writer import StreamWriter

GProc = get_introspection_module('GProc')


def wrap(gobject, *, limit=DEFAULT_LIMIT):
    """A StreamReader for an input stream, a StreamWriter for an output stream, both for an
    I/O stream, such as a GProc.Stream or a connection of GIO.

    Bytes are read only while a coroutine waits for them, so GOBJECT can be read from in turns.
    """
    loop = asyncio.get_running_loop()
    if isinstance(gobject, Gio.IOStream):
        if not isinstance(gobject, GProc.Stream):
            gobject = GProc.Stream.new_for_io_stream(gobject)
        reader = wrap_reader(loop, gobject.get_stdout(), limit)
        writer = wrap_writer(loop, gobject.get_stdin())
        # The halves live as long as their stream.
        for half in reader, writer:
            if half is not None:
                half._owner = gobject
        return reader, writer
    if isinstance(gobject, Gio.InputStream):
        if not isinstance(gobject, GProc.Reader):
            gobject = GProc.Reader.new(gobject)
        return wrap_reader(loop, gobject, limit)
    if isinstance(gobject, Gio.OutputStream):
        if not isinstance(gobject, GProc.Writer):
            gobject = GProc.Writer.new(gobject)
        return wrap_writer(loop, gobject)
    raise TypeError(f'a stream of Gio or GProc was expected, not {type(gobject).__name__}')


def wrap_reader(loop, source, limit):
    return None if source is None else StreamReader(limit, loop, source=source)


def wrap_writer(loop, target):
    if target is None:
        return None
    protocol = InputProtocol(loop)
    transport = Transport(loop, protocol, writer=target, is_borrowed=True)
    transport.start()
    writer = StreamWriter(transport, protocol, None, loop)
    writer._is_lent = True
    return writer


def wrap_process(stream, *, limit=DEFAULT_LIMIT):
    """A Process for a GProc.Stream that a launcher, a container engine or another backend gave.

    The process and its streams are read and written through it alone from now on.
    """
    if not isinstance(stream, GProc.Stream):
        raise TypeError(f'a GProc.Stream was expected, not {type(stream).__name__}')
    loop = asyncio.get_running_loop()
    check_limit(limit)
    return Process(ProcessTransport(loop, stream, [], limit), loop)
