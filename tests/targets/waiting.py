# SPDX-License-Identifier: MIT
"""Many threads that wait at known places, in every kind of frame. usage: waiting.py [SCENE ...]

Prints, as one line of JSON, what the interpreter itself says about every thread, then "ready"; ends when its input
does. A scene runs in one thread that waits the first time ("cold") and in one that waits after many times ("warm"),
when the interpreter has specialised the code. The line is

    {"threads": [{"tid", "ident", "name" (hex of bytes, or null without a Thread object), "is_main",
                  "frames": leaf first [{"name", "qualname" (null before 3.11), "file" (all three hex of bytes),
                                         "first_line", "line", "positions": [line, end_line, col, end_col]}]}]}

with -1 for what is not known. Names are the bytes they stand for: UTF-8, where U+DC80 to U+DCFF are single bytes.
"""
import _thread
import json
import os
import queue
import select
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
from waiting_scenes import SCENES, Text

WARM = 150  # calls before a warm scene waits: more than any version needs to specialise

# ---- The ends of the stacks: calls of C functions that do not return.

READ_END, WRITE_END = os.pipe()
LOCK = threading.Lock()
LOCK.acquire()
EVENT = threading.Event()
QUEUE = queue.Queue()
SOCKETS = socket.socketpair()


def wait_lock():
    LOCK.acquire()


def wait_event():
    EVENT.wait()


def wait_event_timeout():
    EVENT.wait(timeout=3600)


def wait_sleep():
    time.sleep(3600)


def wait_read():
    return os.read(
        READ_END,
        1,
    )


def wait_select():
    select.select([READ_END], [], [])


def wait_queue():
    QUEUE.get()


def wait_socket():
    SOCKETS[0].recv(1)


def wait_join():
    threading.main_thread().join()


WAITS = [
    wait_lock, wait_event, wait_sleep, wait_read, wait_select, wait_queue, wait_event_timeout, wait_socket, wait_join]


def make_pause(skip, wait):
    def pause(*_):
        nonlocal skip
        if skip:
            skip -= 1
            return None
        return wait()
    return pause


# ---- The account.

def raw(text):
    return b"".join(
        bytes([ord(c) - 0xDC00]) if 0xDC80 <= ord(c) <= 0xDCFF else c.encode("utf-8", "surrogatepass")
        for c in text).hex()


def describe(frame):
    code = frame.f_code
    line = -1 if frame.f_lineno is None else frame.f_lineno
    # Before 3.11 there are no columns, and a position is within its line.
    positions = [line, line, -1, -1]
    if hasattr(code, "co_positions"):
        found = list(code.co_positions())[frame.f_lasti // 2:][:1]
        positions = [-1 if x is None else x for p in found for x in p] or [-1] * 4
    return {
        "name": raw(code.co_name),
        "qualname": raw(code.co_qualname) if hasattr(code, "co_qualname") else None,
        "file": raw(code.co_filename),
        "first_line": code.co_firstlineno,
        "line": line,
        "positions": positions,
    }


def stack(frame):
    frames = []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames


def account():
    threads = {t.ident: t for t in threading.enumerate()}
    me = threading.get_ident()
    result = []
    for ident, frame in sys._current_frames().items():
        if ident == me:
            continue
        thread = threads.get(ident)
        result.append({
            "tid": thread.native_id if thread else BARE[ident],
            "ident": ident,
            "name": raw(thread.name) if thread else None,
            "is_main": ident == threading.main_thread().ident,
            "frames": [describe(f) for f in stack(frame)],
        })
    return result


def all_sleep():
    me = str(threading.get_native_id())
    for tid in os.listdir("/proc/self/task"):
        with open("/proc/self/task/%s/stat" % tid) as stat:
            if tid != me and stat.read().rpartition(")")[2].split()[0] != "S":
                return False
    return True


def where_all_are():
    return {ident: [(id(f.f_code), f.f_lasti) for f in stack(frame)] for ident, frame in sys._current_frames().items()
            if ident != threading.get_ident()}


def report(expected):
    # A thread waits for good when it has said so, sleeps, and is found in the same place again.
    same, before = 0, None
    while len(ARRIVED) < expected or same < 4:
        time.sleep(0.01)
        now = where_all_are()
        same = same + 1 if now == before and all_sleep() else 0
        before = now
    line = json.dumps({"threads": account()}) + "\nready\n"
    sys.stdout.write(line)
    sys.stdout.flush()


ARRIVED = []
BARE = {}


class Pause:
    """What a scene is called with."""

    def __init__(self, skip, wait):
        self.pause = make_pause(skip, self.arrive)
        self.turns = skip
        self.wait = wait

    def arrive(self):
        self.waits()
        return self.wait()

    def waits(self):
        ARRIVED.append(self)

    def __call__(self, *args):
        return self.pause(*args)


def run(function, skip, wait):
    pause = Pause(skip, wait)
    while True:
        function(pause)


def bare(wait):
    BARE[threading.get_ident()] = threading.get_native_id()
    ARRIVED.append(None)
    wait()


NAMES = [
    "", "n\u00e4me", "\u0438\u043c\u044f", "\U00020000\U0001f40d", "x" * 500, "a\nb;c", "\udcff",
    Text("name"), Text("n\u00e4me")]


def main():
    wanted = sys.argv[1:]
    threading.stack_size(1 << 20)
    n = 0
    for key, function, warm in SCENES:
        if wanted and key not in wanted:
            continue
        for skip in [0, WARM] if warm else [0]:
            thread = threading.Thread(
                target=run, args=(function, skip, WAITS[n % len(WAITS)]),
                name="%s-%s" % (key, "warm" if skip else "cold"))
            thread.start()
            n += 1
    if not wanted:
        for name in NAMES:
            thread = threading.Thread(target=bare, args=(wait_lock,))
            thread.start()
            thread.name = name
            n += 1
        _thread.start_new_thread(bare, (wait_event,))
        n += 1
    # A thread of its own reports, so that the main thread too is already where it stays.
    threading.Thread(target=report, args=(n,), name="reporter").start()
    os.read(0, 1)
    os._exit(0)


if __name__ == "__main__":
    main()
