# SPDX-License-Identifier: LGPL-2.1-or-later
"""The transport of a connection or pipe: a GProc.Reader, a GProc.Writer or both, as asyncio's.

It reads as soon as something comes, as asyncio does, and stops when its protocol has enough.
Nothing here waits: the loop says when a descriptor is ready, and what it does not take at once
stays in the queue of the writer.
"""

import asyncio
import collections
import logging
import os
import stat
import sys
import warnings

from gi.repository import GLib

from .. import waiting
from .errors import is_pending, native, os_error, would_block

logger = logging.getLogger('asyncio')

MAX_READ = 64 * 1024
# What is longer is queued in such pieces, as they are taken: that copies less.
PIECE_SIZE = 256 * 1024
HIGH_WATERMARK = 64 * 1024
WRITES_BEFORE_WARNING = 5


def _is_socket(fd):
    return stat.S_ISSOCK(os.fstat(fd).st_mode)


class Transport(asyncio.Transport):
    # asyncio's loop.start_tls () looks for this.
    _start_tls_compatible = True

    def __init__(self, loop, protocol, *, reader=None, writer=None, extra=None, sock=None,
                 server=None, is_pipe=False, is_borrowed=False):
        super().__init__(extra)
        self._loop = loop
        self._reader, self._writer = reader, writer
        self._sock, self._server = sock, server
        # Whether it is one direction only, and whether others know its GObjects and close them.
        self._is_pipe, self._is_borrowed = is_pipe, is_borrowed
        self._read_fd = reader.get_fd() if reader is not None else -1
        self._write_fd = writer.get_fd() if writer is not None else -1
        self._closing = self._eof = self._paused = self._ended = False
        self._conn_lost = 0
        # What is registered with the loop: the reading end, the writing end, and the watch for
        # the other side of a pipe that is only written to.
        self._reading = self._writing = self._watching = False
        self._read_task = self._write_task = None
        self._protocol_paused = False
        # What is still to be queued, and whether the end is to follow.
        self._backlog = collections.deque()
        self._backlog_size = 0
        self._end_wanted = False
        self._high, self._low = HIGH_WATERMARK, HIGH_WATERMARK // 4
        self._finished = True
        self._can_write_eof = False
        if reader is not None:
            self._take = native(reader, 'try_read_some')
        if writer is not None:
            self._queue, self._try_flush = native(writer, 'queue'), native(writer, 'try_flush')
            self._queued = native(writer, 'get_bytes_queued')
            # As asyncio's, it says so after close () too.
            self._can_write_eof = writer.can_write_eof()
            # What counts here is counted here. Below, all goes to the kernel at once.
            writer.set_watermarks(0, 0)
        self.set_protocol(protocol)
        self._finished = False
        if server is not None:
            server._attach(self)

    def start(self):
        """Begins to read, and to write what is queued already."""
        if self._writer is not None and self._queued():
            self._add_writer()
            self._maybe_pause()
        if self._reader is not None:
            self._add_reader()
        elif self._is_pipe and self._write_fd >= 0 and not _is_socket(self._write_fd):
            # Of a socket the other direction may be somebody's own.
            try:
                self._loop.add_reader(self._write_fd, self._on_hangup)
                self._watching = True
            except (PermissionError, NotImplementedError):
                pass

    def __repr__(self):
        info = [self.__class__.__name__]
        if self._finished:
            info.append('closed')
        elif self._closing:
            info.append('closing')
        for half, fd in (self._reader, self._read_fd), (self._writer, self._write_fd):
            if half is not None:
                info.append(f'fd={fd}')
        if self._writer is not None:
            info.append(f'bufsize={self.get_write_buffer_size()}')
        return f'<{" ".join(info)}>'

    def __del__(self, _warn=warnings.warn, _is_finalizing=sys.is_finalizing):
        if not getattr(self, '_finished', True) and not self._is_borrowed:
            _warn(f'unclosed transport {self!r}', ResourceWarning, source=self)
            # When the interpreter ends, so do the descriptors, and nothing can be imported that
            # closing might need.
            if not _is_finalizing():
                self._release()

    @property
    def source(self):
        """What is read from, a GProc.Reader or None."""
        return self._reader

    @property
    def target(self):
        """What is written to, a GProc.Writer or None.

        Who has it may close it, so nothing stays registered for it meanwhile.
        """
        self._stop_watching()
        return self._writer

    def set_protocol(self, protocol):
        self._protocol = protocol
        self._is_buffered = isinstance(protocol, asyncio.BufferedProtocol)
        # A protocol that has one gets its data straight there.
        self._sink = getattr(protocol, '_sink', None)

    def get_protocol(self):
        return self._protocol

    # Reading

    def is_reading(self):
        return self._reader is not None and not (self._paused or self._closing)

    def pause_reading(self):
        if self._closing or self._paused or self._reader is None:
            return
        self._paused = True
        self._remove_reader()

    def resume_reading(self):
        if self._closing or not self._paused:
            return
        self._paused = False
        if not self._ended:
            self._add_reader()

    def _add_reader(self):
        if self._reading or self._closing or self._paused or self._reader is None:
            return
        if self._read_fd < 0:
            self._read_task = self._loop.create_task(self._read_without_descriptor())
            self._reading = True
            return
        try:
            self._loop.add_reader(self._read_fd, self._on_readable)
            self._reading = True
            if self._reader.get_buffered() > 0:
                self._loop.call_soon(self._on_readable)
        except PermissionError:
            # A regular file: always ready, as far as epoll knows.
            self._read_task = self._loop.create_task(self._read_without_descriptor())
            self._reading = True

    def _remove_reader(self):
        if not self._reading:
            return
        self._reading = False
        if self._read_task is not None:
            self._read_task.cancel()
            self._read_task = None
        else:
            self._loop.remove_reader(self._read_fd)

    async def _read_without_descriptor(self):
        while self._reading:
            try:
                await waiting.readable(self._reader)
            except GLib.Error:
                pass  # The read says it again.
            self._on_readable()

    def _on_readable(self):
        if not self._reading:
            return
        try:
            block = self._take(MAX_READ)
        except GLib.Error as error:
            if not would_block(error):
                self.fail(os_error(error), 'Fatal read error on transport')
            return
        if block is None:
            self._on_end()
            return
        data = block.get_data()
        if len(data) == MAX_READ and self._reader.get_buffered() > 0:
            # It has read more than that, which no descriptor tells of.
            self._loop.call_soon(self._on_readable)
        sink = self._sink
        if sink is not None:
            sink(data)
            return
        try:
            self._give(data)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self.fail(error, 'Fatal error: protocol.data_received() call failed.')

    def _give(self, data):
        if not self._is_buffered:
            self._protocol.data_received(data)
            return
        view = memoryview(data)
        while view:
            buffer = self._protocol.get_buffer(len(view))
            count = min(len(buffer), len(view))
            if count == 0:
                raise RuntimeError('get_buffer() returned an empty buffer')
            buffer[:count] = view[:count]
            self._protocol.buffer_updated(count)
            view = view[count:]

    def _on_end(self):
        self._remove_reader()
        self._ended = True
        try:
            keep_open = self._protocol.eof_received()
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self.fail(error, 'Fatal error: protocol.eof_received() call failed.')
            return
        if not keep_open or self._writer is None:
            self.close()

    # Writing

    def write(self, data):
        if type(data) is not bytes:
            if not isinstance(data, (bytes, bytearray, memoryview)):
                raise TypeError('data argument must be a bytes-like object, '
                                f'not {type(data).__name__!r}')
            data = bytes(data)
        if self._eof:
            raise RuntimeError('Cannot call write() after write_eof()')
        if not data:
            return
        if self._conn_lost or self._closing and self._is_pipe:
            if self._conn_lost >= WRITES_BEFORE_WARNING:
                logger.warning('socket.send() raised exception.' if not self._is_pipe else
                               'pipe closed by peer or os.write(pipe, data) raised exception.')
            self._conn_lost += 1
            return
        if len(data) > PIECE_SIZE or self._backlog:
            self._backlog.append(memoryview(data))
            self._backlog_size += len(data)
            if not self._writing:
                self._push_backlog()
            return
        try:
            self._queue(data)
        except GLib.Error as error:
            self._write_failed(error)
            return
        if self._writing or self._queued():
            self._add_writer()
            self._maybe_pause()

    def _write_failed(self, error):
        if is_pending(error):
            raise RuntimeError('write() called while the GObject is being written to') from error
        self.fail(os_error(error), 'Fatal write error on transport')

    def _push_backlog(self):
        """Queues what was held back until the kernel takes no more of it."""
        backlog = self._backlog
        try:
            while backlog and not self._queued():
                view = backlog[0]
                piece = view[:PIECE_SIZE]
                self._queue(bytes(piece))
                self._backlog_size -= len(piece)
                if len(piece) == len(view):
                    backlog.popleft()
                else:
                    backlog[0] = view[PIECE_SIZE:]
            if not backlog and self._end_wanted:
                self._end_wanted = False
                self._writer.write_eof()
        except GLib.Error as error:
            self._write_failed(error)
            return
        if backlog or self._queued():
            self._add_writer()
            self._maybe_pause()

    def writelines(self, list_of_data):
        self.write(b''.join(list_of_data))

    def can_write_eof(self):
        # TLS and the like have no half-closed state to go to.
        return self._is_pipe or self._can_write_eof

    def write_eof(self):
        if self._closing or self._eof:
            return
        if self._is_pipe:
            self.close()
            return
        if not self._can_write_eof:
            raise NotImplementedError('this stream cannot be half-closed')
        self._eof = self._end_wanted = True
        if not self._backlog:
            self._push_backlog()

    def get_write_buffer_size(self):
        return self._queued() + self._backlog_size if self._writer is not None else 0

    def get_write_buffer_limits(self):
        return self._low, self._high

    def set_write_buffer_limits(self, high=None, low=None):
        if high is None:
            high = HIGH_WATERMARK if low is None else 4 * low
        if low is None:
            low = high // 4
        if not high >= low >= 0:
            raise ValueError(f'high ({high!r}) must be >= low ({low!r}) must be >= 0')
        self._high, self._low = high, low
        if self._writer is not None:
            self._maybe_pause()

    def _maybe_pause(self):
        if not self._protocol_paused and self.get_write_buffer_size() > self._high:
            self._pause_protocol()

    def _pause_protocol(self):
        self._protocol_paused = True
        self._tell(self._protocol.pause_writing, 'protocol.pause_writing() failed')

    def _maybe_resume(self):
        if self._protocol_paused and self.get_write_buffer_size() <= self._low:
            self._protocol_paused = False
            self._tell(self._protocol.resume_writing, 'protocol.resume_writing() failed')

    def _tell(self, function, message):
        try:
            function()
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._loop.call_exception_handler({'message': message, 'exception': error,
                                               'transport': self, 'protocol': self._protocol})

    def _add_writer(self):
        if self._writing:
            return
        self._writing = True
        try:
            if self._write_fd >= 0:
                self._loop.add_writer(self._write_fd, self._on_writable)
                return
        except PermissionError:
            pass  # A regular file.
        self._write_task = self._loop.create_task(self._write_without_descriptor())

    def _remove_writer(self):
        if not self._writing:
            return
        self._writing = False
        if self._write_task is not None:
            self._write_task.cancel()
            self._write_task = None
        else:
            self._loop.remove_writer(self._write_fd)

    async def _write_without_descriptor(self):
        while self._writing:
            try:
                await waiting.call(self._writer.flush_async, self._writer.flush_finish,
                                   GLib.PRIORITY_DEFAULT)
            except GLib.Error:
                pass  # The flush says it again.
            self._on_writable()

    def _on_writable(self):
        if not self._writing:
            return
        try:
            self._try_flush()
        except GLib.Error as error:
            if would_block(error):
                self._maybe_resume()
            else:
                self.fail(os_error(error), 'Fatal write error on transport')
            return
        if self._backlog:
            self._push_backlog()
            self._maybe_resume()
            if self._backlog or self._queued() or self._finished or not self._writing:
                return
        if self._write_task is not None:
            self._write_task = None
            self._writing = False
        else:
            self._remove_writer()
        self._maybe_resume()
        if self._closing and not self._writing:
            self._lose(None)

    def _on_hangup(self):
        """Nobody reads any more what this pipe is written to for."""
        self._stop_watching()
        self._force_close(BrokenPipeError() if self.get_write_buffer_size() > 0 else None)

    def _stop_watching(self):
        if self._watching:
            self._watching = False
            self._loop.remove_reader(self._write_fd)

    # Ending

    def is_closing(self):
        return self._closing

    def close(self):
        """What is queued is written first."""
        if self._closing:
            return
        self._closing = True
        self._remove_reader()
        if not self._writing:
            self._lose(None)

    def abort(self):
        self._force_close(None)

    def fail(self, error, message):
        if self._finished:
            return
        if isinstance(error, OSError):
            if self._loop.get_debug():
                logger.debug('%r: %s', self, message, exc_info=True)
        else:
            self._loop.call_exception_handler({'message': message, 'exception': error,
                                               'transport': self, 'protocol': self._protocol})
        self._force_close(error)

    def _force_close(self, error):
        if self._conn_lost and self._closing and not self._writing:
            return
        self._closing = True
        self._backlog.clear()
        self._backlog_size = 0
        self._remove_reader()
        self._remove_writer()
        self._lose(error)

    def _lose(self, error):
        self._conn_lost += 1
        self._loop.call_soon(self._connection_lost, error)

    def _connection_lost(self, error):
        if self._finished:
            return
        try:
            self._protocol.connection_lost(error)
        finally:
            self._release()
            self._loop = self._sink = None
            server, self._server = self._server, None
            if server is not None:
                server._detach(self)

    def _release(self):
        """Closes the descriptors. Nothing may be registered for them by then."""
        self._finished = True
        if self._loop is not None and not self._loop.is_closed():
            self._remove_reader()
            self._remove_writer()
            self._stop_watching()
        halves = [half for half in (self._reader, self._writer) if half is not None]
        waiting.forget(*halves)
        if self._writer is not None and self._writer.get_bytes_queued() > 0:
            self._writer.abort()
        for half in halves:
            try:
                half.close(None)
            except GLib.Error:
                pass  # The connection was lost: who wanted to know has been told.
        if self._sock is not None:
            self._sock.close()
