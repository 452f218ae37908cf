#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gproc serve: many clients, such as vanish, and such as stay; and how it ends.

usage: serve.py GPROC
"""

import collections
import contextlib
import fcntl
import hashlib
import os
import re
import resource
import selectors
import signal
import socket
import struct
import subprocess
import time

from support import (FOLDER, LIMIT, children_of, gproc, is_gone, read_line, start, state_of, tap,
                     until, wait_for_end)

CLIENTS = 200
BLOCK = hashlib.shake_128(b'block').digest(1 << 20)


class Service:
    """A service that listens, and what it has when it has no clients."""

    def __init__(self, *command, listen='unix', options=(), **settings):
        if listen == 'unix':
            listen = 'unix:' + os.path.join(FOLDER.name, 'socket')
        self.process = start('serve', '--listen', listen, *options, '--', *command, **settings)
        line = read_line(self.process.stdout).decode()
        assert line.endswith('\n'), f'it does not listen: {self.process.wait()}'
        self.text = line[:-1]
        self.kind, _, self.address = self.text.partition(':')
        self.first = self.kinds()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def connect(self):
        if self.kind == 'unix':
            client = socket.socket(socket.AF_UNIX)
            target = self.address
        else:
            host, _, port = self.address.rpartition(':')
            client = socket.socket(socket.AF_INET6 if '[' in host else socket.AF_INET)
            target = host.strip('[]'), int(port)
        client.settimeout(LIMIT)
        client.connect(target)
        return client

    def is_idle(self):
        """No children, dead ones neither, and of each kind no more descriptors than at first."""
        return not children_of(self.process.pid) and self.kinds() == self.first

    def kinds(self):
        """How many descriptors of each kind there are, that of what is only for waiting aside."""
        return collections.Counter(link.split(':[')[0] for link in links_of(self.process.pid)
                                   if not re.search(r'\[event(fd|poll)\]', link))

    def settle(self):
        until(self.is_idle, lambda: f'{children_of(self.process.pid)}, {self.kinds()} and not {self.first}')

    def end(self, signum=signal.SIGTERM):
        self.process.send_signal(signum)
        assert wait_for_end(self.process) == 0


def read_all(client):
    data = b''
    while True:
        block = client.recv(1 << 16)
        if not block:
            return data
        data += block


def exchange(service, data):
    with service.connect() as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        return read_all(client)


def vanish(client):
    """What a host does that is switched off and on: a reset, if it is TCP."""
    if client.family != socket.AF_UNIX:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    client.close()


def each_kind_of_address():
    for listen in 'unix', 'tcp:127.0.0.1:0', 'tcp:[::1]:0':
        if '::1' in listen:
            try:
                socket.create_server(('::1', 0), family=socket.AF_INET6).close()
            except OSError:
                continue
        with Service('cat', listen=listen) as service:
            assert not service.text.endswith(':0') and service.text.startswith(listen.rstrip('0')), service.text
            assert exchange(service, b'question\n') == b'question\n'
            service.settle()
            service.end()
            assert read_line(service.process.stdout) == b''


def the_end_of_input_is_seen_and_the_answer_comes():
    for listen in 'unix', 'tcp:127.0.0.1:0':
        with Service('sort', listen=listen) as service:
            assert exchange(service, b'b\nc\na\n') == b'a\nb\nc\n'
            service.end()


def the_end_of_the_program_is_seen_while_the_client_stays():
    for listen in 'unix', 'tcp:127.0.0.1:0':
        with Service('echo', 'hello', listen=listen) as service, service.connect() as client:
            assert read_all(client) == b'hello\n'
            service.settle()
            service.end()


def what_was_written_arrives_though_input_was_not_read():
    """A connection that is closed with something in it unread is reset, and the answer is lost."""
    for listen in 'unix', 'tcp:127.0.0.1:0':
        with Service('sh', '-c', 'read x; head -c 1000000 /dev/zero', listen=listen) as service:
            for _ in range(20):
                with service.connect() as client:
                    client.sendall(b'first\n' + b'x' * 50000)
                    assert read_all(client) == b'\0' * 1000000
            service.settle()
            service.end()


def many_at_once(service, count):
    """COUNT clients that each send a megabyte, and read it back meanwhile."""
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:
        for number in range(count):
            client = stack.enter_context(service.connect())
            client.setblocking(False)
            state = {'number': number, 'sent': 0, 'got': hashlib.sha256(), 'size': 0}
            selector.register(client, selectors.EVENT_READ | selectors.EVENT_WRITE, state)
        left = count
        while left:
            ready = selector.select(LIMIT)
            assert ready, f'nothing comes for {left} clients'
            for key, events in ready:
                state = key.data
                if events & selectors.EVENT_WRITE:
                    state['sent'] += key.fileobj.send(BLOCK[state['sent']:state['sent'] + 65536])
                    if state['sent'] == len(BLOCK):
                        key.fileobj.shutdown(socket.SHUT_WR)
                        selector.modify(key.fileobj, selectors.EVENT_READ, state)
                if events & selectors.EVENT_READ:
                    data = key.fileobj.recv(1 << 16)
                    state['got'].update(data)
                    state['size'] += len(data)
                    if not data:
                        assert state['size'] == len(BLOCK), state
                        assert state['got'].digest() == hashlib.sha256(BLOCK).digest()
                        selector.unregister(key.fileobj)
                        left -= 1


def two_hundred_at_once():
    for listen in 'unix', 'tcp:127.0.0.1:0':
        with Service('cat', listen=listen) as service:
            many_at_once(service, CLIENTS)
            service.settle()
            many_at_once(service, 3)
            service.settle()
            service.end()


def no_more_than_the_maximum():
    for listen in 'unix', 'tcp:127.0.0.1:0':
        with Service('sh', '-c', 'echo begun; cat', listen=listen, options=['--max=3']) as service:
            clients = [service.connect() for _ in range(20)]
            served = []
            # The first three are served, and the others when one of those has gone.
            for client in clients[:3]:
                assert client.recv(6) == b'begun\n'
                served.append(client)
            for client in clients[3:]:
                assert len(children_of(service.process.pid)) <= 3
                client.setblocking(False)
                try:
                    assert not client.recv(6), 'a fourth is served'
                except BlockingIOError:
                    pass
                client.settimeout(LIMIT)
                first = served.pop(0)
                first.shutdown(socket.SHUT_WR)
                assert read_all(first) == b''
                first.close()
                assert client.recv(6) == b'begun\n'
                served.append(client)
            for client in served:
                client.close()
            service.settle()
            service.end()


def many_wait_for_a_few():
    with Service('cat', options=['--max=4']) as service:
        many_at_once(service, 60)
        service.settle()
        service.end()


def clients_that_vanish():
    """In the middle of what they send, and of what they are sent."""
    for listen in 'unix', 'tcp:127.0.0.1:0':
        with Service('sh', '-c', 'cat & yes; wait', listen=listen, options=['--grace=0.2']) as service:
            for _ in range(CLIENTS // 50):
                clients = [service.connect() for _ in range(50)]
                for client in clients:
                    client.sendall(b'x' * 1000)
                    assert client.recv(1000)
                for client in clients:
                    vanish(client)
            service.settle()
            service.end()


def programs_that_never_read():
    """And clients that have sent them more than fits, and vanish or go."""
    for listen in 'unix', 'tcp:127.0.0.1:0':
        with Service('sleep', '1000', listen=listen, options=['--grace=0.2']) as service:
            clients = [service.connect() for _ in range(CLIENTS)]
            for client in clients:
                client.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        client.send(BLOCK)
            until(lambda: len(children_of(service.process.pid)) == CLIENTS, 'not all are served')
            # It sleeps: nothing of this keeps it awake.
            before = cpu_time(service.process.pid)
            began = time.monotonic()
            until(lambda: time.monotonic() - began > 1, '')
            assert cpu_time(service.process.pid) - before < 0.3, 'it is busy with nothing'
            for client in clients:
                vanish(client)
            service.settle()
            service.end()


def cpu_time(pid):
    with open(f'/proc/{pid}/stat', encoding='latin-1') as file:
        words = file.read().rpartition(')')[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf('SC_CLK_TCK')


def a_program_that_ignores_the_end_of_its_client():
    script = 'trap "" TERM PIPE HUP; echo $$; while :; do sleep 0.1; done'
    with Service('sh', '-c', script, options=['--grace=0.2']) as service:
        with service.connect() as client:
            pid = int(client.recv(20))
        until(lambda: is_gone(pid), 'the program goes on')
        service.settle()
        service.end()


def a_program_has_time_to_end_after_its_client():
    path = os.path.join(FOLDER.name, 'late')
    script = f'cat >/dev/null; sleep 0.3; echo done >{path}'
    with Service('sh', '-c', script) as service:
        with service.connect() as client:
            client.sendall(b'x')
        until(lambda: os.path.exists(path), 'the program was ended')
        service.settle()
        service.end()


def a_program_that_cannot_be_started():
    listen = 'unix:' + os.path.join(FOLDER.name, 'none')
    assert 'gproc-no' in gproc('serve', '--listen', listen, 'gproc-no-such-program', status=127)[1]
    gproc('serve', '--listen', listen, FOLDER.name, status=126)
    path = os.path.join(FOLDER.name, 'program')
    with open(path, 'w', encoding='ascii') as file:
        file.write('#!/bin/sh\necho ok\n')
    os.chmod(path, 0o755)
    with Service(path, stderr=subprocess.PIPE) as service:
        assert exchange(service, b'') == b'ok\n'
        os.rename(path, path + '.away')
        assert exchange(service, b'') == b''
        assert b'program' in read_line(service.process.stderr)
        os.rename(path + '.away', path)
        assert exchange(service, b'') == b'ok\n'
        service.settle()
        service.end()
        service.process.stderr.close()


def the_socket_is_removed_and_a_stale_one_replaced():
    path = os.path.join(FOLDER.name, 'socket')
    with Service('cat') as service:
        service.end()
        assert not os.path.lexists(path)
    with Service('cat') as service:
        service.process.kill()
        service.process.wait()
        assert os.path.exists(path)
    with Service('cat') as service:
        assert exchange(service, b'again') == b'again'
        # One that is in use is not replaced, and the loser removes nothing.
        assert gproc('serve', '--listen', 'unix:' + path, 'cat', status=125)[1].startswith('gproc: ')
        assert exchange(service, b'still') == b'still'
        service.end(signal.SIGINT)
        assert not os.path.lexists(path)


def of_many_that_find_a_stale_socket_one_serves():
    path = os.path.join(FOLDER.name, 'socket')
    for _ in range(5):
        # It is bound, and nobody will listen.
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(path)
        services = [start('serve', '--listen', 'unix:' + path, 'sh', '-c', f'echo {number}', stderr=subprocess.PIPE)
                    for number in range(12)]
        winners = []
        for number, service in enumerate(services):
            # A line, or the end of one that cannot.
            if read_line(service.stdout):
                winners.append(number)
            else:
                assert wait_for_end(service) == 125
        assert len(winners) == 1, winners
        winner = services[winners[0]]
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            client.shutdown(socket.SHUT_WR)
            assert read_all(client) == b'%d\n' % winners[0]
        winner.terminate()
        assert wait_for_end(winner) == 0 and not os.path.lexists(path)
        for service in services:
            for file in service.stdin, service.stdout, service.stderr:
                file.close()


def links_of(pid):
    found = []
    for number in os.listdir(f'/proc/{pid}/fd'):
        # Or it was closed meanwhile.
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(f'/proc/{pid}/fd/{number}'))
    return found


def one_waits_while_another_looks_and_begins():
    """Between a look and what is done about it a socket would be another one's."""
    path = os.path.join(FOLDER.name, 'socket')
    folder = os.open(FOLDER.name, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    service = start('serve', '--listen', 'unix:' + path, 'cat')
    until(lambda: os.path.realpath(FOLDER.name) in links_of(service.pid) and state_of(service.pid) == 'S',
          'it does not wait')
    assert not os.path.lexists(path)
    # It can be told to end meanwhile.
    service.terminate()
    assert wait_for_end(service) == -signal.SIGTERM
    other = start('serve', '--listen', 'unix:' + path, 'cat')
    os.close(folder)
    assert read_line(other.stdout).decode() == f'unix:{path}\n'
    other.terminate()
    assert wait_for_end(other) == 0
    for process in service, other:
        process.stdin.close()
        process.stdout.close()


def what_is_no_socket_of_ours_is_left_alone():
    path = os.path.join(FOLDER.name, 'file')
    with open(path, 'w', encoding='ascii') as file:
        file.write('precious')
    gproc('serve', '--listen', 'unix:' + path, 'cat', status=125)
    with open(path, encoding='ascii') as file:
        assert file.read() == 'precious'
    # Somebody else has put something in its place.
    with Service('cat') as service:
        os.rename(path, service.address)
        service.end()
        assert os.path.exists(service.address)
        os.remove(service.address)


def wrong_addresses_are_explained():
    for listen in ('x', 'unix:', 'unix:' + 'x' * 200, 'tcp:', 'tcp:127.0.0.1', 'tcp:localhost:1', 'tcp:127.0.0.1:99999',
                   'tcp:127.0.0.1:x', 'tcp:[::1]', 'udp:127.0.0.1:1', 'tcp:1.2.3.4.5:80'):
        error = gproc('serve', '--listen', listen, 'cat', status=125)[1]
        assert error.startswith('gproc: ') and error.count('\n') == 1, error
    with Service('cat', listen='tcp:127.0.0.1:0') as service:
        assert gproc('serve', '--listen', service.text, 'cat', status=125)[1].startswith('gproc: ')
        service.end()
    assert '--listen' in gproc('serve', 'cat', status=125)[1]
    assert 'program' in gproc('serve', '--listen', 'unix:x', status=125)[1]
    gproc('serve', '--listen', 'unix:x', '--max=-1', 'cat', status=125)


def those_running_finish_when_it_ends():
    for signum in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
        with Service('cat') as service, service.connect() as client:
            client.sendall(b'before')
            assert client.recv(6) == b'before'
            service.process.send_signal(signum)
            until(lambda: not os.path.lexists(service.address) or is_refused(service), 'it still listens')
            client.sendall(b'after')
            assert client.recv(5) == b'after'
            client.shutdown(socket.SHUT_WR)
            assert read_all(client) == b''
            assert wait_for_end(service.process) == 0
            assert not os.path.lexists(service.address)


def is_refused(service):
    try:
        service.connect().close()
        return False
    except (ConnectionRefusedError, FileNotFoundError):
        return True


def those_that_do_not_finish_are_stopped():
    script = 'trap "echo term; exit" TERM; echo $$; while :; do sleep 0.05; done'
    with Service('sh', '-c', script, options=['--grace=0.3']) as service, service.connect() as client:
        pid = int(client.recv(20))
        service.process.terminate()
        assert wait_for_end(service.process) == 0
        assert is_gone(pid)


def a_second_signal_does_not_wait():
    script = 'trap "" TERM; echo $$; while :; do sleep 1000; done'
    with Service('sh', '-c', script, options=['--grace=1000']) as service, service.connect() as client:
        pid = int(client.recv(20))
        service.process.terminate()
        until(lambda: is_refused(service), 'it still listens')
        service.process.terminate()
        assert wait_for_end(service.process) == 0
        assert is_gone(pid)


def more_clients_than_descriptors():
    """They wait, and it is not busy meanwhile."""
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))
    with Service('cat', preexec_fn=limit, stderr=subprocess.PIPE) as service:
        many_at_once(service, 40)
        service.settle()
        service.end()
        assert service.process.stderr.read() == b''
        service.process.stderr.close()


def the_programs_have_the_limit_of_the_caller():
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, 500))
    with Service('sh', '-c', 'ulimit -Sn; ulimit -Hn; ls /proc/self/fd', preexec_fn=limit) as service:
        assert exchange(service, b'') == b'200\n500\n0\n1\n2\n3\n'
        service.end()


tap.run('/gproc/tool/serve', each_kind_of_address, the_end_of_input_is_seen_and_the_answer_comes,
        the_end_of_the_program_is_seen_while_the_client_stays,
        what_was_written_arrives_though_input_was_not_read, two_hundred_at_once, no_more_than_the_maximum,
        many_wait_for_a_few, clients_that_vanish, programs_that_never_read,
        a_program_that_ignores_the_end_of_its_client, a_program_has_time_to_end_after_its_client,
        a_program_that_cannot_be_started, the_socket_is_removed_and_a_stale_one_replaced,
        of_many_that_find_a_stale_socket_one_serves, one_waits_while_another_looks_and_begins, what_is_no_socket_of_ours_is_left_alone, wrong_addresses_are_explained,
        those_running_finish_when_it_ends, those_that_do_not_finish_are_stopped,
        a_second_signal_does_not_wait, more_clients_than_descriptors,
        the_programs_have_the_limit_of_the_caller)
