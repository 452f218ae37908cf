# SPDX-License-Identifier: LGPL-2.1-or-later
# mypy: disable-error-code="misc, override, assignment"

import asyncio as _asyncio
import enum
import socket as _socket
import ssl as _ssl
from asyncio import ALL_COMPLETED as ALL_COMPLETED
from asyncio import AbstractEventLoop as AbstractEventLoop
from asyncio import AbstractServer as AbstractServer
from asyncio import Barrier as Barrier
from asyncio import BaseEventLoop as BaseEventLoop
from asyncio import BaseProtocol as BaseProtocol
from asyncio import BaseTransport as BaseTransport
from asyncio import BoundedSemaphore as BoundedSemaphore
from asyncio import BrokenBarrierError as BrokenBarrierError
from asyncio import BufferedProtocol as BufferedProtocol
from asyncio import CancelledError as CancelledError
from asyncio import Condition as Condition
from asyncio import DatagramProtocol as DatagramProtocol
from asyncio import DatagramTransport as DatagramTransport
from asyncio import Event as Event
from asyncio import FIRST_COMPLETED as FIRST_COMPLETED
from asyncio import FIRST_EXCEPTION as FIRST_EXCEPTION
from asyncio import Future as Future
from asyncio import Handle as Handle
from asyncio import InvalidStateError as InvalidStateError
from asyncio import LifoQueue as LifoQueue
from asyncio import Lock as Lock
from asyncio import PriorityQueue as PriorityQueue
from asyncio import Protocol as Protocol
from asyncio import Queue as Queue
from asyncio import QueueEmpty as QueueEmpty
from asyncio import QueueFull as QueueFull
from asyncio import ReadTransport as ReadTransport
from asyncio import Runner as Runner
from asyncio import SelectorEventLoop as SelectorEventLoop
from asyncio import Semaphore as Semaphore
from asyncio import SendfileNotAvailableError as SendfileNotAvailableError
from asyncio import SubprocessProtocol as SubprocessProtocol
from asyncio import SubprocessTransport as SubprocessTransport
from asyncio import Task as Task
from asyncio import Timeout as Timeout
from asyncio import TimeoutError as TimeoutError
from asyncio import TimerHandle as TimerHandle
from asyncio import Transport as Transport
from asyncio import WriteTransport as WriteTransport
from asyncio import _enter_task as _enter_task
from asyncio import _get_running_loop as _get_running_loop
from asyncio import _leave_task as _leave_task
from asyncio import _register_task as _register_task
from asyncio import _set_running_loop as _set_running_loop
from asyncio import _unregister_task as _unregister_task
from asyncio import all_tasks as all_tasks
from asyncio import as_completed as as_completed
from asyncio import create_task as create_task
from asyncio import current_task as current_task
from asyncio import ensure_future as ensure_future
from asyncio import gather as gather
from asyncio import get_event_loop as get_event_loop
from asyncio import get_running_loop as get_running_loop
from asyncio import iscoroutine as iscoroutine
from asyncio import iscoroutinefunction as iscoroutinefunction
from asyncio import isfuture as isfuture
from asyncio import new_event_loop as new_event_loop
from asyncio import run as run
from asyncio import run_coroutine_threadsafe as run_coroutine_threadsafe
from asyncio import set_event_loop as set_event_loop
from asyncio import shield as shield
from asyncio import sleep as sleep
from asyncio import timeout as timeout
from asyncio import timeout_at as timeout_at
from asyncio import to_thread as to_thread
from asyncio import wait as wait
from asyncio import wait_for as wait_for
from asyncio import wrap_future as wrap_future
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from os import PathLike
from typing import Any, AnyStr, Generic, Literal, ParamSpec, TypeVar, overload

from gi.repository import GProc

from . import subprocess as subprocess
from .subprocess import create_subprocess_exec as create_subprocess_exec
from .subprocess import create_subprocess_shell as create_subprocess_shell

_P = ParamSpec("_P")
_R = TypeVar("_R")
_Self = TypeVar("_Self")
_Bytes = bytes | bytearray | memoryview
_Argument = str | bytes | PathLike[str] | PathLike[bytes]
_Callback = Callable[[StreamReader, StreamWriter], Awaitable[None] | None]

# asyncio's names

class IncompleteReadError(_asyncio.IncompleteReadError): ...
class LimitOverrunError(_asyncio.LimitOverrunError): ...

class StreamReader:
    def __init__(self, limit: int = 65536, loop: _asyncio.AbstractEventLoop | None = None, *,
                 source: GProc.Reader | None = None) -> None: ...
    @property
    def gobject(self) -> GProc.Reader: ...
    def exception(self) -> Exception | None: ...
    def set_exception(self, exc: Exception) -> None: ...
    def set_transport(self, transport: _asyncio.BaseTransport) -> None: ...
    def feed_eof(self) -> None: ...
    def at_eof(self) -> bool: ...
    def feed_data(self, data: _Bytes) -> None: ...
    async def readline(self) -> bytes: ...
    async def readuntil(self, separator: _Bytes | tuple[bytes, ...] = b"\n") -> bytes: ...
    async def read(self, n: int = -1) -> bytes: ...
    async def readexactly(self, n: int) -> bytes: ...
    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def __anext__(self) -> bytes: ...

class StreamWriter:
    def __init__(self, transport: _asyncio.WriteTransport, protocol: _asyncio.BaseProtocol,
                 reader: StreamReader | None, loop: _asyncio.AbstractEventLoop) -> None: ...
    @property
    def gobject(self) -> GProc.Writer: ...
    @property
    def transport(self) -> _asyncio.WriteTransport: ...
    def write(self, data: _Bytes) -> None: ...
    def writelines(self, data: Iterable[_Bytes]) -> None: ...
    def write_eof(self) -> None: ...
    def can_write_eof(self) -> bool: ...
    def close(self) -> None: ...
    def is_closing(self) -> bool: ...
    async def wait_closed(self) -> None: ...
    def get_extra_info(self, name: str, default: Any = None) -> Any: ...
    async def drain(self) -> None: ...
    async def start_tls(self, sslcontext: _ssl.SSLContext, *, server_hostname: str | None = None,
                        ssl_handshake_timeout: float | None = None,
                        ssl_shutdown_timeout: float | None = None) -> None: ...

class StreamReaderProtocol(_asyncio.Protocol):
    def __init__(self, stream_reader: StreamReader, client_connected_cb: _Callback | None = None,
                 loop: _asyncio.AbstractEventLoop | None = None) -> None: ...
    def connection_made(self, transport: _asyncio.BaseTransport) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def data_received(self, data: bytes) -> None: ...
    def eof_received(self) -> bool | None: ...

class Server(_asyncio.AbstractServer):
    @property
    def sockets(self) -> tuple[Any, ...]: ...
    def get_loop(self) -> _asyncio.AbstractEventLoop: ...
    def is_serving(self) -> bool: ...
    async def start_serving(self) -> None: ...
    async def serve_forever(self) -> None: ...
    def close(self) -> None: ...
    def close_clients(self) -> None: ...
    def abort_clients(self) -> None: ...
    async def wait_closed(self) -> None: ...
    async def __aenter__(self: _Self) -> _Self: ...

async def open_connection(
    host: str | None = None, port: int | str | None = None, *, limit: int = 65536,
    ssl: bool | _ssl.SSLContext | None = None, family: int = 0, proto: int = 0, flags: int = 0,
    sock: _socket.socket | None = None, local_addr: tuple[str, int] | None = None,
    server_hostname: str | None = None, ssl_handshake_timeout: float | None = None,
    ssl_shutdown_timeout: float | None = None, happy_eyeballs_delay: float | None = None,
    interleave: int | None = None, all_errors: bool = False,
) -> tuple[StreamReader, StreamWriter]: ...
async def open_unix_connection(
    path: _Argument | None = None, *, limit: int = 65536, ssl: bool | _ssl.SSLContext | None = None,
    sock: _socket.socket | None = None, server_hostname: str | None = None,
    ssl_handshake_timeout: float | None = None, ssl_shutdown_timeout: float | None = None,
) -> tuple[StreamReader, StreamWriter]: ...
async def start_server(
    client_connected_cb: _Callback, host: str | Iterable[str] | None = None,
    port: int | str | None = None, *, limit: int = 65536, family: int = ..., flags: int = ...,
    sock: _socket.socket | None = None, backlog: int = 100,
    ssl: _ssl.SSLContext | None = None, reuse_address: bool | None = None,
    reuse_port: bool | None = None, keep_alive: bool | None = None,
    ssl_handshake_timeout: float | None = None, ssl_shutdown_timeout: float | None = None,
    start_serving: bool = True,
) -> Server: ...
async def start_unix_server(
    client_connected_cb: _Callback, path: _Argument | None = None, *, limit: int = 65536,
    sock: _socket.socket | None = None, backlog: int = 100, ssl: _ssl.SSLContext | None = None,
    ssl_handshake_timeout: float | None = None, ssl_shutdown_timeout: float | None = None,
    start_serving: bool = True, cleanup_socket: bool = False,
) -> Server: ...
def wrap(gobject: Any, *, limit: int = 65536) -> Any: ...
def wrap_process(stream: Any, *, limit: int = 65536) -> subprocess.Process: ...

# Modal's names

class InvalidError(Exception): ...

class StreamType(enum.Enum):
    PIPE = -1
    DEVNULL = -3
    STDOUT = -2

class _Call(Generic[_P, _R]):
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R: ...
    async def aio(self, *args: _P.args, **kwargs: _P.kwargs) -> _R: ...

class _ProcessReader(Generic[AnyStr]):
    text: bool
    @property
    def file_descriptor(self) -> int: ...
    read: _Call[[], AnyStr]
    def __iter__(self) -> Iterator[AnyStr]: ...
    def __next__(self) -> AnyStr: ...
    def __aiter__(self) -> AsyncIterator[AnyStr]: ...
    async def __anext__(self) -> AnyStr: ...

class _ProcessWriter:
    def write(self, data: _Bytes | str) -> None: ...
    def write_eof(self) -> None: ...
    drain: _Call[[], None]

class _Terminate:
    @overload
    def __call__(self, *, wait: Literal[False] = False) -> None: ...
    @overload
    def __call__(self, *, wait: bool) -> int | None: ...
    async def aio(self, *, wait: bool = False) -> int | None: ...

class ContainerProcess(Generic[AnyStr]):
    @property
    def stdin(self) -> _ProcessWriter: ...
    @property
    def stdout(self) -> _ProcessReader[AnyStr]: ...
    @property
    def stderr(self) -> _ProcessReader[AnyStr]: ...
    @property
    def pid(self) -> int: ...
    @property
    def gobject(self) -> GProc.Stream: ...
    @property
    def returncode(self) -> int: ...
    poll: _Call[[], int | None]
    wait: _Call[[], int]
    terminate: _Terminate

class _Spawn:
    @overload
    def __call__(self, *argv: _Argument, stdout: StreamType | int = ..., stderr: StreamType | int = ...,
                 text: Literal[True] = True, by_line: bool = False, bufsize: Literal[-1, 1] = -1,
                 timeout: float | None = None, workdir: _Argument | None = None,
                 env: Mapping[str, str | None] | None = None, stdin_limit: int | None = ...,
                 output_limit: int | None = None) -> ContainerProcess[str]: ...
    @overload
    def __call__(self, *argv: _Argument, text: Literal[False], stdout: StreamType | int = ...,
                 stderr: StreamType | int = ..., by_line: Literal[False] = False,
                 bufsize: Literal[-1] = -1, timeout: float | None = None,
                 workdir: _Argument | None = None, env: Mapping[str, str | None] | None = None,
                 stdin_limit: int | None = ...,
                 output_limit: int | None = None) -> ContainerProcess[bytes]: ...
    @overload
    async def aio(self, *argv: _Argument, stdout: StreamType | int = ...,
                  stderr: StreamType | int = ..., text: Literal[True] = True, by_line: bool = False,
                  bufsize: Literal[-1, 1] = -1, timeout: float | None = None,
                  workdir: _Argument | None = None, env: Mapping[str, str | None] | None = None,
                  stdin_limit: int | None = ...,
                  output_limit: int | None = None) -> ContainerProcess[str]: ...
    @overload
    async def aio(self, *argv: _Argument, text: Literal[False], stdout: StreamType | int = ...,
                  stderr: StreamType | int = ..., by_line: Literal[False] = False,
                  bufsize: Literal[-1] = -1, timeout: float | None = None,
                  workdir: _Argument | None = None, env: Mapping[str, str | None] | None = None,
                  stdin_limit: int | None = ...,
                  output_limit: int | None = None) -> ContainerProcess[bytes]: ...

spawn: _Spawn

# What other versions of asyncio have besides.
def __getattr__(name: str) -> Any: ...
