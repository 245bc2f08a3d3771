# SPDX-License-Identifier: MIT
"""Stops a process again and again. usage: stop_and_go.py PID SECONDS [RUN_US STOP_US]

It runs for RUN_US microseconds, half as many more or less, and is stopped for STOP_US. Prints as JSON when it was
stopped for certain: {"stops": [[from_ns, to_ns], ...]}, of CLOCK_MONOTONIC. A process stops where an interrupt hits
it, so the places where it stops are a fair sample of where it is.
"""
import json
import os
import random
import signal
import sys
import time


def is_stopped(stat):
    return os.pread(stat, 1024, 0).rpartition(b")")[2].split()[0] == b"T"


def sleep_precisely():
    with open("/proc/self/timerslack_ns", "w", encoding="ascii") as slack:
        slack.write("1")


def main():
    pid, seconds = int(sys.argv[1]), float(sys.argv[2])
    run, stop = (float(us) / 1e6 for us in sys.argv[3:5] or (4000, 2000))
    stat = os.open("/proc/%d/stat" % pid, os.O_RDONLY)
    sleep_precisely()
    until = time.monotonic() + seconds
    stops = []
    while time.monotonic() < until:
        time.sleep(run * random.uniform(0.5, 1.5))
        os.kill(pid, signal.SIGSTOP)
        while not is_stopped(stat):
            time.sleep(0.00001)  # the other process may need this CPU to stop
        began = time.monotonic_ns()
        time.sleep(stop)
        stops.append([began, time.monotonic_ns()])
        os.kill(pid, signal.SIGCONT)
    print(json.dumps({"stops": stops}))


if __name__ == "__main__":
    main()
