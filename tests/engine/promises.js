// SPDX-License-Identifier: LGPL-2.1-or-later

// Processes in a container of a real engine, from JavaScript. To be run by run.sh.
//
// usage: gjs -m promises.js GProcEngine-1.gir

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';
import GProcEngine from 'gi://GProcEngine?version=1';
import {assert, assertEqual, assertFails, assertSame, assertThrows, decode, run}
    from '../gjs/harness.js';

const [address, container, image] = ['', '_CONTAINER', '_IMAGE']
    .map(name => GLib.getenv(`GPROC_ENGINE${name}`));
const {Engine, Container} = GProcEngine;
const connect = () => Engine.connect_async(address);

async function linesOf(reader) {
    const lines = [];
    for await (const line of reader)
        lines.push(line);
    return lines;
}

function terminal() {
    const launcher = new GProc.Launcher();
    for (const name of ['stdin', 'stdout', 'stderr'])
        launcher[`set_${name}`](GProc.Disposition.PTY);
    launcher.set_pty_size(25, 90);
    return launcher;
}

run('/engine/gjs', {
    async 'the-override-has-all-that-is-asynchronous'() {
        const text = new TextDecoder().decode(GLib.file_get_contents(ARGV[0])[1]);
        let count = 0;
        for (const [, owner, body] of text.matchAll(/<class name="(\w+)"(.*?)<\/class>/gs)) {
            for (const [, tag, name] of body.matchAll(/<(method|function) name="(\w+_async)"/g)) {
                const holder = tag === 'method' ? GProcEngine[owner].prototype : GProcEngine[owner];
                assert(Object.hasOwn(holder, `_original_${name}`), `${owner}.${name}`);
                count++;
            }
        }
        assertEqual(count, 16);
    },

    async 'a-command-and-its-status'() {
        const engine = await connect();
        assertEqual(engine.address, address);
        const stream = await engine.exec_async(container, ['sh', '-c', 'cat; echo no >&2; exit 3']);
        stream.stdin.queue('eins\nzwei\n');
        stream.stdin.write_eof();
        const [lines, errors] = await Promise.all([linesOf(stream.stdout), linesOf(stream.stderr)]);
        assertSame([lines, errors], [['eins', 'zwei'], ['no']]);
        assertEqual(await stream.wait_async(), 3);
        assertEqual(stream.returncode, 3);
        for (const words of ['ls', ['ls', 1], null])
            assertThrows(TypeError, () => engine.exec_async(container, words));
    },

    async 'blocking-calls-and-what-may-be-left-out'() {
        const engine = Engine.new(address);
        assert(engine.ping());
        const sort = engine.exec(container, ['sort']);
        assertEqual(sort.returncode, null);
        const result = sort.communicate('b\na\n');
        assertEqual(decode(result.get_stdout()), 'a\nb\n');
        assertEqual(result.get_returncode(), 0);
        assert(engine.list().length > 0);
        assert(Engine.new_connected(address).get_container(container).running);
        await assertFails(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND,
            () => engine.get_container('nobody'));
        await assertFails(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND,
            () => engine.exec_async('nobody', ['true']));
    },

    async 'a-terminal'() {
        const engine = await connect();
        // Podman starts a command before it gives the terminal its size.
        const script = 'for size; do until [ "$(stty size 2>&1)" = "$size" ]; do sleep 0.01; ' +
            'done; echo $size; done; read word; exit 5';
        const stream = await engine.exec_async(container,
            ['sh', '-c', script, 'sh', '25 90', '26 91'], terminal());
        assert(stream.is_pty);
        assertEqual((await stream.stdout.read_line_utf8_async()).trim(), '25 90');
        stream.resize(26, 91);
        assertEqual((await stream.stdout.read_line_utf8_async()).trim(), '26 91');
        stream.stdin.queue('\n');
        assertEqual(await stream.wait_async(), 5);
    },

    async 'a-container-of-its-own'() {
        const engine = await connect();
        const step = await engine.create_async(image, null, ['sh', '-c', 'echo log; exit 6']);
        try {
            assertEqual(step.returncode, null);
            const stream = await step.attach_async();
            await step.start_async();
            assertSame(await linesOf(stream.stdout), ['log']);
            assertEqual(await step.wait_async(), 6);
            await step.refresh_async();
            assertEqual(step.returncode, 6);
            assertSame(await linesOf((await step.logs_async()).stdout), ['log']);
        } finally {
            await step.remove_async(true);
        }
        assert(step instanceof Container);
    },

    async 'ten-at-once'() {
        const engine = await connect();
        const statuses = await Promise.all([...Array(10).keys()].map(async number => {
            const stream = await engine.exec_async(container, ['sh', '-c', `exit ${number}`]);
            return stream.wait_async();
        }));
        assertSame(statuses, [...Array(10).keys()]);
    },

    async 'binary-data'() {
        const engine = await connect();
        const cat = await engine.exec_async(container, ['cat']);
        const data = new Uint8Array(1 << 20).map((_, i) => i * 7 + (i >> 8));
        cat.stdin.queue(data);
        cat.stdin.write_eof();
        const came = (await cat.stdout.read_to_end_async()).toArray();
        assertEqual(came.length, data.length);
        assert(came.every((byte, i) => byte === data[i]));
        assertEqual(await cat.wait_async(), 0);
    },
});
