# SPDX-License-Identifier: LGPL-2.1-or-later
"""The types of GProcEngine, for Python and for TypeScript, are those that are made of the GIR, and
checkers read them.

usage: stubs.py GProcEngine-1.gir
"""

import os
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STUBS = os.path.join(TOP, 'gprocstream', 'bindings', 'python', 'stubs')
sys.path.insert(0, os.path.join(TOP, 'tests'))

import tap  # noqa: E402

RIGHT = '''
from gi.repository import GProc, GProcEngine

async def main() -> int | None:
    engine = await GProcEngine.Engine.connect_async(None)
    async with engine.exec_async("web", ["sort"]) as sort:
        if sort.stdin is not None:
            sort.stdin.queue("a")
    stream = await engine.exec_async("web", ["cat", b"x"])
    container: GProcEngine.Container = await engine.create_async("image", None, ["true"])
    launcher = GProc.Launcher(cwd="/tmp")
    blocking: GProc.Stream = container.exec(["true"], launcher)
    names: list[str | None] = [one.name for one in await engine.list_async()]
    process = GProc.aio.wrap_process(stream)
    await process.wait()
    await container.remove_async(True)
    return container.returncode
'''
WRONG = (
    'GProcEngine.Engine.new(1)',
    'GProcEngine.Engine.new(None).exec("web")',
    'GProcEngine.Engine.new(None).exec("web", 1)',
    'len(GProcEngine.Engine.new(None).ping())',
)


def the_stub_is_the_one_that_is_made():
    made = subprocess.run([sys.executable, os.path.join(STUBS, 'generate.py'), sys.argv[1]],
                          check=True, stdout=subprocess.PIPE, encoding='utf-8').stdout
    path = os.path.join(STUBS, 'gi', 'repository', 'GProcEngine', '__init__.pyi')
    with open(path, encoding='utf-8') as file:
        assert file.read() == made, f'it is not what generate.py makes: {path}'


def checked(text):
    if not shutil.which('mypy'):
        raise tap.Skip('there is no mypy')
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'program.py')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return subprocess.run(
            ['mypy', '--strict', '--cache-dir', os.path.join(folder, 'cache'), path], cwd=folder,
            env={**os.environ, 'MYPYPATH': STUBS}, encoding='utf-8', stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)


def what_is_right_passes():
    done = checked(RIGHT)
    assert done.returncode == 0, done.stdout


def what_is_wrong_does_not():
    done = checked('from gi.repository import GProcEngine\n' + '\n'.join(WRONG) + '\n')
    for line in range(2, len(WRONG) + 2):
        assert f'program.py:{line}: error' in done.stdout, (WRONG[line - 2], done.stdout)


TYPES = os.path.join(TOP, 'gprocstream', 'bindings', 'gjs')
SCRIPT = '''
import GProc from 'gi://GProc?version=1';
import GProcEngine from 'gi://GProcEngine?version=1';
export async function main(): Promise<number | null> {
    const engine = await GProcEngine.Engine.connect_async();
    const stream: GProc.Stream = await engine.exec_async('web', ['sort']);
    const step = await engine.create_async('image', null, ['true'], new GProc.Launcher());
    await step.remove_async(true);
    %s
    return stream.returncode ?? step.returncode;
}
'''


def the_declarations_are_those_that_are_made():
    made = subprocess.run([sys.executable, os.path.join(TYPES, 'declare.py'), sys.argv[1]],
                          check=True, stdout=subprocess.PIPE, encoding='utf-8').stdout
    with open(os.path.join(TYPES, 'GProcEngine.d.ts'), encoding='utf-8') as file:
        assert file.read() == made, 'GProcEngine.d.ts is not what declare.py makes'


def typescript_reads_them():
    if not shutil.which('tsc'):
        raise tap.Skip('there is no tsc: node-typescript')
    for statement, is_right in (('', True), ("engine.exec('web', 'ls');", False),
                                ('step.returncode.toFixed();', False)):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'program.ts')
            with open(path, 'w', encoding='utf-8') as file:
                file.write(SCRIPT % statement)
            done = subprocess.run(
                ['tsc', '--noEmit', '--strict', '--target', 'es2020', '--module', 'es2020',
                 os.path.join(TYPES, 'GProc.d.ts'), os.path.join(TYPES, 'GProcEngine.d.ts'),
                 os.path.join(TOP, 'tests', 'gjs', 'types', 'gi.d.ts'), path],
                encoding='utf-8', stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert (done.returncode == 0) == is_right, (statement, done.stdout)


tap.run('/engine/stubs', the_stub_is_the_one_that_is_made, what_is_right_passes,
        what_is_wrong_does_not, the_declarations_are_those_that_are_made, typescript_reads_them)
