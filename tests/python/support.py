# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the Python override share: each runs a coroutine on every kind of loop."""

import asyncio
import gc
import importlib.util
import os
import sys

import gi

gi.require_version('GProc', '1')

from gi.repository import Gio, GLib, GObject, GProc  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import tap  # noqa: E402

TESTPROG = os.environ['GPROC_TESTPROG']
TIME_LIMIT = 60


def lines_of(count):
    return [b'line %d\n' % number for number in range(1, count + 1)]


def start(*arguments, flags=GProc.StreamFlags.NONE):
    return GProc.Stream.new([TESTPROG, *arguments], flags)


def feed(data):
    """A Reader of DATA and then its end, from a pipe, so that it can be waited for."""
    reader, writer = os.pipe()
    if len(data) > 1 << 15:
        raise ValueError('this would not fit into the pipe')
    os.write(writer, data)
    os.close(writer)
    return GProc.Reader.new_for_fd(reader, True)


def pipe():
    """A Reader, and the descriptor that feeds it."""
    reader, writer = os.pipe()
    return GProc.Reader.new_for_fd(reader, True), writer


def fails(kind, function, *arguments, **keywords):
    try:
        function(*arguments, **keywords)
    except kind as error:
        return error
    raise AssertionError(f'{kind.__name__} was not raised')


async def fails_async(kind, awaitable):
    try:
        await awaitable
    except kind as error:
        return error
    raise AssertionError(f'{kind.__name__} was not raised')


def is_io_error(error, code):
    return isinstance(error, GLib.Error) and error.matches(Gio.io_error_quark(), code)


def descriptors():
    return len(os.listdir('/proc/self/fd'))


def run_on_asyncio(coroutine):
    return asyncio.run(coroutine)


def need_gbulb():
    try:
        from gbulb.glib_events import GLibEventLoop
    except ImportError:
        raise tap.Skip('python3-gbulb is not installed') from None
    # Since PyGObject 3.50 a GLib.MainLoop asks asyncio's loop for this.
    if importlib.util.find_spec('gi.events') and not hasattr(GLibEventLoop, 'running'):
        raise tap.Skip('this gbulb does not run with this PyGObject, which has a loop of its own')
    return GLibEventLoop


def run_on_gbulb(coroutine, context=None):
    """On the default main context, unless CONTEXT is another one."""
    try:
        GLibEventLoop = need_gbulb()
    except tap.Skip:
        coroutine.close()
        raise
    loop = GLibEventLoop(context=context or GLib.MainContext.default())
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


def run_on_gi_events(coroutine):
    try:
        from gi.events import GLibEventLoop
    except ImportError:
        coroutine.close()
        raise tap.Skip('PyGObject has a loop of its own only since 3.50') from None
    loop = GLibEventLoop(GLib.MainContext.default())
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


def run_on_glib_main_loop(coroutine):
    loop = GLib.MainLoop()
    task = GProc.create_task(coroutine)
    task.add_done_callback(lambda _: loop.quit())
    loop.run()
    return task.result()


def run_on_gbulb_apart(coroutine):
    """It iterates a main context, in which none of the calls of this thread completes."""
    return run_on_gbulb(coroutine, GLib.MainContext.new())


LOOPS = {'asyncio': run_on_asyncio, 'gbulb': run_on_gbulb, 'gbulb_apart': run_on_gbulb_apart,
         'gi_events': run_on_gi_events,
         'glib_main_loop': run_on_glib_main_loop}


async def _limited(function, *arguments):
    await asyncio.wait_for(function(*arguments), TIME_LIMIT)


def on(loop, function):
    """A test that runs the coroutine FUNCTION on LOOP, and that nothing stays open after it."""
    def test():
        before = descriptors()
        LOOPS[loop](_limited(function))
        gc.collect()
        while GLib.MainContext.default().iteration(False):
            pass
        # The descriptors of the library itself, and of its thread, stay.
        assert descriptors() <= before + test.kept, (before, descriptors())

    test.__name__ = f'{function.__name__}_on_{loop}'
    test.kept = 8
    return test


def on_each_loop(*functions):
    return [on(loop, function) for loop in LOOPS for function in functions]
