# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Engine and Container of GProcEngine get besides what introspection gives."""

import asyncio
import collections.abc
import functools

from gi.module import get_introspection_module
from gi.repository import Gio, GLib

from . import convert, errors, waiting
from .loops import current
from .methods import Awaitable, add_awaitables, add_properties, wrapped
from .native import GProc
from .processes import STOP_GRACE

GProcEngine = get_introspection_module('GProcEngine')


class Opening(collections.abc.Coroutine):
    """A coroutine that gives a stream, and for `async with` what that is."""

    __slots__ = ('_coroutine', '_stream')

    def __init__(self, coroutine):
        self._coroutine = coroutine
        self._stream = None

    def send(self, value):
        return self._coroutine.send(value)

    def throw(self, *error):
        return self._coroutine.throw(*error)

    def close(self):
        self._coroutine.close()

    def __await__(self):
        return self._coroutine.__await__()

    async def __aenter__(self):
        self._stream = await self._coroutine
        return await self._stream.__aenter__()

    async def __aexit__(self, *error):
        return await self._stream.__aexit__(*error)


async def _in_thread(function, *arguments):
    """Awaits FUNCTION (*ARGUMENTS, cancellable), which blocks and gives a stream.

    The stream belongs to the thread-default context of who makes it. In the thread of helper.py
    that would be the context that this thread iterates, which then used the stream besides the
    thread of the loop; in a thread of the loop's it is the default one.
    """
    cancellable = Gio.Cancellable()
    loop = asyncio.get_running_loop()
    future = loop.run_in_executor(None, function, *arguments, cancellable)
    was_cancelled = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as error:
            was_cancelled = error
            cancellable.cancel()
    if was_cancelled is None:
        return future.result()
    if future.exception() is None:
        future.result().abort()
    raise was_cancelled


class Streaming(Awaitable):
    """A pair of functions that give a stream."""

    def __init__(self, kind, name, *rest, **keywords):
        blocking = getattr(kind, name)

        async def plain(this, *leading):
            return await _in_thread(blocking, this, *leading)

        super().__init__(kind, name, *rest, plain=plain, undo=lambda _, stream: stream.abort(),
                         **keywords)

    def methods(self):
        started, finished = super().methods()

        @functools.wraps(started)
        def opening(this, *args, **kwargs):
            result = started(this, *args, **kwargs)
            return Opening(result) if asyncio.iscoroutine(result) else result

        return opening, finished


def _returncode(value):
    return convert.returncode(value, GProc.RETURNCODE_NONE)


def _argv_or_none(argv):
    return None if argv is None else convert.argv(argv)


class EngineMethods:
    """Runs processes in containers, with the interface of Docker and of Podman's service.

    `exec_async (…)`, and what else gives a stream, is awaitable and of use for `async with`.
    """

    _native = GProcEngine.Engine

    @classmethod
    def new(cls, address=None):
        try:
            return GProcEngine.Engine.new(address)
        except GLib.Error as error:
            raise errors.translated(error) from None

    @classmethod
    def new_connected(cls, address=None, cancellable=None):
        try:
            return GProcEngine.Engine.new_connected(address, cancellable)
        except GLib.Error as error:
            raise errors.translated(error) from None

    @staticmethod
    def connect_async(address=None, io_priority=GLib.PRIORITY_DEFAULT, cancellable=None,
                      *callback):
        """Connects to the engine at `address`. Without a callback it is awaitable."""
        if callback or current() is None:
            return GProcEngine.Engine.connect_async(address, io_priority, cancellable,
                                                    *(callback or (None,)))
        return _connect(address, io_priority, cancellable)

    @staticmethod
    def connect_finish(result):
        try:
            return GProcEngine.Engine.connect_finish(result)
        except GLib.Error as error:
            raise errors.translated(error) from None


async def _connect(address, io_priority, cancellable):
    native = GProcEngine.Engine
    try:
        return await waiting.call(native.connect_async, native.connect_finish, address,
                                  io_priority, cancellable=cancellable)
    except GLib.Error as error:
        raise errors.translated(error) from None


def _executed(container, argv, launcher=None, cancellable=None):
    return container, convert.argv(argv), launcher, cancellable


def _created(image, name=None, argv=None, launcher=None, cancellable=None):
    return image, name, _argv_or_none(argv), launcher, cancellable


def _listed(all=False, cancellable=None):
    return all, cancellable


def complete_engine(kind):
    native = GProcEngine.Engine
    for name, arguments in (('ping', None), ('exec', _executed), ('create', _created),
                            ('get_container', None), ('list', _listed)):
        setattr(kind, name, wrapped(getattr(native, name), name, arguments))
    add_awaitables(
        kind,
        Awaitable(native, 'ping'),
        Streaming(native, 'exec', ['container', 'argv', 'launcher'], [None],
                  convert=lambda *given: _executed(*given)[:3]),
        Awaitable(native, 'create', ['image', 'name', 'argv', 'launcher'], [None, None, None],
                  convert=lambda *given: _created(*given)[:4]),
        Awaitable(native, 'get_container', ['id_or_name']),
        Awaitable(native, 'list', ['all'], [False]),
    )
    add_properties(kind, native)


class ContainerMethods:
    """A container of an engine."""

    _native = GProcEngine.Container


def _executed_here(argv, launcher=None, cancellable=None):
    return convert.argv(argv), launcher, cancellable


def _logged(flags=GProcEngine.LogFlags.NONE, tail=-1, cancellable=None):
    return flags, tail, cancellable


def _stopped(grace_ms=STOP_GRACE, cancellable=None):
    return convert.whole('grace_ms', grace_ms), cancellable


def _removed(force=False, cancellable=None):
    return force, cancellable


def complete_container(kind):
    native = GProcEngine.Container
    for name, arguments in (('refresh', None), ('start', None), ('attach', None),
                            ('exec', _executed_here), ('logs', _logged), ('kill', None),
                            ('stop', _stopped), ('resize', None), ('remove', _removed)):
        setattr(kind, name, wrapped(getattr(native, name), name, arguments))
    for name in 'get_returncode', 'wait':
        setattr(kind, name, wrapped(getattr(native, name), name, value=_returncode))
    add_awaitables(
        kind,
        Awaitable(native, 'refresh'),
        Awaitable(native, 'start'),
        Streaming(native, 'attach'),
        Streaming(native, 'exec', ['argv', 'launcher'], [None],
                  convert=lambda *given: _executed_here(*given)[:2]),
        Streaming(native, 'logs', ['flags', 'tail'], [GProcEngine.LogFlags.NONE, -1]),
        Awaitable(native, 'wait', value=_returncode),
        Awaitable(native, 'kill', ['signum']),
        Awaitable(native, 'stop', ['grace_ms'], [STOP_GRACE],
                  convert=lambda *given: _stopped(*given)[:1]),
        Awaitable(native, 'resize', ['rows', 'columns']),
        Awaitable(native, 'remove', ['force'], [False]),
    )
    add_properties(kind, native)
