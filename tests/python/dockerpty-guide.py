#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The samples of the guide for those who come from dockerpty print what the guide says."""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, 'tests'))

import gi  # noqa: E402

gi.require_version('GProc', '1')

from gi.repository import GProc  # noqa: E402

import tap  # noqa: E402

GUIDE = os.path.join(TOP, 'docs', 'reference', 'coming-from-dockerpty.md')
PAIRS = r'With dockerpty:\n\n```python\n(.*?)```\n\nWith gprocstream:\n\n```python\n(.*?)```\n\n' \
        r'```text\n(.*?)```\n'


def read_guide():
    with open(GUIDE, encoding='utf-8') as file:
        return file.read()


def each_sample_prints_what_is_said():
    text = read_guide()
    samples = re.findall(PAIRS, text, re.S)
    assert len(samples) == text.count('With gprocstream:') == text.count('With dockerpty:') >= 8
    for _, program, output in samples:
        program = 'import gi\ngi.require_version("GProc", "1")\n' + program
        result = subprocess.run([sys.executable, '-c', program],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=60, check=False)
        assert result.returncode == 0, (program, result.stderr.decode())
        assert result.stdout.decode().replace('\r', '') == output, (program, result.stdout)


def what_is_named_is_there():
    """The methods in the right column of the table."""
    table = re.findall(r'^\| .* \| (.*) \|$', read_guide(), re.M)
    names = re.findall(r'(reader|writer|demuxer|pump)\.(\w+)', ' '.join(table))
    assert len(names) >= 10, names
    for owner, name in names:
        assert hasattr(getattr(GProc, owner.capitalize()), name), (owner, name)


tap.run('/gproc/python/dockerpty-guide', each_sample_prints_what_is_said, what_is_named_is_there)
