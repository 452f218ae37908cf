// SPDX-License-Identifier: LGPL-2.1-or-later

// Readers are iterated by line and by block.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';
import {array, assert, assertEqual, assertFails, assertSame, assertThrows, decode, run, testprog,
    turn} from './harness.js';

const readerOf = data => GProc.Reader.new(Gio.MemoryInputStream.new_from_bytes(
    new GLib.Bytes(data)));

async function collect(iterable) {
    const found = [];
    for await (const item of iterable)
        found.push(item);
    return found;
}

const rest = async reader => decode(await reader.read_to_end_async());

// The same, sync and async.
async function assertLines(data, expected, options = {}) {
    assertSame(await collect(readerOf(data).lines(options)), expected);
    assertSame([...readerOf(data).lines(options)], expected);
    assertSame((await collect(readerOf(data).blocks(options))).flat(), expected);
    assertSame([...readerOf(data).blocks(options)].flat(), expected);
}

const tests = {
    async 'lines-have-no-newline'() {
        await assertLines('one\ntwo\n', ['one', 'two']);
    },

    async 'a-last-line-without-newline-is-a-line'() {
        await assertLines('one\ntwo', ['one', 'two']);
        await assertLines('ü\nö', ['ü', 'ö']);
    },

    async 'an-empty-line-is-not-the-end'() {
        await assertLines('\n\na\n\n', ['', '', 'a', '']);
        await assertLines('', []);
    },

    async 'other-terminators-are-data'() {
        await assertLines('a\r\n\r\nb\u2028c\n', ['a\r', '\r', 'b\u2028c']);
    },

    async 'nul-is-data'() {
        await assertLines('a\0b\n\0\n', ['a\0b', '\0']);
    },

    async 'a-byte-order-mark-is-data'() {
        await assertLines('\ufeffa\n\ufeffb\n', ['\ufeffa', '\ufeffb']);
    },

    async 'text-of-any-width'() {
        const lines = ['ascii', 'größer', '☃', '𝄞 clef', ''];
        await assertLines(`${lines.join('\n')}\n`, lines);
    },

    async 'a-process-is-read-by-line'() {
        const {stdout} = GProc.Stream.new([testprog, 'lines', '5000']);
        const lines = await collect(stdout);
        assertEqual(lines.length, 5000);
        assertEqual(lines[4999], 'line 5000');
        assertSame([...GProc.Stream.new([testprog, 'lines', '3']).get_stdout()],
            ['line 1', 'line 2', 'line 3']);
    },

    async 'a-loop-that-is-left-loses-nothing'() {
        const reader = readerOf('1\n2\nü\n4\nrest without newline');
        for await (const line of reader) {
            if (line === '2')
                break;
        }
        assertEqual(await reader.read_line_utf8_async(), 'ü');
        for (const line of reader) {
            assertEqual(line, '4');
            break;
        }
        assertEqual(await rest(reader), 'rest without newline');
    },

    async 'a-loop-that-throws-loses-nothing'() {
        const reader = readerOf('1\n2\n3\n');
        const error = new Error('of the loop');
        let caught = null;
        try {
            for await (const line of reader)
                throw Object.assign(error, {line});
        } catch (thrown) {
            caught = thrown;
        }
        assertEqual(caught, error);
        assertEqual(error.line, '1');
        assertSame(await collect(reader), ['2', '3']);
    },

    async 'an-iterator-that-is-forgotten-holds-nothing'() {
        const reader = readerOf('1\n2\n3\n');
        assertSame(await reader[Symbol.asyncIterator]().next(), {value: '1', done: false});
        assertSame(reader[Symbol.iterator]().next(), {value: '2', done: false});
        assertEqual(await rest(reader), '3\n');
    },

    async 'the-loop-and-other-reads-take-turns'() {
        const reader = readerOf('5\nab\ncd3\nxyz0\nlast\n');
        const bodies = [];
        for await (const line of reader) {
            if (line === 'last')
                break;
            bodies.push(decode(await reader.read_exactly_async(Number(line))));
        }
        assertSame(bodies, ['ab\ncd', 'xyz', '']);
    },

    async 'a-loop-sees-what-is-put-back'() {
        const reader = readerOf('1\n2\n');
        const lines = [];
        for await (const line of reader) {
            lines.push(line);
            if (line === '1')
                reader.unread('between\n');
        }
        assertSame(lines, ['1', 'between', '2']);
    },

    async 'what-c-reads-in-the-loop-is-gone'() {
        const reader = readerOf('1\n2\n3\n4\n');
        const lines = [];
        for (const line of reader) {
            lines.push(line);
            if (line === '1')
                assertEqual(decode(Gio.InputStream.prototype.read_bytes.call(reader, 2, null)), '2\n');
        }
        assertSame(lines, ['1', '3', '4']);
    },

    async 'invalid-utf8-is-an-error-and-stays'() {
        const data = Uint8Array.of(...array('good\nü\n'), 0x61, 0xff, 10, ...array('later\n'));
        const loops = [
            async (reader, lines) => {
                for await (const line of reader)
                    lines.push(line);
            },
            async (reader, lines) => {
                for (const line of reader)
                    lines.push(line);
            },
        ];
        for (const loop of loops) {
            const reader = readerOf(data);
            const lines = [];
            const error = await assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_DATA,
                () => loop(reader, lines));
            assertSame(lines, ['good', 'ü']);
            assert(/not valid UTF-8/.test(error.message), error.message);
            assert(error.cause instanceof TypeError, 'the cause is what the decoder says');
            assert(error.message.includes(error.cause.message), error.message);
            // It fails again, and nothing of it is lost.
            await assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_DATA,
                () => loop(reader, lines));
            assertSame([...reader.read_line().toArray()], [0x61, 0xff, 10]);
            await loop(reader, lines);
            assertSame(lines, ['good', 'ü', 'later']);
        }
    },

    async 'invalid-utf8-in-a-block'() {
        const reader = readerOf(Uint8Array.of(...array('a\nü\n'), 0xc3, 10, ...array('b\n')));
        const blocks = reader.blocks()[Symbol.asyncIterator]();
        assertSame(await blocks.next(), {value: ['a', 'ü'], done: false});
        await assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_DATA, () => blocks.next());
        assertSame([...reader.read_line(null).toArray()], [0xc3, 10]);
        assertSame([...reader.blocks()], [['b']]);
    },

    async 'invalid-utf8-is-replaced-where-that-is-wanted'() {
        const data = Uint8Array.of(0x61, 0xff, 10, 0xc3, 10, 0x62, 10);
        await assertLines(data, ['a\ufffd', '\ufffd', 'b'], {fatal: false});
        const reader = readerOf(data);
        for await (const line of reader.lines({fatal: false})) {
            assertEqual(line, 'a\ufffd');
            break;
        }
        assertSame([...reader.read_line(null).toArray()], [0xc3, 10]);
    },

    async 'lines-of-bytes'() {
        const data = Uint8Array.of(0xff, 10, 10, 0, 1);
        const lines = await collect(readerOf(data).lines({bytes: true}));
        assertSame(lines.map(line => [...line]), [[0xff], [], [0, 1]]);
        assert(lines.every(line => line instanceof Uint8Array));
        const blocks = [...readerOf(data).blocks({bytes: true})];
        assertSame(blocks.map(block => [...block]), [[0xff, 10, 10], [0, 1]]);
    },

    async 'blocks-are-bounded'() {
        const reader = readerOf('1\n2\n3\n4\n5\n');
        assertSame(await collect(reader.blocks({max_lines: 2})), [['1', '2'], ['3', '4'], ['5']]);
    },

    async 'options-are-checked'() {
        const reader = readerOf('');
        assertThrows(TypeError, () => reader.lines({cancelable: null}), /cancelable/);
        assertThrows(TypeError, () => reader.lines(new Gio.Cancellable()), /options/);
        assertThrows(TypeError, () => reader.blocks('bytes'), /options/);
    },

    async 'a-cancelled-loop-throws-and-loses-nothing'() {
        const cat = GProc.Stream.new(['cat']);
        const cancellable = new Gio.Cancellable();
        const lines = [];
        cat.stdin.queue('1\n2\n');
        await assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED, async () => {
            for await (const line of cat.stdout.lines({cancellable})) {
                lines.push(line);
                if (line === '1')
                    cancellable.cancel();
            }
        });
        assertSame(lines, ['1']);
        assertEqual(await cat.stdout.read_line_utf8_async(), '2');
        // The same while the loop waits.
        const waiting = new Gio.Cancellable();
        const loop = assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED,
            () => collect(cat.stdout.lines({cancellable: waiting})));
        await turn();
        waiting.cancel();
        await loop;
        cat.stdin.queue('3\n');
        cat.stdin.write_eof();
        assertSame(await collect(cat.stdout), ['3']);
    },

    async 'a-loop-ends-when-the-stream-is-aborted'() {
        const journal = GProc.Stream.new([testprog, 'chatter', '1']);
        let lines = 0;
        for await (const line of journal.stdout) {
            assertEqual(line, 'chatter');
            if (++lines === 3)
                journal.abort();
        }
        assertEqual(lines, 3);
        // While it waits, from elsewhere.
        const silent = GProc.Stream.new(['cat']);
        const loop = collect(silent.stdout);
        await turn();
        silent.abort();
        assertSame(await loop, []);
        // One that was closed before is a mistake.
        await assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.CLOSED, () => collect(silent.stdout));
    },

    async 'a-line-over-the-limit-is-an-error-and-stays'() {
        const reader = readerOf('short\nmuch too long\nend\n');
        const lines = [];
        reader.limit = 6;
        await assertFails(GProc.StreamError, GProc.StreamError.LIMIT_OVERRUN, async () => {
            for await (const line of reader)
                lines.push(line);
        });
        assertSame(lines, ['short']);
        reader.limit_policy = GProc.LimitPolicy.SPLIT;
        assertSame(await collect(reader), ['much t', 'oo lon', 'g', 'end']);
    },

    async 'next-may-be-called-ahead'() {
        const iterator = readerOf('1\n2\n3\n').lines()[Symbol.asyncIterator]();
        const all = await Promise.all([1, 2, 3, 4, 5].map(() => iterator.next()));
        assertSame(all.map(({value}) => value ?? null), ['1', '2', '3', null, null]);
    },

    async 'return-while-next-waits-loses-nothing'() {
        const cat = GProc.Stream.new(['cat']);
        const iterator = cat.stdout.lines()[Symbol.asyncIterator]();
        const next = iterator.next();
        await iterator.return();
        cat.stdin.queue('kept\n');
        assertEqual((await next).done, true);
        assertEqual(await cat.stdout.read_line_utf8_async(), 'kept');
        cat.abort();
    },

    async 'other-streams-are-iterated-as-readers'() {
        const lines = await collect(GProc.Reader.new(Gio.File.new_for_path('/proc/self/status')
            .read(null)));
        assert(lines.some(line => line.startsWith('Pid:\t')));
    },
};

run('/gproc/gjs/lines', tests);
