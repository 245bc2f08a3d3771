# SPDX-License-Identifier: MIT
"""Handles an exception for about half of the time. usage: exceptions.py [SECONDS]"""
import json
import sys
import time

clock = time.perf_counter
TURNS = 2000


class Trouble(Exception):
    pass


def raise_it(depth):
    if depth == 0:
        raise Trouble
    raise_it(depth - 1)


def calm():
    for _ in range(TURNS):
        pass


def handle():
    for _ in range(TURNS):
        pass


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    spent = {"calm": 0.0, "handle": 0.0}
    print("ready", flush=True)
    began = now = clock()
    while now < began + seconds:
        before = clock()
        calm()
        spent["calm"] += clock() - before
        try:
            raise_it(5)
        except Trouble:
            before = clock()
            handle()
            spent["handle"] += clock() - before
        now = clock()
    print(json.dumps({
        "wall_s": now - began,
        "shares": {name: s / (now - began) for name, s in spent.items()},
    }), flush=True)


if __name__ == "__main__":
    main()
