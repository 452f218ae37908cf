#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds a dialogue with a shell on a terminal, as a person would: waits until it is ready, types a
command, answers “yes” where something asks (y/n), presses Ctrl+C where it takes too long, and looks
how it ended.

usage: shell-dialogue.py SECONDS COMMAND…
"""

import asyncio
import re
import sys

import gi

gi.require_version('GProc', '1')

from gi.repository import GLib, GProc  # noqa: E402

READY = re.compile(r'\[ready (\d+)\] ')
QUESTION = re.compile(r'\(y/n\) ', re.IGNORECASE)


class Shell:
    def __init__(self, seconds):
        self.timeout = seconds * 1000
        # What is typed need not come back.
        launcher = GProc.Launcher(stdin=GProc.Disposition.PTY, stdout=GProc.Disposition.PTY,
                                  stderr=GProc.Disposition.PTY, pty_echo=False)
        launcher.setenv('PS1', '[ready $?] ', True)
        launcher.unsetenv('PROMPT_COMMAND')
        self.process = launcher.spawn(['bash', '--norc', '--noprofile', '--noediting', '-i'])

    async def expect(self):
        """What matches next, after a Ctrl+C where that takes too long."""
        output = self.process.stdout
        try:
            return await output.expect_async([READY, QUESTION], self.timeout)
        except TimeoutError:
            # What has come so far is still there, and is a part of the next match.
            self.process.stdin.queue('\x03')
            return await output.expect_async([READY, QUESTION], self.timeout)

    async def until_ready(self):
        """The status of the command before."""
        while True:
            match = await self.expect()
            for line in match.before.get_data().decode(errors='replace').rstrip().splitlines():
                print(' ', line.rstrip())
            if match.index == 0:
                return int(match[1])
            print('  (y/n) yes')
            self.process.stdin.queue('y\n')

    async def run(self, command):
        print('$', command)
        self.process.stdin.queue(command + '\n')
        print('  status', await self.until_ready())


async def main(seconds, commands):
    shell = Shell(seconds)
    # At its end the terminal goes away, and the shell is told.
    async with shell.process:
        await shell.until_ready()
        for command in commands:
            await shell.run(command)
        shell.process.stdin.queue('exit 0\n')
        print('bash exited with', await shell.process.wait_async())


if len(sys.argv) < 3:
    sys.exit('usage: shell-dialogue.py SECONDS COMMAND…')

try:
    asyncio.run(main(int(sys.argv[1]), sys.argv[2:]))
except GLib.Error as error:
    sys.exit(f'shell-dialogue.py: {error.message}')
