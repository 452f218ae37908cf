# SPDX-License-Identifier: LGPL-2.1-or-later
"""Coroutines in a program that runs a GLib.MainLoop, or Gtk, and no asyncio loop.

ContextLoop is what asyncio's tasks, futures, sleep, gather and wait_for need of a loop, made of
sources of a GLib main context. It is never run itself: whoever iterates the context runs it.
"""

import asyncio
import contextvars
import weakref

from gi.repository import GLib

_loops = weakref.WeakValueDictionary()


class _Handle(asyncio.Handle):
    __slots__ = ('source',)


class _TimerHandle(asyncio.TimerHandle):
    __slots__ = ('source',)


class ContextLoop(asyncio.AbstractEventLoop):
    # asyncio's own handler of exceptions asks for it.
    _current_handle = None

    def __init__(self, context):
        self._context = context
        self._tasks = set()

    def get_debug(self):
        return False

    def is_running(self):
        return True

    def is_closed(self):
        return False

    def time(self):
        return GLib.get_monotonic_time() / 1e6

    def _attach(self, source, handle):
        def run(*_):
            handle.source = None
            if not handle.cancelled():
                before = asyncio._get_running_loop()
                asyncio._set_running_loop(self)
                try:
                    handle._run()
                finally:
                    asyncio._set_running_loop(before)
            return GLib.SOURCE_REMOVE

        source.set_callback(run)
        source.attach(self._context)
        return handle

    def call_soon(self, callback, *args, context=None):
        handle = _Handle(callback, args, self, context or contextvars.copy_context())
        source = GLib.idle_source_new()
        source.set_priority(GLib.PRIORITY_DEFAULT)
        return self._attach(source, handle)

    call_soon_threadsafe = call_soon

    def call_later(self, delay, callback, *args, context=None):
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(self, when, callback, *args, context=None):
        handle = _TimerHandle(when, callback, args, self, context or contextvars.copy_context())
        handle.source = GLib.timeout_source_new(max(0, int((when - self.time()) * 1000 + 0.999)))
        return self._attach(handle.source, handle)

    def _timer_handle_cancelled(self, handle):
        source, handle.source = handle.source, None
        if source is not None:
            source.destroy()

    def create_future(self):
        return asyncio.Future(loop=self)

    def create_task(self, coro, *, name=None, context=None):
        task = (asyncio.Task(coro, loop=self, name=name) if context is None
                else asyncio.Task(coro, loop=self, name=name, context=context))
        # asyncio itself only has weak references.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def call_exception_handler(self, context):
        asyncio.BaseEventLoop.default_exception_handler(self, context)

    async def shutdown_asyncgens(self):
        pass


def create_task(coroutine):
    """Runs COROUTINE in the asyncio loop that runs or, without one, in the GLib main loop.

    The result is an asyncio.Task: it can be awaited and cancelled, and tells its result. Without
    an asyncio loop it needs the thread-default main context to be iterated.
    """
    loop = asyncio._get_running_loop()
    if loop is None:
        context = GLib.MainContext.get_thread_default() or GLib.MainContext.default()
        loop = _loops.get(hash(context))
        if loop is None:
            loop = _loops[hash(context)] = ContextLoop(context)
    return loop.create_task(coroutine)
