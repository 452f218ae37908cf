# SPDX-License-Identifier: LGPL-2.1-or-later
"""Waiting for several readers and writers without a loop."""

from gi.repository import GLib

from . import convert, errors
from .methods import give_back
from .native import GProc

_select = GProc.select


def select(readers, writers=(), timeout_ms=-1, cancellable=None):
    """Those of `readers` and `writers` that are ready; none if the time is over."""
    timeout_ms = convert.whole('timeout_ms', timeout_ms)
    give_back(*readers)
    try:
        return _select(list(readers), list(writers), timeout_ms, cancellable)
    except GLib.Error as error:
        raise errors.translated(error) from None
