# SPDX-License-Identifier: MIT
"""A thread that hashes large buffers without the GIL, beside one that keeps the GIL. usage: hashing.py [SECONDS]

One buffer takes about 50 ms; after it the thread waits for the GIL, up to the switch interval of 5 ms.
"""
import hashlib
import json
import sys
import threading
import time

account = {}


def run(work, *args):
    wall, cpu = time.perf_counter(), time.thread_time()
    work(*args)
    wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
    account[threading.current_thread().name] = {
        "tid": threading.get_native_id(),
        "cpu_share": cpu / wall,
    }


def hash_on(buffer, until):
    while time.perf_counter() < until:
        hashlib.sha256(buffer).digest()


def spin_on(until):
    while time.perf_counter() < until:
        for _ in range(10000):
            pass


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    buffer = bytes(1 << 20)
    before = time.perf_counter()
    hashlib.sha256(buffer).digest()
    buffer *= max(1, int(0.05 / (time.perf_counter() - before)))

    until = time.perf_counter() + seconds
    threads = [
        threading.Thread(target=run, name="hasher", args=(hash_on, buffer, until)),
        threading.Thread(target=run, name="busy", args=(spin_on, until)),
    ]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    for thread in threads:
        thread.join()
    print(json.dumps({"threads": account}), flush=True)


if __name__ == "__main__":
    main()
