// SPDX-License-Identifier: LGPL-2.1-or-later

// Memory stays flat over a million lines, however they are iterated.
//
// usage: gjs -m memory.js GPROC-BENCH-CHILD

import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';
import System from 'system';
import {assert, assertEqual, run} from './harness.js';

const COUNT = 1000000;

function resident() {
    System.gc();
    const [, data] = GLib.file_get_contents('/proc/self/statm');
    return Number(new TextDecoder().decode(data).split(' ')[1]) * 4096;
}

async function assertFlat(iterate) {
    const {stdout} = GProc.Stream.new([ARGV[0], 'lines', `${COUNT}`, '60']);
    let lines = 0, first = 0, most = 0;
    const count = n => {
        const before = Math.floor(lines / 100000);
        lines += n;
        if (Math.floor(lines / 100000) === before)
            return;
        // What is there after the first tenth is the measure of the rest.
        if (before === 0)
            first = resident();
        else
            most = Math.max(most, resident());
    };
    await iterate(stdout, count);
    assertEqual(lines, COUNT);
    const growth = (most - first) / 1024;
    print(`# ${first / 1024} KiB, grown by ${growth} KiB`);
    assert(growth < 16 * 1024, `memory has grown by ${growth} KiB`);
}

run('/gproc/gjs/memory', {
    async 'line-by-line'() {
        await assertFlat(async (reader, count) => {
            for await (const line of reader)
                count(line.length === 59 ? 1 : 0);
        });
    },

    // GJS 1.74 drops callbacks that come while it sweeps: what waits has to see to it that none does.
    async 'a-promise-each'() {
        const {stdout} = GProc.Stream.new([ARGV[0], 'lines', '150000', '60']);
        let lines = 0;
        while (await stdout.read_line_utf8_async() !== null)
            lines++;
        assertEqual(lines, 150000);
    },

    async 'in-blocks'() {
        await assertFlat(async (reader, count) => {
            for await (const lines of reader.blocks())
                count(lines.length);
        });
    },

    async 'blocking'() {
        await assertFlat(async (reader, count) => {
            for (const line of reader)
                count(line.length === 59 ? 1 : 0);
        });
    },
});
