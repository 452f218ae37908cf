# SPDX-License-Identifier: LGPL-2.1-or-later
"""The classes and functions that introspection makes, as they are without the override."""

from gi.module import get_introspection_module

GProc = get_introspection_module('GProc')
