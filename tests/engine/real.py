# SPDX-License-Identifier: LGPL-2.1-or-later
"""Processes in a container of a real engine, through introspection: what works for a local one
works for these. To be run by run.sh."""

import faulthandler
import gc
import hashlib
import os
import random
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import gi  # noqa: E402

gi.require_version('GProc', '1')
gi.require_version('GProcEngine', '1')

from gi.repository import Gio, GLib, GProc, GProcEngine  # noqa: E402

import tap  # noqa: E402
from plain import control  # noqa: E402

ADDRESS = os.environ['GPROC_ENGINE']
CONTAINER = os.environ['GPROC_ENGINE_CONTAINER']
IMAGE = os.environ['GPROC_ENGINE_IMAGE']
MEBIBYTE = 1 << 20
TIME_LIMIT = 100
# Waits until its terminal has each of the sizes, and says so. Podman starts a command before it
# gives the terminal its size.
RESIZED = ('for size; do until [ "$(stty size 2>&1)" = "$size" ]; do sleep 0.01; done; '
           'echo $size; done; read word; exit 5')


def engine():
    return GProcEngine.Engine.new(ADDRESS)


def execute(*argv, launcher=None):
    return engine().exec(CONTAINER, list(argv), launcher)


def terminal_launcher():
    launcher = GProc.Launcher()
    for name in 'stdin', 'stdout', 'stderr':
        getattr(launcher, 'set_' + name)(GProc.Disposition.PTY)
    return launcher


def fails(kind, code, function, *arguments):
    try:
        function(*arguments)
    except GLib.Error as error:
        assert error.matches(kind.quark() if hasattr(kind, 'quark') else Gio.io_error_quark(),
                             code), (error.domain, error.code, error.message)
        return error
    raise AssertionError(f'{code} was not raised')


def the_engine_answers():
    assert engine().ping()
    assert GProcEngine.Engine.new_connected(ADDRESS).address == ADDRESS
    names = [container.name for container in engine().list()]
    assert CONTAINER in names, names
    container = engine().get_container(CONTAINER)
    assert container.running and container.state == 'running' and IMAGE in container.image
    assert container.returncode is None
    error = fails(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, engine().get_container, 'nobody')
    assert isinstance(error, FileNotFoundError)
    fails(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, engine().exec, 'nobody', ['true'])
    for call, arguments in ((engine().get_container, ['']), (engine().exec, ['', ['true']]),
                            (engine().create, ['', None, ['true']])):
        fails(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_ARGUMENT, call, *arguments)


def statuses():
    for status in 0, 3, 127, 255:
        stream = execute('sh', '-c', f'exit {status}')
        assert stream.wait() == status and stream.returncode == status
        assert not stream.running and stream.try_wait() == status
    stream = execute('sh', '-c', 'kill -KILL $$')
    assert stream.wait() == 137, stream.returncode
    stream = execute('cat')
    assert stream.running and stream.try_wait() is None and stream.returncode is None
    assert stream.pid <= 0 and stream.identifier
    stream.close()


def a_half_close():
    stream = execute('sort')
    for line in 'c\n', 'a\n', 'b\n':
        stream.stdin.queue(line)
    stream.stdin.write_eof()
    assert list(stream.stdout) == [b'a\n', b'b\n', b'c\n']
    assert stream.stderr.read_to_end().get_data() == b'' and stream.wait() == 0


def closing_the_input_ends_it():
    stream = execute('cat')
    stream.stdin.queue('word\n')
    assert stream.stdin.close()
    assert stream.stdout.read_to_end().get_data() == b'word\n' and stream.wait() == 0


def communicate():
    stream = execute('sh', '-c', 'cat; echo heard >&2; exit 3')
    result = stream.communicate(b'a word\n')
    assert result.stdout.get_data() == b'a word\n', result.stdout.get_data()
    assert result.stderr.get_data() == b'heard\n' and result.returncode == 3
    result = execute('cat').communicate_utf8('grün\n')
    assert result.get_stdout_utf8() == 'grün\n' and result.returncode == 0


def a_duplex_of_100_mebibytes():
    """Written by a thread and read by another, with checksums of both."""
    block = random.Random(1).randbytes(MEBIBYTE)
    blocks = [block[at:] + block[:at] for at in range(100)]
    stream = execute('cat')
    given = hashlib.sha256(b''.join(blocks)).hexdigest()
    errors = []

    def write():
        try:
            for one in blocks:
                stream.stdin.queue(one)
                stream.stdin.drain()
            stream.stdin.write_eof()
        except GLib.Error as error:
            errors.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    came, size = hashlib.sha256(), 0
    while (data := stream.stdout.read_some(MEBIBYTE)) is not None:
        came.update(data.get_data())
        size += data.get_size()
    thread.join()
    assert not errors, errors
    assert size == 100 * MEBIBYTE and came.hexdigest() == given, size
    assert stream.wait() == 0


def outputs_under_load():
    """Both at once, in turns, and both much longer than what is held."""
    script = ('i=0; while [ $i -lt 40 ]; do head -c 100000 /dev/zero | tr "\\0" o; '
              'head -c 70000 /dev/zero | tr "\\0" e >&2; i=$((i+1)); done; exit 4')
    result = execute('sh', '-c', script).communicate()
    out, error = result.stdout.get_data(), result.stderr.get_data()
    assert out == b'o' * 4000000 and error == b'e' * 2800000, (len(out), len(error))
    assert result.returncode == 4


def a_terminal():
    launcher = terminal_launcher()
    launcher.set_pty_size(33, 101)
    stream = execute('sh', '-c', RESIZED, 'sh', '33 101', '40 120', launcher=launcher)
    assert stream.is_pty and stream.stderr is None
    assert stream.stdout.read_line_utf8().strip() == '33 101'
    stream.resize(40, 120)
    assert stream.stdout.read_line_utf8().strip() == '40 120'
    stream.stdin.queue('go\n')
    assert stream.stdout.read_line_utf8().strip() == 'go'
    assert stream.stdout.read_line() is None and stream.wait() == 5
    fails(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_SUPPORTED, execute('cat').resize, 10, 10)


def signals_are_not_supported():
    stream = execute('cat')
    for name in 'terminate', 'kill':
        fails(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_SUPPORTED, getattr(stream, name))
    fails(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_SUPPORTED, stream.send_signal, 2)
    stream.stdin.write_eof()
    assert stream.wait() == 0


def stopping():
    """Of a command in a container nothing can be stopped; leaving `with` lets go of it."""
    stream = execute('cat')
    fails(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_SUPPORTED, stream.stop, 5000)
    stream.stdin.write_eof()
    assert stream.wait() == 0 and stream.stop(0) is True
    with execute('cat') as left:
        left.stdin.queue('word\n')
        assert left.stdout.read_line_utf8() == 'word'
    assert left.is_closed()


def environment_and_folder():
    launcher = GProc.Launcher(cwd='/tmp')
    launcher.setenv('GPROC_WORD', 'a b')
    stream = execute('sh', '-c', 'pwd; echo "$GPROC_WORD"; env', launcher=launcher)
    lines = list(stream.stdout.lines(text=True, strip=True))
    assert lines[:2] == ['/tmp', 'a b'], lines
    assert not [line for line in lines if line.startswith('GPROC_ENGINE')], lines


def fifty_at_once():
    streams = [execute('sh', '-c', f'read word; echo $word {number}; exit {number}')
               for number in range(50)]
    for number, stream in enumerate(streams):
        stream.stdin.queue(f'word{number}\n')
    for number, stream in enumerate(streams):
        assert stream.stdout.read_to_end().get_data() == f'word{number} {number}\n'.encode()
    assert [stream.wait() for stream in streams] == list(range(50))


def a_splice_between_two():
    """GIO's own call, which knows nothing of engines."""
    source = execute('sh', '-c', 'head -c 5000000 /dev/zero | tr "\\0" x; echo end')
    target = execute('md5sum')
    expected = hashlib.md5(b'x' * 5000000 + b'end\n').hexdigest()
    moved = target.stdin.splice(source.stdout, Gio.OutputStreamSpliceFlags.CLOSE_TARGET, None)
    assert moved == 5000004, moved
    assert target.stdout.read_line_utf8().split()[0] == expected
    assert source.wait() == 0 and target.wait() == 0


def a_duplex_splice():
    """As GIO's for two I/O streams: each one's output is the other's input."""
    left = execute('sh', '-c', 'echo one; read answer; echo "$answer" >&2')
    right = execute('sh', '-c', 'read word; echo "$word, two"')
    loop, results = GLib.MainLoop(), []

    def done(stream, result):
        results.append(stream.splice_finish(result))
        loop.quit()

    left.splice_async(right, Gio.IOStreamSpliceFlags.WAIT_FOR_BOTH, 0, None, done)
    loop.run()
    assert results == [True]
    assert left.stderr.read_line_utf8() == 'one, two'
    assert left.wait() == 0 and right.wait() == 0


def a_pump_from_a_local_process():
    local = GProc.Stream.new(['seq', '100000'])
    remote = execute('md5sum')
    pump = GProc.Pump.new(local.stdout, remote.stdin)
    pump.set_propagate_close(True)
    pump.run()
    expected = hashlib.md5(b''.join(b'%d\n' % number for number in range(1, 100001))).hexdigest()
    assert remote.stdout.read_line_utf8().split()[0] == expected
    assert local.wait() == 0 and remote.wait() == 0


def select():
    quick = execute('echo', 'quick')
    slow = execute('cat')
    ready = GProc.select([slow.stdout, quick.stdout], [], 20000)
    assert ready == [quick.stdout], ready
    assert quick.stdout.read_line() is not None
    slow.stdin.queue('now\n')
    assert GProc.select([slow.stdout], [], 20000) == [slow.stdout]
    assert slow.stdout.read_line_utf8() == 'now'
    slow.stdin.write_eof()
    assert slow.wait() == 0 and quick.wait() == 0


def lines_in_blocks():
    stream = execute('seq', '200000')
    count = 0
    while (block := stream.stdout.read_lines(5000)) is not None:
        data = block.get_data()
        assert data.endswith(b'\n')
        count += data.count(b'\n')
    assert count == 200000 and stream.wait() == 0


def containers():
    container = engine().create(IMAGE, None, ['sh', '-c', 'read word; echo "<$word>"; exit 6'])
    try:
        assert container.state == 'created', container.state
        stream = container.attach()
        assert container.start()
        stream.stdin.queue('attached\n')
        assert list(stream.stdout) == [b'<attached>\n']
        assert container.wait() == 6 and stream.wait() == 6
        assert container.refresh() and not container.running and container.returncode == 6
        assert list(container.logs().stdout) == [b'<attached>\n']
    finally:
        assert container.remove(True)
    fails(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, container.refresh)


def a_container_takes_signals():
    container = engine().create(IMAGE, None, ['sh', '-c', 'trap "exit 9" TERM; echo up; '
                                              'while :; do sleep 0.1; done'])
    try:
        stream = container.attach()
        container.start()
        assert stream.stdout.read_line_utf8() == 'up'
        stream.send_signal(15)
        assert stream.wait() == 9
        container.start()
        assert container.kill(9)
        assert container.wait() == 137
    finally:
        container.remove(True)


def the_engine_ends_in_the_middle():
    stream = execute('sh', '-c', 'echo up; cat')
    assert stream.stdout.read_line_utf8() == 'up'
    assert control('kill') == 'done'
    try:
        try:
            assert stream.stdout.read_some(100) is None
        except GLib.Error as error:
            assert 'frame' not in error.message, error.message
        # Nobody can say how it ended, and nothing waits for ever.
        error = fails(Gio.IOErrorEnum, Gio.IOErrorEnum.CONNECTION_REFUSED, stream.wait)
        assert stream.returncode is None
        error = fails(Gio.IOErrorEnum, Gio.IOErrorEnum.CONNECTION_REFUSED, engine().ping)
        assert isinstance(error, ConnectionRefusedError)
    finally:
        assert control('start') == 'done'
    assert execute('true').wait() == 0


def nothing_is_left_open():
    def descriptors():
        gc.collect()
        context = GLib.MainContext.default()
        while context.iteration(False):
            pass
        return len(os.listdir('/proc/self/fd'))

    execute('true').wait()
    before = descriptors()
    for _ in range(10):
        execute('sh', '-c', 'echo a; echo b >&2').communicate()
        abandoned = execute('cat')
        abandoned.abort()
        del abandoned
    after = descriptors()
    assert after == before, (before, after)


TESTS = (
    the_engine_answers, statuses, a_half_close, closing_the_input_ends_it, communicate,
    a_duplex_of_100_mebibytes,
    outputs_under_load, a_terminal, signals_are_not_supported, stopping,
    environment_and_folder, fifty_at_once, a_splice_between_two, a_duplex_splice,
    a_pump_from_a_local_process, select, lines_in_blocks, containers, a_container_takes_signals,
    the_engine_ends_in_the_middle, nothing_is_left_open,
)
if __name__ == '__main__':
    faulthandler.dump_traceback_later(TIME_LIMIT, exit=True)
    chosen = sys.argv[1:]
    tap.run('/engine/real', *[test for test in TESTS if not chosen or test.__name__ in chosen])
