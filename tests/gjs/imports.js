// SPDX-License-Identifier: LGPL-2.1-or-later

// The same without modules, as extensions of older versions of GNOME Shell are written.

imports.gi.versions.GProc = '1';
const {Gio, GLib, GProc} = imports.gi;
const System = imports.system;

const testprog = GLib.getenv('GPROC_TESTPROG');
const loop = new GLib.MainLoop(null, false);

function assertEqual(value, expected) {
    if (value !== expected)
        throw new Error(`${value} should be ${expected}`);
}

const tests = {
    async 'lines'() {
        const stream = GProc.Stream.new([testprog, 'lines', '3']);
        const lines = [];
        for await (const line of stream.get_stdout())
            lines.push(line);
        assertEqual(lines.join(), 'line 1,line 2,line 3');
        assertEqual(await stream.wait_async(), 0);
    },

    async 'promises'() {
        const result = await new GProc.Launcher().run_async(['tr', 'a-z', 'A-Z'], 'input');
        assertEqual(result.get_stdout_utf8(), 'INPUT');
    },

    async 'errors'() {
        let caught = null;
        try {
            await new GProc.Stream(['false']).wait_check_async();
        } catch (error) {
            caught = error;
        }
        assertEqual(caught.matches(GProc.StreamError, GProc.StreamError.EXIT_STATUS), true);
    },

    async 'modules-see-the-same'() {
        const {default: module} = await import('gi://GProc?version=1');
        assertEqual(module.Stream, GProc.Stream);
        assertEqual(module.Stream.new(['cat']).returncode, null);
        assertEqual(Gio.IOStream.prototype.isPrototypeOf(module.Stream.prototype), true);
    },
};

async function run() {
    let status = 0;
    const names = Object.keys(tests);
    print(`1..${names.length}`);
    for (const [i, name] of names.entries()) {
        try {
            await tests[name]();
            print(`ok ${i + 1} /gproc/gjs/imports/${name}`);
        } catch (error) {
            status = 1;
            print(`# ${error.message}\n# ${(error.stack || '').replaceAll('\n', '\n# ')}`);
            print(`not ok ${i + 1} /gproc/gjs/imports/${name}`);
        }
    }
    return status;
}

let status = 1;
run().then(value => {
    status = value;
}).finally(() => loop.quit());
loop.run();
System.exit(status);
