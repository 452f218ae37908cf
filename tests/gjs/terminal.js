// SPDX-License-Identifier: LGPL-2.1-or-later

// Terminals from JavaScript.

import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';
import {assert, assertEqual, assertSame, run} from './harness.js';

const {PTY} = GProc.Disposition;
const launcher = properties => new GProc.Launcher({stdin: PTY, stdout: PTY, stderr: PTY,
    ...properties});

run('/gproc/gjs/terminal', {
    async 'a-process-has-a-terminal'() {
        const onTerminal = launcher({ptyEcho: false});
        onTerminal.set_pty_size(40, 120);
        assertSame(onTerminal.get_pty_size(), [40, 120]);
        const stream = onTerminal.spawn(['sh', '-c', 'stty size; read a; echo "$a"; stty size']);
        assert(stream.is_pty && stream.get_pty_fd() > 2);
        assertEqual(await stream.stdout.read_line_utf8_async(), '40 120\r');
        stream.resize(20, 60);
        stream.stdin.queue('word\n');
        assertEqual(await stream.stdout.read_line_utf8_async(), 'word\r');
        assertEqual(await stream.stdout.read_line_utf8_async(), '20 60\r');
        assertEqual(await stream.wait_async(), 0);
    },

    async 'attaching-gives-a-promise'() {
        const [fd, path] = GLib.file_open_tmp('gproc-XXXXXX');
        const terminal = GProc.Terminal.new_for_fds(-1, fd, -1);
        const child = GProc.Stream.new(['sh', '-c', 'echo shown; exit 3']);
        assertEqual(await terminal.attach_async(child), 3);
        assertEqual(new TextDecoder().decode(GLib.file_get_contents(path)[1]), 'shown\n');

        const cat = launcher().spawn(['cat']);
        const promise = terminal.attach_async(cat);
        assert(terminal.attached);
        terminal.detach();
        assertEqual(await promise, null);
        assert(terminal.detached);
        cat.abort();
        GLib.unlink(path);
        GLib.close(fd);
    },
});
