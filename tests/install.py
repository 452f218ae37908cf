#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installs the library into a prefix and uses it from there, as a user of it would.

usage: install.py MESON BUILD-FOLDER [--introspection] [--vapi] [--nls] [--tool] [--man]
       [--engine] [--installed-tests]
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import tap

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MESON, BUILD = sys.argv[1:3]
OPTIONS = 'introspection', 'vapi', 'nls', 'tool', 'man', 'engine'
FEATURES = [name for name in OPTIONS if '--' + name in sys.argv]
FOLDER = tempfile.TemporaryDirectory()
PREFIX = os.path.join(FOLDER.name, 'prefix')

CONSUMER = '''
#include <gprocstream/gprocstream.h>

#if !GPROC_CHECK_VERSION (1, 0, 0)
#error "The version of the headers is wrong"
#endif

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcStream) cat = NULL;
  g_autofree char *line = NULL;

  cat = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, &error, "cat", NULL);
  g_assert_no_error (error);
  gproc_writer_queue (gproc_stream_get_stdin (cat), "installed\\n", -1, &error);
  g_assert_no_error (error);
  line = gproc_reader_read_line_utf8 (gproc_stream_get_stdout (cat), NULL, &error);
  g_print ("%s\\n", line);
  return 0;
}
'''

VALA_CONSUMER = '''
public int main () {
    try {
        var cat = new GProc.Stream ({ "cat" });
        cat.stdin.queue ("installed\\n".data);
        print ("%s\\n", cat.stdout.read_line_utf8 ());
    } catch (Error error) {
        return 1;
    }
    return 0;
}
'''


def run(*command, environment=None, folder=None):
    result = subprocess.run(command, check=False, cwd=folder or FOLDER.name,
                            env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=400)
    assert result.returncode == 0, f'{command}\n{result.stdout.decode()}'
    return result.stdout.decode()


def installed(*path):
    return os.path.join(PREFIX, *path)


OVERRIDES = os.path.join(TOP, 'gprocstream', 'bindings', 'python')


def overrides_folder():
    """Where a python3 whose prefix this is looks for the overrides of PyGObject."""
    folders = glob.glob(installed('**', 'gi', 'overrides'), recursive=True)
    assert len(folders) == 1, folders
    return folders[0]


ENVIRONMENT = {'PKG_CONFIG_PATH': installed('lib', 'pkgconfig'),
               'LD_LIBRARY_PATH': installed('lib'),
               'GI_TYPELIB_PATH': installed('lib', 'girepository-1.0'),
               'XDG_DATA_DIRS': installed('share') + ':/usr/local/share:/usr/share'}


def pkg_config(*arguments):
    return run('pkg-config', *arguments, 'gprocstream-1', environment=ENVIRONMENT).split()


def program(name, text, *arguments):
    path = os.path.join(FOLDER.name, name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    return run(*arguments, path, '-o', path + '.out', *pkg_config('--cflags', '--libs'),
               environment=ENVIRONMENT) and '' or path + '.out'


def meson_install_fills_a_prefix():
    options = ['-D' + name + ('=enabled' if name in FEATURES else '=disabled')
               for name in OPTIONS]
    build = os.path.join(FOLDER.name, 'build')
    run(MESON, 'setup', '--buildtype=plain', '--prefix', PREFIX, '--libdir=lib', '-Dtests=false',
        '-Ddocs=disabled', *options, build, TOP)
    run(MESON, 'install', '-C', build)
    assert os.path.islink(installed('lib', 'libgprocstream-1.so'))
    assert os.path.realpath(installed('lib', 'libgprocstream-1.so.0')).endswith('.so.0.0.0')
    assert not glob.glob(installed('**', '*.a'), recursive=True)


def all_public_headers_and_no_other_are_there():
    folder = os.path.join(TOP, 'gprocstream')
    wanted = [os.path.relpath(path, folder)
              for path in glob.glob(os.path.join(folder, '**', '*.h'), recursive=True)
              if not path.endswith('-private.h')]
    if 'engine' not in FEATURES:
        wanted = [path for path in wanted if 'engine' not in path]
    wanted.append(os.path.join('base', 'gproc-version.h'))
    root = installed('include', 'gprocstream-1', 'gprocstream')
    found = [os.path.relpath(path, root)
             for path in glob.glob(os.path.join(root, '**', '*.h'), recursive=True)]
    assert sorted(found) == sorted(wanted), (found, wanted)


def pkg_config_says_all_that_is_needed():
    assert pkg_config('--modversion') == [re.search(
        r"version: '([^']+)'", open(os.path.join(TOP, 'meson.build'), encoding='utf-8').read())[1]]
    assert f'-I{installed("include", "gprocstream-1")}' in pkg_config('--cflags-only-I')
    assert '-lgprocstream-1' in pkg_config('--libs-only-l')
    assert 'gio-2.0' in ' '.join(pkg_config('--print-requires'))


def a_program_is_built_by_pkg_config_alone():
    path = program('consumer.c', CONSUMER, *os.environ.get('CC', 'cc').split(), '-std=c99', '-Wall',
                   '-Wextra', '-Werror', '-pedantic', '-Wno-error=pedantic')
    assert run(path, environment=ENVIRONMENT) == 'installed\n'


ENGINE_CONSUMER = '''
#include <gprocstream/gprocstream-engine.h>

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GProcEngine) engine = gproc_engine_new ("unix:///nowhere/there.sock", &error);

  g_assert_no_error (error);
  g_print ("%d\\n", gproc_engine_ping (engine, NULL, &error));
  return error == NULL;
}
'''


def the_second_library_is_found_by_pkg_config_alone():
    if 'engine' not in FEATURES:
        assert not glob.glob(installed('**', '*engine*'), recursive=True)
        raise tap.Skip('built without the client for container engines')
    path = os.path.join(FOLDER.name, 'engine.c')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(ENGINE_CONSUMER)
    flags = run('pkg-config', '--cflags', '--libs', 'gprocstream-engine-1',
                environment=ENVIRONMENT).split()
    assert '-lgprocstream-engine-1' in flags and '-lgprocstream-1' in flags, flags
    assert not [flag for flag in flags if 'soup' in flag or 'json' in flag], flags
    run('cc', '-Wall', '-Wextra', '-Werror', path, '-o', path + '.out', *flags,
        environment=ENVIRONMENT)
    assert run(path + '.out', environment=ENVIRONMENT) == '0\n'
    # The first library knows nothing of the second one, nor of what that needs.
    needed = run('objdump', '-p', installed('lib', 'libgprocstream-1.so.0'))
    assert not re.search('NEEDED.*(engine|soup|json)', needed), needed


def the_second_typelib_is_found():
    if 'engine' not in FEATURES or 'introspection' not in FEATURES:
        raise tap.Skip('built without introspection, or without the client for container engines')
    text = run(sys.executable, '-c', 'import gi; gi.require_version("GProcEngine", "1")\n'
               'gi.require_version("GProc", "1"); from gi.repository import GProcEngine\n'
               'print(GProcEngine.Engine.new("unix:///x").get_address())', environment=ENVIRONMENT)
    assert text == 'unix:///x\n', text
    assert os.path.exists(installed('share', 'gir-1.0', 'GProcEngine-1.gir'))


def a_vala_program_is_built_with_the_second_library():
    if 'engine' not in FEATURES or 'vapi' not in FEATURES:
        raise tap.Skip('built without the Vala bindings, or without the client')
    path = os.path.join(FOLDER.name, 'engine.vala')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('public int main () {\n'
                   '    try {\n'
                   '        var engine = new GProcEngine.Engine ("unix:///x");\n'
                   '        print ("%s\\n", engine.address);\n'
                   '        GProc.Stream web = engine.exec ("web", { "true" });\n'
                   '        web.abort ();\n'
                   '    } catch (Error error) {\n'
                   '        return 0;\n'
                   '    }\n'
                   '    return 1;\n'
                   '}\n')
    run('valac', '--pkg', 'gprocstream-engine-1', '-o', path + '.out', path,
        environment=ENVIRONMENT)
    assert run(path + '.out', environment=ENVIRONMENT) == 'unix:///x\n'


def a_header_alone_is_refused():
    path = os.path.join(FOLDER.name, 'alone.c')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('#include <gprocstream/streams/gproc-reader.h>\n')
    result = subprocess.run(['cc', '-fsyntax-only', path, *pkg_config('--cflags')], check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert result.returncode != 0
    assert b'Only <gprocstream/gprocstream.h> can be included' in result.stdout


def the_headers_are_good_cplusplus():
    if not shutil.which('g++'):
        raise tap.Skip('there is no C++ compiler')
    path = os.path.join(FOLDER.name, 'consumer.cc')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('#include <gprocstream/gprocstream.h>\nint main () { return 0; }\n')
    run('g++', '-Wall', '-Werror', '-fsyntax-only', path, *pkg_config('--cflags'))


def the_typelib_is_found():
    if 'introspection' not in FEATURES:
        raise tap.Skip('built without introspection')
    text = run(sys.executable, '-c', 'import gi; gi.require_version("GProc", "1")\n'
               'from gi.repository import GProc\n'
               'print(GProc.Launcher().run(["echo", "installed"], None, None).get_stdout_utf8())',
               environment=ENVIRONMENT)
    assert text == 'installed\n\n', text
    assert os.path.exists(installed('share', 'gir-1.0', 'GProc-1.gir'))


def the_javascript_override_is_found():
    if 'introspection' not in FEATURES or not shutil.which('gjs'):
        raise tap.Skip('built without introspection, or there is no gjs')
    # As where it is installed with the prefix of the system: none of what is in the build folder.
    environment = {**ENVIRONMENT, 'GJS_PATH': '',
                   'XDG_DATA_DIRS': f'{installed("share")}:/usr/share'}
    text = run('gjs', '-c', 'imports.gi.versions.GProc = "1"; const {GProc} = imports.gi;\n'
               'for (const line of GProc.Stream.new(["echo", "installed"]).stdout) print(line);',
               environment=environment)
    assert text == 'installed\n', text
    assert os.path.exists(installed('share', 'gprocstream-1', 'GProc.d.ts'))


def the_python_override_is_found():
    if 'introspection' not in FEATURES:
        raise tap.Skip('built without introspection')
    wanted = ['GProc.py', 'GProcEngine.py', *(
        os.path.relpath(path, OVERRIDES) for path in glob.glob(
            os.path.join(OVERRIDES, '_gproc', '**', '*.py'), recursive=True))]
    if 'engine' not in FEATURES:
        wanted = [path for path in wanted if 'engine' not in path.lower()]
    found = [os.path.relpath(path, overrides_folder())
             for path in glob.glob(os.path.join(overrides_folder(), '**', '*'), recursive=True)
             if os.path.isfile(path)]
    assert sorted(found) == sorted(wanted), (found, wanted)
    path = os.path.dirname(os.path.dirname(overrides_folder()))
    text = run(sys.executable, '-c', 'import gi; gi.require_version("GProc", "1")\n'
               'from gi.repository import GProc\n'
               'print(list(GProc.Stream.new(["printf", "installed"]).stdout))',
               environment={**ENVIRONMENT, 'PYTHONPATH': path})
    assert text == "[b'installed']\n", text


def the_folder_of_the_python_override_is_right():
    """Below the prefix of PyGObject, of Python, of neither, and where an option says."""
    if 'introspection' not in FEATURES:
        raise tap.Skip('built without introspection')
    script = os.path.join(OVERRIDES, 'overrides-dir.py')
    own = run(sys.executable, '-I', '-c', 'import gi; print(gi.__path__[0])').strip()
    assert run(sys.executable, '-I', script, '/usr').strip() == os.path.join(own, 'overrides')
    searched = run(sys.executable, '-I', '-c', 'import sys; print("\\n".join(sys.path))').split()
    local = run(sys.executable, '-I', script, '/usr/local').strip()
    assert local.startswith('/usr/local/') and local.endswith('/gi/overrides')
    assert os.path.dirname(os.path.dirname(local)) in searched or not [
        path for path in searched if path.startswith('/usr/local/')], local
    assert run(sys.executable, '-I', script, '/opt/some').startswith('/opt/some/lib/python3.')
    build = os.path.join(FOLDER.name, 'build')
    run(MESON, 'configure', build, '-Dpygi_overrides_dir=' + installed('elsewhere'))
    root = os.path.join(FOLDER.name, 'elsewhere')
    run(MESON, 'install', '-C', build, '--destdir', root)
    assert os.path.isfile(root + installed('elsewhere', 'GProc.py'))


def a_vala_program_is_built():
    if 'vapi' not in FEATURES:
        raise tap.Skip('built without the Vala bindings')
    path = os.path.join(FOLDER.name, 'consumer.vala')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(VALA_CONSUMER)
    run('valac', '--pkg', 'gprocstream-1', '-o', path + '.out', path, environment=ENVIRONMENT)
    assert run(path + '.out', environment=ENVIRONMENT) == 'installed\n'


def a_program_is_built_where_nothing_is_installed():
    sources = {'gprocstream-1': (CONSUMER, 'installed\n')}
    if 'engine' in FEATURES:
        sources['gprocstream-engine-1'] = ENGINE_CONSUMER, '0\n'
    # Not to be found by what the compiler was told in the environment.
    command = ['env', '-u', 'CPATH', '-u', 'C_INCLUDE_PATH', MESON, 'devenv', '-C', BUILD]
    for library, (source, output) in sources.items():
        path = os.path.join(FOLDER.name, library + '-uninstalled.c')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(source)
        run(*command, 'sh', '-c', '${CC:-cc} "$0" -o "$0.out" $(pkg-config --cflags --libs "$1")',
            path, library)
        assert run(*command, path + '.out').endswith(output)


def a_vala_program_is_built_where_nothing_is_installed():
    if 'vapi' not in FEATURES:
        raise tap.Skip('built without the Vala bindings')
    path = os.path.join(FOLDER.name, 'uninstalled.vala')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(VALA_CONSUMER)
    # Whether it is set or not, what is there besides is found as ever.
    for outside in {'XDG_DATA_DIRS': FOLDER.name}, {}:
        inherited = [f'{name}={value}' for name, value in outside.items()]
        command = ['env', '-u', 'XDG_DATA_DIRS', *inherited, MESON, 'devenv', '-C', BUILD]
        run(*command, 'valac', '--pkg', 'gprocstream-1', '-X', '-w', '-o', path + '.out', path)
        assert run(*command, path + '.out').endswith('installed\n')
        shown = run(*command, 'printenv', 'XDG_DATA_DIRS').split()[-1].split(':')
        # Some versions of Meson add the defaults as well.
        assert list(dict.fromkeys(shown[1:])) == [
            *outside.values(), '/usr/local/share', '/usr/share'], shown
        os.remove(path + '.out')


def vala_bindings_are_made_anew_for_their_metadata():
    if 'vapi' not in FEATURES:
        raise tap.Skip('built without the Vala bindings')
    wanted = {'gprocstream-1': ['GProc-1.gir', 'GProc-1-custom.vala', 'GProc-1.metadata']}
    if 'engine' in FEATURES:
        wanted['gprocstream-engine-1'] = ['GProcEngine-1.gir', 'GProcEngine-1.metadata']
    for library, names in wanted.items():
        text = run('ninja', '-C', BUILD, '-t', 'query',
                   f'gprocstream/bindings/vala/vapi/{library}.vapi')
        inputs = [os.path.basename(path) for path in text.partition('outputs:')[0].split()]
        assert not set(names) - set(inputs), text


def the_command_is_complete():
    """Program, completion and manual page, which man reads without a complaint."""
    if 'tool' not in FEATURES:
        assert not os.path.exists(installed('bin'))
        raise tap.Skip('built without the command')
    assert os.listdir(installed('bin')) == ['gproc']
    text = run(installed('bin', 'gproc'), 'run', 'echo', 'installed', environment=ENVIRONMENT)
    assert text == 'installed\n'
    completion = installed('share', 'bash-completion', 'completions', 'gproc')
    assert 'complete -F _gproc gproc' in run('bash', '-c', '. "$0"; complete -p gproc', completion)
    if 'man' not in FEATURES:
        raise tap.Skip('built without the manual page')
    page = installed('share', 'man', 'man1', 'gproc.1')
    if not shutil.which('man'):
        raise tap.Skip('there is no man')
    text = run('man', '--warnings', '--local-file', page, environment={'MANWIDTH': '80'})
    assert 'warning' not in text and 'gproc serve' in text and 'EXIT STATUS' in text, text
    # What the command says of its options and what the page says are the same ones.
    for command in ['run', 'pipe', 'serve'] + ['exec'] * ('engine' in FEATURES):
        said = run(installed('bin', 'gproc'), command, '--help', environment=ENVIRONMENT)
        for option in re.findall(r'--[a-z-]+', said):
            assert option == '--help' or option in text, option


def translations_are_found():
    if 'nls' not in FEATURES:
        raise tap.Skip('built without translations')
    with open(os.path.join(TOP, 'po', 'LINGUAS'), encoding='utf-8') as file:
        languages = [line.strip() for line in file if line.strip() and line[0] != '#']
    found = glob.glob(installed('share', 'locale', '*', 'LC_MESSAGES', 'gprocstream-1.mo'))
    assert sorted(path.split(os.sep)[-3] for path in found) == sorted(languages)


def messages_are_translated():
    if 'nls' not in FEATURES or 'introspection' not in FEATURES:
        raise tap.Skip('built without translations, or without introspection')
    # Only in a locale that is not C.UTF-8 translations are looked for since glibc 2.37.
    locales = os.path.join(FOLDER.name, 'locales')
    os.mkdir(locales)
    if os.path.exists('/usr/share/i18n/locales/de_DE'):
        run('localedef', '-i', 'de_DE', '-f', 'UTF-8', os.path.join(locales, 'de_DE.UTF-8'))
    else:
        raise tap.Skip('there is no description of a locale (package locales)')
    text = run(sys.executable, '-c', 'import gi, locale; locale.setlocale(locale.LC_ALL, "")\n'
               'gi.require_version("GProc", "1"); from gi.repository import GLib, GProc\n'
               'try: GProc.Launcher().run(["false"], None, None).check()\n'
               'except GLib.Error as error: print(error.message)',
               environment={**ENVIRONMENT, 'LOCPATH': locales, 'LC_ALL': 'de_DE.UTF-8', 'LANGUAGE': ''})
    assert text == '„false“ endete mit dem Status 1\n', text
    if 'tool' not in FEATURES:
        return
    text = run('sh', '-c', '"$0" walk; "$0" run --help', installed('bin', 'gproc'),
               environment={**ENVIRONMENT, 'LOCPATH': locales, 'LC_ALL': 'de_DE.UTF-8', 'LANGUAGE': ''})
    assert 'gproc: Es gibt keinen Befehl „walk“' in text, text
    assert 'Beendet das Programm nach dieser Zeit' in text, text


def installed_tests_run_from_where_they_are_installed():
    if '--installed-tests' not in sys.argv:
        raise tap.Skip('configured without -Dinstalled_tests=true')
    root = os.path.join(FOLDER.name, 'root')
    run(MESON, 'install', '-C', BUILD, '--no-rebuild', '--destdir', root)
    tests = glob.glob(os.path.join(root, '**', 'installed-tests', 'gprocstream-1', '*.test'),
                      recursive=True)
    libraries = glob.glob(os.path.join(root, '**', 'libgprocstream-1.so.0'), recursive=True)
    assert tests and len(libraries) == 1
    for path in tests:
        with open(path, encoding='utf-8') as file:
            command = re.search(r'^Exec=(.*)$', file.read(), re.M)[1].split()
        # They are below another root than the one that they name.
        command = [re.sub(r'(^|=)/', rf'\1{root}/', word) for word in command]
        assert os.access(command[-2], os.X_OK), command
        listed = run(*command, '-l', environment={'LD_LIBRARY_PATH': os.path.dirname(libraries[0])})
        assert '/gproc/' in listed, listed
        if path.endswith('test-reader.test'):
            run(*command, environment={'LD_LIBRARY_PATH': os.path.dirname(libraries[0])})


tap.run('/gproc/install', meson_install_fills_a_prefix, all_public_headers_and_no_other_are_there,
        pkg_config_says_all_that_is_needed, a_program_is_built_by_pkg_config_alone,
        the_second_library_is_found_by_pkg_config_alone, the_second_typelib_is_found,
        a_vala_program_is_built_with_the_second_library, a_header_alone_is_refused, the_headers_are_good_cplusplus, the_typelib_is_found,
        the_python_override_is_found, the_folder_of_the_python_override_is_right,
        the_javascript_override_is_found, a_vala_program_is_built,
        a_program_is_built_where_nothing_is_installed,
        a_vala_program_is_built_where_nothing_is_installed,
        vala_bindings_are_made_anew_for_their_metadata, the_command_is_complete,
        translations_are_found, messages_are_translated, installed_tests_run_from_where_they_are_installed)
