#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""CPython's own tests of asyncio's streams and subprocesses, run against GProc.aio."""

import importlib
import io
import unittest
import warnings

from aio_harness import asyncio, tap

# These replace parts of asyncio or of subprocess.Popen that are not in use here.
INTERNAL = {
    'test_pause_reading': 'replaces loop.connect_read_pipe',
    'test_popen_error': 'replaces subprocess.Popen',
    'test_popen_error_with_stdin_pipe': 'replaces subprocess.Popen',
    # Here nothing is awaited between the start of a process and its return, so that nothing can be
    # cancelled there; what becomes of a process that nobody gets is in aio-subprocess.py.
    'test_subprocess_read_pipe_cancelled': 'replaces loop.connect_read_pipe',
    'test_subprocess_write_pipe_cancelled': 'replaces loop.connect_write_pipe',
    'test_subprocess_read_write_pipe_cancelled': 'replaces both',
    # The library takes the status before the loop is told. That signals of the process then go to
    # nobody else is in aio-subprocess.py.
    'test_pid_not_reaped_before_exit_published': 'looks at the threads of the child watcher',
}


def _flatten(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _flatten(test)
        else:
            yield test


def _run(name, classes):
    try:
        module = importlib.import_module('test.test_asyncio.' + name)
    except ImportError:
        raise tap.Skip('the test suite of Python (libpython3.x-testsuite) is not '
                       'installed') from None
    # What a program does that moves by its import.
    module.asyncio = asyncio
    if hasattr(module, 'subprocess'):
        module.subprocess = asyncio.subprocess
    tests = [test for test in _flatten(unittest.defaultTestLoader.loadTestsFromModule(module))
             if type(test).__name__ in classes and test._testMethodName not in INTERNAL]
    assert len(tests) > 20, 'these are not the tests that were expected'
    output = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter('default')
        result = unittest.TextTestRunner(output, verbosity=0).run(unittest.TestSuite(tests))
    print(f'# {name}: {result.testsRun} run, {len(result.skipped)} skipped')
    assert result.wasSuccessful(), output.getvalue()


def those_of_streams():
    _run('test_streams', ['StreamTests', 'NewStreamTests'])


def those_of_subprocesses():
    # What watches over children is not asyncio's, so the tests with one kind of it are enough.
    _run('test_subprocess', ['SubprocessThreadedWatcherTests', 'SubprocessWatcherTests'])


tap.run('/gproc/aio-cpython', those_of_streams, those_of_subprocesses)
