# SPDX-License-Identifier: LGPL-2.1-or-later
"""GProc as Python programs use it: what introspection gives, and what it cannot give.

Readers are iterated over, with `for` and with `async for`. Every asynchronous function that is
called without a callback is awaitable: on plain asyncio, on loops that iterate a GLib main context
(gbulb, that of PyGObject), and by `create_task` where a GLib main loop runs and no asyncio loop.
"""

from gi.overrides import override
from gi.repository import GProc

from ._gproc import aio, contextloop, errors, frames, halves, processes, recordings, selecting

__all__ = ['aio']


def _export(kind):
    __all__.append(kind.__name__)
    return kind


@_export
@override
class Reader(halves.ReaderMethods, GProc.Reader):
    __doc__ = halves.ReaderMethods.__doc__


@_export
@override
class Writer(halves.WriterMethods, GProc.Writer):
    __doc__ = halves.WriterMethods.__doc__


@_export
@override
class Stream(processes.StreamMethods, GProc.Stream):
    __doc__ = processes.StreamMethods.__doc__


@_export
@override
class Launcher(processes.LauncherMethods, GProc.Launcher):
    """Starts processes."""


@_export
@override
class Pipeline(processes.PipelineMethods, GProc.Pipeline):
    """Processes that are joined by pipes."""


@_export
@override
class Pump(processes.PumpMethods, GProc.Pump):
    """Moves bytes from one stream to another."""


@_export
@override
class Terminal(processes.TerminalMethods, GProc.Terminal):
    """The user's own terminal, for a process to be attached to."""


@_export
@override
class Match(halves.MatchMethods, GProc.Match):
    __doc__ = halves.MatchMethods.__doc__


@_export
@override
class Demuxer(frames.DemuxerMethods, GProc.Demuxer):
    __doc__ = frames.DemuxerMethods.__doc__


@_export
@override
class Muxer(frames.MuxerMethods, GProc.Muxer):
    __doc__ = frames.MuxerMethods.__doc__


@_export
@override
class Recorder(recordings.RecorderMethods, GProc.Recorder):
    """Writes down what a process says, and when."""


@_export
@override
class Recording(recordings.RecordingMethods, GProc.Recording):
    """What a Recorder wrote, to be replayed."""


@_export
@override
class Result(processes.ResultMethods, GProc.Result):
    """What became of a process that was run to its end."""


halves.complete_reader(Reader)
halves.complete_writer(Writer)
processes.complete_stream(Stream)
processes.complete_launcher(Launcher)
processes.complete_pipeline(Pipeline)
processes.complete_pump(Pump)
processes.complete_terminal(Terminal)
processes.complete_result(Result)
halves.complete_match(Match)
frames.complete_demuxer(Demuxer)
frames.complete_muxer(Muxer)
recordings.complete_recorder(Recorder)
recordings.complete_recording(Recording)

for _kind in (errors.NotFoundError, errors.PermissionDeniedError, errors.ConnectionLostError,
              errors.ConnectionRefusedByPeerError, errors.TimedOutError, errors.WouldBlockError,
              errors.NoProcessError, errors.IncompleteReadError, errors.LimitOverrunError):
    globals()[_kind.__name__] = _export(_kind)

select = _export(selecting.select)
create_task = _export(contextloop.create_task)
