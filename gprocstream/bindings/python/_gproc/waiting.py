# SPDX-License-Identifier: LGPL-2.1-or-later
"""The one mechanism that everything awaits with.

readable, writable  wait until a call that does not wait makes sense
attempt             repeats such a call until it does not say that it would block
call                awaits any pair of functions in the manner of GIO, X_async and X_finish
"""

import asyncio

from gi.repository import Gio, GLib, GObject

from . import helper, loops
from .loops import current, forget, would_block

__all__ = ['attempt', 'call', 'forget', 'readable', 'writable', 'would_block']


async def pause():
    """Lets the loop run once."""
    await asyncio.sleep(0)


async def readable(reader):
    """Waits until READER has something: data, the end of it, or an error."""
    if reader.get_buffered() > 0:
        return
    state = current()
    fd = -1 if state.context is not None else reader.get_fd()
    if fd < 0:
        await call(reader.fill_async, reader.fill_finish, 1, GLib.PRIORITY_DEFAULT)
        return
    await _wait(state.watch_reader, reader, fd, None)


async def writable(writer):
    """Waits until the descriptor of WRITER takes something, or never will again.

    Without a descriptor it waits until what is queued has been taken.
    """
    state = current()
    fd = writer.get_fd()
    if fd < 0:
        if writer.get_bytes_queued() > 0:
            await call(writer.flush_async, writer.flush_finish, GLib.PRIORITY_DEFAULT)
        return
    await _wait(state.watch_writer, writer, fd, None)


async def _wait(watch_half, half, fd, function):
    try:
        watch = watch_half(half, fd)
    except PermissionError:
        # A regular file, or /dev/null: always ready, as far as epoll knows.
        await pause()
        return None
    future = watch.wait(function)
    try:
        return await future
    except asyncio.CancelledError:
        if not future.cancelled():
            # The result came in the same turn of the loop as the cancellation.
            error = future.exception()
            result = None if error is not None else future.result()
            if result is not None:
                raise _Dropped(result) from None
        watch.drop(future)
        raise


class _Dropped(BaseException):
    """A task was cancelled after its result had come."""


async def attempt(reader, function, undo=None):
    """Calls FUNCTION, which reads from READER without waiting, when there is something to read.

    If the task is cancelled when the result is there already, UNDO (result) is called: `unread`
    for what was read.
    """
    state = current()
    while True:
        watch = state.readers.get(reader)
        # What is registered already is asked by the loop, which others get to run in as well.
        if watch is None or watch.waits or reader.get_buffered() > 0:
            try:
                return function()
            except GLib.Error as error:
                if not would_block(error):
                    raise
        fd = -1 if state.context is not None else reader.get_fd()
        if fd < 0:
            await call(reader.fill_async, reader.fill_finish, 1, GLib.PRIORITY_DEFAULT)
            continue
        try:
            result = await _wait(state.watch_reader, reader, fd, function)
        except _Dropped as dropped:
            value = dropped.args[0][0]
            if value is not None and undo is not None:
                undo(value)
            raise asyncio.CancelledError() from None
        if result is not None:
            return result[0]


class _Call:
    """One asynchronous call. Its outcome is there when `finished` is done, which nobody cancels."""

    __slots__ = ('loop', 'start', 'finish', 'arguments', 'cancellable', 'future', 'finished',
                 'value', 'error', 'is_threaded')

    def __init__(self, loop, start, finish, arguments, cancellable, is_threaded):
        self.loop, self.start, self.finish, self.arguments = loop, start, finish, arguments
        self.cancellable = cancellable
        self.future = loop.create_future()
        self.finished = False
        self.value = self.error = None
        self.is_threaded = is_threaded

    def run(self):
        try:
            self.start(*self.arguments, self.cancellable, self.done)
        except BaseException as error:
            self.error = error
            self.hand_over()

    def done(self, _source, result, *_data):
        try:
            self.value = self.finish(result)
        except BaseException as error:
            self.error = error
        self.hand_over()

    def hand_over(self):
        if not self.is_threaded:
            self.deliver()
            return
        try:
            self.loop.call_soon_threadsafe(self.deliver)
        except RuntimeError:
            # The loop was closed while the call was under way: nobody waits for it any more.
            pass

    def deliver(self):
        self.finished = True
        # References in both directions would keep the outcome alive.
        self.start = self.finish = self.arguments = None
        if not self.future.done():
            self.future.set_result(None)


async def call(start, finish, *args, cancellable=None, undo=None):
    """Awaits START (*ARGS, cancellable, callback) and gives what FINISH (result) gives.

    When the task is cancelled the operation is, and what it did is waited for. If it succeeded
    nevertheless UNDO (value) is called: `unread` for a read.
    """
    state = current()
    loop = state.loop_ref()
    own = Gio.Cancellable()
    link = 0
    if cancellable is not None:
        link = GObject.Object.connect(cancellable, 'cancelled', lambda _: own.cancel())
        if cancellable.is_cancelled():
            own.cancel()

    pending = _Call(loop, start, finish, args, own, state.context is None)
    try:
        if state.context is None:
            helper.submit(pending.run)
        else:
            _run_in_context(pending, state.context)
        was_cancelled = None
        while not pending.finished:
            try:
                await pending.future
            except asyncio.CancelledError as error:
                was_cancelled = error
                own.cancel()
                if not pending.finished:
                    pending.future = loop.create_future()
    finally:
        if link:
            GObject.Object.disconnect(cancellable, link)

    error, value = pending.error, pending.value
    if was_cancelled is not None:
        if error is None and value is not None and undo is not None:
            undo(value)
        raise was_cancelled
    if error is not None:
        try:
            raise error
        finally:
            pending.error = error = None
    return value


def _run_in_context(pending, context):
    default = GLib.MainContext.get_thread_default() or GLib.MainContext.default()
    if default == context:
        pending.run()
        return
    context.push_thread_default()
    try:
        pending.run()
    finally:
        context.pop_thread_default()
