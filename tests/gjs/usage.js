// SPDX-License-Identifier: LGPL-2.1-or-later

// The programs that users will want to write, in the way of GJS without an override: all arguments
// are given, and what gives a promise is made to. It runs with the override as well.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';
import System from 'system';

for (const name of ['read_line', 'read_line_utf8', 'read_lines', 'read_exactly', 'read_until'])
    Gio._promisify(GProc.Reader.prototype, `${name}_async`, `${name}_finish`);
for (const name of ['wait', 'wait_check', 'communicate_utf8', 'stop', 'splice'])
    Gio._promisify(GProc.Stream.prototype, `${name}_async`, `${name}_finish`);
Gio._promisify(GProc.Writer.prototype, 'drain_async', 'drain_finish');
Gio._promisify(GProc.Pump.prototype, 'run_async', 'run_finish');
Gio._promisify(GProc.Launcher.prototype, 'run_async', 'run_finish');
for (const name of ['wait', 'wait_check', 'stop'])
    Gio._promisify(GProc.Pipeline.prototype, `${name}_async`, `${name}_finish`);

const testprog = GLib.getenv('GPROC_TESTPROG');
const priority = GLib.PRIORITY_DEFAULT;
const {NONE} = GProc.StreamFlags;

function assertEqual(value, expected) {
    if (value !== expected)
        throw new Error(`${JSON.stringify(value)} should be ${JSON.stringify(expected)}`);
}

async function assertFails(domain, code, func) {
    try {
        await func();
    } catch (error) {
        if (!error.matches?.(domain, code))
            throw error;
        return error;
    }
    throw new Error('no error was thrown');
}

const tests = {
    async 'one-process-answers-several-requests'() {
        const cat = GProc.Stream.new(['cat'], NONE);
        for (const line of ['first', '', 'größer', '☃']) {
            cat.get_stdin().queue(`${line}\n`);
            assertEqual(await cat.get_stdout().read_line_utf8_async(priority, null), line);
        }
        cat.get_stdin().write_eof();
        assertEqual(await cat.get_stdout().read_line_utf8_async(priority, null), null);
        assertEqual(await cat.wait_async(priority, null), 0);
    },

    async 'bytes-are-arrays'() {
        const cat = GProc.Stream.new(['cat'], NONE);
        cat.get_stdin().queue(new Uint8Array([0, 255, 1, 10]));
        await cat.get_stdin().drain_async(priority, null);
        const bytes = await cat.get_stdout().read_exactly_async(4, priority, null);
        assertEqual(bytes.toArray().join(), '0,255,1,10');
        cat.close(null);
        await cat.wait_check_async(priority, null);
    },

    async 'lines-arrive-in-blocks'() {
        const reader = GProc.Stream.new([testprog, 'lines', '1000'], NONE).get_stdout();
        const lines = [];
        for (;;) {
            const block = await reader.read_lines_async(100, priority, null);
            if (block === null)
                break;
            lines.push(...new TextDecoder().decode(block.toArray()).split('\n').slice(0, -1));
        }
        assertEqual(lines.length, 1000);
        assertEqual(lines[999], 'line 1000');
    },

    async 'a-program-is-run-for-its-output'() {
        const launcher = new GProc.Launcher();
        const result = await launcher.run_async(['tr', 'a-z', 'A-Z'],
            new GLib.Bytes(new TextEncoder().encode('input')), priority, null);
        assertEqual(result.get_stdout_utf8(), 'INPUT');
        assertEqual(result.get_returncode(), 0);
    },

    async 'a-journal-is-followed-until-it-is-not-wanted'() {
        const journal = GProc.Stream.new([testprog, 'chatter', '1'], NONE);
        for (let i = 0; i < 5; i++)
            await journal.get_stdout().read_line_utf8_async(priority, null);
        journal.abort();
        await assertFails(Gio.io_error_quark(), Gio.IOErrorEnum.CLOSED,
            () => journal.get_stdout().read_line_utf8_async(priority, null));
    },

    async 'a-process-is-stopped'() {
        const stream = GProc.Stream.new([testprog, 'hold'], NONE);
        await stream.get_stdout().read_line_utf8_async(priority, null);
        assertEqual(stream.get_returncode(), null);
        await stream.stop_async(1000, priority, null);
        assertEqual(stream.get_returncode(), -15);
    },

    async 'processes-are-joined'() {
        const pipeline = new GProc.Pipeline();
        pipeline.append(null, ['cat']);
        pipeline.append(null, ['tr', 'a-z', 'A-Z']);
        pipeline.spawn();
        pipeline.get_stdin().queue('through both\n');
        pipeline.get_stdin().write_eof();
        assertEqual(await pipeline.get_stdout().read_line_utf8_async(priority, null),
            'THROUGH BOTH');
        assertEqual(await pipeline.wait_check_async(priority, null), true);
        assertEqual(pipeline.get_returncodes().join(), '0,0');
    },

    async 'two-processes-are-spliced'() {
        const producer = GProc.Stream.new(
            ['sh', '-c', 'printf "3\\n1\\n2\\n"; exec >&-; cat >&2'], GProc.StreamFlags.STDERR_PIPE);
        const sort = GProc.Stream.new(['sort'], NONE);
        await producer.splice_async(sort, Gio.IOStreamSpliceFlags.WAIT_FOR_BOTH, priority, null);
        assertEqual(await producer.get_stderr().read_line_utf8_async(priority, null), '1');
        assertEqual(producer.get_stdout().get_bytes_read(), 6);
        producer.abort();
    },

    async 'output-is-pumped'() {
        const stream = GProc.Stream.new([testprog, 'echo', 'word'], NONE);
        const target = Gio.MemoryOutputStream.new_resizable();
        const pump = GProc.Pump.new(stream.get_stdout(), target);
        assertEqual(await pump.run_async(priority, null), true);
        assertEqual(pump.bytes_transferred, 5);
        assertEqual(target.is_closed(), true);
    },

    async 'reads-are-cancelled'() {
        const cat = GProc.Stream.new(['cat'], NONE);
        const cancellable = new Gio.Cancellable();
        const read = assertFails(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED,
            () => cat.get_stdout().read_line_utf8_async(priority, cancellable));
        cancellable.cancel();
        await read;
        cat.get_stdin().queue('nothing is lost\n');
        assertEqual(await cat.get_stdout().read_line_utf8_async(priority, null),
            'nothing is lost');
        cat.abort();
    },

    async 'failures-are-errors'() {
        await assertFails(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND,
            () => GProc.Stream.new(['gproc-no-such-program'], NONE));
        await assertFails(GProc.StreamError, GProc.StreamError.EXIT_STATUS,
            () => GProc.Stream.new(['false'], NONE).wait_check_async(priority, null));
    },
};

const loop = new GLib.MainLoop(null, false);
let failed = false;

async function run() {
    const names = Object.keys(tests);
    print(`1..${names.length}`);
    for (const [i, name] of names.entries()) {
        try {
            await tests[name]();
            print(`ok ${i + 1} /gproc/gjs/${name}`);
        } catch (error) {
            failed = true;
            print(`# ${error.message}\n# ${(error.stack ?? '').replaceAll('\n', '\n# ')}`);
            print(`not ok ${i + 1} /gproc/gjs/${name}`);
        }
    }
}

run().finally(() => loop.quit());
loop.run();
System.exit(failed ? 1 : 0);
