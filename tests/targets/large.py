# SPDX-License-Identifier: MIT
"""Many threads, each in a stack of functions of its own. usage: large.py [THREADS [FRAMES]]

Thread N is called large-N and is in the functions f_N_0 (outermost) to f_N_(FRAMES - 1), which stand in a file whose
name has 4096 bytes. Waits for the end of its input.
"""
import json
import os
import sys
import threading
import types

FILE = "/large/%s.py"
FILE_BYTES = 4096


def link(chain, parked):
    if chain:
        chain.pop()(chain, parked)
    else:
        parked.release()
        FOREVER.wait()


def chain_of(number, frames):
    """Innermost first: each takes the next one from the end."""
    chain = []
    path = FILE % ("x" * (FILE_BYTES - len(FILE % "") - 8) + "%08d" % number)
    for i in reversed(range(frames)):
        names = {"co_name": "f_%d_%d" % (number, i), "co_filename": path, "co_firstlineno": i + 1}
        if sys.version_info >= (3, 11):
            names["co_qualname"] = names["co_name"]
        chain.append(types.FunctionType(link.__code__.replace(**names), globals()))
    return chain


def run(chain, parked):
    chain.pop()(chain, parked)


FOREVER = threading.Event()


def main():
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    frames = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    sys.setrecursionlimit(frames + 1000)
    parked = threading.Semaphore(0)
    for n in range(threads):
        thread = threading.Thread(target=run, args=(chain_of(n, frames), parked), name="large-%d" % n, daemon=True)
        thread.start()
    for _ in range(threads):
        parked.acquire()
    print(json.dumps({"threads": threads, "frames": frames}), flush=True)
    print("ready", flush=True)
    os.read(0, 1)
    os._exit(0)


if __name__ == "__main__":
    main()
