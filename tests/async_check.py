# SPDX-License-Identifier: MIT
"""Does what tachyon-report collapsed printed agree with the account of targets/async_graph.py?

usage: async_check.py ACCOUNT COLLAPSED TICKS all|running
"""
import json
import sys

SHARE_SLACK = 0.1               # of the time that each worker computes: 600 ticks, of a part of its run
STACK_SLACK = 0.03              # of the ticks in which a suspended task is there


def samples(lines, stack):
    """Those of a stack, whatever library functions are on top of it, but no other task."""
    return sum(n for line, n in lines if line == stack or
               (line.startswith(stack + ";") and "<task>" not in line[len(stack):]))


def main(account, collapsed, ticks, mode):
    truth = json.loads(open(account).read().splitlines()[-1])
    lines = []
    for line in open(collapsed):
        stack, n = line.rstrip("\n").rsplit(" ", 1)
        lines.append((stack, int(n)))
    ticks = int(ticks)
    wrong = []
    for stack, share in truth["stacks"].items():
        seen = samples(lines, stack) / ticks
        want = share if mode == "all" else 0
        if abs(seen - want) > STACK_SLACK:
            wrong.append(f"{stack}: {seen:.3f} and not {want}")
    for kind, share in truth["shares"].items():
        stack = f"<task> root;root;<task> {kind};worker;step;compute"
        seen = samples(lines, stack) / ticks
        if abs(seen - share) > SHARE_SLACK:
            wrong.append(f"{kind} computes {seen:.3f} of the time and not {share:.3f}")
    # What computes is in its task, not beside it.
    beside = sum(n for line, n in lines if line.endswith(";compute") and not line.startswith("<task> root;root;"))
    if beside > ticks * 0.01:
        wrong.append(f"{beside} of {ticks} ticks compute outside of the tasks")
    if wrong:
        print("\n".join(wrong), *(f"{n:8} {line}" for line, n in lines[:60]), sep="\n", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
