# SPDX-License-Identifier: LGPL-2.1-or-later
"""Processes in a container of a real engine, awaited on each kind of loop. To be run by run.sh."""

import asyncio
import faulthandler
import os
import sys

import real  # noqa: I001  (it says which versions are wanted)
from real import ADDRESS, CONTAINER, IMAGE, MEBIBYTE, Gio, GLib, GProc, GProcEngine, tap

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'python'))

import support  # noqa: E402


async def connected():
    return await GProcEngine.Engine.connect_async(ADDRESS)


async def a_program_of_the_guide():
    engine = await connected()
    async with engine.exec(CONTAINER, ['sort']) as sort:
        sort.stdin.queue(b'b\na\n')
        sort.stdin.write_eof()
        output, status = (await sort.stdout.read_to_end_async(-1), await sort.wait_async())
    assert (output.get_data(), status) == (b'a\nb\n', 0)


async def opening_is_awaitable_and_a_context():
    engine = await connected()
    stream = await engine.exec_async(CONTAINER, ['sh', '-c', 'echo awaited; exit 3'])
    assert [line async for line in stream.stdout] == [b'awaited\n']
    assert await stream.wait_async() == 3
    async with engine.exec_async(CONTAINER, ['cat']) as cat:
        cat.stdin.queue('entered\n')
        assert await cat.stdout.read_line_utf8_async() == 'entered'
    assert cat.is_closed()
    task = asyncio.ensure_future(engine.exec_async(CONTAINER, ['echo', 'task']))
    assert await (await task).stdout.read_line_utf8_async() == 'task'
    error = await support.fails_async(FileNotFoundError, engine.exec_async('nobody', ['true']))
    assert 'nobody' in error.message, error.message


async def lines_of_both_outputs():
    engine = await connected()
    script = 'for i in $(seq 3000); do echo out $i; echo error $i >&2; done; exit 4'
    async with engine.exec_async(CONTAINER, ['sh', '-c', script]) as stream:
        async def lines(reader):
            return [line async for line in reader.lines(text=True, strip=True)]

        out, error = await asyncio.gather(lines(stream.stdout), lines(stream.stderr))
        assert out == [f'out {number}' for number in range(1, 3001)], (len(out), out[-1:])
        assert error == [f'error {number}' for number in range(1, 3001)], len(error)
        assert await stream.wait_async() == 4


async def a_duplex_of_10_mebibytes():
    engine = await connected()
    block = os.urandom(MEBIBYTE)
    async with engine.exec_async(CONTAINER, ['cat']) as cat:
        async def write():
            for _ in range(10):
                cat.stdin.queue(block)
                await cat.stdin.drain_async()
            cat.stdin.write_eof()

        async def read():
            return b''.join([chunk async for chunk in cat.stdout.chunks()])

        _, data = await asyncio.gather(write(), read())
        assert data == block * 10, len(data)
        assert await cat.wait_async() == 0


async def a_terminal():
    engine = await connected()
    launcher = real.terminal_launcher()
    launcher.set_pty_size(20, 70)
    argv = ['sh', '-c', real.RESIZED, 'sh', '20 70', '21 71']
    async with engine.exec_async(CONTAINER, argv, launcher) as stream:
        assert (await stream.stdout.read_line_utf8_async()).strip() == '20 70'
        stream.resize(21, 71)
        assert (await stream.stdout.read_line_utf8_async()).strip() == '21 71'
        stream.stdin.queue('go\n')
        assert (await stream.stdout.read_line_utf8_async()).strip() == 'go'
        assert await stream.wait_async() == 5


async def ten_at_once():
    engine = await connected()

    async def one(number):
        argv = ['sh', '-c', f'read word; echo $word {number}; exit {number}']
        async with engine.exec_async(CONTAINER, argv) as stream:
            stream.stdin.queue('word\n')
            return await stream.stdout.read_line_utf8_async(), await stream.wait_async()

    results = await asyncio.gather(*map(one, range(10)))
    assert results == [(f'word {number}', number) for number in range(10)], results


async def a_build_in_a_container_of_its_own():
    engine = await connected()
    script = 'echo start; cat /etc/passwd >/dev/null; echo late >&2; exit 6'
    container = await engine.create_async(IMAGE, None, ['sh', '-c', script])
    try:
        async with container.attach_async() as stream:
            await container.start_async()
            result = await stream.communicate_async()
        assert result.stdout.get_data() == b'start\n' and result.stderr.get_data() == b'late\n'
        assert result.returncode == 6 and await container.wait_async() == 6
        await container.refresh_async()
        assert container.returncode == 6
        log = await container.logs_async()
        assert [line async for line in log.stdout] == [b'start\n']
    finally:
        await container.remove_async(True)
    await support.fails_async(FileNotFoundError, engine.get_container_async(container.id))


async def a_wait_is_given_up():
    engine = await connected()
    async with engine.exec_async(CONTAINER, ['cat']) as cat:
        for wait in cat.wait_async(), cat.stdout.read_line_async(), cat.stderr.read_line_async():
            await support.fails_async(asyncio.TimeoutError, asyncio.wait_for(wait, 0.05))
        cat.stdin.queue('later\n')
        assert await cat.stdout.read_line_utf8_async() == 'later'
        cat.stdin.write_eof()
        assert await cat.wait_async() == 0
    opening = asyncio.ensure_future(engine.exec_async(CONTAINER, ['cat']))
    await asyncio.sleep(0)
    opening.cancel()
    await support.fails_async(asyncio.CancelledError, opening)
    cancellable = Gio.Cancellable()
    cancellable.cancel()
    error = await support.fails_async(
        GLib.Error, engine.list_async(cancellable=cancellable))
    assert support.is_io_error(error, Gio.IOErrorEnum.CANCELLED)


TESTS = (a_program_of_the_guide, opening_is_awaitable_and_a_context, lines_of_both_outputs,
         a_duplex_of_10_mebibytes, a_terminal, ten_at_once, a_build_in_a_container_of_its_own,
         a_wait_is_given_up)
LOOPS = {'asyncio': support.run_on_asyncio, 'main-loop': support.run_on_glib_main_loop,
         'gbulb': support.run_on_gbulb, 'gi-events': support.run_on_gi_events}


def on(loop, test):
    def function():
        LOOPS[loop](test())

    function.__name__ = f'{loop}/{test.__name__}'
    return function


if __name__ == '__main__':
    faulthandler.dump_traceback_later(real.TIME_LIMIT, exit=True)
    chosen = sys.argv[1:]
    tap.run('/engine/awaiting', *[on(loop, test) for loop in LOOPS for test in TESTS
                                  if not chosen or test.__name__ in chosen])
