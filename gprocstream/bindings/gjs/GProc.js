// SPDX-License-Identifier: LGPL-2.1-or-later

// What GJS adds to the namespace GProc: asynchronous methods without a callback give promises,
// readers are iterated by line, bytes are given in any form, what is absent is null.

/* exported _init */

const {GLib} = imports.gi;
const {Lines} = imports.overrides._gprocLines;
const {promise, described} = imports.overrides._gprocPromise;

// How an argument is taken: a function that converts it, with the value that stands for one that
// was left out, if it may be.
const optional = (fallback, convert = value => value) =>
    Object.assign(value => convert(value === undefined ? fallback : value), {fallback});

const as_is = value => value;

function bytes(value) {
    if (value instanceof GLib.Bytes)
        return value;
    if (typeof value === 'string' || value instanceof Uint8Array)
        return new GLib.Bytes(value);
    if (ArrayBuffer.isView(value))
        return new GLib.Bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    if (value instanceof ArrayBuffer)
        return new GLib.Bytes(new Uint8Array(value));
    throw new TypeError('Bytes are a string, a Uint8Array, an ArrayBuffer or a GLib.Bytes, ' +
        `not ${described(value)}`);
}

const bytesOrNull = value => value === null ? null : bytes(value);

// For what C takes as an array of bytes with a length.
function array(value) {
    if (typeof value === 'string' || value instanceof Uint8Array)
        return value;
    return bytes(value).toArray();
}

const listOfBytes = value => Array.isArray(value) ? value.map(bytes) : [bytes(value)];

// A string is a pattern for text; one for bytes is a GLib.Regex that is compiled so.
function pattern(value) {
    if (value instanceof GLib.Regex)
        return value;
    if (typeof value === 'string')
        return new GLib.Regex(value, 0, 0);
    if (value instanceof RegExp) {
        const {MULTILINE, DOTALL, CASELESS} = GLib.RegexCompileFlags;
        const flags = (value.multiline ? MULTILINE : 0) | (value.dotAll ? DOTALL : 0) |
            (value.ignoreCase ? CASELESS : 0);
        return new GLib.Regex(value.source, flags, 0);
    }
    throw new TypeError('A pattern is a string, a RegExp or a GLib.Regex, ' +
        `not ${described(value)}`);
}

const listOfPatterns = value => Array.isArray(value) ? value.map(pattern) : [pattern(value)];

// A string would be its letters in some versions.
function argv(value) {
    if (!Array.isArray(value)) {
        throw new TypeError('argv is an array of strings, the program first, ' +
            `not ${described(value)}`);
    }
    return value.map(word => {
        if (typeof word === 'string')
            return word;
        const path = word?.get_path?.();
        if (typeof path !== 'string')
            throw new TypeError(`argv is made of strings, not of ${described(word)}`);
        return path;
    });
}

// NAME is that of a class.
function instances(value, name) {
    const kind = imports.gi.GProc[name];
    if (!Array.isArray(value))
        throw new TypeError(`An array of GProc.${name} is needed, not ${described(value)}`);
    for (const element of value) {
        if (!(element instanceof kind))
            throw new TypeError(`An array of GProc.${name} is needed, not one with ${described(element)}`);
    }
    return value;
}

// The methods that take a cancellable, and whose form with _async before io_priority takes the
// same. tests/gjs/complete.js compares this with the typelib.
var asynchronous = {
    Backend: {
        wait: [],
    },
    Demuxer: {
        read_frame: [],
    },
    Launcher: {
        run: [argv, optional(null, bytesOrNull)],
        spawn: [argv],
    },
    Muxer: {
        write_frame: [as_is, bytes],
    },
    Pipeline: {
        stop: [optional(5000)],
        wait: [],
        wait_check: [],
    },
    Pump: {
        run: [],
    },
    Reader: {
        expect: [listOfPatterns, optional(-1)],
        fill: [as_is],
        read_exactly: [as_is],
        read_line: [],
        read_line_utf8: [],
        read_lines: [optional(0)],
        read_some: [as_is],
        read_to_end: [optional(-1)],
        read_until: [array],
        read_until_any: [listOfBytes],
    },
    Stream: {
        communicate: [optional(null, bytesOrNull)],
        communicate_utf8: [optional(null)],
        splice: [as_is, optional(0)],
        stop: [optional(5000)],
        wait: [],
        wait_buffered: [as_is],
        wait_check: [],
    },
    Terminal: {
        attach: [as_is],
    },
    Writer: {
        drain: [],
    },
};

// What is inherited from GIO and takes nothing that has to outlive the call. The blocking form is
// replaced where it takes a cancellable alone.
const inherited = {
    Pipeline: {
        close: [],
    },
    Reader: {
        close: [],
        read_bytes: [as_is],
        skip: [as_is],
    },
    Stream: {
        close: [],
    },
    Writer: {
        close: [],
        flush: [],
        splice: [as_is, optional(0)],
        write_bytes: [bytes],
    },
};

// The functions without an instance.
var functions = {
    Pump: {
        run_all: [value => instances(value, 'Pump')],
    },
};

// Methods that give a returncode or the like.
const sentinels = {
    Pipeline: ['get_returncode', 'try_wait', 'wait', 'wait_finish'],
    Result: ['get_returncode'],
    Stream: ['get_returncode', 'get_shell_status', 'try_wait', 'wait', 'wait_finish',
        'wait_buffered', 'wait_buffered_finish'],
    Terminal: ['attach_finish'],
};

// Gives wrapper the looks of the function that it stands for. Gio._promisify () does nothing
// where it finds its own mark, so programs that call it, as without this file, still run.
function replace(owner, name, original, wrapper, mark = `_original_${name}`) {
    for (const [key, value] of [['name', name], ['length', original.length]])
        Object.defineProperty(wrapper, key, {value, configurable: true});
    // Some of what GJS defines can be assigned, but not defined anew.
    owner[name] = wrapper;
    Object.defineProperty(owner, mark, {value: original, configurable: true, writable: true});
}

// The arguments that C wants of those that were given: the ones of the method itself, then null
// for the priority's default and the cancellable.
function completed(name, parameters, args) {
    const given = parameters.map((convert, i) => {
        if (i >= args.length && !('fallback' in convert))
            throw new TypeError(`${name} needs ${parameters.length} arguments`);
        return convert(args[i]);
    });
    return given.concat(args.slice(parameters.length).map(value => value ?? null));
}

function replaceSync(owner, name, parameters) {
    const original = owner[name];
    replace(owner, name, original, function (...args) {
        const given = completed(name, parameters, args);
        while (given.length < original.length)
            given.push(null);
        return original.apply(this, given);
    });
}

function replaceAsync(owner, name, parameters, convert) {
    const original = owner[`${name}_async`];
    const finish = owner[`${name}_finish`];
    const total = original.length;
    replace(owner, `${name}_async`, original, function (...args) {
        const given = completed(`${name}_async`, parameters, args);
        // With all that C takes it is a call as in C, whose callback may be null.
        if (given.length >= total)
            return original.apply(this, given);
        if (typeof given[given.length - 1] === 'function') {
            throw new TypeError(`${name}_async with a callback needs all ${total} arguments, ` +
                'io_priority and cancellable too');
        }
        const [priority, cancellable] = given.splice(parameters.length);
        return promise(this, original,
            [...given, priority ?? GLib.PRIORITY_DEFAULT, cancellable ?? null], finish, convert);
    });
}

// The number and the bytes of a frame; null at the end.
const frame = ([number, data]) => number < 0 ? null : [number, data];

function replaceProperty(prototype, name, getter) {
    Object.defineProperty(prototype, name, {
        get() {
            return this[getter]();
        },
        configurable: true,
        enumerable: true,
    });
}

function convertAsync(GProc) {
    const orNull = value => value === GProc.RETURNCODE_NONE ? null : value;
    for (const [table, hasSync] of [[asynchronous, true], [inherited, false]]) {
        for (const [owner, methods] of Object.entries(table)) {
            const {prototype} = GProc[owner];
            for (const [name, parameters] of Object.entries(methods)) {
                // The wait of a backend gives whether it waited, and the returncode.
                const convert = {
                    Backend: ([, returncode]) => orNull(returncode),
                    Demuxer: frame,
                }[owner] ?? as_is;
                const replacesSync = owner !== 'Backend' && (hasSync || parameters.length === 0);
                if (replacesSync && prototype[name])
                    replaceSync(prototype, name, parameters);
                replaceAsync(prototype, name, parameters,
                    sentinels[owner]?.includes(`${name}_finish`) ? orNull : convert);
            }
        }
    }
    replaceSync(GProc.Demuxer.prototype, 'close', []);
    for (const [owner, methods] of Object.entries(functions)) {
        for (const [name, parameters] of Object.entries(methods))
            replaceAsync(GProc[owner], name, parameters, as_is);
    }
    for (const [owner, names] of Object.entries(sentinels)) {
        const {prototype} = GProc[owner];
        for (const name of names) {
            const original = prototype[name];
            replace(prototype, name, original, function (...args) {
                return orNull(original.apply(this, args));
            }, `_original_int_${name}`);
        }
        if (prototype.get_returncode)
            replaceProperty(prototype, 'returncode', 'get_returncode');
    }
    replaceProperty(GProc.Stream.prototype, 'shell_status', 'get_shell_status');
    replaceProperty(GProc.Stream.prototype, 'shellStatus', 'get_shell_status');

    const {get_returncodes: original} = GProc.Pipeline.prototype;
    replace(GProc.Pipeline.prototype, 'get_returncodes', original, function () {
        return original.call(this).map(orNull);
    });
}

function convertConstructors(GProc) {
    const {prototype} = GProc.Stream;
    const {new: create} = GProc.Stream;
    const {_init: init} = prototype;
    replace(GProc.Stream, 'new', create, (words, flags = GProc.StreamFlags.NONE) =>
        create.call(GProc.Stream, argv(words), flags));
    // What _init () returns is what new gives.
    prototype._init = function (...args) {
        if (args.length === 0 || args[0] !== null && typeof args[0] === 'object' &&
            !Array.isArray(args[0]))
            return init.apply(this, args);
        return GProc.Stream.new(...args);
    };

    const {append} = GProc.Pipeline.prototype;
    replace(GProc.Pipeline.prototype, 'append', append, function (...args) {
        const [launcher, words] = args.length === 1 ? [null, args[0]] : args;
        append.call(this, launcher ?? null, argv(words));
        return this;
    });
}

function convertBytes(GProc) {
    const {prototype: reader} = GProc.Reader;
    const {prototype: writer} = GProc.Writer;
    const {queue, queue_bytes, unread, write_bytes} = Object.fromEntries(
        ['queue', 'queue_bytes', 'write_bytes'].map(name => [name, writer[name]])
            .concat([['unread', reader.unread]]));
    replace(writer, 'queue', queue, function (data) {
        if (typeof data === 'string' || data instanceof Uint8Array)
            return queue.call(this, data);
        return queue_bytes.call(this, bytes(data));
    });
    replace(writer, 'queue_bytes', queue_bytes, function (data) {
        return queue_bytes.call(this, bytes(data));
    });
    // GJS passes no array of bytes in a GPtrArray. One piece is queued whole or not at all, too.
    replace(writer, 'queuev', writer.queuev, function (...pieces) {
        const arrays = (Array.isArray(pieces[0]) ? pieces[0] : pieces)
            .map(piece => bytes(piece).toArray());
        const joined = new Uint8Array(arrays.reduce((size, {length}) => size + length, 0));
        arrays.reduce((at, piece) => {
            joined.set(piece, at);
            return at + piece.length;
        }, 0);
        return queue.call(this, joined);
    });
    replace(writer, 'write_bytes', write_bytes, function (data, cancellable = null) {
        return write_bytes.call(this, bytes(data), cancellable);
    });
    replace(reader, 'unread', unread, function (data) {
        return unread.call(this, bytes(data));
    });
    for (const [name, fallback] of [['try_read_lines', 0], ['peek', GLib.MAXUINT32]]) {
        const original = reader[name];
        replace(reader, name, original, function (count = fallback) {
            return original.call(this, count);
        });
    }
    const {try_expect} = reader;
    replace(reader, 'try_expect', try_expect, function (patterns) {
        return try_expect.call(this, listOfPatterns(patterns));
    });
    const {prototype: recorder} = GProc.Recorder;
    for (const name of ['add_output', 'add_input']) {
        const original = recorder[name];
        replace(recorder, name, original, function (data) {
            return original.call(this, array(data));
        });
    }
    const {finish} = recorder;
    replace(recorder, 'finish', finish, function (returncode = null) {
        return finish.call(this, returncode ?? GProc.RETURNCODE_NONE);
    });
    const {new_for_bytes} = GProc.Recording;
    replace(GProc.Recording, 'new_for_bytes', new_for_bytes,
        data => new_for_bytes.call(GProc.Recording, bytes(data)));
    const {select} = GProc;
    replace(GProc, 'select', select, (readers, writers = null, timeout = -1, cancellable = null) =>
        select(instances(readers ?? [], 'Reader'), instances(writers ?? [], 'Writer'), timeout, cancellable));
}

function convertFrames(GProc) {
    const {prototype: demuxer} = GProc.Demuxer;
    for (const name of ['read_frame', 'try_read_frame', 'read_frame_finish']) {
        const original = demuxer[name];
        replace(demuxer, name, original, function (...args) {
            return frame(original.apply(this, args));
        }, name === 'read_frame' ? '_original_frame_read_frame' : undefined);
    }
    const {prototype: muxer} = GProc.Muxer;
    const {queue_bytes} = muxer;
    for (const name of ['queue', 'queue_bytes']) {
        replace(muxer, name, muxer[name], function (number, data) {
            return queue_bytes.call(this, number, bytes(data));
        });
    }
}

function addFrames({Demuxer: {prototype}}) {
    const content = ([number, data]) => [number, data.toArray()];
    const methods = {
        *[Symbol.iterator]() {
            for (let next; (next = this.read_frame());)
                yield content(next);
        },
        async *[Symbol.asyncIterator]() {
            for (let next; (next = await this.read_frame_async());)
                yield content(next);
        },
    };
    for (const name of Reflect.ownKeys(methods)) {
        Object.defineProperty(prototype, name,
            {value: methods[name], configurable: true, writable: true});
    }
}

function addIteration(GProc) {
    const {prototype} = GProc.Reader;
    const create = Lines(GProc);
    const methods = {
        lines(options = {}) {
            return create.lines(this, options);
        },
        blocks(options = {}) {
            return create.blocks(this, options);
        },
        [Symbol.asyncIterator]() {
            return create.lines(this, {})[Symbol.asyncIterator]();
        },
        [Symbol.iterator]() {
            return create.lines(this, {})[Symbol.iterator]();
        },
    };
    for (const name of Reflect.ownKeys(methods)) {
        Object.defineProperty(prototype, name,
            {value: methods[name], configurable: true, writable: true});
    }
}

// For `using` and `await using`, in engines that have them.
function addDisposal(GProc) {
    for (const {prototype} of [GProc.Stream, GProc.Pipeline]) {
        if (Symbol.dispose) {
            prototype[Symbol.dispose] = function () {
                this.abort();
            };
        }
        if (Symbol.asyncDispose) {
            prototype[Symbol.asyncDispose] = async function () {
                try {
                    if (this.get_running())
                        await this.stop_async();
                } finally {
                    this.abort();
                }
            };
        }
    }
}

function _init() {
    // The order matters: what comes later builds on what came before.
    convertAsync(this);
    convertConstructors(this);
    convertBytes(this);
    convertFrames(this);
    addIteration(this);
    addFrames(this);
    addDisposal(this);
}
