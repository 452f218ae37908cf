# SPDX-License-Identifier: LGPL-2.1-or-later
"""aio.StreamReader: asyncio's, on a GProc.Reader.

Bytes are in one of three places, in this order: lines that were split ahead, the buffer, and the
GProc.Reader. Who takes the GProc.Reader (`gobject`) gets what was read ahead back into it, and
from then on the stream reader keeps nothing between two reads, so that both can be used in turns.
"""

import asyncio

from gi.module import get_introspection_module
from gi.repository import Gio, GLib

from .. import waiting
from .errors import IncompleteReadError, LimitOverrunError, data_of, is_pending, os_error
from .waiter import Waiter

GProc = get_introspection_module('GProc')

DEFAULT_LIMIT = 2 ** 16
MAX_READ = 256 * 1024

# After so many readline () in a row, so much of the buffer is split into lines at once.
STREAK_BEFORE_SPLIT = 3
SPLIT_SIZE = 32 * 1024


def check_limit(limit):
    if limit <= 0:
        raise ValueError('Limit cannot be <= 0')


def gobject_limit(limit):
    """The one of a GProc.Reader for LIMIT, which for asyncio may be any number."""
    return max(1, int(min(GLib.MAXINT64, limit)))


class _Pull:
    """Stands for the future of a read that waits for the GProc.Reader itself."""

    @staticmethod
    def cancelled():
        return True


_PULL = _Pull()


class StreamReader:
    _source_traceback = None

    def __init__(self, limit=DEFAULT_LIMIT, loop=None, *, source=None):
        check_limit(limit)
        self._limit = limit
        self._loop = asyncio.get_event_loop() if loop is None else loop
        self._data = bytearray()
        self._lines = []      # Split ahead, the next one last.
        self._streak = 0      # How many readline () followed each other.
        self._whole = None    # A block that goes to read () as it came.
        self._wants_whole = 0
        self._eof = False
        self._waiter = None
        self._exception = None
        self._transport = None
        self._paused = False
        self._source = source
        self._bridge = None   # Where all goes that is fed, when the source is the end of a bridge.
        # Whether the source is read only while someone waits, as others may read it too.
        self._is_shared = source is not None

    def __repr__(self):
        info = ['StreamReader']
        size = self._size()
        if size:
            info.append(f'{size} bytes')
        if self._eof:
            info.append('eof')
        if self._limit != DEFAULT_LIMIT:
            info.append(f'limit={self._limit}')
        if self._waiter:
            info.append(f'waiter={self._waiter!r}')
        if self._exception:
            info.append(f'exception={self._exception!r}')
        if self._transport:
            info.append(f'transport={self._transport!r}')
        if self._paused:
            info.append('paused')
        return f'<{" ".join(info)}>'

    @property
    def gobject(self):
        """The GProc.Reader that this reads from, for whatever takes a Gio.InputStream.

        None if there is none: this reader is fed by hand.
        """
        if self._source is None:
            from . import bridge
            bridge.connect_reader(self)
        elif not self._is_shared and self._waiter is None:
            self._share()
        return self._source

    def _share(self):
        """What was read ahead goes back; nothing is read ahead any more."""
        self._is_shared = True
        if self._source.is_closed():
            # The connection is gone, but what it left is not.
            rest = GLib.Bytes.new(bytes(self._buffer))
            self._source = GProc.Reader.new(Gio.MemoryInputStream.new_from_bytes(rest))
            self._source.set_limit(gobject_limit(self._limit))
            self._data.clear()
            self._transport = None
            self._eof = False
            return
        if self._transport is not None:
            self._transport.pause_reading()
        self._give_back()

    def _unshare(self):
        """The source is about to be closed."""
        if self._bridge is not None:
            return
        # Who waits for it right now has all of it already.
        if self._is_shared and self._waiter is not _PULL and not self._source.is_closed():
            self._take_back()
        self._is_shared = False

    def _give_back(self):
        data = self._buffer
        if not data:
            return
        try:
            self._source.unread(GLib.Bytes.new(bytes(data)))
        except GLib.Error:
            return  # It is closed, and this reader has the rest.
        data.clear()

    def _yield_to_tls(self):
        """What was read ahead is for who reads from the transport next, which is not paused."""
        if self._source is not None and self._bridge is None:
            self._give_back()
            self._paused = False

    def _take_back(self):
        count = self._source.get_buffered()
        if count > 0:
            self._buffer.extend(data_of(self._source.try_read_some(count)))

    # What feeds it

    @property
    def _buffer(self):
        """All that was read ahead, in one bytearray."""
        if self._lines or self._whole is not None:
            self._merge()
        return self._data

    def _merge(self):
        lines = self._lines
        lines.reverse()
        if self._whole is not None:
            lines.append(self._whole)
            self._whole = None
        self._data[:0] = b''.join(lines)
        lines.clear()
        self._streak = 0

    def _size(self):
        size = len(self._data) + sum(map(len, self._lines))
        return size if self._whole is None else size + len(self._whole)

    def exception(self):
        return self._exception

    def set_exception(self, exc):
        self._exception = exc
        if self._bridge is not None:
            self._bridge.abort()
        waiter = self._waiter
        if waiter is not None and waiter is not _PULL:
            self._waiter = None
            if not waiter.cancelled():
                waiter.set_exception(exc)

    def _wakeup_waiter(self):
        waiter = self._waiter
        if waiter is not None and waiter is not _PULL:
            self._waiter = None
            if not waiter.cancelled():
                waiter.set_result(None)

    def set_transport(self, transport):
        assert self._transport is None, 'Transport already set'
        self._transport = transport
        if self._source is None:
            self._source = getattr(transport, 'source', None)

    def _maybe_resume_transport(self):
        if self._paused and not self._is_shared and self._size() <= self._limit:
            self._paused = False
            self._transport.resume_reading()

    def feed_eof(self):
        if self._bridge is not None:
            self._bridge.close()
            return
        self._eof = True
        self._wakeup_waiter()

    def at_eof(self):
        """Whether the buffer is empty and the end has come."""
        if self._is_shared and not self._eof:
            return not self._size() and self._source.at_eof()
        if self._data or self._lines or self._whole is not None:
            return False
        return self._eof and not (self._is_shared and self._source.get_buffered())

    def feed_data(self, data):
        assert not self._eof, 'feed_data after feed_eof'
        if data:
            if self._bridge is not None:
                self._bridge.write(data)
                return
            self._store(data)
            self._wakeup_waiter()

    def _feed(self, data):
        """Like feed_data (), for callbacks of the loop. It may run who waits: it comes last."""
        if self._bridge is not None:
            self._bridge.write(data)
            return
        if self._wants_whole or len(data) > self._limit:
            self._store(data)
        else:
            self._data += data
            if len(self._data) > 2 * self._limit:
                self._hold_up()
        waiter = self._waiter
        if waiter is not None and waiter is not _PULL:
            self._waiter = None
            if waiter._state == 0:
                waiter.wake()

    def _store(self, data):
        size = len(data)
        if size <= self._wants_whole and self._whole is None and type(data) is bytes:
            self._whole = data
            size = 0
        else:
            self._data += data
            size = len(self._data)
        # Only the first piece that comes is the one that is waited for.
        self._wants_whole = 0
        if size > 2 * self._limit:
            self._hold_up()

    def _hold_up(self):
        if self._transport is not None and not self._paused:
            try:
                self._transport.pause_reading()
            except NotImplementedError:
                # It cannot be paused: all has to be kept.
                self._transport = None
            else:
                self._paused = True

    async def _wait_for_data(self, func_name):
        if self._waiter is not None:
            raise RuntimeError(f'{func_name}() called while another coroutine is '
                               'already waiting for incoming data')
        assert not self._eof, '_wait_for_data after EOF'

        if self._is_shared:
            await self._pull()
            return
        if self._paused:
            # A read of more than the limit would wait for ever.
            self._paused = False
            self._transport.resume_reading()
        self._waiter = Waiter(self._loop)
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def _pull(self):
        source = self._source
        self._waiter = _PULL
        try:
            block = await waiting.attempt(source, lambda: source.try_read_some(MAX_READ),
                                          source.unread)
        except GLib.Error as error:
            if is_pending(error):
                raise RuntimeError('read() called while the GObject is being read') from error
            if self._exception is None and (self._eof or self._transport is not None and
                                            self._transport.is_closing()):
                self._eof = True  # It was closed here, which is an end like any other.
                return
            self._pull_failed(os_error(error))
            raise self._exception from None
        finally:
            self._waiter = None
        if block is not None:
            self._data += data_of(block)
        elif self._exception is not None:
            raise self._exception
        elif self._transport is not None and self._bridge is None:
            self._transport._on_end()
            self._eof = True
        else:
            self._eof = True

    def _pull_failed(self, error):
        if self._exception is None:
            self._exception = error
        if self._transport is not None and self._bridge is None:
            self._transport.fail(error, 'Fatal read error on transport')

    async def _with_source(self, function, *arguments):
        """Runs one read while others may use the source before and after."""
        if self._waiter is None:
            self._take_back()
        try:
            return await function(*arguments)
        finally:
            if self._waiter is None:
                self._give_back()

    # Reading

    async def readline(self):
        """A line with its newline; at the end what is left, then nothing.

        A line longer than the limit is a ValueError. It is dropped, or if its end has not come
        all that has.
        """
        lines = self._lines
        if lines and self._exception is None:
            line = lines.pop()
            if not lines and self._paused:
                self._maybe_resume_transport()
            return line
        if self._is_shared:
            return await self._with_source(self._readline)
        data = self._buffer
        if not data and self._waiter is None and not (self._eof or self._paused or
                                                      self._exception):
            # What _wait_for_data () does, with less around it: this is where a dialogue waits.
            self._waiter = Waiter(self._loop)
            try:
                await self._waiter
            finally:
                self._waiter = None
        end = data.find(b'\n')
        if end >= 0 and end == len(data) - 1 and end <= self._limit and not (self._paused or
                                                                             self._exception):
            line = bytes(data)
            data.clear()
            return line
        return await self._readline()

    async def _readline(self):
        if self._exception is not None:
            raise self._exception
        data = self._buffer
        end = data.find(b'\n')
        if 0 <= end <= self._limit:
            self._streak += 1
            if self._streak > STREAK_BEFORE_SPLIT and not self._is_shared:
                line = self._split(end)
            else:
                line = bytes(data[:end + 1])
                del data[:end + 1]
            if self._paused:
                self._maybe_resume_transport()
            return line
        try:
            return await self._until((b'\n',), len(data) if end < 0 else 0)
        except IncompleteReadError as error:
            return error.partial
        except LimitOverrunError as error:
            data = self._buffer
            if data.startswith(b'\n', error.consumed):
                del data[:error.consumed + 1]
            else:
                data.clear()
            self._maybe_resume_transport()
            raise ValueError(error.args[0]) from error

    def _split(self, first):
        """Splits whole lines off the buffer, of which the first ends at FIRST, and gives that."""
        data = self._data
        end = data.rfind(b'\n', first, max(SPLIT_SIZE, first + 1)) + 1
        block = bytes(data[:end])
        lines = block.split(b'\n')
        lines.pop()
        if end > self._limit and max(map(len, lines)) > self._limit:
            block = bytes(data[:first + 1])
            del data[:first + 1]
            return block
        del data[:end]
        lines.reverse()
        self._lines = [line + b'\n' for line in lines]
        return self._lines.pop()

    async def readuntil(self, separator=b'\n'):
        """What comes up to SEPARATOR, or up to the first of several, with it."""
        separators = separator if isinstance(separator, tuple) else (separator,)
        if not separators:
            raise ValueError('Separator should contain at least one element')
        if min(map(len, separators)) == 0:
            raise ValueError('Separator should be at least one-byte string')
        if self._exception is not None:
            raise self._exception
        if self._is_shared:
            return await self._with_source(self._until, separators, 0)
        return await self._until(separators, 0)

    async def _until(self, separators, offset):
        """OFFSET says how far the buffer was searched already."""
        longest = max(map(len, separators))
        while True:
            data = self._buffer
            end = None
            for separator in separators:
                found = data.find(separator, offset)
                if found != -1 and (end is None or found + len(separator) < end):
                    start, end = found, found + len(separator)
            if end is not None:
                break
            # The last bytes may be the start of a separator.
            offset = max(offset, len(data) + 1 - longest)
            if offset > self._limit:
                raise LimitOverrunError('Separator is not found, and chunk exceed the limit',
                                        offset)
            if self._eof:
                chunk = bytes(data)
                data.clear()
                raise IncompleteReadError(chunk, None)
            await self._wait_for_data('readuntil')
        if start > self._limit:
            raise LimitOverrunError('Separator is found, but chunk is longer than limit', start)
        chunk = bytes(data[:end])
        del data[:end]
        if self._paused:
            self._maybe_resume_transport()
        return chunk

    async def read(self, n=-1):
        """1 to N bytes, or nothing at the end; all up to the end if N is negative."""
        if self._exception is not None:
            raise self._exception
        if n == 0:
            return b''
        if self._is_shared:
            return await self._with_source(self._read if n > 0 else self._read_to_end, n)
        if n < 0:
            return await self._read_to_end(n)
        return await self._read(n)

    async def _read(self, n):
        data = self._buffer
        if not data:
            if self._eof:
                return b''
            if self._waiter is None:
                self._wants_whole = n
            try:
                await self._wait_for_data('read')
            finally:
                self._wants_whole = 0
            whole = self._whole
            if whole is not None:
                self._whole = None
                return whole
        if len(data) <= n:
            result = bytes(data)
            data.clear()
        else:
            result = bytes(data[:n])
            del data[:n]
        if self._paused:
            self._maybe_resume_transport()
        return result

    async def _read_to_end(self, _n):
        blocks = []
        try:
            while True:
                block = await self._read(MAX_READ)
                if not block:
                    break
                blocks.append(block)
                if self._exception is not None:
                    raise self._exception
        except BaseException:
            # Who stopped waiting may read again, and then from where this began.
            self._buffer[:0] = b''.join(blocks)
            raise
        return blocks[0] if len(blocks) == 1 else b''.join(blocks)

    async def readexactly(self, n):
        """N bytes. If there are fewer, IncompleteReadError has them."""
        if n < 0:
            raise ValueError('readexactly size can not be less than zero')
        if self._exception is not None:
            raise self._exception
        if n == 0:
            return b''
        if self._is_shared:
            return await self._with_source(self._exactly, n)
        return await self._exactly(n)

    async def _exactly(self, n):
        data = self._buffer
        while len(data) < n:
            if self._eof:
                incomplete = bytes(data)
                data.clear()
                raise IncompleteReadError(incomplete, n)
            await self._wait_for_data('readexactly')
            data = self._buffer
        result = bytes(data[:n])
        del data[:n]
        if self._paused:
            self._maybe_resume_transport()
        return result

    def __aiter__(self):
        return self

    async def __anext__(self):
        line = await self.readline()
        if line == b'':
            raise StopAsyncIteration
        return line
