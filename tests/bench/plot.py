# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws the cost of a wake-up against the number of streams, as SVG."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 80, 150, 64, 62
NAMES = {'ours': ('gprocstream', '#1a5fb4', ''), 'gio': ('GIO', '#c01c28', '6 4'),
         'epoll': ('bare epoll', '#5e5c64', '2 3')}
TITLE = 'What it costs to be woken up'
ACROSS = 'streams, each with a pending asynchronous read and a cancellable'
STYLE = '''
text { font-family: Cantarell, "DejaVu Sans", Helvetica, Arial, sans-serif; font-size: 13px;
       fill: #241f31 }
.title { font-size: 16px; font-weight: bold }
.small { font-size: 12px; fill: #5e5c64 }
.grid { stroke: #deddda; stroke-width: 1 }
.axis { stroke: #241f31; stroke-width: 1.2 }
polyline { fill: none; stroke-width: 2.2 }
'''


def element(name, content=None, **attributes):
    given = ''.join(f' {key.rstrip("_").replace("_", "-")}="{value}"'
                    for key, value in attributes.items() if value != '')
    return f'<{name}{given}/>' if content is None else f'<{name}{given}>{escape(content)}</{name}>'


def coordinate(value):
    return f'{value:.1f}'


def text(x, y, content, **attributes):
    return element('text', content, x=coordinate(x), y=coordinate(y), **attributes)


def line(x1, y1, x2, y2, css):
    return element('line', x1=coordinate(x1), y1=coordinate(y1), x2=coordinate(x2),
                   y2=coordinate(y2), class_=css)


def decades(low, high):
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0 ** power for power in range(first, last + 1)]


def scale(values, start, end):
    """Puts a value onto a logarithmic axis from the first to the last of values."""
    low, high = math.log10(values[0]), math.log10(values[-1])
    return lambda value: start + (math.log10(value) - low) / (high - low) * (end - start)


def axes(xs, ys, across, up):
    right, bottom, middle = WIDTH - RIGHT, HEIGHT - BOTTOM, (TOP + HEIGHT - BOTTOM) / 2
    parts = []
    for value in ys:
        parts.append(line(LEFT, up(value), right, up(value), 'grid'))
        parts.append(text(LEFT - 8, up(value) + 4, f'{value:,g} µs', text_anchor='end'))
    for value in xs:
        parts.append(line(across(value), bottom, across(value), bottom + 5, 'axis'))
        parts.append(text(across(value), bottom + 20, f'{value:,}', text_anchor='middle'))
    parts.append(line(LEFT, bottom, right, bottom, 'axis'))
    parts.append(line(LEFT, TOP, LEFT, bottom, 'axis'))
    parts.append(text((LEFT + right) / 2, bottom + 44, ACROSS, text_anchor='middle'))
    parts.append(text(18, middle, 'one wake-up', text_anchor='middle',
                      transform=f'rotate(-90 18 {middle:.1f})'))
    return parts


def curve(points, where, name, label_y):
    """A line, its points, and at its end what it is of: that is the legend."""
    called, colour, dashes = NAMES[name]
    path = ' '.join(f'{x:.1f},{y:.1f}' for x, y in where)
    last = points[-1][1]
    return [element('polyline', points=path, stroke=colour, stroke_dasharray=dashes),
            *(element('circle', cx=coordinate(x), cy=coordinate(y), r='3.6', fill=colour)
              for x, y in where),
            text(where[-1][0] + 12, label_y, f'{called}, {last:,.{1 if last < 10 else 0}f} µs',
                 style=f'fill: {colour}')]


def spread(wanted, gap=17):
    """Moves labels apart that would cover each other."""
    placed = {}
    for name, y in sorted(wanted.items(), key=lambda item: item[1]):
        placed[name] = max([y] + [other + gap for other in placed.values()])
    return placed


def wakeup(series, caption):
    """series: for ours, gio and epoll a list of (streams, microseconds)."""
    xs = [n for n, _ in series['ours']]
    costs = [cost for points in series.values() for _, cost in points]
    ys = decades(min(costs), max(costs))
    across, up = scale(xs, LEFT, WIDTH - RIGHT - 20), scale(ys, HEIGHT - BOTTOM, TOP)
    labels = spread({name: up(points[-1][1]) + 4 for name, points in series.items()})
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
             f'width="{WIDTH}" height="{HEIGHT}" role="img">',
             '<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->',
             element('title', TITLE), f'<style>{STYLE}</style>',
             element('rect', width=WIDTH, height=HEIGHT, fill='#ffffff'),
             text(LEFT, 26, TITLE, class_='title'), text(LEFT, 46, caption, class_='small'),
             *axes(xs, ys, across, up)]
    for name, points in series.items():
        where = [(across(x), up(y)) for x, y in points]
        parts += curve(points, where, name, labels[name])
    return '\n'.join(parts + ['</svg>', ''])
