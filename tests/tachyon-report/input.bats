#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Traces that are whole, several, cut, damaged, or none; and wrong usage.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

setup() {
    MAKE=$BUILD/tests/make_trace
    cd "$BATS_TEST_TMPDIR" || return 1
    "$MAKE" --kind known >known.tachyon
    "$MAKE" --ticks 60000 --change 1 >long.tachyon
}

# ticks TRACE...: how many a report finds
ticks() {
    "$REPORT" -q info --json "$@" | jq .ticks
}

@test "several traces are one, however they come" {
    [ "$(ticks known.tachyon long.tachyon)" -eq 60010 ]
    cat known.tachyon long.tachyon >both.tachyon
    [ "$(ticks both.tachyon)" -eq 60010 ]
    [ "$(ticks - long.tachyon <known.tachyon)" -eq 60010 ]
    "$REPORT" known.tachyon long.tachyon >one
    "$REPORT" <both.tachyon | cmp - one
}

@test "zstd and a msgpack reader can read it" {
    zstd -tq known.tachyon
    zstd -dc known.tachyon | "$CHECKER" -c 'import msgpack, sys
assert len(list(msgpack.Unpacker(sys.stdin.buffer, strict_map_key=False))) == 14'
}

@test "a cut trace is reported as far as it goes, with a warning" {
    size=$(stat -c %s long.tachyon)
    head -c $((size / 2)) long.tachyon >cut.tachyon
    run --separate-stderr "$REPORT" cut.tachyon
    [ "$status" -eq 0 ]
    [[ $stderr == *"ends in the middle of a frame"* ]]
    [[ $output == *"Profile Stats"* ]]
    n=$(ticks cut.tachyon)
    [ "$n" -gt 20000 ] && [ "$n" -lt 60000 ]
}

@test "a damaged trace is reported up to the damage, and the status is 1" {
    size=$(stat -c %s long.tachyon)
    cp long.tachyon damaged.tachyon
    printf 'damage' | dd of=damaged.tachyon bs=1 seek=$((size - size / 4)) conv=notrunc status=none
    run --separate-stderr "$REPORT" damaged.tachyon
    [ "$status" -eq 1 ]
    [[ $stderr == *"damaged in frame"* ]]
    [[ $output == *"Profile Stats"* ]]
    [ "$(ticks damaged.tachyon)" -gt 20000 ]
}

# refused WORDS COMMAND...: status 1, nothing printed, one line that has the words
refused() {
    local words=$1
    shift
    run --separate-stderr "$@"
    [ "$status" -eq 1 ] || fail "status $status"
    [ -z "$output" ] || fail "printed: $output"
    [ "${#stderr_lines[@]}" -eq 1 ] || fail "not one line: $stderr"
    [[ $stderr == "tachyon-report: "*"$words"* ]] || fail "said: $stderr"
}

@test "what is no trace is named" {
    : >empty
    echo hello world, hello world >text
    gzip -c known.tachyon >gzipped
    echo '{"meta": {"version": 4}}' >profile.json
    printf 'HCAT\1\0\0\0' >reference.bin
    zstd -qc text >text.zst
    refused "is empty" "$REPORT" empty
    refused "text, not a tachyon trace" "$REPORT" text
    refused "gzip -d" "$REPORT" gzipped
    refused "JSON" "$REPORT" profile.json
    refused "profiling.sampling" "$REPORT" reference.bin
    refused "not a tachyon trace" "$REPORT" text.zst
    refused "a program, not a trace" "$REPORT" "$REPORT"
    refused "No such file" "$REPORT" nowhere.tachyon
    refused "Is a directory" "$REPORT" .
}

@test "one trace that cannot be read spoils the report" {
    refused "No such file" "$REPORT" known.tachyon nowhere.tachyon
}

# wrong WORDS ARGS...: status 2, one line that has the words
wrong() {
    local words=$1
    shift
    run --separate-stderr "$REPORT" "$@"
    [ "$status" -eq 2 ] || fail "status $status"
    [[ $stderr == "tachyon-report: "*"$words"* ]] || fail "said: $stderr"
    [ "${#stderr_lines[@]}" -eq 1 ] || fail "not one line: $stderr"
}

@test "wrong usage says what would be right" {
    wrong "did you mean --collapsed?" --colapsed known.tachyon
    wrong "did you mean collapsed?" colapsed
    wrong "did you mean tottime?" --sort totime known.tachyon
    wrong "give function, location or line" collapsed --names xyzzy known.tachyon
    wrong "did you mean cpu?" --mode cp known.tachyon
    wrong "--names: is for collapsed" --names line known.tachyon
    wrong "one format at a time" --pstats --collapsed known.tachyon
    wrong "no such format" --format nothing known.tachyon
    wrong "needs a value" known.tachyon --sort
    wrong "not a whole number" -l many known.tachyon
    wrong "nothing lies between" --from 5 --to 4 known.tachyon
    wrong "--focus (:" --focus '(' known.tachyon
}

@test "output goes where it is sent, and failures are told" {
    "$REPORT" -o out.txt known.tachyon
    "$REPORT" -o - known.tachyon | cmp - out.txt
    refused "cannot write" "$REPORT" -o /nowhere/x known.tachyon
    run --separate-stderr "$REPORT" -o /dev/full known.tachyon
    [ "$status" -eq 1 ]
    [[ $stderr == *"No space left"* ]]
}

@test "a reader that has seen enough is no failure" {
    "$MAKE" --ticks 5000 --depth 1000 --change 1 >big.tachyon
    set -o pipefail
    "$REPORT" collapsed big.tachyon 2>errors | head -c 10 >/dev/null
    [ ! -s errors ]
}

@test "--help, --list and --version" {
    "$REPORT" --help | grep -q '^usage: tachyon-report'
    [ -z "$("$REPORT" --help | awk 'length > 80')" ]
    [ "$("$REPORT" --list | awk '{ print $1 }' | xargs)" = "collapsed info pstats" ]
    "$REPORT" -V | grep -qE '^tachyon-report [0-9.]+ \(trace format 1\.1\)$'
}

@test "every option is in the manual" {
    "$REPORT" --help | grep -oE -- '--[a-z-]+' | sort -u | while read -r option; do
        mandoc -T ascii "$TESTS/../man/tachyon-report.1" | col -b | grep -q -- "$option" ||
            { fail "$option is not documented"; exit 1; }
    done
}
