# SPDX-License-Identifier: MIT
"""Two threads that run freely, then two after a module has switched the GIL on. usage: gil_switch.py MODULE [SECONDS]

MODULE is the file of an extension module that does not say that it can do without the GIL.
"""
import importlib.machinery
import importlib.util
import json
import sys
import threading
import time
import warnings


def spin(until):
    while time.perf_counter() < until:
        for _ in range(1000):
            pass


def spin_freely(until):
    spin(until)


def spin_in_turn(until):
    spin(until)


def both(work, seconds):
    until = time.perf_counter() + seconds
    threads = [threading.Thread(target=work, args=(until,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def switch_on(path):
    loader = importlib.machinery.ExtensionFileLoader("needs_gil", path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.util.module_from_spec(importlib.util.spec_from_loader("needs_gil", loader))


def main():
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    before = sys._is_gil_enabled()
    print("ready", flush=True)
    both(spin_freely, seconds)
    switch_on(sys.argv[1])
    after = sys._is_gil_enabled()
    both(spin_in_turn, seconds)
    print(json.dumps({"before": before, "after": after}), flush=True)


if __name__ == "__main__":
    main()
