#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can be said of the source files without building them."""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import tap

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
FOLDERS = ['base', 'loop', 'streams', 'transfer', 'process', 'frames', 'terminal', 'engine',
           'tool']


def sources(*patterns):
    found = [path for pattern in patterns
             for path in glob.glob(os.path.join(TOP, pattern), recursive=True)]
    assert found, patterns
    return sorted(found)


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def c_files_are_formatted():
    if not shutil.which('clang-format'):
        raise tap.Skip('there is no clang-format')
    version = subprocess.run(['clang-format', '--version'], check=True,
                             stdout=subprocess.PIPE).stdout.decode()
    if ' version 14.' not in version:
        raise tap.Skip(f'the layout is that of clang-format 14, this is {version.strip()}')
    result = subprocess.run([sys.executable, os.path.join(HERE, 'check-format.py'),
                             *sources('gprocstream/**/*.[ch]', 'tests/**/*.[ch]',
                                      'docs/examples/*.c')],
                            stdout=subprocess.PIPE, check=False)
    assert result.returncode == 0, '\n' + result.stdout.decode()


def every_file_names_its_licence():
    missing = []
    for path in sources('gprocstream/**/*', 'tests/**/*', 'docs/**/*', 'po/*', 'meson*', '.ci/*',
                        '.clang-format', '.editorconfig', '.gitignore'):
        exempt = path.endswith(('.symbols', '.tsv', 'LINGUAS', '.pyc', '.test.in')) \
            or os.path.isdir(path) or '/fuzz/corpus/' in path
        if not exempt and 'SPDX-License-Identifier: LGPL-2.1-or-later' not in read(path)[:400]:
            missing.append(os.path.relpath(path, TOP))
    assert not missing, missing
    assert 'Version 2.1, February 1999' in read(os.path.join(TOP, 'COPYING'))


def every_source_is_built():
    """A file that no meson.build lists would rot unnoticed."""
    unlisted = []
    for path in sources('gprocstream/*/*.c', 'gprocstream/*/*.h', 'tests/*.c', 'docs/examples/*.c'):
        folder, name = os.path.split(path)
        listed = re.findall(r"'([\w.-]+)'", read(os.path.join(folder, 'meson.build')))
        known = name in listed or (not name.startswith('gproc') and name[:-2] in listed)
        if not known and not name.endswith('-private.h') and not path.startswith(HERE + '/gproc-'):
            unlisted.append(os.path.relpath(path, TOP))
    assert not unlisted, unlisted


def files_and_functions_stay_short():
    long_files = [path for path in sources('gprocstream/**/*.[ch]')
                  if read(path).count('\n') > 800]
    long_functions = []
    for path in sources('gprocstream/**/*.c'):
        start = None
        # What documents a property within a function does not make the function longer.
        text = re.sub(r'\n *\/\*\*.*?\*\/', '', read(path), flags=re.S)
        for number, line in enumerate(text.split('\n'), 1):
            if line == '{':
                start = number
            elif line == '}' and start:
                if number - start > 60:
                    long_functions.append(f'{path} has a function of {number - start} lines')
                start = None
    assert not long_files and not long_functions, long_files + long_functions


def a_folder_includes_only_those_above_it():
    climbing = []
    for path in sources('gprocstream/*/*.[ch]'):
        folder = os.path.basename(os.path.dirname(path))
        for included in re.findall(r'#include [<"](?:gprocstream/)?(\w+)/gproc-', read(path)):
            if FOLDERS.index(included) > FOLDERS.index(folder):
                climbing.append(f'{path} includes {included}/')
        if not path.endswith('.c') and not path.endswith('-private.h'):
            if '-private.h' in read(path):
                climbing.append(f'{path} includes a private header')
    assert not climbing, climbing


def every_file_with_messages_is_translated():
    wanted = [os.path.relpath(path, TOP) for path in sources('gprocstream/**/*.c')
              if re.search(r'\b(_|N_|C_|ngettext|g_dngettext) ?\(', read(path))]
    listed = [line for line in read(os.path.join(TOP, 'po', 'POTFILES.in')).split('\n')
              if line and not line.startswith('#')]
    assert listed == wanted, f'po/POTFILES.in should list {wanted}'


def messages_hold_no_macros():
    """A message ends for xgettext where a macro such as G_GSIZE_FORMAT begins."""
    cut = []
    for path in sources('gprocstream/**/*.c'):
        for argument in re.findall(r'\b(?:_|N_|C_|ngettext|g_dngettext) ?\(([^;]*?);', read(path)):
            if re.search(r'%"\s*(G_|PRI)\w+', argument.split('",')[0] + '"'):
                cut.append(f'{os.path.relpath(path, TOP)}: {argument.split(chr(10))[0]}')
    assert not cut, cut


def messages(path):
    """The messages of a catalogue, without where they stand."""
    lines = [line for line in read(path).split('\n')
             if not line.startswith('#') and not line.startswith('"POT-Creation-Date')]
    return '\n'.join(lines).split('\n\n', 1)[1]


def the_template_is_up_to_date():
    if not shutil.which('xgettext'):
        raise tap.Skip('there is no xgettext')
    with tempfile.TemporaryDirectory() as folder:
        new = os.path.join(folder, 'new.pot')
        update_template(new)
        assert messages(new) == messages(os.path.join(TOP, 'po', 'gprocstream-1.pot')), \
            'run tests/style.py --update-template'


def update_template(output):
    subprocess.run(['xgettext', '--from-code=UTF-8', '--files-from=po/POTFILES.in', '--add-comments',
                    '--keyword=_', '--keyword=N_', '--keyword=C_:1c,2', '--sort-by-file',
                    '--keyword=g_dngettext:2,3', '--package-name=gprocstream-1',
                    '--copyright-holder=The gprocstream authors', '--output', output],
                   cwd=TOP, check=True)
    text = read(output).replace('SOME DESCRIPTIVE TITLE', 'Messages of gprocstream')
    text = text.replace('This file is distributed under the same license as the gprocstream-1 '
                        'package.', 'SPDX-License-Identifier: LGPL-2.1-or-later')
    with open(output, 'w', encoding='utf-8') as file:
        file.write(text)


def translations_are_complete():
    languages = [line for line in read(os.path.join(TOP, 'po', 'LINGUAS')).split('\n')
                 if line and not line.startswith('#')]
    if not shutil.which('msgfmt'):
        raise tap.Skip('there is no msgfmt')
    template = os.path.join(TOP, 'po', 'gprocstream-1.pot')
    for language in languages:
        path = os.path.join(TOP, 'po', language + '.po')
        subprocess.run(['msgfmt', '--check', '--output-file=/dev/null', path], check=True)
        subprocess.run(['msgcmp', path, template], check=True)


def python_files_compile():
    for path in sources('**/*.py'):
        compile(read(path), path, 'exec')


def shell_scripts_parse():
    for path in sources('**/*.sh'):
        subprocess.run(['sh', '-n', path], check=True)


if '--update-template' in sys.argv:
    update_template(os.path.join(TOP, 'po', 'gprocstream-1.pot'))
else:
    tap.run('/gproc/style', c_files_are_formatted, every_file_names_its_licence,
            every_source_is_built, files_and_functions_stay_short, a_folder_includes_only_those_above_it,
            every_file_with_messages_is_translated, messages_hold_no_macros, the_template_is_up_to_date,
            translations_are_complete, python_files_compile, shell_scripts_parse)
