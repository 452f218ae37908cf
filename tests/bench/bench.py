#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures the library side by side with what its users would pick instead.

Each row is of medians of rounds in which all that are compared take turns. Prints one table,
and writes bench.json and bench-wakeup.svg into the build directory. tests/bench.sh installs
and builds what this needs.
"""

import argparse
import datetime
import json
import os
import platform
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import plot  # noqa: E402
import rows  # noqa: E402
import runner as running  # noqa: E402


def first_line(argv):
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=False, encoding='utf-8')
    return done.stdout.split('\n')[0].strip()


def processor():
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        names = [line.split(':', 1)[1].strip() for line in file if line.startswith('model name')]
    return names[0] if names else platform.machine()


def system():
    try:
        with open('/etc/os-release', encoding='utf-8') as file:
            return re.search(r'^PRETTY_NAME="?([^"\n]*)', file.read(), re.M).group(1)
    except (OSError, AttributeError):
        return 'unknown'


def versions(runner, short):
    used = [first_line([runner.bench, '--version']),
            'C' + first_line([running.PYTHON, '--version'])]
    if runner.node:
        used.append('Node ' + first_line([runner.node, '--version']))
    if runner.gjs:
        used.append(first_line([runner.gjs, '--version']))
    if runner.libuv:
        used.append('libuv ' + first_line([runner.libuv, '--version']))
    user = 'root' if os.geteuid() == 0 else 'an ordinary user'
    return '\n'.join([
        f'Measured on {datetime.date.today()}, {"short form, " if short else ""}as {user}',
        f'{system()}, Linux {platform.release()}, {len(runner.cpus)} CPUs ({processor()})',
        ', '.join(used)])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', default='build', help='the build directory')
    parser.add_argument('--short', action='store_true', help='fewer and smaller rounds')
    parser.add_argument('--only', metavar='PATTERN', default='',
                        help='only groups that match, see --list')
    parser.add_argument('--list', action='store_true', help='list the groups of rows')
    options = parser.parse_args()

    groups = [group for group in rows.everything(options.short)
              if re.search(options.only, group[0])]
    if options.list:
        print('\n'.join(group[0] for group in groups))
        return 0
    if not groups:
        parser.error(f'nothing matches {options.only}')

    runner = running.Runner(os.path.abspath(options.build), options.short)
    try:
        about = versions(runner, options.short)
        print(about, file=sys.stderr)
        for name, function, *arguments in groups:
            runner.do(name, function, *arguments)
    finally:
        runner.close()
    write(runner, about)

    return 1 if runner.failures else 0


def write(runner, about):
    print(about + '\n')
    print(running.table(runner.rows))
    print('\nA unit per second is wanted high, any other low. ratio: ours / peer.')
    for what in runner.left_out:
        print(f'left out: {what}')
    for what in runner.failures:
        print(f'FAILED: {what}')
    with open(os.path.join(runner.build, 'bench.json'), 'w', encoding='utf-8') as file:
        json.dump(runner.rows, file, indent=2, ensure_ascii=False)
        file.write('\n')
    if runner.series:
        kernel = platform.release().split('-')[0]
        caption = ('16 of the streams have something to read, in turn. '
                   f'Linux {kernel}, {datetime.date.today()}')
        with open(os.path.join(runner.build, 'bench-wakeup.svg'), 'w', encoding='utf-8') as file:
            file.write(plot.wakeup(runner.series, caption))


if __name__ == '__main__':
    sys.exit(main())
