# SPDX-License-Identifier: LGPL-2.1-or-later
"""`gproc exec` in a real container. To be run by run.sh.

usage: tool.py GPROC
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

import tap  # noqa: E402

HOST = '--host=' + os.environ['GPROC_ENGINE']
CONTAINER = os.environ['GPROC_ENGINE_CONTAINER']


def run(*words, options=(), data=b''):
    return subprocess.run([sys.argv[1], 'exec', HOST, *options, CONTAINER, '--', *words], input=data,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=60)


def the_status_is_that_of_the_command():
    for words, status in ((['true'], 0), (['sh', '-c', 'exit 5'], 5), (['sh', '-c', 'kill -9 $$'], 137),
                          (['gproc-has-no-such-program'], 127)):
        result = run(*words)
        assert result.returncode == status, (words, result)


def what_goes_in_comes_out():
    data = os.urandom(1000000)
    result = run('sh', '-c', 'echo beside >&2; cat; exit 3', data=data)
    assert result.stdout == data and result.stderr == b'beside\n' and result.returncode == 3


def a_terminal_whose_command_is_over_at_once():
    """Podman may say first that it has ended with 0."""
    for _ in range(5):
        result = run('sh', '-c', 'echo word; exit 5', options=['--pty'])
        assert result.stdout == b'word\r\n' and result.returncode == 5, result


def what_it_has_around_it():
    result = run('sh', '-c', 'echo $WORD; pwd; id -u', options=['-e', 'WORD=a word', '-w', '/bin', '-u', '7'])
    assert result.stdout == b'a word\n/bin\n7\n' and result.returncode == 0, result


tap.run('/gproc/engine-tool', the_status_is_that_of_the_command, what_goes_in_comes_out,
        a_terminal_whose_command_is_over_at_once, what_it_has_around_it)
