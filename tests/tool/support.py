# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command, and terminals at whose other side a test sits."""

import fcntl
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import tap  # noqa: E402  pylint: disable=wrong-import-position

TOOL = os.path.abspath(sys.argv[1])
TESTPROG = os.environ['GPROC_TESTPROG']
# Far above what anything takes, under sanitizers too: it is waited for what comes.
LIMIT = 60
# Who runs the tests with nohup, or in the background of a shell without job control, means the
# tests, not what they start. What Python handles is left alone.
for signum in signal.SIGHUP, signal.SIGINT, signal.SIGQUIT:
    if signal.getsignal(signum) == signal.SIG_IGN:
        signal.signal(signum, signal.SIG_DFL)
FOLDER = tempfile.TemporaryDirectory()
# What a shell in a terminal is to find, and nothing of the user's.
ENVIRONMENT = {**os.environ, 'TERM': 'xterm', 'HOME': FOLDER.name, 'PS1': 'ready> ', 'PS2': '',
               'HISTFILE': '', 'TMPDIR': FOLDER.name, 'SHELL': '/bin/sh', 'LESS': '', 'VIMINIT': '', 'EXINIT': '',
               'PATH': os.path.dirname(TOOL) + ':' + os.environ['PATH'], 'LANGUAGE': 'C'}
for name in 'ENV', 'BASH_ENV', 'TMUX', 'PROMPT_COMMAND', 'INPUTRC':
    ENVIRONMENT.pop(name, None)


# Says the size of its terminal whenever that changes, until there are so many columns, and then
# reads a line. A handler that Python calls may have to wait for the end of what is being read.
SHOW_SIZES = """import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH])
print("begun", flush=True)
columns = 0
while columns != int(sys.argv[1]):
    signal.sigwait([signal.SIGWINCH])
    columns, lines = os.get_terminal_size(0)
    print("size", lines, columns, flush=True)
input()
"""


def needs(program):
    if not shutil.which(program):
        raise tap.Skip(f'there is no {program}')


def gproc(*arguments, status=0, **options):
    """Runs the command, without a terminal. Returns what it wrote to standard output and error."""
    # A session of its own has no terminal, whoever runs the tests.
    options = {'stdin': subprocess.DEVNULL, 'start_new_session': True, **options}
    result = subprocess.run([TOOL, *arguments], check=False, timeout=LIMIT, env=ENVIRONMENT,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    assert result.returncode == status, (arguments, result)
    return result.stdout, result.stderr.decode()


def start(*arguments, **options):
    options = {'stdin': subprocess.PIPE, 'stdout': subprocess.PIPE, 'start_new_session': True,
               **options}
    return subprocess.Popen([TOOL, *arguments], env=ENVIRONMENT, **options)


def until(condition, what):
    """Waits until CONDITION () is true, and returns what it gives."""
    deadline = time.monotonic() + LIMIT
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, what() if callable(what) else what
        select.select([], [], [], 0.005)


def read_line(file):
    """A line of a pipe whose other end may never write one."""
    line = b''
    while not line.endswith(b'\n'):
        assert select.select([file], [], [], LIMIT)[0], line
        byte = os.read(file.fileno(), 1)
        if not byte:
            break
        line += byte
    return line


def state_of(pid):
    """The state of a process, such as T where it is stopped, or None if there is none."""
    try:
        with open(f'/proc/{pid}/stat', encoding='latin-1') as file:
            return file.read().rpartition(')')[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def is_in_foreground(pid):
    """Whether keys of its terminal reach it."""
    with open(f'/proc/{pid}/stat', encoding='latin-1') as file:
        words = file.read().rpartition(')')[2].split()
    return words[2] == words[5]


def is_gone(pid):
    return state_of(pid) in (None, 'Z', 'X')


def children_of(pid):
    """Its children, and which of them are zombies."""
    found = {}
    for entry in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{entry}/stat', encoding='latin-1') as file:
                words = file.read().rpartition(')')[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(words[1]) == pid:
            found[int(entry)] = words[0]
    return found


class Terminal:
    """A terminal, and a process that it controls."""

    def __init__(self, *command, rows=24, columns=80, **options):
        self.master, self.slave = os.openpty()
        self.output = b''
        self.resize(rows, columns)
        self.before = self.settings()

        def prepare():
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

        options = {'stdin': self.slave, 'stdout': self.slave, 'stderr': self.slave, 'env': ENVIRONMENT, **options}
        self.process = subprocess.Popen(command, start_new_session=True, preexec_fn=prepare, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def settings(self):
        return termios.tcgetattr(self.slave)

    def resize(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))

    def type(self, text):
        data = text.encode()
        while data:
            data = data[os.write(self.master, data):]

    def read(self, limit=LIMIT):
        """Takes what has come, or waits for it. Says whether there was something."""
        if not select.select([self.master], [], [], limit)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b''
        self.output += data
        return bool(data)

    def expect(self, pattern):
        """Waits for PATTERN, and takes what comes up to its end. Returns the match."""
        expression = re.compile(pattern.encode())
        deadline = time.monotonic() + LIMIT
        while True:
            match = expression.search(self.output)
            if match:
                self.output = self.output[match.end():]
                return match
            left = deadline - time.monotonic()
            assert left > 0 and self.read(left), f'no {pattern!r} in {self.output!r}'

    def line(self, text):
        """Types a line into a shell that is ready."""
        self.expect('ready> $')
        self.type(text + '\n')
        # Its echo, which what is expected is not to be confused with.
        self.expect(re.escape(text) + '\r*\n')

    def finish(self):
        """Waits for the process, and returns (status as Popen has it, the rest of the output)."""
        def over():
            while self.read(0):
                pass
            return self.process.poll() is not None
        until(over, f'the process goes on: {self.output!r}')
        while self.read(0):
            pass
        return self.process.returncode, self.output

    def foreground(self):
        return os.tcgetpgrp(self.master)


def shell():
    """A bash in a terminal."""
    # So wide that no line is broken.
    return Terminal('bash', '--norc', '--noprofile', '-i', columns=500)


class Tmux:
    """A screen, as a person sees it."""

    count = 0

    def __init__(self, *command):
        needs('tmux')
        # One that has been told to end may still have its socket.
        Tmux.count += 1
        self.tmux = ['tmux', '-S', os.path.join(FOLDER.name, f'tmux{Tmux.count}'), '-f', '/dev/null']
        self.run('new-session', '-d', '-x', '80', '-y', '24', *command)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run([*self.tmux, 'kill-server'], check=False, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def run(self, *arguments):
        return subprocess.run([*self.tmux, *arguments], check=True, timeout=LIMIT, env=ENVIRONMENT,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout.decode()

    def keys(self, *keys):
        self.run('send-keys', *keys)

    def screen(self):
        return self.run('capture-pane', '-p')

    def shows(self, pattern):
        seen = ['']

        def look():
            seen[0] = self.screen()
            return re.search(pattern, seen[0], re.M)
        try:
            return until(look, '')
        except AssertionError:
            raise AssertionError(f'no {pattern!r} on\n{seen[0]}') from None

    def line(self, text):
        self.shows(r'ready> *$')
        self.run('send-keys', '-l', text)
        self.keys('Enter')


def tmux_shell():
    return Tmux('bash --norc --noprofile -i')


def wait_for_end(process):
    return process.wait(timeout=LIMIT)


def kill(pid, signum=signal.SIGKILL):
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        pass
