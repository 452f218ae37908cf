// SPDX-License-Identifier: LGPL-2.1-or-later

// Processes, and what moves data between them.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';
import System from 'system';
import {assert, assertEqual, assertFails, assertSame, decode, run, testprog, until}
    from './harness.js';

const openDescriptors = () => {
    const enumerator = Gio.File.new_for_path('/proc/self/fd').enumerate_children('standard::name',
        Gio.FileQueryInfoFlags.NONE, null);
    let count = 0;
    while (enumerator.next_file(null) !== null)
        count++;
    enumerator.close(null);
    return count;
};

// The pidfd of a process is open until its stream is collected.
async function assertNothingIsOpen(before) {
    await until(() => {
        System.gc();
        return openDescriptors() <= before;
    });
}

const tests = {
    async 'exit-codes-and-signals'() {
        for (const code of [0, 1, 42, 255])
            assertEqual(await GProc.Stream.new([testprog, 'exit-code', `${code}`]).wait_async(), code);
        const killed = GProc.Stream.new([testprog, 'kill-self', '9']);
        assertEqual(await killed.wait_async(), -9);
        assertEqual(killed.shell_status, 137);
        const held = GProc.Stream.new([testprog, 'hold']);
        await held.stdout.read_line_async();
        held.send_signal(15);
        assertEqual(await held.wait_async(), -15);
        await assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, () => held.send_signal(15));
    },

    async 'errors-have-classes'() {
        const exit = await assertFails(GProc.StreamError, GProc.StreamError.EXIT_STATUS,
            () => GProc.Stream.new(['sh', '-c', 'echo why >&2; exit 3'], GProc.StreamFlags.STDERR_PIPE)
                .wait_check_async());
        assert(exit instanceof GProc.StreamError && exit instanceof GLib.Error);
        assert(!exit.matches(Gio.IOErrorEnum, exit.code));
        assert(/sh.*3/.test(exit.message), exit.message);
        await assertFails(GProc.StreamError, GProc.StreamError.SIGNALED,
            () => GProc.Stream.new([testprog, 'kill-self', '15']).wait_check_async());
        const missing = await assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND,
            () => GProc.Stream.new(['gproc-no-such-program']));
        assert(missing instanceof Gio.IOErrorEnum);
        const {stdout} = GProc.Stream.new([testprog, 'echo', 'word']);
        stdout.limit = 2;
        await assertFails(GProc.StreamError, GProc.StreamError.LIMIT_OVERRUN,
            () => stdout.read_line_async());
        await assertFails(GProc.StreamError, GProc.StreamError.INCOMPLETE_READ,
            () => stdout.read_exactly_async(100));
        assertEqual(decode(stdout.last_partial), 'word\n');
    },

    async 'stacks-lead-to-the-caller'() {
        async function whoAsks() {
            await GProc.Stream.new(['false']).wait_check_async();
        }
        const error = await assertFails(GProc.StreamError, GProc.StreamError.EXIT_STATUS, whoAsks);
        assert(error.stack.startsWith('whoAsks@'), error.stack);
        assert(!error.stack.includes('/overrides/'), error.stack);
    },

    async 'two-hundred-at-once'() {
        const before = openDescriptors();
        const results = await Promise.all(Array.from({length: 200}, async (_, i) => {
            const cat = GProc.Stream.new(['cat']);
            cat.stdin.queue(`${i}\nlast`);
            cat.stdin.write_eof();
            const lines = [];
            for await (const line of cat.stdout)
                lines.push(line);
            const code = await cat.wait_async();
            await cat.close_async();
            return `${code} ${lines.join()}`;
        }));
        assertSame(results, results.map((_, i) => `0 ${i},last`));
        await assertNothingIsOpen(before);
    },

    async 'a-process-that-floods-stderr-does-not-hang'() {
        const size = 4000000;
        const result = await GProc.Stream.new([testprog, 'flood-stderr', `${size}`, '3'],
            GProc.StreamFlags.STDERR_PIPE).communicate_async();
        assertEqual(result.get_stderr().get_size(), size);
        assertEqual(result.returncode, 3);
        // The same by hand, both at once.
        const stream = GProc.Stream.new([testprog, 'flood-both', `${size}`],
            GProc.StreamFlags.STDERR_PIPE);
        const count = async reader => {
            let bytes = 0;
            for (;;) {
                const some = await reader.read_some_async(1 << 16);
                if (some === null)
                    return bytes;
                bytes += some.get_size();
            }
        };
        assertSame(await Promise.all([count(stream.stdout), count(stream.stderr)]), [size, size]);
        assertEqual(await stream.wait_async(), 0);
    },

    async 'a-timeout-ends-loops-and-shows-in-waits'() {
        const launcher = new GProc.Launcher({timeout: 2000, stop_grace: 1000});
        const stream = launcher.spawn([testprog, 'hold']);
        const lines = [];
        for await (const line of stream.stdout)
            lines.push(line);
        assertSame(lines, ['ready']);
        await assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT, () => stream.wait_async());
        assertEqual(stream.timed_out, true);
        assertEqual(stream.returncode, -15);
    },

    async 'a-wait-is-cancelled-alone'() {
        const stream = GProc.Stream.new(['cat']);
        const cancellable = new Gio.Cancellable();
        const cancelled = assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED,
            () => stream.wait_async(GLib.PRIORITY_DEFAULT, cancellable));
        const other = stream.wait_async();
        cancellable.cancel();
        await cancelled;
        stream.stdin.write_eof();
        assertEqual(await other, 0);
    },

    async 'generic-code-takes-a-reader'() {
        const {stdout} = GProc.Stream.new([testprog, 'lines', '3']);
        const data = Gio.DataInputStream.new(stdout);
        assertEqual(data.read_line_utf8(null)[0], 'line 1');
        // What the other buffers is not the reader's any more; a stream of its own it has.
        assertEqual(data.read_line_utf8(null)[0], 'line 2');
        const plain = GProc.Stream.new([testprog, 'lines', '2']).get_input_stream();
        const chunks = [];
        for (;;) {
            const bytes = await new Promise((resolve, reject) => {
                Gio.InputStream.prototype.read_bytes_async.call(plain, 5, GLib.PRIORITY_DEFAULT, null,
                    (source, result) => {
                        try {
                            resolve(source.read_bytes_finish(result));
                        } catch (error) {
                            reject(error);
                        }
                    });
            });
            if (bytes.get_size() === 0)
                break;
            chunks.push(decode(bytes));
        }
        assertEqual(chunks.join(''), 'line 1\nline 2\n');
        assertEqual((await plain.read_bytes_async(10)).get_size(), 0);
        const target = Gio.MemoryOutputStream.new_resizable();
        target.splice(GProc.Stream.new(['echo', 'spliced']).stdout,
            Gio.OutputStreamSpliceFlags.CLOSE_TARGET, null);
        assertEqual(decode(target.steal_as_bytes()), 'spliced\n');
    },

    async 'programs-are-run-by-a-launcher'() {
        const launcher = new GProc.Launcher({cwd: '/', timeout: 10000});
        launcher.setenv('GPROC_WORD', 'größer', true);
        launcher.stderr = GProc.Disposition.PIPE;
        const result = await launcher.run_async(
            ['sh', '-c', 'cat; pwd; echo "$GPROC_WORD"; echo err >&2; exit 3'], 'input\n');
        assertEqual(result.get_stdout_utf8(), 'input\n/\ngrößer\n');
        assertEqual(result.stderr_utf8, 'err\n');
        assertEqual(result.returncode, 3);
        await assertFails(GProc.StreamError, GProc.StreamError.EXIT_STATUS, () => result.check());
        const stream = await launcher.spawn_async(['cat']);
        assert(stream instanceof GProc.Stream);
        stream.stdin.write_eof();
        assertEqual(await stream.wait_async(), 0);
        launcher.add_pipe(3, GProc.PipeDirection.READ);
        const piped = launcher.spawn([testprog, 'write-fd', '3', 'status']);
        assertSame([...piped.get_reader(3)], ['status']);
    },

    async 'pumps-run-together'() {
        const targets = [1, 2, 3].map(() => Gio.MemoryOutputStream.new_resizable());
        const pumps = targets.map((target, i) =>
            GProc.Pump.new(GProc.Stream.new([testprog, 'echo', `${i}`]).stdout, target));
        assertEqual(await GProc.Pump.run_all_async(pumps), true);
        assertSame(targets.map(target => decode(target.steal_as_bytes())), ['0\n', '1\n', '2\n']);
        const called = await new Promise(resolve => {
            const pump = GProc.Pump.new(GProc.Stream.new(['echo']).stdout,
                Gio.MemoryOutputStream.new_resizable());
            GProc.Pump.run_all_async([pump], GLib.PRIORITY_DEFAULT, null,
                (source, result) => resolve(GProc.Pump.run_all_finish(result)));
        });
        assertEqual(called, true);
    },

    async 'pipelines-are-joined'() {
        const pipeline = new GProc.Pipeline();
        pipeline.append([testprog, 'lines', '1000']).append(['tail', '-n', '2']);
        pipeline.spawn();
        const lines = [];
        for await (const line of pipeline.get_stdout())
            lines.push(line);
        assertSame(lines, ['line 999', 'line 1000']);
        assertEqual(await pipeline.wait_check_async(), true);
        const failing = new GProc.Pipeline();
        failing.append(['false']).append(['cat']);
        failing.spawn();
        await assertFails(GProc.StreamError, GProc.StreamError.EXIT_STATUS,
            () => failing.wait_check_async());
        assertSame(failing.get_returncodes(), [1, 0]);
    },

    async 'streams-are-spliced'() {
        const producer = GProc.Stream.new(['sh', '-c', 'printf "3\\n1\\n2\\n"; exec >&-; cat >&2'],
            GProc.StreamFlags.STDERR_PIPE);
        await producer.splice_async(GProc.Stream.new(['sort']),
            Gio.IOStreamSpliceFlags.WAIT_FOR_BOTH);
        assertSame([...producer.stderr], ['1', '2', '3']);
        assertEqual(await producer.wait_async(), 0);
    },

    // A class in JavaScript cannot be a backend: GJS has no virtual functions that take a callback.
    async 'a-backend-serves-another-stream'() {
        const process = GProc.Stream.new([testprog, 'eof-exit', '7']);
        const output = Gio.MemoryInputStream.new_from_bytes(new GLib.Bytes('one\ntwo\n'));
        const stream = GProc.Stream.new_for_backend(process.get_backend(), process.stdin, output, null);
        assertEqual(stream.get_identifier(), process.get_identifier());
        assertEqual(stream.returncode, null);
        const wait = stream.wait_async();
        const lines = [];
        for await (const line of stream.stdout)
            lines.push(line);
        assertSame(lines, ['one', 'two']);
        stream.stdin.write_eof();
        assertEqual(await wait, 7);
        assertEqual(stream.returncode, 7);
    },

    async 'the-backend-of-a-process-gives-promises'() {
        const stream = GProc.Stream.new([testprog, 'exit-code', '5']);
        assertEqual(await stream.get_backend().wait_async(), 5);
    },

    async 'signals-are-emitted'() {
        const stream = GProc.Stream.new([testprog, 'exit-code', '4']);
        const code = await new Promise(resolve => {
            stream.connect('exited', (source, returncode) => resolve(returncode));
        });
        assertEqual(code, 4);
    },

    // As an extension of GNOME Shell is switched on and off.
    async 'what-is-aborted-leaves-nothing-behind'() {
        const round = async () => {
            const journal = GProc.Stream.new([testprog, 'chatter', '1']);
            let lines = 0;
            const loop = (async () => {
                for await (const line of journal.get_stdout().lines()) {
                    assertEqual(line, 'chatter');
                    lines++;
                }
            })();
            await until(() => lines > 2);
            journal.abort();
            // Not waited for, as in disable (): a rejection would be nobody's.
            await loop;
            assertEqual(await journal.wait_async(), -9);
        };
        await round();
        System.gc();
        const before = openDescriptors();
        for (let i = 0; i < 20; i++)
            await round();
        await assertNothingIsOpen(before);
    },

    async 'a-stream-that-is-forgotten-is-collected'() {
        const before = openDescriptors();
        const start = async () => {
            const stream = GProc.Stream.new(['cat']);
            stream.stdin.queue('1\n2\n');
            for await (const line of stream.stdout) {
                assertEqual(line, '1');
                break;
            }
        };
        for (let i = 0; i < 5; i++)
            await start();
        await assertNothingIsOpen(before);
    },
};

run('/gproc/gjs/process', tests);
