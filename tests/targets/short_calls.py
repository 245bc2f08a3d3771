# SPDX-License-Identifier: MIT
"""Calls two siblings, a short one and a longer one, as fast as can be. usage: short_calls.py [SECONDS]

Before it is ready it measures what a call of each costs when the other is not called. The loop that calls them is part
of that cost here and of its caller's share in a profile, so only the ratio of the siblings is comparable, and that
roughly.
"""
import json
import sys
import time


def short_call():
    for _ in range(10):
        pass


def long_call():
    for _ in range(100):
        pass


def no_call():
    pass


def cost(function, n=20000):
    best = float("inf")
    for _ in range(5):
        before = time.perf_counter()
        for _ in range(n):
            function()
        best = min(best, time.perf_counter() - before)
    return best / n


def call_both(until):
    while time.perf_counter() < until:
        for _ in range(1000):
            short_call()
            long_call()


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    overhead = cost(no_call)
    short, long = cost(short_call), cost(long_call)
    print("ready", flush=True)
    call_both(time.perf_counter() + seconds)
    print(json.dumps({
        "short_ns": short * 1e9, "long_ns": long * 1e9, "call_ns": overhead * 1e9,
        "ratio": long / short,
        "ratio_of_bodies": (long - overhead) / (short - overhead),
    }), flush=True)


if __name__ == "__main__":
    main()
