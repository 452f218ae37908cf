# SPDX-License-Identifier: LGPL-2.1-or-later

from os import PathLike
from typing import IO, Any

from gi.repository import GProc

from . import StreamReader, StreamWriter

PIPE: int
STDOUT: int
DEVNULL: int

class Process:
    stdin: StreamWriter | None
    stdout: StreamReader | None
    stderr: StreamReader | None
    pid: int
    @property
    def gobject(self) -> GProc.Stream: ...
    @property
    def returncode(self) -> int | None: ...
    async def wait(self) -> int: ...
    def send_signal(self, signal: int) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...
    async def communicate(self, input: bytes | bytearray | memoryview | None = None, *,
                          post_exit_grace: float | None = None) -> tuple[bytes, bytes]: ...

_File = int | IO[Any] | None
_Argument = str | bytes | PathLike[str] | PathLike[bytes]

async def create_subprocess_exec(program: _Argument, *args: _Argument, stdin: _File = None,
                                 stdout: _File = None, stderr: _File = None, limit: int = 65536,
                                 **kwds: Any) -> Process: ...
async def create_subprocess_shell(cmd: str | bytes, stdin: _File = None, stdout: _File = None,
                                  stderr: _File = None, limit: int = 65536,
                                  **kwds: Any) -> Process: ...
