# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls in two forms, f () that blocks and f.aio () that is awaited, written once.

What they share is a generator that yields (future, timeout), with a concurrent future: it gets
whether the future was done in time. Whoever runs it decides how to wait.
"""

import asyncio
import concurrent.futures
import functools


def run(steps):
    """Runs the generator and blocks where it waits. Signal handlers of Python run meanwhile."""
    try:
        future, timeout = next(steps)
        while True:
            try:
                future.result(timeout)
                is_done = True
            except concurrent.futures.TimeoutError:
                is_done = False
            except BaseException as error:
                future, timeout = steps.throw(error)
                continue
            future, timeout = steps.send(is_done)
    except StopIteration as end:
        return end.value
    finally:
        steps.close()


async def run_async(steps):
    """Runs the generator as a part of the task that awaits this."""
    loop = asyncio.get_running_loop()
    try:
        future, timeout = next(steps)
        while True:
            try:
                waited = asyncio.wrap_future(future, loop=loop)
                if timeout is None:
                    await waited
                    is_done = True
                else:
                    done, _ = await asyncio.wait([waited], timeout=timeout)
                    is_done = bool(done)
                    if is_done:
                        waited.result()
                    else:
                        waited.cancel()
            except BaseException as error:
                future, timeout = steps.throw(error)
                continue
            future, timeout = steps.send(is_done)
    except StopIteration as end:
        return end.value
    finally:
        steps.close()


class Call:
    """A function in both forms."""

    def __init__(self, steps, *bound):
        functools.update_wrapper(self, steps)
        self._steps, self._bound = steps, bound

    def __call__(self, *arguments, **keywords):
        return run(self._steps(*self._bound, *arguments, **keywords))

    async def aio(self, *arguments, **keywords):
        return await run_async(self._steps(*self._bound, *arguments, **keywords))

    def __repr__(self):
        return f'<{self.__qualname__}, blocking, and .aio to await>'


class Method(Call):
    """A method in both forms."""

    def __get__(self, instance, owner=None):
        return self if instance is None else Call(self._steps, instance)
