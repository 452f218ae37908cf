// SPDX-License-Identifier: LGPL-2.1-or-later
// Made by gprocstream/bindings/gjs/declare.py from the GIR: do not edit.
//
// What JavaScript sees of the namespace GProcEngine, version 1, beside that of GProc.

declare module 'gi://GProcEngine?version=1' {
    import type GObject from 'gi://GObject';
    import type Gio from 'gi://Gio';
    import type GProc from 'gi://GProc?version=1';

    namespace GProcEngine {
        /** The program and its arguments. */
        type Argv = GProc.Argv;
        type Cancellable = GProc.Cancellable;

        interface ContainerProperties {
        }
        class Container extends GObject.Object {
            readonly engine: Engine;
            readonly id: string;
            readonly image: string | null;
            readonly is_pty: boolean;
            readonly isPty: boolean;
            readonly name: string | null;
            readonly returncode: number | null;
            readonly running: boolean;
            readonly state: string;
            constructor(properties?: Partial<ContainerProperties>);
            attach(cancellable?: Cancellable): GProc.Stream;
            attach_async(io_priority?: number, cancellable?: Cancellable): Promise<GProc.Stream>;
            attach_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            attach_finish(result: Gio.AsyncResult): GProc.Stream;
            exec(argv: Argv, launcher?: GProc.Launcher | null, cancellable?: Cancellable): GProc.Stream;
            exec_async(argv: Argv, launcher?: GProc.Launcher | null, io_priority?: number, cancellable?: Cancellable): Promise<GProc.Stream>;
            exec_async(argv: Argv, launcher: GProc.Launcher | null, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            exec_finish(result: Gio.AsyncResult): GProc.Stream;
            get_engine(): Engine;
            get_id(): string;
            get_image(): string | null;
            get_is_pty(): boolean;
            get_name(): string | null;
            get_returncode(): number | null;
            get_running(): boolean;
            get_state(): string;
            kill(signum: number, cancellable?: Cancellable): boolean;
            kill_async(signum: number, io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            kill_async(signum: number, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            kill_finish(result: Gio.AsyncResult): boolean;
            logs(flags?: LogFlags, tail?: number, cancellable?: Cancellable): GProc.Stream;
            logs_async(flags?: LogFlags, tail?: number, io_priority?: number, cancellable?: Cancellable): Promise<GProc.Stream>;
            logs_async(flags: LogFlags, tail: number, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            logs_finish(result: Gio.AsyncResult): GProc.Stream;
            refresh(cancellable?: Cancellable): boolean;
            refresh_async(io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            refresh_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            refresh_finish(result: Gio.AsyncResult): boolean;
            remove(force?: boolean, cancellable?: Cancellable): boolean;
            remove_async(force?: boolean, io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            remove_async(force: boolean, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            remove_finish(result: Gio.AsyncResult): boolean;
            resize(rows: number, columns: number, cancellable?: Cancellable): boolean;
            resize_async(rows: number, columns: number, io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            resize_async(rows: number, columns: number, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            resize_finish(result: Gio.AsyncResult): boolean;
            start(cancellable?: Cancellable): boolean;
            start_async(io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            start_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            start_finish(result: Gio.AsyncResult): boolean;
            stop(grace_ms?: number, cancellable?: Cancellable): boolean;
            stop_async(grace_ms?: number, io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            stop_async(grace_ms: number, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            stop_finish(result: Gio.AsyncResult): boolean;
            wait(cancellable?: Cancellable): number;
            wait_async(io_priority?: number, cancellable?: Cancellable): Promise<number>;
            wait_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            wait_finish(result: Gio.AsyncResult): number;
            connect(signal: string, callback: (...args: any[]) => any): number;
            connect_after(signal: string, callback: (...args: any[]) => any): number;
        }

        interface EngineProperties {
            address: string | null;
            ssh_command: string[];
            timeout: number;
        }
        class Engine extends GObject.Object {
            readonly address: string | null;
            ssh_command: string[];
            sshCommand: string[];
            timeout: number;
            constructor(properties?: Partial<EngineProperties>);
            static new(address?: string | null): Engine;
            static new_connected(address?: string | null, cancellable?: Cancellable): Engine;
            static connect_async(address?: string | null, io_priority?: number, cancellable?: Cancellable): Promise<Engine>;
            static connect_async(address: string | null, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<null> | null): void;
            static connect_finish(result: Gio.AsyncResult): Engine;
            create(image: string, name?: string | null, argv?: Argv | null, launcher?: GProc.Launcher | null, cancellable?: Cancellable): Container;
            create_async(image: string, name?: string | null, argv?: Argv | null, launcher?: GProc.Launcher | null, io_priority?: number, cancellable?: Cancellable): Promise<Container>;
            create_async(image: string, name: string | null, argv: Argv | null, launcher: GProc.Launcher | null, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            create_finish(result: Gio.AsyncResult): Container;
            dup_ssh_command(): string[];
            exec(container: string, argv: Argv, launcher?: GProc.Launcher | null, cancellable?: Cancellable): GProc.Stream;
            exec_async(container: string, argv: Argv, launcher?: GProc.Launcher | null, io_priority?: number, cancellable?: Cancellable): Promise<GProc.Stream>;
            exec_async(container: string, argv: Argv, launcher: GProc.Launcher | null, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            exec_finish(result: Gio.AsyncResult): GProc.Stream;
            get_address(): string | null;
            get_container(id_or_name: string, cancellable?: Cancellable): Container;
            get_container_async(id_or_name: string, io_priority?: number, cancellable?: Cancellable): Promise<Container>;
            get_container_async(id_or_name: string, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            get_container_finish(result: Gio.AsyncResult): Container;
            get_timeout(): number;
            list(all?: boolean, cancellable?: Cancellable): Container[];
            list_async(all?: boolean, io_priority?: number, cancellable?: Cancellable): Promise<Container[]>;
            list_async(all: boolean, io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            list_finish(result: Gio.AsyncResult): Container[];
            ping(cancellable?: Cancellable): boolean;
            ping_async(io_priority?: number, cancellable?: Cancellable): Promise<boolean>;
            ping_async(io_priority: number, cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void;
            ping_finish(result: Gio.AsyncResult): boolean;
            set_ssh_command(ssh_command: string[] | null): void;
            set_timeout(timeout_ms: number): void;
            connect(signal: string, callback: (...args: any[]) => any): number;
            connect_after(signal: string, callback: (...args: any[]) => any): number;
        }

        enum LogFlags {
            NONE = 0,
            FOLLOW = 1,
            TIMESTAMPS = 2,
        }
    }

    export default GProcEngine;
}

declare module 'gi://GProcEngine' {
    import GProcEngine from 'gi://GProcEngine?version=1';
    export default GProcEngine;
}
