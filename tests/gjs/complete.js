// SPDX-License-Identifier: LGPL-2.1-or-later

// The override has all that the GIR says is asynchronous, or gives a returncode.
//
// usage: gjs -m complete.js GProc-1.gir

import GLib from 'gi://GLib';
import GProc from 'gi://GProc?version=1';
import {assert, assertSame, run} from './harness.js';

const text = new TextDecoder().decode(GLib.file_get_contents(ARGV[0])[1]);

// Every callable of every type, by the name that bindings see: [owner, name, the XML of it].
function* callables() {
    for (const [, owner, body] of text.matchAll(
        /<(?:class|interface) name="(\w+)"(.*?)<\/(?:class|interface)>/gs)) {
        for (const [, tag, attributes, inner] of body.matchAll(
            /<(method|function|constructor) (name=[^>]*)>(.*?)<\/\1>/gs)) {
            const value = name => attributes.match(new RegExp(`${name}="([^"]*)"`))?.[1];
            if (!attributes.includes('shadowed-by=') && value('introspectable') !== '0')
                yield [owner, tag, value('shadows') ?? value('name'), inner];
        }
    }
}

const all = [...callables()];
const find = condition => all.filter(callable => condition(...callable));
const names = found => found.map(([owner, , name]) => `${owner}.${name}`).sort();

run('/gproc/gjs/complete', {
    async 'the-gir-is-understood'() {
        assert(all.length > 200, `${all.length} callables`);
        assert(names(all).includes('Pump.run_all_async') && names(all).includes('Stream.wait_async'));
    },

    async 'every-asynchronous-call-gives-a-promise'() {
        const asynchronous = find((owner, tag, name) => name.endsWith('_async'));
        const plain = asynchronous.filter(([owner, tag, name]) =>
            !Object.hasOwn(tag === 'method' ? GProc[owner].prototype : GProc[owner],
                `_original_${name}`));
        assert(asynchronous.length > 20);
        assertSame(names(plain), []);
    },

    async 'every-call-with-callback-is-asynchronous'() {
        const others = find((owner, tag, name, body) =>
            body.includes('name="Gio.AsyncReadyCallback"') && !name.endsWith('_async'));
        assertSame(names(others), []);
    },

    async 'every-returncode-may-be-null'() {
        const documented = find((owner, tag, name, body) =>
            owner !== 'Backend' &&
            /<return-value(?:(?!<\/return-value>).)*RETURNCODE_NONE.*<\/return-value>/s.test(body));
        const plain = documented.filter(([owner, , name]) =>
            !Object.hasOwn(GProc[owner].prototype, `_original_int_${name}`) &&
            !Object.hasOwn(GProc[owner].prototype, `_original_${name}`));
        assert(documented.length > 6, names(documented).join());
        assertSame(names(plain), []);
        // Those whose documentation is that of the blocking form.
        const finishers = find((owner, tag, name, body) => /^wait(_buffered)?_finish$/.test(name) &&
            owner !== 'Backend' && !Object.hasOwn(GProc[owner].prototype, `_original_int_${name}`));
        assertSame(names(finishers), []);
    },

    async 'every-argv-is-checked'() {
        const takers = find((owner, tag, name, body) => body.includes('<parameter name="argv"'));
        const plain = takers.filter(([owner, tag, name]) =>
            !Object.hasOwn(tag === 'method' ? GProc[owner].prototype : GProc[owner],
                `_original_${name}`));
        assert(takers.length >= 6, names(takers).join());
        assertSame(names(plain), []);
    },

    async 'every-bytes-argument-is-converted'() {
        const takers = find((owner, tag, name, body) =>
            /<parameter (?:(?!<\/parameter>).)*name="(GLib\.Bytes|guint8)"/s.test(body));
        const plain = takers.filter(([owner, tag, name]) =>
            !Object.hasOwn(tag === 'method' ? GProc[owner].prototype : GProc[owner],
                `_original_${name}`));
        assert(takers.length >= 9, names(takers).join());
        assertSame(names(plain), []);
    },
});
