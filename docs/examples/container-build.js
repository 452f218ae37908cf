#!/usr/bin/gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Runs one step of a build in a container of its own and shows its log while it is written: the
// output as it is, errors with a mark. The container is removed afterwards, whatever happens.
//
// The engine is the one that CONTAINER_HOST or DOCKER_HOST names, or else that of this machine.
//
// usage: gjs -m container-build.js IMAGE COMMAND [ARGUMENT…]

import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';
import GProcEngine from 'gi://GProcEngine?version=1';
import System from 'system';

async function show(reader, mark) {
    let count = 0;
    for await (const line of reader.lines({fatal: false})) {
        print(`${mark} ${line}`);
        count++;
    }
    return count;
}

async function main(image, argv) {
    const engine = await GProcEngine.Engine.connect_async();
    // It is a build: it asks nothing.
    const launcher = new GProc.Launcher({stdin: GProc.Disposition.NULL});
    launcher.setenv('LC_ALL', 'C.UTF-8', true);
    const container = await engine.create_async(image, null, argv, launcher);
    try {
        // Before it starts, so that nothing of its output is missed.
        const build = await container.attach_async();
        try {
            await container.start_async();
            const [lines, errors] = await Promise.all(
                [show(build.stdout, ' '), show(build.stderr, '!')]);
            const status = await build.wait_async();
            print(`${argv[0]} exited with ${status}: ${lines} lines, ${errors} of errors`);
            return status;
        } finally {
            build.abort();
        }
    } finally {
        await container.remove_async(true);
    }
}

if (ARGV.length < 2) {
    printerr('usage: gjs -m container-build.js IMAGE COMMAND [ARGUMENT…]');
    System.exit(1);
}

const loop = new GLib.MainLoop(null, false);
let status = 1;

main(ARGV[0], ARGV.slice(1)).then(result => {
    status = result;
}).catch(error => {
    printerr(`container-build.js: ${error.message}`);
}).finally(() => loop.quit());
loop.run();
System.exit(status);
