# SPDX-License-Identifier: LGPL-2.1-or-later
"""The exceptions of asyncio's streams, and those of Python for what the library reports."""

import asyncio
import errno
import os
import types

from gi.module import get_introspection_module
from gi.repository import Gio, GLib

_GProc = get_introspection_module('GProc')

IO_DOMAIN = GLib.quark_to_string(Gio.io_error_quark())
WOULD_BLOCK = int(Gio.IOErrorEnum.WOULD_BLOCK)
PENDING = int(Gio.IOErrorEnum.PENDING)

# The message names the cause, which the code cannot always tell; these are for what has no name
# in it.
_NUMBERS = {
    Gio.IOErrorEnum.NOT_FOUND: errno.ENOENT,
    Gio.IOErrorEnum.EXISTS: errno.EEXIST,
    Gio.IOErrorEnum.IS_DIRECTORY: errno.EISDIR,
    Gio.IOErrorEnum.NOT_DIRECTORY: errno.ENOTDIR,
    Gio.IOErrorEnum.FILENAME_TOO_LONG: errno.ENAMETOOLONG,
    Gio.IOErrorEnum.TOO_MANY_LINKS: errno.EMLINK,
    Gio.IOErrorEnum.NO_SPACE: errno.ENOSPC,
    Gio.IOErrorEnum.INVALID_ARGUMENT: errno.EINVAL,
    Gio.IOErrorEnum.PERMISSION_DENIED: errno.EACCES,
    Gio.IOErrorEnum.NOT_SUPPORTED: errno.ENOTSUP,
    Gio.IOErrorEnum.CLOSED: errno.EBADF,
    Gio.IOErrorEnum.BUSY: errno.EBUSY,
    Gio.IOErrorEnum.TIMED_OUT: errno.ETIMEDOUT,
    Gio.IOErrorEnum.HOST_UNREACHABLE: errno.EHOSTUNREACH,
    Gio.IOErrorEnum.NETWORK_UNREACHABLE: errno.ENETUNREACH,
    Gio.IOErrorEnum.CONNECTION_REFUSED: errno.ECONNREFUSED,
    Gio.IOErrorEnum.ADDRESS_IN_USE: errno.EADDRINUSE,
    Gio.IOErrorEnum.TOO_MANY_OPEN_FILES: errno.EMFILE,
    Gio.IOErrorEnum.BROKEN_PIPE: errno.EPIPE,
    Gio.IOErrorEnum.CONNECTION_CLOSED: errno.ECONNRESET,
    Gio.IOErrorEnum.NOT_CONNECTED: errno.ENOTCONN,
}

# What one code stands for in more than one form.
_ALTERNATIVES = {
    errno.EACCES: (errno.EPERM,),
    errno.ENFILE: (errno.EMFILE,),
    errno.EPIPE: (errno.ECONNRESET, errno.ENOTCONN, errno.ESHUTDOWN),
    errno.EIO: (errno.E2BIG, errno.EAGAIN, errno.ENOMEM, errno.ENOEXEC, errno.ETXTBSY, errno.ELOOP,
                errno.EMFILE, errno.ENFILE, errno.EBADF, errno.ECONNRESET, errno.EINVAL),
}


class IncompleteReadError(asyncio.IncompleteReadError):
    """The stream ended before what was asked for had come, of which `partial` did."""


class LimitOverrunError(asyncio.LimitOverrunError):
    """The limit was reached before the separator; `consumed` bytes can be dropped."""


def data_of(block):
    """The bytes of what a read gives, as introspection gives it or as the override does."""
    return block if type(block) is bytes else block.get_data() or b''


def native(half, name):
    """The method of that name as introspection gives it, bound to HALF: the least overhead."""
    kind = _GProc.Reader if isinstance(half, _GProc.Reader) else _GProc.Writer
    return types.MethodType(getattr(kind, name), half)


def would_block(error):
    return error.code == WOULD_BLOCK and error.domain == IO_DOMAIN


def is_pending(error):
    return error.code == PENDING and error.domain == IO_DOMAIN


def number_of(error):
    """The errno that a GLib.Error stands for."""
    if error.domain != IO_DOMAIN:
        return errno.EIO
    number = _NUMBERS.get(error.code, errno.EIO)
    for other in _ALTERNATIVES.get(number, ()):
        if os.strerror(other) in error.message:
            return other
    return number


def os_error(error, filename=None):
    """The exception of Python that says what a GLib.Error says, with errno and FILENAME.

    Its text stays that of the library where that tells more than the number does.
    """
    number = number_of(error)
    # Of a connection that was reset there is no more to say than that.
    is_plain = number == errno.ECONNRESET or number != errno.EIO and filename is not None
    text = os.strerror(number) if is_plain else error.message
    result = OSError(number, text) if filename is None else OSError(number, text, filename)
    result.__cause__ = error
    return result
