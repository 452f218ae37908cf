#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fetches objects of a git repository from one process that is kept open: a line, exactly as
many bytes as the line says, a newline.

usage: git-cat-file.py [OBJECT…]
"""

import hashlib
import sys

import gi

gi.require_version('GProc', '1')

from gi.repository import GLib, GProc  # noqa: E402


def fetch(git, name):
    git.get_stdin().queue(name.encode() + b'\n')

    # A blocking read writes what is queued while it waits: no flush is needed.
    header = git.get_stdout().read_line_utf8(None)
    if header is None:
        raise EOFError('git ended before it answered')
    words = header.split(' ')
    if len(words) != 3:
        print(header)
        return

    identifier, kind, size = words
    body = git.get_stdout().read_exactly(int(size), None).get_data() or b''
    newline = git.get_stdout().read_exactly(1, None).get_data()
    assert newline == b'\n'
    checksum = hashlib.sha256(body).hexdigest()
    print(f'{name}: {kind} {identifier}, {len(body)} bytes, sha256 {checksum[:16]}')


def main():
    names = sys.argv[1:] or ['HEAD', 'HEAD^{tree}', 'HEAD:README.md', 'HEAD:COPYING']
    git = GProc.Stream.new(['git', 'cat-file', '--batch'], GProc.StreamFlags.NONE)
    for name in names:
        fetch(git, name)

    # Closing its input is how git cat-file is told to end.
    git.close(None)
    git.wait_check(None)
    print(f'{len(names)} objects over one stream, git exited with {git.get_returncode()}')


try:
    main()
except GLib.Error as error:
    sys.exit(f'git-cat-file.py: {error.message}')
