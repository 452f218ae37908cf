#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the programs of docs/examples on real input and looks at what they print.

usage: examples.py BUILD-FOLDER PROGRAM… [--python] [--gjs]
"""

import contextlib
import glob
import hashlib
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time

import tap

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXAMPLES = os.path.join(TOP, 'docs', 'examples')
BUILD = os.path.abspath(sys.argv[1])
PROGRAMS = {os.path.basename(path): os.path.abspath(path) for path in sys.argv[2:]}
GZIP_ROUNDTRIP, TAR_ZSTD = PROGRAMS['gzip-roundtrip'], PROGRAMS['tar-zstd']
# How the repetition of a task in each language is started, and why it may not be there.
LANGUAGES = {
    'c': (lambda name: [PROGRAMS[name]], 'a library that it needs is not there'),
    'python': (lambda name: [sys.executable, os.path.join(EXAMPLES, name + '.py')],
               'built without introspection'),
    'javascript': (lambda name: ['gjs', '-m', os.path.join(EXAMPLES, name + '.js')],
                   'built without introspection, or there is no gjs'),
    'vala': (lambda name: [PROGRAMS[name + '-vala']], 'built without the Vala bindings'),
}
NAMES = ['HEAD', 'HEAD^{tree}', 'HEAD:text', 'HEAD:binary', 'HEAD:empty', 'HEAD:large']
# Neither the configuration of the user nor the repository around the tests matters.
ENVIRONMENT = {**{name: value for name, value in os.environ.items() if name[:4] != 'GIT_'},
               'GIT_CONFIG_GLOBAL': '/dev/null', 'GIT_CONFIG_SYSTEM': '/dev/null',
               'GIT_AUTHOR_NAME': 'a', 'GIT_AUTHOR_EMAIL': 'a@localhost',
               'GIT_COMMITTER_NAME': 'a', 'GIT_COMMITTER_EMAIL': 'a@localhost'}


def command_for(name, language):
    command, reason = LANGUAGES[language]
    wanted = {'python': '--python', 'javascript': '--gjs'}.get(language)
    try:
        if wanted and wanted not in sys.argv:
            raise tap.Skip(reason)
        return command(name)
    except KeyError:
        raise tap.Skip(reason) from None


def in_each_language(check, name, languages=tuple(LANGUAGES)):
    """A test for each language, which calls CHECK with the command."""
    def make(language):
        def test():
            check(command_for(name, language))
        test.__name__ = f'{check.__name__[6:]}-in-{language}'
        return test
    return [make(language) for language in languages]


def output(command, folder=None, status=0, **environment):
    result = subprocess.run(command, check=False, cwd=folder, timeout=200,
                            env={**ENVIRONMENT, **environment},
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)
    assert result.returncode == status, (command, result)
    return (result.stdout if status == 0 else result.stderr).decode()


def make_repository(folder):
    contents = {'text': b'one\ntwo\n', 'binary': bytes(range(256)) * 33, 'empty': b'',
                'large': b'0123456789abcde\n' * (1 << 18)}
    for name, content in contents.items():
        with open(os.path.join(folder, name), 'wb') as file:
            file.write(content)
    output(['git', 'init', '--quiet'], folder)
    output(['git', 'add', '.'], folder)
    output(['git', 'commit', '--quiet', '--message', 'a commit'], folder)


def check_git_cat_file(command):
    if not shutil.which('git'):
        raise tap.Skip('there is no git')
    with tempfile.TemporaryDirectory() as folder:
        make_repository(folder)
        lines = output([*command, *NAMES, 'HEAD:missing'], folder).splitlines()
        assert len(lines) == len(NAMES) + 2, lines
        for name, line in zip(NAMES, lines):
            identifier = output(['git', 'rev-parse', name], folder).strip()
            kind = output(['git', 'cat-file', '-t', name], folder).strip()
            body = subprocess.run(['git', 'cat-file', kind, name], check=True, cwd=folder,
                                  env=ENVIRONMENT, stdout=subprocess.PIPE).stdout
            checksum = hashlib.sha256(body).hexdigest()[:16]
            expected = f'{name}: {kind} {identifier}, {len(body)} bytes, sha256 {checksum}'
            assert line == expected, (line, expected)
        assert lines[-2] == 'HEAD:missing missing'
        assert lines[-1] == f'{len(NAMES) + 1} objects over one stream, git exited with 0'
    with tempfile.TemporaryDirectory() as folder:
        assert re.search(r'git', output(command, folder, status=1))


def functions_of(path):
    """The functions that a file of this project defines, with their lines, by other means."""
    with open(path, encoding='utf-8') as file:
        lines = file.read().split('\n')
    return {(number, re.match(r'\w+', line)[0]) for number, line in enumerate(lines, 1)
            if re.match(r'[a-z_][a-z0-9_]* \(', line)}


def has_typelib(namespace, version):
    return subprocess.run([sys.executable, '-c', f'import gi; gi.require_version("{namespace}", "{version}")'],
                          check=False, stderr=subprocess.DEVNULL).returncode == 0


def check_lsp_symbols(command):
    if not shutil.which('clangd'):
        raise tap.Skip('there is no clangd')
    if command[0] in (sys.executable, 'gjs') and not has_typelib('Jsonrpc', '1.0'):
        raise tap.Skip('there is no typelib of jsonrpc-glib')
    path = os.path.join(TOP, 'gprocstream', 'transfer', 'gproc-pump.c')
    lines = output([*command, path, '--compile-commands-dir=' + BUILD]).splitlines()
    found = [re.fullmatch(r' *(\d+)  (\w+) +  (.+)', line).groups() for line in lines[:-2]]
    listed = {(int(number), name) for number, kind, name in found if kind == 'function'}
    assert functions_of(path) and functions_of(path) <= listed, functions_of(path) - listed
    assert any(kind in ('struct', 'class') and name == '_GProcPump' for _, kind, name in found), lines
    assert lines[-2:] == [f'{len(found)} symbols', 'clangd exited with 0'], lines[-2:]
    assert 'No such file' in output([*command, path + '.missing'], status=1)
    # It tells so, where the program that it speaks with is no server.
    with tempfile.TemporaryDirectory() as folder:
        path_with = os.path.dirname(shutil.which(command[0]) or '') + ':' + folder
        os.symlink(shutil.which('true'), os.path.join(folder, 'clangd'))
        assert output([*command, path], status=1, PATH=folder + ':' + path_with)


BUILD_FILE = """
rule compile
  command = cc -Wall -c $in -o $out
build good.o: compile good.c
build bad.o: compile bad.c
"""


def check_build_log(command):
    """Builds something with ninja, which fails."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {'build.ninja': BUILD_FILE, 'good.c': 'int good;\n',
                           'bad.c': 'int größe = nothing;\n'}.items():
            with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
                file.write(text)
        # gjs takes some options for its own, wherever they stand, -C among them.
        run = subprocess.run([*command, '100', 'ninja', '-v', '-k', '0'], check=False, cwd=folder,
                             env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=100)
        lines = run.stdout.decode().splitlines()
        assert run.returncode == 1 and run.stderr == b'', run
        *shown, last = lines
        for number, line in enumerate(shown, 1):
            assert re.match(rf' *{number} +\d+\.\d s  ', line), (number, line)
        assert any('größe' in line and 'error' not in line for line in shown), lines
        assert any('error: ' in line for line in shown), lines
        assert re.fullmatch(rf'ninja exited with 1: {len(shown)} lines, \d+\.\d s', last), last
        assert os.path.exists(os.path.join(folder, 'good.o'))


def check_build_log_of_a_shell(command):
    def lines_of(script, status, seconds='100'):
        run = subprocess.run([*command, seconds, 'sh', '-c', script], check=False, env=ENVIRONMENT,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=100)
        assert run.returncode == status, run
        return [re.sub(r'\d+\.\d s', 'T', line) for line in run.stdout.decode().splitlines()]

    assert lines_of('echo a; echo >&2; printf "c\\377"', 0) == [
        '   1    T  a', '   2    T  ', '   3    T  c\ufffd',
        'sh exited with 0: 3 lines, T']
    assert lines_of('kill -KILL $$', 137) == ['sh was ended by signal 9: 0 lines, T']
    assert lines_of('echo begun; exec sleep 1000', 143, '1') == [
        '   1    T  begun', 'sh took too long and was stopped: 1 lines, T']
    held = lines_of('sleep 1000 & echo $!', 0)
    assert held[1:] == ['            something that it started still runs',
                        'sh exited with 0: 1 lines, T'], held
    os.kill(int(held[0].split()[-1]), signal.SIGKILL)
    assert 'no-such-build' in output([*command, '1', 'no-such-build'], status=1)


def check_build_log_stopped(command):
    """Ctrl+C stops what was started, with what that started."""
    run = subprocess.Popen([*command, '100', 'sh', '-c', 'sleep 1000 & echo $!; wait'],
                           env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    with run:
        sleeper = os.pidfd_open(int(run.stdout.readline().split()[-1]))
        run.send_signal(signal.SIGINT)
        rest = run.stdout.read().decode()
    assert run.returncode == 143 and re.fullmatch(r'sh was stopped: 1 lines, \d+\.\d s\n', rest), rest
    # It was sent the signal, too, and is readable when it is over.
    assert select.select([sleeper], [], [], 60)[0]
    os.close(sleeper)


DIALOGUE_LANGUAGES = 'c', 'python', 'javascript'
DIALOGUE = [
    ('echo one; echo größe', '  one\n  größe\n', 0),
    ('printf "Overwrite it? (y/N) "; read x; echo "it is $x"', '  Overwrite it?\n  (y/n) yes\n  it is y\n', 0),
    ('test -t 0 && test -t 2 && tty | cut -c1-9', '  /dev/pts/\n', 0),
    ('sh -c "exit 7"', '', 7),
    ('kill -TERM $BASHPID', '', 0),
]


def check_shell_dialogue(command):
    if not shutil.which('bash'):
        raise tap.Skip('there is no bash')
    expected = ''.join(f'$ {line}\n{shown}  status {status}\n' for line, shown, status in DIALOGUE)
    printed = output([*command, '100', *[line for line, _, _ in DIALOGUE]])
    assert printed == expected + 'bash exited with 0\n', printed


def check_shell_dialogue_that_takes_too_long(command):
    if not shutil.which('bash'):
        raise tap.Skip('there is no bash')
    printed = output([*command, '1', 'echo begun; sleep 1000', 'echo goes on'])
    assert re.sub(r'\^C', '', printed) == (
        '$ echo begun; sleep 1000\n  begun\n  status 130\n$ echo goes on\n  goes on\n  status 0\n'
        'bash exited with 0\n'), printed
    # What does not listen to Ctrl+C is hung up.
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'pid')
        script = f'sh -c \'trap "" INT; echo $$ >{path}; exec sleep 1000\''
        error = output([*command, '1', script], status=1)
        assert 'shell-dialogue' in error and error.count('\n') == 1, error
        with open(path, encoding='ascii') as file:
            sleeper = int(file.read())
    try:
        descriptor = os.pidfd_open(sleeper)
    except ProcessLookupError:
        return
    assert select.select([descriptor], [], [], 60)[0]
    os.close(descriptor)


@contextlib.contextmanager
def display(folder):
    """Where windows can be, which nobody sees: the variables that lead there."""
    if shutil.which('gtk4-broadwayd'):
        environment = {'GDK_BACKEND': 'broadway', 'BROADWAY_DISPLAY': ':7', 'XDG_RUNTIME_DIR': folder}
        server = ['gtk4-broadwayd', '--unixsocket=' + os.path.join(folder, 'http'), ':7']
        file = None
    elif shutil.which('Xvfb'):
        file = tempfile.TemporaryFile(dir=folder)
        environment = {'GDK_BACKEND': 'x11', 'XDG_RUNTIME_DIR': folder}
        server = ['Xvfb', '-displayfd', str(file.fileno()), '-nolisten', 'tcp']
    else:
        raise tap.Skip('there is neither gtk4-broadwayd nor Xvfb')
    with subprocess.Popen(server, env={**ENVIRONMENT, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, pass_fds=[file.fileno()] if file else []) as process:
        try:
            deadline = time.monotonic() + 60
            while not (os.pread(file.fileno(), 9, 0).endswith(b'\n') if file
                       else glob.glob(os.path.join(folder, 'broadway*.socket'))):
                assert process.poll() is None and time.monotonic() < deadline, server
                time.sleep(0.01)
            if file:
                environment['DISPLAY'] = ':' + os.pread(file.fileno(), 9, 0).decode().strip()
            yield {**environment, 'GSK_RENDERER': 'cairo', 'GTK_A11Y': 'none', 'GSETTINGS_BACKEND': 'memory'}
        finally:
            process.terminate()


def check_log_window(command):
    if command[0] == sys.executable and not has_typelib('Gtk', '4.0'):
        raise tap.Skip('there is no typelib of GTK 4')
    with tempfile.TemporaryDirectory() as folder, display(folder) as environment:
        saved = os.path.join(folder, 'saved')

        def shown(script, status=0):
            printed = output([*command, '--close', '--save=' + saved, 'sh', '-c', script], status=status, **environment)
            with open(saved, encoding='utf-8') as file:
                return printed, file.read()

        # That of errors too, in the order in which it was written.
        assert shown('echo größe; echo error >&2; test -t 1 && printf "%s\\377" "$TERM"') == (
            'sh exited with 0: 3 lines\n', 'größe\nerror\ndumb\ufffd\n')
        assert shown('seq 100000') == ('sh exited with 0: 100000 lines\n',
                                       ''.join(f'{number}\n' for number in range(90001, 100001)))
        output([*command, '--close', 'sh', '-c', 'exit 3'], status=3, **environment)
        assert 'no-such-program' in output([*command, 'no-such-program'], status=1, **environment)
        # The program ends with the window.
        path = os.path.join(folder, 'pid')
        os.mkfifo(path)
        said = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        run = subprocess.Popen([*command, 'sh', '-c', f'echo begun; echo $$ >{path}; exec sleep 1000'],
                               env={**ENVIRONMENT, **environment}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with run:
            assert select.select([said], [], [], 60)[0]
            sleeper = os.pidfd_open(int(os.read(said, 99)))
            os.close(said)
            run.send_signal(signal.SIGINT)
            printed, errors = map(bytes.decode, run.communicate(timeout=60))
        assert (run.returncode, printed) == (143, 'sh was ended by signal 15: 1 lines\n'), (run.returncode, printed, errors)
        assert select.select([sleeper], [], [], 60)[0]
        os.close(sleeper)


ECHO_IMPORT = """import gi
gi.require_version('GProc', '1')
from gi.repository.GProc import aio as asyncio
"""


def echo(server, client):
    """What both print, each on GProc.aio or on asyncio itself: the import is all that differs."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, library in ('server', server), ('client', client):
            with open(os.path.join(EXAMPLES, f'asyncio-echo-{name}.py'), encoding='utf-8') as file:
                text = file.read()
            assert text.count(ECHO_IMPORT) == 1 and text.count('8888') == 1
            if library == 'asyncio':
                text = text.replace(ECHO_IMPORT, 'import asyncio\n')
            # Other tests run at the same time.
            text = text.replace('8888', str(port))
            paths.append(os.path.join(folder, name + '.py'))
            with open(paths[-1], 'w', encoding='utf-8') as file:
                file.write(text)
        process = subprocess.Popen([sys.executable, '-u', paths[0]], env=ENVIRONMENT,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        with process:
            try:
                printed = process.stdout.readline().decode()
                sent = output([sys.executable, paths[1]])
                while 'Close' not in printed:
                    line = process.stdout.readline().decode()
                    assert line, printed
                    printed += line
            finally:
                process.terminate()
    return re.sub(r"'127.0.0.1', \d+", 'ADDRESS', printed), sent


def free_port():
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return listener.getsockname()[1]


def asyncio_echo_server_and_client():
    if '--python' not in sys.argv:
        raise tap.Skip('built without introspection')
    expected = echo('asyncio', 'asyncio')
    assert expected[0].startswith('Serving on (ADDRESS)\nReceived '), expected
    assert "Received: 'Hello World!'\n" in expected[1], expected
    for server, client in ('GProc.aio', 'GProc.aio'), ('GProc.aio', 'asyncio'), ('asyncio', 'GProc.aio'):
        assert echo(server, client) == expected, (server, client)


def gzip_both_ways_with_100_megabytes():
    with tempfile.NamedTemporaryFile() as file:
        seed, digest, size = b'gprocstream', hashlib.sha256(), 0
        while size < 100_000_000:
            seed = hashlib.sha256(seed).digest()
            piece = (seed * 2 + bytes(64)) * 512
            size += file.write(piece)
            digest.update(piece)
        file.flush()
        text = output([GZIP_ROUNDTRIP, file.name])
    assert text.count(digest.hexdigest()) == 2, text
    assert text.count(f' {size} bytes') == 2, text
    assert text.endswith('the checksums are equal\n'), text
    compressed = int(re.search(r'between the two: (\d+) bytes', text)[1])
    assert 0 < compressed < size, text


def gzip_of_nothing():
    with tempfile.NamedTemporaryFile() as file:
        assert output([GZIP_ROUNDTRIP, file.name]).endswith('the checksums are equal\n')


def gzip_of_a_missing_file():
    assert 'No such file' in output([GZIP_ROUNDTRIP, '/nonexistent/file'], status=1)


def check_packing(folder, compressor, **environment):
    """The sources are packed, unpacked by other means, and compared."""
    packed = os.path.join(folder, compressor)
    source = shutil.copytree(os.path.join(TOP, 'gprocstream'), os.path.join(folder, 'source'))
    text = output([TAR_ZSTD, source, packed], **environment)
    size = os.path.getsize(packed)
    assert size > 0 and text == f'{packed}: {size} bytes by tar and {compressor}\n', text
    unpacked = packed + '.tar'
    with open(unpacked, 'wb') as file:
        subprocess.run([compressor, '-dc', packed], check=True, stdout=file)
    with tarfile.open(unpacked) as archive:
        for member in archive.getmembers():
            path = os.path.join(source, member.name)
            if member.isfile():
                with open(path, 'rb') as file:
                    assert file.read() == archive.extractfile(member).read(), path
        packed_names = {os.path.normpath(member.name) for member in archive.getmembers()}
    names = {os.path.relpath(os.path.join(path, name), source)
             for path, folders, files in os.walk(source) for name in folders + files}
    assert packed_names == names | {'.'}, packed_names ^ names
    # A file that is there is not overwritten.
    assert 'exists' in output([TAR_ZSTD, source, packed], status=1, **environment)
    assert os.path.getsize(packed) == size


def tar_with_zstd():
    if not shutil.which('zstd'):
        raise tap.Skip('there is no zstd')
    with tempfile.TemporaryDirectory() as folder:
        check_packing(folder, 'zstd')


def tar_with_gzip():
    with tempfile.TemporaryDirectory() as folder:
        programs = os.path.join(folder, 'programs')
        os.mkdir(programs)
        for name in 'tar', 'gzip':
            os.symlink(shutil.which(name), os.path.join(programs, name))
        check_packing(folder, 'gzip', PATH=programs)
        # Without either of the two no file is made.
        os.remove(os.path.join(programs, 'gzip'))
        packed = os.path.join(folder, 'none')
        text = output([TAR_ZSTD, folder, packed], status=1, PATH=programs)
        assert 'Stage 2' in text and 'gzip' in text and not os.path.exists(packed), text


def tar_of_what_cannot_be_packed():
    with tempfile.TemporaryDirectory() as folder:
        packed = os.path.join(folder, 'packed')
        text = output([TAR_ZSTD, os.path.join(folder, 'missing'), packed], status=1)
        assert 'Stage 1' in text and 'chdir' in text, text
        assert not os.path.exists(packed)


tap.run('/gproc/examples',
        *in_each_language(check_git_cat_file, 'git-cat-file'),
        *in_each_language(check_lsp_symbols, 'lsp-symbols'),
        *in_each_language(check_build_log, 'build-log'),
        *in_each_language(check_build_log_of_a_shell, 'build-log'),
        *in_each_language(check_build_log_stopped, 'build-log'),
        *in_each_language(check_shell_dialogue, 'shell-dialogue', DIALOGUE_LANGUAGES),
        *in_each_language(check_shell_dialogue_that_takes_too_long, 'shell-dialogue', DIALOGUE_LANGUAGES),
        *in_each_language(check_log_window, 'log-window', ('c', 'python')),
        asyncio_echo_server_and_client, gzip_both_ways_with_100_megabytes, gzip_of_nothing,
        gzip_of_a_missing_file, tar_with_zstd, tar_with_gzip, tar_of_what_cannot_be_packed)
