# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Recorder and Recording get besides what introspection gives."""

import functools

from gi.repository import GLib

from . import convert, errors
from .methods import add_properties, wrapped
from .native import GProc


def _finished(returncode=None):
    return (GProc.RETURNCODE_NONE if returncode is None else returncode,)


def _added(data):
    return (convert.data(data),)


def _loaded(native, converted, source):
    try:
        return native(converted(source))
    except GLib.Error as error:
        raise errors.translated(error) from None


class RecorderMethods:
    _native = GProc.Recorder


class RecordingMethods:
    _native = GProc.Recording


def complete_recorder(kind):
    native = GProc.Recorder
    kind.record = wrapped(native.record, 'record')
    kind.finish = wrapped(native.finish, 'finish', _finished)
    kind.add_output = wrapped(native.add_output, 'add_output', _added)
    kind.add_input = wrapped(native.add_input, 'add_input', _added)
    add_properties(kind, native)


def complete_recording(kind):
    native = GProc.Recording
    kind.new_for_bytes = staticmethod(
        functools.partial(_loaded, native.new_for_bytes, convert.glib_bytes))
    kind.new_for_path = staticmethod(functools.partial(_loaded, native.new_for_path, convert.path))
    add_properties(kind, native)
