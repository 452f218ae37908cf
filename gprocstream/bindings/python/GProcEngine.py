# SPDX-License-Identifier: LGPL-2.1-or-later
"""GProcEngine as Python programs use it. What its methods give are streams of GProc, with all
that these have there; what is asynchronous is awaitable in the same manner.
"""

import gi

gi.require_version('GProc', '1')

from gi.overrides import override  # noqa: E402
from gi.repository import GProc as _GProc  # noqa: E402, F401  (its override comes first)
from gi.repository import GProcEngine  # noqa: E402

from ._gproc import engines  # noqa: E402

__all__ = ['Container', 'Engine']


@override
class Engine(engines.EngineMethods, GProcEngine.Engine):
    __doc__ = engines.EngineMethods.__doc__


@override
class Container(engines.ContainerMethods, GProcEngine.Container):
    __doc__ = engines.ContainerMethods.__doc__


engines.complete_engine(Engine)
engines.complete_container(Container)
