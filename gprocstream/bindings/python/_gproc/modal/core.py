# SPDX-License-Identifier: LGPL-2.1-or-later
"""A process whose streams are driven by the thread of helper.py, for callers in any thread.

Whoever waits, in whatever thread or event loop, registers what for, and as long as anybody waits
for anything the outputs of the process are taken in: a program that waits for one thing while the
process is stuck with another would wait for ever. What is taken in is bounded, and belongs to the
one who comes to read it; a wait that is given up loses nothing.
"""

import asyncio
import collections
import concurrent.futures
import threading
import weakref

from gi.repository import Gio, GLib

from .. import helper
from ..aio.errors import os_error

READ_SIZE = 256 * 1024
CANCELLED = int(Gio.IOErrorEnum.CANCELLED)
IO_DOMAIN = GLib.quark_to_string(Gio.io_error_quark())


def was_cancelled(error):
    return error.code == CANCELLED and error.domain == IO_DOMAIN


def in_helper(function):
    """Steps that call FUNCTION in the thread of helper.py and give what it gives."""
    future = concurrent.futures.Future()

    def run():
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)

    helper.submit(run)
    yield future, None
    return future.result()


def caller():
    """The task that this runs in, or else the thread."""
    loop = asyncio._get_running_loop()
    task = None if loop is None else asyncio.current_task(loop)
    return threading.current_thread() if task is None else task


def is_alive(caller):
    return not caller.done() if isinstance(caller, asyncio.Future) else caller.is_alive()


class Output:
    """What one output of the process has given and nobody has read yet. The core has its lock."""

    def __init__(self, number, reader):
        self.number, self.reader = number, reader
        self.blocks = collections.deque()
        self.size = 0
        self.received = 0     # How many blocks have come.
        self.taken_by = None  # Who read from it last, as a weak reference.
        self.ended = False
        self.error = None     # What it ended with, if that was no end of file.
        self.reading = None   # The cancellable of the read that is under way.
        self.is_abandoned = False

    def pop(self):
        block = self.blocks.popleft()
        self.size -= len(block)
        return block

    def is_read_besides(self, waiter):
        """Whether somebody else than WAITER, who cannot, may be expected to read from it."""
        taker = None if self.taken_by is None else self.taken_by()
        return taker is not None and taker is not waiter and is_alive(taker)

    def push_back(self, block):
        if block:
            self.blocks.appendleft(block)
            self.size += len(block)

    def end(self, error=None):
        self.ended, self.error = True, error


class _Wait:
    """One wait: for what, what it takes in meanwhile, and what of that without bound."""

    __slots__ = ('future', 'ready', 'outputs', 'target', 'for_exit', 'caller')

    def __init__(self, ready, outputs, target, for_exit):
        self.future = concurrent.futures.Future()
        self.ready, self.outputs, self.target = ready, outputs, target
        self.for_exit = for_exit
        self.caller = caller()
        if target is not None:
            target.taken_by = weakref.ref(self.caller)


class Core:
    def __init__(self, stream, limit):
        self.stream = stream
        self.limit = limit
        self.lock = threading.Lock()
        self.outputs = [Output(number, reader) for number, reader in
                        ((1, stream.get_stdout()), (2, stream.get_stderr())) if reader is not None]
        self.exited = False
        self._waits = []
        self._exit_watch = None

    def wait(self, ready, *, outputs=None, target=None, for_exit=False, timeout=None):
        """Steps that wait until READY (), called with the lock, is true: whether it became so.

        OUTPUTS are taken in meanwhile, all of them by default, up to the limit; of TARGET as
        much as comes.
        """
        with self.lock:
            if ready():
                return True
            wait = _Wait(ready, self.outputs if outputs is None else outputs, target, for_exit)
            self._waits.append(wait)
        try:
            helper.submit(self._start)
            return (yield wait.future, timeout)
        finally:
            self._drop(wait)

    def _drop(self, wait):
        unwanted = []
        with self.lock:
            if wait in self._waits:
                self._waits.remove(wait)
            for output in self.outputs:
                if output.reading is not None and not self._wants(output):
                    unwanted.append(output.reading)
            if self._exit_watch is not None and not any(other.for_exit for other in self._waits):
                unwanted.append(self._exit_watch)
        for cancellable in unwanted:
            cancellable.cancel()

    def _wants(self, output):
        return any(wait.target is output or output in wait.outputs and output.size < self.limit
                   for wait in self._waits)

    def check(self):
        """Something has happened: who waited for it goes on."""
        over = []
        with self.lock:
            for wait in self._waits:
                if wait.ready():
                    over.append((wait, None))
                    continue
                for output in wait.outputs:
                    # Where somebody reads, however slowly, that is no reason to give up.
                    if (output.size >= self.limit and output is not wait.target
                            and not output.is_read_besides(wait.caller)):
                        over.append((wait, self._overrun(output)))
                        break
            for wait, _ in over:
                self._waits.remove(wait)
        for wait, error in over:
            if wait.future.set_running_or_notify_cancel():
                if error is None:
                    wait.future.set_result(None)
                else:
                    wait.future.set_exception(error)

    def _overrun(self, output):
        name = 'stdout' if output.number == 1 else 'stderr'
        return BufferError(f'what waits to be read of {name} has reached the limit of bytes, '
                           f'{self.limit}: read it, or spawn with a larger output_limit')

    def abandon(self, output):
        """Nobody is going to read OUTPUT: the process finds its pipe broken."""
        with self.lock:
            output.is_abandoned = True
            output.end()
            output.blocks.clear()
            output.size = 0
            reading = output.reading
        if reading is not None:
            reading.cancel()
        else:
            helper.submit(self._close, output)

    # In the thread of helper.py

    def _close(self, output):
        try:
            output.reader.close(None)
        except GLib.Error:
            # Its descriptor is closed nevertheless.
            pass

    def _start(self):
        for output in self.outputs:
            self._read(output)
        with self.lock:
            if (self.exited or self._exit_watch is not None
                    or not any(wait.for_exit for wait in self._waits)):
                return
            self._exit_watch = cancellable = Gio.Cancellable()
        self.stream.wait_async(GLib.PRIORITY_DEFAULT, cancellable, self._on_exit)

    def _on_exit(self, stream, result, *_):
        is_over = True
        try:
            stream.wait_finish(result)
        except GLib.Error as error:
            # Its time was over, for example; what is known of it the stream says.
            is_over = not was_cancelled(error)
        with self.lock:
            self._exit_watch = None
            self.exited = self.exited or is_over
        self.check()
        # Another wait may have come while the watch was given up.
        self._start()

    def _read(self, output):
        with self.lock:
            if output.ended or output.reading is not None or not self._wants(output):
                return
            output.reading = cancellable = Gio.Cancellable()

        def done(reader, result, *_):
            block = error = None
            is_end = False
            try:
                block = reader.read_some_finish(result)
                is_end = block is None
            except GLib.Error as failure:
                error = failure if not was_cancelled(failure) else None
            with self.lock:
                output.reading = None
                is_abandoned = output.is_abandoned
                if is_abandoned:
                    pass
                elif block is not None:
                    output.blocks.append(block.get_data())
                    output.size += block.get_size()
                    output.received += 1
                elif is_end or error is not None:
                    output.end(None if error is None else os_error(error))
            if is_abandoned:
                self._close(output)
            self.check()
            self._read(output)

        output.reader.read_some_async(READ_SIZE, GLib.PRIORITY_DEFAULT, cancellable, done)
