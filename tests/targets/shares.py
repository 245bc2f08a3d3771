# SPDX-License-Identifier: MIT
"""Three functions that take 50, 30 and 20 % of the time. usage: shares.py [SECONDS]"""
import json
import sys
import time

TURNS = 3000  # makes a round of the three take about a millisecond


def burn_50(turns):
    x = 0
    for i in range(5 * turns):
        x += i
    return x


def burn_30(turns):
    x = 0
    for i in range(3 * turns):
        x += i
    return x


def burn_20(turns):
    x = 0
    for i in range(2 * turns):
        x += i
    return x


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    wall = {}
    cpu = {}
    print("ready", flush=True)
    began = now = time.perf_counter()
    cpu_now = time.thread_time()
    while now < began + seconds:
        for burn in burn_50, burn_30, burn_20:
            burn(TURNS)
            before, now = now, time.perf_counter()
            cpu_before, cpu_now = cpu_now, time.thread_time()
            wall[burn.__name__] = wall.get(burn.__name__, 0) + now - before
            cpu[burn.__name__] = cpu.get(burn.__name__, 0) + cpu_now - cpu_before
    print(json.dumps({
        "wall_s": now - began,
        "shares": {name: s / (now - began) for name, s in wall.items()},
        "cpu_shares": {name: s / sum(cpu.values()) for name, s in cpu.items()},
    }), flush=True)


if __name__ == "__main__":
    main()
