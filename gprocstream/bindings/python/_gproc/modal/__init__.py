# SPDX-License-Identifier: LGPL-2.1-or-later
"""What programs for Modal's sandboxes use of a process there, on a process here.

`spawn ()` stands where Sandbox.create () or Sandbox.exec () did. Each call that waits is there
twice: `p.wait ()` blocks, `await p.wait.aio ()` does not.
"""

from .process import ContainerProcess, StreamType, spawn
from .reader import InvalidError, StreamReader
from .writer import StreamWriter

__all__ = ['ContainerProcess', 'InvalidError', 'StreamReader', 'StreamType', 'StreamWriter',
           'spawn']
