# SPDX-License-Identifier: MIT
"""Goes down to depth 40 and up again, working equally long at every level. usage: recursion.py [SECONDS]

A stack is <module>, main and 1 to 40 times dive; each of the depths has the same share.
"""
import json
import sys
import time

DEPTH = 40
TURNS = 400


def dive(level, spent):
    before = time.perf_counter()
    for _ in range(TURNS):  # on the way down
        pass
    after = time.perf_counter()
    spent[level - 1] += after - before
    if level < DEPTH:
        dive(level + 1, spent)
    before = time.perf_counter()
    for _ in range(TURNS):  # on the way up
        pass
    after = time.perf_counter()
    spent[level - 1] += after - before


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    spent = [0.0] * DEPTH
    print("ready", flush=True)
    began = time.perf_counter()
    while time.perf_counter() < began + seconds:
        dive(1, spent)
    wall = time.perf_counter() - began
    print(json.dumps({
        "wall_s": wall,
        "depth": DEPTH,
        "mean": sum(s * (i + 1) for i, s in enumerate(spent)) / sum(spent),
        "shares": [s / sum(spent) for s in spent],
    }), flush=True)


if __name__ == "__main__":
    main()
