# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the programs of the benchmarks in turn and keeps what came of it."""

import ctypes
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = '/usr/bin/python3' if os.path.exists('/usr/bin/python3') else sys.executable
PR_SET_THP_DISABLE = 41
# What would measure something else.
FOREIGN = ('MALLOC_', 'G_', 'GPROC_', 'NODE_', 'UV_', 'PYTHON', 'LD_', 'GLIBC_')


class Failed(Exception):
    pass


class Variant:
    """A program with its arguments, and what is said of its settings."""

    def __init__(self, argv, label=''):
        self.argv = argv
        self.label = label


class Result(dict):
    """The medians of the best variant; .label says which that was."""

    def __init__(self, figures, label):
        super().__init__(figures)
        self.label = label


class Row(dict):
    """One row of the table. ratio is ours / peer. A unit per second is wanted high, so that
    the target is the least; any other unit is of a cost, and the target the most. Without a
    peer the target is for our figure itself."""

    def __init__(self, name, ours, peer, peer_name, unit, target):
        ratio = ours / peer if peer else None
        met = None
        if target is not None:
            value = ours if peer_name is None else ratio
            met = value >= target if unit.endswith('/s') else value <= target
        super().__init__(name=name, ours=ours, peer=peer, peer_name=peer_name, unit=unit,
                         ratio=ratio, target=target, met=met)


class Runner:
    def __init__(self, build, short):
        self.build = build
        self.short = short
        self.rows = []
        self.left_out = []
        self.failures = []
        self.series = {}
        self.current = ''
        self.bench = self.built('gproc-bench')
        self.libuv = self.built('gproc-bench-libuv')
        self.node = shutil.which('node', path='/usr/bin:/bin:' + os.environ.get('PATH', ''))
        self.gjs = shutil.which('gjs', path='/usr/bin:/bin:' + os.environ.get('PATH', ''))
        self.strace = shutil.which('strace')
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(FOREIGN)}
        self.environment.update(LC_ALL='C.UTF-8', GPROC_BENCH_CHILD=self.built('gproc-bench-child'))
        self.directory = tempfile.mkdtemp(prefix='bench-', dir=build)
        self.cpus = sorted(os.sched_getaffinity(0))
        if not self.bench:
            raise SystemExit(f'{build}/tests/gproc-bench has not been built')
        if not self.libuv:
            self.leave_out('libuv: it was not there when this was built')
        if not self.node:
            self.leave_out('Node: there is no node')
        if not self.gjs:
            self.leave_out('GJS: there is no gjs')
        elif not os.path.exists(os.path.join(build, 'gprocstream', 'GProc-1.typelib')):
            self.gjs = None
            self.leave_out('GJS: the typelib was not built')
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 20000 if hard == resource.RLIM_INFINITY else min(hard, 20000)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))

    def close(self):
        shutil.rmtree(self.directory, ignore_errors=True)

    def built(self, name):
        path = os.path.join(self.build, 'tests', name)
        return path if os.path.exists(path) else None

    def pick(self, full, short):
        return short if self.short else full

    def leave_out(self, what):
        if what not in self.left_out:
            self.left_out.append(what)
            print(f'left out: {what}', file=sys.stderr, flush=True)

    # What can be run: each a Variant, or None where the program is missing.

    def c(self, workload, label='', **parameters):
        return Variant([self.bench, workload, *pairs(parameters)], label)

    def asyncio(self, workload, label='', **parameters):
        return Variant([PYTHON, os.path.join(HERE, 'peer-asyncio.py'), workload,
                        *pairs(parameters)], label)

    def in_node(self, workload, label='', **parameters):
        if not self.node:
            return None
        return Variant([self.node, os.path.join(HERE, 'peer-node.mjs'), workload,
                        *pairs(parameters)], label)

    def in_gjs(self, style, label='', **parameters):
        library = os.path.join(self.build, 'gprocstream')
        return Variant(['env', f'GI_TYPELIB_PATH={library}', f'LD_LIBRARY_PATH={library}',
                        f'GJS_PATH={os.path.join(library, "bindings", "gjs")}',
                        self.gjs, '-m', os.path.join(HERE, 'peer-gjs.js'), style,
                        *pairs(parameters)], label)

    def in_libuv(self, workload, label='', **parameters):
        if not self.libuv:
            return None
        return Variant([self.libuv, workload, *pairs(parameters)], label)

    def preparation(self, cpus, small_pages):
        def prepare():
            if cpus:
                os.sched_setaffinity(0, {self.cpus[0]})
            if small_pages:
                ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)
        return prepare if cpus or small_pages else None

    def run(self, argv, cpus=None, small_pages=False):
        """One round: the figures the program prints. cpus: 1 for the program and its children
        on one processor, 2 for the children on another, None for as the scheduler likes."""
        environment = dict(self.environment)
        if cpus == 2 and len(self.cpus) > 1:
            environment['GPROC_BENCH_CHILD_CPU'] = str(self.cpus[1])
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  timeout=300, env=environment, check=False, encoding='utf-8',
                                  preexec_fn=self.preparation(cpus, small_pages))
        except subprocess.TimeoutExpired as error:
            raise Failed(f'{" ".join(argv)}: not done after {error.timeout:.0f} s') from error
        if done.returncode != 0:
            raise Failed(f'{" ".join(argv)}: ended with {done.returncode}')
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            raise Failed(f'{" ".join(argv)}: printed {done.stdout!r}') from error

    def compare(self, contenders, rounds=7, key='seconds', **how):
        """Runs all in turn, so that what disturbs one disturbs all. contenders: a name and the
        variants to choose the best of. Returns the medians by name. Where there are more than
        two variants a first round says which two go on."""
        chosen = {}
        for name, variants in contenders.items():
            variants = [v for v in (variants if isinstance(variants, list) else [variants]) if v]
            if not variants:
                continue
            first = [(self.run(variant.argv, **how)[key], at)
                     for at, variant in enumerate(variants)]
            chosen[name] = [variants[at] for _, at in sorted(first)[:2]]
        taken = {name: [[] for _ in variants] for name, variants in chosen.items()}
        for _ in range(self.pick(rounds, min(rounds, 3))):
            for name, variants in chosen.items():
                for at, variant in enumerate(variants):
                    taken[name][at].append(self.run(variant.argv, **how))
        results = {}
        for name, variants in chosen.items():
            medians = [Result({figure: statistics.median(run[figure] for run in runs)
                               for figure in runs[0]}, variant.label)
                       for variant, runs in zip(variants, taken[name])]
            results[name] = min(medians, key=lambda result: result[key])
        return results

    def system_calls(self, variant, **how):
        """How many system calls the program makes itself, without its children."""
        path = os.path.join(self.directory, 'strace')
        self.run([self.strace, '-c', '-U', 'calls,name', '-o', path, *variant.argv], **how)
        with open(path, encoding='utf-8') as file:
            total = [line.split() for line in file if line.rstrip().endswith(' total')]
        if not total:
            raise Failed('strace printed no total')
        return int(total[0][0])

    def row(self, name, ours, unit, peer=None, peer_name=None, target=None):
        row = Row(name, ours, peer, peer_name, unit, target)
        self.rows.append(row)
        print(f'   {line_of(row)}', file=sys.stderr, flush=True)

    def rows_of(self, name, unit, results, figure, peers, ours='ours'):
        """One row for each peer that ran. figure: a result to its number; peers: the name in
        results, with what it is called and the target."""
        if results[ours].label:
            name = f'{name} ({results[ours].label})'
        for peer, (called, target) in peers.items():
            if peer in results:
                label = results[peer].label
                self.row(name, figure(results[ours]), unit, figure(results[peer]),
                         f'{called}, {label}' if label else called, target)

    def do(self, name, function, *arguments):
        start = time.monotonic()
        print(f'== {name}', file=sys.stderr, flush=True)
        try:
            function(self, *arguments)
        except Failed as error:
            self.failures.append(f'{name}: {error}')
            print(f'FAILED: {error}', file=sys.stderr, flush=True)
        print(f'   ({time.monotonic() - start:.1f} s)', file=sys.stderr, flush=True)


def pairs(parameters):
    """by_hand=1 becomes by-hand=1: what Python cannot spell."""
    return [f'{name.replace("_", "-")}={value}' for name, value in parameters.items()]


def number(value):
    if value is None:
        return ''
    if value == 0 or abs(value) >= 100:
        return f'{value:,.0f}'
    return f'{value:.3g}'


def wanted(row):
    if row['target'] is None:
        return ''
    return ('≥ ' if row['unit'].endswith('/s') else '≤ ') + f'{row["target"]:g}'


def cells(row):
    met = {None: '', True: 'met', False: 'MISSED'}[row['met']]
    ratio = '' if row['ratio'] is None else f'{row["ratio"]:.2f}'
    return [row['name'], number(row['ours']), number(row['peer']), row['unit'], ratio, wanted(row),
            met, row['peer_name'] or '']


def line_of(row):
    return '  '.join(cell for cell in cells(row) if cell)


def table(rows):
    lines = [['what', 'ours', 'peer', 'unit', 'ratio', 'wanted', '', 'the peer']]
    lines += [cells(row) for row in rows]
    widths = [max(len(line[at]) for line in lines) for at in range(8)]
    right = (1, 2, 4)
    return '\n'.join('  '.join(cell.rjust(width) if at in right else cell.ljust(width)
                               for at, (cell, width) in enumerate(zip(line, widths))).rstrip()
                     for line in lines)
