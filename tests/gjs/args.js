// SPDX-License-Identifier: LGPL-2.1-or-later

// How arguments are given, and what comes back.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';
import {array, assert, assertEqual, assertFails, assertSame, assertThrows, decode, run, testprog,
    turn} from './harness.js';

const readerOf = data => GProc.Reader.new(Gio.MemoryInputStream.new_from_bytes(
    new GLib.Bytes(data)));
const forms = () => ['a\0ü', array('a\0ü'), array('a\0ü').buffer, new GLib.Bytes('a\0ü'),
    new DataView(array('xa\0üx').buffer, 1, 4)];

const tests = {
    async 'io-priority-and-cancellable-may-be-left-out'() {
        const text = 'line\nexact|until\nmany\nmore\nrest';
        for (const extra of [[], [GLib.PRIORITY_HIGH], [GLib.PRIORITY_LOW, null],
            [undefined, new Gio.Cancellable()]]) {
            const reader = readerOf(text);
            assertEqual(decode(await reader.read_line_async(...extra)), 'line\n');
            assertEqual(decode(await reader.read_exactly_async(5, ...extra)), 'exact');
            assertEqual(decode(await reader.read_some_async(1, ...extra)), '|');
            assertEqual(decode(await reader.read_until_async('\n', ...extra)), 'until\n');
            assertEqual(await reader.fill_async(5, ...extra) >= 0, true);
            assertEqual(await reader.read_line_utf8_async(...extra), 'many');
            assertEqual(decode(await reader.read_lines_async(1, ...extra)), 'more\n');
            assertEqual(decode(await reader.read_to_end_async(-1, ...extra)), 'rest');
            assertEqual(await reader.read_line_async(...extra), null);
            assertEqual(await reader.close_async(...extra), true);
        }
    },

    async 'closing-and-flushing-need-no-argument'() {
        const cat = GProc.Stream.new(['cat']);
        cat.stdin.queue('x');
        assert(cat.stdin.flush() && cat.stdin.close() && cat.stdout.close() && cat.close());
        assert(GProc.Demuxer.new(Gio.MemoryInputStream.new()).close());
    },

    async 'so-may-the-last-arguments-of-blocking-methods'() {
        const reader = readerOf('1\n2\n3\n4');
        assertEqual(reader.read_line_utf8(), '1');
        assertEqual(decode(reader.peek()), '2\n3\n4');
        assertEqual(decode(reader.read_lines()), '2\n3\n');
        assertEqual(decode(reader.try_read_lines()), '4');
        assertEqual(reader.read_line(), null);
        assertEqual(new GProc.Launcher().run(['true']).returncode, 0);
        assertEqual(GProc.Stream.new(['true']).wait(), 0);
    },

    async 'callbacks-are-called-as-in-c'() {
        const reader = readerOf('1\n2\n');
        const cancellable = new Gio.Cancellable();
        const line = await new Promise((resolve, reject) => {
            const nothing = reader.read_line_async(GLib.PRIORITY_DEFAULT, cancellable, (source, result) => {
                try {
                    assertEqual(source, reader);
                    resolve(source.read_line_finish(result));
                } catch (error) {
                    reject(error);
                }
            });
            assertEqual(nothing, undefined);
        });
        assertEqual(decode(line), '1\n');
        // Nobody wants to know.
        assertEqual(reader.read_line_async(GLib.PRIORITY_DEFAULT, null, null), undefined);
        while (reader.has_pending())
            await turn();
        assertEqual(reader.read_line(null), null);
        assertThrows(TypeError, () => reader.read_line_async(() => {}), /all 3 arguments/);
    },

    async 'what-is-needed-is-asked-for'() {
        const reader = readerOf('1');
        assertThrows(TypeError, () => reader.read_exactly_async(), /read_exactly_async needs 1/);
        assertThrows(TypeError, () => reader.read_until(), /read_until needs 1/);
        assertEqual(decode(await reader.read_to_end_async()), '1');
    },

    async 'gio-promisify-changes-nothing'() {
        Gio._promisify(GProc.Reader.prototype, 'read_line_utf8_async', 'read_line_utf8_finish');
        Gio._promisify(GProc.Stream.prototype, 'wait_async');
        assertEqual(await readerOf('line\n').read_line_utf8_async(0, null), 'line');
        assertEqual(await GProc.Stream.new(['true']).wait_async(0, null), 0);
        assertEqual(GProc.Reader.prototype.read_line_async.length, 3);
        assertEqual(GProc.Reader.prototype.read_line_async.name, 'read_line_async');
    },

    async 'bytes-are-queued-in-any-form'() {
        for (const data of forms()) {
            const cat = GProc.Stream.new(['cat']);
            assertEqual(cat.stdin.queue(data), true);
            assertEqual(cat.stdin.queue_bytes(data), true);
            assertEqual(cat.stdin.write_bytes(data), 4);
            assertEqual(await cat.stdin.write_bytes_async(data), 4);
            cat.stdin.write_eof();
            assertEqual(decode(await cat.stdout.read_to_end_async()), 'a\0ü'.repeat(4));
        }
        const cat = GProc.Stream.new(['cat']);
        for (const wrong of [5, null, undefined, {}, [1, 2]])
            assertThrows(TypeError, () => cat.stdin.queue(wrong), /Bytes are a string/);
        cat.abort();
    },

    async 'pieces-are-queued-whole-or-not-at-all'() {
        const cat = GProc.Stream.new(['cat']);
        cat.stdin.queuev(['a', array('b'), new GLib.Bytes('c')]);
        cat.stdin.queuev('d', '', array('e').buffer);
        cat.stdin.queuev();
        cat.stdin.queue_limit = 3;
        await assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.NO_SPACE,
            () => cat.stdin.queuev('12', '34'));
        cat.stdin.write_eof();
        assertEqual(decode(await cat.stdout.read_to_end_async()), 'abcde');
    },

    async 'bytes-are-communicated-in-any-form'() {
        for (const data of forms()) {
            const result = await GProc.Stream.new(['cat']).communicate_async(data);
            assertEqual(decode(result.get_stdout()), 'a\0ü');
            assertEqual(decode(new GProc.Launcher().run(['cat'], data).get_stdout()), 'a\0ü');
        }
        const result = await GProc.Stream.new(['cat']).communicate_utf8_async('text');
        assertEqual(result.get_stdout_utf8(), 'text');
        assertEqual((await GProc.Stream.new(['cat']).communicate_async()).get_stdout_utf8(), '');
        assertEqual((await GProc.Stream.new(['cat']).communicate_async(null)).get_stdout_utf8(), '');
    },

    async 'separators-may-hold-anything'() {
        for (const separator of ['\0', Uint8Array.of(0), Uint8Array.of(0).buffer, new GLib.Bytes('\0')]) {
            const reader = readerOf('one\0two\0');
            assertEqual(decode(reader.read_until(separator)), 'one\0');
            assertEqual(decode(await reader.read_until_async(separator)), 'two\0');
        }
        const reader = readerOf('ABCDEFG;x\0y');
        assertEqual(decode(reader.read_until_any(['DEF', array('BCDE')])), 'ABCDE');
        assertEqual(decode(await reader.read_until_any_async([new GLib.Bytes('\0'), ';'])), 'FG;');
        assertEqual(decode(await reader.read_until_any_async('\0')), 'x\0');
        await assertFails(GProc.StreamError, GProc.StreamError.INCOMPLETE_READ,
            () => reader.read_until_any_async(['\0']));
        assertEqual(decode(reader.last_partial), 'y');
        await assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_ARGUMENT,
            () => reader.read_until_any_async([]));
    },

    async 'bytes-are-put-back-in-any-form'() {
        for (const data of forms()) {
            const reader = readerOf('!');
            reader.unread(data);
            assertEqual(decode(reader.read_to_end()), 'a\0ü!');
        }
    },

    async 'argv-is-an-array-of-strings'() {
        const launcher = new GProc.Launcher();
        const pipeline = new GProc.Pipeline();
        for (const wrong of ['echo word', null, undefined, ['sleep', 1], [['echo']], {0: 'echo'}]) {
            assertThrows(TypeError, () => GProc.Stream.new(wrong, 0), /argv/);
            assertThrows(TypeError, () => launcher.spawn(wrong), /argv/);
            assertThrows(TypeError, () => launcher.spawn_async(wrong), /argv/);
            assertThrows(TypeError, () => launcher.run(wrong), /argv/);
            assertThrows(TypeError, () => launcher.run_async(wrong), /argv/);
            assertThrows(TypeError, () => pipeline.append(wrong), /argv/);
        }
        assertThrows(TypeError, () => new GProc.Stream('echo word'), /argv/);
        const stream = GProc.Stream.new(['cat', Gio.File.new_for_path('/dev/null')]);
        assertEqual(await stream.wait_async(), 0);
    },

    async 'streams-are-made-with-new'() {
        const stream = new GProc.Stream(['echo', 'word'], GProc.StreamFlags.STDIN_NULL);
        assert(stream instanceof GProc.Stream && stream instanceof Gio.IOStream);
        assertEqual(stream.stdin, null);
        assertEqual(stream.stdout.read_line_utf8(), 'word');
        assertEqual(await stream.wait_async(), 0);
        await assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND,
            () => new GProc.Stream(['gproc-no-such-program']));
        // Without a process, as GObject makes them.
        const empty = new GProc.Stream();
        assertEqual(empty.returncode, null);
        assertEqual(new GProc.Stream({stop_on_close: true}).stop_on_close, true);
    },

    async 'what-is-not-there-is-null'() {
        const stream = GProc.Stream.new([testprog, 'hold']);
        assertEqual(stream.returncode, null);
        assertEqual(stream.get_returncode(), null);
        assertEqual(stream.shell_status, null);
        assertEqual(stream.get_shell_status(), null);
        assertEqual(stream.try_wait(), null);
        await stream.stop_async();
        assertEqual(stream.returncode, -15);
        assertEqual(stream.shell_status, 143);
        assertEqual(stream.try_wait(), -15);
        assertEqual(stream.wait(), -15);
        assertEqual(await stream.wait_buffered_async(10), -15);
    },

    async 'so-it-is-in-a-pipeline'() {
        const pipeline = new GProc.Pipeline();
        assertEqual(pipeline.append(['cat']).append(new GProc.Launcher(), ['cat']), pipeline);
        pipeline.spawn();
        assertEqual(pipeline.returncode, null);
        assertEqual(pipeline.try_wait(), null);
        assertSame(pipeline.get_returncodes(), [null, null]);
        pipeline.get_stdin().write_eof();
        assertEqual(await pipeline.wait_async(), 0);
        assertSame(pipeline.get_returncodes(), [0, 0]);
        assertEqual(pipeline.returncode, 0);
    },

    async 'select-takes-what-there-is'() {
        const {stdout} = GProc.Stream.new(['echo']);
        assertSame(GProc.select([stdout]).map(ready => ready === stdout), [true]);
        const cat = GProc.Stream.new(['cat']);
        assertEqual(GProc.select([cat.stdout], null, 0).length, 0);
        for (const wrong of [[null], cat.stdout, [cat], [cat.stdin]])
            assertThrows(TypeError, () => GProc.select(wrong, null, 0), /An array of GProc\.Reader/);
        assertThrows(TypeError, () => GProc.select([], [cat.stdout], 0), /An array of GProc\.Writer/);
        for (const wrong of [[null], cat, null])
            assertThrows(TypeError, () => GProc.Pump.run_all_async(wrong), /An array of GProc\.Pump/);
        cat.abort();
    },

    async 'what-is-disposed-of-is-stopped'() {
        if (!Symbol.asyncDispose || !Symbol.dispose) {
            // The engine has neither: nothing may be defined by an accident of undefined.
            assertEqual('undefined' in GProc.Stream.prototype, false);
            return;
        }
        const stopped = GProc.Stream.new([testprog, 'hold']);
        await stopped[Symbol.asyncDispose]();
        assertEqual(stopped.returncode, -15);
        assertEqual(stopped.is_closed(), true);
        const aborted = GProc.Stream.new([testprog, 'hold']);
        aborted[Symbol.dispose]();
        assertEqual(await aborted.wait_async(), -9);
    },
};

run('/gproc/gjs/args', tests);
