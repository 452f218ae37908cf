#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a library exports is exactly what its list says: gprocstream-1.symbols, or that of the
second library, gprocstream-engine-1.symbols.

usage: symbols.py [--update] LIBRARY

A new symbol is added with --update (or `ninja -C BUILD update-symbols`). One that goes away
breaks programs: that needs another soname.
"""

import os
import re
import subprocess
import sys

import tap

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
LIBRARY = sys.argv[-1]
NAME = re.search(r'lib(gprocstream(?:-engine)?-1)\.so', os.path.basename(LIBRARY))[1]
SYMBOLS = os.path.join(HERE, NAME + '.symbols')


def exported():
    output = subprocess.run(['nm', '-D', '--defined-only', '--format=posix', LIBRARY], check=True,
                            stdout=subprocess.PIPE).stdout.decode()
    return sorted(line.split()[0].split('@')[0] for line in output.splitlines())


def committed():
    with open(SYMBOLS, encoding='ascii') as file:
        return file.read().split()


def declared():
    """The functions that the public headers of the library declare."""
    names = set()
    for folder, _, files in os.walk(os.path.join(TOP, 'gprocstream')):
        if (os.path.basename(folder) == 'engine') != ('engine' in NAME):
            continue
        for name in files:
            if not name.endswith('.h') or name.endswith('-private.h'):
                continue
            with open(os.path.join(folder, name), encoding='utf-8') as file:
                text = re.sub(r'/\*.*?\*/', '', file.read(), flags=re.S)
            names.update(re.findall(r'GPROC_AVAILABLE_IN_[0-9_]+\s+(?!G_DECLARE)[^;]*?(\w+) \([^;]*?\)'
                                    r'(?:\s+G_GNUC_\w+)*;', text))
            names.update(prefix + '_get_type' for prefix in re.findall(
                r'G_DECLARE_(?:FINAL_TYPE|INTERFACE|DERIVABLE_TYPE) \(\w+,\s*(\w+)', text))
    return sorted(names)


def the_list_is_what_is_exported():
    missing = sorted(set(committed()).difference(exported()))
    added = sorted(set(exported()).difference(committed()))
    assert not missing, f'no longer exported: {missing}'
    assert not added, f'exported, not in the list: {added}'


def the_list_is_sorted():
    assert committed() == sorted(set(committed()))


def only_symbols_of_this_library_are_exported():
    strange = [name for name in exported() if not name.startswith('gproc_')]
    assert not strange, strange


def the_headers_declare_what_is_exported():
    missing = sorted(set(declared()).difference(exported()))
    hidden = sorted(set(exported()).difference(declared()))
    assert not missing, f'declared, not exported: {missing}'
    assert not hidden, f'exported, in no public header: {hidden}'


def the_soname_is_that_of_abi_0():
    output = subprocess.run(['objdump', '-p', LIBRARY], check=True,
                            stdout=subprocess.PIPE).stdout.decode()
    assert re.search(rf'SONAME +lib{NAME}\.so\.0$', output, re.M)


if '--update' in sys.argv:
    with open(SYMBOLS, 'w', encoding='ascii') as output_file:
        output_file.write('\n'.join(exported()) + '\n')
else:
    tap.run('/gproc/abi', the_list_is_what_is_exported, the_list_is_sorted,
            only_symbols_of_this_library_are_exported, the_headers_declare_what_is_exported,
            the_soname_is_that_of_abi_0)
