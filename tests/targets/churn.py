# SPDX-License-Identifier: MIT
"""Threads that start and end all the time. usage: churn.py [SECONDS]

The thread called churn-N runs task_K with K = N % 5, so names of threads that are gone show.
"""
import json
import sys
import threading
import time


def spin(until):
    while time.perf_counter() < until:
        for _ in range(1000):
            pass


def task_0():
    spin(time.perf_counter() + 0.002)


def task_1():
    time.sleep(0.003)


def task_2():
    spin(time.perf_counter() + 0.001)


def task_3():
    time.sleep(0.001)


def task_4():
    time.sleep(0.006)


TASKS = [task_0, task_1, task_2, task_3, task_4]


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    n = 0
    alive = []
    print("ready", flush=True)
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        if len(alive) >= 6:
            alive.pop(0).join()
        thread = threading.Thread(target=TASKS[n % 5], name="churn-%d" % n)
        thread.start()
        alive.append(thread)
        n += 1
    for thread in alive:
        thread.join()
    print(json.dumps({"threads": n}), flush=True)


if __name__ == "__main__":
    main()
