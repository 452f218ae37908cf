#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every number of the contract has a test, and every test that is named for it exists.

contract.tsv has a row for each pair of number and test path. A path that starts with
"/" is one that a test program lists with -l; any other is a file of this tree with tests
that are no C program, such as tests/introspection.py.

usage: contract.py CONTRACT.tsv [--without=PATH] PROGRAM…

With --without the tests whose path begins so are not built: their rows are passed over.
"""

import os
import re
import subprocess
import sys

import tap

TSV = sys.argv[1]
WITHOUT = tuple(option.split('=', 1)[1] for option in sys.argv[2:]
                if option.startswith('--without='))
PROGRAMS = [program for program in sys.argv[2:] if not program.startswith('--')]
TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# How many numbers each section has that the library must keep so far.
SECTIONS = {1: 13, 2: 14, 3: 9, 4: 12, 5: 7, 6: 4, 7: 4}

# And which numbers besides, of sections that are not complete.
SINGLE = []


def rows():
    with open(TSV, encoding='utf-8') as file:
        for line in file:
            line = line.rstrip('\n')
            if line and not line.startswith('#'):
                yield line.split('\t')


def each_row_is_a_number_and_a_path():
    for row in rows():
        assert len(row) == 2 and all(row), row
    assert len(set(map(tuple, rows()))) == len(list(rows())), 'a row stands twice'


def every_number_has_a_test():
    wanted = [f'{section}.{number}' for section, count in SECTIONS.items()
              for number in range(1, count + 1)] + SINGLE
    found = {row[0] for row in rows()}
    missing = [number for number in wanted if number not in found]
    assert not missing, f'without a test: {missing}'
    unknown = sorted(found.difference(wanted))
    assert not unknown, f'no such number: {unknown}'


def every_test_exists():
    known = set()
    for program in PROGRAMS:
        listed = subprocess.run([program, '-l'], check=True, stdout=subprocess.PIPE,
                                stdin=subprocess.DEVNULL, timeout=60)
        # Alone on a line, or in one of TAP.
        known.update(re.findall(r'(?:^|\s)(/\S+)', listed.stdout.decode()))
    missing = [row for row in rows() if not row[1].startswith(WITHOUT)
               if not (row[1] in known if row[1].startswith('/')
                       else os.path.exists(os.path.join(TOP, row[1].split(':')[0])))]
    assert not missing, f'no such test: {missing}'


tap.run('/gproc/contract', each_row_is_a_number_and_a_path, every_number_has_a_test,
        every_test_exists)
