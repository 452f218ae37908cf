#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the code of README.md and of the guides, and compares what it prints with what they say.

A block of text behind a block of code is what that prints. Each page is one program, in which each
block has variables of its own; what defines classes or functions can be used by later blocks.

usage: documents.py BUILD-FOLDER [--python] [--gjs] [--vala] [--tool]
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

import tap

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(sys.argv[1])
LIBRARY = os.path.join(BUILD, 'gprocstream')
# Neither the configuration of the user nor the repository around the tests matters.
ENVIRONMENT = {**{name: value for name, value in os.environ.items() if name[:4] != 'GIT_'},
               'GIT_CONFIG_GLOBAL': '/dev/null', 'GIT_CONFIG_SYSTEM': '/dev/null',
               'GIT_AUTHOR_NAME': 'a', 'GIT_AUTHOR_EMAIL': 'a@localhost',
               'GIT_COMMITTER_NAME': 'a', 'GIT_COMMITTER_EMAIL': 'a@localhost'}


def run(command, folder):
    """What COMMAND prints. Errors go there, too, as a reader would see them."""
    result = subprocess.run(command, check=False, cwd=folder, timeout=200, env=ENVIRONMENT,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    text = result.stdout.decode()
    assert result.returncode == 0, f'{command}: {result.returncode}\n{text}'
    return text


def needs(option):
    if option not in sys.argv:
        raise tap.Skip({'--python': 'built without introspection',
                        '--gjs': 'built without introspection, or there is no gjs',
                        '--vala': 'built without the Vala bindings'}[option])


def blocks(path):
    """(language, code, what it prints or None) of each block of code."""
    with open(os.path.join(TOP, path), encoding='utf-8') as file:
        found = re.findall(r'^```(\w+)\n(.*?)^```$', file.read(), re.M | re.S)
    result = []
    for language, code in found:
        if language == 'text':
            assert result[-1][2] is None, 'two texts behind each other'
            result[-1] = (*result[-1][:2], code)
        else:
            result.append((language, code, None))
    return result


def of_language(path, language):
    found = [block for block in blocks(path) if block[0] == language]
    assert found, f'{path} has no code in {language}'
    return found


def make_repository(folder):
    """A history for the pages that ask git. Returns its newest commit."""
    if not shutil.which('git'):
        raise tap.Skip('there is no git')
    with open(os.path.join(folder, 'README.md'), 'w', encoding='utf-8') as file:
        file.write('a page\n')
    run(['git', 'init', '--quiet'], folder)
    run(['git', 'add', '.'], folder)
    run(['git', 'commit', '--quiet', '--message', 'A commit'], folder)
    return subprocess.run(['git', 'cat-file', 'commit', 'HEAD'], check=True, cwd=folder,
                          env=ENVIRONMENT, stdout=subprocess.PIPE).stdout


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    return path


C_PROGRAM = '''
#include <gprocstream/gprocstream.h>
#include <stdlib.h>

int
main (void)
{
  g_autoptr (GError) error = NULL;

%s
  g_assert_no_error (error);
  g_autofree char *sum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, body);
  g_print ("%%s\\n", sum);
  return 0;
}
'''
PYTHON_PROGRAM = '''
import asyncio, hashlib
import gi
gi.require_version('GProc', '1')
from gi.repository import GProc

async def main():
%s
    print(hashlib.sha256(body.get_data()).hexdigest())

asyncio.run(main())
'''
JAVASCRIPT_PROGRAM = '''
import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';

const loop = new GLib.MainLoop(null, false);
async function main() {
%s
    print(GLib.compute_checksum_for_bytes(GLib.ChecksumType.SHA256, body));
}
main().catch(logError).finally(() => loop.quit());
loop.run();
'''
VALA_PROGRAM = '''
%s

int main () {
    Intl.setlocale ();
    var loop = new MainLoop ();
    run.begin ((object, result) => {
        try {
            run.end (result);
        } catch (Error error) {
            GLib.error ("%%s", error.message);
        }
        loop.quit ();
    });
    loop.run ();
    return 0;
}
'''


def compile_vala(folder, text):
    path = write(folder, 'program.vala', text)
    flags = [f'-I{TOP}', f'-I{BUILD}', f'-L{LIBRARY}', f'-Wl,-rpath,{LIBRARY}', '-lgprocstream-1',
             '-w']
    run(['valac', '--vapidir', os.path.join(LIBRARY, 'bindings', 'vala', 'vapi'),
         '--pkg', 'gprocstream-1', '--pkg', 'posix',
         *[word for flag in flags for word in ('-X', flag)], '-o', path + '.out', path], folder)
    return path + '.out'


def readme(language, make):
    """Runs the first block of the README in LANGUAGE by what MAKE (folder, code) says."""
    code = of_language('README.md', language)[0][1]
    with tempfile.TemporaryDirectory() as folder:
        body = make_repository(folder)
        assert run(make(folder, code), folder) == hashlib.sha256(body).hexdigest() + '\n'


def readme_in_c():
    def make(folder, code):
        path = write(folder, 'program.c', C_PROGRAM % textwrap.indent(code, '  '))
        flags = run(['pkg-config', '--cflags', '--libs', 'gio-2.0'], folder).split()
        run([*os.environ.get('CC', 'cc').split(), '-Wall', '-Werror', path, '-o', path + '.out',
             f'-I{TOP}', f'-I{BUILD}', *flags, f'-L{LIBRARY}', f'-Wl,-rpath,{LIBRARY}',
             '-lgprocstream-1'], folder)
        return [path + '.out']
    readme('c', make)


def readme_in_python():
    needs('--python')
    readme('python', lambda folder, code: [
        sys.executable, write(folder, 'program.py', PYTHON_PROGRAM % textwrap.indent(code, '    '))])


def readme_in_javascript():
    needs('--gjs')
    readme('js', lambda folder, code: [
        'gjs', '-m', write(folder, 'program.js', JAVASCRIPT_PROGRAM % textwrap.indent(code, '    '))])


def readme_in_vala():
    needs('--vala')
    readme('vala', lambda folder, code: [compile_vala(folder, VALA_PROGRAM % f'''
async void run () throws Error {{
{code}
    print ("%s\\n", Checksum.compute_for_bytes (ChecksumType.SHA256, body));
}}''')])


MARK = '--- block %d ---'


def compare(found, printed):
    """PRINTED is what the program of all blocks prints, with MARK before that of each block."""
    pieces = re.split('^' + MARK.replace('%d', r'\d+') + '\n', printed, flags=re.M)
    assert len(pieces) == len(found) + 1 and pieces[0] == '', printed
    for (_, code, expected), piece in zip(found, pieces[1:]):
        assert piece == (expected or ''), f'{code}\nprints\n{piece}\nnot\n{expected}'


def vala_guide():
    needs('--vala')
    found = of_language('docs/reference/vala.md', 'vala')
    definitions, calls = [], []
    for number, (_, code, _) in enumerate(found):
        calls.append(f'print ("{MARK % number}\\n");')
        if code.startswith('class '):
            definitions.append(code)
        else:
            definitions.append(f'async void sample_{number} () throws Error {{\n{code}}}\n')
            calls.append(f'yield sample_{number} ();')
    program = '\n'.join([*definitions, 'async void run () throws Error {', *calls, '}'])
    with tempfile.TemporaryDirectory() as folder:
        compare(found, run([compile_vala(folder, VALA_PROGRAM % program)], folder))


def python_page(path):
    """Blocks of a page run one after the other, each in an asyncio.run of its own."""
    found = of_language(path, 'python')
    program = [f'import ast, asyncio, inspect\nimport gi\ngi.require_version("GProc", "1")\n'
               'names = {"__name__": "page"}\n'
               'def block(number, code):\n'
               f'    print({MARK!r} % number, flush=True)\n'
               '    compiled = compile(code, f"block {number}", "exec",\n'
               '                       flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)\n'
               '    if compiled.co_flags & inspect.CO_COROUTINE:\n'
               '        async def main():\n'
               '            await eval(compiled, names)\n'
               '        asyncio.run(main())\n'
               '    else:\n'
               '        exec(compiled, names)\n']
    program += [f'block({number}, {code!r})\n' for number, (_, code, _) in enumerate(found)]
    with tempfile.TemporaryDirectory() as folder:
        make_repository(folder)
        compare(found, run([sys.executable, '-u', write(folder, 'page.py', ''.join(program))],
                           folder))


def python_guide():
    needs('--python')
    python_page('docs/reference/python.md')


def coming_from_asyncio():
    """Where two samples stand side by side, both print what the page says."""
    needs('--python')
    python_page('docs/reference/coming-from-asyncio.md')


def command():
    """Blocks are run in one folder, one after the other, by a shell that finds gproc, or by Python."""
    if '--tool' not in sys.argv:
        raise tap.Skip('built without the command')
    ENVIRONMENT['PATH'] = os.path.join(LIBRARY, 'tool') + ':' + ENVIRONMENT['PATH']
    with tempfile.TemporaryDirectory() as folder:
        for language, code, expected in blocks('docs/reference/command.md'):
            # The status is part of what is shown.
            program = {'sh': ['sh', '-c', code + ':'], 'python': [sys.executable, '-c', code]}.get(language)
            if program is None or (language == 'python' and '--python' not in sys.argv):
                continue
            printed = run(program, folder).replace('\r\n', '\n')
            assert printed == expected, f'{code}\nprints\n{printed}\nnot\n{expected}'


def terminals():
    needs('--python')
    python_page('docs/reference/terminals.md')


tap.run('/gproc/documents', readme_in_c, readme_in_python, readme_in_javascript, readme_in_vala,
        vala_guide, python_guide, coming_from_asyncio, terminals, command)
