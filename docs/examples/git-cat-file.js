#!/usr/bin/gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Fetches objects of a git repository from one process that is kept open: a line, exactly as
// many bytes as the line says, a newline. Nothing here blocks.
//
// usage: gjs -m git-cat-file.js [OBJECT…]

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';
import System from 'system';

Gio._promisify(GProc.Reader.prototype, 'read_line_utf8_async', 'read_line_utf8_finish');
Gio._promisify(GProc.Reader.prototype, 'read_exactly_async', 'read_exactly_finish');
Gio._promisify(GProc.Stream.prototype, 'wait_check_async', 'wait_check_finish');

const priority = GLib.PRIORITY_DEFAULT;

async function fetch(git, name) {
    const out = git.get_stdout();

    git.get_stdin().queue(`${name}\n`);

    const header = await out.read_line_utf8_async(priority, null);
    if (header === null)
        throw new Error('git ended before it answered');
    const [id, kind, size] = header.split(' ');
    if (size === undefined) {
        print(header);
        return;
    }

    const body = await out.read_exactly_async(Number(size), priority, null);
    const newline = await out.read_exactly_async(1, priority, null);
    if (newline.toArray()[0] !== 10)
        throw new Error('the object does not end where git said');
    const checksum = GLib.compute_checksum_for_bytes(GLib.ChecksumType.SHA256, body);
    print(`${name}: ${kind} ${id}, ${body.get_size()} bytes, sha256 ${checksum.slice(0, 16)}`);
}

async function main(names) {
    const git = GProc.Stream.new(['git', 'cat-file', '--batch'], GProc.StreamFlags.NONE);

    for (const name of names)
        await fetch(git, name);

    // Closing its input is how git cat-file is told to end.
    git.get_stdin().write_eof();
    await git.wait_check_async(priority, null);
    print(`${names.length} objects over one stream, git exited with ${git.get_returncode()}`);
}

const names = ARGV.length ? ARGV : ['HEAD', 'HEAD^{tree}', 'HEAD:README.md', 'HEAD:COPYING'];
const loop = new GLib.MainLoop(null, false);
let status = 0;

main(names).catch(error => {
    printerr(`git-cat-file.js: ${error.message}`);
    status = 1;
}).finally(() => loop.quit());
loop.run();
System.exit(status);
