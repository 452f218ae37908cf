#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Demuxer and Muxer, on every kind of loop and on none; files as arguments."""

import asyncio
import io
import os
import select
import socket
import struct
import tempfile

from support import GLib, GProc, Gio, fails, is_io_error, on_each_loop, pipe, tap


def frame(number, data):
    return struct.pack('>BxxxL', number, len(data)) + data


STREAM = (frame(2, b'a warning\n') + frame(1, b'one\ntw') + frame(1, b'') + frame(1, b'o\n')
          + frame(2, b'another\n'))


def demuxer():
    reader, fd = pipe()
    return GProc.Demuxer.new(reader), fd


async def both_outputs():
    """Each is awaited while the other is."""
    demux, fd = demuxer()

    async def lines(reader):
        return [line async for line in reader]

    out, err = (asyncio.ensure_future(lines(reader)) for reader in (demux.stdout, demux.stderr))
    for place in range(0, len(STREAM), 7):
        os.write(fd, STREAM[place:place + 7])
        await asyncio.sleep(0)
    os.close(fd)
    assert await out == [b'one\n', b'two\n']
    assert await err == [b'a warning\n', b'another\n']


async def frames_in_order():
    demux, fd = demuxer()

    async def feed():
        for place in range(0, len(STREAM), 5):
            os.write(fd, STREAM[place:place + 5])
            await asyncio.sleep(0)
        os.close(fd)

    feeding = asyncio.ensure_future(feed())
    number, data = await demux.read_frame_async()
    assert (number, data.get_data()) == (2, b'a warning\n')
    assert [found async for found in demux] == [(1, b'one\ntw'), (1, b''), (1, b'o\n'),
                                                (2, b'another\n')]
    assert await demux.read_frame_async() is None
    await feeding


async def a_cancelled_task_loses_nothing():
    demux, fd = demuxer()
    task = asyncio.ensure_future(demux.read_frame_async())
    os.write(fd, STREAM[:9])
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
    os.write(fd, STREAM[9:])
    os.close(fd)
    number, data = await demux.read_frame_async()
    assert (number, data.get_data()) == (2, b'a warning\n')


async def a_frame_is_written():
    reader, fd = pipe()
    mux = GProc.Muxer.new(GProc.Writer.new_for_fd(fd, True))
    assert await mux.write_frame_async(1, 'one\n')
    assert await mux.write_frame_async(2, b'two\n')
    # More than a pipe holds.
    demux = GProc.Demuxer.new(reader)
    writing = asyncio.ensure_future(mux.write_frame_async(1, bytes(1 << 20)))
    assert (await demux.stdout.read_exactly_async(8)).get_data() == b'one\n' + bytes(4)
    assert (await demux.stderr.read_line_async()).get_data() == b'two\n'
    assert (await demux.stdout.read_exactly_async((1 << 20) - 4)).get_size() == (1 << 20) - 4
    assert await writing
    await mux.writer.close_async()
    assert await demux.stdout.read_some_async(1) is None


def without_a_loop():
    demux, fd = demuxer()
    assert is_io_error(fails(BlockingIOError, demux.try_read_frame), Gio.IOErrorEnum.WOULD_BLOCK)
    os.write(fd, STREAM)
    os.close(fd)
    assert demux.try_read_frame()[0] == 2
    number, data = demux.read_frame()
    assert (number, data.get_data()) == (1, b'one\ntw')
    assert list(demux) == [(1, b''), (1, b'o\n'), (2, b'another\n')]
    assert demux.read_frame() is None and demux.try_read_frame() is None


def errors_have_their_codes():
    demux = GProc.Demuxer.new(io.BytesIO(frame(1, b'out') + frame(3, b'no such container')))
    assert demux.stdout.read_some(10, None).get_data() == b'out'
    error = fails(GLib.Error, demux.stdout.read_some, 10, None)
    assert error.matches(GProc.StreamError.quark(), GProc.StreamError.ENGINE)
    assert 'no such container' in error.message
    demux = GProc.Demuxer.new(io.BytesIO(b'HTTP/1.1 404 Not Found'))
    error = fails(GLib.Error, demux.read_frame)
    assert error.matches(GProc.StreamError.quark(), GProc.StreamError.INVALID_FRAME)


def selecting():
    demux, fd = demuxer()
    other, other_fd = pipe()
    things = [demux.stdout, demux.stderr, other]
    assert GProc.select(things, timeout_ms=0) == []
    os.write(fd, frame(2, b'err'))
    assert GProc.select(things) == [demux.stderr]
    assert demux.stderr.try_read_some(10).get_data() == b'err'
    os.write(other_fd, b'x')
    pump = GProc.Pump.new(other, open(os.devnull, 'wb'))
    assert GProc.select([demux, pump], timeout_ms=1000) == [pump]
    assert pump.flush(10) == 1
    os.write(fd, frame(1, b'out'))
    assert GProc.select([demux, pump], timeout_ms=1000) == [demux]

    # They are what Python itself can wait for, too.
    assert select.select([demux.stdout, demux, pump], [], [], 0)[0] == [demux.stdout, demux]
    os.write(fd, frame(1, b'more'))
    assert demux.stdout in select.select([demux.stdout, pump], [], [], 1)[0]
    assert demux.fileno() not in (demux.stdout.fileno(), demux.stderr.fileno())
    os.close(fd)
    os.close(other_fd)


def files_are_streams():
    with tempfile.TemporaryFile() as file:
        mux = GProc.Muxer.new(file)
        assert mux.queue(1, b'one') and mux.queue(2, 'two')
        assert mux.queue_bytes(1, bytearray(b'three')) and mux.write_frame(1, 'four')
        mux.writer.flush(None)
        file.seek(0)
        assert list(GProc.Demuxer.new(file)) == [(1, b'one'), (2, b'two'), (1, b'three'),
                                                 (1, b'four')]
        file.seek(0)
        assert GProc.Reader.new(file).read_some(100, None).get_data() == \
            frame(1, b'one') + frame(2, b'two') + frame(1, b'three') + frame(1, b'four')
    ours, theirs = socket.socketpair()
    with ours, theirs:
        writer = GProc.Writer.new(ours)
        writer.queue(b'test')
        writer.flush(None)
        assert theirs.recv(32) == b'test'
        theirs.sendall(frame(1, b'foo'))
        assert next(iter(GProc.Demuxer.new(ours))) == (1, b'foo')
    assert GProc.Reader.new(io.StringIO('text')).read_some(10, None).get_data() == b'text'
    fails(TypeError, GProc.Demuxer.new, object())
    fails(TypeError, GProc.Muxer.new, io.BytesIO())
    fails(TypeError, GProc.Reader.new, None)
    fails(ValueError, GProc.Reader.new(io.BytesIO()).fileno)
    closed = socket.socket()
    closed.close()
    for make in GProc.Reader.new, GProc.Writer.new, GProc.Demuxer.new:
        fails(ValueError, make, closed)
        fails(ValueError, make, -1)


def closing():
    demux, fd = demuxer()
    os.write(fd, frame(1, b'out'))
    demux.close()
    assert is_io_error(fails(GLib.Error, demux.read_frame), Gio.IOErrorEnum.CLOSED)
    fails(ValueError, demux.fileno)
    os.close(fd)


tap.run('/gproc/python/frames',
        *on_each_loop(both_outputs, frames_in_order, a_cancelled_task_loses_nothing,
                      a_frame_is_written),
        without_a_loop, errors_have_their_codes, selecting, files_are_streams, closing)
