#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What bindings see of the library, and what they do not see.

usage: introspection.py GProc-1.gir
"""

import re
import subprocess
import sys
import xml.etree.ElementTree

import gi

gi.require_version('GProc', '1')

from gi.repository import Gio, GLib, GObject, GProc  # noqa: E402

import tap  # noqa: E402

CORE = '{http://www.gtk.org/introspection/core/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
NAMESPACE = xml.etree.ElementTree.parse(sys.argv[1]).getroot().find(CORE + 'namespace')

CLASSES = {'Demuxer': GObject.Object, 'Muxer': GObject.Object,
           'Launcher': GObject.Object, 'Match': GObject.Object, 'Pipeline': Gio.IOStream,
           'Pump': GObject.Object, 'Reader': Gio.InputStream, 'Recorder': GObject.Object,
           'Recording': GObject.Object, 'Result': GObject.Object, 'Stream': Gio.IOStream,
           'Terminal': GObject.Object, 'Writer': Gio.OutputStream}


def callables():
    for element in NAMESPACE.iter():
        if element.tag in (CORE + 'function', CORE + 'method', CORE + 'constructor',
                           CORE + 'virtual-method'):
            yield element


def visible(element):
    return element.get('introspectable') != '0'


def there_are_these_types_and_no_other():
    found = {element.get('name') for element in NAMESPACE
             if element.tag in (CORE + 'class', CORE + 'interface', CORE + 'record',
                                CORE + 'enumeration', CORE + 'bitfield', CORE + 'alias',
                                CORE + 'callback', CORE + 'union')}
    assert found == {
        'Match', 'MatchClass', 'Recorder', 'RecorderClass', 'Recording', 'RecordingClass',
        'Demuxer', 'DemuxerClass', 'DemuxerPolicy', 'Muxer', 'MuxerClass',
        'Backend', 'BackendInterface', 'Disposition', 'FileFlags', 'Launcher', 'LauncherClass',
        'LimitPolicy', 'PipeDirection', 'Pipeline', 'PipelineClass', 'Pump', 'PumpClass', 'Reader',
        'ReaderClass', 'Result', 'ResultClass', 'Stream', 'StreamClass', 'StreamError',
        'StreamFlags', 'Terminal', 'TerminalClass', 'Writer', 'WriterClass'}, found


def classes_are_derived_as_documented():
    for name, parent in CLASSES.items():
        assert getattr(GProc, name).__mro__[1] is parent, name
    assert issubclass(GProc.Reader, Gio.PollableInputStream)
    assert issubclass(GProc.Writer, Gio.PollableOutputStream)


def nothing_private_is_there():
    text = xml.etree.ElementTree.tostring(NAMESPACE).decode()
    for word in ('_gproc_', 'private', 'Poller', 'Watch', 'Worker', 'Descriptor', 'WriteQueue',
                 'LocalBackend', 'SubprocessBackend', 'Mover', 'Joint', 'Pty'):
        names = re.findall(r'(?:name|identifier|type)="([^"]*' + word + '[^"]*)"', text)
        names = [name for name in names if not name.startswith('get_pidfd')]
        assert not names, names
    assert not hasattr(GProc, 'INSIDE') and not hasattr(GProc, 'COMPILATION')


def constants_are_few():
    found = {element.get('name') for element in NAMESPACE.findall(CORE + 'constant')}
    assert found == {'MAJOR_VERSION', 'MICRO_VERSION', 'MINOR_VERSION', 'RETURNCODE_NONE'}, found
    assert GProc.RETURNCODE_NONE == GLib.MININT32
    assert (GProc.MAJOR_VERSION, GProc.MINOR_VERSION) >= (1, 0)


def a_variable_number_of_arguments_is_hidden():
    shown = [element.get(C + 'identifier') for element in callables()
             if visible(element) and element.find('.//' + CORE + 'varargs') is not None]
    assert not shown, shown
    identifiers = {element.get(C + 'identifier'): element for element in callables()}
    assert not visible(identifiers['gproc_stream_new'])
    assert identifiers['gproc_stream_newv'].get('shadows') == 'new'


def enumerations_have_types():
    for name in ('DemuxerPolicy', 'Disposition', 'LimitPolicy', 'PipeDirection', 'StreamError'):
        assert issubclass(getattr(GProc, name), GObject.GEnum), name
    for name in ('FileFlags', 'StreamFlags'):
        assert issubclass(getattr(GProc, name), GObject.GFlags), name
    for element in NAMESPACE:
        if element.tag in (CORE + 'enumeration', CORE + 'bitfield'):
            assert element.get(GLIB + 'get-type'), element.get('name')


def the_error_enumeration_is_a_domain():
    assert GProc.StreamError.quark() == GLib.quark_from_string('gproc-stream-error-quark')
    error = GLib.Error.new_literal(GProc.StreamError.quark(), 'too long',
                                   GProc.StreamError.LIMIT_OVERRUN)
    assert error.matches(GProc.StreamError.quark(), GProc.StreamError.LIMIT_OVERRUN)


def every_asynchronous_method_has_its_finish():
    for owner in NAMESPACE:
        methods = {method.get('shadows') or method.get('name'): method
                   for method in owner.findall(CORE + 'method') if not method.get('shadowed-by')}
        for name, method in methods.items():
            if not name.endswith('_async'):
                continue
            finish = methods.get(name[:-len('async')] + 'finish')
            assert finish is not None, name
            parameters = [parameter.get('name') for parameter
                          in method.findall(CORE + 'parameters/' + CORE + 'parameter')]
            assert parameters[-4:] == ['io_priority', 'cancellable', 'callback', 'user_data'], \
                (name, parameters)
            callback = method.find(f'.//{CORE}parameter[@name="callback"]')
            assert callback.get('scope') == 'async' and callback.get('nullable') == '1', name


def everything_is_documented_and_dated():
    bare = []
    for element in list(callables()) + list(NAMESPACE):
        if element.tag == CORE + 'record' or element.get('name', '').endswith('_get_type'):
            continue
        if element.find(CORE + 'doc') is None:
            bare.append(element.get(C + 'identifier') or element.get('name'))
    for element in NAMESPACE.iter():
        if element.tag in (CORE + 'method', CORE + 'constructor', CORE + 'function',
                           CORE + 'property', GLIB + 'signal') and element.get('version') != '1.0':
            bare.append('version of ' + element.get('name'))
    assert not bare, bare


def nothing_of_gio_is_shadowed():
    taken = {'read', 'read_async', 'read_finish', 'read_bytes', 'read_bytes_async', 'read_all',
             'read_all_async', 'skip', 'close', 'close_async', 'close_finish', 'write',
             'write_async', 'write_all', 'write_bytes', 'writev', 'flush', 'flush_async',
             'is_closed', 'has_pending', 'set_pending', 'clear_pending', 'splice'}
    for name in 'Reader', 'Writer', 'Stream', 'Pipeline':
        element = NAMESPACE.find(f'{CORE}class[@name="{name}"]')
        own = {method.get('name') for method in element.findall(CORE + 'method')}
        assert not own & taken, own & taken
        properties = {prop.get('name') for prop in element.findall(CORE + 'property')}
        assert not properties & {'closed', 'input-stream', 'output-stream'}, properties


def the_agreed_methods_exist():
    for name in ('read_some read_line read_line_utf8 read_exactly read_until read_until_any '
                 'read_to_end read_lines fill').split():
        for form in name, name + '_async', name + '_finish':
            assert callable(getattr(GProc.Reader, form)), form
    for name in 'try_read_some try_read_line try_read_lines peek unread at_eof get_fd'.split():
        assert callable(getattr(GProc.Reader, name)), name
    for name in ('queue queue_bytes queuev drain drain_async drain_finish try_flush write_eof '
                 'can_write_eof abort set_watermarks get_fd').split():
        assert callable(getattr(GProc.Writer, name)), name
    for name in ('try_wait wait wait_async wait_check wait_buffered_async send_signal terminate '
                 'kill send_signal_group stop stop_async abort communicate communicate_async '
                 'communicate_utf8 communicate_utf8_async resize get_reader get_writer').split():
        assert callable(getattr(GProc.Stream, name)), name
    for name in ('append spawn get_stage get_stdin get_stdout get_returncodes try_wait wait '
                 'wait_async wait_check wait_check_async stop stop_async abort').split():
        assert callable(getattr(GProc.Pipeline, name)), name
    for name in ('flush is_done run run_async run_finish run_all_async run_all_finish '
                 'get_bytes_transferred').split():
        assert callable(getattr(GProc.Pump, name)), name
    assert callable(GProc.Stream.splice_async) and callable(GProc.Stream.splice_finish)
    for name in ('get_stdout get_stderr read_frame try_read_frame read_frame_async '
                 'read_frame_finish close').split():
        assert callable(getattr(GProc.Demuxer, name)), name
    for name in ('queue queue_bytes write_frame write_frame_async write_frame_finish '
                 'get_writer').split():
        assert callable(getattr(GProc.Muxer, name)), name
    assert callable(GProc.Stream.new_for_multiplexed)
    for name in 'wait try_wait send_signal resize close get_identifier get_command output_ended'.split():
        assert callable(getattr(GProc.Backend, name)), name


def bytes_are_arrays_with_a_length():
    writer = GProc.Writer.new(Gio.MemoryOutputStream.new_resizable())
    assert writer.queue(b'with \0 in it') is True
    assert writer.get_bytes_accepted() == 12
    reader = GProc.Reader.new(Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(b'a\0b--c')))
    assert reader.read_until(b'--', None).get_data() == b'a\0b--'
    assert reader.read_to_end(-1, None).get_data() == b'c'
    assert reader.read_line(None) is None
    # An array of what is no object needs the form that has pointers in its typelib.
    reader = GProc.Reader.new(Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(b'a\0b;c')))
    separators = [GLib.Bytes.new(b';'), GLib.Bytes.new(b'\0')]
    assert reader.read_until_any(separators, None).get_data() == b'a\0'
    assert reader.read_until_any(separators, None).get_data() == b'b;'


def the_end_of_a_stream_is_told_from_nothing():
    reader = GProc.Reader.new(Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(b'\n')))
    assert reader.read_line_utf8(None) == ''
    assert reader.read_line_utf8(None) is None
    assert reader.read_bytes(10, None).get_data() == b''


def objects_without_arguments_print_nothing():
    program = 'import gi; gi.require_version("GProc", "1"); from gi.repository import GProc\n' \
        'for name in "Stream", "Reader", "Writer", "Launcher", "Result", "Pipeline", "Pump", \\\n' \
        '            "Demuxer", "Muxer":\n' \
        '    thing = getattr(GProc, name)()\n' \
        '    if hasattr(thing, "close"): thing.close(None)\n' \
        '    del thing\n' \
        'stream = GProc.Stream()\n' \
        'stream.get_returncode(), stream.get_pid(), stream.abort(), stream.try_wait()\n' \
        'stream.get_input_stream().close(None)\n' \
        'GProc.Pipeline().abort()\n' \
        'GProc.Pump().is_done()\n'
    result = subprocess.run([sys.executable, '-c', program], check=False, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert result.returncode == 0 and result.stdout == b'', result


tap.run('/gproc/introspection', there_are_these_types_and_no_other,
        classes_are_derived_as_documented, nothing_private_is_there, constants_are_few,
        a_variable_number_of_arguments_is_hidden, enumerations_have_types,
        the_error_enumeration_is_a_domain, every_asynchronous_method_has_its_finish,
        everything_is_documented_and_dated, nothing_of_gio_is_shadowed, the_agreed_methods_exist,
        bytes_are_arrays_with_a_length, the_end_of_a_stream_is_told_from_nothing,
        objects_without_arguments_print_nothing)
