# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of GProc.aio share."""

import gc
import inspect
import os
import sys
import time
import warnings

import gi

gi.require_version('GProc', '1')

from gi.repository import GLib, GProc  # noqa: E402
from gi.repository.GProc import aio as asyncio  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import tap  # noqa: E402

__all__ = ['GLib', 'GProc', 'TESTPROG', 'asyncio', 'descriptors', 'fails', 'run', 'tap',
           'tcp_pair', 'tests']

TESTPROG = os.environ['GPROC_TESTPROG']

warnings.simplefilter('error', ResourceWarning)
warnings.simplefilter('error', RuntimeWarning)


def descriptors():
    names = []
    for name in os.listdir('/proc/self/fd'):
        try:
            names.append((int(name), os.readlink('/proc/self/fd/' + name)))
        except OSError:
            pass  # The one that listed them.
    return set(names)


def run(coroutine, loop_factory=None):
    """Runs COROUTINE on a new loop of plain asyncio and sees that nothing is left of it."""
    problems = []
    before = descriptors()

    async def main():
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: problems.append(context))
        return await asyncio.wait_for(coroutine, 60)

    result = asyncio.run(main())
    assert not problems, problems
    deadline = time.monotonic() + 10
    while left := {(fd, name) for fd, name in descriptors() - before
                   # What the library keeps for itself once it has it.
                   if 'anon_inode' not in name}:
        assert time.monotonic() < deadline, f'left open: {left}'
        gc.collect()
    return result


async def fails(kind, awaitable):
    """The exception of that class that AWAITABLE raises."""
    try:
        await awaitable
    except kind as error:
        return error
    raise AssertionError(f'{kind.__name__} was not raised')


async def tcp_pair(handler, **keywords):
    """A server whose clients HANDLER serves, and one connection to it."""
    server = await asyncio.start_server(handler, '127.0.0.1', 0, **keywords)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    return server, reader, writer


def tests(prefix, namespace):
    """Runs each coroutine function of NAMESPACE whose name does not begin with an underscore."""
    functions = []
    for name, function in list(namespace.items()):
        code = getattr(function, '__code__', None)
        if code is None or function.__module__ != '__main__' or name.startswith('_'):
            continue
        if inspect.iscoroutinefunction(function):
            test = (lambda function: lambda: run(function()))(function)
            test.__name__ = name
            functions.append(test)
        else:
            functions.append(function)
    tap.run(prefix, *functions)
