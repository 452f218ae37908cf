# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Python programs pass, as what introspection takes."""

import decimal
import math
import numbers
import operator
import os
import re
from collections.abc import Mapping

from gi.repository import GLib, GObject


# What numbers count, by the names of properties and of parameters.
UNITS = {
    **dict.fromkeys(('timeout', 'timeout_ms', 'stop_grace', 'post_exit_grace', 'grace_ms'),
                    'milliseconds'),
    **dict.fromkeys(('limit', 'reader_limit', 'output_limit', 'queue_limit', 'high_watermark',
                     'low_watermark', 'pipe_size'), 'bytes'),
}


def whole(name, value):
    """VALUE as a whole number. Introspection would take 0.5, of seconds most likely, for 0."""
    if isinstance(value, int) or not isinstance(value, (numbers.Real, decimal.Decimal)):
        return value
    is_finite = math.isfinite(value)
    if is_finite and value == int(value):
        return int(value)
    unit = UNITS.get(name)
    text = f'{name} is a whole number{f" of {unit}" if unit else ""}, not {value}'
    if is_finite and unit == 'milliseconds':
        text += f': {value} seconds are {round(value * 1000)}'
    raise ValueError(text)


def count(value):
    """A number of bytes or lines. Introspection says the same of one that is none, but only when it
    is given one, which may be when something has come."""
    value = operator.index(whole('count', value))
    if not 0 <= value <= GLib.MAXSIZE:
        raise OverflowError(f'{value} not in range 0 to {GLib.MAXSIZE}')
    return value


def argv(arguments):
    """A list of str. One str would be taken for a list of its letters."""
    if isinstance(arguments, (str, bytes, bytearray, memoryview, os.PathLike)):
        raise TypeError(f'argv is a list of arguments, not {type(arguments).__name__}: '
                        f'[{arguments!r}]?')
    try:
        arguments = iter(arguments)
    except TypeError:
        raise TypeError('argv is a list of arguments, '
                        f'not {type(arguments).__name__}') from None
    result = [os.fsdecode(argument) for argument in arguments]
    if not result:
        raise ValueError('argv is empty: it begins with the program')
    return result


def environment(variables):
    """A list of NAME=VALUE, of a mapping or of what is one already. None stays None."""
    if variables is None:
        return None
    if isinstance(variables, Mapping):
        return [f'{os.fsdecode(name)}={os.fsdecode(value)}' for name, value in variables.items()]
    return [os.fsdecode(variable) for variable in variables]


def data(value):
    """bytes, of bytes-like things, GLib.Bytes and str, which is encoded as UTF-8."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, GLib.Bytes):
        return value.get_data() or b''
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    try:
        return bytes(memoryview(value))
    except TypeError:
        raise TypeError(f'bytes or str are needed, not {type(value).__name__}') from None


def glib_bytes(value):
    """GLib.Bytes, of what `data` takes. None stays None."""
    return value if value is None or isinstance(value, GLib.Bytes) else GLib.Bytes.new(data(value))


def instances(name, things, *kinds):
    """A list of THINGS, each of one of KINDS."""
    # A reader would be taken for the list of its lines, which are waited for.
    if isinstance(things, GObject.Object):
        raise TypeError(f'{name} is a list, not {type(things).__name__}')
    things = list(things)
    for thing in things:
        if not isinstance(thing, kinds):
            names = ', '.join(kind.__name__ for kind in kinds)
            raise TypeError(f'among the {name} are GProc.{names}, not {type(thing).__name__}')
    return things


def separators(values):
    """A list of bytes, of one separator or several."""
    if isinstance(values, (str, bytes, bytearray, memoryview, GLib.Bytes)):
        values = [values]
    result = [data(value) for value in values]
    if not result or not all(result):
        raise ValueError('at least one separator is needed, and none can be empty')
    return result


def patterns(values):
    """A list of GLib.Regex, of one pattern or several: str for text, bytes for bytes, or compiled.

    What `re` compiled is taken with its flags, as far as both have them.
    """
    if isinstance(values, (str, bytes, re.Pattern, GLib.Regex)):
        values = [values]
    result = [_pattern(value) for value in values]
    if not result:
        raise ValueError('at least one pattern is needed')
    return result


REGEX_FLAGS = ((re.IGNORECASE, GLib.RegexCompileFlags.CASELESS),
               (re.MULTILINE, GLib.RegexCompileFlags.MULTILINE),
               (re.DOTALL, GLib.RegexCompileFlags.DOTALL),
               (re.VERBOSE, GLib.RegexCompileFlags.EXTENDED))


def _pattern(value):
    if isinstance(value, GLib.Regex):
        return value
    flags = GLib.RegexCompileFlags(0)
    if isinstance(value, re.Pattern):
        for theirs, ours in REGEX_FLAGS:
            if value.flags & theirs:
                flags |= ours
        value = value.pattern
    if isinstance(value, bytes):
        flags |= GLib.RegexCompileFlags.RAW
        # What is no ASCII, with the backslash it may have in front, is written as a number.
        value = re.sub(rb'\\?([\x80-\xff\0])', lambda found: b'\\x%02x' % ord(found[1]),
                       value).decode('ascii')
    elif not isinstance(value, str):
        raise TypeError(f'a pattern is str, bytes or GLib.Regex, not {type(value).__name__}')
    return GLib.Regex.new(value.replace('\0', '\\x00'), flags, GLib.RegexMatchFlags(0))


def returncode(value, none):
    """None in place of the number that stands for it."""
    return None if value == none else value


def path(value):
    """str, of what names a file. None stays None."""
    return None if value is None else os.fsdecode(value)
