#!/usr/bin/gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Holds a dialogue with a shell on a terminal, as a person would: waits until it is ready, types a
// command, answers “yes” where something asks (y/n), presses Ctrl+C where it takes too long, and
// looks how it ended.
//
// usage: gjs -m shell-dialogue.js SECONDS COMMAND…

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';
import System from 'system';

const PATTERNS = [/\[ready (\d+)\] /, /\(y\/n\) /i];
const text = bytes => new TextDecoder().decode(bytes.toArray());

function startShell() {
    // What is typed need not come back.
    const launcher = new GProc.Launcher({
        stdin: GProc.Disposition.PTY,
        stdout: GProc.Disposition.PTY,
        stderr: GProc.Disposition.PTY,
        pty_echo: false,
    });

    launcher.setenv('PS1', '[ready $?] ', true);
    launcher.unsetenv('PROMPT_COMMAND');
    return launcher.spawn(['bash', '--norc', '--noprofile', '--noediting', '-i']);
}

// What matches next, after a Ctrl+C where that takes too long.
async function expect(shell, timeout) {
    try {
        return await shell.stdout.expect_async(PATTERNS, timeout);
    } catch (error) {
        if (!error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT))
            throw error;
        // What has come so far is still there, and is a part of the next match.
        shell.stdin.queue('\x03');
        return shell.stdout.expect_async(PATTERNS, timeout);
    }
}

// The status of the command before.
async function untilReady(shell, timeout) {
    for (;;) {
        const match = await expect(shell, timeout);
        const before = text(match.before).trimEnd();

        if (before)
            print(before.split('\n').map(line => `  ${line.trimEnd()}`).join('\n'));
        if (match.index === 0)
            return Number(text(match.get_group(1)));
        print('  (y/n) yes');
        shell.stdin.queue('y\n');
    }
}

async function main(timeout, commands) {
    const shell = startShell();

    try {
        await untilReady(shell, timeout);
        for (const command of commands) {
            print(`$ ${command}`);
            shell.stdin.queue(`${command}\n`);
            print(`  status ${await untilReady(shell, timeout)}`);
        }
        shell.stdin.queue('exit 0\n');
        print(`bash exited with ${await shell.wait_async()}`);
    } finally {
        // The terminal goes away, and the shell is told.
        shell.abort();
    }
}

if (ARGV.length < 2) {
    printerr('usage: gjs -m shell-dialogue.js SECONDS COMMAND…');
    System.exit(1);
}

const loop = new GLib.MainLoop(null, false);
let status = 1;

main(Number(ARGV[0]) * 1000, ARGV.slice(1)).then(() => {
    status = 0;
}).catch(error => {
    printerr(`shell-dialogue.js: ${error.message}`);
}).finally(() => loop.quit());
loop.run();
System.exit(status);
