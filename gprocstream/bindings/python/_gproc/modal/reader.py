# SPDX-License-Identifier: LGPL-2.1-or-later
"""An output of a process, as Modal's StreamReader gives it.

Bytes are decoded when they are handed out, never before: what is no UTF-8 is still there after
the error that says so.
"""

import codecs
import weakref

from .calls import Method, run, run_async
from .core import caller


class InvalidError(Exception):
    """A call that makes no sense for this process, or not yet."""


class StreamReader:
    """Iterating gives what comes, in chunks or by line; `read ()` all that is left."""

    def __init__(self, core, output, text, by_line):
        self._core, self._output = core, output
        self._by_line = by_line
        self._lines = []      # Split from the last block, the next one last.
        self._partial = []    # The beginning of a line.
        self._partial_size = 0
        self._position = 0    # How many bytes were handed out.
        self.text = text

    def __repr__(self):
        return f'StreamReader(file_descriptor={self.file_descriptor})'

    @property
    def file_descriptor(self):
        """1 for stdout, 2 for stderr: as the process has them."""
        return self._output.number

    # All that follows up to read () is called with the lock.

    def _take_all(self):
        """All bytes that are here, which then are here no more."""
        self._lines.reverse()
        pieces = self._lines + self._partial
        while self._output.blocks:
            pieces.append(self._output.pop())
        self._lines, self._partial, self._partial_size = [], [], 0
        return b''.join(pieces)

    def _decode(self, data, is_final):
        """(text, the bytes that are left of DATA).

        What comes before invalid bytes is text; if nothing does, UnicodeDecodeError is raised.
        """
        try:
            text, count = codecs.utf_8_decode(data, 'strict', is_final)
        except UnicodeDecodeError as error:
            count = error.start
            if count == 0:
                raise self._located(error) from None
            text = data[:count].decode()
        self._position += count
        return text, data[count:]

    def _located(self, error):
        """The error with the position in the whole stream besides that in its bytes."""
        name = 'stdout' if self.file_descriptor == 1 else 'stderr'
        return UnicodeDecodeError('utf-8', error.object, error.start, error.end,
                                  f'{error.reason} (byte {self._position + error.start} of {name})')

    def _next_chunk(self):
        """The next chunk, None if there is none yet."""
        output = self._output
        if self._lines or self._partial:
            output.push_back(self._take_all())
        while output.blocks:
            data = output.pop()
            if not self.text:
                self._position += len(data)
                return data
            is_last = not output.blocks
            try:
                text, rest = self._decode(data, is_last and output.ended)
            except UnicodeDecodeError:
                output.push_back(data)
                raise
            if text:
                output.push_back(rest)
                return text
            # The beginning of a character.
            if is_last:
                output.push_back(rest)
                return None
            output.push_back(rest + output.pop())
        return None

    def _next_line(self):
        """The next line, None if there is none yet."""
        output = self._output
        while not self._lines:
            if output.blocks:
                self._split(output.pop())
            elif output.ended and self._partial:
                self._lines = [b''.join(self._partial)]
                self._partial, self._partial_size = [], 0
            elif self._partial_size >= self._core.limit:
                raise BufferError(f'a line has more than {self._core.limit} bytes, which is the '
                                  'limit: read () gives it, or spawn with a larger output_limit')
            else:
                return None
        line = self._lines[-1]
        if self.text:
            try:
                text = line.decode()
            except UnicodeDecodeError as error:
                raise self._located(error) from None
        else:
            text = line
        self._lines.pop()
        self._position += len(line)
        return text

    def _split(self, block):
        end = block.rfind(b'\n') + 1
        if end > 0:
            self._partial.append(block[:end])
            lines = b''.join(self._partial).split(b'\n')
            # Nothing comes after the last newline.
            lines.pop()
            lines.reverse()
            self._lines = [line + b'\n' for line in lines]
            self._partial, self._partial_size = [], 0
            block = block[end:]
        if block:
            self._partial.append(block)
            self._partial_size += len(block)

    def _next(self):
        """Steps to the next chunk or line, None at the end."""
        output = self._output
        while True:
            with self._core.lock:
                output.taken_by = weakref.ref(caller())
                value = self._next_line() if self._by_line else self._next_chunk()
                if value is not None:
                    return value
                if output.ended and not output.blocks:
                    if output.error is not None:
                        raise output.error
                    return None
                count = output.received
            yield from self._core.wait(lambda: output.received != count or output.ended,
                                       target=output)

    @Method
    def read(self):
        """All that is left, up to the end. What was handed out before is no part of it."""
        output = self._output
        yield from self._core.wait(lambda: output.ended, target=output)
        with self._core.lock:
            if output.error is not None:
                raise output.error
            data = self._take_all()
            if not self.text:
                self._position += len(data)
                return data
            try:
                text = data.decode()
            except UnicodeDecodeError as error:
                output.push_back(data)
                raise self._located(error) from None
            self._position += len(data)
            return text

    def __iter__(self):
        return self

    def __next__(self):
        value = run(self._next())
        if value is None:
            raise StopIteration
        return value

    def __aiter__(self):
        return self

    async def __anext__(self):
        value = await run_async(self._next())
        if value is None:
            raise StopAsyncIteration
        return value


class UnreadableStream(StreamReader):
    """Stands for an output that goes elsewhere."""

    def __init__(self, number, error):
        self._number, self._error = number, error

    @property
    def file_descriptor(self):
        return self._number

    def _next(self):
        raise self._error
        yield

    @Method
    def read(self):
        """Raises an error, as there is nothing to read."""
        raise self._error
        yield

    def __iter__(self):
        raise self._error

    def __aiter__(self):
        raise self._error
