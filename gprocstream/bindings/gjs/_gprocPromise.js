// SPDX-License-Identifier: LGPL-2.1-or-later

// How an asynchronous call becomes a promise.

/* exported promise, described */

const {Gio} = imports.gi;
const System = imports.system;

// Collecting garbage goes on in slices, whenever something is allocated, and from the first slice
// that sweeps to the last GJS (1.74 at least) drops every callback that comes: where a turn of the
// main loop leaves a collection like that, no promise ever settles, and since nothing runs, the
// collection never ends. So it is ended here, when all else that runs in the turn has run. This
// action tells whether callbacks are dropped: it calls one here and now.
const probe = new Gio.SimpleAction({name: 'gproc-probe'});
let answered = false;
probe.connect('activate', () => {
    answered = true;
});

// How many jobs still run before that one. What awaits who awaits a promise goes on a few later.
const HOPS = 5;
let hops = 0;

function endCollection() {
    if (--hops > 0) {
        Promise.resolve().then(endCollection);
        return;
    }
    answered = false;
    probe.activate(null);
    if (!answered)
        System.gc();
}

// A job, behind those that are there already.
function endCollectionLater() {
    if (hops === 0)
        Promise.resolve().then(endCollection);
    hops = HOPS;
}

// The lines of a stack that belong to whoever called.
function callers(stack) {
    return stack.split('\n').filter(line => !/overrides\/(GProc|_gproc\w+)\.js:/.test(line))
        .join('\n');
}

// Calls start on self with args and a callback. The promise has what finish gives, converted.
function promise(self, start, args, finish, convert) {
    return new Promise((resolve, reject) => {
        const {stack} = new Error();
        start.call(self, ...args, (source, result) => {
            try {
                resolve(convert(finish.call(self, result)));
            } catch (error) {
                // The main loop called this: what leads here says nothing.
                error.stack = callers(stack);
                reject(error);
            }
            endCollectionLater();
        });
        endCollectionLater();
    });
}

// A value in a message of an error.
function described(value) {
    if (value === null || value === undefined)
        return String(value);
    return typeof value === 'object' ? value.constructor?.name ?? 'an object' : `a ${typeof value}`;
}
