#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A second decoder of traces, made from tachyon-trace(5) alone.

    decoder.py TRACE        prints {"threads": ..., "ticks": ..., "samples": ...} as JSON
"""
import json
import subprocess
import sys

import msgpack

INEXACT, FAILED = 1 << 6, 1 << 7


def objects(path):
    """All objects, from all frames.  bin that is not UTF-8 keeps its bytes."""
    raw = subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE).stdout
    unpacker = msgpack.Unpacker(raw=True, strict_map_key=False, max_buffer_size=len(raw) + 1)
    unpacker.feed(raw)
    yield from unpacker


def text(b):
    return b.decode("utf-8", "surrogateescape")


def plain(v):
    """An info map with its strings decoded."""
    if isinstance(v, bytes):
        return text(v)
    if isinstance(v, dict):
        return {plain(k): plain(x) for k, x in v.items()}
    return [plain(x) for x in v] if isinstance(v, list) else v


class Stacks:
    """The frames of a stack, root first, are put together when it is asked for: a deep one has a stack per frame."""

    def __init__(self, markers):
        self.nodes, self.frames, self.markers = [(0, None)], {0: []}, markers

    def __len__(self):
        return len(self.nodes)

    def add(self, distance, location):
        self.nodes.append((len(self.nodes) - distance, location))

    def __getitem__(self, stack):
        if stack not in self.frames:
            frames, at = [], stack
            while at:
                at, location = self.nodes[at]
                if self.markers or (location["file"], location["first_line"]) != ("~", 0):
                    frames.append(location)
            self.frames[stack] = frames[::-1]
        return self.frames[stack]


def decode(path, markers=True):
    """Without markers the frames are those of Python functions only."""
    out = {"headers": [], "processes": [], "threads": [], "ticks": [], "samples": [],
           "lost": [], "events": [], "marks": [], "stats": [], "ends": []}
    for type_, *f in objects(path):
        if type_ == 0:
            assert f[0] == b"tachyon" and f[1] == 1, "not a trace of version 1"
            strings, functions, locations, stacks = [""], [("", "", 0)], [None], Stacks(markers)
            threads = {0: None}
            out["headers"].append({"mono_ns": f[3], "wall_ns": f[4], **plain(f[5])})
        elif type_ == 1:
            assert f[0] == len(strings)
            strings += [text(s) for s in f[1]]
        elif type_ == 2:
            assert f[0] == len(functions)
            functions += [(strings[n], strings[p], l) for n, p, l in zip(*f[1:4])]
        elif type_ == 3:
            assert f[0] == len(locations)
            opcodes = f[6] if len(f) > 6 else [-1] * len(f[1])
            for func, line, end_line, col, end_col, opcode in zip(*f[1:6], opcodes):
                name, file, first = functions[func]
                locations.append({"function": name, "file": file, "first_line": first,
                                  "line": line, "end_line": end_line, "col": col,
                                  "end_col": end_col, "opcode": opcode})
        elif type_ == 4:
            assert f[0] == len(stacks)
            for distance, location in zip(f[1], f[2]):
                stacks.add(distance, locations[location])
        elif type_ == 5:
            out["processes"].append(plain(dict(zip(
                [b"id", b"pid", b"ppid", b"start_ns", b"argv", b"exe", b"python", b"info"], f))))
        elif type_ == 6:
            keys = ["id", "process", "tid", "python_id", "name", "interpreter", "is_main"]
            thread = dict(zip(keys, plain(f)))
            if f[0] in threads:
                threads[f[0]].update(thread)
            else:
                threads[f[0]] = thread
                out["threads"].append(thread)
        elif type_ == 7:
            samples(out, threads, stacks, *f[:7])
        elif type_ in (8, 9, 10, 12, 13):
            out[{8: "lost", 9: "events", 10: "marks", 12: "stats", 13: "ends"}[type_]].append(plain(f))
    return out


def samples(out, threads, stacks, process, start, interval, known, late, skips, groups):
    skipped = dict(zip(skips[::2], skips[1::2]))
    slot, base = start, len(out["ticks"])
    for k, offset_us in enumerate(late):
        slot += interval * ((k > 0) + skipped.get(k, 0))
        out["ticks"].append({"at_ns": slot + offset_us * 1000, "offset_us": offset_us,
                             "process": process, "known": known})
    for thread, k, lens, ids, flags in groups:
        for length, stack, flag in zip(lens, ids, flags):
            for _ in range(length):
                out["samples"].append({
                    "tick": base + k, "at_ns": out["ticks"][base + k]["at_ns"],
                    "thread": thread, "tid": threads[thread]["tid"] if thread else None, "flags": flag,
                    "failed": bool(flag & FAILED), "inexact": bool(flag & INEXACT),
                    "reason": flag >> 8 & 15, "stack": stacks[stack]})
                k += 1


if __name__ == "__main__":
    json.dump(decode(sys.argv[1]), sys.stdout, indent=1)
    print()
