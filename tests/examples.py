#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the programs of docs/examples on real input and looks at what they print.

usage: examples.py GIT-CAT-FILE GZIP-ROUNDTRIP TAR-ZSTD [--python] [--gjs]
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

import tap

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXAMPLES = os.path.join(TOP, 'docs', 'examples')
GIT_CAT_FILE, GZIP_ROUNDTRIP, TAR_ZSTD = map(os.path.abspath, sys.argv[1:4])
NAMES = ['HEAD', 'HEAD^{tree}', 'HEAD:text', 'HEAD:binary', 'HEAD:empty', 'HEAD:large']
# Neither the configuration of the user nor the repository around the tests matters.
ENVIRONMENT = {**{name: value for name, value in os.environ.items() if name[:4] != 'GIT_'},
               'GIT_CONFIG_GLOBAL': '/dev/null', 'GIT_CONFIG_SYSTEM': '/dev/null',
               'GIT_AUTHOR_NAME': 'a', 'GIT_AUTHOR_EMAIL': 'a@localhost',
               'GIT_COMMITTER_NAME': 'a', 'GIT_COMMITTER_EMAIL': 'a@localhost'}


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


def check_objects(command):
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


def git_cat_file_in_c():
    check_objects([GIT_CAT_FILE])


def git_cat_file_in_python():
    if '--python' not in sys.argv:
        raise tap.Skip('built without introspection')
    check_objects([sys.executable, os.path.join(EXAMPLES, 'git-cat-file.py')])


def git_cat_file_in_javascript():
    if '--gjs' not in sys.argv:
        raise tap.Skip('built without introspection, or there is no gjs')
    check_objects(['gjs', '-m', os.path.join(EXAMPLES, 'git-cat-file.js')])


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


tap.run('/gproc/examples', git_cat_file_in_c, git_cat_file_in_python, git_cat_file_in_javascript,
        gzip_both_ways_with_100_megabytes, gzip_of_nothing, gzip_of_a_missing_file, tar_with_zstd,
        tar_with_gzip, tar_of_what_cannot_be_packed)
