# SPDX-License-Identifier: LGPL-2.1-or-later
"""asyncio's own names over processes in a container, beside the same over local ones: each test
runs for both. To be run by run.sh."""

import faulthandler
import hashlib
import os
import signal
import sys

import real  # noqa: I001  (it says which versions are wanted)
from real import ADDRESS, CONTAINER, MEBIBYTE, GProc, GProcEngine, tap

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'python'))

import support  # noqa: E402

asyncio = GProc.aio


async def local(*argv):
    return await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE)


async def contained(*argv):
    engine = await GProcEngine.Engine.connect_async(ADDRESS)
    return asyncio.wrap_process(await engine.exec_async(CONTAINER, argv))


async def communicate(start):
    process = await start('sh', '-c', 'cat; echo heard >&2; exit 3')
    assert await process.communicate(b'word\n') == (b'word\n', b'heard\n')
    assert process.returncode == 3 and await process.wait() == 3


async def lines_and_an_answer(start):
    process = await start('sh', '-c', 'echo one; read word; echo "<$word>"; echo three')
    assert await process.stdout.readline() == b'one\n'
    assert process.returncode is None
    process.stdin.write(b'two\n')
    await process.stdin.drain()
    assert [line async for line in process.stdout] == [b'<two>\n', b'three\n']
    assert await process.wait() == 0


async def closing_the_input_ends_it(start):
    for how in 'close', 'write_eof':
        process = await start('sort')
        process.stdin.writelines([b'b\n', b'a\n'])
        getattr(process.stdin, how)()
        assert await asyncio.wait_for(process.stdout.read(), 20) == b'a\nb\n'
        assert await process.wait() == 0


async def a_duplex_of_10_mebibytes(start):
    process = await start('cat')
    block = os.urandom(MEBIBYTE)

    async def write():
        for _ in range(10):
            process.stdin.write(block)
            await process.stdin.drain()
        process.stdin.write_eof()

    _, data = await asyncio.gather(write(), process.stdout.read())
    assert hashlib.sha256(data).digest() == hashlib.sha256(block * 10).digest(), len(data)
    assert await process.wait() == 0


async def pieces(start):
    process = await start('sh', '-c', 'printf "head:"; printf "12345678"; printf "rest"')
    assert await process.stdout.readuntil(b':') == b'head:'
    assert await process.stdout.readexactly(8) == b'12345678'
    error = await support.fails_async(asyncio.IncompleteReadError, process.stdout.readexactly(9))
    assert error.partial == b'rest' and process.stdout.at_eof()
    assert await process.wait() == 0


async def a_time_limit(start):
    process = await start('cat')
    await support.fails_async(asyncio.TimeoutError, asyncio.wait_for(process.wait(), 0.05))
    process.stdin.close()
    assert await process.wait() == 0


async def no_signals_for_a_command(_start):
    process = await contained('cat')
    assert process.pid is None and process.gobject.identifier
    for function, *arguments in ((process.kill,), (process.terminate,),
                                 (process.send_signal, signal.SIGINT)):
        error = support.fails(OSError, function, *arguments)
        assert 'signals' in str(error), error
    process.stdin.close()
    assert await process.wait() == 0
    support.fails(TypeError, asyncio.wrap_process, process.stdout)


async def the_engine_ends_in_the_middle(_start):
    process = await contained('sh', '-c', 'echo up; cat')
    assert await process.stdout.readline() == b'up\n'
    wait = asyncio.ensure_future(process.wait())
    await asyncio.sleep(0)
    assert real.control('kill') == 'done'
    try:
        await support.fails_async(OSError, wait)
        await support.fails_async(OSError, process.wait())
        assert process.returncode is None
    finally:
        assert real.control('start') == 'done'


BOTH = (communicate, lines_and_an_answer, closing_the_input_ends_it, a_duplex_of_10_mebibytes,
        pieces, a_time_limit)
LOOPS = {'asyncio': support.run_on_asyncio, 'gbulb': support.run_on_gbulb,
         'gi-events': support.run_on_gi_events}


def on(loop, test, start):
    def function():
        LOOPS[loop](test(start))

    function.__name__ = f'{loop}/{start.__name__}/{test.__name__}'
    return function


if __name__ == '__main__':
    faulthandler.dump_traceback_later(real.TIME_LIMIT, exit=True)
    cases = [(loop, test, start) for loop in LOOPS for test in BOTH for start in (local, contained)]
    cases += [(loop, test, contained) for loop in LOOPS
              for test in (no_signals_for_a_command, the_engine_ends_in_the_middle)]
    chosen = sys.argv[1:]
    tap.run('/engine/aio', *[on(*case) for case in cases
                             if not chosen or case[1].__name__ in chosen])
