# SPDX-License-Identifier: LGPL-2.1-or-later
"""Errors that are GLib.Error, and of the builtin class that Python programs catch besides.

`except GLib.Error` and `error.matches (domain, code)` work as ever.
"""

import errno

from gi.repository import Gio, GLib

IO_DOMAIN = GLib.quark_to_string(Gio.io_error_quark())
STREAM_DOMAIN = 'gproc-stream-error-quark'
WOULD_BLOCK = int(Gio.IOErrorEnum.WOULD_BLOCK)


class NotFoundError(GLib.Error, FileNotFoundError):
    """A program, or a folder to run it in, is not there."""


class PermissionDeniedError(GLib.Error, PermissionError):
    """The system forbids it."""


class ConnectionLostError(GLib.Error, BrokenPipeError, ConnectionResetError):
    """The other end is gone. GIO has one code for both of the builtin classes."""


class ConnectionRefusedByPeerError(GLib.Error, ConnectionRefusedError):
    """Nobody listens there."""


class TimedOutError(GLib.Error, TimeoutError):
    """It took longer than it was given."""


class WouldBlockError(GLib.Error, BlockingIOError):
    """A call that does not wait would have had to."""


class NoProcessError(GLib.Error, ProcessLookupError):
    """The process that a signal was meant for is over."""


class IncompleteReadError(GLib.Error, EOFError):
    """The end came before all that was asked for: `partial` came, `expected` were asked for."""

    partial = b''
    expected = None


class LimitOverrunError(GLib.Error, ValueError):
    """The data is longer than the limit. It stays; `consumed` bytes of it can be dropped."""

    consumed = 0


_CLASSES = {
    (IO_DOMAIN, int(Gio.IOErrorEnum.NOT_FOUND)): (NotFoundError, errno.ENOENT),
    (IO_DOMAIN, int(Gio.IOErrorEnum.PERMISSION_DENIED)): (PermissionDeniedError, errno.EACCES),
    (IO_DOMAIN, int(Gio.IOErrorEnum.BROKEN_PIPE)): (ConnectionLostError, errno.EPIPE),
    (IO_DOMAIN, int(Gio.IOErrorEnum.CONNECTION_REFUSED)): (ConnectionRefusedByPeerError,
                                                           errno.ECONNREFUSED),
    (IO_DOMAIN, int(Gio.IOErrorEnum.TIMED_OUT)): (TimedOutError, errno.ETIMEDOUT),
    (IO_DOMAIN, WOULD_BLOCK): (WouldBlockError, errno.EAGAIN),
    (STREAM_DOMAIN, 0): (IncompleteReadError, None),
    (STREAM_DOMAIN, 1): (LimitOverrunError, None),
}


def would_block(error):
    return error.code == WOULD_BLOCK and error.domain == IO_DOMAIN


def io_error(code, message):
    return GLib.Error.new_literal(Gio.io_error_quark(), message, code)


def pending():
    return io_error(Gio.IOErrorEnum.PENDING, 'Another operation of this stream is under way')


def translated(error, source=None):
    """ERROR as one of the classes above, if there is one for it.

    SOURCE is the reader that it comes from, which knows more than the error.
    """
    found = _CLASSES.get((error.domain, error.code))
    if found is None or type(error) is not GLib.Error:
        return error
    kind, number = found
    result = kind(error.message, error.domain, error.code)
    if number is not None:
        result.errno = number
        result.strerror = error.message
    elif source is not None:
        if kind is IncompleteReadError:
            partial = source.get_last_partial()
            result.partial = (partial.get_data() or b'') if partial is not None else b''
            result.expected = source.get_last_expected() or None
        else:
            result.consumed = source.get_last_consumed()
    return result


def signal_error(error):
    """The process of ERROR, which came of sending a signal, is over."""
    result = NoProcessError(error.message, error.domain, error.code)
    result.errno, result.strerror = errno.ESRCH, error.message
    return result
