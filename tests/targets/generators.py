# SPDX-License-Identifier: MIT
"""Generators that are resumed all the time. usage: generators.py [SECONDS]

main and two nested generators work for some 10 to 20 microseconds in turn and the program keeps account of each.
"""
import json
import sys
import time

clock = time.perf_counter_ns
spent = {"inner": 0, "outer": 0, "consume": 0}


def inner(until):
    while True:
        began = clock()
        for _ in range(400):
            pass
        now = clock()
        spent["inner"] += now - began
        if now >= until:
            return
        yield now


def outer(until):
    for _ in inner(until):
        began = clock()
        for _ in range(200):
            pass
        spent["outer"] += clock() - began
        yield began


def consume(until):
    for _ in outer(until):
        began = clock()
        for _ in range(400):
            pass
        spent["consume"] += clock() - began


def main():
    until = clock() + int(float(sys.argv[1] if len(sys.argv) > 1 else "3") * 1e9)
    print("ready", flush=True)
    consume(until)
    print(json.dumps({"shares": {name: ns / sum(spent.values()) for name, ns in spent.items()}}), flush=True)


if __name__ == "__main__":
    main()
