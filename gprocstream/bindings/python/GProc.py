# SPDX-License-Identifier: LGPL-2.1-or-later
"""GProc as Python programs use it: what introspection gives, and what it cannot give."""

from ._gproc import aio, waiting  # noqa: F401

__all__ = ['aio']
