// SPDX-License-Identifier: LGPL-2.1-or-later

// Iterating a reader by line and by block of lines.
//
// Lines are fetched many at a time and decoded at once, since a call into C for each of them
// would cost ten times as much. The block is put back into the reader then, and every line that
// is given is skipped there: what was not given is nowhere else, whichever way a loop is left and
// whoever reads next, within the loop, too.

/* exported Lines */

const {Gio, GLib} = imports.gi;
const {promise, described} = imports.overrides._gprocPromise;

const NEWLINE = 10;

// ignoreBOM says the opposite in some versions of what it says in others, and a mark at the
// beginning of a block is data here.
function makeDecoder(fatal) {
    const marked = new Uint8Array([0xef, 0xbb, 0xbf, 0x41]);
    const decoders = [true, false].map(ignoreBOM => new TextDecoder('utf-8', {fatal, ignoreBOM}));
    return decoders.find(decoder => decoder.decode(marked).length === 2) ?? decoders[0];
}

const strict = makeDecoder(true);
const lenient = makeDecoder(false);

// The options of lines () and blocks ().
function checked(options) {
    const known = {
        bytes: false,
        cancellable: null,
        fatal: true,
        io_priority: GLib.PRIORITY_DEFAULT,
        max_lines: 0,
    };
    if (options === null || typeof options !== 'object' || options instanceof Gio.Cancellable) {
        throw new TypeError('The options are an object such as {cancellable}, ' +
            `not ${described(options)}`);
    }
    for (const name of Object.keys(options)) {
        if (!(name in known))
            throw new TypeError(`There is no option ${name}: ${Object.keys(known).join(', ')}`);
    }
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    return {...known, ...Object.fromEntries(given)};
}

function invalid(cause) {
    const error = new GLib.Error(Gio.io_error_quark(), Gio.IOErrorEnum.INVALID_DATA,
        `A line is not valid UTF-8; it stays in the reader: ${cause.message}`);
    error.cause = cause;
    return error;
}

// The pieces of array, each with its newline but for the last, which may have none.
function pieces(array) {
    const found = [];
    for (let at = 0; at < array.length;) {
        const newline = array.indexOf(NEWLINE, at);
        const end = newline < 0 ? array.length : newline + 1;
        found.push(array.subarray(at, end));
        at = end;
    }
    return found;
}

const withoutNewline = piece =>
    piece[piece.length - 1] === NEWLINE ? piece.subarray(0, -1) : piece;

// The lines of a block, and how many bytes each of them is in it. What cannot be decoded ends
// them; error says why.
function split(array, {bytes, fatal}) {
    if (bytes) {
        const found = pieces(array);
        const sizes = found.map(piece => piece.length);
        return {lines: found.map(withoutNewline), sizes, error: null};
    }
    let text;
    try {
        text = (fatal ? strict : lenient).decode(array);
    } catch (error) {
        return splitUpToError(array);
    }
    const lines = text.split('\n');
    const whole = lines[lines.length - 1] === '';
    if (whole)
        lines.pop();
    let sizes = null;
    if (text.length === array.length) {
        // All is ASCII: a size is a length.
        const last = lines.length - 1;
        sizes = {
            at: i => lines[i].length + (i < last || whole ? 1 : 0),
        };
    } else {
        const found = pieces(array).map(piece => piece.length);
        sizes = {at: i => found[i]};
    }
    return {lines, sizes, error: null};
}

function splitUpToError(array) {
    const lines = [], sizes = [];
    for (const piece of pieces(array)) {
        try {
            lines.push(strict.decode(withoutNewline(piece)));
        } catch (error) {
            return {lines, sizes, error: invalid(error)};
        }
        sizes.push(piece.length);
    }
    return {lines, sizes, error: null};
}

// The lines that one loop knows to come next. They count for nothing as soon as somebody else has
// taken from the reader.
class Held {
    constructor(reader, options, call) {
        this._reader = reader;
        this._options = options;
        this._call = call;
        this._wasOpen = !reader.is_closed();
        this._clear();
    }

    _clear() {
        this._lines = [];
        this._sizes = [];
        this._at = 0;
        this._position = -1;
        this._error = null;
    }

    // Takes over the block, which goes back to the reader.
    fill(block) {
        const {_reader: reader, _call: call} = this;
        const {lines, sizes, error} = split(block.toArray(), this._options);
        call.unread.call(reader, block);
        this._lines = lines;
        this._sizes = sizes;
        this._at = 0;
        this._error = error;
        this._position = call.position.call(reader);
    }

    // The next line as what an iterator gives, or null where none is held. Throws what made the
    // lines end.
    take() {
        const {_reader: reader, _call: call, _at: at} = this;
        if (at >= this._lines.length && this._error === null)
            return null;
        if (call.position.call(reader) !== this._position) {
            this._clear();
            return null;
        }
        if (at >= this._lines.length) {
            const error = this._error;
            this._clear();
            throw error;
        }
        const size = this._sizes.at(at);
        call.skip.call(reader, size, this._options.cancellable);
        this._position += size;
        this._at++;
        return {value: this._lines[at], done: false};
    }

    // All that is left at once, for blocks ().
    takeAll(block) {
        const array = block.toArray();
        if (this._options.bytes)
            return array;
        const {lines, sizes, error} = split(array, this._options);
        if (error === null)
            return lines;
        let taken = 0;
        for (let i = 0; i < lines.length; i++)
            taken += sizes.at(i);
        this._call.unread.call(this._reader, new GLib.Bytes(array.subarray(taken)));
        if (lines.length === 0)
            throw error;
        return lines;
    }

    // Whether an error only says that the reader was closed, by abort () say, during the loop.
    isEnd(error) {
        return this._wasOpen && error instanceof GLib.Error &&
            error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CLOSED) && this._reader.is_closed();
    }
}

const END = Object.freeze({value: undefined, done: true});

// One iterator is of one loop.
class AsyncIterator {
    constructor(held, fetch, inBlocks) {
        this._held = held;
        this._fetch = fetch;
        this._inBlocks = inBlocks;
        this._waiting = null;
        this._done = false;
    }

    next() {
        if (this._waiting !== null)
            return this._waiting.then(() => this.next(), () => this.next());
        if (this._done)
            return Promise.resolve(END);
        try {
            const taken = this._inBlocks ? null : this._held.take();
            if (taken !== null)
                return Promise.resolve(taken);
        } catch (error) {
            return this._failed(error);
        }
        const waiting = this._more();
        this._waiting = waiting;
        return waiting;
    }

    async _more() {
        try {
            const block = await this._fetch();
            this._waiting = null;
            if (block === null) {
                this._done = true;
                return END;
            }
            if (this._inBlocks && !this._done)
                return {value: this._held.takeAll(block), done: false};
            this._held.fill(block);
            return this._done ? END : this._held.take();
        } catch (error) {
            this._waiting = null;
            return this._failed(error);
        }
    }

    _failed(error) {
        this._done = true;
        return this._held.isEnd(error) ? Promise.resolve(END) : Promise.reject(error);
    }

    // What a loop calls that is left by break, return or an exception.
    return(value) {
        this._done = true;
        return Promise.resolve({value, done: true});
    }

    [Symbol.asyncIterator]() {
        return this;
    }
}

class SyncIterator {
    constructor(held, fetch, inBlocks) {
        this._held = held;
        this._fetch = fetch;
        this._inBlocks = inBlocks;
        this._done = false;
    }

    next() {
        if (this._done)
            return END;
        try {
            const taken = this._inBlocks ? null : this._held.take();
            if (taken !== null)
                return taken;
            const block = this._fetch();
            if (block !== null) {
                if (this._inBlocks)
                    return {value: this._held.takeAll(block), done: false};
                this._held.fill(block);
                return this._held.take();
            }
        } catch (error) {
            this._done = true;
            if (!this._held.isEnd(error))
                throw error;
        }
        this._done = true;
        return END;
    }

    return(value) {
        this._done = true;
        return {value, done: true};
    }

    [Symbol.iterator]() {
        return this;
    }
}

// What GProc.Reader.prototype.lines and blocks call.
function Lines({Reader}) {
    const {prototype} = Reader;
    const call = {
        position: prototype.get_bytes_read,
        skip: prototype.skip,
        unread: prototype._original_unread ?? prototype.unread,
    };
    const {_original_read_lines: readLines, _original_read_lines_async: readLinesAsync,
        read_lines_finish: finish} = prototype;
    const same = value => value;

    function iterable(reader, options, inBlocks) {
        const {cancellable, io_priority: priority, max_lines: most} = options;
        return {
            [Symbol.asyncIterator]: () => new AsyncIterator(new Held(reader, options, call),
                () => promise(reader, readLinesAsync, [most, priority, cancellable], finish, same),
                inBlocks),
            [Symbol.iterator]: () => new SyncIterator(new Held(reader, options, call),
                () => readLines.call(reader, most, cancellable), inBlocks),
        };
    }

    return {
        lines: (reader, options) => iterable(reader, checked(options), false),
        blocks: (reader, options) => iterable(reader, checked(options), true),
    };
}
