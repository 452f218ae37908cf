# SPDX-License-Identifier: LGPL-2.1-or-later
"""Iterating over a Reader, with `for` and with `async for`.

Lines are read in blocks and split at once. What was split and not consumed stays with the reader
and goes back into its buffer before anything else reads from it, and when the iterator goes away.
"""

import codecs
import io
import re

from gi.repository import GLib

from . import convert, errors, reading, waiting
from .native import GProc

# The first block is small: who leaves after a few lines has little to give back.
FIRST_BLOCK = 16


def _split_newlines(data):
    # bytes.splitlines would split at carriage returns as well.
    return io.BytesIO(data).readlines()


class Kept:
    """What an iterator took from a reader. It stands in the `_held` of that reader."""

    __slots__ = ('rest', 'raw', 'split', 'decoder')

    def __init__(self, split, decoder=None):
        self.rest = iter(())
        self.raw = b''
        self.split = split
        self.decoder = decoder

    def unconsumed(self):
        count = self.rest.__length_hint__()
        pieces = self.split(self.raw) if count else []
        data = b''.join(pieces[len(pieces) - count:])
        # A part of a character came before what was not consumed.
        return data if self.decoder is None else self.decoder.getstate()[0] + data

    def clear(self):
        self.rest, self.raw = iter(()), b''
        if self.decoder is not None:
            self.decoder.reset()

    def give_back(self, reader):
        """Raises an error, and keeps it all, while somebody reads past the override."""
        reading.unread(reader, self.unconsumed())
        reader._held = None
        self.clear()

    def interrupt(self, reader):
        """READER is about to be closed: what is unread is lost with what it holds."""
        reader._held = None
        self.clear()


class Iterator:
    """Both kinds of iterator. One error does not end it: the next call goes on."""

    def __init__(self, reader, kept, io_priority):
        self._reader = reader
        self._kept = kept
        self._io_priority = io_priority

    def __iter__(self):
        return self

    def __aiter__(self):
        return self

    def __next__(self):
        for item in self._kept.rest:
            return item
        while self._fetch():
            for item in self._kept.rest:
                return item
        raise StopIteration

    async def __anext__(self):
        for item in self._kept.rest:
            return item
        # What others gave back meanwhile is read again.
        while await self._fetch_async():
            for item in self._kept.rest:
                return item
        raise StopAsyncIteration

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.close()

    def close(self):
        """Gives back what was read and not consumed."""
        if self._reader._held is self._kept:
            self._kept.give_back(self._reader)

    async def aclose(self):
        self.close()

    def __del__(self):
        try:
            self.close()
        except Exception:
            # The interpreter is ending.
            pass

    def _fetch(self):
        held = self._reader._held
        if held is not None:
            held.give_back(self._reader)
        try:
            return self._take(self._read())
        except GLib.Error as error:
            raise errors.translated(error, self._reader) from None

    async def _fetch_async(self):
        try:
            return await waiting.attempt(self._reader, self._try, io_priority=self._io_priority)
        except GLib.Error as error:
            raise errors.translated(error, self._reader) from None

    def _try(self):
        return self._take(self._try_read())

    def _keep(self, items, raw):
        kept = self._kept
        kept.rest, kept.raw = iter(items), raw
        self._reader._held = kept
        return True


class Lines(Iterator):
    """Lines that end with a newline, as bytes or as text."""

    def __init__(self, reader, decode, strip, io_priority):
        super().__init__(reader, Kept(_split_newlines), io_priority)
        self._decode, self._strip = decode, strip
        self._size = FIRST_BLOCK

    def _grow(self):
        size = self._size
        # 0 stands for as many as there are.
        self._size = size * 4 if 0 < size < 1024 else 0
        return size

    def _read(self):
        return self._reader._native.read_lines(self._reader, self._grow(), None)

    def _try_read(self):
        size = self._size
        block = self._reader._native.try_read_lines(self._reader, size)
        self._grow()
        return block

    def _take(self, block):
        if block is None:
            return False
        raw = block.get_data()
        if self._decode is None:
            return self._keep(self._items(raw), raw)
        try:
            return self._keep(self._items(self._decode(raw)), raw)
        except UnicodeError:
            return self._take_valid(raw)

    def _items(self, data):
        """The lines of DATA, which are as many as its newlines, and one more without."""
        text = isinstance(data, str)
        if not self._strip:
            return io.StringIO(data, newline='\n').readlines() if text else _split_newlines(data)
        items = data.split('\n' if text else b'\n')
        if not items[-1]:
            items.pop()
        return items

    def _take_valid(self, raw):
        """The lines before the one that cannot be decoded, which stays to be read as bytes."""
        lines = _split_newlines(raw)
        valid = 0
        try:
            for line in lines:
                self._decode(line)
                valid += 1
        except UnicodeError:
            reading.unread(self._reader, b''.join(lines[valid:]))
            if valid == 0:
                raise
        raw = b''.join(lines[:valid])
        return self._keep(self._items(self._decode(raw)), raw)


class Splitter:
    """Cuts bytes behind each separator: of those that overlap, behind the one that ends first."""

    def __init__(self, separators):
        # The longest comes first, so that a carriage return before a newline goes with it.
        self.separators = sorted(separators, key=len, reverse=True)
        # The leftmost match is the one that ends first, unless one is in the middle of another.
        self._is_simple = not any(one in other[:-1] for one in separators for other in separators)
        form = b'%b' if self._is_simple else b'(?<=%b)'
        self._pattern = re.compile(b'|'.join(form % re.escape(separator)
                                             for separator in self.separators), re.DOTALL)

    def __call__(self, data):
        lines, start = [], 0
        for match in self._pattern.finditer(data):
            end = match.end()
            if self._is_simple or self._fits(data, start, end):
                lines.append(data[start:end])
                start = end
        if start < len(data):
            lines.append(data[start:])
        return lines

    def _fits(self, data, start, end):
        # A separator may not begin in what was cut off.
        return any(data.endswith(separator, start, end) for separator in self.separators)

    def ended(self, line):
        return line.endswith(tuple(self.separators))

    def stripped(self, line):
        for separator in self.separators:
            if line.endswith(separator):
                return line[:-len(separator)]
        return line


class Separated(Iterator):
    """What ends with one of several separators, as bytes or as text."""

    def __init__(self, reader, separators, decode, strip, io_priority):
        self._split = Splitter(separators)
        super().__init__(reader, Kept(self._split), io_priority)
        self._bytes = [GLib.Bytes.new(separator) for separator in separators]
        self._decode, self._strip = decode, strip

    def _read(self):
        kind = self._reader._native
        try:
            return kind.read_until_any(self._reader, self._bytes, None)
        except GLib.Error as error:
            return self._rest(error)

    def _rest(self, error):
        """What is left at the end, without a separator. None if that is nothing."""
        if not error.matches(GProc.StreamError.quark(), GProc.StreamError.INCOMPLETE_READ):
            raise errors.translated(error, self._reader) from None
        partial = self._reader._native.get_last_partial(self._reader)
        return partial if partial is not None and partial.get_size() > 0 else None

    async def __anext__(self):
        for item in self._kept.rest:
            return item
        while True:
            try:
                block = await _until_any(self._reader, self._bytes, self._io_priority)
            except GLib.Error as error:
                block = self._rest(error)
            if not self._take(block):
                raise StopAsyncIteration
            for item in self._kept.rest:
                return item

    def _take(self, block):
        if block is None:
            return False
        raw = block.get_data()
        kind = self._reader._native
        more = kind.get_buffered(self._reader)
        if more > 0:
            # All that ends in the buffer as well is taken in one piece.
            ahead = kind.peek(self._reader, more).get_data()
            complete = self._split(ahead)
            if complete and not self._split.ended(complete[-1]):
                complete.pop()
            size = sum(map(len, complete))
            if size > 0:
                raw += kind.read_exactly(self._reader, size, None).get_data()
        lines = self._split(raw)
        items = []
        for line in lines:
            try:
                items.append(self._item(line))
            except UnicodeError:
                reading.unread(self._reader, b''.join(lines[len(items):]))
                if not items:
                    raise
                break
        return self._keep(items, b''.join(lines[:len(items)]))

    def _item(self, line):
        if self._strip:
            line = self._split.stripped(line)
        return line if self._decode is None else self._decode(line)


async def _until_any(reader, separators, io_priority):
    if waiting.plain() is not None and reader._native.get_fd(reader) >= 0:
        return await reading.read_until_any(reader, separators)
    held = reader._held
    if held is not None:
        held.give_back(reader)
    kind = reader._native
    return await waiting.call(lambda *rest: kind.read_until_any_async(reader, *rest),
                              lambda result: kind.read_until_any_finish(reader, result),
                              separators, io_priority, halves=[reader],
                              undo=lambda value: reading.unread(reader, value.get_data()))


class Chunks(Iterator):
    """What comes, as it comes: bytes, or as much text as they make."""

    def __init__(self, reader, size, decoder, io_priority):
        super().__init__(reader, Kept(lambda data: [data], decoder), io_priority)
        self._size, self._decoder = size, decoder
        self._is_over = False

    def _read(self):
        return self._reader._native.read_some(self._reader, self._size, None)

    def _try_read(self):
        return self._reader._native.try_read_some(self._reader, self._size)

    def _take(self, chunk):
        self._is_over = chunk is None
        data = b'' if chunk is None else chunk.get_data()
        return self._keep([data], data)

    def _let_go(self):
        # It holds no more than a part of a character, of which the rest comes now.
        if self._reader._held is self._kept:
            self._reader._held = None

    def _hold(self):
        if self._reader._held is None:
            self._reader._held = self._kept

    def __next__(self):
        while True:
            data = self._taken()
            if data is None:
                self._let_go()
                try:
                    self._fetch()
                finally:
                    self._hold()
            else:
                item = self._converted(data)
                if item:
                    return item
                if self._is_over:
                    raise StopIteration

    async def __anext__(self):
        while True:
            data = self._taken()
            if data is None:
                self._let_go()
                try:
                    await self._fetch_async()
                finally:
                    self._hold()
            else:
                item = self._converted(data)
                if item:
                    return item
                if self._is_over:
                    raise StopAsyncIteration

    def _taken(self):
        for data in self._kept.rest:
            return data
        return None

    def _converted(self, data):
        if self._decoder is None:
            return data
        before = self._decoder.getstate()[0]
        try:
            return self._decoder.decode(data, self._is_over)
        except UnicodeError:
            # What cannot be decoded stays, to be read as bytes.
            self._decoder.reset()
            self._let_go()
            reading.unread(self._reader, before + data)
            raise


def _decoding(text, encoding, error_handling):
    if not text:
        return None
    if '\n'.encode(encoding) != b'\n':
        raise ValueError(f'lines cannot be told apart in the bytes of {encoding}: '
                         'decode .chunks () instead')
    return lambda data: data.decode(encoding, error_handling)


def lines(reader, text, separators, strip, encoding, error_handling, io_priority):
    decode = _decoding(text, encoding, error_handling)
    values = [b'\n'] if separators is None else convert.separators(separators)
    if values == [b'\n']:
        return Lines(reader, decode, strip, io_priority)
    return Separated(reader, values, decode, strip, io_priority)


def chunks(reader, size, text, encoding, error_handling, io_priority):
    if size <= 0:
        raise ValueError('a chunk has one byte at least')
    decoder = codecs.getincrementaldecoder(encoding)(error_handling) if text else None
    return Chunks(reader, size, decoder, io_priority)
