// SPDX-License-Identifier: LGPL-2.1-or-later

// What GJS adds to the namespace GProcEngine: as for GProc, asynchronous methods without a
// callback give promises, and what may be left out is completed.

/* exported _init */

imports.gi.versions.GProc = '1';

const {GProc} = imports.gi;
const {argv, replaceAsync, replaceProperty, replaceSync, replace} =
    imports.overrides.GProc;

const optional = (fallback, convert = value => value) =>
    Object.assign(value => convert(value === undefined ? fallback : value), {fallback});

const as_is = value => value;
const argvOrNull = value => value === null ? null : argv(value);

// The methods that take a cancellable, and whose form with _async before io_priority takes the
// same. tests/engine/promises.js compares this with the typelib.
var asynchronous = {
    Container: {
        attach: [],
        exec: [argv, optional(null)],
        kill: [as_is],
        logs: [optional(0), optional(-1)],
        refresh: [],
        remove: [optional(false)],
        resize: [as_is, as_is],
        start: [],
        stop: [optional(5000)],
        wait: [],
    },
    Engine: {
        create: [as_is, optional(null), optional(null, argvOrNull), optional(null)],
        exec: [as_is, argv, optional(null)],
        get_container: [as_is],
        list: [optional(false)],
        ping: [],
    },
};

var functions = {
    Engine: {
        connect: [optional(null)],
    },
};

function _init() {
    for (const [owner, methods] of Object.entries(asynchronous)) {
        const {prototype} = this[owner];
        for (const [name, parameters] of Object.entries(methods)) {
            replaceSync(prototype, name, parameters);
            replaceAsync(prototype, name, parameters, as_is);
        }
    }
    for (const [owner, methods] of Object.entries(functions)) {
        for (const [name, parameters] of Object.entries(methods))
            replaceAsync(this[owner], name, parameters, as_is);
    }

    const {Engine, Container} = this;
    const {new: create, new_connected} = Engine;
    replace(Engine, 'new', create, (address = null) => create.call(Engine, address));
    replace(Engine, 'new_connected', new_connected, (address = null, cancellable = null) =>
        new_connected.call(Engine, address, cancellable));

    const orNull = value => value === GProc.RETURNCODE_NONE ? null : value;
    const {get_returncode} = Container.prototype;
    replace(Container.prototype, 'get_returncode', get_returncode, function () {
        return orNull(get_returncode.call(this));
    });
    replaceProperty(Container.prototype, 'returncode', 'get_returncode');
}
