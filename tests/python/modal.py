#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What programs for Modal's sandboxes do with a process, creation apart."""

import asyncio
import contextlib
import gc
import hashlib
import io
import os
import signal
import subprocess
import sys
import threading

import gi

gi.require_version('GProc', '1')

from gi.repository import Gio, GLib, GProc  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import tap  # noqa: E402

TESTPROG = os.environ['GPROC_TESTPROG']
spawn, StreamType, InvalidError = GProc.aio.spawn, GProc.aio.StreamType, GProc.aio.InvalidError
LOOP = 'while read line; do echo $line; done'


def fails(kind, function, *arguments, **keywords):
    try:
        result = function(*arguments, **keywords)
    except kind as error:
        return error
    raise AssertionError(f'no {kind.__name__} was raised, but {result!r} given')


async def fails_async(kind, awaitable):
    try:
        result = await awaitable
    except kind as error:
        return error
    raise AssertionError(f'no {kind.__name__} was raised, but {result!r} given')


# As in the documentation


def output_is_read_to_its_end():
    process = spawn('echo', 'hello', timeout=30)
    assert process.stdout.read() == 'hello\n'
    process = spawn('/usr/bin/python3', '-c', 'print(1 + 1)', timeout=30)
    assert process.stdout.read() == '2\n'
    process.wait()
    assert process.returncode == 0 and process.stderr.read() == ''


def output_is_iterated_over_while_it_comes():
    process = spawn('bash', '-c', 'for i in $(seq 1 10); do echo foo $i; sleep 0.01; done',
                    timeout=30)
    text = io.StringIO()
    for line in process.stdout:
        print(line, end='', file=text)
    assert text.getvalue() == ''.join(f'foo {number}\n' for number in range(1, 11))


def input_is_written_and_closed():
    p = spawn('bash', '-c', LOOP)
    p.stdin.write(b'foo\n')
    p.stdin.write('bar\n')
    p.stdin.write_eof()
    p.stdin.drain()
    p.wait()
    assert p.stdout.read() == 'foo\nbar\n'
    assert [message for message in p.stdout] == [] and p.stdout.read() == ''


def all_of_it_is_awaited():
    async def run_async():
        p = await spawn.aio('bash', '-c', LOOP)
        p.stdin.write(b'foo bar\n')
        p.stdin.write_eof()
        await p.stdin.drain.aio()
        assert await p.wait.aio() == 0
        assert await p.stdout.read.aio() == 'foo bar\n'
        p = await spawn.aio('bash', '-c', 'for i in $(seq 1 10); do echo foo $i; sleep 0.01; done',
                            bufsize=1)
        lines = []
        async for line in p.stdout:
            lines.append(line)
        assert lines == [f'foo {number}\n' for number in range(1, 11)]
        assert await p.wait.aio() == await p.poll.aio() == 0

    asyncio.run(run_async())


def outputs_go_where_their_type_says():
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        p = spawn('bash', '-c', 'echo foo; echo bar >&2', stdout=StreamType.STDOUT,
                  stderr=StreamType.DEVNULL)
        assert p.wait() == 0
        print('after')
    assert out.getvalue() == 'foo\nafter\n'
    assert 'DEVNULL' in str(fails(ValueError, p.stderr.read))
    fails(ValueError, iter, p.stderr)
    assert 'STDOUT' in str(fails(InvalidError, p.stdout.read))
    fails(InvalidError, iter, p.stdout)
    assert (p.stdout.file_descriptor, p.stderr.file_descriptor) == (1, 2)

    async def main():
        await fails_async(ValueError, p.stderr.read.aio())
        await fails_async(InvalidError, p.stdout.read.aio())
        fails(InvalidError, aiter, p.stdout)

    asyncio.run(main())


# Each of them in more depth


def the_returncode_is_known_after_wait_or_poll():
    p = spawn('cat')
    assert 'wait' in str(fails(InvalidError, lambda: p.returncode))
    assert p.poll() is None
    fails(InvalidError, lambda: p.returncode)
    p.stdin.write_eof()
    assert p.wait() == p.returncode == p.poll() == p.wait() == 0
    p = spawn(TESTPROG, 'exit-code', '7')
    while p.poll() is None:
        pass
    assert p.returncode == 7
    p = spawn(TESTPROG, 'kill-self', '9')
    assert p.wait() == p.returncode == 128 + 9


def a_process_whose_time_is_over_ends_with_minus_one():
    p = spawn('sh', '-c', 'echo begun; exec sleep 100', timeout=0.2)
    assert p.wait() == p.returncode == p.poll() == -1
    assert p.stdout.read() == 'begun\n'


def terminate_stops_it():
    p = spawn('sleep', '100')
    assert p.terminate() is None
    assert p.wait() == 128 + signal.SIGTERM
    assert p.terminate() is None and p.terminate(wait=True) == 128 + signal.SIGTERM
    p = spawn('true')
    assert p.terminate(wait=True) in (0, 128 + signal.SIGTERM)

    async def main():
        sleep = spawn('sleep', '100')
        assert await sleep.terminate.aio(wait=True) == 128 + signal.SIGTERM

    asyncio.run(main())


def read_and_iteration_go_on_from_each_other():
    p = spawn(TESTPROG, 'lines', '9', by_line=True)
    for line in p.stdout:
        if line == 'line 2\n':
            break
    assert next(p.stdout) == 'line 3\n'
    for line in p.stdout:
        assert line == 'line 4\n'
        break

    async def main():
        async for line in p.stdout:
            if line == 'line 6\n':
                break

    asyncio.run(main())
    assert p.stdout.read() == 'line 7\nline 8\nline 9\n'
    assert list(p.stdout) == [] and p.wait() == 0


def a_last_line_without_newline_is_a_line():
    for text, lines in (('a\n\nb', ['a\n', '\n', 'b']), ('x', ['x']), ('', []), ('\n', ['\n']),
                        ('a\r\nb\rc\n', ['a\r\n', 'b\rc\n']), ('a\0b\nc\0', ['a\0b\n', 'c\0']),
                        ('a\u2028b\x0cc\n', ['a\u2028b\x0cc\n'])):
        p = spawn('cat', by_line=True)
        p.stdin.write(text)
        p.stdin.write_eof()
        assert list(p.stdout) == lines, text


def lines_are_put_together_from_what_comes():
    text = ''.join(f'{"ä" * number} {number}\n' for number in range(300))
    data = text.encode()
    for size in 1, 2, 3, 7:
        p = spawn('cat', by_line=True)
        lines = []
        for start in range(0, len(data), size * 97):
            piece = data[start:start + size * 97]
            p.stdin.write(piece)
            for _ in range(piece.count(b'\n')):
                lines.append(next(p.stdout))
        p.stdin.write_eof()
        assert ''.join(lines) == text and lines == text.splitlines(keepends=True)
        assert list(p.stdout) == []


def lines_of_bytes_are_refused():
    for keywords in {'by_line': True}, {'bufsize': 1}:
        assert 'text' in str(fails(ValueError, spawn, 'true', text=False, **keywords))
    fails(ValueError, spawn, 'true', bufsize=0)


def bytes_are_left_alone():
    data = bytes(range(256)) * 300
    p = spawn('cat', text=False)
    p.stdin.write(data)
    p.stdin.write_eof()
    first = next(p.stdout)
    assert isinstance(first, bytes) and first
    assert first + p.stdout.read() == data and p.stdout.read() == b''


def characters_that_are_split_are_put_together():
    text = 'aé€𝄞' * 3
    data = text.encode()
    for cut in range(1, len(data)):
        p = spawn('cat')
        p.stdin.write(data[:cut])
        p.stdin.drain()
        got = ''
        whole = data[:cut].decode(errors='ignore')
        while len(got) < len(whole):
            got += next(p.stdout)
        assert got == whole
        p.stdin.write(data[cut:])
        p.stdin.write_eof()
        assert got + ''.join(p.stdout) == text
    for size in 1, 3, 5:
        p = spawn('cat')
        got = ''
        for start in range(0, len(data), size):
            p.stdin.write(data[start:start + size])
            whole = data[:start + size].decode(errors='ignore')
            while len(got) < len(whole):
                got += next(p.stdout)
        p.stdin.write_eof()
        assert got + p.stdout.read() == text


def what_is_no_utf8_is_an_error_and_stays():
    p = spawn('printf', 'abc\\377def')
    assert p.wait() == 0
    assert next(p.stdout) == 'abc'
    for _ in range(2):
        error = fails(UnicodeDecodeError, next, p.stdout)
        assert error.object[error.start:] == b'\xffdef' and 'byte 3 of stdout' in str(error), error
    error = fails(UnicodeDecodeError, p.stdout.read)
    assert 'byte 3 of stdout' in str(error)
    p.stdout.text = False
    assert p.stdout.read() == b'\xffdef'

    p = spawn('printf', 'abc\\n\\303(\\nlast', by_line=True)
    assert next(p.stdout) == 'abc\n'
    error = fails(UnicodeDecodeError, next, p.stdout)
    assert error.object == b'\xc3(\n' and 'byte 4 of stdout' in str(error), error
    p.stdout.text = False
    assert list(p.stdout) == [b'\xc3(\n', b'last']

    p = spawn('sh', '-c', 'printf "word \\342\\202" >&2')
    error = fails(UnicodeDecodeError, p.stderr.read)
    assert error.object == b'word \xe2\x82' and error.start == 5
    assert 'byte 5 of stderr' in str(error) and 'end of data' in str(error), error
    assert next(p.stderr) == 'word '
    assert 'end of data' in str(fails(UnicodeDecodeError, next, p.stderr))


def what_can_be_written():
    p = spawn('cat')
    for data in ('é', b'b', bytearray(b'c'), memoryview(b'xdx')[1:2], memoryview(b'e_f_')[::2],
                 '', b''):
        assert p.stdin.write(data) is None
    for data in 7, None, ['a'], object():
        assert type(data).__name__ in str(fails(TypeError, p.stdin.write, data))
    fails(UnicodeEncodeError, p.stdin.write, '\ud800')
    p.stdin.write_eof()
    p.stdin.write_eof()
    fails(ValueError, p.stdin.write, b'more')
    fails(ValueError, p.stdin.write, b'')
    assert p.stdout.read() == 'ébcdef'
    p.stdin.drain()
    p.stdin.drain()


def what_was_given_may_change_afterwards():
    p = spawn('cat', text=False)
    data = bytearray(b'a' * 1000000)
    p.stdin.write(data)
    data[:] = b'b' * len(data)
    p.stdin.write_eof()
    assert p.stdout.read() == b'a' * 1000000


def the_queue_has_a_cap():
    p = spawn(TESTPROG, 'hold', stdin_limit=1000000)
    p.stdin.write(b'x' * 600000)
    error = fails(BufferError, p.stdin.write, b'y' * 600000)
    assert 'drain' in str(error) and '1000000' in str(error), error
    fails(BufferError, p.stdin.write, 'z' * 1000001)
    p.terminate(wait=True)
    # Of that nothing was appended, and there is room again after a drain.
    p = spawn('cat', text=False, stdin_limit=1000)
    for number in range(100):
        p.stdin.write(bytes([number]) * 1000)
        p.stdin.drain()
    p.stdin.write_eof()
    assert p.stdout.read() == b''.join(bytes([number]) * 1000 for number in range(100))
    p = spawn('cat', stdin_limit=None)
    p.stdin.write('x' * 20_000_000)
    fails(BufferError, spawn('cat').stdin.write, 'x' * 20_000_000)
    p.stdin.write_eof()
    assert len(p.stdout.read()) == 20_000_000


def drain_does_not_depend_on_who_reads():
    p = spawn('cat', text=False)
    p.stdin.write(b'x' * 10_000_000)
    p.stdin.drain()
    p.stdin.write_eof()
    assert len(p.stdout.read()) == 10_000_000 and p.wait() == 0


def drain_says_that_nobody_reads_the_input():
    p = spawn('true')
    assert p.wait() == 0
    p.stdin.write(b'x' * 100000)
    for _ in range(2):
        fails(BrokenPipeError, p.stdin.drain)
    p.stdin.write_eof()
    assert p.stdout.read() == '' and p.wait() == 0

    async def main():
        q = spawn(TESTPROG, 'head-close', '3')
        q.stdin.write(b'x' * 1000000)
        await fails_async(BrokenPipeError, q.stdin.drain.aio())
        assert await q.stdout.__anext__() == 'closed\n'
        await q.terminate.aio(wait=True)

    asyncio.run(main())


def wait_before_read_does_not_hang():
    size = 3_000_000
    p = spawn(TESTPROG, 'flood-both', str(size))
    assert p.wait() == 0
    for reader in p.stdout, p.stderr:
        assert reader.read() == ('0123456789abcdef' * (size // 16 + 1))[:size]

    async def main():
        q = spawn(TESTPROG, 'flood-both', str(size), text=False)
        assert await q.wait.aio() == 0
        assert len(await q.stderr.read.aio()) == len(await q.stdout.read.aio()) == size

    asyncio.run(main())


def reading_one_output_does_not_hang_on_the_other():
    size = 3_000_000
    p = spawn('sh', '-c', f'"$0" flood-stderr {size}; echo end', TESTPROG)
    assert p.stdout.read() == 'end\n' and len(p.stderr.read()) == size
    p = spawn('sh', '-c', f'echo begin; "$0" flood-stderr {size}; echo end', TESTPROG, by_line=True)
    assert list(p.stdout) == ['begin\n', 'end\n'] and len(p.stderr.read()) == size


def what_is_kept_for_a_reader_is_bounded():
    p = spawn(TESTPROG, 'flood-stdout', '-1', output_limit=1_000_000)
    error = fails(BufferError, p.wait)
    assert 'stdout' in str(error) and 'output_limit' in str(error), error
    assert p.poll() is None
    # Nothing is lost, and it goes on when it is read.
    size = 0
    for chunk in p.stdout:
        assert chunk[:16].count('0') == 1
        size += len(chunk)
        if size > 5_000_000:
            break
    p.terminate(wait=False)
    # What comes after that is bounded again.
    while p.poll() is None:
        with contextlib.suppress(BufferError):
            p.wait()
    assert p.returncode == 128 + signal.SIGTERM

    line = spawn(TESTPROG, 'flood-stdout', '3000000', output_limit=1_000_000, by_line=True)
    assert 'line' in str(fails(BufferError, next, line.stdout))
    assert len(line.stdout.read()) == 3_000_000


def a_slow_reader_is_waited_for():
    p = spawn(TESTPROG, 'flood-stdout', '20000000', output_limit=500_000, text=False)
    results = []
    waiter = threading.Thread(target=lambda: results.append(p.wait()))
    first = next(p.stdout)
    size = len(first)
    waiter.start()
    for chunk in p.stdout:
        size += len(chunk)
    waiter.join()
    assert size == 20_000_000 and results == [0]

    async def main():
        q = spawn(TESTPROG, 'flood-stdout', '5000000', output_limit=100_000, text=False)
        await q.stdout.__anext__()

        async def read_slowly():
            count = 0
            async for chunk in q.stdout:
                count += len(chunk)
                for _ in range(20):
                    await asyncio.sleep(0)
            return count

        # It is this task that has read so far, and now does no more.
        await fails_async(BufferError, q.wait.aio())
        reading = asyncio.ensure_future(read_slowly())
        await asyncio.sleep(0)
        assert await q.wait.aio() == 0 and await reading > 4_000_000

    asyncio.run(main())


def one_hundred_megabytes_go_through():
    def check(received):
        assert sent.digest() == received.digest()

    block = bytes(range(256)) * 4096
    sent, received = hashlib.sha256(), hashlib.sha256()
    p = spawn('cat', text=False)

    def feed():
        for number in range(96):
            piece = block[number:] + block[:number]
            sent.update(piece)
            p.stdin.write(piece)
            p.stdin.drain()
        p.stdin.write_eof()

    feeder = threading.Thread(target=feed)
    feeder.start()
    size = 0
    for chunk in p.stdout:
        received.update(chunk)
        size += len(chunk)
    feeder.join()
    assert size == 96 * len(block) > 100_000_000 and p.wait() == 0
    check(received)

    async def main():
        q = await spawn.aio('cat', text=False)

        async def feed_async():
            for number in range(96):
                q.stdin.write(block[number:] + block[:number])
                await q.stdin.drain.aio()
            q.stdin.write_eof()

        got = hashlib.sha256()
        task = asyncio.ensure_future(feed_async())
        async for chunk in q.stdout:
            got.update(chunk)
        await task
        assert await q.wait.aio() == 0
        return got

    check(asyncio.run(main()))
    # And all at once.
    r = spawn('cat', text=False, stdin_limit=None)
    for number in range(96):
        r.stdin.write(block[number:] + block[:number])
    r.stdin.write_eof()
    check(hashlib.sha256(r.stdout.read()))


def the_loop_is_not_blocked():
    async def main():
        p = spawn('cat')
        turns = 0

        async def count():
            nonlocal turns
            while turns < 100:
                await asyncio.sleep(0)
                turns += 1
            p.stdin.write_eof()

        # What waits gets its result only if the counting goes on meanwhile.
        result = await asyncio.gather(p.wait.aio(), p.stdout.read.aio(), p.stderr.read.aio(),
                                      count())
        assert result[:3] == [0, '', ''] and turns == 100

    asyncio.run(main())


def two_hundred_at_once():
    async def one(number):
        p = await spawn.aio('cat')
        p.stdin.write(f'number {number}')
        p.stdin.write_eof()
        text, code = await asyncio.gather(p.stdout.read.aio(), p.wait.aio())
        return text, code

    async def main():
        results = await asyncio.gather(*(one(number) for number in range(200)))
        assert results == [(f'number {number}', 0) for number in range(200)]

    asyncio.run(main())


def a_wait_that_is_given_up_loses_nothing():
    async def main():
        p = spawn('cat', by_line=True)
        for call in p.wait.aio, p.stdout.read.aio, p.stdout.__anext__:
            await fails_async(asyncio.TimeoutError, asyncio.wait_for(call(), 0.02))
        p.stdin.write('one\ntw')
        assert await p.stdout.__anext__() == 'one\n'
        task = asyncio.ensure_future(p.stdout.read.aio())
        await asyncio.sleep(0)
        task.cancel()
        await fails_async(asyncio.CancelledError, task)
        p.stdin.write('o\nthree')
        p.stdin.write_eof()
        assert await p.stdout.__anext__() == 'two\n'
        assert await p.stdout.read.aio() == 'three' and await p.wait.aio() == 0

    asyncio.run(main())


def several_readers_share_one_output():
    p = spawn(TESTPROG, 'lines', '20000', by_line=True)
    lines = []
    threads = [threading.Thread(target=lambda: lines.extend(p.stdout)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(lines) == sorted(f'line {number}\n' for number in range(1, 20001))


def a_signal_of_python_ends_a_call_that_blocks():
    class Interruption(Exception):
        pass

    def interrupt(*_):
        raise Interruption

    p = spawn('cat')
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for call in p.wait, p.stdout.read, p.stdout.__next__:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            fails(Interruption, call)
    finally:
        signal.signal(signal.SIGALRM, before)
    p.stdin.write('still there')
    p.stdin.write_eof()
    assert p.stdout.read() == 'still there' and p.wait() == 0


def it_works_where_a_glib_main_loop_runs():
    loop = GLib.MainLoop()
    results = []

    async def main():
        p = await spawn.aio('cat')
        p.stdin.write('word')
        p.stdin.write_eof()
        results.append(await p.stdout.read.aio())
        results.append(await p.wait.aio())
        loop.quit()

    task = GProc.create_task(main())
    loop.run()
    assert task.done() and results == ['word', 0]


def processes():
    """The descriptors that stand for processes."""
    found = []
    for number in os.listdir('/proc/self/fd'):
        # The one that lists them is gone.
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(f'/proc/self/fd/{number}'))
    return [link for link in found if 'pidfd' in link]


def descriptors_and_children_are_given_back():
    def descriptors():
        gc.collect()
        return sorted(os.listdir('/proc/self/fd'))

    def until(condition):
        end = GLib.get_monotonic_time() + 60_000_000
        while not condition() and GLib.get_monotonic_time() < end:
            pass

    spawn('true').wait()
    # The thread that has noticed the end of a process lets go of it a moment after it has told.
    until(lambda: descriptors() and not processes())
    assert not processes()
    before = descriptors()
    for _ in range(20):
        p = spawn(TESTPROG, 'flood-both', '100000')
        p.wait()
        p = spawn('cat')
        p.stdin.write_eof()
        p.stdout.read()
        p.wait()
    # One that is dropped while it runs, and while something was waited for.
    async def main():
        q = spawn('cat')
        await fails_async(asyncio.TimeoutError, asyncio.wait_for(q.wait.aio(), 0.01))

    asyncio.run(main())
    del p
    until(lambda: descriptors() == before)
    assert descriptors() == before, (before, descriptors())


def a_program_prints_what_its_process_does():
    program = (
        'import gi, sys\n'
        'gi.require_version("GProc", "1")\n'
        'from gi.repository import GProc\n'
        'print("before", end=" ")\n'
        'p = GProc.aio.spawn("printf", "\\\\377 out ", stdout=GProc.aio.StreamType.STDOUT)\n'
        'p.wait()\n'
        'p = GProc.aio.spawn("sh", "-c", "printf err\\\\ >&2",\n'
        '                    stderr=GProc.aio.StreamType.STDOUT)\n'
        'p.wait()\n'
        'print("after")\n')
    result = subprocess.run([sys.executable, '-c', program], stdout=subprocess.PIPE, check=True,
                            timeout=60)
    assert result.stdout == b'before \xff out err after\n', result.stdout
    # Even while something is being printed the program ends.
    program = (
        'import gi, os\n'
        'gi.require_version("GProc", "1")\n'
        'from gi.repository import GProc\n'
        f'p = GProc.aio.spawn({TESTPROG!r}, "flood-stdout", "-1",\n'
        '                    stdout=GProc.aio.StreamType.STDOUT)\n')
    result = subprocess.run([sys.executable, '-c', program], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, timeout=60, check=False)
    assert result.returncode == 0 and result.stderr == b'', result.stderr
    # A reader of stdout who goes away ends the process, as if it had printed itself.
    program = program.replace('gi, os', 'gi, sys') + 'sys.stderr.write(str(p.wait()))\n'
    with subprocess.Popen([sys.executable, '-c', program], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as outer:
        assert outer.stdout.read(16) == b'0123456789abcdef'
        outer.stdout.close()
        text = outer.stderr.read().decode()
    assert text.startswith(str(128 + signal.SIGPIPE)), text


def a_pipe_that_something_else_holds_is_not_waited_for():
    p = spawn(TESTPROG, 'fork-and-hold', '3', by_line=True)
    assert p.wait() == 3
    grandchild = int(next(p.stdout))
    os.kill(grandchild, signal.SIGKILL)
    assert p.stdout.read() == ''
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        p = spawn(TESTPROG, 'fork-and-hold', '3', stdout=StreamType.STDOUT)
        p.gobject.set_post_exit_grace(100)
        assert p.wait() == 3
    os.kill(int(out.getvalue()), signal.SIGKILL)


def arguments_are_checked():
    assert 'gproc-no-such-program' in str(fails(FileNotFoundError, spawn, 'gproc-no-such-program'))
    fails(FileNotFoundError, spawn, 'true', workdir='/nonexistent')
    fails(ValueError, spawn)
    assert 'list' in str(fails(TypeError, spawn, ['ls', '-l']))
    assert str(fails(TypeError, spawn, 'true', secrets=[])) == (
        "spawn() got an unexpected keyword argument 'secrets'")
    assert 'stdout' in str(fails(ValueError, spawn, 'true', stdout='nowhere'))
    for name in 'timeout', 'stdin_limit', 'output_limit':
        fails(ValueError, spawn, 'true', **{name: 0})

    async def main():
        await fails_async(FileNotFoundError, spawn.aio('gproc-no-such-program'))

    asyncio.run(main())


def surroundings_are_given():
    os.environ['GPROC_TEST_GONE'] = 'here'
    os.environ['GPROC_TEST_KEPT'] = 'kept'
    p = spawn(TESTPROG, 'print-env', 'GPROC_TEST_GONE', 'GPROC_TEST_KEPT', 'GPROC_TEST_NEW',
              env={'GPROC_TEST_GONE': None, 'GPROC_TEST_NEW': 'new'})
    assert p.stdout.read() == ('GPROC_TEST_GONE unset\nGPROC_TEST_KEPT=kept\n'
                               'GPROC_TEST_NEW=new\n')
    assert spawn('pwd', workdir='/usr').stdout.read() == '/usr\n'
    assert spawn('echo', b'bytes', stdout=subprocess.PIPE).stdout.read() == 'bytes\n'


def it_is_made_of_gobjects():
    p = spawn('cat')
    assert isinstance(p.gobject, GProc.Stream) and isinstance(p.gobject, Gio.IOStream)
    assert p.pid == p.gobject.get_pid() > 0
    assert isinstance(p, GProc.aio.ContainerProcess)
    for thing in p, p.stdin, p.stdout:
        assert type(thing).__name__ in repr(thing)
    assert 'aio' in repr(p.wait) and p.wait.__doc__ and p.wait.__name__ == 'wait'
    p.stdin.write_eof()
    assert p.wait() == 0


tap.run('/gproc/python/modal', output_is_read_to_its_end, output_is_iterated_over_while_it_comes,
        input_is_written_and_closed, all_of_it_is_awaited, outputs_go_where_their_type_says,
        the_returncode_is_known_after_wait_or_poll,
        a_process_whose_time_is_over_ends_with_minus_one, terminate_stops_it,
        read_and_iteration_go_on_from_each_other, a_last_line_without_newline_is_a_line,
        lines_are_put_together_from_what_comes, lines_of_bytes_are_refused, bytes_are_left_alone,
        characters_that_are_split_are_put_together, what_is_no_utf8_is_an_error_and_stays,
        what_can_be_written, what_was_given_may_change_afterwards, the_queue_has_a_cap,
        drain_does_not_depend_on_who_reads, drain_says_that_nobody_reads_the_input,
        wait_before_read_does_not_hang, reading_one_output_does_not_hang_on_the_other,
        what_is_kept_for_a_reader_is_bounded, a_slow_reader_is_waited_for,
        one_hundred_megabytes_go_through, the_loop_is_not_blocked, two_hundred_at_once,
        a_wait_that_is_given_up_loses_nothing, several_readers_share_one_output,
        a_signal_of_python_ends_a_call_that_blocks, it_works_where_a_glib_main_loop_runs,
        descriptors_and_children_are_given_back, a_program_prints_what_its_process_does,
        a_pipe_that_something_else_holds_is_not_waited_for, arguments_are_checked,
        surroundings_are_given, it_is_made_of_gobjects)
