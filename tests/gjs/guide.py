#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the examples of docs/reference/javascript.md and compares what they print.

usage: guide.py GJS
"""

import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, 'tests'))

import tap  # noqa: E402

GJS = sys.argv[1]
IMPORT = re.compile(r'^import .*;\n', re.M)
PROGRAM = '''
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';
import System from 'system';

const loop = new GLib.MainLoop(null, false);
let status = 0;
(async () => {{
{body}
}})().catch(error => {{
    printerr(error, error.stack);
    status = 1;
}}).finally(() => loop.quit());
loop.run();
System.exit(status);
'''


def blocks():
    """(code, what it prints or None), in order."""
    with open(os.path.join(TOP, 'docs', 'reference', 'javascript.md'), encoding='utf-8') as file:
        text = file.read()
    found = re.findall(r'^```js\n(.*?)^```\n(?:\nprints\n\n```text\n(.*?)^```\n)?', text, re.S | re.M)
    assert len(found) == text.count('```js\n') and text.count('```text\n') == text.count('\nprints\n')
    return [(IMPORT.sub('', code), printed) for code, printed in found]


def example(code, printed):
    def function():
        with tempfile.NamedTemporaryFile('w', suffix='.js', encoding='utf-8') as file:
            file.write(PROGRAM.format(body=code))
            file.flush()
            result = subprocess.run([GJS, '-m', file.name], check=False, timeout=60,
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, encoding='utf-8')
        assert result.returncode == 0 and result.stderr == '', (code, result.stderr)
        assert result.stdout == printed, (code, result.stdout)
    return function


def the_page_has_examples():
    assert len(blocks()) > 8
    assert sum(bool(printed) for _, printed in blocks()) > 8


TESTS = [the_page_has_examples]
for number, block in enumerate(blocks(), 1):
    TESTS.append(example(*block))
    TESTS[-1].__name__ = f'example_{number}'

tap.run('/gproc/gjs/guide', *TESTS)
