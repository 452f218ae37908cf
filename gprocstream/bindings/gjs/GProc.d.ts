// SPDX-License-Identifier: LGPL-2.1-or-later
// Made by gprocstream/bindings/gjs/declare.py from the GIR: do not edit.
//
// What JavaScript sees of the namespace GProc, version 1. The types of GLib, GObject and Gio are
// those that are declared as gi://GLib, gi://GObject and gi://Gio, by the packages @girs say.

declare module 'gi://GProc?version=1' {
    import type GLib from 'gi://GLib';
    import type GObject from 'gi://GObject';
    import type Gio from 'gi://Gio';

    namespace GProc {
        /** Bytes in any form. A string is UTF-8. */
        type Bytes = string | Uint8Array | ArrayBuffer | ArrayBufferView | GLib.Bytes;
        /** A pattern for text; for bytes it is a GLib.Regex. */
        type Pattern = string | RegExp | GLib.Regex;
        /** The program and its arguments. */
        type Argv = readonly (string | Gio.File)[];
        type Cancellable = Gio.Cancellable | null;

        /** The number of the stream, 1 or 2, and what came. */
        type Frame = [number, GLib.Bytes];

        /** How a reader is iterated. */
        interface LineOptions {
            /** Lines are arrays of bytes. */
            bytes?: boolean;
            /** Ends the loop with an error. */
            cancellable?: Cancellable;
            /** What is not UTF-8 is an error; otherwise it becomes U+FFFD. */
            fatal?: boolean;
            io_priority?: number;
            /** How many lines are fetched at once; 0 for as many as there are. */
            max_lines?: number;
        }

        /** What is iterated by `for` and by `for await`. */
        interface Iteration<T> extends Iterable<T>, AsyncIterable<T> {}

        interface BackendProperties {
        }
        abstract class Backend extends GObject.Object {
            close(): void;
            get_command(): string | null;
            get_identifier(): string | null;
            get_is_pty(): boolean;
            output_ended(): void;
            resize(rows: number, columns: number): boolean;
            send_signal(signum: number, to_group: boolean): boolean;
            try_wait(): [boolean, number];
            wait(cancellable: Cancellable): [boolean, number];
            wait_async(io_priority?: number, cancellable?: Cancellable): Promise<number | null>;
            wait_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            wait_finish(result: Gio.AsyncResult): [boolean, number];
        }

        interface DemuxerProperties {
            base_stream: Gio.InputStream | null;
            buffer_size: number;
            close_base: boolean;
            lenient: boolean;
            policy: DemuxerPolicy;
        }
        class Demuxer extends GObject.Object {
            readonly base_stream: Gio.InputStream | null;
            readonly baseStream: Gio.InputStream | null;
            buffer_size: number;
            bufferSize: number;
            readonly bytes_discarded: number;
            readonly bytesDiscarded: number;
            close_base: boolean;
            closeBase: boolean;
            lenient: boolean;
            policy: DemuxerPolicy;
            readonly stderr: Reader;
            readonly stdout: Reader;
            constructor(properties?: Partial<DemuxerProperties>);
            [Symbol.iterator](): IterableIterator<[number, Uint8Array]>;
            [Symbol.asyncIterator](): AsyncIterableIterator<[number, Uint8Array]>;
            static new(base_stream: Gio.InputStream): Demuxer;
            close(cancellable?: Cancellable): boolean;
            get_base_stream(): Gio.InputStream | null;
            get_buffer_size(): number;
            get_bytes_discarded(): number;
            get_close_base(): boolean;
            get_fd(): number;
            get_lenient(): boolean;
            get_policy(): DemuxerPolicy;
            get_stderr(): Reader;
            get_stdout(): Reader;
            read_frame(cancellable?: Cancellable): Frame | null;
            read_frame_async(io_priority?: number, cancellable?: Cancellable): Promise<Frame | null>;
            read_frame_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            read_frame_finish(result: Gio.AsyncResult): Frame | null;
            set_buffer_size(buffer_size: number): void;
            set_close_base(close_base: boolean): void;
            set_lenient(lenient: boolean): void;
            set_policy(policy: DemuxerPolicy): void;
            try_read_frame(): Frame | null;
            connect(signal: string, callback: (...args: any[]) => any): number;
            connect_after(signal: string, callback: (...args: any[]) => any): number;
        }

        enum DemuxerPolicy {
            BLOCK = 0,
            GROW = 1,
            DISCARD = 2,
        }

        enum Disposition {
            PIPE = 0,
            INHERIT = 1,
            NULL = 2,
            STDOUT = 3,
            PTY = 4,
        }

        enum FileFlags {
            NONE = 0,
            APPEND = 1,
            CREATE_NEW = 2,
        }

        interface LauncherProperties {
            cwd: string | null;
            die_with_parent: boolean;
            executable: string | null;
            high_watermark: number;
            low_watermark: number;
            new_session: boolean;
            output_limit: number;
            pipe_size: number;
            post_exit_grace: number;
            process_group: boolean;
            pty_echo: boolean;
            pty_raw: boolean;
            reader_limit: number;
            stderr: Disposition;
            stdin: Disposition;
            stdout: Disposition;
            stop_grace: number;
            stop_on_close: boolean;
            timeout: number;
            umask: number;
        }
        class Launcher extends GObject.Object {
            cwd: string | null;
            die_with_parent: boolean;
            dieWithParent: boolean;
            executable: string | null;
            high_watermark: number;
            highWatermark: number;
            low_watermark: number;
            lowWatermark: number;
            new_session: boolean;
            newSession: boolean;
            output_limit: number;
            outputLimit: number;
            pipe_size: number;
            pipeSize: number;
            post_exit_grace: number;
            postExitGrace: number;
            process_group: boolean;
            processGroup: boolean;
            pty_echo: boolean;
            ptyEcho: boolean;
            pty_raw: boolean;
            ptyRaw: boolean;
            reader_limit: number;
            readerLimit: number;
            stderr: Disposition;
            stdin: Disposition;
            stdout: Disposition;
            stop_grace: number;
            stopGrace: number;
            stop_on_close: boolean;
            stopOnClose: boolean;
            timeout: number;
            umask: number;
            constructor(properties?: Partial<LauncherProperties>);
            static new(): Launcher;
            add_pipe(target_fd: number, direction: PipeDirection): void;
            check_portable(): boolean;
            clear_env(): void;
            get_cwd(): string | null;
            get_die_with_parent(): boolean;
            get_disposition(target_fd: number): Disposition;
            get_environ_changes(): string[];
            get_executable(): string | null;
            get_group(): number;
            get_high_watermark(): number;
            get_low_watermark(): number;
            get_new_session(): boolean;
            get_output_limit(): number;
            get_pipe_size(): number;
            get_post_exit_grace(): number;
            get_process_group(): boolean;
            get_pty_echo(): boolean;
            get_pty_raw(): boolean;
            get_pty_size(): [number, number];
            get_reader_limit(): number;
            get_stop_grace(): number;
            get_stop_on_close(): boolean;
            get_timeout(): number;
            get_umask(): number;
            get_user(): number;
            getenv(variable: string): string | null;
            map_fd(source_fd: number, target_fd: number): void;
            run(argv: Argv, input?: Bytes | null, cancellable?: Cancellable): Result;
            run_async(argv: Argv, input?: Bytes | null, io_priority?: number, cancellable?: Cancellable): Promise<Result>;
            run_async(argv: Argv, input: Bytes | null, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            run_finish(result: Gio.AsyncResult): Result;
            set_cwd(cwd: string | null): void;
            set_die_with_parent(die_with_parent: boolean): void;
            set_environ(envp: string[] | null): void;
            set_executable(executable: string | null): void;
            set_group(group_id: number): void;
            set_high_watermark(high: number): void;
            set_low_watermark(low: number): void;
            set_new_session(new_session: boolean): void;
            set_output_limit(limit: number): void;
            set_pipe_size(size: number): void;
            set_post_exit_grace(grace_ms: number): void;
            set_process_group(process_group: boolean): void;
            set_pty_echo(pty_echo: boolean): void;
            set_pty_raw(pty_raw: boolean): void;
            set_pty_size(rows: number, columns: number): void;
            set_reader_limit(limit: number): void;
            set_rlimit(resource: number, soft: number, hard: number): void;
            set_stderr(disposition: Disposition): void;
            set_stderr_fd(fd: number): void;
            set_stderr_file(path: string, flags: FileFlags): void;
            set_stdin(disposition: Disposition): void;
            set_stdin_fd(fd: number): void;
            set_stdin_file(path: string, flags: FileFlags): void;
            set_stdout(disposition: Disposition): void;
            set_stdout_fd(fd: number): void;
            set_stdout_file(path: string, flags: FileFlags): void;
            set_stop_grace(grace_ms: number): void;
            set_stop_on_close(stop_on_close: boolean): void;
            set_timeout(timeout_ms: number): void;
            set_umask(mask: number): void;
            set_user(user_id: number): void;
            setenv(variable: string, value: string, overwrite: boolean): void;
            spawn(argv: Argv): Stream;
            spawn_async(argv: Argv, io_priority?: number, cancellable?: Cancellable): Promise<Stream>;
            spawn_async(argv: Argv, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            spawn_finish(result: Gio.AsyncResult): Stream;
            take_fd(source_fd: number, target_fd: number): void;
            take_stderr_fd(fd: number): void;
            take_stdin_fd(fd: number): void;
            take_stdout_fd(fd: number): void;
            unsetenv(variable: string): void;
            connect(signal: string, callback: (...args: any[]) => any): number;
            connect_after(signal: string, callback: (...args: any[]) => any): number;
        }

        enum LimitPolicy {
            ERROR = 0,
            SPLIT = 1,
            TRUNCATE = 2,
            SKIP = 3,
        }

        const MAJOR_VERSION: number;

        const MICRO_VERSION: number;

        const MINOR_VERSION: number;

        interface MatchProperties {
        }
        class Match extends GObject.Object {
            readonly before: GLib.Bytes;
            readonly index: number;
            readonly matched: GLib.Bytes;
            readonly regex: GLib.Regex;
            constructor(properties?: Partial<MatchProperties>);
            get_before(): GLib.Bytes;
            get_group(group: number): GLib.Bytes | null;
            get_index(): number;
            get_matched(): GLib.Bytes;
            get_named_group(name: string): GLib.Bytes | null;
            get_regex(): GLib.Regex;
            connect(signal: string, callback: (...args: any[]) => any): number;
            connect_after(signal: string, callback: (...args: any[]) => any): number;
        }

        interface MuxerProperties {
            base_stream: Gio.OutputStream;
        }
        class Muxer extends GObject.Object {
            readonly base_stream: Gio.OutputStream;
            readonly baseStream: Gio.OutputStream;
            readonly writer: Writer;
            constructor(properties?: Partial<MuxerProperties>);
            static new(base_stream: Gio.OutputStream): Muxer;
            get_writer(): Writer;
            queue(stream_number: number, data: Uint8Array): boolean;
            queue_bytes(stream_number: number, bytes: GLib.Bytes): boolean;
            write_frame(stream_number: number, bytes: GLib.Bytes, cancellable?: Cancellable): boolean;
            write_frame_async(stream_number: number, bytes: GLib.Bytes, io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            write_frame_async(stream_number: number, bytes: GLib.Bytes, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            write_frame_finish(result: Gio.AsyncResult): boolean;
            connect(signal: string, callback: (...args: any[]) => any): number;
            connect_after(signal: string, callback: (...args: any[]) => any): number;
        }

        enum PipeDirection {
            READ = 0,
            WRITE = 1,
        }

        interface PipelineProperties {
            pipefail: boolean;
        }
        class Pipeline extends Gio.IOStream {
            readonly n_stages: number;
            readonly nStages: number;
            pipefail: boolean;
            readonly returncode: number | null;
            readonly running: boolean;
            readonly stdin: Writer | null;
            readonly stdout: Reader | null;
            constructor(properties?: Partial<PipelineProperties>);
            close_async(io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            close_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            static new(): Pipeline;
            abort(): void;
            append(argv: Argv): this;
            append(launcher: Launcher | null, argv: Argv): this;
            get_n_stages(): number;
            get_pipefail(): boolean;
            get_returncode(): number | null;
            get_returncodes(): (number | null)[];
            get_running(): boolean;
            get_stage(index: number): Stream | null;
            get_stdin(): Writer | null;
            get_stdout(): Reader | null;
            set_pipefail(pipefail: boolean): void;
            spawn(): boolean;
            stop(grace_ms?: number, cancellable?: Cancellable): boolean;
            stop_async(grace_ms?: number, io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            stop_async(grace_ms: number, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            stop_finish(result: Gio.AsyncResult): boolean;
            try_wait(): number | null;
            wait(cancellable?: Cancellable): number | null;
            wait_async(io_priority?: number, cancellable?: Cancellable): Promise<number | null>;
            wait_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            wait_check(cancellable?: Cancellable): boolean;
            wait_check_async(io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            wait_check_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            wait_check_finish(result: Gio.AsyncResult): boolean;
            wait_finish(result: Gio.AsyncResult): number | null;
            connect(signal: string, callback: (...args: any[]) => any): number;
            connect_after(signal: string, callback: (...args: any[]) => any): number;
        }

        interface PumpProperties {
            propagate_close: boolean;
            source: Gio.InputStream;
            target: Gio.OutputStream;
            wait_for_output: boolean;
        }
        class Pump extends GObject.Object {
            readonly bytes_transferred: number;
            readonly bytesTransferred: number;
            propagate_close: boolean;
            propagateClose: boolean;
            readonly source: Gio.InputStream;
            readonly target: Gio.OutputStream;
            wait_for_output: boolean;
            waitForOutput: boolean;
            constructor(properties?: Partial<PumpProperties>);
            static new(source: Gio.InputStream, target: Gio.OutputStream): Pump;
            static run_all_async(pumps: Pump[], io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            static run_all_async(pumps: Pump[], io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<null> | null): void;
            static run_all_finish(result: Gio.AsyncResult): boolean;
            flush(count: number): number;
            get_bytes_transferred(): number;
            get_propagate_close(): boolean;
            get_source(): Gio.InputStream;
            get_target(): Gio.OutputStream;
            get_wait_for_output(): boolean;
            is_done(): boolean;
            run(cancellable?: Cancellable): boolean;
            run_async(io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            run_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            run_finish(result: Gio.AsyncResult): boolean;
            set_propagate_close(propagate_close: boolean): void;
            set_wait_for_output(wait_for_output: boolean): void;
            connect(signal: string, callback: (...args: any[]) => any): number;
            connect_after(signal: string, callback: (...args: any[]) => any): number;
        }

        const RETURNCODE_NONE: number;

        interface ReaderProperties {
            base_stream: Gio.InputStream | null;
            limit: number;
            limit_policy: LimitPolicy;
        }
        interface Reader extends Gio.PollableInputStream {}
        class Reader extends Gio.InputStream {
            readonly base_stream: Gio.InputStream | null;
            readonly baseStream: Gio.InputStream | null;
            readonly buffered: number;
            readonly bytes_read: number;
            readonly bytesRead: number;
            readonly last_consumed: number;
            readonly lastConsumed: number;
            readonly last_expected: number;
            readonly lastExpected: number;
            readonly last_partial: GLib.Bytes | null;
            readonly lastPartial: GLib.Bytes | null;
            limit: number;
            limit_policy: LimitPolicy;
            limitPolicy: LimitPolicy;
            readonly stream_number: number;
            readonly streamNumber: number;
            constructor(properties?: Partial<ReaderProperties>);
            lines(options: LineOptions & { bytes: true }): Iteration<Uint8Array>;
            lines(options?: LineOptions & { bytes?: false }): Iteration<string>;
            blocks(options: LineOptions & { bytes: true }): Iteration<Uint8Array>;
            blocks(options?: LineOptions & { bytes?: false }): Iteration<string[]>;
            [Symbol.iterator](): IterableIterator<string>;
            [Symbol.asyncIterator](): AsyncIterableIterator<string>;
            close(cancellable?: Cancellable): boolean;
            close_async(io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            close_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            read_bytes_async(count: number, io_priority?: number, cancellable?: Cancellable): Promise<GLib.Bytes>;
            read_bytes_async(count: number, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            skip_async(count: number, io_priority?: number, cancellable?: Cancellable): Promise<number>;
            skip_async(count: number, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            static new(base_stream: Gio.InputStream): Reader;
            static new_for_fd(fd: number, close_fd: boolean): Reader;
            at_eof(): boolean;
            expect(patterns: Pattern | Pattern[], timeout_ms?: number, cancellable?: Cancellable): Match;
            expect_async(patterns: Pattern | Pattern[], timeout_ms?: number, io_priority?: number, cancellable?: Cancellable): Promise<Match>;
            expect_async(patterns: Pattern | Pattern[], timeout_ms: number, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            expect_finish(result: Gio.AsyncResult): Match;
            fill(count: number, cancellable?: Cancellable): number;
            fill_async(count: number, io_priority?: number, cancellable?: Cancellable): Promise<number>;
            fill_async(count: number, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            fill_finish(result: Gio.AsyncResult): number;
            get_base_stream(): Gio.InputStream | null;
            get_buffered(): number;
            get_bytes_read(): number;
            get_fd(): number;
            get_last_consumed(): number;
            get_last_expected(): number;
            get_last_partial(): GLib.Bytes | null;
            get_limit(): number;
            get_limit_policy(): LimitPolicy;
            get_stream_number(): number;
            peek(max_bytes?: number): GLib.Bytes;
            read_exactly(count: number, cancellable?: Cancellable): GLib.Bytes;
            read_exactly_async(count: number, io_priority?: number, cancellable?: Cancellable): Promise<GLib.Bytes>;
            read_exactly_async(count: number, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            read_exactly_finish(result: Gio.AsyncResult): GLib.Bytes;
            read_line(cancellable?: Cancellable): GLib.Bytes | null;
            read_line_async(io_priority?: number, cancellable?: Cancellable): Promise<GLib.Bytes | null>;
            read_line_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            read_line_finish(result: Gio.AsyncResult): GLib.Bytes | null;
            read_line_utf8(cancellable?: Cancellable): string | null;
            read_line_utf8_async(io_priority?: number, cancellable?: Cancellable): Promise<string | null>;
            read_line_utf8_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            read_line_utf8_finish(result: Gio.AsyncResult): string | null;
            read_lines(max_lines?: number, cancellable?: Cancellable): GLib.Bytes | null;
            read_lines_async(max_lines?: number, io_priority?: number, cancellable?: Cancellable): Promise<GLib.Bytes | null>;
            read_lines_async(max_lines: number, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            read_lines_finish(result: Gio.AsyncResult): GLib.Bytes | null;
            read_some(max_bytes: number, cancellable?: Cancellable): GLib.Bytes | null;
            read_some_async(max_bytes: number, io_priority?: number, cancellable?: Cancellable): Promise<GLib.Bytes | null>;
            read_some_async(max_bytes: number, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            read_some_finish(result: Gio.AsyncResult): GLib.Bytes | null;
            read_to_end(limit?: number, cancellable?: Cancellable): GLib.Bytes;
            read_to_end_async(limit?: number, io_priority?: number, cancellable?: Cancellable): Promise<GLib.Bytes>;
            read_to_end_async(limit: number, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            read_to_end_finish(result: Gio.AsyncResult): GLib.Bytes;
            read_until(separator: Bytes, cancellable?: Cancellable): GLib.Bytes;
            read_until_any(separators: Bytes | Bytes[], cancellable?: Cancellable): GLib.Bytes;
            read_until_any_async(separators: Bytes | Bytes[], io_priority?: number, cancellable?: Cancellable): Promise<GLib.Bytes>;
            read_until_any_async(separators: Bytes | Bytes[], io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            read_until_any_finish(result: Gio.AsyncResult): GLib.Bytes;
            read_until_async(separator: Bytes, io_priority?: number, cancellable?: Cancellable): Promise<GLib.Bytes>;
            read_until_async(separator: Bytes, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            read_until_finish(result: Gio.AsyncResult): GLib.Bytes;
            set_limit(limit: number): void;
            set_limit_policy(policy: LimitPolicy): void;
            try_expect(patterns: Pattern | Pattern[]): Match;
            try_read_line(): GLib.Bytes | null;
            try_read_lines(max_lines?: number): GLib.Bytes | null;
            try_read_some(max_bytes: number): GLib.Bytes | null;
            unread(bytes: Bytes): boolean;
            connect(signal: string, callback: (...args: any[]) => any): number;
            connect_after(signal: string, callback: (...args: any[]) => any): number;
        }

        interface RecorderProperties {
            columns: number;
            rows: number;
            writer: Writer | null;
        }
        class Recorder extends GObject.Object {
            readonly columns: number;
            readonly rows: number;
            readonly writer: Writer | null;
            constructor(properties?: Partial<RecorderProperties>);
            static new(writer: Writer, rows: number, columns: number): Recorder;
            add_input(data: Bytes): void;
            add_output(data: Bytes): void;
            add_resize(rows: number, columns: number): void;
            finish(returncode?: number | null): boolean;
            get_writer(): Writer | null;
            record(stream: Stream): boolean;
            connect(signal: string, callback: (...args: any[]) => any): number;
            connect_after(signal: string, callback: (...args: any[]) => any): number;
        }

        interface RecordingProperties {
        }
        class Recording extends GObject.Object {
            readonly columns: number;
            readonly duration: number;
            readonly returncode: number;
            readonly rows: number;
            constructor(properties?: Partial<RecordingProperties>);
            static new_for_bytes(bytes: Bytes): Recording;
            static new_for_path(path: string): Recording;
            get_columns(): number;
            get_duration(): number;
            get_returncode(): number;
            get_rows(): number;
            replay(speed: number): Stream;
            replay_checked(speed: number): Stream;
            connect(signal: string, callback: (...args: any[]) => any): number;
            connect_after(signal: string, callback: (...args: any[]) => any): number;
        }

        interface ResultProperties {
        }
        class Result extends GObject.Object {
            readonly command: string | null;
            readonly duration: number;
            readonly max_resident: number;
            readonly maxResident: number;
            readonly returncode: number | null;
            readonly stderr: GLib.Bytes | null;
            readonly stderr_utf8: string | null;
            readonly stderrUtf8: string | null;
            readonly stdout: GLib.Bytes | null;
            readonly stdout_utf8: string | null;
            readonly stdoutUtf8: string | null;
            readonly successful: boolean;
            readonly system_time: number;
            readonly systemTime: number;
            readonly term_sig: number;
            readonly termSig: number;
            readonly timed_out: boolean;
            readonly timedOut: boolean;
            readonly truncated: boolean;
            readonly user_time: number;
            readonly userTime: number;
            constructor(properties?: Partial<ResultProperties>);
            check(): boolean;
            get_command(): string | null;
            get_duration(): number;
            get_max_resident(): number;
            get_returncode(): number | null;
            get_stderr(): GLib.Bytes | null;
            get_stderr_utf8(): string | null;
            get_stdout(): GLib.Bytes | null;
            get_stdout_utf8(): string | null;
            get_successful(): boolean;
            get_system_time(): number;
            get_term_sig(): number;
            get_timed_out(): boolean;
            get_truncated(): boolean;
            get_user_time(): number;
            connect(signal: string, callback: (...args: any[]) => any): number;
            connect_after(signal: string, callback: (...args: any[]) => any): number;
        }

        interface StreamProperties {
            output_limit: number;
            post_exit_grace: number;
            stop_on_close: boolean;
        }
        class Stream extends Gio.IOStream {
            readonly backend: Backend | null;
            readonly command: string | null;
            readonly identifier: string | null;
            readonly is_pty: boolean;
            readonly isPty: boolean;
            output_limit: number;
            outputLimit: number;
            readonly pid: number;
            post_exit_grace: number;
            postExitGrace: number;
            readonly returncode: number | null;
            readonly running: boolean;
            readonly shell_status: number | null;
            readonly shellStatus: number | null;
            readonly stderr: Reader | null;
            readonly stdin: Writer | null;
            readonly stdout: Reader | null;
            stop_on_close: boolean;
            stopOnClose: boolean;
            readonly timed_out: boolean;
            readonly timedOut: boolean;
            constructor(argv: Argv, flags?: StreamFlags);
            constructor(properties?: Partial<StreamProperties>);
            close(cancellable?: Cancellable): boolean;
            close_async(io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            close_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            static new_for_backend(backend: Backend, stdin_stream: Gio.OutputStream | null, stdout_stream: Gio.InputStream | null, stderr_stream: Gio.InputStream | null): Stream;
            static new_for_fds(write_fd: number, read_fd: number, error_fd: number, flags: StreamFlags): Stream;
            static new_for_io_stream(io_stream: Gio.IOStream): Stream;
            static new_for_multiplexed(io_stream: Gio.IOStream, policy: DemuxerPolicy): Stream;
            static new_for_subprocess(subprocess: Gio.Subprocess): Stream;
            static new(argv: Argv, flags?: StreamFlags): Stream;
            abort(): void;
            communicate(input?: Bytes | null, cancellable?: Cancellable): Result;
            communicate_async(input?: Bytes | null, io_priority?: number, cancellable?: Cancellable): Promise<Result>;
            communicate_async(input: Bytes | null, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            communicate_finish(result: Gio.AsyncResult): Result;
            communicate_utf8(input?: string | null, cancellable?: Cancellable): Result;
            communicate_utf8_async(input?: string | null, io_priority?: number, cancellable?: Cancellable): Promise<Result>;
            communicate_utf8_async(input: string | null, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            communicate_utf8_finish(result: Gio.AsyncResult): Result;
            get_backend(): Backend | null;
            get_command(): string | null;
            get_exit_status(): number;
            get_identifier(): string | null;
            get_if_exited(): boolean;
            get_if_signaled(): boolean;
            get_is_pty(): boolean;
            get_output_limit(): number;
            get_pid(): number;
            get_pidfd(): number;
            get_post_exit_grace(): number;
            get_pty_fd(): number;
            get_reader(target_fd: number): Reader | null;
            get_returncode(): number | null;
            get_running(): boolean;
            get_shell_status(): number | null;
            get_status(): number;
            get_stderr(): Reader | null;
            get_stdin(): Writer | null;
            get_stdout(): Reader | null;
            get_stop_on_close(): boolean;
            get_successful(): boolean;
            get_term_sig(): number;
            get_timed_out(): boolean;
            get_writer(target_fd: number): Writer | null;
            kill(): boolean;
            resize(rows: number, columns: number): boolean;
            send_signal(signum: number): boolean;
            send_signal_group(signum: number): boolean;
            set_output_limit(limit: number): void;
            set_post_exit_grace(grace_ms: number): void;
            set_stop_on_close(stop_on_close: boolean): void;
            splice_async(peer: Gio.IOStream, flags?: Gio.IOStreamSpliceFlags, io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            splice_async(peer: Gio.IOStream, flags: Gio.IOStreamSpliceFlags, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            splice_finish(result: Gio.AsyncResult): boolean;
            stop(grace_ms?: number, cancellable?: Cancellable): boolean;
            stop_async(grace_ms?: number, io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            stop_async(grace_ms: number, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            stop_finish(result: Gio.AsyncResult): boolean;
            terminate(): boolean;
            try_wait(): number | null;
            wait(cancellable?: Cancellable): number | null;
            wait_async(io_priority?: number, cancellable?: Cancellable): Promise<number | null>;
            wait_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            wait_buffered(limit: number, cancellable?: Cancellable): number | null;
            wait_buffered_async(limit: number, io_priority?: number, cancellable?: Cancellable): Promise<number | null>;
            wait_buffered_async(limit: number, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            wait_buffered_finish(result: Gio.AsyncResult): number | null;
            wait_check(cancellable?: Cancellable): boolean;
            wait_check_async(io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            wait_check_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            wait_check_finish(result: Gio.AsyncResult): boolean;
            wait_finish(result: Gio.AsyncResult): number | null;
            connect(signal: 'exited', callback: (source: this, returncode: number) => void): number;
            connect_after(signal: 'exited', callback: (source: this, returncode: number) => void): number;
            connect(signal: 'output-ended', callback: (source: this) => void): number;
            connect_after(signal: 'output-ended', callback: (source: this) => void): number;
            connect(signal: 'pipes-held', callback: (source: this) => void): number;
            connect_after(signal: 'pipes-held', callback: (source: this) => void): number;
            connect(signal: string, callback: (...args: any[]) => any): number;
            connect_after(signal: string, callback: (...args: any[]) => any): number;
        }

        enum StreamError {
            INCOMPLETE_READ = 0,
            LIMIT_OVERRUN = 1,
            EXIT_STATUS = 2,
            SIGNALED = 3,
            INVALID_FRAME = 4,
            ENGINE = 5,
        }
        namespace StreamError {
            function quark(): GLib.Quark;
        }

        enum StreamFlags {
            NONE = 0,
            STDIN_INHERIT = 1,
            STDIN_NULL = 2,
            STDOUT_INHERIT = 4,
            STDOUT_NULL = 8,
            STDERR_PIPE = 16,
            STDERR_NULL = 32,
            STDERR_STDOUT = 64,
            STOP_ON_CLOSE = 128,
            TAKE_FDS = 256,
        }

        interface TerminalProperties {
            handle_signals: boolean;
        }
        class Terminal extends GObject.Object {
            readonly attached: boolean;
            readonly detach_keys: string | null;
            readonly detachKeys: string | null;
            readonly detached: boolean;
            handle_signals: boolean;
            handleSignals: boolean;
            readonly is_terminal: boolean;
            readonly isTerminal: boolean;
            constructor(properties?: Partial<TerminalProperties>);
            static new(): Terminal;
            static new_for_fds(input_fd: number, output_fd: number, error_fd: number): Terminal;
            attach_async(stream: Stream, io_priority?: number, cancellable?: Cancellable): Promise<number | null>;
            attach_async(stream: Stream, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            attach_finish(result: Gio.AsyncResult): number | null;
            detach(): void;
            get_attached(): boolean;
            get_detach_keys(): string | null;
            get_detached(): boolean;
            get_handle_signals(): boolean;
            get_is_terminal(): boolean;
            get_size(): [boolean, number, number];
            set_detach_keys(detach_keys: string | null): boolean;
            set_handle_signals(handle_signals: boolean): void;
            sync_size(): void;
            connect(signal: string, callback: (...args: any[]) => any): number;
            connect_after(signal: string, callback: (...args: any[]) => any): number;
        }

        interface WriterProperties {
            base_stream: Gio.OutputStream | null;
            queue_limit: number;
        }
        interface Writer extends Gio.PollableOutputStream {}
        class Writer extends Gio.OutputStream {
            readonly base_stream: Gio.OutputStream | null;
            readonly baseStream: Gio.OutputStream | null;
            readonly bytes_accepted: number;
            readonly bytesAccepted: number;
            readonly bytes_discarded: number;
            readonly bytesDiscarded: number;
            readonly bytes_queued: number;
            readonly bytesQueued: number;
            readonly bytes_written: number;
            readonly bytesWritten: number;
            readonly high_watermark: number;
            readonly highWatermark: number;
            readonly low_watermark: number;
            readonly lowWatermark: number;
            queue_limit: number;
            queueLimit: number;
            constructor(properties?: Partial<WriterProperties>);
            close(cancellable?: Cancellable): boolean;
            close_async(io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            close_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            flush(cancellable?: Cancellable): boolean;
            flush_async(io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            flush_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            splice_async(source: Gio.InputStream, flags?: Gio.OutputStreamSpliceFlags, io_priority?: number, cancellable?: Cancellable): Promise<number>;
            splice_async(source: Gio.InputStream, flags: Gio.OutputStreamSpliceFlags, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            write_bytes(bytes: Bytes, cancellable?: Cancellable): number;
            write_bytes_async(bytes: Bytes, io_priority?: number, cancellable?: Cancellable): Promise<number>;
            write_bytes_async(bytes: Bytes, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            static new(base_stream: Gio.OutputStream): Writer;
            static new_for_fd(fd: number, close_fd: boolean): Writer;
            abort(): void;
            can_write_eof(): boolean;
            drain(cancellable?: Cancellable): boolean;
            drain_async(io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            drain_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            drain_finish(result: Gio.AsyncResult): boolean;
            get_base_stream(): Gio.OutputStream | null;
            get_bytes_accepted(): number;
            get_bytes_discarded(): number;
            get_bytes_queued(): number;
            get_bytes_written(): number;
            get_fd(): number;
            get_high_watermark(): number;
            get_low_watermark(): number;
            get_queue_limit(): number;
            queue(data: Bytes): boolean;
            queue_bytes(bytes: Bytes): boolean;
            queuev(pieces: Bytes[]): boolean;
            queuev(...pieces: Bytes[]): boolean;
            set_queue_limit(limit: number): void;
            set_watermarks(high: number, low: number): void;
            try_flush(): boolean;
            write_eof(): boolean;
            connect(signal: string, callback: (...args: any[]) => any): number;
            connect_after(signal: string, callback: (...args: any[]) => any): number;
        }

        function select(readers: Reader[] | null, writers?: Writer[] | null, timeout_ms?: number, cancellable?: Cancellable): (Reader | Writer)[];

        function stream_error_quark(): number;
    }

    export default GProc;
}

declare module 'gi://GProc' {
    import GProc from 'gi://GProc?version=1';
    export default GProc;
}
