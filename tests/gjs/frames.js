// SPDX-License-Identifier: LGPL-2.1-or-later

// Demuxer and Muxer.

import Gio from 'gi://Gio';
import GProc from 'gi://GProc?version=1';
import {assert, assertEqual, assertFails, decode, run} from './harness.js';

// A stream of frames, in memory.
async function muxed(...frames) {
    const target = Gio.MemoryOutputStream.new_resizable();
    const muxer = GProc.Muxer.new(target);
    for (const [number, data] of frames)
        assert(muxer.queue(number, data));
    await muxer.writer.close_async();
    return Gio.MemoryInputStream.new_from_bytes(target.steal_as_bytes());
}

const FRAMES = [[2, 'a warning\n'], [1, new Uint8Array([111, 110, 101, 10])], [1, ''], [1, 'two\n']];

run('/gproc/gjs/frames', {
    async 'both-outputs'() {
        const demuxer = GProc.Demuxer.new(await muxed(...FRAMES));
        const collect = async reader => {
            const lines = [];
            for await (const line of reader)
                lines.push(line);
            return lines.join();
        };
        const found = await Promise.all([collect(demuxer.stdout), collect(demuxer.stderr)]);
        assertEqual(found.join(';'), 'one,two;a warning');
    },

    async 'frames-in-order'() {
        const demuxer = GProc.Demuxer.new(await muxed(...FRAMES));
        const [number, data] = await demuxer.read_frame_async();
        assertEqual(number, 2);
        assertEqual(decode(data), 'a warning\n');
        assertEqual(demuxer.read_frame()[0], 1);
        assertEqual(decode(demuxer.try_read_frame()[1]), '');
        const rest = [];
        for await (const [stream, bytes] of demuxer)
            rest.push(`${stream} ${new TextDecoder().decode(bytes)}`);
        assertEqual(rest.join(), '1 two\n');
        assertEqual(await demuxer.read_frame_async(), null);
        assertEqual(demuxer.read_frame(), null);
        assertEqual([...GProc.Demuxer.new(await muxed(...FRAMES))].length, FRAMES.length);
    },

    async 'errors'() {
        const demuxer = GProc.Demuxer.new(await muxed([1, 'out'], [3, 'no such container']));
        assertEqual(decode(await demuxer.stdout.read_some_async(10)), 'out');
        await assertFails(GProc.StreamError, GProc.StreamError.ENGINE,
            () => demuxer.stderr.read_some_async(10));
        await assertFails(GProc.StreamError, GProc.StreamError.ENGINE,
            () => demuxer.read_frame_async());
        demuxer.close(null);
        await assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.CLOSED, () => demuxer.read_frame());
    },

    async 'writing'() {
        const target = Gio.MemoryOutputStream.new_resizable();
        const muxer = GProc.Muxer.new(target);
        assert(await muxer.write_frame_async(1, 'one'));
        assert(muxer.write_frame(2, 'two'));
        await assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_ARGUMENT,
            () => muxer.queue_bytes(9, 'x'));
        await muxer.writer.close_async();
        const all = target.steal_as_bytes().toArray();
        assertEqual([...all].join(), [1, 0, 0, 0, 0, 0, 0, 3, 111, 110, 101,
            2, 0, 0, 0, 0, 0, 0, 3, 116, 119, 111].join());
    },
});
