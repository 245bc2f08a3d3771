# SPDX-License-Identifier: MIT
"""Functions that the interpreter runs itself, and some that C works for. usage: natives.py [SECONDS]

The leaf of python_* is never in native code for long, that of native_* nearly always.
"""
import array
import hashlib
import re
import sys
import time

BYTES = bytes(range(256)) * 400
ARRAY = array.array("d", range(20000))
OTHER = array.array("d", range(20000))
SET = set(range(4000))
LIST = list(range(4000, 0, -1))
SHUFFLED = [x * 7919 % 4001 for x in range(4000)]
LARGE = set(range(8000))
TEXT = "a" * 3000
REGEX = re.compile("(a|b)*")


def python_arithmetic():
    x, y = 1, 1.5
    numbers = [1, 2, 3, 4]
    for i in range(4000):
        x = x + i * 3 - 7
        y = y * 0.5 + 1.25
        if x > i and y < 3.0:
            x = x - numbers[2]
        if x > 1000000:
            x = 1
        numbers[1] = x


def one(x):
    return two(x + 1)


def two(x):
    if x > 3:
        return x - 1
    return x


def python_calls():
    for i in range(2500):
        one(i)
        two(i)


class Thing:
    def __init__(self, x):
        self.x = x

    def get(self):
        return self.x


def python_methods():
    thing = Thing(1)
    for i in range(2000):
        thing.x = i
        thing.get()
        if thing.get() == 3:
            thing.x = 5


def count(n):
    i = 0
    while i < n:
        yield i
        i += 1


def python_generator():
    total = 0
    for i in count(2500):
        total += i


def native_hash():
    hashlib.sha256(BYTES[:2000])
    for _ in range(3):
        hashlib.sha256(BYTES)


def native_sleep():
    time.sleep(0.001)


def native_sort():
    for _ in range(5):
        SHUFFLED.sort()
        SHUFFLED.sort(reverse=True)


def native_sum():
    sum(ARRAY)


def native_operator():
    for _ in range(20):
        SET - LARGE


def native_compare():
    ARRAY == OTHER


def native_contains():
    for _ in range(20):
        0 in LIST


def native_regex():
    REGEX.fullmatch(TEXT)


def native_iterate():
    _, *rest = ARRAY
    rest.clear()


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    until = time.perf_counter() + seconds
    print("ready", flush=True)
    while time.perf_counter() < until:
        python_arithmetic()
        python_calls()
        python_methods()
        python_generator()
        native_hash()
        native_sleep()
        native_sort()
        native_sum()
        native_operator()
        native_compare()
        native_contains()
        native_regex()
        native_iterate()


if __name__ == "__main__":
    main()
