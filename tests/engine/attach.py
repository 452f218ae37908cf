# SPDX-License-Identifier: LGPL-2.1-or-later
"""A user's terminal attached to a terminal in a container. To be run by run.sh."""

import asyncio
import faulthandler
import fcntl
import os
import struct
import sys
import termios

import real  # noqa: I001  (it says which versions are wanted)
from real import ADDRESS, CONTAINER, GProc, GProcEngine, tap

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'python'))

import support  # noqa: E402


class User:
    """A terminal of 24 × 80, and what is seen on it."""

    def __enter__(self):
        self.master, self.slave = os.openpty()
        self.screen = GProc.Reader.new_for_fd(self.master, False)
        self.size(24, 80)
        self.before = termios.tcgetattr(self.slave)
        self.terminal = GProc.Terminal.new_for_fds(self.slave, self.slave, self.slave)
        self.seen = b''
        return self

    def __exit__(self, *_):
        after = termios.tcgetattr(self.slave)
        self.terminal = None
        self.screen.close()
        os.close(self.slave)
        os.close(self.master)
        assert after == self.before, (after, self.before)

    def size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))

    def types(self, data):
        assert os.write(self.master, data) == len(data)

    async def sees(self, text):
        while text not in self.seen:
            self.seen += (await self.screen.read_some_async(9999)).get_data()


async def started(script, *arguments):
    engine = await GProcEngine.Engine.connect_async(ADDRESS)
    return await engine.exec_async(CONTAINER, ['sh', '-c', script, 'sh', *arguments],
                                   real.terminal_launcher())


async def a_session():
    with User() as user:
        stream = await started('echo ready; read word; echo "<$word>"; exit 3')
        attached = asyncio.ensure_future(user.terminal.attach_async(stream))
        await user.sees(b'ready')
        user.types(b'a word\r')
        await user.sees(b'<a word>')
        status = await attached
        assert status == 3, status
        assert user.seen.count(b'a word') == 2, user.seen


async def an_interrupt_is_a_key():
    with User() as user:
        stream = await started('trap "echo caught; exit 9" INT; echo ready; '
                               'while :; do sleep 0.05; done')
        attached = asyncio.ensure_future(user.terminal.attach_async(stream))
        await user.sees(b'ready')
        user.types(b'\x03')
        await user.sees(b'caught')
        status = await attached
        assert status == 9, status


async def its_size_is_that_of_the_user():
    with User() as user:
        stream = await started(real.RESIZED, '24 80')
        attached = asyncio.ensure_future(user.terminal.attach_async(stream))
        await user.sees(b'24 80')
        user.types(b'\r')
        status = await attached
        assert status == 5, status


TESTS = (a_session, an_interrupt_is_a_key, its_size_is_that_of_the_user)
LOOPS = {'asyncio': support.run_on_asyncio, 'main-loop': support.run_on_glib_main_loop}


def on(loop, test):
    def function():
        LOOPS[loop](test())

    function.__name__ = f'{loop}/{test.__name__}'
    return function


if __name__ == '__main__':
    faulthandler.dump_traceback_later(real.TIME_LIMIT, exit=True)
    tap.run('/engine/attach', *[on(loop, test) for loop in LOOPS for test in TESTS])
