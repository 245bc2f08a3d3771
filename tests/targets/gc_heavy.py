# SPDX-License-Identifier: MIT
"""Collects garbage for about 40 % of the time. usage: gc_heavy.py [SECONDS]"""
import gc
import json
import sys
import time


class Node:
    def __init__(self, other):
        self.other = other


def build(n):
    nodes = []
    other = None
    for _ in range(n):
        other = Node(other)
        nodes.append(other)
    nodes[0].other = other
    return nodes


def collect():
    gc.collect()


def compute(until):
    while time.perf_counter() < until:
        for _ in range(1000):
            pass


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    gc.disable()
    nodes = build(100000)
    collecting = 0.0
    print("ready", flush=True)
    began = now = time.perf_counter()
    while now < began + seconds:
        collect()
        before, now = now, time.perf_counter()
        collecting += now - before
        compute(now + (now - before) * 1.5)
        now = time.perf_counter()
    print(json.dumps({
        "wall_s": now - began,
        "nodes": len(nodes),
        "gc_share": collecting / (now - began),
    }), flush=True)


if __name__ == "__main__":
    main()
