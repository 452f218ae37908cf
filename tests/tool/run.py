#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gproc run: how it ends, what it passes on, and the keys of a terminal.

usage: run.py GPROC
"""

import os
import signal
import subprocess
import time

from support import (FOLDER, LIMIT, TOOL, Terminal, gproc, is_gone, kill, read_line, shell, start,
                     state_of, tap, until, wait_for_end)

# Says that it is there, and its own process id.
READY = 'echo $$; '


def the_status_is_that_of_the_program():
    for status in 0, 1, 3, 124, 255:
        gproc('run', 'sh', '-c', f'exit {status}', status=status)
    assert gproc('run', '--', 'echo', 'a b', '$HOME')[0] == b'a b $HOME\n'


def what_follows_the_program_is_its_own():
    script = 'printf "<%s>" "$0" "$@"'
    for arguments in ['--', 'x'], ['--help'], ['--timeout=1', '--', '--'], ['', ' ', '::']:
        expected = ''.join(f'<{word}>' for word in arguments).encode()
        assert gproc('run', 'sh', '-c', script, *arguments)[0] == expected
        assert gproc('run', '--', 'sh', '-c', script, *arguments)[0] == expected
    name = os.fsdecode(b'\xff\xfe')
    assert gproc('run', 'printf', '%s', name)[0] == b'\xff\xfe'


def a_program_that_is_not_there():
    for name in 'gproc-has-no-such-program', '/nowhere/program':
        error = gproc('run', name, status=127)[1]
        assert error.startswith('gproc: ') and f'“{name}”' in error and error.count('\n') == 1, error
    gproc('run', '', status=127)


def a_program_that_cannot_be_run():
    path = os.path.join(FOLDER.name, 'no-program')
    with open(path, 'w', encoding='ascii') as file:
        file.write('text\n')
    for name in path, FOLDER.name:
        assert name in gproc('run', name, status=126)[1]
    os.chmod(path, 0o755)
    with open(path, 'w', encoding='ascii') as file:
        file.write('exit 5\n')
    gproc('run', path, status=5)


def wrong_calls_are_explained():
    for arguments, word in ((['run'], 'program'), (['run', '--no-such-option', 'true'], 'no-such-option'),
                            (['run', '--timeout=-1', 'true'], '--timeout'),
                            (['run', '--timeout=x', 'true'], 'x'), ([], 'help'),
                            (['run', '--timeout=nan', 'true'], '--timeout'),
                            (['run', '--timeout=1e300', 'true'], '--timeout'), (['walk'], 'walk')):
        output, error = gproc(*arguments, status=125)
        assert output == b'' and error.startswith('gproc: ') and word in error, (arguments, error)
    for arguments in ['--help'], ['run', '--help'], ['pipe', '-h'], ['serve', '--help']:
        output, error = gproc(*arguments)
        assert 'gproc' in output.decode() and 'Usage' in output.decode() and error == '', output
    assert b'gproc run [OPTION' in gproc('run', '--help')[0]
    assert gproc('--version')[0].startswith(b'gproc 1.')


def a_program_that_is_killed():
    for signum in signal.SIGSEGV, signal.SIGKILL, signal.SIGTERM, signal.SIGABRT:
        error = gproc('run', 'sh', '-c', f'kill -{int(signum)} $$', status=128 + signum)[1]
        assert error == f'gproc: “sh”: {signal.strsignal(signum)}\n', error
    for signum in signal.SIGINT, signal.SIGPIPE:
        assert gproc('run', 'sh', '-c', f'kill -{int(signum)} $$', status=128 + signum)[1] == ''


def a_signal_that_is_passed_on_and_kills_kills_both():
    for signum in signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGALRM:
        process = start('run', 'sh', '-c', READY + 'read x')
        pid = int(read_line(process.stdout))
        process.send_signal(signum)
        assert wait_for_end(process) == -signum
        assert is_gone(pid)
        process.stdin.close()
        process.stdout.close()


def a_signal_that_the_program_handles():
    process = start('run', 'sh', '-c', 'trap "echo got; exit 7" TERM; trap "echo usr" USR2; '
                    + READY + 'while :; do read x; done', stderr=subprocess.DEVNULL)
    read_line(process.stdout)
    process.send_signal(signal.SIGUSR2)
    process.stdin.write(b'\n')
    process.stdin.flush()
    assert read_line(process.stdout) == b'usr\n'
    process.send_signal(signal.SIGTERM)
    process.stdin.write(b'\n')
    process.stdin.flush()
    assert read_line(process.stdout) == b'got\n'
    assert wait_for_end(process) == 7
    process.stdin.close()
    process.stdout.close()


def a_signal_that_is_ignored_stays_so():
    process = start('run', 'sh', '-c', READY + 'read x',
                    preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    read_line(process.stdout)
    process.send_signal(signal.SIGHUP)
    process.stdin.write(b'x\n')
    process.stdin.close()
    assert wait_for_end(process) == 0
    process.stdout.close()


def the_status_is_known_though_the_caller_ignores_children():
    gproc('run', 'sh', '-c', 'exit 3', status=3,
          preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))


def the_program_begins_as_any_other():
    """Nothing is blocked or ignored, and there are no descriptors but the three."""
    for arguments in ['run'], ['run', '--timeout=50'], ['pipe']:
        text = gproc(*arguments, '--', 'cat', '/proc/self/status')[0].decode()
        for field in 'SigBlk', 'SigIgn':
            assert f'{field}:\t0000000000000000\n' in text, text
        names = gproc(*arguments, '--', 'ls', '/proc/self/fd')[0].split()
        assert names == [b'0', b'1', b'2', b'3'], names


def a_dead_command_has_no_core_of_its_own():
    folder = os.path.join(FOLDER.name, 'core')
    os.mkdir(folder)
    process = start('run', 'sh', '-c', 'ulimit -c 0; ' + READY + 'read x', cwd=folder)
    read_line(process.stdout)
    process.send_signal(signal.SIGQUIT)
    _, status = os.waitpid(process.pid, 0)
    assert os.WTERMSIG(status) == signal.SIGQUIT and not os.WCOREDUMP(status)
    process.returncode = 0
    process.stdin.close()
    process.stdout.close()


def a_time_that_is_over():
    began = time.monotonic()
    error = gproc('run', '--timeout=0.2', 'sleep', '100', status=124)[1]
    assert 'sleep' in error and 0.2 <= time.monotonic() - began < 5, error
    gproc('run', '--timeout', '100', 'sh', '-c', 'exit 9', status=9)
    gproc('run', '-t', '0', 'true')


def a_program_that_ignores_the_end_of_its_time():
    began = time.monotonic()
    gproc('run', '--timeout=0.1', 'sh', '-c', 'trap "" TERM; while :; do sleep 1; done', status=124)
    assert time.monotonic() - began >= 5


def without_a_terminal_all_that_was_started_ends_with_its_time():
    process = start('run', '--timeout=0.5', 'sh', '-c', 'sleep 100 & echo $!; wait')
    pid = int(read_line(process.stdout))
    assert wait_for_end(process) == 124
    until(lambda: is_gone(pid), 'what the program has started goes on')
    process.stdin.close()
    process.stdout.close()


def at_a_terminal_only_the_program_ends_with_its_time():
    with shell() as terminal:
        terminal.line(f'{TOOL} run --timeout=0.5 sh -c "sleep 1000 & echo pid \\$!; wait"; echo status $?')
        pid = int(terminal.expect(r'pid (\d+)\r\n')[1])
        terminal.expect('status 124\r\n')
        assert not is_gone(pid)
        kill(pid)


def keys_reach_the_program_once():
    program = ('import os, signal, sys\ngot = []\nsignal.signal(signal.SIGINT, lambda *_: got.append(1))\n'
               'print("begun", flush=True)\nsys.stdin.readline()\nprint("count", len(got))\n')
    with Terminal(TOOL, 'run', 'python3', '-c', program) as terminal:
        terminal.expect('begun')
        terminal.type('\x03')
        terminal.expect(r'\^C')
        terminal.type('\n')
        terminal.expect('count 1')
        assert terminal.finish()[0] == 0


def ctrl_c_ends_both_and_the_loop_of_a_shell():
    with Terminal(TOOL, 'run', 'sh', '-c', READY + 'exec sleep 100') as terminal:
        pid = int(terminal.expect(r'(\d+)\r\n')[1])
        terminal.type('\x03')
        assert terminal.finish()[0] == -signal.SIGINT and is_gone(pid)
        assert terminal.settings() == terminal.before
    with shell() as terminal:
        terminal.line(f'for i in 1 2 3; do {TOOL} run sh -c "echo begun $i; exec sleep 100"; done; echo "after"')
        terminal.expect('begun 1\r\n')
        terminal.type('\x03')
        terminal.expect('ready> $')
        terminal.type('echo status $?\n')
        terminal.expect('status 130\r\n')
        assert b'begun' not in terminal.output


def ctrl_backslash_ends_both():
    with Terminal(TOOL, 'run', 'sh', '-c', 'ulimit -c 0; echo begun; exec sleep 100') as terminal:
        terminal.expect('begun')
        terminal.type('\x1c')
        assert terminal.finish()[0] == -signal.SIGQUIT


def ctrl_z_and_fg():
    with shell() as terminal:
        terminal.line(f'{TOOL} run sh -c "echo pid \\$\\$; exec cat"')
        pid = int(terminal.expect(r'pid (\d+)\r\n')[1])
        before = terminal.settings()
        for word in 'first', 'second':
            terminal.type(word + '\n')
            terminal.expect(f'{word}\r\n{word}\r\n')
            terminal.type('\x1a')
            terminal.expect('Stopped')
            until(lambda: state_of(pid) == 'T', 'the program is not stopped')
            terminal.line('fg')
            until(lambda: state_of(pid) != 'T', 'the program does not go on')
            assert terminal.settings() == before
        terminal.type('third\n')
        terminal.expect('third\r\nthird\r\n')
        terminal.type('\x04')
        terminal.line('echo status $?')
        terminal.expect('status 0\r\n')


def bg_and_kill_of_the_job():
    with shell() as terminal:
        terminal.line(f'{TOOL} run sh -c "echo pid \\$\\$; exec sleep 100"')
        pid = int(terminal.expect(r'pid (\d+)\r\n')[1])
        terminal.type('\x1a')
        terminal.expect('Stopped')
        terminal.line('bg')
        until(lambda: state_of(pid) == 'S', 'the program does not go on')
        terminal.line('kill %1; wait %1; echo "status $?"')
        terminal.expect('status 143\r\n')
        assert is_gone(pid)


def a_terminal_that_goes_away_ends_both():
    terminal = Terminal(TOOL, 'run', 'sh', '-c', READY + 'exec sleep 100')
    pid = int(terminal.expect(r'(\d+)\r\n')[1])
    os.close(terminal.slave)
    os.close(terminal.master)
    assert terminal.process.wait(timeout=LIMIT) == -signal.SIGHUP
    until(lambda: is_gone(pid), 'the program goes on')


def the_program_may_read_the_terminal_while_input_is_a_pipe():
    """As a pager does."""
    with shell() as terminal:
        terminal.line(f'echo piped | {TOOL} run sh -c "cat; echo begun; read x </dev/tty; echo got \\$x"')
        terminal.expect('piped\r\nbegun\r\n')
        terminal.type('typed\n')
        terminal.expect('got typed\r\n')


tap.run('/gproc/tool/run', the_status_is_that_of_the_program, what_follows_the_program_is_its_own,
        a_program_that_is_not_there, a_program_that_cannot_be_run, wrong_calls_are_explained,
        a_program_that_is_killed, a_signal_that_is_passed_on_and_kills_kills_both,
        a_signal_that_the_program_handles, a_signal_that_is_ignored_stays_so,
        the_status_is_known_though_the_caller_ignores_children, the_program_begins_as_any_other, a_dead_command_has_no_core_of_its_own, a_time_that_is_over,
        a_program_that_ignores_the_end_of_its_time,
        without_a_terminal_all_that_was_started_ends_with_its_time,
        at_a_terminal_only_the_program_ends_with_its_time, keys_reach_the_program_once,
        ctrl_c_ends_both_and_the_loop_of_a_shell, ctrl_backslash_ends_both, ctrl_z_and_fg,
        bg_and_kill_of_the_job, a_terminal_that_goes_away_ends_both,
        the_program_may_read_the_terminal_while_input_is_a_pipe)
