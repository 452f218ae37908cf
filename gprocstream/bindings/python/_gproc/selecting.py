# SPDX-License-Identifier: LGPL-2.1-or-later
"""Waiting for several readers and writers without a loop."""

from gi.repository import GLib

from . import convert, errors
from .methods import give_back
from .native import GProc

_select = GProc.select


def _readers_of(thing):
    if isinstance(thing, GProc.Pump):
        return [thing.get_source()]
    if isinstance(thing, GProc.Demuxer):
        return [thing.get_stdout(), thing.get_stderr()]
    if not isinstance(thing, GProc.Reader):
        raise TypeError('among the readers are GProc.Reader, Pump and Demuxer, '
                        f'not {type(thing).__name__}')
    return [thing]


def _listed(name, things):
    """A list. A reader itself would be taken for that of its lines, which are waited for."""
    if isinstance(things, (GProc.Reader, GProc.Writer, GProc.Pump, GProc.Demuxer)):
        raise TypeError(f'{name} is a list, not {type(things).__name__}')
    return list(things)


def _checked(writer):
    if not isinstance(writer, GProc.Writer):
        raise TypeError(f'among the writers are GProc.Writer, not {type(writer).__name__}')
    return writer


def select(readers, writers=(), timeout_ms=-1, cancellable=None):
    """Those of `readers` and `writers` that are ready; none if the time is over.

    A Pump among the readers is ready when its source is, a Demuxer when one of its two readers is.
    """
    timeout_ms = convert.whole('timeout_ms', timeout_ms)
    readers = _listed('readers', readers)
    writers = [_checked(writer) for writer in _listed('writers', writers or ())]
    owners = [(reader, thing) for thing in readers for reader in _readers_of(thing)]
    sources = [reader for reader, _ in owners]
    give_back(*sources)
    try:
        found = _select(sources, writers, timeout_ms, cancellable)
    except GLib.Error as error:
        raise errors.translated(error) from None
    ready = [thing for thing in readers if any(reader in found for reader in _readers_of(thing))]
    return ready + [half for half in found if half not in sources]
