# SPDX-License-Identifier: LGPL-2.1-or-later
"""The engine's interface by hand, to compare with: sockets, and nothing of the library."""

import json
import os
import socket


def control(line):
    """Has the service ended ("kill", "stop") or started ("start")."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(os.environ['GPROC_ENGINE_CONTROL'])
        peer.sendall(line.encode() + b'\n')
        peer.shutdown(socket.SHUT_WR)
        return all_of(peer).decode().strip()


def all_of(peer):
    data = b''
    while some := peer.recv(1 << 16):
        data += some
    return data


class Api:
    def __init__(self, address):
        self.path = address[len('unix://'):]

    def ask(self, method, path, body, *headers):
        """Sends a request, and returns the connection."""
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(self.path)
        data = b'' if body is None else json.dumps(body).encode()
        head = [f'{method} /v1.40{path} HTTP/1.1', 'Host: engine',
                'Content-Type: application/json', f'Content-Length: {len(data)}', *headers]
        peer.sendall('\r\n'.join(head).encode() + b'\r\n\r\n' + data)
        return peer

    def call(self, method, path, body=None):
        """Returns the status, and the body without what cuts it into pieces."""
        with self.ask(method, path, body, 'Connection: close') as peer:
            head, _, data = all_of(peer).partition(b'\r\n\r\n')
        if b'transfer-encoding: chunked' in head.lower():
            pieces, whole = data, b''
            while True:
                size, _, pieces = pieces.partition(b'\r\n')
                if int(size, 16) == 0:
                    break
                whole += pieces[:int(size, 16)]
                pieces = pieces[int(size, 16) + 2:]
            data = whole
        return int(head.split()[1]), data

    def run(self, container, argv, given=b''):
        """Returns what came, frames and all, and the exit code."""
        status, body = self.call('POST', f'/containers/{container}/exec', {
            'AttachStdin': True, 'AttachStdout': True, 'AttachStderr': True, 'Cmd': argv})
        assert status == 201, body
        name = json.loads(body)['Id']
        with self.ask('POST', f'/exec/{name}/start', {'Detach': False, 'Tty': False},
                      'Connection: Upgrade', 'Upgrade: tcp') as peer:
            head = b''
            while not head.endswith(b'\r\n\r\n'):
                some = peer.recv(1)
                assert some, head
                head += some
            assert head.startswith(b'HTTP/1.1 101 '), head
            peer.sendall(given)
            peer.shutdown(socket.SHUT_WR)
            came = all_of(peer)
        return came, json.loads(self.call('GET', f'/exec/{name}/json')[1])['ExitCode']
