# SPDX-License-Identifier: MIT
"""Tasks that compute and sleep in nested coroutines. usage: asyncio_app.py [SECONDS]

Its account says how long each kind of task computed.
"""
import asyncio
import json
import sys
import time

clock = time.perf_counter
spent = {"parse": 0.0, "render": 0.0, "idle": 0.0}


def compute(kind, turns):
    before = clock()
    for _ in range(turns):
        pass
    spent[kind] += clock() - before


async def step(kind, turns):
    compute(kind, turns)
    await asyncio.sleep(0)


async def request(kind, turns):
    await step(kind, turns)


async def worker(kind, turns, until):
    while clock() < until:
        await request(kind, turns)


async def idle(until):
    while clock() < until:
        await asyncio.sleep(0.02)
        compute("idle", 10)


async def ticks(until):
    while clock() < until:
        yield clock()
        await asyncio.sleep(0.01)


async def watch(until):
    n = 0
    async for _ in ticks(until):
        n += 1
    return n


async def main(seconds):
    began = clock()
    until = began + seconds
    _, _, _, n = await asyncio.gather(
        worker("parse", 9000, until), worker("render", 3000, until), idle(until), watch(until))
    wall = clock() - began
    print(json.dumps({
        "wall_s": wall,
        "ticks": n,
        "shares": {name: s / wall for name, s in spent.items()},
    }), flush=True)


if __name__ == "__main__":
    print("ready", flush=True)
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0))
