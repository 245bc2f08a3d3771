# SPDX-License-Identifier: MIT
"""Writes code objects with their positions, for linetable_check.

usage: linetable_all.py UNITS [MODULE ...]

Takes the modules of the standard library, or those named, until it has seen
that many code units. Runs under every interpreter that is compared, 3.8 on.
"""

import array
import dis
import glob
import marshal
import os
import struct
import sys
import types
from importlib.util import cache_from_source

PYC_HEAD = 16  # bytes in front of the code (PEP 552)
POSITIONS, RANGES, STEPS = range(3)  # enum line_form, tachyon-record/cpython/linetable.h


def load(path):
    """The code of a module; a compiled one is there in no time."""
    if not sys.flags.optimize and "no_debug_ranges" not in sys._xoptions:
        try:
            with open(cache_from_source(path), "rb") as f:
                return marshal.loads(f.read()[PYC_HEAD:])
        except (OSError, ValueError, EOFError, TypeError):
            pass
    with open(path, "rb") as f:
        return compile(f.read(), path, "exec", dont_inherit=True)


def walk(code):
    yield code
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from walk(const)


def describe(code):
    """One record and the number of its code units."""
    numbers = array.array("i")
    form, table, positions = FORM(code)
    for position in positions:
        numbers.extend(-1 if n is None else n for n in position)
    units = len(numbers) // 4
    if units != len(code.co_code) // 2:
        sys.exit(f"{code}: {units} positions for {len(code.co_code)} bytes")
    head = struct.pack("=IiII", form, code.co_firstlineno, len(table), units)
    return head + table + numbers.tobytes(), units


def with_positions(code):
    return POSITIONS, code.co_linetable, code.co_positions()


def with_ranges(code):
    def positions():
        for start, end, line in code.co_lines():
            for _ in range(start, end, 2):
                yield line, line, None, None

    return RANGES, code.co_linetable, positions()


def with_steps(code):
    def positions():
        starts = list(dis.findlinestarts(code))
        line = code.co_firstlineno
        for at in range(0, len(code.co_code), 2):
            while starts and starts[0][0] <= at:
                line = starts.pop(0)[1]
            yield line, line, None, None

    return STEPS, code.co_lnotab, positions()


if hasattr(types.CodeType, "co_positions"):
    FORM = with_positions
elif hasattr(types.CodeType, "co_lines"):
    FORM = with_ranges
else:
    FORM = with_steps


def main():
    left = int(sys.argv[1])
    lib = os.path.dirname(os.__file__)
    names = sys.argv[2:] or ["*.py", "asyncio/*.py", "json/*.py", "email/*.py"]
    paths = [p for name in names for p in sorted(glob.glob(os.path.join(lib, name)))]
    for path in paths:
        if left <= 0:
            break
        for code in walk(load(path)):
            record, units = describe(code)
            sys.stdout.buffer.write(record)
            left -= units


main()
