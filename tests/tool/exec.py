#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gproc exec, where the container engine is this test.

usage: exec.py GPROC
"""

import contextlib
import json
import os
import socket
import struct
import subprocess
import threading

from support import FOLDER, LIMIT, TOOL, Terminal, gproc, tap, wait_for_end

UPGRADED = b'HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n'


def frame(number, data):
    return struct.pack('>BxxxI', number, len(data)) + data


class Engine:
    """Has a container "web", in which every command is cat, that complains, and ends with 9."""

    def __init__(self):
        self.path = os.path.join(FOLDER.name, 'engine.sock')
        self.address = 'unix://' + self.path
        self.command = None
        self.running = True
        self.sizes = []
        self.socket = socket.socket(socket.AF_UNIX)

    def __enter__(self):
        self.socket.bind(self.path)
        self.socket.listen()
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *exception):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        os.unlink(self.path)

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.try_to_answer, args=[connection], daemon=True).start()

    def try_to_answer(self, connection):
        # Who has asked may be gone.
        with contextlib.suppress(OSError):
            self.answer(connection)

    def answer(self, connection):
        with connection, connection.makefile('rb') as file:
            line = file.readline().split()
            length = 0
            while (header := file.readline().strip()):
                if header.lower().startswith(b'content-length:'):
                    length = int(header.split(b':')[1])
            body = file.read(length)
            path = line[1].decode()
            if path == '/containers/web/exec':
                self.command = json.loads(body)
                self.tell(connection, '201 Created', {'Id': 'e1'})
            elif path == '/exec/e1/start':
                connection.sendall(UPGRADED)
                self.running = True
                self.run(connection, file)
                self.running = False
            elif path.startswith('/exec/e1/resize'):
                self.sizes.append(path.partition('?')[2])
                self.tell(connection, '201 Created', {})
            elif path == '/exec/e1/json':
                self.tell(connection, '200 OK', {'Running': self.running,
                                                 'ExitCode': None if self.running else 9})
            else:
                self.tell(connection, '404 Not Found', {'message': 'there is only web'})

    @staticmethod
    def tell(connection, status, answer):
        text = json.dumps(answer).encode()
        connection.sendall(f'HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\n\r\n'.encode() + text)

    def run(self, connection, file):
        if self.command['Tty']:
            connection.sendall(b'at a terminal\r\n')
            connection.sendall(file.readline())
            return
        while (data := file.read1(65536)):
            connection.sendall(frame(1, data))
        connection.sendall(frame(2, b'complaint\n'))


def the_command_reads_and_writes_and_ends():
    with Engine() as engine:
        result = subprocess.run([TOOL, 'exec', '--host', engine.address, 'web', '--', 'cat', '--', '-x'],
                                input=b'in\n' * 100000, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=LIMIT, check=False)
        assert result.returncode == 9, result
        assert result.stdout == b'in\n' * 100000 and result.stderr == b'complaint\n'
        assert engine.command['Cmd'] == ['cat', '--', '-x'], engine.command
        assert 'Env' not in engine.command and 'User' not in engine.command


def the_address_is_that_of_the_environment():
    with Engine() as engine:
        for variable in 'DOCKER_HOST', 'CONTAINER_HOST':
            environment = {name: value for name, value in os.environ.items()
                           if name not in ('DOCKER_HOST', 'CONTAINER_HOST')}
            result = subprocess.run([TOOL, 'exec', 'web', 'true'], stdin=subprocess.DEVNULL,
                                    env={**environment, variable: engine.address}, timeout=LIMIT,
                                    stderr=subprocess.DEVNULL, check=False)
            assert result.returncode == 9, result


def options_reach_the_engine():
    with Engine() as engine:
        gproc('exec', '-H', engine.address, '-e', 'A=b=c', '--env=HOME', '-e', 'GPROC_NOT_SET', '-w',
              '/srv', '-u', '5:6', 'web', 'env', status=9)
        assert engine.command['Env'] == ['A=b=c', 'HOME=' + FOLDER.name], engine.command
        assert engine.command['User'] == '5:6' and engine.command['WorkingDir'] == '/srv'


def a_terminal():
    with Engine() as engine, Terminal(TOOL, 'exec', '--host', engine.address, '--pty', 'web', 'sh',
                                      rows=30, columns=90) as terminal:
        terminal.expect('at a terminal\r\n')
        terminal.type('typed\n')
        terminal.expect('typed')
        assert wait_for_end(terminal.process) == 9
        assert engine.command['Tty'] is True
        assert engine.sizes[0] == 'h=30&w=90', engine.sizes


def what_goes_wrong_is_said():
    with Engine() as engine:
        error = gproc('exec', '-H', engine.address, 'db', 'true', status=125)[1]
        assert error.startswith('gproc: ') and 'there is only web' in error, error
        for arguments, word in ((['--user=me', 'web', 'true'], '“me”'),
                                (['--env==x', 'web', 'true'], '“=x”'), (['web'], 'program'),
                                (['web', '--'], 'program'), ([], 'container')):
            error = gproc('exec', '-H', engine.address, *arguments, status=125)[1]
            assert error.startswith('gproc: ') and word in error, error
    error = gproc('exec', '-H', engine.address, 'web', 'true', status=125)[1]
    assert engine.address in error, error
    error = gproc('exec', '-H', 'nonsense', 'web', 'true', status=125)[1]
    assert 'nonsense' in error, error
    assert 'CONTAINER' in gproc('exec', '--help')[0].decode()


tap.run('/gproc/tool/exec', the_command_reads_and_writes_and_ends,
        the_address_is_that_of_the_environment, options_reach_the_engine, a_terminal,
        what_goes_wrong_is_said)
