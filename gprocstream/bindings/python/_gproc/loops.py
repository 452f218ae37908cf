# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is known of the asyncio loop that runs in a thread, and what is registered with it.

A loop is native when it iterates a GLib main context itself (gbulb, the one of PyGObject, that of
contextloop.py): there asynchronous calls complete by themselves. On any other loop nobody iterates
a context, and readiness of descriptors is what can be waited for.
"""

import asyncio
import os
import weakref
from threading import get_ident

from gi.repository import GLib

from . import errors

_states = weakref.WeakKeyDictionary()
_recent = None


def is_native(loop):
    """Whether LOOP iterates the GLib main context that asynchronous calls complete in.

    A loop that iterates another one is as good as one that iterates none.
    """
    context = GLib.MainContext.get_thread_default() or GLib.MainContext.default()
    return any(isinstance(value, GLib.MainContext) and value == context
               for holder in (loop, getattr(loop, '_selector', None))
               for value in list(getattr(holder, '__dict__', {}).values()))


class Watch:
    """One descriptor, registered with a loop for as long as waits for it follow each other.

    It registers a duplicate of its own: the library may close the original at any time, also as
    a part of something else, and its number may come back as another file at once.
    """

    __slots__ = ('state', 'loop', 'table', 'half', 'fd', 'is_own', 'waits')

    def __init__(self, state, table, half, fd):
        self.fd, self.is_own = fd, False
        self.state, self.loop, self.table, self.half = state, state.loop_ref(), table, half
        self.waits = []
        try:
            self.fd, self.is_own = os.dup(fd), True
        except OSError:
            # There are no more descriptors: the one of the stream has to do.
            pass
        try:
            self._add()
        except BaseException:
            self._release()
            raise
        table[half] = self

    def __del__(self):
        # The loop was closed while something was registered.
        self._release()

    def _release(self):
        fd, self.fd = self.fd, -1
        if fd >= 0 and self.is_own:
            os.close(fd)

    def close(self):
        """Ends the registration. Who still waits is woken, to find out what happened."""
        if self.fd < 0:
            return
        self.table.pop(self.half, None)
        try:
            self._remove(self.fd)
        finally:
            self._release()
        waits, self.waits = self.waits, []
        for future, _ in waits:
            if not future.done():
                future.set_result(None)

    def wait(self, attempt=None):
        """A future that gets (ATTEMPT (),) once that does not say that it would block.

        Without ATTEMPT, and when the registration ends meanwhile, it gets None.
        """
        future = self.loop.create_future()
        self.waits.append((future, attempt))
        return future

    def drop(self, future):
        """FUTURE is not waited for any more."""
        self.waits = [wait for wait in self.waits if wait[0] is not future]
        if not self.waits:
            self.close()

    def _fire(self):
        self.state.turn += 1
        waits, self.waits = self.waits, []
        for wait in waits:
            future, attempt = wait
            if future.done():
                continue
            try:
                future.set_result(None if attempt is None else (attempt(),))
            except GLib.Error as error:
                if errors.would_block(error):
                    self.waits.append(wait)
                else:
                    future.set_exception(error)
            except Exception as error:
                future.set_exception(error)
        if not self.waits:
            self._idle()


class ReadWatch(Watch):
    """It stays registered while the task that was woken runs, which may wait again."""

    __slots__ = ()

    def _add(self):
        self.loop.add_reader(self.fd, self._fire)

    def _remove(self, fd):
        self.loop.remove_reader(fd)

    def _idle(self):
        # The wake-up of the task is in the queue of the loop already, so this comes after it.
        self.loop.call_soon(self._settle)

    def _settle(self):
        if not self.waits:
            self.close()


class WriteWatch(Watch):
    """It ends before the task runs: a duplicate of the writing end would keep the pipe open."""

    __slots__ = ()

    def _add(self):
        self.loop.add_writer(self.fd, self._fire)

    def _remove(self, fd):
        self.loop.remove_writer(fd)

    def _idle(self):
        self.close()


class State:
    """What belongs to one asyncio loop."""

    __slots__ = ('loop_ref', 'is_native', 'readers', 'writers', 'pushed', 'turn', 'eager',
                 '__weakref__')

    def __init__(self, loop):
        self.loop_ref = weakref.ref(loop)
        self.is_native = is_native(loop)
        self.readers = {}
        self.writers = {}
        # Writers that are written to at the end of this turn of the loop.
        self.pushed = set()
        # Grows at least when the loop has waited and something was there to read.
        self.turn = 0
        # How often something was there at once since the loop was let run.
        self.eager = 0

    def watch_reader(self, half, fd):
        return self.readers.get(half) or ReadWatch(self, self.readers, half, fd)

    def watch_writer(self, half, fd):
        return self.writers.get(half) or WriteWatch(self, self.writers, half, fd)


def current():
    """The state of the asyncio loop that runs in this thread, None if there is none."""
    global _recent

    # Up to Python 3.11 asking asyncio costs a system call each time.
    recent = _recent and _recent()
    if recent is not None:
        loop = recent.loop_ref()
        if loop is not None and getattr(loop, '_thread_id', None) == get_ident():
            return recent

    loop = asyncio._get_running_loop()
    if loop is None:
        return None
    state = _states.get(loop)
    if state is None:
        state = _states[loop] = State(loop)
    _recent = weakref.ref(state)
    return state


def _forget_recent():
    """In the child of a fork no loop runs, whatever it says itself."""
    global _recent

    _recent = None


os.register_at_fork(after_in_child=_forget_recent)


def plain():
    """The state of a loop that iterates no GLib main context, None if it does or there is none."""
    state = current()
    return None if state is None or state.is_native else state


def forget(*halves):
    """HALVES are about to be closed: nothing stays registered for them in the running loop."""
    state = current()
    if state is None:
        return
    for half in halves:
        for table in state.readers, state.writers:
            watch = table.get(half)
            if watch is not None:
                watch.close()
