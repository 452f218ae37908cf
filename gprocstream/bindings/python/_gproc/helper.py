# SPDX-License-Identifier: LGPL-2.1-or-later
"""One thread with a GLib main context of its own, for what needs one where nobody iterates any.

It starts when it is first needed and ends before the interpreter does. It runs what is handed to
it and the callbacks of that, nothing else.
"""

import atexit
import collections
import os
import threading

from gi.repository import GLib


class Helper:
    def __init__(self):
        self._lock = threading.Lock()
        self._reset()

    def _reset(self):
        self._thread = None
        self._context = None
        self._jobs = collections.deque()
        self._ended = False

    def after_fork(self):
        """The thread is not in the child, and its lock may be held there for ever."""
        self._lock = threading.Lock()
        self._reset()

    def submit(self, function, *arguments):
        """Calls FUNCTION in the thread, whose thread-default context is one that it iterates."""
        with self._lock:
            if self._ended:
                raise RuntimeError('the interpreter is ending')
            if self._thread is None:
                self._context = GLib.MainContext.new()
                self._thread = threading.Thread(target=self._run, name='gprocstream', daemon=True)
                self._thread.start()
            self._jobs.append((function, arguments))
            self._context.wakeup()

    def end(self):
        with self._lock:
            self._ended = True
            thread = self._thread
            if thread is None:
                return
            self._context.wakeup()
        thread.join()

    def _run(self):
        context, jobs = self._context, self._jobs
        context.push_thread_default()
        try:
            while not self._ended:
                context.iteration(not jobs)
                while jobs and not self._ended:
                    function, arguments = jobs.popleft()
                    function(*arguments)
                    del function, arguments
        finally:
            context.pop_thread_default()


_helper = Helper()
submit = _helper.submit

atexit.register(_helper.end)
os.register_at_fork(after_in_child=_helper.after_fork)
