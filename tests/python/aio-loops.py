#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""GProc.aio on loops that iterate a GLib main context, and without pidfds."""

import asyncio as plain
import os
import subprocess
import sys

from gi.repository import Gio

from aio_harness import GLib, GProc, asyncio, fails, tap, tcp_pair
from support import need_gbulb

PIPE = asyncio.subprocess.PIPE


async def _echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def _connections():
    server, reader, writer = await tcp_pair(_echo)
    for number in range(100):
        writer.write(b'%d\n' % number)
        await writer.drain()
        assert await reader.readline() == b'%d\n' % number
    data = bytes(range(256)) * 20_000

    async def write():
        writer.write(data)
        await writer.drain()
        writer.write_eof()

    received, _ = await asyncio.gather(reader.read(), write())
    assert received == data
    writer.close()
    await writer.wait_closed()
    server.close()


async def _processes():
    process = await asyncio.create_subprocess_exec('cat', stdin=PIPE, stdout=PIPE)
    for number in range(100):
        process.stdin.write(b'%d\n' % number)
        await process.stdin.drain()
        assert await process.stdout.readline() == b'%d\n' % number
    data = bytes(range(256)) * 20_000
    assert await process.communicate(data) == (data, None) and process.returncode == 0
    process = await asyncio.create_subprocess_shell('exit 3')
    assert await process.wait() == 3
    process = await asyncio.create_subprocess_exec('sleep', '1000')
    await fails(asyncio.TimeoutError, asyncio.wait_for(process.wait(), 0.01))
    process.kill()
    assert await process.wait() == -9


async def _wrapped():
    stream = Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(b'one\ntwo\nthree'))
    reader = asyncio.wrap(stream)
    assert [line async for line in reader] == [b'one\n', b'two\n', b'three']
    # Filters have no descriptor, and are not pollable.
    process = GProc.Stream.new(['sh', '-c', 'printf "one\ntwo" | gzip'], GProc.StreamFlags.NONE)
    expand = Gio.ZlibDecompressor.new(Gio.ZlibCompressorFormat.GZIP)
    reader = asyncio.wrap(Gio.ConverterInputStream.new(process.get_stdout(), expand))
    assert await reader.readline() == b'one\n' and await reader.read() == b'two'
    assert process.wait(None) == 0
    memory = Gio.MemoryOutputStream.new_resizable()
    writer = asyncio.wrap(memory)
    writer.write(bytes(300_000))
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert memory.get_data_size() == 300_000


async def _gobjects():
    process = await asyncio.create_subprocess_exec('cat', stdin=PIPE, stdout=PIPE)
    reader, target = process.stdout, process.stdin.gobject
    source = reader.gobject
    for number in range(50):
        target.queue(b'%d\n' % (2 * number))
        process.stdin.write(b'%d\n' % (2 * number + 1))
        assert await reader.readline() == b'%d\n' % (2 * number)
        while (line := source.try_read_line() if source.get_buffered() else None) is None:
            await asyncio.sleep(0)
            source.at_eof()
        assert line.get_data() == b'%d\n' % (2 * number + 1)
    process.stdin.close()
    assert await reader.read() == b'' and await process.wait() == 0


async def _all():
    for part in _connections, _processes, _wrapped, _gobjects:
        await asyncio.wait_for(part(), 60)


def plain_asyncio():
    asyncio.run(_all())


def a_loop_in_debug_mode():
    asyncio.run(_all(), debug=True)


def gbulb():
    need_gbulb()
    import gbulb

    policy = plain.get_event_loop_policy()
    gbulb.install()
    try:
        loop = plain.new_event_loop()
        plain.set_event_loop(loop)
        loop.run_until_complete(_all())
        loop.close()
    finally:
        plain.set_event_loop_policy(policy)


def the_loop_of_pygobject():
    try:
        from gi.events import GLibEventLoopPolicy
    except ImportError:
        raise tap.Skip('this PyGObject has no event loop') from None
    policy = plain.get_event_loop_policy()
    plain.set_event_loop_policy(GLibEventLoopPolicy())
    try:
        plain.get_event_loop_policy().get_event_loop().run_until_complete(_all())
    finally:
        plain.set_event_loop_policy(policy)


def without_pidfds():
    environment = {**os.environ, 'GPROC_NO_PIDFD': '1'}
    subprocess.run([sys.executable, __file__, 'plain'], env=environment, check=True, timeout=200)


if sys.argv[1:] == ['plain']:
    plain_asyncio()
else:
    tap.run('/gproc/aio-loops', plain_asyncio, a_loop_in_debug_mode, gbulb, the_loop_of_pygobject,
            without_pidfds)
