#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plain asyncio drives everything: descriptors, calls that do not wait, the pidfd.

No GLib main context is iterated in this program: nothing may depend on a hidden source.
"""

import asyncio
import os
import sys

import gi

gi.require_version('GProc', '1')

from gi.repository import Gio, GLib, GProc  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import tap  # noqa: E402

TESTPROG = os.environ['GPROC_TESTPROG']


async def readable(descriptor):
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.add_reader(descriptor, lambda: future.done() or future.set_result(None))
    try:
        await future
    finally:
        loop.remove_reader(descriptor)


async def writable(descriptor):
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.add_writer(descriptor, lambda: future.done() or future.set_result(None))
    try:
        await future
    finally:
        loop.remove_writer(descriptor)


async def take(reader, attempt):
    """Repeats ATTEMPT until it gives data or, at the end, None."""
    while True:
        try:
            data = attempt()
        except GLib.Error as error:
            if not error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.WOULD_BLOCK):
                raise
            await readable(reader.get_fd())
        else:
            return None if data is None else data.get_data()


async def flush(writer):
    while True:
        try:
            if writer.try_flush():
                return
        except GLib.Error as error:
            if not error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.WOULD_BLOCK):
                raise
        await writable(writer.get_fd())


async def ended(stream):
    while (returncode := stream.try_wait()) == GProc.RETURNCODE_NONE:
        assert stream.get_pidfd() >= 0, 'this kernel has no pidfds'
        await readable(stream.get_pidfd())
    return returncode


async def conversation():
    cat = GProc.Stream.new(['cat'], GProc.StreamFlags.NONE)
    for number in range(100):
        cat.get_stdin().queue(b'%d\n' % number)
        await flush(cat.get_stdin())
        line = await take(cat.get_stdout(), cat.get_stdout().try_read_line)
        assert line == b'%d\n' % number, line
    cat.get_stdin().write_eof()
    await flush(cat.get_stdin())
    assert await take(cat.get_stdout(), cat.get_stdout().try_read_line) is None
    assert await ended(cat) == 0


async def megabytes_both_ways(count=4 << 20):
    cat = GProc.Stream.new(['cat'], GProc.StreamFlags.NONE)
    data = bytes(range(256)) * (count // 256)

    async def feed():
        for start in range(0, count, 1 << 16):
            cat.get_stdin().queue(data[start:start + (1 << 16)])
            await flush(cat.get_stdin())
        cat.get_stdin().write_eof()
        await flush(cat.get_stdin())

    async def collect():
        pieces = []
        reader = cat.get_stdout()
        while (piece := await take(reader, lambda: reader.try_read_some(1 << 18))) is not None:
            pieces.append(piece)
        return b''.join(pieces)

    received, _ = await asyncio.gather(collect(), feed())
    assert received == data
    assert await ended(cat) == 0


async def many_processes():
    async def one(number):
        stream = GProc.Stream.new([TESTPROG, 'echo', str(number)], GProc.StreamFlags.NONE)
        line = await take(stream.get_stdout(), stream.get_stdout().try_read_line)
        assert line == b'%d\n' % number
        return await ended(stream)

    assert set(await asyncio.gather(*(one(number) for number in range(50)))) == {0}


async def a_stop():
    stream = GProc.Stream.new([TESTPROG, 'hold'], GProc.StreamFlags.NONE)
    assert await take(stream.get_stdout(), stream.get_stdout().try_read_line) == b'ready\n'
    stream.terminate()
    assert await ended(stream) == -15


def lines_are_exchanged():
    asyncio.run(asyncio.wait_for(conversation(), 60))


def megabytes_go_both_ways_at_once():
    asyncio.run(asyncio.wait_for(megabytes_both_ways(), 60))


def many_processes_run_at_once():
    asyncio.run(asyncio.wait_for(many_processes(), 60))


def a_process_is_stopped():
    asyncio.run(asyncio.wait_for(a_stop(), 60))


tap.run('/gproc/asyncio-loop', lines_are_exchanged, megabytes_go_both_ways_at_once,
        many_processes_run_at_once, a_process_is_stopped)
