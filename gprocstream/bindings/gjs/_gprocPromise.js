// SPDX-License-Identifier: LGPL-2.1-or-later

// How an asynchronous call becomes a promise.

/* exported promise, described */

const {Gio} = imports.gi;
const System = imports.system;

// Collecting garbage goes on in slices, and while it sweeps GJS (1.74 at least) drops the
// callbacks that come: the promise would never settle. This action is a callback that is called
// here and now.
const probe = new Gio.SimpleAction({name: 'gproc-probe'});
let answered = false;
probe.connect('activate', () => {
    answered = true;
});

// Ends a collection that would swallow the callback of the call that follows.
function finishCollection() {
    answered = false;
    probe.activate(null);
    if (!answered)
        System.gc();
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
        finishCollection();
        start.call(self, ...args, (source, result) => {
            try {
                resolve(convert(finish.call(self, result)));
            } catch (error) {
                // The main loop called this: what leads here says nothing.
                error.stack = callers(stack);
                reject(error);
            }
        });
    });
}

// A value in a message of an error.
function described(value) {
    if (value === null || value === undefined)
        return String(value);
    return typeof value === 'object' ? value.constructor?.name ?? 'an object' : `a ${typeof value}`;
}
