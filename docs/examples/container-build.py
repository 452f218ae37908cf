#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one step of a build in a container of its own and shows its log while it is written: the
output as it is, errors with a mark. The container is removed afterwards, whatever happens.

The engine is the one that CONTAINER_HOST or DOCKER_HOST names, or else that of this machine.

usage: container-build.py IMAGE COMMAND [ARGUMENT…]
"""

import asyncio
import sys

import gi

gi.require_version('GProc', '1')
gi.require_version('GProcEngine', '1')

from gi.repository import GLib, GProc, GProcEngine  # noqa: E402


async def show(reader, mark):
    count = 0
    async for line in reader.lines(text=True, strip=True, errors='replace'):
        print(f'{mark} {line}', flush=True)
        count += 1
    return count


async def main(image, argv):
    engine = await GProcEngine.Engine.connect_async()
    # It is a build: it asks nothing.
    launcher = GProc.Launcher(stdin=GProc.Disposition.NULL)
    launcher.setenv('LC_ALL', 'C.UTF-8')
    container = await engine.create_async(image, None, argv, launcher)
    try:
        # Before it starts, so that nothing of its output is missed.
        async with container.attach_async() as build:
            await container.start_async()
            lines, errors = await asyncio.gather(show(build.stdout, ' '), show(build.stderr, '!'))
            status = await build.wait_async()
    finally:
        await container.remove_async(True)
    print(f'{argv[0]} exited with {status}: {lines} lines, {errors} of errors')
    return status


if len(sys.argv) < 3:
    sys.exit('usage: container-build.py IMAGE COMMAND [ARGUMENT…]')
try:
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2:])))
except GLib.Error as error:
    sys.exit(f'container-build.py: {error.message}')
