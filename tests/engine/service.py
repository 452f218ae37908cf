# SPDX-License-Identifier: LGPL-2.1-or-later
"""An engine for one command. See run.sh, which looks first whether this can work.

Three processes. The first runs the command. The second, the keeper, is in a session of its own
and outlives the first, whatever kills that: it removes the files. The third is the first
process of new namespaces: with it end all processes of the engine, and their mounts go. It ends
when the pipe between the first one and it is closed.
"""

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

CONTAINER = 'gproc'
IMAGE = 'gproc-busybox'
CONFIGURATION = """\
[containers]
cgroups = "disabled"
netns = "none"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]

[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
# Where podman and crun write, whatever their options say.
HIDDEN = ('/run', '/dev/shm', '/var/lib/containers', '/var/lib/cni', '/etc/cni')


class Unable(Exception):
    pass


def checked(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **options)
    if done.returncode != 0:
        said = done.stdout.strip().splitlines()
        raise Unable(f'{command[0]} {command[1]}: {said[-1] if said else done.returncode}')
    return done.stdout


class Engine:
    """What runs inside."""

    def __init__(self, work):
        self.work = work
        self.address = os.path.join(work, 'engine.sock')
        self.podman = [
            'podman', '--root', os.path.join(work, 'root'), '--runroot', os.path.join(work, 'run'),
            '--tmpdir', os.path.join(work, 'tmp'), '--storage-driver=vfs', '--runtime=crun',
        ]
        self.service = None

    def mount(self):
        checked(['mount', '--make-rprivate', '/'])
        checked(['mount', '-t', 'proc', 'proc', '/proc'])
        subprocess.run(['umount', '-R', '/sys/fs/cgroup'], stderr=subprocess.DEVNULL)
        checked(['mount', '-t', 'cgroup2', 'cgroup2', '/sys/fs/cgroup'])
        for directory in HIDDEN:
            if os.path.isdir(directory):
                checked(['mount', '-t', 'tmpfs', 'tmpfs', directory])

    def make_image(self):
        root = os.path.join(self.work, 'image')
        for directory in ('bin', 'etc', 'tmp', 'root', 'proc', 'sys', 'dev'):
            os.makedirs(os.path.join(root, directory))
        shutil.copy(shutil.which('busybox'), os.path.join(root, 'bin/busybox'))
        for applet in checked(['busybox', '--list']).split():
            if applet != 'busybox':
                os.symlink('busybox', os.path.join(root, 'bin', applet))
        with open(os.path.join(root, 'etc/passwd'), 'w') as passwd:
            passwd.write('root:x:0:0:root:/root:/bin/sh\nnobody:x:99:99:nobody:/tmp:/bin/sh\n')
        with open(os.path.join(root, 'etc/group'), 'w') as group:
            group.write('root:x:0:\nnobody:x:99:\n')
        archive = os.path.join(self.work, 'image.tar')
        checked(['tar', '-C', root, '-cf', archive, '.'])
        checked([*self.podman, 'import', archive, IMAGE])

    def start(self):
        """As systemd would: the service is given a socket that listens already, so that
        nobody has to try until it does."""
        if os.path.exists(self.address):
            os.unlink(self.address)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.address)
        listener.listen(128)
        log = open(os.path.join(self.work, 'service.log'), 'ab')

        shell = ['sh', '-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&0 </dev/null', 'sh']
        self.service = subprocess.Popen(
            [*shell, *self.podman, 'system', 'service', '--time=0'],
            stdin=listener, stdout=log, stderr=log,
        )
        log.close()
        listener.close()
        with socket.socket(socket.AF_UNIX) as ask:
            ask.connect(self.address)
            ask.sendall(b'GET /_ping HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n')
            answer = b''
            while True:
                some = ask.recv(4096)
                if not some:
                    break
                answer += some
        if b' 200 ' not in answer.split(b'\r\n', 1)[0]:
            raise Unable(f'podman system service: {answer!r}')

    def end(self, number):
        if self.service is not None:
            self.service.send_signal(number)
            self.service.wait()
            self.service = None

    def obey(self, line):
        if line == 'start':
            if self.service is None:
                self.start()
        elif line in ('kill', 'stop'):
            self.end(signal.SIGKILL if line == 'kill' else signal.SIGTERM)
        else:
            return 'what?'
        return 'done'


def inside(work):
    """The first process of the namespaces. Standard input is the pipe that ends it, standard
    output tells how it went."""
    engine = Engine(work)
    os.environ['CONTAINERS_CONF'] = os.path.join(work, 'containers.conf')
    with open(os.environ['CONTAINERS_CONF'], 'w') as configuration:
        configuration.write(CONFIGURATION)
    control = socket.socket(socket.AF_UNIX)
    try:
        engine.mount()
        engine.make_image()
        checked([*engine.podman, 'run', '--detach', '--name', CONTAINER, '--init=false', IMAGE,
                 '/bin/tail', '-f', '/dev/null'])
        engine.start()
        control.bind(os.path.join(work, 'control.sock'))
        control.listen(8)
    except Unable as reason:
        print(reason, flush=True)
        return 1
    print('ready', flush=True)

    # Whoever loses its parent becomes a child of this process.
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return serve(engine, control, woken)


def reap(engine):
    while True:
        try:
            info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if info is None:
            return
        if engine.service is not None and info.si_pid == engine.service.pid:
            engine.service.wait()
            engine.service = None
        else:
            os.waitpid(info.si_pid, 0)


def serve(engine, control, woken):
    while True:
        reap(engine)
        ready, _, _ = select.select([0, control, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
        if control in ready:
            peer, _ = control.accept()
            with peer, peer.makefile('rw') as lines:
                for line in lines:
                    lines.write(engine.obey(line.strip()) + '\n')
                    lines.flush()
        if 0 in ready and not os.read(0, 4096):
            return 0


def keep():
    """Waits for the end of the namespaces, and removes the files."""
    work = tempfile.mkdtemp(prefix='gproc-engine.')
    print(work, flush=True)
    command = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--',
               sys.executable, __file__, '--inside', work]
    try:
        with open(os.path.join(work, 'inside.log'), 'wb') as log:
            status = subprocess.call(command, stderr=log)
        if status != 0:
            with open(os.path.join(work, 'inside.log'), encoding='utf-8') as log:
                sys.stderr.write(log.read())
    finally:
        shutil.rmtree(work)
    return status


def run(command):
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    # Until the keeper is there nothing is to be removed; if this ends, it does.
    keeper = subprocess.Popen([sys.executable, __file__, '--keep'], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True, start_new_session=True)
    # From here on signals are waited for, together with the end of the command: none comes
    # between a look and the wait for it.
    waited = {signal.SIGCHLD, *ENDING}
    signal.pthread_sigmask(signal.SIG_BLOCK, waited)
    try:
        work = keeper.stdout.readline().strip()
        said = keeper.stdout.readline().strip()
        if said != 'ready':
            if os.environ.get('GPROC_ENGINE_REQUIRED'):
                print(f'Bail out! {said}')
                return 1
            print(f'1..0 # SKIP podman cannot run here: {said}')
            return 0
        given = {
            'GPROC_ENGINE': 'unix://' + os.path.join(work, 'engine.sock'),
            'GPROC_ENGINE_CONTAINER': CONTAINER,
            'GPROC_ENGINE_IMAGE': IMAGE,
            'GPROC_ENGINE_CONTROL': os.path.join(work, 'control.sock'),
        }
        if not command:
            for name, value in given.items():
                print(f'export {name}={value}', flush=True)
            return 128 + signal.sigwait(ENDING)
        child = subprocess.Popen(
            command, env={**os.environ, **given},
            preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, waited))
        while child.poll() is None:
            number = signal.sigwait(waited)
            if number != signal.SIGCHLD:
                child.terminate()
                child.wait()
                return 128 + number
        return child.returncode if child.returncode >= 0 else 128 - child.returncode
    finally:
        keeper.stdin.close()
        keeper.wait()


def main():
    if sys.argv[1:2] == ['--inside']:
        return inside(sys.argv[2])
    if sys.argv[1:2] == ['--keep']:
        return keep()
    return run(sys.argv[1:])


if __name__ == '__main__':
    sys.exit(main())
