#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a build, or anything that takes its time, and shows each line of both its outputs with
its number and when it came. Ctrl+C stops it, and so does the timeout: politely first, and with
all that it started. A window would show the lines in the same way, and stop the build when it
is closed.

usage: build-log.py SECONDS COMMAND [ARGUMENT…]
"""

import asyncio
import signal
import sys
import time

import gi

gi.require_version('GProc', '1')

from gi.repository import GLib, GProc  # noqa: E402


class BuildLog:
    def __init__(self, seconds, argv):
        # Both outputs in the order in which they are written.
        launcher = GProc.Launcher(stdin=GProc.Disposition.NULL, stderr=GProc.Disposition.STDOUT,
                                  timeout=seconds * 1000, stop_grace=3000)
        self.build = launcher.spawn(argv)
        self.begin = time.monotonic()
        self.count = 0
        self.stopping = None

    def elapsed(self):
        return f'{time.monotonic() - self.begin:.1f} s'

    async def show_lines(self):
        async for line in self.build.stdout.lines(text=True, strip=True, errors='replace'):
            self.count += 1
            print(f'{self.count:4} {self.elapsed():>8}  {line}', flush=True)

    async def how_it_ended(self):
        try:
            returncode = await self.build.wait_async()
        except TimeoutError:
            return 'took too long and was stopped'
        if self.stopping:
            return 'was stopped'
        if returncode < 0:
            return f'was ended by signal {-returncode}'
        return f'exited with {returncode}'

    def stop(self):
        self.stopping = asyncio.ensure_future(self.build.stop_async(3000))

    async def run(self):
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self.stop)
        lines = asyncio.ensure_future(self.show_lines())
        how = await self.how_it_ended()
        # A daemon that the build left behind may keep its output open for ever.
        await asyncio.wait([lines], timeout=2)
        if lines.cancel():
            print('            something that it started still runs')
        else:
            lines.result()
        print(f'{self.build.command} {how}: {self.count} lines, {self.elapsed()}')
        return self.build.shell_status


if len(sys.argv) < 3:
    sys.exit('usage: build-log.py SECONDS COMMAND [ARGUMENT…]')


async def main(seconds, argv):
    return await BuildLog(seconds, argv).run()


try:
    sys.exit(asyncio.run(main(int(sys.argv[1]), sys.argv[2:])))
except GLib.Error as error:
    sys.exit(f'build-log.py: {error.message}')
