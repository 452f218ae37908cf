# SPDX-License-Identifier: LGPL-2.1-or-later
"""asyncio, with its streams and subprocesses on GProc's.

    from gi.repository.GProc import aio as asyncio

Whatever is not here is asyncio's own. What is has asyncio's names and its semantics; besides,
`reader.gobject` is a GProc.Reader, `writer.gobject` a GProc.Writer and `process.gobject` a
GProc.Stream, and `wrap ()` makes readers and writers of such objects. `spawn ()` and what it gives
have Modal's names and semantics instead.
"""

import asyncio as _asyncio

from ..modal import ContainerProcess, InvalidError, StreamType, spawn
from . import forwarding as _forwarding
from . import streams, subprocess
from .connections import open_connection, open_unix_connection
from .errors import IncompleteReadError, LimitOverrunError
from .reader import StreamReader
from .server import Server, start_server, start_unix_server
from .subprocess import create_subprocess_exec, create_subprocess_shell
from .wrapping import wrap, wrap_process
from .writer import StreamReaderProtocol, StreamWriter

_OWN = ['ContainerProcess', 'IncompleteReadError', 'InvalidError', 'LimitOverrunError', 'Server',
        'StreamReader', 'StreamReaderProtocol', 'StreamType', 'StreamWriter',
        'create_subprocess_exec', 'create_subprocess_shell', 'open_connection',
        'open_unix_connection', 'spawn', 'start_server', 'start_unix_server', 'streams',
        'subprocess', 'wrap', 'wrap_process']
__all__ = sorted({*_asyncio.__all__, *_OWN})


def __getattr__(name):
    return _forwarding.attribute(__name__, name)


def __dir__():
    return sorted({*_forwarding.names(), *_OWN})
