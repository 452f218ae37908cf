// SPDX-License-Identifier: LGPL-2.1-or-later

// Patterns and recordings.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';
import {assert, assertEqual, assertFails, assertThrows, decode, run} from './harness.js';

const text = decode;

const tests = {
    async 'a-dialogue'() {
        const stream = GProc.Stream.new(['sh', '-c', 'printf "name? "; read name; ' +
            'echo "hello $name"; printf "> "; read x; exit 4']);
        let match = await stream.stdout.expect_async(['password', '\\? '], 20000);
        assertEqual(match.index, 1);
        assertEqual(text(match.before), 'name');
        stream.stdin.queue('Ann\n');
        match = await stream.stdout.expect_async(/HELLO (?<who>\w+)/i);
        assertEqual(text(match.matched), 'hello Ann');
        assertEqual(text(match.get_named_group('who')), 'Ann');
        assertEqual(match.get_group(2), null);
        await assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT,
            () => stream.stdout.expect_async('never', 30));
        assertEqual(text(stream.stdout.expect('> ').matched), '> ');
        await assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.WOULD_BLOCK,
            () => stream.stdout.try_expect('never'));
        stream.stdin.queue('\n');
        await assertFails(GProc.StreamError, GProc.StreamError.INCOMPLETE_READ,
            () => stream.stdout.expect_async(new GLib.Regex('never', 0, 0)));
        assertEqual(await stream.wait_async(), 4);
        assertThrows(TypeError, () => stream.stdout.expect(1));
    },

    async 'a-recording'() {
        const target = Gio.MemoryOutputStream.new_resizable();
        const writer = GProc.Writer.new(target);
        const recorder = GProc.Recorder.new(writer, 24, 80);
        const stream = GProc.Stream.new(['sh', '-c', 'echo one; echo grün; exit 3']);
        assert(recorder.record(stream));
        const lines = [];
        for await (const line of stream.stdout)
            lines.push(line);
        recorder.add_input('typed\n');
        recorder.add_output(new Uint8Array([111, 107]));
        assert(recorder.finish(await stream.wait_async()));
        await writer.close_async();
        const recording = GProc.Recording.new_for_bytes(target.steal_as_bytes());
        assertEqual(recording.rows, 24);
        assertEqual(recording.returncode, 3);
        const replay = recording.replay(0);
        const again = [];
        for await (const line of replay.stdout)
            again.push(line);
        assertEqual(again.join(), [...lines, 'ok'].join());
        assertEqual(await replay.wait_async(), 3);
        await assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_DATA,
            () => GProc.Recording.new_for_bytes('nothing of the kind'));
    },
};

run('/gproc/gjs/expect', tests);
