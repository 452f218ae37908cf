# SPDX-License-Identifier: LGPL-2.1-or-later
"""What gi/overrides/GProc.py is made of. Private: import GProc from gi.repository."""
