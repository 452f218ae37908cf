#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gproc run --pty: a terminal for the program, and what becomes of the user's own.

usage: pty.py GPROC
"""

import hashlib
import os
import signal
import subprocess

from support import (ENVIRONMENT, FOLDER, SHOW_SIZES, TOOL, Terminal, gproc, is_gone, is_in_foreground, needs, shell,
                     state_of, tap, tmux_shell, until)


def the_program_has_a_terminal():
    script = 'test -t 0 && test -t 1 && test -t 2 && stty size </dev/tty && tty'
    with Terminal(TOOL, 'run', '--pty', 'sh', '-c', script, rows=33, columns=99) as terminal:
        status, output = terminal.finish()
        size, name = output.split(b'\r\n')[:2]
        assert status == 0 and size == b'33 99' and name.startswith(b'/dev/pts/'), output
        assert name.decode() != os.ttyname(terminal.slave)
        assert terminal.settings() == terminal.before
    assert gproc('run', '--pty', 'sh', '-c', script)[0].startswith(b'24 80\r\n/dev/pts/')


def the_status_is_that_of_the_program():
    for script, status in (('exit 0', 0), ('exit 3', 3), ('kill -9 $$', 137), ('kill -TERM $$', 143)):
        with Terminal(TOOL, 'run', '--pty', '--', 'sh', '-c', script) as terminal:
            assert terminal.finish()[0] == status
            assert terminal.settings() == terminal.before
        gproc('run', '--pty', 'sh', '-c', script, status=status)
    with Terminal(TOOL, 'run', '--pty', 'gproc-has-no-such-program') as terminal:
        assert terminal.finish()[0] == 127
        assert terminal.settings() == terminal.before


def raw(terminal):
    """Waits until the user's terminal hands over every key."""
    until(lambda: terminal.settings() != terminal.before, 'the terminal is not raw')


def the_terminal_is_as_before_whatever_ends_it():
    script = 'stty -echo; echo begun $$; read x; kill -SEGV $$'
    for end, status in (('key', 128 + signal.SIGSEGV), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP),
                        (signal.SIGINT, -signal.SIGINT), (signal.SIGUSR1, -signal.SIGUSR1)):
        with Terminal(TOOL, 'run', '--pty', 'sh', '-c', script) as terminal:
            pid = int(terminal.expect(r'begun (\d+)\r\n')[1])
            raw(terminal)
            if end == 'key':
                terminal.type('\r')
            else:
                terminal.process.send_signal(end)
            assert terminal.finish()[0] == status, end
            assert terminal.settings() == terminal.before, end
            assert is_gone(pid)


def the_terminal_is_as_before_where_the_command_itself_fails():
    """The signals of errors end it, and are not passed on."""
    # The runtime of a sanitizer would take them for itself.
    sanitizer = os.environ.get('ASAN_OPTIONS', '') + ':handle_segv=0:handle_abort=0'
    for signum in signal.SIGSEGV, signal.SIGABRT:
        with Terminal(TOOL, 'run', '--pty', 'sh', '-c', 'echo begun $$; read x',
                      env={**ENVIRONMENT, 'ASAN_OPTIONS': sanitizer}) as terminal:
            pid = int(terminal.expect(r'begun (\d+)\r\n')[1])
            raw(terminal)
            terminal.process.send_signal(signum)
            assert terminal.finish()[0] != 0
            assert terminal.settings() == terminal.before, signum
            # Its terminal has gone.
            until(lambda: is_gone(pid), 'the program goes on')


def a_time_that_is_over():
    with Terminal(TOOL, 'run', '--pty', '--timeout=0.3', 'sh', '-c', 'sleep 100 & echo $!; wait') as terminal:
        pid = int(terminal.expect(r'(\d+)\r\n')[1])
        status, output = terminal.finish()
        assert status == 124 and b'sh' in output, output
        assert terminal.settings() == terminal.before
        until(lambda: is_gone(pid), 'what it has started goes on')


def is_asleep(pid):
    with open(f'/proc/{pid}/stat', encoding='utf-8') as file:
        return file.read().rpartition(')')[2].split()[0] == 'S'


def ctrl_c_is_for_the_program():
    with Terminal(TOOL, 'run', '--pty', 'python3', '-i', '-q') as terminal:
        terminal.expect('>>> $')
        terminal.type('import os, time\r')
        terminal.expect('>>> $')
        terminal.type(r"""exec('try: print("pid", os.getpid()); time.sleep(1000)\nexcept KeyboardInterrupt: print("caught" * 2)')"""
                      '\r')
        pid = int(terminal.expect(r'pid (\d+)\r\n')[1])
        # As in test-pty-programs.c: an earlier Ctrl-C may have no effect on Python, and one that is not
        # caught ends it later.
        until(lambda: is_asleep(pid), 'it does not sleep')
        terminal.type('\x03')
        terminal.expect('caughtcaught\r\n')
        terminal.expect('>>> $')
        terminal.type('6 * 7\r')
        terminal.expect('42\r\n')
        # Between two prompts the terminal edits lines, and the key would mean the end of one that
        # is read in another mode.
        terminal.expect('>>> $')
        terminal.type('\x04')
        assert terminal.finish()[0] == 0
    with shell() as terminal:
        terminal.line(f'for i in 1 2 3; do {TOOL} run --pty sh -c "echo begun $i; exec sleep 100"; done')
        terminal.expect('begun 1\r\n')
        terminal.type('\x03')
        terminal.line('echo status $?')
        terminal.expect('status 130\r\n')


def yes_is_interrupted():
    with Terminal(TOOL, 'run', '--pty', 'yes') as terminal:
        terminal.expect('(y\r\n){1000}')
        terminal.type('\x03')
        assert terminal.finish()[0] == -signal.SIGINT
        assert terminal.settings() == terminal.before


def jobs_of_a_shell_within():
    with Terminal(TOOL, 'run', '--pty', 'bash', '--norc', '--noprofile', '-i', columns=300) as terminal:
        terminal.line('sh -c "echo begun \\$\\$; exec sleep 1000"')
        pid = int(terminal.expect(r'begun (\d+)\r\n')[1])
        until(lambda: is_in_foreground(pid), 'it does not have the terminal')
        terminal.type('\x1a')
        terminal.expect('Stopped')
        terminal.line('jobs')
        terminal.expect('Stopped')
        terminal.line('fg')
        until(lambda: is_in_foreground(pid), 'it does not have the terminal')
        terminal.type('\x03')
        terminal.line('exit 5')
        assert terminal.finish()[0] == 5
        assert terminal.settings() == terminal.before


def stopped_and_let_go_on():
    """The shell outside has its terminal as it was, and the program its own afterwards."""
    with shell() as terminal:
        terminal.line(f'{TOOL} run --pty sh -c "echo begun; exec cat"')
        terminal.expect('begun\r\n')
        before = terminal.before
        job = terminal.foreground()
        shown = terminal.settings()
        for word in 'first', 'second':
            terminal.type(word + '\r')
            terminal.expect(f'{word}\r\n{word}\r\n')
            during = terminal.settings()
            assert during != before
            os.kill(job, signal.SIGTSTP)
            terminal.expect('Stopped')
            until(lambda: state_of(job) == 'T', 'it is not stopped')
            terminal.line('stty -a | tr ";" "\\n" | grep -c " icanon"; echo shown')
            terminal.expect('1\r\nshown\r\n')
            terminal.line('fg')
            until(lambda: terminal.settings() == during, 'the terminal is not raw again')
        terminal.type('\x04')
        terminal.line('echo status $?')
        terminal.expect('status 0\r\n')
        assert shown != before


def the_size_follows():
    with Terminal(TOOL, 'run', '--pty', 'python3', '-c', SHOW_SIZES, '132') as terminal:
        terminal.expect('begun\r\n')
        terminal.resize(40, 120)
        terminal.expect('size 40 120\r\n')
        # A storm of them: the last one counts.
        for number in range(1, 300):
            terminal.resize(10 + number % 50, 20 + number)
        terminal.resize(50, 132)
        terminal.expect('size 50 132\r\n')
        terminal.type('\r')
        assert terminal.finish()[0] == 0


def input_that_is_no_terminal():
    assert gproc('run', '--pty', 'sh', '-c', 'read x; echo "<$x>"', input=b'typed\n', stdin=None)[0].endswith(
        b'<typed>\r\n')
    with open(os.path.join(FOLDER.name, 'typed'), 'w+', encoding='ascii') as file:
        file.write('one\ntwo\n')
        file.seek(0)
        output = gproc('run', '--pty', 'sh', '-c', 'stty -echo; read x; read y; echo "$x $y"', stdin=file)[0]
        assert output.endswith(b'one two\r\n'), output
    assert gproc('run', '--pty', 'sh', '-c', 'echo done')[0] == b'done\r\n'


def output_that_is_no_terminal():
    with Terminal(TOOL, 'run', '--pty', 'sh', '-c', 'read x; echo "got $x"', stdout=subprocess.PIPE) as terminal:
        terminal.type('x\r')
        output = terminal.process.stdout.read()
        terminal.process.stdout.close()
        assert output.endswith(b'got x\r\n'), output
        assert terminal.finish()[0] == 0 and terminal.settings() == terminal.before


def the_last_bytes_are_always_there():
    count = 100 if os.environ.get('GPROC_TEST_SLOW') else 1000
    for number in range(count):
        output = gproc('run', '--pty', 'printf', '%s', f'last {number}')[0]
        assert output == f'last {number}'.encode(), output


def long_lines():
    line = 'x' * 10000
    assert gproc('run', '--pty', 'echo', line)[0] == line.encode() + b'\r\n'
    with Terminal(TOOL, 'run', '--pty', 'sh', '-c', 'stty -icanon -echo; echo begun; head -c 10001 | sha256sum') as terminal:
        terminal.expect('begun\r\n')
        terminal.type(line + '\n')
        terminal.expect(hashlib.sha256(line.encode() + b'\n').hexdigest())
        assert terminal.finish()[0] == 0
    # A terminal that gathers lines has no room for it, which is said.
    error = gproc('run', '--pty', 'cat', input=line.encode(), stdin=None, status=125)[1]
    assert error.startswith('gproc: '), error


def vi_in_tmux():
    needs('vi')
    path = os.path.join(FOLDER.name, 'text')
    with tmux_shell() as screen:
        screen.line(f'{TOOL} run --pty vi -u NONE -i NONE {path}; stty -a | grep -o -- "-*icanon"; echo status $?')
        screen.shows(r'^~$')
        screen.keys('i')
        screen.run('send-keys', '-l', 'written in vi')
        screen.shows('^written in vi$')
        # The screen is drawn anew where it has another size.
        screen.run('resize-window', '-x', '60', '-y', '12')
        screen.shows(r'\A(?=(?:.*\n){12}\Z)written in vi\n(~\n){10}')
        screen.keys('Escape')
        screen.run('send-keys', '-l', ':wq')
        screen.keys('Enter')
        screen.shows('^icanon\nstatus 0$')
    with open(path, encoding='ascii') as file:
        assert file.read() == 'written in vi\n'


def less_in_tmux():
    needs('less')
    path = os.path.join(FOLDER.name, 'lines')
    with open(path, 'w', encoding='ascii') as file:
        file.writelines(f'line {number}\n' for number in range(1, 1001))
    with tmux_shell() as screen:
        screen.line(f'{TOOL} run --pty less {path}; echo status $?')
        screen.shows(r'\Aline 1\n(.*\n)*line 23$')
        screen.keys('G')
        screen.shows(r'^line 1000$')
        screen.run('send-keys', '-l', '?^line 500$')
        screen.keys('Enter')
        screen.shows(r'\Aline 500\n')
        screen.keys('q')
        screen.shows('^status 0$')


def top_in_tmux():
    needs('top')
    with tmux_shell() as screen:
        screen.line(f'{TOOL} run --pty top; echo status $?')
        screen.shows(r'^top - .*load average')
        screen.shows('PID +USER')
        screen.keys('q')
        screen.shows('^status 0$')


tap.run('/gproc/tool/pty', the_program_has_a_terminal, the_status_is_that_of_the_program,
        the_terminal_is_as_before_whatever_ends_it, the_terminal_is_as_before_where_the_command_itself_fails,
        a_time_that_is_over, ctrl_c_is_for_the_program, yes_is_interrupted, jobs_of_a_shell_within,
        stopped_and_let_go_on, the_size_follows, input_that_is_no_terminal, output_that_is_no_terminal,
        the_last_bytes_are_always_there, long_lines, vi_in_tmux, less_in_tmux, top_in_tmux)
