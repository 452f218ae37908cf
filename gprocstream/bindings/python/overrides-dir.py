# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints where PyGObject looks for overrides below a prefix.

usage: python3 -I overrides-dir.py PREFIX

That is where its own are, if they are below PREFIX. Otherwise it is in the folder for modules that
Python searches below PREFIX (on Debian, dist-packages in /usr/local), and for a prefix that Python
does not know the folder that it would search there.
"""

import os
import sys
import sysconfig

PREFIX = os.path.realpath(sys.argv[1])


def is_below_prefix(path):
    # /usr/local is a prefix of its own, not a part of /usr.
    path = os.path.realpath(path)
    return path.startswith(PREFIX + os.sep) and (
        PREFIX != '/usr' or not path.startswith('/usr/local/'))


def candidates():
    try:
        import gi.overrides
        yield os.path.dirname(gi.overrides.__file__)
    except ImportError:
        pass
    for path in sys.path:
        if os.path.basename(path) in ('dist-packages', 'site-packages'):
            yield os.path.join(path, 'gi', 'overrides')


def unknown_prefix():
    scheme = 'posix_prefix' if 'posix_prefix' in sysconfig.get_scheme_names() else None
    variables = {'base': PREFIX, 'platbase': PREFIX}
    folder = (sysconfig.get_path('platlib', scheme, variables) if scheme
              else sysconfig.get_path('platlib', vars=variables))
    return os.path.join(folder, 'gi', 'overrides')


print(next(filter(is_below_prefix, candidates()), None) or unknown_prefix())
