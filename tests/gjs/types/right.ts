// SPDX-License-Identifier: LGPL-2.1-or-later

// What must compile.

import GLib from 'gi://GLib';
import Gio from 'gi://Gio';
import GProc from 'gi://GProc?version=1';

export async function lines(cancellable: Gio.Cancellable): Promise<string[]> {
    const journal = GProc.Stream.new(['journalctl', '-f'], GProc.StreamFlags.NONE);
    const found: string[] = [];
    for await (const line of journal.get_stdout()!.lines({cancellable}))
        found.push(line.trim());
    for await (const line of journal.stdout!)
        found.push(line);
    for (const block of journal.stdout!.blocks({max_lines: 10}))
        found.push(...block);
    for (const array of journal.stdout!.lines({bytes: true}))
        found.push(String(array.byteLength));
    journal.abort();
    return found;
}

export async function everything(reader: GProc.Reader, writer: GProc.Writer): Promise<number> {
    const line: GLib.Bytes | null = await reader.read_line_async();
    const text: string | null = await reader.read_line_utf8_async(GLib.PRIORITY_DEFAULT, null);
    const exact: GLib.Bytes = await reader.read_exactly_async(4);
    await reader.read_until_any_async(['\0', new Uint8Array([1])]);
    reader.read_line_async(0, null, (source, result) => {
        source?.read_line_finish(result);
    });
    writer.queue('text');
    writer.queue(new ArrayBuffer(4));
    writer.queuev('one', new Uint8Array(2));
    await writer.drain_async();
    await writer.write_bytes_async('text');
    const stream: Gio.IOStream = new GProc.Stream(['cat']);
    const input: Gio.InputStream = reader;
    input.read_bytes(exact.get_size(), null);
    stream.close(null);
    const cat = new GProc.Stream(['cat']);
    if (cat.stdin?.flush() && cat.stdin.close() && cat.stdout?.close())
        cat.close();
    return (line?.get_size() ?? 0) + (text?.length ?? 0) + reader.bytesRead;
}

export async function processes(): Promise<void> {
    const launcher = new GProc.Launcher({timeout: 1000, stdout: GProc.Disposition.PIPE});
    launcher.cwd = null;
    launcher.setenv('NAME', 'value', true);
    const result: GProc.Result = await launcher.run_async(['tr', 'a-z', 'A-Z'], 'input');
    const code: number | null = result.returncode;
    const stream = await launcher.spawn_async(['cat']);
    const waited: number | null = await stream.wait_async();
    stream.connect('exited', (source, returncode) => source.get_pid() + returncode);
    const pipeline = new GProc.Pipeline();
    pipeline.append(['cat']).append(launcher, ['sort']);
    const codes: (number | null)[] = pipeline.get_returncodes();
    await GProc.Pump.run_all_async([GProc.Pump.new(stream.stdout!, stream.stdin!)]);
    const own: number | null = await stream.get_backend()!.wait_async();
    await stream.splice_async(pipeline, Gio.IOStreamSpliceFlags.WAIT_FOR_BOTH);
    const ready: (GProc.Reader | GProc.Writer)[] = GProc.select([stream.stdout!]);
    try {
        result.check();
    } catch (error) {
        if (error instanceof GLib.Error)
            error.matches(GProc.StreamError, GProc.StreamError.EXIT_STATUS);
    }
    void [code, waited, codes, own, ready];
}
