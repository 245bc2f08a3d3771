#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is in a trace.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

setup() {
    MAKE=$BUILD/tests/make_trace
    GOLDEN=$BATS_TEST_DIRNAME/golden
    cd "$BATS_TEST_TMPDIR" || return 1
    "$MAKE" --kind known >known.tachyon
}

@test "the text is as expected" {
    # The compressed size depends on the version of zstd.
    "$REPORT" info known.tachyon | sed 's/^\(size  *\)[0-9]* B/\1N B/' |
        diff -u "$GOLDEN/known.info" -
}

@test "--json tells what is known of the trace" {
    "$REPORT" info --json known.tachyon >out
    jq -e '.ticks == 10 and .samples == 14 and .failed == 1 and .late == 1 and
        .missed == 1 and .lost == 2 and .inexact == 1 and .failed_by.torn == 1' out
    jq -e '.duration_s == 0.011 and .requested_hz == 1000' out
    jq -e '.functions == 4 and .locations == 6 and .stacks == 6' out
    jq -e '[.threads[].name] == ["MainThread", "Worker-2"] and .threads[0].main' out
    jq -e '.threads[1].states.on_cpu == { yes: 3, known: 3 }' out
    jq -e '.processes[0].argv == ["python3", "app.py", "--fast"]' out
    jq -e '.end == "target" and .unfinished == 0 and (.cut | not)' out
    jq -e '.recorder_counters.reads == 21' out
}

@test "times agree with the second decoder" {
    "$REPORT" info --json known.tachyon >out
    "$CHECKER" "$TESTS/decoder.py" known.tachyon >decoded
    jq -e --slurpfile d decoded '.ticks == ($d[0].ticks | length) and
        .samples == ($d[0].samples | length) and
        .failed == ([$d[0].samples[] | select(.failed)] | length)' out
}

@test "every key of --json is in the manual" {
    "$REPORT" info --json known.tachyon |
        jq -r '[paths | map(select(type == "string")) | last] | unique[]' |
        while read -r key; do
            mandoc -T utf8 "$TESTS/../man/tachyon-report.1" | col -b | grep -qw -- "$key" ||
                { fail "$key is not documented"; exit 1; }
        done
}

@test "hostile names come out as valid JSON" {
    "$MAKE" --kind hostile | "$REPORT" info --json | jq -e '.functions == 19'
}

@test "a trace without its end is still told about" {
    head -c 200 known.tachyon >cut.tachyon
    run --separate-stderr "$REPORT" info cut.tachyon
    [ "$status" -eq 0 ]
    [[ $stderr == *"middle of a frame"* ]]
    "$REPORT" -q info --json cut.tachyon | jq -e '.cut and .unfinished >= 0'
}

@test "filters do not change it" {
    "$REPORT" info known.tachyon >all
    "$REPORT" info --mode gil --thread nobody known.tachyon | cmp - all
}
