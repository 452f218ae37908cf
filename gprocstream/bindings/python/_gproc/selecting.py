# SPDX-License-Identifier: LGPL-2.1-or-later
"""Waiting for several readers and writers without a loop."""

from gi.repository import GLib

from . import convert, errors
from .methods import give_back
from .native import GProc

_select = GProc.select


def _readers_of(thing):
    if isinstance(thing, GProc.Demuxer):
        return [thing.get_stdout(), thing.get_stderr()]
    if not isinstance(thing, GProc.Pump):
        return [thing]
    source = thing.get_source()
    if not isinstance(source, GProc.Reader):
        raise TypeError('a pump can be waited for if its source is a GProc.Reader, '
                        f'not {type(source).__name__}')
    return [source]


def select(readers, writers=(), timeout_ms=-1, cancellable=None):
    """Those of `readers` and `writers` that are ready; none if the time is over.

    A Pump among the readers is ready when its source is, a Demuxer when one of its two readers is.
    """
    timeout_ms = convert.whole('timeout_ms', timeout_ms)
    readers = convert.instances('readers', readers, GProc.Reader, GProc.Pump, GProc.Demuxer)
    writers = convert.instances('writers', writers or (), GProc.Writer)
    owners = [(reader, thing) for thing in readers for reader in _readers_of(thing)]
    sources = [reader for reader, _ in owners]
    give_back(*sources)
    try:
        found = _select(sources, writers, timeout_ms, cancellable)
    except GLib.Error as error:
        raise errors.translated(error) from None
    ready = [thing for thing in readers if any(reader in found for reader in _readers_of(thing))]
    return ready + [half for half in found if half not in sources]
