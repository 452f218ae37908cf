# SPDX-License-Identifier: LGPL-2.1-or-later
# Made by generate.py: change differences.py, or the sources that the GIR is made of.
# mypy: disable-error-code="misc, override"

from collections.abc import Callable, Coroutine, Generator, Iterable, Sequence
from os import PathLike
from types import TracebackType
from typing import Any, ClassVar, overload

from gi.repository import Gio, GLib, GObject, GProc

_Path = str | bytes | PathLike[str] | PathLike[bytes]
# Engine has a function of that name.
_List = list

class _Opening(Coroutine[Any, Any, GProc.Stream]):
    def __await__(self) -> Generator[Any, Any, GProc.Stream]: ...
    async def __aenter__(self) -> GProc.Stream: ...
    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        traceback: TracebackType | None, /) -> None: ...
    def send(self, value: Any, /) -> Any: ...
    def throw(self, *error: Any) -> Any: ...
    def close(self) -> None: ...


class LogFlags(int):
    NONE: ClassVar[LogFlags]
    FOLLOW: ClassVar[LogFlags]
    TIMESTAMPS: ClassVar[LogFlags]
    def __or__(self, other: LogFlags) -> LogFlags: ...
    def __and__(self, other: LogFlags) -> LogFlags: ...

class Container(GObject.Object):
    @property
    def engine(self) -> Engine: ...
    @property
    def id(self) -> str: ...
    @property
    def image(self) -> str | None: ...
    @property
    def is_pty(self) -> bool: ...
    @property
    def name(self) -> str | None: ...
    @property
    def returncode(self) -> int | None: ...
    @property
    def running(self) -> bool: ...
    @property
    def state(self) -> str: ...
    def __init__(self) -> None: ...
    def attach(self, cancellable: Gio.Cancellable | None = None) -> GProc.Stream: ...
    @overload
    def attach_async(
        self,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = None,
    ) -> _Opening: ...
    @overload
    def attach_async(
        self,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., object] | None,
        *user_data: Any,
    ) -> None: ...
    def attach_finish(self, result: Gio.AsyncResult) -> GProc.Stream: ...
    def exec(
        self,
        argv: Iterable[_Path],
        launcher: GProc.Launcher | None = None,
        cancellable: Gio.Cancellable | None = None,
    ) -> GProc.Stream: ...
    @overload
    def exec_async(
        self,
        argv: Iterable[_Path],
        launcher: GProc.Launcher | None = None,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = None,
    ) -> _Opening: ...
    @overload
    def exec_async(
        self,
        argv: Iterable[_Path],
        launcher: GProc.Launcher | None,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., object] | None,
        *user_data: Any,
    ) -> None: ...
    def exec_finish(self, result: Gio.AsyncResult) -> GProc.Stream: ...
    def get_engine(self) -> Engine: ...
    def get_id(self) -> str: ...
    def get_image(self) -> str | None: ...
    def get_is_pty(self) -> bool: ...
    def get_name(self) -> str | None: ...
    def get_returncode(self) -> int | None: ...
    def get_running(self) -> bool: ...
    def get_state(self) -> str: ...
    def kill(self, signum: int, cancellable: Gio.Cancellable | None = None) -> bool: ...
    @overload
    def kill_async(
        self,
        signum: int,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, bool]: ...
    @overload
    def kill_async(
        self,
        signum: int,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., object] | None,
        *user_data: Any,
    ) -> None: ...
    def kill_finish(self, result: Gio.AsyncResult) -> bool: ...
    def logs(
        self,
        flags: LogFlags = ...,
        tail: int = -1,
        cancellable: Gio.Cancellable | None = None,
    ) -> GProc.Stream: ...
    @overload
    def logs_async(
        self,
        flags: LogFlags = ...,
        tail: int = -1,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = None,
    ) -> _Opening: ...
    @overload
    def logs_async(
        self,
        flags: LogFlags,
        tail: int,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., object] | None,
        *user_data: Any,
    ) -> None: ...
    def logs_finish(self, result: Gio.AsyncResult) -> GProc.Stream: ...
    def refresh(self, cancellable: Gio.Cancellable | None = None) -> bool: ...
    @overload
    def refresh_async(
        self,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, bool]: ...
    @overload
    def refresh_async(
        self,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., object] | None,
        *user_data: Any,
    ) -> None: ...
    def refresh_finish(self, result: Gio.AsyncResult) -> bool: ...
    def remove(self, force: bool = False, cancellable: Gio.Cancellable | None = None) -> bool: ...
    @overload
    def remove_async(
        self,
        force: bool = False,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, bool]: ...
    @overload
    def remove_async(
        self,
        force: bool,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., object] | None,
        *user_data: Any,
    ) -> None: ...
    def remove_finish(self, result: Gio.AsyncResult) -> bool: ...
    def resize(
        self,
        rows: int,
        columns: int,
        cancellable: Gio.Cancellable | None = None,
    ) -> bool: ...
    @overload
    def resize_async(
        self,
        rows: int,
        columns: int,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, bool]: ...
    @overload
    def resize_async(
        self,
        rows: int,
        columns: int,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., object] | None,
        *user_data: Any,
    ) -> None: ...
    def resize_finish(self, result: Gio.AsyncResult) -> bool: ...
    def start(self, cancellable: Gio.Cancellable | None = None) -> bool: ...
    @overload
    def start_async(
        self,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, bool]: ...
    @overload
    def start_async(
        self,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., object] | None,
        *user_data: Any,
    ) -> None: ...
    def start_finish(self, result: Gio.AsyncResult) -> bool: ...
    def stop(self, grace_ms: int = ..., cancellable: Gio.Cancellable | None = None) -> bool: ...
    @overload
    def stop_async(
        self,
        grace_ms: int = ...,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, bool]: ...
    @overload
    def stop_async(
        self,
        grace_ms: int,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., object] | None,
        *user_data: Any,
    ) -> None: ...
    def stop_finish(self, result: Gio.AsyncResult) -> bool: ...
    def wait(self, cancellable: Gio.Cancellable | None = None) -> int: ...
    @overload
    def wait_async(
        self,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, int]: ...
    @overload
    def wait_async(
        self,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., object] | None,
        *user_data: Any,
    ) -> None: ...
    def wait_finish(self, result: Gio.AsyncResult) -> int: ...

class Engine(GObject.Object):
    @property
    def address(self) -> str | None: ...
    ssh_command: _List[str]
    timeout: int
    def __init__(
        self,
        *,
        address: str = ...,
        ssh_command: _List[str] = ...,
        timeout: int = ...,
    ) -> None: ...
    @classmethod
    def new(cls, address: str | None = None) -> Engine: ...
    @classmethod
    def new_connected(
        cls,
        address: str | None = None,
        cancellable: Gio.Cancellable | None = None,
    ) -> Engine: ...
    @overload
    @staticmethod
    def connect_async(
        address: str | None = None,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, Engine]: ...
    @overload
    @staticmethod
    def connect_async(
        address: str | None,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., object] | None,
        *user_data: Any,
    ) -> None: ...
    @staticmethod
    def connect_finish(result: Gio.AsyncResult) -> Engine: ...
    def create(
        self,
        image: str,
        name: str | None = None,
        argv: Iterable[_Path] | None = None,
        launcher: GProc.Launcher | None = None,
        cancellable: Gio.Cancellable | None = None,
    ) -> Container: ...
    @overload
    def create_async(
        self,
        image: str,
        name: str | None = None,
        argv: Iterable[_Path] | None = None,
        launcher: GProc.Launcher | None = None,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, Container]: ...
    @overload
    def create_async(
        self,
        image: str,
        name: str | None,
        argv: Iterable[_Path] | None,
        launcher: GProc.Launcher | None,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., object] | None,
        *user_data: Any,
    ) -> None: ...
    def create_finish(self, result: Gio.AsyncResult) -> Container: ...
    def dup_ssh_command(self) -> _List[str]: ...
    def exec(
        self,
        container: str,
        argv: Iterable[_Path],
        launcher: GProc.Launcher | None = None,
        cancellable: Gio.Cancellable | None = None,
    ) -> GProc.Stream: ...
    @overload
    def exec_async(
        self,
        container: str,
        argv: Iterable[_Path],
        launcher: GProc.Launcher | None = None,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = None,
    ) -> _Opening: ...
    @overload
    def exec_async(
        self,
        container: str,
        argv: Iterable[_Path],
        launcher: GProc.Launcher | None,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., object] | None,
        *user_data: Any,
    ) -> None: ...
    def exec_finish(self, result: Gio.AsyncResult) -> GProc.Stream: ...
    def get_address(self) -> str | None: ...
    def get_container(
        self,
        id_or_name: str,
        cancellable: Gio.Cancellable | None = None,
    ) -> Container: ...
    @overload
    def get_container_async(
        self,
        id_or_name: str,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, Container]: ...
    @overload
    def get_container_async(
        self,
        id_or_name: str,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., object] | None,
        *user_data: Any,
    ) -> None: ...
    def get_container_finish(self, result: Gio.AsyncResult) -> Container: ...
    def get_timeout(self) -> int: ...
    def list(
        self,
        all: bool = False,
        cancellable: Gio.Cancellable | None = None,
    ) -> _List[Container]: ...
    @overload
    def list_async(
        self,
        all: bool = False,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, _List[Container]]: ...
    @overload
    def list_async(
        self,
        all: bool,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., object] | None,
        *user_data: Any,
    ) -> None: ...
    def list_finish(self, result: Gio.AsyncResult) -> _List[Container]: ...
    def ping(self, cancellable: Gio.Cancellable | None = None) -> bool: ...
    @overload
    def ping_async(
        self,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, bool]: ...
    @overload
    def ping_async(
        self,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., object] | None,
        *user_data: Any,
    ) -> None: ...
    def ping_finish(self, result: Gio.AsyncResult) -> bool: ...
    def set_ssh_command(self, ssh_command: Sequence[str] | None = None) -> None: ...
    def set_timeout(self, timeout_ms: int) -> None: ...

