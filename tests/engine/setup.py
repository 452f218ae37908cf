# SPDX-License-Identifier: LGPL-2.1-or-later
"""What run.sh promises: that a command runs in a container, and that nothing is left.

usage: setup.py RUN.SH, through RUN.SH for what needs the engine
"""

import os
import signal
import subprocess
import sys

from plain import Api, control

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

import tap  # noqa: E402

RUN = sys.argv[1]
FRAME_OUT = b'\x01\0\0\0'
FRAME_ERROR = b'\x02\0\0\0'


def start(*command, **options):
    return subprocess.Popen(['sh', RUN, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, **options)


def where(engine):
    """Reads what run.sh says when it has no command: its environment."""
    given = {}
    while len(given) < 4:
        line = engine.stdout.readline()
        assert line.startswith('export '), line
        name, value = line[len('export '):].strip().split('=', 1)
        given[name] = value
    return given


def is_gone(given):
    """The end of standard error is the end of all that could remove something."""
    work = os.path.dirname(given['GPROC_ENGINE_CONTROL'])
    assert not os.path.exists(work), work
    with open('/proc/self/mounts', encoding='utf-8') as mounts:
        assert work not in mounts.read()
    for process in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{process}/cmdline', 'rb') as command:
                assert work.encode() not in command.read(), process
        except (FileNotFoundError, ProcessLookupError):
            pass


def a_command_in_the_container():
    api = Api(os.environ['GPROC_ENGINE'])
    container = os.environ['GPROC_ENGINE_CONTAINER']
    assert api.run(container, ['sort'], b'b\na\n') == (FRAME_OUT + b'\0\0\0\4a\nb\n', 0)
    assert api.run(container, ['sh', '-c', 'echo no >&2; exit 3']) == (
        FRAME_ERROR + b'\0\0\0\3no\n', 3)
    assert api.run(container, ['sh', '-c', 'kill -KILL $$']) == (b'', 137)


def the_service_ends_and_starts_again():
    api = Api(os.environ['GPROC_ENGINE'])
    for how in 'kill', 'stop':
        assert control(how) == 'done'
        try:
            api.call('GET', '/_ping')
        except (ConnectionRefusedError, FileNotFoundError):
            pass
        else:
            raise AssertionError(f'the service answers after {how}')
        assert control('start') == 'done'
        assert api.call('GET', '/_ping')[0] == 200
    # The container has outlived it.
    assert api.run(os.environ['GPROC_ENGINE_CONTAINER'], ['true'])[1] == 0


def the_status_is_the_command_s():
    engine = start('sh', '-c', 'echo $GPROC_ENGINE_CONTROL; exit 7')
    out, error = engine.communicate()
    assert engine.returncode == 7 and error == '', (engine.returncode, error)
    is_gone({'GPROC_ENGINE_CONTROL': out.strip()})


def nothing_is_left_after_a_signal():
    for number in signal.SIGINT, signal.SIGTERM:
        engine = start()
        given = where(engine)
        assert Api(given['GPROC_ENGINE']).call('GET', '/_ping')[0] == 200
        engine.send_signal(number)
        _, error = engine.communicate()
        assert engine.returncode == 128 + number and error == '', (engine.returncode, error)
        is_gone(given)


def nothing_is_left_after_a_kill():
    engine = start()
    given = where(engine)
    engine.kill()
    _, error = engine.communicate()
    assert engine.returncode == -signal.SIGKILL and error == '', (engine.returncode, error)
    is_gone(given)


def a_signal_ends_the_command():
    engine = start('sh', '-c', 'echo export A=; echo export B=; echo export C=; '
                   'echo export GPROC_ENGINE_CONTROL=$GPROC_ENGINE_CONTROL; exec sleep 1000')
    given = where(engine)
    engine.send_signal(signal.SIGTERM)
    engine.communicate()
    assert engine.returncode == 128 + signal.SIGTERM
    is_gone(given)


def elsewhere_it_is_skipped():
    for required, first, status in ('', '1..0 # SKIP ', 0), ('1', 'Bail out! ', 1):
        done = subprocess.run(
            ['setpriv', '--reuid=65534', '--clear-groups', 'sh', '-c', f'. "{RUN}"'],
            env={'GPROC_ENGINE_REQUIRED': required, 'PATH': os.environ['PATH']},
            stdout=subprocess.PIPE, text=True)
        assert done.stdout.startswith(first + 'only root'), done.stdout
        assert done.returncode == status, done.returncode


tap.run(
    '/engine/setup',
    a_command_in_the_container,
    the_service_ends_and_starts_again,
    the_status_is_the_command_s,
    nothing_is_left_after_a_signal,
    nothing_is_left_after_a_kill,
    a_signal_ends_the_command,
    elsewhere_it_is_skipped,
)
