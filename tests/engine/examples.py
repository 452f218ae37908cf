# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the examples of builds in containers on a real engine. To be run by run.sh.

usage: examples.py [GJS]
"""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import tap  # noqa: E402
from plain import Api  # noqa: E402

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'docs', 'examples')


def command(language):
    if language == 'python':
        return [sys.executable, os.path.join(EXAMPLES, 'container-build.py')]
    if len(sys.argv) < 2:
        raise tap.Skip('there is no gjs')
    return [sys.argv[1], '-m', os.path.join(EXAMPLES, 'container-build.js')]


def start(language, *arguments, address=None):
    environment = {name: value for name, value in os.environ.items() if name != 'DOCKER_HOST'}
    environment['CONTAINER_HOST'] = address or os.environ['GPROC_ENGINE']
    return subprocess.Popen([*command(language), *arguments], env=environment, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def containers():
    return Api(os.environ['GPROC_ENGINE']).call('GET', '/containers/json?all=true')[1]


def the_log_streams(language):
    """A line is there before the build goes on, and what is left is what was there before."""
    before = containers()
    build = start(language, os.environ['GPROC_ENGINE_IMAGE'], 'sh', '-c',
                  'echo "<$LC_ALL>"; echo first; until [ -e /tmp/go ]; do sleep 0.05; done; '
                  'echo careful >&2; read word; echo "$word."; exit 4')
    assert build.stdout.readline() == '  <C.UTF-8>\n'
    assert build.stdout.readline() == '  first\n'
    go_on(newest(before))
    out, error = build.communicate(timeout=60)
    lines = out.splitlines()
    assert sorted(lines[:2]) == ['  .', '! careful'], lines
    assert lines[2:] == ['sh exited with 4: 3 lines, 1 of errors'], lines
    assert build.returncode == 4 and error == '', (build.returncode, error)
    assert ids(containers()) == ids(before)


def ids(answer):
    return {container['Id'] for container in json.loads(answer)}


def newest(before):
    found = ids(containers()) - ids(before)
    assert len(found) == 1, found
    return found.pop()


def go_on(name):
    """The container may be gone before there is more to be asked."""
    api = Api(os.environ['GPROC_ENGINE'])
    _, body = api.call('POST', f'/containers/{name}/exec', {'Cmd': ['touch', '/tmp/go']})
    status, _ = api.call('POST', f'/exec/{json.loads(body)["Id"]}/start', {'Detach': True})
    assert status == 200, status


def errors_are_said(language):
    build = start(language, 'no-such-image', 'true')
    out, error = build.communicate(timeout=60)
    assert build.returncode == 1 and out == '', (build.returncode, out)
    assert error.startswith('container-build.') and 'no-such-image' in error, error
    build = start(language, 'image', 'true', address='unix:///nowhere/engine.sock')
    out, error = build.communicate(timeout=60)
    assert build.returncode == 1 and '/nowhere/engine.sock' in error, error


def make(check, language):
    def test():
        check(language)
    test.__name__ = f'{check.__name__}-in-{language}'
    return test


tap.run('/engine/examples', *[make(check, language) for check in (the_log_streams, errors_are_said)
                              for language in ('python', 'javascript')])
