#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Terminals from Python: processes that have one, and the one that the user has."""

import asyncio
import fcntl
import os
import pty
import signal
import struct
import sys
import termios

from support import GLib, GProc, TESTPROG, fails, run_on_glib_main_loop, tap

PTY = GProc.Disposition.PTY


def launcher(**properties):
    return GProc.Launcher(stdin=PTY, stdout=PTY, stderr=PTY, **properties)


def a_process_has_a_terminal():
    on_terminal = launcher(pty_echo=False)
    on_terminal.set_pty_size(40, 120)
    assert on_terminal.get_pty_size() == (40, 120)
    assert not on_terminal.pty_echo and not on_terminal.pty_raw
    with on_terminal.spawn(['sh', '-c', 'stty size; read line; echo "$line"; stty size']) as stream:
        assert stream.is_pty and os.isatty(stream.get_pty_fd())
        assert stream.stdout.read_line_utf8() == '40 120\r'
        assert stream.resize(20, 60) is True
        stream.stdin.queue('word\n')
        assert list(stream.stdout) == [b'word\r\n', b'20 60\r\n']
        assert stream.wait() == 0
    assert stream.get_pty_fd() == -1
    assert not GProc.Stream.new(['true']).is_pty


async def output_is_awaited():
    stream = await launcher().spawn_async([TESTPROG, 'lines', '3'])
    assert [line async for line in stream.stdout] == [
        b'line 1\r\n', b'line 2\r\n', b'line 3\r\n']
    assert await stream.wait_async() == 0


def output_is_awaited_on_asyncio():
    asyncio.run(output_is_awaited())


def output_is_awaited_on_a_main_loop():
    run_on_glib_main_loop(output_is_awaited())


class User:
    """A terminal, whose modes have to be the same at the end."""

    def __enter__(self):
        self.master, self.slave = pty.openpty()
        self.seen = GProc.Reader.new_for_fd(self.master, False)
        self.before = termios.tcgetattr(self.slave)
        self.terminal = GProc.Terminal.new_for_fds(self.slave, self.slave, self.slave)
        return self

    def __exit__(self, *_):
        after = termios.tcgetattr(self.slave)
        self.terminal = self.seen = None
        os.close(self.slave)
        os.close(self.master)
        assert after == self.before, (after, self.before)

    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & (termios.ICANON | termios.ECHO)

    async def sees(self, text):
        await self.seen.read_until_async(text)


def begin(coroutine):
    return asyncio.get_running_loop().create_task(coroutine)


def attaching_is_awaited():
    async def main():
        with User() as user:
            stream = launcher().spawn(['sh', '-c', 'read line; echo "got $line"; exit 3'])
            task = begin(user.terminal.attach_async(stream))
            await asyncio.sleep(0)
            assert user.is_raw() and user.terminal.attached
            os.write(user.master, b'word\r')
            await user.sees(b'got word\r\n')
            assert await task == 3
            assert not user.terminal.attached and not user.terminal.detached
    run_on_glib_main_loop(main())


def a_detachment_has_no_returncode():
    async def main():
        with User() as user:
            assert user.terminal.detach_keys is None
            fails(GLib.Error, user.terminal.set_detach_keys, 'no keys')
            assert user.terminal.set_detach_keys('ctrl-p,ctrl-q')
            assert user.terminal.detach_keys == 'ctrl-p,ctrl-q'
            with launcher().spawn(['cat']) as stream:
                task = begin(user.terminal.attach_async(stream))
                await asyncio.sleep(0)
                os.write(user.master, b'\x10\x11')
                assert await task is None
                assert user.terminal.detached and stream.running
                task = begin(user.terminal.attach_async(stream))
                await asyncio.sleep(0)
                os.write(user.master, b'word\r')
                await user.sees(b'word\r\nword\r\n')
                task.cancel()
                try:
                    await task
                except asyncio.CancelledError:
                    pass
                else:
                    raise AssertionError('it was not cancelled')
                assert not user.is_raw()
    run_on_glib_main_loop(main())


# When that changes, until there are 99 columns.
SHOW_SIZE = """import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH])
print('begun', flush=True)
columns = 0
while columns != 99:
    signal.sigwait([signal.SIGWINCH])
    columns, lines = os.get_terminal_size(0)
print(lines, columns, flush=True)
input()
"""


def handlers_of_python_stay():
    called = []
    before = signal.signal(signal.SIGINT, lambda *_: called.append('int'))
    signal.signal(signal.SIGWINCH, lambda *_: called.append('winch'))

    async def main():
        with User() as user, launcher().spawn([sys.executable, '-c', SHOW_SIZE]) as stream:
            user.terminal.handle_signals = True
            task = begin(user.terminal.attach_async(stream))
            await user.sees(b'begun\r\n')
            os.kill(os.getpid(), signal.SIGINT)
            fcntl.ioctl(user.slave, termios.TIOCSWINSZ, struct.pack('HHHH', 44, 99, 0, 0))
            os.kill(os.getpid(), signal.SIGWINCH)
            await user.sees(b'44 99\r\n')
            user.terminal.detach()
            assert await task is None
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGWINCH)
    try:
        run_on_glib_main_loop(main())
        assert called == ['int', 'winch', 'int', 'winch'], called
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)


tap.run('/gproc/python/terminal', a_process_has_a_terminal,
        output_is_awaited_on_asyncio, output_is_awaited_on_a_main_loop, attaching_is_awaited, a_detachment_has_no_returncode, handlers_of_python_stay)
