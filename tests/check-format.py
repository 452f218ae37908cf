#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Formats C files, or checks that they are formatted.

.clang-format decides, with one addition that clang-format has no option for: in the
declaration of a function with several parameters each stands on a line of its own, with the
names and the asterisks before them lined up.

usage: check-format.py [--fix] FILE…
"""

import difflib
import os
import re
import subprocess
import sys

NAME = r'[A-Za-z_][A-Za-z0-9_]*'
PARAMETER = re.compile(r'^(?P<type>.*?[\w*])(?P<gap> *)(?P<stars>\**)(?P<name>' + NAME +
                       r')(?P<array>(\[[^]]*\])*)(?P<attribute>( G_GNUC_UNUSED)?)$')
FUNCTION_POINTER = re.compile(r'^(?P<type>.+?) (?P<stars>\(\*)(?P<name>' + NAME + r'\) \(.*\))$')
# What may stand before the parameters: a name after a type on the same line or on the one
# before, or a function pointer in a structure or a typedef.
HEAD = re.compile(r'^(?P<head>(?:(?! {3}).*[\w*] \**|)(?:' + NAME + r'|\(\*' + NAME + r'\)) )\(',
                  re.ASCII)


def mask(text):
    """Replaces comments, strings and preprocessor lines by characters without a meaning."""
    def blank(match):
        return re.sub(r'[^\n]', '\x01', match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|'
                  r'^[ \t]*#(?:\\\n|[^\n])*', blank, text, flags=re.S | re.M)


def split_parameters(text):
    parts, depth, start = [], 0, 0
    for i, character in enumerate(text):
        depth += (character in '([{') - (character in ')]}')
        if character == ',' and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [' '.join(part.split()) for part in parts + [text[start:]]]


def line_up(parameters, column):
    """Gives the lines, or None if these are not the parameters of a declaration."""
    rows = []
    for parameter in parameters:
        match = FUNCTION_POINTER.match(parameter) or PARAMETER.match(parameter)
        if parameter == '...':
            rows.append(('...', '', ''))
            continue
        if not match or (not match['stars'] and not match.groupdict().get('gap', ' ')):
            return None
        kind = match['type'].rstrip()
        tail = match['name'] + (match.groupdict().get('array') or '') + \
            (match.groupdict().get('attribute') or '')
        rows.append((kind, match['stars'], tail))
    width = max(len(kind) for kind, stars, tail in rows if kind != '...')
    depth = max(len(stars) for kind, stars, tail in rows)
    lines = []
    for kind, stars, tail in rows:
        if kind == '...':
            lines.append('...')
        else:
            lines.append(kind.ljust(width) + ' ' + stars.rjust(depth) + tail)
    return (',\n' + ' ' * column).join(lines)


def matching_parenthesis(masked, start):
    depth = 0
    for i in range(start, len(masked)):
        depth += (masked[i] == '(') - (masked[i] == ')')
        if depth == 0:
            return i
    return -1


def line_up_declarations(text):
    masked = mask(text)
    result, done, depth, in_function = [], 0, 0, None
    position = 0
    previous = ''
    while position < len(text):
        end = text.find('\n', position)
        end = len(text) if end < 0 else end
        line = masked[position:end]
        if in_function is None and position >= done:
            match = HEAD.match(line)
            alone = match and re.match(r'^' + NAME + r' $', match['head'])
            after_type = previous and re.search(r'[\w*]$', previous) and previous[0] not in ' #}'
            if match and (not alone or after_type) and not re.match(r'\s*(return|if|while|for)\b', line):
                start = position + match.end()
                close = matching_parenthesis(masked, start - 1)
                inside = masked[start:close]
                follows = masked[close + 1:close + 2]
                if close > 0 and '\x01' not in inside and follows in (';', '\n', ' '):
                    lines = None
                    parameters = split_parameters(inside)
                    if len(parameters) > 1:
                        lines = line_up(parameters, match.end())
                    if lines is not None:
                        result.append(text[done:start] + lines)
                        done = close
        if line.startswith('{') and re.search(r'\)\s*$|^\S.*\)$', previous + ' '):
            in_function = depth
        depth += line.count('{') - line.count('}')
        if in_function is not None and depth <= in_function:
            in_function = None
        if line.strip('\x01 '):
            previous = line
        position = end + 1
    return ''.join(result) + text[done:]


def formatted(path):
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    output = subprocess.run(['clang-format', '--style=file', os.path.abspath(path)], cwd=root,
                            check=True, stdout=subprocess.PIPE).stdout.decode()
    # An attribute stays behind its declaration, a quark's name is no subtraction.
    output = re.sub(r'\)\n +(G_GNUC_\w+(?: \([^)]*\))?;)', r') \1', output)
    output = re.sub(r'(?m)^G_DEFINE_QUARK \(.*$', lambda line: line[0].replace(' - ', '-'), output)
    parts = re.split(r'(?ms)(^[^\n]*clang-format off.*?clang-format on[^\n]*$)', output)
    return ''.join(part if i % 2 else line_up_declarations(part) for i, part in enumerate(parts))


def main():
    fix = sys.argv[1:2] == ['--fix']
    failures = 0
    for path in sys.argv[2 if fix else 1:]:
        with open(path, encoding='utf-8') as file:
            text = file.read()
        wanted = formatted(path)
        if wanted == text:
            continue
        if fix:
            with open(path, 'w', encoding='utf-8') as file:
                file.write(wanted)
            continue
        failures += 1
        sys.stdout.writelines(difflib.unified_diff(text.splitlines(True), wanted.splitlines(True),
                                                   path, path + ' (formatted)'))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
