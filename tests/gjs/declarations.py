#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The TypeScript declarations say what the GIR says, and the compiler takes them.

usage: declarations.py GProc-1.gir
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BINDINGS = os.path.join(TOP, 'gprocstream', 'bindings', 'gjs')
DECLARATIONS = os.path.join(BINDINGS, 'GProc.d.ts')
sys.path[:0] = [os.path.dirname(HERE), BINDINGS]

import declare  # noqa: E402
import tap  # noqa: E402

NAMESPACE = declare.load(sys.argv[1])


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def compile_errors(*names):
    """The errors of tsc, as (file, line, code)."""
    tsc = shutil.which('tsc')
    if not tsc:
        raise tap.Skip('there is no tsc: node-typescript')
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            [tsc, '--noEmit', '--strict', '--target', 'es2020', '--module', 'es2020',
             DECLARATIONS, os.path.join(HERE, 'types', 'gi.d.ts'),
             *(os.path.join(HERE, 'types', name) for name in names)],
            check=False, cwd=folder, encoding='utf-8',
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    found = re.findall(r'^(?:.*/)?(\S+)\((\d+),\d+\): error (TS\d+): ', result.stdout, re.M)
    assert bool(found) == (result.returncode != 0), result.stdout
    return [(name, int(line), code) for name, line, code in found], result.stdout


def declarations_are_those_of_the_gir():
    made = subprocess.run([sys.executable, os.path.join(BINDINGS, 'declare.py'), sys.argv[1]],
                          check=True, stdout=subprocess.PIPE, encoding='utf-8').stdout
    assert made == read(DECLARATIONS), 'gprocstream/bindings/gjs/declare.py GIR >GProc.d.ts'


def every_name_is_declared():
    """Without the generator: what it forgot would be missing from both."""
    text = read(DECLARATIONS)
    missing = []
    for owner in NAMESPACE:
        if owner.tag not in (declare.CORE + 'class', declare.CORE + 'interface'):
            continue
        body = re.search(rf'\n        (?:abstract )?class {owner.get("name")} .*?\n        }}\n',
                         text, re.S)
        for member in owner:
            if member.tag in (declare.CORE + 'method', declare.CORE + 'constructor',
                              declare.CORE + 'function') and declare.visible(member):
                pattern = rf'^ *(?:static )?{declare.name_of(member)}\('
            elif member.tag == declare.CORE + 'property':
                pattern = rf'^ *(?:readonly )?{declare.name_of(member)}: '
            else:
                continue
            if not re.search(pattern, body[0], re.M):
                missing.append(f'{owner.get("name")}.{member.get("name")}')
    assert not missing, missing


def no_type_is_left_to_c():
    left = re.findall(r'\b(?:g(?:u?int\w*|s?size|boolean|char|pointer)|utf8|filename)\b',
                      read(DECLARATIONS))
    assert not left, left


def every_promise_has_a_form_with_a_callback():
    text = read(DECLARATIONS)
    promises = re.findall(r'^ *(?:static )?(\w+_async)\(.*\): Promise<', text, re.M)
    callbacks = re.findall(r'^ *(?:static )?(\w+_async)\(.*callback.*\): void;', text, re.M)
    assert len(promises) > 25 and promises == callbacks, set(promises) ^ set(callbacks)


def right_calls_compile():
    errors, text = compile_errors('right.ts')
    assert not errors, text


def wrong_calls_do_not_compile():
    errors, text = compile_errors('wrong.ts')
    lines = read(os.path.join(HERE, 'types', 'wrong.ts')).split('\n')
    wanted = {('wrong.ts', number, code[1]) for number, line in enumerate(lines, 1)
              if (code := re.search(r'; // (TS\d+)$', line))}
    assert len(wanted) > 15
    assert set(errors) == wanted, (set(errors) ^ wanted, text)


tap.run('/gproc/gjs/types', declarations_are_those_of_the_gir, every_name_is_declared,
        no_type_is_left_to_c, every_promise_has_a_form_with_a_callback, right_calls_compile,
        wrong_calls_do_not_compile)
