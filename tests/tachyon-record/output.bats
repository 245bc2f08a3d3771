#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Where the trace, the program's output and our own messages go.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

setup() {
    use_any_python
    PROGRAM=("$PYTHON" -c 'import sys, time; time.sleep(0.3); print("to output"); print("to error", file=sys.stderr)')
}

# on_terminal OUT COMMAND...: with a terminal for all three; what it shows goes to OUT
on_terminal() {
    local out=$1
    shift
    script -qec "$(printf '%q ' "$@")" /dev/null </dev/null >"$out"
}

@test "-o FILE: the trace there, the program's output where it was" {
    run --separate-stderr "$RECORD" run -d 0 -o "$TMP/trace" "${PROGRAM[@]}"
    [ "$status" -eq 0 ]
    [ "$output" = "to output" ]
    [ "$stderr" = "to error" ]
    holds "$TMP/trace" '.ticks > 0 and (.headers | length) == 1 and (.ends | length) == 1'
}

@test "a trace is readable for its owner only" {
    umask 0
    "$RECORD" run -d 0 -o "$TMP/trace" "${PROGRAM[@]}"
    [ "$(stat -c %a "$TMP/trace")" = 600 ]
}

@test "a file that was there is replaced" {
    head -c 1000000 /dev/urandom >"$TMP/trace"
    "$RECORD" run -d 0 --output="$TMP/trace" "${PROGRAM[@]}"
    zstd -tq "$TMP/trace"
    holds "$TMP/trace" '.ticks > 0'
}

@test "standard output that is no terminal: the trace there, the program's output to standard error" {
    "$RECORD" run -d 0 "${PROGRAM[@]}" 2>"$TMP/errors" | cat >"$TMP/trace"
    holds "$TMP/trace" '.ticks > 0'
    [ "$(sort "$TMP/errors")" = $'to error\nto output' ]
}

@test "-o - is standard output" {
    "$RECORD" run -d 0 -o - "${PROGRAM[@]}" 2>"$TMP/errors" >"$TMP/trace"
    holds "$TMP/trace" '.ticks > 0'
    [ "$(sort "$TMP/errors")" = $'to error\nto output' ]
}

@test "attach writes to standard output too" {
    start_target shares.py 30
    "$RECORD" attach -d 0.2 "$TARGET" >"$TMP/trace"
    holds "$TMP/trace" '.ticks > 100 and .processes[0].pid == '"$TARGET"
}

@test "standard output that is a terminal: profile.PID.tachyon" {
    cd "$TMP"
    on_terminal shown "$RECORD" run -d 0 "${PROGRAM[@]}"
    grep -q 'to output' shown
    local traces=(profile.*.tachyon)
    [ "${#traces[@]}" -eq 1 ]
    holds "${traces[0]}" '.ticks > 0'
    [ "${traces[0]}" = "profile.$(summary "${traces[0]}" '.processes[0].pid').tachyon" ]
    [ "$(stat -c %a "${traces[0]}")" = 600 ]
    # Somebody who did not name the file has to be told its name.
    grep -qF "${traces[0]}" shown
}

@test "a terminal is not written to as with -o -" {
    run --separate-stderr on_terminal "$TMP/shown" "$RECORD" run -d 0 -o - "${PROGRAM[@]}"
    [ "$status" -ne 0 ]
    grep -q 'tachyon-record: .*terminal' "$TMP/shown"
}

@test "no progress without a terminal, and no message when nothing is wrong" {
    start_target shares.py 30
    run --separate-stderr "$RECORD" attach -d 0.4 -o "$TMP/trace" "$TARGET"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    [ -z "$stderr" ]
}

@test "a line of progress and a summary on a terminal" {
    start_target shares.py 30
    on_terminal "$TMP/shown" "$RECORD" attach -d 1.2 -o "$TMP/trace" "$TARGET"
    # Lines that are overwritten, and one that stays.
    [ "$(tr -cd '\r' <"$TMP/shown" | wc -c)" -ge 3 ]
    tr '\r' '\n' <"$TMP/shown" | grep -q '[0-9].*ticks'
}

@test "-q: no progress and no summary on a terminal" {
    start_target shares.py 30
    on_terminal "$TMP/shown" "$RECORD" attach -q -d 0.4 -o "$TMP/trace" "$TARGET"
    [ ! -s "$TMP/shown" ]
}

@test "--realtime-stats: the rate, without a terminal too" {
    start_target shares.py 30
    run --separate-stderr "$RECORD" attach --realtime-stats -d 1.5 -o "$TMP/trace" "$TARGET"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    [[ $stderr == *[0-9]* ]]
    [[ $stderr != *$'\r'* ]]
}

@test "-v says how the target is read" {
    start_target shares.py 30
    run --separate-stderr "$RECORD" attach -v -d 0.1 -o "$TMP/trace" "$TARGET"
    [ "$status" -eq 0 ]
    [[ $stderr == *3.1[0-9]* ]]
}

@test "the program keeps its standard input" {
    run --separate-stderr "$RECORD" run -d 0 -o "$TMP/trace" "$PYTHON" -c 'print(input())' <<<"some words"
    [ "$status" -eq 0 ]
    [ "$output" = "some words" ]
}

@test "no descriptor of ours is left open in the program" {
    run --separate-stderr "$RECORD" run -o "$TMP/trace" "$PYTHON" -c 'import os
print(*sorted(os.readlink("/proc/self/fd/%s" % fd) for fd in os.listdir("/proc/self/fd") if int(fd) > 2
              if os.path.lexists("/proc/self/fd/%s" % fd)), sep="\n")' 3>&-
    [ "$status" -eq 0 ]
    [[ $output != *trace* ]]
    [[ $output != *pidfd* ]]
    [[ $output != *perf_event* ]]
}

@test "traces one behind the other are a trace" {
    "$RECORD" run -d 0 -o "$TMP/a" "${PROGRAM[@]}"
    "$RECORD" run -d 0 -o "$TMP/b" "$PYTHON" "$TARGETS/shares.py" 0.2 >"$TMP/account"
    cat "$TMP/a" "$TMP/b" >"$TMP/both"
    zstd -tq "$TMP/both"
    local a b
    a=$(summary "$TMP/a" .ticks)
    b=$(summary "$TMP/b" .ticks)
    holds "$TMP/both" ".ticks == $a + $b and (.headers | length) == 2 and (.ends | length) == 2"
}
