# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the Python override changes of what introspection gives, as generate.py puts it in."""

# Functions whose whole declaration is another.
REPLACED = {
    'Reader.unread': 'def unread(self, data: _Data) -> bool: ...',
    'Reader.read_lines': 'def read_lines(self, max_lines: int = 0, '
                         'cancellable: Gio.Cancellable | None = None) -> GLib.Bytes | None: ...',
    'Reader.try_read_lines': 'def try_read_lines(self, max_lines: int = 0) '
                             '-> GLib.Bytes | None: ...',
    'Reader.read_to_end': 'def read_to_end(self, limit: int = -1, '
                          'cancellable: Gio.Cancellable | None = None) -> GLib.Bytes: ...',
    'Reader.read_until': 'def read_until(self, separator: _Data, '
                         'cancellable: Gio.Cancellable | None = None) -> GLib.Bytes: ...',
    'Reader.read_until_any': 'def read_until_any(self, separators: _Data | Iterable[_Data], '
                             'cancellable: Gio.Cancellable | None = None) -> GLib.Bytes: ...',
    'Reader.expect': 'def expect(self, patterns: _Patterns, timeout_ms: int = -1, '
                     'cancellable: Gio.Cancellable | None = None) -> Match: ...',
    'Reader.try_expect': 'def try_expect(self, patterns: _Patterns) -> Match: ...',
    'Recorder.add_output': 'def add_output(self, data: _Data) -> None: ...',
    'Recorder.add_input': 'def add_input(self, data: _Data) -> None: ...',
    'Recorder.finish': 'def finish(self, returncode: int | None = None) -> bool: ...',
    'Recording.new_for_bytes': '@staticmethod\ndef new_for_bytes(data: _Data) -> Recording: ...',
    'Recording.new_for_path': '@staticmethod\ndef new_for_path(path: _Path) -> Recording: ...',
    'Writer.queue': 'def queue(self, data: _Data) -> bool: ...',
    'Writer.queue_bytes': 'def queue_bytes(self, data: _Data) -> bool: ...',
    'Writer.queuev': 'def queuev(self, pieces: Iterable[_Data]) -> bool: ...',
    'Stream.new': '@classmethod\ndef new(cls, argv: Iterable[_Path], '
                  'flags: StreamFlags = ...) -> Stream: ...',
    'Stream.communicate': 'def communicate(self, input: _Data | None = None, '
                          'cancellable: Gio.Cancellable | None = None) -> Result: ...',
    'Stream.communicate_utf8': 'def communicate_utf8(self, input: str | None = None, '
                               'cancellable: Gio.Cancellable | None = None) -> Result: ...',
    'Launcher.spawn': 'def spawn(self, argv: Iterable[_Path]) -> Stream: ...',
    'Launcher.run': 'def run(self, argv: Iterable[_Path], input: _Data | None = None, '
                    'cancellable: Gio.Cancellable | None = None) -> Result: ...',
    'Launcher.set_environ': 'def set_environ(self, variables: Mapping[str, str] | '
                            'Mapping[bytes, bytes] | Iterable[str] | None) -> None: ...',
    'Launcher.setenv': 'def setenv(self, variable: str, value: str, '
                       'overwrite: bool = True) -> None: ...',
    'Pipeline.append': '@overload\ndef append(self, argv: Iterable[_Path]) -> None: ...\n'
                       '@overload\ndef append(self, launcher: Launcher | None, '
                       'argv: Iterable[_Path]) -> None: ...',
    'Reader.new': '@classmethod\ndef new(cls, base_stream: _Source) -> Reader: ...',
    'Writer.new': '@classmethod\ndef new(cls, base_stream: _Target) -> Writer: ...',
    'Pump.new': '@classmethod\ndef new(cls, source: _Source, target: _Target) -> Pump: ...',
    'Demuxer.new': '@classmethod\ndef new(cls, base_stream: _Source) -> Demuxer: ...',
    'Muxer.new': '@classmethod\ndef new(cls, base_stream: _Target) -> Muxer: ...',
    'Muxer.queue': 'def queue(self, stream_number: int, data: _Data) -> bool: ...',
    'Muxer.queue_bytes': 'def queue_bytes(self, stream_number: int, bytes: _Data) -> bool: ...',
    'Muxer.write_frame': 'def write_frame(self, stream_number: int, bytes: _Data, '
                         'cancellable: Gio.Cancellable | None = None) -> bool: ...',
    'select': 'def select(readers: Sequence[Reader | Pump | Demuxer], writers: Sequence[Writer] = ..., '
              'timeout_ms: int = -1, cancellable: Gio.Cancellable | None = None) '
              '-> list[Reader | Pump | Demuxer | Writer]: ...',
}
for _name, _argument in (('stdin_file', 'path'), ('stdout_file', 'path'), ('stderr_file', 'path')):
    REPLACED['Launcher.set_' + _name] = (f'def set_{_name}(self, path: _Path, '
                                         'flags: FileFlags = ...) -> None: ...')
REPLACED['Launcher.set_cwd'] = 'def set_cwd(self, cwd: _Path | None) -> None: ...'
REPLACED['Launcher.set_executable'] = ('def set_executable(self, '
                                       'executable: _Path | None) -> None: ...')

# A number that stands for "none" is None.
RESULTS = {f'{_owner}.{_name}': 'int | None'
           for _owner in ('Stream', 'Pipeline')
           for _name in ('get_returncode', 'try_wait', 'wait', 'wait_finish')}
RESULTS.update({f'Demuxer.{_name}': 'tuple[int, GLib.Bytes] | None'
                for _name in ('read_frame', 'try_read_frame', 'read_frame_finish')})
RESULTS.update({'Stream.wait_buffered': 'int | None', 'Stream.wait_buffered_finish': 'int | None',
                'Pipeline.get_returncodes': 'list[int | None]', 'Terminal.attach_finish': 'int | None'})

# What asynchronous functions take besides, and what may be left out.
_DATA, _ARGV = ('_Data', False), ('Iterable[_Path]', False)
TYPES = {
    'Reader.read_until_async': {'separator': _DATA},
    'Reader.read_until_any_async': {'separators': ('_Data | Iterable[_Data]', False)},
    'Reader.expect_async': {'patterns': ('_Patterns', False)},
    'Stream.communicate_async': {'input': ('_Data', True)},
    'Muxer.write_frame_async': {'bytes': _DATA},
    'Launcher.spawn_async': {'argv': _ARGV},
    'Launcher.run_async': {'argv': _ARGV, 'input': ('_Data', True)},
}
DEFAULTS = {
    'Reader.expect_async': {'timeout_ms': '-1'},
    'Reader.read_lines_async': {'max_lines': '0'},
    'Reader.read_to_end_async': {'limit': '-1'},
    'Stream.stop_async': {'grace_ms': '...'},
    'Pipeline.stop_async': {'grace_ms': '...'},
    'Stream.splice_async': {'flags': '...'},
}

_WITH = '''
def __enter__(self: _Self) -> _Self: ...
def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
             traceback: TracebackType | None, /) -> None: ...
async def __aenter__(self: _Self) -> _Self: ...
async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                    traceback: TracebackType | None, /) -> None: ...
'''
_CLOSE = '''
def close(self, cancellable: Gio.Cancellable | None = None) -> bool: ...
@overload
def close_async(self, io_priority: int = ...,
                cancellable: Gio.Cancellable | None = None) -> Coroutine[Any, Any, bool]: ...
@overload
def close_async(self, io_priority: int, cancellable: Gio.Cancellable | None,
                callback: Callable[..., object] | None, *user_data: Any) -> None: ...
'''


def _asynchronous(name, leading, result, default_leading=None):
    """An asynchronous function of GIO that the override makes awaitable."""
    return f'''
@overload
def {name}_async(self, {default_leading or leading}io_priority: int = ...,
                 cancellable: Gio.Cancellable | None = None) -> Coroutine[Any, Any, {result}]: ...
@overload
def {name}_async(self, {leading}io_priority: int, cancellable: Gio.Cancellable | None,
                 callback: Callable[..., object] | None, *user_data: Any) -> None: ...
'''


# What is there besides.
ADDED = {
    'Match': 'def __getitem__(self, group: int | str) -> bytes | None: ...',
    'Demuxer': '''
def __iter__(self) -> _Frames: ...
def __aiter__(self) -> _Frames: ...
def fileno(self) -> int: ...
''',
    'Pump': 'def fileno(self) -> int: ...',
    'Reader': '''
def fileno(self) -> int: ...
def __iter__(self) -> _Iterator[bytes]: ...
def __aiter__(self) -> _Iterator[bytes]: ...
@overload
def lines(self, *, text: Literal[False] = False, separators: _Data | Iterable[_Data] | None = None,
          strip: bool = False, encoding: str = "utf-8", errors: str = "strict",
          io_priority: int = ...) -> _Iterator[bytes]: ...
@overload
def lines(self, *, text: Literal[True], separators: _Data | Iterable[_Data] | None = None,
          strip: bool = False, encoding: str = "utf-8", errors: str = "strict",
          io_priority: int = ...) -> _Iterator[str]: ...
@overload
def chunks(self, *, text: Literal[False] = False, size: int = ..., encoding: str = "utf-8",
           errors: str = "strict", io_priority: int = ...) -> _Iterator[bytes]: ...
@overload
def chunks(self, *, text: Literal[True], size: int = ..., encoding: str = "utf-8",
           errors: str = "strict", io_priority: int = ...) -> _Iterator[str]: ...
''' + _CLOSE + _asynchronous('read_bytes', 'count: int, ', 'GLib.Bytes')
    + _asynchronous('skip', 'count: int, ', 'int'),
    'Writer': 'def fileno(self) -> int: ...' + _CLOSE + _asynchronous('flush', '', 'bool')
    + _asynchronous('write', 'buffer: _Data, ', 'int')
    + _asynchronous('write_bytes', 'bytes: _Data, ', 'int')
    + _asynchronous('splice',
                    'source: Gio.InputStream, flags: Gio.OutputStreamSpliceFlags, ', 'int',
                    'source: Gio.InputStream, flags: Gio.OutputStreamSpliceFlags = ..., '),
    'Stream': _CLOSE + _WITH,
    'Pipeline': _CLOSE + _WITH,
}

MODULE = '''
class _Iterator(Generic[_T]):
    def __iter__(self: _Self) -> _Self: ...
    def __aiter__(self: _Self) -> _Self: ...
    def __next__(self) -> _T: ...
    async def __anext__(self) -> _T: ...
    def __enter__(self: _Self) -> _Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None, /) -> None: ...
    async def __aenter__(self: _Self) -> _Self: ...
    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        traceback: TracebackType | None, /) -> None: ...
    def close(self) -> None: ...
    async def aclose(self) -> None: ...

class _Frames:
    def __iter__(self: _Self) -> _Self: ...
    def __aiter__(self: _Self) -> _Self: ...
    def __next__(self) -> tuple[int, bytes]: ...
    async def __anext__(self) -> tuple[int, bytes]: ...

def create_task(coroutine: Coroutine[Any, Any, _T]) -> _Task[_T]: ...

class NotFoundError(GLib.Error, FileNotFoundError): ...
class PermissionDeniedError(GLib.Error, PermissionError): ...
class ConnectionLostError(GLib.Error, BrokenPipeError, ConnectionResetError): ...
class ConnectionRefusedByPeerError(GLib.Error, ConnectionRefusedError): ...
class TimedOutError(GLib.Error, TimeoutError): ...
class WouldBlockError(GLib.Error, BlockingIOError): ...
class NoProcessError(GLib.Error, ProcessLookupError): ...
class IncompleteReadError(GLib.Error, EOFError):
    partial: bytes
    expected: int | None
class LimitOverrunError(GLib.Error, ValueError):
    consumed: int
'''
