#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is recorded of a program that waits is exactly what it says about itself.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

# attach_to_waiting: 50 ticks of every thread
attach_to_waiting() {
    run --separate-stderr "$RECORD" attach -a -r 200 -d 0.25 -o "$TMP/trace" "$TARGET"
    [ "$status" -eq 0 ] || fail "status $status: $stderr"
}

exact_stacks() {
    use_python "$1"
    start_target waiting.py
    attach_to_waiting
    compare exact "$TMP/trace" "$TMP/target"
    holds "$TMP/trace" '.ticks > 10 and .failed == 0 and .inexact == 0'
}

subinterpreters() {
    use_python "$1"
    start_target subinterpreters.py
    attach_to_waiting
    compare subinterpreters "$TMP/trace" "$TMP/target"
}

deep_stack() {
    use_python "$1"
    start_target deep.py 20000
    # Before 3.11 it is not the main thread.
    run --separate-stderr "$RECORD" attach -a -r 50 -d 0.3 -o "$TMP/trace" "$TARGET"
    [ "$status" -eq 0 ] || fail "status $status: $stderr"
    compare deep "$TMP/trace" "$TMP/target"
}

@test "exact stacks on 3.8" { exact_stacks 3.8; }
@test "exact stacks on 3.9" { exact_stacks 3.9; }
@test "exact stacks on 3.10" { exact_stacks 3.10; }
@test "exact stacks on 3.11" { exact_stacks 3.11; }
@test "exact stacks on 3.12" { exact_stacks 3.12; }
@test "exact stacks on 3.13" { exact_stacks 3.13; }
@test "exact stacks on 3.14" { exact_stacks 3.14; }
@test "exact stacks on 3.15" { exact_stacks 3.15; }

@test "subinterpreters on 3.8" { subinterpreters 3.8; }
@test "subinterpreters on 3.9" { subinterpreters 3.9; }
@test "subinterpreters on 3.10" { subinterpreters 3.10; }
@test "subinterpreters on 3.11" { subinterpreters 3.11; }
@test "subinterpreters on 3.12" { subinterpreters 3.12; }
@test "subinterpreters on 3.13" { subinterpreters 3.13; }
@test "subinterpreters on 3.14" { subinterpreters 3.14; }
@test "subinterpreters on 3.15" { subinterpreters 3.15; }

@test "20 000 frames on 3.8" { deep_stack 3.8; }
@test "20 000 frames on 3.9" { deep_stack 3.9; }
@test "20 000 frames on 3.10" { deep_stack 3.10; }
@test "20 000 frames on 3.11" { deep_stack 3.11; }
@test "20 000 frames on 3.12" { deep_stack 3.12; }
@test "20 000 frames on 3.13" { deep_stack 3.13; }
@test "20 000 frames on 3.14" { deep_stack 3.14; }
@test "20 000 frames on 3.15" { deep_stack 3.15; }

@test "exact stacks without columns" {
    use_any_python
    PYTHON_OPTIONS='-Xno_debug_ranges'
    start_target waiting.py function generator multi_line recursion
    attach_to_waiting
    compare exact "$TMP/trace" "$TMP/target"
}

exact_with_jit() {
    use_python "$1"
    export PYTHON_JIT=1
    "$PYTHON" -c 'import sys; sys.exit(not sys._jit.is_enabled())' || skip "this Python $1 was built without a JIT"
    exact_stacks "$1"
}

@test "exact stacks with the JIT on 3.14" { exact_with_jit 3.14; }
@test "exact stacks with the JIT on 3.15" { exact_with_jit 3.15; }

@test "exact stacks of an executable that was deleted" {
    use_any_python
    local real home
    real=$("$PYTHON" -c 'import os, sys; print(os.path.realpath(sys.executable))')
    home=$("$PYTHON" -c 'import sys; print(sys.base_prefix)')
    if ! cp "$real" "$TMP/ends" || ! PYTHONHOME=$home "$TMP/ends" -c ''; then
        skip "a copy of $real does not run"
    fi
    PYTHON=$TMP/ends
    PYTHONHOME=$home start_target waiting.py function generator callbacks_sort
    rm "$TMP/ends"
    attach_to_waiting
    compare exact "$TMP/trace" "$TMP/target"
}

other_namespace() {
    use_python "$1"
    unshare --user --map-root-user --pid --fork --mount-proc true 2>/dev/null || skip "unshare --pid is refused"
    # The parent of the namespace is unshare itself; the target is its child.
    in_background "$TMP/target" unshare --user --map-root-user --pid --fork --mount-proc --kill-child \
        "$PYTHON" "$TARGETS/waiting.py" function generator callbacks_sort
    within 20 ready_or_gone "$TMP/target" "$PID"
    TARGET=$(cat "/proc/$PID/task/$PID/children")
    TARGET=${TARGET// /}
    attach_to_waiting
    compare exact "$TMP/trace" "$TMP/target" tids=other
}

@test "exact stacks and our thread ids in another pid namespace on 3.8" { other_namespace 3.8; }
@test "exact stacks and our thread ids in another pid namespace on 3.13" { other_namespace 3.13; }

memory_used_again() {
    use_python "$1"
    "$RECORD" run -r 5khz -d 0 -o "$TMP/trace" "$PYTHON" "$TARGETS/codes.py" 1 >"$TMP/target"
    compare codes "$TMP/trace" "$TMP/target"
}

@test "memory that was freed and used again never shows an old name on 3.8" { memory_used_again 3.8; }
@test "memory that was freed and used again never shows an old name on 3.9" { memory_used_again 3.9; }
@test "memory that was freed and used again never shows an old name on 3.10" { memory_used_again 3.10; }
@test "memory that was freed and used again never shows an old name on 3.13" { memory_used_again 3.13; }

no_old_name() {
    use_python "$1"
    "$RECORD" run -a -r 2khz -d 0 -o "$TMP/trace" "$PYTHON" "$TARGETS/churn.py" 1 >"$TMP/target"
    compare churn "$TMP/trace" "$TMP/target"
}

@test "a thread never has the name of one that is gone on 3.8" { no_old_name 3.8; }
@test "a thread never has the name of one that is gone on 3.9" { no_old_name 3.9; }
@test "a thread never has the name of one that is gone on 3.10" { no_old_name 3.10; }
@test "a thread never has the name of one that is gone on 3.13" { no_old_name 3.13; }

# renamed MINOR MOST: functions whose memory is the next one's at once. Up to 3.13 nothing tells that a code object was
# freed: the first one may be missed, before the recorder looks at each in every tick.
renamed() {
    use_python "$1"
    "$RECORD" run -r 10khz -d 0 -o "$TMP/trace" "$PYTHON" "$TARGETS/renamed.py" 1 >"$TMP/target"
    compare renamed "$TMP/trace" "$TMP/target" most="$2"
}

@test "functions in the memory of earlier ones on 3.8" { renamed 3.8 1; }
@test "functions in the memory of earlier ones on 3.10" { renamed 3.10 1; }
@test "functions in the memory of earlier ones on 3.11" { renamed 3.11 1; }
@test "functions in the memory of earlier ones on 3.12" { renamed 3.12 1; }
@test "functions in the memory of earlier ones on 3.13" { renamed 3.13 1; }
@test "functions in the memory of earlier ones on 3.14" { renamed 3.14 0; }
@test "functions in the memory of earlier ones on 3.15" { renamed 3.15 0; }

# A program that has used memory again while it started is not suspected for long: its twenty frames are not looked at
# in every tick.
trusted() {
    use_python "$1"
    cat >"$TMP/starts.py" <<'END'
import time
def spin(depth, until):
    if depth:
        return spin(depth - 1, until)
    while time.perf_counter() < until:
        for _ in range(100):
            pass
def start(until):
    n = 0
    while time.perf_counter() < until:
        names = {}
        n += 1
        exec(compile("def f_%05d():\n for _ in range(1500): pass" % n, "f.py", "exec"), names)
        names["f_%05d" % n]()
start(time.perf_counter() + 0.3)
spin(20, time.perf_counter() + 1.5)
END
    "$RECORD" run -r 1khz -d 0 -q -o "$TMP/trace" "$PYTHON" "$TMP/starts.py"
    "$REPORT" info --json "$TMP/trace" >"$TMP/info"
    jq -e '.ticks > 1000 and .recorder_counters.reads < .ticks * 20' "$TMP/info" ||
        fail "$(jq .recorder_counters "$TMP/info")"
}

@test "memory that was used again at first is soon trusted on 3.8" { trusted 3.8; }
@test "memory that was used again at first is soon trusted on 3.11" { trusted 3.11; }
@test "memory that was used again at first is soon trusted on 3.13" { trusted 3.13; }

# large MINOR MIB: 1 000 threads with 100 functions each, in files whose names have 4 096 bytes: recorded whole, in
# stated memory
large() {
    use_python "$1"
    start_target large.py 1000 100
    run --separate-stderr "$RECORD" attach -a -r 10 -d 2 -o "$TMP/trace" "$TARGET"
    [ "$status" -eq 0 ] || fail "status $status: $stderr"
    compare large "$TMP/trace" "$TMP/target"
    local memory
    memory=$("$REPORT" info --json "$TMP/trace" | jq .recorder_counters.memory_bytes)
    [ "$memory" -lt $(($2 << 20)) ] || fail "the recorder took $memory bytes"
}

@test "1 000 threads in 100 000 functions on 3.8" { large 3.8 128; }
@test "1 000 threads in 100 000 functions on 3.11" { large 3.11 96; }
@test "1 000 threads in 100 000 functions on 3.15" { large 3.15 96; }
