#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The samples of the guide for those who come from Modal print what the guide says."""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, 'tests'))

import tap  # noqa: E402

GUIDE = os.path.join(TOP, 'docs', 'reference', 'coming-from-modal.md')
BLOCKS = r'With gprocstream:\n\n```python\n(.*?)```\n\n```text\n(.*?)```\n'
# What stands for the creation there, and here.
MODAL, OURS = 'sandbox.exec', 'GProc.aio.spawn'


def read_guide():
    with open(GUIDE, encoding='utf-8') as file:
        return file.read()


def each_sample_prints_what_is_said():
    text = read_guide()
    samples = re.findall(BLOCKS, text, re.S)
    assert len(samples) == text.count('With gprocstream:') == text.count('With Modal:') >= 4
    for program, output in samples:
        program = 'import gi\ngi.require_version("GProc", "1")\n' + program
        result = subprocess.run([sys.executable, '-c', program], stdout=subprocess.PIPE, check=True,
                                timeout=60)
        assert result.stdout.decode() == output, (program, result.stdout)


def only_the_creation_differs():
    pairs = re.findall(r'With Modal:\n\n```python\n(.*?)```\n\nWith gprocstream:\n\n'
                       r'```python\n(.*?)```', read_guide(), re.S)
    for theirs, ours in pairs[1:]:
        for line in theirs.splitlines():
            line = re.sub(r'\s+', ' ', line.replace(MODAL, OURS)).strip()
            if line and 'import' not in line:
                assert line in [re.sub(r'\s+', ' ', other).strip()
                                for other in ours.splitlines()], (line, ours)


tap.run('/gproc/python/modal-guide', each_sample_prints_what_is_said, only_the_creation_differs)
