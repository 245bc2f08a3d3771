# SPDX-License-Identifier: MIT
"""Structures that change faster than they can be read. usage: fast.py STRUCTURE [SECONDS]

A line from which Python code of this file is entered says so: "# -> f, g" ends a line that f and g can be called from
or resumed by. A stack with another line of this file above one of its functions never was. How the time is shared it
does not say: what --blocking finds is the truth.
"""
import asyncio
import sys
import threading
import time

clock = time.perf_counter
until = 0.0


# ---- A generator that is resumed as fast as can be.

def count(n):
    for i in range(n):
        yield i


def generators():
    while clock() < until:
        for _ in count(10000):  # -> count
            pass


# ---- Generators within generators.

def inmost(n):
    for i in range(n):
        yield i


def middle(n):
    for i in inmost(n):  # -> inmost
        yield i


def delegate(n):
    yield from middle(n)  # -> middle


def nested():
    while clock() < until:
        for _ in delegate(1000):  # -> delegate
            pass


# ---- A generator and its consumer that do a little each, 200 to 300 ns in all.

def values(n):
    for i in range(n):
        a = i % 7
        b = a + 1
        c = b * 3
        yield c


def resumed():
    while clock() < until:
        total = 0
        for v in values(10000):  # -> values
            x = v + 1
            y = x * 2
            z = y % 5
            w = z - x
            total += w * 2
            total %= 1000


# ---- Recursion down and up.

def even(n):
    if n:
        odd(n - 1)  # -> odd
    return n


def odd(n):
    if n:
        even(n - 1)  # -> even
    return n


def recursion():
    while clock() < until:
        even(30)  # -> even
        odd(3)  # -> odd


# ---- Short calls from many places.

def nothing():
    pass


def little(x):
    y = x + 1
    y = y * 2
    return y


def more():
    for _ in range(10):
        pass


def two():
    nothing()  # -> nothing
    little(1)  # -> little


def calls():
    while clock() < until:
        for _ in range(1000):
            nothing()  # -> nothing
            little(2)  # -> little
            more()  # -> more
            two()  # -> two


# ---- Exceptions thrown and caught.

def throw(depth):
    if depth == 0:
        raise ValueError
    throw(depth - 1)  # -> throw


def catch():
    try:
        throw(3)  # -> throw
    except ValueError:
        nothing()  # -> nothing


def exceptions():
    while clock() < until:
        for _ in range(100):
            catch()  # -> catch


# ---- Tasks that switch at once.

class Switch:
    def __await__(self):
        yield


async def step():
    await Switch()  # -> __await__


async def request():
    await step()  # -> step


async def worker():
    while clock() < until:
        await request()  # -> request


async def gather():
    await asyncio.gather(*(worker() for _ in range(3)))  # -> <genexpr>


def tasks():
    asyncio.run(gather())


# ---- Threads that start and end.

def brief():
    for _ in range(20):
        little(3)  # -> little


def threads():
    while clock() < until:
        started = [threading.Thread(target=brief) for _ in range(3)]  # -> <listcomp>
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()


STRUCTURES = {f.__name__: f for f in (generators, nested, resumed, recursion, calls, exceptions, tasks,
                                      threads)}


def main():
    global until
    structure = STRUCTURES[sys.argv[1]]
    until = clock() + (float(sys.argv[2]) if len(sys.argv) > 2 else 3.0)
    print("ready", flush=True)
    structure()  # -> generators, nested, resumed, recursion, calls, exceptions, tasks, threads


if __name__ == "__main__":
    main()  # -> main
