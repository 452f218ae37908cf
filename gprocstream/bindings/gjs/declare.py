#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes GProc.d.ts: what the GIR says, with what the override makes of it.

usage: declare.py GProc-1.gir >GProc.d.ts
       declare.py GProcEngine-1.gir >GProcEngine.d.ts
"""

import os
import re
import sys
import xml.etree.ElementTree

CORE = '{http://www.gtk.org/introspection/core/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'

NUMBERS = {'gdouble', 'gint', 'guint', 'gsize', 'gssize', 'gint64', 'guint64', 'GLib.Quark'}
TEXTS = {'utf8', 'filename'}
FIXED = {'gboolean': 'boolean', 'none': 'void', 'gpointer': 'never'}
# An identifier that has a meaning of its own.
RESERVED = {'function', 'in', 'new', 'default'}

# What takes bytes takes them in any form, argv is an array, the end of a number is null.
BYTES = {'Launcher.run': ['input'], 'Stream.communicate': ['input'], 'Reader.unread': ['bytes'],
         'Writer.queue': ['data'], 'Writer.queue_bytes': ['bytes'],
         'Reader.read_until': ['separator']}
# Arguments of the method's own that may be left out.
OPTIONAL = {'Launcher.run': ['input'], 'Pipeline.stop': ['grace_ms'],
            'Reader.peek': ['max_bytes'], 'Reader.read_lines': ['max_lines'],
            'Reader.read_to_end': ['limit'], 'Reader.try_read_lines': ['max_lines'],
            'Stream.communicate': ['input'], 'Stream.communicate_utf8': ['input'],
            'Container.exec': ['launcher'], 'Container.logs': ['flags', 'tail'],
            'Container.remove': ['force'], 'Container.stop': ['grace_ms'],
            'Engine.connect': ['address'], 'Engine.create': ['name', 'argv', 'launcher'],
            'Engine.exec': ['launcher'], 'Engine.list': ['all'], 'Engine.new': ['address'],
            'Engine.new_connected': ['address'],
            'Stream.splice': ['flags'], 'Stream.stop': ['grace_ms'], 'Stream.new': ['flags']}
NULLABLE_NUMBERS = {
    'Stream': ['get_returncode', 'get_shell_status', 'try_wait', 'wait', 'wait_finish',
               'wait_buffered', 'wait_buffered_finish', 'returncode', 'shell_status'],
    'Pipeline': ['get_returncode', 'try_wait', 'wait', 'wait_finish', 'returncode'],
    'Result': ['get_returncode', 'returncode'],
    'Terminal': ['attach_finish'],
    'Container': ['get_returncode', 'returncode'],
}

def both(name, parameters, result):
    """An asynchronous method, as a promise and with a callback."""
    left_out = parameters.replace('flags:', 'flags?:')
    left_out, given = (text + ', ' if text else '' for text in (left_out, parameters))
    return [f'{name}({left_out}io_priority?: number, cancellable?: Cancellable): Promise<{result}>',
            f'{name}({given}io_priority: number, cancellable: Cancellable, '
            'callback: Gio.AsyncReadyCallback<this> | null): void']


# What the override declares anew, or introspection says less well.
WRITTEN = {
    'Reader.expect': [
        'expect(patterns: Pattern | Pattern[], timeout_ms?: number, cancellable?: Cancellable): Match'],
    'Reader.expect_async': [
        'expect_async(patterns: Pattern | Pattern[], timeout_ms?: number, io_priority?: number, '
        'cancellable?: Cancellable): Promise<Match>',
        'expect_async(patterns: Pattern | Pattern[], timeout_ms: number, io_priority: number, '
        'cancellable: Cancellable, callback: Gio.AsyncReadyCallback<this> | null): void'],
    'Reader.try_expect': ['try_expect(patterns: Pattern | Pattern[]): Match'],
    'Recorder.add_output': ['add_output(data: Bytes): void'],
    'Recorder.add_input': ['add_input(data: Bytes): void'],
    'Recording.new_for_bytes': ['static new_for_bytes(bytes: Bytes): Recording'],
    'Recorder.finish': ['finish(returncode?: number | null): boolean'],
    'Reader.read_until_any': [
        'read_until_any(separators: Bytes | Bytes[], cancellable?: Cancellable): GLib.Bytes'],
    'Reader.read_until_any_async':
        both('read_until_any_async', 'separators: Bytes | Bytes[]', 'GLib.Bytes'),
    'Writer.queuev': ['queuev(pieces: Bytes[]): boolean', 'queuev(...pieces: Bytes[]): boolean'],
    'Pipeline.append': ['append(argv: Argv): this',
                        'append(launcher: Launcher | null, argv: Argv): this'],
    'Pipeline.get_returncodes': ['get_returncodes(): (number | null)[]'],
    'Backend.wait': ['wait(cancellable: Cancellable): [boolean, number]'],
    'Backend.wait_finish': ['wait_finish(result: Gio.AsyncResult): [boolean, number]'],
    'Launcher.get_pty_size': ['get_pty_size(): [number, number]'],
    'Terminal.get_size': ['get_size(): [boolean, number, number]'],
    'Backend.try_wait': ['try_wait(): [boolean, number]'],
}
WRITTEN.update({
    'Demuxer.read_frame': ['read_frame(cancellable?: Cancellable): Frame | null'],
    'Demuxer.try_read_frame': ['try_read_frame(): Frame | null'],
    'Demuxer.read_frame_async': both('read_frame_async', '', 'Frame | null'),
    'Demuxer.read_frame_finish': ['read_frame_finish(result: Gio.AsyncResult): Frame | null'],
})
ADDED = {
    'Demuxer': ['[Symbol.iterator](): IterableIterator<[number, Uint8Array]>',
                '[Symbol.asyncIterator](): AsyncIterableIterator<[number, Uint8Array]>'],
    'Stream': ['constructor(argv: Argv, flags?: StreamFlags)',
               'constructor(properties?: Partial<StreamProperties>)',
               'close(cancellable?: Cancellable): boolean',
               *both('close_async', '', 'boolean')],
    'Pipeline': both('close_async', '', 'boolean'),
    'Reader': ['lines(options: LineOptions & { bytes: true }): Iteration<Uint8Array>',
               'lines(options?: LineOptions & { bytes?: false }): Iteration<string>',
               'blocks(options: LineOptions & { bytes: true }): Iteration<Uint8Array>',
               'blocks(options?: LineOptions & { bytes?: false }): Iteration<string[]>',
               '[Symbol.iterator](): IterableIterator<string>',
               '[Symbol.asyncIterator](): AsyncIterableIterator<string>',
               'close(cancellable?: Cancellable): boolean',
               *both('close_async', '', 'boolean'),
               *both('read_bytes_async', 'count: number', 'GLib.Bytes'),
               *both('skip_async', 'count: number', 'number')],
    'Writer': ['close(cancellable?: Cancellable): boolean',
               *both('close_async', '', 'boolean'),
               'flush(cancellable?: Cancellable): boolean',
               *both('flush_async', '', 'boolean'),
               *both('splice_async', 'source: Gio.InputStream, flags: Gio.OutputStreamSpliceFlags',
                     'number'),
               'write_bytes(bytes: Bytes, cancellable?: Cancellable): number',
               *both('write_bytes_async', 'bytes: Bytes', 'number')],
}

ENGINE_HEAD = '''// SPDX-License-Identifier: LGPL-2.1-or-later
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
'''

HEAD = '''// SPDX-License-Identifier: LGPL-2.1-or-later
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
'''
TAIL = '''    }

    export default GProc;
}

declare module 'gi://GProc' {
    import GProc from 'gi://GProc?version=1';
    export default GProc;
}
'''


def load(path):
    return xml.etree.ElementTree.parse(path).getroot().find(CORE + 'namespace')


def visible(element):
    return element.get('introspectable') != '0' and not element.get('shadowed-by')


def name_of(element):
    return (element.get('shadows') or element.get('name')).replace('-', '_')


def type_of(element):
    array = element.find(CORE + 'array')
    if array is not None:
        item = array.find(CORE + 'type').get('name')
        return 'Uint8Array' if item == 'guint8' else translate(item) + '[]'
    return translate(element.find(CORE + 'type').get('name'))


def translate(name):
    if name in NUMBERS:
        return 'number'
    if name in TEXTS:
        return 'string'
    return FIXED.get(name) or name


def parameters_of(owner, element):
    """(name, type, may be left out) of each that JavaScript passes."""
    all_ = element.findall(f'{CORE}parameters/{CORE}parameter')
    hidden = {array.get('length') for array in element.findall(f'.//{CORE}array')} - {None}
    key = f'{owner}.{name_of(element)}'
    base = key[:-len('_async')] if key.endswith('_async') else key
    for index, parameter in enumerate(all_):
        name = parameter.get('name')
        if str(index) in hidden or name == 'user_data' or parameter.get('direction') == 'out':
            continue
        kind = type_of(parameter)
        if name == 'argv':
            kind = 'Argv'
        elif name in BYTES.get(base, []):
            kind = 'Bytes'
        if name == 'callback':
            kind = 'Gio.AsyncReadyCallback<this>'
        if name == 'cancellable':
            kind = 'Cancellable'
        elif parameter.get('nullable') == '1':
            kind += ' | null'
        left_out = name in OPTIONAL.get(base, []) or name == 'cancellable'
        yield (name + '_' if name in RESERVED else name), kind, left_out


def result_of(owner, element):
    result = element.find(CORE + 'return-value')
    kind = type_of(result)
    if result.get('nullable') == '1' or name_of(element) in NULLABLE_NUMBERS.get(owner, []):
        kind += ' | null'
    return kind


def listed(parameters, optional=True):
    return ', '.join(f'{name}{"?" if left_out and optional else ""}: {kind}'
                     for name, kind, left_out in parameters)


def methods(owner, element, finishers):
    """The declarations of one method."""
    name = name_of(element)
    prefix = 'static ' if element.tag != CORE + 'method' else ''
    if f'{owner}.{name}' in WRITTEN:
        return WRITTEN[f'{owner}.{name}']
    parameters = list(parameters_of(owner, element))
    if not name.endswith('_async'):
        kind = owner if element.tag == CORE + 'constructor' else result_of(owner, element)
        return [f'{prefix}{name}({listed(parameters)}): {kind}']
    if prefix:
        parameters = [(at, kind.replace('<this>', '<null>'), left_out)
                      for at, kind, left_out in parameters]
    kind = result_of(owner, finishers[name[:-len('async')] + 'finish'])
    if owner == 'Backend':
        kind = 'number | null'
    short = [(at, kind, left_out or at == 'io_priority') for at, kind, left_out in parameters[:-1]]
    return [f'{prefix}{name}({listed(short)}): Promise<{kind}>',
            f'{prefix}{name}({listed(parameters, False)}): void']


def camel(name):
    return re.sub('_(.)', lambda match: match[1].upper(), name)


def properties_of(owner, element):
    for prop in element.findall(CORE + 'property'):
        name = name_of(prop)
        kind = type_of(prop)
        getter = element.find(f'{CORE}method[@name="get_{name}"]/{CORE}return-value')
        if getter is not None and getter.get('nullable') == '1' or \
                name in NULLABLE_NUMBERS.get(owner, []):
            kind += ' | null'
        fixed = prop.get('writable') != '1' or prop.get('construct-only') == '1'
        yield name, kind, fixed


def signals(element):
    for signal in element.findall(GLIB + 'signal'):
        handler = ', '.join(['source: this'] + [
            f'{parameter.get("name")}: {type_of(parameter)}'
            for parameter in signal.findall(f'{CORE}parameters/{CORE}parameter')])
        for method in 'connect', 'connect_after':
            yield f'{method}(signal: \'{signal.get("name")}\', callback: ({handler}) => void): number'
    yield 'connect(signal: string, callback: (...args: any[]) => any): number'
    yield 'connect_after(signal: string, callback: (...args: any[]) => any): number'


def class_lines(element):
    owner = element.get('name')
    parents = [translate(element.get('parent') or 'GObject.Object')]
    interfaces = [translate(item.get('name')) for item in element.findall(CORE + 'implements')]
    props = list(properties_of(owner, element))
    yield f'interface {owner}Properties {{'
    for name, kind, _ in props:
        prop = element.find(f'{CORE}property[@name="{name.replace("_", "-")}"]')
        if prop.get('writable') == '1':
            yield f'    {name}: {kind};'
    yield '}'
    if interfaces:
        yield f'interface {owner} extends {", ".join(interfaces)} {{}}'
    abstract = 'abstract ' if element.tag == CORE + 'interface' else ''
    yield f'{abstract}class {owner} extends {parents[0]} {{'
    for name, kind, fixed in props:
        for spelling in dict.fromkeys([name, camel(name)]):
            yield f'    {"readonly " if fixed else ""}{spelling}: {kind};'
    members = [member for member in element
               if member.tag in (CORE + 'constructor', CORE + 'method', CORE + 'function')
               and visible(member)]
    finishers = {name_of(member): member for member in members}
    added = ADDED.get(owner, [])
    if owner != 'Stream' and not abstract:
        yield f'    constructor(properties?: Partial<{owner}Properties>);'
    for text in added + [text for member in members
                         for text in methods(owner, member, finishers)]:
        yield f'    {text};'
    if not abstract:
        for text in signals(element):
            yield f'    {text};'
    yield '}'


def enumeration_lines(element):
    yield f'enum {element.get("name")} {{'
    for member in element.findall(CORE + 'member'):
        yield f'    {member.get("name").upper()} = {member.get("value")},'
    yield '}'
    if element.get(GLIB + 'error-domain'):
        yield f'namespace {element.get("name")} {{'
        yield '    function quark(): GLib.Quark;'
        yield '}'


def function_lines(element):
    parameters = list(parameters_of('', element))
    kind = result_of('', element)
    if element.get('name') == 'select':
        yield ('function select(readers: Reader[] | null, writers?: Writer[] | null, '
               'timeout_ms?: number, cancellable?: Cancellable): (Reader | Writer)[];')
    else:
        yield f'function {element.get("name")}({listed(parameters)}): {kind};'


def declaration(element):
    """The lines that declare one member of the namespace."""
    if element.tag in (CORE + 'class', CORE + 'interface'):
        return class_lines(element)
    if element.tag in (CORE + 'enumeration', CORE + 'bitfield'):
        return enumeration_lines(element)
    if element.tag == CORE + 'constant':
        return [f'const {element.get("name")}: number;']
    if element.tag == CORE + 'function' and visible(element):
        return function_lines(element)
    return []


def main():
    is_engine = 'GProcEngine' in os.path.basename(sys.argv[1])
    text = ENGINE_HEAD if is_engine else HEAD
    for element in load(sys.argv[1]):
        lines = list(declaration(element))
        if lines:
            text += '\n' + ''.join(f'        {line}\n' for line in lines)
    text += TAIL.replace('GProc', 'GProcEngine') if is_engine else TAIL
    sys.stdout.write(text)


if __name__ == '__main__':
    main()
