# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a read waits for: a future that can be told at once, without another turn of the loop.

asyncio's future has the task resumed by a callback in the next turn, and for that turn the loop
asks all descriptors once more. A read is told by a callback of the loop itself, from where the
task can as well go on then and there.
"""

from asyncio import CancelledError, InvalidStateError, current_task

_PENDING, _DONE, _CANCELLED = range(3)


class Waiter:
    __slots__ = ('_loop', '_state', '_error', '_callback', '_context', '_message',
                 '_asyncio_future_blocking', '__weakref__')

    def __init__(self, loop):
        self._loop = loop
        self._state = _PENDING
        self._error = self._callback = self._message = None
        self._asyncio_future_blocking = False

    def __repr__(self):
        return f'<{self.__class__.__name__} {("pending", "finished", "cancelled")[self._state]}>'

    def __await__(self):
        if self._state == _PENDING:
            self._asyncio_future_blocking = True
            yield self
        return self.result()

    __iter__ = __await__

    def get_loop(self):
        return self._loop

    def done(self):
        return self._state != _PENDING

    def cancelled(self):
        return self._state == _CANCELLED

    def result(self):
        if self._state == _DONE and self._error is None:
            return None
        if self._state == _PENDING:
            raise InvalidStateError('Result is not ready.')
        if self._state == _CANCELLED:
            raise CancelledError() if self._message is None else CancelledError(self._message)
        raise self._error

    def exception(self):
        if self._state == _PENDING:
            raise InvalidStateError('Exception is not set.')
        if self._state == _CANCELLED:
            raise CancelledError()
        return self._error

    # Only one waits: the task in which the read was called.

    def add_done_callback(self, fn, *, context=None):
        if self._state != _PENDING:
            self._loop.call_soon(fn, self, context=context)
            return
        self._callback, self._context = fn, context

    def remove_done_callback(self, fn):
        if self._callback is None or self._callback != fn:
            return 0
        self._callback = None
        return 1

    def _schedule(self, state):
        self._state = state
        callback, self._callback = self._callback, None
        if callback is not None:
            self._loop.call_soon(callback, self, context=self._context)

    def cancel(self, msg=None):
        if self._state != _PENDING:
            return False
        self._message = msg
        self._schedule(_CANCELLED)
        return True

    def set_result(self, _result):
        if self._state != _PENDING:
            raise InvalidStateError('invalid state')
        self._schedule(_DONE)

    def set_exception(self, error):
        if self._state != _PENDING:
            raise InvalidStateError('invalid state')
        self._error = error() if isinstance(error, type) else error
        self._schedule(_DONE)

    def wake(self):
        """Resumes the task now. Only for callbacks of the loop, which must do nothing after it."""
        callback = self._callback
        # In debug mode the loop tells which task it was that took long: it has to run that itself.
        if (callback is None or self._context is None or current_task(self._loop) is not None or
                self._loop.get_debug()):
            self._schedule(_DONE)
            return
        self._state = _DONE
        self._callback = None
        self._context.run(callback, self)
