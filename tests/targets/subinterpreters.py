# SPDX-License-Identifier: MIT
"""Two threads, each in a subinterpreter of its own, and one that was started in there; all wait for the end of input.

Prints a line of JSON, {"threads": [{"tid", "name", "stacks": [leaf first, [[function, line] ...] ...]}]}: a thread that
runs a subinterpreter has a stack there and one in the main interpreter. Ends with status 77 where CPython has no
module for it.
"""
import importlib
import json
import os
import sys
import threading

SCRIPT = """\
import json, os, threading

def outer():
    inner()

def inner():
    os.write(%(ready)d, json.dumps({"tid": threading.get_native_id(), "lines": [8, 4, 26]}).encode() + b"\\n")
    os.read(%(wait)d, 1)

def outer_inside():
    inner_inside()

def inner_inside():
    os.write(%(ready)d, json.dumps({"tid": threading.get_native_id(), "lines": [15, 11, 21]}).encode() + b"\\n")
    os.read(%(wait)d, 1)

class Inside(threading.Thread):
    def run(self):
        # A line of its own.

        outer_inside()

if %(more)d:
    Inside(name="%(name)s").start()

outer()
"""


def load():
    for name in "_interpreters", "_xxsubinterpreters":
        try:
            return importlib.import_module(name)
        except ImportError:
            pass
    sys.exit(77)


interpreters = load()
run_string = getattr(interpreters, "run_string", None) or interpreters.exec
ready_in, ready_out = os.pipe()
wait_in, wait_out = os.pipe()


def enter(more):
    # Before 3.13 the interpreter's thread state is the one of the thread that created it.
    interpreter = interpreters.create(**CONFIG)
    run_string(interpreter, SCRIPT % {"ready": ready_out, "wait": wait_in, "more": more, "name": INSIDE})


# Isolated ones of these versions may not have threads.
# Names are not qualified before 3.11.
RUN = "Inside.run" if sys.version_info >= (3, 11) else "run"
CONFIG = {"isolated": False} if (3, 9) <= sys.version_info < (3, 12) else {}
INSIDE = "ins\u00efde"
ENTERED = enter.__code__.co_firstlineno + 3


def main():
    threads = [threading.Thread(target=enter, args=(more,), name="enter-%d" % more) for more in range(2)]
    expected = []
    for more, thread in enumerate(threads):
        thread.start()
        got = [json.loads(line) for line in read_lines(1 + more)]
        for line in got:
            here = line["tid"] == thread.native_id
            a, b, c = line["lines"]
            inside = [["inner", a], ["outer", b], ["<module>", c]]
            if not here:
                inside = [["inner_inside", a], ["outer_inside", b], [RUN, c]]
            expected.append({
                "tid": line["tid"],
                "name": thread.name if here else INSIDE,
                "stacks": [inside] + ([[["enter", ENTERED]]] if here else []),
            })
    print(json.dumps({"threads": expected}))
    print("ready", flush=True)
    os.read(0, 1)
    os._exit(0)


def read_lines(n):
    text = b""
    while text.count(b"\n") < n:
        text += os.read(ready_in, 4096)
    return text.decode().splitlines()


if __name__ == "__main__":
    main()
