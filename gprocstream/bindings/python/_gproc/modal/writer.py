# SPDX-License-Identifier: LGPL-2.1-or-later
"""The input of a process, as Modal's StreamWriter takes it."""

import errno

from gi.repository import Gio, GLib

from .. import helper
from ..aio.errors import os_error
from .calls import Method
from .core import IO_DOMAIN

BROKEN_PIPE = int(Gio.IOErrorEnum.BROKEN_PIPE)
DEFAULT_LIMIT = 16 * 1024 * 1024


class StreamWriter:
    """`write ()` and `write_eof ()` never wait; `drain ()` waits until all of it is written.

    What is written goes out as soon as the process takes it, without a drain as well.
    """

    def __init__(self, core, limit):
        self._core, self._limit = core, limit
        self._writer = core.stream.get_stdin()
        # With the lock of the core:
        self._pending = []     # What the thread of helper.py has not been handed yet.
        self._accepted = 0
        self._written = 0
        self._is_closed = False
        self._eof_is_queued = False
        self._eof_is_out = False
        self._is_scheduled = False
        self._is_flushing = False
        self._error = None

    def __repr__(self):
        return f'StreamWriter({self._accepted - self._written} bytes queued)'

    def write(self, data):
        """Queues bytes, or text as UTF-8. BufferError: they do not fit until drain ()."""
        if isinstance(data, str):
            data = data.encode()
        elif not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f'write () takes bytes or str, not {type(data).__name__}')
        data = bytes(data)
        with self._core.lock:
            if self._is_closed:
                raise ValueError('write () after write_eof ()')
            if self._limit is not None and self._error is None:
                free = self._limit - (self._accepted - self._written)
                if len(data) > free:
                    raise BufferError(f'{len(data)} bytes do not fit, {free} of {self._limit} '
                                      'are free: call drain () first')
            if not data:
                return
            self._accepted += len(data)
            self._pending.append(data)
        self._schedule()

    def write_eof(self):
        """Closes the input of the process, after all that is queued."""
        with self._core.lock:
            self._is_closed = True
        self._schedule()

    @Method
    def drain(self):
        """Waits until all that was queued before is written, the end of it included.

        What the process writes meanwhile is taken in, and can be read later.
        """
        with self._core.lock:
            goal, with_eof = self._accepted, self._is_closed
        yield from self._core.wait(lambda: self._error is not None or self._written >= goal
                                   and (self._eof_is_out or not with_eof))
        if self._error is not None and self._written < goal:
            raise type(self._error)(*self._error.args) from self._error

    def _schedule(self):
        with self._core.lock:
            if self._is_scheduled:
                return
            self._is_scheduled = True
        helper.submit(self._hand_over)

    # In the thread of helper.py

    def _hand_over(self):
        with self._core.lock:
            self._is_scheduled = False
            pieces, self._pending = self._pending, []
            if self._error is not None:
                return
            ends = self._is_closed and not self._eof_is_queued
            self._eof_is_queued = self._is_closed
        try:
            for piece in pieces:
                self._writer.queue_bytes(GLib.Bytes.new(piece))
            if ends:
                self._writer.write_eof()
        except GLib.Error as error:
            self._fail(error)
            return
        self._flush()

    def _flush(self):
        with self._core.lock:
            if self._is_flushing:
                return
            self._is_flushing = True
        self._writer.flush_async(GLib.PRIORITY_DEFAULT, None, self._on_flushed)

    def _on_flushed(self, writer, result, *_):
        try:
            writer.flush_finish(result)
        except GLib.Error as error:
            self._fail(error)
            return
        written = writer.get_bytes_written()
        with self._core.lock:
            self._is_flushing = False
            self._written = written
            has_more = writer.get_bytes_queued() > 0
            self._eof_is_out = self._eof_is_queued and not has_more
        self._core.check()
        if has_more:
            self._flush()

    def _fail(self, error):
        written = self._writer.get_bytes_written()
        with self._core.lock:
            self._error = (BrokenPipeError(errno.EPIPE, error.message)
                           if error.code == BROKEN_PIPE and error.domain == IO_DOMAIN
                           else os_error(error))
            self._written = written
            self._is_flushing = False
            self._pending = []
        self._core.check()
