#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Awaiting, the same on plain asyncio, gbulb, PyGObject's own loop and a bare GLib main loop."""

import asyncio
import inspect
import os
import select
import signal
import threading
import zlib

from support import (GLib, GProc, Gio, TESTPROG, fails_async, feed, is_io_error, lines_of,
                     on_each_loop, pipe, start, tap)

PIPE = GProc.StreamFlags.STDERR_PIPE


async def turns(count):
    for _ in range(count):
        await asyncio.sleep(0)


async def lines_come_one_after_the_other():
    data = b'first\n\n\0\n\xff\xfe\nreturn\r\n\n\nrest'
    stream = GProc.Stream.new(['cat'])
    stream.stdin.queue(data)
    stream.stdin.write_eof()
    assert [line async for line in stream.stdout] == [
        b'first\n', b'\n', b'\0\n', b'\xff\xfe\n', b'return\r\n', b'\n', b'\n', b'rest']
    assert await stream.stdout.read_line_async() is None and stream.stdout.at_eof()
    assert await stream.wait_async() == 0 and stream.returncode == 0


async def many_lines_are_all_there():
    stream = start('lines', '50000')
    assert [line async for line in stream.stdout] == lines_of(50000)
    text = start('lines', '500').stdout.lines(text=True, strip=True)
    assert [line async for line in text] == [f'line {number}' for number in range(1, 501)]
    some = start('lines', '500').stdout.lines(separators=[b'\n', b'5', b'\n9'])
    assert b''.join([line async for line in some]) == b''.join(lines_of(500))
    chunks = start('lines', '500').stdout.chunks(size=7)
    assert b''.join([chunk async for chunk in chunks]) == b''.join(lines_of(500))


async def leaving_an_iteration_loses_nothing():
    reader = start('lines', '500').stdout
    async for line in reader:
        if line == b'line 30\n':
            break
    assert reader.read_line().get_data() == b'line 31\n'
    assert (await reader.read_line_async()).get_data() == b'line 32\n'
    async for line in reader.lines(text=True):
        assert line == 'line 33\n'
        # In the middle of an iteration as well.
        assert (await reader.read_until_async(b'5')).get_data() == b'line 34\nline 35'
        break
    assert (await reader.read_exactly_async(8)).get_data() == b'\nline 36'
    assert [line async for line in reader][1:] == lines_of(500)[36:]


async def each_read_is_awaited():
    reader = feed(b''.join(lines_of(100)))
    assert (await reader.read_line_async()).get_data() == b'line 1\n'
    assert await reader.read_line_utf8_async() == 'line 2'
    assert (await reader.read_lines_async(2)).get_data() == b'line 3\nline 4\n'
    assert (await reader.read_exactly_async(7)).get_data() == b'line 5\n'
    assert (await reader.read_until_async('6\n')).get_data() == b'line 6\n'
    assert (await reader.read_until_any_async([b'x', b'e 7\n'])).get_data() == b'line 7\n'
    assert (await reader.read_some_async(7)).get_data() == b'line 8\n'
    assert (await reader.read_bytes_async(7)).get_data() == b'line 9\n'
    assert await reader.skip_async(8) == 8
    assert await reader.fill_async(16) >= 16
    assert reader.peek(16).get_data() == b'line 11\nline 12\n'
    assert (await reader.read_exactly_async(0)).get_size() == 0
    rest = await reader.read_to_end_async()
    assert rest.get_data() == b''.join(lines_of(100)[10:])
    assert (await reader.read_to_end_async(io_priority=GLib.PRIORITY_LOW)).get_size() == 0
    assert (await reader.read_bytes_async(5)).get_size() == 0
    assert await reader.read_line_utf8_async() is None
    assert await reader.read_some_async(5) is None
    assert await reader.close_async() is True and reader.is_closed()


async def a_cancelled_read_loses_nothing():
    for read in (lambda reader: reader.read_line_async(),
                 lambda reader: reader.read_line_utf8_async(),
                 lambda reader: reader.read_lines_async(5),
                 lambda reader: reader.read_exactly_async(100),
                 lambda reader: reader.read_until_async(b'\n'),
                 lambda reader: reader.read_until_any_async([b'\n', b'\r']),
                 lambda reader: reader.read_to_end_async(-1),
                 lambda reader: reader.lines().__anext__(),
                 lambda reader: reader.lines(separators=[b'\0', b'\n']).__anext__()):
        reader, writer = pipe()
        os.write(writer, b'begun')
        await fails_async(asyncio.TimeoutError, asyncio.wait_for(read(reader), 0.02))
        os.write(writer, b' and ended\n')
        assert (await reader.read_line_async()).get_data() == b'begun and ended\n'
        os.close(writer)


async def an_iterator_goes_on_after_a_timeout():
    for make in (lambda reader: reader.lines(),
                 lambda reader: reader.lines(separators=[b'\n', b'\0']),
                 lambda reader: reader.chunks(),
                 lambda reader: reader.lines(text=True),
                 lambda reader: reader.chunks(text=True)):
        reader, writer = pipe()
        iterator = make(reader)
        for _ in range(3):
            await fails_async(asyncio.TimeoutError,
                              asyncio.wait_for(iterator.__anext__(), 0.01))
            os.write(writer, 'ü\n'.encode())
            assert await iterator.__anext__() in ('ü\n', 'ü\n'.encode())
        os.close(writer)
        await fails_async(StopAsyncIteration, iterator.__anext__())


async def cancelling_at_any_time_loses_nothing():
    """The task is cancelled some turns of the loop after the data came: before, at and after the
    turn in which it gets it."""
    for make in (lambda reader: reader.read_some_async(100),
                 lambda reader: reader.read_line_async(),
                 lambda reader: reader.read_exactly_async(3),
                 lambda reader: reader.read_until_async(b'\n'),
                 lambda reader: reader.lines().__anext__(),
                 lambda reader: reader.chunks().__anext__()):
        for delay in range(8):
            reader, writer = pipe()
            task = asyncio.ensure_future(make(reader))
            await turns(3)
            os.write(writer, b'ab\n')
            await turns(delay)
            task.cancel()
            try:
                got = await task
            except asyncio.CancelledError:
                got = b''
            if isinstance(got, GLib.Bytes):
                got = got.get_data()
            os.write(writer, b'rest')
            os.close(writer)
            assert got + (await reader.read_to_end_async()).get_data() == b'ab\nrest', delay


async def cancelling_a_wait_that_follows_another_loses_nothing():
    async def read_two(reader, read):
        assert (await read()).get_data() == b'1\n'
        return (await read()).get_data()

    for name, arguments in (('read_line_async', ()), ('read_some_async', (100,)),
                            ('read_lines_async', (1,)), ('read_bytes_async', (100,))):
        for delay in range(8):
            reader, writer = pipe()
            task = asyncio.ensure_future(read_two(
                reader, lambda: getattr(reader, name)(*arguments)))
            await turns(3)
            os.write(writer, b'1\n')
            await turns(6)
            os.write(writer, b'2\n')
            await turns(delay)
            task.cancel()
            try:
                got = await task
            except asyncio.CancelledError:
                got = b''
            assert reader._held is None
            os.close(writer)
            assert got + ((await reader.read_to_end_async()).get_data() or b'') == b'2\n', (
                name, delay)


async def a_cancellable_cancels():
    reader, writer = pipe()
    for read in (lambda cancellable: reader.read_line_async(cancellable=cancellable),
                 lambda cancellable: reader.read_exactly_async(9, GLib.PRIORITY_DEFAULT,
                                                               cancellable)):
        cancellable = Gio.Cancellable()
        os.write(writer, b'x')
        task = asyncio.ensure_future(read(cancellable))
        await turns(3)
        assert not task.done()
        cancellable.cancel()
        error = await fails_async(GLib.Error, task)
        assert is_io_error(error, Gio.IOErrorEnum.CANCELLED), error
        error = await fails_async(GLib.Error, read(cancellable))
        assert is_io_error(error, Gio.IOErrorEnum.CANCELLED), error
    os.close(writer)
    assert (await reader.read_to_end_async()).get_data() == b'xx'


async def two_reads_at_once_are_refused():
    reader, writer = pipe()
    task = asyncio.ensure_future(reader.read_line_async())
    await turns(3)
    for again in reader.read_line_async(), reader.read_exactly_async(1), reader.lines().__anext__():
        error = await fails_async(GLib.Error, again)
        assert is_io_error(error, Gio.IOErrorEnum.PENDING), error
    os.write(writer, b'line\n')
    assert (await task).get_data() == b'line\n'
    os.close(writer)


async def what_cannot_be_read_is_said_at_once():
    """Not only when something has come, which may be never."""
    reader, writer = pipe()
    os.write(writer, b'word')
    assert (await reader.read_some_async(100)).get_data() == b'word'
    calls = [(name + '_async', value, kind)
             for name in ('read_some', 'read_exactly', 'read_bytes', 'skip', 'fill')
             for value, kind in ((-1, OverflowError), (2 ** 64, OverflowError), (0.5, ValueError),
                                 ('x', TypeError), (None, TypeError))]
    calls += [('read_until_async', b'', ValueError), ('read_until_async', '', ValueError),
              ('read_until_async', None, TypeError), ('read_until_any_async', [], ValueError),
              ('read_until_any_async', [b'\n', b''], ValueError), ('read_lines_async', -1, OverflowError)]
    for name, value, kind in calls:
        async def call():
            await getattr(reader, name)(value)
        await fails_async(kind, asyncio.wait_for(call(), 20))
        assert not reader.has_pending(), name
    os.write(writer, b'end')
    os.close(writer)
    assert (await reader.read_to_end_async()).get_data() == b'end'


async def closing_ends_what_waits():
    # One ends with its input, and that as soon as it can, the other goes on.
    for command, status in ((['cat'], 0), (['sleep', '1000'], -9)):
        stream = GProc.Stream.new(command)
        task = asyncio.ensure_future(stream.stdout.read_line_async())
        await turns(3)
        await stream.close_async()
        error = await fails_async(GLib.Error, task)
        assert is_io_error(error, Gio.IOErrorEnum.CLOSED), error
        if status != 0:
            stream.kill()
        assert await stream.wait_async() == status

    stream = GProc.Stream.new(['cat'])
    task = asyncio.ensure_future(stream.stdout.read_exactly_async(10))
    await turns(3)
    stream.abort()
    error = await fails_async(GLib.Error, task)
    assert is_io_error(error, Gio.IOErrorEnum.CLOSED), error


async def megabytes_go_both_ways():
    """Nothing but queue and read: what is queued is written meanwhile."""
    data = bytes(range(256)) * (4 << 12)
    cat = GProc.Stream.new(['cat'])
    for start_ in range(0, len(data), 1 << 16):
        assert cat.stdin.queue(data[start_:start_ + (1 << 16)])
    cat.stdin.write_eof()
    assert (await cat.stdout.read_to_end_async()).get_data() == data
    assert await cat.wait_async() == 0


async def draining_waits():
    cat = GProc.Stream.new(['cat'])

    async def write():
        for _ in range(64):
            cat.stdin.queue(b'x' * 100000)
            await cat.stdin.drain_async()
            assert cat.stdin.bytes_queued <= cat.stdin.high_watermark
        cat.stdin.write_eof()
        await cat.stdin.drain_async()
        assert cat.stdin.bytes_queued == 0
        await cat.stdin.flush_async()

    data, _ = await asyncio.gather(cat.stdout.read_to_end_async(), write())
    assert data.get_size() == 6400000


async def writing_keeps_the_order():
    cat = GProc.Stream.new(['cat'])
    cat.stdin.queue(b'one ')
    assert await cat.stdin.write_bytes_async(b'two ') == 4
    cat.stdin.queue('three ')
    assert await cat.stdin.write_all_async(b'four') in (True, 4, (True, 4))
    await cat.stdin.close_async()
    assert (await cat.stdout.read_to_end_async()).get_data() == b'one two three four'


async def a_broken_pipe_is_an_error():
    stream = GProc.Stream.new([TESTPROG, 'exit-code', '3'])
    assert await stream.wait_async() == 3
    # The first to be queued is written at once, where nothing is before it.
    try:
        stream.stdin.queue(b'nobody reads this')
    except BrokenPipeError:
        pass
    error = await fails_async(BrokenPipeError, stream.stdin.drain_async())
    assert isinstance(error, ConnectionResetError)
    assert is_io_error(error, Gio.IOErrorEnum.BROKEN_PIPE)
    assert await fails_async(GLib.Error, stream.stdin.close_async())
    assert stream.stdin.is_closed()


async def two_hundred_at_once():
    async def one(number):
        async with start('echo', str(number)) as stream:
            assert [line async for line in stream.stdout] == [b'%d\n' % number]
            return await stream.wait_async()

    assert await asyncio.gather(*map(one, range(200))) == [0] * 200


async def endings_are_told():
    assert await start('exit-code', '7').wait_async() == 7
    assert await start('kill-self', str(int(signal.SIGUSR1))).wait_async() == -signal.SIGUSR1
    stream = start('hold')
    assert stream.returncode is None and stream.try_wait() is None
    await fails_async(asyncio.TimeoutError, asyncio.wait_for(stream.wait_async(), 0.02))
    waits = asyncio.gather(stream.wait_async(), stream.wait_async(), return_exceptions=True)
    await turns(3)
    stream.terminate()
    assert await waits == [-signal.SIGTERM] * 2
    error = await fails_async(GLib.Error, stream.wait_check_async())
    assert error.matches(GProc.StreamError.quark(), GProc.StreamError.SIGNALED), error
    assert await start('exit-code', '0').wait_check_async() is True
    launcher = GProc.Launcher(timeout=30)
    await fails_async(TimeoutError, launcher.spawn([TESTPROG, 'hold']).wait_async())


async def leaving_the_block_stops_the_process():
    async with start('late-term', '9') as stream:
        assert (await stream.stdout.read_line_async()).get_data() == b'ready\n'
    assert stream.returncode == 9 and stream.is_closed()
    try:
        async with start('hold') as stream:
            raise KeyError
    except KeyError:
        pass
    assert stream.returncode == -signal.SIGTERM
    stream = start('hold')
    await stream.stdout.read_line_async()
    assert await stream.stop_async(0) is True and stream.returncode is not None
    async with GProc.Stream.new_for_fds(-1, os.open('/dev/null', os.O_RDONLY), -1,
                                        GProc.StreamFlags.TAKE_FDS) as stream:
        assert await stream.stdout.read_line_async() is None


async def a_task_that_is_cancelled_stops_its_process():
    streams = []

    async def use():
        async with start('hold') as stream:
            streams.append(stream)
            async for _ in stream.stdout:
                pass

    await fails_async(asyncio.TimeoutError, asyncio.wait_for(use(), 0.1))
    assert streams[0].returncode == -signal.SIGTERM


async def a_child_floods_its_errors():
    stream = start('flood-both', str(1 << 20), flags=PIPE)

    async def count(reader):
        return sum([len(chunk) async for chunk in reader.chunks()])

    assert await asyncio.gather(count(stream.stdout), count(stream.stderr)) == [1 << 20] * 2
    result = await start('flood-stderr', str(1 << 20), flags=PIPE).communicate_async()
    assert result.stderr.get_size() == 1 << 20 and result.returncode == 0


async def programs_are_run():
    result = await GProc.Launcher().run_async(['tr', 'a-z', 'A-Z'], 'input')
    assert result.stdout.get_data() == b'INPUT' and result.returncode == 0
    stream = GProc.Stream.new(['cat'])
    result = await stream.communicate_async(bytearray(b'given'))
    assert result.stdout.get_data() == b'given'
    # More than a pipe holds, and nothing was queued before.
    data = bytes(range(256)) * (4 << 10)
    assert (await GProc.Stream.new(['cat']).communicate_async(data)).stdout.get_data() == data
    stream = await GProc.Launcher().spawn_async(['printf', 'spawned'])
    assert await stream.wait_buffered_async(1000) == 0
    assert (await stream.stdout.read_to_end_async()).get_data() == b'spawned'
    error = await fails_async(FileNotFoundError, GProc.Launcher().spawn_async(['gproc-no-such']))
    assert is_io_error(error, Gio.IOErrorEnum.NOT_FOUND) and error.errno == 2
    await fails_async(FileNotFoundError, GProc.Launcher().run_async(['gproc-no-such']))


async def bytes_are_moved():
    pipeline = GProc.Pipeline()
    for arguments in ['cat'], [TESTPROG, 'eof-exit', '5']:
        pipeline.append(None, arguments)
    pipeline.spawn()
    pipeline.get_stdin().write_eof()
    assert await pipeline.wait_async() == 5 and pipeline.get_returncodes() == [0, 5]

    source, target = start('lines', '1000'), Gio.MemoryOutputStream.new_resizable()
    async for line in source.stdout:
        break
    assert await GProc.Pump.new(source.stdout, target).run_async() is True
    assert target.steal_as_bytes().get_data() == b''.join(lines_of(1000)[1:])

    process = start('out-err', flags=PIPE)
    out, err = Gio.MemoryOutputStream.new_resizable(), Gio.MemoryOutputStream.new_resizable()
    await GProc.Pump.run_all_async([GProc.Pump.new(process.stdout, out),
                                    GProc.Pump.new(process.stderr, err)])
    assert out.steal_as_bytes().get_data() + err.steal_as_bytes().get_data() == b'out\nerr\n'

    producer = GProc.Stream.new(['sh', '-c', 'printf "3\\n1\\n2\\n"; exec >&-; cat >&2'], PIPE)
    assert await producer.splice_async(GProc.Stream.new(['sort']),
                                       Gio.IOStreamSpliceFlags.WAIT_FOR_BOTH) is True
    assert (await producer.stderr.read_to_end_async()).get_data() == b'1\n2\n3\n'


async def errors_tell_what_they_know():
    reader = feed(b'12345')
    error = await fails_async(EOFError, reader.read_exactly_async(9))
    assert isinstance(error, GProc.IncompleteReadError)
    assert (error.partial, error.expected) == (b'12345', 9)
    assert error.matches(GProc.StreamError.quark(), GProc.StreamError.INCOMPLETE_READ)
    reader = feed(b'x' * 200)
    reader.limit = 50
    error = await fails_async(ValueError, reader.read_until_async(b'\n'))
    assert isinstance(error, GProc.LimitOverrunError) and error.consumed > 0
    error = await fails_async(GProc.LimitOverrunError, reader.read_to_end_async(100))
    assert (await reader.read_to_end_async(200)).get_size() == 200
    reader = feed(b'no text \xff\n')
    error = await fails_async(GLib.Error, reader.read_line_utf8_async())
    assert (await reader.read_line_async()).get_data() == b'no text \xff\n'


async def what_has_no_readiness_is_awaited():
    """A regular file, the null device, and a stream that has no descriptor."""
    with open(__file__, 'rb') as file:
        own = file.read()
        file.seek(0)
        reader = GProc.Reader.new_for_fd(file.fileno(), False)
        assert b''.join([line async for line in reader]) == own
    null = GProc.Reader.new_for_fd(os.open('/dev/null', os.O_RDONLY), True)
    assert await null.read_line_async() is None
    memory = GProc.Reader.new(Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(own)))
    assert (await memory.read_exactly_async(10)).get_data() == own[:10]
    assert b''.join([line async for line in memory]) == own[10:]
    writer = GProc.Writer.new_for_fd(os.open('/dev/null', os.O_WRONLY), True)
    writer.queue(own * 100)
    await writer.drain_async()
    await writer.close_async()
    target = Gio.MemoryOutputStream.new_resizable()
    writer = GProc.Writer.new(target)
    writer.queue(own * 10)
    await writer.close_async()
    assert target.steal_as_bytes().get_data() == own * 10


def without_descriptor(pollable, received):
    """A writer on a stream that has none, and a thread that reads slowly what comes out of it."""
    source, target = os.pipe()

    def read():
        while True:
            # More than fits comes at once.
            select.select([], [], [], 0.002)
            data = os.read(source, 65536)
            if not data:
                break
            received.append(data)
        os.close(source)

    thread = threading.Thread(target=read)
    thread.start()
    inner = GProc.Writer.new_for_fd(target, True)
    if not pollable:
        return GProc.Writer.new(Gio.BufferedOutputStream.new(inner)), thread
    compressor = Gio.ZlibCompressor.new(Gio.ZlibCompressorFormat.RAW, 1)
    return GProc.Writer.new(Gio.ConverterOutputStream.new(inner, compressor)), thread


async def queue_twice(writer):
    await turns(3)
    writer.queue(b'more')
    await turns(3)
    writer.queue(b'more')
    await writer.drain_async()


async def drain_again(writer):
    task = asyncio.ensure_future(writer.drain_async())
    await turns(3)
    task.cancel()
    await asyncio.wait([task])
    await asyncio.gather(writer.drain_async(), writer.drain_async())


async def only_queue(writer):
    while writer.bytes_queued:
        await asyncio.sleep(0.01)


async def a_writer_without_a_descriptor_is_awaited():
    data = os.urandom(400000)
    for pollable in True, False:
        for act, rest in ((lambda writer: writer.drain_async(), b''), (lambda writer: writer.flush_async(), b''),
                          (lambda writer: writer.write_bytes_async(b'last'), b'last'),
                          (lambda writer: writer.close_async(), b''), (queue_twice, b'moremore'),
                          (drain_again, b''), (only_queue, b'')):
            received = []
            writer, thread = without_descriptor(pollable, received)
            writer.queue(data)
            await act(writer)
            if not writer.is_closed():
                await writer.close_async()
            thread.join()
            output = b''.join(received)
            assert (zlib.decompress(output, -15) if pollable else output) == data + rest, (pollable, act)


async def callbacks_work_as_ever():
    reader = feed(b'one\ntwo\n')
    loop = asyncio.get_running_loop()
    if getattr(loop, '_context', None) != GLib.MainContext.default():
        raise tap.Skip('no GLib main context is iterated on this loop, so nothing calls back')
    future = loop.create_future()
    reader.read_line_async(
        GLib.PRIORITY_DEFAULT, None,
        lambda source, result: future.set_result(source.read_line_finish(result)))
    assert (await future).get_data() == b'one\n'


async def an_iteration_has_a_priority():
    """What is more urgent than its reads comes before them, as long as there is any of it."""
    kinds = {'separators': [b'\n', b'\0']}, {'text': True}, {}
    pipes = [pipe() for _ in range(4)]
    iterators = [reader.lines(io_priority=GLib.PRIORITY_LOW, **kind)
                 for kind, (reader, _) in zip(kinds, pipes)]
    iterators.append(pipes[3][0].chunks(io_priority=GLib.PRIORITY_LOW))
    order = []

    async def first_of(iterator, name):
        assert len(await iterator.__anext__()) == 2
        order.append(name)

    tasks = [asyncio.ensure_future(first_of(iterator, 'low')) for iterator in iterators]
    await turns(5)
    for _, writer in pipes:
        os.write(writer, b'x\n')
        os.close(writer)
    left = 100

    def urgent(*_):
        nonlocal left
        left -= 1
        if left == 0:
            order.append('urgent')
        return left > 0

    if getattr(asyncio.get_running_loop(), '_context', None) == GLib.MainContext.default():
        GLib.idle_add(urgent, priority=GLib.PRIORITY_DEFAULT_IDLE)
    else:
        # There the loop has no priorities.
        order.append('urgent')
    await asyncio.gather(*tasks)
    assert order == ['urgent'] + ['low'] * 4, order


async def a_subprocess_is_taken_over():
    subprocess = Gio.Subprocess.new([TESTPROG, 'exit-code', '4'], Gio.SubprocessFlags.STDOUT_PIPE)
    assert await GProc.Stream.new_for_subprocess(subprocess).wait_async() == 4


TESTS = [value for name, value in list(globals().items())
         if inspect.iscoroutinefunction(value) and value.__module__ == '__main__'
         and name not in ('turns', 'queue_twice', 'drain_again', 'only_queue')]
tap.run('/gproc/python-awaiting', *on_each_loop(*TESTS))
