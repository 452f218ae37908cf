# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files, sockets and what is like them, as streams."""

import io

from gi.repository import Gio, GLib

from . import convert
from .native import GProc


def _descriptor(value):
    """The number that VALUE has, or None."""
    if isinstance(value, int) and not isinstance(value, bool):
        fd = value
    else:
        try:
            fd = value.fileno()
        except (AttributeError, OSError):
            # What is in memory has the method, and raises io.UnsupportedOperation.
            return None
    if fd < 0:
        raise ValueError(f'there is no descriptor {fd}: is the {type(value).__name__} closed?')
    return fd


def input_stream(value):
    """VALUE, if it is one; a Reader on its descriptor, which it keeps; or what can be read of it."""
    if isinstance(value, Gio.InputStream):
        return value
    fd = None if isinstance(value, Gio.OutputStream) else _descriptor(value)
    if fd is not None:
        reader = GProc.Reader.new_for_fd(fd, False)
        reader._file = value
        return reader
    if hasattr(value, 'read'):
        return Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(convert.data(value.read())))
    raise TypeError('a Gio.InputStream is needed, or something with fileno() or read(), '
                    f'not {type(value).__name__}')


def output_stream(value):
    """VALUE, if it is one; or a Writer on its descriptor, which it keeps."""
    if isinstance(value, Gio.OutputStream):
        return value
    if isinstance(value, io.TextIOBase) and not isinstance(value, io.StringIO):
        value.flush()
    fd = None if isinstance(value, Gio.InputStream) else _descriptor(value)
    if fd is not None:
        writer = GProc.Writer.new_for_fd(fd, False)
        writer._file = value
        return writer
    raise TypeError('a Gio.OutputStream is needed, or something with fileno(), '
                    f'not {type(value).__name__}')


def fileno(stream):
    """What `select` and `selectors` wait on."""
    fd = stream.get_fd()
    if fd < 0:
        # A demuxer does not say whether it is closed.
        is_closed = getattr(stream, 'is_closed', bool)()
        what = 'is closed' if is_closed else 'has no file descriptor'
        raise ValueError(f'{type(stream).__name__} {what}')
    return fd
