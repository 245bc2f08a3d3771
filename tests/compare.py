# SPDX-License-Identifier: MIT
"""Compares a recorded trace with what the program said about itself.

    compare.py CHECK TRACE [REPORT] [OPTION=VALUE ...]

REPORT is the output of a program in tests/targets. A check prints what does not agree and ends with status 1 then.
Margins are in points (hundredths of the whole) and belong to the test that states them.
"""
import bisect
import collections
import json
import os
import sys

sys.dont_write_bytecode = True
import decoder

ON_CPU, HOLDS_GIL, WAITS_GIL, GC, NATIVE, EXCEPTION = (1 << bit for bit in range(6))
UNKNOWN_SHIFT = 16

problems = []


def expect(good, *message):
    if not good:
        problems.append(" ".join(str(m) for m in message))


def near(what, got, wanted, margin):
    """got and wanted are shares."""
    expect(abs(got - wanted) * 100 <= margin,
           "%s: %.1f %% in the trace, %.1f %% by the program's account, margin %s points"
           % (what, got * 100, wanted * 100, margin))


def report_of(path):
    """The last line that is a JSON object."""
    with open(path, encoding="utf-8") as lines:
        found = [line for line in lines if line.startswith("{")]
    if not found:
        sys.exit("%s: the program did not give its account" % path)
    return json.loads(found[-1])


def good(trace):
    return [s for s in trace["samples"] if not s["failed"]]


def of_thread(trace, tid):
    samples = [s for s in good(trace) if s["tid"] == tid]
    expect(samples, "no sample of thread", tid)
    return samples


def few_failed(trace, points=2):
    """What is missing may be missing because it is hard to read, so no share is trusted if much is missing."""
    samples = trace["samples"]
    began = next((i for i, s in enumerate(samples) if any(f["function"] == "main" for f in s["stack"])), 0)
    near("samples without a stack", share(samples[began:], lambda s: s["failed"]), 0, points)


def inside(samples, function):
    """Those that the function is in, be it that others were called."""
    found = [s for s in samples if any(f["function"] == function for f in s["stack"])]
    expect(found, "no sample with", function)
    return found


def leaf(sample):
    return sample["stack"][-1]["function"] if sample["stack"] else ""


def share(samples, condition):
    return sum(1 for s in samples if condition(s)) / max(1, len(samples))


def flagged(trace, samples, flag, least=0.9):
    """The share of samples with the flag; it has to be known of most of them."""
    known = [s for s in samples
             if trace["ticks"][s["tick"]]["known"] & flag and not s["flags"] >> UNKNOWN_SHIFT & flag]
    expect(len(known) >= len(samples) * least, "flag", flag, "is known of", len(known), "samples of", len(samples))
    return share(known, lambda s: s["flags"] & flag)


def threads_by_tid(trace):
    threads = collections.defaultdict(list)
    for thread in trace["threads"]:
        threads[thread["tid"]].append(thread)
    return threads


def named(trace, name):
    found = [t for t in trace["threads"] if t["name"] == name]
    expect(found, "no thread is called", ascii(name), "but", ascii([t["name"] for t in trace["threads"]]))
    return found


# ---- Exact.

def to_text(raw):
    return bytes.fromhex(raw).decode("utf-8", "surrogateescape")


def show(frame):
    return ascii("%s (%s:%d) at %d-%d:%d-%d" % frame)


def exact(trace, report, tids="same"):
    """Every frame of every thread on every tick."""
    own = {t["ident"]: t for t in report["threads"]}
    recorded = {t["python_id"]: t for t in trace["threads"]}
    expect(trace["ticks"], "no ticks")
    expected, ids = {}, {}
    for ident, thread in own.items():
        got = recorded.get(ident)
        expect(got, "thread", ident, "is missing:", ascii(thread["name"] and to_text(thread["name"])))
        if not got:
            continue
        ids[got["id"]] = ident
        if thread["name"] is not None:
            expect(got["name"] == to_text(thread["name"]),
                   "name", ascii(got["name"]), "and not", ascii(to_text(thread["name"])))
        expect(tids != "same" or got["tid"] == thread["tid"], "tid", got["tid"], "and not", thread["tid"])
        expect(bool(got["is_main"]) == thread["is_main"], "main thread:", got, thread["is_main"])
        expected[ident] = [
            (to_text(f["name" if f["qualname"] is None else "qualname"]), to_text(f["file"]), f["first_line"],
             *f["positions"]) for f in reversed(thread["frames"])]
    for thread in trace["threads"]:
        expect(thread["id"] in ids or thread["name"] in ("reporter", ""), "a thread too many:", ascii(thread))

    seen = collections.Counter()
    wrong = set()
    compared = {}  # samples of one stack share the list of its frames
    last = len(trace["ticks"]) - 1
    for sample in trace["samples"]:
        ident = ids.get(sample["thread"])
        if ident is None:
            expect(sample["tick"] < last, "a thread too many on the last tick:", sample["thread"])
            continue
        seen[ident] += 1
        if ident in wrong:
            continue
        if sample["failed"] or sample["inexact"]:
            wrong.add(ident)
            expect(False, "tick", sample["tick"], "of", ascii(recorded[ident]["name"]), "is failed or inexact")
            continue
        key = ident, id(sample["stack"])
        if key in compared:
            continue
        got = [(f["function"], f["file"], f["first_line"], f["line"], f["end_line"], f["col"], f["end_col"])
               for f in sample["stack"]]
        compared[key] = got
        if got != expected[ident]:
            wrong.add(ident)
            expect(False, "the stack of", ascii(recorded[ident]["name"]), "on tick", sample["tick"], "root first:",
                   difference(got, expected[ident]))
    for ident in ids.values():
        expect(seen[ident] == last + 1,
               ascii(recorded[ident]["name"]), "has", seen[ident], "samples on", last + 1, "ticks")


def difference(got, wanted):
    lines = [""]
    for i in range(max(len(got), len(wanted))):
        a = show(got[i]) if i < len(got) else "nothing"
        b = show(wanted[i]) if i < len(wanted) else "nothing"
        if a != b:
            lines.append("    frame %d: %s\n    but it is: %s" % (i, a, b))
    return "\n".join(lines[:5])


def deep(trace, report):
    depth, lines = report["depth"], report["lines"]
    samples = of_thread(trace, report["tid"])
    for sample in samples:
        # The even calls are those with an even number of calls left, the last one's call is wait().
        stack = [(f["function"], f["line"]) for f in sample["stack"] if f["function"] in ("descend", "wait")]
        calls = [("descend", lines["even" if left % 2 == 0 else "odd"]) for left in range(depth - 1, 0, -1)]
        expect(len(stack) == depth + 1, len(stack), "frames and not", depth + 1)
        expect(stack[:depth - 1] == calls, "calls in other lines")
        expect(stack[-1] == ("wait", lines["wait"]), "the leaf is", stack[-1:])
        expect(not sample["inexact"], "inexact")
        if problems:
            return


def large(trace, report):
    """Every thread, whole, with every function's own name and a file name of 4096 bytes."""
    frames = report["frames"]
    stacks = {}
    for sample in good(trace):
        stacks[sample["thread"]] = sample["stack"]
    for number in range(report["threads"]):
        (thread,) = named(trace, "large-%d" % number) or [None]
        if not thread:
            return
        got = [f for f in stacks.get(thread["id"], []) if f["function"].startswith("f_")]
        expect([f["function"] for f in got] == ["f_%d_%d" % (number, i) for i in range(frames)],
               "thread", number, "is in", [f["function"] for f in got][:3], "...", len(got), "frames")
        expect(all(f["first_line"] == i + 1 for i, f in enumerate(got)), "thread", number, "in strange lines")
        expect({len(f["file"]) for f in got} == {4096}, "file names of", {len(f["file"]) for f in got}, "bytes")
        expect({f["file"][-11:] for f in got} == {"%08d.py" % number}, "files of others:", number)


def subinterpreters(trace, report):
    threads = threads_by_tid(trace)
    main = [t["interpreter"] for t in trace["threads"] if t["is_main"]]
    for thread in report["threads"]:
        records = threads[thread["tid"]]
        expect(len(records) >= len(thread["stacks"]), "thread", ascii(thread["name"]), "has", len(records), "records")
        expect(any(t["name"] == thread["name"] for t in records),
               "names", ascii([t["name"] for t in records]), "and not", ascii(thread["name"]))
        expect(any(t["interpreter"] not in main for t in records), "no record in another interpreter")
        for wanted in thread["stacks"]:
            found = set()
            for sample in of_thread(trace, thread["tid"]):
                frames = [[f["function"], f["line"]] for f in reversed(sample["stack"])]
                found.add(json.dumps(frames))
                if frames[:len(wanted)] == wanted and (wanted[-1][0] != "<module>" or len(frames) == len(wanted)):
                    break
            else:
                expect(False, "no stack", wanted, "but", *sorted(found))


# ---- Statistical.

def shares(trace, report, margin, within="main"):
    """Of the functions, leaf or not, in the time spent inside another one."""
    few_failed(trace)
    samples = inside(good(trace), within)
    for name, wanted in report["shares"].items():
        near(name, share(samples, lambda s: any(f["function"] == name for f in s["stack"])), wanted, float(margin))


def leaves(trace, report, margin, within="main"):
    """Of the functions as leaves among themselves."""
    few_failed(trace)
    samples = [s for s in inside(good(trace), within) if leaf(s) in report["shares"]]
    for name, wanted in report["shares"].items():
        near(name, share(samples, lambda s: leaf(s) == name), wanted, float(margin))


def recursion(trace, report, margin):
    few_failed(trace)
    samples = inside(good(trace), "dive")
    depths = collections.Counter()
    for sample in samples:
        names = [f["function"] for f in sample["stack"]]
        # A leaf that was gone before it could be read has callers, but no name.
        if names[-1] in ("", "<unknown>"):
            names.pop()
        depth = names.count("dive")
        depths[depth] += 1
        expect(names[-depth:] == ["dive"] * depth and names[-depth - 1] == "main", "torn:", names)
        expect(depth <= report["depth"], "deeper than it ever was:", depth)
        # Down or up: the callers are all in the line of the call.
        lines = {f["line"] for f in sample["stack"] if f["function"] == "dive" and f is not sample["stack"][-1]}
        expect(len(lines) <= 1 or sample["inexact"], "callers that do not call:", lines)
    mean = sum(d * n for d, n in depths.items()) / max(1, len(samples))
    near("mean depth, of %d" % report["depth"], mean / report["depth"], report["mean"] / report["depth"], float(margin))
    for low in range(1, report["depth"], 10):
        band = range(low, low + 10)
        near("depths %d to %d" % (low, low + 9), sum(depths[d] for d in band) / max(1, len(samples)),
             sum(report["shares"][d - 1] for d in band), float(margin))


def threads(trace, report, margin):
    margin = float(margin)
    held = 0
    # Who has the GIL may be kept from a CPU by other processes, so the turns are shares of what all of them had.
    on_cpu = sum(own["cpu_share"] for name, own in report["threads"].items() if name != "sleeper")
    for name, own in report["threads"].items():
        (thread,) = named(trace, name) or [None]
        if not thread:
            continue
        expect(thread["tid"] == own["tid"], name, "has the tid", thread["tid"], "and not", own["tid"])
        work = "sleep_on" if name == "sleeper" else "spin_on"
        samples = inside(of_thread(trace, own["tid"]), work)
        near(ascii(name) + " on a CPU", flagged(trace, samples, ON_CPU), own["cpu_share"], margin)
        if name == "sleeper":
            near("the sleeper holding the GIL", flagged(trace, samples, HOLDS_GIL), 0, margin)
            near("the sleeper waiting for the GIL", flagged(trace, samples, WAITS_GIL), 0, margin)
        else:
            share_held = flagged(trace, samples, HOLDS_GIL)
            held += share_held
            turn = own["cpu_share"] / on_cpu
            near(ascii(name) + " holding the GIL", share_held, turn, margin)
            near(ascii(name) + " waiting for the GIL", flagged(trace, samples, WAITS_GIL), 1 - turn, margin)
    near("the GIL held by one of the busy threads", held, 1, margin)
    holders = collections.Counter(s["tick"] for s in good(trace) if s["flags"] & HOLDS_GIL)
    expect(max(holders.values()) == 1, "a tick with", max(holders.values()), "holders of one GIL")


def parallel(trace, report, margin):
    """Threads that need no GIL: busy ones run at the same time, as far as there are CPUs, and nobody waits."""
    margin = float(margin)
    for name, own in report["threads"].items():
        (thread,) = named(trace, name) or [None]
        if not thread:
            continue
        expect(thread["tid"] == own["tid"], name, "has the tid", thread["tid"], "and not", own["tid"])
        samples = inside(of_thread(trace, own["tid"]), "sleep_on" if name == "sleeper" else "spin_on")
        near(ascii(name) + " on a CPU", flagged(trace, samples, ON_CPU), own["cpu_share"], margin)
        near(ascii(name) + " attached", flagged(trace, samples, HOLDS_GIL), name != "sleeper", 5)
        near(ascii(name) + " waiting for the GIL", flagged(trace, samples, WAITS_GIL), 0, 0)
    both = collections.Counter(s["tick"] for s in good(trace) if s["flags"] & ON_CPU)
    expect(share(both.values(), lambda n: n >= 2) > 0.3, "no two threads were on CPUs at the same time")


def gil_switch(trace, report, margin):
    """Two threads of which nobody waits, then two of which one waits for the other."""
    margin = float(margin)
    expect(not report["before"] and report["after"], "the GIL was not switched on:", report)
    samples = inside(good(trace), "spin_freely")
    near("attached without the GIL", flagged(trace, samples, HOLDS_GIL), 1, margin)
    near("waiting without the GIL", flagged(trace, samples, WAITS_GIL), 0, 0)
    samples = inside(good(trace), "spin_in_turn")
    near("holding the GIL", flagged(trace, samples, HOLDS_GIL), 0.5, margin)
    near("waiting for the GIL", flagged(trace, samples, WAITS_GIL), 0.5, margin)
    holders = collections.Counter(s["tick"] for s in samples if s["flags"] & HOLDS_GIL)
    expect(max(holders.values()) == 1, "a tick with", max(holders.values()), "holders of one GIL")


def hashing(trace, report, margin):
    margin = float(margin)
    hasher, busy = report["threads"]["hasher"], report["threads"]["busy"]
    samples = inside(of_thread(trace, hasher["tid"]), "hash_on")
    near("the hasher on a CPU", flagged(trace, samples, ON_CPU), hasher["cpu_share"], margin)
    near("the hasher holding the GIL", flagged(trace, samples, HOLDS_GIL), 0, margin)
    both = share(samples, lambda s: s["flags"] & ON_CPU and not s["flags"] & HOLDS_GIL)
    near("the hasher on a CPU without the GIL", both, hasher["cpu_share"], margin)
    samples = inside(of_thread(trace, busy["tid"]), "spin_on")
    near("the busy thread holding the GIL", flagged(trace, samples, HOLDS_GIL), 1, margin)


def gc(trace, report, margin):
    few_failed(trace)
    samples = inside(good(trace), "main")
    samples = [s for s in samples if leaf(s) in ("collect", "compute")]
    near("collecting garbage", flagged(trace, samples, GC), report["gc_share"], float(margin))
    near("collect()", share(samples, lambda s: leaf(s) == "collect"), report["gc_share"], float(margin))
    wrong = share(samples, lambda s: leaf(s) == "compute" and s["flags"] & GC)
    near("garbage collection in compute()", wrong, 0, 1)


def gc_threads(trace, report, margin):
    """Who collects garbage, while others are stopped for it."""
    few_failed(trace)
    samples = inside(of_thread(trace, report["threads"]["collector"]), "Account.collect_on")
    samples = [s for s in samples if leaf(s) in ("collect", "compute")]
    near("collecting garbage", flagged(trace, samples, GC), report["gc_share"], float(margin))
    near("collect()", share(samples, lambda s: leaf(s) == "collect"), report["gc_share"], float(margin))
    wrong = share(samples, lambda s: leaf(s) == "compute" and s["flags"] & GC)
    near("garbage collection in compute()", wrong, 0, 1)
    samples = inside(of_thread(trace, report["threads"]["other"]), "Account.compute_on")
    near("garbage collection in the other thread", flagged(trace, samples, GC), 0, 0)


def exceptions(trace, report, margin):
    few_failed(trace)
    samples = inside(good(trace), "rounds")
    near("raising or handling", flagged(trace, samples, EXCEPTION), report["active_share"], float(margin))
    leaves = collections.Counter(leaf(s) for s in samples)
    for name in report["spent"]:
        if name == "propagating":
            continue
        own = [s for s in samples if leaf(s) == name]
        expect(len(own) >= 20, "only", len(own), "samples of", name, "among", dict(leaves))
        near("an exception in %s()" % name, flagged(trace, own, EXCEPTION, 0.7), name.startswith("handle"), 10)
    unknown = share(samples, lambda s: s["flags"] >> UNKNOWN_SHIFT & EXCEPTION)
    near("not known whether", unknown, 0, 6)


def natives(trace, margin):
    """Leaves by their names: native_* in C, python_* and what those call in the interpreter."""
    few_failed(trace)
    samples = inside(good(trace), "main")
    known = [s for s in samples if not s["flags"] >> UNKNOWN_SHIFT & NATIVE]
    near("not known whether native", 1 - len(known) / len(samples), 0, 10)
    for name in sorted({f["function"] for s in samples for f in s["stack"] if "_" in f["function"]}):
        if not name.startswith(("native_", "python_")):
            continue
        own = [s for s in known if any(f["function"] == name for f in s["stack"])]
        if name.startswith("native_"):
            own = [s for s in own if leaf(s) == name or len(own) < 20]
        expect(len(own) >= 20, "only", len(own), "samples of", name)
        wanted = name.startswith("native_")
        # Three samples of few are more than the margin.
        near("native code in %s() (%d samples)" % (name, len(own)), flagged(trace, own, NATIVE), wanted,
             max(5 if wanted else float(margin), 300 / len(own)))


def natives_unspecialised(trace, margin):
    """The same where instructions do not tell much: what is not known is not taken for anything."""
    few_failed(trace)
    samples = inside(good(trace), "main")
    for kind, wanted in ("python_", 0), ("native_", 1):
        own = [s for s in samples if any(f["function"].startswith(kind) for f in s["stack"])]
        expect(len(own) >= 100, "only", len(own), "samples of", kind)
        wrong = share(own, lambda s: not s["flags"] >> UNKNOWN_SHIFT & NATIVE
                      and bool(s["flags"] & NATIVE) != wanted)
        near("wrong about native code in %s*()" % kind, wrong, 0, float(margin))


def blocking(trace, of, margin):
    """Leaves while the process ran are those that --blocking found at the same time.

    What was read while it was stopped for the other recorder, or was about to be, counts for nothing.
    """
    few_failed(trace, 0.1)
    after, before = 150_000, 30_000
    still = good(decoder.decode(of, markers=False))
    stops = [s["at_ns"] for s in still]
    truth = collections.Counter(leaf(s) for s in still)
    running = collections.Counter()
    for sample in good(trace):
        at = sample["at_ns"]
        i = bisect.bisect(stops, at)
        if 0 < i < len(stops) and at - stops[i - 1] > after and stops[i] - at > before:
            running[leaf(sample)] += 1
    n, m = sum(truth.values()), sum(running.values())
    expect(n >= 10000 and m >= 10000, "too few:", n, "stops and", m, "samples between")
    for name in sorted(set(truth) | set(running)):
        near("%s (%d samples, %d stops)" % (name, m, n),
             running[name] / max(1, m), truth[name] / max(1, n), float(margin))


def callees():
    """The functions that a line of tests/targets/fast.py can call: what stands behind "# ->"."""
    found = {}
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "targets", "fast.py"), encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            found[number] = line.partition("# ->")[2].replace(",", " ").split()
    return found


def possible(trace, most=0.2, failed=0.1):
    """Of what changes faster than it can be read no stack is called exact that never was; most is in hundredths."""
    few_failed(trace, float(failed))
    allowed = callees()
    impossible = collections.Counter()
    for sample in good(trace):
        if sample["inexact"]:
            continue
        for caller, callee in zip(sample["stack"], sample["stack"][1:]):
            if not (caller["file"].endswith("fast.py") and callee["file"].endswith("fast.py")):
                continue
            name = callee["function"].rpartition(".")[2]
            if caller["function"] != "<module>" and name not in allowed.get(caller["line"], ()):
                impossible[(caller["function"], caller["line"], name)] += 1
                break
    wrong = sum(impossible.values())
    expect(wrong * 100 <= float(most) * len(good(trace)),
           wrong, "of", len(good(trace)), "samples never were:", impossible.most_common(3))


def codes(trace, report):
    """No sample mixes what belongs to two functions, and many were seen."""
    seen = set()
    for sample in good(trace):
        for frame in sample["stack"]:
            kind, _, number = frame["function"].rpartition("_")
            if kind == "function" and number.isdigit():
                n = int(number)
                seen.add(n)
                first = n % 997 + 1
                expect(frame["file"] == "codes_%d.py" % n and frame["first_line"] == first
                       and first <= frame["line"] <= first + 2, "mixed:", frame)
    expect(len(seen) >= min(100, report["functions"] / 10), "only", len(seen), "of", report["functions"], "functions")


def renamed(trace, report, most=0):
    """Numbers only rise from sample to sample, and a stack has one: no function has the name of an earlier one."""
    newest, seen, stale = -1, set(), 0
    for sample in good(trace):
        numbers = {int(f["function"].rpartition("_")[2]) for f in sample["stack"]
                   if f["function"].startswith(("leaf_", "caller_"))}
        stale += len(numbers) > 1 or bool(numbers) and min(numbers) < newest
        newest = max(numbers | {newest})
        seen |= numbers
    expect(stale <= int(most), stale, "samples have the name of an earlier function")
    expect(len(seen) >= min(100, report["functions"] / 10), "only", len(seen), "of", report["functions"], "functions")


def churn(trace, report):
    """A thread never has the name of another one."""
    by_id = {t["id"]: t for t in trace["threads"]}
    seen = set()
    for sample in good(trace):
        tasks = [f["function"] for f in sample["stack"] if f["function"].startswith("task_")]
        name = by_id[sample["thread"]]["name"] if sample["thread"] else ""
        if tasks and name.startswith("churn-"):
            n = int(name[len("churn-"):])
            seen.add(n)
            expect(tasks == ["task_%d" % (n % 5)], "thread", name, "in", tasks)
        elif tasks:
            expect(name == "", "thread", ascii(name), "in", tasks)
    expect(len(seen) >= report["threads"] / 10, "only", len(seen), "names of", report["threads"], "threads")


# ---- Others.

def summary(trace):
    """Prints what tests of the command line ask for."""
    ticks = trace["ticks"]
    functions = collections.Counter(leaf(s) for s in good(trace))
    gaps = sorted(b["at_ns"] - a["at_ns"] for a, b in zip(ticks, ticks[1:]))
    print(json.dumps({
        "headers": trace["headers"],
        "processes": trace["processes"],
        "threads": trace["threads"],
        "ticks": len(ticks),
        "samples": len(trace["samples"]),
        "sampled_threads": len({s["thread"] for s in trace["samples"]}),
        "failed": sum(s["failed"] for s in trace["samples"]),
        "inexact": sum(s["inexact"] for s in trace["samples"]),
        "leaves": functions,
        "functions": sorted({f["function"] for s in good(trace) for f in s["stack"]}),
        "duration_s": (ticks[-1]["at_ns"] - ticks[0]["at_ns"]) / 1e9 if ticks else 0,
        "median_gap_us": gaps[len(gaps) // 2] / 1000 if gaps else None,
        "ends": trace["ends"],
        "events": trace["events"],
        "lost": trace["lost"],
    }))


CHECKS = {f.__name__: f for f in (
    exact, deep, large, subinterpreters, shares, leaves, recursion, threads, parallel, gil_switch, hashing, gc,
    gc_threads, exceptions, natives, natives_unspecialised, blocking, possible, codes, renamed, churn, summary)}


def main():
    check, trace, *rest = sys.argv[1:]
    files = [word for word in rest if "=" not in word or os.path.exists(word)]
    options = dict(word.split("=", 1) for word in rest if word not in files)
    CHECKS[check](decoder.decode(trace, markers=False), *map(report_of, files), **options)
    for problem in problems[:20]:
        print("%s: %s" % (check, problem))
    if len(problems) > 20:
        print("%s: and %d more" % (check, len(problems) - 20))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
