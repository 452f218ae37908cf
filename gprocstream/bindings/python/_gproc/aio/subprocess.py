# SPDX-License-Identifier: LGPL-2.1-or-later
"""aio.subprocess: create_subprocess_exec, create_subprocess_shell and Process."""

import asyncio
import os
import subprocess
import warnings

from gi.module import get_introspection_module
from gi.repository import GLib

from .. import waiting
from . import spawning
from .errors import os_error
from .reader import DEFAULT_LIMIT, StreamReader, check_limit
from .transport import Transport
from .writer import FlowControlMixin, StreamReaderProtocol, StreamWriter

__all__ = ['DEVNULL', 'PIPE', 'Process', 'STDOUT', 'create_subprocess_exec',
           'create_subprocess_shell']

GProc = get_introspection_module('GProc')

PIPE, STDOUT, DEVNULL = subprocess.PIPE, subprocess.STDOUT, subprocess.DEVNULL

# What asyncio says when someone else took the status of a child.
UNKNOWN_RETURNCODE = 255


class PipeInfo:
    """What get_extra_info ('pipe') gives: the descriptor of a pipe, which is not owned."""

    def __init__(self, half, mode):
        self._half, self.mode = half, mode
        self.name = half.get_fd()

    def __repr__(self):
        return f'<{self.__class__.__name__} fd={self.name} mode={self.mode!r}>'

    def fileno(self):
        fd = self._half.get_fd()
        if fd < 0:
            raise ValueError('I/O operation on closed file')
        return fd

    @property
    def closed(self):
        return self._half.get_fd() < 0


class Child:
    """What get_extra_info ('subprocess') gives: what of a Popen is of use here."""

    def __init__(self, transport, args):
        self._transport, self.args = transport, args
        self.pid = transport.get_pid()
        self.stdin = self.stdout = self.stderr = None

    @property
    def returncode(self):
        return self._transport.get_returncode()

    def poll(self):
        return self.returncode

    def send_signal(self, sig):
        self._transport.send_signal(sig)

    def terminate(self):
        self._transport.terminate()

    def kill(self):
        self._transport.kill()


class InputProtocol(FlowControlMixin):
    """That of standard input."""

    def __init__(self, loop):
        super().__init__(loop)
        self._closed = loop.create_future()

    def connection_lost(self, exc):
        if not self._closed.done():
            if exc is None:
                self._closed.set_result(None)
            else:
                self._closed.set_exception(exc)
                self._closed.exception()  # It is no news to those who do not ask.
        super().connection_lost(exc)

    def _get_close_waiter(self, stream):
        return self._closed


class OutputProtocol(StreamReaderProtocol):
    """That of an output, which tells when it has ended."""

    def __init__(self, reader, loop, ended):
        super().__init__(reader, loop=loop)
        self._ended = ended

    def connection_lost(self, exc):
        super().connection_lost(exc)
        self._ended()


class ProcessTransport(asyncio.SubprocessTransport):
    """A process and its pipes."""

    def __init__(self, loop, stream, args, limit):
        super().__init__()
        self._loop, self._stream = loop, stream
        self._pid = stream.get_pid()
        self._returncode = None
        self._closed = False
        self._exit_waiters = []
        self._exit_fd = -1
        self._exit_task = None
        self._pipes = {}
        self._open_outputs = 0
        self.streams = [None, None, None]
        self._extra['subprocess'] = Child(self, args)
        try:
            self._connect(limit)
            self._watch()
        except BaseException:
            # Nobody gets the process, so nobody else could end it.
            self.close()
            raise

    def __repr__(self):
        info = [self.__class__.__name__]
        if self._closed:
            info.append('closed')
        info.append(f'pid={self._pid}')
        info.append('running' if self._returncode is None else f'returncode={self._returncode}')
        return f'<{" ".join(info)}>'

    def __del__(self, _warn=warnings.warn):
        if not getattr(self, '_closed', True):
            _warn(f'unclosed transport {self!r}', ResourceWarning, source=self)
            self.close()

    def _connect(self, limit):
        stream, loop = self._stream, self._loop
        stdin = stream.get_stdin()
        if stdin is not None:
            protocol = InputProtocol(loop)
            pipe = self._pipes[0] = Transport(loop, protocol, writer=stdin, is_pipe=True,
                                              extra={'pipe': PipeInfo(stdin, 'wb')})
            self.streams[0] = StreamWriter(pipe, protocol, None, loop)
            pipe.start()
        for number, source in (1, stream.get_stdout()), (2, stream.get_stderr()):
            if source is None:
                continue
            reader = self.streams[number] = StreamReader(limit, loop)
            self._open_outputs += 1
            protocol = OutputProtocol(reader, loop, self._output_ended)
            pipe = self._pipes[number] = Transport(loop, protocol, reader=source, is_pipe=True,
                                                   extra={'pipe': PipeInfo(source, 'rb')})
            protocol.connection_made(pipe)
            pipe.start()

    def _watch(self):
        fd = self._stream.get_pidfd()
        if fd >= 0:
            self._loop.add_reader(fd, self._on_exit)
            self._exit_fd = fd
        else:
            self._exit_task = self._loop.create_task(self._wait_without_pidfd())

    async def _wait_without_pidfd(self):
        stream = self._stream
        try:
            await waiting.call(stream.wait_async, stream.wait_finish, GLib.PRIORITY_DEFAULT)
        except GLib.Error:
            pass  # That of a process which someone else waited for: it is over all the same.
        self._on_exit()

    def _on_exit(self):
        returncode = self._stream.try_wait()
        if returncode is None or returncode == GProc.RETURNCODE_NONE:
            if self._stream.get_running():
                return
            returncode = UNKNOWN_RETURNCODE
        self._unwatch()
        self._returncode = returncode
        waiters, self._exit_waiters = self._exit_waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(returncode)
        self._maybe_close()

    def _unwatch(self):
        if self._exit_fd >= 0:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._exit_fd)
            self._exit_fd = -1

    def _output_ended(self):
        self._open_outputs -= 1
        self._maybe_close()

    def _maybe_close(self):
        if self._returncode is not None and self._open_outputs == 0:
            self.close()

    def get_pid(self):
        return self._pid

    def get_returncode(self):
        return self._returncode

    def get_pipe_transport(self, fd):
        return self._pipes.get(fd)

    def is_closing(self):
        return self._closed

    def close(self):
        """Closes the pipes, and kills a process that is still running."""
        if self._closed:
            return
        self._closed = True
        if not self._loop.is_closed():
            for pipe in self._pipes.values():
                pipe.close()
        if self._returncode is None:
            try:
                self._stream.kill()
            except Exception:
                pass  # It has ended by itself, or the interpreter ends.
            if self._loop.is_closed():
                self._exit_fd = -1

    def _check_running(self):
        if self._returncode is not None:
            raise ProcessLookupError()

    def send_signal(self, signal):
        self._check_running()
        try:
            self._stream.send_signal(signal)
        except GLib.Error as error:
            if self._stream.get_running():
                raise os_error(error) from None
            # It has just ended, and nobody was told yet.

    def terminate(self):
        self.send_signal(15)

    def kill(self):
        self.send_signal(9)

    async def _wait(self):
        if self._returncode is not None:
            return self._returncode
        waiter = self._loop.create_future()
        self._exit_waiters.append(waiter)
        return await waiter


class Process:
    def __init__(self, transport, loop):
        self._transport, self._loop = transport, loop
        self.stdin, self.stdout, self.stderr = transport.streams
        self.pid = transport.get_pid()

    def __repr__(self):
        return f'<{self.__class__.__name__} {self.pid}>'

    @property
    def gobject(self):
        """The GProc.Stream of the process."""
        return self._transport._stream

    @property
    def returncode(self):
        return self._transport.get_returncode()

    async def wait(self):
        """Waits for the process, whatever becomes of its pipes, and gives its return code."""
        return await self._transport._wait()

    def send_signal(self, signal):
        self._transport.send_signal(signal)

    def terminate(self):
        self._transport.terminate()

    def kill(self):
        self._transport.kill()

    async def _feed_stdin(self, input):
        try:
            if input is not None:
                self.stdin.write(input)
                await self.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            pass  # The process did not want it all.
        self.stdin.close()

    async def _collect(self, number, stream):
        output = await stream.read()
        self._transport.get_pipe_transport(number).close()
        return output

    async def _cut(self, grace):
        """Ends the outputs that others hold, GRACE seconds after the process has ended."""
        await self.wait()
        await asyncio.sleep(grace)
        for number in 1, 2:
            pipe = self._transport.get_pipe_transport(number)
            if pipe is not None:
                pipe.close()

    async def communicate(self, input=None, *, post_exit_grace=None):
        """Feeds standard input and gives (stdout, stderr), None for what is not a pipe.

        It waits for the ends of the outputs, which descendants of the process may hold open, for
        ever or until POST_EXIT_GRACE seconds after the process has ended.
        """
        jobs = []
        if self.stdin is not None:
            jobs.append(self._feed_stdin(input))
        elif input is not None:
            raise AttributeError('communicate () has input, but stdin is no pipe')
        places = [number for number, stream in ((1, self.stdout), (2, self.stderr))
                  if stream is not None]
        jobs += [self._collect(number, self.stdout if number == 1 else self.stderr)
                 for number in places]
        cut = None
        if post_exit_grace is not None:
            cut = self._loop.create_task(self._cut(post_exit_grace))
        try:
            results = await asyncio.gather(*jobs)
            await self.wait()
        finally:
            if cut is not None:
                cut.cancel()
        outputs = dict(zip(places, results[len(results) - len(places):]))
        return outputs.get(1), outputs.get(2)


async def create_subprocess_exec(program, *args, stdin=None, stdout=None, stderr=None,
                                 limit=DEFAULT_LIMIT, **kwds):
    """Starts a program. The keywords are those of subprocess.Popen."""
    spawning.check_fixed(False, kwds)
    spawning.check_known('create_subprocess_exec', kwds)
    return _start([program, *args], stdin, stdout, stderr, limit, kwds)


async def create_subprocess_shell(cmd, stdin=None, stdout=None, stderr=None, limit=DEFAULT_LIMIT,
                                  **kwds):
    """Starts a command of the shell."""
    if not isinstance(cmd, (bytes, str)):
        raise ValueError('cmd must be a string')
    spawning.check_fixed(True, kwds)
    spawning.check_known('create_subprocess_shell', kwds)
    shell = kwds.pop('executable', None) or '/bin/sh'
    return _start([shell, '-c', cmd], stdin, stdout, stderr, limit, kwds)


def _start(argv, stdin, stdout, stderr, limit, keywords):
    loop = asyncio.get_running_loop()
    check_limit(limit)
    for argument in argv:
        if not isinstance(argument, (str, bytes, os.PathLike)):
            raise TypeError('program arguments must be a bytes or text string, '
                            f'not {type(argument).__name__}')
    stream = spawning.spawn(argv, stdin, stdout, stderr, limit, keywords)
    return Process(ProcessTransport(loop, stream, argv, limit), loop)
