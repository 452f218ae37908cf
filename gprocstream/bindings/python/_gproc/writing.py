# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is queued is written also where nobody iterates a GLib main context.

There the loop does what a source of the library would: what is queued in one turn of it is written
at its end, and what the kernel does not take when the descriptor is ready again.
"""

import asyncio
import functools

from gi.repository import Gio, GLib

from . import waiting
from .loops import plain


def queued(writer):
    """Something was queued. The first of a turn of the loop goes out at once, as with the library's
    own loop, the others at the end of it."""
    state = plain()
    if state is None or writer in state.writers:
        return
    if writer._turn == state.turn:
        push(writer, state)
    else:
        writer._turn = state.turn
        _push(writer, state)


def push(writer, state):
    """Writes what WRITER holds at the end of this turn of the loop of STATE."""
    if not state.pushed:
        state.loop_ref().call_soon(_push_all, state)
    state.pushed.add(writer)


def push_later(writer):
    """The same for the loop that runs, if it needs it."""
    state = plain()
    if state is not None and writer._held is None and has_more(writer):
        push(writer, state)


def has_more(writer):
    """Whether something is left to write, or an end that was asked for is not out."""
    return writer._native.get_bytes_queued(writer) > 0 or writer._ends


def _push_all(state):
    state.turn += 1
    writers, state.pushed = state.pushed, set()
    for writer in writers:
        # What is awaited in the other thread is written there, and what waits is written already.
        if writer._held is None and writer not in state.writers:
            _push(writer, state)


def _push(writer, state):
    try:
        _try_flush(writer)
    except GLib.Error as error:
        # A failure stays: whoever drains, flushes or closes is told.
        if waiting.would_block(error):
            _push_when_ready(writer, state)


def _try_flush(writer):
    writer._native.try_flush(writer)
    writer._ends = False


def _push_when_ready(writer, state):
    fd = writer._native.get_fd(writer)
    if fd < 0:
        _flush_base(writer, state)
        return
    try:
        watch = state.watch_writer(writer, fd)
    except PermissionError:
        push(writer, state)
        return
    _quietly(watch.wait(lambda: _try_flush(writer)))


def _flush_base(writer, state):
    """The task that writes to a base stream without a descriptor until nothing is queued."""
    if writer._flushing is None:
        writer._flushing = state.loop_ref().create_task(_flush_elsewhere(writer, state))
        _quietly(writer._flushing)
    return writer._flushing


async def _flush_elsewhere(writer, state):
    kind = writer._native
    base = kind.get_base_stream(writer)
    try:
        while has_more(writer) and not writer.is_closed():
            if isinstance(base, Gio.PollableOutputStream) and base.can_poll():
                await waiting.call(lambda *rest: kind.flush_async(writer, *rest),
                                   lambda result: kind.flush_finish(writer, result),
                                   GLib.PRIORITY_DEFAULT, halves=[writer], background=True)
            else:
                # It is written where its context is iterated, which is nowhere here, or blocking.
                await waiting.call(lambda cancellable, done: done(None, kind.flush(writer, cancellable)),
                                   bool, halves=[writer], background=True,
                                   submit=functools.partial(state.loop_ref().run_in_executor, None))
            _try_flush(writer)
    finally:
        writer._flushing = None


def _quietly(future):
    future.add_done_callback(lambda done: done.cancelled() or done.exception())


def _flush_some(writer):
    """Writes what can be written at once. True if nothing is left."""
    if writer._flushing is not None:
        return False
    if writer._held is not None:
        writer._held.give_back(writer)
    try:
        _try_flush(writer)
    except GLib.Error as error:
        if not waiting.would_block(error):
            raise
    else:
        return True
    return False


async def _more(writer):
    if writer._native.get_fd(writer) < 0:
        await asyncio.shield(_flush_base(writer, waiting.current()))
    else:
        await waiting.writable(writer)


async def drain(writer):
    """GProc.Writer.drain, with its hysteresis."""
    if _flush_some(writer):
        writer._paused = False
        return True
    state = waiting.current()
    kind = writer._native
    low = None
    while True:
        length = kind.get_bytes_queued(writer)
        if not writer._ends:
            if low is None:
                low = kind.get_low_watermark(writer)
                if length <= (low if writer._paused else kind.get_high_watermark(writer)):
                    break
                writer._paused = True
            elif length <= low:
                break
        await _more(writer)
        if _flush_some(writer):
            break
    writer._paused = False
    if has_more(writer):
        push(writer, state)
    return True


async def flush(writer):
    """GOutputStream's: what had been accepted before has been written."""
    state = waiting.current()
    kind = writer._native
    target = kind.get_bytes_written(writer) + kind.get_bytes_queued(writer)
    while not _flush_some(writer):
        if kind.get_bytes_written(writer) >= target and not writer._ends:
            break
        await _more(writer)
    if has_more(writer):
        push(writer, state)
    return True


async def close(writer):
    """Closes WRITER when what is queued is out, or will never be: that is an error then."""
    if not writer.is_closed():
        try:
            await flush(writer)
        except asyncio.CancelledError:
            writer.abort()
            raise
        except GLib.Error:
            pass
    return writer.close(None)
