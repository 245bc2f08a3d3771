# SPDX-License-Identifier: MIT
"""Makes new functions, calls them and drops them all the time. usage: codes.py [SECONDS]

What is recorded of one must fit together: function_N stands in file codes_N.py and begins in line N % 997 + 1. Memory
of a dropped code object is soon another one's.
"""
import json
import sys
import time


def make(n):
    lines = "\n" * (n % 997) + "def function_%d(turns):\n    for _ in range(turns):\n        pass\n" % n
    names = {}
    exec(compile(lines, "codes_%d.py" % n, "exec"), names)
    return names["function_%d" % n]


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    n = 0
    print("ready", flush=True)
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        make(n)(3000)
        n += 1
    print(json.dumps({"functions": n}), flush=True)


if __name__ == "__main__":
    main()
