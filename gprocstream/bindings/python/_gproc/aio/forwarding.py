# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever else asyncio has is there under its name."""

import asyncio


def attribute(module, name):
    try:
        return getattr(asyncio, name)
    except AttributeError:
        raise AttributeError(f'module {module!r} has no attribute {name!r}') from None


def names():
    return [name for name in dir(asyncio) if not name.startswith('_')]
