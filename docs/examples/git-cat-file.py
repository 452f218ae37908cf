#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fetches objects of a git repository from one process that is kept open: a line, exactly as
many bytes as the line says, a newline.

usage: git-cat-file.py [OBJECT…]
"""

import asyncio
import hashlib
import sys

import gi

gi.require_version('GProc', '1')

from gi.repository import GLib, GProc  # noqa: E402


async def fetch(git, name):
    git.stdin.queue(f'{name}\n')

    header = await git.stdout.read_line_utf8_async()
    if header is None:
        raise EOFError('git ended before it answered')
    words = header.split(' ')
    if len(words) != 3:
        print(header)
        return

    identifier, kind, size = words
    body = (await git.stdout.read_exactly_async(int(size))).get_data()
    newline = (await git.stdout.read_exactly_async(1)).get_data()
    if newline != b'\n':
        raise ValueError('The object does not end where git said')
    checksum = hashlib.sha256(body).hexdigest()
    print(f'{name}: {kind} {identifier}, {len(body)} bytes, sha256 {checksum[:16]}')


async def main(names):
    git = GProc.Stream.new(['git', 'cat-file', '--batch'])

    for name in names:
        await fetch(git, name)

    # The end of its input is how git cat-file is told to end.
    git.stdin.write_eof()
    await git.wait_check_async()
    print(f'{len(names)} objects over one stream, git exited with {git.returncode}')


try:
    asyncio.run(main(sys.argv[1:] or ['HEAD', 'HEAD^{tree}', 'HEAD:README.md', 'HEAD:COPYING']))
except (GLib.Error, EOFError, ValueError) as error:
    sys.exit(f'git-cat-file.py: {error}')
