#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Patterns and recordings, on every kind of loop."""

import asyncio
import os
import re
import tempfile

from support import (GLib, GProc, Gio, fails, is_io_error, pipe, run_on_glib_main_loop, tap)

PROGRAM = ('printf "name? "; read name; echo "hello $name"; printf "> "; read command; '
           'echo "bye $command"; exit 4')


def text_of(value):
    return value.get_data().decode()


async def talk():
    stream = GProc.Stream.new(['sh', '-c', PROGRAM])
    match = await stream.stdout.expect_async(['password', r'\? '], 20000)
    assert match.index == 1 and text_of(match.before) == 'name'
    stream.stdin.queue('Ann\n')
    match = await stream.stdout.expect_async(r'hello (?P<who>\w+)\n')
    assert match[0] == b'hello Ann\n' and match['who'] == match[1] == b'Ann'
    assert match[2] is None and match['nobody'] is None
    failure = None
    try:
        await stream.stdout.expect_async('never', 30)
    except TimeoutError as error:
        failure = error
    assert is_io_error(failure, Gio.IOErrorEnum.TIMED_OUT)
    # What could still go on is the match when the time is over.
    assert (await stream.stdout.expect_async('> ?( x)?', 30)).matched.get_data() == b'> '
    stream.stdin.queue('now\n')
    assert text_of((await stream.stdout.expect_async(re.compile('BYE', re.I))).matched) == 'bye'
    try:
        await stream.stdout.expect_async('never')
    except EOFError as error:
        failure = error
    assert failure.partial == b' now\n'
    assert await stream.wait_async() == 4


def a_dialogue_on_asyncio():
    asyncio.run(talk())


def a_dialogue_on_a_glib_main_loop():
    run_on_glib_main_loop(talk())


def a_cancelled_task_loses_nothing():
    async def main():
        reader, fd = pipe()
        os.write(fd, b'abc12')
        task = asyncio.ensure_future(reader.expect_async('[0-9]+', 60000))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        try:
            await task
            assert False
        except asyncio.CancelledError:
            pass
        os.write(fd, b'3\n')
        match = await reader.expect_async('[0-9]+')
        assert text_of(match.before) == 'abc' and match[0] == b'123'

    asyncio.run(main())


def patterns_are_of_any_kind():
    reader, fd = pipe()
    os.write(fd, b'a\xff\0b\\c text \xc3\xa4.')
    assert reader.expect(b'\xff\0').matched.get_data() == b'\xff\0'
    assert reader.expect([GLib.Regex.new(r'\\', 0, 0)])[0] == b'\\'
    assert reader.expect((re.compile(b'T E X T', re.I | re.X), 'c'))[0] == b'c'
    assert reader.expect(re.compile(b'T E X T', re.I | re.X)).index == 0
    assert reader.try_expect('ä')[0] == 'ä'.encode()
    assert is_io_error(fails(GLib.Error, reader.try_expect, 'x'), Gio.IOErrorEnum.WOULD_BLOCK)
    fails(TypeError, reader.expect, 1)
    fails(TypeError, reader.expect, [1])
    fails(ValueError, reader.expect, [])
    fails(ValueError, reader.expect, 'x', 0.5)
    fails(GLib.Error, reader.expect, '(')
    os.write(fd, b'\xff')
    assert is_io_error(fails(GLib.Error, reader.expect, 'x'), Gio.IOErrorEnum.INVALID_DATA)


def a_session_is_recorded_and_replayed():
    with tempfile.NamedTemporaryFile() as file:
        writer = GProc.Writer.new(Gio.File.new_for_path(file.name).append_to(0, None))
        recorder = GProc.Recorder.new(writer, 24, 80)
        stream = GProc.Stream.new(['sh', '-c', 'echo one; echo grün; exit 3'])
        assert recorder.record(stream)
        lines = list(stream.stdout)
        recorder.add_input('typed\n')
        recorder.add_input(b'typed')
        recorder.add_resize(30, 100)
        assert recorder.finish(stream.wait())
        assert writer.close()
        recording = GProc.Recording.new_for_path(file.name)
    assert (recording.rows, recording.columns, recording.returncode) == (24, 80, 3)

    async def replayed():
        replay = recording.replay(0)
        async with replay:
            return [line async for line in replay.stdout], await replay.wait_async()

    assert asyncio.run(replayed()) == (lines, 3)
    assert run_on_glib_main_loop(replayed()) == (lines, 3)
    replay = recording.replay(0)
    assert list(replay.stdout) == lines and replay.wait() == 3


def a_broken_recording_names_its_line():
    error = fails(GLib.Error, GProc.Recording.new_for_bytes,
                  '{"version": 2, "width": 80, "height": 24}\n[0, "o", "a"]\n[1, "o')
    assert 'Line 3' in str(error), error
    fails(FileNotFoundError, GProc.Recording.new_for_path, '/nowhere/at/all')


tap.run('/gproc/python/expect', a_dialogue_on_asyncio, a_dialogue_on_a_glib_main_loop,
        a_cancelled_task_loses_nothing, patterns_are_of_any_kind,
        a_session_is_recorded_and_replayed, a_broken_recording_names_its_line)
