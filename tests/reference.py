#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The reference: links lead somewhere, everything is documented, examples are complete.

usage: reference.py GI-DOCGEN CONFIG CONTENT-FOLDER INCLUDE-FOLDER GProc-1.gir [--engine]

With --engine it is the reference of the second library, which has no pages of its own.
"""

import glob
import os
import re
import subprocess
import sys
import tempfile

import tap

GI_DOCGEN, CONFIG, CONTENT, INCLUDE, GIR = sys.argv[1:6]
IS_ENGINE = '--engine' in sys.argv
TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def gi_docgen(command, *arguments):
    result = subprocess.run([GI_DOCGEN, command, '--fatal-warnings', '--config', CONFIG,
                             '--add-include-path', INCLUDE, *arguments, GIR], check=False,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=200)
    text = result.stdout.decode()
    assert result.returncode == 0 and 'WARNING' not in text, text


def no_link_is_broken():
    with tempfile.TemporaryDirectory() as folder:
        content = [] if IS_ENGINE else ['--content-dir', CONTENT]
        gi_docgen('generate', '--quiet', '--no-namespace-dir', *content, '--output-dir', folder)
        pages = ('index.html', 'overview.html', 'coming-from-gsubprocess.html',
                     'coming-from-asyncio.html', 'python.html', 'vala.html',
                     'pipelines.html', 'terminals.html', 'transfers.html', 'threads-and-contexts.html', 'errors.html',
                     'class.Stream.html')
        if IS_ENGINE:
            pages = 'index.html', 'class.Engine.html', 'class.Container.html'
        for name in pages:
            assert os.path.exists(os.path.join(folder, name)), name
        broken = []
        for path in glob.glob(os.path.join(folder, '*.html')):
            with open(path, encoding='utf-8') as file:
                text = file.read()
            for target in re.findall(r'href="([^"#:]+\.html)', text):
                outside = IS_ENGINE and target.startswith('../../gprocstream-1/reference/')
                if not outside and not os.path.exists(os.path.join(folder, target)):
                    broken.append(f'{os.path.basename(path)}: {target}')
            for link in re.findall(r'\[(?:class|method|func|ctor|property|signal|iface|error|enum|'
                                   r'flags|struct|const|vfunc)@[^]]*\]', text):
                broken.append(f'{os.path.basename(path)}: {link}')
        assert not broken, broken


def everything_is_documented():
    gi_docgen('check')


def names_in_the_text_exist():
    with open(GIR, encoding='utf-8') as file:
        known = set(re.findall(r'(?:c:identifier|c:type|glib:type-name)="([^"]+)"', file.read()))
    with open(os.path.join(TOP, 'tests', 'gprocstream-1.symbols'), encoding='ascii') as file:
        known.update(file.read().split())
    unknown = []
    pages = glob.glob(os.path.join(CONTENT, '*.md')) + [os.path.join(TOP, 'README.md')]
    for path in pages:
        with open(path, encoding='utf-8') as file:
            text = file.read()
        for name in re.findall(r'\b(?:gproc_\w+|GPROC_[A-Z_]+)\b', text):
            if name not in known:
                unknown.append(f'{os.path.basename(path)}: {name}')
    assert not unknown, unknown


if IS_ENGINE:
    tap.run('/gproc/engine-reference', no_link_is_broken, everything_is_documented)
else:
    tap.run('/gproc/reference', no_link_is_broken, everything_is_documented,
            names_in_the_text_exist)
