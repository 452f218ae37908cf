# SPDX-License-Identifier: LGPL-2.1-or-later
"""aio.streams, for programs that use the names of asyncio.streams."""

from .connections import open_connection, open_unix_connection
from .reader import DEFAULT_LIMIT as _DEFAULT_LIMIT
from .reader import StreamReader
from .server import start_server, start_unix_server
from .writer import FlowControlMixin, StreamReaderProtocol, StreamWriter

__all__ = ['FlowControlMixin', 'StreamReader', 'StreamReaderProtocol', 'StreamWriter',
           '_DEFAULT_LIMIT', 'open_connection', 'open_unix_connection', 'start_server',
           'start_unix_server']
