#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What makes the classes at home in Python: what they take, what they give, how they fail."""

import array
import asyncio
import decimal
import fractions
import math
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading

from support import (GLib, GObject, GProc, Gio, TESTPROG, fails, feed, is_io_error, lines_of, pipe,
                     run_on_glib_main_loop, start, tap)


def arguments_are_paths_bytes_and_text():
    program = pathlib.Path(TESTPROG)
    stream = GProc.Stream.new([program, b'args', 'grün', pathlib.Path('a/b'), b'\xff'])
    assert list(stream.stdout)[1:] == ['args\n'.encode(), 'grün\n'.encode(), b'a/b\n', b'\xff\n']
    assert list(GProc.Launcher().spawn((program, 'echo', 'tuple')).stdout) == [b'tuple\n']
    pipeline = GProc.Pipeline()
    pipeline.append(None, [program, 'echo', 'pipeline'])
    pipeline.spawn()
    assert list(pipeline.stdout) == [b'pipeline\n']


def a_stage_needs_no_launcher():
    pipeline = GProc.Pipeline()
    launcher = GProc.Launcher(cwd='/')
    pipeline.append([TESTPROG, 'echo', 'word'])
    pipeline.append(argv=['cat'])
    pipeline.append(None, ('cat',))
    pipeline.append(launcher, ['sh', '-c', 'cat; pwd'])
    pipeline.append(launcher=launcher, argv=['cat'])
    pipeline.append(launcher=None, argv=['cat'])
    pipeline.spawn()
    assert list(pipeline.stdout) == [b'word\n', b'/\n'] and pipeline.wait() == 0
    for wrong in (), ('cat',), (launcher,), (None,), (launcher, None), (launcher, 'cat'):
        assert 'argv is a list' in str(fails(TypeError, GProc.Pipeline().append, *wrong)), wrong
    fails(TypeError, GProc.Pipeline().append, ['cat'], launcher)
    fails(TypeError, GProc.Pipeline().append, 'cat', '-')
    fails(ValueError, GProc.Pipeline().append, [])


def one_text_is_no_list_of_arguments():
    launcher = GProc.Launcher()
    for wrong in 'cat', b'cat', pathlib.Path('cat'), bytearray(b'cat'):
        fails(TypeError, GProc.Stream.new, wrong)
        fails(TypeError, launcher.spawn, wrong)
        fails(TypeError, launcher.run, wrong)
        fails(TypeError, launcher.spawn_async, wrong, 0, None, lambda *_: None)
        fails(TypeError, launcher.run_async, wrong, None, 0, None, lambda *_: None)
        fails(TypeError, GProc.Pipeline().append, None, wrong)
    fails(TypeError, GProc.Stream.new, ['cat', 1])
    fails(ValueError, GProc.Stream.new, [])
    fails(ValueError, GProc.Stream.new, ['cat', 'a\0b'])


def what_is_written_may_be_of_any_kind():
    cat = GProc.Stream.new(['cat'])
    for data in ('text ü ', b'bytes \0 ', bytearray(b'bytearray '), memoryview(b'memoryview ')[:7],
                 array.array('B', b'array '), GLib.Bytes.new(b'GLib '), ''):
        assert cat.stdin.queue(data) is True
    assert cat.stdin.queue_bytes(b'queued ') is True
    assert cat.stdin.queuev([b'one ', 'two ', bytearray(b'three')]) is True
    fails(TypeError, cat.stdin.queue, 1)
    fails(TypeError, cat.stdin.queue, None)
    cat.stdin.write_eof()
    assert cat.stdout.read_to_end().get_data() == (
        'text ü bytes \0 bytearray memoryvarray GLib queued one two three'.encode())


def absent_numbers_are_none():
    stream = start('hold')
    assert stream.returncode is None and stream.get_returncode() is None
    assert stream.try_wait() is None
    assert stream.running and stream.pid > 0 and stream.command == TESTPROG
    stream.kill()
    assert stream.wait() == stream.wait(None) == stream.try_wait() == stream.returncode == -9
    pipeline = GProc.Pipeline()
    pipeline.append(None, [TESTPROG, 'hold'])
    assert pipeline.returncode is None and pipeline.get_returncodes() == [None]
    pipeline.spawn()
    assert pipeline.try_wait() is None
    pipeline.stop(0)
    assert pipeline.wait() == -9 and pipeline.get_returncodes() == [-9]
    no_process = GProc.Stream.new_for_fds(-1, -1, -1, GProc.StreamFlags.NONE)
    assert no_process.returncode is None and no_process.stdin is None


def properties_are_attributes():
    launcher = GProc.Launcher(timeout=1000)
    launcher.stderr = GProc.Disposition.STDOUT
    launcher.cwd = pathlib.Path('/')
    launcher.stop_grace = 10
    assert (launcher.timeout, launcher.stop_grace, launcher.cwd) == (1000, 10, '/')
    launcher.set_environ({'NAME': 'value', 'OTHER': pathlib.Path('a')})
    launcher.setenv('MORE', '1')
    result = launcher.run([TESTPROG, 'print-env', 'NAME', 'OTHER', 'MORE', 'HOME'])
    assert result.stdout.get_data() == b'NAME=value\nOTHER=a\nMORE=1\nHOME unset\n'
    assert result.returncode == 0 and result.successful and result.stdout_utf8.startswith('NAME')
    reader = feed(b'abc')
    reader.limit = 5
    assert reader.limit == reader.get_limit() == reader.props.limit == 5
    assert reader.peek(1) is None or reader.buffered >= 0
    writer = GProc.Writer.new(Gio.MemoryOutputStream.new_resizable())
    writer.set_watermarks(10, 5)
    assert (writer.high_watermark, writer.low_watermark) == (10, 5)
    fails(AttributeError, setattr, reader, 'bytes_read', 1)


def arguments_that_there_are_not_are_named():
    """With the function that was called, as Python does, and not one within."""
    reader, launcher = feed(b'abc'), GProc.Launcher()
    for function, name in ((reader.read_line_async, 'read_line_async'),
                           (reader.read_exactly_async, 'read_exactly_async'),
                           (reader.read_lines, 'read_lines'),
                           (reader.read_until_any, 'read_until_any'),
                           (launcher.spawn_async, 'spawn_async'),
                           (start('exit-code', '0').communicate, 'communicate')):
        error = fails(TypeError, function, no_such=1)
        assert str(error) == f"{name}() got an unexpected keyword argument 'no_such'", error
    error = fails(TypeError, launcher.spawn_async, ['true'], argv=['true'])
    assert str(error) == "spawn_async() got multiple values for argument 'argv'", error
    error = fails(TypeError, launcher.spawn_async)
    assert str(error) == "spawn_async() missing required argument 'argv'", error
    error = fails(TypeError, reader.read_until)
    assert str(error).startswith('read_until() missing 1 required'), error


def numbers_are_whole():
    """Introspection takes a float and drops what is behind the point: half a second was none."""
    launcher, stream, pipeline = GProc.Launcher(), start('hold'), GProc.Pipeline()
    takers = {
        'timeout': [lambda value: GProc.Launcher(timeout=value), launcher.set_timeout,
                    lambda value: launcher.set_timeout(timeout_ms=value),
                    lambda value: setattr(launcher, 'timeout', value)],
        'stop_grace': [lambda value: GProc.Launcher(**{'stop-grace': value}),
                       launcher.set_stop_grace],
        'post_exit_grace': [lambda value: GProc.Launcher(post_exit_grace=value),
                            stream.set_post_exit_grace],
        'grace_ms': [lambda value: stream.stop(value, None), stream.stop_async,
                     lambda value: pipeline.stop(grace_ms=value)],
        'timeout_ms': [lambda value: GProc.select([stream.stdout], timeout_ms=value)],
    }
    wrong = 0.5, 1e-9, fractions.Fraction(1, 2), decimal.Decimal('0.5'), math.nan, math.inf
    for name, functions in takers.items():
        for function in functions:
            for value in wrong:
                message = str(fails(ValueError, function, value))
                assert message.startswith(f'{name} is a whole number of milliseconds'), message
            assert '0.5 seconds are 500' in str(fails(ValueError, function, 0.5))
            fails(TypeError, function, 'long')
    assert stream.running
    for function in (lambda value: GProc.Launcher(output_limit=value), launcher.set_pipe_size,
                     lambda value: setattr(stream.stdout, 'limit', value)):
        assert 'whole number of bytes' in str(fails(ValueError, function, 1.5))
    assert 'whole number, not' in str(fails(ValueError, GProc.Launcher, umask=1.5))
    assert GProc.Launcher(timeout=2.0, stop_grace=fractions.Fraction(4, 2)).timeout == 2
    launcher.timeout = 3.0
    stream.stdout.limit = 1e6
    assert (launcher.timeout, stream.stdout.limit) == (3, 1_000_000)
    fails(OverflowError, launcher.set_timeout, -1)
    stream.stop(0.0)


def files_are_paths():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'output')
        launcher = GProc.Launcher()
        launcher.set_stdout_file(path)
        assert launcher.spawn([TESTPROG, 'echo', 'one']).wait() == 0
        launcher.set_stdout_file(path, GProc.FileFlags.APPEND)
        assert launcher.spawn([TESTPROG, 'echo', 'two']).wait() == 0
        assert path.read_bytes() == b'one\ntwo\n'
        launcher = GProc.Launcher()
        launcher.set_stdin_file(path)
        assert list(launcher.spawn(['cat']).stdout) == [b'one\n', b'two\n']


def leaving_the_block_stops_the_process():
    with start('late-term', '6') as stream:
        assert next(iter(stream.stdout)) == b'ready\n'
    assert stream.returncode == 6 and stream.is_closed()
    with GProc.Stream.new(['cat']) as stream:
        stream.stdin.queue(b'x')
        stream.stdin.write_eof()
        assert list(stream.stdout) == [b'x'] and stream.wait() == 0
    assert stream.returncode == 0
    with GProc.Stream.new_for_fds(-1, -1, -1, GProc.StreamFlags.NONE):
        pass
    with GProc.Pipeline():
        pass
    pipeline = GProc.Pipeline()
    pipeline.append(None, [TESTPROG, 'hold'])
    pipeline.append(None, ['cat'])
    with pipeline:
        pipeline.spawn()
        assert next(iter(pipeline.stdout)) == b'ready\n'
    assert pipeline.get_returncodes()[0] == -signal.SIGTERM


def errors_are_those_that_are_caught():
    error = fails(FileNotFoundError, GProc.Stream.new, ['gproc-no-such-program'])
    assert is_io_error(error, Gio.IOErrorEnum.NOT_FOUND) and isinstance(error, OSError)
    assert error.errno == 2 and 'gproc-no-such-program' in error.message
    assert 'gproc-no-such-program' in str(error) and error.domain == 'g-io-error-quark'
    fails(PermissionError, GProc.Stream.new, ['/etc/passwd'])
    launcher = GProc.Launcher(cwd='/gproc/no/such')
    fails(FileNotFoundError, launcher.run, ['cat'])

    stream = start('exit-code', '2')
    assert stream.wait() == 2
    for signal_ in stream.terminate, stream.kill, lambda: stream.send_signal(1):
        error = fails(ProcessLookupError, signal_)
        assert isinstance(error, GLib.Error), error
    error = fails(GLib.Error, stream.wait_check)
    assert error.matches(GProc.StreamError.quark(), GProc.StreamError.EXIT_STATUS)

    reader, writer = pipe()
    error = fails(BlockingIOError, reader.try_read_line)
    assert is_io_error(error, Gio.IOErrorEnum.WOULD_BLOCK)
    os.close(writer)
    error = fails(EOFError, reader.read_exactly, 4)
    assert (error.partial, error.expected) == (b'', 4), (error.partial, error.expected)

    launcher = GProc.Launcher(timeout=20)
    fails(TimeoutError, launcher.spawn([TESTPROG, 'hold']).wait)
    writer = start('exit-code', '0')
    writer.wait()
    fails(BrokenPipeError, lambda: writer.stdin.queue('x') and writer.stdin.flush())
    fails(ConnectionResetError, writer.stdin.drain)


def selecting_takes_any_sequence():
    reader, writer = pipe()
    assert GProc.select([reader], timeout_ms=0) == []
    os.write(writer, b'one\ntwo\n')
    assert GProc.select((reader,)) == [reader]
    iterator = iter(reader)
    next(iterator)
    assert reader._held is not None
    assert GProc.select([reader], timeout_ms=0) == [reader], 'what an iterator keeps counts'
    # The reader itself would give its lines.
    process = GProc.Stream.new(['true'])
    for things in ([None], None, reader, [writer], [process], [GProc.Pump()]):
        fails(TypeError, lambda: GProc.select(things, timeout_ms=0))
    for things in ([None], [reader], writer):
        fails(TypeError, lambda: GProc.select([reader], things, 0))
    for things in ([None], None, [reader]):
        fails(TypeError, lambda: GProc.Pump.run_all_async(things))
    # Both have descriptors, but lead the other way.
    fails(TypeError, GProc.Pump.new, process.stdin, process.stdin)
    fails(TypeError, GProc.Pump.new, process.stdout, process.stdout)
    process.stdout.close()
    assert 'is closed' in str(fails(ValueError, process.stdout.fileno))
    os.close(writer)


def results_are_collected():
    result = GProc.Launcher().run(['tr', 'a-z', 'A-Z'], 'text')
    assert result.stdout.get_data() == b'TEXT'
    stream = GProc.Stream.new(['cat'])
    assert stream.communicate(b'bytes').stdout.get_data() == b'bytes'
    stream = start('lines', '100')
    assert next(iter(stream.stdout)) == b'line 1\n'
    assert stream.communicate().stdout.get_data() == b''.join(lines_of(100)[1:])


class Backend(GObject.Object, GProc.Backend):
    """A process that Python stands for."""

    def __init__(self):
        super().__init__()
        self.signals = []
        self.waits = 0
        self.ends = 0
        self.changed = threading.Condition()
        self.returncode = None

    def do_get_identifier(self):
        return 'python'

    def do_get_command(self):
        return 'parrot'

    def do_try_wait(self):
        return (True, self.returncode) if self.returncode is not None else (False, 0)

    def do_wait(self, cancellable):
        """It runs in a thread for each that waits."""
        with self.changed:
            self.waits += 1
            self.changed.notify_all()
            while self.returncode is None:
                # A cancellable has no condition of its own.
                if (self.changed.wait(0.01) or cancellable is None
                        or not cancellable.is_cancelled()):
                    continue
                raise GLib.Error.new_literal(Gio.io_error_quark(), 'Cancelled',
                                             Gio.IOErrorEnum.CANCELLED)
        return True, self.returncode

    def do_send_signal(self, signum, to_group):
        self.signals.append((signum, to_group))
        with self.changed:
            self.returncode = -signum
            self.changed.notify_all()
        return True

    def do_output_ended(self):
        self.ends += 1

    def do_close(self):
        self.signals.append('closed')


def a_backend_is_written_in_python():
    backend = Backend()
    stream = GProc.Stream.new_for_backend(
        backend, Gio.MemoryOutputStream.new_resizable(),
        Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(b'from\npython\n')), None)
    assert stream.identifier == 'python' and stream.backend is backend
    assert stream.command == 'parrot'
    assert stream.try_wait() is None
    assert backend.try_wait() == (False, GProc.RETURNCODE_NONE)
    assert list(stream.stdout) == [b'from\n', b'python\n']
    # Nobody has iterated a main context.
    assert backend.ends == 1, backend.ends

    async def use():
        task = asyncio.ensure_future(stream.wait_async())
        await asyncio.sleep(0)
        stream.send_signal(signal.SIGUSR1)
        return await task

    assert run_on_glib_main_loop(use()) == -signal.SIGUSR1
    assert backend.signals == [(signal.SIGUSR1, False)]
    assert stream.try_wait() == stream.returncode == -signal.SIGUSR1
    assert backend.wait(None) == backend.try_wait() == (True, -signal.SIGUSR1)
    stream.close()
    assert 'closed' in backend.signals


def run_alone(text):
    return subprocess.run([sys.executable, '-X', 'dev', '-W', 'ignore::ImportWarning', '-c',
                           'import gi, asyncio, os, sys; gi.require_version("GProc", "1")\n'
                           'from gi.repository import GProc, GLib, Gio\n' + text],
                          capture_output=True, timeout=60, check=False)


def the_interpreter_ends_at_any_time():
    for text in (
            # A call is under way in the other thread.
            'async def main():\n'
            '    stream = GProc.Stream.new(["cat"])\n'
            '    asyncio.ensure_future(stream.communicate_async(b"x" * 1000000))\n'
            '    await asyncio.sleep(0)\n'
            '    stop\n'
            'try: asyncio.run(main())\n'
            'except NameError: print("ended")\n',
            # Nobody ever waits for what was begun.
            'async def main():\n'
            '    stream = GProc.Stream.new(["cat"])\n'
            '    loop.create_task(stream.stop_async(100000))\n'
            '    await stream.stdout.read_to_end_async()\n'
            '    print("ended")\n'
            'loop = asyncio.new_event_loop()\n'
            'loop.run_until_complete(main())\n'
            'loop.close()\n',
            'for line in GProc.Stream.new(["seq", "100000"]).stdout: break\n'
            'iterator = iter(GProc.Stream.new(["seq", "100000"]).stdout)\n'
            'next(iterator)\n'
            'print("ended")\n'):
        result = run_alone(text)
        assert result.returncode == 0 and result.stdout == b'ended\n', result
        assert b'Fatal' not in result.stderr and b'CRITICAL' not in result.stderr, result.stderr


def a_fork_begins_anew():
    result = run_alone(
        'async def use():\n'
        '    result = await GProc.Launcher().run_async(["echo", "used"])\n'
        '    print(result.stdout_utf8, end="", flush=True)\n'
        'asyncio.run(use())\n'
        'child = os.fork()\n'
        'asyncio.run(use())\n'
        'if child: sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n')
    assert result.returncode == 0 and result.stdout == b'used\n' * 3, result


def a_number_that_is_used_again_is_not_mixed_up():
    """Closed while somebody waits for it, the same number serves another file at once."""
    result = run_alone(
        'async def main():\n'
        '    for turn in range(20):\n'
        '        read, write = os.pipe()\n'
        '        reader = GProc.Reader.new_for_fd(read, True)\n'
        '        task = asyncio.ensure_future(reader.read_line_async())\n'
        '        await asyncio.sleep(0)\n'
        '        await asyncio.sleep(0)\n'
        '        reader.close()\n'
        '        again = os.dup(os.open("/dev/null", os.O_RDONLY))\n'
        '        os.close(write)\n'
        '        first, second = os.pipe()\n'
        '        event = asyncio.Event()\n'
        '        loop = asyncio.get_running_loop()\n'
        '        loop.add_reader(first, event.set)\n'
        '        os.write(second, b"x")\n'
        '        await asyncio.wait_for(event.wait(), 10)\n'
        '        loop.remove_reader(first)\n'
        '        try: await task\n'
        '        except GLib.Error as error: assert error.matches(Gio.io_error_quark(), '
        'Gio.IOErrorEnum.CLOSED), error\n'
        '    print("ended")\n'
        'asyncio.run(main())\n')
    assert result.returncode == 0 and result.stdout == b'ended\n', result


tap.run('/gproc/python-natural', arguments_are_paths_bytes_and_text,
        a_stage_needs_no_launcher, one_text_is_no_list_of_arguments,
        what_is_written_may_be_of_any_kind, absent_numbers_are_none, properties_are_attributes,
        arguments_that_there_are_not_are_named, numbers_are_whole, files_are_paths,
        leaving_the_block_stops_the_process, errors_are_those_that_are_caught,
        selecting_takes_any_sequence, results_are_collected, a_backend_is_written_in_python,
        the_interpreter_ends_at_any_time, a_fork_begins_anew,
        a_number_that_is_used_again_is_not_mixed_up)
