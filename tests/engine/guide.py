# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the code of docs/reference/containers.md and compares what it prints. To be run by run.sh.

usage: guide.py [GJS]
"""

import os
import re
import subprocess
import sys
import tempfile
import textwrap

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import tap  # noqa: E402
from plain import Api  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PYTHON = '''
import asyncio
import gi
gi.require_version('GProc', '1')
gi.require_version('GProcEngine', '1')
from gi.repository import Gio, GLib, GProc, GProcEngine

async def main():
{}

asyncio.run(main())
'''
JAVASCRIPT = '''
import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';
import GProcEngine from 'gi://GProcEngine?version=1';
import System from 'system';

const loop = new GLib.MainLoop(null, false);
let status = 0;
(async () => {{
{}
}})().catch(error => {{
    printerr(error, error.stack);
    status = 1;
}}).finally(() => loop.quit());
loop.run();
System.exit(status);
'''


def blocks():
    """(language, code, what it prints), in order: all code prints something."""
    with open(os.path.join(TOP, 'docs', 'reference', 'containers.md'), encoding='utf-8') as file:
        text = file.read()
    found = re.findall(r'^```(python|js)\n(.*?)^```\n\nprints\n\n```text\n(.*?)^```$', text,
                       re.S | re.M)
    assert len(found) > 5 and len(found) * 4 == len(re.findall('^```', text, re.M))
    return found


def names():
    """The names of the guide: a container "web" that runs, and an image "busybox"."""
    api = Api(os.environ['GPROC_ENGINE'])
    for path in (f'/images/{os.environ["GPROC_ENGINE_IMAGE"]}/tag?repo=busybox&tag=latest',
                 f'/containers/{os.environ["GPROC_ENGINE_CONTAINER"]}/rename?name=web'):
        status, body = api.call('POST', path)
        assert status in (201, 204), body


def command(language, code):
    """What runs CODE, and the file that has to be there meanwhile."""
    if language == 'python':
        return [sys.executable, '-c', PYTHON.format(textwrap.indent(code, '    '))], None
    if len(sys.argv) < 2:
        raise tap.Skip('there is no gjs')
    file = tempfile.NamedTemporaryFile('w', suffix='.js', encoding='utf-8')
    file.write(JAVASCRIPT.format(code))
    file.flush()
    return [sys.argv[1], '-m', file.name], file


def example(number, language, code, printed):
    def function():
        environment = {**os.environ, 'CONTAINER_HOST': os.environ['GPROC_ENGINE']}
        argv, _file = command(language, code)
        done = subprocess.run(argv, check=False, env=environment, encoding='utf-8', timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        assert done.returncode == 0 and done.stderr == '', (code, done.stderr)
        assert done.stdout == printed, (code, done.stdout)

    function.__name__ = f'{number}-{language}'
    return function


names()
tap.run('/engine/guide', *[example(number, *block) for number, block in enumerate(blocks(), 1)])
