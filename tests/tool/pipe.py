#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gproc pipe: every byte, how it ends, and what a terminal is told meanwhile.

usage: pipe.py GPROC
"""

import hashlib
import os
import re
import select
import signal
import subprocess

from support import (ENVIRONMENT, FOLDER, LIMIT, TOOL, Terminal, children_of, gproc, is_gone, needs,
                     read_line, shell, start, tap, tmux_shell, until, wait_for_end)

SIZE = 100 * 1000 * 1000


def data_file():
    """100 MB in which no two pieces are the same. Returns its path and checksum."""
    path = os.path.join(FOLDER.name, 'data')
    checksum = hashlib.sha256()
    with open(path, 'wb') as file:
        for number in range(100):
            block = hashlib.shake_128(b'%d' % number).digest(SIZE // 100)
            checksum.update(block)
            file.write(block)
    return path, checksum.hexdigest()


DATA, CHECKSUM = data_file()


def checksum_of(process, terminal=None):
    """Reads all of its output, and meanwhile what it says on the terminal."""
    checksum = hashlib.sha256()
    size = 0
    while True:
        sources = [process.stdout] + ([terminal.master] if terminal else [])
        ready = select.select(sources, [], [], LIMIT)[0]
        assert ready, 'nothing comes'
        if terminal and terminal.master in ready:
            terminal.read()
        if process.stdout in ready:
            block = os.read(process.stdout.fileno(), 1 << 20)
            if not block:
                break
            checksum.update(block)
            size += len(block)
    assert size == SIZE, size
    return checksum.hexdigest()


def last_line(output):
    """The words of the last line of progress, which alone ends."""
    text = output.decode()
    lines = re.findall(r'\r([^\r\n]*)\x1b\[K', text)
    assert lines and text.endswith('\x1b[K\r\n') and text.count('\n') == 1, output
    match = re.fullmatch(r'(\d+(?:\.\d)?)\s(\w+)  (\d+(?:\.\d)?)\s(\w+)/s  (\d+):(\d\d):(\d\d)', lines[-1])
    assert match, lines[-1]
    return match


def every_byte_without_progress():
    for stages in ['cat', DATA], ['cat', DATA, '::', 'cat'], ['cat', DATA, '::', 'cat', '::', 'cat']:
        process = start('pipe', *stages, stderr=subprocess.PIPE)
        assert checksum_of(process) == CHECKSUM
        assert wait_for_end(process) == 0 and process.stderr.read() == b''
        for file in process.stdin, process.stdout, process.stderr:
            file.close()


def every_byte_with_progress():
    for stages in ['cat', DATA, '::', 'cat'], ['cat', DATA, '::', 'cat', '::', 'cat']:
        with Terminal(TOOL, 'pipe', *stages, stdout=subprocess.PIPE) as terminal:
            assert checksum_of(terminal.process, terminal) == CHECKSUM
            terminal.process.stdout.close()
            status, output = terminal.finish()
            assert status == 0
            assert last_line(output)[1] + last_line(output)[2] == '100.0MB'


def input_is_that_of_the_command():
    with open(DATA, 'rb') as file:
        process = start('pipe', 'cat', '::', 'cat', stdin=file)
        assert checksum_of(process) == CHECKSUM and wait_for_end(process) == 0
        process.stdout.close()
    with open(DATA, 'rb') as file, Terminal(TOOL, 'pipe', 'cat', '::', 'cat', stdin=file,
                                            stdout=subprocess.PIPE) as terminal:
        assert checksum_of(terminal.process, terminal) == CHECKSUM
        terminal.process.stdout.close()
        assert terminal.finish()[0] == 0


def the_line_says_what_has_gone_into_the_last_program():
    with Terminal(TOOL, 'pipe', 'cat', DATA, '::', 'wc', '-c', stdout=subprocess.PIPE) as terminal:
        assert int(terminal.process.stdout.read()) == SIZE
        terminal.process.stdout.close()
        assert last_line(terminal.finish()[1])[1] == '100.0'
    # While it is slow there are lines in between.
    script = 'for i in 1 2 3 4 5 6; do echo 123456789; sleep 0.2; done'
    with Terminal(TOOL, 'pipe', 'sh', '-c', script, '::', 'cat', stdout=subprocess.PIPE) as terminal:
        terminal.expect(r'\r\d\d[^\r\n]*bytes  [^\r\n]*/s  0:00:0\d\x1b\[K')
        assert terminal.process.stdout.read() == b'123456789\n' * 6
        terminal.process.stdout.close()
        match = last_line(terminal.finish()[1])
        assert match[1] == '60' and match[2] == 'bytes' and 30 <= float(match[3]) <= 60, match[0]


def no_line_where_none_is_wanted():
    for option in '--no-progress', '-q':
        with Terminal(TOOL, 'pipe', option, 'echo', 'a', '::', 'cat') as terminal:
            assert terminal.finish() == (0, b'a\r\n')
    assert gproc('pipe', 'echo', 'a', '::', 'cat') == (b'a\n', '')
    with Terminal(TOOL, 'pipe', 'echo', 'a') as terminal:
        assert terminal.finish() == (0, b'a\r\n')


def nothing_is_drawn_over_a_program_in_full_screen():
    script = 'stty -icanon </dev/tty; cat; echo done; stty icanon </dev/tty'
    feed = 'for i in 1 2 3 4 5 6; do echo $i; sleep 0.2; done'
    with Terminal(TOOL, 'pipe', 'sh', '-c', feed, '::', 'sh', '-c', script) as terminal:
        status, output = terminal.finish()
        before, _, after = output.partition(b'done\r\n')
        assert status == 0 and b'\x1b[K' not in before and after.count(b'\x1b[K') == 1, output


def the_ends_stay_the_terminal():
    script = 'test -t 0 && echo in'
    for options in [], ['-q']:
        with Terminal(TOOL, 'pipe', *options, 'sh', '-c', script, '::', 'sh', '-c',
                      'cat; test -t 1 && echo out; test -t 0 || echo pipe') as terminal:
            status, output = terminal.finish()
            assert status == 0 and output.startswith(b'in\r\nout\r\npipe\r\n'), output


def pipes_of(pid):
    """Those that a process has besides its standard input and outputs."""
    folder = f'/proc/{pid}/fd'
    found = []
    for number in filter(lambda number: int(number) > 2, os.listdir(folder)):
        try:
            found.append(os.readlink(f'{folder}/{number}'))
        except FileNotFoundError:
            pass
    return [link for link in found if link.startswith('pipe:')]


def nothing_passes_through_where_nothing_is_shown():
    process = start('pipe', 'sh', '-c', 'echo $$; cat', '::', 'cat')
    read_line(process.stdout)
    # What it has started may be faster than it is itself: it has their ends a moment longer.
    until(lambda: not pipes_of(process.pid), lambda: pipes_of(process.pid))
    process.stdin.close()
    assert wait_for_end(process) == 0
    process.stdout.close()


def on_both_ways(check):
    """Without progress, and with it."""
    check(lambda *arguments: subprocess.run([TOOL, 'pipe', *arguments], check=False, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT,
                                            env=ENVIRONMENT).returncode)

    def with_terminal(*arguments):
        with Terminal(TOOL, 'pipe', *arguments) as terminal:
            return terminal.finish()[0]
    check(with_terminal)


def the_status_is_that_of_the_last_program():
    def check(run):
        assert run('sh', '-c', 'exit 3', '::', 'true') == 0
        assert run('true', '::', 'sh', '-c', 'exit 4') == 4
        assert run('sh', '-c', 'exit 3', '::', 'sh', '-c', 'exit 4', '::', 'true') == 0
        assert run('--pipefail', 'sh', '-c', 'exit 3', '::', 'sh', '-c', 'exit 4', '::', 'true') == 4
        assert run('--pipefail', 'sh', '-c', 'exit 3', '::', 'true', '::', 'true') == 3
        assert run('--pipefail', 'true', '::', 'true', '::', 'sh', '-c', 'exit 5') == 5
        assert run('--pipefail', 'true', '::', 'true') == 0
        assert run('true', '::', 'sh', '-c', 'kill -9 $$') == 137
    on_both_ways(check)


def a_last_program_that_reads_no_more_ends_the_first():
    def check(run):
        assert run('yes', '::', 'head', '-n', '1') == 0
        assert run('--pipefail', 'yes', '::', 'head', '-n', '1') == 128 + signal.SIGPIPE
        assert run('yes', '::', 'cat', '::', 'true') == 0
    on_both_ways(check)


def a_program_that_cannot_be_started():
    def check(run):
        assert run('gproc-has-no-such-program', '::', 'cat') == 127
        assert run('yes', '::', 'gproc-has-no-such-program') == 127
        assert run('yes', '::', 'cat', '::', FOLDER.name) == 126
    on_both_ways(check)
    for stages in ['sleep', '100', '::', 'gproc-has-no-such-program'], ['sleep', '100', '::', 'cat', '::', '/']:
        error = gproc('pipe', *stages, status=126 if stages[-1] == '/' else 127)[1]
        number = stages.count('::') + 1
        assert error.startswith(f'gproc: Stage {number} (“{stages[-1]}”)'), error
        with Terminal(TOOL, 'pipe', *stages) as terminal:
            assert f'gproc: Stage {number} (“{stages[-1]}”)'.encode() in terminal.finish()[1]


def wrong_calls_are_explained():
    for words in [], ['::'], ['true', '::'], ['::', 'true'], ['true', '::', '::', 'true']:
        assert '::' in gproc('pipe', *words, status=125)[1]
    assert gproc('pipe', '--', 'echo', '--', '::', 'cat')[0] == b'--\n'


def ctrl_c_ends_all():
    for options in [], ['-q']:
        with Terminal(TOOL, 'pipe', *options, 'sh', '-c', 'echo $$; exec sleep 100', '::', 'sh', '-c',
                      'read x; echo first $x; echo second $$; exec sleep 100') as terminal:
            first = int(terminal.expect(r'first (\d+)\r\n')[1])
            second = int(terminal.expect(r'second (\d+)\r\n')[1])
            terminal.type('\x03')
            assert terminal.finish()[0] == -signal.SIGINT
            assert is_gone(first) and is_gone(second)


def ctrl_z_and_fg():
    with shell() as terminal:
        terminal.line(f'{TOOL} pipe cat :: sh -c "echo begun; exec sed -u s/^/got-/"')
        terminal.expect('begun\r\n')
        terminal.type('first\n')
        terminal.expect('got-first\r\n')
        terminal.type('\x1a')
        terminal.expect('Stopped')
        terminal.line('fg')
        terminal.type('second\n')
        terminal.expect('got-second\r\n')
        terminal.type('\x04')
        terminal.line('echo status $?')
        terminal.expect('status 0\r\n')


def a_signal_is_passed_on_to_all():
    process = start('pipe', 'sh', '-c', 'echo $$; exec sleep 100', '::', 'sh', '-c',
                    'read x; echo $x; echo $$; exec sleep 100')
    first, second = int(read_line(process.stdout)), int(read_line(process.stdout))
    children = children_of(process.pid)
    assert {first, second} == set(children), (first, second, children)
    process.terminate()
    assert wait_for_end(process) == -signal.SIGTERM
    assert is_gone(first) and is_gone(second)
    process.stdin.close()
    process.stdout.close()


def a_pager_at_the_end_of_a_pipe():
    needs('less')
    with tmux_shell() as screen:
        screen.line(f'{TOOL} pipe seq 1000 :: less; echo status $?')
        screen.shows(r'\A1\n2\n(.*\n)*23\n:')
        screen.keys('G')
        screen.shows('^1000$')
        screen.keys('q')
        screen.shows('^status 0$')


tap.run('/gproc/tool/pipe', every_byte_without_progress, every_byte_with_progress,
        input_is_that_of_the_command, the_line_says_what_has_gone_into_the_last_program,
        no_line_where_none_is_wanted, nothing_is_drawn_over_a_program_in_full_screen,
        the_ends_stay_the_terminal, nothing_passes_through_where_nothing_is_shown,
        the_status_is_that_of_the_last_program, a_last_program_that_reads_no_more_ends_the_first,
        a_program_that_cannot_be_started, wrong_calls_are_explained, ctrl_c_ends_all, ctrl_z_and_fg,
        a_signal_is_passed_on_to_all, a_pager_at_the_end_of_a_pipe)
