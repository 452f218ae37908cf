# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that are functions, reported in the Test Anything Protocol."""

import sys
import traceback


class Skip(Exception):
    """Why a test cannot run here."""


def run(prefix, *functions):
    """Runs each function, whose name and summary say what it tests."""
    print(f'1..{len(functions)}')
    failed = False
    for number, function in enumerate(functions, 1):
        path = prefix + '/' + function.__name__.replace('_', '-')
        try:
            function()
            result = f'ok {number} {path}'
        except Skip as skip:
            result = f'ok {number} {path} # SKIP {skip}'
        except Exception:
            failed = True
            for line in traceback.format_exc().splitlines():
                print('# ' + line)
            result = f'not ok {number} {path}'
        print(result, flush=True)
    sys.exit(1 if failed else 0)
