#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""aio.subprocess as programs for asyncio.subprocess use it, those of its documentation first."""

import errno
import logging
import os
import pathlib
import select
import signal
import sys
import tempfile
import time

from aio_harness import GLib, GProc, TESTPROG, asyncio, fails, tap, tests

PIPE, STDOUT, DEVNULL = (asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT,
                         asyncio.subprocess.DEVNULL)


async def _run(*arguments, input=None, **keywords):
    """(stdout, stderr, returncode) of a program."""
    keywords.setdefault('stdout', PIPE)
    process = await asyncio.create_subprocess_exec(*arguments, **keywords)
    return (*await process.communicate(input), process.returncode)


async def the_documentation_runs_a_command():
    proc = await asyncio.create_subprocess_shell(
        'ls /zzz; echo out', stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    stdout, stderr = await proc.communicate()
    assert proc.returncode == 0 and stdout.decode() == 'out\n' and '/zzz' in stderr.decode()


async def the_documentation_asks_for_the_date():
    code = 'import datetime; print(datetime.datetime.now())'
    proc = await asyncio.create_subprocess_exec(
        sys.executable, '-c', code, stdout=asyncio.subprocess.PIPE)
    data = await proc.stdout.readline()
    line = data.decode('ascii').rstrip()
    await proc.wait()
    assert line.count(':') == 2 and proc.returncode == 0


async def lines_go_to_and_fro():
    process = await asyncio.create_subprocess_exec('cat', stdin=PIPE, stdout=PIPE)
    assert isinstance(process.stdin.gobject, GProc.Writer)
    for number in range(300):
        process.stdin.write(b'%d\n' % number)
        await process.stdin.drain()
        assert await process.stdout.readline() == b'%d\n' % number
    process.stdin.write_eof()
    assert await process.stdout.read() == b'' and await process.wait() == 0
    assert process.stdin.is_closing()
    await process.stdin.wait_closed()


async def megabytes_go_both_ways():
    data = bytes(range(256)) * 20_000
    stdout, stderr, returncode = await _run('cat', input=data, stdin=PIPE)
    assert stdout == data and stderr is None and returncode == 0


async def what_nobody_wants_to_read_is_no_error():
    data = bytes(5_000_000)
    stdout, _, returncode = await _run('head', '-c', '3', input=data, stdin=PIPE)
    assert stdout == bytes(3) and returncode == 0


async def a_flood_of_errors_is_read_along():
    code = 'head -c 2000000 /dev/zero >&2; echo done'
    stdout, stderr, returncode = await _run('sh', '-c', code, stderr=PIPE)
    assert stdout == b'done\n' and len(stderr) == 2_000_000 and returncode == 0


async def drain_says_that_the_pipe_is_broken():
    process = await asyncio.create_subprocess_exec('true', stdin=PIPE)
    await process.wait()
    for _ in range(100):
        process.stdin.write(bytes(1000))
        try:
            await process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            break
    else:
        raise AssertionError('nothing was said')
    # One that waits is told too.
    process = await asyncio.create_subprocess_exec(
        'sh', '-c', 'read line; exec sleep 1000 <&-', stdin=PIPE)
    process.stdin.write(b'line\n' + bytes(3_000_000))
    error = await fails(OSError, process.stdin.drain())
    assert isinstance(error, (BrokenPipeError, ConnectionResetError)), error
    process.kill()
    await process.wait()


async def output_is_there_after_the_end():
    process = await asyncio.create_subprocess_exec('head', '-c', '100000', '/dev/zero',
                                                   stdout=PIPE)
    # asyncio reads ahead, so that more than a pipe holds is no reason to hang.
    assert await process.wait() == 0
    assert await process.stdout.read() == bytes(100_000)


async def the_return_code_comes_by_itself():
    process = await asyncio.create_subprocess_exec('sh', '-c', 'exit 7')
    assert process.returncode is None
    while process.returncode is None:
        await asyncio.sleep(0)
    assert process.returncode == 7
    assert await asyncio.gather(*(process.wait() for _ in range(5))) == [7] * 5


async def signals_are_sent():
    for send, expected in ((lambda process: process.terminate(), signal.SIGTERM),
                           (lambda process: process.kill(), signal.SIGKILL),
                           (lambda process: process.send_signal(signal.SIGUSR1), signal.SIGUSR1)):
        process = await asyncio.create_subprocess_exec(TESTPROG, 'hold', stdout=PIPE)
        assert await process.stdout.readline() == b'ready\n'
        send(process)
        assert await process.wait() == -expected == process.returncode
        for function in process.terminate, process.kill, lambda: process.send_signal(0):
            try:
                function()
            except ProcessLookupError:
                continue
            raise AssertionError('a process that has ended was signalled')


async def a_status_that_is_lost_is_told_as_asyncio_does():
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        process = await asyncio.create_subprocess_exec('true')
        assert await process.wait() == 255 == process.returncode
    finally:
        signal.signal(signal.SIGCHLD, before)


async def a_wait_that_is_cancelled_is_no_harm():
    process = await asyncio.create_subprocess_exec(TESTPROG, 'hold', stdout=PIPE)
    other = asyncio.create_task(process.wait())
    await fails(asyncio.TimeoutError, asyncio.wait_for(process.wait(), 0.01))
    process.kill()
    assert await other == -9


async def a_communicate_that_takes_too_long_loses_nothing():
    process = await asyncio.create_subprocess_exec('cat', stdin=PIPE, stdout=PIPE)
    process.stdin.write(b'first ')
    reading = asyncio.create_task(process.stdout.read())
    while process.stdout.gobject.get_bytes_read() == 0:
        await asyncio.sleep(0)
    reading.cancel()
    await fails(asyncio.CancelledError, reading)
    assert await process.communicate(b'second') == (b'first second', None)


async def held_pipes_are_waited_for_or_cut():
    process = await asyncio.create_subprocess_shell('sleep 1000 & echo $!', stdout=PIPE,
                                                    stderr=PIPE)
    assert await process.wait() == 0
    await fails(asyncio.TimeoutError, asyncio.wait_for(process.communicate(), 0.05))
    stdout, stderr = await process.communicate(post_exit_grace=0.01)
    assert stderr == b''
    os.kill(int(stdout), signal.SIGKILL)


async def two_hundred_run_at_once():
    async def one(number):
        stdout, _, returncode = await _run('sh', '-c', f'echo {number}; exit {number}')
        return int(stdout), returncode

    results = await asyncio.gather(*(one(number) for number in range(200)))
    assert results == [(number, number) for number in range(200)]


async def standard_streams_go_where_they_are_sent():
    with tempfile.TemporaryFile() as file:
        file.write(b'from a file')
        file.seek(0)
        stdout, _, _ = await _run('cat', stdin=file)
        assert stdout == b'from a file'
        file.seek(0)
        file.truncate()
        process = await asyncio.create_subprocess_exec('echo', 'to a file', stdout=file.fileno())
        assert process.stdin is process.stdout is process.stderr is None
        await process.wait()
        file.seek(0)
        assert file.read() == b'to a file\n'
    assert await _run('cat', stdin=DEVNULL, stderr=DEVNULL) == (b'', None, 0)
    stdout, _, _ = await _run('sh', '-c', 'echo out; echo err >&2', stderr=STDOUT)
    assert stdout == b'out\nerr\n'
    # What is not said is inherited.
    read_fd, write_fd = os.pipe()
    saved = os.dup(1)
    os.dup2(write_fd, 1)
    try:
        process = await asyncio.create_subprocess_exec('sh', '-c', 'echo out; echo err >&2',
                                                       stderr=STDOUT)
        await process.wait()
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(write_fd)
    with open(read_fd, 'rb') as file:
        assert file.read() == b'out\nerr\n'
    await fails(ValueError, asyncio.create_subprocess_exec('true', stdin=STDOUT))
    await fails(OSError, asyncio.create_subprocess_exec('true', stdin=999))


async def the_keywords_of_popen_are_honoured():
    with tempfile.TemporaryDirectory() as folder:
        assert (await _run('pwd', cwd=pathlib.Path(folder)))[0].strip() == os.fsencode(folder)
    environment = {'A': 'value', b'B': b'\xff', 'PATH': os.environ['PATH']}
    assert (await _run('sh', '-c', 'echo "$A $B $HOME"', env=environment))[0] == b'value \xff \n'
    stdout, _, _ = await _run('name', '-c', 'echo $0', executable='/bin/sh')
    assert stdout == b'name\n'
    assert (await _run('sh', '-c', 'umask', umask=0o027))[0] == b'0027\n'
    identity = 'import os; print(os.getpgrp() == os.getpid(), os.getsid(0) == os.getpid())'
    for keywords, expected in (({}, b'False False\n'), ({'process_group': 0}, b'True False\n'),
                               ({'start_new_session': True}, b'True True\n')):
        stdout, _, _ = await _run(sys.executable, '-c', identity, stdin=PIPE, **keywords)
        assert stdout == expected, (keywords, stdout)
    read_fd, write_fd = os.pipe()
    try:
        # The shell knows only descriptors of one digit.
        code = f'import os; os.write({write_fd}, b"passed")'
        _, _, returncode = await _run(sys.executable, '-c', code, pass_fds=[write_fd])
        assert returncode == 0 and os.read(read_fd, 100) == b'passed'
        _, _, returncode = await _run(sys.executable, '-c', code, stderr=DEVNULL)
        assert returncode != 0
        os.set_inheritable(write_fd, True)
        _, _, returncode = await _run(sys.executable, '-c', code, close_fds=False)
        assert returncode == 0 and os.read(read_fd, 100) == b'passed'
    finally:
        os.close(read_fd)
        os.close(write_fd)
    assert (await _run('true', creationflags=0, startupinfo=None, restore_signals=True,
                       preexec_fn=None, extra_groups=None, bufsize=0, text=None, encoding=None,
                       universal_newlines=False, shell=False))[2] == 0


async def users_and_groups_are_set():
    if os.getuid() != 0:
        raise tap.Skip('only root can')
    stdout, _, _ = await _run('sh', '-c', 'id -un; id -g', user='nobody', group=1)
    assert stdout == b'nobody\n1\n', stdout
    await fails(KeyError, asyncio.create_subprocess_exec('true', user='no such user'))
    await fails(ValueError, asyncio.create_subprocess_exec('true', group=-5))


async def what_is_not_possible_is_refused_by_name():
    for name, value in (('text', True), ('universal_newlines', True), ('encoding', 'utf-8'),
                        ('errors', 'strict'), ('bufsize', 1), ('shell', True),
                        ('creationflags', 1), ('startupinfo', object()), ('limit', 0)):
        for function, argument in ((asyncio.create_subprocess_exec, 'true'),
                                   (asyncio.create_subprocess_shell, 'true')):
            if name == 'shell':
                value = function is asyncio.create_subprocess_exec
            error = await fails(ValueError, function(argument, **{name: value}))
            assert name in str(error).lower(), error
    for name, value in (('preexec_fn', print), ('extra_groups', [1]), ('restore_signals', False),
                        ('process_group', 1)):
        error = await fails(NotImplementedError,
                            asyncio.create_subprocess_exec('true', **{name: value}))
        assert name in str(error), error
    for function in asyncio.create_subprocess_exec, asyncio.create_subprocess_shell:
        error = await fails(TypeError, function('true', no_such=1))
        assert str(error) == (f'{function.__name__}() got an unexpected keyword argument '
                              "'no_such'"), error
    await fails(TypeError, asyncio.create_subprocess_exec('true', 5))
    await fails(ValueError, asyncio.create_subprocess_exec('true', 'nul \0 in it'))
    await fails(ValueError, asyncio.create_subprocess_shell(['true']))


async def arguments_are_paths_bytes_and_text():
    stdout, _, _ = await _run(pathlib.Path('/bin/echo'), b'\xff', 'é', pathlib.Path('a/b'))
    assert stdout == b'\xff \xc3\xa9 a/b\n'
    process = await asyncio.create_subprocess_shell(b'echo $0', stdout=PIPE,
                                                    executable='/bin/bash')
    assert await process.communicate() == (b'/bin/bash\n', None)


async def failures_are_the_errors_of_python():
    error = await fails(FileNotFoundError, asyncio.create_subprocess_exec('gproc-no-such-program'))
    assert error.errno == errno.ENOENT and error.filename == 'gproc-no-such-program'
    error = await fails(PermissionError, asyncio.create_subprocess_exec('/etc/passwd'))
    assert error.errno == errno.EACCES and error.filename == '/etc/passwd'
    error = await fails(FileNotFoundError, asyncio.create_subprocess_exec('true', cwd='/no/such'))
    assert error.filename == '/no/such', error.filename
    error = await fails(NotADirectoryError,
                        asyncio.create_subprocess_exec('true', cwd='/etc/passwd'))
    assert error.filename == '/etc/passwd'
    error = await fails(OSError, asyncio.create_subprocess_exec('echo', 'x' * 3_000_000))
    assert error.errno == errno.E2BIG, error


async def names_that_are_not_utf8_are_told():
    """The message of a GLib.Error is text, or there is no exception that can be caught."""
    error = await fails(FileNotFoundError, asyncio.create_subprocess_exec(b'/no\xff'))
    assert error.filename == b'/no\xff', error.filename
    assert '/no\ufffd' in error.__cause__.message, ascii(error.__cause__.message)
    with tempfile.TemporaryDirectory() as folder:
        program = os.fsencode(folder) + b'/\xff'
        with open(program, 'w') as file:
            file.write('#!/bin/sh\nexit 3\n')
        os.chmod(program, 0o755)
        error = await fails(FileNotFoundError, asyncio.create_subprocess_exec(
            'true', executable=program + b'\xfe'))
        assert error.filename == program + b'\xfe'
        process = await asyncio.create_subprocess_exec(program)
        assert await process.wait() == 3
        error = await fails(GLib.Error, process.gobject.wait_check_async())
        assert 'ended with exit status 3' in error.message and '\ufffd' in error.message


_LEAVES_A_PROCESS = '''
import gi
gi.require_version('GProc', '1')
from gi.repository.GProc import aio as asyncio

async def main():
    global process
    process = await asyncio.create_subprocess_exec('cat', stdin=-1, stdout=-1)
    process.stdin.write(bytes(200_000))

asyncio.run(main())
'''


async def programs_that_leave_a_process_end_quietly():
    process = await asyncio.create_subprocess_exec(sys.executable, '-c', _LEAVES_A_PROCESS,
                                                   stderr=PIPE)
    assert await process.communicate() == (None, b'') and process.returncode == 0


async def _be_slow():
    process = await asyncio.create_subprocess_exec('cat', stdin=PIPE, stdout=PIPE)
    process.stdin.write(b'a\n')
    assert await process.stdout.readline() == b'a\n'
    begun = time.monotonic()
    while time.monotonic() < begun + 0.02:
        pass
    process.stdin.close()
    await process.wait()


async def the_loop_tells_which_task_is_slow():
    loop = asyncio.get_running_loop()
    loop.slow_callback_duration = 0.01
    loop.set_debug(True)
    try:
        with _Logged() as messages:
            await asyncio.create_task(_be_slow())
    finally:
        loop.set_debug(False)
    assert any('Executing <Task' in message and '_be_slow' in message
               for message in messages), messages


class _Logged(logging.Handler):
    """What asyncio logs."""

    def __enter__(self):
        self.messages = []
        logging.getLogger('asyncio').addHandler(self)
        return self.messages

    def __exit__(self, *_):
        logging.getLogger('asyncio').removeHandler(self)

    def emit(self, record):
        self.messages.append(record.getMessage())


async def more_is_told_on_request():
    process = await asyncio.create_subprocess_exec('cat', stdin=PIPE, stdout=PIPE)
    assert repr(process) == f'<Process {process.pid}>'
    assert process.stdin.get_extra_info('pipe').fileno() == process.stdin.gobject.get_fd()
    assert process.stdin.get_extra_info('socket') is None
    assert process.stdin.get_extra_info('peername', 'nobody') == 'nobody'
    child = process._transport.get_extra_info('subprocess')
    assert child.pid == process.pid and child.returncode is None and child.args == ['cat']
    assert process.stdin.transport.get_write_buffer_limits() == (16384, 65536)
    assert process.stdin.can_write_eof()
    process.stdin.writelines([b'one', bytearray(b'two'), memoryview(b'three')])
    try:
        process.stdin.write('text')
    except TypeError:
        pass
    else:
        raise AssertionError('text was written')
    process.stdin.close()
    assert await process.stdout.read() == b'onetwothree'
    assert await process.wait() == 0 == child.returncode


async def limits_are_set():
    process = await asyncio.create_subprocess_exec('echo', '0123456789', stdout=PIPE, limit=5)
    await fails(ValueError, process.stdout.readline())
    assert await process.stdout.read() == b'' and await process.wait() == 0
    # For asyncio it may be any number, for a GObject a whole one of 64 bits.
    for limit, expected in (10.5, 10), (0.5, 1), (float('inf'), None), (1 << 70, None):
        process = await asyncio.create_subprocess_exec('echo', '0123456789', stdout=PIPE,
                                                       limit=limit)
        assert process.stdout.gobject.limit == (expected or (1 << 63) - 1)
        assert await process.stdout.read() == b'0123456789\n'
        assert await process.wait() == 0


async def a_transport_that_is_closed_kills():
    process = await asyncio.create_subprocess_exec('sleep', '1000', stdout=PIPE)
    process._transport.close()
    assert await process.wait() == -9
    assert await process.stdout.read() == b''


async def a_process_that_nobody_gets_does_not_stay():
    """What fails after the start, at any of the steps there are, leaves no process behind."""
    loop = asyncio.get_running_loop()
    original = loop.add_reader
    for step in range(1, 10):
        left = step

        def add_reader(*arguments):
            nonlocal left
            left -= 1
            if left == 0:
                raise asyncio.CancelledError
            return original(*arguments)

        ours, theirs = os.pipe()
        loop.add_reader = add_reader
        try:
            process = await asyncio.create_subprocess_exec(
                TESTPROG, 'hold', pass_fds=[theirs], stdin=PIPE, stdout=PIPE, stderr=PIPE)
        except asyncio.CancelledError:
            process = None
        finally:
            loop.add_reader = original
            os.close(theirs)
        if process is not None:
            process.kill()
            await process.wait()
        assert select.select([ours], [], [], 20)[0], f'step {step}: it still runs'
        assert os.read(ours, 1) == b''
        os.close(ours)
        if process is not None:
            break
    assert step == 5, step


async def a_signal_goes_to_nobody_else():
    """The library takes the status before the loop is told: from then on the number may be another's."""
    process = await asyncio.create_subprocess_exec(TESTPROG, 'hold', stdin=PIPE, stdout=PIPE)
    process.kill()
    # The loop does not turn meanwhile.
    deadline = time.monotonic() + 20
    try:
        while time.monotonic() < deadline:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        raise AssertionError('nobody took the status')
    except ChildProcessError:
        pass
    assert process.returncode is None
    process.kill()
    process.terminate()
    process.send_signal(signal.SIGINT)
    assert await process.wait() == -signal.SIGKILL
    try:
        process.kill()
    except ProcessLookupError:
        pass
    else:
        raise AssertionError('it is known to be over')


async def drain_waits_for_a_slow_reader():
    process = await asyncio.create_subprocess_exec(TESTPROG, 'hold', stdin=PIPE, stdout=PIPE)
    process.stdin.write(bytes(200_000))
    assert process.stdin.transport.get_write_buffer_size() > 65536
    await fails(asyncio.TimeoutError, asyncio.wait_for(process.stdin.drain(), 0.01))
    waiting = [asyncio.create_task(process.stdin.drain()) for _ in range(3)]
    await asyncio.sleep(0)
    process.kill()
    for error in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(error, (BrokenPipeError, ConnectionResetError)), error
    await process.wait()


tests('/gproc/aio-subprocess', globals())
