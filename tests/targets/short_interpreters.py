# SPDX-License-Identifier: MIT
"""Subinterpreters with a GIL of their own that begin and end. usage: short_interpreters.py [SECONDS]

Ends with status 77 where CPython has no module for it.
"""
import importlib
import sys
import time


def module():
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            return importlib.import_module(name)
        except ImportError:
            pass
    sys.exit(77)


def spin(seconds):
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def main():
    interpreters = module()
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    print("ready", flush=True)
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        inside = interpreters.create()
        run = getattr(interpreters, "exec", None) or interpreters.run_string
        run(inside, "import time\nend = time.time() + 0.05\nwhile time.time() < end: pass")
        interpreters.destroy(inside)
        spin(0.05)


if __name__ == "__main__":
    main()
