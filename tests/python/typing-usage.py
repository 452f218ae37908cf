# SPDX-License-Identifier: LGPL-2.1-or-later
"""Read by a type checker, never run: it accepts every line but those that say what is wrong."""

import gi

gi.require_version('GProc', '1')

from gi.repository import Gio, GLib, GObject, GProc  # noqa: E402
from gi.repository.GProc import aio as asyncio  # noqa: E402


def done(source: object, result: object) -> None:
    pass


def classes(path: bytes) -> int:
    stream = GProc.Stream.new(['cat', path], GProc.StreamFlags.STDERR_PIPE | GProc.StreamFlags.NONE)
    reader, writer = stream.get_stdout(), stream.get_stdin()
    assert reader is not None and writer is not None
    writer.queue(b'bytes')
    writer.queue('text')
    writer.queue(memoryview(b'view'))
    writer.queue(7)  # error: arg-type
    writer.queuev([b'a', 'b'])
    writer.set_watermarks(1, None)  # error: arg-type
    line: bytes
    for line in reader:
        pass
    text: str
    for text in reader.lines(text=True, strip=True):
        pass
    for text in reader.lines(strip=True):  # error: assignment
        pass
    for line in reader.chunks(size='big'):  # error: call-overload
        pass
    for text in reader.lines(text=True, io_priority=GLib.PRIORITY_LOW):
        pass
    for line in reader.lines(io_priority='low'):  # error: call-overload
        pass
    reader.read_until('\0')
    reader.read_until_any([b'\n', '\r'])
    reader.read_exactly()  # error: call-arg
    reader.read_line_async(GLib.PRIORITY_DEFAULT, None, done)
    reader.read_line_async(None, None, done)  # error: call-overload
    reader.limit = 10
    reader.limit = 'ten'  # error: assignment
    reader.bytes_read = 3  # error: misc
    stream.get_stderr().read_line()  # error: union-attr
    status: int = stream.wait()  # error: assignment
    returncode = stream.wait()
    return 0 if returncode is None else returncode


def launchers() -> GProc.Stream:
    launcher = GProc.Launcher(stdout=GProc.Disposition.NULL, timeout=100)
    GProc.Launcher(timeout='long')  # error: arg-type
    launcher.set_stderr(GProc.Disposition.STDOUT)
    launcher.set_stderr(1)  # error: arg-type
    launcher.set_environ({'A': 'b'})
    launcher.setenv('A', None)  # error: arg-type
    launcher.set_cwd(None)
    launcher.spawn('ls')
    launcher.spawn(7)  # error: arg-type
    result = launcher.run(['cat'], b'input')
    out = result.get_stdout_utf8()
    pipeline = GProc.Pipeline()
    pipeline.append(['ls'])
    pipeline.append(None, ['ls'])
    pipeline.append(launcher, argv=['cat', b'-'])
    pipeline.append('cat', '-')  # error: call-overload
    pipeline.append(['cat'], launcher)  # error: call-overload
    GProc.select([], [], 10)
    GProc.select([7])  # error: list-item
    return launcher.spawn(['ls'])


async def awaited(reader: GProc.Reader, stream: GProc.Stream) -> bytes:
    async with stream:
        await stream.communicate_async('input')
        await stream.communicate_async(3)  # error: call-overload
        await stream.stop_async()
        number: str = await stream.wait_async()  # error: assignment
    async for line in reader:
        return line
    async for text in reader.lines(text=True):
        return text  # error: return-value
    await reader.read_lines_async()
    await reader.read_exactly_async()  # error: call-overload
    task = GProc.create_task(stream.wait_async())
    GProc.create_task(7)  # error: arg-type
    try:
        await reader.read_until_async(b'x')
    except GProc.IncompleteReadError as error:
        return error.partial
    except (GProc.NotFoundError, FileNotFoundError, GLib.Error):
        pass
    return b''


async def as_asyncio(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    data = await reader.readline()
    writer.write(data)
    writer.write('text')  # error: arg-type
    await writer.drain()
    text: str = await reader.read(3)  # error: assignment
    inner: GProc.Reader = reader.gobject
    process = await asyncio.create_subprocess_exec('cat', stdin=asyncio.subprocess.PIPE)
    await asyncio.create_subprocess_exec(['cat'])  # error: arg-type
    out, err = await process.communicate(b'input')
    code: int = await process.wait()
    code = process.returncode  # error: assignment
    server = await asyncio.start_server(as_asyncio, '127.0.0.1', 8888)
    await asyncio.start_server(as_asyncio, 8888)  # error: arg-type
    async with server:
        await server.serve_forever()
    await asyncio.gather(asyncio.sleep(1), asyncio.sleep('long'))  # error: call-overload


async def as_modal() -> str:
    process = asyncio.spawn('cat', by_line=True, stderr=asyncio.StreamType.DEVNULL)
    process.stdin.write('text')
    process.stdin.write(3)  # error: arg-type
    process.stdin.drain()
    await process.stdin.drain.aio()
    await process.stdin.drain()  # error: misc
    code: int = await process.wait.aio()
    found: int = process.poll()  # error: assignment
    for line in process.stdout:
        return line
    raw = await asyncio.spawn.aio('cat', text=False)
    data: bytes = raw.stdout.read()
    asyncio.spawn('cat', text=False, by_line=True)  # error: call-overload
    asyncio.spawn(['cat'])  # error: call-overload
    async for chunk in raw.stdout:
        return chunk  # error: return-value
    return await process.stdout.read.aio()


class Backend(GObject.Object, GProc.Backend):
    def do_try_wait(self) -> tuple[bool, int]:
        return True, 0

    def do_wait(self, cancellable: Gio.Cancellable | None) -> tuple[bool, int]:
        return True, 0

    def do_send_signal(self, signum: int, to_group: bool) -> bool:
        return True


class WithoutReturncode(GObject.Object, GProc.Backend):
    def do_try_wait(self) -> bool:  # error: override
        return True

    def do_wait(self) -> tuple[bool, int]:  # error: override
        return True, 0


def backends(stream: GProc.Stream) -> int:
    backend = stream.get_backend()
    if backend is None:
        return 0
    is_over: bool = backend.try_wait()  # error: assignment
    is_over, returncode = backend.wait()
    rows: str = GProc.Terminal().get_size()[1]  # error: assignment
    rows, columns = GProc.Launcher().get_pty_size()  # error: assignment
    return returncode if is_over else columns


asyncio.run(as_modal())
