# SPDX-License-Identifier: LGPL-2.1-or-later
"""Outputs that are printed to this program's own stdout, which may be any object of Python."""

import atexit
import codecs
import threading
import weakref

from .calls import run

_printers = weakref.WeakSet()


class Printer(threading.Thread):
    """A thread of its own: whoever reads this program's stdout may take any time."""

    def __init__(self, core, output, target):
        super().__init__(name='gprocstream-print', daemon=True)
        self._core, self._output = core, output
        self._target = target
        self._decoder = codecs.getincrementaldecoder('utf-8')('replace')
        self._stops = False
        self.is_finished = False
        _printers.add(self)

    def run(self):
        try:
            while run(self._wait()):
                with self._core.lock:
                    blocks = [self._output.pop() for _ in range(len(self._output.blocks))]
                self._print(b''.join(blocks))
            self._print(b'', is_final=True)
        except (OSError, ValueError):
            # Nobody reads it. The process is to find that out as if it had printed itself.
            self._core.abandon(self._output)
        finally:
            with self._core.lock:
                self.is_finished = True
            self._core.check()

    def _wait(self):
        output = self._output
        yield from self._core.wait(lambda: output.blocks or output.ended or self._stops,
                                   outputs=[output])
        return bool(output.blocks) and not self._stops

    def _print(self, data, is_final=False):
        target = self._target
        if target is None:
            return
        buffer = getattr(target, 'buffer', None)
        if buffer is None:
            target.write(self._decoder.decode(data, is_final))
        else:
            # What was printed before comes before it.
            target.flush()
            buffer.write(data)
        target.flush()

    def stop(self):
        self._stops = True
        self._core.check()
        self.join()


def _stop_all():
    """A thread that holds a lock of stdout must not be there when the interpreter ends."""
    for printer in list(_printers):
        printer.stop()


atexit.register(_stop_all)
