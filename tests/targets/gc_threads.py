# SPDX-License-Identifier: MIT
"""A thread that collects garbage for about 40 % of the time, and one that computes. usage: gc_threads.py [SECONDS]"""
import gc
import json
import sys
import threading
import time

import gc_heavy


class Account:
    def __init__(self):
        self.tids = {}
        self.gc_share = 0.0

    def collect_on(self, until):
        self.tids["collector"] = threading.get_native_id()
        nodes = gc_heavy.build(100000)
        collecting = 0.0
        began = now = time.perf_counter()
        while now < until:
            gc_heavy.collect()
            before, now = now, time.perf_counter()
            collecting += now - before
            gc_heavy.compute(now + (now - before) * 1.5)
            now = time.perf_counter()
        self.gc_share = collecting / (now - began)
        nodes.clear()

    def compute_on(self, until):
        self.tids["other"] = threading.get_native_id()
        # With pauses: on two CPUs that are both busy a recorder gets its turns while garbage is collected.
        while (now := time.perf_counter()) < until:
            gc_heavy.compute(now + 0.002)
            time.sleep(0.004)


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    gc.disable()
    account = Account()
    until = time.perf_counter() + seconds
    threads = [threading.Thread(target=work, name=work.__name__, args=(until,))
               for work in (account.collect_on, account.compute_on)]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    for thread in threads:
        thread.join()
    print(json.dumps({"gc_share": account.gc_share, "threads": account.tids}), flush=True)


if __name__ == "__main__":
    main()
