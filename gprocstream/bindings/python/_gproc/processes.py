# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Stream, Launcher, Pipeline, Pump, Terminal and Result get besides what introspection gives."""

import asyncio
import weakref

from gi.repository import Gio, GLib

from . import convert, errors, files, waiting, writing
from .halves import is_half
from .loops import current, forget
from .methods import Awaitable, add_awaitables, add_properties, give_back, wrapped
from .native import GProc

# How long a process has to end by itself when its `with` block is left, in milliseconds.
STOP_GRACE = 5000


def _returncode(value):
    return convert.returncode(value, GProc.RETURNCODE_NONE)


def _returncodes(values):
    return [_returncode(value) for value in values]


class Ending:
    """`with` and `async with` stop the process on leaving, and wait until it is over."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.stop(STOP_GRACE, None)
        except GLib.Error as error:
            _raise_unless_without_process(error)
        finally:
            self.abort()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        try:
            await self.stop_async(STOP_GRACE)
        except GLib.Error as error:
            _raise_unless_without_process(error)
        finally:
            self.abort()


def _raise_unless_without_process(error):
    # It has none, or a pipeline was not started.
    if not any(error.matches(Gio.io_error_quark(), code) for code in (
            Gio.IOErrorEnum.NOT_SUPPORTED, Gio.IOErrorEnum.NOT_INITIALIZED)):
        raise error


class HalvesMethods:
    """Of what has standard input and output: Stream and Pipeline."""

    def get_stdin(self):
        return self._native.get_stdin(self)

    def get_stdout(self):
        return self._with_peer(self._native.get_stdout(self))

    def _with_peer(self, reader):
        if reader is not None and reader._peer is None:
            writer = self._native.get_stdin(self)
            if writer is not None:
                # A value of its own keeps the Python object for as long as the library's lives.
                writer._ends = writer._ends
                reader._peer = weakref.ref(writer)
        return reader

    def _interrupt(self):
        halves = self._halves()
        for half in halves:
            if half._held is not None:
                half._held.interrupt(half)
        forget(*halves)

    def close(self, cancellable=None):
        self._interrupt()
        try:
            return Gio.IOStream.close(self, cancellable)
        except GLib.Error as error:
            raise errors.translated(error) from None

    def abort(self):
        self._interrupt()
        self._native.abort(self)

    async def _close(self):
        """On a loop that iterates no GLib main context: what is queued is written first."""
        writer = self._native.get_stdin(self)
        if writer is not None and not writer.is_closed():
            try:
                await writing.flush(writer)
            except asyncio.CancelledError:
                self.abort()
                raise
            except GLib.Error:
                # Closing says the same again.
                pass
        for half in self._halves():
            half._is_closing = True
        self._interrupt()
        return await waiting.call(lambda *rest: self._native.close_async(self, *rest),
                                  lambda result: self._native.close_finish(self, result),
                                  GLib.PRIORITY_DEFAULT)


class StreamMethods(HalvesMethods, Ending):
    """A process as a stream."""

    _native = GProc.Stream
    _extras = ()

    @classmethod
    def new(cls, argv, flags=GProc.StreamFlags.NONE):
        """Starts `argv`, a list whose items are str, bytes or path-like."""
        try:
            return GProc.Stream.new(convert.argv(argv), flags)
        except GLib.Error as error:
            raise errors.translated(error) from None

    def get_stderr(self):
        return self._with_peer(self._native.get_stderr(self))

    def get_reader(self, target_fd):
        return self._noted(self._with_peer(self._native.get_reader(self, target_fd)))

    def get_writer(self, target_fd):
        return self._noted(self._native.get_writer(self, target_fd))

    def _noted(self, half):
        if half is not None and half not in self._extras:
            self._extras = (*self._extras, half)
        return half

    def _halves(self, *_):
        kind = self._native
        return [half for half in (kind.get_stdin(self), kind.get_stdout(self),
                                  kind.get_stderr(self), *self._extras) if half is not None]

    def send_signal(self, signum):
        return self._signal(GProc.Stream.send_signal, signum)

    def send_signal_group(self, signum):
        return self._signal(GProc.Stream.send_signal_group, signum)

    def terminate(self):
        return self._signal(GProc.Stream.terminate)

    def kill(self):
        return self._signal(GProc.Stream.kill)

    def _signal(self, native, *arguments):
        try:
            return native(self, *arguments)
        except GLib.Error as error:
            if error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND):
                raise errors.signal_error(error) from None
            raise errors.translated(error) from None

    async def _over(self):
        """Waits for the pidfd. False if there is none."""
        writer = self._native.get_stdin(self)
        if writer is not None:
            writing.push_later(writer)
        fd = self._native.get_pidfd(self)
        if fd < 0:
            return False
        await waiting.descriptor_readable(self, fd)
        return True

    async def _wait(self):
        if await self._over():
            return self._native.wait(self, None)
        return await WAIT.call(self, [])

    async def _wait_check(self):
        if await self._over():
            return self._native.wait_check(self, None)
        return await WAIT_CHECK.call(self, [])


WAIT = Awaitable(GProc.Stream, 'wait', plain=StreamMethods._wait, value=_returncode)
WAIT_CHECK = Awaitable(GProc.Stream, 'wait_check', plain=StreamMethods._wait_check)


def _stream_halves(stream, *_):
    return stream._halves()


def _splice_halves(stream, peer, *_):
    halves = getattr(peer, '_halves', None)
    return stream._halves() + (halves() if halves is not None else [])


def _complete_common(kind):
    native = kind._native
    for name in 'get_returncode', 'try_wait', 'wait':
        setattr(kind, name, wrapped(getattr(native, name), name, value=_returncode))
    kind.wait_check = wrapped(native.wait_check, 'wait_check')
    kind.stop = wrapped(
        native.stop, 'stop',
        lambda grace_ms, cancellable=None: (convert.whole('grace_ms', grace_ms), cancellable))
    add_awaitables(
        kind,
        Awaitable(native, 'stop', ['grace_ms'], [STOP_GRACE],
                  convert=lambda grace_ms: [convert.whole('grace_ms', grace_ms)]),
        Awaitable(native, 'close', plain=HalvesMethods._close),
    )


def complete_stream(kind):
    native = GProc.Stream
    _complete_common(kind)

    def with_halves(name, value=None, convert=None):
        method = wrapped(getattr(native, name), name, convert, value)

        def given_back(self, *args, **kwargs):
            give_back(*self._halves())
            return method(self, *args, **kwargs)

        given_back.__name__, given_back.__doc__ = name, method.__doc__
        setattr(kind, name, given_back)

    with_halves('communicate', convert=_input)
    with_halves('communicate_utf8',
                convert=lambda input=None, cancellable=None: (input, cancellable))
    with_halves('wait_buffered', _returncode)
    kind.resize = wrapped(native.resize, 'resize')
    add_awaitables(
        kind,
        WAIT,
        WAIT_CHECK,
        Awaitable(native, 'wait_buffered', ['limit'], halves=_stream_halves, value=_returncode),
        Awaitable(native, 'communicate', ['input'], [None], halves=_stream_halves,
                  convert=lambda value: [convert.glib_bytes(value)]),
        Awaitable(native, 'communicate_utf8', ['input'], [None], halves=_stream_halves),
        Awaitable(native, 'splice', ['peer', 'flags'], [Gio.IOStreamSpliceFlags.NONE],
                  halves=_splice_halves),
    )
    add_properties(kind, native)


def _input(input=None, cancellable=None):
    return convert.glib_bytes(input), cancellable


class LauncherMethods:
    _native = GProc.Launcher

    def spawn(self, argv):
        """Starts `argv`, a list whose items are str, bytes or path-like."""
        try:
            return GProc.Launcher.spawn(self, convert.argv(argv))
        except GLib.Error as error:
            raise errors.translated(error) from None

    def run(self, argv, input=None, cancellable=None):
        """Runs `argv` to its end and gives a GProc.Result."""
        try:
            return GProc.Launcher.run(self, convert.argv(argv), convert.glib_bytes(input),
                                      cancellable)
        except GLib.Error as error:
            raise errors.translated(error) from None

    def set_environ(self, variables):
        """Sets all variables, of a mapping or a list of NAME=VALUE. None inherits them."""
        GProc.Launcher.set_environ(self, convert.environment(variables))

    def setenv(self, variable, value, overwrite=True):
        GProc.Launcher.setenv(self, variable, value, overwrite)

    def set_stdin_file(self, path, flags=GProc.FileFlags.NONE):
        GProc.Launcher.set_stdin_file(self, convert.path(path), flags)

    def set_stdout_file(self, path, flags=GProc.FileFlags.NONE):
        GProc.Launcher.set_stdout_file(self, convert.path(path), flags)

    def set_stderr_file(self, path, flags=GProc.FileFlags.NONE):
        GProc.Launcher.set_stderr_file(self, convert.path(path), flags)

    def set_cwd(self, cwd):
        GProc.Launcher.set_cwd(self, convert.path(cwd))

    def set_executable(self, executable):
        GProc.Launcher.set_executable(self, convert.path(executable))

    async def _spawn(self, argv):
        # A stream belongs to the thread-default context of who starts it, which in the other
        # thread is that thread's own. In a thread of the loop it is the default one.
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(None, GProc.Launcher.spawn, self, argv)
        was_cancelled = None
        while not future.done():
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError as error:
                was_cancelled = error
        if was_cancelled is None:
            return future.result()
        if future.exception() is None:
            future.result().abort()
        raise was_cancelled


def complete_launcher(kind):
    native = GProc.Launcher
    add_awaitables(
        kind,
        Awaitable(native, 'spawn', ['argv'], convert=lambda argv: [convert.argv(argv)],
                  plain=LauncherMethods._spawn, undo=lambda _, stream: stream.abort()),
        Awaitable(native, 'run', ['argv', 'input'], [None],
                  convert=lambda argv, value: [convert.argv(argv), convert.glib_bytes(value)]),
    )
    add_properties(kind, native)


class PipelineMethods(HalvesMethods, Ending):
    _native = GProc.Pipeline

    def append(self, launcher=None, argv=None):
        """Adds a stage: `append (argv)` or, started by a launcher, `append (launcher, argv)`."""
        # The launcher comes first, as in C. One list alone is what is run.
        if argv is None:
            launcher, argv = None, launcher
        GProc.Pipeline.append(self, launcher, convert.argv(argv))

    def get_returncodes(self):
        return _returncodes(GProc.Pipeline.get_returncodes(self))

    def _halves(self, *_):
        halves = GProc.Pipeline.get_stdin(self), GProc.Pipeline.get_stdout(self)
        return [half for half in halves if half is not None]


def complete_pipeline(kind):
    native = GProc.Pipeline
    _complete_common(kind)
    kind.spawn = wrapped(native.spawn, 'spawn')
    add_awaitables(
        kind,
        Awaitable(native, 'wait', value=_returncode),
        Awaitable(native, 'wait_check'),
    )
    add_properties(kind, native)


def _pump_halves(pump, *_):
    return is_half(pump.get_source()) + is_half(pump.get_target())


class PumpMethods:
    _native = GProc.Pump

    @classmethod
    def new(cls, source, target):
        """Streams, or what has a `fileno ()`; `source` may also be what can be read."""
        source, target = files.input_stream(source), files.output_stream(target)
        give_back(source, target)
        return GProc.Pump.new(source, target)

    def fileno(self):
        """That of the source."""
        return files.fileno(self.get_source())

    def run(self, cancellable=None):
        give_back(*_pump_halves(self))
        try:
            return GProc.Pump.run(self, cancellable)
        except GLib.Error as error:
            raise errors.translated(error) from None

    def flush(self, count):
        give_back(*_pump_halves(self))
        try:
            return GProc.Pump.flush(self, count)
        except GLib.Error as error:
            raise errors.translated(error) from None

    @staticmethod
    def run_all_async(pumps, io_priority=GLib.PRIORITY_DEFAULT, cancellable=None, *callback):
        """Runs all of `pumps`. Without a callback it is awaitable."""
        pumps = convert.instances('pumps', pumps, GProc.Pump)
        halves = [half for pump in pumps for half in _pump_halves(pump)]
        give_back(*halves)
        if callback or current() is None:
            return GProc.Pump.run_all_async(pumps, io_priority, cancellable,
                                            *(callback or (None,)))
        return _run_all(pumps, io_priority, cancellable, halves)


async def _run_all(pumps, io_priority, cancellable, halves):
    try:
        return await waiting.call(GProc.Pump.run_all_async, GProc.Pump.run_all_finish, pumps,
                                  io_priority, cancellable=cancellable, halves=halves)
    except GLib.Error as error:
        raise errors.translated(error) from None


def complete_pump(kind):
    add_awaitables(kind, Awaitable(GProc.Pump, 'run', halves=_pump_halves))
    add_properties(kind, GProc.Pump)


class TerminalMethods:
    _native = GProc.Terminal


def complete_terminal(kind):
    native = GProc.Terminal
    kind.set_detach_keys = wrapped(native.set_detach_keys, 'set_detach_keys')
    add_awaitables(kind, Awaitable(native, 'attach', ['stream'], value=_returncode,
                                   halves=lambda _, stream: stream._halves()))
    add_properties(kind, native)


class ResultMethods:
    _native = GProc.Result


def complete_result(kind):
    kind.get_returncode = wrapped(GProc.Result.get_returncode, 'get_returncode', value=_returncode)
    kind.check = wrapped(GProc.Result.check, 'check')
    add_properties(kind, GProc.Result)
