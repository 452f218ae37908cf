# SPDX-License-Identifier: LGPL-2.1-or-later
"""spawn () and what it gives: a process as Modal's ContainerProcess shows one."""

import enum
import os
import subprocess
import sys

from gi.module import get_introspection_module
from gi.repository import GLib

from .. import helper
from ..aio.errors import os_error
from .calls import Call, Method
from .core import Core, in_helper
from .printing import Printer
from .reader import InvalidError, StreamReader, UnreadableStream
from .writer import DEFAULT_LIMIT, StreamWriter

GProc = get_introspection_module('GProc')


class StreamType(enum.Enum):
    """What becomes of an output: it is read, dropped, or printed by this program."""

    PIPE = subprocess.PIPE
    DEVNULL = subprocess.DEVNULL
    STDOUT = subprocess.STDOUT


class ContainerProcess:
    """A process. Its returncode is the exit status, 128 + N after signal N, −1 if it was stopped
    because its time was over.
    """

    def __init__(self, stream, kinds, text, by_line, stdin_limit, output_limit, grace):
        limit = stream.get_output_limit() if output_limit is None else output_limit
        self._core = Core(stream, limit)
        self._grace = grace
        self._returncode = None
        self._stdin = StreamWriter(self._core, stdin_limit)
        outputs = {output.number: output for output in self._core.outputs}
        self._printers = []
        readers = []
        for number, kind in zip((1, 2), kinds):
            if kind is StreamType.PIPE:
                readers.append(StreamReader(self._core, outputs[number], text, by_line))
            elif kind is StreamType.DEVNULL:
                readers.append(UnreadableStream(number, ValueError(
                    'with StreamType.DEVNULL there is nothing to read')))
            else:
                readers.append(UnreadableStream(number, InvalidError(
                    'with StreamType.STDOUT the output is printed and cannot be read')))
                self._printers.append(Printer(self._core, outputs[number], sys.stdout))
        self._stdout, self._stderr = readers
        for printer in self._printers:
            printer.start()

    def __repr__(self):
        return f'ContainerProcess(pid={self.pid})'

    @property
    def stdin(self):
        return self._stdin

    @property
    def stdout(self):
        return self._stdout

    @property
    def stderr(self):
        return self._stderr

    @property
    def pid(self):
        return self._core.stream.get_pid()

    @property
    def gobject(self):
        """The GProc.Stream. What is to be read from it directly is not to be read here as well."""
        return self._core.stream

    @property
    def returncode(self):
        """What poll () or wait () found; InvalidError before one of them did."""
        if self._returncode is None:
            raise InvalidError('returncode is known after wait () only; poll () tells whether '
                               'the process is still running')
        return self._returncode

    def _settle(self):
        """Takes the returncode of a process that is over."""
        stream = self._core.stream
        if stream.get_timed_out():
            self._returncode = -1
        elif stream.get_if_exited() or stream.get_if_signaled():
            self._returncode = stream.get_shell_status()
        else:
            raise InvalidError('something else in this program has taken the status of the '
                               'process, so nobody can know how it ended')
        return self._returncode

    @Method
    def poll(self):
        """The returncode, None as long as the process is running."""
        if self._returncode is not None:
            return self._returncode
        stream = self._core.stream
        stream.try_wait()
        return None if stream.get_running() else self._settle()
        yield

    @Method
    def wait(self):
        """Waits for the end of the process and gives its returncode.

        What it writes meanwhile is taken in, up to output_limit, and can be read afterwards;
        BufferError if it is more. What is printed has been printed then.
        """
        if self._returncode is None:
            core = self._core
            yield from core.wait(lambda: core.exited, for_exit=True)
            self._settle()
        yield from self._wait_for_printers()
        return self._returncode

    def _wait_for_printers(self):
        printers = self._printers
        if not printers:
            return
        grace = self._core.stream.get_post_exit_grace()
        # Something else may hold the pipe for ever.
        yield from self._core.wait(lambda: all(printer.is_finished for printer in printers),
                                   timeout=None if grace < 0 else grace / 1000)

    @Method
    def terminate(self, *, wait=False):
        """Stops the process, with SIGTERM and after a while SIGKILL; nothing if it is over.

        Gives the returncode if it is to WAIT for the end.
        """
        stream, grace = self._core.stream, self._grace
        if self._returncode is None:
            def start():
                stream.stop_async(grace, GLib.PRIORITY_DEFAULT, None, _on_stopped)

            helper.submit(start)
        if wait:
            yield from self._core.wait(lambda: self._core.exited, for_exit=True)
            return self._settle()
        return None


def _on_stopped(stream, result, *_):
    try:
        stream.stop_finish(result)
    except GLib.Error:
        # It was over already.
        pass


def _kind(value, name):
    """The StreamType of what was given, also of Modal's own or of a constant of subprocess."""
    try:
        return StreamType(getattr(value, 'value', value))
    except ValueError:
        raise ValueError(f'{name} is {value!r}, but can be StreamType.PIPE, DEVNULL or STDOUT '
                         'only') from None


def _arguments(argv):
    if not argv:
        raise ValueError('spawn () without a program')
    for argument in argv:
        if not isinstance(argument, (str, bytes, os.PathLike)):
            raise TypeError('the arguments of the program are separate arguments of spawn () and '
                            f'of type str, not {type(argument).__name__}')
    return [os.fsdecode(argument) for argument in argv]


def _spawn(*argv, stdout=StreamType.PIPE, stderr=StreamType.PIPE, text=True, by_line=False,
           bufsize=-1, timeout=None, workdir=None, env=None, stdin_limit=DEFAULT_LIMIT,
           output_limit=None):
    """Starts a program and gives its ContainerProcess.

    stdout, stderr   StreamType.PIPE, DEVNULL or STDOUT, which is this program's own stdout
    text             whether outputs are read as text, which has to be UTF-8, or as bytes
    by_line          iterate over lines, not chunks; bufsize=1 is the same
    timeout          after so many seconds it is stopped
    workdir, env     the folder to run it in, variables to add (None: to remove)
    stdin_limit      how many bytes write () queues, None for any number
    output_limit     how many bytes of each output are kept for a reader who does not come
    """
    argv = _arguments(argv)
    kinds = _kind(stdout, 'stdout'), _kind(stderr, 'stderr')
    if bufsize not in (-1, 1):
        raise ValueError('bufsize can be -1, or 1 for lines')
    by_line = by_line or bufsize == 1
    if by_line and not text:
        raise ValueError('lines need text=True')
    if any(limit is not None and limit <= 0 for limit in (stdin_limit, output_limit)):
        raise ValueError('limits are greater than 0')
    launcher = GProc.Launcher()
    for set_disposition, kind in zip((launcher.set_stdout, launcher.set_stderr), kinds):
        set_disposition(GProc.Disposition.NULL if kind is StreamType.DEVNULL
                        else GProc.Disposition.PIPE)
    if timeout is not None:
        if timeout <= 0:
            raise ValueError('timeout is greater than 0')
        launcher.set_timeout(max(1, round(timeout * 1000)))
    if workdir is not None:
        launcher.set_cwd(os.fsdecode(workdir))
    for name, value in (env or {}).items():
        if value is None:
            launcher.unsetenv(os.fsdecode(name))
        else:
            launcher.setenv(os.fsdecode(name), os.fsdecode(value), True)
    try:
        # What is queued for it is written by the context of the thread that it starts in.
        stream = yield from in_helper(lambda: launcher.spawn(argv))
    except GLib.Error as error:
        raise os_error(error) from error
    return ContainerProcess(stream, kinds, text, by_line, stdin_limit, output_limit,
                            launcher.get_stop_grace())


_spawn.__name__ = _spawn.__qualname__ = 'spawn'
spawn = Call(_spawn)
