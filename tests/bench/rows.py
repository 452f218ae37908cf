# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is measured: a function for each group of rows, and the list of them."""

import os
import resource
import statistics

KIB = 1024
MIB = 1024 * KIB
PIPES = (('64K', 64 * KIB), ('256K', 256 * KIB), ('1M', MIB))
# Two processes that pass much data are several times faster on one processor than on two, and
# the scheduler may do either: rows of throughput say where the children run.
PLACES = {1: 'on the same CPU', 2: 'on another CPU'}
# What libuv gives its children: its own choice, or what everybody else gives them.
LIBUV_KINDS = (('sockets', 0), ('pipes', 1))


def microseconds(result):
    return result['seconds'] * 1e6


def megabytes_per_second(size):
    return lambda result: size / result['seconds'] / 1e6


def millions_per_second(count):
    return lambda result: count / result['seconds'] / 1e6


def without_targets(peers):
    return {name: (called, None) for name, (called, _) in peers.items()}


def enough_cpus(runner, wanted):
    if wanted > len(runner.cpus):
        runner.leave_out('children on another CPU: there is only one')
    return wanted <= len(runner.cpus)


def cpu_rows(runner, name, size, results, peers):
    peers = without_targets(peers)
    runner.rows_of(f'{name}, CPU of the program itself', 's/GB', results,
                   lambda result: result['cpu'] / size * 1e9, peers)
    # Node does not say what its children took.
    peers.pop('node', None)
    runner.rows_of(f'{name}, CPU with the children', 's/GB', results,
                   lambda result: (result['cpu'] + result['child_cpu']) / size * 1e9, peers)


def libuv_variants(runner, workload, **parameters):
    return [runner.in_libuv(workload, f'{kind}, {alloc // KIB}K at a time', pipes=pipes,
                            alloc=alloc, **parameters)
            for kind, pipes in LIBUV_KINDS for alloc in (64 * KIB, 256 * KIB, MIB)]


def node_variants(runner, workload, **parameters):
    return [runner.in_node(workload, label, hwm=size, **parameters)
            for label, size in (('as it is', 0), ('highWaterMark 64K', 64 * KIB),
                                ('highWaterMark 1M', MIB))]


def asyncio_variants(runner, workload, **parameters):
    return [runner.asyncio(workload, f'limit {limit // MIB}M, pipe {label}', limit=limit,
                           pipe=size, **parameters)
            for limit in (MIB, 4 * MIB) for label, size in PIPES]


def our_reads(runner, size):
    return [runner.c('read', f'{buffer // KIB}K at a time{", pipe 1M" if pipe else ""}', by='ours',
                     bytes=size, pipe=pipe, buffer=buffer)
            for pipe in (0, MIB) for buffer in (64 * KIB, 256 * KIB)]


def read(runner, cpus):
    if not enough_cpus(runner, cpus):
        return
    size = runner.pick(1024, 256) * MIB
    results = runner.compare({
        'ours': our_reads(runner, size),
        'plain': runner.c('read', by='ours', bytes=size),
        'raw': [runner.c('read', f'pipe {label}, {buffer // KIB}K at a time', by='raw', bytes=size,
                         pipe=pipe, buffer=buffer)
                for label, pipe in PIPES for buffer in (64 * KIB, 256 * KIB)],
        'gio': runner.c('read', by='gio', bytes=size),
        'asyncio': asyncio_variants(runner, 'read', bytes=size),
        'default': runner.asyncio('read', 'as it is', bytes=size),
        'protocol': [runner.asyncio('read', f'pipe {label}', style='protocol', bytes=size,
                                    pipe=pipe) for label, pipe in PIPES],
        'node': node_variants(runner, 'read', bytes=size),
        'libuv': libuv_variants(runner, 'read', bytes=size),
    }, rounds=5, cpus=cpus)
    where = PLACES[cpus]
    peers = {
        'raw': ('read() loop', 0.9),
        'asyncio': ('asyncio', 3),
        'default': ('asyncio', None),
        'protocol': ('asyncio protocol', None),
        'gio': ('GSubprocess, read_async', None),
        'node': ('Node', None),
        'libuv': ('libuv', None),
    }
    rate = megabytes_per_second(size)
    runner.rows_of(f'read a child\'s output, {where}', 'MB/s', results, rate, peers)
    runner.rows_of(f'the same without any setting, {where}', 'MB/s', results, rate,
                   without_targets({name: peers[name] for name in ('raw', 'default', 'gio')}),
                   ours='plain')
    del peers['default'], peers['protocol']
    cpu_rows(runner, f'read, {where}', size, results, peers)


def splice(runner, cpus):
    if not enough_cpus(runner, cpus):
        return
    size = runner.pick(1024, 256) * MIB
    calls = (('splice', 'splice()'), ('read-write', 'read() and write()'))
    results = runner.compare({
        'ours': runner.c('splice', by='ours', bytes=size),
        'pump': runner.c('splice', by='pump', bytes=size),
        'raw': [runner.c('splice', f'{call}, pipes {label}', by=by, bytes=size, pipe=pipe)
                for label, pipe in PIPES for by, call in calls],
        'gio': [runner.c('splice', 'g_output_stream_splice_async', by='gio', bytes=size),
                runner.c('splice', 'g_io_stream_splice_async', by='gio-both', bytes=size)],
        'asyncio': asyncio_variants(runner, 'splice', bytes=size),
        'node': node_variants(runner, 'splice', bytes=size),
        'libuv': libuv_variants(runner, 'splice', bytes=size),
    }, rounds=5, cpus=cpus)
    where = PLACES[cpus]
    peers = {
        'raw': ('loop', 0.9),
        'gio': ('GIO', 5),
        'node': ('Node\'s pipe()', 1.5),
        'asyncio': ('asyncio', None),
        'libuv': ('libuv', None),
    }
    rate = megabytes_per_second(size)
    runner.rows_of(f'splice one child into another, {where}', 'MB/s', results, rate, peers)
    runner.rows_of(f'the same with a GProcPump, {where}', 'MB/s', results, rate,
                   {'raw': ('loop', None)}, ours='pump')
    cpu_rows(runner, f'splice, {where}', size, results, peers)


def lines(runner, length):
    most = runner.pick(120, 30) * MIB // length
    count = max(1000, min(runner.pick(1000000, 200000), most))
    results = runner.compare({
        'ours': runner.c('lines', by='ours', style='blocks', count=count, length=length),
        'each': runner.c('lines', by='ours', style='each', count=count, length=length),
        'gio': [runner.c('lines', f'buffer {buffer // KIB}K', by='gio', count=count, length=length,
                         buffer=buffer) for buffer in (64 * KIB, 256 * KIB)],
    }, rounds=5, cpus=2)
    name, peer = f'lines of {length:,} bytes', 'GDataInputStream, asynchronous'
    rate = millions_per_second(count)
    runner.rows_of(f'{name}, in blocks', 'million/s', results, rate,
                   {'gio': (peer, 8 if length == 60 else None)})
    runner.rows_of(f'{name}, one call each', 'million/s', results, rate, {'gio': (peer, None)},
                   ours='each')


def gjs_lines(runner):
    if not runner.gjs:
        return
    count = runner.pick(400000, 200000)
    # GJS 1.74 loses a callback, and its promise, that comes while it sweeps garbage: the peer may
    # not make so much of it.
    few = 30000
    results = runner.compare({
        'blocks': runner.in_gjs('blocks', count=count, length=60),
        'loop': runner.in_gjs('loop', count=count, length=60),
        'each': runner.in_gjs('each', count=few, length=60),
        'gio': [runner.in_gjs('plain', f'buffer {buffer // KIB}K', count=few, length=60,
                              buffer=buffer) for buffer in (64 * KIB, 256 * KIB)],
    }, rounds=5, cpus=2)
    rate = millions_per_second(1)
    for style, name, target in (('blocks', 'in blocks', 10), ('loop', 'for await', 5),
                                ('each', 'a promise each', None)):
        runner.rows_of(f'lines of 60 bytes in GJS, {name}', 'million/s', results, rate,
                       {'gio': ('Gio.DataInputStream, read_line_async promised', target)},
                       ours=style)


def queue(runner, cpus):
    if not enough_cpus(runner, cpus):
        return
    count = runner.pick(1000000, 200000)
    results = runner.compare({
        'ours': [runner.c('queue', f'{batch:,} before each drain', by='ours', count=count,
                          batch=batch) for batch in (500, 2000, 8000)],
        'gio': runner.c('queue', by='gio', count=count),
        'raw': runner.c('queue', by='raw', count=count),
    }, rounds=5, cpus=cpus)
    peers = {'gio': ('g_output_stream_write_all', 40), 'raw': ('gathered by hand, write()', None)}
    runner.rows_of(f'records of 32 bytes, reader {PLACES[cpus]}', 'million/s', results,
                   millions_per_second(count), peers)


def trip(runner):
    count = runner.pick(20000, 4000)
    results = runner.compare({
        'ours': runner.c('trip', by='ours', count=count),
        'raw': runner.c('trip', by='raw', count=count),
        'gio': runner.c('trip', by='gio', count=count),
        'asyncio': runner.asyncio('trip', count=count),
        'node': runner.in_node('trip', count=count),
        'libuv': [runner.in_libuv('trip', label, count=count, pipes=pipes)
                  for label, pipes in LIBUV_KINDS],
    }, cpus=1)
    runner.rows_of('small round trip through cat, one CPU', 'µs', results,
                   lambda result: result['seconds'] / count * 1e6, {
                       'raw': ('write, poll, read loop', 1.5),
                       'gio': ('GSubprocess, GDataInputStream', None),
                       'libuv': ('libuv', None),
                       'node': ('Node', None),
                       'asyncio': ('asyncio', None),
                   })
    if not runner.strace:
        runner.leave_out('system calls of a round trip: there is no strace')
        return
    for by, name, target in (('ours', '', 5), ('raw', ', write, poll, read loop', None)):
        # What comes before and after the trips is in both.
        few, many = (runner.system_calls(runner.c('trip', by=by, count=n), cpus=1)
                     for n in (500, 2500))
        runner.row(f'system calls of a round trip{name}', (many - few) / 2000, 'calls',
                   target=target)


def available_memory():
    with open('/proc/meminfo', encoding='ascii') as file:
        found = [line.split()[1] for line in file if line.startswith('MemAvailable')]
    return int(found[0]) * KIB


def spawn(runner, resident):
    if available_memory() < (resident + 512) * MIB:
        runner.leave_out(f'spawn with {resident} MiB resident: there is not that much memory')
        return
    count = runner.pick(100, 20)
    # Those that fork take long.
    few = 10 if resident > 100 else count
    results = runner.compare({
        'ours': runner.c('spawn', by='ours', resident=resident, count=count),
        'raw': [runner.c('spawn', by, by=by, resident=resident, count=count)
                for by in ('posix_spawn', 'vfork')],
        'threaded': runner.c('spawn', 'vfork', by='vfork', resident=resident, count=count,
                             thread=1),
        'small': runner.c('spawn', by='ours', resident=10, count=count),
        'gio': runner.c('spawn', by='gio', resident=resident, count=few),
        'libuv': [runner.in_libuv('spawn', label, resident=resident, count=few, pipes=pipes)
                  for label, pipes in LIBUV_KINDS],
        'asyncio': runner.asyncio('spawn', resident=resident, count=count),
        'node': runner.in_node('spawn', resident=resident, count=few),
    }, rounds=3 if resident > 1000 else 5, small_pages=True)
    peers = {
        'raw': ('pipes, pidfd', 1.3),
        'threaded': ('pipes, pidfd, a thread that reaps', None),
        'gio': ('GSubprocess', None),
        'libuv': ('libuv', None),
        'node': ('Node', None),
        'asyncio': ('asyncio', None),
    }
    if resident > 1000:
        peers['small'] = ('ours, 10 MiB resident', 1.2)
    runner.rows_of(f'spawn, {resident:,} MiB resident', 'µs', results,
                   lambda result: result['p50'] * 1e6, peers)
    runner.rows_of(f'spawn and wait, {resident:,} MiB resident', 'µs', results, microseconds,
                   peers)


def most_descriptors():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def python_lines(runner):
    length, count = 60, runner.pick(1000000, 200000)
    if not runner.python:
        return
    results = runner.compare({
        'ours': runner.aio('lines', style='native', count=count, length=length),
        'aio': runner.aio('lines', count=count, length=length),
        'asyncio': [runner.asyncio('lines', f'limit {limit // KIB}K, pipe {label}', limit=limit,
                                   pipe=size, count=count, length=length)
                    for limit in (64 * KIB, MIB) for label, size in PIPES],
        'default': runner.asyncio('lines', 'as it is', count=count, length=length),
    }, rounds=5, cpus=2)
    rate = millions_per_second(count)
    peers = {'asyncio': ('asyncio', 2.5), 'default': ('asyncio', None)}
    runner.rows_of('Python: async for over lines of 60 bytes', 'million/s', results, rate, peers)
    runner.rows_of('Python: the same with GProc.aio', 'million/s', results, rate,
                   without_targets(peers), ours='aio')


def python_trip(runner):
    count = runner.pick(10000, 2000)
    if not runner.python:
        return
    results = runner.compare({
        'ours': runner.aio('trip', count=count, drain=1),
        'asyncio': runner.asyncio('trip', count=count, drain=1),
    }, cpus=1)
    runner.rows_of('Python: write, drain, readline through cat, one CPU', 'µs', results,
                   lambda result: result['seconds'] / count * 1e6, {'asyncio': ('asyncio', 1)})


def live(runner, n):
    if most_descriptors() < 4 * n + 100:
        runner.leave_out(f'spawn beside {n} children: not so many descriptors are allowed')
        return
    count = runner.pick(200, 40)
    results = runner.compare({
        'ours': runner.c('spawn', by='ours', live=n, count=count),
        'raw': runner.c('spawn', by='posix_spawn', live=n, count=count),
        'gio': runner.c('spawn', by='gio', live=n, count=count),
        'libuv': runner.in_libuv('spawn', live=n, count=count, pipes=1),
        'asyncio': runner.asyncio('spawn', live=n, count=count),
        'node': runner.in_node('spawn', live=n, count=count),
    }, rounds=3)
    runner.rows_of(f'spawn and wait, {n:,} children alive', 'processes/s', results,
                   lambda result: 1 / result['seconds'], {
                       'raw': ('posix_spawn, pidfd', None),
                       'gio': ('GSubprocess', None),
                       'libuv': ('libuv', None),
                       'asyncio': ('asyncio', None),
                       'node': ('Node', None),
                   })


def wakeup(runner):
    numbers = [n for n in (1, 10, 100, 1000, 5000) if 2 * n + 100 <= most_descriptors()]
    last = numbers[-1]
    counts = {'ours': runner.pick(10000, 3000), 'gio': runner.pick(2000, 500),
              'epoll': runner.pick(10000, 3000)}
    contenders = {(by, n, 'some'): runner.c('wakeup', by=by, streams=n, active=16, count=count)
                  for n in numbers for by, count in counts.items()}
    contenders.update({(by, last, 'all'): runner.c('wakeup', by=by, streams=last, active=last,
                                                   count=runner.pick(10000, 5000))
                       for by in ('ours', 'epoll')})
    results = runner.compare(contenders, rounds=5)
    for n in numbers:
        name = f'wake-up, {n:,} streams wait' if n > 1 else 'wake-up, 1 stream waits'
        runner.rows_of(name, 'µs', results, microseconds, {
            ('gio', n, 'some'): ('GIO, read_async', None),
            ('epoll', n, 'some'): ('bare epoll loop', None),
        }, ours=('ours', n, 'some'))
    runner.series = {by: [(n, results[by, n, 'some']['seconds'] * 1e6) for n in numbers]
                     for by in counts}
    if last == 5000:
        wakeup_growth(runner, results)
    else:
        runner.leave_out('wake-up with 5,000 streams: not so many descriptors are allowed')


def wakeup_growth(runner, results):
    """With each in turn the caches of the machine are part of the cost; so they are for a loop
    on epoll alone."""
    one = {('ours', 1, 'some'): ('ours, one stream', 1.5)}
    runner.rows_of('wake-up, 5,000 streams wait, 16 have something', 'µs', results, microseconds,
                   one, ours=('ours', 5000, 'some'))
    runner.rows_of('wake-up, 5,000 streams, each in turn', 'µs', results, microseconds,
                   {('epoll', 5000, 'all'): ('bare epoll loop', None), **without_targets(one)},
                   ours=('ours', 5000, 'all'))
    growth = {by: results[by, 5000, 'all']['seconds'] / results[by, 1, 'some']['seconds']
              for by in ('ours', 'epoll')}
    runner.row('growth from 1 stream to 5,000, each in turn', growth['ours'], 'times',
               growth['epoll'], 'bare epoll loop', 1.5)


def memory(runner):
    # With few, what the kernel has left from other processes is much of it.
    count = 1000
    results = runner.compare({
        'ours': runner.c('memory', by='ours', count=count),
        'raw': runner.c('memory', by='raw', count=count),
    }, rounds=5, key='kernel')
    runner.row('heap of an idle process stream', results['ours']['heap'], 'bytes', target=4096)
    runner.rows_of('kernel memory of an idle child and its pipes', 'KiB', results,
                   lambda result: result['kernel'] / KIB,
                   {'raw': ('posix_spawn, pipes, pidfd', None)})


def idle(runner):
    milliseconds = runner.pick(500, 200)
    extra = []
    for _ in range(runner.pick(5, 3)):
        flooded, quiet = (runner.run(runner.c('idle', child=child, ms=milliseconds).argv)
                          for child in (1, 0))
        extra.append(max(flooded[figure] - quiet[figure] for figure in ('polls', 'switches')))
    runner.row(f'wake-ups in {milliseconds} ms by a child nobody reads',
               max(0, statistics.median(extra)), 'wake-ups', target=0)


def dispatch(runner):
    size = runner.pick(1024, 256) * MIB
    contenders = {
        'read': runner.c('dispatch', what='read', by='ours', bytes=size),
        'blocks of lines': runner.c('dispatch', what='lines', by='ours', bytes=size),
        'line by line': runner.c('dispatch', what='each-line', by='ours', bytes=size // 4),
        'pump': runner.c('dispatch', what='pump', by='ours', bytes=size),
        'GIO, read_async': runner.c('dispatch', what='read', by='gio', bytes=size),
    }
    results = runner.compare(contenders, rounds=5, key='p999', cpus=2)
    for name, result in results.items():
        runner.row(f'turn of the main loop during a flood, p99.9, {name}', result['p999'] * 1e6,
                   'µs', target=None if name.startswith('GIO') else 1000)
        runner.row(f'turn of the main loop during a flood, p50, {name}', result['p50'] * 1e6, 'µs')


def latency(runner):
    count = runner.pick(2000, 400)
    results = runner.compare({
        'ours': runner.c('latency', by='ours', count=count),
        'gio': runner.c('latency', by='gio', count=count),
        'libuv': [runner.in_libuv('latency', label, count=count, pipes=pipes)
                  for label, pipes in LIBUV_KINDS],
        'asyncio': runner.asyncio('latency', count=count, limit=MIB),
        'node': runner.in_node('latency', count=count),
    }, rounds=3, key='p99')
    peers = {'gio': ('GSubprocess', None), 'libuv': ('libuv', None), 'asyncio': ('asyncio', None),
             'node': ('Node', None)}
    for figure, name in (('p50', 'p50'), ('p99', 'p99'), ('p999', 'p99.9')):
        runner.rows_of(f'round trip while another child floods, {name}', 'µs', results,
                       lambda result, at=figure: result[at] * 1e6, peers)
    runner.rows_of('how fast that flood is read meanwhile', 'MB/s', results,
                   lambda result: result['flood'] / 1e6, peers)


def frames(runner, form):
    size = runner.pick(64, 16) * MIB
    small = {'form': form, 'payload': 64, 'bytes': size}
    results = runner.compare({
        'ours': [runner.c('frames', f'pipe {label}', by='ours', pipe=pipe, **small)
                 for label, pipe in PIPES],
        'each': [runner.c('frames', f'pipe {label}', by='frames', pipe=pipe, **small)
                 for label, pipe in PIPES],
        'gio': [runner.c('frames', f'pipe {label}', by='gio', pipe=pipe,
                         **{**small, 'bytes': size // 16}) for label, pipe in PIPES],
    }, rounds=5, cpus=2)

    def rate(result):
        return result['bytes'] / result['seconds'] / 1e6

    peers = {'gio': ('header, payload on GInputStream', 5)}
    runner.rows_of(f'demux 64-byte frames, {form}', 'MB/s', results, rate, peers)
    runner.rows_of(f'demux 64-byte frames one by one, {form}', 'MB/s', results, rate, peers,
                   ours='each')


def frames_round_trip(runner):
    size = runner.pick(2048, 512) * MIB
    results = runner.compare({
        'ours': [runner.c('frames', f'{form}, {buffer // KIB}K at a time', by='mux', form=form,
                          payload=MIB, bytes=size, buffer=buffer)
                 for form in ('blocking', 'async') for buffer in (256 * KIB, MIB)],
    }, rounds=5, cpus=2)
    runner.row(f'mux and demux of frames of 1 MiB ({results["ours"].label})',
               megabytes_per_second(size)(results['ours']), 'MB/s', target=1000)


def raw_moves(runner, source, target, common):
    """What can be done by hand for these two."""
    moves = [('splice() via a pipe', {'method': 'splice-via-pipe', 'via': 256 * KIB}),
             ('read() and write()', {'method': 'read-write', 'buffer': 256 * KIB}),
             ('read() and write() of 64K', {'method': 'read-write', 'buffer': 64 * KIB})]
    if 'pipe' in (source, target):
        moves.append(('splice()', {'method': 'splice'}))
    if source == 'file':
        moves.append(('sendfile()', {'method': 'sendfile'}))
    if source == target == 'file':
        moves.append(('copy_file_range()', {'method': 'copy_file_range'}))
    sizes = PIPES if 'pipe' in (source, target) else (('', 0),)
    return [runner.c('pair', f'{call}{", pipes " if label else ""}{label}', by='raw', pipe=pipe,
                     **move, **common)
            for call, move in moves for label, pipe in sizes]


def pair(runner, source, target):
    size = (runner.pick(16, 4) if 'pty' in (source, target) else runner.pick(256, 64)) * MIB
    files = [os.path.join(runner.directory, name) for name in ('source', 'target')]
    if source == 'file':
        with open(files[0], 'wb') as file:
            file.write(b'x' * size)
    common = {'source': source, 'target': target, 'bytes': size, 'source_file': files[0],
              'target_file': files[1]}
    try:
        results = runner.compare({
            'ours': runner.c('pair', by='ours', **common),
            'raw': raw_moves(runner, source, target, common),
            'gio': runner.c('pair', by='gio', **common),
        }, rounds=5, cpus=2)
    finally:
        for path in files:
            if os.path.exists(path):
                os.unlink(path)
    runner.rows_of(f'{source} to {target}', 'MB/s', results, megabytes_per_second(size),
                   {'raw': ('by hand', None), 'gio': ('g_output_stream_splice_async', None)})


KINDS = ('pipe', 'unix', 'tcp', 'file', 'pty')

# What a short run does of what takes long.
SHORT_PAIRS = (('pipe', 'pipe'), ('pipe', 'file'), ('file', 'pipe'), ('unix', 'pipe'),
               ('pty', 'pipe'))


def everything(short):
    """(name, function, arguments…), in order."""
    places = (2,) if short else (1, 2)
    lengths = (60,) if short else (10, 60, 1000, 60000)
    sizes = (10, 512) if short else (10, 512, 2048)
    numbers = (0, 100) if short else (0, 100, 1000)
    pairs = SHORT_PAIRS if short else [(source, target) for source in KINDS for target in KINDS]
    return [
        *((f'read {PLACES[cpus]}', read, cpus) for cpus in places),
        *((f'splice {PLACES[cpus]}', splice, cpus) for cpus in places),
        *((f'lines of {length} bytes', lines, length) for length in lengths),
        ('gjs-lines', gjs_lines),
        *((f'queue, reader {PLACES[cpus]}', queue, cpus) for cpus in (1, 2)),
        ('trip', trip),
        *((f'spawn at {size} MiB', spawn, size) for size in sizes),
        *((f'spawn beside {n} children', live, n) for n in numbers),
        *((f'frames, {form}', frames, form) for form in ('blocking', 'async')),
        ('frames, mux and demux', frames_round_trip),
        ('python lines', python_lines),
        ('python trip', python_trip),
        ('wakeup', wakeup),
        ('memory', memory),
        ('idle', idle),
        ('dispatch', dispatch),
        ('latency', latency),
        *((f'pair {source} to {target}', pair, source, target) for source, target in pairs),
    ]
