#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""That the kernel moves the bytes by itself, proved by what system calls a transfer makes."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import tap  # noqa: E402

SIZE = 3_000_000
LARGE_SIZE = 400 << 20


def move(source, target, by):
    """What runs under the trace: moves SIZE bytes between descriptors of these kinds."""
    import gi
    gi.require_version('GProc', '1')
    from gi.repository import GProc

    read_fd, feed = ends(source, True)
    drain, write_fd = ends(target, False)
    threads = [threading.Thread(target=function, args=(fd,)) for function, fd
               in ((write_all, feed), (read_all, drain)) if fd is not None]
    for thread in threads:
        thread.start()
    MOVES[by](GProc.Reader.new_for_fd(read_fd, True), GProc.Writer.new_for_fd(write_fd, True))
    for thread in threads:
        thread.join()


def by_pump(reader, writer):
    from gi.repository import GProc
    moving = GProc.Pump.new(reader, writer)
    assert moving.run(None) and moving.get_bytes_transferred() == SIZE


def by_splice(reader, writer):
    from gi.repository import Gio
    flags = Gio.OutputStreamSpliceFlags.CLOSE_SOURCE | Gio.OutputStreamSpliceFlags.CLOSE_TARGET
    assert writer.splice(reader, flags, None) == SIZE
    assert reader.is_closed() and writer.is_closed()


def by_splice_async(reader, writer):
    from gi.repository import Gio, GLib
    flags = Gio.OutputStreamSpliceFlags.CLOSE_SOURCE | Gio.OutputStreamSpliceFlags.CLOSE_TARGET
    results = []
    writer.splice_async(reader, flags, GLib.PRIORITY_DEFAULT, None,
                        lambda stream, result: results.append(stream.splice_finish(result)))
    while not results:
        GLib.MainContext.default().iteration(True)
    assert results == [SIZE] and reader.is_closed() and writer.is_closed()


def by_gio(reader, writer):
    """GIO's splice of two streams, of which the second one says nothing back."""
    from gi.repository import Gio, GLib, GProc
    first = Gio.SimpleIOStream.new(reader, GProc.Writer.new_for_fd(os.open('/dev/null', os.O_WRONLY),
                                                                   True))
    quiet, quiet_end = os.pipe()
    second = Gio.SimpleIOStream.new(GProc.Reader.new_for_fd(quiet, True), writer)
    os.close(quiet_end)
    flags = Gio.IOStreamSpliceFlags
    results = []
    first.splice_async(second, flags.WAIT_FOR_BOTH | flags.CLOSE_STREAM1 | flags.CLOSE_STREAM2,
                       GLib.PRIORITY_DEFAULT, None,
                       lambda stream, result: results.append(Gio.IOStream.splice_finish(result)))
    while not results:
        GLib.MainContext.default().iteration(True)
    assert results == [True] and writer.get_bytes_written() == SIZE


MOVES = {'pump': by_pump, 'splice': by_splice, 'splice-async': by_splice_async, 'gio': by_gio}


def ends(kind, for_reading):
    if kind == 'pipe':
        return os.pipe()
    if kind == 'file':
        with tempfile.TemporaryFile() as file:
            if for_reading:
                file.write(bytes(SIZE))
                file.seek(0)
            return (os.dup(file.fileno()), None) if for_reading else (None, os.dup(file.fileno()))
    if kind == 'tcp':
        with socket.create_server(('127.0.0.1', 0)) as server:
            first = socket.create_connection(server.getsockname())
            second = server.accept()[0]
    else:
        first, second = socket.socketpair()
    return first.detach(), second.detach()


def move_between_processes():
    """So much that the two wait for each other many times."""
    import gi
    gi.require_version('GProc', '1')
    from gi.repository import GLib, GProc

    # On one processor each runs until it has to wait.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with subprocess.Popen(['dd', 'if=/dev/zero', 'bs=1M', f'count={LARGE_SIZE >> 20}'],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0) as source, \
            subprocess.Popen(['dd', 'of=/dev/null', 'bs=1M'], stdin=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, bufsize=0) as target:
        reader = GProc.Reader.new_for_fd(os.dup(source.stdout.fileno()), True)
        writer = GProc.Writer.new_for_fd(os.dup(target.stdin.fileno()), True)
        target.stdin.close()
        moving = GProc.Pump.new(reader, writer)
        results = []
        moving.run_async(GLib.PRIORITY_DEFAULT, None,
                         lambda pump, result: results.append(pump.run_finish(result)))
        while not results:
            GLib.MainContext.default().iteration(True)
        assert results == [True] and moving.get_bytes_transferred() == LARGE_SIZE


def write_all(fd):
    with open(fd, 'wb', buffering=0) as file:
        for _ in range(SIZE // 100_000):
            file.write(bytes(100_000))


def read_all(fd):
    with open(fd, 'rb', buffering=0) as file:
        while file.read(1 << 20):
            pass


def moved_by(source, target, by='pump'):
    """How many bytes each system call of the transferring thread moved."""
    if shutil.which('strace') is None:
        raise tap.Skip('strace is not installed')
    with tempfile.TemporaryDirectory() as folder:
        trace = os.path.join(folder, 'trace')
        result = subprocess.run(
            ['strace', '-o', trace, '-e', 'trace=splice,sendfile,copy_file_range', sys.executable,
             __file__, source, target, by], check=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100)
        output = result.stdout.decode()
        if 'PTRACE' in output or 'ptrace' in output:
            raise tap.Skip('nothing can be traced here')
        assert result.returncode == 0, output
        moved = {}
        with open(trace, encoding='utf-8') as file:
            for call, count in re.findall(r'^(\w+)\(.*\) += (\d+)$', file.read(), re.MULTILINE):
                moved[call] = moved.get(call, 0) + int(count)
    return moved


def pipes_and_sockets_are_spliced():
    for source, target in ('pipe', 'pipe'), ('pipe', 'socket'), ('socket', 'pipe'):
        moved = moved_by(source, target)
        assert moved.get('splice', 0) > SIZE // 2, (source, target, moved)


def a_socket_is_spliced_through_a_pipe():
    moved = moved_by('socket', 'socket')
    assert moved.get('splice', 0) > SIZE, moved


def files_are_sent_and_copied():
    for target, call in ('pipe', 'sendfile'), ('socket', 'sendfile'), ('tcp', 'sendfile'), ('file', 'copy_file_range'):
        moved = moved_by('file', target)
        assert moved.get(call, 0) == SIZE, (target, moved)


def a_splice_onto_a_writer_is_the_same():
    for by in 'splice', 'splice-async', 'gio':
        for source, target, call in (('pipe', 'pipe', 'splice'), ('pipe', 'socket', 'splice'),
                                     ('file', 'pipe', 'sendfile'),
                                     ('file', 'file', 'copy_file_range')):
            moved = moved_by(source, target, by)
            assert moved.get(call, 0) > SIZE // 2, (by, source, target, moved)


def the_kernel_goes_on_moving():
    # That neither side has to be waited for, after a call that would have blocked, means only
    # that one of them was faster. It was once counted over the whole transfer.
    moved = moved_by('process', 'process')
    assert moved.get('splice', 0) > LARGE_SIZE * 0.99, moved


if sys.argv[1:3] == ['process', 'process']:
    move_between_processes()
elif len(sys.argv) == 4:
    move(*sys.argv[1:])
else:
    tap.run('/gproc/transfer-trace', pipes_and_sockets_are_spliced,
            a_socket_is_spliced_through_a_pipe, files_are_sent_and_copied,
            a_splice_onto_a_writer_is_the_same, the_kernel_goes_on_moving)
