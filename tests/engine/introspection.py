#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What bindings see of the second library, whose namespace shares the prefix of the first one.

usage: introspection.py GProcEngine-1.gir
"""

import os
import subprocess
import sys
import xml.etree.ElementTree

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import gi  # noqa: E402

gi.require_version('GProcEngine', '1')
gi.require_version('GProc', '1')

from gi.repository import Gio, GLib, GObject, GProc, GProcEngine  # noqa: E402

import tap  # noqa: E402

CORE = '{http://www.gtk.org/introspection/core/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'
ROOT = xml.etree.ElementTree.parse(sys.argv[1]).getroot()
NAMESPACE = ROOT.find(CORE + 'namespace')


def callables():
    for element in NAMESPACE.iter():
        if element.tag in (CORE + 'function', CORE + 'method', CORE + 'constructor'):
            yield element


def there_are_these_types_and_no_other():
    found = {element.get('name') for element in NAMESPACE
             if element.tag in (CORE + 'class', CORE + 'interface', CORE + 'record', CORE + 'alias',
                                CORE + 'enumeration', CORE + 'bitfield', CORE + 'callback')}
    assert found == {'Engine', 'EngineClass', 'Container', 'ContainerClass', 'LogFlags'}, found
    assert NAMESPACE.get(C + 'identifier-prefixes') == 'GProc'
    assert NAMESPACE.get(C + 'symbol-prefixes') == 'gproc'
    assert not [element for element in NAMESPACE
                if element.tag in (CORE + 'function', CORE + 'constant')]


def the_types_of_the_first_library_are_its_own():
    included = {element.get('name') for element in ROOT.findall(CORE + 'include')}
    assert 'GProc' in included, included
    assert GProcEngine.Engine.__gtype__.name == 'GProcEngine'
    assert GProcEngine.Container.__gtype__.name == 'GProcContainer'
    stream = NAMESPACE.find(f'.//{CORE}method[@name="exec"]/{CORE}return-value/{CORE}type')
    assert stream.get('name') == 'GProc.Stream', stream.attrib
    assert not hasattr(GProc, 'Engine') and not hasattr(GProc, 'Container')


def nothing_of_gobject_is_hidden():
    for kind in GProcEngine.Engine, GProcEngine.Container:
        for name in 'connect', 'disconnect', 'emit', 'get_property', 'ref', 'notify':
            assert getattr(kind, name, None) is getattr(GObject.Object, name, None) or \
                name not in kind.__dict__, (kind, name)


def every_call_has_both_forms():
    for owner in NAMESPACE.findall(CORE + 'class'):
        names = {element.get('name') for element in owner
                 if element.tag in (CORE + 'method', CORE + 'function')}
        for name in names:
            if not name.endswith('_async'):
                continue
            stem = name[:-len('_async')]
            assert stem + '_finish' in names, name
            assert stem in names or stem == 'connect', name
            parameters = [parameter.get('name') for parameter in
                          owner.find(f'*[@name="{name}"]').iter(CORE + 'parameter')]
            assert parameters[-4:] == ['io_priority', 'cancellable', 'callback', 'user_data']
    for name in 'ping exec create list get_container'.split():
        assert callable(getattr(GProcEngine.Engine, name + '_async')), name
    for name in 'refresh start attach exec logs wait kill stop resize remove'.split():
        assert callable(getattr(GProcEngine.Container, name + '_async')), name


def everything_is_documented_and_dated():
    bare = [element.get(C + 'identifier') or element.get('name')
            for element in list(callables()) + list(NAMESPACE)
            if element.tag != CORE + 'record' and element.find(CORE + 'doc') is None and
            not element.get('name', '').endswith('_get_type')]
    assert not bare, bare
    undated = [element.get('name') for element in NAMESPACE.iter()
               if element.tag in (CORE + 'method', CORE + 'constructor', CORE + 'property') and
               element.get('version') != '1.0']
    assert not undated, undated


def errors_are_those_of_gio_and_of_the_first_library():
    try:
        GProcEngine.Engine.new('nonsense')
        raise AssertionError('that is an address')
    except GLib.Error as error:
        assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.INVALID_ARGUMENT)
    engine = GProcEngine.Engine.new('unix:///nowhere/engine.sock')
    try:
        engine.exec('web', ['true'], None, None)
        raise AssertionError('there is an engine')
    except GLib.Error as error:
        assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND), error
    engine.set_ssh_command(['ssh', '-v'])
    assert engine.props.ssh_command == ['ssh', '-v'] and engine.props.timeout == 30000


def objects_without_arguments_print_nothing():
    program = 'import gi; gi.require_version("GProcEngine", "1")\n' \
        'gi.require_version("GProc", "1"); from gi.repository import GProcEngine\n' \
        'GProcEngine.Engine().get_address(), GProcEngine.Container().get_state()\n'
    result = subprocess.run([sys.executable, '-c', program], check=False, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert result.returncode == 0 and result.stdout == b'', result


tap.run('/gproc/engine-introspection', there_are_these_types_and_no_other,
        the_types_of_the_first_library_are_its_own, nothing_of_gobject_is_hidden,
        every_call_has_both_forms, everything_is_documented_and_dated,
        errors_are_those_of_gio_and_of_the_first_library, objects_without_arguments_print_nothing)
