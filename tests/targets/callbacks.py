# SPDX-License-Identifier: MIT
"""C functions that call Python functions back, and calls without C. usage: callbacks.py [SECONDS]"""
import functools
import sys
import time

NUMBERS = list(range(50))


def spin():
    for _ in range(200):
        pass


def key(x):
    spin()
    return -x


def add(a, b):
    spin()
    return a + b


def by_sorted():
    sorted(NUMBERS, key=key)


def by_map():
    list(map(key, NUMBERS))


def by_reduce():
    functools.reduce(add, NUMBERS)


def by_python():
    for x in NUMBERS:
        key(x)


class Made:
    def __init__(self):
        spin()


def by_constructor():
    for _ in NUMBERS:
        Made()


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    until = time.perf_counter() + seconds
    print("ready", flush=True)
    while time.perf_counter() < until:
        by_sorted()
        by_map()
        by_reduce()
        by_python()
        by_constructor()


if __name__ == "__main__":
    main()
