#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What bash offers where a call of gproc is half written.

usage: completion.py GPROC COMPLETION-FILE
"""

import os
import sys

from support import FOLDER, needs, shell, tap

COMPLETION = os.path.abspath(sys.argv[2])
HERE = os.path.join(FOLDER.name, 'here')
os.mkdir(HERE)
for name in 'file-one', 'file-two':
    open(os.path.join(HERE, name), 'w', encoding='ascii').close()


def ready():
    needs('bash')
    terminal = shell()
    terminal.line(f'cd {HERE} && source {COMPLETION}')
    return terminal


def completed(text):
    """The words of the line after the key for completion, in angle brackets."""
    with ready() as terminal:
        terminal.expect('ready> $')
        # To the beginning of the line, so that it is not run but shown.
        terminal.type(text + '\t\x01printf "<%s>" \x05; echo\n')
        return terminal.expect(r'<gproc>([^\r\n]*)\r\n')[1].decode()


def offered(text):
    """What is offered where there are several."""
    with ready() as terminal:
        terminal.line('bind "set completion-query-items 0"; bind "set page-completions off"')
        terminal.expect('ready> $')
        terminal.type(text + '\t\t')
        terminal.expect('\r\n')
        return sorted(terminal.expect(r'((?s:.*))ready> ')[1].decode().split())


def commands():
    assert completed('gproc r') == '<run>'
    assert completed('gproc p') == '<pipe>'
    assert completed('gproc --v') == '<--version>'
    assert offered('gproc ') == ['--help', '--version', 'exec', 'pipe', 'run', 'serve']


def options_of_each_command():
    assert completed('gproc run --t') == '<run><--timeout>'
    assert completed('gproc run --p') == '<run><--pty>'
    assert completed('gproc pipe --pi') == '<pipe><--pipefail>'
    assert offered('gproc run --') == ['--help', '--pty', '--record', '--timeout']
    assert offered('gproc serve --') == ['--grace', '--help', '--listen', '--max']
    assert offered('gproc exec --') == ['--env', '--help', '--host', '--pty', '--user', '--workdir']
    assert completed('gproc exec -e A=b --w') == '<exec><-e><A=b><--workdir>'
    assert completed('gproc serve --max 3 --l') == '<serve><--max><3><--listen>'
    assert completed('gproc serve --max=3 --l') == '<serve><--max=3><--listen>'


def addresses():
    assert completed('gproc serve --listen u') == '<serve><--listen><unix:>'
    assert completed('gproc serve --listen=t') == '<serve><--listen=tcp:>'
    for option in '--listen=', '--listen ', '-l ':
        words = ''.join(f'<{word}>' for word in (option + 'unix:./file-one').split())
        assert completed(f'gproc serve {option}unix:./file-o') == '<serve>' + words
    assert completed('gproc serve --listen tcp:127') == '<serve><--listen><tcp:127.0.0.1:>'


def files_to_record_to():
    for option in '--record=', '--record ', '-r ':
        words = ''.join(f'<{word}>' for word in (option + 'file-one').split())
        assert completed(f'gproc run --pty {option}file-o') == '<run><--pty>' + words
    assert completed('gproc run --record x sha256s') == '<run><--record><x><sha256sum>'
    assert completed('gproc run --record=x --pty sha256s') == '<run><--record=x><--pty><sha256sum>'


def programs():
    assert completed('gproc run sha256s') == '<run><sha256sum>'
    assert completed('gproc run -- sha256s') == '<run><--><sha256sum>'
    assert completed('gproc run --timeout 5 sha256s') == '<run><--timeout><5><sha256sum>'
    assert completed('gproc run --timeout=5 sha256s') == '<run><--timeout=5><sha256sum>'
    assert completed('gproc serve --listen unix:x sha256s') == '<serve><--listen><unix:x><sha256sum>'
    assert completed('gproc serve --listen=tcp:127.0.0.1:80 --max=3 -- sha256s') == \
        '<serve><--listen=tcp:127.0.0.1:80><--max=3><--><sha256sum>'


def arguments_of_programs():
    assert completed('gproc run cat file-o') == '<run><cat><file-one>'
    assert completed('gproc run -- cat file-one file-t') == '<run><--><cat><file-one><file-two>'
    # What looks like an option is one of the program.
    assert completed('gproc run cat --t') == '<run><cat><--t>'


def each_program_of_a_pipe():
    assert completed('gproc pipe cat file-one :: sha256s') == '<pipe><cat><file-one><::><sha256sum>'
    assert completed('gproc pipe cat file-one :: sha256sum file-t') == \
        '<pipe><cat><file-one><::><sha256sum><file-two>'
    assert completed('gproc pipe -- cat :: cat :: sha256s') == '<pipe><--><cat><::><cat><::><sha256sum>'


tap.run('/gproc/tool/completion', commands, options_of_each_command, addresses,
        files_to_record_to, programs,
        arguments_of_programs, each_program_of_a_pipe)
