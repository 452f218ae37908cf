#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs that users will want to write, in Python, on what introspection gives alone."""

import os
import signal
import sys

import gi

gi.require_version('GProc', '1')

from gi.repository import Gio, GLib, GProc  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import tap  # noqa: E402

TESTPROG = os.environ['GPROC_TESTPROG']


def complete(start):
    """Calls START with a callback and gives what the callback got."""
    results = []
    start(lambda source, result, *data: results.append(result))
    assert not results, 'the callback ran inside the call'
    while not results:
        GLib.MainContext.default().iteration(True)
    return results[0]


def fails(domain, code, function, *arguments):
    try:
        function(*arguments)
    except GLib.Error as error:
        assert error.matches(domain, code), error
        return error
    raise AssertionError('no error was raised')


def one_process_answers_several_requests():
    cat = GProc.Stream.new(['cat'], GProc.StreamFlags.NONE)
    for line in b'first\n', b'\n', b'with \0 in it\n', b'\xff\xfe\n':
        assert cat.get_stdin().queue(line)
        assert cat.get_stdout().read_line(None).get_data() == line
    cat.get_stdin().write_eof()
    assert cat.get_stdout().read_line(None) is None
    assert cat.wait(None) == 0


def a_program_is_run_for_its_output():
    launcher = GProc.Launcher()
    arguments = ['sh', '-c', 'tr a-z A-Z; echo problem >&2; exit 3']
    launcher.set_stderr(GProc.Disposition.PIPE)
    result = launcher.run_finish(complete(lambda callback: launcher.run_async(
        arguments, GLib.Bytes.new(b'input'), GLib.PRIORITY_DEFAULT, None, callback)))
    assert result.get_returncode() == 3
    assert result.get_stdout().get_data() == b'INPUT'
    assert result.get_stderr_utf8() == 'problem\n'
    assert not result.get_successful() and not result.get_truncated()
    error = fails(GProc.StreamError.quark(), GProc.StreamError.EXIT_STATUS, result.check)
    assert 'sh' in error.message and '3' in error.message, error.message


def lines_arrive_one_after_the_other():
    stream = GProc.Stream.new([TESTPROG, 'lines', '100'], GProc.StreamFlags.NONE)
    reader, lines = stream.get_stdout(), []
    while True:
        line = reader.read_line_utf8_finish(complete(
            lambda callback: reader.read_line_utf8_async(GLib.PRIORITY_DEFAULT, None, callback)))
        if line is None:
            break
        lines.append(line)
    assert lines == [f'line {number}' for number in range(1, 101)]


def lines_arrive_in_blocks():
    stream = GProc.Stream.new([TESTPROG, 'lines', '1000'], GProc.StreamFlags.NONE)
    reader, lines = stream.get_stdout(), []
    while True:
        block = reader.read_lines_finish(complete(lambda callback: reader.read_lines_async(
            100, GLib.PRIORITY_DEFAULT, None, callback)))
        if block is None:
            break
        pieces = block.get_data().split(b'\n')
        assert pieces.pop() == b'' and 1 <= len(pieces) <= 100
        lines += pieces
    assert lines == [b'line %d' % number for number in range(1, 1001)]


def additional_descriptors_are_pipes():
    launcher = GProc.Launcher()
    launcher.add_pipe(3, GProc.PipeDirection.READ)
    launcher.add_pipe(4, GProc.PipeDirection.WRITE)
    stream = launcher.spawn(['sh', '-c', 'read answer <&4; echo "status: $answer" >&3'])
    stream.get_writer(4).queue(b'good\n')
    assert stream.get_reader(3).read_line_utf8(None) == 'status: good'
    assert stream.get_reader(5) is None and stream.get_writer(3) is None
    assert stream.wait(None) == 0


def a_process_that_takes_too_long_is_stopped():
    launcher = GProc.Launcher()
    launcher.set_timeout(50)
    stream = launcher.spawn(['sleep', '100'])
    assert stream.get_running()
    assert stream.get_returncode() == GProc.RETURNCODE_NONE
    fails(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT, stream.wait, None)
    assert stream.get_timed_out() and stream.get_returncode() == -signal.SIGTERM


def a_process_that_ignores_it_is_killed():
    stream = GProc.Stream.new([TESTPROG, 'ignore-term'], GProc.StreamFlags.NONE)
    assert stream.get_stdout().read_line_utf8(None) == 'ready'
    stream.stop(50, None)
    assert stream.get_returncode() == -signal.SIGKILL


def signals_are_emitted():
    stream = GProc.Stream.new([TESTPROG, 'echo', 'word'], GProc.StreamFlags.NONE)
    seen = []
    stream.connect('exited', lambda *arguments: seen.append('exited'))
    stream.connect('output-ended', lambda *arguments: seen.append('output-ended'))
    result = stream.communicate_finish(complete(lambda callback: stream.communicate_async(
        None, GLib.PRIORITY_DEFAULT, None, callback)))
    assert result.get_stdout().get_data() == b'word\n'
    while len(seen) < 2:
        GLib.MainContext.default().iteration(True)
    assert sorted(seen) == ['exited', 'output-ended']


def processes_are_joined():
    pipeline = GProc.Pipeline()
    for arguments in ['cat'], [TESTPROG, 'eof-exit', '5'], ['tr', 'a-z', 'A-Z']:
        pipeline.append(None, arguments)
    assert pipeline.get_stage(0) is None
    assert pipeline.spawn()
    assert pipeline.get_stage(1).get_pid() > 0
    pipeline.get_stdin().write_eof()
    assert pipeline.get_stdout().read_line(None) is None
    assert pipeline.wait(None) == 5
    assert pipeline.get_returncodes() == [0, 5, 0]
    error = fails(GProc.StreamError.quark(), GProc.StreamError.EXIT_STATUS, pipeline.wait_check,
                  None)
    assert error.message.startswith('Stage 2 '), error.message
    assert GProc.Pipeline().get_returncodes() == []


def two_processes_are_spliced():
    producer = GProc.Stream.new(['sh', '-c', 'printf "3\\n1\\n2\\n"; exec >&-; cat >&2'],
                                GProc.StreamFlags.STDERR_PIPE)
    sort = GProc.Stream.new(['sort'], GProc.StreamFlags.NONE)
    both = Gio.IOStreamSpliceFlags.WAIT_FOR_BOTH
    result = complete(lambda callback: producer.splice_async(sort, both, GLib.PRIORITY_DEFAULT,
                                                             None, callback))
    assert producer.splice_finish(result) is True
    assert producer.get_stderr().read_to_end(-1, None).get_data() == b'1\n2\n3\n'
    assert producer.get_stdin().get_bytes_written() == producer.get_stdout().get_bytes_read() == 6


def a_set_of_pumps_ends_with_the_output():
    process = GProc.Stream.new([TESTPROG, 'echo', 'word'], GProc.StreamFlags.STDERR_PIPE)
    terminal = GProc.Stream.new([TESTPROG, 'hold'], GProc.StreamFlags.NONE)
    out, err = Gio.MemoryOutputStream.new_resizable(), Gio.MemoryOutputStream.new_resizable()
    pumps = [GProc.Pump.new(terminal.get_stdout(), process.get_stdin()),
             GProc.Pump.new(process.get_stdout(), out), GProc.Pump.new(process.get_stderr(), err)]
    pumps[0].set_wait_for_output(False)
    result = complete(lambda callback: GProc.Pump.run_all_async(pumps, GLib.PRIORITY_DEFAULT, None,
                                                                callback))
    try:
        GProc.Pump.run_all_finish(result)
    except GLib.Error as error:
        raise AssertionError(error.message) from error
    assert out.steal_as_bytes().get_data() == b'word\n' and out.is_closed()
    assert pumps[1].get_bytes_transferred() == 5 and pumps[1].is_done()
    terminal.abort()


def failures_are_errors():
    fails(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND, GProc.Stream.new,
          ['gproc-no-such-program'], GProc.StreamFlags.NONE)
    stream = GProc.Stream.new(['false'], GProc.StreamFlags.NONE)
    fails(GProc.StreamError.quark(), GProc.StreamError.EXIT_STATUS, stream.wait_check, None)
    reader = GProc.Stream.new(['printf', 'abc'], GProc.StreamFlags.NONE).get_stdout()
    fails(GProc.StreamError.quark(), GProc.StreamError.INCOMPLETE_READ, reader.read_exactly, 4, None)
    assert reader.get_last_partial().get_data() == b'abc'
    assert reader.get_last_expected() == 4


def readers_are_waited_for_without_a_loop():
    quiet = GProc.Stream.new(['cat'], GProc.StreamFlags.NONE)
    loud = GProc.Stream.new([TESTPROG, 'echo', 'word'], GProc.StreamFlags.NONE)
    ready = GProc.select([quiet.get_stdout(), loud.get_stdout()], [], 10000, None)
    assert ready == [loud.get_stdout()]
    assert loud.get_stdout().read_line(None).get_data() == b'word\n'
    quiet.close(None)


tap.run('/gproc/python', one_process_answers_several_requests, a_program_is_run_for_its_output,
        lines_arrive_one_after_the_other, lines_arrive_in_blocks, additional_descriptors_are_pipes,
        a_process_that_takes_too_long_is_stopped, a_process_that_ignores_it_is_killed,
        signals_are_emitted, processes_are_joined, two_processes_are_spliced,
        a_set_of_pumps_ends_with_the_output, failures_are_errors,
        readers_are_waited_for_without_a_loop)
