# SPDX-License-Identifier: MIT
"""Tasks that wait for one another in every way that asyncio has, and two that compute. usage: async_graph.py [SECONDS]

Its account has the stacks of the suspended tasks with the share of one that each has, as tachyon-report collapsed
prints them without library frames at the end, and the shares of time of those that compute. From 3.14 on asyncio's own
call graph has to agree with it.
"""
import asyncio
import json
import sys
import threading
import time

clock = time.perf_counter
spent = {"fast": 0.0, "slow": 0.0}
ROOT = "<task> root;root"
stacks = {}


def compute(kind, turns):
    before = clock()
    for _ in range(turns):
        pass
    spent[kind] += clock() - before


async def step(kind, turns):
    compute(kind, turns)
    await asyncio.sleep(0)


async def worker(kind, turns, until):
    while clock() < until:
        await step(kind, turns)


async def rest(event):
    await event.wait()


async def chain(event, depth):
    if depth:
        await chain(event, depth - 1)
    else:
        await rest(event)


async def waits_for(task):
    await task


async def shields(task):
    await asyncio.shield(task)


async def waits_with_wait(task):
    await asyncio.wait([task])


async def times_out(event):
    await asyncio.wait_for(rest(event), 1000)


async def groups(event):
    async with asyncio.TaskGroup() as group:
        group.create_task(rest(event), name="grouped")
        group.create_task(gathers(event), name="gathering")


async def gathers(event):
    await asyncio.gather(named(rest(event), "gathered-a"), named(rest(event), "gathered-b"))


async def produce(event):
    yield 1
    await event.wait()
    yield 2


async def consume(event):
    async for _ in produce(event):
        pass


async def in_thread(stop):
    await asyncio.to_thread(stop.wait)


def named(coroutine, name):
    return asyncio.get_running_loop().create_task(coroutine, name=name)


def expect(stack, share=1.0):
    stacks[f"{ROOT};{stack}"] = share


async def root(seconds):
    loop = asyncio.get_running_loop()
    asyncio.current_task().set_name("root")
    event, stop = asyncio.Event(), threading.Event()
    shared = named(rest(event), "shared")
    left, right = named(waits_for(shared), "left"), named(waits_for(shared), "right")
    shielded, waited = named(rest(event), "shielded"), named(rest(event), "waited")
    tasks = [
        left, right, named(shields(shielded), "shield"), named(waits_with_wait(waited), "wait"),
        named(times_out(event), "timeout"), named(groups(event), "group"), named(chain(event, 3), "chain"),
        named(consume(event), "consumer"), named(in_thread(stop), "thread"),
    ]
    expect("<task> left;waits_for;<task> shared;rest", 0.5)
    expect("<task> right;waits_for;<task> shared;rest", 0.5)
    expect("<task> shield;shields;<task> shielded;rest")
    expect("<task> wait;waits_with_wait;wait;_wait;<task> waited;rest")
    expect("<task> chain;chain;chain;chain;chain;rest")
    expect("<task> consumer;consume;produce")
    expect("<task> thread;in_thread;to_thread")
    leaving = "TaskGroup.__aexit__" + (";TaskGroup._aexit" if hasattr(asyncio.TaskGroup, "_aexit") else "")
    expect(f"<task> group;groups;{leaving};<task> grouped;rest")
    for letter in "ab":
        expect(f"<task> group;groups;{leaving};<task> gathering;gathers;<task> gathered-{letter};rest")
    if sys.version_info >= (3, 12):
        expect("<task> timeout;times_out;wait_for;rest")
        tasks.append(asyncio.Task(rest(event), loop=loop, name="eager", eager_start=True))
        expect("<task> eager;rest")
    await asyncio.sleep(0.05)
    began = clock()
    # Names that are given late, and workers whom the root waits for like all others.
    tasks[-1].set_name(tasks[-1].get_name())
    everything = asyncio.gather(*tasks, named(worker("fast", 2000, began + seconds), "fast"),
                                named(worker("slow", 6000, began + seconds), "slow"), wake(event, stop, seconds))
    print("ready", flush=True)
    await everything
    wall = clock() - began
    return {"wall_s": wall, "shares": {k: s / wall for k, s in spent.items()}, "stacks": stacks}


def check_own_graph(task):
    """Every edge of asyncio's graph is one of ours."""
    edges = set()
    for line in stacks:
        names = [part[7:] for part in line.split(";") if part.startswith("<task> ")]
        edges.update(zip(names[1:], names))
    for name in {child for child, _ in edges}:
        for task in asyncio.all_tasks():
            if task.get_name() == name:
                for awaiter in asyncio.capture_call_graph(task).awaited_by:
                    assert (name, awaiter.future.get_name()) in edges, (name, awaiter)


async def wake(event, stop, seconds):
    asyncio.current_task().set_name("wake")
    await asyncio.sleep(seconds / 2)
    if hasattr(asyncio, "capture_call_graph"):
        check_own_graph(asyncio.current_task())
    await asyncio.sleep(seconds / 2)
    event.set()
    stop.set()


async def other(seconds):
    asyncio.current_task().set_name("other")
    await asyncio.create_task(asyncio.sleep(seconds + 0.2), name="other sleeper")


if __name__ == "__main__":
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    thread = threading.Thread(target=lambda: asyncio.run(other(seconds)), name="second")
    thread.start()
    print(json.dumps(asyncio.run(root(seconds))), flush=True)
    thread.join()
