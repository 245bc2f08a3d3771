# SPDX-License-Identifier: MIT
"""The scenes of waiting.py: every kind of frame, name and position, each with a pause() somewhere inside.

The first pause.turns calls of pause() return, the next one waits for good. A scene marked as not warm cannot be played
many times.
"""
import asyncio
import contextlib
import functools
import importlib.abc
import importlib.machinery
import json
import os
import re
import sys
import types

SCENES = []
COMPILED = {}  # code that would take long to compile at every turn


def scene(function=None, *, warm=True, version=(3, 0)):
    if function is None:
        return functools.partial(scene, warm=warm, version=version)
    if sys.version_info >= version:
        SCENES.append((function.__name__, function, warm))
    return function


# ---- Functions, methods and what they are wrapped in.

@scene
def function(pause):
    def outer():
        middle()

    def middle():
        inner()

    def inner():
        pause()

    outer()


@scene
def recursion(pause):
    def down(n):
        if n:
            return down(n - 1)
        return pause()

    down(300)


class Outer:
    class Inner:
        def method(self, pause):
            return self.static(pause)

        @staticmethod
        def static(pause):
            return Outer.of_class(pause)

    @classmethod
    def of_class(cls, pause):
        return cls(pause).value

    def __init__(self, pause):
        self.pause = pause

    @property
    def value(self):
        return self.pause()


@scene
def methods(pause):
    Outer.Inner().method(pause)


class Constructed:
    def __init__(self, pause):
        pause()


class Allocated:
    def __new__(cls, pause):
        pause()
        return super().__new__(cls)


@scene
def constructor(pause):
    Constructed(pause)


@scene
def allocator(pause):
    Allocated(pause)


class Special:
    def __init__(self, pause):
        self.pause = pause

    def __getattr__(self, name):
        return self.pause()

    def __getitem__(self, key):
        return self.pause()

    def __add__(self, other):
        return self.pause()

    def __call__(self, *args, **kwargs):
        return self.pause()

    def __hash__(self):
        self.pause()
        return 1

    def __format__(self, spec):
        self.pause()
        return ""

    def __iter__(self):
        self.pause()
        return iter(())

    def __contains__(self, item):
        return self.pause()

    def __eq__(self, other):
        return bool(self.pause())

    def __del__(self):
        if self.pause is not None:
            self.pause()

    def __enter__(self):
        self.pause()

    def __exit__(self, *exc):
        pass


@scene
def special_getattr(pause):
    special = Special(pause)
    special.missing
    special.pause = None


@scene
def special_getitem(pause):
    special = Special(pause)
    special[1]
    special.pause = None


@scene
def special_operators(pause):
    special = Special(pause)
    if pause.turns % 4 == 0:
        special + 1
    elif pause.turns % 4 == 1:
        1 in special
    elif pause.turns % 4 == 2:
        special == 1
    else:
        special(1, x=2)
    special.pause = None


@scene
def special_hash(pause):
    special = Special(pause)
    {special: 1}
    special.pause = None


@scene
def special_format(pause):
    special = Special(pause)
    f"{1} {special:>{3}}"
    special.pause = None


@scene
def special_unpack(pause):
    special = Special(pause)
    [*special]
    special.pause = None


@scene
def special_del(pause):
    Special(pause)


@scene
def special_with(pause):
    special = Special(pause)
    with special, contextlib.suppress(Exception):
        pass
    special.pause = None


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper


@scene
def decorators(pause):
    @decorated
    @decorated
    def wrapped(x, *, y):
        pause()

    wrapped(1, y=2)
    wrapped(*(1,), **{"y": 2})


@scene
def lambdas(pause):
    (lambda: (lambda x: pause())(1))()


@scene
def cached(pause):
    @functools.lru_cache(None)
    def compute(n):
        return compute(n - 1) if n else pause()

    compute(5)


class Meta(type):
    def __call__(cls, *args):
        return super().__call__(*args)

    def __prepare__(name, bases, pause=None):
        if pause:
            pause()
        return {}

    def __new__(mcs, name, bases, names, pause=None):
        return super().__new__(mcs, name, bases, names)

    def __init__(cls, name, bases, names, pause=None):
        pass


@scene
def class_body(pause):
    class Body:
        value = [x for x in range(2)]

        class Nested:
            value = pause()


@scene
def class_prepare(pause):
    class Prepared(metaclass=Meta, pause=pause):
        pass


@scene
def many_locals(pause):
    # Frames larger than a chunk of the interpreter's data stack.
    names = {}
    source = "def large(pause):\n" + "".join("    v%d = %d\n" % (i, i % 100) for i in range(3000)) + "    pause()\n"
    if "code" not in COMPILED:
        COMPILED["code"] = compile(source, "large.py", "exec")
    exec(COMPILED["code"], names)

    def small():
        names["large"](pause)

    small()


# ---- Called back from C.

@scene
def callbacks_sort(pause):
    def key(x):
        return pause() or x

    sorted([3, 1, 2], key=lambda x: key(x))


@scene
def callbacks_map(pause):
    def each(x):
        return pause()

    list(filter(None, map(each, [1, 2])))


@scene
def callbacks_reduce(pause):
    functools.reduce(lambda a, b: pause(), [1, 2, 3])


@scene
def callbacks_re(pause):
    def replace(match):
        pause()
        return "x"

    re.sub("[ab]", replace, "cab")


@scene
def callbacks_json(pause):
    json.dumps([object()], default=lambda o: pause())


@scene
def callbacks_partial(pause):
    functools.partial(pause, 1)(2)


@scene
def callbacks_eval(pause):
    eval("(\n  [1,\n   pause()]\n)", {"pause": pause})


# ---- Generators, coroutines and comprehensions.

@scene
def generator(pause):
    def inner():
        yield 1
        yield pause()

    def outer():
        yield 0
        yield from inner()

    for _ in outer():
        pass


@scene
def generator_next(pause):
    def numbers():
        x = yield 1
        while x is not None:
            x = yield pause()

    numbers = numbers()
    next(numbers)
    numbers.send(2)


@scene
def generator_close(pause):
    def held():
        try:
            yield 1
        finally:
            pause()

    generator = held()
    next(generator)
    generator.close()


@scene
def generator_expression(pause):
    any(pause() for x in (y for y in range(2)) if x)


@scene
def comprehensions(pause):
    [[{k: {pause() for _ in range(1)} for k in range(1)} for _ in range(1)] for _ in range(1)]


@scene
def unpacked_generator(pause):
    def produce():
        yield pause()
        yield 2

    a, b = produce()
    print(*produce(), sep="", end="", file=open(os.devnull, "w")) if a else None


@scene
def context_manager(pause):
    @contextlib.contextmanager
    def held():
        try:
            yield
        finally:
            pause()

    with held():
        pass


def drive(coroutine):
    try:
        while True:
            coroutine.send(None)
    except StopIteration:
        pass


class Awaitable:
    def __init__(self, pause):
        self.pause = pause

    def __await__(self):
        yield 1
        self.pause()


@scene
def coroutine(pause):
    async def inner():
        await Awaitable(pause)

    async def outer():
        await inner()

    drive(outer())


@scene
def async_generator(pause):
    async def produce():
        yield 1
        pause()

    async def consume():
        return [x async for x in produce()]

    drive(consume())


@scene
def async_with(pause):
    class Manager:
        async def __aenter__(self):
            pause()

        async def __aexit__(self, *exc):
            pass

    async def use():
        async with Manager():
            pass

    drive(use())


@scene(warm=False)
def event_loop(pause):
    async def other():
        await asyncio.sleep(3600)

    async def main():
        task = asyncio.ensure_future(other())
        await asyncio.sleep(0)
        pause()
        await task

    asyncio.run(main())


@scene(warm=False)
def event_loop_idle(pause):
    async def main():
        await asyncio.sleep(3600)

    pause.waits()
    asyncio.run(main())


# ---- Positions.

@scene
def multi_line(pause):
    def combine(*args):
        return args

    combine(
        1,
        combine(
            2, pause(
                3,
            ),
        ),
        [x for x in ()],
    )


@scene
def chained(pause):
    class Chain:
        def step(self, *args):
            return self

        def last(self):
            pause()

    (Chain()
     .step(1)
     .step(
         2)
     .last())


@scene
def binary_operator(pause):
    class Number:
        def __mul__(self, other):
            pause()
            return 0

    a = Number()
    (1 +
     a *
     2)


@scene
def wide_characters(pause):
    "жжж" and "\U00020000é𠀀" and (pause(), "ж")


@scene
def far_right(pause):
    # More than 255 columns, and more than 255 of them in one call.
    return (1 and                                                                                                                                                                                                                                                                                                            pause("                                                                                                                                                                                                                                                                                                            "))


@scene
def exception_handler(pause):
    try:
        raise ValueError
    except ValueError:
        try:
            pause()
        finally:
            pass


@scene
def finally_block(pause):
    def fail():
        try:
            raise ValueError
        finally:
            pause()

    try:
        fail()
    except ValueError:
        pass


@scene
def assertion(pause):
    x = 1
    assert x, \
        x
    if (x and
            pause()):
        pass


@scene
def extended_arguments(pause):
    names = {}
    body = "".join("x = %d.5\n" % i for i in range(400))
    if "extended" not in COMPILED:
        COMPILED["extended"] = compile(
            body + "for y in [1]:\n  if y:\n    pause(x,\n y)\n" + body, "extended.py", "exec")
    exec(COMPILED["extended"], {"pause": pause})


@scene
def line_gaps(pause):
    source = "pause(" + "\n" * 5000 + ")\n"
    backwards = "f = lambda: (\n" + "\n" * 300 + "  pause(\n\n))\nf()"
    if "gaps" not in COMPILED:
        COMPILED["gaps"] = compile(source, "gaps.py", "exec"), compile(backwards, "gaps2.py", "exec")
    exec(COMPILED["gaps"][pause.turns % 2], {"pause": pause})


def no_lines_body(pause):
    return pause()


@scene
def no_lines(pause):
    code = no_lines_body.__code__
    if sys.version_info >= (3, 10):
        code = COMPILED.setdefault("no_lines", code.replace(co_linetable=b""))
    types.FunctionType(code, globals())(pause)


@scene(version=(3, 12))
def type_parameters(pause):
    if "types" not in COMPILED:
        COMPILED["types"] = compile(
            "def f[T](x=pause(1)): pass\n"
            "class C[T]:\n  x = pause(2)\n"
            "type A = pause(3)\n"
            "A.__value__\n", "types.py", "exec")
    exec(COMPILED["types"], {"pause": pause})


@scene(version=(3, 14))
def annotations(pause):
    if "annotations" not in COMPILED:
        COMPILED["annotations"] = compile("def f(x: pause(1)): pass\nf.__annotations__\n", "annotations.py", "exec")
    exec(COMPILED["annotations"], {"pause": pause})


# ---- Names and file names.

class Text(str):
    """An instance is no compact string: its characters lie in another block."""


ODD = {
    "latin": ("na\u00efve", "caf\u00e9.py"),
    "one_letter": ("f", "g"),
    "one_latin": ("\u00e9", "\u00ff"),
    "two_bytes": ("\u0436\u0434\u0430\u0442\u044c", "\u0436\u0443\u0440\u043d\u0430\u043b.py"),
    "two_bytes_of_latin": ("\u0101a", "/tmp/\u20ac.py"),
    "four_bytes": ("\U00010400\U00020000", "\U00020000/\U0001f40d.py"),
    "undecodable": ("x\udcff", "/tmp/\udc80\udcfe\udcff.py"),
    "undecodable_pair": ("x\udcc3\udca9", "\udcf0\udca0\udc80\udc80.py"),
    "surrogates": ("x\ud800", "\udfff\ud800.py"),
    "mixed": ("\U00020000\udcff\u00e9", "\udcffa\U00020000\udcff.py"),
    "empty": ("", ""),
    "control": ("a;b\n\tc\x00d", "a b;c\n:1\x1b[31m.py"),
    "long": ("long_" * 1000, "/" + "\u00e9long/" * 800 + "x.py"),
    "long_wide": ("\u0436" * 3000, "\U00020000" * 1500),
    "subclass": (Text("subclass"), Text("subclass.py")),
    "subclass_latin": (Text("subcl\u00e4ss"), Text("subcl\u00e4ss.py")),
    "subclass_two": (Text("sub\u0436"), Text("sub\u0436.py")),
    "subclass_four": (Text("sub\U00020000"), Text("sub\U00020000.py")),
}


def odd_scene(key):
    name, file = ODD[key]

    def body(pause):
        (lambda: pause())()

    code = body.__code__.replace(co_name=name, co_filename=file)
    if sys.version_info >= (3, 11):
        code = code.replace(co_qualname=type(name)("odd." + name) if key != "one_letter" else name)
    scene(types.FunctionType(code, globals(), "odd_" + key))

    # The same file name given to the compiler, with the whole module of it.
    if "\0" in file:
        return
    source = (
        "def function(pause):\n  def \u0436(pause):\n    class \U00010400:\n      pause()\n  \u0436(pause)\nfunction(pause)")
    module = compile(source, file, "exec")
    scene(types.FunctionType(
        odd_module.__code__, {"module": module, "__builtins__": __builtins__}, "module_" + key))


def odd_module(pause):
    exec(module, {"pause": pause})  # noqa: F821 - a global of each copy


for odd_key in ODD:
    odd_scene(odd_key)


# ---- States of the interpreter.

@scene(warm=False)
def importing(pause):
    class Loader(importlib.abc.Loader):
        def create_module(self, spec):
            return None

        def exec_module(self, module):
            exec("def body():\n  pause()\nbody()", {"pause": pause})

    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path, target=None):
            if name == "module_that_waits":
                return importlib.machinery.ModuleSpec(name, Loader())
            return None

    sys.meta_path.insert(0, Finder())
    import module_that_waits


@scene(warm=False)
def traced(pause):
    def trace(frame, event, arg):
        return trace

    def inner():
        pause()

    sys.settrace(trace)
    inner()


@scene(warm=False)
def in_trace_function(pause):
    def trace(frame, event, arg):
        if frame.f_code is inner.__code__:
            pause()

    def inner():
        return 1

    sys.settrace(trace)
    inner()


@scene(warm=False)
def profiled(pause):
    def inner():
        pause()

    sys.setprofile(lambda *args: None)
    inner()


@scene(warm=False, version=(3, 12))
def monitored(pause):
    events = sys.monitoring.events

    def inner(n):
        for i in range(n):
            pause()

    sys.monitoring.use_tool_id(2, "tests")
    for event in (events.LINE, events.CALL, events.INSTRUCTION, events.PY_START):
        sys.monitoring.register_callback(2, event, lambda *args: None)
    sys.monitoring.set_local_events(
        2, inner.__code__, events.LINE | events.CALL | events.INSTRUCTION | events.PY_START)
    inner(2)


@scene
def frame_objects(pause):
    def inner():
        frames = sys._getframe(), sys._getframe(1)
        frames[1].f_locals
        pause()
        return frames

    inner()
