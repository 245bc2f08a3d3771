# SPDX-License-Identifier: MIT
"""Waits for the end of its input at the bottom of a deep recursion. usage: deep.py [DEPTH]

The stack is wait, DEPTH times descend (its calls stand in two lines, in turn), main and <module>.
"""
import json
import os
import sys
import threading


def wait():
    print(json.dumps({"depth": DEPTH, "tid": threading.get_native_id(), "lines": LINES}), flush=True)
    print("ready", flush=True)
    os.read(0, 1)


def descend(left):
    if left == 0:
        wait()
    elif left % 2:
        descend(left - 1)  # odd
    else:
        descend(left - 1)  # even


def main():
    descend(DEPTH - 1)


DEPTH = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
FIRST = descend.__code__.co_firstlineno
LINES = {"wait": wait.__code__.co_firstlineno + 3, "odd": FIRST + 4, "even": FIRST + 6}

if __name__ == "__main__":
    sys.setrecursionlimit(DEPTH + 1000)
    if sys.version_info < (3, 11):
        # Frames of these lie on the C stack too.
        threading.stack_size(1 << 29)
        thread = threading.Thread(target=main)
        thread.start()
        thread.join()
    else:
        main()
