// SPDX-License-Identifier: LGPL-2.1-or-later

// As much of GLib, GObject and Gio as GProc.d.ts names, where the packages @girs are not there.

declare module 'gi://GLib' {
    namespace GLib {
        type Quark = number;
        class Bytes {
            constructor(data?: Uint8Array | string);
            get_size(): number;
            toArray(): Uint8Array;
        }
        class Regex {
            constructor(pattern: string, compile_options: number, match_options: number);
        }
        class Error {
            readonly code: number;
            readonly message: string;
            matches(domain: unknown, code: number): boolean;
        }
        const PRIORITY_DEFAULT: number;
    }
    export default GLib;
}

declare module 'gi://GObject' {
    namespace GObject {
        class Object {
            connect(signal: string, callback: (...args: any[]) => any): number;
            connect_after(signal: string, callback: (...args: any[]) => any): number;
            disconnect(id: number): void;
        }
    }
    export default GObject;
}

declare module 'gi://Gio' {
    import GObject from 'gi://GObject';
    import GLib from 'gi://GLib';
    namespace Gio {
        class Cancellable extends GObject.Object {
            cancel(): void;
        }
        interface AsyncResult {
            get_source_object(): GObject.Object | null;
        }
        type AsyncReadyCallback<T> = (source: T | null, result: AsyncResult) => void;
        class InputStream extends GObject.Object {
            read_bytes(count: number, cancellable: Cancellable | null): GLib.Bytes;
        }
        class OutputStream extends GObject.Object {
            close(cancellable: Cancellable | null): boolean;
        }
        class IOStream extends GObject.Object {
            get_input_stream(): InputStream;
            close(cancellable: Cancellable | null): boolean;
        }
        interface PollableInputStream {
            is_readable(): boolean;
        }
        interface PollableOutputStream {
            is_writable(): boolean;
        }
        class Subprocess extends GObject.Object {}
        interface File {
            get_path(): string | null;
        }
        enum IOStreamSpliceFlags {
            NONE = 0,
            WAIT_FOR_BOTH = 4,
        }
        enum OutputStreamSpliceFlags {
            NONE = 0,
        }
    }
    export default Gio;
}
