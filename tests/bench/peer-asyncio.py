#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The workloads of gproc-bench as CPython's asyncio does them.

peer-asyncio.py read|splice|lines|trip|spawn|latency NAME=VALUE…

With by=ours it is the same program moved to this library, by its import alone.
"""

import json
import mmap
import os
import resource
import statistics
import sys
import time

GIVEN = dict(argument.split('=', 1) for argument in sys.argv[2:])
if GIVEN.get('by') == 'ours':
    import gi
    gi.require_version('GProc', '1')
    from gi.repository import GProc
    from gi.repository.GProc import aio as asyncio
else:
    import asyncio

PIPE = asyncio.subprocess.PIPE
CHILD = os.environ.get('GPROC_BENCH_CHILD')


def number(name, default):
    return int(GIVEN.get(name, default))


def children_options():
    options = {'limit': number('limit', 65536)}
    if 'pipe' in GIVEN:
        options['pipesize'] = number('pipe', -1)
    return options


def cpu(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


class Collector(asyncio.SubprocessProtocol):
    """What there is without streams."""

    def __init__(self):
        self.received = 0
        self.ended = asyncio.get_running_loop().create_future()

    def pipe_data_received(self, fd, data):
        self.received += len(data)

    def process_exited(self):
        pass

    def connection_lost(self, exc):
        self.ended.set_result(None)


async def read_with_protocol():
    options = children_options()
    del options['limit']
    _, protocol = await asyncio.get_running_loop().subprocess_exec(
        Collector, CHILD, 'flood', GIVEN['bytes'], stdin=None, stderr=None, **options)
    await protocol.ended
    assert protocol.received == number('bytes', 0)


async def read():
    if GIVEN.get('style') == 'protocol':
        await read_with_protocol()
        return
    process = await asyncio.create_subprocess_exec(CHILD, 'flood', GIVEN['bytes'], stdout=PIPE,
                                                   **children_options())
    received, size = 0, number('size', 1 << 20)
    while data := await process.stdout.read(size):
        received += len(data)
    await process.wait()
    assert received == number('bytes', 0)


async def splice():
    options = children_options()
    flood = await asyncio.create_subprocess_exec(CHILD, 'flood', GIVEN['bytes'], stdout=PIPE,
                                                 **options)
    sink = await asyncio.create_subprocess_exec(CHILD, 'sink', GIVEN['bytes'], stdin=PIPE,
                                                **options)
    sink.stdin.transport.set_write_buffer_limits(high=number('limit', 65536))
    while data := await flood.stdout.read(number('size', 1 << 20)):
        sink.stdin.write(data)
        await sink.stdin.drain()
    sink.stdin.close()
    assert await sink.wait() == 0
    await flood.wait()


async def lines():
    argv = [CHILD, 'lines', GIVEN['count'], GIVEN['length']]
    found, size = 0, 0
    if GIVEN.get('style') == 'native':
        stream = GProc.Stream.new(argv)
        async for line in stream.get_stdout():
            found += 1
            size += len(line)
        assert await stream.wait_async() == 0
    else:
        process = await asyncio.create_subprocess_exec(*argv, stdout=PIPE, **children_options())
        async for line in process.stdout:
            found += 1
            size += len(line)
        assert await process.wait() == 0
    assert (found, size) == (number('count', 0), number('count', 0) * number('length', 0))


async def trip():
    process = await asyncio.create_subprocess_exec('cat', stdin=PIPE, stdout=PIPE)
    drains = number('drain', 0)
    start = None
    for i in range(number('count', 1000) + 1):
        process.stdin.write(b'ping\n')
        if drains:
            await process.stdin.drain()
        assert await process.stdout.readline() == b'ping\n'
        if i == 0:
            start = time.monotonic()
    taken = time.monotonic() - start
    process.stdin.close()
    await process.wait()
    return {'seconds': taken}


def become_resident():
    size = number('resident', 0) << 20
    if size == 0:
        return None
    block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    block.madvise(mmap.MADV_NOHUGEPAGE)
    for at in range(0, size, 1 << 24):
        block[at:min(size, at + (1 << 24)):4096] = b'\x01' * (min(size - at, 1 << 24) // 4096)
    return block


async def spawn_true():
    start = time.monotonic()
    process = await asyncio.create_subprocess_exec('/bin/true', stdin=PIPE, stdout=PIPE)
    taken = time.monotonic() - start
    assert await process.wait() == 0
    return taken


async def spawn():
    block = become_resident()
    live = [await asyncio.create_subprocess_exec(CHILD, 'hold', stdin=PIPE, stdout=PIPE)
            for _ in range(number('live', 0))]
    count = number('count', 10)
    await spawn_true()
    start = time.monotonic()
    spawning = [await spawn_true() for _ in range(count)]
    taken = time.monotonic() - start
    for process in live:
        process.stdin.close()
    for process in live:
        await process.wait()
    del block
    return {'seconds': taken / count, 'p50': statistics.median(spawning)}


async def latency():
    count, times = number('count', 1000), []
    cat = await asyncio.create_subprocess_exec('cat', stdin=PIPE, stdout=PIPE)
    flood = await asyncio.create_subprocess_exec(CHILD, 'flood', '0', stdout=PIPE,
                                                 **children_options())

    received, begin = 0, asyncio.Event()

    async def drink():
        nonlocal received
        while data := await flood.stdout.read(number('size', 1 << 20)):
            received += len(data)
            if received > 64 << 20:
                begin.set()

    drinking = asyncio.ensure_future(drink())
    # The round trips begin when the flood is in full swing.
    await begin.wait()
    received, first = 0, time.monotonic()
    for _ in range(count + 100):
        await asyncio.sleep(0.001)
        start = time.monotonic()
        cat.stdin.write(b'ping\n')
        assert await cat.stdout.readline() == b'ping\n'
        times.append(time.monotonic() - start)
    rate = received / (time.monotonic() - first)
    flood.kill()
    await drinking
    cat.stdin.close()
    await cat.wait()
    await flood.wait()
    times = sorted(times[100:])
    figures = {name: times[int(share * (count - 1))]
               for name, share in (('p50', 0.5), ('p99', 0.99), ('p999', 0.999))}
    return {**figures, 'flood': rate}


async def main():
    # Of those of its watchers of children that keep up with many.
    if hasattr(os, 'pidfd_open') and sys.version_info < (3, 12):
        watcher = asyncio.PidfdChildWatcher()
        watcher.attach_loop(asyncio.get_running_loop())
        asyncio.set_child_watcher(watcher)
    workloads = {'read': read, 'splice': splice, 'lines': lines, 'trip': trip, 'spawn': spawn,
                 'latency': latency}
    run = workloads[sys.argv[1]]
    own, children = cpu(resource.RUSAGE_SELF), cpu(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    figures = await run()
    if figures is None:
        figures = {'seconds': time.monotonic() - start, 'cpu': cpu(resource.RUSAGE_SELF) - own,
                   'child_cpu': cpu(resource.RUSAGE_CHILDREN) - children}
    print(json.dumps(figures))


asyncio.run(main())
