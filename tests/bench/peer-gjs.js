// SPDX-License-Identifier: LGPL-2.1-or-later
// Lines of a child in GJS: gjs -m peer-gjs.js STYLE NAME=VALUE…
//
// blocks, loop and each are ours: arrays of lines, for await, a promise for each line. plain is
// Gio.DataInputStream with read_line_async made to give promises.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';
import System from 'system';

const [style, ...pairs] = ARGV;
const given = Object.fromEntries(pairs.map(pair => pair.split('=')));
const argv = [GLib.getenv('GPROC_BENCH_CHILD'), 'lines', given.count, given.length];

const open = () => GProc.Stream.new(argv, GProc.StreamFlags.STDIN_NULL).get_stdout();

const styles = {
    async blocks() {
        let bytes = 0, lines = 0;
        for await (const block of open().blocks()) {
            lines += block.length;
            for (const line of block)
                bytes += line.length + 1;
        }
        return [lines, bytes];
    },

    async loop() {
        let bytes = 0, lines = 0;
        for await (const line of open()) {
            lines++;
            bytes += line.length + 1;
        }
        return [lines, bytes];
    },

    async each() {
        const reader = open();
        let bytes = 0, lines = 0;
        for (;;) {
            const line = await reader.read_line_utf8_async();
            if (line === null)
                return [lines, bytes];
            lines++;
            bytes += line.length + 1;
        }
    },

    async plain() {
        Gio._promisify(Gio.DataInputStream.prototype, 'read_line_async', 'read_line_finish_utf8');
        const process = Gio.Subprocess.new(argv, Gio.SubprocessFlags.STDOUT_PIPE);
        const stream = Gio.DataInputStream.new(process.get_stdout_pipe());
        stream.set_buffer_size(Number(given.buffer ?? 65536));
        let bytes = 0, lines = 0;
        for (;;) {
            const [line] = await stream.read_line_async(GLib.PRIORITY_DEFAULT, null);
            if (line === null)
                return [lines, bytes];
            lines++;
            bytes += line.length + 1;
        }
    },
};

async function main() {
    const start = GLib.get_monotonic_time();
    const [lines, bytes] = await styles[style]();
    const seconds = (GLib.get_monotonic_time() - start) / 1e6;
    if (lines !== Number(given.count) || bytes !== lines * Number(given.length))
        throw new Error(`${lines} lines of ${bytes} bytes`);
    print(JSON.stringify({seconds: seconds / lines}));
}

const loop = new GLib.MainLoop(null, false);
let status = 0;
main().catch(error => {
    printerr(error);
    status = 1;
}).finally(() => loop.quit());
loop.run();
System.exit(status);
