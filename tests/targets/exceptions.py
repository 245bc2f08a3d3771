# SPDX-License-Identifier: MIT
"""Raises and handles exceptions for about two thirds of the time. usage: exceptions.py [SECONDS]

A leaf whose name begins with calm_ never runs while an exception is raised or handled, one that begins with handle_
always does. dive() is called calmly, and raises through many frames.
"""
import json
import sys
import time

clock = time.perf_counter
TURNS = 6000
DEPTH = 60
spent = {}
raised_at = 0.0


class Trouble(Exception):
    pass


def spend(name, began):
    spent[name] = spent.get(name, 0.0) + clock() - began


def calm_function():
    began = clock()
    for _ in range(TURNS):
        pass
    spend("calm_function", began)


def handle_callee():
    began = clock()
    for _ in range(TURNS):
        pass
    spend("handle_callee", began)


def handle_here():
    try:
        raise Trouble
    except Trouble:
        began = clock()
        for _ in range(TURNS):
            pass
        spend("handle_here", began)


def handle_finally():
    try:
        raise Trouble
    finally:
        began = clock()
        for _ in range(TURNS):
            pass
        spend("handle_finally", began)


def calm_generator():
    while True:
        began = clock()
        for _ in range(TURNS):
            pass
        spend("calm_generator", began)
        yield


def handle_generator():
    """Handles in its own except block, and yields out of it."""
    while True:
        try:
            raise Trouble
        except Trouble:
            began = clock()
            for _ in range(TURNS):
                pass
            spend("handle_generator", began)
            yield


def handle_below():
    """A generator that handles nothing itself; its caller does."""
    while True:
        began = clock()
        for _ in range(TURNS):
            pass
        spend("handle_below", began)
        yield


def relay(generator):
    yield from generator


def handle_nested():
    """Behind a relay; what it calls runs while it handles."""
    while True:
        try:
            raise Trouble
        except Trouble:
            handle_callee()
            yield


def dive(depth):
    global raised_at
    if depth == 0:
        raised_at = clock()
        raise Trouble
    dive(depth - 1)


def propagate():
    try:
        dive(DEPTH)
    except Trouble:
        spend("propagating", raised_at)


def rounds(until):
    calm, own, below, nested = calm_generator(), handle_generator(), handle_below(), relay(handle_nested())
    while clock() < until:
        calm_function()
        next(calm)
        handle_here()
        next(own)       # from here on suspended inside its except block
        calm_function()
        next(nested)
        next(calm)
        propagate()
        try:
            handle_finally()
        except Trouble:
            handle_callee()
            next(below)


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    print("ready", flush=True)
    began = clock()
    rounds(began + seconds)
    wall = clock() - began
    active = sum(s for name, s in spent.items() if not name.startswith("calm"))
    print(json.dumps({"wall_s": wall, "spent": spent, "active_share": active / wall}), flush=True)


if __name__ == "__main__":
    main()
