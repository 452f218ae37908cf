#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The type stubs say what is there at run time, and a type checker reads them.

usage: stubs.py GProc-1.gir
"""

import ast
import difflib
import glob
import inspect
import os
import re
import shutil
import subprocess
import sys
import tempfile

import gi
import gi._gi

gi.require_version('GProc', '1')

from gi.repository import GObject, GProc  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, 'tests'))

import tap  # noqa: E402

STUBS = os.path.join(TOP, 'gprocstream', 'bindings', 'python', 'stubs')
FOLDER = os.path.join(STUBS, 'gi', 'repository', 'GProc')
INFOS = {info.get_name(): info for info in gi._gi.Repository.get_default().get_infos('GProc')}
# What a number stands for in the library and None in Python.
NONE_NUMBERS = {'read_frame', 'try_read_frame', 'read_frame_finish', 'attach_finish', 'get_returncode', 'try_wait', 'wait', 'wait_finish', 'wait_buffered',
                'wait_buffered_finish'}
# Parameters that introspection takes for nullable, or not, and the override for the opposite.
NULLABLE_DIFFERENCES = {('communicate', 'input'), ('communicate_utf8', 'input'),
                        ('finish', 'returncode')}


def parse(*path):
    with open(os.path.join(FOLDER, *path), encoding='utf-8') as file:
        return ast.parse(file.read())


STUB, AIO_STUB = parse('__init__.pyi'), parse('aio', '__init__.pyi')
SUBPROCESS_STUB = parse('aio', 'subprocess.pyi')


def members(body):
    """name → the declarations of it, several where it is overloaded."""
    result = {}
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            result.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.AnnAssign):
            result.setdefault(node.target.id, []).append(node)
        elif isinstance(node, ast.Assign):
            result.setdefault(node.targets[0].id, []).append(node)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.asname == alias.name:
                    result.setdefault(alias.name, []).append(node)
    return result


def decorators(node):
    return [getattr(decorator, 'id', getattr(decorator, 'attr', None))
            for decorator in getattr(node, 'decorator_list', [])]


def parameters(node, is_bound):
    arguments = node.args
    names = [argument.arg for argument in arguments.posonlyargs + arguments.args]
    if is_bound:
        names = names[1:]
    return names + [argument.arg for argument in arguments.kwonlyargs]


def annotations(node):
    return {argument.arg: ast.unparse(argument.annotation)
            for argument in node.args.args + node.args.kwonlyargs if argument.annotation}


def may_be_none(annotation):
    return bool(re.search(r'\| None$', annotation))


def signature(function):
    """The names of parameters that Python knows of, None for a wrapper of any arguments."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in found):
        return None
    return [parameter.name for parameter in found
            if parameter.kind is not parameter.VAR_POSITIONAL]


def index(info, name):
    """Newer versions of PyGObject say of these numbers that they are indices."""
    return getattr(info, name + '_index', None) or getattr(info, name)


def type_info(argument):
    """Newer versions of PyGObject have it under another name."""
    return (getattr(argument, 'get_type_info', None) or argument.get_type)()


def in_arguments(info):
    """What Python passes: without the lengths of arrays and the data of callbacks."""
    arguments = info.get_arguments()
    hidden = {index(argument, 'get_closure')() for argument in arguments}
    hidden |= {index(type_info(argument), 'get_array_length')() for argument in arguments}
    return [argument for index, argument in enumerate(arguments)
            if index not in hidden and argument.get_direction() != 1]


STUB_MEMBERS = members(STUB.body)
CLASSES = {name: members(nodes[0].body) for name, nodes in STUB_MEMBERS.items()
           if isinstance(nodes[0], ast.ClassDef) and not name.startswith('_')}


def the_stub_is_what_the_generator_makes():
    made = subprocess.run([sys.executable, os.path.join(STUBS, 'generate.py'), sys.argv[1]],
                          check=True, stdout=subprocess.PIPE).stdout.decode()
    with open(os.path.join(FOLDER, '__init__.pyi'), encoding='utf-8') as file:
        kept = file.read()
    difference = difflib.unified_diff(kept.splitlines(), made.splitlines(), 'kept', 'made', n=0)
    assert kept == made, '\n'.join(difference)


def every_name_is_in_both():
    there = {name for name in INFOS if not name.endswith(('Class', 'BackendInterface'))}
    there |= set(sys.modules['gi.overrides.GProc'].__all__)
    stubbed = {name for name in STUB_MEMBERS if not name.startswith('_')}
    assert stubbed == there, stubbed ^ there
    for name in stubbed:
        assert hasattr(GProc, name), name


def enumerations_have_the_same_members():
    seen = 0
    for name, info in INFOS.items():
        if type(info).__name__ == 'EnumInfo':
            there = {value.get_name().upper() for value in info.get_values()}
            there |= {method.get_name() for method in info.get_methods()}
            if info.is_flags():
                there |= {'__or__', '__and__'}
            if hasattr(getattr(GProc, name), 'quark'):
                there.add('quark')
            assert set(CLASSES[name]) == there, (name, set(CLASSES[name]) ^ there)
            seen += len(there)
    assert seen > 20


def is_ours(kind):
    return kind.__module__.startswith(('gi.overrides.GProc', 'gi.overrides._gproc'))


def object_infos():
    for name, info in INFOS.items():
        if type(info).__name__ in ('ObjectInfo', 'InterfaceInfo'):
            yield name, info, getattr(GProc, name)


def methods_and_properties_are_in_both():
    for name, info, kind in object_infos():
        there = {method.get_name() for method in info.get_methods()}
        is_interface = type(info).__name__ == 'InterfaceInfo'
        if is_interface:
            there |= {'do_' + vfunc.get_name() for vfunc in info.get_vfuncs()}
        else:
            own = [item for item in GObject.list_properties(kind)
                   if item.owner_type == kind.__gtype__]
            there |= {item.name.replace('-', '_') for item in own}
            for base in kind.__mro__:
                # What the override adds, also to what GIO has.
                if is_ours(base):
                    there |= {member for member in vars(base) if not member.startswith('_')}
            there -= {member for member in there if member not in CLASSES[name]
                      and is_as_in_gio(kind, member)}
        stubbed = {member for member in CLASSES[name] if not member.startswith('__')}
        assert stubbed == there, (name, stubbed ^ there)
        for member in CLASSES[name]:
            assert hasattr(kind, member) or is_interface, (name, member)


def is_as_in_gio(kind, member):
    """Whether a method of GIO is only wrapped: it is called as ever, which GIO's stub says."""
    function = getattr(kind, member)
    return (any(hasattr(base, member) for base in kind.__mro__[1:]
                if base.__module__ == 'gi.repository.Gio')
            and (signature(function) is None or member.endswith('_finish')))


def parameters_have_the_names_that_they_have():
    seen = 0
    for name, info, kind in object_infos():
        infos = {method.get_name(): method for method in info.get_methods()}
        for member, nodes in CLASSES[name].items():
            if not isinstance(nodes[0], ast.FunctionDef) or 'property' in decorators(nodes[0]):
                continue
            is_bound = 'staticmethod' not in decorators(nodes[0])
            function = inspect.getattr_static(kind, member, None)
            function = getattr(function, '__func__', function)
            known = signature(function) if inspect.isfunction(function) else None
            if known is not None and is_bound:
                known = known[1:]
            if known is None and member in infos:
                known = [argument.get_name() for argument in in_arguments(infos[member])]
            if known is None or member in ('__init__', '__exit__', '__aexit__'):
                continue
            # The last of overloads has all of them, with the callback.
            stubbed = parameters(nodes[-1], is_bound)
            if stubbed != known and member in differing(name):
                continue
            if member == 'run_all_async':
                known = known + ['callback']
            assert stubbed == known, (name, member, stubbed, known)
            seen += 1
    assert seen > 150, seen


def differing(name):
    """Wrapped functions whose arguments are converted: those of the generator's table."""
    sys.path.insert(0, STUBS)
    import differences
    return {key.split('.')[1] for key in (*differences.REPLACED, *differences.TYPES)
            if key.startswith(name + '.')}


def what_may_be_none_is_said_to_be():
    seen = 0
    for name, info, _ in object_infos():
        for method in info.get_methods():
            member = method.get_name()
            nodes = CLASSES[name][member]
            stubbed = annotations(nodes[-1])
            for argument in in_arguments(method):
                annotation = stubbed.get(argument.get_name())
                if annotation is None or (member, argument.get_name()) in NULLABLE_DIFFERENCES:
                    continue
                assert may_be_none(annotation) == argument.may_be_null(), (
                    name, member, argument.get_name(), annotation)
                seen += 1
            if method.is_constructor() or member in NONE_NUMBERS or member.endswith('_async'):
                continue
            result = ast.unparse(nodes[0].returns)
            # No array arrives as an empty list.
            assert (may_be_none(result) == method.may_return_null()
                    or result.startswith('list[')), (name, member, result)
            assert (result == 'None') == (given_back(method) == 0), (name, member, result)
            seen += 1
    assert seen > 200, seen


def given_back(info):
    """How many values arrive: what is returned, and what is written to where pointers point."""
    arguments = info.get_arguments()
    hidden = {index(type_info(argument), 'get_array_length')() for argument in arguments}
    hidden.add(index(info.get_return_type(), 'get_array_length')())
    return (info.get_return_type().get_tag_as_string() != 'void') + sum(
        argument.get_direction() == 1 and number not in hidden
        for number, argument in enumerate(arguments))


def what_is_given_back_through_pointers_is_in_a_tuple():
    """Also what a backend that is written in Python has to give."""
    seen, tuples = 0, set()
    for name, info, _ in object_infos():
        functions = [(method.get_name(), method) for method in info.get_methods()]
        if type(info).__name__ == 'InterfaceInfo':
            functions += [('do_' + vfunc.get_name(), vfunc) for vfunc in info.get_vfuncs()]
        for member, function in functions:
            node = CLASSES[name][member][-1]
            result = node.returns
            # Or None, where the override gives that for the end.
            if isinstance(result, ast.BinOp) and may_be_none(ast.unparse(result)):
                result = result.left
            count = len(result.slice.elts) if (
                isinstance(result, ast.Subscript) and result.value.id == 'tuple') else 1
            assert count == max(1, given_back(function)), (name, member, ast.unparse(result))
            if count > 1:
                tuples.add(member)
            if member.startswith('do_'):
                assert parameters(node, True) == [
                    argument.get_name() for argument in in_arguments(function)], (name, member)
                assert not node.args.defaults, (name, member)
            seen += 1
    assert seen > 200, seen
    assert {'wait', 'do_wait', 'do_try_wait', 'do_wait_finish', 'get_size'} <= tuples, tuples


def asynchronous_functions_give_what_finish_gives():
    seen = 0
    for name, kind in CLASSES.items():
        for member, nodes in kind.items():
            if not member.endswith('_async') or name == 'Backend':
                continue
            assert len(nodes) == 2, (name, member)
            awaited, started = (ast.unparse(node.returns) for node in nodes)
            finish = kind.get(member[:-5] + 'finish')
            assert started == 'None', (name, member)
            if finish is not None:
                result = ast.unparse(finish[0].returns)
                assert awaited == f'Coroutine[Any, Any, {result}]', (name, member, awaited)
                seen += 1
    assert seen > 20, seen


def check_functions(stub, module, names):
    for name in names:
        nodes, thing = stub[name], getattr(module, name)
        if isinstance(nodes[0], (ast.FunctionDef, ast.AsyncFunctionDef)):
            known = inspect.signature(thing).parameters.values()
            known = [item.name for item in known
                     if item.kind not in (item.VAR_POSITIONAL, item.VAR_KEYWORD)]
            assert parameters(nodes[0], False) == known, (name, known)
            assert (isinstance(nodes[0], ast.AsyncFunctionDef)
                    == inspect.iscoroutinefunction(thing)), name
        elif isinstance(nodes[0], ast.ClassDef):
            check_class(name, members(nodes[0].body), thing)


def check_class(name, stubbed, kind):
    own = {member: value for base in kind.__mro__ if is_ours(base)
           for member, value in vars(base).items()}
    public = {member for member in own if not member.startswith('_')}
    if issubclass(kind, BaseException):
        return
    inherited = {member for member in stubbed if member not in own and hasattr(kind, member)}
    declared = {member for member in stubbed if not member.startswith('_')} - inherited
    missing = {member for member in public - declared
               if not hasattr(super(kind, kind), member)} - {'pause_writing', 'resume_writing'}
    # Instances have these.
    assert declared <= public | {'stdin', 'stdout', 'stderr', 'pid'}, (name, declared - public)
    assert not missing, (name, missing)
    for member, nodes in stubbed.items():
        value = own.get(member)
        is_function = isinstance(nodes[0], (ast.FunctionDef, ast.AsyncFunctionDef))
        if inspect.isfunction(value) and is_function and member not in ('__init__', '__exit__',
                                                                        '__aexit__'):
            assert parameters(nodes[0], True) == signature(value)[1:], (name, member)


def aio_is_as_the_stub_says():
    from gi.repository.GProc import aio
    stub = members(AIO_STUB.body)
    own = {name for name in dir(aio)
           if getattr(getattr(aio, name), '__module__', '').startswith('gi.overrides')}
    declared = {name for name, nodes in stub.items()
                if not name.startswith('_') and not (isinstance(nodes[0], ast.ImportFrom)
                                                     and nodes[0].module == 'asyncio')}
    assert declared - {'subprocess', 'spawn'} == own - {'spawn'}, declared ^ own
    for name in stub:
        assert name.startswith('__') or hasattr(aio, name) or name.startswith('_'), name
    check_functions(stub, aio, own - {'spawn', 'ContainerProcess', 'StreamType',
                                      'create_subprocess_exec', 'create_subprocess_shell'})
    check_functions(members(SUBPROCESS_STUB.body), aio.subprocess,
                    ['Process', 'create_subprocess_exec', 'create_subprocess_shell'])
    import asyncio
    for node in ast.walk(AIO_STUB):
        if isinstance(node, ast.ImportFrom) and node.module == 'asyncio':
            for alias in node.names:
                assert getattr(aio, alias.name) is getattr(asyncio, alias.name), alias.name


def modal_is_as_the_stub_says():
    from gi.repository.GProc import aio
    stub = members(AIO_STUB.body)
    spawn = [node for node in members(stub['_Spawn'][0].body)['__call__']]
    known = [name for name in inspect.signature(aio.spawn).parameters if name != 'argv']
    for node in spawn + members(stub['_Spawn'][0].body)['aio']:
        assert sorted(parameters(node, True)) == sorted(known), parameters(node, True)
    assert {kind.name: kind.value for kind in aio.StreamType} == {
        item.targets[0].id: ast.literal_eval(item.value)
        for item in stub['StreamType'][0].body}
    process = aio.spawn('true')
    process.wait()
    for name, thing in (('ContainerProcess', process), ('_ProcessReader', process.stdout),
                        ('_ProcessWriter', process.stdin)):
        stubbed = {member for member in members(stub[name][0].body) if not member.startswith('_')}
        there = {member for member in dir(thing) if not member.startswith('_')}
        assert stubbed == there, (name, stubbed ^ there)
        for member, nodes in members(stub[name][0].body).items():
            kind = ast.unparse(getattr(nodes[0], 'annotation', ast.Constant('')))
            if kind.startswith(('_Call', '_Terminate')):
                assert callable(getattr(thing, member).aio), (name, member)


def checked(folder, *files, search=STUBS, **environment):
    """file name → line → the codes of the errors that mypy finds there."""
    if not shutil.which('mypy', path='/usr/bin:/bin'):
        raise tap.Skip('there is no mypy')
    arguments = ['--config-file=', '--no-incremental', '--cache-dir', os.devnull,
                 '--ignore-missing-imports', '--check-untyped-defs', '--no-error-summary']
    result = subprocess.run(['/usr/bin/mypy', *arguments, *files], cwd=folder, check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            env={**os.environ, 'MYPYPATH': search, **environment})
    found = {}
    for line in result.stdout.decode().splitlines():
        if ': note: ' in line:
            continue
        match = re.match(r'(.*?):(\d+): error: .*\[(\S+)\]$', line)
        assert match, result.stdout.decode()
        found.setdefault(match[1], {}).setdefault(int(match[2]), []).append(match[3])
    return found


def expected(path):
    with open(path, encoding='utf-8') as file:
        return {number: [match[1]] for number, line in enumerate(file, 1)
                if (match := re.search(r'# error: (\S+)$', line))}


def a_type_checker_takes_what_is_right_and_nothing_else():
    found = checked(HERE, 'typing-usage.py')
    wanted = expected(os.path.join(HERE, 'typing-usage.py'))
    assert len(wanted) > 30 and found == {'typing-usage.py': wanted}, {
        number: (found.get('typing-usage.py', {}).get(number), wanted.get(number))
        for number in {*found.get('typing-usage.py', {}), *wanted}
        if found.get('typing-usage.py', {}).get(number) != wanted.get(number)}


def a_type_checker_takes_the_examples():
    examples = sorted(glob.glob(os.path.join(TOP, 'docs', 'examples', '*.py')))
    assert examples
    for example in examples:
        # They know which of the streams they have asked for.
        found = checked(TOP, '--no-strict-optional', example)
        assert found == {}, (example, found)


def the_stubs_work_where_they_are_installed():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, '-m', 'venv', '--without-pip', '--system-site-packages',
                        os.path.join(folder, 'venv')], check=True, stdout=subprocess.DEVNULL)
        packages, = glob.glob(os.path.join(folder, 'venv', 'lib', 'python3*', 'site-packages'))
        shutil.copytree(os.path.join(STUBS, 'gi', 'repository'),
                        os.path.join(packages, 'gi-stubs', 'repository'))
        path = shutil.copy(os.path.join(HERE, 'typing-usage.py'), folder)
        python = os.path.join(folder, 'venv', 'bin', 'python3')
        found = checked(folder, '--python-executable', python, 'typing-usage.py', search='')
        assert found == {'typing-usage.py': expected(path)}, found
        # Beside the stubs of PyGObject, which has a folder of that name as well.
        repository = os.path.join(packages, 'gi-stubs', 'repository')
        with open(os.path.join(repository, 'Gio.pyi'), 'w', encoding='utf-8') as file:
            file.write('class Seekable: ...\ndef __getattr__(name: str): ...\n')
        with open(os.path.join(folder, 'both.py'), 'w', encoding='utf-8') as file:
            file.write('from gi.repository import Gio, GProc\n'
                       'a: GProc.Stream = Gio.Seekable()\n')
        found = checked(folder, '--python-executable', python, 'both.py', search='')
        assert found == {'both.py': {2: ['assignment']}}, found


tap.run('/gproc/python/stubs', the_stub_is_what_the_generator_makes, every_name_is_in_both,
        enumerations_have_the_same_members, methods_and_properties_are_in_both,
        parameters_have_the_names_that_they_have, what_may_be_none_is_said_to_be,
        what_is_given_back_through_pointers_is_in_a_tuple,
        asynchronous_functions_give_what_finish_gives, aio_is_as_the_stub_says,
        modal_is_as_the_stub_says, a_type_checker_takes_what_is_right_and_nothing_else,
        a_type_checker_takes_the_examples, the_stubs_work_where_they_are_installed)
