# SPDX-License-Identifier: MIT
"""Counts the signals it gets; ends with status 7 after the first one and what came with it. usage: signals.py"""
import signal
import sys
import time

got = []
for name in "INT", "TERM", "HUP":
    signal.signal(getattr(signal, "SIG" + name), lambda number, frame, name=name: got.append(name))


def work(until):
    while not got and time.monotonic() < until:
        for _ in range(1000):
            pass


work(time.monotonic() + 0.1)  # so that there is something to record
print("ready", flush=True)
work(float("inf"))
time.sleep(0.1)
print("got", *got, flush=True)
sys.exit(7)
