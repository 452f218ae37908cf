#!/usr/bin/gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Fetches objects of a git repository from one process that is kept open: a line, exactly as
// many bytes as the line says, a newline. Nothing here blocks.
//
// usage: gjs -m git-cat-file.js [OBJECT…]

import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';
import System from 'system';

async function fetch(git, name) {
    git.stdin.queue(`${name}\n`);

    const header = await git.stdout.read_line_utf8_async();
    if (header === null)
        throw new Error('git ended before it answered');
    const [id, kind, size] = header.split(' ');
    if (size === undefined) {
        print(header);
        return;
    }

    const body = await git.stdout.read_exactly_async(Number(size));
    const newline = await git.stdout.read_exactly_async(1);
    if (newline.toArray()[0] !== 10)
        throw new Error('The object does not end where git said');
    const checksum = GLib.compute_checksum_for_bytes(GLib.ChecksumType.SHA256, body);
    print(`${name}: ${kind} ${id}, ${body.get_size()} bytes, sha256 ${checksum.slice(0, 16)}`);
}

async function main(names) {
    const git = GProc.Stream.new(['git', 'cat-file', '--batch']);

    for (const name of names)
        await fetch(git, name);

    // The end of its input is how git cat-file is told to end.
    git.stdin.write_eof();
    await git.wait_check_async();
    print(`${names.length} objects over one stream, git exited with ${git.returncode}`);
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
