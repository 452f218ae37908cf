# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the methods of the overriding classes out of those that introspection gives."""

import functools

from gi.repository import GLib, GObject

from . import errors, waiting
from .convert import whole

INTEGERS = (GObject.TYPE_INT, GObject.TYPE_UINT, GObject.TYPE_INT64, GObject.TYPE_UINT64)


def give_back(*halves):
    """What iterators keep of HALVES goes back, before the library itself works with them."""
    for half in halves:
        held = getattr(half, '_held', None)
        if held is not None:
            held.give_back(half)


def guarded(native, name, convert=None, after=None, value=None):
    """NATIVE of a half, of which nothing else is under way and no iterator keeps anything."""

    def method(self, *args, **kwargs):
        held = self._held
        if held is not None:
            held.give_back(self)
        if convert is not None:
            args, kwargs = convert(*args, **kwargs), {}
        try:
            result = native(self, *args, **kwargs)
        except GLib.Error as error:
            raise errors.translated(error, self) from None
        if after is not None:
            after(self)
        return result if value is None else value(result)

    return _named(method, native, name, convert)


def wrapped(native, name, convert=None, value=None):
    """NATIVE, with its arguments and its result converted."""

    def method(self, *args, **kwargs):
        if convert is not None:
            args, kwargs = convert(*args, **kwargs), {}
        try:
            result = native(self, *args, **kwargs)
        except GLib.Error as error:
            raise errors.translated(error, self) from None
        return result if value is None else value(result)

    return _named(method, native, name, convert)


def _named(method, native, name, convert=None):
    method.__name__ = name
    method.__qualname__ = name
    method.__doc__ = native.__doc__
    if convert is not None:
        # It is the one that finds that an argument is missing or unknown, and says of what.
        convert.__qualname__ = name
    return method


class Awaitable:
    """How a pair of functions X_async and X_finish is called, with a callback and without.

    LEADING names the arguments before the priority; those that DEFAULTS gives may be left out.
    CONVERT makes of them what introspection takes. PLAIN (object, *leading) is a coroutine that
    does the same on a loop that iterates no GLib main context. UNDO (object, result) undoes what
    was done although the task was cancelled. HALVES (object, *leading) are the streams in use.
    """

    def __init__(self, kind, name, leading=(), defaults=(), convert=None, plain=None, undo=None,
                 halves=None, value=None):
        self.start = getattr(kind, name + '_async')
        self.finish = getattr(kind, name + '_finish')
        self.name = name
        self.leading, self.defaults = tuple(leading), tuple(defaults)
        self.convert, self.plain, self.undo = convert, plain, undo
        self.halves, self.value = halves, value

    def methods(self):
        """The two functions, for a class."""

        value = self.value
        plain = self.plain
        is_quick = plain is not None and not self.leading

        async def quickly(this):
            try:
                result = await plain(this)
            except GLib.Error as error:
                raise errors.translated(error, this) from None
            return result if value is None else value(result)

        def started(this, *args, **kwargs):
            if is_quick and not args and not kwargs:
                state = waiting.current()
                if state is not None and not state.is_native:
                    return quickly(this)
            return self._called(this, args, kwargs)

        finished = wrapped(self.finish, self.name + '_finish', value=value)
        return _named(started, self.start, self.name + '_async'), finished

    def _bind(self, args, kwargs):
        names = self.leading + ('io_priority', 'cancellable', 'callback')
        values = dict(zip(names, args))
        for name, value in kwargs.items():
            if name not in names or name in values:
                how = 'multiple values for' if name in names else 'an unexpected keyword'
                raise TypeError(f'{self.name}_async() got {how} argument {name!r}')
            values[name] = value
        required = len(self.leading) - len(self.defaults)
        for index, name in enumerate(self.leading):
            if name in values:
                continue
            if index < required:
                raise TypeError(f'{self.name}_async() missing required argument {name!r}')
            values[name] = self.defaults[index - required]
        leading = [values[name] for name in self.leading]
        if self.convert is not None:
            leading = self.convert(*leading)
        priority = values.get('io_priority', GLib.PRIORITY_DEFAULT)
        return leading, priority, values

    def _called(self, this, args, kwargs):
        leading, priority, values = self._bind(args, kwargs)
        cancellable = values.get('cancellable')
        if 'callback' not in values:
            state = waiting.current()
            if state is not None and not state.is_native and self.plain is not None:
                return self._plainly(this, leading, cancellable)
            if state is not None:
                return self._awaited(this, leading, priority, cancellable)

        if self.halves is not None:
            give_back(*self.halves(this, *leading))
        user_data = args[len(self.leading) + 3:]
        return self.start(this, *leading, priority, cancellable, values.get('callback'), *user_data)

    async def _awaited(self, this, leading, priority, cancellable):
        try:
            result = await self.call(this, leading, priority, cancellable)
        except GLib.Error as error:
            raise errors.translated(error, this) from None
        return result if self.value is None else self.value(result)

    async def _plainly(self, this, leading, cancellable):
        try:
            coroutine = self.plain(this, *leading)
            if cancellable is not None:
                coroutine = waiting.cancellable_by(cancellable, coroutine)
            result = await coroutine
        except GLib.Error as error:
            raise errors.translated(error, this) from None
        return result if self.value is None else self.value(result)

    async def call(self, this, leading, priority=GLib.PRIORITY_DEFAULT, cancellable=None):
        halves = () if self.halves is None else self.halves(this, *leading)
        give_back(*halves)
        undo = self.undo and functools.partial(self.undo, this)
        return await waiting.call(functools.partial(self.start, this),
                                  functools.partial(self.finish, this), *leading, priority,
                                  cancellable=cancellable, undo=undo, halves=halves)


def add_awaitables(kind, *awaitables):
    for awaitable in awaitables:
        started, finished = awaitable.methods()
        setattr(kind, awaitable.name + '_async', started)
        setattr(kind, awaitable.name + '_finish', finished)


def add_properties(kind, native):
    """Properties of NATIVE as attributes. What overrides a getter or a setter holds for them.

    Numbers are whole ones, also as keywords of the constructor.
    """
    for specification in GObject.list_properties(native):
        name = specification.name.replace('-', '_')
        if specification.owner_type != native.__gtype__:
            continue
        setter = 'set_' + name
        if specification.value_type in INTEGERS and hasattr(native, setter):
            setattr(kind, setter, _whole_setter(getattr(kind, setter), setter, name))
        if not hasattr(kind, name):
            setattr(kind, name, _property(kind, name, specification))

    def __init__(self, *args, **properties):
        for name in properties:
            properties[name] = whole(name.replace('-', '_'), properties[name])
        super(kind, self).__init__(*args, **properties)

    kind.__init__ = __init__


def _whole_setter(native, setter, name):
    def method(self, *args, **kwargs):
        return native(self, *(whole(name, value) for value in args),
                      **{key: whole(name, value) for key, value in kwargs.items()})

    return _named(method, native, setter)


def _property(kind, name, specification):
    getter = getattr(kind, 'get_' + name, None)
    setter = getattr(kind, 'set_' + name, None)

    def get(self):
        return getter(self) if getter is not None else self.get_property(specification.name)

    def set_(self, value):
        if setter is not None:
            setter(self, value)
        else:
            self.set_property(specification.name, value)

    is_writable = specification.flags & GObject.ParamFlags.WRITABLE
    is_late = not specification.flags & GObject.ParamFlags.CONSTRUCT_ONLY
    return property(get, set_ if is_writable and is_late else None, doc=specification.blurb)
