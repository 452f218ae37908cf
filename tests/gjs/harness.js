// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests that are functions, reported in the Test Anything Protocol.

import GLib from 'gi://GLib';
import System from 'system';

export const testprog = GLib.getenv('GPROC_TESTPROG');

export function assertEqual(value, expected) {
    if (value !== expected)
        throw new Error(`${JSON.stringify(value)} should be ${JSON.stringify(expected)}`);
}

export function assertSame(value, expected) {
    assertEqual(JSON.stringify(value), JSON.stringify(expected));
}

export function assert(condition, what = 'what should be is not') {
    if (!condition)
        throw new Error(what);
}

// Runs func, which has to fail with that code, and gives the error.
export async function assertFails(domain, code, func) {
    try {
        await func();
    } catch (error) {
        if (!error.matches?.(domain, code))
            throw error;
        return error;
    }
    throw new Error('no error was thrown');
}

export function assertThrows(type, func, pattern = /./) {
    try {
        func();
    } catch (error) {
        if (!(error instanceof type) || !pattern.test(error.message))
            throw error;
        return error;
    }
    throw new Error('no error was thrown');
}

export const array = (...parts) => new TextEncoder().encode(parts.join(''));
export const decode = bytes => new TextDecoder().decode(bytes.toArray());

// Resolves in a later turn of the main loop.
export const turn = () => new Promise(resolve => {
    GLib.idle_add(GLib.PRIORITY_LOW, () => {
        resolve();
        return GLib.SOURCE_REMOVE;
    });
});

// Resolves as soon as the condition holds.
export async function until(condition) {
    while (!condition())
        await turn();
}

export function run(prefix, tests) {
    const loop = new GLib.MainLoop(null, false);
    const names = Object.keys(tests);
    let failed = false;

    async function all() {
        print(`1..${names.length}`);
        for (const [i, name] of names.entries()) {
            try {
                await tests[name]();
                print(`ok ${i + 1} ${prefix}/${name}`);
            } catch (error) {
                failed = true;
                print(`# ${error.message}\n# ${(error.stack ?? '').replaceAll('\n', '\n# ')}`);
                print(`not ok ${i + 1} ${prefix}/${name}`);
            }
        }
    }

    all().finally(() => loop.quit());
    loop.run();
    System.exit(failed ? 1 : 0);
}
