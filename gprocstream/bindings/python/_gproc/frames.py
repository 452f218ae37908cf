# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the classes Demuxer and Muxer get besides what introspection gives."""

from gi.repository import GLib

from . import convert, errors, files, waiting
from .loops import forget
from .methods import Awaitable, add_awaitables, add_properties, give_back, wrapped
from .native import GProc


def _frame(found):
    """(number, bytes), or None at the end."""
    number, data = found
    return None if number < 0 else (number, data)


def _bytes(frame):
    return frame if frame is None else (frame[0], frame[1].get_data() or b'')


async def _read_frame(demuxer):
    """On a loop that iterates no GLib main context."""
    while True:
        try:
            return GProc.Demuxer.try_read_frame(demuxer)
        except GLib.Error as error:
            if not errors.would_block(error):
                raise
        fd = GProc.Demuxer.get_fd(demuxer)
        if fd >= 0:
            await waiting.descriptor_readable(demuxer, fd)
        else:
            return await waiting.call(lambda *rest: GProc.Demuxer.read_frame_async(demuxer, *rest),
                                      lambda result: GProc.Demuxer.read_frame_finish(demuxer, result),
                                      GLib.PRIORITY_DEFAULT)


class Frames:
    """Iterates over frames, with `for` and with `async for`: (number, bytes)."""

    def __init__(self, demuxer):
        self.demuxer = demuxer

    def __iter__(self):
        return self

    def __next__(self):
        frame = _bytes(self.demuxer.read_frame())
        if frame is None:
            raise StopIteration
        return frame

    def __aiter__(self):
        return self

    async def __anext__(self):
        frame = _bytes(await self.demuxer.read_frame_async())
        if frame is None:
            raise StopAsyncIteration
        return frame


class DemuxerMethods:
    """Iterates over frames: (1 or 2, bytes), in the order in which they came."""

    _native = GProc.Demuxer

    @classmethod
    def new(cls, base_stream):
        """`base_stream` is an input stream, or what has a `fileno ()` or can be read."""
        return GProc.Demuxer.new(files.input_stream(base_stream))

    def __iter__(self):
        return Frames(self)

    __aiter__ = __iter__

    def fileno(self):
        return files.fileno(self)

    def close(self, cancellable=None):
        give_back(self.get_stdout(), self.get_stderr())
        forget(self)
        try:
            return GProc.Demuxer.close(self, cancellable)
        except GLib.Error as error:
            raise errors.translated(error) from None


def complete_demuxer(kind):
    native = GProc.Demuxer
    for name in 'read_frame', 'try_read_frame':
        setattr(kind, name, wrapped(
            getattr(native, name), name, value=_frame,
            convert=(lambda cancellable=None: (cancellable,)) if name == 'read_frame' else None))
    add_awaitables(kind, Awaitable(native, 'read_frame', plain=_read_frame, value=_frame))
    add_properties(kind, native)


class MuxerMethods:
    """Takes bytes, bytearray, memoryview, GLib.Bytes, and str, which is encoded as UTF-8."""

    _native = GProc.Muxer

    @classmethod
    def new(cls, base_stream):
        """`base_stream` is an output stream, or what has a `fileno ()`."""
        return GProc.Muxer.new(files.output_stream(base_stream))

    def queue(self, stream_number, data):
        """Queues a frame. Never blocks."""
        return self.queue_bytes(stream_number, data)


def _numbered(number, data, *rest):
    return (number, convert.glib_bytes(data), *rest)


def complete_muxer(kind):
    native = GProc.Muxer
    kind.queue_bytes = wrapped(native.queue_bytes, 'queue_bytes',
                               lambda stream_number, bytes: _numbered(stream_number, bytes))
    kind.write_frame = wrapped(
        native.write_frame, 'write_frame',
        lambda stream_number, bytes, cancellable=None: _numbered(stream_number, bytes, cancellable))
    add_awaitables(kind, Awaitable(native, 'write_frame', ['stream_number', 'bytes'],
                                   convert=lambda number, data: list(_numbered(number, data)),
                                   halves=lambda muxer, *_: [muxer.get_writer()]))
    add_properties(kind, native)
