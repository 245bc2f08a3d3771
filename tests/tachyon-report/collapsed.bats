#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Lines for flame graph tools.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

setup() {
    MAKE=$BUILD/tests/make_trace
    GOLDEN=$BATS_TEST_DIRNAME/golden
    cd "$BATS_TEST_TMPDIR" || return 1
    "$MAKE" --kind known >known.tachyon
}

@test "functions, locations and lines are as expected" {
    "$REPORT" --collapsed known.tachyon | diff -u "$GOLDEN/known.collapsed" -
    "$REPORT" --collapsed --names=location known.tachyon |
        diff -u "$GOLDEN/known.location.collapsed" -
    "$REPORT" --collapsed --names=line --threads --native known.tachyon |
        diff -u "$GOLDEN/known.line.collapsed" -
}

@test "stacks with the same names are one line" {
    # fib calls fib in another line, work collects garbage: both stay apart from the rest.
    [ "$("$REPORT" collapsed --no-gc known.tachyon | wc -l)" -eq 4 ]
    "$MAKE" --ticks 500 --change 1 --depth 3 >many.tachyon
    [ -z "$("$REPORT" collapsed many.tachyon | sed 's/ [0-9]*$//' | sort | uniq -d)" ]
}

@test "counts agree with the second decoder" {
    "$MAKE" --ticks 20000 --threads 3 >many.tachyon
    "$REPORT" collapsed --names=line --threads many.tachyon | sort >ours
    "$CHECKER" - "$TESTS" many.tachyon >theirs <<'PYTHON'
import sys
sys.path.insert(0, sys.argv[1])
import collections, decoder
trace = decoder.decode(sys.argv[2])
names = {t["tid"]: t["name"] for t in trace["threads"]}
count = collections.Counter()
for s in trace["samples"]:
    frames = ["thread (%d): %s" % (s["tid"], names[s["tid"]])]
    frames += ["%(file)s:%(function)s:%(line)d" % f for f in s["stack"]]
    count[";".join(frames)] += 1
for line, n in count.items():
    print(line, n)
PYTHON
    sort -o theirs theirs
    cmp ours theirs
}

@test "no name breaks a line" {
    "$MAKE" --kind hostile | "$REPORT" collapsed >out
    [ "$(wc -l <out)" -eq 18 ]
    # Frames, one blank, a count; and no number in front of that which could be one.
    run ! grep -vP '^[^;].*\S \d+$' out
    run ! grep -P ' \d+(\.\d*)? \d+$' out
    [ "$(awk -F ';' '{ print NF }' out | sort -n | tail -1)" -eq 18 ]
    run ! env LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f\x7f]' out
    iconv -f UTF-8 -t UTF-8 out >/dev/null
}

@test "lines are sorted by count and then by name" {
    "$MAKE" --ticks 5000 --change 1 | "$REPORT" collapsed >out
    awk '{ print $NF }' out | sort -c -rn
    awk '{ print $NF, $0 }' out | LC_ALL=C sort -c -t ' ' -k1,1rn -k2
}

@test "the same trace gives the same bytes" {
    "$MAKE" --ticks 20000 --threads 4 >many.tachyon
    "$REPORT" collapsed --threads many.tachyon >first
    for _ in 1 2 3; do
        "$REPORT" collapsed --threads many.tachyon | cmp - first
    done
}

@test "a million frames are one line" {
    "$MAKE" --ticks 2 --depth 1000000 --change 100 >deep.tachyon
    "$REPORT" collapsed deep.tachyon >out
    [ "$(wc -l <out)" -eq 1 ]
    [ "$(tr -cd ';' <out | wc -c)" -eq 999999 ]
}
