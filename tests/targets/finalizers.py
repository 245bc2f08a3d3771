# SPDX-License-Identifier: MIT
"""Python code that the collector of garbage runs. usage: finalizers.py [SECONDS]

interrupted() collects cycles whose objects have a __del__ and a weakref callback, and gc.callbacks has a function, too;
each works for a while, and calls work() to do so. calm() calls the same work() without the collector.
"""
import gc
import json
import sys
import time
import weakref

clock = time.perf_counter
TURNS = 4000
spent = {"Node.__del__": 0.0, "died": 0.0, "collecting": 0.0, "work": 0.0}


def work():
    for _ in range(TURNS):
        pass


class Node:
    def __init__(self):
        self.me = self

    def __del__(self):
        began = clock()
        work()
        for _ in range(TURNS):
            pass
        spent["Node.__del__"] += clock() - began


class Other:
    def __init__(self):
        self.me = self


def died(_):
    began = clock()
    for _ in range(TURNS):
        pass
    spent["died"] += clock() - began


def collecting(phase, _):
    began = clock()
    for _ in range(TURNS):
        pass
    spent["collecting"] += clock() - began


def interrupted():
    gc.collect()


def calm():
    began = clock()
    work()
    spent["work"] += clock() - began


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    gc.disable()
    gc.callbacks.append(collecting)
    print("ready", flush=True)
    began = clock()
    while clock() < began + seconds:
        Node()
        refs = weakref.ref(Other(), died)
        interrupted()
        del refs
        calm()
    gc.callbacks.clear()
    wall = clock() - began
    print(json.dumps({"shares": {name: s / wall for name, s in spent.items()}}), flush=True)


if __name__ == "__main__":
    main()
