# SPDX-License-Identifier: LGPL-2.1-or-later
"""The one mechanism that everything awaits with.

readable, writable  wait until a call that does not wait is worth repeating
attempt             repeats such a call until it does not say that it would block
call                awaits any pair of functions in the manner of GIO, X_async and X_finish
"""

import asyncio
import threading

from gi.repository import Gio, GLib, GObject

from . import errors, helper
from .errors import would_block
from .loops import current, forget, plain

__all__ = ['attempt', 'call', 'current', 'forget', 'pause', 'plain', 'readable', 'would_block',
           'writable']

# How often in a row something may be there at once before others get to run.
EAGER_LIMIT = 64


class Busy:
    """Stands in `_held` of a half while something of it is awaited."""

    __slots__ = ()

    def give_back(self, half):
        raise errors.pending()

    def interrupt(self, half):
        """The half is about to be closed."""


WAITING = Busy()


async def pause():
    """Lets the loop run once."""
    state = current()
    if state is not None:
        state.eager = 0
    await asyncio.sleep(0)


async def readable(reader):
    """Waits until more than now can be read from READER: data, the end, or an error.

    This is for when a call said that it would block. What is in the buffer does not count.
    """
    state = _running()
    fd = -1 if state.is_native else reader.get_fd()
    if fd < 0:
        await _fill(reader)
    else:
        await _wait(state.watch_reader, reader, fd, None)


async def writable(writer):
    """Waits until WRITER takes something again, or never will.

    Without a descriptor, and on a loop that iterates a GLib main context, it waits until what is
    queued has been taken.
    """
    state = _running()
    fd = -1 if state.is_native else writer.get_fd()
    if fd >= 0:
        await _wait(state.watch_writer, writer, fd, None)
    elif not writer.is_closed():
        kind = writer._native
        await call(lambda *rest: kind.flush_async(writer, *rest),
                   lambda result: kind.flush_finish(writer, result), GLib.PRIORITY_DEFAULT)


def _running():
    state = current()
    if state is None:
        raise RuntimeError('no asyncio loop runs: give the coroutine to GProc.create_task')
    return state


async def _fill(reader, io_priority=GLib.PRIORITY_DEFAULT):
    """Waits until there is more in the buffer than now, or the end has come."""
    kind = reader._native
    held, reader._held = reader._held, None
    try:
        await call(lambda *rest: kind.fill_async(reader, *rest),
                   lambda result: kind.fill_finish(reader, result),
                   kind.get_buffered(reader) + 1, io_priority, halves=[reader])
    finally:
        reader._held = held


async def descriptor_readable(owner, fd):
    """Waits until FD, which belongs to OWNER, polls as readable. For plain loops."""
    await _wait(_running().watch_reader, owner, fd, None)


async def _wait(watch_half, half, fd, function):
    """Waits for the descriptor. With FUNCTION the result is (FUNCTION (),) or None."""
    try:
        watch = watch_half(half, fd)
    except PermissionError:
        # A regular file, or /dev/null: always ready, as far as epoll knows.
        await pause()
        return None
    return await wait_on(watch, function)


async def wait_on(watch, function):
    """Waits for WATCH, with the result of `_wait`."""
    future = watch.wait(function)
    try:
        return await future
    except asyncio.CancelledError:
        if not future.cancelled():
            # The result came in the same turn of the loop as the cancellation.
            error = future.exception()
            result = None if error is not None else future.result()
            if result is not None:
                raise Dropped(result[0]) from None
        watch.drop(future)
        raise


class Dropped(BaseException):
    """A task was cancelled after its result had come."""


async def attempt(reader, function, undo=None, io_priority=GLib.PRIORITY_DEFAULT):
    """Calls FUNCTION, which reads from READER without waiting, when there is something to read.

    If the task is cancelled when the result is there already, UNDO (result) is called: `unread`
    for what was read. Meanwhile any other operation of READER is refused. IO_PRIORITY counts
    where a GLib main context waits.
    """
    held = reader._held
    if held is not None:
        held.give_back(reader)

    def allowed():
        reader._held = None
        try:
            return function()
        finally:
            if reader._held is None:
                reader._held = WAITING

    reader._held = WAITING
    try:
        return await attempt_more(reader, allowed, undo, io_priority)
    finally:
        if reader._held is WAITING:
            reader._held = None


def _undo(reader, undo, value):
    """Gives VALUE back to READER, of which the task that is cancelled has the use."""
    if value is None or undo is None:
        return
    held, reader._held = reader._held, None
    try:
        undo(value)
    finally:
        if held is WAITING:
            reader._held = held


async def attempt_more(reader, function, undo=None, io_priority=GLib.PRIORITY_DEFAULT):
    """Like attempt, for who has READER already."""
    state = _running()
    kind = reader._native
    while True:
        if reader._is_closing:
            # The other thread closes one half after the other, and the process may end between.
            raise errors.io_error(Gio.IOErrorEnum.CLOSED, 'Stream is already closed')
        watch = state.readers.get(reader)
        # What is registered already is asked by the loop, which lets others run as well.
        if watch is None or kind.get_buffered(reader) > 0:
            try:
                result = function()
            except GLib.Error as error:
                if not would_block(error):
                    raise
            else:
                state.eager += 1
                if state.eager >= EAGER_LIMIT:
                    await _pause_with(reader, result, undo)
                return result
        state.eager = 0
        fd = -1 if state.is_native else kind.get_fd(reader)
        if fd < 0:
            await _fill(reader, io_priority)
            continue
        if reader._peer is not None:
            reader._push_peer(state)
        try:
            result = await _wait(state.watch_reader, reader, fd, function)
        except Dropped as dropped:
            _undo(reader, undo, dropped.args[0])
            raise asyncio.CancelledError() from None
        if result is not None:
            return result[0]


async def _pause_with(reader, result, undo):
    try:
        await pause()
    except asyncio.CancelledError:
        _undo(reader, undo, result)
        raise


async def cancellable_by(cancellable, coroutine):
    """Awaits COROUTINE, which is cancelled when CANCELLABLE is: that is an error then."""
    if cancellable is None:
        return await coroutine
    loop = asyncio.get_running_loop()
    task = loop.create_task(coroutine)
    was_cancelled = False

    def cancel():
        nonlocal was_cancelled
        was_cancelled = True
        task.cancel()

    link = GObject.Object.connect(cancellable, 'cancelled',
                                  lambda _: loop.call_soon_threadsafe(cancel))
    if cancellable.is_cancelled():
        cancel()
    try:
        return await task
    except asyncio.CancelledError:
        if not was_cancelled:
            raise
        raise errors.io_error(Gio.IOErrorEnum.CANCELLED, 'Operation was cancelled') from None
    finally:
        GObject.Object.disconnect(cancellable, link)


class Call(Busy):
    """One asynchronous call, which is finished whatever becomes of the task that awaits it."""

    __slots__ = ('loop', 'start', 'finish', 'arguments', 'cancellable', 'future', 'event', 'value',
                 'error', 'is_closing')

    def __init__(self, loop, start, finish, arguments, is_threaded):
        self.loop, self.start, self.finish, self.arguments = loop, start, finish, arguments
        self.cancellable = Gio.Cancellable()
        self.future = loop.create_future()
        self.event = threading.Event() if is_threaded else None
        self.value = self.error = None
        self.is_closing = False

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
        # A reference to what was called would keep it alive as long as the outcome.
        self.start = self.finish = self.arguments = None
        if self.event is None:
            self.deliver()
            return
        self.event.set()
        try:
            self.loop.call_soon_threadsafe(self.deliver)
        except RuntimeError:
            # The loop was closed while the call was under way: nobody waits for it any more.
            pass

    def deliver(self):
        if not self.future.done():
            self.future.set_result(None)

    @property
    def is_finished(self):
        return self.start is None

    def interrupt(self, half):
        """In the other thread it is ended before the half is closed in this one."""
        if self.event is not None and not self.event.is_set():
            self.is_closing = True
            self.cancellable.cancel()
            self.event.wait()


class Background(Call):
    """One that writes what was queued meanwhile: the library itself says what may be done beside."""

    __slots__ = ()

    def give_back(self, half):
        """Nothing is held."""


async def call(start, finish, *args, cancellable=None, undo=None, halves=(), background=False,
               submit=helper.submit):
    """Awaits START (*ARGS, cancellable, callback) and gives what FINISH (result) gives.

    When the task is cancelled the operation is, and what it did is waited for. If it succeeded
    nevertheless UNDO (value) is called: `unread` for a read. HALVES are the readers and writers
    that nothing else is done with meanwhile, if it runs in the other thread, or in that which SUBMIT
    gives it to.
    """
    state = _running()
    is_threaded = not state.is_native
    if is_threaded and not background:
        flushing = [half._flushing for half in halves if getattr(half, '_flushing', None)]
        if flushing:
            await asyncio.wait(flushing)
    kind = Background if background else Call
    pending = kind(state.loop_ref(), start, finish, args, is_threaded)
    link = 0
    if cancellable is not None:
        own = pending.cancellable
        link = GObject.Object.connect(cancellable, 'cancelled', lambda _: own.cancel())
        if cancellable.is_cancelled():
            own.cancel()

    taken = _take(halves, pending) if is_threaded else ()
    try:
        if is_threaded:
            submit(pending.run)
        else:
            pending.run()
        was_cancelled = await _outcome(pending)
    finally:
        _release(taken, pending)
        if link:
            GObject.Object.disconnect(cancellable, link)

    error, value = pending.error, pending.value
    pending.error = pending.value = None
    if was_cancelled is not None:
        if error is None and value is not None and undo is not None:
            undo(value)
        raise was_cancelled
    if error is None:
        return value
    try:
        if pending.is_closing:
            raise errors.io_error(Gio.IOErrorEnum.CLOSED, 'Stream is already closed')
        raise error
    finally:
        # The traceback refers to this frame, and this frame to the error.
        error = None


async def _outcome(pending):
    """Waits until PENDING is finished. The result is the cancellation of the task, if any."""
    was_cancelled = None
    while not pending.is_finished or not pending.future.done():
        try:
            await pending.future
        except asyncio.CancelledError as error:
            was_cancelled = error
            pending.cancellable.cancel()
            if pending.is_finished:
                break
            pending.future = pending.loop.create_future()
    return was_cancelled


def _take(halves, pending):
    halves = [half for half in halves if half is not None]
    for half in halves:
        if half._held is not None:
            half._held.give_back(half)
    for half in halves:
        half._held = pending
    return halves


def _release(halves, pending):
    for half in halves:
        if half._held is pending:
            half._held = None
            half._released()
