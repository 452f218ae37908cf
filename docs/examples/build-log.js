#!/usr/bin/gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Runs a build, or anything that takes its time, and shows each line of both its outputs with
// its number and when it came. Ctrl+C stops it, and so does the timeout: politely first, and
// with all that it started. A window would show the lines in the same way, and stop the build
// when it is closed.
//
// usage: gjs -m build-log.js SECONDS COMMAND [ARGUMENT…]

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';
import System from 'system';

const SIGINT = 2;
const begin = GLib.get_monotonic_time();
const elapsed = () => `${((GLib.get_monotonic_time() - begin) / 1e6).toFixed(1)} s`;

// Newer versions of GLib have a namespace for what there is on Unix only, and one of them has the
// function there under its name in C.
function onSignal(signal, callback) {
    let unix = {};
    try {
        unix = imports.gi.GLibUnix;
    } catch {
        // It is in GLib.
    }
    // Only to look at the last one is warned of where it has moved.
    const add = unix.signal_add ?? unix.signal_add_full ?? GLib.unix_signal_add;
    add(GLib.PRIORITY_DEFAULT, signal, callback);
}

let stopped = false;

// As many lines as there are, at a priority below that of everything that is drawn.
async function showLines(build) {
    const cancellable = new Gio.Cancellable();
    let number = 0;

    // A daemon that the build left behind may keep its output open for ever.
    build.connect('pipes-held', () => cancellable.cancel());
    try {
        const io_priority = GLib.PRIORITY_LOW;
        for await (const line of build.stdout.lines({cancellable, io_priority, fatal: false}))
            print(`${String(++number).padStart(4)} ${elapsed().padStart(8)}  ${line}`);
    } catch (error) {
        if (!error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))
            throw error;
        print('            something that it started still runs');
    }
    return number;
}

async function howItEnded(build) {
    try {
        const returncode = await build.wait_async();
        if (stopped)
            return 'was stopped';
        return returncode < 0 ? `was ended by signal ${-returncode}` : `exited with ${returncode}`;
    } catch (error) {
        if (!error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT))
            throw error;
        return 'took too long and was stopped';
    }
}

async function main(seconds, argv) {
    // Both outputs in the order in which they are written.
    const launcher = new GProc.Launcher({
        stdin: GProc.Disposition.NULL,
        stderr: GProc.Disposition.STDOUT,
        timeout: seconds * 1000,
        stop_grace: 3000,
    });
    const build = launcher.spawn(argv);

    onSignal(SIGINT, () => {
        stopped = true;
        build.stop_async(3000).catch(logError);
        return GLib.SOURCE_REMOVE;
    });

    const count = await showLines(build);
    const how = await howItEnded(build);
    print(`${build.get_command()} ${how}: ${count} lines, ${elapsed()}`);
    return build.shell_status;
}

if (ARGV.length < 2) {
    printerr('usage: gjs -m build-log.js SECONDS COMMAND [ARGUMENT…]');
    System.exit(1);
}

const loop = new GLib.MainLoop(null, false);
let status = 1;

main(Number(ARGV[0]), ARGV.slice(1)).then(result => {
    status = result;
}).catch(error => {
    printerr(`build-log.js: ${error.message}`);
}).finally(() => loop.quit());
loop.run();
System.exit(status);
