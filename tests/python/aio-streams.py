#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""aio.StreamReader as its users read, on what is fed to it and on what a process writes."""

import asyncio as plain

from aio_harness import GLib, GProc, TESTPROG, asyncio, fails, tests


def _fed(*pieces, limit=2 ** 16, end=True):
    reader = asyncio.StreamReader(limit=limit)
    for piece in pieces:
        reader.feed_data(piece)
    if end:
        reader.feed_eof()
    return reader


async def _output(*arguments, **keywords):
    process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE,
                                                   **keywords)
    return process, process.stdout


async def lines_end_with_their_newline():
    reader = _fed(b'first\n\nwith \0', b' in it\n\xff\xfe\r\nno newline')
    assert await reader.readline() == b'first\n'
    assert await reader.readline() == b'\n'
    assert await reader.readline() == b'with \0 in it\n'
    assert await reader.readline() == b'\xff\xfe\r\n'
    assert not reader.at_eof()
    assert await reader.readline() == b'no newline'
    assert await reader.readline() == b'' and reader.at_eof()


async def every_way_to_read_takes_from_one_buffer():
    lines = b''.join(b'line %d\n' % number for number in range(5000))
    reader = _fed(lines, limit=len(lines))
    position = 0
    for turn in range(400):
        # Enough lines in a row that some are split ahead.
        for _ in range(6):
            line = await reader.readline()
            assert line == lines[position:position + len(line)] and line.endswith(b'\n')
            position += len(line)
        size = turn % 17
        assert await reader.readexactly(size) == lines[position:position + size]
        position += size
        data = await reader.readuntil(b'ne ')
        assert data == lines[position:position + len(data)] and data.endswith(b'ne ')
        position += len(data)
        data = await reader.read(5)
        assert data == lines[position:position + 5]
        position += 5
    assert await reader.read() == lines[position:]


async def every_split_of_a_separator_is_found():
    data = b'one=<>=two<>==<>three'
    for size in range(1, len(data) + 1):
        reader = asyncio.StreamReader()

        async def feed(reader=reader, size=size):
            for start in range(0, len(data), size):
                reader.feed_data(data[start:start + size])
                await asyncio.sleep(0)
            reader.feed_eof()

        task = asyncio.create_task(feed())
        assert await reader.readuntil(b'<>=') == b'one=<>='
        assert await reader.readuntil(b'=<>') == b'two<>==<>'
        error = await fails(asyncio.IncompleteReadError, reader.readuntil(b'<>'))
        assert error.partial == b'three' and error.expected is None
        await task


async def the_first_of_several_separators_ends_a_read():
    reader = _fed(b'ABCDEFG;one\r\ntwo\nthree')
    assert await reader.readuntil((b'DEF', b'BCDE')) == b'ABCDE'
    assert await reader.readuntil((b';',)) == b'FG;'
    assert await reader.readuntil((b'\r\n', b'\n')) == b'one\r\n'
    assert await reader.readuntil((b'\n', b'\r\n')) == b'two\n'
    assert (await fails(asyncio.IncompleteReadError,
                        reader.readuntil((b'1', b'2')))).partial == b'three'
    for separators in (), (b'a', b''):
        await fails(ValueError, reader.readuntil(separators))


async def the_limit_is_that_of_asyncio():
    # A line that is too long: gone with its newline, or all that came of it.
    reader = _fed(b'0123456789\nnext\n', limit=8)
    error = await fails(ValueError, reader.readline())
    assert 'longer than limit' in str(error)
    assert await reader.readline() == b'next\n'
    reader = _fed(b'01234567\n', limit=8)
    assert await reader.readline() == b'01234567\n'
    reader = _fed(b'0123456789', limit=8, end=False)
    error = await fails(ValueError, reader.readline())
    assert 'exceed the limit' in str(error)
    reader.feed_data(b'rest\n')
    assert await reader.readline() == b'rest\n'
    # Elsewhere the data stays.
    reader = _fed(b'0123456789;', limit=8)
    error = await fails(asyncio.LimitOverrunError, reader.readuntil(b';'))
    assert error.consumed == 10 and isinstance(error, plain.LimitOverrunError)
    assert await reader.readexactly(11) == b'0123456789;'
    for value in 0, -1:
        try:
            asyncio.StreamReader(limit=value)
        except ValueError:
            continue
        raise AssertionError('a limit of nothing')


async def what_is_missing_is_told():
    reader = _fed(b'half')
    error = await fails(asyncio.IncompleteReadError, reader.readexactly(36))
    assert error.partial == b'half' and error.expected == 36
    assert isinstance(error, plain.IncompleteReadError) and isinstance(error, EOFError)
    assert '4 bytes read on a total of 36 expected bytes' in str(error)
    assert await reader.read(10) == b'' and await reader.readexactly(0) == b''
    await fails(ValueError, reader.readexactly(-1))
    await fails(ValueError, reader.readuntil(b''))


async def an_exception_is_raised_by_each_read():
    reader = asyncio.StreamReader()
    waiting = asyncio.create_task(reader.readline())
    await asyncio.sleep(0)
    reader.set_exception(ZeroDivisionError())
    await fails(ZeroDivisionError, waiting)
    for read in reader.read, reader.readline, reader.readuntil, lambda: reader.readexactly(1):
        await fails(ZeroDivisionError, read())
    assert isinstance(reader.exception(), ZeroDivisionError)


async def only_one_may_wait():
    reader = asyncio.StreamReader()
    waiting = asyncio.create_task(reader.readline())
    await asyncio.sleep(0)
    for name, call in (('readuntil', reader.readuntil()), ('readuntil', reader.readline()),
                       ('read', reader.read(1)), ('readexactly', reader.readexactly(1))):
        error = await fails(RuntimeError, call)
        assert str(error) == (f'{name}() called while another coroutine is already waiting for '
                              'incoming data'), error
    reader.feed_data(b'line\n')
    assert await waiting == b'line\n'


async def only_one_may_wait_for_a_process():
    process, reader = await _output('cat', stdin=asyncio.subprocess.PIPE)
    waiting = asyncio.create_task(reader.read())
    await asyncio.sleep(0)
    await fails(RuntimeError, reader.read(1))
    assert (await fails(RuntimeError, reader.readline())).args[0].startswith('readuntil() called')
    process.stdin.write(b'all of it')
    process.stdin.close()
    assert await waiting == b'all of it' and await process.wait() == 0


async def what_a_cancelled_read_had_is_read_next():
    process, reader = await _output('cat', stdin=asyncio.subprocess.PIPE)
    reads = (lambda: reader.readline(), lambda: reader.readexactly(100), lambda: reader.read(),
             lambda: reader.readuntil(b'\n\n'))
    expected = b''
    for number, read in enumerate(reads):
        piece = b'piece %d without an end ' % number
        process.stdin.write(piece)
        expected += piece
        waiting = asyncio.create_task(read())
        # Until it has the piece; then it wants more.
        while reader.gobject.get_bytes_read() < len(expected):
            await asyncio.sleep(0)
        waiting.cancel()
        await fails(asyncio.CancelledError, waiting)
    process.stdin.write(b'end\n')
    assert await reader.readline() == expected + b'end\n'
    process.stdin.close()
    assert await reader.read() == b'' and await process.wait() == 0


async def a_read_that_took_too_long_is_read_later():
    process, reader = await _output('cat', stdin=asyncio.subprocess.PIPE)
    received = b''
    for number in range(50):
        await fails(asyncio.TimeoutError, asyncio.wait_for(reader.readexactly(10_000), 0.002))
        process.stdin.write(b'%099d\n' % number)
        await process.stdin.drain()
    process.stdin.close()
    while data := await reader.read(777):
        received += data
    assert received == b''.join(b'%099d\n' % number for number in range(50))
    assert await process.wait() == 0


async def a_read_is_cancelled_when_its_data_has_come():
    process, reader = await _output('cat', stdin=asyncio.subprocess.PIPE)
    for number in range(100):
        data = b'number %d\n' % number
        read = reader.read(100) if number % 2 else reader.readline()
        waiting = asyncio.create_task(read)
        await asyncio.sleep(0)
        process.stdin.write(data)
        while not waiting.done() and not reader._size():
            await asyncio.sleep(0)
        waiting.cancel()
        try:
            received = await waiting
        except asyncio.CancelledError:
            received = await reader.readline()
        assert received == data, (received, data)
    process.stdin.close()
    await process.wait()


async def lines_are_iterated_over():
    process, reader = await _output(TESTPROG, 'lines', '100000')
    count = 0
    async for line in reader:
        count += 1
        assert line == b'line %d\n' % count
        if count == 1000:
            break
    assert await reader.readline() == b'line 1001\n'
    async for line in reader:
        count += 1
    assert count == 99_999 and reader.at_eof() and await process.wait() == 0


async def reads_stop_the_writer_in_time():
    process, reader = await _output('sh', '-c', 'head -c 3000000 /dev/zero', limit=1000)
    # Nobody takes anything, so nothing more is read.
    transport = process._transport.get_pipe_transport(1)
    while transport.is_reading():
        await asyncio.sleep(0)
    assert transport.source.get_bytes_read() <= 2 * 1000 + 2 ** 16
    assert await reader.readexactly(3_000_000) == bytes(3_000_000)
    assert await reader.read() == b'' and await process.wait() == 0


async def readers_are_gobjects():
    process, reader = await _output(TESTPROG, 'lines', '5000')
    assert isinstance(process.gobject, GProc.Stream) and process.gobject.get_pid() == process.pid
    for number in range(1, 20):
        assert await reader.readline() == b'line %d\n' % number
    # What was read ahead is in the GObject then, and both read in turns.
    gobject = reader.gobject
    assert isinstance(gobject, GProc.Reader) and reader.gobject is gobject
    number = 20
    while number < 2000:
        assert gobject.read_line(None).get_data() == b'line %d\n' % number
        assert await reader.readline() == b'line %d\n' % (number + 1)
        assert await reader.readexactly(2) == b'li'
        assert gobject.read_exactly(3, None).get_data() == b'ne '
        assert await reader.readuntil(b'\n') == b'%d\n' % (number + 2)
        number += 3
    rest = await reader.read()
    assert rest.startswith(b'line %d\n' % number) and rest.endswith(b'line 5000\n')
    assert await process.wait() == 0
    assert reader.at_eof() and reader.gobject.read_line(None) is None


async def a_pipe_that_is_closed_ends_what_waits_for_it():
    process, reader = await _output('cat', stdin=asyncio.subprocess.PIPE)
    for is_shared in False, True:
        assert not is_shared or isinstance(reader.gobject, GProc.Reader)
        waiting = asyncio.create_task(reader.read())
        await asyncio.sleep(0)
        process._transport.get_pipe_transport(1).close()
        assert await waiting == b'' and reader.at_eof()
        process.kill()
        await process.wait()
        process, reader = await _output('cat', stdin=asyncio.subprocess.PIPE)
    process.kill()
    await process.wait()


async def gobjects_outlive_their_process():
    process, reader = await _output('printf', 'one\ntwo\nthree')
    await process.wait()
    while not reader._eof:
        await asyncio.sleep(0)
    assert reader.gobject.read_line(None).get_data() == b'one\n'
    assert await reader.readline() == b'two\n'
    assert reader.gobject.read_to_end(-1, None).get_data() == b'three'
    assert await reader.read() == b''


async def any_reader_is_wrapped():
    from gi.repository import Gio
    stream = Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(b'one\ntwo\nthree'))
    # No descriptor, no GLib main loop.
    for gobject in (GProc.Reader.new(stream),):
        reader = asyncio.wrap(gobject)
        assert reader.gobject is gobject
        assert await reader.readline() == b'one\n'
        assert gobject.read_line(None).get_data() == b'two\n'
        await fails(asyncio.IncompleteReadError, reader.readexactly(10))
        assert await reader.read() == b'' and reader.at_eof()
        gobject.close(None)
    stream = GProc.Stream.new(['cat'], GProc.StreamFlags.NONE)
    reader, writer = asyncio.wrap(stream)
    waiting = asyncio.create_task(reader.readline())
    await asyncio.sleep(0)
    writer.write(b'by way of a process\n')
    await writer.drain()
    assert await waiting == b'by way of a process\n'
    writer.close()
    await writer.wait_closed()
    assert await reader.read() == b'' and stream.wait(None) == 0
    stream.close(None)
    try:
        asyncio.wrap(object())
    except TypeError:
        return
    raise AssertionError('an object was wrapped')


async def any_writer_is_wrapped():
    from gi.repository import Gio
    stream = Gio.MemoryOutputStream.new_resizable()
    writer = asyncio.wrap(stream)
    assert isinstance(writer.gobject, GProc.Writer)
    for number in range(100):
        writer.write(b'%d\n' % number)
        await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert stream.steal_as_bytes().get_data() == b''.join(b'%d\n' % n for n in range(100))


async def subclasses_and_representations():
    class Reader(asyncio.StreamReader):
        async def readline(self):
            return (await super().readline()).upper()

    reader = Reader()
    reader.feed_data(b'line\n')
    assert repr(reader) == '<StreamReader 5 bytes>', reader
    assert await reader.readline() == b'LINE\n'
    reader.feed_eof()
    assert repr(reader) == '<StreamReader eof>' and [line async for line in reader] == []


async def asyncio_has_its_other_names():
    for name in plain.__all__:
        assert hasattr(asyncio, name), name
    for name in 'run', 'gather', 'Queue', 'CancelledError', 'wait_for', 'TaskGroup', 'Lock':
        assert getattr(asyncio, name) is getattr(plain, name), name
    for name in 'StreamReader', 'StreamWriter', 'open_connection', 'create_subprocess_exec':
        assert getattr(asyncio, name) is not getattr(plain, name), name
        assert name in dir(asyncio) and 'gather' in dir(asyncio)
    assert asyncio.subprocess.PIPE == plain.subprocess.PIPE == -1
    assert asyncio.subprocess.STDOUT == -2 and asyncio.subprocess.DEVNULL == -3
    assert asyncio.subprocess.Process.__module__.endswith('aio.subprocess')
    assert asyncio.streams.StreamReader is asyncio.StreamReader
    assert not hasattr(asyncio, 'no_such_name')


tests('/gproc/aio-streams', globals())
