# SPDX-License-Identifier: MIT
"""Computes and sleeps in turn beside busy processes, and tells what its CPU clock says.

usage: cpu_clock.py [SECONDS [RIVALS]]

The rivals are processes that want a CPU all the time, so that the thread is often ready to run without running.
"""
import json
import os
import signal
import sys
import time


def start_rival():
    pid = os.fork()
    if pid:
        return pid
    parent = os.getppid()
    while os.getppid() == parent:
        for _ in range(100000):
            pass
    os._exit(0)


def compute(turns):
    for _ in range(turns):
        pass


def work(seconds):
    wall, cpu = time.perf_counter(), time.thread_time()
    until = wall + seconds
    while time.perf_counter() < until:
        for _ in range(20):
            compute(20000)
        time.sleep(0.002)
    return time.perf_counter() - wall, time.thread_time() - cpu


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    rivals = [start_rival() for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 3)]
    try:
        wall, cpu = work(seconds)
    finally:
        for pid in rivals:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    print(json.dumps({"wall_s": wall, "cpu_s": cpu}), flush=True)


if __name__ == "__main__":
    main()
