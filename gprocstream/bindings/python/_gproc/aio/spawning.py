# SPDX-License-Identifier: LGPL-2.1-or-later
"""The keywords of subprocess.Popen, put into a GProc.Launcher or refused by name."""

import errno
import grp
import os
import pwd
import subprocess
import warnings

from gi.module import get_introspection_module
from gi.repository import GLib

from .errors import number_of
from .reader import gobject_limit

GProc = get_introspection_module('GProc')

PIPE, STDOUT, DEVNULL = subprocess.PIPE, subprocess.STDOUT, subprocess.DEVNULL

# What asyncio insists on: value, and how it says so.
_FIXED = {
    'universal_newlines': (False, 'universal_newlines must be False'),
    'bufsize': (0, 'bufsize must be 0'),
    'text': (None, 'text must be False'),
    'encoding': (None, 'encoding must be None'),
    'errors': (None, 'errors must be None'),
}


def check_fixed(shell, keywords):
    for name, (value, message) in _FIXED.items():
        given = keywords.pop(name, value)
        if given if name in ('universal_newlines', 'text') else given != value:
            raise ValueError(message)
    if keywords.pop('shell', shell) is not shell:
        raise ValueError(f'shell must be {shell}')


def _filename(value):
    name = os.fsdecode(value)
    if '\0' in name:
        raise ValueError('embedded null byte')
    return name


def _environment(env):
    result = []
    for name, value in env.items():
        name, value = _filename(name), _filename(value)
        if '=' in name:
            raise ValueError('illegal environment variable name')
        result.append(f'{name}={value}')
    return result


def _identity(kind, value, lookup, attribute):
    if isinstance(value, str):
        return getattr(lookup(value), attribute)
    if not isinstance(value, int):
        raise TypeError(f'{kind.capitalize()} must be a string or an integer, not {type(value)}')
    if value < 0:
        raise ValueError(f'{kind.capitalize()} ID cannot be negative, got {value}')
    return value


def _descriptor(value):
    return value if isinstance(value, int) else value.fileno()


def _redirect(launcher, name, value):
    """Gives the descriptor of that name in the child what Popen would."""
    set_disposition = getattr(launcher, 'set_' + name)
    if value is None:
        set_disposition(GProc.Disposition.INHERIT)
    elif value == PIPE:
        set_disposition(GProc.Disposition.PIPE)
    elif value == DEVNULL:
        set_disposition(GProc.Disposition.NULL)
    elif value == STDOUT:
        if name != 'stderr':
            raise ValueError('STDOUT can only be used for stderr')
        set_disposition(GProc.Disposition.STDOUT)
    else:
        fd = _descriptor(value)
        os.fstat(fd)  # EBADF is better said here.
        getattr(launcher, f'set_{name}_fd')(fd)


def _pass_descriptors(launcher, pass_fds, close_fds):
    if pass_fds and not close_fds:
        warnings.warn('pass_fds overriding close_fds.', RuntimeWarning, stacklevel=4)
        close_fds = True
    numbers = {int(fd) for fd in pass_fds}
    if not close_fds:
        for entry in os.listdir('/proc/self/fd'):
            try:
                if int(entry) > 2 and os.get_inheritable(int(entry)):
                    numbers.add(int(entry))
            except OSError:
                pass  # The one that listed them.
    for fd in sorted(numbers):
        if fd < 0:
            raise ValueError('bad value(s) in fds_to_keep')
        os.fstat(fd)
        launcher.map_fd(fd, fd)


def make_launcher(stdin, stdout, stderr, *, limit, executable=None, preexec_fn=None,
                  close_fds=True, cwd=None, env=None, startupinfo=None, creationflags=0,
                  restore_signals=True, start_new_session=False, pass_fds=(), user=None,
                  group=None, extra_groups=None, umask=-1, pipesize=-1, process_group=None):
    """A launcher for these keywords; what no launcher can do is refused."""
    if preexec_fn is not None:
        raise NotImplementedError('preexec_fn is not supported: no Python runs in the child. '
                                  'There are cwd, umask, user, group, process_group and '
                                  'start_new_session for what it is mostly used for')
    if extra_groups is not None:
        raise NotImplementedError('extra_groups is not supported')
    if not restore_signals:
        raise NotImplementedError('restore_signals=False is not supported: processes start with '
                                  'the default dispositions')
    if startupinfo is not None:
        raise ValueError('startupinfo is only supported on Windows platforms')
    if creationflags != 0:
        raise ValueError('creationflags is only supported on Windows platforms')

    launcher = GProc.Launcher()
    for name, value in ('stdin', stdin), ('stdout', stdout), ('stderr', stderr):
        _redirect(launcher, name, value)
    launcher.set_reader_limit(gobject_limit(limit))
    launcher.set_post_exit_grace(-1)
    if process_group not in (None, -1, 0):
        raise NotImplementedError('process_group is only supported as 0, for a new group')
    launcher.set_process_group(process_group == 0)
    if start_new_session:
        launcher.set_new_session(True)
    if executable is not None:
        launcher.set_executable(_filename(executable))
    if cwd is not None:
        launcher.set_cwd(_filename(cwd))
    if env is not None:
        launcher.set_environ(_environment(env))
    if umask >= 0:
        launcher.set_umask(umask)
    if user is not None:
        launcher.set_user(_identity('user', user, pwd.getpwnam, 'pw_uid'))
    if group is not None:
        launcher.set_group(_identity('group', group, grp.getgrnam, 'gr_gid'))
    if pipesize > 0:
        launcher.set_pipe_size(pipesize)
    _pass_descriptors(launcher, pass_fds, close_fds)
    return launcher


def check_known(name, keywords):
    """Says of function NAME, as Python would if it had them one by one, what it does not know."""
    for keyword in keywords:
        if keyword not in make_launcher.__kwdefaults__:
            raise TypeError(f'{name}() got an unexpected keyword argument {keyword!r}')


def spawn(argv, stdin, stdout, stderr, limit, keywords):
    """Starts the process. Errors are those of Popen: FileNotFoundError with the name, and so on."""
    names = [_filename(argument) for argument in argv]
    launcher = make_launcher(stdin, stdout, stderr, limit=limit, **keywords)
    try:
        return launcher.spawn(names)
    except GLib.Error as error:
        number = number_of(error)
        name = keywords.get('executable') or argv[0]
        cwd = keywords.get('cwd')
        if cwd is not None and not os.access(cwd, os.X_OK):
            name = cwd
        elif number not in (errno.ENOENT, errno.EACCES, errno.ENOTDIR, errno.E2BIG,
                            errno.ENOEXEC, errno.ELOOP, errno.ETXTBSY):
            # It is about something else than the program, and says what.
            raise OSError(number, error.message) from error
        raise OSError(number, os.strerror(number), os.fspath(name)) from error
