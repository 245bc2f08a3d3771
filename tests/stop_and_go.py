# SPDX-License-Identifier: MIT
"""Stops a process again and again. usage: stop_and_go.py PID SECONDS

Prints as JSON when it was stopped for certain: {"stops": [[from_ns, to_ns], ...]}, of CLOCK_MONOTONIC.
"""
import json
import os
import random
import signal
import sys
import time


def is_stopped(stat):
    return os.pread(stat, 1024, 0).rpartition(b")")[2].split()[0] == b"T"


def main():
    pid, seconds = int(sys.argv[1]), float(sys.argv[2])
    stat = os.open("/proc/%d/stat" % pid, os.O_RDONLY)
    until = time.monotonic() + seconds
    stops = []
    while time.monotonic() < until:
        time.sleep(random.uniform(0.003, 0.005))
        os.kill(pid, signal.SIGSTOP)
        while not is_stopped(stat):
            pass
        began = time.monotonic_ns()
        time.sleep(0.002)
        stops.append([began, time.monotonic_ns()])
        os.kill(pid, signal.SIGCONT)
    print(json.dumps({"stops": stops}))


if __name__ == "__main__":
    main()
