# SPDX-License-Identifier: MIT
"""One thread that sleeps and three that fight for the GIL. usage: threads.py [SECONDS]

Its account says how much of the time each thread was on a CPU.
"""
import json
import sys
import threading
import time

BUSY = ["busy", "f\u00fc\u00dfe", "\u043f\u043e\u0442\u043e\u043a \U00020000"]


class Account:
    def __init__(self):
        self.threads = {}

    def run(self, work, until):
        wall, cpu = time.perf_counter(), time.thread_time()
        work(until)
        wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
        thread = threading.current_thread()
        self.threads[thread.name] = {
            "tid": threading.get_native_id(),
            "ident": thread.ident,
            "cpu_share": cpu / wall,
        }


def sleep_on(until):
    while time.perf_counter() < until:
        time.sleep(min(0.5, max(0.0, until - time.perf_counter())))


def spin_on(until):
    while time.perf_counter() < until:
        for _ in range(10000):
            pass


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    account = Account()
    until = time.perf_counter() + seconds
    threads = [threading.Thread(target=account.run, name="sleeper", args=(sleep_on, until))]
    threads += [threading.Thread(target=account.run, name=name, args=(spin_on, until)) for name in BUSY]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    for thread in threads:
        thread.join()
    print(json.dumps({"busy": BUSY, "threads": account.threads}), flush=True)


if __name__ == "__main__":
    main()
