# SPDX-License-Identifier: MIT
"""Functions that are made, called and dropped, each at the place of the one before. usage: renamed.py [SECONDS]

Their names have the same length and all else is equal, so that the memory of each is soon the next one's. caller_N
calls leaf_N; no two numbers are ever on one stack, and the caller lives as long as the leaf: some 100 microseconds.
"""
import sys
import time

SOURCE = """
def leaf_%06d():
    for _ in range(1500):
        pass
def caller_%06d(leaf):
    leaf()
"""


def call(n):
    names = {}
    exec(compile(SOURCE % (n, n), "renamed.py", "exec"), names)
    names["caller_%06d" % n](names["leaf_%06d" % n])


def main():
    until = time.perf_counter() + (float(sys.argv[1]) if len(sys.argv) > 1 else 3.0)
    n = 0
    print("ready", flush=True)
    while time.perf_counter() < until:
        call(n)
        n += 1
    print('{"functions": %d}' % n, flush=True)


if __name__ == "__main__":
    main()
