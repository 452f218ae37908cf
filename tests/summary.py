#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts tests over several runs of Meson.

usage: summary.py add TOTALS LABEL TESTLOG.json    adds the tests of one run
       summary.py print TOTALS                     lists what was skipped and what failed, then
                                                   says how many passed, failed, were skipped

What is counted is each test inside a program, as the Test Anything Protocol reports them.
"""

import json
import os
import re
import sys

LINE = re.compile(r'^(?P<not>not )?ok\b *(?P<number>\d+)? *(-(?= ))? *(?P<name>[^#]*)'
                  r'(?P<skipped># *SKIP\b *(?P<reason>.*))?', re.I)


def subtests(log):
    """Gives (name, result, reason) for each test in the output of one program."""
    found, plan = [], None
    for line in (log['stdout'] or '').splitlines():
        match = re.match(r'^1\.\.(\d+)(?: *# *SKIP *(.*))?', line, re.I)
        if match:
            plan = int(match[1])
            if plan == 0:
                found.append((log['name'], 'skipped', match[2] or 'no reason given'))
            continue
        match = LINE.match(line)
        if match:
            name = match['name'].strip()
            if match['skipped']:
                found.append((name, 'skipped', match['reason'] or 'no reason given'))
            else:
                found.append((name, 'failed' if match['not'] else 'passed', ''))
    failed = any(result == 'failed' for name, result, reason in found)
    if not found:
        found.append((log['name'], 'failed', 'no test was reported: ' + log['result']))
    elif log['result'] not in ('OK', 'EXPECTEDFAIL', 'SKIP') and not failed:
        found.append((log['name'], 'failed', f"{log['result']}, status {log['returncode']}"))
    elif plan is not None and plan > len(found):
        found.append((log['name'], 'failed', f'{len(found)} of {plan} tests were run'))
    return found


def add(totals, label, testlog):
    with open(totals, 'a', encoding='utf-8') as output:
        if not os.path.exists(testlog):
            print(json.dumps([label, 'the whole run', 'failed', 'there is no log']), file=output)
            return
        with open(testlog, encoding='utf-8') as log:
            for line in log:
                test = json.loads(line)
                program = test['name'].split(' / ')[-1]
                for name, result, reason in subtests(test):
                    print(json.dumps([label, f'{program}: {name}', result, reason]), file=output)


def summarize(totals):
    with open(totals, encoding='utf-8') as file:
        tests = [json.loads(line) for line in file]
    counts = {'passed': 0, 'failed': 0, 'skipped': 0}
    labels = {}
    for label, name, result, reason in tests:
        counts[result] += 1
        labels.setdefault(label, dict.fromkeys(counts, 0))[result] += 1
    for wanted in 'skipped', 'failed':
        for label, name, result, reason in tests:
            if result == wanted:
                print(f'{result}: [{label}] {name}' + (f': {reason}' if reason else ''))
    for label, numbers in labels.items():
        print(f'{label}: ' + ', '.join(f'{number} {name}' for name, number in numbers.items()))
    print(', '.join(f'{number} {name}' for name, number in counts.items()))
    return 1 if counts['failed'] or not counts['passed'] else 0


if __name__ == '__main__':
    if sys.argv[1] == 'add':
        add(*sys.argv[2:])
    else:
        sys.exit(summarize(sys.argv[2]))
