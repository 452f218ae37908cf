# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a Reader awaits on a loop that iterates no GLib main context.

Bytes are collected without waiting, and go back to the buffer when there are enough of them: then
the call of the library itself gives the result, or the error, without having to wait.
"""

import asyncio
import functools

from gi.repository import Gio, GLib

from . import waiting
from .native import GProc

MAX_READ = 1 << 18


def unread(reader, data):
    if data:
        try:
            reader._native.unread(reader, GLib.Bytes.new(data))
        except GLib.Error as error:
            # When it was closed meanwhile, what it held is gone with it.
            if not error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CLOSED):
                raise


async def once(reader, name, *arguments):
    """The bytes that try_NAME gives; what a cancelled task does not get is read next."""
    function = getattr(reader._native, 'try_' + name)
    state = waiting.current()
    watch = state.readers.get(reader)
    if (watch is not None and reader._held is None and not watch.waits
            and reader._native.get_buffered(reader) == 0):
        # One wait follows another, and nothing has come yet: the usual case, and a short way.
        state.eager = 0
        if reader._peer is not None:
            reader._push_peer(state)
        reader._held = waiting.WAITING
        try:
            result = await waiting.wait_on(watch, functools.partial(function, reader, *arguments))
        except waiting.Dropped as dropped:
            reader._held = None
            _unread_value(reader, dropped.args[0])
            raise asyncio.CancelledError() from None
        finally:
            if reader._held is waiting.WAITING:
                reader._held = None
        if result is not None:
            return result[0]
    return await waiting.attempt(reader, lambda: function(reader, *arguments),
                                 lambda value: _unread_value(reader, value))


def _unread_value(reader, value):
    if value is not None:
        unread(reader, value.get_data())


async def read_some(reader, count):
    return await once(reader, 'read_some', count)


async def read_line(reader):
    return await once(reader, 'read_line')


async def read_lines(reader, max_lines):
    return await once(reader, 'read_lines', max_lines)


async def read_bytes(reader, count):
    """GInputStream's: empty bytes are the end."""
    value = await once(reader, 'read_some', count)
    return GLib.Bytes.new(b'') if value is None else value


async def skip(reader, count):
    value = await once(reader, 'read_some', count)
    return 0 if value is None else value.get_size()


async def _collect(reader, is_enough, function):
    """FUNCTION (), once IS_ENOUGH (piece, count of all bytes) or the end has come."""
    held = reader._held
    if held is not None:
        held.give_back(reader)
    pieces = []
    length = 0
    reader._held = waiting.WAITING
    try:
        while True:
            piece = await waiting.attempt_more(
                reader, lambda: reader._native.try_read_some(reader, MAX_READ), pieces.append)
            if piece is None:
                break
            pieces.append(piece)
            length += piece.get_size()
            if is_enough(piece.get_data(), length):
                break
    finally:
        if reader._held is waiting.WAITING:
            reader._held = None
        unread(reader, b''.join(piece.get_data() for piece in pieces))
    return function()


async def read_exactly(reader, count):
    if count == 0:
        return reader._native.read_exactly(reader, 0, None)
    return await _collect(reader, lambda _, length: length >= count,
                          lambda: reader._native.read_exactly(reader, count, None))


async def fill(reader, count):
    if count == 0:
        return reader._native.fill(reader, 0, None)
    return await _collect(reader, lambda _, length: length >= count,
                          lambda: reader._native.fill(reader, count, None))


async def read_to_end(reader, limit):
    return await _collect(reader, lambda _, length: 0 <= limit < length,
                          lambda: reader._native.read_to_end(reader, limit, None))


async def read_line_utf8(reader):
    return await _until(reader, [b'\n'], 'read_line_utf8')


async def read_until(reader, separator):
    return await _until(reader, [separator], 'read_until', separator)


async def read_until_any(reader, separators):
    values = [separator.get_data() for separator in separators]
    return await _until(reader, values, 'read_until_any', separators)


async def _until(reader, separators, name, *arguments):
    kind = reader._native
    if kind.get_limit_policy(reader) in (GProc.LimitPolicy.TRUNCATE, GProc.LimitPolicy.SKIP):
        # How much that reads does not depend on what is in the buffer alone.
        start, finish = getattr(kind, name + '_async'), getattr(kind, name + '_finish')
        return await waiting.call(lambda *rest: start(reader, *arguments, *rest),
                                  lambda result: finish(reader, result), GLib.PRIORITY_DEFAULT,
                                  halves=[reader])

    longest = max(map(len, separators))
    limit = kind.get_limit(reader) + longest
    tail = b''

    def is_enough(piece, length):
        nonlocal tail
        data = tail + piece
        # A separator may have come in parts.
        tail = data[max(0, len(data) - longest + 1):]
        return length > limit or any(separator in data for separator in separators)

    return await _collect(reader, is_enough,
                          lambda: getattr(kind, name)(reader, *arguments, None))


def unread_match(reader, value):
    if value is not None:
        data = [part.get_data() or b'' for part in (value.get_before(), value.get_matched())]
        unread(reader, b''.join(data))


async def expect(reader, patterns, timeout_ms):
    kind = reader._native
    search = waiting.attempt(reader, lambda: kind.try_expect(reader, patterns),
                             lambda value: unread_match(reader, value))
    if timeout_ms < 0:
        return await search
    try:
        return await asyncio.wait_for(search, timeout_ms / 1000)
    except asyncio.TimeoutError:
        # What was held back is decided by what is there.
        return kind.expect(reader, patterns, 0, None)


async def close(reader):
    return reader.close(None)
