#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gproc run --record: what was shown is what is in the file, whatever ends the command.

usage: record.py GPROC
"""

import json
import os
import signal
import subprocess
import time

from support import (FOLDER, LIMIT, SHOW_SIZES, TOOL, Terminal, gproc, is_gone, needs, shell, tap, tmux_shell,
                     until)

PATH = os.path.join(FOLDER.name, 'session.cast')


def recording(path=PATH):
    """The header, the events of each kind, and the status at the end, of a file that has to be valid."""
    with open(path, encoding='utf-8') as file:
        text = file.read()
    assert text.endswith('\n'), text
    header, *events = map(json.loads, text.splitlines())
    assert header['version'] == 2 and abs(header['timestamp'] - time.time()) < 1000, header
    times = [event[0] for event in events]
    assert times == sorted(times) and all(len(event) == 3 for event in events), events
    status = int(events.pop()[2]) if events and events[-1][1] == 'x' else None
    return header, events, status


def output_of(events):
    return ''.join(text for _, code, text in events if code == 'o').encode()


def what_is_shown_is_recorded():
    with Terminal(TOOL, 'run', '--pty', '--record', PATH, 'bash', '--norc', '--noprofile', '-i', rows=33,
                  columns=99) as terminal:
        shown = b''
        for line in 'echo "größe \\t" | tr a-z A-Z', 'printf "\\033[1mbold\\033[m\\t\\177\\a"; seq 3', 'exit 5':
            shown += take(terminal, b'ready> ')
            terminal.type(line + '\r')
        status, rest = terminal.finish()
        assert status == 5
    header, events, status = recording()
    assert (header['width'], header['height'], status) == (99, 33, 5), header
    assert output_of(events) == shown + rest and b'\x1b[1mbold' in rest + shown
    assert {code for _, code, _ in events} == {'o'}, events


def take(terminal, end):
    """All that is shown until END, which is left out of what is looked at next."""
    until(lambda: end in terminal.output or (terminal.read(0.1) and False), lambda: terminal.output)
    shown, terminal.output = terminal.output, b''
    return shown


def bytes_that_are_no_text_are_replaced():
    output = gproc('run', '--pty', '-r', PATH, 'printf', 'a\\377\\000b\\303')[0]
    assert output == b'a\xff\x00b\xc3', output
    assert output_of(recording()[1]) == 'a\ufffd\x00b\ufffd'.encode()


def much_is_recorded_whole():
    expected = b''.join(b'%d\r\n' % number for number in range(1, 200001))
    assert gproc('run', '--pty', '--record', PATH, 'seq', '200000')[0] == expected
    assert output_of(recording()[1]) == expected


def the_size_is_recorded():
    with Terminal(TOOL, 'run', '--pty', '--record', PATH, 'python3', '-c', SHOW_SIZES, '120') as terminal:
        terminal.expect('begun\r\n')
        terminal.resize(40, 120)
        terminal.expect('size 40 120\r\n')
        # Keys look at the size too, which is told once.
        terminal.type('xyz\r')
        assert terminal.finish()[0] == 0
    header, events, _ = recording()
    assert (header['width'], header['height']) == (80, 24)
    assert [text for _, code, text in events if code == 'r'] == ['120x40'], events
    codes = [code for _, code, _ in events]
    assert codes.index('r') > 0 and 'size 40 120' in output_of(events[codes.index('r'):]).decode()
    gproc('run', '--pty', '--record', PATH, 'true')
    header, events, status = recording()
    assert (header['width'], header['height'], events, status) == (80, 24, [], 0)


def what_is_typed_is_not():
    with Terminal(TOOL, 'run', '--pty', '--record', PATH, 'sh', '-c',
                  'stty -echo; printf "Password: "; read x; test "$x" = secret && echo right') as terminal:
        terminal.expect('Password: ')
        terminal.type('secret\r')
        terminal.expect('right')
        assert terminal.finish()[0] == 0
    with open(PATH, encoding='utf-8') as file:
        text = file.read()
    assert 'Password: ' in text and 'right' in text and 'secret' not in text, text


def it_is_valid_whatever_ends_it():
    """By a signal that is passed on, by one that nobody can handle, and by the end of its time."""
    # Of those two nobody can tell how the program ended.
    for end, ending, status in ((signal.SIGTERM, -signal.SIGTERM, 143), (signal.SIGHUP, -signal.SIGHUP, 129),
                                (signal.SIGKILL, -signal.SIGKILL, None), (signal.SIGABRT, None, None),
                                ('time', 124, 143)):
        options = ['--timeout=1'] if end == 'time' else []
        with Terminal(TOOL, 'run', '--pty', '--record', PATH, *options, 'sh', '-c',
                      'echo begun $$; exec sleep 1000') as terminal:
            pid = int(terminal.expect(r'begun (\d+)\r\n')[1])
            # It was written before it was shown.
            assert output_of(recording()[1]) == f'begun {pid}\r\n'.encode()
            until(lambda: terminal.settings() != terminal.before, 'the terminal is not raw')
            if end != 'time':
                terminal.process.send_signal(end)
            ended = terminal.finish()[0]
            assert ended == ending if ending is not None else ended != 0, (end, ended)
            until(lambda pid=pid: is_gone(pid), 'the program goes on')
        _, events, found = recording()
        assert found == status and output_of(events) == f'begun {pid}\r\n'.encode(), (end, found, events)


def what_cannot_be_written_is_said_before_the_start():
    """A program that was started would have made a file."""
    made = os.path.join(FOLDER.name, 'made')
    for path, reason in (('/nowhere/session', 'No such file or directory'), (FOLDER.name, 'Is a directory'),
                         ('/dev/full', 'No space left on device'), ('', 'No such file or directory')):
        output, error = gproc('run', '--pty', '--record', path, 'touch', made, status=125)
        assert output == b'' and error.startswith('gproc: ') and f'“{path}”' in error and reason in error, error
        assert error.count('\n') == 1 and not os.path.exists(made)
    with Terminal(TOOL, 'run', '--pty', '--record', '/nowhere/session', 'touch', made) as terminal:
        assert terminal.finish()[0] == 125 and terminal.settings() == terminal.before
    assert not os.path.exists(made)
    error = gproc('run', '--record', PATH, 'touch', made, status=125)[1]
    assert '--record' in error and '--pty' in error and not os.path.exists(made), error


def a_disk_that_becomes_full_is_said_at_the_end():
    """Here it is a limit of the size of files. What the program does goes on, and its status counts."""
    for status, expected in (0, 125), (3, 3):
        with subprocess.Popen(['bash', '-c', f'ulimit -f 8; exec {TOOL} run --pty --record={PATH} sh -c "seq 20000; exit {status}"'],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              start_new_session=True) as process:
            output, error = process.communicate(timeout=LIMIT)
        assert process.returncode == expected, (process.returncode, error)
        assert output.endswith(b'\r\n20000\r\n') and output.count(b'\n') == 20000
        assert error.startswith('gproc: The recording “'.encode()) and error.count(b'\n') == 1, error
        assert 0 < os.path.getsize(PATH) <= 8192


def a_file_that_is_there_is_overwritten():
    with open(PATH, 'w', encoding='ascii') as file:
        file.write('x' * 100000)
    gproc('run', '--pty', '--record', PATH, 'echo', 'a')
    assert output_of(recording()[1]) == b'a\r\n'


def it_may_be_a_pipe():
    read, write = os.pipe()
    gproc('run', '--pty', '--record', f'/proc/self/fd/{write}', 'echo', 'a', pass_fds=[write])
    os.close(write)
    with open(read, encoding='utf-8') as file:
        lines = [json.loads(line) for line in file]
    assert [line[1:] for line in lines[1:]] == [['o', 'a\r\n'], ['x', '0']], lines


def the_program_does_not_have_the_file():
    names = gproc('run', '--pty', '--record', PATH, '--', 'sh', '-c', 'ls /proc/self/fd')[0].split()
    assert names == [b'0', b'1', b'2', b'3'], names
    text = gproc('run', '--pty', '--record', PATH, 'cat', '/proc/self/status')[0].decode()
    assert 'SigIgn:\t0000000000000000\r\n' in text, text


def stopped_and_let_go_on():
    """The time between is part of it, and so is a size that changes meanwhile."""
    with shell() as terminal:
        terminal.line(f'{TOOL} run --pty --record {PATH} sh -c "echo begun; exec cat"')
        terminal.expect('begun\r\n')
        job = terminal.foreground()
        until(lambda: terminal.settings() != terminal.before, 'the terminal is not raw')
        os.kill(job, signal.SIGTSTP)
        terminal.expect('Stopped')
        terminal.resize(30, 400)
        terminal.line('fg')
        terminal.type('word\r')
        terminal.expect('word\r\nword\r\n')
        terminal.type('\x04')
        terminal.line('echo status $?')
        terminal.expect('status 0\r\n')
    _, events, status = recording()
    assert status == 0 and output_of(events) == b'begun\r\nword\r\nword\r\n', events
    assert [text for _, code, text in events if code == 'r'] == ['400x30'], events


def a_full_screen_is_recorded_as_it_was():
    needs('vi')
    text = os.path.join(FOLDER.name, 'text')
    with tmux_shell() as screen:
        screen.line(f'{TOOL} run --pty --record {PATH} vi -u NONE -i NONE {text}; echo status $?')
        screen.shows(r'^~$')
        screen.keys('i')
        screen.run('send-keys', '-l', 'written in vi')
        screen.shows('^written in vi$')
        before = screen.screen()
        # So far, before it is told that its terminal goes away.
        shown = output_of(recording()[1])
    replayed = os.path.join(FOLDER.name, 'replayed')
    with open(replayed, 'wb') as file:
        file.write(shown)
    with tmux_shell() as screen:
        screen.line(f'stty raw -echo; cat {replayed}; sleep 1000')
        until(lambda: screen.screen() == before, lambda: screen.screen() + before)


tap.run('/gproc/tool/record', what_is_shown_is_recorded, bytes_that_are_no_text_are_replaced,
        much_is_recorded_whole, the_size_is_recorded, what_is_typed_is_not, it_is_valid_whatever_ends_it,
        what_cannot_be_written_is_said_before_the_start, a_disk_that_becomes_full_is_said_at_the_end,
        a_file_that_is_there_is_overwritten, it_may_be_a_pipe, the_program_does_not_have_the_file,
        stopped_and_let_go_on, a_full_screen_is_recorded_as_it_was)
