#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An engine that is reached over TLS, and who is to be trusted.

usage: tls.py
"""

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import gi  # noqa: E402

gi.require_version('GProcEngine', '1')
gi.require_version('GProc', '1')

from gi.repository import Gio, GLib, GProcEngine  # noqa: E402

import tap  # noqa: E402

FOLDER = tempfile.TemporaryDirectory()
UPGRADED = b'HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n'
ANSWERS = {'/_ping': b'HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK',
           '/containers/web/exec': b'HTTP/1.1 201 Created\r\nContent-Length: 12\r\n\r\n{"Id": "e1"}',
           '/exec/e1/json': b'HTTP/1.1 200 OK\r\n\r\n{"Running": false, "ExitCode": 7}'}


def make_certificates(name):
    """A folder as DOCKER_CERT_PATH names one. Its only certificate is that of whoever signs."""
    folder = os.path.join(FOLDER.name, name)
    if not os.path.exists(folder):
        if not shutil.which('openssl') or not Gio.TlsBackend.get_default().supports_tls():
            raise tap.Skip('there is no openssl, or no TLS for GIO')
        os.mkdir(folder)
        cert, key = (os.path.join(folder, part) for part in ('cert.pem', 'key.pem'))
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key,
                        '-out', cert, '-days', '3650', '-subj', '/CN=localhost', '-addext',
                        'subjectAltName=DNS:localhost,IP:127.0.0.1'], check=True, timeout=60,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.copy(cert, os.path.join(folder, 'ca.pem'))
    return folder


class Engine:
    """Echoes what a command reads, once that has come to its end."""

    def __init__(self, folder):
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH,
                                                  cafile=os.path.join(folder, 'ca.pem'))
        self.context.load_cert_chain(os.path.join(folder, 'cert.pem'),
                                     os.path.join(folder, 'key.pem'))
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *exception):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection = self.socket.accept()[0]
                threading.Thread(target=self.answer, args=[connection], daemon=True).start()

    def answer(self, plain):
        with contextlib.suppress(OSError, ValueError), plain, \
                self.context.wrap_socket(plain, server_side=True) as connection:
            file = connection.makefile('rb')
            path = file.readline().split()[1].decode()
            length = 0
            while (header := file.readline().strip()):
                if header.lower().startswith(b'content-length:'):
                    length = int(header.split(b':')[1])
            file.read(length)
            if path == '/exec/e1/start':
                connection.sendall(UPGRADED)
                data = file.read()
                connection.sendall(b'\1\0\0\0\0\0\0' + bytes([len(data)]) + data)
            else:
                connection.sendall(ANSWERS[path])
            # Without a word at the end anybody could have cut it.
            connection.unwrap()


@contextlib.contextmanager
def variables(**values):
    with contextlib.ExitStack() as stack:
        for name in 'DOCKER_TLS', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH':
            os.environ.pop(name, None)
            stack.callback(os.environ.pop, name, None)
        os.environ.update(values)
        yield


def make_engine(server, scheme='tcp'):
    return GProcEngine.Engine.new(f'{scheme}://localhost:{server.port}')


def whoever_is_signed_is_trusted():
    folder = make_certificates('own')
    with Engine(folder) as server:
        with variables(DOCKER_TLS_VERIFY='1', DOCKER_CERT_PATH=folder):
            engine = make_engine(server)
        with variables(DOCKER_CERT_PATH=folder):
            other = make_engine(server, 'https')
        assert engine.ping(None) and other.ping(None)


def a_command_is_run():
    folder = make_certificates('own')
    with Engine(folder) as server, variables(DOCKER_TLS_VERIFY='1', DOCKER_CERT_PATH=folder):
        stream = make_engine(server).exec('web', ['cat'], None, None)
        stream.get_stdin().queue(b'said')
        # There is no end of one direction alone but by closing it.
        assert not stream.get_stdin().can_write_eof()
        assert stream.get_stdin().close(None)
        assert stream.get_stdout().read_to_end(-1, None).get_data() == b'said'
        assert stream.wait(None) == 7
        result = make_engine(server).exec('web', ['cat'], None, None).communicate_utf8('more', None)
        assert result.get_stdout_utf8() == 'more' and result.get_returncode() == 7


def nobody_else_is():
    folder, foreign = make_certificates('own'), make_certificates('foreign')
    with Engine(foreign) as server:
        with variables(DOCKER_TLS_VERIFY='1', DOCKER_CERT_PATH=folder):
            engine = make_engine(server)
        try:
            engine.ping(None)
            raise AssertionError('anybody is trusted')
        except GLib.Error as error:
            assert error.matches(Gio.tls_error_quark(), Gio.TlsError.BAD_CERTIFICATE), error
            assert 'cannot be reached' in error.message
        # The engine does not know this certificate, which without a check is all that is wrong.
        with variables(DOCKER_TLS='1', DOCKER_CERT_PATH=folder):
            engine = make_engine(server)
        try:
            engine.ping(None)
            raise AssertionError('anybody is let in')
        except GLib.Error as error:
            assert not error.matches(Gio.tls_error_quark(), Gio.TlsError.BAD_CERTIFICATE), error
    with Engine(foreign) as server, variables(DOCKER_TLS='1', DOCKER_CERT_PATH=foreign):
        assert make_engine(server).ping(None)


def who_speaks_no_tls_is_told_so():
    folder = make_certificates('own')
    with socket.create_server(('127.0.0.1', 0)) as server:
        def greet():
            with server.accept()[0] as connection:
                connection.sendall(b'HTTP/1.1 400 Bad Request\r\n\r\n')
                connection.recv(1000)
        thread = threading.Thread(target=greet)
        thread.start()
        with variables(DOCKER_TLS_VERIFY='1', DOCKER_CERT_PATH=folder):
            engine = GProcEngine.Engine.new(f'tcp://localhost:{server.getsockname()[1]}')
        try:
            engine.ping(None)
            raise AssertionError('that is no TLS')
        except GLib.Error as error:
            assert 'cannot be reached' in error.message, error
        thread.join()


tap.run('/gproc/engine-tls', whoever_is_signed_is_trusted, a_command_is_run, nobody_else_is,
        who_speaks_no_tls_is_told_so)
