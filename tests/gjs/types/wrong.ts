// SPDX-License-Identifier: LGPL-2.1-or-later

// What must not compile: each line that ends with the code of an error, and no other.

import GProc from 'gi://GProc?version=1';

declare const stream: GProc.Stream;
declare const reader: GProc.Reader;
declare const writer: GProc.Writer;

GProc.Stream.new('cat'); // TS2345
new GProc.Stream(5); // TS2769
new GProc.Launcher().spawn(['sleep', 1]); // TS2322
new GProc.Launcher({timeout: 'long'}); // TS2322
stream.get_stdout().read_line(); // TS2531
stream.wait_async().toFixed(); // TS2339
const code: number = stream.returncode; // TS2322
stream.returncode = 5; // TS2540
reader.read_exactly_async(); // TS2554
reader.read_line_async(null); // TS2345
reader.lines({cancelable: null}); // TS2769
const text: string = reader.read_line(null); // TS2322
for (const line of reader.lines({bytes: true})) line.trim(); // TS2339
writer.queue(5); // TS2345
writer.queue(null); // TS2345
writer.write('x').missing(); // TS2339
GProc.StreamError.NO_SUCH; // TS2339
GProc.Missing; // TS2339
export {code, text};
