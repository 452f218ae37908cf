#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the type stub of GProc from its GIR, with what the override changes.

usage: generate.py GProc-1.gir >gi/repository/GProc/__init__.pyi

A test compares what this prints with the file that is installed, and that with what is there at
run time. Only what introspection cannot tell stands in differences.py.
"""

import sys
import xml.etree.ElementTree

import differences

CORE = '{http://www.gtk.org/introspection/core/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'

HEAD = '''\
# SPDX-License-Identifier: LGPL-2.1-or-later
# Made by generate.py: change differences.py, or the sources that the GIR is made of.
# mypy: disable-error-code="misc, override"

import re
from asyncio import Task as _Task
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from os import PathLike
from types import TracebackType
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, overload

from gi.repository import Gio, GLib, GObject

from . import aio as aio

_T = TypeVar("_T")
_Self = TypeVar("_Self")

# GLib.Bytes: where that has no stub, it would be of any type, and take the others with it.
class _Bytes(Protocol):
    def get_data(self) -> Any: ...
    def get_size(self) -> int: ...

_Data = str | bytes | bytearray | memoryview | _Bytes
_Pattern = str | bytes | re.Pattern[str] | re.Pattern[bytes] | GLib.Regex
_Patterns = _Pattern | Iterable[_Pattern]
_Path = str | bytes | PathLike[str] | PathLike[bytes]

class _HasDescriptor(Protocol):
    def fileno(self) -> int: ...

class _Readable(Protocol):
    def read(self) -> Any: ...

_Source = Gio.InputStream | _HasDescriptor | _Readable | int
_Target = Gio.OutputStream | _HasDescriptor | int
'''

BASIC = {'gboolean': 'bool', 'utf8': 'str', 'filename': 'str', 'none': 'None', 'gdouble': 'float',
         'gfloat': 'float', 'gpointer': 'object'}
INTEGERS = {'gint', 'guint', 'gint8', 'guint8', 'gint64', 'guint64', 'gsize', 'gssize', 'glong',
            'gulong', 'gint32', 'guint32', 'gint16', 'guint16', 'GQuark', 'GLib.Quark', 'GType'}


def is_visible(element):
    return element.get('introspectable') != '0' and element.get('shadowed-by') is None


def name_of(element):
    return element.get('shadows') or element.get('name')


def type_of(element, is_argument):
    array, kind = element.find(CORE + 'array'), element.find(CORE + 'type')
    if array is not None:
        inner = array.find(CORE + 'type')
        if inner.get('name') in ('guint8', 'gchar'):
            return 'bytes'
        return f'{"Sequence" if is_argument else "list"}[{type_of(array, is_argument)}]'
    name = kind.get('name')
    if name in INTEGERS:
        return 'int'
    if name in BASIC:
        return BASIC[name]
    if name == 'Gio.AsyncReadyCallback':
        return 'Callable[..., object]'
    return name


def wrapped(line):
    """LINE, with one parameter on a line where it is long."""
    if len(line) <= 100 or not line.lstrip().startswith('def ') or ') -> ' not in line:
        yield line
        return
    indent = line[:len(line) - len(line.lstrip())]
    head, rest = line.split('(', 1)
    parameters, result = rest.rsplit(') -> ', 1)
    yield head + '('
    depth, start = 0, 0
    for index, letter in enumerate(parameters + ','):
        depth += (letter in '[(') - (letter in '])')
        if letter == ',' and depth == 0:
            yield f'{indent}    {parameters[start:index].strip()},'
            start = index + 1
    yield f'{indent}) -> {result}'


class Function:
    def __init__(self, element):
        self.element, self.name = element, name_of(element)
        parameters = element.findall(f'{CORE}parameters/{CORE}parameter')
        hidden = set()
        for parameter in parameters:
            array = parameter.find(CORE + 'array')
            if array is not None and array.get('length') is not None:
                hidden.add(int(array.get('length')))
            if parameter.get('closure') is not None and parameter.get('scope') is not None:
                hidden.add(int(parameter.get('closure')))
        self.has_callback = False
        self.arguments = []   # (name, type, whether the end of the list may be left out)
        given_back = []
        for index, parameter in enumerate(parameters):
            if index in hidden:
                continue
            if parameter.get('direction') == 'out':
                given_back.append(type_of(parameter, False))
                continue
            kind = type_of(parameter, True)
            may_be_none = parameter.get('nullable') == '1' or parameter.get('allow-none') == '1'
            self.has_callback |= parameter.get('scope') == 'async'
            self.arguments.append((parameter.get('name'), kind, may_be_none))
        value = element.find(CORE + 'return-value')
        self.result = type_of(value, False)
        if value.get('nullable') == '1':
            self.result += ' | None'
        # What C gives back through pointers comes after what it returns, if it returns something.
        if given_back:
            results = ([] if self.result == 'None' else [self.result]) + given_back
            self.result = results[0] if len(results) == 1 else f'tuple[{", ".join(results)}]'

    def parameters(self, defaults=None):
        """The parameters: those at the end that may be None may be left out.

        Whoever implements a virtual method gets all of them.
        """
        texts, may_be_left_out = [], self.element.tag != CORE + 'virtual-method'
        for name, kind, may_be_none in reversed(self.arguments):
            default = (defaults or {}).get(name)
            may_be_left_out = may_be_left_out and (may_be_none or default is not None)
            texts.append(f'{name}: {kind}' + (' | None' if may_be_none else '')
                         + (f' = {default or "None"}' if may_be_left_out else ''))
        return list(reversed(texts)) + (['*user_data: Any'] if self.has_callback else [])


def write_function(function, owner, indent):
    key = f'{owner}.{function.name}' if owner else function.name
    if key in differences.REPLACED:
        for line in differences.REPLACED[key].strip().split('\n'):
            yield indent + line
        return
    kind = function.element.tag
    receiver = {CORE + 'method': ['self'], CORE + 'constructor': ['cls'],
                CORE + 'virtual-method': ['self']}.get(kind, [])
    result = function.result if kind != CORE + 'constructor' else owner
    result = differences.RESULTS.get(key, result)
    if kind == CORE + 'constructor':
        yield indent + '@classmethod'
    elif kind == CORE + 'function' and owner:
        yield indent + '@staticmethod'
    parameters = receiver + function.parameters(differences.DEFAULTS.get(key))
    yield f'{indent}def {function.name}({", ".join(parameters)}) -> {result}: ...'


def write_asynchronous(function, finish, owner, indent):
    """Both forms: with a callback, and without one awaitable."""
    key = f'{owner}.{function.name}'
    defaults = {'io_priority': '...', **differences.DEFAULTS.get(key, {})}
    types = differences.TYPES.get(key, {})
    function.arguments = [(name, *types.get(name, (kind, may_be_none)))
                          for name, kind, may_be_none in function.arguments]
    is_static = function.element.tag == CORE + 'function'
    receiver = [] if is_static else ['self']
    leading = [argument for argument in function.arguments if argument[0] != 'callback']
    with_callback, function.arguments = function.arguments, leading
    function.has_callback = False
    result = differences.RESULTS.get(f'{owner}.{finish.name}', finish.result)
    static = [indent + '@staticmethod'] if is_static else []
    yield from [indent + '@overload', *static]
    yield (f'{indent}def {function.name}({", ".join(receiver + function.parameters(defaults))}) '
           f'-> Coroutine[Any, Any, {result}]: ...')
    function.arguments, function.has_callback = with_callback, True
    yield from [indent + '@overload', *static]
    # With a callback nothing before it can be left out.
    parameters = [text.split(' = ')[0] for text in function.parameters()]
    yield f'{indent}def {function.name}({", ".join(receiver + parameters)}) -> None: ...'


def write_property(element, owner, by_name):
    name = element.get('name').replace('-', '_')
    getter = by_name.get('get_' + name)
    # It knows whether it may give None, which a property does not.
    kind = type_of(element, False) if getter is None else getter.result
    kind = differences.RESULTS.get(f'{owner}.get_{name}', kind)
    if element.get('writable') == '1' and element.get('construct-only') != '1':
        yield f'    {name}: {kind}'
    else:
        yield '    @property'
        yield f'    def {name}(self) -> {kind}: ...'


def parent_of(element):
    names = [element.get('parent')] if element.get('parent') else []
    names += [item.get('name') for item in element.findall(CORE + 'implements')]
    return ', '.join(names or ['GObject.GInterface'])


def write_class(element):
    name = element.get('name')
    yield f'class {name}({parent_of(element)}):'
    lines = []
    functions = [Function(item) for item in element if item.tag in
                 (CORE + 'constructor', CORE + 'method', CORE + 'function') and is_visible(item)]
    by_name = {function.name: function for function in functions}
    is_overridden = element.tag == CORE + 'class'
    for item in element.findall(CORE + 'property'):
        if is_overridden:
            lines += write_property(item, name, by_name)
    writable = [item for item in element.findall(CORE + 'property') if item.get('writable') == '1']
    if is_overridden:
        keywords = [f'{item.get("name").replace("-", "_")}: {type_of(item, False)} = ...'
                    for item in writable]
        parameters = ['self', '*', *keywords] if keywords else ['self']
        lines.append(f'    def __init__({", ".join(parameters)}) -> None: ...')
    for function in functions:
        finish = by_name.get(function.name[:-len('async')] + 'finish')
        if is_overridden and function.has_callback and finish is not None \
                and f'{name}.{function.name}' not in differences.REPLACED:
            lines += write_asynchronous(function, finish, name, '    ')
        else:
            lines += write_function(function, name, '    ')
    for item in element.findall(CORE + 'virtual-method'):
        if not is_overridden and is_visible(item):
            function = Function(item)
            function.name = 'do_' + function.name
            lines += write_function(function, name, '    ')
    for line in differences.ADDED.get(name, '').strip('\n').split('\n'):
        if line:
            lines.append('    ' + line)
    for line in lines:
        yield from wrapped(line)


def write_enumeration(element):
    name = element.get('name')
    yield f'class {name}(int):'
    for member in element.findall(CORE + 'member'):
        yield f'    {member.get("name").upper()}: ClassVar[{name}]'
    if element.tag == CORE + 'bitfield':
        yield f'    def __or__(self, other: {name}) -> {name}: ...'
        yield f'    def __and__(self, other: {name}) -> {name}: ...'
    if element.get(GLIB + 'error-domain'):
        yield '    @staticmethod'
        yield '    def quark() -> int: ...'


def write(path):
    namespace = xml.etree.ElementTree.parse(path).getroot().find(CORE + 'namespace')
    yield HEAD
    for element in namespace:
        if not is_visible(element):
            continue
        name = element.get('name')
        if element.tag == CORE + 'constant':
            kind = type_of(element, False)
            yield f'{name}: {kind}'
    for element in namespace:
        if element.tag in (CORE + 'enumeration', CORE + 'bitfield'):
            yield ''
            yield from write_enumeration(element)
    for element in namespace:
        if element.tag in (CORE + 'class', CORE + 'interface'):
            yield ''
            yield from write_class(element)
    yield ''
    for element in namespace:
        if element.tag == CORE + 'function' and is_visible(element):
            yield from write_function(Function(element), '', '')
    yield ''
    yield differences.MODULE.strip('\n')


if __name__ == '__main__':
    print('\n'.join(write(sys.argv[1])))
