#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Iterating over a Reader with `for`, and that nothing is lost by leaving an iteration."""

import itertools
import os
import random

from support import GLib, GProc, Gio, descriptors, fails, feed, lines_of, pipe, start, tap

HOSTILE = b'first\n\n\0\n\xff\xfe\nreturn\r\n\rmiddle\n\n\nrest'
HOSTILE_LINES = [b'first\n', b'\n', b'\0\n', b'\xff\xfe\n', b'return\r\n', b'\rmiddle\n', b'\n',
                 b'\n', b'rest']


def lines_come_as_they_are():
    assert list(feed(HOSTILE)) == HOSTILE_LINES
    assert list(feed(b'')) == []
    assert list(feed(b'\n')) == [b'\n']
    assert list(feed(HOSTILE).lines(strip=True)) == [line.rstrip(b'\n') for line in HOSTILE_LINES]


def an_empty_line_is_no_end():
    reader = feed(b'\n\nx')
    iterator = iter(reader)
    assert next(iterator) == b'\n' and next(iterator) == b'\n' and next(iterator) == b'x'
    fails(StopIteration, next, iterator)


def text_is_decoded():
    data = 'grün\nзелёный\r\n\n緑'.encode()
    assert list(feed(data).lines(text=True)) == ['grün\n', 'зелёный\r\n', '\n', '緑']
    assert list(feed(data).lines(text=True, strip=True)) == ['grün', 'зелёный\r', '', '緑']
    # Of what str.splitlines splits at, only the newline ends a line.
    other = 'a\u2028b\x0bc\x1dd\n'
    assert list(feed(other.encode()).lines(text=True)) == [other]
    assert list(feed(b'gr\xfcn\n').lines(text=True, encoding='latin-1')) == ['grün\n']
    assert list(feed(b'a\xffb\n').lines(text=True, errors='replace')) == ['a\ufffdb\n']
    fails(ValueError, feed(b'').lines, text=True, encoding='utf-16')


def a_line_that_is_no_text_stays():
    reader = feed(b'one\ntwo\nb\xffd\nfour\n')
    iterator = reader.lines(text=True, strip=True)
    assert next(iterator) == 'one' and next(iterator) == 'two'
    for _ in range(2):
        fails(UnicodeDecodeError, next, iterator)
    assert reader.read_line().get_data() == b'b\xffd\n'
    assert next(iterator) == 'four'


def leaving_an_iteration_loses_nothing():
    for count in 1, 2, 15, 16, 17, 79, 80, 81, 400:
        reader = start('lines', '500').stdout
        for line in itertools.islice(reader, count):
            last = line
        assert last == b'line %d\n' % count
        assert reader.read_line().get_data() == b'line %d\n' % (count + 1)
        assert list(reader) == lines_of(500)[count + 1:]


def what_follows_sees_what_was_not_consumed():
    def at_line(number):
        reader = feed(b''.join(lines_of(20)) + b'tail')
        iterator = iter(reader)
        for _ in range(number):
            next(iterator)
        # The iterator is still there: it does not give back by going away.
        return reader, iterator

    rest = b''.join(lines_of(20)[3:]) + b'tail'
    for read in (lambda reader: reader.peek(1000).get_data(),
                 lambda reader: reader.read_to_end(-1).get_data(),
                 lambda reader: reader.try_read_some(1000).get_data(),
                 lambda reader: reader.read_bytes(1000).get_data(),
                 lambda reader: reader.read_exactly(len(rest)).get_data(),
                 lambda reader: b''.join(reader),
                 lambda reader: b''.join(reader.chunks())):
        reader, iterator = at_line(3)
        assert read(reader) == rest

    reader, iterator = at_line(3)
    assert not reader.at_eof() and reader.get_buffered() == reader.buffered == len(rest)
    assert GProc.select([reader]) == [reader]
    reader.unread(b'unread\n')
    assert next(iterator) == b'unread\n' and next(iterator) == b'line 4\n'
    assert reader.read_until('5\n').get_data() == b'line 5\n'
    assert reader.skip(len(b'line 6\n')) == len(b'line 6\n')
    assert next(iterator) == b'line 7\n'
    target = Gio.MemoryOutputStream.new_resizable()
    assert GProc.Pump.new(reader, target).run()
    assert target.steal_as_bytes().get_data() == b''.join(lines_of(20)[7:]) + b'tail'
    fails(StopIteration, next, iterator)


def generic_code_reads_on():
    """What takes any GInputStream, and knows nothing of the override."""
    reader = feed(b''.join(lines_of(100)))
    for line in reader:
        if line == b'line 3\n':
            break
    stream = Gio.DataInputStream.new(reader)
    assert stream.read_line_utf8(None)[0] == 'line 4'
    assert stream.get_base_stream() is reader
    reader = feed(b'abc')
    assert isinstance(reader, Gio.InputStream) and reader.read_bytes(2, None).get_data() == b'ab'
    assert reader.read_bytes(2, None).get_data() == b'c'
    assert not reader.read_bytes(2, None).get_data(), 'the end is empty bytes'
    assert reader.close(None) and reader.is_closed()
    target = Gio.MemoryOutputStream.new_resizable()
    target.splice(feed(b'spliced'), Gio.OutputStreamSpliceFlags.CLOSE_TARGET, None)
    assert target.steal_as_bytes().get_data() == b'spliced'


def two_iterators_share_one_order():
    reader = start('lines', '3000').stdout
    one, other = iter(reader), reader.lines(text=True, strip=True)
    seen = []
    for number in range(40):
        seen.append(next(one))
        seen.append(next(other).encode() + b'\n')
        if number % 7 == 0:
            seen.append(reader.read_line().get_data())
    seen += one
    seen += (line.encode() for line in other)
    assert seen == lines_of(3000)


def an_iterator_gives_back_when_it_is_closed():
    reader = feed(b'one\ntwo\nthree\n')
    with reader.lines() as iterator:
        assert next(iterator) == b'one\n'
    assert reader._held is None
    assert reader.read_line().get_data() == b'two\n'
    iterator = iter(reader)
    next(iterator)
    reader.close()
    fails(GLib.Error, next, iterator)


def separators_are_bytes():
    data = b'one\0two;\0;three'
    assert list(feed(data).lines(separators=b'\0')) == [b'one\0', b'two;\0', b';three']
    assert list(feed(data).lines(separators=[b'\0', ';'], strip=True)) == [
        b'one', b'two', b'', b'', b'three']
    assert list(feed(data).lines(separators='\0', text=True, strip=True)) == ['one', 'two;',
                                                                              ';three']
    # That whose end comes first wins, and of two that end together the longer one is stripped.
    assert list(feed(b'ABCDEFG').lines(separators=[b'DEF', b'BCDE'])) == [b'ABCDE', b'FG']
    assert list(feed(b'abcdefcd').lines(separators=[b'bcdef', b'cd'])) == [b'abcd', b'efcd']
    assert list(feed(b'a\r\nb\nc\r').lines(separators=['\n', '\r\n'], strip=True)) == [b'a', b'b',
                                                                                     b'c\r']
    fails(ValueError, feed(b'').lines, separators=[])
    fails(ValueError, feed(b'').lines, separators=[b'x', b''])
    fails(TypeError, feed(b'').lines, separators=[1])


def every_cut_gives_the_same_lines():
    data = b'a--b-\0c\0\0--dd---e-'
    separators = [b'--', b'\0', b'-\0']
    whole = list(feed(data).lines(separators=separators))
    assert b''.join(whole) == data and len(whole) > 5
    for cut in range(len(data)):
        reader, writer = pipe()
        iterator = reader.lines(separators=separators)
        os.write(writer, data[:cut])
        # What is complete in the first part may be asked for before the second one comes.
        seen = []
        while sum(map(len, seen)) + len(whole[len(seen)]) <= cut:
            seen.append(next(iterator))
        os.write(writer, data[cut:])
        os.close(writer)
        seen += iterator
        assert seen == whole, (cut, seen)


def separated_lines_are_given_back():
    reader = start('lines', '1000').stdout
    iterator = reader.lines(separators=[b'\n', b'0'])
    seen = [next(iterator) for _ in range(50)]
    assert b''.join(seen) + reader.read_to_end(-1).get_data() == b''.join(lines_of(1000))


def chunks_come_as_they_come():
    data = bytes(range(256)) * 40
    assert b''.join(feed(data).chunks()) == data
    chunks = list(feed(data).chunks(size=1000))
    assert b''.join(chunks) == data and max(map(len, chunks)) == 1000
    fails(ValueError, feed(b'').chunks, size=0)
    text = 'ü緑🌲' * 50
    for size in range(1, 12):
        assert ''.join(feed(text.encode()).chunks(text=True, size=size)) == text


def a_part_of_a_character_is_given_back():
    reader = feed('aü緑'.encode())
    iterator = reader.chunks(text=True, size=2)
    assert next(iterator) == 'a'
    assert reader.read_to_end().get_data() == 'ü緑'.encode()
    reader = feed(b'ab\xc3')
    iterator = reader.chunks(text=True)
    assert next(iterator) == 'ab'
    fails(UnicodeDecodeError, next, iterator)
    assert reader.read_to_end().get_data() == b'\xc3'


def an_over_long_line_is_an_error_and_stays():
    reader = feed(b'short\n' + b'x' * 300 + b'\nend\n')
    reader.limit = 100
    iterator = iter(reader)
    assert next(iterator) == b'short\n'
    error = fails(GProc.LimitOverrunError, next, iterator)
    assert isinstance(error, ValueError) and isinstance(error, GLib.Error)
    assert reader.read_some(1000).get_data() == b'x' * 300 + b'\nend\n'


def random_orders_lose_nothing():
    seed = int(os.environ.get('GPROC_TEST_SEED', random.randrange(1 << 32)))
    chance = random.Random(seed)
    for _ in range(60):
        data = bytes(chance.choice(b'ab\n\r\0;') for _ in range(chance.randrange(400)))
        reader, seen, iterators = feed(data), [], []
        for _ in range(chance.randrange(60)):
            action = chance.randrange(7)
            if action == 0:
                iterators.append(iter(reader.lines(separators=chance.choice([None, b'\0', [
                    b'\r\n', b';']]))))
            elif action == 1:
                iterators.append(reader.chunks(size=chance.randrange(1, 9)))
            elif action == 2 and iterators:
                iterators.pop(chance.randrange(len(iterators)))
            elif action < 6 and iterators:
                seen.append(next(chance.choice(iterators), b''))
            else:
                seen.append(reader.read_bytes(chance.randrange(1, 5)).get_data() or b'')
        iterators.clear()
        seen.append(reader.read_to_end().get_data() or b'')
        assert b''.join(seen) == data, f'GPROC_TEST_SEED={seed}'


def memory_stays_flat():
    """A million lines, with never more than a few blocks of them."""
    def resident():
        with open('/proc/self/statm', encoding='ascii') as file:
            return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')

    stream = GProc.Stream.new(['sh', '-c', 'yes "$0" | head -n 1000000', 'x' * 59])
    count, early = 0, None
    for count, _ in enumerate(stream.stdout, 1):
        if count == 100000:
            early = resident()
    assert count == 1000000
    assert resident() < early + (8 << 20), (early, resident())
    assert stream.wait() == 0


def nothing_stays_open():
    list(start('lines', '10').stdout)
    before = descriptors()
    for _ in range(20):
        for _ in start('lines', '10').stdout:
            break
    assert descriptors() <= before + 4, (before, descriptors())


tap.run('/gproc/python-lines', lines_come_as_they_are, an_empty_line_is_no_end, text_is_decoded,
        a_line_that_is_no_text_stays, leaving_an_iteration_loses_nothing,
        what_follows_sees_what_was_not_consumed, generic_code_reads_on,
        two_iterators_share_one_order, an_iterator_gives_back_when_it_is_closed,
        separators_are_bytes, every_cut_gives_the_same_lines, separated_lines_are_given_back,
        chunks_come_as_they_come, a_part_of_a_character_is_given_back,
        an_over_long_line_is_an_error_and_stays, random_orders_lose_nothing, memory_stays_flat,
        nothing_stays_open)
