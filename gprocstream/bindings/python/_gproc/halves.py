# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the classes Reader and Writer get besides what introspection gives."""

from gi.repository import Gio, GLib

from . import convert, errors, files, lines, reading, writing
from .loops import forget
from .methods import Awaitable, add_awaitables, add_properties, guarded
from .native import GProc

# Reads, and what tells of the buffer: what an iterator keeps is given back before.
READER_METHODS = ('at_eof', 'fill', 'get_buffered', 'peek', 'read_exactly', 'read_line',
                  'read_line_utf8', 'read_some', 'try_read_line', 'try_read_some')
GIO_READER_METHODS = ('read', 'read_all', 'read_bytes', 'skip')
POLLABLE_READER_METHODS = ('create_source', 'is_readable', 'read_nonblocking')

WRITER_METHODS = ('drain', 'try_flush')
GIO_WRITER_METHODS = ('flush', 'splice', 'write', 'write_all', 'write_bytes', 'writev',
                      'writev_all')


class ReaderMethods:
    """Iterates over lines: bytes with their newline, the last one also without."""

    _native = GProc.Reader
    # What an iterator keeps of it, or what is under way. It decides about other operations.
    _held = None
    _is_closing = False
    # A weak reference to the standard input of the same process.
    _peer = None

    @classmethod
    def new(cls, base_stream):
        """`base_stream` is an input stream, or what has a `fileno ()` or can be read."""
        stream = files.input_stream(base_stream)
        return GProc.Reader.new(stream) if stream is base_stream or \
            not isinstance(stream, GProc.Reader) else stream

    def fileno(self):
        return files.fileno(self)

    def __iter__(self):
        return lines.lines(self, False, None, False, 'utf-8', 'strict', GLib.PRIORITY_DEFAULT)

    __aiter__ = __iter__

    def lines(self, *, text=False, separators=None, strip=False, encoding='utf-8',
              errors='strict', io_priority=GLib.PRIORITY_DEFAULT):
        """An iterator over lines, for `for` and for `async for`.

        With `text` they are str. `separators`, one or several, end a line in place of the newline;
        bytes may hold any byte. With `strip` lines come without what ended them. A line that
        cannot be decoded raises UnicodeDecodeError and stays, to be read as bytes. `io_priority`
        is that of the reads of `async for`, where the loop iterates a GLib main context.
        """
        return lines.lines(self, text, separators, strip, encoding, errors, io_priority)

    def chunks(self, *, text=False, size=reading.MAX_READ, encoding='utf-8', errors='strict',
               io_priority=GLib.PRIORITY_DEFAULT):
        """An iterator over what comes, as it comes, at most `size` bytes at a time."""
        return lines.chunks(self, size, text, encoding, errors, io_priority)

    def unread(self, data):
        """Puts `data`, bytes or GLib.Bytes, back in front of what is in the buffer."""
        held = self._held
        if held is not None:
            held.give_back(self)
        return GProc.Reader.unread(self, convert.glib_bytes(data))

    def close(self, cancellable=None):
        held = self._held
        if held is not None:
            held.interrupt(self)
        forget(self)
        return Gio.InputStream.close(self, cancellable)

    def _released(self):
        """The other thread is done with it."""

    def _push_peer(self, state):
        """What is queued for the process is written while its output is waited for."""
        peer = self._peer()
        if peer is not None and peer._held is None and writing.has_more(peer):
            writing.push(peer, state)


def _separators(separators, cancellable=None):
    return [GLib.Bytes.new(value) for value in convert.separators(separators)], cancellable


def _unread(reader, value):
    # In a callback of the loop of the library nothing else of the reader can be under way.
    if isinstance(value, GLib.Bytes):
        reading.unread(reader, value.get_data())


def _unread_line(reader, value):
    # Of text without its newline it cannot be told whether there was one: there was, unless the
    # stream is at its end.
    ended = b'' if reader._native.at_eof(reader) else b'\n'
    reading.unread(reader, value.encode() + ended)


def _expected(patterns, timeout_ms=-1, cancellable=None):
    return convert.patterns(patterns), convert.whole('timeout_ms', timeout_ms), cancellable


def _separator(value):
    return convert.separators([value])[0]


def _count(value):
    return [convert.count(value)]


def _unread_match(reader, value):
    reading.unread_match(reader, value)


def _itself(half, *_):
    return [half]


def complete_reader(kind):
    native = GProc.Reader
    for name in READER_METHODS:
        setattr(kind, name, guarded(getattr(native, name), name))
    for name in GIO_READER_METHODS:
        setattr(kind, name, guarded(getattr(Gio.InputStream, name), name))
    for name in POLLABLE_READER_METHODS:
        setattr(kind, name, guarded(getattr(Gio.PollableInputStream, name), name))
    kind.read_lines = guarded(
        native.read_lines, 'read_lines',
        lambda max_lines=0, cancellable=None: (max_lines, cancellable))
    kind.try_read_lines = guarded(native.try_read_lines, 'try_read_lines',
                                  lambda max_lines=0: (max_lines,))
    kind.read_to_end = guarded(native.read_to_end, 'read_to_end',
                               lambda limit=-1, cancellable=None: (limit, cancellable))
    kind.read_until = guarded(
        native.read_until, 'read_until',
        lambda separator, cancellable=None: (_separator(separator), cancellable))
    kind.read_until_any = guarded(native.read_until_any, 'read_until_any', _separators)
    kind.expect = guarded(native.expect, 'expect', _expected)
    kind.try_expect = guarded(native.try_expect, 'try_expect',
                              lambda patterns: (convert.patterns(patterns),))

    def awaitable(name, leading=(), defaults=(), undo=_unread, **keywords):
        return Awaitable(native, name, leading, defaults, undo=undo, halves=_itself, **keywords)

    add_awaitables(
        kind,
        awaitable('read_some', ['max_bytes'], plain=reading.read_some, convert=_count),
        awaitable('read_line', plain=reading.read_line),
        awaitable('read_line_utf8', plain=reading.read_line_utf8, undo=_unread_line),
        awaitable('read_lines', ['max_lines'], [0], plain=reading.read_lines, convert=_count),
        awaitable('read_exactly', ['count'], plain=reading.read_exactly, convert=_count),
        awaitable('read_until', ['separator'], plain=reading.read_until,
                  convert=lambda value: [_separator(value)]),
        awaitable('read_until_any', ['separators'], plain=reading.read_until_any,
                  convert=lambda values: _separators(values)[:1]),
        awaitable('expect', ['patterns', 'timeout_ms'], [-1], plain=reading.expect,
                  convert=lambda values, timeout_ms: _expected(values, timeout_ms)[:2],
                  undo=_unread_match),
        awaitable('read_to_end', ['limit'], [-1], plain=reading.read_to_end),
        awaitable('fill', ['count'], plain=reading.fill, undo=None, convert=_count),
        awaitable('read_bytes', ['count'], plain=reading.read_bytes, convert=_count),
        awaitable('skip', ['count'], plain=reading.skip, undo=None, convert=_count),
        Awaitable(native, 'close', plain=reading.close),
    )
    add_properties(kind, native)


class MatchMethods:
    """What Reader.expect found. A group of the pattern is match[number] or match[name]: bytes."""

    _native = GProc.Match

    def __getitem__(self, group):
        get = GProc.Match.get_named_group if isinstance(group, str) else GProc.Match.get_group
        value = get(self, group)
        return None if value is None else value.get_data() or b''


def complete_match(kind):
    add_properties(kind, GProc.Match)


class WriterMethods:
    """Takes bytes, bytearray, memoryview, and str, which is encoded as UTF-8."""

    _native = GProc.Writer
    _held = None
    # The task that writes what is queued to a base stream without a descriptor, while there is one.
    _flushing = None
    _is_closing = False
    # Whether an end was asked for that may not be out.
    _ends = False
    # Whether the queue was longer than the high watermark, and is not short enough yet.
    _paused = False
    # The turn of the loop in which something was written at once.
    _turn = -1

    @classmethod
    def new(cls, base_stream):
        """`base_stream` is an output stream, or what has a `fileno ()`."""
        stream = files.output_stream(base_stream)
        return GProc.Writer.new(stream) if stream is base_stream else stream

    def fileno(self):
        return files.fileno(self)

    def queue(self, data):
        """Queues `data`: str, bytes, bytearray, memoryview or GLib.Bytes. Never blocks."""
        if isinstance(data, GLib.Bytes):
            return self.queue_bytes(data)
        return self._queue(GProc.Writer.queue, convert.data(data))

    def queue_bytes(self, data):
        return self._queue(GProc.Writer.queue_bytes, convert.glib_bytes(data))

    def queuev(self, pieces):
        return self._queue(GProc.Writer.queuev, [convert.glib_bytes(piece) for piece in pieces])

    def _queue(self, native, data):
        held = self._held
        if held is not None:
            held.give_back(self)
        try:
            native(self, data)
        except GLib.Error as error:
            raise errors.translated(error) from None
        writing.queued(self)
        return True

    def write_eof(self):
        held = self._held
        if held is not None:
            held.give_back(self)
        try:
            result = GProc.Writer.write_eof(self)
        except GLib.Error as error:
            raise errors.translated(error) from None
        self._ends = True
        writing.queued(self)
        return result

    def close(self, cancellable=None):
        held = self._held
        if held is not None:
            held.interrupt(self)
        forget(self)
        try:
            return Gio.OutputStream.close(self, cancellable)
        except GLib.Error as error:
            raise errors.translated(error) from None

    def _released(self):
        """The other thread is done with it: what it left is written by the loop again."""
        writing.push_later(self)

    def abort(self):
        held = self._held
        if held is not None:
            held.interrupt(self)
        forget(self)
        GProc.Writer.abort(self)


def complete_writer(kind):
    native = GProc.Writer
    for name in WRITER_METHODS:
        setattr(kind, name, guarded(getattr(native, name), name))
    for name in GIO_WRITER_METHODS:
        setattr(kind, name, guarded(getattr(Gio.OutputStream, name), name))
    add_awaitables(
        kind,
        Awaitable(native, 'drain', plain=writing.drain, halves=_itself),
        Awaitable(native, 'flush', plain=writing.flush, halves=_itself),
        Awaitable(native, 'close', plain=writing.close),
        Awaitable(native, 'write_bytes', ['bytes'], halves=_itself,
                  convert=lambda value: [convert.glib_bytes(value)]),
        Awaitable(native, 'write', ['buffer'], halves=_itself,
                  convert=lambda value: [convert.data(value)]),
        Awaitable(native, 'write_all', ['buffer'], halves=_itself,
                  convert=lambda value: [convert.data(value)]),
        Awaitable(native, 'splice', ['source', 'flags'], [Gio.OutputStreamSpliceFlags.NONE],
                  halves=lambda writer, source, _: [writer, *is_half(source)]),
    )
    add_properties(kind, native)


def is_half(stream):
    """A list of STREAM, if it is a Reader or a Writer."""
    return [stream] if isinstance(stream, (GProc.Reader, GProc.Writer)) else []
